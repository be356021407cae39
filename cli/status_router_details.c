// SPDX-License-Identifier: GPL-2.0-or-later
/* What `poise status -v` says below the line of a virtual router:
 *
 *	source 10.0.0.1, every 1s; sent 412, heard 17; the peer was heard 2m 3s ago
 *	sends checksums as RFC 5798 says, and so does the peer
 *	not heard: 3 checksum, 1 ttl
 *	17:09:02  backup → active: no advertisement of 10.0.0.2 for 3.61 s
 *	17:01:44  stopped → backup: started */
#include "cli/status_text.h"

#include <stdio.h>
#include <string.h>

#include "cli/fields.h"
#include "cli/layout.h"
#include "model/units.h"
#include "vrrp/fsm.h"

#define DETAILS_INDENT 4u

static void details_add_line(
	const struct cli_status_view *view, const char *line, struct strbuf *text)
{
	cli_layout_pad(text, DETAILS_INDENT);
	cli_layout_wrap(text, DETAILS_INDENT, DETAILS_INDENT + 2, line, view->width);
}

static void details_add_count(struct strbuf *line, const json_t *router, const char *name,
	const char *before, const char *after)
{
	uint64_t count = cli_field_number(router, name);

	if (count)
		strbuf_printf(line, "%s%ju%s", before, (uintmax_t)count, after);
}

static void details_add_traffic(
	const json_t *router, const struct cli_status_view *view, struct strbuf *text)
{
	const char *source = cli_field_text(router, "source");
	const json_t *peer = json_object_get(router, "peer");
	_cleanup_strbuf_ struct strbuf line = {};

	if (source)
		strbuf_printf(&line, "source %s, ", source);
	strbuf_add(&line, "every ");
	units_format_duration(cli_field_number(router, "interval_ms") * UNITS_MILLISECOND, &line);
	strbuf_printf(&line, "; sent %ju", (uintmax_t)cli_field_number(router, "sent"));
	details_add_count(&line, router, "unsent", " (", " more could not be sent)");
	strbuf_printf(&line, ", heard %ju", (uintmax_t)cli_field_number(router, "heard"));
	details_add_count(&line, router, "own", ", ", " of its own came back");
	if (cli_field_is_set(router, "peer")) {
		strbuf_add(&line, "; the peer was heard ");
		cli_layout_span(&line, cli_field_number(peer, "heard_ms_ago"));
		strbuf_add(&line, " ago");
	}
	details_add_line(view, line.text, text);
}

static const char *details_form(const json_t *object)
{
	const char *form = cli_field_text(object, "checksum");

	return !form ? NULL : strcmp(form, "rfc5798") == 0 ? "RFC 5798" : "RFC 9568";
}

/* Of version 3 over IPv6 there is nothing to say: it has one form, and no other version. */
static void details_add_forms(
	const json_t *router, const struct cli_status_view *view, struct strbuf *text)
{
	const char *own = details_form(router),
		   *peer = details_form(json_object_get(router, "peer"));
	_cleanup_strbuf_ struct strbuf line = {};

	if (cli_field_number(router, "version") == 2)
		details_add_line(view, "speaks version 2, whose checksums have one form", text);
	if (!own)
		return;
	strbuf_printf(&line, "sends checksums as %s says", own);
	if (peer && strcmp(own, peer) == 0)
		strbuf_add(&line, ", and so does the peer");
	else if (peer)
		strbuf_printf(&line, "; the peer as %s", peer);
	details_add_line(view, line.text, text);
}

static void details_add_rejected(
	const json_t *router, const struct cli_status_view *view, struct strbuf *text)
{
	_cleanup_strbuf_ struct strbuf line = {};
	const json_t *count;
	const char *reason;

	json_object_foreach((json_t *)json_object_get(router, "rejected"), reason,
		count) strbuf_printf(&line, "%s%ju %s",
		line.length ? ", " : "not heard: ", (uintmax_t)json_integer_value(count), reason);
	if (line.length)
		details_add_line(view, line.text, text);
}

const char *cli_status_router_state(const char *state)
{
	if (!state)
		return "?";
	return strcmp(state, vrrp_state_name(VRRP_STATE_INITIALIZE)) == 0 ? "stopped" : state;
}

static void details_add_changes(
	const json_t *router, const struct cli_status_view *view, struct strbuf *text)
{
	const json_t *change;
	size_t i;

	json_array_foreach(json_object_get(router, "changes"), i, change)
	{
		const char *why = cli_field_text(change, "why");
		_cleanup_strbuf_ struct strbuf line = {};

		cli_layout_time(&line, (time_t)cli_field_number(change, "at"), view->now);
		strbuf_printf(&line, "  %s → %s%s%s",
			cli_status_router_state(cli_field_text(change, "from")),
			cli_status_router_state(cli_field_text(change, "to")), why ? ": " : "",
			why ? why : "");
		details_add_line(view, line.text, text);
	}
}

void cli_status_format_router_details(
	const json_t *router, const struct cli_status_view *view, struct strbuf *text)
{
	/* Of one that nobody speaks of only the past is known. */
	if (cli_field_number(router, "interval_ms")) {
		details_add_traffic(router, view, text);
		details_add_forms(router, view, text);
	}
	details_add_rejected(router, view, text);
	details_add_changes(router, view, text);
}
