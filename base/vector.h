// SPDX-License-Identifier: GPL-2.0-or-later
/* Growing arrays, and sorted ones.
 *
 * The whole project keeps its state in sorted vectors with a total order on keys: loading is O(n
 *log n), a lookup is a binary search, a comparison of two states is a linear merge. A vector is any
 *struct that holds VECTOR_OF(type); it starts zeroed and owns its items' memory, not what the items
 *point to.
 *
 *	struct numbers { VECTOR_OF(int); } numbers = {};
 *	vector_push(&numbers, 3);
 *	vector_sort(&numbers, compare_ints);
 *	vector_clear(&numbers);
 */
#pragma once

#include <stdlib.h>

#include "base/memory.h"

#define VECTOR_OF(type)                                                                            \
	type *items;                                                                               \
	size_t count;                                                                              \
	size_t capacity

/* Room for at least `want` items; grows geometrically. */
#define vector_reserve(vector, want)                                                               \
	do {                                                                                       \
		if ((want) > (vector)->capacity)                                                   \
			(vector)->items = vector_grow_((vector)->items, &(vector)->capacity,       \
				(want), sizeof(*(vector)->items));                                 \
	} while (0)

/* A new zeroed item at the end; the pointer is good until the vector grows again. */
#define vector_append(vector)                                                                      \
	({                                                                                         \
		vector_reserve((vector), (vector)->count + 1);                                     \
		__typeof__((vector)->items) append_ = &(vector)->items[(vector)->count++];         \
		memset(append_, 0, sizeof(*append_));                                              \
		append_;                                                                           \
	})

#define vector_push(vector, value) (*vector_append(vector) = (value))

/* Frees the array and leaves an empty vector. */
#define vector_clear(vector)                                                                       \
	do {                                                                                       \
		free((vector)->items);                                                             \
		(vector)->items = NULL;                                                            \
		(vector)->count = (vector)->capacity = 0;                                          \
	} while (0)

#define vector_foreach(vector, item)                                                               \
	for (__typeof__(*(vector)->items) *item = (vector)->items;                                 \
		item && item < (vector)->items + (vector)->count; item++)

/* compare: int (*)(const void *, const void *) over two items. Already sorted input costs O(n). */
#define vector_sort(vector, compare)                                                               \
	vector_sort_((vector)->items, (vector)->count, sizeof(*(vector)->items), (compare))

/* Binary search; compare gets the key first, then an item. NULL when there is none. */
#define vector_find(vector, key, compare)                                                          \
	((__typeof__(*(vector)->items) *)vector_find_(                                             \
		(key), (vector)->items, (vector)->count, sizeof(*(vector)->items), (compare)))

/* Index of the first item of a sorted vector that comes after `key`. */
#define vector_after(vector, key, compare)                                                         \
	vector_after_((key), (vector)->items, (vector)->count, sizeof(*(vector)->items), (compare))

void *vector_grow_(void *items, size_t *capacity, size_t want, size_t size);
void vector_sort_(
	void *items, size_t count, size_t size, int (*compare)(const void *, const void *));
void *vector_find_(const void *key, const void *items, size_t count, size_t size,
	int (*compare)(const void *, const void *));
size_t vector_after_(const void *key, const void *items, size_t count, size_t size,
	int (*compare)(const void *, const void *));
