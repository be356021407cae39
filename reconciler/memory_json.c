// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/state_forms.h"
#include "reconciler/state_json.h"

JSON_FORM_WORDS(drain_reason, DRAIN_REASON_COUNT);

static const struct json_form_member owned_members[] = {
	{"service", &json_form_service, JSON_FORM_FIELD(struct memory_service, key),
		.required = true},
	{"name", &json_form_string, JSON_FORM_FIELD(struct memory_service, name)},
	{"drain", &json_form_number, JSON_FORM_FIELD(struct memory_service, drain),
		.required = true},
	{"quorum-lost", &json_form_flag, JSON_FORM_FIELD(struct memory_service, quorum_lost)},
};
static const struct json_form owned_form = JSON_FORM(owned_members);

static const struct json_form_member drain_members[] = {
	{"service", &json_form_service, JSON_FORM_FIELD(struct memory_drain, service),
		.required = true},
	{"destination", &json_form_destination, JSON_FORM_FIELD(struct memory_drain, destination),
		.required = true},
	{"since", &json_form_number, JSON_FORM_FIELD(struct memory_drain, since), .required = true},
	{"deadline", &json_form_number, JSON_FORM_FIELD(struct memory_drain, deadline),
		.required = true},
	{"reason", &json_form_word, JSON_FORM_FIELD(struct memory_drain, reason), .required = true,
		.words = &drain_reason_words},
};
static const struct json_form drain_form = JSON_FORM(drain_members);

static const struct json_form_member owned_item = JSON_FORM_ITEM(&owned_form);
JSON_FORM_LIST(owned_list, ((struct memory *)NULL)->owned, &owned_item, service_compare);
static const struct json_form_member drain_item = JSON_FORM_ITEM(&drain_form);
JSON_FORM_LIST(drain_list, ((struct memory *)NULL)->drains, &drain_item, memory_drain_compare);

static json_t *drains_write(
	struct json_form_pass *pass, const struct json_form_member *member, const void *field)
{
	return drain_list_write(pass, member, field);
}

static int drains_read(struct json_form_pass *pass, const struct json_form_place *place,
	const struct json_form_member *member, const json_t *json, void *field)
{
	return drain_list_read(pass, place, member, json, field);
}

const struct json_form_type state_form_drains = {drains_write, drains_read};

static const struct json_form_member memory_members[] = {
	{"owned", &owned_list, JSON_FORM_FIELD(struct memory, owned), .required = true},
	{"drains", &drain_list, JSON_FORM_FIELD(struct memory, drains), .required = true},
};
const struct json_form state_form_memory = JSON_FORM(memory_members);

json_t *memory_to_json(const struct memory *memory)
{
	return json_form_write(&(struct json_form_pass){}, &state_form_memory, memory);
}

int memory_from_json(const json_t *json, struct memory *ret, struct error *error)
{
	int r = json_form_read(
		&(struct json_form_pass){.error = error}, NULL, &state_form_memory, json, ret);

	if (r < 0)
		memory_clear(ret);
	return r;
}
