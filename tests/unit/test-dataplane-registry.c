// SPDX-License-Identifier: GPL-2.0-or-later
/* Transactions on the data plane's services, one by one, and what becomes of the slots that they replace. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "backends/dpdk/dataplane/transaction.h"
#include "tests/support/plane.h"

#define SLOTS  64
#define PLACES 8

static struct plane plane;

static int open_plane(void **state)
{
	(void)state;
	plane_open(&plane, SLOTS, PLACES);
	return 0;
}

static int close_plane(void **state)
{
	(void)state;
	plane_close(&plane);
	return 0;
}

static struct registry_result apply(const struct plan_op *ops, size_t count)
{
	_cleanup_error_ struct error error = {};
	struct registry_result result;
	int r = registry_apply(plane.registry, ops, count, &result, &error);

	if (r < 0)
		fail_msg("operation %zu: %s", result.failed, error_text(&error, r));
	return result;
}

static void expect_failure(
	const struct plan_op *ops, size_t count, int code, size_t failed, const char *words)
{
	_cleanup_error_ struct error error = {};
	struct registry_result result;
	uint64_t number = plane.generation->number;
	uint32_t slots = plane.slots.free_count;
	int r = registry_apply(plane.registry, ops, count, &result, &error);

	assert_int_equal(r, code);
	assert_int_equal(result.failed, failed);
	if (!strstr(error.text, words))
		fail_msg("it says: %s", error.text);
	assert_int_equal(plane.generation->number, number);
	assert_int_equal(registry_ledger(plane.registry)->number, number);
	assert_int_equal(plane.slots.free_count, slots);
}

static const struct ledger_destination *find(const char *listen, const char *text)
{
	const struct service_key key = plane_service_key(listen);
	const struct destination_key endpoint = plane_destination_key(text);
	const struct ledger_service *service = ledger_find(registry_ledger(plane.registry), &key);

	assert_non_null(service);
	for (uint32_t i = 0; i < service->count; i++)
		if (destination_key_compare(&service->destinations[i].key, &endpoint) == 0)
			return &service->destinations[i];
	fail_msg("%s is not there", text);
	return NULL;
}

static uint8_t state_of(uint32_t slot)
{
	return plane.slots.slots[slot].state;
}

#define WEB "tcp://192.0.2.1:80"
#define ONE "10.0.0.1:80"
#define TWO "10.0.0.2:80"

static void add_web(enum forward_method method)
{
	const struct plan_op ops[] = {
		plane_service_op(PLAN_VERB_ADD, WEB, "wlc"),
		plane_destination_op(PLAN_VERB_ADD, WEB, ONE, method),
		plane_destination_op(PLAN_VERB_ADD, WEB, TWO, method),
	};

	apply(ops, ARRAY_LENGTH(ops));
}

/* What workers see is what was said. */
static void published(void **state)
{
	uint8_t address[16] = {192, 0, 2, 1};

	(void)state;
	assert_null(generation_find(plane.generation, AF_INET, IPPROTO_TCP, address, htons(80)));
	add_web(FORWARD_METHOD_DIRECT);
	assert_int_equal(plane.generation->number, 1);
	const struct service_image *image =
		generation_find(plane.generation, AF_INET, IPPROTO_TCP, address, htons(80));
	assert_non_null(image);
	assert_int_equal(image->count, 2);
	assert_int_equal(image->total_weight, 2);
	for (uint32_t i = 0; i < 2; i++) {
		const struct slot *slot = &plane.slots.slots[image->members[i].slot];

		assert_true(slot_is_alive(slot, image->members[i].incarnation));
		assert_int_equal(slot->address[3], i + 1);
		assert_int_equal(slot->method, FORWARD_METHOD_DIRECT);
		assert_int_equal(slot->service, image->place);
	}
	assert_int_equal(plane.slots_taken, 2);
	assert_int_equal(plane.places_taken, 1);
}

/* What changes nothing makes no generation. */
static void nothing(void **state)
{
	const struct plan_op ops[] = {
		plane_service_op(PLAN_VERB_ADD, WEB, "wlc"),
		plane_destination_op(PLAN_VERB_UPDATE, WEB, ONE, FORWARD_METHOD_NAT),
		plane_service_op(PLAN_VERB_DELETE, "tcp://192.0.2.9:80", "wlc"),
		plane_destination_op(PLAN_VERB_DELETE, WEB, "10.0.0.9:80", FORWARD_METHOD_NAT),
	};

	(void)state;
	assert_int_equal(apply(NULL, 0).token, 0);
	add_web(FORWARD_METHOD_NAT);
	const struct registry_result result = apply(ops, ARRAY_LENGTH(ops));
	assert_int_equal(result.token, 0);
	assert_int_equal(result.generation, 1);
	assert_int_equal(plane.generation->number, 1);
	/* What was there, and goes and comes in one batch, was never away. */
	const struct plan_op again[] = {
		plane_destination_op(PLAN_VERB_DELETE, WEB, ONE, FORWARD_METHOD_NAT),
		plane_destination_op(PLAN_VERB_ADD, WEB, ONE, FORWARD_METHOD_NAT),
	};
	assert_int_equal(apply(again, ARRAY_LENGTH(again)).token, 0);
}

/* An image that nobody touched is the same one. */
static void shared(void **state)
{
	const struct plan_op add = plane_service_op(PLAN_VERB_ADD, "tcp://192.0.2.2:80", "mh");
	const struct plan_op change = plane_service_op(PLAN_VERB_UPDATE, WEB, "rr");

	(void)state;
	add_web(FORWARD_METHOD_NAT);
	const struct service_image *web = plane.generation->images[0];
	apply(&add, 1);
	assert_ptr_equal(plane.generation->images[0], web);
	const struct service_image *other = plane.generation->images[1];
	uint32_t slot = find(WEB, ONE)->slot;
	apply(&change, 1);
	assert_ptr_equal(plane.generation->images[1], other);
	assert_string_equal(plane.generation->images[0]->scheduler->name, "rr");
	assert_int_equal(find(WEB, ONE)->slot, slot);
}

/* Services of one transaction with the same destination have one table. */
static void shared_table(void **state)
{
	static const char *const listens[] = {"tcp://192.0.2.2:80", "tcp://192.0.2.3:80"};
	struct plan_op ops[4];

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		ops[2 * i] = plane_service_op(PLAN_VERB_ADD, listens[i], "mh");
		ops[2 * i + 1] =
			plane_destination_op(PLAN_VERB_ADD, listens[i], ONE, FORWARD_METHOD_NAT);
	}
	apply(ops, ARRAY_LENGTH(ops));
	assert_non_null(plane.generation->images[0]->table);
	assert_ptr_equal(plane.generation->images[0]->table, plane.generation->images[1]->table);
}

static void weight_keeps_the_slot(void **state)
{
	struct plan_op op = plane_destination_op(PLAN_VERB_UPDATE, WEB, ONE, FORWARD_METHOD_NAT);

	(void)state;
	add_web(FORWARD_METHOD_NAT);
	uint32_t slot = find(WEB, ONE)->slot;
	op.destination.after.weight = 0;
	apply(&op, 1);
	assert_int_equal(find(WEB, ONE)->slot, slot);
	assert_int_equal(state_of(slot), SLOT_STATE_LIVE);
	assert_int_equal(plane.generation->images[0]->members[0].weight, 0);
}

/* The old method goes on serving its connections until there are none. */
static void method_drains(void **state)
{
	const struct plan_op op =
		plane_destination_op(PLAN_VERB_UPDATE, WEB, ONE, FORWARD_METHOD_TUNNEL);
	struct destination_counts counts;
	struct registry_totals totals;

	(void)state;
	add_web(FORWARD_METHOD_NAT);
	uint32_t old = find(WEB, ONE)->slot;
	plane_count(&plane, 0, old, 7, 3, 1);
	apply(&op, 1);
	uint32_t new = find(WEB, ONE)->slot;
	assert_int_not_equal(new, old);
	assert_int_equal(state_of(old), SLOT_STATE_LIVE);
	assert_true(registry_drain(plane.registry));
	registry_total(plane.registry, &totals);
	assert_int_equal(totals.draining, 1);
	/* Both count for the destination. */
	plane_count(&plane, 1, new, 5, 2, 0);
	registry_count_destination(plane.registry, find(WEB, ONE), 1, &counts);
	assert_int_equal(counts.active, 5);
	assert_int_equal(counts.inactive, 1);
	assert_int_equal(counts.traffic.connections, 12);
	plane_count(&plane, 0, old, 9, 0, 0);
	assert_false(registry_drain(plane.registry));
	assert_int_equal(state_of(old), SLOT_STATE_FREE);
	assert_int_equal(plane.slots_freed, 1);
	registry_count_destination(plane.registry, find(WEB, ONE), 1, &counts);
	assert_int_equal(counts.active, 2);
	assert_int_equal(counts.traffic.connections, 14);
	assert_int_equal(counts.traffic.bytes_out, 28000);
}

/* Methods that change faster than connections end: a chain, of which one in the middle may end first. */
static void method_changes_often(void **state)
{
	static const enum forward_method methods[] = {
		FORWARD_METHOD_DIRECT, FORWARD_METHOD_NAT, FORWARD_METHOD_TUNNEL};
	uint32_t slots[4];
	struct destination_counts counts;

	(void)state;
	add_web(FORWARD_METHOD_NAT);
	for (size_t i = 0; i < 4; i++) {
		slots[i] = find(WEB, ONE)->slot;
		plane_count(&plane, 0, slots[i], 1, 1, 0);
		if (i == 3)
			break;
		const struct plan_op op =
			plane_destination_op(PLAN_VERB_UPDATE, WEB, ONE, methods[i]);
		apply(&op, 1);
	}
	plane_count(&plane, 0, slots[1], 1, 0, 0);
	assert_true(registry_drain(plane.registry));
	assert_int_equal(state_of(slots[1]), SLOT_STATE_FREE);
	registry_count_destination(plane.registry, find(WEB, ONE), 1, &counts);
	assert_int_equal(counts.active, 3);
	assert_int_equal(counts.traffic.connections, 4);
	/* Its end is the end of all. */
	const struct plan_op gone =
		plane_destination_op(PLAN_VERB_DELETE, WEB, ONE, FORWARD_METHOD_NAT);
	plane.held = true;
	plane.over = plane.graces;
	apply(&gone, 1);
	assert_int_equal(state_of(slots[0]), SLOT_STATE_DEAD);
	assert_int_equal(state_of(slots[2]), SLOT_STATE_DEAD);
	assert_int_equal(state_of(slots[3]), SLOT_STATE_DEAD);
	/* What a dead one counts still, nobody waits for. */
	assert_false(registry_drain(plane.registry));
	plane.held = false;
	assert_false(registry_turn(plane.registry));
	assert_int_equal(plane.slots.free_count, SLOTS - 1);
	struct traffic traffic;
	registry_count_service(
		plane.registry, registry_ledger(plane.registry)->services[0], 1, &traffic);
	assert_int_equal(traffic.connections, 4);
}

/* A slot is given again when every worker has let go of the generation that had it. */
static void grace(void **state)
{
	const struct plan_op op =
		plane_destination_op(PLAN_VERB_DELETE, WEB, ONE, FORWARD_METHOD_NAT);
	const struct plan_op all = plane_service_op(PLAN_VERB_DELETE, WEB, "wlc");
	struct registry_totals totals;

	(void)state;
	add_web(FORWARD_METHOD_NAT);
	uint32_t slot = find(WEB, ONE)->slot;
	plane.held = true;
	plane.over = plane.graces;
	const struct registry_result first = apply(&op, 1);
	assert_int_equal(state_of(slot), SLOT_STATE_DEAD);
	assert_false(registry_is_seen(plane.registry, first.token));
	const struct registry_result second = apply(&all, 1);
	registry_total(plane.registry, &totals);
	assert_int_equal(totals.graces, 2);
	assert_int_equal(totals.slots_free, SLOTS - 2);
	assert_int_equal(totals.places_free, PLACES - 1);
	plane.over++;
	assert_true(registry_turn(plane.registry));
	assert_true(registry_is_seen(plane.registry, first.token));
	assert_false(registry_is_seen(plane.registry, second.token));
	assert_int_equal(state_of(slot), SLOT_STATE_FREE);
	plane.over++;
	assert_false(registry_turn(plane.registry));
	assert_true(registry_is_seen(plane.registry, second.token));
	registry_total(plane.registry, &totals);
	assert_int_equal(totals.slots_free, SLOTS);
	assert_int_equal(totals.places_free, PLACES);
}

/* A method that changes and a deletion, before any worker has seen the first. */
static void killed_in_grace(void **state)
{
	const struct plan_op move =
		plane_destination_op(PLAN_VERB_UPDATE, WEB, ONE, FORWARD_METHOD_DIRECT);
	const struct plan_op gone = plane_service_op(PLAN_VERB_DELETE, WEB, "wlc");

	(void)state;
	add_web(FORWARD_METHOD_NAT);
	uint32_t old = find(WEB, ONE)->slot;
	plane_count(&plane, 0, old, 1, 1, 0);
	plane.held = true;
	plane.over = plane.graces;
	apply(&move, 1);
	apply(&gone, 1);
	assert_int_equal(state_of(old), SLOT_STATE_DEAD);
	plane.over++;
	registry_turn(plane.registry);
	/* Its own grace period is not over. */
	assert_int_equal(state_of(old), SLOT_STATE_DEAD);
	assert_false(registry_drain(plane.registry));
	plane.held = false;
	registry_turn(plane.registry);
	assert_int_equal(plane.slots.free_count, SLOTS);
}

static void too_many_graces(void **state)
{
	struct plan_op op = plane_destination_op(PLAN_VERB_UPDATE, WEB, ONE, FORWARD_METHOD_NAT);

	(void)state;
	add_web(FORWARD_METHOD_NAT);
	plane.held = true;
	plane.over = plane.graces;
	for (uint32_t i = 0; i < REGISTRY_GRACES_MOST; i++) {
		op.destination.after.weight = i + 2;
		apply(&op, 1);
	}
	op.destination.after.weight = 1;
	expect_failure(&op, 1, -EBUSY, TRANSACTION_WHOLE, "worker");
	plane.over++;
	apply(&op, 1);
	plane.held = false;
}

/* A dump goes on showing what it began with, and counts nothing of what has gone since. */
static void old_ledger(void **state)
{
	const struct plan_op ops[] = {
		plane_service_op(PLAN_VERB_DELETE, WEB, "wlc"),
		plane_service_op(PLAN_VERB_ADD, "tcp://192.0.2.2:80", "wlc"),
		plane_destination_op(PLAN_VERB_ADD, "tcp://192.0.2.2:80", ONE, FORWARD_METHOD_NAT),
	};
	struct destination_counts counts;
	struct traffic traffic;

	(void)state;
	add_web(FORWARD_METHOD_NAT);
	plane_count(&plane, 0, find(WEB, ONE)->slot, 5, 5, 5);
	struct ledger *old = ledger_ref(registry_ledger(plane.registry));
	registry_count_service(plane.registry, old->services[0], 1, &traffic);
	assert_int_equal(traffic.connections, 5);
	apply(ops, ARRAY_LENGTH(ops));
	assert_int_equal(old->count, 1);
	assert_int_equal(old->services[0]->count, 2);
	registry_count_destination(plane.registry, &old->services[0]->destinations[0], 1, &counts);
	assert_int_equal(counts.active, 0);
	assert_int_equal(counts.traffic.connections, 0);
	/* The place is another's. */
	assert_int_equal(plane.generation->images[0]->place, old->services[0]->place + 1);
	registry_count_service(plane.registry, old->services[0], 1, &traffic);
	assert_int_equal(traffic.connections, 0);
	ledger_unref(old);
}

/* What passed per second since the last look. */
static void rates(void **state)
{
	const struct plan_op move =
		plane_destination_op(PLAN_VERB_UPDATE, WEB, ONE, FORWARD_METHOD_DIRECT);
	const uint64_t second = 1000000000;
	struct destination_counts counts;
	struct traffic traffic;

	(void)state;
	add_web(FORWARD_METHOD_NAT);
	const struct ledger_service *service = registry_ledger(plane.registry)->services[0];
	uint32_t slot = find(WEB, ONE)->slot;
	plane_count(&plane, 0, slot, 50, 0, 0);
	registry_count_service(plane.registry, service, 5 * second, &traffic);
	assert_int_equal(traffic.connection_rate, 0);
	plane_count(&plane, 0, slot, 70, 1, 0);
	plane_count(&plane, 1, find(WEB, TWO)->slot, 10, 0, 0);
	/* Too early: what was known. */
	registry_count_destination(plane.registry, find(WEB, ONE), 5 * second + 1, &counts);
	assert_int_equal(counts.traffic.connection_rate, 0);
	registry_count_service(plane.registry, service, 7 * second, &traffic);
	assert_int_equal(traffic.connection_rate, 15);
	assert_int_equal(traffic.byte_rate_in, 15000);
	assert_int_equal(traffic.byte_rate_out, 30000);
	assert_int_equal(traffic.connections, 80);
	registry_count_destination(plane.registry, find(WEB, ONE), 7 * second + 1, &counts);
	assert_int_equal(counts.traffic.connection_rate, 10);
	/* Another slot has its place, and goes on from there. */
	apply(&move, 1);
	plane_count(&plane, 0, find(WEB, ONE)->slot, 4, 0, 0);
	registry_count_destination(plane.registry, find(WEB, ONE), 8 * second, &counts);
	assert_int_equal(counts.traffic.connection_rate, 4);
	assert_int_equal(counts.traffic.connections, 74);
}

static void refusals(void **state)
{
	struct plan_op ops[] = {
		plane_destination_op(PLAN_VERB_UPDATE, WEB, ONE, FORWARD_METHOD_NAT),
		plane_service_op(PLAN_VERB_ADD, "tcp://192.0.2.3:80", "wlc"),
		plane_service_op(PLAN_VERB_ADD, "tcp://192.0.2.2:80", "nonesuch"),
		plane_service_op(PLAN_VERB_ADD, "tcp://192.0.2.1:81", "absent"),
	};
	struct plan_op op = plane_service_op(PLAN_VERB_ADD, "fwmark://7", "wlc");
	struct plan_op sync = {.object = PLAN_OBJECT_SYNC};

	(void)state;
	add_web(FORWARD_METHOD_NAT);
	/* The earliest, though a later one is of an earlier service. */
	expect_failure(ops, ARRAY_LENGTH(ops), -ENOENT, 2, "nonesuch");
	expect_failure(&op, 1, -EOPNOTSUPP, 0, "firewall marks");
	expect_failure(&sync, 1, -EOPNOTSUPP, 0, "sync");
	op = plane_service_op(PLAN_VERB_UPDATE, "tcp://192.0.2.9:80", "wlc");
	expect_failure(&op, 1, -ESRCH, 0, "gone");
	op = plane_destination_op(PLAN_VERB_UPDATE, WEB, "10.0.0.9:80", FORWARD_METHOD_NAT);
	expect_failure(&op, 1, -ENOENT, 0, "gone");
	op = plane_destination_op(PLAN_VERB_ADD, "tcp://192.0.2.9:80", ONE, FORWARD_METHOD_NAT);
	expect_failure(&op, 1, -ESRCH, 0, "service does not exist");
	op = plane_destination_op(PLAN_VERB_ADD, WEB, ONE, FORWARD_METHOD_BYPASS);
	expect_failure(&op, 1, -EOPNOTSUPP, 0, "forwarding");
	op = plane_destination_op(PLAN_VERB_ADD, WEB, "224.0.0.1:80", FORWARD_METHOD_NAT);
	expect_failure(&op, 1, -EINVAL, 0, "unicast");
	op = plane_destination_op(PLAN_VERB_ADD, WEB, ONE, FORWARD_METHOD_NAT);
	op.destination.after.weight = 65536;
	expect_failure(&op, 1, -ERANGE, 0, "weight");
	op.service.address.family = AF_UNSPEC;
	expect_failure(&op, 1, -EINVAL, 0, "no address");
}

/* Two faults of one service, in the order of keys the other way round. */
static void earliest_of_one_service(void **state)
{
	const struct plan_op ops[] = {
		plane_destination_op(PLAN_VERB_UPDATE, WEB, "10.0.0.9:80", FORWARD_METHOD_NAT),
		plane_destination_op(PLAN_VERB_UPDATE, WEB, "10.0.0.5:80", FORWARD_METHOD_NAT),
	};

	(void)state;
	add_web(FORWARD_METHOD_NAT);
	expect_failure(ops, ARRAY_LENGTH(ops), -ENOENT, 0, "gone");
}

static void no_room(void **state)
{
	struct plan_op ops[SLOTS];

	(void)state;
	add_web(FORWARD_METHOD_NAT);
	for (int i = 0; i < SLOTS; i++) {
		char text[64];

		snprintf(text, sizeof(text), "10.0.1.%d:80", i);
		ops[i] = plane_destination_op(PLAN_VERB_ADD, WEB, text, FORWARD_METHOD_NAT);
	}
	expect_failure(ops, SLOTS, -ENOSPC, SLOTS - 1, "no room for more destinations");
	apply(ops, SLOTS - 2);
	assert_int_equal(plane.slots.free_count, 0);
	struct plan_op all = plane_service_op(PLAN_VERB_DELETE, WEB, "wlc");
	apply(&all, 1);
	assert_int_equal(plane.slots.free_count, SLOTS);
	for (int i = 0; i < PLACES + 1; i++) {
		char text[64];

		snprintf(text, sizeof(text), "tcp://192.0.2.1:%d", i + 1);
		ops[i] = plane_service_op(PLAN_VERB_ADD, text, "wlc");
	}
	expect_failure(ops, PLACES + 1, -ENOSPC, PLACES, "no room for more services");
	apply(ops, PLACES);
}

/* Addresses and routes. */

static struct plan_op address_op(
	enum plan_verb verb, const char *port, const char *address, uint8_t length)
{
	struct plan_op op = {.verb = verb,
		.object = PLAN_OBJECT_PORT_ADDRESS,
		.port_address.after.length = length};

	snprintf(op.port_address.key.port, sizeof(op.port_address.key.port), "%s", port);
	address_parse(address, &op.port_address.key.address);
	return op;
}

static struct plan_op route_op(
	enum plan_verb verb, const char *to, const char *via, const char *port)
{
	struct plan_op op = {.verb = verb, .object = PLAN_OBJECT_ROUTE};

	assert_int_equal(data_route_key_parse(to, &op.route.key), 0);
	address_parse(via, &op.route.after.via);
	snprintf(op.route.after.port, sizeof(op.route.after.port), "%s", port);
	return op;
}

static void ways_with_services(void **state)
{
	const struct plan_op ops[] = {
		address_op(PLAN_VERB_ADD, "wan", "203.0.113.2", 24),
		address_op(PLAN_VERB_ADD, "lan", "2001:db8::2", 64),
		route_op(PLAN_VERB_ADD, "0.0.0.0/0", "203.0.113.1", "wan"),
		plane_service_op(PLAN_VERB_ADD, WEB, "wlc"),
	};
	const struct plan_op change = route_op(PLAN_VERB_UPDATE, "0.0.0.0/0", "203.0.113.9", "wan");
	const struct plan_op gone = address_op(PLAN_VERB_DELETE, "lan", "2001:db8::2", 0);

	(void)state;
	apply(ops, ARRAY_LENGTH(ops));
	const struct ways *ways = registry_ledger(plane.registry)->ways;
	assert_ptr_equal(plane.ways, ways);
	assert_int_equal(ways->addresses.count, 2);
	assert_string_equal(ways->addresses.items[0].key.port, "lan");
	assert_int_equal(ways->routes.count, 1);
	assert_int_equal(plane.generation->count, 1);
	/* The same again is nothing. */
	assert_int_equal(apply(ops, ARRAY_LENGTH(ops)).token, 0);
	assert_int_equal(plane.ways_set, 1);
	apply(&change, 1);
	assert_int_equal(plane.ways_set, 2);
	assert_int_equal(plane.ways->routes.items[0].attributes.via.bytes[3], 9);
	assert_int_equal(plane.generation->count, 1);
	apply(&gone, 1);
	assert_int_equal(plane.ways->addresses.count, 1);
	/* Services alone leave them as they are. */
	add_web(FORWARD_METHOD_NAT);
	assert_int_equal(plane.ways_set, 3);
	assert_ptr_equal(plane.ways, registry_ledger(plane.registry)->ways);
}

static void ways_refused(void **state)
{
	const struct plan_op ops[] = {
		plane_service_op(PLAN_VERB_ADD, WEB, "wlc"),
		route_op(PLAN_VERB_ADD, "0.0.0.0/0", "203.0.113.1", "wan"),
		plane_destination_op(PLAN_VERB_ADD, WEB, ONE, FORWARD_METHOD_NAT),
	};
	struct plan_op op;

	(void)state;
	/* By who makes them. */
	plane.refuses_ways = true;
	expect_failure(ops, ARRAY_LENGTH(ops), -EINVAL, 1, "no link");
	plane.refuses_ways = false;
	assert_int_equal(plane.ways_set, 0);
	op = address_op(PLAN_VERB_ADD, "dmz", "203.0.113.2", 24);
	expect_failure(&op, 1, -ENODEV, 0, "no such port");
	op = address_op(PLAN_VERB_ADD, "wan", "203.0.113.2", 33);
	expect_failure(&op, 1, -EINVAL, 0, "more bits");
	op = address_op(PLAN_VERB_ADD, "wan", "224.0.0.1", 24);
	expect_failure(&op, 1, -EINVAL, 0, "unicast");
	op = address_op(PLAN_VERB_ADD, "wan", "", 24);
	expect_failure(&op, 1, -EINVAL, 0, "unicast");
	op = address_op(PLAN_VERB_UPDATE, "wan", "203.0.113.2", 24);
	expect_failure(&op, 1, -ENOENT, 0, "gone");
	op = route_op(PLAN_VERB_ADD, "10.0.0.0/8", "2001:db8::1", "wan");
	expect_failure(&op, 1, -EINVAL, 0, "family");
	op = route_op(PLAN_VERB_ADD, "10.0.0.0/8", "", "wan");
	op.route.key.to.bytes[3] = 1;
	expect_failure(&op, 1, -EINVAL, 0, "no network");
	op.route.key.length = 33;
	expect_failure(&op, 1, -EINVAL, 0, "no network");
	op.route.key.to.family = AF_UNSPEC;
	expect_failure(&op, 1, -EINVAL, 0, "no network");
	/* The earliest of all kinds. */
	const struct plan_op mixed[] = {
		plane_service_op(PLAN_VERB_ADD, WEB, "wlc"),
		route_op(PLAN_VERB_UPDATE, "10.0.0.0/8", "", "wan"),
		plane_service_op(PLAN_VERB_ADD, "tcp://192.0.2.1:1", "nonesuch"),
		address_op(PLAN_VERB_ADD, "dmz", "203.0.113.2", 24),
	};
	expect_failure(mixed, ARRAY_LENGTH(mixed), -ENOENT, 1, "gone");
	expect_failure(mixed + 2, 2, -ENOENT, 0, "nonesuch");
	apply(ops, ARRAY_LENGTH(ops));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_plane, close_plane)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(published),
		TEST(nothing),
		TEST(shared),
		TEST(shared_table),
		TEST(weight_keeps_the_slot),
		TEST(method_drains),
		TEST(method_changes_often),
		TEST(grace),
		TEST(killed_in_grace),
		TEST(too_many_graces),
		TEST(old_ledger),
		TEST(rates),
		TEST(refusals),
		TEST(earliest_of_one_service),
		TEST(no_room),
		TEST(ways_with_services),
		TEST(ways_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
