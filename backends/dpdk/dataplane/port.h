// SPDX-License-Identifier: GPL-2.0-or-later
/* Ports: what DPDK drives, a NIC or one of its virtual devices, as the forwarder uses it.
 *
 * A worker receives from the queue of its own number, where the device has that many, and sends by
 * one of its own always. A frame of a port lies in one piece of memory: buffers are as long as the
 * largest MTU asks for. Offloads are asked for where a device has them; what it has not, the
 * forwarder does itself. */
#pragma once

#include <net/if.h>
#include <rte_mempool.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "backends/dpdk/dataplane/settings.h"
#include "base/error.h"

/* Link addresses that a port takes frames for beside its own: virtual routers'. */
#define PORT_LINKS_MOST 64
#define PORT_NAME_SIZE  32

#define PORT_DESCRIPTORS 1024

struct port {
	/* What workers read for each packet. */
	uint16_t id;            /* DPDK's */
	uint16_t vlan;          /* 0: untagged */
	uint16_t mtu;           /* of an IP packet */
	uint16_t receive_count; /* queues: workers 0 to receive_count - 1 have one */
	uint8_t index;          /* in dataplane.ports: what next hops name it by */
	uint8_t link_length;    /* Ethernet's header, 14, or 18 with a tag */
	bool verifies_ipv4; /* it has looked at IPv4's header checksum: ask the buffer's flags */
	uint8_t link[6];    /* its address */
	uint64_t link_word; /* the same as next_hop_word() has it, state and port 0 */
	_Atomic uint32_t other_count;
	_Atomic uint64_t others[PORT_LINKS_MOST]; /* as link_word */

	char name[PORT_NAME_SIZE]; /* the file's */
	char interface[IFNAMSIZ];  /* the kernel's, under a virtual device; "": none */
	unsigned int packet_index; /* the same by its index, under net_af_packet; 0: none */
	bool attached;             /* made for us: port_close() removes the device too */
};

/* Opens the device with a send queue for each worker; its frames come into buffers of `pool`. Not
 * started yet. -errno with words that name the port and what to do. */
int port_open(struct port *port, uint8_t index, const struct settings_port *settings,
	unsigned int workers, struct rte_mempool *pool, struct error *error);
int port_start(struct port *port, struct error *error);
void port_close(struct port *port);

/* Replaces the other link addresses that it takes frames for; in hardware where it can, else by
 * taking all frames and looking. One thread. -ENOSPC when they are too many. */
int port_set_links(struct port *port, const uint8_t (*links)[6], unsigned int count);

/* Bytes of the longest frame of packets of this MTU; bytes that a buffer has room for behind its headroom, so
 * that any card puts such a frame into one. */
unsigned int port_frame_size(unsigned int mtu);
unsigned int port_room(unsigned int mtu);

/* Whether frames can go out and come in. DPDK's packet sockets say so always: there it is the kernel's
 * interface that knows. Any thread. */
bool port_has_link(const struct port *port);

struct port_counters {
	uint64_t packets_in, bytes_in, packets_out, bytes_out;
	uint64_t missed, errors_in, errors_out, no_buffer; /* as the device counts them */
	bool up;
};

void port_count(const struct port *port, struct port_counters *ret);
