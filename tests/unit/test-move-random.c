// SPDX-License-Identifier: GPL-2.0-or-later
/* Random machines that move between two backends, to and fro, each move cut off at a random operation first. From any state and
 * to any files: the backend that was left has nothing of ours, what is others' is untouched in both, the other one has
 * exactly what is declared, and a second plan is empty. WORLDS of them (20), from SEED. */
#include "tests/unit/reconciler-fixture.h"

#include <stdlib.h>

#include "tests/support/random.h"

#define MOST_SERVICES 3
#define MOST_SERVERS  3

/* Which servers each service has; none: it is not declared. */
struct world {
	unsigned int servers[MOST_SERVICES];
};

static struct service_key listener(size_t service)
{
	_cleanup_free_ char *text = memory_printf("tcp://192.0.2.%zu:80", service + 1);

	return build_key(text);
}

static void put_foreign(struct memory_table *table)
{
	struct service_key key = build_key("tcp://192.0.2.9:99");
	struct destination_key server = build_destination_key("10.9.9.9:99");
	struct service_attributes attributes = {.scheduler = "rr", .netmask = UINT32_MAX};
	struct destination_attributes weight = {.weight = 3};

	memory_put_service(table, &key, &attributes);
	memory_put_destination(table, &key, &server, &weight);
}

static struct world declare_random(struct fixture *fixture)
{
	_cleanup_strbuf_ struct strbuf text = {};
	struct world world = {};

	strbuf_add(&text, "max-delete: 100%\nservices:\n  last: {listen: udp://192.0.2.8:53, "
			  "drain: 0s, destinations: [10.0.0.1]}\n");
	for (size_t s = 0; s < MOST_SERVICES; s++) {
		world.servers[s] = random_below(1 << MOST_SERVERS);
		if (!world.servers[s])
			continue;
		strbuf_printf(&text,
			"  s%zu:\n    listen: tcp://192.0.2.%zu:80\n    drain: %s\n"
			"    destinations:\n",
			s, s + 1, (random_below(2) == 0) ? "0s" : "30s");
		for (size_t d = 0; d < MOST_SERVERS; d++)
			if (world.servers[s] & 1u << d)
				strbuf_printf(&text, "      - 10.0.0.%zu\n", d + 1);
	}
	fixture_declare(fixture, text.text);
	return world;
}

/* As if it had been killed there. */
static void cut_off(struct fixture *fixture)
{
	memory_lose((random_below(2) == 0) ? fixture->table : fixture->other, 1 + random_below(8),
		-EPIPE);
	fixture_apply(fixture);
	error_clear(&fixture->error);
	memory_reset(fixture->table);
	memory_reset(fixture->other);
}

static void settle(struct fixture *fixture)
{
	/* Of what drains one apply makes it silent, and the next one takes it away: in either backend. */
	for (int i = 0; i < 4; i++)
		if (fixture_apply(fixture) < 0)
			fail_msg("%s", error_text(&fixture->error, 0));
	assert_int_equal(fixture->planned, 0);
	assert_int_equal(fixture->outcome.done, 0);
	assert_int_equal(fixture->outcome.draining, 0);
	assert_null(fixture->reconciler.record.left.backend);
}

static void expect_foreign(const struct memory_table *table)
{
	struct service_key key = build_key("tcp://192.0.2.9:99");
	const struct service *service = state_find_service(&table->state, &key);

	assert_non_null(service);
	assert_int_equal(service->destinations.count, 1);
	assert_int_equal(service->destinations.items[0].attributes.weight, 3);
}

static void expect(const struct world *world, const struct memory_table *table)
{
	size_t services = 2; /* the last one, and the others' */

	for (size_t s = 0; s < MOST_SERVICES; s++) {
		struct service_key key = listener(s);
		const struct service *service = state_find_service(&table->state, &key);

		assert_int_equal(service != NULL, world->servers[s] != 0);
		if (!service)
			continue;
		services++;
		assert_int_equal(
			service->destinations.count, (size_t)__builtin_popcount(world->servers[s]));
		vector_foreach(&service->destinations, destination)
			assert_int_equal(destination->attributes.weight, 1);
	}
	assert_int_equal(table->state.services.count, services);
	expect_foreign(table);
}

static void test_any_move(void **state)
{
	struct fixture *fixture = *state;
	const char *said = getenv("WORLDS");
	size_t worlds = said ? strtoul(said, NULL, 10) : 20;
	struct memory_table *old = fixture->other, *new = fixture->table;

	put_foreign(old);
	put_foreign(new);
	fixture->request.no_wait = true;
	for (size_t i = 0; i < worlds; i++) {
		struct memory_table *swap = old;

		declare_random(fixture);
		if (random_below(10) < 7)
			cut_off(fixture);
		/* Sometimes the files are others before anything has settled. */
		struct world world = declare_random(fixture);
		settle(fixture);
		expect(&world, new);
		assert_int_equal(old->state.services.count, 1);
		expect_foreign(old);
		old = new;
		new = swap;
		fixture->backend = old == fixture->table ? &memory_other_backend : &memory_backend;
	}
}

int main(void)
{
	const char *said = getenv("SEED");

	random_seed(said ? strtoull(said, NULL, 10) : 1);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_any_move, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
