// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists of addresses that are not accepted, and what is between two of them. Pure. */
#pragma once

#include <stdbool.h>

#include "base/address.h"
#include "base/vector.h"

/* A link-local address of IPv6 is one of its interface; any other is not accepted wherever a packet to it comes in, for the
 * kernel would take it there too. */
struct vrrp_unaccepted {
	struct address address;
	int ifindex; /* where the address is: of its macvlan, if it has one. Counts for link-local addresses of IPv6 alone */
};

/* Which set of the table an address is in. */
enum vrrp_accept_set {
	VRRP_ACCEPT_FOUR,
	VRRP_ACCEPT_SIX,
	VRRP_ACCEPT_LOCAL, /* an address and an interface */
	VRRP_ACCEPT_SETS,
};

/* Sorted, by set first. Starts zeroed. */
struct vrrp_accept_list {
	VECTOR_OF(struct vrrp_unaccepted);
};

enum vrrp_accept_set vrrp_accept_list_set(const struct vrrp_unaccepted *item);

/* `list`, which is empty, becomes `items` in order, each once. What is no address is left out. */
void vrrp_accept_list_fill(
	struct vrrp_accept_list *list, const struct vrrp_unaccepted *items, size_t count);

/* Adds to `gone` what is in `before` alone, to `come` what is in `after` alone. */
void vrrp_accept_list_compare(const struct vrrp_accept_list *before,
	const struct vrrp_accept_list *after, struct vrrp_accept_list *gone,
	struct vrrp_accept_list *come);

/* Whether one of two such lists has what the other has not. */
bool vrrp_accept_list_differ(
	const struct vrrp_accept_list *left, const struct vrrp_accept_list *right);

void vrrp_accept_list_clear(struct vrrp_accept_list *list);
#define _cleanup_accept_list_ _cleanup_(vrrp_accept_list_clear)
