// SPDX-License-Identifier: GPL-2.0-or-later
/* A move for people and for programs: its phases, in the order in which they are carried out. */
#include <inttypes.h>

#include "base/strbuf.h"
#include "reconciler/move.h"
#include "reconciler/plan_json.h"

/* The operations of one phase, shallow; the notes go with the first. */
static void move_select(const struct move *move, enum move_phase phase, struct plan *ret)
{
	vector_foreach(&move->plan.ops, op)
		if (move_phase_of(op) == phase)
			vector_push(&ret->ops, *op);
	if (phase == MOVE_PHASE_WITHDRAW)
		vector_foreach(&move->plan.notes, note)
			vector_push(&ret->notes, *note);
}

static void move_format_head(const struct move *move, struct strbuf *text)
{
	strbuf_printf(text, "From %s to %s", move->from, move->to);
	if (move->connections)
		strbuf_printf(text, ": not hitless, %" PRIu64 " connection%s in %s end%s",
			move->connections, move->connections == 1 ? "" : "s", move->from,
			move->connections == 1 ? "s" : "");
	else
		strbuf_printf(text,
			": not hitless, what connects until then ends (none is in %s now)",
			move->from);
	strbuf_add(text, ".\n");
}

static void move_format_withdrawal(const struct move *move, const struct plan_text_options *options,
	const struct state *live, struct strbuf *text)
{
	_cleanup_plan_ struct plan plan = {};
	const struct plan_text_options own = {
		.color = options->color,
		.order = options->order,
		.now = options->now,
		.live = live,
		.memory = &move->thought.memory,
	};

	strbuf_printf(text, "\nwithdraw (%s), when all of that is done:\n", move->from);
	move_select(move, MOVE_PHASE_WITHDRAW, &plan);
	plan_format_text(&plan, &own, text);
}

static void move_format_switch(
	const struct move *move, const struct plan_text_options *options, struct strbuf *text)
{
	_cleanup_plan_ struct plan plan = {};
	const struct plan_text_options own = {.color = options->color, .order = options->order};

	strbuf_printf(text, "\nswitch (%s): ", move->from);
	move_select(move, MOVE_PHASE_SWITCH, &plan);
	if (plan.ops.count) {
		strbuf_add(text, "\n");
		plan_format_text(&plan, &own, text);
	} else {
		strbuf_printf(text, "%zu service%s go%s when all has drained.\n", move->services,
			move->services == 1 ? "" : "s", move->services == 1 ? "es" : "");
	}
}

void move_format_text(const struct move *move, const struct plan *prepare,
	const struct plan_text_options *options, const struct state *live, struct strbuf *text)
{
	move_format_head(move, text);
	strbuf_printf(text, "\nprepare (%s), while %s serves:\n", move->to, move->from);
	plan_format_text(prepare, options, text);
	if (move->held) {
		strbuf_printf(text,
			"\nwithdraw, switch (%s): when the apply is confirmed; nothing is touched "
			"there before.\n",
			move->from);
		return;
	}
	move_format_withdrawal(move, options, live, text);
	move_format_switch(move, options, text);
}

static json_t *move_phase_to_json(const struct move *move, enum move_phase phase)
{
	json_t *operations = json_array();

	vector_foreach(&move->plan.ops, op)
		if (move_phase_of(op) == phase)
			json_array_append_new(operations, plan_op_to_json(op));
	return operations;
}

json_t *move_to_json(const struct move *move)
{
	json_t *json = json_pack("{s:s, s:s, s:b, s:I, s:I, s:I, s:b}", "from", move->from, "to",
		move->to, "hitless", 0, "connections", (json_int_t)move->connections, "services",
		(json_int_t)move->services, "draining",
		(json_int_t)move->thought.memory.drains.count, "held", (int)move->held);

	for (int phase = MOVE_PHASE_WITHDRAW; phase < MOVE_PHASE_COUNT; phase++)
		json_object_set_new(json, move_phase_name((enum move_phase)phase),
			move_phase_to_json(move, (enum move_phase)phase));
	return json;
}
