// SPDX-License-Identifier: GPL-2.0-or-later
/* What tells a link that an address is now at this MAC: a gratuitous ARP packet (RFC 5227 §2.3) for IPv4, an unsolicited
 * neighbour advertisement (RFC 4861 §7.2.6) for IPv6; RFC 9568 §6.4.1 wants one for each virtual address of a new active
 * router. Pure: bytes of a whole Ethernet frame, for whoever sends it (announce.h). A VLAN tag, and padding, are added below.
 *
 * Ethernet alone: links with longer addresses (InfiniBand) have no virtual routers here. */
#pragma once

#include "base/address.h"

#define ANNOUNCE_MAC_SIZE   6
#define ANNOUNCE_ARP_SIZE   42 /* 14 Ethernet, 28 ARP */
#define ANNOUNCE_NA_SIZE    86 /* 14 Ethernet, 40 IPv6, 24 advertisement, 8 option */
#define ANNOUNCE_FRAME_MOST ANNOUNCE_NA_SIZE

/* Of ARP. Some old peers heed only one of them. */
enum announce_form {
	ANNOUNCE_FORM_REQUEST, /* RFC 5227 §2.3, RFC 9568 §8.1.2 */
	ANNOUNCE_FORM_REPLY,   /* RFC 5944 §4.6 */
};

struct announce_content {
	struct address address;         /* the virtual one */
	uint8_t mac[ANNOUNCE_MAC_SIZE]; /* where it is: the virtual router's or the interface's */
	enum announce_form form;        /* IPv4 */
	bool router;                    /* IPv6: the neighbour is a router (RFC 9568 §6.4.1) */
};

/* ETH_P_ARP or ETH_P_IPV6, in host order; 0 for an address of no family. */
uint16_t announce_frame_protocol(const struct announce_content *content);

/* How many bytes of `frame` are the frame; 0 for an address of no family. */
size_t announce_frame(
	const struct announce_content *content, uint8_t frame[static ANNOUNCE_FRAME_MOST]);
