// SPDX-License-Identifier: GPL-2.0-or-later
/* What is wrong with a file: every error found, with its place, its line and a caret. */
#pragma once

#include <stdbool.h>

#include "base/strbuf.h"
#include "base/vector.h"

enum diagnostic_severity {
	DIAGNOSTIC_SEVERITY_ERROR,
	DIAGNOSTIC_SEVERITY_WARNING,
};

struct diagnostic {
	enum diagnostic_severity severity;
	char *file;
	unsigned int line,
		column; /* from 1; 0 when the whole file is meant. Columns count characters */
	char *message;
	char *source; /* the line itself, shortened when it is long; NULL when there is none */
	unsigned int caret; /* column of the caret within `source`, from 1 */
	char *hint; /* a second sentence: "did you mean `x`?", "first declared at …"; or NULL */
};

/* Starts zeroed. Errors beyond `limit` (0: 100) are counted, not kept: a hostile file must not fill
 * the memory or the terminal. */
struct diagnostics {
	VECTOR_OF(struct diagnostic);
	size_t limit;
	size_t errors, warnings; /* all of them, kept or not */
};

/* "file:line:column: error: message", the source line, a caret, the hint, for each in order; then a
 * line with how many were not shown, if any. `color` adds terminal colours. Appends. Control
 * characters of the source never reach the output as they are. */
void diagnostics_format(const struct diagnostics *diagnostics, bool color, struct strbuf *text);

/* The same without colours, errors before warnings: for whom the first lines must be what matters. */
void diagnostics_format_errors_first(const struct diagnostics *diagnostics, struct strbuf *text);

/* Whether a line of that text begins a warning; with errors first, all that follows is of warnings too. */
bool diagnostics_is_of_warning(const char *line, size_t length);

void diagnostics_clear(struct diagnostics *diagnostics);

#define _cleanup_diagnostics_ _cleanup_(diagnostics_clear)
