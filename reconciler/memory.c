// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/memory.h"

#include <errno.h>

#include "model/units.h"

static const char *const drain_reason_names[DRAIN_REASON_COUNT] = {
	[DRAIN_REASON_REMOVED] = "removed",
	[DRAIN_REASON_DECLARED] = "declared",
	[DRAIN_REASON_OPERATOR] = "operator",
	[DRAIN_REASON_FALLBACK] = "fallback",
	[DRAIN_REASON_UNTESTED] = "untested",
};

const char *drain_reason_name(enum drain_reason reason)
{
	return (size_t)reason < DRAIN_REASON_COUNT ? drain_reason_names[reason] : "?";
}

int drain_reason_from_name(const char *name)
{
	for (int i = 0; i < DRAIN_REASON_COUNT; i++)
		if (strcmp(drain_reason_names[i], name) == 0)
			return i;
	return -EINVAL;
}

bool drain_reason_is_of_files(enum drain_reason reason)
{
	return reason == DRAIN_REASON_REMOVED || reason == DRAIN_REASON_DECLARED ||
	       reason == DRAIN_REASON_UNTESTED;
}

uint64_t drain_seconds_left(const struct memory_drain *drain, uint64_t now)
{
	uint64_t from = MAX(now, drain->since);

	return drain->deadline > from ? (drain->deadline - from + UNITS_SECOND - 1) / UNITS_SECOND
				      : 0;
}

int memory_drain_compare(const void *a, const void *b)
{
	const struct memory_drain *left = a, *right = b;
	int order = service_key_compare(&left->service, &right->service);

	return order ? order : destination_key_compare(&left->destination, &right->destination);
}

struct memory_service *memory_find_owned(const struct memory *memory, const struct service_key *key)
{
	return vector_find(&memory->owned, key, service_compare);
}

struct memory_drain *memory_find_drain(const struct memory *memory,
	const struct service_key *service, const struct destination_key *destination)
{
	struct memory_drain key = {.service = *service, .destination = *destination};

	return vector_find(&memory->drains, &key, memory_drain_compare);
}

static void memory_add_owned(struct memory *to, const struct memory_service *service)
{
	struct memory_service *copy = vector_append(&to->owned);

	*copy = *service;
	copy->name = memory_copy_string(service->name);
}

static void memory_copy_drains(struct memory *to, const struct memory *from)
{
	vector_reserve(&to->drains, from->drains.count);
	vector_foreach(&from->drains, drain)
		vector_push(&to->drains, *drain);
}

void memory_copy(struct memory *to, const struct memory *from)
{
	*to = (struct memory){};
	vector_reserve(&to->owned, from->owned.count);
	vector_foreach(&from->owned, service)
		memory_add_owned(to, service);
	memory_copy_drains(to, from);
}

void memory_union(struct memory *to, const struct memory *a, const struct memory *b)
{
	size_t i = 0, j = 0;

	*to = (struct memory){};
	while (i < a->owned.count && j < b->owned.count) {
		const struct memory_service *left = &a->owned.items[i];
		const struct memory_service *right = &b->owned.items[j];
		int order = service_key_compare(&left->key, &right->key);

		memory_add_owned(to, order < 0 ? left : right);
		i += order <= 0;
		j += order >= 0;
	}
	for (; i < a->owned.count; i++)
		memory_add_owned(to, &a->owned.items[i]);
	for (; j < b->owned.count; j++)
		memory_add_owned(to, &b->owned.items[j]);
	memory_copy_drains(to, b);
}

static bool memory_service_equal(const struct memory_service *a, const struct memory_service *b)
{
	if (service_key_compare(&a->key, &b->key) != 0 || a->drain != b->drain ||
		a->quorum_lost != b->quorum_lost || !a->name != !b->name)
		return false;
	return !a->name || strcmp(a->name, b->name) == 0;
}

static bool memory_drain_equal(const struct memory_drain *a, const struct memory_drain *b)
{
	return memory_drain_compare(a, b) == 0 && a->since == b->since &&
	       a->deadline == b->deadline && a->reason == b->reason;
}

bool memory_equal(const struct memory *a, const struct memory *b)
{
	if (a->owned.count != b->owned.count || a->drains.count != b->drains.count)
		return false;
	for (size_t i = 0; i < a->owned.count; i++)
		if (!memory_service_equal(&a->owned.items[i], &b->owned.items[i]))
			return false;
	for (size_t i = 0; i < a->drains.count; i++)
		if (!memory_drain_equal(&a->drains.items[i], &b->drains.items[i]))
			return false;
	return true;
}

void memory_clear(struct memory *memory)
{
	vector_foreach(&memory->owned, service)
		free(service->name);
	vector_clear(&memory->owned);
	vector_clear(&memory->drains);
}
