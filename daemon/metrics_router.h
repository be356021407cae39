// SPDX-License-Identifier: GPL-2.0-or-later
/* Samples of virtual routers and their process, for the rows of metrics_table.c. */
#pragma once

#include "daemon/metrics_table.h"

/* Those of the files, each family for itself. */
size_t metrics_count_routers(const struct engine *engine);

#define METRICS_ROUTER_PROCESS(name)                                                               \
	void metrics_router_##name(                                                                \
		struct metrics_writer *writer, const struct metrics_sources *sources)
#define METRICS_ROUTER_ONE(name)                                                                   \
	void metrics_router_##name(                                                                \
		struct metrics_writer *writer, const struct routing_router *router)

METRICS_ROUTER_PROCESS(running);
METRICS_ROUTER_PROCESS(realtime);
METRICS_ROUTER_PROCESS(late);
METRICS_ROUTER_PROCESS(thawed);
METRICS_ROUTER_PROCESS(datagrams);
METRICS_ROUTER_PROCESS(full);
METRICS_ROUTER_PROCESS(unknown);
METRICS_ROUTER_PROCESS(operations);
METRICS_ROUTER_PROCESS(taken);
METRICS_ROUTER_PROCESS(fought);
METRICS_ROUTER_PROCESS(refused);
METRICS_ROUTER_PROCESS(announcements);
METRICS_ROUTER_PROCESS(plans);
METRICS_ROUTER_PROCESS(lost);
METRICS_ROUTER_PROCESS(cleared);
METRICS_ROUTER_PROCESS(states);
METRICS_ROUTER_PROCESS(troubles);
METRICS_ROUTER_PROCESS(tracked);

METRICS_ROUTER_ONE(state);
METRICS_ROUTER_ONE(since);
METRICS_ROUTER_ONE(transitions);
METRICS_ROUTER_ONE(troubled);
METRICS_ROUTER_ONE(priority);
METRICS_ROUTER_ONE(peer_priority);
METRICS_ROUTER_ONE(peer_heard);
METRICS_ROUTER_ONE(interval);
METRICS_ROUTER_ONE(checksum);
METRICS_ROUTER_ONE(mixed);
METRICS_ROUTER_ONE(addresses);
METRICS_ROUTER_ONE(waiting);
METRICS_ROUTER_ONE(advertisements);
METRICS_ROUTER_ONE(rejections);
