// SPDX-License-Identifier: GPL-2.0-or-later
/* What waits for its turn: when it counts as late, and when as starved. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "health/overdue.h"

#define SECOND 1000000000ull
#define DUE    (1000 * SECOND)

static void expect(
	struct heap *heap, uint64_t now, struct overdue *overdue, enum overdue_stage stage)
{
	assert_null(overdue_take(heap, now - 1));
	assert_ptr_equal(overdue_take(heap, now), overdue);
	assert_int_equal(overdue->stage, stage);
}

static void test_stages(void **state)
{
	struct heap heap = {};
	struct overdue fast = {}, slow = {};

	(void)state;
	overdue_wait(&heap, &slow, DUE, 60 * SECOND);
	overdue_wait(&heap, &fast, DUE, SECOND);
	expect(&heap, DUE + SECOND, &fast, OVERDUE_LATE);
	expect(&heap, DUE + 10 * SECOND, &fast, OVERDUE_STARVED);
	expect(&heap, DUE + 60 * SECOND, &slow, OVERDUE_LATE);
	expect(&heap, DUE + 180 * SECOND, &slow, OVERDUE_STARVED);
	assert_null(overdue_take(&heap, UINT64_MAX - 1));
	heap_clear(&heap);
}

/* Who is refused waits on; whose time is another one waits anew. */
static void test_goes_on(void **state)
{
	struct heap heap = {};
	struct overdue one = {};

	(void)state;
	overdue_wait(&heap, &one, DUE, SECOND);
	expect(&heap, DUE + SECOND, &one, OVERDUE_LATE);
	overdue_stop(&heap, &one);
	assert_null(overdue_take(&heap, DUE + 3600 * SECOND));
	overdue_wait(&heap, &one, DUE, SECOND);
	expect(&heap, DUE + 10 * SECOND, &one, OVERDUE_STARVED);
	overdue_wait(&heap, &one, DUE, SECOND);
	assert_null(overdue_take(&heap, DUE + 3600 * SECOND));
	overdue_wait(&heap, &one, 2 * DUE, SECOND);
	expect(&heap, 2 * DUE + SECOND, &one, OVERDUE_LATE);
	overdue_stop(&heap, &one);
	heap_clear(&heap);
}

static void test_late_once(void **state)
{
	struct heap heap = {};
	struct overdue one = {};

	(void)state;
	overdue_wait(&heap, &one, DUE, SECOND);
	assert_true(overdue_note_late(&one));
	assert_false(overdue_note_late(&one));
	overdue_wait(&heap, &one, DUE, SECOND);
	assert_false(overdue_note_late(&one));
	overdue_wait(&heap, &one, DUE + SECOND, SECOND);
	assert_true(overdue_note_late(&one));
	overdue_stop(&heap, &one);
	heap_clear(&heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stages),
		cmocka_unit_test(test_goes_on),
		cmocka_unit_test(test_late_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
