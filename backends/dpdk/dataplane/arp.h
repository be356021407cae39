// SPDX-License-Identifier: GPL-2.0-or-later
/* ARP over Ethernet for IPv4 (RFC 826), read and written. Pure: bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/dpdk/dataplane/link.h"

#define ARP_SIZE       28u
#define ARP_FRAME_MOST (LINK_HEADER_MOST + ARP_SIZE)

struct arp_message {
	bool reply; /* else a question */
	uint8_t sender_link[LINK_SIZE], target_link[LINK_SIZE];
	uint8_t sender[4], target[4]; /* sender 0.0.0.0: asks whether the address is free */
};

/* What stands behind the link's header. False, and *ret untouched: it is no message that may be believed. */
bool arp_parse(const uint8_t *bytes, size_t length, struct arp_message *ret);

/* The whole frame from message->sender_link to `to` (NULL: all). Its length. */
size_t arp_write(uint8_t frame[static ARP_FRAME_MOST], const struct arp_message *message,
	const uint8_t *to, uint16_t vlan);
