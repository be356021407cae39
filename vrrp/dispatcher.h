// SPDX-License-Identifier: GPL-2.0-or-later
/* The receiving side of all virtual routers of a process: sockets (socket.h) in the event loop,
 * what is heard on each (hearing.h), and who is told.
 *
 *	dispatcher_join()   a router listens somewhere; the first one there opens the socket
 *	dispatcher_leave()  the last one closes it
 *	dispatcher_drop()   its interface is gone, or back: all leave, to join again
 *
 * In one turn of the loop at most DISPATCHER_MOST datagrams are read, and no new portion of them
 * when DISPATCHER_TIME_NS are over, whatever becomes of them. Timers that must not wait behind
 * those have LOOP_PRIORITY_FIRST; sockets have LOOP_PRIORITY_NORMAL, and take turns. Nothing that
 * is not heard reaches the owner but as something to be logged, so that it touches no timer.
 * Nothing is allocated for a datagram. */
#pragma once

#include "base/loop.h"
#include "vrrp/hearing.h"
#include "vrrp/socket.h"

#define DISPATCHER_MOST    64
#define DISPATCHER_TIME_NS 500000ull

/* What one turn may still take. Pure. */
struct dispatcher_budget {
	uint64_t until;
	size_t left;
};

struct dispatcher_budget dispatcher_budget_begin(uint64_t now);
/* How many datagrams may be read now; 0: the turn is over. */
size_t dispatcher_budget_next(const struct dispatcher_budget *budget, uint64_t now);
void dispatcher_budget_spend(struct dispatcher_budget *budget, size_t count);

/* Something that was not heard, for the first time of its cause and peer. */
struct dispatcher_refusal {
	const struct vrrp_place *place;
	const struct vrrp_datagram *datagram;
	struct hearing_verdict verdict;
};

struct dispatcher_options {
	struct loop *loop;
	bool tell_unknown; /* refusals of VRIDs that nobody has here, too */
	void *owner;
	/* All of these may call the dispatcher, but not end it. What they are given is good until
	 * they return. */
	void (*heard)(void *owner, struct hearing_router *router, const struct vrrp_packet *packet,
		const struct vrrp_datagram *datagram);
	void (*refused)(void *owner, const struct dispatcher_refusal *refusal);
	/* The socket is of no use any more, and all that listened there have left: they may join
	 * again. */
	void (*failed)(void *owner, const struct vrrp_place *place, int error);
};

struct dispatcher;

/* The options are copied. */
struct dispatcher *dispatcher_new(const struct dispatcher_options *options);
/* All leave. NULL is allowed; returns NULL. */
struct dispatcher *dispatcher_free(struct dispatcher *dispatcher);

/* The router is its owner's, and stays where it is while it listens. Errors of vrrp_socket_open();
 * -EEXIST: another one has its VRID there. */
int dispatcher_join(struct dispatcher *dispatcher, const struct vrrp_place *place,
	struct hearing_router *router, struct error *error) _warn_unused_;
/* One that does not listen is allowed. */
void dispatcher_leave(struct hearing_router *router);
void dispatcher_drop(struct dispatcher *dispatcher, const struct vrrp_place *place);

void dispatcher_tell_unknown(struct dispatcher *dispatcher, bool tell);

/* To send from where it listens; NULL: it does not. */
const struct vrrp_socket *dispatcher_socket(const struct hearing_router *router);

/* Of one socket, since it was opened. */
struct dispatcher_counters {
	uint64_t read; /* datagrams */
	uint64_t
		elsewhere; /* sent to an address where unicast peers are listened to, which has them too */
	uint64_t dropped; /* by the kernel, because it was not read in time */
	uint64_t full;    /* turns that ended before all was read */
	uint64_t untold;  /* refusals of new peers or causes that were one too many to be told */
	const uint64_t *unknown; /* for VRIDs that nobody has here: VRRP_REJECT_COUNT reasons */
};

/* For who looks at all of them, in order of their places. */
size_t dispatcher_count(const struct dispatcher *dispatcher);
const struct vrrp_place *dispatcher_at(const struct dispatcher *dispatcher, size_t index);
struct dispatcher_counters dispatcher_counters(struct dispatcher *dispatcher, size_t index);

static inline void dispatcher_freep(struct dispatcher **dispatcher)
{
	dispatcher_free(*dispatcher);
}
#define _cleanup_dispatcher_ _cleanup_(dispatcher_freep)
