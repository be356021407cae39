// SPDX-License-Identifier: GPL-2.0-or-later
/* The bytes of a text before libyaml sees them: it would take a NUL for the end of the file, and
 * gives an offset where a person wants a line. */
#include <errno.h>

#include "base/utf8.h"
#include "model/yaml.h"

#define YAML_SCAN_REPORTS 8

struct yaml_scan {
	struct report *report;
	const char *text, *end;
	const char *line_start;
	uint32_t line;
	uint32_t reported_line; /* one report for each line is enough */
	unsigned int reports;
	uint16_t document;
};

static uint32_t yaml_scan_column(const struct yaml_scan *scan, const char *at)
{
	uint32_t column = 1;

	for (const char *text = scan->line_start; text < at; column++)
		text += MAX(utf8_length(text, at), (size_t)1);
	return column;
}

static void yaml_scan_report(
	struct yaml_scan *scan, const char *at, const char *hint, const char *message)
{
	if (scan->reported_line == scan->line)
		return;
	scan->reported_line = scan->line;
	scan->reports++;
	report_error(scan->report,
		(struct report_place){.line = scan->line,
			.column = yaml_scan_column(scan, at),
			.document = scan->document},
		hint, "%s", message);
}

/* Printable ASCII and tabs: what nearly every byte is. */
static bool yaml_scan_is_common(unsigned char byte)
{
	return (byte >= 0x20 && byte < 0x7f) || byte == '\t';
}

static void yaml_scan_control(struct yaml_scan *scan, const char *at, uint32_t code)
{
	_cleanup_free_ char *message = NULL;

	if (code == 0)
		message = memory_copy_string("a NUL byte");
	else if (code == 0xfeff)
		message = memory_copy_string("a byte order mark");
	else
		message = memory_printf("the control character U+%04X", code);
	yaml_scan_report(scan, at,
		code == 0xfeff ? "save the file as UTF-8 without a byte order mark"
			       : "a configuration is text; in quotes, write it as an escape",
		message);
}

/* libyaml's own set of what it refuses, so that it never has to. */
static bool yaml_scan_is_refused(uint32_t code)
{
	if (code < 0x20)
		return code != '\t' && code != '\n' && code != '\r';
	return (code >= 0x7f && code < 0xa0 && code != 0x85) || code == 0xfeff || code == 0xfffe ||
	       code == 0xffff;
}

static const char *yaml_scan_character(struct yaml_scan *scan, const char *at)
{
	size_t length = utf8_length(at, scan->end);

	if (!length) {
		yaml_scan_report(scan, at, "save the file as UTF-8", "this is not UTF-8");
		return at + 1;
	}
	uint32_t code = utf8_decode(at, length);
	if (yaml_scan_is_refused(code))
		yaml_scan_control(scan, at, code);
	return at + length;
}

static void yaml_scan_line_length(struct yaml_scan *scan, const char *at)
{
	if ((size_t)(at - scan->line_start) > YAML_LINE_LIMIT)
		yaml_scan_report(scan, scan->line_start, NULL, "a line of more than 16 MiB");
}

/* Of a line that was reported only the end is of interest; it may be all of a file of zeros. What may begin a break of two or
 * three bytes is looked at. */
static const char *yaml_scan_pass_over(const char *at, const char *end)
{
	while (at < end && *at != '\n' && *at != '\r' && *at != '\xc2' && *at != '\xe2')
		at++;
	return at;
}

static void yaml_scan_lines(struct yaml_scan *scan)
{
	const char *at = scan->text;

	while (at < scan->end && scan->reports < YAML_SCAN_REPORTS) {
		if (yaml_scan_is_common((unsigned char)*at)) {
			at++;
			continue;
		}
		size_t newline = utf8_break(at, scan->end);
		if (!newline) {
			at = yaml_scan_character(scan, at);
			if (scan->reported_line == scan->line)
				at = yaml_scan_pass_over(at, scan->end);
			continue;
		}
		yaml_scan_line_length(scan, at);
		at += newline;
		scan->line++;
		scan->line_start = at;
	}
	if (at == scan->end)
		yaml_scan_line_length(scan, at);
}

/* Texts of two-byte characters, told by their byte order mark or by the NUL in every other byte. */
static bool yaml_scan_is_utf16(const struct document *document)
{
	const unsigned char *bytes = (const unsigned char *)document->text;

	if (document->size < 2)
		return false;
	return (bytes[0] == 0xff && bytes[1] == 0xfe) || (bytes[0] == 0xfe && bytes[1] == 0xff);
}

int yaml_scan(struct report *report, uint16_t document)
{
	const struct document *text = &report->documents[document];
	struct yaml_scan scan = {
		.report = report,
		.text = text->text,
		.line_start = text->text,
		.end = text->text + text->size,
		.line = 1,
		.document = document,
	};

	if (yaml_scan_is_utf16(text))
		yaml_scan_report(&scan, text->text, "save it as UTF-8", "this file is UTF-16");
	else
		yaml_scan_lines(&scan);
	return scan.reports ? -EINVAL : 0;
}
