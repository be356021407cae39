// SPDX-License-Identifier: GPL-2.0-or-later
/* ping checks: of the loopback, of nobody, and with replies that others make up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include "tests/support/checking.h"
#include "tests/support/network.h"

#define MANY      2000
#define IP_HEADER 20

static int begin(void **state)
{
	struct checking *world;

	checking_begin(state);
	world = *state;
	checking_kind(world, CONFIG_CHECK_PING);
	world->check.ping.size = 56;
	world->check.timeout = 300 * CHECKING_MILLISECOND;
	return 0;
}

/* The kernel answers nobody: who answers is the test. */
static int begin_alone(void **state)
{
	network_sysctl("ipv4/icmp_echo_ignore_all", "1");
	network_sysctl("ipv6/icmp/echo_ignore_all", "1");
	return begin(state);
}

static int end_alone(void **state)
{
	network_sysctl("ipv4/icmp_echo_ignore_all", "0");
	network_sysctl("ipv6/icmp/echo_ignore_all", "0");
	return checking_end(state);
}

static void test_loopback(void **state)
{
	struct checking *world = *state;
	size_t before = checking_count_descriptors();

	checking_aim(world, "127.0.0.1", 0);
	checking_expect(world, CHECKER_RESULT_PASSED, "echo of 56 bytes");
	checking_aim(world, "::1", 0);
	checking_expect(world, CHECKER_RESULT_PASSED, "echo of 56 bytes");
	/* A port that it has from its destination is not the protocol of a raw socket. */
	checking_aim(world, "::1", 8080);
	checking_expect(world, CHECKER_RESULT_PASSED, "echo of 56 bytes");
	assert_int_equal(checking_count_descriptors(), before);
	assert_int_equal(world->strangers, 0);
}

static void test_sizes(void **state)
{
	static const uint32_t sizes[] = {0, 1, 7, 8, 9, 1473, 65507};
	struct checking *world = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
		world->check.ping.size = sizes[i];
		checking_aim(world, "127.0.0.1", 0);
		assert_int_equal(checking_run(world).outcome.result, CHECKER_RESULT_PASSED);
		checking_aim(world, "::1", 0);
		assert_int_equal(checking_run(world).outcome.result, CHECKER_RESULT_PASSED);
	}
}

static void test_source(void **state)
{
	struct checking *world = *state;

	world->check.fwmark = 9;
	address_parse("127.0.0.5", &world->check.source);
	checking_expect(world, CHECKER_RESULT_PASSED, "echo of 56 bytes");
	address_parse("192.0.2.1", &world->check.source);
	checking_expect(world, CHECKER_RESULT_UNTRIED, "source: no local address or port");
	address_parse("::1", &world->check.source);
	checking_expect(world, CHECKER_RESULT_UNTRIED, "source: another address family");
}

static void test_no_way(void **state)
{
	struct checking *world = *state;

	checking_aim(world, "192.0.2.1", 0);
	checking_expect(world, CHECKER_RESULT_FAILED, "send: network unreachable");
}

/* All at once, over a socket for each family. */
static void test_many(void **state)
{
	struct checking *world = *state;
	_cleanup_free_ struct checking_probe *probes =
		memory_resize(NULL, MANY, sizeof(struct checking_probe));
	size_t before;

	checking_open(world);
	before = checking_count_descriptors();
	world->check.timeout = 10000 * CHECKING_MILLISECOND;
	/* More than a socket holds, and they all come back before the loop looks. */
	world->check.ping.size = 8000;
	for (size_t i = 0; i < MANY; i++) {
		checking_aim(world, i % 2 ? "127.0.0.1" : "::1", 0);
		checking_start(world, &probes[i]);
	}
	assert_int_equal(checking_count_descriptors(), before + 2);
	checking_wait(world, probes, MANY);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(probes[i].outcome.result, CHECKER_RESULT_PASSED);
	assert_int_equal(world->strangers, 0);
}

/* A socket for each mark, found again among the others whatever the order in which they were made. */
static void test_marks(void **state)
{
	static const uint32_t marks[] = {5, 2, 9, 1, 7, 5, 9, 2, 0, 3};
	struct checking *world = *state;
	struct config_check checks[ARRAY_LENGTH(marks)];
	struct checking_probe probes[ARRAY_LENGTH(marks)];

	checking_open(world);
	size_t before = checking_count_descriptors();
	for (size_t i = 0; i < ARRAY_LENGTH(marks); i++) {
		checks[i] = world->check;
		checks[i].fwmark = marks[i];
		checking_start_check(world, &checks[i], &probes[i]);
	}
	assert_int_equal(checking_count_descriptors(), before + 7);
	checking_wait(world, probes, ARRAY_LENGTH(probes));
	for (size_t i = 0; i < ARRAY_LENGTH(marks); i++)
		assert_int_equal(probes[i].outcome.result, CHECKER_RESULT_PASSED);
}

static void test_nobody(void **state)
{
	struct checking *world = *state;

	checking_expect(
		world, CHECKER_RESULT_FAILED, "no answer within 300ms (waiting for the echo)");
	checking_aim(world, "::1", 0);
	checking_expect(
		world, CHECKER_RESULT_FAILED, "no answer within 300ms (waiting for the echo)");
}

/* ---- Replies that the test makes ---- */

struct forger {
	int fd;
	uint8_t request[256];
	size_t size;
};

static uint16_t sum_of(const uint8_t *bytes, size_t size)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < size; i += 2)
		sum += (uint32_t)(bytes[i] | bytes[i + 1] << 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* A socket that sees the request, and sends from `from`. */
static void forger_begin(struct forger *forger, const char *from)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct address address;

	assert_int_equal(address_parse(from, &address), 0);
	memcpy(&in.sin_addr, address.bytes, sizeof(in.sin_addr));
	forger->fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	assert_true(forger->fd >= 0);
	assert_int_equal(bind(forger->fd, (struct sockaddr *)&in, sizeof(in)), 0);
}

static void forger_see(struct forger *forger)
{
	uint8_t packet[IP_HEADER + sizeof(forger->request)];

	do {
		ssize_t size = recv(forger->fd, packet, sizeof(packet), 0);
		assert_true(size > IP_HEADER + 8);
		forger->size = (size_t)size - IP_HEADER;
	} while (packet[IP_HEADER] != ICMP_ECHO);
	memcpy(forger->request, packet + IP_HEADER, forger->size);
}

/* The right reply, but for one byte; to the one who asked. */
static void forger_reply(struct forger *forger, size_t size, size_t changed, bool right_sum)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	uint8_t reply[sizeof(forger->request)];
	uint16_t sum;

	memcpy(reply, forger->request, forger->size);
	reply[0] = ICMP_ECHOREPLY;
	reply[2] = reply[3] = 0;
	if (changed)
		reply[changed] ^= 0x20;
	sum = sum_of(reply, size);
	memcpy(reply + 2, &sum, sizeof(sum));
	if (!right_sum)
		reply[2] ^= 1;
	assert_int_equal(
		sendto(forger->fd, reply, size, 0, (struct sockaddr *)&in, sizeof(in)), size);
}

static void test_forged(void **state)
{
	struct checking *world = *state;
	struct forger target, other;
	struct checking_probe probe;

	forger_begin(&target, "127.0.0.1");
	forger_begin(&other, "127.0.0.9");
	checking_start(world, &probe);
	forger_see(&target);
	other.size = target.size;
	memcpy(other.request, target.request, target.size);
	forger_reply(&other, target.size, 0, true);      /* all is right, but who sends it */
	forger_reply(&target, target.size, 6, true);     /* another sequence number */
	forger_reply(&target, target.size, 8, true);     /* another cookie */
	forger_reply(&target, target.size, 15, true);    /* its last byte */
	forger_reply(&target, target.size - 2, 0, true); /* cut */
	forger_reply(&target, 8, 0, true);               /* no payload at all */
	forger_reply(&target, target.size, 0, false);    /* damaged on its way */
	forger_reply(&target, target.size, 4, true);     /* another identifier: not even seen */
	checking_wait(world, &probe, 1);
	assert_true(probe.expired);
	assert_int_equal(world->strangers, 7);
	close(target.fd);
	close(other.fd);
}

static void test_right_among_forged(void **state)
{
	struct checking *world = *state;
	struct forger target;
	struct checking_probe probe;

	forger_begin(&target, "127.0.0.1");
	checking_start(world, &probe);
	forger_see(&target);
	for (size_t i = 0; i < 100; i++)
		forger_reply(&target, target.size, 8 + i % 8, true);
	forger_reply(&target, target.size, 0, true);
	forger_reply(&target, target.size, 0, true); /* once more: nobody minds */
	checking_wait(world, &probe, 1);
	assert_int_equal(probe.outcome.result, CHECKER_RESULT_PASSED);
	assert_int_equal(world->strangers, 100);
	close(target.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_loopback, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_sizes, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_source, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_no_way, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_many, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_marks, begin, checking_end),
		cmocka_unit_test_setup_teardown(test_nobody, begin_alone, end_alone),
		cmocka_unit_test_setup_teardown(test_forged, begin_alone, end_alone),
		cmocka_unit_test_setup_teardown(test_right_among_forged, begin_alone, end_alone),
	};

	return cmocka_run_group_tests(tests, network_own, NULL);
}
