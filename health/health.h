// SPDX-License-Identifier: GPL-2.0-or-later
/* The probes of a process: when each is due, what came of it, and what that makes of the server.
 *
 * It is given the whole list of probes at a time, and keeps what is the same: state, timing, a probe under way. A check whose parameters
 * are others starts anew, with its last verdict. It tells each change, in order. The rules (rise, fall, the next time) are pure
 * (judge.h, schedule.h); checker.h carries the probes out. */
#pragma once

#include "health/checker.h"

struct health;

/* What is to be probed. */
struct health_probe {
	uint32_t check; /* index into the configuration's checks */
	struct destination_key target;
	/* What is known of it: it stands until probes say otherwise. Ignored for a probe that is there already. */
	bool known;
	struct verdict verdict;
};

/* What is to be told of a probe: its verdict is another, or how it fails is, or that it cannot be tried. */
struct health_report {
	uint32_t probe; /* index into the list that was given last */
	struct verdict verdict;
	bool failing;      /* the last one failed, though it may not be down for it yet */
	uint32_t failures; /* in a row, up to `fall`; 0 while it passes */
	bool untried; /* it cannot be, for want of something of this machine; the rest is of before */
	uint64_t wall; /* milliseconds since the epoch, of the last that was tried; 0: none yet */
	/* Why it cannot be tried; else of the last failure, and empty while it passes. */
	char reason[VERDICT_REASON_SIZE];
};

/* Since the start. */
struct health_counters {
	uint64_t passed, failed, untried, expired;
	uint64_t
		late; /* began more than a tenth of the interval after their time, or wait for longer than it */
	uint64_t latest_ns;             /* the most that one was late */
	uint64_t probes, down, running; /* at this moment */
	uint64_t places;                /* so many may run at once, for descriptors are bounded */
};

#define HEALTH_REPORTS_MOST 256

struct health_options {
	struct loop *loop;
	struct checkers *checkers; /* borrowed */
	/* Several at a time: those of one turn, up to HEALTH_REPORTS_MOST. Never from within health_set(). */
	void (*changed)(void *data, const struct health_report *reports, size_t count);
	void *data;
};

int health_new(const struct health_options *options, struct health **ret);
/* Ends every probe. NULL is allowed; returns NULL. */
struct health *health_free(struct health *health);

/* From now on these are probed, and no others. `config` is taken over (moved out of, and left empty): its checks are what
 * `probes` point into. The probes are in order of check and target. O(n). */
void health_set(struct health *health, struct config *config, const struct health_probe *probes,
	size_t count);
/* Tells all of them, as health_set() numbered them: to somebody who knows nothing yet. */
void health_tell_all(struct health *health);

/* While it is held it tells nothing. What changes meanwhile is told afterwards: once, as it is then. */
void health_hold(struct health *health, bool hold);

const struct health_counters *health_counters(struct health *health);
/* How late the latest was that was late by more than its interval, since this was asked last: one that began, or still waits. 0:
 * none was. *full: because as many ran as may at once. */
uint64_t health_take_behind(struct health *health, bool *full);
