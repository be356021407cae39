// SPDX-License-Identifier: GPL-2.0-or-later
/* The answer to `checks`: a line for each probe, what is wrong with it below. */
#include <inttypes.h>
#include <string.h>

#include "cli/ctl_text.h"
#include "cli/fields.h"
#include "cli/layout.h"

#define GAP         2
#define WHY_INDENT  2
#define TARGET_MOST 48

enum checks_state {
	CHECKS_STATE_UP,
	CHECKS_STATE_NEW,
	CHECKS_STATE_BEGINS, /* up as it began, and has not passed often enough to be known so */
	CHECKS_STATE_UNTRIED,
	CHECKS_STATE_FAILING,
	CHECKS_STATE_DOWN,
	CHECKS_STATE_COUNT,
};

static const struct {
	const char *name, *color;
} checks_states[CHECKS_STATE_COUNT] = {
	[CHECKS_STATE_UP] = {"up", NULL},
	[CHECKS_STATE_NEW] = {"not run yet", CLI_LAYOUT_DIM},
	[CHECKS_STATE_BEGINS] = {"up so far", CLI_LAYOUT_DIM},
	[CHECKS_STATE_UNTRIED] = {"not tried", CLI_LAYOUT_YELLOW},
	[CHECKS_STATE_FAILING] = {"failing", CLI_LAYOUT_YELLOW},
	[CHECKS_STATE_DOWN] = {"down", CLI_LAYOUT_RED},
};

static enum checks_state checks_state_of(const json_t *probe)
{
	if (!cli_field_is_set(probe, "up"))
		return CHECKS_STATE_DOWN;
	if (cli_field_is_set(probe, "failing"))
		return CHECKS_STATE_FAILING;
	if (cli_field_is_set(probe, "untried"))
		return CHECKS_STATE_UNTRIED;
	if (cli_field_is_set(probe, "settled"))
		return CHECKS_STATE_UP;
	return cli_field_is_set(probe, "ran") ? CHECKS_STATE_BEGINS : CHECKS_STATE_NEW;
}

struct checks_widths {
	size_t target, check;
};

static const char *field_or_unknown(const json_t *probe, const char *name)
{
	const char *text = cli_field_text(probe, name);

	return text ? text : "?";
}

static struct checks_widths checks_measure(const json_t *list)
{
	struct checks_widths widths = {};
	const json_t *probe;
	size_t i;

	json_array_foreach(list, i, probe)
	{
		size_t target = cli_layout_columns(field_or_unknown(probe, "target"));
		size_t check = cli_layout_columns(field_or_unknown(probe, "check"));

		widths.target = MAX(widths.target, target);
		widths.check = MAX(widths.check, check);
	}
	widths.target = MIN(widths.target, (size_t)TARGET_MOST);
	return widths;
}

static void add_cell(struct strbuf *text, const char *cell, size_t width)
{
	size_t columns = cli_layout_columns(cell);

	cli_layout_cut(text, cell, width);
	cli_layout_pad(text, GAP + (columns < width ? width - columns : 0));
}

static void add_why(const json_t *probe, size_t width, struct strbuf *text)
{
	const char *untried = cli_field_text(probe, "untried");
	enum checks_state state = checks_state_of(probe);
	/* It is kept after a failure that is over. */
	const char *reason = state == CHECKS_STATE_UNTRIED ? NULL : cli_field_text(probe, "reason");
	uint64_t rise = cli_field_number(probe, "rise");
	_cleanup_strbuf_ struct strbuf why = {};

	if (state == CHECKS_STATE_FAILING)
		strbuf_printf(&why, "%" PRIu64 " of %" PRIu64 "%s",
			cli_field_number(probe, "failures"), cli_field_number(probe, "fall"),
			reason ? ": " : "");
	if (cli_field_is_set(probe, "ran") && !cli_field_is_set(probe, "settled") &&
		state != CHECKS_STATE_FAILING && rise > 1)
		strbuf_printf(&why, "it has not passed %" PRIu64 " times in a row yet%s", rise,
			reason ? ": " : "");
	strbuf_add(&why, reason ? reason : "");
	if (untried && state != CHECKS_STATE_UNTRIED)
		strbuf_add(&why, why.length ? "; not tried: " : "not tried: ");
	strbuf_add(&why, untried ? untried : "");
	if (!why.length)
		return;
	cli_layout_pad(text, WHY_INDENT);
	cli_layout_wrap(text, WHY_INDENT, WHY_INDENT, why.text, width);
}

static void add_probe(const json_t *probe, const struct checks_widths *widths, size_t width,
	bool color, struct strbuf *text)
{
	enum checks_state state = checks_state_of(probe);
	const char *name = checks_states[state].name;
	_cleanup_strbuf_ struct strbuf line = {};

	add_cell(text, field_or_unknown(probe, "target"), widths->target);
	add_cell(text, field_or_unknown(probe, "check"), widths->check);
	cli_layout_paint(text, color && checks_states[state].color,
		checks_states[state].color ? checks_states[state].color : "", name);
	/* Who only begins to fail, or is not tried, has been up all the time. */
	if (state != CHECKS_STATE_FAILING && state != CHECKS_STATE_UNTRIED &&
		cli_field_is_set(probe, "since_ms_ago")) {
		strbuf_add(&line, " for ");
		cli_layout_span(&line, cli_field_number(probe, "since_ms_ago"));
	}
	/* What it said when it passed last is not what it has now. */
	if (state != CHECKS_STATE_DOWN && cli_field_is_set(probe, "weight"))
		strbuf_printf(&line, ", weight %" PRIu64, cli_field_number(probe, "weight"));
	strbuf_add(text, line.length ? line.text : "");
	strbuf_add_char(text, '\n');
	if (state != CHECKS_STATE_UP && state != CHECKS_STATE_NEW)
		add_why(probe, width, text);
}

void cli_ctl_format_checks(const json_t *checks, size_t width, bool color, struct strbuf *text)
{
	const json_t *list = json_object_get(checks, "list"), *probe;
	const struct checks_widths widths = checks_measure(list);
	size_t i;

	json_array_foreach(list, i, probe) add_probe(probe, &widths, width, color, text);
}
