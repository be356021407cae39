// SPDX-License-Identifier: GPL-2.0-or-later
/* Asks for the reading, then for what became of it: poised answers at once, and reads after it. */
#include <errno.h>
#include <time.h>

#include "cli/client.h"
#include "cli/confirm_timeout.h"
#include "cli/fields.h"
#include "cli/output.h"

/* A reading of 100,000 services takes some seconds. */
#define RELOAD_PAUSE_MS   50
#define RELOAD_PAUSE_MOST 600

/* What `status` says of the files once they are read; a new reference in *ret. */
static int reload_wait(struct cli_client *client, json_t **ret, struct error *error)
{
	const struct timespec pause = {.tv_nsec = RELOAD_PAUSE_MS * 1000000L};

	for (unsigned int i = 0; i < RELOAD_PAUSE_MOST; i++) {
		json_t *status;
		int r = cli_client_call(
			client, "status", json_pack("{s:b}", "summary", 1), &status, error);

		if (r < 0)
			return r;
		json_t *files = json_incref(json_object_get(status, "files"));
		json_decref(status);
		if (!cli_field_is_set(files, "pending")) {
			*ret = files;
			return 0;
		}
		json_decref(files);
		nanosleep(&pause, NULL);
	}
	return error_set(error, -ETIMEDOUT,
		"the files are still being read: `poise status` says what becomes of them");
}

static int reload_tell(const struct cli *cli, json_t *answer, const json_t *files)
{
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
	json_t *answer = NULL, *files = NULL;
	int r = cli_client_open(cli, &client, &error);

	if (r == 0)
		r = cli_client_call(&client, "reload", params, &answer, &error);
	else
		json_decref(params);
	if (r == 0)
		r = reload_wait(&client, &files, &error);
	r = r < 0 ? cli_fail(&error, r) : reload_tell(cli, answer, files);
	json_decref(answer);
	json_decref(files);
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
		"is for what it holds back (--force), and for a change that must be confirmed.\n\n"
		"Exit status: 0 when they are in force; 2 when they are no good, are held back, or "
		"poised does not\n"
		"run.\n",
	.options = options,
	.option_count = ARRAY_LENGTH(options),
	.acts = true,
	.formats = 1 << CLI_FORMAT_TEXT | 1 << CLI_FORMAT_JSON,
	.run = reload_run,
};
