// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/poised.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/version.h"
#include "daemon/clean_up.h"
#include "daemon/options.h"
#include "daemon/process.h"
#include "daemon/supervisor.h"

LOG_MODULE("poised");

#define POISED_GOOD   0
#define POISED_FAILED 2

static int poised_log_open(const char *identifier, const struct poised_options *options)
{
	int r = log_open(identifier, options->log_target, options->log_level);

	if (r < 0)
		log_warning("there is no %s to log to (%s): standard error it is",
			log_target_name(options->log_target), strerror(-r));
	return r;
}

/* What a terminal or a service manager sends to all of the tree is the supervisor's to hear: it stops the others in
 * order. */
static void poised_leave_signals(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

static const struct process_kind *poised_find_process(const char *name)
{
	return strcmp(name, process_clean_up.name) == 0 ? &process_clean_up : process_find(name);
}

/* A process of the tree: what holds for all of them, then its own main(). */
static int poised_run_process(const char *identifier, const struct poised_options *options)
{
	const struct process_kind *kind = poised_find_process(options->process);

	if (!kind) {
		fprintf(stderr, "poised: there is no process `%s`\n", options->process);
		return POISED_FAILED;
	}
	poised_leave_signals();
	poised_log_open(identifier, options);
	/* The name of the file would be "exe". */
	prctl(PR_SET_NAME, identifier);
	int r = process_drop_privileges(kind, options);
	if (r < 0) {
		log_error("%s cannot be started alone, or with these privileges: %s", identifier,
			strerror(-r));
		return POISED_FAILED;
	}
	return kind->main(options);
}

static int poised_print(void (*format)(struct strbuf *text))
{
	_cleanup_strbuf_ struct strbuf text = {};

	format(&text);
	fputs(text.text, stdout);
	if (fflush(stdout) == 0)
		return POISED_GOOD;
	fprintf(stderr, "poised: standard output: %s\n", strerror(errno));
	return POISED_FAILED;
}

static void poised_format_version(struct strbuf *text)
{
	strbuf_add(text, "poised " POISE_VERSION "\n");
}

int poised_main(int argc, char **argv)
{
	_cleanup_options_ struct options options = {};
	_cleanup_error_ struct error error = {};
	int r = options_parse(argc, argv, &options, &error);

	/* A log's reader that goes away is no reason to end. */
	signal(SIGPIPE, SIG_IGN);
	if (r < 0) {
		fprintf(stderr, "poised: %s\n", error_text(&error, r));
		return POISED_FAILED;
	}
	if (options.help)
		return poised_print(options_format_help);
	if (options.version)
		return poised_print(poised_format_version);
	if (options.view.process)
		return poised_run_process(argv[0], &options.view);
	poised_log_open("poised", &options.view);
	if (options.view.clean_up)
		return clean_up_main(&options.view);
	return supervisor_run(&options.view);
}
