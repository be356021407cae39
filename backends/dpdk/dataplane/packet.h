// SPDX-License-Identifier: GPL-2.0-or-later
/* A frame as the forwarder sees it: parsed once, by bytes alone.
 *
 * packet_parse() looks at the headers of a frame, from Ethernet to the transport's, checks what a
 * router must check (RFC 1812 §5.2.2, RFC 8200), and says what it is. It reads nothing past `length`
 * bytes, writes nothing into the frame, and knows neither DPDK nor tables: libFuzzer's target. IPv6
 * extension headers are walked, PACKET_EXTENSIONS_MOST of them at most. A routing header that has
 * segments left ends the walk: its packet is not yet on its way to where the header says, and is
 * PACKET_KIND_IP_OTHER.
 *
 * Whoever needs more than its kind calls the functions for that kind on the slow way. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/dpdk/dataplane/flow.h"

/* IPv6 extension headers of one packet, at most, and their bytes. */
#define PACKET_EXTENSIONS_MOST      8
#define PACKET_EXTENSION_BYTES_MOST 512

enum packet_kind {
	PACKET_KIND_TRANSPORT, /* TCP, UDP or SCTP, whole: the key is set */
	PACKET_KIND_ICMP_QUERY, /* an echo request or reply: the key is set, ports are the identifier */
	PACKET_KIND_ICMP_ERROR, /* about another packet, behind l4_offset + 8 */
	PACKET_KIND_ICMP_OTHER, /* neighbour discovery and all else */
	PACKET_KIND_FRAGMENT,   /* a piece of a packet: addresses and protocol are set, no ports */
	PACKET_KIND_IP_OTHER,   /* another protocol: addresses and protocol are set, no ports */
	PACKET_KIND_ARP,
	PACKET_KIND_OTHER, /* no IP: another Ethernet type, another VLAN */
	PACKET_KIND_BAD,   /* not to be forwarded: `reason` */
	PACKET_KIND_COUNT,
};

/* Why a frame is bad. */
enum packet_reason {
	PACKET_REASON_NONE,
	PACKET_REASON_SHORT,           /* a header is cut off */
	PACKET_REASON_VERSION,         /* IP version and Ethernet type disagree */
	PACKET_REASON_HEADER_LENGTH,   /* IHL below 5, or past the packet; TCP's data offset */
	PACKET_REASON_TOTAL_LENGTH,    /* more than the frame has, or less than the headers */
	PACKET_REASON_HEADER_CHECKSUM, /* of IPv4 */
	/* Multicast, loopback, broadcast or unspecified (RFC 1122 §3.2.1.3), the last but where a host may
	 * say so: to a group or to all, when it looks for its address. */
	PACKET_REASON_SOURCE,
	PACKET_REASON_EXTENSIONS, /* too many, or in no order that can be walked */
	PACKET_REASON_COUNT,
};

/* Bits of packet.flags. */
enum packet_flag {
	PACKET_FLAG_LINK_MULTICAST = 1 << 0, /* the frame went to a group, or to all */
	PACKET_FLAG_OPTIONS = 1 << 1,        /* IPv4 options or IPv6 extension headers are there */
	PACKET_FLAG_DONT_FRAGMENT = 1 << 2,  /* IPv4's DF; always of IPv6 */
	PACKET_FLAG_TAGGED = 1 << 3,         /* a VLAN tag stands in the frame */
	PACKET_FLAG_FRAGMENT = 1 << 4, /* a fragment; inside an ICMP error, its first one too */
};

/* key.family is 0 where the packet is not IP. Offsets are bytes from the frame's start. */
struct packet {
	struct flow_key key;
	uint32_t hash;      /* the worker's, flow_hash() */
	uint16_t l3_offset; /* of the IP header */
	uint16_t l4_offset; /* of the transport's header; of IPv6's fragment header, if it is one */
	uint16_t l3_length; /* bytes of the IP packet; what the frame has beyond is padding */
	uint8_t kind;       /* enum packet_kind */
	uint8_t reason;     /* enum packet_reason */
	uint8_t event;      /* enum transport_event of TCP and SCTP */
	uint8_t flags;      /* enum packet_flag */
	uint8_t ttl;        /* TTL, or hop limit */
	uint8_t icmp_type;  /* of the ICMP kinds */
	uint8_t icmp_code;
} __attribute__((aligned(64)));

/* What `frame` of `length` bytes is. `vlan`: the tag that frames of this port carry (1 to 4094), or
 * 0 for none; a frame that has another is PACKET_KIND_OTHER. `checked`: the port has verified IPv4's
 * header checksum. All of *packet is set but hash. */
void packet_parse(
	const uint8_t *frame, size_t length, uint16_t vlan, bool checked, struct packet *packet);

/* The same by its second way, which takes nothing for granted. */
void packet_parse_slowly(
	const uint8_t *frame, size_t length, uint16_t vlan, bool checked, struct packet *packet);

/* The packet that an ICMP error is about, as far as the error has it: the key as that packet had it
 * on the wire. PACKET_KIND_TRANSPORT or _ICMP_QUERY, or _IP_OTHER (a tunnel), with l3_offset and l4_offset
 * within the same frame; l3_length is what the error has of it. PACKET_KIND_BAD when it is too short
 * to say, a fragment without its ports, or about ICMP that is no echo. */
void packet_parse_inner(
	const uint8_t *frame, size_t length, const struct packet *outer, struct packet *inner);

/* `inner` again, where that is a packet of a tunnel (IP in IP, GRE, or UDP to a port of GUE, which the
 * caller knows): the packet within the tunnel, as far as it is there. */
void packet_parse_tunnelled(
	const uint8_t *frame, size_t length, const struct packet *inner, struct packet *tunnelled);

const char *packet_kind_name(enum packet_kind kind);
const char *packet_reason_name(enum packet_reason reason);
