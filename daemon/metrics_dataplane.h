// SPDX-License-Identifier: GPL-2.0-or-later
/* Samples of what the backend counts beside services, for the rows of metrics_table.c. A backend that counts nothing else has
 * none. */
#pragma once

#include "daemon/metrics_table.h"

#define METRICS_DATAPLANE(name)                                                                    \
	void metrics_dataplane_##name(                                                             \
		struct metrics_writer *writer, const struct metrics_sources *sources)

METRICS_DATAPLANE(answers);
METRICS_DATAPLANE(port_up);
METRICS_DATAPLANE(port_packets);
METRICS_DATAPLANE(port_bytes);
METRICS_DATAPLANE(port_lost);
METRICS_DATAPLANE(worker_packets);
METRICS_DATAPLANE(worker_forwarded);
METRICS_DATAPLANE(worker_handed_over);
METRICS_DATAPLANE(worker_connections);
METRICS_DATAPLANE(worker_flows);
METRICS_DATAPLANE(worker_cpu);
METRICS_DATAPLANE(drops);
METRICS_DATAPLANE(buffers);
