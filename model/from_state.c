// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/from_state.h"

#include <inttypes.h>
#include <stdio.h>

#include "model/join.h"
#include "model/schema.h"
#include "model/units.h"

#define FROM_STATE_NAME_SIZE 80

struct from_state {
	struct config *config;
	struct strbuf *losses;
	const struct service *service; /* at hand, for messages */
	const struct destination *destination;
};

static void from_state_set(struct config_object *object, unsigned int key)
{
	object->set |= 1u << key;
}

/* One line: the object, what it has, what was made of it. */
static _printf_(2, 3) void from_state_lose(const struct from_state *from, const char *format, ...)
{
	char service[SERVICE_KEY_TEXT_SIZE], destination[ADDRESS_ENDPOINT_LENGTH];
	va_list arguments;

	if (from->destination)
		strbuf_printf(from->losses, "destination %s of ",
			destination_key_format(&from->destination->key, destination));
	if (from->service)
		strbuf_printf(from->losses, "%s%s: ", from->destination ? "" : "service ",
			service_key_format(&from->service->key, service));
	va_start(arguments, format);
	strbuf_vprintf(from->losses, format, arguments);
	va_end(arguments);
	strbuf_add_char(from->losses, '\n');
}

/* Brings a value within the bounds of its row; says so when it was not. */
static uint64_t from_state_bound(
	const struct from_state *from, const struct schema_key *key, uint64_t value, uint64_t unit)
{
	uint64_t bounded = MAX(MIN(value, key->maximum / unit), key->minimum / unit);

	if (bounded != value)
		from_state_lose(
			from, "%s %" PRIu64 " is written as %" PRIu64, key->name, value, bounded);
	return bounded;
}

/* "tcp-203-0-113-10-80": every run of what no name may have is one dash. */
static void from_state_name(const struct service_key *key, char name[static FROM_STATE_NAME_SIZE])
{
	char text[SERVICE_KEY_TEXT_SIZE];
	size_t length = 0;

	service_key_format(key, text);
	for (const char *from = text; *from; from++) {
		bool allowed = (*from >= 'a' && *from <= 'z') || (*from >= '0' && *from <= '9');

		if (allowed)
			name[length++] = *from;
		else if (length && name[length - 1] != '-')
			name[length++] = '-';
	}
	name[length] = '\0';
}

static void from_state_forward(struct from_state *from, struct config_destination *to)
{
	const struct destination_attributes *attributes = &from->destination->attributes;

	to->rules.forward = (enum config_forward)attributes->forward;
	from_state_set(&to->object, CONFIG_DESTINATION_FORWARD);
	if (attributes->forward != FORWARD_METHOD_TUNNEL)
		return;
	struct config_tunnel *tunnel = &to->rules.tunnel;
	*tunnel = (struct config_tunnel){.type = attributes->tunnel_type,
		.port = attributes->tunnel_port,
		.checksum = attributes->tunnel_checksum};
	if (tunnel->type != TUNNEL_TYPE_IPIP)
		from_state_set(&tunnel->object, CONFIG_TUNNEL_TYPE);
	if (tunnel->type == TUNNEL_TYPE_GUE)
		from_state_set(&tunnel->object, CONFIG_TUNNEL_PORT);
	if (tunnel->checksum != TUNNEL_CHECKSUM_NONE)
		from_state_set(&tunnel->object, CONFIG_TUNNEL_CHECKSUM);
	if (tunnel->object.set)
		from_state_set(&to->object, CONFIG_DESTINATION_TUNNEL);
}

static void from_state_thresholds(struct from_state *from, struct config_destination *to)
{
	const struct destination_attributes *attributes = &from->destination->attributes;
	uint32_t upper = (uint32_t)from_state_bound(from,
		&schema_destination.keys[CONFIG_DESTINATION_UPPER_THRESHOLD],
		attributes->upper_threshold, 1);
	uint32_t lower = (uint32_t)from_state_bound(from,
		&schema_destination.keys[CONFIG_DESTINATION_LOWER_THRESHOLD],
		attributes->lower_threshold, 1);

	if (lower > upper) {
		from_state_lose(from, "lower-threshold %u above the upper one is left out", lower);
		lower = 0;
	}
	to->rules.upper_threshold = upper;
	to->rules.lower_threshold = lower;
	if (upper)
		from_state_set(&to->object, CONFIG_DESTINATION_UPPER_THRESHOLD);
	if (lower)
		from_state_set(&to->object, CONFIG_DESTINATION_LOWER_THRESHOLD);
}

/* Why a destination cannot be written at all, or NULL. */
static const char *from_state_unsayable(const struct from_state *from)
{
	const struct destination *destination = from->destination;
	const struct service_key *service = &from->service->key;
	enum forward_method forward = destination->attributes.forward;

	if (forward == FORWARD_METHOD_LOCAL || forward == FORWARD_METHOD_BYPASS)
		return "its forwarding method";
	if (address_is_mapped(&destination->key.address))
		return "its IPv4-mapped address";
	if (service->kind == SERVICE_KIND_FWMARK || destination->key.port == service->port)
		return NULL;
	if (!destination->key.port)
		return "its port 0";
	return forward != FORWARD_METHOD_NAT ? "a port that is not the service's" : NULL;
}

static void from_state_destination(struct from_state *from, struct config_destination_list *list)
{
	const struct destination *destination = from->destination;
	const char *unsayable = from_state_unsayable(from);

	if (unsayable) {
		from_state_lose(from, "left out: %s (%s) cannot be written", unsayable,
			forward_method_name(destination->attributes.forward));
		return;
	}
	struct config_destination *to = &list->items[list->count++];
	schema_defaults(&schema_destination, to);
	to->address = (struct config_endpoint){
		.address = destination->key.address, .port = destination->key.port};
	from_state_set(&to->object, CONFIG_DESTINATION_ADDRESS);
	to->rules.weight = (uint32_t)from_state_bound(from,
		&schema_destination.keys[CONFIG_DESTINATION_WEIGHT], destination->attributes.weight,
		1);
	if (to->rules.weight != 1)
		from_state_set(&to->object, CONFIG_DESTINATION_WEIGHT);
	from_state_forward(from, to);
	from_state_thresholds(from, to);
	to->cross_family = destination->key.address.family != from->service->key.address.family;
	if (to->cross_family)
		from_state_set(&to->object, CONFIG_DESTINATION_CROSS_FAMILY);
}

/* Says once for the service what all its destinations say. */
static void from_state_share_forward(struct config_service *to)
{
	to->forward = CONFIG_FORWARD_NAT;
	vector_foreach(&to->destinations, first) {
		to->forward = first->rules.forward;
		break;
	}
	from_state_set(&to->object, CONFIG_SERVICE_FORWARD);
	vector_foreach(&to->destinations, destination) {
		if (destination->rules.forward == to->forward)
			destination->object.set &= ~(1u << CONFIG_DESTINATION_FORWARD);
	}
}

static void from_state_persistence(struct from_state *from, struct config_service *to)
{
	const struct service_attributes *attributes = &from->service->attributes;
	struct config_persistence *persistence = &to->persistence;
	uint16_t family = from->service->key.address.family;
	int prefix = service_prefix(family, attributes->netmask);
	bool six = family == AF_INET6;

	if (!attributes->persistent)
		return;
	from_state_set(&to->object, CONFIG_SERVICE_PERSISTENCE);
	persistence->timeout =
		UNITS_SECOND * from_state_bound(from,
				       &schema_persistence.keys[CONFIG_PERSISTENCE_TIMEOUT],
				       attributes->persistence_timeout, UNITS_SECOND);
	from_state_set(&persistence->object, CONFIG_PERSISTENCE_TIMEOUT);
	if (prefix < 1 || prefix > (int)address_bits(family)) {
		from_state_lose(from, "persistence mask %08x is written as prefix %u",
			attributes->netmask, address_bits(family));
		prefix = (int)address_bits(family);
	}
	*(six ? &persistence->prefix6 : &persistence->prefix) = (uint32_t)prefix;
	if (prefix != (int)address_bits(family))
		from_state_set(&persistence->object,
			six ? CONFIG_PERSISTENCE_PREFIX6 : CONFIG_PERSISTENCE_PREFIX);
	if (!attributes->engine[0])
		return;
	persistence->engine = arena_copy_string(&from->config->arena, attributes->engine);
	from_state_set(&persistence->object, CONFIG_PERSISTENCE_ENGINE);
}

/* The words of a scheduler's flags. sh and mh get theirs even where none is set: a file that does
 * not say gets their fallback. */
static void from_state_flags(struct from_state *from, struct config_service *to)
{
	const struct service_attributes *attributes = &from->service->attributes;
	bool sh = strcmp(attributes->scheduler, "sh") == 0;
	bool mh = strcmp(attributes->scheduler, "mh") == 0;
	uint32_t words[3] = {
		CONFIG_SCHEDULER_FLAG_1, CONFIG_SCHEDULER_FLAG_2, CONFIG_SCHEDULER_FLAG_3};

	if (sh || mh) {
		words[0] =
			sh ? CONFIG_SCHEDULER_FLAG_SH_FALLBACK : CONFIG_SCHEDULER_FLAG_MH_FALLBACK;
		words[1] = sh ? CONFIG_SCHEDULER_FLAG_SH_PORT : CONFIG_SCHEDULER_FLAG_MH_PORT;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		if (attributes->scheduler_flags & 1u << i)
			to->scheduler_flags |= words[i];
	if (sh || mh || to->scheduler_flags)
		from_state_set(&to->object, CONFIG_SERVICE_SCHEDULER_FLAGS);
}

static void from_state_service(struct from_state *from, struct config_service *to)
{
	const struct service *service = from->service;
	struct arena *arena = &from->config->arena;
	char name[FROM_STATE_NAME_SIZE];

	schema_defaults(&schema_service, to);
	from_state_name(&service->key, name);
	to->name.text = arena_copy_string(arena, name);
	to->listen.items = arena_new(arena, sizeof(*to->listen.items));
	to->listen.items[to->listen.count++].key = service->key;
	from_state_set(&to->object, CONFIG_SERVICE_LISTEN);
	to->scheduler = arena_copy_string(arena, service->attributes.scheduler);
	from_state_set(&to->object, CONFIG_SERVICE_SCHEDULER);
	from_state_flags(from, to);
	to->one_packet = service->attributes.one_packet;
	if (to->one_packet)
		from_state_set(&to->object, CONFIG_SERVICE_ONE_PACKET);
	from_state_persistence(from, to);
	to->destinations.items =
		arena_new(arena, service->destinations.count * sizeof(*to->destinations.items));
	from_state_set(&to->object, CONFIG_SERVICE_DESTINATIONS);
	vector_foreach(&service->destinations, destination) {
		from->destination = destination;
		from_state_destination(from, &to->destinations);
	}
	from->destination = NULL;
	from_state_share_forward(to);
}

static void from_state_timeout(struct from_state *from, struct config_timeouts *to,
	unsigned int key, bool set, uint32_t seconds)
{
	const struct schema_key *row = &schema_timeouts.keys[key];
	uint64_t *field = (void *)((char *)to + row->offset);

	if (!set)
		return;
	*field = UNITS_SECOND * from_state_bound(from, row, seconds, UNITS_SECOND);
	from_state_set(&to->object, key);
}

static void from_state_timeouts(struct from_state *from, const struct timeouts *timeouts)
{
	struct config_ipvs *ipvs = &from->config->ipvs;

	from_state_timeout(
		from, &ipvs->timeouts, CONFIG_TIMEOUTS_TCP, timeouts->tcp_set, timeouts->tcp);
	from_state_timeout(from, &ipvs->timeouts, CONFIG_TIMEOUTS_TCP_FIN, timeouts->tcp_fin_set,
		timeouts->tcp_fin);
	from_state_timeout(
		from, &ipvs->timeouts, CONFIG_TIMEOUTS_UDP, timeouts->udp_set, timeouts->udp);
	if (ipvs->timeouts.object.set)
		from_state_set(&ipvs->object, CONFIG_IPVS_TIMEOUTS);
}

/* What a state does not know (an ipvsadm line says little) is left to the defaults. */
static void from_state_daemon(
	const struct sync_daemon *daemon, struct arena *arena, struct config_sync *to)
{
	const struct {
		unsigned int key;
		bool known;
	} keys[] = {
		{CONFIG_SYNC_ROLE, true},
		{CONFIG_SYNC_INTERFACE, true},
		{CONFIG_SYNC_ID, true},
		{CONFIG_SYNC_GROUP, daemon->group.family != AF_UNSPEC},
		{CONFIG_SYNC_PORT, daemon->port},
		{CONFIG_SYNC_TTL, daemon->ttl},
		{CONFIG_SYNC_MAX_LENGTH, daemon->max_length},
	};

	schema_defaults(&schema_sync, to);
	for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
		if (keys[i].known)
			from_state_set(&to->object, keys[i].key);
	to->role = daemon->role;
	to->interface = arena_copy_string(arena, daemon->interface);
	to->id = daemon->id;
	to->max_length = daemon->max_length;
	if (daemon->group.family != AF_UNSPEC)
		to->group = daemon->group;
	if (daemon->port)
		to->port = daemon->port;
	if (daemon->ttl)
		to->ttl = daemon->ttl;
}

static void from_state_sync(struct from_state *from, const struct sync_vector *daemons)
{
	struct config_ipvs *ipvs = &from->config->ipvs;
	struct arena *arena = &from->config->arena;

	if (!daemons->count)
		return;
	from_state_set(&ipvs->object, CONFIG_IPVS_SYNC);
	ipvs->sync.items = arena_new(arena, daemons->count * sizeof(*ipvs->sync.items));
	vector_foreach(daemons, daemon)
		from_state_daemon(daemon, arena, &ipvs->sync.items[ipvs->sync.count++]);
}

static void from_state_sysctls(struct from_state *from, const struct sysctl_vector *sysctls)
{
	struct config_sysctl_list *list = &from->config->ipvs.sysctls;
	struct arena *arena = &from->config->arena;

	list->items = arena_new(arena, sysctls->count * sizeof(*list->items));
	vector_foreach(sysctls, sysctl) {
		char value[SYSCTL_VALUE_SIZE];

		if (units_parse_sysctl(sysctl->value, value) < 0) {
			from_state_lose(from,
				"sysctl %s: left out: its value `%s` cannot be written",
				sysctl->name, sysctl->value);
			continue;
		}
		list->items[list->count++] =
			(struct config_sysctl){.name = arena_copy_string(arena, sysctl->name),
				.value = arena_copy_string(arena, value)};
	}
	if (list->count)
		from_state_set(&from->config->ipvs.object, CONFIG_IPVS_SYSCTLS);
}

static void from_state_port_addresses(struct from_state *from,
	const struct port_address_vector *addresses, struct config_port *to)
{
	to->addresses.items =
		arena_new(&from->config->arena, addresses->count * sizeof(*to->addresses.items));
	vector_foreach(addresses, address) {
		if (strcmp(address->key.port, to->name.text) != 0)
			continue;
		struct config_port_address *item = &to->addresses.items[to->addresses.count++];
		item->address = (struct config_prefix){
			.address = address->key.address, .length = address->attributes.length};
		from_state_set(&item->object, CONFIG_PORT_ADDRESS_ADDRESS);
	}
	if (to->addresses.count)
		from_state_set(&to->object, CONFIG_PORT_ADDRESSES);
}

static void from_state_port(
	struct from_state *from, const struct data_port *port, struct config_port *to)
{
	struct arena *arena = &from->config->arena;

	schema_defaults(&schema_port, to);
	to->name.text = arena_copy_string(arena, port->name);
	to->device = arena_copy_string(arena, port->device);
	from_state_set(&to->object, CONFIG_PORT_DEVICE);
	to->vlan = port->vlan;
	if (port->vlan)
		from_state_set(&to->object, CONFIG_PORT_VLAN);
	to->mtu = port->mtu ? port->mtu : CONFIG_PORT_DEFAULT_MTU;
	if (to->mtu != CONFIG_PORT_DEFAULT_MTU)
		from_state_set(&to->object, CONFIG_PORT_MTU);
	if (!*port->exception)
		return;
	to->exception = arena_copy_string(arena, port->exception);
	from_state_set(&to->object, CONFIG_PORT_EXCEPTION);
}

static void from_state_route(
	struct from_state *from, const struct data_route *route, struct config_data_route *to)
{
	to->to = (struct config_prefix){.address = route->key.to, .length = route->key.length};
	to->port = arena_copy_string(&from->config->arena, route->attributes.port);
	from_state_set(&to->object, CONFIG_DATA_ROUTE_TO);
	from_state_set(&to->object, CONFIG_DATA_ROUTE_PORT);
	to->via = route->attributes.via;
	if (to->via.family != AF_UNSPEC)
		from_state_set(&to->object, CONFIG_DATA_ROUTE_VIA);
}

/* A data plane has ports, and nobody else has. */
static void from_state_dpdk(struct from_state *from, const struct state *state)
{
	struct config *config = from->config;
	struct config_dpdk *dpdk = &config->dpdk;

	if (!state->ports.count)
		return;
	config->backend = CONFIG_BACKEND_DPDK;
	from_state_set(&config->object, CONFIG_BACKEND);
	from_state_set(&config->object, CONFIG_DPDK);
	from_state_set(&dpdk->object, CONFIG_DPDK_PORTS);
	vector_reserve(&dpdk->ports, state->ports.count);
	vector_foreach(&state->ports, port) {
		struct config_port *to = vector_append(&dpdk->ports);

		from_state_port(from, port, to);
		from_state_port_addresses(from, &state->port_addresses, to);
	}
	if (!state->routes.count)
		return;
	from_state_set(&dpdk->object, CONFIG_DPDK_ROUTES);
	dpdk->routes.items =
		arena_new(&config->arena, state->routes.count * sizeof(*dpdk->routes.items));
	vector_foreach(&state->routes, route)
		from_state_route(from, route, &dpdk->routes.items[dpdk->routes.count++]);
}

void config_from_state(const struct state *state, struct config *ret, struct strbuf *losses)
{
	struct from_state from = {.config = ret, .losses = losses};

	schema_defaults(&schema_top, ret);
	ret->poise = CONFIG_FORMAT;
	from_state_set(&ret->object, CONFIG_POISE);
	from_state_timeouts(&from, &state->timeouts);
	from_state_sync(&from, &state->sync);
	from_state_sysctls(&from, &state->sysctls);
	if (ret->ipvs.object.set)
		from_state_set(&ret->object, CONFIG_IPVS);
	from_state_dpdk(&from, state);
	from_state_set(&ret->object, CONFIG_SERVICES);
	vector_reserve(&ret->services, state->services.count);
	vector_foreach(&state->services, service) {
		from.service = service;
		if (address_is_mapped(&service->key.address)) {
			from_state_lose(
				&from, "left out: its IPv4-mapped address cannot be written");
			continue;
		}
		from_state_service(&from, vector_append(&ret->services));
	}
	config_number_services(ret);
	if (ret->services.count)
		return;
	ret->allow_empty = true;
	from_state_set(&ret->object, CONFIG_ALLOW_EMPTY);
}
