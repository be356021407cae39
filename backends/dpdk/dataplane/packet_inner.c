// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets inside others: the one that an ICMP error is about, and the one in a tunnel's packet.
 *
 * These have been sent already, by us or by those whom we sent them to. So nobody judges them: their
 * checksums and sources are not looked at. But an ICMP error has only their first bytes, often no
 * more than eight behind the IP header (RFC 792), so that each length is one of two: what the IP
 * header says of the whole, and what is there. Only the latter is believed. */
#include "backends/dpdk/dataplane/packet_private.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "backends/dpdk/dataplane/wire.h"
#include "base/macros.h"

/* The first word of GRE's header, and of GUE's (draft-ietf-intarea-gue §3.1). */
#define GRE_CHECKSUM 0x8000
#define GRE_SIZE     4
#define GUE_SIZE     4

/* Bytes of a packet that extensions may stand behind, at the least (RFC 4884 §3). */
#define QUOTED_LEAST 128

/* The transport of a packet that is known by a part of it. */
static void packet_within_transport(const uint8_t *frame, size_t end, struct packet *packet)
{
	const uint8_t *l4 = frame + packet->l4_offset;
	size_t room = end - packet->l4_offset;

	packet->kind = PACKET_KIND_IP_OTHER;
	if (packet_least(packet) == 0)
		return;
	if (!packet_is_icmp(packet)) {
		if (room < WIRE_PORT_SIZE)
			return packet_refuse(packet, PACKET_REASON_SHORT);
		packet->kind = PACKET_KIND_TRANSPORT;
		memcpy(&packet->key.source_port, l4, WIRE_PORT_SIZE);
		return;
	}
	if (room < WIRE_ICMP_IDENTIFIER + sizeof(uint16_t))
		return packet_refuse(packet, PACKET_REASON_SHORT);
	packet_take_icmp(l4, packet);
	if (packet->kind != PACKET_KIND_ICMP_QUERY)
		packet->kind = PACKET_KIND_BAD;
}

static void packet_within_ipv4(const uint8_t *frame, size_t end, struct packet *packet)
{
	const uint8_t *ip = frame + packet->l3_offset;
	size_t room = end - packet->l3_offset;

	if (room < WIRE_IPV4_SIZE)
		return packet_refuse(packet, PACKET_REASON_SHORT);
	size_t header = (ip[WIRE_IPV4_VERSION] & 15u) * 4,
	       total = wire_get16(ip + WIRE_IPV4_LENGTH);
	if (ip[WIRE_IPV4_VERSION] >> 4 != 4)
		return packet_refuse(packet, PACKET_REASON_VERSION);
	if (header < WIRE_IPV4_SIZE || header > total)
		return packet_refuse(packet, PACKET_REASON_HEADER_LENGTH);
	if (header > room)
		return packet_refuse(packet, PACKET_REASON_SHORT);
	packet->l3_length = (uint16_t)MIN(total, room);
	packet_take_ipv4(frame, packet);
	if (wire_get16(ip + WIRE_IPV4_FRAGMENT) & WIRE_FRAGMENT_OFFSET)
		return packet_refuse(packet, PACKET_REASON_SHORT);
	packet_within_transport(frame, packet->l3_offset + (size_t)packet->l3_length, packet);
}

/* Past a fragment's header, if it is the first fragment's. */
static enum packet_reason packet_within_fragment(
	const uint8_t *frame, size_t end, struct packet *packet, unsigned int *count)
{
	const uint8_t *header = frame + packet->l4_offset;

	if (end - packet->l4_offset < WIRE_EXTENSION_UNIT ||
		wire_get16(header + WIRE_EXTENSION_FRAGMENT) >> 3)
		return PACKET_REASON_SHORT;
	if (++*count > PACKET_EXTENSIONS_MOST)
		return PACKET_REASON_EXTENSIONS;
	packet->flags |= PACKET_FLAG_FRAGMENT;
	packet->key.protocol = header[WIRE_EXTENSION_NEXT];
	packet->l4_offset += WIRE_EXTENSION_UNIT;
	return packet_take_extensions(frame, end, packet, count);
}

static void packet_within_ipv6(const uint8_t *frame, size_t end, struct packet *packet)
{
	const uint8_t *ip = frame + packet->l3_offset;
	size_t room = end - packet->l3_offset;
	unsigned int count = 0;

	if (room < WIRE_IPV6_SIZE)
		return packet_refuse(packet, PACKET_REASON_SHORT);
	if (ip[WIRE_IPV6_VERSION] >> 4 != 6)
		return packet_refuse(packet, PACKET_REASON_VERSION);
	size_t total = WIRE_IPV6_SIZE + wire_get16(ip + WIRE_IPV6_LENGTH);
	packet->l3_length = (uint16_t)MIN(total, room);
	packet_take_ipv6(frame, packet);
	end = packet->l3_offset + (size_t)packet->l3_length;
	enum packet_reason reason = packet_take_extensions(frame, end, packet, &count);
	if (reason == PACKET_REASON_NONE && packet->key.protocol == IPPROTO_FRAGMENT)
		reason = packet_within_fragment(frame, end, packet, &count);
	if (reason != PACKET_REASON_NONE)
		return packet_refuse(packet, reason);
	packet_within_transport(frame, end, packet);
}

/* The packet of a family (0: not known) that begins `at` and has bytes up to `end`. */
static void packet_parse_within(
	const uint8_t *frame, size_t at, size_t end, unsigned int family, struct packet *packet)
{
	memset(packet, 0, sizeof(*packet));
	packet->l3_offset = packet->l4_offset = (uint16_t)at;
	if (at > end)
		packet_refuse(packet, PACKET_REASON_SHORT);
	else if (family == AF_INET)
		packet_within_ipv4(frame, end, packet);
	else if (family == AF_INET6)
		packet_within_ipv6(frame, end, packet);
	else
		packet_refuse(packet, PACKET_REASON_VERSION);
}

/* Whether such an error may have extensions behind the packet that it is about, and says so. */
static bool packet_may_extend(const struct packet *outer)
{
	if (outer->key.family == AF_INET6)
		return outer->icmp_type == WIRE_ICMP6_UNREACHABLE ||
		       outer->icmp_type == WIRE_ICMP6_TIME_EXCEEDED;
	return outer->icmp_type == WIRE_ICMP4_UNREACHABLE ||
	       outer->icmp_type == WIRE_ICMP4_TIME_EXCEEDED ||
	       outer->icmp_type == WIRE_ICMP4_PARAMETER;
}

/* Of `room` bytes behind an error's header, those of the packet that it is about: RFC 4884 has their number in
 * the header, in words of 4 bytes or of 8; where it has none, there is nothing else. */
static size_t packet_quoted(const uint8_t *icmp, const struct packet *outer, size_t room)
{
	size_t said = outer->key.family == AF_INET6 ? icmp[WIRE_ICMP6_QUOTED] * 8u
						    : icmp[WIRE_ICMP4_QUOTED] * 4u;

	if (said < QUOTED_LEAST || said > room || !packet_may_extend(outer))
		return room;
	return said;
}

void packet_parse_inner(
	const uint8_t *frame, size_t length, const struct packet *outer, struct packet *inner)
{
	size_t at = outer->l4_offset + (size_t)WIRE_ICMP_SIZE;
	size_t end = MIN(outer->l3_offset + (size_t)outer->l3_length, length);

	if (at < end)
		end = at + packet_quoted(frame + outer->l4_offset, outer, end - at);
	packet_parse_within(frame, at, end, outer->key.family, inner);
}

static unsigned int packet_family_of_protocol(uint8_t protocol)
{
	if (protocol == IPPROTO_IPIP)
		return AF_INET;
	return protocol == IPPROTO_IPV6 ? AF_INET6 : 0;
}

/* The family of what is in GRE, and the bytes before it: only a checksum may be there (RFC 2784). */
static unsigned int packet_gre_family(const uint8_t *header, size_t room, size_t *size)
{
	unsigned int flags = room < GRE_SIZE ? UINT16_MAX : wire_get16(header);
	unsigned int type = room < GRE_SIZE ? 0 : wire_get16(header + 2);

	*size = flags == GRE_CHECKSUM ? 2 * GRE_SIZE : GRE_SIZE;
	if (flags != GRE_CHECKSUM && flags != 0)
		return 0;
	if (type == WIRE_TYPE_IPV4)
		return AF_INET;
	return type == WIRE_TYPE_IPV6 ? AF_INET6 : 0;
}

/* The same of GUE: version 0, no control message. The first byte's last bits count the words behind
 * the first. */
static unsigned int packet_gue_family(const uint8_t *header, size_t room, size_t *size)
{
	if (room < WIRE_UDP_SIZE + GUE_SIZE || header[WIRE_UDP_SIZE] >> 5)
		return 0;
	*size = WIRE_UDP_SIZE + GUE_SIZE + (header[WIRE_UDP_SIZE] & 31u) * 4;
	return packet_family_of_protocol(header[WIRE_UDP_SIZE + 1]);
}

void packet_parse_tunnelled(
	const uint8_t *frame, size_t length, const struct packet *inner, struct packet *tunnelled)
{
	size_t end = MIN(length, inner->l3_offset + (size_t)inner->l3_length), size = 0;
	size_t room = end > inner->l4_offset ? end - inner->l4_offset : 0;
	const uint8_t *header = frame + inner->l4_offset;
	unsigned int family = 0;

	if (inner->key.protocol == IPPROTO_GRE)
		family = packet_gre_family(header, room, &size);
	else if (inner->key.protocol == IPPROTO_UDP)
		family = packet_gue_family(header, room, &size);
	else
		family = packet_family_of_protocol(inner->key.protocol);
	packet_parse_within(frame, inner->l4_offset + size, end, family, tunnelled);
}
