// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules of `dpdk:`: ports and routes, each by itself and together; model/validate_service.c has what
 * services cannot have of the data plane.
 *
 * What must not be there twice is sorted by what would clash, with its place in the files behind it:
 * the second one is the error, and its hint says where the first is. */
#include <inttypes.h>
#include <stdio.h>

#include "base/suggest.h"
#include "model/validate.h"

/* A text that no other port has: a device, the name of a TAP interface. */
struct validate_claim {
	const char *text;
	size_t size;
	const struct config_port *port;
};

struct validate_claims {
	VECTOR_OF(struct validate_claim);
};

/* A destination of the routing table: the network of a port's address, or a route. */
struct validate_way {
	struct config_prefix network; /* no bit past its length */
	struct address address;       /* of the port; AF_UNSPEC: a route */
	const struct config_port *port;
	const struct config_object *object;
};

struct validate_ways {
	VECTOR_OF(struct validate_way);
};

static bool validate_is_whole(const struct config_object *object)
{
	return !(object->set & CONFIG_OBJECT_BROKEN);
}

/* Hexadecimal digits and the character behind them; NULL when they are not there. */
static const char *validate_digits(const char *text, size_t count, char behind)
{
	if (!text || strspn(text, "0123456789abcdefABCDEF") != count || text[count] != behind)
		return NULL;
	return text + count + 1;
}

/* Where the arguments of a PCI address begin ("0000:03:00.0", "03:00.0"), or its end; NULL when it is
 * none. */
static const char *validate_pci(const char *device)
{
	const char *domain = validate_digits(device, 4, ':');
	const char *slot = validate_digits(domain ? domain : device, 2, ':');
	const char *function = validate_digits(slot, 2, '.');

	if (!function || function[0] < '0' || function[0] > '7')
		return NULL;
	return function[1] == '\0' || function[1] == ',' ? function + 1 : NULL;
}

/* A device of a bus that is named ("pci:0000:03:00.0", "auxiliary:mlx5_core.sf.1"), or of none. */
static bool validate_is_named(const char *device)
{
	const char *colon = strchr(device, ':');
	size_t bus = strspn(device, "abcdefghijklmnopqrstuvwxyz_");

	if (strncmp(device, "net_", 4) == 0 || strncmp(device, "eth_", 4) == 0)
		return true;
	return colon && bus > 2 && device + bus == colon;
}

static void validate_device(struct validate *validate, const struct config_port *port)
{
	char hint[DECODE_HINT_SIZE], quoted[REPORT_QUOTE_SIZE];

	if (validate_pci(port->device) || validate_is_named(port->device))
		return;
	if (strpbrk(port->device, ":,"))
		snprintf(hint, sizeof(hint), "a PCI address is like 0000:03:00.0");
	else
		snprintf(hint, sizeof(hint),
			"for an interface of the kernel write net_af_packet,iface=%.15s",
			port->device);
	validate_error(validate, &schema_port, &port->object, CONFIG_PORT_DEVICE, hint,
		"%s is no device of DPDK", report_quote(port->device, quoted));
}

/* What is wrong with an address of a network, or NULL. */
static const char *validate_in_network(const struct config_prefix *prefix)
{
	const char *wrong = validate_host_address(&prefix->address);

	if (wrong)
		return wrong;
	if (!prefix->length)
		return "with a length of 0 takes everybody for a neighbour";
	return validate_edge_of_network(prefix);
}

static void validate_port_address(struct validate *validate, const struct config_port_address *item)
{
	const char *wrong = validate_in_network(&item->address);
	char text[ADDRESS_LENGTH];

	if (wrong)
		validate_error(validate, &schema_port_address, &item->object,
			CONFIG_PORT_ADDRESS_ADDRESS, NULL, "%s %s",
			address_format(&item->address.address, text), wrong);
}

static void validate_port(struct validate *validate, const struct config_port *port)
{
	if (port->addresses.count > CONFIG_PORT_ADDRESSES_MOST)
		validate_error(validate, &schema_port, &port->object, CONFIG_PORT_ADDRESSES,
			"addresses of services need not be here", "a port has at most %d addresses",
			CONFIG_PORT_ADDRESSES_MOST);
	if (strlen(port->name.text) >= DATA_PORT_NAME_SIZE)
		report_error(validate->decode->report,
			decode_place(validate->decode, port->name.mark), NULL,
			"the name of a port has at most %d characters", DATA_PORT_NAME_SIZE - 1);
	vector_foreach(&port->addresses, item) {
		if (validate_is_whole(&item->object))
			validate_port_address(validate, item);
	}
	if (validate_is_whole(&port->object))
		validate_device(validate, port);
}

static int validate_claim_order(
	const struct validate_claim *left, const struct validate_claim *right)
{
	int order = memcmp(left->text, right->text, MIN(left->size, right->size));

	return order ? order : COMPARE(left->size, right->size);
}

static int validate_claim_compare(const void *a, const void *b)
{
	const struct validate_claim *left = a, *right = b;
	int order = validate_claim_order(left, right);

	return order ? order : COMPARE(left->port->name.mark, right->port->name.mark);
}

/* No two ports have the same text at `key`. */
static void validate_claims(struct validate *validate, struct validate_claims *claims,
	enum config_port_key key, const char *what)
{
	vector_sort(claims, validate_claim_compare);
	for (size_t i = 1; i < claims->count; i++) {
		const struct validate_claim *claim = &claims->items[i], *before = claim - 1;

		if (validate_claim_order(before, claim) != 0)
			continue;
		_cleanup_free_ char *first = validate_first_at(validate, before->port->name.mark);
		_cleanup_free_ char *hint =
			memory_printf("%s, the port `%.70s`", first, before->port->name.text);
		validate_error(validate, &schema_port, &claim->port->object, key, hint,
			"another port has this %s", what);
	}
	vector_clear(claims);
}

/* A network card is one whatever its arguments are, and 03:00.0 is short for 0000:03:00.0; other
 * devices differ by their arguments. */
static struct validate_claim validate_device_claim(const struct config_port *port)
{
	const char *device = port->device, *arguments = validate_pci(device);

	if (arguments && strncmp(device, "0000:", 5) == 0)
		device += 5;
	return (struct validate_claim){
		device, arguments ? (size_t)(arguments - device) : strlen(device), port};
}

static void validate_shared(struct validate *validate, const struct config_port_vector *ports)
{
	struct validate_claims devices = {}, exceptions = {};

	vector_foreach(ports, port) {
		if (!validate_is_whole(&port->object))
			continue;
		vector_push(&devices, validate_device_claim(port));
		if (port->exception)
			vector_push(&exceptions, ((struct validate_claim){port->exception,
							 strlen(port->exception), port}));
	}
	validate_claims(validate, &devices, CONFIG_PORT_DEVICE, "device");
	validate_claims(validate, &exceptions, CONFIG_PORT_EXCEPTION, "interface");
}

/* Whether the next hop may be one. */
static bool validate_route_via(struct validate *validate, const struct config_data_route *route)
{
	const char *wrong = validate_host_address(&route->via);
	char text[ADDRESS_LENGTH];

	if (!wrong && route->via.family != route->to.address.family)
		wrong = "is not of the address family of `to`";
	if (wrong)
		validate_error(validate, &schema_data_route, &route->object, CONFIG_DATA_ROUTE_VIA,
			NULL, "%s %s", address_format(&route->via, text), wrong);
	return !wrong;
}

/* What is wrong with a next hop that is reached by this port, or NULL. */
static const char *validate_neighbour(const struct config_port *port, const struct address *via)
{
	bool near = via->family == AF_INET6 && address_is_link_local(via);

	vector_foreach(&port->addresses, item) {
		if (address_equal(&item->address.address, via))
			return "is an address of the port itself";
		near = near || config_prefix_holds(&item->address, via);
	}
	return near ? NULL : "is in no network of the port's addresses";
}

static void validate_route_unknown(struct validate *validate, const struct config_data_route *route)
{
	struct suggest suggest = {};
	char hint[DECODE_HINT_SIZE];

	vector_foreach(&validate->config->dpdk.ports, port)
		suggest_offer(&suggest, route->port, port->name.text);
	validate_error(validate, &schema_data_route, &route->object, CONFIG_DATA_ROUTE_PORT,
		decode_hint(suggest.best, hint), "there is no port `%s`", route->port);
}

/* Where it goes out; ports that could not be read may be what is missing. */
static void validate_route_port(
	struct validate *validate, const struct config_data_route *route, bool whole)
{
	const struct config_dpdk *dpdk = &validate->config->dpdk;
	const struct config_port *port = config_data_route_port(dpdk, route);
	char text[ADDRESS_LENGTH];
	bool via = config_has(&route->object, CONFIG_DATA_ROUTE_VIA);

	if (!port && route->port && whole)
		validate_route_unknown(validate, route);
	else if (!port && whole)
		validate_error(validate, &schema_data_route, &route->object, CONFIG_DATA_ROUTE_VIA,
			"say by which `port` it is to be reached",
			"%s is in no network of any port's addresses",
			address_format(&route->via, text));
	const char *wrong = port && via && whole ? validate_neighbour(port, &route->via) : NULL;
	if (wrong)
		validate_error(validate, &schema_data_route, &route->object, CONFIG_DATA_ROUTE_VIA,
			NULL, "%s %s", address_format(&route->via, text), wrong);
}

static void validate_data_route(
	struct validate *validate, const struct config_data_route *route, bool whole)
{
	bool via = config_has(&route->object, CONFIG_DATA_ROUTE_VIA);

	validate_network(
		validate, &schema_data_route, &route->object, CONFIG_DATA_ROUTE_TO, &route->to);
	if (via && !validate_route_via(validate, route))
		return;
	if (via || route->port)
		validate_route_port(validate, route, whole);
	else
		report_error(validate->decode->report,
			decode_place(validate->decode, route->object.mark),
			"write the next hop as `via`, or the `port` where they are neighbours",
			"this route has neither `via` nor `port`");
}

static int validate_way_order(const struct validate_way *left, const struct validate_way *right)
{
	int order = address_compare(&left->network.address, &right->network.address);

	return order ? order : COMPARE(left->network.length, right->network.length);
}

static int validate_way_compare(const void *a, const void *b)
{
	const struct validate_way *left = a, *right = b;
	int order = validate_way_order(left, right);

	return order ? order : COMPARE(left->object->mark, right->object->mark);
}

static int validate_way_compare_address(const void *a, const void *b)
{
	const struct validate_way *left = a, *right = b;
	int order = address_compare(&left->address, &right->address);

	return order ? order : COMPARE(left->object->mark, right->object->mark);
}

static void validate_add_way(struct validate_ways *ways, const struct config_prefix *prefix,
	const struct config_port *port, const struct config_object *object)
{
	struct validate_way *way = vector_append(ways);

	*way = (struct validate_way){.network = *prefix, .port = port, .object = object};
	if (port)
		way->address = prefix->address;
	for (unsigned int i = prefix->length; i < address_bits(prefix->address.family); i++)
		way->network.address.bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
}

static void validate_collect(const struct config_dpdk *dpdk, struct validate_ways *ways)
{
	vector_foreach(&dpdk->ports, port) {
		vector_foreach(&port->addresses, item) {
			if (validate_is_whole(&item->object))
				validate_add_way(ways, &item->address, port, &item->object);
		}
	}
	vector_foreach(&dpdk->routes, route) {
		if (validate_is_whole(&route->object))
			validate_add_way(ways, &route->to, NULL, &route->object);
	}
}

/* "first at PLACE, of the port `wan`" */
static char *validate_first_way(const struct validate *validate, const struct validate_way *way)
{
	char *first = validate_first_at(validate, way->object->mark);

	if (!way->port)
		return first;
	char *hint = memory_printf("%s, of the port `%.70s`", first, way->port->name.text);
	free(first);
	return hint;
}

/* The same address of two ports, or twice of one; those of a link belong to it. */
static void validate_same_port_address(struct validate *validate, const struct validate_way *before,
	const struct validate_way *way)
{
	char text[ADDRESS_LENGTH];

	if (!way->port || !address_equal(&before->address, &way->address) ||
		(address_is_link_local(&way->address) && before->port != way->port))
		return;
	_cleanup_free_ char *hint = validate_first_way(validate, before);
	validate_error(validate, &schema_port_address, way->object, CONFIG_PORT_ADDRESS_ADDRESS,
		hint, "%s is an address of a port already", address_format(&way->address, text));
}

/* Two ways to one destination: the networks of one port are one way, and links have each their own. */
static void validate_same_way(struct validate *validate, const struct validate_way *before,
	const struct validate_way *way)
{
	const struct address *network = &way->network.address;
	char text[ADDRESS_LENGTH];

	if (before->port && way->port &&
		(before->port == way->port || address_is_link_local(network) ||
			address_equal(&before->address, &way->address)))
		return;
	_cleanup_free_ char *hint = validate_first_way(validate, before);
	validate_error(validate, way->port ? &schema_port_address : &schema_data_route, way->object,
		0, hint, "there is a way to %s/%" PRIu32 " already", address_format(network, text),
		way->network.length);
}

static void validate_ways(struct validate *validate, const struct config_dpdk *dpdk)
{
	struct validate_ways ways = {};

	validate_collect(dpdk, &ways);
	vector_sort(&ways, validate_way_compare);
	for (size_t i = 1, first = 0; i < ways.count; i++) {
		if (validate_way_order(&ways.items[first], &ways.items[i]) != 0)
			first = i;
		else
			validate_same_way(validate, &ways.items[first], &ways.items[i]);
	}
	vector_sort(&ways, validate_way_compare_address);
	for (size_t i = 1; i < ways.count; i++)
		validate_same_port_address(validate, &ways.items[i - 1], &ways.items[i]);
	vector_clear(&ways);
}

static void validate_routes(struct validate *validate, const struct config_dpdk *dpdk)
{
	bool whole = dpdk->ports.count && !validate->incomplete;

	vector_foreach(&dpdk->ports, port)
		whole = whole && validate_is_whole(&port->object);
	if (dpdk->routes.count > CONFIG_DATA_ROUTES_MOST) {
		validate_error(validate, &schema_dpdk, &dpdk->object, CONFIG_DPDK_ROUTES, NULL,
			"more than %d routes", CONFIG_DATA_ROUTES_MOST);
		return;
	}
	vector_foreach(&dpdk->routes, route) {
		if (validate_is_whole(&route->object))
			validate_data_route(validate, route, whole);
	}
}

void validate_dpdk(struct validate *validate)
{
	const struct config *config = validate->config;
	const struct config_dpdk *dpdk = &config->dpdk;
	uint32_t backend = validate->decode->first[CONFIG_BACKEND];

	if (config->backend == CONFIG_BACKEND_DPDK && !config_has(&config->object, CONFIG_DPDK) &&
		!validate->incomplete && validate_is_whole(&config->object))
		report_error(validate->decode->report, decode_place(validate->decode, backend),
			"write `dpdk: {ports: …}`: see poise.yaml(5)",
			"`backend: dpdk` needs `dpdk`, with the ports to drive");
	if (dpdk->ports.count > CONFIG_PORTS_MOST) {
		validate_error(validate, &schema_dpdk, &dpdk->object, CONFIG_DPDK_PORTS, NULL,
			"more than %d ports", CONFIG_PORTS_MOST);
		return;
	}
	vector_foreach(&dpdk->ports, port)
		validate_port(validate, port);
	validate_shared(validate, &dpdk->ports);
	validate_routes(validate, dpdk);
	validate_ways(validate, dpdk);
}
