// SPDX-License-Identifier: GPL-2.0-or-later
/* All that the forwarder counts of itself, as rows of an object, a name and a number: for the control
 * socket and for rte_telemetry. */
#pragma once

#include "backends/dpdk/dataplane/dataplane.h"
#include "backends/dpdk/dataplane/rate.h"

/* How fast some of it grows, by the last two looks. Starts zeroed. */
struct figures_rates {
	struct {
		struct rate connections, packets, cpu;
	} workers[SETTINGS_WORKERS_MOST];
	struct {
		struct rate packets_in, packets_out;
	} ports[SETTINGS_PORTS_MOST];
};

/* Looks, at `now` (ns). Main's alone, each second or so. */
void figures_look(const struct dataplane *plane, struct figures_rates *rates, uint64_t now);

/* "worker 0", "forwarded", 12. Texts are good during the call. */
typedef void figures_sink(void *data, const char *object, const char *name, uint64_t value);

/* Of every worker and of every port, with the reasons of what was dropped, and of the buffers. Any
 * thread. */
void figures_collect(const struct dataplane *plane, const struct figures_rates *rates,
	figures_sink *sink, void *data);

/* Makes /poise/… known to rte_telemetry; `plane` and `rates` must outlive it. Once. */
void figures_telemetry(const struct dataplane *plane, const struct figures_rates *rates);
