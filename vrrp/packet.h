// SPDX-License-Identifier: GPL-2.0-or-later
/* An advertisement of VRRP as bytes: version 3 (RFC 9568, for IPv4 and IPv6) and version 2 (RFC
 * 3768, for IPv4, with the simple password of RFC 2338). Pure: no socket, no clock, no log, no
 * memory of its own.
 *
 *	bytes, and how they came  --vrrp_packet_decode-->  a packet, or exactly one reason why not
 *	a packet		  --vrrp_packet_encode-->  bytes
 *
 * The receiver says what it expects of the virtual router that the packet is for; to find that, it
 * looks for the VRID first (vrrp_packet_vrid). That a packet has the receiver's own source address
 * is for the caller to see. */
#pragma once

#include "base/address.h"
#include "base/macros.h"

#define VRRP_PROTOCOL       112 /* of IP: RFC 9568 §5.1.1.4 */
#define VRRP_PRIORITY_STOP  0   /* RFC 9568 §5.2.4: "I am no longer active" */
#define VRRP_PRIORITY_OWNER 255 /* has the virtual addresses as its own */
#define VRRP_ADDRESSES_MOST 255 /* what a count of 8 bits can say */
#define VRRP_PASSWORD_SIZE  8   /* RFC 2338 §5.3.10; what is shorter ends in zeros */
#define VRRP_PACKET_MOST    (8 + VRRP_ADDRESSES_MOST * 16)

#define VRRP_INTERVAL_SECOND 100u  /* intervals are centiseconds */
#define VRRP_INTERVAL_MOST_2 25500 /* version 2 says whole seconds, in 8 bits */
#define VRRP_INTERVAL_MOST_3 4095  /* version 3 says centiseconds, in 12 bits */

/* What the checksum of version 3 over IPv4 covers. IPv6 has the pseudo-header in either RFC,
 * version 2 has none. */
enum vrrp_checksum {
	VRRP_CHECKSUM_AUTO,    /* expected: either form. Of a packet: both, so that it tells none */
	VRRP_CHECKSUM_RFC9568, /* the message alone */
	VRRP_CHECKSUM_RFC5798, /* the message and a pseudo-header */
};

/* Of version 2, as it stands in the packet. */
enum vrrp_auth {
	VRRP_AUTH_NONE = 0,
	VRRP_AUTH_SIMPLE = 1,
};

/* Why a packet is not heard, in the order in which it is found out: of several reasons the first
 * counts. */
enum vrrp_reject {
	VRRP_REJECT_NONE,        /* it is heard */
	VRRP_REJECT_FAMILY,      /* source and destination are not both IPv4 or both IPv6 */
	VRRP_REJECT_TRUNCATED,   /* the datagram was longer than what was read of it */
	VRRP_REJECT_CONTROL,     /* what the kernel says about it was cut */
	VRRP_REJECT_TTL,         /* not in the range, or not known */
	VRRP_REJECT_VERSION,     /* another than the router's, or 2 over IPv6 */
	VRRP_REJECT_TYPE,        /* no advertisement */
	VRRP_REJECT_LENGTH,      /* not what the header says */
	VRRP_REJECT_CHECKSUM,    /* in no form that is taken */
	VRRP_REJECT_VRID,        /* nobody's here, or 0 */
	VRRP_REJECT_OWNER,       /* we own the addresses, and hear nobody */
	VRRP_REJECT_DESTINATION, /* not the group; with unicast peers: a group */
	VRRP_REJECT_SOURCE,      /* no address of a neighbour; with unicast peers: none of them */
	VRRP_REJECT_COUNT_ZERO,  /* version 3 without an address */
	VRRP_REJECT_AUTH_TYPE,   /* version 2: another than the router's */
	VRRP_REJECT_PASSWORD,    /* version 2: another than the router's */
	VRRP_REJECT_ADDRESSES,   /* version 2: others than the router's, and not from their owner */
	VRRP_REJECT_INTERVAL_ZERO, /* nobody can wait for that */
	VRRP_REJECT_INTERVAL,      /* version 2: another than the router's */
	VRRP_REJECT_COUNT,
};

/* What IP says about a message, and the message. */
struct vrrp_datagram {
	const uint8_t *data; /* after the headers of IP */
	size_t size;         /* bytes there */
	size_t length;       /* bytes after the headers of IP when it came: more when it was cut */
	bool truncated;      /* MSG_TRUNC */
	bool control_truncated; /* MSG_CTRUNC */
	int ttl;                /* or hop limit; -1: the kernel did not say */
	struct address source, destination;
	uint64_t age; /* ns since it came, when it was read; 0: the kernel did not say */
};

/* A virtual router's configuration, as far as it decides what is heard. Zeroed: nothing. */
struct vrrp_expected {
	uint8_t vrid;                /* 0: no router here has the packet's */
	uint8_t version;             /* 2, 3, or 0 for either, where the router is not known */
	uint8_t ttl_least, ttl_most; /* 255 and 255 but with unicast peers */
	bool owner;                  /* its addresses are our own, our priority 255 */
	bool unicast;                /* hears `peers` alone, else the group */
	enum vrrp_checksum checksum;
	enum vrrp_auth auth; /* version 2 */
	uint8_t password[VRRP_PASSWORD_SIZE];
	uint16_t interval; /* version 2; version 3 learns the sender's (RFC 9568 §6.4.2) */
	/* Both sorted by address_compare, none twice. Without addresses, nothing is said of the
	 * packet's. */
	const struct address *peers, *addresses;
	size_t peer_count, address_count;
};

struct vrrp_packet {
	uint8_t version; /* 2 or 3 */
	uint8_t vrid;
	uint8_t priority;
	enum vrrp_checksum checksum; /* AUTO where the forms do not differ: IPv6, version 2 */
	uint16_t interval;           /* centiseconds; in version 2 whole seconds of them */
	enum vrrp_auth auth;         /* version 2 */
	/* To be sent, with VRRP_AUTH_SIMPLE; of one received zeros, so that nobody logs it. */
	uint8_t password[VRRP_PASSWORD_SIZE];
	bool addresses_differ; /* of one received: from the expected ones, in whatever order */
	uint8_t address_count;
	/* In the packet's order; past the count: anything. */
	struct address addresses[VRRP_ADDRESSES_MOST];
};

/* A word for counters ("bad-ttl"), and a phrase for the log. */
const char *vrrp_reject_name(enum vrrp_reject reject);
const char *vrrp_reject_text(enum vrrp_reject reject);

/* 224.0.0.18 or ff02::12 (RFC 9568 §5.1.1.2, §5.1.2.2). */
struct address vrrp_group(uint16_t family);

/* The VRID that these bytes would have; 0, which nobody has, when they are too few. Nothing is
 * checked. */
uint8_t vrrp_packet_vrid(const uint8_t *data, size_t size);
/* Likewise; 0, by which an active router resigns, also where there is none. */
uint8_t vrrp_packet_priority(const uint8_t *data, size_t size);

/* *ret is filled when it is heard, and else untouched. */
enum vrrp_reject vrrp_packet_decode(const struct vrrp_datagram *datagram,
	const struct vrrp_expected *expected, struct vrrp_packet *ret) _warn_unused_;

/* The bytes after the headers of IP, and how many; -EINVAL for what the RFC has no form for: a VRID
 * of 0, an interval or a password that the version cannot say, addresses of another family than the
 * source, version 3 without an address (version 2 may be), IPv6 whose first address is not
 * link-local (RFC 9568 §5.2.9), version 3 over IPv4 with VRRP_CHECKSUM_AUTO. */
int vrrp_packet_encode(const struct vrrp_packet *packet, const struct address *source,
	const struct address *destination, uint8_t data[static VRRP_PACKET_MOST]) _warn_unused_;
