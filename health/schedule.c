// SPDX-License-Identifier: GPL-2.0-or-later
/* A binary heap whose entries know their places, so that any of them can be moved or taken out in O(log n). */
#include "health/schedule.h"

/* Of 2^64: the golden section. Multiples of it fill a circle evenly, however many there are. */
#define SCHEDULE_GOLDEN 0x9e3779b97f4a7c15ull
/* Of each first probe, where nothing else is said. */
#define SCHEDULE_FIRST_NS 50000ull
#define SCHEDULE_RETRY_NS 100000000ull

static void schedule_put(struct schedule *schedule, size_t place, struct schedule_entry *entry)
{
	schedule->items[place - 1].entry = entry;
	entry->place = place;
}

static void schedule_up(struct schedule *schedule, struct schedule_entry *entry)
{
	size_t place = entry->place;

	while (place > 1 && schedule->items[place / 2 - 1].entry->when > entry->when) {
		schedule_put(schedule, place, schedule->items[place / 2 - 1].entry);
		place /= 2;
	}
	schedule_put(schedule, place, entry);
}

static void schedule_down(struct schedule *schedule, struct schedule_entry *entry)
{
	size_t place = entry->place, child;

	for (; (child = place * 2) <= schedule->count; place = child) {
		if (child < schedule->count &&
			schedule->items[child].entry->when < schedule->items[child - 1].entry->when)
			child++;
		if (schedule->items[child - 1].entry->when >= entry->when)
			break;
		schedule_put(schedule, place, schedule->items[child - 1].entry);
	}
	schedule_put(schedule, place, entry);
}

static void schedule_remove(struct schedule *schedule, struct schedule_entry *entry)
{
	struct schedule_entry *last = schedule->items[--schedule->count].entry;

	if (last != entry) {
		schedule_put(schedule, entry->place, last);
		schedule_up(schedule, last);
		schedule_down(schedule, last);
	}
	entry->place = 0;
}

void schedule_set(struct schedule *schedule, struct schedule_entry *entry, uint64_t when)
{
	entry->when = when;
	if (when == SCHEDULE_NEVER) {
		if (entry->place)
			schedule_remove(schedule, entry);
		return;
	}
	if (!entry->place) {
		vector_append(schedule)->entry = entry;
		entry->place = schedule->count;
	}
	schedule_up(schedule, entry);
	schedule_down(schedule, entry);
}

struct schedule_entry *schedule_first(const struct schedule *schedule)
{
	return schedule->count ? schedule->items[0].entry : NULL;
}

uint64_t schedule_next(const struct schedule *schedule)
{
	return schedule->count ? schedule->items[0].entry->when : SCHEDULE_NEVER;
}

void schedule_clear(struct schedule *schedule)
{
	vector_clear(schedule);
}

uint64_t schedule_phase(uint64_t serial, uint64_t interval)
{
	return (uint64_t)((unsigned __int128)(serial * SCHEDULE_GOLDEN) * interval >> 64);
}

uint64_t schedule_after(uint64_t when, uint64_t interval, uint64_t phase)
{
	uint64_t at = when % interval;
	uint64_t wait = phase > at ? phase - at : phase + interval - at;

	return when + wait;
}

uint64_t schedule_span(uint64_t delay, uint64_t interval, size_t count)
{
	return delay ? delay : MIN(interval, SCHEDULE_FIRST_NS * count);
}

uint64_t schedule_spread(uint64_t now, uint64_t span, size_t index, size_t count)
{
	return now + (uint64_t)((unsigned __int128)span * index / count);
}

uint64_t schedule_second(uint64_t first, uint64_t interval, uint64_t phase)
{
	return schedule_after(first + interval / 4, interval, phase);
}

uint64_t schedule_again(uint64_t due, uint64_t over, uint64_t interval, uint64_t phase)
{
	return MAX(schedule_after(due, interval, phase), over);
}

uint64_t schedule_retry(uint64_t now, uint64_t interval, unsigned int attempts)
{
	uint64_t wait = SCHEDULE_RETRY_NS;

	while (attempts-- > 1 && wait < interval)
		wait *= 2;
	return now + MIN(wait, interval);
}

bool schedule_is_late(uint64_t due, uint64_t began, uint64_t interval)
{
	return began > due && began - due > interval / 10;
}

bool schedule_was_away(uint64_t seen, uint64_t wanted, uint64_t now)
{
	uint64_t from = MAX(seen, wanted);

	return wanted != SCHEDULE_NEVER && now > from && now - from > SCHEDULE_AWAY_NS;
}
