// SPDX-License-Identifier: GPL-2.0-or-later
/* mh: Maglev hashing (Eisenbud et al., NSDI 2016, §3.4).
 *
 * Each member has an order of preference over the table's entries, which its destination's address and port
 * give and nothing else does. Members take turns, each taking the first entry of its order that
 * is still free, until the table is full. So members have as many entries as they had turns; and one
 * that comes or goes moves little more than its own share of clients, whichever others are there.
 * As the orders, the turns (which follow from the keys' order and the weights) and the hash of clients
 * are fixed functions, all nodes with the same destinations give a client the same one, whatever
 * happened to them before.
 *
 * The size is a prime, so that every step through the table comes by all entries. It is one of a few,
 * far apart: another size moves nearly every client, and that must not be the price of one more
 * destination. It is at least 100 times the number of members, as far as there are sizes; from there on
 * shares are less even, 16 entries for a member at worst. What moves beyond one's own share grows with
 * the members' number for a size: three clients in two hundred at ten members, five at twenty.
 *
 * Members of weight 0 stand in the table (schedule_weigh_kept()); what becomes of their clients is
 * said in schedule_hash.c. */
#include <stdlib.h>

#include "backends/dpdk/dataplane/maglev.h"
#include "backends/dpdk/dataplane/schedule_hash.h"
#include "base/macros.h"
#include "base/memory.h"

/* The largest primes below 2^11, 2^13 … 2^19, and 2^20. A larger least one would move fewer clients, but
 * a transaction may change thousands of services, and each table takes its 5 ns an entry. */
static const uint32_t maglev_sizes[] = {2039, 8191, 32749, 131071, 524287, 1048573};

#define MAGLEV_ENTRIES_PER_MEMBER 100

static uint32_t maglev_size(uint32_t count)
{
	size_t i = 0;

	while (i + 1 < ARRAY_LENGTH(maglev_sizes) &&
		maglev_sizes[i] < (uint64_t)count * MAGLEV_ENTRIES_PER_MEMBER)
		i++;
	return maglev_sizes[i];
}

static struct maglev_way maglev_way_of(const struct slot *slot, uint32_t size)
{
	uint64_t hash = schedule_hash((uint64_t)slot->port << 8 | slot->family, slot->address);

	return (struct maglev_way){
		.first = schedule_scale(hash, size),
		.step = 1 + schedule_scale(schedule_mix(hash + 1), size - 1),
	};
}

static struct scheduler_table *maglev_prepare(const struct service_image *image,
	const uint16_t *weights, const struct slot_table *slots, struct scheduler_store *store)
{
	uint32_t size = maglev_size(image->count);
	_cleanup_free_ struct maglev_way *ways = memory_resize(NULL, image->count, sizeof(*ways));
	struct scheduler_table *table = schedule_table_new(size);

	for (uint32_t i = 0; i < image->count; i++)
		ways[i] = maglev_way_of(&slots->slots[image->members[i].slot], size);
	maglev_fill(ways, image->count, scheduler_store_turns(store, weights, image->count, size),
		size, table->entries);
	return table;
}

static uint32_t maglev_choose(const struct service_image *image,
	struct scheduler_turn *turn _unused_, const struct scheduler_view *view,
	const struct flow_key *key)
{
	bool with_port = image->scheduler_flags & SCHEDULER_FLAG_MH_PORT;

	return schedule_hash_choose(image, view, schedule_hash_client(key, with_port),
		image->scheduler_flags & SCHEDULER_FLAG_MH_FALLBACK);
}

const struct scheduler schedule_mh = {
	.name = "mh",
	.weigh = schedule_weigh_kept,
	.by_key = true,
	.prepare = maglev_prepare,
	.choose = maglev_choose,
};
