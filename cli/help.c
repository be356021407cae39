// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cli.h"

static int help_run(struct cli *cli)
{
	const struct cli_command *command = NULL;
	_cleanup_strbuf_ struct strbuf text = {};

	if (cli->argument_count) {
		command = cli_find_command(cli->arguments[0]);
		if (!command)
			return cli_unknown_command(cli->arguments[0]);
		cli_format_command_help(command, &text);
	} else {
		cli_format_help(&text);
	}
	cli_print(text.text);
	return CLI_EXIT_GOOD;
}

const struct cli_command cli_command_help = {
	.name = "help",
	.usage = "[COMMAND]",
	.summary = "say how poise, or one command, is used",
	.description = "Says how poise, or one command, is used.\n",
	.arguments_max = 1,
	.run = help_run,
};
