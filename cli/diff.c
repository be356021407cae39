// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "base/file.h"
#include "cli/beside.h"
#include "cli/diff_routers.h"
#include "cli/fields.h"
#include "cli/load.h"
#include "cli/machine.h"
#include "cli/operator_told.h"
#include "cli/plan_files.h"
#include "cli/unforetold.h"
#include "cli/watch.h"
#include "model/units.h"
#include "reconciler/diff.h"

/* One comparison and what it needs. */
struct comparison {
	struct cli_beside beside; /* without --live: a poised that runs here */
	struct cli_operator told; /* where none does: what it was told */
	struct cli_loaded loaded;
	struct reconciler reconciler; /* without --live */
	struct live file;             /* with --live */
	const struct backend_abilities *abilities;
	struct plan plan;
	struct step_output output;
	struct cli_diff_routers routers;
	uint64_t now;                  /* of the plan; CLOCK_BOOTTIME ns */
	uint64_t live_time;            /* ns that reading the live side took */
	uint64_t step_time, diff_time; /* and the pure part */
};

static void comparison_clear(struct comparison *comparison)
{
	cli_diff_routers_clear(&comparison->routers);
	step_output_clear(&comparison->output);
	plan_clear(&comparison->plan);
	live_clear(&comparison->file);
	reconciler_close(&comparison->reconciler);
	cli_loaded_clear(&comparison->loaded);
	cli_operator_clear(&comparison->told);
	cli_beside_clear(&comparison->beside);
}

static const struct state *live_of(const struct cli *cli, const struct comparison *comparison)
{
	return cli->options.live ? &comparison->file.state : &comparison->reconciler.live;
}

/* What the files do not say: of poised, or where none runs what it was told. */
static const struct facts *facts_of(const struct comparison *comparison)
{
	return comparison->beside.running ? &comparison->beside.facts : &comparison->told.facts;
}

/* step() and diff(), each timed, into empty outputs. */
static void compare(const struct cli *cli, struct comparison *comparison,
	struct step_output *output, struct plan *plan)
{
	const struct declared *declared = &comparison->loaded.declared;
	const struct reconciler *reconciler = &comparison->reconciler;
	const struct memory *memory =
		cli->options.live ? &comparison->file.memory : &reconciler->record.memory;
	const struct step_input step_input = {
		.declared = declared,
		.live = live_of(cli, comparison),
		.memory = memory,
		.facts = facts_of(comparison),
		.now = comparison->now,
		.hold_deletions = reconciler->hold_deletions,
	};

	uint64_t start = reconciler_now();
	step(&step_input, output);
	uint64_t stepped = reconciler_now();
	const struct diff_input diff_input = {
		.desired = &output->desired,
		.live = step_input.live,
		.memory = memory,
		.prune = declared->prune,
		.abilities = comparison->abilities,
	};
	diff(&diff_input, plan);
	comparison->step_time = stepped - start;
	comparison->diff_time = reconciler_now() - stepped;
}

/* Whether the file can be the live side of this comparison; why not is told. */
static int check_file(const struct cli *cli, const struct comparison *comparison)
{
	const char *name = comparison->loaded.declared.backend;
	const struct live *file = &comparison->file;

	if (file->backend && strcmp(file->backend, name) != 0)
		cli_error("%s is a state of `%s`, and the files are for `%s`: there is nothing to "
			  "compare",
			cli->options.live, file->backend, name);
	else if (cli->options.out && !file->revision)
		cli_error("%s does not say what was in force there, so that a plan would be "
			  "carried out "
			  "whatever is: take what `poise get -o json` prints there, or leave --out "
			  "away",
			cli->options.live);
	else
		return 0;
	return -EINVAL;
}

/* The live side out of a file: no backend is opened, no state directory looked at, and the clock is
 * the file's: the same files give the same plan, byte for byte. */
static int compare_file(const struct cli *cli, struct comparison *comparison)
{
	const char *name = comparison->loaded.declared.backend;
	const struct backend_ops *backend = backend_find(name);
	_cleanup_error_ struct error error = {};
	uint64_t start = reconciler_now();

	if (!backend) {
		cli_error("this version has no backend `%s`", name);
		return -ENOTSUP;
	}
	int r = cli_live_read(cli->options.live, &comparison->file, &error);
	if (r < 0) {
		cli_fail(&error, r);
		return r;
	}
	r = check_file(cli, comparison);
	if (r < 0)
		return r;
	comparison->live_time = reconciler_now() - start;
	comparison->abilities = backend->static_abilities;
	comparison->now = comparison->file.now;
	compare(cli, comparison, &comparison->output, &comparison->plan);
	return 0;
}

/* The pure part once more, by itself: what is left of the pass was reading. */
static void time_machine(const struct cli *cli, struct comparison *comparison, uint64_t pass)
{
	_cleanup_step_output_ struct step_output output = {};
	_cleanup_plan_ struct plan plan = {};

	compare(cli, comparison, &output, &plan);
	uint64_t pure = comparison->step_time + comparison->diff_time;
	comparison->live_time = pass > pure ? pass - pure : 0;
}

/* A poised that keeps virtual routers alone has no backend, and that is no reason to ask for one: nothing is in it. */
static bool needs_no_backend(const struct comparison *comparison)
{
	const json_t *backend = json_object_get(comparison->beside.status, "backend");

	return comparison->beside.running && cli_field_is_set(backend, "connected") &&
	       !cli_field_text(backend, "name") &&
	       !declared_wants_backend(&comparison->loaded.declared);
}

/* There is nothing to read but what was applied last. */
static int compare_nothing(const struct cli *cli, struct comparison *comparison)
{
	_cleanup_error_ struct error error = {};
	int r = record_load(cli->state_dir, &comparison->reconciler.record, &error);

	if (r < 0)
		cli_fail(&error, r);
	comparison->now = reconciler_now();
	return r;
}

static int compare_machine(const struct cli *cli, struct comparison *comparison)
{
	_cleanup_cli_watch_ struct cli_watch watch = {};
	_cleanup_error_ struct error error = {};
	struct reconciler *reconciler = &comparison->reconciler;
	const struct declared *declared = &comparison->loaded.declared;

	cli_watch_begin(&watch, false);
	int r = cli_machine_open_settled(cli, declared->backend, &watch.observer, reconciler);
	if (r < 0)
		return r;
	reconciler->facts = facts_of(comparison);
	comparison->abilities = reconciler->abilities;
	comparison->now = reconciler_now();
	r = reconciler_plan(
		reconciler, declared, NULL, &comparison->plan, &comparison->output, &error);
	if (r < 0) {
		cli_fail(&error, r);
		return r;
	}
	if (cli->options.out && move_is_news(&reconciler->left.move)) {
		cli_error("poise moves from %s to %s here, which a saved plan does not hold: look "
			  "at it "
			  "without --out, and apply the files",
			reconciler->left.move.from, reconciler->left.move.to);
		return -EPERM;
	}
	if (cli->options.timing)
		time_machine(cli, comparison, reconciler_now() - comparison->now);
	return 0;
}

static double milliseconds(uint64_t nanoseconds)
{
	return (double)nanoseconds / (double)UNITS_MILLISECOND;
}

static void print_timing(const struct comparison *comparison)
{
	_cleanup_free_ char *text = memory_printf(
		"timing: files %.1f ms, parse %.1f ms, live state "
		"%.1f ms, step %.1f ms, diff %.1f ms\n",
		milliseconds(comparison->loaded.read_time),
		milliseconds(comparison->loaded.parse_time), milliseconds(comparison->live_time),
		milliseconds(comparison->step_time), milliseconds(comparison->diff_time));

	cli_complain(text);
}

static int write_plan(const struct cli *cli, const char *json)
{
	const char *path = cli->options.out;
	int r = file_put(path, json, strlen(json), 0600);

	if (r < 0)
		cli_error("%s could not be written: %s", path, strerror(-r));
	return r;
}

/* What is in force on the machine that was compared with; NULL where that is not known. */
static const char *applied_of(const struct cli *cli, const struct comparison *comparison)
{
	const char *revision = comparison->reconciler.record.revision;

	if (cli->options.live)
		return comparison->file.revision;
	return revision ? revision : "";
}

static bool differs(const struct comparison *comparison)
{
	return comparison->plan.ops.count || comparison->reconciler.left.move.plan.ops.count ||
	       router_diff_is_news(&comparison->routers.diff);
}

static void print_document(const struct comparison *comparison, const char *text)
{
	_cleanup_free_ char *whole = cli_diff_routers_add(&comparison->routers, text);

	cli_print(whole);
}

static int comparison_print(const struct cli *cli, struct comparison *comparison)
{
	const struct memory *memory = &comparison->output.memory;
	bool json = cli->options.format == CLI_FORMAT_JSON;
	_cleanup_free_ char *text = NULL;

	if (json || cli->options.out)
		text = cli_plan_to_json(&comparison->loaded, &comparison->plan, memory,
			applied_of(cli, comparison), &comparison->reconciler.left.move);
	int written = cli->options.out ? write_plan(cli, text) : 0;
	if (json && written == 0)
		print_document(comparison, text);
	else if (!json)
		cli_print_plan(&comparison->plan, live_of(cli, comparison), memory, comparison->now,
			comparison->reconciler.hold_deletions, &comparison->reconciler.left,
			&comparison->routers.diff);
	if (cli->options.timing)
		print_timing(comparison);
	if (written < 0)
		return CLI_EXIT_ERROR;
	return differs(comparison) ? CLI_EXIT_DIFFERENCES : CLI_EXIT_GOOD;
}

/* What can be said where the backend cannot be read: it is no document, and no plan. */
static void routers_print(const struct cli *cli, const struct comparison *comparison)
{
	const struct plan_text_options options = {
		.color = cli_color_stdout(), .routers = &comparison->routers.diff};
	_cleanup_strbuf_ struct strbuf text = {};

	plan_format_routers(&options, &text);
	if (text.length && cli->options.format != CLI_FORMAT_JSON)
		cli_print(text.text);
}

static void note_paths(const struct cli_beside *beside)
{
	_cleanup_strbuf_ struct strbuf text = {};

	vector_foreach(&beside->paths, path)
		strbuf_printf(&text, " %s", *path);
	cli_note("compared with the files of the poised that runs here:%s", text.text);
}

/* Whether poised has these files in force: it has begun all of their checks. */
static bool is_in_force(const struct comparison *comparison)
{
	const json_t *files = json_object_get(comparison->beside.status, "files");
	const char *there = cli_field_text(files, "revision");
	_cleanup_free_ char *canonical = cli_loaded_canonical(&comparison->loaded);
	char revision[REVISION_SIZE];

	record_revision(canonical, revision);
	return there && strcmp(there, revision) == 0;
}

static void note_unforetold(const struct comparison *comparison)
{
	_cleanup_strbuf_ struct strbuf text = {};
	char *rest = NULL;

	if (!comparison->beside.running || is_in_force(comparison))
		return;
	cli_unforetold(&comparison->loaded.declared, &comparison->beside.facts, &text);
	for (char *line = text.length ? strtok_r(text.text, "\n", &rest) : NULL; line;
		line = strtok_r(NULL, "\n", &rest))
		cli_note("%s", line);
}

/* The files that the arguments name. Beside a poised, without arguments, its own: what it would do is the question. */
static int load_files(const struct cli *cli, struct comparison *comparison)
{
	const struct cli_beside *beside = &comparison->beside;

	if (!beside->running)
		return cli_load_arguments(cli, &comparison->loaded);
	const char *const *paths = cli->argument_count ? cli->arguments : beside->paths.items;
	size_t count = cli->argument_count ? cli->argument_count : beside->paths.count;
	bool other = !cli->argument_count && count &&
		     (count != 1 || strcmp(paths[0], SOURCES_DEFAULT_PATH) != 0);
	if (other)
		note_paths(beside);
	int r = cli_load(paths, count, &comparison->loaded);
	cli_loaded_report(&comparison->loaded);
	return r;
}

/* poised, or where none runs what the operator told it. */
static void ask_beside(const struct cli *cli, struct comparison *comparison)
{
	cli_beside_ask(cli, &comparison->beside);
	if (comparison->beside.running)
		return;
	cli_operator_read(cli->state_dir, &comparison->told);
	cli_operator_note(&comparison->told);
}

/* Who looks before an apply wants to know that it would do nothing. What a poised would hold is shown by its status. */
static void note_refusal(const struct cli *cli, struct comparison *comparison)
{
	_cleanup_free_ char *canonical = cli_loaded_canonical(&comparison->loaded);
	const struct reconciler_request request = {
		.declared = &comparison->loaded.declared,
		.canonical = canonical,
		.paths = comparison->loaded.paths,
		.path_count = comparison->loaded.path_count,
	};
	_cleanup_error_ struct error error = {};

	if (cli->options.live || comparison->beside.running)
		return;
	if (reconciler_check(&comparison->reconciler, &request, &error) < 0)
		cli_note("an apply would be refused: %s", error.text);
}

static int compare_loaded(const struct cli *cli, struct comparison *comparison)
{
	int r = cli->options.live              ? compare_file(cli, comparison)
		: needs_no_backend(comparison) ? compare_nothing(cli, comparison)
					       : compare_machine(cli, comparison);

	cli_diff_routers(cli, &comparison->beside, &comparison->loaded, &comparison->routers);
	if (r < 0) {
		routers_print(cli, comparison);
		return CLI_EXIT_ERROR;
	}
	note_unforetold(comparison);
	note_refusal(cli, comparison);
	return comparison_print(cli, comparison);
}

static int diff_run(struct cli *cli)
{
	struct comparison comparison = {.reconciler.lock = -1};
	int code = CLI_EXIT_ERROR;

	if (!cli->options.live)
		ask_beside(cli, &comparison);
	if (load_files(cli, &comparison) == 0)
		code = compare_loaded(cli, &comparison);
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
	.description =
		"Shows what `poise apply` would do: `+` will be added, `~` changed, `-` "
		"removed, `?` is\n"
		"unmanaged and left alone; `!` marks what disrupts connections. -v prints "
		"the operations in\n"
		"the order in which they would be carried out. Beside a running poised it takes "
		"its files, and\n"
		"what the operator drained, or a check took out, is no difference; virtual routers "
		"are compared\n"
		"with those that it keeps.\n\n"
		"Exit status: 0 without differences, 1 with some, 2 after an error.\n",
	.options = options,
	.option_count = ARRAY_LENGTH(options),
	.explains = true,
	.formats = 1 << CLI_FORMAT_TEXT | 1 << CLI_FORMAT_JSON,
	.arguments_max = SIZE_MAX,
	.run = diff_run,
};
