// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/heap.h"

static void heap_put(struct heap *heap, size_t place, struct heap_entry *entry)
{
	heap->items[place - 1].entry = entry;
	entry->place = place;
}

static void heap_up(struct heap *heap, struct heap_entry *entry)
{
	size_t place = entry->place;

	while (place > 1 && heap->items[place / 2 - 1].entry->when > entry->when) {
		heap_put(heap, place, heap->items[place / 2 - 1].entry);
		place /= 2;
	}
	heap_put(heap, place, entry);
}

static void heap_down(struct heap *heap, struct heap_entry *entry)
{
	size_t place = entry->place, child;

	for (; (child = place * 2) <= heap->count; place = child) {
		if (child < heap->count &&
			heap->items[child].entry->when < heap->items[child - 1].entry->when)
			child++;
		if (heap->items[child - 1].entry->when >= entry->when)
			break;
		heap_put(heap, place, heap->items[child - 1].entry);
	}
	heap_put(heap, place, entry);
}

static void heap_remove(struct heap *heap, struct heap_entry *entry)
{
	struct heap_entry *last = heap->items[--heap->count].entry;

	if (last != entry) {
		heap_put(heap, entry->place, last);
		heap_up(heap, last);
		heap_down(heap, last);
	}
	entry->place = 0;
}

void heap_set(struct heap *heap, struct heap_entry *entry, uint64_t when)
{
	entry->when = when;
	if (when == HEAP_NEVER) {
		if (entry->place)
			heap_remove(heap, entry);
		return;
	}
	if (!entry->place) {
		vector_append(heap)->entry = entry;
		entry->place = heap->count;
	}
	heap_up(heap, entry);
	heap_down(heap, entry);
}

struct heap_entry *heap_first(const struct heap *heap)
{
	return heap->count ? heap->items[0].entry : NULL;
}

uint64_t heap_next(const struct heap *heap)
{
	return heap->count ? heap->items[0].entry->when : HEAP_NEVER;
}

void heap_clear(struct heap *heap)
{
	vector_clear(heap);
}
