// SPDX-License-Identifier: GPL-2.0-or-later
/* A virtual router as JSON, as `status` shows it. */
#pragma once

#include "base/strbuf.h"
#include "daemon/routing.h"

/* One object. `now`: CLOCK_BOOTTIME ns. Appends. Passwords are not among what is known of a router here. */
void router_text_write(const struct routing_router *router, uint64_t now, struct strbuf *text);

/* "active", "backup", "initialize", or "unknown" where nobody says. */
const char *router_state_text(const struct routing_router *router);
