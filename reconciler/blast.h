// SPDX-License-Identifier: GPL-2.0-or-later
/* The blast guard: a file that drops most of what the last one declared is more likely a mistake
 * than a wish.
 *
 * It compares what was declared with what is declared now, never facts, and never the live table.
 * Listeners are counted: a listener is lost when it is gone and its service (by name) did not get
 * another in its place. The destinations of a service are compared by its name (or by its listener,
 * when the service was renamed): three or more lost, and more than `max-delete` of them, trips the
 * guard.
 *
 * Virtual routers are counted like listeners, among themselves: one is lost when neither its name is declared any more nor,
 * under a new name, its interface, VRID and family. `prune` keeps none of them. The addresses of one that stays are
 * compared as destinations are; an address that another virtual router has now is not lost. Only who keeps virtual
 * routers asks for them: poised does. `poise apply` ends none, and what `poise get` prints, which has none, must not be
 * refused by it. */
#pragma once

#include "base/strbuf.h"
#include "model/declared.h"
#include "reconciler/record.h"

enum blast_scope {
	BLAST_SERVICES,
	BLAST_SERVICES_AND_ROUTERS,
};

/* True when the guard refuses; `reasons` then has a line for each ("7 of 9 services would go (78 %,
 * max-delete is 50
 * %)"), at most ten and a count of the rest. O(n log n). */
bool blast_guard(const struct record *before, const struct declared *now, enum blast_scope scope,
	struct strbuf *reasons);
