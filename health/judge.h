// SPDX-License-Identifier: GPL-2.0-or-later
/* What the results of a probe make of a server: rise, fall, initially, weight. Pure.
 *
 *	passes	   `rise` in a row bring back what is down, and settle what is up by `initially`
 *	fails	   `fall` in a row take out what is up, and settle what is down by `initially`
 *	untried	   says nothing of the server: counts neither way, but a row of them is told
 *
 * A weight that a check says is that of the last pass: one that fails says none, and changes nothing before it is down. */
#pragma once

#include "health/checker.h"

/* So many in a row that could not be tried are worth a word: whatever is wanting does not come by itself. */
#define JUDGE_UNTRIED 3u

struct judge {
	struct verdict verdict;
	uint32_t passes;   /* in a row, up to `rise` */
	uint32_t failures; /* in a row, up to `fall` */
	bool failing;      /* the last one failed */
	bool tried;        /* there was a result since it began, or began anew */
	uint64_t wall;     /* milliseconds since the epoch, of the last result; 0: none yet */
	char *reason;      /* of the last failure; NULL while it passes. Owned */
	uint32_t untried;  /* in a row, up to JUDGE_UNTRIED */
	char *wanting;     /* why it cannot be tried; NULL: it can, as far as one knows. Owned */
};

/* Into a zeroed `judge`. `known`: what stands until probes say otherwise; NULL: what `initially` says. */
void judge_begin(
	struct judge *judge, const struct config_check *check, const struct verdict *known);
/* The check is another: what probes have found stays, the counting begins anew, and how the last one failed is forgotten. */
void judge_restart(struct judge *judge, const struct config_check *check);

/* Whether there is something to tell: the verdict is another, or how it fails is, or that it cannot be tried; and once that
 * it could be, with the first result of all. `now`: CLOCK_BOOTTIME ns; `wall`:
 * milliseconds since the epoch. */
bool judge_result(struct judge *judge, const struct config_check *check,
	const struct checker_outcome *outcome, uint64_t now, uint64_t wall);

/* It has been waiting to be tried for so long that it counts as one that cannot be. Whether that is to be told. */
bool judge_starved(struct judge *judge, const char *reason);

void judge_clear(struct judge *judge);
