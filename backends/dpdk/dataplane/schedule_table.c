// SPDX-License-Identifier: GPL-2.0-or-later
/* Weights made into entries of a table, and entries put into an order.
 *
 * Dividing: shares are rounded so that what is lost at one member is found at the next (the sum of the
 * first n quotas is the rounded sum of their shares). What weighs so little that it might get nothing is
 * given one entry first, and stands aside. As the table has 16 entries for each member at least, that
 * takes a sixteenth of it at most, and a share of 16/15 entries of the whole table is one entry at least
 * of the rest: one pass is enough.
 *
 * Spreading: a member with q of n entries wants one in each n/q. Where in that stretch differs between
 * members of the same quota, which are spaced evenly among themselves; so equal members come in turn, in the
 * order of their places. Entries are put into the order of their wanted positions by counting, in time
 * proportional to n. */
#include <stdlib.h>

#include "backends/dpdk/dataplane/schedule.h"
#include "base/macros.h"
#include "base/memory.h"

/* Binary places of a position behind the point: with 2^20 entries and 2^17 phases, 61 bits. */
#define SCHEDULE_FRACTION 24

struct scheduler_table *schedule_table_new(uint32_t size)
{
	struct scheduler_table *table =
		memory_resize(NULL, 1, sizeof(*table) + (size_t)size * sizeof(table->entries[0]));

	table->references = 1;
	table->size = size;
	return table;
}

void schedule_weigh_kept(const struct service_image *image, uint16_t *weights)
{
	uint16_t least = UINT16_MAX;

	for (uint32_t i = 0; i < image->count; i++)
		if (image->members[i].weight)
			least = MIN(least, image->members[i].weight);
	for (uint32_t i = 0; i < image->count; i++)
		weights[i] = image->members[i].weight ? image->members[i].weight : least;
}

static uint64_t schedule_sum(const uint16_t *weights, uint32_t count)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < count; i++)
		sum += weights[i];
	return sum;
}

/* Gives one entry to each that weighs next to nothing; takes them out of *total and *size. */
static void schedule_divide_small(
	const uint16_t *weights, uint32_t count, uint64_t *total, uint32_t *size, uint32_t *quotas)
{
	uint64_t all = *total, entries = *size;

	for (uint32_t i = 0; i < count; i++) {
		quotas[i] = weights[i] && weights[i] * entries * 15 < all * 16;
		if (!quotas[i])
			continue;
		*total -= weights[i];
		*size -= 1;
	}
}

void schedule_divide(const uint16_t *weights, uint32_t count, uint32_t size, uint32_t *quotas)
{
	uint64_t total = schedule_sum(weights, count), passed = 0, given = 0;

	if (total == size) {
		for (uint32_t i = 0; i < count; i++)
			quotas[i] = weights[i];
		return;
	}
	schedule_divide_small(weights, count, &total, &size, quotas);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t until;

		if (quotas[i] || !weights[i])
			continue;
		passed += weights[i];
		until = passed * size / total;
		quotas[i] = (uint32_t)(until - given);
		given = until;
	}
}

/* Where the entries of one member want to stand. */
struct schedule_stretch {
	uint64_t position, step; /* with SCHEDULE_FRACTION binary places */
};

static struct schedule_stretch schedule_stretch_of(
	uint32_t size, uint32_t quota, uint32_t rank, uint32_t peers)
{
	uint64_t step = ((uint64_t)size << SCHEDULE_FRACTION) / quota;

	return (struct schedule_stretch){
		.position = step * (2 * (uint64_t)rank + 1) / (2 * (uint64_t)peers),
		.step = step,
	};
}

/* Calls for each entry of each member in turn: at its wanted place, ends[] moves on; the second time,
 * with `entries`, the member is written there. */
static void schedule_walk(const uint32_t *quotas, uint32_t count, uint32_t size,
	const uint32_t *peers, uint32_t *ranks, uint32_t *ends, uint16_t *entries)
{
	memset(ranks, 0, ((size_t)size + 1) * sizeof(*ranks));
	for (uint32_t i = 0; i < count; i++) {
		uint32_t quota = quotas[i];
		struct schedule_stretch stretch;

		if (!quota)
			continue;
		stretch = schedule_stretch_of(size, quota, ranks[quota]++, peers[quota]);
		for (uint32_t k = 0; k < quota; k++) {
			uint32_t *end = &ends[stretch.position >> SCHEDULE_FRACTION];

			if (entries)
				entries[*end] = (uint16_t)i;
			*end += 1;
			stretch.position += stretch.step;
		}
	}
}

void schedule_spread_quotas(const uint32_t *quotas, uint32_t count, uint16_t *entries)
{
	_cleanup_free_ uint32_t *peers = NULL, *ranks = NULL, *ends = NULL;
	uint32_t size = 0, before = 0;

	for (uint32_t i = 0; i < count; i++)
		size += quotas[i];
	peers = memory_new(((size_t)size + 1) * sizeof(*peers));
	ranks = memory_new(((size_t)size + 1) * sizeof(*ranks));
	ends = memory_new(((size_t)size + 1) * sizeof(*ends));
	for (uint32_t i = 0; i < count; i++)
		peers[quotas[i]]++;
	schedule_walk(quotas, count, size, peers, ranks, ends, NULL);
	for (uint32_t i = 0; i < size; i++) {
		uint32_t here = ends[i];

		ends[i] = before;
		before += here;
	}
	schedule_walk(quotas, count, size, peers, ranks, ends, entries);
}
