// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists of addresses that are not accepted.
 *
 * An interface is of the key for link-local addresses of IPv6 alone, and zero elsewhere, so that one address of two routers, or of one
 * router on two interfaces, is in the table once. 169.254.0.0/16 is no such thing: the kernel takes an IPv4 address
 * as its own wherever it is. */
#include "vrrp/accept_list.h"

#include "base/macros.h"

enum vrrp_accept_set vrrp_accept_list_set(const struct vrrp_unaccepted *item)
{
	if (item->address.family == AF_INET)
		return VRRP_ACCEPT_FOUR;
	return address_is_link_local(&item->address) ? VRRP_ACCEPT_LOCAL : VRRP_ACCEPT_SIX;
}

static int list_order(const void *left, const void *right)
{
	const struct vrrp_unaccepted *a = left, *b = right;
	int order = COMPARE(vrrp_accept_list_set(a), vrrp_accept_list_set(b));

	if (!order)
		order = address_compare(&a->address, &b->address);
	return order ? order : COMPARE(a->ifindex, b->ifindex);
}

void vrrp_accept_list_fill(
	struct vrrp_accept_list *list, const struct vrrp_unaccepted *items, size_t count)
{
	size_t kept = 0;

	vector_reserve(list, count);
	for (size_t i = 0; i < count; i++) {
		if (address_size(items[i].address.family) == 0)
			continue;
		struct vrrp_unaccepted *item = vector_append(list);
		*item = items[i];
		if (vrrp_accept_list_set(item) != VRRP_ACCEPT_LOCAL)
			item->ifindex = 0;
	}
	vector_sort(list, list_order);
	for (size_t i = 0; i < list->count; i++)
		if (kept == 0 || list_order(&list->items[kept - 1], &list->items[i]) != 0)
			list->items[kept++] = list->items[i];
	list->count = kept;
}

void vrrp_accept_list_compare(const struct vrrp_accept_list *before,
	const struct vrrp_accept_list *after, struct vrrp_accept_list *gone,
	struct vrrp_accept_list *come)
{
	size_t b = 0, a = 0;

	while (b < before->count || a < after->count) {
		int order = b == before->count  ? 1
			    : a == after->count ? -1
						: list_order(&before->items[b], &after->items[a]);

		if (order < 0)
			vector_push(gone, before->items[b]);
		if (order > 0)
			vector_push(come, after->items[a]);
		b += order <= 0;
		a += order >= 0;
	}
}

bool vrrp_accept_list_differ(
	const struct vrrp_accept_list *left, const struct vrrp_accept_list *right)
{
	if (left->count != right->count)
		return true;
	for (size_t i = 0; i < left->count; i++)
		if (list_order(&left->items[i], &right->items[i]) != 0)
			return true;
	return false;
}

void vrrp_accept_list_clear(struct vrrp_accept_list *list)
{
	vector_clear(list);
}
