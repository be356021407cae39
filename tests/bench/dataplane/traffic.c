// SPDX-License-Identifier: GPL-2.0-or-later
/* A template is copied, then the client's address and port are put in, and IPv4's checksum is finished
 * from the template's sum: a few nanoseconds, which the yardstick pays as well. */

#include "tests/bench/dataplane/traffic.h"

#include <netinet/in.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <string.h>
#include <sys/socket.h>

#include "backends/dpdk/dataplane/checksum.h"

enum traffic_offset {
	TRAFFIC_IP = 14,
	TRAFFIC_IP4_CHECKSUM = TRAFFIC_IP + 10,
	TRAFFIC_IP4_SOURCE = TRAFFIC_IP + 12,
	TRAFFIC_IP4_DESTINATION = TRAFFIC_IP + 16,
	TRAFFIC_IP4_L4 = TRAFFIC_IP + 20,
	TRAFFIC_IP6_SOURCE = TRAFFIC_IP + 8,
	TRAFFIC_IP6_DESTINATION = TRAFFIC_IP + 24,
	TRAFFIC_IP6_L4 = TRAFFIC_IP + 40,
};

/* A frame is no shorter than Ethernet's shortest, without its checksum. */
#define TRAFFIC_SHORTEST 60

void traffic_client(uint8_t family, uint32_t flow, uint8_t address[static 16])
{
	uint32_t low = htonl((10u << 24) + 1 + flow);

	memset(address, 0, 16);
	if (family == AF_INET) {
		memcpy(address, &low, 4);
		return;
	}
	memcpy(address, "\x20\x01\x0d\xb8\x00\x01", 6);
	memcpy(address + 12, &low, 4);
}

uint16_t traffic_client_port(uint32_t flow)
{
	return htons((uint16_t)(1024 + (flow & 0x3fff)));
}

void traffic_server(uint8_t family, unsigned int server, uint8_t address[static 16])
{
	uint32_t low = htonl((192u << 24) + (168u << 16) + 1 + server);

	memset(address, 0, 16);
	if (family == AF_INET) {
		memcpy(address, &low, 4);
		return;
	}
	memcpy(address, "\x20\x01\x0d\xb8\x00\x02", 6);
	memcpy(address + 12, &low, 4);
}

void traffic_service(uint8_t family, uint8_t address[static 16])
{
	memset(address, 0, 16);
	if (family == AF_INET)
		memcpy(address, "\xcb\x00\x71\x01", 4);
	else
		memcpy(address, "\x20\x01\x0d\xb8\x00\x03\0\0\0\0\0\0\0\0\0\x01", 16);
}

/* TCP's or UDP's header; the checksum is one that nobody will verify, but that must be mended. */
static void make_transport(const struct traffic_source *traffic, uint8_t *l4, uint16_t length,
	bool reply, uint8_t flags)
{
	uint16_t port = htons(TRAFFIC_PORT), size = htons(length);

	memcpy(reply ? l4 : l4 + 2, &port, 2);
	if (traffic->protocol == IPPROTO_UDP) {
		memcpy(l4 + 4, &size, 2);
		memcpy(l4 + 6, "\x12\x34", 2);
		return;
	}
	l4[12] = 5 << 4;
	l4[13] = flags;
	memcpy(l4 + 14, "\x20\x00\x12\x34", 4);
}

/* A frame without its client. Returns IPv4's sum of it. */
static uint32_t make_frame(const struct traffic_source *traffic, const struct port *port,
	uint8_t *frame, const uint8_t *server, uint8_t flags)
{
	bool ipv4 = traffic->family == AF_INET;
	uint16_t length = (uint16_t)(traffic->length - TRAFFIC_IP);
	uint16_t total = htons(ipv4 ? length : length - 40);
	uint8_t *ip = frame + TRAFFIC_IP, service[16];

	traffic_service(traffic->family, service);
	memset(frame, 0, TRAFFIC_FRAME_MOST);
	memcpy(frame, port->link, 6);
	memcpy(frame + 6, "\x02\x00\x00\x00\x00\x01", 6);
	memcpy(frame + 12, ipv4 ? "\x08\x00" : "\x86\xdd", 2);
	if (ipv4) {
		memcpy(ip, "\x45\x00\x00\x00\x12\x34\x40\x00\x40", 9);
		memcpy(ip + 2, &total, 2);
		ip[9] = traffic->protocol;
		if (server)
			memcpy(frame + TRAFFIC_IP4_SOURCE, server, 4);
		else
			memcpy(frame + TRAFFIC_IP4_DESTINATION, service, 4);
		make_transport(
			traffic, frame + TRAFFIC_IP4_L4, (uint16_t)(length - 20), server, flags);
		return checksum_fold(checksum_add(0, ip, 20));
	}
	ip[0] = 0x60;
	memcpy(ip + 4, &total, 2);
	ip[6] = traffic->protocol;
	ip[7] = 64;
	memcpy(frame + (server ? TRAFFIC_IP6_SOURCE : TRAFFIC_IP6_DESTINATION),
		server ? server : service, 16);
	make_transport(traffic, frame + TRAFFIC_IP6_L4, (uint16_t)(length - 40), server, flags);
	return 0;
}

void traffic_prepare(struct traffic_source *traffic, const struct port *port)
{
	bool tcp = traffic->protocol == IPPROTO_TCP, ipv4 = traffic->family == AF_INET;
	bool opens = traffic->kind == TRAFFIC_KIND_OPEN || traffic->kind == TRAFFIC_KIND_OPEN_ACK;
	uint16_t length = (uint16_t)((ipv4 ? TRAFFIC_IP4_L4 : TRAFFIC_IP6_L4) + (tcp ? 20 : 8));
	uint8_t server[16];

	traffic->length = length < TRAFFIC_SHORTEST ? TRAFFIC_SHORTEST : length;
	traffic->next = 0;
	traffic->reply =
		traffic->kind == TRAFFIC_KIND_REPLY || traffic->kind == TRAFFIC_KIND_OPEN_ACK;
	traffic->request_sum =
		make_frame(traffic, port, traffic->request, NULL, opens ? 0x02 : 0x10);
	for (unsigned int i = 0; i < TRAFFIC_SERVERS; i++) {
		traffic_server(traffic->family, i, server);
		traffic->answer_sums[i] =
			make_frame(traffic, port, traffic->answers[i], server, opens ? 0x12 : 0x10);
	}
}

static inline void put_client(const struct traffic_source *traffic, uint8_t *frame, uint32_t flow,
	bool reply, uint32_t template_sum)
{
	uint32_t client = htonl((10u << 24) + 1 + flow), sum;
	uint16_t port = traffic_client_port(flow), field;

	if (traffic->family == AF_INET) {
		memcpy(frame + (reply ? TRAFFIC_IP4_DESTINATION : TRAFFIC_IP4_SOURCE), &client, 4);
		memcpy(frame + TRAFFIC_IP4_L4 + (reply ? 2 : 0), &port, 2);
		sum = template_sum + (client & 0xffff) + (client >> 16);
		sum = (sum & 0xffff) + (sum >> 16);
		sum = (sum & 0xffff) + (sum >> 16);
		field = (uint16_t)~sum;
		memcpy(frame + TRAFFIC_IP4_CHECKSUM, &field, 2);
		return;
	}
	frame += reply ? TRAFFIC_IP6_DESTINATION : TRAFFIC_IP6_SOURCE;
	memcpy(frame, "\x20\x01\x0d\xb8\x00\x01\0", 8);
	memcpy(frame + 12, &client, 4);
	frame += TRAFFIC_IP6_L4 - (reply ? TRAFFIC_IP6_DESTINATION : TRAFFIC_IP6_SOURCE);
	memcpy(frame + (reply ? 2 : 0), &port, 2);
}

static inline void put_service(const struct traffic_source *traffic, uint8_t *frame, uint32_t flow)
{
	uint16_t port = htons((uint16_t)(TRAFFIC_PORT + flow % traffic->services));

	memcpy(frame + (traffic->family == AF_INET ? TRAFFIC_IP4_L4 : TRAFFIC_IP6_L4) + 2, &port,
		2);
}

static inline uint32_t next_flow(struct traffic_source *traffic, unsigned int i)
{
	uint32_t flow;

	if (i < traffic->fresh)
		return traffic->first + traffic->flows + traffic->next_fresh++;
	flow = traffic->numbers ? traffic->numbers[traffic->next] : traffic->first + traffic->next;
	if (++traffic->next == traffic->flows)
		traffic->next = 0;
	return flow;
}

static uint16_t receive(uint16_t port, uint16_t queue, struct rte_mbuf *buffers[], uint16_t count,
	uint16_t most, void *data)
{
	struct traffic_source *traffic = data;
	bool reply = traffic->reply;

	(void)port, (void)queue, (void)most;
	traffic->made += count;
	if (traffic->kind == TRAFFIC_KIND_BOTH)
		traffic->reply = !reply;
	for (unsigned int i = 0; i < count; i++) {
		uint8_t *frame = rte_pktmbuf_mtod(buffers[i], uint8_t *);
		uint32_t flow = next_flow(traffic, i);
		unsigned int server = reply ? traffic->server_of[flow - traffic->first] : 0;

		memcpy(frame, reply ? traffic->answers[server] : traffic->request,
			TRAFFIC_FRAME_MOST);
		put_client(traffic, frame, flow, reply,
			reply ? traffic->answer_sums[server] : traffic->request_sum);
		if (traffic->services > 1)
			put_service(traffic, frame, flow);
		buffers[i]->data_len = traffic->length;
		buffers[i]->pkt_len = traffic->length;
	}
	return count;
}

const struct rte_eth_rxtx_callback *traffic_attach(
	struct traffic_source *traffic, uint16_t port, uint16_t queue)
{
	return rte_eth_add_rx_callback(port, queue, receive, traffic);
}

void traffic_detach(const struct rte_eth_rxtx_callback *callback, uint16_t port, uint16_t queue)
{
	rte_eth_remove_rx_callback(port, queue, callback);
	rte_free((void *)(uintptr_t)callback);
}
