// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/status_head.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/version.h"
#include "daemon/health_text.h"
#include "daemon/json_text.h"
#include "daemon/walk.h"
#include "reconciler/figures_json.h"

/* What there is none of is null. */
static void write_time(struct strbuf *text, const char *name, uint64_t time)
{
	if (time)
		json_text_member_number(text, name, time);
	else
		json_text_member_null(text, name);
}

static void write_milliseconds(struct strbuf *text, const char *name, uint64_t ns)
{
	uint64_t us = ns / 1000;

	json_text_member(text, name);
	strbuf_printf(text, "%" PRIu64 ".%03u", us / 1000, (unsigned int)(us % 1000));
}

/* What is still ours in the backend that the files left. */
static void write_left(const struct engine *engine, struct strbuf *text)
{
	const struct record_left *left = &engine->reconciler.record.left;

	if (!engine->connected || !left->backend || !left->memory.owned.count) {
		json_text_member_null(text, "leaving");
		return;
	}
	json_text_member_open(text, "leaving");
	json_text_member_string(text, "name", left->backend);
	json_text_member_number(text, "services", left->memory.owned.count);
	json_text_member_number(text, "draining", left->memory.drains.count);
	json_text_member_string(text, "error", engine->withdraw_error.text);
	json_text_close(text);
}

static void write_backend(const struct engine *engine, struct strbuf *text)
{
	json_text_member_open(text, "backend");
	json_text_member_string(
		text, "name", engine_is_idle(engine) ? NULL : engine->backend->name);
	json_text_member_flag(text, "connected", engine->connected);
	json_text_member_string(
		text, "error", engine->connected ? NULL : engine->connect_error.text);
	write_left(engine, text);
	json_text_close(text);
}

static void write_suspension(const struct engine *engine, struct strbuf *text)
{
	const struct operator_state *operator= & engine->operator;

	if (!operator->suspended) {
		json_text_member_null(text, "suspended");
		return;
	}
	json_text_member_open(text, "suspended");
	json_text_member_number(text, "since", operator->suspended_since);
	json_text_member_string(text, "why", operator->suspended_why);
	json_text_member_string(text, "by", operator->suspended_by);
	json_text_member_flag(text, "resuming", operator->resume_timeout> 0);
	json_text_close(text);
}

static void write_troubles(const struct engine *engine, struct strbuf *text)
{
	bool separate = false;

	json_text_member(text, "troubles");
	strbuf_add_char(text, '[');
	for (size_t i = 0; i < ENGINE_TROUBLE_COUNT; i++) {
		if (!engine->troubles[i])
			continue;
		strbuf_add(text, separate ? "," : "");
		json_text_string(text, engine->troubles[i]);
		separate = true;
	}
	strbuf_add_char(text, ']');
}

static void write_confirm(const struct engine *engine, struct strbuf *text)
{
	if (!engine->confirming) {
		json_text_member_null(text, "confirm");
		return;
	}
	json_text_member_open(text, "confirm");
	json_text_member_number(text, "deadline", engine->confirm_wall);
	json_text_close(text);
}

static void write_rejected(const struct files *files, struct strbuf *text)
{
	if (!files) {
		json_text_member_null(text, "rejected");
		return;
	}
	json_text_member_open(text, "rejected");
	write_time(text, "read_at", files->read_at);
	json_text_member_string(text, "problems", files->problems);
	json_text_close(text);
}

static void write_held(const struct engine *engine, struct strbuf *text)
{
	if (!engine->held) {
		json_text_member_null(text, "held");
		return;
	}
	json_text_member_open(text, "held");
	write_time(text, "read_at", engine->held->read_at);
	json_text_member_string(text, "revision", files_revision(engine->held));
	json_text_member_string(text, "why", engine->held_why);
	json_text_member_flag(text, "routers",
		engine->held_routes && engine_router_files(engine) == engine->held);
	json_text_close(text);
}

static void write_files(struct engine *engine, struct strbuf *text)
{
	struct files *files = engine->files;

	json_text_member_open(text, "files");
	json_text_member(text, "paths");
	strbuf_add_char(text, '[');
	for (size_t i = 0; i < engine->options.path_count; i++) {
		if (i)
			strbuf_add_char(text, ',');
		json_text_string(text, engine->options.paths[i]);
	}
	strbuf_add_char(text, ']');
	json_text_member_string(text, "revision", files ? files_revision(files) : NULL);
	json_text_member_string(text, "commit", files ? files->commit : NULL);
	write_time(text, "read_at", files ? files->read_at : 0);
	write_time(text, "since", engine_revision_since(engine));
	json_text_member_flag(text, "last_good", files && files->last_good);
	json_text_member_flag(text, "pending", engine->files_dirty);
	json_text_member_string(text, "warnings", files ? files->warnings : NULL);
	write_rejected(engine->rejected, text);
	write_held(engine, text);
	json_text_close(text);
}

static void write_reconcile(const struct engine *engine, struct strbuf *text)
{
	const struct engine_counters *counters = &engine->counters;

	json_text_member_open(text, "reconcile");
	write_time(text, "at_ms", counters->last_pass_wall);
	json_text_member_string(text, "reason",
		counters->last_pass_wall ? engine_reason_name(counters->last_pass_reason) : NULL);
	write_milliseconds(text, "duration_ms", counters->last_pass_ns);
	json_text_member_string(text, "error", engine->pass_error.text);
	json_text_close(text);
}

static uint64_t count_done(const struct engine_counters *counters, size_t verb)
{
	uint64_t sum = 0;

	for (size_t object = 0; object < PLAN_OBJECT_COUNT; object++)
		sum += counters->operations[object][verb][BACKEND_RESULT_DONE];
	return sum;
}

static void write_counters(const struct engine *engine, struct strbuf *text)
{
	const struct engine_counters *counters = &engine->counters;

	json_text_member_open(text, "counters");
	json_text_member_number(text, "accepted", counters->accepted);
	json_text_member_number(text, "rejected", counters->rejected);
	json_text_member_number(text, "held", counters->held);
	json_text_member_number(text, "failures", counters->failures);
	json_text_member_number(text, "drift", counters->drift);
	json_text_member_number(text, "reads", counters->reads);
	json_text_member_open(text, "operations");
	for (size_t i = 0; i < PLAN_VERB_COUNT; i++)
		json_text_member_number(
			text, plan_verb_name((enum plan_verb)i), count_done(counters, i));
	json_text_close(text);
	json_text_member_open(text, "passes");
	for (size_t i = 0; i < ENGINE_REASON_COUNT; i++)
		json_text_member_number(
			text, engine_reason_name((enum engine_reason)i), counters->passes[i]);
	json_text_close(text);
	json_text_close(text);
}

struct totals {
	size_t services, destinations, unmanaged;
};

/* Those that are declared or live, each once. */
static size_t count_destinations(
	const struct declared_service *declared, const struct service *live)
{
	const struct walk_service service = {.declared = declared, .live = live};
	struct walk_destination destination;
	struct walk_destinations walk;
	size_t count = 0;

	if (!live)
		return declared ? declared->destinations.count : 0;
	if (!declared)
		return live->destinations.count;
	walk_destinations_begin(&walk, &service, NULL);
	while (walk_destinations_next(&walk, &destination))
		count++;
	return count;
}

static void count_service(const struct engine *engine, const struct declared_service *declared,
	const struct service *live, struct totals *totals)
{
	if (!declared && !memory_find_owned(&engine->reconciler.record.memory, &live->key)) {
		totals->unmanaged++;
		return;
	}
	totals->services++;
	totals->destinations += count_destinations(declared, live);
}

static struct totals count_all(const struct engine *engine)
{
	static const struct declared_service_vector none = {};
	const struct declared_service_vector *want =
		engine->files ? &engine->files->declared.services : &none;
	const struct service_vector *have = &engine->reconciler.live.services;
	struct totals totals = {};
	size_t i = 0, j = 0;

	while (i < want->count || j < have->count) {
		int order = i == want->count   ? 1
			    : j == have->count ? -1
					       : service_compare(&want->items[i], &have->items[j]);

		count_service(engine, order <= 0 ? &want->items[i] : NULL,
			order >= 0 ? &have->items[j] : NULL, &totals);
		i += order <= 0;
		j += order >= 0;
	}
	return totals;
}

static void write_totals(const struct engine *engine, struct strbuf *text)
{
	struct totals totals = count_all(engine);

	json_text_member_open(text, "totals");
	json_text_member_number(text, "services", totals.services);
	json_text_member_number(text, "destinations", totals.destinations);
	json_text_member_number(text, "draining", engine->reconciler.record.memory.drains.count);
	json_text_member_number(text, "failed", engine->retries.count);
	json_text_member_number(text, "unmanaged", totals.unmanaged);
	json_text_close(text);
}

static void write_dataplane(struct engine *engine, struct strbuf *text)
{
	const struct figures *figures = engine_figures(engine);

	if (!figures) {
		json_text_member_null(text, "dataplane");
		return;
	}
	json_t *json = figures_to_json(&figures->rows, figures->error.text);
	json_text_member(text, "dataplane");
	json_text_tree(text, json);
	json_decref(json);
}

void status_head_write(struct engine *engine, struct strbuf *text)
{
	json_text_member_string(text, "version", POISE_VERSION);
	/* The supervisor's, which signals are for. */
	json_text_member_number(text, "pid", (uint64_t)getppid());
	json_text_member_number(text, "started", engine->started);
	json_text_member_string(text, "health", engine_is_degraded(engine) ? "degraded" : "well");
	write_backend(engine, text);
	write_dataplane(engine, text);
	write_suspension(engine, text);
	write_troubles(engine, text);
	write_confirm(engine, text);
	write_files(engine, text);
	write_reconcile(engine, text);
	write_counters(engine, text);
	write_totals(engine, text);
	health_text_totals(engine, text);
	health_text_notified(engine, text);
}
