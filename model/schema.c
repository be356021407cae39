// SPDX-License-Identifier: GPL-2.0-or-later
/* The tables of what is no check: top, service, destination, pool, ipvs, … model/schema_check.c has
 * the checks, model/schema_vrrp.c virtual routers, model/schema_dpdk.c the data plane,
 * model/schema_text.c what can be asked of any row. */
#include "model/schema.h"

#include "model/schema_row.h"
#include "model/units.h"

/* Kernel limit: ipvsadm's own bound of a timeout. */
#define SCHEMA_LONGEST_TIMEOUT (31 * UNITS_DAY)
#define SCHEMA_MOST_SERIES     1000000

static const struct schema_word schema_backend_words[] = {
	{"ipvs", CONFIG_BACKEND_IPVS, 0, "the kernel's IPVS"},
	{"dpdk", CONFIG_BACKEND_DPDK, 0, "poise-dataplane"},
	{},
};
static const struct schema_word schema_prune_words[] = {
	{"owned", CONFIG_PRUNE_OWNED, 0, "delete what poise manages and no file declares"},
	{"all", CONFIG_PRUNE_ALL, 0, "delete all that no file declares"},
	{"none", CONFIG_PRUNE_NONE, 0, "delete no service"},
	{},
};
static const struct schema_word schema_forward_words[] = {
	{"nat", CONFIG_FORWARD_NAT, 0, "rewrite the destination address and port"},
	{"direct", CONFIG_FORWARD_DIRECT, 0, "send to the server's MAC address, packet unchanged"},
	{"tunnel", CONFIG_FORWARD_TUNNEL, 0, "encapsulate the packet"},
	{"full-nat", CONFIG_FORWARD_FULL_NAT, SCHEMA_BACKEND_LATER,
		"rewrite source and destination"},
	{"snat", CONFIG_FORWARD_SNAT, SCHEMA_BACKEND_LATER, "rewrite the source of what leaves"},
	{},
};
static const struct schema_word schema_tunnel_words[] = {
	{"ipip", TUNNEL_TYPE_IPIP, 0, "IP in IP"},
	{"gue", TUNNEL_TYPE_GUE, 0, "generic UDP encapsulation"},
	{"gre", TUNNEL_TYPE_GRE, 0, "generic routing encapsulation"},
	{},
};
static const struct schema_word schema_checksum_words[] = {
	{"none", TUNNEL_CHECKSUM_NONE, 0, "no outer checksum"},
	{"full", TUNNEL_CHECKSUM_FULL, 0, "an outer checksum (gue, gre)"},
	{"remote", TUNNEL_CHECKSUM_REMOTE, 0, "remote checksum offload (gue)"},
	{},
};
static const struct schema_word schema_flag_words[] = {
	{"sh-fallback", CONFIG_SCHEDULER_FLAG_SH_FALLBACK, 0,
		"sh: another destination where the hashed one has weight 0"},
	{"sh-port", CONFIG_SCHEDULER_FLAG_SH_PORT, 0, "sh: hash the source port too"},
	{"mh-fallback", CONFIG_SCHEDULER_FLAG_MH_FALLBACK, 0,
		"mh: another destination where the hashed one has weight 0"},
	{"mh-port", CONFIG_SCHEDULER_FLAG_MH_PORT, 0, "mh: hash the source port too"},
	{"flag-1", CONFIG_SCHEDULER_FLAG_1, 0, "the scheduler's first flag, whatever it means"},
	{"flag-2", CONFIG_SCHEDULER_FLAG_2, 0, "its second"},
	{"flag-3", CONFIG_SCHEDULER_FLAG_3, 0, "its third"},
	{},
};
static const struct schema_word schema_on_failure_words[] = {
	{"remove", CONFIG_ON_FAILURE_REMOVE, 0, "take the destination out"},
	{"weight-zero", CONFIG_ON_FAILURE_WEIGHT_ZERO, 0, "keep it with weight 0"},
	{},
};
static const struct schema_word schema_standby_words[] = {
	{"keep", CONFIG_STANDBY_KEEP, 0, "services stay in the table of a backup router"},
	{"remove", CONFIG_STANDBY_REMOVE, 0, "services are there only while the router is active"},
	{},
};
static const struct schema_word schema_state_words[] = {
	{"active", CONFIG_DESTINATION_STATE_ACTIVE, 0, "takes connections"},
	{"drain", CONFIG_DESTINATION_STATE_DRAIN, 0, "no new connections, then gone"},
	{},
};
static const struct schema_word schema_role_words[] = {
	{"active", SYNC_ROLE_ACTIVE, 0, "sends its connections"},
	{"backup", SYNC_ROLE_BACKUP, 0, "receives them"},
	{},
};

static const struct schema_text schema_text_scheduler = {
	.name = "the name of a kernel module's scheduler",
	.prefix = "",
	.allowed = "a-z0-9_-",
	.longest = SCHEDULER_NAME_SIZE - 1,
};
static const struct schema_text schema_text_engine = {
	.name = "the name of a persistence engine",
	.prefix = "",
	.allowed = "a-z0-9_-",
	.longest = ENGINE_NAME_SIZE - 1,
};
const struct schema_text schema_text_interface = {
	.name = "the name of a network interface",
	.prefix = "",
	.allowed = "A-Za-z0-9_.@-",
	.longest = INTERFACE_NAME_SIZE - 1,
	.entry = true,
};
static const struct schema_text schema_text_group = {
	.name = "the name of a group",
	.prefix = "",
	.allowed = "A-Za-z0-9_.-",
	.longest = 32,
};

static const struct schema_key schema_tunnel_keys[CONFIG_TUNNEL_COUNT] = {
	[CONFIG_TUNNEL_TYPE] = {WORD("type", struct config_tunnel, type, schema_tunnel_words),
		DEFAULT(TUNNEL_TYPE_IPIP), .help = "Encapsulation"},
	[CONFIG_TUNNEL_PORT] = {NUMBER("port", struct config_tunnel, port, 1, UINT16_MAX),
		.help = "UDP port of the server's end (gue, which needs one)"},
	[CONFIG_TUNNEL_CHECKSUM] = {WORD("checksum", struct config_tunnel, checksum,
					    schema_checksum_words),
		DEFAULT(TUNNEL_CHECKSUM_NONE), .help = "Checksum of the outer header"},
};
const struct schema_mapping schema_tunnel = {
	"tunnel",
	"How packets of `forward: tunnel` are encapsulated",
	MAPPING_OF(struct config_tunnel, schema_tunnel_keys),
};

/* What a destination and a pool have in common, at `rules` of either. */
#define RULES_WEIGHT(type)                                                                         \
	NUMBER("weight", type, rules.weight, 0, DESTINATION_LARGEST_WEIGHT), DEFAULT(1)
#define RULES_FORWARD(type) WORD("forward", type, rules.forward, schema_forward_words)
#define RULES_TUNNEL(type)  INSIDE("tunnel", type, rules.tunnel, schema_tunnel)
/* The kernel takes thresholds up to INT_MAX. */
#define RULES_UPPER(type) NUMBER("upper-threshold", type, rules.upper_threshold, 0, INT32_MAX)
#define RULES_LOWER(type) NUMBER("lower-threshold", type, rules.lower_threshold, 0, INT32_MAX)
#define RULES_CHECK(type) REFERENCES("check", type, rules.check, "check", CONFIG_CHECKS_MOST)

static const struct schema_key schema_destination_keys[CONFIG_DESTINATION_COUNT] = {
	[CONFIG_DESTINATION_ADDRESS] = {ENDPOINT("address", struct config_destination, address),
		.flags = SCHEMA_FLAG_REQUIRED,
		.help = "Server, with the listener's port unless it names another"},
	[CONFIG_DESTINATION_WEIGHT] = {RULES_WEIGHT(struct config_destination),
		.help = "Share of the connections; 0 takes no new ones"},
	[CONFIG_DESTINATION_FORWARD] = {RULES_FORWARD(struct config_destination),
		.help = "How packets reach it, instead of what the pool or the service says"},
	[CONFIG_DESTINATION_TUNNEL] = {RULES_TUNNEL(struct config_destination),
		.help = "Encapsulation, instead of what the pool or the service says"},
	[CONFIG_DESTINATION_UPPER_THRESHOLD] = {RULES_UPPER(struct config_destination),
		.help = "Connections from which on it takes no more; 0 for no limit"},
	[CONFIG_DESTINATION_LOWER_THRESHOLD] = {RULES_LOWER(struct config_destination),
		.help = "Connections below which it takes some again"},
	[CONFIG_DESTINATION_CHECK] = {RULES_CHECK(struct config_destination),
		.help = "Check of this destination alone"},
	[CONFIG_DESTINATION_STATE] = {WORD("state", struct config_destination, state,
					      schema_state_words),
		DEFAULT(CONFIG_DESTINATION_STATE_ACTIVE),
		.help = "`drain` takes it out of service gently"},
	[CONFIG_DESTINATION_CROSS_FAMILY] = {BOOLEAN("cross-family", struct config_destination,
						     cross_family),
		DEFAULT(false),
		.help = "Serve listeners of the other address family too (tunnel only)"},
};
const struct schema_mapping schema_destination = {
	"destination",
	"A server that takes connections",
	MAPPING_OF(struct config_destination, schema_destination_keys),
	.short_form = "ADDRESS[:PORT]",
};

static const struct schema_key schema_pool_keys[CONFIG_POOL_COUNT] = {
	[CONFIG_POOL_DESTINATIONS] = {LIST("destinations", struct config_pool, destinations,
					      schema_destination),
		.flags = SCHEMA_FLAG_REQUIRED, .help = "Servers"},
	[CONFIG_POOL_CHECK] = {RULES_CHECK(struct config_pool),
		.help = "Check of the destinations that name none"},
	[CONFIG_POOL_WEIGHT] = {RULES_WEIGHT(struct config_pool),
		.help = "Weight of the destinations that name none"},
	[CONFIG_POOL_FORWARD] = {RULES_FORWARD(struct config_pool),
		.help = "Forwarding of the destinations that name none, instead of the service's"},
	[CONFIG_POOL_TUNNEL] = {RULES_TUNNEL(struct config_pool),
		.help = "Encapsulation of the destinations that name none, instead of the "
			"service's"},
	[CONFIG_POOL_UPPER_THRESHOLD] = {RULES_UPPER(struct config_pool),
		.help = "Upper threshold of the destinations that name none"},
	[CONFIG_POOL_LOWER_THRESHOLD] = {RULES_LOWER(struct config_pool),
		.help = "Lower threshold of the destinations that name none"},
};
const struct schema_mapping schema_pool = {
	"pool",
	"Destinations that services share, and their defaults",
	MAPPING_OF(struct config_pool, schema_pool_keys),
};

static const struct schema_key schema_persistence_keys[CONFIG_PERSISTENCE_COUNT] = {
	[CONFIG_PERSISTENCE_TIMEOUT] = {DURATION("timeout", struct config_persistence, timeout,
						UNITS_SECOND, UNITS_SECOND, SCHEMA_LONGEST_TIMEOUT),
		DEFAULT(5 * UNITS_MINUTE),
		.help = "How long a client stays with its server after its last connection"},
	[CONFIG_PERSISTENCE_PREFIX] = {NUMBER("prefix", struct config_persistence, prefix, 1, 32),
		DEFAULT(32), .help = "IPv4 clients of one network of this length count as one"},
	[CONFIG_PERSISTENCE_PREFIX6] = {NUMBER("prefix6", struct config_persistence, prefix6, 1,
						128),
		DEFAULT(128), .help = "The same for IPv6"},
	[CONFIG_PERSISTENCE_ENGINE] = {TEXT("engine", struct config_persistence, engine,
					       schema_text_engine),
		.help = "Tell clients apart by their payload: `sip` (udp) by its Call-ID"},
};
const struct schema_mapping schema_persistence = {
	"persistence",
	"Connections of one client go to one server",
	MAPPING_OF(struct config_persistence, schema_persistence_keys),
};

#define SERVICE struct config_service

static const struct schema_key schema_service_keys[CONFIG_SERVICE_COUNT] = {
	[CONFIG_SERVICE_LISTEN] = {.name = "listen",
		.type = SCHEMA_TYPE_LISTENERS,
		.offset = offsetof(SERVICE, listen),
		.minimum = 1,
		.flags = SCHEMA_FLAG_REQUIRED | SCHEMA_FLAG_SINGLE,
		.help = "Where clients connect: one virtual service for each entry"},
	[CONFIG_SERVICE_POOL] = {REFERENCE("pool", SERVICE, pool, "pool"),
		.help = "Pool that serves it; or name `destinations` in place"},
	[CONFIG_SERVICE_DESTINATIONS] = {LIST("destinations", SERVICE, destinations,
						 schema_destination),
		.help = "Servers, in place; or name a `pool`"},
	[CONFIG_SERVICE_CHECK] = {REFERENCES("check", SERVICE, check, "check", CONFIG_CHECKS_MOST),
		.help = "Check of the destinations that name none, nor their pool; not of the "
			"fallback"},
	[CONFIG_SERVICE_SCHEDULER] = {TEXT("scheduler", SERVICE, scheduler, schema_text_scheduler),
		DEFAULT_TEXT("wlc"),
		.help = "How a destination is chosen: rr, wrr, lc, wlc, sh, mh, …"},
	[CONFIG_SERVICE_SCHEDULER_FLAGS] = {.name = "scheduler-flags",
		.type = SCHEMA_TYPE_FLAGS,
		.offset = offsetof(SERVICE, scheduler_flags),
		.words = schema_flag_words,
		.help = "Flags of sh and mh (whose fallback flag is set unless this is written)"},
	[CONFIG_SERVICE_ONE_PACKET] = {BOOLEAN("one-packet", SERVICE, one_packet), DEFAULT(false),
		.help = "Schedule each datagram by itself (udp, fwmark)"},
	[CONFIG_SERVICE_PERSISTENCE] = {INSIDE("persistence", SERVICE, persistence,
						schema_persistence),
		.help = "Keep a client on its server"},
	[CONFIG_SERVICE_FORWARD] = {WORD("forward", SERVICE, forward, schema_forward_words),
		DEFAULT_FLAGS(CONFIG_FORWARD_NAT, SCHEMA_FLAG_ALWAYS),
		.help = "How packets reach the destinations that do not say, nor their pool"},
	[CONFIG_SERVICE_TUNNEL] = {INSIDE("tunnel", SERVICE, tunnel, schema_tunnel),
		.help = "Encapsulation of the destinations that do not say, nor their pool"},
	[CONFIG_SERVICE_DRAIN] = {DURATION("drain", SERVICE, drain, UNITS_MILLISECOND, 0,
					  365 * UNITS_DAY),
		DEFAULT(30 * UNITS_SECOND),
		.help = "How long a destination that leaves may finish its connections"},
	[CONFIG_SERVICE_ON_FAILURE] = {WORD("on-failure", SERVICE, on_failure,
					       schema_on_failure_words),
		DEFAULT(CONFIG_ON_FAILURE_REMOVE),
		.help = "What becomes of a destination whose check fails"},
	[CONFIG_SERVICE_QUORUM] = {NUMBER("quorum", SERVICE, quorum, 1, UINT32_MAX), DEFAULT(1),
		.help = "Sum of weights of healthy destinations below which the fallback serves"},
	[CONFIG_SERVICE_QUORUM_HYSTERESIS] = {NUMBER("quorum-hysteresis", SERVICE,
						      quorum_hysteresis, 0, UINT32_MAX),
		DEFAULT(0), .help = "How far past the quorum that sum must be before it flips"},
	[CONFIG_SERVICE_MIN_HEALTHY] = {PERCENT("min-healthy", SERVICE, min_healthy, 0),
		.help = "Share of the destinations that stay in whatever their checks say"},
	[CONFIG_SERVICE_SLOW_START] =
		{DURATION("slow-start", SERVICE, slow_start, UNITS_MILLISECOND, 0, UNITS_DAY),
			DEFAULT(0),
			.help = "How long the weight of a recovered destination climbs"},
	[CONFIG_SERVICE_FALLBACK] = {LIST("fallback", SERVICE, fallback, schema_destination),
		.flags = SCHEMA_FLAG_SINGLE, .help = "Serves while the quorum is lost"},
	[CONFIG_SERVICE_VRRP] = {REFERENCE("vrrp", SERVICE, vrrp, "virtual router"),
		.help = "Virtual router that holds its addresses"},
	[CONFIG_SERVICE_STANDBY] = {WORD("standby", SERVICE, standby, schema_standby_words),
		DEFAULT(CONFIG_STANDBY_KEEP),
		.help = "What becomes of it while its virtual router is backup"},
	[CONFIG_SERVICE_NOTIFY] = {.name = "notify",
		.type = SCHEMA_TYPE_TEXTS,
		.offset = offsetof(SERVICE, notify),
		.minimum = 1,
		.flags = SCHEMA_FLAG_SINGLE | SCHEMA_FLAG_EMPTY,
		.help = "Command and arguments to run at each change of health"},
};
const struct schema_mapping schema_service = {
	"service",
	"A virtual service: what listens, and who serves",
	MAPPING_OF(struct config_service, schema_service_keys),
};

static const struct schema_key schema_timeouts_keys[CONFIG_TIMEOUTS_COUNT] = {
	[CONFIG_TIMEOUTS_TCP] = {DURATION("tcp", struct config_timeouts, tcp, UNITS_SECOND,
					 UNITS_SECOND, SCHEMA_LONGEST_TIMEOUT),
		.help = "Idle TCP connections"},
	[CONFIG_TIMEOUTS_TCP_FIN] = {DURATION("tcp-fin", struct config_timeouts, tcp_fin,
					     UNITS_SECOND, UNITS_SECOND, SCHEMA_LONGEST_TIMEOUT),
		.help = "TCP connections after a FIN"},
	[CONFIG_TIMEOUTS_UDP] = {DURATION("udp", struct config_timeouts, udp, UNITS_SECOND,
					 UNITS_SECOND, SCHEMA_LONGEST_TIMEOUT),
		.help = "Idle UDP flows"},
};
const struct schema_mapping schema_timeouts = {
	"timeouts",
	"Time after which the kernel forgets a connection",
	MAPPING_OF(struct config_timeouts, schema_timeouts_keys),
};

static const struct schema_key schema_sync_keys[CONFIG_SYNC_COUNT] = {
	[CONFIG_SYNC_ROLE] = {WORD("role", struct config_sync, role, schema_role_words),
		.flags = SCHEMA_FLAG_REQUIRED | SCHEMA_FLAG_FOLLOW,
		.follow = offsetof(struct config_sync, follow), .help = "Direction"},
	[CONFIG_SYNC_INTERFACE] = {TEXT("interface", struct config_sync, interface,
					   schema_text_interface),
		.flags = SCHEMA_FLAG_REQUIRED, .help = "Network interface of the messages"},
	[CONFIG_SYNC_ID] = {NUMBER("id", struct config_sync, id, 0, 255), DEFAULT(0),
		.help = "Group of balancers; a backup with 0 takes every one's"},
	[CONFIG_SYNC_GROUP] = {ADDRESS("group", struct config_sync, group),
		DEFAULT_TEXT(CONFIG_SYNC_DEFAULT_GROUP), .help = "Multicast group"},
	[CONFIG_SYNC_PORT] = {NUMBER("port", struct config_sync, port, 1, UINT16_MAX),
		DEFAULT(CONFIG_SYNC_DEFAULT_PORT), .help = "UDP port"},
	[CONFIG_SYNC_TTL] = {NUMBER("ttl", struct config_sync, ttl, 1, 255), DEFAULT(1),
		.help = "TTL of the messages"},
	[CONFIG_SYNC_MAX_LENGTH] = {SIZE("max-length", struct config_sync, max_length, 1, 1, 65507),
		.help = "Longest message; else what the interface's MTU allows"},
};
const struct schema_mapping schema_sync = {
	"sync",
	"A daemon that copies connections between balancers",
	MAPPING_OF(struct config_sync, schema_sync_keys),
};

static const struct schema_key schema_ipvs_keys[CONFIG_IPVS_COUNT] = {
	[CONFIG_IPVS_TIMEOUTS] = {INSIDE("timeouts", struct config_ipvs, timeouts, schema_timeouts),
		.help = "Timeouts of connections; those not named are left alone"},
	[CONFIG_IPVS_SYNC] = {LIST("sync", struct config_ipvs, sync, schema_sync),
		.help = "Synchronisation daemons, at most one of each role; `[]` for none"},
	[CONFIG_IPVS_SYSCTLS] = {.name = "sysctls",
		.type = SCHEMA_TYPE_SYSCTLS,
		.offset = offsetof(struct config_ipvs, sysctls),
		.help = "Values below net.ipv4.vs; those not named are left alone"},
};
const struct schema_mapping schema_ipvs = {
	"ipvs",
	"What the kernel's IPVS has once for all services",
	MAPPING_OF(struct config_ipvs, schema_ipvs_keys),
};

static const struct schema_key schema_control_keys[CONFIG_CONTROL_COUNT] = {
	[CONFIG_CONTROL_SOCKET_GROUP] = {TEXT("socket-group", struct config_control, socket_group,
						 schema_text_group),
		.help = "Group that may use poised's socket beside root"},
};
const struct schema_mapping schema_control = {
	"control",
	"poised's control socket",
	MAPPING_OF(struct config_control, schema_control_keys),
};

static const struct schema_key schema_metrics_keys[CONFIG_METRICS_COUNT] = {
	[CONFIG_METRICS_LISTEN] = {ENDPOINT("listen", struct config_metrics, listen),
		DEFAULT_TEXT("127.0.0.1:9620"), .help = "Where poised serves its metrics"},
	[CONFIG_METRICS_SERVICE_LIMIT] = {NUMBER("service-limit", struct config_metrics,
						  service_limit, 0, SCHEMA_MOST_SERIES),
		DEFAULT(10000),
		.help = "With more managed services than this, none has series of its own"},
	[CONFIG_METRICS_DESTINATION_LIMIT] = {NUMBER("destination-limit", struct config_metrics,
						      destination_limit, 0, SCHEMA_MOST_SERIES),
		DEFAULT(10000),
		.help = "With more destinations than this, none has series of its own"},
};
const struct schema_mapping schema_metrics = {
	"metrics",
	"poised's metrics",
	MAPPING_OF(struct config_metrics, schema_metrics_keys),
};

static const struct schema_key schema_top_keys[CONFIG_COUNT] = {
	[CONFIG_POISE] = {NUMBER("poise", struct config, poise, CONFIG_FORMAT, CONFIG_FORMAT),
		.flags = SCHEMA_FLAG_REQUIRED | SCHEMA_FLAG_PER_FILE | SCHEMA_FLAG_ALWAYS,
		.help = "Version of the file format, in every file"},
	[CONFIG_BACKEND] = {WORD("backend", struct config, backend, schema_backend_words),
		DEFAULT(CONFIG_BACKEND_IPVS), .help = "What balances"},
	[CONFIG_PRUNE] = {WORD("prune", struct config, prune, schema_prune_words),
		DEFAULT(CONFIG_PRUNE_OWNED), .help = "Which services are deleted"},
	[CONFIG_MAX_DELETE] = {PERCENT("max-delete", struct config, max_delete, 0), DEFAULT(50),
		.help = "Share of the services, of the virtual routers, or of what one of them "
			"has, that may go at once"},
	[CONFIG_ALLOW_EMPTY] = {BOOLEAN("allow-empty", struct config, allow_empty), DEFAULT(false),
		.help = "Accept a configuration without any service"},
	[CONFIG_RESYNC] = {DURATION("resync", struct config, resync, UNITS_MILLISECOND,
				   UNITS_SECOND, UNITS_DAY),
		DEFAULT(30 * UNITS_SECOND),
		.help = "How often poised reads the whole live state and corrects it"},
	[CONFIG_IPVS] = {INSIDE("ipvs", struct config, ipvs, schema_ipvs),
		.backends = SCHEMA_BACKEND_IPVS, .help = "Globals of IPVS"},
	[CONFIG_DPDK] = {INSIDE("dpdk", struct config, dpdk, schema_dpdk),
		.backends = SCHEMA_BACKEND_DPDK, .help = "Ports and routes of poise-dataplane"},
	[CONFIG_CHECKS] = {NAMED("checks", struct config, checks, schema_check),
		.help = "Health checks, by name"},
	[CONFIG_POOLS] = {NAMED("pools", struct config, pools, schema_pool),
		.help = "Pools of destinations, by name"},
	[CONFIG_SERVICES] = {NAMED("services", struct config, services, schema_service),
		.help = "Virtual services, by name"},
	[CONFIG_VRRP] = {NAMED("vrrp", struct config, routers, schema_router),
		.help = "Virtual routers, by name"},
	[CONFIG_CONTROL] = {INSIDE("control", struct config, control, schema_control),
		.help = "Control socket of poised"},
	[CONFIG_METRICS] = {INSIDE("metrics", struct config, metrics, schema_metrics),
		.help = "Metrics of poised"},
};
const struct schema_mapping schema_top = {
	"top",
	"The file itself",
	MAPPING_OF(struct config, schema_top_keys),
};

const struct schema_mapping *const schema_mappings[] = {
	&schema_top,
	&schema_service,
	&schema_destination,
	&schema_pool,
	&schema_persistence,
	&schema_tunnel,
	&schema_ipvs,
	&schema_timeouts,
	&schema_sync,
	&schema_dpdk,
	&schema_port,
	&schema_port_address,
	&schema_data_route,
	&schema_data_timeouts,
	&schema_check,
	&schema_tcp,
	&schema_http,
	&schema_https,
	&schema_dns,
	&schema_smtp,
	&schema_ping,
	&schema_udp,
	&schema_exec,
	&schema_file,
	&schema_control,
	&schema_metrics,
	&schema_router,
	&schema_virtual_address,
	&schema_route,
	&schema_rule,
	&schema_unicast,
	&schema_garp,
	&schema_track,
	&schema_tracked_interface,
	&schema_tracked_route,
	&schema_tracked_script,
	&schema_tracked_process,
	&schema_tracked_file,
	&schema_tracked_service,
	NULL,
};
