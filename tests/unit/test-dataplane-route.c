// SPDX-License-Identifier: GPL-2.0-or-later
/* Routes, in DPDK's tables: what is found, what is refused, what goes on while they change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_eal.h>
#include <rte_malloc.h>
#include <cmocka.h>

#include "backends/dpdk/dataplane/route.h"
#include "base/macros.h"

#define FIRST (2 * NEXT_HOP_PORTS)

static struct world {
	struct next_hop_table hops;
	struct neighbour_cache neighbours;
	struct rte_rcu_qsbr *rcu;
	struct route_table table;
	struct route_plan list;
	struct error error;
	uint64_t graces;
} w;

static void on_ask(void *data _unused_, uint8_t port _unused_,
	const struct address *address _unused_, const uint8_t *link _unused_)
{
}

static void on_send(void *data _unused_, uint32_t next_hop _unused_, void *packet _unused_)
{
}

static void on_drop(void *data _unused_, uint8_t port _unused_, void *packet _unused_,
	enum neighbour_cache_drop why _unused_)
{
}

static uint64_t on_begin_grace(void *data _unused_)
{
	return ++w.graces;
}

static bool on_grace_is_over(void *data _unused_, uint64_t grace _unused_)
{
	return true;
}

static const struct neighbour_cache_ops ops = {
	.ask = on_ask,
	.send = on_send,
	.drop = on_drop,
	.begin_grace = on_begin_grace,
	.grace_is_over = on_grace_is_over,
};

static int begin_with(uint32_t entries)
{
	size_t size = rte_rcu_qsbr_get_memsize(1);

	memset(&w, 0, sizeof(w));
	w.rcu = rte_zmalloc(NULL, size, RTE_CACHE_LINE_SIZE);
	rte_rcu_qsbr_init(w.rcu, 1);
	assert_int_equal(next_hop_table_init(&w.hops, FIRST + entries), 0);
	neighbour_cache_init(&w.neighbours, &w.hops, &ops, NULL);
	route_table_init(&w.table, &w.neighbours, w.rcu);
	return 0;
}

static int begin(void **state _unused_)
{
	return begin_with(1000);
}

static uint32_t pinned(void)
{
	return w.neighbours.lists[NEIGHBOUR_CACHE_LIST_PINNED].count;
}

static int end(void **state _unused_)
{
	route_table_clear(&w.table);
	assert_int_equal(pinned(), 0);
	route_clear_list(&w.list);
	error_clear(&w.error);
	neighbour_cache_clear(&w.neighbours);
	next_hop_table_clear(&w.hops);
	rte_free(w.rcu);
	return 0;
}

static struct address literal(const char *text)
{
	struct address address = {};

	assert_int_equal(address_parse(text, &address), 0);
	return address;
}

/* "10.0.0.0/8" */
static unsigned int split(const char *text, struct address *prefix)
{
	char copy[64], *slash;

	snprintf(copy, sizeof(copy), "%s", text);
	slash = strchr(copy, '/');
	assert_non_null(slash);
	*slash = '\0';
	*prefix = literal(copy);
	return (unsigned int)strtoul(slash + 1, NULL, 10);
}

static void add_address(uint8_t port, const char *text)
{
	struct address address;
	unsigned int length = split(text, &address);

	vector_push(&w.list.addresses, ((struct route_address){address, (uint8_t)length, port}));
}

static void add_route(const char *to, const char *via, uint8_t port)
{
	struct route route = {.port = port};

	route.length = (uint8_t)split(to, &route.prefix);
	if (via)
		route.via = literal(via);
	vector_push(&w.list.routes, route);
}

static void set(void)
{
	int r = route_table_set(&w.table, &w.list, &w.error);

	if (r < 0)
		fail_msg("%s", error_text(&w.error, r));
}

static uint32_t find(const char *text)
{
	struct address address = literal(text);

	return route_find(&w.table, (uint8_t)address.family, address.bytes);
}

static uint32_t neighbour(uint8_t port, const char *text)
{
	struct address address = literal(text);

	return next_hop_find(&w.hops, port, (uint8_t)address.family, address.bytes);
}

static void add_world(void)
{
	add_address(0, "192.0.2.1/24");
	add_address(0, "2001:db8::1/64");
	add_address(1, "10.0.0.1/8");
	add_address(1, "2001:db8:1::1/48");
	add_address(1, "198.51.100.1/32");
	add_route("0.0.0.0/0", "192.0.2.254", 0);
	add_route("::/0", "fe80::1", 0);
	add_route("172.16.0.0/12", "10.0.0.2", 1);
	add_route("172.16.5.0/24", "10.0.0.3", 1);
	add_route("172.16.5.128/25", NULL, 0);
	add_route("2001:db8:1:1::/64", "2001:db8::2", 0);
	add_route("2001:db8:ff::7/128", "2001:db8:1::2", 1);
	set();
}

static void test_empty(void **state _unused_)
{
	assert_int_equal(find("192.0.2.1"), NEXT_HOP_NONE);
	assert_int_equal(find("2001:db8::1"), NEXT_HOP_NONE);
	set();
	assert_int_equal(find("192.0.2.1"), NEXT_HOP_NONE);
}

static void test_longest_prefix(void **state _unused_)
{
	static const struct {
		const char *address, *via;
		uint8_t port;
	} cases[] = {
		{"203.0.113.9", "192.0.2.254", 0},
		{"1.2.3.4", "192.0.2.254", 0},
		{"223.255.255.255", "192.0.2.254", 0},
		{"192.0.3.0", "192.0.2.254", 0},
		{"172.16.0.1", "10.0.0.2", 1},
		{"172.31.255.255", "10.0.0.2", 1},
		{"172.32.0.0", "192.0.2.254", 0},
		{"172.16.5.127", "10.0.0.3", 1},
		{"172.16.6.0", "10.0.0.2", 1},
		{"2001:db8:2::1", "fe80::1", 0},
		{"2001:db8:1:1::5", "2001:db8::2", 0},
		{"2001:db8:ff::7", "2001:db8:1::2", 1},
		{"2001:db8:ff::6", "fe80::1", 0},
	};

	add_world();
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		uint32_t hop = neighbour(cases[i].port, cases[i].via);

		assert_true(hop != NEXT_HOP_NONE);
		if (find(cases[i].address) != hop)
			fail_msg("%s goes not by %s", cases[i].address, cases[i].via);
	}
}

static void test_links_and_hosts(void **state _unused_)
{
	static const struct {
		const char *address;
		uint32_t hop;
	} cases[] = {
		{"192.0.2.1", 0},
		{"2001:db8::1", 0},
		{"10.0.0.1", 1},
		{"198.51.100.1", 1},
		{"192.0.2.2", NEXT_HOP_PORTS},
		{"10.255.255.254", NEXT_HOP_PORTS + 1},
		{"172.16.5.128", NEXT_HOP_PORTS},
		{"2001:db8::2:1", NEXT_HOP_PORTS},
		{"2001:db8:1:2::9", NEXT_HOP_PORTS + 1},
		{"192.0.2.0", NEXT_HOP_NONE},
		{"192.0.2.255", NEXT_HOP_NONE},
		{"10.0.0.0", NEXT_HOP_NONE},
		{"10.255.255.255", NEXT_HOP_NONE},
		{"127.0.0.1", NEXT_HOP_NONE},
		{"0.1.2.3", NEXT_HOP_NONE},
		{"224.0.0.18", NEXT_HOP_NONE},
		{"255.255.255.255", NEXT_HOP_NONE},
		{"::1", NEXT_HOP_NONE},
		{"::", NEXT_HOP_NONE},
		{"fe80::1", NEXT_HOP_NONE},
		{"ff02::12", NEXT_HOP_NONE},
	};

	add_world();
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		if (find(cases[i].address) != cases[i].hop)
			fail_msg("%s: %u", cases[i].address, find(cases[i].address));
	}
}

/* Who has an entry is found by it, on his own port only. */
static void test_on_link_entry(void **state _unused_)
{
	struct address client = literal("192.0.2.77");
	uint32_t wrong, index;

	add_world();
	wrong = neighbour_cache_pin(&w.neighbours, 1, &client);
	assert_int_equal(find("192.0.2.77"), next_hop_unknown(0));
	index = neighbour_cache_pin(&w.neighbours, 0, &client);
	assert_int_equal(find("192.0.2.77"), index);
	neighbour_cache_unpin(&w.neighbours, wrong);
	neighbour_cache_unpin(&w.neighbours, index);
}

static void test_change(void **state _unused_)
{
	uint32_t version;

	add_world();
	assert_int_equal(pinned(), 6);
	version = next_hop_version(&w.hops);
	route_clear_list(&w.list);
	add_address(0, "192.0.2.1/24");
	add_route("0.0.0.0/0", "192.0.2.253", 0);
	set();
	assert_true(next_hop_version(&w.hops) != version);
	assert_false(route_table_turn(&w.table));
	assert_int_equal(pinned(), 1);
	assert_int_equal(find("172.16.0.1"), neighbour(0, "192.0.2.253"));
	assert_int_equal(find("2001:db8::2"), NEXT_HOP_NONE);
	assert_int_equal(find("10.0.0.1"), neighbour(0, "192.0.2.253"));
}

static void test_source(void **state _unused_)
{
	static const struct {
		uint8_t port;
		const char *peer, *source;
	} cases[] = {
		{0, "192.0.2.77", "192.0.2.1"},
		{1, "10.3.4.5", "10.0.0.1"},
		{1, "203.0.113.5", "10.0.0.1"},
		{2, "203.0.113.5", "192.0.2.1"},
		{0, "fe80::1", "2001:db8::1"},
		{1, "2001:db8:1::9", "2001:db8:1::1"},
	};
	struct address own = literal("10.0.0.1"), found;

	assert_false(route_source(&w.table, 0, &own, &found));
	add_world();
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct address peer = literal(cases[i].peer), source = literal(cases[i].source);

		assert_true(route_source(&w.table, cases[i].port, &peer, &found));
		assert_true(address_equal(&found, &source));
	}
	assert_true(route_is_own(&w.table, 1, &own));
	assert_false(route_is_own(&w.table, 0, &own));
}

static void test_refused(void **state _unused_)
{
	static const struct {
		const char *address, *to, *via, *words;
		uint8_t port;
	} cases[] = {
		{"224.0.0.1/24", NULL, NULL, "cannot be the address of a port", 0},
		{"127.0.0.1/8", NULL, NULL, "cannot be the address of a port", 0},
		{"::/64", NULL, NULL, "cannot be the address of a port", 0},
		{"10.9.9.9/0", NULL, NULL, "want a length", 0},
		{"192.0.2.9/24", NULL, NULL, "192.0.2.0/24 is reached in two ways", 1},
		{"192.0.2.1/32", NULL, NULL, "192.0.2.1/32 is reached in two ways", 1},
		{NULL, "10.1.0.1/24", NULL, "bits are set behind its length", 0},
		{NULL, "203.0.113.0/24", "192.0.3.1", "is on no link", 0},
		{NULL, "203.0.113.0/24", "192.0.2.1", "is on no link", 0},
		{NULL, "203.0.113.0/24", "192.0.2.9", "is on no link", 1},
		{NULL, "203.0.113.0/24", "fe80::1", "of another family", 0},
		{NULL, "192.0.2.0/24", "192.0.2.9", "192.0.2.0/24 is reached in two ways", 0},
		{NULL, "0.0.0.0/0", "192.0.2.9", "0.0.0.0/0 is reached in two ways", 0},
	};

	add_world();
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		uint32_t version = next_hop_version(&w.hops);
		size_t addresses = w.list.addresses.count, routes = w.list.routes.count;

		if (cases[i].address)
			add_address(cases[i].port, cases[i].address);
		else
			add_route(cases[i].to, cases[i].via, cases[i].port);
		assert_int_equal(route_table_set(&w.table, &w.list, &w.error), -EINVAL);
		if (!strstr(w.error.text, cases[i].words))
			fail_msg("case %zu: %s", i, w.error.text);
		w.list.addresses.count = addresses;
		w.list.routes.count = routes;
		assert_int_equal(next_hop_version(&w.hops), version);
		assert_int_equal(find("172.16.0.1"), neighbour(1, "10.0.0.2"));
		assert_int_equal(pinned(), 6);
	}
	/* The same route twice is no contradiction. */
	add_route("0.0.0.0/0", "192.0.2.254", 0);
	set();
}

static void test_too_many(void **state _unused_)
{
	for (unsigned int i = 0; i <= ROUTE_ADDRESSES_MOST; i++)
		add_address(0, "192.0.2.1/24");
	assert_int_equal(route_table_set(&w.table, &w.list, &w.error), -EINVAL);
	assert_non_null(strstr(w.error.text, "at most"));
}

/* Gateways for which no entry is left. */
static void test_full(void **state _unused_)
{
	end(NULL);
	begin_with(2);
	add_address(0, "10.0.0.1/8");
	add_route("203.0.113.0/24", "10.0.0.2", 0);
	add_route("203.0.114.0/24", "10.0.0.3", 0);
	set();
	add_route("203.0.115.0/24", "10.0.0.4", 0);
	assert_int_equal(route_table_set(&w.table, &w.list, &w.error), -ENOSPC);
	assert_int_equal(find("203.0.113.1"), neighbour(0, "10.0.0.2"));
	assert_int_equal(pinned(), 2);
}

/* --- against a plain model --- */

static bool covers(const struct route *route, const struct address *address)
{
	for (unsigned int bit = 0; bit < route->length; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);

		if ((route->prefix.bytes[bit / 8] ^ address->bytes[bit / 8]) & mask)
			return false;
	}
	return route->prefix.family == address->family;
}

static uint32_t model_find(const struct address *address)
{
	const struct route *best = NULL;

	vector_foreach(&w.list.routes, route) {
		if (covers(route, address) && (!best || route->length > best->length))
			best = route;
	}
	return best ? next_hop_find(&w.hops, best->port, (uint8_t)best->via.family, best->via.bytes)
		    : NEXT_HOP_NONE;
}

/* In a few bits of difference, so that prefixes lie within prefixes. */
static struct address random_address(uint16_t family)
{
	struct address address = literal(family == AF_INET ? "100.0.0.0" : "2001:db8:9::");
	size_t size = address_size(family);

	for (unsigned int i = 0; i < 4; i++)
		address.bytes[2 + (size_t)random() % (size - 2)] |= (uint8_t)(1 << random() % 8);
	return address;
}

static void add_random_route(uint16_t family)
{
	static const char *const gateways[2][3] = {
		{"10.0.0.2", "10.0.0.3", "10.0.0.4"},
		{"2001:db8::2", "2001:db8::3", "2001:db8::4"},
	};
	struct address prefix = random_address(family);
	unsigned int length = (unsigned int)random() % (address_bits(family) + 1);
	char text[ADDRESS_LENGTH], to[80];

	for (unsigned int bit = length; bit < address_bits(family); bit++)
		prefix.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	for (size_t i = 0; i < w.list.routes.count; i++) {
		if (w.list.routes.items[i].length == length &&
			address_equal(&w.list.routes.items[i].prefix, &prefix))
			return;
	}
	snprintf(to, sizeof(to), "%s/%u", address_format(&prefix, text), length);
	add_route(to, gateways[family == AF_INET6][random() % 3], 0);
}

static void test_random(void **state _unused_)
{
	const char *given = getenv("SEED");
	unsigned int seed = given ? (unsigned int)strtoul(given, NULL, 0) : 1, found = 0;

	print_message("SEED=%u\n", seed);
	srandom(seed);
	for (unsigned int round = 0; round < 5; round++) {
		route_clear_list(&w.list);
		add_address(0, "10.0.0.1/8");
		add_address(0, "2001:db8::1/64");
		for (unsigned int i = 0; i < 300; i++)
			add_random_route(random() % 2 ? AF_INET : AF_INET6);
		set();
		for (unsigned int i = 0; i < 3000; i++) {
			struct address address = random_address(random() % 2 ? AF_INET : AF_INET6);
			uint32_t hop = route_find(&w.table, (uint8_t)address.family, address.bytes);

			assert_int_equal(hop, model_find(&address));
			found += hop != NEXT_HOP_NONE;
		}
	}
	assert_true(found > 5000);
}

/* --- slots --- */

static void test_slots(void **state _unused_)
{
	struct slot_table slots = {.slots = memory_new(4 * sizeof(struct slot)), .count = 4};

	add_world();
	for (unsigned int i = 0; i < 3; i++) {
		struct slot *slot = &slots.slots[i];

		*slot = (struct slot){
			.state = SLOT_STATE_LIVE, .family = AF_INET, .next_hop = NEXT_HOP_NONE};
		memcpy(slot->address, literal(i ? "10.0.0.2" : "172.16.5.1").bytes, 16);
	}
	slots.slots[1].method = FORWARD_METHOD_TUNNEL;
	memcpy(slots.slots[2].address, literal("127.0.0.1").bytes, 16);
	slots.slots[3].next_hop = NEXT_HOP_NONE;
	route_attach(&w.table, &slots, 0);
	route_attach_all(&w.table, &slots);
	assert_int_equal(slots.slots[0].next_hop, neighbour(1, "10.0.0.3"));
	assert_int_equal(slots.slots[1].next_hop, neighbour(1, "10.0.0.2"));
	assert_int_equal(slots.slots[2].next_hop, NEXT_HOP_NONE);
	assert_int_equal(slots.slots[3].next_hop, NEXT_HOP_NONE);
	route_clear_list(&w.list);
	add_address(0, "10.0.0.1/8");
	add_route("172.0.0.0/8", "10.0.0.9", 0);
	set();
	route_attach_all(&w.table, &slots);
	assert_int_equal(slots.slots[0].next_hop, neighbour(0, "10.0.0.9"));
	assert_int_equal(slots.slots[1].next_hop, neighbour(0, "10.0.0.2"));
	assert_memory_equal(slots.slots[1].local, literal("10.0.0.1").bytes, 16);
	assert_memory_equal(slots.slots[0].local, literal("0.0.0.0").bytes, 16);
	route_table_turn(&w.table);
	assert_int_equal(pinned(), 2);
	for (unsigned int i = 0; i < 4; i++)
		route_detach(&w.table, &slots, i);
	assert_int_equal(pinned(), 1);
	free(slots.slots);
}

/* --- changes while a worker looks --- */

struct looking {
	_Atomic bool stop;
	uint64_t looks, wrong;
};

static void *look_on(void *data)
{
	struct looking *looking = data;
	const struct address one = literal("172.16.0.1"), two = literal("2001:db8:1:1::5");

	rte_rcu_qsbr_thread_online(w.rcu, 0);
	while (!atomic_load(&looking->stop)) {
		uint32_t a = route_find(&w.table, AF_INET, one.bytes);
		uint32_t b = route_find(&w.table, AF_INET6, two.bytes);

		looking->looks++;
		looking->wrong += a < FIRST || a >= w.hops.count || w.hops.keys[a].port > 1;
		looking->wrong += b < FIRST || b >= w.hops.count || w.hops.keys[b].port > 1;
		rte_rcu_qsbr_quiescent(w.rcu, 0);
	}
	rte_rcu_qsbr_thread_offline(w.rcu, 0);
	return NULL;
}

/* Who changes them twice while a worker stands still is not kept waiting for it. */
static void test_nobody_waits(void **state _unused_)
{
	_cleanup_error_ struct error error = {};

	add_world();
	rte_rcu_qsbr_thread_register(w.rcu, 0);
	rte_rcu_qsbr_thread_online(w.rcu, 0);
	set();
	assert_int_equal(route_table_set(&w.table, &w.list, &error), -EBUSY);
	assert_non_null(strstr(error.text, "worker"));
	assert_true(route_table_turn(&w.table));
	rte_rcu_qsbr_quiescent(w.rcu, 0);
	set();
	rte_rcu_qsbr_thread_offline(w.rcu, 0);
	rte_rcu_qsbr_thread_unregister(w.rcu, 0);
}

static void test_change_under_eyes(void **state _unused_)
{
	struct looking looking = {};
	pthread_t thread;

	add_world();
	rte_rcu_qsbr_thread_register(w.rcu, 0);
	assert_int_equal(pthread_create(&thread, NULL, look_on, &looking), 0);
	for (unsigned int i = 0; i < 6; i++) {
		char gateway[32];

		route_clear_list(&w.list);
		snprintf(gateway, sizeof(gateway), "10.0.1.%u", i);
		add_address(0, "10.0.0.1/8");
		add_address(0, "2001:db8::1/64");
		add_route("172.16.0.0/12", gateway, 0);
		add_route("2001:db8:1::/48", i % 2 ? "2001:db8::2" : "2001:db8::3", 0);
		while (route_table_turn(&w.table))
			sched_yield();
		set();
	}
	atomic_store(&looking.stop, true);
	pthread_join(thread, NULL);
	rte_rcu_qsbr_thread_unregister(w.rcu, 0);
	assert_true(looking.looks > 100);
	assert_int_equal(looking.wrong, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

static int start_eal(void)
{
	static char words[][32] = {"test-dataplane-route", "--no-huge", "--no-shconf", "--no-pci",
		"--no-telemetry", "-m", "512", "--log-level=lib.*,error"};
	char *arguments[ARRAY_LENGTH(words) + 1] = {};

	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		arguments[i] = words[i];
	return rte_eal_init(ARRAY_LENGTH(words), arguments);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_empty),
		TEST(test_longest_prefix),
		TEST(test_links_and_hosts),
		TEST(test_on_link_entry),
		TEST(test_change),
		TEST(test_source),
		TEST(test_refused),
		TEST(test_too_many),
		TEST(test_full),
		TEST(test_random),
		TEST(test_slots),
		TEST(test_nobody_waits),
		TEST(test_change_under_eyes),
	};

	if (start_eal() < 0)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rte_eal_cleanup();
	return failed;
}
