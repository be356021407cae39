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

#define ROUTERS                                                                                    \
	"poise: 1\nallow-empty: true\nvrrp:\n  a: {interface: eth0, vrid: %d, addresses: "         \
	"[10.0.0.1/24]}\n"

static int kept_vrid(const struct fixture *fixture)
{
	const struct files *files = engine_router_files(&fixture->engine);

	return files ? (int)files->config.routers.items[0].vrid : 0;
}

static void write_vrid(struct fixture *fixture, int vrid)
{
	_cleanup_free_ char *text = memory_printf(ROUTERS, vrid);

	write_file(fixture, text);
}

/* A machine that knows nothing, and whose backend is not there. */
static void begin_without_backend(struct fixture *fixture)
{
	fixture->table->gone = true;
	write_vrid(fixture, 1);
	start(fixture);
	turn(fixture);
	assert_false(fixture->engine.connected);
	assert_non_null(fixture->engine.held);
	assert_null(fixture->engine.files);
}

static void virtual_routers_need_no_backend(void **state)
{
	struct fixture *fixture = *state;

	begin_without_backend(fixture);
	assert_int_equal(kept_vrid(fixture), 1);
	write_vrid(fixture, 2);
	turn(fixture);
	assert_int_equal(kept_vrid(fixture), 2);
	/* A mistake changes nothing. */
	write_file(fixture, "poise: 1\nvrrp: no\n");
	turn(fixture);
	assert_non_null(fixture->engine.rejected);
	assert_int_equal(kept_vrid(fixture), 2);
	write_vrid(fixture, 2);
	fixture->table->gone = false;
	later(fixture, 11 * SECOND);
	assert_true(fixture->engine.connected);
	assert_non_null(fixture->engine.files);
	assert_null(fixture->engine.held);
	assert_int_equal(kept_vrid(fixture), 2);
}

static void a_suspended_poised_keeps_them_without_a_backend(void **state)
{
	struct fixture *fixture = *state;

	begin_without_backend(fixture);
	assert_int_equal(engine_suspend(&fixture->engine, "why", "test", NULL), 0);
	write_vrid(fixture, 2);
	turn(fixture);
	assert_int_equal(kept_vrid(fixture), 1);
	fixture->table->gone = false;
	later(fixture, 11 * SECOND);
	assert_int_equal(kept_vrid(fixture), 1);
	assert_int_equal(engine_resume(&fixture->engine, 0, "test", NULL), 0);
	turn(fixture);
	assert_int_equal(kept_vrid(fixture), 2);
}

/* And none that it never had. */
static void a_suspended_poised_begins_none(void **state)
{
	struct fixture *fixture = *state;

	begin_without_backend(fixture);
	assert_int_equal(engine_suspend(&fixture->engine, "why", "test", NULL), 0);
	stop(fixture);
	start(fixture);
	turn(fixture);
	assert_int_equal(kept_vrid(fixture), 0);
}

/* It is known what was in force, and these were never judged by it. */
static void files_that_were_never_judged_have_none_beside_a_record(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *good = memory_printf("%s/confirmed.yaml", fixture->directory);

	begin(fixture, 2);
	stop(fixture);
	assert_int_equal(unlink(good), 0);
	begin_without_backend(fixture);
	assert_int_equal(kept_vrid(fixture), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(the_blast_guard_holds_virtual_routers),
		TEST(virtual_routers_need_no_backend),
		TEST(a_suspended_poised_keeps_them_without_a_backend),
		TEST(a_suspended_poised_begins_none),
		TEST(files_that_were_never_judged_have_none_beside_a_record),
	};

	return cmocka_run_group_tests_name("engine routers", tests, NULL, NULL);
}
