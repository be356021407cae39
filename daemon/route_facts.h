// SPDX-License-Identifier: GPL-2.0-or-later
/* What virtual routers must know of services, from what the engine knows: whether those that a router tracks have their quorum,
 * whether it must wait for services when it takes over, and whether they are there. */
#pragma once

#include "daemon/engine.h"
#include "daemon/routing.h"

struct route_fact {
	struct routing_fact fact;
	bool served; /* it need not wait: all services that come and go with it are there */
};

/* Starts zeroed; the caller clears the vector. One for each of the files' virtual routers, in their order. */
struct route_facts {
	VECTOR_OF(struct route_fact);
};

/* Of the files in force and of what was seen live last. O((services + tracked) × log n) where any service stands by or is
 * tracked, else O(virtual routers). */
void route_facts_find(const struct engine *engine, struct route_facts *ret);
