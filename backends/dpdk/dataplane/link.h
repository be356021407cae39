// SPDX-License-Identifier: GPL-2.0-or-later
/* Ethernet's header, with a VLAN's tag or without (RFC 894, IEEE 802.1Q). Bytes alone. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LINK_SIZE        6u
#define LINK_HEADER      14u
#define LINK_TAG         4u
#define LINK_HEADER_MOST (LINK_HEADER + LINK_TAG)

#define LINK_TYPE_IPV4 0x0800u
#define LINK_TYPE_ARP  0x0806u
#define LINK_TYPE_VLAN 0x8100u
#define LINK_TYPE_IPV6 0x86ddu

static inline uint8_t *link_put_16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

static inline uint16_t link_get_16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline unsigned int link_header_size(uint16_t vlan)
{
	return vlan ? LINK_HEADER + LINK_TAG : LINK_HEADER;
}

/* Writes a header and returns what comes after it. vlan: 0: none. `type` in host order. */
static inline uint8_t *link_put_header(uint8_t *at, const uint8_t to[static LINK_SIZE],
	const uint8_t from[static LINK_SIZE], uint16_t vlan, uint16_t type)
{
	memcpy(at, to, LINK_SIZE);
	memcpy(at + LINK_SIZE, from, LINK_SIZE);
	at += 2 * LINK_SIZE;
	if (vlan)
		at = link_put_16(link_put_16(at, LINK_TYPE_VLAN), vlan);
	return link_put_16(at, type);
}

static inline bool link_is_group(const uint8_t link[static LINK_SIZE])
{
	return link[0] & 1;
}

/* An address that one station may have. */
static inline bool link_is_station(const uint8_t link[static LINK_SIZE])
{
	static const uint8_t none[LINK_SIZE];

	return !link_is_group(link) && memcmp(link, none, LINK_SIZE) != 0;
}
