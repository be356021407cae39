// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/saved.h"

#include <errno.h>

#include "reconciler/plan_text.h"

/* Under a confirmation nothing is deleted, so a saved plan that deletes cannot be carried out as it stands. */
static int saved_check_deletes(const struct plan_file *saved, struct error *error)
{
	vector_foreach(&saved->plan.ops, op)
		if (op->verb == PLAN_VERB_DELETE)
			return error_set(error, -EPERM,
				"this plan deletes, and under --confirm-timeout nothing is deleted "
				"before the confirmation: apply the files instead, or the plan "
				"without --confirm-timeout");
	return 0;
}

int saved_check(
	const struct reconciler_request *request, const struct record *record, struct error *error)
{
	const struct plan_file *saved = request->saved;
	const char *applied = record->revision ? record->revision : "";

	if (!saved)
		return 0;
	if (!saved->applied)
		return error_set(error, -ESTALE,
			"this plan does not say what was in force when it was made: make it with "
			"`poise diff --out`, here or from what `poise get -o json` prints here");
	if (strcmp(saved->applied, applied) != 0)
		return error_set(error, -ESTALE,
			"what is declared and owned here is not what it was when this plan was "
			"made (revision %.12s was in force then, %.12s is now): nothing was "
			"changed; make a new plan with `poise diff --out`",
			*saved->applied ? saved->applied : "none", *applied ? applied : "none");
	return request->confirm_timeout ? saved_check_deletes(saved, error) : 0;
}

/* It is still good when each of its operations, before and after, is one that would be planned now: both lists are in
 * the order of diff(), so the saved one must be a subsequence. */
static int saved_check_operations(
	const struct plan *saved, const struct plan *now, struct error *error)
{
	size_t next = 0;

	vector_foreach(&saved->ops, op) {
		while (next < now->ops.count && !plan_op_equal(op, &now->ops.items[next]))
			next++;
		if (next++ < now->ops.count)
			continue;
		_cleanup_strbuf_ struct strbuf text = {};
		plan_op_format(op, &text);
		return error_set(error, -ESTALE,
			"the live state is not the one that this plan was made from (first: %s): "
			"nothing was changed; make a new plan with `poise diff --out`",
			text.text);
	}
	return 0;
}

int saved_take(const struct plan_file *saved, const struct plan *now, struct plan *ret,
	struct error *error)
{
	int r = saved_check_operations(&saved->plan, now, error);

	if (r < 0)
		return r;
	vector_foreach(&saved->plan.ops, op)
		vector_push(&ret->ops, *op);
	vector_foreach(&saved->plan.notes, note)
		vector_push(&ret->notes, *note);
	return 0;
}

static bool saved_drains(const struct plan_file *saved, const struct service_key *service,
	const struct destination_key *destination)
{
	return memory_find_drain(&saved->memory, service, destination) != NULL;
}

bool saved_ends(const struct plan_file *saved, const struct plan_op *op)
{
	if (!saved)
		return true;
	if (op->object == PLAN_OBJECT_DESTINATION)
		return saved_drains(saved, &op->service, &op->destination.key);
	return op->object == PLAN_OBJECT_SERVICE && op->verb == PLAN_VERB_DELETE &&
	       vector_find(&saved->memory.drains, &op->service, service_compare);
}

bool saved_awaits(const struct plan_file *saved, const struct memory_drain *drain)
{
	return !saved || saved_drains(saved, &drain->service, &drain->destination);
}

/* What a plan deletes: a destination, or a whole service (then `destination` is of no family). */
struct saved_deletion {
	struct service_key service; /* first: service_compare() works on it */
	struct destination_key destination;
};

struct saved_deletions {
	VECTOR_OF(struct saved_deletion);
};

static int saved_deletion_compare(const void *a, const void *b)
{
	const struct saved_deletion *left = a, *right = b;
	int order = service_key_compare(&left->service, &right->service);

	return order ? order : destination_key_compare(&left->destination, &right->destination);
}

static void saved_collect(const struct plan *plan, struct saved_deletions *ret)
{
	vector_foreach(&plan->ops, op) {
		if (op->verb != PLAN_VERB_DELETE || (op->object != PLAN_OBJECT_SERVICE &&
							    op->object != PLAN_OBJECT_DESTINATION))
			continue;
		struct saved_deletion *deletion = vector_append(ret);
		deletion->service = op->service;
		if (op->object == PLAN_OBJECT_DESTINATION)
			deletion->destination = op->destination.key;
	}
	vector_sort(ret, saved_deletion_compare);
}

static bool saved_deletes_service(
	const struct saved_deletions *deletions, const struct service_key *service)
{
	const struct saved_deletion key = {.service = *service};

	return vector_find(deletions, &key, saved_deletion_compare) != NULL;
}

static bool saved_deletes(const struct saved_deletions *deletions, const struct memory_drain *drain)
{
	const struct saved_deletion key = {drain->service, drain->destination};

	return saved_deletes_service(deletions, &drain->service) ||
	       vector_find(deletions, &key, saved_deletion_compare) != NULL;
}

/* What is deleted now, and by the part that is done. */
struct saved_difference {
	struct saved_deletions now, done;
};

/* One that step() has gone, and which stays because its deletion is not of the part that is done. */
static bool saved_stays(const struct saved_difference *difference, const struct memory_drain *drain)
{
	return saved_deletes(&difference->now, drain) && !saved_deletes(&difference->done, drain);
}

/* The services of `before` that stay ours though step() has them gone. */
static void saved_keep_owned(
	const struct saved_difference *difference, const struct memory *before, struct memory *next)
{
	struct memory kept = {}, merged = {};

	vector_foreach(&before->owned, service)
		if (saved_deletes_service(&difference->now, &service->key) &&
			!saved_deletes_service(&difference->done, &service->key))
			vector_push(&kept.owned, *service);
	if (!kept.owned.count)
		return;
	memory_union(&merged, &kept, next);
	vector_clear(&kept.owned); /* the names are those of `before` */
	memory_clear(next);
	*next = merged;
}

/* Drains are the plan's own, and those that were under way before. */
static void saved_keep_drains(const struct plan_file *saved,
	const struct saved_difference *difference, const struct memory *before, struct memory *next)
{
	struct memory kept = {};

	vector_foreach(&next->drains, drain)
		if (saved_awaits(saved, drain) ||
			memory_find_drain(before, &drain->service, &drain->destination))
			vector_push(&kept.drains, *drain);
	vector_foreach(&before->drains, drain)
		if (saved_stays(difference, drain))
			vector_push(&kept.drains, *drain);
	/* Over already, without having begun here. */
	vector_foreach(&saved->memory.drains, drain) {
		if (!saved_stays(difference, drain) ||
			memory_find_drain(before, &drain->service, &drain->destination))
			continue;
		struct memory_drain *over = vector_append(&kept.drains);
		*over = *drain;
		over->since = over->deadline = 0;
	}
	vector_sort(&kept.drains, memory_drain_compare);
	vector_clear(&next->drains);
	next->drains = kept.drains;
}

void saved_remember(const struct plan_file *saved, const struct memory *before,
	const struct plan *now, const struct plan *done, struct memory *next)
{
	struct saved_difference difference = {};

	if (!saved)
		return;
	saved_collect(now, &difference.now);
	saved_collect(done, &difference.done);
	saved_keep_owned(&difference, before, next);
	saved_keep_drains(saved, &difference, before, next);
	vector_clear(&difference.now);
	vector_clear(&difference.done);
}
