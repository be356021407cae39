// SPDX-License-Identifier: GPL-2.0-or-later
/* When connections end: a wheel over the flows of one worker.
 *
 * A packet only writes flow.request.expires, in the line that it has already; the wheel is not
 * touched. Each request's flow stands once in the wheel, at most EXPIRY_SPAN ahead. When its bucket
 * comes, it is visited: what has expired ends, what has not is put in again at its time, or
 * EXPIRY_SPAN ahead where that is later. So a connection of hours costs a visit each EXPIRY_SPAN.
 * What comes to expire sooner than it stands in the wheel for, for it was closed, is put in again
 * then (expiry_hasten()): a connection ends when its time is over. Visits of one turn are bounded:
 * what is left over is visited in the next turn.
 *
 * Ticks are eighths of a second of a worker's clock, and wrap: only differences are compared. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "backends/dpdk/dataplane/flow.h"

#define EXPIRY_TICKS_PER_SECOND 8
#define EXPIRY_BUCKETS          256 /* 32 s */
#define EXPIRY_SPAN             (EXPIRY_BUCKETS - 1)
#define EXPIRY_VISITS           64 /* of a turn, at most */

/* A bucket is a stack of chunks, all full but the first: indexes of flows stand side by side, and a
 * flow knows its place, so that it can leave. */
#define EXPIRY_CHUNK_FLOWS 30

struct expiry_chunk {
	uint32_t flows[EXPIRY_CHUNK_FLOWS];
	uint32_t next;   /* of the bucket, or of the free ones */
	uint32_t bucket; /* that it belongs to */
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct expiry_chunk) == 128, "a chunk is two cache lines");

struct expiry_bucket {
	uint32_t chunk; /* the first, or EXPIRY_CHUNK_NONE */
	uint32_t count; /* flows in that */
};

#define EXPIRY_CHUNK_NONE UINT32_MAX

/* Starts zeroed. */
struct expiry_wheel {
	struct expiry_bucket buckets[EXPIRY_BUCKETS];
	struct expiry_chunk *chunks;
	uint32_t chunk_count;
	uint32_t free; /* first free chunk */
	uint32_t now;  /* the tick whose bucket is being emptied */
};

static inline bool expiry_is_past(uint32_t expires, uint32_t now)
{
	return (int32_t)(now - expires) >= 0;
}

/* Bytes of a wheel for so many flows, beside the struct. */
size_t expiry_size(uint32_t flows);

/* Room for `flows` of them; nothing is allocated later. -ENOMEM with words. */
int expiry_init(struct expiry_wheel *wheel, uint32_t flows, uint32_t now, struct error *error);
void expiry_clear(struct expiry_wheel *wheel);

/* Puts in a request's flow that is not in the wheel; flow.request.expires is set. */
void expiry_add(struct expiry_wheel *wheel, struct flow_table *table, uint32_t index);
/* Takes out a flow that is in the wheel, before flow_remove(); not the one that is being visited. */
void expiry_remove(struct expiry_wheel *wheel, struct flow_table *table, uint32_t index);

/* Its time was shortened: puts a flow that is in the wheel there, if it stands farther ahead; not the one
 * that is being visited. A flow that has been put at a state's time stands no farther ahead than any later
 * time of that state, so whoever has a peer flip states is put in again once for each at most, until it
 * is visited. */
void expiry_hasten(struct expiry_wheel *wheel, struct flow_table *table, uint32_t index);

/* Says of a flow whose time may have come whether it ends, at this tick (it may also set another
 * time: a destination that is gone). When it does, the callback has removed it (flow_remove(), and
 * its peer), as the wheel already has. */
typedef bool expiry_visit(void *data, struct flow_table *table, uint32_t index, uint32_t now);

/* Visits what is due until `now`, EXPIRY_VISITS at most. The number of visits. */
unsigned int expiry_turn(struct expiry_wheel *wheel, struct flow_table *table, uint32_t now,
	expiry_visit *visit, void *data);
