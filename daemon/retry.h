// SPDX-License-Identifier: GPL-2.0-or-later
/* Which objects could not be brought to what they should be, why, and when each is tried again.
 *
 * Pure: takes `now`. The first retry comes after RETRY_FIRST_NS, each further one after twice the time, RETRY_MOST_NS at most;
 * new files put all of them to now. */
#pragma once

#include "backends/backend.h"

#define RETRY_FIRST_NS 1000000000ull
#define RETRY_MOST_NS  60000000000ull

struct retry {
	struct plan_op
		op; /* what was tried last; its identity is object, service and destination or name */
	unsigned int attempts;
	uint64_t since, next; /* CLOCK_BOOTTIME ns */
	char *error;          /* in words, owned */
	bool planned;         /* of the pass under way */
};

/* Sorted by object. */
struct retry_table {
	VECTOR_OF(struct retry);
};

/* The services that a pass is about. */
struct retry_scope {
	const struct service_key *keys; /* sorted */
	size_t count;
	bool everything; /* keys do not count, and globals are in scope too */
};

int retry_compare(const void *a, const void *b);

const struct retry *retry_find(const struct retry_table *table, const struct plan_op *op);

/* Takes the operations out of `plan` whose time has not come, and those on destinations of a service whose adding must
 * wait. Returns how many. O(n log n). */
size_t retry_hold_back(struct retry_table *table, struct plan *plan, uint64_t now);

/* After the pass: `failed` (op and error of each; taken over, left empty) become entries or wait longer. What was in scope, and
 * was neither held back nor failed, is gone. */
void retry_update(struct retry_table *table, struct retry_table *failed,
	const struct retry_scope *scope, uint64_t now);

/* All are due at `now`. */
void retry_all(struct retry_table *table, uint64_t now);

/* When the first is due; UINT64_MAX: none. */
uint64_t retry_next(const struct retry_table *table);

/* The services of those that are due, sorted, each once; *globals when something else than a service is. The caller frees
 * the array. */
struct service_key *retry_due(
	const struct retry_table *table, uint64_t now, size_t *count, bool *globals);

void retry_clear(struct retry_table *table);
