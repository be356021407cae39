// SPDX-License-Identifier: GPL-2.0-or-later
/* An answer to `status`, as text. Pure. Nothing of the answer is trusted to be there. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <time.h>

#include "base/memory.h"
#include "base/strbuf.h"

struct cli_status_view {
	size_t width;    /* columns of a line, at most */
	size_t services; /* with more than this many, only those that are not ok are shown */
	bool all;        /* show all of them however many */
	bool machine;    /* show what is not of services: the data plane */
	bool details;    /* and more of each virtual router */
	bool color;
	time_t now;
};

/* Head and table. Appends. */
void cli_status_format(
	const json_t *status, const struct cli_status_view *view, struct strbuf *text);

/* The table of virtual routers, if there are any (status_routers.c). */
void cli_status_format_routers(
	const json_t *status, const struct cli_status_view *view, struct strbuf *text);
/* What one of them tracks (status_track.c). */
void cli_status_format_router_track(
	const json_t *router, const struct cli_status_view *view, struct strbuf *text);

/* What more there is to know of one (status_router_details.c). */
void cli_status_format_router_details(
	const json_t *router, const struct cli_status_view *view, struct strbuf *text);
/* RFC 9568 calls it Initialize; a person wants to know that it does not run. */
const char *cli_status_router_state(const char *state);

/* What poise-dataplane counts, if it is the backend (status_dataplane.c). */
void cli_status_format_dataplane(
	const json_t *status, const struct cli_status_view *view, struct strbuf *text);

/* The table of services alone (status_table.c). */
void cli_status_format_services(
	const json_t *status, const struct cli_status_view *view, struct strbuf *text);
