// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes through the reader of the state directory's record and, as `poise diff --live` would,
 * through that of states; what they took must survive the way out and in. */
#include <stdint.h>

#include "reconciler/record.h"
#include "reconciler/state_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* Sorted, each service once. */
static void require_order(const struct record *record)
{
	for (size_t i = 1; i < record->declared.count; i++)
		require(service_compare(
				record->declared.items + i - 1, record->declared.items + i) < 0);
	for (size_t i = 1; i < record->memory.owned.count; i++)
		require(service_compare(record->memory.owned.items + i - 1,
				record->memory.owned.items + i) < 0);
	for (size_t i = 1; i < record->memory.drains.count; i++)
		require(memory_drain_compare(record->memory.drains.items + i - 1,
				record->memory.drains.items + i) < 0);
}

static void try_record(const char *data, size_t size)
{
	_cleanup_record_ struct record first = {}, second = {};
	_cleanup_error_ struct error error = {};
	_cleanup_free_ char *text = NULL, *again = NULL;

	if (record_parse(data, size, &first, &error) < 0) {
		require(error.text && *error.text);
		require(!first.paths.items && !first.declared.items && !first.memory.owned.items);
		return;
	}
	require_order(&first);
	text = record_format(&first);
	require(record_parse(text, strlen(text), &second, &error) == 0);
	again = record_format(&second);
	require(strcmp(text, again) == 0);
}

static char *state_text(const struct state *state)
{
	json_t *json = state_to_json(state);
	char *text = json_dumps(json, JSON_COMPACT);

	json_decref(json);
	require(text);
	return text;
}

static int state_parse(const char *data, size_t size, struct state *ret, struct error *error)
{
	json_t *json;
	int r = json_parse(data, size, &json, error);

	if (r < 0)
		return r;
	r = state_from_json(json, ret, error);
	json_decref(json);
	return r;
}

static void try_state(const char *data, size_t size)
{
	_cleanup_state_ struct state first = {}, second = {};
	_cleanup_error_ struct error error = {};
	_cleanup_free_ char *text = NULL, *again = NULL;

	if (state_parse(data, size, &first, &error) < 0) {
		require(error.text && *error.text);
		require(!first.services.items);
		return;
	}
	text = state_text(&first);
	require(state_parse(text, strlen(text), &second, &error) == 0);
	again = state_text(&second);
	require(strcmp(text, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_record((const char *)data, size);
	try_state((const char *)data, size);
	return 0;
}
