// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a packet leaves the worker: by a port, to the attendant, to another worker, or not at all.
 *
 * Frames wait in a small array for each port until there is a burst of them or the turn is over. Each
 * function owns the buffer from the call on. */
#pragma once

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_mbuf.h>
#include <string.h>

#include "backends/dpdk/dataplane/icmp.h"
#include "backends/dpdk/dataplane/worker.h"

#define OUTLET_LINK_MASK UINT64_C(0xffffffffffff)

/* Types of Ethernet frames as they lie in memory. */
#define OUTLET_TYPE_IPV4 0x0008
#define OUTLET_TYPE_IPV6 0xdd86
#define OUTLET_TYPE_VLAN 0x0081

/* Sends what waits for a port; what it does not take is dropped. */
void outlet_flush(struct worker *worker, struct worker_port *port);
void outlet_flush_all(struct worker *worker);

void outlet_drop(struct worker *worker, struct rte_mbuf *buffer, enum drop_reason reason);

/* Unread: as it came, for the attendant to look at. What must not be lost behind a flood of anything
 * (ARP, neighbour discovery) is urgent. */
void outlet_arrived(struct worker *worker, struct rte_mbuf *buffer, uint8_t port, bool urgent);

/* To be answered with an error; `reason` is what it counts as when there is nobody to do so. */
void outlet_error(struct worker *worker, struct rte_mbuf *buffer, uint8_t port,
	enum icmp_error error, uint16_t mtu);

/* A finished IP packet of `length` bytes at `start` that cannot be sent as it is: NOTE_KIND_UNRESOLVED or
 * NOTE_KIND_TOO_LONG. */
void outlet_unfinished(struct worker *worker, struct rte_mbuf *buffer, uint8_t *start,
	uint16_t length, enum note_kind kind, uint32_t next_hop);

/* As it came, to the worker that owns its connection. */
void outlet_hand_over(
	struct worker *worker, struct rte_mbuf *buffer, uint8_t port, unsigned int owner);

/* A whole frame, by this port. */
static inline void outlet_transmit(struct worker *worker, struct rte_mbuf *buffer, uint8_t index)
{
	struct worker_port *port = &worker->ports[index];

	port->waiting[port->count++] = buffer;
	if (unlikely(port->count == WORKER_BURST))
		outlet_flush(worker, port);
}

/* Makes the buffer one of `length` bytes that begin at `start`. */
static inline void outlet_set_frame(struct rte_mbuf *buffer, const uint8_t *start, uint16_t length)
{
	buffer->data_off = (uint16_t)(start - (const uint8_t *)buffer->buf_addr);
	buffer->data_len = length;
	buffer->pkt_len = length;
}

/* The link header of `port` before an IP packet, to the neighbour of a next hop's word. Its start. */
static inline uint8_t *outlet_link_header(
	const struct port *port, uint8_t *packet, bool ipv6, uint64_t word)
{
	uint64_t first = (word & OUTLET_LINK_MASK) | port->link_word << 48;
	uint32_t second = (uint32_t)(port->link_word >> 16);
	uint16_t type = ipv6 ? OUTLET_TYPE_IPV6 : OUTLET_TYPE_IPV4;
	uint8_t *frame = packet - port->link_length;

	memcpy(frame, &first, sizeof(first));
	memcpy(frame + 8, &second, sizeof(second));
	memcpy(packet - 2, &type, sizeof(type));
	if (unlikely(port->vlan)) {
		uint16_t tag[2] = {OUTLET_TYPE_VLAN, rte_cpu_to_be_16(port->vlan)};

		memcpy(frame + 12, tag, sizeof(tag));
	}
	return frame;
}

/* A finished IP packet of `length` bytes at `start`, to a next hop that is known. */
static inline void outlet_forward(struct worker *worker, struct rte_mbuf *buffer, uint8_t *start,
	uint16_t length, bool ipv6, uint64_t word)
{
	uint8_t index = next_hop_word_port(word);
	const struct port *port = &worker->plane->ports[index];

	outlet_set_frame(buffer, outlet_link_header(port, start, ipv6, word),
		(uint16_t)(length + port->link_length));
	outlet_transmit(worker, buffer, index);
}
