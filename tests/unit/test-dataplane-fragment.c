// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets in pieces, and whole again: as scapy divides them, at random in any order, and what must not
 * become a packet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "backends/dpdk/dataplane/checksum.h"
#include "backends/dpdk/dataplane/fragment.h"
#include "backends/dpdk/dataplane/link.h"
#include "backends/dpdk/dataplane/reassembly.h"
#include "base/macros.h"

#define SECOND UINT64_C(1000000000)
#define NOW    (100 * SECOND)
#define MOST   8u

/* By scapy 2.5. */
static const uint8_t ipv4_packet[80] = {0x45, 0x00, 0x00, 0x50, 0x12, 0x34, 0x00, 0x00, 0x40, 0x11,
	0x7c, 0x32, 0xc0, 0x00, 0x02, 0x01, 0xc6, 0x33, 0x64, 0x02, 0x00, 0x01, 0x02, 0x03, 0x04,
	0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13,
	0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x21, 0x22,
	0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f, 0x30, 0x31,
	0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b};
static const uint8_t ipv4_piece_0[52] = {0x45, 0x00, 0x00, 0x34, 0x12, 0x34, 0x20, 0x00, 0x40, 0x11,
	0x5c, 0x4e, 0xc0, 0x00, 0x02, 0x01, 0xc6, 0x33, 0x64, 0x02, 0x00, 0x01, 0x02, 0x03, 0x04,
	0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13,
	0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f};
static const uint8_t ipv4_piece_1[48] = {0x45, 0x00, 0x00, 0x30, 0x12, 0x34, 0x00, 0x04, 0x40, 0x11,
	0x7c, 0x4e, 0xc0, 0x00, 0x02, 0x01, 0xc6, 0x33, 0x64, 0x02, 0x20, 0x21, 0x22, 0x23, 0x24,
	0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f, 0x30, 0x31, 0x32, 0x33,
	0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b};
static const uint8_t ipv6_packet[116] = {0x60, 0x00, 0x00, 0x00, 0x00, 0x4c, 0x00, 0x40, 0x20, 0x01,
	0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x20,
	0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02,
	0x11, 0x00, 0x01, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x02, 0x00, 0x44, 0x3a,
	0x67, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d,
	0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c,
	0x1d, 0x1e, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b,
	0x2c, 0x2d, 0x2e, 0x2f, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a,
	0x3b};
static const uint8_t ipv6_piece_0[112] = {0x60, 0x00, 0x00, 0x00, 0x00, 0x48, 0x00, 0x40, 0x20,
	0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01,
	0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x02, 0x2c, 0x00, 0x01, 0x04, 0x00, 0x00, 0x00, 0x00, 0x11, 0x00, 0x00, 0x01, 0x89, 0xab,
	0xcd, 0xef, 0x00, 0x01, 0x00, 0x02, 0x00, 0x44, 0x3a, 0x67, 0x00, 0x01, 0x02, 0x03, 0x04,
	0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13,
	0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x21, 0x22,
	0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f};
static const uint8_t ipv6_piece_1[68] = {0x60, 0x00, 0x00, 0x00, 0x00, 0x1c, 0x00, 0x40, 0x20, 0x01,
	0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x20,
	0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02,
	0x2c, 0x00, 0x01, 0x04, 0x00, 0x00, 0x00, 0x00, 0x11, 0x00, 0x00, 0x38, 0x89, 0xab, 0xcd,
	0xef, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b};

/* --- into pieces --- */

static void check_piece(const uint8_t *packet, size_t length, size_t mtu, unsigned int index,
	const uint8_t *expected, size_t size)
{
	uint8_t *piece = malloc(mtu);

	assert_int_equal(fragment_write(packet, length, mtu, 0x89abcdef, index, piece), size);
	if (size)
		assert_memory_equal(piece, expected, size);
	free(piece);
}

static void test_like_scapy(void **state _unused_)
{
	check_piece(ipv4_packet, sizeof(ipv4_packet), 52, 0, ipv4_piece_0, sizeof(ipv4_piece_0));
	check_piece(ipv4_packet, sizeof(ipv4_packet), 59, 1, ipv4_piece_1, sizeof(ipv4_piece_1));
	check_piece(ipv4_packet, sizeof(ipv4_packet), 52, 2, NULL, 0);
	check_piece(ipv6_packet, sizeof(ipv6_packet), 112, 0, ipv6_piece_0, sizeof(ipv6_piece_0));
	check_piece(ipv6_packet, sizeof(ipv6_packet), 112, 1, ipv6_piece_1, sizeof(ipv6_piece_1));
	check_piece(ipv6_packet, sizeof(ipv6_packet), 112, 2, NULL, 0);
}

/* Options: all of them first, then those that say so. */
static void test_options(void **state _unused_)
{
	static const uint8_t packet[] = {0x47, 0, 0, 44, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1,
		192, 0, 2, 2, 0x94, 4, 0, 0, 7, 3, 4, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
		14, 15, 16};
	uint8_t piece[36];

	assert_int_equal(fragment_write(packet, sizeof(packet), 36, 0, 0, piece), 36);
	assert_int_equal(piece[0], 0x47);
	assert_memory_equal(piece + 20, packet + 20, 16);
	assert_int_equal(fragment_write(packet, sizeof(packet), 36, 0, 1, piece), 32);
	assert_int_equal(piece[0], 0x46);
	assert_memory_equal(piece + 20, packet + 20, 4);
	assert_memory_equal(piece + 24, packet + 36, 8);
	assert_int_equal(link_get_16(piece + 6), 1);
}

static void test_not_to_be_divided(void **state _unused_)
{
	uint8_t piece[200], packet[sizeof(ipv6_packet)];

	assert_int_equal(fragment_write(ipv4_piece_0, sizeof(ipv4_piece_0), 40, 0, 0, piece), 0);
	assert_int_equal(fragment_write(ipv6_piece_0, sizeof(ipv6_piece_0), 80, 0, 0, piece), 0);
	assert_int_equal(fragment_write(ipv4_packet, sizeof(ipv4_packet), 27, 0, 0, piece), 0);
	assert_int_equal(fragment_write(ipv4_packet, 19, 100, 0, 0, piece), 0);
	assert_int_equal(fragment_write(ipv6_packet, sizeof(ipv6_packet), 63, 0, 0, piece), 0);
	assert_int_equal(fragment_write(ipv6_packet, 44, 100, 0, 0, piece), 0);
	memcpy(packet, ipv6_packet, sizeof(packet));
	packet[41] = 200; /* an extension header that is longer than the packet */
	assert_int_equal(fragment_write(packet, sizeof(packet), 100, 0, 0, piece), 0);
	packet[0] = 0x50;
	assert_int_equal(fragment_write(packet, sizeof(packet), 100, 0, 0, piece), 0);
}

/* --- whole again --- */

static struct world {
	struct reassembly *reassembly;
	unsigned int taken, given;
	bool none_left;
} w;

static uint8_t *on_take(void *data _unused_, void **buffer)
{
	if (w.none_left)
		return NULL;
	w.taken++;
	/* Of its exact size: the sanitizer sees what lies behind. */
	return *buffer = malloc(REASSEMBLY_ROOM);
}

static void on_give_back(void *data _unused_, void *buffer)
{
	w.given++;
	free(buffer);
}

static const struct reassembly_ops ops = {.take = on_take, .give_back = on_give_back};

static int begin(void **state _unused_)
{
	w = (struct world){.reassembly = reassembly_new(MOST, &ops, NULL)};
	return 0;
}

static int end(void **state _unused_)
{
	w.reassembly = reassembly_free(w.reassembly);
	assert_int_equal(w.taken, w.given);
	return 0;
}

/* An IP packet as a frame of port `port`. */
static enum reassembly_result add(
	const uint8_t *bytes, size_t length, uint8_t port, struct reassembly_whole *whole)
{
	static const uint8_t to[6] = {2, 0, 0, 0, 0, 1}, from[6] = {2, 0, 0, 0, 0, 2};
	uint8_t *frame = malloc(LINK_HEADER + length);
	struct packet packet;

	memcpy(link_put_header(
		       frame, to, from, 0, bytes[0] >> 4 == 4 ? LINK_TYPE_IPV4 : LINK_TYPE_IPV6),
		bytes, length);
	packet_parse(frame, LINK_HEADER + length, 0, false, &packet);
	if (packet.kind != PACKET_KIND_FRAGMENT)
		fail_msg(
			"%s: %s", packet_kind_name(packet.kind), packet_reason_name(packet.reason));
	enum reassembly_result result =
		reassembly_add(w.reassembly, frame, &packet, port, NOW, whole);
	free(frame);
	return result;
}

static void check_whole(struct reassembly_whole *whole, const uint8_t *packet, size_t length)
{
	assert_int_equal(whole->length, LINK_HEADER + length);
	assert_int_equal(link_get_16(whole->frame + 12),
		packet[0] >> 4 == 4 ? LINK_TYPE_IPV4 : LINK_TYPE_IPV6);
	assert_memory_equal(whole->frame + LINK_HEADER, packet, length);
	on_give_back(NULL, whole->buffer);
}

static void test_whole(void **state _unused_)
{
	struct reassembly_whole whole;

	assert_int_equal(
		add(ipv4_piece_1, sizeof(ipv4_piece_1), 0, &whole), REASSEMBLY_RESULT_HELD);
	assert_int_equal(
		add(ipv4_piece_0, sizeof(ipv4_piece_0), 1, &whole), REASSEMBLY_RESULT_HELD);
	assert_int_equal(
		add(ipv4_piece_1, sizeof(ipv4_piece_1), 0, &whole), REASSEMBLY_RESULT_HELD);
	assert_int_equal(
		add(ipv4_piece_0, sizeof(ipv4_piece_0), 0, &whole), REASSEMBLY_RESULT_WHOLE);
	check_whole(&whole, ipv4_packet, sizeof(ipv4_packet));
	assert_int_equal(whole.piece, 0);
	assert_int_equal(
		add(ipv6_piece_0, sizeof(ipv6_piece_0), 0, &whole), REASSEMBLY_RESULT_HELD);
	assert_int_equal(
		add(ipv6_piece_1, sizeof(ipv6_piece_1), 0, &whole), REASSEMBLY_RESULT_WHOLE);
	check_whole(&whole, ipv6_packet, sizeof(ipv6_packet));
	assert_int_equal(whole.piece, 1280);
	assert_int_equal(reassembly_counts(w.reassembly).whole, 2);
}

/* An atomic fragment is whole, and none of a packet in the making of the same number. */
static void test_atomic(void **state _unused_)
{
	struct reassembly_whole whole;
	uint8_t atomic[sizeof(ipv6_piece_0)], expected[sizeof(ipv6_piece_0)];

	assert_int_equal(
		add(ipv6_piece_0, sizeof(ipv6_piece_0), 0, &whole), REASSEMBLY_RESULT_HELD);
	memcpy(atomic, ipv6_piece_0, sizeof(atomic));
	link_put_16(atomic + 50, 0);
	assert_int_equal(add(atomic, sizeof(atomic), 0, &whole), REASSEMBLY_RESULT_WHOLE);
	memcpy(expected, ipv6_piece_0, 48);
	expected[40] = 17;
	link_put_16(expected + 4, (uint16_t)(sizeof(expected) - 48));
	memcpy(expected + 48, ipv6_piece_0 + 56, sizeof(expected) - 56);
	check_whole(&whole, expected, sizeof(expected) - 8);
	assert_int_equal(
		add(ipv6_piece_1, sizeof(ipv6_piece_1), 0, &whole), REASSEMBLY_RESULT_WHOLE);
	check_whole(&whole, ipv6_packet, sizeof(ipv6_packet));
}

/* A piece of `length` bytes at `offset` of an IPv4 packet. */
static size_t make_piece(uint8_t *piece, unsigned int offset, unsigned int length, bool more)
{
	uint16_t sum;

	memcpy(piece, ipv4_packet, 20);
	link_put_16(piece + 2, (uint16_t)(20 + length));
	link_put_16(piece + 6, (uint16_t)(offset / 8 | (more ? 0x2000 : 0)));
	sum = checksum_of_ipv4(piece, 20);
	memcpy(piece + 10, &sum, 2);
	for (unsigned int i = 0; i < length; i++)
		piece[20 + i] = (uint8_t)(offset + i);
	return 20 + length;
}

static const struct sequence {
	const char *why;
	struct {
		unsigned int offset, length;
		bool more;
		enum reassembly_result result;
	} pieces[4]; /* until one of length 0 */
} sequences[] = {
	{"an overlap",
		{{0, 16, true, REASSEMBLY_RESULT_HELD}, {8, 16, true, REASSEMBLY_RESULT_REFUSED}}},
	{"an overlap from behind",
		{{16, 16, true, REASSEMBLY_RESULT_HELD}, {0, 24, true, REASSEMBLY_RESULT_REFUSED}}},
	{"two ends", {{16, 8, false, REASSEMBLY_RESULT_HELD},
			     {24, 8, false, REASSEMBLY_RESULT_REFUSED}}},
	{"an end before what is there",
		{{32, 8, true, REASSEMBLY_RESULT_HELD}, {16, 8, false, REASSEMBLY_RESULT_REFUSED}}},
	{"more behind the end",
		{{16, 8, false, REASSEMBLY_RESULT_HELD}, {24, 8, true, REASSEMBLY_RESULT_REFUSED}}},
	{"not whole units", {{0, 12, true, REASSEMBLY_RESULT_REFUSED}}},
	{"too long", {{64512, 8, false, REASSEMBLY_RESULT_REFUSED}}},
	{"the same twice is nothing new",
		{{0, 16, true, REASSEMBLY_RESULT_HELD}, {0, 16, true, REASSEMBLY_RESULT_HELD},
			{0, 8, true, REASSEMBLY_RESULT_HELD},
			{16, 5, false, REASSEMBLY_RESULT_WHOLE}}},
	{"the longest", {{64504, 8, false, REASSEMBLY_RESULT_HELD}}},
};

static void test_sequences(void **state _unused_)
{
	uint8_t piece[64];

	for (size_t i = 0; i < ARRAY_LENGTH(sequences); i++) {
		end(NULL);
		begin(NULL);
		for (size_t j = 0; j < 4 && sequences[i].pieces[j].length; j++) {
			struct reassembly_whole whole;
			size_t size = make_piece(piece, sequences[i].pieces[j].offset,
				sequences[i].pieces[j].length, sequences[i].pieces[j].more);
			enum reassembly_result result = add(piece, size, 0, &whole);

			if (result != sequences[i].pieces[j].result)
				fail_msg("%s: %zu gives %d", sequences[i].why, j, result);
			if (result == REASSEMBLY_RESULT_WHOLE)
				on_give_back(NULL, whole.buffer);
		}
	}
}

/* The same bytes elsewhere are an overlap all the same. */
static void test_other_bytes(void **state _unused_)
{
	struct reassembly_whole whole;
	uint8_t piece[64];
	size_t size = make_piece(piece, 0, 16, true);

	assert_int_equal(add(piece, size, 0, &whole), REASSEMBLY_RESULT_HELD);
	piece[30] ^= 1;
	assert_int_equal(add(piece, size, 0, &whole), REASSEMBLY_RESULT_REFUSED);
}

static void test_bounds(void **state _unused_)
{
	struct reassembly_whole whole;
	uint8_t piece[64];

	for (unsigned int i = 0; i < MOST + 3; i++) {
		size_t size = make_piece(piece, 0, 16, true);
		uint16_t sum;

		link_put_16(piece + 4, (uint16_t)i);
		sum = checksum_of_ipv4(piece, 20);
		memcpy(piece + 10, &sum, 2);
		assert_int_equal(add(piece, size, 0, &whole), REASSEMBLY_RESULT_HELD);
	}
	assert_int_equal(reassembly_counts(w.reassembly).evicted, 3);
	assert_int_equal(w.taken - w.given, MOST);
	assert_int_equal(reassembly_turn(w.reassembly, NOW), NOW + REASSEMBLY_TIME);
	assert_int_equal(reassembly_turn(w.reassembly, NOW + REASSEMBLY_TIME), UINT64_MAX);
	assert_int_equal(reassembly_counts(w.reassembly).expired, MOST);
	assert_int_equal(w.taken, w.given);
	w.none_left = true;
	assert_int_equal(
		add(ipv4_piece_0, sizeof(ipv4_piece_0), 0, &whole), REASSEMBLY_RESULT_FULL);
}

/* --- there and back --- */

#define PIECES 900

static size_t random_packet(uint8_t *packet)
{
	bool ipv6 = random() % 2;
	size_t header = ipv6 ? sizeof(ipv6_packet) - 68 : 20, length;
	size_t payload = 80 + (size_t)random() % (random() % 8 ? 3000 : 60000);
	uint16_t sum;

	memcpy(packet, ipv6 ? ipv6_packet : ipv4_packet, header);
	length = header + payload;
	for (size_t i = header; i < length; i++)
		packet[i] = (uint8_t)random();
	if (ipv6) {
		link_put_16(packet + 4, (uint16_t)(length - 40));
		return length;
	}
	link_put_16(packet + 2, (uint16_t)length);
	link_put_16(packet + 4, (uint16_t)random());
	sum = checksum_of_ipv4(packet, 20);
	memcpy(packet + 10, &sum, 2);
	return length;
}

static void there_and_back(unsigned int round)
{
	static uint8_t packet[65535], pieces[PIECES][1600];
	size_t sizes[PIECES], length = random_packet(packet), mtu = 120 + (size_t)random() % 1380;
	struct reassembly_whole whole;
	unsigned int count = 0;

	while (count < PIECES && (sizes[count] = fragment_write(
					  packet, length, mtu, round, count, pieces[count])) != 0)
		assert_true(sizes[count++] <= mtu);
	if (count == PIECES)
		return;
	if (count == 1) {
		/* IPv4's is the packet; IPv6's an atomic fragment. */
		assert_true(length <= mtu);
		return;
	}
	for (unsigned int i = 0; i < count; i++) {
		unsigned int other = i + (unsigned int)random() % (count - i);
		uint8_t swap[1600];
		size_t size = sizes[i];

		memcpy(swap, pieces[i], size);
		memcpy(pieces[i], pieces[other], sizes[other]);
		sizes[i] = sizes[other];
		memcpy(pieces[other], swap, size);
		sizes[other] = size;
		assert_int_equal(add(pieces[i], sizes[i], 0, &whole),
			i + 1 < count ? REASSEMBLY_RESULT_HELD : REASSEMBLY_RESULT_WHOLE);
	}
	check_whole(&whole, packet, length);
}

static void test_there_and_back(void **state _unused_)
{
	const char *given = getenv("SEED");
	unsigned int seed = given ? (unsigned int)strtoul(given, NULL, 0) : 1;

	print_message("SEED=%u\n", seed);
	srandom(seed);
	for (unsigned int round = 0; round < 300; round++)
		there_and_back(round);
	assert_true(reassembly_counts(w.reassembly).whole > 200);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_scapy),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_not_to_be_divided),
		TEST(test_whole),
		TEST(test_atomic),
		TEST(test_sequences),
		TEST(test_other_bytes),
		TEST(test_bounds),
		TEST(test_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
