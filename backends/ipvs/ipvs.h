// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's IPVS as a backend. All that others see of this folder. */
#pragma once

#include "backends/backend.h"

extern const struct backend_ops ipvs_backend;
