// SPDX-License-Identifier: GPL-2.0-or-later
/* sh, dh, and how a hash is turned into a member.
 *
 * sh gives a client (its address; with sh-port its port, too) always the same member, by a table in which
 * members stand by weight; dh the same by the address that the client asked for. The table has HASH_ENTRIES,
 * or 16 for each member, so a member's share is off by less than one of them; members that weigh the
 * same need no table.
 *
 * A member of weight 0 keeps its clients, who are refused, as IPVS does; with the fallback flag they are
 * hashed again, a few times, and then given to whoever comes next: the same member each time, as long
 * as it can take them. For the table it weighs what the least of the others does: where weights are all
 * equal, no other client moves when one goes, and all are back when it comes again. */
#include "backends/dpdk/dataplane/schedule_hash.h"

#include <stdlib.h>

#include "base/macros.h"
#include "base/memory.h"

/* Of sh's table, where 16 for each member are not more. */
#define HASH_ENTRIES 1024u

/* Looks at other members, by hash, before it asks them in their order. */
#define HASH_TRIES 8

uint64_t schedule_hash_client(const struct flow_key *key, bool with_port)
{
	return schedule_hash(with_port ? key->source_port : 0, key->source);
}

static uint32_t hash_place(const struct service_image *image, uint64_t hash)
{
	if (!image->table_size)
		return schedule_scale(hash, image->count);
	return image->table[schedule_scale(hash, image->table_size)];
}

uint32_t schedule_hash_choose(const struct service_image *image, const struct scheduler_view *view,
	uint64_t hash, bool fall_back)
{
	uint32_t place;

	if (!image->total_weight)
		return SCHEDULER_NONE;
	place = hash_place(image, hash);
	if (scheduler_may_take(&image->members[place], view))
		return place;
	if (!fall_back)
		return SCHEDULER_NONE;
	for (unsigned int i = 1; i <= HASH_TRIES; i++) {
		place = hash_place(image, schedule_mix(hash + i));
		if (scheduler_may_take(&image->members[place], view))
			return place;
	}
	return schedule_any(image, view, place);
}

static struct scheduler_table *hash_prepare_sh(const struct service_image *image,
	const uint16_t *weights, const struct slot_table *slots _unused_,
	struct scheduler_store *store _unused_)
{
	_cleanup_free_ uint32_t *quotas = NULL;
	struct scheduler_table *table;
	bool alike = true;

	for (uint32_t i = 0; i < image->count; i++)
		alike &= weights[i] == weights[0];
	if (alike)
		return NULL;
	table = schedule_table_new(MAX(HASH_ENTRIES, 16 * image->count));
	quotas = memory_resize(NULL, image->count, sizeof(*quotas));
	schedule_divide(weights, image->count, table->size, quotas);
	schedule_spread_quotas(quotas, image->count, table->entries);
	return table;
}

static uint32_t hash_choose_sh(const struct service_image *image,
	struct scheduler_turn *turn _unused_, const struct scheduler_view *view,
	const struct flow_key *key)
{
	bool with_port = image->scheduler_flags & SCHEDULER_FLAG_SH_PORT;

	return schedule_hash_choose(image, view, schedule_hash_client(key, with_port),
		image->scheduler_flags & SCHEDULER_FLAG_SH_FALLBACK);
}

static uint32_t hash_choose_dh(const struct service_image *image,
	struct scheduler_turn *turn _unused_, const struct scheduler_view *view,
	const struct flow_key *key)
{
	return schedule_hash_choose(image, view, schedule_hash(0, key->destination), false);
}

const struct scheduler schedule_sh = {
	.name = "sh",
	.weigh = schedule_weigh_kept,
	.prepare = hash_prepare_sh,
	.choose = hash_choose_sh,
};

/* Without weights, and so without a table. */
const struct scheduler schedule_dh = {.name = "dh", .choose = hash_choose_dh};
