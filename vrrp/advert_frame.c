// SPDX-License-Identifier: GPL-2.0-or-later
/* The headers are those that the kernel gives what a raw socket sends (socket.c): TTL or hop limit, class, and no fragments. */
#include "vrrp/advert_frame.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <string.h>

#include "base/inet_sum.h"
#include "vrrp/object.h"
#include "vrrp/socket.h"

#define FRAME_MAC_SIZE 6u
#define FRAME_CLASS    0xc0u /* CS6, network control: RFC 4594 §3.1 */

#define FRAME_IPV4_SIZE     20u
#define FRAME_IPV4_CHECKSUM 10
#define FRAME_IPV4_SOURCE   12

uint16_t advert_frame_protocol(uint16_t family)
{
	return family == AF_INET ? ETH_P_IP : ETH_P_IPV6;
}

/* RFC 1112 §6.4, RFC 2464 §7. */
static void frame_group_mac(const struct address *group, uint8_t mac[static FRAME_MAC_SIZE])
{
	static const uint8_t ipv4[] = {0x01, 0x00, 0x5e}, ipv6[] = {0x33, 0x33};

	if (group->family == AF_INET) {
		memcpy(mac, ipv4, sizeof(ipv4));
		memcpy(mac + sizeof(ipv4), group->bytes + 1, 3);
		mac[3] &= 0x7f;
	} else {
		memcpy(mac, ipv6, sizeof(ipv6));
		memcpy(mac + sizeof(ipv6), group->bytes + 12, 4);
	}
}

/* RFC 791 §3.1. */
static size_t frame_put_ipv4(
	uint8_t *at, const struct address *source, const struct address *group, size_t size)
{
	size_t length = FRAME_IPV4_SIZE + size;
	uint8_t header[FRAME_IPV4_SIZE] = {0x45, FRAME_CLASS, (uint8_t)(length >> 8),
		(uint8_t)length, [6] = IP_DF >> 8, [8] = VRRP_SOCKET_TTL, [9] = VRRP_PROTOCOL};
	uint16_t checksum;

	memcpy(header + FRAME_IPV4_SOURCE, source->bytes, 4);
	memcpy(header + FRAME_IPV4_SOURCE + 4, group->bytes, 4);
	checksum = htons((uint16_t)~inet_fold(inet_sum(header, sizeof(header))));
	memcpy(header + FRAME_IPV4_CHECKSUM, &checksum, sizeof(checksum));
	memcpy(at, header, sizeof(header));
	return sizeof(header);
}

static size_t frame_put_ipv6(
	uint8_t *at, const struct address *source, const struct address *group, size_t size)
{
	struct ip6_hdr header = {};

	header.ip6_flow = htonl(6u << 28 | FRAME_CLASS << 20);
	header.ip6_plen = htons((uint16_t)size);
	header.ip6_nxt = VRRP_PROTOCOL;
	header.ip6_hlim = VRRP_SOCKET_TTL;
	memcpy(&header.ip6_src, source->bytes, sizeof(header.ip6_src));
	memcpy(&header.ip6_dst, group->bytes, sizeof(header.ip6_dst));
	memcpy(at, &header, sizeof(header));
	return sizeof(header);
}

size_t advert_frame(const struct address *source, uint8_t vrid, const void *data, size_t size,
	uint8_t frame[static ADVERT_FRAME_MOST])
{
	const struct address group = vrrp_group(source->family);
	struct ethhdr ethernet = {.h_proto = htons(advert_frame_protocol(source->family))};
	size_t at = sizeof(ethernet);

	frame_group_mac(&group, ethernet.h_dest);
	vrrp_object_mac(source->family, vrid, ethernet.h_source);
	memcpy(frame, &ethernet, sizeof(ethernet));
	if (source->family == AF_INET)
		at += frame_put_ipv4(frame + at, source, &group, size);
	else
		at += frame_put_ipv6(frame + at, source, &group, size);
	memcpy(frame + at, data, size);
	return at + size;
}
