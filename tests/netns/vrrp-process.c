// SPDX-License-Identifier: GPL-2.0-or-later
/* The process of the virtual routers alone, with this program in the place of the supervisor and the reconciler.
 *
 *	vrrp-process POISED RUN-DIR INTERFACE
 *
 * A plan of which a piece is no good is refused as that plan; the next one is taken, with MANY routers on the interface; and when
 * the process is told to stop, it tells of each of them that it did. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "daemon/messages.h"
#include "vrrp/fsm.h"
#include "vrrp/lease.h"

#define SECOND   1000000000ull
#define PATIENCE (60 * SECOND)
#define MANY     250u
#define BROKEN   7u /* generations */
#define WHOLE    8u

struct test {
	struct loop *loop;
	struct channel *channel;
	struct loop_source *limit;
	pid_t pid;
	const char *interface;
	uint32_t answered; /* pieces of the whole plan */
	size_t began, stopped;
	bool refused;
};

static void fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static void on_limit(void *data)
{
	const struct test *test = data;

	fprintf(stderr, "refused %d, answered %u, began %zu, stopped %zu\n", test->refused,
		test->answered, test->began, test->stopped);
	fail("it takes too long");
}

static void say(const struct test *test, uint16_t kind, const void *payload, size_t size)
{
	if (channel_send(test->channel, kind, payload, size) < 0)
		fail("it does not hear");
}

/* The hint has a checksum that there is not. */
static void say_broken(const struct test *test)
{
	const struct message_vrrp_plan head = {.generation = BROKEN, .text_size = 1, .hints = 1};
	const struct message_vrrp_hint hint = {
		.interface = "lo", .family = AF_INET, .vrid = 1, .checksum = UINT8_MAX};

	say(test, MESSAGE_VRRP_PLAN, &head, sizeof(head));
	say(test, MESSAGE_VRRP_HINTS, &hint, sizeof(hint));
}

static void say_whole(const struct test *test)
{
	_cleanup_strbuf_ struct strbuf text = {};
	size_t size = sizeof(struct message_vrrp_facts) + MANY * sizeof(struct message_vrrp_fact);
	_cleanup_free_ struct message_vrrp_facts *facts = memory_new(size);
	const struct message_vrrp_got commit = {.generation = WHOLE, .pieces = 3};

	strbuf_add(&text, "poise: 1\nallow-empty: true\nvrrp:\n");
	for (unsigned int i = 1; i <= MANY; i++)
		strbuf_printf(&text,
			"  r%u: {interface: %s, vrid: %u, addresses: [10.9.0.%u/32]}\n", i,
			test->interface, i, i);
	const struct message_vrrp_plan head = {.generation = WHOLE,
		.text_size = (uint32_t)text.length,
		.facts = MANY,
		.filled = 1};
	facts->generation = WHOLE;
	facts->count = MANY;
	for (uint32_t i = 0; i < MANY; i++)
		facts->facts[i].router = i;
	say(test, MESSAGE_VRRP_PLAN, &head, sizeof(head));
	say(test, MESSAGE_VRRP_TEXT, text.text, text.length);
	say(test, MESSAGE_VRRP_FACTS, facts, size);
	say(test, MESSAGE_VRRP_COMMIT, &commit, sizeof(commit));
}

static void on_refused(struct test *test, const struct message_vrrp_refused *refused)
{
	if (refused->generation != BROKEN || refused->refusal != MESSAGE_VRRP_REFUSAL_RECORDS)
		fail("something else is refused");
	test->refused = true;
	say_whole(test);
}

static void on_moved(struct test *test, const struct message_vrrp_moved *moved)
{
	for (uint32_t i = 0; i < moved->count; i++) {
		test->began += moved->moves[i].state == VRRP_STATE_BACKUP;
		test->stopped += moved->moves[i].state == VRRP_STATE_INITIALIZE;
	}
	if (test->began == MANY && !test->stopped)
		say(test, MESSAGE_STOP, NULL, 0);
}

static void on_message(void *data, uint16_t kind, const void *payload, size_t size)
{
	struct test *test = data;

	(void)size;
	if (kind == MESSAGE_READY)
		say_broken(test);
	else if (kind == MESSAGE_VRRP_REFUSED)
		on_refused(test, payload);
	else if (kind == MESSAGE_VRRP_GOT)
		test->answered = ((const struct message_vrrp_got *)payload)->pieces;
	else if (kind == MESSAGE_VRRP_MOVED)
		on_moved(test, payload);
}

static void on_closed(void *data, int code)
{
	struct test *test = data;

	loop_stop(test->loop, code ? 1 : 0);
}

static void become(const char *poised, const char *run_dir, int channel, int lease)
{
	const char *words[] = {"poised-vrrp", "--process=vrrp",
		memory_printf("--channel-fd=%d", channel), memory_printf("--lease-fd=%d", lease),
		memory_printf("--state-dir=%s", run_dir), memory_printf("--run-dir=%s", run_dir),
		"--log=stderr", "--log-level=warning", "/nowhere", NULL};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fcntl(channel, F_SETFD, 0);
	fcntl(lease, F_SETFD, 0);
	execv(poised, (char *const *)words);
	_exit(127);
}

static void open_test(struct test *test, const char *poised, const char *run_dir)
{
	const struct channel_options options = {.kinds = messages_to_supervisor,
		.kind_count = messages_to_supervisor_count,
		.message = on_message,
		.closed = on_closed,
		.data = test};
	int fds[2], lease = lease_create();

	if (lease < 0 || channel_pair(fds) < 0)
		fail("no channel, or no lease");
	test->pid = fork();
	if (test->pid == 0)
		become(poised, run_dir, fds[1], lease);
	close(fds[1]);
	close(lease);
	if (test->pid < 0 || loop_new(&test->loop) < 0 ||
		channel_new(test->loop, fds[0], &options, &test->channel) < 0 ||
		loop_add_timer(test->loop, on_limit, test, &test->limit) < 0)
		fail("no loop");
	loop_timer_set(test->limit, loop_clock() + PATIENCE);
}

int main(int argc, char **argv)
{
	struct test test = {};
	int status = 0;

	if (argc != 4)
		fail("POISED RUN-DIR INTERFACE");
	test.interface = argv[3];
	open_test(&test, argv[1], argv[2]);
	loop_run(test.loop);
	waitpid(test.pid, &status, 0);
	loop_source_free(test.limit);
	channel_free(test.channel);
	loop_free(test.loop);
	if (status || test.answered != 3 || test.began != MANY || test.stopped != MANY) {
		fprintf(stderr, "status %d, answered %u, began %zu, stopped %zu\n", status,
			test.answered, test.began, test.stopped);
		return 1;
	}
	return 0;
}
