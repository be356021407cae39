// SPDX-License-Identifier: GPL-2.0-or-later
/* The tables of the data plane: `dpdk:` and what is below it. */
#include "model/schema_row.h"
#include "model/units.h"

#define SCHEMA_LEAST_MEMORY  (UINT64_C(64) << 20)
#define SCHEMA_MOST_MEMORY   (UINT64_C(1024) << 30)
#define SCHEMA_MEMORY_UNIT   (UINT64_C(1) << 20)
#define SCHEMA_LONGEST_STATE (31 * UNITS_DAY)

static const struct schema_word schema_when_full_words[] = {
	{"half-open", CONFIG_WHEN_FULL_HALF_OPEN, 0,
		"one whose handshake is not over makes room, where one is near"},
	{"refuse", CONFIG_WHEN_FULL_REFUSE, 0, "the new one is dropped"},
	{},
};
static const struct schema_word schema_fragments_words[] = {
	{"reassemble", CONFIG_FRAGMENTS_REASSEMBLE, 0, "put together, then forwarded"},
	{"drop", CONFIG_FRAGMENTS_DROP, 0, "dropped, and counted"},
	{},
};

static const struct schema_text schema_text_device = {
	.name = "a PCI address or a DPDK device, like 0000:03:00.0 or net_af_packet,iface=eth0",
	.prefix = "",
	.allowed = "!-~",
	.longest = 255,
};

static const struct schema_key schema_port_address_keys[CONFIG_PORT_ADDRESS_COUNT] = {
	[CONFIG_PORT_ADDRESS_ADDRESS] = {PREFIX("address", struct config_port_address, address),
		.flags = SCHEMA_FLAG_REQUIRED,
		.help = "Address, with the length of its network; else /32 or /128"},
};
const struct schema_mapping schema_port_address = {
	"port address",
	"An address of the data plane's own on a port",
	MAPPING_OF(struct config_port_address, schema_port_address_keys),
	.short_form = "ADDRESS[/LENGTH]",
};

#define PORT struct config_port

static const struct schema_key schema_port_keys[CONFIG_PORT_COUNT] = {
	[CONFIG_PORT_DEVICE] = {TEXT("device", PORT, device, schema_text_device),
		.flags = SCHEMA_FLAG_REQUIRED,
		.help = "What DPDK drives: a network card by its PCI address, or a virtual device "
			"with its arguments"},
	[CONFIG_PORT_ADDRESSES] = {LIST("addresses", PORT, addresses, schema_port_address),
		.help = "Addresses that the data plane answers for, and whose networks are its "
			"neighbours"},
	[CONFIG_PORT_VLAN] = {NUMBER("vlan", PORT, vlan, 1, 4094),
		.help = "Tag of the frames that it takes and sends; without it they have none"},
	[CONFIG_PORT_MTU] = {NUMBER("mtu", PORT, mtu, 1280, 9000), DEFAULT(CONFIG_PORT_DEFAULT_MTU),
		.help = "Longest packet in bytes, without the frame around it"},
	[CONFIG_PORT_EXCEPTION] = {TEXT("exception", PORT, exception, schema_text_interface),
		.help = "TAP interface, made by poise-dataplane, by which the kernel has the rest "
			"of the traffic; without it that is dropped"},
};
const struct schema_mapping schema_port = {
	"port",
	"A network card, or what stands for one, that poise-dataplane drives",
	MAPPING_OF(PORT, schema_port_keys),
};

#define DATA_ROUTE struct config_data_route

static const struct schema_key schema_data_route_keys[CONFIG_DATA_ROUTE_COUNT] = {
	[CONFIG_DATA_ROUTE_TO] = {PREFIX("to", DATA_ROUTE, to), .flags = SCHEMA_FLAG_REQUIRED,
		.help = "Destination; 0.0.0.0/0 or ::/0 for a default route"},
	[CONFIG_DATA_ROUTE_VIA] = {ADDRESS("via", DATA_ROUTE, via),
		.help = "Next hop; without it the destinations are neighbours themselves"},
	[CONFIG_DATA_ROUTE_PORT] = {REFERENCE("port", DATA_ROUTE, port, "port"),
		.help = "Port that it goes out by; else the one that has the next hop in a network "
			"of its addresses"},
};
const struct schema_mapping schema_data_route = {
	"dpdk route",
	"A way that the data plane sends packets",
	MAPPING_OF(DATA_ROUTE, schema_data_route_keys),
};

/* A state's row: how long nothing may come of a connection that is in it. */
#define STATE(key_, name_, default_, help_)                                                        \
	[CONFIG_DATA_TIMEOUTS_##key_] = {                                                          \
		DURATION(name_, struct config_data_timeouts, of[CONFIG_DATA_TIMEOUTS_##key_],      \
			UNITS_MILLISECOND, UNITS_SECOND, SCHEMA_LONGEST_STATE),                    \
		DEFAULT(default_), .help = (help_)}

/* Of SCTP, while an attempt is repeated: RTO.Max (RFC 9260 §16), and a second. */
#define SCHEMA_SCTP_ATTEMPTS (61 * UNITS_SECOND)

/* The defaults are those of IPVS, which knows neither a second state of UDP nor one of ICMP. */
static const struct schema_key schema_data_timeouts_keys[CONFIG_DATA_TIMEOUTS_COUNT] = {
	STATE(TCP_SYN_SENT, "tcp-syn-sent", 2 * UNITS_MINUTE,
		"TCP: the server has not answered the client yet"),
	STATE(TCP_SYN_RECEIVED, "tcp-syn-received", UNITS_MINUTE, "TCP: the handshake is not over"),
	STATE(TCP_ESTABLISHED, "tcp-established", 15 * UNITS_MINUTE, "TCP: open, and silent"),
	STATE(TCP_FIN_WAIT, "tcp-fin-wait", 2 * UNITS_MINUTE,
		"TCP: the server has closed it; with `direct` and `tunnel`, the client"),
	STATE(TCP_TIME_WAIT, "tcp-time-wait", 2 * UNITS_MINUTE, "TCP: both have, the server first"),
	STATE(TCP_CLOSE, "tcp-close", 10 * UNITS_SECOND, "TCP: reset, or closed by both"),
	STATE(TCP_CLOSE_WAIT, "tcp-close-wait", UNITS_MINUTE, "TCP: the client has closed it"),
	STATE(TCP_LAST_ACK, "tcp-last-ack", 30 * UNITS_SECOND, "TCP: both have, the client first"),
	STATE(SCTP_INIT, "sctp-init", SCHEMA_SCTP_ATTEMPTS, "SCTP: the client wants to begin"),
	STATE(SCTP_COOKIE, "sctp-cookie", SCHEMA_SCTP_ATTEMPTS, "SCTP: cookies are exchanged"),
	STATE(SCTP_ESTABLISHED, "sctp-established", 15 * UNITS_MINUTE, "SCTP: open, and silent"),
	STATE(SCTP_SHUTDOWN, "sctp-shutdown", SCHEMA_SCTP_ATTEMPTS, "SCTP: one side has closed it"),
	STATE(SCTP_CLOSED, "sctp-closed", SCHEMA_SCTP_ATTEMPTS, "SCTP: over, or aborted"),
	STATE(UDP, "udp", 5 * UNITS_MINUTE,
		"UDP: no answer was seen, as ever with `direct` and `tunnel`"),
	STATE(UDP_REPLIED, "udp-replied", 5 * UNITS_MINUTE, "UDP: the server has answered"),
	STATE(ICMP, "icmp", 30 * UNITS_SECOND, "ICMP: echo requests"),
};
const struct schema_mapping schema_data_timeouts = {
	"dpdk timeouts",
	"Time after which the data plane forgets a connection of which nothing comes, by its state",
	MAPPING_OF(struct config_data_timeouts, schema_data_timeouts_keys),
};

#define DPDK struct config_dpdk

static const struct schema_key schema_dpdk_keys[CONFIG_DPDK_COUNT] = {
	[CONFIG_DPDK_EAL] = {.name = "eal",
		.type = SCHEMA_TYPE_TEXTS,
		.offset = offsetof(DPDK, eal),
		.help = "Arguments for DPDK's environment abstraction layer"},
	[CONFIG_DPDK_MEMORY] = {SIZE("memory", DPDK, memory, SCHEMA_MEMORY_UNIT,
					SCHEMA_LEAST_MEMORY, SCHEMA_MOST_MEMORY),
		.help = "Memory for packets that DPDK takes at the "
			"start; else as much as it needs"},
	[CONFIG_DPDK_WORKERS] = {NUMBER("workers", DPDK, workers, 1, 64), DEFAULT(1),
		.help = "Processors that forward; each has one to itself"},
	[CONFIG_DPDK_PORTS] = {NAMED("ports", DPDK, ports, schema_port), .minimum = 1,
		.flags = SCHEMA_FLAG_REQUIRED, .help = "Network cards, by name"},
	[CONFIG_DPDK_ROUTES] = {LIST("routes", DPDK, routes, schema_data_route),
		.help = "Routes beside those to the networks of the ports' addresses"},
	[CONFIG_DPDK_CONNECTIONS] = {NUMBER("connections", DPDK, connections, 1024, 100000000),
		DEFAULT(1000000), .help = "Connections that there is room for, of all workers"},
	[CONFIG_DPDK_WHEN_FULL] = {WORD("when-full", DPDK, when_full, schema_when_full_words),
		DEFAULT(CONFIG_WHEN_FULL_HALF_OPEN),
		.help = "What becomes of a new connection when there is no room"},
	[CONFIG_DPDK_FRAGMENTS] = {WORD("fragments", DPDK, fragments, schema_fragments_words),
		DEFAULT(CONFIG_FRAGMENTS_REASSEMBLE),
		.help = "What becomes of fragments to services"},
	[CONFIG_DPDK_CLAMP_MSS] = {BOOLEAN("clamp-mss", DPDK, clamp_mss), DEFAULT(false),
		.help = "Lower the MSS of TCP connections to what a tunnel leaves of the MTU"},
	[CONFIG_DPDK_TIMEOUTS] = {INSIDE("timeouts", DPDK, timeouts, schema_data_timeouts),
		.help = "Timeouts of connections, by their state"},
};
const struct schema_mapping schema_dpdk = {
	"dpdk",
	"poise-dataplane: what it starts with, its addresses and its routes",
	MAPPING_OF(DPDK, schema_dpdk_keys),
};
