// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line of poise-dataplane: what is understood, what is refused and how, and what its
 * help looks like in a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>

#include "backends/dpdk/dataplane/arguments.h"
#include "base/file.h"
#include "base/memory.h"

#define WORDS_MOST 8
#define COLUMNS    100
#define MANUAL     "man/poise-dataplane.8"

/* The words after the program's name, as main() would have them. */
#define PARSE(arguments, error, ...)                                                               \
	parse((arguments), (error),                                                                \
		(const char *[]){"poise-dataplane" __VA_OPT__(, ) __VA_ARGS__, NULL})

static int parse(struct arguments *arguments, struct error *error, const char **words)
{
	int count = 0;

	while (words[count])
		count++;
	return arguments_parse(count, (char **)words, arguments, error);
}

static void nothing_said_leaves_all_open(void **state)
{
	struct arguments arguments;

	(void)state;
	assert_int_equal(PARSE(&arguments, NULL), 0);
	assert_null(arguments.netns);
	assert_null(arguments.state_dir);
	assert_null(arguments.run_dir);
	assert_int_equal(arguments.log_target, LOG_TARGET_AUTO);
	assert_int_equal(arguments.log_level, LOG_LEVEL_INFO);
	assert_false(arguments.help);
	assert_false(arguments.version);
	assert_false(arguments.check);
	assert_int_equal(arguments.path_count, 0);
}

static void all_options_are_understood(void **state)
{
	struct arguments arguments;
	const char *words[] = {"poise-dataplane", "/a", "--state-dir=/s", "--run-dir", "/r",
		"--log=journal", "--log-level", "debug", "--netns=lab", "--check", "/b", NULL};

	(void)state;
	assert_int_equal(parse(&arguments, NULL, words), 0);
	assert_int_equal(arguments.path_count, 2);
	assert_string_equal(arguments.paths[0], "/a");
	assert_string_equal(arguments.paths[1], "/b");
	assert_string_equal(arguments.state_dir, "/s");
	assert_string_equal(arguments.run_dir, "/r");
	assert_string_equal(arguments.netns, "lab");
	assert_int_equal(arguments.log_target, LOG_TARGET_JOURNAL);
	assert_int_equal(arguments.log_level, LOG_LEVEL_DEBUG);
	assert_true(arguments.check);
	assert_false(arguments.help);
}

static void help_has_a_letter(void **state)
{
	struct arguments arguments;

	(void)state;
	assert_int_equal(PARSE(&arguments, NULL, "-h"), 0);
	assert_true(arguments.help);
	assert_int_equal(PARSE(&arguments, NULL, "--help"), 0);
	assert_true(arguments.help);
	assert_int_equal(PARSE(&arguments, NULL, "--version"), 0);
	assert_true(arguments.version);
	assert_false(arguments.help);
}

static void what_follows_two_dashes_is_a_path(void **state)
{
	struct arguments arguments;

	(void)state;
	assert_int_equal(PARSE(&arguments, NULL, "--", "--check"), 0);
	assert_false(arguments.check);
	assert_int_equal(arguments.path_count, 1);
	assert_string_equal(arguments.paths[0], "--check");
}

static void mistakes_are_told_with_the_way_out(void **state)
{
	static const struct {
		const char *words[4], *text;
	} rows[] = {
		{{"--log-levle=info"},
			"there is no option `--log-levle`: did you mean `--log-level`?"},
		{{"--chekc"}, "there is no option `--chekc`: did you mean `--check`?"},
		{{"--nonsense"},
			"there is no option `--nonsense`: `poise-dataplane --help` lists them"},
		{{"-x"}, "there is no option `-x`: `poise-dataplane --help` lists them"},
		{{"-hx"}, "there is no option `-x`: `poise-dataplane --help` lists them"},
		{{"--log-level"}, "option `--log-level` wants a value"},
		{{"--check=yes"}, "option `--check` takes no value"},
		{{"--run-dir="}, "--run-dir wants a value that is not empty"},
		{{"--log=file"}, "--log is auto, stderr, journal or syslog, not `file`"},
		{{"--log-level=loud"},
			"--log-level is error, warning, notice, info or debug, not `loud`"},
		/* The first one is told. */
		{{"--log=file", "--nonsense"},
			"--log is auto, stderr, journal or syslog, not `file`"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const char *words[WORDS_MOST] = {"poise-dataplane"};
		_cleanup_error_ struct error error = {};
		struct arguments arguments;

		memcpy(words + 1, rows[i].words, sizeof(rows[i].words));
		assert_int_equal(parse(&arguments, &error, words), -EINVAL);
		assert_string_equal(error.text, rows[i].text);
		assert_true(strlen("poise-dataplane: ") + strlen(error.text) <= COLUMNS);
	}
}

static void help_fits_a_terminal(void **state)
{
	_cleanup_strbuf_ struct strbuf help = {};

	(void)state;
	arguments_format_help(&help);
	assert_ptr_equal(strstr(help.text, "Usage: poise-dataplane "), help.text);
	for (const char *line = help.text; *line; line += strcspn(line, "\n") + 1) {
		size_t length = strcspn(line, "\n");

		assert_int_equal(line[length], '\n');
		if (length > COLUMNS)
			fail_msg("%zu columns: %.*s", length, (int)length, line);
	}
}

/* Each option that the help names is in the manual, too, and the other way round. */
static void help_and_manual_have_the_same_options(void **state)
{
	_cleanup_strbuf_ struct strbuf help = {};
	_cleanup_free_ char *manual = NULL;
	size_t length, in_help = 0, in_manual = 0;

	(void)state;
	arguments_format_help(&help);
	assert_int_equal(file_read(AT_FDCWD, MANUAL, 1u << 20, &manual, &length), 0);
	for (const char *at = help.text; (at = strstr(at, " --")) != NULL; at++) {
		size_t size = strcspn(at + 3, "= \n");
		_cleanup_free_ char *name = memory_copy_bytes(at + 3, size);
		_cleanup_free_ char *plain = memory_printf("\n.It Fl -%s", name);
		_cleanup_free_ char *lettered = memory_printf("\n.It Fl h , -%s", name);

		in_help++;
		if (!strstr(manual, plain) && !strstr(manual, lettered))
			fail_msg("%s says nothing of --%s", MANUAL, name);
	}
	for (const char *at = manual; (at = strstr(at, "\n.It Fl ")) != NULL; at++)
		in_manual++;
	assert_true(in_help > 0);
	assert_int_equal(in_help, in_manual);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_said_leaves_all_open),
		cmocka_unit_test(all_options_are_understood),
		cmocka_unit_test(help_has_a_letter),
		cmocka_unit_test(what_follows_two_dashes_is_a_path),
		cmocka_unit_test(mistakes_are_told_with_the_way_out),
		cmocka_unit_test(help_fits_a_terminal),
		cmocka_unit_test(help_and_manual_have_the_same_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
