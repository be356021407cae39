// SPDX-License-Identifier: GPL-2.0-or-later
/* A frame is written field by field from its start, with a cursor that only goes forward: each function below reads like the
 * figure in its RFC.
 *
 * Three fields are a choice:
 *  - The target hardware address of ARP is zero in a request (RFC 5227 §2.3) and the announced one in a reply (RFC 5944
 *    §4.6). Linux takes a reply for gratuitous only so, and otherwise ignores it for a second after the last change.
 *  - The source of the neighbour advertisement is the announced address itself: it is on the interface (RFC 4861 §4.4), and
 *    a packet filter that knows the address lets it through, whatever else the machine is called.
 *  - The override flag is always set, or nobody would change what he knows (RFC 4861 §7.2.5). */
#include "vrrp/announce_frame.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <string.h>

#include "base/inet_sum.h"

#define ARP_HARDWARE_ETHERNET 1
#define ARP_OPERATION_REQUEST 1
#define ARP_OPERATION_REPLY   2

#define ND_SIZE             32 /* behind it */
#define ND_HOP_LIMIT        255
#define ND_ADVERTISEMENT    136
#define ND_FLAG_ROUTER      0x80000000u
#define ND_FLAG_OVERRIDE    0x20000000u
#define ND_OPTION_TARGET    2
#define ND_OPTION_UNITS     1 /* of 8 bytes */
#define ND_CHECKSUM_OFFSET  2
#define ND_ADDRESSES_OFFSET 8 /* in the header of IPv6: both, one behind the other */

static const uint8_t ethernet_broadcast[ANNOUNCE_MAC_SIZE] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
/* RFC 2464 §7: the group's last four bytes. */
static const uint8_t ethernet_all_nodes[ANNOUNCE_MAC_SIZE] = {0x33, 0x33, 0, 0, 0, 1};
static const uint8_t ipv6_all_nodes[16] = {0xff, 0x02, [15] = 1};

static uint8_t *frame_put(uint8_t *at, const void *bytes, size_t size)
{
	memcpy(at, bytes, size);
	return at + size;
}

static uint8_t *frame_put_8(uint8_t *at, uint8_t value)
{
	*at = value;
	return at + 1;
}

static uint8_t *frame_put_16(uint8_t *at, uint16_t value)
{
	value = htons(value);
	return frame_put(at, &value, sizeof(value));
}

static uint8_t *frame_put_32(uint8_t *at, uint32_t value)
{
	value = htonl(value);
	return frame_put(at, &value, sizeof(value));
}

static uint8_t *frame_ethernet(uint8_t *at, const uint8_t *to, const uint8_t *from, uint16_t type)
{
	at = frame_put(at, to, ANNOUNCE_MAC_SIZE);
	at = frame_put(at, from, ANNOUNCE_MAC_SIZE);
	return frame_put_16(at, type);
}

/* RFC 826. */
static uint8_t *frame_arp(uint8_t *at, const struct announce_content *content)
{
	static const uint8_t nobody[ANNOUNCE_MAC_SIZE];
	bool reply = content->form == ANNOUNCE_FORM_REPLY;
	size_t size = address_size(AF_INET);

	at = frame_ethernet(at, ethernet_broadcast, content->mac, ETH_P_ARP);
	at = frame_put_16(at, ARP_HARDWARE_ETHERNET);
	at = frame_put_16(at, ETH_P_IP);
	at = frame_put_8(at, ANNOUNCE_MAC_SIZE);
	at = frame_put_8(at, (uint8_t)size);
	at = frame_put_16(at, reply ? ARP_OPERATION_REPLY : ARP_OPERATION_REQUEST);
	at = frame_put(at, content->mac, ANNOUNCE_MAC_SIZE);
	at = frame_put(at, content->address.bytes, size);
	at = frame_put(at, reply ? content->mac : nobody, ANNOUNCE_MAC_SIZE);
	return frame_put(at, content->address.bytes, size);
}

/* With the pseudo-header of RFC 8200 §8.1. */
static uint16_t frame_nd_checksum(const uint8_t *header, const uint8_t *message)
{
	size_t addresses = 2 * address_size(AF_INET6);
	uint32_t sum = inet_sum(header + ND_ADDRESSES_OFFSET, addresses) + ND_SIZE +
		       IPPROTO_ICMPV6 + inet_sum(message, ND_SIZE);

	return (uint16_t)~inet_fold(sum);
}

/* RFC 4861 §4.4, with the option of §4.6.1. */
static uint8_t *frame_neighbour(uint8_t *at, const struct announce_content *content)
{
	uint8_t *header, *message;
	size_t size = address_size(AF_INET6);

	header = at = frame_ethernet(at, ethernet_all_nodes, content->mac, ETH_P_IPV6);
	at = frame_put_32(at, 6u << 28);
	at = frame_put_16(at, ND_SIZE);
	at = frame_put_8(at, IPPROTO_ICMPV6);
	at = frame_put_8(at, ND_HOP_LIMIT);
	at = frame_put(at, content->address.bytes, size);
	message = at = frame_put(at, ipv6_all_nodes, size);
	at = frame_put_8(at, ND_ADVERTISEMENT);
	at = frame_put_8(at, 0);
	at = frame_put_16(at, 0);
	at = frame_put_32(at, (content->router ? ND_FLAG_ROUTER : 0) | ND_FLAG_OVERRIDE);
	at = frame_put(at, content->address.bytes, size);
	at = frame_put_8(at, ND_OPTION_TARGET);
	at = frame_put_8(at, ND_OPTION_UNITS);
	at = frame_put(at, content->mac, ANNOUNCE_MAC_SIZE);
	frame_put_16(message + ND_CHECKSUM_OFFSET, frame_nd_checksum(header, message));
	return at;
}

uint16_t announce_frame_protocol(const struct announce_content *content)
{
	if (content->address.family == AF_INET)
		return ETH_P_ARP;
	return content->address.family == AF_INET6 ? ETH_P_IPV6 : 0;
}

size_t announce_frame(
	const struct announce_content *content, uint8_t frame[static ANNOUNCE_FRAME_MOST])
{
	switch (announce_frame_protocol(content)) {
	case ETH_P_ARP:
		return (size_t)(frame_arp(frame, content) - frame);
	case ETH_P_IPV6:
		return (size_t)(frame_neighbour(frame, content) - frame);
	default:
		return 0;
	}
}
