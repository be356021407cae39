// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/confirm.h"

#include <errno.h>

#include "cli/client.h"
#include "cli/machine.h"
#include "cli/operator_told.h"
#include "cli/watch.h"

/* Without poised. */
static int confirm_here(struct cli *cli)
{
	_cleanup_cli_operator_ struct cli_operator told = {};
	_cleanup_reconciler_ struct reconciler reconciler = {.lock = -1};
	_cleanup_cli_watch_ struct cli_watch watch = {};
	_cleanup_error_ struct error error = {};
	struct reconciler_outcome outcome = {};

	cli_watch_begin(&watch, cli->options.format == CLI_FORMAT_JSON);
	if (cli_machine_open(cli, NULL, false, &reconciler) < 0)
		return CLI_EXIT_ERROR;
	int r = reconciler_lock(&reconciler, cli->options.lock_timeout, &error);
	if (r == 0) {
		cli_operator_read(cli->state_dir, &told);
		cli_operator_note(&told);
		reconciler.facts = &told.facts;
		r = confirm_accept(
			&reconciler, cli->options.no_wait, &watch.observer, &outcome, &error);
	}
	if (r == -ENOENT && !error.text)
		error_set(&error, r, "no apply waits for a confirmation");
	int code = cli_watch_report(&watch, r, &error, &outcome);
	if (r == 0)
		cli_note("confirmed");
	return code;
}

static int confirm_run(struct cli *cli)
{
	int code;

	return cli_client_command_beside(cli, "confirm", &code) ? code : confirm_here(cli);
}

static const struct cli_option options[] = {
	CLI_OPTION(0, "no-wait", FLAG, no_wait, NULL, "leave what drains to the next apply"),
	CLI_OPTION(0, "lock-timeout", DURATION, lock_timeout, "TIME",
		"how long to wait for another poise to finish (10s)"),
};

const struct cli_command cli_command_confirm = {
	.name = "confirm",
	.usage = "",
	.summary = "keep what `poise apply --confirm-timeout` did",
	.description =
		"Keeps what `poise apply --confirm-timeout` did, and carries out the deletions "
		"that were\n"
		"held back until now.\n\n"
		"Exit status: 0 when it is kept, 2 when no apply waits, or its time has passed.\n",
	.options = options,
	.option_count = ARRAY_LENGTH(options),
	.acts = true,
	.explains = true,
	.formats = 1 << CLI_FORMAT_TEXT | 1 << CLI_FORMAT_JSON,
	.run = confirm_run,
};
