// SPDX-License-Identifier: GPL-2.0-or-later
/* tcp checks of real sockets, and what all checks have in common: the end by time, cancelling, want of descriptors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>

#include "tests/support/checking.h"
#include "tests/support/network.h"

#define MANY 2000
/* Where a line of /proc/net/tcp has it. */
#define REMOTE_PORT 28

static int begin(void **state)
{
	checking_begin(state);
	checking_kind(*state, CONFIG_CHECK_TCP);
	return 0;
}

static int listening(struct checking *world, uint16_t family, int backlog)
{
	uint16_t port;
	int fd = checking_bind(family, SOCK_STREAM, &port);

	assert_int_equal(listen(fd, backlog), 0);
	checking_aim(world, family == AF_INET ? "127.0.0.1" : "::1", port);
	return fd;
}

static void test_accepts(void **state)
{
	struct checking *world = *state;
	_cleanup_close_ int four = listening(world, AF_INET, 16);

	checking_expect(world, CHECKER_RESULT_PASSED, "connected");
	_cleanup_close_ int six = listening(world, AF_INET6, 16);
	checking_expect(world, CHECKER_RESULT_PASSED, "connected");
	assert_true(four >= 0 && six >= 0);
}

static void test_refuses(void **state)
{
	struct checking *world = *state;
	uint16_t port;
	_cleanup_close_ int fd = checking_bind(AF_INET, SOCK_STREAM, &port);
	size_t before = checking_count_descriptors();

	/* Bound, and nobody listens. */
	checking_aim(world, "127.0.0.1", port);
	checking_expect(world, CHECKER_RESULT_FAILED, "connect: refused");
	checking_aim(world, "::1", port);
	checking_expect(world, CHECKER_RESULT_FAILED, "connect: refused");
	assert_int_equal(checking_count_descriptors(), before);
	assert_true(fd >= 0);
}

/* A socket that is given the port that it connects to meets itself. A range of one port makes sure that it is. */
static void test_meets_itself(void **state)
{
	struct checking *world = *state;
	uint16_t port;
	int fd = checking_bind(AF_INET, SOCK_STREAM, &port);

	_cleanup_free_ char *range = memory_printf("%u %u", port, port);
	close(fd);
	network_sysctl("ipv4/ip_local_port_range", range);
	checking_aim(world, "127.0.0.1", port);
	struct checking_probe probe = checking_run(world);
	network_sysctl("ipv4/ip_local_port_range", "32768 60999");
	assert_int_equal(probe.outcome.result, CHECKER_RESULT_FAILED);
	assert_string_equal(probe.outcome.reason, "connect: refused");
}

/* A listener whose queue is full does not answer. */
static void test_blackhole(void **state)
{
	struct checking *world = *state;
	_cleanup_close_ int fd = listening(world, AF_INET, 0);
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	int fillers[8];

	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(fillers); i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		int r = connect(fillers[i], (struct sockaddr *)&address, size);
		assert_true(r == 0 || errno == EINPROGRESS);
	}
	world->check.timeout = 200 * CHECKING_MILLISECOND;
	world->traced = true;
	struct checking_probe probe = checking_run(world);
	assert_true(probe.expired);
	assert_int_equal(probe.outcome.result, CHECKER_RESULT_FAILED);
	assert_string_equal(probe.outcome.reason, "no answer within 200ms (connect)");
	assert_int_equal(probe.outcome.step_count, 1);
	assert_string_equal(probe.outcome.steps[0].name, "connect");
	assert_true(probe.outcome.steps[0].ns >= 200 * CHECKING_MILLISECOND);
	for (size_t i = 0; i < ARRAY_LENGTH(fillers); i++)
		close(fillers[i]);
}

static void test_no_way(void **state)
{
	struct checking *world = *state;

	/* Of the class that no route may have. */
	checking_aim(world, "255.255.255.255", 80);
	struct checking_probe probe = checking_run(world);
	assert_int_equal(probe.outcome.result, CHECKER_RESULT_FAILED);
	assert_memory_equal(probe.outcome.reason, "connect: ", 9);
}

static void test_source(void **state)
{
	struct checking *world = *state;
	_cleanup_close_ int fd = listening(world, AF_INET, 16);

	address_parse("127.0.0.77", &world->check.source);
	world->check.fwmark = 7;
	checking_expect(world, CHECKER_RESULT_PASSED, "connected");
	/* From somewhere else than the file says it would be another probe. */
	address_parse("::1", &world->check.source);
	checking_expect(world, CHECKER_RESULT_UNTRIED, "source: another address family");
	/* Nothing that the server could do about it. */
	address_parse("192.0.2.1", &world->check.source);
	checking_expect(world, CHECKER_RESULT_UNTRIED, "source: no local address or port");
	assert_true(fd >= 0);
}

static void test_interface(void **state)
{
	struct checking *world = *state;
	_cleanup_close_ int fd = listening(world, AF_INET, 16);

	world->check.interface = "lo";
	checking_expect(world, CHECKER_RESULT_PASSED, "connected");
	/* With a source of its own too. */
	address_parse("127.0.0.77", &world->check.source);
	checking_expect(world, CHECKER_RESULT_PASSED, "connected");
	/* Nothing that the server could do about it. */
	world->check.interface = "poise-nowhere";
	checking_expect(world, CHECKER_RESULT_UNTRIED, "interface: no such device");
	assert_true(fd >= 0);
}

/* Towards a port, in any state: those that nobody has a descriptor of too. */
static size_t count_sockets(uint16_t port)
{
	char line[256], remote[16];
	size_t count = 0;
	FILE *file = fopen("/proc/net/tcp", "re");

	assert_non_null(file);
	snprintf(remote, sizeof(remote), ":%04X ", port);
	while (fgets(line, sizeof(line), file))
		count += strncmp(line + REMOTE_PORT, remote, strlen(remote)) == 0;
	fclose(file);
	return count;
}

static void raise_descriptors(struct rlimit *before)
{
	assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
	struct rlimit all = {before->rlim_max, before->rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
}

/* All at once: each is told once, nothing is left behind, here or there. */
static void test_many(void **state)
{
	struct checking *world = *state;
	_cleanup_close_ int fd = listening(world, AF_INET, 4096);
	_cleanup_free_ struct checking_probe *probes =
		memory_resize(NULL, MANY, sizeof(struct checking_probe));
	size_t before = checking_count_descriptors();
	struct rlimit limit;

	raise_descriptors(&limit);
	world->check.timeout = 10000 * CHECKING_MILLISECOND;
	for (size_t i = 0; i < MANY; i++)
		checking_start(world, &probes[i]);
	checking_wait(world, probes, MANY);
	setrlimit(RLIMIT_NOFILE, &limit);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(probes[i].outcome.result, CHECKER_RESULT_PASSED);
	assert_int_equal(checking_count_descriptors(), before);
	assert_int_equal(count_sockets(world->target.port), 0);
	assert_true(fd >= 0);
}

/* A server need not hear of it: nothing is left for it to accept. */
static void test_disturbs_nobody(void **state)
{
	struct checking *world = *state;
	_cleanup_close_ int fd = listening(world, AF_INET, 16);
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	size_t accepted = 0;

	/* On a busy machine the acknowledgement may get out first: not every time. */
	for (size_t i = 0; i < 20; i++) {
		checking_expect(world, CHECKER_RESULT_PASSED, "connected");
		accepted += poll(&poll_fd, 1, 0) > 0;
	}
	assert_true(accepted < 20);
}

static void test_descriptors_run_out(void **state)
{
	struct checking *world = *state;
	_cleanup_close_ int fd = listening(world, AF_INET, 16);
	struct rlimit limit, none;

	checking_open(world);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	int next = dup(fd);
	close(next);
	none = (struct rlimit){(rlim_t)next, limit.rlim_max};
	struct checking_probe probe;
	setrlimit(RLIMIT_NOFILE, &none);
	checking_start(world, &probe);
	setrlimit(RLIMIT_NOFILE, &limit);
	checking_wait(world, &probe, 1);
	assert_int_equal(probe.outcome.result, CHECKER_RESULT_UNTRIED);
	assert_string_equal(probe.outcome.reason, "socket: too many open files");
	checking_expect(world, CHECKER_RESULT_PASSED, "connected");
}

static void never(void *data, const struct checker_outcome *outcome)
{
	(void)data;
	(void)outcome;
	fail();
}

/* Over and not told yet: who cancels or expires it is not told any more, wherever it waits. */
static void test_over_and_ended(void **state)
{
	struct checking *world = *state;
	struct checker_run *runs[6];
	struct checker_outcome outcome;
	struct checking_probe probes[2];

	checking_aim(world, "255.255.255.255", 80);
	checking_open(world);
	const struct checker_request request = {
		.check = &world->check, .target = world->target, .done = never};
	for (size_t i = 0; i < ARRAY_LENGTH(runs); i++) {
		if (i == 2)
			checking_start(world, &probes[0]);
		if (i == 5)
			checking_start(world, &probes[1]);
		runs[i] = checker_start(world->checkers, &request);
	}
	checker_cancel(runs[5]);
	checker_cancel(runs[0]);
	checker_cancel(runs[3]);
	checker_expire(runs[2], &outcome);
	assert_memory_equal(outcome.reason, "connect: ", 9);
	checker_cancel(runs[1]);
	checker_cancel(runs[4]);
	checking_wait(world, probes, ARRAY_LENGTH(probes));
	assert_memory_equal(probes[0].outcome.reason, "connect: ", 9);
	assert_memory_equal(probes[1].outcome.reason, "connect: ", 9);
}

static void test_cancelled_under_way(void **state)
{
	struct checking *world = *state;
	_cleanup_close_ int fd = listening(world, AF_INET, 16);

	checking_open(world);
	size_t before = checking_count_descriptors();
	const struct checker_request request = {
		.check = &world->check, .target = world->target, .done = never};
	struct checker_run *run = checker_start(world->checkers, &request);
	assert_int_equal(checking_count_descriptors(), before + 1);
	checker_cancel(run);
	assert_int_equal(checking_count_descriptors(), before);
	assert_true(fd >= 0);
}

static void check_printable(const char *text, size_t length, size_t size, const char *wanted)
{
	char shown[32] = "untouched";

	assert_true(size <= sizeof(shown));
	assert_ptr_equal(checker_printable(text, length, shown, size), shown);
	assert_string_equal(shown, wanted);
}

static void test_printable(void **state)
{
	(void)state;
	check_printable("220 mail", 8, 32, "220 mail");
	check_printable(" \r\n a\tb\r\n", 9, 32, "a b");
	check_printable("a\0b\x1b[2Jc\x7f", 9, 32, "a?b?[2Jc?");
	check_printable("\xc3\xa9\xff", 3, 32, "???");
	check_printable("abcdef", 6, 4, "abc");
	check_printable("ab  cd", 6, 4, "ab");
	check_printable("abc", 3, 1, "");
	check_printable("", 0, 8, "");
	check_printable("   ", 3, 8, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_accepts, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_refuses, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_meets_itself, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_blackhole, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_no_way, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_source, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_interface, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_many, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_disturbs_nobody, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_descriptors_run_out, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_over_and_ended, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_cancelled_under_way, begin, checking_end),
		cmocka_unit_test(test_printable),
	};

	return cmocka_run_group_tests(tests, network_own, NULL);
}
