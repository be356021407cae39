// SPDX-License-Identifier: GPL-2.0-or-later
/* Plans in files: what `poise diff --out` writes and `poise apply --plan` reads. */
#pragma once

#include "cli/load.h"
#include "reconciler/move.h"
#include "reconciler/plan_json.h"
#include "reconciler/record.h"

/* The document of a plan that was made from `loaded`, for a machine where the revision `applied` is in force
 * ("": none, NULL: not known), with `move` where there is one. The caller frees it. */
char *cli_plan_to_json(const struct cli_loaded *loaded, const struct plan *plan,
	const struct memory *memory, const char *applied, const struct move *move);

/* Reads a saved plan into an empty `ret`, and what it declares into an empty `loaded`. 0, or -errno
 * after it said why. */
int cli_plan_read(const char *path, struct plan_file *ret, struct cli_loaded *loaded);
