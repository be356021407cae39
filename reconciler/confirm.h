// SPDX-License-Identifier: GPL-2.0-or-later
/* An apply that must be confirmed, or is undone: `poise apply --confirm-timeout`.
 *
 * Before the first operation, STATE-DIR/confirm.json holds everything that is needed to go back:
 * the record and the live state of all that the apply touches, as they were, and the deadline.
 * Until the confirmation nothing is deleted (step() holds it at weight 0). A guard process of its
 * own session waits for the deadline, and ends as soon as the file has gone; whoever comes first
 * (the guard, a later command, poised) undoes an expired one, under the lock. After a reboot, or in
 * another namespace, there is nothing to undo: the content that was never confirmed is refused until
 * the files change. */
#pragma once

#include "reconciler/reconciler.h"

#define CONFIRM_FILE "confirm.json" /* in STATE-DIR */

/* STATE-DIR/confirm.json; the caller frees it. */
char *confirm_path(const char *state_dir);

/* One that is awaited. */
struct confirm_pending {
	char *backend;        /* that it was applied to; NULL: that of `before` */
	char *canonical;      /* of what was applied: canonical YAML */
	char *revision;       /* of it */
	struct record before; /* the record as it was; names the boot and the namespace */
	struct state live; /* the objects touched, as they were; sync_managed when daemons were */
	struct {
		VECTOR_OF(struct service_key);
	} touched;              /* every service that the apply may have touched, sorted */
	bool saved;             /* it was of a saved plan, with these drains and no others */
	struct memory memory;   /* of it, only the drains of such a plan */
	uint64_t deadline;      /* CLOCK_BOOTTIME ns */
	uint64_t wall_deadline; /* seconds since the epoch, for people */
};

/* 1 and `ret` filled when an apply waits for its confirmation here (expired or not), 0 when none does.
 * -EINVAL when the file is damaged; -EXDEV when it is of another namespace that lives. Writes nothing. */
int confirm_load(struct reconciler *reconciler, struct confirm_pending *ret, struct error *error);

/* Whether one lies there, be it of another boot or damaged. */
bool confirm_exists(const struct reconciler *reconciler);

/* Removes what a process that was killed while it wrote one has left. The lock must be held. */
void confirm_remove_leftovers(const struct reconciler *reconciler);

/* Writes the file and starts the guard, before the first operation of `plan`. On failure nothing of
 * it is left. */
int confirm_begin(struct reconciler *reconciler, const struct reconciler_request *request,
	const struct plan *plan, struct error *error);

/* Takes back what confirm_begin() did when the apply was refused after it. */
void confirm_cancel(struct reconciler *reconciler);

/* Keeps it: removes the file, then carries out the deletions that were held back (and their drains,
 * unless no_wait). The lock must be held. -ENOENT when none is awaited; -ETIME when the deadline
 * has passed (it is undone instead). */
int confirm_accept(struct reconciler *reconciler, bool no_wait,
	const struct reconciler_observer *observer, struct reconciler_outcome *outcome,
	struct error *error);

/* Undoes it now; record.refused_beside stays as it is. The lock must be held. -ENOENT when none is awaited. */
int confirm_rollback(struct reconciler *reconciler, const struct reconciler_observer *observer,
	struct reconciler_outcome *outcome, struct error *error);

/* What every command does first: undoes an expired one. Takes and releases the lock itself when
 * there is something to do and it is not held yet. */
int confirm_settle(struct reconciler *reconciler, const struct reconciler_observer *observer,
	struct error *error);

/* To and from JSON text, without I/O (fuzzed). The caller frees the text. */
char *confirm_format(const struct confirm_pending *pending);
int confirm_parse(const char *text, size_t size, struct confirm_pending *ret, struct error *error);

void confirm_pending_clear(struct confirm_pending *pending);

#define _cleanup_confirm_pending_ _cleanup_(confirm_pending_clear)
