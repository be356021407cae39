// SPDX-License-Identifier: GPL-2.0-or-later
/* Fragments become the packet that they were (RFC 791 §3.2, RFC 8200 §4.5).
 *
 * Each packet in the making has a buffer of the caller's, into which its fragments are copied as they
 * come, so a fragment is held nowhere else. Packets in the making are bounded in number and time: the
 * oldest gives way. What overlaps is no packet (RFC 5722). Pure but for who gives buffers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/dpdk/dataplane/packet.h"

/* Nanoseconds from its first fragment on. */
#define REASSEMBLY_TIME UINT64_C(30000000000)

/* What a buffer has before the payload: link header, IPv6 header and extensions. */
#define REASSEMBLY_HEAD 576u
/* The longest payload that fits behind it into a buffer of 65,535 bytes, with some room to spare. */
#define REASSEMBLY_PAYLOAD_MOST 64512u
#define REASSEMBLY_ROOM         (REASSEMBLY_HEAD + REASSEMBLY_PAYLOAD_MOST)

struct reassembly_ops {
	/* A buffer with REASSEMBLY_ROOM bytes, whose first one is returned; NULL: there is none. */
	uint8_t *(*take)(void *data, void **buffer);
	void (*give_back)(void *data, void *buffer);
};

enum reassembly_result {
	REASSEMBLY_RESULT_HELD,
	REASSEMBLY_RESULT_WHOLE,
	REASSEMBLY_RESULT_REFUSED, /* it fits to nothing, and what it belonged to is given up */
	REASSEMBLY_RESULT_FULL,    /* no buffer */
};

/* The frame that was in pieces, with the link header of its first one. The buffer is the caller's now. */
struct reassembly_whole {
	void *buffer;
	const uint8_t *frame;
	size_t length;
	/* What it may be divided into again, at most: as long as its longest fragment, or as any link of IPv6
	 * takes. 0: over IPv4, routers divide it further where they must. */
	uint16_t piece;
};

struct reassembly_counts {
	uint64_t fragments, whole, refused, evicted, expired;
};

struct reassembly;

/* `most` packets in the making. */
struct reassembly *reassembly_new(unsigned int most, const struct reassembly_ops *ops, void *data);
/* Gives all buffers back. NULL is allowed; returns NULL. */
struct reassembly *reassembly_free(struct reassembly *reassembly);

/* A frame of PACKET_KIND_FRAGMENT as packet_parse() has it, of a port; copied, the frame stays the caller's. */
enum reassembly_result reassembly_add(struct reassembly *reassembly, const uint8_t *frame,
	const struct packet *packet, uint8_t port, uint64_t now, struct reassembly_whole *ret);

/* Gives up what has not come in time. When the next one has to be given up; UINT64_MAX: none. */
uint64_t reassembly_turn(struct reassembly *reassembly, uint64_t now);

struct reassembly_counts reassembly_counts(const struct reassembly *reassembly);
