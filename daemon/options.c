// SPDX-License-Identifier: GPL-2.0-or-later
/* The options of poised: a row for each, from which getopt's table, the help and "did you mean" come.
 *
 * Rows without a help text are for the processes of the tree (poised.h): they are neither shown nor suggested. A
 * process is given whatever the supervisor found out, so that it starts alike each time, even when the namespace's name
 * is gone by then. */
#include "daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>

#include "base/suggest.h"
#include "reconciler/sources.h"

#define OPTION_TARGETS "auto, stderr, journal or syslog"
#define OPTION_LEVELS  "error, warning, notice, info or debug"

/* getopt_long() values start here, past every letter. */
#define OPTION_VALUE 1000

enum option_type {
	OPTION_TYPE_FLAG,
	OPTION_TYPE_TEXT,
	OPTION_TYPE_TARGET,
	OPTION_TYPE_LEVEL,
	OPTION_TYPE_DESCRIPTOR,
};

struct option_row {
	const char *name;
	size_t offset;              /* in struct options */
	const char *metavar, *help; /* no help: hidden */
	enum option_type type;
	char letter;
};

#define OPTION_ROW(option_name, option_kind, member, ...)                                          \
	{                                                                                          \
		.name = (option_name), .type = OPTION_TYPE_##option_kind,                          \
		.offset = offsetof(struct options, member), __VA_ARGS__                            \
	}

static const struct option_row option_rows[] = {
	OPTION_ROW("netns", TEXT, view.netns, .metavar = "NAME",
		.help = "work in this network namespace (of `ip netns`, or a path)"),
	OPTION_ROW("state-dir", TEXT, view.state_dir, .metavar = "DIR",
		.help = "where poise keeps its record (" DIRECTORIES_STATE ")"),
	OPTION_ROW("run-dir", TEXT, view.run_dir, .metavar = "DIR",
		.help = "where its lock and its socket are (" DIRECTORIES_RUN ")"),
	OPTION_ROW("log", TARGET, view.log_target, .metavar = "TARGET",
		.help = OPTION_TARGETS " (auto)"),
	OPTION_ROW("log-level", LEVEL, view.log_level, .metavar = "LEVEL",
		.help = OPTION_LEVELS " (info)"),
	OPTION_ROW("remove-on-stop", FLAG, view.remove_on_stop,
		.help = "take the services away when poised is stopped"),
	OPTION_ROW("clean-up", FLAG, view.clean_up,
		.help = "remove what virtual routers of a poised that died left, and end"),
	OPTION_ROW("no-sandbox", FLAG, view.no_sandbox,
		.help = "keep all privileges and system calls, for debugging"),
	OPTION_ROW("help", FLAG, help, .letter = 'h', .help = "this text"),
	OPTION_ROW("version", FLAG, version, .help = "the version of poised"),
	OPTION_ROW("process", TEXT, view.process),
	OPTION_ROW("channel-fd", DESCRIPTOR, view.channel_fd),
	OPTION_ROW("control-fd", DESCRIPTOR, view.control_fd),
	OPTION_ROW("lock-fd", DESCRIPTOR, view.lock_fd),
	OPTION_ROW("lease-fd", DESCRIPTOR, view.lease_fd),
	OPTION_ROW("claim-fd", DESCRIPTOR, view.claim_fd),
};

#define OPTION_COUNT ARRAY_LENGTH(option_rows)

/* What getopt_long() reads. */
struct option_set {
	struct option longs[OPTION_COUNT + 1];
	char letters[2 + OPTION_COUNT];
};

static void option_set_fill(struct option_set *set)
{
	/* The colon makes getopt tell a missing value apart, and be silent. */
	*set = (struct option_set){.letters = ":"};
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = option_rows + i;

		set->longs[i] = (struct option){.name = row->name,
			.has_arg = row->type == OPTION_TYPE_FLAG ? no_argument : required_argument,
			.val = OPTION_VALUE + (int)i};
		if (row->letter)
			set->letters[strlen(set->letters)] = row->letter;
	}
}

static const struct option_row *option_find(int value)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (value == OPTION_VALUE + (int)i || (value && value == option_rows[i].letter))
			return option_rows + i;
	return NULL;
}

static int option_unknown(const char *word, struct error *error)
{
	_cleanup_free_ char *bare = memory_copy_bytes(word, strcspn(word, "="));
	struct suggest suggest = {};

	for (size_t i = 0; strncmp(bare, "--", 2) == 0 && i < OPTION_COUNT; i++)
		if (option_rows[i].help)
			suggest_offer(&suggest, bare + 2, option_rows[i].name);
	if (suggest.best)
		return error_set(error, -EINVAL, "there is no option `%s`: did you mean `--%s`?",
			bare, suggest.best);
	return error_set(
		error, -EINVAL, "there is no option `%s`: `poised --help` lists them", bare);
}

static int descriptor_parse(
	const struct option_row *row, const char *value, int *ret, struct error *error)
{
	char *rest;

	errno = 0;
	long number = strtol(value, &rest, 10);
	if (errno || rest == value || *rest || number < 0 || number > INT_MAX)
		return error_set(error, -EINVAL, "--%s takes the number of a descriptor, not `%s`",
			row->name, value);
	*ret = (int)number;
	return 0;
}

static int choice_refuse(
	const struct option_row *row, const char *value, const char *choices, struct error *error)
{
	return error_set(error, -EINVAL, "--%s is %s, not `%s`", row->name, choices, value);
}

static int option_store(struct options *options, const struct option_row *row, const char *value,
	struct error *error)
{
	void *member = (char *)options + row->offset;
	int choice;

	switch (row->type) {
	case OPTION_TYPE_FLAG:
		*(bool *)member = true;
		return 0;
	case OPTION_TYPE_TEXT:
		if (!*value)
			return error_set(
				error, -EINVAL, "--%s wants a value that is not empty", row->name);
		*(const char **)member = value;
		return 0;
	case OPTION_TYPE_TARGET:
		choice = log_target_from_name(value);
		if (choice < 0)
			return choice_refuse(row, value, OPTION_TARGETS, error);
		*(enum log_target *)member = (enum log_target)choice;
		return 0;
	case OPTION_TYPE_LEVEL:
		choice = log_level_from_name(value);
		if (choice < 0)
			return choice_refuse(row, value, OPTION_LEVELS, error);
		*(enum log_level *)member = (enum log_level)choice;
		return 0;
	case OPTION_TYPE_DESCRIPTOR:
		return descriptor_parse(row, value, member, error);
	}
	return 0;
}

/* What getopt_long() did not like of the word before optind. */
static int option_refuse(int value, char **argv, struct error *error)
{
	const struct option_row *row = option_find(optopt);
	char letter[] = {'-', (char)optopt, '\0'};

	if (value == ':')
		return error_set(error, -EINVAL, "option `%s` wants a value", argv[optind - 1]);
	if (row)
		return error_set(error, -EINVAL, "option `--%s` takes no value", row->name);
	return option_unknown(optopt ? letter : argv[optind - 1], error);
}

/* `word` against the current directory; not resolved further: a path is watched along its links. */
static int path_make_absolute(const char *word, char **ret, struct error *error)
{
	if (*word == '/') {
		*ret = memory_copy_string(word);
		return 0;
	}
	_cleanup_free_ char *current = getcwd(NULL, 0);
	if (!current || *current != '/')
		return error_set(error, current ? -ENOENT : -errno,
			"`%s` is relative, and the current directory is not to be found: give a "
			"path from the root",
			word);
	*ret = memory_printf("%s/%s", strcmp(current, "/") == 0 ? "" : current, word);
	return 0;
}

static int paths_set(struct options *options, char **words, size_t count, struct error *error)
{
	static char *default_words[] = {(char *)SOURCES_DEFAULT_PATH};
	int r = 0;

	if (!count) {
		words = default_words;
		count = ARRAY_LENGTH(default_words);
	}
	options->paths = memory_resize(NULL, count + 1, sizeof(*options->paths));
	memset(options->paths, 0, (count + 1) * sizeof(*options->paths));
	for (size_t i = 0; r == 0 && i < count; i++) {
		if (!*words[i])
			r = error_set(error, -EINVAL, "a path is empty");
		else if (strcmp(words[i], "-") == 0)
			r = error_set(error, -EINVAL,
				"poised follows files, and standard input is none: name a file or "
				"a "
				"directory, or use `poise apply -`");
		else
			r = path_make_absolute(words[i], options->paths + i, error);
		options->path_count += r == 0;
	}
	options->view.paths = (const char *const *)options->paths;
	options->view.path_count = options->path_count;
	return r;
}

/* `*said` (owned by `found`) from the root, in both. */
static int directory_set(char **found, const char **view, struct error *error)
{
	char *relative = *found;
	int r = path_make_absolute(relative, found, error);

	if (r < 0)
		return r;
	free(relative);
	*view = *found;
	return 0;
}

/* A path to a namespace is meant from here; poised works in the root. */
static int netns_set(struct options *options, struct error *error)
{
	const char *said = options->view.netns;

	if (!said || !strchr(said, '/'))
		return 0;
	int r = path_make_absolute(said, &options->netns, error);
	if (r == 0)
		options->view.netns = options->netns;
	return r;
}

static int directories_set(struct options *options, struct error *error)
{
	struct poised_options *view = &options->view;
	struct directories *found = &options->directories;
	/* A process of the tree is in its namespace already, and told everything. */
	bool told = view->process && view->state_dir && view->run_dir;
	int r = netns_set(options, error);

	if (r < 0)
		return r;
	r = directories_find(
		told ? NULL : view->netns, view->state_dir, view->run_dir, found, error);

	if (r == 0)
		r = directory_set(&found->state, &view->state_dir, error);
	if (r == 0)
		r = directory_set(&found->run, &view->run_dir, error);
	return r;
}

int options_parse(int argc, char **argv, struct options *ret, struct error *error)
{
	struct option_set set;
	int value, r = 0;

	ret->view = (struct poised_options){.log_level = LOG_LEVEL_INFO,
		.channel_fd = -1,
		.control_fd = -1,
		.lock_fd = -1,
		.lease_fd = -1,
		.claim_fd = -1};
	option_set_fill(&set);
	optind = 0;
	while (r == 0 && (value = getopt_long(argc, argv, set.letters, set.longs, NULL)) >= 0) {
		if (value == ':' || value == '?')
			r = option_refuse(value, argv, error);
		else
			r = option_store(ret, option_find(value), optarg, error);
	}
	if (r < 0 || ret->help || ret->version)
		return r;
	r = paths_set(ret, argv + optind, (size_t)(argc - optind), error);
	return r < 0 ? r : directories_set(ret, error);
}

void options_clear(struct options *options)
{
	options_words_free(options->paths);
	free(options->netns);
	directories_clear(&options->directories);
	*options = (struct options){};
}

static void option_format(const struct option_row *row, struct strbuf *text)
{
	char left[64], letter[8] = "    ";

	if (!row->help)
		return;
	if (row->letter)
		snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	snprintf(left, sizeof(left), "%s--%s%s%s", letter, row->name, row->metavar ? "=" : "",
		row->metavar ? row->metavar : "");
	strbuf_printf(text, "  %-28s %s\n", left, row->help);
}

void options_format_help(struct strbuf *text)
{
	strbuf_add(text,
		"Usage: poised [OPTION]... [PATH]...\n\n"
		"Keeps a load balancer (IPVS, or DPDK) in the state that the YAML files of PATH\n"
		"(" SOURCES_DEFAULT_PATH
		") declare, whenever they or the machine change. Stays in the\n"
		"foreground.\n\nOptions:\n");
	for (size_t i = 0; i < OPTION_COUNT; i++)
		option_format(option_rows + i, text);
	strbuf_add(text, "\npoised(8) says more; `poise status` shows what it does, and "
			 "poise.yaml(5) tells\n"
			 "what a file may say.\n");
}

/* Words for another process. */

struct words {
	VECTOR_OF(char *);
};

static void words_add_descriptor(struct words *words, const char *name, int fd)
{
	if (fd >= 0)
		vector_push(words, memory_printf("--%s=%d", name, fd));
}

char **options_words(const struct poised_options *options)
{
	struct words words = {};

	vector_push(&words, memory_printf("poised-%s", options->process));
	vector_push(&words, memory_printf("--process=%s", options->process));
	words_add_descriptor(&words, "channel-fd", options->channel_fd);
	words_add_descriptor(&words, "control-fd", options->control_fd);
	words_add_descriptor(&words, "lock-fd", options->lock_fd);
	words_add_descriptor(&words, "lease-fd", options->lease_fd);
	words_add_descriptor(&words, "claim-fd", options->claim_fd);
	if (options->netns)
		vector_push(&words, memory_printf("--netns=%s", options->netns));
	vector_push(&words, memory_printf("--state-dir=%s", options->state_dir));
	vector_push(&words, memory_printf("--run-dir=%s", options->run_dir));
	vector_push(&words, memory_printf("--log=%s", log_target_name(options->log_target)));
	vector_push(&words, memory_printf("--log-level=%s", log_level_name(options->log_level)));
	if (options->remove_on_stop)
		vector_push(&words, memory_copy_string("--remove-on-stop"));
	if (options->no_sandbox)
		vector_push(&words, memory_copy_string("--no-sandbox"));
	vector_push(&words, memory_copy_string("--"));
	for (size_t i = 0; i < options->path_count; i++)
		vector_push(&words, memory_copy_string(options->paths[i]));
	vector_push(&words, NULL);
	return words.items;
}

void options_words_free(char **words)
{
	for (char **word = words; word && *word; word++)
		free(*word);
	free(words);
}
