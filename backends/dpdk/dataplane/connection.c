// SPDX-License-Identifier: GPL-2.0-or-later
/* A connection's beginning and end.
 *
 * A new one takes a destination (a persistent client's template first, then the service's scheduler),
 * a flow for its requests, one for its replies where they come back through us (`nat`), a place in
 * the wheel, and is counted. All of it or nothing: whatever fails takes back what was done before.
 *
 * What stands in the way of a new connection gives way. When the table is full, the half-open
 * connection that is nearest to its end, of a few near the new one's place, makes room: a flood of
 * SYNs takes the place of its own kind. When a client's port speaks to the same server by two virtual
 * services, the server cannot tell them apart; the newer one is what the client means.
 *
 * Counts of a slot are one worker's own and hold its incarnation: what a connection of an older one
 * would take away again is no longer there, and is left alone. */

#include "backends/dpdk/dataplane/connection.h"

#include "backends/dpdk/dataplane/persistence.h"

static struct slot_counts *counts_of(struct worker *worker, const struct flow *flow)
{
	struct slot_counts *counts = &worker->counts[flow->slot];

	if (atomic_load_explicit(&counts->incarnation, memory_order_relaxed) != flow->incarnation)
		return NULL;
	return counts;
}

static void add(_Atomic uint32_t *counter, uint32_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
		memory_order_relaxed);
}

/* This worker's first connection of another incarnation: the counts begin anew. */
static void begin_counts(struct slot_counts *counts, uint16_t incarnation)
{
	_Atomic uint64_t *const wide[] = {
		&counts->connections,
		&counts->packets_in,
		&counts->bytes_in,
		&counts->packets_out,
		&counts->bytes_out,
	};

	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		atomic_store_explicit(wide[i], 0, memory_order_relaxed);
	atomic_store_explicit(&counts->active, 0, memory_order_relaxed);
	atomic_store_explicit(&counts->inactive, 0, memory_order_relaxed);
	/* Readers add up what has the incarnation that they mean. */
	atomic_store_explicit(&counts->incarnation, incarnation, memory_order_release);
}

/* One connection more, however long it lives. */
static struct slot_counts *count_made(struct worker *worker, uint32_t slot, uint16_t incarnation)
{
	struct slot_counts *counts = &worker->counts[slot];

	if (atomic_load_explicit(&counts->incarnation, memory_order_relaxed) != incarnation)
		begin_counts(counts, incarnation);
	count_add(&counts->connections, 1);
	count_add(&worker->counters.connections, 1);
	return counts;
}

static void count_begin(struct worker *worker, struct flow *request)
{
	struct slot_counts *counts = count_made(worker, request->slot, request->incarnation);
	bool active = transport_is_active((enum transport_state)request->state);

	if (active)
		request->flags |= FLOW_FLAG_ACTIVE;
	add(active ? &counts->active : &counts->inactive, 1);
}

struct slot_counts *connection_count_alone(
	struct worker *worker, const struct service_member *member)
{
	return count_made(worker, member->slot, member->incarnation);
}

/* Active or not, as its state says. */
static void count_change(struct worker *worker, struct flow *request)
{
	bool was = request->flags & FLOW_FLAG_ACTIVE;
	bool is = transport_is_active((enum transport_state)request->state);
	struct slot_counts *counts = counts_of(worker, request);

	if (was == is)
		return;
	request->flags ^= FLOW_FLAG_ACTIVE;
	if (!counts)
		return;
	add(&counts->active, is ? 1 : -1u);
	add(&counts->inactive, is ? -1u : 1);
}

void connection_change(
	struct worker *worker, struct flow *request, enum transport_state state, uint32_t expires)
{
	struct flow_table *table = &worker->flows;
	bool sooner = (int32_t)(expires - request->request.expires) < 0;

	request->state = (uint8_t)state;
	request->request.expires = expires;
	count_change(worker, request);
	if (sooner)
		expiry_hasten(&worker->wheel, table, flow_index(table, request));
}

/* All but the wheel. */
static void take_away(struct worker *worker, uint32_t index)
{
	struct flow *request = flow_at(&worker->flows, index);
	struct slot_counts *counts = counts_of(worker, request);

	if (counts)
		add(request->flags & FLOW_FLAG_ACTIVE ? &counts->active : &counts->inactive, -1u);
	if (request->peer != FLOW_NONE)
		flow_remove(&worker->flows, request->peer);
	flow_remove(&worker->flows, index);
}

void connection_end(struct worker *worker, uint32_t request)
{
	expiry_remove(&worker->wheel, &worker->flows, request);
	take_away(worker, request);
}

/* A template lives as long as a connection of its client does. */
static void extend_template(struct worker *worker, const struct flow *request, uint32_t now)
{
	const struct flow_key *key = &request->key;
	const struct generation *generation =
		atomic_load_explicit(&worker->plane->generation, memory_order_acquire);
	const struct service_image *image = generation_find(
		generation, key->family, key->protocol, key->destination, key->destination_port);

	if (image && image->persistent)
		persistence_extend(worker->plane->persistence, image, key, request->slot,
			request->incarnation, now);
}

bool connection_visit(void *data, struct flow_table *table, uint32_t index, uint32_t now)
{
	struct worker *worker = data;
	const struct flow *request = flow_at(table, index);
	const struct slot *slot = &worker->plane->slots.slots[request->slot];

	if (expiry_is_past(request->request.expires, now) ||
		!slot_is_alive(slot, request->incarnation)) {
		take_away(worker, index);
		return true;
	}
	if (request->flags & FLOW_FLAG_PERSISTENT)
		extend_template(worker, request, now);
	return false;
}

int connection_choose(struct worker *worker, const struct service_image *image,
	const struct packet *packet, uint32_t *member)
{
	const struct dataplane *plane = worker->plane;
	struct scheduler_turn *turn = &worker->turns[image->place];

	*member = image->persistent && plane->persistence
			  ? persistence_choose(plane->persistence, image, turn, &plane->view,
				    &packet->key, worker->now)
			  : image->scheduler->choose(image, turn, &plane->view, &packet->key);
	return *member == SCHEDULER_NONE ? DROP_REASON_NO_DESTINATION : 0;
}

/* A flow, if need be in the place of a connection that never came about. */
static uint32_t insert(struct worker *worker, const struct flow_key *key, uint32_t hash,
	enum flow_kind kind, uint32_t spared)
{
	struct flow_table *table = &worker->flows;
	uint32_t index = flow_insert(table, key, hash, kind), victim;

	if (index != FLOW_NONE || worker->plane->when_full == SETTINGS_FULL_REFUSE)
		return index;
	victim = flow_find_half_open(table, hash);
	if (victim == FLOW_NONE || victim == spared)
		return FLOW_NONE;
	connection_end(worker, victim);
	return flow_insert(table, key, hash, kind);
}

/* The fifth word of the key is put together first and stored as one: the hash reads words, and one that was
 * stored in parts is waited for until all stores before it are through. */
bool connection_expect(const struct worker *worker, const struct service_image *image,
	const struct flow_key *request, struct connection_choice *choice)
{
	const struct service_member *member = &image->members[choice->member];
	const struct slot *slot = &worker->plane->slots.slots[member->slot];
	uint16_t port = slot->port ? slot->port : request->destination_port;
	uint64_t last = port | (uint64_t)request->source_port << 16 |
			(uint64_t)request->protocol << 32 | (uint64_t)request->family << 40;

	if (slot->method != FORWARD_METHOD_NAT)
		return false;
	memcpy(choice->reply.source, slot->address, sizeof(choice->reply.source));
	memcpy(choice->reply.destination, request->source, sizeof(choice->reply.destination));
	memcpy(&choice->reply.source_port, &last, sizeof(last));
	choice->reply_hash = flow_hash(&worker->flows, &choice->reply);
	return true;
}

static int choose_now(struct worker *worker, const struct service_image *image,
	const struct packet *packet, struct connection_choice *choice)
{
	int r = connection_choose(worker, image, packet, &choice->member);

	if (r == 0)
		connection_expect(worker, image, &packet->key, choice);
	return r;
}

/* The other direction of a connection of `nat`; false when there is no room. */
static bool add_reply(
	struct worker *worker, const struct connection_choice *choice, uint32_t request)
{
	struct flow_table *table = &worker->flows;
	const struct flow_key *key = &choice->reply;
	uint32_t hash = choice->reply_hash, index = flow_find(table, key, hash);
	struct flow *flow;

	if (index != FLOW_NONE && flow_at(table, index)->kind == FLOW_KIND_REPLY)
		connection_end(worker, flow_at(table, index)->peer);
	else if (index != FLOW_NONE)
		return false;
	index = insert(worker, key, hash, FLOW_KIND_REPLY, request);
	if (index == FLOW_NONE)
		return false;
	flow = flow_at(table, index);
	flow->peer = request;
	flow->slot = flow_at(table, request)->slot;
	flow->incarnation = flow_at(table, request)->incarnation;
	flow->reply.next_hop = NEXT_HOP_NONE;
	flow->reply.route_version = next_hop_version(&worker->plane->hops) - 1;
	flow_at(table, request)->peer = index;
	return true;
}

int connection_begin(struct worker *worker, const struct service_image *image,
	const struct packet *packet, struct connection_choice *choice, uint32_t *ret)
{
	const struct service_member *member;
	const struct slot *slot;
	struct flow *request;
	int r = choice->member == SCHEDULER_NONE ? choose_now(worker, image, packet, choice) : 0;

	if (r != 0)
		return r;
	member = &image->members[choice->member];
	slot = &worker->plane->slots.slots[member->slot];
	if (!slot_is_alive(slot, member->incarnation))
		return DROP_REASON_NO_DESTINATION;
	*ret = insert(worker, &packet->key, packet->hash, FLOW_KIND_REQUEST, FLOW_NONE);
	if (*ret == FLOW_NONE)
		return DROP_REASON_TABLE_FULL;
	request = flow_at(&worker->flows, *ret);
	request->slot = member->slot;
	request->incarnation = member->incarnation;
	request->flags = image->persistent ? FLOW_FLAG_PERSISTENT : 0;
	request->state = (uint8_t)transport_first(connection_way(slot), packet->key.protocol);
	request->request.expires =
		worker->now + CONNECTION_SLACK + worker->plane->timeouts.ticks[request->state];
	if (slot->method == FORWARD_METHOD_NAT && !add_reply(worker, choice, *ret)) {
		flow_remove(&worker->flows, *ret);
		return DROP_REASON_TABLE_FULL;
	}
	expiry_add(&worker->wheel, &worker->flows, *ret);
	count_begin(worker, request);
	scheduler_taken(member, &worker->plane->view);
	return 0;
}
