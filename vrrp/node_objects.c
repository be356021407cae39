// SPDX-License-Identifier: GPL-2.0-or-later
/* What one virtual router wants in the kernel while it is active: its macvlan up, addresses, routes, rules, in this order.
 *
 * Where an address goes: on the macvlan of a virtual MAC, on the interface that the address names, or on the router's. One whose
 * interface is not there is left out until it comes.
 *
 * An address of a macvlan brings no route to its prefix along: the parent has that route, and its own address as source, where
 * the machine has an address of that prefix. Where it has none, it could not answer those who are there: so there is a route
 * by the macvlan as well, of a metric that any other is preferred to.
 *
 * IPv6 wants a link-local address first (RFC 9568 §5.2.9). Where the file has none, it is the one that the virtual MAC makes
 * (RFC 4291, appendix A), whether that MAC is used or not: it is the same on every machine, and nobody else's. */
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "vrrp/node_private.h"

#define NODE_LINK_LOCAL_PREFIX 64
#define NODE_WAY_METRIC        0x10000u /* and the index of the macvlan: two of one prefix have one each */

static const uint8_t node_scopes[] = {
	[CONFIG_SCOPE_GLOBAL] = RT_SCOPE_UNIVERSE,
	[CONFIG_SCOPE_SITE] = RT_SCOPE_SITE,
	[CONFIG_SCOPE_LINK] = RT_SCOPE_LINK,
	[CONFIG_SCOPE_HOST] = RT_SCOPE_HOST,
};

static const uint8_t node_route_types[] = {
	[CONFIG_ROUTE_TYPE_UNICAST] = RTN_UNICAST,
	[CONFIG_ROUTE_TYPE_BLACKHOLE] = RTN_BLACKHOLE,
	[CONFIG_ROUTE_TYPE_UNREACHABLE] = RTN_UNREACHABLE,
	[CONFIG_ROUTE_TYPE_PROHIBIT] = RTN_PROHIBIT,
};

bool node_router_is_virtual(const struct node_router *router)
{
	return router->config && router->config->mac == CONFIG_MAC_VIRTUAL;
}

/* 0: it is not there (yet). */
int node_router_home(const struct node_router *router)
{
	const struct vrrp_link *link = node_router_link(router);

	if (node_router_is_virtual(router))
		return vrrp_macvlans_index(router->node->macvlans, router->number);
	return link ? link->ifindex : 0;
}

/* Of what the file may put on another interface; 0: it is not there. */
static int node_router_place(struct node_router *router, const char *interface, int home)
{
	if (!interface)
		return home;
	router->elsewhere = true;
	const struct vrrp_link *link = vrrp_links_by_name(router->node->links, interface);
	return link ? link->ifindex : 0;
}

/* Objects. */

/* Addresses are compared byte by byte, and the kernel wants none past the prefix in a route. */
static struct address node_router_masked(const struct address *address, uint32_t length)
{
	struct address masked = *address;

	for (size_t i = 0; i < address_size(address->family); i++) {
		unsigned int bits = length > 8 * i ? MIN(length - 8 * (uint32_t)i, 8u) : 0;

		masked.bytes[i] &= (uint8_t)(0xff00u >> bits);
	}
	return masked;
}

struct address node_router_link_local(const struct node_router *router)
{
	struct address address = {.family = AF_INET6, .bytes = {0xfe, 0x80}};
	uint8_t mac[6];

	vrrp_object_mac(AF_INET6, router->key.vrid, mac);
	memcpy(address.bytes + 8, mac, 3);
	address.bytes[8] ^= 2;
	address.bytes[11] = 0xff;
	address.bytes[12] = 0xfe;
	memcpy(address.bytes + 13, mac + 3, 3);
	return address;
}

/* The first link-local one; NULL: there is none. */
const struct config_virtual_address *node_router_first(const struct node_router *router)
{
	vector_foreach(&router->config->addresses, item) {
		if (item->address.address.family == AF_INET6 &&
			address_is_link_local(&item->address.address))
			return item;
	}
	return NULL;
}

static void node_router_add_address(struct node_router *router, struct node_objects *objects,
	const struct config_virtual_address *item, int home)
{
	int place = node_router_place(router, item->interface, home);

	if (!place)
		return;
	struct vrrp_object *object = vector_append(objects);
	object->kind = VRRP_OBJECT_ADDRESS;
	object->ifindex = place;
	object->address = item->address.address;
	object->prefix = (uint8_t)item->address.length;
	object->scope = node_scopes[item->scope];
	object->bare = node_router_is_virtual(router) && !item->interface;
	if (item->label)
		snprintf(object->name, sizeof(object->name), "%s", item->label);
}

static void node_router_add_link_local(
	struct node_router *router, struct node_objects *objects, int home)
{
	if (!home)
		return;
	struct vrrp_object *object = vector_append(objects);
	object->kind = VRRP_OBJECT_ADDRESS;
	object->ifindex = home;
	object->address = node_router_link_local(router);
	object->prefix = NODE_LINK_LOCAL_PREFIX;
	object->scope = RT_SCOPE_LINK;
	object->bare = node_router_is_virtual(router);
}

static void node_router_add_addresses(struct node_router *router, struct node_objects *objects)
{
	int home = node_router_home(router);
	const struct config_virtual_address *first = NULL;

	if (node_router_is_virtual(router) && home) {
		struct vrrp_object *up = vector_append(objects);

		up->kind = VRRP_OBJECT_UP;
		up->ifindex = home;
	}
	if (router->key.family == AF_INET6) {
		first = node_router_first(router);
		if (first)
			node_router_add_address(router, objects, first, home);
		else
			node_router_add_link_local(router, objects, home);
	}
	vector_foreach(&router->config->addresses, item) {
		if (item->address.address.family == router->key.family && item != first)
			node_router_add_address(router, objects, item, home);
	}
}

static void node_router_add_route(struct node_router *router, struct node_objects *objects,
	const struct config_route *route, int home)
{
	bool unicast = route->type == CONFIG_ROUTE_TYPE_UNICAST;
	int place = unicast ? node_router_place(router, route->interface, home) : 0;

	if (unicast && !place)
		return;
	struct vrrp_object *object = vector_append(objects);
	object->kind = VRRP_OBJECT_ROUTE;
	object->ifindex = place;
	object->address = node_router_masked(&route->to.address, route->to.length);
	object->prefix = (uint8_t)route->to.length;
	object->gateway = route->via;
	object->source = route->source;
	object->type = node_route_types[route->type];
	object->table = route->table;
	object->metric = route->metric;
	object->on_link = route->on_link;
	if (route->to.address.family == AF_INET6 || !unicast)
		return;
	if (config_has(&route->object, CONFIG_ROUTE_SCOPE))
		object->scope = node_scopes[route->scope];
	else
		object->scope = route->via.family == AF_UNSPEC ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

static bool node_router_has_way(
	const struct node_objects *objects, size_t first, const struct vrrp_object *way)
{
	for (size_t i = first; i < objects->count; i++)
		if (vrrp_object_compare(&objects->items[i], way) == 0)
			return true;
	return false;
}

/* To the neighbours of addresses on the macvlan; after these. */
static void node_router_add_ways(struct node_objects *objects)
{
	size_t first = objects->count;

	for (size_t i = 0; i < first; i++) {
		struct vrrp_object address = objects->items[i];

		if (!address.bare || address.prefix >= address_bits(address.address.family))
			continue;
		const struct vrrp_object way = {.kind = VRRP_OBJECT_ROUTE,
			.ifindex = address.ifindex,
			.address = node_router_masked(&address.address, address.prefix),
			.prefix = address.prefix,
			.scope = address.address.family == AF_INET ? RT_SCOPE_LINK
								   : RT_SCOPE_UNIVERSE,
			.type = RTN_UNICAST,
			.metric = NODE_WAY_METRIC + (uint32_t)address.ifindex};

		if (!node_router_has_way(objects, first, &way))
			vector_push(objects, way);
	}
}

/* Those of the file are its parent's. */
static void node_router_add_routes(struct node_router *router, struct node_objects *objects)
{
	const struct vrrp_link *link = node_router_link(router);

	vector_foreach(&router->config->routes, route) {
		if (route->to.address.family == router->key.family)
			node_router_add_route(router, objects, route, link ? link->ifindex : 0);
	}
}

static bool node_router_has_rule(const struct node_router *router, const struct config_rule *rule)
{
	uint16_t family =
		rule->from.address.family ? rule->from.address.family : rule->to.address.family;

	return !family || family == router->key.family;
}

static void node_router_add_rules(struct node_router *router, struct node_objects *objects)
{
	vector_foreach(&router->config->rules, rule) {
		if (!node_router_has_rule(router, rule))
			continue;
		struct vrrp_object *object = vector_append(objects);
		object->kind = VRRP_OBJECT_RULE;
		object->address.family = router->key.family;
		if (rule->to.address.family) {
			object->address = node_router_masked(&rule->to.address, rule->to.length);
			object->prefix = (uint8_t)rule->to.length;
		}
		/* From anywhere is from nowhere in particular: the kernel tells of no source then. */
		if (rule->from.address.family && rule->from.length) {
			object->source = node_router_masked(&rule->from.address, rule->from.length);
			object->source_prefix = (uint8_t)rule->from.length;
		}
		object->table = rule->table;
		object->metric = rule->preference;
		object->fwmark = rule->fwmark;
		if (rule->interface)
			snprintf(object->name, sizeof(object->name), "%s", rule->interface);
	}
}

/* The addresses of the objects, with what they had: frames that are due go on for those that stay. */

static int node_router_compare_addresses(const void *a, const void *b)
{
	const struct node_address *left = a, *right = b;

	return vrrp_object_compare(&left->object, &right->object);
}

static int node_router_find_compare(const void *key, const void *item)
{
	return vrrp_object_compare(key, &((const struct node_address *)item)->object);
}

struct node_address *node_router_address(
	struct node_router *router, const struct vrrp_object *object)
{
	struct vector_of_addresses {
		VECTOR_OF(struct node_address);
	} addresses = {.items = router->addresses, .count = router->address_count};

	return object->kind == VRRP_OBJECT_ADDRESS
		       ? vector_find(&addresses, object, node_router_find_compare)
		       : NULL;
}

static void node_router_retire(struct node_router *router, uint32_t cell)
{
	if (cell != LEASE_NONE)
		vector_append(&router->retired)->cell = cell;
}

/* Announcements are stopped: announce_start() comes with the addresses. */
static void node_router_set_addresses(struct node_router *router)
{
	struct node_address *before = router->addresses, *addresses;
	size_t count = 0;

	node_hush(router);
	addresses = memory_new((router->objects.count + 1) * sizeof(*addresses));
	vector_foreach(&router->objects, object) {
		if (object->kind != VRRP_OBJECT_ADDRESS)
			continue;
		struct node_address *old = node_router_address(router, object);
		struct node_address *address = &addresses[count++];

		address->object = *object;
		address->cell = old ? old->cell : LEASE_NONE;
		address->foreign = old && old->foreign;
		address->announcement.owner = router;
		if (old)
			old->cell = LEASE_NONE;
	}
	for (size_t i = 0; i < router->address_count; i++)
		node_router_retire(router, before[i].cell);
	free(before);
	qsort(addresses, count, sizeof(*addresses), node_router_compare_addresses);
	router->addresses = addresses;
	router->address_count = count;
}

static bool node_router_set_objects(struct node_router *router, struct node_objects *objects)
{
	struct node_objects *before = &router->objects;

	if (before->count == objects->count &&
		(!objects->count || memcmp(before->items, objects->items,
					    objects->count * sizeof(*objects->items)) == 0))
		return false;
	vector_clear(before);
	*before = *objects;
	*objects = (struct node_objects){};
	node_router_set_addresses(router);
	router->version++;
	return true;
}

bool node_router_shape_objects(struct node_router *router)
{
	struct node_objects objects = {};

	router->elsewhere = false;
	node_router_add_addresses(router, &objects);
	node_router_add_ways(&objects);
	node_router_add_routes(router, &objects);
	node_router_add_rules(router, &objects);
	bool changed = node_router_set_objects(router, &objects);
	vector_clear(&objects);
	if (changed)
		vrrp_addresses_prepare(router->node->addresses, router->number,
			router->objects.items, router->objects.count);
	return changed;
}
