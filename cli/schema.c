// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cli.h"

#include "cli/schema_forms.h"

static int schema_run(struct cli *cli)
{
	if (cli->options.mdoc) {
		_cleanup_strbuf_ struct strbuf text = {};

		cli_schema_to_mdoc(&text);
		cli_print(text.text);
		return CLI_EXIT_GOOD;
	}
	cli_print_json(cli_schema_to_json());
	return CLI_EXIT_GOOD;
}

static const struct cli_option options[] = {
	CLI_OPTION(0, "mdoc", FLAG, mdoc, NULL, "the tables of poise.yaml(5) instead"),
};

const struct cli_command cli_command_schema = {
	.name = "schema",
	.usage = "",
	.summary = "print the JSON Schema of the file format, for editors",
	.description =
		"Prints the JSON Schema (draft 2020-12) of poise.yaml(5). An editor with a "
		"YAML language\n"
		"server uses it when the file begins with\n\n"
		"  # yaml-language-server: $schema=PATH\n\n"
		"PATH is where this was written to: poise.yaml(5) tells where one is installed.\n",
	.options = options,
	.option_count = ARRAY_LENGTH(options),
	.formats = 1 << CLI_FORMAT_JSON,
	.run = schema_run,
};
