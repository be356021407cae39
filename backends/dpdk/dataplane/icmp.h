// SPDX-License-Identifier: GPL-2.0-or-later
/* ICMP and ICMPv6 that the forwarder answers, makes and translates. Pure: bytes in, bytes out.
 *
 * Errors about packets of known connections are translated in both directions: the addresses and
 * ports of the packet inside, with its checksums, become what the receiver knows them as (RFC 5508
 * §4 and RFC 5597 say how for NAT). Errors are made at a bounded rate by the caller. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/dpdk/dataplane/packet.h"

/* What is wrong, for icmp_make_error(). */
enum icmp_error {
	ICMP_ERROR_TIME_EXCEEDED,
	ICMP_ERROR_TOO_BIG,          /* "fragmentation needed", "packet too big" */
	ICMP_ERROR_NO_ROUTE,         /* net unreachable; no route to destination */
	ICMP_ERROR_HOST_UNREACHABLE, /* the next hop does not answer */
	ICMP_ERROR_PORT_UNREACHABLE,
	ICMP_ERROR_REASSEMBLY, /* its fragments did not come in time */
	ICMP_ERROR_COUNT,
};

/* Whether an error may be sent about this packet at all (RFC 1122 §3.2.2, RFC 4443 §2.4 (e)): none
 * about errors, groups, fragments but the first. */
bool icmp_may_answer(const uint8_t *frame, const struct packet *packet);

/* Turns an echo request in place into its reply, addresses and link addresses swapped. */
void icmp_echo_reply(uint8_t *frame, const struct packet *packet);

/* Writes a whole IP packet, the error about `packet`, from `source` (of the packet's family) to the
 * packet's source, into `to` of `size` bytes (1,280 will do). mtu counts for ICMP_ERROR_TOO_BIG. At most
 * 576 bytes over IPv4, 1,280 over IPv6. The number of bytes; 0 when `size` is too small. */
size_t icmp_make_error(uint8_t *to, size_t size, const uint8_t *frame, const struct packet *packet,
	enum icmp_error error, uint16_t mtu, const uint8_t *source);

/* What an endpoint is to be instead, inside and out. Ports in network order, 0: as it is. */
struct icmp_translation {
	const uint8_t *outer_source;      /* NULL: as it is */
	const uint8_t *outer_destination; /* NULL: as it is */
	const uint8_t *inner_source;      /* NULL: as it is */
	uint16_t inner_source_port;
	const uint8_t *inner_destination; /* NULL: as it is */
	uint16_t inner_destination_port;
};

/* Translates an error in place; all checksums are mended, those inside too as far as they are there.
 * Takes the outer TTL down. */
void icmp_translate(uint8_t *frame, const struct packet *outer, const struct packet *inner,
	const struct icmp_translation *translation);
