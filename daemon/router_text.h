// SPDX-License-Identifier: GPL-2.0-or-later
/* A virtual router as JSON, as `status` shows it. */
#pragma once

#include "base/strbuf.h"
#include "daemon/routing.h"
#include "daemon/track.h"

/* One object. `track`: what the virtual routers of the files track, or NULL. `now`: CLOCK_BOOTTIME ns. Appends. Passwords are not among what is known of a router here. */
void router_text_write(const struct routing_router *router, const struct track_list *track,
	uint64_t now, struct strbuf *text);

/* Whether something is in its way, or nobody says what it is. */
bool router_is_troubled(const struct routing_router *router);

/* "rfc9568", "rfc5798"; NULL: neither, or there is but one for it. */
const char *router_checksum_text(const struct routing_router *router, uint8_t checksum);

/* "active", "backup", "initialize", or "unknown" where nobody says. */
const char *router_state_text(const struct routing_router *router);
