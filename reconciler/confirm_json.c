// SPDX-License-Identifier: GPL-2.0-or-later
/* confirm.json: what is needed to go back, as text. */
#include <errno.h>

#include "reconciler/confirm.h"
#include "reconciler/state_json.h"

#define CONFIRM_FORMAT 1

static json_t *confirm_touched_to_json(const struct confirm_pending *pending)
{
	json_t *touched = json_array();
	char text[SERVICE_KEY_TEXT_SIZE];

	vector_foreach(&pending->touched, key)
		json_array_append_new(touched, json_string(service_key_format(key, text)));
	return touched;
}

char *confirm_format(const struct confirm_pending *pending)
{
	_cleanup_free_ char *before = record_format(&pending->before);
	json_t *json = json_pack("{s:i, s:s*, s:I, s:I, s:s, s:b, s:s, s:o, s:o, s:s, s:o*}",
		"poise-confirm", CONFIRM_FORMAT, "backend", pending->backend, "deadline",
		(json_int_t)pending->deadline, "wall-deadline", (json_int_t)pending->wall_deadline,
		"revision", pending->revision, "sync-managed", pending->live.sync_managed, "record",
		before, "touched", confirm_touched_to_json(pending), "live",
		state_to_json(&pending->live), "declared", pending->canonical, "plan",
		pending->saved ? memory_to_json(&pending->memory) : NULL);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	return text;
}

static int confirm_touched_from_json(
	const json_t *touched, struct confirm_pending *ret, struct error *error)
{
	size_t index;
	const json_t *item;

	json_array_foreach((json_t *)touched, index, item)
	{
		struct service_key *key = vector_append(&ret->touched);
		const char *text = json_string_value(item);

		if (!text || service_key_parse(text, key) < 0)
			return error_set(error, -EINVAL, "touched[%zu]: not a service", index);
		if (index && service_key_compare(key - 1, key) >= 0)
			return error_set(error, -EINVAL, "touched[%zu]: out of order", index);
	}
	return 0;
}

static int confirm_from_json(json_t *json, struct confirm_pending *ret, struct error *error)
{
	int format = 0, managed = 0;
	json_int_t deadline, wall_deadline;
	const char *backend = NULL, *revision, *before, *canonical;
	json_t *touched, *live, *plan = NULL;
	json_error_t problem;

	if (json_unpack_ex(json, &problem, JSON_STRICT,
		    "{s:i, s?s, s:I, s:I, s:s, s:b, s:s, s:o, s:o, s:s, s?o}", "poise-confirm",
		    &format, "backend", &backend, "deadline", &deadline, "wall-deadline",
		    &wall_deadline, "revision", &revision, "sync-managed", &managed, "record",
		    &before, "touched", &touched, "live", &live, "declared", &canonical, "plan",
		    &plan) < 0)
		return error_set(error, -EINVAL, "%s", problem.text);
	if (format != CONFIRM_FORMAT)
		return error_set(
			error, -EINVAL, "format %d is of another version of poise", format);
	if (!json_is_array(touched) || deadline < 0 || wall_deadline < 0)
		return error_set(error, -EINVAL, "not what confirm.json looks like");
	int r = record_parse(before, strlen(before), &ret->before, error);
	if (r == 0)
		r = state_from_json(live, &ret->live, error);
	if (r == 0)
		r = confirm_touched_from_json(touched, ret, error);
	if (r == 0 && plan)
		r = memory_from_json(plan, &ret->memory, error);
	if (r < 0)
		return r;
	ret->live.sync_managed = managed;
	ret->saved = plan != NULL;
	ret->deadline = (uint64_t)deadline;
	ret->wall_deadline = (uint64_t)wall_deadline;
	ret->backend = memory_copy_string(backend);
	ret->revision = memory_copy_string(revision);
	ret->canonical = memory_copy_string(canonical);
	return 0;
}

int confirm_parse(const char *text, size_t size, struct confirm_pending *ret, struct error *error)
{
	json_t *json = NULL;
	int r = json_parse(text, size, &json, error);

	if (r < 0)
		return r;
	r = confirm_from_json(json, ret, error);
	json_decref(json);
	if (r < 0)
		confirm_pending_clear(ret);
	return r;
}

void confirm_pending_clear(struct confirm_pending *pending)
{
	free(pending->backend);
	free(pending->canonical);
	free(pending->revision);
	record_clear(&pending->before);
	state_clear(&pending->live);
	vector_clear(&pending->touched);
	memory_clear(&pending->memory);
	*pending = (struct confirm_pending){};
}
