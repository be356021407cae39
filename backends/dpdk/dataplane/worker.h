// SPDX-License-Identifier: GPL-2.0-or-later
/* A worker: one core that takes packets from its ports' queues to where they go, without waiting.
 *
 * worker_turn() is all of it: what came in on each port and each ring, in bursts, run to completion
 * by the stages of worker.c; then what has expired, and one report to RCU. Whoever drives a worker by
 * hand (tests, benchmarks) calls it with a time of his own.
 *
 * What belongs to a worker is written by it alone. Counters are read by others as they come. */
#pragma once

#include <rte_mbuf.h>
#include <rte_ring.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "backends/dpdk/dataplane/dataplane.h"
#include "backends/dpdk/dataplane/expiry.h"
#include "backends/dpdk/dataplane/flow.h"
#include "backends/dpdk/dataplane/note.h"

#define WORKER_BURST 32

struct worker_counters {
	_Atomic uint64_t packets;     /* that came, from ports and the attendant */
	_Atomic uint64_t forwarded;   /* to a destination or a client */
	_Atomic uint64_t handed_over; /* to the worker that owns the connection */
	_Atomic uint64_t connections; /* made */
	_Atomic uint64_t flows;       /* there are now */
	_Atomic uint64_t turns, busy_turns;
	_Atomic uint64_t drops[DROP_REASON_COUNT];
} __attribute__((aligned(64)));

/* One port as this worker has it: what waits to be sent by it. */
struct worker_port {
	uint16_t id, count;
	bool receives; /* it has a queue of this worker's number */
	struct rte_mbuf *waiting[2 * WORKER_BURST];
};

struct worker {
	struct dataplane *plane;
	unsigned int index;
	uint32_t now; /* tick of this turn (expiry.h) */
	struct flow_table flows;
	struct expiry_wheel wheel;
	struct slot_counts *counts;   /* at a slot's index */
	struct scheduler_turn *turns; /* at a service's place */
	struct worker_port ports[SETTINGS_PORTS_MOST];
	struct rte_ring *from_workers[SETTINGS_WORKERS_MOST]; /* NULL: itself */
	struct rte_ring *from_attendant;
	struct rte_ring *to_attendant;
	bool rang; /* something was put into to_attendant in this turn */
	uint64_t tick_next,
		tick_cycles;          /* when `now` moves on, and by how many cycles of the TSC */
	uint16_t identification;      /* of the next outer IPv4 header */
	size_t count_size, turn_size; /* bytes of these tables */
	struct worker_counters counters;
	_Atomic int clock; /* clockid_t of its thread's CPU time; 0: it does not run */
};

/* Its tables, on the calling thread's node. -errno with words. */
int worker_open(struct worker **ret, struct dataplane *plane, unsigned int index,
	const struct dataplane_settings *settings, struct error *error);
/* NULL is allowed. */
void worker_close(struct worker *worker);

/* One turn at this time of the TSC. The number of packets that it had. */
unsigned int worker_turn(struct worker *worker, uint64_t cycles);

/* Turns until dataplane.stop: the function of an EAL core; data is the worker. */
int worker_run(void *data);
