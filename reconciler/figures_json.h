// SPDX-License-Identifier: GPL-2.0-or-later
/* What a backend counts beside services, as JSON: as `poise status -o json` shows it, with poised and without.
 *
 *	{"error": null,
 *	 "ports":   [{"name": "wan", "packets_in": 12, …}, …],
 *	 "workers": [{"name": "0", "packets": 12, …}, …],
 *	 "drops":   [{"reason": "no-route", "by": "worker 0", "packets": 3}, …],
 *	 "parts":   [{"name": "buffers", "free": 4095, …}, …]} */
#pragma once

#include <jansson.h>

#include "backends/backend.h"

/* A new reference. `error` says why there are none; NULL: they could be read. */
json_t *figures_to_json(const struct backend_figures *figures, const char *error);
