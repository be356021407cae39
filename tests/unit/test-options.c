// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line of poised: what is understood, what is refused and how, and what a process of the tree is given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "base/memory.h"
#include "daemon/options.h"
#include "tests/support/folder.h"

#define WORDS_MOST 16

/* The words after the program's name, as main() would have them. */
#define PARSE(options, error, ...)                                                                 \
	parse((options), (error), (const char *[]){"poised" __VA_OPT__(, ) __VA_ARGS__, NULL})

static int parse(struct options *options, struct error *error, const char **words)
{
	int count = 0;

	while (words[count])
		count++;
	return options_parse(count, (char **)words, options, error);
}

static void nothing_said_is_the_machine(void **state)
{
	_cleanup_options_ struct options options = {};
	const struct poised_options *view = &options.view;

	(void)state;
	assert_int_equal(PARSE(&options, NULL), 0);
	assert_int_equal(view->path_count, 1);
	assert_string_equal(view->paths[0], "/etc/poise");
	assert_null(view->netns);
	assert_null(view->process);
	assert_int_equal(view->log_target, LOG_TARGET_AUTO);
	assert_int_equal(view->log_level, LOG_LEVEL_INFO);
	assert_false(view->remove_on_stop);
	assert_false(view->no_sandbox);
	assert_int_equal(view->channel_fd, -1);
	assert_int_equal(view->control_fd, -1);
	assert_int_equal(view->lock_fd, -1);
}

static void all_options_are_understood(void **state)
{
	_cleanup_options_ struct options options = {};
	const struct poised_options *view = &options.view;

	(void)state;
	assert_int_equal(PARSE(&options, NULL, "/a", "--state-dir=/s", "--run-dir", "/r",
				 "--log=journal", "--log-level", "debug", "--remove-on-stop",
				 "--no-sandbox", "--process=reconciler", "--channel-fd=3",
				 "--control-fd=4", "--lock-fd=5", "--netns=gone", "/b"),
		0);
	assert_int_equal(view->path_count, 2);
	assert_string_equal(view->paths[0], "/a");
	assert_string_equal(view->paths[1], "/b");
	assert_string_equal(view->state_dir, "/s");
	assert_string_equal(view->run_dir, "/r");
	assert_string_equal(view->netns, "gone");
	assert_int_equal(view->log_target, LOG_TARGET_JOURNAL);
	assert_int_equal(view->log_level, LOG_LEVEL_DEBUG);
	assert_true(view->remove_on_stop);
	assert_true(view->no_sandbox);
	assert_string_equal(view->process, "reconciler");
	assert_int_equal(view->channel_fd, 3);
	assert_int_equal(view->control_fd, 4);
	assert_int_equal(view->lock_fd, 5);
}

static void help_and_version_want_nothing_else(void **state)
{
	_cleanup_options_ struct options help = {}, version = {};

	(void)state;
	assert_int_equal(PARSE(&help, NULL, "-h", "--netns=none-of-that-name"), 0);
	assert_true(help.help);
	assert_int_equal(PARSE(&version, NULL, "--version", "-"), 0);
	assert_true(version.version);
}

static void mistakes_are_told_with_the_way_out(void **state)
{
	static const struct {
		const char *words[4], *text;
	} rows[] = {
		{{"--log-levle=info"}, "`--log-levle`: did you mean `--log-level`?"},
		{{"--remove-onstop"}, "did you mean `--remove-on-stop`?"},
		{{"--nonsense"}, "there is no option `--nonsense`: `poised --help` lists them"},
		{{"-x"}, "there is no option `-x`"},
		{{"-hx"}, "there is no option `-x`"},
		{{"--log-level"}, "option `--log-level` wants a value"},
		{{"--no-sandbox=yes"}, "option `--no-sandbox` takes no value"},
		{{"--run-dir="}, "--run-dir wants a value that is not empty"},
		{{"--log=file"}, "--log is auto, stderr, journal or syslog, not `file`"},
		{{"--log-level=loud"}, "--log-level is error, warning, notice, info or debug"},
		{{"--channel-fd=x"}, "--channel-fd takes the number of a descriptor, not `x`"},
		{{"--channel-fd=-1"}, "not `-1`"},
		{{"--channel-fd=99999999999"}, "not `99999999999`"},
		/* What is not for users is not suggested to them. */
		{{"--processs=a"}, "`poised --help` lists them"},
		{{"/etc", "-"}, "use `poise apply -`"},
		{{""}, "a path is empty"},
		{{"--netns=none-of-that-name"},
			"there is no network namespace `none-of-that-name`"},
		{{"--netns=none-of-that-name", "--state-dir=/s", "--run-dir=/r"},
			"none-of-that-name"},
		/* From here, though poised works in the root. */
		{{"--netns=./none"}, "/none"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const char *words[5] = {"poised"};
		_cleanup_options_ struct options options = {};
		_cleanup_error_ struct error error = {};

		memcpy(words + 1, rows[i].words, sizeof(rows[i].words));
		assert_true(parse(&options, &error, words) < 0);
		assert_non_null(error.text);
		if (!strstr(error.text, rows[i].text))
			fail_msg("`%s` says: %s", words[1], error.text);
	}
}

/* The supervisor leaves the directory that it was started in. */
static void relative_paths_become_absolute(void **state)
{
	const char *folder = *state;
	_cleanup_free_ char *here = getcwd(NULL, 0);
	_cleanup_free_ char *path = folder_path(folder, "a/../b.yaml");
	_cleanup_free_ char *run = folder_path(folder, "run");
	_cleanup_options_ struct options options = {}, at_root = {};

	assert_int_equal(chdir(folder), 0);
	assert_int_equal(PARSE(&options, NULL, "--run-dir=run", "--", "a/../b.yaml", "/c"), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(PARSE(&at_root, NULL, "x"), 0);
	assert_int_equal(chdir(here), 0);
	/* Not resolved: a link is followed each time anew. */
	assert_string_equal(options.view.paths[0], path);
	assert_string_equal(options.view.paths[1], "/c");
	assert_string_equal(options.view.run_dir, run);
	assert_string_equal(at_root.view.paths[0], "/x");
}

/* Side by side, by name: the folders of `poise --netns` are those of `poised --netns`. */
static void a_namespace_has_folders_of_its_own(void **state)
{
	_cleanup_options_ struct options options = {};

	(void)state;
	assert_int_equal(system("ip netns add poise-test-options"), 0);
	int r = PARSE(&options, NULL, "--netns=poise-test-options", "--run-dir=/r");
	assert_int_equal(system("ip netns del poise-test-options"), 0);
	assert_int_equal(r, 0);
	assert_string_equal(options.view.state_dir, "/var/lib/poise/netns/poise-test-options");
	assert_string_equal(options.view.run_dir, "/r");
}

/* A process of the tree reads from its words what the supervisor has meant, whatever the words contain. */
static void a_process_understands_its_words(void **state)
{
	static const char *const paths[] = {"/etc/poise", "/--log=no", "/a b"};
	const struct poised_options told = {.state_dir = "/s t",
		.run_dir = "/r",
		.netns = "gone",
		.paths = paths,
		.path_count = ARRAY_LENGTH(paths),
		.log_target = LOG_TARGET_SYSLOG,
		.log_level = LOG_LEVEL_WARNING,
		.remove_on_stop = true,
		.no_sandbox = true,
		.process = "vrrp",
		.channel_fd = 3,
		.control_fd = -1,
		.lock_fd = 7,
		.lease_fd = -1,
		.claim_fd = 9};
	_cleanup_options_ struct options options = {};
	_cleanup_error_ struct error error = {};
	const struct poised_options *view = &options.view;
	char **words = options_words(&told), *kept[WORDS_MOST + 1] = {};
	int count = 0;

	(void)state;
	for (; words[count]; count++)
		assert_true(count < WORDS_MOST);
	/* getopt_long() changes their order. */
	memcpy(kept, words, (size_t)count * sizeof(*words));
	assert_string_equal(kept[0], "poised-vrrp");
	assert_int_equal(options_parse(count, kept, &options, &error), 0);
	assert_string_equal(view->state_dir, "/s t");
	assert_string_equal(view->run_dir, "/r");
	assert_string_equal(view->netns, "gone");
	assert_int_equal(view->path_count, ARRAY_LENGTH(paths));
	for (size_t i = 0; i < ARRAY_LENGTH(paths); i++)
		assert_string_equal(view->paths[i], paths[i]);
	assert_int_equal(view->log_target, LOG_TARGET_SYSLOG);
	assert_int_equal(view->log_level, LOG_LEVEL_WARNING);
	assert_true(view->remove_on_stop && view->no_sandbox);
	assert_string_equal(view->process, "vrrp");
	assert_int_equal(view->channel_fd, 3);
	assert_int_equal(view->control_fd, -1);
	assert_int_equal(view->lock_fd, 7);
	assert_int_equal(view->lease_fd, -1);
	assert_int_equal(view->claim_fd, 9);
	options_words_free(words);
}

static void help_lists_what_users_may_say(void **state)
{
	_cleanup_strbuf_ struct strbuf text = {};

	(void)state;
	options_format_help(&text);
	assert_non_null(strstr(text.text, "--netns=NAME"));
	assert_non_null(strstr(text.text, "-h, --help"));
	assert_null(strstr(text.text, "--process"));
	assert_null(strstr(text.text, "-fd"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_said_is_the_machine),
		cmocka_unit_test(all_options_are_understood),
		cmocka_unit_test(help_and_version_want_nothing_else),
		cmocka_unit_test(mistakes_are_told_with_the_way_out),
		cmocka_unit_test_setup_teardown(
			relative_paths_become_absolute, folder_setup, folder_teardown),
		cmocka_unit_test(a_namespace_has_folders_of_its_own),
		cmocka_unit_test(a_process_understands_its_words),
		cmocka_unit_test(help_lists_what_users_may_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
