// SPDX-License-Identifier: GPL-2.0-or-later
/* Destinations as connections know them: stable places that outlive generations.
 *
 * A slot is one destination of one service while connections of it live. Connections and per-worker
 * counters hold its index and its incarnation. What a slot says of address, port and method never
 * changes in one incarnation: a destination whose method changes gets another slot, and the old one
 * drains. The main thread alone gives slots out and takes them back; workers read them. A slot is
 * given again only after every worker has passed a quiescent state (generation.h), in the order in
 * which slots came free, with the next incarnation: whatever still refers to the old one is told
 * apart by that number. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/state.h"

#define SLOT_NONE UINT32_MAX

enum slot_state {
	SLOT_STATE_FREE,
	SLOT_STATE_LIVE, /* in the current generation, or draining: its connections are forwarded */
	SLOT_STATE_DEAD, /* deleted at once: its connections end at their next packet or visit */
};

/* Immutable while it is not free, but for what is _Atomic. Ports in network order. */
struct slot {
	/* What a request needs. */
	uint8_t address[16]; /* of the destination */
	uint8_t local[16];   /* the outer source of a tunnel */
	uint16_t port;       /* 0: the packet's own */
	_Atomic uint16_t incarnation;
	_Atomic uint8_t state; /* enum slot_state */
	uint8_t family;        /* of `address`: AF_INET or AF_INET6 */
	uint8_t method;        /* enum forward_method */
	uint8_t tunnel_type;   /* enum tunnel_type */
	uint8_t tunnel_checksum;
	uint8_t overhead; /* bytes that a tunnel puts before the packet */
	uint16_t tunnel_port;
	_Atomic uint32_t next_hop; /* next_hop.h; NEXT_HOP_NONE: no route */
	uint32_t service;          /* place of the service's turns and counters (service_image) */
	uint8_t pad[12];
	/* What a reply needs. */
	uint8_t virtual_address[16];
	uint16_t virtual_port; /* 0: the packet's own */
	uint8_t virtual_family;
	uint8_t pad2[45];
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct slot) == 128, "a slot is two cache lines");

/* What one worker counts of one slot: written by that worker alone, read by others as it comes.
 * A worker that finds another incarnation here begins from zero. */
struct slot_counts {
	_Atomic uint64_t connections; /* made */
	_Atomic uint64_t packets_in, bytes_in, packets_out, bytes_out;
	_Atomic uint32_t active, inactive;
	_Atomic uint16_t incarnation;
	/* The first worker's alone, and written by all of them, seldom: the incarnation that has reached
	 * its upper threshold and is not below the lower one yet (scheduler_taken()). */
	_Atomic uint16_t full;
} __attribute__((aligned(64)));

/* One is the process's, made once. */
struct slot_table {
	struct slot *slots;
	uint32_t count;
	/* Of the main thread: a ring of free ones, the longest free first. */
	uint32_t *free;
	uint32_t free_first, free_count;
};

/* `count` free slots. -ENOMEM with words. */
int slot_table_init(struct slot_table *table, uint32_t count, struct error *error);
void slot_table_clear(struct slot_table *table);

/* A free slot for a destination of a service, LIVE, with its incarnation moved on, never to 0;
 * next_hop is NEXT_HOP_NONE, and `local` is left to who knows the routes. SLOT_NONE when there is
 * none. */
uint32_t slot_take(struct slot_table *table, const struct service_key *service,
	uint32_t service_place, const struct destination_key *key,
	const struct destination_attributes *attributes);

/* Its connections end from now on. */
void slot_kill(struct slot_table *table, uint32_t index);
/* It may be given again: no generation has it, and a grace period has passed since the last one
 * that did. */
void slot_free(struct slot_table *table, uint32_t index);

/* The state first: a slot that is given again has its new incarnation before it lives. */
static inline bool slot_is_alive(const struct slot *slot, uint16_t incarnation)
{
	return atomic_load_explicit(&slot->state, memory_order_acquire) == SLOT_STATE_LIVE &&
	       atomic_load_explicit(&slot->incarnation, memory_order_relaxed) == incarnation;
}
