// SPDX-License-Identifier: GPL-2.0-or-later
/* From a hash to a member: what sh, dh and mh have in common. */
#pragma once

#include "backends/dpdk/dataplane/schedule.h"

/* Of a client's address, and of its port if that counts. */
uint64_t schedule_hash_client(const struct flow_key *key, bool with_port);

/* The member at this hash, in the image's table if it has one. If that may not take a connection:
 * another one, by further hashes, or SCHEDULER_NONE. */
uint32_t schedule_hash_choose(const struct service_image *image, const struct scheduler_view *view,
	uint64_t hash, bool fall_back);
