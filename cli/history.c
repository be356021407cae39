// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>

#include "cli/client.h"
#include "cli/fields.h"
#include "cli/layout.h"

enum column {
	COLUMN_TIME,
	COLUMN_REASON,
	COLUMN_REVISION,
	COLUMN_COMMIT,
	COLUMN_ADD,
	COLUMN_CHANGE,
	COLUMN_REMOVE,
	COLUMN_FAILED,
	COLUMN_DRIFT,
	COLUMN_TOOK,
	COLUMN_COUNT,
};

static const struct {
	const char *title;
	const char *field; /* of those that are plain numbers */
	bool number;
} columns[COLUMN_COUNT] = {
	[COLUMN_TIME] = {.title = "TIME"},
	[COLUMN_REASON] = {.title = "REASON"},
	[COLUMN_REVISION] = {.title = "REVISION"},
	[COLUMN_COMMIT] = {.title = "COMMIT"},
	[COLUMN_ADD] = {"+", "add", true},
	[COLUMN_CHANGE] = {"~", "change", true},
	[COLUMN_REMOVE] = {"-", "remove", true},
	[COLUMN_FAILED] = {"FAILED", "failed", true},
	[COLUMN_DRIFT] = {"DRIFT", "drift", true},
	[COLUMN_TOOK] = {"TOOK", NULL, true},
};

#define GAP           2
#define CELL_SIZE     24
#define REVISION_SHOW 12
#define REASON_SHOW   10
#define OBJECT_SHOW   200

struct row {
	char cells[COLUMN_COUNT][CELL_SIZE];
};

struct table {
	VECTOR_OF(struct row);
	size_t widths[COLUMN_COUNT];
};

/* What an entry says of the objects that were changed, each on a line of its own. */
static void entry_print_objects(const json_t *entry, struct strbuf *text)
{
	const json_t *objects = json_object_get(entry, "objects"), *object;
	uint64_t all = cli_field_number(entry, "add") + cli_field_number(entry, "change") +
		       cli_field_number(entry, "remove");
	size_t i, named = json_array_size(objects);

	json_array_foreach(objects, i, object)
	{
		const char *line = json_string_value(object);

		if (!line)
			continue;
		cli_layout_pad(text, GAP);
		cli_layout_cut(text, line, OBJECT_SHOW);
		strbuf_add_char(text, '\n');
	}
	if (named && all > named)
		strbuf_printf(text, "  and %" PRIu64 " more\n", all - named);
}

/* The head of a text, for a column that is so wide. */
static void cell_text(char cell[static CELL_SIZE], const char *text, size_t most)
{
	_cleanup_strbuf_ struct strbuf shown = {};

	cli_layout_cut(&shown, text ? text : "-", most);
	snprintf(cell, CELL_SIZE, "%s", shown.text ? shown.text : "-");
}

static void cell_time(char cell[static CELL_SIZE], uint64_t milliseconds)
{
	time_t seconds = (time_t)(milliseconds / 1000);
	struct tm broken;

	if (!localtime_r(&seconds, &broken) ||
		!strftime(cell, CELL_SIZE, "%Y-%m-%d %H:%M:%S", &broken))
		snprintf(cell, CELL_SIZE, "-");
}

static void cell_hash(char cell[static CELL_SIZE], const char *text)
{
	_cleanup_free_ char *head =
		text ? memory_copy_bytes(text, strnlen(text, REVISION_SHOW)) : NULL;

	cell_text(cell, head, REVISION_SHOW);
}

static void cell_took(char cell[static CELL_SIZE], double milliseconds)
{
	if (milliseconds >= 10000)
		snprintf(cell, CELL_SIZE, "%.1f s", milliseconds / 1000);
	else
		snprintf(cell, CELL_SIZE, "%.2f ms", milliseconds);
}

static void table_measure(struct table *table, const struct row *row)
{
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		size_t width = cli_layout_columns(row->cells[i]);
		table->widths[i] = MAX(table->widths[i], width);
	}
}

static void table_add(struct table *table, const json_t *entry)
{
	struct row *row = vector_append(table);

	cell_time(row->cells[COLUMN_TIME], cli_field_number(entry, "at_ms"));
	cell_text(row->cells[COLUMN_REASON], cli_field_text(entry, "reason"), REASON_SHOW);
	cell_hash(row->cells[COLUMN_REVISION], cli_field_text(entry, "revision"));
	cell_hash(row->cells[COLUMN_COMMIT], cli_field_text(entry, "commit"));
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		if (columns[i].field)
			snprintf(row->cells[i], CELL_SIZE, "%" PRIu64,
				cli_field_number(entry, columns[i].field));
	cell_took(
		row->cells[COLUMN_TOOK], json_number_value(json_object_get(entry, "duration_ms")));
	table_measure(table, row);
}

static void table_print_row(const struct table *table, const struct row *row, struct strbuf *text)
{
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		size_t pad = table->widths[i] - cli_layout_columns(row->cells[i]);

		cli_layout_pad(text, (i ? GAP : 0) + (columns[i].number ? pad : 0));
		strbuf_add(text, row->cells[i]);
		cli_layout_pad(text, columns[i].number ? 0 : pad);
	}
	strbuf_add_char(text, '\n');
}

static void history_print(const json_t *entries)
{
	_cleanup_strbuf_ struct strbuf text = {};
	struct table table = {};
	struct row titles = {};
	const json_t *entry;
	size_t i;

	for (i = 0; i < COLUMN_COUNT; i++)
		snprintf(titles.cells[i], CELL_SIZE, "%s", columns[i].title);
	table_measure(&table, &titles);
	json_array_foreach(entries, i, entry) table_add(&table, entry);
	table_print_row(&table, &titles, &text);
	for (i = 0; i < table.count; i++) {
		table_print_row(&table, &table.items[i], &text);
		if (cli_is_verbose())
			entry_print_objects(json_array_get(entries, i), &text);
	}
	cli_print(text.text);
	vector_clear(&table);
}

static int history_run(struct cli *cli)
{
	json_t *params = NULL, *result = NULL;

	if (cli->options.limit) {
		_cleanup_free_ char *limit = memory_printf("%" PRIu64, cli->options.limit);
		params = json_pack("{s:s}", "limit", limit);
	}
	if (cli_client_ask(cli, "history", params, &result) < 0)
		return CLI_EXIT_ERROR;
	if (cli->options.format == CLI_FORMAT_JSON) {
		cli_print_json(result);
		return CLI_EXIT_GOOD;
	}
	const json_t *entries = json_object_get(result, "entries");
	if (json_array_size(entries))
		history_print(entries);
	else
		cli_note("poised has changed nothing yet");
	json_decref(result);
	return CLI_EXIT_GOOD;
}

static const struct cli_option options[] = {
	CLI_OPTION('n', "limit", NUMBER, limit, "N", "only the last N (20); 0 for all"),
};

const struct cli_command cli_command_history = {
	.name = "history",
	.usage = "",
	.summary = "list what poised changed when, from which files, and why",
	.description =
		"Lists what poised changed, the latest last: when, for which reason, under which "
		"revision of the\n"
		"files, how many objects were added (+), changed (~) and removed (-), failed, or "
		"had drifted.\n"
		"-v names the first of those objects.\n\n"
		"Exit status: 0, or 2 when poised does not run.\n",
	.options = options,
	.option_count = ARRAY_LENGTH(options),
	.formats = 1 << CLI_FORMAT_TEXT | 1 << CLI_FORMAT_JSON,
	.run = history_run,
};
