// SPDX-License-Identifier: GPL-2.0-or-later
/* Health in the engine: what probes say comes true in the table of the machine, at once, in few passes, and is told in order. */
#include "tests/unit/health-fixture.h"

#include "tests/support/times.h"

static void one_probe_serves_all_who_ask_for_it(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB, TWO);
	assert_int_equal(engine_probes(&fixture->engine)->count, 3);
	say(fixture, "10.0.0.1:80", false);
	turn(fixture);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), -1);
	assert_int_equal(weight_of(fixture, "tcp://203.0.113.11:80", "10.0.0.1:80"), -1);
	assert_int_equal(memory_writes(fixture->table), 2);
	assert_int_equal(fixture->engine.counters.passes[ENGINE_REASON_HEALTH], 1);
	assert_true(engine_is_degraded(&fixture->engine));
	assert_int_equal(fixture->engine.health.totals.failed, 2);
	assert_int_equal(fixture->engine.health.totals.probes_down, 1);
	later(fixture, SECOND);
	say(fixture, "10.0.0.1:80", true);
	turn(fixture);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 1);
	assert_false(engine_is_degraded(&fixture->engine));
	assert_int_equal(fixture->engine.health.totals.probes_down, 0);
	assert_int_equal(fixture->engine.health.transitions[false], 1);
	assert_int_equal(fixture->engine.health.transitions[true], 1);
}

static void what_only_begins_to_fail_touches_nothing(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB, TWO);
	size_t reads = fixture->table->reads;
	struct engine_verdict verdict = verdict_of(fixture, "10.0.0.2:80", "web", true);
	verdict.verdict.recovered = false;
	verdict.failing = true;
	verdict.failures = 1;
	verdict.reason = "no answer within 1s";
	engine_verdicts(&fixture->engine, &verdict, 1);
	turn(fixture);
	assert_int_equal(fixture->table->reads, reads);
	assert_string_equal(told_since(), "");
	assert_int_equal(fixture->engine.health.totals.probes_failing, 1);
	assert_string_equal(probe(fixture, "10.0.0.2:80", "web")->reason, "no answer within 1s");
	assert_false(engine_is_degraded(&fixture->engine));
	/* The reason stays when it passes again. */
	verdict.failing = false;
	verdict.failures = 0;
	verdict.reason = "";
	verdict.wall += 1000;
	engine_verdicts(&fixture->engine, &verdict, 1);
	assert_string_equal(probe(fixture, "10.0.0.2:80", "web")->reason, "no answer within 1s");
	assert_int_equal(probe(fixture, "10.0.0.2:80", "web")->failed, 1700000000000);
	assert_int_equal(fixture->engine.health.totals.probes_failing, 0);
}

static void what_nobody_asks_for_is_dropped(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB, TWO);
	say(fixture, "10.0.0.77:80", false);
	turn(fixture);
	assert_int_equal(memory_writes(fixture->table), 0);
	assert_string_equal(told_since(), "");
}

static void cause_and_effect_are_told_in_order(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB,
		"  web: {listen: \"" WEB "\", check: web, destinations: [10.0.0.1, 10.0.0.2],\n"
		"    quorum: 2, fallback: 10.0.0.99:80, notify: [/bin/true, x]}\n"
		"  api: {listen: \"tcp://203.0.113.11:80\", check: web, destinations: "
		"[10.0.0.1]}\n");
	say(fixture, "10.0.0.1:80", false);
	turn(fixture);
	assert_string_equal(told_since(),
		"health 10.0.0.1:80 check web: down: connect: refused\n"
		"notice destination-down web " WEB " 10.0.0.1:80 web connect: refused\n"
		"quorum service tcp://203.0.113.10:80: lost: the healthy weight is 1, the quorum "
		"2; the "
		"fallback serves\n"
		"notice quorum-lost web " WEB " - - -\n"
		"quorum service tcp://203.0.113.11:80: lost: the healthy weight is 0, the quorum "
		"1\n"
		"applied health +1 ~1 -2\n");
	assert_int_equal(fixture->engine.health.totals.quorums_lost, 2);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.99:80"), 1);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.2:80"), 0);
	forget_told();
	fixture->ahead += 12 * SECOND;
	say(fixture, "10.0.0.1:80", true);
	turn(fixture);
	assert_non_null(strstr(told_since(), "health 10.0.0.1:80 check web: up again after 12s\n"
					     "notice destination-up web " WEB " 10.0.0.1:80 web -\n"
					     "quorum service tcp://203.0.113.10:80: regained: "));
	assert_non_null(strstr(told_since(), "notice quorum-regained web " WEB " - - -\n"));
	assert_int_equal(told.notices, 2);
	assert_int_equal(fixture->engine.health.totals.quorums_lost, 0);
}

/* Also where a dead one stays in the table, with weight 0. */
static void a_fallback_that_is_down_is_not_said_to_serve(void **state)
{
	static const char *const ways[] = {"remove", "weight-zero"};
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB, TWO);
	for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
		_cleanup_free_ char *services = memory_printf(
			"  web: {listen: \"" WEB "\", check: web, destinations: [10.0.0.1],\n"
			"    on-failure: %s, fallback: {address: 10.0.0.99, check: web}}\n",
			ways[i]);
		declare(fixture, CHECK_WEB, services);
		say(fixture, "10.0.0.99:80", false);
		say(fixture, "10.0.0.1:80", false);
		later(fixture, SECOND);
		assert_non_null(strstr(told_since(), "lost: the healthy weight is 0, the quorum 1; "
						     "the fallback cannot serve either\n"));
		forget_told();
		say(fixture, "10.0.0.1:80", true);
		later(fixture, SECOND);
		assert_non_null(
			strstr(told_since(), "regained: the healthy weight is 1, the quorum 1\n"));
		forget_told();
	}
}

static void a_storm_is_few_passes(void **state)
{
	struct fixture *fixture = *state;
	const struct engine_counters *counters = &fixture->engine.counters;

	begin_health(fixture, CHECK_WEB, TWO);
	uint64_t now = now_of(fixture);
	say(fixture, "10.0.0.1:80", false);
	turn_at(fixture, now);
	assert_int_equal(counters->passes[ENGINE_REASON_HEALTH], 1);
	/* Gathered until a tenth of a second has passed. */
	now += MILLISECOND;
	say(fixture, "10.0.0.2:80", false);
	turn_at(fixture, now);
	say(fixture, "10.0.0.3:80", false);
	turn_at(fixture, now);
	assert_int_equal(counters->passes[ENGINE_REASON_HEALTH], 1);
	assert_true(fixture->next > now);
	/* From the end of the pass on. */
	now += 110 * MILLISECOND + counters->last_pass_ns;
	assert_true(fixture->next <= now);
	turn_at(fixture, now);
	assert_int_equal(counters->passes[ENGINE_REASON_HEALTH], 2);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.2:80"), -1);
	/* And then a lone one is quick again. */
	now += SECOND + counters->last_pass_ns;
	turn_at(fixture, now);
	say(fixture, "10.0.0.2:80", true);
	turn_at(fixture, now);
	assert_int_equal(counters->passes[ENGINE_REASON_HEALTH], 3);
}

/* Weights that checks say change all the time, and nobody has failed for it. */
static void weights_are_no_storm(void **state)
{
	struct fixture *fixture = *state;
	const struct engine_counters *counters = &fixture->engine.counters;

	begin_health(fixture, CHECK_WEB, TWO);
	uint64_t now = now_of(fixture);
	say(fixture, "10.0.0.3:80", false);
	turn_at(fixture, now);
	uint64_t end = now + counters->last_pass_ns + 100 * MILLISECOND;
	for (int i = 0; i < 2 * GATHER_MANY; i++) {
		struct engine_verdict verdict = verdict_of(fixture, "10.0.0.1:80", "web", true);

		verdict.verdict.recovered = false;
		verdict.verdict.weight = 7 + i % 2;
		engine_verdicts(&fixture->engine, &verdict, 1);
	}
	say(fixture, "10.0.0.2:80", false);
	now = end - 10 * MILLISECOND;
	turn_at(fixture, now);
	assert_int_equal(counters->passes[ENGINE_REASON_HEALTH], 1);
	now = end + MILLISECOND;
	turn_at(fixture, now);
	assert_int_equal(counters->passes[ENGINE_REASON_HEALTH], 2);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 8);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.2:80"), -1);
}

static void one_who_climbs_is_looked_at_alone(void **state)
{
	struct fixture *fixture = *state;
	struct strbuf services = {};

	for (int i = 0; i < 50; i++)
		strbuf_printf(&services,
			"  s%d: {listen: \"tcp://203.0.113.%d:80\", check: web, slow-start: 10s,\n"
			"    destinations: [{address: 10.0.1.%d, weight: 20}, 10.0.2.%d]}\n",
			i, i, i, i);
	begin_health(fixture, CHECK_WEB, services.text);
	strbuf_clear(&services);
	say(fixture, "10.0.1.7:80", false);
	turn(fixture);
	later(fixture, 10 * SECOND);
	uint64_t full = fixture->engine.counters.reads;
	say(fixture, "10.0.1.7:80", true);
	const uint64_t since = probe(fixture, "10.0.1.7:80", "web")->verdict.since;
	turn_at(fixture, since);
	assert_int_equal(weight_of(fixture, "tcp://203.0.113.7:80", "10.0.1.7:80"), 2);
	assert_int_equal(fixture->engine.health.totals.climbing, 1);
	memory_reset(fixture->table);
	size_t passes = fixture->engine.counters.passes[ENGINE_REASON_HEALTH];
	/* Each turn at the time that the engine asked for. */
	for (int i = 0; i < 40 && fixture->next < since + 11 * SECOND; i++)
		turn_at(fixture, fixture->next);
	assert_int_equal(weight_of(fixture, "tcp://203.0.113.7:80", "10.0.1.7:80"), 20);
	assert_int_equal(fixture->engine.health.totals.climbing, 0);
	assert_int_equal(memory_writes(fixture->table), 9);
	passes = fixture->engine.counters.passes[ENGINE_REASON_HEALTH] - passes;
	assert_true(passes >= 9 && passes <= 10);
	assert_int_equal(fixture->engine.counters.passes[ENGINE_REASON_DRAIN], 0);
	assert_int_equal(fixture->engine.counters.reads, full);
}

static void a_failure_does_not_wait_for_who_climbs(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB,
		"  web: {listen: \"" WEB "\", check: web, slow-start: 1s, destinations: [{address: "
		"10.0.0.1, weight: 100}, 10.0.0.2, 10.0.0.3]}\n");
	say(fixture, "10.0.0.1:80", false);
	turn(fixture);
	later(fixture, 10 * SECOND);
	say(fixture, "10.0.0.1:80", true);
	const uint64_t since = probe(fixture, "10.0.0.1:80", "web")->verdict.since;
	turn_at(fixture, since);
	const uint64_t took = fixture->engine.counters.last_pass_ns;
	turn_at(fixture, since + 310 * MILLISECOND); /* a step */
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 30);
	say(fixture, "10.0.0.2:80", false);
	turn_at(fixture, since + 311 * MILLISECOND + took);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.2:80"), -1);
}

static void files_keep_what_is_known(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB, TWO);
	say(fixture, "10.0.0.1:80", false);
	say(fixture, "10.0.0.2:80", false);
	turn(fixture);
	uint64_t serial = fixture->engine.probes_serial;
	memory_reset(fixture->table);
	/* Another parameter, and a service more. */
	declare(fixture,
		"  web: {tcp: {}, fall: 5, interval: 7s}\n  new: {ping: {}, initially: down}\n",
		TWO "  more: {listen: \"tcp://203.0.113.12:80\", check: new, destinations: "
		    "[10.0.0.1]}\n");
	assert_true(fixture->engine.probes_serial != serial);
	assert_int_equal(engine_probes(&fixture->engine)->count, 4);
	assert_false(probe(fixture, "10.0.0.1:80", "web")->verdict.up);
	assert_string_equal(probe(fixture, "10.0.0.1:80", "web")->reason, "connect: refused");
	assert_int_equal(probe(fixture, "10.0.0.1:80", "web")->check->fall, 5);
	assert_false(probe(fixture, "10.0.0.1", "new")->verdict.up);
	assert_false(probe(fixture, "10.0.0.1", "new")->verdict.settled);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), -1);
	/* Only the new service, without its destination. */
	assert_int_equal(memory_writes(fixture->table), 1);
	/* Another port is the same check of the same destination. */
	declare(fixture, "  web: {tcp: {}, port: 8080}\n", TWO);
	assert_int_equal(engine_probes(&fixture->engine)->count, 3);
	assert_false(probe(fixture, "10.0.0.1:8080", "web")->verdict.up);
	assert_true(probe(fixture, "10.0.0.3:8080", "web")->verdict.up);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), -1);
	assert_int_equal(weight_of(fixture, "tcp://203.0.113.11:80", "10.0.0.3:80"), 1);
	/* Without a check all serve. */
	declare(fixture, "  web: {tcp: {}}\n",
		"  web: {listen: \"" WEB "\", destinations: [10.0.0.1, 10.0.0.2]}\n");
	assert_int_equal(engine_probes(&fixture->engine)->count, 0);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 1);
	assert_false(engine_is_degraded(&fixture->engine));
}

static void other_words_on_the_beginning_count_until_it_is_settled(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB, TWO);
	say(fixture, "10.0.0.1:80", true);
	turn(fixture);
	declare(fixture, "  web: {tcp: {}, initially: down}\n", TWO);
	later(fixture, SECOND);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 1);
	/* No check has found fault with it: it keeps what it has. */
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.2:80"), 0);
	later(fixture, 60 * SECOND);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.2:80"), -1);
}

static void a_suspended_poised_knows_and_does_nothing(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB, TWO);
	/* However long the first writing of health.json took, the next need not wait. */
	later(fixture, 2 * SECOND);
	assert_int_equal(engine_suspend(&fixture->engine, NULL, "test", NULL), 0);
	say(fixture, "10.0.0.1:80", false);
	turn(fixture);
	assert_int_equal(memory_writes(fixture->table), 0);
	assert_int_equal(fixture->engine.health.totals.failed, 2);
	assert_non_null(strstr(told_since(), "down: connect: refused"));
	assert_true(fixture->next > now_of(fixture) + SECOND / 2);
	assert_int_equal(engine_resume(&fixture->engine, 0, "test", NULL), 0);
	turn(fixture);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), -1);
}

#define THREE(scheduler)                                                                           \
	"poise: 1\nmax-delete: 100%\nchecks:\n" CHECK_WEB "services:\n  web: {listen: \"" WEB      \
	"\", check: web, scheduler: " scheduler ",\n"                                              \
	"    destinations: [10.0.0.1, 10.0.0.2, 10.0.0.3], fallback: 10.0.0.99:80}\n"

/* What was so before knows nothing of who went down since, nor of who drains. */
static void a_rollback_brings_back_nobody_who_is_down(void **state)
{
	struct fixture *fixture = *state;
	static const char before[] = THREE("wlc"), after[] = THREE("wrr");

	write_file(fixture, before);
	start(fixture);
	turn(fixture);
	write_file(fixture, after);
	assert_int_equal(engine_reload(&fixture->engine, false, 60 * SECOND, "test", NULL), 0);
	turn(fixture);
	assert_true(fixture->engine.confirming);
	for (int i = 1; i <= 3; i++) {
		_cleanup_free_ char *target = memory_printf("10.0.0.%d:80", i);

		say(fixture, target, false);
	}
	turn(fixture);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.99:80"), 1);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), -1);
	memory_reset(fixture->table);
	assert_int_equal(engine_rollback(&fixture->engine, "test", NULL), 0);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.99:80"), 1);
	turn(fixture);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.99:80"), 1);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), -1);
	assert_string_equal(fixture->table->state.services.items[0].attributes.scheduler, "wlc");
	assert_int_equal(memory_writes(fixture->table), 1);
}

/* Who suspended poised for the weekend is told as well; and of the fallback, what is so. */
static void a_suspended_poised_tells_of_quorums(void **state)
{
	struct fixture *fixture = *state;
	const struct engine_health_totals *totals = &fixture->engine.health.totals;

	begin_health(fixture, CHECK_WEB,
		"  web: {listen: \"" WEB "\", check: web, destinations: [10.0.0.1, 10.0.0.2],\n"
		"    drain: 0s, fallback: 10.0.0.99:80, notify: [/bin/true, x]}\n");
	assert_int_equal(engine_suspend(&fixture->engine, NULL, "test", NULL), 0);
	say(fixture, "10.0.0.1:80", false);
	say(fixture, "10.0.0.2:80", false);
	later(fixture, SECOND);
	assert_non_null(strstr(told_since(),
		"quorum service tcp://203.0.113.10:80: lost: the healthy weight is 0, the quorum "
		"1; the fallback does not serve, for poised is suspended\n"
		"notice quorum-lost web " WEB " - - -\n"));
	assert_int_equal(totals->quorums_lost, 1);
	assert_int_equal(totals->failed, 2);
	assert_int_equal(totals->failed_in, 2);
	/* It is told once, and is no news to who goes on. */
	forget_told();
	later(fixture, 31 * SECOND);
	assert_string_equal(told_since(), "");
	assert_int_equal(engine_resume(&fixture->engine, 0, "test", NULL), 0);
	later(fixture, SECOND);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.99:80"), 1);
	assert_null(strstr(told_since(), "quorum"));
	assert_int_equal(totals->quorums_lost, 1);
	assert_int_equal(totals->failed, 2);
	assert_int_equal(totals->failed_in, 0);
	/* And the way back. */
	assert_int_equal(engine_suspend(&fixture->engine, NULL, "test", NULL), 0);
	forget_told();
	say(fixture, "10.0.0.1:80", true);
	later(fixture, SECOND);
	assert_non_null(strstr(told_since(),
		"regained: the healthy weight is 1, the quorum 1; the fallback still serves, for "
		"poised is suspended\n"));
	assert_int_equal(totals->quorums_lost, 0);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.99:80"), 1);
}

/* Neither does who cannot reach the backend wait until he can. */
static void a_quorum_is_told_also_where_no_pass_comes(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB,
		"  web: {listen: \"" WEB "\", check: web, destinations: [10.0.0.1]}\n");
	fixture->engine.pass_next = now_of(fixture) + 60 * SECOND;
	say(fixture, "10.0.0.1:80", false);
	later(fixture, SECOND);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 1);
	assert_non_null(strstr(told_since(), "lost: the healthy weight is 0, the quorum 1\n"));
	forget_told();
	later(fixture, 60 * SECOND);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), -1);
	assert_null(strstr(told_since(), "quorum"));
	assert_int_equal(fixture->engine.health.totals.quorums_lost, 1);
}

/* A person must mend that no check begins when the files say; a busy moment passes. */
static void checks_that_are_late_for_want_of_descriptors_are_trouble(void **state)
{
	static const struct {
		uint64_t behind_ns;
		bool full, trouble;
	} steps[] = {{0, false, false}, {SECOND, false, false}, {0, true, false},
		{SECOND, true, true}, {0, false, false}};
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB, TWO);
	for (size_t i = 0; i < ARRAY_LENGTH(steps); i++) {
		engine_set_probing(&fixture->engine, &(struct engine_probing){.there = true,
							     .behind_ns = steps[i].behind_ns,
							     .full = steps[i].full});
		assert_int_equal(engine_is_degraded(&fixture->engine), steps[i].trouble);
	}
}

static void a_weight_that_a_check_says_is_followed(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB, TWO);
	struct engine_verdict verdict = verdict_of(fixture, "10.0.0.1:80", "web", true);
	verdict.verdict.recovered = false;
	verdict.verdict.weight = 7;
	engine_verdicts(&fixture->engine, &verdict, 1);
	turn(fixture);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 7);
	assert_non_null(
		strstr(told_since(), "health 10.0.0.1:80 check web: its check says weight 7\n"));
	assert_int_equal(told.notices, 0);
}

static void what_min_healthy_keeps_is_trouble_when_nothing_else_serves(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB,
		"  web: {listen: \"" WEB
		"\", check: web, min-healthy: 100%, destinations: [10.0.0.1, "
		"10.0.0.2]}\n");
	say(fixture, "10.0.0.1:80", false);
	turn(fixture);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 1);
	assert_int_equal(fixture->engine.health.totals.kept, 1);
	assert_false(engine_is_degraded(&fixture->engine));
	say(fixture, "10.0.0.2:80", false);
	later(fixture, SECOND);
	assert_int_equal(fixture->engine.health.totals.kept, 2);
	assert_int_equal(fixture->engine.health.totals.doubted, 1);
	assert_true(engine_is_degraded(&fixture->engine));
	say(fixture, "10.0.0.1:80", true);
	later(fixture, SECOND);
	assert_int_equal(fixture->engine.health.totals.doubted, 0);
	assert_false(engine_is_degraded(&fixture->engine));
}

/* As it begins and as it ends; other files are no news for it, and neither is a start that finds it so. */
static void what_is_doubted_is_told(void **state)
{
	static const char service[] =
		"  web: {listen: \"" WEB "\", check: web, min-healthy: 100%, notify: [/bin/true],\n"
		"    destinations: [10.0.0.1, 10.0.0.2]}\n";
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB, service);
	say(fixture, "10.0.0.1:80", false);
	turn(fixture);
	assert_null(strstr(told_since(), "doubt"));
	forget_told();
	/* Soon after a pass it waits for the next, and is told after that. */
	say(fixture, "10.0.0.2:80", false);
	turn(fixture);
	assert_int_equal(fixture->engine.health.totals.doubted, 1);
	assert_null(strstr(told_since(), "doubt"));
	later(fixture, SECOND);
	assert_non_null(strstr(told_since(),
		"doubt service tcp://203.0.113.10:80: begun: the checks of all servers fail, which "
		"is doubted: min-healthy keeps 2\nnotice checks-doubted web " WEB " - - -\n"));
	forget_told();
	declare(fixture, CHECK_WEB,
		"  web: {listen: \"" WEB "\", check: web, min-healthy: 90%,\n"
		"    notify: [/bin/true], destinations: [10.0.0.1, "
		"10.0.0.2]}\n");
	assert_null(strstr(told_since(), "doubt"));
	assert_int_equal(fixture->engine.health.totals.doubted, 1);
	say(fixture, "10.0.0.1:80", true);
	later(fixture, SECOND);
	assert_non_null(strstr(told_since(),
		"doubt service tcp://203.0.113.10:80: over: its checks are believed again\n"
		"notice checks-believed web " WEB " - - -\n"));
	assert_int_equal(fixture->engine.health.totals.doubted, 0);
}

/* Nothing is known of them at first, and then that they are down as they began. */
static void min_healthy_puts_nobody_in_who_was_never_up(void **state)
{
	struct fixture *fixture = *state;
	struct engine_verdict verdict;

	begin_health(fixture, "  web: {tcp: {}, initially: down}\n",
		"  web: {listen: \"" WEB "\", check: web, min-healthy: 50%, destinations: "
		"[10.0.0.1, 10.0.0.2, 10.0.0.3]}\n");
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), -1);
	for (char n = '1'; n <= '3'; n++) {
		char target[] = "10.0.0.N:80";

		target[7] = n;
		verdict = verdict_of(fixture, target, "web", false);
		verdict.verdict.since = 0;
		engine_verdicts(&fixture->engine, &verdict, 1);
		later(fixture, SECOND);
		assert_int_equal(fixture->engine.health.totals.kept, 0);
		assert_int_equal(weight_of(fixture, WEB, target), -1);
	}
	say(fixture, "10.0.0.2:80", true);
	later(fixture, SECOND);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.2:80"), 1);
	say(fixture, "10.0.0.2:80", false);
	later(fixture, SECOND);
	assert_int_equal(fixture->engine.health.totals.kept, 1);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.2:80"), 1);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), -1);
}

/* No transition, so that no command is run and nothing is counted: but a person sees that it is not well, and why. */
static void who_begins_down_and_fails_is_told_once(void **state)
{
	struct fixture *fixture = *state;
	struct engine_verdict verdict;

	begin_health(fixture, "  web: {tcp: {}, initially: down}\n",
		"  web: {listen: \"" WEB "\", check: web, notify: [/bin/true], destinations: "
		"[10.0.0.1]}\n");
	verdict = verdict_of(fixture, "10.0.0.1:80", "web", false);
	verdict.verdict.since = 0;
	verdict.verdict.settled = false;
	engine_verdicts(&fixture->engine, &verdict, 1);
	later(fixture, SECOND);
	assert_null(strstr(told_since(), "health "));
	verdict.verdict.settled = true;
	engine_verdicts(&fixture->engine, &verdict, 1);
	later(fixture, SECOND);
	assert_non_null(strstr(told_since(),
		"health 10.0.0.1:80 check web: down as it began: connect: refused\n"));
	assert_null(strstr(told_since(), "notice destination-down"));
	assert_int_equal(fixture->engine.health.transitions[false], 0);
	forget_told();
	engine_verdicts(&fixture->engine, &verdict, 1);
	later(fixture, SECOND);
	assert_string_equal(told_since(), "");
	say(fixture, "10.0.0.1:80", true);
	later(fixture, SECOND);
	assert_non_null(strstr(told_since(), "notice destination-up web "));
}

/* What the backend gets: when it was sent first, and the order. */
static struct {
	uint64_t sent;
	struct plan_op last;
	size_t count, disorder;
} sent;

static int apply_recorded(struct backend *backend, const struct plan_op *ops, size_t count,
	struct backend_result *results, struct error *error)
{
	if (!sent.count)
		sent.sent = reconciler_now();
	for (size_t i = 0; i < count; i++) {
		const struct plan_op *last = sent.count ? &sent.last : &ops[i];
		int order = service_key_compare(&last->service, &ops[i].service);

		if (order == 0)
			order = destination_key_compare(
				&last->destination.key, &ops[i].destination.key);
		sent.disorder += sent.count && order >= 0;
		sent.last = ops[i];
		sent.count++;
	}
	return memory_backend.apply(backend, ops, count, results, error);
}

static void record_operations(struct fixture *fixture)
{
	static struct backend_ops recorded;

	recorded = memory_backend;
	recorded.apply = apply_recorded;
	fixture->engine.reconciler.backend->ops = &recorded;
	memset(&sent, 0, sizeof(sent));
}

/* Each destination is a probe of its own. */
static void begin_large(struct fixture *fixture)
{
	begin_ten_thousand(fixture, "checks:\n  web: {tcp: {}}\n", "check: web");
	assert_int_equal(engine_probes(&fixture->engine)->count, 100000);
	/* The resync would come in between otherwise. */
	fixture->engine.files->config.resync = 3600 * SECOND;
	fixture->engine.resync_next = now_of(fixture) + 3600 * SECOND;
	memory_reset(fixture->table);
}

static void a_lone_failure_among_many_is_quick(void **state)
{
	struct fixture *fixture = *state;
	uint64_t times[41];

	begin_large(fixture);
	record_operations(fixture);
	for (size_t i = 0; i < ARRAY_LENGTH(times); i++) {
		char target[32];

		snprintf(target, sizeof(target), "172.17.3.%zu:80", 1 + i / 2);
		memory_reset(fixture->table);
		fixture->ahead += SECOND;
		sent.count = 0;
		struct engine_verdict verdict = verdict_of(fixture, target, "web", i % 2);
		uint64_t start = reconciler_now();
		engine_verdicts(&fixture->engine, &verdict, 1);
		engine_run(&fixture->engine, now_of(fixture));
		times[i] = sent.sent - start;
		assert_int_equal(sent.count, 1);
		assert_int_equal(memory_writes(fixture->table), 1);
		assert_int_equal(fixture->table->operations, 1);
	}
	assert_int_equal(
		fixture->engine.counters.passes[ENGINE_REASON_HEALTH], ARRAY_LENGTH(times));
	uint64_t median = times_median(times, ARRAY_LENGTH(times));
	print_message("from a verdict to its operation among 100,000 probes: median %.3f ms, "
		      "most %.3f ms\n",
		(double)median / 1e6, (double)times[ARRAY_LENGTH(times) - 1] / 1e6);
	assert_true(median < 5 * MILLISECOND * SLOWER);
}

static void ten_thousand_in_a_batch_are_one_pass(void **state)
{
	struct fixture *fixture = *state;
	const struct engine_probe_vector *probes;
	struct {
		VECTOR_OF(struct engine_verdict);
	} batch = {};

	begin_large(fixture);
	probes = engine_probes(&fixture->engine);
	record_operations(fixture);
	for (size_t i = 0; i < 10000; i++) {
		struct engine_verdict verdict = verdict_of(fixture, "10.0.0.1:80", "web", false);

		verdict.key = probes->items[i * 7919 % 100000].key;
		vector_push(&batch, verdict);
	}
	uint64_t start = reconciler_now();
	engine_verdicts(&fixture->engine, batch.items, batch.count);
	turn(fixture);
	print_message("10,000 verdicts in a batch: %.1f ms, its pass %.1f ms\n",
		(double)(reconciler_now() - start) / 1e6,
		(double)fixture->engine.counters.last_pass_ns / 1e6);
	assert_int_equal(fixture->engine.counters.passes[ENGINE_REASON_HEALTH], 1);
	assert_int_equal(memory_writes(fixture->table), 10000);
	assert_int_equal(sent.count, 10000);
	assert_int_equal(sent.disorder, 0);
	assert_int_equal(fixture->engine.counters.reads, 1);
	assert_int_equal(fixture->engine.health.totals.probes_down, 10000);
	assert_int_equal(fixture->engine.facts.health.count, 10000);
	vector_clear(&batch);
}

static void ten_thousand_in_a_second_are_few_passes(void **state)
{
	struct fixture *fixture = *state;
	uint64_t begin_at, spent = 0, worst = 0;

	begin_large(fixture);
	fixture->ahead += SECOND;
	begin_at = now_of(fixture);
	for (size_t i = 0; i < 10000; i++) {
		const struct engine_probe_vector *probes = engine_probes(&fixture->engine);
		struct engine_verdict verdict = verdict_of(fixture, "10.0.0.1:80", "web", false);
		uint64_t start = times_cpu();

		verdict.key = probes->items[i * 7919 % 100000].key;
		engine_verdicts(&fixture->engine, &verdict, 1);
		engine_run(&fixture->engine, begin_at + i * SECOND / 10000);
		uint64_t took = times_cpu() - start;
		spent += took;
		worst = MAX(worst, took);
	}
	/* However long the last pass took. */
	engine_run(&fixture->engine, begin_at + 60 * SECOND);
	uint64_t passes = fixture->engine.counters.passes[ENGINE_REASON_HEALTH];
	print_message("10,000 reports in a second: %ju passes, %.0f ms of CPU, the longest turn "
		      "%.1f ms\n",
		(uintmax_t)passes, (double)spent / 1e6, (double)worst / 1e6);
	/* The first one, all others, and what came while they were applied. */
	assert_true(passes >= 2 && passes <= 3);
	assert_int_equal(memory_writes(fixture->table), 10000);
#ifndef __SANITIZE_ADDRESS__
	assert_true(spent < 5 * SECOND);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown_told)
		TEST(one_probe_serves_all_who_ask_for_it),
		TEST(what_only_begins_to_fail_touches_nothing),
		TEST(what_nobody_asks_for_is_dropped),
		TEST(cause_and_effect_are_told_in_order),
		TEST(a_fallback_that_is_down_is_not_said_to_serve),
		TEST(a_storm_is_few_passes),
		TEST(weights_are_no_storm),
		TEST(one_who_climbs_is_looked_at_alone),
		TEST(a_failure_does_not_wait_for_who_climbs),
		TEST(files_keep_what_is_known),
		TEST(other_words_on_the_beginning_count_until_it_is_settled),
		TEST(a_suspended_poised_knows_and_does_nothing),
		TEST(a_rollback_brings_back_nobody_who_is_down),
		TEST(a_suspended_poised_tells_of_quorums),
		TEST(a_quorum_is_told_also_where_no_pass_comes),
		TEST(checks_that_are_late_for_want_of_descriptors_are_trouble),
		TEST(a_weight_that_a_check_says_is_followed),
		TEST(what_min_healthy_keeps_is_trouble_when_nothing_else_serves),
		TEST(what_is_doubted_is_told),
		TEST(min_healthy_puts_nobody_in_who_was_never_up),
		TEST(who_begins_down_and_fails_is_told_once),
		TEST(a_lone_failure_among_many_is_quick),
		TEST(ten_thousand_in_a_batch_are_one_pass),
		TEST(ten_thousand_in_a_second_are_few_passes),
	};

	return cmocka_run_group_tests_name("engine-health", tests, NULL, NULL);
}
