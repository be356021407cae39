// SPDX-License-Identifier: GPL-2.0-or-later
/* Where fields stand in the headers of Ethernet, IP and the transports, and how they are read there.
 *
 * Headers lie at any address in a frame: nothing here is aligned, and nothing is cast. wire_load and
 * wire_store move bytes as they lie in memory (addresses, checksums, ports that are only compared);
 * wire_get and wire_set are numbers. */
#pragma once

#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "x86-64 and arm64");

enum wire_ethernet {
	WIRE_ETHERNET_DESTINATION = 0,
	WIRE_ETHERNET_SOURCE = 6,
	WIRE_ETHERNET_TYPE = 12,
	WIRE_ETHERNET_SIZE = 14,
	WIRE_ETHERNET_ADDRESS_SIZE = 6,
	WIRE_ETHERNET_TAG_SIZE = 4, /* between source and type */
};

enum wire_type {
	WIRE_TYPE_IPV4 = 0x0800,
	WIRE_TYPE_ARP = 0x0806,
	WIRE_TYPE_TAG = 0x8100,
	WIRE_TYPE_IPV6 = 0x86dd,
};

enum wire_ipv4 {
	WIRE_IPV4_VERSION = 0, /* and the header's length, in words */
	WIRE_IPV4_TOS = 1,
	WIRE_IPV4_LENGTH = 2,
	WIRE_IPV4_ID = 4,
	WIRE_IPV4_FRAGMENT = 6,
	WIRE_IPV4_TTL = 8,
	WIRE_IPV4_PROTOCOL = 9,
	WIRE_IPV4_CHECKSUM = 10,
	WIRE_IPV4_SOURCE = 12,
	WIRE_IPV4_DESTINATION = 16,
	WIRE_IPV4_SIZE = 20,
};

/* Bits of WIRE_IPV4_FRAGMENT. */
enum wire_fragment {
	WIRE_FRAGMENT_DONT = 0x4000,
	WIRE_FRAGMENT_MORE = 0x2000,
	WIRE_FRAGMENT_OFFSET = 0x1fff, /* in eight bytes */
};

enum wire_ipv6 {
	WIRE_IPV6_VERSION = 0, /* then traffic class and flow label */
	WIRE_IPV6_LENGTH = 4,  /* of what is behind the header */
	WIRE_IPV6_NEXT = 6,
	WIRE_IPV6_HOPS = 7,
	WIRE_IPV6_SOURCE = 8,
	WIRE_IPV6_DESTINATION = 24,
	WIRE_IPV6_SIZE = 40,
};

/* An extension header of IPv6; all but the fragment header have a length. */
enum wire_extension {
	WIRE_EXTENSION_NEXT = 0,
	WIRE_EXTENSION_LENGTH = 1, /* in eight bytes, less one */
	WIRE_EXTENSION_FRAGMENT = 2,
	WIRE_EXTENSION_SEGMENTS_LEFT = 3,
	WIRE_EXTENSION_UNIT = 8,
};

/* TCP, UDP and SCTP all begin with their ports. */
enum wire_port {
	WIRE_PORT_SOURCE = 0,
	WIRE_PORT_DESTINATION = 2,
	WIRE_PORT_SIZE = 4, /* both */
};

enum wire_tcp {
	WIRE_TCP_LENGTH = 12, /* the upper four bits: words */
	WIRE_TCP_FLAGS = 13,
	WIRE_TCP_CHECKSUM = 16,
	WIRE_TCP_SIZE = 20,
};

/* Bits of WIRE_TCP_FLAGS. */
enum wire_tcp_flag {
	WIRE_TCP_FLAG_FIN = 1 << 0,
	WIRE_TCP_FLAG_SYN = 1 << 1,
	WIRE_TCP_FLAG_RST = 1 << 2,
	WIRE_TCP_FLAG_ACK = 1 << 4,
};

enum wire_udp {
	WIRE_UDP_LENGTH = 4,
	WIRE_UDP_CHECKSUM = 6,
	WIRE_UDP_SIZE = 8,
};

enum wire_sctp {
	WIRE_SCTP_CHECKSUM = 8,
	WIRE_SCTP_CHUNK = 12, /* type of the first */
	WIRE_SCTP_SIZE = 16,  /* with the first chunk's header */
};

enum wire_icmp {
	WIRE_ICMP_TYPE = 0,
	WIRE_ICMP_CODE = 1,
	WIRE_ICMP_CHECKSUM = 2,
	WIRE_ICMP_IDENTIFIER = 4, /* of an echo */
	WIRE_ICMP6_QUOTED = 4,    /* a byte, where extensions are */
	WIRE_ICMP4_QUOTED = 5,    /* the same */
	WIRE_ICMP_MTU6 = 4,       /* four bytes of "packet too big" */
	WIRE_ICMP_MTU4 = 6,       /* two bytes of "fragmentation needed" */
	WIRE_ICMP_SIZE = 8,
};

/* Types, RFC 792. */
enum wire_icmp4 {
	WIRE_ICMP4_ECHO_REPLY = 0,
	WIRE_ICMP4_UNREACHABLE = 3,
	WIRE_ICMP4_QUENCH = 4,
	WIRE_ICMP4_REDIRECT = 5,
	WIRE_ICMP4_ECHO = 8,
	WIRE_ICMP4_TIME_EXCEEDED = 11,
	WIRE_ICMP4_PARAMETER = 12,
	WIRE_ICMP4_TOO_BIG_CODE = 4, /* of "unreachable" */
};

/* Types, RFC 4443; below the echo all are errors. */
enum wire_icmp6 {
	WIRE_ICMP6_UNREACHABLE = 1,
	WIRE_ICMP6_TOO_BIG = 2,
	WIRE_ICMP6_TIME_EXCEEDED = 3,
	WIRE_ICMP6_PARAMETER = 4,
	WIRE_ICMP6_ECHO = 128,
	WIRE_ICMP6_ECHO_REPLY = 129,
	WIRE_ICMP6_REDIRECT = 137,
};

static inline uint16_t wire_load16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint32_t wire_load32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint64_t wire_load64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline void wire_store16(uint8_t *at, uint16_t value)
{
	memcpy(at, &value, sizeof(value));
}

static inline void wire_store32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static inline uint16_t wire_get16(const uint8_t *at)
{
	return __builtin_bswap16(wire_load16(at));
}

static inline uint32_t wire_get32(const uint8_t *at)
{
	return __builtin_bswap32(wire_load32(at));
}

static inline void wire_set16(uint8_t *at, uint16_t value)
{
	wire_store16(at, __builtin_bswap16(value));
}

static inline void wire_set32(uint8_t *at, uint32_t value)
{
	wire_store32(at, __builtin_bswap32(value));
}
