// SPDX-License-Identifier: GPL-2.0-or-later
/* The Internet's checksum (RFC 1071), of bytes as they are on the wire. Sums of several pieces are added before they are folded. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Not yet folded, of 128 KiB at most. Of an odd number of bytes, with a 0 behind; pieces before the last are even. */
static inline uint32_t inet_sum(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < size; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return size % 2 ? sum + ((uint32_t)bytes[size - 1] << 8) : sum;
}

/* In host order. What is put into a header is ~ of it; a header that is whole has 0xffff. */
static inline uint16_t inet_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}
