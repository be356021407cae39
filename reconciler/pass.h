// SPDX-License-Identifier: GPL-2.0-or-later
/* What every pass has in common, of an apply and of a daemon: the read of everything, and step() with diff() on it. Private to
 * reconciler/. */
#pragma once

#include "reconciler/reconciler.h"

/* The whole live state into an empty `ret`; right for what is declared and what is ours. */
int pass_read(struct reconciler *reconciler, const struct declared *declared, struct state *ret,
	struct error *error);

/* What a pass thinks about: everything, or the parts of it that concern some services (subset.h). */
struct pass_input {
	const struct declared *declared;
	const struct state *live;
	const struct memory *memory;
	uint64_t now;
	bool part; /* leave globals alone */
};

/* Makes the record, as it was read, one of the reconciler's backend (move_turn()). */
int reconciler_bind(struct reconciler *reconciler, struct error *error);

/* step() and diff(): no I/O. Into an empty plan and an empty output. */
void pass_think(const struct reconciler *reconciler, const struct pass_input *input,
	struct plan *plan, struct step_output *output);
