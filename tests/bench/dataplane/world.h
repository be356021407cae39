// SPDX-License-Identifier: GPL-2.0-or-later
/* A forwarder as the benchmark drives it: null ports, services put in by the registry as poised's would
 * be, neighbours that are known, turns by hand. */
#pragma once

#include "backends/dpdk/dataplane/dataplane.h"
#include "backends/dpdk/dataplane/registry.h"
#include "backends/dpdk/dataplane/worker.h"
#include "model/plan.h"
#include "tests/bench/dataplane/traffic.h"

struct world {
	struct dataplane_settings settings;
	struct dataplane plane;
	struct registry *registry;
	struct traffic_source traffic[2]; /* of each worker */
	const struct rte_eth_rxtx_callback *attached[2];
};

/* What services there are: `count` ports on one address, of `destinations` each. */
struct world_services {
	uint8_t family, protocol;
	enum forward_method method;
	const char *scheduler; /* NULL: rr */
	uint32_t count, destinations;
};

/* EAL, once for a process. Never fails but by ending it. */
void world_start_eal(void);

/* Any number, one after the other. */
void world_open(struct world *world, unsigned int workers, uint32_t connections);
void world_close(struct world *world);

/* Adds them, as one transaction. */
void world_add_services(struct world *world, const struct world_services *services);
/* Operations that give every destination (or every `step`th) another weight; for free(). */
struct plan_op *world_weigh(const struct world_services *services, uint32_t step, uint32_t before,
	uint32_t after, size_t *count);
/* Applies them; until it is seen by all workers when `wait`. */
void world_apply(struct world *world, const struct plan_op *ops, size_t count, bool wait);
/* The same of what has a fault at its end: all of the work, and nothing comes of it. */
void world_refuse(struct world *world, const struct plan_op *ops, size_t count);

/* Seconds of this thread's CPU. */
double world_cpu(void);

/* All packets that were dropped, by worker 0 and 1. */
uint64_t world_drops(const struct world *world);
/* What came of the packets, and why each was dropped that was, to stderr. */
void world_tell_drops(const struct world *world);

/* As if there had been none. */
void world_forget_drops(struct world *world);

_Noreturn void world_die(const char *format, ...) __attribute__((format(printf, 1, 2)));
