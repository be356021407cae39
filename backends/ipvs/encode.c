// SPDX-License-Identifier: GPL-2.0-or-later
#include "backends/ipvs/encode.h"

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <stdio.h>

/* The largest request (a destination, or a service with an engine) stays below 250 bytes. */
enum {
	ENCODE_MESSAGE_SIZE = 512
};

/* What poise knows of a service's flags; the others (HASHED is the kernel's own) are left as they
 * are by the mask. */
#define ENCODE_FLAGS_MASK                                                                          \
	(IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_ONEPACKET | IP_VS_SVC_F_SCHED1 |                     \
		IP_VS_SVC_F_SCHED2 | IP_VS_SVC_F_SCHED3)

static void encode_freep(struct nl_msg **message)
{
	nlmsg_free(*message);
}

#define _cleanup_message_ _cleanup_(encode_freep)

uint32_t ipvs_encode_service_flags(const struct service_attributes *attributes)
{
	uint32_t flags = 0;

	if (attributes->persistent)
		flags |= IP_VS_SVC_F_PERSISTENT;
	if (attributes->one_packet)
		flags |= IP_VS_SVC_F_ONEPACKET;
	if (attributes->scheduler_flags & SCHEDULER_FLAG_1)
		flags |= IP_VS_SVC_F_SCHED1;
	if (attributes->scheduler_flags & SCHEDULER_FLAG_2)
		flags |= IP_VS_SVC_F_SCHED2;
	if (attributes->scheduler_flags & SCHEDULER_FLAG_3)
		flags |= IP_VS_SVC_F_SCHED3;
	return flags;
}

uint16_t ipvs_encode_protocol(enum service_kind kind)
{
	switch (kind) {
	case SERVICE_KIND_UDP:
		return IPPROTO_UDP;
	case SERVICE_KIND_SCTP:
		return IPPROTO_SCTP;
	default:
		return IPPROTO_TCP;
	}
}

uint32_t ipvs_encode_forward(enum forward_method method)
{
	switch (method) {
	case FORWARD_METHOD_DIRECT:
		return IP_VS_CONN_F_DROUTE;
	case FORWARD_METHOD_TUNNEL:
		return IP_VS_CONN_F_TUNNEL;
	case FORWARD_METHOD_LOCAL:
		return IP_VS_CONN_F_LOCALNODE;
	case FORWARD_METHOD_BYPASS:
		return IP_VS_CONN_F_BYPASS;
	default:
		return IP_VS_CONN_F_MASQ;
	}
}

static uint8_t encode_tunnel_type(enum tunnel_type type)
{
	switch (type) {
	case TUNNEL_TYPE_GUE:
		return IP_VS_CONN_F_TUNNEL_TYPE_GUE;
	case TUNNEL_TYPE_GRE:
		return IP_VS_CONN_F_TUNNEL_TYPE_GRE;
	default:
		return IP_VS_CONN_F_TUNNEL_TYPE_IPIP;
	}
}

static uint16_t encode_tunnel_flags(enum tunnel_checksum checksum)
{
	switch (checksum) {
	case TUNNEL_CHECKSUM_FULL:
		return IP_VS_TUNNEL_ENCAP_FLAG_CSUM;
	case TUNNEL_CHECKSUM_REMOTE:
		return IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM;
	default:
		return IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM;
	}
}

static struct nl_msg *encode_message(uint16_t type, uint8_t command, int flags)
{
	_cleanup_message_ struct nl_msg *message = nlmsg_alloc_size(ENCODE_MESSAGE_SIZE);

	if (!message || !genlmsg_put(message, 0, 0, type, 0, NLM_F_REQUEST | flags, command,
				IPVS_GENL_VERSION))
		return NULL;
	return STEAL(message);
}

struct nl_msg *ipvs_encode_plain(uint8_t command, int flags)
{
	return encode_message(0, command, flags);
}

struct nl_msg *ipvs_encode_family_request(const char *name)
{
	_cleanup_message_ struct nl_msg *message =
		encode_message(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);

	if (!message || nla_put_string(message, CTRL_ATTR_FAMILY_NAME, name) < 0)
		return NULL;
	return STEAL(message);
}

/* The union nf_inet_addr of the kernel: always 16 bytes, an IPv4 address in the first four. */
static int encode_address(struct nl_msg *message, int type, const struct address *address)
{
	return nla_put(message, type, sizeof(address->bytes), address->bytes);
}

static int encode_key_attributes(struct nl_msg *message, const struct service_key *key)
{
	int code = nla_put_u16(message, IPVS_SVC_ATTR_AF, key->address.family);

	if (key->kind == SERVICE_KIND_FWMARK)
		return code | nla_put_u32(message, IPVS_SVC_ATTR_FWMARK, key->fwmark);
	code |= nla_put_u16(message, IPVS_SVC_ATTR_PROTOCOL, ipvs_encode_protocol(key->kind));
	code |= encode_address(message, IPVS_SVC_ATTR_ADDR, &key->address);
	return code | nla_put_u16(message, IPVS_SVC_ATTR_PORT, htons(key->port));
}

struct nl_msg *ipvs_encode_service_key(uint8_t command, int flags, const struct service_key *key)
{
	_cleanup_message_ struct nl_msg *message = ipvs_encode_plain(command, flags);
	struct nlattr *nest = message ? nla_nest_start(message, IPVS_CMD_ATTR_SERVICE) : NULL;

	if (!nest || encode_key_attributes(message, key) < 0)
		return NULL;
	nla_nest_end(message, nest);
	return STEAL(message);
}

static int encode_service_attributes(struct nl_msg *message, const struct service_key *key,
	const struct service_attributes *attributes)
{
	struct ip_vs_flags flags = {
		.flags = ipvs_encode_service_flags(attributes),
		.mask = ENCODE_FLAGS_MASK,
	};
	bool ipv4 = key->address.family == AF_INET;
	uint32_t netmask = ipv4 ? htonl(attributes->netmask) : attributes->netmask;
	int code = nla_put_string(message, IPVS_SVC_ATTR_SCHED_NAME, attributes->scheduler);

	if (*attributes->engine)
		code |= nla_put_string(message, IPVS_SVC_ATTR_PE_NAME, attributes->engine);
	code |= nla_put(message, IPVS_SVC_ATTR_FLAGS, sizeof(flags), &flags);
	code |= nla_put_u32(message, IPVS_SVC_ATTR_TIMEOUT, attributes->persistence_timeout);
	return code | nla_put_u32(message, IPVS_SVC_ATTR_NETMASK, netmask);
}

struct nl_msg *ipvs_encode_service(
	uint8_t command, const struct service_key *key, const struct service_attributes *attributes)
{
	_cleanup_message_ struct nl_msg *message = ipvs_encode_plain(command, 0);
	struct nlattr *nest = message ? nla_nest_start(message, IPVS_CMD_ATTR_SERVICE) : NULL;

	if (!nest || encode_key_attributes(message, key) < 0 ||
		encode_service_attributes(message, key, attributes) < 0)
		return NULL;
	nla_nest_end(message, nest);
	return STEAL(message);
}

static int encode_tunnel(struct nl_msg *message, const struct destination_attributes *attributes)
{
	int code = nla_put_u8(
		message, IPVS_DEST_ATTR_TUN_TYPE, encode_tunnel_type(attributes->tunnel_type));

	code |= nla_put_u16(message, IPVS_DEST_ATTR_TUN_PORT, htons(attributes->tunnel_port));
	return code | nla_put_u16(message, IPVS_DEST_ATTR_TUN_FLAGS,
			      encode_tunnel_flags(attributes->tunnel_checksum));
}

static int encode_destination_attributes(
	struct nl_msg *message, const struct destination_attributes *attributes)
{
	int code = nla_put_u32(
		message, IPVS_DEST_ATTR_FWD_METHOD, ipvs_encode_forward(attributes->forward));

	code |= nla_put_u32(message, IPVS_DEST_ATTR_WEIGHT, attributes->weight);
	code |= nla_put_u32(message, IPVS_DEST_ATTR_U_THRESH, attributes->upper_threshold);
	code |= nla_put_u32(message, IPVS_DEST_ATTR_L_THRESH, attributes->lower_threshold);
	/* What is not said is zero in the kernel, so a tunnel that became `nat` leaves no trace;
	 * kernels before 5.2 do not know these attributes. */
	if (attributes->forward == FORWARD_METHOD_TUNNEL)
		code |= encode_tunnel(message, attributes);
	return code;
}

static int encode_destination_nest(struct nl_msg *message, const struct destination_key *key,
	const struct destination_attributes *attributes)
{
	struct nlattr *nest = nla_nest_start(message, IPVS_CMD_ATTR_DEST);

	if (!nest || encode_address(message, IPVS_DEST_ATTR_ADDR, &key->address) < 0 ||
		nla_put_u16(message, IPVS_DEST_ATTR_PORT, htons(key->port)) < 0 ||
		nla_put_u16(message, IPVS_DEST_ATTR_ADDR_FAMILY, key->address.family) < 0)
		return -1;
	if (attributes && encode_destination_attributes(message, attributes) < 0)
		return -1;
	nla_nest_end(message, nest);
	return 0;
}

struct nl_msg *ipvs_encode_destination(uint8_t command, const struct service_key *service,
	const struct destination_key *key, const struct destination_attributes *attributes)
{
	_cleanup_message_ struct nl_msg *message = ipvs_encode_service_key(command, 0, service);

	if (!message || encode_destination_nest(message, key, attributes) < 0)
		return NULL;
	return STEAL(message);
}

/* All that NEW_DAEMON takes beside the role. */
static int encode_daemon_attributes(struct nl_msg *message, const struct sync_daemon *daemon)
{
	int code = nla_put_string(message, IPVS_DAEMON_ATTR_MCAST_IFN, daemon->interface);

	code |= nla_put_u32(message, IPVS_DAEMON_ATTR_SYNC_ID, daemon->id);
	if (daemon->max_length)
		code |= nla_put_u16(message, IPVS_DAEMON_ATTR_SYNC_MAXLEN, daemon->max_length);
	if (daemon->group.family != AF_UNSPEC)
		code |= nla_put(message,
			daemon->group.family == AF_INET6 ? IPVS_DAEMON_ATTR_MCAST_GROUP6
							 : IPVS_DAEMON_ATTR_MCAST_GROUP,
			(int)address_size(daemon->group.family), daemon->group.bytes);
	/* Unlike every other port of this interface, in host order (net/netfilter/ipvs). */
	if (daemon->port)
		code |= nla_put_u16(message, IPVS_DAEMON_ATTR_MCAST_PORT, daemon->port);
	if (daemon->ttl)
		code |= nla_put_u8(message, IPVS_DAEMON_ATTR_MCAST_TTL, daemon->ttl);
	return code;
}

struct nl_msg *ipvs_encode_daemon(uint8_t command, const struct sync_daemon *daemon)
{
	_cleanup_message_ struct nl_msg *message = ipvs_encode_plain(command, 0);
	struct nlattr *nest = message ? nla_nest_start(message, IPVS_CMD_ATTR_DAEMON) : NULL;
	uint32_t state = daemon->role == SYNC_ROLE_ACTIVE ? IP_VS_STATE_MASTER : IP_VS_STATE_BACKUP;

	if (!nest || nla_put_u32(message, IPVS_DAEMON_ATTR_STATE, state) < 0)
		return NULL;
	if (command == IPVS_CMD_NEW_DAEMON && encode_daemon_attributes(message, daemon) < 0)
		return NULL;
	nla_nest_end(message, nest);
	return STEAL(message);
}

static int encode_timeout(struct nl_msg *message, int type, bool set, uint32_t seconds)
{
	return set && seconds ? nla_put_u32(message, type, seconds) : 0;
}

struct nl_msg *ipvs_encode_timeouts(const struct timeouts *timeouts)
{
	_cleanup_message_ struct nl_msg *message = ipvs_encode_plain(IPVS_CMD_SET_CONFIG, 0);

	if (!message ||
		encode_timeout(
			message, IPVS_CMD_ATTR_TIMEOUT_TCP, timeouts->tcp_set, timeouts->tcp) < 0 ||
		encode_timeout(message, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, timeouts->tcp_fin_set,
			timeouts->tcp_fin) < 0 ||
		encode_timeout(
			message, IPVS_CMD_ATTR_TIMEOUT_UDP, timeouts->udp_set, timeouts->udp) < 0)
		return NULL;
	return STEAL(message);
}

struct nl_msg *ipvs_encode_scheduler_probe(const char *scheduler)
{
	/* A documentation address (RFC 3849) and the discard port, which nobody balances. */
	struct service_key key = {
		.kind = SERVICE_KIND_TCP,
		.port = 9,
		.address = {.family = AF_INET6, .bytes = {0x20, 0x01, 0x0d, 0xb8}},
	};
	struct service_attributes attributes = {.netmask = 0};

	snprintf(attributes.scheduler, sizeof(attributes.scheduler), "%s", scheduler);
	return ipvs_encode_service(IPVS_CMD_NEW_SERVICE, &key, &attributes);
}
