// SPDX-License-Identifier: GPL-2.0-or-later
/* The operator's drains: put in, taken out, and what comes of one before anybody is hurt by it.
 *
 * A destination may be drained by several words at once: of one service or everywhere, with its port or on every port. It is
 * out until the last of them is taken back, so whoever takes one back is told what else keeps it out. */
#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include "daemon/engine_inside.h"
#include "reconciler/resolve.h"

/* Names in a message; the others are counted. */
#define DRAIN_NAMED_MOST 4

static bool engine_target_hits(
	const struct facts_drain *target, const struct declared_service *service)
{
	const struct destination_key *key = &target->destination;

	if (!target->everywhere && service_key_compare(&target->service, &service->key) != 0)
		return false;
	if (key->port)
		return vector_find(&service->destinations, key, destination_compare) != NULL;
	/* Without a port it may be any of them. */
	vector_foreach(&service->destinations, destination)
		if (address_compare(&destination->key.address, &key->address) == 0)
			return true;
	return false;
}

/* Makes the services dirty in which `target` stands; how many. */
static size_t engine_mark_target(struct engine *engine, const struct facts_drain *target)
{
	size_t matches = 0;

	if (!engine->files)
		return 0;
	vector_foreach(&engine->files->declared.services, service) {
		if (!engine_target_hits(target, service))
			continue;
		engine_mark(engine, &service->key, ENGINE_REASON_OPERATOR);
		matches++;
	}
	return matches;
}

int engine_drain(struct engine *engine, const struct facts_drain *target, uint64_t for_ns,
	const char *by, size_t *matches, struct error *error)
{
	struct operator_state next;
	struct facts_drain fact = *target;
	_cleanup_strbuf_ struct strbuf text = {};
	int r = engine_check_operator_file(engine, error);

	if (r < 0)
		return r;
	if (for_ns > ENGINE_LONGEST_NS)
		return error_set(error, -EINVAL,
			"a drain for a time ends within a hundred years: one without lasts until "
			"`poise "
			"undrain`");
	operator_copy(&next, &engine->operator);
	fact.until = for_ns ? reconciler_now() + for_ns : UINT64_MAX;
	operator_drain(&next, &fact, (uint64_t)time(NULL), by);
	r = engine_put_operator(engine, &next, error);
	if (r < 0)
		return r;
	*matches = engine_mark_target(engine, target);
	operator_target_format(target, &text);
	engine_tell(engine, ENGINE_EVENT_OPERATOR, text.text, "drained by %s", by);
	return 0;
}

int engine_undrain(struct engine *engine, const struct facts_drain *target, const char *by,
	struct error *error)
{
	struct operator_state next;
	_cleanup_strbuf_ struct strbuf text = {};

	int r = engine_check_operator_file(engine, error);
	if (r < 0)
		return r;
	operator_target_format(target, &text);
	operator_copy(&next, &engine->operator);
	if (operator_undrain(&next, target) < 0) {
		operator_clear(&next);
		return error_set(error, -ENOENT,
			"the operator does not drain %s: `poise status` lists what is drained",
			text.text);
	}
	r = engine_put_operator(engine, &next, error);
	if (r < 0)
		return r;
	engine_mark_target(engine, target);
	engine_tell(engine, ENGINE_EVENT_OPERATOR, text.text, "taken back by %s", by);
	return 0;
}

/* What is left of a service */

typedef bool drain_is_well(const struct resolve_output *output);

static bool drain_lost_quorum(const struct engine *engine, const struct declared_service *service)
{
	const struct memory_service *owned =
		memory_find_owned(&engine->reconciler.record.memory, &service->key);

	return owned && owned->quorum_lost;
}

/* What comes of the service by these facts. The caller empties `ret`'s vector. */
static bool drain_leaves(const struct engine *engine, const struct declared_service *service,
	const struct facts *facts, drain_is_well *is_well, struct resolve_output *ret)
{
	resolve(service, facts, drain_lost_quorum(engine, service), reconciler_now(), ret);
	return is_well(ret);
}

static void drain_add_name(
	const struct declared_service *service, size_t count, struct strbuf *names)
{
	char listener[SERVICE_KEY_TEXT_SIZE];

	if (count > DRAIN_NAMED_MOST)
		return;
	strbuf_printf(
		names, "%s%s", count > 1 ? ", " : "", service_key_format(&service->key, listener));
	if (service->name)
		strbuf_printf(names, " (%s)", service->name);
}

/* Says more of a service, behind its name. */
typedef void drain_describe(const struct declared_service *service,
	const struct resolve_output *after, struct strbuf *text);

/* Services that are well now, and would not be. `describe` may be NULL. */
static size_t drain_spoils(const struct engine *engine, const struct facts_drain *target,
	drain_is_well *is_well, drain_describe *describe, struct strbuf *names)
{
	struct facts then = engine->facts;
	struct facts_drain fact = *target;
	struct resolve_output output = {};
	size_t count = 0;

	if (!engine->files)
		return 0;
	fact.until = UINT64_MAX;
	then.drains = (struct facts_drain_vector){};
	vector_foreach(&engine->facts.drains, drain)
		if (facts_drain_compare(drain, &fact) != 0)
			vector_push(&then.drains, *drain);
	vector_push(&then.drains, fact);
	vector_sort(&then.drains, facts_drain_compare);
	vector_foreach(&engine->files->declared.services, service) {
		if (!engine_target_hits(target, service) ||
			!drain_leaves(engine, service, &engine->facts, is_well, &output) ||
			drain_leaves(engine, service, &then, is_well, &output))
			continue;
		drain_add_name(service, ++count, names);
		if (describe && count <= DRAIN_NAMED_MOST)
			describe(service, &output, names);
	}
	vector_clear(&output.destinations);
	if (count > DRAIN_NAMED_MOST)
		strbuf_printf(names, " and %zu more", count - DRAIN_NAMED_MOST);
	vector_clear(&then.drains);
	return count;
}

static bool drain_is_believed(const struct resolve_output *output)
{
	return !resolve_doubts_checks(output);
}

size_t engine_drain_empties(
	const struct engine *engine, const struct facts_drain *target, struct strbuf *names)
{
	return drain_spoils(engine, target, resolve_serves_any, NULL, names);
}

size_t engine_drain_leaves_kept(
	const struct engine *engine, const struct facts_drain *target, struct strbuf *names)
{
	return drain_spoils(engine, target, drain_is_believed, NULL, names);
}

/* Where nobody is left it is another matter (engine_drain_empties()). */
static bool drain_has_quorum(const struct resolve_output *output)
{
	return !output->quorum_lost || !resolve_serves_any(output);
}

static void drain_describe_quorum(const struct declared_service *service,
	const struct resolve_output *after, struct strbuf *text)
{
	/* With the hysteresis it is lost further down than at the quorum itself. */
	strbuf_printf(text, " loses its quorum (%" PRIu64 " of %" PRIu32 ")%s",
		after->healthy_weight, service->quorum,
		resolve_fallback_serves(service, after) ? ": its fallback serves" : "");
}

size_t engine_drain_loses_quorum(
	const struct engine *engine, const struct facts_drain *target, struct strbuf *text)
{
	return drain_spoils(engine, target, drain_has_quorum, drain_describe_quorum, text);
}

/* What else keeps it out */

static bool drain_overlaps(const struct facts_drain *a, const struct facts_drain *b)
{
	if (address_compare(&a->destination.address, &b->destination.address) != 0)
		return false;
	if (a->destination.port && b->destination.port &&
		a->destination.port != b->destination.port)
		return false;
	return a->everywhere || b->everywhere || service_key_compare(&a->service, &b->service) == 0;
}

/* Counts what `target` names of a service, and what of that is still out: by somebody's word, the files' too, or by its check. */
static void drain_count(const struct engine *engine, const struct facts_drain *target,
	const struct declared_service *service, struct engine_drained *ret)
{
	const uint64_t now = reconciler_now();
	const struct destination_key *key = &target->destination;
	struct resolve_output output = {};

	resolve(service, &engine->facts, drain_lost_quorum(engine, service), now, &output);
	vector_foreach(&service->destinations, destination) {
		size_t place = (size_t)(destination - service->destinations.items);

		if (address_compare(&destination->key.address, &key->address) != 0 ||
			(key->port && destination->key.port != key->port))
			continue;
		bool by_operator =
			facts_drained_until(&engine->facts, &service->key, &destination->key, now);

		ret->count++;
		ret->out += by_operator || destination->drain;
		ret->by_files |= destination->drain;
		ret->down += output.destinations.items[place].role == RESOLUTION_ROLE_FAILED;
	}
	vector_clear(&output.destinations);
}

void engine_drained(
	const struct engine *engine, const struct facts_drain *target, struct engine_drained *ret)
{
	size_t others = 0;

	*ret = (struct engine_drained){};
	if (!engine->files)
		return;
	vector_foreach(&engine->files->declared.services, service)
		if (engine_target_hits(target, service))
			drain_count(engine, target, service, ret);
	vector_foreach(&engine->operator.drains, drain) {
		if (!drain_overlaps(&drain->fact, target) || ++others > DRAIN_NAMED_MOST)
			continue;
		strbuf_add(&ret->by, others > 1 ? ", " : "");
		operator_target_format(&drain->fact, &ret->by);
	}
	if (others > DRAIN_NAMED_MOST)
		strbuf_printf(&ret->by, " and %zu more", others - DRAIN_NAMED_MOST);
	if (ret->by_files)
		strbuf_printf(&ret->by, "%s`state: drain` of the files", others ? ", " : "");
}
