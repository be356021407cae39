// SPDX-License-Identifier: GPL-2.0-or-later
/* What happens to a burst of frames that came from one port. */
#pragma once

#include "backends/dpdk/dataplane/worker.h"

enum pipeline_origin {
	PIPELINE_ORIGIN_PORT,     /* or the attendant: may belong to another worker */
	PIPELINE_ORIGIN_HANDOVER, /* of another worker, which found that they belong to this one */
};

/* At most WORKER_BURST buffers, which are the worker's to dispose of. */
void pipeline_run(struct worker *worker, struct rte_mbuf **buffers, unsigned int count,
	const struct port *port, enum pipeline_origin origin);
