// SPDX-License-Identifier: GPL-2.0-or-later
/* One sorted vector of what is asked for, one of the tables that it lies in. A route of the kernel is looked for by binary
 * search: of a million routes that come and go, those that nobody asks for cost that. */
#include "vrrp/route_list.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#include "vrrp/object.h"

#define ROUTE_LIST_DELNEXTHOP 105 /* RTM_DELNEXTHOP, since Linux 5.3 */

int vrrp_route_compare(const struct vrrp_route_key *a, const struct vrrp_route_key *b)
{
	int order = COMPARE(a->to.family, b->to.family);

	if (!order)
		order = COMPARE(a->table, b->table);
	if (!order)
		order = COMPARE(a->prefix, b->prefix);
	return order ? order : address_compare(&a->to, &b->to);
}

static int route_list_compare(const void *a, const void *b)
{
	const struct route_list_item *left = a, *right = b;

	return vrrp_route_compare(&left->key, &right->key);
}

static int route_list_find(const void *key, const void *item)
{
	return vrrp_route_compare(key, &((const struct route_list_item *)item)->key);
}

static int route_list_find_table(const void *key, const void *item)
{
	const struct vrrp_route_key *left = key;
	const struct route_list_table *right = item;
	int order = COMPARE(left->to.family, right->family);

	return order ? order : COMPARE(left->table, right->table);
}

/* What is asked for. */

static void route_list_drop_repeated(struct route_list *list)
{
	size_t kept = 0;

	vector_sort(&list->items, route_list_compare);
	for (size_t i = 0; i < list->items.count; i++)
		if (!kept || route_list_compare(
				     &list->items.items[kept - 1], &list->items.items[i]) != 0)
			list->items.items[kept++] = list->items.items[i];
	list->items.count = kept;
}

static bool route_list_is_of(
	const struct route_list_table *table, const struct route_list_item *item)
{
	return table->family == item->key.to.family && table->table == item->key.table;
}

/* The items are sorted by them. */
static void route_list_add_tables(struct route_list *list)
{
	size_t next;

	for (size_t first = 0; first < list->items.count; first = next) {
		const struct route_list_item *items = list->items.items;
		struct route_list_table table = {.family = items[first].key.to.family,
			.table = items[first].key.table,
			.first = first};

		for (next = first; next < list->items.count; next++) {
			if (!route_list_is_of(&table, &items[next]))
				break;
			table.doubted |= items[next].state == VRRP_ROUTE_UNKNOWN;
		}
		table.end = next;
		vector_push(&list->tables, table);
	}
}

/* A reading that is under way is of another list: whoever reads begins anew. */
void route_list_set(struct route_list *list, const struct vrrp_route_key *keys, size_t count)
{
	struct route_list before = *list;

	*list = (struct route_list){};
	for (size_t i = 0; i < count; i++)
		vector_append(&list->items)->key = keys[i];
	route_list_drop_repeated(list);
	vector_foreach(&list->items, item)
		item->state = route_list_state(&before, &item->key);
	route_list_add_tables(list);
	vector_foreach(&before.tables, old) {
		const struct vrrp_route_key key = {.to.family = old->family, .table = old->table};
		struct route_list_table *table =
			vector_find(&list->tables, &key, route_list_find_table);

		if (table)
			table->doubted |= old->doubted;
	}
	route_list_clear(&before);
}

void route_list_clear(struct route_list *list)
{
	vector_clear(&list->items);
	vector_clear(&list->tables);
}

enum vrrp_route_state route_list_state(
	const struct route_list *list, const struct vrrp_route_key *key)
{
	const struct route_list_item *item = vector_find(&list->items, key, route_list_find);

	return item ? item->state : VRRP_ROUTE_UNKNOWN;
}

/* What is heard. */

/* False: it is none that could be asked for. */
static bool route_list_read(
	const struct nlmsghdr *message, struct vrrp_route_key *key, const struct rtmsg **ret)
{
	const struct rtmsg *route = NLMSG_DATA(message);
	size_t size;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*route)))
		return false;
	size = address_size(route->rtm_family);
	if ((route->rtm_family != AF_INET && route->rtm_family != AF_INET6) ||
		route->rtm_flags & RTM_F_CLONED || route->rtm_protocol == VRRP_OBJECT_MARK ||
		route->rtm_dst_len > size * 8)
		return false;
	*key = (struct vrrp_route_key){.to.family = route->rtm_family,
		.table = route->rtm_table,
		.prefix = route->rtm_dst_len};
	const struct nlattr *at = nlmsg_attrdata(message, sizeof(*route));
	int left = nlmsg_attrlen(message, sizeof(*route));
	for (; nla_ok(at, left); at = nla_next(at, &left)) {
		if (nla_type(at) == RTA_TABLE && nla_len(at) == sizeof(uint32_t))
			key->table = nla_get_u32(at);
		if (nla_type(at) == RTA_DST && nla_len(at) == (int)size)
			memcpy(key->to.bytes, nla_data(at), size);
	}
	*ret = route;
	return true;
}

/* Where packets go on, or arrive. */
static bool route_list_leads_on(const struct rtmsg *route)
{
	switch (route->rtm_type) {
	case RTN_BLACKHOLE:
	case RTN_UNREACHABLE:
	case RTN_PROHIBIT:
	case RTN_THROW:
		return false;
	default:
		return true;
	}
}

/* One that was put in the place of another may be worse. */
static bool route_list_hear_route(
	struct route_list *list, const struct nlmsghdr *message, bool reading)
{
	struct vrrp_route_key key;
	const struct rtmsg *route;

	if (!route_list_read(message, &key, &route))
		return false;
	struct route_list_item *item = vector_find(&list->items, &key, route_list_find);
	if (!item)
		return false;
	if (message->nlmsg_type == RTM_NEWROUTE && route_list_leads_on(route)) {
		bool changed = item->state != VRRP_ROUTE_THERE;

		item->state = VRRP_ROUTE_THERE;
		item->seen = true;
		return changed;
	}
	if (!reading)
		vector_find(&list->tables, &key, route_list_find_table)->doubted = true;
	return false;
}

/* What is there may have gone in silence. */
static void route_list_doubt(struct route_list *list, uint16_t family)
{
	vector_foreach(&list->tables, table)
		table->doubted |= family == AF_UNSPEC || table->family == family;
}

void route_list_doubt_all(struct route_list *list)
{
	route_list_doubt(list, AF_UNSPEC);
}

bool route_list_hear(struct route_list *list, const struct nlmsghdr *message, bool reading)
{
	const struct ifinfomsg *link = NLMSG_DATA(message);

	switch (message->nlmsg_type) {
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return route_list_hear_route(list, message, reading);
	case RTM_NEWLINK:
		/* One that goes down takes its routes along: those of IPv4 in silence, and those of IPv6 where
		 * net.ipv6.route.skip_notify_on_dev_down says so. */
		if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(*link)) && link->ifi_flags & IFF_UP)
			return false;
		route_list_doubt(list, AF_UNSPEC);
		return false;
	case RTM_DELLINK:
		route_list_doubt(list, AF_UNSPEC);
		return false;
	case RTM_DELADDR:
		route_list_doubt(list, AF_INET);
		return false;
	case ROUTE_LIST_DELNEXTHOP:
		route_list_doubt(list, AF_UNSPEC);
		return false;
	default:
		return false;
	}
}

/* Readings. */

struct route_list_table *route_list_doubted(struct route_list *list, size_t from)
{
	for (size_t i = 0; i < list->tables.count; i++) {
		struct route_list_table *table =
			&list->tables.items[(from + i) % list->tables.count];

		if (table->doubted)
			return table;
	}
	return NULL;
}

void route_list_begin(struct route_list *list, struct route_list_table *table)
{
	table->doubted = false;
	for (size_t i = table->first; i < table->end; i++)
		list->items.items[i].seen = false;
}

bool route_list_end(struct route_list *list, struct route_list_table *table)
{
	bool changed = false;

	for (size_t i = table->first; !table->doubted && i < table->end; i++) {
		struct route_list_item *item = &list->items.items[i];

		changed |= !item->seen && item->state != VRRP_ROUTE_GONE;
		if (!item->seen)
			item->state = VRRP_ROUTE_GONE;
	}
	return changed;
}
