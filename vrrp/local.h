// SPDX-License-Identifier: GPL-2.0-or-later
/* All addresses of this machine that it can send from, on whatever interface, as the kernel has them now.
 *
 * A virtual router that speaks unicast has its source from the file, of any family and on any interface; whether the machine
 * has it is asked here. Hears through netlink.h; changes nothing. */
#pragma once

#include <stdbool.h>

#include "base/address.h"
#include "vrrp/netlink.h"

struct vrrp_locals;

struct vrrp_locals_options {
	void (*changed)(void *data); /* some came or went; must not free them */
	void *data;
};

/* Listens from now on; before vrrp_netlink_read(). */
struct vrrp_locals *vrrp_locals_new(
	struct vrrp_netlink *netlink, const struct vrrp_locals_options *options);
/* After `netlink` has gone, or will hear nothing more. NULL is allowed; returns NULL. */
struct vrrp_locals *vrrp_locals_free(struct vrrp_locals *locals);

/* On that interface; 0: on any. */
bool vrrp_locals_have(const struct vrrp_locals *locals, const struct address *address, int ifindex);
