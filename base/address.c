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

/* Four numbers, none with a leading zero: what inet_pton() takes, in half the time. */
const char *address_parse_ipv4(const char *text, uint8_t bytes[static 4])
{
	for (int i = 0; i < 4; i++) {
		const char *start = text;
		unsigned int number = 0;

		while (*text >= '0' && *text <= '9' && text - start < 3)
			number = number * 10 + (unsigned int)(*text++ - '0');
		if (text == start || number > 255 || (*start == '0' && text - start > 1))
			return NULL;
		if (i < 3 && *text++ != '.')
			return NULL;
		bytes[i] = (uint8_t)number;
	}
	return text;
}

int address_parse(const char *text, struct address *ret)
{
	struct address address = {.family = AF_INET};
	const char *end = address_parse_ipv4(text, address.bytes);

	if (!end || *end) {
		address = (struct address){.family = AF_INET6};
		if (inet_pton(AF_INET6, text, address.bytes) != 1)
			return -EINVAL;
	}
	*ret = address;
	return 0;
}

/* The hot path of everything that prints a table, hence by hand. Returns the end. */
static char *address_put_number(char *text, unsigned int number)
{
	char digits[10];
	size_t count = 0;

	do
		digits[count++] = (char)('0' + number % 10);
	while (number /= 10);
	while (count)
		*text++ = digits[--count];
	*text = '\0';
	return text;
}

static void address_put_ipv4(char *text, const uint8_t bytes[static 4])
{
	for (int i = 0; i < 4; i++) {
		if (i)
			*text++ = '.';
		text = address_put_number(text, bytes[i]);
	}
}

const char *address_format(const struct address *address, char text[static ADDRESS_LENGTH])
{
	if (address->family == AF_INET)
		address_put_ipv4(text, address->bytes);
	else if (address->family != AF_INET6 ||
		 !inet_ntop(AF_INET6, address->bytes, text, ADDRESS_LENGTH))
		snprintf(text, ADDRESS_LENGTH, "none");
	return text;
}

const char *address_format_endpoint(
	const struct address *address, uint16_t port, char text[static ADDRESS_ENDPOINT_LENGTH])
{
	bool brackets = port && address->family == AF_INET6;
	char *end;

	address_format(address, text + brackets);
	if (!port)
		return text;
	end = text + brackets + strlen(text + brackets);
	if (brackets) {
		*text = '[';
		*end++ = ']';
	}
	*end++ = ':';
	address_put_number(end, port);
	return text;
}

int address_compare(const void *a, const void *b)
{
	const struct address *left = a, *right = b;
	int order = COMPARE(left->family, right->family);

	return order ? order : memcmp(left->bytes, right->bytes, sizeof(left->bytes));
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

bool address_is_mapped(const struct address *address)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

	return address->family == AF_INET6 && memcmp(address->bytes, prefix, sizeof(prefix)) == 0;
}
