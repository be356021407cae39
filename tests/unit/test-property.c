// SPDX-License-Identifier: GPL-2.0-or-later
/* Random worlds: what is declared, live, ours, and in which state; whatever they are, the promises
 *of the core hold. PAIRS worlds (20,000) from SEED; a failure prints the seed of its world.
 *
 *	minimal		a plan has one operation for each object that is not as desired, and no
 *other right		after apply(plan) the live state is the desired one
 *	done		a second diff finds nothing
 *	settled		when all drains are over, the table is what is declared, and nothing is left
 *to do foreign		what is not ours and not declared is untouched (but under `prune: all`)
 *	deterministic	the same world gives the same plan, byte for byte */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <cmocka.h>

#include "reconciler/diff.h"
#include "reconciler/plan_text.h"
#include "reconciler/step.h"
#include "tests/memory/memory.h"
#include "tests/support/build.h"
#include "tests/support/random.h"

#define SECOND 1000000000ull
#define NOW    (1000 * SECOND)

static bool random_chance(uint32_t percent)
{
	return random_below(100) < percent;
}

/* The last two share an address, the fwmarks a number. */
static const char *const listeners[] = {"tcp://192.0.2.1:80", "tcp://192.0.2.1:443",
	"udp://192.0.2.1:80", "sctp://192.0.2.9:80", "tcp://[2001:db8::1]:80", "fwmark://1",
	"fwmark6://1", "tcp://192.0.2.3:0"};
static const char *const endpoints[2][6] = {
	{"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", "10.0.0.10:80", "10.0.0.1:81", "10.0.1.1:80"},
	{"[2001:db8:1::1]:80", "[2001:db8:1::2]:80", "[2001:db8:1::3]:80", "[2001:db8:1::a]:80",
		"[2001:db8:1::1]:81", "[2001:db8:2::1]:80"},
};
static const char *const schedulers[] = {"wlc", "rr", "sh", "mh", "dh"};

struct world {
	struct memory_table *table;
	struct backend *backend;
	struct declared declared;
	struct memory memory;
	struct state before; /* the table as it was first */
	uint64_t now;
};

static void random_service_attributes(struct service_attributes *attributes, uint16_t family)
{
	const char *scheduler = schedulers[random_below(ARRAY_LENGTH(schedulers))];

	snprintf(attributes->scheduler, sizeof(attributes->scheduler), "%s", scheduler);
	attributes->scheduler_flags = random_chance(30) ? random_below(8) : 0;
	attributes->persistent = random_chance(30);
	attributes->persistence_timeout = attributes->persistent ? 60 * (1 + random_below(3)) : 0;
	attributes->netmask = service_netmask(family, address_bits(family));
}

static void random_destination_attributes(struct destination_attributes *attributes)
{
	attributes->weight = random_below(4);
	attributes->forward = (enum forward_method)random_below(3);
	if (random_chance(20))
		attributes->upper_threshold = 10 + random_below(3);
}

static void world_live_service(struct world *world, const struct service_key *key)
{
	struct service_attributes attributes = {};
	uint16_t family = key->address.family;

	random_service_attributes(&attributes, family);
	memory_put_service(world->table, key, &attributes);
	for (size_t i = 0; i < ARRAY_LENGTH(endpoints[0]); i++) {
		struct destination_attributes destination = {};
		struct destination_key endpoint =
			build_destination_key(endpoints[family == AF_INET6][i]);

		if (!random_chance(40))
			continue;
		random_destination_attributes(&destination);
		memory_put_destination(world->table, key, &endpoint, &destination);
		if (random_chance(50))
			memory_set_counts(world->table, key, &endpoint,
				(struct destination_counts){.active = random_below(3)});
	}
}

static void world_declared_service(struct world *world, const struct service_key *key)
{
	struct declared_service *service = vector_append(&world->declared.services);
	uint16_t family = key->address.family;

	service->key = *key;
	service->name = "web";
	service->drain = random_chance(30) ? 0 : 30 * SECOND;
	random_service_attributes(&service->attributes, family);
	for (size_t i = 0; i < ARRAY_LENGTH(endpoints[0]); i++) {
		if (!random_chance(50))
			continue;
		struct declared_destination *destination =
			build_declared_destination(service, endpoints[family == AF_INET6][i], 1);
		random_destination_attributes(&destination->attributes);
		destination->drain = random_chance(10);
	}
}

/* Half of what is declared is live as it is declared, so that small plans are common too. */
static void world_copy_declared(struct world *world, const struct declared_service *service)
{
	memory_remove_service(world->table, &service->key);
	memory_put_service(world->table, &service->key, &service->attributes);
	vector_foreach(&service->destinations, destination)
		if (random_chance(90))
			memory_put_destination(world->table, &service->key, &destination->key,
				&destination->attributes);
}

static void world_own(struct world *world, const struct service_key *key)
{
	struct memory_service *owned = vector_append(&world->memory.owned);

	owned->key = *key;
	owned->drain = random_chance(30) ? 0 : 30 * SECOND;
}

static void world_make(struct world *world, uint64_t seed)
{
	_cleanup_error_ struct error error = {};

	*world = (struct world){.table = memory_table_new(), .now = NOW};
	random_seed(seed);
	for (size_t i = 0; i < ARRAY_LENGTH(listeners); i++) {
		struct service_key key = build_key(listeners[i]);

		if (random_chance(60))
			world_live_service(world, &key);
		if (random_chance(60))
			world_declared_service(world, &key);
		if (random_chance(60))
			world_own(world, &key);
	}
	build_sort(&world->declared);
	vector_sort(&world->memory.owned, service_compare);
	vector_foreach(&world->declared.services, service)
		if (random_chance(50))
			world_copy_declared(world, service);
	world->declared.prune = (enum config_prune)random_below(3);
	if (random_chance(20))
		world->declared.timeouts = (struct timeouts){.udp_set = true, .udp = 77};
	memory_table_use(world->table);
	assert_int_equal(memory_backend.open(&world->backend, &error), 0);
	state_copy(&world->before, &world->table->state);
}

static void world_clear(struct world *world)
{
	memory_backend.close(world->backend);
	memory_table_free(world->table);
	declared_clear(&world->declared);
	memory_clear(&world->memory);
	state_clear(&world->before);
}

static void world_read(struct world *world, struct state *live)
{
	_cleanup_error_ struct error error = {};

	assert_int_equal(memory_backend.read(world->backend, NULL, live, &error), 0);
}

static void world_step(
	const struct world *world, const struct state *live, struct step_output *output)
{
	const struct step_input input = {
		.declared = &world->declared,
		.live = live,
		.memory = &world->memory,
		.now = world->now,
	};
	step(&input, output);
}

static void world_diff(const struct world *world, const struct memory *memory,
	const struct state *desired, const struct state *live, struct plan *plan)
{
	const struct diff_input input = {
		.desired = desired,
		.live = live,
		.memory = memory,
		.prune = world->declared.prune,
		.abilities = memory_backend.abilities(world->backend),
	};
	diff(&input, plan);
}

static bool world_may_delete(const struct world *world, const struct service_key *key)
{
	if (world->declared.prune == CONFIG_PRUNE_ALL)
		return true;
	return world->declared.prune == CONFIG_PRUNE_OWNED &&
	       memory_find_owned(&world->memory, key);
}

/* Services and destinations that differ, counted without any of diff()'s ways: every pair is looked
 * at. */
static size_t oracle_service(const struct service *desired, const struct service *live)
{
	size_t count = !service_attributes_equal(&desired->attributes, &live->attributes);

	vector_foreach(&desired->destinations, want) {
		const struct destination *have = NULL;
		vector_foreach(&live->destinations, candidate)
			if (destination_key_compare(&candidate->key, &want->key) == 0)
				have = candidate;
		count += !have ||
			 !destination_attributes_equal(&want->attributes, &have->attributes);
	}
	vector_foreach(&live->destinations, have) {
		bool wanted = false;
		vector_foreach(&desired->destinations, candidate)
			wanted |= destination_key_compare(&candidate->key, &have->key) == 0;
		count += !wanted;
	}
	return count;
}

static const struct service *oracle_find(const struct state *state, const struct service_key *key)
{
	vector_foreach(&state->services, service)
		if (service_key_compare(&service->key, key) == 0)
			return service;
	return NULL;
}

static size_t oracle_count(
	const struct world *world, const struct state *desired, const struct state *live)
{
	size_t count = 0;

	vector_foreach(&desired->services, want) {
		const struct service *have = oracle_find(live, &want->key);
		count += have ? oracle_service(want, have) : 1 + want->destinations.count;
	}
	vector_foreach(&live->services, have)
		count += !oracle_find(desired, &have->key) && world_may_delete(world, &have->key);
	vector_foreach(&desired->sysctls, want) {
		const struct sysctl *have = state_find_sysctl(live, want->name);
		count += !have || strcmp(have->value, want->value) != 0;
	}
	return count + (desired->timeouts.udp_set && desired->timeouts.udp != live->timeouts.udp);
}

static void check_deterministic(const struct world *world, const struct step_output *output,
	const struct state *live, const struct plan *plan)
{
	const struct plan_text_options options = {.order = true};
	_cleanup_plan_ struct plan again = {};
	_cleanup_strbuf_ struct strbuf first = {}, second = {};

	world_diff(world, &world->memory, &output->desired, live, &again);
	plan_format_text(plan, &options, &first);
	plan_format_text(&again, &options, &second);
	assert_string_equal(first.text, second.text);
}

static void world_apply(struct world *world, const struct plan *plan)
{
	_cleanup_error_ struct error error = {};
	struct backend_result *results = memory_new((plan->ops.count + 1) * sizeof(*results));

	assert_int_equal(memory_backend.apply(
				 world->backend, plan->ops.items, plan->ops.count, results, &error),
		0);
	for (size_t i = 0; i < plan->ops.count; i++) {
		assert_int_equal(results[i].status, BACKEND_RESULT_DONE);
		backend_result_clear(&results[i]);
	}
	free(results);
}

/* One pass, with the promises that hold for each. Returns the number of its operations. */
static size_t world_pass(struct world *world)
{
	_cleanup_state_ struct state live = {}, after = {};
	_cleanup_step_output_ struct step_output output = {};
	_cleanup_plan_ struct plan plan = {}, second = {};

	world_read(world, &live);
	world_step(world, &live, &output);
	world_diff(world, &world->memory, &output.desired, &live, &plan);
	assert_int_equal(plan.ops.count, oracle_count(world, &output.desired, &live));
	check_deterministic(world, &output, &live, &plan);
	memory_reset(world->table);
	world_apply(world, &plan);
	assert_int_equal(memory_writes(world->table), plan.ops.count);
	world_read(world, &after);
	assert_int_equal(oracle_count(world, &output.desired, &after), 0);
	world_diff(world, &output.memory, &output.desired, &after, &second);
	assert_int_equal(second.ops.count, 0);
	memory_clear(&world->memory);
	world->memory = output.memory;
	output.memory = (struct memory){};
	return plan.ops.count;
}

/* When nothing drains any more: declared, and nothing but declared. */
static void check_settled(const struct world *world)
{
	const struct state *live = &world->table->state;

	assert_int_equal(world->memory.drains.count, 0);
	vector_foreach(&world->declared.services, declared) {
		const struct service *service = oracle_find(live, &declared->key);
		size_t wanted = 0;

		assert_non_null(service);
		assert_true(service_attributes_equal(&service->attributes, &declared->attributes));
		vector_foreach(&declared->destinations, destination)
			wanted += !destination->drain;
		assert_int_equal(service->destinations.count, wanted);
	}
}

static void check_foreign(const struct world *world, const struct memory *owned_first)
{
	vector_foreach(&world->before.services, before) {
		const struct service *after = oracle_find(&world->table->state, &before->key);
		bool ours = memory_find_owned(owned_first, &before->key) ||
			    declared_find_service(&world->declared, &before->key);

		if (world->declared.prune == CONFIG_PRUNE_ALL || (ours && !after))
			continue;
		if (ours && (declared_find_service(&world->declared, &before->key) ||
				    world->declared.prune != CONFIG_PRUNE_NONE))
			continue;
		assert_non_null(after);
		assert_int_equal(oracle_service(before, after), 0);
	}
}

static void one_world(uint64_t seed)
{
	_cleanup_memory_ struct memory owned_first = {};
	struct world world;
	size_t passes = 0;

	world_make(&world, seed);
	memory_copy(&owned_first, &world.memory);
	while (world_pass(&world) || world.memory.drains.count) {
		world.now += 20 * SECOND;
		assert_true(++passes < 6);
	}
	check_settled(&world);
	check_foreign(&world, &owned_first);
	world_clear(&world);
}

static uint64_t world_seed;

static void random_worlds(_unused_ void **state)
{
	const char *text = getenv("SEED"), *pairs_text = getenv("PAIRS");
	uint64_t seed = text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL) * 1000003;
	uint64_t pairs = pairs_text ? strtoull(pairs_text, NULL, 0) : 20000;

	print_message("%ju worlds from SEED=%ju\n", (uintmax_t)pairs, (uintmax_t)seed);
	for (uint64_t i = 0; i < pairs; i++) {
		world_seed = seed + i;
		one_world(world_seed);
	}
	assert_true(pairs > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_worlds)};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (failed)
		print_error("the world that failed: SEED=%ju PAIRS=1\n", (uintmax_t)world_seed);
	return failed;
}
