// SPDX-License-Identifier: GPL-2.0-or-later
/* The data plane as the files write it: `dpdk:`, and the mappings below it. model/config.h includes
 * this, and says what is common to all mappings.
 *
 * What poise-dataplane starts with (ports, workers, memory, the size of its table) and what it may be
 * told while it runs (addresses, routes) stand side by side, as an operator thinks of them. */
#pragma once

#include "model/config_vrrp.h"

/* So many ports has a DPDK as distributions build it (RTE_MAX_ETHPORTS); the other two are far beyond
 * what a balancer needs, and keep what is looked up for each of them small. */
#define CONFIG_PORTS_MOST          32
#define CONFIG_PORT_ADDRESSES_MOST 32 /* of one port */
#define CONFIG_DATA_ROUTES_MOST    65536

enum config_port_address_key {
	CONFIG_PORT_ADDRESS_ADDRESS,
	CONFIG_PORT_ADDRESS_COUNT,
};

struct config_port_address {
	struct config_object object;
	struct config_prefix address;
};

struct config_port_address_list {
	CONFIG_LIST_OF(struct config_port_address);
};

enum config_port_key {
	CONFIG_PORT_DEVICE,
	CONFIG_PORT_ADDRESSES,
	CONFIG_PORT_VLAN,
	CONFIG_PORT_MTU,
	CONFIG_PORT_EXCEPTION,
	CONFIG_PORT_COUNT,
};

#define CONFIG_PORT_DEFAULT_MTU 1500

struct config_port {
	struct config_object object;
	struct config_name name;
	const char *device; /* a PCI address, or a DPDK device with its arguments */
	struct config_port_address_list addresses;
	uint32_t vlan; /* 0: frames have no tag */
	uint32_t mtu;
	const char *exception; /* the kernel's interface; NULL: none */
};

struct config_port_vector {
	VECTOR_OF(struct config_port);
};

enum config_data_route_key {
	CONFIG_DATA_ROUTE_TO,
	CONFIG_DATA_ROUTE_VIA,
	CONFIG_DATA_ROUTE_PORT,
	CONFIG_DATA_ROUTE_COUNT,
};

/* At least one of via and port is there; config_data_route_port() knows the port of either. */
struct config_data_route {
	struct config_object object;
	struct config_prefix to;
	struct address via; /* AF_UNSPEC: none, who is in `to` is a neighbour */
	const char *port;   /* NULL: the one that has `via` in one of its networks */
};

struct config_data_route_list {
	CONFIG_LIST_OF(struct config_data_route);
};

/* In the order of enum transport_state (backends/dpdk/dataplane/transport.h). */
enum config_data_timeouts_key {
	CONFIG_DATA_TIMEOUTS_TCP_SYN_SENT,
	CONFIG_DATA_TIMEOUTS_TCP_SYN_RECEIVED,
	CONFIG_DATA_TIMEOUTS_TCP_ESTABLISHED,
	CONFIG_DATA_TIMEOUTS_TCP_FIN_WAIT,
	CONFIG_DATA_TIMEOUTS_TCP_TIME_WAIT,
	CONFIG_DATA_TIMEOUTS_TCP_CLOSE,
	CONFIG_DATA_TIMEOUTS_TCP_CLOSE_WAIT,
	CONFIG_DATA_TIMEOUTS_TCP_LAST_ACK,
	CONFIG_DATA_TIMEOUTS_SCTP_INIT,
	CONFIG_DATA_TIMEOUTS_SCTP_COOKIE,
	CONFIG_DATA_TIMEOUTS_SCTP_ESTABLISHED,
	CONFIG_DATA_TIMEOUTS_SCTP_SHUTDOWN,
	CONFIG_DATA_TIMEOUTS_SCTP_CLOSED,
	CONFIG_DATA_TIMEOUTS_UDP,
	CONFIG_DATA_TIMEOUTS_UDP_REPLIED,
	CONFIG_DATA_TIMEOUTS_ICMP,
	CONFIG_DATA_TIMEOUTS_COUNT,
};

struct config_data_timeouts {
	struct config_object object;
	uint64_t of[CONFIG_DATA_TIMEOUTS_COUNT]; /* nanoseconds, whole milliseconds */
};

/* What becomes of a new connection when the table has no room. */
enum config_when_full {
	CONFIG_WHEN_FULL_HALF_OPEN,
	CONFIG_WHEN_FULL_REFUSE,
};

enum config_fragments {
	CONFIG_FRAGMENTS_REASSEMBLE,
	CONFIG_FRAGMENTS_DROP,
};

enum config_dpdk_key {
	CONFIG_DPDK_EAL,
	CONFIG_DPDK_MEMORY,
	CONFIG_DPDK_WORKERS,
	CONFIG_DPDK_PORTS,
	CONFIG_DPDK_ROUTES,
	CONFIG_DPDK_CONNECTIONS,
	CONFIG_DPDK_WHEN_FULL,
	CONFIG_DPDK_FRAGMENTS,
	CONFIG_DPDK_CLAMP_MSS,
	CONFIG_DPDK_TIMEOUTS,
	CONFIG_DPDK_COUNT,
};

struct config_dpdk {
	struct config_object object;
	struct config_text_list eal; /* arguments */
	uint64_t memory;             /* bytes, whole MiB; 0: as much as DPDK likes */
	uint32_t workers;
	struct config_port_vector ports; /* sorted by name once config_load() succeeded */
	struct config_data_route_list routes;
	uint32_t connections; /* of all workers together */
	enum config_when_full when_full;
	enum config_fragments fragments;
	bool clamp_mss;
	struct config_data_timeouts timeouts;
};

/* Find a port by its name, among sorted ones; NULL when there is none (or `name` is NULL). Borrowed. */
const struct config_port *config_find_port(const struct config_dpdk *dpdk, const char *name);

/* Whether the address is in the network of this prefix. */
bool config_prefix_holds(const struct config_prefix *prefix, const struct address *address);

/* The port that a route goes out by: its own, or the one of the longest network that has its next hop.
 * NULL when none has. */
const struct config_port *config_data_route_port(
	const struct config_dpdk *dpdk, const struct config_data_route *route);
