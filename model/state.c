// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/state.h"

#include <errno.h>

int service_key_compare(const struct service_key *a, const struct service_key *b)
{
	int order = COMPARE(a->kind, b->kind);

	if (!order)
		order = address_compare(&a->address, &b->address);
	if (!order)
		order = COMPARE(a->port, b->port);
	return order ? order : COMPARE(a->fwmark, b->fwmark);
}

int destination_key_compare(const struct destination_key *a, const struct destination_key *b)
{
	int order = address_compare(&a->address, &b->address);

	return order ? order : COMPARE(a->port, b->port);
}

int port_address_key_compare(const struct port_address_key *a, const struct port_address_key *b)
{
	int order = strcmp(a->port, b->port);

	return order ? order : address_compare(&a->address, &b->address);
}

int data_route_key_compare(const struct data_route_key *a, const struct data_route_key *b)
{
	int order = address_compare(&a->to, &b->to);

	return order ? order : COMPARE(a->length, b->length);
}

int service_compare(const void *a, const void *b)
{
	return service_key_compare(a, b);
}

int destination_compare(const void *a, const void *b)
{
	return destination_key_compare(a, b);
}

int sync_daemon_compare(const void *a, const void *b)
{
	const struct sync_daemon *left = a, *right = b;

	return COMPARE(left->role, right->role);
}

int sysctl_compare(const void *a, const void *b)
{
	const struct sysctl *left = a, *right = b;

	return strcmp(left->name, right->name);
}

int data_port_compare(const void *a, const void *b)
{
	const struct data_port *left = a, *right = b;

	return strcmp(left->name, right->name);
}

int port_address_compare(const void *a, const void *b)
{
	return port_address_key_compare(a, b);
}

int data_route_compare(const void *a, const void *b)
{
	return data_route_key_compare(a, b);
}

bool service_attributes_equal(
	const struct service_attributes *a, const struct service_attributes *b)
{
	return strcmp(a->scheduler, b->scheduler) == 0 &&
	       a->scheduler_flags == b->scheduler_flags && a->one_packet == b->one_packet &&
	       a->persistent == b->persistent && a->persistence_timeout == b->persistence_timeout &&
	       a->netmask == b->netmask && strcmp(a->engine, b->engine) == 0;
}

bool destination_attributes_equal(
	const struct destination_attributes *a, const struct destination_attributes *b)
{
	return a->forward == b->forward && a->tunnel_type == b->tunnel_type &&
	       a->tunnel_checksum == b->tunnel_checksum && a->tunnel_port == b->tunnel_port &&
	       a->weight == b->weight && a->upper_threshold == b->upper_threshold &&
	       a->lower_threshold == b->lower_threshold;
}

bool timeouts_equal(const struct timeouts *a, const struct timeouts *b)
{
	return a->tcp_set == b->tcp_set && a->tcp_fin_set == b->tcp_fin_set &&
	       a->udp_set == b->udp_set && a->tcp == b->tcp && a->tcp_fin == b->tcp_fin &&
	       a->udp == b->udp;
}

bool sync_daemon_equal(const struct sync_daemon *a, const struct sync_daemon *b)
{
	return a->role == b->role && strcmp(a->interface, b->interface) == 0 && a->id == b->id &&
	       address_equal(&a->group, &b->group) && a->port == b->port && a->ttl == b->ttl &&
	       a->max_length == b->max_length;
}

bool port_address_attributes_equal(
	const struct port_address_attributes *a, const struct port_address_attributes *b)
{
	return a->length == b->length;
}

bool data_route_attributes_equal(
	const struct data_route_attributes *a, const struct data_route_attributes *b)
{
	return address_equal(&a->via, &b->via) && strcmp(a->port, b->port) == 0;
}

struct service *state_find_service(const struct state *state, const struct service_key *key)
{
	return vector_find(&state->services, key, service_compare);
}

struct destination *service_find_destination(
	const struct service *service, const struct destination_key *key)
{
	return vector_find(&service->destinations, key, destination_compare);
}

static int sysctl_compare_name(const void *name, const void *item)
{
	return strcmp(name, ((const struct sysctl *)item)->name);
}

struct sysctl *state_find_sysctl(const struct state *state, const char *name)
{
	return vector_find(&state->sysctls, name, sysctl_compare_name);
}

static int data_port_compare_name(const void *name, const void *item)
{
	return strcmp(name, ((const struct data_port *)item)->name);
}

struct data_port *state_find_port(const struct state *state, const char *name)
{
	return vector_find(&state->ports, name, data_port_compare_name);
}

struct port_address *state_find_port_address(
	const struct state *state, const struct port_address_key *key)
{
	return vector_find(&state->port_addresses, key, port_address_compare);
}

struct data_route *state_find_route(const struct state *state, const struct data_route_key *key)
{
	return vector_find(&state->routes, key, data_route_compare);
}

void state_sort(struct state *state)
{
	vector_sort(&state->services, service_compare);
	vector_foreach(&state->services, service)
		vector_sort(&service->destinations, destination_compare);
	vector_sort(&state->sync, sync_daemon_compare);
	vector_sort(&state->sysctls, sysctl_compare);
	vector_sort(&state->ports, data_port_compare);
	vector_sort(&state->port_addresses, port_address_compare);
	vector_sort(&state->routes, data_route_compare);
}

void service_copy(struct service *to, const struct service *from)
{
	size_t count = from->destinations.count;

	*to = (struct service){
		.key = from->key, .attributes = from->attributes, .traffic = from->traffic};
	if (!count)
		return;
	vector_reserve(&to->destinations, count);
	memcpy(to->destinations.items, from->destinations.items,
		count * sizeof(*to->destinations.items));
	to->destinations.count = count;
}

void service_clear(struct service *service)
{
	vector_clear(&service->destinations);
}

void state_copy(struct state *to, const struct state *from)
{
	*to = (struct state){.timeouts = from->timeouts,
		.sync_managed = from->sync_managed,
		.ways_managed = from->ways_managed};
	vector_reserve(&to->services, from->services.count);
	vector_foreach(&from->services, service)
		service_copy(vector_append(&to->services), service);
	vector_foreach(&from->sync, daemon)
		vector_push(&to->sync, *daemon);
	vector_foreach(&from->sysctls, sysctl)
		vector_push(&to->sysctls, *sysctl);
	vector_foreach(&from->ports, port)
		vector_push(&to->ports, *port);
	vector_foreach(&from->port_addresses, address)
		vector_push(&to->port_addresses, *address);
	vector_foreach(&from->routes, route)
		vector_push(&to->routes, *route);
}

void state_clear(struct state *state)
{
	vector_foreach(&state->services, service)
		service_clear(service);
	vector_clear(&state->services);
	vector_clear(&state->sync);
	vector_clear(&state->sysctls);
	vector_clear(&state->ports);
	vector_clear(&state->port_addresses);
	vector_clear(&state->routes);
	*state = (struct state){};
}

bool state_is_empty(const struct state *state)
{
	const struct timeouts none = {};

	return !state->services.count && !state->sync.count && !state->sync_managed &&
	       !state->sysctls.count && !state->ports.count && !state->port_addresses.count &&
	       !state->routes.count && !state->ways_managed &&
	       timeouts_equal(&state->timeouts, &none);
}

uint32_t service_netmask(uint16_t family, unsigned int prefix)
{
	if (family == AF_INET6)
		return prefix;
	return prefix ? UINT32_MAX << (32 - prefix) : 0;
}

int service_prefix(uint16_t family, uint32_t netmask)
{
	if (family == AF_INET6)
		return (int)netmask;
	uint32_t rest = ~netmask;
	if (rest & (rest + 1))
		return -EINVAL;
	return 32 - __builtin_popcount(rest);
}

const char *const scheduler_names[] = {"rr", "wrr", "lc", "wlc", "fo", "ovf", "lblc", "lblcr", "dh",
	"sh", "mh", "sed", "nq", "twos", "none", NULL};

const char *const data_scheduler_names[] = {
	"rr", "wrr", "lc", "wlc", "sh", "mh", "sed", "nq", "dh", "fo", "ovf", NULL};

bool scheduler_is_known(const char *name)
{
	for (const char *const *known = scheduler_names; *known; known++)
		if (strcmp(*known, name) == 0)
			return true;
	return false;
}

bool scheduler_honours_weight_zero(const struct service_attributes *attributes)
{
	if (strcmp(attributes->scheduler, "dh") == 0)
		return false;
	if (strcmp(attributes->scheduler, "sh") == 0)
		return attributes->scheduler_flags & SCHEDULER_FLAG_SH_FALLBACK;
	if (strcmp(attributes->scheduler, "mh") == 0)
		return attributes->scheduler_flags & SCHEDULER_FLAG_MH_FALLBACK;
	return true;
}
