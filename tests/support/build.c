// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/build.h"

#include <stdio.h>

static _noreturn_ void build_fail(const char *text)
{
	fprintf(stderr, "bad text in a test: %s\n", text);
	abort();
}

struct service_key build_key(const char *listener)
{
	struct service_key key;

	if (service_key_parse(listener, &key) < 0)
		build_fail(listener);
	return key;
}

struct destination_key build_destination_key(const char *endpoint)
{
	struct destination_key key;

	if (destination_key_parse(endpoint, &key) < 0)
		build_fail(endpoint);
	return key;
}

struct data_port build_port(const char *name)
{
	struct data_port port = {.mtu = 1500};

	snprintf(port.name, sizeof(port.name), "%s", name);
	snprintf(port.device, sizeof(port.device), "net_null,name=%s", name);
	return port;
}

struct port_address build_port_address(const char *port, const char *address, unsigned int length)
{
	struct port_address made = {.attributes.length = (uint8_t)length};

	snprintf(made.key.port, sizeof(made.key.port), "%s", port);
	if (address_parse(address, &made.key.address) < 0)
		build_fail(address);
	return made;
}

struct data_route build_route(const char *to, const char *via, const char *port)
{
	struct data_route route = {};

	snprintf(route.attributes.port, sizeof(route.attributes.port), "%s", port);
	if (data_route_key_parse(to, &route.key) < 0)
		build_fail(to);
	if (via && address_parse(via, &route.attributes.via) < 0)
		build_fail(via);
	return route;
}

static void build_attributes(
	struct service_attributes *attributes, const struct service_key *key, const char *scheduler)
{
	snprintf(attributes->scheduler, sizeof(attributes->scheduler), "%s", scheduler);
	attributes->netmask =
		service_netmask(key->address.family, address_bits(key->address.family));
}

struct service *build_service(struct state *state, const char *listener, const char *scheduler)
{
	struct service *service = vector_append(&state->services);

	service->key = build_key(listener);
	build_attributes(&service->attributes, &service->key, scheduler);
	return service;
}

struct destination *build_destination(
	struct service *service, const char *endpoint, uint32_t weight)
{
	struct destination *destination = vector_append(&service->destinations);

	destination->key = build_destination_key(endpoint);
	destination->attributes.weight = weight;
	return destination;
}

struct declared_service *build_declared(struct declared *declared, const char *name,
	const char *listener, const char *scheduler, unsigned int drain)
{
	struct declared_service *service = vector_append(&declared->services);

	service->key = build_key(listener);
	service->name = name;
	service->drain = drain * 1000000000ull;
	service->quorum = 1;
	build_attributes(&service->attributes, &service->key, scheduler);
	return service;
}

struct declared_destination *build_declared_destination(
	struct declared_service *service, const char *endpoint, uint32_t weight)
{
	struct declared_destination *destination = vector_append(&service->destinations);

	destination->key = build_destination_key(endpoint);
	destination->attributes.weight = weight;
	return destination;
}

void build_check(struct declared *declared, struct declared_destination *destination,
	const struct config_check *check)
{
	struct declared_checks *checks = &destination->checks, before = *checks;

	checks->items = arena_new(&declared->arena, (before.count + 1) * sizeof(void *));
	for (size_t i = 0; i < before.count; i++)
		checks->items[i] = before.items[i];
	checks->items[checks->count++] = check;
}

void build_sort(struct declared *declared)
{
	vector_sort(&declared->services, service_compare);
	vector_foreach(&declared->services, service)
		vector_sort(&service->destinations, destination_compare);
	vector_sort(&declared->sysctls, sysctl_compare);
	vector_sort(&declared->sync, sync_daemon_compare);
}
