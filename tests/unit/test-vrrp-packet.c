// SPDX-License-Identifier: GPL-2.0-or-later
/* Advertisements as they are read: captures written by hand, every reason for which one is not
 * heard, and their order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tests/support/advert.h"

#define COUNT_OFFSET 3

static void check_packet(const struct vrrp_packet *packet, const struct advert_capture *capture)
{
	static const uint8_t zeros[VRRP_PASSWORD_SIZE];
	size_t count = 0;

	assert_int_equal(packet->version, capture->version);
	assert_int_equal(packet->vrid, capture->vrid);
	assert_int_equal(packet->priority, capture->priority);
	assert_int_equal(packet->interval, capture->interval);
	assert_int_equal(packet->checksum, capture->checksum);
	assert_int_equal(packet->auth, capture->auth);
	assert_memory_equal(packet->password, zeros, sizeof(zeros));
	assert_false(packet->addresses_differ);
	for (; count < ARRAY_LENGTH(capture->addresses) && capture->addresses[count]; count++) {
		struct address address = advert_address(capture->addresses[count]);

		assert_true(address_equal(&packet->addresses[count], &address));
	}
	assert_int_equal(packet->address_count, count);
}

static void test_captures(void **state)
{
	(void)state;
	for (size_t i = 0; i < ADVERT_COUNT; i++) {
		struct advert advert;
		struct vrrp_packet packet;
		uint8_t bytes[VRRP_PACKET_MOST];

		print_message("capture %zu\n", i);
		advert_set(&advert, &advert_captures[i]);
		memset(&packet, 0xa5, sizeof(packet));
		assert_int_equal(advert_decode(&advert, &packet), VRRP_REJECT_NONE);
		check_packet(&packet, &advert_captures[i]);
		assert_int_equal(vrrp_packet_vrid(advert.bytes, 2), advert_captures[i].vrid);
		/* As bytes again. Either form is sent as RFC 9568's. */
		if (i == ADVERT_V3_EITHER)
			packet.checksum = VRRP_CHECKSUM_RFC9568;
		memcpy(packet.password, advert.expected.password, VRRP_PASSWORD_SIZE);
		assert_int_equal(vrrp_packet_encode(&packet, &advert.datagram.source,
					 &advert.datagram.destination, bytes),
			advert_captures[i].size);
		assert_memory_equal(bytes, advert_captures[i].bytes, advert_captures[i].size);
	}
}

/* A change to a advert that is heard. Bytes are set first, then the checksum is made anew (`sum`),
 * then spoilt. */
struct change {
	const char *name;
	enum advert_which of;
	enum vrrp_reject reject;
	struct {
		uint8_t at, to;
	} sets[2];
	uint8_t set_count;
	bool sum, spoil;
	bool truncated, control, owner, unicast, no_peers, either;
	int ttl;     /* 0: as it is */
	int longer;  /* bytes that it has more, or less; the checksum is right for them */
	int missing; /* bytes that were not read */
	uint8_t vrid, version, auth, letter;
	uint16_t interval;
	const char *source, *destination;
};

#define SET(where, what) .sets = {{where, what}}, .set_count = 1, .sum = true

static const struct change changes[] = {
	{"an IPv6 source", ADVERT_V3_9568, VRRP_REJECT_FAMILY, .source = "fe80::1"},
	{"an IPv6 destination", ADVERT_V3_9568, VRRP_REJECT_FAMILY, .destination = "ff02::12"},
	{"read in part", ADVERT_V3_9568, VRRP_REJECT_TRUNCATED, .missing = 4},
	{"read in part, all of it there", ADVERT_V3_9568, VRRP_REJECT_TRUNCATED, .truncated = true},
	{"control data cut", ADVERT_V3_9568, VRRP_REJECT_CONTROL, .control = true},
	{"ttl 254", ADVERT_V3_9568, VRRP_REJECT_TTL, .ttl = 254},
	{"hop limit 64", ADVERT_V3_IPV6, VRRP_REJECT_TTL, .ttl = 64},
	{"ttl unknown", ADVERT_V3_9568, VRRP_REJECT_TTL, .ttl = -1},
	{"version 1", ADVERT_V3_9568, VRRP_REJECT_VERSION, SET(0, 0x11)},
	{"version 4", ADVERT_V3_9568, VRRP_REJECT_VERSION, SET(0, 0x41)},
	{"version 2 for 3", ADVERT_V3_9568, VRRP_REJECT_VERSION, SET(0, 0x21)},
	{"version 3 for 2", ADVERT_V2_NONE, VRRP_REJECT_VERSION, SET(0, 0x31)},
	{"version 2 over IPv6", ADVERT_V3_IPV6, VRRP_REJECT_VERSION, SET(0, 0x21), .version = 2},
	{"type 0", ADVERT_V3_9568, VRRP_REJECT_TYPE, SET(0, 0x30)},
	{"type 2", ADVERT_V3_IPV6, VRRP_REJECT_TYPE, SET(0, 0x32)},
	{"type 15 in version 2", ADVERT_V2_NONE, VRRP_REJECT_TYPE, SET(0, 0x2f)},
	{"an address too few", ADVERT_V3_9568, VRRP_REJECT_LENGTH, SET(COUNT_OFFSET, 2)},
	{"an address too many", ADVERT_V3_IPV6, VRRP_REJECT_LENGTH, SET(COUNT_OFFSET, 1)},
	{"255 addresses said", ADVERT_V2_NONE, VRRP_REJECT_LENGTH, SET(COUNT_OFFSET, 255)},
	{"bytes behind", ADVERT_V3_9568, VRRP_REJECT_LENGTH, .longer = 2, .sum = true},
	{"version 2 without password", ADVERT_V2_NONE, VRRP_REJECT_LENGTH, .longer = -8,
		.sum = true},
	{"more read than came", ADVERT_V3_9568, VRRP_REJECT_LENGTH, .missing = -4},
	{"a wrong sum", ADVERT_V3_9568, VRRP_REJECT_CHECKSUM, .spoil = true},
	{"a wrong sum, either form", ADVERT_V3_9568, VRRP_REJECT_CHECKSUM, .spoil = true,
		.either = true},
	{"a wrong sum over IPv6", ADVERT_V3_IPV6, VRRP_REJECT_CHECKSUM, .spoil = true},
	{"a wrong sum in version 2", ADVERT_V2_NONE, VRRP_REJECT_CHECKSUM, .spoil = true},
	{"no sum", ADVERT_V3_9568, VRRP_REJECT_CHECKSUM, .sets = {{6, 0}, {7, 0}}, .set_count = 2},
	{"another's source under the sum", ADVERT_V3_5798, VRRP_REJECT_CHECKSUM,
		.source = "192.0.2.2"},
	{"another's source under IPv6's sum", ADVERT_V3_IPV6, VRRP_REJECT_CHECKSUM,
		.source = "fe80::2"},
	{"a VRID of others", ADVERT_V3_9568, VRRP_REJECT_VRID, SET(1, 52)},
	{"a VRID of 0", ADVERT_V3_9568, VRRP_REJECT_VRID, SET(1, 0)},
	{"nobody's VRID", ADVERT_V2_NONE, VRRP_REJECT_VRID, .vrid = 1},
	{"the owner", ADVERT_V3_9568, VRRP_REJECT_OWNER, .owner = true},
	{"not the group", ADVERT_V3_9568, VRRP_REJECT_DESTINATION, .destination = "224.0.0.1"},
	{"sent to one", ADVERT_V2_NONE, VRRP_REJECT_DESTINATION, .destination = "192.0.2.2"},
	{"not the IPv6 group", ADVERT_V3_IPV6, VRRP_REJECT_DESTINATION, .destination = "ff02::1",
		.sum = true},
	{"a group for unicast", ADVERT_V3_9568, VRRP_REJECT_DESTINATION, .unicast = true},
	{"no source", ADVERT_V3_9568, VRRP_REJECT_SOURCE, .source = "0.0.0.0"},
	{"a group's source", ADVERT_V2_NONE, VRRP_REJECT_SOURCE, .source = "224.0.0.18"},
	{"a global source", ADVERT_V3_IPV6, VRRP_REJECT_SOURCE, .source = "2001:db8::1",
		.sum = true},
	{"no peer's source", ADVERT_V3_9568, VRRP_REJECT_SOURCE, .source = "192.0.2.7",
		.unicast = true, .destination = "192.0.2.9"},
	{"no peers", ADVERT_V3_9568, VRRP_REJECT_SOURCE, .unicast = true, .no_peers = true,
		.destination = "192.0.2.9"},
	{"no address", ADVERT_V3_9568, VRRP_REJECT_COUNT_ZERO, SET(COUNT_OFFSET, 0), .longer = -4},
	{"no IPv6 address", ADVERT_V3_IPV6, VRRP_REJECT_COUNT_ZERO, SET(COUNT_OFFSET, 0),
		.longer = -32},
	{"no password for one", ADVERT_V2_SIMPLE, VRRP_REJECT_AUTH_TYPE, SET(4, 0)},
	{"a password for none", ADVERT_V2_NONE, VRRP_REJECT_AUTH_TYPE, SET(4, 1)},
	{"authentication by a header of IP", ADVERT_V2_SIMPLE, VRRP_REJECT_AUTH_TYPE, SET(4, 2)},
	{"authentication unknown", ADVERT_V2_NONE, VRRP_REJECT_AUTH_TYPE, SET(4, 255)},
	{"another first letter", ADVERT_V2_SIMPLE, VRRP_REJECT_PASSWORD, SET(12, 'S')},
	{"another letter", ADVERT_V2_SIMPLE, VRRP_REJECT_PASSWORD, SET(14, 'C')},
	{"a last letter more", ADVERT_V2_SIMPLE, VRRP_REJECT_PASSWORD, SET(19, 'x')},
	{"a letter less", ADVERT_V2_SIMPLE, VRRP_REJECT_PASSWORD, SET(17, 0)},
	{"a letter expected", ADVERT_V2_SIMPLE, VRRP_REJECT_PASSWORD, .letter = 'y'},
	{"another address", ADVERT_V2_NONE, VRRP_REJECT_ADDRESSES, SET(15, 102)},
	{"an address twice", ADVERT_V2_NONE, VRRP_REJECT_ADDRESSES, SET(15, 100)},
	{"fewer addresses", ADVERT_V2_NONE, VRRP_REJECT_ADDRESSES, SET(COUNT_OFFSET, 1),
		.longer = -4},
	{"another address from one that goes", ADVERT_V2_NONE, VRRP_REJECT_ADDRESSES,
		.sets = {{15, 102}, {2, 0}}, .set_count = 2, .sum = true},
	{"no interval", ADVERT_V3_9568, VRRP_REJECT_INTERVAL_ZERO, SET(5, 0)},
	{"no interval but reserved bits", ADVERT_V3_IPV6, VRRP_REJECT_INTERVAL_ZERO,
		.sets = {{5, 0}, {4, ADVERT_RESERVED_BITS}}, .set_count = 2, .sum = true},
	{"no interval in version 2", ADVERT_V2_NONE, VRRP_REJECT_INTERVAL_ZERO, SET(5, 0)},
	{"a second more", ADVERT_V2_NONE, VRRP_REJECT_INTERVAL, SET(5, 2)},
	{"a tenth of a second expected", ADVERT_V2_SIMPLE, VRRP_REJECT_INTERVAL, .interval = 10},
	/* What is heard, though it is not as the captures are. */
	{"either version", ADVERT_V3_9568, VRRP_REJECT_NONE, .version = 0xff},
	{"either version, 2", ADVERT_V2_NONE, VRRP_REJECT_NONE, .version = 0xff},
	{"another interval", ADVERT_V3_9568, VRRP_REJECT_NONE, SET(5, 1)},
	{"reserved bits", ADVERT_V3_9568, VRRP_REJECT_NONE, SET(4, ADVERT_RESERVED_BITS)},
	{"one that goes", ADVERT_V3_IPV6, VRRP_REJECT_NONE, SET(2, VRRP_PRIORITY_STOP)},
	{"an owner", ADVERT_V3_9568, VRRP_REJECT_NONE, SET(2, VRRP_PRIORITY_OWNER)},
	{"another address in version 3", ADVERT_V3_9568, VRRP_REJECT_NONE, SET(11, 101)},
	{"another address in version 2 from the owner", ADVERT_V2_NONE, VRRP_REJECT_NONE,
		.sets = {{15, 102}, {2, 255}}, .set_count = 2, .sum = true},
	{"bytes where no password is", ADVERT_V2_NONE, VRRP_REJECT_NONE, SET(23, 7)},
	{"a peer", ADVERT_V3_9568, VRRP_REJECT_NONE, .unicast = true, .destination = "192.0.2.9"},
	{"the other peer", ADVERT_V3_9568, VRRP_REJECT_NONE, .unicast = true,
		.destination = "192.0.2.9", .source = "192.0.2.3"},
	{"a global peer", ADVERT_V3_IPV6, VRRP_REJECT_NONE, .unicast = true,
		.destination = "2001:db8::9", .source = "2001:db8::1", .sum = true},
};

static void apply_datagram(struct advert *advert, const struct change *change)
{
	struct vrrp_datagram *datagram = &advert->datagram;

	datagram->truncated |= change->truncated;
	datagram->control_truncated |= change->control;
	if (change->ttl)
		datagram->ttl = change->ttl;
	if (change->source)
		datagram->source = advert_address(change->source);
	if (change->destination)
		datagram->destination = advert_address(change->destination);
	datagram->size += change->longer;
	datagram->length += change->longer;
}

static void apply_expected(struct advert *advert, const struct change *change)
{
	struct vrrp_expected *expected = &advert->expected;
	bool ipv6 = advert_captures[change->of].size == 40;

	expected->owner |= change->owner;
	expected->unicast |= change->unicast;
	if (change->unicast) {
		advert->peers[0] = advert_address(ipv6 ? "2001:db8::1" : "192.0.2.1");
		advert->peers[1] = advert_address(ipv6 ? "2001:db8::3" : "192.0.2.3");
		expected->peers = advert->peers;
		expected->peer_count = change->no_peers ? 0 : 2;
	}
	if (change->vrid)
		expected->vrid = change->vrid;
	if (change->version)
		expected->version = change->version == 0xff ? 0 : change->version;
	if (change->letter)
		expected->password[VRRP_PASSWORD_SIZE - 1] = change->letter;
	if (change->interval)
		expected->interval = change->interval;
	if (change->either)
		expected->checksum = VRRP_CHECKSUM_AUTO;
}

/* One change, or two. */
static void apply(struct advert *advert, const struct change *first, const struct change *second)
{
	const struct change *both[] = {first, second};

	advert_set(advert, &advert_captures[first->of]);
	for (size_t i = 0; i < 2 && both[i]; i++) {
		apply_datagram(advert, both[i]);
		apply_expected(advert, both[i]);
		for (size_t j = 0; j < both[i]->set_count; j++)
			advert->bytes[both[i]->sets[j].at] = both[i]->sets[j].to;
	}
	if (first->sum || (second && second->sum))
		advert_sum(advert);
	for (size_t i = 0; i < 2 && both[i]; i++) {
		advert->bytes[7] ^= both[i]->spoil;
		advert->datagram.size -= both[i]->missing;
	}
}

static void test_changes(void **state)
{
	bool seen[VRRP_REJECT_COUNT] = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
		struct vrrp_packet packet, before;
		struct advert advert;

		memset(&packet, 0xa5, sizeof(packet));
		before = packet;
		apply(&advert, &changes[i], NULL);
		enum vrrp_reject reject = advert_decode(&advert, &packet);
		print_message("%s: %s\n", changes[i].name, vrrp_reject_name(reject));
		assert_int_equal(reject, changes[i].reject);
		/* What is not heard leaves nothing behind. */
		if (reject != VRRP_REJECT_NONE)
			assert_memory_equal(&packet, &before, sizeof(packet));
		else
			assert_int_equal(packet.addresses_differ,
				strstr(changes[i].name, "another address") != NULL);
		seen[reject] = true;
	}
	for (size_t i = 0; i < VRRP_REJECT_COUNT; i++)
		assert_true(seen[i]);
}

/* Changes that touch the same thing, so that the second takes the first back or gives it another
 * meaning. */
static bool change_interferes(const struct change *a, const struct change *b)
{
	for (size_t i = 0; i < a->set_count; i++)
		for (size_t j = 0; j < b->set_count; j++)
			if (a->sets[i].at == b->sets[j].at)
				return true;
	if ((a->source && b->source) || (a->destination && b->destination) || a->unicast ||
		b->unicast)
		return true;
	/* Sums that are to be wrong, and are made anew; lengths that make up for each other. */
	if ((a->reject == VRRP_REJECT_CHECKSUM && !a->spoil) ||
		(b->reject == VRRP_REJECT_CHECKSUM && !b->spoil))
		return true;
	if ((a->longer || a->missing || a->set_count) &&
		(b->longer || b->missing || b->set_count) &&
		(a->longer || a->missing || b->longer || b->missing))
		return true;
	/* The address that the sum covers is another, and no new sum is made: that is found first.
	 * */
	bool covered = advert_captures[a->of].checksum == VRRP_CHECKSUM_RFC5798 ||
		       advert_captures[a->of].size == 40;
	return covered && (a->source || a->destination || b->source || b->destination);
}

/* Of two reasons, the one that the RFC looks for first. */
static void test_order(void **state)
{
	size_t pairs = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
		for (size_t j = 0; j < ARRAY_LENGTH(changes); j++) {
			const struct change *a = &changes[i], *b = &changes[j];
			struct vrrp_packet packet;
			struct advert advert;

			if (a->of != b->of || a->reject >= b->reject ||
				a->reject == VRRP_REJECT_NONE || change_interferes(a, b))
				continue;
			apply(&advert, a, b);
			enum vrrp_reject reject = advert_decode(&advert, &packet);
			if (reject != a->reject)
				print_message(
					"%s, %s: %s\n", a->name, b->name, vrrp_reject_name(reject));
			assert_int_equal(reject, a->reject);
			pairs++;
		}
	}
	print_message("%zu pairs\n", pairs);
	assert_true(pairs > 150);
}

static void test_checksum_modes(void **state)
{
	static const enum vrrp_reject rejects[3][3] = {
		[ADVERT_V3_9568] = {VRRP_REJECT_NONE, VRRP_REJECT_NONE, VRRP_REJECT_CHECKSUM},
		[ADVERT_V3_5798] = {VRRP_REJECT_NONE, VRRP_REJECT_CHECKSUM, VRRP_REJECT_NONE},
		[ADVERT_V3_EITHER] = {VRRP_REJECT_NONE, VRRP_REJECT_NONE, VRRP_REJECT_NONE},
	};

	(void)state;
	for (size_t which = 0; which < ADVERT_COUNT; which++) {
		for (unsigned int mode = 0; mode < 3; mode++) {
			struct vrrp_packet packet;
			struct advert advert;

			advert_set(&advert, &advert_captures[which]);
			advert.expected.checksum = (enum vrrp_checksum)mode;
			enum vrrp_reject reject = advert_decode(&advert, &packet);
			assert_int_equal(
				reject, which < 3 ? rejects[which][mode] : VRRP_REJECT_NONE);
			if (reject == VRRP_REJECT_NONE)
				assert_int_equal(packet.checksum, advert_captures[which].checksum);
		}
	}
}

static void test_ttl_range(void **state)
{
	struct vrrp_packet packet;
	struct advert advert;

	(void)state;
	advert_set(&advert, &advert_captures[ADVERT_V3_9568]);
	advert.expected.ttl_least = 60;
	advert.expected.ttl_most = 64;
	for (int ttl = -1; ttl < 256; ttl++) {
		advert.datagram.ttl = ttl;
		assert_int_equal(advert_decode(&advert, &packet),
			ttl >= 60 && ttl <= 64 ? VRRP_REJECT_NONE : VRRP_REJECT_TTL);
	}
}

/* Every length below the right one: as it came, and as it was cut. */
static void test_prefixes(void **state)
{
	(void)state;
	for (size_t which = 0; which < ADVERT_COUNT; which++) {
		struct vrrp_packet packet;
		struct advert advert;

		advert_set(&advert, &advert_captures[which]);
		for (size_t size = 0; size < advert_captures[which].size; size++) {
			advert.datagram.size = size;
			advert.datagram.length = size;
			assert_int_equal(advert_decode(&advert, &packet), VRRP_REJECT_LENGTH);
			advert.datagram.length = advert_captures[which].size;
			assert_int_equal(advert_decode(&advert, &packet), VRRP_REJECT_TRUNCATED);
		}
		assert_int_equal(vrrp_packet_vrid(advert.bytes, 0), 0);
		assert_int_equal(vrrp_packet_vrid(advert.bytes, 1), 0);
	}
}

/* Reserved bits, and what stands where no password is. */
static bool bit_is_ignored(const struct advert_capture *capture, size_t bit)
{
	if (capture->version == 3)
		return bit / 8 == 4 && (ADVERT_RESERVED_BITS & 0x80 >> bit % 8);
	return capture->auth == VRRP_AUTH_NONE && bit / 8 >= capture->size - VRRP_PASSWORD_SIZE;
}

/* One bit is another: the sum tells. And if the sum is made for it, what it means is another. */
static void flip(const struct advert_capture *capture, const struct advert *original, size_t bit)
{
	struct vrrp_packet before, packet;
	struct advert advert = *original;

	advert.expected.addresses = NULL;
	assert_int_equal(advert_decode(&advert, &before), VRRP_REJECT_NONE);
	advert.bytes[bit / 8] ^= 0x80 >> bit % 8;
	advert.expected.version = 0;
	advert.expected.vrid = vrrp_packet_vrid(advert.bytes, advert.datagram.size);
	assert_int_not_equal(advert_decode(&advert, &packet), VRRP_REJECT_NONE);
	if (bit / 16 == 3)
		return;
	advert_sum(&advert);
	enum vrrp_reject reject = advert_decode(&advert, &packet);
	if (bit_is_ignored(capture, bit)) {
		assert_int_equal(reject, VRRP_REJECT_NONE);
		assert_true(advert_packets_equal(&before, &packet));
	} else if (reject == VRRP_REJECT_NONE) {
		assert_false(advert_packets_equal(&before, &packet));
	}
	assert_int_not_equal(reject, VRRP_REJECT_CHECKSUM);
}

static void test_flips(void **state)
{
	(void)state;
	for (size_t which = 0; which < ADVERT_COUNT; which++) {
		struct advert advert;

		advert_set(&advert, &advert_captures[which]);
		for (size_t bit = 0; bit < advert_captures[which].size * 8; bit++)
			flip(&advert_captures[which], &advert, bit);
	}
}

/* The order in the packet says nothing of whether the addresses are ours. */
static void test_address_order(void **state)
{
	struct vrrp_packet packet;
	struct advert advert;

	(void)state;
	advert_set(&advert, &advert_captures[ADVERT_V2_NONE]);
	advert.bytes[11] = 101;
	advert.bytes[15] = 100;
	assert_int_equal(advert_decode(&advert, &packet), VRRP_REJECT_NONE);
	assert_false(packet.addresses_differ);
	assert_int_equal(packet.addresses[0].bytes[3], 101);
	/* More than expected, and nothing expected. */
	advert.expected.address_count = 1;
	assert_int_equal(advert_decode(&advert, &packet), VRRP_REJECT_ADDRESSES);
	advert.expected.addresses = NULL;
	assert_int_equal(advert_decode(&advert, &packet), VRRP_REJECT_NONE);
	assert_false(packet.addresses_differ);
}

/* Whoever has no router for a packet expects nothing, and hears nothing: of no family too. */
static void test_nothing_expected(void **state)
{
	(void)state;
	for (size_t which = 0; which < ADVERT_COUNT; which++) {
		struct vrrp_packet packet;
		struct advert advert;

		advert_set(&advert, &advert_captures[which]);
		advert.expected = (struct vrrp_expected){};
		assert_int_equal(advert_decode(&advert, &packet), VRRP_REJECT_TTL);
		advert.expected.ttl_most = 255;
		assert_int_equal(advert_decode(&advert, &packet), VRRP_REJECT_VRID);
		advert.bytes[1] = 0;
		advert_sum(&advert);
		assert_int_equal(advert_decode(&advert, &packet), VRRP_REJECT_VRID);
		advert.datagram.source.family = advert.datagram.destination.family = AF_UNSPEC;
		assert_int_equal(advert_decode(&advert, &packet), VRRP_REJECT_FAMILY);
	}
}

/* Each reason has a word of its own that can be a label, and a phrase of its own. */
static void test_words(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < VRRP_REJECT_COUNT; i++) {
		const char *name = vrrp_reject_name((enum vrrp_reject)i);
		const char *text = vrrp_reject_text((enum vrrp_reject)i);

		assert_true(*name && strspn(name, "abcdefghijklmnopqrstuvwxyz-") == strlen(name));
		assert_true(*text);
		for (unsigned int j = 0; j < i; j++) {
			assert_string_not_equal(name, vrrp_reject_name((enum vrrp_reject)j));
			assert_string_not_equal(text, vrrp_reject_text((enum vrrp_reject)j));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_captures),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_checksum_modes),
		cmocka_unit_test(test_ttl_range),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_flips),
		cmocka_unit_test(test_address_order),
		cmocka_unit_test(test_nothing_expected),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
