// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets inside ICMP errors, and inside the tunnels that those are about, however little is left. */
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
#include "backends/dpdk/dataplane/packet.h"
#include "base/macros.h"
#include "tests/support/frames.h"

#define IP 14

#define OPTIONS  PACKET_FLAG_OPTIONS
#define DF       PACKET_FLAG_DONT_FRAGMENT
#define FRAGMENT PACKET_FLAG_FRAGMENT

struct expected {
	const char *name;
	uint8_t kind, protocol, flags;
	uint16_t l3_offset, l4_offset, l3_length, source_port, destination_port;
	uint8_t ttl;
};

static const struct expected inners[] = {
	{"icmp4-port", PACKET_KIND_TRANSPORT, 17, 0, 42, 62, 34, 53, 40001, 61},
	{"icmp4-too-big", PACKET_KIND_TRANSPORT, 6, DF, 42, 62, 80, 80, 40000, 61},
	{"icmp4-eight", PACKET_KIND_TRANSPORT, 6, 0, 42, 62, 28, 80, 40000, 1},
	{"icmp4-about-echo", PACKET_KIND_ICMP_QUERY, 1, 0, 42, 62, 33, 0x1234, 0x1234, 61},
	{"icmp4-about-sctp", PACKET_KIND_TRANSPORT, 132, 0, 42, 62, 56, 2905, 40002, 61},
	{"icmp4-about-first", PACKET_KIND_TRANSPORT, 17, FRAGMENT, 42, 62, 36, 53, 40001, 61},
	{"icmp4-about-last", PACKET_KIND_BAD, 17, FRAGMENT, 42, 62, 36, 0, 0, 61},
	{"icmp4-about-error", PACKET_KIND_BAD, 1, 0, 42, 62, 56, 0, 0, 61},
	{"icmp4-about-ipip", PACKET_KIND_IP_OTHER, 4, 0, 42, 62, 80, 0, 0, 64},
	{"icmp4-about-6in4", PACKET_KIND_IP_OTHER, 41, 0, 42, 62, 88, 0, 0, 64},
	{"icmp4-about-gre", PACKET_KIND_IP_OTHER, 47, 0, 42, 62, 76, 0, 0, 64},
	{"icmp4-about-gue", PACKET_KIND_TRANSPORT, 17, 0, 42, 62, 88, 50000, 6080, 64},
	{"icmp6-port", PACKET_KIND_TRANSPORT, 17, DF, 62, 102, 54, 53, 40001, 61},
	{"icmp6-too-big", PACKET_KIND_TRANSPORT, 6, DF, 62, 102, 100, 80, 40000, 61},
	{"icmp6-about-echo", PACKET_KIND_ICMP_QUERY, 58, DF, 62, 102, 53, 0x1234, 0x1234, 61},
	{"icmp6-about-extended", PACKET_KIND_TRANSPORT, 17, DF | OPTIONS | FRAGMENT, 62, 118, 72,
		53, 40001, 61},
	{"icmp6-about-last", PACKET_KIND_BAD, 44, DF | OPTIONS, 62, 102, 64, 0, 0, 61},
	{"icmp6-about-sctp", PACKET_KIND_TRANSPORT, 132, DF, 62, 102, 60, 2905, 40002, 61},
	{"icmp6-about-4in6", PACKET_KIND_IP_OTHER, 4, DF, 62, 102, 100, 0, 0, 64},
};

static const struct expected tunnelled[] = {
	{"icmp4-about-ipip", PACKET_KIND_TRANSPORT, 6, 0, 62, 82, 60, 40000, 80, 64},
	{"icmp4-about-6in4", PACKET_KIND_TRANSPORT, 17, DF, 62, 102, 68, 40001, 53, 64},
	{"icmp4-about-gre", PACKET_KIND_TRANSPORT, 17, 0, 70, 90, 48, 40001, 53, 64},
	{"icmp4-about-gue", PACKET_KIND_TRANSPORT, 17, 0, 82, 102, 48, 40001, 53, 64},
	{"icmp6-about-4in6", PACKET_KIND_TRANSPORT, 6, 0, 102, 122, 60, 40000, 80, 64},
};

/* What an error of exactly this size is about, and what is in that, if it is a tunnel's. */
static void parse(
	const uint8_t *bytes, size_t length, struct packet *inner, struct packet *innermost)
{
	uint8_t *exact = malloc(length);
	struct packet outer;

	memcpy(exact, bytes, length);
	packet_parse(exact, length, 0, false, &outer);
	assert_int_equal(outer.kind, PACKET_KIND_ICMP_ERROR);
	memset(inner, 0xa5, sizeof(*inner));
	memset(innermost, 0xa5, sizeof(*innermost));
	packet_parse_inner(exact, length, &outer, inner);
	packet_parse_tunnelled(exact, length, inner, innermost);
	assert_memory_equal(exact, bytes, length);
	free(exact);
}

static void check_packet(const struct packet *packet, const struct expected *want)
{
	print_message("%s\n", want->name);
	assert_string_equal(packet_kind_name(packet->kind), packet_kind_name(want->kind));
	assert_int_equal(packet->key.protocol, want->protocol);
	assert_int_equal(packet->key.zero, 0);
	assert_int_equal(packet->flags, want->flags);
	assert_int_equal(packet->l3_offset, want->l3_offset);
	assert_int_equal(packet->l4_offset, want->l4_offset);
	assert_int_equal(packet->l3_length, want->l3_length);
	assert_int_equal(ntohs(packet->key.source_port), want->source_port);
	assert_int_equal(ntohs(packet->key.destination_port), want->destination_port);
	assert_int_equal(packet->ttl, want->ttl);
}

static void test_inner(void **state)
{
	static const uint8_t source[16] = {203, 0, 113, 10}, destination[16] = {192, 0, 2, 20};
	static const uint8_t source6[16] = {0x20, 1, 0xd, 0xb8, [15] = 0x10};
	static const uint8_t destination6[16] = {0x20, 1, 0xd, 0xb8, 0, 2, [15] = 0x20};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(inners); i++) {
		uint8_t bytes[FRAME_MOST];
		size_t length = frame_bytes(frame_find(inners[i].name)->hex, bytes);
		struct packet inner, innermost;

		parse(bytes, length, &inner, &innermost);
		check_packet(&inner, &inners[i]);
		if (inners[i].ttl == 64)
			continue;
		bool ipv6 = inner.key.family == AF_INET6;
		assert_memory_equal(inner.key.source, ipv6 ? source6 : source, 16);
		assert_memory_equal(inner.key.destination, ipv6 ? destination6 : destination, 16);
	}
}

static void test_tunnelled(void **state)
{
	static const uint8_t source[16] = {198, 51, 100, 7};
	static const uint8_t source6[16] = {0x20, 1, 0xd, 0xb8, 0, 1, [15] = 7};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(tunnelled); i++) {
		uint8_t bytes[FRAME_MOST];
		size_t length = frame_bytes(frame_find(tunnelled[i].name)->hex, bytes);
		struct packet inner, innermost;

		parse(bytes, length, &inner, &innermost);
		check_packet(&innermost, &tunnelled[i]);
		bool ipv6 = innermost.key.family == AF_INET6;
		assert_memory_equal(innermost.key.source, ipv6 ? source6 : source, 16);
	}
}

/* A header that is no tunnel's, or of none that we make. */
static void test_no_tunnel(void **state)
{
	static const struct {
		const char *frame;
		uint16_t at;
		uint8_t to;
	} changes[] = {
		{"icmp4-port", 0, 0x02},       /* no GUE: 8 bytes of UDP and "answer" */
		{"icmp4-about-gre", 62, 0x20}, /* a key, and no checksum */
		{"icmp4-about-gre", 62, 0xa0}, /* a key, and a checksum */
		{"icmp4-about-gre", 63, 0x01}, /* version 1 */
		{"icmp4-about-gre", 65, 0x06}, /* ARP */
		{"icmp4-about-gue", 70, 0x22}, /* a control message */
		{"icmp4-about-gue", 70, 0x42}, /* version 1 */
		{"icmp4-about-gue", 71, 6},    /* TCP */
		{"icmp4-about-gue", 71, 41},   /* IPv6, and IPv4 behind it */
		{"icmp4-about-gue", 70, 31},   /* options longer than the packet */
		{"icmp4-about-ipip", 62, 0x65},
		{"icmp4-about-ipip", 62, 0x44},
		{"icmp4-about-ipip", 51, 6}, /* TCP: nothing that has packets inside */
		{"icmp6-about-4in6", 102, 0x60},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
		uint8_t bytes[FRAME_MOST];
		size_t length = frame_bytes(frame_find(changes[i].frame)->hex, bytes);
		struct packet inner, innermost;

		bytes[changes[i].at] = changes[i].to;
		parse(bytes, length, &inner, &innermost);
		assert_int_not_equal(inner.kind, PACKET_KIND_BAD);
		assert_int_equal(innermost.kind, PACKET_KIND_BAD);
		assert_int_not_equal(innermost.reason, PACKET_REASON_NONE);
	}
}

/* Plain GRE has four bytes and nothing else set; more of it would be where the packet is. */
static void test_gre_flags(void **state)
{
	uint8_t bytes[FRAME_MOST];
	size_t length = frame_bytes(frame_find("icmp4-about-gre")->hex, bytes);
	struct packet inner, innermost;

	(void)state;
	memmove(bytes + 66, bytes + 70, length - 70);
	bytes[62] = 0;
	parse(bytes, length, &inner, &innermost);
	assert_int_equal(innermost.kind, PACKET_KIND_TRANSPORT);
	for (unsigned int bit = 0; bit < 16; bit++) {
		bytes[62] = (uint8_t)(1u << bit >> 8);
		bytes[63] = (uint8_t)(1u << bit);
		parse(bytes, length, &inner, &innermost);
		assert_int_equal(innermost.kind, PACKET_KIND_BAD);
	}
}

/* Errors whose IP header says that they end earlier: what is known is what is there. */
static void cut(const struct expected *want, size_t least)
{
	uint8_t bytes[FRAME_MOST];
	size_t whole = frame_bytes(frame_find(want->name)->hex, bytes);
	bool ipv6 = bytes[IP] >> 4 == 6;

	for (size_t end = want->l3_offset; end <= whole; end++) {
		size_t length = end - IP - (ipv6 ? 40 : 0);
		uint8_t *at = bytes + IP + (ipv6 ? 4 : 2);
		struct packet inner, innermost;

		at[0] = (uint8_t)(length >> 8);
		at[1] = (uint8_t)length;
		if (!ipv6) {
			uint16_t sum = checksum_of_ipv4(bytes + IP, 20);

			memcpy(bytes + IP + 10, &sum, sizeof(sum));
		}
		/* The frame goes on: padding, which says nothing. */
		parse(bytes, whole, &inner, &innermost);
		assert_int_equal(
			inner.kind, end < want->l4_offset + least ? PACKET_KIND_BAD : want->kind);
		if (inner.kind == PACKET_KIND_BAD)
			assert_int_equal(inner.reason, PACKET_REASON_SHORT);
		else
			assert_int_equal(inner.l3_length, end - want->l3_offset);
		if (innermost.kind != PACKET_KIND_BAD)
			assert_true(innermost.l3_offset + (size_t)innermost.l3_length <= end);
		parse(bytes, end, &inner, &innermost);
	}
}

static void test_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(inners); i++) {
		static const size_t leasts[] = {[PACKET_KIND_TRANSPORT] = 4,
			[PACKET_KIND_ICMP_QUERY] = 6,
			[PACKET_KIND_IP_OTHER] = 0};

		if (inners[i].kind != PACKET_KIND_BAD)
			cut(&inners[i], leasts[inners[i].kind]);
	}
}

static void test_headers(void **state)
{
	static const struct {
		const char *frame;
		uint16_t at;
		uint8_t to;
		enum packet_reason reason;
	} changes[] = {
		{"icmp4-port", 42, 0x65, PACKET_REASON_VERSION},
		{"icmp4-port", 42, 0x44, PACKET_REASON_HEADER_LENGTH},
		{"icmp4-port", 42, 0x49, PACKET_REASON_HEADER_LENGTH},
		{"icmp4-eight", 42, 0x48, PACKET_REASON_SHORT},
		{"icmp4-port", 45, 19, PACKET_REASON_HEADER_LENGTH},
		{"icmp4-port", 45, 23, PACKET_REASON_SHORT},
		{"icmp6-port", 62, 0x45, PACKET_REASON_VERSION},
		{"icmp6-port", 67, 3, PACKET_REASON_SHORT},
		{"icmp6-about-extended", 103, 1,
			PACKET_REASON_SHORT}, /* the fragment's header is data */
		{"icmp6-about-extended", 103, 64, PACKET_REASON_EXTENSIONS},
		{"icmp6-about-extended", 110, 0, PACKET_REASON_EXTENSIONS}, /* hop-by-hop */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
		uint8_t bytes[FRAME_MOST];
		size_t length = frame_bytes(frame_find(changes[i].frame)->hex, bytes);
		struct packet inner, innermost;

		print_message("%zu: %s\n", i, changes[i].frame);
		bytes[changes[i].at] = changes[i].to;
		parse(bytes, length, &inner, &innermost);
		assert_int_equal(inner.kind, PACKET_KIND_BAD);
		assert_int_equal(inner.reason, changes[i].reason);
	}
}

/* An error of this kind about a datagram of 300 bytes, of which there are 128, and 20 of extensions. */
static uint16_t quoted(bool ipv6, uint8_t type, uint8_t length)
{
	uint8_t frame[300] = {[12] = ipv6 ? 0x86 : 0x08, [13] = ipv6 ? 0xdd : 0x00};
	uint8_t *icmp = frame + IP + (ipv6 ? 40 : 20), *within = icmp + 8;
	struct packet outer = {
		.kind = PACKET_KIND_ICMP_ERROR,
		.l3_offset = IP,
		.l4_offset = (uint16_t)(icmp - frame),
		.l3_length = (uint16_t)(within + 128 + 20 - frame - IP),
		.icmp_type = type,
	};
	struct packet inner;

	outer.key.family = ipv6 ? AF_INET6 : AF_INET;
	icmp[ipv6 ? 4 : 5] = length;
	within[0] = ipv6 ? 0x60 : 0x45;
	within[ipv6 ? 4 : 2] = 300 >> 8;
	within[ipv6 ? 5 : 3] = 300 & 0xff;
	within[ipv6 ? 6 : 9] = IPPROTO_UDP;
	packet_parse_inner(frame, (size_t)(within + 128 + 20 - frame), &outer, &inner);
	assert_int_equal(inner.kind, PACKET_KIND_TRANSPORT);
	return inner.l3_length;
}

static void test_extensions(void **state _unused_)
{
	assert_int_equal(quoted(false, 11, 32), 128);
	assert_int_equal(quoted(false, 3, 32), 128);
	assert_int_equal(quoted(false, 11, 0), 148);
	assert_int_equal(quoted(false, 11, 31), 148);
	assert_int_equal(quoted(false, 11, 38), 148);
	assert_int_equal(quoted(true, 3, 16), 128);
	assert_int_equal(quoted(true, 1, 16), 128);
	assert_int_equal(quoted(true, 3, 15), 148);
	/* Its first word is an MTU. */
	assert_int_equal(quoted(true, 2, 16), 148);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inner),
		cmocka_unit_test(test_tunnelled),
		cmocka_unit_test(test_no_tunnel),
		cmocka_unit_test(test_gre_flags),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_extensions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
