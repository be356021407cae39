// SPDX-License-Identifier: GPL-2.0-or-later
/* When an address is announced, and announced again. Pure: it is asked what is due and told what was sent. Times are
 * CLOCK_BOOTTIME, in nanoseconds.
 *
 *	becomes active	 a first round: `repeat` frames, `spacing` apart
 *	`delay` later	 a second one: switches and peers that were themselves not ready hear it
 *	each `refresh`	 a round of `refresh_repeat` frames, for as long as it is active
 *
 * First frames go before everything else that is due, in the order in which they were asked for: they are the take-over,
 * the others are for what was lost. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/heap.h"

/* As configured. */
struct announce_plan {
	unsigned int repeat, refresh_repeat; /* 0 counts as 1 */
	uint64_t spacing;                    /* 0: in turn with the others that are due */
	uint64_t delay;                      /* from the first frame; 0: no second round */
	uint64_t refresh;                    /* from the last round's first frame; 0: never */
};

enum announce_round {
	ANNOUNCE_ROUND_NONE, /* nothing is announced any more */
	ANNOUNCE_ROUND_FIRST,
	ANNOUNCE_ROUND_SECOND,
	ANNOUNCE_ROUND_REFRESH,
};

/* Lies in what is announced. Starts zeroed; must be stopped before it is freed. Others only read. */
struct announce_entry {
	struct heap_entry due; /* the first member */
	struct announce_plan plan;
	enum announce_round round;
	bool first;        /* its first frame waits for its turn, not for a time */
	unsigned int sent; /* of the round */
	uint64_t began;    /* its first frame */
};

/* Starts zeroed. The entries are their owners'. */
struct announce_schedule {
	struct heap firsts; /* by number */
	struct heap others; /* by time */
	uint64_t number;    /* of the last first one */
};

/* Room for so many entries: until there are more, nothing below allocates. */
void announce_schedule_reserve(struct announce_schedule *schedule, size_t count);
/* Forgets the entries. */
void announce_schedule_clear(struct announce_schedule *schedule);

/* Its first frame is due now; one that is being announced begins anew. */
void announce_schedule_start(struct announce_schedule *schedule, struct announce_entry *entry,
	const struct announce_plan *plan);
/* No frame of it is due any more. */
void announce_schedule_stop(struct announce_schedule *schedule, struct announce_entry *entry);

/* The next one that is due, NULL when there is none. It is out of the schedule until the caller says what became of it: */
struct announce_entry *announce_schedule_take(struct announce_schedule *schedule, uint64_t now);
/* its frame was sent, or never will be; */
void announce_schedule_sent(
	struct announce_schedule *schedule, struct announce_entry *entry, uint64_t now);
/* or the same frame is due at `when`. Both do nothing for one that was stopped meanwhile. */
void announce_schedule_again(
	struct announce_schedule *schedule, struct announce_entry *entry, uint64_t when);

/* When something is due: 0 for now; HEAP_NEVER. */
uint64_t announce_schedule_next(const struct announce_schedule *schedule);
