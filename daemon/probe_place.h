// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a list over probes stands that is made in pieces: it remembers the key that it wrote last, never a place. The name of
 * a check in it is a copy, for files come and go meanwhile. */
#pragma once

#include "model/probe.h"

/* Starts zeroed. */
struct probe_place {
	bool begun;
	struct probe_key key; /* its check's name is owned */
};

void probe_place_set(struct probe_place *place, const struct probe_key *key);
/* From the beginning again. */
void probe_place_clear(struct probe_place *place);

/* The index where to go on in a sorted vector whose items begin with their key. */
#define probe_place_in(place, vector)                                                              \
	((place)->begun ? vector_after((vector), &(place)->key, probe_key_compare) : 0)
