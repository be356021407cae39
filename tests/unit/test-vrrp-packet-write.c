// SPDX-License-Identifier: GPL-2.0-or-later
/* Advertisements as they are written: random ones there and back, the bounds of what can be said,
 * and what cannot. SEED= repeats a run. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "tests/support/advert.h"
#include "tests/support/random.h"

#define RANDOM_PACKETS 20000

static struct address random_address(uint16_t family, bool link_local)
{
	uint8_t bytes[16];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)random_below(256);
	if (link_local) {
		bytes[0] = 0xfe;
		bytes[1] = (uint8_t)(0x80 | random_below(64));
	} else if (bytes[0] == 0 || bytes[0] >= 224) {
		bytes[0] = 1;
	}
	return address_from_bytes(family, bytes);
}

/* A packet that can be said, its source in *source. */
static void random_packet(struct vrrp_packet *packet, struct address *source)
{
	static const uint8_t counts[] = {1, 2, 3, 20, VRRP_ADDRESSES_MOST};
	uint16_t family = random_below(2) ? AF_INET : AF_INET6;

	memset(packet, 0, sizeof(*packet));
	packet->version = family == AF_INET && random_below(2) ? 2 : 3;
	packet->vrid = (uint8_t)(1 + random_below(255));
	packet->priority = (uint8_t)random_below(256);
	packet->interval = (uint16_t)(packet->version == 2 ? 100 * (1 + random_below(255))
							   : 1 + random_below(4095));
	if (packet->version == 3 && family == AF_INET)
		packet->checksum = random_below(2) ? VRRP_CHECKSUM_RFC9568 : VRRP_CHECKSUM_RFC5798;
	packet->auth = packet->version == 2 && random_below(2) ? VRRP_AUTH_SIMPLE : VRRP_AUTH_NONE;
	for (size_t i = 0; packet->auth && i < VRRP_PASSWORD_SIZE; i++)
		packet->password[i] = (uint8_t)random_below(256);
	packet->address_count = counts[random_below(ARRAY_LENGTH(counts))];
	if (packet->version == 2 && random_below(8) == 0)
		packet->address_count = 0;
	for (size_t i = 0; i < packet->address_count; i++) {
		packet->addresses[i] = random_address(family, family == AF_INET6 && i == 0);
		/* None twice. */
		packet->addresses[i].bytes[address_size(family) - 1] = (uint8_t)i;
	}
	*source = random_address(family, family == AF_INET6);
}

static void there_and_back(const struct vrrp_packet *packet, const struct address *source)
{
	size_t size = 8 + packet->address_count * address_size(source->family) +
		      (packet->version == 2 ? VRRP_PASSWORD_SIZE : 0);
	struct address group = vrrp_group(source->family);
	struct vrrp_packet back = {};
	uint8_t sum[2];
	struct advert advert = {};

	assert_int_equal(vrrp_packet_encode(packet, source, &group, advert.bytes), size);
	advert.datagram = (struct vrrp_datagram){
		.size = size, .length = size, .ttl = 255, .source = *source, .destination = group};
	advert.expected = (struct vrrp_expected){.vrid = packet->vrid,
		.version = packet->version,
		.ttl_least = 255,
		.ttl_most = 255,
		.checksum = packet->checksum,
		.auth = packet->auth,
		.interval = packet->interval,
		.address_count = packet->address_count};
	memcpy(advert.expected.password, packet->password, VRRP_PASSWORD_SIZE);
	memcpy(advert.addresses, packet->addresses, sizeof(advert.addresses));
	advert_sort(&advert);
	assert_int_equal(advert_decode(&advert, &back), VRRP_REJECT_NONE);
	/* One source in 65,535 has a pseudo-header that adds nothing. */
	if (back.checksum == VRRP_CHECKSUM_AUTO)
		back.checksum = packet->checksum;
	assert_true(advert_packets_equal(packet, &back));
	assert_false(back.addresses_differ);
	memcpy(sum, advert.bytes + 6, 2);
	advert_sum(&advert);
	assert_memory_equal(sum, advert.bytes + 6, 2);
}

static void test_random(void **state)
{
	const char *given = getenv("SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);

	(void)state;
	print_message("SEED=%llu\n", (unsigned long long)seed);
	random_seed(seed);
	for (size_t i = 0; i < RANDOM_PACKETS; i++) {
		struct vrrp_packet packet;
		struct address source;

		random_packet(&packet, &source);
		there_and_back(&packet, &source);
	}
}

/* The bounds of what can be said. */
static void test_extremes(void **state)
{
	static const struct {
		uint16_t family;
		uint8_t version, priority, count;
		uint16_t interval;
	} rows[] = {
		{AF_INET, 3, 0, 1, 1},
		{AF_INET, 3, 255, 255, 4095},
		{AF_INET6, 3, 0, 255, 4095},
		{AF_INET6, 3, 255, 1, 1},
		{AF_INET, 2, 0, 0, 100},
		{AF_INET, 2, 255, 255, 25500},
	};

	(void)state;
	random_seed(1);
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct address source = random_address(rows[i].family, rows[i].family == AF_INET6);
		struct vrrp_packet packet = {.version = rows[i].version,
			.vrid = 255,
			.priority = rows[i].priority,
			.interval = rows[i].interval,
			.address_count = rows[i].count};

		if (rows[i].version == 3 && rows[i].family == AF_INET)
			packet.checksum = VRRP_CHECKSUM_RFC5798;
		for (size_t j = 0; j < rows[i].count; j++) {
			packet.addresses[j] = random_address(
				rows[i].family, rows[i].family == AF_INET6 && j == 0);
			packet.addresses[j].bytes[address_size(rows[i].family) - 1] = (uint8_t)j;
		}
		there_and_back(&packet, &source);
	}
}

/* A sum of nothing is two zeros: no other protocol's way to say that there is none. 3133 + 6401 +
 * 0064 + 0a00 + 6067 = ffff. */
static void test_zero_sum(void **state)
{
	const struct address source = advert_address("192.0.2.1");
	struct vrrp_packet packet = {.version = 3,
		.vrid = 51,
		.priority = 100,
		.interval = 100,
		.checksum = VRRP_CHECKSUM_RFC9568,
		.address_count = 1,
		.addresses = {advert_address("10.0.96.103")}};
	const struct address group = vrrp_group(AF_INET);
	uint8_t bytes[VRRP_PACKET_MOST];

	(void)state;
	assert_int_equal(vrrp_packet_encode(&packet, &source, &group, bytes), 12);
	assert_int_equal(bytes[6] | bytes[7], 0);
	there_and_back(&packet, &source);
}

/* What has no form is not sent. Each row is one thing wrong with a packet that can be. */
static void test_unsayable(void **state)
{
	static const struct {
		const char *name, *source, *destination, *first, *second;
		uint8_t version, vrid;
		uint16_t interval;
		unsigned int auth;
		enum vrrp_checksum checksum;
		bool sayable;
	} rows[] = {
		{"IPv4", "192.0.2.1", "224.0.0.18", "192.0.2.3", NULL, 3, 1, 100, 0, 1, true},
		{"version 1", "192.0.2.1", "224.0.0.18", "192.0.2.3", NULL, 1, 1, 100, 0, 1, false},
		{"version 4", "192.0.2.1", "224.0.0.18", "192.0.2.3", NULL, 4, 1, 100, 0, 1, false},
		{"VRID 0", "192.0.2.1", "224.0.0.18", "192.0.2.3", NULL, 3, 0, 100, 0, 1, false},
		{"never", "192.0.2.1", "224.0.0.18", "192.0.2.3", NULL, 3, 1, 0, 0, 1, false},
		{"13 bits", "192.0.2.1", "224.0.0.18", "192.0.2.3", NULL, 3, 1, 4096, 0, 1, false},
		{"password in 3", "192.0.2.1", "224.0.0.18", "192.0.2.3", NULL, 3, 1, 100, 1, 1,
			false},
		{"no form", "192.0.2.1", "224.0.0.18", "192.0.2.3", NULL, 3, 1, 100, 0, 0, false},
		{"no address", "192.0.2.1", "224.0.0.18", NULL, NULL, 3, 1, 100, 0, 1, false},
		{"IPv6 address", "192.0.2.1", "224.0.0.18", "192.0.2.3", "fe80::1", 3, 1, 100, 0, 1,
			false},
		{"IPv6 group", "192.0.2.1", "ff02::12", "192.0.2.3", NULL, 3, 1, 100, 0, 1, false},
		{"version 2", "192.0.2.1", "224.0.0.18", "192.0.2.3", NULL, 2, 1, 200, 1, 0, true},
		{"half a second", "192.0.2.1", "224.0.0.18", "192.0.2.3", NULL, 2, 1, 150, 0, 0,
			false},
		{"256 seconds", "192.0.2.1", "224.0.0.18", "192.0.2.3", NULL, 2, 1, 25600, 0, 0,
			false},
		{"2 never", "192.0.2.1", "224.0.0.18", "192.0.2.3", NULL, 2, 1, 0, 0, 0, false},
		{"header", "192.0.2.1", "224.0.0.18", "192.0.2.3", NULL, 2, 1, 100, 2, 0, false},
		{"2 over IPv6", "fe80::1", "ff02::12", "fe80::3", NULL, 2, 1, 100, 0, 0, false},
		{"IPv6", "fe80::1", "ff02::12", "fe80::3", "2001:db8::3", 3, 1, 100, 0, 0, true},
		{"global first", "fe80::1", "ff02::12", "2001:db8::3", "fe80::3", 3, 1, 100, 0, 0,
			false},
		{"no IPv6 address", "fe80::1", "ff02::12", NULL, NULL, 3, 1, 100, 0, 0, false},
		{"mixed", "fe80::1", "ff02::12", "fe80::3", "192.0.2.3", 3, 1, 100, 0, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct address source = advert_address(rows[i].source);
		struct address destination = advert_address(rows[i].destination);
		struct vrrp_packet packet = {.version = rows[i].version,
			.vrid = rows[i].vrid,
			.interval = rows[i].interval,
			.auth = (enum vrrp_auth)rows[i].auth,
			.checksum = rows[i].checksum};
		uint8_t bytes[VRRP_PACKET_MOST];

		if (rows[i].first)
			packet.addresses[packet.address_count++] = advert_address(rows[i].first);
		if (rows[i].second)
			packet.addresses[packet.address_count++] = advert_address(rows[i].second);
		print_message("%s\n", rows[i].name);
		int size = vrrp_packet_encode(&packet, &source, &destination, bytes);
		if (rows[i].sayable)
			assert_true(size > 0);
		else
			assert_int_equal(size, -EINVAL);
		/* No family at all. */
		source.family = destination.family = AF_UNSPEC;
		assert_int_equal(
			vrrp_packet_encode(&packet, &source, &destination, bytes), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_zero_sum),
		cmocka_unit_test(test_unsayable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
