// SPDX-License-Identifier: GPL-2.0-or-later
/* Running a program of the user's: without a shell, for a limited time, and with nothing left of it afterwards.
 *
 * It gets the words and the environment that it is given and nothing else: /dev/null as its standard three, no other
 * descriptor, no signal blocked or ignored, "/" as its directory, a session of its own, 8 MiB of locked memory at most. When it
 * ends, or its time is over, all that it started is killed: what forked, forked twice, left the session or ignores signals
 * too. It dies with the process that runs it. */
#pragma once

#include "base/loop.h"

struct runs;

struct runs_program {
	const char *const *words;       /* an absolute path, and arguments; ended by NULL */
	const char *const *environment; /* NAME=value; ended by NULL */
	const char *user;               /* NULL: that of this process */
	bool root_allowed;              /* else it never runs as user 0 */
	uint64_t timeout;               /* ns; it is killed then */
};

/* status as of waitpid(2), or -errno when there is none: -ETIMEDOUT: it was killed; -ETIME: its time came, or it died, before it
 * was the program; -EPERM: it would have run as root, or this
 * process may not become that user; -ESRCH: no such user; -EREMOTEIO: whether there is one could not be looked up, or not in its time; what execve(2) said
 * (but for -ETIMEDOUT, which is -EIO); what fork(2) said is told by runs_start() already; -ECHILD, -ECANCELED: its keeper was
 * killed. Once, from the loop. */
typedef void runs_done(void *data, int status);

void runs_new(struct loop *loop, struct runs **ret);
/* Ends all of them, and waits for that: milliseconds, at most RUNS_KILL_LIMIT. NULL is allowed; returns NULL. */
struct runs *runs_free(struct runs *runs);

/* Begins; borrows `program` only now. A number by which it is known, never 0; or -errno. */
int64_t runs_start(
	struct runs *runs, const struct runs_program *program, runs_done *done, void *data);
/* Ends it; `done` is not called. A number that is not, or no longer, known is none. */
void runs_cancel(struct runs *runs, int64_t number);
/* How many there are, those that are about to end included. */
size_t runs_count(const struct runs *runs);

/* How long what is killed may take to be gone (a process that the kernel cannot kill now), in ns. */
#define RUNS_KILL_LIMIT UINT64_C(2000000000)
