// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/client.h"
#include "cli/confirm_timeout.h"

/* The reason may be several words: nobody wants to quote. */
static int suspend_run(struct cli *cli)
{
	_cleanup_strbuf_ struct strbuf why = {};

	for (size_t i = 0; i < cli->argument_count; i++)
		strbuf_printf(&why, "%s%s", i ? " " : "", cli->arguments[i]);
	return cli_client_command(cli, "suspend",
		why.length ? json_pack("{s:o}", "why", cli_json_text(why.text)) : NULL);
}

static int resume_run(struct cli *cli)
{
	json_t *params = json_object();

	if (cli->options.force)
		json_object_set_new(params, "force", json_true());
	if (cli_confirm_timeout_add(cli, params) < 0)
		return CLI_EXIT_ERROR;
	return cli_client_command(cli, "resume", params);
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
		"Ends a `poise suspend`: poised closes the differences that there are by now.\n\n"
		"Exit status: 0, or 2 when poised does not run, or is not suspended.\n",
	.options = resume_options,
	.option_count = ARRAY_LENGTH(resume_options),
	.acts = true,
	.formats = 1 << CLI_FORMAT_TEXT | 1 << CLI_FORMAT_JSON,
	.run = resume_run,
};
