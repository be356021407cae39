// SPDX-License-Identifier: GPL-2.0-or-later
/* The guard process of a confirmation: outlives the terminal and the command that started it, waits
 * for the deadline, and undoes the apply when nobody confirmed it; ends when confirm.json goes. Private to reconciler/. */
#pragma once

#include "reconciler/reconciler.h"

/* Starts it for a confirmation with this deadline (CLOCK_BOOTTIME ns), and returns when it is out
 * of reach of the caller's session. It holds no descriptor of the caller. -errno when there can be
 * none. */
int guard_start(const struct reconciler_options *options, uint64_t deadline, struct error *error);
