// SPDX-License-Identifier: GPL-2.0-or-later
/* Persistence: a client's new connections go where its last one went.
 *
 * A template says which slot the clients of one prefix have at one service, until when. Clients of one
 * prefix may be owned by different workers, so templates belong to all of them: shards, each with a
 * lock that is held for a few dozen instructions. They are asked only for a new connection of a
 * persistent service, never for a packet of one that is known.
 *
 * A template is void when its slot is no member of the service's image any more, or has another
 * incarnation, or weight 0 (IPVS with expire_quiescent_template=1). A new connection begins its time
 * anew; and it does not end while connections of the client live, which is why each visit of such a
 * connection (expiry.h) extends it. So it may last EXPIRY_SPAN longer than its time-out says.
 *
 * The number of templates is bounded. Connections that find no room are scheduled without one, and
 * counted. What has expired is removed by whoever meets it, and by the attendant's sweeps. */
#pragma once

#include <stdint.h>

#include "backends/dpdk/dataplane/flow.h"
#include "backends/dpdk/dataplane/generation.h"
#include "backends/dpdk/dataplane/scheduler.h"
#include "base/error.h"

struct persistence;

struct persistence_counts {
	uint32_t used, limit;
	uint64_t refused; /* connections without a template, for want of room */
};

/* Room for `limit` templates at least, which name slots below `slots`: chance fills the shards of a large
 * table, which get a quarter more, unevenly. -ENOMEM with words. */
int persistence_new(uint32_t limit, uint32_t slots, struct persistence **ret, struct error *error);
/* NULL is allowed. */
void persistence_free(struct persistence *persistence);

/* The choice for a new connection of a persistent image: as its client's template says, else as the
 * scheduler does, which is then remembered. A place in image->members or SCHEDULER_NONE. `now` in
 * ticks of expiry.h. */
uint32_t persistence_choose(struct persistence *persistence, const struct service_image *image,
	struct scheduler_turn *turn, const struct scheduler_view *view, const struct flow_key *key,
	uint32_t now);

/* A connection of this client lives: its template does, until it is visited again. `key` is that of
 * its requests, `slot` and `incarnation` are its own. */
void persistence_extend(struct persistence *persistence, const struct service_image *image,
	const struct flow_key *key, uint32_t slot, uint16_t incarnation, uint32_t now);

/* Removes what has expired from the next `heads` places of the table, at most once around. How many
 * templates went. One thread at a time. */
unsigned int persistence_sweep(struct persistence *persistence, uint32_t now, unsigned int heads);

/* How many templates name this incarnation of a slot, those that expired and were not met yet among them. Any
 * thread; costs a load. */
uint32_t persistence_count_slot(
	const struct persistence *persistence, uint32_t slot, uint16_t incarnation);

void persistence_count(struct persistence *persistence, struct persistence_counts *ret);
