// SPDX-License-Identifier: GPL-2.0-or-later
/* What the probes of other files, or those of before a restart, leave to the ones that come into force. */
#pragma once

struct engine_health;
struct engine_health_table;
struct files;

/* Into `table`, which is of `files`, and new. What was known is in `health`: its table, with the files
 * that this is of, or at a start what was kept. */
void engine_inherit(const struct engine_health *health, const struct files *files,
	struct engine_health_table *table);
