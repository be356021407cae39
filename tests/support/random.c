// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/random.h"

static uint64_t random_state;

void random_seed(uint64_t seed)
{
	random_state = seed * 0x9e3779b97f4a7c15ull + 1;
}

uint32_t random_below(uint32_t limit)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1dull) >> 32) % limit;
}
