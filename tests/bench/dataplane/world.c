// SPDX-License-Identifier: GPL-2.0-or-later
/* Everything is as in poise-dataplane but the ports and the routes: a next hop for each server is known
 * from the start, and every client is behind the same one. */

#include "tests/bench/dataplane/world.h"

#include <rte_eal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"

#define WORLD_HOPS (2 * NEXT_HOP_PORTS + TRAFFIC_SERVERS)

void world_die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("tests/bench/dataplane: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(2);
}

double world_cpu(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void world_start_eal(void)
{
	const char *const arguments[] = {"bench", "--no-huge", "-m", "512", "--no-shconf",
		"--no-pci", "--no-telemetry", "--log-level=3", "-l", "0,1"};
	char *copies[ARRAY_LENGTH(arguments) + 1] = {};

	for (size_t i = 0; i < ARRAY_LENGTH(arguments); i++)
		copies[i] = memory_copy_string(arguments[i]);

	if (rte_eal_init((int)ARRAY_LENGTH(arguments), copies) < 0)
		world_die("EAL does not start: two processors are needed");
}

/* A server's next hop, by its number. */
static uint32_t hop_of(unsigned int server)
{
	return 2 * NEXT_HOP_PORTS + server % TRAFFIC_SERVERS;
}

static uint32_t find_client(
	const struct route_table *routes, uint8_t family, const uint8_t address[static 16])
{
	(void)routes, (void)family, (void)address;
	return hop_of(0);
}

static void make_hops(struct world *world)
{
	struct dataplane *plane = &world->plane;
	uint8_t link[6] = {2, 0, 0, 0, 1, 0};

	if (next_hop_table_init(&plane->hops, WORLD_HOPS) < 0)
		world_die("no next hops");
	for (unsigned int i = 0; i < TRAFFIC_SERVERS; i++) {
		struct address address = {.family = AF_INET};

		traffic_server(AF_INET, i, address.bytes);
		link[5] = (uint8_t)i;
		next_hop_insert(&plane->hops, hop_of(i), 0, &address);
		next_hop_publish(&plane->hops, hop_of(i), link);
	}
	plane->find_route = find_client;
}

static struct generation *publish(void *data, struct generation *generation)
{
	return dataplane_publish(data, generation);
}

static uint64_t grace_begin(void *data)
{
	return dataplane_grace_begin(data);
}

static bool grace_is_over(void *data, uint64_t token)
{
	return dataplane_grace_is_over(data, token);
}

static void slot_taken(void *data, uint32_t index)
{
	struct dataplane *plane = data;
	struct slot *slot = &plane->slots.slots[index];
	unsigned int last = slot->family == AF_INET ? 3 : 15;

	atomic_store(&slot->next_hop, hop_of((unsigned int)slot->address[last] - 1));
	traffic_server(slot->family, 0xfe00, slot->local);
}

static void attach(struct world *world)
{
	for (unsigned int i = 0; i < world->plane.worker_count; i++) {
		world->attached[i] =
			traffic_attach(&world->traffic[i], world->plane.ports[0].id, (uint16_t)i);
		if (!world->attached[i])
			world_die("no frames for worker %u", i);
	}
}

static void detach(struct world *world)
{
	for (unsigned int i = 0; i < world->plane.worker_count; i++)
		traffic_detach(world->attached[i], world->plane.ports[0].id, (uint16_t)i);
}

void world_open(struct world *world, unsigned int workers, uint32_t connections)
{
	struct error error = {};
	struct settings_port *port;
	struct registry_options options = {.services = 1u << 16};

	memset(world, 0, sizeof(*world));
	settings_init(&world->settings);
	world->settings.workers = workers;
	world->settings.connections = connections;
	port = vector_append(&world->settings.ports);
	port->name = memory_copy_string("null");
	port->device = memory_copy_string("net_null,size=60");
	port->mtu = 1500;
	if (dataplane_open(&world->plane, &world->settings, &error) < 0 ||
		port_start(&world->plane.ports[0], &error) < 0)
		world_die("%s", error.text);
	make_hops(world);
	attach(world);
	options.plane = (struct registry_plane){
		.publish = publish,
		.grace_begin = grace_begin,
		.grace_is_over = grace_is_over,
		.slot_taken = slot_taken,
		.data = &world->plane,
	};
	options.slots = &world->plane.slots;
	options.view = &world->plane.view;
	world->registry = registry_new(&options);
}

void world_close(struct world *world)
{
	detach(world);
	registry_free(world->registry);
	next_hop_table_clear(&world->plane.hops);
	dataplane_close(&world->plane);
	settings_clear(&world->settings);
}

void world_refuse(struct world *world, const struct plan_op *ops, size_t count)
{
	_cleanup_error_ struct error error = {};
	struct registry_result result;
	int r;

	while ((r = registry_apply(world->registry, ops, count, &result, &error)) == -EBUSY)
		registry_turn(world->registry);
	if (r == 0)
		world_die("what cannot be applied was applied");
}

static struct service_key service_key(const struct world_services *services, uint32_t number)
{
	struct service_key key = {
		.kind = services->protocol == IPPROTO_TCP ? SERVICE_KIND_TCP : SERVICE_KIND_UDP,
		.port = (uint16_t)(TRAFFIC_PORT + number),
		.address.family = services->family,
	};

	traffic_service(services->family, key.address.bytes);
	return key;
}

static void fill_destination(const struct world_services *services, struct plan_op *op,
	uint32_t service, uint32_t number)
{
	op->object = PLAN_OBJECT_DESTINATION;
	op->service = service_key(services, service);
	op->destination.key.address.family = services->family;
	traffic_server(services->family, number, op->destination.key.address.bytes);
	op->destination.key.port = op->service.port;
	op->destination.before.forward = op->destination.after.forward = services->method;
	op->destination.before.weight = op->destination.after.weight = 1;
}

void world_apply(struct world *world, const struct plan_op *ops, size_t count, bool wait)
{
	struct registry_result result;
	struct error error = {};
	int r;

	while ((r = registry_apply(world->registry, ops, count, &result, &error)) == -EBUSY)
		registry_turn(world->registry);
	if (r < 0)
		world_die("%s", error.text);
	while (wait && result.token && !registry_is_seen(world->registry, result.token))
		registry_turn(world->registry);
}

void world_add_services(struct world *world, const struct world_services *services)
{
	size_t count = (size_t)services->count * (services->destinations + 1);
	struct plan_op *ops = memory_new(count * sizeof(*ops)), *op = ops;

	for (uint32_t i = 0; i < services->count; i++) {
		op->object = PLAN_OBJECT_SERVICE;
		op->service = service_key(services, i);
		strcpy(op->attributes.after.scheduler,
			services->scheduler ? services->scheduler : "rr");
		op->attributes.after.netmask =
			service_netmask(services->family, services->family == AF_INET ? 32 : 128);
		op++;
		for (uint32_t j = 0; j < services->destinations; j++)
			fill_destination(services, op++, i, j);
	}
	world_apply(world, ops, count, false);
	free(ops);
}

struct plan_op *world_weigh(const struct world_services *services, uint32_t step, uint32_t before,
	uint32_t after, size_t *count)
{
	size_t all = (size_t)services->count * services->destinations;
	struct plan_op *ops = memory_new((all / step + 1) * sizeof(*ops)), *op = ops;

	for (size_t i = 0; i < all; i += step) {
		fill_destination(services, op, (uint32_t)(i / services->destinations),
			(uint32_t)(i % services->destinations));
		op->verb = PLAN_VERB_UPDATE;
		op->destination.before.weight = before;
		op->destination.after.weight = after;
		op++;
	}
	*count = (size_t)(op - ops);
	return ops;
}

uint64_t world_drops(const struct world *world)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < world->plane.worker_count; i++) {
		struct dataplane_totals totals;

		dataplane_count_worker(&world->plane, i, &totals);
		for (unsigned int reason = 0; reason < DROP_REASON_COUNT; reason++)
			sum += totals.drops[reason];
	}
	return sum;
}

void world_tell_drops(const struct world *world)
{
	for (unsigned int i = 0; i < world->plane.worker_count; i++) {
		struct dataplane_totals totals;

		dataplane_count_worker(&world->plane, i, &totals);
		fprintf(stderr, "worker %u: %llu packets, %llu connections, %llu flows now\n", i,
			(unsigned long long)totals.packets, (unsigned long long)totals.connections,
			(unsigned long long)totals.flows);
		for (unsigned int reason = 0; reason < DROP_REASON_COUNT; reason++)
			if (totals.drops[reason])
				fprintf(stderr, "worker %u: dropped %llu: %s\n", i,
					(unsigned long long)totals.drops[reason],
					drop_reason_name(reason));
	}
}

void world_forget_drops(struct world *world)
{
	for (unsigned int i = 0; i < world->plane.worker_count; i++)
		for (unsigned int reason = 0; reason < DROP_REASON_COUNT; reason++)
			atomic_store(&world->plane.workers[i]->counters.drops[reason], 0);
}
