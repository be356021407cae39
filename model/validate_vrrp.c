// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules of one virtual router; model/validate_track.c has what it tracks, model/validate_routers.c
 * what two of them must not have in common.
 *
 * Its two routers, of IPv4 and of IPv6, are one mapping here: a rule that is about a family looks at
 * what the addresses are. */
#include <inttypes.h>
#include <stdio.h>

#include "model/units.h"
#include "model/validate.h"

/* An advertisement's interval in 12 bits of centiseconds (RFC 9568 §5.2.7). */
#define VALIDATE_ADVERTISE_MOST_3 (4095 * UNITS_CENTISECOND)
/* The rest of what an advertisement of IPv6 holds: its link-local address goes with it. */
#define VALIDATE_ADDRESSES_MOST_6 (CONFIG_ROUTER_ADDRESSES_MOST - 1)

static const char *validate_family(bool six)
{
	return six ? "IPv6" : "IPv4";
}

static void validate_router_error(struct validate *validate, const struct config_router *router,
	unsigned int key, const char *hint, const char *message)
{
	validate_error(validate, &schema_router, &router->object, key, hint, "%s", message);
}

/* How many addresses of each family a router has. */
struct validate_families {
	size_t counts[2]; /* IPv4, IPv6 */
	bool link_local;  /* one of IPv6 is */
};

static struct validate_families validate_count(const struct config_router *router)
{
	struct validate_families families = {};

	vector_foreach(&router->addresses, item) {
		const struct address *address = &item->address.address;

		if (item->object.set & CONFIG_OBJECT_BROKEN)
			continue;
		families.counts[validate_is_six(address)]++;
		families.link_local |= validate_is_six(address) && address_is_link_local(address);
	}
	return families;
}

static void validate_version(struct validate *validate, const struct config_router *router)
{
	if (router->version == 3 && router->advertise > VALIDATE_ADVERTISE_MOST_3)
		validate_router_error(validate, router, CONFIG_ROUTER_ADVERTISE, NULL,
			"in version 3 `advertise` is at most 40s950ms");
	if (router->version == 2 && router->advertise % UNITS_SECOND)
		validate_router_error(validate, router, CONFIG_ROUTER_ADVERTISE,
			"`version: 3` counts in hundredths of a second",
			"in version 2 `advertise` is whole seconds");
	if (router->version == 3 && router->authentication)
		validate_router_error(validate, router, CONFIG_ROUTER_AUTHENTICATION,
			"remove it, or write `version: 2` where a peer wants it",
			"version 3 of VRRP has no authentication");
}

static void validate_checksum(struct validate *validate, const struct config_router *router,
	const struct validate_families *families)
{
	if (router->checksum == CONFIG_CHECKSUM_AUTO)
		return;
	if (router->version == 2)
		validate_router_error(validate, router, CONFIG_ROUTER_CHECKSUM, NULL,
			"version 2 of VRRP has one form of checksum");
	else if (!families->counts[0])
		validate_router_error(validate, router, CONFIG_ROUTER_CHECKSUM, NULL,
			"`checksum` is about IPv4, and no address of this router is");
}

/* The owner of the addresses is active whenever it can be (RFC 9568 §6.1, §6.4.1). */
static void validate_owner(struct validate *validate, const struct config_router *router)
{
	static const char hint[] =
		"a priority of 255 is for the machine that has the addresses as its own";

	if (router->priority != CONFIG_PRIORITY_OWNER)
		return;
	if (!router->preempt)
		validate_router_error(validate, router, CONFIG_ROUTER_PREEMPT, hint,
			"the owner of the addresses always preempts");
	if (router->preempt_delay)
		validate_router_error(validate, router, CONFIG_ROUTER_PREEMPT_DELAY, hint,
			"the owner of the addresses waits for nobody");
	if (!router->accept)
		validate_router_error(validate, router, CONFIG_ROUTER_ACCEPT, hint,
			"the owner of the addresses always accepts");
}

static void validate_garp(struct validate *validate, const struct config_garp *garp)
{
	if (garp->refresh && garp->refresh < UNITS_SECOND)
		validate_error(validate, &schema_garp, &garp->object, CONFIG_GARP_REFRESH, NULL,
			"`refresh` is at least 1s, or 0s for none");
}

static void validate_preempt(struct validate *validate, const struct config_router *router)
{
	if (router->preempt_delay && !router->preempt)
		validate_router_error(validate, router, CONFIG_ROUTER_PREEMPT_DELAY, NULL,
			"`preempt-delay` means nothing with `preempt: false`");
}

const char *validate_host_address(const struct address *address)
{
	if (address_is_unspecified(address))
		return "is no address of a machine";
	if (address_is_multicast(address))
		return "is a multicast address";
	if (validate_is_broadcast(address))
		return "is the broadcast address";
	if (address_is_loopback(address))
		return "is a loopback address";
	if (address_is_mapped(address))
		return validate_mapped;
	return NULL;
}

/* Whether all bits past the length are `ones`. */
static bool validate_rest_is(const struct config_prefix *prefix, bool ones)
{
	for (unsigned int i = prefix->length; i < address_bits(prefix->address.family); i++)
		if (!!(prefix->address.bytes[i / 8] & 0x80 >> i % 8) != ones)
			return false;
	return true;
}

const char *validate_edge_of_network(const struct config_prefix *prefix)
{
	if (prefix->length + 1 >= address_bits(prefix->address.family))
		return NULL;
	if (validate_rest_is(prefix, false))
		return "is the network itself, and no address in it";
	if (!validate_is_six(&prefix->address) && validate_rest_is(prefix, true))
		return "is the broadcast address of its network";
	return NULL;
}

/* An error at row `key` when an address is none of a machine. */
static void validate_is_host(struct validate *validate, const struct schema_mapping *mapping,
	const struct config_object *object, unsigned int key, const struct address *address)
{
	const char *wrong = validate_host_address(address);
	char text[ADDRESS_LENGTH];

	if (wrong)
		validate_error(validate, mapping, object, key, NULL, "%s %s",
			address_format(address, text), wrong);
}

/* The kernel takes it, and others may not answer, or answer too. */
static void validate_virtual_edge(
	struct validate *validate, const struct config_virtual_address *item)
{
	const struct config_prefix *prefix = &item->address;
	const char *edge = prefix->length && !validate_host_address(&prefix->address)
				   ? validate_edge_of_network(prefix)
				   : NULL;
	char text[ADDRESS_LENGTH], hint[ADDRESS_LENGTH + 32];

	if (!edge)
		return;
	address_format(&prefix->address, text);
	snprintf(hint, sizeof(hint), "write %s/%u to have it by itself", text,
		address_bits(prefix->address.family));
	validate_warning(validate, &schema_virtual_address, &item->object,
		CONFIG_VIRTUAL_ADDRESS_ADDRESS, hint, "%s %s, with a length of %" PRIu32, text,
		edge, prefix->length);
}

static void validate_virtual_address(struct validate *validate, const struct config_router *router,
	const struct config_virtual_address *item)
{
	const struct schema_mapping *mapping = &schema_virtual_address;
	const struct address *address = &item->address.address;
	bool six = validate_is_six(address);

	validate_is_host(validate, mapping, &item->object, CONFIG_VIRTUAL_ADDRESS_ADDRESS, address);
	validate_virtual_edge(validate, item);
	if (!item->address.length)
		validate_error(validate, mapping, &item->object, CONFIG_VIRTUAL_ADDRESS_ADDRESS,
			"a default route is one of `routes`",
			"a length of 0 takes the whole of %s for neighbours", validate_family(six));
	if (six && router->version == 2)
		validate_error(validate, mapping, &item->object, CONFIG_VIRTUAL_ADDRESS_ADDRESS,
			"remove `version: 2`", "version 2 of VRRP has no IPv6");
	if (six && item->label)
		validate_error(validate, mapping, &item->object, CONFIG_VIRTUAL_ADDRESS_LABEL, NULL,
			"an IPv6 address has no label");
	if (six && config_has(&item->object, CONFIG_VIRTUAL_ADDRESS_SCOPE))
		validate_error(validate, mapping, &item->object, CONFIG_VIRTUAL_ADDRESS_SCOPE, NULL,
			"an IPv6 address has the scope that its bits say");
}

static void validate_address_count(struct validate *validate, const struct config_router *router,
	const struct validate_families *families)
{
	size_t most6 =
		families->link_local ? CONFIG_ROUTER_ADDRESSES_MOST : VALIDATE_ADDRESSES_MOST_6;

	if (families->counts[0] > CONFIG_ROUTER_ADDRESSES_MOST)
		validate_router_error(validate, router, CONFIG_ROUTER_ADDRESSES,
			"give the rest to another virtual router of the same `group`",
			"a virtual router has at most 255 IPv4 addresses");
	if (families->counts[1] > most6)
		validate_router_error(validate, router, CONFIG_ROUTER_ADDRESSES,
			"give the rest to another virtual router of the same `group`",
			"a virtual router has at most 255 IPv6 addresses, the link-local one "
			"among them");
}

/* The hint for a prefix that has bits past its length: the network that was most likely meant. */
static const char *validate_network_hint(const struct config_prefix *prefix, char hint[static 64])
{
	struct address network = prefix->address;
	char text[ADDRESS_LENGTH];

	for (unsigned int i = prefix->length; i < address_bits(network.family); i++)
		network.bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	snprintf(hint, 64, "write %s/%" PRIu32, address_format(&network, text), prefix->length);
	return hint;
}

void validate_network(struct validate *validate, const struct schema_mapping *mapping,
	const struct config_object *object, unsigned int key, const struct config_prefix *prefix)
{
	char text[ADDRESS_LENGTH], hint[64];

	if (validate_rest_is(prefix, false))
		return;
	validate_error(validate, mapping, object, key, validate_network_hint(prefix, hint),
		"%s is no network of length %" PRIu32 ": it has bits past it",
		address_format(&prefix->address, text), prefix->length);
}

/* Each family has a router of its own, which brings and takes away what is of that family. */
static void validate_has_family(struct validate *validate, const struct schema_mapping *mapping,
	const struct config_object *object, unsigned int key,
	const struct validate_families *families, const struct address *address)
{
	bool six = validate_is_six(address);

	if (!families->counts[six])
		validate_error(validate, mapping, object, key, NULL,
			"no address of this router is %s", validate_family(six));
}

static void validate_route_error(struct validate *validate, const struct config_route *route,
	unsigned int key, const char *message)
{
	validate_error(validate, &schema_route, &route->object, key, NULL, "%s", message);
}

/* What belongs to packets that are sent on. */
static void validate_next_hop(struct validate *validate, const struct config_route *route)
{
	static const enum config_route_key keys[] = {CONFIG_ROUTE_VIA, CONFIG_ROUTE_INTERFACE,
		CONFIG_ROUTE_SOURCE, CONFIG_ROUTE_ON_LINK};

	if (route->type != CONFIG_ROUTE_TYPE_UNICAST) {
		for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
			if (config_has(&route->object, keys[i]))
				validate_error(validate, &schema_route, &route->object, keys[i],
					NULL, "`%s` means nothing where no packet is sent on",
					schema_route.keys[keys[i]].name);
		return;
	}
	if (route->on_link && !config_has(&route->object, CONFIG_ROUTE_VIA))
		validate_route_error(validate, route, CONFIG_ROUTE_ON_LINK,
			"`on-link` means nothing without `via`");
}

static void validate_route_address(struct validate *validate, const struct config_route *route,
	enum config_route_key key, const struct address *address)
{
	if (!config_has(&route->object, key))
		return;
	validate_is_host(validate, &schema_route, &route->object, key, address);
	if (address->family != route->to.address.family)
		validate_error(validate, &schema_route, &route->object, key, NULL,
			"`%s` must be %s, as the destination is", schema_route.keys[key].name,
			validate_family(validate_is_six(&route->to.address)));
}

static void validate_route(struct validate *validate, const struct config_route *route,
	const struct validate_families *families)
{
	if (route->object.set & CONFIG_OBJECT_BROKEN)
		return;
	validate_network(validate, &schema_route, &route->object, CONFIG_ROUTE_TO, &route->to);
	validate_has_family(validate, &schema_route, &route->object, CONFIG_ROUTE_TO, families,
		&route->to.address);
	validate_next_hop(validate, route);
	validate_route_address(validate, route, CONFIG_ROUTE_VIA, &route->via);
	validate_route_address(validate, route, CONFIG_ROUTE_SOURCE, &route->source);
	if (config_has(&route->object, CONFIG_ROUTE_SCOPE) && validate_is_six(&route->to.address))
		validate_route_error(
			validate, route, CONFIG_ROUTE_SCOPE, "an IPv6 route has no scope");
}

static void validate_rule_side(struct validate *validate, const struct config_rule *rule,
	enum config_rule_key key, const struct config_prefix *prefix,
	const struct validate_families *families)
{
	if (!config_has(&rule->object, key))
		return;
	validate_network(validate, &schema_rule, &rule->object, key, prefix);
	validate_has_family(validate, &schema_rule, &rule->object, key, families, &prefix->address);
}

static void validate_rule(struct validate *validate, const struct config_rule *rule,
	const struct validate_families *families)
{
	bool from = config_has(&rule->object, CONFIG_RULE_FROM);
	bool to = config_has(&rule->object, CONFIG_RULE_TO);

	if (rule->object.set & CONFIG_OBJECT_BROKEN)
		return;
	validate_rule_side(validate, rule, CONFIG_RULE_FROM, &rule->from, families);
	validate_rule_side(validate, rule, CONFIG_RULE_TO, &rule->to, families);
	if (from && to && rule->from.address.family != rule->to.address.family)
		validate_error(validate, &schema_rule, &rule->object, CONFIG_RULE_TO, NULL,
			"`from` and `to` must be of one address family");
	if (!from && !to && !rule->interface && !rule->fwmark)
		report_error(validate->decode->report,
			decode_place(validate->decode, rule->object.mark),
			"write `from`, `to`, `interface` or `fwmark`",
			"this rule would take every packet");
}

/* Whether an address is one of the router's own. */
static bool validate_is_virtual(const struct config_router *router, const struct address *address)
{
	vector_foreach(&router->addresses, item) {
		if (address_equal(&item->address.address, address))
			return true;
	}
	return false;
}

static void validate_source_address(struct validate *validate, const struct config_router *router,
	const struct validate_families *families)
{
	const struct config_unicast *unicast = &router->unicast;
	bool six = validate_is_six(&unicast->source);

	validate_is_host(validate, &schema_unicast, &unicast->object, CONFIG_UNICAST_SOURCE,
		&unicast->source);
	if (families->counts[0] && families->counts[1])
		validate_router_error(validate, router, CONFIG_ROUTER_UNICAST,
			"make it two virtual routers, of IPv4 and of IPv6, of one `group`",
			"peers are of one address family, and this router's addresses of both");
	else if (!families->counts[six])
		validate_error(validate, &schema_unicast, &unicast->object, CONFIG_UNICAST_SOURCE,
			NULL, "`source` must be %s, as the router's addresses are",
			validate_family(!six));
	/* A backup would have nothing to be reached by. */
	if (router->priority != CONFIG_PRIORITY_OWNER &&
		validate_is_virtual(router, &unicast->source))
		validate_error(validate, &schema_unicast, &unicast->object, CONFIG_UNICAST_SOURCE,
			"name an address that this machine always has",
			"`source` is an address that only the active router has");
}

static void validate_peer(
	struct validate *validate, const struct config_unicast *unicast, const struct address *peer)
{
	char text[ADDRESS_LENGTH];
	const char *wrong = validate_host_address(peer);

	if (!wrong && peer->family != unicast->source.family)
		wrong = "is not of the address family of `source`";
	if (!wrong && address_equal(peer, &unicast->source))
		wrong = "is `source`: peers are the other machines";
	if (wrong)
		validate_error(validate, &schema_unicast, &unicast->object, CONFIG_UNICAST_PEERS,
			NULL, "%s %s", address_format(peer, text), wrong);
}

/* Nobody is a peer twice. */
static void validate_peers(struct validate *validate, const struct config_unicast *unicast)
{
	char text[ADDRESS_LENGTH];
	struct {
		VECTOR_OF(struct address);
	} sorted = {};

	vector_foreach(&unicast->peers, peer) {
		validate_peer(validate, unicast, peer);
		vector_push(&sorted, *peer);
	}
	vector_sort(&sorted, address_compare);
	for (size_t i = 1; i < sorted.count; i++)
		if (address_equal(&sorted.items[i - 1], &sorted.items[i]))
			validate_error(validate, &schema_unicast, &unicast->object,
				CONFIG_UNICAST_PEERS, NULL, "%s is a peer twice",
				address_format(&sorted.items[i], text));
	vector_clear(&sorted);
}

static void validate_unicast(struct validate *validate, const struct config_router *router,
	const struct validate_families *families)
{
	if (!config_has(&router->object, CONFIG_ROUTER_UNICAST) ||
		router->unicast.object.set & CONFIG_OBJECT_BROKEN)
		return;
	validate_source_address(validate, router, families);
	validate_peers(validate, &router->unicast);
}

/* What is sent to the group there comes to this machine alone. */
static void validate_interface(struct validate *validate, const struct config_router *router)
{
	if (strcmp(router->interface, "lo") != 0 ||
		config_has(&router->object, CONFIG_ROUTER_UNICAST))
		return;
	validate_warning(validate, &schema_router, &router->object, CONFIG_ROUTER_INTERFACE,
		"name the interface that the peers are on, or write `unicast`",
		"no peer is heard on the loopback interface");
}

void validate_router(struct validate *validate, const struct config_router *router)
{
	const struct validate_families families = validate_count(router);

	vector_foreach(&router->addresses, item) {
		if (!(item->object.set & CONFIG_OBJECT_BROKEN))
			validate_virtual_address(validate, router, item);
	}
	validate_track(validate, router);
	validate_program(
		validate, &schema_router, &router->object, CONFIG_ROUTER_NOTIFY, &router->notify);
	/* What follows is about several keys: where one of them is wrong, that may be why. */
	if (router->object.set & CONFIG_OBJECT_BROKEN)
		return;
	validate_interface(validate, router);
	validate_version(validate, router);
	validate_checksum(validate, router, &families);
	validate_owner(validate, router);
	validate_preempt(validate, router);
	validate_garp(validate, &router->garp);
	validate_address_count(validate, router, &families);
	vector_foreach(&router->routes, route)
		validate_route(validate, route, &families);
	vector_foreach(&router->rules, rule)
		validate_rule(validate, rule, &families);
	validate_unicast(validate, router, &families);
}
