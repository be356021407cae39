// SPDX-License-Identifier: GPL-2.0-or-later
/* What poise says: results on standard output, everything else on standard error, colour only where
 * it is wanted, and one line of progress that never mixes with the rest.
 *
 * The settings are the process's own (there is one terminal), made once by cli_output_begin(). */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "model/diagnostics.h"

enum cli_color {
	CLI_COLOR_AUTO,
	CLI_COLOR_ALWAYS,
	CLI_COLOR_NEVER,
};

/* What cli_error() and cli_diagnostics() said until now as a document, unless something was printed already: whoever reads
 * standard output alone gets one for every end. `refused`: nothing was begun on the machine. */
void cli_output_explain(bool refused);

/* Decides once about colour (NO_COLOR counts for auto) and loudness. */
void cli_output_begin(enum cli_color color, bool quiet, bool verbose);

/* Flushes standard output. When it could not be written (a full disk must not look like success):
 * CLI_EXIT_ERROR, with words unless its reader went away; after a command that `acted` on the
 * machine always with words, and `code`, for what was done is done. Else `code`. */
int cli_output_end(int code, bool acted);

bool cli_color_stdout(void);
bool cli_is_verbose(void);
bool cli_is_quiet(void);

/* True when standard error is a terminal, so that a line may be rewritten. */
bool cli_has_terminal(void);

/* Results, to standard output. */
void cli_print(const char *text);

/* Lets out what was printed until now; false when standard output takes nothing any more. */
bool cli_flush(void);

/* The JSON text with a newline at the end, to standard output; takes the reference. */
void cli_print_json(json_t *json);

/* A text as JSON; bytes that are no UTF-8 (a file's name may have any) become "?". */
json_t *cli_json_text(const char *text);

/* "poise: …" on standard error: an error; a remark (silent with -q); a detail (only with -v). */
void cli_error(const char *format, ...) _printf_(1, 2);
void cli_note(const char *format, ...) _printf_(1, 2);
void cli_detail(const char *format, ...) _printf_(1, 2);

/* A ready text (of one line or many, each ended) on standard error, as it is. */
void cli_complain(const char *text);

/* Prints the error, or strerror of `code` when it has no text; returns CLI_EXIT_ERROR. */
int cli_fail(const struct error *error, int code);

/* Errors and warnings of a file, on standard error (warnings are silent with -q). */
void cli_diagnostics(const struct diagnostics *diagnostics);

/* The same as a JSON array, for editors and CI. A new reference. */
json_t *cli_diagnostics_to_json(const struct diagnostics *diagnostics);

/* The progress line: replaced by the next one, gone before anything else is written to standard
 * error. Does nothing where there is no terminal, or with -q. */
void cli_status(const char *format, ...) _printf_(1, 2);
void cli_status_clear(void);
