// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/canonical.h"

#include <stdio.h>

#include "base/utf8.h"
#include "model/schema.h"
#include "model/units.h"

#define CANONICAL_INDENT 2

/* Texts that some YAML parser takes for something else. */
static const char *const canonical_special[] = {
	"true", "false", "yes", "no", "on", "off", "y", "n", "null", NULL};
#define CANONICAL_LONGEST_SPECIAL 5

static bool canonical_is_special(const char *text, size_t length)
{
	if (length > CANONICAL_LONGEST_SPECIAL)
		return false;
	for (const char *const *special = canonical_special; *special; special++)
		if (strcasecmp(text, *special) == 0)
			return true;
	return false;
}

/* A number of any kind, a date, or the sexagesimal form of YAML 1.1 (an IPv6 address may be one). An
 * IPv4 address is none: it has more than one dot. */
static bool canonical_is_number(const char *text)
{
	const char *dot = strchr(text, '.');
	char *end;

	if (dot && strchr(dot + 1, '.'))
		return false;
	if (!dot && text[strspn(text, "0123456789:_+-")] == '\0')
		return true;
	strtod(text, &end);
	return !*end;
}

/* What a plain scalar may start with, and what may follow. */
enum canonical_class {
	CANONICAL_CLASS_FIRST = 1 << 0,
	CANONICAL_CLASS_REST = 1 << 1,
};

static const unsigned char canonical_classes[256] = {
	['a' ... 'z'] = CANONICAL_CLASS_FIRST | CANONICAL_CLASS_REST,
	['A' ... 'Z'] = CANONICAL_CLASS_FIRST | CANONICAL_CLASS_REST,
	['0' ... '9'] = CANONICAL_CLASS_FIRST | CANONICAL_CLASS_REST,
	['/'] = CANONICAL_CLASS_FIRST | CANONICAL_CLASS_REST,
	['_'] = CANONICAL_CLASS_FIRST | CANONICAL_CLASS_REST,
	['.'] = CANONICAL_CLASS_REST,
	[':'] = CANONICAL_CLASS_REST,
	['@'] = CANONICAL_CLASS_REST,
	['%'] = CANONICAL_CLASS_REST,
	['+'] = CANONICAL_CLASS_REST,
	['='] = CANONICAL_CLASS_REST,
	['-'] = CANONICAL_CLASS_REST,
	['['] = CANONICAL_CLASS_REST,
	[']'] = CANONICAL_CLASS_REST,
};

static bool canonical_is_plain(const char *text, size_t length)
{
	if (!(canonical_classes[(unsigned char)text[0]] & CANONICAL_CLASS_FIRST) ||
		text[length - 1] == ':')
		return false;
	for (size_t i = 1; i < length; i++)
		if (!(canonical_classes[(unsigned char)text[i]] & CANONICAL_CLASS_REST))
			return false;
	return !canonical_is_special(text, length) && !canonical_is_number(text);
}

static void canonical_add_escape(uint32_t code, struct strbuf *text)
{
	if (code <= 0xff)
		strbuf_printf(text, "\\x%02X", code);
	else if (code <= 0xffff)
		strbuf_printf(text, "\\u%04X", code);
	else
		strbuf_printf(text, "\\U%08X", code);
}

void config_format_scalar(const char *user_text, struct strbuf *text)
{
	size_t size = strlen(user_text);
	const char *end = user_text + size;

	if (canonical_is_plain(user_text, size)) {
		strbuf_add_bytes(text, user_text, size);
		return;
	}
	strbuf_add_char(text, '"');
	while (user_text < end) {
		size_t length = MAX(utf8_length(user_text, end), (size_t)1);
		uint32_t code = utf8_decode(user_text, length);

		if (code == '"' || code == '\\')
			strbuf_printf(text, "\\%c", (int)code);
		else if (!utf8_is_printable(code))
			canonical_add_escape(code, text);
		else
			strbuf_add_bytes(text, user_text, length);
		user_text += length;
	}
	strbuf_add_char(text, '"');
}

static void canonical_add_indent(unsigned int depth, struct strbuf *text)
{
	/* No mapping lies deeper than this. */
	static const char spaces[] = "                                ";

	strbuf_add_bytes(text, spaces, MIN(depth * CANONICAL_INDENT, sizeof(spaces) - 1));
}

static void canonical_add_endpoint(const struct config_endpoint *endpoint, struct strbuf *text)
{
	char buffer[ADDRESS_ENDPOINT_LENGTH];

	config_format_scalar(
		address_format_endpoint(&endpoint->address, endpoint->port, buffer), text);
}

static void canonical_add_address(const struct address *address, struct strbuf *text)
{
	char buffer[ADDRESS_LENGTH];

	config_format_scalar(address_format(address, buffer), text);
}

static void canonical_add_prefix(const struct config_prefix *prefix, struct strbuf *text)
{
	char buffer[ADDRESS_LENGTH], whole[ADDRESS_LENGTH + 4];

	snprintf(whole, sizeof(whole), "%s/%u", address_format(&prefix->address, buffer),
		prefix->length);
	config_format_scalar(whole, text);
}

static void canonical_add_word(const struct schema_key *key, uint32_t value, struct strbuf *text)
{
	for (const struct schema_word *word = key->words; word->name; word++)
		if ((uint32_t)word->value == value)
			config_format_scalar(word->name, text);
}

/* A value that fits behind its key. */
static void canonical_add_scalar(
	const struct schema_key *key, const void *field, struct strbuf *text)
{
	switch (key->type) {
	case SCHEMA_TYPE_BOOLEAN:
		strbuf_add(text, *(const bool *)field ? "true" : "false");
		break;
	case SCHEMA_TYPE_NUMBER:
		strbuf_add_number(text, *(const uint32_t *)field);
		break;
	case SCHEMA_TYPE_SIGNED:
		strbuf_printf(text, "%d", *(const int32_t *)field);
		break;
	case SCHEMA_TYPE_DURATION:
		units_format_duration(*(const uint64_t *)field, text);
		break;
	case SCHEMA_TYPE_SIZE:
		units_format_size(*(const uint64_t *)field, text);
		break;
	case SCHEMA_TYPE_PERCENT:
		strbuf_printf(text, "%u%%", *(const uint32_t *)field);
		break;
	case SCHEMA_TYPE_TEXT:
	case SCHEMA_TYPE_REFERENCE:
		config_format_scalar(*(const char *const *)field, text);
		break;
	case SCHEMA_TYPE_WORD:
		canonical_add_word(key, *(const uint32_t *)field, text);
		break;
	case SCHEMA_TYPE_ADDRESS:
		canonical_add_address(field, text);
		break;
	case SCHEMA_TYPE_ENDPOINT:
		canonical_add_endpoint(field, text);
		break;
	case SCHEMA_TYPE_PREFIX:
		canonical_add_prefix(field, text);
		break;
	default:
		break;
	}
}

static void canonical_add_mapping(const struct schema_mapping *mapping, const void *object,
	unsigned int depth, bool first_inline, struct strbuf *text);

/* Sorted pointers to the items of any list or vector. */
struct canonical_items {
	const void **items;
	size_t count;
};

static void canonical_collect(const void *field, size_t size,
	int (*compare)(const void *a, const void *b), struct canonical_items *ret)
{
	struct {
		const char *items;
		size_t count;
	} list;

	memcpy(&list, field, sizeof(list)); /* how CONFIG_LIST_OF and VECTOR_OF begin */
	ret->items = memory_resize(NULL, list.count, sizeof(*ret->items));
	ret->count = list.count;
	for (size_t i = 0; i < list.count; i++)
		ret->items[i] = list.items + i * size;
	if (compare)
		vector_sort_(ret->items, ret->count, sizeof(*ret->items), compare);
}

/* The items of each comparison are pointers to pointers; equals keep the order of the file. */
#define CANONICAL_ITEM(type, pointer) (*(const type *const *)(pointer))

static int canonical_compare_destinations(const void *a, const void *b)
{
	const struct config_destination *left = CANONICAL_ITEM(struct config_destination, a);
	const struct config_destination *right = CANONICAL_ITEM(struct config_destination, b);
	int order = address_compare(&left->address.address, &right->address.address);

	if (!order)
		order = COMPARE(left->address.port, right->address.port);
	return order ? order : COMPARE(left, right);
}

static int canonical_compare_prefixes(const struct config_prefix *a, const struct config_prefix *b)
{
	int order = address_compare(&a->address, &b->address);

	return order ? order : COMPARE(a->length, b->length);
}

static int canonical_compare_port_addresses(const void *a, const void *b)
{
	const struct config_port_address *left = CANONICAL_ITEM(struct config_port_address, a);
	const struct config_port_address *right = CANONICAL_ITEM(struct config_port_address, b);
	int order = canonical_compare_prefixes(&left->address, &right->address);

	return order ? order : COMPARE(left, right);
}

static int canonical_compare_data_routes(const void *a, const void *b)
{
	const struct config_data_route *left = CANONICAL_ITEM(struct config_data_route, a);
	const struct config_data_route *right = CANONICAL_ITEM(struct config_data_route, b);
	int order = canonical_compare_prefixes(&left->to, &right->to);

	return order ? order : COMPARE(left, right);
}

static int canonical_compare_syncs(const void *a, const void *b)
{
	const struct config_sync *left = CANONICAL_ITEM(struct config_sync, a);
	const struct config_sync *right = CANONICAL_ITEM(struct config_sync, b);
	int order = COMPARE(left->role, right->role);

	return order ? order : COMPARE(left, right);
}

static int canonical_compare_listeners(const void *a, const void *b)
{
	return service_key_compare(&CANONICAL_ITEM(struct config_listener, a)->key,
		&CANONICAL_ITEM(struct config_listener, b)->key);
}

static int canonical_compare_addresses(const void *a, const void *b)
{
	return address_compare(
		CANONICAL_ITEM(struct address, a), CANONICAL_ITEM(struct address, b));
}

static int canonical_compare_ranges(const void *a, const void *b)
{
	const struct config_range *left = CANONICAL_ITEM(struct config_range, a);
	const struct config_range *right = CANONICAL_ITEM(struct config_range, b);
	int order = COMPARE(left->low, right->low);

	return order ? order : COMPARE(left->high, right->high);
}

static int canonical_compare_sysctls(const void *a, const void *b)
{
	return strcmp(CANONICAL_ITEM(struct config_sysctl, a)->name,
		CANONICAL_ITEM(struct config_sysctl, b)->name);
}

/* Any named thing: its config_name is behind its object. */
static const char *canonical_name(const void *item)
{
	const void *name = (const char *)item + sizeof(struct config_object);

	return ((const struct config_name *)name)->text;
}

static int canonical_compare_names(const void *a, const void *b)
{
	return strcmp(
		canonical_name(*(const void *const *)a), canonical_name(*(const void *const *)b));
}

static void canonical_add_listener(const void *item, struct strbuf *text)
{
	char buffer[SERVICE_KEY_TEXT_SIZE];

	config_format_scalar(
		service_key_format(&((const struct config_listener *)item)->key, buffer), text);
}

static void canonical_add_item_address(const void *item, struct strbuf *text)
{
	canonical_add_address(item, text);
}

static void canonical_add_range(const void *item, struct strbuf *text)
{
	const struct config_range *range = item;

	if (range->low == range->high)
		strbuf_printf(text, "%u", range->low);
	else
		strbuf_printf(text, "%u-%u", range->low, range->high);
}

static int canonical_compare_references(const void *a, const void *b)
{
	return strcmp(CANONICAL_ITEM(struct config_name, a)->text,
		CANONICAL_ITEM(struct config_name, b)->text);
}

static void canonical_add_reference(const void *item, struct strbuf *text)
{
	config_format_scalar(((const struct config_name *)item)->text, text);
}

static void canonical_add_text(const void *item, struct strbuf *text)
{
	config_format_scalar(*(const char *const *)item, text);
}

/* Lists of what is no mapping. */
static const struct {
	size_t size;
	int (*compare)(const void *a, const void *b); /* NULL: the order has a meaning */
	void (*add)(const void *item, struct strbuf *text);
} canonical_lists[SCHEMA_TYPE_COUNT] = {
	[SCHEMA_TYPE_LISTENERS] = {sizeof(struct config_listener), canonical_compare_listeners,
		canonical_add_listener},
	[SCHEMA_TYPE_RANGES] = {sizeof(struct config_range), canonical_compare_ranges,
		canonical_add_range},
	[SCHEMA_TYPE_REFERENCES] = {sizeof(struct config_name), canonical_compare_references,
		canonical_add_reference},
	[SCHEMA_TYPE_TEXTS] = {sizeof(const char *), NULL, canonical_add_text},
	[SCHEMA_TYPE_ADDRESSES] = {sizeof(struct address), canonical_compare_addresses,
		canonical_add_item_address},
};

static void canonical_add_list(
	const struct schema_key *key, const void *field, unsigned int depth, struct strbuf *text)
{
	struct canonical_items items;

	canonical_collect(
		field, canonical_lists[key->type].size, canonical_lists[key->type].compare, &items);
	strbuf_add(text, items.count ? "\n" : " []\n");
	for (size_t i = 0; i < items.count; i++) {
		canonical_add_indent(depth + 1, text);
		strbuf_add(text, "- ");
		canonical_lists[key->type].add(items.items[i], text);
		strbuf_add_char(text, '\n');
	}
	free(items.items);
}

/* Names of what a thing refers to: one stands by itself. */
static void canonical_add_references(
	const struct schema_key *key, const void *field, unsigned int depth, struct strbuf *text)
{
	const struct config_name_list *names = field;

	if (names->count != 1) {
		canonical_add_list(key, field, depth, text);
		return;
	}
	strbuf_add_char(text, ' ');
	canonical_add_reference(names->items, text);
	strbuf_add_char(text, '\n');
}

static void canonical_add_flags(
	const struct schema_key *key, uint32_t flags, unsigned int depth, struct strbuf *text)
{
	strbuf_add(text, flags ? "\n" : " []\n");
	for (const struct schema_word *word = key->words; word->name; word++) {
		if (!(flags & (uint32_t)word->value))
			continue;
		canonical_add_indent(depth + 1, text);
		strbuf_printf(text, "- %s\n", word->name);
	}
}

/* Of lists of mappings; those of other mappings keep their order, which has a meaning. */
static const struct {
	const struct schema_mapping *mapping;
	int (*compare)(const void *a, const void *b);
} canonical_orders[] = {
	{&schema_destination, canonical_compare_destinations},
	{&schema_sync, canonical_compare_syncs},
	{&schema_port_address, canonical_compare_port_addresses},
	{&schema_data_route, canonical_compare_data_routes},
};

static int (*canonical_order(const struct schema_mapping *mapping))(const void *a, const void *b)
{
	for (size_t i = 0; i < ARRAY_LENGTH(canonical_orders); i++)
		if (canonical_orders[i].mapping == mapping)
			return canonical_orders[i].compare;
	return NULL;
}

static void canonical_add_mappings(
	const struct schema_key *key, const void *field, unsigned int depth, struct strbuf *text)
{
	const struct schema_mapping *mapping = key->mapping;
	struct canonical_items items;

	canonical_collect(field, mapping->size, canonical_order(mapping), &items);
	strbuf_add(text, items.count ? "\n" : " []\n");
	for (size_t i = 0; i < items.count; i++) {
		const struct config_object *object = items.items[i];

		canonical_add_indent(depth + 1, text);
		strbuf_add(text, "- ");
		if (mapping->short_form && object->set == 1) {
			canonical_add_scalar(&mapping->keys[0],
				(const char *)object + mapping->keys[0].offset, text);
			strbuf_add_char(text, '\n');
		} else {
			canonical_add_mapping(mapping, object, depth + 2, true, text);
		}
	}
	free(items.items);
}

static void canonical_add_named(
	const struct schema_key *key, const void *field, unsigned int depth, struct strbuf *text)
{
	struct canonical_items items;

	canonical_collect(field, key->mapping->size, canonical_compare_names, &items);
	strbuf_add(text, items.count ? "\n" : " {}\n");
	for (size_t i = 0; i < items.count; i++) {
		canonical_add_indent(depth + 1, text);
		config_format_scalar(canonical_name(items.items[i]), text);
		strbuf_add(text, ":\n");
		canonical_add_mapping(key->mapping, items.items[i], depth + 2, false, text);
	}
	free(items.items);
}

static void canonical_add_sysctls(
	const struct config_sysctl_list *sysctls, unsigned int depth, struct strbuf *text)
{
	struct canonical_items items;

	canonical_collect(sysctls, sizeof(struct config_sysctl), canonical_compare_sysctls, &items);
	strbuf_add(text, items.count ? "\n" : " {}\n");
	for (size_t i = 0; i < items.count; i++) {
		const struct config_sysctl *sysctl = items.items[i];

		canonical_add_indent(depth + 1, text);
		config_format_scalar(sysctl->name, text);
		strbuf_printf(text, strpbrk(sysctl->value, " -,") ? ": \"%s\"\n" : ": %s\n",
			sysctl->value);
	}
	free(items.items);
}

static void canonical_add_inside(
	const struct schema_key *key, const void *field, unsigned int depth, struct strbuf *text)
{
	const struct config_object *object = field;

	if (!object->set) {
		strbuf_add(text, " {}\n");
		return;
	}
	strbuf_add_char(text, '\n');
	canonical_add_mapping(key->mapping, field, depth + 1, false, text);
}

/* What comes after "KEY:". */
static void canonical_add_value(
	const struct schema_key *key, const void *field, unsigned int depth, struct strbuf *text)
{
	switch (key->type) {
	case SCHEMA_TYPE_LISTENERS:
	case SCHEMA_TYPE_RANGES:
	case SCHEMA_TYPE_TEXTS:
	case SCHEMA_TYPE_ADDRESSES:
		canonical_add_list(key, field, depth, text);
		break;
	case SCHEMA_TYPE_REFERENCES:
		canonical_add_references(key, field, depth, text);
		break;
	case SCHEMA_TYPE_FLAGS:
		canonical_add_flags(key, *(const uint32_t *)field, depth, text);
		break;
	case SCHEMA_TYPE_SYSCTLS:
		canonical_add_sysctls(field, depth, text);
		break;
	case SCHEMA_TYPE_MAPPING:
		canonical_add_inside(key, field, depth, text);
		break;
	case SCHEMA_TYPE_MAPPINGS:
		canonical_add_mappings(key, field, depth, text);
		break;
	case SCHEMA_TYPE_NAMED:
		canonical_add_named(key, field, depth, text);
		break;
	default:
		strbuf_add_char(text, ' ');
		canonical_add_scalar(key, field, text);
		strbuf_add_char(text, '\n');
	}
}

/* The router that a FOLLOW row of an object names, or NULL. */
static const char *canonical_followed(const struct schema_key *key, const void *object)
{
	const void *field = (const char *)object + key->follow;

	return key->flags & SCHEMA_FLAG_FOLLOW ? *(const char *const *)field : NULL;
}

static void canonical_add_follow(const char *router, unsigned int depth, struct strbuf *text)
{
	strbuf_add_char(text, '\n');
	canonical_add_indent(depth + 1, text);
	strbuf_add(text, SCHEMA_FOLLOW ": ");
	config_format_scalar(router, text);
	strbuf_add_char(text, '\n');
}

/* The keys of an object, in the order of the table. first_inline: "- " stands before the first. */
static void canonical_add_mapping(const struct schema_mapping *mapping, const void *object,
	unsigned int depth, bool first_inline, struct strbuf *text)
{
	const struct config_object *head = object;

	for (size_t i = 0; i < mapping->count; i++) {
		const struct schema_key *key = &mapping->keys[i];

		if (!config_has(head, (unsigned int)i) && !(key->flags & SCHEMA_FLAG_ALWAYS))
			continue;
		if (!first_inline)
			canonical_add_indent(depth, text);
		first_inline = false;
		strbuf_add(text, key->name);
		strbuf_add_char(text, ':');
		const char *router = canonical_followed(key, object);
		if (router)
			canonical_add_follow(router, depth, text);
		else
			canonical_add_value(key, (const char *)object + key->offset, depth, text);
	}
}

void config_format_yaml(const struct config *config, struct strbuf *text)
{
	canonical_add_mapping(&schema_top, config, 0, false, text);
}
