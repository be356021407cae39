// SPDX-License-Identifier: GPL-2.0-or-later
/* Sums over many bytes, and SCTP's CRC.
 *
 * The Internet checksum adds 16-bit words with end-around carry. Adding 32-bit words into 64 bits is
 * the same sum, modulo 65535, with the carries kept for later (RFC 1071 §2 (B)): 2^32 words before
 * anything is lost.
 *
 * A CRC is no sum, but it is linear: crc(a ^ b) is crc(a) ^ crc(b) when the register starts at zero and
 * is not inverted at the end. So what a change of the ports does to the CRC of a packet is the CRC of
 * that change with as many zeros behind it as the packet has bytes there. A zero bit multiplies the
 * register by x, so many of them by a power of x, which a few multiplications make. Nothing of the
 * packet is read, and a CRC that was wrong stays wrong, as with the other transports. */
#include "backends/dpdk/dataplane/checksum.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "backends/dpdk/dataplane/wire.h"
#include "base/macros.h"

uint64_t checksum_add(uint64_t sum, const void *bytes, size_t length)
{
	const uint8_t *at = bytes;
	uint64_t other = 0;

	for (; length >= 16; length -= 16, at += 16) {
		uint64_t first = wire_load64(at), second = wire_load64(at + 8);

		sum += (first & UINT32_MAX) + (first >> 32);
		other += (second & UINT32_MAX) + (second >> 32);
	}
	sum += other;
	for (; length >= 4; length -= 4, at += 4)
		sum += wire_load32(at);
	if (length >= 2) {
		sum += wire_load16(at);
		at += 2;
	}
	return length & 1 ? sum + *at : sum;
}

uint16_t checksum_of_ipv4(const void *header, size_t length)
{
	const uint8_t *bytes = header;
	uint64_t sum = checksum_add(0, bytes, WIRE_IPV4_CHECKSUM);

	sum = checksum_add(sum, bytes + WIRE_IPV4_SOURCE, length - WIRE_IPV4_SOURCE);
	return (uint16_t)~checksum_fold(sum);
}

uint64_t checksum_of_pseudo(uint8_t family, const void *source, const void *destination,
	uint8_t protocol, size_t length)
{
	size_t size = family == AF_INET6 ? 16 : 4;
	uint64_t sum = htonl((uint32_t)length) + (uint64_t)htons(protocol);

	return checksum_add(checksum_add(sum, source, size), destination, size);
}

uint16_t checksum_of_transport(uint8_t family, const void *source, const void *destination,
	uint8_t protocol, const void *segment, size_t length)
{
	uint64_t sum = checksum_of_pseudo(family, source, destination, protocol, length);

	return (uint16_t)~checksum_fold(checksum_add(sum, segment, length));
}

/* x to the power of 8 * 2^n modulo the polynomial of CRC32c: what 2^n bytes of zeros multiply by. Bits
 * are reflected, as the CRC itself: x to the power of 0 is the highest. */
#define CHECKSUM_POLYNOMIAL 0x82f63b78u
static const uint32_t checksum_zeros[16] = {0x00800000, 0x00008000, 0x82f63b78, 0x6ea2d55c,
	0x18b8ea18, 0x510ac59a, 0xb82be955, 0xb8fdb1e7, 0x88e56f72, 0x74c360a4, 0xe4172b16,
	0x0d65762a, 0x35d73a62, 0x28461564, 0xbf455269, 0xe2ea32dc};

static uint32_t checksum_multiply(uint32_t a, uint32_t b)
{
	uint32_t product = 0;

	for (; a; a <<= 1) {
		product ^= b & -(a >> 31);
		b = (b >> 1) ^ (CHECKSUM_POLYNOMIAL & -(b & 1));
	}
	return product;
}

uint32_t checksum_difference_sctp(uint32_t change, size_t length)
{
	for (unsigned int n = 0; n < ARRAY_LENGTH(checksum_zeros); n++)
		if (length >> n & 1)
			change = checksum_multiply(change, checksum_zeros[n]);
	return change;
}
