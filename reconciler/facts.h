// SPDX-License-Identifier: GPL-2.0-or-later
/* What the world and the operator say, for step(): the input beside what is declared and what is remembered.
 *
 * Facts never count for the blast guard, and a pass without any (poise apply without poised) takes every check as
 * passing. Pure data, sorted; whoever learns of facts (operator.h keeps the operator's) fills them in. */
#pragma once

#include "model/state.h"

/* The operator drains a destination: of one service, or wherever it stands. */
struct facts_drain {
	struct destination_key destination; /* port 0: on every port */
	bool everywhere;
	struct service_key service; /* unless everywhere */
	uint64_t until; /* CLOCK_BOOTTIME ns: comes back then; UINT64_MAX: when it is undrained */
};

struct facts_drain_vector {
	VECTOR_OF(struct facts_drain);
};

/* Sorted by facts_drain_compare(). */
struct facts {
	struct facts_drain_vector drains;
};

/* Order: destination address, port, everywhere first, service. Keys only: `until` does not count. */
int facts_drain_compare(const void *a, const void *b);

/* Until when this destination is drained by the operator (the latest of what says so); 0 when it is not at `now`.
 * `facts` may be NULL. O(log n). */
uint64_t facts_drained_until(const struct facts *facts, const struct service_key *service,
	const struct destination_key *destination, uint64_t now);

void facts_clear(struct facts *facts);
