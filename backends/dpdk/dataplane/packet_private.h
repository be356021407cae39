// SPDX-License-Identifier: GPL-2.0-or-later
/* What parsing a frame (packet.c) and parsing what is inside one (packet_inner.c) have in common. */
#pragma once

#include "backends/dpdk/dataplane/packet.h"

/* The packet is bad. */
void packet_refuse(struct packet *packet, enum packet_reason reason);

/* What the fixed header at l3_offset says, all of which is there: key without ports, ttl, flags and
 * l4_offset. */
void packet_take_ipv4(const uint8_t *frame, struct packet *packet);
void packet_take_ipv6(const uint8_t *frame, struct packet *packet);

/* Moves l4_offset past the extension headers, and key.protocol with it, within the bytes before `end`;
 * stops at what is none, or is a fragment's header, or has segments left. `*count` is the number of
 * headers that were walked, before and after. */
enum packet_reason packet_take_extensions(
	const uint8_t *frame, size_t end, struct packet *packet, unsigned int *count);

bool packet_is_icmp(const struct packet *packet);
/* Type, code, kind; of a query the identifier as ports. Reads six bytes at `l4`. */
void packet_take_icmp(const uint8_t *l4, struct packet *packet);

/* Bytes that the transport's header has at least; 0: it is none of ours. */
size_t packet_least(const struct packet *packet);
