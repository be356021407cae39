// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory of tables: what it promises, whatever kind of pages the kernel has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "backends/dpdk/dataplane/pages.h"
#include "base/macros.h"

static void pages_are_zero_and_aligned_or_refused(void **state)
{
	(void)state;
	static const size_t sizes[] = {1, 4096, 100000, (2 << 20) - 1, 2 << 20, (5 << 20) + 1};
	_cleanup_error_ struct error error = {};
	void *pages;

	for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
		assert_int_equal(pages_reserve(sizes[i], "a test", &pages, NULL), 0);
		assert_int_equal((uintptr_t)pages % (sizes[i] >= 2 << 20 ? 2 << 20 : 4096), 0);
		for (size_t at = 0; at < sizes[i]; at++)
			assert_int_equal(((uint8_t *)pages)[at], 0);
		memset(pages, 0xff, sizes[i]);
		pages_release(pages, sizes[i]);
	}
	pages_release(NULL, 5);
	/* More than there are addresses, and what rounding up would make small. */
	assert_int_equal(pages_reserve((size_t)1 << 60, "a test", &pages, &error), -ENOMEM);
	assert_memory_equal(error.text,
		"not enough memory for a test: 1099511627777 MiB, of which ",
		strlen("not enough memory for a test: 1099511627777 MiB, of which "));
	assert_int_equal(pages_reserve(SIZE_MAX - 5, "a test", &pages, NULL), -ENOMEM);
}

/* The kernel would map it, and end a process to fill it. */
static void more_than_is_available_is_refused(void **state)
{
	(void)state;
	size_t size = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
	_cleanup_error_ struct error error = {};
	void *pages;

	assert_int_equal(pages_reserve(size, "a test", &pages, &error), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_zero_and_aligned_or_refused),
		cmocka_unit_test(more_than_is_available_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
