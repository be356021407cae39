// SPDX-License-Identifier: GPL-2.0-or-later
/* Virtual routers as the files write them: `vrrp:`, and the mappings below it. model/config.h
 * includes this, and says what is common to all mappings. */
#pragma once

#include "base/address.h"
#include "base/vector.h"
#include "model/config_object.h"

/* ADDRESS[/LENGTH]; without a length it is all of the address. */
struct config_prefix {
	struct address address; /* as it was written: bits past the length may be set */
	uint32_t length;
};

struct config_addresses {
	CONFIG_LIST_OF(struct address);
};

/* As rtnetlink(7) knows them. */
enum config_scope {
	CONFIG_SCOPE_GLOBAL,
	CONFIG_SCOPE_SITE,
	CONFIG_SCOPE_LINK,
	CONFIG_SCOPE_HOST,
};

enum config_virtual_address_key {
	CONFIG_VIRTUAL_ADDRESS_ADDRESS,
	CONFIG_VIRTUAL_ADDRESS_INTERFACE,
	CONFIG_VIRTUAL_ADDRESS_LABEL,
	CONFIG_VIRTUAL_ADDRESS_SCOPE,
	CONFIG_VIRTUAL_ADDRESS_COUNT,
};

struct config_virtual_address {
	struct config_object object;
	struct config_prefix address;
	const char *interface; /* NULL: the router's */
	const char *label;     /* IPv4; or NULL */
	enum config_scope scope;
};

struct config_virtual_address_list {
	CONFIG_LIST_OF(struct config_virtual_address);
};

enum config_route_type {
	CONFIG_ROUTE_TYPE_UNICAST,
	CONFIG_ROUTE_TYPE_BLACKHOLE,
	CONFIG_ROUTE_TYPE_UNREACHABLE,
	CONFIG_ROUTE_TYPE_PROHIBIT,
};

/* RT_TABLE_MAIN of the kernel. */
#define CONFIG_TABLE_MAIN 254

enum config_route_key {
	CONFIG_ROUTE_TO,
	CONFIG_ROUTE_VIA,
	CONFIG_ROUTE_INTERFACE,
	CONFIG_ROUTE_SOURCE,
	CONFIG_ROUTE_TYPE,
	CONFIG_ROUTE_TABLE,
	CONFIG_ROUTE_METRIC,
	CONFIG_ROUTE_SCOPE,
	CONFIG_ROUTE_ON_LINK,
	CONFIG_ROUTE_COUNT,
};

struct config_route {
	struct config_object object;
	struct config_prefix to;
	struct address via;    /* AF_UNSPEC: none */
	const char *interface; /* NULL: the router's */
	struct address source; /* AF_UNSPEC: the kernel's choice */
	enum config_route_type type;
	uint32_t table, metric; /* metric 0: the kernel's choice */
	enum config_scope
		scope; /* when CONFIG_ROUTE_SCOPE is set; else global with `via`, or link */
	bool on_link;
};

struct config_route_list {
	CONFIG_LIST_OF(struct config_route);
};

enum config_rule_key {
	CONFIG_RULE_FROM,
	CONFIG_RULE_TO,
	CONFIG_RULE_INTERFACE,
	CONFIG_RULE_FWMARK,
	CONFIG_RULE_TABLE,
	CONFIG_RULE_PREFERENCE,
	CONFIG_RULE_COUNT,
};

/* Without `from` and `to` it is one of each family that the router has. */
struct config_rule {
	struct config_object object;
	struct config_prefix from, to; /* AF_UNSPEC: any */
	const char *interface;         /* that packets come in by; NULL: any */
	uint32_t fwmark;               /* 0: any */
	uint32_t table, preference;
};

struct config_rule_list {
	CONFIG_LIST_OF(struct config_rule);
};

enum config_unicast_key {
	CONFIG_UNICAST_SOURCE,
	CONFIG_UNICAST_PEERS,
	CONFIG_UNICAST_TTL,
	CONFIG_UNICAST_COUNT,
};

struct config_unicast {
	struct config_object object;
	struct address source;
	struct config_addresses peers;
	uint32_t ttl; /* the least that a peer's packet may have; ours have 255 */
};

enum config_garp_key {
	CONFIG_GARP_REPEAT,
	CONFIG_GARP_DELAY,
	CONFIG_GARP_REFRESH,
	CONFIG_GARP_COUNT,
};

struct config_garp {
	struct config_object object;
	uint32_t repeat;
	uint64_t delay;   /* 0: they are sent once */
	uint64_t refresh; /* 0: never */
};

/* All that is tracked has a `weight`: it is added to the priority while all is well when it is
 * positive, and while it is not when it is negative. Without one, what is not well is a fault. */
enum config_tracked_interface_key {
	CONFIG_TRACKED_INTERFACE_NAME,
	CONFIG_TRACKED_INTERFACE_WEIGHT,
	CONFIG_TRACKED_INTERFACE_COUNT,
};

struct config_tracked_interface {
	struct config_object object;
	const char *name;
	int32_t weight;
};

enum config_tracked_route_key {
	CONFIG_TRACKED_ROUTE_TO,
	CONFIG_TRACKED_ROUTE_TABLE,
	CONFIG_TRACKED_ROUTE_WEIGHT,
	CONFIG_TRACKED_ROUTE_COUNT,
};

struct config_tracked_route {
	struct config_object object;
	struct config_prefix to;
	uint32_t table;
	int32_t weight;
};

enum config_tracked_script_key {
	CONFIG_TRACKED_SCRIPT_COMMAND,
	CONFIG_TRACKED_SCRIPT_WEIGHT,
	CONFIG_TRACKED_SCRIPT_INTERVAL,
	CONFIG_TRACKED_SCRIPT_TIMEOUT,
	CONFIG_TRACKED_SCRIPT_RISE,
	CONFIG_TRACKED_SCRIPT_FALL,
	CONFIG_TRACKED_SCRIPT_USER,
	CONFIG_TRACKED_SCRIPT_COUNT,
};

struct config_tracked_script {
	struct config_object object;
	struct config_text_list command;
	int32_t weight;
	uint64_t interval, timeout;
	uint32_t rise, fall;
	const char *user;
};

enum config_tracked_process_key {
	CONFIG_TRACKED_PROCESS_NAME,
	CONFIG_TRACKED_PROCESS_MINIMUM,
	CONFIG_TRACKED_PROCESS_WEIGHT,
	CONFIG_TRACKED_PROCESS_COUNT,
};

struct config_tracked_process {
	struct config_object object;
	const char *name;
	uint32_t minimum;
	int32_t weight;
};

enum config_tracked_file_key {
	CONFIG_TRACKED_FILE_PATH,
	CONFIG_TRACKED_FILE_WEIGHT,
	CONFIG_TRACKED_FILE_COUNT,
};

/* Its number times the weight is added to the priority. */
struct config_tracked_file {
	struct config_object object;
	const char *path;
	int32_t weight;
};

enum config_tracked_service_key {
	CONFIG_TRACKED_SERVICE_NAME,
	CONFIG_TRACKED_SERVICE_WEIGHT,
	CONFIG_TRACKED_SERVICE_COUNT,
};

/* Well while each of its listeners has its quorum. */
struct config_tracked_service {
	struct config_object object;
	const char *name;
	int32_t weight;
};

enum config_track_key {
	CONFIG_TRACK_INTERFACES,
	CONFIG_TRACK_ROUTES,
	CONFIG_TRACK_SCRIPTS,
	CONFIG_TRACK_PROCESSES,
	CONFIG_TRACK_FILES,
	CONFIG_TRACK_SERVICES,
	CONFIG_TRACK_COUNT,
};

struct config_track {
	struct config_object object;
	struct {
		CONFIG_LIST_OF(struct config_tracked_interface);
	} interfaces;
	struct {
		CONFIG_LIST_OF(struct config_tracked_route);
	} routes;
	struct {
		CONFIG_LIST_OF(struct config_tracked_script);
	} scripts;
	struct {
		CONFIG_LIST_OF(struct config_tracked_process);
	} processes;
	struct {
		CONFIG_LIST_OF(struct config_tracked_file);
	} files;
	struct {
		CONFIG_LIST_OF(struct config_tracked_service);
	} services;
};

enum config_mac {
	CONFIG_MAC_INTERFACE,
	CONFIG_MAC_VIRTUAL,
};

enum config_checksum {
	CONFIG_CHECKSUM_AUTO,
	CONFIG_CHECKSUM_RFC9568,
	CONFIG_CHECKSUM_RFC5798,
};

/* A priority of the owner of the addresses (RFC 9568 §5.2.4). */
#define CONFIG_PRIORITY_OWNER 255
/* So many addresses fit into an advertisement: of one router, of one family. */
#define CONFIG_ROUTER_ADDRESSES_MOST 255

enum config_router_key {
	CONFIG_ROUTER_INTERFACE,
	CONFIG_ROUTER_VRID,
	CONFIG_ROUTER_VERSION,
	CONFIG_ROUTER_PRIORITY,
	CONFIG_ROUTER_ADVERTISE,
	CONFIG_ROUTER_PREEMPT,
	CONFIG_ROUTER_PREEMPT_DELAY,
	CONFIG_ROUTER_ACCEPT,
	CONFIG_ROUTER_ADDRESSES,
	CONFIG_ROUTER_ROUTES,
	CONFIG_ROUTER_RULES,
	CONFIG_ROUTER_MAC,
	CONFIG_ROUTER_UNICAST,
	CONFIG_ROUTER_AUTHENTICATION,
	CONFIG_ROUTER_CHECKSUM,
	CONFIG_ROUTER_GROUP,
	CONFIG_ROUTER_TRACK,
	CONFIG_ROUTER_GARP,
	CONFIG_ROUTER_START_TIMEOUT,
	CONFIG_ROUTER_STANDBY_WAIT,
	CONFIG_ROUTER_NOTIFY,
	CONFIG_ROUTER_COUNT,
};

/* One mapping is a virtual router of each family that its addresses have (RFC 9568 §1), which move
 * together. */
struct config_router {
	struct config_object object;
	struct config_name name;
	const char *interface;
	uint32_t vrid;
	uint32_t version; /* 2 or 3 */
	uint32_t priority;
	uint64_t advertise; /* whole centiseconds, in version 2 whole seconds */
	bool preempt;
	uint64_t preempt_delay;
	bool accept;
	struct config_virtual_address_list addresses; /* in the order of the file */
	struct config_route_list routes;
	struct config_rule_list rules;
	enum config_mac mac;
	struct config_unicast unicast; /* when CONFIG_ROUTER_UNICAST is set */
	const char *authentication;    /* a password; NULL: none */
	enum config_checksum checksum;
	const char *group; /* those with the same word move together; NULL: none */
	struct config_track track;
	struct config_garp garp;
	uint64_t start_timeout, standby_wait;
	struct config_text_list notify; /* a command and its arguments */
};

struct config_router_vector {
	VECTOR_OF(struct config_router);
};
