// SPDX-License-Identifier: GPL-2.0-or-later
/* From path arguments to what they declare, and what is wrong with them. */
#pragma once

#include "cli/cli.h"
#include "model/canonical.h"
#include "model/declared.h"
#include "model/load.h"
#include "reconciler/sources.h"

/* Starts zeroed. */
struct cli_loaded {
	const char *const *paths; /* as given, or the default; borrowed */
	size_t path_count;
	struct strbuf problems;         /* files that could not be read, a line each */
	struct diagnostics diagnostics; /* what is wrong in those that could */
	struct sources sources;
	struct config config;
	struct declared declared;
	uint64_t read_time, parse_time; /* nanoseconds that they took */
};

/* Reads and checks the files that `paths` name (none: /etc/poise). -errno when they are no good:
 * problems and diagnostics then say why, and the rest is not there. Prints nothing. */
int cli_load(const char *const *paths, size_t count, struct cli_loaded *ret);

/* The same from a text that is there already, called `name` in messages. */
int cli_load_text(const char *name, const char *text, size_t size, struct cli_loaded *ret);

/* What was loaded, as canonical YAML; the caller frees it. Made anew by each call: not every command
 * needs it. */
char *cli_loaded_canonical(const struct cli_loaded *loaded);

/* Problems and diagnostics on standard error. */
void cli_loaded_report(const struct cli_loaded *loaded);

/* Remarks on what only poised runs, checks and virtual routers, and what they are taken as without it. */
void cli_loaded_note_daemon(const struct cli_loaded *loaded);

/* cli_load() of the command's own arguments, cli_loaded_report(), and those remarks. */
int cli_load_arguments(const struct cli *cli, struct cli_loaded *ret);

void cli_loaded_clear(struct cli_loaded *loaded);

#define _cleanup_cli_loaded_ _cleanup_(cli_loaded_clear)
