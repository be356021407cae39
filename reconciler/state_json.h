// SPDX-License-Identifier: GPL-2.0-or-later
/* States, memories and keys as JSON (jansson): the form of `poise get -o json`, of `poise diff
 * --live FILE`, of saved plans and of the state directory. Readers take hostile input: bounded,
 * type-checked, a clear error that names the place; on failure nothing is returned. */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "model/plan.h"
#include "model/state.h"
#include "reconciler/memory.h"

/* New references for the caller. */
json_t *service_attributes_to_json(const struct service_attributes *attributes, uint16_t family);
json_t *destination_attributes_to_json(const struct destination_attributes *attributes);
json_t *timeouts_to_json(const struct timeouts *timeouts);
json_t *sync_daemon_to_json(const struct sync_daemon *daemon);
json_t *state_to_json(const struct state *state);
json_t *memory_to_json(const struct memory *memory);

int service_attributes_from_json(
	const json_t *json, uint16_t family, struct service_attributes *ret, struct error *error);
int destination_attributes_from_json(
	const json_t *json, struct destination_attributes *ret, struct error *error);
int timeouts_from_json(const json_t *json, struct timeouts *ret, struct error *error);
int sync_daemon_from_json(const json_t *json, struct sync_daemon *ret, struct error *error);

/* Sorted and without duplicates, or -EINVAL. Into an empty `ret`; empty again on failure. */
int state_from_json(const json_t *json, struct state *ret, struct error *error);
int memory_from_json(const json_t *json, struct memory *ret, struct error *error);

/* json_loadb() with bounds (size, depth) and an error in words: line and column. */
int json_parse(const char *text, size_t size, json_t **ret, struct error *error);
