// SPDX-License-Identifier: GPL-2.0-or-later
/* Whose virtual routers the engine keeps. */
#include "tests/unit/engine-fixture.h"

/* Services as they were, and so many virtual routers. */
static void write_routers(struct fixture *fixture, size_t routers)
{
	_cleanup_free_ char *services = many(2, 1);
	_cleanup_strbuf_ struct strbuf text = {};

	strbuf_printf(&text, "%s%s", services, routers ? "vrrp:\n" : "");
	for (size_t i = 1; i <= routers; i++)
		strbuf_printf(&text,
			"  r%zu: {interface: eth0, vrid: %zu, addresses: [10.0.0.%zu]}\n", i, i, i);
	write_file(fixture, text.text);
}

/* Also where the services stay, and where a restart lies in between. */
static void the_blast_guard_holds_virtual_routers(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_error_ struct error error = {};

	begin(fixture, 2);
	write_routers(fixture, 3);
	turn(fixture);
	assert_null(fixture->engine.held);
	stop(fixture);
	start(fixture);
	turn(fixture);
	write_routers(fixture, 0);
	turn(fixture);
	assert_non_null(fixture->engine.held);
	assert_non_null(strstr(fixture->engine.held_why, "3 of 3 virtual routers would go"));
	assert_int_equal(engine_router_files(&fixture->engine)->config.routers.count, 3);
	assert_int_equal(engine_reload(&fixture->engine, true, 0, "test", &error), 0);
	turn(fixture);
	assert_null(fixture->engine.held);
	assert_int_equal(engine_router_files(&fixture->engine)->config.routers.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(the_blast_guard_holds_virtual_routers),
	};

	return cmocka_run_group_tests_name("engine routers", tests, NULL, NULL);
}
