// SPDX-License-Identifier: GPL-2.0-or-later
/* What virtual routers that are declared have otherwise than those that poised keeps. Pure: two lists in, and a list out.
 *
 * They are compared by name and by the keys of the file: by another name, it is another one here. */
#pragma once

#include <jansson.h>

#include "base/strbuf.h"
#include "base/vector.h"
#include "model/config.h"
#include "model/plan.h"

struct router_change {
	enum plan_verb verb; /* ADD, UPDATE, DELETE */
	const char *name;
	const json_t *before, *after; /* fields of router_to_json(), as far as there are any */
	/* UPDATE: a list of what differs, in the order of the manual.
	 *
	 *	{"key": "priority", "before": 100, "after": 200}	null: nothing, and no default
	 *	{"key": "addresses", "added": […], "removed": […]}
	 *	{"key": "routes", "before": […], "after": […], "reordered": true}
	 *	{"key": "authentication", "before": "set", "after": "set"}	another password
	 */
	json_t *changes;
};

/* An active one that has not all of its addresses, for a reason that stays. */
struct router_lack {
	const char *name, *family; /* "ipv4" */
	const char *trouble;
	json_int_t addresses, present;
};

/* Starts zeroed. Texts and fields are borrowed from both lists, to which it has references. */
struct router_diff {
	struct {
		VECTOR_OF(struct router_change);
	} changes; /* by name */
	struct {
		VECTOR_OF(struct router_lack);
	} lacks;
	size_t unproven; /* both have a password, and it was not told whether it is the same one */
	json_t *kept, *declared;
};

/* The routers of a configuration as a list of router_to_json(). A new reference. */
json_t *router_list(const struct config *config, const char *nonce);

/* Into an empty `ret`. `kept`: what poised answers (daemon/methods_routers.c), each as in router_list(), with "families"; what is no
 * router in it is passed over. O(n log n). */
void router_diff(json_t *kept, json_t *declared, struct router_diff *ret);

/* Whether there is a difference. */
bool router_diff_is_news(const struct router_diff *diff);

/* "vrrp edge priority 100 -> 200", "vrrp edge ipv4 lacks 1 of 2 addresses (…)": without a sign and the end of the line. Appends. */
void router_change_format(const struct router_change *change, struct strbuf *text);
void router_lack_format(const struct router_lack *lack, struct strbuf *text);

/* {"operations": […], "lacking": […]}. A new reference. */
json_t *router_diff_to_json(const struct router_diff *diff);

void router_diff_clear(struct router_diff *diff);

#define _cleanup_router_diff_ _cleanup_(router_diff_clear)
