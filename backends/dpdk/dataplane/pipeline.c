// SPDX-License-Identifier: GPL-2.0-or-later
/* The way of a burst of frames through a worker.
 *
 * Each stage goes over the whole burst before the next one begins, and ends by asking for the lines
 * that the next one reads: so the misses of 32 packets overlap, where each alone would be waited for.
 *
 *	parse     what each frame is; hash of its key                 -> asks for the flow's line
 *	find      the flow of each                                    -> slot, counts, the peer's line
 *	forward   what has a flow: state, time, rewrite, link header  -> the port's array
 *	meet      what has none: service, owner, destination          -> what a connection is made in
 *	rest      the same, one by one: connections that begin, packets of other workers; errors about
 *	          connections, and all that is the attendant's
 *
 * The path of an established connection is straight and writes what is this worker's alone: its flow
 * (when its state or time changes), its counts of the slot, the frame. Whatever is unusual in it (TTL
 * used up, longer than the link takes, a neighbour that is not known) leaves by functions that are kept
 * out of its way.
 *
 * Whose connection is it? A packet whose flow is found here is ours. Else its destination says: a
 * service's means that its source is the client, anything else that its destination is. The client's
 * hash is the owner's number; a packet that is another's goes to that worker by a ring, and is not
 * handed on a second time. */

#include "backends/dpdk/dataplane/pipeline.h"

#include <rte_prefetch.h>

#include "backends/dpdk/dataplane/connection.h"
#include "backends/dpdk/dataplane/meeting.h"
#include "backends/dpdk/dataplane/outlet.h"
#include "backends/dpdk/dataplane/relay.h"
#include "backends/dpdk/dataplane/rewrite.h"

/* Frames that are asked for ahead of the one that is parsed. */
#define PIPELINE_AHEAD 8

/* An IP header and TCP's without options. */
#define PIPELINE_HEADERS_IPV4 40
#define PIPELINE_HEADERS_IPV6 60

struct burst {
	struct worker *worker;
	const struct port *port;
	bool handed_over;
	unsigned int keyed_count, found_count, rest_count, forwarded;
	unsigned int missed_first, missed_count; /* in rest[]: whose flow was not there */
	uint8_t keyed[WORKER_BURST], found[WORKER_BURST], rest[WORKER_BURST];
	uint32_t flows[WORKER_BURST];
	struct rte_mbuf **buffers;
	struct packet packets[WORKER_BURST];
	struct meeting meetings[WORKER_BURST]; /* of those in rest[] that have a key */
};

/* Where a packet goes, as it is decided before a byte of it is changed. */
struct way {
	uint64_t word;      /* of the next hop */
	uint32_t next_hop;  /* its index */
	uint16_t mtu;       /* for the packet as it came */
	enum note_kind end; /* what becomes of it when it is not simply sent */
	bool send;
};

/* Whether a frame was sent to this port, or to an address that it takes frames for. */
static __rte_always_inline bool is_for_port(const struct port *port, const uint8_t *frame)
{
	uint64_t word;

	memcpy(&word, frame, sizeof(word));
	word &= OUTLET_LINK_MASK;
	if (likely(word == port->link_word))
		return true;
	for (uint32_t i = 0; i < atomic_load_explicit(&port->other_count, memory_order_acquire);
		i++)
		if (atomic_load_explicit(&port->others[i], memory_order_relaxed) == word)
			return true;
	return false;
}

/* Whether its key is set, and its flow's line asked for. */
static __rte_always_inline bool parse(struct burst *burst, unsigned int i)
{
	struct rte_mbuf *buffer = burst->buffers[i];
	const struct port *port = burst->port;
	const uint8_t *frame = rte_pktmbuf_mtod(buffer, const uint8_t *);
	struct packet *packet = &burst->packets[i];
	bool checked = port->verifies_ipv4 && (buffer->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) ==
						      RTE_MBUF_F_RX_IP_CKSUM_GOOD;

	packet_parse(frame, buffer->data_len, port->vlan, checked, packet);
	if (unlikely(packet->kind > PACKET_KIND_ICMP_QUERY || !is_for_port(port, frame)))
		return false;
	packet->hash = flow_hash(&burst->worker->flows, &packet->key);
	flow_prefetch(&burst->worker->flows, packet->hash);
	return true;
}

static void parse_all(struct burst *burst, unsigned int count)
{
	unsigned int keyed_count = 0, rest_count = 0;

	for (unsigned int i = 0; i < RTE_MIN(count, (unsigned int)PIPELINE_AHEAD); i++)
		rte_prefetch0(rte_pktmbuf_mtod(burst->buffers[i], void *));
	for (unsigned int i = 0; i < count; i++) {
		if (i + PIPELINE_AHEAD < count)
			rte_prefetch0(rte_pktmbuf_mtod(burst->buffers[i + PIPELINE_AHEAD], void *));
		if (likely(parse(burst, i)))
			burst->keyed[keyed_count++] = (uint8_t)i;
		else
			burst->rest[rest_count++] = (uint8_t)i;
	}
	burst->keyed_count = keyed_count;
	burst->rest_count = rest_count;
}

/* A flow is known: what forwarding its packet will read is asked for. */
static __rte_always_inline void ask_for_flow(struct burst *burst, uint8_t i, uint32_t index)
{
	const struct worker *worker = burst->worker;
	const struct flow *flow = flow_at(&worker->flows, index);

	rte_prefetch0(&worker->plane->slots.slots[flow->slot]);
	rte_prefetch0(&worker->counts[flow->slot]);
	if (flow->kind == FLOW_KIND_REPLY)
		rte_prefetch0(flow_at(&worker->flows, flow->peer));
	burst->flows[i] = index;
}

/* What stands at the head of its chain, then what does not. */
static void find_all(struct burst *burst)
{
	const struct flow_table *table = &burst->worker->flows;
	unsigned int found_count = 0, chained_count = 0;
	uint8_t chained[WORKER_BURST];

	for (unsigned int k = 0; k < burst->keyed_count; k++) {
		uint8_t i = burst->keyed[k];
		const struct packet *packet = &burst->packets[i];
		uint32_t index = flow_find_head(table, &packet->key, packet->hash);

		if (unlikely(index == FLOW_NONE)) {
			chained[chained_count++] = i;
			continue;
		}
		ask_for_flow(burst, i, index);
		burst->found[found_count++] = i;
	}
	burst->missed_first = burst->rest_count;
	for (unsigned int k = 0; k < chained_count; k++) {
		uint8_t i = chained[k];
		const struct packet *packet = &burst->packets[i];
		uint32_t index = flow_find_chained(table, &packet->key, packet->hash);

		if (index == FLOW_NONE) {
			burst->rest[burst->rest_count++] = i;
			continue;
		}
		ask_for_flow(burst, i, index);
		burst->found[found_count++] = i;
	}
	burst->missed_count = burst->rest_count - burst->missed_first;
	burst->found_count = found_count;
}

/* What cannot be forwarded, answered. */
static __rte_noinline void refuse(
	struct burst *burst, unsigned int i, enum icmp_error error, uint16_t mtu)
{
	outlet_error(burst->worker, burst->buffers[i], burst->port->index, error, mtu);
}

/* What is too long for the link, or was in pieces before; false when it has been refused. A tunnel takes such
 * a packet as a whole: its other end is where that is put together. */
static __rte_noinline bool find_long_way(
	struct burst *burst, unsigned int i, unsigned int overhead, struct way *way)
{
	const struct rte_mbuf *buffer = burst->buffers[i];
	const struct packet *packet = &burst->packets[i];

	if (packet->l3_length <= (overhead ? way->mtu : note_piece(buffer, way->mtu)))
		return true;
	if ((packet->flags & PACKET_FLAG_DONT_FRAGMENT) &&
		!(buffer->ol_flags & NOTE_FLAG_DIVISIBLE)) {
		refuse(burst, i, ICMP_ERROR_TOO_BIG, way->mtu);
		return false;
	}
	way->send = false;
	way->end = NOTE_KIND_TOO_LONG;
	return true;
}

/* The way to a next hop for a packet that grows by `overhead`; false when it has been refused. */
static __rte_always_inline bool find_way(struct burst *burst, unsigned int i, uint32_t next_hop,
	unsigned int overhead, struct way *way)
{
	const struct dataplane *plane = burst->worker->plane;
	const struct packet *packet = &burst->packets[i];
	unsigned int mtu;

	if (unlikely(packet->ttl <= 1)) {
		refuse(burst, i, ICMP_ERROR_TIME_EXCEEDED, 0);
		return false;
	}
	if (unlikely(next_hop == NEXT_HOP_NONE)) {
		refuse(burst, i, ICMP_ERROR_NO_ROUTE, 0);
		return false;
	}
	way->next_hop = next_hop;
	way->word = next_hop_load(&plane->hops, next_hop);
	way->send = next_hop_word_state(way->word) == NEXT_HOP_STATE_KNOWN;
	way->end = NOTE_KIND_UNRESOLVED;
	mtu = plane->ports[next_hop_word_port(way->word)].mtu - overhead;
	way->mtu = (uint16_t)mtu;
	if (unlikely(
		    packet->l3_length > mtu || (burst->buffers[i]->ol_flags & NOTE_FLAG_DIVISIBLE)))
		return find_long_way(burst, i, overhead, way);
	return true;
}

/* A finished packet goes its way. */
static __rte_always_inline void finish(struct burst *burst, unsigned int i, const struct way *way,
	uint8_t *start, uint16_t length, bool ipv6)
{
	struct worker *worker = burst->worker;

	if (unlikely(!way->send)) {
		outlet_unfinished(
			worker, burst->buffers[i], start, length, way->end, way->next_hop);
		return;
	}
	next_hop_use(&worker->plane->hops, way->next_hop);
	burst->forwarded++;
	outlet_forward(worker, burst->buffers[i], start, length, ipv6, way->word);
}

/* What opens a connection says how long the segments may be that come back: those leave by the port
 * that it came in by, so that link counts as well as the one that it goes out by. */
static __rte_noinline void clamp(struct burst *burst, unsigned int i, const struct way *way)
{
	const struct packet *packet = &burst->packets[i];
	unsigned int headers =
		packet->key.family == AF_INET ? PIPELINE_HEADERS_IPV4 : PIPELINE_HEADERS_IPV6;
	uint16_t mtu = RTE_MIN(way->mtu, burst->port->mtu);

	rewrite_clamp_mss(
		rte_pktmbuf_mtod(burst->buffers[i], uint8_t *), packet, (uint16_t)(mtu - headers));
}

static __rte_always_inline bool is_to_be_clamped(
	const struct worker *worker, const struct packet *packet)
{
	return unlikely(packet->event == TRANSPORT_EVENT_OPEN ||
			packet->event == TRANSPORT_EVENT_OPEN_ACK) &&
	       worker->plane->clamp_mss && packet->key.protocol == IPPROTO_TCP;
}

/* A client's packet, to a destination. */
static __rte_always_inline void send_request(
	struct burst *burst, unsigned int i, const struct slot *slot, struct slot_counts *counts)
{
	struct worker *worker = burst->worker;
	const struct packet *packet = &burst->packets[i];
	uint8_t *frame = rte_pktmbuf_mtod(burst->buffers[i], uint8_t *);
	uint8_t *start = frame + packet->l3_offset;
	uint16_t length = packet->l3_length;
	bool ipv6 = packet->key.family == AF_INET6;
	struct way way;

	if (!find_way(burst, i, atomic_load_explicit(&slot->next_hop, memory_order_relaxed),
		    slot->overhead, &way))
		return;
	count_add(&counts->packets_in, 1);
	count_add(&counts->bytes_in, length);
	if (is_to_be_clamped(worker, packet))
		clamp(burst, i, &way);
	switch (slot->method) {
	case FORWARD_METHOD_NAT:
		rewrite_destination(frame, packet, slot->address, slot->port);
		break;
	case FORWARD_METHOD_TUNNEL:
		rewrite_ttl(frame, packet);
		start = rewrite_encapsulate(
			start, length, packet, slot, packet->hash, worker->identification++);
		length = (uint16_t)(length + (frame + packet->l3_offset - start));
		ipv6 = slot->family == AF_INET6;
		break;
	default:
		rewrite_ttl(frame, packet);
	}
	finish(burst, i, &way, start, length, ipv6);
}

/* Where a client is, as the routes have it now. */
static __rte_noinline uint32_t look_up_client(
	struct worker *worker, struct flow *flow, uint32_t version)
{
	flow->reply.next_hop =
		dataplane_route(worker->plane, flow->key.family, flow->key.destination);
	flow->reply.route_version =
		next_hop_may_be_kept(flow->reply.next_hop) ? version : version - 1;
	return flow->reply.next_hop;
}

/* A destination's packet, to a client. */
static __rte_always_inline void send_reply(struct burst *burst, unsigned int i, struct flow *flow,
	const struct flow *request, struct slot_counts *counts)
{
	struct worker *worker = burst->worker;
	const struct packet *packet = &burst->packets[i];
	uint8_t *frame = rte_pktmbuf_mtod(burst->buffers[i], uint8_t *);
	uint32_t version = next_hop_version(&worker->plane->hops);
	uint32_t next_hop = flow->reply.next_hop;
	struct way way;

	if (unlikely(flow->reply.route_version != version))
		next_hop = look_up_client(worker, flow, version);
	if (!find_way(burst, i, next_hop, 0, &way))
		return;
	count_add(&counts->packets_out, 1);
	count_add(&counts->bytes_out, packet->l3_length);
	if (is_to_be_clamped(worker, packet))
		clamp(burst, i, &way);
	rewrite_source(frame, packet, request->key.destination, request->key.destination_port);
	finish(burst, i, &way, frame + packet->l3_offset, packet->l3_length,
		packet->key.family == AF_INET6);
}

/* A SYN at a connection that is over on both sides begins another one, perhaps elsewhere. */
static __rte_always_inline bool is_begun_anew(
	const struct flow *flow, const struct packet *packet, enum transport_way way)
{
	return unlikely(packet->event == TRANSPORT_EVENT_OPEN) &&
	       (flow->state == TRANSPORT_STATE_TCP_TIME_WAIT ||
		       flow->state == TRANSPORT_STATE_TCP_CLOSE ||
		       flow->state == TRANSPORT_STATE_SCTP_CLOSED ||
		       (way == TRANSPORT_WAY_REQUEST_ONLY &&
			       flow->state == TRANSPORT_STATE_TCP_FIN_WAIT));
}

static void meet(struct burst *burst, unsigned int i);

/* The connection is no more, whatever the packet wants: it may begin another. */
static __rte_noinline void end_and_meet(struct burst *burst, unsigned int i, uint32_t request)
{
	struct packet *packet = &burst->packets[i];
	bool reply = flow_at(&burst->worker->flows, request)->peer == burst->flows[i];

	connection_end(burst->worker, request);
	if (reply || !transport_opens(packet->key.protocol, (enum transport_event)packet->event))
		outlet_drop(burst->worker, burst->buffers[i], DROP_REASON_GONE);
	else
		meet(burst, i);
}

/* Its connection is to end. Not before all others of the burst are done, which know their flows by
 * their places: then it is looked up again (`late`). Another packet may have ended it by then. */
static __rte_noinline void end(struct burst *burst, unsigned int i, uint32_t request, bool late)
{
	if (late) {
		end_and_meet(burst, i, request);
		return;
	}
	meeting_look(burst->worker, &burst->packets[i], burst->handed_over, &burst->meetings[i]);
	burst->rest[burst->rest_count++] = (uint8_t)i;
}

/* A packet whose flow is known. */
static __rte_always_inline void forward(struct burst *burst, unsigned int i, bool late)
{
	struct worker *worker = burst->worker;
	const struct packet *packet = &burst->packets[i];
	uint32_t index = burst->flows[i];
	struct flow *flow = flow_at(&worker->flows, index);
	const struct slot *slot = &worker->plane->slots.slots[flow->slot];
	struct slot_counts *counts = &worker->counts[flow->slot];
	enum transport_event event = (enum transport_event)packet->event;
	bool alive = slot_is_alive(slot, flow->incarnation);
	struct flow *request;

	if (flow->kind == FLOW_KIND_REQUEST) {
		enum transport_way way = connection_way(slot);

		if (unlikely(!alive || is_begun_anew(flow, packet, way))) {
			end(burst, i, index, late);
			return;
		}
		connection_touch(worker, flow, way, event);
		send_request(burst, i, slot, counts);
		return;
	}
	if (unlikely(!alive)) {
		end(burst, i, flow->peer, late);
		return;
	}
	request = flow_at(&worker->flows, flow->peer);
	connection_touch(worker, request, TRANSPORT_WAY_REPLY, event);
	send_reply(burst, i, flow, request, counts);
}

/* The same for what became known late. */
static __rte_noinline void forward_late(struct burst *burst, unsigned int i)
{
	forward(burst, i, true);
}

static void forward_all(struct burst *burst)
{
	for (unsigned int k = 0; k < burst->found_count; k++)
		forward(burst, burst->found[k], false);
}

/* One packet of a service that wants no connections. */
static void send_alone(struct burst *burst, unsigned int i, const struct service_image *image)
{
	struct worker *worker = burst->worker;
	const struct service_member *member;
	uint32_t place;
	int r = connection_choose(worker, image, &burst->packets[i], &place);

	if (r != 0) {
		outlet_drop(worker, burst->buffers[i], (enum drop_reason)r);
		return;
	}
	member = &image->members[place];
	send_request(burst, i, &worker->plane->slots.slots[member->slot],
		connection_count_alone(worker, member));
}

/* A packet whose flow was not there when the burst was looked up. */
static void meet(struct burst *burst, unsigned int i)
{
	struct worker *worker = burst->worker;
	const struct packet *packet = &burst->packets[i];
	struct meeting *meeting = &burst->meetings[i];
	const struct service_image *image = meeting->image;
	uint8_t port = burst->port->index;
	int r;

	burst->flows[i] = flow_find(&worker->flows, &packet->key, packet->hash);
	if (burst->flows[i] != FLOW_NONE) {
		forward_late(burst, i);
		return;
	}
	if (meeting->owner != worker->index) {
		outlet_hand_over(worker, burst->buffers[i], port, meeting->owner);
		return;
	}
	if (!image) {
		outlet_arrived(worker, burst->buffers[i], port, false);
		return;
	}
	if (image->one_packet && packet->key.protocol == IPPROTO_UDP) {
		send_alone(burst, i, image);
		return;
	}
	if (transport_opens(packet->key.protocol, (enum transport_event)packet->event))
		r = connection_begin(worker, image, packet, &meeting->choice, &burst->flows[i]);
	else
		r = DROP_REASON_NOT_OPENING;
	if (r != 0)
		outlet_drop(worker, burst->buffers[i], (enum drop_reason)r);
	else
		forward_late(burst, i);
}

/* What is no packet of a connection, or of none that is known. */
static void dispose(struct burst *burst, unsigned int i)
{
	struct worker *worker = burst->worker;
	struct rte_mbuf *buffer = burst->buffers[i];
	const struct packet *packet = &burst->packets[i];
	uint8_t port = burst->port->index;

	switch (packet->kind) {
	case PACKET_KIND_BAD:
		if (buffer->nb_segs > 1)
			outlet_drop(worker, buffer, DROP_REASON_SEGMENTS);
		else
			outlet_drop(worker, buffer, (enum drop_reason)packet->reason);
		break;
	case PACKET_KIND_TRANSPORT:
	case PACKET_KIND_ICMP_QUERY:
		if (is_for_port(burst->port, rte_pktmbuf_mtod(buffer, const uint8_t *)))
			meet(burst, i);
		else
			outlet_arrived(worker, buffer, port, false);
		break;
	case PACKET_KIND_ICMP_ERROR:
		if (is_for_port(burst->port, rte_pktmbuf_mtod(buffer, const uint8_t *)))
			relay_error(worker, buffer, packet, burst->port, burst->handed_over);
		else
			outlet_arrived(worker, buffer, port, false);
		break;
	case PACKET_KIND_ARP:
	case PACKET_KIND_ICMP_OTHER:
		outlet_arrived(worker, buffer, port, true);
		break;
	default:
		outlet_arrived(worker, buffer, port, false);
	}
}

/* All that no flow knew is looked at before any of it is met. */
static void meet_beforehand(struct burst *burst)
{
	if (burst->missed_count)
		meeting_look_all(burst->worker, burst->packets, burst->rest + burst->missed_first,
			burst->missed_count, burst->handed_over, burst->meetings);
}

void pipeline_run(struct worker *worker, struct rte_mbuf **buffers, unsigned int count,
	const struct port *port, enum pipeline_origin origin)
{
	struct burst burst;

	burst.worker = worker;
	burst.port = port;
	burst.handed_over = origin == PIPELINE_ORIGIN_HANDOVER;
	burst.forwarded = 0;
	burst.buffers = buffers;
	parse_all(&burst, count);
	find_all(&burst);
	forward_all(&burst);
	meet_beforehand(&burst);
	for (unsigned int k = 0; k < burst.rest_count; k++)
		dispose(&burst, burst.rest[k]);
	count_add(&worker->counters.forwarded, burst.forwarded);
}
