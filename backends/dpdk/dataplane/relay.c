// SPDX-License-Identifier: GPL-2.0-or-later
/* An error is about a packet, and has its beginning inside. Turned round, that is the key of a packet
 * that could have answered it, so the flow that it belongs to is found like any other's:
 *
 *	turned round, the packet inside is   it had been sent by        the error is for
 *	a request's key                      a server, to the client    the server of that connection
 *	a reply's key (`nat`)                us, to the server          the client of that connection
 *
 * An error for a server goes the way of a request: changed (`nat`), as it is (`direct`) or in its
 * tunnel. One for a client says of the virtual service what it had said of the server.
 *
 * An error that is for us, about a tunnel's packet, has the client's packet in there, where enough was
 * quoted. It is made anew for the client, about his own packet; a link that is too narrow for the
 * tunnel is so much narrower for him. */

#include "backends/dpdk/dataplane/relay.h"

#include "backends/dpdk/dataplane/outlet.h"
#include "backends/dpdk/dataplane/rewrite.h"

/* Room for an error that is made anew. */
#define RELAY_ERROR_MOST 1280
/* What a path carries at the least, after the tunnel (RFC 791, RFC 8200). */
#define RELAY_LEAST_IPV4 68
#define RELAY_LEAST_IPV6 1280

/* What an error about a tunnel's packet says to the client, by family, type and code (RFC 792, RFC 4443);
 * codes from `first` to `last`. A TTL that ends within the tunnel was never the client's (RFC 2003
 * §4.4, RFC 2473 §8.2). */
struct relay_word {
	uint8_t family, type, first, last;
	enum icmp_error error;
};

static const struct relay_word words[] = {
	{AF_INET, 3, 0, 0, ICMP_ERROR_NO_ROUTE},
	{AF_INET, 3, 4, 4, ICMP_ERROR_TOO_BIG},
	{AF_INET, 3, 1, 255, ICMP_ERROR_HOST_UNREACHABLE},
	{AF_INET, 11, 0, 255, ICMP_ERROR_HOST_UNREACHABLE},
	{AF_INET6, 1, 0, 0, ICMP_ERROR_NO_ROUTE},
	{AF_INET6, 1, 1, 255, ICMP_ERROR_HOST_UNREACHABLE},
	{AF_INET6, 2, 0, 255, ICMP_ERROR_TOO_BIG},
	{AF_INET6, 3, 0, 255, ICMP_ERROR_HOST_UNREACHABLE},
};

/* What is known of an error on its way. */
struct relayed {
	struct worker *worker;
	struct rte_mbuf *buffer;
	uint8_t *frame;
	const struct port *port;
	const struct packet *outer;
	struct packet inner;
};

static struct flow_key turned_round(const struct flow_key *key)
{
	struct flow_key turned = *key;

	memcpy(turned.source, key->destination, sizeof(turned.source));
	memcpy(turned.destination, key->source, sizeof(turned.destination));
	turned.source_port = key->destination_port;
	turned.destination_port = key->source_port;
	return turned;
}

static struct flow *find(struct worker *worker, const struct flow_key *key)
{
	uint32_t index = flow_find(&worker->flows, key, flow_hash(&worker->flows, key));

	return index == FLOW_NONE ? NULL : flow_at(&worker->flows, index);
}

static const struct slot *slot_of(const struct worker *worker, const struct flow *flow)
{
	const struct slot *slot = &worker->plane->slots.slots[flow->slot];

	return slot_is_alive(slot, flow->incarnation) ? slot : NULL;
}

static void pass_on(
	struct relayed *relayed, uint8_t *start, uint16_t length, bool ipv6, uint32_t next_hop)
{
	struct worker *worker = relayed->worker;
	uint64_t word;

	if (next_hop == NEXT_HOP_NONE) {
		outlet_drop(worker, relayed->buffer, DROP_REASON_NO_ROUTE);
		return;
	}
	word = next_hop_load(&worker->plane->hops, next_hop);
	if (length > worker->plane->ports[next_hop_word_port(word)].mtu)
		outlet_drop(worker, relayed->buffer, DROP_REASON_TOO_BIG);
	else if (next_hop_word_state(word) != NEXT_HOP_STATE_KNOWN)
		outlet_unfinished(
			worker, relayed->buffer, start, length, NOTE_KIND_UNRESOLVED, next_hop);
	else
		outlet_forward(worker, relayed->buffer, start, length, ipv6, word);
	count_add(&worker->counters.forwarded, 1);
}

/* A request's flow: on to its destination. */
static void to_server(struct relayed *relayed, const struct flow *request, const struct slot *slot)
{
	const struct packet *outer = relayed->outer;
	uint8_t *start = relayed->frame + outer->l3_offset;
	uint16_t length = outer->l3_length;
	bool ipv6 = outer->key.family == AF_INET6;
	struct icmp_translation translation = {
		.outer_destination = slot->address,
		.inner_source = slot->address,
		.inner_source_port = slot->port,
	};

	if (slot->method == FORWARD_METHOD_NAT) {
		icmp_translate(relayed->frame, outer, &relayed->inner, &translation);
	} else {
		rewrite_ttl(relayed->frame, outer);
	}
	if (slot->method == FORWARD_METHOD_TUNNEL) {
		start = rewrite_encapsulate(start, length, outer, slot,
			flow_hash(&relayed->worker->flows, &request->key),
			relayed->worker->identification++);
		length = (uint16_t)(length + (relayed->frame + outer->l3_offset - start));
		ipv6 = slot->family == AF_INET6;
	}
	pass_on(relayed, start, length, ipv6,
		atomic_load_explicit(&slot->next_hop, memory_order_relaxed));
}

/* A reply's flow: on to the client of `request`. */
static void to_client(struct relayed *relayed, const struct flow *request)
{
	const struct packet *outer = relayed->outer;
	/* A router before the server has no address that the client could know (RFC 5508 §4.2,
	 * requirement 5c). */
	struct icmp_translation translation = {
		.outer_source = request->key.destination,
		.inner_destination = request->key.destination,
		.inner_destination_port = request->key.destination_port,
	};

	icmp_translate(relayed->frame, outer, &relayed->inner, &translation);
	pass_on(relayed, relayed->frame + outer->l3_offset, outer->l3_length,
		outer->key.family == AF_INET6,
		dataplane_route(relayed->worker->plane, outer->key.family, outer->key.destination));
}

static const struct relay_word *word_of(const struct packet *outer)
{
	for (size_t i = 0; i < RTE_DIM(words); i++)
		if (words[i].family == outer->key.family && words[i].type == outer->icmp_type &&
			outer->icmp_code >= words[i].first && outer->icmp_code <= words[i].last)
			return &words[i];
	return NULL;
}

/* What a client's packets may measure, when a tunnel's may measure what the error says. */
static uint16_t mtu_within(const struct relayed *relayed, const struct slot *slot, uint8_t family)
{
	const uint8_t *icmp = relayed->frame + relayed->outer->l4_offset;
	unsigned int least = family == AF_INET6 ? RELAY_LEAST_IPV6 : RELAY_LEAST_IPV4;
	unsigned int mtu;

	/* The last 16 bits of its second word, in both families. */
	mtu = (unsigned int)icmp[6] << 8 | icmp[7];
	if (relayed->outer->key.family == AF_INET6 && (icmp[4] || icmp[5]))
		mtu = UINT16_MAX;
	return (uint16_t)(mtu > least + slot->overhead ? mtu - slot->overhead : least);
}

/* An error about a packet in a tunnel of ours, made anew about the client's packet in it. */
static void about_tunnel(struct relayed *relayed, const struct packet *within,
	const struct slot *slot, const struct relay_word *word)
{
	struct worker *worker = relayed->worker;
	uint8_t family = within->key.family, made[RELAY_ERROR_MOST], *start;
	size_t length = icmp_make_error(made, sizeof(made), relayed->frame, within, word->error,
		mtu_within(relayed, slot, family), within->key.destination);

	if (length == 0 || length > relayed->port->mtu) {
		outlet_drop(worker, relayed->buffer, DROP_REASON_ICMP_UNKNOWN);
		return;
	}
	rte_pktmbuf_reset_headroom(relayed->buffer);
	start = rte_pktmbuf_mtod(relayed->buffer, uint8_t *);
	memcpy(start, made, length);
	pass_on(relayed, start, (uint16_t)length, family == AF_INET6,
		dataplane_route(worker->plane, family, within->key.source));
}

/* Whether this is about a tunnel to a destination: the packet within, and its flow's slot. */
static const struct slot *find_tunnel(struct relayed *relayed, struct packet *within)
{
	const struct packet *inner = &relayed->inner;
	const struct flow *request;
	const struct slot *slot;

	if (inner->kind != PACKET_KIND_IP_OTHER && inner->key.protocol != IPPROTO_UDP)
		return NULL;
	packet_parse_tunnelled(relayed->frame, relayed->buffer->data_len, inner, within);
	if (within->kind != PACKET_KIND_TRANSPORT)
		return NULL;
	request = find(relayed->worker, &within->key);
	if (!request || request->kind != FLOW_KIND_REQUEST)
		return NULL;
	slot = slot_of(relayed->worker, request);
	if (!slot || slot->method != FORWARD_METHOD_TUNNEL || slot->family != inner->key.family ||
		memcmp(slot->address, inner->key.destination, sizeof(slot->address)) != 0)
		return NULL;
	if (inner->key.protocol == IPPROTO_UDP && inner->key.destination_port != slot->tunnel_port)
		return NULL;
	return slot;
}

/* Whether it went to the worker that owns the client inside. */
static bool is_another_s(struct relayed *relayed, const struct packet *within)
{
	struct worker *worker = relayed->worker;
	const struct flow_key *key = &relayed->inner.key;
	const uint8_t *client = key->source;
	unsigned int owner;

	if (worker->plane->worker_count == 1)
		return false;
	if (within->kind == PACKET_KIND_TRANSPORT)
		client = within->key.source;
	else if (generation_find(
			 atomic_load_explicit(&worker->plane->generation, memory_order_acquire),
			 key->family, key->protocol, key->source, key->source_port))
		client = key->destination;
	owner = dataplane_owner(worker->plane, client);
	if (owner == worker->index)
		return false;
	outlet_hand_over(worker, relayed->buffer, relayed->port->index, owner);
	return true;
}

/* The packet inside is one of ours, or of a server's to a client. */
static bool relay_known(struct relayed *relayed)
{
	struct flow_key key = turned_round(&relayed->inner.key);
	const struct flow *flow = find(relayed->worker, &key);
	const struct slot *slot = flow ? slot_of(relayed->worker, flow) : NULL;

	if (!slot)
		return false;
	if (flow->kind == FLOW_KIND_REQUEST)
		to_server(relayed, flow, slot);
	else
		to_client(relayed, flow_at(&relayed->worker->flows, flow->peer));
	return true;
}

void relay_error(struct worker *worker, struct rte_mbuf *buffer, const struct packet *outer,
	const struct port *port, bool handed_over)
{
	struct relayed relayed = {
		.worker = worker,
		.buffer = buffer,
		.frame = rte_pktmbuf_mtod(buffer, uint8_t *),
		.port = port,
		.outer = outer,
	};
	const struct relay_word *word = word_of(outer);
	struct packet within = {.kind = PACKET_KIND_BAD};
	const struct slot *slot;

	packet_parse_inner(relayed.frame, buffer->data_len, outer, &relayed.inner);
	if (relayed.inner.kind == PACKET_KIND_BAD || outer->ttl <= 1) {
		outlet_arrived(worker, buffer, port->index, false);
		return;
	}
	if (relayed.inner.kind != PACKET_KIND_IP_OTHER && relay_known(&relayed))
		return;
	slot = find_tunnel(&relayed, &within);
	if (slot && word)
		about_tunnel(&relayed, &within, slot, word);
	else if (handed_over || !is_another_s(&relayed, &within))
		outlet_arrived(worker, buffer, port->index, false);
}
