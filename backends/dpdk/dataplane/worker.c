// SPDX-License-Identifier: GPL-2.0-or-later
/* The life of a worker: its tables, its turns, its rests.
 *
 * A turn takes at most a burst from each port's queue and each ring, so that none of them can keep the
 * others waiting, and ends by what must be done whatever came: sending what waits, visiting what has
 * expired, waking the attendant if there is something for it, and telling RCU that nothing of the
 * generation is in hand any more.
 *
 * An idle worker gives its core back, in steps: it spins for some hundred empty turns, then sleeps
 * for twice as long each time, a tenth of a millisecond at most, which is less than a queue of
 * PORT_DESCRIPTORS takes to fill. While it sleeps no grace period waits for it. */

#include "backends/dpdk/dataplane/worker.h"

#include <pthread.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_pause.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "backends/dpdk/dataplane/connection.h"
#include "backends/dpdk/dataplane/outlet.h"
#include "backends/dpdk/dataplane/pages.h"
#include "backends/dpdk/dataplane/pipeline.h"
#include "base/memory.h"

/* Empty turns before it sleeps; the shortest and the longest sleep, in nanoseconds. */
#define WORKER_SPINS         512
#define WORKER_SHORTEST_REST 2000
#define WORKER_LONGEST_REST  100000

/* Flows for each connection, both directions; with several workers, a share more than its own, since
 * clients do not spread evenly. */
#define WORKER_FLOWS_PER_CONNECTION 2
#define WORKER_SHARE_MORE           8 /* an eighth */

static uint32_t flows_of(const struct dataplane_settings *settings)
{
	uint64_t flows = (uint64_t)settings->connections * WORKER_FLOWS_PER_CONNECTION;

	flows = flows / settings->workers;
	if (settings->workers > 1)
		flows += flows / WORKER_SHARE_MORE;
	return (uint32_t)RTE_MIN(flows, (uint64_t)FLOW_NONE / 4);
}

static struct rte_ring *make_ring(const char *what, unsigned int from, unsigned int to)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "%s-%u-%u", what, from, to);
	return rte_ring_create(name, NOTE_RING_SIZE, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

static int make_rings(struct worker *worker, unsigned int workers, struct error *error)
{
	bool made = true;

	worker->to_attendant = make_ring("attend", worker->index, worker->index);
	worker->from_attendant = make_ring("attended", worker->index, worker->index);
	for (unsigned int i = 0; i < workers; i++) {
		if (i == worker->index)
			continue;
		worker->from_workers[i] = make_ring("handover", i, worker->index);
		made &= worker->from_workers[i] != NULL;
	}
	if (!made || !worker->to_attendant || !worker->from_attendant)
		return error_set(
			error, -ENOMEM, "no memory for the rings of worker %u", worker->index);
	return 0;
}

static int make_tables(
	struct worker *worker, const struct dataplane_settings *settings, struct error *error)
{
	uint32_t flows = flows_of(settings);
	int r = flow_table_init(&worker->flows, flows, error);

	if (r == 0)
		r = expiry_init(&worker->wheel, flows, worker->now, error);
	if (r == 0)
		r = pages_reserve(settings->destinations * sizeof(struct slot_counts),
			"destinations' counters", (void **)&worker->counts, error);
	if (r == 0)
		r = pages_reserve(settings->services * sizeof(struct scheduler_turn),
			"services' turns", (void **)&worker->turns, error);
	worker->count_size = settings->destinations * sizeof(struct slot_counts);
	worker->turn_size = settings->services * sizeof(struct scheduler_turn);
	return r;
}

int worker_open(struct worker **ret, struct dataplane *plane, unsigned int index,
	const struct dataplane_settings *settings, struct error *error)
{
	struct worker *worker = rte_zmalloc("worker", sizeof(*worker), RTE_CACHE_LINE_SIZE);
	int r;

	*ret = NULL;
	if (!worker)
		return error_set(error, -ENOMEM, "no memory for worker %u", index);
	worker->plane = plane;
	worker->index = index;
	worker->tick_cycles = rte_get_tsc_hz() / EXPIRY_TICKS_PER_SECOND;
	for (unsigned int i = 0; i < plane->port_count; i++) {
		worker->ports[i].id = plane->ports[i].id;
		worker->ports[i].receives = index < plane->ports[i].receive_count;
	}
	r = make_rings(worker, settings->workers, error);
	if (r == 0)
		r = make_tables(worker, settings, error);
	if (r < 0) {
		worker_close(worker);
		return r;
	}
	*ret = worker;
	return 0;
}

/* Gives back what was still on its way, and the ring. */
static void empty_ring(struct rte_ring *ring)
{
	struct rte_mbuf *buffer;

	while (ring && rte_ring_sc_dequeue(ring, (void **)&buffer) == 0)
		rte_pktmbuf_free(buffer);
	rte_ring_free(ring);
}

void worker_close(struct worker *worker)
{
	if (!worker)
		return;
	empty_ring(worker->to_attendant);
	empty_ring(worker->from_attendant);
	for (unsigned int i = 0; i < SETTINGS_WORKERS_MOST; i++)
		empty_ring(worker->from_workers[i]);
	flow_table_clear(&worker->flows);
	expiry_clear(&worker->wheel);
	pages_release(worker->counts, worker->count_size);
	pages_release(worker->turns, worker->turn_size);
	rte_free(worker);
}

static unsigned int receive(struct worker *worker, unsigned int index)
{
	struct rte_mbuf *buffers[WORKER_BURST];
	unsigned int count = rte_eth_rx_burst(
		worker->ports[index].id, (uint16_t)worker->index, buffers, WORKER_BURST);

	if (count)
		pipeline_run(
			worker, buffers, count, &worker->plane->ports[index], PIPELINE_ORIGIN_PORT);
	return count;
}

/* What came by a ring, in runs of the same port. */
static void run_noted(struct worker *worker, struct rte_mbuf **buffers, unsigned int count,
	enum pipeline_origin origin)
{
	unsigned int first = 0;

	for (unsigned int i = 1; i <= count; i++) {
		uint8_t port = note_of(buffers[first])->port;

		if (i < count && note_of(buffers[i])->port == port)
			continue;
		pipeline_run(
			worker, buffers + first, i - first, &worker->plane->ports[port], origin);
		first = i;
	}
}

static unsigned int take_over(struct worker *worker, unsigned int from)
{
	struct rte_mbuf *buffers[WORKER_BURST];
	unsigned int count = rte_ring_sc_dequeue_burst(
		worker->from_workers[from], (void **)buffers, WORKER_BURST, NULL);

	if (count)
		run_noted(worker, buffers, count, PIPELINE_ORIGIN_HANDOVER);
	return count;
}

/* What the attendant has finished is sent; the rest is as if it had just come. */
static unsigned int take_back(struct worker *worker)
{
	struct rte_mbuf *buffers[WORKER_BURST];
	unsigned int again = 0;
	unsigned int count = rte_ring_sc_dequeue_burst(
		worker->from_attendant, (void **)buffers, WORKER_BURST, NULL);

	for (unsigned int i = 0; i < count; i++) {
		if (note_of(buffers[i])->kind == NOTE_KIND_TRANSMIT)
			outlet_transmit(worker, buffers[i], note_of(buffers[i])->port);
		else
			buffers[again++] = buffers[i];
	}
	if (again)
		run_noted(worker, buffers, again, PIPELINE_ORIGIN_PORT);
	return count;
}

/* All workers count the same ticks: what they share (persistence.h) is dated by them. */
static void move_time(struct worker *worker, uint64_t cycles)
{
	struct dataplane *plane = worker->plane;

	if (likely((int64_t)(cycles - worker->tick_next) < 0))
		return;
	if (plane->epoch == 0)
		plane->epoch = cycles;
	worker->now = (uint32_t)((cycles - plane->epoch) / worker->tick_cycles);
	worker->tick_next = plane->epoch + (worker->now + UINT64_C(1)) * worker->tick_cycles;
}

/* The attendant looks at its rings once more after it has said that it sleeps, so one of the two sees
 * what the other did. */
static void ring_bell(struct worker *worker)
{
	struct dataplane_bell *bell = &worker->plane->bell;
	uint64_t one = 1;

	worker->rang = false;
	atomic_thread_fence(memory_order_seq_cst);
	if (bell->fd < 0 || !atomic_load_explicit(&bell->asleep, memory_order_relaxed))
		return;
	if (write(bell->fd, &one, sizeof(one)) < 0)
		return; /* its counter is full: it is awake soon enough */
}

unsigned int worker_turn(struct worker *worker, uint64_t cycles)
{
	const struct dataplane *plane = worker->plane;
	unsigned int count = 0;

	move_time(worker, cycles);
	for (unsigned int i = 0; i < plane->port_count; i++)
		if (worker->ports[i].receives)
			count += receive(worker, i);
	for (unsigned int i = 0; i < plane->worker_count; i++)
		if (i != worker->index)
			count += take_over(worker, i);
	count += take_back(worker);
	outlet_flush_all(worker);
	expiry_turn(&worker->wheel, &worker->flows, worker->now, connection_visit, worker);
	if (unlikely(worker->rang))
		ring_bell(worker);
	count_add(&worker->counters.packets, count);
	count_add(&worker->counters.turns, 1);
	count_add(&worker->counters.busy_turns, count != 0);
	atomic_store_explicit(&worker->counters.flows, worker->flows.used, memory_order_relaxed);
	rte_rcu_qsbr_quiescent(plane->rcu, worker->index);
	return count;
}

static void rest(struct worker *worker, unsigned int idle)
{
	unsigned int doubled = RTE_MIN((idle - WORKER_SPINS) / 16, 6u);
	struct timespec time = {
		.tv_nsec = RTE_MIN(WORKER_SHORTEST_REST << doubled, WORKER_LONGEST_REST),
	};

	rte_rcu_qsbr_thread_offline(worker->plane->rcu, worker->index);
	nanosleep(&time, NULL);
	rte_rcu_qsbr_thread_online(worker->plane->rcu, worker->index);
}

/* For who shows what it costs. */
static void tell_clock(struct worker *worker)
{
	clockid_t clock;

	if (pthread_getcpuclockid(pthread_self(), &clock) == 0)
		atomic_store_explicit(&worker->clock, clock, memory_order_relaxed);
}

int worker_run(void *data)
{
	struct worker *worker = data;
	struct dataplane *plane = worker->plane;
	unsigned int idle = 0;

	tell_clock(worker);

	/* Else the kernel adds 50 microseconds to the shortest sleep. */
	prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul);
	rte_rcu_qsbr_thread_online(plane->rcu, worker->index);
	while (!atomic_load_explicit(&plane->stop, memory_order_relaxed)) {
		if (worker_turn(worker, rte_get_tsc_cycles()))
			idle = 0;
		else if (++idle < WORKER_SPINS)
			rte_pause();
		else
			rest(worker, idle);
	}
	atomic_store_explicit(&worker->clock, 0, memory_order_relaxed);
	rte_rcu_qsbr_thread_offline(plane->rcu, worker->index);
	rte_rcu_qsbr_thread_unregister(plane->rcu, worker->index);
	return 0;
}
