// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes to model: the replies of IPVS over generic netlink.
 *
 * Pure, and without trust: every length is checked against what arrived, a name is never read past
 * its end, an unknown number never becomes an index. The attributes are those of linux/ip_vs.h.
 * Fuzzed by tests/fuzz/fuzz-ipvs-reply.c. */
#pragma once

#include "model/state.h"

struct nlmsghdr;

/* One message of a datagram, seen from the protocol's side. */
enum ipvs_reply_kind {
	IPVS_REPLY_DATA,  /* a payload for one of the decoders below */
	IPVS_REPLY_ERROR, /* code: 0 is an acknowledgement, else -errno */
	IPVS_REPLY_DONE,  /* the end of a dump; code as in an error */
};

struct ipvs_reply {
	enum ipvs_reply_kind kind;
	uint32_t sequence;
	int code;
	bool interrupted;               /* NLM_F_DUMP_INTR */
	const struct nlmsghdr *message; /* borrowed from the datagram */
};

/* Calls `handle` for each whole message of a datagram, in order; what does not fit ends the walk.
 * `buffer` is aligned for a struct nlmsghdr. Returns the number of messages, or -EBADMSG when bytes
 * were left that are no message. */
int ipvs_decode_datagram(const void *buffer, size_t size,
	void (*handle)(void *context, const struct ipvs_reply *reply), void *context);

/* The decoders take a message of kind IPVS_REPLY_DATA. They return 0, or -EBADMSG when it is not
 * what its name says or an attribute that it must have is missing or too short; *ret is then
 * undefined but safe. */

/* The number that CTRL_CMD_GETFAMILY asked for. */
int ipvs_decode_family(const struct nlmsghdr *message, uint16_t *ret);

/* Whether a message of nlctrl's group "notify" says that the family called `name` has come or gone. */
bool ipvs_decode_announcement(const struct nlmsghdr *message, const char *name);

/* A service without its destinations, normalised as model/state.h says: timeout 0 and a full mask
 * where it is not persistent. -EPROTONOSUPPORT for a protocol that poise cannot express (the kernel
 * takes any number): it is to be left alone. */
int ipvs_decode_service(const struct nlmsghdr *message, struct service *ret);

/* `family` is the service's: kernels before 3.18 do not send the destination's. A forwarding
 * method, tunnel type or checksum that this header does not know becomes the enum's COUNT, which
 * equals nothing that a file can say. */
int ipvs_decode_destination(
	const struct nlmsghdr *message, uint16_t family, struct destination *ret);

int ipvs_decode_daemon(const struct nlmsghdr *message, struct sync_daemon *ret);

/* Sets what the message has: a kernel without a protocol sends no timeout for it. */
int ipvs_decode_timeouts(const struct nlmsghdr *message, struct timeouts *ret);

/* Shared with the sockopt transport: IP_VS_SVC_F_* bits into the attributes, the persistence values
 * when the bits ask for them (netmask in network order for IPv4), and IPPROTO_* into a kind
 * (-EPROTONOSUPPORT). */
void ipvs_decode_service_flags(struct service_attributes *attributes, uint16_t family,
	uint32_t flags, uint32_t timeout, uint32_t netmask);
int ipvs_decode_protocol(uint16_t protocol, enum service_kind *ret);
enum forward_method ipvs_decode_forward(uint32_t flags);
