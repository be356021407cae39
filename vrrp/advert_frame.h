// SPDX-License-Identifier: GPL-2.0-or-later
/* An advertisement to the group as a whole Ethernet frame, from the MAC of its virtual router: RFC 9568 §7.2 wants that of each one,
 * also of the first, when the interface that has this MAC is not up yet. Pure: bytes for whoever sends them. */
#pragma once

#include "vrrp/packet.h"

#define ADVERT_FRAME_HEADERS 54 /* 14 Ethernet, 40 IPv6 */
#define ADVERT_FRAME_MOST    (ADVERT_FRAME_HEADERS + VRRP_PACKET_MOST)

/* ETH_P_IP or ETH_P_IPV6, in host order. */
uint16_t advert_frame_protocol(uint16_t family);

/* `size` bytes of `data`, at most VRRP_PACKET_MOST, are the packet. How many bytes of `frame` are the frame. */
size_t advert_frame(const struct address *source, uint8_t vrid, const void *data, size_t size,
	uint8_t frame[static ADVERT_FRAME_MOST]);
