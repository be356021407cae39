// SPDX-License-Identifier: GPL-2.0-or-later
/* The event loop: sd-event, with what it leaves open decided once.
 *
 * sd-event runs one handler in a turn: it asks the kernel what is ready, picks the source of the best priority (of
 * equal ones that which has waited longest), runs it, and asks again. So nothing here can starve its equals, work of
 * LOOP_PRIORITY_LAST comes when there is nothing else, and the time of a turn is fresh for each handler. It also
 * means that what a handler is told was true when it was asked: a descriptor may have been emptied by another
 * handler meanwhile, so all descriptors of a loop are non-blocking.
 *
 * What a handler may do: anything, to any source. A handler's own source can be freed, because a trampoline touches
 * nothing of it once the handler runs; another's can, because sd-event forgets what was pending for it. A trampoline
 * never gives sd-event an error, which would silently disable the source.
 *
 * sd-event counts in microseconds. A time in nanoseconds is rounded up, so that a timer is never early: in its
 * handler, loop_now() has reached what was asked for.
 *
 * Functions without a result cannot fail but by misuse, or when the loop has been stopped already, and then nobody
 * waits for what they ask. */
#include "base/loop.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/memory.h"
#include "base/timespec.h"

/* 0 would mean the default of 250 ms. */
#define LOOP_ACCURACY_US 1
#define LOOP_NS_OF_US    1000u

struct loop {
	sd_event *event;
};

struct loop_source {
	sd_event_source *source; /* NULL: spent, or work that nobody asks for */
	void *data;
	/* Of work, which is made anew each time. */
	sd_event *event;
	int64_t priority;
	union {
		loop_handler *plain;
		loop_io_handler *io;
		loop_signal_handler *signal;
		loop_child_handler *child;
	} handler;
};

static const int64_t loop_priorities[] = {
	[LOOP_PRIORITY_FIRST] = SD_EVENT_PRIORITY_IMPORTANT,
	[LOOP_PRIORITY_NORMAL] = SD_EVENT_PRIORITY_NORMAL,
	[LOOP_PRIORITY_LAST] = SD_EVENT_PRIORITY_IDLE,
};

static int loop_block(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	if (sigaddset(&set, signal) < 0 || sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	return 0;
}

int loop_new(struct loop **ret)
{
	sd_event *event;

	*ret = NULL;
	/* Who started this process may have left it ignored: then the kernel reaps, and nobody learns how a child ended. */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		return -errno;
	int r = loop_block(SIGCHLD);
	if (r < 0)
		return r;
	r = sd_event_new(&event);
	if (r < 0)
		return r;
	*ret = memory_new(sizeof(**ret));
	(*ret)->event = event;
	return 0;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	sd_event_unref(loop->event);
	free(loop);
}

int loop_run(struct loop *loop)
{
	return sd_event_loop(loop->event);
}

void loop_stop(struct loop *loop, int code)
{
	sd_event_exit(loop->event, code);
}

uint64_t loop_clock(void)
{
	return timespec_now(CLOCK_BOOTTIME);
}

uint64_t loop_now(const struct loop *loop)
{
	uint64_t now;

	/* Outside a turn sd-event would give the time of the last one. */
	if (sd_event_get_state(loop->event) != SD_EVENT_RUNNING ||
		sd_event_now(loop->event, CLOCK_BOOTTIME, &now) != 0)
		return loop_clock();
	return now * LOOP_NS_OF_US;
}

static struct loop_source *loop_source_new(void *data)
{
	struct loop_source *source = memory_new(sizeof(*source));

	source->data = data;
	return source;
}

/* The end of every loop_add_*(): `r` is what sd-event said. */
static int loop_source_finish(struct loop_source *source, int r, enum loop_priority priority,
	int enabled, struct loop_source **ret)
{
	*ret = NULL;
	if (r >= 0)
		r = sd_event_source_set_priority(source->source, loop_priorities[priority]);
	if (r >= 0)
		r = sd_event_source_set_enabled(source->source, enabled);
	if (r < 0) {
		loop_source_free(source);
		return r;
	}
	*ret = source;
	return 0;
}

static int loop_on_io(sd_event_source *event, int fd, uint32_t events, void *data)
{
	struct loop_source *source = data;

	(void)event;
	(void)fd;
	source->handler.io(source->data, events);
	return 0;
}

int loop_add_io(struct loop *loop, int fd, uint32_t events, loop_io_handler *handler, void *data,
	struct loop_source **ret)
{
	struct loop_source *source = loop_source_new(data);

	source->handler.io = handler;
	int r = sd_event_add_io(loop->event, &source->source, fd, events, loop_on_io, source);
	return loop_source_finish(source, r, LOOP_PRIORITY_NORMAL, SD_EVENT_ON, ret);
}

void loop_io_set_events(struct loop_source *source, uint32_t events)
{
	sd_event_source_set_io_events(source->source, events);
}

static int loop_on_timer(sd_event_source *event, uint64_t when, void *data)
{
	struct loop_source *source = data;

	(void)event;
	(void)when;
	source->handler.plain(source->data);
	return 0;
}

int loop_add_timer(struct loop *loop, loop_handler *handler, void *data, struct loop_source **ret)
{
	struct loop_source *source = loop_source_new(data);

	source->handler.plain = handler;
	int r = sd_event_add_time(loop->event, &source->source, CLOCK_BOOTTIME, UINT64_MAX,
		LOOP_ACCURACY_US, loop_on_timer, source);
	return loop_source_finish(source, r, LOOP_PRIORITY_NORMAL, SD_EVENT_OFF, ret);
}

static bool loop_timer_is_set(const struct loop_source *source, uint64_t us)
{
	uint64_t set;
	int enabled;

	return sd_event_source_get_enabled(source->source, &enabled) >= 0 &&
	       enabled == SD_EVENT_ONESHOT && sd_event_source_get_time(source->source, &set) >= 0 &&
	       set == us;
}

/* sd-event has a timer that is due wait anew when it is set: behind all that is ready by then. A handler of what is always
 * ready, which sets it again to the time that it has, would keep it from its turn for ever. */
void loop_timer_set(struct loop_source *source, uint64_t when)
{
	uint64_t us = when / LOOP_NS_OF_US + (when % LOOP_NS_OF_US != 0);

	if (when == LOOP_NEVER) {
		sd_event_source_set_enabled(source->source, SD_EVENT_OFF);
		return;
	}
	if (loop_timer_is_set(source, us))
		return;
	sd_event_source_set_time(source->source, us);
	sd_event_source_set_enabled(source->source, SD_EVENT_ONESHOT);
}

static int loop_on_signal(sd_event_source *event, const struct signalfd_siginfo *info, void *data)
{
	struct loop_source *source = data;

	(void)event;
	source->handler.signal(source->data, (int)info->ssi_signo);
	return 0;
}

int loop_add_signal(struct loop *loop, int signal, loop_signal_handler *handler, void *data,
	struct loop_source **ret)
{
	*ret = NULL;
	int r = loop_block(signal);
	if (r < 0)
		return r;
	struct loop_source *source = loop_source_new(data);
	source->handler.signal = handler;
	r = sd_event_add_signal(loop->event, &source->source, signal, loop_on_signal, source);
	return loop_source_finish(source, r, LOOP_PRIORITY_FIRST, SD_EVENT_ON, ret);
}

/* sd-event would reap after the handler, and keep the number taken until then: a handler that starts the process anew
 * may be given it again. */
static int loop_on_child(sd_event_source *event, const siginfo_t *info, void *data)
{
	struct loop_source *source = data;
	pid_t pid = info->si_pid;
	int status = info->si_code == CLD_EXITED ? W_EXITCODE(info->si_status, 0) : info->si_status;

	(void)event;
	if (info->si_code == CLD_DUMPED)
		status |= WCOREFLAG;
	waitpid(pid, NULL, WNOHANG);
	source->source = sd_event_source_disable_unref(source->source);
	source->handler.child(source->data, pid, status);
	return 0;
}

int loop_add_child(struct loop *loop, pid_t pid, loop_child_handler *handler, void *data,
	struct loop_source **ret)
{
	struct loop_source *source = loop_source_new(data);

	source->handler.child = handler;
	int r = sd_event_add_child(
		loop->event, &source->source, pid, WEXITED, loop_on_child, source);
	return loop_source_finish(source, r, LOOP_PRIORITY_FIRST, SD_EVENT_ONESHOT, ret);
}

void loop_child_look(struct loop_source *source)
{
	/* That it was told has disarmed it. */
	sd_event_source_set_enabled(source->source, SD_EVENT_OFF);
	sd_event_source_set_enabled(source->source, SD_EVENT_ONESHOT);
}

/* sd-event counts how long a deferred source has waited from when it was made, and takes it off the list of those who wait
 * only at its end: enabled again and again, one that asks for itself would come before its equals each time, and they
 * never. So each asking makes a new one. */
static int loop_on_work(sd_event_source *event, void *data)
{
	struct loop_source *source = data;

	(void)event;
	source->source = sd_event_source_disable_unref(source->source);
	source->handler.plain(source->data);
	return 0;
}

int loop_add_work(struct loop *loop, loop_handler *handler, void *data, struct loop_source **ret)
{
	struct loop_source *source = loop_source_new(data);

	source->handler.plain = handler;
	source->event = loop->event;
	source->priority = loop_priorities[LOOP_PRIORITY_LAST];
	*ret = source;
	return 0;
}

void loop_work_ask(struct loop_source *source)
{
	if (source->source)
		return;
	int r = sd_event_add_defer(source->event, &source->source, loop_on_work, source);
	if (r == -ENOMEM)
		abort();
	if (r >= 0)
		sd_event_source_set_priority(source->source, source->priority);
}

void loop_source_set_priority(struct loop_source *source, enum loop_priority priority)
{
	source->priority = loop_priorities[priority];
	if (source->source)
		sd_event_source_set_priority(source->source, source->priority);
}

struct loop_source *loop_source_free(struct loop_source *source)
{
	if (!source)
		return NULL;
	sd_event_source_disable_unref(source->source);
	free(source);
	return NULL;
}
