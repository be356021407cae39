// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of `poise status`: services, and their destinations indented below.
 *
 * It is gone through twice by the same walk: once to learn how wide the columns are, once to print. An address is never
 * cut; where it leaves no room for the other columns, they stand on a line of their own below it. */
#include <stdio.h>
#include <string.h>

#include "cli/fields.h"
#include "cli/layout.h"
#include "cli/status_text.h"

enum column {
	COLUMN_STATE,
	COLUMN_METHOD, /* of scheduling, of forwarding */
	COLUMN_WEIGHT,
	COLUMN_ACTIVE,
	COLUMN_INACTIVE,
	COLUMN_CONNECTION_RATE,
	COLUMN_RATE_IN,
	COLUMN_RATE_OUT,
	COLUMN_COUNT,
};

static const struct {
	const char *title;
	bool number; /* stands to the right */
} columns[COLUMN_COUNT] = {
	[COLUMN_STATE] = {.title = "STATE"},
	[COLUMN_METHOD] = {.title = "METHOD"},
	[COLUMN_WEIGHT] = {"WEIGHT", true},
	[COLUMN_ACTIVE] = {"ACTIVE", true},
	[COLUMN_INACTIVE] = {"INACT", true},
	[COLUMN_CONNECTION_RATE] = {"CONN/S", true},
	[COLUMN_RATE_IN] = {"IN/S", true},
	[COLUMN_RATE_OUT] = {"OUT/S", true},
};

/* States that are not `ok`, and their colour. */
static const struct {
	const char *state, *color;
} state_colors[] = {
	{"missing", CLI_LAYOUT_RED},
	{"failed", CLI_LAYOUT_RED},
	{"differs", CLI_LAYOUT_YELLOW},
	{"foreign", CLI_LAYOUT_YELLOW},
	{"leaving", CLI_LAYOUT_YELLOW},
	{"draining", CLI_LAYOUT_YELLOW},
	{"drained", CLI_LAYOUT_YELLOW},
	{"unmanaged", CLI_LAYOUT_DIM},
	{"down", CLI_LAYOUT_RED},
	{"no-quorum", CLI_LAYOUT_RED},
	{"unusable", CLI_LAYOUT_RED},
	{"failing", CLI_LAYOUT_YELLOW},
	{"untried", CLI_LAYOUT_YELLOW},
	{"kept", CLI_LAYOUT_YELLOW},
	{"climbing", CLI_LAYOUT_YELLOW},
	{"standby", CLI_LAYOUT_YELLOW},
	{"fallback", CLI_LAYOUT_YELLOW},
	{"spare", CLI_LAYOUT_DIM},
};

#define FIRST_TITLE   "SERVICE / DESTINATION"
#define GAP           2
#define CELL_SIZE     CLI_LAYOUT_NUMBER_SIZE
#define INDENT        2
#define NAME_LEAST    8  /* columns of a service's name, or it is not worth showing */
#define SERVICES_MOST 50 /* that are not ok, unless all is asked for */

struct row {
	size_t indent;
	const char *object;  /* a listener or a destination's address */
	const char *name;    /* of a service, or NULL */
	const char *state;   /* for its colour */
	const char *why;     /* or NULL */
	bool idle;           /* out, as it should be: its service stands by */
	uint64_t drain_ends; /* in how many ms; 0: nothing drains */
	char cells[COLUMN_COUNT][CELL_SIZE];
};

/* One of the two passes. */
struct walk {
	const json_t *status;
	const struct cli_status_view *view;
	bool brief; /* only what is not ok */
	void (*row)(struct walk *walk, const struct row *row);
	void (*remark)(struct walk *walk, size_t indent, size_t count, const char *words);
	size_t widths[COLUMN_COUNT];
	size_t first; /* width of the first column */
	struct strbuf *text;
};

/* As it should be; a fallback that is not needed is out, as it should be. */
static bool is_ok(const json_t *object)
{
	const char *state = cli_field_text(object, "state");

	return state && (strcmp(state, "ok") == 0 || strcmp(state, "spare") == 0);
}

/* A service that is out while its virtual router is not active; and its destinations, which would serve. */
static bool is_idle(const json_t *service, const json_t *object)
{
	const char *of_service = cli_field_text(service, "state");
	const char *state = cli_field_text(object, "state");

	return of_service && state && strcmp(of_service, "standby") == 0 &&
	       strcmp(state, "standby") == 0;
}

/* Nothing to look at: as it should be, or not ours. */
static bool service_is_quiet(const json_t *service)
{
	const char *state = cli_field_text(service, "state");
	const json_t *destination;
	size_t i;

	if (state && strcmp(state, "unmanaged") == 0)
		return true;
	if (!is_ok(service) && !is_idle(service, service))
		return false;
	json_array_foreach(json_object_get(service, "destinations"), i,
		destination) if (!is_ok(destination) &&
				 !is_idle(service, destination)) return false;
	return true;
}

static void cell_number(struct row *row, enum column column, const json_t *object, const char *name)
{
	if (cli_field_is_set(object, name))
		cli_layout_number(cli_field_number(object, name), row->cells[column]);
}

static void cell_text(struct row *row, enum column column, const json_t *object, const char *name)
{
	const char *text = cli_field_text(object, name);

	snprintf(row->cells[column], CELL_SIZE, "%s", text ? text : "");
	for (char *byte = row->cells[column]; *byte; byte++)
		if (*byte < ' ' || *byte > '~')
			*byte = '?';
}

/* What is not there has no counts, and zeros would say that it had. */
static bool is_absent(const char *state)
{
	static const char *const states[] = {"missing", "drained", "spare"};

	for (size_t i = 0; state && i < ARRAY_LENGTH(states); i++)
		if (strcmp(state, states[i]) == 0)
			return true;
	return false;
}

static void row_fill(struct row *row, const json_t *object, const char *name_field)
{
	const char *name = cli_field_text(object, name_field);

	row->object = name ? name : "?";
	row->state = cli_field_text(object, "state");
	row->why = cli_field_text(object, "why");
	cell_text(row, COLUMN_STATE, object, "state");
	if (row->idle || is_absent(row->state))
		return;
	cell_number(row, COLUMN_ACTIVE, object, "active");
	cell_number(row, COLUMN_INACTIVE, object, "inactive");
	cell_number(row, COLUMN_CONNECTION_RATE, object, "connection_rate");
}

/* A weight is never shortened. */
static void walk_destination(struct walk *walk, const json_t *service, const json_t *destination)
{
	struct row row = {.indent = INDENT, .idle = is_idle(service, destination)};

	row_fill(&row, destination, "address");
	row.drain_ends = cli_field_number(destination, "drain_ends_ms");
	cell_text(&row, COLUMN_METHOD, destination, "forward");
	if (cli_field_is_set(destination, "weight"))
		snprintf(row.cells[COLUMN_WEIGHT], CELL_SIZE, "%ju",
			(uintmax_t)cli_field_number(destination, "weight"));
	walk->row(walk, &row);
}

static void walk_service(struct walk *walk, const json_t *service)
{
	struct row row = {
		.name = cli_field_text(service, "name"), .idle = is_idle(service, service)};
	const json_t *destination;
	size_t i, quiet = 0;

	row_fill(&row, service, "listen");
	cell_text(&row, COLUMN_METHOD, service, "scheduler");
	if (!row.idle && !is_absent(row.state)) {
		cell_number(&row, COLUMN_RATE_IN, service, "byte_rate_in");
		cell_number(&row, COLUMN_RATE_OUT, service, "byte_rate_out");
	}
	walk->row(walk, &row);
	json_array_foreach(json_object_get(service, "destinations"), i, destination)
	{
		if (walk->brief && (is_ok(destination) || is_idle(service, destination)))
			quiet++;
		else
			walk_destination(walk, service, destination);
	}
	if (quiet)
		walk->remark(walk, INDENT, quiet, "more destination%s ok");
}

static void walk_services(struct walk *walk)
{
	size_t i, shown = 0, quiet = 0, left = 0;
	const json_t *service;

	json_array_foreach(json_object_get(walk->status, "services"), i, service)
	{
		if (walk->brief && service_is_quiet(service))
			quiet++;
		else if (walk->brief && shown >= SERVICES_MOST)
			left++;
		else {
			shown++;
			walk_service(walk, service);
		}
	}
	if (left)
		walk->remark(walk, 0, left, "more service%s not ok");
	if (quiet)
		walk->remark(walk, 0, quiet, shown ? "more service%s ok" : "service%s ok");
}

static void measure_row(struct walk *walk, const struct row *row)
{
	size_t width = row->indent + cli_layout_columns(row->object);

	if (row->name)
		width += 1 + cli_layout_columns(row->name);
	walk->first = MAX(walk->first, width);
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		size_t cell = strlen(row->cells[i]);
		walk->widths[i] = MAX(walk->widths[i], cell);
	}
}

static void measure_remark(_unused_ struct walk *walk, _unused_ size_t indent,
	_unused_ size_t count, _unused_ const char *words)
{
}

/* Behind `gap` spaces. */
static void print_cells(
	struct walk *walk, size_t gap, const char cells[COLUMN_COUNT][CELL_SIZE], const char *color)
{
	size_t last = COLUMN_COUNT;

	while (last && !*cells[last - 1])
		last--;
	cli_layout_pad(walk->text, last ? gap : 0);
	for (size_t i = 0; i < last; i++) {
		size_t pad = walk->widths[i] - strlen(cells[i]);

		cli_layout_pad(walk->text, GAP + (columns[i].number ? pad : 0));
		if (i == COLUMN_STATE && color)
			cli_layout_paint(walk->text, walk->view->color, color, cells[i]);
		else
			strbuf_add(walk->text, cells[i]);
		if (!columns[i].number && i + 1 < last)
			cli_layout_pad(walk->text, pad);
	}
	strbuf_add_char(walk->text, '\n');
}

static const char *color_of(const struct row *row)
{
	if (row->idle)
		return CLI_LAYOUT_DIM;
	for (size_t i = 0; row->state && i < ARRAY_LENGTH(state_colors); i++)
		if (strcmp(state_colors[i].state, row->state) == 0)
			return state_colors[i].color;
	return NULL;
}

/* Listener and name, or address; how many columns that took. A name gives way before its listener does. */
static size_t print_object(struct walk *walk, const struct row *row)
{
	size_t room = walk->first - row->indent;
	size_t object = cli_layout_columns(row->object),
	       name = row->name ? cli_layout_columns(row->name) : 0;

	if (object > room || (name && object + 1 + MIN(name, (size_t)NAME_LEAST) > room))
		room = walk->view->width - row->indent;
	cli_layout_pad(walk->text, row->indent);
	cli_layout_cut(walk->text, row->object, room);
	if (!name || object + 1 >= room)
		return row->indent + MIN(object, room);
	strbuf_add_char(walk->text, ' ');
	size_t start = walk->text->length;
	cli_layout_cut(walk->text, row->name, room - object - 1);
	if (walk->view->color) {
		_cleanup_free_ char *shown = memory_copy_string(walk->text->text + start);

		walk->text->length = start;
		cli_layout_paint(walk->text, true, CLI_LAYOUT_BOLD, shown);
	}
	return row->indent + object + 1 + MIN(name, room - object - 1);
}

static void print_why(struct walk *walk, const struct row *row)
{
	_cleanup_strbuf_ struct strbuf why = {};
	size_t indent = row->indent + INDENT;

	if (row->why)
		strbuf_add(&why, row->why);
	if (row->drain_ends) {
		strbuf_printf(&why, "%sgoes in ", why.length ? "; " : "");
		cli_layout_span(&why, row->drain_ends);
		strbuf_add(&why, " at the latest");
	}
	if (!why.length)
		return;
	cli_layout_pad(walk->text, indent);
	cli_layout_wrap(walk->text, indent, indent, why.text, walk->view->width);
}

static void print_row(struct walk *walk, const struct row *row)
{
	size_t used = print_object(walk, row);

	if (used > walk->first) {
		strbuf_add_char(walk->text, '\n');
		used = 0;
	}
	print_cells(walk, walk->first - used, row->cells, color_of(row));
	print_why(walk, row);
}

/* `words` has one %s, for what makes it plural. */
static void print_remark(struct walk *walk, size_t indent, size_t count, const char *words)
{
	const char *place = strstr(words, "%s");
	_cleanup_free_ char *line = memory_printf("%zu %.*s%s %s%s", count, (int)(place - words),
		words, count == 1 ? "" : "s", count == 1 ? "is" : "are", place + 2);

	cli_layout_pad(walk->text, indent);
	cli_layout_paint(walk->text, walk->view->color, CLI_LAYOUT_DIM, line);
	strbuf_add_char(walk->text, '\n');
}

/* The first column gets what the others leave. */
static void walk_fit(struct walk *walk)
{
	size_t others = 0;

	for (size_t i = 0; i < COLUMN_COUNT; i++)
		others += GAP + walk->widths[i];
	size_t room = walk->view->width > others ? walk->view->width - others : 0;
	walk->first = MAX(MIN(walk->first, room), strlen(FIRST_TITLE));
}

static void print_titles(struct walk *walk)
{
	char cells[COLUMN_COUNT][CELL_SIZE];

	for (size_t i = 0; i < COLUMN_COUNT; i++)
		snprintf(cells[i], CELL_SIZE, "%s", columns[i].title);
	strbuf_printf(walk->text, "%-*s", (int)walk->first, FIRST_TITLE);
	print_cells(walk, 0, (const char(*)[CELL_SIZE])cells, NULL);
}

void cli_status_format_services(
	const json_t *status, const struct cli_status_view *view, struct strbuf *text)
{
	size_t count = json_array_size(json_object_get(status, "services"));
	struct walk walk = {
		.status = status,
		.view = view,
		.brief = count > view->services && !view->all,
		.row = measure_row,
		.remark = measure_remark,
		.text = text,
	};

	if (!count)
		return;
	walk_services(&walk);
	strbuf_add_char(text, '\n');
	if (walk.first) {
		for (size_t i = 0; i < COLUMN_COUNT; i++)
			walk.widths[i] = MAX(walk.widths[i], strlen(columns[i].title));
		walk_fit(&walk);
		print_titles(&walk);
	}
	walk.row = print_row;
	walk.remark = print_remark;
	walk_services(&walk);
}
