// SPDX-License-Identifier: GPL-2.0-or-later
/* From some addresses and routes to the next.
 *
 * There are two kinds of things, each a sorted list, and one way of changing it: the operations on it,
 * sorted by key and time, are merged into it. What the kinds differ in is a row. */
#include "backends/dpdk/dataplane/ways.h"

#include <errno.h>

#include "base/memory.h"

union ways_item {
	struct port_address address;
	struct data_route route;
};

struct ways_pending {
	union ways_item item; /* first: compared by its key */
	const struct plan_op *op;
};

struct ways_pendings {
	VECTOR_OF(struct ways_pending);
};

/* A list of either kind, with room for all that may come into it. */
struct ways_list {
	char *items;
	size_t count;
};

struct ways_kind {
	enum plan_object object;
	size_t size;
	void (*fill)(union ways_item *item, const struct plan_op *op);
	int (*check)(const union ways_item *item, struct error *error);
	const char *(*port)(const union ways_item *item);
	int (*compare)(const void *a, const void *b);
	int (*compare_pending)(const void *a, const void *b);
	bool (*equal)(const void *a, const void *b);
};

struct ways *ways_new(void)
{
	struct ways *ways = memory_new(sizeof(*ways));

	ways->references = 1;
	return ways;
}

struct ways *ways_ref(struct ways *ways)
{
	ways->references++;
	return ways;
}

struct ways *ways_unref(struct ways *ways)
{
	if (!ways || --ways->references)
		return NULL;
	vector_clear(&ways->addresses);
	vector_clear(&ways->routes);
	free(ways);
	return NULL;
}

bool ways_concern(const struct plan_op *op)
{
	return op->object == PLAN_OBJECT_PORT_ADDRESS || op->object == PLAN_OBJECT_ROUTE;
}

/* Addresses of ports. */

static void address_fill(union ways_item *item, const struct plan_op *op)
{
	item->address = (struct port_address){op->port_address.key, op->port_address.after};
}

static const char *address_port(const union ways_item *item)
{
	return item->address.key.port;
}

static int address_check(const union ways_item *item, struct error *error)
{
	const struct address *address = &item->address.key.address;

	if (!address_size(address->family) || address_is_unspecified(address) ||
		address_is_multicast(address) || address_is_loopback(address))
		return error_set(error, -EINVAL, "it is not a unicast address");
	if (item->address.attributes.length > address_bits(address->family))
		return error_set(error, -EINVAL, "its network has more bits than an address");
	return 0;
}

static int address_compare_pending(const void *a, const void *b)
{
	const struct ways_pending *left = a, *right = b;
	int order = port_address_compare(left, right);

	return order ? order : COMPARE(left->op, right->op);
}

static bool address_is_equal(const void *a, const void *b)
{
	const struct port_address *left = a, *right = b;

	return port_address_compare(left, right) == 0 &&
	       port_address_attributes_equal(&left->attributes, &right->attributes);
}

/* Routes. */

static void route_fill(union ways_item *item, const struct plan_op *op)
{
	item->route = (struct data_route){op->route.key, op->route.after};
}

static const char *route_port(const union ways_item *item)
{
	return item->route.attributes.port;
}

static bool has_bits_behind(const struct address *address, unsigned int length)
{
	for (unsigned int bit = length; bit < address_bits(address->family); bit++)
		if (address->bytes[bit / 8] & (0x80 >> bit % 8))
			return true;
	return false;
}

static int route_check(const union ways_item *item, struct error *error)
{
	const struct data_route_key *key = &item->route.key;
	const struct address *via = &item->route.attributes.via;

	if (!address_size(key->to.family) || key->length > address_bits(key->to.family) ||
		has_bits_behind(&key->to, key->length))
		return error_set(error, -EINVAL, "it is no network");
	if (via->family != AF_UNSPEC && via->family != key->to.family)
		return error_set(error, -EINVAL, "its next hop is of the other address family");
	return 0;
}

static int route_compare_pending(const void *a, const void *b)
{
	const struct ways_pending *left = a, *right = b;
	int order = data_route_compare(left, right);

	return order ? order : COMPARE(left->op, right->op);
}

static bool route_is_equal(const void *a, const void *b)
{
	const struct data_route *left = a, *right = b;

	return data_route_compare(left, right) == 0 &&
	       data_route_attributes_equal(&left->attributes, &right->attributes);
}

static const struct ways_kind ways_addresses = {
	.object = PLAN_OBJECT_PORT_ADDRESS,
	.size = sizeof(struct port_address),
	.fill = address_fill,
	.check = address_check,
	.port = address_port,
	.compare = port_address_compare,
	.compare_pending = address_compare_pending,
	.equal = address_is_equal,
};

static const struct ways_kind ways_routes = {
	.object = PLAN_OBJECT_ROUTE,
	.size = sizeof(struct data_route),
	.fill = route_fill,
	.check = route_check,
	.port = route_port,
	.compare = data_route_compare,
	.compare_pending = route_compare_pending,
	.equal = route_is_equal,
};

/* Both. */

/* The earliest fault so far. */
struct ways_work {
	const struct data_port_vector *ports;
	const struct plan_op *ops;
	size_t failed;
	int code;
	struct error *error;
};

static bool ways_has_port(const struct data_port_vector *ports, const char *name)
{
	vector_foreach(ports, port)
		if (strcmp(port->name, name) == 0)
			return true;
	return false;
}

static int ways_check(const struct ways_work *work, const struct ways_kind *kind,
	const union ways_item *item, bool there, const struct plan_op *op, struct error *error)
{
	if (!ways_has_port(work->ports, kind->port(item)))
		return error_set(error, -ENODEV,
			"there is no such port: poise-dataplane has those that it was started "
			"with");
	if (op->verb != PLAN_VERB_ADD && !there)
		return error_set(error, -ENOENT,
			"it is gone: another program deleted it meanwhile (apply again)");
	return kind->check(item, error);
}

/* One operation on the item *now, which is there or not. */
static void ways_step(struct ways_work *work, const struct ways_kind *kind,
	const struct ways_pending *pending, bool *there, union ways_item *now)
{
	_cleanup_error_ struct error error = {};
	size_t place = (size_t)(pending->op - work->ops);

	if (pending->op->verb == PLAN_VERB_DELETE) {
		*there = false;
		return;
	}
	int r = ways_check(work, kind, &pending->item, *there, pending->op, &error);
	if (r == 0) {
		*there = true;
		*now = pending->item;
		return;
	}
	if (work->code && place > work->failed)
		return;
	work->code = error_set(work->error, r, "%s", error_text(&error, r));
	work->failed = place;
}

static void list_add(
	struct ways_list *list, const struct ways_kind *kind, const void *items, size_t count)
{
	if (count)
		memcpy(list->items + list->count * kind->size, items, count * kind->size);
	list->count += count;
}

/* The operations on items of this kind, merged into those that are there. */
static struct ways_list ways_merge(struct ways_work *work, const struct ways_kind *kind,
	const void *items, size_t item_count, const struct ways_pendings *pendings)
{
	const char *old = items, *end = old ? old + item_count * kind->size : old;
	struct ways_list merged = {
		.items = memory_resize(NULL, item_count + pendings->count, kind->size)};
	size_t i = 0;

	while (i < pendings->count) {
		const struct ways_pending *first = &pendings->items[i];
		const char *from = old;
		union ways_item now = {};

		while (old < end && kind->compare(old, first) < 0)
			old += kind->size;
		list_add(&merged, kind, from, (size_t)(old - from) / kind->size);
		bool there = old < end && kind->compare(old, first) == 0;
		if (there) {
			memcpy(&now, old, kind->size);
			old += kind->size;
		}
		for (; i < pendings->count && kind->compare(&pendings->items[i], first) == 0; i++)
			ways_step(work, kind, &pendings->items[i], &there, &now);
		list_add(&merged, kind, &now, there);
	}
	list_add(&merged, kind, old, (size_t)(end - old) / kind->size);
	return merged;
}

static struct ways_list ways_apply(struct ways_work *work, const struct ways_kind *kind,
	const void *items, size_t item_count, size_t count)
{
	struct ways_pendings pendings = {};
	struct ways_list merged;

	for (size_t i = 0; i < count; i++) {
		if (work->ops[i].object != kind->object)
			continue;
		struct ways_pending *pending = vector_append(&pendings);
		kind->fill(&pending->item, &work->ops[i]);
		pending->op = &work->ops[i];
	}
	vector_sort(&pendings, kind->compare_pending);
	merged = ways_merge(work, kind, items, item_count, &pendings);
	vector_clear(&pendings);
	return merged;
}

static bool ways_differ(const struct ways_kind *kind, const void *items, size_t item_count,
	const struct ways_list *list)
{
	if (item_count != list->count)
		return true;
	for (size_t i = 0; i < item_count; i++)
		if (!kind->equal(
			    (const char *)items + i * kind->size, list->items + i * kind->size))
			return true;
	return false;
}

int ways_make(const struct ways *old, const struct data_port_vector *ports,
	const struct plan_op *ops, size_t count, struct ways **ret, size_t *failed,
	struct error *error)
{
	struct ways_work work = {.ports = ports, .ops = ops, .error = error};
	struct ways_list addresses = ways_apply(
		&work, &ways_addresses, old->addresses.items, old->addresses.count, count);
	struct ways_list routes =
		ways_apply(&work, &ways_routes, old->routes.items, old->routes.count, count);

	*ret = NULL;
	*failed = work.failed;
	if (work.code || (!ways_differ(&ways_addresses, old->addresses.items, old->addresses.count,
				  &addresses) &&
				 !ways_differ(&ways_routes, old->routes.items, old->routes.count,
					 &routes))) {
		free(addresses.items);
		free(routes.items);
		return work.code;
	}
	*ret = ways_new();
	(*ret)->addresses = (struct port_address_vector){
		(struct port_address *)(void *)addresses.items, addresses.count, addresses.count};
	(*ret)->routes = (struct data_route_vector){
		(struct data_route *)(void *)routes.items, routes.count, routes.count};
	return 0;
}
