// SPDX-License-Identifier: GPL-2.0-or-later
/* When a process that ended is started again. Pure: it is told what happened and when, and does nothing itself.
 *
 *	first end		   at once
 *	again			   after 100 ms, doubling up to 10 s; up to 1 s when it was ready in this life
 *	after 60 s of life	   as if it had never ended
 *	a lasting fault		   10 s at least
 *
 * A process that gets as far as ready does its work between its ends, so its absence costs more than its start. One that
 * never does finds the machine as it left it, and is not worth the load. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RESPAWN_FIRST_NS   100000000ull
#define RESPAWN_MOST_NS    10000000000ull
#define RESPAWN_READY_NS   1000000000ull
#define RESPAWN_SETTLED_NS 60000000000ull

/* Starts zeroed. Times are of one clock, in nanoseconds. */
struct respawn {
	uint64_t started;  /* of the life that is, or was last */
	unsigned int ends; /* in a row, none of them after a long life */
	bool ready;        /* in this life */
};

/* How a life ended, as far as it matters. */
enum respawn_end {
	RESPAWN_END_CRASH,   /* a signal, or a code that means nothing */
	RESPAWN_END_LASTING, /* it says itself that another start would find the same */
};

void respawn_started(struct respawn *respawn, uint64_t now);
void respawn_ready(struct respawn *respawn);
/* When to start it again: `now` or later. */
uint64_t respawn_ended(struct respawn *respawn, uint64_t now, enum respawn_end end);
