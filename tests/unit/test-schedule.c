// SPDX-License-Identifier: GPL-2.0-or-later
/* When probes are due: the arithmetic of intervals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/heap.h"
#include "health/schedule.h"
#include "tests/support/times.h"

#define MS     1000000ull
#define SECOND 1000000000ull

/* In every window of a hundredth of the interval there are about as many as in any other, whatever their number is and
 * wherever it began. */
static void expect_even(uint64_t first, size_t count)
{
	uint64_t *phases = memory_new(count * sizeof(*phases));
	uint64_t gap = 0;

	for (size_t i = 0; i < count; i++) {
		phases[i] = schedule_phase(first + i, SECOND);
		assert_true(phases[i] < SECOND);
	}
	times_sort(phases, count);
	for (size_t i = 1; i < count; i++)
		gap = MAX(gap, phases[i] - phases[i - 1]);
	gap = MAX(gap, phases[0] + SECOND - phases[count - 1]);
	free(phases);
	assert_true(gap <= 3 * SECOND / count);
}

static void test_phases_are_even(void **state)
{
	static const size_t counts[] = {1, 2, 3, 7, 100, 1000, 2000, 10000, 65536};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
		expect_even(1, counts[i]);
		expect_even(123456789, counts[i]);
	}
}

static void test_after(void **state)
{
	static const struct {
		uint64_t when, interval, phase, after;
	} rows[] = {
		{0, 10, 0, 10},
		{0, 10, 3, 3},
		{3, 10, 3, 13},
		{4, 10, 3, 13},
		{99, 10, 0, 100},
		{100, 10, 9, 109},
		{109, 10, 9, 119},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		assert_int_equal(schedule_after(rows[i].when, rows[i].interval, rows[i].phase),
			rows[i].after);
}

static void test_first_times(void **state)
{
	(void)state;
	/* Few at once; many over half an interval; never over more than one. */
	assert_int_equal(schedule_span(0, SECOND, 1), 50000);
	assert_int_equal(schedule_span(0, SECOND, 10000), SECOND / 2);
	assert_int_equal(schedule_span(0, SECOND, 100000), SECOND);
	assert_int_equal(schedule_span(7 * SECOND, SECOND, 3), 7 * SECOND);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(
			schedule_spread(5 * SECOND, SECOND, i, 100), 5 * SECOND + i * 10 * MS);
	/* A span of an hour times a million does not overflow. */
	assert_int_equal(schedule_spread(0, 3600 * SECOND, 999999, 1000000),
		3600 * SECOND - 3600 * SECOND / 1000000);
}

/* After the first time every probe is in its phase, and no two are closer than a quarter of the interval. */
static void test_second_time(void **state)
{
	(void)state;
	for (uint64_t serial = 1; serial < 2000; serial++) {
		uint64_t first = 1000 * SECOND + serial * 333333;
		uint64_t phase = schedule_phase(serial, SECOND);
		uint64_t second = schedule_second(first, SECOND, phase);

		assert_int_equal(second % SECOND, phase);
		assert_true(second - first > SECOND / 4 && second - first <= SECOND * 5 / 4);
	}
}

static void test_again(void **state)
{
	const uint64_t phase = 300 * MS, due = 5 * SECOND + phase;

	(void)state;
	assert_int_equal(schedule_again(due, due + 10 * MS, SECOND, phase), due + SECOND);
	assert_int_equal(schedule_again(due, due + SECOND, SECOND, phase), due + SECOND);
	/* Longer than an interval: at once, and then in its phase. */
	uint64_t over = due + 1700 * MS;
	uint64_t next = schedule_again(due, over, SECOND, phase);
	assert_int_equal(next, over);
	assert_int_equal(schedule_again(next, over + 10 * MS, SECOND, phase), due + 2 * SECOND);
	/* No drift: after a thousand of them it is where it was. */
	next = due;
	for (int i = 0; i < 1000; i++)
		next = schedule_again(next, next + 17 * MS, SECOND, phase);
	assert_int_equal(next, due + 1000 * SECOND);
}

static void test_retry(void **state)
{
	static const uint64_t waits[] = {100, 200, 400, 800, 1600, 2000, 2000, 2000};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_LENGTH(waits); i++)
		assert_int_equal(schedule_retry(SECOND, 2 * SECOND, i + 1), SECOND + waits[i] * MS);
	assert_int_equal(schedule_retry(0, 100 * MS, 1000000), 100 * MS);
}

static void test_sooner(void **state)
{
	(void)state;
	assert_int_equal(schedule_sooner(1000, 1001, 100, 2000), 1100);
	/* It took longer than that. */
	assert_int_equal(schedule_sooner(1000, 1300, 100, 2000), 1300);
	/* Its turn comes first. */
	assert_int_equal(schedule_sooner(1000, 1001, 100, 1050), 1050);
	assert_int_equal(schedule_sooner(1000, 1300, 100, 1300), 1300);
}

static void test_late(void **state)
{
	(void)state;
	assert_false(schedule_is_late(SECOND, SECOND - 1, SECOND));
	assert_false(schedule_is_late(SECOND, SECOND + 100 * MS, SECOND));
	assert_true(schedule_is_late(SECOND, SECOND + 100 * MS + 1, SECOND));
}

static void test_away(void **state)
{
	static const struct {
		uint64_t seen, wanted, now; /* ms */
		bool away;
	} rows[] = {
		{1000, 1001, 1002, false},
		{1000, 1001, 2001, false},
		{1000, 1001, 2002, true},
		{1000, 60000, 60001, false},  /* nothing to do for long */
		{1000, 60000, 3600000, true}, /* the night */
		{1000, 900, 1999, false},     /* behind, and at work */
		{1000, 900, 2001, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		assert_int_equal(
			schedule_was_away(rows[i].seen * MS, rows[i].wanted * MS, rows[i].now * MS),
			rows[i].away);
	assert_false(schedule_was_away(0, HEAP_NEVER, 3600 * SECOND));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_phases_are_even),
		cmocka_unit_test(test_after),
		cmocka_unit_test(test_first_times),
		cmocka_unit_test(test_second_time),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_sooner),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
