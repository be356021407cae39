// SPDX-License-Identifier: GPL-2.0-or-later
/* The routes that virtual routers track: well while there is one to exactly that prefix in that table (vrrp/route_watch.h). */
#pragma once

#include "base/loop.h"
#include "daemon/track.h"

struct track_routes;

struct track_routes_options {
	struct loop *loop;
	struct track_list *list;    /* must outlive it */
	void (*looked)(void *data); /* items were looked at */
	void *data;
};

void track_routes_new(const struct track_routes_options *options, struct track_routes **ret);
/* NULL is allowed; returns NULL. */
struct track_routes *track_routes_free(struct track_routes *routes);

/* The list is another. */
void track_routes_want(struct track_routes *routes);
