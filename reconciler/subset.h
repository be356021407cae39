// SPDX-License-Identifier: GPL-2.0-or-later
/* Parts of the core's inputs: only what concerns some services, so that a pass over one costs one.
 *
 * A subset borrows from the whole: its services, names and destinations are the whole's, its vectors alone are its own. Ended by
 * subset_…_clear(), never by the type's own clear. Globals are not in it: a pass over a subset leaves them alone.
 */
#pragma once

#include "model/declared.h"
#include "reconciler/memory.h"

/* `keys` are sorted, each once. Into an empty `ret`. O(count × log whole + what is copied). */
void subset_declared(const struct declared *whole, const struct service_key *keys, size_t count,
	struct declared *ret);
void subset_state(
	const struct state *whole, const struct service_key *keys, size_t count, struct state *ret);
void subset_memory(const struct memory *whole, const struct service_key *keys, size_t count,
	struct memory *ret);

void subset_declared_clear(struct declared *subset);
void subset_state_clear(struct state *subset);
void subset_memory_clear(struct memory *subset);

/* Puts what `part` says of exactly these services in the place of what `whole` says of them. `part` owns what it has, and is
 * empty afterwards. O(whole). */
void subset_memory_put(
	struct memory *whole, const struct service_key *keys, size_t count, struct memory *part);
