// SPDX-License-Identifier: GPL-2.0-or-later
/* A batch of operations as one step from a ledger to the next: all of it, or nothing and why.
 *
 * Operations have their effect in the order in which they stand, and fail as they would one by one;
 * what comes of them is the difference between the state before and the state after. A destination
 * that is in both, by the same method, keeps its slot and its connections. One whose method is another
 * gets another slot, and the old one drains. One that is gone is to be killed.
 *
 * Pure, but for slots and places, which are taken here; transaction_undo() gives them back. What is to
 * become of the old ones is the registry's, after the grace period (registry.h). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "backends/dpdk/dataplane/ledger.h"
#include "backends/dpdk/dataplane/slot.h"
#include "base/error.h"
#include "base/vector.h"
#include "model/plan.h"

/* Not one of the operations, but the whole. */
#define TRANSACTION_WHOLE SIZE_MAX

/* Numbers, of slots or of places. */
struct transaction_numbers {
	VECTOR_OF(uint32_t);
};

/* What it is made from. */
struct transaction_base {
	const struct ledger *ledger;
	struct slot_table *slots;
	struct transaction_numbers *places; /* free ones; the last is taken first */
	const struct data_port_vector *ports;
};

/* A destination's method changed: its slot now, and the one that drains. */
struct transaction_move {
	uint32_t from, to;
};

struct transaction_moves {
	VECTOR_OF(struct transaction_move);
};

/* Starts zeroed. */
struct transaction {
	struct ledger *ledger;         /* NULL: nothing differs */
	struct generation *generation; /* of it */
	struct transaction_numbers taken_slots, taken_places;
	struct transaction_numbers killed;    /* slots of destinations that are gone … */
	struct transaction_numbers abandoned; /* … and places of services that are */
	struct transaction_moves moves;
};

/* -errno with words, and the place of the operation that they are about in *failed: then nothing has
 * been taken. */
int transaction_make(struct transaction *transaction, const struct transaction_base *base,
	const struct plan_op *ops, size_t count, size_t *failed, struct error *error);

/* It does not come into force. */
void transaction_undo(struct transaction *transaction, const struct transaction_base *base);

/* Ledger and generation are the caller's, or none's. */
void transaction_clear(struct transaction *transaction);

/* Whether the data plane has objects of this kind and key at all, and whether it can do to one that is
 * there what the operation wants (transaction_check.c). -errno with words. */
int transaction_check_object(const struct plan_op *op, struct error *error);
int transaction_check_attributes(const struct plan_op *op, struct error *error);
