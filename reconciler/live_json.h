// SPDX-License-Identifier: GPL-2.0-or-later
/* A live state as a document: what `poise get -o json` prints, `poise diff --live` takes, and poised's `live` answers.
 *
 *	{"poise": 1, "backend": "ipvs", "now": …, "memory": {…}, "state": {…}}
 *
 * It carries what is ours and what drains, so that a review far from the machine sees deletions too. */
#pragma once

#include "reconciler/state_json.h"

#define LIVE_JSON_FORMAT 1

/* `now` is of the clock that the memory speaks of (CLOCK_BOOTTIME ns). A new reference. */
json_t *live_to_json(
	const char *backend, const struct state *state, const struct memory *memory, uint64_t now);

/* From a document of that form, or from a bare state: then `memory` stays empty and *now 0. Into empty ones, which are
 * empty again on failure. -EINVAL with words. */
int live_from_json(const json_t *json, struct state *state, struct memory *memory, uint64_t *now,
	struct error *error);
