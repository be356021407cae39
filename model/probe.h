// SPDX-License-Identifier: GPL-2.0-or-later
/* What is probed, and what is known of it: the words that health/, reconciler/ and daemon/ share.
 *
 * A probe is one check of one server. Services whose destinations have the same check and the same target share one. */
#pragma once

#include "model/config.h"

/* Order: target, then the name of the check. */
struct probe_key {
	struct destination_key
		target;    /* port: the one that is probed; 0 where the check has none */
	const char *check; /* its name */
};

#define VERDICT_NO_WEIGHT (-1)
/* Of a destination that nothing is known of: see verdict_is_plain(). */
#define VERDICT_PLAIN ((struct verdict){.up = true, .weight = VERDICT_NO_WEIGHT})

/* What the probes say of a server. */
struct verdict {
	bool up;
	bool settled;   /* by probes; false: it is what `initially` says */
	bool recovered; /* it was down before it was up: what slow start climbs from */
	int32_t weight; /* what the check says that its weight is (exec, file); VERDICT_NO_WEIGHT */
	uint64_t since; /* CLOCK_BOOTTIME ns: up, or down, since then; 0: from the beginning */
};

/* "status 503, want 200-299": one line of printable ASCII, with its NUL. */
#define VERDICT_REASON_SIZE 120

int probe_key_compare(const void *a, const void *b);

/* What a check probes of a destination: the check's address, else the destination's; the check's port, else the destination's, else that of its kind; 0 for a kind that
 * has none, and where nothing names one. */
struct destination_key probe_target(
	const struct config_check *check, const struct destination_key *destination);

/* Up, as declared, and never down: what is taken of a probe of which nothing is known. */
bool verdict_is_plain(const struct verdict *verdict);

/* What two probes of a destination say together, into `all`, which begins as VERDICT_PLAIN. It is up while all are, since the last that
 * came back; else down since the first that failed, and settled if each that fails is: what was never tried has not passed.
 * Of weights the least holds. */
void verdict_join(struct verdict *all, const struct verdict *one);

bool verdict_equal(const struct verdict *a, const struct verdict *b);
