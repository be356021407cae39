// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as ARP and as neighbour discovery. The first byte says whether a right checksum is made, which
 * a fuzzer does not guess. What is read can be written, and is then read the same; what is not leaves
 * nothing behind. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>

#include "backends/dpdk/dataplane/arp.h"
#include "backends/dpdk/dataplane/checksum.h"
#include "backends/dpdk/dataplane/discovery.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void try_arp(const uint8_t *bytes, size_t size)
{
	struct arp_message message, again;
	uint8_t frame[ARP_FRAME_MOST];

	memset(&message, 0xa5, sizeof(message));
	memset(&again, 0xa5, sizeof(again));
	if (!arp_parse(bytes, size, &message)) {
		require(memcmp(&message, &again, sizeof(message)) == 0);
		return;
	}
	size_t length = arp_write(frame, &message, message.target_link, 7);
	require(length == LINK_HEADER_MOST + ARP_SIZE);
	require(arp_parse(frame + LINK_HEADER_MOST, ARP_SIZE, &again));
	require(memcmp(&message, &again, sizeof(message)) == 0);
}

static void try_discovery(const uint8_t *bytes, size_t size)
{
	struct discovery_message message, again;
	uint8_t frame[DISCOVERY_FRAME_MOST];

	memset(&message, 0xa5, sizeof(message));
	memset(&again, 0xa5, sizeof(again));
	if (!discovery_parse(bytes, size, &message)) {
		require(memcmp(&message, &again, sizeof(message)) == 0);
		return;
	}
	size_t length = discovery_write(frame, &message, message.link, NULL, 0);
	require(length <= sizeof(frame));
	require(discovery_parse(frame + LINK_HEADER, length - LINK_HEADER, &again));
	require(memcmp(&message, &again, sizeof(message)) == 0);
}

static void make_sum(uint8_t *packet, size_t size)
{
	size_t length = size < 44 ? 0 : (size_t)packet[4] << 8 | packet[5];
	uint16_t sum;

	if (length < 4 || length > size - 40)
		return;
	memset(packet + 42, 0, 2);
	sum = checksum_of_transport(
		AF_INET6, packet + 8, packet + 24, IPPROTO_ICMPV6, packet + 40, length);
	memcpy(packet + 42, &sum, sizeof(sum));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > 2048)
		return 0;
	uint8_t *bytes = malloc(size > 1 ? size - 1 : 1);
	memcpy(bytes, data + 1, size - 1);
	try_arp(bytes, size - 1);
	if (data[0] & 1)
		make_sum(bytes, size - 1);
	try_discovery(bytes, size - 1);
	free(bytes);
	return 0;
}
