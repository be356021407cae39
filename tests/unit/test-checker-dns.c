// SPDX-License-Identifier: GPL-2.0-or-later
/* dns checks of servers that do what they should not. A real one: tests/health/test-checkers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <poll.h>

#include "tests/support/hostile.h"
#include "tests/support/network.h"

#define TIMEOUT (300 * CHECKING_MILLISECOND)
/* Of what ends by itself. */
#define LONG (20000 * CHECKING_MILLISECOND)
/* Late, on a busy machine. */
#define IN_TIME  (10000 * CHECKING_MILLISECOND)
#define PACKET   2000
#define HEADER   12
#define FLAG_QR  0x80
#define FLAG_TC  0x02
#define NOERROR  0
#define FORMERR  1
#define NXDOMAIN 3
#define NOTAUTH  9

/* How the answer differs from what it should be. */
struct script {
	unsigned char code;
	bool other_number, other_question, no_question, query, other_port, truncated, upper,
		right_behind; /* and then one as it should be */
	size_t length;        /* 0: all of it */
	size_t garbage;       /* so many bytes behind it */
};

static void answer_once(int fd, const struct script *script, unsigned char *text, size_t size,
	const struct sockaddr *to, socklen_t to_size)
{
	text[2] = (unsigned char)((script->query ? 0 : FLAG_QR) |
				  (script->truncated ? FLAG_TC : 0) | (text[2] & 1));
	text[3] = script->code;
	text[0] ^= script->other_number;
	text[HEADER + 1] ^= script->other_question;
	if (script->upper)
		for (size_t i = HEADER; i < size - 4; i++)
			text[i] = (unsigned char)toupper(text[i]);
	if (script->no_question) {
		text[5] = 0;
		size = HEADER;
	}
	if (script->length)
		size = script->length;
	memset(text + size, 0xff, script->garbage);
	assert_true(sendto(fd, text, size + script->garbage, 0, to, to_size) > 0);
}

static void serve(int fd, const void *data)
{
	const struct script *script = data;
	const struct script right = {};
	unsigned char text[PACKET], again[PACKET];
	struct sockaddr_in from;
	uint16_t port;
	int other = checking_bind(AF_INET, SOCK_DGRAM, &port);

	for (;;) {
		socklen_t from_size = sizeof(from);
		ssize_t size = recvfrom(
			fd, text, sizeof(text) / 2, 0, (struct sockaddr *)&from, &from_size);
		if (size <= HEADER)
			_exit(0);
		memcpy(again, text, (size_t)size);
		answer_once(script->other_port ? other : fd, script, text, (size_t)size,
			(struct sockaddr *)&from, from_size);
		if (script->right_behind)
			answer_once(fd, &right, again, (size_t)size, (struct sockaddr *)&from,
				from_size);
	}
}

static void serve_nothing(int fd, const void *data)
{
	(void)data;
	hostile_stay_silent(fd);
}

static int begin(void **state)
{
	checking_begin(state);
	struct checking *world = *state;
	world->check.timeout = LONG;
	checking_kind(world, CONFIG_CHECK_DNS);
	world->check.dns.name = "www.example.org";
	world->check.dns.type = CONFIG_DNS_TYPE_A;
	return 0;
}

static void expect(struct checking *world, const struct script *script, enum checker_result result,
	const char *reason)
{
	_cleanup_hostile_ struct hostile server = {};

	hostile_start_datagrams(&server, world, serve, script);
	size_t before = checking_count_descriptors();
	checking_expect(world, result, reason);
	assert_int_equal(checking_count_descriptors(), before);
}

static void test_answers(void **state)
{
	struct checking *world = *state;

	expect(world, &(struct script){}, CHECKER_RESULT_PASSED, "NOERROR");
	expect(world, &(struct script){.upper = true}, CHECKER_RESULT_PASSED, "NOERROR");
	expect(world, &(struct script){.truncated = true}, CHECKER_RESULT_PASSED, "NOERROR");
	expect(world, &(struct script){.garbage = 900}, CHECKER_RESULT_PASSED, "NOERROR");
	world->check.dns.name = ".";
	world->check.dns.type = CONFIG_DNS_TYPE_SOA;
	expect(world, &(struct script){}, CHECKER_RESULT_PASSED, "NOERROR");
}

static void test_codes(void **state)
{
	struct checking *world = *state;

	expect(world, &(struct script){.code = NXDOMAIN}, CHECKER_RESULT_FAILED,
		"NXDOMAIN, want NOERROR");
	expect(world, &(struct script){.code = NOTAUTH}, CHECKER_RESULT_FAILED,
		"code 9, want NOERROR");
	expect(world, &(struct script){.code = FORMERR, .no_question = true}, CHECKER_RESULT_FAILED,
		"FORMERR, want NOERROR");
	world->check.dns.code = CONFIG_DNS_CODE_NXDOMAIN;
	expect(world, &(struct script){.code = NXDOMAIN}, CHECKER_RESULT_PASSED, "NXDOMAIN");
	expect(world, &(struct script){}, CHECKER_RESULT_FAILED, "NOERROR, want NXDOMAIN");
	world->check.dns.code = CONFIG_DNS_CODE_ANY;
	expect(world, &(struct script){.code = NOTAUTH}, CHECKER_RESULT_PASSED, "code 9");
}

/* None of these is an answer to what was asked: the one behind it is. */
static void test_ignores(void **state)
{
	static const struct {
		struct script script;
		bool stranger; /* else the kernel has dropped it */
	} cases[] = {
		{{.code = NXDOMAIN, .other_number = true}, true},
		{{.code = NXDOMAIN, .other_question = true}, true},
		{{.no_question = true}, true},
		{{.code = NXDOMAIN, .query = true}, true},
		{{.code = NXDOMAIN, .length = HEADER - 1}, true},
		{{.code = NXDOMAIN, .length = HEADER + 4}, true},
		{{.code = NXDOMAIN, .other_port = true}, false},
	};
	struct checking *world = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		uint64_t before = world->strangers;
		struct script script = cases[i].script;

		script.right_behind = true;
		expect(world, &script, CHECKER_RESULT_PASSED, "NOERROR");
		assert_int_equal(world->strangers, before + cases[i].stranger);
	}
}

static void test_silent(void **state)
{
	_cleanup_hostile_ struct hostile server = {};
	struct checking *world = *state;
	uint16_t port;

	world->check.timeout = TIMEOUT;
	hostile_start_datagrams(&server, world, serve_nothing, NULL);
	struct checking_probe probe = checking_run(world);
	assert_string_equal(
		probe.outcome.reason, "no answer within 300ms (waiting for the answer)");
	assert_true(probe.expired && probe.took < TIMEOUT + IN_TIME);
	close(checking_bind(AF_INET, SOCK_DGRAM, &port));
	checking_aim(world, "127.0.0.1", port);
	checking_expect(world, CHECKER_RESULT_FAILED, "answer: refused");
}

static void test_name_that_is_none(void **state)
{
	struct checking *world = *state;

	world->check.dns.name = "a..b";
	checking_aim(world, "127.0.0.1", 1);
	checking_expect(world, CHECKER_RESULT_UNTRIED, "`name` is no name of DNS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_codes, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_ignores, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_silent, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_name_that_is_none, begin, checking_end),
	};

	return cmocka_run_group_tests(tests, network_own, NULL);
}
