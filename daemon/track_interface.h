// SPDX-License-Identifier: GPL-2.0-or-later
/* The interfaces that virtual routers track: their own process sees them, acts on what it sees, and says so (MESSAGE_VRRP_LINKS), so
 * that it can be shown beside what is found out here. Well while it is up and has a carrier. Pure. */
#pragma once

#include "daemon/messages.h"
#include "daemon/track.h"

/* -EBADMSG: something in it is no interface, or none of its states; nothing of it counts. */
int track_interfaces_hear(struct track_list *list, const struct message_vrrp_links *message,
	size_t size, uint64_t now);
/* Nobody sees them any more: they are what they were. */
void track_interfaces_miss(struct track_list *list);
