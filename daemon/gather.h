// SPDX-License-Identifier: GPL-2.0-or-later
/* When the next pass for health may be: the part of it that is only times and counts. Pure, in whatever clock the caller hands in (ns).
 *
 * A change that comes alone is a pass at once. After a pass, what comes within GATHER_NS is gathered into the next one. Where that
 * are many, something larger than a server has gone: then it is gathered until nothing has come for as long, or GATHER_MOST_NS
 * are over. So ten thousand failures in a second are two passes, or three: the first of them, and all others; some hundreds are no
 * more than that. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define GATHER_NS      100000000ull
#define GATHER_MOST_NS 1000000000ull
/* So many within GATHER_NS are a storm. */
#define GATHER_MANY 20

/* Starts zeroed: nothing waits. */
struct gather {
	uint64_t since; /* the end of the pass before */
	uint64_t last;  /* of the changes after it */
	size_t count;
};

/* A pass is over. */
void gather_begin(struct gather *gather, uint64_t now);
/* `count` probes went down or came up since the last look. */
void gather_note(struct gather *gather, uint64_t now, size_t count);
/* Before then there is no pass. */
uint64_t gather_until(const struct gather *gather);
