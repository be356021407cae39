// SPDX-License-Identifier: GPL-2.0-or-later
/* The life of poise-dataplane, from its files to its end. */
#pragma once

#include "backends/dpdk/dataplane/arguments.h"

/* Runs until a signal ends it. The exit status: 0, or 2 when it could not begin or go on. */
int program_run(const struct arguments *arguments);
