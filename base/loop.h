// SPDX-License-Identifier: GPL-2.0-or-later
/* The event loop of every process of poised: sd-event behind a small face.
 *
 * The wrapper exists for three reasons: a timer that is created anywhere else would fire up to 250 ms late
 * (the library's default accuracy), all times here are CLOCK_BOOTTIME in nanoseconds like in the rest of poise, and
 * a handler has no code to return: what goes wrong is handled where it is known.
 *
 * One loop for a process, used from one thread. A source belongs to whoever made it: loop_source_free() ends it
 * (also from within its own handler), and no handler runs after that. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>

#include "base/macros.h"

struct loop;
struct loop_source;

/* Never: as a time, and as "no need to wake". */
#define LOOP_NEVER UINT64_MAX

/* In one turn what is ready is run in this order. */
enum loop_priority {
	LOOP_PRIORITY_FIRST,  /* signals, ends of processes */
	LOOP_PRIORITY_NORMAL, /* descriptors, timers */
	LOOP_PRIORITY_LAST,   /* when nothing else is ready: the work that events have asked for */
};

/* A new loop in *ret. -errno. */
int loop_new(struct loop **ret);
/* All sources must be gone. NULL is allowed. */
void loop_free(struct loop *loop);

/* Runs until loop_stop(), whose code it returns; -errno when the loop itself fails. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop, int code);

/* CLOCK_BOOTTIME of this turn, in nanoseconds (of now, outside a turn). */
uint64_t loop_now(const struct loop *loop);
/* The same clock, read. */
uint64_t loop_clock(void);

typedef void loop_io_handler(void *data, uint32_t events); /* EPOLLIN, … as in epoll_ctl(2) */
typedef void loop_handler(void *data);
typedef void loop_signal_handler(void *data, int signal);
/* status as of waitpid(2); the process has been reaped, and the source is spent. */
typedef void loop_child_handler(void *data, pid_t pid, int status);

/* All of these put a source into *ret; -errno, and then *ret is NULL. `data` is passed on. */

/* A descriptor, which stays the caller's and must outlive the source. */
int loop_add_io(struct loop *loop, int fd, uint32_t events, loop_io_handler *handler, void *data,
	struct loop_source **ret);
void loop_io_set_events(struct loop_source *source, uint32_t events);

/* A timer that is not set yet. It fires once each time it is set, less than a millisecond late on an idle machine. */
int loop_add_timer(struct loop *loop, loop_handler *handler, void *data, struct loop_source **ret);
/* At `when` (CLOCK_BOOTTIME, ns; in the past: in the next turn); LOOP_NEVER unsets it. */
void loop_timer_set(struct loop_source *source, uint64_t when);

/* A signal, which is blocked from now on for the process. */
int loop_add_signal(struct loop *loop, int signal, loop_signal_handler *handler, void *data,
	struct loop_source **ret);

/* The end of a child. SIGCHLD must be blocked before the first one (loop_new() blocks it). */
int loop_add_child(struct loop *loop, pid_t pid, loop_child_handler *handler, void *data,
	struct loop_source **ret);

/* Looks whether that child has ended. Of one that somebody traces (strace, a debugger) the end may be told before anybody but
 * the tracer can wait for it, and it is told once. */
void loop_child_look(struct loop_source *source);

/* Work that is done when nothing else is ready; runs once each time it is asked for. */
int loop_add_work(struct loop *loop, loop_handler *handler, void *data, struct loop_source **ret);
void loop_work_ask(struct loop_source *source);

/* Another than what its kind has (signals, children: FIRST; work: LAST; others: NORMAL). */
void loop_source_set_priority(struct loop_source *source, enum loop_priority priority);

/* NULL is allowed. Returns NULL, so that the owner writes: source = loop_source_free(source); */
struct loop_source *loop_source_free(struct loop_source *source);

static inline void loop_freep(struct loop **loop)
{
	loop_free(*loop);
}
#define _cleanup_loop_ _cleanup_(loop_freep)
