// SPDX-License-Identifier: GPL-2.0-or-later
/* Destinations with several checks: well while all are, and told so once. */
#include "tests/unit/health-fixture.h"

#define CHECKS "  tls: {tcp: {}, fall: 3}\n  web: {tcp: {}, fall: 3}\n"
#define BOTH                                                                                       \
	"  web: {listen: \"" WEB "\", check: [web, tls], notify: /bin/true, destinations: "        \
	"[10.0.0.1, 10.0.0.2]}\n"                                                                  \
	"  one: {listen: \"tcp://203.0.113.11:80\", check: tls, notify: /bin/true, "               \
	"destinations: [10.0.0.1]}\n"

static void say_by(struct fixture *fixture, const char *check, const char *target, bool up)
{
	struct engine_verdict verdict = verdict_of(fixture, target, check, up);

	verdict.verdict.recovered = false;
	verdict.verdict.since = 1; /* long ago */
	engine_verdicts(&fixture->engine, &verdict, 1);
}

static void a_destination_is_in_while_all_its_checks_pass(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *check;
		bool up;
		int weight, other;
	} steps[] = {{"web", false, -1, 1}, {"tls", false, -1, -1}, {"web", true, -1, -1},
		{"tls", true, 1, 1}, {"tls", false, -1, -1}, {"tls", true, 1, 1}};

	begin_health(fixture, CHECKS, BOTH);
	assert_int_equal(engine_probes(&fixture->engine)->count, 4);
	for (size_t i = 0; i < ARRAY_LENGTH(steps); i++) {
		say_by(fixture, steps[i].check, "10.0.0.1:80", steps[i].up);
		later(fixture, SECOND);
		assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), steps[i].weight);
		assert_int_equal(weight_of(fixture, WEB, "10.0.0.2:80"), 1);
		assert_int_equal(
			weight_of(fixture, "tcp://203.0.113.11:80", "10.0.0.1:80"), steps[i].other);
	}
}

static void the_first_that_fails_and_the_last_that_passes_are_told(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, CHECKS, BOTH);
	/* All in one turn: each is told as it was in its time. */
	say_by(fixture, "web", "10.0.0.1:80", false);
	say_by(fixture, "tls", "10.0.0.1:80", false);
	say_by(fixture, "web", "10.0.0.1:80", true);
	say_by(fixture, "tls", "10.0.0.1:80", true);
	turn(fixture);
	assert_string_equal(told_since(),
		"health 10.0.0.1:80 check web: down: connect: refused\n"
		"notice destination-down web " WEB " 10.0.0.1:80 web connect: refused\n"
		"health 10.0.0.1:80 check tls: down: connect: refused\n"
		"notice destination-down one tcp://203.0.113.11:80 10.0.0.1:80 tls connect: "
		"refused\n"
		"health 10.0.0.1:80 check web: up\n"
		"health 10.0.0.1:80 check tls: up\n"
		"notice destination-up web " WEB " 10.0.0.1:80 tls -\n"
		"notice destination-up one tcp://203.0.113.11:80 10.0.0.1:80 tls -\n");
}

/* What was down before other files, or a start, is known to be so. */
static void what_was_down_before_counts(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, CHECKS, BOTH);
	say_by(fixture, "web", "10.0.0.1:80", false);
	later(fixture, SECOND);
	declare(fixture, CHECKS "  more: {ping: {}}\n",
		BOTH "  other: {listen: \"tcp://203.0.113.12:80\", check: more, destinations: "
		     "[10.0.0.9]}\n");
	stop(fixture);
	start_told(fixture);
	turn(fixture);
	forget_told();
	assert_false(probe(fixture, "10.0.0.1:80", "web")->verdict.up);
	say_by(fixture, "tls", "10.0.0.1:80", false);
	turn(fixture);
	assert_non_null(strstr(told_since(), "notice destination-down one "));
	say_by(fixture, "tls", "10.0.0.1:80", true);
	turn(fixture);
	assert_non_null(strstr(told_since(), "notice destination-up one "));
	assert_null(strstr(told_since(), " web " WEB));
	say_by(fixture, "web", "10.0.0.1:80", true);
	later(fixture, SECOND);
	assert_non_null(strstr(told_since(), "notice destination-up web " WEB));
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 1);
}

/* One more check is not down because the one beside it is, and one that begins with down takes out nobody who serves. */
static void a_check_that_is_added_begins_for_itself(void **state)
{
	static const char *const services[] = {
		"  web: {listen: \"" WEB "\", check: web, destinations: [10.0.0.1, 10.0.0.2]}\n",
		"  web: {listen: \"" WEB "\", check: [web, new], destinations: [10.0.0.1, "
		"10.0.0.2]}\n",
		"  web: {listen: \"" WEB "\", check: [web, newer], destinations: [10.0.0.1, "
		"10.0.0.2]}\n"};
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB, services[0]);
	say_by(fixture, "web", "10.0.0.1:80", false);
	say_by(fixture, "web", "10.0.0.2:80", true);
	turn(fixture);
	declare(fixture, CHECK_WEB "  new: {http: {}, initially: down}\n", services[1]);
	later(fixture, SECOND);
	assert_false(probe(fixture, "10.0.0.1:80", "new")->verdict.up);
	assert_false(probe(fixture, "10.0.0.1:80", "new")->verdict.settled);
	assert_true(probe(fixture, "10.0.0.2:80", "new")->verdict.up);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.2:80"), 1);
	/* What it found is left to the one in its place. */
	say_by(fixture, "new", "10.0.0.2:80", false);
	turn(fixture);
	declare(fixture, CHECK_WEB "  newer: {http: {}}\n", services[2]);
	later(fixture, SECOND);
	assert_true(probe(fixture, "10.0.0.1:80", "newer")->verdict.up);
	assert_false(probe(fixture, "10.0.0.2:80", "newer")->verdict.up);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), -1);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.2:80"), -1);
	/* Without it, the other is all that counts. */
	declare(fixture, CHECK_WEB, services[0]);
	later(fixture, SECOND);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.2:80"), 1);
}

/* Who was told that it is down hears that it is up, also where that is so because of other files. */
static void who_loses_the_check_that_failed_comes_up(void **state)
{
	struct fixture *fixture = *state;
	static const char without[] =
		"  web: {listen: \"" WEB "\", check: tls, notify: /bin/true, destinations: "
		"[10.0.0.1, 10.0.0.2]}\n";

	begin_health(fixture, CHECKS, BOTH);
	say_by(fixture, "web", "10.0.0.1:80", false);
	say_by(fixture, "web", "10.0.0.2:80", false);
	say_by(fixture, "tls", "10.0.0.2:80", false);
	later(fixture, SECOND);
	forget_told();
	declare(fixture, CHECKS, without);
	later(fixture, SECOND);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), 1);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.2:80"), -1);
	assert_non_null(
		strstr(told_since(), "notice destination-up web " WEB " 10.0.0.1:80 web -\n"));
	/* The other one still fails by the check that it has. */
	assert_null(strstr(told_since(), "notice destination-up web " WEB " 10.0.0.2:80"));
	/* More checks bring nobody up. */
	forget_told();
	declare(fixture, CHECKS, BOTH);
	later(fixture, SECOND);
	assert_null(strstr(told_since(), "notice destination-"));
	/* None does. */
	declare(fixture, CHECKS,
		"  web: {listen: \"" WEB "\", notify: /bin/true, destinations: "
		"[10.0.0.1, 10.0.0.2]}\n");
	later(fixture, SECOND);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.2:80"), 1);
	assert_non_null(
		strstr(told_since(), "notice destination-up web " WEB " 10.0.0.2:80 tls -\n"));
	assert_null(strstr(told_since(), "notice destination-up web " WEB " 10.0.0.1:80"));
}

static void the_least_weight_is_followed(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, "  a: {file: {path: /a}}\n  b: {file: {path: /b}}\n",
		"  web: {listen: \"" WEB "\", check: [a, b], destinations: [10.0.0.1]}\n");
	for (const char *name = "a"; name; name = *name == 'a' ? "b" : NULL) {
		struct engine_verdict verdict = verdict_of(fixture, "10.0.0.1:80", name, true);

		verdict.verdict.recovered = false;
		verdict.verdict.weight = *name == 'a' ? 5 : 3;
		engine_verdicts(&fixture->engine, &verdict, 1);
		later(fixture, SECOND);
		assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), verdict.verdict.weight);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_destination_is_in_while_all_its_checks_pass, setup, teardown_told),
		cmocka_unit_test_setup_teardown(
			the_first_that_fails_and_the_last_that_passes_are_told, setup,
			teardown_told),
		cmocka_unit_test_setup_teardown(what_was_down_before_counts, setup, teardown_told),
		cmocka_unit_test_setup_teardown(
			a_check_that_is_added_begins_for_itself, setup, teardown_told),
		cmocka_unit_test_setup_teardown(
			who_loses_the_check_that_failed_comes_up, setup, teardown_told),
		cmocka_unit_test_setup_teardown(the_least_weight_is_followed, setup, teardown_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
