// SPDX-License-Identifier: GPL-2.0-or-later
/* What the forwarder starts with: defaults, and who owns what. */

#include "backends/dpdk/dataplane/settings.h"

/* 10,000 services of 10 destinations, all of them replaced at once, and some to spare. */
#define SETTINGS_SERVICES     (1u << 16)
#define SETTINGS_DESTINATIONS (1u << 18)
#define SETTINGS_CONNECTIONS  1000000u

void settings_init(struct dataplane_settings *settings)
{
	*settings = (struct dataplane_settings){
		.workers = 1,
		.connections = SETTINGS_CONNECTIONS,
		.services = SETTINGS_SERVICES,
		.destinations = SETTINGS_DESTINATIONS,
		.timeouts = transport_timeouts_default,
		.when_full = SETTINGS_FULL_HALF_OPEN,
		.reassemble = true,
	};
}

static void port_clear(struct settings_port *port)
{
	free(port->name);
	free(port->device);
	free(port->exception);
	vector_clear(&port->addresses);
}

void settings_clear(struct dataplane_settings *settings)
{
	vector_foreach(&settings->eal, text)
		free(*text);
	vector_clear(&settings->eal);
	vector_foreach(&settings->ports, port)
		port_clear(port);
	vector_clear(&settings->ports);
	vector_foreach(&settings->routes, route)
		free(route->port);
	vector_clear(&settings->routes);
}
