// SPDX-License-Identifier: GPL-2.0-or-later
/* What was told already: so that what a peer does wrong is told once, not with each of its
 * advertisements. Pure, and of a fixed size: whoever makes up addresses fills it, and cannot make it
 * larger, nor the log longer. When it is full, nothing new is told for an hour; then all is
 * forgotten, and it begins anew.
 *
 * Zeroed: nothing was told. Times are CLOCK_BOOTTIME in nanoseconds. */
#pragma once

#include "base/address.h"

#define TOLD_MOST   64
#define TOLD_FOR_NS 3600000000000ull /* how long a full one stays as it is */

/* What is told once. */
struct told_key {
	struct address peer;
	uint8_t vrid;
	uint8_t cause; /* the caller's number */
};

struct told {
	size_t count;
	uint64_t full;                   /* since when; 0: it is not */
	uint64_t refused;                /* how often TOLD_FULL was the answer */
	struct told_key keys[TOLD_MOST]; /* sorted */
};

enum told_answer {
	TOLD_ALREADY,
	TOLD_NEW,  /* tell it */
	TOLD_LAST, /* tell it, and that nothing else will be for a while */
	TOLD_FULL, /* do not tell it: too much was */
};

enum told_answer told_ask(struct told *told, const struct told_key *key, uint64_t now);

/* All about a VRID: what was wrong may be right now, or for another reason wrong. */
void told_forget(struct told *told, uint8_t vrid);
