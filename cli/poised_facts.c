// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/poised_facts.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

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

/* The check's name is the document's. */
static int verdict_from_json(
	const json_t *json, uint64_t now, struct facts_health *fact, struct error *error)
{
	const char *target = cli_field_text(json, "target");
	uint64_t weight = cli_field_number(json, "weight");
	uint64_t ago = cli_field_number(json, "since_ms_ago");

	fact->key.check = cli_field_text(json, "check");
	if (!fact->key.check || !target || destination_key_parse(target, &fact->key.target) < 0)
		return error_set(error, -EINVAL, "poised's facts have a verdict on nothing");
	fact->verdict = (struct verdict){
		.up = cli_field_is_set(json, "up"),
		.settled = cli_field_is_set(json, "settled"),
		.recovered = cli_field_is_set(json, "recovered"),
		.weight = VERDICT_NO_WEIGHT,
	};
	if (cli_field_is_set(json, "weight"))
		fact->verdict.weight = (int32_t)MIN(weight, (uint64_t)DESTINATION_LARGEST_WEIGHT);
	if (cli_field_is_set(json, "since_ms_ago") && ago < now / UNITS_MILLISECOND)
		fact->verdict.since = now - ago * UNITS_MILLISECOND;
	return 0;
}

static int health_from_json(
	const json_t *list, uint64_t now, struct facts *facts, struct error *error)
{
	struct facts_health_vector health = {};
	const json_t *json;
	size_t i, kept = 0;
	int r = 0;

	json_array_foreach(list, i, json)
	{
		r = verdict_from_json(json, now, vector_append(&health), error);
		if (r < 0)
			break;
	}
	if (r == 0)
		vector_sort(&health, probe_key_compare);
	for (i = 0; r == 0 && i < health.count; i++)
		if (!kept || probe_key_compare(&health.items[kept - 1], &health.items[i]) != 0)
			health.items[kept++] = health.items[i];
	if (r == 0)
		facts_put_health(facts, health.items, kept);
	vector_clear(&health);
	return r;
}

/* A role that this poise does not know is as good as none. */
static int router_from_json(const json_t *json, struct facts *facts, struct error *error)
{
	const char *name = cli_field_text(json, "name"), *role = cli_field_text(json, "role");
	const char *family = cli_field_text(json, "family");
	enum facts_role found = FACTS_ROLE_UNKNOWN;

	if (!name || !family || (strcmp(family, "ipv4") != 0 && strcmp(family, "ipv6") != 0))
		return error_set(error, -EINVAL, "poised's facts have a role of nobody");
	for (int i = 0; i <= FACTS_ROLE_LAST; i++)
		if (role && strcmp(role, facts_role_name((enum facts_role)i)) == 0)
			found = (enum facts_role)i;
	facts_put_router(facts, name, strcmp(family, "ipv4") == 0 ? AF_INET : AF_INET6, found);
	return 0;
}

static int routers_from_json(const json_t *list, struct facts *facts, struct error *error)
{
	const json_t *json;
	size_t i;
	int r = 0;

	facts->routed = json_is_array(list);
	json_array_foreach(list, i, json)
	{
		r = router_from_json(json, facts, error);
		if (r < 0)
			break;
	}
	return r;
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
	vector_sort(&ret->drains, facts_drain_compare);
	if (r == 0)
		r = routers_from_json(json_object_get(json, "routers"), ret, error);
	if (r == 0)
		r = health_from_json(json_object_get(json, "health"), now, ret, error);
	if (r < 0) {
		facts_clear(ret);
		ret->routed = false;
	}
	return r;
}
