// SPDX-License-Identifier: GPL-2.0-or-later
/* The tables of virtual routers: `vrrp:` and what is below it. */
#include "model/schema_row.h"
#include "model/units.h"

/* RFC 9568 §5.2.7 counts an advertisement's interval in 12 bits of centiseconds, RFC 3768 §5.3.7 in
 * 8 bits of seconds; model/validate_vrrp.c tells the versions apart. */
#define SCHEMA_LONGEST_ADVERTISE (255 * UNITS_SECOND)
/* More than these takes a priority from one end of its range to the other. */
#define SCHEMA_WEIGHT_LEAST (-253)
#define SCHEMA_WEIGHT_MOST  253

static const struct schema_word schema_scope_words[] = {
	{"global", CONFIG_SCOPE_GLOBAL, 0, "everywhere"},
	{"site", CONFIG_SCOPE_SITE, 0, "within this site"},
	{"link", CONFIG_SCOPE_LINK, 0, "on this link"},
	{"host", CONFIG_SCOPE_HOST, 0, "on this machine"},
	{},
};
static const struct schema_word schema_route_words[] = {
	{"unicast", CONFIG_ROUTE_TYPE_UNICAST, 0, "packets are sent on"},
	{"blackhole", CONFIG_ROUTE_TYPE_BLACKHOLE, 0, "they are dropped in silence"},
	{"unreachable", CONFIG_ROUTE_TYPE_UNREACHABLE, 0, "they are answered: no such host"},
	{"prohibit", CONFIG_ROUTE_TYPE_PROHIBIT, 0, "they are answered: not allowed"},
	{},
};
static const struct schema_word schema_mac_words[] = {
	{"interface", CONFIG_MAC_INTERFACE, 0,
		"the interface's own: neighbours are told at each take-over"},
	{"virtual", CONFIG_MAC_VIRTUAL, 0,
		"one that moves along, 00-00-5E-00-01-VRID (02 for IPv6), by a macvlan"},
	{},
};
static const struct schema_word schema_checksum_words[] = {
	{"auto", CONFIG_CHECKSUM_AUTO, 0, "either form is taken; that of the last peer is sent"},
	{"rfc9568", CONFIG_CHECKSUM_RFC9568, 0, "over the message alone"},
	{"rfc5798", CONFIG_CHECKSUM_RFC5798, 0, "over a pseudo-header too"},
	{},
};

static const struct schema_text schema_text_label = {
	.name = "a label for ifconfig(8), like eth0:web",
	.prefix = "",
	.allowed = "A-Za-z0-9_.:@-",
	.longest = INTERFACE_NAME_SIZE - 1};
static const struct schema_text schema_text_password = {
	.name = "a password of 1 to 8 characters of ASCII",
	.prefix = "",
	.allowed = " -~",
	.longest = 8};
static const struct schema_text schema_text_process = {.name = "the name of a program that runs",
	.prefix = "",
	.allowed = "!-.0-~",
	.longest = 255};

#define ADDRESS_OF struct config_virtual_address

static const struct schema_key schema_virtual_address_keys[CONFIG_VIRTUAL_ADDRESS_COUNT] = {
	[CONFIG_VIRTUAL_ADDRESS_ADDRESS] = {PREFIX("address", ADDRESS_OF, address),
		.flags = SCHEMA_FLAG_REQUIRED,
		.help = "Address, with the length of its network; else /32 or /128"},
	[CONFIG_VIRTUAL_ADDRESS_INTERFACE] = {TEXT("interface", ADDRESS_OF, interface,
						      schema_text_interface),
		.help = "Interface that gets it, instead of the router's"},
	[CONFIG_VIRTUAL_ADDRESS_LABEL] = {TEXT("label", ADDRESS_OF, label, schema_text_label),
		.help = "Label of an IPv4 address"},
	[CONFIG_VIRTUAL_ADDRESS_SCOPE] = {WORD("scope", ADDRESS_OF, scope, schema_scope_words),
		DEFAULT(CONFIG_SCOPE_GLOBAL), .help = "Where an IPv4 address is valid"},
};
const struct schema_mapping schema_virtual_address = {
	"virtual address",
	"An address that the active router has",
	MAPPING_OF(ADDRESS_OF, schema_virtual_address_keys),
	.short_form = "ADDRESS[/LENGTH]",
};

#define ROUTE struct config_route

static const struct schema_key schema_route_keys[CONFIG_ROUTE_COUNT] = {
	[CONFIG_ROUTE_TO] = {PREFIX("to", ROUTE, to), .flags = SCHEMA_FLAG_REQUIRED,
		.help = "Destination; 0.0.0.0/0 or ::/0 for a default route"},
	[CONFIG_ROUTE_VIA] = {ADDRESS("via", ROUTE, via), .help = "Next hop"},
	[CONFIG_ROUTE_INTERFACE] = {TEXT("interface", ROUTE, interface, schema_text_interface),
		.help = "Interface that it goes out by, instead of the router's"},
	[CONFIG_ROUTE_SOURCE] = {ADDRESS("source", ROUTE, source),
		.help = "Address that this machine's own packets have"},
	[CONFIG_ROUTE_TYPE] = {WORD("type", ROUTE, type, schema_route_words),
		DEFAULT(CONFIG_ROUTE_TYPE_UNICAST), .help = "What becomes of packets"},
	[CONFIG_ROUTE_TABLE] = {NUMBER("table", ROUTE, table, 1, UINT32_MAX),
		DEFAULT(CONFIG_TABLE_MAIN), .help = "Routing table; 254 is main"},
	[CONFIG_ROUTE_METRIC] = {NUMBER("metric", ROUTE, metric, 0, UINT32_MAX), DEFAULT(0),
		.help = "Metric; 0 for the kernel's own"},
	[CONFIG_ROUTE_SCOPE] = {WORD("scope", ROUTE, scope, schema_scope_words),
		.help = "Scope of an IPv4 route; else global with `via`, and link without"},
	[CONFIG_ROUTE_ON_LINK] = {BOOLEAN("on-link", ROUTE, on_link), DEFAULT(false),
		.help = "Take the next hop as a neighbour, whatever the routes say"},
};
const struct schema_mapping schema_route = {
	"route",
	"A route that the active router has",
	MAPPING_OF(ROUTE, schema_route_keys),
};

#define RULE struct config_rule

static const struct schema_key schema_rule_keys[CONFIG_RULE_COUNT] = {
	[CONFIG_RULE_FROM] = {PREFIX("from", RULE, from), .help = "Source that packets have"},
	[CONFIG_RULE_TO] = {PREFIX("to", RULE, to), .help = "Destination that packets have"},
	[CONFIG_RULE_INTERFACE] = {TEXT("interface", RULE, interface, schema_text_interface),
		.help = "Interface that packets come in by"},
	[CONFIG_RULE_FWMARK] = {NUMBER("fwmark", RULE, fwmark, 1, UINT32_MAX),
		.help = "Mark that packets have"},
	[CONFIG_RULE_TABLE] = {NUMBER("table", RULE, table, 1, UINT32_MAX),
		.flags = SCHEMA_FLAG_REQUIRED, .help = "Routing table that they go by"},
	[CONFIG_RULE_PREFERENCE] = {NUMBER("preference", RULE, preference, 1, 32765),
		.flags = SCHEMA_FLAG_REQUIRED, .help = "Place among all rules, the lowest first"},
};
const struct schema_mapping schema_rule = {
	"rule",
	"A policy rule that the active router has",
	MAPPING_OF(RULE, schema_rule_keys),
};

static const struct schema_key schema_unicast_keys[CONFIG_UNICAST_COUNT] = {
	[CONFIG_UNICAST_SOURCE] = {ADDRESS("source", struct config_unicast, source),
		.flags = SCHEMA_FLAG_REQUIRED, .help = "Address of this machine to send from"},
	[CONFIG_UNICAST_PEERS] = {.name = "peers",
		.type = SCHEMA_TYPE_ADDRESSES,
		.offset = offsetof(struct config_unicast, peers),
		.minimum = 1,
		.flags = SCHEMA_FLAG_REQUIRED | SCHEMA_FLAG_SINGLE,
		.help = "Addresses of all the others: nobody else is heard"},
	[CONFIG_UNICAST_TTL] = {NUMBER("ttl", struct config_unicast, ttl, 1, 255), DEFAULT(1),
		.help = "Least TTL or hop limit of what a peer sends, which is 255 from the same "
			"link; what is sent has 255"},
};
const struct schema_mapping schema_unicast = {
	"unicast",
	"Advertisements go to peers by name, instead of the multicast group",
	MAPPING_OF(struct config_unicast, schema_unicast_keys),
};

static const struct schema_key schema_garp_keys[CONFIG_GARP_COUNT] = {
	[CONFIG_GARP_REPEAT] = {NUMBER("repeat", struct config_garp, repeat, 1, 100), DEFAULT(5),
		.help = "How many are sent for each address, one after the other"},
	[CONFIG_GARP_DELAY] = {DURATION("delay", struct config_garp, delay, UNITS_MILLISECOND, 0,
				       UNITS_HOUR),
		DEFAULT(5 * UNITS_SECOND),
		.help = "Time until as many are sent again; 0s for not at all"},
	[CONFIG_GARP_REFRESH] = {DURATION("refresh", struct config_garp, refresh, UNITS_MILLISECOND,
					 0, UNITS_DAY),
		DEFAULT(0),
		.help = "Time from then on between one and the next, at least 1s; 0s for none"},
};
const struct schema_mapping schema_garp = {
	"garp",
	"How neighbours are told of a take-over: gratuitous ARP, and unsolicited neighbour "
	"advertisements",
	MAPPING_OF(struct config_garp, schema_garp_keys),
};

#define WEIGHT(type)                                                                               \
	SIGNED("weight", type, weight, SCHEMA_WEIGHT_LEAST, SCHEMA_WEIGHT_MOST),                   \
		.help = "Added to the priority while all is well; negative: while it is not; "     \
			"without it, not being well is a fault"

static const struct schema_key schema_tracked_interface_keys[CONFIG_TRACKED_INTERFACE_COUNT] = {
	[CONFIG_TRACKED_INTERFACE_NAME] = {TEXT("name", struct config_tracked_interface, name,
						   schema_text_interface),
		.flags = SCHEMA_FLAG_REQUIRED, .help = "Interface that must be up and running"},
	[CONFIG_TRACKED_INTERFACE_WEIGHT] = {WEIGHT(struct config_tracked_interface)},
};
const struct schema_mapping schema_tracked_interface = {
	"tracked interface",
	"An interface beside the router's own, which always counts",
	MAPPING_OF(struct config_tracked_interface, schema_tracked_interface_keys),
	.short_form = "NAME",
};

static const struct schema_key schema_tracked_route_keys[CONFIG_TRACKED_ROUTE_COUNT] = {
	[CONFIG_TRACKED_ROUTE_TO] = {PREFIX("to", struct config_tracked_route, to),
		.flags = SCHEMA_FLAG_REQUIRED, .help = "Destination of a route that must be there"},
	[CONFIG_TRACKED_ROUTE_TABLE] = {NUMBER("table", struct config_tracked_route, table, 1,
						UINT32_MAX),
		DEFAULT(CONFIG_TABLE_MAIN), .help = "Routing table; 254 is main"},
	[CONFIG_TRACKED_ROUTE_WEIGHT] = {WEIGHT(struct config_tracked_route)},
};
const struct schema_mapping schema_tracked_route = {
	"tracked route",
	"A route of others, as of a routing daemon",
	MAPPING_OF(struct config_tracked_route, schema_tracked_route_keys),
	.short_form = "ADDRESS[/LENGTH]",
};

#define SCRIPT struct config_tracked_script

static const struct schema_key schema_tracked_script_keys[CONFIG_TRACKED_SCRIPT_COUNT] = {
	[CONFIG_TRACKED_SCRIPT_COMMAND] = {COMMAND("command", SCRIPT, command),
		.flags = SCHEMA_FLAG_REQUIRED | SCHEMA_FLAG_SINGLE | SCHEMA_FLAG_EMPTY,
		.help = "Program (an absolute path) and its arguments; no shell"},
	[CONFIG_TRACKED_SCRIPT_WEIGHT] = {WEIGHT(SCRIPT)},
	[CONFIG_TRACKED_SCRIPT_INTERVAL] = {DURATION("interval", SCRIPT, interval,
						    UNITS_MILLISECOND, 100 * UNITS_MILLISECOND,
						    UNITS_DAY),
		DEFAULT(UNITS_SECOND), .help = "Time from one run to the next"},
	[CONFIG_TRACKED_SCRIPT_TIMEOUT] = {DURATION("timeout", SCRIPT, timeout, UNITS_MILLISECOND,
						   UNITS_MILLISECOND, UNITS_HOUR),
		DEFAULT(UNITS_SECOND), .help = "Time that a run may take"},
	[CONFIG_TRACKED_SCRIPT_RISE] = {NUMBER("rise", SCRIPT, rise, 1, 1000), DEFAULT(1),
		.help = "Runs in a row that must pass to make it well"},
	[CONFIG_TRACKED_SCRIPT_FALL] = {NUMBER("fall", SCRIPT, fall, 1, 1000), DEFAULT(1),
		.help = "Runs in a row that must fail to make it unwell"},
	[CONFIG_TRACKED_SCRIPT_USER] = {TEXT("user", SCRIPT, user, schema_text_user),
		DEFAULT_TEXT("nobody"), .help = "User to run it as"},
};
const struct schema_mapping schema_tracked_script = {
	"tracked script",
	"A program that exits with 0",
	MAPPING_OF(SCRIPT, schema_tracked_script_keys),
};

static const struct schema_key schema_tracked_process_keys[CONFIG_TRACKED_PROCESS_COUNT] = {
	[CONFIG_TRACKED_PROCESS_NAME] = {TEXT("name", struct config_tracked_process, name,
						 schema_text_process),
		.flags = SCHEMA_FLAG_REQUIRED, .help = "Name of its program, without a path"},
	[CONFIG_TRACKED_PROCESS_MINIMUM] = {NUMBER("minimum", struct config_tracked_process,
						    minimum, 1, 65535),
		DEFAULT(1), .help = "How many processes of it must run"},
	[CONFIG_TRACKED_PROCESS_WEIGHT] = {WEIGHT(struct config_tracked_process)},
};
const struct schema_mapping schema_tracked_process = {
	"tracked process",
	"A program that runs",
	MAPPING_OF(struct config_tracked_process, schema_tracked_process_keys),
	.short_form = "NAME",
};

static const struct schema_key schema_tracked_file_keys[CONFIG_TRACKED_FILE_COUNT] = {
	[CONFIG_TRACKED_FILE_PATH] = {TEXT("path", struct config_tracked_file, path,
					      schema_text_path),
		.flags = SCHEMA_FLAG_REQUIRED, .help = "File that holds a number"},
	[CONFIG_TRACKED_FILE_WEIGHT] = {SIGNED("weight", struct config_tracked_file, weight,
						SCHEMA_WEIGHT_LEAST, SCHEMA_WEIGHT_MOST),
		.help = "Times the number, it is added to the priority; without it, a number other "
			"than 0 is a fault"},
};
const struct schema_mapping schema_tracked_file = {
	"tracked file",
	"A file by which an operator or a program says how good this machine is",
	MAPPING_OF(struct config_tracked_file, schema_tracked_file_keys),
	.short_form = "PATH",
};

static const struct schema_key schema_tracked_service_keys[CONFIG_TRACKED_SERVICE_COUNT] = {
	[CONFIG_TRACKED_SERVICE_NAME] = {REFERENCE("name", struct config_tracked_service, name,
						 "service"),
		.flags = SCHEMA_FLAG_REQUIRED,
		.help = "Service whose listeners must all have their quorum"},
	[CONFIG_TRACKED_SERVICE_WEIGHT] = {WEIGHT(struct config_tracked_service)},
};
const struct schema_mapping schema_tracked_service = {
	"tracked service",
	"A service that has enough healthy destinations",
	MAPPING_OF(struct config_tracked_service, schema_tracked_service_keys),
	.short_form = "NAME",
};

#define TRACK struct config_track

static const struct schema_key schema_track_keys[CONFIG_TRACK_COUNT] = {
	[CONFIG_TRACK_INTERFACES] = {LIST("interfaces", TRACK, interfaces,
					     schema_tracked_interface),
		.help = "Interfaces that must be up"},
	[CONFIG_TRACK_ROUTES] = {LIST("routes", TRACK, routes, schema_tracked_route),
		.help = "Routes that must be there"},
	[CONFIG_TRACK_SCRIPTS] = {LIST("scripts", TRACK, scripts, schema_tracked_script),
		.help = "Programs that must exit with 0"},
	[CONFIG_TRACK_PROCESSES] = {LIST("processes", TRACK, processes, schema_tracked_process),
		.help = "Programs that must run"},
	[CONFIG_TRACK_FILES] = {LIST("files", TRACK, files, schema_tracked_file),
		.help = "Files that hold a number"},
	[CONFIG_TRACK_SERVICES] = {LIST("services", TRACK, services, schema_tracked_service),
		.help = "Services that must have their quorum"},
};
const struct schema_mapping schema_track = {
	"track",
	"What makes a router worse, or unfit, to be active",
	MAPPING_OF(TRACK, schema_track_keys),
};

#define ROUTER struct config_router

static const struct schema_key schema_router_keys[CONFIG_ROUTER_COUNT] = {
	[CONFIG_ROUTER_INTERFACE] = {TEXT("interface", ROUTER, interface, schema_text_interface),
		.flags = SCHEMA_FLAG_REQUIRED,
		.help = "Interface that it advertises on, and that gets the addresses"},
	[CONFIG_ROUTER_VRID] = {NUMBER("vrid", ROUTER, vrid, 1, 255), .flags = SCHEMA_FLAG_REQUIRED,
		.help = "Its number on this link, the same on each machine"},
	[CONFIG_ROUTER_VERSION] = {NUMBER("version", ROUTER, version, 2, 3), DEFAULT(3),
		.help = "Version of VRRP: 3 (RFC 9568), or 2 (RFC 3768, IPv4 only)"},
	[CONFIG_ROUTER_PRIORITY] = {NUMBER("priority", ROUTER, priority, 1, CONFIG_PRIORITY_OWNER),
		DEFAULT(100),
		.help = "The highest becomes active; 255 for who has the addresses as its own"},
	[CONFIG_ROUTER_ADVERTISE] = {DURATION("advertise", ROUTER, advertise, UNITS_CENTISECOND,
					     UNITS_CENTISECOND, SCHEMA_LONGEST_ADVERTISE),
		DEFAULT(UNITS_SECOND),
		.help = "Time between advertisements: with version 3 at most 40s950ms, with "
			"version 2 whole seconds"},
	[CONFIG_ROUTER_PREEMPT] = {BOOLEAN("preempt", ROUTER, preempt), DEFAULT(true),
		.help = "Take over from an active router of lower priority"},
	[CONFIG_ROUTER_PREEMPT_DELAY] = {DURATION("preempt-delay", ROUTER, preempt_delay,
						 UNITS_MILLISECOND, 0, UNITS_HOUR),
		DEFAULT(0), .help = "How long such a router is borne with first"},
	[CONFIG_ROUTER_ACCEPT] = {BOOLEAN("accept", ROUTER, accept), DEFAULT(true),
		.help = "Take packets to the addresses themselves, as services need; false drops "
			"all but neighbour discovery"},
	[CONFIG_ROUTER_ADDRESSES] = {LIST("addresses", ROUTER, addresses, schema_virtual_address),
		.minimum = 1, .flags = SCHEMA_FLAG_REQUIRED,
		.help = "Addresses that the active router has; those of IPv4 and of IPv6 are a "
			"virtual router each, which move together"},
	[CONFIG_ROUTER_ROUTES] = {LIST("routes", ROUTER, routes, schema_route),
		.help = "Routes that are there while it is active"},
	[CONFIG_ROUTER_RULES] = {LIST("rules", ROUTER, rules, schema_rule),
		.help = "Policy rules that are there while it is active"},
	[CONFIG_ROUTER_MAC] = {WORD("mac", ROUTER, mac, schema_mac_words),
		DEFAULT(CONFIG_MAC_INTERFACE), .help = "MAC address of the addresses"},
	[CONFIG_ROUTER_UNICAST] = {INSIDE("unicast", ROUTER, unicast, schema_unicast),
		.help = "Peers, where the network has no multicast"},
	[CONFIG_ROUTER_AUTHENTICATION] = {TEXT("authentication", ROUTER, authentication,
						  schema_text_password),
		.flags = SCHEMA_FLAG_SECRET,
		.help = "Simple password of version 2, which everybody on the link can read"},
	[CONFIG_ROUTER_CHECKSUM] = {WORD("checksum", ROUTER, checksum, schema_checksum_words),
		DEFAULT(CONFIG_CHECKSUM_AUTO), .help = "Checksum of version 3 over IPv4"},
	[CONFIG_ROUTER_GROUP] = {REFERENCE("group", ROUTER, group, "sync group"),
		.help = "Those that name the same one move together"},
	[CONFIG_ROUTER_TRACK] = {INSIDE("track", ROUTER, track, schema_track),
		.help = "What the priority depends on"},
	[CONFIG_ROUTER_GARP] = {INSIDE("garp", ROUTER, garp, schema_garp),
		.help = "How neighbours are told of a take-over"},
	[CONFIG_ROUTER_START_TIMEOUT] =
		{DURATION("start-timeout", ROUTER, start_timeout, UNITS_MILLISECOND, 0, UNITS_HOUR),
			DEFAULT(30 * UNITS_SECOND),
			.help = "How long it waits, when poised starts, for services to be in "
				"place and "
				"checked"},
	[CONFIG_ROUTER_STANDBY_WAIT] =
		{DURATION("standby-wait", ROUTER, standby_wait, UNITS_MILLISECOND, 0, UNITS_MINUTE),
			DEFAULT(100 * UNITS_MILLISECOND),
			.help = "How long the addresses wait, at a take-over, for services of "
				"`standby: "
				"remove`"},
	[CONFIG_ROUTER_NOTIFY] = {COMMAND("notify", ROUTER, notify),
		.flags = SCHEMA_FLAG_SINGLE | SCHEMA_FLAG_EMPTY,
		.help = "Command and arguments to run when it becomes active, backup or neither"},
};
const struct schema_mapping schema_router = {
	"virtual router",
	"Addresses that one of several machines has",
	MAPPING_OF(ROUTER, schema_router_keys),
};
