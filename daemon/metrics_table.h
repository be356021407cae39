// SPDX-License-Identifier: GPL-2.0-or-later
/* The families of metrics: one row for each, in the order of the body. man/poised.8 has the same names. */
#pragma once

#include "daemon/metrics.h"
#include "daemon/metrics_text.h"
#include "daemon/routing.h"

/* One of the functions is set: it writes the samples of the process, of one managed service as it is live or as it is
 * remembered, of one destination of such a service, of one probe, or of one virtual router. The labels of the object are in the writer already. */
struct metrics_family {
	const char *name;
	enum metrics_type type;
	const char *help; /* one line, without a backslash */
	void (*process)(struct metrics_writer *writer, const struct metrics_sources *sources);
	void (*service)(struct metrics_writer *writer, const struct service *service);
	void (*owned)(struct metrics_writer *writer, const struct metrics_sources *sources,
		const struct memory_service *owned);
	void (*destination)(struct metrics_writer *writer, const struct destination *destination);
	void (*probe)(struct metrics_writer *writer, const struct engine_probe *probe);
	void (*router)(struct metrics_writer *writer, const struct routing_router *router);
};

/* Of what is live. */
struct metrics_totals {
	size_t managed, unmanaged; /* services */
	size_t destinations;       /* of managed services */
};

/* A merge, O(n). */
struct metrics_totals metrics_count(const struct engine *engine);

extern const struct metrics_family metrics_families[];
extern const size_t metrics_family_count;
