// SPDX-License-Identifier: GPL-2.0-or-later
/* The in-memory backend in place of a real one, for whole programs (poise, poised) on a machine without IPVS: under whatever name
 * the files ask for, with one table for the life of the process. Such a program is linked with --wrap=backend_find. */
#pragma once

#include "backends/backend.h"

/* What __wrap_backend_find() answers. One for all; a program may put functions of its own into it. */
struct backend_ops *memory_instead(const char *name);
