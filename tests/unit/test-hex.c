// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes as people write them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/hex.h"
#include "base/macros.h"

#define MOST 4

static const struct {
	const char *text;
	int count; /* with masks */
	int exact; /* without */
	uint8_t bytes[MOST], masks[MOST];
} cases[] = {
	{"00", 1, 1, {0}, {0xff}},
	{"00fF 7a", 3, 3, {0, 0xff, 0x7a}, {0xff, 0xff, 0xff}},
	{"  a1  b2 ", 2, 2, {0xa1, 0xb2}, {0xff, 0xff}},
	{"01020304", 4, 4, {1, 2, 3, 4}, {0xff, 0xff, 0xff, 0xff}},
	{"xx x1 2X", 3, -EINVAL, {0, 1, 0x20}, {0, 0x0f, 0xf0}},
	{"0102030405", -E2BIG, -E2BIG, {}, {}},
	{"", -EINVAL, -EINVAL, {}, {}},
	{"   ", -EINVAL, -EINVAL, {}, {}},
	{"0", -EINVAL, -EINVAL, {}, {}},
	{"00 1", -EINVAL, -EINVAL, {}, {}},
	{"0 0", -EINVAL, -EINVAL, {}, {}},
	{"0g", -EINVAL, -EINVAL, {}, {}},
	{"\xc3\xa4", -EINVAL, -EINVAL, {}, {}},
	{"0\x10", -EINVAL, -EINVAL, {}, {}},
	{"00\n", -EINVAL, -EINVAL, {}, {}},
};

static void every_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		uint8_t bytes[MOST] = {}, masks[MOST] = {};

		assert_int_equal(hex_parse(cases[i].text, bytes, NULL, MOST), cases[i].exact);
		if (cases[i].exact > 0)
			assert_memory_equal(bytes, cases[i].bytes, MOST);
		memset(bytes, 0, sizeof(bytes));
		assert_int_equal(hex_parse(cases[i].text, bytes, masks, MOST), cases[i].count);
		if (cases[i].count < 0)
			continue;
		assert_memory_equal(bytes, cases[i].bytes, MOST);
		assert_memory_equal(masks, cases[i].masks, MOST);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_case)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
