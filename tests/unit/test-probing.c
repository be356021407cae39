// SPDX-License-Identifier: GPL-2.0-or-later
/* The reconciler's side of probing, against a health process that is this test: what is sent, when, and what is believed. */
#include "tests/unit/probing-fixture.h"

#include "daemon/process.h"
#include "daemon/relay.h"

#define SECOND 1000000000ull

static void test_waits_for_both(void **state)
{
	struct fixture *fixture = *state;

	started(fixture);
	nothing_more(fixture);
	want(fixture, 1, 1);
	assert_true(fixture->count > 0);
}

static void test_sends_a_plan_piece_by_piece(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_config_ struct config config = {};

	want(fixture, 1250, 1);
	nothing_more(fixture);
	started(fixture);
	const struct message_health_plan plan = next_plan(fixture);
	assert_int_equal(plan.probes, 2500);
	const struct sent *checks = next(fixture, MESSAGE_HEALTH_CHECKS);
	nothing_more(fixture);
	load(checks->payload, checks->size, &config);
	assert_int_equal(config.checks.count, 2);
	assert_string_equal(config.checks.items[0].name.text, "app");
	/* Another number is no answer. */
	got(fixture, plan.generation, 2);
	got(fixture, plan.generation - 1, 1);
	nothing_more(fixture);
	got(fixture, plan.generation, 1);
	const struct message_health_probe *probes = next(fixture, MESSAGE_HEALTH_PROBES)->payload;
	/* By check, then by target, with what is known of each. */
	for (uint32_t i = 0; i < 1000; i++) {
		assert_int_equal(probes[i].check, 0);
		assert_int_equal(probes[i].port, 80);
		assert_int_equal(probes[i].known, 1);
		assert_int_equal(probes[i].verdict.since, 2 * i);
		assert_int_equal(probes[i].verdict.up, 2 * i % 3 != 0);
	}
	got(fixture, plan.generation, 2);
	probes = next(fixture, MESSAGE_HEALTH_PROBES)->payload;
	assert_int_equal(probes[249].check, 0);
	assert_int_equal(probes[250].check, 1);
	got(fixture, plan.generation, 3);
	assert_int_equal(next(fixture, MESSAGE_HEALTH_PROBES)->size,
		500 * sizeof(struct message_health_probe));
	got(fixture, plan.generation, 4);
	const struct message_health_got *commit = next(fixture, MESSAGE_HEALTH_COMMIT)->payload;
	assert_int_equal(commit->pieces, 5);
	assert_false(probing_is_settled(fixture->probing));
	got(fixture, plan.generation, 5);
	assert_true(probing_is_settled(fixture->probing));
	nothing_more(fixture);
	/* The same list is not sent twice. */
	want(fixture, 1250, 1);
	nothing_more(fixture);
}

static void test_allows_the_programs_of_checks(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ const char **words = NULL;
	const char *user, **environment;

	want(fixture, 1, 1);
	started(fixture);
	next(fixture, MESSAGE_ALLOW_NONE);
	const struct sent *allow = next(fixture, MESSAGE_ALLOW);
	assert_int_equal(
		message_program_read(allow->payload, allow->size, &user, &words, &environment), 0);
	assert_string_equal(user, "daemon");
	assert_string_equal(words[0], "/bin/check");
	assert_string_equal(words[1], "-x");
	assert_null(words[2]);
	assert_null(environment[0]);
}

static void test_begins_anew_in_the_middle(void **state)
{
	struct fixture *fixture = *state;

	started(fixture);
	want(fixture, 10, 1);
	const struct message_health_plan first = next_plan(fixture);
	next(fixture, MESSAGE_HEALTH_CHECKS);
	want(fixture, 20, 2);
	const struct message_health_plan second = next_plan(fixture);
	assert_true(second.generation > first.generation);
	assert_int_equal(second.probes, 40);
	next(fixture, MESSAGE_HEALTH_CHECKS);
	got(fixture, first.generation, 1);
	nothing_more(fixture);
	/* Another health process. */
	started(fixture);
	uint64_t third = take_plan(fixture);
	assert_true(third > second.generation);
	assert_true(probing_is_settled(fixture->probing));
}

/* ---- Verdicts ---- */

static void test_hears_verdicts(void **state)
{
	struct fixture *fixture = *state;

	started(fixture);
	want(fixture, 3, 1);
	uint64_t generation = take_plan(fixture);
	/* app of .1, .2, .3, then web. */
	struct said said = verdict_of(generation, 4);
	say(fixture, &said);
	heard(fixture);
	assert_int_equal(fixture->verdicts, 1);
	assert_string_equal(fixture->last.key.check, "web");
	assert_int_equal(fixture->last.key.target.address.bytes[3], 2);
	assert_string_equal(fixture->last.reason, "connect: refused");
	assert_true(fixture->last.failing && !fixture->last.verdict.up);
	assert_int_equal(fixture->last.failures, 3);
	assert_int_equal(fixture->last.wall, 77);
	assert_int_equal(fixture->last.verdict.since, 5);
	assert_false(fixture->last.untried);
	said.one.untried = 1;
	say(fixture, &said);
	heard(fixture);
	assert_true(fixture->last.untried);
}

/* Each probe's, of this plan, and all of it is in force. */
static void test_has_heard_when_all_was_said(void **state)
{
	struct fixture *fixture = *state;

	started(fixture);
	want(fixture, 2, 1);
	assert_false(probing_is_heard(fixture->probing));
	uint64_t generation = take_plan(fixture);
	for (uint32_t i = 0; i < 4; i++) {
		struct said said = verdict_of(generation, i);

		assert_false(probing_is_heard(fixture->probing));
		say(fixture, &said);
		heard(fixture);
	}
	assert_true(probing_is_heard(fixture->probing));
	want(fixture, 1, 2);
	assert_false(probing_is_heard(fixture->probing));
	take_plan_behind(fixture);
	assert_false(probing_is_heard(fixture->probing));
	probing_message(fixture->probing, MESSAGE_HEALTH_GONE, NULL, 0);
	assert_false(probing_is_heard(fixture->probing));
}

static void test_drops_what_is_of_before(void **state)
{
	struct fixture *fixture = *state;

	started(fixture);
	want(fixture, 3, 1);
	uint64_t generation = take_plan(fixture);
	struct said said = verdict_of(generation - 1, 0);
	say(fixture, &said);
	started(fixture);
	fixture->seen = fixture->count;
	said = verdict_of(generation, 5);
	say(fixture, &said);
	said = verdict_of(0, 0);
	say(fixture, &said);
	nothing_more(fixture);
	assert_int_equal(fixture->verdicts, 0);
	assert_int_equal(probing_counters(fixture->probing).stale, 3);
}

static void test_refuses_what_is_no_verdict(void **state)
{
	struct fixture *fixture = *state;

	started(fixture);
	want(fixture, 3, 1);
	const struct said good = verdict_of(take_plan(fixture), 0);
	struct said bad[11];

	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
		bad[i] = good;
	bad[0].one.probe = 6;
	bad[1].one.failing = 2;
	bad[2].one.verdict.up = 2;
	bad[3].one.verdict.weight = -2;
	bad[4].count = 2;
	bad[5].one.reason[3] = '\n';
	memset(bad[6].one.reason, 'x', sizeof(bad[6].one.reason));
	bad[7].one.verdict.since = UINT64_MAX;
	bad[9].one.untried = 2;
	bad[10].one.untried = 1;
	bad[10].one.reason[0] = '\0';
	bad[8].one.verdict.since = loop_clock() + 3600000000000;
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
		say(fixture, &bad[i]);
		/* Or the health process would wait for ever. */
		heard(fixture);
	}
	assert_int_equal(fixture->verdicts, 0);
	assert_int_equal(probing_counters(fixture->probing).malformed, ARRAY_LENGTH(bad));
	say(fixture, &good);
	assert_int_equal(fixture->verdicts, 1);
}

static void test_nothing_to_probe(void **state)
{
	struct fixture *fixture = *state;
	const struct engine_probe_vector none = {};
	const struct probing_wanted wanted = {.serial = 1, .probes = &none};
	_cleanup_config_ struct config config = {};

	started(fixture);
	probing_want(fixture->probing, &wanted);
	next(fixture, MESSAGE_ALLOW_NONE);
	const struct message_health_plan *plan = next(fixture, MESSAGE_HEALTH_PLAN)->payload;
	assert_int_equal(plan->probes, 0);
	const struct sent *checks = next(fixture, MESSAGE_HEALTH_CHECKS);
	load(checks->payload, checks->size, &config);
	got(fixture, plan->generation, 1);
	next(fixture, MESSAGE_HEALTH_COMMIT);
}

static void test_knows_who_is_gone(void **state)
{
	struct fixture *fixture = *state;

	started(fixture);
	assert_true(fixture->told.there);
	want(fixture, 1, 1);
	uint64_t generation = take_plan(fixture);
	probing_message(fixture->probing, MESSAGE_HEALTH_GONE, NULL, 0);
	assert_false(fixture->told.there);
	assert_false(probing_is_settled(fixture->probing));
	/* Nobody is there to be told. */
	want(fixture, 2, 2);
	nothing_more(fixture);
	const struct said said = verdict_of(generation, 0);
	say(fixture, &said);
	assert_int_equal(fixture->verdicts, 0);
	started(fixture);
	assert_true(take_plan(fixture) > generation);
}

static void test_figures(void **state)
{
	struct fixture *fixture = *state;
	const struct message_health_stats stats = {.passed = 1, .late = 5, .latest_ns = 6};

	probing_message(fixture->probing, MESSAGE_HEALTH_STATS, &stats, sizeof(stats));
	assert_true(fixture->told.there);
	assert_int_equal(fixture->told.passed, 1);
	assert_int_equal(fixture->told.late, 5);
	assert_int_equal(fixture->told.latest_ns, 6);
}

/* As if it were so much later. When to look again, from then on. */
static uint64_t listen_later(struct fixture *fixture, uint64_t ns)
{
	uint64_t now = loop_clock() + ns, next = probing_listen(fixture->probing, now);

	return next == UINT64_MAX ? next : next - now;
}

/* One that hangs, or was stopped: its figures stay, and what it finds is not known. */
static void test_notices_silence(void **state)
{
	struct fixture *fixture = *state;
	const struct message_health_stats stats = {.passed = 7, .places = 3, .full = 1};

	assert_true(listen_later(fixture, 3600 * SECOND) == UINT64_MAX);
	started(fixture);
	probing_message(fixture->probing, MESSAGE_HEALTH_STATS, &stats, sizeof(stats));
	assert_true(listen_later(fixture, 4 * SECOND) <= SECOND);
	assert_true(engine_probing_is_known(&fixture->told));
	/* Who was held up oneself hears first what waits. */
	assert_true(listen_later(fixture, 8 * SECOND) == SECOND);
	assert_true(engine_probing_is_known(&fixture->told));
	assert_true(listen_later(fixture, 9 * SECOND + SECOND / 2) == UINT64_MAX);
	assert_false(engine_probing_is_known(&fixture->told));
	assert_true(fixture->told.there && fixture->told.silent);
	assert_int_equal(fixture->told.passed, 7);
	assert_int_equal(fixture->told.places, 3);
	/* What the supervisor does is not its own word. */
	probing_message(fixture->probing, MESSAGE_NOTIFIED, NULL, 0);
	assert_false(engine_probing_is_known(&fixture->told));
	probing_message(fixture->probing, MESSAGE_HEALTH_STATS, &stats, sizeof(stats));
	assert_true(engine_probing_is_known(&fixture->told));
	assert_true(fixture->told.full);
	assert_true(listen_later(fixture, 5 * SECOND + SECOND / 2) == UINT64_MAX);
	assert_true(fixture->told.silent);
	probing_message(fixture->probing, MESSAGE_HEALTH_GONE, NULL, 0);
	assert_false(fixture->told.there || fixture->told.silent);
	assert_true(listen_later(fixture, 3600 * SECOND) == UINT64_MAX);
}

/* ---- Whose messages go where ---- */

static const char *target_of(const char *from, uint16_t kind)
{
	const char *to = relay_target(from, kind);

	return to ? to : "";
}

static void test_relays_by_who_says_it(void **state)
{
	(void)state;
	for (uint16_t kind = MESSAGE_HEALTH_PLAN; kind <= MESSAGE_HEALTH_REFUSED; kind++) {
		bool down = kind <= MESSAGE_HEALTH_HEARD;

		assert_string_equal(
			target_of(PROCESS_RECONCILER, kind), down ? PROCESS_HEALTH : "");
		assert_string_equal(
			target_of(PROCESS_HEALTH, kind), down ? "" : PROCESS_RECONCILER);
		assert_string_equal(target_of("vrrp", kind), "");
	}
	/* What the supervisor does itself. */
	for (uint16_t kind = MESSAGE_PONG; kind <= MESSAGE_ALLOW; kind++)
		assert_string_equal(target_of(PROCESS_HEALTH, kind), "");
}

/* ---- Programs as messages ---- */

static void test_program_messages(void **state)
{
	static const char *const words[] = {"/bin/x", "", "a b", NULL};
	static const char *const environment[] = {"A=1", NULL};
	static const char *const nothing[] = {NULL};
	struct message_program_texts texts = {
		.user = "nobody", .words = words, .environment = environment};
	_cleanup_free_ struct message_program *message = NULL;
	_cleanup_free_ const char **read_words = NULL;
	const char *user, **read_environment;
	size_t size;

	(void)state;
	assert_int_equal(message_program_write(5, 6, &texts, &message, &size), 0);
	assert_int_equal(
		message_program_read(message, size, &user, &read_words, &read_environment), 0);
	assert_string_equal(user, "nobody");
	assert_string_equal(read_words[1], "");
	assert_string_equal(read_words[2], "a b");
	assert_null(read_words[3]);
	assert_string_equal(read_environment[0], "A=1");
	assert_null(read_environment[1]);
	/* One text too few or too many, and a size that is not that of the message. */
	for (int i = -1; i <= 1; i += 2) {
		message->words += (uint32_t)i;
		assert_int_equal(
			message_program_read(message, size, &user, &read_words, &read_environment),
			-EBADMSG);
		message->words -= (uint32_t)i;
		message->size += (uint32_t)i;
		assert_int_equal(
			message_program_read(message, size, &user, &read_words, &read_environment),
			-EBADMSG);
		message->size -= (uint32_t)i;
	}
	texts.words = nothing;
	struct message_program *none = NULL;
	assert_int_equal(message_program_write(5, 6, &texts, &none, &size), -E2BIG);
	assert_null(none);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_waits_for_both),
		CASE(test_sends_a_plan_piece_by_piece),
		CASE(test_allows_the_programs_of_checks),
		CASE(test_begins_anew_in_the_middle),
		CASE(test_hears_verdicts),
		CASE(test_has_heard_when_all_was_said),
		CASE(test_drops_what_is_of_before),
		CASE(test_refuses_what_is_no_verdict),
		CASE(test_nothing_to_probe),
		CASE(test_knows_who_is_gone),
		CASE(test_figures),
		CASE(test_notices_silence),
		CASE(test_relays_by_who_says_it),
		CASE(test_program_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
