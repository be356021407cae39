// SPDX-License-Identifier: GPL-2.0-or-later
/* A process whose timers must not be late: real-time scheduling, and memory that is never paged out.
 *
 * Both are taken by capabilities (SYS_NICE, IPC_LOCK) that the process gives up here, and once for all: what it may do later is
 * no more than what its row of the process table says. */
#pragma once

#include "daemon/poised.h"

/* Of the supervisor, while it has all its rights: memory that its processes lock is not counted. Silent where it may not. */
void realtime_prepare(void);

/* 0, or -errno when the scheduling was refused; warned of here, with what to do. The capabilities are gone in either case, unless
 * options->no_sandbox. */
int realtime_take(const struct poised_options *options);
/* The same for a process that this one has forked, before it has taken it itself; says nothing, for this one does. That one comes
 * behind this one, where there is but one processor for both. */
void realtime_follow(const struct poised_options *options);
