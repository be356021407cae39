// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/report.h"

#include <stdio.h>

#include "base/utf8.h"

/* A source line is shown whole up to this many characters, else a window around the caret. */
#define REPORT_SOURCE_WIDTH  100
#define REPORT_SOURCE_BEFORE 40
#define REPORT_QUOTE_LONGEST 60
#define REPORT_DEFAULT_LIMIT 100

const char *report_line_end(const char *text, const char *end, const char **next)
{
	for (; text < end; text++) {
		size_t length = utf8_break(text, end);

		if (length) {
			*next = text + length;
			return text;
		}
	}
	*next = end;
	return end;
}

/* The start of a line, counted from where the last one was found when that lies before it. */
static const char *report_find_line(
	struct report *report, struct report_place place, const char **line_end)
{
	const struct document *document = &report->documents[place.document];
	const char *end = document->text + document->size, *text = document->text, *next;
	uint32_t line = 1;

	if (report->found_document == place.document && report->found_line &&
		report->found_line <= place.line) {
		text += report->found_offset;
		line = report->found_line;
	}
	for (; line < place.line && text < end; line++) {
		report_line_end(text, end, &next);
		text = next;
	}
	report->found_document = place.document;
	report->found_line = line;
	report->found_offset = (size_t)(text - document->text);
	*line_end = report_line_end(text, end, &next);
	return text;
}

/* Up to `count` characters from `text`, byte by byte where it is not UTF-8. Returns where it
 * stopped. */
static const char *report_skip(const char *text, const char *end, size_t count)
{
	while (count-- && text < end)
		text += MAX(utf8_length(text, end), (size_t)1);
	return text;
}

/* Fills source and caret: the line, or a window of it around the column. */
static void report_source(
	struct report *report, struct report_place place, struct diagnostic *diagnostic)
{
	_cleanup_strbuf_ struct strbuf source = {};
	const char *end, *text = report_find_line(report, place, &end);
	uint32_t skip = 0;

	if (place.column > REPORT_SOURCE_WIDTH - 10)
		skip = place.column - REPORT_SOURCE_BEFORE;
	text = report_skip(text, end, skip);
	const char *stop = report_skip(text, end, REPORT_SOURCE_WIDTH);
	diagnostic->caret = place.column - skip + (skip ? 1 : 0);
	if (skip)
		strbuf_add(&source, "…");
	strbuf_add_bytes(&source, text, (size_t)(stop - text));
	if (stop < end)
		strbuf_add(&source, "…");
	diagnostic->source = strbuf_take(&source);
}

static size_t report_limit(const struct report *report)
{
	size_t limit = report->diagnostics->limit;

	return limit ? limit : REPORT_DEFAULT_LIMIT;
}

bool report_is_full(const struct report *report)
{
	return report->diagnostics->errors >= report_limit(report);
}

static bool report_keeps(struct report *report, enum diagnostic_severity severity)
{
	struct diagnostics *diagnostics = report->diagnostics;
	size_t *counter = severity == DIAGNOSTIC_SEVERITY_ERROR ? &diagnostics->errors
								: &diagnostics->warnings;

	return (*counter)++ < report_limit(report);
}

static _printf_(5, 0) void report_add(struct report *report, enum diagnostic_severity severity,
	struct report_place place, const char *hint, const char *format, va_list arguments)
{
	if (!report_keeps(report, severity))
		return;
	if (report->diagnostics->count == report->order_capacity)
		report->order = vector_grow_(report->order, &report->order_capacity,
			report->diagnostics->count + 1, sizeof(*report->order));
	report->order[report->diagnostics->count] = place.document;
	struct diagnostic *diagnostic = vector_append(report->diagnostics);
	diagnostic->severity = severity;
	diagnostic->file = memory_copy_string(report->documents[place.document].name);
	diagnostic->line = place.line;
	diagnostic->column = place.column;
	diagnostic->message = memory_vprintf(format, arguments);
	diagnostic->hint = memory_copy_string(hint);
	if (place.line)
		report_source(report, place, diagnostic);
}

void report_error(
	struct report *report, struct report_place place, const char *hint, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report_add(report, DIAGNOSTIC_SEVERITY_ERROR, place, hint, format, arguments);
	va_end(arguments);
}

void report_warning(
	struct report *report, struct report_place place, const char *hint, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report_add(report, DIAGNOSTIC_SEVERITY_WARNING, place, hint, format, arguments);
	va_end(arguments);
}

void report_add_place(const struct report *report, struct report_place place, struct strbuf *text)
{
	strbuf_printf(
		text, "%s:%u:%u", report->documents[place.document].name, place.line, place.column);
}

const char *report_quote(const char *user_text, char text[static REPORT_QUOTE_SIZE])
{
	size_t length = strlen(user_text), cut = length;

	if (length > REPORT_QUOTE_LONGEST)
		for (cut = REPORT_QUOTE_LONGEST; cut && utf8_is_continuation(user_text[cut]); cut--)
			;
	snprintf(text, REPORT_QUOTE_SIZE, "`%.*s%s`", (int)cut, user_text, cut < length ? "…" : "");
	return text;
}

/* The order of places, and of what was found first among equals. */
struct report_key {
	uint16_t document;
	uint32_t line, column;
	size_t index;
};

static int report_key_compare(const void *a, const void *b)
{
	const struct report_key *left = a, *right = b;
	int order = COMPARE(left->document, right->document);

	if (!order)
		order = COMPARE(left->line, right->line);
	if (!order)
		order = COMPARE(left->column, right->column);
	return order ? order : COMPARE(left->index, right->index);
}

void report_finish(struct report *report)
{
	struct diagnostics *diagnostics = report->diagnostics;
	size_t count = diagnostics->count;
	_cleanup_free_ struct report_key *keys = memory_resize(NULL, count, sizeof(*keys));
	struct diagnostic *sorted = memory_resize(NULL, count, sizeof(*sorted));

	for (size_t i = 0; i < count; i++)
		keys[i] = (struct report_key){.document = report->order[i],
			.line = diagnostics->items[i].line,
			.column = diagnostics->items[i].column,
			.index = i};
	vector_sort_(keys, count, sizeof(*keys), report_key_compare);
	for (size_t i = 0; i < count; i++)
		sorted[i] = diagnostics->items[keys[i].index];
	free(diagnostics->items);
	diagnostics->items = sorted;
	diagnostics->capacity = MAX(count, (size_t)1);
	free(report->order);
	report->order = NULL;
	report->order_capacity = 0;
}
