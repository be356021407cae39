// SPDX-License-Identifier: GPL-2.0-or-later
/* An image is made from rules: (prefix, length) and a value. They come in three layers, of which a later
 * one replaces an earlier one's rule of the same prefix: what nobody is sent to in any case (groups,
 * loopback), the prefixes on links with their routes, and single addresses: this machine's own, and the
 * first and last of an IPv4 subnet, which are no host's.
 *
 * DPDK's tables know no default route (length 0); it stands beside them. A family that has no address
 * and no route has no table: each costs 64 MiB. */
#include "backends/dpdk/dataplane/route.h"

#include <errno.h>
#include <rte_errno.h>
#include <stdio.h>

#include "base/memory.h"

struct route_rule {
	struct address prefix;
	uint8_t length;
	uint8_t layer;
	uint32_t value;
};

struct route_rules {
	VECTOR_OF(struct route_rule);
};

enum {
	ROUTE_LAYER_NOWHERE,
	ROUTE_LAYER_LINK,
	ROUTE_LAYER_HOST,
};

static const struct {
	struct address prefix;
	uint8_t length;
} route_nowhere[] = {
	{{AF_INET, {0}}, 8},
	{{AF_INET, {127}}, 8},
	{{AF_INET, {224}}, 4},
	{{AF_INET, {255, 255, 255, 255}}, 32},
	{{AF_INET6, {0}}, 128},
	{{AF_INET6, {[15] = 1}}, 128},
	{{AF_INET6, {0xfe, 0x80}}, 10},
	{{AF_INET6, {0xff}}, 8},
};

/* --- prefixes --- */

/* The address with zeros, or ones, behind `length` bits. */
static struct address route_fill(const struct address *address, unsigned int length, uint8_t fill)
{
	struct address filled = *address;
	unsigned int bits = address_bits(address->family);

	for (unsigned int bit = length; bit < bits; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);

		filled.bytes[bit / 8] =
			(uint8_t)((filled.bytes[bit / 8] & ~mask) | (fill ? mask : 0));
	}
	return filled;
}

static struct address route_prefix_of(const struct route_address *address)
{
	return route_fill(&address->address, address->length, 0);
}

static bool route_covers(const struct route_address *link, const struct address *address)
{
	struct address theirs = route_fill(address, link->length, 0);
	struct address ours = route_prefix_of(link);

	return address->family == link->address.family && address_equal(&ours, &theirs);
}

static const char *route_text(const struct address *prefix, unsigned int length, char text[64])
{
	char address[ADDRESS_LENGTH];

	snprintf(text, 64, "%s/%u", address_format(prefix, address), length);
	return text;
}

/* --- what is refused --- */

static int route_check_address(const struct route_address *address, struct error *error)
{
	char text[64];

	if (!address_size(address->address.family) ||
		address->length > address_bits(address->address.family) ||
		address->port >= NEXT_HOP_PORTS)
		return error_set(error, -EINVAL, "an address of a port is none");
	if (address_is_multicast(&address->address) || address_is_loopback(&address->address) ||
		address_is_unspecified(&address->address))
		return error_set(error, -EINVAL, "%s: cannot be the address of a port",
			route_text(&address->address, address->length, text));
	if (!address->length)
		return error_set(error, -EINVAL,
			"%s: the whole Internet on the link of a port: want a length",
			route_text(&address->address, address->length, text));
	return 0;
}

/* A gateway of the link's own is reached without a route to it. */
static bool route_is_on_link(
	const struct route_plan *list, uint8_t port, const struct address *address)
{
	if (address->family == AF_INET6 && address_is_link_local(address))
		return true;
	vector_foreach(&list->addresses, link) {
		if (link->port == port && route_covers(link, address) &&
			!address_equal(&link->address, address))
			return true;
	}
	return false;
}

static int route_check_route(
	const struct route_plan *list, const struct route *route, struct error *error)
{
	struct address plain;
	char text[64], via[ADDRESS_LENGTH];

	if (!address_size(route->prefix.family) || route->port >= NEXT_HOP_PORTS ||
		route->length > address_bits(route->prefix.family))
		return error_set(error, -EINVAL, "a route is none");
	route_text(&route->prefix, route->length, text);
	plain = route_fill(&route->prefix, route->length, 0);
	if (!address_equal(&plain, &route->prefix))
		return error_set(error, -EINVAL, "route %s: bits are set behind its length", text);
	if (route->via.family == AF_UNSPEC)
		return 0;
	if (route->via.family != route->prefix.family)
		return error_set(error, -EINVAL, "route %s: via %s is of another family", text,
			address_format(&route->via, via));
	if (!route_is_on_link(list, route->port, &route->via))
		return error_set(error, -EINVAL,
			"route %s: via %s is on no link of its port: give the port an address "
			"there",
			text, address_format(&route->via, via));
	return 0;
}

static int route_check(const struct route_plan *list, struct error *error)
{
	int r;

	if (list->addresses.count > ROUTE_ADDRESSES_MOST || list->routes.count > ROUTE_MOST)
		return error_set(error, -EINVAL, "%zu addresses, %zu routes: at most %u, and %u",
			list->addresses.count, list->routes.count, ROUTE_ADDRESSES_MOST,
			ROUTE_MOST);
	vector_foreach(&list->addresses, address) {
		r = route_check_address(address, error);
		if (r < 0)
			return r;
	}
	vector_foreach(&list->routes, route) {
		r = route_check_route(list, route, error);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- rules --- */

static void route_add_rule(struct route_rules *rules, int layer, const struct address *prefix,
	unsigned int length, uint32_t value)
{
	vector_push(rules, ((struct route_rule){.prefix = *prefix,
				   .length = (uint8_t)length,
				   .layer = (uint8_t)layer,
				   .value = value}));
}

static void route_add_address(struct route_rules *rules, const struct route_address *address)
{
	uint16_t family = address->address.family;
	struct address first = route_prefix_of(address);
	struct address last = route_fill(&address->address, address->length, 1);

	if (address->length < address_bits(family))
		route_add_rule(rules, ROUTE_LAYER_LINK, &first, address->length,
			ROUTE_ON_LINK + address->port);
	if (family == AF_INET && address->length < 31) {
		route_add_rule(rules, ROUTE_LAYER_NOWHERE, &first, 32, ROUTE_NOWHERE);
		route_add_rule(rules, ROUTE_LAYER_NOWHERE, &last, 32, ROUTE_NOWHERE);
	}
	route_add_rule(rules, ROUTE_LAYER_HOST, &address->address, address_bits(family),
		next_hop_local(address->port));
}

/* By prefix, then the layer that counts first. */
static int route_compare(const void *a, const void *b)
{
	const struct route_rule *x = a, *y = b;
	int order = address_compare(&x->prefix, &y->prefix);

	if (!order)
		order = COMPARE(x->length, y->length);
	return order ? order : COMPARE(y->layer, x->layer);
}

/* One rule for each prefix. Two of one layer that are not the same are a contradiction. */
static int route_unite(struct route_rules *rules, struct error *error)
{
	size_t count = 0;
	char text[64];

	vector_sort(rules, route_compare);
	for (size_t i = 0; i < rules->count; i++) {
		const struct route_rule *rule = &rules->items[i];
		const struct route_rule *before = count ? &rules->items[count - 1] : NULL;

		if (before && before->length == rule->length &&
			address_equal(&before->prefix, &rule->prefix)) {
			if (before->layer == rule->layer && before->value != rule->value)
				return error_set(error, -EINVAL,
					"%s is reached in two ways: want one of them",
					route_text(&rule->prefix, rule->length, text));
			continue;
		}
		rules->items[count++] = *rule;
	}
	rules->count = count;
	return 0;
}

/* Pins gateways, into the image. */
static int route_add_route(struct route_table *table, struct route_image *image,
	struct route_rules *rules, const struct route *route, struct error *error)
{
	uint32_t value = ROUTE_ON_LINK + route->port;

	if (route->via.family != AF_UNSPEC) {
		value = neighbour_cache_pin(table->neighbours, route->port, &route->via);
		if (value == NEXT_HOP_NONE)
			return error_set(
				error, -ENOSPC, "too many neighbours: want fewer gateways");
		vector_push(&image->gateways, value);
	}
	route_add_rule(rules, ROUTE_LAYER_LINK, &route->prefix, route->length, value);
	return 0;
}

static int route_make_rules(struct route_table *table, const struct route_plan *list,
	struct route_image *image, struct route_rules *rules, struct error *error)
{
	for (size_t i = 0; i < ARRAY_LENGTH(route_nowhere); i++)
		route_add_rule(rules, ROUTE_LAYER_NOWHERE, &route_nowhere[i].prefix,
			route_nowhere[i].length, ROUTE_NOWHERE);
	vector_foreach(&list->addresses, address)
		route_add_address(rules, address);
	vector_foreach(&list->routes, route) {
		int r = route_add_route(table, image, rules, route, error);

		if (r < 0)
			return r;
	}
	return route_unite(rules, error);
}

/* --- tables --- */

static bool route_has_family(const struct route_plan *list, uint16_t family)
{
	vector_foreach(&list->addresses, address) {
		if (address->address.family == family)
			return true;
	}
	vector_foreach(&list->routes, route) {
		if (route->prefix.family == family)
			return true;
	}
	return false;
}

/* Groups of 256 entries below the first table of 24 bits that these rules need at most: for each, one for
 * every 8 bits behind the first 24. */
static uint32_t route_groups(const struct route_rules *rules, uint16_t family)
{
	uint32_t groups = 1;

	vector_foreach(rules, rule) {
		if (rule->prefix.family == family && rule->length > 24)
			groups += (rule->length - 24u + 7) / 8;
	}
	return groups;
}

/* The names of DPDK's tables must differ. */
static void route_name(char name[32], const char *family)
{
	static unsigned int number;

	snprintf(name, 32, "route-%s-%u", family, number++);
}

static int route_no_memory(struct error *error)
{
	return error_set(error, -ENOMEM,
		"no memory for the tables of routes (64 MiB for each family, twice while they "
		"change): "
		"give EAL more");
}

static int route_create_ipv4(
	struct route_image *image, const struct route_rules *rules, struct error *error)
{
	struct rte_lpm_config config = {
		.max_rules = (uint32_t)rules->count, .number_tbl8s = route_groups(rules, AF_INET)};
	char name[32];

	route_name(name, "ipv4");
	image->ipv4 = rte_lpm_create(name, SOCKET_ID_ANY, &config);
	return image->ipv4 ? 0 : route_no_memory(error);
}

static int route_create_ipv6(
	struct route_image *image, const struct route_rules *rules, struct error *error)
{
	struct rte_lpm6_config config = {
		.max_rules = (uint32_t)rules->count, .number_tbl8s = route_groups(rules, AF_INET6)};
	char name[32];

	route_name(name, "ipv6");
	image->ipv6 = rte_lpm6_create(name, SOCKET_ID_ANY, &config);
	return image->ipv6 ? 0 : route_no_memory(error);
}

static int route_fill_tables(
	struct route_image *image, const struct route_rules *rules, struct error *error)
{
	vector_foreach(rules, rule) {
		const uint8_t *bytes = rule->prefix.bytes;
		uint32_t host = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
				(uint32_t)bytes[2] << 8 | bytes[3];
		bool ipv4 = rule->prefix.family == AF_INET;
		char text[64];
		int r = 0;

		if (!rule->length)
			*(ipv4 ? &image->default_ipv4 : &image->default_ipv6) = rule->value;
		else if (ipv4 && image->ipv4)
			r = rte_lpm_add(image->ipv4, host, rule->length, rule->value);
		else if (!ipv4 && image->ipv6)
			r = rte_lpm6_add(image->ipv6, bytes, rule->length, rule->value);
		if (r < 0)
			return error_set(error, r, "%s: the table does not take it",
				route_text(&rule->prefix, rule->length, text));
	}
	return 0;
}

/* --- images --- */

static struct route_image *route_image_new(void)
{
	struct route_image *image = memory_new(sizeof(*image));

	image->default_ipv4 = image->default_ipv6 = ROUTE_NOWHERE;
	return image;
}

static void route_image_free(struct route_table *table, struct route_image *image)
{
	if (!image)
		return;
	vector_foreach(&image->gateways, gateway)
		neighbour_cache_unpin(table->neighbours, *gateway);
	vector_clear(&image->gateways);
	vector_clear(&image->addresses);
	rte_lpm_free(image->ipv4);
	rte_lpm6_free(image->ipv6);
	free(image);
}

static int route_image_fill(struct route_table *table, const struct route_plan *list,
	struct route_image *image, struct error *error)
{
	struct route_rules rules = {};
	int r = route_make_rules(table, list, image, &rules, error);

	vector_foreach(&list->addresses, address)
		vector_push(&image->addresses, *address);
	if (r == 0 && route_has_family(list, AF_INET))
		r = route_create_ipv4(image, &rules, error);
	if (r == 0 && route_has_family(list, AF_INET6))
		r = route_create_ipv6(image, &rules, error);
	if (r == 0)
		r = route_fill_tables(image, &rules, error);
	vector_clear(&rules);
	return r;
}

static void route_free_old(struct route_table *table)
{
	route_image_free(table, table->old);
	table->old = NULL;
}

bool route_table_turn(struct route_table *table)
{
	if (table->old && rte_rcu_qsbr_check(table->rcu, table->grace, false) == 1)
		route_free_old(table);
	return table->old;
}

int route_table_set(struct route_table *table, const struct route_plan *list, struct error *error)
{
	struct route_image *image;
	int r = route_check(list, error);

	if (r < 0)
		return r;
	/* Never a third pair of tables; nor does main wait for a worker. */
	if (route_table_turn(table))
		return error_set(error, -EBUSY,
			"a worker has not taken up the last change of routes: is its core "
			"overloaded? (try again)");
	image = route_image_new();
	r = route_image_fill(table, list, image, error);
	if (r < 0) {
		route_image_free(table, image);
		return r;
	}
	table->old = atomic_exchange_explicit(&table->image, image, memory_order_acq_rel);
	next_hop_move_version(table->neighbours->hops);
	table->grace = rte_rcu_qsbr_start(table->rcu);
	return 0;
}

void route_table_init(
	struct route_table *table, struct neighbour_cache *neighbours, struct rte_rcu_qsbr *rcu)
{
	*table = (struct route_table){
		.hops = neighbours->hops, .neighbours = neighbours, .rcu = rcu};
	atomic_init(&table->image, route_image_new());
}

void route_table_clear(struct route_table *table)
{
	route_free_old(table);
	route_image_free(table, atomic_load(&table->image));
	*table = (struct route_table){};
}

/* --- addresses --- */

static const struct route_image *route_image_of(const struct route_table *table)
{
	return atomic_load_explicit(&table->image, memory_order_acquire);
}

bool route_is_own(const struct route_table *table, uint8_t port, const struct address *address)
{
	vector_foreach(&route_image_of(table)->addresses, own) {
		if (own->port == port && address_equal(&own->address, address))
			return true;
	}
	return false;
}

bool route_source(const struct route_table *table, uint8_t port, const struct address *peer,
	struct address *ret)
{
	const struct route_address *best = NULL;
	int best_rank = 0;

	vector_foreach(&route_image_of(table)->addresses, own) {
		int rank = 1 + (own->port == port);

		if (own->address.family != peer->family)
			continue;
		if (own->port == port && route_covers(own, peer))
			rank = 3;
		if (rank > best_rank) {
			best = own;
			best_rank = rank;
		}
	}
	if (best)
		*ret = best->address;
	return best;
}

/* --- slots --- */

/* A next hop that stays until it is let go of. */
static uint32_t route_hold(struct route_table *table, const struct slot *slot)
{
	struct address address = address_from_bytes(slot->family, slot->address);
	uint32_t value = route_look_up(table, slot->family, slot->address);

	if (value >= ROUTE_NOWHERE)
		return NEXT_HOP_NONE;
	if (value >= ROUTE_ON_LINK)
		return neighbour_cache_pin(
			table->neighbours, (uint8_t)(value - ROUTE_ON_LINK), &address);
	neighbour_cache_hold(table->neighbours, value);
	return value;
}

static void route_let_go(struct route_table *table, uint32_t next_hop)
{
	if (next_hop != NEXT_HOP_NONE)
		neighbour_cache_unpin(table->neighbours, next_hop);
}

/* A tunnel begins at an address of ours: that by which its next hop is reached. It changes only when
 * the addresses of ports do; a worker may then send one packet from neither. */
static void route_set_local(const struct route_table *table, struct slot *slot, uint32_t next_hop)
{
	const struct next_hop_key *key = &table->hops->keys[next_hop];
	struct address peer, local;

	if (slot->method != FORWARD_METHOD_TUNNEL || next_hop < 2 * NEXT_HOP_PORTS)
		return;
	peer = address_from_bytes(key->family, key->address);
	if (route_source(table, key->port, &peer, &local) &&
		memcmp(slot->local, local.bytes, sizeof(slot->local)) != 0)
		memcpy(slot->local, local.bytes, sizeof(slot->local));
}

void route_attach(struct route_table *table, struct slot_table *slots, uint32_t index)
{
	struct slot *slot = &slots->slots[index];
	uint32_t now = route_hold(table, slot);

	if (now != NEXT_HOP_NONE)
		route_set_local(table, slot, now);
	route_let_go(table, atomic_exchange_explicit(&slot->next_hop, now, memory_order_release));
}

void route_attach_all(struct route_table *table, struct slot_table *slots)
{
	for (uint32_t index = 0; index < slots->count; index++) {
		if (atomic_load(&slots->slots[index].state) != SLOT_STATE_FREE)
			route_attach(table, slots, index);
	}
}

void route_detach(struct route_table *table, struct slot_table *slots, uint32_t index)
{
	route_let_go(table, atomic_exchange_explicit(&slots->slots[index].next_hop, NEXT_HOP_NONE,
				    memory_order_release));
}

void route_clear_list(struct route_plan *list)
{
	vector_clear(&list->addresses);
	vector_clear(&list->routes);
}
