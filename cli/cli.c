// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "base/directories.h"
#include "base/memory.h"
#include "base/suggest.h"
#include "base/version.h"
#include "model/units.h"

#define LOCK_TIMEOUT   (10 * UNITS_SECOND)
#define HISTORY_LIMIT  20
#define INTERVAL_LEAST (100 * UNITS_MILLISECOND)

/* getopt_long() values of rows without a letter start here, past every letter. */
#define OPTION_VALUE 1000
#define OPTIONS_MOST 32

/* In the order of their help: the daily ones first. */
static const struct cli_command *const commands[] = {
	&cli_command_validate,
	&cli_command_diff,
	&cli_command_apply,
	&cli_command_confirm,
	&cli_command_rollback,
	&cli_command_status,
	&cli_command_check,
	&cli_command_history,
	&cli_command_drain,
	&cli_command_undrain,
	&cli_command_suspend,
	&cli_command_resume,
	&cli_command_reload,
	&cli_command_get,
	&cli_command_import,
	&cli_command_export,
	&cli_command_schema,
	&cli_command_ctl,
	&cli_command_version,
	&cli_command_help,
};

static const struct cli_option common_options[] = {
	CLI_OPTION('o', "format", FORMAT, format, "FORMAT",
		"text, json or yaml, as the command knows"),
	CLI_OPTION(0, "netns", TEXT, netns, "NAME",
		"work in this network namespace (of `ip netns`, or a path)"),
	CLI_OPTION(0, "state-dir", TEXT, state_dir, "DIR",
		"where poise keeps its record (" DIRECTORIES_STATE ")"),
	CLI_OPTION(0, "run-dir", TEXT, run_dir, "DIR",
		"where its lock and poised's socket are (" DIRECTORIES_RUN ")"),
	CLI_OPTION(0, "color", COLOR, color, "WHEN", "auto, always or never (auto)"),
	CLI_OPTION('q', "quiet", FLAG, quiet, NULL, "only errors, and what was asked for"),
	CLI_OPTION('v', "verbose", FLAG, verbose, NULL, "more of what happens"),
	CLI_OPTION('h', "help", FLAG, help, NULL, "this text"),
	CLI_OPTION(0, "version", FLAG, version, NULL, "the version of poise"),
};

static const char *const format_names[CLI_FORMAT_COUNT] = {
	[CLI_FORMAT_DEFAULT] = "",
	[CLI_FORMAT_TEXT] = "text",
	[CLI_FORMAT_JSON] = "json",
	[CLI_FORMAT_YAML] = "yaml",
};

static const char *const color_names[] = {
	[CLI_COLOR_AUTO] = "auto",
	[CLI_COLOR_ALWAYS] = "always",
	[CLI_COLOR_NEVER] = "never",
};

/* The options of a command with the common ones, as getopt_long() wants them. */
struct option_set {
	const struct cli_option *rows[OPTIONS_MOST];
	size_t count;
	struct option longs[OPTIONS_MOST + 1];
	char letters[3 * OPTIONS_MOST + 2];
};

const struct cli_command *cli_find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

/* The one command that begins with `word`; NULL when there is none, or another. */
static const char *command_begun(const char *word)
{
	const char *found = NULL;

	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
		if (strncmp(commands[i]->name, word, strlen(word)) != 0)
			continue;
		if (found)
			return NULL;
		found = commands[i]->name;
	}
	return found;
}

int cli_unknown_command(const char *word)
{
	struct suggest suggest = {.best = command_begun(word)};

	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
		suggest_offer(&suggest, word, commands[i]->name);
	if (suggest.best)
		cli_error("there is no command `%s`: did you mean `%s`?", word, suggest.best);
	else
		cli_error("there is no command `%s`: `poise help` lists them", word);
	return CLI_EXIT_ERROR;
}

static void format_option(const struct cli_option *option, struct strbuf *text)
{
	char left[64], letter[8] = "    ";
	const char *metavar = option->metavar ? option->metavar : "";

	if (option->letter)
		snprintf(letter, sizeof(letter), "-%c, ", option->letter);
	snprintf(left, sizeof(left),
		option->type == CLI_OPTION_TYPE_INTERVAL ? "%s--%s[=%s]"
		: option->metavar                        ? "%s--%s=%s"
							 : "%s--%s%s",
		letter, option->name, metavar);
	strbuf_printf(text, "  %-28s %s\n", left, option->help);
}

/* "text, json or yaml", of those that the command has. */
static void format_formats(const struct cli_command *command, struct strbuf *text)
{
	unsigned int left = command->formats;

	for (unsigned int i = 0; i < CLI_FORMAT_COUNT; i++) {
		if (!(left >> i & 1))
			continue;
		left &= ~(1u << i);
		strbuf_printf(text, "%s%s", format_names[i],
			!left               ? ""
			: left & (left - 1) ? ", "
					    : " or ");
	}
}

/* `command` may be NULL: of none. */
static void format_common_options(const struct cli_command *command, struct strbuf *text)
{
	_cleanup_strbuf_ struct strbuf formats = {};

	if (command)
		format_formats(command, &formats);
	strbuf_add(text, "\nOptions of every command:\n");
	for (size_t i = 0; i < ARRAY_LENGTH(common_options); i++) {
		struct cli_option option = common_options[i];

		if (option.type == CLI_OPTION_TYPE_FORMAT && command && !formats.length)
			continue;
		if (option.type == CLI_OPTION_TYPE_FORMAT && command)
			option.help = formats.text;
		format_option(&option, text);
	}
}

void cli_format_help(struct strbuf *text)
{
	strbuf_add(text,
		"Usage: poise COMMAND [OPTION]... [ARGUMENT]...\n\n"
		"Keeps a load balancer (IPVS, or DPDK) in the state that YAML files declare.\n\n"
		"Commands:\n");
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
		strbuf_printf(text, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	format_common_options(NULL, text);
	strbuf_add(text,
		"\n`poise COMMAND --help` says more of a command, poise(1) all of it, and\n"
		"poise.yaml(5) what a file may say. Who keeps the machine so is poised(8), and\n"
		"who forwards with `backend: dpdk` is poise-dataplane(8).\n");
}

void cli_format_command_help(const struct cli_command *command, struct strbuf *text)
{
	strbuf_printf(text, "Usage: poise %s [OPTION]...%s%s\n\n%s", command->name,
		*command->usage ? " " : "", command->usage, command->description);
	if (command->option_count)
		strbuf_add(text, "\nOptions:\n");
	for (size_t i = 0; i < command->option_count; i++)
		format_option(command->options + i, text);
	format_common_options(command, text);
}

static void option_set_add(struct option_set *set, const struct cli_option *row)
{
	size_t index = set->count++;
	int value = row->type == CLI_OPTION_TYPE_FLAG       ? no_argument
		    : row->type == CLI_OPTION_TYPE_INTERVAL ? optional_argument
							    : required_argument;
	size_t letters = strlen(set->letters);

	set->rows[index] = row;
	set->longs[index] = (struct option){.name = row->name,
		.has_arg = value,
		.val = row->letter ? row->letter : OPTION_VALUE + (int)index};
	if (!row->letter)
		return;
	set->letters[letters++] = row->letter;
	for (int i = 0; i < value; i++)
		set->letters[letters++] = ':';
	set->letters[letters] = '\0';
}

static void option_set_fill(struct option_set *set, const struct cli_command *command)
{
	/* The colon makes getopt tell a missing value apart, and be silent. */
	*set = (struct option_set){.letters = ":"};
	for (size_t i = 0; i < ARRAY_LENGTH(common_options); i++)
		option_set_add(set, common_options + i);
	for (size_t i = 0; command && i < command->option_count; i++)
		option_set_add(set, command->options + i);
}

static const struct cli_option *option_set_find(const struct option_set *set, int value)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->longs[i].val == value)
			return set->rows[i];
	return NULL;
}

static int unknown_option(const struct option_set *set, const struct cli *cli, const char *word)
{
	const char *name = cli->command ? cli->command->name : NULL;
	_cleanup_free_ char *bare = memory_copy_bytes(word, strcspn(word, "="));
	struct suggest suggest = {};

	for (size_t i = 0; strncmp(bare, "--", 2) == 0 && i < set->count; i++)
		suggest_offer(&suggest, bare + 2, set->longs[i].name);
	if (suggest.best)
		cli_error("there is no option `%s` here: did you mean `--%s`?", bare, suggest.best);
	else
		cli_error("there is no option `%s` here: `poise%s%s --help` lists them", bare,
			name ? " " : "", name ? name : "");
	return -EINVAL;
}

static int choice_parse(const struct cli_option *row, const char *value, const char *const *names,
	size_t count, size_t first, int *ret)
{
	for (size_t i = first; i < count; i++) {
		if (strcmp(names[i], value) != 0)
			continue;
		*ret = (int)i;
		return 0;
	}
	cli_error("--%s is %s, %s or %s, not `%s`", row->name, names[first], names[first + 1],
		names[first + 2], value);
	return -EINVAL;
}

static int duration_parse(const struct cli_option *row, const char *value, uint64_t *ret)
{
	int r = units_parse_duration(value, ret);

	if (r == -ENODATA)
		cli_error("--%s=%s has no unit: ms, s, m, h or d, as in `60s`", row->name, value);
	else if (r < 0)
		cli_error(
			"--%s takes a duration as in `90s` or `1h30m`, not `%s`", row->name, value);
	return r < 0 ? -EINVAL : 0;
}

static int span_parse(const struct cli_option *row, const char *value, uint64_t *ret)
{
	int r = duration_parse(row, value, ret);

	if (r == 0 && !*ret) {
		cli_error("--%s=%s is no time at all", row->name, value);
		return -EINVAL;
	}
	return r;
}

/* A view that is drawn without a pause is of no use to anybody. */
static int interval_parse(const struct cli_option *row, const char *value, uint64_t *ret)
{
	int r = duration_parse(row, value, ret);

	if (r == 0 && *ret < INTERVAL_LEAST) {
		cli_error("--%s is at least 100ms", row->name);
		return -EINVAL;
	}
	return r;
}

static int number_parse(const struct cli_option *row, const char *value, uint64_t *ret)
{
	if (units_parse_number(value, ret) == 0)
		return 0;
	cli_error("--%s takes a number, not `%s`", row->name, value);
	return -EINVAL;
}

static int option_store(
	struct cli_options *options, const struct cli_option *row, const char *value)
{
	void *member = (char *)options + row->offset;
	int choice = 0, r = 0;

	switch (row->type) {
	case CLI_OPTION_TYPE_FLAG:
		*(bool *)member = true;
		break;
	case CLI_OPTION_TYPE_TEXT:
		if (!*value) {
			cli_error("--%s wants a value that is not empty", row->name);
			return -EINVAL;
		}
		*(const char **)member = value;
		break;
	case CLI_OPTION_TYPE_DURATION:
		r = duration_parse(row, value, member);
		break;
	case CLI_OPTION_TYPE_SPAN:
		r = span_parse(row, value, member);
		break;
	case CLI_OPTION_TYPE_INTERVAL:
		*(uint64_t *)member = CLI_INTERVAL_DEFAULT;
		r = value ? interval_parse(row, value, member) : 0;
		break;
	case CLI_OPTION_TYPE_NUMBER:
		r = number_parse(row, value, member);
		break;
	case CLI_OPTION_TYPE_FORMAT:
		r = choice_parse(row, value, format_names, CLI_FORMAT_COUNT, 1, &choice);
		*(enum cli_format *)member = (enum cli_format)choice;
		break;
	case CLI_OPTION_TYPE_COLOR:
		r = choice_parse(row, value, color_names, ARRAY_LENGTH(color_names), 0, &choice);
		*(enum cli_color *)member = (enum cli_color)choice;
		break;
	}
	return r;
}

/* Whether the option that `word` begins takes the next word as its value. Before the command is
 * known the options of all of them are looked at. */
static bool option_takes_next(const char *word)
{
	bool is_long = word[1] == '-';
	const char letter = is_long ? 0 : word[strlen(word) - 1];

	if (strchr(word, '='))
		return false;
	for (size_t c = 0; c <= ARRAY_LENGTH(commands); c++) {
		const struct cli_option *rows = c ? commands[c - 1]->options : common_options;
		size_t count = c ? commands[c - 1]->option_count : ARRAY_LENGTH(common_options);

		for (size_t i = 0; i < count; i++)
			if (is_long ? strcmp(rows[i].name, word + 2) == 0
				    : rows[i].letter == letter && letter)
				return rows[i].type != CLI_OPTION_TYPE_FLAG &&
				       rows[i].type != CLI_OPTION_TYPE_INTERVAL;
	}
	return false;
}

/* The first word that is neither an option nor an option's value; `count` when there is none. */
static int command_find_word(int count, char **words)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(words[i], "--") == 0)
			return count;
		if (words[i][0] != '-' || !words[i][1])
			return i;
		i += option_takes_next(words[i]);
	}
	return count;
}

static int options_parse(int count, char **words, struct cli *cli)
{
	struct option_set set;
	int value;

	option_set_fill(&set, cli->command);
	optind = 0;
	while ((value = getopt_long(count, words, set.letters, set.longs, NULL)) >= 0) {
		if (value == ':') {
			cli_error("option `%s` wants a value", words[optind - 1]);
			return -EINVAL;
		}
		if (value == '?') {
			const struct cli_option *row = option_set_find(&set, optopt);
			char letter[] = {'-', (char)optopt, '\0'};

			if (optopt && !row)
				return unknown_option(&set, cli, letter);
			if (!row)
				return unknown_option(&set, cli, words[optind - 1]);
			cli_error("option `--%s` takes no value", row->name);
			return -EINVAL;
		}
		if (option_store(&cli->options, option_set_find(&set, value), optarg) < 0)
			return -EINVAL;
	}
	cli->arguments = (const char *const *)words + optind;
	cli->argument_count = (size_t)(count - optind);
	return 0;
}

static int format_check(const struct cli *cli)
{
	const struct cli_command *command = cli->command;
	enum cli_format format = cli->options.format;
	_cleanup_strbuf_ struct strbuf formats = {};

	if (format == CLI_FORMAT_DEFAULT || command->formats >> format & 1)
		return 0;
	format_formats(command, &formats);
	if (formats.length)
		cli_error("--format of `poise %s` is %s, not `%s`", command->name, formats.text,
			format_names[format]);
	else
		cli_error("`poise %s` has one format, and takes no --format", command->name);
	return -EINVAL;
}

static int arguments_check(const struct cli *cli)
{
	const struct cli_command *command = cli->command;

	if (format_check(cli) < 0)
		return -EINVAL;
	if (cli->argument_count < command->arguments_min) {
		cli_error("`poise %s` wants %s: `poise %s --help` says more", command->name,
			command->usage, command->name);
		return -EINVAL;
	}
	if (cli->argument_count > command->arguments_max) {
		cli_error("`poise %s` takes no argument `%s`", command->name,
			cli->arguments[command->arguments_max]);
		return -EINVAL;
	}
	return 0;
}

int cli_parse(int count, char **words, struct cli *cli)
{
	int place = command_find_word(count, words);
	const char *word = place < count ? words[place] : NULL;

	cli->options.lock_timeout = LOCK_TIMEOUT;
	cli->options.limit = HISTORY_LIMIT;
	if (word) {
		cli->command = cli_find_command(word);
		if (!cli->command) {
			cli_unknown_command(word);
			return -EINVAL;
		}
		/* The word's place becomes argv[0], which getopt_long() passes over. */
		memmove(words + 1, words, (size_t)place * sizeof(*words));
		words[0] = (char *)cli->command->name;
		return options_parse(count, words, cli);
	}
	_cleanup_free_ char **shifted = memory_resize(NULL, (size_t)count + 2, sizeof(*shifted));
	shifted[0] = (char *)"poise";
	memcpy(shifted + 1, words, (size_t)count * sizeof(*words));
	shifted[count + 1] = NULL;
	int r = options_parse(count + 1, shifted, cli);
	cli->arguments = NULL;
	cli->argument_count = 0;
	return r;
}

static int directories_set(struct cli *cli)
{
	_cleanup_directories_ struct directories found = {};
	_cleanup_error_ struct error error = {};
	const struct cli_options *options = &cli->options;

	if (directories_find(options->netns, options->state_dir, options->run_dir, &found, &error) <
		0) {
		cli_error("%s", error.text);
		return -EINVAL;
	}
	cli->state_dir = STEAL(found.state);
	cli->run_dir = STEAL(found.run);
	return 0;
}

void cli_clear(struct cli *cli)
{
	free(cli->state_dir);
	free(cli->run_dir);
	free(cli->program);
	*cli = (struct cli){};
}

static void help_print(const struct cli_command *command)
{
	_cleanup_strbuf_ struct strbuf text = {};

	if (command)
		cli_format_command_help(command, &text);
	else
		cli_format_help(&text);
	cli_print(text.text);
}

static int cli_run(struct cli *cli)
{
	if (cli->options.help) {
		help_print(cli->command);
		return CLI_EXIT_GOOD;
	}
	if (cli->options.version) {
		cli_print("poise " POISE_VERSION "\n");
		return CLI_EXIT_GOOD;
	}
	if (!cli->command) {
		_cleanup_strbuf_ struct strbuf text = {};

		cli_format_help(&text);
		cli_complain(text.text);
		return CLI_EXIT_ERROR;
	}
	if (arguments_check(cli) < 0 || directories_set(cli) < 0)
		return CLI_EXIT_ERROR;
	cli->program = memory_printf("poise %s", cli->command->name);
	return cli->command->run(cli);
}

int cli_main(int argc, char **argv)
{
	struct cli cli = {};
	int code = CLI_EXIT_ERROR;

	cli_output_begin(CLI_COLOR_AUTO, false, false);
	if (cli_parse(argc ? argc - 1 : 0, argv + (argc > 0), &cli) == 0) {
		cli_output_begin(cli.options.color, cli.options.quiet, cli.options.verbose);
		code = cli_run(&cli);
	}
	if (code == CLI_EXIT_ERROR && cli.command && cli.command->explains &&
		cli.options.format == CLI_FORMAT_JSON)
		cli_output_explain(cli.command->acts);
	bool shows = cli.options.help || cli.options.version || cli.options.dry_run;
	code = cli_output_end(code, cli.command && cli.command->acts && !shows);
	cli_clear(&cli);
	return code;
}
