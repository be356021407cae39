// SPDX-License-Identifier: GPL-2.0-or-later
/* Members of an answer of poised, read with patience: what is not there, or of another type, is NULL, 0, false. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

static inline const char *cli_field_text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static inline uint64_t cli_field_number(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	if (json_is_real(value) && json_real_value(value) > 0 && json_real_value(value) < 1e18)
		return (uint64_t)json_real_value(value);
	return json_integer_value(value) > 0 ? (uint64_t)json_integer_value(value) : 0;
}

static inline bool cli_field_is_set(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return value && !json_is_null(value) && !json_is_false(value);
}
