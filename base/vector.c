// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/vector.h"

#include <stdbool.h>

void *vector_grow_(void *items, size_t *capacity, size_t want, size_t size)
{
	size_t grown = *capacity + *capacity / 2;

	if (grown < want)
		grown = want;
	if (grown < 4)
		grown = 4;
	*capacity = grown;
	return memory_resize(items, grown, size);
}

static bool vector_is_sorted(
	const char *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	for (size_t i = 1; i < count; i++)
		if (compare(items + (i - 1) * size, items + i * size) > 0)
			return false;
	return true;
}

void vector_sort_(
	void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	if (count > 1 && !vector_is_sorted(items, count, size, compare))
		qsort(items, count, size, compare);
}

void *vector_find_(const void *key, const void *items, size_t count, size_t size,
	int (*compare)(const void *, const void *))
{
	return count ? bsearch(key, items, count, size, compare) : NULL;
}

size_t vector_after_(const void *key, const void *items, size_t count, size_t size,
	int (*compare)(const void *, const void *))
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare((const char *)items + middle * size, key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
