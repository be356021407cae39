// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/client.h"
#include "cli/confirm_timeout.h"

static int reload_run(struct cli *cli)
{
	json_t *params = json_object();

	if (cli->options.force)
		json_object_set_new(params, "force", json_true());
	if (cli_confirm_timeout_add(cli, params) < 0)
		return CLI_EXIT_ERROR;
	return cli_client_command(cli, "reload", params);
}

static const struct cli_option options[] = {
	CLI_OPTION(0, "force", FLAG, force, NULL,
		"even where most services go, or the content was undone before"),
	CLI_CONFIRM_TIMEOUT_OPTION,
};

const struct cli_command cli_command_reload = {
	.name = "reload",
	.usage = "",
	.summary = "let poised read its files again now",
	.description =
		"Lets poised read its files again and put them in force. It does so by itself when "
		"they change: this\n"
		"is for what it holds back (--force), and for a change that must be confirmed.\n\n"
		"Exit status: 0 when poised was asked, and `poise status` says what became of the "
		"files; 2 when\n"
		"it refused or does not run.\n",
	.options = options,
	.option_count = ARRAY_LENGTH(options),
	.acts = true,
	.formats = 1 << CLI_FORMAT_TEXT | 1 << CLI_FORMAT_JSON,
	.run = reload_run,
};
