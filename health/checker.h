// SPDX-License-Identifier: GPL-2.0-or-later
/* How one probe is carried out: the checkers.
 *
 * A checker is a row of a table, for one kind of check: it begins a probe without blocking, and says once what came of it.
 * It keeps no time: whoever started a probe (health.h, `poise check`) watches its time (checker_time()) and ends it with
 * checker_expire(), so that there is one queue of times for all. What servers send is never trusted: bounded, counted, and put into a reason only
 * as printable ASCII.
 *
 * Checkers share what a process has of each (sockets for pings, libcurl's multi handle, …) in `struct checkers`. */
#pragma once

#include "base/error.h"
#include "base/loop.h"
#include "model/config.h"
#include "model/probe.h"

enum checker_result {
	CHECKER_RESULT_PASSED,
	CHECKER_RESULT_FAILED,
	/* It could not be tried for want of something of this machine (descriptors, memory, ports): says nothing of the server. */
	CHECKER_RESULT_UNTRIED,
};

/* Where the time went: each from the one before it. For `poise check`; filled only when `traced`. */
#define CHECKER_STEP_MOST 8
struct checker_step {
	const char *name; /* "connect", "tls", "request", "answer"; constant */
	uint64_t ns;
};

struct checker_outcome {
	enum checker_result result;
	int32_t weight; /* VERDICT_NO_WEIGHT */
	/* Why it failed, or what it saw: "connect: refused", "status 503, want 200-299", "no answer within 1s". */
	char reason[VERDICT_REASON_SIZE];
	bool late; /* its time was over before there was an answer */
	/* UNTRIED, and only for as many programs as may be run already: there is room when another one is over. */
	bool crowded;
	struct checker_step steps[CHECKER_STEP_MOST];
	size_t step_count;
};

struct checkers;
struct checker_run; /* one probe under way */

struct checker_request {
	const struct config_check *check; /* borrowed until it is over; exactly one kind is set */
	struct destination_key target;
	bool traced;
	/* Once, never from within checker_start() or checker_expire(); the run is over and gone. */
	void (*done)(void *data, const struct checker_outcome *outcome);
	void *data;
};

/* So many programs of checks are run side by side, at most. */
#define CHECKER_PROGRAMS_MOST 256

/* Who runs the programs of `exec` checks: not the process that the network talks to. base/run.h runs them here. */
struct checker_program {
	const char *const *words;       /* a program and its arguments; ended by NULL */
	const char *const *environment; /* NAME=value; ended by NULL; nothing else is in it */
	const char *user;
	uint64_t timeout; /* ns */
};
struct checker_runner {
	/* Begins; returns a number by which it is known, never 0, or -errno. `done` once, never from within: status as of
	 * waitpid(2), or -errno when it could not be run (as base/run.h has it; -ETIMEDOUT: it ran, and was ended; -EBUSY: there is no
	 * room for it before another one is over). */
	int64_t (*run)(void *runner, const struct checker_program *program,
		void (*done)(void *data, int status), void *data);
	/* Ends it; `done` is not called. */
	void (*cancel)(void *runner, int64_t number);
	void *runner;
};

struct runs;
/* Runs them here (base/run.h). The runs must outlive it. */
struct checker_runner checker_runner_here(struct runs *runs);

/* What a process gives its checkers. Borrowed for as long as they live. */
struct checkers_options {
	struct loop *loop;
	const struct checker_runner *runner;
	/* Files of checks are read by processes apart, which this confines, each at its begin: 0, or -errno. NULL: they are read
	 * here, and a file system that does not answer is waited for. */
	int (*confine)(void *data);
	void *confine_data;
};

/* Opens nothing that is not needed yet, but what will be impossible later: raw sockets, libraries. What of it cannot be had is
 * told by the probes that need it. -errno with words. */
int checkers_new(
	const struct checkers_options *options, struct checkers **ret, struct error *error);
/* Every run must be over. NULL is allowed; returns NULL. */
struct checkers *checkers_free(struct checkers *checkers);

/* Begins a probe. Never fails: what does is an outcome. O(1). */
struct checker_run *checker_start(struct checkers *checkers, const struct checker_request *request);
/* How long a probe of this check may take, in ns: its `timeout`, and for programs the time that who runs them has to say that it is
 * over. For who watches the time. */
uint64_t checker_time(const struct config_check *check);
/* That time is over: ends it, with how far it came as the outcome; `done` is not called. */
void checker_expire(struct checker_run *run, struct checker_outcome *outcome);
/* Ends it; nobody wants to know. */
void checker_cancel(struct checker_run *run);
