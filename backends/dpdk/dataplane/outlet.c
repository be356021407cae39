// SPDX-License-Identifier: GPL-2.0-or-later
/* Leaving the worker: bursts to ports, notes to the attendant, packets to their owners.
 *
 * Nothing here waits. A ring or a queue that is full costs the packet, counted under its own name. The
 * attendant's ring is shared by all that is not established traffic, so packets that nobody has asked
 * for get half of it: a flood of them cannot keep neighbours from being resolved. The attendant is
 * woken once for a turn, by the worker's last act in it. */

#include "backends/dpdk/dataplane/outlet.h"

#include <rte_ethdev.h>

void outlet_drop(struct worker *worker, struct rte_mbuf *buffer, enum drop_reason reason)
{
	count_add(&worker->counters.drops[reason], 1);
	rte_pktmbuf_free(buffer);
}

void outlet_flush(struct worker *worker, struct worker_port *port)
{
	uint16_t sent =
		rte_eth_tx_burst(port->id, (uint16_t)worker->index, port->waiting, port->count);

	for (; unlikely(sent < port->count); sent++)
		outlet_drop(worker, port->waiting[sent], DROP_REASON_TRANSMIT_FULL);
	port->count = 0;
}

void outlet_flush_all(struct worker *worker)
{
	for (unsigned int i = 0; i < worker->plane->port_count; i++)
		if (worker->ports[i].count)
			outlet_flush(worker, &worker->ports[i]);
}

static void attend(struct worker *worker, struct rte_mbuf *buffer)
{
	if (rte_ring_sp_enqueue(worker->to_attendant, buffer) != 0) {
		outlet_drop(worker, buffer, DROP_REASON_ATTENDANT_FULL);
		return;
	}
	worker->rang = true;
}

void outlet_arrived(struct worker *worker, struct rte_mbuf *buffer, uint8_t port, bool urgent)
{
	*note_of(buffer) = (struct note){.kind = NOTE_KIND_ARRIVED, .port = port};
	if (!urgent && rte_ring_free_count(worker->to_attendant) < NOTE_RING_SIZE / 2)
		outlet_drop(worker, buffer, DROP_REASON_ATTENDANT_FULL);
	else
		attend(worker, buffer);
}

void outlet_error(struct worker *worker, struct rte_mbuf *buffer, uint8_t port,
	enum icmp_error error, uint16_t mtu)
{
	*note_of(buffer) = (struct note){
		.kind = NOTE_KIND_ERROR,
		.port = port,
		.error = (uint8_t)error,
		.mtu = mtu,
	};
	if (rte_ring_free_count(worker->to_attendant) < NOTE_RING_SIZE / 2)
		outlet_drop(worker, buffer, DROP_REASON_ATTENDANT_FULL);
	else
		attend(worker, buffer);
}

void outlet_unfinished(struct worker *worker, struct rte_mbuf *buffer, uint8_t *start,
	uint16_t length, enum note_kind kind, uint32_t next_hop)
{
	outlet_set_frame(buffer, start, length);
	*note_of(buffer) = (struct note){.kind = (uint8_t)kind, .next_hop = next_hop};
	attend(worker, buffer);
}

void outlet_hand_over(
	struct worker *worker, struct rte_mbuf *buffer, uint8_t port, unsigned int owner)
{
	struct rte_ring *ring = worker->plane->workers[owner]->from_workers[worker->index];

	*note_of(buffer) = (struct note){.kind = NOTE_KIND_HANDOVER, .port = port};
	if (rte_ring_sp_enqueue(ring, buffer) != 0)
		outlet_drop(worker, buffer, DROP_REASON_HANDOVER_FULL);
	else
		count_add(&worker->counters.handed_over, 1);
}
