// SPDX-License-Identifier: GPL-2.0-or-later
/* diff(): the smallest ordered list of operations from the live state to the desired one.
 *
 * Pure and deterministic: the same input gives the same plan, byte for byte. A linear merge of
 * sorted vectors; no operation for an object that is as desired, one for each that is not. The
 * order of operations is the one that loses no traffic (the essay in diff.c). */
#pragma once

#include "backends/backend.h"
#include "model/config.h"
#include "model/plan.h"
#include "reconciler/memory.h"

struct diff_input {
	const struct state *desired;
	const struct state *live;
	const struct memory *memory; /* whose services are ours; as it was before this pass */
	enum config_prune prune;
	const struct backend_abilities *abilities;
};

/* Into an empty `plan`, which the caller clears. Never fails. */
void diff(const struct diff_input *input, struct plan *plan);
