// SPDX-License-Identifier: GPL-2.0-or-later
/* The state of a load balancer as types: the exact objects that a backend holds.
 *
 * The same types stand on both sides of the diff: `live` is what a backend read, `desired` is what
 * step() wants to be there. What the *file* says (pools, defaults, names, drain times) is
 * model/config.h; model/declared.h turns that into objects of this header.
 *
 * A state is sorted vectors: services by service_key_compare(), the destinations of each by
 * destination_key_compare(), sync daemons by role, sysctls and ports by name, addresses of ports and
 * routes by their keys. Whoever fills a state calls
 * state_sort() once at the end; everything else relies on the order. Numbers are in host byte
 * order, addresses in network order (base/address.h). All keys are compared field by field, never
 * with memcmp. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/strbuf.h"
#include "base/vector.h"

enum service_kind {
	SERVICE_KIND_TCP,
	SERVICE_KIND_UDP,
	SERVICE_KIND_SCTP,
	SERVICE_KIND_FWMARK,
	SERVICE_KIND_COUNT,
};

/* Identity of a virtual service. For a fwmark, address is all zero but for its family, and port is
 * 0; for the others fwmark is 0. Port 0 means every port. */
struct service_key {
	enum service_kind kind;
	uint16_t port;
	uint32_t fwmark;
	struct address address;
};

enum forward_method {
	FORWARD_METHOD_NAT,
	FORWARD_METHOD_DIRECT,
	FORWARD_METHOD_TUNNEL,
	FORWARD_METHOD_LOCAL, /* linux/ip_vs.h knows these two; only others ever set them */
	FORWARD_METHOD_BYPASS,
	FORWARD_METHOD_COUNT,
};

enum tunnel_type {
	TUNNEL_TYPE_IPIP,
	TUNNEL_TYPE_GUE,
	TUNNEL_TYPE_GRE,
	TUNNEL_TYPE_COUNT,
};

enum tunnel_checksum {
	TUNNEL_CHECKSUM_NONE,
	TUNNEL_CHECKSUM_FULL,
	TUNNEL_CHECKSUM_REMOTE,
	TUNNEL_CHECKSUM_COUNT,
};

/* Weights that fit every tool. */
#define DESTINATION_LARGEST_WEIGHT 65535u

/* Attributes that are not the forwarding method's (a tunnel of a `nat` destination) are zero. */
struct destination_attributes {
	enum forward_method forward;
	enum tunnel_type tunnel_type;
	enum tunnel_checksum tunnel_checksum;
	uint16_t tunnel_port;     /* gue only */
	uint32_t weight;          /* 0: no new connections */
	uint32_t upper_threshold; /* connections; 0: none */
	uint32_t lower_threshold;
};

struct destination_key {
	struct address address;
	uint16_t port;
};

/* What passed since the object was made, and the backend's own estimate of what passes per second. */
struct traffic {
	uint64_t connections;
	uint64_t packets_in, packets_out;
	uint64_t bytes_in, bytes_out;
	uint32_t connection_rate;
	uint32_t byte_rate_in, byte_rate_out;
};

/* What only the live side has; never compared by the diff. */
struct destination_counts {
	uint32_t active;
	uint32_t inactive;
	uint32_t persistent;
	struct traffic traffic;
};

struct destination {
	struct destination_key key;
	struct destination_attributes attributes;
	struct destination_counts counts;
};

struct destination_vector {
	VECTOR_OF(struct destination);
};

/* Lengths with their NUL, from linux/ip_vs.h (IP_VS_SCHEDNAME_MAXLEN, IP_VS_PENAME_MAXLEN,
 * IFNAMSIZ). */
#define SCHEDULER_NAME_SIZE 16
#define ENGINE_NAME_SIZE    16
#define INTERFACE_NAME_SIZE 16

/* Bits of service_attributes.scheduler_flags: linux/ip_vs.h's IP_VS_SVC_F_SCHED1..3. What a bit
 * means is the scheduler's: for sh, 1 is sh-fallback and 2 is sh-port; for mh, mh-fallback and
 * mh-port. */
enum scheduler_flag {
	SCHEDULER_FLAG_1 = 1 << 0,
	SCHEDULER_FLAG_2 = 1 << 1,
	SCHEDULER_FLAG_3 = 1 << 2,
};
#define SCHEDULER_FLAG_SH_FALLBACK SCHEDULER_FLAG_1
#define SCHEDULER_FLAG_SH_PORT     SCHEDULER_FLAG_2
#define SCHEDULER_FLAG_MH_FALLBACK SCHEDULER_FLAG_1
#define SCHEDULER_FLAG_MH_PORT     SCHEDULER_FLAG_2

struct service_attributes {
	char scheduler[SCHEDULER_NAME_SIZE];
	uint32_t scheduler_flags; /* enum scheduler_flag */
	bool one_packet;
	bool persistent;
	uint32_t persistence_timeout; /* seconds; 0 when not persistent */
	/* IPv4: the mask in host order (/24 is 0xffffff00). IPv6: the prefix length, 1 to 128. Not
	 * persistent: all ones and 128, as the kernel has it. */
	uint32_t netmask;
	char engine[ENGINE_NAME_SIZE]; /* persistence engine; "" for none */
};

struct service {
	struct service_key key;
	struct service_attributes attributes;
	bool leaving; /* desired side: is not declared, and stays only until its drains are over */
	struct traffic traffic; /* live side: of all its destinations, those that are gone too */
	struct destination_vector destinations;
};

struct service_vector {
	VECTOR_OF(struct service);
};

/* Seconds. On the live side all are set; on the desired side only those that must be so. */
struct timeouts {
	bool tcp_set, tcp_fin_set, udp_set;
	uint32_t tcp, tcp_fin, udp;
};

enum sync_role {
	SYNC_ROLE_ACTIVE, /* IPVS says master: sends its connections */
	SYNC_ROLE_BACKUP, /* receives them */
	SYNC_ROLE_COUNT,
};

/* A connection synchronisation daemon; a backend has at most one of each role. */
struct sync_daemon {
	enum sync_role role;
	char interface[INTERFACE_NAME_SIZE];
	uint32_t id;          /* 0 to 255; a backup with 0 takes every id */
	struct address group; /* multicast group */
	uint16_t port;
	uint8_t ttl;
	uint16_t
		max_length; /* bytes of a message; 0 on the desired side: what the kernel chooses */
};

struct sync_vector {
	VECTOR_OF(struct sync_daemon);
};

/* Room for a value of net/ipv4/vs: two integers at most ("3 50"), or a text of debug builds. */
#define SYSCTL_NAME_SIZE  40
#define SYSCTL_VALUE_SIZE 32

/* One value below net/ipv4/vs, words separated by one space. */
struct sysctl {
	char name[SYSCTL_NAME_SIZE];
	char value[SYSCTL_VALUE_SIZE];
};

struct sysctl_vector {
	VECTOR_OF(struct sysctl);
};

/* What only a data plane has: ports that it was started with, which are shown and never made, and its
 * place in the network. Names are those of the file. */
#define DATA_PORT_NAME_SIZE   32
#define DATA_PORT_DEVICE_SIZE 256

struct data_port {
	char name[DATA_PORT_NAME_SIZE];
	char device[DATA_PORT_DEVICE_SIZE];
	char exception[INTERFACE_NAME_SIZE]; /* the kernel's interface; "": none */
	uint16_t vlan;                       /* 0: none */
	uint16_t mtu;
};

struct data_port_vector {
	VECTOR_OF(struct data_port);
};

struct port_address_key {
	char port[DATA_PORT_NAME_SIZE];
	struct address address;
};

struct port_address_attributes {
	uint8_t length; /* of the network that is on the link */
};

struct port_address {
	struct port_address_key key;
	struct port_address_attributes attributes;
};

struct port_address_vector {
	VECTOR_OF(struct port_address);
};

struct data_route_key {
	struct address to; /* no bit is set past the length */
	uint8_t length;
};

struct data_route_attributes {
	struct address via; /* AF_UNSPEC: the destinations are neighbours */
	char port[DATA_PORT_NAME_SIZE];
};

struct data_route {
	struct data_route_key key;
	struct data_route_attributes attributes;
};

struct data_route_vector {
	VECTOR_OF(struct data_route);
};

struct state {
	struct service_vector services;
	struct timeouts timeouts;
	struct sync_vector sync;
	/* On the desired side `sync` is exact only when this is set: then a daemon that is not
	 * listed goes. */
	bool sync_managed;
	struct sysctl_vector sysctls;
	struct data_port_vector ports; /* of what is desired: their names alone */
	struct port_address_vector port_addresses;
	struct data_route_vector routes;
	/* On the desired side these two are exact only when this is set. */
	bool ways_managed;
};

/* Total orders. service: kind, family, address, port, fwmark. destination: family, address, port.
 * port address: port, family, address. route: family, address, length. */
int service_key_compare(const struct service_key *a, const struct service_key *b);
int destination_key_compare(const struct destination_key *a, const struct destination_key *b);
int port_address_key_compare(const struct port_address_key *a, const struct port_address_key *b);
int data_route_key_compare(const struct data_route_key *a, const struct data_route_key *b);

/* The same over whole objects, for vector_sort() and vector_find() (the key stands first in each,
 * so a pointer to a bare key serves as the search key). */
int service_compare(const void *a, const void *b);
int destination_compare(const void *a, const void *b);
int sync_daemon_compare(const void *a, const void *b);
int sysctl_compare(const void *a, const void *b);
int data_port_compare(const void *a, const void *b);
int port_address_compare(const void *a, const void *b);
int data_route_compare(const void *a, const void *b);

bool service_attributes_equal(
	const struct service_attributes *a, const struct service_attributes *b);
bool destination_attributes_equal(
	const struct destination_attributes *a, const struct destination_attributes *b);
bool timeouts_equal(const struct timeouts *a, const struct timeouts *b);
bool sync_daemon_equal(const struct sync_daemon *a, const struct sync_daemon *b);
bool port_address_attributes_equal(
	const struct port_address_attributes *a, const struct port_address_attributes *b);
bool data_route_attributes_equal(
	const struct data_route_attributes *a, const struct data_route_attributes *b);

/* Find by key; NULL when there is none. Borrowed. */
struct service *state_find_service(const struct state *state, const struct service_key *key);
struct destination *service_find_destination(
	const struct service *service, const struct destination_key *key);
struct sysctl *state_find_sysctl(const struct state *state, const char *name);
struct data_port *state_find_port(const struct state *state, const char *name);
struct port_address *state_find_port_address(
	const struct state *state, const struct port_address_key *key);
struct data_route *state_find_route(const struct state *state, const struct data_route_key *key);

/* Puts a filled state into its order. Does not remove duplicates. */
void state_sort(struct state *state);

/* Deep copies and ends. state_clear() leaves an empty state. */
void service_copy(struct service *to, const struct service *from);
void service_clear(struct service *service);
void state_copy(struct state *to, const struct state *from);
void state_clear(struct state *state);

/* Whether it has nothing, and says nothing of what is not in it: what state_clear() leaves. */
bool state_is_empty(const struct state *state);

#define _cleanup_state_ _cleanup_(state_clear)

/* Texts. A service's text is a listener of the file format: "tcp://203.0.113.10:80",
 * "udp://[2001:db8::1]:53", "fwmark://7", "fwmark6://7". */
#define SERVICE_KEY_TEXT_SIZE 80
const char *service_key_format(
	const struct service_key *key, char text[static SERVICE_KEY_TEXT_SIZE]);

/* The reverse; -EINVAL when the text is no listener. Accepts exactly the forms of DESIGN's
 * `listen`. */
int service_key_parse(const char *text, struct service_key *ret);

/* "10.0.0.0/8", "::/0". Returns `text`. */
#define DATA_ROUTE_TEXT_SIZE (ADDRESS_LENGTH + 4)
const char *data_route_key_format(
	const struct data_route_key *key, char text[static DATA_ROUTE_TEXT_SIZE]);
/* The reverse; -EINVAL when the text is no network: without a length, or with bits past it. */
int data_route_key_parse(const char *text, struct data_route_key *ret);

/* "10.0.0.1:80", "[2001:db8::1]:80"; without a port when it is 0. And the reverse, which also takes
 * a bare IPv6 address: *port is 0 when none stands there. */
const char *destination_key_format(
	const struct destination_key *key, char text[static ADDRESS_ENDPOINT_LENGTH]);
int destination_key_parse(const char *text, struct destination_key *ret);

/* Words of the file format for the enums; the lookups give -EINVAL for an unknown word. */
const char *service_kind_name(enum service_kind kind);
const char *forward_method_name(enum forward_method method);
const char *tunnel_type_name(enum tunnel_type type);
const char *tunnel_checksum_name(enum tunnel_checksum checksum);
const char *sync_role_name(enum sync_role role);
int forward_method_from_name(const char *name);
int tunnel_type_from_name(const char *name);
int tunnel_checksum_from_name(const char *name);
int sync_role_from_name(const char *name);

/* netmask of service_attributes <-> prefix length. -EINVAL from service_prefix() when an IPv4 mask
 * is not contiguous (another program's: it cannot be written in the file). */
uint32_t service_netmask(uint16_t family, unsigned int prefix);
int service_prefix(uint16_t family, uint32_t netmask);

/* Whether new connections leave a destination of weight 0 alone (draining) without refusing
 * clients: not so for dh, and for sh and mh only with their fallback flag. Schedulers that poise
 * does not know are taken to do so. linux/net/netfilter/ipvs/ip_vs_{sh,mh,dh}.c. */
bool scheduler_honours_weight_zero(const struct service_attributes *attributes);

/* Whether the kernel's source knows a scheduler of this name. */
bool scheduler_is_known(const char *name);
/* All of them, NULL-terminated; and those of the data plane. */
extern const char *const scheduler_names[];
extern const char *const data_scheduler_names[];
