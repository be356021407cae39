// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/times.h"

#include <stdlib.h>

#include "base/macros.h"
#include "base/timespec.h"

uint64_t times_cpu(void)
{
	return timespec_now(CLOCK_PROCESS_CPUTIME_ID);
}

static int times_compare(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return COMPARE(*left, *right);
}

void times_sort(uint64_t *times, size_t count)
{
	qsort(times, count, sizeof(*times), times_compare);
}

uint64_t times_median(uint64_t *times, size_t count)
{
	times_sort(times, count);
	return times[count / 2];
}
