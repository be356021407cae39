// SPDX-License-Identifier: GPL-2.0-or-later
/* What the command line makes of foreign text on a terminal, and the facts of a running poised. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>

#include <cmocka.h>

#include "base/memory.h"
#include "cli/layout.h"
#include "cli/poised_facts.h"
#include "model/units.h"

static void test_cut(void **unused)
{
	static const struct {
		const char *text;
		size_t columns;
		const char *expected;
	} cases[] = {
		{"", 5, NULL},
		{"abc", 3, "abc"},
		{"abcd", 3, "ab…"},
		{"abcd", 1, "…"},
		{"abcd", 0, NULL},
		{"größe", 5, "größe"},
		{"größe", 4, "grö…"},
		{"a\033[31mb", 100, "a?[31mb"},
		{"a\xff\xfe\nb", 100, "a???b"},
		{"a\xe2\x80\xae"
		 "b",
			100, "a?b"},
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_strbuf_ struct strbuf text = {};

		cli_layout_cut(&text, cases[i].text, cases[i].columns);
		if (cases[i].expected)
			assert_string_equal(text.text, cases[i].expected);
		else
			assert_int_equal(text.length, 0);
	}
	assert_int_equal(cli_layout_columns("größe"), 5);
	assert_int_equal(cli_layout_columns("\xff\xfe"), 2);
}

static void test_wrap(void **unused)
{
	static const struct {
		const char *text;
		size_t used, indent, width;
		const char *expected;
	} cases[] = {
		{"", 0, 2, 10, "\n"},
		{"one two three", 0, 2, 100, "one two three\n"},
		{"one two three", 0, 2, 7, "one two\n  three\n"},
		{"one two three", 4, 2, 7, "one\n  two\n  three\n"},
		{"one  two", 0, 2, 100, "one two\n"},
		{"one\ntwo", 0, 2, 100, "one\n  two\n"},
		{"one\ntwo\n", 0, 2, 100, "one\n  two\n"},
		{"a-word-that-is-too-long x", 0, 2, 10, "a-word-th…\n  x\n"},
		{"a-word-that-is-too-long", 20, 2, 10, "…\n"},
		{"größen größen", 0, 0, 6, "größen\ngrößen\n"},
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_strbuf_ struct strbuf text = {};

		cli_layout_wrap(
			&text, cases[i].used, cases[i].indent, cases[i].text, cases[i].width);
		assert_string_equal(text.text, cases[i].expected);
	}
}

static void test_numbers(void **unused)
{
	static const struct {
		uint64_t number;
		const char *expected;
	} cases[] = {
		{0, "0"},
		{999, "999"},
		{1000, "1.0k"},
		{1999, "1.9k"},
		{9999, "9.9k"},
		{10000, "10k"},
		{999999, "999k"},
		{1000000, "1.0M"},
		{1500000000, "1.5G"},
		{UINT64_MAX, "18E"},
	};
	char text[CLI_LAYOUT_NUMBER_SIZE];

	(void)unused;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		assert_string_equal(cli_layout_number(cases[i].number, text), cases[i].expected);
}

static void test_spans(void **unused)
{
	static const struct {
		uint64_t milliseconds;
		const char *expected;
	} cases[] = {
		{0, "0 ms"},
		{999, "999 ms"},
		{1000, "1s"},
		{59999, "59s"},
		{60000, "1m"},
		{61000, "1m 1s"},
		{3600000, "1h"},
		{3661000, "1h 1m"},
		{3659000, "1h"},
		{90000000, "1d 1h"},
		{86400000, "1d"},
		{86459000, "1d"},
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_strbuf_ struct strbuf text = {};

		cli_layout_span(&text, cases[i].milliseconds);
		assert_string_equal(text.text, cases[i].expected);
	}
}

/* The day is that of the reader. */
static void test_times(void **unused)
{
	_cleanup_strbuf_ struct strbuf same = {}, other = {};

	(void)unused;
	setenv("TZ", "UTC", 1);
	cli_layout_time(&same, 1700000000, 1700000001);
	cli_layout_time(&other, 1700000000, 1700100000);
	assert_string_equal(same.text, "22:13:20");
	assert_string_equal(other.text, "2023-11-14 22:13:20");
}

static int facts_of(const char *text, struct facts *facts)
{
	_cleanup_error_ struct error error = {};
	json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);

	assert_non_null(json);
	int r = cli_facts_from_json(json, 1000, facts, &error);
	assert_true(r == 0 || error.text);
	json_decref(json);
	return r;
}

static void test_facts(void **unused)
{
	struct facts facts = {};
	struct service_key web, other;
	struct destination_key one, two;

	(void)unused;
	assert_int_equal(service_key_parse("tcp://203.0.113.10:80", &web), 0);
	assert_int_equal(service_key_parse("tcp://203.0.113.11:80", &other), 0);
	assert_int_equal(destination_key_parse("10.0.0.11:8080", &one), 0);
	assert_int_equal(destination_key_parse("10.0.0.12:8080", &two), 0);
	assert_int_equal(facts_of("{\"poise\": 1, \"drains\": ["
				  "{\"destination\": \"10.0.0.12:8080\", "
				  "\"service\": \"tcp://203.0.113.10:80\", \"until_ms\": 2},"
				  "{\"destination\": \"10.0.0.11\", \"service\": null, "
				  "\"until_ms\": null}]}",
				 &facts),
		0);
	/* Everywhere, on every port, for ever; and of one service, for two milliseconds. */
	assert_int_equal(facts_drained_until(&facts, &web, &one, 1000), UINT64_MAX);
	assert_int_equal(facts_drained_until(&facts, &other, &one, 1000), UINT64_MAX);
	assert_int_equal(
		facts_drained_until(&facts, &web, &two, 1000), 1000 + 2 * UNITS_MILLISECOND);
	assert_int_equal(facts_drained_until(&facts, &other, &two, 1000), 0);
	facts_clear(&facts);

	/* So far away that it never comes, and not round the end of the clock. */
	assert_int_equal(facts_of("{\"poise\": 1, \"drains\": [{\"destination\": \"10.0.0.11\", "
				  "\"until_ms\": 9223372036854775807}]}",
				 &facts),
		0);
	assert_int_equal(facts.drains.items[0].until, UINT64_MAX);
	facts_clear(&facts);
	assert_int_equal(facts_of("{\"poise\": 1}", &facts), 0);
	assert_int_equal(facts.drains.count, 0);
}

static void test_facts_wrong(void **unused)
{
	static const char *const wrong[] = {
		"{}",
		"[]",
		"null",
		"{\"poise\": 2, \"drains\": []}",
		"{\"poise\": 1, \"drains\": [null]}",
		"{\"poise\": 1, \"drains\": [{\"destination\": \"10.0.0.1\"}, {}]}",
		"{\"poise\": 1, \"drains\": [{\"destination\": \"host\"}]}",
		("{\"poise\": 1, \"drains\": [{\"destination\": \"10.0.0.1\", \"service\": "
		 "\"web\"}]}"),
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
		struct facts facts = {};

		assert_int_equal(facts_of(wrong[i], &facts), -EINVAL);
		assert_int_equal(facts.drains.count, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_facts_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
