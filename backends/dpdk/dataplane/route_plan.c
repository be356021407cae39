// SPDX-License-Identifier: GPL-2.0-or-later
/* The list of addresses and routes that settings say: ports by their numbers instead of names. A route
 * without a port goes by the one on whose link its gateway is. */
#include <errno.h>
#include <string.h>

#include "backends/dpdk/dataplane/route.h"

static bool list_covers(const struct settings_prefix *prefix, const struct address *address)
{
	unsigned int whole = prefix->length / 8, rest = prefix->length % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	if (prefix->address.family != address->family ||
		memcmp(prefix->address.bytes, address->bytes, whole) != 0)
		return false;
	return !rest || !((prefix->address.bytes[whole] ^ address->bytes[whole]) & mask);
}

/* The number of the port of this name; -1: there is none. */
static int list_find_port(const struct dataplane_settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->ports.count; i++) {
		if (strcmp(settings->ports.items[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

static int list_find_link(const struct dataplane_settings *settings, const struct address *gateway)
{
	for (size_t i = 0; i < settings->ports.count; i++) {
		vector_foreach(&settings->ports.items[i].addresses, prefix) {
			if (list_covers(prefix, gateway))
				return (int)i;
		}
	}
	return -1;
}

static int list_add_route(struct route_plan *list, const struct dataplane_settings *settings,
	const struct settings_route *route, struct error *error)
{
	char to[ADDRESS_LENGTH], via[ADDRESS_LENGTH];
	int port = route->port ? list_find_port(settings, route->port)
			       : list_find_link(settings, &route->via);

	address_format(&route->to.address, to);
	if (port < 0 && route->port)
		return error_set(error, -EINVAL, "route %s/%u: there is no port %s", to,
			route->to.length, route->port);
	if (port < 0 && route->via.family == AF_UNSPEC)
		return error_set(error, -EINVAL, "route %s/%u: wants a gateway (via) or a port", to,
			route->to.length);
	if (port < 0)
		return error_set(error, -EINVAL,
			"route %s/%u: no port has an address on the link of %s: say which port", to,
			route->to.length, address_format(&route->via, via));
	vector_push(&list->routes, ((struct route){.prefix = route->to.address,
					   .length = route->to.length,
					   .port = (uint8_t)port,
					   .via = route->via}));
	return 0;
}

int route_plan_from_settings(
	struct route_plan *list, const struct dataplane_settings *settings, struct error *error)
{
	int r = 0;

	for (size_t i = 0; i < settings->ports.count; i++) {
		vector_foreach(&settings->ports.items[i].addresses, prefix)
			vector_push(&list->addresses, ((struct route_address){prefix->address,
							      prefix->length, (uint8_t)i}));
	}
	for (size_t i = 0; r == 0 && i < settings->routes.count; i++)
		r = list_add_route(list, settings, &settings->routes.items[i], error);
	return r;
}
