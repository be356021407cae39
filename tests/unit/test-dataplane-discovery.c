// SPDX-License-Identifier: GPL-2.0-or-later
/* ARP and neighbour discovery: what is written is what scapy writes, what is read is what it says, and
 * what must be discarded is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "backends/dpdk/dataplane/arp.h"
#include "backends/dpdk/dataplane/checksum.h"
#include "backends/dpdk/dataplane/discovery.h"
#include "base/macros.h"

static const uint8_t me[6] = {2, 0, 0, 0, 0, 10};
static const uint8_t peer[6] = {2, 0, 0, 0, 0, 11};

/* By scapy 2.5. */
static const uint8_t arp_question[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x00, 0x00, 0x00,
	0x00, 0x0a, 0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01, 0x02, 0x00, 0x00,
	0x00, 0x00, 0x0a, 0x0a, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0a, 0x00,
	0x00, 0x02};
static const uint8_t arp_answer_tagged[46] = {0x02, 0x00, 0x00, 0x00, 0x00, 0x0b, 0x02, 0x00, 0x00,
	0x00, 0x00, 0x0a, 0x81, 0x00, 0x00, 0x64, 0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 0x06, 0x04,
	0x00, 0x02, 0x02, 0x00, 0x00, 0x00, 0x00, 0x0a, 0x0a, 0x00, 0x00, 0x01, 0x02, 0x00, 0x00,
	0x00, 0x00, 0x0b, 0x0a, 0x00, 0x00, 0x02};
static const uint8_t question[86] = {0x33, 0x33, 0xff, 0x00, 0x00, 0x02, 0x02, 0x00, 0x00, 0x00,
	0x00, 0x0a, 0x86, 0xdd, 0x60, 0x00, 0x00, 0x00, 0x00, 0x20, 0x3a, 0xff, 0x20, 0x01, 0x0d,
	0xb8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xff, 0x02,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xff, 0x00, 0x00, 0x02, 0x87,
	0x00, 0x1c, 0x1e, 0x00, 0x00, 0x00, 0x00, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x01, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00,
	0x0a};
static const uint8_t question_at_link_tagged[90] = {0x02, 0x00, 0x00, 0x00, 0x00, 0x0b, 0x02, 0x00,
	0x00, 0x00, 0x00, 0x0a, 0x81, 0x00, 0x00, 0x64, 0x86, 0xdd, 0x60, 0x00, 0x00, 0x00, 0x00,
	0x20, 0x3a, 0xff, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x01, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x02, 0x87, 0x00, 0xec, 0x69, 0x00, 0x00, 0x00, 0x00, 0x20, 0x01,
	0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x01,
	0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x0a};
static const uint8_t answer[86] = {0x02, 0x00, 0x00, 0x00, 0x00, 0x0b, 0x02, 0x00, 0x00, 0x00, 0x00,
	0x0a, 0x86, 0xdd, 0x60, 0x00, 0x00, 0x00, 0x00, 0x20, 0x3a, 0xff, 0x20, 0x01, 0x0d, 0xb8,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x20, 0x01, 0x0d,
	0xb8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x88, 0x00,
	0x0a, 0x6a, 0xe0, 0x00, 0x00, 0x00, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x0a};
static const uint8_t probe[78] = {0x33, 0x33, 0xff, 0x00, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00,
	0x0a, 0x86, 0xdd, 0x60, 0x00, 0x00, 0x00, 0x00, 0x18, 0x3a, 0xff, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0x02, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xff, 0x00, 0x00, 0x01, 0x87, 0x00,
	0x4c, 0xed, 0x00, 0x00, 0x00, 0x00, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01};
static const uint8_t options[102] = {0x33, 0x33, 0x00, 0x00, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00,
	0x00, 0x0a, 0x86, 0xdd, 0x60, 0x00, 0x00, 0x00, 0x00, 0x30, 0x3a, 0xff, 0x20, 0x01, 0x0d,
	0xb8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xff, 0x02,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x88,
	0x00, 0xe4, 0x08, 0x20, 0x00, 0x00, 0x00, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x0e, 0x02, 0x01, 0x01, 0x01, 0x01, 0x01,
	0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x02, 0x01, 0x02, 0x00, 0x00, 0x00,
	0x00, 0x0a};

/* --- ARP --- */

static const struct arp_message arp_asks = {
	.sender_link = {2, 0, 0, 0, 0, 10}, .sender = {10, 0, 0, 1}, .target = {10, 0, 0, 2}};
static const struct arp_message arp_answers = {.reply = true,
	.sender_link = {2, 0, 0, 0, 0, 10},
	.target_link = {2, 0, 0, 0, 0, 11},
	.sender = {10, 0, 0, 1},
	.target = {10, 0, 0, 2}};

static void test_arp_write(void **state _unused_)
{
	uint8_t frame[ARP_FRAME_MOST];

	assert_int_equal(arp_write(frame, &arp_asks, NULL, 0), sizeof(arp_question));
	assert_memory_equal(frame, arp_question, sizeof(arp_question));
	assert_int_equal(arp_write(frame, &arp_answers, peer, 100), sizeof(arp_answer_tagged));
	assert_memory_equal(frame, arp_answer_tagged, sizeof(arp_answer_tagged));
}

static void test_arp_parse(void **state _unused_)
{
	struct arp_message message;

	memset(&message, 0xff, sizeof(message));
	assert_true(arp_parse(arp_question + 14, sizeof(arp_question) - 14, &message));
	assert_memory_equal(&message, &arp_asks, sizeof(message));
	assert_true(arp_parse(arp_answer_tagged + 18, sizeof(arp_answer_tagged) - 18, &message));
	assert_memory_equal(&message, &arp_answers, sizeof(message));
}

/* One byte that is another, and what becomes of it. */
struct change {
	unsigned int offset;
	uint8_t value;
	bool good;
};

static const struct change arp_changes[] = {
	{1, 6, false},    /* not Ethernet */
	{2, 9, false},    /* not IPv4 */
	{4, 8, false},    /* long link addresses */
	{5, 16, false},   /* long addresses */
	{7, 0, false},    /* no operation */
	{7, 3, false},    /* RARP */
	{6, 1, false},    /* 257 */
	{8, 3, false},    /* from a group */
	{14, 127, false}, /* loopback */
	{14, 224, false}, /* a group */
	{14, 255, false}, /* all */
	{14, 0, false},   /* 0.0.0.1 */
	{14, 223, true},  /* the last */
	{18, 0xff, true}, /* the target's, of a question, is nothing */
	{24, 0xff, true}, /* any target */
};

static void test_arp_discards(void **state _unused_)
{
	struct arp_message message, untouched;
	uint8_t bytes[ARP_SIZE];

	memset(&untouched, 0x5a, sizeof(untouched));
	for (size_t i = 0; i < ARRAY_LENGTH(arp_changes); i++) {
		memcpy(bytes, arp_question + 14, sizeof(bytes));
		bytes[arp_changes[i].offset] = arp_changes[i].value;
		memset(&message, 0x5a, sizeof(message));
		assert_int_equal(arp_parse(bytes, sizeof(bytes), &message), arp_changes[i].good);
		if (!arp_changes[i].good)
			assert_memory_equal(&message, &untouched, sizeof(message));
	}
	for (size_t length = 0; length < ARP_SIZE; length++)
		assert_false(arp_parse(arp_question + 14, length, &message));
	memcpy(bytes, arp_question + 14, sizeof(bytes));
	memset(bytes + 8, 0, 6);
	assert_false(arp_parse(bytes, sizeof(bytes), &message));
	memcpy(bytes, arp_question + 14, sizeof(bytes));
	memset(bytes + 14, 0, 4);
	assert_true(arp_parse(bytes, sizeof(bytes), &message));
}

/* --- neighbour discovery --- */

#define ADDRESS(last)                                                                              \
	{                                                                                          \
		0x20, 0x01, 0x0d, 0xb8, [15] = (last)                                              \
	}
#define GROUP(last)                                                                                \
	{                                                                                          \
		0xff, 0x02, [11] = 1, [12] = 0xff, [15] = (last)                                   \
	}
#define ME                                                                                         \
	{                                                                                          \
		2, 0, 0, 0, 0, 10                                                                  \
	}

static const struct writing {
	struct discovery_message message;
	const uint8_t *to, *frame;
	size_t size;
	uint16_t vlan;
} writings[] = {
	{{.has_link = true,
		 .link = ME,
		 .source = ADDRESS(1),
		 .destination = GROUP(2),
		 .target = ADDRESS(2)},
		NULL, question, sizeof(question), 0},
	{{.has_link = true,
		 .link = ME,
		 .source = ADDRESS(1),
		 .destination = ADDRESS(2),
		 .target = ADDRESS(2)},
		peer, question_at_link_tagged, sizeof(question_at_link_tagged), 100},
	{{.advertisement = true,
		 .router = true,
		 .solicited = true,
		 .override = true,
		 .has_link = true,
		 .link = ME,
		 .source = ADDRESS(1),
		 .destination = ADDRESS(2),
		 .target = ADDRESS(1)},
		peer, answer, sizeof(answer), 0},
	{{.destination = GROUP(1), .target = ADDRESS(1)}, NULL, probe, sizeof(probe), 0},
};

static void test_discovery_write_and_parse(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_LENGTH(writings); i++) {
		const struct writing *writing = &writings[i];
		unsigned int header = link_header_size(writing->vlan);
		uint8_t frame[DISCOVERY_FRAME_MOST];
		struct discovery_message message;

		assert_int_equal(
			discovery_write(frame, &writing->message, me, writing->to, writing->vlan),
			writing->size);
		assert_memory_equal(frame, writing->frame, writing->size);
		memset(&message, 0xff, sizeof(message));
		assert_true(
			discovery_parse(writing->frame + header, writing->size - header, &message));
		assert_memory_equal(&message, &writing->message, sizeof(message));
	}
}

/* The one that it looks for comes behind another. */
static void test_discovery_options(void **state _unused_)
{
	struct discovery_message message;

	assert_true(discovery_parse(options + 14, sizeof(options) - 14, &message));
	assert_true(message.has_link);
	assert_memory_equal(message.link, me, 6);
	assert_false(message.solicited);
	assert_true(message.override);
}

static void mend(uint8_t *packet)
{
	uint16_t sum, length = link_get_16(packet + 4);

	memset(packet + 42, 0, 2);
	sum = checksum_of_transport(AF_INET6, packet + 8, packet + 24, 58, packet + 40, length);
	memcpy(packet + 42, &sum, 2);
}

static bool reads(const uint8_t *packet, size_t length, struct discovery_message *message)
{
	/* Of its exact size: the sanitizer sees what lies behind. */
	uint8_t *copy = memcpy(malloc(length + 1), packet, length);
	uint8_t *exact = realloc(copy, length ? length : 1);
	bool good = discovery_parse(exact, length, message);

	free(exact);
	return good;
}

static const struct discovery_case {
	const uint8_t *frame;
	size_t size;
	struct change change;
} discovery_cases[] = {
	{answer, sizeof(answer), {0, 0x40, false}},      /* not IPv6 */
	{answer, sizeof(answer), {6, 0, false}},         /* an extension header */
	{answer, sizeof(answer), {7, 254, false}},       /* through a router */
	{answer, sizeof(answer), {40, 137, false}},      /* a redirect */
	{answer, sizeof(answer), {40, 128, false}},      /* an echo */
	{answer, sizeof(answer), {41, 1, false}},        /* a code */
	{answer, sizeof(answer), {24, 0xff, false}},     /* solicited, and to a group */
	{answer, sizeof(answer), {8, 0xff, false}},      /* from a group */
	{answer, sizeof(answer), {48, 0xff, false}},     /* of a group */
	{answer, sizeof(answer), {65, 0, false}},        /* an option of no length */
	{answer, sizeof(answer), {65, 2, false}},        /* one that is too long */
	{answer, sizeof(answer), {64, 1, true}},         /* the source's: not looked at */
	{answer, sizeof(answer), {66, 3, true}},         /* at a group: not believed */
	{question, sizeof(question), {48, 0xff, false}}, /* for a group */
	{question, sizeof(question), {65, 0, false}},    /* an option of no length */
	{question, sizeof(question), {24, 0xfe, true}},  /* to anybody */
	{probe, sizeof(probe), {36, 1, false}},          /* a probe to another group */
	{probe, sizeof(probe), {8, 0x20, true}},         /* no probe then */
};

static void test_discovery_discards(void **state _unused_)
{
	struct discovery_message message, untouched;
	uint8_t packet[DISCOVERY_FRAME_MOST];

	memset(&untouched, 0x5a, sizeof(untouched));
	for (size_t i = 0; i < ARRAY_LENGTH(discovery_cases); i++) {
		const struct discovery_case *it = &discovery_cases[i];
		size_t size = it->size - 14;

		memcpy(packet, it->frame + 14, size);
		packet[it->change.offset] = it->change.value;
		mend(packet);
		memset(&message, 0x5a, sizeof(message));
		if (reads(packet, size, &message) != it->change.good)
			fail_msg("case %zu: byte %u", i, it->change.offset);
		if (!it->change.good)
			assert_memory_equal(&message, &untouched, sizeof(message));
		else if (it->frame == answer)
			assert_false(message.has_link);
	}
}

/* A probe says nothing of where it comes from. */
static void test_discovery_probe_with_link(void **state _unused_)
{
	struct discovery_message message;
	uint8_t packet[sizeof(question) - 14];

	memcpy(packet, question + 14, sizeof(packet));
	memset(packet + 8, 0, 16);
	mend(packet);
	assert_false(reads(packet, sizeof(packet), &message));
}

static void test_discovery_checksum(void **state _unused_)
{
	struct discovery_message message;
	uint8_t packet[sizeof(answer) - 14];

	for (size_t i = 8; i < sizeof(packet); i++) {
		memcpy(packet, answer + 14, sizeof(packet));
		packet[i] ^= 0x10;
		assert_false(reads(packet, sizeof(packet), &message));
	}
}

/* Cut off anywhere it is nothing; padding behind it is no part of it. */
static void test_discovery_lengths(void **state _unused_)
{
	struct discovery_message message;
	uint8_t padded[sizeof(answer) - 14 + 20] = {};

	for (size_t length = 0; length < sizeof(answer) - 14; length++)
		assert_false(reads(answer + 14, length, &message));
	memcpy(padded, answer + 14, sizeof(answer) - 14);
	assert_true(reads(padded, sizeof(padded), &message));
	padded[5] = 16; /* shorter than a message */
	mend(padded);
	assert_false(reads(padded, sizeof(padded), &message));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arp_write),
		cmocka_unit_test(test_arp_parse),
		cmocka_unit_test(test_arp_discards),
		cmocka_unit_test(test_discovery_write_and_parse),
		cmocka_unit_test(test_discovery_options),
		cmocka_unit_test(test_discovery_discards),
		cmocka_unit_test(test_discovery_probe_with_link),
		cmocka_unit_test(test_discovery_checksum),
		cmocka_unit_test(test_discovery_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
