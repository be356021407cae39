// SPDX-License-Identifier: GPL-2.0-or-later
/* All that the threads of one forwarder share. There is one; everything else hangs on it.
 *
 *	workers    one for each core: receive, find, rewrite, send (worker.h)
 *	attendant  one thread: neighbours, fragments, ICMP, the exception port (attendant.h)
 *	main       the control socket: transactions, dumps, life and end (control_plane.h)
 *
 * Main makes the generation, slots and routes; the attendant makes next hops; workers make flows and
 * count. Nobody writes what is another's, and nobody waits for a worker but by the grace period. */
#pragma once

#include <rte_mbuf.h>
#include <rte_rcu_qsbr.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "backends/dpdk/dataplane/drop.h"
#include "backends/dpdk/dataplane/generation.h"
#include "backends/dpdk/dataplane/next_hop.h"
#include "backends/dpdk/dataplane/port.h"
#include "backends/dpdk/dataplane/scheduler.h"
#include "backends/dpdk/dataplane/settings.h"
#include "backends/dpdk/dataplane/slot.h"
#include "base/error.h"

struct worker;
struct route_table;
struct persistence;

/* An eventfd that is written only when its reader sleeps: the reader sets `asleep`, looks at its
 * rings once more, then waits. */
struct dataplane_bell {
	_Atomic uint32_t asleep;
	int fd; /* -1: nobody listens */
};

/* What the attendant drops; workers count their own. */
struct dataplane_drops {
	_Atomic uint64_t counts[DROP_REASON_COUNT];
} __attribute__((aligned(64)));

/* The next hop of an address (16 bytes, padded with zeros), or NEXT_HOP_NONE; good until the worker's
 * next quiescent state, and for as long as next_hop_version() is the same. */
typedef uint32_t dataplane_find_route(
	const struct route_table *routes, uint8_t family, const uint8_t address[static 16]);

struct dataplane {
	/* Read by workers. */
	_Atomic(struct generation *) generation; /* never NULL */
	struct slot_table slots;
	struct next_hop_table hops;
	struct route_table *routes;       /* route.h's … */
	dataplane_find_route *find_route; /* … and who looks into it; NULL: there are no routes */
	struct persistence *persistence;  /* persistence.h; NULL: none */
	struct port ports[SETTINGS_PORTS_MOST];
	unsigned int port_count;
	uint8_t port_of_device[RTE_MAX_ETHPORTS]; /* place in `ports` of DPDK's number */
	struct worker *workers[SETTINGS_WORKERS_MOST];
	unsigned int worker_count;
	struct scheduler_view view; /* all workers' counts of slots */
	struct transport_timeouts timeouts;
	enum settings_full when_full;
	bool clamp_mss;
	struct dataplane_bell bell; /* the attendant's */
	_Atomic bool stop;          /* workers are to end */
	uint64_t owner_keys[3];     /* random */
	uint64_t epoch;             /* of the TSC, when ticks began; 0: not yet */

	struct rte_mempool *pool;  /* all packets' buffers, with a struct note each */
	struct rte_mempool *whole; /* the attendant's, of packets that came in pieces; NULL: none */
	struct rte_rcu_qsbr
		*rcu; /* a worker's number is its thread's; the attendant's comes after them */
	struct dataplane_drops drops; /* the attendant's */
};

/* Bytes that EAL must have for what is made here. */
uint64_t dataplane_memory(const struct dataplane_settings *settings);

/* After EAL: pool, ports, slots, workers (not running yet), an empty generation. next_hop and route
 * tables are their modules' to fill in. -errno with words, and nothing is left. */
int dataplane_open(
	struct dataplane *plane, const struct dataplane_settings *settings, struct error *error);
/* No worker may run any more. */
void dataplane_close(struct dataplane *plane);

/* Runs every worker on an EAL core of its own and starts the ports; returns when all are ready. */
int dataplane_start(struct dataplane *plane, struct error *error);
/* Ends all workers and waits for them. */
void dataplane_stop(struct dataplane *plane);

/* Makes `generation` the one in force and gives the one before (the caller frees it when the grace
 * period is over). */
struct generation *dataplane_publish(struct dataplane *plane, struct generation *generation);

/* A grace period that begins now, and whether it is over: all workers have let go of whatever had
 * been taken out of sight before. Main's alone. Never waits. */
uint64_t dataplane_grace_begin(struct dataplane *plane);
bool dataplane_grace_is_over(struct dataplane *plane, uint64_t token);

/* The tick that it is now for the workers. */
uint32_t dataplane_tick(const struct dataplane *plane);

/* Of slots and places that are about to be given to others: nobody counts by them any more. */
void dataplane_place_taken(struct dataplane *plane, uint32_t place);

/* The port that a buffer came from. */
static inline const struct port *dataplane_port_of(
	const struct dataplane *plane, const struct rte_mbuf *buffer)
{
	return &plane->ports[plane->port_of_device[buffer->port]];
}

static inline uint32_t dataplane_route(
	const struct dataplane *plane, uint8_t family, const uint8_t address[static 16])
{
	return plane->find_route ? plane->find_route(plane->routes, family, address)
				 : NEXT_HOP_NONE;
}

/* Which worker owns the connections of this client: a hash with random keys, the same in all. */
static inline unsigned int dataplane_owner(
	const struct dataplane *plane, const uint8_t client[static 16])
{
	const uint64_t *random = plane->owner_keys;
	uint64_t words[2], sum;

	memcpy(words, client, sizeof(words));
	sum = (words[0] + random[0]) * random[1];
	sum = ((sum ^ sum >> 32) + words[1]) * random[2];
	return (unsigned int)(((sum >> 32) * plane->worker_count) >> 32);
}

/* Counters, as they are read at any time by any thread. */
struct dataplane_totals {
	uint64_t packets, forwarded, handed_over, connections, flows, turns, busy_turns;
	uint64_t drops[DROP_REASON_COUNT];
	uint64_t cpu_ns; /* that its thread has used; 0: it does not run */
};

void dataplane_count_worker(
	const struct dataplane *plane, unsigned int worker, struct dataplane_totals *ret);
/* Of the attendant: its drops alone. */
void dataplane_count_attendant(const struct dataplane *plane, struct dataplane_totals *ret);
