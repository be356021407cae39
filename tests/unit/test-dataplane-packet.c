// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames as the data plane sees them: what each kind of them is, where its headers are; every reason
 * for which one is bad; both ways of parsing agree, and neither reads a byte that is not there. */
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
#include "backends/dpdk/dataplane/transport.h"
#include "base/macros.h"
#include "tests/support/frames.h"
#include "tests/support/random.h"

#define IP 14 /* where the IP header of an untagged frame begins */

#define MULTICAST PACKET_FLAG_LINK_MULTICAST
#define OPTIONS   PACKET_FLAG_OPTIONS
#define DF        PACKET_FLAG_DONT_FRAGMENT
#define TAGGED    PACKET_FLAG_TAGGED
#define FRAGMENT  PACKET_FLAG_FRAGMENT

struct expected {
	const char *name;
	uint8_t kind, protocol, flags;
	uint16_t l4_offset, l3_length, source_port, destination_port;
	uint8_t event, icmp_type;
};

/* All frames of tests/support/frames.c, in their order, on a port without a tag. */
static const struct expected expected[] = {
	{"tcp4", PACKET_KIND_TRANSPORT, 6, 0, 34, 52, 40000, 80, TRANSPORT_EVENT_OTHER, 0},
	{"tcp4-syn", PACKET_KIND_TRANSPORT, 6, 0, 34, 60, 40000, 80, TRANSPORT_EVENT_OPEN, 0},
	{"tcp4-syn-odd", PACKET_KIND_TRANSPORT, 6, 0, 34, 48, 40000, 80, TRANSPORT_EVENT_OPEN, 0},
	{"tcp4-synack", PACKET_KIND_TRANSPORT, 6, 0, 34, 44, 40000, 80, TRANSPORT_EVENT_OPEN_ACK,
		0},
	{"tcp4-fin", PACKET_KIND_TRANSPORT, 6, 0, 34, 40, 40000, 80, TRANSPORT_EVENT_FINISH, 0},
	{"tcp4-rst", PACKET_KIND_TRANSPORT, 6, 0, 34, 40, 40000, 80, TRANSPORT_EVENT_RESET, 0},
	{"tcp4-df", PACKET_KIND_TRANSPORT, 6, DF, 34, 43, 40000, 80, TRANSPORT_EVENT_OTHER, 0},
	{"tcp4-options", PACKET_KIND_TRANSPORT, 6, OPTIONS, 38, 48, 40000, 80, TRANSPORT_EVENT_OPEN,
		0},
	{"udp4", PACKET_KIND_TRANSPORT, 17, 0, 34, 36, 40001, 53, 0, 0},
	{"udp4-padded", PACKET_KIND_TRANSPORT, 17, 0, 34, 29, 40001, 53, 0, 0},
	{"udp4-unsummed", PACKET_KIND_TRANSPORT, 17, 0, 34, 36, 40001, 53, 0, 0},
	{"udp4-tagged", PACKET_KIND_OTHER, 0, TAGGED, 18, 0, 0, 0, 0, 0},
	{"udp4-priority", PACKET_KIND_TRANSPORT, 17, TAGGED, 38, 36, 40001, 53, 0, 0},
	{"udp4-tagged-twice", PACKET_KIND_OTHER, 0, TAGGED, 18, 0, 0, 0, 0, 0},
	{"udp4-group", PACKET_KIND_TRANSPORT, 17, MULTICAST, 34, 36, 5353, 5353, 0, 0},
	{"udp4-looking", PACKET_KIND_TRANSPORT, 17, MULTICAST, 34, 48, 68, 67, 0, 0},
	{"udp4-first", PACKET_KIND_FRAGMENT, 17, FRAGMENT, 34, 44, 0, 0, 0, 0},
	{"udp4-last", PACKET_KIND_FRAGMENT, 17, FRAGMENT, 34, 28, 0, 0, 0, 0},
	{"sctp4-init", PACKET_KIND_TRANSPORT, 132, 0, 34, 52, 40002, 2905, TRANSPORT_EVENT_OPEN, 0},
	{"sctp4", PACKET_KIND_TRANSPORT, 132, 0, 34, 56, 40002, 2905, TRANSPORT_EVENT_OTHER, 0},
	{"icmp4-echo", PACKET_KIND_ICMP_QUERY, 1, 0, 34, 41, 0x1234, 0x1234, 0, 8},
	{"icmp4-reply", PACKET_KIND_ICMP_QUERY, 1, 0, 34, 41, 0x1234, 0x1234, 0, 0},
	{"icmp4-timestamp", PACKET_KIND_ICMP_OTHER, 1, 0, 34, 40, 0, 0, 0, 13},
	{"icmp4-redirect", PACKET_KIND_ICMP_OTHER, 1, 0, 34, 60, 0, 0, 0, 5},
	{"icmp4-port", PACKET_KIND_ICMP_ERROR, 1, 0, 34, 62, 0, 0, 0, 3},
	{"icmp4-port-unsummed", PACKET_KIND_ICMP_ERROR, 1, 0, 34, 62, 0, 0, 0, 3},
	{"icmp4-too-big", PACKET_KIND_ICMP_ERROR, 1, 0, 34, 108, 0, 0, 0, 3},
	{"icmp4-eight", PACKET_KIND_ICMP_ERROR, 1, 0, 34, 56, 0, 0, 0, 11},
	{"icmp4-about-echo", PACKET_KIND_ICMP_ERROR, 1, 0, 34, 61, 0, 0, 0, 11},
	{"icmp4-about-sctp", PACKET_KIND_ICMP_ERROR, 1, 0, 34, 84, 0, 0, 0, 3},
	{"icmp4-about-first", PACKET_KIND_ICMP_ERROR, 1, 0, 34, 64, 0, 0, 0, 11},
	{"icmp4-about-last", PACKET_KIND_ICMP_ERROR, 1, 0, 34, 64, 0, 0, 0, 11},
	{"icmp4-about-error", PACKET_KIND_ICMP_ERROR, 1, 0, 34, 84, 0, 0, 0, 3},
	{"icmp4-about-ipip", PACKET_KIND_ICMP_ERROR, 1, 0, 34, 108, 0, 0, 0, 3},
	{"icmp4-about-6in4", PACKET_KIND_ICMP_ERROR, 1, 0, 34, 116, 0, 0, 0, 3},
	{"icmp4-about-gre", PACKET_KIND_ICMP_ERROR, 1, 0, 34, 104, 0, 0, 0, 3},
	{"icmp4-about-gue", PACKET_KIND_ICMP_ERROR, 1, 0, 34, 116, 0, 0, 0, 3},
	{"gre4", PACKET_KIND_IP_OTHER, 47, 0, 34, 52, 0, 0, 0, 0},
	{"igmp4", PACKET_KIND_IP_OTHER, 2, MULTICAST, 34, 28, 0, 0, 0, 0},
	{"arp", PACKET_KIND_ARP, 0, MULTICAST, 14, 0, 0, 0, 0, 0},
	{"lldp", PACKET_KIND_OTHER, 0, MULTICAST, 14, 0, 0, 0, 0, 0},
	{"llc", PACKET_KIND_OTHER, 0, MULTICAST, 14, 0, 0, 0, 0, 0},
	{"tcp6", PACKET_KIND_TRANSPORT, 6, DF, 54, 72, 40000, 80, TRANSPORT_EVENT_OTHER, 0},
	{"tcp6-syn", PACKET_KIND_TRANSPORT, 6, DF, 54, 64, 40000, 80, TRANSPORT_EVENT_OPEN, 0},
	{"udp6", PACKET_KIND_TRANSPORT, 17, DF, 54, 56, 40001, 53, 0, 0},
	{"udp6-unsummed", PACKET_KIND_TRANSPORT, 17, DF, 54, 56, 40001, 53, 0, 0},
	{"udp6-tagged", PACKET_KIND_OTHER, 0, TAGGED, 18, 0, 0, 0, 0, 0},
	{"udp6-extended", PACKET_KIND_TRANSPORT, 17, DF | OPTIONS, 102, 104, 40001, 53, 0, 0},
	{"udp6-segments", PACKET_KIND_IP_OTHER, 43, DF | OPTIONS, 54, 80, 0, 0, 0, 0},
	{"udp6-hops-late", PACKET_KIND_BAD, 0, DF | OPTIONS, 62, 72, 0, 0, 0, 0},
	{"udp6-first", PACKET_KIND_FRAGMENT, 17, DF | OPTIONS | FRAGMENT, 54, 72, 0, 0, 0, 0},
	{"udp6-last", PACKET_KIND_FRAGMENT, 17, DF | OPTIONS | FRAGMENT, 62, 64, 0, 0, 0, 0},
	{"udp6-atomic", PACKET_KIND_FRAGMENT, 17, DF | OPTIONS | FRAGMENT, 54, 64, 0, 0, 0, 0},
	{"sctp6", PACKET_KIND_TRANSPORT, 132, DF, 54, 60, 40002, 2905, TRANSPORT_EVENT_FINISH, 0},
	{"icmp6-echo", PACKET_KIND_ICMP_QUERY, 58, DF, 54, 61, 0x1234, 0x1234, 0, 128},
	{"icmp6-reply", PACKET_KIND_ICMP_QUERY, 58, DF, 54, 61, 0x1234, 0x1234, 0, 129},
	{"icmp6-solicitation", PACKET_KIND_ICMP_OTHER, 58, DF | MULTICAST, 54, 64, 0, 0, 0, 135},
	{"icmp6-looking", PACKET_KIND_ICMP_OTHER, 58, DF | MULTICAST, 54, 64, 0, 0, 0, 135},
	{"icmp6-redirect", PACKET_KIND_ICMP_OTHER, 58, DF, 54, 80, 0, 0, 0, 137},
	{"icmp6-port", PACKET_KIND_ICMP_ERROR, 58, DF, 54, 102, 0, 0, 0, 1},
	{"icmp6-too-big", PACKET_KIND_ICMP_ERROR, 58, DF, 54, 148, 0, 0, 0, 2},
	{"icmp6-about-echo", PACKET_KIND_ICMP_ERROR, 58, DF, 54, 101, 0, 0, 0, 3},
	{"icmp6-about-extended", PACKET_KIND_ICMP_ERROR, 58, DF, 54, 120, 0, 0, 0, 4},
	{"icmp6-about-last", PACKET_KIND_ICMP_ERROR, 58, DF, 54, 112, 0, 0, 0, 3},
	{"icmp6-about-sctp", PACKET_KIND_ICMP_ERROR, 58, DF, 54, 108, 0, 0, 0, 1},
	{"icmp6-about-4in6", PACKET_KIND_ICMP_ERROR, 58, DF, 54, 148, 0, 0, 0, 2},
	{"esp6", PACKET_KIND_IP_OTHER, 50, DF, 54, 64, 0, 0, 0, 0},
	{"nothing6", PACKET_KIND_IP_OTHER, 59, DF, 54, 40, 0, 0, 0, 0},
};

/* Both ways of parsing a copy of exactly this size; they agree in all that is promised. */
static struct packet parse(const uint8_t *bytes, size_t length, uint16_t vlan, bool checked)
{
	uint8_t *exact = malloc(length ? length : 1);
	struct packet packet, slow;

	memcpy(exact, bytes, length);
	memset(&packet, 0xa5, sizeof(packet));
	packet_parse(exact, length, vlan, checked, &packet);
	packet_parse_slowly(exact, length, vlan, checked, &slow);
	packet.hash = slow.hash;
	assert_memory_equal(&packet, &slow, offsetof(struct packet, icmp_code) + 1);
	assert_memory_equal(exact, bytes, length);
	free(exact);
	assert_int_equal(packet.kind == PACKET_KIND_BAD, packet.reason != PACKET_REASON_NONE);
	return packet;
}

static struct packet parse_frame(const char *name, uint16_t vlan)
{
	uint8_t bytes[FRAME_MOST];
	size_t length = frame_bytes(frame_find(name)->hex, bytes);

	return parse(bytes, length, vlan, false);
}

static void check_packet(const struct packet *packet, const struct expected *want)
{
	print_message("%s\n", want->name);
	assert_string_equal(packet_kind_name(packet->kind), packet_kind_name(want->kind));
	assert_int_equal(packet->key.protocol, want->protocol);
	assert_int_equal(packet->flags, want->flags);
	assert_int_equal(packet->l4_offset, want->l4_offset);
	assert_int_equal(packet->l3_length, want->l3_length);
	assert_int_equal(ntohs(packet->key.source_port), want->source_port);
	assert_int_equal(ntohs(packet->key.destination_port), want->destination_port);
	assert_int_equal(packet->key.zero, 0);
	assert_int_equal(packet->event, want->event);
	assert_int_equal(packet->icmp_type, want->icmp_type);
}

static void test_frames(void **state)
{
	(void)state;
	assert_int_equal(ARRAY_LENGTH(expected), frame_count);
	for (size_t i = 0; i < frame_count; i++) {
		struct packet packet = parse_frame(frames[i].name, 0);

		assert_string_equal(frames[i].name, expected[i].name);
		check_packet(&packet, &expected[i]);
	}
}

static void test_addresses(void **state)
{
	static const uint8_t source[16] = {198, 51, 100, 7}, destination[16] = {203, 0, 113, 10};
	static const uint8_t source6[16] = {0x20, 1, 0xd, 0xb8, 0, 1, [15] = 7};
	static const uint8_t destination6[16] = {0x20, 1, 0xd, 0xb8, [15] = 0x10};
	static const char *const names[] = {"tcp4", "tcp4-options", "icmp4-echo", "udp4-last",
		"gre4", "tcp6", "udp6-extended", "icmp6-echo", "udp6-last", "esp6"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		bool ipv6 = i >= 5;
		struct packet packet = parse_frame(names[i], 0);

		assert_memory_equal(packet.key.source, ipv6 ? source6 : source, 16);
		assert_memory_equal(packet.key.destination, ipv6 ? destination6 : destination, 16);
		assert_int_equal(packet.key.family, ipv6 ? AF_INET6 : AF_INET);
		assert_int_equal(packet.l3_offset, IP);
		assert_int_equal(packet.ttl, 64);
	}
	assert_int_equal(parse_frame("tcp4-df", 0).ttl, 2);
	assert_int_equal(parse_frame("arp", 0).key.family, 0);
	assert_int_equal(parse_frame("icmp4-port", 0).icmp_code, 3);
	assert_int_equal(parse_frame("icmp6-about-sctp", 0).icmp_code, 1);
}

static void test_vlan(void **state)
{
	static const struct expected tagged[] = {
		{"udp4-tagged", PACKET_KIND_TRANSPORT, 17, TAGGED, 38, 36, 40001, 53, 0, 0},
		{"udp6-tagged", PACKET_KIND_TRANSPORT, 17, DF | TAGGED, 58, 56, 40001, 53, 0, 0},
		{"udp4-tagged-twice", PACKET_KIND_OTHER, 0, TAGGED, 18, 0, 0, 0, 0, 0},
		{"udp4-priority", PACKET_KIND_OTHER, 0, TAGGED, 18, 0, 0, 0, 0, 0},
		{"udp4", PACKET_KIND_OTHER, 0, 0, 14, 0, 0, 0, 0, 0},
		{"udp6", PACKET_KIND_OTHER, 0, 0, 14, 0, 0, 0, 0, 0},
		{"arp", PACKET_KIND_OTHER, 0, MULTICAST, 14, 0, 0, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(tagged); i++) {
		struct packet packet = parse_frame(tagged[i].name, 7);

		check_packet(&packet, &tagged[i]);
		if (packet.kind == PACKET_KIND_TRANSPORT)
			assert_int_equal(packet.l3_offset, IP + 4);
		assert_int_not_equal(parse_frame(tagged[i].name, 9).kind, PACKET_KIND_TRANSPORT);
	}
}

/* A change to a frame that is good; `sum` makes IPv4's header checksum anew. */
struct change {
	const char *name, *frame;
	struct {
		uint16_t at;
		uint8_t to;
	} sets[4];
	uint8_t set_count;
	bool sum;
	int cut; /* bytes that the frame is shorter */
	enum packet_reason reason;
};

static const struct change changes[] = {
	{"no type", "udp4", .cut = 31, .reason = PACKET_REASON_SHORT},
	{"a tag cut off", "udp4-tagged", .cut = 38, .reason = PACKET_REASON_SHORT},
	{"no IPv4 header", "udp4", .cut = 17, .reason = PACKET_REASON_SHORT},
	{"no IPv6 header", "udp6", .cut = 17, .reason = PACKET_REASON_SHORT},
	{"version 6 in IPv4", "udp4", {{IP, 0x65}}, 1, true, .reason = PACKET_REASON_VERSION},
	{"version 4 in IPv6", "udp6", {{IP, 0x45}}, 1, .reason = PACKET_REASON_VERSION},
	{"four words", "udp4", {{IP, 0x44}}, 1, true, .reason = PACKET_REASON_HEADER_LENGTH},
	{"more words than the packet", "udp4", {{IP, 0x4a}}, 1, true,
		.reason = PACKET_REASON_HEADER_LENGTH},
	{"a header longer than the frame", "udp4", {{IP, 0x4f}}, 1, true,
		.reason = PACKET_REASON_HEADER_LENGTH},
	{"a length of 19", "udp4", {{IP + 3, 19}}, 1, true, .reason = PACKET_REASON_TOTAL_LENGTH},
	{"a length of 0", "udp4", {{IP + 3, 0}}, 1, true, .reason = PACKET_REASON_TOTAL_LENGTH},
	{"a byte less than said", "udp4", .cut = 1, .reason = PACKET_REASON_TOTAL_LENGTH},
	{"a byte less than said, IPv6", "udp6", .cut = 1, .reason = PACKET_REASON_TOTAL_LENGTH},
	{"65,535 bytes, IPv6", "tcp6", {{IP + 4, 255}, {IP + 5, 255}}, 2,
		.reason = PACKET_REASON_TOTAL_LENGTH},
	{"a wrong checksum", "tcp4", {{IP + 8, 63}}, 1, .reason = PACKET_REASON_HEADER_CHECKSUM},
	{"a wrong checksum of options", "tcp4-options", {{IP + 22, 1}}, 1,
		.reason = PACKET_REASON_HEADER_CHECKSUM},
	{"from 127.51.100.7", "udp4", {{IP + 12, 127}}, 1, true, .reason = PACKET_REASON_SOURCE},
	{"from 0.51.100.7", "udp4", {{IP + 12, 0}}, 1, true, .reason = PACKET_REASON_SOURCE},
	{"from 224.51.100.7", "udp4", {{IP + 12, 224}}, 1, true, .reason = PACKET_REASON_SOURCE},
	{"from 239.51.100.7", "udp4", {{IP + 12, 239}}, 1, true, .reason = PACKET_REASON_SOURCE},
	{"from all", "udp4", {{IP + 12, 255}, {IP + 13, 255}, {IP + 14, 255}, {IP + 15, 255}}, 4,
		true, .reason = PACKET_REASON_SOURCE},
	{"from none to one", "udp4", {{IP + 12, 0}, {IP + 13, 0}, {IP + 14, 0}, {IP + 15, 0}}, 4,
		true, .reason = PACKET_REASON_SOURCE},
	{"from 240.51.100.7", "udp4", {{IP + 12, 240}}, 1, true, .reason = PACKET_REASON_NONE},
	{"from 223.51.100.7", "udp4", {{IP + 12, 223}}, 1, true, .reason = PACKET_REASON_NONE},
	{"from 1.51.100.7", "udp4", {{IP + 12, 1}}, 1, true, .reason = PACKET_REASON_NONE},
	{"from a group, IPv6", "udp6", {{IP + 8, 0xff}}, 1, .reason = PACKET_REASON_SOURCE},
	{"from none to one, IPv6", "icmp6-looking", {{IP + 24, 0x20}}, 1,
		.reason = PACKET_REASON_SOURCE},
	{"from loopback, IPv6", "icmp6-looking", {{IP + 23, 1}}, 1, .reason = PACKET_REASON_SOURCE},
	{"from ::2", "icmp6-looking", {{IP + 23, 2}}, 1, .reason = PACKET_REASON_NONE},
	{"TCP of four words", "tcp4", {{IP + 32, 0x40}}, 1, .reason = PACKET_REASON_HEADER_LENGTH},
	{"TCP of more than the packet", "tcp4", {{IP + 32, 0x90}}, 1,
		.reason = PACKET_REASON_HEADER_LENGTH},
	{"TCP of all of the packet", "tcp4", {{IP + 32, 0x80}}, 1, .reason = PACKET_REASON_NONE},
	{"TCP of four words, IPv6", "tcp6", {{IP + 52, 0x40}}, 1,
		.reason = PACKET_REASON_HEADER_LENGTH},
	{"19 bytes of TCP", "tcp4", {{IP + 3, 39}}, 1, true, .reason = PACKET_REASON_SHORT},
	{"7 bytes of UDP", "udp4", {{IP + 3, 27}}, 1, true, .reason = PACKET_REASON_SHORT},
	{"8 bytes of UDP", "udp4", {{IP + 3, 28}}, 1, true, .reason = PACKET_REASON_NONE},
	{"7 bytes of UDP, IPv6", "udp6", {{IP + 5, 7}}, 1, .reason = PACKET_REASON_SHORT},
	{"15 bytes of SCTP", "sctp4", {{IP + 3, 35}}, 1, true, .reason = PACKET_REASON_SHORT},
	{"7 bytes of ICMP", "icmp4-echo", {{IP + 3, 27}}, 1, true, .reason = PACKET_REASON_SHORT},
	{"7 bytes of ICMPv6", "icmp6-echo", {{IP + 5, 7}}, 1, .reason = PACKET_REASON_SHORT},
	{"an extension cut off", "udp6-extended", {{IP + 5, 23}}, 1, .reason = PACKET_REASON_SHORT},
	{"an extension longer than said", "udp6-extended", {{IP + 41, 8}}, 1,
		.reason = PACKET_REASON_SHORT},
	{"extensions of 520 bytes", "udp6-extended", {{IP + 41, 64}}, 1,
		.reason = PACKET_REASON_EXTENSIONS},
	{"a fragment's header cut off", "udp6-first", {{IP + 5, 7}}, 1,
		.reason = PACKET_REASON_SHORT},
	{"hop-by-hop twice", "udp6-extended", {{IP + 40, 0}}, 1,
		.reason = PACKET_REASON_EXTENSIONS},
};

static void test_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
		const struct change *change = &changes[i];
		uint8_t bytes[FRAME_MOST];
		size_t length = frame_bytes(frame_find(change->frame)->hex, bytes);
		size_t header = (bytes[IP] & 15u) * 4;

		print_message("%s\n", change->name);
		for (size_t j = 0; j < change->set_count; j++)
			bytes[change->sets[j].at] = change->sets[j].to;
		if (change->sum) {
			uint16_t sum = checksum_of_ipv4(bytes + IP, header);

			memcpy(bytes + IP + 10, &sum, sizeof(sum));
		}
		struct packet packet = parse(bytes, length - (size_t)change->cut, 0, false);
		assert_string_equal(
			packet_reason_name(packet.reason), packet_reason_name(change->reason));
		packet = parse(bytes, length - (size_t)change->cut, 0, true);
		if (change->reason == PACKET_REASON_HEADER_CHECKSUM)
			assert_int_equal(packet.reason, PACKET_REASON_NONE);
		else
			assert_int_equal(packet.reason, change->reason);
	}
}

/* A plain packet of IPv6 from nobody, or from itself: the shortest sources that are none. */
static void test_low_sources(void **state)
{
	uint8_t bytes[FRAME_MOST];
	size_t length = frame_bytes(frame_find("udp6")->hex, bytes);

	(void)state;
	memset(bytes + IP + 8, 0, 16);
	for (unsigned int last = 0; last < 4; last++) {
		bytes[IP + 23] = (uint8_t)last;
		assert_int_equal(parse(bytes, length, 0, false).reason,
			last < 2 ? PACKET_REASON_SOURCE : PACKET_REASON_NONE);
	}
}

/* Eight extension headers are walked, nine are not; 512 bytes of them, not 520. */
static void test_many_extensions(void **state)
{
	uint8_t bytes[FRAME_MOST];

	(void)state;
	for (unsigned int count = 1; count <= 10; count++) {
		for (unsigned int units = 1; units <= 17; units++) {
			size_t size = (size_t)count * units * 8, at = IP + 40;

			frame_bytes(frame_find("udp6")->hex, bytes);
			memmove(bytes + at + size, bytes + at, 16);
			memset(bytes + at, 0, size);
			bytes[IP + 6] = IPPROTO_DSTOPTS;
			for (unsigned int i = 0; i < count; i++, at += (size_t)units * 8) {
				bytes[at] = i + 1 < count ? IPPROTO_DSTOPTS : IPPROTO_UDP;
				bytes[at + 1] = (uint8_t)(units - 1);
			}
			bytes[IP + 4] = (uint8_t)((size + 16) >> 8);
			bytes[IP + 5] = (uint8_t)(size + 16);
			struct packet packet = parse(bytes, at + 16, 0, false);
			bool walked = count <= PACKET_EXTENSIONS_MOST &&
				      size <= PACKET_EXTENSION_BYTES_MOST;
			assert_int_equal(packet.reason,
				walked ? PACKET_REASON_NONE : PACKET_REASON_EXTENSIONS);
			if (walked)
				assert_int_equal(packet.l4_offset, at);
		}
	}
}

/* Every frame, cut everywhere: bad as long as anything of the packet is missing. */
static void test_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < frame_count; i++) {
		uint8_t bytes[FRAME_MOST];
		size_t whole = frame_bytes(frames[i].hex, bytes);
		struct packet full = parse(bytes, whole, 0, false);

		for (size_t length = 0; length < whole; length++) {
			struct packet packet = parse(bytes, length, 0, false);

			if (length < IP ||
				(full.l3_length && full.kind != PACKET_KIND_BAD &&
					length < full.l3_offset + (size_t)full.l3_length))
				assert_int_equal(packet.kind, PACKET_KIND_BAD);
		}
	}
}

static void test_random(void **state)
{
	size_t kinds[PACKET_KIND_COUNT] = {0}, reasons[PACKET_REASON_COUNT] = {0};

	(void)state;
	random_seed(42);
	for (size_t i = 0; i < 300000; i++) {
		uint8_t bytes[FRAME_MOST];
		size_t length = frame_bytes(frames[i % frame_count].hex, bytes);
		size_t header = (bytes[IP] & 15u) * 4;

		for (uint32_t count = 1 + random_below(3); count > 0; count--)
			bytes[random_below((uint32_t)length)] = (uint8_t)random_below(256);
		if (random_below(2) && header >= 20) {
			uint16_t sum = checksum_of_ipv4(bytes + IP, header);

			memcpy(bytes + IP + 10, &sum, sizeof(sum));
		}
		if (random_below(4) == 0)
			length = random_below((uint32_t)length + 1);
		struct packet packet =
			parse(bytes, length, random_below(2) ? 7 : 0, random_below(2));
		kinds[packet.kind]++;
		reasons[packet.reason]++;
	}
	for (size_t i = 0; i < PACKET_KIND_COUNT; i++)
		assert_true(kinds[i] > 100);
	for (size_t i = 0; i < PACKET_REASON_COUNT; i++)
		assert_true(reasons[i] > 100);
}

static void test_huge(void **state)
{
	uint8_t *bytes = calloc(1, 70000);

	(void)state;
	frame_bytes(frame_find("udp4")->hex, bytes);
	/* A length of 20 bytes modulo 2^16. */
	assert_int_equal(parse(bytes, 65536 + 60, 0, true).reason, PACKET_REASON_SHORT);
	assert_int_equal(parse(bytes, 65535, 0, true).kind, PACKET_KIND_TRANSPORT);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_vlan),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_low_sources),
		cmocka_unit_test(test_many_extensions),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_huge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
