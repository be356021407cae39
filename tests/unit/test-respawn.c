// SPDX-License-Identifier: GPL-2.0-or-later
/* When a process is started again: lives as tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/macros.h"
#include "daemon/respawn.h"

#define MILLISECOND 1000000ull

/* A life, and what comes of its end. Times in milliseconds. */
struct life {
	uint64_t lived;
	bool ready;
	enum respawn_end end;
	uint64_t waits;
};

static void expect_lives(const struct life *lives, size_t count)
{
	struct respawn respawn = {};
	uint64_t now = 123456789 * MILLISECOND;

	for (size_t i = 0; i < count; i++) {
		const struct life *life = lives + i;

		respawn_started(&respawn, now);
		if (life->ready)
			respawn_ready(&respawn);
		now += life->lived * MILLISECOND;
		uint64_t when = respawn_ended(&respawn, now, life->end);
		assert_true(when >= now);
		assert_int_equal((when - now) / MILLISECOND, life->waits);
		now = when;
	}
}

static void crashes_wait_longer_and_longer(void **state)
{
	static const struct life lives[] = {
		{5, false, RESPAWN_END_CRASH, 0},
		{5, false, RESPAWN_END_CRASH, 100},
		{5, false, RESPAWN_END_CRASH, 200},
		{5, false, RESPAWN_END_CRASH, 400},
		{5, false, RESPAWN_END_CRASH, 800},
		{5, false, RESPAWN_END_CRASH, 1600},
		{5, false, RESPAWN_END_CRASH, 3200},
		{5, false, RESPAWN_END_CRASH, 6400},
		{5, false, RESPAWN_END_CRASH, 10000},
		{5, false, RESPAWN_END_CRASH, 10000},
	};

	(void)state;
	expect_lives(lives, ARRAY_LENGTH(lives));
}

static void who_was_ready_waits_a_second_at_most(void **state)
{
	static const struct life lives[] = {
		{50, true, RESPAWN_END_CRASH, 0},
		{50, true, RESPAWN_END_CRASH, 100},
		{50, true, RESPAWN_END_CRASH, 200},
		{50, true, RESPAWN_END_CRASH, 400},
		{50, true, RESPAWN_END_CRASH, 800},
		{50, true, RESPAWN_END_CRASH, 1000},
		{50, true, RESPAWN_END_CRASH, 1000},
		/* Ready is of one life. */
		{50, false, RESPAWN_END_CRASH, 6400},
		{50, true, RESPAWN_END_CRASH, 1000},
	};

	(void)state;
	expect_lives(lives, ARRAY_LENGTH(lives));
}

static void a_long_life_makes_good(void **state)
{
	static const struct life lives[] = {
		{5, false, RESPAWN_END_CRASH, 0},
		{5, false, RESPAWN_END_CRASH, 100},
		{5, false, RESPAWN_END_CRASH, 200},
		{59999, false, RESPAWN_END_CRASH, 400},
		{60000, false, RESPAWN_END_CRASH, 0},
		{5, false, RESPAWN_END_CRASH, 100},
	};

	(void)state;
	expect_lives(lives, ARRAY_LENGTH(lives));
}

static void a_lasting_fault_waits_the_most(void **state)
{
	static const struct life lives[] = {
		{5, false, RESPAWN_END_LASTING, 10000},
		{5, false, RESPAWN_END_LASTING, 10000},
		{90000, true, RESPAWN_END_LASTING, 10000},
		{5, false, RESPAWN_END_CRASH, 100},
	};

	(void)state;
	expect_lives(lives, ARRAY_LENGTH(lives));
}

/* A machine that is left alone for years. */
static void the_count_does_not_overflow(void **state)
{
	struct respawn respawn = {.ends = UINT32_MAX - 1};

	(void)state;
	for (uint64_t i = 1; i < 5; i++) {
		respawn_started(&respawn, i);
		assert_int_equal(
			respawn_ended(&respawn, i, RESPAWN_END_CRASH) - i, RESPAWN_MOST_NS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crashes_wait_longer_and_longer),
		cmocka_unit_test(who_was_ready_waits_a_second_at_most),
		cmocka_unit_test(a_long_life_makes_good),
		cmocka_unit_test(a_lasting_fault_waits_the_most),
		cmocka_unit_test(the_count_does_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
