// SPDX-License-Identifier: GPL-2.0-or-later
/* Maglev's table (Eisenbud et al., NSDI 2016, §3.4), filled.
 *
 * Members take entries in turn. Each goes its own way over all entries, and takes the first on it that
 * nobody has. What comes out is given by the ways and the turns alone. */
#pragma once

#include <stdint.h>

/* A way: from `first` in steps, modulo the table's size, which is a prime: so it comes by every entry. */
struct maglev_way {
	uint32_t first, step; /* below the size; step is not 0 */
};

/* Fills `size` entries: at turn i it is turns[i] who takes. `size` is a prime, 2^20 at most; ways are
 * `count`, 65,536 at most. */
void maglev_fill(const struct maglev_way *ways, uint32_t count, const uint16_t *turns,
	uint32_t size, uint16_t *entries);
