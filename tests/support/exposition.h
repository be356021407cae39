// SPDX-License-Identifier: GPL-2.0-or-later
/* A strict reader of Prometheus' text form (version 0.0.4), as promtool is: what it does not like fails the cmocka test. */
#pragma once

#include <stdbool.h>

#include "base/vector.h"

struct exposition_family {
	char *name;
	bool counter;
};

struct exposition_sample {
	char *series; /* name and labels, as they stand there; first: sorted and found by it */
	double value;
};

struct exposition {
	struct {
		VECTOR_OF(struct exposition_family);
	} families; /* in the order of the text */
	struct {
		VECTOR_OF(struct exposition_sample);
	} samples; /* sorted */
};

/* Checks that every line is right: HELP, then TYPE, then all samples of a family, each family once; names, labels and their
 * escapes, numbers; counters end in _total and others do not; no series twice. */
void exposition_parse(const char *text, struct exposition *ret);

/* The value of a series, which must be there ("poise_services{state=\"declared\"}"). */
double exposition_value(const struct exposition *exposition, const char *series);
bool exposition_has(const struct exposition *exposition, const char *series);
bool exposition_has_family(const struct exposition *exposition, const char *name);

void exposition_clear(struct exposition *exposition);

#define _cleanup_exposition_ _cleanup_(exposition_clear)
