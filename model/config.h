// SPDX-License-Identifier: GPL-2.0-or-later
/* The configuration as the files write it: names, pools, lists of listeners, defaults.
 *
 * One struct per mapping of poise.yaml(5), filled by model/decode.c from the tables of
 * model/schema.c. declared_from_config() (model/declared.h) resolves it into the objects that a
 * backend knows. Each struct starts with a config_object, which says what keys were written: a key
 * that was not has its default in its field, and config_has() is false for it.
 *
 * Everything that a config points to lives in its arena, but for the vectors of named things.
 * model/config_object.h has what all of them have, model/config_vrrp.h virtual routers,
 * model/config_dpdk.h the data plane. Durations are nanoseconds, sizes are bytes. */
#pragma once

#include "model/arena.h"
#include "model/config_dpdk.h"
#include "model/config_vrrp.h"
#include "model/state.h"

/* The format that `poise:` names in every file. */
#define CONFIG_FORMAT 1

enum config_backend {
	CONFIG_BACKEND_IPVS,
	CONFIG_BACKEND_DPDK,
};

enum config_prune {
	CONFIG_PRUNE_OWNED, /* delete what poise manages and the files no longer declare */
	CONFIG_PRUNE_ALL,   /* delete all that the files do not declare */
	CONFIG_PRUNE_NONE,  /* delete no service */
};

/* The first three are those of enum forward_method. */
enum config_forward {
	CONFIG_FORWARD_NAT = FORWARD_METHOD_NAT,
	CONFIG_FORWARD_DIRECT = FORWARD_METHOD_DIRECT,
	CONFIG_FORWARD_TUNNEL = FORWARD_METHOD_TUNNEL,
	CONFIG_FORWARD_FULL_NAT = FORWARD_METHOD_COUNT,
	CONFIG_FORWARD_SNAT,
};

enum config_destination_state {
	CONFIG_DESTINATION_STATE_ACTIVE,
	CONFIG_DESTINATION_STATE_DRAIN,
};

enum config_on_failure {
	CONFIG_ON_FAILURE_REMOVE,
	CONFIG_ON_FAILURE_WEIGHT_ZERO,
};

enum config_standby {
	CONFIG_STANDBY_KEEP,
	CONFIG_STANDBY_REMOVE,
};

enum config_initially {
	CONFIG_INITIALLY_UP,
	CONFIG_INITIALLY_DOWN,
};

/* Bits of config_service.scheduler_flags: the words of the file, in its order. */
enum config_scheduler_flag {
	CONFIG_SCHEDULER_FLAG_SH_FALLBACK = 1 << 0,
	CONFIG_SCHEDULER_FLAG_SH_PORT = 1 << 1,
	CONFIG_SCHEDULER_FLAG_MH_FALLBACK = 1 << 2,
	CONFIG_SCHEDULER_FLAG_MH_PORT = 1 << 3,
	CONFIG_SCHEDULER_FLAG_1 = 1 << 4,
	CONFIG_SCHEDULER_FLAG_2 = 1 << 5,
	CONFIG_SCHEDULER_FLAG_3 = 1 << 6,
};

/* ADDRESS[:PORT] */
struct config_endpoint {
	struct address address;
	uint16_t port; /* 0: none was written */
};

enum config_tunnel_key {
	CONFIG_TUNNEL_TYPE,
	CONFIG_TUNNEL_PORT,
	CONFIG_TUNNEL_CHECKSUM,
	CONFIG_TUNNEL_COUNT,
};

struct config_tunnel {
	struct config_object object;
	enum tunnel_type type;
	uint32_t port;
	enum tunnel_checksum checksum;
};

/* So many checks may one destination have. */
#define CONFIG_CHECKS_MOST 16

/* What a destination, or a pool for its destinations, may say. */
struct config_rules {
	enum config_forward forward;
	struct config_tunnel tunnel;
	uint32_t weight;
	uint32_t upper_threshold;
	uint32_t lower_threshold;
	struct config_name_list check; /* all of these; empty: none */
};

enum config_destination_key {
	CONFIG_DESTINATION_ADDRESS,
	CONFIG_DESTINATION_WEIGHT,
	CONFIG_DESTINATION_FORWARD,
	CONFIG_DESTINATION_TUNNEL,
	CONFIG_DESTINATION_UPPER_THRESHOLD,
	CONFIG_DESTINATION_LOWER_THRESHOLD,
	CONFIG_DESTINATION_CHECK,
	CONFIG_DESTINATION_STATE,
	CONFIG_DESTINATION_CROSS_FAMILY,
	CONFIG_DESTINATION_COUNT,
};

struct config_destination {
	struct config_object object;
	struct config_endpoint address;
	bool cross_family; /* listeners of the other family take it too */
	enum config_destination_state state;
	struct config_rules rules;
};

struct config_destination_list {
	CONFIG_LIST_OF(struct config_destination);
};

enum config_pool_key {
	CONFIG_POOL_DESTINATIONS,
	CONFIG_POOL_CHECK,
	CONFIG_POOL_WEIGHT,
	CONFIG_POOL_FORWARD,
	CONFIG_POOL_TUNNEL,
	CONFIG_POOL_UPPER_THRESHOLD,
	CONFIG_POOL_LOWER_THRESHOLD,
	CONFIG_POOL_COUNT,
};

struct config_pool {
	struct config_object object;
	struct config_name name;
	struct config_destination_list destinations;
	struct config_rules rules; /* of those of its destinations that do not say themselves */
};

struct config_pool_vector {
	VECTOR_OF(struct config_pool);
};

struct config_listener {
	struct service_key key;
	uint32_t mark;
};

struct config_listener_list {
	CONFIG_LIST_OF(struct config_listener);
};

enum config_persistence_key {
	CONFIG_PERSISTENCE_TIMEOUT,
	CONFIG_PERSISTENCE_PREFIX,
	CONFIG_PERSISTENCE_PREFIX6,
	CONFIG_PERSISTENCE_ENGINE,
	CONFIG_PERSISTENCE_COUNT,
};

struct config_persistence {
	struct config_object object;
	uint64_t timeout; /* whole seconds, in nanoseconds */
	uint32_t prefix;
	uint32_t prefix6;
	const char *engine; /* NULL: none */
};

enum config_service_key {
	CONFIG_SERVICE_LISTEN,
	CONFIG_SERVICE_SCHEDULER,
	CONFIG_SERVICE_SCHEDULER_FLAGS,
	CONFIG_SERVICE_ONE_PACKET,
	CONFIG_SERVICE_PERSISTENCE,
	CONFIG_SERVICE_FORWARD,
	CONFIG_SERVICE_TUNNEL,
	CONFIG_SERVICE_POOL,
	CONFIG_SERVICE_DESTINATIONS,
	CONFIG_SERVICE_CHECK,
	CONFIG_SERVICE_DRAIN,
	CONFIG_SERVICE_ON_FAILURE,
	CONFIG_SERVICE_QUORUM,
	CONFIG_SERVICE_QUORUM_HYSTERESIS,
	CONFIG_SERVICE_MIN_HEALTHY,
	CONFIG_SERVICE_SLOW_START,
	CONFIG_SERVICE_FALLBACK,
	CONFIG_SERVICE_VRRP,
	CONFIG_SERVICE_STANDBY,
	CONFIG_SERVICE_NOTIFY,
	CONFIG_SERVICE_COUNT,
};

struct config_service {
	struct config_object object;
	struct config_name name;
	struct config_listener_list listen;
	const char *pool; /* or destinations, never both */
	struct config_destination_list destinations;
	const char *scheduler;
	uint32_t scheduler_flags; /* enum config_scheduler_flag */
	bool one_packet;
	enum config_forward forward;
	struct config_persistence persistence; /* when CONFIG_SERVICE_PERSISTENCE is set */
	struct config_tunnel tunnel;
	struct config_name_list check;
	uint64_t drain;
	enum config_on_failure on_failure;
	uint32_t quorum;
	uint32_t quorum_hysteresis;
	uint32_t min_healthy; /* percent */
	uint64_t slow_start;
	struct config_destination_list fallback;
	const char *vrrp;
	enum config_standby standby;
	struct config_text_list notify; /* a command and its arguments */
};

struct config_service_vector {
	VECTOR_OF(struct config_service);
};

/* 200-299; a single number has low == high. */
struct config_range {
	uint32_t low, high;
};

struct config_range_list {
	CONFIG_LIST_OF(struct config_range);
};

enum config_http_key {
	CONFIG_HTTP_PATH,
	CONFIG_HTTP_METHOD,
	CONFIG_HTTP_HOST,
	CONFIG_HTTP_HEADERS,
	CONFIG_HTTP_STATUS,
	CONFIG_HTTP_BODY,
	CONFIG_HTTP_BODY_NOT,
	CONFIG_HTTP_DIGEST,
	CONFIG_HTTP_VERSION,
	CONFIG_HTTP_COUNT,
	/* https only */
	CONFIG_HTTPS_SNI = CONFIG_HTTP_COUNT,
	CONFIG_HTTPS_VERIFY,
	CONFIG_HTTPS_CA,
	CONFIG_HTTPS_CERTIFICATE,
	CONFIG_HTTPS_KEY,
	CONFIG_HTTPS_COUNT,
};

enum config_http_method {
	CONFIG_HTTP_METHOD_GET,
	CONFIG_HTTP_METHOD_HEAD,
	CONFIG_HTTP_METHOD_POST,
	CONFIG_HTTP_METHOD_OPTIONS,
};

enum config_http_version {
	CONFIG_HTTP_VERSION_1_0,
	CONFIG_HTTP_VERSION_1_1,
	CONFIG_HTTP_VERSION_2,
};

struct config_http {
	struct config_object object;
	const char *path;
	enum config_http_method method;
	const char *host; /* NULL: the destination's address */
	struct config_text_list headers;
	struct config_range_list status; /* empty: 200-299 */
	const char *body, *body_not;     /* regular expressions, or NULL */
	const char *digest;              /* "sha256:…" in lower case, or NULL */
	enum config_http_version version;
	const char *sni;
	bool verify;
	const char *ca, *certificate, *key; /* absolute paths, or NULL */
};

enum config_dns_type {
	CONFIG_DNS_TYPE_A,
	CONFIG_DNS_TYPE_AAAA,
	CONFIG_DNS_TYPE_CNAME,
	CONFIG_DNS_TYPE_MX,
	CONFIG_DNS_TYPE_NS,
	CONFIG_DNS_TYPE_PTR,
	CONFIG_DNS_TYPE_SOA,
	CONFIG_DNS_TYPE_SRV,
	CONFIG_DNS_TYPE_TXT,
};

enum config_dns_code {
	CONFIG_DNS_CODE_NOERROR,
	CONFIG_DNS_CODE_NXDOMAIN,
	CONFIG_DNS_CODE_REFUSED,
	CONFIG_DNS_CODE_SERVFAIL,
	CONFIG_DNS_CODE_ANY,
};

enum config_dns_key {
	CONFIG_DNS_NAME,
	CONFIG_DNS_TYPE,
	CONFIG_DNS_CODE,
	CONFIG_DNS_COUNT,
};

struct config_dns {
	struct config_object object;
	const char *name;
	enum config_dns_type type;
	enum config_dns_code code;
};

enum config_smtp_key {
	CONFIG_SMTP_HELO,
	CONFIG_SMTP_COUNT,
};

struct config_smtp {
	struct config_object object;
	const char *helo;
};

enum config_ping_key {
	CONFIG_PING_SIZE,
	CONFIG_PING_COUNT,
};

struct config_ping {
	struct config_object object;
	uint64_t size;
};

enum config_udp_key {
	CONFIG_UDP_SEND,
	CONFIG_UDP_SEND_HEX,
	CONFIG_UDP_EXPECT,
	CONFIG_UDP_EXPECT_HEX,
	CONFIG_UDP_REPLY_LENGTH,
	CONFIG_UDP_REQUIRE_REPLY,
	CONFIG_UDP_COUNT,
};

struct config_udp {
	struct config_object object;
	const char *send, *send_hex;           /* bytes of the datagram; NULL both: an empty one */
	const char *expect;                    /* regular expression, or NULL */
	const char *expect_hex;                /* what it begins with; NULL */
	struct config_range_list reply_length; /* empty: any */
	bool require_reply; /* false, and nothing else is wanted of it: no ICMP error will do */
};

enum config_exec_key {
	CONFIG_EXEC_COMMAND,
	CONFIG_EXEC_USER,
	CONFIG_EXEC_SETS_WEIGHT,
	CONFIG_EXEC_COUNT,
};

struct config_exec {
	struct config_object object;
	struct config_text_list command;
	const char *user;
	bool sets_weight;
};

enum config_file_key {
	CONFIG_FILE_PATH,
	CONFIG_FILE_COUNT,
};

struct config_file {
	struct config_object object;
	const char *path;
};

struct config_tcp {
	struct config_object object;
};

/* Bytes of a datagram that a check sends, or looks at. */
#define CONFIG_UDP_SEND_MOST   1400
#define CONFIG_UDP_EXPECT_MOST 1400

/* The kinds come first: exactly one of their bits is set. */
enum config_check_key {
	CONFIG_CHECK_TCP,
	CONFIG_CHECK_HTTP,
	CONFIG_CHECK_HTTPS,
	CONFIG_CHECK_DNS,
	CONFIG_CHECK_SMTP,
	CONFIG_CHECK_PING,
	CONFIG_CHECK_UDP,
	CONFIG_CHECK_EXEC,
	CONFIG_CHECK_FILE,
	CONFIG_CHECK_KINDS,
	CONFIG_CHECK_INTERVAL = CONFIG_CHECK_KINDS,
	CONFIG_CHECK_RETRY_INTERVAL,
	CONFIG_CHECK_TIMEOUT,
	CONFIG_CHECK_RISE,
	CONFIG_CHECK_FALL,
	CONFIG_CHECK_START_DELAY,
	CONFIG_CHECK_ADDRESS,
	CONFIG_CHECK_PORT,
	CONFIG_CHECK_SOURCE,
	CONFIG_CHECK_INTERFACE,
	CONFIG_CHECK_FWMARK,
	CONFIG_CHECK_INITIALLY,
	CONFIG_CHECK_COUNT,
};

struct config_check {
	struct config_object object;
	struct config_name name;
	struct config_tcp tcp;
	struct config_http http;
	struct config_http https;
	struct config_dns dns;
	struct config_smtp smtp;
	struct config_ping ping;
	struct config_udp udp;
	struct config_exec exec;
	struct config_file file;
	uint64_t interval, timeout, start_delay;
	uint64_t retry_interval; /* 0: the interval */
	uint32_t rise, fall;
	struct address address; /* no family: the destination's */
	uint32_t port;          /* 0: the destination's */
	struct address source;
	const char *interface; /* or NULL */
	uint32_t fwmark;
	enum config_initially initially;
};

struct config_check_vector {
	VECTOR_OF(struct config_check);
};

enum config_timeouts_key {
	CONFIG_TIMEOUTS_TCP,
	CONFIG_TIMEOUTS_TCP_FIN,
	CONFIG_TIMEOUTS_UDP,
	CONFIG_TIMEOUTS_COUNT,
};

struct config_timeouts {
	struct config_object object;
	uint64_t tcp, tcp_fin, udp; /* whole seconds, in nanoseconds */
};

enum config_sync_key {
	CONFIG_SYNC_ROLE,
	CONFIG_SYNC_INTERFACE,
	CONFIG_SYNC_ID,
	CONFIG_SYNC_GROUP,
	CONFIG_SYNC_PORT,
	CONFIG_SYNC_TTL,
	CONFIG_SYNC_MAX_LENGTH,
	CONFIG_SYNC_COUNT,
};

/* What the kernel takes when the file does not say (net/netfilter/ipvs/ip_vs_sync.c). */
#define CONFIG_SYNC_DEFAULT_GROUP "224.0.0.81"
#define CONFIG_SYNC_DEFAULT_PORT  8848

struct config_sync {
	struct config_object object;
	enum sync_role role;
	const char *follow; /* a virtual router, whose role it has in place of `role`; or NULL */
	const char *interface;
	uint32_t id;
	struct address group;
	uint32_t port;
	uint32_t ttl;
	uint64_t max_length; /* bytes; 0: the kernel's choice */
};

struct config_sync_list {
	CONFIG_LIST_OF(struct config_sync);
};

struct config_sysctl {
	const char *name;
	const char *value; /* words separated by one space */
	uint32_t mark;
};

struct config_sysctl_list {
	CONFIG_LIST_OF(struct config_sysctl);
};

enum config_ipvs_key {
	CONFIG_IPVS_TIMEOUTS,
	CONFIG_IPVS_SYNC,
	CONFIG_IPVS_SYSCTLS,
	CONFIG_IPVS_COUNT,
};

struct config_ipvs {
	struct config_object object;
	struct config_timeouts timeouts;
	struct config_sync_list sync;
	struct config_sysctl_list sysctls;
};

enum config_control_key {
	CONFIG_CONTROL_SOCKET_GROUP,
	CONFIG_CONTROL_COUNT,
};

struct config_control {
	struct config_object object;
	const char *socket_group; /* NULL: root only */
};

enum config_metrics_key {
	CONFIG_METRICS_LISTEN,
	CONFIG_METRICS_SERVICE_LIMIT,
	CONFIG_METRICS_DESTINATION_LIMIT,
	CONFIG_METRICS_COUNT,
};

struct config_metrics {
	struct config_object object;
	struct config_endpoint listen; /* port 0: poised's own */
	uint32_t service_limit, destination_limit;
};

enum config_key {
	CONFIG_POISE,
	CONFIG_BACKEND,
	CONFIG_PRUNE,
	CONFIG_MAX_DELETE,
	CONFIG_ALLOW_EMPTY,
	CONFIG_RESYNC,
	CONFIG_IPVS,
	CONFIG_DPDK,
	CONFIG_CONTROL,
	CONFIG_METRICS,
	CONFIG_CHECKS,
	CONFIG_POOLS,
	CONFIG_SERVICES,
	CONFIG_VRRP,
	CONFIG_COUNT,
};

/* Starts zeroed. The named things are sorted by name once config_load() succeeded. */
struct config {
	struct config_object object;
	uint32_t poise;
	enum config_backend backend;
	enum config_prune prune;
	uint32_t max_delete; /* percent */
	bool allow_empty;
	uint64_t resync;
	struct config_ipvs ipvs;
	struct config_dpdk dpdk;
	struct config_control control;
	struct config_metrics metrics;
	struct config_check_vector checks;
	struct config_pool_vector pools;
	struct config_service_vector services;
	struct config_router_vector routers;
	struct arena arena;
};

/* Find a named thing in a sorted config; NULL when there is none (or `name` is NULL). Borrowed. */
const struct config_check *config_find_check(const struct config *config, const char *name);
const struct config_pool *config_find_pool(const struct config *config, const char *name);
const struct config_service *config_find_service(const struct config *config, const char *name);
const struct config_router *config_find_router(const struct config *config, const char *name);

/* The destinations of a service of a sorted config: its own, or its pool's. `pool`, which may be
 * NULL, gets the pool or NULL. Borrowed; never NULL. */
const struct config_destination_list *config_destinations(const struct config *config,
	const struct config_service *service, const struct config_pool **pool);

void config_clear(struct config *config);

#define _cleanup_config_ _cleanup_(config_clear)
