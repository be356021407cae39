// SPDX-License-Identifier: GPL-2.0-or-later
/* ICMP in bytes.
 *
 * An error has the packet that it is about inside, and three checksums may know an address of that:
 * its own IPv4 header's, its transport's if enough of it is there, and the one of the error, which
 * covers all of the others. Each is mended by what has changed below it, and its own change is counted
 * for the one above. ICMPv6 knows the addresses outside as well, ICMP does not.
 *
 * Nothing but SCTP's CRC depends on bytes that are missing, and it only on their number, which the IP
 * header inside says; not so if that packet is a fragment: then the CRC is left. */
#include "backends/dpdk/dataplane/icmp.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "backends/dpdk/dataplane/checksum.h"
#include "backends/dpdk/dataplane/wire.h"
#include "base/macros.h"

#define OWN_TTL 64
/* Of errors over IPv4: internetwork control (RFC 1812 §4.3.2.5). */
#define ERROR_TOS 0xc0
/* Bytes of an error, at most (RFC 1812 §4.3.2.3; RFC 4443 §2.4 (c)). */
#define ERROR_MOST_IPV4 576
#define ERROR_MOST_IPV6 1280

struct icmp_words {
	uint8_t type, code;
};

/* Types and codes of RFC 792 and RFC 4443. */
static const struct icmp_words icmp_errors4[] = {
	[ICMP_ERROR_TIME_EXCEEDED] = {WIRE_ICMP4_TIME_EXCEEDED, 0},
	[ICMP_ERROR_TOO_BIG] = {WIRE_ICMP4_UNREACHABLE, WIRE_ICMP4_TOO_BIG_CODE},
	[ICMP_ERROR_NO_ROUTE] = {WIRE_ICMP4_UNREACHABLE, 0},
	[ICMP_ERROR_HOST_UNREACHABLE] = {WIRE_ICMP4_UNREACHABLE, 1},
	[ICMP_ERROR_PORT_UNREACHABLE] = {WIRE_ICMP4_UNREACHABLE, 3},
	[ICMP_ERROR_REASSEMBLY] = {WIRE_ICMP4_TIME_EXCEEDED, 1},
};
_Static_assert(ARRAY_LENGTH(icmp_errors4) == ICMP_ERROR_COUNT, "each error has its type");

static const struct icmp_words icmp_errors6[] = {
	[ICMP_ERROR_TIME_EXCEEDED] = {WIRE_ICMP6_TIME_EXCEEDED, 0},
	[ICMP_ERROR_TOO_BIG] = {WIRE_ICMP6_TOO_BIG, 0},
	[ICMP_ERROR_NO_ROUTE] = {WIRE_ICMP6_UNREACHABLE, 0},
	[ICMP_ERROR_HOST_UNREACHABLE] = {WIRE_ICMP6_UNREACHABLE, 3},
	[ICMP_ERROR_PORT_UNREACHABLE] = {WIRE_ICMP6_UNREACHABLE, 4},
	[ICMP_ERROR_REASSEMBLY] = {WIRE_ICMP6_TIME_EXCEEDED, 1},
};
_Static_assert(ARRAY_LENGTH(icmp_errors6) == ICMP_ERROR_COUNT, "each error has its type");

/* A new value for a field, and the difference that it makes to the sums over it. */
static uint64_t icmp_replace(uint8_t *field, const void *bytes, size_t size)
{
	uint64_t difference = checksum_difference_bytes(field, bytes, size);

	memcpy(field, bytes, size);
	return difference;
}

static uint64_t icmp_replace16(uint8_t *field, uint16_t value)
{
	uint64_t difference = checksum_difference(wire_load16(field), value);

	wire_store16(field, value);
	return difference;
}

/* The same for a checksum that `difference` is applied to. */
static uint64_t icmp_mend(uint8_t *field, uint64_t difference)
{
	return icmp_replace16(field, checksum_mend(wire_load16(field), difference));
}

static bool icmp_is_error(uint8_t family, uint8_t type)
{
	if (family == AF_INET6)
		return type < WIRE_ICMP6_ECHO || type == WIRE_ICMP6_REDIRECT;
	return type == WIRE_ICMP4_UNREACHABLE || type == WIRE_ICMP4_QUENCH ||
	       type == WIRE_ICMP4_REDIRECT || type == WIRE_ICMP4_TIME_EXCEEDED ||
	       type == WIRE_ICMP4_PARAMETER;
}

/* A first fragment, which is not one of an error. */
static bool icmp_may_answer_fragment(const uint8_t *frame, const struct packet *packet)
{
	bool ipv6 = packet->key.family == AF_INET6;
	size_t end = packet->l3_offset + (size_t)packet->l3_length;
	size_t type = packet->l4_offset + (ipv6 ? (size_t)WIRE_EXTENSION_UNIT : 0);
	uint16_t offset =
		ipv6 ? wire_get16(frame + packet->l4_offset + WIRE_EXTENSION_FRAGMENT) >> 3
		     : wire_get16(frame + packet->l3_offset + WIRE_IPV4_FRAGMENT) &
				WIRE_FRAGMENT_OFFSET;

	if (offset)
		return false;
	if (packet->key.protocol != (ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		return true;
	return type < end && !icmp_is_error(packet->key.family, frame[type]);
}

/* Whether both ends are single machines. */
static bool icmp_is_between_hosts(const struct flow_key *key)
{
	static const uint8_t unspecified[16];

	if (memcmp(key->source, unspecified, sizeof(unspecified)) == 0)
		return false;
	if (key->family == AF_INET6)
		return key->destination[0] != 0xff;
	/* Broadcast is beyond the groups. */
	return key->destination[0] < 224;
}

bool icmp_may_answer(const uint8_t *frame, const struct packet *packet)
{
	if (packet->flags & PACKET_FLAG_LINK_MULTICAST)
		return false;
	switch (packet->kind) {
	case PACKET_KIND_TRANSPORT:
	case PACKET_KIND_ICMP_QUERY:
	case PACKET_KIND_IP_OTHER:
		break;
	case PACKET_KIND_ICMP_OTHER:
		if (icmp_is_error(packet->key.family, packet->icmp_type))
			return false;
		break;
	case PACKET_KIND_FRAGMENT:
		if (!icmp_may_answer_fragment(frame, packet))
			return false;
		break;
	default:
		return false;
	}
	return icmp_is_between_hosts(&packet->key);
}

static void icmp_swap(uint8_t *a, uint8_t *b, size_t size)
{
	uint8_t kept[16];

	memcpy(kept, a, size);
	memcpy(a, b, size);
	memcpy(b, kept, size);
}

void icmp_echo_reply(uint8_t *frame, const struct packet *packet)
{
	uint8_t *ip = frame + packet->l3_offset, *icmp = frame + packet->l4_offset;
	uint16_t word = wire_load16(icmp + WIRE_ICMP_TYPE);

	icmp_swap(frame + WIRE_ETHERNET_DESTINATION, frame + WIRE_ETHERNET_SOURCE,
		WIRE_ETHERNET_ADDRESS_SIZE);
	if (packet->key.family == AF_INET6) {
		icmp_swap(ip + WIRE_IPV6_SOURCE, ip + WIRE_IPV6_DESTINATION, 16);
		ip[WIRE_IPV6_HOPS] = OWN_TTL;
		icmp[WIRE_ICMP_TYPE] = WIRE_ICMP6_ECHO_REPLY;
	} else {
		uint16_t ttl = wire_load16(ip + WIRE_IPV4_TTL);

		icmp_swap(ip + WIRE_IPV4_SOURCE, ip + WIRE_IPV4_DESTINATION, 4);
		ip[WIRE_IPV4_TTL] = OWN_TTL;
		icmp_mend(ip + WIRE_IPV4_CHECKSUM,
			checksum_difference(ttl, wire_load16(ip + WIRE_IPV4_TTL)));
		icmp[WIRE_ICMP_TYPE] = WIRE_ICMP4_ECHO_REPLY;
	}
	icmp_mend(icmp + WIRE_ICMP_CHECKSUM,
		checksum_difference(word, wire_load16(icmp + WIRE_ICMP_TYPE)));
}

static void icmp_put_ipv4(uint8_t *ip, size_t length, const struct packet *packet,
	enum icmp_error error, uint16_t mtu, const uint8_t *source)
{
	uint8_t *icmp = ip + WIRE_IPV4_SIZE;

	ip[WIRE_IPV4_VERSION] = 4 << 4 | WIRE_IPV4_SIZE / 4;
	ip[WIRE_IPV4_TOS] = ERROR_TOS;
	wire_set16(ip + WIRE_IPV4_LENGTH, (uint16_t)length);
	/* Never fragmented, it needs no identification (RFC 6864). */
	wire_set16(ip + WIRE_IPV4_FRAGMENT, WIRE_FRAGMENT_DONT);
	ip[WIRE_IPV4_TTL] = OWN_TTL;
	ip[WIRE_IPV4_PROTOCOL] = IPPROTO_ICMP;
	memcpy(ip + WIRE_IPV4_SOURCE, source, 4);
	memcpy(ip + WIRE_IPV4_DESTINATION, packet->key.source, 4);
	wire_store16(ip + WIRE_IPV4_CHECKSUM, checksum_of_ipv4(ip, WIRE_IPV4_SIZE));
	icmp[WIRE_ICMP_TYPE] = icmp_errors4[error].type;
	icmp[WIRE_ICMP_CODE] = icmp_errors4[error].code;
	if (error == ICMP_ERROR_TOO_BIG)
		wire_set16(icmp + WIRE_ICMP_MTU4, mtu);
	wire_store16(icmp + WIRE_ICMP_CHECKSUM,
		(uint16_t)~checksum_fold(checksum_add(0, icmp, length - WIRE_IPV4_SIZE)));
}

static void icmp_put_ipv6(uint8_t *ip, size_t length, const struct packet *packet,
	enum icmp_error error, uint16_t mtu, const uint8_t *source)
{
	uint8_t *icmp = ip + WIRE_IPV6_SIZE;

	length -= WIRE_IPV6_SIZE;
	ip[WIRE_IPV6_VERSION] = 6 << 4;
	wire_set16(ip + WIRE_IPV6_LENGTH, (uint16_t)length);
	ip[WIRE_IPV6_NEXT] = IPPROTO_ICMPV6;
	ip[WIRE_IPV6_HOPS] = OWN_TTL;
	memcpy(ip + WIRE_IPV6_SOURCE, source, 16);
	memcpy(ip + WIRE_IPV6_DESTINATION, packet->key.source, 16);
	icmp[WIRE_ICMP_TYPE] = icmp_errors6[error].type;
	icmp[WIRE_ICMP_CODE] = icmp_errors6[error].code;
	if (error == ICMP_ERROR_TOO_BIG)
		wire_set32(icmp + WIRE_ICMP_MTU6, mtu);
	wire_store16(icmp + WIRE_ICMP_CHECKSUM,
		checksum_of_transport(
			AF_INET6, source, packet->key.source, IPPROTO_ICMPV6, icmp, length));
}

size_t icmp_make_error(uint8_t *to, size_t size, const uint8_t *frame, const struct packet *packet,
	enum icmp_error error, uint16_t mtu, const uint8_t *source)
{
	bool ipv6 = packet->key.family == AF_INET6;
	size_t headers = (ipv6 ? WIRE_IPV6_SIZE : WIRE_IPV4_SIZE) + WIRE_ICMP_SIZE;
	size_t most = ipv6 ? ERROR_MOST_IPV6 : ERROR_MOST_IPV4;
	size_t length = MIN(headers + packet->l3_length, most);

	if (length > size)
		return 0;
	memset(to, 0, headers);
	memcpy(to + headers, frame + packet->l3_offset, length - headers);
	if (ipv6)
		icmp_put_ipv6(to, length, packet, error, mtu, source);
	else
		icmp_put_ipv4(to, length, packet, error, mtu, source);
	return length;
}

static uint64_t icmp_translate_sctp(
	uint8_t *l4, size_t room, const uint8_t *ip, const struct packet *inner, uint32_t change)
{
	size_t headers = (size_t)inner->l4_offset - inner->l3_offset, said;
	uint8_t *field = l4 + WIRE_SCTP_CHECKSUM;

	if (inner->key.family == AF_INET6)
		said = WIRE_IPV6_SIZE + wire_get16(ip + WIRE_IPV6_LENGTH);
	else
		said = wire_get16(ip + WIRE_IPV4_LENGTH);
	if (room < WIRE_SCTP_CHECKSUM + sizeof(uint32_t) || inner->flags & PACKET_FLAG_FRAGMENT)
		return 0;
	uint32_t mended = wire_load32(field) ^ checksum_difference_sctp(change, said - headers);
	return icmp_replace(field, &mended, sizeof(mended));
}

/* The checksum of the transport inside, if it is there; `difference` is what has changed below it. */
static uint64_t icmp_translate_checksum(
	uint8_t *l4, size_t room, const struct packet *inner, uint64_t difference)
{
	size_t at;

	if (inner->kind == PACKET_KIND_IP_OTHER)
		return 0;
	if (inner->key.protocol == IPPROTO_TCP)
		at = WIRE_TCP_CHECKSUM;
	else if (inner->key.protocol == IPPROTO_UDP)
		at = WIRE_UDP_CHECKSUM;
	else if (inner->key.protocol == IPPROTO_ICMPV6)
		at = WIRE_ICMP_CHECKSUM;
	else
		return 0;
	if (room < at + sizeof(uint16_t))
		return 0;
	if (inner->key.protocol == IPPROTO_UDP)
		return icmp_replace16(l4 + at, checksum_mend_udp(wire_load16(l4 + at), difference));
	return icmp_mend(l4 + at, difference);
}

/* What is inside, with its ports; returns the difference that all of it makes. */
static uint64_t icmp_translate_inner(
	uint8_t *frame, const struct packet *inner, const struct icmp_translation *translation)
{
	bool ipv6 = inner->key.family == AF_INET6;
	uint8_t *ip = frame + inner->l3_offset, *l4 = frame + inner->l4_offset;
	size_t size = ipv6 ? 16 : 4;
	size_t room = inner->l3_offset + (size_t)inner->l3_length - inner->l4_offset;
	uint64_t addresses = 0, ports = 0, above = 0;

	if (translation->inner_source)
		addresses += icmp_replace(ip + (ipv6 ? WIRE_IPV6_SOURCE : WIRE_IPV4_SOURCE),
			translation->inner_source, size);
	if (translation->inner_destination)
		addresses +=
			icmp_replace(ip + (ipv6 ? WIRE_IPV6_DESTINATION : WIRE_IPV4_DESTINATION),
				translation->inner_destination, size);
	if (!ipv6)
		above += icmp_mend(ip + WIRE_IPV4_CHECKSUM, addresses);
	if (inner->kind == PACKET_KIND_TRANSPORT) {
		uint32_t before = wire_load32(l4);

		if (translation->inner_source_port)
			ports += icmp_replace16(
				l4 + WIRE_PORT_SOURCE, translation->inner_source_port);
		if (translation->inner_destination_port)
			ports += icmp_replace16(
				l4 + WIRE_PORT_DESTINATION, translation->inner_destination_port);
		if (inner->key.protocol == IPPROTO_SCTP)
			above += icmp_translate_sctp(l4, room, ip, inner, before ^ wire_load32(l4));
	}
	above += icmp_translate_checksum(l4, room, inner, addresses + ports);
	return addresses + ports + above;
}

void icmp_translate(uint8_t *frame, const struct packet *outer, const struct packet *inner,
	const struct icmp_translation *translation)
{
	bool ipv6 = outer->key.family == AF_INET6;
	uint8_t *ip = frame + outer->l3_offset, *icmp = frame + outer->l4_offset;
	size_t size = ipv6 ? 16 : 4;
	uint64_t difference = icmp_translate_inner(frame, inner, translation), addresses = 0;

	if (translation->outer_source)
		addresses += icmp_replace(ip + (ipv6 ? WIRE_IPV6_SOURCE : WIRE_IPV4_SOURCE),
			translation->outer_source, size);
	if (translation->outer_destination)
		addresses +=
			icmp_replace(ip + (ipv6 ? WIRE_IPV6_DESTINATION : WIRE_IPV4_DESTINATION),
				translation->outer_destination, size);
	if (ipv6) {
		ip[WIRE_IPV6_HOPS]--;
		difference += addresses;
	} else {
		uint16_t ttl = wire_load16(ip + WIRE_IPV4_TTL);

		ip[WIRE_IPV4_TTL]--;
		addresses += checksum_difference(ttl, wire_load16(ip + WIRE_IPV4_TTL));
		icmp_mend(ip + WIRE_IPV4_CHECKSUM, addresses);
	}
	icmp_mend(icmp + WIRE_ICMP_CHECKSUM, difference);
}
