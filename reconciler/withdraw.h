// SPDX-License-Identifier: GPL-2.0-or-later
/* The old backend of a move (move.h): opened beside the one of the files, read, and emptied of what is ours.
 *
 * Private to reconciler/, but for who keeps a reconciler: it calls withdraw_pass() until nothing is left. */
#pragma once

#include "reconciler/apply.h"
#include "reconciler/move.h"
#include "reconciler/reconciler.h"

/* Reads what is left, and makes reconciler->move of it; without anything left that is empty. Writes nothing. -errno with words
 * when the old backend cannot be read; one that is not there any more has nothing of ours either. `now`: CLOCK_BOOTTIME ns. */
int withdraw_plan(
	struct reconciler *reconciler, enum config_prune prune, uint64_t now, struct error *error);

/* The same, and carries it out: what is due now, read back and recorded. Only once the new backend is as declared. The lock must
 * be held. Adds to `report`; *wake is when to look again (CLOCK_BOOTTIME ns), UINT64_MAX: nothing drains. 0 whatever single
 * operations gave. */
int withdraw_pass(struct reconciler *reconciler, enum config_prune prune, uint64_t now,
	const struct reconciler_observer *observer, struct apply_report *report, uint64_t *wake,
	struct error *error);

/* Lets go of the old backend; the record keeps what is left. */
void withdraw_close(struct reconciler *reconciler);
