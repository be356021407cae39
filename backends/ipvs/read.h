// SPDX-License-Identifier: GPL-2.0-or-later
/* The live state, right although the kernel's dumps are not.
 *
 * IPVS walks its hash table by position and takes its lock anew for each part of a dump, so entries
 * that others add or delete meanwhile make it skip or repeat entries, and it never says so. The
 * dump of a missing service's destinations is empty, not an error. Only three things are exact: a
 * dump that came in one part with room to spare, IPVS_CMD_GET_SERVICE by key, and what the older
 * interface lists (sockopt.h), which knows less. So a read is a dump that such a list confirms, else
 * dumps that must agree, and what is in scope and was not seen is asked for by key. */
#pragma once

#include "backends/backend.h"
#include "backends/ipvs/genl.h"

/* backend_ops.read over netlink: *ret sorted, each object once. 0 or -errno; *ret is to be cleared
 * by the caller in either case. -EAGAIN: the destinations of a service in scope changed in every
 * try. */
int ipvs_read_state(struct ipvs_genl *genl, const struct backend_scope *scope, struct state *ret);

/* One service by key, without its destinations. -ESRCH when there is none. */
int ipvs_read_service(struct ipvs_genl *genl, const struct service_key *key, struct service *ret);

/* The destinations of one service, into an empty vector (cleared by the caller in either case),
 * sorted, each once. Of a missing service: none. -EAGAIN: every try differed; *ret is the last. */
int ipvs_read_destinations(
	struct ipvs_genl *genl, const struct service_key *key, struct destination_vector *ret);

/* The running sync daemons, appended. */
int ipvs_read_daemons(struct ipvs_genl *genl, struct sync_vector *ret);
