// SPDX-License-Identifier: GPL-2.0-or-later
/* Tunnels: the outer headers against those that scapy puts before the same packet, in a buffer that
 * has exactly room for them; and what the remote checksum's receiver makes of it. */
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

#define HASH 0x9abcdef0u
#define ID   0xbeef
#define PORT 6080

struct tunnel {
	const char *frame;
	uint8_t family; /* of the outer header */
	enum tunnel_type type;
	enum tunnel_checksum checksum;
	const char *hex; /* all that stands before the packet */
};

/* From 192.0.2.1 to 192.0.2.20, or 2001:db8::1 to 2001:db8:2::20, by scapy 2.5. GUE, which it does not
 * know, is bytes that are given to it; all that is summed, it summed. */
static const struct tunnel tunnels[] = {
	{"tcp4-df", AF_INET, TUNNEL_TYPE_IPIP, TUNNEL_CHECKSUM_NONE,
		"45b9003fbeef40004004f6fcc0000201c0000214"},
	{"tcp4-df", AF_INET, TUNNEL_TYPE_GRE, TUNNEL_CHECKSUM_NONE,
		"45b90043beef4000402ff6cdc0000201c000021400000800"},
	{"tcp4-df", AF_INET, TUNNEL_TYPE_GRE, TUNNEL_CHECKSUM_FULL,
		"45b90047beef4000402ff6c9c0000201c000021480000800de620000"},
	{"tcp4-df", AF_INET, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_NONE,
		"45b9004bbeef40004011f6e3c0000201c0000214def017c00037000000040000"},
	{"tcp4-df", AF_INET, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_FULL,
		"45b9004bbeef40004011f6e3c0000201c0000214def017c00037eb1800040000"},
	{"tcp4-df", AF_INET, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_REMOTE,
		"45b90053beef40004011f6dbc0000201c0000214def017c0003fbbfa020400018000000000140024"},
	{"tcp4-df", AF_INET6, TUNNEL_TYPE_IPIP, TUNNEL_CHECKSUM_NONE,
		"6b900000002b044020010db800000000000000000000000120010db8000200000000000000000020"},
	{"tcp4-df", AF_INET6, TUNNEL_TYPE_GRE, TUNNEL_CHECKSUM_NONE,
		"6b900000002f2f4020010db800000000000000000000000120010db8000200000000000000000020"
		"00000800"},
	{"tcp4-df", AF_INET6, TUNNEL_TYPE_GRE, TUNNEL_CHECKSUM_FULL,
		"6b90000000332f4020010db800000000000000000000000120010db8000200000000000000000020"
		"80000800de620000"},
	{"tcp4-df", AF_INET6, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_NONE,
		"6b9000000037114020010db800000000000000000000000120010db8000200000000000000000020"
		"def017c00037000000040000"},
	{"tcp4-df", AF_INET6, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_FULL,
		"6b9000000037114020010db800000000000000000000000120010db8000200000000000000000020"
		"def017c00037139a00040000"},
	{"tcp4-df", AF_INET6, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_REMOTE,
		"6b900000003f114020010db800000000000000000000000120010db8000200000000000000000020"
		"def017c0003fe47b020400018000000000140024"},
	{"tcp6", AF_INET, TUNNEL_TYPE_IPIP, TUNNEL_CHECKSUM_NONE,
		"452a005cbeef40004029f749c0000201c0000214"},
	{"tcp6", AF_INET, TUNNEL_TYPE_GRE, TUNNEL_CHECKSUM_NONE,
		"452a0060beef4000402ff73fc0000201c0000214000086dd"},
	{"tcp6", AF_INET, TUNNEL_TYPE_GRE, TUNNEL_CHECKSUM_FULL,
		"452a0064beef4000402ff73bc0000201c0000214800086dd6d020000"},
	{"tcp6", AF_INET, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_NONE,
		"452a0068beef40004011f755c0000201c0000214def017c00054000000290000"},
	{"tcp6", AF_INET, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_FULL,
		"452a0068beef40004011f755c0000201c0000214def017c00054f83600290000"},
	{"tcp6", AF_INET, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_REMOTE,
		"452a0070beef40004011f74dc0000201c0000214def017c0005c7174022900018000000000280038"},
	{"tcp6", AF_INET6, TUNNEL_TYPE_IPIP, TUNNEL_CHECKSUM_NONE,
		"62a000000048294020010db800000000000000000000000120010db8000200000000000000000020"},
	{"tcp6", AF_INET6, TUNNEL_TYPE_GRE, TUNNEL_CHECKSUM_NONE,
		"62a00000004c2f4020010db800000000000000000000000120010db8000200000000000000000020"
		"000086dd"},
	{"tcp6", AF_INET6, TUNNEL_TYPE_GRE, TUNNEL_CHECKSUM_FULL,
		"62a0000000502f4020010db800000000000000000000000120010db8000200000000000000000020"
		"800086dd6d020000"},
	{"tcp6", AF_INET6, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_NONE,
		"62a000000054114020010db800000000000000000000000120010db8000200000000000000000020"
		"def017c00054000000290000"},
	{"tcp6", AF_INET6, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_FULL,
		"62a000000054114020010db800000000000000000000000120010db8000200000000000000000020"
		"def017c0005420b800290000"},
	{"tcp6", AF_INET6, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_REMOTE,
		"62a00000005c114020010db800000000000000000000000120010db8000200000000000000000020"
		"def017c0005c99f5022900018000000000280038"},
	{"udp4", AF_INET, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_REMOTE,
		"4500004cbeef00004011379cc0000201c0000214def017c0003844d502040001800000000014001a"},
	{"udp6", AF_INET, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_REMOTE,
		"452a0060beef40004011f75dc0000201c0000214def017c0004c5c5c02290001800000000028002e"},
	{"udp6-tagged", AF_INET, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_REMOTE,
		"452a0060beef40004011f75dc0000201c0000214def017c0004c5c5c02290001800000000028002e"},
	{"udp4-padded", AF_INET, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_REMOTE,
		"45000045beef0000401137a3c0000201c0000214def017c000318eb102040001800000000014001a"},
	{"udp4-unsummed", AF_INET6, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_REMOTE,
		"600000000030114020010db800000000000000000000000120010db8000200000000000000000020"
		"def017c0003055fd00040000"},
	{"icmp4-echo", AF_INET6, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_REMOTE,
		"600000000035114020010db800000000000000000000000120010db8000200000000000000000020"
		"def017c00035ad3a00040000"},
	{"sctp6", AF_INET6, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_REMOTE,
		"62a000000048114020010db800000000000000000000000120010db8000200000000000000000020"
		"def017c0004881e800290000"},
	{"icmp6-echo", AF_INET6, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_REMOTE,
		"62a000000049114020010db800000000000000000000000120010db8000200000000000000000020"
		"def017c00049ed0100290000"},
	{"udp4-first", AF_INET6, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_REMOTE,
		"600000000038114020010db800000000000000000000000120010db8000200000000000000000020"
		"def017c00038fe6900040000"},
};

static struct slot slot_of(const struct tunnel *tunnel)
{
	struct slot slot = {.family = tunnel->family,
		.tunnel_type = (uint8_t)tunnel->type,
		.tunnel_checksum = (uint8_t)tunnel->checksum,
		.tunnel_port = htons(PORT),
		.address = {192, 0, 2, 20},
		.local = {192, 0, 2, 1},
		.overhead =
			(uint8_t)rewrite_overhead(tunnel->family, tunnel->type, tunnel->checksum)};

	if (tunnel->family == AF_INET6) {
		memcpy(slot.address, (uint8_t[16]){0x20, 1, 0xd, 0xb8, 0, 2, [15] = 0x20}, 16);
		memcpy(slot.local, (uint8_t[16]){0x20, 1, 0xd, 0xb8, [15] = 1}, 16);
	}
	return slot;
}

/* A packet in its tunnel. */
struct wrapped {
	uint8_t *buffer, *inner, *start;
	size_t length; /* of the inner packet */
	struct packet packet;
	struct slot slot;
};

/* The packet of a frame, its TTL taken, behind as many bytes as the tunnel may write. `spoil`: a byte
 * of the packet that is changed before. */
static void wrap(struct wrapped *wrapped, const struct tunnel *tunnel, size_t spoil)
{
	uint8_t bytes[FRAME_MOST];
	size_t length = frame_bytes(frame_find(tunnel->frame)->hex, bytes);
	struct packet *packet = &wrapped->packet;

	packet_parse(bytes, length, strstr(tunnel->frame, "tagged") ? 7 : 0, false, packet);
	rewrite_ttl(bytes, packet);
	if (spoil)
		bytes[packet->l3_offset + spoil] ^= 0x10;
	wrapped->slot = slot_of(tunnel);
	wrapped->length = packet->l3_length;
	wrapped->buffer = malloc(wrapped->slot.overhead + wrapped->length);
	wrapped->inner = wrapped->buffer + wrapped->slot.overhead;
	memcpy(wrapped->inner, bytes + packet->l3_offset, wrapped->length);
	wrapped->start = rewrite_encapsulate(
		wrapped->inner, wrapped->length, packet, &wrapped->slot, HASH, ID);
	/* Where nothing was unfinished, nothing of the packet was touched. */
	if (tunnel->checksum != TUNNEL_CHECKSUM_REMOTE)
		assert_memory_equal(wrapped->inner, bytes + packet->l3_offset, wrapped->length);
}

static void test_tunnels(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(tunnels); i++) {
		const struct tunnel *tunnel = &tunnels[i];
		uint8_t wanted[FRAME_MOST];
		size_t size = frame_bytes(tunnel->hex, wanted);
		struct wrapped wrapped;

		print_message("%s, %s, checksum %s\n", tunnel->frame,
			tunnel_type_name(tunnel->type), tunnel_checksum_name(tunnel->checksum));
		wrap(&wrapped, tunnel, 0);
		assert_int_equal(wrapped.inner - wrapped.start, size);
		assert_memory_equal(wrapped.start, wanted, size);
		free(wrapped.buffer);
	}
}

static void test_overhead(void **state)
{
	static const unsigned int ipv4[TUNNEL_TYPE_COUNT][TUNNEL_CHECKSUM_COUNT] = {
		[TUNNEL_TYPE_IPIP] = {20, 20, 20},
		[TUNNEL_TYPE_GRE] = {24, 28, 24},
		[TUNNEL_TYPE_GUE] = {32, 32, 40},
	};

	(void)state;
	for (enum tunnel_type type = 0; type < TUNNEL_TYPE_COUNT; type++) {
		for (enum tunnel_checksum sum = 0; sum < TUNNEL_CHECKSUM_COUNT; sum++) {
			assert_int_equal(rewrite_overhead(AF_INET, type, sum), ipv4[type][sum]);
			assert_int_equal(
				rewrite_overhead(AF_INET6, type, sum), ipv4[type][sum] + 20);
			assert_true(rewrite_overhead(AF_INET6, type, sum) + 18 <= REWRITE_HEADROOM);
		}
	}
}

/* What the receiver of a remote checksum does: it sums from where it is told, and puts the sum where
 * it is told. Then the packet must be as it was. */
static void test_remote(void **state)
{
	static const char *const names[] = {
		"tcp4", "tcp4-df", "tcp4-options", "udp4", "tcp6", "udp6", "udp6-extended"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		struct tunnel tunnel = {.frame = names[i],
			.family = i % 2 ? AF_INET : AF_INET6,
			.type = TUNNEL_TYPE_GUE};
		struct wrapped plain, remote;

		wrap(&plain, &tunnel, 0);
		tunnel.checksum = TUNNEL_CHECKSUM_REMOTE;
		wrap(&remote, &tunnel, 0);
		assert_ptr_equal(remote.start, remote.buffer);
		const uint8_t *gue = remote.inner - 12;
		size_t from = (size_t)(gue[8] << 8 | gue[9]), to = (size_t)(gue[10] << 8 | gue[11]);
		assert_memory_not_equal(remote.inner, plain.inner, plain.length);
		uint16_t sum = (uint16_t)~checksum_fold(
			checksum_add(0, remote.inner + from, remote.length - from));
		memcpy(remote.inner + to, &sum, sizeof(sum));
		assert_memory_equal(remote.inner, plain.inner, plain.length);
		free(plain.buffer);
		free(remote.buffer);
	}
}

/* A packet whose checksum is wrong goes as it is, under a full checksum. */
static void test_remote_wrong(void **state)
{
	static const struct {
		const char *frame;
		size_t spoil;
	} wrong[] = {{"tcp4", 45}, {"udp4", 27}, {"tcp6", 56}, {"udp6", 55}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
		struct tunnel tunnel = {
			wrong[i].frame, AF_INET, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_FULL, NULL};
		struct wrapped full, remote;

		wrap(&full, &tunnel, wrong[i].spoil);
		tunnel.checksum = TUNNEL_CHECKSUM_REMOTE;
		wrap(&remote, &tunnel, wrong[i].spoil);
		assert_ptr_equal(remote.start, remote.buffer + 8);
		assert_memory_equal(remote.start, full.start, full.slot.overhead + full.length);
		free(full.buffer);
		free(remote.buffer);
	}
}

/* A checksum of 0xffff is UDP's 0, which the receiver of a remote one would leave: none. */
static void test_remote_ones(void **state)
{
	static const uint8_t address[4] = {203, 0, 113, 10};
	struct tunnel tunnel = {"udp4", AF_INET, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_REMOTE, NULL};
	uint8_t bytes[FRAME_MOST], buffer[FRAME_MOST];
	struct slot slot = slot_of(&tunnel);
	struct packet packet;
	unsigned int ones = 0;

	(void)state;
	frame_bytes(frame_find("udp4")->hex, bytes);
	for (unsigned int port = 1; port <= UINT16_MAX; port++) {
		bytes[22] = 64;
		packet_parse(bytes, 50, 0, true, &packet);
		rewrite_destination(bytes, &packet, address, htons((uint16_t)port));
		memcpy(buffer + slot.overhead, bytes + 14, packet.l3_length);
		const uint8_t *start = rewrite_encapsulate(
			buffer + slot.overhead, packet.l3_length, &packet, &slot, HASH, ID);
		bool is_ones = bytes[40] == 0xff && bytes[41] == 0xff;
		assert_int_equal(start - buffer, is_ones ? 8 : 0);
		ones += is_ones;
	}
	assert_int_equal(ones, 1);
}

/* UDP's checksum, when it is summed up to 0, is 0xffff: for one source port of all. */
static void test_outer_zero(void **state)
{
	struct tunnel tunnel = {"udp4", AF_INET6, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_FULL, NULL};
	unsigned int ones = 0;
	struct wrapped wrapped;

	(void)state;
	wrap(&wrapped, &tunnel, 0);
	for (uint32_t hash = 0; hash < 0x10000; hash++) {
		/* Some identification of the inner packet's, too, so that one of them does it. */
		const uint8_t *udp = wrapped.start + 40;

		rewrite_encapsulate(
			wrapped.inner, wrapped.length, &wrapped.packet, &wrapped.slot, hash, 0);
		assert_true(udp[0] >= 0xc0);
		assert_true(udp[6] || udp[7]);
		ones += udp[6] == 0xff && udp[7] == 0xff;
		memcpy(wrapped.inner + 4, &(uint16_t){(uint16_t)(hash * 7)}, 2);
	}
	assert_in_range(ones, 1, 20);
	free(wrapped.buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tunnels),
		cmocka_unit_test(test_overhead),
		cmocka_unit_test(test_remote),
		cmocka_unit_test(test_remote_wrong),
		cmocka_unit_test(test_remote_ones),
		cmocka_unit_test(test_outer_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
