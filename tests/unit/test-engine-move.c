// SPDX-License-Identifier: GPL-2.0-or-later
/* What poised does when its files name another backend: on two in memory, which the files call ipvs and dpdk. */
#include "tests/unit/engine-fixture.h"

#include "tests/support/build.h"

#define WEB  "tcp://192.0.2.1:80"
#define MAIL "tcp://192.0.2.2:25"

#define SERVICES(drain)                                                                            \
	"services:\n"                                                                              \
	"  web: {listen: " WEB ", " drain "destinations: [10.0.0.1, 10.0.0.2]}\n"                  \
	"  mail: {listen: " MAIL ", " drain "destinations: [10.0.0.1]}\n"
#define IPVS       "poise: 1\nbackend: ipvs\n"
#define DPDK       "poise: 1\nbackend: dpdk\ndpdk: {ports: {wan: {device: net_null0}}}\n"
#define AT_ONCE    "drain: 0s, "
#define ONE_ALONE  "services: {web: {listen: " WEB ", destinations: [10.0.0.1]}}\n"
#define IPVS_TABLE (fixture->table)
#define DPDK_TABLE (fixture->other)

static size_t services(const struct memory_table *table)
{
	return table->state.services.count;
}

static const struct destination *server_of(const struct memory_table *table)
{
	struct service_key key = build_key(WEB);
	struct destination_key server = build_destination_key("10.0.0.1:80");
	const struct service *service = state_find_service(&table->state, &key);

	return service ? service_find_destination(service, &server) : NULL;
}

static void connect_to(struct memory_table *table, uint32_t active)
{
	struct service_key key = build_key(WEB);
	struct destination_key server = build_destination_key("10.0.0.1:80");

	memory_set_counts(table, &key, &server, (struct destination_counts){.active = active});
}

/* Both services in IPVS. */
static void begin_on_ipvs(struct fixture *fixture, const char *text)
{
	fixture->moves = true;
	memory_put_port(DPDK_TABLE, "wan");
	assert_int_equal(file_replace(fixture->file, text, strlen(text), 0644), 0);
	start(fixture);
	turn(fixture);
	assert_int_equal(services(IPVS_TABLE), 2);
	memory_reset(IPVS_TABLE);
}

static void crash(struct fixture *fixture)
{
	stop(fixture);
	start(fixture);
	turn(fixture);
}

/* All in dpdk, nothing left, and nothing to do any more. */
static void expect_moved(struct fixture *fixture)
{
	assert_ptr_equal(fixture->engine.backend, &memory_other_backend);
	assert_null(fixture->engine.held);
	assert_null(fixture->engine.reconciler.record.left.backend);
	assert_int_equal(services(IPVS_TABLE), 0);
	assert_int_equal(services(DPDK_TABLE), 2);
	assert_false(engine_is_degraded(&fixture->engine));
	memory_reset(IPVS_TABLE);
	memory_reset(DPDK_TABLE);
	later(fixture, 31 * SECOND);
	crash(fixture);
	assert_int_equal(memory_writes(IPVS_TABLE) + memory_writes(DPDK_TABLE), 0);
	assert_ptr_equal(fixture->engine.backend, &memory_other_backend);
}

static void other_files_move_it(void **state)
{
	struct fixture *fixture = *state;

	begin_on_ipvs(fixture, IPVS SERVICES(AT_ONCE));
	write_file(fixture, DPDK SERVICES(AT_ONCE));
	turn(fixture);
	assert_non_null(strstr(fixture->last[ENGINE_EVENT_BACKEND], "nothing of poise is left"));
	expect_moved(fixture);
}

static void and_back(void **state)
{
	struct fixture *fixture = *state;

	begin_on_ipvs(fixture, IPVS SERVICES(AT_ONCE));
	write_file(fixture, DPDK SERVICES(AT_ONCE));
	turn(fixture);
	write_file(fixture, IPVS SERVICES(AT_ONCE));
	turn(fixture);
	assert_int_equal(services(IPVS_TABLE), 2);
	assert_int_equal(services(DPDK_TABLE), 0);
	assert_ptr_equal(fixture->engine.backend, &memory_backend);
}

static void what_drains_there_is_waited_for(void **state)
{
	struct fixture *fixture = *state;

	begin_on_ipvs(fixture, IPVS SERVICES(""));
	connect_to(IPVS_TABLE, 7);
	write_file(fixture, DPDK SERVICES(""));
	turn(fixture);
	assert_int_equal(services(DPDK_TABLE), 2);
	assert_int_equal(server_of(IPVS_TABLE)->attributes.weight, 0);
	later(fixture, SECOND);
	assert_int_equal(services(IPVS_TABLE), 1);
	assert_non_null(fixture->engine.reconciler.record.left.backend);
	/* Over a restart too, and no longer than the files said. */
	crash(fixture);
	later(fixture, 5 * SECOND);
	assert_int_equal(services(IPVS_TABLE), 1);
	later(fixture, 25 * SECOND);
	expect_moved(fixture);
}

static void without_the_other_one_nothing_is_begun(void **state)
{
	struct fixture *fixture = *state;
	size_t told;

	begin_on_ipvs(fixture, IPVS SERVICES(AT_ONCE));
	DPDK_TABLE->gone = true;
	write_file(fixture, DPDK SERVICES(AT_ONCE));
	turn(fixture);
	assert_non_null(strstr(fixture->engine.held_why, "until then memory is kept as it is"));
	assert_true(engine_is_degraded(&fixture->engine));
	told = fixture->events[ENGINE_EVENT_FILES_HELD];
	/* It is kept: what somebody changes there is put right. */
	struct service_key key = build_key(WEB);
	memory_remove_service(IPVS_TABLE, &key);
	later(fixture, 31 * SECOND);
	assert_int_equal(services(IPVS_TABLE), 2);
	assert_int_equal(fixture->events[ENGINE_EVENT_FILES_HELD], told);
	DPDK_TABLE->gone = false;
	later(fixture, 11 * SECOND);
	expect_moved(fixture);
}

static void nor_withdrawn_while_something_of_it_fails(void **state)
{
	struct fixture *fixture = *state;

	begin_on_ipvs(fixture, IPVS SERVICES(AT_ONCE));
	memory_fail(DPDK_TABLE, 2, -ENOMEM);
	write_file(fixture, DPDK SERVICES(AT_ONCE));
	turn(fixture);
	assert_int_equal(memory_writes(IPVS_TABLE), 0);
	assert_int_equal(services(IPVS_TABLE), 2);
	assert_int_equal(fixture->engine.retries.count, 1);
	later(fixture, 3 * SECOND);
	expect_moved(fixture);
}

static void what_cannot_be_withdrawn_is_told_once_and_tried_again(void **state)
{
	struct fixture *fixture = *state;

	begin_on_ipvs(fixture, IPVS SERVICES(AT_ONCE));
	memory_fail(IPVS_TABLE, 1, -EPERM);
	write_file(fixture, DPDK SERVICES(AT_ONCE));
	turn(fixture);
	assert_non_null(fixture->engine.withdraw_error.text);
	assert_true(engine_is_degraded(&fixture->engine));
	later(fixture, 3 * SECOND);
	expect_moved(fixture);
}

/* Too much would go: they are judged before anything is moved. */
/* What was in it has gone with it: nobody has to bring it back for the files to be put in force. */
static void the_one_before_need_not_be_there(void **state)
{
	struct fixture *fixture = *state;

	begin_on_ipvs(fixture, IPVS SERVICES(AT_ONCE));
	stop(fixture);
	IPVS_TABLE->gone = true;
	write_file(fixture, DPDK SERVICES(AT_ONCE));
	start(fixture);
	turn(fixture);
	assert_int_equal(services(DPDK_TABLE), 2);
	assert_null(fixture->engine.held);
	assert_null(fixture->engine.reconciler.record.left.backend);
}

/* Neither is there: whichever comes first is taken, and the files in the end. */
static void whichever_comes_back_is_taken(void **state)
{
	struct fixture *fixture = *state;

	begin_on_ipvs(fixture, IPVS SERVICES(AT_ONCE));
	stop(fixture);
	IPVS_TABLE->gone = DPDK_TABLE->gone = true;
	write_file(fixture, DPDK SERVICES(AT_ONCE));
	start(fixture);
	for (int i = 0; i < 5; i++)
		later(fixture, 11 * SECOND);
	assert_false(fixture->engine.connected);
	IPVS_TABLE->gone = false;
	for (int i = 0; i < 2; i++)
		later(fixture, 11 * SECOND);
	assert_ptr_equal(fixture->engine.backend, &memory_backend);
	assert_true(fixture->engine.connected);
	DPDK_TABLE->gone = false;
	for (int i = 0; i < 2; i++)
		later(fixture, 11 * SECOND);
	expect_moved(fixture);
}

static void the_guard_comes_first(void **state)
{
	struct fixture *fixture = *state;

	begin_on_ipvs(fixture, IPVS SERVICES(AT_ONCE));
	write_file(fixture, DPDK "max-delete: 10%\n" ONE_ALONE);
	turn(fixture);
	assert_int_equal(fixture->engine.held_reason, ENGINE_HELD_BLAST);
	assert_ptr_equal(fixture->engine.backend, &memory_backend);
	assert_int_equal(memory_writes(DPDK_TABLE), 0);
	/* Forced, they are in force once they are read there. */
	assert_int_equal(engine_reload(&fixture->engine, true, 0, "test", NULL), 0);
	turn(fixture);
	assert_null(fixture->engine.held);
	assert_int_equal(services(DPDK_TABLE), 1);
	assert_int_equal(services(IPVS_TABLE), 0);
}

static void a_move_alone_is_no_loss(void **state)
{
	struct fixture *fixture = *state;

	begin_on_ipvs(fixture, IPVS SERVICES(AT_ONCE));
	write_file(fixture, DPDK "max-delete: 0%\n" SERVICES(AT_ONCE));
	turn(fixture);
	expect_moved(fixture);
}

/* What was left before the daemon was there (`poise apply --no-wait`) is its concern too. */
static void it_goes_on_after_a_crash_anywhere(void **state)
{
	struct fixture *fixture = *state;

	begin_on_ipvs(fixture, IPVS SERVICES(AT_ONCE));
	for (size_t at = 1; at < 5; at++) {
		memory_lose(DPDK_TABLE, at, -EPIPE);
		write_file(fixture, DPDK SERVICES(AT_ONCE));
		turn(fixture);
		crash(fixture);
		expect_moved(fixture);
		memory_lose(IPVS_TABLE, at, -EPIPE);
		write_file(fixture, IPVS SERVICES(AT_ONCE));
		turn(fixture);
		crash(fixture);
		assert_int_equal(services(IPVS_TABLE), 2);
		assert_int_equal(services(DPDK_TABLE), 0);
		memory_reset(IPVS_TABLE);
	}
}

/* Under a confirmation */

static void move_confirmed(struct fixture *fixture)
{
	begin_on_ipvs(fixture, IPVS SERVICES(AT_ONCE));
	write_file(fixture, DPDK SERVICES(AT_ONCE));
	assert_int_equal(engine_reload(&fixture->engine, false, 60 * SECOND, "test", NULL), 0);
	turn(fixture);
	assert_true(fixture->engine.confirming);
	assert_int_equal(services(DPDK_TABLE), 2);
	later(fixture, 31 * SECOND);
	assert_int_equal(memory_writes(IPVS_TABLE), 0);
}

static void a_confirmed_one_is_finished_then(void **state)
{
	struct fixture *fixture = *state;

	move_confirmed(fixture);
	assert_int_equal(engine_confirm(&fixture->engine, "test", NULL), 0);
	turn(fixture);
	expect_moved(fixture);
}

static void a_suspension_ends_with_one(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_error_ struct error error = {};

	begin_on_ipvs(fixture, IPVS SERVICES(AT_ONCE));
	assert_int_equal(engine_suspend(&fixture->engine, "why", "test", NULL), 0);
	write_file(fixture, DPDK SERVICES(AT_ONCE));
	turn(fixture);
	/* It looks already, and touches nothing. */
	assert_int_equal(memory_writes(DPDK_TABLE) + memory_writes(IPVS_TABLE), 0);
	if (engine_resume(&fixture->engine, 60 * SECOND, "test", &error) < 0)
		fail_msg("%s", error.text);
	turn(fixture);
	assert_true(fixture->engine.confirming);
	assert_int_equal(services(DPDK_TABLE), 2);
	assert_int_equal(memory_writes(IPVS_TABLE), 0);
	assert_int_equal(engine_confirm(&fixture->engine, "test", NULL), 0);
	turn(fixture);
	expect_moved(fixture);
}

static void an_end_takes_away_what_is_left_too(void **state)
{
	struct fixture *fixture = *state;

	begin_on_ipvs(fixture, IPVS SERVICES(""));
	connect_to(IPVS_TABLE, 7);
	write_file(fixture, DPDK SERVICES(""));
	turn(fixture);
	assert_int_equal(services(DPDK_TABLE), 2);
	assert_int_not_equal(services(IPVS_TABLE), 0);
	assert_int_equal(engine_remove_all(&fixture->engine, NULL), 0);
	assert_int_equal(services(DPDK_TABLE), 0);
	assert_int_equal(services(IPVS_TABLE), 0);
}

static void expect_back(struct fixture *fixture)
{
	assert_ptr_equal(fixture->engine.backend, &memory_backend);
	assert_int_equal(services(IPVS_TABLE), 2);
	assert_int_equal(services(DPDK_TABLE), 0);
	assert_int_equal(memory_writes(IPVS_TABLE), 0);
	assert_non_null(fixture->engine.held);
	assert_null(fixture->engine.reconciler.record.left.backend);
}

static void one_that_nobody_confirms_goes_back(void **state)
{
	struct fixture *fixture = *state;

	move_confirmed(fixture);
	later(fixture, 61 * SECOND);
	turn(fixture);
	expect_back(fixture);
	/* And IPVS is kept as before. */
	connect_to(IPVS_TABLE, 1);
	struct service_key key = build_key(WEB);
	memory_remove_service(IPVS_TABLE, &key);
	later(fixture, 31 * SECOND);
	assert_int_equal(services(IPVS_TABLE), 2);
}

static void also_over_a_restart(void **state)
{
	struct fixture *fixture = *state;

	move_confirmed(fixture);
	assert_int_equal(engine_rollback(&fixture->engine, "test", NULL), 0);
	crash(fixture);
	expect_back(fixture);
}

/* What was moved to has died meanwhile, with all that it had: nobody waits for it to go back. */
static void one_that_died_keeps_nobody(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_error_ struct error error = {};

	move_confirmed(fixture);
	state_clear(&DPDK_TABLE->state);
	DPDK_TABLE->gone = true;
	DPDK_TABLE->read_code = -ENOENT;
	if (engine_rollback(&fixture->engine, "test", &error) < 0)
		fail_msg("%s", error.text);
	turn(fixture);
	expect_back(fixture);
	assert_false(fixture->engine.confirming);
	crash(fixture);
	expect_back(fixture);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(other_files_move_it),
		TEST(and_back),
		TEST(what_drains_there_is_waited_for),
		TEST(without_the_other_one_nothing_is_begun),
		TEST(nor_withdrawn_while_something_of_it_fails),
		TEST(what_cannot_be_withdrawn_is_told_once_and_tried_again),
		TEST(the_one_before_need_not_be_there),
		TEST(whichever_comes_back_is_taken),
		TEST(the_guard_comes_first),
		TEST(a_move_alone_is_no_loss),
		TEST(it_goes_on_after_a_crash_anywhere),
		TEST(a_confirmed_one_is_finished_then),
		TEST(a_suspension_ends_with_one),
		TEST(an_end_takes_away_what_is_left_too),
		TEST(one_that_nobody_confirms_goes_back),
		TEST(also_over_a_restart),
		TEST(one_that_died_keeps_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
