// SPDX-License-Identifier: GPL-2.0-or-later
#include "health/schedule.h"

#include "base/heap.h"
#include "base/macros.h"

/* Of 2^64: the golden section. Multiples of it fill a circle evenly, however many there are. */
#define SCHEDULE_GOLDEN 0x9e3779b97f4a7c15ull
/* Of each first probe, where nothing else is said. */
#define SCHEDULE_FIRST_NS 50000ull
#define SCHEDULE_RETRY_NS 100000000ull

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

uint64_t schedule_sooner(uint64_t due, uint64_t over, uint64_t retry, uint64_t next)
{
	return MIN(MAX(due + retry, over), next);
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

	return wanted != HEAP_NEVER && now > from && now - from > SCHEDULE_AWAY_NS;
}
