// SPDX-License-Identifier: GPL-2.0-or-later
/* The virtual routers' addresses, routes and rules in the kernel: carries out what wanted.h finds that is to be done.
 *
 * In a turn of the loop at most VRRP_ADDRESSES_PORTION operations, and no more once VRRP_ADDRESSES_TURN_NS of it are over: a
 * thousand addresses take a third of a second, in which advertisements must be sent. What another program takes away is put back; what
 * an earlier process left goes with vrrp_addresses_settle().
 *
 * An IPv4 address with a prefix shorter than 32 makes `promote_secondaries` of its interface 1, from when it is prepared to the
 * end: else the kernel, with the first address of a prefix, removes all others of it, whoever has put them there. */
#pragma once

#include "vrrp/errand.h"
#include "vrrp/wanted.h"

struct loop;
struct vrrp_links;
struct vrrp_netlink;
struct vrrp_addresses;

#define VRRP_ADDRESSES_PORTION 32u
#define VRRP_ADDRESSES_STEP    8u /* operations of one send */
#define VRRP_ADDRESSES_TURN_NS 1000000ull

/* What happened, and with what: documented with enum vrrp_wanted_news. */
struct vrrp_addresses_news {
	enum vrrp_wanted_news news;
	uint64_t router;
	const struct vrrp_object *object; /* NULL with DONE. Borrowed */
	int code;                         /* with FAILED: -errno */
	const char *words;                /* with FAILED: why, for a person. Borrowed */
};

struct vrrp_addresses_options {
	/* Must not call the addresses. */
	void (*news)(void *data, const struct vrrp_addresses_news *news);
	void *data;
};

struct vrrp_addresses_counters {
	uint64_t added, removed, failed;
	uint64_t lost,
		fought; /* taken away by others; those of them that were put back after a pause */
};

/* What it is given must outlive it; before vrrp_netlink_read(), until the end of which nothing is changed. -errno. */
int vrrp_addresses_new(struct loop *loop, struct vrrp_netlink *netlink, struct vrrp_links *links,
	struct vrrp_errands *errands, const struct vrrp_addresses_options *options,
	struct vrrp_addresses **ret);
/* Removes nothing: who stops in order has it all removed before. NULL is allowed; returns NULL. */
struct vrrp_addresses *vrrp_addresses_free(struct vrrp_addresses *addresses);

/* A router may come to want these: what takes long is done now, and not when it takes over. When the kernel's setting cannot be changed,
 * vrrp_errands_options.unheld is told so with the router's number: then an address that goes may take others along. */
void vrrp_addresses_prepare(struct vrrp_addresses *addresses, uint64_t router,
	const struct vrrp_object *objects, size_t count);
/* For whoever is told: that sysctl could not be set. */
void vrrp_addresses_unheld(struct vrrp_addresses *addresses, const char *name);

/* `router` (a number that the caller chooses, below 2^63) wants exactly these: in the order in which they are to come, the
 * link-local address first, addresses before the routes that need them. None: they all go, the last first. Ends with DONE. */
void vrrp_addresses_set(struct vrrp_addresses *addresses, uint64_t router,
	const struct vrrp_object *objects, size_t count);

/* An earlier process had it, by its lease. Only believed where the kernel keeps no mark of an address. */
void vrrp_addresses_left(struct vrrp_addresses *addresses, const struct vrrp_object *object);
/* All that is to be kept of what an earlier process left is wanted by now: the rest goes. */
void vrrp_addresses_settle(struct vrrp_addresses *addresses);
/* From now on others may make some: what nobody wanted here is left alone. */
void vrrp_addresses_unsettle(struct vrrp_addresses *addresses);

/* Nothing is to be done or under way, but for what is in a pause. */
bool vrrp_addresses_are_idle(const struct vrrp_addresses *addresses);
/* It is a virtual router's: wanted, or there and ours. */
bool vrrp_addresses_have(
	const struct vrrp_addresses *addresses, int ifindex, const struct address *address);
/* As it is there now; NULL: it is not, or not ours. Borrowed while the loop does not run. */
const struct vrrp_object *vrrp_addresses_seen(
	const struct vrrp_addresses *addresses, const struct vrrp_object *object);
/* All that is known of it; NULL: nobody wants it, and it is not ours. Likewise. */
const struct vrrp_wanted_item *vrrp_addresses_item(
	const struct vrrp_addresses *addresses, const struct vrrp_object *object);
struct vrrp_addresses_counters vrrp_addresses_counters(const struct vrrp_addresses *addresses);
/* Objects in a pause, because they failed or are fought over. */
size_t vrrp_addresses_paused(const struct vrrp_addresses *addresses);

/* Whether this kernel keeps the mark of an address (5.18). */
bool vrrp_addresses_kernel_marks(void);
