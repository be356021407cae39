// SPDX-License-Identifier: GPL-2.0-or-later
/* Many transactions, and large ones. Random batches are judged by the in-memory backend, operation by operation: the first that
 * it refuses is the one that must be named, and then nothing has changed. SEED= chooses others. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "backends/dpdk/dataplane/transaction.h"
#include "base/memory.h"
#include "tests/memory/memory.h"
#include "tests/support/plane.h"
#include "tests/support/random.h"
#include "tests/support/times.h"

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

/* Random batches. */

static const char *const listens[] = {"tcp://192.0.2.1:80", "udp://192.0.2.1:80",
	"tcp://[2001:db8::1]:80", "tcp://192.0.2.2:0", "sctp://192.0.2.1:9"};
static const char *const endpoints[] = {"10.0.0.1:80", "10.0.0.2:80", "10.0.0.2:81", "10.0.0.3:80",
	"[2001:db8:1::1]:80", "[2001:db8:1::2]:80"};

static struct plan_op random_service_op(const char *listen)
{
	static const char *const schedulers[] = {"wlc", "rr", "sh", "mh", "nonesuch"};
	enum plan_verb verb = (enum plan_verb)random_below(PLAN_VERB_COUNT);
	struct plan_op op =
		plane_service_op(verb, listen, schedulers[random_below(100) ? random_below(4) : 4]);

	op.attributes.after.persistent = !random_below(4);
	op.attributes.after.persistence_timeout = 1 + random_below(2);
	op.attributes.after.one_packet = !random_below(8);
	return op;
}

static void random_port(char port[static DATA_PORT_NAME_SIZE])
{
	static const char *const ports[] = {"lan", "wan", "dmz"};

	snprintf(port, DATA_PORT_NAME_SIZE, "%s", ports[random_below(100) ? random_below(2) : 2]);
}

static enum plan_verb random_verb(void)
{
	enum plan_verb verb = (enum plan_verb)random_below(PLAN_VERB_COUNT);

	/* Nearly all of those fail. */
	if (verb == PLAN_VERB_REPLACE || (verb == PLAN_VERB_UPDATE && random_below(4)))
		return PLAN_VERB_ADD;
	return verb;
}

static struct plan_op random_way_op(void)
{
	struct plan_op op = {.verb = random_verb()};

	if (random_below(2)) {
		op.object = PLAN_OBJECT_PORT_ADDRESS;
		random_port(op.port_address.key.port);
		op.port_address.key.address =
			(struct address){AF_INET, {203, 0, 113, (uint8_t)(1 + random_below(5))}};
		op.port_address.after.length = (uint8_t)(24 + random_below(2));
		return op;
	}
	op.object = PLAN_OBJECT_ROUTE;
	op.route.key = (struct data_route_key){
		.to = {AF_INET, {(uint8_t)(10 + random_below(5))}}, .length = 8};
	random_port(op.route.after.port);
	if (random_below(2))
		op.route.after.via = (struct address){AF_INET, {203, 0, 113, 1}};
	return op;
}

static struct plan_op random_op(void)
{
	const char *listen = listens[random_below(ARRAY_LENGTH(listens))];

	if (!random_below(4))
		return random_service_op(listen);
	if (!random_below(4))
		return random_way_op();
	enum plan_verb verb = random_verb();
	struct plan_op op = plane_destination_op(verb, listen,
		endpoints[random_below(ARRAY_LENGTH(endpoints))], FORWARD_METHOD_TUNNEL);
	if (random_below(3) == 0 && op.service.address.family == op.destination.key.address.family)
		op.destination.after.forward = (enum forward_method)random_below(2);
	else
		op.destination.after.tunnel_type =
			random_below(2) ? TUNNEL_TYPE_GRE : TUNNEL_TYPE_IPIP;
	op.destination.after.weight = random_below(3);
	op.destination.after.upper_threshold = random_below(2);
	op.destination.after.lower_threshold = !random_below(100);
	return op;
}

static bool same_destinations(
	const struct service *service, const struct ledger_service *ledger_service)
{
	if (service->destinations.count != ledger_service->count)
		return false;
	for (uint32_t i = 0; i < ledger_service->count; i++) {
		const struct destination *a = &service->destinations.items[i];
		const struct ledger_destination *b = &ledger_service->destinations[i];

		if (destination_key_compare(&a->key, &b->key) != 0 ||
			!destination_attributes_equal(&a->attributes, &b->attributes))
			return false;
	}
	return true;
}

static void expect_same(const struct state *state)
{
	const struct ledger *ledger = registry_ledger(plane.registry);

	assert_int_equal(state->services.count, ledger->count);
	for (uint32_t i = 0; i < ledger->count; i++) {
		const struct service *service = &state->services.items[i];

		assert_int_equal(service_key_compare(&service->key, &ledger->services[i]->key), 0);
		assert_true(service_attributes_equal(
			&service->attributes, &ledger->services[i]->attributes));
		assert_true(same_destinations(service, ledger->services[i]));
	}
}

static void expect_same_ways(const struct state *state)
{
	const struct ways *ways = registry_ledger(plane.registry)->ways;

	assert_ptr_equal(plane.ways ? plane.ways : ways, ways);
	assert_int_equal(state->port_addresses.count, ways->addresses.count);
	for (size_t i = 0; i < ways->addresses.count; i++) {
		const struct port_address *a = &state->port_addresses.items[i];
		const struct port_address *b = &ways->addresses.items[i];

		assert_int_equal(port_address_compare(a, b), 0);
		assert_true(port_address_attributes_equal(&a->attributes, &b->attributes));
	}
	assert_int_equal(state->routes.count, ways->routes.count);
	for (size_t i = 0; i < ways->routes.count; i++) {
		const struct data_route *a = &state->routes.items[i];
		const struct data_route *b = &ways->routes.items[i];

		assert_int_equal(data_route_compare(a, b), 0);
		assert_true(data_route_attributes_equal(&a->attributes, &b->attributes));
	}
}

/* Every destination has a slot that lives, is nobody else's, and says what it is; and workers see that. */
static void expect_sound(void)
{
	const struct ledger *ledger = registry_ledger(plane.registry);
	bool seen[SLOTS] = {};

	assert_int_equal(plane.generation->number, ledger->number);
	assert_int_equal(plane.generation->count, ledger->count);
	for (uint32_t i = 0; i < ledger->count; i++) {
		const struct ledger_service *service = ledger->services[i];
		const struct service_image *image = plane.generation->images[i];

		assert_ptr_equal(image, service->image);
		assert_int_equal(image->count, service->count);
		assert_int_equal(image->place, service->place);
		for (uint32_t j = 0; j < service->count; j++) {
			const struct ledger_destination *is = &service->destinations[j];
			const struct slot *slot = &plane.slots.slots[is->slot];

			assert_int_equal(image->members[j].slot, is->slot);
			assert_int_equal(image->members[j].incarnation, is->incarnation);
			assert_int_equal(image->members[j].weight, is->attributes.weight);
			assert_true(slot_is_alive(slot, is->incarnation));
			assert_int_equal(slot->method, is->attributes.forward);
			assert_memory_equal(slot->address, is->key.address.bytes, 16);
			assert_int_equal(slot->service, service->place);
			assert_false(seen[is->slot]);
			seen[is->slot] = true;
		}
	}
}

/* Whoever is there before and after, by the same method, has the same slot. */
static void expect_kept(const struct ledger *before)
{
	for (uint32_t i = 0; i < before->count; i++) {
		const struct ledger_service *old = before->services[i];
		const struct ledger_service *new =
			ledger_find(registry_ledger(plane.registry), &old->key);

		for (uint32_t j = 0, k = 0; new &&j < old->count; j++) {
			const struct ledger_destination *a = &old->destinations[j], *b;

			while (k < new->count && destination_compare(&new->destinations[k], a) < 0)
				k++;
			b = &new->destinations[k];
			if (k == new->count || destination_compare(a, b) != 0 ||
				a->attributes.forward != b->attributes.forward ||
				a->attributes.tunnel_type != b->attributes.tunnel_type)
				continue;
			assert_int_equal(a->slot, b->slot);
			assert_int_equal(a->incarnation, b->incarnation);
		}
	}
}

/* The first operation that memory refuses, with its code; `count` when there is none. */
static size_t try_in_memory(struct memory_table *table, struct backend *backend,
	const struct plan_op *ops, size_t count, int *code)
{
	struct backend_result results[64] = {};
	size_t failed = count;

	assert_int_equal(memory_backend.apply(backend, ops, count, results, NULL), 0);
	for (size_t i = count; i-- > 0;) {
		if (results[i].status == BACKEND_RESULT_FAILED) {
			failed = i;
			*code = results[i].code;
		}
		backend_result_clear(&results[i]);
	}
	(void)table;
	return failed;
}

static void one_batch(struct memory_table *table, struct backend *backend, size_t *refused)
{
	_cleanup_error_ struct error error = {};
	struct plan_op ops[64];
	struct state before = {};
	size_t count = random_below(random_below(4) ? 6 : 40);
	struct registry_result result;
	int code = 0;

	for (size_t i = 0; i < count; i++)
		ops[i] = random_op();
	state_copy(&before, &table->state);
	struct ledger *ledger = ledger_ref(registry_ledger(plane.registry));
	size_t failed = try_in_memory(table, backend, ops, count, &code);
	int r = registry_apply(plane.registry, ops, count, &result, &error);
	assert_int_equal(r, failed < count ? code : 0);
	if (r < 0) {
		assert_int_equal(result.failed, failed);
		assert_ptr_equal(registry_ledger(plane.registry), ledger);
		state_clear(&table->state);
		table->state = before;
		++*refused;
	} else {
		state_clear(&before);
		expect_kept(ledger);
	}
	ledger_unref(ledger);
	expect_same(&table->state);
	expect_same_ways(&table->state);
	expect_sound();
}

static void random_batches(void **state)
{
	const char *seed = getenv("SEED");
	struct memory_table *table = memory_table_new();
	struct backend *backend;
	uint64_t start = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
	size_t refused = 0, batches = 5000;

	(void)state;
	print_message("SEED=%llu\n", (unsigned long long)start);
	random_seed(start);
	memory_table_use(table);
	vector_foreach(&plane.ports, port)
		memory_put_port(table, port->name);
	assert_int_equal(memory_backend.open(NULL, &backend, NULL), 0);
	for (size_t i = 0; i < batches; i++) {
		/* Connections come and go, and workers are late. */
		plane_count(&plane, random_below(PLANE_WORKERS), random_below(SLOTS), i,
			random_below(2), random_below(2));
		plane.held = random_below(2);
		plane.over = plane.graces - MIN(plane.graces, (uint64_t)random_below(3));
		one_batch(table, backend, &refused);
		if (!random_below(3))
			registry_drain(plane.registry);
	}
	/* It is no test where all or none is refused. */
	assert_true(refused > batches / 10 && refused < batches - batches / 10);
	memory_backend.close(backend);
	memory_table_free(table);
	struct plan_op ops[ARRAY_LENGTH(listens)];
	for (size_t i = 0; i < ARRAY_LENGTH(listens); i++)
		ops[i] = plane_service_op(PLAN_VERB_DELETE, listens[i], "");
	plane.held = false;
	apply(ops, ARRAY_LENGTH(listens));
	registry_turn(plane.registry);
	registry_drain(plane.registry);
	struct registry_totals totals;
	registry_total(plane.registry, &totals);
	assert_int_equal(totals.slots_free, SLOTS);
	assert_int_equal(totals.places_free, PLACES);
}

/* Many. */

enum {
	MANY_SERVICES = 10000,
	MANY_DESTINATIONS = 10
};

static struct plan_op many_op(enum plan_verb verb, uint32_t service, uint32_t destination)
{
	struct plan_op op = {.verb = verb, .object = PLAN_OBJECT_SERVICE};

	op.service = (struct service_key){.port = 80,
		.address = {AF_INET, {198, 18, (uint8_t)(service >> 8), (uint8_t)service}}};
	if (!destination) {
		snprintf(op.attributes.after.scheduler, SCHEDULER_NAME_SIZE, "wlc");
		op.attributes.after.netmask = UINT32_MAX;
		return op;
	}
	op.object = PLAN_OBJECT_DESTINATION;
	op.destination.key = (struct destination_key){.port = 80,
		.address = {AF_INET,
			{10, (uint8_t)destination, (uint8_t)(service >> 8), (uint8_t)service}}};
	op.destination.after.weight = 1;
	return op;
}

static void many(void **state)
{
	const size_t all = MANY_SERVICES * (MANY_DESTINATIONS + 1), some = 20000;
	_cleanup_free_ struct plan_op *ops = memory_resize(NULL, all, sizeof(*ops));
	struct registry_totals totals;
	size_t count = 0;

	(void)state;
	plane_close(&plane);
	plane_open(&plane, 2 * MANY_SERVICES * MANY_DESTINATIONS, MANY_SERVICES);
	for (uint32_t i = 0; i < MANY_SERVICES; i++)
		for (uint32_t j = 0; j <= MANY_DESTINATIONS; j++)
			ops[count++] = many_op(PLAN_VERB_ADD, i, j);
	uint64_t start = times_cpu();
	apply(ops, count);
	uint64_t filled = times_cpu();
	/* Two of each service: a weight, and a destination that goes. */
	for (uint32_t i = 0; i < MANY_SERVICES; i++) {
		ops[2 * i] = many_op(PLAN_VERB_UPDATE, i, 1 + i % 9);
		ops[2 * i].destination.after.weight = 0;
		ops[2 * i + 1] = many_op(PLAN_VERB_DELETE, i, 10);
	}
	uint64_t before = times_cpu();
	apply(ops, some);
	uint64_t changed = times_cpu();
	print_message("  110,000 operations: %.0f ms; 20,000 more: %.0f ms\n",
		(double)(filled - start) / 1e6, (double)(changed - before) / 1e6);
	registry_total(plane.registry, &totals);
	assert_int_equal(totals.services, MANY_SERVICES);
	assert_int_equal(totals.destinations, MANY_SERVICES * (MANY_DESTINATIONS - 1));
#ifndef __SANITIZE_ADDRESS__
	assert_true(changed - before < 200000000);
#endif
}

/* One service of as many as it may have, changed one by one and all at once. */
static void wide(void **state)
{
	const uint32_t most = 50000;
	_cleanup_free_ struct plan_op *ops = memory_resize(NULL, most, sizeof(*ops));
	struct plan_op op = many_op(PLAN_VERB_ADD, 0, 0);

	(void)state;
	plane_close(&plane);
	plane_open(&plane, most + 100, 1);
	apply(&op, 1);
	for (uint32_t i = 0; i < most; i++) {
		ops[i] = many_op(PLAN_VERB_ADD, 0, 1);
		ops[i].destination.key.address.bytes[2] = (uint8_t)(i >> 8);
		ops[i].destination.key.address.bytes[3] = (uint8_t)i;
	}
	uint64_t start = times_cpu();
	apply(ops, most);
	uint64_t filled = times_cpu();
	print_message(
		"  50,000 destinations of one service: %.0f ms\n", (double)(filled - start) / 1e6);
	assert_int_equal(plane.generation->images[0]->count, most);
	assert_true(filled - start < 2000000000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_plane, close_plane)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(random_batches),
		TEST(many),
		TEST(wide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
