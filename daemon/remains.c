// SPDX-License-Identifier: GPL-2.0-or-later
/* One timer, which is set while no process of virtual routers runs; and one child at most. A process that is started meanwhile has
 * the say: the timer is off while it runs, and when it ends the lease is read again. So a process that dies in its first
 * milliseconds, again and again, is missed from its last advertisement on. */
#include "daemon/remains.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/loop.h"
#include "base/memory.h"
#include "daemon/process.h"
#include "daemon/spawn.h"

LOG_MODULE("supervisor");

#define SECOND 1000000000ull

#define REMAINS_INTERVALS 3u            /* RFC 9568 §6.1, Active_Down_Interval, but for the skew */
#define REMAINS_LEAST_NS  SECOND        /* from the last advertisement of all on */
#define REMAINS_FIRST_NS  (3 * SECOND)  /* from the start of the supervisor on */
#define REMAINS_AGAIN_NS  (10 * SECOND) /* after one that failed */
#define REMAINS_MOST_NS   (25 * SECOND) /* for the child, which has a limit of its own */

struct remains {
	struct remains_options options;
	struct lease *lease;
	struct loop_source *timer, *limit, *end;
	pid_t pid;   /* of the child; 0: there is none */
	int channel; /* by which the child knows whose it is */
	bool missed; /* no process of virtual routers runs */
	bool blind;  /* what an earlier supervisor left stands in no lease */
	bool stopping;
	uint64_t first, again; /* not before */
	uint64_t count;
};

/* Whoever has no lease is missed at once: nobody could hear it. */
static uint64_t remains_router_due(
	const struct lease_snapshot *left, const struct keeper_key *key, uint64_t now)
{
	const struct lease_router_left *router = lease_find_router(left, key);
	const struct vrrp_lease *lease = router ? &router->router.lease : NULL;

	if (!lease || !lease->sent || lease->sent > now)
		return 0;
	return lease->sent + REMAINS_INTERVALS * lease->interval;
}

uint64_t remains_due(const struct lease_snapshot *left, uint64_t now)
{
	uint64_t due = left->torn ? 0 : REMAINS_NEVER, last = 0;

	vector_foreach(&left->addresses, address)
		due = MIN(due, remains_router_due(left, &address->address.key, now));
	vector_foreach(&left->routers, router) {
		const struct vrrp_lease *lease = &router->router.lease;

		if (lease->sent && lease->sent <= now)
			last = MAX(last, lease->sent + REMAINS_LEAST_NS);
	}
	return MAX(due, last);
}

static uint64_t remains_lease_due(const struct remains *remains)
{
	_cleanup_lease_snapshot_ struct lease_snapshot left = {};

	lease_read(remains->lease, &left);
	return remains_due(&left, loop_now(remains->options.loop));
}

/* The child. */

static void remains_look(struct remains *remains);

static void remains_over(struct remains *remains, bool good)
{
	uint64_t now = loop_now(remains->options.loop);
	/* The kernel may refuse to let go of something: that is tried again, and not at once. */
	bool rest = !good || remains_lease_due(remains) != REMAINS_NEVER;

	memory_closep(&remains->channel);
	loop_timer_set(remains->limit, LOOP_NEVER);
	remains->again = rest ? now + REMAINS_AGAIN_NS : 0;
	remains->blind &= !good;
	remains->count += good;
	remains->options.hold(remains->options.data, false);
	if (remains->missed && !remains->stopping)
		remains_look(remains);
}

static void remains_on_end(void *data, pid_t pid, int status)
{
	struct remains *remains = data;
	bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	(void)pid;
	remains->end = loop_source_free(remains->end);
	remains->pid = 0;
	if (good)
		log_notice("what virtual routers left is removed");
	else if (WIFSIGNALED(status))
		log_error("what virtual routers left is not all removed: " PROCESS_CLEAN_UP
			  " was ended by signal %d (%s)",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		log_error("what virtual routers left is not all removed: " PROCESS_CLEAN_UP
			  " has ended with code %d",
			WEXITSTATUS(status));
	remains_over(remains, good);
}

static void remains_on_limit(void *data)
{
	const struct remains *remains = data;

	log_error(PROCESS_CLEAN_UP " does not end in time: it is killed");
	kill(remains->pid, SIGKILL);
}

static int remains_spawn(struct remains *remains)
{
	const struct remains_options *options = &remains->options;
	int fds[2], r = channel_pair(fds);

	if (r < 0)
		return r;
	remains->channel = fds[0];
	_cleanup_close_ int theirs = fds[1];
	const struct spawn_descriptors descriptors = {.channel = theirs,
		.control = -1,
		.lock = -1,
		.lease = options->lease,
		.claim = options->claim};
	pid_t pid = spawn_process(&process_clean_up, options->poised, &descriptors);
	if (pid < 0)
		return pid;
	r = loop_add_child(options->loop, pid, remains_on_end, remains, &remains->end);
	if (r == 0) {
		remains->pid = pid;
		return 0;
	}
	/* Nobody would learn of its end. */
	if (kill(pid, SIGKILL) == 0)
		waitpid(pid, NULL, 0);
	return r;
}

static void remains_remove(struct remains *remains)
{
	loop_timer_set(remains->timer, LOOP_NEVER);
	remains->options.hold(remains->options.data, true);
	int r = remains_spawn(remains);
	if (r < 0) {
		log_error("what virtual routers left cannot be removed: %s", strerror(-r));
		remains_over(remains, false);
		return;
	}
	loop_timer_set(remains->limit, loop_now(remains->options.loop) + REMAINS_MOST_NS);
}

/* The time. */

static void remains_look(struct remains *remains)
{
	uint64_t due = remains_lease_due(remains), now = loop_now(remains->options.loop);

	if (due == REMAINS_NEVER && remains->blind)
		due = remains->first;
	if (due == REMAINS_NEVER || remains->pid)
		return;
	due = MAX(due, remains->again);
	if (due > now) {
		loop_timer_set(remains->timer, due);
		return;
	}
	log_warning("virtual routers have nobody who keeps them, and others may have taken over: "
		    "what is left of them here is removed");
	remains_remove(remains);
}

static void remains_on_timer(void *data)
{
	remains_look(data);
}

void remains_started(struct remains *remains)
{
	remains->missed = false;
	loop_timer_set(remains->timer, LOOP_NEVER);
}

void remains_ready(struct remains *remains)
{
	remains->blind = false;
}

void remains_missed(struct remains *remains)
{
	remains->missed = true;
	if (!remains->stopping)
		remains_look(remains);
}

bool remains_are_due(const struct remains *remains)
{
	return remains_lease_due(remains) <= loop_now(remains->options.loop);
}

bool remains_stop(struct remains *remains)
{
	bool tried = remains->stopping;

	remains->stopping = true;
	loop_timer_set(remains->timer, LOOP_NEVER);
	if (remains->pid)
		return true;
	if (tried || remains_lease_due(remains) == REMAINS_NEVER)
		return false;
	remains_remove(remains);
	return remains->pid != 0;
}

uint64_t remains_count(const struct remains *remains)
{
	return remains->count;
}

/* Life. */

int remains_new(const struct remains_options *options, struct remains **ret)
{
	struct remains *remains = memory_new(sizeof(*remains));

	remains->options = *options;
	remains->channel = -1;
	remains->blind = true;
	remains->first = loop_now(options->loop) + REMAINS_FIRST_NS;
	int r = lease_open_reader(options->lease, &remains->lease);
	if (r == 0)
		r = loop_add_timer(options->loop, remains_on_timer, remains, &remains->timer);
	if (r == 0)
		r = loop_add_timer(options->loop, remains_on_limit, remains, &remains->limit);
	if (r < 0)
		remains = remains_free(remains);
	*ret = remains;
	return r;
}

struct remains *remains_free(struct remains *remains)
{
	if (!remains)
		return NULL;
	if (remains->pid)
		kill(remains->pid, SIGKILL);
	loop_source_free(remains->end);
	loop_source_free(remains->timer);
	loop_source_free(remains->limit);
	memory_closep(&remains->channel);
	lease_close(remains->lease);
	free(remains);
	return NULL;
}
