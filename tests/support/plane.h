// SPDX-License-Identifier: GPL-2.0-or-later
/* A forwarder without packets, for tests of what configures it: slots, workers that only have counts, and a
 * grace period that is over at once, or when the test says so. */
#pragma once

#include "backends/dpdk/dataplane/control_plane.h"
#include "backends/dpdk/dataplane/registry.h"

#define PLANE_WORKERS 2

struct plane {
	struct slot_table slots;
	struct slot_counts *counts[PLANE_WORKERS];
	struct scheduler_view view;
	struct generation *generation; /* in force */
	struct registry *registry;
	uint64_t graces, over; /* begun; over while `held` */
	bool held;             /* grace periods do not end */
	uint64_t grace_ns;     /* they take so long, from the last beginning on */
	uint64_t grace_began;
	unsigned int grace_asks,
		asked; /* they are over when that was asked so often, from then on */
	size_t slots_taken, slots_freed, places_taken;
	struct data_port_vector ports; /* lan, wan */
	const struct ways *ways;       /* in force; only to be compared with */
	size_t ways_set;
	bool refuses_ways;
};

void plane_open(struct plane *plane, uint32_t slots, uint32_t services);
void plane_close(struct plane *plane);

/* What a worker would count: `connections` made, of which so many are there. */
void plane_count(struct plane *plane, unsigned int worker, uint32_t slot, uint64_t connections,
	uint32_t active, uint32_t inactive);

/* Keys from texts that must be right, and operations on them: a service with a full mask, a destination of weight 1. */
struct service_key plane_service_key(const char *listen);
struct destination_key plane_destination_key(const char *text);
struct plan_op plane_service_op(enum plan_verb verb, const char *listen, const char *scheduler);
struct plan_op plane_destination_op(
	enum plan_verb verb, const char *listen, const char *text, enum forward_method method);

/* A server of the plane's registry in a process of its own; it is there when this returns. Ended by
 * plane_end_server(). */
struct plane_server_options {
	const char *path;
	uint32_t slots, services;
	uint64_t stall_ns;       /* 0, or another time than CONTROL_STALL_NS */
	uint64_t grace_ns;       /* how long workers take; 0: they are there at once … */
	unsigned int grace_asks; /* … or when that was asked so often */
	/* It counts as a forwarder would, instead of a thousand things; a packet more each time it is asked. */
	bool few_figures;
};

pid_t plane_start_server(const struct plane_server_options *options);
void plane_end_server(pid_t server);
