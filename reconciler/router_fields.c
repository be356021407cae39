// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/router_fields.h"

#include <nettle/hmac.h>
#include <stdio.h>

#include "base/hex.h"
#include "base/strbuf.h"
#include "model/units.h"

#define FIELDS_SET "set" /* all that is said of a password */

/* How CONFIG_LIST_OF begins. */
struct fields_list {
	const char *items;
	size_t count;
};

static struct fields_list fields_list_of(const void *field)
{
	struct fields_list list;

	memcpy(&list, field, sizeof(list));
	return list;
}

static json_t *fields_duration(uint64_t duration)
{
	_cleanup_strbuf_ struct strbuf text = {};

	units_format_duration(duration, &text);
	return json_string(text.text);
}

static json_t *fields_word(const struct schema_key *key, int value)
{
	for (const struct schema_word *word = key->words; word->name; word++)
		if (word->value == value)
			return json_string(word->name);
	return NULL;
}

static json_t *fields_address(const struct address *address)
{
	char text[ADDRESS_LENGTH];

	return json_string(address_format(address, text));
}

static json_t *fields_prefix(const struct config_prefix *prefix)
{
	char address[ADDRESS_LENGTH], text[ADDRESS_LENGTH + 16];

	snprintf(text, sizeof(text), "%s/%u", address_format(&prefix->address, address),
		prefix->length);
	return json_string(text);
}

static json_t *fields_texts(const struct config_text_list *texts)
{
	json_t *list = json_array();

	for (size_t i = 0; i < texts->count; i++)
		json_array_append_new(list, json_string(texts->items[i]));
	return list;
}

static json_t *fields_addresses(const struct config_addresses *addresses)
{
	json_t *list = json_array();

	for (size_t i = 0; i < addresses->count; i++)
		json_array_append_new(list, fields_address(&addresses->items[i]));
	return list;
}

/* A value that is no mapping; NULL: none. */
static json_t *fields_value(const struct schema_key *key, const void *field)
{
	switch (key->type) {
	case SCHEMA_TYPE_BOOLEAN:
		return json_boolean(*(const bool *)field);
	case SCHEMA_TYPE_NUMBER:
		return json_integer(*(const uint32_t *)field);
	case SCHEMA_TYPE_SIGNED:
		return json_integer(*(const int32_t *)field);
	case SCHEMA_TYPE_DURATION:
		return fields_duration(*(const uint64_t *)field);
	case SCHEMA_TYPE_TEXT:
	case SCHEMA_TYPE_REFERENCE:
		return *(const char *const *)field ? json_string(*(const char *const *)field)
						   : NULL;
	case SCHEMA_TYPE_WORD:
		return fields_word(key, *(const int *)field);
	case SCHEMA_TYPE_ADDRESS:
		return fields_address(field);
	case SCHEMA_TYPE_PREFIX:
		return fields_prefix(field);
	case SCHEMA_TYPE_TEXTS:
		return fields_texts(field);
	case SCHEMA_TYPE_ADDRESSES:
		return fields_addresses(field);
	default:
		return NULL;
	}
}

json_t *router_field_default(const struct schema_key *key)
{
	if (!(key->flags & SCHEMA_FLAG_DEFAULT))
		return NULL;
	switch (key->type) {
	case SCHEMA_TYPE_BOOLEAN:
		return json_boolean(key->fallback);
	case SCHEMA_TYPE_NUMBER:
		return json_integer((json_int_t)key->fallback);
	case SCHEMA_TYPE_DURATION:
		return fields_duration(key->fallback);
	case SCHEMA_TYPE_WORD:
		return fields_word(key, (int)key->fallback);
	default:
		return key->fallback_text ? json_string(key->fallback_text) : NULL;
	}
}

static bool fields_is_default(const struct schema_key *key, const json_t *value)
{
	json_t *fallback = router_field_default(key);
	bool same = fallback && json_equal(fallback, value);

	json_decref(fallback);
	return same;
}

static json_t *fields_mapping(const struct schema_mapping *mapping, const void *object);

/* One that has nothing but its first key is that, where the file may have it so. */
static json_t *fields_item(const struct schema_mapping *mapping, const void *object)
{
	json_t *json = fields_mapping(mapping, object);
	json_t *first = json_object_get(json, mapping->keys[0].name);

	if (!mapping->short_form || !first || json_object_size(json) != 1)
		return json;
	json_incref(first);
	json_decref(json);
	return first;
}

static json_t *fields_items(const struct schema_mapping *mapping, const void *field)
{
	const struct fields_list list = fields_list_of(field);
	json_t *json = json_array();

	for (size_t i = 0; i < list.count; i++)
		json_array_append_new(json, fields_item(mapping, list.items + i * mapping->size));
	return json;
}

static json_t *fields_of_key(const struct schema_key *key, bool written, const void *field)
{
	if (key->type == SCHEMA_TYPE_MAPPING)
		return fields_mapping(key->mapping, field);
	if (key->type == SCHEMA_TYPE_MAPPINGS)
		return fields_items(key->mapping, field);
	if (key->flags & SCHEMA_FLAG_SECRET)
		return written ? json_string(FIELDS_SET) : NULL;
	if (!written && !(key->flags & SCHEMA_FLAG_DEFAULT))
		return NULL;
	return fields_value(key, field);
}

static bool fields_is_empty(const json_t *value)
{
	return (json_is_object(value) && !json_object_size(value)) ||
	       (json_is_array(value) && !json_array_size(value));
}

static json_t *fields_mapping(const struct schema_mapping *mapping, const void *object)
{
	const struct config_object *head = object;
	json_t *json = json_object();

	for (size_t i = 0; i < mapping->count; i++) {
		const struct schema_key *key = &mapping->keys[i];
		json_t *value = fields_of_key(
			key, config_has(head, (unsigned int)i), (const char *)object + key->offset);

		if (value && !fields_is_empty(value) && !fields_is_default(key, value))
			json_object_set(json, key->name, value);
		json_decref(value);
	}
	return json;
}

static json_t *fields_proof(const struct config_router *router, const char *nonce)
{
	char text[2 * SHA256_DIGEST_SIZE + 1];
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct hmac_sha256_ctx context;

	hmac_sha256_set_key(&context, strlen(nonce), (const uint8_t *)nonce);
	/* With its NUL: where the name ends and the password begins. */
	hmac_sha256_update(
		&context, strlen(router->name.text) + 1, (const uint8_t *)router->name.text);
	hmac_sha256_update(
		&context, strlen(router->authentication), (const uint8_t *)router->authentication);
	hmac_sha256_digest(&context, sizeof(digest), digest);
	explicit_bzero(&context, sizeof(context));
	return json_string(hex_format(digest, sizeof(digest), text));
}

json_t *router_to_json(const struct config_router *router, const char *nonce)
{
	json_t *json = json_object();

	json_object_set_new(json, "name", json_string(router->name.text));
	json_object_set_new(json, "fields", fields_mapping(&schema_router, router));
	if (nonce && router->authentication)
		json_object_set_new(json, "proof", fields_proof(router, nonce));
	return json;
}
