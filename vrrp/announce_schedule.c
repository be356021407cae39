// SPDX-License-Identifier: GPL-2.0-or-later
/* Two heaps: first frames by the order in which they were asked for, all others by their time. An entry is in one of them
 * (`first` says in which), or in the hand of whoever took it.
 *
 * A round's times are counted from what was really sent, not from what was due: after a long wait there is one round, not
 * all that were missed. */
#include "vrrp/announce_schedule.h"

#include "base/macros.h"

/* None counts as one: this one has been sent. */
static bool announce_is_over(const struct announce_entry *entry)
{
	const struct announce_plan *plan = &entry->plan;

	return entry->sent >=
	       (entry->round == ANNOUNCE_ROUND_REFRESH ? plan->refresh_repeat : plan->repeat);
}

void announce_schedule_reserve(struct announce_schedule *schedule, size_t count)
{
	vector_reserve(&schedule->firsts, count);
	vector_reserve(&schedule->others, count);
}

void announce_schedule_clear(struct announce_schedule *schedule)
{
	heap_clear(&schedule->firsts);
	heap_clear(&schedule->others);
}

void announce_schedule_stop(struct announce_schedule *schedule, struct announce_entry *entry)
{
	heap_set(entry->first ? &schedule->firsts : &schedule->others, &entry->due, HEAP_NEVER);
	entry->first = false;
	entry->round = ANNOUNCE_ROUND_NONE;
}

void announce_schedule_start(struct announce_schedule *schedule, struct announce_entry *entry,
	const struct announce_plan *plan)
{
	announce_schedule_stop(schedule, entry);
	entry->plan = *plan;
	entry->round = ANNOUNCE_ROUND_FIRST;
	entry->sent = 0;
	entry->first = true;
	heap_set(&schedule->firsts, &entry->due, ++schedule->number);
}

struct announce_entry *announce_schedule_take(struct announce_schedule *schedule, uint64_t now)
{
	struct heap *heap = schedule->firsts.count ? &schedule->firsts : &schedule->others;
	struct announce_entry *entry = (struct announce_entry *)heap_first(heap);

	if (!entry || (!entry->first && entry->due.when > now))
		return NULL;
	heap_set(heap, &entry->due, HEAP_NEVER);
	entry->first = false;
	return entry;
}

/* The round that follows, and what it is counted from the beginning of this one; 0: none does. */
static uint64_t announce_follow(struct announce_entry *entry)
{
	bool second = entry->round == ANNOUNCE_ROUND_FIRST && entry->plan.delay;
	uint64_t wait = second ? entry->plan.delay : entry->plan.refresh;

	if (!wait)
		entry->round = ANNOUNCE_ROUND_NONE;
	else
		entry->round = second ? ANNOUNCE_ROUND_SECOND : ANNOUNCE_ROUND_REFRESH;
	entry->sent = 0;
	return wait;
}

void announce_schedule_sent(
	struct announce_schedule *schedule, struct announce_entry *entry, uint64_t now)
{
	uint64_t when = now + entry->plan.spacing;

	if (entry->round == ANNOUNCE_ROUND_NONE)
		return;
	if (!entry->sent++)
		entry->began = now;
	if (announce_is_over(entry)) {
		uint64_t wait = announce_follow(entry);

		if (!wait)
			return;
		when = MAX(when, entry->began + wait);
	}
	heap_set(&schedule->others, &entry->due, when);
}

/* A first frame that could not be sent has had its turn before the others. */
void announce_schedule_again(
	struct announce_schedule *schedule, struct announce_entry *entry, uint64_t when)
{
	if (entry->round == ANNOUNCE_ROUND_NONE)
		return;
	heap_set(&schedule->others, &entry->due, when);
}

uint64_t announce_schedule_next(const struct announce_schedule *schedule)
{
	return schedule->firsts.count ? 0 : heap_next(&schedule->others);
}
