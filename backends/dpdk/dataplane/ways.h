// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses of the ports, and routes, as the main thread knows them: an immutable value, like a ledger,
 * of which a transaction makes the next one. What becomes of it is route.h's. Pure. */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "model/plan.h"
#include "model/state.h"

/* Both sorted by their keys. */
struct ways {
	unsigned int references;
	struct port_address_vector addresses;
	struct data_route_vector routes;
};

/* Without any; one reference, the caller's. */
struct ways *ways_new(void);
struct ways *ways_ref(struct ways *ways);
/* NULL is allowed. Returns NULL. */
struct ways *ways_unref(struct ways *ways);

/* Whether an operation is about these. */
bool ways_concern(const struct plan_op *op);

/* What comes of the operations on addresses and routes among `ops`: in *ret with a reference of its
 * own, or NULL when nothing differs. -errno with words for the earliest that cannot be, whose place is
 * in *failed. */
int ways_make(const struct ways *old, const struct data_port_vector *ports,
	const struct plan_op *ops, size_t count, struct ways **ret, size_t *failed,
	struct error *error);
