// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/ipvsadm_statement.h"

#include <errno.h>

#include "cli/ipvsadm_options.h"

/* linux/ip_vs.h and ipvsadm 1.31, found by asking it. */
#define PERSISTENCE_DEFAULT 360
#define TIMEOUT_LIMIT       (31 * 86400)
#define NUMBER_LIMIT        INT32_MAX
#define GROUP_DEFAULT       "224.0.0.81"
#define SYNC_PORT_DEFAULT   8848

/* Named scheduler flags; those with a scheduler are refused with any other. */
static const struct {
	const char *name, *scheduler;
	uint32_t flag;
} scheduler_flags[] = {
	{"sh-fallback", "sh", SCHEDULER_FLAG_SH_FALLBACK},
	{"sh-port", "sh", SCHEDULER_FLAG_SH_PORT},
	{"mh-fallback", "mh", SCHEDULER_FLAG_MH_FALLBACK},
	{"mh-port", "mh", SCHEDULER_FLAG_MH_PORT},
	{"flag-1", NULL, SCHEDULER_FLAG_1},
	{"flag-2", NULL, SCHEDULER_FLAG_2},
	{"flag-3", NULL, SCHEDULER_FLAG_3},
};

static int number_parse(struct strbuf *why, enum ipvsadm_option option, const char *text,
	uint32_t limit, uint32_t *ret)
{
	uint64_t value = 0;
	const char *digit = text;

	for (; *digit >= '0' && *digit <= '9' && value <= limit; digit++)
		value = value * 10 + (uint64_t)(*digit - '0');
	if (*digit || digit == text || value > limit) {
		strbuf_printf(why, "--%s takes a number from 0 to %u, not ",
			ipvsadm_option_name(option), limit);
		return ipvsadm_refuse(why, "", text, "");
	}
	*ret = (uint32_t)value;
	return 0;
}

static int take_number(const struct ipvsadm_pieces *pieces, enum ipvsadm_option option,
	uint32_t limit, uint32_t *ret)
{
	return pieces->given[option]
		       ? number_parse(pieces->why, option, pieces->value[option], limit, ret)
		       : 0;
}

/* Names go into fixed fields, and later into a file: letters, digits and a few signs. */
static int name_parse(
	const struct ipvsadm_pieces *pieces, enum ipvsadm_option option, char *ret, size_t size)
{
	const char *text = pieces->value[option];

	if (!pieces->given[option])
		return 0;
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789-_.@");
	if (!length || text[length] || length >= size) {
		strbuf_printf(pieces->why, "--%s ", ipvsadm_option_name(option));
		return ipvsadm_refuse(pieces->why, "", text, " is no name that the kernel takes");
	}
	memcpy(ret, text, length + 1);
	return 0;
}

/* "A", "A:PORT", "[A]", "[A]:PORT". *port stays when there is none; *given says whether. */
static int endpoint_parse(
	struct strbuf *why, const char *text, struct address *address, uint16_t *port, bool *given)
{
	char literal[ADDRESS_LENGTH];
	bool bracket = *text == '[';
	const char *start = text + bracket, *end = strchr(start, bracket ? ']' : ':');
	uint32_t value = 0;

	if (bracket && !end)
		return ipvsadm_refuse(why, "", text, " is no address");
	/* A bare IPv6 address has colons, and no port. */
	if (!end || (!bracket && strchr(end + 1, ':')))
		end = start + strlen(start);
	const char *rest = end + bracket;
	if ((size_t)(end - start) >= sizeof(literal))
		return ipvsadm_refuse(why, "", text, " is no address");
	memcpy(literal, start, (size_t)(end - start));
	literal[end - start] = '\0';
	if (address_parse(literal, address) < 0)
		return ipvsadm_refuse(why, "", text,
			" is no address: names are not looked up, save with `ipvsadm-save -n`");
	*given = *rest == ':';
	if (*rest && !*given)
		return ipvsadm_refuse(why, "", text, " is no address");
	if (!*given)
		return 0;
	size_t digits = strspn(rest + 1, "0123456789");
	if (!digits || digits > 5 || rest[1 + digits])
		return ipvsadm_refuse(
			why, "the port of ", text, " is no number: save with `ipvsadm-save -n`");
	for (const char *digit = rest + 1; *digit; digit++)
		value = value * 10 + (uint32_t)(*digit - '0');
	if (value > UINT16_MAX)
		return ipvsadm_refuse(why, "the port of ", text, " is above 65535");
	*port = (uint16_t)value;
	return 0;
}

static int fwmark_build(const struct ipvsadm_pieces *pieces, struct service_key *key)
{
	const char *text = pieces->value[IPVSADM_OPTION_FWMARK];
	bool minus = *text == '-';
	uint32_t mark = 0;
	int r = number_parse(pieces->why, IPVSADM_OPTION_FWMARK, text + minus,
		minus ? (uint32_t)INT32_MAX + 1 : UINT32_MAX, &mark);

	if (r < 0)
		return r;
	/* ipvsadm prints marks from 2^31 on as negative numbers. */
	key->fwmark = minus ? -mark : mark;
	key->address.family = pieces->given[IPVSADM_OPTION_IPV6] ? AF_INET6 : AF_INET;
	return key->fwmark ? 0 : ipvsadm_refuse(pieces->why, "a firewall mark is not 0", NULL, "");
}

static int service_key_build(const struct ipvsadm_pieces *pieces, struct service_key *key)
{
	static const struct {
		enum ipvsadm_option option;
		enum service_kind kind;
	} kinds[] = {
		{IPVSADM_OPTION_TCP, SERVICE_KIND_TCP},
		{IPVSADM_OPTION_UDP, SERVICE_KIND_UDP},
		{IPVSADM_OPTION_SCTP, SERVICE_KIND_SCTP},
		{IPVSADM_OPTION_FWMARK, SERVICE_KIND_FWMARK},
	};
	const char *text = NULL;
	bool given = false;

	*key = (struct service_key){};
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
		if (!pieces->given[kinds[i].option])
			continue;
		if (text)
			return ipvsadm_refuse(pieces->why, "it names two services", NULL, "");
		key->kind = kinds[i].kind;
		text = pieces->value[kinds[i].option];
	}
	if (!text)
		return ipvsadm_refuse(
			pieces->why, "it names no service (-t, -u, --sctp-service, -f)", NULL, "");
	if (key->kind == SERVICE_KIND_FWMARK)
		return fwmark_build(pieces, key);
	return endpoint_parse(pieces->why, text, &key->address, &key->port, &given);
}

static int scheduler_flags_build(
	const struct ipvsadm_pieces *pieces, struct service_attributes *attributes)
{
	_cleanup_free_ char *text = memory_copy_string(pieces->value[IPVSADM_OPTION_SCHED_FLAGS]);
	char *rest = text, *name;

	while (rest && (name = strsep(&rest, ","))) {
		size_t i = 0;
		while (i < ARRAY_LENGTH(scheduler_flags) &&
			strcmp(scheduler_flags[i].name, name) != 0)
			i++;
		if (i == ARRAY_LENGTH(scheduler_flags))
			return ipvsadm_refuse(pieces->why, "there is no scheduler flag ", name, "");
		if (scheduler_flags[i].scheduler &&
			strcmp(scheduler_flags[i].scheduler, attributes->scheduler) != 0)
			return ipvsadm_refuse(
				pieces->why, "the flag ", name, " belongs to another scheduler");
		attributes->scheduler_flags |= scheduler_flags[i].flag;
	}
	return 0;
}

static int netmask_build(
	const struct ipvsadm_pieces *pieces, uint16_t family, struct service_attributes *attributes)
{
	const char *text = pieces->value[IPVSADM_OPTION_NETMASK];
	struct address mask;
	uint32_t prefix = 0;

	if (!pieces->given[IPVSADM_OPTION_NETMASK])
		return 0;
	if (!attributes->persistent) {
		strbuf_add(pieces->remark, "-M has no effect without -p: left out");
		return 0;
	}
	if (family == AF_INET6) {
		if (number_parse(pieces->why, IPVSADM_OPTION_NETMASK, text, 128, &prefix) < 0)
			return -EINVAL;
		if (!prefix)
			return ipvsadm_refuse(
				pieces->why, "an IPv6 prefix is from 1 to 128", NULL, "");
		attributes->netmask = prefix;
		return 0;
	}
	if (address_parse(text, &mask) < 0 || mask.family != AF_INET)
		return ipvsadm_refuse(pieces->why, "", text, " is no IPv4 netmask");
	attributes->netmask = (uint32_t)mask.bytes[0] << 24 | (uint32_t)mask.bytes[1] << 16 |
			      (uint32_t)mask.bytes[2] << 8 | mask.bytes[3];
	return 0;
}

static int persistence_build(
	const struct ipvsadm_pieces *pieces, uint16_t family, struct service_attributes *attributes)
{
	attributes->netmask = service_netmask(family, address_bits(family));
	if (pieces->given[IPVSADM_OPTION_PERSISTENT]) {
		const char *text = pieces->value[IPVSADM_OPTION_PERSISTENT];
		uint32_t *timeout = &attributes->persistence_timeout;

		attributes->persistent = true;
		*timeout = PERSISTENCE_DEFAULT;
		if (text && number_parse(pieces->why, IPVSADM_OPTION_PERSISTENT, text,
				    TIMEOUT_LIMIT, timeout) < 0)
			return -EINVAL;
		if (!*timeout)
			return ipvsadm_refuse(
				pieces->why, "a persistence of 0 s is refused", NULL, "");
	}
	int r = netmask_build(pieces, family, attributes);
	if (r < 0 || !pieces->given[IPVSADM_OPTION_ENGINE])
		return r;
	if (!attributes->persistent) {
		strbuf_add(pieces->remark, "--pe has no effect without -p: left out");
		return 0;
	}
	return name_parse(pieces, IPVSADM_OPTION_ENGINE, attributes->engine, ENGINE_NAME_SIZE);
}

static int service_build(const struct ipvsadm_pieces *pieces, struct ipvsadm_statement *statement)
{
	struct service_attributes *attributes = &statement->attributes;
	const struct service_key *key = &statement->service;

	strcpy(attributes->scheduler, "wlc");
	if (name_parse(pieces, IPVSADM_OPTION_SCHEDULER, attributes->scheduler,
		    SCHEDULER_NAME_SIZE) < 0)
		return -EINVAL;
	if (pieces->given[IPVSADM_OPTION_SCHED_FLAGS] &&
		scheduler_flags_build(pieces, attributes) < 0)
		return -EINVAL;
	attributes->one_packet = pieces->given[IPVSADM_OPTION_OPS];
	if (persistence_build(pieces, key->address.family, attributes) < 0)
		return -EINVAL;
	if (attributes->one_packet && key->kind != SERVICE_KIND_UDP &&
		key->kind != SERVICE_KIND_FWMARK)
		return ipvsadm_refuse(pieces->why, "-o is for UDP services only", NULL, "");
	if (key->kind != SERVICE_KIND_FWMARK && !key->port && !attributes->persistent)
		return ipvsadm_refuse(pieces->why,
			"port 0 (every port) is for persistent services only", NULL, "");
	return 0;
}

static int forward_build(
	const struct ipvsadm_pieces *pieces, struct destination_attributes *attributes)
{
	int methods = pieces->given[IPVSADM_OPTION_DIRECT] + pieces->given[IPVSADM_OPTION_TUNNEL] +
		      pieces->given[IPVSADM_OPTION_NAT];

	if (methods > 1)
		return ipvsadm_refuse(pieces->why, "it names two forwarding methods", NULL, "");
	attributes->forward = pieces->given[IPVSADM_OPTION_NAT]      ? FORWARD_METHOD_NAT
			      : pieces->given[IPVSADM_OPTION_TUNNEL] ? FORWARD_METHOD_TUNNEL
								     : FORWARD_METHOD_DIRECT;
	return 0;
}

static int tunnel_build(
	const struct ipvsadm_pieces *pieces, struct destination_attributes *attributes)
{
	int checksums = pieces->given[IPVSADM_OPTION_TUN_NOCSUM] +
			pieces->given[IPVSADM_OPTION_TUN_CSUM] +
			pieces->given[IPVSADM_OPTION_TUN_REMCSUM];
	bool any = checksums || pieces->given[IPVSADM_OPTION_TUN_TYPE] ||
		   pieces->given[IPVSADM_OPTION_TUN_PORT];
	uint32_t port = 0;

	if (!any)
		return 0;
	if (attributes->forward != FORWARD_METHOD_TUNNEL)
		return ipvsadm_refuse(pieces->why, "tunnel options without -i", NULL, "");
	if (pieces->given[IPVSADM_OPTION_TUN_TYPE]) {
		int type = tunnel_type_from_name(pieces->value[IPVSADM_OPTION_TUN_TYPE]);
		if (type < 0)
			return ipvsadm_refuse(pieces->why, "there is no tunnel type ",
				pieces->value[IPVSADM_OPTION_TUN_TYPE], "");
		attributes->tunnel_type = (enum tunnel_type)type;
	}
	if (take_number(pieces, IPVSADM_OPTION_TUN_PORT, UINT16_MAX, &port) < 0)
		return -EINVAL;
	if ((attributes->tunnel_type == TUNNEL_TYPE_GUE) != (port != 0))
		return ipvsadm_refuse(
			pieces->why, "--tun-port and --tun-type gue need one another", NULL, "");
	if (checksums > 1)
		return ipvsadm_refuse(pieces->why, "it names two tunnel checksums", NULL, "");
	if (checksums && attributes->tunnel_type == TUNNEL_TYPE_IPIP)
		return ipvsadm_refuse(pieces->why, "an ipip tunnel has no checksum", NULL, "");
	if (pieces->given[IPVSADM_OPTION_TUN_REMCSUM] && attributes->tunnel_type != TUNNEL_TYPE_GUE)
		return ipvsadm_refuse(pieces->why, "--tun-remcsum is for gue only", NULL, "");
	attributes->tunnel_port = (uint16_t)port;
	attributes->tunnel_checksum = pieces->given[IPVSADM_OPTION_TUN_CSUM] ? TUNNEL_CHECKSUM_FULL
				      : pieces->given[IPVSADM_OPTION_TUN_REMCSUM]
					      ? TUNNEL_CHECKSUM_REMOTE
					      : TUNNEL_CHECKSUM_NONE;
	return 0;
}

static int destination_key_build(const struct ipvsadm_pieces *pieces,
	const struct service_key *service, struct destination_key *key)
{
	bool given = false;

	*key = (struct destination_key){};
	if (!pieces->given[IPVSADM_OPTION_SERVER])
		return ipvsadm_refuse(pieces->why, "it names no real server (-r)", NULL, "");
	if (endpoint_parse(pieces->why, pieces->value[IPVSADM_OPTION_SERVER], &key->address,
		    &key->port, &given) < 0)
		return -EINVAL;
	/* A fwmark service has no port, so that this is 0 there. */
	if (!given)
		key->port = service->port;
	return 0;
}

static int destination_build(
	const struct ipvsadm_pieces *pieces, struct ipvsadm_statement *statement)
{
	struct destination_attributes *attributes = &statement->destination.attributes;
	struct destination_key *key = &statement->destination.key;
	const struct service_key *service = &statement->service;

	attributes->weight = 1;
	if (destination_key_build(pieces, service, key) < 0 ||
		forward_build(pieces, attributes) < 0 || tunnel_build(pieces, attributes) < 0 ||
		take_number(pieces, IPVSADM_OPTION_WEIGHT, NUMBER_LIMIT, &attributes->weight) < 0 ||
		take_number(pieces, IPVSADM_OPTION_UPPER, NUMBER_LIMIT,
			&attributes->upper_threshold) < 0 ||
		take_number(pieces, IPVSADM_OPTION_LOWER, NUMBER_LIMIT,
			&attributes->lower_threshold) < 0)
		return -EINVAL;
	if (attributes->lower_threshold > attributes->upper_threshold)
		return ipvsadm_refuse(
			pieces->why, "the lower threshold is above the upper one", NULL, "");
	if (key->address.family != service->address.family &&
		attributes->forward != FORWARD_METHOD_TUNNEL)
		return ipvsadm_refuse(
			pieces->why, "only a tunnel (-i) crosses address families", NULL, "");
	/* As ipvsadm does: without NAT the packet keeps its port. */
	if (service->kind != SERVICE_KIND_FWMARK && attributes->forward != FORWARD_METHOD_NAT)
		key->port = service->port;
	return 0;
}

static int timeouts_build(const struct ipvsadm_pieces *pieces, struct timeouts *timeouts)
{
	const char *texts[] = {pieces->value[IPVSADM_OPTION_SET], pieces->rest[0], pieces->rest[1]};
	uint32_t *values[] = {&timeouts->tcp, &timeouts->tcp_fin, &timeouts->udp};

	if (pieces->rest_count != ARRAY_LENGTH(pieces->rest))
		return ipvsadm_refuse(pieces->why, "--set takes three numbers", NULL, "");
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		if (number_parse(pieces->why, IPVSADM_OPTION_SET, texts[i], TIMEOUT_LIMIT,
			    values[i]) < 0)
			return -EINVAL;
	/* 0 keeps what is there. */
	timeouts->tcp_set = timeouts->tcp != 0;
	timeouts->tcp_fin_set = timeouts->tcp_fin != 0;
	timeouts->udp_set = timeouts->udp != 0;
	return 0;
}

static int sync_role_build(
	const struct ipvsadm_pieces *pieces, enum ipvsadm_option option, enum sync_role *role)
{
	const char *text = pieces->value[option];

	if (strcmp(text, "master") != 0 && strcmp(text, "backup") != 0)
		return ipvsadm_refuse(
			pieces->why, "a sync daemon is master or backup, not ", text, "");
	*role = *text == 'm' ? SYNC_ROLE_ACTIVE : SYNC_ROLE_BACKUP;
	return 0;
}

static int sync_build(const struct ipvsadm_pieces *pieces, struct sync_daemon *daemon)
{
	const char *group = pieces->value[IPVSADM_OPTION_GROUP];
	uint32_t port = SYNC_PORT_DEFAULT, ttl = 1, length = 0;

	if (sync_role_build(pieces, IPVSADM_OPTION_START_DAEMON, &daemon->role) < 0)
		return -EINVAL;
	if (!pieces->given[IPVSADM_OPTION_INTERFACE])
		return ipvsadm_refuse(pieces->why, "it names no --mcast-interface", NULL, "");
	if (name_parse(pieces, IPVSADM_OPTION_INTERFACE, daemon->interface, INTERFACE_NAME_SIZE) <
			0 ||
		take_number(pieces, IPVSADM_OPTION_SYNC_ID, UINT8_MAX, &daemon->id) < 0 ||
		take_number(pieces, IPVSADM_OPTION_SYNC_LENGTH, UINT16_MAX, &length) < 0 ||
		take_number(pieces, IPVSADM_OPTION_SYNC_PORT, UINT16_MAX, &port) < 0 ||
		take_number(pieces, IPVSADM_OPTION_TTL, UINT8_MAX, &ttl) < 0)
		return -EINVAL;
	if (!port || !ttl)
		return ipvsadm_refuse(pieces->why, "a port or TTL of 0", NULL, "");
	if (address_parse(group ? group : GROUP_DEFAULT, &daemon->group) < 0 ||
		!address_is_multicast(&daemon->group))
		return ipvsadm_refuse(pieces->why, "", group, " is no multicast address");
	daemon->port = (uint16_t)port;
	daemon->ttl = (uint8_t)ttl;
	daemon->max_length = (uint16_t)length;
	return 0;
}

static int statement_build(const struct ipvsadm_pieces *pieces, struct ipvsadm_statement *statement)
{
	switch (statement->verb) {
	case IPVSADM_VERB_CLEAR:
		return 0;
	case IPVSADM_VERB_SET_TIMEOUTS:
		return timeouts_build(pieces, &statement->timeouts);
	case IPVSADM_VERB_START_DAEMON:
		return sync_build(pieces, &statement->sync);
	case IPVSADM_VERB_STOP_DAEMON:
		return sync_role_build(pieces, IPVSADM_OPTION_STOP_DAEMON, &statement->sync.role);
	default:
		break;
	}
	if (service_key_build(pieces, &statement->service) < 0)
		return -EINVAL;
	switch (statement->verb) {
	case IPVSADM_VERB_ADD_SERVICE:
	case IPVSADM_VERB_EDIT_SERVICE:
		return service_build(pieces, statement);
	case IPVSADM_VERB_ADD_DESTINATION:
	case IPVSADM_VERB_EDIT_DESTINATION:
		return destination_build(pieces, statement);
	case IPVSADM_VERB_DELETE_DESTINATION:
		return destination_key_build(
			pieces, &statement->service, &statement->destination.key);
	default:
		return 0;
	}
}

int ipvsadm_statement_parse(char **words, size_t count, struct ipvsadm_statement *ret,
	struct strbuf *why, struct strbuf *remark)
{
	/* By the order of the commands in enum ipvsadm_option. */
	static const enum ipvsadm_verb verbs[IPVSADM_OPTION_VERBS] = {
		[IPVSADM_OPTION_ADD_SERVICE] = IPVSADM_VERB_ADD_SERVICE,
		[IPVSADM_OPTION_EDIT_SERVICE] = IPVSADM_VERB_EDIT_SERVICE,
		[IPVSADM_OPTION_DELETE_SERVICE] = IPVSADM_VERB_DELETE_SERVICE,
		[IPVSADM_OPTION_CLEAR] = IPVSADM_VERB_CLEAR,
		[IPVSADM_OPTION_ADD_SERVER] = IPVSADM_VERB_ADD_DESTINATION,
		[IPVSADM_OPTION_EDIT_SERVER] = IPVSADM_VERB_EDIT_DESTINATION,
		[IPVSADM_OPTION_DELETE_SERVER] = IPVSADM_VERB_DELETE_DESTINATION,
		[IPVSADM_OPTION_SET] = IPVSADM_VERB_SET_TIMEOUTS,
		[IPVSADM_OPTION_START_DAEMON] = IPVSADM_VERB_START_DAEMON,
		[IPVSADM_OPTION_STOP_DAEMON] = IPVSADM_VERB_STOP_DAEMON,
	};
	struct ipvsadm_pieces pieces = {.why = why, .remark = remark};
	int option = 0, r = ipvsadm_pieces_take(&pieces, words, count);

	if (r < 0)
		return r;
	while (option < IPVSADM_OPTION_COMMANDS && !pieces.given[option])
		option++;
	if (option == IPVSADM_OPTION_COMMANDS)
		return ipvsadm_refuse(why, "it has no command (-A, -a, ...)", NULL, "");
	if (option >= IPVSADM_OPTION_VERBS) {
		strbuf_printf(why, "--%s changes no state", ipvsadm_option_name(option));
		return -EINVAL;
	}
	*ret = (struct ipvsadm_statement){.verb = verbs[option]};
	return statement_build(&pieces, ret);
}
