// SPDX-License-Identifier: GPL-2.0-or-later
/* The interfaces of this network namespace, as the kernel has them now: by name and by index, and what becomes of them.
 *
 * What is remembered of an interface's addresses are those that a virtual router can send from: the first IPv4 address, and
 * the first IPv6 link-local one, of those that are no virtual router's. Hears through netlink.h; changes nothing. */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "vrrp/netlink.h"

#define VRRP_LINK_MAC_MAX 32 /* bytes */

enum vrrp_link_change {
	VRRP_LINK_CAME = 1 << 0,  /* it is there, and all about it is new; also under this name */
	VRRP_LINK_WENT = 1 << 1,  /* it is no more; or has this name no more */
	VRRP_LINK_STATE = 1 << 2, /* up, running */
	VRRP_LINK_MTU = 1 << 3,
	VRRP_LINK_MAC = 1 << 4,
	VRRP_LINK_SOURCE = 1 << 5, /* source4 or source6 */
};

struct vrrp_link {
	char name[IFNAMSIZ];
	int ifindex;
	int parent;   /* of a macvlan and its like; 0: none */
	bool up;      /* as its administrator wants it */
	bool running; /* up, with carrier: what is sent goes somewhere */
	uint32_t mtu; /* bytes */
	uint8_t mac[VRRP_LINK_MAC_MAX];
	uint8_t mac_size;                /* bytes; 0: it has none */
	struct address source4, source6; /* AF_UNSPEC: none */
};

struct vrrp_links_options {
	/* `changes` of enum vrrp_link_change. A renamed interface went by its old name, and came by its new one. `link` is
	 * borrowed. Must not free the links. */
	void (*changed)(void *data, const struct vrrp_link *link, unsigned int changes);
	/* Before either is told. NULL is allowed. */
	void (*renamed)(void *data, const char *before, const char *now);
	/* Everything has been read, and told: at the start, and whenever it was read again. */
	void (*read)(void *data);
	/* A virtual router's address, where the kernel cannot mark them (address.h); NULL: all are marked. */
	bool (*is_virtual)(void *data, int ifindex, const struct address *address);
	void *data;
};

struct vrrp_links;

/* Listens from now on; before vrrp_netlink_read(). `netlink` must outlive it. */
struct vrrp_links *vrrp_links_new(
	struct vrrp_netlink *netlink, const struct vrrp_links_options *options);
/* After `netlink` has gone, or will hear nothing more. NULL is allowed; returns NULL. */
struct vrrp_links *vrrp_links_free(struct vrrp_links *links);

/* NULL: there is none. Borrowed while the loop does not run. */
const struct vrrp_link *vrrp_links_by_name(const struct vrrp_links *links, const char *name);
const struct vrrp_link *vrrp_links_by_index(const struct vrrp_links *links, int ifindex);
size_t vrrp_links_count(const struct vrrp_links *links);
