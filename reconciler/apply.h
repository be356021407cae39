// SPDX-License-Identifier: GPL-2.0-or-later
/* Carrying out a plan: batches to the backend, the touched objects read back, what went wrong told.
 *
 * Private to reconciler/: reconciler.c and confirm.c are its callers. */
#pragma once

#include "reconciler/reconciler.h"

/* Which operations failed, for the one who writes the record. */
struct apply_report {
	size_t done, failed, skipped, mismatches;
	struct plan_totals applied; /* the done ones */
	struct {
		VECTOR_OF(struct service_key);
	} undeleted; /* services whose deletion failed: still ours. Sorted */
	struct {
		VECTOR_OF(struct service_key);
	} unmade; /* services that could not be added: not ours, whoever makes them. Sorted */
};

/* Executes `plan` in its order, reads the services that it touches back into reconciler->live
 * (others stay as they were) and compares. 0 whatever single operations gave; -errno when the
 * connection was lost or the read failed. Adds to `report`. */
int apply_execute(struct reconciler *reconciler, const struct plan *plan,
	const struct reconciler_observer *observer, struct apply_report *report,
	struct error *error);

/* The services that a plan touches, sorted, each once. The caller frees the array. */
struct service_key *apply_touched(const struct plan *plan, size_t *count);

/* Puts the services of `fresh` (a read of exactly `keys`) into `live`; those that stood there before are in `fresh`
 * afterwards. */
void apply_refresh_services(
	struct state *live, struct state *fresh, const struct service_key *keys, size_t count);

/* Moves the globals of `fresh` into `live`. */
void apply_refresh_globals(struct state *live, struct state *fresh);

/* Makes `memory`, which step() gave for `before`, true of what was really done: without services that could not be
 * added, with those that could not be deleted. */
void apply_amend_memory(
	const struct apply_report *report, const struct memory *before, struct memory *memory);

/* Adds what was counted; not who failed. */
void apply_report_add(struct apply_report *to, const struct apply_report *from);

void apply_report_clear(struct apply_report *report);

#define _cleanup_apply_report_ _cleanup_(apply_report_clear)
