// SPDX-License-Identifier: GPL-2.0-or-later
/* Samples of health, for the rows of metrics_table.c. */
#pragma once

#include "daemon/metrics_table.h"

void metrics_health_probing(struct metrics_writer *writer, const struct metrics_sources *sources);
void metrics_health_probes(struct metrics_writer *writer, const struct metrics_sources *sources);
void metrics_health_running(struct metrics_writer *writer, const struct metrics_sources *sources);
void metrics_health_runs(struct metrics_writer *writer, const struct metrics_sources *sources);
void metrics_health_timeouts(struct metrics_writer *writer, const struct metrics_sources *sources);
void metrics_health_late(struct metrics_writer *writer, const struct metrics_sources *sources);
void metrics_health_latest(struct metrics_writer *writer, const struct metrics_sources *sources);
void metrics_health_transitions(
	struct metrics_writer *writer, const struct metrics_sources *sources);
void metrics_health_destinations(
	struct metrics_writer *writer, const struct metrics_sources *sources);
void metrics_health_notified(struct metrics_writer *writer, const struct metrics_sources *sources);
void metrics_health_notify_waiting(
	struct metrics_writer *writer, const struct metrics_sources *sources);
void metrics_health_doubted(struct metrics_writer *writer, const struct metrics_sources *sources);
void metrics_health_quorums(struct metrics_writer *writer, const struct metrics_sources *sources);

void metrics_health_service_quorum(struct metrics_writer *writer,
	const struct metrics_sources *sources, const struct memory_service *owned);

void metrics_health_untried(struct metrics_writer *writer, const struct metrics_sources *sources);
void metrics_health_probe_untried(struct metrics_writer *writer, const struct engine_probe *probe);
void metrics_health_probe_up(struct metrics_writer *writer, const struct engine_probe *probe);
void metrics_health_probe_failures(struct metrics_writer *writer, const struct engine_probe *probe);
