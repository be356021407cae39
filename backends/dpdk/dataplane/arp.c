// SPDX-License-Identifier: GPL-2.0-or-later
/* A message is 28 bytes, one after another as the figure in RFC 826 has them: kind of link and protocol,
 * lengths of their addresses, operation, then sender and target.
 *
 * What is believed is only what one station may say of itself: its link address is no group, and its IPv4
 * address is one that a host may have, or none (RFC 5227's probe). Whether the Ethernet source is the
 * same as the sender's is not asked: virtual routers send from other addresses than they announce. */
#include "backends/dpdk/dataplane/arp.h"

#define HARDWARE_ETHERNET 1
#define OPERATION_REQUEST 1
#define OPERATION_REPLY   2

#define OFFSET_OPERATION   6
#define OFFSET_SENDER_LINK 8
#define OFFSET_SENDER      14
#define OFFSET_TARGET_LINK 18
#define OFFSET_TARGET      24

static const uint8_t arp_kind[OFFSET_OPERATION] = {
	0, HARDWARE_ETHERNET, LINK_TYPE_IPV4 >> 8, LINK_TYPE_IPV4 & 0xff, LINK_SIZE, 4};
static const uint8_t arp_all[LINK_SIZE] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* 0.0.0.0 itself, and 1 to 223 but for loopback. */
static bool arp_may_be_host(const uint8_t address[static 4])
{
	static const uint8_t none[4];

	if (memcmp(address, none, sizeof(none)) == 0)
		return true;
	return address[0] > 0 && address[0] < 224 && address[0] != 127;
}

bool arp_parse(const uint8_t *bytes, size_t length, struct arp_message *ret)
{
	uint16_t operation;

	if (length < ARP_SIZE || memcmp(bytes, arp_kind, sizeof(arp_kind)) != 0)
		return false;
	operation = link_get_16(bytes + OFFSET_OPERATION);
	if (operation != OPERATION_REQUEST && operation != OPERATION_REPLY)
		return false;
	if (!link_is_station(bytes + OFFSET_SENDER_LINK) || !arp_may_be_host(bytes + OFFSET_SENDER))
		return false;
	ret->reply = operation == OPERATION_REPLY;
	memcpy(ret->sender_link, bytes + OFFSET_SENDER_LINK, sizeof(ret->sender_link));
	memcpy(ret->sender, bytes + OFFSET_SENDER, sizeof(ret->sender));
	memcpy(ret->target_link, bytes + OFFSET_TARGET_LINK, sizeof(ret->target_link));
	memcpy(ret->target, bytes + OFFSET_TARGET, sizeof(ret->target));
	return true;
}

static uint8_t *arp_put(uint8_t *at, const void *bytes, size_t size)
{
	memcpy(at, bytes, size);
	return at + size;
}

size_t arp_write(uint8_t frame[static ARP_FRAME_MOST], const struct arp_message *message,
	const uint8_t *to, uint16_t vlan)
{
	uint8_t *at = link_put_header(
		frame, to ? to : arp_all, message->sender_link, vlan, LINK_TYPE_ARP);

	at = arp_put(at, arp_kind, sizeof(arp_kind));
	at = link_put_16(at, message->reply ? OPERATION_REPLY : OPERATION_REQUEST);
	at = arp_put(at, message->sender_link, sizeof(message->sender_link));
	at = arp_put(at, message->sender, sizeof(message->sender));
	at = arp_put(at, message->target_link, sizeof(message->target_link));
	at = arp_put(at, message->target, sizeof(message->target));
	return (size_t)(at - frame);
}
