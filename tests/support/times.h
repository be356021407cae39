// SPDX-License-Identifier: GPL-2.0-or-later
/* Times that a test measured, in nanoseconds. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Processor time of this process so far. */
uint64_t times_cpu(void);

void times_sort(uint64_t *times, size_t count);
/* Sorts them. */
uint64_t times_median(uint64_t *times, size_t count);
