// SPDX-License-Identifier: GPL-2.0-or-later
/* The layout (RFC 9568 §5.2, RFC 3768 §5.3), and the checks as a table.
 *
 *	 0		 8		 16		 24
 *	|version| type	|     VRID	|   priority	| addresses	|
 *	|reserved|  centiseconds	|	   checksum		|  version 3
 *	|  auth type	|    seconds	|	   checksum		|  version 2
 *	| addresses, 4 or 16 bytes each					|
 *	| password, 8 bytes, there even when there is none		|  version 2
 *
 * vrrp_checks[] is RFC 9568 §7.1 and RFC 3768 §7.1 line by line, which agree in the order. What the
 * RFCs leave to the receiver, it decides so:
 *
 * - The length must be exactly what version, family and count say. More would be bytes that no RFC
 *   gives a meaning, under a pseudo-header (which holds the length) that covers them.
 * - Source and destination are looked at when the router is known, because it decides whether they
 *   are a group's.
 * - An interval of 0 is none: who learnt it would be active at once.
 * - In version 3 other addresses than ours are told, not rejected (RFC 9568 §7.1). Version 2
 *   rejects them, but from their owner (RFC 3768 §7.1); who does not want that expects none.
 * - The reserved bits of version 3 and the password of a packet that says it has none are ignored,
 *   as the RFCs say; the checksum covers them.
 *
 * The checks stand in the order of enum vrrp_reject, but for one: without a header there is no
 * version to be wrong. */
#include "vrrp/packet.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/inet_sum.h"

#define HEADER_SIZE   8
#define TYPE_ADVERT   1
#define INTERVAL_BITS 0x0fffu

enum vrrp_offset {
	VRRP_OFFSET_VERSION_TYPE = 0,
	VRRP_OFFSET_VRID = 1,
	VRRP_OFFSET_PRIORITY = 2,
	VRRP_OFFSET_COUNT = 3,
	VRRP_OFFSET_AUTH = 4,     /* version 2 */
	VRRP_OFFSET_SECONDS = 5,  /* version 2 */
	VRRP_OFFSET_INTERVAL = 4, /* version 3: 16 bits, of which the first 4 are reserved */
	VRRP_OFFSET_CHECKSUM = 6,
};

/* What tells the versions apart. */
struct vrrp_layout {
	size_t trailer;         /* bytes after the addresses */
	uint16_t interval_unit; /* centiseconds */
	uint16_t interval_most; /* centiseconds */
	uint8_t addresses_least;
};

static const struct vrrp_layout vrrp_layouts[] = {
	[2] = {VRRP_PASSWORD_SIZE, VRRP_INTERVAL_SECOND, VRRP_INTERVAL_MOST_2, 0},
	[3] = {0, 1, VRRP_INTERVAL_MOST_3, 1},
};

struct vrrp_reject_words {
	const char *name, *text;
};

static const struct vrrp_reject_words vrrp_rejects[] = {
	[VRRP_REJECT_NONE] = {"none", "is heard"},
	[VRRP_REJECT_FAMILY] = {"family", "comes from no address of its own family"},
	[VRRP_REJECT_TRUNCATED] = {"truncated", "is longer than any advertisement"},
	[VRRP_REJECT_CONTROL] = {"control-truncated",
		"came without all that the kernel knows of it"},
	[VRRP_REJECT_TTL] = {"ttl", "has a TTL or hop limit that a neighbour's has not"},
	[VRRP_REJECT_VERSION] = {"version", "has another version"},
	[VRRP_REJECT_TYPE] = {"type", "is no advertisement"},
	[VRRP_REJECT_LENGTH] = {"length", "has another length than its header says"},
	[VRRP_REJECT_CHECKSUM] = {"checksum", "has a wrong checksum"},
	[VRRP_REJECT_VRID] = {"vrid", "has a VRID that no virtual router here has"},
	[VRRP_REJECT_OWNER] = {"owner", "is for addresses that are this machine's own"},
	[VRRP_REJECT_DESTINATION] = {"destination", "was sent to another address"},
	[VRRP_REJECT_SOURCE] = {"source", "comes from no peer's address"},
	[VRRP_REJECT_COUNT_ZERO] = {"no-addresses", "names no address"},
	[VRRP_REJECT_AUTH_TYPE] = {"auth-type", "has another kind of authentication"},
	[VRRP_REJECT_PASSWORD] = {"password", "has another password"},
	[VRRP_REJECT_ADDRESSES] = {"addresses", "names other addresses"},
	[VRRP_REJECT_INTERVAL_ZERO] = {"interval-zero", "has an interval of 0"},
	[VRRP_REJECT_INTERVAL] = {"interval", "has another interval"},
};
static_assert(ARRAY_LENGTH(vrrp_rejects) == VRRP_REJECT_COUNT, "words for each reason");

const char *vrrp_reject_name(enum vrrp_reject reject)
{
	return vrrp_rejects[reject].name;
}

const char *vrrp_reject_text(enum vrrp_reject reject)
{
	return vrrp_rejects[reject].text;
}

struct address vrrp_group(uint16_t family)
{
	static const uint8_t ipv4[4] = {224, 0, 0, 18};
	static const uint8_t ipv6[16] = {0xff, 0x02, [15] = 0x12};

	return address_from_bytes(family, family == AF_INET6 ? ipv6 : ipv4);
}

uint8_t vrrp_packet_vrid(const uint8_t *data, size_t size)
{
	return size > VRRP_OFFSET_VRID ? data[VRRP_OFFSET_VRID] : 0;
}

uint8_t vrrp_packet_priority(const uint8_t *data, size_t size)
{
	return size > VRRP_OFFSET_PRIORITY ? data[VRRP_OFFSET_PRIORITY] : 0;
}

static uint16_t vrrp_read16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void vrrp_write16(uint8_t *bytes, uint32_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

/* RFC 8200 §8.1 lays IPv6's out otherwise than RFC 9293 §3.1 that of IPv4, but the sum is the same.
 * */
static uint32_t vrrp_sum_pseudo(
	const struct address *source, const struct address *destination, size_t length)
{
	return inet_sum(source->bytes, address_size(source->family)) +
	       inet_sum(destination->bytes, address_size(destination->family)) + (uint32_t)length +
	       VRRP_PROTOCOL;
}

/* A packet on its way through the checks, and what they found of it. */
struct vrrp_reading {
	const struct vrrp_datagram *datagram;
	const struct vrrp_expected *expected;
	const uint8_t *data;              /* the header is there once its check has passed */
	const struct vrrp_layout *layout; /* once the version's has */
	uint8_t version;
	enum vrrp_checksum checksum;
	bool addresses_differ;
};

static bool vrrp_family_passes(struct vrrp_reading *reading)
{
	const struct vrrp_datagram *datagram = reading->datagram;
	uint16_t family = datagram->source.family;

	return (family == AF_INET || family == AF_INET6) && datagram->destination.family == family;
}

static bool vrrp_truncated_passes(struct vrrp_reading *reading)
{
	return !reading->datagram->truncated &&
	       reading->datagram->size >= reading->datagram->length;
}

static bool vrrp_control_passes(struct vrrp_reading *reading)
{
	return !reading->datagram->control_truncated;
}

static bool vrrp_ttl_passes(struct vrrp_reading *reading)
{
	int ttl = reading->datagram->ttl;

	return ttl >= reading->expected->ttl_least && ttl <= reading->expected->ttl_most;
}

static bool vrrp_header_passes(struct vrrp_reading *reading)
{
	return reading->datagram->size >= HEADER_SIZE;
}

static bool vrrp_version_passes(struct vrrp_reading *reading)
{
	uint8_t version = reading->data[VRRP_OFFSET_VERSION_TYPE] >> 4;
	uint8_t expected = reading->expected->version;

	if (version != 3 && (version != 2 || reading->datagram->source.family != AF_INET))
		return false;
	reading->version = version;
	reading->layout = &vrrp_layouts[version];
	return !expected || expected == version;
}

static bool vrrp_type_passes(struct vrrp_reading *reading)
{
	return (reading->data[VRRP_OFFSET_VERSION_TYPE] & 0xf) == TYPE_ADVERT;
}

static bool vrrp_length_passes(struct vrrp_reading *reading)
{
	const struct vrrp_datagram *datagram = reading->datagram;
	size_t addresses = reading->data[VRRP_OFFSET_COUNT] * address_size(datagram->source.family);
	size_t length = HEADER_SIZE + addresses + reading->layout->trailer;

	return datagram->size == length && datagram->length == length;
}

/* Version 3 over IPv4 is where the form is to be found out (RFC 9568 §5.2.8). */
static bool vrrp_checksum_passes(struct vrrp_reading *reading)
{
	const struct vrrp_datagram *datagram = reading->datagram;
	enum vrrp_checksum expected = reading->expected->checksum;
	uint32_t sum = inet_sum(reading->data, datagram->size);
	uint32_t pseudo =
		vrrp_sum_pseudo(&datagram->source, &datagram->destination, datagram->size);
	bool without = inet_fold(sum) == 0xffff, with = inet_fold(sum + pseudo) == 0xffff;

	if (reading->version == 2)
		return without;
	if (datagram->source.family == AF_INET6)
		return with;
	if (with != without)
		reading->checksum = with ? VRRP_CHECKSUM_RFC5798 : VRRP_CHECKSUM_RFC9568;
	return (without && expected != VRRP_CHECKSUM_RFC5798) ||
	       (with && expected != VRRP_CHECKSUM_RFC9568);
}

static bool vrrp_vrid_passes(struct vrrp_reading *reading)
{
	uint8_t vrid = reading->data[VRRP_OFFSET_VRID];

	return vrid && vrid == reading->expected->vrid;
}

static bool vrrp_owner_passes(struct vrrp_reading *reading)
{
	return !reading->expected->owner;
}

static bool vrrp_destination_passes(struct vrrp_reading *reading)
{
	const struct address *destination = &reading->datagram->destination;
	const struct address group = vrrp_group(destination->family);

	if (reading->expected->unicast)
		return !address_is_multicast(destination);
	return address_equal(destination, &group);
}

static const struct address *vrrp_find_address(
	const struct address *address, const struct address *sorted, size_t count)
{
	return count ? bsearch(address, sorted, count, sizeof(*sorted), address_compare) : NULL;
}

/* RFC 9568 §5.1.2.1: over IPv6 a neighbour speaks from its link-local address. */
static bool vrrp_source_passes(struct vrrp_reading *reading)
{
	const struct vrrp_expected *expected = reading->expected;
	const struct address *source = &reading->datagram->source;

	if (expected->unicast)
		return vrrp_find_address(source, expected->peers, expected->peer_count);
	if (source->family == AF_INET6)
		return address_is_link_local(source);
	return !address_is_unspecified(source) && !address_is_multicast(source);
}

static bool vrrp_count_passes(struct vrrp_reading *reading)
{
	return reading->data[VRRP_OFFSET_COUNT] >= reading->layout->addresses_least;
}

static bool vrrp_auth_type_passes(struct vrrp_reading *reading)
{
	return reading->version != 2 || reading->data[VRRP_OFFSET_AUTH] == reading->expected->auth;
}

/* Takes the same time for each password, however much of it is right. */
static bool vrrp_password_passes(struct vrrp_reading *reading)
{
	volatile uint8_t differ = 0;

	if (reading->version != 2 || reading->expected->auth == VRRP_AUTH_NONE)
		return true;
	const uint8_t *password = reading->data + reading->datagram->size - VRRP_PASSWORD_SIZE;
	for (size_t i = 0; i < VRRP_PASSWORD_SIZE; i++)
		differ |= password[i] ^ reading->expected->password[i];
	return !differ;
}

static struct address vrrp_address_at(const struct vrrp_reading *reading, size_t index)
{
	uint16_t family = reading->datagram->source.family;

	return address_from_bytes(
		family, reading->data + HEADER_SIZE + index * address_size(family));
}

/* As sets: as many, each of them known, and none twice. */
static bool vrrp_addresses_are(const struct vrrp_reading *reading)
{
	const struct vrrp_expected *expected = reading->expected;
	bool seen[VRRP_ADDRESSES_MOST] = {};
	size_t count = reading->data[VRRP_OFFSET_COUNT];

	if (count != expected->address_count)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct address address = vrrp_address_at(reading, i);
		const struct address *found =
			vrrp_find_address(&address, expected->addresses, count);

		if (!found || seen[found - expected->addresses])
			return false;
		seen[found - expected->addresses] = true;
	}
	return true;
}

static bool vrrp_addresses_pass(struct vrrp_reading *reading)
{
	if (!reading->expected->addresses)
		return true;
	reading->addresses_differ = !vrrp_addresses_are(reading);
	return !reading->addresses_differ || reading->version != 2 ||
	       reading->data[VRRP_OFFSET_PRIORITY] == VRRP_PRIORITY_OWNER;
}

static uint16_t vrrp_interval(const struct vrrp_reading *reading)
{
	if (reading->version == 2)
		return (uint16_t)(reading->data[VRRP_OFFSET_SECONDS] * VRRP_INTERVAL_SECOND);
	return vrrp_read16(reading->data + VRRP_OFFSET_INTERVAL) & INTERVAL_BITS;
}

static bool vrrp_interval_zero_passes(struct vrrp_reading *reading)
{
	return vrrp_interval(reading);
}

static bool vrrp_interval_passes(struct vrrp_reading *reading)
{
	return reading->version != 2 || vrrp_interval(reading) == reading->expected->interval;
}

struct vrrp_check {
	enum vrrp_reject reject;
	bool (*passes)(struct vrrp_reading *reading);
};

static const struct vrrp_check vrrp_checks[] = {
	{VRRP_REJECT_FAMILY, vrrp_family_passes},
	{VRRP_REJECT_TRUNCATED, vrrp_truncated_passes},
	{VRRP_REJECT_CONTROL, vrrp_control_passes},
	{VRRP_REJECT_TTL, vrrp_ttl_passes},
	{VRRP_REJECT_LENGTH, vrrp_header_passes},
	{VRRP_REJECT_VERSION, vrrp_version_passes},
	{VRRP_REJECT_TYPE, vrrp_type_passes},
	{VRRP_REJECT_LENGTH, vrrp_length_passes},
	{VRRP_REJECT_CHECKSUM, vrrp_checksum_passes},
	{VRRP_REJECT_VRID, vrrp_vrid_passes},
	{VRRP_REJECT_OWNER, vrrp_owner_passes},
	{VRRP_REJECT_DESTINATION, vrrp_destination_passes},
	{VRRP_REJECT_SOURCE, vrrp_source_passes},
	{VRRP_REJECT_COUNT_ZERO, vrrp_count_passes},
	{VRRP_REJECT_AUTH_TYPE, vrrp_auth_type_passes},
	{VRRP_REJECT_PASSWORD, vrrp_password_passes},
	{VRRP_REJECT_ADDRESSES, vrrp_addresses_pass},
	{VRRP_REJECT_INTERVAL_ZERO, vrrp_interval_zero_passes},
	{VRRP_REJECT_INTERVAL, vrrp_interval_passes},
};

static void vrrp_take(const struct vrrp_reading *reading, struct vrrp_packet *ret)
{
	ret->version = reading->version;
	ret->vrid = reading->data[VRRP_OFFSET_VRID];
	ret->priority = reading->data[VRRP_OFFSET_PRIORITY];
	ret->checksum = reading->checksum;
	ret->interval = vrrp_interval(reading);
	ret->auth = reading->version == 2 ? reading->expected->auth : VRRP_AUTH_NONE;
	memset(ret->password, 0, sizeof(ret->password));
	ret->addresses_differ = reading->addresses_differ;
	ret->address_count = reading->data[VRRP_OFFSET_COUNT];
	for (size_t i = 0; i < ret->address_count; i++)
		ret->addresses[i] = vrrp_address_at(reading, i);
}

enum vrrp_reject vrrp_packet_decode(const struct vrrp_datagram *datagram,
	const struct vrrp_expected *expected, struct vrrp_packet *ret)
{
	struct vrrp_reading reading = {
		.datagram = datagram, .expected = expected, .data = datagram->data};

	for (size_t i = 0; i < ARRAY_LENGTH(vrrp_checks); i++)
		if (!vrrp_checks[i].passes(&reading))
			return vrrp_checks[i].reject;
	vrrp_take(&reading, ret);
	return VRRP_REJECT_NONE;
}

/* That the version can say the interval, and knows the authentication and the family. */
static bool vrrp_header_is_sayable(const struct vrrp_packet *packet, uint16_t family)
{
	if (packet->version != 3 && (packet->version != 2 || family != AF_INET))
		return false;
	if (packet->auth != VRRP_AUTH_NONE &&
		(packet->auth != VRRP_AUTH_SIMPLE || packet->version != 2))
		return false;
	if (packet->version == 3 && family == AF_INET && packet->checksum == VRRP_CHECKSUM_AUTO)
		return false;
	const struct vrrp_layout *layout = &vrrp_layouts[packet->version];
	return packet->vrid && packet->interval && packet->interval <= layout->interval_most &&
	       packet->interval % layout->interval_unit == 0 &&
	       packet->address_count >= layout->addresses_least;
}

static bool vrrp_addresses_are_sayable(const struct vrrp_packet *packet, uint16_t family)
{
	for (size_t i = 0; i < packet->address_count; i++)
		if (packet->addresses[i].family != family)
			return false;
	return family != AF_INET6 || address_is_link_local(&packet->addresses[0]);
}

static uint8_t *vrrp_write_header(const struct vrrp_packet *packet, uint8_t *data)
{
	data[VRRP_OFFSET_VERSION_TYPE] = (uint8_t)(packet->version << 4 | TYPE_ADVERT);
	data[VRRP_OFFSET_VRID] = packet->vrid;
	data[VRRP_OFFSET_PRIORITY] = packet->priority;
	data[VRRP_OFFSET_COUNT] = packet->address_count;
	if (packet->version == 2) {
		data[VRRP_OFFSET_AUTH] = (uint8_t)packet->auth;
		data[VRRP_OFFSET_SECONDS] = (uint8_t)(packet->interval / VRRP_INTERVAL_SECOND);
	} else {
		vrrp_write16(data + VRRP_OFFSET_INTERVAL, packet->interval);
	}
	vrrp_write16(data + VRRP_OFFSET_CHECKSUM, 0);
	return data + HEADER_SIZE;
}

static uint8_t *vrrp_write_body(const struct vrrp_packet *packet, uint8_t *data)
{
	for (size_t i = 0; i < packet->address_count; i++) {
		size_t size = address_size(packet->addresses[i].family);

		memcpy(data, packet->addresses[i].bytes, size);
		data += size;
	}
	if (packet->version != 2)
		return data;
	if (packet->auth == VRRP_AUTH_SIMPLE)
		memcpy(data, packet->password, VRRP_PASSWORD_SIZE);
	else
		memset(data, 0, VRRP_PASSWORD_SIZE);
	return data + VRRP_PASSWORD_SIZE;
}

int vrrp_packet_encode(const struct vrrp_packet *packet, const struct address *source,
	const struct address *destination, uint8_t data[static VRRP_PACKET_MOST])
{
	uint16_t family = source->family;

	if ((family != AF_INET && family != AF_INET6) || destination->family != family)
		return -EINVAL;
	if (!vrrp_header_is_sayable(packet, family) || !vrrp_addresses_are_sayable(packet, family))
		return -EINVAL;
	size_t size = (size_t)(vrrp_write_body(packet, vrrp_write_header(packet, data)) - data);
	uint32_t sum = inet_sum(data, size);
	if (packet->version == 3 &&
		(family == AF_INET6 || packet->checksum == VRRP_CHECKSUM_RFC5798))
		sum += vrrp_sum_pseudo(source, destination, size);
	vrrp_write16(data + VRRP_OFFSET_CHECKSUM, (uint16_t)~inet_fold(sum));
	return (int)size;
}
