// SPDX-License-Identifier: GPL-2.0-or-later
/* All neighbours: the machines (neighbour.h) behind the entries of the table of next hops, the packets
 * that wait for them, and who has to go when there are too many.
 *
 * It owns entries and times, and knows neither packets nor rings: those are opaque, and what is to be
 * done with them, or asked on a link, goes through `ops`. Two threads use it under a lock of its own:
 * the attendant, and the main thread, which pins the entries that routes and slots refer to. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "backends/dpdk/dataplane/neighbour.h"
#include "backends/dpdk/dataplane/next_hop.h"
#include "base/address.h"
#include "base/heap.h"

/* Packets that wait: for one neighbour (the oldest gives way), and for all. */
#define NEIGHBOUR_CACHE_HELD_EACH 16u
#define NEIGHBOUR_CACHE_HELD_MOST 1024u

/* How often it is looked which neighbours were sent to. */
#define NEIGHBOUR_CACHE_SWEEP (1000 * NEIGHBOUR_MILLISECOND)

enum neighbour_cache_drop {
	NEIGHBOUR_CACHE_DROP_UNREACHABLE, /* he does not answer */
	NEIGHBOUR_CACHE_DROP_OVERFLOW,    /* more packets than may wait */
	NEIGHBOUR_CACHE_DROP_FULL,        /* no entry is left for him */
	NEIGHBOUR_CACHE_DROP_EVICTED, /* his entry was needed for another; from any of the two threads */
	NEIGHBOUR_CACHE_DROP_COUNT,
};

/* Called with the lock held: they must not call back. */
struct neighbour_cache_ops {
	/* Asks on the port where `address` is: at `link`, or, for NULL, everybody who may know. */
	void (*ask)(void *data, uint8_t port, const struct address *address, const uint8_t *link);
	/* The packet can go by this next hop now; or never, by this port. Both take it. */
	void (*send)(void *data, uint32_t next_hop, void *packet);
	void (*drop)(void *data, uint8_t port, void *packet, enum neighbour_cache_drop why);
	/* A grace period from now on, by a number; whether that one is over. */
	uint64_t (*begin_grace)(void *data);
	bool (*grace_is_over)(void *data, uint64_t grace);
};

struct neighbour_cache_counts {
	uint64_t made, evicted, asked, answered, failed, held;
	uint64_t dropped[NEIGHBOUR_CACHE_DROP_COUNT];
};

enum neighbour_cache_list {
	NEIGHBOUR_CACHE_LIST_FREE,
	NEIGHBOUR_CACHE_LIST_LIMBO, /* taken out; free after a grace period */
	NEIGHBOUR_CACHE_LIST_UNRESOLVED,
	NEIGHBOUR_CACHE_LIST_RESOLVED,
	NEIGHBOUR_CACHE_LIST_PINNED,
	NEIGHBOUR_CACHE_LIST_COUNT,
};

/* In the order of their last use, the oldest first. */
struct neighbour_cache_order {
	uint32_t first, last, count;
};

struct neighbour_cache_entry;
struct neighbour_cache_cell;

struct neighbour_cache {
	pthread_mutex_t lock;
	const struct neighbour_cache_ops *ops;
	void *data;
	struct next_hop_table *hops;
	struct neighbour_cache_entry *entries; /* as many as next hops */
	struct neighbour_cache_order lists[NEIGHBOUR_CACHE_LIST_COUNT];
	uint32_t reserve; /* entries that are kept free */
	uint32_t used;    /* no entry from here on has ever been one */
	struct heap due;
	uint64_t sweep_at;
	struct neighbour_cache_cell *cells; /* of packets that wait */
	uint32_t free_cell;
	uint64_t random;
	struct neighbour_cache_counts counts;
};

/* For the entries of `hops` that are neighbours; the table must outlive it. */
void neighbour_cache_init(struct neighbour_cache *cache, struct next_hop_table *hops,
	const struct neighbour_cache_ops *ops, void *data);
/* Drops what waits. */
void neighbour_cache_clear(struct neighbour_cache *cache);

/* The entry of this neighbour, made if need be, which stays until it is unpinned as often. NEXT_HOP_NONE
 * when there is no entry left. */
uint32_t neighbour_cache_pin(
	struct neighbour_cache *cache, uint8_t port, const struct address *address);
/* Once more, of an entry that is pinned. The next hops that are no neighbours need none of this, and
 * bear it. */
void neighbour_cache_hold(struct neighbour_cache *cache, uint32_t next_hop);
void neighbour_cache_unpin(struct neighbour_cache *cache, uint32_t next_hop);

/* The rest is the attendant's. */

/* Takes a packet for this neighbour: sent, held or dropped. */
void neighbour_cache_send(struct neighbour_cache *cache, uint8_t port,
	const struct address *address, void *packet, uint64_t now);

/* Something was heard of a neighbour. `make`: an entry, if there is none, for he will be answered. */
void neighbour_cache_hear(struct neighbour_cache *cache, uint8_t port,
	const struct address *address, const struct neighbour_event *event, bool make,
	uint64_t now);

/* What is due; returns when it wants to be called again, at the latest. */
uint64_t neighbour_cache_turn(struct neighbour_cache *cache, uint64_t now);

/* For whoever shows them; any thread. */
struct neighbour_cache_counts neighbour_cache_counts(struct neighbour_cache *cache);
const char *neighbour_cache_drop_name(enum neighbour_cache_drop drop);
