// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "base/strbuf.h"
#include "reconciler/record.h"
#include "reconciler/state_forms.h"
#include "reconciler/state_json.h"

#define RECORD_JSON_FORMAT 1

/* The destinations of a declared service, as one text with blanks between them: of a large
 * configuration they are most of the record, and as values of their own most of its time. */

static int key_compare(const void *a, const void *b)
{
	return destination_key_compare(a, b);
}

static const struct json_form_member key_item = {.type = &json_form_destination};

static json_t *keys_write(struct json_form_pass *pass _unused_,
	const struct json_form_member *member _unused_, const void *field)
{
	const __typeof__(((struct record_service *)NULL)->destinations) *keys = field;
	_cleanup_strbuf_ struct strbuf text = {};
	char one[ADDRESS_ENDPOINT_LENGTH];

	vector_foreach(keys, key) {
		if (text.length)
			strbuf_add_char(&text, ' ');
		strbuf_add(&text, destination_key_format(key, one));
	}
	return json_form_kept(json_string(text.length ? text.text : ""));
}

static int keys_read_one(struct json_form_pass *pass, const struct json_form_place *place,
	const char *word, size_t length, struct destination_key *key)
{
	char text[ADDRESS_ENDPOINT_LENGTH];
	char quoted[JSON_FORM_QUOTE_SIZE];

	snprintf(text, sizeof(text), "%.*s", (int)MIN(length, sizeof(text)), word);
	if (length < sizeof(text) && destination_key_parse(text, key) == 0)
		return 0;
	return json_form_fail(pass, place, "`%s` is no destination", json_form_quote(text, quoted));
}

static int keys_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member _unused_, const json_t *json, void *field)
{
	__typeof__(((struct record_service *)NULL)->destinations) *keys = field;
	const char *text = json_string_value(json);

	if (!text)
		return json_form_fail(pass, place, "not a text");
	while (*text) {
		size_t length = strcspn(text, " ");
		struct destination_key key;
		int r = keys_read_one(pass, place, text, length, &key);

		if (r < 0)
			return r;
		vector_push(keys, key);
		text += length + (text[length] == ' ');
	}
	vector_sort(keys, key_compare);
	return json_form_check_unique(pass, place, &key_item, keys->items, keys->count,
		sizeof(*keys->items), key_compare);
}

static const struct json_form_type key_list = {keys_write, keys_read};

static const struct json_form_member service_members[] = {
	{"service", &json_form_service, JSON_FORM_FIELD(struct record_service, key),
		.required = true},
	{"name", &json_form_string, JSON_FORM_FIELD(struct record_service, name), .required = true},
	{"destinations", &key_list, JSON_FORM_FIELD(struct record_service, destinations),
		.required = true},
};
static const struct json_form service_form = JSON_FORM(service_members);
static const struct json_form_member service_item = JSON_FORM_ITEM(&service_form);
JSON_FORM_LIST(service_list, ((struct record *)NULL)->declared, &service_item, service_compare);

static int path_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static const struct json_form_member path_item = {.type = &json_form_string, .required = true};
JSON_FORM_LIST(path_list, ((struct record *)NULL)->paths, &path_item, path_compare);

static const struct json_form_member record_members[] = {
	{"poise-record", &json_form_version, .required = true, .maximum = RECORD_JSON_FORMAT},
	{"boot", &json_form_text, JSON_FORM_FIELD(struct record, boot), .required = true},
	{"netns-device", &json_form_number, JSON_FORM_FIELD(struct record, netns_device),
		.required = true},
	{"netns-inode", &json_form_number, JSON_FORM_FIELD(struct record, netns_inode),
		.required = true},
	{"netns-cookie", &json_form_number, JSON_FORM_FIELD(struct record, netns_cookie)},
	{"revision", &json_form_string, JSON_FORM_FIELD(struct record, revision)},
	{"refused", &json_form_string, JSON_FORM_FIELD(struct record, refused)},
	{"paths", &path_list, JSON_FORM_FIELD(struct record, paths), .required = true},
	{"memory", &json_form_object, JSON_FORM_FIELD(struct record, memory), .required = true,
		.form = &state_form_memory},
	{"declared", &service_list, JSON_FORM_FIELD(struct record, declared), .required = true},
};
static const struct json_form record_form = JSON_FORM(record_members);

int record_parse(const char *text, size_t size, struct record *ret, struct error *error)
{
	json_t *json;
	int r = json_parse(text, size, &json, error);

	if (r < 0)
		return r;
	r = json_form_read(&(struct json_form_pass){.error = error}, NULL, &record_form, json, ret);
	json_decref(json);
	if (r < 0)
		record_clear(ret);
	return r;
}

char *record_format(const struct record *record)
{
	json_t *json = json_form_write(&(struct json_form_pass){}, &record_form, record);
	_cleanup_free_ char *text = json_dumps(json, JSON_COMPACT);

	json_decref(json);
	return memory_printf("%s\n", text);
}
