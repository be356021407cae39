// SPDX-License-Identifier: GPL-2.0-or-later
/* Next hops: the neighbours that frames are sent to, as one word each.
 *
 * A next hop is a neighbour (port, address) with a stable index. All that a worker needs of it is one
 * atomic word: the link address, the port, and whether it is known. Entries are made and changed by
 * who holds the lock of the neighbours (neighbour_cache.h): the attendant, which resolves, ages and
 * holds packets, and the main thread, which asks for those of routes and slots. Workers read, and
 * hand a packet whose next hop is not known to the attendant.
 *
 * Routes (route.h) and slots refer to next hops by index. The first 2 * NEXT_HOP_PORTS are no
 * neighbours: one for each port that is this machine itself, and one that stands for any neighbour
 * of the port that has no entry yet.
 *
 * An index that somebody keeps may come to mean another neighbour, or another one may be the better
 * way: `version` moves on then. Who reads the version, then looks up, may keep both and use the index
 * for as long as the version is the same. An entry that is taken out is given again only after a
 * grace period, so an index is good until the worker's next quiescent state in any case. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/address.h"

#define NEXT_HOP_NONE UINT32_MAX

/* Ports, at most; entries, at most (what a route can hold). */
#define NEXT_HOP_PORTS 64u
#define NEXT_HOP_MOST  (1u << 20)

enum next_hop_state {
	NEXT_HOP_STATE_FREE,
	NEXT_HOP_STATE_UNKNOWN, /* to be resolved: its packets go to the attendant */
	NEXT_HOP_STATE_KNOWN,
	NEXT_HOP_STATE_LOCAL, /* this machine's: its packets go to the exception port */
};

/* The word: bits 0 to 47 the link address as it lies in memory (little-endian machines), 48 to 55
 * the port, 56 to 63 enum next_hop_state. */
static inline uint64_t next_hop_word(
	enum next_hop_state state, uint8_t port, const uint8_t link[static 6])
{
	uint64_t word = (uint64_t)state << 56 | (uint64_t)port << 48;

	memcpy(&word, link, 6);
	return word;
}

static inline enum next_hop_state next_hop_word_state(uint64_t word)
{
	return (enum next_hop_state)(word >> 56);
}

static inline uint8_t next_hop_word_port(uint64_t word)
{
	return (uint8_t)(word >> 48);
}

struct next_hop {
	_Atomic uint64_t word;
	/* Set by a worker that sent something there, cleared by the attendant: whether it is worth asking
	 * again when it has aged. */
	_Atomic uint8_t used;
};

/* Who it is. Immutable while it can be found. */
struct next_hop_key {
	uint8_t address[16]; /* network order; past the family's size zero */
	uint8_t family;      /* AF_INET or AF_INET6 */
	uint8_t port;
	_Atomic uint32_t chain; /* the next of its bucket, or NEXT_HOP_NONE */
};

#define NEXT_HOP_HASH_WORDS 5

struct next_hop_table {
	struct next_hop *hops;
	uint32_t count;
	_Atomic uint32_t version;
	struct next_hop_key *keys;
	_Atomic uint32_t *buckets; /* first of each chain, or NEXT_HOP_NONE */
	uint32_t bucket_mask;
	uint32_t hash_keys[NEXT_HOP_HASH_WORDS + 1];
};

/* This machine itself, by a port: its word is NEXT_HOP_STATE_LOCAL. */
static inline uint32_t next_hop_local(uint8_t port)
{
	return port;
}

/* Some neighbour of a port that has no entry: its word is NEXT_HOP_STATE_UNKNOWN, always. */
static inline uint32_t next_hop_unknown(uint8_t port)
{
	return NEXT_HOP_PORTS + port;
}

/* Whether it is worth keeping with the version: what stands for any neighbour is not. */
static inline bool next_hop_may_be_kept(uint32_t index)
{
	return index < NEXT_HOP_PORTS || index >= 2 * NEXT_HOP_PORTS;
}

static inline uint64_t next_hop_load(const struct next_hop_table *table, uint32_t index)
{
	return atomic_load_explicit(&table->hops[index].word, memory_order_relaxed);
}

static inline uint32_t next_hop_version(const struct next_hop_table *table)
{
	return atomic_load_explicit(&table->version, memory_order_acquire);
}

/* Says that something was sent there; writes the line only when nobody has said so yet. */
static inline void next_hop_use(const struct next_hop_table *table, uint32_t index)
{
	_Atomic uint8_t *used = &table->hops[index].used;

	if (!atomic_load_explicit(used, memory_order_relaxed))
		atomic_store_explicit(used, 1, memory_order_relaxed);
}

/* NH over 32-bit words with random keys, as flow_hash(). */
static inline uint32_t next_hop_hash(const struct next_hop_table *table, uint8_t port,
	uint8_t family, const uint8_t address[static 16])
{
	const uint32_t *random = table->hash_keys;
	uint32_t words[4];
	uint64_t sum;

	memcpy(words, address, sizeof(words));
	sum = (uint64_t)(uint32_t)(words[0] + random[0]) * (uint32_t)(words[1] + random[1]) +
	      (uint64_t)(uint32_t)(words[2] + random[2]) * (uint32_t)(words[3] + random[3]) +
	      (uint64_t)((uint32_t)(port << 8 | family) + random[4]) * random[5];
	return (uint32_t)((sum * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

/* The entry of this neighbour, or NEXT_HOP_NONE. The address is 16 bytes, padded with zeros. For any
 * thread; a worker's answer is good until its next quiescent state. */
static inline uint32_t next_hop_find(const struct next_hop_table *table, uint8_t port,
	uint8_t family, const uint8_t address[static 16])
{
	uint32_t bucket = next_hop_hash(table, port, family, address) & table->bucket_mask;
	uint32_t at = atomic_load_explicit(&table->buckets[bucket], memory_order_acquire);

	while (at != NEXT_HOP_NONE) {
		const struct next_hop_key *key = &table->keys[at];

		if (memcmp(key->address, address, sizeof(key->address)) == 0 && key->port == port &&
			key->family == family)
			return at;
		at = atomic_load_explicit(&key->chain, memory_order_acquire);
	}
	return NEXT_HOP_NONE;
}

/* The rest is of who holds the lock of the neighbours. */

/* `count` entries, the first of them as said above: more than 2 * NEXT_HOP_PORTS, at most
 * NEXT_HOP_MOST. -EINVAL. */
int next_hop_table_init(struct next_hop_table *table, uint32_t count);
void next_hop_table_clear(struct next_hop_table *table);

/* Makes a free entry one that can be found, NEXT_HOP_STATE_UNKNOWN. */
void next_hop_insert(
	struct next_hop_table *table, uint32_t index, uint8_t port, const struct address *address);
/* It is found no longer, and the version moves on. Its word stays until next_hop_free(), which is
 * for after the grace period. */
void next_hop_remove(struct next_hop_table *table, uint32_t index);
void next_hop_free(struct next_hop_table *table, uint32_t index);

/* link: NULL: it is not known. */
void next_hop_publish(struct next_hop_table *table, uint32_t index, const uint8_t *link);

/* Whether it was used since the last time that this was asked. */
bool next_hop_take_used(struct next_hop_table *table, uint32_t index);

/* Other ways are better now: what was kept of lookups is void. */
void next_hop_move_version(struct next_hop_table *table);
