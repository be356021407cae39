// SPDX-License-Identifier: GPL-2.0-or-later
/* Asks for the reading, then for what became of it: poised answers at once, and reads after it. */
#include <errno.h>

#include "cli/confirm_timeout.h"
#include "cli/fields.h"
#include "cli/outcome.h"
#include "cli/output.h"

/* poised follows its files by itself: what they say may be in force since they were written. */
#define RELOAD_IN_FORCE                                                                            \
	"and cannot be undone this way.\n"                                                         \
	"For a change with a way back: `poise suspend`, edit the files, `poise resume "            \
	"--confirm-timeout 60s`, and then `poise confirm`"

static int reload_tell(const struct cli *cli, json_t *answer, const json_t *status)
{
	json_t *files = json_object_get(status, "files");
	const char *problems = cli_field_text(json_object_get(files, "rejected"), "problems");
	const char *why = cli_field_text(json_object_get(files, "held"), "why");
	_cleanup_error_ struct error error = {};

	if (cli->options.format == CLI_FORMAT_JSON)
		cli_print_json(json_pack("{s:O, s:O}", "answer", answer, "files", files));
	if (problems)
		return cli_fail(&error, error_set(&error, -EINVAL,
						"the files are no good, and what was good before "
						"stays in force:\n%s",
						problems));
	if (why)
		return cli_fail(&error,
			error_set(&error, -EPERM, "the files are not put in force: %s", why));
	int r = cli_outcome_check_confirm(cli, status, RELOAD_IN_FORCE, &error);
	if (r < 0)
		return cli_fail(&error, r);
	if (cli->options.format == CLI_FORMAT_JSON || cli_is_quiet())
		return CLI_EXIT_GOOD;
	cli_print(cli_field_text(answer, "message"));
	cli_print("\n");
	return CLI_EXIT_GOOD;
}

static int reload_ask(const struct cli *cli, json_t *params)
{
	_cleanup_cli_client_ struct cli_client client = {.fd = -1};
	_cleanup_error_ struct error error = {};
	json_t *answer = NULL, *status = NULL;
	int r = cli_client_open(cli, &client, &error);

	if (r == 0)
		r = cli_client_call(&client, "reload", params, &answer, &error);
	else
		json_decref(params);
	if (r == 0)
		r = cli_outcome_wait(&client, &status, &error);
	r = r < 0 ? cli_fail(&error, r) : reload_tell(cli, answer, status);
	json_decref(answer);
	json_decref(status);
	return r;
}

static int reload_run(struct cli *cli)
{
	json_t *params = json_object();

	if (cli->options.force)
		json_object_set_new(params, "force", json_true());
	if (cli_confirm_timeout_add(cli, params) < 0)
		return CLI_EXIT_ERROR;
	return reload_ask(cli, params);
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
		"is for what it holds back (--force). What it has put in force already cannot be "
		"undone: for a\n"
		"change with a way back, `poise suspend`, edit, and `poise resume "
		"--confirm-timeout 60s`.\n\n"
		"Exit status: 0 when they are in force; 2 when they are no good, are held back, "
		"poised does not run,\n"
		"or with --confirm-timeout nothing waits for a confirmation.\n",
	.options = options,
	.option_count = ARRAY_LENGTH(options),
	.acts = true,
	.formats = 1 << CLI_FORMAT_TEXT | 1 << CLI_FORMAT_JSON,
	.run = reload_run,
};
