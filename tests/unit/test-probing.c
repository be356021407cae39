// SPDX-License-Identifier: GPL-2.0-or-later
/* The reconciler's side of probing, against a health process that is this test: what is sent, when, and what is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "daemon/probing.h"
#include "daemon/process.h"
#include "daemon/relay.h"
#include "model/load.h"

#define SENT_MOST 64

struct sent {
	uint16_t kind;
	void *payload;
	size_t size;
};

struct fixture {
	struct probing *probing;
	struct config config;
	struct engine_probe_vector probes;
	struct sent sent[SENT_MOST];
	size_t count, seen; /* seen: what a case has looked at */
	size_t verdicts;
	struct engine_verdict last;
	struct engine_probing told;
	char *trouble; /* that was told last */
	size_t troubles;
	uint16_t lose; /* of this kind none can be sent */
	uint64_t generation;
	uint32_t serial; /* of the VERDICTS of that */
};

static int on_send(void *data, uint16_t kind, const void *payload, size_t size)
{
	struct fixture *fixture = data;

	if (kind == fixture->lose)
		return -ENOBUFS;
	assert_true(fixture->count < SENT_MOST && size <= CHANNEL_PAYLOAD_LIMIT);
	fixture->sent[fixture->count++] = (struct sent){.kind = kind,
		.payload = size ? memory_copy_bytes(payload, size) : NULL,
		.size = size};
	return 0;
}

static void on_verdicts(void *data, const struct engine_verdict *verdicts, size_t count)
{
	struct fixture *fixture = data;

	fixture->verdicts += count;
	fixture->last = verdicts[count - 1];
}

static void on_told(void *data, const struct engine_probing *probing)
{
	((struct fixture *)data)->told = *probing;
}

static void on_trouble(void *data, const char *text)
{
	struct fixture *fixture = data;

	fixture->troubles += text != NULL;
	free(fixture->trouble);
	fixture->trouble = memory_copy_string(text);
}

static int setup(void **state)
{
	struct fixture *fixture = memory_new(sizeof(*fixture));
	const struct probing_options options = {.send = on_send,
		.verdicts = on_verdicts,
		.told = on_told,
		.trouble = on_trouble,
		.data = fixture};

	probing_new(&options, &fixture->probing);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	probing_free(fixture->probing);
	config_clear(&fixture->config);
	vector_clear(&fixture->probes);
	for (size_t i = 0; i < fixture->count; i++)
		free(fixture->sent[i].payload);
	free(fixture->trouble);
	free(fixture);
	return 0;
}

static void load(const char *text, size_t size, struct config *config)
{
	const struct document document = {.name = "test", .text = text, .size = size};
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};

	assert_int_equal(config_load(&document, 1, config, &diagnostics), 0);
}

static const char two_checks[] = "poise: 1\n"
				 "allow-empty: true\n"
				 "checks:\n"
				 "  web: {tcp: {}, interval: 2s}\n"
				 "  app: {exec: {command: [/bin/check, -x], user: daemon}}\n";

/* `count` servers, each with both checks; in the order of the table: by target, then by check. */
static void want(struct fixture *fixture, uint32_t count, uint64_t serial)
{
	struct probing_wanted wanted = {
		.serial = serial, .config = &fixture->config, .probes = &fixture->probes};
	static const char *const names[] = {"app", "web"};

	config_clear(&fixture->config);
	load(two_checks, sizeof(two_checks) - 1, &fixture->config);
	fixture->probes.count = 0;
	for (uint32_t i = 0; i < count * 2; i++) {
		struct engine_probe *probe = vector_append(&fixture->probes);
		uint32_t address = htonl(0x0a000001 + i / 2);

		probe->key.target.address = address_from_bytes(AF_INET, &address);
		probe->key.target.port = 80;
		probe->key.check = names[i % 2];
		probe->check = &fixture->config.checks.items[i % 2];
		probe->verdict =
			(struct verdict){.up = i % 3, .settled = true, .weight = -1, .since = i};
	}
	probing_want(fixture->probing, &wanted);
}

static const struct sent *next(struct fixture *fixture, uint16_t kind)
{
	if (fixture->seen == fixture->count)
		fail_msg("nothing was sent, not %u", kind);
	assert_int_equal(fixture->sent[fixture->seen].kind, kind);
	return &fixture->sent[fixture->seen++];
}

static void nothing_more(const struct fixture *fixture)
{
	assert_int_equal(fixture->seen, fixture->count);
}

static void started(struct fixture *fixture)
{
	probing_message(fixture->probing, MESSAGE_HEALTH_STARTED, NULL, 0);
}

static void got(struct fixture *fixture, uint64_t generation, uint32_t pieces)
{
	const struct message_health_got message = {.generation = generation, .pieces = pieces};

	probing_message(fixture->probing, MESSAGE_HEALTH_GOT, &message, sizeof(message));
}

/* What a plan in force needs stays allowed until the next one is. */
static struct message_health_plan next_plan_behind(struct fixture *fixture)
{
	next(fixture, MESSAGE_ALLOW);
	const struct sent *plan = next(fixture, MESSAGE_HEALTH_PLAN);
	assert_int_equal(plan->size, sizeof(struct message_health_plan));
	return *(const struct message_health_plan *)plan->payload;
}

static struct message_health_plan next_plan(struct fixture *fixture)
{
	next(fixture, MESSAGE_ALLOW_NONE);
	return next_plan_behind(fixture);
}

/* All of a plan, answered piece by piece. Returns its generation. */
static uint64_t take(struct fixture *fixture, struct message_health_plan plan)
{
	uint32_t pieces = 0;
	size_t text = 0, probes = 0;

	for (;;) {
		const struct sent *piece = &fixture->sent[fixture->seen++];

		assert_true(fixture->seen <= fixture->count);
		nothing_more(fixture);
		got(fixture, plan.generation, ++pieces);
		if (piece->kind == MESSAGE_HEALTH_COMMIT)
			break;
		if (piece->kind == MESSAGE_HEALTH_CHECKS)
			text += piece->size;
		else
			probes += piece->size / sizeof(struct message_health_probe);
	}
	assert_int_equal(text, plan.text_size);
	assert_int_equal(probes, plan.probes);
	return plan.generation;
}

static uint64_t take_plan(struct fixture *fixture)
{
	uint64_t generation = take(fixture, next_plan(fixture));

	nothing_more(fixture);
	return generation;
}

/* One that takes the place of another. */
static uint64_t take_plan_behind(struct fixture *fixture)
{
	uint64_t generation = take(fixture, next_plan_behind(fixture));

	next(fixture, MESSAGE_ALLOW_NONE);
	next(fixture, MESSAGE_ALLOW);
	nothing_more(fixture);
	return generation;
}

/* As if it were so much later: when there is something to do next, from then on. */
static uint64_t later(struct fixture *fixture, uint64_t ns)
{
	uint64_t now = loop_clock() + ns, next = probing_run(fixture->probing, now);

	return next == UINT64_MAX ? next : next - now;
}

static void refuse(struct fixture *fixture, uint64_t generation, enum message_refusal refusal)
{
	const struct message_health_refused message = {
		.generation = generation, .refusal = refusal};

	probing_message(fixture->probing, MESSAGE_HEALTH_REFUSED, &message, sizeof(message));
}

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

struct said {
	uint64_t generation; /* as struct message_health_verdicts begins */
	uint32_t serial, count;
	struct message_health_verdict one;
};
_Static_assert(
	offsetof(struct said, one) == sizeof(struct message_health_verdicts), "it is a message");

static struct said verdict_of(uint64_t generation, uint32_t probe)
{
	struct said said = {.generation = generation,
		.count = 1,
		.one = {.probe = probe, .failures = 3, .wall = 77, .failing = 1}};

	said.one.verdict = (struct message_verdict){.settled = 1, .weight = -1, .since = 5};
	strcpy(said.one.reason, "connect: refused");
	return said;
}

static void say(struct fixture *fixture, const struct said *said)
{
	struct said message = *said;

	if (said->generation != fixture->generation)
		fixture->serial = 0;
	fixture->generation = said->generation;
	message.serial = ++fixture->serial;
	probing_message(fixture->probing, MESSAGE_HEALTH_VERDICTS, &message, sizeof(message));
}

static void heard(struct fixture *fixture)
{
	const struct message_health_heard *message = next(fixture, MESSAGE_HEALTH_HEARD)->payload;

	assert_int_equal(message->serial, fixture->serial);
	nothing_more(fixture);
}

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

/* ---- What does not arrive ---- */

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
		CASE(test_refuses_what_is_no_verdict),
		CASE(test_nothing_to_probe),
		CASE(test_knows_who_is_gone),
		CASE(test_figures),
		CASE(test_relays_by_who_says_it),
		CASE(test_program_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
