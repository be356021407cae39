// SPDX-License-Identifier: GPL-2.0-or-later
/* When addresses are announced: plans as tables of times, and who goes before whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/macros.h"
#include "vrrp/announce_schedule.h"

#define MILLISECOND 1000000ull
#define NOW         (987654 * MILLISECOND)
#define MANY        10000

/* Times in milliseconds; those of frames since the start, ended by -1. */
struct row {
	unsigned int repeat, refresh_repeat;
	uint64_t spacing, delay, refresh;
	int until;
	int frames[12];
};

static const struct row rows[] = {
	{.repeat = 1, .until = 100000, .frames = {0, -1}},
	{.repeat = 0, .until = 100000, .frames = {0, -1}},
	{.repeat = 3, .until = 100000, .frames = {0, 0, 0, -1}},
	{.repeat = 3, .spacing = 50, .until = 100000, .frames = {0, 50, 100, -1}},
	{.repeat = 2, .delay = 5000, .until = 100000, .frames = {0, 0, 5000, 5000, -1}},
	{.repeat = 2,
		.spacing = 100,
		.delay = 5000,
		.until = 100000,
		.frames = {0, 100, 5000, 5100, -1}},
	/* A second round does not begin within the first. */
	{.repeat = 3,
		.spacing = 100,
		.delay = 150,
		.until = 100000,
		.frames = {0, 100, 200, 300, 400, 500, -1}},
	{.repeat = 2,
		.refresh_repeat = 1,
		.refresh = 1000,
		.until = 3500,
		.frames = {0, 0, 1000, 2000, 3000, -1}},
	{.repeat = 1,
		.refresh_repeat = 2,
		.spacing = 10,
		.delay = 300,
		.refresh = 1000,
		.until = 2500,
		.frames = {0, 300, 1300, 1310, 2300, 2310, -1}},
	{.repeat = 1,
		.refresh_repeat = 0,
		.refresh = 1000,
		.until = 2500,
		.frames = {0, 1000, 2000, -1}},
};

static struct announce_plan plan_of(const struct row *row)
{
	return (struct announce_plan){.repeat = row->repeat,
		.refresh_repeat = row->refresh_repeat,
		.spacing = row->spacing * MILLISECOND,
		.delay = row->delay * MILLISECOND,
		.refresh = row->refresh * MILLISECOND};
}

/* "0 50 100 " */
static void tell_row(const struct row *row, char text[static 200])
{
	struct announce_plan plan = plan_of(row);
	struct announce_schedule schedule = {};
	struct announce_entry entry = {}, *due;
	uint64_t now = NOW, until = NOW + (uint64_t)row->until * MILLISECOND;
	int used = 0;

	announce_schedule_start(&schedule, &entry, &plan);
	assert_int_equal(announce_schedule_next(&schedule), 0);
	while (announce_schedule_next(&schedule) <= until) {
		now = MAX(now, announce_schedule_next(&schedule));
		due = announce_schedule_take(&schedule, now);
		assert_ptr_equal(due, &entry);
		assert_null(announce_schedule_take(&schedule, now));
		used += snprintf(
			text + used, 200 - (size_t)used, "%d ", (int)((now - NOW) / MILLISECOND));
		announce_schedule_sent(&schedule, due, now);
	}
	assert_int_equal(announce_schedule_next(&schedule) == HEAP_NEVER, !row->refresh);
	assert_int_equal(entry.round == ANNOUNCE_ROUND_NONE, !row->refresh);
	announce_schedule_stop(&schedule, &entry);
	assert_int_equal(announce_schedule_next(&schedule), HEAP_NEVER);
	announce_schedule_clear(&schedule);
}

static void plans_are_followed(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		char text[200] = "", expected[200] = "";
		int used = 0;

		for (const int *frame = rows[i].frames; *frame >= 0; frame++)
			used += snprintf(
				expected + used, sizeof(expected) - (size_t)used, "%d ", *frame);
		tell_row(&rows[i], text);
		assert_string_equal(text, expected);
	}
}

static void nothing_is_due_before_its_time(void **state _unused_)
{
	const struct announce_plan plan = {.repeat = 2, .spacing = 10 * MILLISECOND};
	struct announce_schedule schedule = {};
	struct announce_entry entry = {};

	announce_schedule_start(&schedule, &entry, &plan);
	announce_schedule_sent(&schedule, announce_schedule_take(&schedule, NOW), NOW);
	assert_int_equal(announce_schedule_next(&schedule), NOW + 10 * MILLISECOND);
	assert_null(announce_schedule_take(&schedule, NOW + 10 * MILLISECOND - 1));
	assert_ptr_equal(announce_schedule_take(&schedule, NOW + 10 * MILLISECOND), &entry);
	announce_schedule_clear(&schedule);
}

/* A process that did not run for long sends one round, not all that it missed. */
static void what_was_missed_is_not_made_up_for(void **state _unused_)
{
	const struct announce_plan plan = {
		.repeat = 1, .refresh_repeat = 1, .refresh = 1000 * MILLISECOND};
	struct announce_schedule schedule = {};
	struct announce_entry entry = {};
	uint64_t late = NOW + 60400 * MILLISECOND;

	announce_schedule_start(&schedule, &entry, &plan);
	announce_schedule_sent(&schedule, announce_schedule_take(&schedule, NOW), NOW);
	assert_ptr_equal(announce_schedule_take(&schedule, late), &entry);
	announce_schedule_sent(&schedule, &entry, late);
	assert_null(announce_schedule_take(&schedule, late));
	assert_int_equal(announce_schedule_next(&schedule), late + 1000 * MILLISECOND);
	announce_schedule_clear(&schedule);
}

/* All that become active at once: each address once, in order, before any a second time; and one that becomes active while
 * repetitions are long due goes before them. */
static void first_frames_go_first(void **state _unused_)
{
	const struct announce_plan plan = {.repeat = 2};
	struct announce_schedule schedule = {};
	struct announce_entry *entries = memory_new((MANY + 1) * sizeof(*entries)), *due;

	announce_schedule_reserve(&schedule, MANY + 1);
	const void *room[] = {schedule.firsts.items, schedule.others.items};
	for (size_t i = 0; i < MANY; i++)
		announce_schedule_start(&schedule, &entries[i], &plan);
	for (size_t i = 0; i < MANY; i++) {
		due = announce_schedule_take(&schedule, NOW + i);
		assert_ptr_equal(due, &entries[i]);
		announce_schedule_sent(&schedule, due, NOW + i);
	}
	announce_schedule_start(&schedule, &entries[MANY], &plan);
	assert_ptr_equal(announce_schedule_take(&schedule, NOW + MANY), &entries[MANY]);
	announce_schedule_sent(&schedule, &entries[MANY], NOW + MANY);
	for (size_t i = 0; i <= MANY; i++) {
		due = announce_schedule_take(&schedule, NOW + MANY);
		assert_ptr_equal(due, &entries[i]);
		announce_schedule_sent(&schedule, due, NOW + MANY);
	}
	assert_null(announce_schedule_take(&schedule, NOW + MANY));
	assert_int_equal(announce_schedule_next(&schedule), HEAP_NEVER);
	assert_ptr_equal(room[0], schedule.firsts.items);
	assert_ptr_equal(room[1], schedule.others.items);
	announce_schedule_clear(&schedule);
	free(entries);
}

static void who_is_stopped_is_not_sent(void **state _unused_)
{
	const struct announce_plan plan = {
		.repeat = 2, .refresh_repeat = 1, .refresh = 1000 * MILLISECOND};
	struct announce_schedule schedule = {};
	struct announce_entry entries[4] = {};

	for (size_t i = 0; i < ARRAY_LENGTH(entries); i++)
		announce_schedule_start(&schedule, &entries[i], &plan);
	/* One that waits for its first frame, one for its second, one in the hand. */
	announce_schedule_sent(&schedule, announce_schedule_take(&schedule, NOW), NOW);
	announce_schedule_stop(&schedule, &entries[0]);
	assert_ptr_equal(announce_schedule_take(&schedule, NOW), &entries[1]);
	announce_schedule_stop(&schedule, &entries[1]);
	announce_schedule_sent(&schedule, &entries[1], NOW);
	announce_schedule_again(&schedule, &entries[1], NOW);
	assert_true(entries[2].first);
	announce_schedule_stop(&schedule, &entries[2]);
	assert_false(entries[2].first);
	assert_ptr_equal(announce_schedule_take(&schedule, NOW), &entries[3]);
	assert_null(announce_schedule_take(&schedule, NOW + 5000 * MILLISECOND));
	/* And once more is no harm. */
	announce_schedule_stop(&schedule, &entries[2]);
	announce_schedule_stop(&schedule, &entries[3]);
	assert_int_equal(announce_schedule_next(&schedule), HEAP_NEVER);
	announce_schedule_clear(&schedule);
}

static void who_begins_anew_begins_at_the_beginning(void **state _unused_)
{
	const struct announce_plan one = {.repeat = 3, .spacing = 10 * MILLISECOND};
	const struct announce_plan other = {.repeat = 2, .spacing = 70 * MILLISECOND};
	struct announce_schedule schedule = {};
	struct announce_entry entry = {};

	announce_schedule_start(&schedule, &entry, &one);
	announce_schedule_sent(&schedule, announce_schedule_take(&schedule, NOW), NOW);
	announce_schedule_start(&schedule, &entry, &other);
	announce_schedule_start(&schedule, &entry, &other);
	assert_int_equal(announce_schedule_next(&schedule), 0);
	assert_ptr_equal(announce_schedule_take(&schedule, NOW), &entry);
	assert_null(announce_schedule_take(&schedule, NOW + 1000 * MILLISECOND));
	announce_schedule_sent(&schedule, &entry, NOW);
	assert_int_equal(announce_schedule_next(&schedule), NOW + 70 * MILLISECOND);
	announce_schedule_sent(&schedule, announce_schedule_take(&schedule, NOW + 70 * MILLISECOND),
		NOW + 70 * MILLISECOND);
	assert_int_equal(entry.round, ANNOUNCE_ROUND_NONE);
	announce_schedule_clear(&schedule);
}

/* A frame that the link did not take is the same frame later: none is left out for it. */
static void what_was_not_taken_is_due_again(void **state _unused_)
{
	const struct announce_plan plan = {.repeat = 2, .delay = 100 * MILLISECOND};
	struct announce_schedule schedule = {};
	struct announce_entry entry = {};
	uint64_t now = NOW;
	size_t sent = 0;

	announce_schedule_start(&schedule, &entry, &plan);
	assert_ptr_equal(announce_schedule_take(&schedule, now), &entry);
	for (size_t i = 0; i < 3; i++) {
		announce_schedule_again(&schedule, &entry, now + MILLISECOND);
		assert_int_equal(announce_schedule_next(&schedule), now + MILLISECOND);
		assert_null(announce_schedule_take(&schedule, now));
		now += MILLISECOND;
		assert_ptr_equal(announce_schedule_take(&schedule, now), &entry);
	}
	announce_schedule_sent(&schedule, &entry, now);
	while (announce_schedule_next(&schedule) != HEAP_NEVER) {
		now = announce_schedule_next(&schedule);
		announce_schedule_sent(&schedule, announce_schedule_take(&schedule, now), now);
		sent++;
	}
	assert_int_equal(sent, 3);
	/* The delay is from the first frame that was really sent. */
	assert_int_equal(now, NOW + 103 * MILLISECOND);
	announce_schedule_clear(&schedule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans_are_followed),
		cmocka_unit_test(nothing_is_due_before_its_time),
		cmocka_unit_test(what_was_missed_is_not_made_up_for),
		cmocka_unit_test(first_frames_go_first),
		cmocka_unit_test(who_is_stopped_is_not_sent),
		cmocka_unit_test(who_begins_anew_begins_at_the_beginning),
		cmocka_unit_test(what_was_not_taken_is_due_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
