// SPDX-License-Identifier: GPL-2.0-or-later
/* The attendant: one thread for all that is not established traffic.
 *
 * It takes what the workers put into their rings for it, and what the kernel sends by exception ports; it
 * answers ARP, neighbour discovery and echoes for the ports' own addresses, finds out where neighbours are
 * and holds packets meanwhile, makes ICMP errors at a bounded rate, makes fragments whole and packets
 * fragments, and passes the rest between the ports and the kernel. What is to be sent goes back through
 * a ring to a worker. It sleeps when there is nothing to do, and is woken by dataplane.bell.
 *
 * It also owns what main decides about ways: next hops and routes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "backends/dpdk/dataplane/dataplane.h"
#include "backends/dpdk/dataplane/neighbour_cache.h"
#include "backends/dpdk/dataplane/reassembly.h"
#include "backends/dpdk/dataplane/route.h"
#include "base/error.h"

struct attendant;

/* Everything but the thread, after dataplane_open(): next hops, the routes of the settings, exception ports
 * (without carrier), silenced interfaces. -errno with words. */
int attendant_open(struct attendant **ret, struct dataplane *plane,
	const struct dataplane_settings *settings, struct error *error);
/* After dataplane_stop() and attendant_stop(), before dataplane_close(). NULL is allowed; returns NULL. */
struct attendant *attendant_close(struct attendant *attendant);

int attendant_start(struct attendant *attendant, struct error *error);
/* Ends the thread and waits for it, before the workers end. */
void attendant_stop(struct attendant *attendant);

/* One turn at this time of CLOCK_BOOTTIME, in nanoseconds, for whoever drives it by hand; how many packets it
 * had. */
unsigned int attendant_turn(struct attendant *attendant, uint64_t now);

/* The rest is main's. */

/* These routes and addresses from now on, for the slots that are there too. As route_table_set(). */
int attendant_set_routes(
	struct attendant *attendant, const struct route_plan *list, struct error *error);
/* Each second: frees what was replaced, once it may be. Whether something is left to do. */
bool attendant_tidy(struct attendant *attendant);

/* A slot has a destination now; it has none any longer. As registry.h calls them: data is the attendant. */
void attendant_slot_taken(void *data, uint32_t slot);
void attendant_slot_freed(void *data, uint32_t slot);

/* Of the exception port of this port, if it has one: soon. What cannot be is logged by attendant_tidy(). */
void attendant_set_carrier(struct attendant *attendant, unsigned int port, bool up);

struct attendant_counts {
	struct neighbour_cache_counts neighbours;
	struct reassembly_counts fragments;
	uint64_t to_kernel, from_kernel, answers, errors;
};

/* Any thread; as they come. */
void attendant_count(struct attendant *attendant, struct attendant_counts *ret);
