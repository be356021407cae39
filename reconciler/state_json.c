// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/state_json.h"

#include <errno.h>

#include "base/suggest.h"
#include "reconciler/state_forms.h"

#define STATE_JSON_FORMAT 1

/* The kernel keeps a weight in a signed int (net/netfilter/ipvs/ip_vs_ctl.c refuses the others). */
#define STATE_JSON_WEIGHT_LIMIT INT32_MAX

JSON_FORM_WORDS(forward_method, FORWARD_METHOD_COUNT);
JSON_FORM_WORDS(tunnel_type, TUNNEL_TYPE_COUNT);
JSON_FORM_WORDS(tunnel_checksum, TUNNEL_CHECKSUM_COUNT);
JSON_FORM_WORDS(sync_role, SYNC_ROLE_COUNT);

/* Destinations. `tunnel` stands there for the forwarding method tunnel, and for no other. */

static const struct json_form_member tunnel_members[] = {
	{"type", &json_form_word, JSON_FORM_FIELD(struct destination_attributes, tunnel_type),
		.required = true, .words = &tunnel_type_words},
	{"port", &json_form_number, JSON_FORM_FIELD(struct destination_attributes, tunnel_port),
		.maximum = UINT16_MAX},
	{"checksum", &json_form_word,
		JSON_FORM_FIELD(struct destination_attributes, tunnel_checksum),
		.words = &tunnel_checksum_words},
};
static const struct json_form tunnel_form = JSON_FORM(tunnel_members);

static json_t *tunnel_write(struct json_form_pass *pass,
	const struct json_form_member *member _unused_, const void *field)
{
	const struct destination_attributes *attributes = field;

	return attributes->forward == FORWARD_METHOD_TUNNEL
		       ? json_form_write(pass, &tunnel_form, attributes)
		       : NULL;
}

static int tunnel_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member _unused_, const json_t *json, void *field)
{
	const struct destination_attributes *attributes = field;

	if (!json)
		return 0;
	if (attributes->forward != FORWARD_METHOD_TUNNEL)
		return json_form_fail(pass, place, "only with the forwarding method `tunnel`");
	return json_form_read(pass, place, &tunnel_form, json, field);
}

static const struct json_form_type tunnel_object = {tunnel_write, tunnel_read};

static const struct json_form_member destination_attributes_members[] = {
	{"forward", &json_form_word, JSON_FORM_FIELD(struct destination_attributes, forward),
		.required = true, .words = &forward_method_words},
	{"weight", &json_form_number, JSON_FORM_FIELD(struct destination_attributes, weight),
		.required = true, .maximum = STATE_JSON_WEIGHT_LIMIT},
	{"upper-threshold", &json_form_number,
		JSON_FORM_FIELD(struct destination_attributes, upper_threshold),
		.maximum = UINT32_MAX},
	{"lower-threshold", &json_form_number,
		JSON_FORM_FIELD(struct destination_attributes, lower_threshold),
		.maximum = UINT32_MAX},
	{"tunnel", .type = &tunnel_object},
};
const struct json_form state_form_destination_attributes =
	JSON_FORM(destination_attributes_members);

#define COUNT_MEMBER(name, count_field)                                                            \
	{                                                                                          \
		(name), &json_form_number,                                                         \
			JSON_FORM_FIELD(struct destination_counts, count_field),                   \
			.required = true, .maximum = UINT32_MAX                                    \
	}
static const struct json_form_member counts_members[] = {
	COUNT_MEMBER("active", active),
	COUNT_MEMBER("inactive", inactive),
	COUNT_MEMBER("persistent", persistent),
};
static const struct json_form counts_form = JSON_FORM(counts_members);

static const struct json_form_member destination_members[] = {
	{"destination", &json_form_destination, JSON_FORM_FIELD(struct destination, key),
		.required = true},
	{.offset = offsetof(struct destination, attributes),
		.form = &state_form_destination_attributes},
	{"connections", &json_form_object, JSON_FORM_FIELD(struct destination, counts),
		.form = &counts_form},
};
static const struct json_form destination_form = JSON_FORM(destination_members);

static const struct json_form_member destination_item = JSON_FORM_ITEM(&destination_form);
JSON_FORM_LIST(destination_list, struct destination_vector, &destination_item, destination_compare);

/* Services: the scheduler's flags have names of their own where the scheduler is known to give them
 * a meaning. */

static const struct state_flag {
	const char *name;
	const char *scheduler; /* NULL: any */
	uint32_t bit;
} state_flags[] = {
	{"sh-fallback", "sh", SCHEDULER_FLAG_SH_FALLBACK},
	{"sh-port", "sh", SCHEDULER_FLAG_SH_PORT},
	{"mh-fallback", "mh", SCHEDULER_FLAG_MH_FALLBACK},
	{"mh-port", "mh", SCHEDULER_FLAG_MH_PORT},
	{"flag-1", NULL, SCHEDULER_FLAG_1},
	{"flag-2", NULL, SCHEDULER_FLAG_2},
	{"flag-3", NULL, SCHEDULER_FLAG_3},
};

static json_t *flags_write(struct json_form_pass *pass _unused_,
	const struct json_form_member *member _unused_, const void *field)
{
	const struct service_attributes *attributes = field;
	uint32_t rest = attributes->scheduler_flags;
	json_t *names;

	if (!rest)
		return NULL;
	names = json_form_kept(json_array());
	for (size_t i = 0; i < ARRAY_LENGTH(state_flags); i++) {
		const struct state_flag *flag = &state_flags[i];

		if (!(rest & flag->bit) ||
			(flag->scheduler && strcmp(flag->scheduler, attributes->scheduler) != 0))
			continue;
		json_array_append_new(names, json_string(flag->name));
		rest &= ~flag->bit;
	}
	return names;
}

static int flags_read_one(struct json_form_pass *pass, const struct json_form_place *place,
	const json_t *json, struct service_attributes *attributes)
{
	const char *name = json_string_value(json);
	char quoted[JSON_FORM_QUOTE_SIZE];
	struct suggest suggest = {};

	if (!name)
		return json_form_fail(pass, place, "not a text");
	for (size_t i = 0; i < ARRAY_LENGTH(state_flags); i++) {
		const struct state_flag *flag = &state_flags[i];

		suggest_offer(&suggest, name, flag->name);
		if (strcmp(flag->name, name) != 0)
			continue;
		if (flag->scheduler && strcmp(flag->scheduler, attributes->scheduler) != 0)
			return json_form_fail(
				pass, place, "only with the scheduler `%s`", flag->scheduler);
		if (attributes->scheduler_flags & flag->bit)
			return json_form_fail(pass, place, "stands there twice");
		attributes->scheduler_flags |= flag->bit;
		return 0;
	}
	json_form_quote(name, quoted);
	if (suggest.best)
		return json_form_fail(
			pass, place, "unknown flag `%s`: did you mean `%s`?", quoted, suggest.best);
	return json_form_fail(pass, place, "unknown flag `%s`", quoted);
}

static int flags_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member _unused_, const json_t *json, void *field)
{
	size_t count;
	int r = json_form_read_count(pass, place, json, &count);

	for (size_t i = 0; r == 0 && i < count; i++)
		r = flags_read_one(pass, &(struct json_form_place){.parent = place, .index = i},
			json_array_get(json, i), field);
	return r;
}

static const struct json_form_type flag_list = {flags_write, flags_read};

/* Persistence. An IPv4 mask that is no prefix (another program's) is written as the number that it
 * is. IPVS also keeps a mask and an engine of services that are not persistent: `enabled: false`.
 */

static bool mask_is_prefix(uint16_t family, uint32_t netmask)
{
	int prefix = service_prefix(family, netmask);

	return prefix >= 0 && (unsigned int)prefix <= address_bits(family);
}

static json_t *prefix_write(struct json_form_pass *pass,
	const struct json_form_member *member _unused_, const void *field)
{
	uint32_t netmask = *(const uint32_t *)field;

	return mask_is_prefix(pass->family, netmask)
		       ? json_form_kept(json_integer(service_prefix(pass->family, netmask)))
		       : NULL;
}

static int prefix_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member, const json_t *json, void *field)
{
	struct json_form_member bounded = *member;
	uint32_t prefix = 0;
	int r;

	if (!json)
		return 0;
	bounded.maximum = address_bits(pass->family);
	r = json_form_number.read(pass, place, &bounded, json, &prefix);
	*(uint32_t *)field = service_netmask(pass->family, prefix);
	return r;
}

static const struct json_form_type prefix_number = {prefix_write, prefix_read};

static json_t *mask_write(
	struct json_form_pass *pass, const struct json_form_member *member, const void *field)
{
	return mask_is_prefix(pass->family, *(const uint32_t *)field)
		       ? NULL
		       : json_form_number.write(pass, member, field);
}

static int mask_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member, const json_t *json, void *field)
{
	return json ? json_form_number.read(pass, place, member, json, field) : 0;
}

static const struct json_form_type mask_number = {mask_write, mask_read};

static const struct json_form_member persistence_members[] = {
	{"enabled", &json_form_flag, JSON_FORM_FIELD(struct service_attributes, persistent),
		.absent = true},
	{"timeout", &json_form_number,
		JSON_FORM_FIELD(struct service_attributes, persistence_timeout), .required = true,
		.maximum = UINT32_MAX},
	{"prefix", &prefix_number, JSON_FORM_FIELD(struct service_attributes, netmask)},
	{"netmask", &mask_number, JSON_FORM_FIELD(struct service_attributes, netmask),
		.maximum = UINT32_MAX},
	{"engine", &json_form_text, JSON_FORM_FIELD(struct service_attributes, engine)},
};
static const struct json_form persistence_form = JSON_FORM(persistence_members);

static json_t *persistence_write(struct json_form_pass *pass,
	const struct json_form_member *member _unused_, const void *field)
{
	const struct service_attributes *attributes = field;
	uint32_t whole = service_netmask(pass->family, address_bits(pass->family));

	if (!attributes->persistent && !attributes->persistence_timeout && !attributes->engine[0] &&
		attributes->netmask == whole)
		return NULL;
	return json_form_write(pass, &persistence_form, attributes);
}

static int persistence_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member _unused_, const json_t *json, void *field)
{
	struct service_attributes *attributes = field;

	attributes->netmask = service_netmask(pass->family, address_bits(pass->family));
	if (!json)
		return 0;
	if (json_object_get(json, "prefix") && json_object_get(json, "netmask"))
		return json_form_fail(pass, place, "either `prefix` or `netmask`, not both");
	return json_form_read(pass, place, &persistence_form, json, attributes);
}

static const struct json_form_type persistence_object = {persistence_write, persistence_read};

static const struct json_form_member service_attributes_members[] = {
	{"scheduler", &json_form_text, JSON_FORM_FIELD(struct service_attributes, scheduler),
		.required = true},
	{"scheduler-flags", .type = &flag_list},
	{"one-packet", &json_form_flag, JSON_FORM_FIELD(struct service_attributes, one_packet)},
	{"persistence", .type = &persistence_object},
};
const struct json_form state_form_service_attributes = JSON_FORM(service_attributes_members);

static const struct json_form_member service_members[] = {
	{"service", &json_form_service, JSON_FORM_FIELD(struct service, key), .required = true},
	{.offset = offsetof(struct service, attributes), .form = &state_form_service_attributes},
	{"destinations", &destination_list, JSON_FORM_FIELD(struct service, destinations),
		.required = true},
};
static const struct json_form service_form = JSON_FORM(service_members);

static const struct json_form_member service_item = JSON_FORM_ITEM(&service_form);
JSON_FORM_LIST(service_list, struct service_vector, &service_item, service_compare);

/* Globals */

#define TIMEOUT_MEMBER(name, value)                                                                \
	{                                                                                          \
		(name), &json_form_number, JSON_FORM_FIELD(struct timeouts, value),                \
			.maximum = UINT32_MAX,                                                     \
			.set = (ptrdiff_t)offsetof(struct timeouts, value##_set) -                 \
			       (ptrdiff_t)offsetof(struct timeouts, value)                         \
	}
static const struct json_form_member timeouts_members[] = {
	TIMEOUT_MEMBER("tcp", tcp),
	TIMEOUT_MEMBER("tcp-fin", tcp_fin),
	TIMEOUT_MEMBER("udp", udp),
};
const struct json_form state_form_timeouts = JSON_FORM(timeouts_members);

static const struct json_form_member sync_members[] = {
	{"role", &json_form_word, JSON_FORM_FIELD(struct sync_daemon, role), .required = true,
		.words = &sync_role_words},
	{"interface", &json_form_text, JSON_FORM_FIELD(struct sync_daemon, interface),
		.required = true},
	{"id", &json_form_number, JSON_FORM_FIELD(struct sync_daemon, id), .required = true,
		.maximum = UINT8_MAX},
	{"group", &json_form_address, JSON_FORM_FIELD(struct sync_daemon, group)},
	{"port", &json_form_number, JSON_FORM_FIELD(struct sync_daemon, port),
		.maximum = UINT16_MAX},
	{"ttl", &json_form_number, JSON_FORM_FIELD(struct sync_daemon, ttl), .maximum = UINT8_MAX},
	{"max-length", &json_form_number, JSON_FORM_FIELD(struct sync_daemon, max_length),
		.maximum = UINT16_MAX},
};
const struct json_form state_form_sync = JSON_FORM(sync_members);

static const struct json_form_member sync_item = JSON_FORM_ITEM(&state_form_sync);
JSON_FORM_LIST(sync_list, struct sync_vector, &sync_item, sync_daemon_compare);

bool state_form_is_sysctl_name(const char *text)
{
	return *text && text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
}

bool state_form_is_sysctl_value(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

static const struct json_form_member sysctl_name = {"sysctl", &json_form_text,
	.size = SYSCTL_NAME_SIZE, .required = true, .accepts = state_form_is_sysctl_name};
static const struct json_form_member sysctl_value = {"value", &json_form_text,
	.size = SYSCTL_VALUE_SIZE, .required = true, .accepts = state_form_is_sysctl_value};

static json_t *sysctls_write(struct json_form_pass *pass,
	const struct json_form_member *member _unused_, const void *field)
{
	const struct sysctl_vector *list = field;
	json_t *object = json_form_kept(json_object());

	vector_foreach(list, sysctl)
		json_object_set_new(object, sysctl->name,
			sysctl_value.type->write(pass, &sysctl_value, sysctl->value));
	return object;
}

static int sysctls_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member _unused_, const json_t *json, void *field)
{
	struct sysctl_vector *list = field;
	json_t *object = (json_t *)json; /* see json_form_fail_unknown() */

	if (json && !json_is_object(json))
		return json_form_fail(pass, place, "not an object");
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
		const char *name = json_object_iter_key(at);
		struct json_form_place inner = {.parent = place, .member = name};
		struct sysctl *sysctl = vector_append(list);

		if (strlen(name) >= sysctl_name.size || !sysctl_name.accepts(name))
			return json_form_fail(pass, &inner, "no name of a sysctl");
		memcpy(sysctl->name, name, strlen(name) + 1);
		int r = sysctl_value.type->read(
			pass, &inner, &sysctl_value, json_object_iter_value(at), sysctl->value);
		if (r < 0)
			return r;
	}
	vector_sort(list, sysctl_compare);
	return 0;
}

static const struct json_form_type sysctl_object = {sysctls_write, sysctls_read};

/* The data plane's place in the network. */

static bool state_is_word(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

static const struct json_form_member port_members[] = {
	{"port", &json_form_text, JSON_FORM_FIELD(struct data_port, name), .required = true},
	{"device", &json_form_text, JSON_FORM_FIELD(struct data_port, device),
		.accepts = state_is_word},
	{"exception", &json_form_text, JSON_FORM_FIELD(struct data_port, exception)},
	{"vlan", &json_form_number, JSON_FORM_FIELD(struct data_port, vlan), .maximum = 4094},
	{"mtu", &json_form_number, JSON_FORM_FIELD(struct data_port, mtu), .maximum = UINT16_MAX},
};
static const struct json_form port_form = JSON_FORM(port_members);
static const struct json_form_member port_item = JSON_FORM_ITEM(&port_form);
JSON_FORM_LIST(port_list, struct data_port_vector, &port_item, data_port_compare);

static const struct json_form_member port_address_key_members[] = {
	{"port", &json_form_text, JSON_FORM_FIELD(struct port_address_key, port), .required = true},
	{"address", &json_form_address, JSON_FORM_FIELD(struct port_address_key, address),
		.required = true},
};
const struct json_form state_form_port_address_key = JSON_FORM(port_address_key_members);

static const struct json_form_member port_address_attributes_members[] = {
	{"length", &json_form_number, JSON_FORM_FIELD(struct port_address_attributes, length),
		.required = true, .maximum = 128},
};
const struct json_form state_form_port_address_attributes =
	JSON_FORM(port_address_attributes_members);

static const struct json_form_member port_address_members[] = {
	{.offset = offsetof(struct port_address, key), .form = &state_form_port_address_key},
	{.offset = offsetof(struct port_address, attributes),
		.form = &state_form_port_address_attributes},
};
static const struct json_form port_address_form = JSON_FORM(port_address_members);
static const struct json_form_member port_address_item = JSON_FORM_ITEM(&port_address_form);
JSON_FORM_LIST(
	port_address_list, struct port_address_vector, &port_address_item, port_address_compare);

static json_t *route_key_write(struct json_form_pass *pass _unused_,
	const struct json_form_member *member _unused_, const void *field)
{
	char text[DATA_ROUTE_TEXT_SIZE];

	return json_form_kept(json_string(data_route_key_format(field, text)));
}

static int route_key_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member _unused_, const json_t *json, void *field)
{
	const char *text = json_string_value(json);
	char quoted[JSON_FORM_QUOTE_SIZE];

	if (!text)
		return json_form_fail(pass, place, "not a text");
	if (data_route_key_parse(text, field) < 0)
		return json_form_fail(
			pass, place, "`%s` is no network", json_form_quote(text, quoted));
	return 0;
}

const struct json_form_type state_form_route_key = {route_key_write, route_key_read};

static const struct json_form_member route_attributes_members[] = {
	{"via", &json_form_address, JSON_FORM_FIELD(struct data_route_attributes, via)},
	{"port", &json_form_text, JSON_FORM_FIELD(struct data_route_attributes, port),
		.required = true},
};
const struct json_form state_form_route_attributes = JSON_FORM(route_attributes_members);

static const struct json_form_member route_members[] = {
	{"to", &state_form_route_key, JSON_FORM_FIELD(struct data_route, key), .required = true},
	{.offset = offsetof(struct data_route, attributes), .form = &state_form_route_attributes},
};
static const struct json_form route_form = JSON_FORM(route_members);
static const struct json_form_member route_item = JSON_FORM_ITEM(&route_form);
JSON_FORM_LIST(route_list, struct data_route_vector, &route_item, data_route_compare);

/* What only a data plane has: the kernel's state says nothing of it. */
JSON_FORM_LIST_IF_ANY(port_list);
JSON_FORM_LIST_IF_ANY(port_address_list);
JSON_FORM_LIST_IF_ANY(route_list);

static const struct json_form_member state_members[] = {
	{"poise-state", &json_form_version, .required = true, .maximum = STATE_JSON_FORMAT},
	{"services", &service_list, JSON_FORM_FIELD(struct state, services), .required = true},
	{"timeouts", &json_form_object, JSON_FORM_FIELD(struct state, timeouts),
		.form = &state_form_timeouts},
	{"sync", &sync_list, JSON_FORM_FIELD(struct state, sync)},
	{"sync-managed", &json_form_flag, JSON_FORM_FIELD(struct state, sync_managed)},
	{"sysctls", &sysctl_object, JSON_FORM_FIELD(struct state, sysctls)},
	{"ports", &port_list_if_any, JSON_FORM_FIELD(struct state, ports)},
	{"port-addresses", &port_address_list_if_any,
		JSON_FORM_FIELD(struct state, port_addresses)},
	{"routes", &route_list_if_any, JSON_FORM_FIELD(struct state, routes)},
	{"ways-managed", &json_form_flag, JSON_FORM_FIELD(struct state, ways_managed)},
};
static const struct json_form state_form = JSON_FORM(state_members);

/* The public functions */

json_t *service_attributes_to_json(const struct service_attributes *attributes, uint16_t family)
{
	return json_form_write(&(struct json_form_pass){.family = family},
		&state_form_service_attributes, attributes);
}

json_t *destination_attributes_to_json(const struct destination_attributes *attributes)
{
	return json_form_write(
		&(struct json_form_pass){}, &state_form_destination_attributes, attributes);
}

json_t *timeouts_to_json(const struct timeouts *timeouts)
{
	return json_form_write(&(struct json_form_pass){}, &state_form_timeouts, timeouts);
}

json_t *sync_daemon_to_json(const struct sync_daemon *daemon)
{
	return json_form_write(&(struct json_form_pass){}, &state_form_sync, daemon);
}

json_t *state_to_json(const struct state *state)
{
	return json_form_write(&(struct json_form_pass){}, &state_form, state);
}

int service_attributes_from_json(
	const json_t *json, uint16_t family, struct service_attributes *ret, struct error *error)
{
	struct service_attributes attributes = {};
	int r = json_form_read(&(struct json_form_pass){.error = error, .family = family}, NULL,
		&state_form_service_attributes, json, &attributes);

	if (r == 0)
		*ret = attributes;
	return r;
}

int destination_attributes_from_json(
	const json_t *json, struct destination_attributes *ret, struct error *error)
{
	struct destination_attributes attributes = {};
	int r = json_form_read(&(struct json_form_pass){.error = error}, NULL,
		&state_form_destination_attributes, json, &attributes);

	if (r == 0)
		*ret = attributes;
	return r;
}

int timeouts_from_json(const json_t *json, struct timeouts *ret, struct error *error)
{
	struct timeouts timeouts = {};
	int r = json_form_read(&(struct json_form_pass){.error = error}, NULL, &state_form_timeouts,
		json, &timeouts);

	if (r == 0)
		*ret = timeouts;
	return r;
}

int sync_daemon_from_json(const json_t *json, struct sync_daemon *ret, struct error *error)
{
	struct sync_daemon daemon = {};
	int r = json_form_read(
		&(struct json_form_pass){.error = error}, NULL, &state_form_sync, json, &daemon);

	if (r == 0)
		*ret = daemon;
	return r;
}

int state_from_json(const json_t *json, struct state *ret, struct error *error)
{
	int r = json_form_read(
		&(struct json_form_pass){.error = error}, NULL, &state_form, json, ret);

	if (r < 0)
		state_clear(ret);
	return r;
}
