// SPDX-License-Identifier: GPL-2.0-or-later
/* http and https checks of servers that do what they should not. Real servers: tests/health/test-checkers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/hostile.h"
#include "tests/support/network.h"

#define TIMEOUT (300 * CHECKING_MILLISECOND)
/* Of what ends by itself. */
#define LONG (20000 * CHECKING_MILLISECOND)
/* Late, on a busy machine. */
#define IN_TIME  (10000 * CHECKING_MILLISECOND)
#define HEAD_200 "HTTP/1.1 200 OK\r\n"
#define MANY     100

static int begin(void **state)
{
	checking_begin(state);
	struct checking *world = *state;
	world->check.timeout = LONG;
	checking_kind(world, CONFIG_CHECK_HTTP);
	world->check.http.path = "/";
	world->check.http.version = CONFIG_HTTP_VERSION_1_1;
	world->check.https = world->check.http;
	world->check.https.verify = true;
	return 0;
}

static void use_tls(struct checking *world)
{
	checking_kind(world, CONFIG_CHECK_HTTPS);
}

/* What is said to a request, and then? */
struct script {
	const char *say;
	enum {
		THEN_CLOSE,
		THEN_SILENCE,
		THEN_RESET,
		THEN_DRIBBLE,
		THEN_AGAIN
	} then;
	const char *again;
	bool deaf; /* does not wait for a request */
};

static void serve_script(int fd, const void *data)
{
	const struct script *script = data;

	if (!script->deaf)
		hostile_hear(fd, "\r\n\r\n");
	hostile_say(fd, script->say);
	switch (script->then) {
	case THEN_CLOSE:
		break;
	case THEN_SILENCE:
		hostile_stay_silent(fd);
		break;
	case THEN_RESET:
		hostile_reset(fd);
		break;
	case THEN_DRIBBLE:
		hostile_dribble(fd, 'x', 20);
		break;
	case THEN_AGAIN:
		hostile_say_endlessly(fd, script->again);
		break;
	}
}

/* Its end comes at once, and is this. */
static void expect_at_once(struct checking *world, const struct script *script,
	enum checker_result result, const char *reason)
{
	_cleanup_hostile_ struct hostile server = {};
	size_t before = checking_count_descriptors();

	hostile_start(&server, world, serve_script, script);
	struct checking_probe probe = checking_run(world);
	assert_string_equal(probe.outcome.reason, reason);
	assert_int_equal(probe.outcome.result, result);
	assert_false(probe.expired);
	assert_int_equal(checking_count_descriptors(), before + 1);
}

static void expect_late(struct checking *world, const struct script *script, const char *reason)
{
	_cleanup_hostile_ struct hostile server = {};

	world->check.timeout = TIMEOUT;
	hostile_start(&server, world, serve_script, script);
	struct checking_probe probe = checking_run(world);
	assert_string_equal(probe.outcome.reason, reason);
	assert_int_equal(probe.outcome.result, CHECKER_RESULT_FAILED);
	assert_true(probe.expired);
	assert_true(probe.took < TIMEOUT + IN_TIME);
}

static void test_silent(void **state)
{
	expect_late(*state, &(struct script){.say = "", .then = THEN_SILENCE},
		"no answer within 300ms (waiting for the answer)");
	use_tls(*state);
	expect_late(*state, &(struct script){.say = "", .then = THEN_SILENCE, .deaf = true},
		"no answer within 300ms (tls handshake)");
}

static void test_slow(void **state)
{
	expect_late(*state, &(struct script){.say = "HTTP/1.1 200 ", .then = THEN_DRIBBLE},
		"no answer within 300ms (reading the headers)");
	expect_late(*state, &(struct script){.say = HEAD_200 "X: ", .then = THEN_DRIBBLE},
		"no answer within 300ms (reading the headers)");
	expect_late(*state, &(struct script){.say = HEAD_200 "\r\n", .then = THEN_DRIBBLE},
		"no answer within 300ms (reading the body)");
	expect_late(*state,
		&(struct script){.say = HEAD_200 "Content-Length: 9\r\n\r\n", .then = THEN_SILENCE},
		"no answer within 300ms (reading the body)");
}

static void test_endless(void **state)
{
	struct checking *world = *state;
	const struct script body = {.say = HEAD_200 "\r\n",
		.then = THEN_AGAIN,
		.again = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n"};

	expect_at_once(world,
		&(struct script){
			.say = HEAD_200, .then = THEN_AGAIN, .again = "X-Header: value\r\n"},
		CHECKER_RESULT_FAILED, "headers of more than 65536 bytes");
	expect_at_once(world,
		&(struct script){
			.say = "", .then = THEN_AGAIN, .again = "HTTP/1.1 100 Continue\r\n\r\n"},
		CHECKER_RESULT_FAILED, "headers of more than 65536 bytes");
	expect_at_once(world,
		&(struct script){
			.say = HEAD_200 "X: ", .then = THEN_AGAIN, .again = "xxxxxxxxxxxxxxxx"},
		CHECKER_RESULT_FAILED, "reading the headers: longer than can be");
	expect_at_once(world, &body, CHECKER_RESULT_PASSED, "status 200");
	world->check.http.body = "absent";
	expect_at_once(world, &body, CHECKER_RESULT_FAILED,
		"the body's first 1048576 bytes do not match: "
		"\"0123456789abcdef0123456789abcdef0123456789abcde\"");
	world->check.http.digest =
		"sha256:0000000000000000000000000000000000000000000000000000000000000000";
	expect_at_once(world, &body, CHECKER_RESULT_FAILED, "body of more than 1048576 bytes");
	world->check.http.body = NULL;
	expect_at_once(world, &body, CHECKER_RESULT_FAILED, "body of more than 1048576 bytes");
}

#define MEGABYTE (1u << 20)

static void serve_text(int fd, const void *data)
{
	const char *text = data;
	_cleanup_free_ char *head =
		memory_printf(HEAD_200 "Content-Length: %zu\r\n\r\n", strlen(text));

	hostile_hear(fd, "\r\n\r\n");
	hostile_say(fd, head);
	hostile_say(fd, text);
}

static void expect_text(struct checking *world, const char *text, const char *reason)
{
	_cleanup_hostile_ struct hostile server = {};
	bool passes = strcmp(reason, "status 200") == 0;

	hostile_start(&server, world, serve_text, text);
	checking_expect(world, passes ? CHECKER_RESULT_PASSED : CHECKER_RESULT_FAILED, reason);
}

/* A page of two megabytes: its first one is what is matched, to its last byte, and not a byte more. */
static void test_long_body(void **state)
{
	struct checking *world = *state;
	_cleanup_free_ char *text = memory_new(2 * MEGABYTE + 1);

	memset(text, '.', 2 * MEGABYTE);
	memcpy(text, "ok here", 7);
	memcpy(text + MEGABYTE - 6, "inside", 6);
	memcpy(text + MEGABYTE, "outside", 7);
	world->check.http.body = "^ok here";
	expect_text(world, text, "status 200");
	world->check.http.body = "inside";
	expect_text(world, text, "status 200");
	world->check.http.body = "outside";
	expect_text(world, text,
		"the body's first 1048576 bytes do not match: "
		"\"ok here........................................\"");
	/* Of that length exactly, it is a body as any other. */
	text[MEGABYTE] = '\0';
	expect_text(world, text,
		"body does not match: \"ok here........................................\"");
	world->check.http.body = "inside$";
	expect_text(world, text, "status 200");
}

static void test_body_that_must_not_be(void **state)
{
	struct checking *world = *state;

	world->check.http.body_not = "(?i)maintenance";
	expect_text(world, "all is well", "status 200");
	expect_text(world, "", "status 200");
	expect_text(world, "Maintenance until noon",
		"body matches, and must not: \"Maintenance until noon\"");
	/* Beside one that must. */
	world->check.http.body = "well";
	expect_text(world, "all is well", "status 200");
	expect_text(world, "all is", "body does not match: \"all is\"");
	expect_text(
		world, "well, maintenance", "body matches, and must not: \"well, maintenance\"");
	world->check.http.body = NULL;
	world->check.http.body_not = "(a+)+$";
	expect_text(world, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
		"matching the body takes too long");
}

static void test_endless_chunks(void **state)
{
	struct checking *world = *state;

	world->check.http.body = "absent";
	expect_at_once(world,
		&(struct script){.say = HEAD_200 "Transfer-Encoding: chunked\r\n\r\n",
			.then = THEN_AGAIN,
			.again = "10\r\n0123456789abcdef\r\n"},
		CHECKER_RESULT_FAILED,
		"the body's first 1048576 bytes do not match: "
		"\"0123456789abcdef0123456789abcdef0123456789abcde\"");
	world->check.http.body = NULL;
	expect_at_once(world,
		&(struct script){.say = HEAD_200 "Transfer-Encoding: chunked\r\n\r\n0\r\n",
			.then = THEN_AGAIN,
			.again = "X-Trailer: value\r\n"},
		CHECKER_RESULT_FAILED, "headers of more than 65536 bytes");
	expect_at_once(world,
		&(struct script){.say = HEAD_200 "Transfer-Encoding: chunked\r\n\r\n0\r\nX: ",
			.then = THEN_AGAIN,
			.again = "xxxxxxxxxxxxxxxx"},
		CHECKER_RESULT_FAILED, "reading the body: longer than can be");
}

static void test_breaks_off(void **state)
{
	struct checking *world = *state;

	expect_at_once(world, &(struct script){.say = "", .then = THEN_CLOSE},
		CHECKER_RESULT_FAILED, "closed without an answer");
	expect_at_once(world, &(struct script){.say = "", .then = THEN_RESET},
		CHECKER_RESULT_FAILED, "waiting for the answer: reset");
	expect_at_once(world, &(struct script){.say = HEAD_200 "Content-Length: 9\r\n\r\nfour"},
		CHECKER_RESULT_FAILED, "body cut short");
	expect_at_once(world,
		&(struct script){.say = HEAD_200 "Transfer-Encoding: chunked\r\n\r\n9\r\nfour"},
		CHECKER_RESULT_FAILED, "body cut short");
}

static void test_garbage(void **state)
{
	struct checking *world = *state;

	expect_at_once(world, &(struct script){.say = HEAD_200 "Content-Length: nine\r\n\r\n"},
		CHECKER_RESULT_FAILED, "an answer against the rules of its protocol");
	expect_at_once(world, &(struct script){.say = "\1\2\3 garbage\r\n"}, CHECKER_RESULT_FAILED,
		"the answer is not HTTP");
	expect_at_once(world, &(struct script){.say = "SSH-2.0-OpenSSH_9.2\r\n", .deaf = true},
		CHECKER_RESULT_FAILED, "the answer is not HTTP");
	use_tls(world);
	expect_at_once(world,
		&(struct script){.say = "\1\2\3 garbage of some length\r\n", .deaf = true},
		CHECKER_RESULT_FAILED, "tls handshake: wrong version number");
}

/* The client's first message, and then the end. With `data` a part of it is left: that is a reset. */
static void serve_half_handshake(int fd, const void *data)
{
	char heard[4096];

	if (read(fd, heard, data ? 1 : sizeof(heard)) < 0)
		return;
}

static void test_closes_in_handshake(void **state)
{
	_cleanup_hostile_ struct hostile server = {};
	struct checking *world = *state;

	use_tls(world);
	hostile_start(&server, world, serve_half_handshake, NULL);
	struct checking_probe probe = checking_run(world);
	assert_int_equal(probe.outcome.result, CHECKER_RESULT_FAILED);
	assert_string_equal(probe.outcome.reason, "tls handshake: closed by the server");
	assert_false(probe.expired);
}

static void test_resets_in_handshake(void **state)
{
	_cleanup_hostile_ struct hostile server = {};
	struct checking *world = *state;

	use_tls(world);
	hostile_start(&server, world, serve_half_handshake, "reset");
	checking_expect(world, CHECKER_RESULT_FAILED, "tls handshake: reset");
}

/* A wrong status is told without its body. */
static void test_status(void **state)
{
	struct checking *world = *state;
	struct config_range ranges[] = {{200, 204}, {301, 301}};

	expect_at_once(world,
		&(struct script){.say = "HTTP/1.1 503 Sorry\r\nContent-Length: 9\r\n\r\n",
			.then = THEN_SILENCE},
		CHECKER_RESULT_FAILED, "status 503, want 200-299");
	world->check.http.status.items = ranges;
	world->check.http.status.count = 2;
	expect_at_once(world,
		&(struct script){.say = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"},
		CHECKER_RESULT_FAILED, "status 302, want 200-204, 301");
	expect_at_once(world,
		&(struct script){.say = "HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n"},
		CHECKER_RESULT_PASSED, "status 301");
	expect_at_once(world,
		&(struct script){.say = "HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" HEAD_200
					"Content-Length: 0\r\n\r\n"},
		CHECKER_RESULT_PASSED, "status 200");
}

/* The second request of a client would be heard by nobody. */
static void serve_redirect(int fd, const void *data)
{
	const uint16_t *port = data;
	char text[200];

	hostile_hear(fd, "\r\n\r\n");
	snprintf(text, sizeof(text),
		"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%u/\r\nContent-Length: 0\r\n\r\n",
		*port);
	hostile_say(fd, text);
	hostile_stay_silent(fd);
}

static void test_redirects_to_itself(void **state)
{
	_cleanup_hostile_ struct hostile server = {};
	struct checking *world = *state;

	hostile_start(&server, world, serve_redirect, &server.port);
	checking_expect(world, CHECKER_RESULT_FAILED, "status 302, want 200-299");
}

static void test_body(void **state)
{
	struct checking *world = *state;
	struct config_http *http = &world->check.http;
	const struct script hello = {.say = HEAD_200 "Content-Length: 6\r\n\r\nhello\n"};

	http->body = "^hel{2}o";
	expect_at_once(world, &hello, CHECKER_RESULT_PASSED, "status 200");
	http->body = "absent";
	expect_at_once(world, &hello, CHECKER_RESULT_FAILED, "body does not match: \"hello\"");
	expect_at_once(world, &(struct script){.say = HEAD_200 "Content-Length: 0\r\n\r\n"},
		CHECKER_RESULT_FAILED, "body does not match: \"\"");
	/* What a terminal would obey. */
	expect_at_once(world, &(struct script){.say = HEAD_200 "\r\n\033[2J\a \xff\n%s%n x"},
		CHECKER_RESULT_FAILED, "body does not match: \"?[2J? ? %s%n x\"");
	http->body = NULL;
	http->digest = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
	expect_at_once(world, &hello, CHECKER_RESULT_PASSED, "status 200");
	expect_at_once(world, &(struct script){.say = HEAD_200 "Content-Length: 6\r\n\r\nhallo\n"},
		CHECKER_RESULT_FAILED,
		"body has digest "
		"sha256:622cb3371c1a08096eaac564fb59acccda1fcdbe13a9dd10b486e6463c8c2525");
}

static void serve_zeroes(int fd, const void *data)
{
	static const char text[] = HEAD_200 "\r\nzero\0behind";

	(void)data;
	hostile_hear(fd, "\r\n\r\n");
	hostile_say_bytes(fd, text, sizeof(text) - 1);
}

static void test_body_with_zeroes(void **state)
{
	_cleanup_hostile_ struct hostile server = {};
	struct checking *world = *state;

	world->check.http.body = "behind$";
	hostile_start(&server, world, serve_zeroes, NULL);
	checking_expect(world, CHECKER_RESULT_PASSED, "status 200");
}

static void serve_hard(int fd, const void *data)
{
	size_t size = 900000;
	char *text = memory_new(size);

	(void)data;
	memset(text, 'a', size);
	hostile_hear(fd, "\r\n\r\n");
	hostile_say(fd, HEAD_200 "\r\n");
	hostile_say_bytes(fd, text, size);
	free(text);
}

/* What takes a loop, and all other checks with it, for minutes when nobody limits it. */
static void test_body_that_is_hard_to_match(void **state)
{
	_cleanup_hostile_ struct hostile server = {};
	struct checking *world = *state;

	hostile_start(&server, world, serve_hard, NULL);
	world->check.http.body = "(a+)+b|a[^c]*c";
	checking_expect(world, CHECKER_RESULT_FAILED, "matching the body takes too long");
}

/* The environment of whoever started poised names proxies and the like. */
static void test_environment(void **state)
{
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	expect_at_once(*state, &(struct script){.say = HEAD_200 "Content-Length: 0\r\n\r\n"},
		CHECKER_RESULT_PASSED, "status 200");
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
}

static void test_descriptors_run_out(void **state)
{
	_cleanup_hostile_ struct hostile server = {};
	const struct script script = {.say = HEAD_200 "Content-Length: 0\r\n\r\n"};
	struct checking *world = *state;
	struct rlimit limit, few;

	hostile_start(&server, world, serve_script, &script);
	checking_open(world);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	few = limit;
	int next = dup(server.listener);
	close(next);
	few.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	struct checking_probe probe;
	checking_start(world, &probe);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	checking_wait(world, &probe, 1);
	assert_string_equal(probe.outcome.reason, "socket: too many open files");
	assert_int_equal(probe.outcome.result, CHECKER_RESULT_UNTRIED);
}

static void serve_much_and_wait(int fd, const void *data)
{
	static char much[600000];

	(void)data;
	hostile_hear(fd, "\r\n\r\n");
	hostile_say(fd, HEAD_200 "\r\n");
	hostile_say_bytes(fd, much, sizeof(much));
	hostile_stay_silent(fd);
}

/* On a busy machine it takes a while until there is too much of it. */
static bool are_too_many_left(const struct checking *world)
{
	return world->waiting > 64;
}

/* What all of them keep together is bounded, and given back. */
static void test_bodies_run_out(void **state)
{
	_cleanup_hostile_ struct hostile server = {};
	_cleanup_free_ struct checking_probe *probes = memory_new(MANY * sizeof(*probes));
	struct checking *world = *state;
	size_t kept = 0, without = 0;

	world->check.timeout = 1000 * CHECKING_MILLISECOND;
	world->check.http.body = "absent";
	hostile_start(&server, world, serve_much_and_wait, NULL);
	world->early = are_too_many_left;
	for (size_t i = 0; i < MANY; i++)
		checking_start(world, &probes[i]);
	checking_wait(world, probes, MANY);
	for (size_t i = 0; i < MANY; i++) {
		kept += probes[i].expired;
		without += probes[i].outcome.result == CHECKER_RESULT_UNTRIED &&
			   strcmp(probes[i].outcome.reason, "body: out of memory") == 0;
	}
	assert_int_equal(kept + without, MANY);
	assert_true(kept >= 1 && kept <= 64 && without >= MANY - 64);
}

static void serve_nothing(int fd, const void *data)
{
	(void)data;
	hostile_stay_silent(fd);
}

static void test_cancelled_under_way(void **state)
{
	_cleanup_hostile_ struct hostile server = {};
	struct checking *world = *state;
	struct checking_probe probes[2];

	hostile_start(&server, world, serve_nothing, NULL);
	checking_open(world);
	size_t before = checking_count_descriptors();
	world->check.timeout = TIMEOUT;
	checking_start(world, &probes[0]);
	checking_start(world, &probes[1]);
	checker_cancel(probes[0].run);
	probes[0].run = NULL;
	world->waiting--;
	assert_int_equal(checking_count_descriptors(), before + 1);
	checking_wait(world, probes, 2);
	assert_true(probes[1].expired);
}

/* The steps add up to what it took, also when its time is over. */
static void test_steps(void **state)
{
	_cleanup_hostile_ struct hostile server = {};
	const struct script script = {.say = HEAD_200 "\r\n", .then = THEN_SILENCE};
	struct checking *world = *state;
	uint64_t sum = 0;

	world->traced = true;
	world->check.timeout = TIMEOUT;
	hostile_start(&server, world, serve_script, &script);
	struct checking_probe probe = checking_run(world);
	assert_int_equal(probe.outcome.step_count, 4);
	assert_string_equal(probe.outcome.steps[0].name, "connect");
	assert_string_equal(probe.outcome.steps[1].name, "request");
	assert_string_equal(probe.outcome.steps[2].name, "first byte");
	assert_string_equal(probe.outcome.steps[3].name, "reading the body");
	for (size_t i = 0; i < probe.outcome.step_count; i++)
		sum += probe.outcome.steps[i].ns;
	assert_true(sum <= probe.took && sum > TIMEOUT - CHECKING_MILLISECOND);
}

/* A handshake that fails is a step of its own, and not the connection's. */
static void test_steps_of_a_handshake(void **state)
{
	static const char *const ends[] = {NULL, "reset"};
	struct checking *world = *state;

	use_tls(world);
	world->traced = true;
	for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
		_cleanup_hostile_ struct hostile server = {};

		hostile_start(&server, world, serve_half_handshake, ends[i]);
		struct checking_probe probe = checking_run(world);
		assert_int_equal(probe.outcome.result, CHECKER_RESULT_FAILED);
		assert_int_equal(probe.outcome.step_count, 2);
		assert_string_equal(probe.outcome.steps[0].name, "connect");
		assert_string_equal(probe.outcome.steps[1].name, "tls handshake");
	}
}

static void test_name_that_is_none(void **state)
{
	struct checking *world = *state;

	use_tls(world);
	world->check.https.sni = ":::";
	checking_aim(world, "127.0.0.1", 1);
	checking_expect(
		world, CHECKER_RESULT_UNTRIED, "neither `host` nor `sni` may look like that");
}

/* It says nothing of the server, which is not even asked. */
static void test_missing_authorities(void **state)
{
	struct checking *world = *state;

	use_tls(world);
	world->check.https.verify = true;
	world->check.https.ca = "/no/such/folder/ca.pem";
	world->traced = true;
	struct checking_probe probe = checking_run(world);
	assert_string_equal(probe.outcome.reason, "authorities: no such file");
	assert_int_equal(probe.outcome.result, CHECKER_RESULT_UNTRIED);
	assert_int_equal(probe.outcome.step_count, 0);
}

/* Who opens one waits for another who writes to it, and whoever reads a device may never end. */
static void test_files_that_are_none(void **state)
{
	struct checking *world = *state;
	char folder[] = "/tmp/poise-pem.XXXXXX";

	assert_non_null(mkdtemp(folder));
	_cleanup_free_ char *pipe = memory_printf("%s/pipe", folder);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	use_tls(world);
	world->check.https.verify = true;
	world->check.https.ca = pipe;
	checking_expect(world, CHECKER_RESULT_UNTRIED, "authorities: not a file of PEM");
	world->check.https.verify = false;
	world->check.https.certificate = pipe;
	world->check.https.key = "/no/such/key.pem";
	checking_expect(world, CHECKER_RESULT_UNTRIED, "client certificate: not a file of PEM");
	world->check.https.certificate = "/etc/passwd";
	checking_expect(
		world, CHECKER_RESULT_UNTRIED, "key of the client certificate: no such file");
	world->check.https.key = "/dev/zero";
	checking_expect(
		world, CHECKER_RESULT_UNTRIED, "key of the client certificate: not a file of PEM");
	unlink(pipe);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_silent, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_missing_authorities, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_files_that_are_none, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_slow, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_endless, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_endless_chunks, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_body_that_must_not_be, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_breaks_off, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_garbage, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_closes_in_handshake, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_resets_in_handshake, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_status, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_redirects_to_itself, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_long_body, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_body, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_body_with_zeroes, begin, checking_end),
		cmocka_unit_test_setup_teardown(
			test_body_that_is_hard_to_match, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_environment, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_descriptors_run_out, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_bodies_run_out, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_cancelled_under_way, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_steps, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_steps_of_a_handshake, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_name_that_is_none, begin, checking_end),
	};

	return cmocka_run_group_tests(tests, network_own, NULL);
}
