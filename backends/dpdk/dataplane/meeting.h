// SPDX-License-Identifier: GPL-2.0-or-later
/* What a worker knows of a packet that no flow knows: whose it is, for which service, and the
 * destination that its connection would have.
 *
 * Nearly all that a new connection costs is waiting for memory: the service, its members, the
 * destination's slot and counts, the line of the flow of replies. So a burst's are looked at together,
 * step by step, each step asking for what the next one reads; then the connections are made one by one
 * (connection.h), and find everything there.
 *
 * A destination is chosen here where that depends on nothing that the connections before it change
 * (service_image.early). The packets of a burst that begin the same connection have one choice. */
#pragma once

#include "backends/dpdk/dataplane/connection.h"
#include "backends/dpdk/dataplane/packet.h"
#include "backends/dpdk/dataplane/worker.h"

struct meeting {
	/* Of the packet's destination, or NULL. Borrowed until the worker's next quiescent state. */
	const struct service_image *image;
	unsigned int owner; /* worker of this number has its connection, if anyone */
	struct connection_choice choice;
};

/* Of one packet; no destination is chosen. `handed_over`: it is ours, whoever its client is. */
void meeting_look(const struct worker *worker, const struct packet *packet, bool handed_over,
	struct meeting *ret);

/* Of those of a burst's packets that stand at `count` places, WORKER_BURST at most, in that order;
 * meetings has the same places. Turns of schedulers move on. */
void meeting_look_all(struct worker *worker, const struct packet *packets, const uint8_t *places,
	unsigned int count, bool handed_over, struct meeting *meetings);
