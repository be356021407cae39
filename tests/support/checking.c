// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/checking.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <unistd.h>

#define CHECKING_LOOK (20 * CHECKING_MILLISECOND)

void checking_open(struct checking *world)
{
	_cleanup_error_ struct error error = {};

	if (world->loop)
		return;
	assert_int_equal(loop_new(&world->loop), 0);
	runs_new(world->loop, &world->runs);
	world->runner = checker_runner_here(world->runs);
	const struct checkers_options options = {
		.loop = world->loop, .runner = &world->runner, .confine = world->confine};
	assert_int_equal(checkers_new(&options, &world->checkers, &error), 0);
}

void checking_close(struct checking *world)
{
	if (!world->loop)
		return;
	world->strangers += world->checkers->strangers;
	world->checkers = checkers_free(world->checkers);
	world->runs = runs_free(world->runs);
	loop_free(world->loop);
	world->loop = NULL;
}

int checking_begin(void **state)
{
	struct checking *world = memory_new(sizeof(*world));

	world->check.name.text = "test";
	world->check.timeout = CHECKING_PATIENCE;
	checking_aim(world, "127.0.0.1", 0);
	*state = world;
	return 0;
}

int checking_end(void **state)
{
	struct checking *world = *state;

	checking_close(world);
	free(world);
	return 0;
}

void checking_kind(struct checking *world, enum config_check_key kind)
{
	world->check.object.set = 1u << kind;
}

void checking_aim(struct checking *world, const char *address, uint16_t port)
{
	assert_int_equal(address_parse(address, &world->target.address), 0);
	world->target.port = port;
}

static void checking_over(struct checking_probe *probe)
{
	probe->run = NULL;
	probe->took = loop_clock() - probe->began;
	if (--probe->world->waiting == 0)
		loop_stop(probe->world->loop, 0);
}

static void checking_done(void *data, const struct checker_outcome *outcome)
{
	struct checking_probe *probe = data;

	assert_non_null(probe->run);
	probe->outcome = *outcome;
	checking_over(probe);
}

void checking_start(struct checking *world, struct checking_probe *probe)
{
	checking_start_check(world, &world->check, probe);
}

void checking_start_check(
	struct checking *world, const struct config_check *check, struct checking_probe *probe)
{
	const struct checker_request request = {.check = check,
		.target = world->target,
		.traced = world->traced,
		.done = checking_done,
		.data = probe};

	checking_open(world);
	*probe = (struct checking_probe){.world = world, .began = loop_clock()};
	world->waiting++;
	probe->run = checker_start(world->checkers, &request);
}

struct checking_watch {
	struct checking_probe *probes;
	size_t count, first; /* of those before it none is under way */
	struct loop_source *timer;
	bool late; /* nothing is too early any more */
};

/* Whether one whose time would be over has to wait. Once it need not, the loop first sees what has come by then. */
static bool checking_is_early(
	struct checking_watch *watch, const struct checking_probe *probe, uint64_t now)
{
	const struct checking *world = probe->world;

	if (!world->early || watch->late)
		return false;
	watch->late = !world->early(world) ||
		      now - probe->began >= checker_time(&world->check) + CHECKING_PATIENCE;
	return true;
}

/* They began in their order, with the same time. */
static void checking_on_time(void *data)
{
	struct checking_watch *watch = data;
	uint64_t now = loop_clock();

	for (; watch->first < watch->count; watch->first++) {
		struct checking_probe *probe = &watch->probes[watch->first];
		uint64_t end = probe->began + checker_time(&probe->world->check);
		if (!probe->run)
			continue;
		if (end > now) {
			loop_timer_set(watch->timer, end);
			return;
		}
		if (checking_is_early(watch, probe, now)) {
			loop_timer_set(watch->timer, now + CHECKING_LOOK);
			return;
		}
		checker_expire(probe->run, &probe->outcome);
		probe->expired = true;
		checking_over(probe);
	}
}

void checking_wait(struct checking *world, struct checking_probe *probes, size_t count)
{
	struct checking_watch watch = {.probes = probes, .count = count};

	assert_int_equal(loop_add_timer(world->loop, checking_on_time, &watch, &watch.timer), 0);
	loop_timer_set(watch.timer, loop_clock());
	if (world->waiting)
		assert_int_equal(loop_run(world->loop), 0);
	loop_source_free(watch.timer);
	assert_int_equal(world->waiting, 0);
	checking_close(world);
}

struct checking_probe checking_run(struct checking *world)
{
	struct checking_probe probe;

	checking_start(world, &probe);
	checking_wait(world, &probe, 1);
	return probe;
}

void checking_expect(struct checking *world, enum checker_result result, const char *reason)
{
	struct checking_probe probe = checking_run(world);

	assert_string_equal(probe.outcome.reason, reason);
	assert_int_equal(probe.outcome.result, result);
}

int checking_bind(uint16_t family, int type, uint16_t *port)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr *address =
		family == AF_INET ? (struct sockaddr *)&in : (struct sockaddr *)&in6;
	socklen_t size = family == AF_INET ? sizeof(in) : sizeof(in6);
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, address, size), 0);
	assert_int_equal(getsockname(fd, address, &size), 0);
	*port = ntohs(family == AF_INET ? in.sin_port : in6.sin6_port);
	return fd;
}

size_t checking_count_descriptors(void)
{
	size_t count = 0;
	DIR *directory = opendir("/proc/self/fd");

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}
