// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/route_facts.h"

/* A listener of a service, by the service's name. */
struct route_listener {
	const char *name;
	bool lost; /* its quorum */
};

struct route_listeners {
	VECTOR_OF(struct route_listener);
};

static int route_compare_listeners(const void *a, const void *b)
{
	return strcmp(
		((const struct route_listener *)a)->name, ((const struct route_listener *)b)->name);
}

static void route_list(const struct engine *engine, struct route_listeners *ret)
{
	const struct declared *declared = &engine->files->declared;
	const struct engine_health_services *health = &engine->health.services;

	for (size_t i = 0; i < declared->services.count; i++) {
		struct route_listener *listener = vector_append(ret);

		listener->name = declared->services.items[i].name;
		listener->lost = i < health->count && health->items[i].quorum_lost;
	}
	vector_sort(ret, route_compare_listeners);
}

/* Well while each listener has its quorum. */
static void route_look_at(struct track_list *track, struct track_item *item,
	const struct route_listeners *listeners, uint64_t now)
{
	const struct route_listener key = {.name = item->key};
	size_t count = 0, lost = 0;
	size_t end = listeners->items ? vector_after(listeners, &key, route_compare_listeners) : 0;

	for (size_t i = end; i-- > 0 && strcmp(listeners->items[i].name, item->key) == 0; count++)
		lost += listeners->items[i].lost;
	if (!lost)
		track_item_set(track, item, TRACK_STATE_WELL, 0, now, "it has its quorum");
	else if (count == 1)
		track_item_set(track, item, TRACK_STATE_UNWELL, 0, now, "it has lost its quorum");
	else
		track_item_set(track, item, TRACK_STATE_UNWELL, 0, now,
			"%zu of %zu listeners have lost their quorum", lost, count);
}

void route_facts_look(const struct engine *engine, struct track_list *track, uint64_t now)
{
	struct route_listeners listeners = {};
	size_t first, count = track_list_of(track, TRACK_SERVICE, &first);

	if (!count)
		return;
	if (engine->files)
		route_list(engine, &listeners);
	for (size_t i = first; i < first + count; i++) {
		struct track_item *item = track->items.items[i].item;

		if (engine->files)
			route_look_at(track, item, &listeners, now);
		else
			track_item_set(track, item, TRACK_STATE_UNWELL, 0, now,
				"it is not there: the files are held");
	}
	vector_clear(&listeners);
}

static void route_wait(const struct engine *engine, struct route_facts *ret)
{
	const struct files *files = engine_router_files(engine);

	vector_foreach(&files->declared.services, service) {
		const struct config_router *router =
			service->standby_removes
				? config_find_router(&files->config, service->router)
				: NULL;

		if (!router)
			continue;
		struct route_fact *fact = &ret->items[router - files->config.routers.items];
		fact->fact.waits = true;
		fact->served &= state_find_service(&engine->reconciler.live, &service->key) != NULL;
	}
}

void route_facts_find(
	const struct engine *engine, const struct track_list *track, struct route_facts *ret)
{
	const struct config *config = &engine_router_files(engine)->config;

	for (size_t i = 0; i < config->routers.count; i++)
		vector_append(ret)->served = true;
	for (size_t i = 0; i < config->routers.count; i++)
		track_list_sum(track, i, &ret->items[i].fact);
	if (config->routers.count)
		route_wait(engine, ret);
}
