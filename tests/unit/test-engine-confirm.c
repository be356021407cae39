// SPDX-License-Identifier: GPL-2.0-or-later
/* Changes that must be confirmed, where something comes in between: a crash, other files, a suspension. */
#include <fcntl.h>

#include "tests/unit/engine-fixture.h"

#define LISTEN "tcp://10.0.0.1:80"

static unsigned int weight(struct fixture *fixture)
{
	return live(fixture, LISTEN, "10.9.0.1:80")->attributes.weight;
}

/* What a process that is killed leaves behind: nothing but what is on disk. */
static void crash(struct fixture *fixture)
{
	stop(fixture);
	start(fixture);
}

static void expire(struct fixture *fixture)
{
	fixture->engine.confirm_deadline = reconciler_now() + fixture->ahead + SECOND;
	later(fixture, 2 * SECOND);
	assert_false(fixture->engine.confirming);
}

static char *operator_file(struct fixture *fixture)
{
	return memory_printf("%s/operator.json", fixture->directory);
}

/* Four services; suspended, and the files have another weight in the first and leave the last out. */
static void begin_suspended(struct fixture *fixture)
{
	begin(fixture, 4);
	assert_int_equal(engine_suspend(&fixture->engine, "why", "test", NULL), 0);
	write_many(fixture, 3, 8);
	turn(fixture);
	assert_int_equal(weight(fixture), 1);
}

static void resume(struct fixture *fixture)
{
	_cleanup_error_ struct error error = {};

	if (engine_resume(&fixture->engine, 60 * SECOND, "test", &error) < 0)
		fail_msg("%s", error.text);
}

static void expect_awaited(struct fixture *fixture)
{
	assert_true(fixture->engine.confirming);
	assert_false(engine_is_suspended(&fixture->engine));
	assert_int_equal(weight(fixture), 8);
	assert_int_equal(fixture->table->state.services.count, 4);
}

static void expect_undone(struct fixture *fixture)
{
	assert_int_equal(weight(fixture), 1);
	assert_int_equal(fixture->table->state.services.count, 4);
	assert_non_null(fixture->engine.held);
}

/* The end of a suspension */

static void a_crash_after_a_resume_does_not_lose_the_way_back(void **state)
{
	struct fixture *fixture = *state;

	begin_suspended(fixture);
	resume(fixture);
	crash(fixture);
	turn(fixture);
	expect_awaited(fixture);
	expire(fixture);
	expect_undone(fixture);
}

static size_t kept_routers(const struct fixture *fixture)
{
	return engine_router_files(&fixture->engine)->config.routers.count;
}

/* Four services as they were, and one virtual router. */
static void write_router(struct fixture *fixture)
{
	_cleanup_free_ char *services = many(4, 1);
	_cleanup_free_ char *text = memory_printf(
		"%svrrp:\n  edge: {interface: eth0, vrid: 7, addresses: [10.0.0.1/24]}\n",
		services);

	write_file(fixture, text);
}

static void virtual_routers_wait_for_the_way_back_too(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 4);
	assert_int_equal(engine_suspend(&fixture->engine, "why", "test", NULL), 0);
	write_router(fixture);
	turn(fixture);
	assert_int_equal(kept_routers(fixture), 0);
	crash(fixture);
	turn(fixture);
	assert_int_equal(kept_routers(fixture), 0);
	resume(fixture);
	assert_int_equal(kept_routers(fixture), 0);
	turn(fixture);
	assert_true(fixture->engine.confirming);
	assert_int_equal(kept_routers(fixture), 1);
	expire(fixture);
	assert_int_equal(kept_routers(fixture), 0);
	assert_non_null(fixture->engine.held);
}

static void nor_does_one_while_the_pass_cannot_begin(void **state)
{
	struct fixture *fixture = *state;

	begin_suspended(fixture);
	resume(fixture);
	fixture->table->read_code = -EAGAIN;
	turn(fixture);
	assert_non_null(fixture->engine.pass_error.text);
	assert_true(engine_is_suspended(&fixture->engine));
	/* Nobody takes it for done, and it is not asked for twice. */
	assert_int_equal(engine_resume(&fixture->engine, 0, "test", NULL), -EBUSY);
	crash(fixture);
	turn(fixture);
	expect_awaited(fixture);
}

static void without_a_way_back_nothing_is_changed(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *blocked = memory_printf("%s/blocked", fixture->directory);
	const char *good;

	begin_suspended(fixture);
	resume(fixture);
	good = fixture->engine.options.state_dir;
	assert_int_equal(file_replace(blocked, "", 0, 0644), 0);
	fixture->engine.options.state_dir = fixture->engine.reconciler.options.state_dir = blocked;
	turn(fixture);
	later(fixture, 11 * SECOND);
	assert_int_equal(memory_writes(fixture->table), 0);
	assert_true(engine_is_suspended(&fixture->engine));
	fixture->engine.options.state_dir = fixture->engine.reconciler.options.state_dir = good;
	later(fixture, 11 * SECOND);
	expect_awaited(fixture);
	expire(fixture);
	expect_undone(fixture);
}

/* Where only the suspension's end cannot be written, it has not ended. */
static void both_are_on_disk_or_neither(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *blocked = memory_printf("%s/blocked", fixture->directory);
	_cleanup_free_ char *confirm = memory_printf("%s/confirm.json", fixture->directory);
	const char *good;

	begin_suspended(fixture);
	resume(fixture);
	good = fixture->engine.options.state_dir;
	assert_int_equal(file_replace(blocked, "", 0, 0644), 0);
	fixture->engine.options.state_dir = blocked; /* of operator.json */
	turn(fixture);
	assert_int_equal(memory_writes(fixture->table), 0);
	assert_int_not_equal(access(confirm, F_OK), 0);
	fixture->engine.options.state_dir = good;
	later(fixture, 11 * SECOND);
	expect_awaited(fixture);
}

static void a_crash_between_both_has_gone_on(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *path = operator_file(fixture), *text = NULL;
	size_t size;

	begin_suspended(fixture);
	resume(fixture);
	assert_int_equal(file_read_regular(AT_FDCWD, path, 1 << 20, &text, &size), 0);
	turn(fixture);
	expect_awaited(fixture);
	stop(fixture);
	assert_int_equal(file_replace(path, text, size, 0600), 0);
	start(fixture);
	turn(fixture);
	expect_awaited(fixture);
	/* Also on disk: the next one does not ask again. */
	if (engine_confirm(&fixture->engine, "test", NULL) < 0)
		fail_msg("it cannot be confirmed");
	turn(fixture);
	crash(fixture);
	write_many(fixture, 3, 9);
	turn(fixture);
	assert_false(fixture->engine.confirming);
	assert_int_equal(weight(fixture), 9);
}

/* After a reboot nothing is left that it could go back to. */
static void after_a_reboot_it_is_suspended_still(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_operator_ struct operator_state read = {};
	struct operator_clocks clocks;

	begin_suspended(fixture);
	resume(fixture);
	assert_int_equal(operator_clocks_read(&clocks, NULL), 0);
	stop(fixture);
	assert_int_equal(operator_load(fixture->directory, &read, NULL), 0);
	assert_true(read.resume_timeout == 60 * SECOND);
	strcpy(clocks.boot, "another");
	_cleanup_free_ char *path = operator_file(fixture);
	_cleanup_free_ char *text = operator_format(&read, &clocks);
	assert_int_equal(file_replace(path, text, strlen(text), 0600), 0);
	start(fixture);
	turn(fixture);
	assert_true(fixture->engine.operator.suspended);
	assert_string_equal(fixture->engine.operator.suspended_why, "why");
	assert_int_equal(memory_writes(fixture->table), 0);
	assert_int_equal(engine_resume(&fixture->engine, 0, "test", NULL), 0);
	turn(fixture);
	assert_int_equal(weight(fixture), 8);
}

static void files_that_went_bad_in_a_crash_leave_it_suspended(void **state)
{
	struct fixture *fixture = *state;

	begin_suspended(fixture);
	resume(fixture);
	stop(fixture);
	write_file(fixture, "poise: 1\nservicez: {}\n");
	start(fixture);
	turn(fixture);
	assert_true(engine_is_suspended(&fixture->engine));
	write_many(fixture, 3, 8);
	turn(fixture);
	assert_int_equal(weight(fixture), 1);
	/* And so it is for the next one. */
	crash(fixture);
	turn(fixture);
	assert_true(engine_is_suspended(&fixture->engine));
	assert_int_equal(memory_writes(fixture->table), 0);
}

static void a_resume_is_taken_back(void **state)
{
	struct fixture *fixture = *state;

	begin_suspended(fixture);
	resume(fixture);
	assert_int_equal(engine_suspend(&fixture->engine, NULL, "test", NULL), 0);
	turn(fixture);
	crash(fixture);
	turn(fixture);
	assert_true(engine_is_suspended(&fixture->engine));
	assert_int_equal(memory_writes(fixture->table), 0);
}

static void a_resume_that_changes_nothing_ends_the_suspension(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 4);
	assert_int_equal(engine_suspend(&fixture->engine, NULL, "test", NULL), 0);
	resume(fixture);
	turn(fixture);
	assert_false(fixture->engine.confirming);
	assert_false(engine_is_suspended(&fixture->engine));
	crash(fixture);
	write_many(fixture, 4, 5);
	turn(fixture);
	assert_false(fixture->engine.confirming);
	assert_int_equal(weight(fixture), 5);
}

/* Files that cannot be put in force */

static void refused(struct fixture *fixture, int code, const char *words)
{
	_cleanup_error_ struct error error = {};
	struct engine *engine = &fixture->engine;

	assert_int_equal(engine_resume(engine, 60 * SECOND, "test", &error), code);
	if (!strstr(error.text, "stays suspended") || !strstr(error.text, words))
		fail_msg("%s", error.text);
	turn(fixture);
	assert_true(engine->operator.suspended);
	assert_int_equal(memory_writes(fixture->table), 0);
}

static void what_is_mended_after_a_resume_does_not_go_live_unprotected(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 4);
	assert_int_equal(engine_suspend(&fixture->engine, NULL, "test", NULL), 0);
	write_file(fixture, "poise: 1\nservicez: {}\n");
	turn(fixture);
	refused(fixture, -EINVAL, "servicez");
	write_many(fixture, 3, 8);
	turn(fixture);
	assert_int_equal(memory_writes(fixture->table), 0);
	resume(fixture);
	turn(fixture);
	expect_awaited(fixture);
}

/* Also when other files were good while it was suspended, and when nobody has told of the typo yet. */
static void what_is_on_disk_counts(void **state)
{
	struct fixture *fixture = *state;
	static const char text[] = "poise: 1\nservicez: {}\n";

	begin_suspended(fixture);
	assert_int_equal(file_replace(fixture->file, text, strlen(text), 0644), 0);
	refused(fixture, -EINVAL, "servicez");
	write_many(fixture, 3, 8);
	resume(fixture);
	turn(fixture);
	expect_awaited(fixture);
}

static void what_would_be_held_leaves_it_suspended(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 10);
	assert_int_equal(engine_suspend(&fixture->engine, NULL, "test", NULL), 0);
	write_many(fixture, 2, 1);
	turn(fixture);
	refused(fixture, -EPERM, "too much would go at once");
	/* Forced, it is put in force with a way back. */
	assert_int_equal(engine_reload(&fixture->engine, true, 0, "test", NULL), 0);
	turn(fixture);
	assert_int_equal(memory_writes(fixture->table), 0);
	resume(fixture);
	turn(fixture);
	assert_true(fixture->engine.confirming);
	assert_int_equal(fixture->table->state.services.count, 10);
}

static void nor_does_it_end_without_a_backend(void **state)
{
	struct fixture *fixture = *state;

	begin_suspended(fixture);
	stop(fixture);
	fixture->table->open_code = -ENOENT;
	start(fixture);
	turn(fixture);
	refused(fixture, -ENOTCONN, "nothing can be changed now");
}

static void a_damaged_word_is_not_given_up_for_bad_files(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *path = operator_file(fixture);
	struct engine *engine = &fixture->engine;

	begin(fixture, 4);
	stop(fixture);
	assert_int_equal(file_replace(path, "{", 1, 0600), 0);
	write_file(fixture, "poise: 1\nservicez: {}\n");
	start(fixture);
	turn(fixture);
	assert_int_equal(engine_forget_operator(engine, 60 * SECOND, "test", NULL), -EINVAL);
	assert_non_null(engine->troubles[ENGINE_TROUBLE_OPERATOR]);
	write_many(fixture, 3, 8);
	turn(fixture);
	assert_int_equal(memory_writes(fixture->table), 0);
	assert_int_equal(engine_reload(engine, true, 60 * SECOND, "test", NULL), 0);
	crash(fixture);
	turn(fixture);
	expect_awaited(fixture);
}

/* A start on other files while something waits */

/* The first has weight 8, four services are there, and poised is stopped. */
static void begin_waiting(struct fixture *fixture)
{
	begin(fixture, 4);
	write_many(fixture, 3, 8);
	assert_int_equal(engine_reload(&fixture->engine, false, 600 * SECOND, "test", NULL), 0);
	turn(fixture);
	expect_awaited(fixture);
	stop(fixture);
}

static void expect_in_force(struct fixture *fixture)
{
	struct engine *engine = &fixture->engine;
	struct facts_drain drain = target(LISTEN, "10.9.0.2");
	struct engine_drained drained;

	expect_awaited(fixture);
	assert_non_null(engine->files);
	assert_true(engine->files->last_good);
	assert_int_equal(engine->files->declared.services.count, 3);
	/* Drains find it, and drift is mended. */
	engine_drained(engine, &drain, &drained);
	assert_int_equal(drained.count, 1);
	strbuf_clear(&drained.by);
	live(fixture, LISTEN, "10.9.0.1:80")->attributes.weight = 3;
	later(fixture, 31 * SECOND);
	expect_awaited(fixture);
}

static void what_waits_is_in_force_whatever_lies_there(void **state)
{
	struct fixture *fixture = *state;

	begin_waiting(fixture);
	write_file(fixture, "poise: 1\nservicez: {}\n");
	start(fixture);
	turn(fixture);
	assert_non_null(fixture->engine.rejected);
	expect_in_force(fixture);
	write_many(fixture, 4, 5);
	crash(fixture);
	turn(fixture);
	assert_int_equal(fixture->engine.held_reason, ENGINE_HELD_CONFIRM);
	expect_in_force(fixture);
	/* It is the files again when they are. */
	write_many(fixture, 3, 8);
	turn(fixture);
	assert_false(fixture->engine.files->last_good);
	assert_null(fixture->engine.held);
	expire(fixture);
	assert_int_equal(weight(fixture), 1);
}

static void it_is_undone_and_confirmed_all_the_same(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_error_ struct error error = {};

	begin_waiting(fixture);
	write_file(fixture, "poise: 1\nservicez: {}\n");
	start(fixture);
	turn(fixture);
	assert_int_equal(engine_rollback(&fixture->engine, "test", NULL), 0);
	turn(fixture);
	assert_int_equal(weight(fixture), 1);
	assert_int_equal(fixture->engine.files->declared.services.count, 4);
	stop(fixture);
	write_many(fixture, 3, 9);
	start(fixture);
	assert_int_equal(engine_reload(&fixture->engine, false, 60 * SECOND, "test", NULL), 0);
	turn(fixture);
	assert_true(fixture->engine.confirming);
	write_file(fixture, "poise: 1\nservicez: {}\n");
	crash(fixture);
	turn(fixture);
	if (engine_confirm(&fixture->engine, "test", &error) < 0)
		fail_msg("%s", error.text);
	turn(fixture);
	assert_int_equal(weight(fixture), 9);
	assert_int_equal(fixture->table->state.services.count, 3);
	assert_int_equal(fixture->engine.files->declared.services.count, 3);
}

static void nor_does_the_state_before_it_come_back_while_there_is_no_backend(void **state)
{
	struct fixture *fixture = *state;

	begin_waiting(fixture);
	fixture->table->open_code = -ENOENT;
	write_file(fixture, "poise: 1\nservicez: {}\n");
	start(fixture);
	turn(fixture);
	assert_false(fixture->engine.connected);
	later(fixture, SECOND);
	assert_true(fixture->engine.connected);
	expect_in_force(fixture);
}

/* What lies there when something is undone */

/* Something waits, and by now the files say something third. */
static void begin_beside(struct fixture *fixture)
{
	begin_waiting(fixture);
	start(fixture);
	write_many(fixture, 4, 5);
	turn(fixture);
	assert_int_equal(fixture->engine.held_reason, ENGINE_HELD_CONFIRM);
	expect_awaited(fixture);
}

static void expect_beside(struct fixture *fixture)
{
	struct engine *engine = &fixture->engine;

	assert_false(engine->confirming);
	assert_int_equal(weight(fixture), 1);
	assert_int_equal(fixture->table->state.services.count, 4);
	assert_non_null(engine->held);
	assert_int_equal(engine->held_reason, ENGINE_HELD_REFUSED);
	if (!strstr(engine->held_why, "lay there when another was not confirmed"))
		fail_msg("%s", engine->held_why);
	assert_true(engine_is_degraded(engine));
}

static void what_was_written_meanwhile_is_held_too(void **state)
{
	struct fixture *fixture = *state;

	begin_beside(fixture);
	expire(fixture);
	expect_beside(fixture);
	/* Read again it is no other, nor after a restart. */
	engine_files_changed(&fixture->engine);
	later(fixture, 31 * SECOND);
	expect_beside(fixture);
	assert_int_equal(engine_reload(&fixture->engine, false, 0, "test", NULL), 0);
	turn(fixture);
	expect_beside(fixture);
	crash(fixture);
	turn(fixture);
	expect_beside(fixture);
	/* What was undone is refused still, and what comes after both is not. */
	write_many(fixture, 3, 8);
	turn(fixture);
	assert_int_equal(weight(fixture), 1);
	assert_int_equal(fixture->engine.held_reason, ENGINE_HELD_REFUSED);
	write_many(fixture, 4, 6);
	turn(fixture);
	assert_int_equal(weight(fixture), 6);
	assert_null(fixture->engine.held);
	write_many(fixture, 4, 5);
	turn(fixture);
	assert_int_equal(weight(fixture), 5);
}

static void a_rollback_holds_it_until_it_is_forced(void **state)
{
	struct fixture *fixture = *state;

	begin_beside(fixture);
	assert_int_equal(engine_rollback(&fixture->engine, "test", NULL), 0);
	turn(fixture);
	expect_beside(fixture);
	assert_int_equal(engine_reload(&fixture->engine, true, 0, "test", NULL), 0);
	turn(fixture);
	assert_int_equal(weight(fixture), 5);
	assert_false(engine_is_degraded(&fixture->engine));
}

/* Nobody has told of it yet. */
static void what_is_not_read_yet_is_held_too(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *text = many(4, 5);

	begin_waiting(fixture);
	start(fixture);
	turn(fixture);
	assert_int_equal(file_replace(fixture->file, text, strlen(text), 0644), 0);
	expire(fixture);
	expect_beside(fixture);
}

static void what_is_gone_back_to_is_good(void **state)
{
	struct fixture *fixture = *state;

	begin_beside(fixture);
	write_many(fixture, 4, 1);
	turn(fixture);
	expire(fixture);
	assert_int_equal(weight(fixture), 1);
	assert_null(fixture->engine.held);
	assert_false(fixture->engine.files->last_good);
	assert_false(engine_is_degraded(&fixture->engine));
}

static void what_is_mended_after_it_is_followed(void **state)
{
	struct fixture *fixture = *state;

	begin_beside(fixture);
	write_file(fixture, "poise: 1\nservicez: {}\n");
	turn(fixture);
	expire(fixture);
	assert_non_null(fixture->engine.rejected);
	assert_int_equal(weight(fixture), 1);
	write_many(fixture, 4, 5);
	turn(fixture);
	assert_int_equal(weight(fixture), 5);
}

/* Puts `now` in the place of `before` in a file of the state directory. */
static void change_file(
	struct fixture *fixture, const char *name, const char *before, const char *now)
{
	_cleanup_free_ char *path = memory_printf("%s/%s", fixture->directory, name);
	_cleanup_free_ char *text = NULL;
	size_t size;

	assert_int_equal(file_read_regular(AT_FDCWD, path, 1 << 20, &text, &size), 0);
	assert_int_equal(strlen(before), strlen(now));
	char *place = strstr(text, before);
	assert_non_null(place);
	memcpy(place, now, strlen(now));
	assert_int_equal(file_replace(path, text, size, 0600), 0);
}

static void it_is_held_when_the_time_passed_without_poised(void **state)
{
	struct fixture *fixture = *state;
	char deadline[32], passed[32];

	begin_beside(fixture);
	snprintf(deadline, sizeof(deadline), "%llu",
		(unsigned long long)fixture->engine.confirm_deadline);
	snprintf(passed, sizeof(passed), "%-*d", (int)strlen(deadline), 1);
	stop(fixture);
	change_file(fixture, "confirm.json", deadline, passed);
	start(fixture);
	turn(fixture);
	expect_beside(fixture);
	crash(fixture);
	turn(fixture);
	expect_beside(fixture);
}

/* The table is empty then, and what is on disk is of another boot. */
static void reboot(struct fixture *fixture)
{
	char boot[RECORD_BOOT_SIZE], other[RECORD_BOOT_SIZE];

	assert_int_equal(record_boot(boot, NULL), 0);
	memcpy(other, boot, sizeof(other));
	*other = *boot == '0' ? '1' : '0';
	stop(fixture);
	change_file(fixture, "state.json", boot, other);
	change_file(fixture, "confirm.json", boot, other);
	while (fixture->table->state.services.count) {
		struct service_key key = fixture->table->state.services.items[0].key;

		memory_remove_service(fixture->table, &key);
	}
	start(fixture);
	turn(fixture);
}

static void it_is_held_after_a_reboot(void **state)
{
	struct fixture *fixture = *state;

	begin_beside(fixture);
	reboot(fixture);
	expect_beside(fixture);
}

static void what_was_good_before_a_reboot_is_so_after_it(void **state)
{
	struct fixture *fixture = *state;

	begin_beside(fixture);
	write_many(fixture, 4, 1);
	turn(fixture);
	reboot(fixture);
	assert_int_equal(weight(fixture), 1);
	assert_false(engine_is_degraded(&fixture->engine));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_crash_after_a_resume_does_not_lose_the_way_back),
		TEST(virtual_routers_wait_for_the_way_back_too),
		TEST(nor_does_one_while_the_pass_cannot_begin),
		TEST(without_a_way_back_nothing_is_changed),
		TEST(both_are_on_disk_or_neither),
		TEST(a_crash_between_both_has_gone_on),
		TEST(after_a_reboot_it_is_suspended_still),
		TEST(files_that_went_bad_in_a_crash_leave_it_suspended),
		TEST(a_resume_is_taken_back),
		TEST(a_resume_that_changes_nothing_ends_the_suspension),
		TEST(what_is_mended_after_a_resume_does_not_go_live_unprotected),
		TEST(what_is_on_disk_counts),
		TEST(what_would_be_held_leaves_it_suspended),
		TEST(nor_does_it_end_without_a_backend),
		TEST(a_damaged_word_is_not_given_up_for_bad_files),
		TEST(what_waits_is_in_force_whatever_lies_there),
		TEST(it_is_undone_and_confirmed_all_the_same),
		TEST(nor_does_the_state_before_it_come_back_while_there_is_no_backend),
		TEST(what_was_written_meanwhile_is_held_too),
		TEST(a_rollback_holds_it_until_it_is_forced),
		TEST(what_is_not_read_yet_is_held_too),
		TEST(what_is_gone_back_to_is_good),
		TEST(what_is_mended_after_it_is_followed),
		TEST(it_is_held_when_the_time_passed_without_poised),
		TEST(it_is_held_after_a_reboot),
		TEST(what_was_good_before_a_reboot_is_so_after_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
