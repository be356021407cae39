// SPDX-License-Identifier: GPL-2.0-or-later
/* Plans of probes that do not arrive: refused, not answered, not sent, lost on the way. In the end they do. */
#include "tests/unit/probing-fixture.h"

/* The plan of other files is on its way, or never arrives: who goes down meanwhile is down. */
static void test_hears_the_plan_in_force_until_another_is(void **state)
{
	struct fixture *fixture = *state;

	started(fixture);
	want(fixture, 3, 1);
	uint64_t generation = take_plan(fixture);
	want(fixture, 1, 2);
	const struct message_health_plan plan = next_plan_behind(fixture);
	next(fixture, MESSAGE_HEALTH_CHECKS);
	/* Of the list before. */
	struct said said = verdict_of(generation, 5);
	say(fixture, &said);
	heard(fixture);
	assert_int_equal(fixture->verdicts, 1);
	assert_string_equal(fixture->last.key.check, "web");
	assert_int_equal(fixture->last.key.target.address.bytes[3], 3);
	refuse(fixture, plan.generation, MESSAGE_REFUSAL_CHECKS);
	assert_non_null(strstr(fixture->trouble, "it probes what it was told before"));
	assert_false(probing_is_settled(fixture->probing));
	say(fixture, &said);
	heard(fixture);
	assert_int_equal(fixture->verdicts, 2);
}

#define SECOND 1000000000ull

static void test_tells_again_what_is_refused(void **state)
{
	struct fixture *fixture = *state;
	uint64_t before = 0;

	started(fixture);
	want(fixture, 1, 1);
	uint64_t generation = next_plan(fixture).generation;
	next(fixture, MESSAGE_HEALTH_CHECKS);
	refuse(fixture, generation - 1, MESSAGE_REFUSAL_CHECKS);
	refuse(fixture, generation, MESSAGE_REFUSAL_COUNT);
	assert_null(fixture->trouble);
	for (unsigned int i = 0; i < 10; i++) {
		refuse(fixture, generation, MESSAGE_REFUSAL_CHECKS);
		assert_non_null(strstr(fixture->trouble, "it cannot read the checks"));
		/* Not by who asks for the same again. */
		want(fixture, 1, 1);
		nothing_more(fixture);
		uint64_t wait = later(fixture, 0);
		assert_true(wait >= before && wait <= 60 * SECOND);
		before = wait - SECOND / 2;
		later(fixture, wait);
		uint64_t another = next_plan(fixture).generation;
		next(fixture, MESSAGE_HEALTH_CHECKS);
		assert_true(another > generation);
		generation = another;
	}
	assert_true(before > 30 * SECOND);
	assert_int_equal(probing_counters(fixture->probing).broken, 10);
	/* Other files are told at once. */
	refuse(fixture, generation, MESSAGE_REFUSAL_CHECKS);
	want(fixture, 2, 2);
	take_plan(fixture);
	assert_null(fixture->trouble);
	assert_true(probing_is_settled(fixture->probing));
	assert_true(later(fixture, 3600 * SECOND) == UINT64_MAX);
	nothing_more(fixture);
}

/* What is known stays behind the second time, and holds until the probes say otherwise. */
static void test_tells_refused_probes_without_what_is_known(void **state)
{
	struct fixture *fixture = *state;

	started(fixture);
	want(fixture, 2, 1);
	uint64_t generation = next_plan(fixture).generation;
	next(fixture, MESSAGE_HEALTH_CHECKS);
	got(fixture, generation, 1);
	const struct message_health_probe *probes = next(fixture, MESSAGE_HEALTH_PROBES)->payload;
	assert_int_equal(probes[0].known, 1);
	refuse(fixture, generation, MESSAGE_REFUSAL_PROBES);
	later(fixture, 2 * SECOND);
	size_t first = fixture->seen;
	generation = take_plan(fixture);
	for (size_t i = first; i < fixture->seen; i++)
		if (fixture->sent[i].kind == MESSAGE_HEALTH_PROBES)
			probes = fixture->sent[i].payload;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(probes[i].known, 0);
	assert_null(fixture->trouble);
	/* app of .1 is down by what is known. */
	struct said said = verdict_of(generation, 0);
	said.one.verdict = (struct message_verdict){.up = 1, .weight = -1};
	say(fixture, &said);
	heard(fixture);
	assert_false(fixture->last.verdict.up);
	assert_true(fixture->last.verdict.settled);
	said.one.verdict = (struct message_verdict){.up = 1, .settled = 1, .weight = -1};
	say(fixture, &said);
	heard(fixture);
	assert_true(fixture->last.verdict.up);
	/* Other files, and all goes along again. */
	want(fixture, 2, 2);
	first = fixture->seen;
	take_plan_behind(fixture);
	for (size_t i = first; i < fixture->seen; i++)
		if (fixture->sent[i].kind == MESSAGE_HEALTH_PROBES)
			probes = fixture->sent[i].payload;
	assert_int_equal(probes[0].known, 1);
}

/* It would cost all others theirs. */
static void test_tells_no_verdict_that_is_none(void **state)
{
	struct fixture *fixture = *state;

	want(fixture, 2, 1);
	fixture->probes.items[0].verdict.weight = 65536;
	started(fixture);
	uint64_t generation = next_plan(fixture).generation;
	next(fixture, MESSAGE_HEALTH_CHECKS);
	got(fixture, generation, 1);
	const struct message_health_probe *probes = next(fixture, MESSAGE_HEALTH_PROBES)->payload;
	assert_int_equal(probes[0].known, 0);
	assert_int_equal(probes[0].verdict.weight, 0);
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(probes[i].known, 1);
}

static void test_waits_no_longer_than_it_should(void **state)
{
	struct fixture *fixture = *state;

	started(fixture);
	want(fixture, 1, 1);
	uint64_t generation = next_plan(fixture).generation;
	next(fixture, MESSAGE_HEALTH_CHECKS);
	assert_true(later(fixture, 15 * SECOND) <= 5 * SECOND);
	nothing_more(fixture);
	later(fixture, 20 * SECOND);
	nothing_more(fixture);
	assert_non_null(strstr(fixture->trouble, "it gives no answer"));
	assert_non_null(strstr(fixture->trouble, "nothing is probed"));
	/* The answer comes after all. */
	got(fixture, generation, 1);
	nothing_more(fixture);
	later(fixture, 2 * SECOND);
	take_plan(fixture);
	assert_null(fixture->trouble);
}

static void test_tells_again_what_cannot_be_sent(void **state)
{
	static const uint16_t kinds[] = {MESSAGE_ALLOW_NONE, MESSAGE_ALLOW, MESSAGE_HEALTH_PLAN,
		MESSAGE_HEALTH_CHECKS, MESSAGE_HEALTH_PROBES, MESSAGE_HEALTH_COMMIT};
	struct fixture *fixture = *state;

	want(fixture, 1, 1);
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
		fixture->lose = kinds[i];
		started(fixture);
		for (uint32_t piece = 1; !fixture->trouble && piece < 4; piece++) {
			const struct message_health_plan *plan = NULL;

			for (size_t j = fixture->seen; j < fixture->count; j++)
				if (fixture->sent[j].kind == MESSAGE_HEALTH_PLAN)
					plan = fixture->sent[j].payload;
			assert_non_null(plan);
			got(fixture, plan->generation, piece);
		}
		assert_non_null(fixture->trouble);
		assert_non_null(strstr(fixture->trouble, "it cannot be told"));
		fixture->lose = 0;
		fixture->seen = fixture->count;
		later(fixture, 2 * SECOND);
		take_plan(fixture);
		assert_null(fixture->trouble);
		assert_true(probing_is_settled(fixture->probing));
	}
}

/* Something between two messages did not arrive. */
static void test_misses_what_is_lost(void **state)
{
	struct fixture *fixture = *state;

	started(fixture);
	want(fixture, 2, 1);
	struct said said = verdict_of(take_plan(fixture), 0);
	say(fixture, &said);
	heard(fixture);
	assert_true(later(fixture, 0) == UINT64_MAX);
	fixture->serial++;
	say(fixture, &said);
	heard(fixture);
	assert_int_equal(fixture->verdicts, 2);
	assert_true(later(fixture, 0) <= 10 * SECOND);
	nothing_more(fixture);
	later(fixture, 10 * SECOND);
	take_plan_behind(fixture);
	assert_null(fixture->trouble);
	assert_true(later(fixture, 0) == UINT64_MAX);
}

/* That the health process is there, or is another one, was lost on its way. */
static void test_misses_a_plan_that_is_lost(void **state)
{
	struct fixture *fixture = *state;
	struct message_health_stats stats = {};

	want(fixture, 1, 1);
	probing_message(fixture->probing, MESSAGE_HEALTH_STATS, &stats, sizeof(stats));
	stats.generation = take_plan(fixture);
	probing_message(fixture->probing, MESSAGE_HEALTH_STATS, &stats, sizeof(stats));
	assert_true(later(fixture, 0) == UINT64_MAX);
	stats.generation = 0;
	probing_message(fixture->probing, MESSAGE_HEALTH_STATS, &stats, sizeof(stats));
	later(fixture, 10 * SECOND);
	stats.generation = take_plan_behind(fixture);
	probing_message(fixture->probing, MESSAGE_HEALTH_STATS, &stats, sizeof(stats));
	assert_true(later(fixture, 0) == UINT64_MAX);
	nothing_more(fixture);
}

/* COMMIT was taken, and its answer lost. */
static void test_takes_verdicts_for_an_answer(void **state)
{
	struct fixture *fixture = *state;

	started(fixture);
	want(fixture, 1, 1);
	uint64_t generation = next_plan(fixture).generation;
	next(fixture, MESSAGE_HEALTH_CHECKS);
	struct said said = verdict_of(generation, 0);
	say(fixture, &said);
	assert_int_equal(fixture->verdicts, 0);
	fixture->serial = 0;
	got(fixture, generation, 1);
	next(fixture, MESSAGE_HEALTH_PROBES);
	got(fixture, generation, 2);
	next(fixture, MESSAGE_HEALTH_COMMIT);
	say(fixture, &said);
	heard(fixture);
	assert_int_equal(fixture->verdicts, 1);
	assert_true(probing_is_settled(fixture->probing));
	assert_true(later(fixture, 3600 * SECOND) == UINT64_MAX);
}

/* The probes stay as they are, and count. */
static void test_what_is_too_much_is_not_told(void **state)
{
	struct fixture *fixture = *state;
	struct config config = {};

	started(fixture);
	want(fixture, 2, 1);
	struct said said = verdict_of(take_plan(fixture), 3);
	load(two_checks, sizeof(two_checks) - 1, &config);
	struct engine_probe_vector probes = {};
	vector_reserve(&probes, MESSAGE_HEALTH_PROBES_LIMIT + 1);
	for (uint32_t i = 0; i <= MESSAGE_HEALTH_PROBES_LIMIT; i++)
		vector_push(&probes, ((struct engine_probe){.key = fixture->probes.items[0].key}));
	const struct probing_wanted wanted = {.serial = 2, .config = &config, .probes = &probes};
	probing_want(fixture->probing, &wanted);
	nothing_more(fixture);
	assert_non_null(strstr(fixture->trouble, "more checks or destinations than can be probed"));
	assert_non_null(strstr(fixture->trouble, "it probes what it was told before"));
	assert_true(later(fixture, 3600 * SECOND) == UINT64_MAX);
	say(fixture, &said);
	heard(fixture);
	assert_int_equal(fixture->verdicts, 1);
	assert_false(probing_is_settled(fixture->probing));
	/* And less again. */
	want(fixture, 2, 3);
	take_plan_behind(fixture);
	assert_null(fixture->trouble);
	vector_clear(&probes);
	config_clear(&config);
}

/* What was told before, and was nothing, is not probed. */
static void test_nothing_in_force_is_nothing_probed(void **state)
{
	struct fixture *fixture = *state;

	started(fixture);
	want(fixture, 0, 1);
	take_plan(fixture);
	fixture->lose = MESSAGE_HEALTH_PLAN;
	want(fixture, 1, 2);
	assert_string_equal(fixture->trouble,
		"the health process does not probe what the files say: it cannot be told: No "
		"buffer space available; nothing is probed, and it is told again");
	/* And nothing that was allowed before is needed. */
	next(fixture, MESSAGE_ALLOW_NONE);
	next(fixture, MESSAGE_ALLOW);
	nothing_more(fixture);
	fixture->lose = 0;
	later(fixture, 2 * SECOND);
	take_plan(fixture);
	assert_null(fixture->trouble);
}

/* Programs whose words would fill the way to the supervisor: trying again is of no use. */
static void test_too_long_programs_are_not_told(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *word = memory_new(3001);
	_cleanup_strbuf_ struct strbuf text = {};
	struct config config = {};
	struct engine_probe_vector probes = {};
	const struct probing_wanted wanted = {.serial = 2, .config = &config, .probes = &probes};

	started(fixture);
	want(fixture, 2, 1);
	take_plan(fixture);
	memset(word, 'x', 3000);
	strbuf_add(&text, "poise: 1\nallow-empty: true\nchecks:\n");
	for (int i = 0; i < 2500; i++)
		strbuf_printf(&text, "  c%d: {exec: {command: [/bin/check, %s]}}\n", i, word);
	load(text.text, text.length, &config);
	probing_want(fixture->probing, &wanted);
	nothing_more(fixture);
	assert_string_equal(fixture->trouble,
		"the health process does not probe what the files say: the commands of all `exec` "
		"checks have more than 7 MiB together; it probes what it was told before");
	assert_true(later(fixture, 3600 * SECOND) == UINT64_MAX);
	want(fixture, 2, 3);
	take_plan_behind(fixture);
	assert_null(fixture->trouble);
	config_clear(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(test_hears_the_plan_in_force_until_another_is),
		CASE(test_tells_again_what_is_refused),
		CASE(test_tells_refused_probes_without_what_is_known),
		CASE(test_tells_no_verdict_that_is_none),
		CASE(test_waits_no_longer_than_it_should),
		CASE(test_tells_again_what_cannot_be_sent),
		CASE(test_misses_what_is_lost),
		CASE(test_misses_a_plan_that_is_lost),
		CASE(test_takes_verdicts_for_an_answer),
		CASE(test_what_is_too_much_is_not_told),
		CASE(test_nothing_in_force_is_nothing_probed),
		CASE(test_too_long_programs_are_not_told),
	};

	return cmocka_run_group_tests_name("probing-lost", tests, NULL, NULL);
}
