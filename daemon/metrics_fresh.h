// SPDX-License-Identifier: GPL-2.0-or-later
/* Counters that are fresh enough to be shown, read for no more services than a turn of the loop bears.
 *
 * What was read lately is one interval of the managed services in the order of their keys, with the time of its first read. A
 * scrape comes by the services in that order, and each time that it leaves the interval, what follows is read and the
 * interval grows; when it is older than METRICS_FRESH_NS, another begins. All scrapes share it. */
#pragma once

#include "daemon/engine.h"

#define METRICS_FRESH_NS 5000000000ull
/* Of one read. */
#define METRICS_FRESH_SERVICES     100
#define METRICS_FRESH_DESTINATIONS 1000

/* Starts zeroed, and holds nothing. */
struct metrics_fresh {
	uint64_t since;                 /* of its first read; 0: there is no interval */
	struct service_key first, last; /* both in it */
};

/* Whether the counters of this managed service need no reading at `now`. */
bool metrics_fresh_has(
	const struct metrics_fresh *fresh, const struct service_key *key, uint64_t now);

/* Reads those of this managed service, and of some behind it. They are taken for read whatever comes of it: passes tell of
 * a backend that does not answer, and it is not asked again for a while. */
void metrics_fresh_read(struct metrics_fresh *fresh, struct engine *engine,
	const struct service_key *key, uint64_t now);
