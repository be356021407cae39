// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "cli/client.h"
#include "cli/machine.h"
#include "cli/watch.h"
#include "reconciler/confirm.h"

/* Without poised. */
static int rollback_here(struct cli *cli)
{
	_cleanup_reconciler_ struct reconciler reconciler = {.lock = -1};
	_cleanup_cli_watch_ struct cli_watch watch = {};
	_cleanup_error_ struct error error = {};
	struct reconciler_outcome outcome = {};

	cli_watch_begin(&watch, cli->options.format == CLI_FORMAT_JSON);
	if (cli_machine_open(cli, NULL, true, &reconciler) < 0)
		return CLI_EXIT_ERROR;
	int r = reconciler_lock(&reconciler, cli->options.lock_timeout, &error);
	if (r == 0)
		r = confirm_rollback(&reconciler, &watch.observer, &outcome, &error);
	if (r == -ENOENT && !error.text)
		error_set(&error, r, "no apply waits for a confirmation: there is nothing to undo");
	int code = cli_watch_report(&watch, r, &error, &outcome);
	if (r == 0)
		cli_note("undone: the same files are refused until they change");
	return code;
}

static int rollback_run(struct cli *cli)
{
	int code;

	return cli_client_command_beside(cli, "rollback", &code) ? code : rollback_here(cli);
}

static const struct cli_option options[] = {
	CLI_OPTION(0, "lock-timeout", DURATION, lock_timeout, "TIME",
		"how long to wait for another poise to finish (10s)"),
};

const struct cli_command cli_command_rollback = {
	.name = "rollback",
	.usage = "",
	.summary = "undo what `poise apply --confirm-timeout` did",
	.description =
		"Undoes what `poise apply --confirm-timeout` did, without waiting for its time to "
		"pass.\n"
		"The content that was undone is refused until the files change.\n\n"
		"Exit status: 0 when it is undone, 2 when no apply waits, or undoing it failed.\n",
	.options = options,
	.option_count = ARRAY_LENGTH(options),
	.acts = true,
	.explains = true,
	.formats = 1 << CLI_FORMAT_TEXT | 1 << CLI_FORMAT_JSON,
	.run = rollback_run,
};
