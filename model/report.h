// SPDX-License-Identifier: GPL-2.0-or-later
/* How the loader says what is wrong and where: places in documents become diagnostics with their
 * source line. Internal to model/; users read model/diagnostics.h. */
#pragma once

#include "model/load.h"

/* A place in a document; line and column from 1, columns in characters; line 0: the whole file. */
struct report_place {
	uint32_t line, column;
	uint16_t document;
};

/* Starts with documents, count and diagnostics set, the rest zeroed. */
struct report {
	const struct document *documents;
	size_t count;
	struct diagnostics *diagnostics;
	/* Where a line was found last, so that reports in order cost one walk of the text. */
	size_t found_offset;
	uint32_t found_line;
	uint16_t found_document;
	uint16_t *order; /* document of each diagnostic that was kept, in step with it */
	size_t order_capacity;
};

/* Adds an error or a warning with a hint, which is copied; NULL: none. */
void report_error(struct report *report, struct report_place place, const char *hint,
	const char *format, ...) _printf_(4, 5);
void report_warning(struct report *report, struct report_place place, const char *hint,
	const char *format, ...) _printf_(4, 5);

/* Whether a further error would only be counted: then nobody reads its hint. */
bool report_is_full(const struct report *report);

/* "FILE:LINE:COLUMN" of a place, to point at it in a hint. Appends. */
void report_add_place(const struct report *report, struct report_place place, struct strbuf *text);

#define REPORT_QUOTE_SIZE 96

/* A user's text for use in a message: in backquotes, shortened when it is long. Returns `text`. */
const char *report_quote(const char *user_text, char text[static REPORT_QUOTE_SIZE]);

/* Sorts what was kept by document, line and column, and frees what the report itself holds. */
void report_finish(struct report *report);

/* The end of the line that starts at `text`: its break, or `end`. *next is the start of the next
 * line. Breaks are those of YAML 1.1, which libyaml's line numbers count: CR, LF, CR LF, NEL, LS
 * and PS. */
const char *report_line_end(const char *text, const char *end, const char **next);
