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

#define SERVICE "services:\n  s: {listen: \"tcp://10.9.9.9:80\", destinations: [10.9.0.1]}\n"
#define ROUTERS                                                                                    \
	"poise: 1\n" SERVICE "vrrp:\n  a: {interface: eth0, vrid: %d, addresses: [10.0.0.1/24]}\n"

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

/* Where there are no services, files of virtual routers are put in force without a backend. */

#define ALONE                                                                                      \
	"poise: 1\nallow-empty: true\nvrrp:\n"                                                     \
	"  a: {interface: eth0, vrid: %d, addresses: [10.0.0.1/24]}\n"                             \
	"  b: {interface: eth0, vrid: 9, addresses: [10.0.0.9/24]}\n"

static void write_alone(struct fixture *fixture, int vrid)
{
	_cleanup_free_ char *text = memory_printf(ALONE, vrid);

	write_file(fixture, text);
}

static void begin_alone(struct fixture *fixture)
{
	fixture->table->gone = true;
	write_alone(fixture, 1);
	start(fixture);
	turn(fixture);
}

static void expect_in_force(const struct fixture *fixture, int vrid)
{
	assert_true(engine_is_idle(&fixture->engine));
	assert_null(fixture->engine.held);
	assert_null(fixture->engine.rejected);
	assert_non_null(fixture->engine.files);
	assert_true(fixture->engine.reconciled);
	assert_false(engine_is_degraded(&fixture->engine));
	assert_int_equal(kept_vrid(fixture), vrid);
}

static void routers_alone_are_in_force_without_a_backend(void **state)
{
	struct fixture *fixture = *state;

	begin_alone(fixture);
	expect_in_force(fixture, 1);
	write_alone(fixture, 2);
	turn(fixture);
	expect_in_force(fixture, 2);
	assert_int_equal(fixture->events[ENGINE_EVENT_FILES_HELD], 0);
	stop(fixture);
	start(fixture);
	turn(fixture);
	expect_in_force(fixture, 2);
}

static void they_are_known_after_a_restart(void **state)
{
	struct fixture *fixture = *state;

	begin_alone(fixture);
	write_file(fixture, "poise: 1\nvrrp: no\n");
	turn(fixture);
	assert_non_null(fixture->engine.rejected);
	stop(fixture);
	start(fixture);
	turn(fixture);
	assert_non_null(fixture->engine.rejected);
	assert_true(fixture->engine.files && fixture->engine.files->last_good);
	assert_true(fixture->engine.reconciled);
	assert_int_equal(kept_vrid(fixture), 1);
	write_alone(fixture, 2);
	turn(fixture);
	expect_in_force(fixture, 2);
}

static void the_blast_guard_holds_them(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_error_ struct error error = {};

	begin_alone(fixture);
	write_file(fixture, "poise: 1\nallow-empty: true\n");
	turn(fixture);
	assert_non_null(fixture->engine.held);
	assert_non_null(strstr(fixture->engine.held_why, "2 of 2 virtual routers would go"));
	assert_int_equal(kept_vrid(fixture), 1);
	assert_int_equal(engine_reload(&fixture->engine, true, 0, "test", &error), 0);
	turn(fixture);
	assert_null(fixture->engine.held);
	assert_int_equal(engine_router_files(&fixture->engine)->config.routers.count, 0);
}

/* Then they wait for it, as a whole. */
static void who_declares_services_then_needs_one(void **state)
{
	struct fixture *fixture = *state;

	begin_alone(fixture);
	write_vrid(fixture, 2);
	turn(fixture);
	assert_non_null(fixture->engine.held);
	assert_non_null(strstr(fixture->engine.held_why, "the files ask for memory"));
	assert_true(engine_is_idle(&fixture->engine));
	assert_int_equal(kept_vrid(fixture), 1);
	fixture->table->gone = false;
	later(fixture, 11 * SECOND);
	assert_true(fixture->engine.connected);
	assert_false(engine_is_idle(&fixture->engine));
	assert_null(fixture->engine.held);
	assert_int_equal(kept_vrid(fixture), 2);
	assert_int_equal(fixture->table->state.services.count, 1);
}

/* And who had them has to see them go. */
static void who_owns_services_needs_one(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 2);
	stop(fixture);
	begin_alone(fixture);
	assert_false(fixture->engine.connected);
	assert_true(engine_is_degraded(&fixture->engine));
}

/* Nor is one needed for the way back, whoever goes it. */
static void what_nobody_confirms_is_undone_without_a_backend(void **state)
{
	struct fixture *fixture = *state;
	struct engine *engine = &fixture->engine;

	begin_alone(fixture);
	write_alone(fixture, 2);
	assert_int_equal(engine_reload(engine, false, 60 * SECOND, "test", NULL), 0);
	turn(fixture);
	assert_true(engine->confirming);
	assert_int_equal(kept_vrid(fixture), 2);
	stop(fixture);
	start(fixture);
	turn(fixture);
	assert_true(engine_is_idle(engine));
	assert_true(engine->confirming);
	later(fixture, 61 * SECOND);
	assert_false(engine->confirming);
	assert_int_equal(kept_vrid(fixture), 1);
	write_alone(fixture, 3);
	turn(fixture);
	expect_in_force(fixture, 3);
}

static void what_a_backend_holds_is_undone_there(void **state)
{
	struct fixture *fixture = *state;

	fixture->table->gone = false;
	write_alone(fixture, 1);
	start(fixture);
	turn(fixture);
	write_vrid(fixture, 2);
	assert_int_equal(engine_reload(&fixture->engine, false, 60 * SECOND, "test", NULL), 0);
	turn(fixture);
	assert_true(fixture->engine.confirming);
	stop(fixture);
	fixture->table->gone = true;
	start(fixture);
	turn(fixture);
	assert_false(fixture->engine.connected);
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
		TEST(routers_alone_are_in_force_without_a_backend),
		TEST(they_are_known_after_a_restart),
		TEST(the_blast_guard_holds_them),
		TEST(who_declares_services_then_needs_one),
		TEST(who_owns_services_needs_one),
		TEST(what_nobody_confirms_is_undone_without_a_backend),
		TEST(what_a_backend_holds_is_undone_there),
	};

	return cmocka_run_group_tests_name("engine routers", tests, NULL, NULL);
}
