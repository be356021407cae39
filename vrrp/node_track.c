// SPDX-License-Identifier: GPL-2.0-or-later
/* Interfaces that routers track: what they make of a router, beside what others find out (node_tell()); and each of them once, for
 * who looks at what is tracked. */
#include <stdio.h>
#include <string.h>

#include "vrrp/node_private.h"

static enum node_carrier node_carrier_of(const struct node *node, const char *interface)
{
	const struct vrrp_link *link = vrrp_links_by_name(node->links, interface);

	if (!link)
		return NODE_CARRIER_ABSENT;
	if (link->running)
		return NODE_CARRIER_RUNS;
	return link->up ? NODE_CARRIER_NONE : NODE_CARRIER_DOWN;
}

struct node_facts node_router_tracked(const struct node_router *router)
{
	struct node_facts facts = router->facts;

	vector_foreach(&router->config->track.interfaces, tracked) {
		bool well = node_carrier_of(router->node, tracked->name) == NODE_CARRIER_RUNS;

		if (!config_has(&tracked->object, CONFIG_TRACKED_INTERFACE_WEIGHT))
			facts.fault |= !well;
		else if (well == (tracked->weight > 0))
			facts.weight += tracked->weight;
	}
	return facts;
}

const char *node_tracked_trouble(const struct node_router *router, char words[static NODE_WHY_SIZE])
{
	static const char *const troubles[NODE_CARRIER_COUNT] = {
		[NODE_CARRIER_ABSENT] = "is not there",
		[NODE_CARRIER_DOWN] = "is down",
		[NODE_CARRIER_NONE] = "has no carrier",
	};

	if (router->facts.fault)
		return NODE_TROUBLE_TOLD;
	vector_foreach(&router->config->track.interfaces, tracked) {
		enum node_carrier carrier = node_carrier_of(router->node, tracked->name);

		if (config_has(&tracked->object, CONFIG_TRACKED_INTERFACE_WEIGHT) ||
			carrier == NODE_CARRIER_RUNS)
			continue;
		snprintf(words, NODE_WHY_SIZE, "interface %s, which it tracks, %s", tracked->name,
			troubles[carrier]);
		return words;
	}
	return NODE_TROUBLE_TOLD;
}

static int node_tracked_compare(const void *a, const void *b)
{
	return strcmp(((const struct node_tracked *)a)->interface,
		((const struct node_tracked *)b)->interface);
}

void node_find_tracked(struct node *node)
{
	struct node_tracked_list *list = &node->tracked;
	size_t kept = 0;

	list->count = 0;
	vector_foreach(&node->config.routers, router)
		vector_foreach(&router->track.interfaces, tracked)
			vector_append(list)->interface = tracked->name;
	vector_sort(list, node_tracked_compare);
	for (size_t i = 0; i < list->count; i++)
		if (!kept || node_tracked_compare(&list->items[kept - 1], &list->items[i]) != 0)
			list->items[kept++] = list->items[i];
	list->count = kept;
}

size_t node_tracked_count(const struct node *node)
{
	return node->tracked.count;
}

struct node_tracked node_look_at_tracked(const struct node *node, size_t index)
{
	struct node_tracked tracked = node->tracked.items[index];

	tracked.carrier = node_carrier_of(node, tracked.interface);
	return tracked;
}
