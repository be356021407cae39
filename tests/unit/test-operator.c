// SPDX-License-Identifier: GPL-2.0-or-later
/* operator.json: what is meant by a drain's end on which clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <cmocka.h>

#include "reconciler/operator.h"

#define SECOND UINT64_C(1000000000)

static const struct operator_clocks begin = {
	.boot = "c0ffee", .now = 5000 * SECOND, .wall = 1780000000 * SECOND};

/* A drain of ten minutes and one without an end, as they are saved at `begin`. */
static char *saved(void)
{
	_cleanup_operator_ struct operator_state state = {};
	struct facts_drain drain;

	assert_int_equal(operator_target_parse(NULL, "10.0.0.1", &drain, NULL), 0);
	drain.until = begin.now + 600 * SECOND;
	operator_drain(&state, &drain, 1780000000, "uid 0");
	assert_int_equal(operator_target_parse(NULL, "10.0.0.2", &drain, NULL), 0);
	drain.until = UINT64_MAX;
	operator_drain(&state, &drain, 1780000000, "uid 0");
	return operator_format(&state, &begin);
}

/* How many seconds the first drain lasts still, read then; -1: it is over. */
static long left_at(const char *text, const struct operator_clocks *clocks)
{
	_cleanup_operator_ struct operator_state state = {};
	_cleanup_error_ struct error error = {};

	if (operator_parse(text, strlen(text), clocks, &state, &error) < 0)
		fail_msg("%s", error.text);
	assert_true(state.drains.count >= 1);
	assert_true(state.drains.items[state.drains.count - 1].fact.until == UINT64_MAX);
	if (state.drains.count == 1)
		return -1;
	return (long)((state.drains.items[0].fact.until - clocks->now) / SECOND);
}

static void a_restart_follows_no_step_of_the_clock(void **state)
{
	_cleanup_free_ char *text = saved();
	struct operator_clocks then = begin;

	(void)state;
	then.now += 60 * SECOND;
	then.wall += 60 * SECOND;
	assert_int_equal(left_at(text, &then), 540);
	then.wall += 86400 * SECOND;
	assert_int_equal(left_at(text, &then), 540);
	then.wall -= 7 * 86400 * SECOND;
	assert_int_equal(left_at(text, &then), 540);
	then.now += 540 * SECOND;
	assert_int_equal(left_at(text, &then), -1);
}

static void after_a_reboot_the_wall_counts(void **state)
{
	_cleanup_free_ char *text = saved();
	struct operator_clocks then = {
		.boot = "beef", .now = 9 * SECOND, .wall = begin.wall + 300 * SECOND};

	(void)state;
	assert_int_equal(left_at(text, &then), 300);
	then.wall += 300 * SECOND;
	assert_int_equal(left_at(text, &then), -1);
}

static void a_file_without_a_boot_has_the_wall_alone(void **state)
{
	static const char text[] = "{\"poise\": 1, \"drains\": [{\"destination\": \"10.0.0.1\", "
				   "\"since\": 1, \"until\": "
				   "1780000600}, {\"destination\": \"10.0.0.2\", \"since\": 1}]}";
	struct operator_clocks then = begin;

	(void)state;
	assert_int_equal(left_at(text, &then), 600);
	then.wall += SECOND / 2;
	assert_int_equal(left_at(text, &then), 599);
}

/* What is saved after a step says the right time of the new clock. */
static void what_is_saved_again_has_the_new_wall(void **state)
{
	_cleanup_free_ char *text = saved(), *again = NULL;
	_cleanup_operator_ struct operator_state read = {};
	struct operator_clocks then = begin, booted = {.boot = "beef", .now = SECOND};

	(void)state;
	then.wall += 86400 * SECOND;
	assert_int_equal(operator_parse(text, strlen(text), &then, &read, NULL), 0);
	again = operator_format(&read, &then);
	booted.wall = then.wall + 100 * SECOND;
	assert_int_equal(left_at(again, &booted), 500);
}

/* The wish to go on with a change that must be confirmed is of one boot. */
static void a_reboot_forgets_what_was_to_be_confirmed(void **state)
{
	_cleanup_operator_ struct operator_state resuming = {
		.suspended = true, .suspended_since = 1780000000, .resume_timeout = 60 * SECOND};
	_cleanup_free_ char *text = operator_format(&resuming, &begin);
	_cleanup_operator_ struct operator_state here = {}, booted = {};
	struct operator_clocks then = begin;

	(void)state;
	then.now += 60 * SECOND;
	assert_int_equal(operator_parse(text, strlen(text), &then, &here, NULL), 0);
	assert_true(here.suspended && here.resume_timeout == 60 * SECOND);
	strcpy(then.boot, "beef");
	assert_int_equal(operator_parse(text, strlen(text), &then, &booted, NULL), 0);
	assert_true(booted.suspended && !booted.resume_timeout);
}

static void a_time_to_confirm_is_bounded(void **state)
{
	static const char text[] =
		"{\"poise\": 1, \"boot\": \"c0ffee\", \"suspended\": true, "
		"\"resume-confirm-timeout\": 9000000000000000000, \"drains\": []}";
	_cleanup_operator_ struct operator_state read = {};

	(void)state;
	assert_int_equal(operator_parse(text, strlen(text), &begin, &read, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_restart_follows_no_step_of_the_clock),
		cmocka_unit_test(after_a_reboot_the_wall_counts),
		cmocka_unit_test(a_file_without_a_boot_has_the_wall_alone),
		cmocka_unit_test(what_is_saved_again_has_the_new_wall),
		cmocka_unit_test(a_reboot_forgets_what_was_to_be_confirmed),
		cmocka_unit_test(a_time_to_confirm_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
