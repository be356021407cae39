// SPDX-License-Identifier: GPL-2.0-or-later
/* The Internet checksum, made and mended (RFC 1071, RFC 1624), and SCTP's CRC32c mended (RFC 9260
 * §A).
 *
 * Sums are unfolded, over 16-bit words as they stand in memory: the byte order does not matter to a
 * one's complement sum, so nothing is swapped. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The sum of `length` bytes added to `sum`. An odd last byte counts as if a zero followed: only the
 * last piece of a sum may be odd. */
uint64_t checksum_add(uint64_t sum, const void *bytes, size_t length);

/* Folded to 16 bits, not complemented. */
static inline uint16_t checksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* The difference that replacing one 16-bit word by another makes (RFC 1624, equation 3). */
static inline uint64_t checksum_difference(uint16_t old, uint16_t new)
{
	return (uint64_t)(uint16_t)~old + new;
}

/* The same for `size` bytes, a multiple of four. */
static inline uint64_t checksum_difference_bytes(const void *old, const void *new, size_t size)
{
	uint64_t difference = 0;

	for (size_t i = 0; i < size; i += 4) {
		uint32_t a, b;

		memcpy(&a, (const char *)old + i, sizeof(a));
		memcpy(&b, (const char *)new + i, sizeof(b));
		difference += (uint64_t)(uint32_t)~a + b;
	}
	return difference;
}

/* A checksum field as it is once `difference` has been applied to what it covers. */
static inline uint16_t checksum_mend(uint16_t field, uint64_t difference)
{
	return (uint16_t)~checksum_fold((uint64_t)(uint16_t)~field + difference);
}

/* UDP's, whose 0 means that there is none (RFC 768) and stays 0. */
static inline uint16_t checksum_mend_udp(uint16_t field, uint64_t difference)
{
	uint16_t mended = checksum_mend(field, difference);

	if (field == 0)
		return 0;
	return mended ? mended : 0xffff;
}

/* The checksum field of an IPv4 header of `length` bytes, as if the field were zero. */
uint16_t checksum_of_ipv4(const void *header, size_t length);

/* The sum of the pseudo-header of a segment of `length` bytes; family is AF_INET or AF_INET6. */
uint64_t checksum_of_pseudo(uint8_t family, const void *source, const void *destination,
	uint8_t protocol, size_t length);

/* The checksum of a transport's segment of `length` bytes with its pseudo-header. The checksum's own
 * place in the segment must be zero; 0 is given as 0. */
uint16_t checksum_of_transport(uint8_t family, const void *source, const void *destination,
	uint8_t protocol, const void *segment, size_t length);

/* What SCTP's CRC32c has to be XORed with, as its field lies in memory, when the first four bytes (the
 * ports) of a packet of `length` bytes, 65,535 at most, change by `change`, which is old XOR new. */
uint32_t checksum_difference_sctp(uint32_t change, size_t length);
