// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections: how they begin, change and end in a worker's tables, and are counted.
 *
 * The path of an established connection is pipeline.c's; what is here happens once in a connection's
 * life, or a few times. */
#pragma once

#include "backends/dpdk/dataplane/packet.h"
#include "backends/dpdk/dataplane/worker.h"

/* Ticks that a flow's time may be behind before its line is written: so it lives up to a second
 * longer than its time-out says, and its line stays clean in between. */
#define CONNECTION_SLACK EXPIRY_TICKS_PER_SECOND

/* What a connection will be, before it begins. */
struct connection_choice {
	uint32_t member;       /* place in the image's members; SCHEDULER_NONE: not chosen yet */
	uint32_t reply_hash;   /* of `nat`: flow_hash() of … */
	struct flow_key reply; /* … what the destination will answer */
};

/* A connection for this packet, which no flow knows: its request's flow in *ret. `choice` is one that
 * connection_expect() has completed; what is not chosen yet is chosen now. 0, or why there is none
 * (enum drop_reason). */
int connection_begin(struct worker *worker, const struct service_image *image,
	const struct packet *packet, struct connection_choice *choice, uint32_t *ret);

/* Completes a choice whose member is set. Whether answers come back through us (`nat`): else nothing is
 * expected. */
bool connection_expect(const struct worker *worker, const struct service_image *image,
	const struct flow_key *request, struct connection_choice *choice);

/* A destination for a new connection, or for one packet of a one-packet service: its place in the
 * image's members. 0, or why there is none; *member is SCHEDULER_NONE then. */
int connection_choose(struct worker *worker, const struct service_image *image,
	const struct packet *packet, uint32_t *member);
/* What counts a packet without a connection. */
struct slot_counts *connection_count_alone(
	struct worker *worker, const struct service_member *member);

/* Ends it: the request's flow, its peer, its place in the wheel. */
void connection_end(struct worker *worker, uint32_t request);

/* Its request's flow takes this state, and expires then; active and inactive connections are counted
 * anew. */
void connection_change(
	struct worker *worker, struct flow *request, enum transport_state state, uint32_t expires);

/* expiry_visit: data is the worker. */
bool connection_visit(void *data, struct flow_table *table, uint32_t index, uint32_t now);

/* Which way this flow's destination lets packets go that clients send. */
static inline enum transport_way connection_way(const struct slot *slot)
{
	return slot->method == FORWARD_METHOD_NAT ? TRANSPORT_WAY_REQUEST
						  : TRANSPORT_WAY_REQUEST_ONLY;
}

/* A packet of a connection: its state after the event, its time from now. */
static inline void connection_touch(struct worker *worker, struct flow *request,
	enum transport_way way, enum transport_event event)
{
	enum transport_state state =
		transport_next(way, event, (enum transport_state)request->state);
	uint32_t expires = worker->now + worker->plane->timeouts.ticks[state] + CONNECTION_SLACK;

	if (__builtin_expect(state != request->state, 0))
		connection_change(worker, request, state, expires);
	else if (expires - request->request.expires >= CONNECTION_SLACK)
		request->request.expires = expires;
}
