// SPDX-License-Identifier: GPL-2.0-or-later
/* IPv4 and IPv6 addresses as values: parsed, printed, ordered. Never looked up: literals only. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "ffff:…:255.255.255.255" and its NUL; with brackets and a port, ADDRESS_ENDPOINT_LENGTH. */
#define ADDRESS_LENGTH          INET6_ADDRSTRLEN
#define ADDRESS_ENDPOINT_LENGTH (ADDRESS_LENGTH + 8)

/* Bytes in network order; those past the family's size are zero, so that two equal addresses are
 * equal byte for byte. family is AF_INET, AF_INET6, or AF_UNSPEC for none. */
struct address {
	uint16_t family;
	uint8_t bytes[16];
};

/* 4, 16, or 0 for AF_UNSPEC. */
size_t address_size(uint16_t family);

/* 32 or 128. */
unsigned int address_bits(uint16_t family);

/* From `size` bytes in network order (address_size() of the family). */
struct address address_from_bytes(uint16_t family, const void *bytes);

/* A literal of either family, without zone or brackets. -EINVAL when it is none; *ret is then
 * untouched. */
int address_parse(const char *text, struct address *ret);

/* An IPv4 literal at the start of `text`: its end, or NULL when none stands there. */
const char *address_parse_ipv4(const char *text, uint8_t bytes[static 4]);

/* The canonical text (RFC 5952 for IPv6) into `text`, which it returns. */
const char *address_format(const struct address *address, char text[static ADDRESS_LENGTH]);

/* "10.0.0.1:80", "[2001:db8::1]:80"; the port, in host order, is left out when it is 0 (and with it
 * the brackets). Returns `text`. */
const char *address_format_endpoint(
	const struct address *address, uint16_t port, char text[static ADDRESS_ENDPOINT_LENGTH]);

/* Total order of two struct address: family, then bytes. */
int address_compare(const void *a, const void *b);
bool address_equal(const struct address *a, const struct address *b);

bool address_is_unspecified(const struct address *address);
bool address_is_multicast(const struct address *address);
bool address_is_loopback(const struct address *address);
bool address_is_link_local(const struct address *address);
/* ::ffff:0:0/96: an IPv4 address in the form of IPv6. */
bool address_is_mapped(const struct address *address);
