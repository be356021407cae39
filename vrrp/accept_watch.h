// SPDX-License-Identifier: GPL-2.0-or-later
/* Who else changes the table of accept.h: the notifications of nf_tables, so that what a firewall flushes is put back before
 * anybody finds the way that is open. They tell of every change of every table in the network namespace; only those of ours
 * count, and of these only what others did. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"

struct vrrp_accept_watch;

/* Once for all that has arrived. `table`: another program has changed ours; else the kernel had to drop something. */
typedef void vrrp_accept_changed(void *data, bool table);

/* In the network namespace of this moment. `port`: of the socket by which we change it (vrrp_accept_port()). -errno with words. */
int vrrp_accept_watch_new(struct loop *loop, uint32_t port, vrrp_accept_changed *changed,
	void *data, struct vrrp_accept_watch **ret, struct error *error);
/* NULL is allowed; returns NULL. */
struct vrrp_accept_watch *vrrp_accept_watch_free(struct vrrp_accept_watch *watch);
