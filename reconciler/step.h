// SPDX-License-Identifier: GPL-2.0-or-later
/* step(): what must exist now.
 *
 * Pure and deterministic. It combines what the files declare with what the world says and what is
 * remembered, and gives the exact objects that the backend must hold at this moment; diff() then
 * finds the operations. There is no other way to decide a weight or a deletion: a drain, a confirm
 * window, health (resolve.h) and, with their process, roles are all rules in here. */
#pragma once

#include "model/declared.h"
#include "reconciler/facts.h"
#include "reconciler/memory.h"

struct step_input {
	const struct declared *declared;
	const struct state *live; /* what exists, with its connection counts */
	const struct memory *memory;
	const struct facts *facts; /* NULL: none */
	uint64_t now;              /* CLOCK_BOOTTIME, nanoseconds */
	bool hold_deletions; /* a confirmation is awaited: what leaves the files goes to weight 0 and stays */
};

struct step_output {
	struct state desired;
	struct memory memory; /* of the world as it will be when desired is reached */
	uint64_t wake; /* look again then at the latest (CLOCK_BOOTTIME); UINT64_MAX: no need */
};

/* How soon a drain's connection counts are worth another look. */
#define STEP_DRAIN_POLL_NS 500000000ull

/* Into an empty `output`, which the caller clears. O(services + destinations). Never fails. */
void step(const struct step_input *input, struct step_output *output);

void step_output_clear(struct step_output *output);

#define _cleanup_step_output_ _cleanup_(step_output_clear)
