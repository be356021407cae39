// SPDX-License-Identifier: GPL-2.0-or-later
/* Health in the engine: the table of probes that the files in force ask for, and what is known of each.
 *
 * The table follows the files: rebuilt by a merge when others are put in force, with the verdicts that are known. What probes say comes
 * through engine_verdicts(), from wherever they run (probing.h; a test); the services that it concerns are dirty, and
 * the next engine_run() is one pass for all that piled up. What is down is kept in STATE-DIR/health.json, written
 * after the pass and at most once a second: no failed check waits for a disk, and a restart flaps nothing. */
#pragma once

#include "model/probe.h"

struct engine;

struct engine_probe {
	struct probe_key key;             /* first: probe_key_compare() works on it */
	const struct config_check *check; /* of the files in force; borrowed */
	struct verdict verdict;
	bool failing;      /* the last one failed, though it may not be down for it yet */
	uint32_t failures; /* in a row */
	uint64_t wall;     /* milliseconds since the epoch, of the last report; 0: none */
	char *reason; /* of the last failure, kept after it passes again; NULL: it never failed. Owned */
};

struct engine_probe_vector {
	VECTOR_OF(struct engine_probe);
};

/* What somebody who probes says. Borrowed. */
struct engine_verdict {
	struct probe_key
		key; /* one that is not in the table is dropped: of files that were in force before */
	struct verdict verdict;
	bool failing;
	uint32_t failures;
	uint64_t wall;
	const char *reason; /* "": passes */
};

/* Sorted. Others from the next change of `engine->probes_serial` on. */
const struct engine_probe_vector *engine_probes(const struct engine *engine);
const struct engine_probe *engine_find_probe(
	const struct engine *engine, const struct probe_key *key);

/* Takes effect in the next engine_run(). O(count × (log probes + services of the probe)). */
void engine_verdicts(struct engine *engine, const struct engine_verdict *verdicts, size_t count);
