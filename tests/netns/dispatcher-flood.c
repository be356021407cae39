// SPDX-License-Identifier: GPL-2.0-or-later
/* Measures what receiving costs, by way of tests/netns/test-dispatcher: first of datagrams that
 * wait, then of as many invalid ones a second as are asked for, with a valid one each 10 ms, which
 * must all be heard.
 *
 *	dispatcher-flood RATE SECONDS */
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/netns/dispatcher-fixture.h"

#define STREAM_NS    (SECOND / 100)
#define BATCH        64u
#define FULL         200000u
#define FULL_AT_ONCE 2000u

/* In the peer's namespace, until the time is over: how many valid ones it has sent goes to the
 * pipe. */
static void flood_peer(const struct world *world, uint64_t rate, uint64_t seconds, int out)
{
	static struct made bad, good;
	static struct mmsghdr messages[BATCH];
	struct iovec piece = {bad.bytes, 0};
	uint64_t begin = loop_clock(), sent = 0, valid = 0, now;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	make_shot(&bad, &(struct shot){.family = AF_INET, .spoil = true});
	make_shot(&good, &(struct shot){.family = AF_INET});
	piece.iov_len = bad.size;
	for (size_t i = 0; i < BATCH; i++)
		messages[i].msg_hdr = (struct msghdr){.msg_name = &bad.name,
			.msg_namelen = bad.name_size,
			.msg_iov = &piece,
			.msg_iovlen = 1};
	while ((now = loop_clock()) < begin + seconds * SECOND) {
		if (now - begin >= valid * STREAM_NS) {
			put_made(world->sender, &good);
			valid++;
		}
		if (sent >= (now - begin) * rate / SECOND) {
			usleep(100);
			continue;
		}
		int r = sendmmsg(world->sender, messages, BATCH, 0);
		sent += r > 0 ? (uint64_t)r : 0;
	}
	const uint64_t numbers[] = {sent, valid};
	_exit(write(out, numbers, sizeof(numbers)) == sizeof(numbers) ? 0 : 1);
}

static uint64_t processor_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

/* What waits already is read in full portions: what one costs then. */
static void measure_full_turns(struct world *world)
{
	static struct made bad;
	uint64_t used = 0, began = world->turns;

	make_shot(&bad, &(struct shot){.family = AF_INET, .spoil = true});
	for (uint64_t count = 0; count < FULL; count += FULL_AT_ONCE) {
		for (uint64_t i = 0; i < FULL_AT_ONCE; i++)
			put_made(world->sender, &bad);
		uint64_t begin = processor_ns();
		while (counters(world).read < count + FULL_AT_ONCE)
			turn(world, SECOND / 10);
		used += processor_ns() - begin;
	}
	printf("waiting ones: %u read in %ju turns, %.0f ns of processor time each\n", FULL,
		(uintmax_t)(world->turns - began), (double)used / FULL);
}

static int flood(struct world *world, uint64_t rate, uint64_t seconds)
{
	uint64_t numbers[2];
	int pipes[2];

	world_set(world, AF_INET);
	measure_full_turns(world);
	uint64_t full = counters(world).read, turns = world->turns;
	require(pipe2(pipes, O_CLOEXEC | O_NONBLOCK) == 0);
	pid_t pid = fork();
	require(pid >= 0);
	if (pid == 0)
		flood_peer(world, rate, seconds, pipes[1]);
	uint64_t begin = loop_clock(), used = processor_ns();
	/* Seldom, for it costs as much as a turn. */
	while (read(pipes[0], numbers, sizeof(numbers)) != sizeof(numbers))
		for (int i = 0; i < 100; i++)
			turn(world, SECOND / 1000);
	uint64_t took = loop_clock() - begin;
	used = processor_ns() - used;
	for (int i = 0; i < 1000; i++)
		turn(world, 1000);
	require(waitpid(pid, NULL, 0) == pid);
	struct dispatcher_counters after = counters(world);
	printf("sent: %ju/s invalid, %ju valid; %ju read in %ju turns, %ju dropped by the kernel, "
	       "%ju heard; "
	       "%.1f %% of a core, %.0f ns each\n",
		(uintmax_t)(numbers[0] * SECOND / took), (uintmax_t)numbers[1],
		(uintmax_t)(after.read - full), (uintmax_t)(world->turns - turns),
		(uintmax_t)after.dropped, (uintmax_t)world->heard,
		100.0 * (double)used / (double)took, (double)used / (double)(after.read - full));
	return world->heard == numbers[1] ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct world world = {};

	if (argc != 3) {
		fprintf(stderr, "usage: dispatcher-flood RATE SECONDS\n");
		return 2;
	}
	world_begin(&world);
	int code = flood(&world, strtoull(argv[1], NULL, 10), strtoull(argv[2], NULL, 10));
	world_end(&world);
	return code;
}
