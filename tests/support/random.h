// SPDX-License-Identifier: GPL-2.0-or-later
/* Random numbers that are the same for the same seed on every machine: xorshift64*. */
#pragma once

#include <stdint.h>

/* Begins the sequence of a seed. */
void random_seed(uint64_t seed);

/* The next, from 0 to limit - 1. */
uint32_t random_below(uint32_t limit);
