// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of accept.h as messages of nf_tables: what to send for a change, all of it or nothing of it carried out. Pure.
 *
 * Each function but the questions writes a whole transaction into a batch that is empty. The first message after the beginning asks for
 * an acknowledgement: with it, and no error beside it, it is done. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "vrrp/accept_list.h"

#define VRRP_ACCEPT_TABLE    "poise-vrrp"
#define VRRP_ACCEPT_PRIORITY 200 /* IPVS has 98 and 99, the NAT of connection tracking 100 */
#define VRRP_ACCEPT_RULES    4u

/* Messages, one after the other; aligned as netlink has them. Starts zeroed. */
struct vrrp_accept_batch {
	VECTOR_OF(uint8_t);
};

/* The table as it is to be, whatever there was of it. */
void vrrp_accept_batch_replace(
	struct vrrp_accept_batch *batch, const struct vrrp_accept_list *list);
/* The table stands: these go, those come. */
void vrrp_accept_batch_change(struct vrrp_accept_batch *batch, const struct vrrp_accept_list *gone,
	const struct vrrp_accept_list *come);
/* The table goes; -ENOENT when there is none. */
void vrrp_accept_batch_remove(struct vrrp_accept_batch *batch);

/* Questions, of one message. How many rules the chain has (NFTA_CHAIN_USE); what was dropped (NFTA_OBJ_DATA). */
void vrrp_accept_batch_ask_chain(struct vrrp_accept_batch *batch);
void vrrp_accept_batch_ask_dropped(struct vrrp_accept_batch *batch);

void vrrp_accept_batch_clear(struct vrrp_accept_batch *batch);
#define _cleanup_accept_batch_ _cleanup_(vrrp_accept_batch_clear)
