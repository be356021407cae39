// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/metrics_text.h"

#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"

/* A whole scrape may be a million samples, so nothing here goes through printf() that need not. */
#define TEXT_DIGITS_MOST 20

void metrics_text_head(
	struct strbuf *text, const char *name, enum metrics_type type, const char *help)
{
	static const char *const types[] = {
		[METRICS_TYPE_COUNTER] = "counter",
		[METRICS_TYPE_GAUGE] = "gauge",
	};

	strbuf_printf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, types[type]);
}

static void text_escape(struct strbuf *text, const char *value)
{
	const char *end = value + strlen(value);

	while (value < end) {
		size_t plain = strcspn(value, "\\\"\n"), length = 0;

		while (length < plain) {
			size_t step = utf8_length(value + length, end);

			if (step == 0)
				break;
			length += step;
		}
		strbuf_add_bytes(text, value, length);
		value += length;
		if (value == end)
			break;
		if (length < plain)
			strbuf_add_char(text, '?');
		else
			strbuf_add(text, *value == '\n' ? "\\n" : *value == '"' ? "\\\"" : "\\\\");
		value++;
	}
}

static void text_add_label(struct strbuf *text, const char *label, const char *value)
{
	strbuf_add(text, label);
	strbuf_add(text, "=\"");
	text_escape(text, value ? value : "");
	strbuf_add_char(text, '"');
}

void metrics_text_label(struct metrics_writer *writer, const char *label, const char *value)
{
	if (writer->labels.length)
		strbuf_add_char(&writer->labels, ',');
	text_add_label(&writer->labels, label, value);
}

/* Everything of a sample before its value. */
static void text_open(struct metrics_writer *writer, const char *label, const char *value)
{
	struct strbuf *text = writer->text;
	size_t common = writer->labels.length;

	strbuf_add(text, writer->name);
	if (common || label) {
		strbuf_add_char(text, '{');
		strbuf_add_bytes(text, writer->labels.text, common);
		if (common && label)
			strbuf_add_char(text, ',');
		if (label)
			text_add_label(text, label, value);
		strbuf_add_char(text, '}');
	}
	strbuf_add_char(text, ' ');
}

void metrics_text_number(
	struct metrics_writer *writer, const char *label, const char *value, uint64_t number)
{
	char digits[TEXT_DIGITS_MOST + 1];
	size_t at = sizeof(digits);

	text_open(writer, label, value);
	digits[--at] = '\n';
	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	strbuf_add_bytes(writer->text, digits + at, sizeof(digits) - at);
}

void metrics_text_seconds(struct metrics_writer *writer, uint64_t ns)
{
	text_open(writer, NULL, NULL);
	strbuf_printf(
		writer->text, "%" PRIu64 ".%09" PRIu64 "\n", ns / 1000000000, ns % 1000000000);
}

void metrics_writer_clear(struct metrics_writer *writer)
{
	strbuf_clear(&writer->labels);
}
