// SPDX-License-Identifier: GPL-2.0-or-later
/* The options of poise-dataplane: a row for each, from which getopt's table, the help and "did you
 * mean" come. They are named and mean the same as those of poise and poised. */

#include "backends/dpdk/dataplane/arguments.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "base/directories.h"
#include "base/memory.h"
#include "base/suggest.h"

#define ARGUMENT_TARGETS "auto, stderr, journal or syslog"
#define ARGUMENT_LEVELS  "error, warning, notice, info or debug"

/* getopt_long() values start here, past every letter. */
#define ARGUMENT_VALUE 1000

enum argument_type {
	ARGUMENT_TYPE_FLAG,
	ARGUMENT_TYPE_TEXT,
	ARGUMENT_TYPE_TARGET,
	ARGUMENT_TYPE_LEVEL,
};

struct argument_row {
	const char *name;
	enum argument_type type;
	size_t offset; /* in struct arguments */
	const char *metavar, *help;
};

#define ARGUMENT_ROW(argument_name, kind, member, value, text)                                     \
	{                                                                                          \
		argument_name, ARGUMENT_TYPE_##kind, offsetof(struct arguments, member), value,    \
			text                                                                       \
	}

static const struct argument_row argument_rows[] = {
	ARGUMENT_ROW("netns", TEXT, netns, "NAME",
		"work in this network namespace (of `ip netns`, or a path)"),
	ARGUMENT_ROW("state-dir", TEXT, state_dir, "DIR",
		"as for poise and poised; nothing is kept there (" DIRECTORIES_STATE ")"),
	ARGUMENT_ROW("run-dir", TEXT, run_dir, "DIR",
		"where its socket is, dataplane.sock (" DIRECTORIES_RUN ")"),
	ARGUMENT_ROW("log", TARGET, log_target, "TARGET", ARGUMENT_TARGETS " (auto)"),
	ARGUMENT_ROW("log-level", LEVEL, log_level, "LEVEL", ARGUMENT_LEVELS " (info)"),
	ARGUMENT_ROW("check", FLAG, check, NULL, "say what DPDK would be called with, and end"),
	ARGUMENT_ROW("help", FLAG, help, NULL, "this text"),
	ARGUMENT_ROW("version", FLAG, version, NULL, "the version of poise-dataplane"),
};

#define ARGUMENT_COUNT ARRAY_LENGTH(argument_rows)

static int unknown(const char *word, struct error *error)
{
	_cleanup_free_ char *bare = memory_copy_bytes(word, strcspn(word, "="));
	struct suggest suggest = {};

	for (size_t i = 0; strncmp(bare, "--", 2) == 0 && i < ARGUMENT_COUNT; i++)
		suggest_offer(&suggest, bare + 2, argument_rows[i].name);
	if (suggest.best)
		return error_set(error, -EINVAL, "there is no option `%s`: did you mean `--%s`?",
			bare, suggest.best);
	return error_set(error, -EINVAL,
		"there is no option `%s`: `poise-dataplane --help` lists them", bare);
}

/* What getopt_long() did not like of the word before optind. */
static int refuse(int value, char **argv, struct error *error)
{
	char letter[] = {'-', (char)optopt, '\0'};

	if (value == ':')
		return error_set(error, -EINVAL, "option `%s` wants a value", argv[optind - 1]);
	if (optopt >= ARGUMENT_VALUE)
		return error_set(error, -EINVAL, "option `--%s` takes no value",
			argument_rows[optopt - ARGUMENT_VALUE].name);
	return unknown(optopt ? letter : argv[optind - 1], error);
}

static int refuse_choice(
	const struct argument_row *row, const char *value, const char *choices, struct error *error)
{
	return error_set(error, -EINVAL, "--%s is %s, not `%s`", row->name, choices, value);
}

static int store(struct arguments *arguments, const struct argument_row *row, const char *value,
	struct error *error)
{
	void *member = (char *)arguments + row->offset;
	int choice;

	switch (row->type) {
	case ARGUMENT_TYPE_FLAG:
		*(bool *)member = true;
		return 0;
	case ARGUMENT_TYPE_TEXT:
		if (!*value)
			return error_set(
				error, -EINVAL, "--%s wants a value that is not empty", row->name);
		*(const char **)member = value;
		return 0;
	case ARGUMENT_TYPE_TARGET:
		choice = log_target_from_name(value);
		if (choice < 0)
			return refuse_choice(row, value, ARGUMENT_TARGETS, error);
		*(enum log_target *)member = (enum log_target)choice;
		return 0;
	case ARGUMENT_TYPE_LEVEL:
		choice = log_level_from_name(value);
		if (choice < 0)
			return refuse_choice(row, value, ARGUMENT_LEVELS, error);
		*(enum log_level *)member = (enum log_level)choice;
		return 0;
	}
	return 0;
}

int arguments_parse(int argc, char **argv, struct arguments *ret, struct error *error)
{
	struct option longs[ARGUMENT_COUNT + 1] = {};
	int value, r = 0;

	*ret = (struct arguments){.log_target = LOG_TARGET_AUTO, .log_level = LOG_LEVEL_INFO};
	for (size_t i = 0; i < ARGUMENT_COUNT; i++)
		longs[i] = (struct option){
			.name = argument_rows[i].name,
			.has_arg = argument_rows[i].type == ARGUMENT_TYPE_FLAG ? no_argument
									       : required_argument,
			.val = ARGUMENT_VALUE + (int)i,
		};
	/* 0: from the beginning, also of a second line. */
	optind = 0;
	/* The colon makes getopt tell a missing value apart, and be silent. */
	while (r == 0 && (value = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (value == 'h')
			ret->help = true;
		else if (value < ARGUMENT_VALUE)
			r = refuse(value, argv, error);
		else
			r = store(ret, &argument_rows[value - ARGUMENT_VALUE], optarg, error);
	}
	ret->paths = (const char *const *)(argv + optind);
	ret->path_count = (size_t)(argc - optind);
	return r;
}

void arguments_format_help(struct strbuf *text)
{
	strbuf_add(text, "Usage: poise-dataplane [OPTION]... [PATH]...\n\n"
			 "The forwarder of `backend: dpdk`. Its ports, workers and memory are "
			 "those of the `dpdk:`\n"
			 "mapping in the YAML files of PATH (/etc/poise), its services those that "
			 "are put in by its\n"
			 "socket. Stays in the foreground.\n\n"
			 "Options:\n");
	for (size_t i = 0; i < ARGUMENT_COUNT; i++) {
		const struct argument_row *row = &argument_rows[i];
		_cleanup_free_ char *option = memory_printf("--%s%s%s", row->name,
			row->metavar ? "=" : "", row->metavar ? row->metavar : "");

		strbuf_printf(text, "  %s %-20s %s\n",
			strcmp(row->name, "help") == 0 ? "-h," : "   ", option, row->help);
	}
	strbuf_add(text,
		"\npoise-dataplane(8) says more; poise.yaml(5) tells what the files may say.\n");
}
