// SPDX-License-Identifier: GPL-2.0-or-later
/* How the attendant gets rid of packets: to a worker that sends or looks again, to the kernel, to the
 * neighbours' cache, which holds them for a while, or not at all, counted.
 *
 * All frames of a port go through the same worker, so that they stay in order.
 *
 * An error about a packet that the balancer has rewritten must speak of the packet as its sender knows it.
 * The workers know how to translate such an error when a router behind us sends it; so the attendant is
 * that router: it lets the error about the rewritten packet arrive at the port by which the packet was to
 * leave. What no connection claims comes back (attendant_receive.c), and goes to where it is addressed. */
#include "backends/dpdk/dataplane/attendant_private.h"

#include "backends/dpdk/dataplane/arp.h"
#include "backends/dpdk/dataplane/discovery.h"
#include "backends/dpdk/dataplane/fragment.h"

#define SECOND (1000 * NEIGHBOUR_MILLISECOND)

/* An IPv4 header is the shortest packet. */
#define PACKET_LEAST      20
#define ERROR_BYTES       1280
#define IPV4_DESTINATION  16
#define IPV6_DESTINATION  24
#define IPV6_HEADER_BYTES 40

/* What a packet that is answered so counts as. */
static const enum drop_reason error_reasons[ICMP_ERROR_COUNT] = {
	[ICMP_ERROR_TIME_EXCEEDED] = DROP_REASON_TTL,
	[ICMP_ERROR_TOO_BIG] = DROP_REASON_TOO_BIG,
	[ICMP_ERROR_NO_ROUTE] = DROP_REASON_NO_ROUTE,
	[ICMP_ERROR_HOST_UNREACHABLE] = DROP_REASON_NO_NEIGHBOUR,
	[ICMP_ERROR_PORT_UNREACHABLE] = DROP_REASON_NO_SERVICE,
	[ICMP_ERROR_REASSEMBLY] = DROP_REASON_FRAGMENTS,
};

void attendant_drop(struct attendant *attendant, struct rte_mbuf *buffer, enum drop_reason reason)
{
	count_add(&attendant->plane->drops.counts[reason], 1);
	rte_pktmbuf_free(buffer);
}

static void attendant_hand(struct attendant *attendant, struct rte_mbuf *buffer,
	enum note_kind kind, uint8_t port, enum drop_reason full)
{
	const struct dataplane *plane = attendant->plane;
	const struct worker *worker = plane->workers[port % plane->worker_count];

	*note_of(buffer) = (struct note){.kind = (uint8_t)kind, .port = port};
	if (rte_ring_sp_enqueue(worker->from_attendant, buffer) != 0)
		attendant_drop(attendant, buffer, full);
}

void attendant_transmit(struct attendant *attendant, struct rte_mbuf *buffer, uint8_t port)
{
	attendant_hand(attendant, buffer, NOTE_KIND_TRANSMIT, port, DROP_REASON_TRANSMIT_FULL);
}

void attendant_receive(struct attendant *attendant, struct rte_mbuf *buffer, uint8_t port)
{
	attendant_hand(attendant, buffer, NOTE_KIND_RECEIVE, port, DROP_REASON_HANDOVER_FULL);
}

struct rte_mbuf *attendant_copy(struct attendant *attendant, const void *bytes, size_t length)
{
	struct rte_mbuf *buffer = rte_pktmbuf_alloc(attendant->plane->pool);
	char *to = buffer ? rte_pktmbuf_append(buffer, (uint16_t)length) : NULL;

	if (to) {
		memcpy(to, bytes, length);
		return buffer;
	}
	attendant_drop(attendant, buffer, DROP_REASON_NO_BUFFER);
	return NULL;
}

/* --- IP packets --- */

static const uint8_t *attendant_bytes(const struct rte_mbuf *buffer)
{
	return rte_pktmbuf_mtod(buffer, const uint8_t *);
}

static uint16_t attendant_type(const struct rte_mbuf *buffer)
{
	return attendant_bytes(buffer)[0] >> 4 == 4 ? LINK_TYPE_IPV4 : LINK_TYPE_IPV6;
}

/* Where it is addressed to; false: it is no packet. */
static bool attendant_destination(const struct rte_mbuf *buffer, struct address *ret)
{
	const uint8_t *bytes = attendant_bytes(buffer);

	if (buffer->data_len < PACKET_LEAST)
		return false;
	if (bytes[0] >> 4 == 4) {
		*ret = address_from_bytes(AF_INET, bytes + IPV4_DESTINATION);
		return true;
	}
	if (bytes[0] >> 4 != 6 || buffer->data_len < IPV6_HEADER_BYTES)
		return false;
	*ret = address_from_bytes(AF_INET6, bytes + IPV6_DESTINATION);
	return true;
}

/* Puts the port's link header before a packet. False, and the buffer is gone: there is no room. */
static bool attendant_put_link(struct attendant *attendant, struct rte_mbuf *buffer, uint8_t index,
	const uint8_t to[static LINK_SIZE])
{
	const struct port *port = &attendant->plane->ports[index];
	uint16_t type = attendant_type(buffer);
	char *frame = rte_pktmbuf_prepend(buffer, (uint16_t)link_header_size(port->vlan));

	if (!frame) {
		attendant_drop(attendant, buffer, DROP_REASON_NO_BUFFER);
		return false;
	}
	link_put_header((uint8_t *)frame, to, port->link, port->vlan, type);
	return true;
}

static void attendant_send_to(struct attendant *attendant, struct rte_mbuf *buffer, uint64_t word)
{
	uint8_t port = next_hop_word_port(word);

	if (attendant_put_link(attendant, buffer, port, (const uint8_t *)&word))
		attendant_transmit(attendant, buffer, port);
}

/* To this machine itself: the kernel may know more of it than we. */
static void attendant_send_home(struct attendant *attendant, struct rte_mbuf *buffer, uint8_t port)
{
	if (attendant_put_link(attendant, buffer, port, attendant->plane->ports[port].link))
		attendant_to_kernel(attendant, buffer, port);
}

static void attendant_resolve(
	struct attendant *attendant, struct rte_mbuf *buffer, uint32_t next_hop, uint8_t port)
{
	const struct next_hop_key *key = &attendant->plane->hops.keys[next_hop];
	struct address address;

	if (next_hop != next_hop_unknown(port)) {
		address = (struct address){.family = key->family};
		memcpy(address.bytes, key->address, sizeof(address.bytes));
	} else if (!attendant_destination(buffer, &address)) {
		attendant_drop(attendant, buffer, DROP_REASON_NO_NEIGHBOUR);
		return;
	}
	neighbour_cache_send(&attendant->neighbours, port, &address, buffer, attendant->now);
}

void attendant_send(struct attendant *attendant, struct rte_mbuf *buffer, uint32_t next_hop)
{
	uint64_t word;
	uint8_t port;

	if (next_hop == NEXT_HOP_NONE) {
		attendant_drop(attendant, buffer, DROP_REASON_NO_ROUTE);
		return;
	}
	word = next_hop_load(&attendant->plane->hops, next_hop);
	port = next_hop_word_port(word);
	switch (next_hop_word_state(word)) {
	case NEXT_HOP_STATE_KNOWN:
		attendant_send_to(attendant, buffer, word);
		break;
	case NEXT_HOP_STATE_LOCAL:
		attendant_send_home(attendant, buffer, port);
		break;
	case NEXT_HOP_STATE_UNKNOWN:
		attendant_resolve(attendant, buffer, next_hop, port);
		break;
	default:
		attendant_drop(attendant, buffer, DROP_REASON_NO_NEIGHBOUR);
	}
}

void attendant_divide(struct attendant *attendant, struct rte_mbuf *buffer, uint32_t next_hop)
{
	uint64_t word = next_hop_load(&attendant->plane->hops, next_hop);
	uint16_t mtu = note_piece(buffer, attendant->plane->ports[next_hop_word_port(word)].mtu);
	uint32_t identification = attendant->identification++;

	for (unsigned int index = 0;; index++) {
		struct rte_mbuf *piece = rte_pktmbuf_alloc(attendant->plane->pool);
		size_t length = 0;

		if (piece && rte_pktmbuf_tailroom(piece) >= mtu)
			length = fragment_write(attendant_bytes(buffer), buffer->data_len, mtu,
				identification, index, rte_pktmbuf_mtod(piece, uint8_t *));
		if (!length) {
			rte_pktmbuf_free(piece);
			if (!piece)
				attendant_drop(attendant, buffer, DROP_REASON_NO_BUFFER);
			else if (!index)
				attendant_drop(attendant, buffer, DROP_REASON_TOO_BIG);
			else
				rte_pktmbuf_free(buffer);
			return;
		}
		rte_pktmbuf_append(piece, (uint16_t)length);
		attendant_send(attendant, piece, next_hop);
	}
}

void attendant_route(struct attendant *attendant, struct rte_mbuf *buffer)
{
	struct address destination;
	uint32_t next_hop = NEXT_HOP_NONE;
	uint64_t word;

	if (attendant_destination(buffer, &destination))
		next_hop = route_find(
			&attendant->routes, (uint8_t)destination.family, destination.bytes);
	if (next_hop != NEXT_HOP_NONE) {
		word = next_hop_load(&attendant->plane->hops, next_hop);
		if (buffer->data_len >
			note_piece(buffer, attendant->plane->ports[next_hop_word_port(word)].mtu)) {
			attendant_divide(attendant, buffer, next_hop);
			return;
		}
	}
	attendant_send(attendant, buffer, next_hop);
}

/* --- the kernel --- */

void attendant_to_kernel(struct attendant *attendant, struct rte_mbuf *buffer, uint8_t index)
{
	uint8_t *frame = rte_pktmbuf_mtod(buffer, uint8_t *);
	size_t length = buffer->data_len;

	if (!attendant->exceptions[index] || length < LINK_HEADER_MOST) {
		attendant_drop(attendant, buffer, DROP_REASON_NO_SERVICE);
		return;
	}
	if (attendant->plane->ports[index].vlan) {
		memmove(frame + LINK_TAG, frame, 2 * LINK_SIZE);
		frame += LINK_TAG;
		length -= LINK_TAG;
	}
	if (!exception_write(attendant->exceptions[index], frame, length)) {
		attendant_drop(attendant, buffer, DROP_REASON_NO_SERVICE);
		return;
	}
	count_add(&attendant->to_kernel, 1);
	rte_pktmbuf_free(buffer);
}

/* --- ICMP errors --- */

/* The bucket as a time: it is full when that lies as long ago as it takes to fill it. */
static bool attendant_may_err(struct attendant *attendant)
{
	uint64_t each = SECOND / ATTENDANT_ERRORS_EACH_SECOND;
	uint64_t full = attendant->now - RTE_MIN(attendant->now, each * ATTENDANT_ERRORS_AT_ONCE);

	attendant->errors_refill = RTE_MAX(attendant->errors_refill, full);
	if (attendant->errors_refill + each > attendant->now)
		return false;
	attendant->errors_refill += each;
	return true;
}

/* The error about a whole frame; NULL: there is none to be sent. */
static struct rte_mbuf *attendant_make_error(struct attendant *attendant,
	const struct rte_mbuf *about, uint8_t port, enum icmp_error error, uint16_t mtu)
{
	const uint8_t *frame = attendant_bytes(about);
	uint8_t bytes[ERROR_BYTES];
	struct address peer, source;
	struct packet packet;

	packet_parse(frame, about->data_len, attendant->plane->ports[port].vlan, false, &packet);
	if (!packet.key.family || packet.kind == PACKET_KIND_BAD ||
		!icmp_may_answer(frame, &packet))
		return NULL;
	if (!attendant_may_err(attendant)) {
		count_add(&attendant->plane->drops.counts[DROP_REASON_RATE], 1);
		return NULL;
	}
	peer = address_from_bytes(packet.key.family, packet.key.source);
	if (!route_source(&attendant->routes, port, &peer, &source))
		source = address_from_bytes(packet.key.family, packet.key.destination);
	size_t length =
		icmp_make_error(bytes, sizeof(bytes), frame, &packet, error, mtu, source.bytes);
	if (!length)
		return NULL;
	count_add(&attendant->errors, 1);
	return attendant_copy(attendant, bytes, length);
}

void attendant_answer_error(struct attendant *attendant, struct rte_mbuf *buffer, uint8_t port,
	enum icmp_error error, uint16_t mtu)
{
	struct rte_mbuf *answer =
		error < ICMP_ERROR_COUNT ? attendant_make_error(attendant, buffer, port, error, mtu)
					 : NULL;

	attendant_drop(attendant, buffer,
		error < ICMP_ERROR_COUNT ? error_reasons[error] : DROP_REASON_NO_ROUTE);
	if (answer)
		attendant_route(attendant, answer);
}

/* About a packet without link header that was to leave by a port: the error comes in by that port. */
static void attendant_report_unreachable(
	struct attendant *attendant, struct rte_mbuf *buffer, uint8_t port)
{
	const uint8_t *self = attendant->plane->ports[port].link;
	struct rte_mbuf *error;

	if (!attendant_put_link(attendant, buffer, port, self))
		return;
	error = attendant_make_error(attendant, buffer, port, ICMP_ERROR_HOST_UNREACHABLE, 0);
	attendant_drop(attendant, buffer, DROP_REASON_NO_NEIGHBOUR);
	if (error && attendant_put_link(attendant, error, port, self))
		attendant_receive(attendant, error, port);
}

/* --- what the neighbours' cache asks for --- */

static void attendant_ask_ipv4(struct attendant *attendant, const struct port *port,
	const struct address *address, const struct address *source, const uint8_t *link)
{
	uint8_t frame[ARP_FRAME_MOST];
	struct arp_message message = {};
	struct rte_mbuf *buffer;

	memcpy(message.sender_link, port->link, sizeof(message.sender_link));
	memcpy(message.sender, source->bytes, sizeof(message.sender));
	memcpy(message.target, address->bytes, sizeof(message.target));
	buffer = attendant_copy(attendant, frame, arp_write(frame, &message, link, port->vlan));
	if (buffer)
		attendant_transmit(attendant, buffer, port->index);
}

static void attendant_ask_ipv6(struct attendant *attendant, const struct port *port,
	const struct address *address, const struct address *source, const uint8_t *link)
{
	uint8_t frame[DISCOVERY_FRAME_MOST];
	struct discovery_message message = {.has_link = true};
	struct rte_mbuf *buffer;

	memcpy(message.source, source->bytes, sizeof(message.source));
	memcpy(message.target, address->bytes, sizeof(message.target));
	if (link)
		memcpy(message.destination, address->bytes, sizeof(message.destination));
	else
		discovery_solicited_node(address->bytes, message.destination);
	buffer = attendant_copy(
		attendant, frame, discovery_write(frame, &message, port->link, link, port->vlan));
	if (buffer)
		attendant_transmit(attendant, buffer, port->index);
}

/* A port without an address asks for IPv4 as if it looked for one; for IPv6 it cannot be answered. */
static void attendant_on_ask(
	void *data, uint8_t index, const struct address *address, const uint8_t *link)
{
	struct attendant *attendant = data;
	const struct port *port = &attendant->plane->ports[index];
	struct address source = {.family = address->family};
	bool found = route_source(&attendant->routes, index, address, &source);

	if (address->family == AF_INET)
		attendant_ask_ipv4(attendant, port, address, &source, link);
	else if (found)
		attendant_ask_ipv6(attendant, port, address, &source, link);
}

static void attendant_on_send(void *data, uint32_t next_hop, void *packet)
{
	struct attendant *attendant = data;

	attendant_send_to(attendant, packet, next_hop_load(&attendant->plane->hops, next_hop));
}

/* An evicted one's packets may come from main: they are not even counted here, but by the cache. */
static void attendant_on_drop(void *data, uint8_t port, void *packet, enum neighbour_cache_drop why)
{
	if (why == NEIGHBOUR_CACHE_DROP_EVICTED)
		rte_pktmbuf_free(packet);
	else if (why == NEIGHBOUR_CACHE_DROP_UNREACHABLE)
		attendant_report_unreachable(data, packet, port);
	else
		attendant_drop(data, packet, DROP_REASON_NO_NEIGHBOUR);
}

static uint64_t attendant_begin_grace(void *data)
{
	const struct attendant *attendant = data;

	return rte_rcu_qsbr_start(attendant->plane->rcu);
}

static bool attendant_grace_is_over(void *data, uint64_t grace)
{
	const struct attendant *attendant = data;

	return rte_rcu_qsbr_check(attendant->plane->rcu, grace, false) == 1;
}

const struct neighbour_cache_ops attendant_neighbour_ops = {
	.ask = attendant_on_ask,
	.send = attendant_on_send,
	.drop = attendant_on_drop,
	.begin_grace = attendant_begin_grace,
	.grace_is_over = attendant_grace_is_over,
};
