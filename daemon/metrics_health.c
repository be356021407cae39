// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/metrics_health.h"

static void write_number(struct metrics_writer *writer, uint64_t number)
{
	metrics_text_number(writer, NULL, NULL, number);
}

static const struct engine_probing *probing_of(const struct metrics_sources *sources)
{
	return &sources->engine->health.probing;
}

static const struct engine_health_totals *totals_of(const struct metrics_sources *sources)
{
	return &sources->engine->health.totals;
}

void metrics_health_probing(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, engine_probing_is_known(probing_of(sources)));
}

void metrics_health_probes(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	const struct engine_health_totals *totals = totals_of(sources);
	size_t count = engine_probes(sources->engine)->count;

	metrics_text_number(
		writer, "state", "up", count - totals->probes_down - totals->probes_failing);
	metrics_text_number(writer, "state", "failing", totals->probes_failing);
	metrics_text_number(writer, "state", "down", totals->probes_down);
}

void metrics_health_untried(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, totals_of(sources)->probes_untried);
}

void metrics_health_running(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, probing_of(sources)->running);
}

void metrics_health_runs(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	const struct engine_probing *probing = probing_of(sources);

	metrics_text_number(writer, "result", "passed", probing->passed);
	metrics_text_number(writer, "result", "failed", probing->failed);
	metrics_text_number(writer, "result", "untried", probing->untried);
}

void metrics_health_timeouts(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, probing_of(sources)->expired);
}

void metrics_health_late(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, probing_of(sources)->late);
}

void metrics_health_latest(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	metrics_text_seconds(writer, probing_of(sources)->latest_ns);
}

void metrics_health_transitions(
	struct metrics_writer *writer, const struct metrics_sources *sources)
{
	const uint64_t *transitions = sources->engine->health.transitions;

	metrics_text_number(writer, "to", "down", transitions[false]);
	metrics_text_number(writer, "to", "up", transitions[true]);
}

void metrics_health_destinations(
	struct metrics_writer *writer, const struct metrics_sources *sources)
{
	const struct engine_health_totals *totals = totals_of(sources);

	metrics_text_number(writer, "state", "failed", totals->failed);
	metrics_text_number(writer, "state", "kept", totals->kept);
	metrics_text_number(writer, "state", "climbing", totals->climbing);
	metrics_text_number(writer, "state", "spare", totals->spares_down);
}

void metrics_health_notified(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	const struct engine_notified *notified = &sources->engine->health.notified;

	metrics_text_number(writer, "result", "passed", notified->run - notified->failed);
	metrics_text_number(writer, "result", "failed", notified->failed);
	metrics_text_number(writer, "result", "dropped", notified->dropped);
}

void metrics_health_notify_waiting(
	struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, sources->engine->health.notified.waiting);
}

void metrics_health_doubted(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, totals_of(sources)->doubted);
}

void metrics_health_quorums(struct metrics_writer *writer, const struct metrics_sources *sources)
{
	write_number(writer, totals_of(sources)->quorums_lost);
}

void metrics_health_service_quorum(struct metrics_writer *writer,
	const struct metrics_sources *sources, const struct memory_service *owned)
{
	write_number(writer, engine_lost_quorum(sources->engine, &owned->key));
}

void metrics_health_probe_up(struct metrics_writer *writer, const struct engine_probe *probe)
{
	write_number(writer, probe->verdict.up);
}

void metrics_health_probe_failures(struct metrics_writer *writer, const struct engine_probe *probe)
{
	write_number(writer, probe->failures);
}

void metrics_health_probe_untried(struct metrics_writer *writer, const struct engine_probe *probe)
{
	write_number(writer, probe->untried != NULL);
}
