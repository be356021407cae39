// SPDX-License-Identifier: GPL-2.0-or-later
/* What is due when: the heap against an oracle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/heap.h"

#define ENTRIES 500

static uint64_t chance(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 33;
}

static uint64_t earliest(const struct heap_entry *entries)
{
	uint64_t when = HEAP_NEVER;

	for (size_t i = 0; i < ENTRIES; i++)
		if (entries[i].place)
			when = MIN(when, entries[i].when);
	return when;
}

static void the_earliest_is_first(void **state)
{
	static struct heap_entry entries[ENTRIES];
	struct heap heap = {};
	uint64_t seed = 42;

	(void)state;
	for (size_t round = 0; round < 20000; round++) {
		struct heap_entry *entry = &entries[chance(&seed) % ENTRIES];
		uint64_t when = chance(&seed) % 1000;

		heap_set(&heap, entry, when < 200 ? HEAP_NEVER : when);
		assert_int_equal(entry->place != 0, when >= 200);
		assert_int_equal(heap_next(&heap), earliest(entries));
		if (heap.count)
			assert_int_equal(heap_first(&heap)->when, earliest(entries));
		else
			assert_null(heap_first(&heap));
	}
	/* They come out in order. */
	for (uint64_t last = 0; heap.count;) {
		struct heap_entry *first = heap_first(&heap);

		assert_true(first->when >= last);
		last = first->when;
		heap_set(&heap, first, HEAP_NEVER);
	}
	heap_clear(&heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_earliest_is_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
