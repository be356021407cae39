// SPDX-License-Identifier: GPL-2.0-or-later
/* What a process of virtual routers that is gone has left in the kernel, and who removes it.
 *
 * A process that is started again soon enough goes on where the one before ended; one that comes too late removes what was left.
 * This is for the one that does not come back: that dies as soon as it is started, cannot be started, or hangs. Its addresses
 * would stay, and answer, beside those of the machine that has taken over.
 *
 * When they go: with the first router of which others may think that it is gone, which they do three of its intervals after
 * its last advertisement; and not before a second after the last advertisement of all of them, in which a process that
 * died by accident is started four times. They go together: routers with longer intervals, which nobody has taken over yet,
 * have lost their process as well.
 *
 * Who removes them is a child of the supervisor, the same program again (clean_up.h). It has the lease, and lets go of what is
 * gone: whoever comes later begins as backup. It and a process of virtual routers never run at the same time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "daemon/poised.h"
#include "vrrp/lease.h"

struct loop;
struct remains;

#define REMAINS_NEVER UINT64_MAX

/* Pure: when what the lease tells of must be gone, if nobody keeps it: a time of CLOCK_BOOTTIME in nanoseconds, perhaps one that is
 * over; REMAINS_NEVER: nothing is left. */
uint64_t remains_due(const struct lease_snapshot *left, uint64_t now);

struct remains_options {
	struct loop *loop;
	const struct poised_options *poised;
	int lease; /* of lease_create(); stays the caller's */
	int claim; /* of claim_new(), likewise */
	/* From `true` to `false` no process of virtual routers may be started. */
	void (*hold)(void *data, bool held);
	void *data;
};

/* Nothing is known of what was left by an earlier supervisor: a first process that does not get ready in time is missed too.
 * -errno. */
int remains_new(const struct remains_options *options, struct remains **ret);
/* Kills the child if it runs, and does not wait. NULL is allowed; returns NULL. */
struct remains *remains_free(struct remains *remains);

/* The process of the virtual routers: it was started; it does its work; it is gone. */
void remains_started(struct remains *remains);
void remains_ready(struct remains *remains);
void remains_missed(struct remains *remains);

/* Others may have taken over by now, whether the process is there or not. */
bool remains_are_due(const struct remains *remains);
/* There is no process of virtual routers, and none will be started. What is left goes now: true until it is over, as `hold` tells;
 * false: there is nothing, or it was tried already. */
bool remains_stop(struct remains *remains);

/* How often what was left has been removed. */
uint64_t remains_count(const struct remains *remains);
