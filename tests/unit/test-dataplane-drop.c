// SPDX-License-Identifier: GPL-2.0-or-later
/* Reasons for which packets are dropped: each has a name of its own, for people and for telemetry,
 * and poise-dataplane(8) explains every one of them and no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>

#include "backends/dpdk/dataplane/drop.h"
#include "base/file.h"
#include "base/memory.h"

#define MANUAL       "man/poise-dataplane.8"
#define MANUAL_LIMIT (1u << 20)
#define MANUAL_BEGIN ".Ss Drop reasons\n"

static void every_reason_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < DROP_REASON_COUNT; i++) {
		const char *name = drop_reason_name(i);

		assert_non_null(name);
		assert_true(*name);
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(name, drop_reason_name(j));
	}
}

static void what_is_no_reason_has_no_name(void **state)
{
	(void)state;
	assert_null(drop_reason_name(DROP_REASON_COUNT));
	assert_null(drop_reason_name(DROP_REASON_COUNT + 1));
	assert_null(drop_reason_name(UINT32_MAX));
}

static void parsers_reasons_come_first(void **state)
{
	(void)state;
	assert_string_equal(drop_reason_name(PACKET_REASON_NONE), "none");
	assert_string_equal(drop_reason_name(PACKET_REASON_HEADER_CHECKSUM), "header-checksum");
	assert_string_equal(drop_reason_name(PACKET_REASON_COUNT - 1),
		packet_reason_name(PACKET_REASON_COUNT - 1));
	assert_string_equal(drop_reason_name(PACKET_REASON_COUNT), "segments");
	assert_string_equal(drop_reason_name(DROP_REASON_TABLE_FULL), "table-full");
	assert_string_equal(drop_reason_name(DROP_REASON_NO_BUFFER), "no-buffer");
}

/* The section of the manual, for free(). */
static char *read_section(void)
{
	_cleanup_free_ char *text = NULL;
	const char *begin;
	size_t length;

	assert_int_equal(file_read(AT_FDCWD, MANUAL, MANUAL_LIMIT, &text, &length), 0);
	begin = strstr(text, MANUAL_BEGIN);
	assert_non_null(begin);
	begin += strlen(MANUAL_BEGIN);
	return memory_copy_bytes(begin, (size_t)(strstr(begin, "\n.S") - begin));
}

static void the_manual_explains_them(void **state)
{
	_cleanup_free_ char *section = read_section();
	size_t rows = 0;

	(void)state;
	for (unsigned int i = 1; i < DROP_REASON_COUNT; i++) {
		_cleanup_free_ char *row = memory_printf("\n.It Cm %s\n", drop_reason_name(i));

		if (!strstr(section, row))
			fail_msg("%s says nothing of `%s`", MANUAL, drop_reason_name(i));
	}
	for (const char *at = section; (at = strstr(at, "\n.It ")) != NULL; at++)
		rows++;
	assert_int_equal(rows, DROP_REASON_COUNT - 1);
}

static void what_one_counts_adds_up(void **state)
{
	_Atomic uint64_t counter = UINT32_MAX;

	(void)state;
	count_add(&counter, 0);
	assert_int_equal(counter, UINT32_MAX);
	count_add(&counter, 1);
	count_add(&counter, 32);
	assert_int_equal(counter, UINT64_C(0x100000020));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason_has_a_name_of_its_own),
		cmocka_unit_test(what_is_no_reason_has_no_name),
		cmocka_unit_test(parsers_reasons_come_first),
		cmocka_unit_test(the_manual_explains_them),
		cmocka_unit_test(what_one_counts_adds_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
