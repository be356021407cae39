// SPDX-License-Identifier: GPL-2.0-or-later
/* Errors whose packet inside gets other addresses and ports, with all their sums. */
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

enum way {
	WAY_TO_SERVER, /* destination outside and source inside become 10.0.0.11:8053, or 2001:db8:a::11 */
	WAY_TO_CLIENT, /* source outside and destination inside become 10.0.0.12:9999, or 2001:db8:a::12 */
};

struct translation {
	const char *frame;
	enum way way;
	const char *hex;
};

/* All sums made anew, but those over bytes that the error has not: these by difference. */
static const struct translation translations[] = {
	{"icmp4-port", WAY_TO_SERVER,
		"020000000001020000000002080045c0003e000100003f01adf5c00002fe0a00000b0303c93b0000"
		"000045000022000100003d11b1ab0a00000bc00002141f759c41000e3da4616e73776572"},
	{"icmp4-port", WAY_TO_CLIENT,
		"020000000001020000000002080045c0003e000100003f0134e80a00000ccb00710a030343330000"
		"000045000022000100003d1137b4cb00710a0a00000c0035270f000e581f616e73776572"},
	{"icmp4-port-unsummed", WAY_TO_SERVER,
		"020000000001020000000002080045c0003e000100003f01adf5c00002fe0a00000b030306e00000"
		"000045000022000100003d11b1ab0a00000bc00002141f759c41000e0000616e73776572"},
	{"icmp4-port-unsummed", WAY_TO_CLIENT,
		"020000000001020000000002080045c0003e000100003f0134e80a00000ccb00710a03039b520000"
		"000045000022000100003d1137b4cb00710a0a00000c0035270f000e0000616e73776572"},
	{"icmp4-too-big", WAY_TO_SERVER,
		"020000000001020000000002080045c0006c000100003f01adc7c00002fe0a00000b0304f9f20000"
		"0578450005dc000140003d066bfc0a00000bc00002141f759c40000000000000000050102000d1ca"
		"00000000000000000000000000000000000000000000000000000000000000000000000000000000"
		"0000"},
	{"icmp4-too-big", WAY_TO_CLIENT,
		"020000000001020000000002080045c0006c000100003f0134ba0a00000ccb00710a030473ea0000"
		"0578450005dc000140003d06f204cb00710a0a00000c0050270f000000000000000050102000ec29"
		"00000000000000000000000000000000000000000000000000000000000000000000000000000000"
		"0000"},
	{"icmp4-eight", WAY_TO_SERVER,
		"020000000001020000000002080045c00038000100003f01adfbc00002fe0a00000b0b0039490000"
		"0000450005dc000100000106e7fc0a00000bc00002141f759c4000000001"},
	{"icmp4-eight", WAY_TO_CLIENT,
		"020000000001020000000002080045c00038000100003f0134ee0a00000ccb00710a0b00cd9f0000"
		"0000450005dc0001000001066e05cb00710a0a00000c0050270f00000001"},
	{"icmp4-about-echo", WAY_TO_SERVER,
		"020000000001020000000002080045c0003d000100003f01adf6c00002fe0a00000b0b00f4ff0000"
		"000045000021000100003d01b1bc0a00000bc00002140800a0ed1234000970726f6265"},
	{"icmp4-about-echo", WAY_TO_CLIENT,
		"020000000001020000000002080045c0003d000100003f0134e90a00000ccb00710a0b00f4ff0000"
		"000045000021000100003d0137c5cb00710a0a00000c0800a0ed1234000970726f6265"},
	{"icmp4-about-sctp", WAY_TO_SERVER,
		"020000000001020000000002080045c00054000100003f01addfc00002fe0a00000b0302ad310000"
		"000045000038000100003d84b1220a00000bc00002141f759c420000004da22ad679000000180000"
		"000500010000000000006461746121212121"},
	{"icmp4-about-sctp", WAY_TO_CLIENT,
		"020000000001020000000002080045c00054000100003f0134d20a00000ccb00710a03021a230000"
		"000045000038000100003d84372bcb00710a0a00000c0b59270f0000004df134a3cd000000180000"
		"000500010000000000006461746121212121"},
	{"icmp4-about-first", WAY_TO_SERVER,
		"020000000001020000000002080045c00040000100003f01adf3c00002fe0a00000b0b01db960000"
		"000045000024000120003d1191a90a00000bc00002141f759c4107d055e10000000000000000"},
	{"icmp4-about-first", WAY_TO_CLIENT,
		"020000000001020000000002080045c00040000100003f0134e60a00000ccb00710a0b01558e0000"
		"000045000024000120003d1117b2cb00710a0a00000c0035270f07d0705c0000000000000000"},
	{"icmp6-port", WAY_TO_SERVER,
		"02000000000102000000000286dd60000000003e3a3f20010db80002000000000000000000fe2001"
		"0db8000a00000000000000000011010430ca0000000060000000000e113d20010db8000a00000000"
		"00000000001120010db80002000000000000000000201f759c41000eae14616e73776572"},
	{"icmp6-port", WAY_TO_CLIENT,
		"02000000000102000000000286dd60000000003e3a3f20010db8000a000000000000000000122001"
		"0db8000000000000000000000010010431b90000000060000000000e113d20010db8000000000000"
		"00000000001020010db8000a000000000000000000120035270f000e4298616e73776572"},
	{"icmp6-too-big", WAY_TO_SERVER,
		"02000000000102000000000286dd60000000006c3a3f20010db80002000000000000000000fe2001"
		"0db8000a000000000000000000110200082e000005786000000005b4063d20010db8000a00000000"
		"00000000001120010db80002000000000000000000201f759c400000000000000000501020009fbf"
		"00000000000000000000000000000000000000000000000000000000000000000000000000000000"
		"0000"},
	{"icmp6-too-big", WAY_TO_CLIENT,
		"02000000000102000000000286dd60000000006c3a3f20010db8000a000000000000000000122001"
		"0db80000000000000000000000100200091d000005786000000005b4063d20010db8000000000000"
		"00000000001020010db8000a000000000000000000120050270f0000000000000000501020003427"
		"00000000000000000000000000000000000000000000000000000000000000000000000000000000"
		"0000"},
	{"icmp6-about-echo", WAY_TO_SERVER,
		"02000000000102000000000286dd60000000003d3a3f20010db80002000000000000000000fe2001"
		"0db8000a00000000000000000011030005f80000000060000000000d3a3d20010db8000a00000000"
		"00000000001120010db80002000000000000000000208000ccf61234000970726f6265"},
	{"icmp6-about-echo", WAY_TO_CLIENT,
		"02000000000102000000000286dd60000000003d3a3f20010db8000a000000000000000000122001"
		"0db8000000000000000000000010030006e70000000060000000000d3a3d20010db8000000000000"
		"00000000001020010db8000a000000000000000000128000cd071234000970726f6265"},
	{"icmp6-about-extended", WAY_TO_SERVER,
		"02000000000102000000000286dd6000000000503a3f20010db80002000000000000000000fe2001"
		"0db8000a0000000000000000001104017d5f000000286000000000203c3d20010db8000a00000000"
		"00000000001120010db80002000000000000000000202c0001040000000011000001000000091f75"
		"9c410bb823d60000000000000000"},
	{"icmp6-about-extended", WAY_TO_CLIENT,
		"02000000000102000000000286dd6000000000503a3f20010db8000a000000000000000000122001"
		"0db800000000000000000000001004017e4e000000286000000000203c3d20010db8000000000000"
		"00000000001020010db8000a000000000000000000122c0001040000000011000001000000090035"
		"270f0bb8b8590000000000000000"},
	{"icmp6-about-sctp", WAY_TO_SERVER,
		"02000000000102000000000286dd6000000000443a3f20010db80002000000000000000000fe2001"
		"0db8000a000000000000000000110101a01700000000600000000014843d20010db8000a00000000"
		"00000000001120010db80002000000000000000000201f759c420000004dd7e726e6070000080000"
		"0000"},
	{"icmp6-about-sctp", WAY_TO_CLIENT,
		"02000000000102000000000286dd6000000000443a3f20010db8000a000000000000000000122001"
		"0db80000000000000000000000100101ffd000000000600000000014843d20010db8000000000000"
		"00000000001020010db8000a000000000000000000120b59270f0000004d28c100a3070000080000"
		"0000"},
};

static const uint8_t server4[4] = {10, 0, 0, 11}, client4[4] = {10, 0, 0, 12};
static const uint8_t server6[16] = {0x20, 1, 0xd, 0xb8, 0, 10, [15] = 0x11};
static const uint8_t client6[16] = {0x20, 1, 0xd, 0xb8, 0, 10, [15] = 0x12};

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

static struct icmp_translation translation_of(enum way way, bool ipv6)
{
	const uint8_t *server = ipv6 ? server6 : server4, *client = ipv6 ? client6 : client4;

	if (way == WAY_TO_SERVER)
		return (struct icmp_translation){.outer_destination = server,
			.inner_source = server,
			.inner_source_port = htons(8053)};
	return (struct icmp_translation){.outer_source = client,
		.inner_destination = client,
		.inner_destination_port = htons(9999)};
}

static void test_translations(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(translations); i++) {
		uint8_t wanted[FRAME_MOST];
		struct packet outer, inner;
		size_t length;
		uint8_t *frame = take(translations[i].frame, &length, &outer);
		struct icmp_translation translation =
			translation_of(translations[i].way, outer.key.family == AF_INET6);

		print_message("%s\n", translations[i].frame);
		assert_int_equal(frame_bytes(translations[i].hex, wanted), length);
		packet_parse_inner(frame, length, &outer, &inner);
		icmp_translate(frame, &outer, &inner, &translation);
		assert_memory_equal(frame, wanted, length);
		free(frame);
	}
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

/* There and back again, but for the TTL; and every sum is right in between, or as wrong as before. */
static void test_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < frame_count * 2; i++) {
		struct packet outer, inner;
		size_t length;
		bool wrong = i >= frame_count;
		uint8_t before[FRAME_MOST];
		uint8_t *frame = take(frames[i % frame_count].name, &length, &outer);

		packet_parse_inner(frame, length, &outer, &inner);
		if (outer.kind == PACKET_KIND_ICMP_ERROR && inner.kind != PACKET_KIND_BAD) {
			bool ipv6 = outer.key.family == AF_INET6;
			struct icmp_translation there = translation_of(WAY_TO_SERVER, ipv6);
			struct icmp_translation back = {.outer_destination = outer.key.destination,
				.inner_source = inner.key.source,
				.inner_source_port = inner.key.source_port};

			frame[outer.l4_offset + 2] ^= wrong;
			uint16_t sum = sum_of(frame, &outer);
			assert_int_equal(sum == 0xffff, !wrong);
			memcpy(before, frame, length);
			icmp_translate(frame, &outer, &inner, &there);
			assert_memory_not_equal(frame, before, length);
			assert_int_equal(sum_of(frame, &outer), sum);
			icmp_translate(frame, &outer, &inner, &back);
			assert_int_equal(sum_of(frame, &outer), sum);
			/* The TTL, and with it the header's sum. */
			assert_int_equal(frame[IP + (ipv6 ? 7 : 8)], outer.ttl - 2);
			memcpy(before + IP + 7, frame + IP + 7, ipv6 ? 1 : 5);
			assert_memory_equal(frame, before, length);
		}
		free(frame);
	}
}

/* UDP inside, for each new port: never a checksum of 0 where there was one. */
static void test_inner_udp_zero(void **state)
{
	unsigned int ones = 0;

	(void)state;
	for (unsigned int port = 1; port <= UINT16_MAX; port++) {
		struct packet outer, inner;
		size_t length;
		uint8_t *frame = take("icmp4-port", &length, &outer);
		struct icmp_translation translation = {.inner_source_port = htons((uint16_t)port)};
		const uint8_t *field = frame + 62 + 6;

		packet_parse_inner(frame, length, &outer, &inner);
		icmp_translate(frame, &outer, &inner, &translation);
		assert_true(field[0] || field[1]);
		ones += field[0] == 0xff && field[1] == 0xff;
		assert_int_equal(sum_of(frame, &outer), 0xffff);
		free(frame);
	}
	assert_int_equal(ones, 1);
}

/* The checksum that is cut off is not written where it would be. */
static void test_inner_cut(void **state)
{
	static const struct {
		const char *frame;
		size_t least, checksum;
	} cuts[] = {{"icmp4-port", 4, 6}, {"icmp4-too-big", 4, 16}, {"icmp4-about-sctp", 4, 8},
		{"icmp6-port", 4, 6}, {"icmp6-too-big", 4, 16}, {"icmp6-about-sctp", 4, 8}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cuts); i++) {
		for (size_t room = cuts[i].least; room < 24; room++) {
			uint8_t bytes[FRAME_MOST];
			bool ipv6 = strncmp(cuts[i].frame, "icmp6", 5) == 0;
			size_t header = ipv6 ? 40 : 20, length = IP + 2 * header + 8 + room;
			struct icmp_translation translation = translation_of(WAY_TO_SERVER, ipv6);
			struct packet outer, inner;

			if (frame_bytes(frame_find(cuts[i].frame)->hex, bytes) < length)
				continue;
			bytes[IP + (ipv6 ? 5 : 3)] = (uint8_t)(length - IP - (ipv6 ? header : 0));
			uint8_t *frame = malloc(length);
			memcpy(frame, bytes, length);
			packet_parse(frame, length, 0, true, &outer);
			packet_parse_inner(frame, length, &outer, &inner);
			assert_int_equal(inner.kind, PACKET_KIND_TRANSPORT);
			uint16_t sum = sum_of(frame, &outer);
			icmp_translate(frame, &outer, &inner, &translation);
			assert_int_equal(sum_of(frame, &outer), sum);
			free(frame);
		}
	}
}

/* SCTP in a first fragment: its CRC covers what nobody here knows the length of, and is left. */
static void test_inner_fragment(void **state)
{
	struct icmp_translation translation = translation_of(WAY_TO_SERVER, false);
	struct packet outer, inner;
	uint8_t before[FRAME_MOST];
	size_t length;
	uint8_t *frame = take("icmp4-about-sctp", &length, &outer);

	(void)state;
	frame[42 + 6] |= 0x20;
	memcpy(before, frame, length);
	uint16_t sum = sum_of(frame, &outer);
	packet_parse_inner(frame, length, &outer, &inner);
	icmp_translate(frame, &outer, &inner, &translation);
	assert_int_equal(frame[62] << 8 | frame[63], 8053);
	assert_memory_equal(frame + 64, before + 64, length - 64);
	assert_int_equal(sum_of(frame, &outer), sum);
	free(frame);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_translations),
		cmocka_unit_test(test_back),
		cmocka_unit_test(test_inner_udp_zero),
		cmocka_unit_test(test_inner_cut),
		cmocka_unit_test(test_inner_fragment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
