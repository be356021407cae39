// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/load.h"

static void add_lines(json_t *list, const char *severity, const char *line)
{
	while (line && *line) {
		size_t length = strcspn(line, "\n");
		_cleanup_free_ char *message = memory_copy_bytes(line, length);

		json_array_append_new(list, json_pack("{s:s, s:o}", "severity", severity, "message",
						    cli_json_text(message)));
		line += length + (line[length] == '\n');
	}
}

/* One element for each problem, whether of a file that cannot be read or of its content. */
static void print_json(const struct cli_loaded *loaded)
{
	json_t *list = cli_diagnostics_to_json(&loaded->diagnostics);

	add_lines(list, "error", loaded->problems.text);
	add_lines(list, "warning", loaded->sources.warnings.text);
	cli_print_json(list);
}

static int validate_run(struct cli *cli)
{
	_cleanup_cli_loaded_ struct cli_loaded loaded = {};
	int r = cli_load(cli->arguments, cli->argument_count, &loaded);

	if (cli->options.format == CLI_FORMAT_JSON)
		print_json(&loaded);
	else
		cli_loaded_report(&loaded);
	if (r < 0)
		return CLI_EXIT_ERROR;
	if (cli->options.format == CLI_FORMAT_YAML) {
		_cleanup_free_ char *canonical = cli_loaded_canonical(&loaded);
		cli_print(canonical);
	}
	cli_detail("%zu virtual services and %zu virtual routers are declared",
		loaded.declared.services.count, loaded.config.routers.count);
	return CLI_EXIT_GOOD;
}

const struct cli_command cli_command_validate = {
	.name = "validate",
	.usage = "[PATH]...",
	.summary = "check files, and say all that is wrong with them",
	.description = "Loads and checks the files, and prints nothing when they are good. A PATH "
		       "is a file, a\n"
		       "directory, or `-` for standard input; without any, it is /etc/poise.\n\n"
		       "With -o yaml it prints what they declare in canonical form, with -o json "
		       "all that is wrong\n"
		       "as a list.\n\n"
		       "Exit status: 0 when the files are good, 2 when they are not.\n",
	.formats = 1 << CLI_FORMAT_TEXT | 1 << CLI_FORMAT_JSON | 1 << CLI_FORMAT_YAML,
	.arguments_max = SIZE_MAX,
	.run = validate_run,
};
