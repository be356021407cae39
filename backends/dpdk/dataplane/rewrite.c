// SPDX-License-Identifier: GPL-2.0-or-later
/* Rewriting in place.
 *
 * Two checksums know an address: IPv4's own and, by its pseudo-header, the transport's. The difference
 * is computed once, from the bytes before and after, and applied to both; the transport's gets that
 * of the port as well. Ports alone concern SCTP's CRC, which has no pseudo-header.
 *
 * A tunnel is built from the inside out: what is between the two IP headers first, because a checksum
 * there covers all that is behind it, then the outer IP header. Both families of outer header take
 * what the inner one says of its treatment: the traffic class with its ECN bits (RFC 6040 §4.1, normal
 * mode) and "don't fragment". Routers on the way to the server are none of the client's business, so
 * the outer TTL begins anew. */
#include "backends/dpdk/dataplane/rewrite.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "backends/dpdk/dataplane/checksum.h"
#include "backends/dpdk/dataplane/wire.h"

#define OUTER_TTL 64

/* Of a TCP option. */
enum rewrite_option {
	REWRITE_OPTION_END = 0,
	REWRITE_OPTION_NOP = 1, /* this and the end have no length */
	REWRITE_OPTION_MSS = 2,
	REWRITE_OPTION_MSS_SIZE = 4,
};

/* Of GRE's header: flags and Ethernet type, then the checksum and a reserved word (RFC 2784 §2). */
enum rewrite_gre {
	REWRITE_GRE_TYPE = 2,
	REWRITE_GRE_CHECKSUM = 4,
	REWRITE_GRE_SIZE = 4,
	REWRITE_GRE_SUMMED_SIZE = 8,
	REWRITE_GRE_FLAG_SUM = 0x80, /* of the first byte */
};

/* Of GUE's header, version 0: the number of words behind the first, the protocol of what is inside,
 * flags. The private flag says that a word of private flags follows, and the first of those that the
 * remote checksum's two numbers do: where what is summed begins, and where the sum goes, both counted
 * from behind GUE (draft-ietf-intarea-gue §3, draft-herbert-remotecsumoffload §2). */
enum rewrite_gue {
	REWRITE_GUE_WORDS = 0,
	REWRITE_GUE_PROTOCOL = 1,
	REWRITE_GUE_FLAGS = 2,
	REWRITE_GUE_PRIVATE = 4,
	REWRITE_GUE_START = 8,
	REWRITE_GUE_FIELD = 10,
	REWRITE_GUE_SIZE = 4,
	REWRITE_GUE_REMOTE_SIZE = 12,
};
#define GUE_FLAG_PRIVATE        0x0001
#define GUE_PRIVATE_FLAG_REMOTE 0x80000000u
/* Source ports of tunnels are dynamic ones (RFC 6335 §6). */
#define GUE_SOURCE_PORTS 0xc000u

enum rewrite_side {
	REWRITE_SIDE_SOURCE,
	REWRITE_SIDE_DESTINATION,
};

unsigned int rewrite_overhead(uint8_t family, enum tunnel_type type, enum tunnel_checksum checksum)
{
	unsigned int outer = family == AF_INET6 ? WIRE_IPV6_SIZE : WIRE_IPV4_SIZE;

	switch (type) {
	case TUNNEL_TYPE_GRE:
		return outer + (checksum == TUNNEL_CHECKSUM_FULL ? REWRITE_GRE_SUMMED_SIZE
								 : REWRITE_GRE_SIZE);
	case TUNNEL_TYPE_GUE:
		return outer + WIRE_UDP_SIZE +
		       (checksum == TUNNEL_CHECKSUM_REMOTE ? REWRITE_GUE_REMOTE_SIZE
							   : REWRITE_GUE_SIZE);
	default:
		return outer;
	}
}

static void rewrite_mend_sctp(uint8_t *l4, const struct packet *packet, uint32_t change)
{
	size_t length = packet->l3_offset + (size_t)packet->l3_length - packet->l4_offset;
	uint32_t difference = checksum_difference_sctp(change, length);
	uint32_t field = wire_load32(l4 + WIRE_SCTP_CHECKSUM) ^ difference;

	memcpy(l4 + WIRE_SCTP_CHECKSUM, &field, sizeof(field));
}

/* A port, and the checksum of all that has changed: `difference` is that of the addresses. */
static inline void rewrite_transport(uint8_t *l4, const struct packet *packet, uint64_t difference,
	uint16_t port, enum rewrite_side side)
{
	uint8_t *at = l4 + (side == REWRITE_SIDE_SOURCE ? WIRE_PORT_SOURCE : WIRE_PORT_DESTINATION);
	uint32_t before = wire_load32(l4);

	if (port) {
		difference += checksum_difference(wire_load16(at), port);
		wire_store16(at, port);
	}
	if (packet->key.protocol == IPPROTO_TCP) {
		at = l4 + WIRE_TCP_CHECKSUM;
		wire_store16(at, checksum_mend(wire_load16(at), difference));
	} else if (packet->key.protocol == IPPROTO_UDP) {
		at = l4 + WIRE_UDP_CHECKSUM;
		wire_store16(at, checksum_mend_udp(wire_load16(at), difference));
	} else if (port) {
		rewrite_mend_sctp(l4, packet, before ^ wire_load32(l4));
	}
}

static inline __attribute__((always_inline)) void rewrite_end(uint8_t *frame,
	const struct packet *packet, const uint8_t *address, uint16_t port, enum rewrite_side side)
{
	bool source = side == REWRITE_SIDE_SOURCE, ipv6 = packet->key.family == AF_INET6;
	uint8_t *ip = frame + packet->l3_offset, *l4 = frame + packet->l4_offset;
	uint64_t difference;

	if (ipv6) {
		uint8_t *at = ip + (source ? WIRE_IPV6_SOURCE : WIRE_IPV6_DESTINATION);

		difference = checksum_difference_bytes(at, address, 16);
		memcpy(at, address, 16);
		ip[WIRE_IPV6_HOPS]--;
	} else {
		uint8_t *at = ip + (source ? WIRE_IPV4_SOURCE : WIRE_IPV4_DESTINATION);

		difference = checksum_difference_bytes(at, address, 4);
		memcpy(at, address, 4);
		rewrite_mend_ipv4(ip, difference + rewrite_take_ttl(ip));
	}
	if (packet->kind == PACKET_KIND_TRANSPORT) {
		rewrite_transport(l4, packet, difference, port, side);
	} else if (packet->kind == PACKET_KIND_ICMP_QUERY && ipv6) {
		uint8_t *field = l4 + WIRE_ICMP_CHECKSUM;

		wire_store16(field, checksum_mend(wire_load16(field), difference));
	}
}

void rewrite_destination(
	uint8_t *frame, const struct packet *packet, const uint8_t *address, uint16_t port)
{
	rewrite_end(frame, packet, address, port, REWRITE_SIDE_DESTINATION);
}

void rewrite_source(
	uint8_t *frame, const struct packet *packet, const uint8_t *address, uint16_t port)
{
	rewrite_end(frame, packet, address, port, REWRITE_SIDE_SOURCE);
}

/* Each of the following puts a header before `inner`, which `length` bytes follow, and returns where
 * it begins. */

static uint8_t *rewrite_put_gre(
	uint8_t *inner, size_t length, bool ipv6, enum tunnel_checksum checksum)
{
	bool summed = checksum == TUNNEL_CHECKSUM_FULL;
	size_t size = summed ? REWRITE_GRE_SUMMED_SIZE : REWRITE_GRE_SIZE;
	uint8_t *gre = inner - size;

	memset(gre, 0, size);
	wire_set16(gre + REWRITE_GRE_TYPE, ipv6 ? WIRE_TYPE_IPV6 : WIRE_TYPE_IPV4);
	if (summed) {
		gre[0] = REWRITE_GRE_FLAG_SUM;
		uint64_t sum = checksum_add(0, gre, size + length);
		wire_store16(gre + REWRITE_GRE_CHECKSUM, (uint16_t)~checksum_fold(sum));
	}
	return gre;
}

/* Leaves the sum of the pseudo-header in the checksum of the packet's transport, for the receiver to
 * complete, and says where that is; 0 when it would not be completed to what it was. */
static size_t rewrite_unfinish(uint8_t *inner, size_t length, const struct packet *packet)
{
	const struct flow_key *key = &packet->key;
	size_t start = (size_t)packet->l4_offset - packet->l3_offset;
	size_t field =
		start + (key->protocol == IPPROTO_TCP ? WIRE_TCP_CHECKSUM : WIRE_UDP_CHECKSUM);

	if (packet->kind != PACKET_KIND_TRANSPORT ||
		(key->protocol != IPPROTO_TCP && key->protocol != IPPROTO_UDP))
		return 0;
	/* UDP without a checksum, or with one that would be completed to none. */
	if (key->protocol == IPPROTO_UDP &&
		(wire_load16(inner + field) == 0 || wire_load16(inner + field) == 0xffff))
		return 0;
	uint64_t pseudo = checksum_of_pseudo(
		key->family, key->source, key->destination, key->protocol, length - start);
	if (checksum_fold(checksum_add(pseudo, inner + start, length - start)) != 0xffff)
		return 0;
	wire_store16(inner + field, checksum_fold(pseudo));
	return field;
}

static uint8_t *rewrite_put_gue(
	uint8_t *inner, size_t length, const struct packet *packet, enum tunnel_checksum checksum)
{
	bool ipv6 = packet->key.family == AF_INET6;
	size_t field =
		checksum == TUNNEL_CHECKSUM_REMOTE ? rewrite_unfinish(inner, length, packet) : 0;
	size_t size = field ? REWRITE_GUE_REMOTE_SIZE : REWRITE_GUE_SIZE;
	uint8_t *gue = inner - size;

	gue[REWRITE_GUE_WORDS] = (uint8_t)(size / 4 - 1);
	gue[REWRITE_GUE_PROTOCOL] = ipv6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
	wire_set16(gue + REWRITE_GUE_FLAGS, field ? GUE_FLAG_PRIVATE : 0);
	if (field) {
		wire_set32(gue + REWRITE_GUE_PRIVATE, GUE_PRIVATE_FLAG_REMOTE);
		wire_set16(
			gue + REWRITE_GUE_START, (uint16_t)(packet->l4_offset - packet->l3_offset));
		wire_set16(gue + REWRITE_GUE_FIELD, (uint16_t)field);
	}
	return gue;
}

static uint8_t *rewrite_put_udp(
	uint8_t *inner, size_t length, const struct slot *slot, uint32_t hash)
{
	uint8_t *udp = inner - WIRE_UDP_SIZE;

	length += WIRE_UDP_SIZE;
	wire_set16(udp + WIRE_PORT_SOURCE, (uint16_t)(GUE_SOURCE_PORTS | hash));
	wire_store16(udp + WIRE_PORT_DESTINATION, slot->tunnel_port);
	wire_set16(udp + WIRE_UDP_LENGTH, (uint16_t)length);
	wire_store16(udp + WIRE_UDP_CHECKSUM, 0);
	if (slot->tunnel_checksum == TUNNEL_CHECKSUM_NONE)
		return udp;
	uint16_t sum = checksum_of_transport(
		slot->family, slot->local, slot->address, IPPROTO_UDP, udp, length);
	wire_store16(udp + WIRE_UDP_CHECKSUM, sum ? sum : 0xffff);
	return udp;
}

/* The header is put together as the words that lie in memory, and summed as those: read back from the
 * bytes that were just written, it would be waited for. */
static inline uint8_t *rewrite_put_ipv4(uint8_t *inner, size_t length, const struct slot *slot,
	uint8_t protocol, uint8_t tos, uint16_t id, bool dont_fragment)
{
	uint8_t *ip = inner - WIRE_IPV4_SIZE;
	uint16_t fragment = dont_fragment ? WIRE_FRAGMENT_DONT : 0;
	uint32_t source = wire_load32(slot->local), destination = wire_load32(slot->address);
	uint32_t first = (4 << 4 | WIRE_IPV4_SIZE / 4) | (uint32_t)tos << 8 |
			 (uint32_t)htons((uint16_t)(length + WIRE_IPV4_SIZE)) << 16;
	uint32_t second = htons(id) | (uint32_t)htons(fragment) << 16;
	uint32_t third = OUTER_TTL | (uint32_t)protocol << 8;
	uint64_t sum = (uint64_t)first + second + third + source + destination;

	third |= (uint32_t)(uint16_t)~checksum_fold(sum) << 16;
	wire_store32(ip + WIRE_IPV4_VERSION, first);
	wire_store32(ip + WIRE_IPV4_ID, second);
	wire_store32(ip + WIRE_IPV4_TTL, third);
	wire_store32(ip + WIRE_IPV4_SOURCE, source);
	wire_store32(ip + WIRE_IPV4_DESTINATION, destination);
	return ip;
}

static inline uint8_t *rewrite_put_ipv6(
	uint8_t *inner, size_t length, const struct slot *slot, uint8_t protocol, uint8_t tos)
{
	uint8_t *ip = inner - WIRE_IPV6_SIZE;

	wire_set32(ip + WIRE_IPV6_VERSION, 6u << 28 | (uint32_t)tos << 20);
	wire_set16(ip + WIRE_IPV6_LENGTH, (uint16_t)length);
	ip[WIRE_IPV6_NEXT] = protocol;
	ip[WIRE_IPV6_HOPS] = OUTER_TTL;
	memcpy(ip + WIRE_IPV6_SOURCE, slot->local, 16);
	memcpy(ip + WIRE_IPV6_DESTINATION, slot->address, 16);
	return ip;
}

uint8_t *rewrite_encapsulate(uint8_t *packet_start, size_t length, const struct packet *packet,
	const struct slot *slot, uint32_t hash, uint16_t id)
{
	enum tunnel_checksum checksum = (enum tunnel_checksum)slot->tunnel_checksum;
	bool ipv6 = packet->key.family == AF_INET6;
	uint8_t tos = ipv6 ? (uint8_t)(wire_get16(packet_start) >> 4) : packet_start[WIRE_IPV4_TOS];
	uint8_t protocol = ipv6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
	uint8_t *end = packet_start + length, *start = packet_start;

	if (slot->tunnel_type == TUNNEL_TYPE_GRE) {
		start = rewrite_put_gre(start, length, ipv6, checksum);
		protocol = IPPROTO_GRE;
	} else if (slot->tunnel_type == TUNNEL_TYPE_GUE) {
		start = rewrite_put_gue(start, length, packet, checksum);
		start = rewrite_put_udp(start, (size_t)(end - start), slot, hash);
		protocol = IPPROTO_UDP;
	}
	length = (size_t)(end - start);
	if (slot->family == AF_INET6)
		return rewrite_put_ipv6(start, length, slot, protocol, tos);
	return rewrite_put_ipv4(
		start, length, slot, protocol, tos, id, packet->flags & PACKET_FLAG_DONT_FRAGMENT);
}

/* Where TCP's MSS option is among the options from `at` to `end`, or NULL. */
static uint8_t *rewrite_find_mss(uint8_t *at, const uint8_t *end)
{
	while (at < end && *at != REWRITE_OPTION_END) {
		if (*at == REWRITE_OPTION_NOP) {
			at++;
			continue;
		}
		if (end - at < 2 || at[1] < 2 || at[1] > end - at)
			return NULL;
		if (at[0] == REWRITE_OPTION_MSS && at[1] == REWRITE_OPTION_MSS_SIZE)
			return at;
		at += at[1];
	}
	return NULL;
}

bool rewrite_clamp_mss(uint8_t *frame, const struct packet *packet, uint16_t mss)
{
	uint8_t *tcp = frame + packet->l4_offset, *field = tcp + WIRE_TCP_CHECKSUM;

	if (packet->kind != PACKET_KIND_TRANSPORT || packet->key.protocol != IPPROTO_TCP ||
		!(tcp[WIRE_TCP_FLAGS] & WIRE_TCP_FLAG_SYN))
		return false;
	uint8_t *option =
		rewrite_find_mss(tcp + WIRE_TCP_SIZE, tcp + (tcp[WIRE_TCP_LENGTH] >> 4) * 4);
	if (!option)
		return false;
	uint16_t old = wire_load16(option + 2), new = htons(mss);
	if (ntohs(old) <= mss)
		return true;
	wire_store16(option + 2, new);
	/* At an odd place its bytes belong to two words, each in the other half. */
	if ((option - tcp) & 1) {
		old = __builtin_bswap16(old);
		new = __builtin_bswap16(new);
	}
	wire_store16(field, checksum_mend(wire_load16(field), checksum_difference(old, new)));
	return true;
}
