// SPDX-License-Identifier: GPL-2.0-or-later
/* Model to bytes: the requests that IPVS understands over generic netlink.
 *
 * Every function makes a whole message of its own (freed by the caller with nlmsg_free()), with the
 * attributes of linux/ip_vs.h. Sequence numbers, the acknowledge flag and the number of the IPVS
 * family (nlmsg_type, 0 here) are the transport's (genl.h). Nothing here does I/O. All return NULL
 * only when the message has no room, which the fixed sizes of the model exclude. */
#pragma once

#include "model/plan.h"

struct nl_msg;

/* A request without attributes: `command` is an IPVS_CMD_*, `flags` NLM_F_* beside NLM_F_REQUEST.
 */
struct nl_msg *ipvs_encode_plain(uint8_t command, int flags);

/* Asks for the number of the family called `name` (linux/genetlink.h, CTRL_CMD_GETFAMILY). */
struct nl_msg *ipvs_encode_family_request(const char *name);

/* A request about one service by key alone: IPVS_CMD_GET_SERVICE, or IPVS_CMD_GET_DEST with
 * NLM_F_DUMP for its destinations, or IPVS_CMD_DEL_SERVICE. */
struct nl_msg *ipvs_encode_service_key(uint8_t command, int flags, const struct service_key *key);

/* IPVS_CMD_NEW_SERVICE or SET_SERVICE with every attribute: the kernel takes no partial one. */
struct nl_msg *ipvs_encode_service(uint8_t command, const struct service_key *key,
	const struct service_attributes *attributes);

/* IPVS_CMD_NEW_DEST, SET_DEST (every attribute) or DEL_DEST (the key; attributes is NULL). */
struct nl_msg *ipvs_encode_destination(uint8_t command, const struct service_key *service,
	const struct destination_key *key, const struct destination_attributes *attributes);

/* IPVS_CMD_NEW_DAEMON with what is not zero (the kernel chooses the rest), or DEL_DAEMON, which
 * needs the role alone. */
struct nl_msg *ipvs_encode_daemon(uint8_t command, const struct sync_daemon *daemon);

/* IPVS_CMD_SET_CONFIG with the timeouts that are set; 0 is left out, as it means "leave". */
struct nl_msg *ipvs_encode_timeouts(const struct timeouts *timeouts);

/* IPVS_CMD_NEW_SERVICE that the kernel can never carry out: an IPv6 service with prefix length 0.
 * It looks the scheduler up first (-ENOENT) and only then finds the prefix wrong (-EINVAL), so the
 * answer tells whether the scheduler is there. */
struct nl_msg *ipvs_encode_scheduler_probe(const char *scheduler);

/* The word of struct ip_vs_flags, and of sockopt's flags, for a service's attributes. */
uint32_t ipvs_encode_service_flags(const struct service_attributes *attributes);

/* IPPROTO_*; a firewall mark goes as TCP, as the kernel itself stores it. */
uint16_t ipvs_encode_protocol(enum service_kind kind);

/* The IP_VS_CONN_F_* number of a forwarding method. */
uint32_t ipvs_encode_forward(enum forward_method method);
