// SPDX-License-Identifier: GPL-2.0-or-later
/* A packet that is longer than the link takes, in pieces (RFC 791 §3.2, RFC 8200 §4.5). Pure: bytes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Writes piece number `index` (from 0) of an IP packet of `length` bytes for a link of this MTU into `to`, which
 * has room for `mtu` bytes; its length, or 0 behind the last one. 0 at once for what cannot be divided: a
 * fragment, no IP, an MTU that has no room for 8 bytes behind the headers. `identification`: of IPv6,
 * whose packets have none; IPv4 keeps its own. */
size_t fragment_write(const uint8_t *packet, size_t length, size_t mtu, uint32_t identification,
	unsigned int index, uint8_t *to);
