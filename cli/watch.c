// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/watch.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "model/units.h"
#include "reconciler/plan_json.h"
#include "reconciler/plan_text.h"

/* Progress is for what takes long, and drains without a terminal are told now and then. */
#define PROGRESS_AFTER (1 * UNITS_SECOND)
#define DRAIN_EVERY    (10 * UNITS_SECOND)

static volatile sig_atomic_t interrupted;

/* The first one lets the pass under way end; the second one ends the process. */
static void interrupt(_unused_ int signal_number)
{
	static const char text[] =
		"\npoise: stopping after this pass (a second signal stops at once)\n";

	interrupted = 1;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		return;
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

void cli_print_plan(const struct plan *plan, const struct state *live, const struct memory *memory,
	uint64_t now, bool hold, const struct reconciler_left *left,
	const struct router_diff *routers)
{
	const struct plan_text_options options = {
		.color = cli_color_stdout(),
		.order = cli_is_verbose(),
		.now = now,
		.live = live,
		.memory = memory,
		.hold = hold,
		.routers = routers,
	};
	_cleanup_strbuf_ struct strbuf text = {};

	if (left && move_is_news(&left->move))
		move_format_text(&left->move, plan, &options, &left->live, &text);
	else
		plan_format_text(plan, &options, &text);
	if (text.text)
		cli_print(text.text);
}

static void watch_add_op(struct cli_watch *watch, const struct plan_op *op)
{
	json_t *json = plan_op_to_json(op);

	json_object_set_new(json, "result", json_string("not-tried"));
	json_array_append_new(watch->ops, json);
}

static void watch_result(void *data, const struct plan_op *op, const struct backend_result *result)
{
	static const char *const words[] = {
		[BACKEND_RESULT_DONE] = "done",
		[BACKEND_RESULT_FAILED] = "failed",
		[BACKEND_RESULT_SKIPPED] = "skipped",
	};
	struct cli_watch *watch = data;

	if (!watch->json)
		return;
	/* What is not of the plan came due in a drain. */
	if (watch->results == json_array_size(watch->ops))
		watch_add_op(watch, op);
	json_t *json = json_array_get(watch->ops, watch->results++);
	json_object_set_new(json, "result", json_string(words[result->status]));
	if (result->status != BACKEND_RESULT_DONE)
		json_object_set_new(
			json, "error", cli_json_text(error_text(&result->error, result->code)));
}

static void watch_moving(void *data, const struct reconciler_left *left)
{
	((struct cli_watch *)data)->left = left;
}

static void watch_planned(
	void *data, const struct plan *plan, const struct state *live, const struct memory *memory)
{
	struct cli_watch *watch = data;

	if (!watch->json && !cli_is_quiet())
		cli_print_plan(
			plan, live, memory, reconciler_now(), watch->held, watch->left, NULL);
	watch->left = NULL;
	/* Until here a signal ends the process: nothing was begun. */
	if (!watch->planned) {
		watch->totals = plan_count(plan);
		if (watch->json)
			vector_foreach(&plan->ops, op)
				watch_add_op(watch, op);
		catch_signals();
	}
	watch->planned = true;
}

static void watch_complain(
	struct cli_watch *watch, const struct plan_op *op, const char *prefix, const char *text)
{
	_cleanup_strbuf_ struct strbuf object = {};

	plan_op_describe(op, &object);
	cli_error("%s%s: %s", prefix, object.text, text);
	if (watch->json)
		json_array_append_new(watch->errors,
			json_pack("{s:s, s:o, s:o}", "verb", plan_verb_name(op->verb), "object",
				cli_json_text(object.text), "error", cli_json_text(text)));
}

static void watch_failed(void *data, const struct plan_op *op, const struct backend_result *result)
{
	_cleanup_strbuf_ struct strbuf object = {};

	/* What depends on a failed object is counted in the last line; the cause is one error. */
	if (result->status == BACKEND_RESULT_FAILED) {
		_cleanup_free_ char *prefix = memory_printf("cannot %s ", plan_verb_name(op->verb));
		watch_complain(data, op, prefix, error_text(&result->error, result->code));
		return;
	}
	plan_op_describe(op, &object);
	cli_detail("%s: not tried, for what it depends on failed", object.text);
}

static void watch_mismatch(void *data, const struct plan_op *op)
{
	_cleanup_strbuf_ struct strbuf text = {};

	plan_op_format(op, &text);
	cli_detail("still needed: %s", text.text);
	watch_complain(data, op, "",
		"it read back otherwise than it was written: another program may change it too");
}

static void watch_progress(void *data, size_t done, size_t total)
{
	const struct cli_watch *watch = data;

	if (done < total && reconciler_now() - watch->start > PROGRESS_AFTER)
		cli_status("%zu of %zu operations", done, total);
	else
		cli_status_clear();
}

struct drain_sums {
	uint64_t connections;
	uint64_t seconds; /* until the last deadline */
};

static struct drain_sums sum_drains(
	const struct memory *memory, const struct state *live, uint64_t now)
{
	struct drain_sums sums = {};

	vector_foreach(&memory->drains, drain) {
		const struct service *service = state_find_service(live, &drain->service);
		const struct destination *destination =
			service ? service_find_destination(service, &drain->destination) : NULL;

		if (destination)
			sums.connections +=
				(uint64_t)destination->counts.active + destination->counts.inactive;
		sums.seconds = MAX(sums.seconds, drain_seconds_left(drain, now));
	}
	return sums;
}

static void watch_draining(
	void *data, const struct memory *memory, const struct state *live, uint64_t now)
{
	struct cli_watch *watch = data;
	struct drain_sums sums = sum_drains(memory, live, now);
	size_t count = memory->drains.count;
	const char *plural = count == 1 ? "" : "s";

	if (!count)
		return;
	if (cli_has_terminal()) {
		cli_status("draining %zu destination%s: %ju connections, at most %ju s more", count,
			plural, (uintmax_t)sums.connections, (uintmax_t)sums.seconds);
		return;
	}
	if (watch->reported && now - watch->reported < DRAIN_EVERY)
		return;
	watch->reported = now;
	cli_note("draining %zu destination%s: %ju connections, at most %ju s more", count, plural,
		(uintmax_t)sums.connections, (uintmax_t)sums.seconds);
}

static bool watch_stopped(_unused_ void *data)
{
	return interrupted;
}

static void watch_remark(_unused_ void *data, const char *text)
{
	cli_note("%s", text);
}

void cli_watch_begin(struct cli_watch *watch, bool json)
{
	*watch = (struct cli_watch){
		.observer =
			{
				.moving = watch_moving,
				.planned = watch_planned,
				.result = watch_result,
				.failed = watch_failed,
				.mismatch = watch_mismatch,
				.progress = watch_progress,
				.draining = watch_draining,
				.stopped = watch_stopped,
				.remark = watch_remark,
				.data = watch,
			},
		.json = json,
		.errors = json ? json_array() : NULL,
		.ops = json ? json_array() : NULL,
		.start = reconciler_now(),
	};
}

void cli_watch_end(struct cli_watch *watch)
{
	json_decref(watch->errors);
	json_decref(watch->ops);
	watch->errors = watch->ops = NULL;
}

static json_t *totals_to_json(const struct plan_totals *totals)
{
	return json_pack("{s:I, s:I, s:I}", "add", (json_int_t)totals->add, "change",
		(json_int_t)totals->change, "remove", (json_int_t)totals->remove);
}

static void report_json(const struct cli_watch *watch, int code, const struct error *error,
	const struct reconciler_outcome *outcome, double seconds)
{
	json_t *json = json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:b, s:f, s:O}", "planned",
		totals_to_json(&watch->totals), "applied", totals_to_json(&outcome->applied),
		"failed", (json_int_t)outcome->failed, "skipped", (json_int_t)outcome->skipped,
		"mismatches", (json_int_t)outcome->mismatches, "draining",
		(json_int_t)outcome->draining, "interrupted", (int)interrupted, "seconds", seconds,
		"errors", watch->errors);

	json_object_set(json, "operations", watch->ops);
	if (code < 0 && !outcome->done && !outcome->failed && !outcome->mismatches)
		json_object_set_new(json, "refused", json_true());
	if (code < 0)
		json_object_set_new(json, "error", cli_json_text(error_text(error, code)));
	cli_print_json(json);
}

static void report_text(const struct reconciler_outcome *outcome, double seconds)
{
	const struct plan_totals *applied = &outcome->applied;
	size_t total = outcome->done + outcome->failed + outcome->skipped;
	_cleanup_free_ char *text = NULL;

	if (!total || cli_is_quiet())
		return;
	if (outcome->failed || outcome->skipped || outcome->mismatches)
		text = memory_printf("Applied: %zu of %zu operations, in %.2f s.\n", outcome->done,
			total, seconds);
	else
		text = memory_printf("Applied: %zu added, %zu changed, %zu removed, in %.2f s.\n",
			applied->add, applied->change, applied->remove, seconds);
	cli_print(text);
}

int cli_watch_report(struct cli_watch *watch, int code, const struct error *error,
	const struct reconciler_outcome *outcome)
{
	double seconds = (double)(reconciler_now() - watch->start) / (double)UNITS_SECOND;

	cli_status_clear();
	if (watch->json)
		report_json(watch, code, error, outcome, seconds);
	else
		report_text(outcome, seconds);
	if (code < 0)
		cli_fail(error, code);
	if (outcome->draining && !watch->held)
		cli_note("%zu destination%s still drain%s: the next `poise apply` goes on with "
			 "that",
			outcome->draining, outcome->draining == 1 ? "" : "s",
			outcome->draining == 1 ? "s" : "");
	if (code < 0)
		return CLI_EXIT_ERROR;
	return interrupted ? CLI_EXIT_INTERRUPTED : CLI_EXIT_GOOD;
}
