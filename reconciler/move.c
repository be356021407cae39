// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/move.h"

#include <errno.h>

#include "model/declared.h"
#include "reconciler/diff.h"

/* Whether something of poise's may be in the backend that the record is of: services, or only routes. */
static bool move_leaves_something(const struct record *record)
{
	return record->memory.owned.count || (record->backend && record->revision);
}

static void move_swap(struct record *record, char *from)
{
	struct record_left left = {
		.backend = from, .memory = record->memory, .fresh = !record->left.fresh};

	record->memory = record->left.memory;
	free(record->left.backend);
	record->left = left;
}

/* The memory becomes what is left. `from`: where it is of; owned by the record afterwards. */
static int move_leave(struct record *record, const char *backend, char *from, struct error *error)
{
	struct record_left *left = &record->left;

	if (!left->backend || strcmp(left->backend, backend) == 0) {
		move_swap(record, from);
		return 0;
	}
	int r = 0;
	if (record->memory.owned.count)
		r = error_set(error, -EBUSY,
			"what poise keeps in `%s` is on its way to `%s`, and the files say `%s`: "
			"apply "
			"them with `backend: %s` first, until nothing drains",
			left->backend, from, backend, from);
	free(from);
	return r;
}

int move_turn(struct record *record, const char *backend, struct error *error)
{
	const char *bound = record_bound(record);
	const char *from = bound ? bound : record->backend;
	int r = 0;

	if (from && strcmp(from, backend) != 0 &&
		(move_leaves_something(record) || record->left.backend))
		r = move_leave(record, backend, memory_copy_string(from), error);
	if (r < 0 || (record->backend && strcmp(record->backend, backend) == 0))
		return r;
	free(record->backend);
	record->backend = memory_copy_string(backend);
	return 0;
}

static void move_count(const struct move_input *input, struct move *move)
{
	vector_foreach(&input->live->services, service) {
		if (!memory_find_owned(&input->left->memory, &service->key))
			continue;
		move->services++;
		vector_foreach(&service->destinations, destination)
			move->connections +=
				(uint64_t)destination->counts.active + destination->counts.inactive;
	}
}

void move_think(const struct move_input *input, struct move *ret)
{
	/* Nothing is declared there. `prune: all` is about the backend of the files: who else uses the old one keeps what he has. */
	const struct declared nothing = {
		.backend = input->left->backend,
		.prune = input->prune == CONFIG_PRUNE_NONE ? CONFIG_PRUNE_NONE : CONFIG_PRUNE_OWNED,
		.ways_managed = true,
	};
	const struct step_input step_input = {
		.declared = &nothing,
		.live = input->live,
		.memory = &input->left->memory,
		.now = input->now,
	};

	ret->from = memory_copy_string(input->left->backend);
	ret->to = memory_copy_string(input->to);
	ret->held = input->hold;
	move_count(input, ret);
	if (input->hold) {
		memory_copy(&ret->thought.memory, &input->left->memory);
		ret->thought.wake = UINT64_MAX;
		return;
	}
	step(&step_input, &ret->thought);
	const struct diff_input diff_input = {
		.desired = &ret->thought.desired,
		.live = input->live,
		.memory = &input->left->memory,
		.prune = nothing.prune,
		.abilities = input->abilities,
	};
	diff(&diff_input, &ret->plan);
}

bool move_is_news(const struct move *move)
{
	return move->from && (move->plan.ops.count || move->thought.memory.drains.count ||
				     (move->held && move->services));
}

bool move_ends(const struct move *move)
{
	return !move->held && !move->thought.memory.owned.count;
}

/* What attracts traffic, and what it needs, goes last. */
enum move_phase move_phase_of(const struct plan_op *op)
{
	bool last = op->object == PLAN_OBJECT_SERVICE || op->object == PLAN_OBJECT_PORT_ADDRESS ||
		    op->object == PLAN_OBJECT_ROUTE;

	return last && op->verb == PLAN_VERB_DELETE ? MOVE_PHASE_SWITCH : MOVE_PHASE_WITHDRAW;
}

const char *move_phase_name(enum move_phase phase)
{
	static const char *const names[MOVE_PHASE_COUNT] = {
		[MOVE_PHASE_PREPARE] = "prepare",
		[MOVE_PHASE_WITHDRAW] = "withdraw",
		[MOVE_PHASE_SWITCH] = "switch",
	};

	return names[phase];
}

void move_clear(struct move *move)
{
	free(move->from);
	free(move->to);
	plan_clear(&move->plan);
	step_output_clear(&move->thought);
	*move = (struct move){};
}
