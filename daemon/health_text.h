// SPDX-License-Identifier: GPL-2.0-or-later
/* Health as `status`, `checks` and `facts` show it: in words, and as members of JSON. */
#pragma once

#include "daemon/engine.h"
#include "reconciler/resolve.h"

/* What health makes of one service, for as long as the engine does not run. Starts zeroed; used for one service after
 * another, and cleared at the end. */
struct health_view {
	const struct engine *engine;
	const struct declared_service *service; /* NULL: it is not declared */
	uint64_t now;                           /* CLOCK_BOOTTIME ns */
	struct resolve_output output;
};

void health_view_fill(struct health_view *view, const struct engine *engine,
	const struct declared_service *service, uint64_t now);
void health_view_clear(struct health_view *view);

bool health_view_lost_quorum(const struct health_view *view);
/* In the table as it was seen last; whether it is to serve, the output says. */
bool health_view_fallback_serves(const struct health_view *view);
bool health_view_doubts(const struct health_view *view); /* resolve_doubts_checks() */

/* Of one of its destinations; without one (NULL) it serves, and nothing is known. In: it must be there, if with weight 0. */
bool health_view_is_in(
	const struct health_view *view, const struct declared_destination *destination);
enum resolution_role health_view_role(
	const struct health_view *view, const struct declared_destination *destination);
/* It serves, and gets nobody, for its checks pass and one says weight 0. */
bool health_view_is_weightless(
	const struct health_view *view, const struct declared_destination *destination);
bool health_view_is_down(
	const struct health_view *view, const struct declared_destination *destination);
bool health_view_is_failing(
	const struct health_view *view, const struct declared_destination *destination);
bool health_view_is_untried(
	const struct health_view *view, const struct declared_destination *destination);
/* What there is to say of it: "down 12s: connect: refused", "failing 1/3: …", "weight 3 of 10"; of several checks each by its name: "check web
 * down 12s: …; check tls failing 1/3: …". Appends. */
void health_view_say(const struct health_view *view, const struct declared_destination *destination,
	struct strbuf *why);

/* Members of an open object. */
void health_text_quorum(const struct health_view *view, struct strbuf *text);
void health_text_destination(const struct health_view *view,
	const struct declared_destination *destination, struct strbuf *text);
void health_text_totals(const struct engine *engine, struct strbuf *text);
void health_text_notified(const struct engine *engine, struct strbuf *text);

/* A probe with all that is known of it, as an object. */
void health_text_probe(const struct engine_probe *probe, uint64_t now, struct strbuf *text);
