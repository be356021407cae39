// SPDX-License-Identifier: GPL-2.0-or-later
/* What the engine knows, as documents: `live`, `desired`, `plan`.
 *
 * The first two may be of 100,000 objects and are made in pieces, which find their places anew by keys, for the engine may
 * run in between. A plan is made at once, for it must be of one moment, and is given out in pieces; as its text takes
 * memory until it is taken, only VIEW_PLANS_MOST are on their way at a time. */
#include "daemon/methods.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "daemon/json_text.h"
#include "daemon/state_text.h"
#include "daemon/walk.h"
#include "model/units.h"
#include "reconciler/live_json.h"
#include "reconciler/plan_text.h"

#define VIEW_PIECE      65536u
#define VIEW_PLANS_MOST 4

/* live */

enum live_phase {
	LIVE_PHASE_OWNED,
	LIVE_PHASE_DRAINS,
	LIVE_PHASE_SERVICES,
	LIVE_PHASE_END,
};

struct live_stream {
	struct engine *engine;
	enum live_phase phase;
	bool begun; /* the list of this phase has an item */
	struct service_key owned;
	struct memory_drain drain;
	struct state_text state;
};

/* The items of a list of a memory that holds one thing. */
static void write_remembered(
	const struct memory *part, const char *list, bool *begun, struct strbuf *text)
{
	json_t *json = memory_to_json(part);

	if (*begun)
		strbuf_add_char(text, ',');
	*begun = true;
	json_text_tree(text, json_array_get(json_object_get(json, list), 0));
	json_decref(json);
}

static void live_write_owned(struct live_stream *stream, struct strbuf *text, size_t limit)
{
	struct memory *memory = &stream->engine->reconciler.record.memory;
	size_t place =
		stream->begun ? vector_after(&memory->owned, &stream->owned, service_compare) : 0;

	for (; place < memory->owned.count && text->length < limit; place++) {
		const struct memory part = {
			.owned = {.items = &memory->owned.items[place], .count = 1}};

		write_remembered(&part, "owned", &stream->begun, text);
		stream->owned = part.owned.items->key;
	}
	if (place < memory->owned.count)
		return;
	strbuf_add(text, "],\"drains\":[");
	stream->phase = LIVE_PHASE_DRAINS;
	stream->begun = false;
}

static void live_write_drains(struct live_stream *stream, struct strbuf *text, size_t limit)
{
	struct memory *memory = &stream->engine->reconciler.record.memory;
	size_t place = stream->begun
			       ? vector_after(&memory->drains, &stream->drain, memory_drain_compare)
			       : 0;

	for (; place < memory->drains.count && text->length < limit; place++) {
		const struct memory part = {
			.drains = {.items = &memory->drains.items[place], .count = 1}};

		write_remembered(&part, "drains", &stream->begun, text);
		stream->drain = *part.drains.items;
	}
	if (place < memory->drains.count)
		return;
	strbuf_add(text, "]},\"state\":");
	state_text_open(text);
	stream->phase = LIVE_PHASE_SERVICES;
}

static void live_write_services(struct live_stream *stream, struct strbuf *text, size_t limit)
{
	const struct state *live = &stream->engine->reconciler.live;
	struct state_text *at = &stream->state;
	size_t place = at->begun ? vector_after(&live->services, &at->service, service_compare) : 0;

	/* The one that was left in its middle may be gone. */
	if (at->inside && state_find_service(live, &at->service))
		place--;
	else if (at->inside)
		state_text_abandon(at, text);
	while (place < live->services.count && text->length < limit)
		if (state_text_service(at, &live->services.items[place], text, limit))
			place++;
	if (place < live->services.count)
		return;
	state_text_close(live, text);
	strbuf_add_char(text, '}');
	stream->phase = LIVE_PHASE_END;
}

static void (*const live_phases[])(
	struct live_stream *stream, struct strbuf *text, size_t limit) = {
	[LIVE_PHASE_OWNED] = live_write_owned,
	[LIVE_PHASE_DRAINS] = live_write_drains,
	[LIVE_PHASE_SERVICES] = live_write_services,
};

static bool live_next(void *data, struct strbuf *text)
{
	struct live_stream *stream = data;
	size_t limit = text->length + VIEW_PIECE;

	if (stream->phase == LIVE_PHASE_OWNED && !stream->begun) {
		strbuf_printf(text, "{\"poise\":%d", LIVE_JSON_FORMAT);
		json_text_member_string(text, "backend", stream->engine->backend->name);
		json_text_member_number(text, "now", reconciler_now());
		strbuf_add(text, ",\"memory\":{\"owned\":[");
	}
	while (stream->phase != LIVE_PHASE_END && text->length < limit)
		live_phases[stream->phase](stream, text, limit);
	return stream->phase != LIVE_PHASE_END;
}

static void live_run(struct call *call)
{
	struct live_stream *stream = memory_new(sizeof(*stream));

	stream->engine = call_engine(call);
	call_stream(call, live_next, free, stream);
}

/* desired */

struct desired_stream {
	struct engine *engine;
	bool begun;
	struct walk walk;
	struct state_text state;
};

/* The globals that must be: of step() on all that is declared but for the services, of which one stands for all, as the
 * globals depend on whether there is any. */
static void desired_globals(const struct engine *engine, struct strbuf *text)
{
	_cleanup_step_output_ struct step_output output = {};
	struct memory nothing = {};
	struct state live = engine->reconciler.live;
	struct declared declared = {};

	if (engine->files)
		declared = engine->files->declared;
	declared.services.count = MIN(declared.services.count, (size_t)1);
	live.services = (struct service_vector){};
	const struct step_input input = {
		.declared = &declared,
		.live = &live,
		.memory = &nothing,
		.now = reconciler_now(),
		.hold_deletions = engine->reconciler.hold_deletions,
	};
	step(&input, &output);
	state_text_close(&output.desired, text);
}

/* What must exist of the service that was left in its middle, if anything must still. */
static bool desired_resume(struct desired_stream *stream, struct strbuf *text, size_t limit)
{
	const struct service_key key = stream->state.service;
	struct walk_service service;

	walk_resume_at(&stream->walk, stream->engine, &key);
	if (walk_next(&stream->walk, &service) && service_key_compare(&service.key, &key) == 0 &&
		service.desired)
		return state_text_service(&stream->state, service.desired, text, limit);
	state_text_abandon(&stream->state, text);
	stream->walk.begun = true;
	stream->walk.last = key;
	walk_resume(&stream->walk, stream->engine);
	return true;
}

static bool desired_next(void *data, struct strbuf *text)
{
	struct desired_stream *stream = data;
	size_t limit = text->length + VIEW_PIECE;
	struct walk_service service;

	if (!stream->begun) {
		strbuf_add(text, "{\"state\":");
		state_text_open(text);
		stream->begun = true;
	}
	if (!stream->state.inside)
		walk_resume(&stream->walk, stream->engine);
	else if (!desired_resume(stream, text, limit))
		return true;
	while (text->length < limit) {
		if (!walk_next(&stream->walk, &service)) {
			desired_globals(stream->engine, text);
			strbuf_add_char(text, '}');
			return false;
		}
		if (service.desired)
			state_text_service(&stream->state, service.desired, text, limit);
	}
	return true;
}

static void desired_finish(void *data)
{
	struct desired_stream *stream = data;

	walk_clear(&stream->walk);
	free(stream);
}

static void desired_run(struct call *call)
{
	struct desired_stream *stream = memory_new(sizeof(*stream));

	stream->engine = call_engine(call);
	call_stream(call, desired_next, desired_finish, stream);
}

/* plan */

static unsigned int plans_under_way;

struct plan_stream {
	struct strbuf text;
	size_t given;
};

static bool plan_next(void *data, struct strbuf *text)
{
	struct plan_stream *stream = data;
	size_t size = MIN(stream->text.length - stream->given, (size_t)VIEW_PIECE);

	strbuf_add_bytes(text, stream->text.text + stream->given, size);
	stream->given += size;
	return stream->given < stream->text.length;
}

static void plan_finish(void *data)
{
	struct plan_stream *stream = data;

	plans_under_way--;
	strbuf_clear(&stream->text);
	free(stream);
}

static size_t plan_held_back(const struct engine *engine)
{
	uint64_t now = reconciler_now();
	size_t count = 0;

	vector_foreach(&engine->retries, retry)
		count += retry->next > now;
	return count;
}

/* The document of a plan; everything in it is borrowed. */
static void plan_write_document(struct engine *engine, const struct plan *plan, struct strbuf *text)
{
	_cleanup_free_ char *canonical = files_canonical(engine->files);
	_cleanup_free_ char *document = NULL;
	char *applied = engine->reconciler.record.revision;
	struct plan_file file = {
		.backend = (char *)engine->backend->name,
		.revision = (char *)files_revision(engine->files),
		.declared = canonical,
		.applied = applied ? applied : (char *)"",
		.plan = *plan,
		.memory.drains = engine->reconciler.record.memory.drains,
	};

	file.paths.items = engine->reconciler.record.paths.items;
	file.paths.count = engine->reconciler.record.paths.count;
	document = plan_file_to_json(&file);
	/* On one line: newlines stand between values only, in texts they are escaped. */
	for (const char *line = document; *line;) {
		size_t length = strcspn(line, "\n"), indent = strspn(line, " ");

		strbuf_add_bytes(text, line + indent, length - indent);
		line += length + (line[length] == '\n');
	}
}

static void plan_write(struct engine *engine, const struct plan *plan, struct strbuf *text)
{
	const struct plan_text_options options = {
		.now = reconciler_now(),
		.live = &engine->reconciler.live,
		.memory = &engine->reconciler.record.memory,
		.hold = engine->confirming,
	};
	_cleanup_strbuf_ struct strbuf words = {};

	strbuf_add(text, "{\"plan\":");
	plan_write_document(engine, plan, text);
	plan_format_text(plan, &options, &words);
	json_text_member_string(text, "text", words.text);
	json_text_member_number(text, "held_back", plan_held_back(engine));
	strbuf_add_char(text, '}');
}

static int plan_make(struct engine *engine, struct strbuf *text, struct error *error)
{
	_cleanup_plan_ struct plan plan = {};

	if (plans_under_way >= VIEW_PLANS_MOST)
		return error_set(error, CALL_CODE_BUSY,
			"%d plans are being taken already: try again later", VIEW_PLANS_MOST);
	if (!engine->files)
		return error_set(error, -ENODATA, "no files have been in force yet");
	int r = engine_plan(engine, &plan, error);
	if (r == 0)
		plan_write(engine, &plan, text);
	return r;
}

static void plan_run(struct call *call)
{
	_cleanup_error_ struct error error = {};
	struct strbuf text = {};

	int r = plan_make(call_engine(call), &text, &error);
	if (r < 0) {
		call_fail(call, r, &error);
		return;
	}
	struct plan_stream *stream = memory_new(sizeof(*stream));
	stream->text = text;
	plans_under_way++;
	call_stream(call, plan_next, plan_finish, stream);
}

const struct method method_live = {
	.name = "live",
	.summary = "what was seen last, in the form of `poise get -o json`",
	.run = live_run,
};

const struct method method_desired = {
	.name = "desired",
	.summary = "what must exist now, as a state",
	.run = desired_run,
};

const struct method method_plan = {
	.name = "plan",
	.summary = "what a pass over everything would do now",
	.run = plan_run,
};
