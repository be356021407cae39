// SPDX-License-Identifier: GPL-2.0-or-later
/* What virtual routers must not have in common, and what those of a group must have; model/validate_vrrp.c
 * has the rules of one by itself.
 *
 * Everything is sorted by what would clash, so that what clashes lies side by side, in the order of
 * the files: the second one is the error, and its hint says where the first is. */
#include <inttypes.h>

#include "base/suggest.h"
#include "model/validate.h"

/* A virtual router of one family, as the network knows it. */
struct validate_identity {
	const struct config_router *router;
	bool six;
};

struct validate_identities {
	VECTOR_OF(struct validate_identity);
};

struct validate_via {
	const struct config_router *router;
	const struct config_route *route;
};

/* One of several that are compared. */
struct validate_member {
	const struct config_router *router;
};

struct validate_members {
	VECTOR_OF(struct validate_member);
};

static bool validate_is_sound(const struct config_object *object)
{
	return !(object->set & CONFIG_OBJECT_BROKEN);
}

static bool validate_has_family(const struct config_router *router, bool six)
{
	vector_foreach(&router->addresses, item) {
		if ((item->address.address.family == AF_INET6) == six)
			return true;
	}
	return false;
}

/* "first at PLACE, in the virtual router `edge`" */
static char *validate_first_in(
	const struct validate *validate, uint32_t mark, const struct config_router *router)
{
	_cleanup_free_ char *first = validate_first_at(validate, mark);

	return memory_printf("%s, in the virtual router `%.70s`", first, router->name.text);
}

static int validate_identity_compare(const void *a, const void *b)
{
	const struct validate_identity *left = a, *right = b;
	int order = strcmp(left->router->interface, right->router->interface);

	if (!order)
		order = COMPARE(left->router->vrid, right->router->vrid);
	if (!order)
		order = COMPARE(left->six, right->six);
	return order ? order : COMPARE(left->router->name.mark, right->router->name.mark);
}

/* Of two that clash in both families it is said once: for IPv4. */
static bool validate_was_said(
	const struct validate_identity *before, const struct validate_identity *identity)
{
	return identity->six && validate_has_family(before->router, false) &&
	       validate_has_family(identity->router, false);
}

static void validate_same_identity(struct validate *validate,
	const struct validate_identity *before, const struct validate_identity *identity)
{
	const struct config_router *router = identity->router;

	if (strcmp(before->router->interface, router->interface) != 0 ||
		before->router->vrid != router->vrid || before->six != identity->six ||
		validate_was_said(before, identity))
		return;
	_cleanup_free_ char *hint =
		validate_first_in(validate, before->router->name.mark, before->router);
	validate_error(validate, &schema_router, &router->object, CONFIG_ROUTER_VRID, hint,
		"%s has a virtual router of IPv%u with the VRID %" PRIu32 " already",
		router->interface, identity->six ? 6 : 4, router->vrid);
}

static void validate_identities(struct validate *validate, struct validate_identities *identities)
{
	vector_sort(identities, validate_identity_compare);
	for (size_t i = 1; i < identities->count; i++)
		validate_same_identity(validate, &identities->items[i - 1], &identities->items[i]);
}

/* Who receives for an address of this machine knows a virtual router by that and its VRID. */
static int validate_source_compare(const void *a, const void *b)
{
	const struct config_router *left = ((const struct validate_member *)a)->router;
	const struct config_router *right = ((const struct validate_member *)b)->router;
	int order = address_compare(&left->unicast.source, &right->unicast.source);

	if (!order)
		order = COMPARE(left->vrid, right->vrid);
	return order ? order : COMPARE(left->name.mark, right->name.mark);
}

static void validate_same_source(struct validate *validate, const struct config_router *before,
	const struct config_router *router)
{
	char text[ADDRESS_LENGTH];

	/* On one interface it has been said already. */
	if (!address_equal(&before->unicast.source, &router->unicast.source) ||
		before->vrid != router->vrid || strcmp(before->interface, router->interface) == 0)
		return;
	_cleanup_free_ char *hint = validate_first_in(validate, before->name.mark, before);
	validate_error(validate, &schema_router, &router->object, CONFIG_ROUTER_VRID, hint,
		"another virtual router with the VRID %" PRIu32 " has the unicast source %s",
		router->vrid, address_format(&router->unicast.source, text));
}

static void validate_sources(struct validate *validate)
{
	struct validate_members routers = {};

	vector_foreach(&validate->config->routers, router) {
		if (validate_is_sound(&router->object) &&
			config_has(&router->object, CONFIG_ROUTER_UNICAST))
			vector_push(&routers, ((struct validate_member){router}));
	}
	vector_sort(&routers, validate_source_compare);
	for (size_t i = 1; i < routers.count; i++)
		validate_same_source(
			validate, routers.items[i - 1].router, routers.items[i].router);
	vector_clear(&routers);
}

/* A link-local address belongs to its link: others may have the same. */
static int validate_held_order(const struct validate_held *left, const struct validate_held *right)
{
	int order = address_compare(&left->address, &right->address);

	if (!order && address_is_link_local(&left->address))
		order = strcmp(left->interface, right->interface);
	return order;
}

static int validate_held_compare(const void *a, const void *b)
{
	const struct validate_held *left = a, *right = b;
	int order = validate_held_order(left, right);

	return order ? order : COMPARE(left->item->object.mark, right->item->object.mark);
}

static void validate_hold(struct validate *validate, const struct config_router *router)
{
	vector_foreach(&router->addresses, item) {
		const char *interface = item->interface ? item->interface : router->interface;

		if (validate_is_sound(&item->object))
			vector_push(&validate->held,
				((struct validate_held){item->address.address,
					interface ? interface : "", router, item}));
	}
}

static void validate_same_address(struct validate *validate, const struct validate_held *before,
	const struct validate_held *held)
{
	char text[ADDRESS_LENGTH];

	_cleanup_free_ char *hint =
		validate_first_in(validate, before->item->object.mark, before->router);
	validate_error(validate, &schema_virtual_address, &held->item->object,
		CONFIG_VIRTUAL_ADDRESS_ADDRESS, hint, "%s is a virtual address already",
		address_format(&held->address, text));
}

static void validate_held_addresses(struct validate *validate)
{
	vector_foreach(&validate->config->routers, router)
		validate_hold(validate, router);
	vector_sort(&validate->held, validate_held_compare);
	for (size_t i = 1; i < validate->held.count; i++) {
		const struct validate_held *held = &validate->held.items[i];

		if (validate_held_order(&held[-1], held) == 0)
			validate_same_address(validate, &held[-1], held);
	}
}

static int validate_held_find(const void *address, const void *item)
{
	return address_compare(address, &((const struct validate_held *)item)->address);
}

const struct config_router *validate_holder(
	const struct validate *validate, const struct address *address)
{
	const struct validate_held *held =
		vector_find(&validate->held, address, validate_held_find);

	return held ? held->router : NULL;
}

/* The kernel knows a route by these. */
static int validate_via_order(const struct config_route *left, const struct config_route *right)
{
	int order = COMPARE(left->table, right->table);

	if (!order)
		order = address_compare(&left->to.address, &right->to.address);
	if (!order)
		order = COMPARE(left->to.length, right->to.length);
	return order ? order : COMPARE(left->metric, right->metric);
}

static int validate_via_compare(const void *a, const void *b)
{
	const struct validate_via *left = a, *right = b;
	int order = validate_via_order(left->route, right->route);

	return order ? order : COMPARE(left->route->object.mark, right->route->object.mark);
}

static void validate_same_route(struct validate *validate, const struct validate_via *before,
	const struct validate_via *via)
{
	char text[ADDRESS_LENGTH];

	if (validate_via_order(before->route, via->route) != 0)
		return;
	_cleanup_free_ char *hint =
		validate_first_in(validate, before->route->object.mark, before->router);
	validate_error(validate, &schema_route, &via->route->object, CONFIG_ROUTE_TO, hint,
		"table %" PRIu32 " has a route to %s/%" PRIu32 " of the metric %" PRIu32 " already",
		via->route->table, address_format(&via->route->to.address, text),
		via->route->to.length, via->route->metric);
}

static void validate_routes(struct validate *validate)
{
	struct {
		VECTOR_OF(struct validate_via);
	} routes = {};

	vector_foreach(&validate->config->routers, router) {
		vector_foreach(&router->routes, route) {
			if (validate_is_sound(&route->object))
				vector_push(&routes, ((struct validate_via){router, route}));
		}
	}
	vector_sort(&routes, validate_via_compare);
	for (size_t i = 1; i < routes.count; i++)
		validate_same_route(validate, &routes.items[i - 1], &routes.items[i]);
	vector_clear(&routes);
}

static int validate_group_compare(const void *a, const void *b)
{
	const struct config_router *left = ((const struct validate_member *)a)->router;
	const struct config_router *right = ((const struct validate_member *)b)->router;
	int order = strcmp(left->group, right->group);

	return order ? order : COMPARE(left->name.mark, right->name.mark);
}

static bool validate_is_owner(const struct config_router *router)
{
	return router->priority == CONFIG_PRIORITY_OWNER;
}

/* Members are active together or not at all, and share the lowest of their priorities. */
static void validate_member(struct validate *validate, const struct config_router *first,
	const struct config_router *router)
{
	if (!validate_is_sound(&first->object) || !validate_is_sound(&router->object))
		return;
	_cleanup_free_ char *hint = validate_first_in(validate, first->name.mark, first);
	if (router->preempt != first->preempt)
		validate_error(validate, &schema_router, &router->object, CONFIG_ROUTER_PREEMPT,
			hint, "of the group `%s` all preempt or none does", router->group);
	if (validate_is_owner(router) != validate_is_owner(first))
		validate_error(validate, &schema_router, &router->object, CONFIG_ROUTER_PRIORITY,
			hint, "of the group `%s` all are owners of their addresses or none is",
			router->group);
	else if (router->priority != first->priority)
		validate_warning(validate, &schema_router, &router->object, CONFIG_ROUTER_PRIORITY,
			hint, "of the group `%s` the lowest priority counts for all",
			router->group);
}

static void validate_alone(struct validate *validate, const struct config_router *router)
{
	/* Who else names it may be in what could not be read. */
	if (validate->incomplete)
		return;
	validate_warning(validate, &schema_router, &router->object, CONFIG_ROUTER_GROUP, NULL,
		"nobody else is in the group `%s`", router->group);
}

static void validate_groups(struct validate *validate)
{
	struct validate_members members = {};

	vector_foreach(&validate->config->routers, router) {
		if (router->group)
			vector_push(&members, ((struct validate_member){router}));
	}
	vector_sort(&members, validate_group_compare);
	for (size_t i = 0, end; i < members.count; i = end) {
		const struct config_router *first = members.items[i].router;

		for (end = i + 1; end < members.count &&
				  strcmp(members.items[end].router->group, first->group) == 0;
			end++)
			validate_member(validate, first, members.items[end].router);
		if (end == i + 1)
			validate_alone(validate, first);
	}
	vector_clear(&members);
}

static int validate_rank_compare(const void *a, const void *b)
{
	const struct validate_identity *left = a, *right = b;
	int order = strcmp(left->router->group, right->router->group);

	if (!order)
		order = COMPARE(left->six, right->six);
	if (!order)
		order = COMPARE(left->router->vrid, right->router->vrid);
	return order ? order : COMPARE(left->router->name.mark, right->router->name.mark);
}

/* The first member, by family and VRID, breaks ties: on each machine it must be the same one, and
 * nothing but these two is sure to be the same there. */
static void validate_ranks(struct validate *validate, const struct validate_identities *identities)
{
	struct validate_identities members = {};

	vector_foreach(identities, identity) {
		if (identity->router->group)
			vector_push(&members, *identity);
	}
	vector_sort(&members, validate_rank_compare);
	for (size_t i = 1; i < members.count; i++) {
		const struct validate_identity *before = &members.items[i - 1],
					       *member = &before[1];
		const struct config_router *router = member->router;

		if (strcmp(before->router->group, router->group) != 0 ||
			before->six != member->six || before->router->vrid != router->vrid ||
			strcmp(before->router->interface, router->interface) == 0 ||
			validate_was_said(before, member))
			continue;
		_cleanup_free_ char *hint =
			validate_first_in(validate, before->router->name.mark, before->router);
		validate_warning(validate, &schema_router, &router->object, CONFIG_ROUTER_VRID,
			hint,
			"where machines have the same priority, the group `%s` needs another VRID "
			"here to tell which router decides",
			router->group);
	}
	vector_clear(&members);
}

void validate_router_reference(struct validate *validate, const char *name,
	const struct schema_mapping *mapping, const struct config_object *object, unsigned int key)
{
	struct suggest suggest = {};
	char hint[DECODE_HINT_SIZE];

	/* A document that is missing may have the router. */
	if (validate->incomplete || config_find_router(validate->config, name))
		return;
	if (validate_may_suggest(validate, validate->config->routers.count))
		vector_foreach(&validate->config->routers, router)
			suggest_offer(&suggest, name, router->name.text);
	validate_error(validate, mapping, object, key, decode_hint(suggest.best, hint),
		"there is no virtual router `%s`", name);
}

void validate_routers(struct validate *validate)
{
	struct validate_identities identities = {};

	vector_foreach(&validate->config->routers, router) {
		validate_router(validate, router);
		if (!validate_is_sound(&router->object))
			continue;
		for (int six = 0; six < 2; six++)
			if (validate_has_family(router, six))
				vector_push(&identities, ((struct validate_identity){router, six}));
	}
	validate_identities(validate, &identities);
	validate_sources(validate);
	validate_held_addresses(validate);
	validate_routes(validate);
	validate_groups(validate);
	validate_ranks(validate, &identities);
	vector_clear(&identities);
}
