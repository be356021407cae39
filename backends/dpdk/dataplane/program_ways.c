// SPDX-License-Identifier: GPL-2.0-or-later
#include "backends/dpdk/dataplane/program_ways.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void ways_add_port(const struct settings_port *from, struct data_port_vector *ports)
{
	struct data_port *port = vector_append(ports);

	snprintf(port->name, sizeof(port->name), "%s", from->name);
	snprintf(port->device, sizeof(port->device), "%s", from->device);
	snprintf(port->exception, sizeof(port->exception), "%s",
		from->exception ? from->exception : "");
	port->vlan = from->vlan;
	port->mtu = from->mtu;
}

static void ways_add_addresses(const struct settings_port *port, struct ways *ways)
{
	vector_foreach(&port->addresses, prefix) {
		struct port_address *address = vector_append(&ways->addresses);

		snprintf(address->key.port, sizeof(address->key.port), "%s", port->name);
		address->key.address = prefix->address;
		address->attributes.length = prefix->length;
	}
}

/* Of a plan, whose routes all have their port. */
static void ways_add_route(
	const struct route *from, const struct dataplane_settings *settings, struct ways *ways)
{
	struct data_route *route = vector_append(&ways->routes);

	route->key = (struct data_route_key){.to = from->prefix, .length = from->length};
	route->attributes.via = from->via;
	snprintf(route->attributes.port, sizeof(route->attributes.port), "%s",
		settings->ports.items[from->port].name);
}

struct ways *program_ways_begin(
	const struct dataplane_settings *settings, struct data_port_vector *ports)
{
	struct ways *ways = ways_new();
	struct route_plan plan = {};

	vector_foreach(&settings->ports, port) {
		ways_add_port(port, ports);
		ways_add_addresses(port, ways);
	}
	/* What does not fit was refused when the attendant was opened. */
	if (route_plan_from_settings(&plan, settings, NULL) == 0)
		vector_foreach(&plan.routes, route)
			ways_add_route(route, settings, ways);
	route_clear_list(&plan);
	vector_sort(ports, data_port_compare);
	vector_sort(&ways->addresses, port_address_compare);
	vector_sort(&ways->routes, data_route_compare);
	return ways;
}

/* The number of the port of this name: its place in the settings. */
static int ways_find_port(
	const struct dataplane_settings *settings, const char *name, struct error *error)
{
	for (size_t i = 0; i < settings->ports.count; i++)
		if (strcmp(settings->ports.items[i].name, name) == 0)
			return (int)i;
	return error_set(error, -ENODEV, "there is no port %s", name);
}

static int ways_plan(const struct ways *ways, const struct dataplane_settings *settings,
	struct route_plan *plan, struct error *error)
{
	vector_foreach(&ways->addresses, address) {
		int port = ways_find_port(settings, address->key.port, error);

		if (port < 0)
			return port;
		vector_push(&plan->addresses, ((struct route_address){address->key.address,
						      address->attributes.length, (uint8_t)port}));
	}
	vector_foreach(&ways->routes, route) {
		int port = ways_find_port(settings, route->attributes.port, error);

		if (port < 0)
			return port;
		vector_push(&plan->routes, ((struct route){.prefix = route->key.to,
						   .length = route->key.length,
						   .port = (uint8_t)port,
						   .via = route->attributes.via}));
	}
	return 0;
}

int program_ways_set(struct attendant *attendant, const struct dataplane_settings *settings,
	const struct ways *ways, struct error *error)
{
	struct route_plan plan = {};
	int r = ways_plan(ways, settings, &plan, error);

	if (r == 0)
		r = attendant_set_routes(attendant, &plan, error);
	route_clear_list(&plan);
	return r;
}
