// SPDX-License-Identifier: GPL-2.0-or-later
/* The files' virtual routers for an engine of a test, with somebody at the other end who takes every plan, and tells what the test
 * says. The engine is told of roles and troubles. */
#pragma once

#include "daemon/engine.h"
#include "daemon/routing.h"

struct routes {
	struct engine *engine;
	struct routing *routing;
	uint64_t generation; /* in force */
	uint32_t pieces;
};

/* Its process runs, and keeps those of the engine's files. */
void routes_open(struct routes *routes, struct engine *engine);
/* The files are others. */
void routes_want(struct routes *routes);
/* It says that one of them is so; `router` and the generation are filled in. */
void routes_tell(struct routes *routes, const char *name, const struct message_vrrp_state *state);
void routes_tell_stats(struct routes *routes, const struct message_vrrp_stats *stats);
/* The supervisor has removed so often what a process left. */
void routes_tell_cleared(struct routes *routes, uint64_t count);
void routes_gone(struct routes *routes);
void routes_close(struct routes *routes);
