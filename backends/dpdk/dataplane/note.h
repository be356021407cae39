// SPDX-License-Identifier: GPL-2.0-or-later
/* What threads say to each other of a packet: a few bytes beside each packet's buffer, and rings.
 *
 * Workers hand packets to each other (the one that owns the connection) and to the attendant (all
 * that is no established traffic); the attendant hands back what is to be sent or looked at again.
 * Each ring has one producer and one consumer. Whoever takes a packet out of a ring owns it. */
#pragma once

#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdint.h>

#define NOTE_RING_SIZE 1024

enum note_kind {
	/* To the attendant. */
	NOTE_KIND_ARRIVED, /* as it came from buffer->port (dataplane_port_of()): look what it is */
	NOTE_KIND_ERROR,   /* as it came: answer with the ICMP error `error` (and mtu), drop it */
	NOTE_KIND_UNRESOLVED, /* an IP packet without link header, finished, for `next_hop` */
	NOTE_KIND_TOO_LONG, /* the same, longer than the MTU of next_hop's port; may be fragmented */
	/* From the attendant. */
	NOTE_KIND_TRANSMIT, /* a whole frame, to be sent by `port` */
	NOTE_KIND_RECEIVE,  /* a whole frame, as if it had come from `port` */
	/* From a worker to the owner of its connection. */
	NOTE_KIND_HANDOVER, /* as it came from `port` */
};

struct note {
	uint8_t kind;  /* enum note_kind */
	uint8_t port;  /* in dataplane.ports: where it came from, or goes to */
	uint8_t error; /* enum icmp_error */
	uint16_t mtu;  /* of the link that it is too long for */
	uint32_t next_hop;
};

/* In a buffer's ol_flags: it was put together of fragments, and may be divided again, IPv6 and IPv4's DF
 * notwithstanding. The bit says the same of what a NIC has put together (LRO), which is never asked for
 * here. */
#define NOTE_FLAG_DIVISIBLE RTE_MBUF_F_RX_LRO

/* The longest packet that it may go as, where the link takes `mtu`. IPv6's routers divide nothing, so its
 * sender has made pieces as short as the path to here or from here needs; those that it becomes must not be
 * longer, which is what tso_segsz says of such a buffer (0: nothing). */
static inline uint16_t note_piece(const struct rte_mbuf *buffer, uint16_t mtu)
{
	bool in_pieces = (buffer->ol_flags & NOTE_FLAG_DIVISIBLE) && buffer->tso_segsz;

	return in_pieces && buffer->tso_segsz < mtu ? buffer->tso_segsz : mtu;
}

/* The pools' private bytes of a buffer. */
#define NOTE_SIZE RTE_ALIGN(sizeof(struct note), RTE_MBUF_PRIV_ALIGN)

static inline struct note *note_of(struct rte_mbuf *buffer)
{
	return rte_mbuf_to_priv(buffer);
}
