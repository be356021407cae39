// SPDX-License-Identifier: GPL-2.0-or-later
/* What a person sees, and may stop, while an apply runs: the observer of apply, confirm and
 * rollback. */
#pragma once

#include "cli/cli.h"
#include "reconciler/reconciler.h"

/* Starts zeroed but for what cli_watch_begin() fills. */
struct cli_watch {
	struct reconciler_observer observer;
	bool json;         /* nothing to standard output but the document at the end */
	json_t *errors;    /* of failed and mismatching objects, with `json` */
	json_t *ops;       /* the plan's and the drains', each with its result, with `json` */
	size_t results;    /* how many of them have one */
	uint64_t start;    /* CLOCK_BOOTTIME ns */
	uint64_t reported; /* when the drains were last told where no terminal is */
	bool planned;      /* the plan was shown, and has these totals: */
	struct plan_totals totals;
	const struct reconciler_left
		*left; /* of the plan that is shown next; borrowed for that, or NULL */
	bool held;     /* deletions wait for a confirmation, and not for the next apply */
};

void cli_watch_begin(struct cli_watch *watch, bool json);
void cli_watch_end(struct cli_watch *watch);

#define _cleanup_cli_watch_ _cleanup_(cli_watch_end)

/* The last line (or the document): what was done, in which time. `code` is what the reconciler
 * returned, with `error`; returns the exit code. */
int cli_watch_report(struct cli_watch *watch, int code, const struct error *error,
	const struct reconciler_outcome *outcome);

/* The plan as text on standard output. `now` is the time that the drains of `memory` count from; `hold`: what leaves the files
 * goes when a confirmation comes. `left`: what the reconciler found in a backend that the files leave, whose phases are shown
 * then; or NULL. `routers`: what differs of virtual routers; or NULL. */
void cli_print_plan(const struct plan *plan, const struct state *live, const struct memory *memory,
	uint64_t now, bool hold, const struct reconciler_left *left,
	const struct router_diff *routers);
