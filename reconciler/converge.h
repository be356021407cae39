// SPDX-License-Identifier: GPL-2.0-or-later
/* One pass of a reconciler that is kept: what poised does, again and again.
 *
 * reconciler_apply() is one apply from beginning to end, with its guards and its waiting. A pass here is a part of a long life:
 * it may be about a few services only, it waits for nothing, what it could not do is for the caller to try again, and it
 * knows what the objects were when it left them last: what is otherwise now is drift. The way is the same: read, step, diff,
 * record, apply, verify.
 *
 * The record is written before the operations when services become ours (a crash must orphan none), and otherwise after
 * them: a failed check must not wait for a disk, and a full one must not stop it. */
#pragma once

#include "reconciler/reconciler.h"

struct converge_input {
	const struct declared *declared;
	/* The services that it is about, sorted, each once; globals are not looked at. */
	const struct service_key *keys;
	size_t count;
	bool everything; /* all services, and globals */
	uint64_t now;    /* CLOCK_BOOTTIME ns */
	bool known;  /* reconciler->live is what the last pass left: what is otherwise is drift */
	bool writes; /* false: only the live state is read, and the plan made */

	/* Any may be NULL. */
	void (*hold_back)(void *data, struct plan *plan); /* takes out what must wait */
	/* `added`: what it is about was not there before. */
	void (*drifted)(void *data, const struct plan_op *op, bool added);
	/* Before the first operation (and before the record): what fails here, fails the pass with nothing changed. */
	int (*begin)(void *data, const struct plan *plan, struct error *error);
	void *data;
	const struct reconciler_observer *observer;
};

struct converge_output {
	struct plan_totals planned, applied;
	size_t failed, mismatches, drift;
	bool unsaved;  /* the record says more than its file */
	uint64_t wake; /* look again at these services then (CLOCK_BOOTTIME ns) */
};

/* 0 when the pass went through to its end, whatever single operations gave (the observer is told); -errno with words when the
 * live state cannot be read, the connection was lost, or what becomes ours cannot be recorded: then nothing was begun, or what was
 * done is in the record. What cannot be recorded holds up nothing of what is ours already. */
int converge_run(struct reconciler *reconciler, const struct converge_input *input,
	struct converge_output *output, struct error *error);

/* The plan alone, on a fresh read of everything, into an empty `plan`. What the last pass left stays known. */
int converge_plan(struct reconciler *reconciler, const struct declared *declared, struct plan *plan,
	struct error *error);
