// SPDX-License-Identifier: GPL-2.0-or-later
/* What is due when: a binary heap of times, the earliest first. An entry knows its place, so that any of them can be moved or
 * taken out. Pure: whoever owns it owns the one timer of the loop that serves it.
 *
 *	struct probe { struct heap_entry due; … };	the first member, or found by its offset
 *	heap_set(&heap, &probe->due, now + interval);
 *	loop_timer_set(timer, heap_next(&heap)); */
#pragma once

#include <stdint.h>

#include "base/vector.h"

#define HEAP_NEVER UINT64_MAX

/* Lies in what is due. Starts zeroed; must be out of the heap before it is freed. */
struct heap_entry {
	uint64_t when;
	size_t place; /* in the heap, from 1; 0: it is not there */
};

struct heap_place {
	struct heap_entry *entry;
};

/* Starts zeroed. */
struct heap {
	VECTOR_OF(struct heap_place);
};

/* Puts the entry at that time, wherever it was; HEAP_NEVER takes it out. O(log n). */
void heap_set(struct heap *heap, struct heap_entry *entry, uint64_t when);
/* NULL: there is none. */
struct heap_entry *heap_first(const struct heap *heap);
uint64_t heap_next(const struct heap *heap); /* HEAP_NEVER: there is none */
/* Forgets the entries, which are their owners'. */
void heap_clear(struct heap *heap);
