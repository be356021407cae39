// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"

size_t address_size(uint16_t family)
{
	switch (family) {
	case AF_INET:
		return 4;
	case AF_INET6:
		return 16;
	default:
		return 0;
	}
}

unsigned int address_bits(uint16_t family)
{
	return (unsigned int)address_size(family) * 8;
}

struct address address_from_bytes(uint16_t family, const void *bytes)
{
	struct address address = {.family = family};

	memcpy(address.bytes, bytes, address_size(family));
	return address;
}

int address_parse(const char *text, struct address *ret)
{
	struct address address = {.family = strchr(text, ':') ? AF_INET6 : AF_INET};

	if (inet_pton(address.family, text, address.bytes) != 1)
		return -EINVAL;
	*ret = address;
	return 0;
}

const char *address_format(const struct address *address, char text[static ADDRESS_LENGTH])
{
	if (!address_size(address->family) ||
		!inet_ntop(address->family, address->bytes, text, ADDRESS_LENGTH))
		snprintf(text, ADDRESS_LENGTH, "none");
	return text;
}

const char *address_format_endpoint(
	const struct address *address, uint16_t port, char text[static ADDRESS_ENDPOINT_LENGTH])
{
	char literal[ADDRESS_LENGTH];

	address_format(address, literal);
	if (!port)
		snprintf(text, ADDRESS_ENDPOINT_LENGTH, "%s", literal);
	else if (address->family == AF_INET6)
		snprintf(text, ADDRESS_ENDPOINT_LENGTH, "[%s]:%u", literal, port);
	else
		snprintf(text, ADDRESS_ENDPOINT_LENGTH, "%s:%u", literal, port);
	return text;
}

int address_compare(const struct address *a, const struct address *b)
{
	int order = COMPARE(a->family, b->family);

	return order ? order : memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool address_equal(const struct address *a, const struct address *b)
{
	return address_compare(a, b) == 0;
}

bool address_is_unspecified(const struct address *address)
{
	static const uint8_t zero[16];

	return memcmp(address->bytes, zero, sizeof(zero)) == 0;
}

bool address_is_multicast(const struct address *address)
{
	if (address->family == AF_INET)
		return (address->bytes[0] & 0xf0) == 0xe0;
	return address->family == AF_INET6 && address->bytes[0] == 0xff;
}

bool address_is_loopback(const struct address *address)
{
	static const uint8_t loopback[16] = {[15] = 1};

	if (address->family == AF_INET)
		return address->bytes[0] == 127;
	return address->family == AF_INET6 && memcmp(address->bytes, loopback, 16) == 0;
}

bool address_is_link_local(const struct address *address)
{
	if (address->family == AF_INET)
		return address->bytes[0] == 169 && address->bytes[1] == 254;
	return address->family == AF_INET6 && address->bytes[0] == 0xfe &&
	       (address->bytes[1] & 0xc0) == 0x80;
}
