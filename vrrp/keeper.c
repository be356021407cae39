// SPDX-License-Identifier: GPL-2.0-or-later
/* Who is there, in order of the keys; who moves together; whose time comes first.
 *
 * A list that is set is merged with the one before. What is to be done then has an order: those that are no more let go of
 * their addresses before anybody else may want them; groups are formed anew where other members belong to them; parameters
 * that are others are told at last. A group whose members are the same is the same object, and nothing in it is touched.
 *
 * An event of one member costs a look at all members of its group: a group of a thousand costs some microseconds for each
 * advertisement. */
#include "vrrp/keeper.h"

#include <string.h>

struct keeper_group {
	struct vrrp_group group;
	struct keeper_item **items; /* as group.members */
	bool kept;                  /* by the list that is being set */
};

struct keeper_item {
	struct heap_entry due; /* first: of `timers` */
	struct keeper_key key;
	struct vrrp_router router;
	struct vrrp_parameters parameters; /* as declared: the router has its group's priority */
	struct vrrp_lease left;            /* by an earlier process */
	uint64_t addresses;
	char *group_name; /* NULL: alone */
	struct keeper_group *group;
	size_t index; /* in its group */
	void *data;
	bool new;
	bool begun; /* was told to start */
};

struct keeper_place {
	struct keeper_item *item;
};

struct keeper_items {
	VECTOR_OF(struct keeper_place);
};

struct keeper_group_place {
	struct keeper_group *group;
};

struct keeper_groups {
	VECTOR_OF(struct keeper_group_place);
};

struct keeper {
	struct keeper_options options;
	struct keeper_items items; /* by key */
	struct keeper_groups groups;
	struct heap timers;
	bool started;
};

int keeper_key_compare(const void *a, const void *b)
{
	const struct keeper_key *left = a, *right = b;
	int order = strncmp(left->interface, right->interface, KEEPER_INTERFACE_SIZE);

	if (order)
		return order;
	order = COMPARE(left->family, right->family);
	return order ? order : COMPARE(left->vrid, right->vrid);
}

static int keeper_find_compare(const void *key, const void *item)
{
	return keeper_key_compare(key, &((const struct keeper_place *)item)->item->key);
}

/* Those of a group together, in the order that is the same on every machine (group.h); those alone come first. */
static int keeper_group_compare(const void *a, const void *b)
{
	const struct keeper_item *left = ((const struct keeper_place *)a)->item;
	const struct keeper_item *right = ((const struct keeper_place *)b)->item;
	int order = !left->group_name || !right->group_name
			    ? COMPARE(!!left->group_name, !!right->group_name)
			    : strcmp(left->group_name, right->group_name);

	if (order == 0)
		order = COMPARE(left->key.family, right->key.family);
	if (order == 0)
		order = COMPARE(left->key.vrid, right->key.vrid);
	return order ? order : keeper_key_compare(&left->key, &right->key);
}

/* Doing. */

static void keeper_act(
	struct keeper *keeper, struct keeper_item *item, const struct vrrp_actions *actions)
{
	uint64_t when = item->router.timer ? item->router.timer : HEAP_NEVER;

	for (size_t i = 0; i < actions->count; i++)
		if (actions->items[i].type != VRRP_ACTION_TIMER)
			keeper->options.act(keeper->options.owner, item, &actions->items[i]);
	if (when != HEAP_NEVER ? item->due.when != when || !item->due.place : !!item->due.place)
		heap_set(&keeper->timers, &item->due, when);
}

static void keeper_act_group(struct keeper *keeper, struct keeper_group *group)
{
	for (size_t i = 0; i < group->group.count; i++)
		keeper_act(keeper, group->items[i], &group->group.members[i].actions);
}

static void keeper_tell(struct keeper *keeper, struct keeper_item *item,
	const struct vrrp_event *event, uint64_t now)
{
	vrrp_group_handle(&item->group->group, item->index, event, now);
	keeper_act_group(keeper, item->group);
}

void keeper_handle(struct keeper *keeper, struct keeper_item *item, const struct vrrp_event *event,
	uint64_t now)
{
	/* What another list or another group starts from. */
	if (event->type == VRRP_EVENT_PRIORITY)
		item->parameters.priority = event->priority;
	keeper_tell(keeper, item, event, now);
}

static void keeper_tell_all(struct keeper *keeper, enum vrrp_event_type type, uint64_t now)
{
	const struct vrrp_event event = {.type = type};

	vector_foreach(&keeper->items, place)
		keeper_tell(keeper, place->item, &event, now);
}

void keeper_begin(struct keeper *keeper, struct keeper_item *item, uint64_t now)
{
	const struct vrrp_event event = {
		.type = item->left.sent ? VRRP_EVENT_RESUME : VRRP_EVENT_START,
		.lease = item->left};

	if (item->begun)
		return;
	item->begun = true;
	keeper_tell(keeper, item, &event, now);
}

void keeper_start(struct keeper *keeper, uint64_t now)
{
	keeper->started = true;
	vector_foreach(&keeper->items, place)
		keeper_begin(keeper, place->item, now);
}

void keeper_stop(struct keeper *keeper, uint64_t now)
{
	keeper->started = false;
	vector_foreach(&keeper->items, place)
		place->item->begun = false;
	keeper_tell_all(keeper, VRRP_EVENT_STOP, now);
}

void keeper_thaw(struct keeper *keeper, uint64_t now)
{
	keeper_tell_all(keeper, VRRP_EVENT_THAW, now);
}

size_t keeper_run(struct keeper *keeper, uint64_t now, size_t most)
{
	const struct vrrp_event event = {.type = VRRP_EVENT_TIMER};
	size_t done = 0;

	while (done < most && heap_next(&keeper->timers) <= now) {
		struct keeper_item *item = (struct keeper_item *)heap_first(&keeper->timers);

		keeper_tell(keeper, item, &event, now);
		done++;
	}
	return done;
}

uint64_t keeper_next(const struct keeper *keeper)
{
	return heap_next(&keeper->timers);
}

/* Groups. */

static struct keeper_group *keeper_group_new(struct keeper_place *places, size_t count)
{
	struct keeper_group *group = memory_new(sizeof(*group));

	group->group.members = memory_new(count * sizeof(*group->group.members));
	group->group.count = count;
	group->items = memory_new(count * sizeof(struct keeper_item *));
	for (size_t i = 0; i < count; i++) {
		struct keeper_item *item = places[i].item;

		group->items[i] = item;
		group->group.members[i].router = &item->router;
		group->group.members[i].priority = item->parameters.priority;
		item->group = group;
		item->index = i;
	}
	return group;
}

static void keeper_group_free(struct keeper_group *group)
{
	free(group->group.members);
	free(group->items);
	free(group);
}

/* Its members are others than before: who is new begins with them. */
static void keeper_group_form(struct keeper *keeper, struct keeper_group *group, uint64_t now)
{
	for (size_t i = 0; i < group->group.count; i++) {
		struct keeper_item *item = group->items[i];

		if (item->new && keeper->started)
			item->begun = item->router.started = true;
	}
	vrrp_group_regroup(&group->group, now);
	keeper_act_group(keeper, group);
}

/* Whether these are the members of the group that they are in. */
static bool keeper_is_group(const struct keeper_place *places, size_t count)
{
	const struct keeper_group *group = places[0].item->group;

	if (!group || group->group.count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (places[i].item->group != group)
			return false;
	return true;
}

static size_t keeper_group_size(const struct keeper_items *sorted, size_t first)
{
	const char *name = sorted->items[first].item->group_name;
	size_t end = first + 1;

	while (name && end < sorted->count &&
		strcmp(sorted->items[end].item->group_name, name) == 0)
		end++;
	return end - first;
}

static void keeper_free_groups(struct keeper_groups *groups, bool kept)
{
	vector_foreach(groups, place) {
		if (!place->group->kept || !kept)
			keeper_group_free(place->group);
		else
			place->group->kept = false;
	}
	vector_clear(groups);
}

static void keeper_group_all(struct keeper *keeper, uint64_t now)
{
	struct keeper_groups before = keeper->groups, formed = {};
	struct keeper_items sorted = {};

	keeper->groups = (struct keeper_groups){};
	vector_foreach(&keeper->items, place)
		vector_push(&sorted, *place);
	vector_sort(&sorted, keeper_group_compare);
	for (size_t i = 0, count; i < sorted.count; i += count) {
		count = keeper_group_size(&sorted, i);
		if (keeper_is_group(sorted.items + i, count)) {
			sorted.items[i].item->group->kept = true;
			vector_append(&keeper->groups)->group = sorted.items[i].item->group;
			continue;
		}
		vector_append(&formed)->group = keeper_group_new(sorted.items + i, count);
	}
	keeper_free_groups(&before, true);
	vector_foreach(&formed, place) {
		vector_append(&keeper->groups)->group = place->group;
		keeper_group_form(keeper, place->group, now);
	}
	vector_clear(&formed);
	vector_clear(&sorted);
}

/* The list. */

static struct keeper_item *keeper_item_new(const struct keeper_router *router)
{
	struct keeper_item *item = memory_new(sizeof(*item));

	item->key = router->key;
	item->parameters = router->parameters;
	item->addresses = router->addresses;
	item->left = router->lease;
	item->new = true;
	vrrp_router_init(&item->router, &router->parameters);
	item->router.up = router->up;
	return item;
}

/* Out of its group already: the others go on without it. */
static void keeper_item_end(struct keeper *keeper, struct keeper_item *item, uint64_t now)
{
	const struct vrrp_event event = {.type = VRRP_EVENT_STOP};
	struct vrrp_actions actions = {};

	vrrp_router_handle(&item->router, &event, now, &actions);
	keeper_act(keeper, item, &actions);
	heap_set(&keeper->timers, &item->due, HEAP_NEVER);
	keeper->options.gone(keeper->options.owner, item);
	free(item->group_name);
	free(item);
}

/* The items of the list, in its order: those that were there, and new ones. The others end. */
static void keeper_merge(
	struct keeper *keeper, const struct keeper_router *routers, size_t count, uint64_t now)
{
	struct keeper_place *old = keeper->items.items, *end = old + keeper->items.count;
	struct keeper_items items = {};

	vector_reserve(&items, count);
	for (size_t i = 0; i < count; i++) {
		int order = -1;

		while (old < end &&
			(order = keeper_key_compare(&old->item->key, &routers[i].key)) < 0)
			keeper_item_end(keeper, old++->item, now);
		struct keeper_item *item =
			old < end && order == 0 ? old++->item : keeper_item_new(&routers[i]);

		vector_append(&items)->item = item;
		item->data = routers[i].data;
		free(item->group_name);
		item->group_name = memory_copy_string(routers[i].group);
	}
	while (old < end)
		keeper_item_end(keeper, old++->item, now);
	vector_clear(&keeper->items);
	keeper->items = items;
}

static void keeper_configure(struct keeper *keeper, struct keeper_item *item,
	const struct keeper_router *router, uint64_t now)
{
	const struct vrrp_event event = {.type = VRRP_EVENT_CONFIGURED,
		.parameters = &router->parameters,
		.addresses_changed = item->addresses != router->addresses};

	if (!event.addresses_changed &&
		vrrp_parameters_equal(&item->parameters, &router->parameters))
		return;
	item->parameters = router->parameters;
	item->addresses = router->addresses;
	keeper_tell(keeper, item, &event, now);
}

void keeper_set(
	struct keeper *keeper, const struct keeper_router *routers, size_t count, uint64_t now)
{
	keeper_merge(keeper, routers, count, now);
	keeper_group_all(keeper, now);
	for (size_t i = 0; i < count; i++) {
		keeper->items.items[i].item->new = false;
		keeper_configure(keeper, keeper->items.items[i].item, &routers[i], now);
	}
}

struct keeper_item *keeper_find(struct keeper *keeper, const struct keeper_key *key)
{
	struct keeper_place *place = vector_find(&keeper->items, key, keeper_find_compare);

	return place ? place->item : NULL;
}

const struct keeper_key *keeper_item_key(const struct keeper_item *item)
{
	return &item->key;
}

const struct vrrp_router *keeper_item_router(const struct keeper_item *item)
{
	return &item->router;
}

void *keeper_item_data(const struct keeper_item *item)
{
	return item->data;
}

const struct keeper_item *keeper_item_hindered(const struct keeper_item *item)
{
	const struct keeper_group *group = item->group;

	for (size_t i = 0; i < group->group.count; i++) {
		const struct vrrp_router *router = &group->items[i]->router;

		if (group->items[i] != item && (!router->started || !router->up))
			return group->items[i];
	}
	return NULL;
}

size_t keeper_count(const struct keeper *keeper)
{
	return keeper->items.count;
}

struct keeper_item *keeper_at(const struct keeper *keeper, size_t index)
{
	return keeper->items.items[index].item;
}

/* Life. */

struct keeper *keeper_new(const struct keeper_options *options)
{
	struct keeper *keeper = memory_new(sizeof(*keeper));

	keeper->options = *options;
	return keeper;
}

struct keeper *keeper_free(struct keeper *keeper)
{
	if (!keeper)
		return NULL;
	heap_clear(&keeper->timers);
	vector_foreach(&keeper->items, place) {
		free(place->item->group_name);
		free(place->item);
	}
	vector_clear(&keeper->items);
	keeper_free_groups(&keeper->groups, false);
	free(keeper);
	return NULL;
}
