// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/subset.h"

void subset_declared(const struct declared *whole, const struct service_key *keys, size_t count,
	struct declared *ret)
{
	ret->backend = whole->backend;
	ret->prune = whole->prune;
	ret->max_delete = whole->max_delete;
	for (size_t i = 0; i < count; i++) {
		const struct declared_service *found = declared_find_service(whole, &keys[i]);

		if (found)
			vector_push(&ret->services, *found);
	}
}

void subset_state(
	const struct state *whole, const struct service_key *keys, size_t count, struct state *ret)
{
	for (size_t i = 0; i < count; i++) {
		const struct service *found = state_find_service(whole, &keys[i]);

		if (found)
			vector_push(&ret->services, *found);
	}
}

/* The first drain that is not of a service before `key`. */
static size_t subset_first_drain(const struct memory *memory, const struct service_key *key)
{
	size_t low = 0, high = memory->drains.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (service_key_compare(&memory->drains.items[middle].service, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void subset_memory(const struct memory *whole, const struct service_key *keys, size_t count,
	struct memory *ret)
{
	for (size_t i = 0; i < count; i++) {
		const struct memory_service *owned = memory_find_owned(whole, &keys[i]);

		if (owned)
			vector_push(&ret->owned, *owned);
		for (size_t d = subset_first_drain(whole, &keys[i]); d < whole->drains.count; d++) {
			const struct memory_drain *drain = &whole->drains.items[d];

			if (service_key_compare(&drain->service, &keys[i]) != 0)
				break;
			vector_push(&ret->drains, *drain);
		}
	}
}

void subset_declared_clear(struct declared *subset)
{
	vector_clear(&subset->services);
}

void subset_state_clear(struct state *subset)
{
	vector_clear(&subset->services);
}

void subset_memory_clear(struct memory *subset)
{
	vector_clear(&subset->owned);
	vector_clear(&subset->drains);
}

/* Moves on in sorted keys to the first that is not before `key`; whether it is that key. */
static bool subset_reaches(
	const struct service_key **at, const struct service_key *end, const struct service_key *key)
{
	while (*at < end && service_key_compare(*at, key) < 0)
		(*at)++;
	return *at < end && service_key_compare(*at, key) == 0;
}

static void subset_put_owned(
	struct memory *whole, const struct service_key *keys, size_t count, struct memory *part)
{
	__typeof__(whole->owned) merged = {};
	const struct service_key *at = keys;
	struct memory_service *new = part->owned.items, *new_end = new + part->owned.count;

	vector_reserve(&merged, whole->owned.count + part->owned.count);
	vector_foreach(&whole->owned, old) {
		while (new < new_end && service_compare(new, old) <= 0)
			vector_push(&merged, *new ++);
		if (subset_reaches(&at, keys + count, &old->key))
			free(old->name);
		else
			vector_push(&merged, *old);
	}
	while (new < new_end)
		vector_push(&merged, *new ++);
	vector_clear(&whole->owned);
	whole->owned = merged;
}

static void subset_put_drains(
	struct memory *whole, const struct service_key *keys, size_t count, struct memory *part)
{
	__typeof__(whole->drains) merged = {};
	const struct service_key *at = keys;
	const struct memory_drain *new = part->drains.items, *new_end = new + part->drains.count;

	vector_reserve(&merged, whole->drains.count + part->drains.count);
	vector_foreach(&whole->drains, old) {
		while (new < new_end && memory_drain_compare(new, old) <= 0)
			vector_push(&merged, *new ++);
		if (!subset_reaches(&at, keys + count, &old->service))
			vector_push(&merged, *old);
	}
	while (new < new_end)
		vector_push(&merged, *new ++);
	vector_clear(&whole->drains);
	whole->drains = merged;
}

void subset_memory_put(
	struct memory *whole, const struct service_key *keys, size_t count, struct memory *part)
{
	subset_put_owned(whole, keys, count, part);
	subset_put_drains(whole, keys, count, part);
	vector_clear(&part->owned);
	vector_clear(&part->drains);
}
