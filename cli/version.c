// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/version.h"

#include "cli/cli.h"

static int version_run(struct cli *cli)
{
	if (cli->options.format == CLI_FORMAT_JSON)
		cli_print_json(json_pack(
			"{s:s, s:[ss]}", "version", POISE_VERSION, "backends", "ipvs", "dpdk"));
	else
		cli_print("poise " POISE_VERSION "\nbackends: ipvs dpdk\n");
	return CLI_EXIT_GOOD;
}

const struct cli_command cli_command_version = {
	.name = "version",
	.usage = "",
	.summary = "print the version, and the backends that are built in",
	.description = "Prints the version, and the backends that are built in.\n",
	.formats = 1 << CLI_FORMAT_TEXT | 1 << CLI_FORMAT_JSON,
	.run = version_run,
};
