// SPDX-License-Identifier: GPL-2.0-or-later
/* What poised does about ports and routes of a data plane, on the in-memory backend: what was kept for a drain goes when that
 * is over, and a port that is not there is told of, everywhere. */
#include "daemon/engine_inside.h"
#include "tests/unit/engine-fixture.h"

#define HEAD                                                                                       \
	"poise: 1\nbackend: dpdk\nallow-empty: true\nmax-delete: 100%\ndpdk:\n"                    \
	"  ports:\n"                                                                               \
	"    lan: {device: net_null0, addresses: [10.0.0.254/24]}\n"
#define ROUTES "  routes: [{to: 10.9.0.0/16, via: 10.0.0.1}]\n"
#define WEB(state)                                                                                 \
	"services:\n"                                                                              \
	"  web: {listen: \"tcp://10.1.0.1:80\", drain: 20s, destinations: [10.9.0.2" state "]}\n"

static void set_connections(struct fixture *fixture, uint32_t active)
{
	const struct service_key service = service_key("tcp://10.1.0.1:80");
	struct destination_key drained;

	assert_int_equal(destination_key_parse("10.9.0.1:80", &drained), 0);
	memory_set_counts(
		fixture->table, &service, &drained, (struct destination_counts){.active = active});
}

static void a_route_goes_with_the_last_drain(void **state)
{
	struct fixture *fixture = *state;

	memory_put_port(fixture->table, "lan");
	write_file(fixture, HEAD ROUTES WEB(", 10.9.0.1"));
	start(fixture);
	turn(fixture);
	assert_int_equal(fixture->table->state.routes.count, 1);
	set_connections(fixture, 1);
	write_file(fixture, HEAD WEB(""));
	turn(fixture);
	assert_int_equal(fixture->engine.reconciler.record.memory.drains.count, 1);
	assert_int_equal(fixture->table->state.routes.count, 1);
	uint64_t resync = fixture->engine.resync_next;
	/* Its deadline, long before the next resync would find the route. */
	set_connections(fixture, 0);
	fixture->engine.resync_next = resync + 1000 * SECOND;
	later(fixture, 21 * SECOND);
	assert_int_equal(fixture->engine.reconciler.record.memory.drains.count, 0);
	assert_null(live(fixture, "tcp://10.1.0.1:80", "10.9.0.1:80"));
	assert_int_equal(fixture->table->state.routes.count, 0);
	assert_int_equal(fixture->engine.counters.drift, 0);
}

static void a_missing_port_is_a_trouble(void **state)
{
	struct fixture *fixture = *state;
	const char *trouble;

	memory_put_port(fixture->table, "lan");
	write_file(fixture, HEAD "    aux: {device: net_null1}\n" WEB(""));
	start(fixture);
	turn(fixture);
	trouble = fixture->engine.troubles[ENGINE_TROUBLE_PORTS];
	assert_non_null(trouble);
	assert_non_null(strstr(trouble, "without the port `aux` of the files"));
	assert_true(engine_is_degraded(&fixture->engine));
	/* The data plane was started again. */
	memory_put_port(fixture->table, "aux");
	engine_mark_everything(&fixture->engine, ENGINE_REASON_RESYNC);
	turn(fixture);
	assert_null(fixture->engine.troubles[ENGINE_TROUBLE_PORTS]);
	assert_false(engine_is_degraded(&fixture->engine));
	/* Another port in the files, which has neither an address nor a route. */
	write_file(fixture, HEAD "    dmz: {device: net_null1}\n" WEB(""));
	turn(fixture);
	trouble = fixture->engine.troubles[ENGINE_TROUBLE_PORTS];
	assert_non_null(trouble);
	assert_non_null(strstr(trouble, "`dmz`"));
	/* It is no more wanted. */
	write_file(fixture, HEAD WEB(""));
	turn(fixture);
	assert_null(fixture->engine.troubles[ENGINE_TROUBLE_PORTS]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_route_goes_with_the_last_drain, setup, teardown),
		cmocka_unit_test_setup_teardown(a_missing_port_is_a_trouble, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
