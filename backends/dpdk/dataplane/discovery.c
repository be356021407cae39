// SPDX-License-Identifier: GPL-2.0-or-later
/* A message that must be discarded (RFC 4861 §7.1.1, §7.1.2) is not looked at any further: one that came
 * through a router (hop limit below 255), is cut off, has a wrong checksum, an option without length, a
 * group as its target, or says of itself what cannot be.
 *
 * A message behind extension headers is none for us: fragments must not be believed (RFC 6980), and
 * nobody sends others. */
#include "backends/dpdk/dataplane/discovery.h"

#include <sys/socket.h>

#include "backends/dpdk/dataplane/checksum.h"

#define IPV6_SIZE               40u
#define IPV6_OFFSET_LENGTH      4u
#define IPV6_OFFSET_NEXT        6u
#define IPV6_OFFSET_HOPS        7u
#define IPV6_OFFSET_SOURCE      8u
#define IPV6_OFFSET_DESTINATION 24u
#define PROTOCOL_ICMPV6         58u
#define HOPS                    255u

#define MESSAGE_SIZE            24u
#define MESSAGE_OFFSET_CODE     1u
#define MESSAGE_OFFSET_CHECKSUM 2u
#define MESSAGE_OFFSET_FLAGS    4u
#define MESSAGE_OFFSET_TARGET   8u

#define TYPE_SOLICITATION  135u
#define TYPE_ADVERTISEMENT 136u

#define FLAG_ROUTER    0x80u
#define FLAG_SOLICITED 0x40u
#define FLAG_OVERRIDE  0x20u

#define OPTION_UNIT        8u
#define OPTION_SOURCE_LINK 1u
#define OPTION_TARGET_LINK 2u

static bool discovery_is_group(const uint8_t address[static 16])
{
	return address[0] == 0xff;
}

static bool discovery_is_unspecified(const uint8_t address[static 16])
{
	static const uint8_t none[16];

	return memcmp(address, none, sizeof(none)) == 0;
}

void discovery_solicited_node(const uint8_t address[static 16], uint8_t group[static 16])
{
	static const uint8_t prefix[13] = {0xff, 0x02, [11] = 1, [12] = 0xff};

	memcpy(group, prefix, sizeof(prefix));
	memcpy(group + sizeof(prefix), address + sizeof(prefix), 16 - sizeof(prefix));
}

/* ff02::1:ffXX:XXXX */
static bool discovery_is_solicited_node(const uint8_t address[static 16])
{
	uint8_t group[16];

	discovery_solicited_node(address, group);
	return memcmp(group, address, sizeof(group)) == 0;
}

/* The whole message summed with its pseudo-header, its checksum in it: all ones when it is right. */
static bool discovery_checksum_is_right(
	const uint8_t *packet, const uint8_t *message, size_t length)
{
	uint8_t pseudo[8] = {
		0, 0, (uint8_t)(length >> 8), (uint8_t)length, 0, 0, 0, PROTOCOL_ICMPV6};
	uint64_t sum = checksum_add(0, packet + IPV6_OFFSET_SOURCE, 32);

	sum = checksum_add(sum, pseudo, sizeof(pseudo));
	return checksum_fold(checksum_add(sum, message, length)) == 0xffff;
}

/* False when an option is none. */
static bool discovery_parse_options(
	const uint8_t *at, size_t length, struct discovery_message *message)
{
	uint8_t wanted = message->advertisement ? OPTION_TARGET_LINK : OPTION_SOURCE_LINK;

	while (length) {
		size_t size = length < 2 ? 0 : at[1] * OPTION_UNIT;

		if (!size || size > length)
			return false;
		if (at[0] == wanted && size == OPTION_UNIT && !message->has_link &&
			link_is_station(at + 2)) {
			message->has_link = true;
			memcpy(message->link, at + 2, LINK_SIZE);
		}
		at += size;
		length -= size;
	}
	return true;
}

static bool discovery_may_be(const struct discovery_message *message)
{
	if (discovery_is_group(message->target) || discovery_is_group(message->source))
		return false;
	if (message->advertisement)
		return !(message->solicited && discovery_is_group(message->destination)) &&
		       !discovery_is_unspecified(message->source);
	/* Who asks whether an address is free asks its group, and is nowhere yet. */
	return !discovery_is_unspecified(message->source) ||
	       (discovery_is_solicited_node(message->destination) && !message->has_link);
}

static bool discovery_headers_are_right(const uint8_t *packet, size_t length)
{
	const uint8_t *message = packet + IPV6_SIZE;

	if (length < IPV6_SIZE + MESSAGE_SIZE || packet[0] >> 4 != 6 ||
		packet[IPV6_OFFSET_NEXT] != PROTOCOL_ICMPV6 || packet[IPV6_OFFSET_HOPS] != HOPS)
		return false;
	size_t said = link_get_16(packet + IPV6_OFFSET_LENGTH);
	if (said < MESSAGE_SIZE || said > length - IPV6_SIZE)
		return false;
	if (message[0] != TYPE_SOLICITATION && message[0] != TYPE_ADVERTISEMENT)
		return false;
	return !message[MESSAGE_OFFSET_CODE] && discovery_checksum_is_right(packet, message, said);
}

bool discovery_parse(const uint8_t *packet, size_t length, struct discovery_message *ret)
{
	const uint8_t *bytes = packet + IPV6_SIZE;
	struct discovery_message message = {};

	if (!discovery_headers_are_right(packet, length))
		return false;
	message.advertisement = bytes[0] == TYPE_ADVERTISEMENT;
	if (message.advertisement) {
		message.router = bytes[MESSAGE_OFFSET_FLAGS] & FLAG_ROUTER;
		message.solicited = bytes[MESSAGE_OFFSET_FLAGS] & FLAG_SOLICITED;
		message.override = bytes[MESSAGE_OFFSET_FLAGS] & FLAG_OVERRIDE;
	}
	memcpy(message.source, packet + IPV6_OFFSET_SOURCE, sizeof(message.source));
	memcpy(message.destination, packet + IPV6_OFFSET_DESTINATION, sizeof(message.destination));
	memcpy(message.target, bytes + MESSAGE_OFFSET_TARGET, sizeof(message.target));
	if (!discovery_parse_options(bytes + MESSAGE_SIZE,
		    link_get_16(packet + IPV6_OFFSET_LENGTH) - MESSAGE_SIZE, &message) ||
		!discovery_may_be(&message))
		return false;
	*ret = message;
	return true;
}

static uint8_t *discovery_put(uint8_t *at, const void *bytes, size_t size)
{
	memcpy(at, bytes, size);
	return at + size;
}

static uint8_t *discovery_put_message(
	uint8_t *at, const struct discovery_message *message, const uint8_t from[static LINK_SIZE])
{
	uint8_t flags = 0;

	if (message->advertisement)
		flags = (uint8_t)((message->router ? FLAG_ROUTER : 0) |
				  (message->solicited ? FLAG_SOLICITED : 0) |
				  (message->override ? FLAG_OVERRIDE : 0));
	*at++ = message->advertisement ? TYPE_ADVERTISEMENT : TYPE_SOLICITATION;
	*at++ = 0;
	at = link_put_16(at, 0);
	*at++ = flags;
	at = discovery_put(at, (uint8_t[3]){}, 3);
	at = discovery_put(at, message->target, sizeof(message->target));
	if (!message->has_link)
		return at;
	*at++ = message->advertisement ? OPTION_TARGET_LINK : OPTION_SOURCE_LINK;
	*at++ = 1;
	return discovery_put(at, from, LINK_SIZE);
}

size_t discovery_write(uint8_t frame[static DISCOVERY_FRAME_MOST],
	const struct discovery_message *message, const uint8_t from[static LINK_SIZE],
	const uint8_t *to, uint16_t vlan)
{
	uint8_t group[LINK_SIZE] = {0x33, 0x33};
	size_t size = MESSAGE_SIZE + (message->has_link ? OPTION_UNIT : 0);
	uint8_t *at, *body;
	uint16_t sum;

	memcpy(group + 2, message->destination + 12, 4);
	at = link_put_header(frame, to ? to : group, from, vlan, LINK_TYPE_IPV6);
	at = discovery_put(at, (uint8_t[4]){0x60}, 4);
	at = link_put_16(at, (uint16_t)size);
	*at++ = PROTOCOL_ICMPV6;
	*at++ = HOPS;
	at = discovery_put(at, message->source, sizeof(message->source));
	body = at = discovery_put(at, message->destination, sizeof(message->destination));
	at = discovery_put_message(at, message, from);
	sum = checksum_of_transport(
		AF_INET6, message->source, message->destination, PROTOCOL_ICMPV6, body, size);
	memcpy(body + MESSAGE_OFFSET_CHECKSUM, &sum, sizeof(sum));
	return (size_t)(at - frame);
}
