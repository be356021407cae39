// SPDX-License-Identifier: GPL-2.0-or-later
/* What becomes of a frame that is no established traffic: the table `handlers` says it for each kind.
 *
 * The forwarder answers for the ports' own addresses alone (dpdk.ports.*.addresses): questions for them, echoes
 * to them. What is said about a neighbour is heard whoever it was meant for; what was not meant for us goes
 * on to the kernel, which owns the virtual routers' addresses and answers for them. */
#include "backends/dpdk/dataplane/attendant_private.h"

#include "backends/dpdk/dataplane/arp.h"
#include "backends/dpdk/dataplane/discovery.h"

#define ICMP_ECHO   8
#define ICMPV6_ECHO 128
/* Frames of the kernel in one turn. */
#define KERNEL_BURST 64

/* A frame in hand. */
struct arrival {
	struct rte_mbuf *buffer;
	uint8_t *frame;
	uint8_t port;
	struct packet packet;
};

static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};
/* RFC 9568 §7.3: 00-00-5e-00-01-XX for IPv4, -02- for IPv6. */
static const uint8_t router_link[4] = {0x00, 0x00, 0x5e, 0x00};

static const struct port *arrival_port(
	const struct attendant *attendant, const struct arrival *arrival)
{
	return &attendant->plane->ports[arrival->port];
}

static void arrival_to_kernel(struct attendant *attendant, struct arrival *arrival)
{
	attendant_to_kernel(attendant, arrival->buffer, arrival->port);
}

static void arrival_drop(
	struct attendant *attendant, struct arrival *arrival, enum drop_reason reason)
{
	attendant_drop(attendant, arrival->buffer, reason);
}

/* --- links that the kernel speaks from --- */

static bool attendant_is_router_link(const uint8_t link[static LINK_SIZE])
{
	return memcmp(link, router_link, sizeof(router_link)) == 0 &&
	       (link[4] == 1 || link[4] == 2);
}

static int attendant_find_link(
	const struct attendant_links *links, const uint8_t link[static LINK_SIZE])
{
	for (unsigned int i = 0; i < links->count; i++) {
		if (memcmp(links->links[i], link, LINK_SIZE) == 0)
			return (int)i;
	}
	return -1;
}

static void attendant_set_links(struct attendant *attendant, uint8_t port)
{
	const struct attendant_links *links = &attendant->links[port];
	struct dataplane *plane = attendant->plane;

	/* The kernel may have to be asked, and takes as long as others keep its lock of the network: no grace
	 * period is to wait for that. Nothing is in hand here that it protects. */
	rte_rcu_qsbr_thread_offline(plane->rcu, plane->worker_count);
	port_set_links(&plane->ports[port], links->links, links->count);
	rte_rcu_qsbr_thread_online(plane->rcu, plane->worker_count);
}

/* The kernel has become a virtual router: its frames are for this port from now on. */
static void attendant_learn_link(
	struct attendant *attendant, uint8_t port, const uint8_t link[static LINK_SIZE])
{
	struct attendant_links *links = &attendant->links[port];

	if (!attendant_is_router_link(link) || attendant_find_link(links, link) >= 0 ||
		links->count == PORT_LINKS_MOST)
		return;
	memcpy(links->links[links->count++], link, LINK_SIZE);
	attendant_set_links(attendant, port);
}

/* Somebody else is it now. */
static void attendant_forget_link(
	struct attendant *attendant, uint8_t port, const uint8_t link[static LINK_SIZE])
{
	struct attendant_links *links = &attendant->links[port];
	int at = attendant_find_link(links, link);

	if (at < 0)
		return;
	memcpy(links->links[at], links->links[--links->count], LINK_SIZE);
	attendant_set_links(attendant, port);
}

/* --- neighbours --- */

static void arrival_hear(struct attendant *attendant, const struct arrival *arrival,
	const struct address *who, struct neighbour_event event, bool make)
{
	/* Nobody gets an entry who is not on this link. */
	make = make && route_look_up(&attendant->routes, (uint8_t)who->family, who->bytes) ==
			       ROUTE_ON_LINK + arrival->port;
	neighbour_cache_hear(
		&attendant->neighbours, arrival->port, who, &event, make, attendant->now);
}

static void arrival_answer_arp(struct attendant *attendant, const struct arrival *arrival,
	const struct arp_message *question)
{
	const struct port *port = arrival_port(attendant, arrival);
	struct arp_message answer = {.reply = true};
	uint8_t frame[ARP_FRAME_MOST];
	struct rte_mbuf *buffer;

	memcpy(answer.sender_link, port->link, sizeof(answer.sender_link));
	memcpy(answer.sender, question->target, sizeof(answer.sender));
	memcpy(answer.target_link, question->sender_link, sizeof(answer.target_link));
	memcpy(answer.target, question->sender, sizeof(answer.target));
	buffer = attendant_copy(
		attendant, frame, arp_write(frame, &answer, question->sender_link, port->vlan));
	if (!buffer)
		return;
	count_add(&attendant->answers, 1);
	attendant_transmit(attendant, buffer, arrival->port);
}

static void arrival_arp(struct attendant *attendant, struct arrival *arrival)
{
	unsigned int header = link_header_size(arrival_port(attendant, arrival)->vlan);
	struct arp_message message;
	struct address sender, target;
	bool ours;

	if (!arp_parse(arrival->frame + header, arrival->buffer->data_len - header, &message)) {
		arrival_to_kernel(attendant, arrival);
		return;
	}
	sender = address_from_bytes(AF_INET, message.sender);
	target = address_from_bytes(AF_INET, message.target);
	ours = route_is_own(&attendant->routes, arrival->port, &target);
	if (!address_is_unspecified(&sender))
		arrival_hear(attendant, arrival, &sender,
			(struct neighbour_event){.type = message.reply && ours
								 ? NEIGHBOUR_EVENT_ANSWER
								 : NEIGHBOUR_EVENT_ANNOUNCE,
				.link = message.sender_link,
				.override = true},
			ours && !message.reply);
	if (!ours) {
		arrival_to_kernel(attendant, arrival);
		return;
	}
	if (!message.reply)
		arrival_answer_arp(attendant, arrival, &message);
	rte_pktmbuf_free(arrival->buffer);
}

/* A question from nowhere, which is whether the address is free, is answered to all. */
static void arrival_answer_discovery(struct attendant *attendant, const struct arrival *arrival,
	const struct discovery_message *question)
{
	const struct port *port = arrival_port(attendant, arrival);
	struct address asker = address_from_bytes(AF_INET6, question->source);
	bool nowhere = address_is_unspecified(&asker);
	struct discovery_message answer = {.advertisement = true,
		.router = true,
		.solicited = !nowhere,
		.override = true,
		.has_link = true};
	uint8_t frame[DISCOVERY_FRAME_MOST];
	struct rte_mbuf *buffer;

	memcpy(answer.source, question->target, sizeof(answer.source));
	memcpy(answer.target, question->target, sizeof(answer.target));
	memcpy(answer.destination, nowhere ? all_nodes : question->source,
		sizeof(answer.destination));
	buffer = attendant_copy(attendant, frame,
		discovery_write(frame, &answer, port->link,
			nowhere ? NULL : arrival->frame + LINK_SIZE, port->vlan));
	if (!buffer)
		return;
	count_add(&attendant->answers, 1);
	attendant_transmit(attendant, buffer, arrival->port);
}

static void arrival_solicitation(struct attendant *attendant, struct arrival *arrival,
	const struct discovery_message *message)
{
	struct address source = address_from_bytes(AF_INET6, message->source);
	struct address target = address_from_bytes(AF_INET6, message->target);
	bool ours = route_is_own(&attendant->routes, arrival->port, &target);

	if (message->has_link)
		arrival_hear(attendant, arrival, &source,
			(struct neighbour_event){.type = NEIGHBOUR_EVENT_ANNOUNCE,
				.link = message->link,
				.override = true},
			ours);
	if (!ours) {
		arrival_to_kernel(attendant, arrival);
		return;
	}
	arrival_answer_discovery(attendant, arrival, message);
	rte_pktmbuf_free(arrival->buffer);
}

static void arrival_advertisement(struct attendant *attendant, struct arrival *arrival,
	const struct discovery_message *message)
{
	struct address target = address_from_bytes(AF_INET6, message->target);
	struct address to = address_from_bytes(AF_INET6, message->destination);

	arrival_hear(attendant, arrival, &target,
		(struct neighbour_event){.type = message->solicited ? NEIGHBOUR_EVENT_ANSWER
								    : NEIGHBOUR_EVENT_ANNOUNCE,
			.link = message->has_link ? message->link : NULL,
			.override = message->override},
		false);
	if (route_is_own(&attendant->routes, arrival->port, &to))
		rte_pktmbuf_free(arrival->buffer);
	else
		arrival_to_kernel(attendant, arrival);
}

static void arrival_icmp(struct attendant *attendant, struct arrival *arrival)
{
	const struct packet *packet = &arrival->packet;
	struct discovery_message message;

	if (packet->key.family != AF_INET6 ||
		!discovery_parse(arrival->frame + packet->l3_offset, packet->l3_length, &message))
		arrival_to_kernel(attendant, arrival);
	else if (message.advertisement)
		arrival_advertisement(attendant, arrival, &message);
	else
		arrival_solicitation(attendant, arrival, &message);
}

/* --- packets to the ports' own addresses --- */

static bool arrival_is_ours(const struct attendant *attendant, const struct arrival *arrival)
{
	const struct flow_key *key = &arrival->packet.key;

	return route_look_up(&attendant->routes, key->family, key->destination) < NEXT_HOP_PORTS;
}

/* Leaves the IP packet alone in the buffer. */
static void arrival_take_off_link(const struct arrival *arrival)
{
	rte_pktmbuf_adj(arrival->buffer, arrival->packet.l3_offset);
	rte_pktmbuf_trim(
		arrival->buffer, (uint16_t)(arrival->buffer->data_len - arrival->packet.l3_length));
}

/* One that came in fragments is answered in fragments. */
static void arrival_query(struct attendant *attendant, struct arrival *arrival)
{
	uint8_t type = arrival->packet.icmp_type;

	if (!arrival_is_ours(attendant, arrival)) {
		arrival_to_kernel(attendant, arrival);
		return;
	}
	if (type != ICMP_ECHO && type != ICMPV6_ECHO) {
		arrival_drop(attendant, arrival, DROP_REASON_NO_SERVICE);
		return;
	}
	icmp_echo_reply(arrival->frame, &arrival->packet);
	count_add(&attendant->answers, 1);
	if (arrival->packet.l3_length <=
		note_piece(arrival->buffer, arrival_port(attendant, arrival)->mtu)) {
		attendant_transmit(attendant, arrival->buffer, arrival->port);
		return;
	}
	arrival_take_off_link(arrival);
	attendant_route(attendant, arrival->buffer);
}

static void arrival_transport(struct attendant *attendant, struct arrival *arrival)
{
	if (!arrival_is_ours(attendant, arrival))
		arrival_to_kernel(attendant, arrival);
	else if (arrival->packet.key.protocol == IPPROTO_UDP)
		attendant_answer_error(
			attendant, arrival->buffer, arrival->port, ICMP_ERROR_PORT_UNREACHABLE, 0);
	else
		arrival_drop(attendant, arrival, DROP_REASON_NO_SERVICE);
}

/* One of our own that no connection claims is about a packet that was not rewritten: it goes where it is
 * addressed to. */
static void arrival_error(struct attendant *attendant, struct arrival *arrival)
{
	const struct port *port = arrival_port(attendant, arrival);

	if (memcmp(arrival->frame + LINK_SIZE, port->link, LINK_SIZE) == 0) {
		arrival_take_off_link(arrival);
		attendant_route(attendant, arrival->buffer);
	} else if (arrival_is_ours(attendant, arrival)) {
		arrival_drop(attendant, arrival, DROP_REASON_ICMP_UNKNOWN);
	} else {
		arrival_to_kernel(attendant, arrival);
	}
}

static void arrival_packet(struct attendant *attendant, struct arrival *arrival)
{
	if (arrival_is_ours(attendant, arrival))
		arrival_drop(attendant, arrival, DROP_REASON_NO_SERVICE);
	else
		arrival_to_kernel(attendant, arrival);
}

/* --- fragments --- */

static uint8_t *attendant_take_large(void *data, void **buffer)
{
	const struct attendant *attendant = data;
	struct rte_mbuf *large = rte_pktmbuf_alloc(attendant->plane->whole);

	*buffer = large;
	return large ? rte_pktmbuf_mtod(large, uint8_t *) : NULL;
}

static void attendant_give_large_back(void *data _unused_, void *buffer)
{
	rte_pktmbuf_free(buffer);
}

const struct reassembly_ops attendant_reassembly_ops = {
	.take = attendant_take_large,
	.give_back = attendant_give_large_back,
};

/* What has become whole is as if it had come so; it may be divided again on its way out. */
static void arrival_whole(
	struct attendant *attendant, const struct reassembly_whole *whole, uint8_t port)
{
	struct rte_mbuf *buffer = whole->buffer;

	buffer->data_off = (uint16_t)(whole->frame - (const uint8_t *)buffer->buf_addr);
	buffer->data_len = (uint16_t)whole->length;
	buffer->pkt_len = (uint32_t)whole->length;
	buffer->ol_flags |= NOTE_FLAG_DIVISIBLE;
	buffer->tso_segsz = whole->piece;
	buffer->port = attendant->plane->ports[port].id;
	attendant_receive(attendant, buffer, port);
}

static void arrival_fragment(struct attendant *attendant, struct arrival *arrival)
{
	struct reassembly_whole whole;

	if (!attendant->reassembly) {
		arrival_drop(attendant, arrival, DROP_REASON_FRAGMENTS);
		return;
	}
	switch (reassembly_add(attendant->reassembly, arrival->frame, &arrival->packet,
		arrival->port, attendant->now, &whole)) {
	case REASSEMBLY_RESULT_WHOLE:
		arrival_whole(attendant, &whole, arrival->port);
		rte_pktmbuf_free(arrival->buffer);
		break;
	case REASSEMBLY_RESULT_HELD:
		rte_pktmbuf_free(arrival->buffer);
		break;
	default:
		arrival_drop(attendant, arrival, DROP_REASON_FRAGMENTS);
	}
}

/* --- all kinds --- */

/* No IP, or another VLAN's. */
static void arrival_other(struct attendant *attendant, struct arrival *arrival)
{
	bool tagged = link_get_16(arrival->frame + 2 * LINK_SIZE) == LINK_TYPE_VLAN;
	uint16_t vlan = arrival_port(attendant, arrival)->vlan;

	if (arrival->buffer->data_len < LINK_HEADER_MOST || tagged != (vlan != 0) ||
		(tagged && (link_get_16(arrival->frame + LINK_HEADER) & 0xfff) != vlan))
		arrival_drop(attendant, arrival, DROP_REASON_OTHER_HOST);
	else
		arrival_to_kernel(attendant, arrival);
}

static void arrival_bad(struct attendant *attendant, struct arrival *arrival)
{
	arrival_drop(attendant, arrival, (enum drop_reason)arrival->packet.reason);
}

static void (*const handlers[PACKET_KIND_COUNT])(
	struct attendant *attendant, struct arrival *arrival) = {
	[PACKET_KIND_TRANSPORT] = arrival_transport,
	[PACKET_KIND_ICMP_QUERY] = arrival_query,
	[PACKET_KIND_ICMP_ERROR] = arrival_error,
	[PACKET_KIND_ICMP_OTHER] = arrival_icmp,
	[PACKET_KIND_FRAGMENT] = arrival_fragment,
	[PACKET_KIND_IP_OTHER] = arrival_packet,
	[PACKET_KIND_ARP] = arrival_arp,
	[PACKET_KIND_OTHER] = arrival_other,
	[PACKET_KIND_BAD] = arrival_bad,
};

/* A group's, or one that was sent to this port. */
static bool arrival_is_for_port(const struct attendant *attendant, const struct arrival *arrival)
{
	return link_is_group(arrival->frame) ||
	       memcmp(arrival->frame, arrival_port(attendant, arrival)->link, LINK_SIZE) == 0 ||
	       attendant_find_link(&attendant->links[arrival->port], arrival->frame) >= 0;
}

void attendant_arrived(struct attendant *attendant, struct rte_mbuf *buffer, uint8_t port)
{
	struct arrival arrival = {
		.buffer = buffer, .frame = rte_pktmbuf_mtod(buffer, uint8_t *), .port = port};

	if (buffer->data_len < LINK_HEADER) {
		attendant_drop(attendant, buffer, DROP_REASON_OTHER_HOST);
		return;
	}
	attendant_forget_link(attendant, port, arrival.frame + LINK_SIZE);
	if (!arrival_is_for_port(attendant, &arrival)) {
		attendant_drop(attendant, buffer, DROP_REASON_OTHER_HOST);
		return;
	}
	packet_parse(arrival.frame, buffer->data_len, arrival_port(attendant, &arrival)->vlan,
		false, &arrival.packet);
	handlers[arrival.packet.kind](attendant, &arrival);
}

/* --- the kernel's frames --- */

/* One frame; false: there was none. */
static bool attendant_take_from_kernel(struct attendant *attendant, uint8_t index)
{
	const struct port *port = &attendant->plane->ports[index];
	struct rte_mbuf *buffer = rte_pktmbuf_alloc(attendant->plane->pool);
	size_t tag = port->vlan ? LINK_TAG : 0, length;
	uint8_t *frame, scratch[LINK_HEADER];

	if (!buffer) {
		/* It is taken all the same, or it would wake us for ever. */
		length = exception_read(attendant->exceptions[index], scratch, sizeof(scratch));
		if (length)
			count_add(&attendant->plane->drops.counts[DROP_REASON_NO_BUFFER], 1);
		return length;
	}
	frame = rte_pktmbuf_mtod(buffer, uint8_t *);
	length = exception_read(
		attendant->exceptions[index], frame + tag, rte_pktmbuf_tailroom(buffer) - tag);
	if (length < LINK_HEADER) {
		rte_pktmbuf_free(buffer);
		return length;
	}
	if (tag) {
		memmove(frame, frame + tag, 2 * LINK_SIZE);
		link_put_16(link_put_16(frame + 2 * LINK_SIZE, LINK_TYPE_VLAN), port->vlan);
	}
	rte_pktmbuf_append(buffer, (uint16_t)(length + tag));
	attendant_learn_link(attendant, index, frame + LINK_SIZE);
	count_add(&attendant->from_kernel, 1);
	attendant_transmit(attendant, buffer, index);
	return true;
}

void attendant_from_kernel(struct attendant *attendant, uint8_t port)
{
	for (unsigned int i = 0; i < KERNEL_BURST; i++) {
		if (!attendant_take_from_kernel(attendant, port))
			return;
	}
}
