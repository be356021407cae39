// SPDX-License-Identifier: GPL-2.0-or-later
/* The time as the yardsticks count it. In a header because each of them is a program of one source. */
#pragma once

#include <time.h>

/* Seconds of CLOCK_MONOTONIC. */
static inline double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
