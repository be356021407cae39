// SPDX-License-Identifier: GPL-2.0-or-later
/* All that the forwarder counts of itself, as rows of an object, a name and a number: for the control
 * socket and for rte_telemetry. */
#pragma once

#include "backends/dpdk/dataplane/dataplane.h"

/* "worker 0", "forwarded", 12. Texts are good during the call. */
typedef void figures_sink(void *data, const char *object, const char *name, uint64_t value);

/* Of every worker and of every port, with the reasons of what was dropped, and of the buffers. Any
 * thread. */
void figures_collect(const struct dataplane *plane, figures_sink *sink, void *data);

/* Makes /poise/… known to rte_telemetry; `plane` must outlive it. Once. */
void figures_telemetry(const struct dataplane *plane);
