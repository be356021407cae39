// SPDX-License-Identifier: GPL-2.0-or-later
/* base/pattern.c: what matches, what is no expression, and that no text keeps it for long. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/pattern.h"
#include "tests/support/times.h"

/* Generous: the machine may be busy. */
#define QUICK_NS 1000000000ull

static int match(const char *expression, const void *text, size_t size)
{
	_cleanup_pattern_ struct pattern *pattern = NULL;

	assert_int_equal(pattern_new(expression, &pattern, NULL, 0), 0);
	return pattern_match(pattern, text, size);
}

static void matches_anywhere(void **state)
{
	static const struct {
		const char *expression, *text;
		int match;
	} rows[] = {
		{"ok", "all is ok here", 1},
		{"ok", "", 0},
		{"", "", 1},
		{"", "x", 1},
		{"^ok$", "ok", 1},
		{"^ok$", "ok\n", 1},
		{"^ok$", "ok\n\n", 0},
		{"^ok$", "ok\nno", 0},
		{"down$", "server down\n", 1},
		{"^ok\\z", "ok\n", 0},
		{"^a\\n", "a\nb", 1},
		{"^b", "a\nb", 0},
		{"a.b", "a\nb", 1},
		{"a.*b", "xxaxxxbxx", 1},
		{"(alive|well)", "well", 1},
		{"[[:digit:]]{3}", "ab123", 1},
		{"[[:digit:]]{3}", "ab12", 0},
		{"\"status\" *: *\"ok\"", "{\"status\": \"ok\"}", 1},
		{"x$", "0123456789012345678901234567890123456789x", 1},
		{"(?<=9)x", "0123456789012345678901234567890123456789x", 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (match(rows[i].expression, rows[i].text, strlen(rows[i].text)) != rows[i].match)
			fail_msg("`%s` and `%s`", rows[i].expression, rows[i].text);
}

static void bytes_are_bytes(void **state)
{
	(void)state;
	assert_int_equal(match("a.b", "a\0b", 3), 1);
	assert_int_equal(match("b$", "a\0b", 3), 1);
	assert_int_equal(match("^a$", "a\0b", 3), 0);
	assert_int_equal(match("a.b",
				 "a\xff"
				 "b",
				 3),
		1);
	/* The end is where it is said to be. */
	assert_int_equal(match("c", "abc", 2), 0);
}

static void says_what_is_none(void **state)
{
	static const char *const none[] = {
		"(", "[a", "*a", "a{2,1}", "\\", "(?:(?:(?:a{255}){255}){255}){255}"};
	char why[128];

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		struct pattern *pattern = NULL;

		why[0] = '\0';
		assert_int_equal(pattern_new(none[i], &pattern, why, sizeof(why)), -EINVAL);
		assert_null(pattern);
		assert_true(*why);
	}
	assert_int_equal(pattern_new("(", &(struct pattern *){NULL}, why, 8), -EINVAL);
	assert_true(strlen(why) < 8);
}

/* A megabyte that makes regexec(), or a library without limits, work for minutes. */
static void takes_its_time_and_no_more(void **state)
{
	static const char *const hard[] = {"a.*b", "a[^b]*b", "(a+)+b", "(a|a)*b", "a*a*a*a*b",
		"(?=a*b)a", "a[^b]*+c", "(a*)*c", ".*.*.*=.*"};
	size_t size = 1u << 20;
	char *text = memory_new(size);

	(void)state;
	memset(text, 'a', size);
	for (size_t i = 0; i < sizeof(hard) / sizeof(hard[0]); i++) {
		uint64_t begun = times_cpu();
		int r = match(hard[i], text, size);

		if (r == 1 || times_cpu() - begun > QUICK_NS)
			fail_msg("`%s` gave %d after %llu ms", hard[i], r,
				(unsigned long long)(times_cpu() - begun) / 1000000);
	}
	free(text);
}

/* What a large answer has at its end is found. */
static void finds_what_is_far(void **state)
{
	static const char *const words[] = {"all is well", "well$", "(is|was) [a-z]+$", "is.*well"};
	size_t size = 1u << 20;
	char *text = memory_new(size);

	(void)state;
	for (size_t i = 0; i < size; i++)
		text[i] = "abcdefghij klmnop\n"[i % 18];
	memcpy(text + size - 11, "all is well", 11);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (match(words[i], text, size) != 1)
			fail_msg("`%s` is not found", words[i]);
	assert_int_equal(match("all is ill", text, size), 0);
	/* Also before the newline that ends it. */
	memcpy(text + size - 12, "all is well\n", 12);
	assert_int_equal(match("is well$", text, size), 1);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_anywhere),
		cmocka_unit_test(bytes_are_bytes),
		cmocka_unit_test(says_what_is_none),
		cmocka_unit_test(takes_its_time_and_no_more),
		cmocka_unit_test(finds_what_is_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
