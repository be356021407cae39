// SPDX-License-Identifier: GPL-2.0-or-later
/* Editors read YAML's own types where poise reads text: a plain 1.1 is a number to them. So what
 * may look like a number is accepted as one. */
#include <math.h>
#include <stdio.h>

#include "base/memory.h"
#include "cli/schema_forms.h"
#include "model/schema.h"

static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

/* The name of a mapping as a reference can have it: without blanks. */
static char *definition_name(const struct schema_mapping *mapping)
{
	char *name = memory_printf("%s", mapping->name);

	for (char *blank = name; (blank = strchr(blank, ' '));)
		*blank = '-';
	return name;
}

static json_t *reference(const struct schema_mapping *mapping)
{
	_cleanup_free_ char *name = definition_name(mapping);

	return json_pack("{s:o}", "$ref", json_sprintf("#/$defs/%s", name));
}

static void set_pattern(json_t *schema, const struct schema_key *key)
{
	_cleanup_strbuf_ struct strbuf pattern = {};

	if (schema_pattern(key, &pattern))
		set(schema, "pattern", json_string(pattern.text));
}

/* A text, or a number where `numbers` and the text may look like one. */
static json_t *text_schema(const struct schema_key *key, const char *numbers)
{
	json_t *schema = numbers ? json_pack("{s:[s,s]}", "type", "string", numbers)
				 : json_pack("{s:s}", "type", "string");

	set_pattern(schema, key);
	if (key->type == SCHEMA_TYPE_TEXT && key->text && key->text->longest)
		set(schema, "maxLength", json_integer((json_int_t)key->text->longest));
	return schema;
}

static json_t *number_schema(const struct schema_key *key)
{
	return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)key->minimum,
		"maximum", (json_int_t)key->maximum);
}

static json_t *words_schema(const struct schema_key *key)
{
	json_t *words = json_array();

	for (const struct schema_word *word = key->words; word->name; word++) {
		char *end;
		double number = strtod(word->name, &end);

		if (word->backends && !(word->backends & SCHEMA_BACKEND_IPVS))
			continue;
		json_array_append_new(words, json_string(word->name));
		if (end != word->name && !*end && isfinite(number))
			json_array_append_new(words, json_real(number));
	}
	return json_pack("{s:o}", "enum", words);
}

static json_t *list_schema(const struct schema_key *key, json_t *item)
{
	json_t *list = json_pack("{s:s, s:O}", "type", "array", "items", item);

	/* The bounds of ranges are those of their numbers. */
	if (key->minimum && key->type != SCHEMA_TYPE_RANGES)
		set(list, "minItems", json_integer((json_int_t)key->minimum));
	if (key->type == SCHEMA_TYPE_REFERENCES)
		set(list, "maxItems", json_integer((json_int_t)key->maximum));
	if (key->type == SCHEMA_TYPE_FLAGS || key->type == SCHEMA_TYPE_REFERENCES)
		set(list, "uniqueItems", json_true());
	if (!(key->flags & SCHEMA_FLAG_SINGLE)) {
		json_decref(item);
		return list;
	}
	return json_pack("{s:[o,o]}", "anyOf", list, item);
}

/* A number by itself, or a text of two. */
static json_t *ranges_schema(const struct schema_key *key)
{
	json_t *item = text_schema(key, "integer");

	set(item, "minimum", json_integer((json_int_t)key->minimum));
	set(item, "maximum", json_integer((json_int_t)key->maximum));
	return item;
}

/* One number or two, with any space between them. */
static json_t *sysctls_schema(void)
{
	return json_pack("{s:s, s:{s:{s:[s,s]}}, s:b}", "type", "object", "patternProperties",
		SCHEMA_SYSCTL_NAME_PATTERN, "type", "string", "integer", "additionalProperties", 0);
}

static json_t *named_schema(const struct schema_key *key)
{
	json_t *named = json_pack("{s:s, s:{s:s, s:i}, s:o}", "type", "object", "propertyNames",
		"pattern", SCHEMA_NAME_PATTERN, "maxLength", SCHEMA_NAME_LONGEST,
		"additionalProperties", reference(key->mapping));

	if (key->minimum)
		set(named, "minProperties", json_integer((json_int_t)key->minimum));
	return named;
}

/* The word of a row, or {follow: ROUTER}. */
static json_t *follow_schema(json_t *words)
{
	json_t *follow = json_pack("{s:s, s:{s:{s:s, s:s}}, s:[s], s:b}", "type", "object",
		"properties", SCHEMA_FOLLOW, "type", "string", "pattern", SCHEMA_NAME_PATTERN,
		"required", SCHEMA_FOLLOW, "additionalProperties", 0);

	return json_pack("{s:[o,o]}", "anyOf", words, follow);
}

static json_t *value_schema(const struct schema_key *key)
{
	switch (key->type) {
	case SCHEMA_TYPE_BOOLEAN:
		return json_pack("{s:s}", "type", "boolean");
	case SCHEMA_TYPE_NUMBER:
	case SCHEMA_TYPE_SIGNED:
		return number_schema(key);
	case SCHEMA_TYPE_WORD:
		return key->flags & SCHEMA_FLAG_FOLLOW ? follow_schema(words_schema(key))
						       : words_schema(key);
	case SCHEMA_TYPE_FLAGS:
		return list_schema(key, words_schema(key));
	case SCHEMA_TYPE_TEXTS:
		return list_schema(key, text_schema(key, "number"));
	case SCHEMA_TYPE_RANGES:
		return list_schema(key, ranges_schema(key));
	case SCHEMA_TYPE_REFERENCES:
	case SCHEMA_TYPE_ADDRESSES:
	case SCHEMA_TYPE_LISTENERS:
		return list_schema(key, text_schema(key, NULL));
	case SCHEMA_TYPE_SYSCTLS:
		return sysctls_schema();
	case SCHEMA_TYPE_MAPPING:
		return reference(key->mapping);
	case SCHEMA_TYPE_MAPPINGS:
		return list_schema(key, reference(key->mapping));
	case SCHEMA_TYPE_NAMED:
		return named_schema(key);
	case SCHEMA_TYPE_TEXT:
		return text_schema(key, "number");
	default:
		return text_schema(key, NULL);
	}
}

static void set_default(json_t *schema, const struct schema_key *key)
{
	_cleanup_strbuf_ struct strbuf text = {};

	schema_format_default(key, &text);
	if (!text.length)
		return;
	if (key->type == SCHEMA_TYPE_BOOLEAN)
		set(schema, "default", json_boolean(key->fallback != 0));
	else if (key->type == SCHEMA_TYPE_NUMBER)
		set(schema, "default", json_integer((json_int_t)key->fallback));
	else
		set(schema, "default", json_string(text.text));
}

static json_t *key_schema(const struct schema_key *key)
{
	json_t *schema = value_schema(key);

	set(schema, "description", json_string(key->help));
	set_default(schema, key);
	return schema;
}

static json_t *object_schema(const struct schema_mapping *mapping)
{
	json_t *properties = json_object(), *required = json_array(), *kinds = json_array();
	json_t *schema = json_pack("{s:s, s:s, s:o}", "type", "object", "description",
		mapping->help, "properties", properties);

	for (size_t i = 0; i < mapping->count; i++) {
		const struct schema_key *key = mapping->keys + i;

		set(properties, key->name, key_schema(key));
		if (key->flags & SCHEMA_FLAG_REQUIRED)
			json_array_append_new(required, json_string(key->name));
		if (key->flags & SCHEMA_FLAG_KIND)
			json_array_append_new(kinds, json_pack("{s:[s]}", "required", key->name));
	}
	if (json_array_size(required))
		json_object_set(schema, "required", required);
	if (json_array_size(kinds))
		json_object_set(schema, "oneOf", kinds);
	json_decref(required);
	json_decref(kinds);
	set(schema, "additionalProperties", json_false());
	return schema;
}

static json_t *mapping_schema(const struct schema_mapping *mapping)
{
	json_t *object = object_schema(mapping);

	if (!mapping->short_form)
		return object;
	return json_pack("{s:[o,o]}", "anyOf", text_schema(mapping->keys, NULL), object);
}

json_t *cli_schema_to_json(void)
{
	json_t *definitions = json_object();
	json_t *schema = json_pack("{s:s, s:s}", "$schema",
		"https://json-schema.org/draft/2020-12/schema", "title", "poise.yaml");
	json_t *top = object_schema(&schema_top);

	for (const struct schema_mapping *const *mapping = schema_mappings; *mapping; mapping++)
		if (*mapping != &schema_top) {
			_cleanup_free_ char *name = definition_name(*mapping);

			set(definitions, name, mapping_schema(*mapping));
		}
	json_object_update(schema, top);
	json_decref(top);
	set(schema, "$defs", definitions);
	return schema;
}
