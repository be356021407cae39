// SPDX-License-Identifier: GPL-2.0-or-later
/* What poise-dataplane counts, in `poise status`: its ports, its workers, and what it dropped and why.
 *
 *	PORT  LINK  IN/S  OUT/S  PACKETS IN  PACKETS OUT  LOST
 *	wan   up     12k    11k        1.2M         1.1M     0
 *
 *	WORKER  BUSY  PACKETS/S  NEW/S  CONNECTIONS  FLOWS
 *	0         7%        23k    210         1.9k    312
 *
 *	DROPPED      PACKETS  BY
 *	not-opening       12  worker 0 */
#include "cli/status_text.h"

#include <stdio.h>
#include <string.h>

#include "base/vector.h"
#include "cli/fields.h"
#include "cli/layout.h"

#define DATAPLANE_COLUMNS_MOST 8
/* Of each table, unless all is asked for. */
#define DATAPLANE_ROWS_MOST 12

struct dataplane_column {
	const char *title; /* NULL: there is none */
	bool right;
	/* The cell, which the caller frees. */
	char *(*cell)(const json_t *object);
};

struct dataplane_table {
	const char *list; /* in the answer */
	const char *what; /* one of them */
	struct dataplane_column columns[DATAPLANE_COLUMNS_MOST];
};

/* Cells. */

static char *cell_number(const json_t *object, const char *name)
{
	char text[CLI_LAYOUT_NUMBER_SIZE];

	return memory_copy_string(cli_layout_number(cli_field_number(object, name), text));
}

#define CELL_NUMBER(name)                                                                          \
	static char *cell_##name(const json_t *object)                                             \
	{                                                                                          \
		return cell_number(object, #name);                                                 \
	}

CELL_NUMBER(packets_in_per_second)
CELL_NUMBER(packets_out_per_second)
CELL_NUMBER(packets_in)
CELL_NUMBER(packets_out)
CELL_NUMBER(packets_per_second)
CELL_NUMBER(connections_per_second)
CELL_NUMBER(connections)
CELL_NUMBER(flows)
CELL_NUMBER(packets)

static char *cell_text(const json_t *object, const char *name)
{
	const char *text = cli_field_text(object, name);

	return memory_copy_string(text ? text : "?");
}

static char *cell_name(const json_t *object)
{
	return cell_text(object, "name");
}

static char *cell_reason(const json_t *object)
{
	return cell_text(object, "reason");
}

static char *cell_by(const json_t *object)
{
	return cell_text(object, "by");
}

static char *cell_link(const json_t *object)
{
	return memory_copy_string(cli_field_number(object, "up") ? "up" : "down");
}

/* Whatever came to the port and went no further, or could not leave by it. */
static char *cell_lost(const json_t *object)
{
	static const char *const names[] = {"missed", "errors_in", "errors_out", "no_buffer"};
	char text[CLI_LAYOUT_NUMBER_SIZE];
	uint64_t sum = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		sum += cli_field_number(object, names[i]);
	return memory_copy_string(cli_layout_number(sum, text));
}

static char *cell_busy(const json_t *object)
{
	return memory_printf("%ju%%", (uintmax_t)cli_field_number(object, "busy_percent"));
}

static const struct dataplane_table dataplane_tables[] = {
	{"ports", "port",
		{
			{"PORT", false, cell_name},
			{"LINK", false, cell_link},
			{"IN/S", true, cell_packets_in_per_second},
			{"OUT/S", true, cell_packets_out_per_second},
			{"PACKETS IN", true, cell_packets_in},
			{"PACKETS OUT", true, cell_packets_out},
			{"LOST", true, cell_lost},
		}},
	{"workers", "worker",
		{
			{"WORKER", false, cell_name},
			{"BUSY", true, cell_busy},
			{"PACKETS/S", true, cell_packets_per_second},
			{"NEW/S", true, cell_connections_per_second},
			{"CONNECTIONS", true, cell_connections},
			{"FLOWS", true, cell_flows},
		}},
	{"drops", "reason",
		{
			{"DROPPED", false, cell_reason},
			{"PACKETS", true, cell_packets},
			{"BY", false, cell_by},
		}},
};

/* The sum for that reason, borrowed, or NULL. */
static json_t *find_sum(const json_t *sums, const char *reason)
{
	json_t *sum;
	size_t i;

	json_array_foreach(
		sums, i, sum) if (strcmp(cli_field_text(sum, "reason"), reason) == 0) return sum;
	return NULL;
}

static void add_drop(json_t *sums, const char *reason, const char *by, uint64_t packets)
{
	json_t *sum = find_sum(sums, reason);

	if (!sum) {
		json_array_append_new(sums, json_pack("{s:s, s:s, s:I}", "reason", reason, "by", by,
						    "packets", (json_int_t)packets));
		return;
	}
	_cleanup_free_ char *all = memory_printf("%s, %s", cli_field_text(sum, "by"), by);
	json_object_set_new(sum, "by", json_string(all));
	packets += cli_field_number(sum, "packets");
	json_object_set_new(sum, "packets", json_integer((json_int_t)packets));
}

/* What is dropped for one reason, by all who do. A new reference. */
static json_t *sum_drops(const json_t *drops)
{
	json_t *sums = json_array();
	const json_t *drop;
	size_t i;

	json_array_foreach(drops, i, drop)
	{
		const char *reason = cli_field_text(drop, "reason"),
			   *by = cli_field_text(drop, "by");
		uint64_t packets = cli_field_number(drop, "packets");

		if (packets && reason && by)
			add_drop(sums, reason, by, packets);
	}
	return sums;
}

/* Tables. */

struct dataplane_row {
	char *cells[DATAPLANE_COLUMNS_MOST];
};

struct dataplane_rows {
	VECTOR_OF(struct dataplane_row);
};

static size_t count_columns(const struct dataplane_table *table)
{
	size_t count = 0;

	while (count < DATAPLANE_COLUMNS_MOST && table->columns[count].title)
		count++;
	return count;
}

static void add_cell(struct strbuf *text, const struct dataplane_column *column, bool color,
	const char *cell, size_t width, bool last)
{
	_cleanup_strbuf_ struct strbuf cut = {};

	cli_layout_cut(&cut, cell, width);
	size_t columns = cut.length ? cli_layout_columns(cut.text) : 0;
	if (column->right)
		cli_layout_pad(text, width - columns);
	if (cut.length)
		cli_layout_paint(text, color, CLI_LAYOUT_DIM, cut.text);
	if (!column->right && !last)
		cli_layout_pad(text, width - columns);
	strbuf_add(text, last ? "\n" : "  ");
}

/* The last column has what is left of the line. */
static void measure(const struct dataplane_table *table, const struct dataplane_rows *rows,
	size_t width, size_t widths[static DATAPLANE_COLUMNS_MOST])
{
	size_t count = count_columns(table), used = 0;

	for (size_t i = 0; i < count; i++) {
		widths[i] = strlen(table->columns[i].title);
		vector_foreach(rows, row)
			widths[i] = MAX(widths[i], cli_layout_columns(row->cells[i]));
		if (i + 1 == count && used < width)
			widths[i] = MIN(widths[i], width - used);
		used += widths[i] + 2;
	}
}

static void add_rows(const struct dataplane_table *table, const struct dataplane_rows *rows,
	const struct cli_status_view *view, struct strbuf *text)
{
	size_t count = count_columns(table), widths[DATAPLANE_COLUMNS_MOST] = {};

	measure(table, rows, view->width, widths);
	for (size_t i = 0; i < count; i++)
		add_cell(text, &table->columns[i], view->color, table->columns[i].title, widths[i],
			i + 1 == count);
	vector_foreach(rows, row)
		for (size_t i = 0; i < count; i++)
			add_cell(text, &table->columns[i], false, row->cells[i], widths[i],
				i + 1 == count);
}

static void add_table(const struct dataplane_table *table, const json_t *list,
	const struct cli_status_view *view, struct strbuf *text)
{
	size_t i, count = json_array_size(list), columns = count_columns(table);
	size_t most = view->all ? count : MIN(count, (size_t)DATAPLANE_ROWS_MOST);
	struct dataplane_rows rows = {};

	if (!count)
		return;
	for (i = 0; i < most; i++) {
		struct dataplane_row *row = vector_append(&rows);

		for (size_t column = 0; column < columns; column++)
			row->cells[column] = table->columns[column].cell(json_array_get(list, i));
	}
	strbuf_add_char(text, '\n');
	add_rows(table, &rows, view, text);
	if (count > most)
		strbuf_printf(
			text, "… and %zu more %ss: `-v` shows all\n", count - most, table->what);
	vector_foreach(&rows, row)
		for (size_t column = 0; column < columns; column++)
			free(row->cells[column]);
	vector_clear(&rows);
}

void cli_status_format_dataplane(
	const json_t *status, const struct cli_status_view *view, struct strbuf *text)
{
	const json_t *dataplane = json_object_get(status, "dataplane");
	const char *error = cli_field_text(dataplane, "error");
	json_t *drops = sum_drops(json_object_get(dataplane, "drops"));

	if (error) {
		_cleanup_free_ char *line =
			memory_printf("what the data plane counts cannot be had: %s", error);

		strbuf_add_char(text, '\n');
		cli_layout_paint(text, view->color, CLI_LAYOUT_YELLOW, "!");
		strbuf_add_char(text, ' ');
		cli_layout_wrap(text, 2, 2, line, view->width);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(dataplane_tables); i++) {
		const struct dataplane_table *table = &dataplane_tables[i];
		const json_t *list = strcmp(table->list, "drops") == 0
					     ? drops
					     : json_object_get(dataplane, table->list);

		add_table(table, list, view, text);
	}
	json_decref(drops);
}
