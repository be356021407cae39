// SPDX-License-Identifier: GPL-2.0-or-later
/* What `poise check` says of a probe: lines within 100 columns, or JSON. */
#pragma once

#include <jansson.h>

#include "cli/check_list.h"
#include "health/checker.h"

/* Columns that the probes of a list want. */
struct cli_check_layout {
	size_t target, check;
	bool color;
};

struct cli_check_layout cli_check_layout(const struct cli_check_list *list, bool color);

/* `took`: nanoseconds. Both append. */
void cli_check_format(const struct cli_check_layout *layout, const struct declared_probe *probe,
	const struct checker_outcome *outcome, uint64_t took, struct strbuf *text);

/* A new reference. */
json_t *cli_check_to_json(
	const struct declared_probe *probe, const struct checker_outcome *outcome, uint64_t took);

/* A list of objects (of texts, numbers, and lists of such objects) as YAML. Appends. */
void cli_check_format_yaml(const json_t *list, struct strbuf *text);
