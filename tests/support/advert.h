// SPDX-License-Identifier: GPL-2.0-or-later
/* Advertisements of VRRP written by hand, as datagrams for their receiver to be changed. */
#pragma once

#include "vrrp/packet.h"

#define ADVERT_RESERVED_BITS 0xf0 /* of byte 4, version 3 */

/* By the layouts of RFC 9568 §5.2 and RFC 3768 §5.3, the sums made with another program. */
struct advert_capture {
	const char *source, *destination;
	const char *addresses[3];
	size_t size;
	uint8_t bytes[40];
	uint8_t version, vrid, priority;
	uint16_t interval;
	enum vrrp_checksum checksum;
	enum vrrp_auth auth;
	const char *password;
};

enum advert_which {
	ADVERT_V3_9568,
	ADVERT_V3_5798,
	ADVERT_V3_EITHER,
	ADVERT_V3_IPV6,
	ADVERT_V2_NONE,
	ADVERT_V2_SIMPLE,
	ADVERT_COUNT
};

extern const struct advert_capture advert_captures[ADVERT_COUNT];

/* A datagram that is heard, to be changed. */
struct advert {
	uint8_t bytes[VRRP_PACKET_MOST + 1];
	struct address addresses[VRRP_ADDRESSES_MOST], peers[2];
	struct vrrp_datagram datagram;
	struct vrrp_expected expected;
};

struct address advert_address(const char *text);

/* Into `advert`: the capture as it came, and a receiver that hears it. */
void advert_set(struct advert *advert, const struct advert_capture *capture);

/* Has the receiver expect advert->addresses, of which the count is there. */
void advert_sort(struct advert *advert);

/* The checksum anew, in the form that is expected, made by other means than the codec's. */
void advert_sum(struct advert *advert);

/* The bytes end where their memory does, so that a sanitizer sees a read past them. */
enum vrrp_reject advert_decode(const struct advert *advert, struct vrrp_packet *ret);

/* Not byte for byte: the structs have holes, and the list an end. */
bool advert_packets_equal(const struct vrrp_packet *a, const struct vrrp_packet *b);
