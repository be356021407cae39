// SPDX-License-Identifier: GPL-2.0-or-later
/* What happens to a packet's bytes between its two ports.
 *
 * Everything here works on a frame in one buffer and mends checksums by difference, never over the
 * payload: a checksum that was wrong stays wrong, and UDP's 0 stays 0. The TTL or hop limit goes down
 * by one (the caller has made sure that there is one to give, packet.ttl > 1). Pure: bytes and
 * arguments. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "backends/dpdk/dataplane/checksum.h"
#include "backends/dpdk/dataplane/packet.h"
#include "backends/dpdk/dataplane/slot.h"
#include "backends/dpdk/dataplane/wire.h"

/* Ethernet, a tag, and the largest tunnel (GUE over IPv6 with its remote checksum option). */
#define REWRITE_HEADROOM 96

/* Bytes that this way of tunnelling puts before the packet, at most; family is the outer one's. */
unsigned int rewrite_overhead(uint8_t family, enum tunnel_type type, enum tunnel_checksum checksum);

/* The difference that an IPv4 TTL less by one makes; it shares a word with the protocol, and is its low
 * byte. The word is written as it was read: read back after a write of the byte alone, it would be waited
 * for. */
static inline uint64_t rewrite_take_ttl(uint8_t *ip)
{
	uint16_t before = wire_load16(ip + WIRE_IPV4_TTL);
	uint16_t after = (uint16_t)(before - 1);

	wire_store16(ip + WIRE_IPV4_TTL, after);
	return checksum_difference(before, after);
}

static inline void rewrite_mend_ipv4(uint8_t *ip, uint64_t difference)
{
	uint8_t *field = ip + WIRE_IPV4_CHECKSUM;

	wire_store16(field, checksum_mend(wire_load16(field), difference));
}

/* `direct`: nothing but the TTL. Here, because it is less than a call. */
static inline void rewrite_ttl(uint8_t *frame, const struct packet *packet)
{
	uint8_t *ip = frame + packet->l3_offset;

	if (packet->key.family == AF_INET6)
		ip[WIRE_IPV6_HOPS]--;
	else
		rewrite_mend_ipv4(ip, rewrite_take_ttl(ip));
}

/* `nat`: another destination address and port (port 0: as it is), or another source. Ports in network
 * order, addresses of packet->key.family. The identifier of an ICMP query is no port and stays. */
void rewrite_destination(
	uint8_t *frame, const struct packet *packet, const uint8_t *address, uint16_t port);
void rewrite_source(
	uint8_t *frame, const struct packet *packet, const uint8_t *address, uint16_t port);

/* `tunnel`: the outer headers of slot->tunnel_type (RFC 2003, RFC 2473, RFC 2784, GUE as linux/fou
 * has it) in the slot->overhead bytes before the IP packet at `packet_start`, which is `length` bytes
 * long and had its TTL taken. `hash` gives GUE's source port, `id` the outer IPv4 identification.
 * Returns the outer header's start, which is where slot->overhead says, or behind that:
 *
 * The remote checksum option of GUE is for packets of TCP and UDP whose checksum is right: the outer
 * checksum covers them, and the inner field holds the pseudo-header's sum, which the receiver
 * completes. A wrong checksum would come out right. So a packet that has a wrong one or none has no
 * such option: it is sent as with a full checksum, in eight bytes less. */
uint8_t *rewrite_encapsulate(uint8_t *packet_start, size_t length, const struct packet *packet,
	const struct slot *slot, uint32_t hash, uint16_t id);

/* Lowers the MSS option of a SYN to `mss` where it is larger. Whether there was such an option. */
bool rewrite_clamp_mss(uint8_t *frame, const struct packet *packet, uint16_t mss);
