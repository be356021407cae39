// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's times in nanoseconds, as everything here counts. */
#pragma once

#include <stdint.h>
#include <time.h>

#define TIMESPEC_NS_OF_SECOND UINT64_C(1000000000)

static inline uint64_t timespec_ns(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * TIMESPEC_NS_OF_SECOND + (uint64_t)time->tv_nsec;
}

static inline struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){.tv_sec = (time_t)(ns / TIMESPEC_NS_OF_SECOND),
		.tv_nsec = (long)(ns % TIMESPEC_NS_OF_SECOND)};
}

/* What a clock that is always there says. */
static inline uint64_t timespec_now(clockid_t clock)
{
	struct timespec now = {};

	clock_gettime(clock, &now);
	return timespec_ns(&now);
}

/* The time of day in milliseconds since the epoch, for people and events. */
static inline uint64_t timespec_wall_ms(void)
{
	return timespec_now(CLOCK_REALTIME) / 1000000;
}
