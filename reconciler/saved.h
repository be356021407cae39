// SPDX-License-Identifier: GPL-2.0-or-later
/* What an apply of a saved plan may do: the plan's operations, and what follows from them.
 *
 * step() decides about everything that is declared and live now, which may be more than the plan knew. So its operations are
 * replaced by the plan's, what it would remember is cut down to what is so when only those are carried out, and of the passes
 * over what drains only the end of the plan's own drains is left. Pure, and linear but for searches. `saved` is NULL where no
 * plan was saved: then everything is as step() has it. Private to reconciler/. */
#pragma once

#include "reconciler/reconciler.h"

/* Whether what was declared when the plan was made is declared still, and whether the plan can wait for a confirmation.
 * -ESTALE, -EPERM with words. */
int saved_check(
	const struct reconciler_request *request, const struct record *record, struct error *error);

/* Puts the plan into an empty `ret` when all of it would be planned now too (`now`). -ESTALE with words. */
int saved_take(const struct plan_file *saved, const struct plan *now, struct plan *ret,
	struct error *error);

/* Whether an operation ends a drain of the plan: a destination that it drains, or a service that goes with those. */
bool saved_ends(const struct plan_file *saved, const struct plan_op *op);

/* Makes `next`, what step() would remember after `before` and all of `now`, true of the part `done` of it. */
void saved_remember(const struct plan_file *saved, const struct memory *before,
	const struct plan *now, const struct plan *done, struct memory *next);

/* Whether a drain of the record is to be awaited. */
bool saved_awaits(const struct plan_file *saved, const struct memory_drain *drain);
