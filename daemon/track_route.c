// SPDX-License-Identifier: GPL-2.0-or-later
/* Between the list and the watch of routes, which is there while routes are tracked. Where it cannot be had, nothing is known of them,
 * and that is said; the next list of files tries again. */
#include "daemon/track_route.h"

#include "vrrp/route_watch.h"

struct track_routes {
	struct track_routes_options options;
	struct vrrp_route_watch *watch; /* NULL: no routes are tracked, or it cannot be had */
};

static struct vrrp_route_key track_route_key(const struct track_item *item)
{
	return (struct vrrp_route_key){.to = item->route.to.address,
		.prefix = (uint8_t)item->route.to.length,
		.table = item->route.table};
}

static void track_routes_on_changed(void *data)
{
	struct track_routes *routes = data;
	struct track_list *list = routes->options.list;
	size_t first, count = track_list_of(list, TRACK_ROUTE, &first);
	uint64_t now = loop_clock();

	for (size_t i = first; i < first + count; i++) {
		struct track_item *item = list->items.items[i].item;
		const struct vrrp_route_key key = track_route_key(item);

		switch (vrrp_route_watch_state(routes->watch, &key)) {
		case VRRP_ROUTE_THERE:
			track_item_set(list, item, TRACK_STATE_WELL, 0, now, "it is there");
			break;
		case VRRP_ROUTE_GONE:
			track_item_set(list, item, TRACK_STATE_UNWELL, 0, now, "it is not there");
			break;
		case VRRP_ROUTE_UNKNOWN:
			break;
		}
	}
	routes->options.looked(routes->options.data);
}

static int track_routes_open(struct track_routes *routes, struct error *error)
{
	const struct vrrp_route_watch_options options = {
		.loop = routes->options.loop, .changed = track_routes_on_changed, .data = routes};

	return routes->watch ? 0 : vrrp_route_watch_new(&options, &routes->watch, error);
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
		routes->watch = vrrp_route_watch_free(routes->watch);
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
	vrrp_route_watch_free(routes->watch);
	free(routes);
	return NULL;
}
