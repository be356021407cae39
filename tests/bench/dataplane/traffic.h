// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames made in memory: what a null port "receives" is written into its buffers by a callback, so
 * that a worker gets them as from any port. The same frames for what is measured and its yardstick.
 *
 * Flow number i has a client address and port of its own; frames come in order of i, which is no order
 * in any table. All frames of a run are alike but for the client. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "backends/dpdk/dataplane/port.h"

#define TRAFFIC_SERVERS    8
#define TRAFFIC_PORT       80
#define TRAFFIC_FRAME_MOST 80

enum traffic_kind {
	TRAFFIC_KIND_OPEN,     /* SYN, for TCP */
	TRAFFIC_KIND_OPEN_ACK, /* the servers' answer */
	TRAFFIC_KIND_REQUEST,
	TRAFFIC_KIND_REPLY,
	TRAFFIC_KIND_BOTH, /* bursts of requests and of replies in turn */
};

struct traffic_source {
	/* Set by whoever wants frames. */
	uint8_t family, protocol;
	enum traffic_kind kind;
	uint32_t first, flows; /* numbers from `first` on, `flows` of them, again and again */
	uint32_t services;     /* ports from TRAFFIC_PORT on, in turn; 0 is as 1 */
	uint32_t fresh;        /* so many frames of each burst begin a flow that was never there */
	const uint8_t *server_of; /* of each flow, for replies */
	const uint32_t *numbers;  /* these instead, `flows` of them */
	/* The callback's own. */
	uint64_t made; /* frames */
	uint32_t next, next_fresh, mask;
	bool reply;
	uint16_t length;
	uint8_t request[TRAFFIC_FRAME_MOST], answers[TRAFFIC_SERVERS][TRAFFIC_FRAME_MOST];
	uint32_t request_sum, answer_sums[TRAFFIC_SERVERS];
};

/* Makes the templates anew; frames are sent to the port's address. */
void traffic_prepare(struct traffic_source *traffic, const struct port *port);

/* What a queue of a null port receives from now on is `traffic`, as it is at each time. What it returns is for
 * traffic_detach(), before the port is closed: DPDK keeps callbacks for the next port of the same number.
 * NULL when there is no memory. */
const struct rte_eth_rxtx_callback *traffic_attach(
	struct traffic_source *traffic, uint16_t port, uint16_t queue);
/* For the thread that receives from the queue, or when nobody does. */
void traffic_detach(const struct rte_eth_rxtx_callback *callback, uint16_t port, uint16_t queue);

/* The client of flow i, 16 bytes, and its port in network order. */
void traffic_client(uint8_t family, uint32_t flow, uint8_t address[static 16]);
uint16_t traffic_client_port(uint32_t flow);
void traffic_server(uint8_t family, unsigned int server, uint8_t address[static 16]);
void traffic_service(uint8_t family, uint8_t address[static 16]);
