// SPDX-License-Identifier: GPL-2.0-or-later
/* ICMP errors about connections: on to whom they are for, as whoever gets them knows the connection. */
#pragma once

#include "backends/dpdk/dataplane/packet.h"
#include "backends/dpdk/dataplane/worker.h"

/* An error (PACKET_KIND_ICMP_ERROR) that came from `port`; the buffer is taken over. handed_over: by
 * another worker, which will not get it back. What is about no connection is the attendant's. */
void relay_error(struct worker *worker, struct rte_mbuf *buffer, const struct packet *outer,
	const struct port *port, bool handed_over);
