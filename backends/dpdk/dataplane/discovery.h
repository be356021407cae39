// SPDX-License-Identifier: GPL-2.0-or-later
/* Neighbour discovery over Ethernet (RFC 4861 §4.3, §4.4, RFC 2464): solicitations and advertisements, read
 * and written. Pure: bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/dpdk/dataplane/link.h"

/* Ethernet, IPv6, the message, one option. */
#define DISCOVERY_FRAME_MOST (LINK_HEADER_MOST + 40u + 24u + 8u)

struct discovery_message {
	bool advertisement; /* else a solicitation */
	bool router, solicited, override;
	bool has_link; /* an option says where … */
	uint8_t link
		[LINK_SIZE]; /* … the source of a solicitation, the target of an advertisement is */
	uint8_t source[16], destination[16];
	uint8_t target[16];
};

/* What an IPv6 packet of `length` bytes says. False, and *ret untouched: it is none of the two, or it must be
 * discarded (RFC 4861 §7.1). */
bool discovery_parse(const uint8_t *packet, size_t length, struct discovery_message *ret);

/* The whole frame from the station `from`, which is what its option says if message->has_link. `to`: the
 * link address of the destination; NULL: a group's. Its length. */
size_t discovery_write(uint8_t frame[static DISCOVERY_FRAME_MOST],
	const struct discovery_message *message, const uint8_t from[static LINK_SIZE],
	const uint8_t *to, uint16_t vlan);

/* The group that a question for this address goes to (RFC 4291 §2.7.1). */
void discovery_solicited_node(const uint8_t address[static 16], uint8_t group[static 16]);
