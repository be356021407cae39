// SPDX-License-Identifier: GPL-2.0-or-later
/* How fast a counter grows: what it grew by between the last two looks at it. Pure.
 *
 * One thread looks; any thread reads. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

/* Starts zeroed. */
struct rate {
	uint64_t value, when; /* at the last look; 0: there was none */
	_Atomic uint64_t per_second;
};

/* It has that value at `now` (ns of any clock that does not stand still). A counter that went back began anew. */
void rate_look(struct rate *rate, uint64_t value, uint64_t now);

uint64_t rate_of(const struct rate *rate);
