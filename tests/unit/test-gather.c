// SPDX-License-Identifier: GPL-2.0-or-later
/* When the next pass for health may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/macros.h"
#include "daemon/gather.h"

#define MS  1000000ull
#define END 1000000 /* ms, when the pass before was over */

/* Changes: `count` at each of so many moments, from `from` on, every `step` (all ms after END). */
struct burst {
	uint64_t from, step;
	size_t moments, count;
};

static const struct {
	const char *name;
	struct burst bursts[3];
	uint64_t until; /* ms after END */
} cases[] = {
	{"nothing", {}, 100},
	{"a few", {{5, 1, 10, 1}}, 100},
	{"a few less than a storm", {{0, 1, 19, 1}}, 100},
	{"a storm at once", {{0, 0, 1, 10000}}, 100},
	{"some hundreds a second", {{0, 5, 400, 2}}, 1000},
	{"a storm that is soon over", {{20, 0, 1, 10000}}, 120},
	{"a storm that ends with the window", {{0, 1, 100, 1}}, 199},
	{"a storm that goes on", {{0, 10, 50, 100}}, 590},
	{"a storm that goes on for a second", {{0, 1, 1000, 10}}, 1000},
	{"a storm that never ends", {{0, 1, 5000, 10}}, 1000},
	{"a storm with a pause", {{0, 1, 50, 10}, {140, 1, 1, 1}}, 240},
	{"one at a time, and slowly", {{0, 90, 19, 1}}, 100},
};

static void every_case(_unused_ void **state)
{
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct gather gather = {};

		gather_note(&gather, END * MS, 12345);
		gather_begin(&gather, END * MS);
		for (size_t j = 0; j < 3; j++) {
			const struct burst *burst = &cases[i].bursts[j];

			for (size_t k = 0; k < burst->moments; k++)
				gather_note(&gather, (END + burst->from + k * burst->step) * MS,
					burst->count);
		}
		print_message("%s\n", cases[i].name);
		assert_int_equal(gather_until(&gather), (END + cases[i].until) * MS);
	}
}

static void the_first_waits_for_nobody(_unused_ void **state)
{
	struct gather gather = {};

	assert_int_equal(gather_until(&gather), 0);
	gather_note(&gather, 77 * MS, 1);
	assert_int_equal(gather_until(&gather), 0);
	gather_note(&gather, 77 * MS, 100000);
	assert_int_equal(gather_until(&gather), 0);
}

/* A look that saw no change changes nothing. */
static void looks_are_no_changes(_unused_ void **state)
{
	struct gather gather = {};

	gather_begin(&gather, END * MS);
	gather_note(&gather, (END + 3) * MS, 500);
	gather_note(&gather, (END + 90) * MS, 0);
	assert_int_equal(gather_until(&gather), (END + 103) * MS);
}

/* Failures of servers in one second, spread evenly: how many passes, and how late the first is. */
static void few_passes_for_any_number(_unused_ void **state)
{
	static const unsigned int counts[] = {250, 400, 1000, 10000};

	for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
		const uint64_t step = 1000 * MS / counts[i], first = END * MS;
		struct gather gather = {};
		unsigned int seen = 0, waiting = 0, passes = 0;

		/* Until all are in and told. */
		for (uint64_t now = first; seen < counts[i] || waiting; now += step) {
			if (seen < counts[i]) {
				gather_note(&gather, now, 1);
				seen++;
				waiting++;
			}
			if (now < gather_until(&gather))
				continue;
			assert_true(passes || now == first);
			gather_begin(&gather, now);
			waiting = 0;
			passes++;
		}
		print_message("%u in a second: %u passes\n", counts[i], passes);
		assert_in_range(passes, 2, 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case),
		cmocka_unit_test(the_first_waits_for_nobody),
		cmocka_unit_test(looks_are_no_changes),
		cmocka_unit_test(few_passes_for_any_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
