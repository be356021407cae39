// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "reconciler/record.h"
#include "reconciler/state_forms.h"
#include "reconciler/state_json.h"

#define RECORD_JSON_FORMAT 1

static int key_compare(const void *a, const void *b)
{
	return destination_key_compare(a, b);
}

static const struct json_form_member key_item = {.type = &json_form_destination};
JSON_FORM_LIST(key_list, ((struct record_service *)NULL)->destinations, &key_item, key_compare);

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
