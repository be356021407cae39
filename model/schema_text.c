// SPDX-License-Identifier: GPL-2.0-or-later
/* What can be asked of a row: its type in words, its default as text, its pattern. */
#include <inttypes.h>

#include "model/schema.h"
#include "model/units.h"

#define SCHEMA_DURATION_PATTERN "([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?"
#define SCHEMA_LISTENER_PATTERN                                                                    \
	"((tcp|udp|sctp)://([0-9.]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]+|fwmark6?://[1-9][0-9]*)"
#define SCHEMA_ADDRESS_PATTERN  "([0-9.]+|[0-9A-Fa-f:.]+)"
#define SCHEMA_PREFIX_PATTERN   SCHEMA_ADDRESS_PATTERN "(/[0-9]+)?"
#define SCHEMA_ENDPOINT_PATTERN "([0-9.]+(:[0-9]+)?|[0-9A-Fa-f:.]+|\\[[0-9A-Fa-f:.]+\\](:[0-9]+)?)"

const struct schema_key *schema_find(const struct schema_mapping *mapping, const char *name)
{
	for (size_t i = 0; i < mapping->count; i++)
		if (strcmp(mapping->keys[i].name, name) == 0)
			return &mapping->keys[i];
	return NULL;
}

static void schema_default_endpoint(const struct schema_key *key, struct config_endpoint *endpoint)
{
	struct destination_key parsed;

	destination_key_parse(key->fallback_text, &parsed);
	*endpoint = (struct config_endpoint){.address = parsed.address, .port = parsed.port};
}

static void schema_default(const struct schema_key *key, void *field)
{
	switch (key->type) {
	case SCHEMA_TYPE_BOOLEAN:
		*(bool *)field = key->fallback;
		break;
	case SCHEMA_TYPE_DURATION:
	case SCHEMA_TYPE_SIZE:
		*(uint64_t *)field = key->fallback;
		break;
	case SCHEMA_TYPE_TEXT:
		*(const char **)field = key->fallback_text;
		break;
	case SCHEMA_TYPE_ADDRESS:
		address_parse(key->fallback_text, field);
		break;
	case SCHEMA_TYPE_ENDPOINT:
		schema_default_endpoint(key, field);
		break;
	default: /* numbers, percents, words and flags are all of 32 bits */
		*(uint32_t *)field = (uint32_t)key->fallback;
	}
}

void schema_defaults(const struct schema_mapping *mapping, void *object)
{
	for (size_t i = 0; i < mapping->count; i++) {
		const struct schema_key *key = &mapping->keys[i];
		char *field = (char *)object + key->offset;

		if (key->type == SCHEMA_TYPE_MAPPING)
			schema_defaults(key->mapping, field);
		else if (key->flags & SCHEMA_FLAG_DEFAULT)
			schema_default(key, field);
	}
}

static void schema_add_words(
	const struct schema_key *key, enum config_backend backend, struct strbuf *text)
{
	const char *separator = "";

	for (const struct schema_word *word = key->words; word->name; word++) {
		if (word->backends && !(word->backends & 1u << backend))
			continue;
		strbuf_printf(text, "%s%s", separator, word->name);
		separator = ", ";
	}
}

/* ", 1s to 31d" */
static void schema_add_bounds(const struct schema_key *key,
	void (*format)(uint64_t value, struct strbuf *text), struct strbuf *text)
{
	strbuf_add(text, ", ");
	format(key->minimum, text);
	strbuf_add(text, " to ");
	format(key->maximum, text);
}

static void schema_format_number(uint64_t number, struct strbuf *text)
{
	strbuf_printf(text, "%" PRIu64, number);
}

static void schema_format_signed(uint64_t number, struct strbuf *text)
{
	strbuf_printf(text, "%" PRIi64, (int64_t)number);
}

static void schema_format_percent(uint64_t percent, struct strbuf *text)
{
	strbuf_printf(text, "%" PRIu64 "%%", percent);
}

static void schema_add_number(const struct schema_key *key, struct strbuf *text)
{
	if (key->minimum == key->maximum) {
		schema_format_number(key->minimum, text);
		strbuf_add(text, " (this version knows no other)");
		return;
	}
	strbuf_add(text, "a number");
	schema_add_bounds(key, schema_format_number, text);
}

/* What each type's values are; schema_describe() adds what is the row's own. */
static const char *const schema_type_words[SCHEMA_TYPE_COUNT] = {
	[SCHEMA_TYPE_BOOLEAN] = "true or false",
	[SCHEMA_TYPE_NUMBER] = "",
	[SCHEMA_TYPE_SIGNED] = "a number",
	[SCHEMA_TYPE_DURATION] = "a duration",
	[SCHEMA_TYPE_SIZE] = "a size",
	[SCHEMA_TYPE_PERCENT] = "a percentage",
	[SCHEMA_TYPE_TEXT] = "",
	[SCHEMA_TYPE_REFERENCE] = "the name of a ",
	[SCHEMA_TYPE_REFERENCES] = "the name of a ",
	[SCHEMA_TYPE_WORD] = "one of ",
	[SCHEMA_TYPE_FLAGS] = "a list of some of ",
	[SCHEMA_TYPE_ADDRESS] = "an IPv4 or IPv6 address",
	[SCHEMA_TYPE_ENDPOINT] = "ADDRESS or ADDRESS:PORT",
	[SCHEMA_TYPE_PREFIX] = "ADDRESS or ADDRESS/LENGTH",
	[SCHEMA_TYPE_LISTENERS] = "a list of listeners",
	[SCHEMA_TYPE_TEXTS] = "a list of texts",
	[SCHEMA_TYPE_ADDRESSES] = "a list of addresses",
	[SCHEMA_TYPE_RANGES] = "a list of numbers and ranges",
	[SCHEMA_TYPE_SYSCTLS] = "a mapping of names to values",
	[SCHEMA_TYPE_MAPPING] = "a mapping of keys",
	[SCHEMA_TYPE_MAPPINGS] = "a list of ",
	[SCHEMA_TYPE_NAMED] = "a mapping of names to ",
};
static const char *const schema_item_words[SCHEMA_TYPE_COUNT] = {
	[SCHEMA_TYPE_FLAGS] = "some of ",
	[SCHEMA_TYPE_LISTENERS] = "listeners like tcp://203.0.113.10:80",
	[SCHEMA_TYPE_REFERENCES] = "names of ",
	[SCHEMA_TYPE_TEXTS] = "texts",
	[SCHEMA_TYPE_ADDRESSES] = "IPv4 or IPv6 addresses",
	[SCHEMA_TYPE_RANGES] = "numbers and ranges within ",
	[SCHEMA_TYPE_MAPPINGS] = "mappings of keys",
};

/* More than one of what has this name. */
static void schema_add_plural(const char *name, struct strbuf *text)
{
	bool hisses = name[strlen(name) - 1] == 's';

	strbuf_printf(text, hisses ? "%ses" : "%ss", name);
}

void schema_describe(const struct schema_key *key, enum config_backend backend, struct strbuf *text)
{
	strbuf_add(text, schema_type_words[key->type]);
	switch (key->type) {
	case SCHEMA_TYPE_NUMBER:
		schema_add_number(key, text);
		break;
	case SCHEMA_TYPE_SIGNED:
		schema_add_bounds(key, schema_format_signed, text);
		break;
	case SCHEMA_TYPE_DURATION:
		schema_add_bounds(key, units_format_duration, text);
		break;
	case SCHEMA_TYPE_SIZE:
		schema_add_bounds(key, units_format_size, text);
		break;
	case SCHEMA_TYPE_PERCENT:
		schema_add_bounds(key, schema_format_percent, text);
		break;
	case SCHEMA_TYPE_WORD:
	case SCHEMA_TYPE_FLAGS:
		schema_add_words(key, backend, text);
		break;
	case SCHEMA_TYPE_TEXT:
		strbuf_add(text, key->text->name);
		break;
	case SCHEMA_TYPE_REFERENCE:
		strbuf_add(text, key->refers);
		break;
	case SCHEMA_TYPE_REFERENCES:
		strbuf_printf(text, "%s, or a list of them", key->refers);
		break;
	case SCHEMA_TYPE_MAPPINGS:
		/* What has a short form is a thing with a name of its own. */
		schema_add_plural(key->mapping->short_form ? key->mapping->name : "mapping", text);
		break;
	case SCHEMA_TYPE_NAMED:
		schema_add_plural(key->mapping->name, text);
		break;
	default:
		break;
	}
	if (key->flags & SCHEMA_FLAG_FOLLOW)
		strbuf_add(text, ", or {" SCHEMA_FOLLOW ": ROUTER}");
}

bool schema_describe_item(
	const struct schema_key *key, enum config_backend backend, struct strbuf *text)
{
	if (!schema_item_words[key->type])
		return false;
	strbuf_add(text, schema_item_words[key->type]);
	if (key->type == SCHEMA_TYPE_FLAGS)
		schema_add_words(key, backend, text);
	if (key->type == SCHEMA_TYPE_REFERENCES)
		schema_add_plural(key->refers, text);
	if (key->type == SCHEMA_TYPE_RANGES)
		strbuf_printf(text, "%" PRIu64 "-%" PRIu64, key->minimum, key->maximum);
	if (key->type == SCHEMA_TYPE_MAPPINGS && key->mapping->short_form)
		strbuf_printf(text, " or %s", key->mapping->short_form);
	return true;
}

static void schema_format_word(const struct schema_key *key, struct strbuf *text)
{
	for (const struct schema_word *word = key->words; word->name; word++)
		if ((uint64_t)word->value == key->fallback)
			strbuf_add(text, word->name);
}

void schema_format_default(const struct schema_key *key, struct strbuf *text)
{
	if (!(key->flags & SCHEMA_FLAG_DEFAULT))
		return;
	if (key->fallback_text) {
		strbuf_add(text, key->fallback_text);
		return;
	}
	switch (key->type) {
	case SCHEMA_TYPE_BOOLEAN:
		strbuf_add(text, key->fallback ? "true" : "false");
		break;
	case SCHEMA_TYPE_DURATION:
		units_format_duration(key->fallback, text);
		break;
	case SCHEMA_TYPE_SIZE:
		units_format_size(key->fallback, text);
		break;
	case SCHEMA_TYPE_PERCENT:
		schema_format_percent(key->fallback, text);
		break;
	case SCHEMA_TYPE_WORD:
		schema_format_word(key, text);
		break;
	default:
		schema_format_number(key->fallback, text);
	}
}

static bool schema_text_pattern(const struct schema_text *class, struct strbuf *text)
{
	if (!class->allowed && !*class->prefix)
		return false;
	strbuf_printf(text, "^%s", class->prefix);
	if (class->allowed)
		strbuf_printf(text, "[%s]*$", class->allowed);
	return true;
}

bool schema_pattern(const struct schema_key *key, struct strbuf *text)
{
	static const char *const patterns[SCHEMA_TYPE_COUNT] = {
		[SCHEMA_TYPE_DURATION] = "^" SCHEMA_DURATION_PATTERN "$",
		[SCHEMA_TYPE_SIZE] = "^[0-9]+([KMG]i)?B$",
		[SCHEMA_TYPE_PERCENT] = "^(100|[1-9]?[0-9])%$",
		[SCHEMA_TYPE_REFERENCE] = SCHEMA_NAME_PATTERN,
		[SCHEMA_TYPE_REFERENCES] = SCHEMA_NAME_PATTERN,
		[SCHEMA_TYPE_ADDRESS] = "^" SCHEMA_ADDRESS_PATTERN "$",
		[SCHEMA_TYPE_ADDRESSES] = "^" SCHEMA_ADDRESS_PATTERN "$",
		[SCHEMA_TYPE_ENDPOINT] = "^" SCHEMA_ENDPOINT_PATTERN "$",
		[SCHEMA_TYPE_PREFIX] = "^" SCHEMA_PREFIX_PATTERN "$",
		[SCHEMA_TYPE_LISTENERS] = "^" SCHEMA_LISTENER_PATTERN "$",
		[SCHEMA_TYPE_RANGES] = "^[0-9]+(-[0-9]+)?$",
	};

	if (key->type == SCHEMA_TYPE_TEXT)
		return schema_text_pattern(key->text, text);
	if (!patterns[key->type])
		return false;
	strbuf_add(text, patterns[key->type]);
	return true;
}
