// SPDX-License-Identifier: GPL-2.0-or-later
/* The list of the node: who is in it, by key, by number and by mapping.
 *
 * A list that is set is merged with the one before. Who stays keeps its number, its counters and all that it has; who is new
 * takes over what an earlier process left of it. The keeper is given all of them and finds out what is another; until it has
 * ended those that are no more, these go on speaking by the configuration of before. */
#include <stdio.h>

#include "base/log.h"
#include "base/loop.h"
#include "vrrp/node_private.h"

LOG_MODULE("vrrp");

/* The list by key, and by number. */

static int node_key_compare(const void *key, const void *item)
{
	return keeper_key_compare(key, &((const struct node_router_place *)item)->router->key);
}

static int node_place_compare(const void *a, const void *b)
{
	return keeper_key_compare(&((const struct node_router_place *)a)->router->key,
		&((const struct node_router_place *)b)->router->key);
}

static int node_number_compare(const void *number, const void *item)
{
	return COMPARE(*(const uint64_t *)number,
		((const struct node_router_place *)item)->router->number);
}

static struct node_router *node_by_key(const struct node *node, const struct keeper_key *key)
{
	struct node_router_place *place = vector_find(&node->routers, key, node_key_compare);

	return place ? place->router : NULL;
}

/* NULL: that one is gone. */
struct node_router *node_by_number(const struct node *node, uint64_t number)
{
	struct node_router_place *place =
		vector_find(&node->numbered, &number, node_number_compare);

	return place ? place->router : NULL;
}

void node_unnumber(struct node *node, const struct node_router *router)
{
	struct node_router_place *place =
		vector_find(&node->numbered, &router->number, node_number_compare);
	size_t behind = (size_t)(node->numbered.items + node->numbered.count - place) - 1;

	memmove(place, place + 1, behind * sizeof(*place));
	node->numbered.count--;
}

/* The routers of an interface: from the returned one on. */
size_t node_first_on(const struct node *node, const char *interface)
{
	struct node_router before = {}; /* of no family: it comes before those that have one */
	const struct node_router_place place = {&before};

	snprintf(before.key.interface, sizeof(before.key.interface), "%s", interface);
	return vector_after(&node->routers, &place, node_place_compare);
}

char *node_whose(const struct node *node,
	bool (*is)(const struct node_router *router, const void *data), const void *data)
{
	const struct node_router *first = NULL;
	size_t others = 0;

	vector_foreach(&node->numbered, place) {
		if (!is(place->router, data))
			continue;
		others += first != NULL;
		first = first ? first : place->router;
	}
	if (!first || !others)
		return memory_copy_string(first ? first->object : NULL);
	return memory_printf("%s and %zu other%s", first->object, others, others == 1 ? "" : "s");
}

/* The keeper's list. */

/* The keeper copies what it is given. */
void node_tell_keeper(struct node *node)
{
	size_t count = node->routers.count;
	_cleanup_free_ struct keeper_router *list = memory_new((count + 1) * sizeof(*list));

	for (size_t i = 0; i < count; i++) {
		struct node_router *router = node->routers.items[i].router;

		if (!router->item)
			router->able = node_router_is_able(router);
		list[i] = (struct keeper_router){.key = router->key,
			.parameters = node_router_parameters(router),
			.group = router->group,
			.addresses = router->version,
			.up = router->able,
			.lease = router->left,
			.data = router};
	}
	node->changed = false;
	node->cause.type = VRRP_EVENT_CONFIGURED;
	keeper_set(node->keeper, list, count, loop_now(node->options.loop));
	node_clear_cause(node);
	for (size_t i = 0; i < count; i++)
		node->routers.items[i].router->item = keeper_at(node->keeper, i);
	vector_foreach(&node->routers, place)
		node_look_at(place->router);
	node_begin_due(node);
}

void node_on_gone(void *owner, struct keeper_item *item)
{
	struct node *node = owner;
	struct node_router *router = keeper_item_data(item);

	router->item = NULL;
	router->config = NULL;
	router->place = router->busy ? NODE_PLACE_LEAVING : NODE_PLACE_BARE;
	dispatcher_leave(&router->hearing);
	node->leaving = true;
	loop_work_ask(node->work);
}

/* The list that is set. */

static int node_hint_compare(const void *key, const void *hint)
{
	return keeper_key_compare(key, &((const struct node_hint *)hint)->key);
}

/* What is known of one that is new. Cells that are taken over are no longer those of the past. */
static void node_remember(struct node *node, struct node_router *router)
{
	const struct node_hint *hint = vector_find(&node->hints, &router->key, node_hint_compare);
	const struct lease_router_left *found = lease_find_router(&node->left, &router->key);

	if (hint)
		router->form = hint->checksum;
	if (!found)
		return;
	struct lease_router_left *left =
		&node->left.routers.items[found - node->left.routers.items];
	router->cell = left->cell;
	left->cell = LEASE_NONE;
	if (left->router.state == VRRP_STATE_ACTIVE)
		router->left = left->shared;
}

static void node_take_cells(struct node *node, struct node_router *router)
{
	size_t count = 0;
	const struct lease_address_left *found =
		lease_find_addresses(&node->left, &router->key, &count);

	for (size_t i = 0; i < count; i++) {
		struct lease_address_left *left =
			&node->left.addresses
				 .items[found - node->left.addresses.items + (ptrdiff_t)i];
		const struct vrrp_object object = {.kind = VRRP_OBJECT_ADDRESS,
			.ifindex = left->address.ifindex,
			.address = left->address.address,
			.prefix = left->address.prefix};
		struct node_address *address = node_router_address(router, &object);

		if (!address || address->cell != LEASE_NONE)
			continue;
		address->cell = left->cell;
		left->cell = LEASE_NONE;
	}
}

static struct node_router *node_add(struct node *node, const struct keeper_key *key)
{
	struct node_router *router = node_router_new(node, key);

	vector_append(&node->numbered)->router = router;
	node_remember(node, router);
	return router;
}

/* One that stays, or is new, as this mapping says. */
static void node_put(
	struct node *node, struct node_router_places *list, size_t index, uint16_t family)
{
	const struct config_router *config = &node->config.routers.items[index];
	struct node_mapping *mapping = &node->mappings.items[index];
	struct keeper_key key = {.family = family, .vrid = (uint8_t)config->vrid};

	snprintf(key.interface, sizeof(key.interface), "%s", config->interface);
	struct node_router *router = node_by_key(node, &key);
	if (!router)
		router = node_add(node, &key);
	router->config = config;
	router->mapping = index;
	router->facts =
		index < node->facts.count ? node->facts.items[index].facts : (struct node_facts){};
	node_router_rename(router, config->name.text);
	router->why_of = NODE_NOWHERE;
	mapping->routers[mapping->routers[0] != NULL] = router;
	vector_append(list)->router = router;
}

/* A mapping of both families moves as one (RFC 9568 §1), in a group that no word of a file can name. */
static void node_group(struct node_mapping *mapping, const struct config_router *config)
{
	for (size_t i = 0; i < ARRAY_LENGTH(mapping->routers); i++) {
		struct node_router *router = mapping->routers[i];

		if (!router)
			continue;
		free(router->group);
		if (config->group)
			router->group = memory_copy_string(config->group);
		else
			router->group = mapping->routers[1]
						? memory_printf("%c%s", NODE_GROUP_OF_MAPPING,
							  config->name.text)
						: NULL;
	}
}

static void node_put_mapping(struct node *node, struct node_router_places *list, size_t index)
{
	const struct config_router *config = &node->config.routers.items[index];
	bool four = false, six = false;

	vector_append(&node->mappings);
	vector_foreach(&config->addresses, item) {
		four |= item->address.address.family == AF_INET;
		six |= item->address.address.family == AF_INET6;
	}
	if (four)
		node_put(node, list, index, AF_INET);
	if (six)
		node_put(node, list, index, AF_INET6);
	node_group(&node->mappings.items[index], config);
}

/* All is wanted by now that is to stay of what an earlier process left. */
void node_settle(struct node *node)
{
	if (node->settled || (node->guest && !node->sweeping))
		return;
	node->settled = true;
	loop_timer_set(node->lapse, LOOP_NEVER);
	vrrp_addresses_settle(node->addresses);
	vrrp_errands_settle(node->errands);
	vector_foreach(&node->left.routers, left) {
		if (node->lease)
			lease_let_go(node->lease, &left->cell);
	}
	vector_clear(&node->left.routers);
	loop_work_ask(node->work);
}

static void node_shape_all(struct node *node)
{
	size_t addresses = 0;

	vector_foreach(&node->routers, place) {
		node_router_shape(place->router);
		if (!place->router->item)
			node_take_cells(node, place->router);
		addresses += place->router->address_count;
	}
	announce_reserve(node->announce, addresses);
}

/* Until the keeper has ended those that are no more, they speak by the configuration of before. */
static void node_use(struct node *node)
{
	struct node_router_places list = {};
	struct config before = node->config;

	node->waiting = false;
	node->config = node->coming;
	node->coming = (struct config){};
	vector_clear(&node->mappings);
	/* Whoever has no place in this list is not in it. */
	vector_foreach(&node->routers, place)
		place->router->mapping = NODE_NOWHERE;
	for (size_t i = 0; i < node->config.routers.count; i++)
		node_put_mapping(node, &list, i);
	vector_sort(&list, node_place_compare);
	vector_clear(&node->routers);
	node->routers = list;
	node_find_tracked(node);
	node_shape_all(node);
	node_refuse(node);
	node_tell_keeper(node);
	config_clear(&before);
	node_settle(node);
	node_set_timer(node);
}

void node_set(struct node *node, struct config *config, const struct node_plan *plan)
{
	config_clear(&node->coming);
	node->coming = *config;
	*config = (struct config){};
	vector_clear(&node->facts);
	for (size_t i = 0; i < node->coming.routers.count; i++)
		vector_append(&node->facts)->facts =
			plan->facts ? plan->facts[i] : (struct node_facts){};
	vector_clear(&node->hints);
	for (size_t i = 0; i < plan->hint_count; i++)
		vector_push(&node->hints, plan->hints[i]);
	node->waiting = true;
	if (node->read && !node->stopping)
		node_use(node);
}

/* When the last lease of an earlier process is over; 0: it is. */
static uint64_t node_lapses(const struct node *node)
{
	uint64_t end = 0, now = loop_now(node->options.loop);

	vector_foreach(&node->left.routers, left) {
		if (vrrp_lease_holds(&left->shared, now))
			end = MAX(end, lease_end(&left->shared));
	}
	return end;
}

/* Nobody goes on with what is still here, and others may have taken over: it does not wait for a list. */
void node_on_lapse(void *data)
{
	struct node *node = data;

	if (node->left.addresses.count && !node->settled)
		log_notice("the addresses that an earlier process left are removed");
	node_settle(node);
}

void node_on_read(void *data)
{
	struct node *node = data;

	node->read = true;
	if (node->stopping)
		node_settle(node);
	else if (node->waiting)
		node_use(node);
	else if (!node->settled)
		loop_timer_set(node->lapse, node_lapses(node));
}

/* Facts. */

static void node_tell_facts(struct node_router *router, const struct node_facts *facts)
{
	struct node *node = router->node;
	uint8_t before = node_router_parameters(router).priority;

	router->facts = *facts;
	uint8_t priority = node_router_parameters(router).priority;
	if (priority != before) {
		const struct vrrp_event event = {.type = VRRP_EVENT_PRIORITY, .priority = priority};

		node_tell_router(router, &event, loop_now(node->options.loop));
	}
	node_look_at(router);
}

void node_tell(struct node *node, size_t index, const struct node_facts *facts)
{
	if (node->waiting && index < node->facts.count)
		node->facts.items[index].facts = *facts;
	if (node->waiting || index >= node->mappings.count)
		return;
	struct node_mapping *mapping = &node->mappings.items[index];
	for (size_t i = 0; i < ARRAY_LENGTH(mapping->routers); i++) {
		if (mapping->routers[i])
			node_tell_facts(mapping->routers[i], facts);
	}
	node_set_timer(node);
}

void node_serve(struct node *node, size_t index)
{
	if (node->waiting || index >= node->mappings.count)
		return;
	struct node_mapping *mapping = &node->mappings.items[index];
	for (size_t i = 0; i < ARRAY_LENGTH(mapping->routers); i++) {
		struct node_router *router = mapping->routers[i];

		/* Not of a take-over before, nor for the next one. */
		if (router && router->wait.place)
			node_hold(router);
	}
}
