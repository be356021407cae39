// SPDX-License-Identifier: GPL-2.0-or-later
/* Sync groups: virtual routers of one machine that are active together or not at all. Pure, as the routers are.
 *
 *  - Nobody runs before everybody can (started, interface up); one that no longer can takes the others along.
 *  - They become active when the time of every one has come: one that still hears an active router keeps all back.
 *  - They become backup with the first that hears a better router; the others resign, while all have a lease.
 *  - They share the lowest of their priorities, and the first member alone decides between equal ones: otherwise two machines
 *    of which each is the better one in one router would yield to each other for ever. So the order of the members must be
 *    the same on every machine: family, then VRID.
 *  - The lease of a group is the one of its members' that ends first: to resume, and for who removes the addresses of a
 *    process that does not come back. */
#pragma once

#include "vrrp/fsm.h"

struct vrrp_member {
	struct vrrp_router *router;
	uint8_t priority;            /* its own; the router has the group's */
	struct vrrp_actions actions; /* of the last event of any member */
};

/* A group of one is a router without a group. */
struct vrrp_group {
	struct vrrp_member *members; /* of the caller, and the routers too */
	size_t count;
};

/* After vrrp_router_init() of each. */
void vrrp_group_init(struct vrrp_group *group);

/* Instead, where members may be running: they have come together from other groups, or others have left. `priority` of each
 * member is its own. Who runs goes on, unless now somebody who cannot run keeps the group back. One that comes to a group
 * that is active listens first, as any that begins, and the others go on meanwhile: when its time comes it is active as they
 * are, and when it hears somebody whom it obeys or bears, they all become backup. What is to be done is in each member's `actions`. */
void vrrp_group_regroup(struct vrrp_group *group, uint64_t now);

/* As vrrp_router_handle(), for member `index`; what is to be done is in each member's `actions`. */
void vrrp_group_handle(
	struct vrrp_group *group, size_t index, const struct vrrp_event *event, uint64_t now);
