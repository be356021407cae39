// SPDX-License-Identifier: GPL-2.0-or-later
/* A live state as a document: what `poise get -o json` prints, `poise diff --live` takes, and poised's `live` answers.
 *
 *	{"poise": 1, "backend": "ipvs", "now": …, "revision": …, "memory": {…}, "state": {…}}
 *
 * It carries what is ours and what drains, so that a review far from the machine sees deletions too, and the
 * revision that is in force ("": none), so that a plan knows what it was made under. */
#pragma once

#include "reconciler/state_json.h"

#define LIVE_JSON_FORMAT 1

/* What the document says of a machine. Starts zeroed. */
struct live {
	struct state state;
	struct memory memory;
	uint64_t
		now; /* of the clock that the memory speaks of (CLOCK_BOOTTIME ns); 0: it has none */
	char *backend;  /* that the state is of; NULL: it is not said */
	char *revision; /* of what is in force, "" for nothing; NULL: it is not said */
};

void live_clear(struct live *live);

/* `revision` NULL: nothing is in force. A new reference. */
json_t *live_to_json(const char *backend, const struct state *state, const struct memory *memory,
	const char *revision, uint64_t now);

/* From a document of that form, or from a bare state, which says nothing but that. Into an empty `ret`, which is empty
 * again on failure. -EINVAL with words. */
int live_from_json(const json_t *json, struct live *ret, struct error *error);
