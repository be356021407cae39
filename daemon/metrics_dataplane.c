// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/metrics_dataplane.h"

#include <string.h>

/* Where a figure goes: by its name, as one sample with a label more. */
struct dataplane_sample {
	const char *name;          /* of the figure */
	const char *label, *value; /* NULL: none */
};

static void write_rows(struct metrics_writer *writer, const struct metrics_sources *sources,
	enum backend_figure_kind kind, const char *object, const struct dataplane_sample *samples,
	size_t count)
{
	const struct figures *figures = engine_figures(sources->engine);

	if (!figures)
		return;
	vector_foreach(&figures->rows, row) {
		for (size_t i = 0; row->kind == kind && i < count; i++) {
			if (strcmp(row->name, samples[i].name) != 0)
				continue;
			writer->labels.length = 0;
			metrics_text_label(writer, object, row->object);
			metrics_text_number(writer, samples[i].label, samples[i].value, row->value);
		}
	}
	writer->labels.length = 0;
}

#define PORT_SAMPLES(function, ...)                                                                \
	METRICS_DATAPLANE(function)                                                                \
	{                                                                                          \
		static const struct dataplane_sample samples[] = {__VA_ARGS__};                    \
                                                                                                   \
		write_rows(writer, sources, BACKEND_FIGURE_PORT, "port", samples,                  \
			ARRAY_LENGTH(samples));                                                    \
	}

PORT_SAMPLES(port_up, {"up", NULL, NULL})
PORT_SAMPLES(port_packets, {"packets_in", "direction", "in"}, {"packets_out", "direction", "out"})
PORT_SAMPLES(port_bytes, {"bytes_in", "direction", "in"}, {"bytes_out", "direction", "out"})
PORT_SAMPLES(port_lost, {"missed", "reason", "missed"}, {"errors_in", "reason", "errors_in"},
	{"errors_out", "reason", "errors_out"}, {"no_buffer", "reason", "no_buffer"})

#define WORKER_SAMPLE(function, name)                                                              \
	METRICS_DATAPLANE(function)                                                                \
	{                                                                                          \
		static const struct dataplane_sample sample = {name, NULL, NULL};                  \
                                                                                                   \
		write_rows(writer, sources, BACKEND_FIGURE_WORKER, "worker", &sample, 1);          \
	}

WORKER_SAMPLE(worker_packets, "packets")
WORKER_SAMPLE(worker_forwarded, "forwarded")
WORKER_SAMPLE(worker_handed_over, "handed_over")
WORKER_SAMPLE(worker_connections, "connections")
WORKER_SAMPLE(worker_flows, "flows")

METRICS_DATAPLANE(worker_cpu)
{
	const struct figures *figures = engine_figures(sources->engine);

	if (!figures)
		return;
	vector_foreach(&figures->rows, row) {
		if (row->kind != BACKEND_FIGURE_WORKER || strcmp(row->name, "cpu_ns") != 0)
			continue;
		writer->labels.length = 0;
		metrics_text_label(writer, "worker", row->object);
		metrics_text_seconds(writer, row->value);
	}
	writer->labels.length = 0;
}

METRICS_DATAPLANE(drops)
{
	const struct figures *figures = engine_figures(sources->engine);

	if (!figures)
		return;
	vector_foreach(&figures->rows, row) {
		if (row->kind != BACKEND_FIGURE_DROP)
			continue;
		writer->labels.length = 0;
		metrics_text_label(writer, "by", row->object);
		metrics_text_number(writer, "reason", row->name, row->value);
	}
	writer->labels.length = 0;
}

METRICS_DATAPLANE(buffers)
{
	const struct figures *figures = engine_figures(sources->engine);

	if (!figures)
		return;
	vector_foreach(&figures->rows, row)
		if (row->kind == BACKEND_FIGURE_PART && strcmp(row->object, "buffers") == 0)
			metrics_text_number(writer, "state", row->name, row->value);
}

METRICS_DATAPLANE(answers)
{
	const struct figures *figures = engine_figures(sources->engine);

	if (figures)
		metrics_text_number(writer, NULL, NULL, !figures->error.text);
}
