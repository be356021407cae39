// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <time.h>

#include "cli/confirm_timeout.h"
#include "cli/load.h"
#include "cli/machine.h"
#include "cli/operator_told.h"
#include "cli/plan_files.h"
#include "cli/watch.h"
#include "reconciler/confirm.h"

static int check_options(const struct cli *cli)
{
	const struct cli_options *options = &cli->options;

	if (options->plan && cli->argument_count)
		cli_error("--plan says what to apply: no PATH beside it");
	else if (options->plan && options->dry_run)
		cli_error("--plan and --dry-run exclude one another: `poise diff` shows what is to "
			  "do now");
	else
		return cli_confirm_timeout_check(cli);
	return -EINVAL;
}

/* The plan's document, and in it why an apply would be refused. */
static void print_preview(const char *text, int code, const struct error *error)
{
	if (code == 0) {
		cli_print(text);
		return;
	}
	json_t *json = json_loads(text, 0, NULL);
	json_object_set_new(json, "refused", json_true());
	json_object_set_new(json, "error", cli_json_text(error_text(error, code)));
	cli_print_json(json);
}

/* The dry run: the plan, and what the guards would say to it. */
static int preview(struct cli *cli, struct reconciler *reconciler,
	const struct reconciler_request *request, const struct cli_loaded *loaded)
{
	_cleanup_cli_operator_ struct cli_operator told = {};
	_cleanup_error_ struct error error = {};
	_cleanup_plan_ struct plan plan = {};
	_cleanup_step_output_ struct step_output output = {};

	cli_operator_read(cli->state_dir, &told);
	cli_operator_note(&told);
	reconciler->facts = &told.facts;
	int r = reconciler_plan(reconciler, request->declared, NULL, &plan, &output, &error);

	if (r < 0)
		return cli_fail(&error, r);
	r = reconciler_check(reconciler, request, &error);
	if (r == 0 && !request->force)
		r = cli_operator_check(&told, &error);
	reconciler->facts = NULL;
	if (cli->options.format == CLI_FORMAT_JSON) {
		_cleanup_free_ char *text = cli_plan_to_json(loaded, &plan, &output.memory,
			reconciler->record.revision ? reconciler->record.revision : "",
			&reconciler->left.move);
		print_preview(text, r, &error);
	} else {
		cli_print_plan(&plan, &reconciler->live, &output.memory, reconciler_now(),
			reconciler->hold_deletions, &reconciler->left, NULL);
	}
	if (r == 0)
		return CLI_EXIT_GOOD;
	cli_error("an apply would be refused: %s", error_text(&error, r));
	return CLI_EXIT_ERROR;
}

/* With the operator's word as it is under the lock: nobody changes it now. */
static int carry_out(struct cli *cli, struct reconciler *reconciler,
	const struct reconciler_request *request, struct cli_watch *watch)
{
	_cleanup_cli_operator_ struct cli_operator told = {};
	_cleanup_error_ struct error error = {};
	struct reconciler_outcome outcome = {};
	int r = reconciler_lock(reconciler, cli->options.lock_timeout, &error);

	if (r == 0)
		cli_operator_read(cli->state_dir, &told);
	if (r == 0 && !request->force)
		r = cli_operator_check(&told, &error);
	if (r < 0)
		return cli_fail(&error, r);
	cli_operator_note(&told);
	reconciler->facts = &told.facts;
	r = reconciler_apply(reconciler, request, &watch->observer, &outcome, &error);
	reconciler->facts = NULL;
	int code = cli_watch_report(watch, r, &error, &outcome);
	if (request->confirm_timeout)
		cli_machine_tell_confirm(cli, reconciler);
	return code;
}

static int apply_loaded(
	struct cli *cli, const struct cli_loaded *loaded, const struct plan_file *saved)
{
	const struct cli_options *options = &cli->options;
	_cleanup_free_ char *canonical = cli_loaded_canonical(loaded);
	const struct reconciler_request request = {
		.declared = &loaded->declared,
		.canonical = canonical,
		.paths = loaded->paths,
		.path_count = loaded->path_count,
		.force = options->force,
		.replace = options->replace,
		.no_wait = options->no_wait,
		.confirm_timeout = options->confirm_timeout,
		.saved = saved,
	};
	_cleanup_reconciler_ struct reconciler reconciler = {.lock = -1};
	_cleanup_cli_watch_ struct cli_watch watch = {};

	cli_watch_begin(&watch, options->format == CLI_FORMAT_JSON);
	if (cli_machine_open_settled(cli, loaded->declared.backend, &watch.observer, &reconciler) <
		0)
		return CLI_EXIT_ERROR;
	watch.held = options->confirm_timeout != 0;
	if (options->dry_run)
		return preview(cli, &reconciler, &request, loaded);
	return carry_out(cli, &reconciler, &request, &watch);
}

static int apply_run(struct cli *cli)
{
	_cleanup_plan_file_ struct plan_file saved = {};
	_cleanup_cli_loaded_ struct cli_loaded loaded = {};
	const char *plan = cli->options.plan;

	if (check_options(cli) < 0)
		return CLI_EXIT_ERROR;
	if ((plan ? cli_plan_read(plan, &saved, &loaded) : cli_load_arguments(cli, &loaded)) < 0)
		return CLI_EXIT_ERROR;
	return apply_loaded(cli, &loaded, plan ? &saved : NULL);
}

static const struct cli_option options[] = {
	CLI_OPTION(0, "plan", TEXT, plan, "FILE",
		"carry out a plan of `poise diff --out`, if it still holds"),
	CLI_OPTION(
		0, "dry-run", FLAG, dry_run, NULL, "only show the plan, and what would be refused"),
	CLI_CONFIRM_TIMEOUT_OPTION,
	CLI_OPTION(0, "force", FLAG, force, NULL,
		"even where most services go, it was undone before, or while suspended"),
	CLI_OPTION(
		0, "replace", FLAG, replace, NULL, "even where other files made the present state"),
	CLI_OPTION(0, "no-wait", FLAG, no_wait, NULL, "leave what drains to the next apply"),
	CLI_OPTION(0, "lock-timeout", DURATION, lock_timeout, "TIME",
		"how long to wait for another poise to finish (10s)"),
};

const struct cli_command cli_command_apply = {
	.name = "apply",
	.usage = "[PATH]...",
	.summary = "bring the machine to the state that the files declare",
	.description = "Carries out the difference between the files and the live state, reads "
		       "back what it wrote,\n"
		       "and waits until what left the files has drained. What the operator drained "
		       "stays out. A PATH\n"
		       "is a file, a directory, or `-` for standard input; without any, it is "
		       "/etc/poise.\n\n"
		       "Exit status: 0 when the machine is as declared, 2 when something was "
		       "refused or failed, 130\n"
		       "when a signal ended the wait for drains.\n",
	.options = options,
	.option_count = ARRAY_LENGTH(options),
	.acts = true,
	.explains = true,
	.formats = 1 << CLI_FORMAT_TEXT | 1 << CLI_FORMAT_JSON,
	.arguments_max = SIZE_MAX,
	.run = apply_run,
};
