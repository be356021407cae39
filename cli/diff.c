// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "base/file.h"
#include "cli/load.h"
#include "cli/machine.h"
#include "cli/plan_files.h"
#include "cli/watch.h"
#include "model/units.h"
#include "reconciler/diff.h"

/* One comparison and what it needs. */
struct comparison {
	struct cli_loaded loaded;
	struct reconciler reconciler;
	struct state live; /* with --live; else reconciler.live has it */
	struct plan plan;
	struct step_output output;
	uint64_t live_time, pass_time; /* nanoseconds */
};

static void comparison_clear(struct comparison *comparison)
{
	step_output_clear(&comparison->output);
	plan_clear(&comparison->plan);
	state_clear(&comparison->live);
	reconciler_close(&comparison->reconciler);
	cli_loaded_clear(&comparison->loaded);
}

static const struct state *comparison_live(
	const struct cli *cli, const struct comparison *comparison)
{
	return cli->options.live ? &comparison->live : &comparison->reconciler.live;
}

/* The live side out of a file: no backend is opened, and no state directory looked at. */
static int open_file(const struct cli *cli, struct comparison *comparison)
{
	const struct backend_ops *backend = backend_find(comparison->loaded.declared.backend);
	struct reconciler *reconciler = &comparison->reconciler;
	_cleanup_error_ struct error error = {};
	uint64_t start = reconciler_now();
	int r = -ENOTSUP;

	if (!backend)
		error_set(&error, r, "this version has no backend `%s`",
			comparison->loaded.declared.backend);
	else
		r = cli_live_read(
			cli->options.live, &comparison->live, &reconciler->record.memory, &error);
	if (r < 0) {
		cli_fail(&error, r);
		return r;
	}
	reconciler->abilities = backend->static_abilities;
	comparison->live_time = reconciler_now() - start;
	return 0;
}

static int compare(const struct cli *cli, struct comparison *comparison)
{
	_cleanup_cli_watch_ struct cli_watch watch = {};
	_cleanup_error_ struct error error = {};
	struct reconciler *reconciler = &comparison->reconciler;
	const struct declared *declared = &comparison->loaded.declared;

	cli_watch_begin(&watch, false);
	int r = cli->options.live ? open_file(cli, comparison)
				  : cli_machine_open_settled(
					    cli, declared->backend, &watch.observer, reconciler);
	if (r < 0)
		return r;
	uint64_t start = reconciler_now();
	r = reconciler_plan(reconciler, declared, cli->options.live ? &comparison->live : NULL,
		&comparison->plan, &comparison->output, &error);
	comparison->pass_time = reconciler_now() - start;
	if (r < 0)
		cli_fail(&error, r);
	return r;
}

static double milliseconds(uint64_t nanoseconds)
{
	return (double)nanoseconds / (double)UNITS_MILLISECOND;
}

/* The pure part once more, each step by itself; what is left of the pass was reading. */
static void print_timing(const struct cli *cli, const struct comparison *comparison)
{
	const struct declared *declared = &comparison->loaded.declared;
	const struct state *live = comparison_live(cli, comparison);
	const struct memory *memory = &comparison->reconciler.record.memory;
	const struct step_input step_input = {
		.declared = declared, .live = live, .memory = memory, .now = reconciler_now()};
	_cleanup_step_output_ struct step_output output = {};
	_cleanup_plan_ struct plan plan = {};

	uint64_t start = reconciler_now();
	step(&step_input, &output);
	uint64_t stepped = reconciler_now();
	const struct diff_input diff_input = {
		.desired = &output.desired,
		.live = live,
		.memory = memory,
		.prune = declared->prune,
		.abilities = comparison->reconciler.abilities,
	};
	diff(&diff_input, &plan);
	uint64_t end = reconciler_now();
	uint64_t pure = end - start;
	uint64_t read = cli->options.live              ? comparison->live_time
			: comparison->pass_time > pure ? comparison->pass_time - pure
						       : 0;

	fprintf(stderr,
		"timing: files %.1f ms, parse %.1f ms, live state %.1f ms, step %.1f ms, diff %.1f "
		"ms\n",
		milliseconds(comparison->loaded.read_time),
		milliseconds(comparison->loaded.parse_time), milliseconds(read),
		milliseconds(stepped - start), milliseconds(end - stepped));
}

static int write_plan(const struct cli *cli, const char *json)
{
	const char *path = cli->options.out;
	int r = file_replace(path, json, strlen(json), 0600);

	if (r < 0)
		cli_error("%s could not be written: %s", path, strerror(-r));
	return r;
}

static int comparison_print(const struct cli *cli, struct comparison *comparison)
{
	const struct memory *memory = &comparison->output.memory;
	bool json = cli->options.format == CLI_FORMAT_JSON;
	_cleanup_free_ char *text = NULL;

	if (json || cli->options.out)
		text = cli_plan_to_json(&comparison->loaded, &comparison->plan, memory);
	if (json)
		cli_print(text);
	else
		cli_print_plan(&comparison->plan, comparison_live(cli, comparison), memory);
	if (cli->options.timing)
		print_timing(cli, comparison);
	if (cli->options.out && write_plan(cli, text) < 0)
		return CLI_EXIT_ERROR;
	return comparison->plan.ops.count ? CLI_EXIT_DIFFERENCES : CLI_EXIT_GOOD;
}

static int diff_run(struct cli *cli)
{
	struct comparison comparison = {.reconciler.lock = -1};
	int code = CLI_EXIT_ERROR;

	if (cli_load_arguments(cli, &comparison.loaded) == 0 && compare(cli, &comparison) == 0)
		code = comparison_print(cli, &comparison);
	comparison_clear(&comparison);
	return code;
}

static const struct cli_option options[] = {
	CLI_OPTION(0, "live", TEXT, live, "FILE",
		"take the live side from FILE (`poise get -o json`), or from `-`"),
	CLI_OPTION(0, "out", TEXT, out, "FILE", "save the plan, for `poise apply --plan FILE`"),
	CLI_OPTION(0, "timing", FLAG, timing, NULL, "say on standard error what took how long"),
};

const struct cli_command cli_command_diff = {
	.name = "diff",
	.usage = "[PATH]...",
	.summary = "show what an apply would change, and change nothing",
	.description = "Shows what `poise apply` would do: `+` will be added, `~` changed, `-` "
		       "removed, `?` is\n"
		       "unmanaged and left alone; `!` marks what disrupts connections. -v prints "
		       "the operations in\n"
		       "the order in which they would be carried out.\n\n"
		       "Exit status: 0 without differences, 1 with some, 2 after an error.\n",
	.options = options,
	.option_count = ARRAY_LENGTH(options),
	.formats = 1 << CLI_FORMAT_TEXT | 1 << CLI_FORMAT_JSON,
	.arguments_max = SIZE_MAX,
	.run = diff_run,
};
