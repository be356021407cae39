// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as an advertisement, to any receiver. The first say who receives it and how it came;
 * the rest is the message. What is heard can be sent again, and is then the same; what is not
 * leaves nothing behind. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vrrp/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of the input: two bytes of flags, one of a VRID, one of seconds, and a list of addresses of the
 * receiver. */
#define PREFIX    4
#define ADDRESSES 3

enum flags {
	FLAGS_IPV6 = 1 << 0,
	FLAGS_UNICAST = 1 << 1,
	FLAGS_OWNER = 1 << 2,
	FLAGS_TRUNCATED = 1 << 3,
	FLAGS_CONTROL = 1 << 4,
	FLAGS_TTL = 1 << 5,
	FLAGS_LISTED = 1 << 6,  /* addresses are expected */
	FLAGS_SIMPLE = 1 << 7,  /* a password is */
	FLAGS_SUM = 1 << 8,     /* the checksum is made right, which a fuzzer does not guess */
	FLAGS_CHECKSUM = 9,     /* two bits: the mode; 3 is 0 */
	FLAGS_VERSION = 11,     /* two bits: 0 any, 2, 3 */
	FLAGS_LONGER = 1 << 13, /* a length that is not the size */
	FLAGS_WIDE = 1 << 14,   /* any TTL */
};

struct receiver {
	struct address addresses[ADDRESSES], peer;
	struct vrrp_datagram datagram;
	struct vrrp_expected expected;
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void set_addresses(struct receiver *receiver, uint16_t family)
{
	for (uint8_t i = 0; i < ADDRESSES; i++) {
		uint8_t bytes[16] = {family == AF_INET6 ? 0xfe : 192, family == AF_INET6 ? 0x80 : 0,
			2, i, [15] = i};

		receiver->addresses[i] = address_from_bytes(family, bytes);
	}
	receiver->peer = receiver->addresses[1];
}

static void set_receiver(struct receiver *receiver, const uint8_t *data, size_t size)
{
	unsigned int flags = data[0] | (unsigned int)data[1] << 8;
	uint16_t family = flags & FLAGS_IPV6 ? AF_INET6 : AF_INET;

	set_addresses(receiver, family);
	receiver->datagram = (struct vrrp_datagram){.size = size - PREFIX,
		.length = size - PREFIX + (flags & FLAGS_LONGER ? 1 : 0),
		.truncated = flags & FLAGS_TRUNCATED,
		.control_truncated = flags & FLAGS_CONTROL,
		.ttl = flags & FLAGS_TTL ? -1 : 255,
		.source = receiver->peer,
		.destination = flags & FLAGS_UNICAST ? receiver->addresses[2] : vrrp_group(family)};
	receiver->expected = (struct vrrp_expected){.vrid = data[2],
		.version = (uint8_t)(flags >> FLAGS_VERSION & 3),
		.ttl_least = flags & FLAGS_WIDE ? 0 : 255,
		.ttl_most = 255,
		.owner = flags & FLAGS_OWNER,
		.unicast = flags & FLAGS_UNICAST,
		.checksum = (enum vrrp_checksum)((flags >> FLAGS_CHECKSUM & 3) % 3),
		.auth = flags & FLAGS_SIMPLE ? VRRP_AUTH_SIMPLE : VRRP_AUTH_NONE,
		.password = "secret",
		.interval = (uint16_t)(data[3] * VRRP_INTERVAL_SECOND),
		.peers = &receiver->peer,
		.peer_count = 1,
		.addresses = flags & FLAGS_LISTED ? receiver->addresses : NULL,
		.address_count = ADDRESSES};
}

static uint32_t sum_of(const uint8_t *bytes, size_t size)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += (uint32_t)bytes[i] << (i % 2 ? 0 : 8);
	return sum;
}

static void make_sum(const struct receiver *receiver, uint8_t *message, size_t size)
{
	const struct vrrp_datagram *datagram = &receiver->datagram;
	uint32_t sum = 0;

	if (size < 8)
		return;
	message[6] = message[7] = 0;
	if (message[0] >> 4 == 3 && (datagram->source.family == AF_INET6 ||
					    receiver->expected.checksum == VRRP_CHECKSUM_RFC5798))
		sum = sum_of(datagram->source.bytes, 16) + sum_of(datagram->destination.bytes, 16) +
		      (uint32_t)size + VRRP_PROTOCOL;
	sum = (sum + sum_of(message, size)) % 65535;
	message[6] = (uint8_t)((65535 - sum) % 65535 >> 8);
	message[7] = (uint8_t)((65535 - sum) % 65535);
}

/* What was heard, sent by who is heard so. IPv6's first address may be another than the RFC wants.
 * */
static void send_again(const struct receiver *receiver, struct vrrp_packet *packet)
{
	struct vrrp_datagram datagram = receiver->datagram;
	static struct vrrp_packet again;
	uint8_t bytes[VRRP_PACKET_MOST];

	if (packet->checksum == VRRP_CHECKSUM_AUTO && packet->version == 3)
		packet->checksum = VRRP_CHECKSUM_RFC9568;
	memcpy(packet->password, receiver->expected.password, VRRP_PASSWORD_SIZE);
	int size = vrrp_packet_encode(packet, &datagram.source, &datagram.destination, bytes);
	if (size < 0) {
		require(datagram.source.family == AF_INET6 &&
			!address_is_link_local(&packet->addresses[0]));
		return;
	}
	require((size_t)size == datagram.size);
	datagram.data = bytes;
	require(vrrp_packet_decode(&datagram, &receiver->expected, &again) == VRRP_REJECT_NONE);
	require(again.version == packet->version && again.vrid == packet->vrid &&
		again.priority == packet->priority && again.interval == packet->interval &&
		again.auth == packet->auth && again.address_count == packet->address_count &&
		again.addresses_differ == packet->addresses_differ);
	for (size_t i = 0; i < packet->address_count; i++)
		require(address_equal(&again.addresses[i], &packet->addresses[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vrrp_packet packet, untouched;
	struct receiver receiver;

	if (size < PREFIX || size > PREFIX + VRRP_PACKET_MOST + 8)
		return 0;
	set_receiver(&receiver, data, size);
	uint8_t *message = malloc(size - PREFIX ? size - PREFIX : 1);
	memcpy(message, data + PREFIX, size - PREFIX);
	if (data[1] & FLAGS_SUM >> 8)
		make_sum(&receiver, message, size - PREFIX);
	receiver.datagram.data = message;
	memset(&packet, 0xa5, sizeof(packet));
	memset(&untouched, 0xa5, sizeof(untouched));
	enum vrrp_reject reject =
		vrrp_packet_decode(&receiver.datagram, &receiver.expected, &packet);
	require(reject < VRRP_REJECT_COUNT && *vrrp_reject_name(reject));
	if (reject == VRRP_REJECT_NONE)
		send_again(&receiver, &packet);
	else
		require(memcmp(&packet, &untouched, sizeof(packet)) == 0);
	free(message);
	return 0;
}
