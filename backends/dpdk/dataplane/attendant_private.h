// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of the attendant share. All of it is its thread's. */
#pragma once

#include <pthread.h>
#include <rte_mbuf.h>

#include "backends/dpdk/dataplane/attendant.h"
#include "backends/dpdk/dataplane/carrier.h"
#include "backends/dpdk/dataplane/exception.h"
#include "backends/dpdk/dataplane/icmp.h"
#include "backends/dpdk/dataplane/link.h"
#include "backends/dpdk/dataplane/silence.h"
#include "backends/dpdk/dataplane/worker.h"

#define ATTENDANT_BURST 32

/* ICMP errors: so many in a second, and at once. */
#define ATTENDANT_ERRORS_EACH_SECOND 1000
#define ATTENDANT_ERRORS_AT_ONCE     200

/* Packets in the making. */
#define ATTENDANT_REASSEMBLIES 128

/* What the kernel speaks from on a port, beside its own link address. */
struct attendant_links {
	uint8_t links[PORT_LINKS_MOST][LINK_SIZE];
	unsigned int count;
};

struct attendant {
	struct dataplane *plane;
	struct neighbour_cache neighbours;
	struct route_table routes;
	struct exception *exceptions[SETTINGS_PORTS_MOST]; /* NULL: the port has none */
	struct silence *silences[SETTINGS_PORTS_MOST];     /* NULL: nothing to silence */
	struct attendant_links links[SETTINGS_PORTS_MOST];
	struct reassembly *reassembly; /* NULL: fragments are dropped */
	uint64_t given_up;             /* packets in the making, counted as dropped */
	uint64_t now;
	uint64_t next;          /* when something of neighbours is due */
	uint64_t look_at;       /* when to look for old packets in the making; 0: there are none */
	uint64_t errors_refill; /* as if the bucket of errors had been empty then */
	uint32_t identification;
	struct carrier *carrier;
	int epoll;
	pthread_t thread;
	bool runs;
	_Atomic bool stop;
	_Atomic uint64_t to_kernel, from_kernel, answers, errors;
};

/* --- attendant_send.c: each takes the buffer --- */

void attendant_drop(struct attendant *attendant, struct rte_mbuf *buffer, enum drop_reason reason);

/* A whole frame, by this port; or as if it had come from it. */
void attendant_transmit(struct attendant *attendant, struct rte_mbuf *buffer, uint8_t port);
void attendant_receive(struct attendant *attendant, struct rte_mbuf *buffer, uint8_t port);

/* An IP packet without link header, by a next hop of a route, or NEXT_HOP_NONE. */
void attendant_send(struct attendant *attendant, struct rte_mbuf *buffer, uint32_t next_hop);
/* The same, by what the routes say of its destination; in pieces where it is too long. */
void attendant_route(struct attendant *attendant, struct rte_mbuf *buffer);
/* The same in pieces, longer than the MTU of the next hop's port. */
void attendant_divide(struct attendant *attendant, struct rte_mbuf *buffer, uint32_t next_hop);

/* A whole frame to the kernel's end of a port. */
void attendant_to_kernel(struct attendant *attendant, struct rte_mbuf *buffer, uint8_t port);

/* Drops a whole frame that came from a port and answers its sender. */
void attendant_answer_error(struct attendant *attendant, struct rte_mbuf *buffer, uint8_t port,
	enum icmp_error error, uint16_t mtu);

/* `length` bytes in a buffer of their own; NULL, counted, when there is none. */
struct rte_mbuf *attendant_copy(struct attendant *attendant, const void *bytes, size_t length);

extern const struct neighbour_cache_ops attendant_neighbour_ops;

/* --- attendant_receive.c --- */

/* A frame as it came from a port; takes the buffer. */
void attendant_arrived(struct attendant *attendant, struct rte_mbuf *buffer, uint8_t port);

/* What the kernel has sent by its end of a port. */
void attendant_from_kernel(struct attendant *attendant, uint8_t port);

extern const struct reassembly_ops attendant_reassembly_ops;
