// SPDX-License-Identifier: GPL-2.0-or-later
/* When probes are due. Pure: the arithmetic of intervals. All times are CLOCK_BOOTTIME nanoseconds.
 *
 * Each probe has a phase in its interval, and begins at the moments of the clock that have it. Phases follow one another by
 * the golden section, so that any number of probes, in whatever order they came, are spread evenly. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The phase of the probe number `serial`: 0 to interval - 1. */
uint64_t schedule_phase(uint64_t serial, uint64_t interval);
/* The first moment of this phase after `when`. */
uint64_t schedule_after(uint64_t when, uint64_t interval, uint64_t phase);

/* Over how long the first probes of `count` are spread: `delay` where there is one, else so that they are many a second and
 * few at once, and no longer than an interval. */
uint64_t schedule_span(uint64_t delay, uint64_t interval, size_t count);
/* When the one at `index` of them begins. */
uint64_t schedule_spread(uint64_t now, uint64_t span, size_t index, size_t count);
/* The second probe, after a first one that began at `first`: in its phase, not less than a quarter of an interval later. */
uint64_t schedule_second(uint64_t first, uint64_t interval, uint64_t phase);
/* The next probe, after one that was due at `due` and is over at `over`: at once, when its time has come meanwhile. */
uint64_t schedule_again(uint64_t due, uint64_t over, uint64_t interval, uint64_t phase);
/* One that failed, and whose failures are not enough yet: `retry` after it was due, or at once when that has passed meanwhile; but no later than
 * `next`, when it would be its turn. */
uint64_t schedule_sooner(uint64_t due, uint64_t over, uint64_t retry, uint64_t next);
/* One that could not be tried: after a tenth of a second and more, the more often in a row it was so; an interval at most. */
uint64_t schedule_retry(uint64_t now, uint64_t interval, unsigned int attempts);

/* Whether one that was due at `due` and began at `began` is late: by more than a tenth of the interval. */
bool schedule_is_late(uint64_t due, uint64_t began, uint64_t interval);

/* Whether this process was away between two looks at the clock: stopped, or the machine asleep. `seen`: of the last look;
 * `wanted`: when it wished to be woken, or HEAP_NEVER. */
#define SCHEDULE_AWAY_NS 1000000000ull
bool schedule_was_away(uint64_t seen, uint64_t wanted, uint64_t now);
