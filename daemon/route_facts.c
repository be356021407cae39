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

static bool route_tracks_services(const struct config *config)
{
	vector_foreach(&config->routers, router)
		if (router->track.services.count)
			return true;
	return false;
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
static bool route_is_well(const struct route_listeners *listeners, const char *name)
{
	const struct route_listener key = {.name = name};

	if (!listeners->items)
		return true;
	size_t end = vector_after(listeners, &key, route_compare_listeners);

	for (size_t i = end; i-- > 0 && strcmp(listeners->items[i].name, name) == 0;)
		if (listeners->items[i].lost)
			return false;
	return true;
}

static void route_track(const struct config_router *router, const struct route_listeners *listeners,
	struct routing_fact *fact)
{
	vector_foreach(&router->track.services, tracked) {
		bool well = route_is_well(listeners, tracked->name);

		if (!config_has(&tracked->object, CONFIG_TRACKED_SERVICE_WEIGHT))
			fact->fault |= !well;
		else if (well == (tracked->weight > 0))
			fact->weight += tracked->weight;
	}
}

static void route_wait(const struct engine *engine, struct route_facts *ret)
{
	const struct config *config = &engine->files->config;

	vector_foreach(&engine->files->declared.services, service) {
		const struct config_router *router =
			service->standby_removes ? config_find_router(config, service->router)
						 : NULL;

		if (!router)
			continue;
		struct route_fact *fact = &ret->items[router - config->routers.items];
		fact->fact.waits = true;
		fact->served &= state_find_service(&engine->reconciler.live, &service->key) != NULL;
	}
}

void route_facts_find(const struct engine *engine, struct route_facts *ret)
{
	const struct config *config = &engine->files->config;
	struct route_listeners listeners = {};

	for (size_t i = 0; i < config->routers.count; i++)
		vector_append(ret)->served = true;
	if (!config->routers.count)
		return;
	if (route_tracks_services(config))
		route_list(engine, &listeners);
	for (size_t i = 0; i < config->routers.count; i++)
		route_track(&config->routers.items[i], &listeners, &ret->items[i].fact);
	vector_clear(&listeners);
	route_wait(engine, ret);
}
