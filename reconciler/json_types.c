// SPDX-License-Identifier: GPL-2.0-or-later
/* The types of fields that forms are made of. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/strbuf.h"
#include "base/suggest.h"
#include "reconciler/json_form.h"

/* Numbers. JSON's are signed 64 bits; larger ones (a deadline that never comes) stop there. */

static uint64_t number_load(const void *field, size_t size)
{
	switch (size) {
	case sizeof(uint8_t):
		return *(const uint8_t *)field;
	case sizeof(uint16_t):
		return *(const uint16_t *)field;
	case sizeof(uint32_t):
		return *(const uint32_t *)field;
	default:
		return *(const uint64_t *)field;
	}
}

static void number_store(void *field, size_t size, uint64_t value)
{
	switch (size) {
	case sizeof(uint8_t):
		*(uint8_t *)field = (uint8_t)value;
		return;
	case sizeof(uint16_t):
		*(uint16_t *)field = (uint16_t)value;
		return;
	case sizeof(uint32_t):
		*(uint32_t *)field = (uint32_t)value;
		return;
	default:
		*(uint64_t *)field = value;
	}
}

static json_t *number_write(struct json_form_pass *pass _unused_,
	const struct json_form_member *member, const void *field)
{
	uint64_t value = number_load(field, member->size);

	if (member->set && !*(const bool *)((const char *)field + member->set))
		return NULL;
	if (!member->required && !member->set && value == member->absent)
		return NULL;
	return json_form_kept(json_integer((json_int_t)MIN(value, (uint64_t)INT64_MAX)));
}

static int number_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member, const json_t *json, void *field)
{
	uint64_t maximum = member->maximum ? member->maximum : INT64_MAX;
	json_int_t value = json ? json_integer_value(json) : (json_int_t)member->absent;

	if (json && !json_is_integer(json))
		return json_form_fail(
			pass, place, json_is_real(json) ? "not a whole number" : "not a number");
	if (json && (value < 0 || (uint64_t)value > maximum))
		return json_form_fail(pass, place,
			"%" JSON_INTEGER_FORMAT " is out of range: 0 to %" PRIu64, value, maximum);
	number_store(field, member->size, (uint64_t)value);
	if (member->set)
		*(bool *)((char *)field + member->set) = json != NULL;
	return 0;
}

const struct json_form_type json_form_number = {number_write, number_read};

/* Flags */

static json_t *flag_write(struct json_form_pass *pass _unused_,
	const struct json_form_member *member, const void *field)
{
	bool value = *(const bool *)field;

	return member->required || value != (member->absent != 0)
		       ? json_form_kept(json_boolean(value))
		       : NULL;
}

static int flag_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member, const json_t *json, void *field)
{
	if (json && !json_is_boolean(json))
		return json_form_fail(pass, place, "not true or false");
	*(bool *)field = json ? json_is_true(json) : member->absent != 0;
	return 0;
}

const struct json_form_type json_form_flag = {flag_write, flag_read};

/* Texts. Names of schedulers, interfaces and files come from the kernel and from users, and may be
 * any bytes; JSON is UTF-8. */

char *json_form_valid_text(const char *text)
{
	_cleanup_strbuf_ struct strbuf escaped = {};
	json_t *valid = json_string(text);

	if (valid) {
		json_decref(valid);
		return memory_copy_string(text);
	}
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x80)
			strbuf_add_char(&escaped, *text);
		else
			strbuf_printf(&escaped, "\\x%02x", c);
	}
	return strbuf_take(&escaped);
}

static json_t *text_to_json(const char *text)
{
	json_t *json = json_string(text);

	if (json)
		return json;
	_cleanup_free_ char *valid = json_form_valid_text(text);
	return json_form_kept(json_string(valid));
}

static bool text_is_word(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f || *text == '/')
			return false;
	return true;
}

static json_t *text_write(struct json_form_pass *pass _unused_,
	const struct json_form_member *member, const void *field)
{
	const char *text = field;

	return member->required || *text ? text_to_json(text) : NULL;
}

static int text_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member, const json_t *json, void *field)
{
	const char *text = json ? json_string_value(json) : "";
	bool (*accepts)(const char *) = member->accepts ? member->accepts : text_is_word;
	char quoted[JSON_FORM_QUOTE_SIZE];

	if (!text)
		return json_form_fail(pass, place, "not a text");
	if (strlen(text) >= member->size)
		return json_form_fail(pass, place, "longer than %zu characters", member->size - 1);
	if (json && !member->accepts && !*text)
		return json_form_fail(pass, place, "empty");
	if (!accepts(text))
		return json_form_fail(pass, place, "`%s` has characters that cannot stand there",
			json_form_quote(text, quoted));
	memcpy(field, text, strlen(text) + 1);
	return 0;
}

const struct json_form_type json_form_text = {text_write, text_read};

static json_t *string_write(struct json_form_pass *pass _unused_,
	const struct json_form_member *member, const void *field)
{
	const char *text = *(char *const *)field;

	if (!text)
		return member->required ? json_form_kept(json_string("")) : NULL;
	return text_to_json(text);
}

static int string_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member _unused_, const json_t *json, void *field)
{
	if (json && !json_is_string(json))
		return json_form_fail(pass, place, "not a text");
	*(char **)field = memory_copy_string(json ? json_string_value(json) : NULL);
	return 0;
}

const struct json_form_type json_form_string = {string_write, string_read};

/* Words of enums */

static json_t *word_write(struct json_form_pass *pass _unused_,
	const struct json_form_member *member, const void *field)
{
	unsigned int value = (unsigned int)number_load(field, member->size);

	if (!member->required && value == member->absent)
		return NULL;
	return json_form_kept(json_string(member->words->name((int)value)));
}

static int word_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member, const json_t *json, void *field)
{
	const char *text = json_string_value(json);
	struct suggest suggest = {};
	char quoted[JSON_FORM_QUOTE_SIZE];

	number_store(field, member->size, member->absent);
	if (!json)
		return 0;
	if (!text)
		return json_form_fail(pass, place, "not a text");
	for (int i = 0; i < member->words->count; i++) {
		const char *name = member->words->name(i);

		if (strcmp(name, text) == 0) {
			number_store(field, member->size, (uint64_t)i);
			return 0;
		}
		suggest_offer(&suggest, text, name);
	}
	json_form_quote(text, quoted);
	if (suggest.best)
		return json_form_fail(
			pass, place, "unknown word `%s`: did you mean `%s`?", quoted, suggest.best);
	return json_form_fail(pass, place, "unknown word `%s`", quoted);
}

const struct json_form_type json_form_word = {word_write, word_read};

/* Objects within */

static json_t *object_write(
	struct json_form_pass *pass, const struct json_form_member *member, const void *field)
{
	return json_form_write(pass, member->form, field);
}

static int object_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member, const json_t *json, void *field)
{
	return json ? json_form_read(pass, place, member->form, json, field) : 0;
}

const struct json_form_type json_form_object = {object_write, object_read};

/* Format versions */

static json_t *version_write(struct json_form_pass *pass _unused_,
	const struct json_form_member *member, const void *field _unused_)
{
	return json_form_kept(json_integer((json_int_t)member->maximum));
}

static int version_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member, const json_t *json, void *field _unused_)
{
	if (!json_is_integer(json))
		return json_form_fail(pass, place, "not a number");
	if (json_integer_value(json) == (json_int_t)member->maximum)
		return 0;
	return json_form_fail(pass, place,
		"format %" JSON_INTEGER_FORMAT " is not known: this poise reads format %" PRIu64,
		json_integer_value(json), member->maximum);
}

const struct json_form_type json_form_version = {version_write, version_read};

/* What is for other readers */

static json_t *ignored_write(struct json_form_pass *pass _unused_,
	const struct json_form_member *member _unused_, const void *field _unused_)
{
	return NULL;
}

static int ignored_read(struct json_form_pass *pass _unused_,
	const struct json_form_place *place _unused_,
	const struct json_form_member *member _unused_, const json_t *json _unused_,
	void *field _unused_)
{
	return 0;
}

const struct json_form_type json_form_ignored = {ignored_write, ignored_read};

/* Keys and addresses */

static json_t *service_write(struct json_form_pass *pass,
	const struct json_form_member *member _unused_, const void *field)
{
	const struct service_key *key = field;
	char text[SERVICE_KEY_TEXT_SIZE];

	pass->family = key->address.family;
	return json_form_kept(json_string(service_key_format(key, text)));
}

static int service_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member _unused_, const json_t *json, void *field)
{
	const char *text = json_string_value(json);
	struct service_key *key = field;
	char quoted[JSON_FORM_QUOTE_SIZE];

	if (!text)
		return json_form_fail(pass, place, "not a text");
	if (service_key_parse(text, key) < 0)
		return json_form_fail(pass, place,
			"`%s` is no listener: write it as tcp://203.0.113.10:80 or fwmark://7",
			json_form_quote(text, quoted));
	pass->family = key->address.family;
	return 0;
}

const struct json_form_type json_form_service = {service_write, service_read};

static json_t *destination_write(struct json_form_pass *pass _unused_,
	const struct json_form_member *member _unused_, const void *field)
{
	const struct destination_key *key = field;
	char text[ADDRESS_ENDPOINT_LENGTH];

	return address_size(key->address.family)
		       ? json_form_kept(json_string(destination_key_format(key, text)))
		       : NULL;
}

static int destination_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member _unused_, const json_t *json, void *field)
{
	const char *text = json_string_value(json);
	char quoted[JSON_FORM_QUOTE_SIZE];

	if (!json)
		return 0;
	if (!text)
		return json_form_fail(pass, place, "not a text");
	if (destination_key_parse(text, field) < 0)
		return json_form_fail(pass, place,
			"`%s` is no destination: write it as 10.0.0.1:80 or [2001:db8::1]:80",
			json_form_quote(text, quoted));
	return 0;
}

const struct json_form_type json_form_destination = {destination_write, destination_read};

static json_t *address_write(struct json_form_pass *pass _unused_,
	const struct json_form_member *member _unused_, const void *field)
{
	const struct address *address = field;
	char text[ADDRESS_LENGTH];

	return address_size(address->family)
		       ? json_form_kept(json_string(address_format(address, text)))
		       : NULL;
}

static int address_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member _unused_, const json_t *json, void *field)
{
	const char *text = json_string_value(json);
	char quoted[JSON_FORM_QUOTE_SIZE];

	if (!json)
		return 0;
	if (!text)
		return json_form_fail(pass, place, "not a text");
	if (address_parse(text, field) < 0)
		return json_form_fail(
			pass, place, "`%s` is no address", json_form_quote(text, quoted));
	return 0;
}

const struct json_form_type json_form_address = {address_write, address_read};
