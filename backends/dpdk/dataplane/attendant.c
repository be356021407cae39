// SPDX-License-Identifier: GPL-2.0-or-later
/* The life of the attendant: what it is made of, its turns, its sleep.
 *
 * A turn takes a burst from each worker's ring, then what has come due. Between turns it looks at the
 * descriptors: at once while there is work, else for as long as nothing is due. Before it sleeps it says
 * so (dataplane.bell) and looks at the rings once more: a worker that puts something there either sees
 * that it sleeps and rings, or has put it there before that last look.
 *
 * It looks into what main changes under RCU, so it is a thread of it like the workers, and offline
 * while it sleeps. */
#include "backends/dpdk/dataplane/attendant_private.h"

#include <errno.h>
#include <rte_lcore.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/timespec.h"

LOG_MODULE("attendant");

/* Neighbours that are no destinations: gateways and clients on a link. */
#define ATTENDANT_NEIGHBOURS (1u << 15)
/* How often it is looked which packets in the making are too old. */
#define ATTENDANT_LOOK (500 * NEIGHBOUR_MILLISECOND)
/* Bytes of a buffer for a whole packet. */
#define ATTENDANT_LARGE (RTE_PKTMBUF_HEADROOM + REASSEMBLY_ROOM)
#define ATTENDANT_BELL  UINT32_MAX
#define ATTENDANT_NAME  "poise-attendant"

_Static_assert(ATTENDANT_LARGE <= UINT16_MAX, "a buffer's length has 16 bits");

/* --- a turn --- */

static void attendant_take(struct attendant *attendant, struct rte_mbuf *buffer)
{
	const struct note note = *note_of(buffer);

	switch (note.kind) {
	case NOTE_KIND_ARRIVED:
		attendant_arrived(attendant, buffer, note.port);
		break;
	case NOTE_KIND_ERROR:
		attendant_answer_error(
			attendant, buffer, note.port, (enum icmp_error)note.error, note.mtu);
		break;
	case NOTE_KIND_UNRESOLVED:
		attendant_send(attendant, buffer, note.next_hop);
		break;
	case NOTE_KIND_TOO_LONG:
		attendant_divide(attendant, buffer, note.next_hop);
		break;
	default:
		attendant_drop(attendant, buffer, DROP_REASON_NO_SERVICE);
	}
}

static unsigned int attendant_take_burst(struct attendant *attendant, struct rte_ring *ring)
{
	struct rte_mbuf *buffers[ATTENDANT_BURST];
	unsigned int count =
		rte_ring_sc_dequeue_burst(ring, (void **)buffers, ATTENDANT_BURST, NULL);

	for (unsigned int i = 0; i < count; i++)
		attendant_take(attendant, buffers[i]);
	return count;
}

/* Packets in the making that have given way to others, or were too slow. */
static void attendant_count_given_up(struct attendant *attendant)
{
	const struct reassembly_counts counts = reassembly_counts(attendant->reassembly);
	uint64_t given_up = counts.evicted + counts.expired;

	count_add(&attendant->plane->drops.counts[DROP_REASON_FRAGMENTS],
		given_up - attendant->given_up);
	attendant->given_up = given_up;
}

static void attendant_look_at_fragments(struct attendant *attendant)
{
	uint64_t now = attendant->now;

	if (now >= attendant->look_at)
		attendant->look_at = reassembly_turn(attendant->reassembly, now) == UINT64_MAX
					     ? 0
					     : now + ATTENDANT_LOOK;
	attendant_count_given_up(attendant);
}

unsigned int attendant_turn(struct attendant *attendant, uint64_t now)
{
	const struct dataplane *plane = attendant->plane;
	unsigned int count = 0;

	attendant->now = now;
	for (unsigned int i = 0; i < plane->worker_count; i++)
		count += attendant_take_burst(attendant, plane->workers[i]->to_attendant);
	attendant->next = neighbour_cache_turn(&attendant->neighbours, now);
	if (attendant->reassembly)
		attendant_look_at_fragments(attendant);
	return count;
}

/* --- sleep --- */

static uint64_t attendant_clock(void)
{
	return timespec_now(CLOCK_BOOTTIME);
}

static bool attendant_has_work(const struct attendant *attendant)
{
	const struct dataplane *plane = attendant->plane;

	for (unsigned int i = 0; i < plane->worker_count; i++) {
		if (!rte_ring_empty(plane->workers[i]->to_attendant))
			return true;
	}
	return atomic_load(&attendant->stop);
}

/* Milliseconds until something is due, rounded up; -1: for ever. */
static int attendant_rest(const struct attendant *attendant, uint64_t now)
{
	uint64_t next = attendant->next;

	if (attendant->look_at)
		next = MIN(next, attendant->look_at);
	if (next == UINT64_MAX)
		return -1;
	if (next <= now)
		return 0;
	return (int)MIN((next - now) / NEIGHBOUR_MILLISECOND + 1, UINT64_C(60000));
}

static void attendant_look_at_descriptors(struct attendant *attendant, int timeout)
{
	struct epoll_event events[SETTINGS_PORTS_MOST + 1];
	int count = epoll_wait(attendant->epoll, events, RTE_DIM(events), timeout);
	uint64_t rung;

	if (count > 0)
		attendant->now = attendant_clock();
	for (int i = 0; i < count; i++) {
		if (events[i].data.u32 != ATTENDANT_BELL)
			attendant_from_kernel(attendant, (uint8_t)events[i].data.u32);
		else if (read(attendant->plane->bell.fd, &rung, sizeof(rung)) < 0)
			continue; /* somebody has been quicker */
	}
}

static void attendant_sleep(struct attendant *attendant, unsigned int thread)
{
	struct dataplane *plane = attendant->plane;
	struct dataplane_bell *bell = &plane->bell;
	int timeout = attendant_rest(attendant, attendant_clock());

	atomic_store_explicit(&bell->asleep, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	rte_rcu_qsbr_thread_offline(plane->rcu, thread);
	struct epoll_event first;
	if (!attendant_has_work(attendant))
		epoll_wait(attendant->epoll, &first, 1, timeout);
	rte_rcu_qsbr_thread_online(plane->rcu, thread);
	atomic_store_explicit(&bell->asleep, 0, memory_order_relaxed);
	attendant_look_at_descriptors(attendant, 0);
}

static void *attendant_run(void *data)
{
	struct attendant *attendant = data;
	struct dataplane *plane = attendant->plane;
	unsigned int thread = plane->worker_count;

	rte_rcu_qsbr_thread_online(plane->rcu, thread);
	while (!atomic_load_explicit(&attendant->stop, memory_order_relaxed)) {
		if (attendant_turn(attendant, attendant_clock()))
			attendant_look_at_descriptors(attendant, 0);
		else
			attendant_sleep(attendant, thread);
		rte_rcu_qsbr_quiescent(plane->rcu, thread);
	}
	rte_rcu_qsbr_thread_offline(plane->rcu, thread);
	return NULL;
}

int attendant_start(struct attendant *attendant, struct error *error)
{
	struct dataplane *plane = attendant->plane;
	int r;

	rte_rcu_qsbr_thread_register(plane->rcu, plane->worker_count);
	atomic_store(&attendant->stop, false);
	/* DPDK keeps it off the workers' cores. */
	r = rte_ctrl_thread_create(
		&attendant->thread, ATTENDANT_NAME, NULL, attendant_run, attendant);
	if (r != 0)
		return error_set(
			error, -abs(r), "cannot start the attendant: %s", strerror(abs(r)));
	attendant->runs = true;
	return carrier_start(&attendant->carrier, attendant->exceptions, plane->port_count, error);
}

void attendant_stop(struct attendant *attendant)
{
	const uint64_t one = 1;

	attendant->carrier = carrier_stop(attendant->carrier);
	if (!attendant->runs)
		return;
	atomic_store(&attendant->stop, true);
	while (write(attendant->plane->bell.fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	pthread_join(attendant->thread, NULL);
	rte_rcu_qsbr_thread_unregister(attendant->plane->rcu, attendant->plane->worker_count);
	attendant->runs = false;
}

/* --- what it is made of --- */

static int attendant_watch(struct attendant *attendant, int fd, uint32_t what, struct error *error)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = what};

	if (epoll_ctl(attendant->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return error_set(error, -errno, "epoll: %s", strerror(errno));
	return 0;
}

static int attendant_open_descriptors(struct attendant *attendant, struct error *error)
{
	struct dataplane_bell *bell = &attendant->plane->bell;

	attendant->epoll = epoll_create1(EPOLL_CLOEXEC);
	bell->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (attendant->epoll < 0 || bell->fd < 0)
		return error_set(error, -errno, "epoll: %s", strerror(errno));
	return attendant_watch(attendant, bell->fd, ATTENDANT_BELL, error);
}

/* The interface under a port, if there is one. What cannot be silenced is told, and must be by hand. */
static void attendant_silence(
	struct attendant *attendant, unsigned int port, const struct settings_port *settings)
{
	_cleanup_error_ struct error error = {};
	char interface[64];
	bool addressed;

	if (!silence_interface(settings->device, interface, sizeof(interface)))
		return;
	if (silence_begin(&attendant->silences[port], interface, &addressed, &error) < 0)
		log_warning("port %s: %s", settings->name, error.text);
	else if (addressed)
		log_warning("port %s: the IPv4 address of %s is cut off now: it belongs to the "
			    "exception port",
			settings->name, interface);
}

static int attendant_open_ports(
	struct attendant *attendant, const struct dataplane_settings *settings, struct error *error)
{
	for (size_t i = 0; i < settings->ports.count; i++) {
		const struct settings_port *port = &settings->ports.items[i];
		int r;

		attendant_silence(attendant, (unsigned int)i, port);
		if (!port->exception)
			continue;
		r = exception_open(&attendant->exceptions[i], port->exception,
			attendant->plane->ports[i].link, port->mtu, error);
		if (r == 0)
			r = attendant_watch(attendant, exception_fd(attendant->exceptions[i]),
				(uint32_t)i, error);
		if (r < 0)
			return r;
	}
	return 0;
}

static int attendant_open_reassembly(struct attendant *attendant, struct error *error)
{
	struct dataplane *plane = attendant->plane;

	plane->whole = rte_pktmbuf_pool_create("whole-packets", 2 * ATTENDANT_REASSEMBLIES, 0,
		NOTE_SIZE, ATTENDANT_LARGE, SOCKET_ID_ANY);
	if (!plane->whole)
		return error_set(error, -ENOMEM,
			"no memory for %u packets that come in fragments (%u bytes each): give EAL "
			"more, or say fragments: drop",
			2 * ATTENDANT_REASSEMBLIES, (unsigned int)ATTENDANT_LARGE);
	attendant->reassembly =
		reassembly_new(ATTENDANT_REASSEMBLIES, &attendant_reassembly_ops, attendant);
	return 0;
}

static int attendant_open_ways(
	struct attendant *attendant, const struct dataplane_settings *settings, struct error *error)
{
	struct dataplane *plane = attendant->plane;
	uint32_t entries = MIN(
		2 * NEXT_HOP_PORTS + ATTENDANT_NEIGHBOURS + settings->destinations, NEXT_HOP_MOST);
	struct route_plan list = {};
	int r = next_hop_table_init(&plane->hops, entries);

	if (r < 0)
		return error_set(error, r, "%u next hops: cannot be", entries);
	neighbour_cache_init(
		&attendant->neighbours, &plane->hops, &attendant_neighbour_ops, attendant);
	route_table_init(&attendant->routes, &attendant->neighbours, plane->rcu);
	plane->routes = &attendant->routes;
	plane->find_route = route_find;
	r = route_plan_from_settings(&list, settings, error);
	if (r == 0)
		r = route_table_set(&attendant->routes, &list, error);
	route_clear_list(&list);
	return r;
}

int attendant_open(struct attendant **ret, struct dataplane *plane,
	const struct dataplane_settings *settings, struct error *error)
{
	struct attendant *attendant = memory_new(sizeof(*attendant));
	int r;

	*ret = NULL;
	attendant->plane = plane;
	attendant->epoll = -1;
	r = attendant_open_ways(attendant, settings, error);
	if (r == 0 && settings->reassemble)
		r = attendant_open_reassembly(attendant, error);
	if (r == 0)
		r = attendant_open_descriptors(attendant, error);
	if (r == 0)
		r = attendant_open_ports(attendant, settings, error);
	if (r < 0)
		attendant_close(attendant);
	else
		*ret = attendant;
	return r;
}

static void attendant_close_descriptors(struct attendant *attendant)
{
	struct dataplane_bell *bell = &attendant->plane->bell;

	for (unsigned int i = 0; i < SETTINGS_PORTS_MOST; i++) {
		exception_close(attendant->exceptions[i]);
		silence_end(attendant->silences[i]);
	}
	if (attendant->epoll >= 0)
		close(attendant->epoll);
	if (bell->fd >= 0)
		close(bell->fd);
	bell->fd = -1;
}

static void attendant_close_ways(struct attendant *attendant)
{
	struct dataplane *plane = attendant->plane;

	if (!attendant->neighbours.hops)
		return;
	plane->find_route = NULL;
	plane->routes = NULL;
	route_table_clear(&attendant->routes);
	neighbour_cache_clear(&attendant->neighbours);
	next_hop_table_clear(&plane->hops);
}

struct attendant *attendant_close(struct attendant *attendant)
{
	if (!attendant)
		return NULL;
	attendant_stop(attendant);
	attendant_close_descriptors(attendant);
	attendant_close_ways(attendant);
	reassembly_free(attendant->reassembly);
	rte_mempool_free(attendant->plane->whole);
	attendant->plane->whole = NULL;
	free(attendant);
	return NULL;
}

/* --- main's --- */

int attendant_set_routes(
	struct attendant *attendant, const struct route_plan *list, struct error *error)
{
	int r = route_table_set(&attendant->routes, list, error);

	if (r == 0)
		route_attach_all(&attendant->routes, &attendant->plane->slots);
	return r;
}

static void attendant_tell_failures(struct attendant *attendant)
{
	for (unsigned int i = 0; attendant->carrier && i < attendant->plane->port_count; i++) {
		int r = carrier_failure(attendant->carrier, i);

		if (r < 0)
			log_error("port %s: the carrier of its exception port cannot be changed: "
				  "%s",
				attendant->plane->ports[i].name, strerror(-r));
	}
}

bool attendant_tidy(struct attendant *attendant)
{
	attendant_tell_failures(attendant);
	return route_table_turn(&attendant->routes);
}

void attendant_slot_taken(void *data, uint32_t slot)
{
	struct attendant *attendant = data;

	route_attach(&attendant->routes, &attendant->plane->slots, slot);
}

void attendant_slot_freed(void *data, uint32_t slot)
{
	struct attendant *attendant = data;

	route_detach(&attendant->routes, &attendant->plane->slots, slot);
}

void attendant_set_carrier(struct attendant *attendant, unsigned int port, bool up)
{
	if (attendant->carrier)
		carrier_set(attendant->carrier, port, up);
}

void attendant_count(struct attendant *attendant, struct attendant_counts *ret)
{
	*ret = (struct attendant_counts){
		.neighbours = neighbour_cache_counts(&attendant->neighbours),
		.to_kernel = atomic_load(&attendant->to_kernel),
		.from_kernel = atomic_load(&attendant->from_kernel),
		.answers = atomic_load(&attendant->answers),
		.errors = atomic_load(&attendant->errors),
	};
	if (attendant->reassembly)
		ret->fragments = reassembly_counts(attendant->reassembly);
}
