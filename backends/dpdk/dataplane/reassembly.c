// SPDX-License-Identifier: GPL-2.0-or-later
/* A packet in the making is a key, a buffer, and one bit for each 8 bytes that are there. The payload has a
 * fixed place in the buffer; the headers of the first fragment, whose length is not known before it has
 * come, are put right before it. When the last fragment has said how long all is, and so many units are
 * there, the headers are mended and the frame is whole.
 *
 * There are some dozens of them at most, so they are looked for one by one. */
#include "backends/dpdk/dataplane/reassembly.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "backends/dpdk/dataplane/checksum.h"
#include "backends/dpdk/dataplane/link.h"
#include "base/macros.h"
#include "base/memory.h"

#define UNIT  8u
#define UNITS (REASSEMBLY_PAYLOAD_MOST / UNIT)

#define IPV4_OFFSET_LENGTH         2u
#define IPV4_OFFSET_IDENTIFICATION 4u
#define IPV4_OFFSET_FRAGMENT       6u
#define IPV4_OFFSET_CHECKSUM       10u
#define IPV4_MORE                  0x2000u
#define IPV4_PLACE                 0x1fffu

#define IPV6_HEADER                    40u
#define IPV6_LEAST_MTU                 1280u
#define IPV6_OFFSET_LENGTH             4u
#define IPV6_OFFSET_NEXT               6u
#define FRAGMENT_HEADER                8u
#define FRAGMENT_OFFSET_PLACE          2u
#define FRAGMENT_OFFSET_IDENTIFICATION 4u

struct reassembly_key {
	uint8_t source[16], destination[16];
	uint32_t identification;
	uint8_t protocol, family, port, zero;
};

/* One that is free has no buffer. */
struct reassembly_entry {
	struct reassembly_key key;
	void *buffer;
	uint8_t *payload;
	uint64_t end;         /* when it is given up */
	uint32_t total;       /* bytes of payload; 0: not known yet */
	uint32_t furthest;    /* end of what is there */
	uint32_t units;       /* that are there */
	uint16_t head;        /* bytes before the payload, link header and all; 0: not there yet */
	uint16_t l3_offset;   /* in these */
	uint16_t next_offset; /* of IPv6: where in these it is said what follows */
	uint16_t longest;     /* fragment, as an IP packet */
	uint64_t there[UNITS / 64 + 1];
};

struct reassembly {
	const struct reassembly_ops *ops;
	void *data;
	struct reassembly_counts counts;
	unsigned int most;
	struct reassembly_entry entries[];
};

/* One fragment. */
struct reassembly_piece {
	struct reassembly_key key;
	const uint8_t *frame, *payload;
	uint32_t offset, length;
	uint16_t head, l3_offset, next_offset;
	uint16_t whole; /* bytes of it as an IP packet */
	uint8_t next;
	bool more;
};

struct reassembly *reassembly_new(unsigned int most, const struct reassembly_ops *ops, void *data)
{
	struct reassembly *reassembly =
		memory_new(sizeof(*reassembly) + most * sizeof(struct reassembly_entry));

	reassembly->ops = ops;
	reassembly->data = data;
	reassembly->most = most;
	return reassembly;
}

static void reassembly_give_up(struct reassembly *reassembly, struct reassembly_entry *entry)
{
	reassembly->ops->give_back(reassembly->data, entry->buffer);
	entry->buffer = NULL;
}

struct reassembly *reassembly_free(struct reassembly *reassembly)
{
	for (unsigned int i = 0; reassembly && i < reassembly->most; i++) {
		if (reassembly->entries[i].buffer)
			reassembly_give_up(reassembly, &reassembly->entries[i]);
	}
	free(reassembly);
	return NULL;
}

/* --- what a fragment says --- */

static void reassembly_read_ipv4(const struct packet *packet, struct reassembly_piece *piece)
{
	const uint8_t *header = piece->frame + packet->l3_offset;
	uint16_t place = link_get_16(header + IPV4_OFFSET_FRAGMENT);

	piece->key.identification = link_get_16(header + IPV4_OFFSET_IDENTIFICATION);
	piece->head = (uint16_t)(packet->l3_offset + (header[0] & 15u) * 4u);
	piece->offset = (place & IPV4_PLACE) * UNIT;
	piece->more = place & IPV4_MORE;
	piece->length = packet->l3_offset + packet->l3_length - piece->head;
	piece->payload = piece->frame + piece->head;
}

/* Where it is said that a fragment header follows: the headers before it have been walked once. */
static uint16_t reassembly_find_next(const uint8_t *frame, const struct packet *packet)
{
	size_t next = packet->l3_offset + IPV6_OFFSET_NEXT, at = packet->l3_offset + IPV6_HEADER;

	while (at < packet->l4_offset) {
		next = at;
		at += (frame[at + 1] + 1u) * UNIT;
	}
	return (uint16_t)next;
}

static void reassembly_read_ipv6(const struct packet *packet, struct reassembly_piece *piece)
{
	const uint8_t *header = piece->frame + packet->l4_offset;
	uint16_t place = link_get_16(header + FRAGMENT_OFFSET_PLACE);

	memcpy(&piece->key.identification, header + FRAGMENT_OFFSET_IDENTIFICATION, 4);
	piece->head = packet->l4_offset;
	piece->next = header[0];
	piece->next_offset = reassembly_find_next(piece->frame, packet);
	piece->offset = place & ~7u;
	piece->more = place & 1;
	piece->payload = header + FRAGMENT_HEADER;
	if (packet->l3_offset + packet->l3_length > packet->l4_offset + (int)FRAGMENT_HEADER)
		piece->length =
			packet->l3_offset + packet->l3_length - packet->l4_offset - FRAGMENT_HEADER;
}

/* False: it is none that may be taken. */
static bool reassembly_read(const uint8_t *frame, const struct packet *packet, uint8_t port,
	struct reassembly_piece *piece)
{
	*piece = (struct reassembly_piece){
		.frame = frame,
		.l3_offset = packet->l3_offset,
		.whole = packet->l3_length,
	};
	memcpy(piece->key.source, packet->key.source, sizeof(piece->key.source));
	memcpy(piece->key.destination, packet->key.destination, sizeof(piece->key.destination));
	piece->key.family = packet->key.family;
	piece->key.port = port;
	if (packet->key.family == AF_INET) {
		/* IPv6's header of later fragments may say another one: it is no part of the key. */
		piece->key.protocol = packet->key.protocol;
		reassembly_read_ipv4(packet, piece);
	} else {
		reassembly_read_ipv6(packet, piece);
	}
	return piece->length && piece->head <= REASSEMBLY_HEAD &&
	       !(piece->more && piece->length % UNIT) &&
	       piece->offset + piece->length <= REASSEMBLY_PAYLOAD_MOST;
}

/* --- packets in the making --- */

static struct reassembly_entry *reassembly_find(
	struct reassembly *reassembly, const struct reassembly_key *key)
{
	for (unsigned int i = 0; i < reassembly->most; i++) {
		struct reassembly_entry *entry = &reassembly->entries[i];

		if (entry->buffer && memcmp(&entry->key, key, sizeof(*key)) == 0)
			return entry;
	}
	return NULL;
}

/* A free one, or that of the oldest. */
static struct reassembly_entry *reassembly_make_room(struct reassembly *reassembly)
{
	struct reassembly_entry *oldest = &reassembly->entries[0];

	for (unsigned int i = 0; i < reassembly->most; i++) {
		struct reassembly_entry *entry = &reassembly->entries[i];

		if (!entry->buffer)
			return entry;
		if (entry->end < oldest->end)
			oldest = entry;
	}
	reassembly->counts.evicted++;
	reassembly_give_up(reassembly, oldest);
	return oldest;
}

/* NULL: no buffer. */
static struct reassembly_entry *reassembly_begin(
	struct reassembly *reassembly, const struct reassembly_key *key, uint64_t now)
{
	struct reassembly_entry *entry = reassembly_make_room(reassembly);
	void *buffer;
	uint8_t *bytes = reassembly->ops->take(reassembly->data, &buffer);

	if (!bytes)
		return NULL;
	*entry = (struct reassembly_entry){.key = *key,
		.buffer = buffer,
		.payload = bytes + REASSEMBLY_HEAD,
		.end = now + REASSEMBLY_TIME};
	return entry;
}

static bool reassembly_has(const struct reassembly_entry *entry, uint32_t unit)
{
	return entry->there[unit / 64] >> unit % 64 & 1;
}

/* How many of its units are there. */
static uint32_t reassembly_count(
	const struct reassembly_entry *entry, const struct reassembly_piece *piece)
{
	uint32_t count = 0;

	for (uint32_t at = piece->offset; at < piece->offset + piece->length; at += UNIT)
		count += reassembly_has(entry, at / UNIT);
	return count;
}

static bool reassembly_is_repeated(
	const struct reassembly_entry *entry, const struct reassembly_piece *piece)
{
	return reassembly_count(entry, piece) == (piece->length + UNIT - 1) / UNIT &&
	       piece->offset + piece->length <= entry->furthest &&
	       memcmp(entry->payload + piece->offset, piece->payload, piece->length) == 0;
}

static bool reassembly_fits(
	const struct reassembly_entry *entry, const struct reassembly_piece *piece)
{
	uint32_t end = piece->offset + piece->length;

	if (reassembly_count(entry, piece))
		return false;
	if (!piece->more)
		return !entry->total && end >= entry->furthest;
	return !entry->total || end <= entry->total;
}

static void reassembly_put(struct reassembly_entry *entry, const struct reassembly_piece *piece)
{
	uint32_t end = piece->offset + piece->length;

	memcpy(entry->payload + piece->offset, piece->payload, piece->length);
	for (uint32_t at = piece->offset; at < end; at += UNIT, entry->units++)
		entry->there[at / UNIT / 64] |= UINT64_C(1) << at / UNIT % 64;
	entry->furthest = MAX(entry->furthest, end);
	entry->longest = MAX(entry->longest, piece->whole);
	if (!piece->more)
		entry->total = end;
	if (piece->offset)
		return;
	entry->head = piece->head;
	entry->l3_offset = piece->l3_offset;
	entry->next_offset = piece->next_offset;
	memcpy(entry->payload - piece->head, piece->frame, piece->head);
	if (entry->key.family == AF_INET6)
		entry->payload[(int)piece->next_offset - (int)piece->head] = piece->next;
}

/* --- the end --- */

static void reassembly_mend(const struct reassembly_entry *entry)
{
	uint8_t *header = entry->payload - entry->head + entry->l3_offset;
	size_t size = entry->head - entry->l3_offset;

	if (entry->key.family == AF_INET6) {
		link_put_16(
			header + IPV6_OFFSET_LENGTH, (uint16_t)(size - IPV6_HEADER + entry->total));
		return;
	}
	link_put_16(header + IPV4_OFFSET_LENGTH, (uint16_t)(size + entry->total));
	link_put_16(header + IPV4_OFFSET_FRAGMENT, 0);
	uint16_t sum = checksum_of_ipv4(header, size);
	memcpy(header + IPV4_OFFSET_CHECKSUM, &sum, sizeof(sum));
}

static bool reassembly_is_whole(const struct reassembly_entry *entry)
{
	return entry->total && entry->head && entry->units == (entry->total + UNIT - 1) / UNIT;
}

static void reassembly_finish(
	struct reassembly *reassembly, struct reassembly_entry *entry, struct reassembly_whole *ret)
{
	reassembly_mend(entry);
	*ret = (struct reassembly_whole){.buffer = entry->buffer,
		.frame = entry->payload - entry->head,
		.length = entry->head + entry->total};
	if (entry->key.family == AF_INET6)
		ret->piece = MAX(entry->longest, (uint16_t)IPV6_LEAST_MTU);
	entry->buffer = NULL;
	reassembly->counts.whole++;
}

/* The first byte that they are about lies at the same place in all of them: an atomic fragment (RFC 6946) is
 * a packet by itself, whatever else has its number. */
static bool reassembly_is_atomic(const struct reassembly_piece *piece)
{
	return !piece->offset && !piece->more;
}

enum reassembly_result reassembly_add(struct reassembly *reassembly, const uint8_t *frame,
	const struct packet *packet, uint8_t port, uint64_t now, struct reassembly_whole *ret)
{
	struct reassembly_piece piece;
	struct reassembly_entry *entry;

	reassembly->counts.fragments++;
	if (!reassembly_read(frame, packet, port, &piece)) {
		reassembly->counts.refused++;
		return REASSEMBLY_RESULT_REFUSED;
	}
	entry = reassembly_is_atomic(&piece) ? NULL : reassembly_find(reassembly, &piece.key);
	if (!entry)
		entry = reassembly_begin(reassembly, &piece.key, now);
	if (!entry)
		return REASSEMBLY_RESULT_FULL;
	if (reassembly_is_repeated(entry, &piece))
		return REASSEMBLY_RESULT_HELD;
	if (!reassembly_fits(entry, &piece)) {
		reassembly_give_up(reassembly, entry);
		reassembly->counts.refused++;
		return REASSEMBLY_RESULT_REFUSED;
	}
	reassembly_put(entry, &piece);
	if (!reassembly_is_whole(entry))
		return REASSEMBLY_RESULT_HELD;
	reassembly_finish(reassembly, entry, ret);
	return REASSEMBLY_RESULT_WHOLE;
}

uint64_t reassembly_turn(struct reassembly *reassembly, uint64_t now)
{
	uint64_t next = UINT64_MAX;

	for (unsigned int i = 0; i < reassembly->most; i++) {
		struct reassembly_entry *entry = &reassembly->entries[i];

		if (!entry->buffer)
			continue;
		if (entry->end <= now) {
			reassembly->counts.expired++;
			reassembly_give_up(reassembly, entry);
		} else {
			next = MIN(next, entry->end);
		}
	}
	return next;
}

struct reassembly_counts reassembly_counts(const struct reassembly *reassembly)
{
	return reassembly->counts;
}
