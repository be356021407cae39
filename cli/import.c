// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/suggest.h"
#include "cli/load.h"
#include "cli/losses.h"
#include "model/from_state.h"

#define IMPORT_SIZE_LIMIT (64u << 20)

/* The YAML must be good for `poise apply`; where it is not, the user reads why, beside it. */
static bool check_yaml(const struct strbuf *text)
{
	_cleanup_cli_loaded_ struct cli_loaded loaded = {};
	int r = cli_load_text("<stdout>", text->text, text->length, &loaded);

	cli_loaded_report(&loaded);
	return r == 0;
}

static int import_text(const char *name, const char *text, size_t size)
{
	_cleanup_ipvsadm_losses_ struct ipvsadm_losses losses = {};
	_cleanup_state_ struct state state = {};
	_cleanup_config_ struct config config = {};
	_cleanup_strbuf_ struct strbuf yaml = {}, lines = {};

	ipvsadm_parse(text, size, &state, &losses);
	/* A file that declares nothing would take everything away: nobody asked for that. */
	if (state_is_empty(&state)) {
		cli_print_losses(name, &losses);
		cli_error("%s: %s: it should be what `ipvsadm-save -n` writes", name,
			losses.total ? "nothing in it could be carried over"
				     : "there is nothing to import");
		return CLI_EXIT_ERROR;
	}
	config_from_state(&state, &config, &lines);
	cli_add_losses(&losses, &lines);
	/* Nor for one that says so in as many words, where the services that there were are lost. */
	if (state.services.count && !config.services.count) {
		cli_print_losses(name, &losses);
		cli_error("%s: none of its services could be carried over", name);
		return CLI_EXIT_ERROR;
	}
	config_format_yaml(&config, &yaml);
	cli_print(yaml.text);
	cli_print_losses(name, &losses);
	if (!check_yaml(&yaml))
		return CLI_EXIT_LOSSES;
	return losses.total ? CLI_EXIT_LOSSES : CLI_EXIT_GOOD;
}

static int check_source(const char *word)
{
	struct suggest suggest = {};

	if (strcmp(word, "ipvsadm") == 0)
		return 0;
	suggest_offer(&suggest, word, "ipvsadm");
	if (strcmp(word, "keepalived") == 0)
		cli_error("`import keepalived` is not supported by this version");
	else if (suggest.best)
		cli_error("nothing can be imported from `%s`: did you mean `ipvsadm`?", word);
	else
		cli_error(
			"nothing can be imported from `%s`: `poise import ipvsadm FILE` can", word);
	return -EINVAL;
}

static int import_run(struct cli *cli)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (check_source(cli->arguments[0]) < 0)
		return CLI_EXIT_ERROR;
	if (cli->argument_count < 2) {
		cli_error("`poise import ipvsadm` wants a FILE, or `-` for standard input");
		return CLI_EXIT_ERROR;
	}
	const char *path = cli->arguments[1];
	bool standard = strcmp(path, "-") == 0;
	const char *name = standard ? "<stdin>" : path;
	int r = standard ? file_read_fd(STDIN_FILENO, IMPORT_SIZE_LIMIT, &text, &size)
			 : file_read(AT_FDCWD, path, IMPORT_SIZE_LIMIT, &text, &size);
	if (r < 0) {
		cli_error("%s: %s", name, strerror(-r));
		return CLI_EXIT_ERROR;
	}
	return import_text(name, text, size);
}

const struct cli_command cli_command_import = {
	.name = "import",
	.usage = "ipvsadm FILE",
	.summary = "turn another program's configuration into a file for poise",
	.description =
		"Prints what FILE (`-`: standard input) holds as YAML. It takes what `ipvsadm-save "
		"-n` writes\n"
		"and all else that `ipvsadm -R` reads. What cannot be carried over is said on "
		"standard error,\n"
		"line by line.\n\n"
		"Exit status: 0 when all is carried over, 1 with losses, 2 after an error, or "
		"when there is\n"
		"nothing to import.\n",
	.formats = 1 << CLI_FORMAT_YAML,
	.arguments_min = 1,
	.arguments_max = 2,
	.run = import_run,
};
