// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/health_text.h"

#include <inttypes.h>

#include "base/loop.h"
#include "daemon/json_text.h"
#include "model/units.h"

void health_view_fill(struct health_view *view, const struct engine *engine,
	const struct declared_service *service, uint64_t now)
{
	view->engine = engine;
	view->service = service;
	view->now = now;
	if (!service)
		return;
	resolve(service, &engine->facts, engine_lost_quorum(engine, &service->key), now,
		&view->output);
}

void health_view_clear(struct health_view *view)
{
	vector_clear(&view->output.destinations);
}

bool health_view_lost_quorum(const struct health_view *view)
{
	return view->service && view->output.quorum_lost;
}

bool health_view_fallback_serves(const struct health_view *view)
{
	return view->service && engine_fallback_serves(view->engine, view->service);
}

bool health_view_doubts(const struct health_view *view)
{
	return view->service && resolve_doubts_checks(&view->output);
}

static const struct resolution *view_find(
	const struct health_view *view, const struct declared_destination *destination)
{
	if (!view->service || !destination)
		return NULL;
	return &view->output.destinations.items[destination - view->service->destinations.items];
}

enum resolution_role health_view_role(
	const struct health_view *view, const struct declared_destination *destination)
{
	const struct resolution *resolution = view_find(view, destination);

	return resolution ? resolution->role : RESOLUTION_ROLE_SERVES;
}

bool health_view_is_in(
	const struct health_view *view, const struct declared_destination *destination)
{
	const struct resolution *resolution = view_find(view, destination);

	return !resolution || resolution->in;
}

bool health_view_is_weightless(
	const struct health_view *view, const struct declared_destination *destination)
{
	const struct resolution *resolution = view_find(view, destination);

	return resolution && resolution->in && resolution->verdict.up &&
	       resolution->verdict.weight == 0;
}

static const struct engine_probe *view_probe(const struct health_view *view,
	const struct declared_destination *destination, const struct config_check *check)
{
	const struct probe_key key = declared_probe_key(destination, check);

	return engine_find_probe(view->engine, &key);
}

static bool probe_is_down(const struct engine_probe *probe)
{
	return !probe->verdict.up;
}

static bool probe_is_failing(const struct engine_probe *probe)
{
	return probe->failing && probe->verdict.up;
}

static bool probe_is_untried(const struct engine_probe *probe)
{
	return probe->untried;
}

/* The first of a destination's that `is`; NULL: none. */
static const struct engine_probe *view_find_probe(const struct health_view *view,
	const struct declared_destination *destination,
	bool (*is)(const struct engine_probe *probe))
{
	if (!destination)
		return NULL;
	vector_foreach(&destination->checks, check) {
		const struct engine_probe *probe = view_probe(view, destination, *check);

		if (probe && is(probe))
			return probe;
	}
	return NULL;
}

bool health_view_is_down(
	const struct health_view *view, const struct declared_destination *destination)
{
	return view_find_probe(view, destination, probe_is_down);
}

bool health_view_is_failing(
	const struct health_view *view, const struct declared_destination *destination)
{
	return view_find_probe(view, destination, probe_is_failing);
}

bool health_view_is_untried(
	const struct health_view *view, const struct declared_destination *destination)
{
	return view_find_probe(view, destination, probe_is_untried);
}

/* "12s", "3m5s", "4h7m", "9d3h": two units are enough. */
static void add_span(uint64_t ns, struct strbuf *text)
{
	uint64_t unit = ns < 3600 * UNITS_SECOND ? UNITS_SECOND
			: ns < UNITS_DAY         ? 60 * UNITS_SECOND
						 : 3600 * UNITS_SECOND;

	units_format_duration(ns / unit * unit, text);
}

static void say_down(const struct engine_probe *probe, uint64_t now, struct strbuf *why)
{
	const struct verdict *verdict = &probe->verdict;

	if (!verdict->settled) {
		strbuf_add(why, "down until its check passes");
		if (probe->check->rise > 1)
			strbuf_printf(why, " %" PRIu32 " times in a row", probe->check->rise);
		if (probe->reason)
			strbuf_printf(why, ": %s", probe->reason);
		return;
	}
	strbuf_add(why, "down");
	if (verdict->since && now > verdict->since) {
		strbuf_add_char(why, ' ');
		add_span(now - verdict->since, why);
	}
	strbuf_printf(why, ": %s", probe->reason ? probe->reason : "its check fails");
}

static void say_failing(const struct engine_probe *probe, struct strbuf *why)
{
	strbuf_printf(why, "failing %" PRIu32 "/%" PRIu32, probe->failures, probe->check->fall);
	if (probe->reason)
		strbuf_printf(why, ": %s", probe->reason);
}

/* What it climbs to: its check's weight, else the file's. */
static uint32_t view_full_weight(
	const struct resolution *resolution, const struct declared_destination *destination)
{
	const struct verdict *verdict = &resolution->verdict;

	if (verdict->weight != VERDICT_NO_WEIGHT)
		return (uint32_t)verdict->weight;
	return destination->attributes.weight;
}

/* Of a probe, where anything is wrong with it; by its name where it is one of several. */
static void say_probe(
	const struct engine_probe *probe, bool named, uint64_t now, struct strbuf *why)
{
	bool down = probe_is_down(probe), failing = probe_is_failing(probe);

	if (named)
		strbuf_printf(why, "check %s ", probe->key.check);
	if (down)
		say_down(probe, now, why);
	if (failing)
		say_failing(probe, why);
	if (probe->untried)
		strbuf_printf(why, "%snot tried: %s", down || failing ? "; " : "", probe->untried);
}

/* `begin`: where the saying of the destination began; its first words may end so that a probe's go on with them. */
static void say_probes(const struct health_view *view,
	const struct declared_destination *destination, size_t begin, struct strbuf *why)
{
	bool separate = why->length > begin && why->text[why->length - 1] != ' ';

	vector_foreach(&destination->checks, check) {
		const struct engine_probe *probe = view_probe(view, destination, *check);

		if (!probe || (!probe_is_down(probe) && !probe->failing && !probe->untried))
			continue;
		strbuf_add(why, separate ? "; " : "");
		separate = true;
		say_probe(probe, destination->checks.count > 1, view->now, why);
	}
}

/* Beside the weight that the file gives it, which it has not then. */
static void say_weight(const struct resolution *resolution,
	const struct declared_destination *destination, size_t begin, struct strbuf *why)
{
	const struct verdict *verdict = &resolution->verdict;
	uint32_t declared = destination->attributes.weight;

	if (!resolution->in || !verdict->up || verdict->weight == VERDICT_NO_WEIGHT ||
		(uint32_t)verdict->weight == declared)
		return;
	strbuf_printf(why, "%sits check says weight %" PRId32 ", the file %" PRIu32,
		why->length > begin ? "; " : "", verdict->weight, declared);
}

void health_view_say(const struct health_view *view, const struct declared_destination *destination,
	struct strbuf *why)
{
	const struct resolution *resolution = view_find(view, destination);
	size_t begin = why->length;

	if (!resolution)
		return;
	if (resolution->role == RESOLUTION_ROLE_KEPT)
		strbuf_add(why, "kept by min-healthy, though ");
	if (resolution->role == RESOLUTION_ROLE_CLIMBS)
		strbuf_printf(why, "weight %" PRIu32 " of %" PRIu32, resolution->weight,
			view_full_weight(resolution, destination));
	if (resolution->role == RESOLUTION_ROLE_STEPS_BACK)
		strbuf_add(why, health_view_fallback_serves(view) ? "the fallback serves"
								  : "the fallback is to serve");
	if (resolution->role == RESOLUTION_ROLE_SERVES && destination->fallback)
		strbuf_add(why, "the fallback, for the quorum is lost");
	if (resolution->role == RESOLUTION_ROLE_SPARE && health_view_is_down(view, destination))
		strbuf_add(why, "a fallback that could not serve now: ");
	say_probes(view, destination, begin, why);
	say_weight(resolution, destination, begin, why);
}

/* JSON */

static void write_ago(struct strbuf *text, const char *name, uint64_t since, uint64_t now)
{
	if (since)
		json_text_member_number(
			text, name, now > since ? (now - since) / UNITS_MILLISECOND : 0);
	else
		json_text_member_null(text, name);
}

static void write_optional(struct strbuf *text, const char *name, uint64_t value)
{
	if (value)
		json_text_member_number(text, name, value);
	else
		json_text_member_null(text, name);
}

void health_text_probe(const struct engine_probe *probe, uint64_t now, struct strbuf *text)
{
	const struct verdict *verdict = &probe->verdict;
	char target[ADDRESS_ENDPOINT_LENGTH];

	strbuf_add_char(text, '{');
	json_text_member_string(text, "check", probe->key.check);
	json_text_member_string(text, "target", destination_key_format(&probe->key.target, target));
	json_text_member_flag(text, "up", verdict->up);
	json_text_member_flag(text, "settled", verdict->settled);
	write_ago(text, "since_ms_ago", verdict->since, now);
	json_text_member_flag(text, "recovered", verdict->recovered);
	if (verdict->weight == VERDICT_NO_WEIGHT)
		json_text_member_null(text, "weight");
	else
		json_text_member_number(text, "weight", (uint64_t)verdict->weight);
	json_text_member_flag(text, "failing", probe->failing);
	json_text_member_number(text, "failures", probe->failures);
	json_text_member_number(text, "fall", probe->check->fall);
	json_text_member_number(text, "rise", probe->check->rise);
	json_text_member_flag(text, "ran", probe->wall);
	json_text_member_string(text, "reason", probe->reason);
	json_text_member_string(text, "untried", probe->untried);
	write_optional(text, "failed_at_ms", probe->failed);
	json_text_close(text);
}

/* The one that says most of a destination: it is down, or fails, or cannot be tried; else the first. */
static const struct engine_probe *view_worst_probe(
	const struct health_view *view, const struct declared_destination *destination)
{
	const struct engine_probe *probe = view_find_probe(view, destination, probe_is_down);

	if (!probe)
		probe = view_find_probe(view, destination, probe_is_failing);
	if (!probe)
		probe = view_find_probe(view, destination, probe_is_untried);
	if (!probe && destination && destination->checks.count)
		probe = view_probe(view, destination, destination->checks.items[0]);
	return probe;
}

/* `health` is of the check that says most; where there are several, `checks` has them all. */
static void write_probes(const struct health_view *view,
	const struct declared_destination *destination, struct strbuf *text)
{
	const struct engine_probe *worst = view_worst_probe(view, destination);
	bool separate = false;

	if (!worst) {
		json_text_member_null(text, "health");
		return;
	}
	json_text_member(text, "health");
	health_text_probe(worst, view->now, text);
	if (destination->checks.count < 2)
		return;
	json_text_member(text, "checks");
	strbuf_add_char(text, '[');
	vector_foreach(&destination->checks, check) {
		const struct engine_probe *probe = view_probe(view, destination, *check);

		if (!probe)
			continue;
		strbuf_add(text, separate ? "," : "");
		separate = true;
		health_text_probe(probe, view->now, text);
	}
	strbuf_add_char(text, ']');
}

void health_text_destination(const struct health_view *view,
	const struct declared_destination *destination, struct strbuf *text)
{
	json_text_member_string(text, "role",
		destination ? resolution_role_name(health_view_role(view, destination)) : NULL);
	json_text_member_flag(text, "fallback", destination && destination->fallback);
	write_probes(view, destination, text);
}

void health_text_quorum(const struct health_view *view, struct strbuf *text)
{
	if (!view->service) {
		json_text_member_null(text, "quorum");
		return;
	}
	json_text_member_open(text, "quorum");
	json_text_member_number(text, "wanted", view->service->quorum);
	json_text_member_number(text, "hysteresis", view->service->quorum_hysteresis);
	json_text_member_number(text, "healthy", view->output.healthy_weight);
	json_text_member_flag(text, "lost", view->output.quorum_lost);
	json_text_member_flag(text, "fallback", health_view_fallback_serves(view));
	json_text_close(text);
}

static void write_probing(const struct engine_probing *probing, struct strbuf *text)
{
	uint64_t now = loop_clock();

	json_text_member_open(text, "probing");
	json_text_member_flag(text, "there", probing->there);
	if (probing->silent)
		json_text_member_number(text, "silent_ms",
			(now > probing->silent ? now - probing->silent : 0) / 1000000);
	else
		json_text_member_null(text, "silent_ms");
	json_text_member_number(text, "running", probing->running);
	json_text_member_number(text, "places", probing->places);
	json_text_member_number(text, "passed", probing->passed);
	json_text_member_number(text, "failed", probing->failed);
	json_text_member_number(text, "untried", probing->untried);
	json_text_member_number(text, "expired", probing->expired);
	json_text_member_number(text, "late", probing->late);
	json_text_member_number(text, "latest_us", probing->latest_ns / 1000);
	json_text_member_number(text, "behind_ms", probing->behind_ns / 1000000);
	json_text_member_flag(text, "full", probing->full);
	json_text_close(text);
}

void health_text_totals(const struct engine *engine, struct strbuf *text)
{
	const struct engine_health_totals *totals = &engine->health.totals;

	json_text_member_open(text, "checks");
	json_text_member_number(text, "probes", engine_probes(engine)->count);
	json_text_member_number(text, "down", totals->probes_down);
	json_text_member_number(text, "failing", totals->probes_failing);
	json_text_member_number(text, "untried", totals->probes_untried);
	json_text_member_number(text, "failed_destinations", totals->failed);
	json_text_member_number(text, "failed_and_in", totals->failed_in);
	json_text_member_number(text, "kept", totals->kept);
	json_text_member_number(text, "climbing", totals->climbing);
	json_text_member_number(text, "spares_down", totals->spares_down);
	json_text_member_number(text, "doubted", totals->doubted);
	json_text_member_number(text, "quorums_lost", totals->quorums_lost);
	write_probing(&engine->health.probing, text);
	json_text_close(text);
}

/* The program alone: what else a command says may be a secret. */
static void write_notify_failures(
	const struct engine_notify_failures *failures, struct strbuf *text)
{
	json_text_member(text, "failing");
	strbuf_add_char(text, '[');
	vector_foreach(failures, failure) {
		strbuf_add(text, failure == failures->items ? "{" : ",{");
		json_text_member_string(text, "program", failure->words[0]);
		json_text_member_string(text, "event", failure->event);
		json_text_member_string(text, "service", failure->service);
		json_text_member_string(text, "router", failure->router);
		json_text_member_string(text, "reason", failure->reason);
		json_text_member_number(text, "at_ms", failure->wall);
		json_text_close(text);
	}
	strbuf_add_char(text, ']');
}

void health_text_notified(const struct engine *engine, struct strbuf *text)
{
	const struct engine_notified *notified = &engine->health.notified;

	json_text_member_open(text, "notify");
	json_text_member_number(text, "run", notified->run);
	json_text_member_number(text, "failed", notified->failed);
	json_text_member_number(text, "dropped", notified->dropped);
	json_text_member_number(text, "waiting", notified->waiting);
	json_text_member_string(text, "waiting_for", notified->began ? notified->program : NULL);
	write_ago(text, "began_ms_ago", notified->began, loop_clock());
	write_notify_failures(&engine->health.notify_failures, text);
	json_text_close(text);
}
