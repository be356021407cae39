// SPDX-License-Identifier: GPL-2.0-or-later
/* The engine when one trouble meets another: a confirmation and a failure, a suspension and a retry, a full disk and drift. */
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/engine-fixture.h"

#define LISTEN "tcp://10.0.0.1:80"

static unsigned int weight(struct fixture *fixture)
{
	return live(fixture, LISTEN, "10.9.0.1:80")->attributes.weight;
}

/* Four services; then `services` of that weight, which wait for their confirmation. */
static void begin_confirm(struct fixture *fixture, size_t services, unsigned int value, uint64_t ns)
{
	begin(fixture, 4);
	write_many(fixture, services, value);
	assert_int_equal(engine_reload(&fixture->engine, false, ns, "test", NULL), 0);
	turn(fixture);
	assert_true(fixture->engine.confirming);
}

/* The time to confirm ends; two more resyncs. */
static void let_it_pass(struct fixture *fixture)
{
	later(fixture, 61 * SECOND);
	later(fixture, 31 * SECOND);
	later(fixture, 31 * SECOND);
}

static char *path_of(struct fixture *fixture, const char *name)
{
	return memory_printf("%s/%s", fixture->directory, name);
}

static void a_failed_read_loses_no_confirmation(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 4);
	write_many(fixture, 3, 8);
	assert_int_equal(engine_reload(&fixture->engine, false, 60 * SECOND, "test", NULL), 0);
	fixture->table->read_code = -EAGAIN;
	turn(fixture);
	assert_int_equal(weight(fixture), 1);
	/* A reload that asks for none does not take it back. */
	assert_int_equal(engine_reload(&fixture->engine, false, 0, "test", NULL), 0);
	later(fixture, SECOND);
	assert_true(fixture->engine.confirming);
	assert_int_equal(weight(fixture), 8);
	assert_int_equal(fixture->table->state.services.count, 4);
	let_it_pass(fixture);
	assert_int_equal(weight(fixture), 1);
}

static void what_changes_nothing_needs_no_confirmation(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 4);
	assert_int_equal(engine_reload(&fixture->engine, false, 60 * SECOND, "test", NULL), 0);
	turn(fixture);
	assert_false(fixture->engine.confirming);
	let_it_pass(fixture);
	assert_false(engine_is_degraded(&fixture->engine));
	assert_null(fixture->engine.reconciler.record.refused);
}

static void a_confirmation_that_cannot_be_kept_can_be_given_again(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *confirmed = path_of(fixture, "confirmed.yaml");
	_cleanup_free_ char *aside = path_of(fixture, "aside");

	begin_confirm(fixture, 4, 8, 60 * SECOND);
	assert_int_equal(rename(confirmed, aside), 0);
	assert_int_equal(mkdir(confirmed, 0700), 0);
	assert_true(engine_confirm(&fixture->engine, "test", NULL) < 0);
	assert_true(fixture->engine.confirming);
	assert_int_equal(rmdir(confirmed), 0);
	assert_int_equal(engine_confirm(&fixture->engine, "test", NULL), 0);
	let_it_pass(fixture);
	assert_int_equal(weight(fixture), 8);
	assert_false(engine_is_degraded(&fixture->engine));
}

static void a_confirmation_holds_when_the_backend_fails(void **state)
{
	struct fixture *fixture = *state;

	begin_confirm(fixture, 3, 8, 60 * SECOND);
	fixture->table->read_code = -ENOENT;
	assert_int_equal(engine_confirm(&fixture->engine, "test", NULL), 0);
	let_it_pass(fixture);
	assert_int_equal(weight(fixture), 8);
	assert_int_equal(fixture->table->state.services.count, 3);
	assert_false(engine_is_degraded(&fixture->engine));
}

static void what_is_confirmed_too_late_stays_undone(void **state)
{
	struct fixture *fixture = *state;

	begin_confirm(fixture, 3, 8, 3 * SECOND);
	assert_int_equal(nanosleep(&(struct timespec){.tv_sec = 3, .tv_nsec = 1000000}, NULL), 0);
	assert_int_equal(engine_confirm(&fixture->engine, "test", NULL), -ETIME);
	assert_int_equal(weight(fixture), 1);
	let_it_pass(fixture);
	assert_int_equal(weight(fixture), 1);
	assert_int_equal(fixture->table->state.services.count, 4);
	assert_non_null(fixture->engine.held);
}

static void an_undo_that_failed_is_tried_again(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *pending = path_of(fixture, "confirm.json");

	begin_confirm(fixture, 4, 8, 60 * SECOND);
	fixture->table->read_code = -ENOENT;
	later(fixture, 61 * SECOND);
	assert_true(fixture->engine.confirming);
	later(fixture, 11 * SECOND);
	assert_int_equal(weight(fixture), 1);
	assert_int_equal(access(pending, F_OK), -1);
	assert_non_null(fixture->engine.reconciler.record.refused);
}

static void a_full_disk_does_not_bring_back_what_is_undone(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *record = path_of(fixture, "state.json");

	begin_confirm(fixture, 4, 8, 60 * SECOND);
	/* A directory in its place: the record cannot be written. */
	assert_int_equal(unlink(record), 0);
	assert_int_equal(mkdir(record, 0700), 0);
	assert_true(engine_rollback(&fixture->engine, "test", NULL) < 0);
	for (int i = 0; i < 5; i++) {
		later(fixture, 31 * SECOND);
		assert_int_equal(weight(fixture), 1);
	}
	assert_int_equal(rmdir(record), 0);
	later(fixture, 11 * SECOND);
	assert_false(fixture->engine.confirming);
	assert_non_null(fixture->engine.held);
	assert_int_equal(weight(fixture), 1);
}

/* Most of it may be what nobody confirmed. */
static void what_came_while_one_waited_is_held_after_it(void **state)
{
	struct fixture *fixture = *state;

	begin_confirm(fixture, 4, 8, 60 * SECOND);
	write_many(fixture, 4, 5);
	turn(fixture);
	assert_non_null(fixture->engine.held);
	let_it_pass(fixture);
	assert_int_equal(weight(fixture), 1);
	assert_non_null(fixture->engine.held);
	write_many(fixture, 4, 6);
	turn(fixture);
	assert_int_equal(weight(fixture), 6);
	assert_false(engine_is_degraded(&fixture->engine));
}

static void what_came_before_a_restart_is_held_after_the_wait(void **state)
{
	struct fixture *fixture = *state;

	begin_confirm(fixture, 4, 8, 60 * SECOND);
	stop(fixture);
	write_many(fixture, 4, 5);
	start(fixture);
	turn(fixture);
	assert_int_equal(weight(fixture), 8);
	let_it_pass(fixture);
	assert_int_equal(weight(fixture), 1);
	assert_int_equal(engine_reload(&fixture->engine, true, 0, "test", NULL), 0);
	turn(fixture);
	assert_int_equal(weight(fixture), 5);
}

static void files_that_went_back_to_what_waits_are_not_held(void **state)
{
	struct fixture *fixture = *state;

	begin_confirm(fixture, 4, 8, 60 * SECOND);
	write_many(fixture, 4, 5);
	turn(fixture);
	write_many(fixture, 4, 8);
	turn(fixture);
	assert_null(fixture->engine.held);
	assert_false(engine_is_degraded(&fixture->engine));
}

static void a_suspended_poised_notes_nothing(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 4);
	assert_int_equal(engine_suspend(&fixture->engine, NULL, "test", NULL), 0);
	write_many(fixture, 4, 8);
	later(fixture, 31 * SECOND);
	later(fixture, 31 * SECOND);
	assert_int_equal(fixture->engine.history.count, 1);
	assert_int_equal(fixture->events[ENGINE_EVENT_APPLIED], 1);
}

static void a_suspended_poised_mends_nothing(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 4);
	memory_fail(fixture->table, 1, -ENOMEM);
	write_many(fixture, 4, 8);
	turn(fixture);
	assert_int_equal(engine_suspend(&fixture->engine, NULL, "test", NULL), 0);
	later(fixture, 31 * SECOND);
	assert_int_equal(fixture->engine.retries.count, 1);
	assert_int_equal(fixture->events[ENGINE_EVENT_RECOVERED], 0);
	assert_true(engine_is_degraded(&fixture->engine));
	assert_int_equal(engine_resume(&fixture->engine, 0, "test", NULL), 0);
	turn(fixture);
	assert_int_equal(fixture->events[ENGINE_EVENT_RECOVERED], 1);
	assert_int_equal(weight(fixture), 8);
}

static void a_full_disk_stops_only_what_is_new(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *blocked = path_of(fixture, "blocked");
	struct service_key old = service_key("tcp://10.0.1.1:80");
	struct engine *engine = &fixture->engine;

	begin(fixture, 3);
	assert_int_equal(file_replace(blocked, "", 0, 0644), 0);
	engine->options.state_dir = engine->reconciler.options.state_dir = blocked;
	write_many(fixture, 4, 4);
	turn(fixture);
	assert_int_equal(weight(fixture), 4);
	memory_remove_service(fixture->table, &old);
	later(fixture, 31 * SECOND);
	assert_non_null(state_find_service(&fixture->table->state, &old));
	assert_int_equal(fixture->table->state.services.count, 3);
	assert_int_equal(engine->reconciler.record.memory.owned.count, 3);
	assert_true(engine_is_degraded(engine));
	engine->options.state_dir = engine->reconciler.options.state_dir = fixture->directory;
	later(fixture, 11 * SECOND);
	assert_int_equal(fixture->table->state.services.count, 4);
	assert_false(engine_is_degraded(engine));
}

static void a_deletion_that_waits_is_not_forgotten(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 4);
	memory_fail(fixture->table, 1, -EBUSY);
	write_many(fixture, 3, 1);
	turn(fixture);
	assert_int_equal(fixture->engine.retries.count, 1);
	/* A pass over everything before the retry. */
	assert_int_equal(engine_suspend(&fixture->engine, NULL, "test", NULL), 0);
	assert_int_equal(engine_resume(&fixture->engine, 0, "test", NULL), 0);
	turn(fixture);
	assert_int_equal(fixture->engine.reconciler.record.memory.owned.count, 4);
	later(fixture, 2 * SECOND);
	assert_int_equal(fixture->table->state.services.count, 3);
	assert_int_equal(fixture->engine.reconciler.record.memory.owned.count, 3);
}

static void what_waits_is_removed_too(void **state)
{
	struct fixture *fixture = *state;

	begin_confirm(fixture, 4, 8, 60 * SECOND);
	assert_int_equal(engine_remove_all(&fixture->engine, NULL), 0);
	assert_int_equal(fixture->table->state.services.count, 0);
}

/* Whoever suspended it holds the table in his own hands. */
static void nothing_is_removed_under_a_suspension(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_error_ struct error error = {};

	begin(fixture, 3);
	memory_reset(fixture->table);
	assert_int_equal(engine_suspend(&fixture->engine, NULL, "test", NULL), 0);
	assert_int_equal(engine_remove_all(&fixture->engine, &error), -EPERM);
	assert_non_null(strstr(error.text, "suspended"));
	assert_int_equal(memory_writes(fixture->table), 0);
	/* Nor when it begins and ends suspended. */
	stop(fixture);
	start(fixture);
	turn(fixture);
	assert_int_equal(engine_remove_all(&fixture->engine, NULL), -EPERM);
	assert_int_equal(fixture->table->state.services.count, 3);
	assert_int_equal(engine_resume(&fixture->engine, 0, "test", NULL), 0);
	assert_int_equal(engine_remove_all(&fixture->engine, NULL), 0);
	assert_int_equal(fixture->table->state.services.count, 0);
}

static void changes_under_a_suspension_do_not_pile_up(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 1000);
	assert_int_equal(engine_suspend(&fixture->engine, NULL, "test", NULL), 0);
	for (unsigned int i = 0; i < 100; i++) {
		struct strbuf text = {};

		strbuf_add(&text, "poise: 1\nservices:\n");
		for (size_t s = 0; s < 1000; s++)
			strbuf_printf(&text,
				"  s%zu: {listen: \"tcp://10.%zu.%zu.1:80\", destinations: "
				"[{address: 10.9.0.1, weight: %u}, 10.9.0.2, 10.9.0.3]}\n",
				s, s / 250, s % 250, 1 + i);
		write_file(fixture, text.text);
		strbuf_clear(&text);
		turn(fixture);
		assert_true(fixture->engine.dirty.count <= 70000);
	}
	assert_int_equal(engine_resume(&fixture->engine, 0, "test", NULL), 0);
	turn(fixture);
	assert_int_equal(weight(fixture), 100);
}

static void times_end_within_a_lifetime(void **state)
{
	struct fixture *fixture = *state;
	struct facts_drain drain = target(NULL, "10.9.0.1");
	size_t matches;

	begin(fixture, 2);
	assert_int_equal(
		engine_drain(&fixture->engine, &drain, UINT64_MAX - 1, "test", &matches, NULL),
		-EINVAL);
	assert_int_equal(
		engine_reload(&fixture->engine, false, UINT64_MAX - 1, "test", NULL), -EINVAL);
	assert_int_equal(fixture->engine.operator.drains.count, 0);
}

static void what_a_broken_pass_did_is_told(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 4);
	memory_lose(fixture->table, 4, -ECONNRESET);
	write_many(fixture, 6, 8);
	turn(fixture);
	assert_non_null(fixture->engine.pass_error.text);
	assert_int_equal(fixture->engine.history.count, 2);
	assert_int_equal(fixture->engine.history.items[1].applied.add, 3);
	later(fixture, SECOND);
	assert_int_equal(fixture->table->state.services.count, 6);
	const struct engine_counters *counters = &fixture->engine.counters;
	assert_int_equal(
		counters->operations[PLAN_OBJECT_SERVICE][PLAN_VERB_ADD][BACKEND_RESULT_DONE] +
			counters->operations[PLAN_OBJECT_DESTINATION][PLAN_VERB_ADD]
					    [BACKEND_RESULT_DONE],
		6 * 4);
	assert_int_equal(counters->pass_failures, 1);
	assert_false(counters->last_pass_failed);
}

static void a_pipe_among_the_files_keeps_nobody(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *folder = path_of(fixture, "folder");
	_cleanup_free_ char *pipe = path_of(fixture, "folder/b.yaml");

	assert_int_equal(mkdir(folder, 0755), 0);
	assert_int_equal(mkfifo(pipe, 0644), 0);
	fixture->paths[0] = folder;
	alarm(60); /* the end of who waits for a writer */
	start(fixture);
	turn(fixture);
	alarm(0);
	assert_non_null(fixture->engine.rejected);
	assert_non_null(strstr(fixture->engine.rejected->problems, pipe));
}

/* A directory with poise.yaml and, of the four services, one in conf.d. */
static char *lay_folder(struct fixture *fixture, bool with_more)
{
	_cleanup_free_ char *folder = path_of(fixture, "folder");
	_cleanup_free_ char *main = path_of(fixture, "folder/poise.yaml");
	_cleanup_free_ char *more = path_of(fixture, "folder/conf.d");
	_cleanup_free_ char *file = path_of(fixture, "folder/conf.d/a.yaml");
	_cleanup_free_ char *text = many(3, 1);
	static const char last[] =
		"poise: 1\nservices: {last: {listen: \"tcp://10.8.0.1:80\", drain: "
		"0s, destinations: [10.9.0.1]}}\n";

	assert_true(mkdir(folder, 0755) == 0 || errno == EEXIST);
	assert_int_equal(file_replace(main, text, strlen(text), 0644), 0);
	unlink(file);
	rmdir(more);
	if (with_more) {
		assert_int_equal(mkdir(more, 0755), 0);
		assert_int_equal(file_replace(file, last, strlen(last), 0644), 0);
	}
	if (fixture->open)
		engine_files_changed(&fixture->engine);
	return STEAL(folder);
}

static void a_conf_d_that_is_gone_is_no_deletion(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *folder = lay_folder(fixture, true);

	fixture->paths[0] = folder;
	start(fixture);
	turn(fixture);
	assert_int_equal(fixture->table->state.services.count, 4);
	free(lay_folder(fixture, false));
	later(fixture, 31 * SECOND);
	assert_int_equal(fixture->table->state.services.count, 4);
	assert_non_null(fixture->engine.held);
	assert_non_null(strstr(fixture->engine.held_why, "conf.d is gone, and 1 file with it"));
	free(lay_folder(fixture, true));
	turn(fixture);
	assert_null(fixture->engine.held);
	free(lay_folder(fixture, false));
	turn(fixture);
	assert_int_equal(engine_reload(&fixture->engine, true, 0, "test", NULL), 0);
	turn(fixture);
	assert_null(fixture->engine.held);
	assert_int_equal(fixture->table->state.services.count, 3);
}

static void what_was_forced_stays_forced_over_a_crash(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 4);
	write_many(fixture, 1, 1);
	turn(fixture);
	assert_non_null(fixture->engine.held);
	assert_int_equal(engine_reload(&fixture->engine, true, 0, "test", NULL), 0);
	fixture->table->read_code = -EIO;
	turn(fixture);
	assert_int_equal(fixture->table->state.services.count, 4);
	stop(fixture);
	start(fixture);
	turn(fixture);
	assert_null(fixture->engine.held);
	assert_int_equal(fixture->table->state.services.count, 1);
}

static void nothing_is_forced_in_vain(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_error_ struct error error = {};

	write_many(fixture, 4, 1);
	start(fixture);
	assert_int_equal(engine_reload(&fixture->engine, true, 0, "test", &error), -ENOTCONN);
	stop(fixture);
	begin_confirm(fixture, 4, 8, 60 * SECOND);
	assert_int_equal(engine_reload(&fixture->engine, true, 0, "test", &error), -EBUSY);
	assert_non_null(strstr(error.text, "poise confirm"));
}

static void an_undo_at_the_start_is_noted(void **state)
{
	struct fixture *fixture = *state;

	begin_confirm(fixture, 4, 8, 3 * SECOND);
	stop(fixture);
	assert_int_equal(nanosleep(&(struct timespec){.tv_sec = 3, .tv_nsec = 1000000}, NULL), 0);
	start(fixture);
	turn(fixture);
	assert_int_equal(weight(fixture), 1);
	bool noted = false;

	vector_foreach(&fixture->engine.history, entry)
		noted |= entry->reason == ENGINE_REASON_ROLLBACK;
	assert_true(noted);
}

/* The lock of the process that is killed goes on being the supervisor's: its next one gets it as it is. */
static void a_half_record_of_the_killed_goes(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *half = memory_printf("%s/state.json.abcdef", fixture->directory);

	begin(fixture, 4);
	stop(fixture);
	assert_int_equal(file_replace(half, "{", 1, 0600), 0);
	start(fixture);
	fixture->engine.options.lock = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(fixture->engine.options.lock >= 0);
	turn(fixture);
	assert_true(fixture->engine.reconciled);
	assert_int_equal(memory_writes(fixture->table), 0);
	assert_int_equal(access(half, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_failed_read_loses_no_confirmation),
		TEST(what_changes_nothing_needs_no_confirmation),
		TEST(a_confirmation_that_cannot_be_kept_can_be_given_again),
		TEST(a_confirmation_holds_when_the_backend_fails),
		TEST(what_is_confirmed_too_late_stays_undone),
		TEST(an_undo_that_failed_is_tried_again),
		TEST(a_full_disk_does_not_bring_back_what_is_undone),
		TEST(what_came_while_one_waited_is_held_after_it),
		TEST(what_came_before_a_restart_is_held_after_the_wait),
		TEST(files_that_went_back_to_what_waits_are_not_held),
		TEST(a_suspended_poised_notes_nothing),
		TEST(a_suspended_poised_mends_nothing),
		TEST(a_full_disk_stops_only_what_is_new),
		TEST(a_deletion_that_waits_is_not_forgotten),
		TEST(what_waits_is_removed_too),
		TEST(nothing_is_removed_under_a_suspension),
		TEST(changes_under_a_suspension_do_not_pile_up),
		TEST(times_end_within_a_lifetime),
		TEST(what_a_broken_pass_did_is_told),
		TEST(a_pipe_among_the_files_keeps_nobody),
		TEST(a_conf_d_that_is_gone_is_no_deletion),
		TEST(what_was_forced_stays_forced_over_a_crash),
		TEST(nothing_is_forced_in_vain),
		TEST(an_undo_at_the_start_is_noted),
		TEST(a_half_record_of_the_killed_goes),
	};

	return cmocka_run_group_tests_name("engine trouble", tests, NULL, NULL);
}
