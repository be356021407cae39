// SPDX-License-Identifier: GPL-2.0-or-later
/* Neighbours by the hundred: packets that wait, entries that make room for others, pins, time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "backends/dpdk/dataplane/neighbour_cache.h"
#include "base/macros.h"

#define SECOND  (1000 * NEIGHBOUR_MILLISECOND)
#define NOW     (1000 * SECOND)
#define FIRST   (2 * NEXT_HOP_PORTS)
#define ENTRIES 64u
/* One of sixteen is kept free. */
#define USABLE  (ENTRIES - ENTRIES / 16)
#define PACKETS 4096

enum fate {
	FATE_NONE,
	FATE_SENT,
	FATE_DROPPED, /* + enum neighbour_cache_drop */
};

static struct world {
	struct next_hop_table hops;
	struct neighbour_cache cache;
	uint64_t now;
	unsigned int asked_group, asked_link;
	struct address asked; /* last */
	uint8_t asked_port;
	uint64_t graces, over; /* graces up to `over` have ended */
	uint8_t fates[PACKETS];
	uint32_t hop_of[PACKETS];
	uintptr_t order[PACKETS]; /* as they were sent */
	size_t sent, dropped;
} w;

static void settle(void *packet, unsigned int fate)
{
	assert_in_range((uintptr_t)packet, 1, PACKETS - 1);
	assert_int_equal(w.fates[(uintptr_t)packet], FATE_NONE);
	w.fates[(uintptr_t)packet] = (uint8_t)fate;
}

static void on_ask(
	void *data _unused_, uint8_t port, const struct address *address, const uint8_t *link)
{
	w.asked = *address;
	w.asked_port = port;
	if (link)
		w.asked_link++;
	else
		w.asked_group++;
}

static void on_send(void *data _unused_, uint32_t next_hop, void *packet)
{
	settle(packet, FATE_SENT);
	w.hop_of[(uintptr_t)packet] = next_hop;
	w.order[w.sent++] = (uintptr_t)packet;
}

static void on_drop(
	void *data _unused_, uint8_t port _unused_, void *packet, enum neighbour_cache_drop why)
{
	settle(packet, FATE_DROPPED + why);
	w.dropped++;
}

static uint64_t on_begin_grace(void *data _unused_)
{
	return ++w.graces;
}

static bool on_grace_is_over(void *data _unused_, uint64_t grace)
{
	return grace <= w.over;
}

static const struct neighbour_cache_ops ops = {
	.ask = on_ask,
	.send = on_send,
	.drop = on_drop,
	.begin_grace = on_begin_grace,
	.grace_is_over = on_grace_is_over,
};

static int begin(void **state _unused_)
{
	memset(&w, 0, sizeof(w));
	w.now = NOW;
	assert_int_equal(next_hop_table_init(&w.hops, FIRST + ENTRIES), 0);
	neighbour_cache_init(&w.cache, &w.hops, &ops, NULL);
	return 0;
}

static int end(void **state _unused_)
{
	neighbour_cache_clear(&w.cache);
	next_hop_table_clear(&w.hops);
	return 0;
}

static struct address name(unsigned int n)
{
	return (struct address){AF_INET, {10, 0, (uint8_t)(n >> 8), (uint8_t)n}};
}

static void send_to(unsigned int n, uintptr_t packet)
{
	struct address address = name(n);

	neighbour_cache_send(&w.cache, 1, &address, (void *)packet, w.now);
}

static void hear(unsigned int n, enum neighbour_event_type type, uint8_t link, bool make)
{
	struct address address = name(n);
	const uint8_t bytes[6] = {2, 0, 0, 0, 0, link};
	const struct neighbour_event event = {type, bytes, true};

	neighbour_cache_hear(&w.cache, 1, &address, &event, make, w.now);
}

static uint32_t find(unsigned int n)
{
	struct address address = name(n);

	return next_hop_find(&w.hops, 1, AF_INET, address.bytes);
}

static enum next_hop_state word_state(unsigned int n)
{
	return find(n) == NEXT_HOP_NONE ? NEXT_HOP_STATE_FREE
					: next_hop_word_state(next_hop_load(&w.hops, find(n)));
}

/* On to the time that it asked for, or to `until`. */
static void pass(uint64_t until)
{
	uint64_t next;

	while ((next = neighbour_cache_turn(&w.cache, w.now)) < until) {
		assert_true(next > w.now);
		w.now = next;
	}
	w.now = until;
}

static void test_hold_and_release(void **state _unused_)
{
	send_to(5, 1);
	send_to(5, 2);
	send_to(6, 3);
	assert_int_equal(w.asked_group, 2);
	assert_int_equal(w.asked_port, 1);
	assert_true(address_equal(&w.asked, &(struct address){AF_INET, {10, 0, 0, 6}}));
	assert_int_equal(word_state(5), NEXT_HOP_STATE_UNKNOWN);
	assert_int_equal(w.sent, 0);
	hear(5, NEIGHBOUR_EVENT_ANSWER, 9, false);
	assert_int_equal(w.sent, 2);
	assert_int_equal(w.order[0], 1);
	assert_int_equal(w.order[1], 2);
	assert_int_equal(w.hop_of[1], find(5));
	assert_int_equal(word_state(5), NEXT_HOP_STATE_KNOWN);
	assert_int_equal(next_hop_load(&w.hops, find(5)),
		next_hop_word(NEXT_HOP_STATE_KNOWN, 1, (const uint8_t[]){2, 0, 0, 0, 0, 9}));
	send_to(5, 4);
	assert_int_equal(w.fates[4], FATE_SENT);
	assert_int_equal(w.fates[3], FATE_NONE);
}

static void test_unreachable(void **state _unused_)
{
	send_to(5, 1);
	pass(NOW + 3 * SECOND + 1);
	assert_int_equal(w.asked_group, 3);
	assert_int_equal(w.fates[1], FATE_DROPPED + NEIGHBOUR_CACHE_DROP_UNREACHABLE);
	send_to(5, 2);
	assert_int_equal(w.fates[2], FATE_DROPPED + NEIGHBOUR_CACHE_DROP_UNREACHABLE);
	assert_int_equal(w.asked_group, 3);
	pass(NOW + 5 * SECOND);
	send_to(5, 3);
	assert_int_equal(w.fates[3], FATE_NONE);
	assert_int_equal(w.asked_group, 4);
	assert_int_equal(neighbour_cache_counts(&w.cache).failed, 1);
}

static void test_queue_of_one(void **state _unused_)
{
	for (uintptr_t i = 1; i <= NEIGHBOUR_CACHE_HELD_EACH + 3; i++)
		send_to(5, i);
	for (uintptr_t i = 1; i <= 3; i++)
		assert_int_equal(w.fates[i], FATE_DROPPED + NEIGHBOUR_CACHE_DROP_OVERFLOW);
	hear(5, NEIGHBOUR_EVENT_ANSWER, 9, false);
	assert_int_equal(w.sent, NEIGHBOUR_CACHE_HELD_EACH);
	assert_int_equal(w.order[0], 4);
}

/* More than may wait altogether: with 60 neighbours of 16 there is room, so one has to be made larger. */
static void test_queue_of_all(void **state _unused_)
{
	struct neighbour_cache cache;
	struct next_hop_table hops;
	uintptr_t packet = 1;

	assert_int_equal(next_hop_table_init(&hops, FIRST + 4 * ENTRIES), 0);
	neighbour_cache_init(&cache, &hops, &ops, NULL);
	for (unsigned int n = 0; n < NEIGHBOUR_CACHE_HELD_MOST / NEIGHBOUR_CACHE_HELD_EACH; n++) {
		for (unsigned int i = 0; i < NEIGHBOUR_CACHE_HELD_EACH; i++) {
			struct address address = name(n);

			neighbour_cache_send(&cache, 1, &address, (void *)packet++, w.now);
		}
	}
	assert_int_equal(w.dropped, 0);
	struct address another = name(1000);
	neighbour_cache_send(&cache, 1, &another, (void *)packet, w.now);
	assert_int_equal(w.fates[packet], FATE_DROPPED + NEIGHBOUR_CACHE_DROP_OVERFLOW);
	neighbour_cache_clear(&cache);
	assert_int_equal(w.dropped, packet);
	next_hop_table_clear(&hops);
}

static void test_hear(void **state _unused_)
{
	hear(5, NEIGHBOUR_EVENT_ANNOUNCE, 9, false);
	assert_int_equal(find(5), NEXT_HOP_NONE);
	hear(5, NEIGHBOUR_EVENT_ANNOUNCE, 9, true);
	assert_int_equal(word_state(5), NEXT_HOP_STATE_KNOWN);
	send_to(5, 1);
	assert_int_equal(w.fates[1], FATE_SENT);
	assert_int_equal(w.asked_link, 1);
	assert_int_equal(w.asked_group, 0);
}

/* Who was used is asked when he is stale, and not before; who was not is left alone. */
static void test_use(void **state _unused_)
{
	hear(5, NEIGHBOUR_EVENT_ANNOUNCE, 9, true);
	hear(6, NEIGHBOUR_EVENT_ANNOUNCE, 9, true);
	pass(w.now + 10 * SECOND);
	assert_int_equal(w.asked_link, 0);
	next_hop_use(&w.hops, find(5));
	pass(w.now + 2 * SECOND);
	assert_true(w.asked_link);
	assert_true(address_equal(&w.asked, &(struct address){AF_INET, {10, 0, 0, 5}}));
	hear(5, NEIGHBOUR_EVENT_ANSWER, 9, false);
	w.asked_link = 0;
	next_hop_use(&w.hops, find(5));
	pass(w.now + 14 * SECOND);
	assert_int_equal(w.asked_link, 0);
	for (unsigned int i = 0; i < 40; i++) {
		next_hop_use(&w.hops, find(5));
		pass(w.now + SECOND);
	}
	assert_true(w.asked_link);
	assert_int_equal(word_state(6), NEXT_HOP_STATE_KNOWN);
	assert_int_equal(word_state(5), NEXT_HOP_STATE_UNKNOWN);
}

/* --- room --- */

/* Unresolved ones go before resolved ones, each kind from the one that was used longest ago. */
static void test_eviction_order(void **state _unused_)
{
	uint32_t version = next_hop_version(&w.hops);

	for (unsigned int n = 0; n < USABLE; n++) {
		if (n < 30)
			hear(n, NEIGHBOUR_EVENT_ANNOUNCE, 9, true);
		else
			send_to(n, n + 1);
	}
	assert_int_equal(neighbour_cache_counts(&w.cache).evicted, 0);
	hear(100, NEIGHBOUR_EVENT_ANNOUNCE, 9, true);
	assert_int_equal(find(30), NEXT_HOP_NONE);
	assert_int_equal(w.fates[31], FATE_DROPPED + NEIGHBOUR_CACHE_DROP_EVICTED);
	assert_true(find(0) != NEXT_HOP_NONE);
	assert_true(next_hop_version(&w.hops) != version);
	next_hop_use(&w.hops, find(0));
	w.over = w.graces;
	neighbour_cache_turn(&w.cache, w.now);
	for (unsigned int n = 101; n < 130; n++, w.over = w.graces)
		hear(n, NEIGHBOUR_EVENT_ANNOUNCE, 9, true);
	assert_int_equal(find(USABLE - 1), NEXT_HOP_NONE);
	assert_true(find(1) != NEXT_HOP_NONE);
	hear(130, NEIGHBOUR_EVENT_ANNOUNCE, 9, true);
	assert_int_equal(find(1), NEXT_HOP_NONE);
	assert_true(find(0) != NEXT_HOP_NONE);
}

/* An entry that was taken out is not given again before its grace period is over. */
static void test_grace(void **state _unused_)
{
	uint32_t evicted[ENTRIES / 16];

	for (unsigned int n = 0; n < USABLE; n++)
		hear(n, NEIGHBOUR_EVENT_ANNOUNCE, 9, true);
	for (unsigned int n = 0; n < ENTRIES / 16; n++) {
		evicted[n] = find(n);
		hear(100 + n, NEIGHBOUR_EVENT_ANNOUNCE, 9, true);
		assert_true(find(100 + n) != NEXT_HOP_NONE);
		assert_int_equal(next_hop_word_state(next_hop_load(&w.hops, evicted[n])),
			NEXT_HOP_STATE_KNOWN);
	}
	send_to(200, 1);
	assert_int_equal(w.fates[1], FATE_DROPPED + NEIGHBOUR_CACHE_DROP_FULL);
	w.over = 1;
	send_to(200, 2);
	assert_int_equal(find(200), evicted[0]);
	send_to(201, 3);
	assert_int_equal(w.fates[3], FATE_DROPPED + NEIGHBOUR_CACHE_DROP_FULL);
}

static void test_pins(void **state _unused_)
{
	struct address pinned = name(0);
	uint32_t index = neighbour_cache_pin(&w.cache, 1, &pinned);

	assert_int_equal(index, find(0));
	assert_int_equal(neighbour_cache_pin(&w.cache, 1, &pinned), index);
	neighbour_cache_unpin(&w.cache, index);
	for (unsigned int n = 1; n < 1000; n++, w.over = w.graces)
		send_to(n, n);
	assert_int_equal(find(0), index);
	neighbour_cache_unpin(&w.cache, index);
	for (unsigned int n = 1; n < 1000; n++, w.over = w.graces)
		send_to(n, 1000 + n);
	assert_int_equal(find(0), NEXT_HOP_NONE);
}

static void test_pins_of_all(void **state _unused_)
{
	struct address one_more = name(1000);
	uint32_t first = NEXT_HOP_NONE;

	for (unsigned int n = 0; n < ENTRIES; n++) {
		struct address address = name(n);
		uint32_t index = neighbour_cache_pin(&w.cache, 1, &address);

		assert_true(index != NEXT_HOP_NONE);
		if (!n)
			first = index;
	}
	assert_int_equal(neighbour_cache_pin(&w.cache, 1, &one_more), NEXT_HOP_NONE);
	send_to(1000, 1);
	assert_int_equal(w.fates[1], FATE_DROPPED + NEIGHBOUR_CACHE_DROP_FULL);
	neighbour_cache_unpin(&w.cache, first);
	send_to(1000, 2);
	w.over = w.graces;
	send_to(1000, 3);
	assert_int_equal(find(1000), first);
}

/* --- anything at all --- */

/* Every packet is sent or dropped once, what can be found has the address that was looked for, and
 * nobody waits who is known. */
static void test_random(void **state _unused_)
{
	const char *given = getenv("SEED");
	unsigned int seed = given ? (unsigned int)strtoul(given, NULL, 0) : 1;
	uint32_t pins[100];
	size_t pinned = 0;
	uintptr_t packet = 1;

	print_message("SEED=%u\n", seed);
	srandom(seed);
	for (unsigned int round = 0; round < 60000 && packet < PACKETS; round++) {
		unsigned int n = (unsigned int)random() % 100;
		struct address address = name(n);

		switch (random() % 8) {
		case 0:
			send_to(n, packet++);
			break;
		case 1:
		case 2:
			hear(n, NEIGHBOUR_EVENT_ANSWER, (uint8_t)(random() % 2), false);
			break;
		case 3:
			hear(n, NEIGHBOUR_EVENT_ANNOUNCE, (uint8_t)(random() % 2), random() % 2);
			break;
		case 4:
			if (find(n) != NEXT_HOP_NONE)
				next_hop_use(&w.hops, find(n));
			break;
		case 5:
			pass(w.now + (uint64_t)(random() % 3000) * NEIGHBOUR_MILLISECOND);
			break;
		case 6:
			w.over = w.graces - MIN(w.graces, (uint64_t)random() % 4);
			break;
		default:
			if (pinned && random() % 2)
				neighbour_cache_unpin(&w.cache, pins[--pinned]);
			else if (pinned < 30 && (pins[pinned] = neighbour_cache_pin(
							 &w.cache, 1, &address)) != NEXT_HOP_NONE)
				pinned++;
		}
	}
	while (pinned)
		neighbour_cache_unpin(&w.cache, pins[--pinned]);
	w.over = w.graces;
	pass(w.now + 10 * SECOND);
	assert_int_equal(w.sent + w.dropped, packet - 1);
	assert_true(w.sent > packet / 10);
	assert_true(w.dropped > packet / 10);
}

static void test_names(void **state _unused_)
{
	for (unsigned int i = 0; i < NEIGHBOUR_CACHE_DROP_COUNT; i++)
		assert_string_not_equal(neighbour_cache_drop_name(i), "unknown");
	assert_string_equal(neighbour_cache_drop_name(NEIGHBOUR_CACHE_DROP_COUNT), "unknown");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hold_and_release),
		TEST(test_unreachable),
		TEST(test_queue_of_one),
		TEST(test_queue_of_all),
		TEST(test_hear),
		TEST(test_use),
		TEST(test_eviction_order),
		TEST(test_grace),
		TEST(test_pins),
		TEST(test_pins_of_all),
		TEST(test_random),
		TEST(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
