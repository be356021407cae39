// SPDX-License-Identifier: GPL-2.0-or-later
/* When a burst of file events is over, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/macros.h"
#include "daemon/watch.h"
#include "daemon/watch_settle.h"

#define MS 1000000ull

/* A clock that does not start at 0, which means "none" to the code. */
#define START (1000 * MS)

static struct watch_settle settle_of_defaults(void)
{
	return (struct watch_settle){.atomic = WATCH_DEBOUNCE_ATOMIC_NS,
		.debounce = WATCH_DEBOUNCE_NS,
		.most = WATCH_SETTLE_MOST_NS};
}

/* The first moment, in ms after START, at which a check (as often as its deadline asks) says so; -1: quiet first. */
static int told_at(struct watch_settle *settle)
{
	for (unsigned int i = 0; i < 1000; i++) {
		uint64_t now = settle->deadline;
		enum watch_settle_verdict verdict = watch_settle_check(settle, now);

		if (verdict == WATCH_SETTLE_QUIET)
			return -1;
		if (verdict == WATCH_SETTLE_TELL)
			return (int)((now - START) / MS);
		assert_true(settle->deadline > now);
	}
	fail();
	return -1;
}

static void a_lone_rename_is_told_at_once(void **state _unused_)
{
	struct watch_settle settle = settle_of_defaults();

	assert_int_equal(watch_settle_check(&settle, START), WATCH_SETTLE_QUIET);
	watch_settle_event(&settle, START, true, 7);
	assert_int_equal(watch_settle_check(&settle, START + 19 * MS), WATCH_SETTLE_WAIT);
	assert_int_equal(told_at(&settle), 20);
	watch_settle_done(&settle, START + 20 * MS);
	assert_int_equal(settle.deadline, 0);
	assert_int_equal(watch_settle_check(&settle, START + 21 * MS), WATCH_SETTLE_QUIET);
	/* One soon after it is not alone; a second later it is. */
	watch_settle_event(&settle, START + 60 * MS, true, 7);
	assert_int_equal(told_at(&settle), 160);
	watch_settle_done(&settle, START + 160 * MS);
	watch_settle_event(&settle, START + 1160 * MS, true, 7);
	assert_int_equal(told_at(&settle), 1180);
}

static void the_two_sides_of_a_rename_are_one(void **state _unused_)
{
	struct watch_settle settle = settle_of_defaults();

	watch_settle_event(&settle, START, false, 7);
	watch_settle_event(&settle, START, true, 7);
	assert_int_equal(told_at(&settle), 20);
	watch_settle_event(&settle, START, false, 7);
	watch_settle_event(&settle, START, true, 8);
	assert_int_equal(told_at(&settle), 100);
}

static void more_than_a_rename_settles_longer(void **state _unused_)
{
	struct watch_settle settle = settle_of_defaults();

	watch_settle_event(&settle, START, true, 7);
	watch_settle_event(&settle, START + 15 * MS, false, 0);
	assert_int_equal(told_at(&settle), 115);
	watch_settle_done(&settle, START - 500 * MS);
	watch_settle_event(&settle, START, false, 0);
	watch_settle_event(&settle, START + 50 * MS, true, 7);
	assert_int_equal(told_at(&settle), 150);
}

static void a_stream_is_told_in_time(void **state _unused_)
{
	struct watch_settle settle = settle_of_defaults();
	unsigned int at;

	for (at = 0; at < 3000; at += 10) {
		watch_settle_event(&settle, START + at * MS, true, 0);
		if (watch_settle_check(&settle, START + at * MS) == WATCH_SETTLE_TELL)
			break;
	}
	assert_int_equal(at, 1500);
	watch_settle_done(&settle, START + 1500 * MS);
	watch_settle_event(&settle, START + 1510 * MS, false, 0);
	assert_int_equal(told_at(&settle), 1610);
}

static void writing_alone_is_nothing_to_tell(void **state _unused_)
{
	struct watch_settle settle = settle_of_defaults();

	watch_settle_created(&settle, START, 1, 2, false);
	for (unsigned int at = 0; at < 5000; at += 10)
		watch_settle_written(&settle, START + at * MS, 1, 2);
	assert_int_equal(settle.deadline, 0);
	assert_true(watch_settle_is_unfinished(&settle, START + 5000 * MS));
	watch_settle_finished(&settle, 1, 2);
	assert_false(watch_settle_is_unfinished(&settle, START + 5000 * MS));
}

static void a_file_being_written_holds_others_back(void **state _unused_)
{
	struct watch_settle settle = settle_of_defaults();

	watch_settle_event(&settle, START, true, 0);
	for (unsigned int at = 0; at <= 5000; at += 50) {
		watch_settle_written(&settle, START + at * MS, 1, 2);
		assert_int_not_equal(
			watch_settle_check(&settle, START + at * MS), WATCH_SETTLE_TELL);
	}
	/* Who writes on and on holds them back for a minute. */
	watch_settle_written(&settle, START + 59999 * MS, 1, 2);
	assert_int_equal(watch_settle_check(&settle, START + 59999 * MS), WATCH_SETTLE_WAIT);
	assert_int_equal(watch_settle_check(&settle, START + 60100 * MS), WATCH_SETTLE_TELL);
	watch_settle_done(&settle, START + 60100 * MS);
	watch_settle_finished(&settle, 1, 2);
	watch_settle_written(&settle, START, 1, 2);

	watch_settle_event(&settle, START, false, 0);
	assert_int_equal(watch_settle_check(&settle, START + 100 * MS), WATCH_SETTLE_WAIT);
	watch_settle_finished(&settle, 1, 2);
	watch_settle_event(&settle, START + 150 * MS, false, 0);
	assert_int_equal(told_at(&settle), 250);
}

static void a_writer_that_never_ends_is_forgotten(void **state _unused_)
{
	struct watch_settle settle = settle_of_defaults();

	watch_settle_written(&settle, START, 1, 2);
	assert_true(watch_settle_is_unfinished(&settle, START + WATCH_SETTLE_STALE_NS - 1));
	assert_false(watch_settle_is_unfinished(&settle, START + WATCH_SETTLE_STALE_NS));
	watch_settle_written(&settle, START, 1, 2);
	watch_settle_forget(&settle);
	assert_false(watch_settle_is_unfinished(&settle, START));
}

static void a_link_to_a_finished_file_is_told(void **state _unused_)
{
	struct watch_settle settle = settle_of_defaults();

	watch_settle_created(&settle, START, 1, 2, true);
	assert_int_equal(told_at(&settle), 100);
	watch_settle_done(&settle, START + 100 * MS);
	assert_false(watch_settle_is_unfinished(&settle, START + 100 * MS));
}

static void a_file_written_before_we_looked_is_not(void **state _unused_)
{
	struct watch_settle settle = settle_of_defaults();

	watch_settle_created(&settle, START, 1, 2, true);
	watch_settle_written(&settle, START + MS, 1, 2);
	assert_int_equal(told_at(&settle), -1);
	assert_true(watch_settle_is_unfinished(&settle, START + 3000 * MS));
}

static void more_writers_than_can_be_noted_do_no_harm(void **state _unused_)
{
	struct watch_settle settle = settle_of_defaults();

	for (uint64_t name = 1; name < 1000; name++)
		watch_settle_written(&settle, START, 1, name);
	for (uint64_t name = 1; name < 1000; name++) {
		watch_settle_finished(&settle, 1, name);
		watch_settle_event(&settle, START, false, 0);
	}
	assert_int_equal(settle.unfinished_count, 0);
	assert_int_equal(told_at(&settle), 100);
}

static void what_comes_into_sight_extends_but_not_for_ever(void **state _unused_)
{
	struct watch_settle settle = settle_of_defaults();
	uint64_t now = START;

	watch_settle_event(&settle, now, false, 0);
	for (;;) {
		now = settle.deadline;
		assert_int_equal(watch_settle_check(&settle, now), WATCH_SETTLE_TELL);
		if (!watch_settle_extend(&settle, now))
			break;
	}
	assert_int_equal((now - START) / MS, 1500);
	watch_settle_done(&settle, now);
	watch_settle_event(&settle, now + WATCH_SETTLE_RECENT_NS, true, 0);
	assert_false(watch_settle_extend(&settle, settle.deadline));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lone_rename_is_told_at_once),
		cmocka_unit_test(the_two_sides_of_a_rename_are_one),
		cmocka_unit_test(more_than_a_rename_settles_longer),
		cmocka_unit_test(a_stream_is_told_in_time),
		cmocka_unit_test(writing_alone_is_nothing_to_tell),
		cmocka_unit_test(a_file_being_written_holds_others_back),
		cmocka_unit_test(a_writer_that_never_ends_is_forgotten),
		cmocka_unit_test(a_link_to_a_finished_file_is_told),
		cmocka_unit_test(a_file_written_before_we_looked_is_not),
		cmocka_unit_test(more_writers_than_can_be_noted_do_no_harm),
		cmocka_unit_test(what_comes_into_sight_extends_but_not_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
