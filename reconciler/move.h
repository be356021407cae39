// SPDX-License-Identifier: GPL-2.0-or-later
/* A machine that moves from one backend to another: what `backend:` in the files asks for when it changes.
 *
 * Connections live in a backend and cannot be carried into another, so that a move is never hitless, and its plan
 * says so. What it can do is to leave no moment in which neither of the two balances, and nothing behind:
 *
 *	prepare		the new backend gets everything that the files declare, while the old one serves as before. It is
 *			an apply like any other. When anything of it fails, the move ends here, and the next apply
 *			tries again: the old backend was not touched
 *	withdraw	the destinations of the old services go to weight 0 and drain as the files said, or are deleted at
 *			once (`drain: 0s`)
 *	switch		the old services go, when the last of their destinations has gone; of a data plane also its routes
 *			and the addresses of its ports. Then nothing there is ours, and the record forgets it
 *
 * The record holds both sets from before the first operation to the end: the services of the new backend as its
 * memory, and those of the old one as what is left (struct record_left). Who is killed at any moment finds both
 * there. What is left has one declared state, the empty one, so that withdraw and switch are step() and diff() too, with
 * their drains, and done again they do what remains. Files that name the old backend again, in the middle
 * of a move, turn it around: what was left is the memory, and its drains end.
 *
 * Which of the two gets a packet is not for a plan to say. Virtual addresses are the kernel's or a virtual router's,
 * and stay where they are. poise-dataplane takes the packets of its services where they come in by one of its ports,
 * so that for those the prepared data plane serves at once, and the connections in the kernel end then; when it
 * withdraws, packets that it has no service for go by the exception port to the kernel, where
 * IPVS was prepared for them. By interfaces that it does not drive, the kernel's services are reached until they go.
 *
 * Pure, but for reconciler/withdraw.h, which carries it out. */
#pragma once

#include <jansson.h>

#include "backends/backend.h"
#include "model/config.h"
#include "reconciler/plan_text.h"
#include "reconciler/record.h"
#include "reconciler/step.h"

enum move_phase {
	MOVE_PHASE_PREPARE,
	MOVE_PHASE_WITHDRAW,
	MOVE_PHASE_SWITCH,
	MOVE_PHASE_COUNT,
};

/* What is still to be done in the old backend. Starts zeroed. */
struct move {
	char *from; /* the old backend; NULL: there is no move */
	char *to;
	bool gone; /* the old backend is not there any more, and what was ours in it neither */
	bool held; /* a confirmation is awaited: it is not touched before */
	size_t services;            /* of ours, that it has now */
	uint64_t connections;       /* of those, active and inactive */
	struct plan plan;           /* withdraw, then switch */
	struct step_output thought; /* its memory is of the world when the plan is done */
};

struct move_input {
	const struct record_left *left;
	const char *to;
	const struct state *live; /* at least what is ours in the old backend */
	const struct backend_abilities *abilities;
	enum config_prune
		prune; /* as the files say: `none` keeps also what is left; others' services stay whatever it is */
	uint64_t now; /* CLOCK_BOOTTIME ns */
	bool hold;    /* a confirmation is awaited */
};

/* Makes the record one of `backend`: what is ours in another one is what is left, from then on. Back to what was left, the
 * two change places. -EBUSY with words when there is a third one. */
int move_turn(struct record *record, const char *backend, struct error *error);

/* Into an empty `ret`. O(services + destinations). */
void move_think(const struct move_input *input, struct move *ret);

/* Whether there is anything to do, to wait for or to say. */
bool move_is_news(const struct move *move);

/* Whether nothing of ours is left there once the plan is done. */
bool move_ends(const struct move *move);

enum move_phase move_phase_of(const struct plan_op *op);
const char *move_phase_name(enum move_phase phase); /* "prepare", … */

/* The three phases as text, appended: `prepare` as a plan for people, and the other two. `options` are of the prepared plan; of
 * the old backend `live` is the live state. */
void move_format_text(const struct move *move, const struct plan *prepare,
	const struct plan_text_options *options, const struct state *live, struct strbuf *text);

/* What it is, for documents: {"from", "to", "hitless": false, "connections", "services", "withdraw": […], "switch": […]}. The
 * operations of `prepare` are those of the document. A new reference. */
json_t *move_to_json(const struct move *move);

void move_clear(struct move *move);

#define _cleanup_move_ _cleanup_(move_clear)
