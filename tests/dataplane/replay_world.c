// SPDX-License-Identifier: GPL-2.0-or-later
/* The forwarder's own modules, put together as main.c does, but with rings for ports.
 *
 * A frame is known again by its buffer: workers change frames in place, so what leaves is what came. A
 * buffer that leaves nowhere was dropped. Only worker 0 receives; what belongs to another reaches it
 * as it would beside a port with one queue. The devices are made once and stay: net_ring's have no
 * end of their own. */
#include "tests/dataplane/replay_world.h"

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <unistd.h>

#include "backends/dpdk/dataplane/persistence.h"
#include "backends/dpdk/dataplane/route.h"
#include "backends/dpdk/dataplane/worker.h"
#include "base/memory.h"

#define REPLAY_WORKERS      4u
#define REPLAY_CONNECTIONS  4096u
#define REPLAY_SERVICES     256u
#define REPLAY_DESTINATIONS 1024u
#define REPLAY_HOPS         1024u
#define REPLAY_TEMPLATES    1024u
#define REPLAY_RING         512u
/* So many bursts, there and back between workers, are more than a turn's frames need. */
#define REPLAY_ROUNDS 100
/* Turns in a second of a pause: each worker visits its connections in all of them, some at a time. */
#define REPLAY_PAUSE_TURNS 4

static struct {
	struct rte_ring *in, *out[REPLAY_WORKERS];
} devices[REPLAY_PORTS];

struct replay_world {
	struct dataplane plane;
	uint64_t cycles;
	unsigned int count;
	struct rte_mbuf *frames[REPLAY_FRAMES]; /* of the turn to come */
	struct rte_mbuf *kept[REPLAY_FRAMES];   /* of the turn before, for who reads its results */
	unsigned int kept_count;
	struct neighbour_cache neighbours;
	struct route_table routes;
};

void replay_case_clear(struct replay_case *replay)
{
	vector_foreach(&replay->ports, port) {
		free(port->name);
		free(port->device);
		vector_clear(&port->addresses);
	}
	vector_clear(&replay->ports);
	vector_clear(&replay->routes);
	vector_clear(&replay->neighbours);
	vector_foreach(&replay->services, service)
		service_clear(service);
	vector_clear(&replay->services);
	*replay = (struct replay_case){};
}

static int make_device(unsigned int port, struct error *error)
{
	char name[32];

	snprintf(name, sizeof(name), "in%u", port);
	devices[port].in = rte_ring_create(name, REPLAY_RING, SOCKET_ID_ANY, 0);
	for (unsigned int i = 0; i < REPLAY_WORKERS; i++) {
		snprintf(name, sizeof(name), "out%u-%u", port, i);
		devices[port].out[i] = rte_ring_create(name, REPLAY_RING, SOCKET_ID_ANY, 0);
		if (!devices[port].out[i])
			return error_set(error, -ENOMEM, "no memory for rings");
	}
	snprintf(name, sizeof(name), "replay%u", port);
	if (!devices[port].in || rte_eth_from_rings(name, &devices[port].in, 1, devices[port].out,
					 REPLAY_WORKERS, 0) < 0)
		return error_set(error, -rte_errno, "no port of rings");
	return 0;
}

int replay_world_start(struct error *error)
{
	char lcores[64];
	const char *arguments[] = {"replay", "--no-huge", "--no-shconf", "--no-pci",
		"--no-telemetry", "-m", "512", "--log-level=error", "--lcores", lcores};

	/* Not bound to a core: others want it too. */
	snprintf(lcores, sizeof(lcores), "0@(0-%ld)", sysconf(_SC_NPROCESSORS_ONLN) - 1);
	if (rte_eal_init(ARRAY_LENGTH(arguments), (char **)arguments) < 0)
		return error_set(
			error, -rte_errno, "DPDK does not start: %s", rte_strerror(rte_errno));
	for (unsigned int i = 0; i < REPLAY_PORTS; i++) {
		int r = make_device(i, error);

		if (r < 0)
			return r;
	}
	return 0;
}

static int add_service(struct replay_world *world, const struct service *service, uint32_t place,
	struct service_image **ret, struct error *error)
{
	struct slot_table *slots = &world->plane.slots;
	uint32_t count = (uint32_t)service->destinations.count;
	struct service_member *members = memory_resize(NULL, count, sizeof(*members));

	for (uint32_t i = 0; i < count; i++) {
		const struct destination *destination = &service->destinations.items[i];
		uint32_t slot = slot_take(
			slots, &service->key, place, &destination->key, &destination->attributes);

		members[i] = (struct service_member){
			.slot = slot,
			.incarnation = atomic_load(&slots->slots[slot].incarnation),
			.weight = (uint16_t)destination->attributes.weight,
			.upper_threshold = destination->attributes.upper_threshold,
			.lower_threshold = destination->attributes.lower_threshold,
		};
	}
	return service_image_new(&service->key, &service->attributes, place, members, count, slots,
		NULL, NULL, ret, error);
}

static int add_services(
	struct replay_world *world, const struct service_vector *services, struct error *error)
{
	struct service_image **images =
		memory_resize(NULL, services->count, sizeof(struct service_image *));

	for (uint32_t i = 0; i < services->count; i++) {
		int r = add_service(world, &services->items[i], i, &images[i], error);

		if (r < 0) {
			while (i-- > 0)
				service_image_unref(images[i]);
			free(images);
			return r;
		}
	}
	generation_free(dataplane_publish(
		&world->plane, generation_new(1, images, (uint32_t)services->count)));
	return 0;
}

static bool slot_is(const struct slot *slot, const struct destination_key *key)
{
	return slot->family == key->address.family && slot->port == htons(key->port) &&
	       memcmp(slot->address, key->address.bytes, sizeof(slot->address)) == 0;
}

/* The destination loses its slot. */
static void kill(struct replay_world *world, uint32_t slot)
{
	slot_kill(&world->plane.slots, slot);
	route_detach(&world->routes, &world->plane.slots, slot);
}

/* The same service with another weight of this destination, or without it. */
static int change_service(struct replay_world *world, const struct service_image *image,
	const struct destination_key *key, int weight, struct service_image **ret,
	struct error *error)
{
	struct slot_table *slots = &world->plane.slots;
	struct service_member *members = memory_resize(NULL, image->count, sizeof(*members));
	uint32_t count = 0;
	bool found = false;

	for (uint32_t i = 0; i < image->count; i++) {
		struct service_member member = image->members[i];
		bool meant = slot_is(&slots->slots[member.slot], key);

		found |= meant;
		if (meant && weight == REPLAY_DELETED) {
			kill(world, member.slot);
			continue;
		}
		if (meant)
			member.weight = (uint16_t)weight;
		members[count++] = member;
	}
	if (!found) {
		free(members);
		return error_set(error, -ENOENT, "no such destination");
	}
	return service_image_new(&image->key, &image->attributes, image->place, members, count,
		slots, image, NULL, ret, error);
}

int replay_world_change(struct replay_world *world, const struct service_key *service,
	const struct destination_key *destination, int weight, struct error *error)
{
	const struct generation *now = atomic_load(&world->plane.generation);
	struct service_image **images =
		memory_resize(NULL, now->count, sizeof(struct service_image *));
	int r = -ENOENT;

	for (uint32_t i = 0; i < now->count; i++) {
		images[i] = service_image_ref(now->images[i]);
		if (service_key_compare(&now->images[i]->key, service) == 0)
			r = change_service(
				world, now->images[i], destination, weight, &images[i], error);
		if (images[i] != now->images[i])
			service_image_unref(now->images[i]);
	}
	generation_free(dataplane_publish(
		&world->plane, generation_new(now->number + 1, images, now->count)));
	return r;
}

static void dress_ports(struct replay_world *world, const struct replay_case *replay)
{
	for (unsigned int i = 0; i < world->plane.port_count; i++) {
		struct port *port = &world->plane.ports[i];

		port->mtu = replay->mtus[i];
		memcpy(port->link, replay->links[i], sizeof(port->link));
		port->link_word = next_hop_word(NEXT_HOP_STATE_FREE, 0, port->link);
	}
}

/* Nobody resolves, and nothing is held. */
static void ask_nobody(void *data, uint8_t port, const struct address *address, const uint8_t *link)
{
	(void)data, (void)port, (void)address, (void)link;
}

static const struct neighbour_cache_ops neighbour_ops = {.ask = ask_nobody};

static int add_neighbours(
	struct replay_world *world, const struct replay_case *replay, struct error *error)
{
	if (next_hop_table_init(&world->plane.hops, REPLAY_HOPS) < 0)
		return error_set(error, -EINVAL, "no table of next hops");
	neighbour_cache_init(&world->neighbours, &world->plane.hops, &neighbour_ops, world);
	vector_foreach(&replay->neighbours, neighbour) {
		uint32_t index = neighbour_cache_pin(
			&world->neighbours, neighbour->port, &neighbour->address);

		next_hop_publish(&world->plane.hops, index, neighbour->link);
	}
	return 0;
}

static int add_routes(
	struct replay_world *world, const struct replay_case *replay, struct error *error)
{
	struct route_plan list = {};
	int r;

	for (size_t i = 0; i < replay->ports.count; i++) {
		vector_foreach(&replay->ports.items[i].addresses, prefix) {
			struct route_address *address = vector_append(&list.addresses);

			*address =
				(struct route_address){prefix->address, prefix->length, (uint8_t)i};
		}
	}
	vector_foreach(&replay->routes, from) {
		struct route *route = vector_append(&list.routes);

		*route = (struct route){from->to.address, from->to.length, from->port, from->via};
	}
	route_table_init(&world->routes, &world->neighbours, world->plane.rcu);
	r = route_table_set(&world->routes, &list, error);
	route_clear_list(&list);
	world->plane.routes = &world->routes;
	world->plane.find_route = route_find;
	return r;
}

static int start_workers(struct replay_world *world, struct error *error)
{
	for (unsigned int i = 0; i < world->plane.port_count; i++) {
		int r = port_start(&world->plane.ports[i], error);

		if (r < 0)
			return r;
	}
	for (unsigned int i = 0; i < world->plane.worker_count; i++) {
		rte_rcu_qsbr_thread_register(world->plane.rcu, i);
		rte_rcu_qsbr_thread_online(world->plane.rcu, i);
	}
	return 0;
}

/* What main and the attendant do, in their order. */
static int fill(struct replay_world *world, const struct replay_case *replay, struct error *error)
{
	int r;

	dress_ports(world, replay);
	r = add_neighbours(world, replay, error);
	if (r == 0)
		r = add_routes(world, replay, error);
	if (r == 0)
		r = add_services(world, &replay->services, error);
	if (r < 0)
		return r;
	route_attach_all(&world->routes, &world->plane.slots);
	return start_workers(world, error);
}

int replay_world_open(
	struct replay_world **ret, const struct replay_case *replay, struct error *error)
{
	struct replay_world *world = memory_new(sizeof(*world));
	struct dataplane_settings settings;
	int r;

	settings_init(&settings);
	settings.workers = MIN(replay->workers, REPLAY_WORKERS);
	settings.ports = replay->ports;
	settings.connections = REPLAY_CONNECTIONS;
	settings.services = REPLAY_SERVICES;
	settings.destinations = REPLAY_DESTINATIONS;
	settings.clamp_mss = replay->clamp_mss;
	*ret = world;
	world->cycles = rte_get_tsc_hz();
	r = dataplane_open(&world->plane, &settings, error);
	if (r == 0)
		r = persistence_new(REPLAY_TEMPLATES, world->plane.slots.count,
			&world->plane.persistence, error);
	return r < 0 ? r : fill(world, replay, error);
}

int replay_world_put(
	struct replay_world *world, unsigned int port, const uint8_t *frame, size_t length)
{
	struct rte_mbuf *buffer;
	char *data;

	if (world->count == REPLAY_FRAMES || port >= world->plane.port_count)
		return -ENOSPC;
	buffer = rte_pktmbuf_alloc(world->plane.pool);
	if (!buffer)
		return -ENOMEM;
	data = rte_pktmbuf_append(buffer, (uint16_t)length);
	if (!data) {
		rte_pktmbuf_free(buffer);
		return -ENOSPC;
	}
	memcpy(data, frame, length);
	buffer->port = world->plane.ports[port].id;
	world->frames[world->count++] = buffer;
	return rte_ring_enqueue(devices[port].in, buffer);
}

/* The frame's number, or -1: something that was not put in. It is kept for who reads the results. */
static int keep(struct replay_world *world, struct rte_mbuf *buffer)
{
	world->kept[world->kept_count++] = buffer;
	for (unsigned int i = 0; i < world->count; i++)
		if (world->frames[i] == buffer)
			return (int)i;
	return -1;
}

static int take_out(struct replay_world *world, unsigned int port, struct rte_mbuf *buffer,
	struct replay_result *results)
{
	int at = keep(world, buffer);

	if (at < 0)
		return -EPROTO;
	results[at] = (struct replay_result){
		.end = REPLAY_END_OUT,
		.port = (uint8_t)port,
		.bytes = rte_pktmbuf_mtod(buffer, const uint8_t *),
		.length = rte_pktmbuf_pkt_len(buffer),
	};
	return 0;
}

static int take_note(
	struct replay_world *world, struct rte_mbuf *buffer, struct replay_result *results)
{
	static const enum replay_end ends[] = {
		[NOTE_KIND_ARRIVED] = REPLAY_END_ARRIVED,
		[NOTE_KIND_ERROR] = REPLAY_END_ERROR,
		[NOTE_KIND_UNRESOLVED] = REPLAY_END_UNRESOLVED,
		[NOTE_KIND_TOO_LONG] = REPLAY_END_TOO_LONG,
	};
	const struct note *note = note_of(buffer);
	int at = keep(world, buffer);

	if (at < 0 || note->kind >= ARRAY_LENGTH(ends))
		return -EPROTO;
	results[at] = (struct replay_result){
		.end = ends[note->kind],
		.port = note->kind == NOTE_KIND_ARRIVED || note->kind == NOTE_KIND_ERROR
				? note->port
				: next_hop_word_port(
					  next_hop_load(&world->plane.hops, note->next_hop)),
		.error = note->error,
		.mtu = note->mtu,
		.bytes = rte_pktmbuf_mtod(buffer, const uint8_t *),
		.length = rte_pktmbuf_pkt_len(buffer),
	};
	return 0;
}

static int take_all(struct replay_world *world, struct replay_result *results)
{
	void *buffer;

	for (unsigned int i = 0; i < world->plane.worker_count; i++) {
		for (unsigned int port = 0; port < world->plane.port_count; port++)
			while (rte_ring_dequeue(devices[port].out[i], &buffer) == 0)
				if (take_out(world, port, buffer, results) < 0)
					return -EPROTO;
		while (rte_ring_dequeue(world->plane.workers[i]->to_attendant, &buffer) == 0)
			if (take_note(world, buffer, results) < 0)
				return -EPROTO;
	}
	return 0;
}

static void count_drops(const struct replay_world *world, int sign, uint64_t *drops)
{
	for (unsigned int i = 0; i < world->plane.worker_count; i++) {
		struct dataplane_totals totals;

		dataplane_count_worker(&world->plane, i, &totals);
		for (unsigned int j = 0; j < DROP_REASON_COUNT; j++)
			drops[j] += (uint64_t)sign * totals.drops[j];
	}
}

static void forget(struct replay_world *world)
{
	rte_pktmbuf_free_bulk(world->kept, world->kept_count);
	world->kept_count = 0;
}

/* Until none of them has anything to do. */
static void run_workers(struct replay_world *world)
{
	unsigned int busy = 1;

	for (unsigned int round = 0; busy && round < REPLAY_ROUNDS; round++) {
		busy = 0;
		for (unsigned int i = 0; i < world->plane.worker_count; i++)
			busy += worker_turn(world->plane.workers[i], world->cycles);
	}
}

int replay_world_turn(struct replay_world *world, unsigned int milliseconds,
	struct replay_result results[static REPLAY_FRAMES],
	uint64_t drops[static DROP_REASON_COUNT], struct error *error)
{
	unsigned int count = world->count;

	forget(world);
	memset(results, 0, count * sizeof(results[0]));
	memset(drops, 0, DROP_REASON_COUNT * sizeof(drops[0]));
	count_drops(world, -1, drops);
	world->cycles += rte_get_tsc_hz() / 1000 * milliseconds;
	run_workers(world);
	count_drops(world, 1, drops);
	if (take_all(world, results) < 0)
		return error_set(error, -EPROTO, "a buffer came out that had not been put in");
	world->count = 0;
	return (int)count;
}

void replay_world_pause(struct replay_world *world, unsigned int seconds)
{
	for (unsigned int i = 0; i < seconds * REPLAY_PAUSE_TURNS; i++) {
		world->cycles += rte_get_tsc_hz() / REPLAY_PAUSE_TURNS;
		run_workers(world);
	}
}

void replay_world_close(struct replay_world *world)
{
	forget(world);
	for (unsigned int i = 0; i < world->plane.worker_count; i++)
		rte_rcu_qsbr_thread_unregister(world->plane.rcu, i);
	for (uint32_t i = 0; i < world->plane.slots.count; i++)
		route_detach(&world->routes, &world->plane.slots, i);
	route_table_clear(&world->routes);
	neighbour_cache_clear(&world->neighbours);
	next_hop_table_clear(&world->plane.hops);
	persistence_free(world->plane.persistence);
	dataplane_close(&world->plane);
	free(world);
}
