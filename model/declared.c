// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/declared.h"

#include <stdio.h>

#include "model/listen.h"
#include "model/units.h"

static struct service_attributes declared_attributes(
	const struct config_service *service, uint16_t family)
{
	const struct config_persistence *persistence = &service->persistence;
	struct service_attributes attributes = {
		.scheduler_flags = listen_scheduler_flags(service),
		.one_packet = service->one_packet,
		.persistent = config_has(&service->object, CONFIG_SERVICE_PERSISTENCE),
		.netmask = service_netmask(family, address_bits(family)),
	};

	snprintf(attributes.scheduler, sizeof(attributes.scheduler), "%s", service->scheduler);
	if (!attributes.persistent)
		return attributes;
	attributes.persistence_timeout = (uint32_t)(persistence->timeout / UNITS_SECOND);
	attributes.netmask = service_netmask(
		family, family == AF_INET6 ? persistence->prefix6 : persistence->prefix);
	if (persistence->engine)
		snprintf(attributes.engine, sizeof(attributes.engine), "%s", persistence->engine);
	return attributes;
}

/* Into its place: they are few. */
static void declared_add_check(struct declared_checks *checks, const struct config_check *check)
{
	size_t place = checks->count++;

	for (; place && strcmp(checks->items[place - 1]->name.text, check->name.text) > 0; place--)
		checks->items[place] = checks->items[place - 1];
	checks->items[place] = check;
}

static struct declared_checks declared_find_checks(
	const struct config *config, const struct config_name_list *names, struct arena *arena)
{
	struct declared_checks checks = {};

	if (!names->count)
		return checks;
	checks.items = arena_new(arena, names->count * sizeof(void *));
	vector_foreach(names, name) {
		const struct config_check *check = config_find_check(config, name->text);

		if (check)
			declared_add_check(&checks, check);
	}
	return checks;
}

/* All that a listener takes from a list; a fallback is of no pool. */
static void declared_add_destinations(const struct config *config,
	const struct config_service *service, const struct config_listener *listener,
	struct declared *declared, bool fallback)
{
	struct declared_service *item = &declared->services.items[declared->services.count - 1];
	const struct config_pool *pool = NULL;
	const struct config_destination_list *list =
		fallback ? &service->fallback : config_destinations(config, service, &pool);
	struct declared_destination_vector *destinations = &item->destinations;
	const struct config_name *last = NULL;
	struct declared_checks checks = {};

	vector_reserve(destinations, destinations->count + list->count);
	vector_foreach(list, destination) {
		if (!listen_takes(listener, destination))
			continue;
		struct config_rules rules = listen_rules(service, pool, destination);
		const struct config_name_list *names =
			listen_checks(service, list, destination, &rules);

		/* Mostly it is one list that all of them have. */
		if (!last || names->items != last)
			checks = declared_find_checks(config, names, &declared->arena);
		last = names->count ? names->items : NULL;
		vector_push(destinations,
			((struct declared_destination){
				.key = listen_key(listener, destination),
				.attributes = listen_attributes(&rules),
				.drain = destination->state == CONFIG_DESTINATION_STATE_DRAIN,
				.fallback = fallback,
				.checks = checks,
			}));
		item->has_fallback |= fallback;
	}
}

static void declared_add_service(const struct config *config, const struct config_service *service,
	const struct config_listener *listener, struct declared *declared)
{
	struct declared_service *item = vector_append(&declared->services);

	*item = (struct declared_service){
		.key = listener->key,
		.attributes = declared_attributes(service, listener->key.address.family),
		.name = service->name.text,
		.drain = service->drain,
		.on_failure = service->on_failure,
		.quorum = service->quorum,
		.quorum_hysteresis = service->quorum_hysteresis,
		.min_healthy = service->min_healthy,
		.slow_start = service->slow_start,
		.notify = &service->notify,
		.router = service->vrrp,
		.standby_removes = service->vrrp && service->standby == CONFIG_STANDBY_REMOVE,
	};
	declared_add_destinations(config, service, listener, declared, false);
	declared_add_destinations(config, service, listener, declared, true);
	vector_sort(&item->destinations, destination_compare);
}

static void declared_add_services(const struct config *config, struct declared *declared)
{
	size_t count = 0;

	vector_foreach(&config->services, service)
		count += service->listen.count;
	vector_reserve(&declared->services, count);
	vector_foreach(&config->services, service) {
		vector_foreach(&service->listen, listener)
			declared_add_service(config, service, listener, declared);
	}
	vector_sort(&declared->services, service_compare);
}

static void declared_add_sync(const struct config_ipvs *ipvs, struct declared *declared)
{
	vector_foreach(&ipvs->sync, sync) {
		struct sync_daemon *daemon = vector_append(&declared->sync);

		*daemon = (struct sync_daemon){
			.role = sync->role,
			.id = sync->id,
			.group = sync->group,
			.port = (uint16_t)sync->port,
			.ttl = (uint8_t)sync->ttl,
			.max_length = (uint16_t)sync->max_length,
		};
		snprintf(daemon->interface, sizeof(daemon->interface), "%s", sync->interface);
		if (sync->follow)
			declared->sync_follows = sync->follow;
	}
	declared->sync_managed = config_has(&ipvs->object, CONFIG_IPVS_SYNC);
	vector_sort(&declared->sync, sync_daemon_compare);
}

static void declared_add_sysctls(const struct config_ipvs *ipvs, struct declared *declared)
{
	vector_foreach(&ipvs->sysctls, sysctl) {
		struct sysctl *item = vector_append(&declared->sysctls);

		snprintf(item->name, sizeof(item->name), "%s", sysctl->name);
		snprintf(item->value, sizeof(item->value), "%s", sysctl->value);
	}
	vector_sort(&declared->sysctls, sysctl_compare);
}

static void declared_add_port(const struct config_port *port, struct declared *declared)
{
	struct data_port *name = vector_append(&declared->ports);

	snprintf(name->name, sizeof(name->name), "%s", port->name.text);
	vector_foreach(&port->addresses, item) {
		struct port_address *address = vector_append(&declared->port_addresses);

		snprintf(address->key.port, sizeof(address->key.port), "%s", port->name.text);
		address->key.address = item->address.address;
		address->attributes.length = (uint8_t)item->address.length;
	}
}

/* The files' ways to everywhere; a route without a port goes by the one that has its next hop. */
static void declared_add_ways(const struct config *config, struct declared *declared)
{
	const struct config_dpdk *dpdk = &config->dpdk;

	declared->ways_managed = config_has(&config->object, CONFIG_DPDK);
	vector_foreach(&dpdk->ports, port)
		declared_add_port(port, declared);
	vector_foreach(&dpdk->routes, item) {
		const struct config_port *port = config_data_route_port(dpdk, item);
		struct data_route *route = vector_append(&declared->routes);

		route->key.to = item->to.address;
		route->key.length = (uint8_t)item->to.length;
		route->attributes.via = item->via;
		snprintf(route->attributes.port, sizeof(route->attributes.port), "%s",
			port ? port->name.text : "");
	}
	vector_sort(&declared->ports, data_port_compare);
	vector_sort(&declared->port_addresses, port_address_compare);
	vector_sort(&declared->routes, data_route_compare);
}

int declared_router_compare(const void *a, const void *b)
{
	return strcmp(((const struct declared_router *)a)->name,
		((const struct declared_router *)b)->name);
}

static void declared_add_routers(const struct config *config, struct declared *declared)
{
	vector_reserve(&declared->routers, config->routers.count);
	vector_foreach(&config->routers, router)
		vector_push(&declared->routers, ((struct declared_router){.name = router->name.text,
							.interface = router->interface,
							.vrid = router->vrid,
							.addresses = router->addresses}));
	vector_sort(&declared->routers, declared_router_compare);
}

static struct timeouts declared_timeouts(const struct config_timeouts *timeouts)
{
	return (struct timeouts){
		.tcp_set = config_has(&timeouts->object, CONFIG_TIMEOUTS_TCP),
		.tcp_fin_set = config_has(&timeouts->object, CONFIG_TIMEOUTS_TCP_FIN),
		.udp_set = config_has(&timeouts->object, CONFIG_TIMEOUTS_UDP),
		.tcp = (uint32_t)(timeouts->tcp / UNITS_SECOND),
		.tcp_fin = (uint32_t)(timeouts->tcp_fin / UNITS_SECOND),
		.udp = (uint32_t)(timeouts->udp / UNITS_SECOND),
	};
}

void declared_from_config(const struct config *config, struct declared *ret)
{
	ret->backend = config->backend == CONFIG_BACKEND_DPDK ? "dpdk" : "ipvs";
	ret->prune = config->prune;
	ret->max_delete = config->max_delete;
	ret->checks = config->checks.count;
	ret->timeouts = declared_timeouts(&config->ipvs.timeouts);
	declared_add_services(config, ret);
	declared_add_sync(&config->ipvs, ret);
	declared_add_sysctls(&config->ipvs, ret);
	declared_add_ways(config, ret);
	declared_add_routers(config, ret);
}

const struct declared_service *declared_find_service(
	const struct declared *declared, const struct service_key *key)
{
	return vector_find(&declared->services, key, service_compare);
}

static bool declared_same_texts(const struct config_text_list *a, const struct config_text_list *b)
{
	size_t count = a ? a->count : 0;

	if (count != (b ? b->count : 0))
		return false;
	for (size_t i = 0; i < count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

static bool declared_same_probes(
	const struct declared_destination *a, const struct declared_destination *b)
{
	if (a->checks.count != b->checks.count)
		return false;
	for (size_t i = 0; i < a->checks.count; i++) {
		const struct probe_key left = declared_probe_key(a, a->checks.items[i]);
		const struct probe_key right = declared_probe_key(b, b->checks.items[i]);

		if (probe_key_compare(&left, &right) != 0)
			return false;
	}
	return true;
}

static bool declared_destination_equal(
	const struct declared_destination *a, const struct declared_destination *b)
{
	return destination_key_compare(&a->key, &b->key) == 0 && a->drain == b->drain &&
	       a->fallback == b->fallback && declared_same_probes(a, b) &&
	       destination_attributes_equal(&a->attributes, &b->attributes);
}

bool declared_service_equal(const struct declared_service *a, const struct declared_service *b)
{
	if (service_key_compare(&a->key, &b->key) != 0 ||
		!service_attributes_equal(&a->attributes, &b->attributes) ||
		strcmp(a->name, b->name) != 0 || a->drain != b->drain ||
		a->on_failure != b->on_failure || a->quorum != b->quorum ||
		a->quorum_hysteresis != b->quorum_hysteresis || a->min_healthy != b->min_healthy ||
		a->slow_start != b->slow_start || a->standby_removes != b->standby_removes ||
		strcmp(a->router ? a->router : "", b->router ? b->router : "") != 0 ||
		!declared_same_texts(a->notify, b->notify) ||
		a->destinations.count != b->destinations.count)
		return false;
	for (size_t i = 0; i < a->destinations.count; i++)
		if (!declared_destination_equal(
			    &a->destinations.items[i], &b->destinations.items[i]))
			return false;
	return true;
}

struct probe_key declared_probe_key(
	const struct declared_destination *destination, const struct config_check *check)
{
	return (struct probe_key){
		.target = probe_target(check, &destination->key),
		.check = check->name.text,
	};
}

static void declared_add_probes(
	const struct declared_destination *destination, struct declared_probe_vector *ret)
{
	vector_foreach(&destination->checks, check)
		vector_push(ret,
			((struct declared_probe){declared_probe_key(destination, *check), *check}));
}

void declared_probes(const struct declared *declared, struct declared_probe_vector *ret)
{
	size_t kept = 0;

	vector_foreach(&declared->services, service) {
		vector_foreach(&service->destinations, destination)
			declared_add_probes(destination, ret);
	}
	vector_sort(ret, probe_key_compare);
	vector_foreach(ret, probe)
		if (!kept || probe_key_compare(&ret->items[kept - 1], probe) != 0)
			ret->items[kept++] = *probe;
	ret->count = kept;
}

bool declared_wants_backend(const struct declared *declared)
{
	const struct timeouts none = {};

	return declared->services.count || declared->sync_managed || declared->sysctls.count ||
	       declared->prune == CONFIG_PRUNE_ALL || !timeouts_equal(&declared->timeouts, &none) ||
	       strcmp(declared->backend, DECLARED_BACKEND_DEFAULT) != 0;
}

void declared_clear(struct declared *declared)
{
	vector_foreach(&declared->services, service)
		vector_clear(&service->destinations);
	vector_clear(&declared->services);
	vector_clear(&declared->sync);
	vector_clear(&declared->sysctls);
	vector_clear(&declared->port_addresses);
	vector_clear(&declared->ports);
	vector_clear(&declared->routes);
	vector_clear(&declared->routers);
	arena_clear(&declared->arena);
	*declared = (struct declared){};
}
