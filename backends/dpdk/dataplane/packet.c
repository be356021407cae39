// SPDX-License-Identifier: GPL-2.0-or-later
/* What a frame is, by its bytes.
 *
 * Two ways lead to the same answer. Nearly every frame is IP without options to TCP or UDP, and
 * packet_plain_ipv4() and packet_plain_ipv6() know nothing else: a few loads, one comparison for each
 * thing that makes a frame not plain, no loop. They say no as soon as anything is unusual, and leave
 * the packet to packet_parse_slowly(), which looks at everything and gives the reason for what is
 * bad. It would give the same answer for plain frames; the tests hold it to that.
 *
 * Every length is checked against the bytes that are there before anything behind it is read. What
 * the slow way has read lies between l3_offset and the packet's end (`end`): the end that the IP header
 * names, which is never behind the frame's. */
#include "backends/dpdk/dataplane/packet.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "backends/dpdk/dataplane/checksum.h"
#include "backends/dpdk/dataplane/packet_private.h"
#include "backends/dpdk/dataplane/transport.h"
#include "backends/dpdk/dataplane/wire.h"
#include "base/macros.h"

_Static_assert(sizeof(struct packet) == 64, "one cache line");

/* Where a plain header of IPv4, as its first word in memory, must have these bits: version 4, five
 * words long; no offset, no more fragments. */
#define PLAIN_IPV4_MASK 0xff3f0000000000ffu
#define PLAIN_IPV4      0x45u
/* The lowest bit of an IPv6 address, in its second word in memory. */
#define LAST_BIT (1ull << 56)
#define TCP_EVENT_FLAGS                                                                            \
	(WIRE_TCP_FLAG_FIN | WIRE_TCP_FLAG_SYN | WIRE_TCP_FLAG_RST | WIRE_TCP_FLAG_ACK)

static const char *const packet_kinds[] = {
	[PACKET_KIND_TRANSPORT] = "transport",
	[PACKET_KIND_ICMP_QUERY] = "icmp-query",
	[PACKET_KIND_ICMP_ERROR] = "icmp-error",
	[PACKET_KIND_ICMP_OTHER] = "icmp-other",
	[PACKET_KIND_FRAGMENT] = "fragment",
	[PACKET_KIND_IP_OTHER] = "ip-other",
	[PACKET_KIND_ARP] = "arp",
	[PACKET_KIND_OTHER] = "other",
	[PACKET_KIND_BAD] = "bad",
};
_Static_assert(ARRAY_LENGTH(packet_kinds) == PACKET_KIND_COUNT, "a name for each kind");

static const char *const packet_reasons[] = {
	[PACKET_REASON_NONE] = "none",
	[PACKET_REASON_SHORT] = "short",
	[PACKET_REASON_VERSION] = "version",
	[PACKET_REASON_HEADER_LENGTH] = "header-length",
	[PACKET_REASON_TOTAL_LENGTH] = "total-length",
	[PACKET_REASON_HEADER_CHECKSUM] = "header-checksum",
	[PACKET_REASON_SOURCE] = "source",
	[PACKET_REASON_EXTENSIONS] = "extensions",
};
_Static_assert(ARRAY_LENGTH(packet_reasons) == PACKET_REASON_COUNT, "a name for each reason");

const char *packet_kind_name(enum packet_kind kind)
{
	return packet_kinds[kind];
}

const char *packet_reason_name(enum packet_reason reason)
{
	return packet_reasons[reason];
}

/* What is plain, and where its parts are. */
struct packet_plain {
	const uint8_t *l4;
	size_t room; /* bytes from there to the packet's end */
	uint8_t protocol, family, ttl, flags;
};

/* The fifth word of the key, and all that both families have in common. What was read is written last:
 * a byte that is stored may be one of the frame's, for all that the compiler knows. */
static inline bool packet_plain_transport(const struct packet_plain *plain, struct packet *packet)
{
	const uint8_t *l4 = plain->l4;
	uint64_t last =
		wire_load32(l4) | (uint64_t)plain->protocol << 32 | (uint64_t)plain->family << 40;
	enum transport_event event = TRANSPORT_EVENT_OTHER;

	if (plain->protocol == IPPROTO_TCP) {
		if (plain->room < WIRE_TCP_SIZE)
			return false;
		size_t header = l4[WIRE_TCP_LENGTH] >> 4 << 2;
		if (header < WIRE_TCP_SIZE || header > plain->room)
			return false;
		if ((l4[WIRE_TCP_FLAGS] & TCP_EVENT_FLAGS) != WIRE_TCP_FLAG_ACK)
			event = transport_event_of_tcp(l4[WIRE_TCP_FLAGS]);
	} else if (plain->protocol != IPPROTO_UDP) {
		return false;
	}
	memcpy(&packet->key.source_port, &last, sizeof(last));
	packet->kind = PACKET_KIND_TRANSPORT;
	packet->reason = PACKET_REASON_NONE;
	packet->event = (uint8_t)event;
	packet->flags = plain->flags;
	packet->ttl = plain->ttl;
	packet->icmp_type = packet->icmp_code = 0;
	return true;
}

/* Where the packet is, and how long. */
static inline void packet_plain_place(
	struct packet *packet, size_t offset, size_t header, size_t length)
{
	packet->l3_offset = (uint16_t)offset;
	packet->l4_offset = (uint16_t)(offset + header);
	packet->l3_length = (uint16_t)length;
}

/* An address of IPv4 and the zeros behind it. Two words of their own: copied from an array, they would
 * be read in one before they are written. */
static inline void packet_store_ipv4(uint8_t *to, uint64_t address)
{
	memcpy(to, &address, 8);
	memset(to + 8, 0, 8);
}

static inline bool packet_plain_ipv4(const uint8_t *frame, size_t length, size_t offset,
	bool checked, uint8_t flags, struct packet *packet)
{
	const uint8_t *ip = frame + offset;

	if (length < offset + WIRE_IPV4_SIZE + WIRE_UDP_SIZE)
		return false;
	uint64_t first = wire_load64(ip), second = wire_load64(ip + 8);
	uint64_t source = second >> 32, destination = wire_load32(ip + WIRE_IPV4_DESTINATION);
	size_t total = __builtin_bswap16((uint16_t)(first >> 16));
	uint8_t net = (uint8_t)source;

	if ((first & PLAIN_IPV4_MASK) != PLAIN_IPV4)
		return false;
	if (total < WIRE_IPV4_SIZE + WIRE_UDP_SIZE || total > length - offset)
		return false;
	if (!checked && checksum_fold((first & UINT32_MAX) + (first >> 32) + (second & UINT32_MAX) +
				      source + destination) != 0xffff)
		return false;
	if (net == 0 || net == IN_LOOPBACKNET || net >= 224)
		return false;
	if (first >> 48 & (WIRE_FRAGMENT_DONT >> 8))
		flags |= PACKET_FLAG_DONT_FRAGMENT;
	struct packet_plain plain = {ip + WIRE_IPV4_SIZE, total - WIRE_IPV4_SIZE,
		(uint8_t)(second >> 8), AF_INET, (uint8_t)second, flags};
	if (!packet_plain_transport(&plain, packet))
		return false;
	packet_store_ipv4(packet->key.source, source);
	packet_store_ipv4(packet->key.destination, destination);
	packet_plain_place(packet, offset, WIRE_IPV4_SIZE, total);
	return true;
}

static inline bool packet_plain_ipv6(
	const uint8_t *frame, size_t length, size_t offset, uint8_t flags, struct packet *packet)
{
	const uint8_t *ip = frame + offset;

	if (length < offset + WIRE_IPV6_SIZE + WIRE_UDP_SIZE)
		return false;
	uint64_t high = wire_load64(ip + WIRE_IPV6_SOURCE);
	uint64_t low = wire_load64(ip + WIRE_IPV6_SOURCE + 8);
	size_t room = wire_get16(ip + WIRE_IPV6_LENGTH);

	if (ip[WIRE_IPV6_VERSION] >> 4 != 6)
		return false;
	if (room < WIRE_UDP_SIZE || room > length - offset - WIRE_IPV6_SIZE)
		return false;
	if ((high & 0xff) == 0xff || (high == 0 && (low & ~LAST_BIT) == 0))
		return false;
	struct packet_plain plain = {ip + WIRE_IPV6_SIZE, room, ip[WIRE_IPV6_NEXT], AF_INET6,
		ip[WIRE_IPV6_HOPS], flags | PACKET_FLAG_DONT_FRAGMENT};
	if (!packet_plain_transport(&plain, packet))
		return false;
	memcpy(&packet->key, ip + WIRE_IPV6_SOURCE, 32);
	packet_plain_place(packet, offset, WIRE_IPV6_SIZE, WIRE_IPV6_SIZE + room);
	return true;
}

void packet_refuse(struct packet *packet, enum packet_reason reason)
{
	packet->kind = PACKET_KIND_BAD;
	packet->reason = (uint8_t)reason;
}

/* Past the extension headers behind `*at`, the first of which is `*next`; stops at what is none, or is
 * a fragment's header, or has segments left. */
static enum packet_reason packet_walk(
	const uint8_t *frame, size_t *at, size_t end, uint8_t *next, unsigned int *count)
{
	size_t first = *at;

	for (;; ++*count) {
		if (*next != IPPROTO_HOPOPTS && *next != IPPROTO_ROUTING &&
			*next != IPPROTO_DSTOPTS)
			return PACKET_REASON_NONE;
		if (*count == PACKET_EXTENSIONS_MOST || (*next == IPPROTO_HOPOPTS && *count))
			return PACKET_REASON_EXTENSIONS;
		if (end - *at < WIRE_EXTENSION_UNIT)
			return PACKET_REASON_SHORT;
		const uint8_t *header = frame + *at;
		size_t size = (header[WIRE_EXTENSION_LENGTH] + 1u) * WIRE_EXTENSION_UNIT;
		if (*at - first + size > PACKET_EXTENSION_BYTES_MOST)
			return PACKET_REASON_EXTENSIONS;
		if (size > end - *at)
			return PACKET_REASON_SHORT;
		if (*next == IPPROTO_ROUTING && header[WIRE_EXTENSION_SEGMENTS_LEFT])
			return PACKET_REASON_NONE;
		*next = header[WIRE_EXTENSION_NEXT];
		*at += size;
	}
}

void packet_take_ipv4(const uint8_t *frame, struct packet *packet)
{
	const uint8_t *ip = frame + packet->l3_offset;
	unsigned int header = (ip[WIRE_IPV4_VERSION] & 15u) * 4;
	unsigned int fragment = wire_get16(ip + WIRE_IPV4_FRAGMENT);

	memcpy(packet->key.source, ip + WIRE_IPV4_SOURCE, 4);
	memcpy(packet->key.destination, ip + WIRE_IPV4_DESTINATION, 4);
	packet->key.family = AF_INET;
	packet->key.protocol = ip[WIRE_IPV4_PROTOCOL];
	packet->ttl = ip[WIRE_IPV4_TTL];
	packet->l4_offset = (uint16_t)(packet->l3_offset + header);
	if (header > WIRE_IPV4_SIZE)
		packet->flags |= PACKET_FLAG_OPTIONS;
	if (fragment & WIRE_FRAGMENT_DONT)
		packet->flags |= PACKET_FLAG_DONT_FRAGMENT;
	if (fragment & (WIRE_FRAGMENT_MORE | WIRE_FRAGMENT_OFFSET))
		packet->flags |= PACKET_FLAG_FRAGMENT;
}

void packet_take_ipv6(const uint8_t *frame, struct packet *packet)
{
	const uint8_t *ip = frame + packet->l3_offset;

	memcpy(packet->key.source, ip + WIRE_IPV6_SOURCE, 16);
	memcpy(packet->key.destination, ip + WIRE_IPV6_DESTINATION, 16);
	packet->key.family = AF_INET6;
	packet->key.protocol = ip[WIRE_IPV6_NEXT];
	packet->ttl = ip[WIRE_IPV6_HOPS];
	packet->l4_offset = (uint16_t)(packet->l3_offset + WIRE_IPV6_SIZE);
	packet->flags |= PACKET_FLAG_DONT_FRAGMENT;
}

enum packet_reason packet_take_extensions(
	const uint8_t *frame, size_t end, struct packet *packet, unsigned int *count)
{
	size_t at = packet->l4_offset;
	enum packet_reason reason = packet_walk(frame, &at, end, &packet->key.protocol, count);

	if (at > packet->l4_offset || packet->key.protocol == IPPROTO_ROUTING ||
		packet->key.protocol == IPPROTO_FRAGMENT)
		packet->flags |= PACKET_FLAG_OPTIONS;
	packet->l4_offset = (uint16_t)at;
	return reason;
}

static bool packet_is_ipv4_source(const uint8_t *source, const uint8_t *destination)
{
	uint32_t address = wire_get32(source);

	if (address == INADDR_ANY)
		return wire_get32(destination) == INADDR_BROADCAST;
	return source[0] != 0 && source[0] != IN_LOOPBACKNET && !IN_MULTICAST(address) &&
	       address != INADDR_BROADCAST;
}

static bool packet_is_ipv6_source(const uint8_t *source, const uint8_t *destination)
{
	static const uint8_t zeros[15];

	if (source[0] == 0xff)
		return false;
	if (memcmp(source, zeros, sizeof(zeros)) != 0 || source[15] > 1)
		return true;
	return source[15] == 0 && destination[0] == 0xff;
}

/* What ICMP of a family means here. */
static enum packet_kind packet_icmp_kind(uint8_t family, uint8_t type)
{
	if (family == AF_INET6) {
		if (type == WIRE_ICMP6_ECHO || type == WIRE_ICMP6_ECHO_REPLY)
			return PACKET_KIND_ICMP_QUERY;
		return type >= WIRE_ICMP6_UNREACHABLE && type <= WIRE_ICMP6_PARAMETER
			       ? PACKET_KIND_ICMP_ERROR
			       : PACKET_KIND_ICMP_OTHER;
	}
	if (type == WIRE_ICMP4_ECHO || type == WIRE_ICMP4_ECHO_REPLY)
		return PACKET_KIND_ICMP_QUERY;
	return type == WIRE_ICMP4_UNREACHABLE || type == WIRE_ICMP4_TIME_EXCEEDED ||
			       type == WIRE_ICMP4_PARAMETER
		       ? PACKET_KIND_ICMP_ERROR
		       : PACKET_KIND_ICMP_OTHER;
}

void packet_take_icmp(const uint8_t *l4, struct packet *packet)
{
	packet->icmp_type = l4[WIRE_ICMP_TYPE];
	packet->icmp_code = l4[WIRE_ICMP_CODE];
	packet->kind = (uint8_t)packet_icmp_kind(packet->key.family, packet->icmp_type);
	if (packet->kind == PACKET_KIND_ICMP_QUERY)
		packet->key.source_port = packet->key.destination_port =
			wire_load16(l4 + WIRE_ICMP_IDENTIFIER);
}

bool packet_is_icmp(const struct packet *packet)
{
	return packet->key.protocol ==
	       (packet->key.family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
}

size_t packet_least(const struct packet *packet)
{
	switch (packet->key.protocol) {
	case IPPROTO_TCP:
		return WIRE_TCP_SIZE;
	case IPPROTO_UDP:
		return WIRE_UDP_SIZE;
	case IPPROTO_SCTP:
		return WIRE_SCTP_SIZE;
	default:
		return packet_is_icmp(packet) ? WIRE_ICMP_SIZE : 0;
	}
}

static void packet_take_transport(const uint8_t *frame, size_t end, struct packet *packet)
{
	const uint8_t *l4 = frame + packet->l4_offset;
	size_t room = end - packet->l4_offset, least = packet_least(packet);

	packet->kind = least ? PACKET_KIND_TRANSPORT : PACKET_KIND_IP_OTHER;
	if (least == 0)
		return;
	if (room < least)
		return packet_refuse(packet, PACKET_REASON_SHORT);
	if (packet_is_icmp(packet))
		return packet_take_icmp(l4, packet);
	if (packet->key.protocol == IPPROTO_TCP) {
		size_t header = (l4[WIRE_TCP_LENGTH] >> 4) * 4u;

		if (header < WIRE_TCP_SIZE || header > room)
			return packet_refuse(packet, PACKET_REASON_HEADER_LENGTH);
		packet->event = (uint8_t)transport_event_of_tcp(l4[WIRE_TCP_FLAGS]);
	} else if (packet->key.protocol == IPPROTO_SCTP) {
		packet->event = (uint8_t)transport_event_of_sctp(l4[WIRE_SCTP_CHUNK]);
	}
	memcpy(&packet->key.source_port, l4, WIRE_PORT_SIZE);
}

static void packet_parse_ipv4(
	const uint8_t *frame, size_t length, bool checked, struct packet *packet)
{
	const uint8_t *ip = frame + packet->l3_offset;
	size_t room = length - packet->l3_offset;

	if (room < WIRE_IPV4_SIZE)
		return packet_refuse(packet, PACKET_REASON_SHORT);
	size_t header = (ip[WIRE_IPV4_VERSION] & 15u) * 4,
	       total = wire_get16(ip + WIRE_IPV4_LENGTH);
	if (ip[WIRE_IPV4_VERSION] >> 4 != 4)
		return packet_refuse(packet, PACKET_REASON_VERSION);
	if (total < WIRE_IPV4_SIZE || total > room)
		return packet_refuse(packet, PACKET_REASON_TOTAL_LENGTH);
	if (header < WIRE_IPV4_SIZE || header > total)
		return packet_refuse(packet, PACKET_REASON_HEADER_LENGTH);
	if (!checked && checksum_fold(checksum_add(0, ip, header)) != 0xffff)
		return packet_refuse(packet, PACKET_REASON_HEADER_CHECKSUM);
	if (!packet_is_ipv4_source(ip + WIRE_IPV4_SOURCE, ip + WIRE_IPV4_DESTINATION))
		return packet_refuse(packet, PACKET_REASON_SOURCE);
	packet->l3_length = (uint16_t)total;
	packet_take_ipv4(frame, packet);
	if (packet->flags & PACKET_FLAG_FRAGMENT)
		packet->kind = PACKET_KIND_FRAGMENT;
	else
		packet_take_transport(frame, packet->l3_offset + total, packet);
}

static void packet_parse_ipv6(const uint8_t *frame, size_t length, struct packet *packet)
{
	const uint8_t *ip = frame + packet->l3_offset;
	size_t room = length - packet->l3_offset;
	unsigned int count = 0;

	if (room < WIRE_IPV6_SIZE)
		return packet_refuse(packet, PACKET_REASON_SHORT);
	size_t total = WIRE_IPV6_SIZE + wire_get16(ip + WIRE_IPV6_LENGTH);
	if (ip[WIRE_IPV6_VERSION] >> 4 != 6)
		return packet_refuse(packet, PACKET_REASON_VERSION);
	if (total > room)
		return packet_refuse(packet, PACKET_REASON_TOTAL_LENGTH);
	if (!packet_is_ipv6_source(ip + WIRE_IPV6_SOURCE, ip + WIRE_IPV6_DESTINATION))
		return packet_refuse(packet, PACKET_REASON_SOURCE);
	size_t end = packet->l3_offset + total;
	packet->l3_length = (uint16_t)total;
	packet_take_ipv6(frame, packet);
	enum packet_reason reason = packet_take_extensions(frame, end, packet, &count);
	if (reason != PACKET_REASON_NONE)
		return packet_refuse(packet, reason);
	if (packet->key.protocol != IPPROTO_FRAGMENT)
		return packet_take_transport(frame, end, packet);
	if (end - packet->l4_offset < WIRE_EXTENSION_UNIT)
		return packet_refuse(packet, PACKET_REASON_SHORT);
	packet->kind = PACKET_KIND_FRAGMENT;
	packet->flags |= PACKET_FLAG_FRAGMENT;
	packet->key.protocol = frame[packet->l4_offset + WIRE_EXTENSION_NEXT];
}

/* The Ethernet type behind the tag that is expected, and where what it says begins; 0 when it is another
 * tag, or cut off. A tag of number 0 says only a priority (IEEE 802.1Q §9.6). */
static unsigned int packet_take_link(
	const uint8_t *frame, size_t length, uint16_t vlan, struct packet *packet)
{
	size_t offset = WIRE_ETHERNET_SIZE;
	uint16_t tag = 0;

	packet->kind = PACKET_KIND_OTHER;
	if (length < WIRE_ETHERNET_SIZE || length > UINT16_MAX) {
		packet_refuse(packet, PACKET_REASON_SHORT);
		return 0;
	}
	unsigned int type = wire_get16(frame + WIRE_ETHERNET_TYPE);
	packet->flags = frame[0] & PACKET_FLAG_LINK_MULTICAST;
	if (type == WIRE_TYPE_TAG) {
		packet->flags |= PACKET_FLAG_TAGGED;
		if (length < WIRE_ETHERNET_SIZE + WIRE_ETHERNET_TAG_SIZE) {
			packet_refuse(packet, PACKET_REASON_SHORT);
			return 0;
		}
		tag = wire_get16(frame + offset) & 0xfff;
		offset += WIRE_ETHERNET_TAG_SIZE;
		type = wire_get16(frame + offset - 2);
	}
	packet->l3_offset = packet->l4_offset = (uint16_t)offset;
	return tag == vlan ? type : 0;
}

void packet_parse_slowly(
	const uint8_t *frame, size_t length, uint16_t vlan, bool checked, struct packet *packet)
{
	memset(packet, 0, sizeof(*packet));
	switch (packet_take_link(frame, length, vlan, packet)) {
	case WIRE_TYPE_IPV4:
		return packet_parse_ipv4(frame, length, checked, packet);
	case WIRE_TYPE_IPV6:
		return packet_parse_ipv6(frame, length, packet);
	case WIRE_TYPE_ARP:
		packet->kind = PACKET_KIND_ARP;
		return;
	default:
		return;
	}
}

void packet_parse(
	const uint8_t *frame, size_t length, uint16_t vlan, bool checked, struct packet *packet)
{
	size_t offset = WIRE_ETHERNET_SIZE;

	if (length >= WIRE_ETHERNET_SIZE + WIRE_ETHERNET_TAG_SIZE && length <= UINT16_MAX) {
		uint16_t type = wire_load16(frame + WIRE_ETHERNET_TYPE);
		uint8_t flags = frame[0] & PACKET_FLAG_LINK_MULTICAST;
		bool untagged = vlan == 0;

		if (vlan && type == htons(WIRE_TYPE_TAG)) {
			untagged = (wire_get16(frame + offset) & 0xfff) == vlan;
			flags |= PACKET_FLAG_TAGGED;
			offset += WIRE_ETHERNET_TAG_SIZE;
			type = wire_load16(frame + offset - 2);
		}
		if (untagged && type == htons(WIRE_TYPE_IPV4) &&
			packet_plain_ipv4(frame, length, offset, checked, flags, packet))
			return;
		if (untagged && type == htons(WIRE_TYPE_IPV6) &&
			packet_plain_ipv6(frame, length, offset, flags, packet))
			return;
	}
	packet_parse_slowly(frame, length, vlan, checked, packet);
}
