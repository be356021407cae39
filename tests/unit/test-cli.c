// SPDX-License-Identifier: GPL-2.0-or-later
/* The parser of the command line, its help texts, and the small things around them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sched.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/netns.h"
#include "cli/cli.h"
#include "model/units.h"

#define WORDS_MOST 12

/* One command line, cut at spaces. The texts live in `line` and must outlive `cli`. */
struct line {
	char *text;
	char *words[WORDS_MOST + 1];
	struct cli cli;
};

static int parse(const char *text, struct line *line)
{
	char *rest;
	int count = 0;

	*line = (struct line){.text = memory_copy_string(text)};
	rest = line->text;
	for (char *word; (word = strsep(&rest, " ")) && count < WORDS_MOST;)
		if (*word)
			line->words[count++] = word;
	return cli_parse(count, line->words, &line->cli);
}

static void line_clear(struct line *line)
{
	cli_clear(&line->cli);
	free(line->text);
}

static void test_places(void **unused)
{
	/* Options stand anywhere; every line says the same. */
	static const char *const lines[] = {
		"apply --dry-run -o json --netns lb a.yaml b.yaml",
		"--dry-run -o json --netns lb apply a.yaml b.yaml",
		"-ojson --netns=lb apply a.yaml --dry-run b.yaml",
		"--netns lb --format json apply a.yaml b.yaml --dry-run",
		"--format=json apply --netns lb --dry-run -- a.yaml b.yaml",
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
		struct line line;

		assert_int_equal(parse(lines[i], &line), 0);
		assert_ptr_equal(line.cli.command, &cli_command_apply);
		assert_true(line.cli.options.dry_run);
		assert_int_equal(line.cli.options.format, CLI_FORMAT_JSON);
		assert_string_equal(line.cli.options.netns, "lb");
		assert_int_equal(line.cli.argument_count, 2);
		assert_string_equal(line.cli.arguments[0], "a.yaml");
		assert_string_equal(line.cli.arguments[1], "b.yaml");
		line_clear(&line);
	}
}

static void test_values(void **unused)
{
	struct line line;

	(void)unused;
	assert_int_equal(parse("diff --live - --out f --timing -qv -", &line), 0);
	assert_string_equal(line.cli.options.live, "-");
	assert_string_equal(line.cli.options.out, "f");
	assert_true(line.cli.options.timing && line.cli.options.quiet && line.cli.options.verbose);
	assert_int_equal(line.cli.argument_count, 1);
	assert_int_equal(line.cli.options.lock_timeout, 10 * UNITS_SECOND);
	line_clear(&line);

	assert_int_equal(parse("export --live ipvsadm", &line), 0);
	assert_true(line.cli.options.from_live);
	assert_null(line.cli.options.live);
	line_clear(&line);

	assert_int_equal(parse("apply --confirm-timeout 1m30s --lock-timeout=0s", &line), 0);
	assert_int_equal(line.cli.options.confirm_timeout, 90 * UNITS_SECOND);
	assert_int_equal(line.cli.options.lock_timeout, 0);
	line_clear(&line);

	assert_int_equal(parse("", &line), 0);
	assert_null(line.cli.command);
	line_clear(&line);

	assert_int_equal(parse("--version -h", &line), 0);
	assert_true(line.cli.options.version && line.cli.options.help);
	line_clear(&line);
}

static void test_errors(void **unused)
{
	static const char *const lines[] = {
		"aply",
		"statu",
		"apply --forse",
		"apply --live f",
		"apply -x",
		"diff --live",
		"apply --force=1",
		"apply -o xml",
		"apply --color sometimes",
		"apply --confirm-timeout 60",
		"apply --confirm-timeout soon",
		"apply --confirm-timeout=",
		"diff --out=",
		"--netns",
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
		struct line line;

		if (parse(lines[i], &line) == 0)
			fail_msg("taken: %s", lines[i]);
		line_clear(&line);
	}
}

static void require_narrow(const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length > 100)
			fail_msg("%zu columns: %.*s", length, (int)length, text);
		text += length + (text[length] == '\n');
	}
}

static void test_help(void **unused)
{
	static const struct cli_command *const commands[] = {&cli_command_apply,
		&cli_command_confirm, &cli_command_diff, &cli_command_export, &cli_command_get,
		&cli_command_help, &cli_command_import, &cli_command_rollback, &cli_command_schema,
		&cli_command_status, &cli_command_validate, &cli_command_version};
	_cleanup_strbuf_ struct strbuf all = {};

	(void)unused;
	cli_format_help(&all);
	require_narrow(all.text);
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
		_cleanup_strbuf_ struct strbuf text = {};

		assert_ptr_equal(cli_find_command(commands[i]->name), commands[i]);
		assert_non_null(strstr(all.text, commands[i]->name));
		cli_format_command_help(commands[i], &text);
		require_narrow(text.text);
		for (size_t j = 0; j < commands[i]->option_count; j++)
			assert_non_null(strstr(text.text, commands[i]->options[j].name));
	}
	assert_null(cli_find_command("statu"));
}

/* In a namespace that nobody else has: it has a number; under a name, it has that, whichever way it is asked for.
 * The machine's own has none. */
static void test_netns_label(void **unused)
{
	_cleanup_free_ char *machine = NULL, *number = NULL, *label = NULL;
	_cleanup_error_ struct error error = {};

	(void)unused;
	if (access("/proc/1/ns/net", R_OK) == 0)
		assert_int_equal(netns_label("/proc/1/ns/net", NULL, &machine, &error), 0);
	assert_null(machine);
	assert_true(netns_label("no-such-namespace", NULL, &label, &error) < 0);
	assert_non_null(strstr(error.text, "no-such-namespace"));
	assert_int_equal(system("ip netns add poise-test-label"), 0);
	int r = netns_label("poise-test-label", NULL, &label, &error);
	_cleanup_free_ char *by_path = NULL;
	int by_path_r = netns_label("/run/netns/poise-test-label", NULL, &by_path, &error);
	/* A name that comes later, and before the other in order. */
	_cleanup_free_ char *alias = NULL, *kept = NULL;
	char folder[] = "/tmp/poise-test-XXXXXX";
	assert_non_null(mkdtemp(folder));
	_cleanup_free_ char *known = memory_printf("%s/poise-test-label", folder);
	assert_int_equal(mkdir(known, 0700), 0);
	assert_int_equal(system("touch /run/netns/poise-test-alias && mount --bind "
				"/run/netns/poise-test-label /run/netns/poise-test-alias"),
		0);
	int alias_r = netns_label("poise-test-label", NULL, &alias, &error);
	int kept_r = netns_label("poise-test-alias", folder, &kept, &error);
	assert_int_equal(system("ip netns del poise-test-alias; ip netns del poise-test-label"), 0);
	assert_int_equal(rmdir(known) | rmdir(folder), 0);
	assert_int_equal(alias_r | kept_r, 0);
	assert_string_equal(alias, "poise-test-alias");
	assert_string_equal(kept, "poise-test-label");
	assert_int_equal(r, 0);
	assert_string_equal(label, "poise-test-label");
	assert_int_equal(by_path_r, 0);
	assert_string_equal(by_path, "poise-test-label");
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(netns_label("/proc/self/ns/net", NULL, &number, &error), 0);
	assert_int_equal(strncmp(number, "inode-", 6), 0);
}

static void test_netns_enter(void **unused)
{
	static const char *const names[] = {"no-such-namespace", "/no/such", "/proc/self/status"};

	(void)unused;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		_cleanup_error_ struct error error = {};

		assert_true(netns_enter(names[i], &error) < 0);
		assert_non_null(strstr(error.text, names[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_netns_label),
		cmocka_unit_test(test_netns_enter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
