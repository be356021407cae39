// SPDX-License-Identifier: GPL-2.0-or-later
/* What the world says: `facts`, for a `poise diff` beside poised, and `checks`, for people.
 *
 * Both may be of 100,000 probes and are made in pieces. Between two of them the engine may run: a stream remembers the key of
 * what it wrote last, and goes on behind it. */
#include "daemon/methods.h"

#include "daemon/health_text.h"
#include "daemon/json_text.h"
#include "daemon/probe_place.h"
#include "model/units.h"
#include "reconciler/live_json.h"

#define HEALTH_PIECE 65536u

/* checks */

struct checks_stream {
	const struct engine *engine;
	bool opened, separate;
	bool bad; /* only what fails, or cannot be tried */
	struct probe_place place;
};

static bool checks_next(void *data, struct strbuf *text)
{
	struct checks_stream *stream = data;
	const struct engine_probe_vector *probes = engine_probes(stream->engine);
	size_t limit = text->length + HEALTH_PIECE;
	uint64_t now = reconciler_now();

	if (!stream->opened) {
		strbuf_add_char(text, '{');
		health_text_totals(stream->engine, text);
		json_text_member(text, "list");
		strbuf_add_char(text, '[');
		stream->opened = true;
	}
	for (size_t i = probe_place_in(&stream->place, probes); i < probes->count; i++) {
		const struct engine_probe *probe = &probes->items[i];

		if (text->length >= limit)
			return true;
		probe_place_set(&stream->place, &probe->key);
		if (stream->bad && probe->verdict.up && !probe->failing && !probe->untried)
			continue;
		strbuf_add(text, stream->separate ? "," : "");
		stream->separate = true;
		health_text_probe(probe, now, text);
	}
	strbuf_add(text, "]}");
	return false;
}

static void checks_finish(void *data)
{
	struct checks_stream *stream = data;

	probe_place_clear(&stream->place);
	free(stream);
}

static void checks_run(struct call *call)
{
	struct checks_stream *stream = memory_new(sizeof(*stream));

	stream->engine = call_engine(call);
	stream->bad = call_flag(call, "bad");
	call_stream(call, checks_next, checks_finish, stream);
}

/* facts */

enum facts_phase {
	FACTS_PHASE_BEGIN,
	FACTS_PHASE_DRAINS,
	FACTS_PHASE_ROUTERS,
	FACTS_PHASE_HEALTH,
};

struct facts_stream {
	const struct engine *engine;
	enum facts_phase phase; /* the list that was begun */
	bool drained;
	struct facts_drain drain; /* that was written last */
	char *router;             /* likewise; owned */
	uint16_t family;
	struct probe_place place;
};

static void facts_write_drain(const struct facts_drain *drain, uint64_t now, struct strbuf *text)
{
	char destination[ADDRESS_ENDPOINT_LENGTH], service[SERVICE_KEY_TEXT_SIZE];

	strbuf_add_char(text, '{');
	json_text_member_string(
		text, "destination", destination_key_format(&drain->destination, destination));
	json_text_member_string(text, "service",
		drain->everywhere ? NULL : service_key_format(&drain->service, service));
	if (drain->until == UINT64_MAX)
		json_text_member_null(text, "until_ms");
	else
		json_text_member_number(text, "until_ms", (drain->until - now) / UNITS_MILLISECOND);
	strbuf_add_char(text, '}');
}

/* False when there is no more room. */
static bool facts_write_drains(struct facts_stream *stream, struct strbuf *text, size_t limit)
{
	const struct facts_drain_vector *drains = &stream->engine->facts.drains;
	size_t place =
		stream->drained ? vector_after(drains, &stream->drain, facts_drain_compare) : 0;
	uint64_t now = reconciler_now();

	for (; place < drains->count; place++) {
		const struct facts_drain *drain = &drains->items[place];

		if (text->length >= limit)
			return false;
		if (drain->until <= now)
			continue;
		strbuf_add(text, stream->drained ? "," : "");
		facts_write_drain(drain, now, text);
		stream->drain = *drain;
		stream->drained = true;
	}
	return true;
}

static void facts_write_verdict(const struct facts_health *fact, uint64_t now, struct strbuf *text)
{
	const struct verdict *verdict = &fact->verdict;
	char target[ADDRESS_ENDPOINT_LENGTH];

	strbuf_add_char(text, '{');
	json_text_member_string(text, "target", destination_key_format(&fact->key.target, target));
	json_text_member_string(text, "check", fact->key.check);
	json_text_member_flag(text, "up", verdict->up);
	json_text_member_flag(text, "settled", verdict->settled);
	json_text_member_flag(text, "recovered", verdict->recovered);
	if (verdict->weight == VERDICT_NO_WEIGHT)
		json_text_member_null(text, "weight");
	else
		json_text_member_number(text, "weight", (uint64_t)verdict->weight);
	if (verdict->since)
		json_text_member_number(text, "since_ms_ago",
			now > verdict->since ? (now - verdict->since) / UNITS_MILLISECOND : 0);
	else
		json_text_member_null(text, "since_ms_ago");
	strbuf_add_char(text, '}');
}

static bool facts_write_health(struct facts_stream *stream, struct strbuf *text, size_t limit)
{
	const struct facts_health_vector *health = &stream->engine->facts.health;
	uint64_t now = reconciler_now();

	for (size_t i = probe_place_in(&stream->place, health); i < health->count; i++) {
		if (text->length >= limit)
			return false;
		strbuf_add(text, stream->place.begun ? "," : "");
		facts_write_verdict(&health->items[i], now, text);
		probe_place_set(&stream->place, &health->items[i].key);
	}
	return true;
}

static void facts_write_router(const struct facts_router *router, struct strbuf *text)
{
	strbuf_add_char(text, '{');
	json_text_member_string(text, "name", router->name);
	json_text_member_string(text, "family", router->family == AF_INET ? "ipv4" : "ipv6");
	json_text_member_string(text, "role", facts_role_name(router->role));
	strbuf_add_char(text, '}');
}

static bool facts_write_routers(struct facts_stream *stream, struct strbuf *text, size_t limit)
{
	const struct facts *facts = &stream->engine->facts;
	size_t place =
		stream->router ? facts_routers_after(facts, stream->router, stream->family) : 0;

	for (; place < facts->routers.count; place++) {
		const struct facts_router *router = &facts->routers.items[place];

		if (text->length >= limit)
			return false;
		strbuf_add(text, stream->router ? "," : "");
		facts_write_router(router, text);
		free(stream->router);
		stream->router = memory_copy_string(router->name);
		stream->family = router->family;
	}
	return true;
}

static bool facts_next(void *data, struct strbuf *text)
{
	struct facts_stream *stream = data;
	size_t limit = text->length + HEALTH_PIECE;

	switch (stream->phase) {
	case FACTS_PHASE_BEGIN:
		strbuf_printf(text, "{\"poise\":%d,\"drains\":[", LIVE_JSON_FORMAT);
		stream->phase = FACTS_PHASE_DRAINS;
		return true;
	case FACTS_PHASE_DRAINS:
		if (!facts_write_drains(stream, text, limit))
			return true;
		strbuf_add(text, "],\"routers\":[");
		stream->phase = FACTS_PHASE_ROUTERS;
		return true;
	case FACTS_PHASE_ROUTERS:
		if (!facts_write_routers(stream, text, limit))
			return true;
		strbuf_add(text, "],\"health\":[");
		stream->phase = FACTS_PHASE_HEALTH;
		return true;
	case FACTS_PHASE_HEALTH:
		if (!facts_write_health(stream, text, limit))
			return true;
		strbuf_add(text, "]}");
		return false;
	}
	return false;
}

static void facts_finish(void *data)
{
	struct facts_stream *stream = data;

	probe_place_clear(&stream->place);
	free(stream->router);
	free(stream);
}

static void facts_run(struct call *call)
{
	struct facts_stream *stream = memory_new(sizeof(*stream));

	stream->engine = call_engine(call);
	call_stream(call, facts_next, facts_finish, stream);
}

const struct method method_checks = {
	.name = "checks",
	.summary = "what is probed, and what is known of it",
	.params = {{"bad", METHOD_PARAM_TYPE_FLAG,
		.help = "only what is down, or fails, or cannot be tried"}},
	.run = checks_run,
};

const struct method method_facts = {
	.name = "facts",
	.summary = "what poised knows beside the files: what the operator drains, which virtual "
		   "routers are "
		   "active, what the checks say",
	.run = facts_run,
};
