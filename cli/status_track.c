// SPDX-License-Identifier: GPL-2.0-or-later
/* What a virtual router tracks, below its line in `poise status`: what is not well, counts, or counts
 * for want of better; with -v all of it.
 *
 *	track: script /usr/local/bin/x: exit status 1 for 3s: priority -20
 *	track: process named: it does not run for 2m3s: it makes the router unfit */
#include "cli/status_text.h"

#include <string.h>

#include "cli/fields.h"
#include "cli/layout.h"
#include "model/units.h"

#define TRACK_INDENT 4u

static bool track_is_worth_a_line(const json_t *tracked, bool all)
{
	const char *state = cli_field_text(tracked, "state");
	json_int_t priority = json_integer_value(json_object_get(tracked, "priority"));

	return all || cli_field_is_set(tracked, "fault") || priority ||
	       cli_field_is_set(tracked, "untried") || cli_field_is_set(tracked, "amiss") ||
	       (state && strcmp(state, "well") != 0);
}

static void track_add_since(const json_t *tracked, struct strbuf *line)
{
	uint64_t ms = cli_field_number(tracked, "for_ms");

	if (!cli_field_is_set(tracked, "for_ms"))
		return;
	strbuf_add(line, cli_field_is_set(tracked, "untried") ? "; it is as it was for " : " for ");
	units_format_duration((ms < 1000 ? ms : ms / 1000 * 1000) * UNITS_MILLISECOND, line);
}

static void track_add_line(
	const json_t *tracked, const struct cli_status_view *view, struct strbuf *text)
{
	const char *kind = cli_field_text(tracked, "kind"), *name = cli_field_text(tracked, "name");
	const char *words = cli_field_text(tracked, "words");
	json_int_t priority = json_integer_value(json_object_get(tracked, "priority"));
	bool fault = cli_field_is_set(tracked, "fault");
	_cleanup_strbuf_ struct strbuf line = {};

	strbuf_printf(&line, ": %s %s: %s", kind ? kind : "?", name ? name : "?",
		words ? words : "nothing is known of it yet");
	track_add_since(tracked, &line);
	if (fault)
		strbuf_add(&line, ": it makes the router unfit");
	else if (priority)
		strbuf_printf(&line, ": priority %+" JSON_INTEGER_FORMAT, priority);
	cli_layout_pad(text, TRACK_INDENT);
	cli_layout_paint(text, view->color && (fault || priority < 0),
		fault ? CLI_LAYOUT_RED : CLI_LAYOUT_YELLOW, "track");
	cli_layout_wrap(
		text, TRACK_INDENT + strlen("track"), TRACK_INDENT + 2, line.text, view->width);
}

void cli_status_format_router_track(
	const json_t *router, const struct cli_status_view *view, struct strbuf *text)
{
	const json_t *tracked;
	size_t i;

	json_array_foreach(json_object_get(router, "track"), i, tracked)
	{
		if (track_is_worth_a_line(tracked, view->all))
			track_add_line(tracked, view, text);
	}
}
