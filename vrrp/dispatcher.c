// SPDX-License-Identifier: GPL-2.0-or-later
/* Sockets are in order of their places, for who joins and for datagrams that another one has too; a
 * datagram's router is found without them (hearing.c), because the loop says whose socket is ready.
 *
 * A turn reads portions of VRRP_BATCH_MOST and looks at the clock before each, so that it is late
 * by one portion at most. A portion that comes back short means that nothing waits any more.
 * Whoever is told of a datagram may close the socket that it came from, and then the rest of the
 * portion is nobody's.
 *
 * No filter in the kernel spares us what is rejected: it is to be counted by reason, and what a
 * filter throws away is counted nowhere. Nor would it help, since the flood that hurts is one that
 * only a look at the checksum or the password tells from the real stream. A core reads some
 * hundreds of thousands of datagrams a second; what is too many for that, the kernel drops and
 * counts.
 *
 * A socket of multicast sees unicast as well. What was sent to an address that a unicast socket
 * listens on has come there too, and is judged there; here it would be a wrong rejection. */
#include "vrrp/dispatcher.h"

#include <assert.h>
#include <errno.h>
#include <sys/epoll.h>

#include "base/vector.h"

struct dispatcher_listener {
	struct hearing hearing; /* first: a router knows only this */
	struct dispatcher *dispatcher;
	struct vrrp_socket socket;
	struct loop_source *source;
	uint64_t read, elsewhere, dropped, full;
	uint32_t dropped_then; /* what the kernel said last */
};
static_assert(offsetof(struct dispatcher_listener, hearing) == 0, "found by its hearing");

struct dispatcher_slot {
	struct vrrp_place place; /* first: a place alone is a key */
	struct dispatcher_listener *listener;
};

struct dispatcher_slots {
	VECTOR_OF(struct dispatcher_slot); /* by place */
};

struct dispatcher {
	struct dispatcher_options options;
	struct dispatcher_slots slots;
	struct dispatcher_listener
		*current; /* whose turn it is; NULL: nobody's, or it was closed */
	struct vrrp_batch *batch;
	struct vrrp_packet packet; /* that is being heard */
};

/* ---- The budget of a turn ---- */

struct dispatcher_budget dispatcher_budget_begin(uint64_t now)
{
	return (struct dispatcher_budget){
		.until = now + DISPATCHER_TIME_NS, .left = DISPATCHER_MOST};
}

size_t dispatcher_budget_next(const struct dispatcher_budget *budget, uint64_t now)
{
	return now < budget->until ? MIN(budget->left, (size_t)VRRP_BATCH_MOST) : 0;
}

void dispatcher_budget_spend(struct dispatcher_budget *budget, size_t count)
{
	budget->left -= MIN(budget->left, count);
}

/* ---- Sockets by place ---- */

static int dispatcher_compare(const void *a, const void *b)
{
	return vrrp_place_compare(a, b);
}

static struct dispatcher_listener *dispatcher_find(
	const struct dispatcher *dispatcher, const struct vrrp_place *place)
{
	const struct dispatcher_slot *slot =
		vector_find(&dispatcher->slots, place, dispatcher_compare);

	return slot ? slot->listener : NULL;
}

static void dispatcher_insert(struct dispatcher *dispatcher, struct dispatcher_listener *listener)
{
	struct dispatcher_slots *slots = &dispatcher->slots;
	const struct vrrp_place *place = &listener->socket.place;
	size_t at = vector_after(slots, place, dispatcher_compare);

	vector_reserve(slots, slots->count + 1);
	memmove(&slots->items[at + 1], &slots->items[at],
		(slots->count - at) * sizeof(*slots->items));
	slots->items[at] = (struct dispatcher_slot){.place = *place, .listener = listener};
	slots->count++;
}

static void dispatcher_remove(struct dispatcher *dispatcher, struct dispatcher_listener *listener)
{
	struct dispatcher_slots *slots = &dispatcher->slots;
	size_t at = vector_after(slots, &listener->socket.place, dispatcher_compare);

	memmove(&slots->items[at - 1], &slots->items[at],
		(slots->count - at) * sizeof(*slots->items));
	slots->count--;
}

static void dispatcher_close(struct dispatcher_listener *listener)
{
	struct dispatcher *dispatcher = listener->dispatcher;

	for (size_t i = 0; i < HEARING_VRIDS; i++)
		if (listener->hearing.routers[i])
			hearing_remove(listener->hearing.routers[i]);
	if (dispatcher->current == listener)
		dispatcher->current = NULL;
	dispatcher_remove(dispatcher, listener);
	loop_source_free(listener->source);
	vrrp_socket_close(&listener->socket);
	free(listener);
}

/* ---- A turn ---- */

static void dispatcher_look_at_drops(struct dispatcher_listener *listener)
{
	uint32_t now = vrrp_socket_drops(&listener->socket);

	listener->dropped += (uint32_t)(now - listener->dropped_then);
	listener->dropped_then = now;
}

static bool dispatcher_is_elsewhere(
	const struct dispatcher_listener *listener, const struct vrrp_datagram *datagram)
{
	const struct vrrp_place *here = &listener->socket.place;
	struct vrrp_place there = {.family = here->family, .source = datagram->destination};

	if (listener->hearing.unicast || address_is_multicast(&datagram->destination))
		return false;
	if (dispatcher_find(listener->dispatcher, &there))
		return true;
	there.ifindex = here->ifindex;
	return dispatcher_find(listener->dispatcher, &there);
}

static void dispatcher_take(
	struct dispatcher_listener *listener, const struct vrrp_datagram *datagram, uint64_t now)
{
	struct dispatcher *dispatcher = listener->dispatcher;
	const struct dispatcher_options *options = &dispatcher->options;

	listener->read++;
	if (dispatcher_is_elsewhere(listener, datagram)) {
		listener->elsewhere++;
		return;
	}
	struct hearing_verdict verdict =
		hearing_judge(&listener->hearing, datagram, now, &dispatcher->packet);
	if (verdict.result == HEARING_HEARD)
		options->heard(options->owner, verdict.router, &dispatcher->packet, datagram);
	else if (verdict.tell) {
		const struct vrrp_place place = listener->socket.place;

		options->refused(options->owner,
			&(struct dispatcher_refusal){
				.place = &place, .datagram = datagram, .verdict = verdict});
	}
}

static void dispatcher_fail(struct dispatcher_listener *listener, int error)
{
	const struct vrrp_place place = listener->socket.place;
	const struct dispatcher_options *options = &listener->dispatcher->options;

	dispatcher_close(listener);
	options->failed(options->owner, &place, error);
}

/* Whether there may be more, and it is still there. */
static bool dispatcher_read(
	struct dispatcher_listener *listener, struct dispatcher_budget *budget, uint64_t now)
{
	struct dispatcher *dispatcher = listener->dispatcher;
	size_t most = dispatcher_budget_next(budget, now);
	int count = vrrp_socket_receive(&listener->socket, dispatcher->batch, most);

	if (count < 0) {
		dispatcher_fail(listener, count);
		return false;
	}
	for (size_t i = 0; i < (size_t)count; i++) {
		const struct vrrp_datagram datagram = vrrp_batch_datagram(dispatcher->batch, i);

		dispatcher_take(listener, &datagram, now);
		if (dispatcher->current != listener)
			return false;
	}
	dispatcher_budget_spend(budget, (size_t)count);
	return (size_t)count == most;
}

static void dispatcher_turn(void *data, uint32_t events)
{
	struct dispatcher_listener *listener = data;
	struct dispatcher *dispatcher = listener->dispatcher;
	uint64_t now = loop_clock();
	struct dispatcher_budget budget = dispatcher_budget_begin(now);

	(void)events;
	dispatcher->current = listener;
	while (dispatcher_budget_next(&budget, now) > 0) {
		if (!dispatcher_read(listener, &budget, now)) {
			dispatcher->current = NULL;
			return;
		}
		now = loop_clock();
	}
	dispatcher->current = NULL;
	listener->full++;
	dispatcher_look_at_drops(listener);
}

/* ---- Who listens ---- */

struct dispatcher *dispatcher_new(const struct dispatcher_options *options)
{
	struct dispatcher *dispatcher = memory_new(sizeof(*dispatcher));

	dispatcher->options = *options;
	dispatcher->batch = vrrp_batch_new();
	return dispatcher;
}

struct dispatcher *dispatcher_free(struct dispatcher *dispatcher)
{
	if (!dispatcher)
		return NULL;
	while (dispatcher->slots.count > 0)
		dispatcher_close(dispatcher->slots.items[dispatcher->slots.count - 1].listener);
	vector_clear(&dispatcher->slots);
	free(dispatcher->batch);
	free(dispatcher);
	return NULL;
}

static int dispatcher_open(struct dispatcher *dispatcher, const struct vrrp_place *place,
	struct dispatcher_listener **ret, struct error *error)
{
	_cleanup_free_ struct dispatcher_listener *listener = memory_new(sizeof(*listener));

	listener->dispatcher = dispatcher;
	listener->hearing.unicast = place->source.family != AF_UNSPEC;
	listener->hearing.tell_unknown = dispatcher->options.tell_unknown;
	int r = vrrp_socket_open(place, &listener->socket, error);
	if (r < 0)
		return r;
	r = loop_add_io(dispatcher->options.loop, listener->socket.fd, EPOLLIN, dispatcher_turn,
		listener, &listener->source);
	if (r < 0) {
		vrrp_socket_close(&listener->socket);
		return error_set(error, r, "a raw socket cannot be waited for: %s", strerror(-r));
	}
	dispatcher_insert(dispatcher, listener);
	*ret = STEAL(listener);
	return 0;
}

int dispatcher_join(struct dispatcher *dispatcher, const struct vrrp_place *place,
	struct hearing_router *router, struct error *error)
{
	struct dispatcher_listener *listener = dispatcher_find(dispatcher, place);
	int r = listener ? 0 : dispatcher_open(dispatcher, place, &listener, error);

	if (!listener)
		return r;
	r = hearing_add(&listener->hearing, router);
	if (r == 0)
		return 0;
	if (listener->hearing.count == 0)
		dispatcher_close(listener);
	return error_set(error, r,
		r == -EEXIST ? "another virtual router has the VRID %u there"
			     : "%u is no VRID: they are from 1 to 255",
		router->expected.vrid);
}

void dispatcher_leave(struct hearing_router *router)
{
	struct dispatcher_listener *listener = (struct dispatcher_listener *)router->hearing;

	if (!listener)
		return;
	hearing_remove(router);
	if (listener->hearing.count == 0)
		dispatcher_close(listener);
}

void dispatcher_drop(struct dispatcher *dispatcher, const struct vrrp_place *place)
{
	struct dispatcher_listener *listener = dispatcher_find(dispatcher, place);

	if (listener)
		dispatcher_close(listener);
}

void dispatcher_tell_unknown(struct dispatcher *dispatcher, bool tell)
{
	dispatcher->options.tell_unknown = tell;
	for (size_t i = 0; i < dispatcher->slots.count; i++)
		hearing_tell_unknown(&dispatcher->slots.items[i].listener->hearing, tell);
}

const struct vrrp_socket *dispatcher_socket(const struct hearing_router *router)
{
	const struct dispatcher_listener *listener =
		(const struct dispatcher_listener *)router->hearing;

	return listener ? &listener->socket : NULL;
}

size_t dispatcher_count(const struct dispatcher *dispatcher)
{
	return dispatcher->slots.count;
}

const struct vrrp_place *dispatcher_at(const struct dispatcher *dispatcher, size_t index)
{
	return &dispatcher->slots.items[index].place;
}

struct dispatcher_counters dispatcher_counters(struct dispatcher *dispatcher, size_t index)
{
	struct dispatcher_listener *listener = dispatcher->slots.items[index].listener;

	dispatcher_look_at_drops(listener);
	return (struct dispatcher_counters){
		.read = listener->read,
		.elsewhere = listener->elsewhere,
		.dropped = listener->dropped,
		.full = listener->full,
		.untold = listener->hearing.told.refused,
		.unknown = listener->hearing.unknown,
	};
}
