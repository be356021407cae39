// SPDX-License-Identifier: GPL-2.0-or-later
/* The virtual routers of `poise status`: a line for each, and below it what is in its way.
 *
 *	VIRTUAL ROUTER  INTERFACE  VRID  STATE   PRIO  ADDR  SINCE     PEER            WHY
 *	edge IPv4       eth0         51  active   150   2/2  17:09:02  10.0.0.2 (100)  no advertisement was heard
 *
 * Half of a reason is none: where one does not fit, all have lines of their own, and the peers more room.
 *
 * Where there are many, those of which all is well are only counted. */
#include "cli/status_text.h"

#include <stdio.h>
#include <string.h>

#include "base/vector.h"
#include "cli/fields.h"
#include "cli/layout.h"
#include "vrrp/fsm.h"

#define ROUTERS_NAME_MOST  28u
#define ROUTERS_PEER_MOST  46u
#define ROUTERS_WHY_INDENT 4u

enum routers_column {
	ROUTERS_NAME,
	ROUTERS_INTERFACE,
	ROUTERS_VRID,
	ROUTERS_STATE,
	ROUTERS_PRIORITY,
	ROUTERS_ADDRESSES,
	ROUTERS_SINCE,
	ROUTERS_PEER,
	ROUTERS_WHY,
	ROUTERS_COLUMNS,
};

static const struct {
	const char *title;
	bool right;
} routers_columns[ROUTERS_COLUMNS] = {
	[ROUTERS_NAME] = {"VIRTUAL ROUTER", false},
	[ROUTERS_INTERFACE] = {"INTERFACE", false},
	[ROUTERS_VRID] = {"VRID", true},
	[ROUTERS_STATE] = {"STATE", false},
	[ROUTERS_PRIORITY] = {"PRIO", true},
	[ROUTERS_ADDRESSES] = {"ADDR", true},
	[ROUTERS_SINCE] = {"SINCE", false},
	[ROUTERS_PEER] = {"PEER", false},
	[ROUTERS_WHY] = {"WHY", false},
};

struct routers_row {
	char *cells[ROUTERS_COLUMNS];
	const json_t *json;  /* borrowed */
	const char *trouble; /* likewise */
	const char *state;
};

struct routers_rows {
	VECTOR_OF(struct routers_row);
};

static bool routers_are_well(const json_t *router)
{
	const char *state = cli_field_text(router, "state");

	return state && strcmp(state, "unknown") != 0 && !cli_field_is_set(router, "trouble") &&
	       !cli_field_is_set(router, "mixed");
}

static char *routers_peer(const json_t *router)
{
	const json_t *peer = json_object_get(router, "peer");
	const char *address = cli_field_text(peer, "address");

	if (!address)
		return memory_copy_string("-");
	return memory_printf("%s (%ju)", address, (uintmax_t)cli_field_number(peer, "priority"));
}

static char *routers_since(const json_t *router, time_t now)
{
	uint64_t since = cli_field_number(router, "since");
	_cleanup_strbuf_ struct strbuf text = {};

	if (!since)
		return memory_copy_string("-");
	cli_layout_time(&text, (time_t)since, now);
	return memory_copy_string(text.text);
}

/* Of a long one the name is cut: its two families are two rows. */
static char *routers_name(const json_t *router)
{
	const char *name = cli_field_text(router, "name"),
		   *family = cli_field_text(router, "family");
	_cleanup_strbuf_ struct strbuf text = {};

	cli_layout_cut(&text, name ? name : "?", ROUTERS_NAME_MOST - strlen(" IPv4"));
	strbuf_add(&text, family && strcmp(family, "ipv6") == 0 ? " IPv6" : " IPv4");
	return memory_copy_string(text.text);
}

static void routers_add(struct routers_rows *rows, const json_t *router, time_t now)
{
	struct routers_row *row = vector_append(rows);
	const char *interface = cli_field_text(router, "interface"),
		   *why = cli_field_text(router, "why");

	row->json = router;
	row->state = cli_status_router_state(cli_field_text(router, "state"));
	row->trouble = cli_field_text(router, "trouble");
	row->cells[ROUTERS_NAME] = routers_name(router);
	row->cells[ROUTERS_INTERFACE] = memory_copy_string(interface ? interface : "?");
	row->cells[ROUTERS_VRID] =
		memory_printf("%ju", (uintmax_t)cli_field_number(router, "vrid"));
	row->cells[ROUTERS_STATE] = memory_copy_string(row->state);
	row->cells[ROUTERS_PRIORITY] =
		memory_printf("%ju", (uintmax_t)cli_field_number(router, "priority"));
	row->cells[ROUTERS_ADDRESSES] =
		memory_printf("%ju/%ju", (uintmax_t)cli_field_number(router, "present"),
			(uintmax_t)cli_field_number(router, "addresses"));
	row->cells[ROUTERS_SINCE] = routers_since(router, now);
	row->cells[ROUTERS_PEER] = routers_peer(router);
	row->cells[ROUTERS_WHY] = memory_copy_string(why ? why : "");
}

static void routers_clear(struct routers_rows *rows)
{
	vector_foreach(rows, row)
		for (size_t i = 0; i < ROUTERS_COLUMNS; i++)
			free(row->cells[i]);
	vector_clear(rows);
}

static void routers_measure_column(
	const struct routers_rows *rows, size_t column, size_t widths[static ROUTERS_COLUMNS])
{
	widths[column] = strlen(routers_columns[column].title);
	vector_foreach(rows, row)
		widths[column] = MAX(widths[column], cli_layout_columns(row->cells[column]));
}

/* The last column is 0 where the line has no room for every reason. */
static void routers_measure(
	const struct routers_rows *rows, size_t width, size_t widths[static ROUTERS_COLUMNS])
{
	size_t used = 0;

	for (size_t i = 0; i < ROUTERS_COLUMNS; i++)
		routers_measure_column(rows, i, widths);
	widths[ROUTERS_NAME] = MIN(widths[ROUTERS_NAME], (size_t)ROUTERS_NAME_MOST);
	for (size_t i = 0; i < ROUTERS_WHY; i++)
		used += widths[i] + 2;
	if (used + widths[ROUTERS_WHY] <= width)
		return;
	widths[ROUTERS_WHY] = 0;
	widths[ROUTERS_PEER] = MIN(widths[ROUTERS_PEER], (size_t)ROUTERS_PEER_MOST);
}

/* How many columns the lines have. */
static size_t routers_shown(const size_t *widths)
{
	return widths[ROUTERS_WHY] ? ROUTERS_COLUMNS : ROUTERS_WHY;
}

static const char *routers_color(const struct routers_row *row)
{
	if (strcmp(row->state, vrrp_state_name(VRRP_STATE_ACTIVE)) == 0)
		return CLI_LAYOUT_GREEN;
	return strcmp(row->state, vrrp_state_name(VRRP_STATE_BACKUP)) == 0 ? "0" : CLI_LAYOUT_RED;
}

static void routers_add_cell(struct strbuf *text, bool color, const char *code, const char *cell,
	size_t width, bool right, bool last)
{
	_cleanup_strbuf_ struct strbuf cut = {};

	cli_layout_cut(&cut, cell, width);
	size_t columns = cut.length ? cli_layout_columns(cut.text) : 0;
	if (right)
		cli_layout_pad(text, width - columns);
	if (cut.length)
		cli_layout_paint(text, color && code, code ? code : "", cut.text);
	if (!right && !last)
		cli_layout_pad(text, width - columns);
	strbuf_add(text, last ? "\n" : "  ");
}

static void routers_add_row(
	const struct routers_row *row, const size_t *widths, bool color, struct strbuf *text)
{
	size_t shown = routers_shown(widths);

	for (size_t i = 0; i < shown; i++)
		routers_add_cell(text, color, i == ROUTERS_STATE ? routers_color(row) : NULL,
			row->cells[i], widths[i], routers_columns[i].right, i + 1 == shown);
}

static void routers_add_titles(const size_t *widths, bool color, struct strbuf *text)
{
	size_t shown = routers_shown(widths);

	for (size_t i = 0; i < shown; i++)
		routers_add_cell(text, color, CLI_LAYOUT_DIM, routers_columns[i].title, widths[i],
			routers_columns[i].right, i + 1 == shown);
}

static void routers_add_mark(const char *color, const char *words,
	const struct cli_status_view *view, struct strbuf *text)
{
	strbuf_add(text, "  ");
	cli_layout_paint(text, view->color, color, "!");
	strbuf_add_char(text, ' ');
	cli_layout_wrap(text, 4, 4, words, view->width);
}

/* Below the line, unless what stands there says it: the trouble, or with details the last change. */
static void routers_add_why(
	const struct routers_row *row, const struct cli_status_view *view, struct strbuf *text)
{
	const char *why = row->cells[ROUTERS_WHY];

	if (!*why || view->details || (row->trouble && strcmp(row->trouble, why) == 0))
		return;
	cli_layout_pad(text, ROUTERS_WHY_INDENT);
	strbuf_add(text, "why: ");
	cli_layout_wrap(text, ROUTERS_WHY_INDENT + strlen("why: "), ROUTERS_WHY_INDENT + 2, why,
		view->width);
}

/* That its peers are mixed is a trouble too, unless there is a worse one. */
static void routers_add_one(const struct routers_row *row, const size_t *widths,
	const struct cli_status_view *view, struct strbuf *text)
{
	routers_add_row(row, widths, view->color, text);
	if (!widths[ROUTERS_WHY])
		routers_add_why(row, view, text);
	if (row->trouble)
		routers_add_mark(CLI_LAYOUT_RED, row->trouble, view, text);
	else if (cli_field_is_set(row->json, "mixed"))
		routers_add_mark(CLI_LAYOUT_YELLOW,
			"its peers send checksums of both forms (RFC 9568, RFC 5798): set the same "
			"`checksum` on all",
			view, text);
	cli_status_format_router_track(row->json, view, text);
	if (view->details)
		cli_status_format_router_details(row->json, view, text);
}

void cli_status_format_routers(
	const json_t *status, const struct cli_status_view *view, struct strbuf *text)
{
	const json_t *routers = json_object_get(status, "routers"), *router;
	size_t i, count = json_array_size(routers), left = 0, widths[ROUTERS_COLUMNS];
	bool all = view->all || count <= view->services;
	struct routers_rows rows = {};

	if (!count)
		return;
	json_array_foreach(routers, i, router)
	{
		if (all || !routers_are_well(router))
			routers_add(&rows, router, view->now);
		else
			left++;
	}
	strbuf_add_char(text, '\n');
	if (rows.count) {
		routers_measure(&rows, view->width, widths);
		routers_add_titles(widths, view->color, text);
	}
	vector_foreach(&rows, row)
		routers_add_one(row, widths, view, text);
	if (left)
		strbuf_printf(text, "%zu virtual routers are well: `-v` shows all\n", left);
	routers_clear(&rows);
}
