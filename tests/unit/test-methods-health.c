// SPDX-License-Identifier: GPL-2.0-or-later
/* What `status` says of health. */
#include "tests/support/build.h"
#include "tests/unit/asked-fixture.h"

static void begin_with(struct fixture *fixture, const char *services)
{
	begin_health(fixture, CHECK_WEB, services);
}

static const json_t *service_of(const json_t *status, size_t number)
{
	return json_array_get(json_object_get(status, "services"), number);
}

/* `wanted` may have one `*`, which stands for anything. */
static bool is_like(const char *text, const char *wanted)
{
	size_t head = strcspn(wanted, "*");

	if (!wanted[head])
		return strcmp(text, wanted) == 0;
	const char *tail = wanted + head + 1;
	size_t length = strlen(text), rest = strlen(tail);
	return length >= head + rest && strncmp(text, wanted, head) == 0 &&
	       strcmp(text + length - rest, tail) == 0;
}

static void expect_state(
	const json_t *service, const char *address, const char *state, const char *why)
{
	const json_t *destination;
	size_t i;

	json_array_foreach(json_object_get(service, "destinations"), i, destination)
	{
		const char *is = json_string_value(json_object_get(destination, "address"));
		const char *says = json_string_value(json_object_get(destination, "why"));

		if (strcmp(is, address) != 0)
			continue;
		assert_string_equal(
			json_string_value(json_object_get(destination, "state")), state);
		if (why && !(says && is_like(says, why)))
			fail_msg("%s: %s", address, says ? says : "says nothing");
		if (!why)
			assert_null(says);
		return;
	}
	fail_msg("%s is not there", address);
}

static int64_t number_at(const json_t *json, const char *outer, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(json, outer), name));
}

static void expect_text(const json_t *object, const char *name, const char *wanted)
{
	const char *is = json_string_value(json_object_get(object, name));

	if (!is || !is_like(is, wanted))
		fail_msg("%s: %s", name, is ? is : "says nothing");
}

static void status_says_who_fails_and_why(void **state)
{
	struct fixture *fixture = *state;
	struct engine_verdict failing = old_verdict(fixture, "10.0.0.2:80", true);

	begin_web(fixture);
	failing.verdict.recovered = false;
	failing.failing = true;
	failing.failures = 1;
	failing.reason = "no answer within 1s";
	tell(fixture, &failing);
	tell_up(fixture, "10.0.0.1:80", false);
	tell_up(fixture, "10.0.0.3:80", false);
	tell_up(fixture, "10.0.0.3:80", true);
	/* The fallback served in between, and drains. */
	later(fixture, SECOND);
	later(fixture, SECOND);
	json_t *status = ask(fixture, "status", NULL, NULL);
	const json_t *web = service_of(status, 0), *kept = service_of(status, 1);
	expect_state(web, "10.0.0.1:80", "down", "down *s: connect: refused");
	expect_state(web, "10.0.0.2:80", "failing", "failing 1/3: no answer within 1s");
	expect_state(web, "10.0.0.3:80", "climbing", "weight 1 of 10");
	expect_state(web, "10.0.0.99:80", "spare", NULL);
	expect_state(kept, "10.0.0.1:80", "kept",
		"kept by min-healthy, though down *s: connect: refused");
	assert_string_equal(json_string_value(json_object_get(web, "state")), "ok");
	assert_int_equal(number_at(web, "quorum", "wanted"), 2);
	assert_int_equal(number_at(web, "quorum", "healthy"), 11);
	assert_int_equal(number_at(status, "checks", "probes"), 3);
	assert_int_equal(number_at(status, "checks", "down"), 1);
	assert_int_equal(number_at(status, "checks", "failing"), 1);
	assert_int_equal(number_at(status, "checks", "failed_destinations"), 1);
	assert_int_equal(number_at(status, "checks", "kept"), 1);
	assert_int_equal(number_at(status, "checks", "climbing"), 1);
	assert_string_equal(json_string_value(json_object_get(status, "health")), "degraded");
	const json_t *first = json_array_get(json_object_get(web, "destinations"), 0);
	assert_string_equal(json_string_value(json_object_get(first, "role")), "failed");
	assert_int_equal(number_at(first, "health", "failures"), 3);
	assert_int_equal(number_at(first, "health", "failed_at_ms"), 1700000000000);
	assert_true(number_at(first, "health", "since_ms_ago") >= 12500);
	json_decref(status);
}

/* It served, and has a check now that begins with down: what it has it keeps, for as long as a drain lasts. */
static void status_says_who_waits_for_its_first_check(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB,
		"  web: {listen: \"" WEB "\", drain: 30s, destinations: [10.0.0.1, 10.0.0.2]}\n");
	later(fixture, SECOND);
	declare(fixture, "  web: {tcp: {}, initially: down}\n",
		"  web: {listen: \"" WEB
		"\", drain: 30s, check: web, destinations: [10.0.0.1, 10.0.0.2]}\n");
	struct service_key key = build_key(WEB);
	struct destination_key busy = build_destination_key("10.0.0.1:80");
	memory_set_counts(fixture->table, &key, &busy, (struct destination_counts){.active = 3});
	json_t *status = ask(fixture, "status", NULL, NULL);
	const json_t *web = service_of(status, 0);
	const json_t *first = json_array_get(json_object_get(web, "destinations"), 0);
	expect_state(
		web, "10.0.0.1:80", "draining", "down until its check passes 2 times in a row");
	assert_in_range(json_integer_value(json_object_get(first, "drain_ends_ms")), 1, 31000);
	json_decref(status);
	/* Now it is known. */
	tell_up(fixture, "10.0.0.1:80", false);
	status = ask(fixture, "status", NULL, NULL);
	expect_state(service_of(status, 0), "10.0.0.1:80", "down", "down *s: connect: refused");
	json_decref(status);
}

static void tell_by(struct fixture *fixture, const char *check, const char *target, bool up)
{
	struct engine_verdict verdict = old_verdict(fixture, target, up);

	verdict.key.check = check;
	verdict.verdict.recovered = false;
	verdict.verdict.since = UINT64_MAX; /* of no age yet */
	if (!up)
		verdict.reason = *check == 't' ? "handshake: no" : "connect: refused";
	tell(fixture, &verdict);
}

/* Each check that is not well, by its name. */
static void status_says_which_of_several_fail(void **state)
{
	struct fixture *fixture = *state;
	struct engine_verdict failing = old_verdict(fixture, "10.0.0.2:80", true);

	begin_health(fixture, "  api: {tcp: {}}\n  tls: {tcp: {}}\n  web: {tcp: {}, fall: 4}\n",
		"  web: {listen: \"" WEB "\", check: [web, tls, api], destinations: "
		"[10.0.0.1, 10.0.0.2, 10.0.0.3]}\n"
		"  kept: {listen: \"tcp://203.0.113.11:80\", check: [tls, web], min-healthy: "
		"100%,\n"
		"    destinations: [10.0.0.1]}\n");
	tell_by(fixture, "web", "10.0.0.1:80", false);
	tell_by(fixture, "tls", "10.0.0.1:80", false);
	failing.verdict.recovered = false;
	failing.failing = failing.untried = true;
	failing.failures = 2;
	failing.reason = "no room";
	tell(fixture, &failing);
	later(fixture, SECOND);
	json_t *status = ask(fixture, "status", NULL, NULL);
	const json_t *web = service_of(status, 0), *kept = service_of(status, 1);
	expect_state(web, "10.0.0.1:80", "down",
		"check tls down: handshake: no; check web down: connect: refused");
	expect_state(web, "10.0.0.2:80", "failing", "check web failing 2/4; not tried: no room");
	expect_state(web, "10.0.0.3:80", "ok", NULL);
	expect_state(kept, "10.0.0.1:80", "kept",
		"kept by min-healthy, though check tls down: handshake: no; check web down: "
		"connect: refused");
	/* `health` is of the one that says most, `checks` has all of them. */
	const json_t *first = json_array_get(json_object_get(web, "destinations"), 0);
	expect_text(json_object_get(first, "health"), "check", "tls");
	assert_int_equal(json_array_size(json_object_get(first, "checks")), 3);
	expect_text(json_array_get(json_object_get(first, "checks"), 0), "check", "api");
	expect_text(
		json_array_get(json_object_get(first, "checks"), 2), "reason", "connect: refused");
	const json_t *second = json_array_get(json_object_get(web, "destinations"), 1);
	expect_text(json_object_get(second, "health"), "check", "web");
	json_decref(status);
}

static json_t *bad_checks(struct fixture *fixture)
{
	json_t *params = json_pack("{s:b}", "bad", 1);
	json_t *bad = ask(fixture, "checks", params, NULL);

	json_decref(params);
	return bad;
}

/* What cannot be tried is as it was, and nobody takes that for well. */
static void status_says_what_cannot_be_tried(void **state)
{
	struct fixture *fixture = *state;
	struct engine_verdict verdict = old_verdict(fixture, "10.0.0.2:80", true);

	begin_web(fixture);
	verdict.verdict.recovered = verdict.verdict.settled = false;
	verdict.untried = true;
	verdict.wall = 0;
	verdict.reason = "cannot read /x: no such file or directory";
	tell(fixture, &verdict);
	tell(fixture, &verdict);
	assert_int_equal(fixture->events[ENGINE_EVENT_UNTRIED], 1);
	assert_string_equal(fixture->last[ENGINE_EVENT_UNTRIED],
		"10.0.0.2:80 check web|cannot be tried: cannot read /x: no such file or directory; "
		"its verdict stays as "
		"it is");
	assert_true(engine_is_degraded(&fixture->engine));
	json_t *status = ask(fixture, "status", NULL, NULL);
	const json_t *web = service_of(status, 0);
	expect_state(web, "10.0.0.2:80", "untried",
		"not tried: cannot read /x: no such file or directory");
	expect_state(web, "10.0.0.1:80", "ok", NULL);
	assert_int_equal(number_at(status, "checks", "untried"), 1);
	assert_int_equal(number_at(status, "checks", "down"), 0);
	assert_string_equal(json_string_value(json_object_get(status, "health")), "degraded");
	json_decref(status);
	json_t *bad = bad_checks(fixture);
	assert_int_equal(json_array_size(json_object_get(bad, "list")), 1);
	const json_t *probe = json_array_get(json_object_get(bad, "list"), 0);
	assert_string_equal(json_string_value(json_object_get(probe, "untried")), verdict.reason);
	assert_true(json_is_null(json_object_get(probe, "reason")));
	json_decref(bad);
	/* Another health process, which has not tried yet. */
	verdict.untried = false;
	verdict.reason = "";
	tell(fixture, &verdict);
	assert_true(engine_is_degraded(&fixture->engine));
	assert_int_equal(fixture->events[ENGINE_EVENT_HEALTH], 0);
	verdict.wall = 1700000000000;
	tell(fixture, &verdict);
	assert_false(engine_is_degraded(&fixture->engine));
	assert_string_equal(
		fixture->last[ENGINE_EVENT_HEALTH], "10.0.0.2:80 check web|can be tried again");
	assert_int_equal(fixture->events[ENGINE_EVENT_UNTRIED], 1);
	bad = bad_checks(fixture);
	assert_int_equal(json_array_size(json_object_get(bad, "list")), 0);
	json_decref(bad);
}

/* What is down stays so, and its failure is not forgotten. */
static void what_is_down_may_not_be_tried_either(void **state)
{
	struct fixture *fixture = *state;
	struct engine_verdict verdict = old_verdict(fixture, "10.0.0.2:80", false);

	begin_web(fixture);
	tell(fixture, &verdict);
	verdict.untried = true;
	verdict.reason = "libcurl is missing";
	tell(fixture, &verdict);
	json_t *status = ask(fixture, "status", NULL, NULL);
	expect_state(service_of(status, 0), "10.0.0.2:80", "down",
		"down *s: connect: refused; not tried: libcurl is missing");
	json_decref(status);
}

static void status_says_that_the_quorum_is_lost(void **state)
{
	struct fixture *fixture = *state;

	begin_web(fixture);
	tell_up(fixture, "10.0.0.3:80", false);
	tell_up(fixture, "10.0.0.1:80", false);
	json_t *status = ask(fixture, "status", NULL, NULL);
	const json_t *web = service_of(status, 0);
	assert_string_equal(json_string_value(json_object_get(web, "state")), "no-quorum");
	assert_string_equal(json_string_value(json_object_get(web, "why")),
		"the healthy weight is 1, the quorum 2; the fallback serves");
	expect_state(web, "10.0.0.2:80", "standby", "the fallback serves");
	expect_state(web, "10.0.0.99:80", "fallback", "the fallback, for the quorum is lost");
	assert_int_equal(number_at(status, "checks", "quorums_lost"), 1);
	json_decref(status);
}

/* Not what would be, but for the suspension. */
static void status_says_what_is_in_while_suspended(void **state)
{
	struct fixture *fixture = *state;

	begin_with(fixture, "  web: {listen: \"" WEB "\", check: web, destinations: [10.0.0.1, "
			    "10.0.0.2],\n"
			    "    drain: 0s, fallback: 10.0.0.99:80}\n"
			    "  bare: {listen: \"tcp://203.0.113.12:80\", check: web, destinations: "
			    "[10.0.0.1]}\n");
	assert_int_equal(engine_suspend(&fixture->engine, NULL, "test", NULL), 0);
	tell_up(fixture, "10.0.0.1:80", false);
	tell_up(fixture, "10.0.0.2:80", false);
	json_t *status = ask(fixture, "status", NULL, NULL);
	const json_t *web = service_of(status, 0), *bare = service_of(status, 1);
	expect_text(web, "state", "no-quorum");
	expect_text(web, "why",
		"the healthy weight is 0, the quorum 1; the fallback does not serve; poised is "
		"suspended and changes nothing");
	assert_true(json_is_true(json_object_get(json_object_get(web, "quorum"), "lost")));
	assert_true(json_is_false(json_object_get(json_object_get(web, "quorum"), "fallback")));
	expect_state(web, "10.0.0.1:80", "down",
		"down *s: connect: refused; poised is suspended and changes nothing");
	expect_state(web, "10.0.0.99:80", "missing", "poised is suspended and changes nothing");
	expect_text(bare, "state", "unusable");
	expect_text(bare, "why",
		"no usable destination: 1 down; poised is suspended and changes nothing");
	assert_int_equal(number_at(status, "checks", "failed_destinations"), 3);
	assert_int_equal(number_at(status, "checks", "failed_and_in"), 3);
	assert_int_equal(number_at(status, "checks", "quorums_lost"), 2);
	json_decref(status);
	assert_int_equal(engine_resume(&fixture->engine, 0, "test", NULL), 0);
	later(fixture, SECOND);
	status = ask(fixture, "status", NULL, NULL);
	web = service_of(status, 0);
	expect_text(web, "why", "the healthy weight is 0, the quorum 1; the fallback serves");
	assert_true(json_is_true(json_object_get(json_object_get(web, "quorum"), "fallback")));
	expect_text(service_of(status, 1), "why", "no usable destination: 1 down");
	assert_int_equal(number_at(status, "checks", "failed_and_in"), 0);
	json_decref(status);
}

static void status_says_that_the_checks_are_doubted(void **state)
{
	struct fixture *fixture = *state;

	begin_with(fixture, "  web: {listen: \"" WEB "\", check: web, min-healthy: 100%,\n"
			    "    destinations: [10.0.0.1, 10.0.0.2]}\n");
	tell_up(fixture, "10.0.0.1:80", false);
	json_t *status = ask(fixture, "status", NULL, NULL);
	expect_text(service_of(status, 0), "state", "ok");
	expect_text(status, "health", "well");
	json_decref(status);
	tell_up(fixture, "10.0.0.2:80", false);
	status = ask(fixture, "status", NULL, NULL);
	expect_text(service_of(status, 0), "state", "kept");
	expect_text(service_of(status, 0), "why",
		"the checks of all servers fail, which is doubted: min-healthy keeps 2");
	expect_text(status, "health", "degraded");
	assert_int_equal(number_at(status, "checks", "doubted"), 1);
	json_decref(status);
}

static json_t *drain(struct fixture *fixture, const char *destination)
{
	json_t *params = json_pack("{s:s}", "destination", destination);
	json_t *answer = ask(fixture, "drain", params, NULL);

	json_decref(params);
	return answer;
}

/* It would not be there when the drain ends. */
static void a_drain_hides_no_failure(void **state)
{
	struct fixture *fixture = *state;

	begin_with(fixture,
		"  web: {listen: \"" WEB "\", check: web, destinations: [10.0.0.1, 10.0.0.2,\n"
		"    {address: 10.0.0.3, state: drain}]}\n");
	tell_up(fixture, "10.0.0.3:80", false);
	json_t *answer = drain(fixture, "10.0.0.1");
	json_decref(answer);
	turn(fixture);
	later(fixture, 120 * SECOND);
	json_t *status = ask(fixture, "status", NULL, NULL);
	expect_state(service_of(status, 0), "10.0.0.1:80", "drained", "drained by the operator");
	expect_state(service_of(status, 0), "10.0.0.3:80", "drained",
		"state: drain; down *s: connect: refused");
	json_decref(status);
	tell_up(fixture, "10.0.0.1:80", false);
	status = ask(fixture, "status", NULL, NULL);
	expect_state(service_of(status, 0), "10.0.0.1:80", "drained",
		"drained by the operator; down *s: connect: refused");
	json_decref(status);
}

/* The others are there for lack of a better one. */
static void who_drains_the_last_healthy_one_is_warned(void **state)
{
	struct fixture *fixture = *state;

	begin_with(fixture, "  web: {listen: \"" WEB "\", check: web, min-healthy: 100%,\n"
			    "    destinations: [10.0.0.1, 10.0.0.2, 10.0.0.3]}\n");
	tell_up(fixture, "10.0.0.2:80", false);
	json_t *answer = drain(fixture, "10.0.0.1");
	assert_null(json_object_get(answer, "warning"));
	json_decref(answer);
	turn(fixture);
	answer = drain(fixture, "10.0.0.3");
	expect_text(answer, "warning",
		"1 service is left with what min-healthy keeps in though its checks fail: " WEB
		" (web)");
	json_decref(answer);
	turn(fixture);
	/* Nothing is left to be warned of. */
	answer = drain(fixture, "10.0.0.3");
	assert_null(json_object_get(answer, "warning"));
	json_decref(answer);
}

/* What nobody looks at is not known to be well. */
static void nobody_who_probes_is_trouble(void **state)
{
	struct fixture *fixture = *state;
	struct engine_probing probing = {};

	begin_with(fixture, TWO);
	assert_false(engine_is_degraded(&fixture->engine));
	engine_set_probing(&fixture->engine, &probing);
	assert_true(engine_is_degraded(&fixture->engine));
	json_t *status = ask(fixture, "status", NULL, NULL);
	expect_text(status, "health", "degraded");
	json_decref(status);
	probing.there = true;
	engine_set_probing(&fixture->engine, &probing);
	assert_false(engine_is_degraded(&fixture->engine));
	/* Where there is nothing to probe, nobody has to. */
	probing.there = false;
	engine_set_probing(&fixture->engine, &probing);
	declare(fixture, CHECK_WEB, "  web: {listen: \"" WEB "\", destinations: [10.0.0.1]}\n");
	assert_false(engine_is_degraded(&fixture->engine));
}

/* It could not serve when it is needed. */
static void a_spare_that_is_down_is_trouble(void **state)
{
	struct fixture *fixture = *state;
	struct engine_verdict verdict = old_verdict(fixture, "10.0.0.99:80", true);

	begin_with(fixture, "  web: {listen: \"" WEB "\", check: web, destinations: [10.0.0.1],\n"
			    "    fallback: {address: 10.0.0.99, check: web}}\n");
	assert_false(engine_is_degraded(&fixture->engine));
	verdict.verdict.recovered = false;
	verdict.failing = true;
	verdict.failures = 1;
	verdict.reason = "connect: refused";
	tell(fixture, &verdict);
	json_t *status = ask(fixture, "status", NULL, NULL);
	expect_state(
		service_of(status, 0), "10.0.0.99:80", "failing", "failing 1/3: connect: refused");
	expect_text(status, "health", "well");
	json_decref(status);
	tell_up(fixture, "10.0.0.99:80", false);
	status = ask(fixture, "status", NULL, NULL);
	expect_state(service_of(status, 0), "10.0.0.99:80", "down",
		"a fallback that could not serve now: down *s: connect: refused");
	expect_text(status, "health", "degraded");
	assert_int_equal(number_at(status, "checks", "spares_down"), 1);
	json_decref(status);
	tell_up(fixture, "10.0.0.99:80", true);
	assert_int_equal(fixture->engine.health.totals.spares_down, 0);
	assert_false(engine_is_degraded(&fixture->engine));
}

/* Also where it must leave for that, as its scheduler would refuse clients. */
static void who_steps_back_stands_by_in_and_out(void **state)
{
	static const struct {
		const char *scheduler;
		int weight;
	} rows[] = {{"wrr", 0}, {"sh, scheduler-flags: [sh-port]", -1}};
	struct fixture *fixture = *state;

	begin_with(fixture, TWO);
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		_cleanup_free_ char *services = memory_printf(
			"  web: {listen: \"" WEB
			"\", check: web, quorum: 2, drain: 0s, scheduler: %s,\n"
			"    fallback: 10.0.0.99, destinations: [10.0.0.1, 10.0.0.2]}\n",
			rows[i].scheduler);

		declare(fixture, CHECK_WEB, services);
		tell_up(fixture, "10.0.0.1:80", false);
		assert_int_equal(weight_of(fixture, WEB, "10.0.0.2:80"), rows[i].weight);
		json_t *status = ask(fixture, "status", NULL, NULL);
		expect_state(
			service_of(status, 0), "10.0.0.2:80", "standby", "the fallback serves");
		json_decref(status);
		tell_up(fixture, "10.0.0.1:80", true);
	}
}

/* One is out already, and stays so with weight 0 or without; the other waits. */
static void only_what_waits_is_said_to_wait(void **state)
{
	static const char *const ways[] = {"remove", "weight-zero"};
	struct fixture *fixture = *state;

	begin_with(fixture, TWO);
	for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
		_cleanup_free_ char *services =
			memory_printf("  web: {listen: \"" WEB "\", check: web, on-failure: %s,\n"
				      "    destinations: [10.0.0.1, 10.0.0.2, 10.0.0.3]}\n",
				ways[i]);

		declare(fixture, CHECK_WEB, services);
		tell_up(fixture, "10.0.0.1:80", false);
		assert_int_equal(engine_suspend(&fixture->engine, NULL, "test", NULL), 0);
		tell_up(fixture, "10.0.0.2:80", false);
		json_t *status = ask(fixture, "status", NULL, NULL);
		expect_state(
			service_of(status, 0), "10.0.0.1:80", "down", "down *s: connect: refused");
		expect_state(service_of(status, 0), "10.0.0.2:80", "down",
			"down *s: connect: refused; poised is suspended and changes nothing");
		json_decref(status);
		assert_int_equal(engine_resume(&fixture->engine, 0, "test", NULL), 0);
		tell_up(fixture, "10.0.0.1:80", true);
		tell_up(fixture, "10.0.0.2:80", true);
	}
}

static void status_says_what_the_quorum_returns_at(void **state)
{
	struct fixture *fixture = *state;

	begin_with(fixture, "  web: {listen: \"" WEB "\", check: web, quorum: 3,\n"
			    "    quorum-hysteresis: 1, destinations: [10.0.0.1, 10.0.0.2,\n"
			    "      10.0.0.3, 10.0.0.4]}\n");
	for (const char *target = "123"; *target; target++) {
		char address[] = "10.0.0.?:80";

		*strchr(address, '?') = *target;
		tell_up(fixture, address, false);
	}
	assert_non_null(strstr(told_since(), "lost: the healthy weight is 1, the quorum 3 and its "
					     "hysteresis 1: 4 to return\n"));
	tell_up(fixture, "10.0.0.1:80", true);
	tell_up(fixture, "10.0.0.2:80", true);
	json_t *status = ask(fixture, "status", NULL, NULL);
	const json_t *web = service_of(status, 0);
	expect_text(web, "state", "no-quorum");
	expect_text(web, "why",
		"the healthy weight is 3, the quorum 3 and its hysteresis 1: 4 to return");
	assert_int_equal(number_at(web, "quorum", "hysteresis"), 1);
	json_decref(status);
	tell_up(fixture, "10.0.0.3:80", true);
	assert_non_null(strstr(told_since(),
		"regained: the healthy weight is 4, the quorum 3 and its hysteresis 1\n"));
}

/* 1.5 s after the last word. */
static void tell_weight(struct fixture *fixture, const char *target, int32_t weight)
{
	struct engine_verdict verdict = old_verdict(fixture, target, true);
	uint64_t before = probe(fixture, target, "web")->verdict.since;

	verdict.verdict.recovered = false;
	if (before)
		verdict.verdict.since = before + 1500 * MILLISECOND;
	verdict.verdict.weight = weight;
	tell(fixture, &verdict);
}

static void status_says_whose_weight_is_none(void **state)
{
	struct fixture *fixture = *state;

	begin_with(fixture, "  web: {listen: \"" WEB "\", check: web,\n"
			    "    destinations: [10.0.0.1, 10.0.0.2, 10.0.0.3]}\n");
	tell_weight(fixture, "10.0.0.1:80", 0);
	tell_up(fixture, "10.0.0.2:80", false);
	tell_weight(fixture, "10.0.0.2:80", 0);
	assert_non_null(strstr(told_since(), "10.0.0.2:80 check web: up again after 1s; its check "
					     "says weight 0\n"));
	tell_up(fixture, "10.0.0.3:80", false);
	json_t *status = ask(fixture, "status", NULL, NULL);
	const json_t *web = service_of(status, 0);
	expect_state(web, "10.0.0.1:80", "ok", "its check says weight 0, the file 1");
	expect_state(web, "10.0.0.2:80", "ok", "its check says weight 0, the file 1");
	expect_text(web, "state", "unusable");
	expect_text(web, "why", "no usable destination: 1 down, 2 of weight 0 by their checks");
	json_decref(status);
	tell_weight(fixture, "10.0.0.1:80", 4);
	status = ask(fixture, "status", NULL, NULL);
	expect_state(
		service_of(status, 0), "10.0.0.1:80", "ok", "its check says weight 4, the file 1");
	/* Each fact by itself, for programs too. */
	const json_t *first =
		json_array_get(json_object_get(service_of(status, 0), "destinations"), 0);
	assert_int_equal(json_integer_value(json_object_get(first, "declared_weight")), 1);
	assert_int_equal(number_at(first, "health", "weight"), 4);
	json_decref(status);
	tell_weight(fixture, "10.0.0.1:80", 1);
	status = ask(fixture, "status", NULL, NULL);
	expect_state(service_of(status, 0), "10.0.0.1:80", "ok", NULL);
	json_decref(status);
}

static void status_counts_who_was_not_told(void **state)
{
	struct fixture *fixture = *state;

	begin_with(fixture, TWO);
	engine_set_notified(
		&fixture->engine, &(struct engine_notified){.run = 40, .failed = 1, .dropped = 20});
	json_t *status = ask(fixture, "status", NULL, NULL);
	assert_int_equal(number_at(status, "notify", "run"), 40);
	assert_int_equal(number_at(status, "notify", "failed"), 1);
	assert_int_equal(number_at(status, "notify", "dropped"), 20);
	json_decref(status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown_told)
		TEST(status_says_who_fails_and_why),
		TEST(status_says_who_waits_for_its_first_check),
		TEST(status_says_which_of_several_fail),
		TEST(status_says_what_cannot_be_tried),
		TEST(what_is_down_may_not_be_tried_either),
		TEST(status_says_that_the_quorum_is_lost),
		TEST(status_says_what_is_in_while_suspended),
		TEST(status_says_that_the_checks_are_doubted),
		TEST(a_drain_hides_no_failure),
		TEST(who_drains_the_last_healthy_one_is_warned),
		TEST(nobody_who_probes_is_trouble),
		TEST(a_spare_that_is_down_is_trouble),
		TEST(who_steps_back_stands_by_in_and_out),
		TEST(only_what_waits_is_said_to_wait),
		TEST(status_says_what_the_quorum_returns_at),
		TEST(status_says_whose_weight_is_none),
		TEST(status_counts_who_was_not_told),
	};

	return cmocka_run_group_tests_name("methods-health", tests, NULL, NULL);
}
