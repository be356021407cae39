// SPDX-License-Identifier: GPL-2.0-or-later
/* Schedulers: which destination a new connection gets.
 *
 * A scheduler is a row of scheduler_list: what it prepares once when an image is made (a table), and
 * how it chooses. Choosing is the worker's, and writes nothing but its own `turn` and, when that
 * changes, the mark of a destination that is full. What schedulers must know of load is the sum over
 * all workers' slot_counts, read as they are: a moment old.
 *
 * The names and what they promise are those of IPVS, so that a file means the same on both backends:
 * weight 0 gets no new connections; a destination at its upper threshold gets none until it is below
 * the lower one; sh and mh refuse clients of such destinations unless their fallback flag is set.
 * Maglev (Eisenbud et al., NSDI 2016, §3.4) hashes the destinations' keys by a fixed function, so that
 * every node with the same destinations has the same table. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "backends/dpdk/dataplane/generation.h"

#define SCHEDULER_NONE UINT32_MAX

/* A worker's own of one service, at service_image.place. Zeroed when another service takes the place. */
struct scheduler_turn {
	uint32_t position;
	uint32_t spare;
};

/* The counts of all workers: counts[worker][slot]. */
struct scheduler_view {
	struct slot_counts *const *counts;
	unsigned int workers;
};

/* What `prepare` makes; shared by images, counted by the main thread. */
struct scheduler_table {
	unsigned int references;
	uint32_t size;
	uint16_t entries[];
};

/* What the images that one transaction makes can have of each other: tables, where they are made from
 * the same, and what making a table leaves for the next. It keeps its images until it is freed. */
struct scheduler_store;
struct scheduler_store *scheduler_store_new(void);
/* NULL, and NULL is allowed. */
struct scheduler_store *scheduler_store_free(struct scheduler_store *store);

struct scheduler {
	const char *name;
	/* What each member weighs in the table; NULL: this scheduler has none. Images with the same
	 * weights share their table. */
	void (*weigh)(const struct service_image *image, uint16_t *weights);
	bool by_key;  /* only if their destinations' keys are the same, too */
	bool by_load; /* choosing asks how many connections there are */
	/* The table, one reference; NULL when it would say nothing. Never fails. */
	struct scheduler_table *(*prepare)(const struct service_image *image,
		const uint16_t *weights, const struct slot_table *slots,
		struct scheduler_store *store);
	/* A place in image->members, or SCHEDULER_NONE when no destination may take it. */
	uint32_t (*choose)(const struct service_image *image, struct scheduler_turn *turn,
		const struct scheduler_view *view, const struct flow_key *key);
};

/* NULL: the data plane has no scheduler of that name. */
const struct scheduler *scheduler_find(const char *name);

/* Of the main thread: gives image its table, that of `previous` (NULL: none) or of one in the store
 * (NULL: none) where it is the same. */
void scheduler_prepare(struct service_image *image, const struct service_image *previous,
	const struct slot_table *slots, struct scheduler_store *store);
/* NULL is allowed. */
void scheduler_table_unref(struct scheduler_table *table);

/* Whether this member may get a new connection: weight, thresholds. */
bool scheduler_may_take(const struct service_member *member, const struct scheduler_view *view);

/* To be told when a connection has been made and counted, however its destination was found: at the
 * upper threshold the destination is full. Costs nothing where there is no threshold. */
void scheduler_mark(const struct service_member *member, const struct scheduler_view *view);
static inline void scheduler_taken(
	const struct service_member *member, const struct scheduler_view *view)
{
	if (member->upper_threshold)
		scheduler_mark(member, view);
}

/* Sums over the workers, for this incarnation. */
uint32_t scheduler_active(const struct scheduler_view *view, uint32_t slot, uint16_t incarnation);
uint32_t scheduler_inactive(const struct scheduler_view *view, uint32_t slot, uint16_t incarnation);
