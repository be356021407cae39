// SPDX-License-Identifier: GPL-2.0-or-later
/* Routes of others, watched: whether there is one to a prefix in a table of this network namespace, at once when that changes.
 *
 * For any process: it wants no right. Its own socket; the tables are read where they are in doubt (route_list.h), which takes
 * at most a fifth of the time, and a socket filter keeps away what has no length of prefix that is asked for. */
#pragma once

#include "base/error.h"
#include "base/loop.h"
#include "vrrp/route_list.h"

struct vrrp_route_watch;

struct vrrp_route_watch_options {
	struct loop *loop;
	void (*changed)(void *data); /* some states are others now; must not free it */
	void *data;
};

struct vrrp_route_watch_counters {
	uint64_t heard;    /* messages */
	uint64_t readings; /* of a table, begun */
	uint64_t overruns; /* the kernel dropped messages */
	uint64_t malformed;
};

/* -errno with words. */
int vrrp_route_watch_new(const struct vrrp_route_watch_options *options,
	struct vrrp_route_watch **ret, struct error *error);
/* NULL is allowed; returns NULL. */
struct vrrp_route_watch *vrrp_route_watch_free(struct vrrp_route_watch *watch);

/* These from now on, in any order; copied. What is known of those that were watched before stays. */
void vrrp_route_watch_set(
	struct vrrp_route_watch *watch, const struct vrrp_route_key *keys, size_t count);
/* VRRP_ROUTE_UNKNOWN: its table was not read yet. */
enum vrrp_route_state vrrp_route_watch_state(
	const struct vrrp_route_watch *watch, const struct vrrp_route_key *key);

struct vrrp_route_watch_counters vrrp_route_watch_counters(const struct vrrp_route_watch *watch);
