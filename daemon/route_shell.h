// SPDX-License-Identifier: GPL-2.0-or-later
/* Virtual routers in the reconciler's process: what stands between its engine and routing.h, with the timer that this needs.
 *
 *	route_shell_turn()	after each turn of the engine: other files, the table filled
 *	route_shell_message()	what the supervisor brings; what is not about virtual routers is ignored */
#pragma once

#include "daemon/engine.h"
#include "daemon/routing.h"

struct channel;
struct loop;
struct route_shell;

struct route_shell_options {
	struct loop *loop;
	struct channel *channel;     /* to the supervisor */
	struct engine *engine;       /* told of roles and moves */
	void (*changed)(void *data); /* the engine wants a turn */
	void *data;
};

/* What it is given must outlive it. -errno. */
int route_shell_new(const struct route_shell_options *options, struct route_shell **ret);
/* NULL is allowed; returns NULL. */
struct route_shell *route_shell_free(struct route_shell *shell);

void route_shell_turn(struct route_shell *shell);
void route_shell_message(
	struct route_shell *shell, uint16_t kind, const void *payload, size_t size);
