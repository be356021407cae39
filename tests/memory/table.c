// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of the in-memory backend: sorted vectors, and what tests do to them. */
#include <assert.h>
#include <stdio.h>

#include "tests/memory/memory.h"

/* Of Linux 6.1; those whose value depends on the machine are left out. */
static const struct sysctl table_sysctls[] = {
	{"am_droprate", "10"},
	{"amemthresh", "1024"},
	{"backup_only", "0"},
	{"cache_bypass", "0"},
	{"conn_reuse_mode", "1"},
	{"conntrack", "0"},
	{"drop_entry", "0"},
	{"drop_packet", "0"},
	{"expire_nodest_conn", "0"},
	{"expire_quiescent_template", "0"},
	{"ignore_tunneled", "0"},
	{"nat_icmp_send", "0"},
	{"pmtu_disc", "1"},
	{"schedule_icmp", "0"},
	{"secure_tcp", "0"},
	{"sloppy_sctp", "0"},
	{"sloppy_tcp", "0"},
	{"snat_reroute", "1"},
	{"sync_persist_mode", "0"},
	{"sync_ports", "1"},
	{"sync_refresh_period", "0"},
	{"sync_retries", "0"},
	{"sync_sock_size", "0"},
	{"sync_threshold", "3 50"},
	{"sync_version", "1"},
};

struct memory_table *memory_table_new(void)
{
	struct memory_table *table = memory_new(sizeof(*table));

	table->state.timeouts = (struct timeouts){
		.tcp_set = true,
		.tcp_fin_set = true,
		.udp_set = true,
		.tcp = 900,
		.tcp_fin = 120,
		.udp = 300,
	};
	for (size_t i = 0; i < ARRAY_LENGTH(table_sysctls); i++)
		vector_push(&table->state.sysctls, table_sysctls[i]);
	state_sort(&table->state);
	return table;
}

void memory_table_free(struct memory_table *table)
{
	if (!table)
		return;
	state_clear(&table->state);
	vector_clear(&table->figures);
	free(table);
}

void memory_fail(struct memory_table *table, size_t nth, int code)
{
	table->fail_at = table->operations + nth;
	table->fail_code = code;
}

void memory_drop(struct memory_table *table, size_t nth)
{
	table->drop_at = table->operations + nth;
}

void memory_lose(struct memory_table *table, size_t nth, int code)
{
	table->lose_at = table->operations + nth;
	table->lose_code = code;
}

size_t memory_writes(const struct memory_table *table)
{
	size_t sum = 0;

	for (size_t object = 0; object < PLAN_OBJECT_COUNT; object++)
		for (size_t verb = 0; verb < PLAN_VERB_COUNT; verb++)
			sum += table->writes[object][verb];
	return sum;
}

void memory_reset(struct memory_table *table)
{
	struct state state = table->state;
	bool atomic = table->atomic;

	*table = (struct memory_table){.state = state, .atomic = atomic};
}

/* The first place whose key is not below `key`: where it is, or belongs. */
static size_t table_place(const void *items, size_t count, size_t size, const void *key,
	int (*compare)(const void *, const void *))
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare((const char *)items + middle * size, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

#define TABLE_PLACE(vector, key, compare)                                                          \
	table_place((vector)->items, (vector)->count, sizeof(*(vector)->items), (key), (compare))

#define TABLE_INSERT(vector, place)                                                                \
	do {                                                                                       \
		vector_append(vector);                                                             \
		memmove((vector)->items + (place) + 1, (vector)->items + (place),                  \
			((vector)->count - 1 - (place)) * sizeof(*(vector)->items));               \
		memset((vector)->items + (place), 0, sizeof(*(vector)->items));                    \
	} while (0)

#define TABLE_REMOVE(vector, item)                                                                 \
	do {                                                                                       \
		size_t place_ = (size_t)((item) - (vector)->items);                                \
		memmove((item), (item) + 1,                                                        \
			((vector)->count - 1 - place_) * sizeof(*(vector)->items));                \
		(vector)->count--;                                                                 \
	} while (0)

struct service *memory_put_service(struct memory_table *table, const struct service_key *key,
	const struct service_attributes *attributes)
{
	struct service_vector *services = &table->state.services;
	struct service *service = state_find_service(&table->state, key);

	if (!service) {
		size_t place = TABLE_PLACE(services, key, service_compare);

		TABLE_INSERT(services, place);
		service = &services->items[place];
		service->key = *key;
	}
	service->attributes = *attributes;
	return service;
}

struct destination *memory_put_destination(struct memory_table *table,
	const struct service_key *service_key, const struct destination_key *key,
	const struct destination_attributes *attributes)
{
	struct service *service = state_find_service(&table->state, service_key);

	assert(service);
	struct destination *destination = service_find_destination(service, key);
	if (!destination) {
		size_t place = TABLE_PLACE(&service->destinations, key, destination_compare);

		TABLE_INSERT(&service->destinations, place);
		destination = &service->destinations.items[place];
		destination->key = *key;
	}
	destination->attributes = *attributes;
	return destination;
}

void memory_put_port(struct memory_table *table, const char *name)
{
	struct data_port port = {.mtu = 1500};

	snprintf(port.name, sizeof(port.name), "%s", name);
	snprintf(port.device, sizeof(port.device), "net_null,name=%s", name);
	if (state_find_port(&table->state, name))
		return;
	vector_push(&table->state.ports, port);
	vector_sort(&table->state.ports, data_port_compare);
}

void memory_put_port_address(struct memory_table *table, const struct port_address *address)
{
	struct port_address_vector *addresses = &table->state.port_addresses;
	size_t place = TABLE_PLACE(addresses, &address->key, port_address_compare);

	if (!state_find_port_address(&table->state, &address->key))
		TABLE_INSERT(addresses, place);
	addresses->items[place] = *address;
}

void memory_put_route(struct memory_table *table, const struct data_route *route)
{
	struct data_route_vector *routes = &table->state.routes;
	size_t place = TABLE_PLACE(routes, &route->key, data_route_compare);

	if (!state_find_route(&table->state, &route->key))
		TABLE_INSERT(routes, place);
	routes->items[place] = *route;
}

bool memory_remove_port_address(struct memory_table *table, const struct port_address_key *key)
{
	struct port_address *found = state_find_port_address(&table->state, key);

	if (!found)
		return false;
	TABLE_REMOVE(&table->state.port_addresses, found);
	return true;
}

bool memory_remove_route(struct memory_table *table, const struct data_route_key *key)
{
	struct data_route *found = state_find_route(&table->state, key);

	if (!found)
		return false;
	TABLE_REMOVE(&table->state.routes, found);
	return true;
}

bool memory_remove_service(struct memory_table *table, const struct service_key *key)
{
	struct service *service = state_find_service(&table->state, key);

	if (!service)
		return false;
	service_clear(service);
	TABLE_REMOVE(&table->state.services, service);
	return true;
}

bool memory_remove_destination(struct memory_table *table, const struct service_key *service_key,
	const struct destination_key *key)
{
	struct service *service = state_find_service(&table->state, service_key);
	struct destination *destination = service ? service_find_destination(service, key) : NULL;

	if (!destination)
		return false;
	TABLE_REMOVE(&service->destinations, destination);
	return true;
}

void memory_set_counts(struct memory_table *table, const struct service_key *service_key,
	const struct destination_key *key, struct destination_counts counts)
{
	struct service *service = state_find_service(&table->state, service_key);
	struct destination *destination = service ? service_find_destination(service, key) : NULL;

	assert(destination);
	destination->counts = counts;
}

void memory_set_traffic(
	struct memory_table *table, const struct service_key *key, struct traffic traffic)
{
	struct service *service = state_find_service(&table->state, key);

	assert(service);
	service->traffic = traffic;
}
