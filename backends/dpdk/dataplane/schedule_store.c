// SPDX-License-Identifier: GPL-2.0-or-later
/* What the images of one transaction have in common: an open hash of those whose tables were made, by
 * what the tables were made from; and the last sequence of turns, for services that differ in their
 * destinations alone. */
#include <stdlib.h>

#include "backends/dpdk/dataplane/schedule.h"
#include "base/macros.h"
#include "base/memory.h"

struct store_place {
	struct service_image *image; /* a reference; NULL: nobody stands here */
	uint32_t hash;
};

struct scheduler_store {
	struct store_place *places; /* NULL: none at first */
	uint32_t count, mask;       /* images; places, less one */
	uint16_t *weights, *turns;  /* of the last sequence */
	uint32_t weight_count, turn_count;
};

struct scheduler_store *scheduler_store_new(void)
{
	return memory_new(sizeof(struct scheduler_store));
}

struct scheduler_store *scheduler_store_free(struct scheduler_store *store)
{
	if (!store)
		return NULL;
	for (uint32_t i = 0; store->places && i <= store->mask; i++)
		if (store->places[i].image)
			service_image_unref(store->places[i].image);
	free(store->places);
	free(store->weights);
	free(store->turns);
	free(store);
	return NULL;
}

static uint64_t store_hash_weights(const uint16_t *weights, uint32_t count)
{
	uint64_t hash = count;

	for (uint32_t i = 0; i < count; i++)
		hash = (hash ^ weights[i]) * UINT64_C(0x100000001b3);
	return schedule_mix(hash);
}

/* Of all that the table is made from: schedulers have few rows, so a name's first two letters will do. */
static uint32_t store_hash(
	const struct service_image *image, const uint16_t *weights, const struct slot_table *slots)
{
	const struct scheduler *scheduler = image->scheduler;
	uint64_t hash = store_hash_weights(weights, image->count) +
			(uint64_t)(scheduler->name[0] << 8 | scheduler->name[1]);

	for (uint32_t i = 0; scheduler->by_key && i < image->count; i++) {
		const struct slot *slot = &slots->slots[image->members[i].slot];

		hash = schedule_hash(hash + slot->port, slot->address);
	}
	return (uint32_t)(schedule_mix(hash) >> 32);
}

static struct store_place *store_empty(struct scheduler_store *store, uint32_t hash)
{
	uint32_t at = hash & store->mask;

	while (store->places[at].image)
		at = (at + 1) & store->mask;
	return &store->places[at];
}

struct scheduler_table *scheduler_store_find(struct scheduler_store *store,
	const struct service_image *image, const uint16_t *weights, const struct slot_table *slots)
{
	uint32_t hash = store_hash(image, weights, slots);

	if (!store->count)
		return NULL;
	for (uint32_t at = hash & store->mask;; at = (at + 1) & store->mask) {
		const struct store_place *place = &store->places[at];

		if (!place->image)
			return NULL;
		if (place->hash == hash &&
			scheduler_same_table(image, place->image, weights, slots))
			return place->image->shared;
	}
}

/* Twice as many places. */
static void store_grow(struct scheduler_store *store)
{
	struct store_place *old = store->places;
	uint32_t count = old ? store->mask + 1 : 0;

	store->mask = count ? 2 * count - 1 : 15;
	store->places = memory_new((store->mask + (size_t)1) * sizeof(*store->places));
	for (uint32_t i = 0; i < count; i++)
		if (old[i].image)
			*store_empty(store, old[i].hash) = old[i];
	free(old);
}

void scheduler_store_add(struct scheduler_store *store, struct service_image *image,
	const uint16_t *weights, const struct slot_table *slots)
{
	uint32_t hash = store_hash(image, weights, slots);

	if (!store->places || 2 * store->count > store->mask)
		store_grow(store);
	*store_empty(store, hash) = (struct store_place){service_image_ref(image), hash};
	store->count++;
}

const uint16_t *scheduler_store_turns(
	struct scheduler_store *store, const uint16_t *weights, uint32_t count, uint32_t size)
{
	_cleanup_free_ uint32_t *quotas = NULL;

	if (store->turn_count == size && store->weight_count == count &&
		memcmp(store->weights, weights, count * sizeof(*weights)) == 0)
		return store->turns;
	quotas = memory_resize(NULL, count, sizeof(*quotas));
	schedule_divide(weights, count, size, quotas);
	store->weights = memory_resize(store->weights, count, sizeof(*weights));
	memcpy(store->weights, weights, count * sizeof(*weights));
	store->weight_count = count;
	store->turns = memory_resize(store->turns, size, sizeof(*store->turns));
	schedule_spread_quotas(quotas, count, store->turns);
	store->turn_count = size;
	return store->turns;
}
