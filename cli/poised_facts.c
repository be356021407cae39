// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/poised_facts.h"

#include <errno.h>

#include "cli/fields.h"
#include "model/units.h"

#define FACTS_FORMAT 1

/* A thousand years and more never end. */
#define UNTIL_MOST_MS (UINT64_C(1) << 43)

static int drain_from_json(
	const json_t *json, uint64_t now, struct facts_drain *drain, struct error *error)
{
	const char *destination = cli_field_text(json, "destination");
	const char *service = cli_field_text(json, "service");

	if (!destination || destination_key_parse(destination, &drain->destination) < 0)
		return error_set(
			error, -EINVAL, "poised's facts have a drain without a destination");
	drain->everywhere = !service;
	if (service && service_key_parse(service, &drain->service) < 0)
		return error_set(
			error, -EINVAL, "poised's facts have a drain of no service: `%s`", service);
	uint64_t left = cli_field_number(json, "until_ms");
	bool ends = cli_field_is_set(json, "until_ms") && left < UNTIL_MOST_MS;
	drain->until = ends ? now + left * UNITS_MILLISECOND : UINT64_MAX;
	return 0;
}

int cli_facts_from_json(const json_t *json, uint64_t now, struct facts *ret, struct error *error)
{
	const json_t *drain;
	size_t i;
	int r = 0;

	if (cli_field_number(json, "poise") != FACTS_FORMAT)
		return error_set(error, -EINVAL, "poised's facts are of another version's form");
	json_array_foreach(json_object_get(json, "drains"), i, drain)
	{
		r = drain_from_json(drain, now, vector_append(&ret->drains), error);
		if (r < 0)
			break;
	}
	if (r < 0)
		facts_clear(ret);
	vector_sort(&ret->drains, facts_drain_compare);
	return r;
}
