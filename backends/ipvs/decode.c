// SPDX-License-Identifier: GPL-2.0-or-later
#include "backends/ipvs/decode.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <stdio.h>

/* libnl checks these before a decoder sees an attribute: NLA_U* are minimal lengths, NLA_STRING
 * must end with a NUL. libnl wants the tables writable. */
static struct nla_policy family_policy[CTRL_ATTR_MAX + 1] = {
	[CTRL_ATTR_FAMILY_ID] = {.type = NLA_U16},
};

static struct nla_policy announcement_policy[CTRL_ATTR_MAX + 1] = {
	[CTRL_ATTR_FAMILY_NAME] = {.type = NLA_STRING, .maxlen = GENL_NAMSIZ},
};

static struct nla_policy command_policy[IPVS_CMD_ATTR_MAX + 1] = {
	[IPVS_CMD_ATTR_SERVICE] = {.type = NLA_NESTED},
	[IPVS_CMD_ATTR_DEST] = {.type = NLA_NESTED},
	[IPVS_CMD_ATTR_DAEMON] = {.type = NLA_NESTED},
	[IPVS_CMD_ATTR_TIMEOUT_TCP] = {.type = NLA_U32},
	[IPVS_CMD_ATTR_TIMEOUT_TCP_FIN] = {.type = NLA_U32},
	[IPVS_CMD_ATTR_TIMEOUT_UDP] = {.type = NLA_U32},
};

static struct nla_policy service_policy[IPVS_SVC_ATTR_MAX + 1] = {
	[IPVS_SVC_ATTR_AF] = {.type = NLA_U16},
	[IPVS_SVC_ATTR_PROTOCOL] = {.type = NLA_U16},
	[IPVS_SVC_ATTR_ADDR] = {.type = NLA_UNSPEC, .minlen = 4},
	[IPVS_SVC_ATTR_PORT] = {.type = NLA_U16},
	[IPVS_SVC_ATTR_FWMARK] = {.type = NLA_U32},
	[IPVS_SVC_ATTR_SCHED_NAME] = {.type = NLA_STRING, .maxlen = SCHEDULER_NAME_SIZE},
	[IPVS_SVC_ATTR_FLAGS] = {.type = NLA_UNSPEC, .minlen = sizeof(struct ip_vs_flags)},
	[IPVS_SVC_ATTR_TIMEOUT] = {.type = NLA_U32},
	[IPVS_SVC_ATTR_NETMASK] = {.type = NLA_U32},
	[IPVS_SVC_ATTR_PE_NAME] = {.type = NLA_STRING, .maxlen = ENGINE_NAME_SIZE},
	[IPVS_SVC_ATTR_STATS] = {.type = NLA_NESTED},
	[IPVS_SVC_ATTR_STATS64] = {.type = NLA_NESTED},
};

static struct nla_policy destination_policy[IPVS_DEST_ATTR_MAX + 1] = {
	[IPVS_DEST_ATTR_ADDR] = {.type = NLA_UNSPEC, .minlen = 4},
	[IPVS_DEST_ATTR_PORT] = {.type = NLA_U16},
	[IPVS_DEST_ATTR_FWD_METHOD] = {.type = NLA_U32},
	[IPVS_DEST_ATTR_WEIGHT] = {.type = NLA_U32},
	[IPVS_DEST_ATTR_U_THRESH] = {.type = NLA_U32},
	[IPVS_DEST_ATTR_L_THRESH] = {.type = NLA_U32},
	[IPVS_DEST_ATTR_ACTIVE_CONNS] = {.type = NLA_U32},
	[IPVS_DEST_ATTR_INACT_CONNS] = {.type = NLA_U32},
	[IPVS_DEST_ATTR_PERSIST_CONNS] = {.type = NLA_U32},
	[IPVS_DEST_ATTR_ADDR_FAMILY] = {.type = NLA_U16},
	[IPVS_DEST_ATTR_TUN_TYPE] = {.type = NLA_U8},
	[IPVS_DEST_ATTR_TUN_PORT] = {.type = NLA_U16},
	[IPVS_DEST_ATTR_TUN_FLAGS] = {.type = NLA_U16},
	[IPVS_DEST_ATTR_STATS] = {.type = NLA_NESTED},
	[IPVS_DEST_ATTR_STATS64] = {.type = NLA_NESTED},
};

/* Of both forms: in STATS64 all are 64 bits wide, in STATS all but the bytes are 32. */
static struct nla_policy traffic_policy[IPVS_STATS_ATTR_MAX + 1] = {
	[IPVS_STATS_ATTR_CONNS] = {.type = NLA_U32},
	[IPVS_STATS_ATTR_INPKTS] = {.type = NLA_U32},
	[IPVS_STATS_ATTR_OUTPKTS] = {.type = NLA_U32},
	[IPVS_STATS_ATTR_INBYTES] = {.type = NLA_U64},
	[IPVS_STATS_ATTR_OUTBYTES] = {.type = NLA_U64},
	[IPVS_STATS_ATTR_CPS] = {.type = NLA_U32},
	[IPVS_STATS_ATTR_INBPS] = {.type = NLA_U32},
	[IPVS_STATS_ATTR_OUTBPS] = {.type = NLA_U32},
};

static struct nla_policy daemon_policy[IPVS_DAEMON_ATTR_MAX + 1] = {
	[IPVS_DAEMON_ATTR_STATE] = {.type = NLA_U32},
	[IPVS_DAEMON_ATTR_MCAST_IFN] = {.type = NLA_STRING, .maxlen = INTERFACE_NAME_SIZE},
	[IPVS_DAEMON_ATTR_SYNC_ID] = {.type = NLA_U32},
	[IPVS_DAEMON_ATTR_SYNC_MAXLEN] = {.type = NLA_U16},
	[IPVS_DAEMON_ATTR_MCAST_GROUP] = {.type = NLA_UNSPEC, .minlen = 4},
	[IPVS_DAEMON_ATTR_MCAST_GROUP6] = {.type = NLA_UNSPEC, .minlen = 16},
	[IPVS_DAEMON_ATTR_MCAST_PORT] = {.type = NLA_U16},
	[IPVS_DAEMON_ATTR_MCAST_TTL] = {.type = NLA_U8},
};

static struct ipvs_reply decode_reply(const struct nlmsghdr *message)
{
	struct ipvs_reply reply = {
		.kind = IPVS_REPLY_DATA,
		.sequence = message->nlmsg_seq,
		.interrupted = message->nlmsg_flags & NLM_F_DUMP_INTR,
		.message = message,
	};

	if (message->nlmsg_type != NLMSG_ERROR && message->nlmsg_type != NLMSG_DONE)
		return reply;
	reply.kind = message->nlmsg_type == NLMSG_ERROR ? IPVS_REPLY_ERROR : IPVS_REPLY_DONE;
	/* Both begin with an int; an error that is too short to hold one is still no success. */
	if (nlmsg_datalen(message) >= (int)sizeof(int))
		memcpy(&reply.code, nlmsg_data(message), sizeof(reply.code));
	else if (reply.kind == IPVS_REPLY_ERROR)
		reply.code = -EBADMSG;
	if (reply.code > 0 || reply.code < -4095)
		reply.code = -EBADMSG;
	return reply;
}

int ipvs_decode_datagram(const void *buffer, size_t size,
	void (*handle)(void *context, const struct ipvs_reply *reply), void *context)
{
	const uint8_t *bytes = buffer;
	size_t at = 0;
	int count = 0;

	while (size - at >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *message = (const void *)(bytes + at);

		if (message->nlmsg_len < sizeof(*message) || message->nlmsg_len > size - at)
			return -EBADMSG;
		struct ipvs_reply reply = decode_reply(message);
		handle(context, &reply);
		count++;
		size_t step = NLMSG_ALIGN((size_t)message->nlmsg_len);
		at += MIN(step, size - at);
	}
	return at == size ? count : -EBADMSG;
}

/* libnl takes the header by a pointer to something not const, and does not write to it. */
static int decode_attributes(const struct nlmsghdr *message, struct nlattr **attributes, int max,
	struct nla_policy *policy)
{
	struct nlmsghdr *header = (struct nlmsghdr *)message;

	if (!genlmsg_valid_hdr(header, 0) || genlmsg_parse(header, 0, attributes, max, policy) < 0)
		return -EBADMSG;
	return 0;
}

/* The attributes of the nest of type `type` in an IPVS message. */
static int decode_nest(const struct nlmsghdr *message, int type, struct nlattr **attributes,
	int max, struct nla_policy *policy)
{
	struct nlattr *top[IPVS_CMD_ATTR_MAX + 1];
	int code = decode_attributes(message, top, IPVS_CMD_ATTR_MAX, command_policy);

	if (code < 0)
		return code;
	if (!top[type] || nla_parse_nested(attributes, max, top[type], policy) < 0)
		return -EBADMSG;
	return 0;
}

static uint32_t decode_u32(struct nlattr *attribute)
{
	return attribute ? nla_get_u32(attribute) : 0;
}

static uint16_t decode_u16(struct nlattr *attribute)
{
	return attribute ? nla_get_u16(attribute) : 0;
}

static uint8_t decode_u8(struct nlattr *attribute)
{
	return attribute ? nla_get_u8(attribute) : 0;
}

/* Of whichever width it came in. */
static uint64_t decode_counter(struct nlattr *attribute)
{
	if (!attribute)
		return 0;
	if (nla_len(attribute) >= (int)sizeof(uint64_t))
		return nla_get_u64(attribute);
	return nla_get_u32(attribute);
}

static uint32_t decode_rate(struct nlattr *attribute)
{
	uint64_t rate = decode_counter(attribute);

	return (uint32_t)MIN(rate, UINT32_MAX);
}

/* `wide` is STATS64, which kernels before 4.1 do not send; without either all is 0. */
static int decode_traffic(struct nlattr *wide, struct nlattr *narrow, struct traffic *ret)
{
	struct nlattr *attributes[IPVS_STATS_ATTR_MAX + 1];
	struct nlattr *nest = wide ? wide : narrow;

	if (!nest)
		return 0;
	if (nla_parse_nested(attributes, IPVS_STATS_ATTR_MAX, nest, traffic_policy) < 0)
		return -EBADMSG;
	*ret = (struct traffic){
		.connections = decode_counter(attributes[IPVS_STATS_ATTR_CONNS]),
		.packets_in = decode_counter(attributes[IPVS_STATS_ATTR_INPKTS]),
		.packets_out = decode_counter(attributes[IPVS_STATS_ATTR_OUTPKTS]),
		.bytes_in = decode_counter(attributes[IPVS_STATS_ATTR_INBYTES]),
		.bytes_out = decode_counter(attributes[IPVS_STATS_ATTR_OUTBYTES]),
		.connection_rate = decode_rate(attributes[IPVS_STATS_ATTR_CPS]),
		.byte_rate_in = decode_rate(attributes[IPVS_STATS_ATTR_INBPS]),
		.byte_rate_out = decode_rate(attributes[IPVS_STATS_ATTR_OUTBPS]),
	};
	return 0;
}

/* The policy has made sure that there is a NUL, and that all fits. */
static void decode_name(char *name, size_t size, struct nlattr *attribute)
{
	snprintf(name, size, "%s", attribute ? nla_get_string(attribute) : "");
}

static int decode_address(struct nlattr *attribute, uint16_t family, struct address *ret)
{
	size_t size = address_size(family);

	if (!size || !attribute || nla_len(attribute) < (int)size)
		return -EBADMSG;
	*ret = address_from_bytes(family, nla_data(attribute));
	return 0;
}

int ipvs_decode_family(const struct nlmsghdr *message, uint16_t *ret)
{
	struct nlattr *attributes[CTRL_ATTR_MAX + 1];
	int code = decode_attributes(message, attributes, CTRL_ATTR_MAX, family_policy);

	if (code < 0)
		return code;
	if (!attributes[CTRL_ATTR_FAMILY_ID])
		return -EBADMSG;
	*ret = nla_get_u16(attributes[CTRL_ATTR_FAMILY_ID]);
	return 0;
}

bool ipvs_decode_announcement(const struct nlmsghdr *message, const char *name)
{
	struct nlattr *attributes[CTRL_ATTR_MAX + 1];

	if (message->nlmsg_type != GENL_ID_CTRL ||
		decode_attributes(message, attributes, CTRL_ATTR_MAX, announcement_policy) < 0)
		return false;
	const struct genlmsghdr *header = nlmsg_data(message);
	if (header->cmd != CTRL_CMD_NEWFAMILY && header->cmd != CTRL_CMD_DELFAMILY)
		return false;
	return attributes[CTRL_ATTR_FAMILY_NAME] &&
	       strcmp(nla_get_string(attributes[CTRL_ATTR_FAMILY_NAME]), name) == 0;
}

int ipvs_decode_protocol(uint16_t protocol, enum service_kind *ret)
{
	switch (protocol) {
	case IPPROTO_TCP:
		*ret = SERVICE_KIND_TCP;
		return 0;
	case IPPROTO_UDP:
		*ret = SERVICE_KIND_UDP;
		return 0;
	case IPPROTO_SCTP:
		*ret = SERVICE_KIND_SCTP;
		return 0;
	default:
		return -EPROTONOSUPPORT;
	}
}

static int decode_service_key(struct nlattr **attributes, struct service_key *key)
{
	uint16_t family = decode_u16(attributes[IPVS_SVC_ATTR_AF]);
	uint32_t fwmark = decode_u32(attributes[IPVS_SVC_ATTR_FWMARK]);

	if (family != AF_INET && family != AF_INET6)
		return -EBADMSG;
	if (fwmark) {
		key->kind = SERVICE_KIND_FWMARK;
		key->fwmark = fwmark;
		key->address.family = family;
		return 0;
	}
	if (!attributes[IPVS_SVC_ATTR_PROTOCOL] || !attributes[IPVS_SVC_ATTR_PORT])
		return -EBADMSG;
	key->port = ntohs(nla_get_u16(attributes[IPVS_SVC_ATTR_PORT]));
	int code = decode_address(attributes[IPVS_SVC_ATTR_ADDR], family, &key->address);
	if (code < 0)
		return code;
	return ipvs_decode_protocol(nla_get_u16(attributes[IPVS_SVC_ATTR_PROTOCOL]), &key->kind);
}

void ipvs_decode_service_flags(struct service_attributes *attributes, uint16_t family,
	uint32_t flags, uint32_t timeout, uint32_t netmask)
{
	attributes->one_packet = flags & IP_VS_SVC_F_ONEPACKET;
	if (flags & IP_VS_SVC_F_SCHED1)
		attributes->scheduler_flags |= SCHEDULER_FLAG_1;
	if (flags & IP_VS_SVC_F_SCHED2)
		attributes->scheduler_flags |= SCHEDULER_FLAG_2;
	if (flags & IP_VS_SVC_F_SCHED3)
		attributes->scheduler_flags |= SCHEDULER_FLAG_3;
	attributes->persistent = flags & IP_VS_SVC_F_PERSISTENT;
	/* Without persistence the kernel keeps whatever it was told, and uses none of it. */
	attributes->persistence_timeout = attributes->persistent ? timeout : 0;
	if (!attributes->persistent)
		attributes->netmask = service_netmask(family, address_bits(family));
	else
		attributes->netmask = family == AF_INET ? ntohl(netmask) : netmask;
}

int ipvs_decode_service(const struct nlmsghdr *message, struct service *ret)
{
	struct nlattr *attributes[IPVS_SVC_ATTR_MAX + 1];
	struct ip_vs_flags flags = {};
	int code = decode_nest(
		message, IPVS_CMD_ATTR_SERVICE, attributes, IPVS_SVC_ATTR_MAX, service_policy);

	*ret = (struct service){};
	if (code < 0)
		return code;
	code = decode_service_key(attributes, &ret->key);
	if (code < 0)
		return code;
	if (!attributes[IPVS_SVC_ATTR_SCHED_NAME] || !attributes[IPVS_SVC_ATTR_FLAGS])
		return -EBADMSG;
	decode_name(ret->attributes.scheduler, sizeof(ret->attributes.scheduler),
		attributes[IPVS_SVC_ATTR_SCHED_NAME]);
	decode_name(ret->attributes.engine, sizeof(ret->attributes.engine),
		attributes[IPVS_SVC_ATTR_PE_NAME]);
	memcpy(&flags, nla_data(attributes[IPVS_SVC_ATTR_FLAGS]), sizeof(flags));
	ipvs_decode_service_flags(&ret->attributes, ret->key.address.family, flags.flags,
		decode_u32(attributes[IPVS_SVC_ATTR_TIMEOUT]),
		decode_u32(attributes[IPVS_SVC_ATTR_NETMASK]));
	return decode_traffic(
		attributes[IPVS_SVC_ATTR_STATS64], attributes[IPVS_SVC_ATTR_STATS], &ret->traffic);
}

enum forward_method ipvs_decode_forward(uint32_t flags)
{
	switch (flags & IP_VS_CONN_F_FWD_MASK) {
	case IP_VS_CONN_F_MASQ:
		return FORWARD_METHOD_NAT;
	case IP_VS_CONN_F_LOCALNODE:
		return FORWARD_METHOD_LOCAL;
	case IP_VS_CONN_F_TUNNEL:
		return FORWARD_METHOD_TUNNEL;
	case IP_VS_CONN_F_DROUTE:
		return FORWARD_METHOD_DIRECT;
	case IP_VS_CONN_F_BYPASS:
		return FORWARD_METHOD_BYPASS;
	default:
		return FORWARD_METHOD_COUNT;
	}
}

static enum tunnel_type decode_tunnel_type(uint8_t type)
{
	switch (type) {
	case IP_VS_CONN_F_TUNNEL_TYPE_IPIP:
		return TUNNEL_TYPE_IPIP;
	case IP_VS_CONN_F_TUNNEL_TYPE_GUE:
		return TUNNEL_TYPE_GUE;
	case IP_VS_CONN_F_TUNNEL_TYPE_GRE:
		return TUNNEL_TYPE_GRE;
	default:
		return TUNNEL_TYPE_COUNT;
	}
}

static enum tunnel_checksum decode_tunnel_checksum(uint16_t flags)
{
	switch (flags) {
	case IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM:
		return TUNNEL_CHECKSUM_NONE;
	case IP_VS_TUNNEL_ENCAP_FLAG_CSUM:
		return TUNNEL_CHECKSUM_FULL;
	case IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM:
		return TUNNEL_CHECKSUM_REMOTE;
	default:
		return TUNNEL_CHECKSUM_COUNT;
	}
}

/* Only what the tunnel's type uses: the kernel stores a port of an ipip tunnel and ignores it. */
static void decode_tunnel(struct nlattr **attributes, struct destination_attributes *ret)
{
	ret->tunnel_type = decode_tunnel_type(decode_u8(attributes[IPVS_DEST_ATTR_TUN_TYPE]));
	if (ret->tunnel_type == TUNNEL_TYPE_IPIP)
		return;
	ret->tunnel_checksum =
		decode_tunnel_checksum(decode_u16(attributes[IPVS_DEST_ATTR_TUN_FLAGS]));
	if (ret->tunnel_type == TUNNEL_TYPE_GUE)
		ret->tunnel_port = ntohs(decode_u16(attributes[IPVS_DEST_ATTR_TUN_PORT]));
}

int ipvs_decode_destination(
	const struct nlmsghdr *message, uint16_t family, struct destination *ret)
{
	struct nlattr *attributes[IPVS_DEST_ATTR_MAX + 1];
	int code = decode_nest(
		message, IPVS_CMD_ATTR_DEST, attributes, IPVS_DEST_ATTR_MAX, destination_policy);

	*ret = (struct destination){};
	if (code < 0)
		return code;
	if (attributes[IPVS_DEST_ATTR_ADDR_FAMILY])
		family = nla_get_u16(attributes[IPVS_DEST_ATTR_ADDR_FAMILY]);
	if (!attributes[IPVS_DEST_ATTR_PORT] || !attributes[IPVS_DEST_ATTR_FWD_METHOD] ||
		!attributes[IPVS_DEST_ATTR_WEIGHT])
		return -EBADMSG;
	code = decode_address(attributes[IPVS_DEST_ATTR_ADDR], family, &ret->key.address);
	if (code < 0)
		return code;
	ret->key.port = ntohs(nla_get_u16(attributes[IPVS_DEST_ATTR_PORT]));
	ret->attributes.forward =
		ipvs_decode_forward(nla_get_u32(attributes[IPVS_DEST_ATTR_FWD_METHOD]));
	ret->attributes.weight = nla_get_u32(attributes[IPVS_DEST_ATTR_WEIGHT]);
	ret->attributes.upper_threshold = decode_u32(attributes[IPVS_DEST_ATTR_U_THRESH]);
	ret->attributes.lower_threshold = decode_u32(attributes[IPVS_DEST_ATTR_L_THRESH]);
	if (ret->attributes.forward == FORWARD_METHOD_TUNNEL)
		decode_tunnel(attributes, &ret->attributes);
	ret->counts.active = decode_u32(attributes[IPVS_DEST_ATTR_ACTIVE_CONNS]);
	ret->counts.inactive = decode_u32(attributes[IPVS_DEST_ATTR_INACT_CONNS]);
	ret->counts.persistent = decode_u32(attributes[IPVS_DEST_ATTR_PERSIST_CONNS]);
	return decode_traffic(attributes[IPVS_DEST_ATTR_STATS64], attributes[IPVS_DEST_ATTR_STATS],
		&ret->counts.traffic);
}

static int decode_group(struct nlattr **attributes, struct address *ret)
{
	if (attributes[IPVS_DAEMON_ATTR_MCAST_GROUP6])
		return decode_address(attributes[IPVS_DAEMON_ATTR_MCAST_GROUP6], AF_INET6, ret);
	if (attributes[IPVS_DAEMON_ATTR_MCAST_GROUP])
		return decode_address(attributes[IPVS_DAEMON_ATTR_MCAST_GROUP], AF_INET, ret);
	return 0;
}

int ipvs_decode_daemon(const struct nlmsghdr *message, struct sync_daemon *ret)
{
	struct nlattr *attributes[IPVS_DAEMON_ATTR_MAX + 1];
	int code = decode_nest(
		message, IPVS_CMD_ATTR_DAEMON, attributes, IPVS_DAEMON_ATTR_MAX, daemon_policy);

	*ret = (struct sync_daemon){};
	if (code < 0)
		return code;
	uint32_t state = decode_u32(attributes[IPVS_DAEMON_ATTR_STATE]);
	if (state != IP_VS_STATE_MASTER && state != IP_VS_STATE_BACKUP)
		return -EBADMSG;
	ret->role = state == IP_VS_STATE_MASTER ? SYNC_ROLE_ACTIVE : SYNC_ROLE_BACKUP;
	decode_name(ret->interface, sizeof(ret->interface), attributes[IPVS_DAEMON_ATTR_MCAST_IFN]);
	ret->id = decode_u32(attributes[IPVS_DAEMON_ATTR_SYNC_ID]);
	ret->max_length = decode_u16(attributes[IPVS_DAEMON_ATTR_SYNC_MAXLEN]);
	ret->port = decode_u16(attributes[IPVS_DAEMON_ATTR_MCAST_PORT]);
	ret->ttl = decode_u8(attributes[IPVS_DAEMON_ATTR_MCAST_TTL]);
	return decode_group(attributes, &ret->group);
}

static void decode_timeout(struct nlattr *attribute, bool *set, uint32_t *seconds)
{
	*set = attribute != NULL;
	*seconds = decode_u32(attribute);
}

int ipvs_decode_timeouts(const struct nlmsghdr *message, struct timeouts *ret)
{
	struct nlattr *attributes[IPVS_CMD_ATTR_MAX + 1];
	int code = decode_attributes(message, attributes, IPVS_CMD_ATTR_MAX, command_policy);

	*ret = (struct timeouts){};
	if (code < 0)
		return code;
	decode_timeout(attributes[IPVS_CMD_ATTR_TIMEOUT_TCP], &ret->tcp_set, &ret->tcp);
	decode_timeout(attributes[IPVS_CMD_ATTR_TIMEOUT_TCP_FIN], &ret->tcp_fin_set, &ret->tcp_fin);
	decode_timeout(attributes[IPVS_CMD_ATTR_TIMEOUT_UDP], &ret->udp_set, &ret->udp);
	return 0;
}
