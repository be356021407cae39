// SPDX-License-Identifier: GPL-2.0-or-later
/* The flows of one worker: where an established connection is found.
 *
 * A flow is one direction of a connection, in one cache line: key, state, and all that forwarding a
 * packet of it needs beside its destination's slot (slot.h). A connection of `direct` or `tunnel`
 * has the direction of its requests only; one of `nat` has two, each the other's `peer`. State,
 * expiry and the place in the wheel (expiry.h) are those of the request's flow.
 *
 * The table is an array of lines. The first `heads` of them are found by hash; what collides is
 * chained behind its head, in the lines after them. No line moves while its flow lives, so an index
 * is good until the flow is removed. A head that is removed before its chain is an empty line that
 * keeps its `next`.
 *
 * The hash is NH (RFC 4418 §5.2.2 describes the family) over 64-bit words with random keys: whoever
 * chooses ports and addresses cannot choose collisions. A table belongs to its worker: nothing in it
 * is atomic, and only that worker reads or writes it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"

/* No flow; no line. */
#define FLOW_NONE UINT32_MAX

/* As on the wire in this direction. Bytes of an IPv4 address past the fourth are zero, and so is
 * `zero`: keys are compared as five words. */
struct flow_key {
	uint8_t source[16], destination[16]; /* network order */
	uint16_t source_port,
		destination_port; /* network order; both the identifier of an ICMP query */
	uint8_t protocol;         /* IPPROTO_… */
	uint8_t family;           /* AF_INET or AF_INET6 */
	uint16_t zero;
} __attribute__((aligned(8)));

enum flow_kind {
	FLOW_KIND_FREE,
	FLOW_KIND_REQUEST, /* from the client */
	FLOW_KIND_REPLY,   /* from the destination, of `nat` */
};

/* Bits of flow.flags, of a request's flow. */
enum flow_flag {
	FLOW_FLAG_ACTIVE = 1 << 0,     /* counted in slot_counts.active; else in .inactive */
	FLOW_FLAG_REPLIED = 1 << 1,    /* something came back */
	FLOW_FLAG_PERSISTENT = 1 << 2, /* of a persistent service: its client's template lives on */
};

struct flow {
	struct flow_key key;
	uint32_t next; /* of the chain, or FLOW_NONE */
	uint32_t peer; /* the other direction, or FLOW_NONE */
	uint32_t slot; /* of the destination */
	union {
		struct {
			uint32_t expires;     /* in ticks of expiry.h */
			uint32_t wheel_place; /* expiry.h's own */
		} request;
		struct {
			uint32_t next_hop;      /* where the client was, last … */
			uint32_t route_version; /* … by this state of the routes */
		} reply;
	};
	uint16_t incarnation; /* of the slot, when the connection was made */
	uint8_t kind : 2;     /* enum flow_kind */
	uint8_t flags : 6;    /* enum flow_flag */
	uint8_t state;        /* enum transport_state, of a request's flow */
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct flow_key) == 40, "five words are compared");
_Static_assert(sizeof(struct flow) == 64, "a flow is one cache line");

/* Starts zeroed. */
struct flow_table {
	struct flow *lines;
	uint32_t heads;        /* lines that are found by hash; the chained ones follow */
	uint32_t line_count;   /* of all */
	uint32_t free;         /* first free chained line, linked by `next` */
	uint32_t used;         /* flows */
	uint32_t limit;        /* flows, at most */
	uint64_t hash_keys[6]; /* random */
};

/* Bytes of a table for so many flows. */
size_t flow_table_size(uint32_t flows);

/* Room for `flows` of them. The memory is reserved and touched here, so it lies where the calling
 * worker runs; nothing is allocated later. -ENOMEM with words. */
int flow_table_init(struct flow_table *table, uint32_t flows, struct error *error);
void flow_table_clear(struct flow_table *table);

/* Word by word: an array of them would be copied to the stack first. */
static inline uint64_t flow_key_word(const struct flow_key *key, unsigned int place)
{
	uint64_t word;

	memcpy(&word, (const uint8_t *)key + place * sizeof(word), sizeof(word));
	return word;
}

static inline uint32_t flow_hash(const struct flow_table *table, const struct flow_key *key)
{
	const uint64_t *random = table->hash_keys;
	uint64_t sum;
	unsigned __int128 product;

	product = (unsigned __int128)(flow_key_word(key, 0) + random[0]) *
			  (flow_key_word(key, 1) + random[1]) +
		  (unsigned __int128)(flow_key_word(key, 2) + random[2]) *
			  (flow_key_word(key, 3) + random[3]) +
		  (unsigned __int128)flow_key_word(key, 4) * (random[4] | 1);
	sum = (uint64_t)product ^ (uint64_t)(product >> 64);
	/* The high half of an odd product depends on every bit of the sum. */
	return (uint32_t)((sum * (random[5] | 1)) >> 32);
}

static inline uint32_t flow_head(const struct flow_table *table, uint32_t hash)
{
	return (uint32_t)(((uint64_t)hash * table->heads) >> 32);
}

static inline bool flow_key_equal(const struct flow_key *a, const struct flow_key *b)
{
	return !((flow_key_word(a, 0) ^ flow_key_word(b, 0)) |
		 (flow_key_word(a, 1) ^ flow_key_word(b, 1)) |
		 (flow_key_word(a, 2) ^ flow_key_word(b, 2)) |
		 (flow_key_word(a, 3) ^ flow_key_word(b, 3)) |
		 (flow_key_word(a, 4) ^ flow_key_word(b, 4)));
}

/* Asks for the line that flow_find_head() looks at. */
static inline void flow_prefetch(const struct flow_table *table, uint32_t hash)
{
	__builtin_prefetch(&table->lines[flow_head(table, hash)]);
}

/* Asks for the first line behind the head, which flow_prefetch() has asked for. */
static inline void flow_prefetch_chain(const struct flow_table *table, uint32_t hash)
{
	uint32_t next = table->lines[flow_head(table, hash)].next;

	if (next != FLOW_NONE)
		__builtin_prefetch(&table->lines[next]);
}

/* The flow of this key, or FLOW_NONE, in two steps: the head, then its chain, whose first line the
 * first step asks for. In a batch each step is a loop of its own, so that all misses overlap: that
 * saves nearly half of the time of a large table. An empty head has a key that no packet has (family 0). */
static inline uint32_t flow_find_head(
	const struct flow_table *table, const struct flow_key *key, uint32_t hash)
{
	uint32_t at = flow_head(table, hash);
	const struct flow *flow = &table->lines[at];

	if (__builtin_expect(flow_key_equal(&flow->key, key), 1))
		return at;
	if (flow->next != FLOW_NONE)
		__builtin_prefetch(&table->lines[flow->next]);
	return FLOW_NONE;
}

/* Of a key that flow_find_head() has not found. */
static inline uint32_t flow_find_chained(
	const struct flow_table *table, const struct flow_key *key, uint32_t hash)
{
	uint32_t at = table->lines[flow_head(table, hash)].next;

	while (at != FLOW_NONE && !flow_key_equal(&table->lines[at].key, key))
		at = table->lines[at].next;
	return at;
}

/* Both steps at once. */
static inline uint32_t flow_find(
	const struct flow_table *table, const struct flow_key *key, uint32_t hash)
{
	uint32_t at = flow_find_head(table, key, hash);

	return at != FLOW_NONE ? at : flow_find_chained(table, key, hash);
}

static inline struct flow *flow_at(const struct flow_table *table, uint32_t index)
{
	return &table->lines[index];
}

static inline uint32_t flow_index(const struct flow_table *table, const struct flow *flow)
{
	return (uint32_t)(flow - table->lines);
}

/* A new flow of a key that is not there: zeroed but for key, kind, next and peer (FLOW_NONE).
 * FLOW_NONE when the limit is reached or no chained line is free; nothing has changed then. */
uint32_t flow_insert(
	struct flow_table *table, const struct flow_key *key, uint32_t hash, enum flow_kind kind);

/* Ends a flow; its peer is the caller's, and a request's flow has left the wheel before. */
void flow_remove(struct flow_table *table, uint32_t index);

/* Lines that flow_find_half_open() looks at. */
#define FLOW_LOOK 8

/* When the table is full: a request's flow whose handshake is not over, from FLOW_LOOK lines near
 * where `hash` belongs, the one that is nearest to its end; or FLOW_NONE. Its end is the caller's:
 * expiry_remove(), its peer, flow_remove(). */
uint32_t flow_find_half_open(const struct flow_table *table, uint32_t hash);
