// SPDX-License-Identifier: GPL-2.0-or-later
/* What the forwarder starts with, and keeps until it ends: ports, workers, sizes, time-outs. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "backends/dpdk/dataplane/transport.h"
#include "base/address.h"
#include "base/vector.h"

#define SETTINGS_PORTS_MOST   32
#define SETTINGS_WORKERS_MOST 64

/* ADDRESS/LENGTH: an address of a port, and the prefix that is reached through it. */
struct settings_prefix {
	struct address address;
	uint8_t length;
};

struct settings_prefix_vector {
	VECTOR_OF(struct settings_prefix);
};

struct settings_port {
	char *name;
	char *device;    /* "0000:03:00.0", "net_af_packet,iface=eth0" */
	char *exception; /* the kernel's interface for what is not the balancer's; NULL: none */
	struct settings_prefix_vector addresses;
	uint16_t vlan; /* 1 to 4094; 0: untagged */
	uint16_t mtu;
};

struct settings_port_vector {
	VECTOR_OF(struct settings_port);
};

struct settings_route {
	struct settings_prefix to;
	struct address via; /* family 0: the prefix is on the link */
	char *port;         /* its name; NULL: that through which `via` is reached */
};

struct settings_route_vector {
	VECTOR_OF(struct settings_route);
};

struct settings_text_vector {
	VECTOR_OF(char *);
};

enum settings_full {
	SETTINGS_FULL_HALF_OPEN, /* the half-open connection nearest to its end makes room */
	SETTINGS_FULL_REFUSE,
};

struct dataplane_settings {
	struct settings_text_vector eal; /* arguments for EAL, as the file has them */
	unsigned int workers;
	uint64_t memory; /* bytes for packets; 0: what ports and workers need */
	struct settings_port_vector ports;
	struct settings_route_vector routes;
	uint32_t connections;  /* of all workers */
	uint32_t services;     /* places for them */
	uint32_t destinations; /* slots: what drains counts too */
	struct transport_timeouts timeouts;
	enum settings_full when_full;
	bool reassemble; /* else fragments are dropped */
	bool clamp_mss;
};

/* The defaults: one worker, a million connections; no port. */
void settings_init(struct dataplane_settings *settings);
void settings_clear(struct dataplane_settings *settings);
