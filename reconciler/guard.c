// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>

#include "base/timespec.h"
#include "reconciler/confirm.h"

/* How long one try waits for a command that holds the lock, and what lies between two tries. */
#define GUARD_LOCK_WAIT_NS 60000000000ull
#define GUARD_RETRY_NS     5000000000ull

/* What it waits for: the deadline, and that somebody else settles the confirmation before. */
enum guard_wait {
	GUARD_WAIT_TIME,
	GUARD_WAIT_SETTLED,
	GUARD_WAIT_COUNT,
};

/* Whether confirm.json was removed: by a confirm, a rollback, or whoever undid it. A later apply makes a new one, with a guard
 * of its own. */
static bool guard_read_settled(int watch)
{
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool settled = false;
	ssize_t size;

	while ((size = read(watch, buffer, sizeof(buffer))) > 0)
		for (const char *at = buffer; at < buffer + size;) {
			const struct inotify_event *event = (const void *)at;
			settled |=
				(event->mask & IN_DELETE) && strcmp(event->name, CONFIRM_FILE) == 0;
			at += sizeof(*event) + event->len;
		}
	return settled;
}

/* Before confirm.json can go: -1 when there can be no watch, and then it waits for the deadline alone. */
static int guard_watch(const struct reconciler_options *options)
{
	int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (watch >= 0 &&
		inotify_add_watch(watch, options->state_dir, IN_DELETE | IN_ONLYDIR) < 0) {
		close(watch);
		return -1;
	}
	return watch;
}

/* Until then (CLOCK_BOOTTIME ns: a suspended machine that wakes late undoes at once), or until it is settled: true. */
static bool guard_wait(int timer, int watch, uint64_t when)
{
	const struct itimerspec time = {.it_value = timespec_of(when)};
	struct pollfd fds[GUARD_WAIT_COUNT] = {
		[GUARD_WAIT_TIME] = {.fd = timer, .events = POLLIN},
		[GUARD_WAIT_SETTLED] = {.fd = watch, .events = POLLIN},
	};

	timerfd_settime(timer, TFD_TIMER_ABSTIME, &time, NULL);
	for (;;) {
		if (poll(fds, GUARD_WAIT_COUNT, -1) < 0)
			continue;
		if (fds[GUARD_WAIT_SETTLED].revents && guard_read_settled(watch))
			return true;
		if (fds[GUARD_WAIT_TIME].revents)
			return false;
	}
}

/* Undoes the confirmation of this deadline, if it is still awaited. Another, later one has a guard
 * of its own. */
static int guard_undo(const struct reconciler_options *options, uint64_t deadline)
{
	_cleanup_reconciler_ struct reconciler reconciler = {.lock = -1};
	_cleanup_confirm_pending_ struct confirm_pending pending = {};
	_cleanup_error_ struct error error = {};
	struct reconciler_outcome outcome = {};

	int r = reconciler_open(&reconciler, options, &error);
	if (r == 0)
		r = reconciler_lock(&reconciler, GUARD_LOCK_WAIT_NS, &error);
	if (r == 0)
		r = confirm_load(&reconciler, &pending, &error);
	if (r == 0 || (r > 0 && pending.deadline != deadline))
		return 0;
	if (r > 0)
		r = confirm_rollback(&reconciler, NULL, &outcome, &error);
	if (r < 0)
		syslog(LOG_ERR, "an apply was not confirmed, and undoing it failed: %s",
			error_text(&error, r));
	else
		syslog(LOG_NOTICE, "an apply was not confirmed in time and was undone");
	return r;
}

static void guard_detach(int ready)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	/* The caller may have had handlers of its own. */
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	prctl(PR_SET_NAME, "poise-guard");
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	/* All that the caller had open, its lock above all: flock() is shared across fork(). */
	if (ready > 3)
		close_range(3, (unsigned int)ready - 1, 0);
	close_range((unsigned int)ready + 1, ~0u, 0);
}

static _noreturn_ void guard_run(
	const struct reconciler_options *options, uint64_t deadline, int ready)
{
	struct reconciler_options own = *options;

	own.program = "poise guard";
	own.rescue = true;
	guard_detach(ready);
	openlog("poise", LOG_PID, LOG_DAEMON);
	int watch = guard_watch(options);
	int timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);
	if (timer < 0)
		_exit(1);
	if (write(ready, "r", 1) != 1)
		_exit(1);
	close(ready);
	/* Nobody else may be there to undo it: it tries until it is done. */
	for (uint64_t when = deadline;; when = reconciler_now() + GUARD_RETRY_NS) {
		if (guard_wait(timer, watch, when) || guard_undo(&own, deadline) == 0)
			_exit(0);
	}
}

/* Between the two forks: its end makes the guard an orphan, which nobody needs to wait for. */
static _noreturn_ void guard_fork_again(
	const struct reconciler_options *options, uint64_t deadline, int ready)
{
	pid_t pid = fork();

	if (pid == 0)
		guard_run(options, deadline, ready);
	_exit(pid < 0 ? 1 : 0);
}

int guard_start(const struct reconciler_options *options, uint64_t deadline, struct error *error)
{
	_cleanup_close_ int reader = -1;
	int ends[2];
	char byte;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(error, -errno, "cannot start the guard: %m");
	reader = ends[0];
	pid_t pid = fork();
	if (pid == 0)
		guard_fork_again(options, deadline, ends[1]);
	int saved = errno;
	close(ends[1]);
	if (pid < 0)
		return error_set(error, -saved, "cannot start the guard: %s", strerror(saved));
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (read(reader, &byte, 1) != 1)
		return error_set(error, -EIO, "the guard did not start");
	return 0;
}
