// SPDX-License-Identifier: GPL-2.0-or-later
/* Each piece is made from the whole packet alone, so nothing is kept between them: the headers that each
 * piece has, then its share of what can be divided, a multiple of 8 bytes but for the last.
 *
 * IPv4's options are copied where their first bit says so, and are in the first piece all. IPv6's headers
 * up to the routing header, or the one for each hop, are in all pieces; the rest is divided like the
 * payload. */
#include "backends/dpdk/dataplane/fragment.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "backends/dpdk/dataplane/checksum.h"
#include "backends/dpdk/dataplane/link.h"
#include "base/macros.h"

#define UNIT 8u

#define IPV4_HEADER          20u
#define IPV4_OFFSET_LENGTH   2u
#define IPV4_OFFSET_FRAGMENT 6u
#define IPV4_OFFSET_CHECKSUM 10u
#define IPV4_MORE            0x2000u
#define IPV4_PLACE           0x1fffu
#define OPTION_END           0u
#define OPTION_NOTHING       1u
#define OPTION_COPIED        0x80u

#define IPV6_HEADER        40u
#define IPV6_OFFSET_LENGTH 4u
#define IPV6_OFFSET_NEXT   6u
#define FRAGMENT_HEADER    8u

/* Where a piece lies in what is divided. */
struct share {
	size_t offset, length;
	bool more;
};

/* False: there is no such piece. `room`: for what is divided, in each. */
static bool fragment_share(size_t total, size_t room, unsigned int index, struct share *ret)
{
	room -= room % UNIT;
	if (!room || index > total / room || index * room >= total)
		return false;
	ret->offset = index * room;
	ret->length = MIN(room, total - ret->offset);
	ret->more = ret->offset + ret->length < total;
	return true;
}

/* The options of all pieces but the first, padded to words. Their length. */
static size_t fragment_copy_options(const uint8_t *options, size_t length, uint8_t *to)
{
	size_t count = 0, at = 0;

	while (at < length && options[at] != OPTION_END) {
		size_t size = options[at] == OPTION_NOTHING ? 1
			      : at + 1 < length             ? options[at + 1]
							    : 0;

		if (!size || size > length - at || (size == 1 && options[at] != OPTION_NOTHING))
			break;
		if (options[at] & OPTION_COPIED) {
			memcpy(to + count, options + at, size);
			count += size;
		}
		at += size;
	}
	while (count % 4)
		to[count++] = OPTION_END;
	return count;
}

static size_t fragment_write_ipv4(
	const uint8_t *packet, size_t length, size_t mtu, unsigned int index, uint8_t *to)
{
	size_t whole = (packet[0] & 15u) * 4u, header = whole;
	struct share share;

	if (whole < IPV4_HEADER || whole > length ||
		link_get_16(packet + IPV4_OFFSET_FRAGMENT) & (IPV4_MORE | IPV4_PLACE))
		return 0;
	/* All pieces divide by the first one's header: it is the longest. */
	if (mtu < whole || !fragment_share(length - whole, mtu - whole, index, &share))
		return 0;
	memcpy(to, packet, whole);
	if (index)
		header = IPV4_HEADER + fragment_copy_options(packet + IPV4_HEADER,
					       whole - IPV4_HEADER, to + IPV4_HEADER);
	to[0] = (uint8_t)(0x40 | header / 4);
	link_put_16(to + IPV4_OFFSET_LENGTH, (uint16_t)(header + share.length));
	link_put_16(to + IPV4_OFFSET_FRAGMENT,
		(uint16_t)(share.offset / UNIT | (share.more ? IPV4_MORE : 0)));
	uint16_t sum = checksum_of_ipv4(to, header);
	memcpy(to + IPV4_OFFSET_CHECKSUM, &sum, sizeof(sum));
	memcpy(to + header, packet + whole + share.offset, share.length);
	return header + share.length;
}

/* Bytes of the headers that all pieces have, and where the last of them says what comes next. 0: it is
 * a fragment, or cut off. */
static size_t fragment_common(const uint8_t *packet, size_t length, size_t *next)
{
	size_t at = IPV6_HEADER, common = IPV6_HEADER, link = IPV6_OFFSET_NEXT;

	*next = link;
	for (;;) {
		uint8_t kind = packet[link];

		if (kind == IPPROTO_FRAGMENT)
			return 0;
		if (kind != IPPROTO_HOPOPTS && kind != IPPROTO_ROUTING && kind != IPPROTO_DSTOPTS)
			return common;
		if (length < at + UNIT || length < at + (packet[at + 1] + 1u) * UNIT)
			return 0;
		link = at;
		at += (packet[at + 1] + 1u) * UNIT;
		if (kind != IPPROTO_DSTOPTS) {
			common = at;
			*next = link;
		}
	}
}

static size_t fragment_write_ipv6(const uint8_t *packet, size_t length, size_t mtu,
	uint32_t identification, unsigned int index, uint8_t *to)
{
	struct share share;
	size_t next, common;
	uint8_t *at;

	if (length < IPV6_HEADER)
		return 0;
	common = fragment_common(packet, length, &next);
	if (!common || mtu < common + FRAGMENT_HEADER ||
		!fragment_share(length - common, mtu - common - FRAGMENT_HEADER, index, &share))
		return 0;
	memcpy(to, packet, common);
	to[next] = IPPROTO_FRAGMENT;
	link_put_16(to + IPV6_OFFSET_LENGTH,
		(uint16_t)(common - IPV6_HEADER + FRAGMENT_HEADER + share.length));
	at = to + common;
	*at++ = packet[next];
	*at++ = 0;
	at = link_put_16(at, (uint16_t)(share.offset | share.more));
	at = link_put_16(at, (uint16_t)(identification >> 16));
	at = link_put_16(at, (uint16_t)identification);
	memcpy(at, packet + common + share.offset, share.length);
	return common + FRAGMENT_HEADER + share.length;
}

size_t fragment_write(const uint8_t *packet, size_t length, size_t mtu, uint32_t identification,
	unsigned int index, uint8_t *to)
{
	if (length < IPV4_HEADER)
		return 0;
	if (packet[0] >> 4 == 4)
		return fragment_write_ipv4(packet, length, mtu, index, to);
	if (packet[0] >> 4 == 6)
		return fragment_write_ipv6(packet, length, mtu, identification, index, to);
	return 0;
}
