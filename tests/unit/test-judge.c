// SPDX-License-Identifier: GPL-2.0-or-later
/* What the results of a probe make of a server: sequences as tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "health/judge.h"

/* One letter for each result, and what must come of it:
 *
 *	results	   p passes, f fails, F fails for another reason, u could not be tried
 *	up	   U up, D down; in lower case while it is not settled
 *	told	   ! something is told, . nothing is
 *	failures   0 to 9 */
struct sequence {
	const char *name;
	uint32_t rise, fall;
	enum config_initially initially;
	const char *results, *up, *told, *failures;
};

static const struct sequence sequences[] = {
	{"settles up after rise", 2, 3, CONFIG_INITIALLY_UP, "pppp", "uUUU", "!!..", "0000"},
	{"settles down after rise", 2, 3, CONFIG_INITIALLY_DOWN, "pppp", "dUUU", "!!..", "0000"},
	{"is down after fall", 1, 3, CONFIG_INITIALLY_UP, "pfffff", "UUUDDD", "!!!!..", "012333"},
	{"settles down that began down", 1, 2, CONFIG_INITIALLY_DOWN, "ffff", "dDDD", "!!..",
		"1222"},
	{"is down at once", 1, 1, CONFIG_INITIALLY_UP, "fpf", "DUD", "!!!", "101"},
	{"counts in a row only", 2, 3, CONFIG_INITIALLY_UP, "ppffpffpfff", "uUUUUUUUUUD",
		"!!!!!!!!!!!", "00120120123"},
	{"comes back after rise in a row", 3, 1, CONFIG_INITIALLY_UP, "fppfppp", "DDDDDDU",
		"!!.!!.!", "1001000"},
	{"knows nothing of what could not be tried", 2, 2, CONFIG_INITIALLY_UP, "uufufuupup",
		"uuuuDDDDDU", "..!.!..!.!", "0011222000"},
	{"tells once what cannot be tried, and when it can", 1, 2, CONFIG_INITIALLY_UP,
		"uuuuUpuufuuufpuuup", "uuuuuUUUUUUUDUUUUU", "..!.!!..!..!!!..!!",
		"000000001111200000"},
	{"tells another reason", 1, 2, CONFIG_INITIALLY_UP, "fffFFf", "uDDDDD", "!!.!.!", "122222"},
};

static struct checker_outcome outcome_of(char letter)
{
	struct checker_outcome outcome = {.weight = VERDICT_NO_WEIGHT};

	outcome.result = letter == 'p'                    ? CHECKER_RESULT_PASSED
			 : letter == 'u' || letter == 'U' ? CHECKER_RESULT_UNTRIED
							  : CHECKER_RESULT_FAILED;
	snprintf(outcome.reason, sizeof(outcome.reason), "reason %c", letter);
	return outcome;
}

static void run_sequence(const struct sequence *sequence)
{
	const struct config_check check = {
		.rise = sequence->rise, .fall = sequence->fall, .initially = sequence->initially};
	struct judge judge = {};

	judge_begin(&judge, &check, NULL);
	for (size_t i = 0; sequence->results[i]; i++) {
		char letter = sequence->results[i], up = sequence->up[i];
		struct checker_outcome outcome = outcome_of(letter);
		bool told = judge_result(&judge, &check, &outcome, 1000 + i, 5000 + i);

		print_message("%s: %zu\n", sequence->name, i);
		assert_int_equal(told, sequence->told[i] == '!');
		assert_int_equal(judge.verdict.up, up == 'U' || up == 'u');
		assert_int_equal(judge.verdict.settled, up == 'U' || up == 'D');
		assert_int_equal(judge.failures, sequence->failures[i] - '0');
		if (letter == 'u' || letter == 'U') {
			if (judge.untried == JUDGE_UNTRIED)
				assert_string_equal(judge.wanting, outcome.reason);
			continue;
		}
		assert_null(judge.wanting);
		assert_int_equal(judge.failing, letter != 'p');
		assert_int_equal(judge.wall, 5000 + i);
		if (letter == 'p')
			assert_null(judge.reason);
		else
			assert_string_equal(judge.reason, outcome.reason);
	}
	judge_clear(&judge);
}

static void test_sequences(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(sequences); i++)
		run_sequence(&sequences[i]);
}

static bool result(struct judge *judge, const struct config_check *check, char letter, uint64_t now)
{
	struct checker_outcome outcome = outcome_of(letter);

	return judge_result(judge, check, &outcome, now, now);
}

/* Since when, and whether it has something to recover from. */
static void test_times(void **state)
{
	const struct config_check check = {.rise = 1, .fall = 2};
	struct judge judge = {};

	(void)state;
	judge_begin(&judge, &check, NULL);
	result(&judge, &check, 'p', 10);
	assert_int_equal(judge.verdict.since, 0);
	assert_false(judge.verdict.recovered);
	result(&judge, &check, 'f', 20);
	result(&judge, &check, 'f', 30);
	assert_int_equal(judge.verdict.since, 30);
	result(&judge, &check, 'f', 40);
	assert_int_equal(judge.verdict.since, 30);
	result(&judge, &check, 'p', 50);
	assert_int_equal(judge.verdict.since, 50);
	assert_true(judge.verdict.recovered);
	result(&judge, &check, 'p', 60);
	assert_int_equal(judge.verdict.since, 50);
	assert_true(judge.verdict.recovered);
	result(&judge, &check, 'f', 70);
	result(&judge, &check, 'f', 80);
	assert_false(judge.verdict.recovered);
	judge_clear(&judge);
}

static void test_begins_down_without_recovery(void **state)
{
	const struct config_check check = {
		.rise = 2, .fall = 1, .initially = CONFIG_INITIALLY_DOWN};
	struct judge judge = {};

	(void)state;
	judge_begin(&judge, &check, NULL);
	result(&judge, &check, 'p', 10);
	result(&judge, &check, 'p', 20);
	assert_true(judge.verdict.up);
	assert_false(judge.verdict.recovered);
	assert_int_equal(judge.verdict.since, 20);
	judge_clear(&judge);
}

/* One that waits for long is told at once, without three in a row; the first result ends that. */
static void test_starved(void **state)
{
	const struct config_check check = {.rise = 2, .fall = 2};
	struct judge judge = {};

	(void)state;
	judge_begin(&judge, &check, NULL);
	assert_true(judge_starved(&judge, "waits"));
	assert_string_equal(judge.wanting, "waits");
	assert_false(judge_starved(&judge, "waits"));
	assert_false(judge.failing || judge.verdict.settled);
	assert_true(result(&judge, &check, 'p', 10));
	assert_null(judge.wanting);
	judge_clear(&judge);
}

static bool passes_with(struct judge *judge, const struct config_check *check, int32_t weight)
{
	struct checker_outcome outcome = outcome_of('p');

	outcome.weight = weight;
	return judge_result(judge, check, &outcome, 1, 1);
}

static void test_weight(void **state)
{
	const struct config_check check = {.rise = 1, .fall = 3};
	struct judge judge = {};

	(void)state;
	judge_begin(&judge, &check, NULL);
	assert_int_equal(judge.verdict.weight, VERDICT_NO_WEIGHT);
	assert_true(passes_with(&judge, &check, 7));
	assert_false(passes_with(&judge, &check, 7));
	assert_true(passes_with(&judge, &check, 8));
	/* It is up still, with the weight that it had. */
	result(&judge, &check, 'f', 2);
	assert_int_equal(judge.verdict.weight, 8);
	assert_true(passes_with(&judge, &check, VERDICT_NO_WEIGHT));
	assert_int_equal(judge.verdict.weight, VERDICT_NO_WEIGHT);
	judge_clear(&judge);
}

/* What was known of it stands until there are as many results as ever. */
static void test_known(void **state)
{
	const struct config_check check = {.rise = 2, .fall = 2};
	const struct verdict known = {.settled = true, .weight = VERDICT_NO_WEIGHT, .since = 5};
	struct judge judge = {};

	(void)state;
	judge_begin(&judge, &check, &known);
	assert_true(verdict_equal(&judge.verdict, &known));
	/* Told, for whoever knows the verdict may also know that it cannot be tried. */
	assert_true(result(&judge, &check, 'p', 10));
	assert_false(judge.verdict.up);
	assert_true(result(&judge, &check, 'p', 20));
	assert_true(judge.verdict.up && judge.verdict.recovered);
	judge_clear(&judge);
}

/* The first result is told once, though nothing is another. */
static void test_first_is_told(void **state)
{
	const struct config_check check = {.rise = 3, .fall = 3};
	const struct verdict known = {.up = true, .settled = true, .weight = VERDICT_NO_WEIGHT};
	struct judge judge = {};

	(void)state;
	judge_begin(&judge, &check, &known);
	assert_false(result(&judge, &check, 'u', 10));
	assert_true(result(&judge, &check, 'p', 20));
	assert_true(verdict_equal(&judge.verdict, &known));
	assert_int_equal(judge.wall, 20);
	assert_false(result(&judge, &check, 'p', 30));
	/* Also of a check that is another. */
	judge_restart(&judge, &check);
	assert_true(result(&judge, &check, 'p', 40));
	assert_false(result(&judge, &check, 'p', 50));
	judge_clear(&judge);
}

static void test_restart(void **state)
{
	const struct config_check check = {.rise = 2, .fall = 3};
	const struct config_check down = {.rise = 2, .fall = 3, .initially = CONFIG_INITIALLY_DOWN};
	struct judge judge = {};

	(void)state;
	judge_begin(&judge, &check, NULL);
	result(&judge, &check, 'p', 10);
	/* Nothing was found yet: what the file says now. */
	judge_restart(&judge, &down);
	assert_false(judge.verdict.up);
	result(&judge, &down, 'p', 20);
	result(&judge, &down, 'p', 30);
	result(&judge, &down, 'f', 40);
	result(&judge, &down, 'f', 50);
	assert_true(judge.verdict.up);
	/* Two failures are not three, with another check. */
	judge_restart(&judge, &check);
	assert_true(judge.verdict.up && judge.verdict.settled);
	assert_int_equal(judge.failures, 0);
	assert_false(judge.failing);
	assert_null(judge.reason);
	result(&judge, &check, 'f', 60);
	assert_true(judge.verdict.up);
	assert_int_equal(judge.failures, 1);
	result(&judge, &check, 'f', 70);
	result(&judge, &check, 'f', 80);
	assert_false(judge.verdict.up);
	judge_clear(&judge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sequences),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_begins_down_without_recovery),
		cmocka_unit_test(test_starved),
		cmocka_unit_test(test_weight),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_first_is_told),
		cmocka_unit_test(test_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
