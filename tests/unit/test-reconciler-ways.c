// SPDX-License-Identifier: GPL-2.0-or-later
/* An apply of addresses of ports and routes on the in-memory backend: they arrive and are verified, they
 * go with the last drain of the same apply, and a rollback brings them back. */
#include "tests/unit/reconciler-fixture.h"

#define SERVICES                                                                                   \
	"services:\n"                                                                              \
	"  web: {listen: [\"tcp://192.0.2.1:80\"], drain: 30s, destinations: [10.0.0.1]}\n"

/* Files with these services, an address, and a route where `routed`. */
static void declare(struct fixture *fixture, const char *services, bool routed)
{
	fixture_declare(fixture, services);
	fixture->declared.ways_managed = true;
	vector_push(&fixture->declared.port_addresses, build_port_address("lan", "10.0.0.254", 24));
	if (routed)
		vector_push(&fixture->declared.routes, build_route("0.0.0.0/0", "10.0.0.9", "lan"));
}

static void reach(struct fixture *fixture, const char *services, bool routed)
{
	declare(fixture, services, routed);
	if (fixture_apply(fixture) < 0)
		fail_msg("%s", error_text(&fixture->error, 0));
	memory_reset(fixture->table);
}

static void they_arrive(void **state)
{
	struct fixture *fixture = *state;

	memory_put_port(fixture->table, "lan");
	reach(fixture, SERVICES, true);
	/* A service and its destination, two sysctls, an address and a route. */
	assert_int_equal(fixture->planned, 6);
	assert_int_equal(fixture->table->state.port_addresses.count, 1);
	assert_int_equal(fixture->table->state.routes.count, 1);
	assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(fixture->planned, 0);
	assert_int_equal(memory_writes(fixture->table), 0);
}

static void a_lie_is_found_out(void **state)
{
	struct fixture *fixture = *state;

	memory_put_port(fixture->table, "lan");
	declare(fixture, "", true);
	memory_drop(fixture->table, 2);
	assert_int_equal(fixture_apply(fixture), -EIO);
	assert_string_equal(fixture->mismatch, "+ route 0.0.0.0/0 via 10.0.0.9 port lan\n");
}

static void set_connections(struct memory_table *table, uint32_t active)
{
	const struct service_key key = build_key("tcp://192.0.2.1:80");
	const struct destination_key server = build_destination_key("10.0.0.1:80");

	memory_set_counts(table, &key, &server, (struct destination_counts){.active = active});
}

static void end_connections(struct memory_table *table, _unused_ void *context)
{
	set_connections(table, 0);
}

/* The apply that waits for the drains is the one that takes the route away. */
static void they_go_with_the_last_drain(void **state)
{
	struct fixture *fixture = *state;

	memory_put_port(fixture->table, "lan");
	reach(fixture, SERVICES, true);
	set_connections(fixture->table, 1);
	fixture->request.force = true;
	declare(fixture, "", false);
	fixture->request.no_wait = true;
	assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(fixture->outcome.draining, 1);
	assert_int_equal(fixture->table->state.routes.count, 1);
	fixture->request.no_wait = false;
	reach(fixture, SERVICES, true);
	/* Its connection ends when its weight has become 0: after the plan was made. */
	declare(fixture, "", false);
	fixture->table->interfere = end_connections;
	assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(fixture->planned, 1);
	assert_null(fixture_service(fixture, "tcp://192.0.2.1:80"));
	assert_int_equal(fixture->table->state.routes.count, 0);
	assert_int_equal(fixture->table->state.port_addresses.count, 1);
}

static void a_rollback_brings_them_back(void **state)
{
	struct fixture *fixture = *state;

	memory_put_port(fixture->table, "lan");
	reach(fixture, SERVICES, true);
	fixture->request.confirm_timeout = AWAITED * SECOND;
	declare(fixture, SERVICES, false);
	fixture->declared.port_addresses.items[0].attributes.length = 16;
	vector_push(&fixture->declared.routes, build_route("10.1.0.0/16", NULL, "lan"));
	if (fixture_apply(fixture) < 0)
		fail_msg("%s", error_text(&fixture->error, 0));
	fixture->request.confirm_timeout = 0;
	/* Nothing is deleted before the confirmation. */
	assert_int_equal(fixture->table->state.routes.count, 2);
	assert_int_equal(fixture->table->state.port_addresses.items[0].attributes.length, 16);
	fixture_open(fixture);
	assert_int_equal(
		confirm_rollback(&fixture->reconciler, NULL, &fixture->outcome, &fixture->error),
		0);
	assert_int_equal(fixture->table->state.routes.count, 1);
	assert_int_equal(fixture->table->state.routes.items[0].key.length, 0);
	assert_int_equal(fixture->table->state.port_addresses.items[0].attributes.length, 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(they_arrive, setup, teardown),
		cmocka_unit_test_setup_teardown(a_lie_is_found_out, setup, teardown),
		cmocka_unit_test_setup_teardown(they_go_with_the_last_drain, setup, teardown),
		cmocka_unit_test_setup_teardown(a_rollback_brings_them_back, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
