// SPDX-License-Identifier: GPL-2.0-or-later
/* The reconciler: one machine's backend, its record and its lock, and the passes that are run on
 *them.
 *
 * It is the shell around the pure core: read -> step -> diff -> (guards) -> record -> apply ->
 *verify. The command line opens one for a single pass or an apply with its drains; the daemon keeps
 *one.
 *
 *	reconciler_open()      connects, loads the record, settles a confirmation that has expired
 *	reconciler_plan()      the dry run: nothing is written anywhere
 *	reconciler_apply()     one apply from guard to verification, then its drains
 *	confirm.h              what keeps or undoes an apply under a confirmation
 */
#pragma once

#include "backends/backend.h"
#include "model/declared.h"
#include "reconciler/move.h"
#include "reconciler/plan_json.h"
#include "reconciler/record.h"
#include "reconciler/step.h"

struct reconciler_options {
	const struct backend_ops *backend;
	/* The backends by their names, for what is left in another one. NULL: backend_find() */
	const struct backend_ops *(*find)(const char *name);
	const char *state_dir;
	const char *run_dir;
	const char *program; /* what the lock says of its holder: "poise apply" */
	/* Go on with a fresh record when the one on disk is damaged: for those who only undo what waits for
	 * a confirmation, which has its own copy of the record. */
	bool rescue;
	/* No guard process for a confirmation: the caller stays, and undoes what is not confirmed itself. */
	bool no_guard;
};

/* The backend that the files leave, as long as something there is ours (withdraw.h). */
struct reconciler_left {
	struct backend *backend; /* NULL: it is not open */
	struct state live;       /* what is ours there, and globals, when they were read last */
	struct move move;        /* what is to be done there; ->from NULL: nothing is left */
};

struct reconciler {
	struct reconciler_options options;
	struct backend *backend;
	const struct backend_abilities *abilities;
	struct record record;
	struct state live; /* of the last pass */
	struct reconciler_left left;
	const struct facts *facts; /* what the world says, borrowed; NULL: nothing */
	bool hold_deletions;       /* an apply waits for its confirmation (confirm.h) */
	/* Of the request under way: made once, for it takes a hash of all that is declared. */
	char revision[REVISION_SIZE];
	int lock; /* descriptor, or -1 */
};

/* What the user sees while an apply runs. Every member may be NULL. */
struct reconciler_observer {
	/* Before `planned`: the files leave a backend, and the plan is the first of three phases. `left` is good until `planned`
	 * returns. */
	void (*moving)(void *data, const struct reconciler_left *left);
	/* The plan, before its first operation. `live` and `memory` for the drains' line. */
	void (*planned)(void *data, const struct plan *plan, const struct state *live,
		const struct memory *memory);
	/* Each operation that was carried out, or tried, with its result: of the plan in its order,
	 * then of the passes over what drains. */
	void (*result)(void *data, const struct plan_op *op, const struct backend_result *result);
	/* Each operation that did not succeed (skipped ones too), in order. */
	void (*failed)(void *data, const struct plan_op *op, const struct backend_result *result);
	/* An object that read back otherwise than it was written: the operation that would still be
	 * needed. */
	void (*mismatch)(void *data, const struct plan_op *op);
	/* After each batch. */
	void (*progress)(void *data, size_t done, size_t total);
	/* While drains are awaited, at most twice a second; `now` is CLOCK_BOOTTIME in ns. */
	void (*draining)(
		void *data, const struct memory *memory, const struct state *live, uint64_t now);
	/* Asked while drains are awaited: true ends the wait; what drains is left to a later apply.
	 */
	bool (*stopped)(void *data);
	/* A passing remark for stderr ("an apply that nobody confirmed was undone"). */
	void (*remark)(void *data, const char *text);
	void *data;
};

/* What is wanted: the declared state and how to go about it. All borrowed. */
struct reconciler_request {
	const struct declared *declared;
	const char *canonical;    /* its canonical YAML */
	const char *const *paths; /* as the user gave them (or the default) */
	size_t path_count;
	bool force;               /* past the blast guard, and past content that was rolled back */
	bool replace;             /* past "another set of paths made this state" */
	bool no_wait;             /* leave drains to the next apply */
	uint64_t confirm_timeout; /* nanoseconds; 0: no confirmation */
	const struct plan_file *
		saved; /* carry out exactly these operations and the ends of their drains, or refuse; or NULL */
};

struct reconciler_outcome {
	struct plan_totals planned; /* of the first pass */
	struct plan_totals applied; /* of all passes, drains included: operations that are done */
	size_t done, failed, skipped;
	size_t mismatches; /* objects that read back otherwise than they were written */
	bool unmoved;    /* the new backend could not be prepared: what the files leave serves on */
	size_t draining; /* destinations that still drain when the call returns, in either backend */
};

/* Connects and loads the record into a zeroed `reconciler`, in the network namespace of the
 * process. Takes no lock. On failure nothing is held and `error` says what to do. What is ours in another backend
 * is what is left, from then on (move.h). */
int reconciler_open(struct reconciler *reconciler, const struct reconciler_options *options,
	struct error *error);

/* Releases everything, the lock last. */
void reconciler_close(struct reconciler *reconciler);

#define _cleanup_reconciler_ _cleanup_(reconciler_close)

/* Takes the lock (waiting at most `wait_ns`), tidies, and loads the record anew under it. -EBUSY with words.
 */
int reconciler_lock(struct reconciler *reconciler, uint64_t wait_ns, struct error *error);

/* Removes the half files that a killed holder of the lock left in the state directory. A later write of the same file would do
 * it too, but who finds nothing to do writes nothing. For whoever got the lock in another way. */
void reconciler_tidy(const struct reconciler *reconciler);

/* The dry run: the plan that an apply would begin with, into an empty `plan`, and in `output` what
 * step() gave. The live state is read from the backend into reconciler->live, unless `live` is
 * given: then that is the live side (poise diff --live). What is to be done in a backend that the files leave is in
 * reconciler->left.move then. Writes nothing. */
int reconciler_plan(struct reconciler *reconciler, const struct declared *declared,
	const struct state *live, struct plan *plan, struct step_output *output,
	struct error *error);

/* The guards of an apply alone, for a dry run that wants to say what an apply would refuse: 0, or
 * -EPERM, or -EBUSY (an apply waits for its confirmation), with words. */
int reconciler_check(struct reconciler *reconciler, const struct reconciler_request *request,
	struct error *error);

/* One apply. The lock must be held. Refusals (-EPERM: guard, paths, refused content; -ESTALE: the
 * saved plan is not of this live state, or of what is declared, any more) and a state directory that cannot be written
 * (-ENOSPC, -EROFS, …) come before the first operation: nothing was changed. Otherwise 0 when every
 * operation is done and verified; -EIO when some were not (observer->failed and mismatch were told
 * each). `outcome` is filled in either case. */
int reconciler_apply(struct reconciler *reconciler, const struct reconciler_request *request,
	const struct reconciler_observer *observer, struct reconciler_outcome *outcome,
	struct error *error);

/* The backend of that name, or NULL. */
const struct backend_ops *reconciler_find_backend(
	const struct reconciler *reconciler, const char *name);

/* CLOCK_BOOTTIME in nanoseconds: the only clock of the core's shells. */
uint64_t reconciler_now(void);
