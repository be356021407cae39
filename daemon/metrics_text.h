// SPDX-License-Identifier: GPL-2.0-or-later
/* Prometheus' text form, version 0.0.4: heads of families, and samples. */
#pragma once

#include <stdint.h>

#include "base/strbuf.h"

enum metrics_type {
	METRICS_TYPE_COUNTER,
	METRICS_TYPE_GAUGE,
};

/* Writes the samples of one family. */
struct metrics_writer {
	struct strbuf *text;
	const char *name; /* of the family */
	struct strbuf
		labels; /* `service="tcp://…",name="web"`: of every sample, until they are others */
};

/* # HELP and # TYPE. */
void metrics_text_head(
	struct strbuf *text, const char *name, enum metrics_type type, const char *help);

/* One more label for what follows: escaped, and what is no UTF-8 in it becomes `?`. NULL is the empty text. */
void metrics_text_label(struct metrics_writer *writer, const char *label, const char *value);

/* One sample; with one label more, unless that is NULL. */
void metrics_text_number(
	struct metrics_writer *writer, const char *label, const char *value, uint64_t number);
/* Of nanoseconds, as seconds. */
void metrics_text_seconds(struct metrics_writer *writer, uint64_t ns);

void metrics_writer_clear(struct metrics_writer *writer);
