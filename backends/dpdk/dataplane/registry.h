// SPDX-License-Identifier: GPL-2.0-or-later
/* What is in force, and what is on its way out.
 *
 * The registry carries transactions through: it publishes the new generation, ends what was deleted,
 * and lets go of the old when no worker can see it any more.
 *
 *	in force     the ledger and its generation
 *	grace        a generation that was replaced, with the slots of deleted destinations and the
 *	             places of deleted services, until every worker has passed a quiescent state
 *	draining     slots whose destination has another now (its method changed), until no worker counts
 *	             a connection in them. They end with their destination, if that is deleted before
 *
 * A destination's counters are the sum over its slots and those that drain for it, and outlive them.
 * Of the main thread. It knows no DPDK: what it needs of the forwarder are the functions below. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/dpdk/dataplane/ledger.h"
#include "backends/dpdk/dataplane/scheduler.h"
#include "backends/dpdk/dataplane/slot.h"
#include "base/error.h"
#include "model/plan.h"

/* Generations that wait for their grace period, at most: beyond, nothing is committed. */
#define REGISTRY_GRACES_MOST 64

/* The forwarder. */
struct registry_plane {
	/* Makes it the one in force, and gives the one before, which is the registry's from then on. */
	struct generation *(*publish)(void *data, struct generation *generation);
	/* A grace period that begins now; whether it is over. */
	uint64_t (*grace_begin)(void *data);
	bool (*grace_is_over)(void *data, uint64_t token);
	/* Optional. These addresses and routes are in force from now on, before slots are taken: -errno with
	 * words when they cannot be, and nothing has changed. */
	int (*set_ways)(void *data, const struct ways *ways, struct error *error);
	/* Optional. Another destination, another service has it from the next generation on; nobody uses
	 * it. */
	void (*slot_taken)(void *data, uint32_t slot);
	void (*place_taken)(void *data, uint32_t place);
	/* Optional. How many clients persist to a slot. */
	uint32_t (*templates)(void *data, uint32_t slot, uint16_t incarnation);
	/* Optional. Nobody uses it any more. */
	void (*slot_freed)(void *data, uint32_t slot);
	void *data;
};

struct registry_options {
	struct registry_plane plane;
	struct slot_table *slots;             /* the process's */
	const struct scheduler_view *view;    /* the workers' counts */
	uint32_t services;                    /* places for them */
	const struct data_port_vector *ports; /* sorted by name; NULL: none */
	struct ways *ways; /* in force already; its reference is taken over. NULL: none are */
};

struct registry;

/* An empty one: the generation in force is empty, and has the number 0. The options are copied, what
 * they point to must outlive it. */
struct registry *registry_new(const struct registry_options *options);
/* Workers do not run any more. The generation in force stays the plane's. NULL is allowed; returns
 * NULL. */
struct registry *registry_free(struct registry *registry);

struct registry_result {
	uint64_t generation; /* in force afterwards */
	uint64_t token;      /* registry_is_seen(); 0: nothing had to change */
	size_t failed;       /* the operation at fault, or TRANSACTION_WHOLE */
};

/* All operations, or none: -errno with words. -EBUSY when too many generations wait already. */
int registry_apply(struct registry *registry, const struct plan_op *ops, size_t count,
	struct registry_result *result, struct error *error);

/* Whether every worker has taken up what was committed with this token, and what it replaced is gone. */
bool registry_is_seen(const struct registry *registry, uint64_t token);

/* Lets go of what has had its grace period. True: something waits for one still; within a millisecond
 * is soon enough. */
bool registry_turn(struct registry *registry);
/* Lets go of the slots that have drained. True: some have not; within a second is soon enough. */
bool registry_drain(struct registry *registry);

/* Borrowed until the next registry_apply(); ledger_ref() keeps it. */
struct ledger *registry_ledger(const struct registry *registry);

/* What it was started with. */
const struct data_port_vector *registry_ports(const struct registry *registry);

/* Counters as they are now; zero for what has gone since the ledger was made. Rates are of the time
 * since they were last asked for, a second at least; `now` is CLOCK_BOOTTIME in ns. */
void registry_count_destination(struct registry *registry,
	const struct ledger_destination *destination, uint64_t now, struct destination_counts *ret);
/* Of all its destinations, those that are gone too. */
void registry_count_service(struct registry *registry, const struct ledger_service *service,
	uint64_t now, struct traffic *ret);

/* What is there, for figures. */
struct registry_totals {
	uint32_t services, destinations;
	uint32_t slots_free, places_free;
	uint32_t draining; /* slots */
	uint32_t graces;
};

void registry_total(const struct registry *registry, struct registry_totals *ret);
