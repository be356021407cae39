// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/config_dpdk.h"

static int config_port_compare(const void *name, const void *item)
{
	return strcmp(name, ((const struct config_port *)item)->name.text);
}

const struct config_port *config_find_port(const struct config_dpdk *dpdk, const char *name)
{
	return name ? vector_find(&dpdk->ports, name, config_port_compare) : NULL;
}

bool config_prefix_holds(const struct config_prefix *prefix, const struct address *address)
{
	const uint8_t *network = prefix->address.bytes;
	unsigned int whole = prefix->length / 8, rest = prefix->length % 8;

	if (prefix->address.family != address->family ||
		memcmp(network, address->bytes, whole) != 0)
		return false;
	return !rest || ((network[whole] ^ address->bytes[whole]) >> (8 - rest)) == 0;
}

const struct config_port *config_data_route_port(
	const struct config_dpdk *dpdk, const struct config_data_route *route)
{
	const struct config_port *found = NULL;
	uint32_t longest = 0;

	if (route->port)
		return config_find_port(dpdk, route->port);
	vector_foreach(&dpdk->ports, port) {
		vector_foreach(&port->addresses, item) {
			const struct config_prefix *prefix = &item->address;

			if (!config_prefix_holds(prefix, &route->via) ||
				(found && prefix->length <= longest))
				continue;
			found = port;
			longest = prefix->length;
		}
	}
	return found;
}
