// SPDX-License-Identifier: GPL-2.0-or-later
/* smtp checks of servers that do what they should not. A real one: tests/health/test-checkers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/hostile.h"
#include "tests/support/network.h"

#define TIMEOUT (300 * CHECKING_MILLISECOND)
/* Of what ends by itself. */
#define LONG (20000 * CHECKING_MILLISECOND)
/* Late, on a busy machine. */
#define IN_TIME (10000 * CHECKING_MILLISECOND)

/* As `helo`: that is heard, and not answered. */
static const char mute[] = "mute";

/* What is said, in its order; each but the first when a line was heard. NULL: nothing any more. */
struct script {
	const char *greeting, *ehlo, *helo, *quit;
	const char *endless; /* said again and again instead of a greeting */
};

static void answer(int fd, const char *text)
{
	if (!text)
		hostile_stay_silent(fd);
	hostile_say(fd, text);
	if (!*text)
		_exit(0);
}

/* Whether a client waits for more: the last line has a hyphen behind its code. */
static bool goes_on(const char *text)
{
	size_t length = strlen(text);
	const char *line = length > 2 ? memrchr(text, '\n', length - 1) : NULL;

	line = line ? line + 1 : text;
	return strlen(line) > 3 && line[3] == '-';
}

/* What the client greets with, for whoever has no name. */
static void serve_literal(int fd, const void *data)
{
	const char *helo = data;

	hostile_say(fd, "220 x\r\n");
	hostile_hear(fd, helo);
	hostile_say(fd, "250 x\r\n");
	hostile_hear(fd, "QUIT\r\n");
	hostile_say(fd, "221 bye\r\n");
	_exit(0);
}

static void serve(int fd, const void *data)
{
	const struct script *script = data;

	if (script->endless)
		hostile_say_endlessly(fd, script->endless);
	answer(fd, script->greeting);
	if (goes_on(script->greeting))
		hostile_stay_silent(fd);
	hostile_hear(fd, "EHLO probe.example\r\n");
	answer(fd, script->ehlo);
	if (script->helo) {
		hostile_hear(fd, "HELO probe.example\r\n");
		answer(fd, script->helo == mute ? NULL : script->helo);
	}
	hostile_hear(fd, "QUIT\r\n");
	answer(fd, script->quit);
}

static int begin(void **state)
{
	checking_begin(state);
	struct checking *world = *state;
	world->check.timeout = LONG;
	checking_kind(world, CONFIG_CHECK_SMTP);
	world->check.smtp.helo = "probe.example";
	return 0;
}

static struct checking_probe run(struct checking *world, const struct script *script)
{
	_cleanup_hostile_ struct hostile server = {};

	hostile_start(&server, world, serve, script);
	return checking_run(world);
}

static void expect_at_once(struct checking *world, const struct script *script,
	enum checker_result result, const char *reason)
{
	size_t before = checking_count_descriptors();
	struct checking_probe probe = run(world, script);

	assert_string_equal(probe.outcome.reason, reason);
	assert_int_equal(probe.outcome.result, result);
	assert_false(probe.expired);
	assert_int_equal(checking_count_descriptors(), before);
}

/* That the end is in time also says that nothing waited within the loop. */
static void expect_late(struct checking *world, const struct script *script, const char *reason)
{
	world->check.timeout = TIMEOUT;
	struct checking_probe probe = run(world, script);
	assert_string_equal(probe.outcome.reason, reason);
	assert_int_equal(probe.outcome.result, CHECKER_RESULT_FAILED);
	assert_true(probe.expired);
	assert_true(probe.took < TIMEOUT + IN_TIME);
}

static void test_greets(void **state)
{
	expect_at_once(*state,
		&(struct script){"220-well\r\n220 come\r\n", "250-x\r\n250 SIZE 1\r\n", NULL,
			"221 bye\r\n", NULL},
		CHECKER_RESULT_PASSED, "greeted");
	expect_at_once(*state,
		&(struct script){"220 x\r\n", "502 what\r\n", "250 x\r\n", "221 bye\r\n", NULL},
		CHECKER_RESULT_PASSED, "greeted");
}

/* RFC 5321 has a code and nothing else be an answer too. */
static void test_greets_with_a_bare_code(void **state)
{
	expect_at_once(*state, &(struct script){"220\r\n", "250 x\r\n", NULL, "221 bye\r\n", NULL},
		CHECKER_RESULT_PASSED, "greeted");
	expect_at_once(*state,
		&(struct script){"220-a\r\n220\r\n", "250-x\r\n250\r\n", NULL, "221\r\n", NULL},
		CHECKER_RESULT_PASSED, "greeted");
	expect_at_once(*state, &(struct script){"220\r\n", "502\r\n", "250\r\n", "221\r\n", NULL},
		CHECKER_RESULT_PASSED, "greeted");
	expect_at_once(*state, &(struct script){.greeting = "554\r\n"}, CHECKER_RESULT_FAILED,
		"greeting: 554, want 220");
	expect_at_once(*state, &(struct script){.greeting = "554-x\r\n554\r\n"},
		CHECKER_RESULT_FAILED, "greeting: 554, want 220");
}

static void test_greets_with_an_address(void **state)
{
	static const char *const literals[][2] = {{"[10.0.0.1]", "EHLO [10.0.0.1]\r\n"},
		{"[IPv6:2001:db8::1]", "EHLO [IPv6:2001:db8::1]\r\n"}};
	struct checking *world = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(literals); i++) {
		_cleanup_hostile_ struct hostile server = {};

		world->check.smtp.helo = literals[i][0];
		hostile_start(&server, world, serve_literal, literals[i][1]);
		struct checking_probe probe = checking_run(world);
		assert_string_equal(probe.outcome.reason, "greeted");
	}
}

/* Each once, however many lines an answer has. */
static void test_steps(void **state)
{
	static const char *const names[] = {"connect", "greeting", "ehlo", "quit"};
	struct checking *world = *state;

	world->traced = true;
	struct checking_probe probe =
		run(world, &(struct script){"220-a\r\n220-b\r\n220 c\r\n",
				   "250-x\r\n250-y\r\n250 z\r\n", NULL, "221 bye\r\n", NULL});
	assert_int_equal(probe.outcome.step_count, ARRAY_LENGTH(names));
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		assert_string_equal(probe.outcome.steps[i].name, names[i]);
}

/* The step that it is in. */
static void test_steps_of_no_greeting(void **state)
{
	struct checking *world = *state;

	world->traced = true;
	struct checking_probe probe = run(world, &(struct script){.greeting = "421 later\r\n"});
	assert_int_equal(probe.outcome.step_count, 2);
	assert_string_equal(probe.outcome.steps[1].name, "greeting");
}

static void expect_steps(
	struct checking *world, const struct script *script, const char *first, const char *second)
{
	struct checking_probe probe = run(world, script);

	assert_int_equal(probe.outcome.step_count, 2);
	assert_string_equal(probe.outcome.steps[0].name, first);
	assert_string_equal(probe.outcome.steps[1].name, second);
}

/* That there was a connection is known before the server says anything. */
static void test_steps_of_no_word(void **state)
{
	struct checking *world = *state;

	world->traced = true;
	expect_steps(
		world, &(struct script){.greeting = ""}, "connect", "waiting for the greeting");
	world->check.timeout = TIMEOUT;
	expect_steps(world, &(struct script){}, "connect", "waiting for the greeting");
}

static void test_silent(void **state)
{
	expect_late(
		*state, &(struct script){}, "no answer within 300ms (waiting for the greeting)");
	expect_late(*state, &(struct script){.greeting = "220-a\r\n"},
		"no answer within 300ms (waiting for the greeting)");
	expect_late(*state, &(struct script){.greeting = "220 x\r\n"},
		"no answer within 300ms (waiting for the answer to EHLO)");
	expect_late(*state,
		&(struct script){
			.greeting = "220 x\r\n", .ehlo = "501-no\r\n501 what\r\n", .helo = mute},
		"no answer within 300ms (waiting for the answer to HELO; EHLO was answered: 501 "
		"what)");
	expect_late(*state, &(struct script){.greeting = "220 x\r\n", .ehlo = "250 x\r\n"},
		"no answer within 300ms (waiting for the answer to QUIT)");
}

static void test_refuses(void **state)
{
	struct checking_probe probe =
		run(*state, &(struct script){.greeting = "554 go\033 away\r\n"});

	assert_string_equal(probe.outcome.reason, "greeting: 554 go? away, want 220");
	/* It would have waited for an answer to QUIT. */
	assert_true(probe.took < IN_TIME);
	expect_at_once(*state,
		&(struct script){"250-x\r\n250 y\r\n", "250 x\r\n", NULL, "221 bye\r\n", NULL},
		CHECKER_RESULT_FAILED, "greeting: 250 y, want 220");
	expect_at_once(*state, &(struct script){.greeting = "421 later\r\n"}, CHECKER_RESULT_FAILED,
		"greeting: 421 later, want 220");
	expect_at_once(*state,
		&(struct script){"220 x\r\n", "502 what\r\n", "550 no\r\n", NULL, NULL},
		CHECKER_RESULT_FAILED, "answer to HELO: 550 no; EHLO was answered: 502 what");
	expect_at_once(*state,
		&(struct script){"220 x\r\n", "250 x\r\n", NULL, "500 stay\r\n", NULL},
		CHECKER_RESULT_FAILED, "answer to QUIT: 500 stay, want 221");
	expect_at_once(*state, &(struct script){"220 x\r\n", "250 x\r\n", NULL, "\r\n", NULL},
		CHECKER_RESULT_FAILED, "answer to QUIT: an empty line, want 221");
}

static void test_closes(void **state)
{
	struct checking *world = *state;

	expect_at_once(world, &(struct script){.greeting = ""}, CHECKER_RESULT_FAILED,
		"closed without an answer (waiting for the greeting)");
	expect_at_once(world, &(struct script){"220 x\r\n", "", NULL, NULL, NULL},
		CHECKER_RESULT_FAILED, "closed without an answer (waiting for the answer to EHLO)");
	expect_at_once(world, &(struct script){"220 x\r\n", "501 what\r\n", "", NULL, NULL},
		CHECKER_RESULT_FAILED,
		"closed without an answer (waiting for the answer to HELO; EHLO was answered: 501 "
		"what)");
	expect_at_once(world, &(struct script){"220 x\r\n", "250 x\r\n", NULL, "", NULL},
		CHECKER_RESULT_FAILED, "closed without an answer to QUIT");
}

static void test_endless(void **state)
{
	struct checking *world = *state;

	expect_at_once(world, &(struct script){.endless = "220-welcome\r\n"}, CHECKER_RESULT_FAILED,
		"greeting of more than 65536 bytes");
	/* Without an end of line. */
	expect_at_once(world, &(struct script){.endless = "2202202202202202"},
		CHECKER_RESULT_FAILED, "waiting for the greeting: longer than can be");
	/* Whatever libcurl makes of it, it ends. */
	world->check.timeout = TIMEOUT;
	struct checking_probe probe = run(world, &(struct script){.endless = "garbage\r\n"});
	assert_int_equal(probe.outcome.result, CHECKER_RESULT_FAILED);
	assert_true(probe.took < TIMEOUT + IN_TIME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_greets, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_greets_with_a_bare_code, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_greets_with_an_address, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_steps, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_steps_of_no_greeting, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_steps_of_no_word, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_silent, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_refuses, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_closes, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_endless, begin, checking_end),
	};

	return cmocka_run_group_tests(tests, network_own, NULL);
}
