// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "cli/confirm_timeout.h"
#include "cli/fields.h"
#include "cli/outcome.h"

/* The reason may be several words: nobody wants to quote. */
static int suspend_run(struct cli *cli)
{
	_cleanup_strbuf_ struct strbuf why = {};

	for (size_t i = 0; i < cli->argument_count; i++)
		strbuf_printf(&why, "%s%s", i ? " " : "", cli->arguments[i]);
	return cli_client_command(cli, "suspend",
		why.length ? json_pack("{s:o}", "why", cli_json_text(why.text)) : NULL);
}

/* Whether it goes on, and what it changed waits for a confirmation. */
static int resume_check(const struct cli *cli, const json_t *status, struct error *error)
{
	const json_t *suspended = json_object_get(status, "suspended");
	const char *failure = cli_field_text(json_object_get(status, "reconcile"), "error");

	if (cli_field_is_set(suspended, "resuming"))
		return error_set(error, -EAGAIN,
			"poised is suspended still, for the pass that ends it failed: %s\n"
			"It is tried again until `poise suspend` takes it back",
			failure ? failure : "nobody knows why");
	if (cli_field_is_set(status, "suspended"))
		return error_set(
			error, -ECANCELED, "poised stays suspended: `poise status` says why");
	return cli_outcome_check_confirm(
		cli, status, "and nothing differed from it: poised goes on", error);
}

static int resume_ask(const struct cli *cli, json_t *params)
{
	_cleanup_cli_client_ struct cli_client client = {.fd = -1};
	_cleanup_error_ struct error error = {};
	json_t *answer = NULL, *status = NULL;
	int r = cli_client_open(cli, &client, &error);

	if (r == 0)
		r = cli_client_call(&client, "resume", params, &answer, &error);
	else
		json_decref(params);
	if (r == 0)
		r = cli_outcome_wait(&client, &status, &error);
	if (r == 0)
		r = resume_check(cli, status, &error);
	json_decref(status);
	if (r == 0)
		return cli_client_print(cli, answer);
	json_decref(answer);
	return cli_fail(&error, r);
}

static int resume_run(struct cli *cli)
{
	json_t *params = json_object();

	if (cli->options.force)
		json_object_set_new(params, "force", json_true());
	if (cli_confirm_timeout_add(cli, params) < 0)
		return CLI_EXIT_ERROR;
	if (!cli->options.confirm_timeout)
		return cli_client_command(cli, "resume", params);
	return resume_ask(cli, params);
}

static const struct cli_option resume_options[] = {
	CLI_CONFIRM_TIMEOUT_OPTION,
	CLI_OPTION(0, "force", FLAG, force, NULL,
		"even when what was drained and suspended cannot be read"),
};

const struct cli_command cli_command_suspend = {
	.name = "suspend",
	.usage = "[REASON]...",
	.summary = "let poised change nothing for a while",
	.description = "Lets poised change nothing until `poise resume`, also when it starts anew: "
		       "for those "
		       "who work on\n"
		       "the table by hand. `poise status` shows the REASON, and what would be "
		       "changed.\n\n"
		       "Exit status: 0, or 2 when poised does not run.\n",
	.acts = true,
	.formats = 1 << CLI_FORMAT_TEXT | 1 << CLI_FORMAT_JSON,
	.arguments_max = SIZE_MAX,
	.run = suspend_run,
};

const struct cli_command cli_command_resume = {
	.name = "resume",
	.usage = "",
	.summary = "let poised go on after `poise suspend`",
	.description =
		"Ends a `poise suspend`: poised closes the differences that there are by now.\n"
		"With --confirm-timeout it stays suspended when the files are no good, or would be "
		"held.\n\n"
		"Exit status: 0, or 2 when poised does not run, is not suspended or stays so, or\n"
		"with --confirm-timeout nothing waits for a confirmation.\n",
	.options = resume_options,
	.option_count = ARRAY_LENGTH(resume_options),
	.acts = true,
	.formats = 1 << CLI_FORMAT_TEXT | 1 << CLI_FORMAT_JSON,
	.run = resume_run,
};
