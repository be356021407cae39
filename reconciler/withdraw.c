// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/withdraw.h"

#include <errno.h>

/* Nothing is left any more. The record's file says so when it is saved next. */
static void withdraw_forget(struct reconciler *reconciler)
{
	withdraw_close(reconciler);
	record_clear_left(&reconciler->record);
}

static void withdraw_fail(struct reconciler *reconciler, int code, struct error *error)
{
	withdraw_close(reconciler);
	error_prefix(error, code, "%s, which the files leave, cannot be withdrawn from",
		reconciler->record.left.backend);
}

/* 1 when it is there, 0 when it is not any more. */
static int withdraw_open(struct reconciler *reconciler, struct error *error)
{
	struct reconciler_left *left = &reconciler->left;
	const char *name = reconciler->record.left.backend;

	if (left->backend && strcmp(left->backend->ops->name, name) == 0)
		return 1;
	withdraw_close(reconciler);
	const struct backend_ops *ops = reconciler_find_backend(reconciler, name);
	int r = ops ? ops->open(reconciler->options.run_dir, &left->backend, error)
		    : error_set(error, -ENOTSUP, "this version has no backend `%s`", name);
	/* A module that is not loaded, a forwarder that does not run: what they held has gone with them. */
	if (r == -ENOENT) {
		error_clear(error);
		return 0;
	}
	if (r < 0) {
		withdraw_fail(reconciler, r, error);
		return r;
	}
	return 1;
}

/* What is ours there, and the globals. */
static int withdraw_read(struct reconciler *reconciler, struct error *error)
{
	struct reconciler_left *left = &reconciler->left;
	const struct memory *memory = &reconciler->record.left.memory;
	_cleanup_free_ struct service_key *keys =
		memory_resize(NULL, memory->owned.count + 1, sizeof(*keys));
	const struct backend_scope scope = {
		.keys = keys, .count = memory->owned.count, .only = true};

	for (size_t i = 0; i < memory->owned.count; i++)
		keys[i] = memory->owned.items[i].key;
	state_clear(&left->live);
	int r = left->backend->ops->read(left->backend, &scope, &left->live, error);
	if (r < 0)
		withdraw_fail(reconciler, r, error);
	return r;
}

static const struct backend_abilities *withdraw_abilities(const struct reconciler *reconciler)
{
	struct backend *backend = reconciler->left.backend;

	return backend->ops->abilities(backend);
}

int withdraw_plan(
	struct reconciler *reconciler, enum config_prune prune, uint64_t now, struct error *error)
{
	struct move *move = &reconciler->left.move;

	move_clear(move);
	if (!reconciler->record.left.backend)
		return 0;
	int r = withdraw_open(reconciler, error);
	if (r == 0)
		withdraw_forget(reconciler);
	if (r <= 0)
		return r;
	r = withdraw_read(reconciler, error);
	if (r < 0)
		return r;
	const struct move_input input = {
		.left = &reconciler->record.left,
		.to = reconciler->options.backend->name,
		.live = &reconciler->left.live,
		.abilities = withdraw_abilities(reconciler),
		.prune = prune,
		.now = now,
		.hold = reconciler->hold_deletions,
	};
	move_think(&input, move);
	return 0;
}

/* The operations, in the old backend: as if a reconciler of its own had it. */
static int withdraw_execute(struct reconciler *reconciler,
	const struct reconciler_observer *observer, struct apply_report *report,
	struct error *error)
{
	struct reconciler_left *left = &reconciler->left;
	struct reconciler there = {
		.options = reconciler->options,
		.backend = left->backend,
		.abilities = withdraw_abilities(reconciler),
		.live = left->live,
		.lock = -1,
	};

	int r = apply_execute(&there, &left->move.plan, observer, report, error);
	left->live = there.live;
	return r;
}

/* What is left now, in the record and on disk. */
static int withdraw_record(struct reconciler *reconciler, const struct apply_report *report,
	bool clean, struct error *error)
{
	struct record_left *left = &reconciler->record.left;
	struct move *move = &reconciler->left.move;

	apply_amend_memory(report, &left->memory, &move->thought.memory);
	bool ends = clean && move_ends(move);
	memory_clear(&left->memory);
	memory_copy(&left->memory, &move->thought.memory);
	if (ends)
		withdraw_forget(reconciler);
	return record_save(reconciler->options.state_dir, &reconciler->record, error);
}

int withdraw_pass(struct reconciler *reconciler, enum config_prune prune, uint64_t now,
	const struct reconciler_observer *observer, struct apply_report *report, uint64_t *wake,
	struct error *error)
{
	struct apply_report own = {};
	struct move *move = &reconciler->left.move;

	*wake = UINT64_MAX;
	int r = withdraw_plan(reconciler, prune, now, error);
	if (r < 0 || !reconciler->record.left.backend)
		return r;
	*wake = move->thought.memory.drains.count ? move->thought.wake : UINT64_MAX;
	r = withdraw_execute(reconciler, observer, &own, error);
	bool clean = r == 0 && !own.failed && !own.skipped && !own.mismatches;
	/* Of a lost connection nobody knows how much was done: what was left is left. */
	if (r == 0)
		r = withdraw_record(reconciler, &own, clean, error);
	apply_report_add(report, &own);
	apply_report_clear(&own);
	return r;
}

void withdraw_close(struct reconciler *reconciler)
{
	struct reconciler_left *left = &reconciler->left;

	if (left->backend)
		left->backend->ops->close(left->backend);
	state_clear(&left->live);
	left->backend = NULL;
}
