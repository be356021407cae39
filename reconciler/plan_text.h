// SPDX-License-Identifier: GPL-2.0-or-later
/* A plan for people. One line for each object: `+` will be added, `~` changed, `-` removed, `?` is
 * unmanaged and left alone; `!` marks what disrupts. Destinations stand indented under their
 * service, in key order, whatever order they will be carried out in. The last line counts. */
#pragma once

#include "model/plan.h"
#include "reconciler/memory.h"
#include "reconciler/router_diff.h"

struct plan_text_options {
	bool color;
	bool order;   /* print operations in the order of execution instead (-v) */
	uint64_t now; /* CLOCK_BOOTTIME ns, for the remaining time of drains */
	/* Live connections of draining destinations are looked up here; may be NULL. */
	const struct state *live;
	const struct memory *memory; /* its drains are listed; may be NULL */
	bool hold; /* a confirmation is awaited: what leaves the files goes when it comes */
	const struct router_diff *routers; /* lines of their own, and counted; may be NULL */
};

/* Appends. A plan without operations prints "No differences." and the notes and drains all the
 * same. */
void plan_format_text(
	const struct plan *plan, const struct plan_text_options *options, struct strbuf *text);

/* The lines of virtual routers alone, where there is no plan. Appends. */
void plan_format_routers(const struct plan_text_options *options, struct strbuf *text);

/* One operation on one line, without colour: "+ destination 10.0.0.1:80 of tcp://… nat weight 1".
 */
void plan_op_format(const struct plan_op *op, struct strbuf *text);

/* What an update changes, as there: "weight 7 -> 1"; nothing of other operations. */
void plan_op_format_changes(const struct plan_op *op, struct strbuf *text);
