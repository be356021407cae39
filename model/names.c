// SPDX-License-Identifier: GPL-2.0-or-later
/* The texts of model/state.h and model/plan.h: words of enums, and keys in and out of text. */
#include <errno.h>
#include <stdio.h>

#include "model/plan.h"
#include "model/state.h"

static const char *const service_kind_names[SERVICE_KIND_COUNT] = {
	[SERVICE_KIND_TCP] = "tcp",
	[SERVICE_KIND_UDP] = "udp",
	[SERVICE_KIND_SCTP] = "sctp",
	[SERVICE_KIND_FWMARK] = "fwmark",
};
static const char *const forward_method_names[FORWARD_METHOD_COUNT] = {
	[FORWARD_METHOD_NAT] = "nat",
	[FORWARD_METHOD_DIRECT] = "direct",
	[FORWARD_METHOD_TUNNEL] = "tunnel",
	[FORWARD_METHOD_LOCAL] = "local",
	[FORWARD_METHOD_BYPASS] = "bypass",
};
static const char *const tunnel_type_names[TUNNEL_TYPE_COUNT] = {
	[TUNNEL_TYPE_IPIP] = "ipip",
	[TUNNEL_TYPE_GUE] = "gue",
	[TUNNEL_TYPE_GRE] = "gre",
};
static const char *const tunnel_checksum_names[TUNNEL_CHECKSUM_COUNT] = {
	[TUNNEL_CHECKSUM_NONE] = "none",
	[TUNNEL_CHECKSUM_FULL] = "full",
	[TUNNEL_CHECKSUM_REMOTE] = "remote",
};
static const char *const sync_role_names[SYNC_ROLE_COUNT] = {
	[SYNC_ROLE_ACTIVE] = "active",
	[SYNC_ROLE_BACKUP] = "backup",
};
static const char *const plan_verb_names[PLAN_VERB_COUNT] = {
	[PLAN_VERB_ADD] = "add",
	[PLAN_VERB_UPDATE] = "update",
	[PLAN_VERB_REPLACE] = "replace",
	[PLAN_VERB_DELETE] = "delete",
};
static const char *const plan_object_names[PLAN_OBJECT_COUNT] = {
	[PLAN_OBJECT_SERVICE] = "service",
	[PLAN_OBJECT_DESTINATION] = "destination",
	[PLAN_OBJECT_TIMEOUTS] = "timeouts",
	[PLAN_OBJECT_SYNC] = "sync",
	[PLAN_OBJECT_SYSCTL] = "sysctl",
	[PLAN_OBJECT_PORT_ADDRESS] = "port-address",
	[PLAN_OBJECT_ROUTE] = "route",
};

static const char *name_of(const char *const *names, size_t count, size_t index)
{
	return index < count ? names[index] : "?";
}

static int index_of(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -EINVAL;
}

#define NAME_OF(names, index) name_of((names), ARRAY_LENGTH(names), (index))
#define INDEX_OF(names, name) index_of((names), ARRAY_LENGTH(names), (name))

const char *service_kind_name(enum service_kind kind)
{
	return NAME_OF(service_kind_names, kind);
}

const char *forward_method_name(enum forward_method method)
{
	return NAME_OF(forward_method_names, method);
}

const char *tunnel_type_name(enum tunnel_type type)
{
	return NAME_OF(tunnel_type_names, type);
}

const char *tunnel_checksum_name(enum tunnel_checksum checksum)
{
	return NAME_OF(tunnel_checksum_names, checksum);
}

const char *sync_role_name(enum sync_role role)
{
	return NAME_OF(sync_role_names, role);
}

const char *plan_verb_name(enum plan_verb verb)
{
	return NAME_OF(plan_verb_names, verb);
}

const char *plan_object_name(enum plan_object object)
{
	return NAME_OF(plan_object_names, object);
}

int forward_method_from_name(const char *name)
{
	return INDEX_OF(forward_method_names, name);
}

int tunnel_type_from_name(const char *name)
{
	return INDEX_OF(tunnel_type_names, name);
}

int tunnel_checksum_from_name(const char *name)
{
	return INDEX_OF(tunnel_checksum_names, name);
}

int sync_role_from_name(const char *name)
{
	return INDEX_OF(sync_role_names, name);
}

int plan_verb_from_name(const char *name)
{
	return INDEX_OF(plan_verb_names, name);
}

int plan_object_from_name(const char *name)
{
	return INDEX_OF(plan_object_names, name);
}

const char *service_key_format(
	const struct service_key *key, char text[static SERVICE_KEY_TEXT_SIZE])
{
	char literal[ADDRESS_LENGTH];
	const char *kind = service_kind_name(key->kind);

	address_format(&key->address, literal);
	if (key->kind == SERVICE_KIND_FWMARK)
		snprintf(text, SERVICE_KEY_TEXT_SIZE, "fwmark%s://%u",
			key->address.family == AF_INET6 ? "6" : "", key->fwmark);
	else if (key->address.family == AF_INET6)
		snprintf(text, SERVICE_KEY_TEXT_SIZE, "%s://[%s]:%u", kind, literal, key->port);
	else
		snprintf(text, SERVICE_KEY_TEXT_SIZE, "%s://%s:%u", kind, literal, key->port);
	return text;
}

const char *data_route_key_format(
	const struct data_route_key *key, char text[static DATA_ROUTE_TEXT_SIZE])
{
	char address[ADDRESS_LENGTH];

	snprintf(text, DATA_ROUTE_TEXT_SIZE, "%s/%u", address_format(&key->to, address),
		key->length);
	return text;
}

/* Decimal digits only, no sign, no leading zero but for "0" itself; the whole of `text`. */
static int number_parse(const char *text, uint64_t limit, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > limit)
			return -EINVAL;
	}
	*ret = value;
	return 0;
}

/* Splits "A:PORT" or "[A]:PORT"; *port stays as it is when the text has none. A bare IPv6 address
 * (two colons or more outside brackets) has none. */
static int endpoint_parse(const char *text, struct address *address, uint64_t *port)
{
	struct address ipv4 = {.family = AF_INET};
	char literal[ADDRESS_LENGTH];
	const char *start = text, *end, *rest;

	/* Nearly all are of this kind, and a large file has nothing else. */
	rest = address_parse_ipv4(text, ipv4.bytes);
	if (rest && (!*rest || *rest == ':')) {
		*address = ipv4;
		return *rest ? number_parse(rest + 1, UINT16_MAX, port) : 0;
	}
	if (*text == '[') {
		start = text + 1;
		end = strchr(start, ']');
		if (!end)
			return -EINVAL;
		rest = end + 1;
	} else {
		end = strchr(text, ':');
		if (!end || strchr(end + 1, ':'))
			end = text + strlen(text);
		rest = end;
	}
	if ((size_t)(end - start) >= sizeof(literal))
		return -EINVAL;
	memcpy(literal, start, (size_t)(end - start));
	literal[end - start] = '\0';
	if (address_parse(literal, address) < 0 || (*text == '[' && address->family != AF_INET6))
		return -EINVAL;
	if (!*rest)
		return 0;
	return *rest == ':' ? number_parse(rest + 1, UINT16_MAX, port) : -EINVAL;
}

int data_route_key_parse(const char *text, struct data_route_key *ret)
{
	const char *slash = strchr(text, '/');
	struct data_route_key key = {};
	char literal[ADDRESS_LENGTH];
	uint64_t length;

	if (!slash || (size_t)(slash - text) >= sizeof(literal))
		return -EINVAL;
	memcpy(literal, text, (size_t)(slash - text));
	literal[slash - text] = '\0';
	if (address_parse(literal, &key.to) < 0 ||
		number_parse(slash + 1, address_bits(key.to.family), &length) < 0)
		return -EINVAL;
	for (unsigned int i = (unsigned int)length; i < address_bits(key.to.family); i++)
		if (key.to.bytes[i / 8] & 0x80 >> i % 8)
			return -EINVAL;
	key.length = (uint8_t)length;
	*ret = key;
	return 0;
}

static int fwmark_parse(const char *text, uint16_t family, struct service_key *ret)
{
	uint64_t mark;

	if (number_parse(text, UINT32_MAX, &mark) < 0 || mark == 0)
		return -EINVAL;
	*ret = (struct service_key){
		.kind = SERVICE_KIND_FWMARK, .fwmark = (uint32_t)mark, .address.family = family};
	return 0;
}

int service_key_parse(const char *text, struct service_key *ret)
{
	const char *separator = strstr(text, "://");
	uint64_t port = UINT64_MAX;

	if (!separator)
		return -EINVAL;
	if (strncmp(text, "fwmark://", 9) == 0)
		return fwmark_parse(text + 9, AF_INET, ret);
	if (strncmp(text, "fwmark6://", 10) == 0)
		return fwmark_parse(text + 10, AF_INET6, ret);
	for (int kind = 0; kind < SERVICE_KIND_FWMARK; kind++) {
		const char *name = service_kind_names[kind];
		struct service_key key = {.kind = (enum service_kind)kind};

		if ((size_t)(separator - text) != strlen(name) ||
			strncmp(text, name, strlen(name)) != 0)
			continue;
		if (endpoint_parse(separator + 3, &key.address, &port) < 0 || port == UINT64_MAX)
			return -EINVAL;
		key.port = (uint16_t)port;
		*ret = key;
		return 0;
	}
	return -EINVAL;
}

const char *destination_key_format(
	const struct destination_key *key, char text[static ADDRESS_ENDPOINT_LENGTH])
{
	return address_format_endpoint(&key->address, key->port, text);
}

int destination_key_parse(const char *text, struct destination_key *ret)
{
	struct destination_key key = {};
	uint64_t port = 0;

	if (endpoint_parse(text, &key.address, &port) < 0)
		return -EINVAL;
	key.port = (uint16_t)port;
	*ret = key;
	return 0;
}
