// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line: a table of commands, each with a table of its options, and one parser for all.
 *
 * To add a command: a file cli/NAME.c with its `const struct cli_command`, and a line in the array
 * of cli.c. Help texts, usage errors and "did you mean" come out of the tables. Handlers return
 * exit codes; everything below them returns -errno. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/output.h"

enum cli_exit {
	CLI_EXIT_GOOD = 0,
	CLI_EXIT_DIFFERENCES = 1, /* diff */
	CLI_EXIT_LOSSES = 1,      /* import, export */
	CLI_EXIT_DEGRADED = 1,    /* status */
	CLI_EXIT_FAILURES = 1,    /* check */
	CLI_EXIT_ERROR = 2,
	CLI_EXIT_INTERRUPTED = 130, /* SIGINT or SIGTERM ended the wait for drains */
};

enum cli_format {
	CLI_FORMAT_DEFAULT, /* what the command does without -o */
	CLI_FORMAT_TEXT,
	CLI_FORMAT_JSON,
	CLI_FORMAT_YAML,
	CLI_FORMAT_COUNT,
};

#define CLI_INTERVAL_DEFAULT UINT64_C(2000000000)

/* What all options of all commands say. Texts are borrowed from argv. */
struct cli_options {
	/* of every command */
	const char *state_dir, *run_dir, *netns;
	enum cli_format format;
	enum cli_color color;
	bool quiet, verbose, help, version;
	/* of some */
	const char *live; /* diff: a file; the live side comes from it */
	const char *out;
	const char *backend; /* get: its name */
	const char *plan;
	uint64_t confirm_timeout, lock_timeout; /* nanoseconds */
	bool from_live;                         /* export: the live state instead of files */
	const char *service;                    /* drain, undrain */
	const char *check;                      /* check: its name */
	uint64_t duration;                      /* drain: how long; nanoseconds */
	uint64_t interval;                      /* status: of the live view; 0: look once */
	uint64_t limit;                         /* history: entries, 0: all */
	bool all, dry_run, force, mdoc, no_wait, replace, timing;
};

enum cli_option_type {
	CLI_OPTION_TYPE_FLAG,
	CLI_OPTION_TYPE_TEXT,
	CLI_OPTION_TYPE_DURATION,
	CLI_OPTION_TYPE_SPAN, /* a duration, and not none at all: in the options, 0 is not given */
	CLI_OPTION_TYPE_INTERVAL, /* a duration that may be left out: CLI_INTERVAL_DEFAULT */
	CLI_OPTION_TYPE_NUMBER,
	CLI_OPTION_TYPE_FORMAT,
	CLI_OPTION_TYPE_COLOR,
};

struct cli_option {
	char letter; /* or 0 */
	const char *name;
	enum cli_option_type type;
	size_t offset;       /* in struct cli_options */
	const char *metavar; /* of what takes a value */
	const char *help;
};

/* A row for an option that fills `member` of struct cli_options. */
#define CLI_OPTION(letter, name, kind, member, metavar, help)                                      \
	{                                                                                          \
		(letter), (name), CLI_OPTION_TYPE_##kind, offsetof(struct cli_options, member),    \
			(metavar), (help)                                                          \
	}

struct cli;

struct cli_command {
	const char *name;
	const char *usage; /* arguments after the options */
	const char *summary;
	const char *description; /* for its own help: whole lines */
	const struct cli_option *options;
	size_t option_count;
	bool acts;     /* on the machine: its output is no more than a report */
	bool explains; /* with -o json it prints a document also when it fails: what it said */
	unsigned int formats; /* 1 << enum cli_format, of those that -o may name */
	size_t arguments_min, arguments_max;
	int (*run)(struct cli *cli);
};

/* One run. */
struct cli {
	const struct cli_command *command;
	struct cli_options options;
	const char *const *arguments;
	size_t argument_count;
	char *state_dir, *run_dir; /* as given, or the default for --netns; owned */
	char *program;             /* "poise apply"; owned */
};

/* The whole program. `argv` ends with NULL; returns the exit code. */
int cli_main(int argc, char **argv);

/* The command of that name, or NULL. */
const struct cli_command *cli_find_command(const char *name);

/* Help texts. They append. */
void cli_format_help(struct strbuf *text);
void cli_format_command_help(const struct cli_command *command, struct strbuf *text);

/* Words on standard error; CLI_EXIT_ERROR. Also of `poise help WORD`. */
int cli_unknown_command(const char *word);

/* Parses the words (without the program's name) into a zeroed `cli`, whose arguments then point
 * into `words`, which it reorders. 0, or -EINVAL after it told standard error why. */
int cli_parse(int count, char **words, struct cli *cli);
void cli_clear(struct cli *cli);

extern const struct cli_command cli_command_apply, cli_command_check, cli_command_confirm,
	cli_command_ctl, cli_command_diff, cli_command_drain, cli_command_export, cli_command_get,
	cli_command_help, cli_command_history, cli_command_import, cli_command_reload,
	cli_command_resume, cli_command_rollback, cli_command_schema, cli_command_status,
	cli_command_suspend, cli_command_undrain, cli_command_validate, cli_command_version;
