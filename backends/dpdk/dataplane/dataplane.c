// SPDX-License-Identifier: GPL-2.0-or-later
/* Putting the forwarder together, and taking it apart.
 *
 * What is shared is made here once and never moves: buffers, slots, the workers with their tables.
 * Each worker's tables are made on the core that will use them, where there is one. What is not
 * established (next hops, routes, persistence) is hung in by whoever runs the program, before the
 * workers start. */

#include "backends/dpdk/dataplane/dataplane.h"

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_launch.h>
#include <rte_malloc.h>
#include <rte_random.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backends/dpdk/dataplane/worker.h"
#include "base/memory.h"
#include "base/timespec.h"

/* Buffers that each worker keeps at hand. */
#define POOL_CACHE 512
/* Bytes for the tables of routes, of two families, twice while they change; for devices' queues and
 * workers. */
#define MEMORY_REST ((256u + 64u) << 20)
/* The smallest of huge pages. */
#define HUGE_PAGE (2u << 20)
/* What the attendant may hold beside what is in rings. */
#define POOL_ATTENDANT 4096

static unsigned int buffers_needed(const struct dataplane_settings *settings)
{
	unsigned int queues = (unsigned int)settings->ports.count * settings->workers;
	unsigned int rings = settings->workers * (settings->workers + 1);

	return queues * 2 * PORT_DESCRIPTORS + rings * NOTE_RING_SIZE +
	       settings->workers * 2 * POOL_CACHE + POOL_ATTENDANT;
}

/* Bytes of a buffer for what it carries. */
static unsigned int room_needed(const struct dataplane_settings *settings)
{
	unsigned int room = RTE_MBUF_DEFAULT_DATAROOM;

	vector_foreach(&settings->ports, port)
		room = RTE_MAX(room, port_room(port->mtu));
	return room + RTE_PKTMBUF_HEADROOM;
}

/* Bytes that a buffer takes of the pool, as DPDK lays it out in pages of this size, whose borders it does not
 * cross: with headers, what spreads them over the memory's channels, and its place in the pool's ring, whose
 * size is a power of two. */
static uint64_t buffer_size(const struct dataplane_settings *settings, uint64_t page)
{
	struct rte_mempool_objsz size;
	uint32_t element = (uint32_t)sizeof(struct rte_mbuf) + NOTE_SIZE + room_needed(settings);
	uint64_t bytes = rte_mempool_calc_obj_size(element, 0, &size);

	bytes = bytes < page ? page / (page / bytes) : RTE_ALIGN_CEIL(bytes, page);
	return bytes + 2 * sizeof(void *);
}

uint64_t dataplane_memory(const struct dataplane_settings *settings)
{
	uint64_t each = buffer_size(settings, (uint64_t)sysconf(_SC_PAGESIZE));
	uint64_t rings = settings->workers * (settings->workers + UINT64_C(1));
	uint64_t packets = settings->memory ? settings->memory : buffers_needed(settings) * each;

	return packets + rings * NOTE_RING_SIZE * sizeof(void *) * 2 + MEMORY_REST;
}

static int make_pool(
	struct dataplane *plane, const struct dataplane_settings *settings, struct error *error)
{
	unsigned int room = room_needed(settings), count = buffers_needed(settings);
	uint64_t page = rte_eal_has_hugepages() ? HUGE_PAGE : (uint64_t)sysconf(_SC_PAGESIZE);

	if (settings->memory)
		count = (unsigned int)RTE_MIN(
			settings->memory / buffer_size(settings, page), (uint64_t)UINT32_MAX / 2);
	plane->pool = rte_pktmbuf_pool_create(
		"packets", count, POOL_CACHE, NOTE_SIZE, (uint16_t)room, SOCKET_ID_ANY);
	if (plane->pool)
		return 0;
	return error_set(error, -rte_errno,
		"no memory for %u buffers of %u bytes: reserve more huge pages, or give EAL more "
		"(-m)",
		count, room);
}

static int open_ports(
	struct dataplane *plane, const struct dataplane_settings *settings, struct error *error)
{
	for (size_t i = 0; i < settings->ports.count; i++) {
		struct port *port = &plane->ports[i];
		int r = port_open(port, (uint8_t)i, &settings->ports.items[i], settings->workers,
			plane->pool, error);

		if (r < 0)
			return r;
		plane->port_count++;
		plane->port_of_device[port->id] = (uint8_t)i;
		for (size_t j = 0; j < i; j++)
			if (plane->ports[j].id == port->id)
				return error_set(error, -EEXIST,
					"ports %s and %s are the same device %s",
					plane->ports[j].name, port->name,
					settings->ports.items[i].device);
	}
	return 0;
}

static int make_grace(
	struct dataplane *plane, const struct dataplane_settings *settings, struct error *error)
{
	unsigned int threads = settings->workers + 1;
	size_t size = rte_rcu_qsbr_get_memsize(threads);

	plane->rcu = rte_zmalloc("rcu", size, RTE_CACHE_LINE_SIZE);
	if (!plane->rcu || rte_rcu_qsbr_init(plane->rcu, threads) != 0)
		return error_set(error, -ENOMEM, "no memory for the workers' grace periods");
	return 0;
}

/* A worker's tables, made on its core. */
struct opening {
	struct dataplane *plane;
	const struct dataplane_settings *settings;
	unsigned int index;
	struct error *error;
};

static int open_worker(void *data)
{
	struct opening *opening = data;

	return worker_open(&opening->plane->workers[opening->index], opening->plane, opening->index,
		opening->settings, opening->error);
}

/* EAL's core for this worker, or RTE_MAX_LCORE. */
static unsigned int core_of(unsigned int worker)
{
	unsigned int core = RTE_MAX_LCORE;

	RTE_LCORE_FOREACH_WORKER(core)
	{
		if (worker-- == 0)
			return core;
	}
	return RTE_MAX_LCORE;
}

static int open_workers(
	struct dataplane *plane, const struct dataplane_settings *settings, struct error *error)
{
	struct slot_counts **counts = memory_new(settings->workers * sizeof(struct slot_counts *));

	plane->view = (struct scheduler_view){.counts = counts, .workers = settings->workers};
	for (unsigned int i = 0; i < settings->workers; i++) {
		struct opening opening = {plane, settings, i, error};
		unsigned int core = core_of(i);
		int r;

		if (core == RTE_MAX_LCORE ||
			rte_eal_remote_launch(open_worker, &opening, core) != 0)
			r = open_worker(&opening);
		else
			r = rte_eal_wait_lcore(core);
		if (r < 0)
			return r;
		plane->worker_count++;
		counts[i] = plane->workers[i]->counts;
	}
	return 0;
}

static int open_parts(
	struct dataplane *plane, const struct dataplane_settings *settings, struct error *error)
{
	int r = make_pool(plane, settings, error);

	if (r == 0)
		r = make_grace(plane, settings, error);
	if (r == 0)
		r = slot_table_init(&plane->slots, settings->destinations, error);
	if (r == 0)
		r = open_ports(plane, settings, error);
	if (r == 0)
		r = open_workers(plane, settings, error);
	return r;
}

int dataplane_open(
	struct dataplane *plane, const struct dataplane_settings *settings, struct error *error)
{
	int r;

	memset(plane, 0, sizeof(*plane));
	plane->timeouts = settings->timeouts;
	plane->when_full = settings->when_full;
	plane->clamp_mss = settings->clamp_mss;
	plane->bell.fd = -1;
	for (unsigned int i = 0; i < RTE_DIM(plane->owner_keys); i++)
		plane->owner_keys[i] = rte_rand() | 1;
	atomic_init(&plane->generation, generation_new(0, NULL, 0));
	r = open_parts(plane, settings, error);
	if (r < 0)
		dataplane_close(plane);
	return r;
}

void dataplane_close(struct dataplane *plane)
{
	for (unsigned int i = 0; i < plane->worker_count; i++)
		worker_close(plane->workers[i]);
	for (unsigned int i = 0; i < plane->port_count; i++)
		port_close(&plane->ports[i]);
	generation_free(atomic_load(&plane->generation));
	slot_table_clear(&plane->slots);
	rte_free(plane->rcu);
	rte_mempool_free(plane->pool);
	free((void *)plane->view.counts);
	memset(plane, 0, sizeof(*plane));
}

int dataplane_start(struct dataplane *plane, struct error *error)
{
	for (unsigned int i = 0; i < plane->port_count; i++) {
		int r = port_start(&plane->ports[i], error);

		if (r < 0)
			return r;
	}
	atomic_store(&plane->stop, false);
	plane->epoch = rte_get_tsc_cycles();
	for (unsigned int i = 0; i < plane->worker_count; i++) {
		unsigned int core = core_of(i);

		if (core == RTE_MAX_LCORE)
			return error_set(error, -EINVAL,
				"%u workers, but EAL has %u cores for them: fewer workers, or "
				"other --lcores",
				plane->worker_count, i);
		rte_rcu_qsbr_thread_register(plane->rcu, i);
		if (rte_eal_remote_launch(worker_run, plane->workers[i], core) != 0)
			return error_set(error, -EBUSY, "core %u has other work", core);
	}
	return 0;
}

void dataplane_stop(struct dataplane *plane)
{
	atomic_store(&plane->stop, true);
	for (unsigned int i = 0; i < plane->worker_count; i++)
		if (core_of(i) != RTE_MAX_LCORE)
			rte_eal_wait_lcore(core_of(i));
}

struct generation *dataplane_publish(struct dataplane *plane, struct generation *generation)
{
	return atomic_exchange_explicit(&plane->generation, generation, memory_order_acq_rel);
}

uint64_t dataplane_grace_begin(struct dataplane *plane)
{
	return rte_rcu_qsbr_start(plane->rcu);
}

bool dataplane_grace_is_over(struct dataplane *plane, uint64_t token)
{
	return rte_rcu_qsbr_check(plane->rcu, token, false) == 1;
}

uint32_t dataplane_tick(const struct dataplane *plane)
{
	if (plane->epoch == 0)
		return 0;
	return (uint32_t)((rte_get_tsc_cycles() - plane->epoch) /
			  (rte_get_tsc_hz() / EXPIRY_TICKS_PER_SECOND));
}

void dataplane_place_taken(struct dataplane *plane, uint32_t place)
{
	for (unsigned int i = 0; i < plane->worker_count; i++)
		plane->workers[i]->turns[place] = (struct scheduler_turn){};
}

static uint64_t load(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Of a thread that has ended the kernel says nothing. */
static uint64_t cpu_time(const struct worker *worker)
{
	clockid_t clock = atomic_load_explicit(&worker->clock, memory_order_relaxed);
	struct timespec used;

	if (!clock || clock_gettime(clock, &used) < 0)
		return 0;
	return timespec_ns(&used);
}

void dataplane_count_worker(
	const struct dataplane *plane, unsigned int worker, struct dataplane_totals *ret)
{
	const struct worker_counters *from = &plane->workers[worker]->counters;

	*ret = (struct dataplane_totals){
		.packets = load(&from->packets),
		.forwarded = load(&from->forwarded),
		.handed_over = load(&from->handed_over),
		.connections = load(&from->connections),
		.flows = load(&from->flows),
		.turns = load(&from->turns),
		.busy_turns = load(&from->busy_turns),
		.cpu_ns = cpu_time(plane->workers[worker]),
	};
	for (unsigned int i = 0; i < DROP_REASON_COUNT; i++)
		ret->drops[i] = load(&from->drops[i]);
}

void dataplane_count_attendant(const struct dataplane *plane, struct dataplane_totals *ret)
{
	*ret = (struct dataplane_totals){};
	for (unsigned int i = 0; i < DROP_REASON_COUNT; i++)
		ret->drops[i] = load(&plane->drops.counts[i]);
}
