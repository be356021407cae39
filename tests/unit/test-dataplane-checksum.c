// SPDX-License-Identifier: GPL-2.0-or-later
/* Checksums against slow ones that add bytes as the RFCs write them, and against known packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "backends/dpdk/dataplane/checksum.h"
#include "base/macros.h"
#include "tests/support/random.h"

#define MOST   200
#define ROUNDS 20000

/* RFC 1071 §1, as numbers in network order: the sum, not complemented. */
static uint16_t plain_sum(uint32_t sum, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		sum += (uint32_t)bytes[i] << (i % 2 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* RFC 9260 §A: bit by bit. */
static uint32_t plain_crc(const uint8_t *bytes, size_t length)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < length; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static void fill(uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)random_below(256);
}

static void test_sum(void **state)
{
	static const uint8_t rfc1071[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	static const uint8_t ones[MOST] = {[0 ... MOST - 1] = 0xff};

	(void)state;
	assert_int_equal(ntohs(checksum_fold(checksum_add(0, rfc1071, sizeof(rfc1071)))), 0xddf2);
	random_seed(1071);
	for (size_t length = 0; length < MOST; length++) {
		/* Exactly so long, for who watches what is read. */
		uint8_t *bytes = malloc(length + 1);

		fill(bytes, length + 1);
		for (size_t at = 0; at < 2 && at <= length; at++)
			assert_int_equal(
				ntohs(checksum_fold(checksum_add(0, bytes + at, length + 1 - at))),
				plain_sum(0, bytes + at, length + 1 - at));
		assert_int_equal(ntohs(checksum_fold(checksum_add(UINT16_MAX, bytes, length))),
			plain_sum(UINT16_MAX, bytes, length));
		assert_int_equal(ntohs(checksum_fold(checksum_add(0, ones, length))),
			plain_sum(0, ones, length));
		free(bytes);
	}
}

/* No carry is lost: a sum that has all its bits. */
static void test_fold(void **state)
{
	(void)state;
	assert_int_equal(checksum_fold(0), 0);
	assert_int_equal(checksum_fold(UINT64_MAX), 0xffff);
	assert_int_equal(checksum_fold(UINT64_MAX - 1), 0xfffe);
	assert_int_equal(checksum_fold(0x0001ffffffffull), 1);
	random_seed(3);
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t sum = (uint64_t)random_below(UINT32_MAX) << 32 | random_below(UINT32_MAX);

		assert_int_equal(checksum_fold(sum), sum % 0xffff ? sum % 0xffff : 0xffff);
	}
}

static void test_ipv4(void **state)
{
	/* The same header, and one with options; the checksum stands at 10. */
	static const uint8_t header[] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
		0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};
	static const uint8_t options[] = {0x46, 0x00, 0x00, 0x20, 0x00, 0x01, 0x00, 0x00, 0x40,
		0x02, 0x44, 0x0c, 0x0a, 0x00, 0x00, 0x01, 0xe0, 0x00, 0x00, 0x16, 0x94, 0x04, 0x00,
		0x00};
	uint8_t bytes[24];

	(void)state;
	assert_int_equal(ntohs(checksum_of_ipv4(header, sizeof(header))), 0xb861);
	memcpy(bytes, options, sizeof(bytes));
	uint16_t sum = checksum_of_ipv4(bytes, sizeof(bytes));
	memcpy(bytes + 10, &sum, sizeof(sum));
	assert_int_equal(plain_sum(0, bytes, sizeof(bytes)), 0xffff);
	assert_int_equal(checksum_of_ipv4(bytes, sizeof(bytes)), sum);
}

static void test_transport(void **state)
{
	/* Made by scapy: UDP 10.0.0.1:1000 to 10.0.0.2:2000 "hello", and the same of IPv6. */
	static const uint8_t source[] = {10, 0, 0, 1}, destination[] = {10, 0, 0, 2};
	static const uint8_t source6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
	static const uint8_t destination6[16] = {0x20, 1, 0xd, 0xb8, [15] = 2};
	static const uint8_t udp[] = {
		0x03, 0xe8, 0x07, 0xd0, 0x00, 0x0d, 0, 0, 'h', 'e', 'l', 'l', 'o'};

	(void)state;
	assert_int_equal(ntohs(checksum_of_transport(
				 AF_INET, source, destination, IPPROTO_UDP, udp, sizeof(udp))),
		0x9c47);
	assert_int_equal(ntohs(checksum_of_transport(
				 AF_INET6, source6, destination6, IPPROTO_UDP, udp, sizeof(udp))),
		0x54d5);
}

/* A field that was right is right after any word has changed, one that was wrong is as wrong. */
static void test_mend(void **state)
{
	uint8_t bytes[40], other[8];

	(void)state;
	random_seed(1624);
	for (int i = 0; i < ROUNDS; i++) {
		size_t at = 2 + 2 * random_below(16);
		uint16_t field, wrong = (uint16_t)random_below(i % 2 ? 65536 : 1);

		fill(bytes, sizeof(bytes));
		fill(other, sizeof(other));
		if (i % 3 == 0)
			memset(other, i % 2 ? 0xff : 0, sizeof(other));
		memset(bytes, 0, 2);
		field = (uint16_t)~checksum_fold(checksum_add(wrong, bytes, sizeof(bytes)));
		uint64_t difference = i % 2 ? checksum_difference_bytes(bytes + at, other, 4)
					    : checksum_difference_bytes(bytes + at, other, 8);
		memcpy(bytes + at, other, i % 2 ? 4 : 8);
		field = checksum_mend(field, difference);
		memcpy(bytes, &field, sizeof(field));
		assert_int_equal(checksum_fold(checksum_add(wrong, bytes, sizeof(bytes))), 0xffff);
	}
}

static void test_mend_word(void **state)
{
	static const uint16_t words[] = {0, 1, 0x00ff, 0xff00, 0x7fff, 0x8000, 0xfffe, 0xffff};

	(void)state;
	/* RFC 1624 §4: what equation 2 of RFC 1141 gets wrong. */
	assert_int_equal(ntohs(checksum_mend(
				 htons(0xdd2f), checksum_difference(htons(0x5555), htons(0x3285)))),
		0x0000);
	for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
		for (size_t j = 0; j < ARRAY_LENGTH(words); j++) {
			for (uint32_t rest = 0; rest < 0x10000; rest += 0x101) {
				uint16_t field = (uint16_t)~checksum_fold(rest + words[i]);

				field = checksum_mend(
					field, checksum_difference(words[i], words[j]));
				assert_int_equal(
					checksum_fold(rest + words[j] + field) % 0xffff, 0);
			}
		}
	}
}

static void test_mend_udp(void **state)
{
	(void)state;
	assert_int_equal(checksum_mend_udp(0, checksum_difference(1, 2)), 0);
	assert_int_equal(checksum_mend_udp(0, 0), 0);
	/* One that becomes 0. */
	assert_int_equal(checksum_mend(7, checksum_difference(1, 8)), 0);
	assert_int_equal(checksum_mend_udp(7, checksum_difference(1, 8)), 0xffff);
	assert_int_equal(checksum_mend_udp(7, checksum_difference(1, 7)), 1);
	assert_int_equal(checksum_mend_udp(0xffff, checksum_difference(1, 2)), 0xfffe);
}

static void check_sctp(uint8_t *bytes, size_t length)
{
	uint32_t before = plain_crc(bytes, length), change, old, new;

	memcpy(&old, bytes, sizeof(old));
	bytes[random_below(4)] ^= (uint8_t)(1 + random_below(255));
	memcpy(&new, bytes, sizeof(new));
	change = old ^ new;
	assert_int_equal(
		before ^ checksum_difference_sctp(change, length), plain_crc(bytes, length));
}

static void test_sctp(void **state)
{
	static uint8_t bytes[65535];

	(void)state;
	assert_int_equal(plain_crc((const uint8_t *)"123456789", 9), 0xe3069283);
	assert_int_equal(checksum_difference_sctp(0, 1500), 0);
	random_seed(9260);
	for (size_t length = 4; length < 300; length++) {
		fill(bytes, length);
		check_sctp(bytes, length);
	}
	fill(bytes, sizeof(bytes));
	for (size_t length = 512; length < sizeof(bytes); length += length)
		check_sctp(bytes, length);
	check_sctp(bytes, sizeof(bytes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sum),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_ipv4),
		cmocka_unit_test(test_transport),
		cmocka_unit_test(test_mend),
		cmocka_unit_test(test_mend_word),
		cmocka_unit_test(test_mend_udp),
		cmocka_unit_test(test_sctp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
