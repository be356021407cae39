// SPDX-License-Identifier: GPL-2.0-or-later
/* Values that are a single text: each type of the schema, and what to say when it is none. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/pattern.h"
#include "base/suggest.h"
#include "base/utf8.h"
#include "model/decode.h"
#include "model/units.h"

/* One value on its way: what it should be, and where it stands. */
struct value {
	struct decode *decode;
	const struct schema_key *key;
	const struct yaml_node *node; /* with its own place, which an alias has too */
	const char *text;
	bool plain;
};

/* No value has one, but what `|` made of a line, and an expression what double quotes made of `\n`. */
static const char *value_end_of_line_hint(const struct value *value)
{
	const struct schema_text *class = value->key->text;

	return class && class->regex
		       ? "it has an end of line: write the expression in one line, without quotes "
			 "or in single ones, where \\n stands for an end of line"
		       : "it has an end of line: write the value in one line, behind its key";
}

/* "`KEY` must be WHAT, not `TEXT`", with a hint. Returns -EINVAL. */
static int value_error(const struct value *value, const char *hint)
{
	_cleanup_strbuf_ struct strbuf wanted = {};
	char quoted[REPORT_QUOTE_SIZE];

	if (strchr(value->text, '\n'))
		hint = value_end_of_line_hint(value);
	/* A name may stand by itself, as most do. */
	bool list = value->key->type != SCHEMA_TYPE_REFERENCES &&
		    schema_describe_item(value->key, value->decode->backend, &wanted);
	if (!list)
		schema_describe(value->key, value->decode->backend, &wanted);
	report_error(value->decode->report, yaml_place(value->node), hint,
		"`%s` must %s %s, not %s", value->key->name, list ? "have" : "be", wanted.text,
		*value->text ? report_quote(value->text, quoted) : "an empty text");
	return -EINVAL;
}

static int value_quoted(const struct value *value)
{
	_cleanup_free_ char *hint = memory_printf("write %.60s without quotes", value->text);

	return value_error(value, hint);
}

static bool value_is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcasecmp(text, *words) == 0)
			return true;
	return false;
}

static int value_boolean(const struct value *value, void *field)
{
	static const char *const yes[] = {"true", "yes", "on", "y", NULL};
	static const char *const no[] = {"false", "no", "off", "n", NULL};
	bool is_true = strcmp(value->text, "true") == 0;

	if (value->plain && (is_true || strcmp(value->text, "false") == 0)) {
		*(bool *)field = is_true;
		return 0;
	}
	if (value_is_one_of(value->text, yes))
		return value_error(value, "write true");
	return value_error(value, value_is_one_of(value->text, no) ? "write false" : NULL);
}

static int value_in_bounds(const struct value *value, uint64_t number)
{
	return number < value->key->minimum || number > value->key->maximum
		       ? value_error(value, NULL)
		       : 0;
}

static int value_number(const struct value *value, void *field)
{
	uint64_t number;
	int r = units_parse_number(value->text, &number);

	if (r < 0)
		return value_error(value, NULL);
	if (!value->plain)
		return value_quoted(value);
	r = value_in_bounds(value, number);
	if (r == 0)
		*(uint32_t *)field = (uint32_t)number;
	return r;
}

static int value_signed(const struct value *value, void *field)
{
	bool negative = value->text[0] == '-';
	int64_t least = (int64_t)value->key->minimum, most = (int64_t)value->key->maximum;
	uint64_t number;

	if (units_parse_number(value->text + negative, &number) < 0 || number > INT32_MAX ||
		(negative && !number))
		return value_error(value, NULL);
	if (!value->plain)
		return value_quoted(value);
	int64_t with_sign = negative ? -(int64_t)number : (int64_t)number;
	if (with_sign < least || with_sign > most)
		return value_error(value, NULL);
	*(int32_t *)field = (int32_t)with_sign;
	return 0;
}

/* What durations, sizes and percents have in common. `unit` is the one that a bare number most
 * likely means. */
static int value_quantity(const struct value *value, int (*parse)(const char *text, uint64_t *ret),
	const char *unit, uint64_t *ret)
{
	char hint[64];
	uint64_t number;
	int r = parse(value->text, &number);

	if (r == -ENODATA) {
		snprintf(hint, sizeof(hint), "a unit is missing: write %.20s%s", value->text, unit);
		return value_error(value, hint);
	}
	if (r < 0)
		return value_error(value, NULL);
	*ret = number;
	return value_in_bounds(value, number);
}

static int value_duration(const struct value *value, void *field)
{
	uint64_t duration = 0;
	int r = value_quantity(value, units_parse_duration, "s", &duration);

	if (r == 0 && duration % value->key->unit)
		return value_error(value, value->key->unit == UNITS_SECOND
						  ? "the kernel counts it in whole seconds"
						  : "it is counted in hundredths of a second");
	if (r == 0)
		*(uint64_t *)field = duration;
	return r;
}

static int value_size(const struct value *value, void *field)
{
	_cleanup_strbuf_ struct strbuf hint = {};
	uint64_t size = 0;
	int r = value_quantity(value, units_parse_size, "B", &size);

	if (r == 0 && size % value->key->unit) {
		strbuf_add(&hint, "it is counted in steps of ");
		units_format_size(value->key->unit, &hint);
		return value_error(value, hint.text);
	}
	if (r == 0)
		*(uint64_t *)field = size;
	return r;
}

static int value_percent(const struct value *value, void *field)
{
	uint64_t percent = 0;
	int r = value_quantity(value, units_parse_percent, "%", &percent);

	if (r == 0)
		*(uint32_t *)field = (uint32_t)percent;
	return r;
}

static bool value_is_available(const struct value *value, const struct schema_word *word)
{
	return !word->backends || word->backends & 1u << value->decode->backend;
}

/* Finds a word; reports one that is unknown or not the backend's. */
static int value_find_word(const struct value *value, int *ret)
{
	struct suggest suggest = {};
	char hint[DECODE_HINT_SIZE];

	for (const struct schema_word *word = value->key->words; word->name; word++) {
		bool available = value_is_available(value, word);

		if (strcmp(word->name, value->text) == 0 && available) {
			*ret = word->value;
			return 0;
		}
		if (strcmp(word->name, value->text) == 0)
			return value_error(
				value, "`backend: dpdk` is to have it: this version does not");
		/* A number is never another one that was mistyped. */
		if (available && value->text[strspn(value->text, "0123456789.")])
			suggest_offer(&suggest, value->text, word->name);
	}
	return value_error(value, decode_hint(suggest.best, hint));
}

static int value_word(const struct value *value, void *field)
{
	int word = 0, r = value_find_word(value, &word);

	if (r == 0)
		*(uint32_t *)field = (uint32_t)word;
	return r;
}

/* Whether a character is in a bracket expression's list ("a-z0-9_-"). */
static bool value_is_allowed(const char *allowed, char character)
{
	for (; *allowed; allowed++) {
		if (allowed[1] == '-' && allowed[2]) {
			if (character >= allowed[0] && character <= allowed[2])
				return true;
			allowed += 2;
		} else if (*allowed == character) {
			return true;
		}
	}
	return false;
}

static bool value_has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

static size_t value_characters(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += !utf8_is_continuation(*text);
	return count;
}

static int value_check_regex(const struct value *value)
{
	_cleanup_pattern_ struct pattern *pattern = NULL;
	char why[128] = "it is too large";

	if (pattern_new(value->text, &pattern, why, sizeof(why)) == 0)
		return 0;
	return value_error(value, why);
}

/* Where it begins as it must, only the character tells what is wrong. */
static int value_check_characters(const struct value *value, const char *text)
{
	const struct schema_text *class = value->key->text;

	for (; class->allowed && *text; text++) {
		char hint[64];

		if (value_is_allowed(class->allowed, *text))
			continue;
		if (*text == ' ')
			return value_error(value, "it must not have a blank");
		if (*text < ' ' || *text > '~')
			return value_error(value, "it must not have characters beyond ASCII");
		snprintf(hint, sizeof(hint), "it must not have `%c`", *text);
		return value_error(value, hint);
	}
	return 0;
}

static int value_check_text(const struct value *value)
{
	const struct schema_text *class = value->key->text;
	size_t prefix = strlen(class->prefix);

	if (!*value->text)
		return value_error(value, NULL);
	if (strncmp(value->text, class->prefix, prefix) != 0)
		return value_error(value, NULL);
	if (value_characters(value->text) > class->longest)
		return value_error(value, "it is too long");
	if (!class->control && value_has_control(value->text))
		return value_error(value, "it has control characters");
	if (class->entry && (strcmp(value->text, ".") == 0 || strcmp(value->text, "..") == 0))
		return value_error(value, "nothing can have this name");
	int r = value_check_characters(value, value->text + prefix);
	if (r < 0)
		return r;
	return class->regex ? value_check_regex(value) : 0;
}

static const char *value_keep(const struct value *value)
{
	return arena_copy_string(&value->decode->config->arena, value->text);
}

static int value_text(const struct value *value, void *field)
{
	int r = value_check_text(value);

	if (r == 0)
		*(const char **)field = value_keep(value);
	return r;
}

/* [a-z0-9]+(-[a-z0-9]+)*, as SCHEMA_NAME_PATTERN says. */
static bool value_is_name(const char *text)
{
	size_t length = strlen(text);

	if (!length || length > SCHEMA_NAME_LONGEST || text[0] == '-' || text[length - 1] == '-')
		return false;
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0' &&
	       !strstr(text, "--");
}

static const char value_name_hint[] =
	"names have lower-case letters, digits and single dashes between them, 63 at most";

int decode_check_name(struct decode *decode, const struct yaml_node *node)
{
	const char *text = yaml_resolve(node)->text;
	char quoted[REPORT_QUOTE_SIZE];

	if (value_is_name(text))
		return 0;
	report_error(decode->report, yaml_place(node), value_name_hint, "%s is no name",
		report_quote(text, quoted));
	return -EINVAL;
}

static int value_reference(const struct value *value, void *field)
{
	if (!value_is_name(value->text))
		return value_error(value, value_name_hint);
	*(const char **)field = value_keep(value);
	return 0;
}

/* One of a set. */
static int value_item_reference(const struct value *value, void *field)
{
	if (!value_is_name(value->text))
		return value_error(value, value_name_hint);
	*(struct config_name *)field = (struct config_name){
		.text = value_keep(value), .mark = decode_mark(value->decode, value->node)};
	return 0;
}

/* The port's text behind an address, or NULL: what follows the only colon, or the bracket. */
static const char *value_port(const char *text)
{
	const char *bracket = strstr(text, "]:"), *colon = strchr(text, ':');

	if (bracket)
		return bracket + 2;
	return colon && !strchr(colon + 1, ':') ? colon + 1 : NULL;
}

/* Why a text is no ADDRESS or ADDRESS:PORT, as far as it can be told. */
static const char *value_address_hint(const char *text)
{
	const char *port = value_port(text);
	size_t host = port ? (size_t)(port - text) : strlen(text);
	uint64_t number;

	if (strstr(text, "://"))
		return "only a listener starts with a protocol";
	if (memchr(text, '/', host))
		return "a prefix length has no place here";
	if (memchr(text, '%', host))
		return "a zone (`%`) has no place here";
	if (strspn(text, "0123456789.:abcdefABCDEF[]") < host)
		return "addresses are literal: no name is looked up";
	if (port && (units_parse_number(port, &number) < 0 || number > UINT16_MAX))
		return "a port is a number, 1 to 65535";
	if (!port && strchr(text, '['))
		return "an IPv6 address with a port is [ADDRESS]:PORT, else it has no brackets";
	return NULL;
}

static int value_address(const struct value *value, void *field)
{
	struct address address;

	if (address_parse(value->text, &address) < 0)
		return value_error(value, value_address_hint(value->text));
	*(struct address *)field = address;
	return 0;
}

static int value_endpoint(const struct value *value, void *field)
{
	struct config_endpoint *endpoint = field;
	struct destination_key key;

	if (destination_key_parse(value->text, &key) < 0)
		return value_error(value, value_address_hint(value->text));
	if (!key.port && value_port(value->text))
		return value_error(value, "a port is 1 to 65535; leave it out for the listener's");
	*endpoint = (struct config_endpoint){.address = key.address, .port = key.port};
	return 0;
}

/* Why what stands before the slash is no address, as far as it can be told. */
static const char *value_prefix_hint(const struct value *value, const char *host)
{
	if (strstr(value->text, "://"))
		return value_address_hint(value->text);
	if (strcmp(value->text, "default") == 0)
		return "everything is 0.0.0.0/0, or \"::/0\" for IPv6";
	return value_port(host) ? "a port has no place here" : value_address_hint(host);
}

static int value_prefix(const struct value *value, void *field)
{
	const char *slash = strchr(value->text, '/');
	size_t size = slash ? (size_t)(slash - value->text) : strlen(value->text);
	char host[ADDRESS_LENGTH] = "";
	struct config_prefix prefix;
	uint64_t length;

	if (size < sizeof(host))
		memcpy(host, value->text, size);
	if (address_parse(host, &prefix.address) < 0)
		return value_error(value, value_prefix_hint(value, host));
	length = address_bits(prefix.address.family);
	if (slash && (units_parse_number(slash + 1, &length) < 0 ||
			     length > address_bits(prefix.address.family)))
		return value_error(value, prefix.address.family == AF_INET6
						  ? "a length is 0 to 128 for IPv6"
						  : "a length is 0 to 32 for IPv4");
	prefix.length = (uint32_t)length;
	*(struct config_prefix *)field = prefix;
	return 0;
}

static int (*const value_types[SCHEMA_TYPE_COUNT])(const struct value *value, void *field) = {
	[SCHEMA_TYPE_BOOLEAN] = value_boolean,
	[SCHEMA_TYPE_NUMBER] = value_number,
	[SCHEMA_TYPE_SIGNED] = value_signed,
	[SCHEMA_TYPE_DURATION] = value_duration,
	[SCHEMA_TYPE_SIZE] = value_size,
	[SCHEMA_TYPE_PERCENT] = value_percent,
	[SCHEMA_TYPE_TEXT] = value_text,
	[SCHEMA_TYPE_REFERENCE] = value_reference,
	[SCHEMA_TYPE_WORD] = value_word,
	[SCHEMA_TYPE_ADDRESS] = value_address,
	[SCHEMA_TYPE_ENDPOINT] = value_endpoint,
	[SCHEMA_TYPE_PREFIX] = value_prefix,
};

bool decode_follows(const struct yaml_node *node)
{
	const struct yaml_node *value = yaml_resolve(node);

	return value->kind == YAML_KIND_MAPPING && yaml_find(value, SCHEMA_FOLLOW);
}

int decode_follow(struct decode *decode, const struct schema_key *key, const struct yaml_node *node,
	void *field)
{
	static const struct schema_key follow = {
		.name = SCHEMA_FOLLOW, .type = SCHEMA_TYPE_REFERENCE, .refers = "virtual router"};
	const struct yaml_node *mapping = yaml_resolve(node);

	if (mapping->size > 1)
		return decode_wrong_type(decode, key, node);
	if (mapping->first->broken || yaml_resolve(mapping->first->next)->broken)
		return -EINVAL;
	return decode_scalar(decode, &follow, mapping->first->next, field);
}

int decode_scalar(struct decode *decode, const struct schema_key *key, const struct yaml_node *node,
	void *field)
{
	const struct yaml_node *text = yaml_resolve(node);
	const struct value value = {decode, key, node, text->text, text->plain};

	if (text->kind != YAML_KIND_SCALAR || yaml_is_null(text))
		return decode_wrong_type(decode, key, node);
	return value_types[key->type](&value, field);
}

/* Why a text is no listener. */
static const char *value_listener_hint(const char *text)
{
	const char *address = strstr(text, "://");
	size_t scheme = address ? (size_t)(address - text) : 0;

	if (!address)
		return "write tcp://ADDRESS:PORT, udp://…, sctp://…, fwmark://MARK or "
		       "fwmark6://MARK";
	if (strncmp(text, "fwmark", 6) == 0)
		return "a mark is a number, 1 to 4294967295";
	if ((scheme != 3 || (strncmp(text, "tcp", 3) != 0 && strncmp(text, "udp", 3) != 0)) &&
		(scheme != 4 || strncmp(text, "sctp", 4) != 0))
		return "the forms are tcp://, udp://, sctp://, fwmark:// and fwmark6://";
	if (!value_port(address + 3))
		return strchr(address + 3, ':') ? "write an IPv6 address as [ADDRESS]:PORT"
						: "the port is missing: write ADDRESS:PORT";
	const char *hint = value_address_hint(address + 3);
	return hint ? hint : "write ADDRESS:PORT, an IPv6 address as [ADDRESS]:PORT";
}

static int value_listener(const struct value *value, void *field)
{
	struct config_listener *listener = field;

	if (service_key_parse(value->text, &listener->key) < 0)
		return value_error(value, value_listener_hint(value->text));
	listener->mark = decode_mark(value->decode, value->node);
	return 0;
}

static int value_range(const struct value *value, void *field)
{
	const struct schema_key *key = value->key;
	char low[8] = "";
	const char *dash = strchr(value->text, '-'), *high = dash ? dash + 1 : low;
	uint64_t first, last;

	snprintf(low, sizeof(low), "%.*s", dash ? (int)MIN(dash - value->text, (ptrdiff_t)7) : 7,
		value->text);
	if (units_parse_number(low, &first) < 0 || units_parse_number(high, &last) < 0 ||
		first > last || first < key->minimum || last > key->maximum)
		return value_error(value, NULL);
	*(struct config_range *)field = (struct config_range){(uint32_t)first, (uint32_t)last};
	return 0;
}

static int value_item_text(const struct value *value, void *field)
{
	bool may_be_empty = value->key->flags & SCHEMA_FLAG_EMPTY;

	if (!*value->text && !may_be_empty)
		return value_error(value, NULL);
	if (value_has_control(value->text))
		return value_error(value, "it has control characters");
	*(const char **)field = value_keep(value);
	return 0;
}

int decode_item(struct decode *decode, const struct schema_key *key, const struct yaml_node *node,
	void *field)
{
	const struct yaml_node *text = yaml_resolve(node);
	const struct value value = {decode, key, node, text->text, text->plain};

	if (text->kind != YAML_KIND_SCALAR || yaml_is_null(text))
		return decode_wrong_item(decode, key, node);
	switch (key->type) {
	case SCHEMA_TYPE_LISTENERS:
		return value_listener(&value, field);
	case SCHEMA_TYPE_RANGES:
		return value_range(&value, field);
	case SCHEMA_TYPE_FLAGS:
		return value_word(&value, field);
	case SCHEMA_TYPE_REFERENCES:
		return value_item_reference(&value, field);
	case SCHEMA_TYPE_ADDRESSES:
		return value_address(&value, field);
	default:
		return value_item_text(&value, field);
	}
}

int decode_sysctl(struct decode *decode, const struct yaml_node *name, const struct yaml_node *node,
	struct config_sysctl *ret)
{
	const struct yaml_node *key = yaml_resolve(name), *value = yaml_resolve(node);
	struct arena *arena = &decode->config->arena;
	char quoted[REPORT_QUOTE_SIZE], text[SYSCTL_VALUE_SIZE];

	if (!key->size || key->size >= SYSCTL_NAME_SIZE ||
		key->text[strspn(key->text, "abcdefghijklmnopqrstuvwxyz0123456789_")]) {
		report_error(decode->report, yaml_place(name),
			"a name has lower-case letters, digits and `_`, as below "
			"/proc/sys/net/ipv4/vs",
			"%s is no name of a sysctl", report_quote(key->text, quoted));
		return -EINVAL;
	}
	if (value->kind != YAML_KIND_SCALAR || units_parse_sysctl(value->text, text) < 0) {
		report_error(decode->report, yaml_place(node),
			"write it as the kernel shows it: -2147483648 to 2147483647, no leading "
			"zeros, CPUs in order",
			"the sysctl %s must be an integer, two with a space between, or a list "
			"like 0-3,5",
			report_quote(key->text, quoted));
		return -EINVAL;
	}
	*ret = (struct config_sysctl){.name = arena_copy_string(arena, key->text),
		.value = arena_copy_string(arena, text),
		.mark = decode_mark(decode, name)};
	return 0;
}
