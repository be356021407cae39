// SPDX-License-Identifier: GPL-2.0-or-later
/* udp checks of servers that answer, refuse, are silent, or send what they should not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tests/support/checking.h"
#include "tests/support/network.h"

/* A server in a process of its own: to each datagram it answers with these bytes. */
struct server {
	pid_t pid;
	const char *answer;
	size_t size;
};

static void serve(int fd, const struct server *server)
{
	char request[2048];
	struct sockaddr_storage from;

	/* A test that failed stops nobody. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		socklen_t size = sizeof(from);
		ssize_t length =
			recvfrom(fd, request, sizeof(request), 0, (struct sockaddr *)&from, &size);
		const char *answer = server->answer ? server->answer : request;
		size_t answer_size = server->answer ? server->size : (size_t)length;
		sendto(fd, answer, answer_size, 0, (struct sockaddr *)&from, size);
	}
}

/* `answer` NULL: what it was sent. */
static struct server start(struct checking *world, uint16_t family, const char *answer, size_t size)
{
	struct server server = {.answer = answer, .size = size};
	uint16_t port;
	int fd = checking_bind(family, SOCK_DGRAM, &port);

	checking_aim(world, family == AF_INET ? "127.0.0.1" : "::1", port);
	server.pid = fork();
	if (server.pid == 0)
		serve(fd, &server);
	close(fd);
	return server;
}

static void stop(struct server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
}

static int begin(void **state)
{
	checking_begin(state);
	checking_kind(*state, CONFIG_CHECK_UDP);
	return 0;
}

static void expect_answer(struct checking *world, const char *expect, const char *answer,
	size_t size, enum checker_result result, const char *reason)
{
	struct server server = start(world, AF_INET, answer, size);

	world->check.udp.expect = expect;
	checking_expect(world, result, reason);
	stop(&server);
}

static void test_answers(void **state)
{
	struct checking *world = *state;
	struct server server = start(world, AF_INET6, NULL, 0);

	world->check.udp.send = "are you there?\n";
	world->check.udp.expect = "^are";
	checking_expect(world, CHECKER_RESULT_PASSED, "answer \"are you there?\"");
	world->check.udp.expect = NULL;
	checking_expect(world, CHECKER_RESULT_PASSED, "answer \"are you there?\"");
	/* An empty datagram is one too, and so is an empty answer. */
	world->check.udp.send = NULL;
	checking_expect(world, CHECKER_RESULT_PASSED, "answer \"\"");
	stop(&server);
}

static void test_expects(void **state)
{
	struct checking *world = *state;

	expect_answer(world, "^PONG$", "PONG", 4, CHECKER_RESULT_PASSED, "answer \"PONG\"");
	expect_answer(world, "^PONG$", "PONG!", 5, CHECKER_RESULT_FAILED,
		"answer \"PONG!\" does not match");
	expect_answer(world, "a", "", 0, CHECKER_RESULT_FAILED, "answer \"\" does not match");
	/* Bytes that no text has. */
	expect_answer(
		world, "end$", "\0\x01\xff\0end", 7, CHECKER_RESULT_PASSED, "answer \"????end\"");
	expect_answer(
		world, "^end", "\0end", 4, CHECKER_RESULT_FAILED, "answer \"?end\" does not match");
}

static void expect_bytes(struct checking *world, const char *expect, const char *answer,
	size_t size, enum checker_result result, const char *reason)
{
	struct server server = start(world, AF_INET, answer, size);

	world->check.udp.expect_hex = expect;
	checking_expect(world, result, reason);
	stop(&server);
}

static void test_bytes(void **state)
{
	struct checking *world = *state;
	/* What was sent comes back. */
	struct server server = start(world, AF_INET6, NULL, 0);

	world->check.udp.send_hex = "00ff 0a 41";
	world->check.udp.expect = "^\\x00\\xff\\x0aA$";
	checking_expect(world, CHECKER_RESULT_PASSED, "answer \"?? A\"");
	world->check.udp.expect = NULL;
	world->check.udp.expect_hex = "00FF0A41";
	checking_expect(world, CHECKER_RESULT_PASSED, "answer \"?? A\"");
	world->check.udp.expect_hex = "00ff xa x1";
	checking_expect(world, CHECKER_RESULT_PASSED, "answer \"?? A\"");
	world->check.udp.expect_hex = "00ff xb";
	checking_expect(world, CHECKER_RESULT_FAILED, "answer 00ff0a41 does not match");
	/* An expression is wanted as well. */
	world->check.udp.expect_hex = "00";
	world->check.udp.expect = "B";
	checking_expect(world, CHECKER_RESULT_FAILED, "answer \"?? A\" does not match");
	world->check.udp.expect = NULL;
	stop(&server);
	/* It begins so, and may go on; and it must be as long. */
	expect_bytes(world, "0102", "\x01\x02\x03", 3, CHECKER_RESULT_PASSED, "answer \"???\"");
	expect_bytes(world, "01020304", "\x01\x02\x03", 3, CHECKER_RESULT_FAILED,
		"answer 010203 does not match");
	expect_bytes(
		world, "01", "", 0, CHECKER_RESULT_FAILED, "answer of no bytes does not match");
	expect_bytes(world, "30", "123456789012345678901234567890", 30, CHECKER_RESULT_FAILED,
		"answer 313233343536373839303132333435363738393031323334... does not match");
}

static void test_lengths(void **state)
{
	struct checking *world = *state;
	struct config_range ranges[] = {{3, 4}, {60000, 60000}};
	_cleanup_free_ char *answer = memory_new(60000);

	memset(answer, 'x', 60000);
	world->check.udp.reply_length = (struct config_range_list){.items = ranges, .count = 2};
	expect_answer(world, NULL, answer, 3, CHECKER_RESULT_PASSED, "answer \"xxx\"");
	expect_answer(world, NULL, answer, 2, CHECKER_RESULT_FAILED,
		"answer of 2 bytes, want 3-4, 60000");
	expect_answer(world, NULL, answer, 5, CHECKER_RESULT_FAILED,
		"answer of 5 bytes, want 3-4, 60000");
	expect_answer(
		world, "y", answer, 4, CHECKER_RESULT_FAILED, "answer \"xxxx\" does not match");
	/* Longer than what is looked at of it. */
	expect_answer(world, NULL, answer, 60000, CHECKER_RESULT_PASSED,
		"answer \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"");
	expect_answer(world, NULL, answer, 59999, CHECKER_RESULT_FAILED,
		"answer of 59999 bytes, want 3-4, 60000");
}

static void test_long_answer(void **state)
{
	struct checking *world = *state;
	_cleanup_free_ char *answer = memory_new(60000);

	memset(answer, 'x', 60000);
	answer[4095] = 'y';
	answer[4096] = 'z';
	expect_answer(world, "z", answer, 60000, CHECKER_RESULT_FAILED,
		"answer \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\" does not match");
	expect_answer(world, "xy$", answer, 60000, CHECKER_RESULT_PASSED,
		"answer \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"");
}

static void test_refuses(void **state)
{
	struct checking *world = *state;
	uint16_t port;

	close(checking_bind(AF_INET, SOCK_DGRAM, &port));
	checking_aim(world, "127.0.0.1", port);
	checking_expect(world, CHECKER_RESULT_FAILED, "answer: refused");
	checking_aim(world, "::1", port);
	checking_expect(world, CHECKER_RESULT_FAILED, "answer: refused");
	world->check.udp.expect = "x";
	checking_expect(world, CHECKER_RESULT_FAILED, "answer: refused");
}

/* A socket that is given the port that it sends to is no server. A range of one port makes sure that it is. */
static void test_meets_itself(void **state)
{
	struct checking *world = *state;
	uint16_t port;

	close(checking_bind(AF_INET, SOCK_DGRAM, &port));
	_cleanup_free_ char *range = memory_printf("%u %u", port, port);
	network_sysctl("ipv4/ip_local_port_range", range);
	checking_aim(world, "127.0.0.1", port);
	struct checking_probe probe = checking_run(world);
	network_sysctl("ipv4/ip_local_port_range", "32768 60999");
	assert_string_equal(probe.outcome.reason, "answer: refused");
	assert_int_equal(probe.outcome.result, CHECKER_RESULT_FAILED);
}

static void test_silent(void **state)
{
	struct checking *world = *state;
	uint16_t port;
	_cleanup_close_ int fd = checking_bind(AF_INET, SOCK_DGRAM, &port);

	checking_aim(world, "127.0.0.1", port);
	world->check.timeout = 200 * CHECKING_MILLISECOND;
	struct checking_probe probe = checking_run(world);
	assert_int_equal(probe.outcome.result, CHECKER_RESULT_PASSED);
	assert_string_equal(probe.outcome.reason, "sent, and no error");
	/* Before its time was over, however late somebody looked. */
	assert_false(probe.expired);
	assert_true(probe.took >= 100 * CHECKING_MILLISECOND);
	world->check.udp.expect = "x";
	probe = checking_run(world);
	assert_true(probe.expired);
	assert_string_equal(
		probe.outcome.reason, "no answer within 200ms (waiting for the answer)");
	/* The same for anything that is wanted of an answer, and for one at all. */
	struct config_range any = {0, 65507};
	for (int i = 0; i < 3; i++) {
		world->check.udp = (struct config_udp){.object = world->check.udp.object,
			.require_reply = i == 0,
			.expect_hex = i == 1 ? "00" : NULL,
			.reply_length = {.items = &any, .count = i == 2}};
		probe = checking_run(world);
		assert_true(probe.expired);
		assert_int_equal(probe.outcome.result, CHECKER_RESULT_FAILED);
	}
	assert_true(fd >= 0);
}

/* The answer of another is none. */
static void test_strangers(void **state)
{
	struct checking *world = *state;
	uint16_t port, other;
	_cleanup_close_ int fd = checking_bind(AF_INET, SOCK_DGRAM, &port);
	_cleanup_close_ int stranger = checking_bind(AF_INET, SOCK_DGRAM, &other);
	struct sockaddr_storage from;
	socklen_t size = sizeof(from);
	char request[16];
	struct checking_probe probe;

	checking_aim(world, "127.0.0.1", port);
	world->check.udp.send = "x";
	world->check.udp.expect = "right";
	checking_start(world, &probe);
	assert_int_equal(
		recvfrom(fd, request, sizeof(request), 0, (struct sockaddr *)&from, &size), 1);
	sendto(stranger, "wrong", 5, 0, (struct sockaddr *)&from, size);
	sendto(fd, "right", 5, 0, (struct sockaddr *)&from, size);
	checking_wait(world, &probe, 1);
	assert_string_equal(probe.outcome.reason, "answer \"right\"");
}

static void test_many(void **state)
{
	struct checking *world = *state;
	struct server server = start(world, AF_INET, NULL, 0);
	struct checking_probe probes[500];
	size_t before = checking_count_descriptors();

	world->check.udp.send = "x";
	world->check.timeout = 10000 * CHECKING_MILLISECOND;
	for (size_t i = 0; i < ARRAY_LENGTH(probes); i++)
		checking_start(world, &probes[i]);
	checking_wait(world, probes, ARRAY_LENGTH(probes));
	for (size_t i = 0; i < ARRAY_LENGTH(probes); i++)
		assert_int_equal(probes[i].outcome.result, CHECKER_RESULT_PASSED);
	assert_int_equal(checking_count_descriptors(), before);
	stop(&server);
}

static void test_no_way(void **state)
{
	struct checking *world = *state;

	checking_aim(world, "192.0.2.1", 53);
	checking_expect(world, CHECKER_RESULT_FAILED, "connect: network unreachable");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_expects, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_bytes, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_lengths, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_long_answer, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_refuses, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_meets_itself, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_silent, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_strangers, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_many, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_no_way, begin, checking_end),
	};

	return cmocka_run_group_tests(tests, network_own, NULL);
}
