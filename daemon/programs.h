// SPDX-License-Identifier: GPL-2.0-or-later
/* The programs that the supervisor runs for others: of `exec` checks, scripts that virtual routers track, and `notify` commands.
 *
 * Those of checks run side by side, PROGRAMS_MOST at most: what is more is refused (-EBUSY), and keeps
 * its place in the order of whoever asked. Each is one that the files
 * ask for, as the reconciler has told: whoever has taken over the process that speaks with the network can start
 * nothing else. Scripts are asked for by the reconciler itself, which reads the files: a struct programs of their own runs them,
 * and what hangs of the ones takes no place of the others. None of these run as root. Commands of `notify` run one after the other, in the order of what they tell, each
 * PROGRAMS_NOTIFY_NS at most; when too many wait, the oldest are dropped, counted and told. */
#pragma once

#include "daemon/messages.h"
#include "health/checker.h"

struct notify_failed;
struct programs;

#define PROGRAMS_MOST CHECKER_PROGRAMS_MOST
/* That wait: a machine that takes over two thousand virtual routers of both families tells of each. */
#define PROGRAMS_NOTIFY_MOST  4096
#define PROGRAMS_NOTIFY_BYTES (8u << 20)
#define PROGRAMS_NOTIFY_NS    30000000000ull
#define PROGRAMS_SCRIPTS      64
#define PROGRAMS_ALLOW_LIMIT  (16u << 20) /* bytes of all that is allowed */

struct programs_options {
	struct loop *loop;
	size_t most;   /* of checks, or scripts, at once */
	bool trusting; /* who asks for them reads the files: all are allowed */
	/* What came of a check's program; possibly from within programs_run(). */
	void (*ran)(void *data, const struct message_ran *ran);
	/* No command of `notify` runs or waits any more; possibly from within programs_notify(). NULL: nobody asks. */
	void (*notified)(void *data);
	void *data;
};

/* Since the start. */
struct programs_counters {
	uint64_t run, refused,
		full; /* of checks or scripts: begun; not allowed, or malformed; too many at once */
	uint64_t notified, notify_failed, notify_dropped;
	size_t running, waiting; /* at this moment: of checks; of notify */
	uint64_t
		began; /* when the command of notify that runs did (CLOCK_BOOTTIME ns); 0: none runs */
	const char *program; /* its first word, as long as it runs; NULL */
};

void programs_new(const struct programs_options *options, struct programs **ret);
/* Ends all of them. NULL is allowed; returns NULL. */
struct programs *programs_free(struct programs *programs);

/* The user and the words of a check's program that may be run from now on (its number and time limit mean nothing);
 * behind programs_allow_none(), which takes back what was allowed before. */
void programs_allow(struct programs *programs, const struct message_program *message, size_t size);
void programs_allow_none(struct programs *programs);

void programs_run(struct programs *programs, const struct message_program *message, size_t size);
void programs_cancel(struct programs *programs, uint64_t number);
/* Of all checks: who asked for them is gone. */
void programs_cancel_all(struct programs *programs);

void programs_notify(struct programs *programs, const struct message_program *message, size_t size);
/* Whether one runs or waits. */
bool programs_are_notifying(const struct programs *programs);

struct programs_counters programs_counters(const struct programs *programs);
/* Of notify. Borrowed. */
const struct notify_failed *programs_failed(const struct programs *programs);
