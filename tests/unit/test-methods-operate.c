// SPDX-License-Identifier: GPL-2.0-or-later
/* What the operator asks for, as the control socket answers it. */
#include "tests/unit/call-fixture.h"
#include "tests/unit/health-fixture.h"

#include "tests/support/build.h"

/* Three services: two on the same three servers, and one that is empty by the files' own word. */
#define FILE_TEXT                                                                                  \
	"poise: 1\nservices:\n"                                                                    \
	"  a: {listen: \"tcp://203.0.113.10:80\", drain: 0s, destinations: [10.0.0.1, 10.0.0.2, "  \
	"10.0.0.3]}\n"                                                                             \
	"  b: {listen: \"tcp://203.0.113.11:80\", drain: 0s, destinations: [10.0.0.1, "            \
	"10.0.0.2]}\n"                                                                             \
	"  c: {listen: \"tcp://203.0.113.12:80\", destinations: []}\n"                             \
	"  d: {listen: \"tcp://203.0.113.13:80\", destinations: [{address: 10.0.0.9, weight: "     \
	"0}]}\n"

/* The same of parameters that are written down (NULL: none). A new reference. */
static json_t *answer_to(struct fixture *fixture, const char *method, const char *params)
{
	json_t *said = params ? json_loads(params, 0, NULL) : NULL;
	json_t *answer = answer_of(fixture, method, said, NULL);

	json_decref(said);
	return answer;
}

static void refused(
	struct fixture *fixture, const char *method, const char *params, const char *words)
{
	json_t *answer = answer_to(fixture, method, params);
	const char *text =
		json_string_value(json_object_get(json_object_get(answer, "error"), "message"));

	if (!text || !strstr(text, words))
		fail_msg("%s %s: %s", method, params, text ? text : "it was done");
	json_decref(answer);
	turn(fixture);
}

static void says(struct fixture *fixture, const char *method, const char *params, const char *words)
{
	json_t *answer = answer_to(fixture, method, params);
	const char *text =
		json_string_value(json_object_get(json_object_get(answer, "result"), "message"));

	if (!text || strcmp(text, words) != 0)
		fail_msg("%s %s: %s", method, params, text ? text : "it was refused");
	json_decref(answer);
	turn(fixture);
}

static void warns(
	struct fixture *fixture, const char *method, const char *params, const char *words)
{
	json_t *answer = answer_to(fixture, method, params);
	const char *text =
		json_string_value(json_object_get(json_object_get(answer, "result"), "warning"));

	if (strcmp(text ? text : "", words) != 0)
		fail_msg("%s %s: %s", method, params, text ? text : "nothing was said");
	json_decref(answer);
	turn(fixture);
}

static void expect_service(
	struct fixture *fixture, const char *name, const char *state, const char *why)
{
	_cleanup_free_ char *params = memory_printf("[\"%s\"]", name);
	json_t *answer = answer_to(fixture, "status", params);
	const json_t *services = json_object_get(json_object_get(answer, "result"), "services");
	const json_t *service = json_array_get(services, 0);
	const char *words = json_string_value(json_object_get(service, "why"));

	assert_string_equal(json_string_value(json_object_get(service, "state")), state);
	assert_string_equal(words ? words : "", why);
	json_decref(answer);
}

static void begin_here(struct fixture *fixture)
{
	write_file(fixture, FILE_TEXT);
	start(fixture);
	turn(fixture);
	assert_int_equal(fixture->table->state.services.count, 4);
	assert_false(engine_is_degraded(&fixture->engine));
}

static void drain_the_first(struct fixture *fixture)
{
	says(fixture, "drain", "[\"10.0.0.1:80\"]",
		"10.0.0.1:80 everywhere is drained until `poise undrain`: it stands in 2 services");
}

static void the_last_destination_is_drained_by_force_alone(void **state)
{
	struct fixture *fixture = *state;

	begin_here(fixture);
	drain_the_first(fixture);
	assert_false(engine_is_degraded(&fixture->engine));
	refused(fixture, "drain", "[\"10.0.0.2\"]",
		"nothing was drained: this would leave 1 service without any usable destination: "
		"tcp://203.0.113.11:80 (b); use --force if that is meant");
	assert_int_equal(fixture->engine.operator.drains.count, 1);
	assert_non_null(live(fixture, "tcp://203.0.113.11:80", "10.0.0.2:80"));
	/* Where others serve it is nothing to ask about. */
	says(fixture, "drain", "[\"10.0.0.2\", \"tcp://203.0.113.10:80\"]",
		"10.0.0.2 of tcp://203.0.113.10:80 is drained until `poise undrain`: it stands in "
		"1 "
		"service");
	json_t *answer =
		answer_to(fixture, "drain", "{\"destination\": \"10.0.0.2\", \"force\": true}");
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(answer, "result"), "warning")),
		"1 service is without any usable destination: tcp://203.0.113.11:80 (b)");
	json_decref(answer);
	turn(fixture);
	assert_null(live(fixture, "tcp://203.0.113.11:80", "10.0.0.2:80"));
	assert_true(engine_is_degraded(&fixture->engine));
	expect_service(fixture, "b", "unusable", "no usable destination: 2 drained");
	expect_service(fixture, "a", "ok", "");
	/* It has none now: another end for the drain takes nothing more away. */
	drain_the_first(fixture);
}

/* Nothing fails, and yet the drain sends a service to its fallback. */
static void a_drain_that_takes_the_quorum_is_warned_of(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture,
		"poise: 1\nservices:\n"
		"  q: {listen: \"tcp://203.0.113.10:80\", quorum: 3, destinations: [10.0.0.1, "
		"10.0.0.2, 10.0.0.3], fallback: 10.0.0.7}\n"
		"  n: {listen: \"tcp://203.0.113.11:80\", quorum: 2, destinations: [10.0.0.2, "
		"10.0.0.5]}\n"
		"  o: {listen: \"tcp://203.0.113.12:80\", destinations: [10.0.0.4], fallback: "
		"10.0.0.7}\n"
		"  p: {listen: \"tcp://203.0.113.13:80\", quorum: 3, quorum-hysteresis: 1, "
		"destinations: [10.0.0.2, 10.0.0.3, 10.0.0.5]}\n");
	start(fixture);
	turn(fixture);
	warns(fixture, "drain", "[\"10.0.0.2\"]",
		"tcp://203.0.113.10:80 (q) loses its quorum (2 of 3): its fallback serves, "
		"tcp://203.0.113.11:80 (n) loses its quorum (1 of 2)");
	assert_non_null(live(fixture, "tcp://203.0.113.10:80", "10.0.0.7:80"));
	/* It is lost already; what the hysteresis forgives is not, until now. */
	warns(fixture, "drain", "[\"10.0.0.3\"]",
		"tcp://203.0.113.13:80 (p) loses its quorum (1 of 3)");
	warns(fixture, "drain", "[\"10.0.0.4\"]",
		"tcp://203.0.113.12:80 (o) loses its quorum (0 of 1): its fallback serves");
}

static void what_the_files_leave_empty_is_as_it_should_be(void **state)
{
	struct fixture *fixture = *state;

	begin_here(fixture);
	expect_service(fixture, "c", "ok", "");
	expect_service(fixture, "d", "ok", "");
	says(fixture, "drain", "[\"10.0.0.9\"]",
		"10.0.0.9 everywhere is drained until `poise undrain`: it stands in 1 service");
	assert_false(engine_is_degraded(&fixture->engine));
}

static void an_undrain_says_what_else_keeps_it_out(void **state)
{
	struct fixture *fixture = *state;

	begin_here(fixture);
	drain_the_first(fixture);
	says(fixture, "drain", "[\"10.0.0.1\", \"tcp://203.0.113.10:80\"]",
		"10.0.0.1 of tcp://203.0.113.10:80 is drained until `poise undrain`: it stands in "
		"1 "
		"service");
	says(fixture, "undrain", "[\"10.0.0.1:80\"]",
		"10.0.0.1:80 everywhere comes back in part: 1 of 2 stay out by another word "
		"(10.0.0.1 "
		"of tcp://203.0.113.10:80)");
	says(fixture, "drain", "[\"10.0.0.1:80\", \"tcp://203.0.113.10:80\"]",
		"10.0.0.1:80 of tcp://203.0.113.10:80 is drained until `poise undrain`: it stands "
		"in "
		"1 service");
	says(fixture, "undrain", "[\"10.0.0.1\", \"tcp://203.0.113.10:80\"]",
		"10.0.0.1 of tcp://203.0.113.10:80 stays out: it is drained by another word as "
		"well "
		"(10.0.0.1:80 of tcp://203.0.113.10:80)");
	assert_null(live(fixture, "tcp://203.0.113.10:80", "10.0.0.1:80"));
	says(fixture, "undrain", "[\"10.0.0.1:80\", \"tcp://203.0.113.10:80\"]",
		"10.0.0.1:80 of tcp://203.0.113.10:80 comes back");
	assert_non_null(live(fixture, "tcp://203.0.113.10:80", "10.0.0.1:80"));
}

/* Nobody is told that a dead server is back. */
static void an_undrain_says_what_its_check_keeps_out(void **state)
{
	struct fixture *fixture = *state;

	declare(fixture, CHECK_WEB,
		"  a: {listen: \"tcp://203.0.113.10:80\", check: web, destinations: [10.0.0.1, "
		"10.0.0.2]}\n"
		"  b: {listen: \"tcp://203.0.113.11:80\", destinations: [10.0.0.1, 10.0.0.2]}\n");
	start(fixture);
	turn(fixture);
	drain_the_first(fixture);
	say(fixture, "10.0.0.1:80", false);
	turn(fixture);
	says(fixture, "undrain", "[\"10.0.0.1:80\"]",
		"10.0.0.1:80 everywhere comes back, 1 of 2 when its check passes");
	says(fixture, "drain", "[\"10.0.0.1:80\", \"tcp://203.0.113.10:80\"]",
		"10.0.0.1:80 of tcp://203.0.113.10:80 is drained until `poise undrain`: it stands "
		"in 1 service");
	says(fixture, "undrain", "[\"10.0.0.1:80\", \"tcp://203.0.113.10:80\"]",
		"10.0.0.1:80 of tcp://203.0.113.10:80 is not drained any more, and comes back when "
		"its check passes");
	assert_null(live(fixture, "tcp://203.0.113.10:80", "10.0.0.1:80"));
}

static void an_undrain_says_that_poised_is_suspended(void **state)
{
	struct fixture *fixture = *state;

	begin_here(fixture);
	drain_the_first(fixture);
	says(fixture, "suspend", NULL, "suspended: poised changes nothing until `poise resume`");
	says(fixture, "undrain", "[\"10.0.0.1:80\"]",
		"10.0.0.1:80 everywhere comes back; poised is suspended, and changes nothing "
		"before `poise resume`");
}

static void a_resume_says_what_comes_of_it(void **state)
{
	struct fixture *fixture = *state;

	begin_here(fixture);
	says(fixture, "suspend", NULL, "suspended: poised changes nothing until `poise resume`");
	write_file(fixture, "poise: 1\nservicez: {}\n");
	refused(fixture, "resume", "{\"confirm-timeout\": \"60s\"}",
		"poised stays suspended, for the files are no good:\n");
	assert_true(fixture->engine.operator.suspended);
	write_file(fixture, FILE_TEXT);
	says(fixture, "resume", "{\"confirm-timeout\": \"60s\"}",
		"resumed: what changes is undone unless `poise confirm` comes in time");
	assert_false(fixture->engine.operator.suspended);
}

/* Every destination waits for the confirmation, or none does any more. */
static void expect_deadlines(struct fixture *fixture, bool held)
{
	json_t *answer = answer_to(fixture, "status", NULL);
	const json_t *result = json_object_get(answer, "result");
	json_t *service, *destination;
	size_t i, j, count = 0;

	json_array_foreach(json_object_get(result, "services"), i, service)
	{
		json_array_foreach(json_object_get(service, "destinations"), j, destination)
		{
			const json_t *ends = json_object_get(destination, "drain_ends_ms");

			assert_string_equal(
				json_string_value(json_object_get(destination, "state")),
				"draining");
			assert_int_equal(json_is_null(ends), held);
			count++;
		}
	}
	assert_true(count > 0);
	json_decref(answer);
	answer = answer_to(fixture, "plan", NULL);
	const char *text =
		json_string_value(json_object_get(json_object_get(answer, "result"), "text"));
	assert_non_null(text);
	assert_int_equal(strstr(text, "goes when the apply is confirmed") != NULL, held);
	assert_int_equal(strstr(text, "at most") != NULL, !held);
	json_decref(answer);
}

/* Nothing comes of a deadline while a confirmation is awaited, so none is told. */
static void what_waits_for_a_confirmation_has_no_deadline(void **state)
{
	struct fixture *fixture = *state;
	struct service_key key = build_key("tcp://203.0.113.14:80");
	struct destination_key server = build_destination_key("10.0.0.8:80");

	write_file(fixture, "poise: 1\nservices:\n  e: {listen: \"tcp://203.0.113.14:80\", "
			    "destinations: [10.0.0.8]}\n");
	start(fixture);
	turn(fixture);
	memory_set_counts(fixture->table, &key, &server, (struct destination_counts){.active = 3});
	write_file(fixture, "poise: 1\nallow-empty: true\nservices: {}\n");
	json_decref(
		answer_to(fixture, "reload", "{\"force\": true, \"confirm-timeout\": \"60s\"}"));
	turn(fixture);
	assert_true(fixture->engine.confirming);
	expect_deadlines(fixture, true);
	json_decref(answer_to(fixture, "confirm", NULL));
	turn(fixture);
	assert_false(fixture->engine.confirming);
	expect_deadlines(fixture, false);
}

/* The net stays where it was spread, and that is said. */
static void a_suspended_poised_undoes_what_nobody_confirms(void **state)
{
	struct fixture *fixture = *state;

	begin_here(fixture);
	write_file(fixture, "poise: 1\nallow-empty: true\nservices: {}\n");
	json_t *answer =
		answer_to(fixture, "reload", "{\"force\": true, \"confirm-timeout\": \"60s\"}");
	json_decref(answer);
	turn(fixture);
	assert_true(fixture->engine.confirming);
	assert_int_equal(
		live(fixture, "tcp://203.0.113.10:80", "10.0.0.1:80")->attributes.weight, 0);
	says(fixture, "suspend", NULL,
		"suspended: poised changes nothing until `poise resume`, except that it undoes "
		"what waits unless `poise confirm` comes in time");
	later(fixture, 61 * SECOND);
	assert_false(fixture->engine.confirming);
	assert_true(engine_is_suspended(&fixture->engine));
	assert_int_equal(
		live(fixture, "tcp://203.0.113.10:80", "10.0.0.1:80")->attributes.weight, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_last_destination_is_drained_by_force_alone),
		TEST(a_drain_that_takes_the_quorum_is_warned_of),
		TEST(what_the_files_leave_empty_is_as_it_should_be),
		TEST(an_undrain_says_what_else_keeps_it_out),
		TEST(an_undrain_says_what_its_check_keeps_out),
		TEST(an_undrain_says_that_poised_is_suspended),
		TEST(a_resume_says_what_comes_of_it),
		TEST(what_waits_for_a_confirmation_has_no_deadline),
		TEST(a_suspended_poised_undoes_what_nobody_confirms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
