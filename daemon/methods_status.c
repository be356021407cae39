// SPDX-License-Identifier: GPL-2.0-or-later
/* `status`: what the machine holds, what it should hold, and why they differ.
 *
 * The answer is made in pieces, and the engine may run between two of them; so a stream remembers the keys of what it wrote
 * last and finds its place anew for each piece. It is in one of these phases:
 *
 *	head	   all that is small, with counts over everything
 *	drains	   the operator's, by their key
 *	problems   what failed and is tried again, by object
 *	routers	   virtual ones, by name and family
 *	services   each with its destinations; one may be left in its middle */
#include "daemon/methods.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/suggest.h"
#include "daemon/json_text.h"
#include "daemon/router_text.h"
#include "daemon/status_head.h"
#include "daemon/standing.h"
#include "model/units.h"
#include "reconciler/json_form.h"

#define STATUS_PIECE 65536u

enum status_phase {
	STATUS_PHASE_HEAD,
	STATUS_PHASE_DRAINS,
	STATUS_PHASE_PROBLEMS,
	STATUS_PHASE_ROUTERS,
	STATUS_PHASE_SERVICES,
	STATUS_PHASE_END,
};

struct status_stream {
	struct engine *engine;
	enum status_phase phase;
	bool summary;
	/* Only these, if any were named. */
	bool named;
	struct {
		VECTOR_OF(struct service_key);
	} keys;
	size_t next_key;
	bool begun; /* the list of this phase has an item */
	struct facts_drain drain;
	struct retry problem;
	char *router; /* the last one's name; owned */
	uint16_t family;
	struct walk walk;
	struct health_view health; /* of the service at hand */
	/* The service that was left in its middle, and its last destination if that has been written. */
	bool inside, has_destination;
	struct service_key service;
	struct destination_key destination;
};

static void status_separate(struct status_stream *stream, struct strbuf *text)
{
	if (stream->begun)
		strbuf_add_char(text, ',');
	stream->begun = true;
}

static void status_enter(struct status_stream *stream, enum status_phase phase)
{
	stream->phase = phase;
	stream->begun = false;
}

static void status_write_head(struct status_stream *stream, struct strbuf *text, size_t limit)
{
	(void)limit;
	strbuf_add_char(text, '{');
	status_head_write(stream->engine, text);
	json_text_member(text, "drains");
	strbuf_add_char(text, '[');
	status_enter(stream, STATUS_PHASE_DRAINS);
}

/* Drains of the operator */

static void status_write_drain(const struct operator_drain *drain, struct strbuf *text)
{
	char destination[ADDRESS_ENDPOINT_LENGTH], service[SERVICE_KEY_TEXT_SIZE];

	strbuf_add_char(text, '{');
	json_text_member_string(
		text, "destination", destination_key_format(&drain->fact.destination, destination));
	json_text_member_string(text, "service",
		drain->fact.everywhere ? NULL : service_key_format(&drain->fact.service, service));
	json_text_member_number(text, "since", drain->since);
	uint64_t ends = operator_drain_ends(drain);
	if (ends)
		json_text_member_number(text, "until", ends);
	else
		json_text_member_null(text, "until");
	json_text_member_string(text, "by", drain->by);
	strbuf_add_char(text, '}');
}

static void status_write_drains(struct status_stream *stream, struct strbuf *text, size_t limit)
{
	const struct operator_state *operator= & stream->engine->operator;
	size_t place =
		stream->begun ? vector_after(&operator->drains, &stream->drain, facts_drain_compare)
			      : 0;

	for (; place < operator->drains.count && text->length<limit; place++) {
		const struct operator_drain *drain = &operator->drains.items[place];

		status_separate(stream, text);
		status_write_drain(drain, text);
		stream->drain = drain->fact;
	}
	if (place < operator->drains.count)
		return;
	strbuf_add(text, "],\"problems\":[");
	status_enter(stream, STATUS_PHASE_PROBLEMS);
}

/* Problems */

static void status_write_problem(const struct retry *retry, uint64_t now, struct strbuf *text)
{
	_cleanup_strbuf_ struct strbuf object = {};

	plan_op_describe(&retry->op, &object);
	strbuf_add_char(text, '{');
	json_text_member_string(text, "object", object.text);
	json_text_member_string(text, "error", retry->error);
	json_text_member_number(text, "attempts", retry->attempts);
	json_text_member_number(text, "since_ms_ago",
		now > retry->since ? (now - retry->since) / UNITS_MILLISECOND : 0);
	json_text_member_number(
		text, "next_ms", retry->next > now ? (retry->next - now) / UNITS_MILLISECOND : 0);
	strbuf_add_char(text, '}');
}

static void status_write_problems(struct status_stream *stream, struct strbuf *text, size_t limit)
{
	const struct retry_table *retries = &stream->engine->retries;
	uint64_t now = reconciler_now();
	size_t place = stream->begun ? vector_after(retries, &stream->problem, retry_compare) : 0;

	for (; place < retries->count && text->length < limit; place++) {
		const struct retry *retry = &retries->items[place];

		status_separate(stream, text);
		status_write_problem(retry, now, text);
		stream->problem.op = retry->op;
	}
	if (place < retries->count)
		return;
	strbuf_add(text, "],\"routers\":[");
	status_enter(stream, STATUS_PHASE_ROUTERS);
}

/* Virtual routers */

static void status_write_routers(struct status_stream *stream, struct strbuf *text, size_t limit)
{
	const struct routing *routing = stream->engine->routing;
	size_t count = routing ? routing_count(routing) : 0;
	size_t place = stream->begun && routing
			       ? routing_after(routing, stream->router, stream->family)
			       : 0;
	uint64_t now = reconciler_now();

	for (; place < count && text->length < limit; place++) {
		const struct routing_router *router = routing_at(routing, place);

		status_separate(stream, text);
		router_text_write(router, stream->engine->track, now, text);
		free(stream->router);
		stream->router = memory_copy_string(router->name);
		stream->family = router->told.family;
	}
	if (place < count)
		return;
	strbuf_add(text, stream->summary ? "]}" : "],\"services\":[");
	status_enter(stream, stream->summary ? STATUS_PHASE_END : STATUS_PHASE_SERVICES);
}

/* Services */

/* A number of the live side; null where there is none. */
static void write_live(struct strbuf *text, const char *name, bool live, uint64_t value)
{
	if (live)
		json_text_member_number(text, name, value);
	else
		json_text_member_null(text, name);
}

static void status_write_destination(const struct status_stream *stream,
	const struct walk_service *service, const struct walk_destination *destination,
	struct strbuf *text)
{
	const uint64_t now = stream->health.now;
	static const struct destination none = {};
	const struct destination *live = destination->live ? destination->live : &none;
	const struct destination_attributes *attributes =
		destination->live ? &live->attributes : &destination->declared->attributes;
	const struct memory_drain *drain = memory_find_drain(
		&stream->engine->reconciler.record.memory, &service->key, &destination->key);
	_cleanup_strbuf_ struct strbuf why = {};
	char address[ADDRESS_ENDPOINT_LENGTH];
	enum standing standing = standing_of_destination(
		stream->engine, service, destination, &stream->health, &why);

	strbuf_add_char(text, '{');
	json_text_member_string(
		text, "address", destination_key_format(&destination->key, address));
	json_text_member_string(text, "forward", forward_method_name(attributes->forward));
	write_live(text, "weight", destination->live, live->attributes.weight);
	write_live(text, "want_weight", destination->desired,
		destination->desired ? destination->desired->attributes.weight : 0);
	/* Of the files: what checks and slow start make of it is above. */
	write_live(text, "declared_weight", destination->declared,
		destination->declared ? destination->declared->attributes.weight : 0);
	json_text_member_string(text, "state", standing_name(standing));
	json_text_member_string(text, "why", why.text);
	write_live(text, "active", destination->live, live->counts.active);
	write_live(text, "inactive", destination->live, live->counts.inactive);
	write_live(
		text, "connection_rate", destination->live, live->counts.traffic.connection_rate);
	/* Nothing comes of its deadline while a confirmation is awaited. */
	bool held = drain && stream->engine->confirming && drain_reason_is_of_files(drain->reason);
	write_live(text, "drain_ends_ms", standing == STANDING_DRAINING && drain && !held,
		drain && drain->deadline > now ? (drain->deadline - now) / UNITS_MILLISECOND : 0);
	health_text_destination(&stream->health, destination->declared, text);
	strbuf_add_char(text, '}');
}

struct service_sums {
	uint64_t active, inactive;
};

static struct service_sums status_sum(const struct service *live)
{
	struct service_sums sums = {};

	if (live)
		vector_foreach(&live->destinations, destination) {
			sums.active += destination->counts.active;
			sums.inactive += destination->counts.inactive;
		}
	return sums;
}

static const char *status_service_name(const struct walk_service *service)
{
	if (service->declared)
		return service->declared->name;
	return service->owned ? service->owned->name : NULL;
}

/* Opens the service's object, and in it the list of its destinations. */
static void status_open_service(
	struct status_stream *stream, const struct walk_service *service, struct strbuf *text)
{
	const struct service *live = service->live;
	const struct service_attributes *attributes =
		live ? &live->attributes : &service->declared->attributes;
	struct service_sums sums = status_sum(live);
	_cleanup_strbuf_ struct strbuf why = {};
	char listen[SERVICE_KEY_TEXT_SIZE];
	enum standing standing =
		standing_of_service(stream->engine, service, &stream->health, &why);

	status_separate(stream, text);
	strbuf_add_char(text, '{');
	json_text_member_string(text, "listen", service_key_format(&service->key, listen));
	json_text_member_string(text, "name", status_service_name(service));
	json_text_member_flag(text, "managed", standing_is_managed(service));
	json_text_member_string(text, "scheduler", attributes->scheduler);
	json_text_member_string(text, "state", standing_name(standing));
	json_text_member_string(text, "why", why.text);
	write_live(text, "active", live, sums.active);
	write_live(text, "inactive", live, sums.inactive);
	write_live(text, "connection_rate", live, live ? live->traffic.connection_rate : 0);
	write_live(text, "byte_rate_in", live, live ? live->traffic.byte_rate_in : 0);
	write_live(text, "byte_rate_out", live, live ? live->traffic.byte_rate_out : 0);
	health_text_quorum(&stream->health, text);
	json_text_member(text, "destinations");
	strbuf_add_char(text, '[');
	stream->inside = true;
	stream->has_destination = false;
	stream->service = service->key;
}

static void status_close_service(struct status_stream *stream, struct strbuf *text)
{
	strbuf_add(text, "]}");
	stream->inside = false;
}

/* The destinations from where it was left, as many as there is room for. */
static void status_fill_service(struct status_stream *stream, const struct walk_service *service,
	struct strbuf *text, size_t limit)
{
	struct walk_destination destination;
	struct walk_destinations walk;

	walk_destinations_begin(
		&walk, service, stream->has_destination ? &stream->destination : NULL);
	while (text->length < limit) {
		if (!walk_destinations_next(&walk, &destination)) {
			status_close_service(stream, text);
			return;
		}
		if (stream->has_destination)
			strbuf_add_char(text, ',');
		status_write_destination(stream, service, &destination, text);
		stream->destination = destination.key;
		stream->has_destination = true;
	}
}

static void status_look(struct status_stream *stream, const struct walk_service *service)
{
	health_view_fill(&stream->health, stream->engine, service->declared, reconciler_now());
}

/* Of those that were named, the next that is still there. */
static bool status_next_named(struct status_stream *stream, struct walk_service *ret)
{
	while (stream->next_key < stream->keys.count) {
		const struct service_key *key = &stream->keys.items[stream->next_key++];

		walk_resume_at(&stream->walk, stream->engine, key);
		if (walk_next(&stream->walk, ret) && service_key_compare(&ret->key, key) == 0)
			return true;
	}
	return false;
}

static bool status_next_service(struct status_stream *stream, struct walk_service *ret)
{
	return stream->named ? status_next_named(stream, ret) : walk_next(&stream->walk, ret);
}

/* Goes on with the service that was left in its middle; the walk stands behind it then. It may be gone. */
static void status_resume_service(struct status_stream *stream, struct strbuf *text, size_t limit)
{
	struct walk_service service;

	walk_resume_at(&stream->walk, stream->engine, &stream->service);
	if (walk_next(&stream->walk, &service) &&
		service_key_compare(&service.key, &stream->service) == 0) {
		status_look(stream, &service);
		status_fill_service(stream, &service, text, limit);
		return;
	}
	status_close_service(stream, text);
	/* What the walk gave instead must come again. */
	stream->walk.begun = true;
	stream->walk.last = stream->service;
	walk_resume(&stream->walk, stream->engine);
}

static void status_write_services(struct status_stream *stream, struct strbuf *text, size_t limit)
{
	struct walk_service service;

	if (stream->inside)
		status_resume_service(stream, text, limit);
	else
		walk_resume(&stream->walk, stream->engine);
	while (text->length < limit) {
		if (!status_next_service(stream, &service)) {
			strbuf_add(text, "]}");
			status_enter(stream, STATUS_PHASE_END);
			return;
		}
		status_look(stream, &service);
		status_open_service(stream, &service, text);
		status_fill_service(stream, &service, text, limit);
	}
}

/* The stream */

static void (*const status_phases[])(
	struct status_stream *stream, struct strbuf *text, size_t limit) = {
	[STATUS_PHASE_HEAD] = status_write_head,
	[STATUS_PHASE_DRAINS] = status_write_drains,
	[STATUS_PHASE_PROBLEMS] = status_write_problems,
	[STATUS_PHASE_ROUTERS] = status_write_routers,
	[STATUS_PHASE_SERVICES] = status_write_services,
};

static bool status_next(void *data, struct strbuf *text)
{
	struct status_stream *stream = data;
	size_t limit = text->length + STATUS_PIECE;

	while (stream->phase != STATUS_PHASE_END && text->length < limit)
		status_phases[stream->phase](stream, text, limit);
	return stream->phase != STATUS_PHASE_END;
}

static void status_finish(void *data)
{
	struct status_stream *stream = data;

	vector_clear(&stream->keys);
	free(stream->router);
	health_view_clear(&stream->health);
	walk_clear(&stream->walk);
	free(stream);
}

/* Which services are meant */

static void status_add_named(struct status_stream *stream, const struct service_key *key,
	const char *is, const char *name)
{
	if (is && strcmp(is, name) == 0)
		vector_push(&stream->keys, *key);
}

/* Of declared services, and of those that left the files and are still ours. */
static void status_find_name(
	struct status_stream *stream, const char *name, struct suggest *suggest)
{
	const struct engine *engine = stream->engine;

	if (engine->files)
		vector_foreach(&engine->files->declared.services, service) {
			status_add_named(stream, &service->key, service->name, name);
			suggest_offer(suggest, name, service->name);
		}
	vector_foreach(&engine->reconciler.record.memory.owned, service)
		if (!engine->files ||
			!declared_find_service(&engine->files->declared, &service->key))
			status_add_named(stream, &service->key, service->name, name);
}

static bool status_knows(const struct engine *engine, const struct service_key *key)
{
	return state_find_service(&engine->reconciler.live, key) ||
	       (engine->files && declared_find_service(&engine->files->declared, key));
}

static bool status_is_router(const struct engine *engine, const char *name)
{
	return engine->routing && (routing_find(engine->routing, name, AF_INET) ||
					  routing_find(engine->routing, name, AF_INET6));
}

static int status_choose(struct status_stream *stream, const char *name, struct error *error)
{
	char quoted[JSON_FORM_QUOTE_SIZE];
	struct suggest suggest = {};
	struct service_key key;

	stream->named = true;
	if (service_key_parse(name, &key) == 0 && status_knows(stream->engine, &key))
		vector_push(&stream->keys, key);
	else
		status_find_name(stream, name, &suggest);
	vector_sort(&stream->keys, service_compare);
	if (stream->keys.count)
		return 0;
	if (status_is_router(stream->engine, name))
		return error_set(error, -ENOENT,
			"`%s` is a virtual router, and no service: `poise status -v` shows all of "
			"it",
			json_form_quote(name, quoted));
	return error_set(error, -ENOENT, "there is no service `%s`%s%s%s",
		json_form_quote(name, quoted), suggest.best ? ": did you mean `" : "",
		suggest.best ? suggest.best : "", suggest.best ? "`?" : "");
}

static void status_run(struct call *call)
{
	struct status_stream *stream = memory_new(sizeof(*stream));
	_cleanup_error_ struct error error = {};
	const char *name = call_text(call, "service");

	stream->engine = call_engine(call);
	stream->summary = call_flag(call, "summary");
	int r = name ? status_choose(stream, name, &error) : 0;
	if (r < 0) {
		status_finish(stream);
		call_fail(call, r, &error);
		return;
	}
	call_stream(call, status_next, status_finish, stream);
}

const struct method method_status = {
	.name = "status",
	.summary = "what the machine holds, what it should hold, and why they differ",
	.params =
		{
			{"service", METHOD_PARAM_TYPE_TEXT,
				.help = "a name of the files, or a listener"},
			{"summary", METHOD_PARAM_TYPE_FLAG, .help = "without the services"},
		},
	.run = status_run,
};
