// SPDX-License-Identifier: GPL-2.0-or-later
/* Errors and replies that are made, against scapy's bytes; and what may be answered at all. */
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
#include "backends/dpdk/dataplane/icmp.h"
#include "base/macros.h"
#include "tests/support/frames.h"

#define IP 14

struct made {
	const char *frame;
	enum icmp_error error;
	const char *hex;
};

/* From 192.0.2.1 or 2001:db8::1, with an MTU of 1,400, by scapy 2.5. */
static const struct made errors[] = {
	{"udp4", ICMP_ERROR_TIME_EXCEEDED,
		"45c000400000400040014dc1c0000201c63364070b005b6700000000450000241234000040110250"
		"c6336407cb00710a9c410035001042517175657374696f6e"},
	{"udp6", ICMP_ERROR_TIME_EXCEEDED,
		"6000000000403a4020010db800000000000000000000000120010db8000100000000000000000007"
		"030009f50000000062a123450010114020010db800010000000000000000000720010db800000000"
		"00000000000000109c41003500104d0d7175657374696f6e"},
	{"udp4", ICMP_ERROR_TOO_BIG,
		"45c000400000400040014dc1c0000201c633640703045deb00000578450000241234000040110250"
		"c6336407cb00710a9c410035001042517175657374696f6e"},
	{"udp6", ICMP_ERROR_TOO_BIG,
		"6000000000403a4020010db800000000000000000000000120010db8000100000000000000000007"
		"0200057d0000057862a123450010114020010db800010000000000000000000720010db800000000"
		"00000000000000109c41003500104d0d7175657374696f6e"},
	{"udp4", ICMP_ERROR_NO_ROUTE,
		"45c000400000400040014dc1c0000201c63364070300636700000000450000241234000040110250"
		"c6336407cb00710a9c410035001042517175657374696f6e"},
	{"udp6", ICMP_ERROR_NO_ROUTE,
		"6000000000403a4020010db800000000000000000000000120010db8000100000000000000000007"
		"01000bf50000000062a123450010114020010db800010000000000000000000720010db800000000"
		"00000000000000109c41003500104d0d7175657374696f6e"},
	{"udp4", ICMP_ERROR_HOST_UNREACHABLE,
		"45c000400000400040014dc1c0000201c63364070301636600000000450000241234000040110250"
		"c6336407cb00710a9c410035001042517175657374696f6e"},
	{"udp6", ICMP_ERROR_HOST_UNREACHABLE,
		"6000000000403a4020010db800000000000000000000000120010db8000100000000000000000007"
		"01030bf20000000062a123450010114020010db800010000000000000000000720010db800000000"
		"00000000000000109c41003500104d0d7175657374696f6e"},
	{"udp4", ICMP_ERROR_PORT_UNREACHABLE,
		"45c000400000400040014dc1c0000201c63364070303636400000000450000241234000040110250"
		"c6336407cb00710a9c410035001042517175657374696f6e"},
	{"udp6", ICMP_ERROR_PORT_UNREACHABLE,
		"6000000000403a4020010db800000000000000000000000120010db8000100000000000000000007"
		"01040bf10000000062a123450010114020010db800010000000000000000000720010db800000000"
		"00000000000000109c41003500104d0d7175657374696f6e"},
	{"udp4", ICMP_ERROR_REASSEMBLY,
		"45c000400000400040014dc1c0000201c63364070b015b6600000000450000241234000040110250"
		"c6336407cb00710a9c410035001042517175657374696f6e"},
	{"udp6", ICMP_ERROR_REASSEMBLY,
		"6000000000403a4020010db800000000000000000000000120010db8000100000000000000000007"
		"030109f40000000062a123450010114020010db800010000000000000000000720010db800000000"
		"00000000000000109c41003500104d0d7175657374696f6e"},
	{"udp4-padded", ICMP_ERROR_PORT_UNREACHABLE,
		"45c000390000400040014dc8c0000201c63364070303635d000000004500001d1234000040110257"
		"c6336407cb00710a9c41003500098c1f71"},
};

struct echoed {
	const char *frame;
	const char *hex;
};

/* The replies, by scapy. */
static const struct echoed echoes[] = {
	{"icmp4-echo",
		"020000000002020000000001080045000029123400004001025bcb00710ac63364070000f9cc1234"
		"000161726520796f75207468657265"},
	{"icmp6-echo",
		"02000000000202000000000186dd62a1234500153a4020010db80000000000000000000000102001"
		"0db800010000000000000000000781001cf31234000161726520796f75207468657265"},
};

static const uint8_t own4[4] = {192, 0, 2, 1};
static const uint8_t own6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};

/* A frame on the heap, of exactly its size, parsed. */
static uint8_t *take(const char *name, size_t *length, struct packet *packet)
{
	uint8_t bytes[FRAME_MOST], *frame;

	*length = frame_bytes(frame_find(name)->hex, bytes);
	frame = malloc(*length);
	memcpy(frame, bytes, *length);
	packet_parse(frame, *length, 0, false, packet);
	return frame;
}

/* The sum of an ICMP message, with its checksum: 0xffff if that is right. */
static uint16_t sum_of(const uint8_t *frame, const struct packet *packet)
{
	size_t length = packet->l3_offset + (size_t)packet->l3_length - packet->l4_offset;
	const uint8_t *ip = frame + packet->l3_offset;
	uint64_t sum = packet->key.family == AF_INET6 ? checksum_of_pseudo(AF_INET6, ip + 8,
								ip + 24, IPPROTO_ICMPV6, length)
						      : 0;

	return checksum_fold(checksum_add(sum, frame + packet->l4_offset, length));
}

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(errors); i++) {
		uint8_t wanted[FRAME_MOST];
		struct packet packet;
		size_t length, want = frame_bytes(errors[i].hex, wanted);
		uint8_t *frame = take(errors[i].frame, &length, &packet);
		const uint8_t *source = packet.key.family == AF_INET6 ? own6 : own4;
		uint8_t *made = malloc(want);

		print_message("%s %d\n", errors[i].frame, errors[i].error);
		assert_int_equal(
			icmp_make_error(made, want, frame, &packet, errors[i].error, 1400, source),
			want);
		assert_memory_equal(made, wanted, want);
		memset(made, 0xa5, want);
		assert_int_equal(icmp_make_error(made, want - 1, frame, &packet, errors[i].error,
					 1400, source),
			0);
		assert_int_equal(made[0], 0xa5);
		free(made);
		free(frame);
	}
}

/* Of a long packet as much as may be. */
static void test_long_errors(void **state)
{
	static const struct {
		const char *frame;
		size_t least, most; /* of the packet that is quoted in whole; of the error */
	} longs[] = {{"udp4", 548, 576}, {"udp6", 1232, 1280}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(longs); i++) {
		for (size_t packet_length = longs[i].least - 3; packet_length < 1500;
			packet_length += packet_length < longs[i].least + 4 ? 1 : 50) {
			uint8_t bytes[FRAME_MOST] = {0}, made[1280];
			struct packet packet, outer;
			bool ipv6 = i == 1;
			size_t said = packet_length - (ipv6 ? 40 : 0);

			frame_bytes(frame_find(longs[i].frame)->hex, bytes);
			bytes[IP + (ipv6 ? 4 : 2)] = (uint8_t)(said >> 8);
			bytes[IP + (ipv6 ? 5 : 3)] = (uint8_t)said;
			packet_parse(bytes, IP + packet_length, 0, true, &packet);
			assert_int_equal(packet.kind, PACKET_KIND_TRANSPORT);
			size_t length = icmp_make_error(made, sizeof(made), bytes, &packet,
				ICMP_ERROR_TOO_BIG, 1280, ipv6 ? own6 : own4);
			size_t header = longs[i].most - longs[i].least;
			assert_int_equal(length, packet_length <= longs[i].least
							 ? packet_length + header
							 : longs[i].most);
			assert_memory_equal(made + header, bytes + IP, length - header);
			memmove(bytes + IP, made, length);
			packet_parse(bytes, IP + length, 0, false, &outer);
			assert_int_equal(outer.kind, PACKET_KIND_ICMP_ERROR);
			assert_int_equal(sum_of(bytes, &outer), 0xffff);
		}
	}
}

/* About the packet that was in a tunnel, out of the error about the tunnel's. */
static void test_error_of_tunnel(void **state)
{
	static const char *const names[] = {"icmp4-about-ipip", "icmp4-about-6in4",
		"icmp4-about-gre", "icmp4-about-gue", "icmp6-about-4in6"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		struct packet outer, inner, innermost, again;
		uint8_t made[IP + 1280] = {0};
		size_t length;
		uint8_t *frame = take(names[i], &length, &outer);

		packet_parse_inner(frame, length, &outer, &inner);
		packet_parse_tunnelled(frame, length, &inner, &innermost);
		bool ipv6 = innermost.key.family == AF_INET6;
		size_t size = icmp_make_error(made + IP, 1280, frame, &innermost,
			ICMP_ERROR_HOST_UNREACHABLE, 0, ipv6 ? own6 : own4);
		made[12] = ipv6 ? 0x86 : 0x08;
		made[13] = ipv6 ? 0xdd : 0x00;
		packet_parse(made, IP + size, 0, false, &outer);
		assert_int_equal(outer.kind, PACKET_KIND_ICMP_ERROR);
		assert_memory_equal(outer.key.destination, innermost.key.source, 16);
		assert_int_equal(sum_of(made, &outer), 0xffff);
		packet_parse_inner(made, IP + size, &outer, &again);
		assert_true(flow_key_equal(&again.key, &innermost.key));
		free(frame);
	}
}

static void test_echoes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(echoes); i++) {
		for (uint8_t ttl = 1; ttl <= 64; ttl += 21) {
			uint8_t wanted[FRAME_MOST];
			struct packet packet;
			size_t length;
			uint8_t *frame = take(echoes[i].frame, &length, &packet);

			frame[IP + (packet.key.family == AF_INET6 ? 7 : 8)] = ttl;
			if (packet.key.family == AF_INET) {
				uint16_t sum = checksum_of_ipv4(frame + IP, 20);

				memcpy(frame + IP + 10, &sum, sizeof(sum));
			}
			assert_int_equal(frame_bytes(echoes[i].hex, wanted), length);
			icmp_echo_reply(frame, &packet);
			assert_memory_equal(frame, wanted, length);
			free(frame);
		}
	}
}

static void test_may_answer(void **state)
{
	static const struct {
		const char *frame;
		bool may;
	} answers[] = {{"tcp4", true}, {"udp4", true}, {"udp4-group", false},
		{"udp4-looking", false}, {"udp4-first", true}, {"udp4-last", false},
		{"sctp4", true}, {"icmp4-echo", true}, {"icmp4-timestamp", true},
		{"icmp4-redirect", false}, {"icmp4-port", false}, {"icmp4-about-error", false},
		{"gre4", true}, {"igmp4", false}, {"arp", false}, {"lldp", false},
		{"udp4-tagged", false}, {"tcp6", true}, {"udp6-extended", true},
		{"udp6-hops-late", false}, {"udp6-first", true}, {"udp6-last", false},
		{"udp6-atomic", true}, {"icmp6-echo", true}, {"icmp6-solicitation", false},
		{"icmp6-looking", false}, {"icmp6-redirect", false}, {"icmp6-port", false},
		{"esp6", true}, {"udp6-segments", true}};
	static const struct {
		const char *frame;
		uint16_t at;
		uint8_t to;
		bool may;
	} changes[] = {
		{"tcp4", 0, 0xff, false},            /* sent to all */
		{"tcp4", IP + 16, 224, false},       /* to a group, in a frame to one */
		{"tcp4", IP + 16, 255, false},       /* to all, in a frame to one */
		{"tcp4", IP + 16, 223, true},        /* to one */
		{"tcp6", IP + 24, 0xff, false},      /* to a group, in a frame to one */
		{"udp4-first", IP + 9, 1, true},     /* ICMP, type 156: no error */
		{"udp4-last", IP + 6, 0x20, false},  /* still not the first */
		{"icmp4-port", IP + 6, 0x20, false}, /* the first fragment of an error */
		{"icmp4-echo", IP + 6, 0x20, true},  /* … of an echo */
		{"icmp4-redirect", IP + 6, 0x20, false},
		{"udp6-first", IP + 40, 58, true}, /* ICMPv6, type 156: no error */
		{"udp6-atomic", IP + 48, 3, true}, /* UDP from port 833 */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(answers); i++) {
		struct packet packet;
		size_t length;
		uint8_t *frame = take(answers[i].frame, &length, &packet);

		print_message("%s\n", answers[i].frame);
		assert_int_equal(icmp_may_answer(frame, &packet), answers[i].may);
		free(frame);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
		struct packet packet;
		size_t length;
		uint8_t *frame = take(changes[i].frame, &length, &packet);

		print_message("%s, %u\n", changes[i].frame, changes[i].at);
		frame[changes[i].at] = changes[i].to;
		packet_parse(frame, length, 0, true, &packet);
		assert_int_equal(icmp_may_answer(frame, &packet), changes[i].may);
		free(frame);
	}
}

/* First fragments of ICMPv6 errors, and of nothing. */
static void test_may_answer_fragment(void **state)
{
	static const struct {
		uint8_t type;
		bool may;
	} types[] = {{1, false}, {2, false}, {127, false}, {128, true}, {129, true}, {137, false}};
	uint8_t bytes[FRAME_MOST];
	struct packet packet;
	size_t length = frame_bytes(frame_find("udp6-first")->hex, bytes);

	(void)state;
	bytes[IP + 40] = IPPROTO_ICMPV6;
	for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
		bytes[IP + 48] = types[i].type;
		packet_parse(bytes, length, 0, true, &packet);
		assert_int_equal(icmp_may_answer(bytes, &packet), types[i].may);
	}
	bytes[IP + 5] = 8;
	bytes[IP + 48] = 128;
	packet_parse(bytes, IP + 48, 0, true, &packet);
	assert_int_equal(packet.kind, PACKET_KIND_FRAGMENT);
	assert_false(icmp_may_answer(bytes, &packet));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_long_errors),
		cmocka_unit_test(test_error_of_tunnel),
		cmocka_unit_test(test_echoes),
		cmocka_unit_test(test_may_answer),
		cmocka_unit_test(test_may_answer_fragment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
