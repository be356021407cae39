// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/ctl_text.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "cli/fields.h"
#include "cli/layout.h"

#define HELP_INDENT  2
#define KIND_COLUMNS 14

/* Kinds of events that are no good news, and their colour. */
static const struct {
	const char *kind, *color;
} kind_colors[] = {
	{"files-rejected", CLI_LAYOUT_RED},
	{"files-held", CLI_LAYOUT_RED},
	{"failed", CLI_LAYOUT_RED},
	{"backend", CLI_LAYOUT_YELLOW},
	{"drift", CLI_LAYOUT_YELLOW},
	{"health", CLI_LAYOUT_YELLOW},
	{"quorum", CLI_LAYOUT_RED},
	{"doubt", CLI_LAYOUT_RED},
	{"process", CLI_LAYOUT_YELLOW},
	{"recovered", CLI_LAYOUT_GREEN},
};

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* "drain [service=TEXT] destination=TEXT" */
static void format_usage(const json_t *method, bool color, struct strbuf *text)
{
	_cleanup_strbuf_ struct strbuf params = {};
	const json_t *param;
	size_t i;

	cli_layout_paint(text, color, CLI_LAYOUT_BOLD, or_empty(cli_field_text(method, "name")));
	json_array_foreach(json_object_get(method, "params"), i, param)
	{
		bool required = cli_field_is_set(param, "required");

		strbuf_printf(&params, required ? " %s=%s" : " [%s=%s]",
			or_empty(cli_field_text(param, "name")),
			or_empty(cli_field_text(param, "type")));
	}
	cli_layout_cut(text, or_empty(params.text), SIZE_MAX);
	strbuf_add_char(text, '\n');
}

void cli_ctl_format_help(const json_t *help, size_t width, bool color, struct strbuf *text)
{
	const json_t *method, *param;
	size_t i, j;

	json_array_foreach(json_object_get(help, "methods"), i, method)
	{
		_cleanup_free_ char *summary =
			memory_printf("%s%s", or_empty(cli_field_text(method, "summary")),
				cli_field_is_set(method, "writes") ? " (root only)" : "");

		format_usage(method, color, text);
		cli_layout_pad(text, HELP_INDENT);
		cli_layout_wrap(text, HELP_INDENT, HELP_INDENT, summary, width);
		json_array_foreach(json_object_get(method, "params"), j, param)
		{
			_cleanup_free_ char *line =
				memory_printf("%s: %s", or_empty(cli_field_text(param, "name")),
					or_empty(cli_field_text(param, "help")));

			cli_layout_pad(text, 2 * HELP_INDENT);
			cli_layout_wrap(text, 2 * HELP_INDENT, 3 * HELP_INDENT, line, width);
		}
	}
}

/* "06:03:33.125": of an event, which is seen as it happens. */
static void format_clock(uint64_t milliseconds, struct strbuf *text)
{
	time_t seconds = (time_t)(milliseconds / 1000);
	struct tm broken;
	char clock[16];

	if (!localtime_r(&seconds, &broken) || !strftime(clock, sizeof(clock), "%H:%M:%S", &broken))
		return;
	strbuf_printf(text, "%s.%03u ", clock, (unsigned int)(milliseconds % 1000));
}

static void format_entry(const json_t *entry, struct strbuf *text)
{
	strbuf_printf(text, " %s: +%" PRIu64 " ~%" PRIu64 " -%" PRIu64,
		or_empty(cli_field_text(entry, "reason")), cli_field_number(entry, "add"),
		cli_field_number(entry, "change"), cli_field_number(entry, "remove"));
	if (cli_field_number(entry, "failed"))
		strbuf_printf(text, ", %" PRIu64 " failed", cli_field_number(entry, "failed"));
	if (cli_field_number(entry, "drift"))
		strbuf_printf(text, ", %" PRIu64 " drifted", cli_field_number(entry, "drift"));
	strbuf_printf(text, ", revision %.12s, %.2f ms",
		or_empty(cli_field_text(entry, "revision")),
		json_number_value(json_object_get(entry, "duration_ms")));
}

/* An event is one line: of a text of many, the first. */
static void format_words(const char *words, struct strbuf *text)
{
	size_t first = strcspn(words, "\n"), more = 0;

	for (const char *at = words + first; *at; at++)
		more += at[0] == '\n' && at[1];
	strbuf_printf(text, " %.*s", (int)first, words);
	if (more)
		strbuf_printf(text, " (and %zu more line%s)", more, more == 1 ? "" : "s");
}

static const char *color_of(const char *kind)
{
	for (size_t i = 0; i < ARRAY_LENGTH(kind_colors); i++)
		if (strcmp(kind_colors[i].kind, kind) == 0)
			return kind_colors[i].color;
	return NULL;
}

void cli_ctl_format_event(const json_t *event, bool color, struct strbuf *text)
{
	const char *kind = or_empty(cli_field_text(event, "kind"));
	const char *object = cli_field_text(event, "object"),
		   *words = cli_field_text(event, "text");
	const char *kind_color = color_of(kind);
	_cleanup_strbuf_ struct strbuf line = {};
	size_t columns = cli_layout_columns(kind);

	format_clock(cli_field_number(event, "at_ms"), text);
	cli_layout_paint(text, color && kind_color, or_empty(kind_color), kind);
	cli_layout_pad(text, columns < KIND_COLUMNS ? KIND_COLUMNS - columns : 0);
	if (object)
		strbuf_printf(&line, " %s%s", object, words ? ":" : "");
	if (words)
		format_words(words, &line);
	if (cli_field_is_set(event, "entry"))
		format_entry(json_object_get(event, "entry"), &line);
	cli_layout_cut(text, or_empty(line.text), SIZE_MAX);
	strbuf_add_char(text, '\n');
}
