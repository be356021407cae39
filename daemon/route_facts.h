// SPDX-License-Identifier: GPL-2.0-or-later
/* What virtual routers must know that others find out: what comes of what they track (track.h), and from what the engine knows
 * whether they must wait for services when they take over, and whether these are there. */
#pragma once

#include "daemon/engine.h"
#include "daemon/routing.h"
#include "daemon/track.h"

struct route_fact {
	struct routing_fact fact;
	bool served; /* it need not wait: all services that come and go with it are there */
};

/* Starts zeroed; the caller clears the vector. One for each of the files' virtual routers, in their order. */
struct route_facts {
	VECTOR_OF(struct route_fact);
};

/* Which of the services that `track` has have their quorum. O((services + tracked) × log n) where it has any. `now`:
 * CLOCK_BOOTTIME ns. */
void route_facts_look(const struct engine *engine, struct track_list *track, uint64_t now);

/* Of the files in force, whose `track` is, and of what was seen live last. O(virtual routers + what they track), and O(services ×
 * log n) where any service stands by. */
void route_facts_find(
	const struct engine *engine, const struct track_list *track, struct route_facts *ret);
