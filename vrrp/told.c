// SPDX-License-Identifier: GPL-2.0-or-later
/* A sorted array: in a flood it is searched for each datagram, and changes at most TOLD_MOST times
 * an hour. It has no hash that a stranger could choose addresses for. */
#include "vrrp/told.h"

#include <string.h>

#include "base/vector.h"

static int told_compare(const void *a, const void *b)
{
	const struct told_key *left = a, *right = b;
	int order = COMPARE(left->cause, right->cause);

	if (!order)
		order = COMPARE(left->vrid, right->vrid);
	return order ? order : address_compare(&left->peer, &right->peer);
}

static void told_add(struct told *told, const struct told_key *key, size_t at)
{
	memmove(&told->keys[at + 1], &told->keys[at], (told->count - at) * sizeof(*told->keys));
	told->keys[at] = *key;
	told->count++;
}

enum told_answer told_ask(struct told *told, const struct told_key *key, uint64_t now)
{
	if (told->full && now - told->full >= TOLD_FOR_NS)
		told->count = told->full = 0;
	size_t at = vector_after_(key, told->keys, told->count, sizeof(*told->keys), told_compare);
	if (at > 0 && told_compare(key, &told->keys[at - 1]) == 0)
		return TOLD_ALREADY;
	if (told->full) {
		told->refused++;
		return TOLD_FULL;
	}
	told_add(told, key, at);
	if (told->count < TOLD_MOST)
		return TOLD_NEW;
	told->full = now;
	return TOLD_LAST;
}

void told_forget(struct told *told, uint8_t vrid)
{
	size_t kept = 0;

	for (size_t i = 0; i < told->count; i++)
		if (told->keys[i].vrid != vrid)
			told->keys[kept++] = told->keys[i];
	told->count = kept;
	if (kept < TOLD_MOST)
		told->full = 0;
}
