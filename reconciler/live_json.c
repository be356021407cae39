// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/live_json.h"

#include <errno.h>

json_t *live_to_json(
	const char *backend, const struct state *state, const struct memory *memory, uint64_t now)
{
	return json_pack("{s:i, s:s, s:I, s:o, s:o}", "poise", LIVE_JSON_FORMAT, "backend", backend,
		"now", (json_int_t)now, "memory", memory_to_json(memory), "state",
		state_to_json(state));
}

static int live_read(const json_t *json, struct state *state, struct memory *memory, uint64_t *now,
	struct error *error)
{
	const json_t *inner = json_object_get(json, "state");
	const json_t *remembered = json_object_get(json, "memory");
	const json_t *time = json_object_get(json, "now");

	if (!inner && !json_object_get(json, "poise-state"))
		return error_set(error, -EINVAL, "neither `state` nor `poise-state` is in it");
	if (!inner)
		return state_from_json(json, state, error);
	if (json_integer_value(json_object_get(json, "poise")) != LIVE_JSON_FORMAT)
		return error_set(error, -EINVAL,
			"`poise` is not %d: it is of another program, or another version",
			LIVE_JSON_FORMAT);
	int r = state_from_json(inner, state, error);
	if (r < 0 || !remembered)
		return r;
	if (!json_is_integer(time) || json_integer_value(time) < 0)
		return error_set(error, -EINVAL, "`memory` without a time in `now`");
	*now = (uint64_t)json_integer_value(time);
	return memory_from_json(remembered, memory, error);
}

int live_from_json(const json_t *json, struct state *state, struct memory *memory, uint64_t *now,
	struct error *error)
{
	*now = 0;
	int r = live_read(json, state, memory, now, error);

	if (r < 0) {
		state_clear(state);
		memory_clear(memory);
		*now = 0;
	}
	return r;
}
