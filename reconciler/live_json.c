// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/live_json.h"

#include <errno.h>
#include <string.h>

#include "reconciler/record.h"

void live_clear(struct live *live)
{
	state_clear(&live->state);
	memory_clear(&live->memory);
	free(live->backend);
	free(live->revision);
	*live = (struct live){};
}

json_t *live_to_json(const char *backend, const struct state *state, const struct memory *memory,
	const char *revision, uint64_t now)
{
	return json_pack("{s:i, s:s, s:I, s:s, s:o, s:o}", "poise", LIVE_JSON_FORMAT, "backend",
		backend, "now", (json_int_t)now, "revision", revision ? revision : "", "memory",
		memory_to_json(memory), "state", state_to_json(state));
}

static int live_read_backend(const json_t *json, struct live *ret, struct error *error)
{
	const json_t *backend = json_object_get(json, "backend");

	if (backend && !json_is_string(backend))
		return error_set(error, -EINVAL, "`backend` is no text");
	ret->backend = memory_copy_string(json_string_value(backend));
	return 0;
}

static int live_read_revision(const json_t *json, struct live *ret, struct error *error)
{
	const json_t *revision = json_object_get(json, "revision");
	const char *text = json_string_value(revision);

	if (!revision)
		return 0;
	if (!text || (*text && strlen(text) != REVISION_SIZE - 1) ||
		strspn(text, "0123456789abcdef") != json_string_length(revision))
		return error_set(error, -EINVAL, "`revision` is none");
	ret->revision = memory_copy_string(text);
	return 0;
}

static int live_read_memory(
	const json_t *json, const json_t *memory, struct live *ret, struct error *error)
{
	const json_t *time = json_object_get(json, "now");

	if (!json_is_integer(time) || json_integer_value(time) < 0)
		return error_set(error, -EINVAL, "`memory` without a time in `now`");
	ret->now = (uint64_t)json_integer_value(time);
	return memory_from_json(memory, &ret->memory, error);
}

static int live_read(const json_t *json, struct live *ret, struct error *error)
{
	const json_t *inner = json_object_get(json, "state");
	const json_t *memory = json_object_get(json, "memory");

	if (!inner && !json_object_get(json, "poise-state"))
		return error_set(error, -EINVAL, "neither `state` nor `poise-state` is in it");
	if (!inner)
		return state_from_json(json, &ret->state, error);
	if (json_integer_value(json_object_get(json, "poise")) != LIVE_JSON_FORMAT)
		return error_set(error, -EINVAL,
			"`poise` is not %d: it is of another program, or another version",
			LIVE_JSON_FORMAT);
	int r = state_from_json(inner, &ret->state, error);
	if (r == 0)
		r = live_read_backend(json, ret, error);
	if (r == 0)
		r = live_read_revision(json, ret, error);
	if (r == 0 && memory)
		r = live_read_memory(json, memory, ret, error);
	return r;
}

int live_from_json(const json_t *json, struct live *ret, struct error *error)
{
	int r = live_read(json, ret, error);

	if (r < 0)
		live_clear(ret);
	return r;
}
