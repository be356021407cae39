// SPDX-License-Identifier: GPL-2.0-or-later
/* The interfaces of virtual MACs: a macvlan for each virtual router that has one.
 *
 * It is made once, when the router is set up, and stays while it is backup, without addresses and down: a take-over sets it up (an
 * object of kind VRRP_OBJECT_UP before the addresses) and makes nothing. What a router hears comes in on the parent.
 *
 * What an IPv4 macvlan needs of its parent is held in sysctls (sysctl.h): without it the parent answers ARP for the virtual addresses
 * with its own MAC, and spreads them with its own MAC when it asks for others'. Carried out by address.h, whose news tell of a
 * macvlan that cannot be made; those and every other news of it have the number vrrp_macvlans_number(). */
#pragma once

#include "vrrp/address.h"

struct vrrp_macvlans;

struct vrrp_macvlans_options {
	/* It is there, and whatever is asked of it from now on finds it with its sysctls. Again, with another index, when somebody deleted it and it was made anew. */
	void (*ready)(void *data, uint64_t router, int ifindex);
	void *data;
};

/* Listens from now on, after the links and the addresses did; before vrrp_netlink_read(). What it is given must outlive it. */
struct vrrp_macvlans *vrrp_macvlans_new(struct vrrp_netlink *netlink, struct vrrp_links *links,
	struct vrrp_addresses *addresses, struct vrrp_errands *errands,
	const struct vrrp_macvlans_options *options);
/* Deletes none: who stops in order has dropped them before. NULL is allowed; returns NULL. */
struct vrrp_macvlans *vrrp_macvlans_free(struct vrrp_macvlans *macvlans);

/* `router` is to have one on this parent: vrrp.VRID, for IPv6 vrrp6.VRID; with the parent's index behind it, vrrp.VRID.INDEX, when somebody
 * else has that name. One that an earlier process left is kept as it is. `ready` follows, perhaps from here. When the parent is gone it
 * is dropped; when it has come anew, this is called anew. -ENODEV: no such parent; -EEXIST: another router has this VRID there; -ENAMETOOLONG. When
 * a sysctl of the parent cannot be set, vrrp_errands_options.unheld is told so with vrrp_macvlans_number(): it is there all the same. */
int vrrp_macvlans_want(struct vrrp_macvlans *macvlans, uint64_t router, int parent, uint16_t family,
	uint8_t vrid, struct error *error);
/* It goes, and what it needed of its parent; after its addresses. */
void vrrp_macvlans_drop(struct vrrp_macvlans *macvlans, uint64_t router);

/* 0: none, or not made yet. */
int vrrp_macvlans_index(const struct vrrp_macvlans *macvlans, uint64_t router);
/* The router's number in the news of address.h, there and back. */
uint64_t vrrp_macvlans_number(uint64_t router);
uint64_t vrrp_macvlans_router(uint64_t number);
bool vrrp_macvlans_is_number(uint64_t number);
