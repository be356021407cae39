// SPDX-License-Identifier: GPL-2.0-or-later
/* `accept: false`: virtual addresses that this machine answers for (ARP, neighbour discovery) and that IPVS serves, but at which
 * nothing of the machine itself can be reached (RFC 9568 §6.1, Accept_Mode).
 *
 * Carried out by a table of nf_tables, `inet poise-vrrp`, of which the name is our mark: a chain at the input hook behind IPVS,
 * which has taken its packets by then. What is left for such an address is dropped and counted; neighbour solicitations
 * and advertisements pass. The address need not be there: whoever has a virtual router may say so when it is declared, and a
 * take-over then needs nothing of this.
 *
 * Each change is one transaction, which the kernel carries out while it is sent; that takes milliseconds, and longer while a
 * firewall of the same namespace is loaded, so whoever must not wait has it done by errand.h. Who refuses nothing has no table. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "vrrp/accept_list.h"

struct vrrp_accept;

/* Does nothing yet: the socket is opened when it is first needed, in the network namespace of that moment. */
struct vrrp_accept *vrrp_accept_new(void);
/* The table stays: who stops in order has set an empty list before. NULL is allowed; returns NULL. */
struct vrrp_accept *vrrp_accept_free(struct vrrp_accept *accept);

/* From now on exactly these are not accepted; in any order, and twice is once. Copied. The first time it replaces what an earlier
 * process left, in the same transaction. -errno with words: then all is as it was before, and the next one sets everything
 * anew. */
int vrrp_accept_set(struct vrrp_accept *accept, const struct vrrp_unaccepted *items, size_t count,
	struct error *error);

/* Is the table still there? Others have tools that flush all tables there are, and nobody would see it. For now and then: 1 when
 * it was not, and was put back; 0; -errno with words. Tries a vrrp_accept_set() again that failed. */
int vrrp_accept_check(struct vrrp_accept *accept, struct error *error);

/* Another program was seen to change the table (accept_watch.h): whatever it did, the next check makes it anew. */
void vrrp_accept_doubt(struct vrrp_accept *accept);

/* The port of the socket, by which the kernel tells whose change it was; 0: there is none yet. */
uint32_t vrrp_accept_port(const struct vrrp_accept *accept);

/* Packets that were dropped since the table was made. -errno: there is none. */
int vrrp_accept_dropped(struct vrrp_accept *accept, uint64_t *ret);

/* The table goes, whoever made it; 0 also when there is none. For who cleans up behind a process. -errno with words. */
int vrrp_accept_remove(struct error *error);
