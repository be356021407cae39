// SPDX-License-Identifier: GPL-2.0-or-later
/* Random worlds: what is declared, live, ours, and in which state; whatever they are, the promises
 *of the core hold. PAIRS worlds (20,000) from SEED; a failure prints the seed of its world.
 *
 *	minimal		a plan has one operation for each object that is not as desired, and no
 *other right		after apply(plan) the live state is the desired one
 *	done		a second diff finds nothing
 *	settled		when all drains and climbs are over, the table is what is declared and what the
 *world says, and nothing is left to do foreign		what is not ours and not declared is
 *untouched (but under `prune: all`)
 *	deterministic	the same world gives the same plan, byte for byte
 *	health		who serves, and with which weight, is what the rules say, each read by itself
 *	asleep		before the time at which step() asks to be woken, nothing is otherwise
 *	ways		addresses of ports and routes are those of the files, on ports that are there; what they
 *			no longer have is there until the last drain is over
 *
 * Each world settles, then its servers fail and come back anew, and it settles once more. */
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
#include "tests/unit/property-ways.h"

#define SECOND 1000000000ull
#define NOW    (1000 * SECOND)

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

#define WORLD_CHECKS 3

struct world {
	struct memory_table *table;
	struct backend *backend;
	struct declared declared;
	struct memory memory;
	struct state before; /* the table as it was first */
	struct facts facts;
	/* What each check says of each endpoint, for the oracle. */
	struct verdict said[2][ARRAY_LENGTH(endpoints[0])][WORLD_CHECKS];
	bool has_facts;
	uint64_t now;
};

static const struct config_check world_checks[WORLD_CHECKS] = {
	{.name = {.text = "db"}}, {.name = {.text = "tls"}}, {.name = {.text = "web"}}};

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
	service->on_failure = (enum config_on_failure)random_below(2);
	service->quorum = 1 + (random_chance(50) ? random_below(6) : 0);
	service->quorum_hysteresis = random_chance(30) ? random_below(4) : 0;
	service->min_healthy = random_chance(40) ? random_below(101) : 0;
	service->slow_start = random_chance(40) ? random_below(100) * SECOND + 7 : 0;
	random_service_attributes(&service->attributes, family);
	for (size_t i = 0; i < ARRAY_LENGTH(endpoints[0]); i++) {
		if (!random_chance(50))
			continue;
		struct declared_destination *destination =
			build_declared_destination(service, endpoints[family == AF_INET6][i], 1);
		random_destination_attributes(&destination->attributes);
		destination->drain = random_chance(10);
		destination->fallback = random_chance(15);
		for (size_t j = 0; j < WORLD_CHECKS; j++)
			if (random_chance(40))
				build_check(&world->declared, destination, &world_checks[j]);
		service->has_fallback |= destination->fallback;
	}
}

static struct verdict random_verdict(uint64_t now)
{
	struct verdict verdict = {.settled = true, .weight = VERDICT_NO_WEIGHT};

	verdict.up = random_chance(60);
	verdict.recovered = verdict.up && random_chance(40);
	/* Often at the same time, as it is when a switch dies. */
	verdict.since = now - random_below(4) * 10 * SECOND - random_below(2);
	/* It began so. */
	if (!verdict.up && random_chance(15))
		verdict.since = 0;
	if (random_chance(15))
		verdict.weight = (int32_t)random_below(30);
	return verdict;
}

static void world_hear(struct world *world, size_t six, size_t i)
{
	for (size_t j = 0; j < WORLD_CHECKS; j++) {
		struct facts_health health = {
			.key = {.target = build_destination_key(endpoints[six][i]),
				.check = world_checks[j].name.text},
			.verdict = random_verdict(world->now),
		};

		if (random_chance(60))
			health.verdict = VERDICT_PLAIN;
		world->said[six][i][j] = health.verdict;
		facts_put_health(&world->facts, &health, 1);
	}
}

static void world_hear_operator(struct world *world, size_t six, size_t i)
{
	struct facts_drain drain = {
		.destination = build_destination_key(endpoints[six][i]),
		.everywhere = random_chance(50),
		.until = random_chance(50) ? UINT64_MAX : world->now + random_below(60) * SECOND,
	};

	if (random_chance(30))
		drain.destination.port = 0;
	if (!drain.everywhere)
		drain.service = build_key(listeners[random_below(ARRAY_LENGTH(listeners))]);
	if (!vector_find(&world->facts.drains, &drain, facts_drain_compare))
		vector_push(&world->facts.drains, drain);
	vector_sort(&world->facts.drains, facts_drain_compare);
}

/* What the world says from now on. */
static void world_hear_all(struct world *world)
{
	world->has_facts = random_chance(85);
	facts_clear_drains(&world->facts);
	for (size_t i = 0; i < 2 * ARRAY_LENGTH(endpoints[0]); i++) {
		world_hear(world, i % 2, i / 2);
		if (random_chance(8))
			world_hear_operator(world, i % 2, i / 2);
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
	owned->quorum_lost = random_chance(30);
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
	world_hear_all(world);
	random_ways(world->table, &world->declared);
	memory_table_use(world->table);
	assert_int_equal(memory_backend.open(NULL, &world->backend, &error), 0);
	state_copy(&world->before, &world->table->state);
}

static void world_clear(struct world *world)
{
	memory_backend.close(world->backend);
	memory_table_free(world->table);
	declared_clear(&world->declared);
	memory_clear(&world->memory);
	facts_clear(&world->facts);
	state_clear(&world->before);
}

static void world_read(struct world *world, struct state *live)
{
	_cleanup_error_ struct error error = {};

	assert_int_equal(memory_backend.read(world->backend, NULL, live, &error), 0);
}

static void world_step_at(const struct world *world, const struct state *live, uint64_t now,
	struct step_output *output)
{
	const struct step_input input = {
		.declared = &world->declared,
		.live = live,
		.memory = &world->memory,
		.facts = world->has_facts ? &world->facts : NULL,
		.now = now,
	};
	step(&input, output);
}

static void world_step(
	const struct world *world, const struct state *live, struct step_output *output)
{
	world_step_at(world, live, world->now, output);
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
	if (desired->ways_managed)
		count += oracle_addresses(desired, live) + oracle_routes(desired, live);
	return count + (desired->timeouts.udp_set && desired->timeouts.udp != live->timeouts.udp);
}

/* The rules of health, one at a time and from the beginning each time, out of what the world was told. */

/* What the checks of a destination say, one after another; NULL: no more. */
static const struct verdict *oracle_verdict(
	const struct world *world, const struct declared_destination *destination, size_t check)
{
	bool six = destination->key.address.family == AF_INET6;

	if (!world->has_facts || check >= destination->checks.count)
		return NULL;
	for (size_t i = 0; i < ARRAY_LENGTH(endpoints[0]); i++) {
		struct destination_key key = build_destination_key(endpoints[six][i]);

		if (destination_key_compare(&key, &destination->key) == 0)
			return &world->said[six][i]
					   [destination->checks.items[check] - world_checks];
	}
	fail();
	return NULL;
}

static bool oracle_fails(const struct world *world, const struct declared_destination *destination)
{
	const struct verdict *verdict;

	for (size_t i = 0; (verdict = oracle_verdict(world, destination, i)); i++)
		if (!verdict->up)
			return true;
	return false;
}

/* Of one that fails: since its first check does. */
static uint64_t oracle_failed(
	const struct world *world, const struct declared_destination *destination)
{
	const struct verdict *verdict;
	uint64_t since = UINT64_MAX;

	for (size_t i = 0; (verdict = oracle_verdict(world, destination, i)); i++)
		if (!verdict->up && verdict->since < since)
			since = verdict->since;
	return since;
}

/* Of one that passes: since the last of its checks that came back does; 0: none did. */
static uint64_t oracle_recovered(
	const struct world *world, const struct declared_destination *destination)
{
	const struct verdict *verdict;
	uint64_t since = 0;

	for (size_t i = 0; (verdict = oracle_verdict(world, destination, i)); i++)
		if (verdict->recovered && verdict->since > since)
			since = verdict->since;
	return since;
}

static uint32_t oracle_weight(
	const struct world *world, const struct declared_destination *destination)
{
	const struct verdict *verdict;
	uint32_t weight = UINT32_MAX;

	for (size_t i = 0; (verdict = oracle_verdict(world, destination, i)); i++)
		if (verdict->weight != VERDICT_NO_WEIGHT && (uint32_t)verdict->weight < weight)
			weight = (uint32_t)verdict->weight;
	return weight == UINT32_MAX ? destination->attributes.weight : weight;
}

static bool oracle_drains(const struct world *world, const struct declared_service *service,
	const struct declared_destination *destination)
{
	if (destination->drain)
		return true;
	vector_foreach(&world->facts.drains, drain) {
		if (world->has_facts && drain->until > world->now &&
			address_equal(&drain->destination.address, &destination->key.address) &&
			(!drain->destination.port ||
				drain->destination.port == destination->key.port) &&
			(drain->everywhere ||
				service_key_compare(&drain->service, &service->key) == 0))
			return true;
	}
	return false;
}

/* What has no weight, or was never up, is no part of what min-healthy counts. */
static bool oracle_counts(const struct world *world, const struct declared_service *service,
	const struct declared_destination *destination)
{
	return !destination->fallback && !oracle_drains(world, service, destination) &&
	       oracle_weight(world, destination) && oracle_failed(world, destination);
}

/* Whether min-healthy keeps one that fails: fewer must stay than failed after it. */
static bool oracle_kept(const struct world *world, const struct declared_service *service,
	const struct declared_destination *destination)
{
	size_t all = 0, well = 0, later = 0, least = 0;

	if (!oracle_counts(world, service, destination))
		return false;
	vector_foreach(&service->destinations, other) {
		if (!oracle_counts(world, service, other))
			continue;
		all++;
		if (!oracle_fails(world, other)) {
			well++;
			continue;
		}
		uint64_t mine = oracle_failed(world, destination);
		uint64_t its = oracle_failed(world, other);
		later += its > mine || (its == mine && other < destination);
	}
	while (least * 100 < all * service->min_healthy)
		least++;
	return well + later < least;
}

static bool oracle_healthy(const struct world *world, const struct declared_service *service,
	const struct declared_destination *destination)
{
	return !destination->fallback && !oracle_drains(world, service, destination) &&
	       (!oracle_fails(world, destination) || oracle_kept(world, service, destination));
}

/* Whether it is the files that let nobody serve, a fallback included. */
static bool oracle_is_idle(const struct declared_service *service)
{
	bool idle = !service->has_fallback;

	vector_foreach(&service->destinations, destination)
		idle &= destination->drain || destination->attributes.weight == 0;
	return idle;
}

static bool oracle_lost(const struct world *world, const struct declared_service *service)
{
	const struct memory_service *known = memory_find_owned(&world->memory, &service->key);
	uint64_t sum = 0, edge = service->quorum;

	vector_foreach(&service->destinations, destination)
		if (oracle_healthy(world, service, destination))
			sum += oracle_weight(world, destination);
	if (known && known->quorum_lost)
		edge += service->quorum_hysteresis;
	else if (known)
		edge -= MIN(edge, (uint64_t)service->quorum_hysteresis);
	return (sum || !oracle_is_idle(service)) && (!sum || sum < edge);
}

/* Who of the fallbacks may serve. */
static bool oracle_can_fall_back(const struct world *world, const struct declared_service *service)
{
	vector_foreach(&service->destinations, destination)
		if (destination->fallback && !oracle_drains(world, service, destination) &&
			!oracle_fails(world, destination) && oracle_weight(world, destination))
			return true;
	return false;
}

static uint32_t oracle_climbs(const struct world *world, const struct declared_service *service,
	const struct declared_destination *destination)
{
	uint64_t since = oracle_recovered(world, destination);
	uint32_t whole = oracle_weight(world, destination), part = 0;
	uint64_t step = 10;

	if (oracle_fails(world, destination) || !since || !service->slow_start ||
		destination->fallback)
		return whole;
	while (step > 1 && since * 10 + step * service->slow_start > world->now * 10)
		step--;
	/* The least that is a tenth for each step. */
	while (part * 10 < whole * step)
		part++;
	return part;
}

/* The weight that a destination must have; -1: it must not be there, -2: it leaves gently if it is. */
static int oracle_wants(const struct world *world, const struct declared_service *service,
	const struct declared_destination *destination, bool lost)
{
	bool zero = scheduler_honours_weight_zero(&service->attributes);
	bool fails = oracle_fails(world, destination);

	if (oracle_drains(world, service, destination) || (destination->fallback && !lost))
		return -2;
	if (fails && (destination->fallback || !oracle_kept(world, service, destination)))
		return zero && service->on_failure == CONFIG_ON_FAILURE_WEIGHT_ZERO ? 0 : -1;
	if (!destination->fallback && lost && oracle_can_fall_back(world, service))
		return zero ? 0 : -1;
	return fails ? (int)oracle_weight(world, destination)
		     : (int)oracle_climbs(world, service, destination);
}

static void check_wanted(const struct declared_destination *declared, int wanted,
	const struct service *desired, const struct service *live)
{
	struct destination_attributes attributes = declared->attributes;
	const struct destination *is = service_find_destination(desired, &declared->key);

	if (wanted == -2 && is) {
		assert_true(live && service_find_destination(live, &declared->key));
		assert_int_equal(is->attributes.weight, 0);
		return;
	}
	assert_int_equal(is != NULL, wanted >= 0);
	if (!is)
		return;
	attributes.weight = (uint32_t)wanted;
	assert_true(destination_attributes_equal(&is->attributes, &attributes));
}

/* `live` as it was before the step, or is when all is settled. */
static void check_health(
	const struct world *world, const struct state *desired, const struct state *live)
{
	vector_foreach(&world->declared.services, service) {
		const struct service *is = oracle_find(desired, &service->key);
		bool lost = oracle_lost(world, service);

		assert_non_null(is);
		vector_foreach(&service->destinations, destination)
			check_wanted(destination, oracle_wants(world, service, destination, lost),
				is, oracle_find(live, &service->key));
	}
}

static void check_quorums(const struct world *world, const struct memory *next)
{
	vector_foreach(&world->declared.services, service)
		assert_int_equal(memory_find_owned(next, &service->key)->quorum_lost,
			oracle_lost(world, service));
}

/* Which ways are there after a pass: all that can be of the files, and others only while somebody drains. */
static void check_ways(
	const struct world *world, const struct state *before, const struct state *after)
{
	const struct declared *declared = &world->declared;
	bool drains = world->memory.drains.count;

	if (!declared->ways_managed) {
		assert_int_equal(oracle_addresses(before, after), 0);
		assert_int_equal(oracle_routes(before, after), 0);
		return;
	}
	vector_foreach(&declared->port_addresses, address)
		assert_int_equal(state_find_port_address(after, &address->key) != NULL,
			state_find_port(after, address->key.port) != NULL);
	vector_foreach(&after->port_addresses, address) {
		bool known =
			vector_find(&declared->port_addresses, &address->key, port_address_compare);

		assert_true(known || drains);
		assert_true(known || state_find_port_address(before, &address->key));
	}
	vector_foreach(&before->routes, route)
		if (drains)
			assert_non_null(state_find_route(after, &route->key));
	vector_foreach(&after->routes, route)
		assert_true(
			drains || vector_find(&declared->routes, &route->key, data_route_compare));
}

/* Nothing is otherwise before step() wants to be woken. */
static void check_asleep(
	const struct world *world, const struct state *live, const struct step_output *output)
{
	_cleanup_step_output_ struct step_output later = {};
	uint64_t wake = MIN(output->wake, world->now + 1000 * SECOND);

	assert_true(wake > world->now);
	world_step_at(world, live, wake - 1, &later);
	assert_int_equal(oracle_count(world, &later.desired, &output->desired), 0);
	assert_int_equal(oracle_count(world, &output->desired, &later.desired), 0);
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
	check_health(world, &output.desired, &live);
	check_quorums(world, &output.memory);
	check_asleep(world, &live, &output);
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
	check_ways(world, &live, &after);
	/* Climbs and timed drains: there is more to come. */
	return plan.ops.count + (output.wake != UINT64_MAX);
}

/* When nothing drains any more: who is declared and is to serve, and nobody else. */
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
			wanted += oracle_wants(world, declared, destination,
					  oracle_lost(world, declared)) >= 0;
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

static void world_settle(struct world *world)
{
	size_t passes = 0;

	while (world_pass(world) || world->memory.drains.count) {
		world->now += 20 * SECOND;
		assert_true(++passes < 12);
	}
	check_settled(world);
}

static void one_world(uint64_t seed)
{
	_cleanup_memory_ struct memory owned_first = {};
	struct world world;

	world_make(&world, seed);
	memory_copy(&owned_first, &world.memory);
	world_settle(&world);
	world_hear_all(&world);
	world_settle(&world);
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
