// SPDX-License-Identifier: GPL-2.0-or-later
/* Between the list and the watch of routes, which is there while routes are tracked. Where it cannot be had, nothing is known of them,
 * and that is said; the next list of files tries again. */
#include "daemon/track_route.h"

#include "vrrp/route_watch.h"

/* A route that is not there for less is one that somebody puts anew: a router that resigned for it would come back at once. */
#define TRACK_ROUTE_GRACE_NS 100000000ull

struct track_routes {
	struct track_routes_options options;
	struct vrrp_route_watch *watch; /* NULL: no routes are tracked, or it cannot be had */
	struct loop_source
		*grace; /* when the first of those that are missed is gone; there with the watch */
};

static struct vrrp_route_key track_route_key(const struct track_item *item)
{
	return (struct vrrp_route_key){.to = item->route.to.address,
		.prefix = (uint8_t)item->route.to.length,
		.table = item->route.table};
}

/* Whether one that is not there counts as gone; if not, *next is when it will. */
static bool track_route_is_gone(struct track_item *item, uint64_t now, uint64_t *next)
{
	if (item->state != TRACK_STATE_WELL || item->untried)
		return true;
	if (!item->route.missed)
		item->route.missed = now;
	uint64_t gone = item->route.missed + TRACK_ROUTE_GRACE_NS;
	if (now >= gone)
		return true;
	*next = MIN(*next, gone);
	return false;
}

static void track_route_look(
	struct track_routes *routes, struct track_item *item, uint64_t now, uint64_t *next)
{
	struct track_list *list = routes->options.list;
	const struct vrrp_route_key key = track_route_key(item);

	switch (vrrp_route_watch_state(routes->watch, &key)) {
	case VRRP_ROUTE_THERE:
		item->route.missed = 0;
		track_item_set(list, item, TRACK_STATE_WELL, 0, now, "it is there");
		break;
	case VRRP_ROUTE_GONE:
		if (!track_route_is_gone(item, now, next))
			break;
		item->route.missed = 0;
		track_item_set(list, item, TRACK_STATE_UNWELL, 0, now, "it is not there");
		break;
	case VRRP_ROUTE_UNKNOWN:
		break;
	}
}

static void track_routes_on_changed(void *data)
{
	struct track_routes *routes = data;
	struct track_list *list = routes->options.list;
	size_t first, count = track_list_of(list, TRACK_ROUTE, &first);
	uint64_t now = loop_clock(), next = LOOP_NEVER;

	for (size_t i = first; i < first + count; i++)
		track_route_look(routes, list->items.items[i].item, now, &next);
	loop_timer_set(routes->grace, next);
	routes->options.looked(routes->options.data);
}

static void track_routes_close(struct track_routes *routes)
{
	routes->watch = vrrp_route_watch_free(routes->watch);
	routes->grace = loop_source_free(routes->grace);
}

static int track_routes_open(struct track_routes *routes, struct error *error)
{
	const struct vrrp_route_watch_options options = {
		.loop = routes->options.loop, .changed = track_routes_on_changed, .data = routes};

	if (routes->watch)
		return 0;
	int r = loop_add_timer(
		routes->options.loop, track_routes_on_changed, routes, &routes->grace);
	if (r < 0)
		return error_set(error, r, "no timer: %s", strerror(-r));
	r = vrrp_route_watch_new(&options, &routes->watch, error);
	if (r < 0)
		track_routes_close(routes);
	return r;
}

static void track_routes_watch(struct track_routes *routes, size_t first, size_t count)
{
	const struct track_list *list = routes->options.list;
	_cleanup_free_ struct vrrp_route_key *keys = memory_new(count * sizeof(*keys));

	for (size_t i = 0; i < count; i++)
		keys[i] = track_route_key(list->items.items[first + i].item);
	vrrp_route_watch_set(routes->watch, keys, count);
}

void track_routes_want(struct track_routes *routes)
{
	struct track_list *list = routes->options.list;
	size_t first, count = track_list_of(list, TRACK_ROUTE, &first);
	_cleanup_error_ struct error error = {};

	if (!count) {
		track_routes_close(routes);
		return;
	}
	int r = track_routes_open(routes, &error);
	for (size_t i = first; r < 0 && i < first + count; i++)
		track_item_miss(list, list->items.items[i].item, "%s", error_text(&error, r));
	if (r == 0)
		track_routes_watch(routes, first, count);
}

void track_routes_new(const struct track_routes_options *options, struct track_routes **ret)
{
	*ret = memory_new(sizeof(**ret));
	(*ret)->options = *options;
}

struct track_routes *track_routes_free(struct track_routes *routes)
{
	if (!routes)
		return NULL;
	track_routes_close(routes);
	free(routes);
	return NULL;
}
