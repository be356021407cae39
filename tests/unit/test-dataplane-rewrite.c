// SPDX-License-Identifier: GPL-2.0-or-later
/* Rewritten packets against those that scapy makes when it is told the new addresses: byte for byte,
 * in a buffer of exactly their size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "backends/dpdk/dataplane/checksum.h"
#include "backends/dpdk/dataplane/rewrite.h"
#include "base/macros.h"
#include "tests/support/frames.h"

struct translation {
	const char *frame;
	bool source;   /* else the destination */
	uint16_t port; /* 0: as it is */
	const char *hex;
};

/* To 192.0.2.20 or 2001:db8:2::20, by scapy 2.5 with its checksums made anew. */
static const struct translation translations[] = {
	{"tcp4", false, 8080,
		"020000000001020000000002080045000034123400003f067d41c6336407c00002149c401f900000"
		"00010000000250102000a759000068656c6c6f2c20776f726c64"},
	{"tcp4", true, 81,
		"020000000001020000000002080045000034123400003f066b71c0000214cb00710a005100500000"
		"0001000000025010200050b9000068656c6c6f2c20776f726c64"},
	{"tcp4", false, 0,
		"020000000001020000000002080045000034123400003f067d41c6336407c00002149c4000500000"
		"00010000000250102000c699000068656c6c6f2c20776f726c64"},
	{"tcp4-df", false, 8080,
		"020000000001020000000002080045b9002b0001400001068cc4c6336407c00002149c401f900000"
		"00000000000050182000144500006f6464"},
	{"tcp4-options", false, 8080,
		"020000000001020000000002080046000030000100003f06fa73c6336407c0000214940400009c40"
		"1f90000000000000000060022000d0060000020405b4"},
	{"udp4", false, 5353,
		"020000000001020000000002080045000024123400003f117d46c6336407c00002149c4114e90010"
		"a7937175657374696f6e"},
	{"udp4", true, 0,
		"020000000001020000000002080045000024123400003f116b76c0000214cb00710a9c4100350010"
		"aa777175657374696f6e"},
	{"udp4-padded", false, 5353,
		"02000000000102000000000208004500001d123400003f117d4dc6336407c00002149c4114e90009"
		"f161710000000000000000000000000000000000"},
	{"udp4-tagged", false, 5353,
		"02000000000102000000000281006007080045000024123400003f117d46c6336407c00002149c41"
		"14e90010a7937175657374696f6e"},
	{"udp4-unsummed", false, 5353,
		"020000000001020000000002080045000024123400003f117d46c6336407c00002149c4114e90010"
		"00007175657374696f6e"},
	{"sctp4", false, 2906,
		"020000000001020000000002080045000038123400003f847cbfc6336407c00002149c420b5a0000"
		"004d21d9cf2d000000180000000500010000000000006461746121212121"},
	{"sctp4", true, 2907,
		"020000000001020000000002080045000038123400003f846aefc0000214cb00710a0b5b0b590000"
		"004dc608a6c5000000180000000500010000000000006461746121212121"},
	{"sctp4", false, 0,
		"020000000001020000000002080045000038123400003f847cbfc6336407c00002149c420b590000"
		"004d50a484c3000000180000000500010000000000006461746121212121"},
	{"icmp4-echo", false, 0,
		"020000000001020000000002080045000029123400003f017d51c6336407c00002140800f1cc1234"
		"000161726520796f75207468657265"},
	{"icmp4-reply", true, 0,
		"020000000001020000000002080045000029123400003f016b81c0000214cb00710a0000f9cc1234"
		"000161726520796f75207468657265"},
	{"tcp6", false, 8080,
		"02000000000102000000000286dd62a123450020063f20010db80001000000000000000000072001"
		"0db80002000000000000000000209c401f90000000010000000250102000380d000068656c6c6f2c"
		"20776f726c64"},
	{"tcp6", true, 81,
		"02000000000102000000000286dd62a123450020063f20010db80002000000000000000000202001"
		"0db800000000000000000000001000510050000000010000000250102000f334000068656c6c6f2c"
		"20776f726c64"},
	{"udp6", false, 5353,
		"02000000000102000000000286dd62a123450010113f20010db80001000000000000000000072001"
		"0db80002000000000000000000209c4114e9001038477175657374696f6e"},
	{"udp6", true, 0,
		"02000000000102000000000286dd62a123450010113f20010db80002000000000000000000202001"
		"0db80000000000000000000000109c41003500104cf37175657374696f6e"},
	{"udp6-extended", false, 5353,
		"02000000000102000000000286dd62a123450040003f20010db80001000000000000000000072001"
		"0db80002000000000000000000203c000104000000002b01010c0000000000000000000000001102"
		"00000000000020010db80000000000000000000000999c4114e9001038477175657374696f6e"},
	{"udp6-tagged", true, 5353,
		"0200000000010200000000028100000786dd62a123450010113f20010db800020000000000000000"
		"002020010db800000000000000000000001014e900350010d44b7175657374696f6e"},
	{"sctp6", false, 2906,
		"02000000000102000000000286dd62a123450014843f20010db80001000000000000000000072001"
		"0db80002000000000000000000209c420b5a0000004d9850b0fd0700000800000000"},
	{"icmp6-echo", false, 0,
		"02000000000102000000000286dd62a1234500153a3f20010db80001000000000000000000072001"
		"0db800020000000000000000002080001de11234000161726520796f75207468657265"},
	{"icmp6-reply", true, 0,
		"02000000000102000000000286dd62a1234500153a3f20010db80002000000000000000000202001"
		"0db800000000000000000000001081001cd91234000161726520796f75207468657265"},
};

static const uint8_t ipv4[16] = {192, 0, 2, 20};
static const uint8_t ipv6[16] = {0x20, 1, 0xd, 0xb8, 0, 2, [15] = 0x20};

/* A frame on the heap, of exactly its size, parsed. */
static uint8_t *take(const char *name, size_t *length, struct packet *packet)
{
	uint8_t bytes[FRAME_MOST], *frame;

	*length = frame_bytes(frame_find(name)->hex, bytes);
	frame = malloc(*length);
	memcpy(frame, bytes, *length);
	packet_parse(frame, *length, strstr(name, "tagged") ? 7 : 0, false, packet);
	return frame;
}

static void rewrite(uint8_t *frame, const struct packet *packet, bool source, uint16_t port)
{
	const uint8_t *address = packet->key.family == AF_INET6 ? ipv6 : ipv4;

	if (source)
		rewrite_source(frame, packet, address, htons(port));
	else
		rewrite_destination(frame, packet, address, htons(port));
}

static void test_translations(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(translations); i++) {
		const struct translation *translation = &translations[i];
		uint8_t wanted[FRAME_MOST];
		struct packet packet;
		size_t length;
		uint8_t *frame = take(translation->frame, &length, &packet);

		print_message("%s\n", translation->frame);
		assert_int_equal(frame_bytes(translation->hex, wanted), length);
		rewrite(frame, &packet, translation->source, translation->port);
		assert_memory_equal(frame, wanted, length);
		free(frame);
	}
}

static void test_ttl(void **state)
{
	static const char *const names[] = {"tcp4", "tcp4-df", "tcp4-options", "udp4-tagged",
		"sctp4", "gre4", "udp4-last", "tcp6", "udp6-tagged", "esp6", "icmp4-port"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		uint8_t before[FRAME_MOST];
		struct packet packet, after;
		size_t length, differ = 0;
		uint8_t *frame = take(names[i], &length, &packet);

		memcpy(before, frame, length);
		rewrite_ttl(frame, &packet);
		packet_parse(frame, length, strstr(names[i], "tagged") ? 7 : 0, false, &after);
		assert_int_equal(after.kind, packet.kind);
		assert_int_equal(after.ttl, packet.ttl - 1);
		for (size_t j = 0; j < length; j++)
			differ += before[j] != frame[j];
		assert_true(differ <= (packet.key.family == AF_INET6 ? 1 : 3));
		free(frame);
	}
}

/* Every TTL that can be less. */
static void test_every_ttl(void **state)
{
	struct packet packet;
	size_t length;
	uint8_t *frame = take("udp4", &length, &packet);
	uint8_t *ip = frame + packet.l3_offset;

	(void)state;
	for (unsigned int id = 0; id < 0x10000; id += 0xff) {
		ip[4] = (uint8_t)(id >> 8);
		ip[5] = (uint8_t)id;
		ip[8] = 255;
		uint16_t sum = checksum_of_ipv4(ip, 20);
		memcpy(ip + 10, &sum, sizeof(sum));
		while (ip[8] > 0) {
			rewrite_ttl(frame, &packet);
			sum = checksum_of_ipv4(ip, 20);
			assert_memory_equal(ip + 10, &sum, sizeof(sum));
		}
	}
	free(frame);
}

/* The sum over a transport's segment and its pseudo-header, with the checksum in it: 0xffff if right. */
static uint16_t sum_of(const uint8_t *frame, size_t length, const struct packet *parsed)
{
	struct packet packet;
	size_t segment = parsed->l3_length - (size_t)(parsed->l4_offset - parsed->l3_offset);

	packet_parse(frame, length, 0, true, &packet);
	return checksum_fold(
		checksum_add(checksum_of_pseudo(packet.key.family, packet.key.source,
				     packet.key.destination, packet.key.protocol, segment),
			frame + packet.l4_offset, segment));
}

/* What is wrong is as wrong afterwards: nobody is told that a spoilt packet is good. */
static void test_wrong_stays_wrong(void **state)
{
	static const struct {
		const char *frame;
		unsigned int field;
	} frames_summed[] = {
		{"tcp4", 16}, {"udp4", 6}, {"tcp6", 16}, {"udp6", 6}, {"icmp6-echo", 2}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(frames_summed); i++) {
		for (unsigned int wrong = 1; wrong < 0xffff; wrong += 0x123) {
			struct packet packet;
			size_t length;
			uint8_t *frame = take(frames_summed[i].frame, &length, &packet);
			uint8_t *l4 = frame + packet.l4_offset;

			assert_int_equal(sum_of(frame, length, &packet), 0xffff);
			l4[frames_summed[i].field] ^= (uint8_t)(wrong >> 8);
			l4[frames_summed[i].field + 1] ^= (uint8_t)wrong;
			if (packet.key.protocol == IPPROTO_UDP && !l4[6] && !l4[7])
				l4[7] = 1;
			uint16_t before = sum_of(frame, length, &packet);
			rewrite(frame, &packet, i % 2, 5000);
			assert_int_not_equal(before, 0xffff);
			assert_int_equal(sum_of(frame, length, &packet), before);
			free(frame);
		}
	}
}

static void test_wrong_sctp(void **state)
{
	struct packet packet;
	size_t length, length2;
	uint8_t *good = take("sctp4", &length, &packet), *bad = take("sctp4", &length2, &packet);

	(void)state;
	bad[packet.l4_offset + 9] ^= 0x40;
	rewrite(good, &packet, false, 5000);
	rewrite(bad, &packet, false, 5000);
	bad[packet.l4_offset + 9] ^= 0x40;
	assert_memory_equal(good, bad, length);
	free(good);
	free(bad);
}

/* A header checksum that was wrong, too, on a port that is said to have verified it. */
static void test_wrong_header(void **state)
{
	struct packet packet;
	size_t length;
	uint8_t *frame = take("tcp4", &length, &packet);

	(void)state;
	frame[packet.l3_offset + 10] ^= 0x10;
	rewrite(frame, &packet, false, 0);
	packet_parse(frame, length, 0, false, &packet);
	assert_int_equal(packet.reason, PACKET_REASON_HEADER_CHECKSUM);
	free(frame);
}

/* For one port the checksum of UDP is 0, which would say that there is none. */
static void test_udp_zero(void **state)
{
	static const char *const names[] = {"udp4", "udp6"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		unsigned int zeros = 0;

		for (unsigned int port = 1; port <= UINT16_MAX; port++) {
			struct packet packet;
			size_t length;
			uint8_t *frame = take(names[i], &length, &packet);
			uint8_t *field = frame + packet.l4_offset + 6;

			rewrite(frame, &packet, false, (uint16_t)port);
			assert_int_equal(sum_of(frame, length, &packet), 0xffff);
			assert_true(field[0] || field[1]);
			zeros += field[0] == 0xff && field[1] == 0xff;
			free(frame);
		}
		assert_int_equal(zeros, 1);
	}
}

static void test_unsummed_ipv6(void **state)
{
	struct packet packet;
	size_t length;
	uint8_t *frame = take("udp6-unsummed", &length, &packet);

	(void)state;
	rewrite(frame, &packet, false, 5353);
	assert_int_equal(frame[packet.l4_offset + 6], 0);
	assert_int_equal(frame[packet.l4_offset + 7], 0);
	free(frame);
}

struct clamp {
	const char *frame;
	uint16_t mss;
	bool found;
	uint16_t at; /* of the option's value, from TCP's header */
	uint16_t is; /* afterwards */
};

static void test_clamp(void **state)
{
	static const struct clamp clamps[] = {
		{"tcp4-syn", 1400, true, 22, 1400},
		{"tcp4-syn", 1460, true, 22, 1460},
		{"tcp4-syn", 1461, true, 22, 1460},
		{"tcp4-syn-odd", 1400, true, 23, 1400},
		{"tcp4-syn-odd", 257, true, 23, 257},
		{"tcp4-syn-odd", 9000, true, 23, 9000},
		{"tcp4-synack", 1400, true, 22, 536},
		{"tcp4-synack", 500, true, 22, 500},
		{"tcp4-options", 1000, true, 22, 1000},
		{"tcp6-syn", 1220, true, 22, 1220},
		{"tcp4", 500, false, 0, 0},
		{"tcp4-fin", 500, false, 0, 0},
		{"udp4", 500, false, 0, 0},
		{"udp6-first", 500, false, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(clamps); i++) {
		uint8_t before[FRAME_MOST];
		struct packet packet;
		size_t length;
		uint8_t *frame = take(clamps[i].frame, &length, &packet);
		uint8_t *l4 = frame + packet.l4_offset;

		print_message("%s to %u\n", clamps[i].frame, clamps[i].mss);
		memcpy(before, frame, length);
		assert_int_equal(rewrite_clamp_mss(frame, &packet, clamps[i].mss), clamps[i].found);
		if (clamps[i].found) {
			assert_int_equal(
				l4[clamps[i].at] << 8 | l4[clamps[i].at + 1], clamps[i].is);
			assert_int_equal(sum_of(frame, length, &packet), 0xffff);
			memcpy(before + packet.l4_offset + clamps[i].at, l4 + clamps[i].at, 2);
			memcpy(before + packet.l4_offset + 16, l4 + 16, 2);
		}
		assert_memory_equal(frame, before, length);
		free(frame);
	}
}

/* Options that are none: nothing is found, nothing written, nothing read behind them. */
static void test_clamp_nonsense(void **state)
{
	static const uint8_t options[][4] = {{0, 2, 4, 5}, {2, 0, 5, 0xb4}, {2, 1, 5, 0xb4},
		{2, 3, 5, 1}, {2, 5, 5, 0xb4}, {1, 2, 4, 5}, {1, 1, 1, 2}, {8, 255, 0, 0},
		{3, 3, 7, 2}, {1, 1, 2, 4}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(options); i++) {
		uint8_t before[FRAME_MOST];
		struct packet packet;
		size_t length;
		uint8_t *frame = take("tcp4-synack", &length, &packet);

		/* The options are the last bytes of the buffer. */
		assert_int_equal(length, packet.l3_offset + packet.l3_length);
		memcpy(frame + length - 4, options[i], 4);
		memcpy(before, frame, length);
		assert_false(rewrite_clamp_mss(frame, &packet, 500));
		assert_memory_equal(frame, before, length);
		free(frame);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_translations),
		cmocka_unit_test(test_ttl),
		cmocka_unit_test(test_every_ttl),
		cmocka_unit_test(test_wrong_stays_wrong),
		cmocka_unit_test(test_wrong_sctp),
		cmocka_unit_test(test_wrong_header),
		cmocka_unit_test(test_udp_zero),
		cmocka_unit_test(test_unsummed_ipv6),
		cmocka_unit_test(test_clamp),
		cmocka_unit_test(test_clamp_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
