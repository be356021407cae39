// SPDX-License-Identifier: GPL-2.0-or-later
/* The shell around the core: what an apply does, in which order, and what it refuses.
 *
 *	guards		what was declared against what is declared: nothing has been read yet
 *	pass		read, step, diff; the plan is shown
 *	confirm		with a confirmation: what is needed to go back, on disk
 *	record		every service that is or becomes ours, on disk and synced: a crash orphans
 *nothing execute		the operations; the touched objects read back and compared record
 *what is ours now, and what drains drains		the same pass again on fresh counts of what
 *drains, until nothing does
 *
 * Whatever fails before `execute` has changed nothing. */
#include "reconciler/reconciler.h"

#include <errno.h>

#include "base/timespec.h"
#include "reconciler/apply.h"
#include "reconciler/blast.h"
#include "reconciler/confirm.h"
#include "reconciler/lock.h"
#include "reconciler/pass.h"
#include "reconciler/saved.h"
#include "reconciler/withdraw.h"

uint64_t reconciler_now(void)
{
	return timespec_now(CLOCK_BOOTTIME);
}

/* Those who can do without a damaged record take a fresh one. */
static int reconciler_rescue(struct reconciler *reconciler, int code, struct error *error)
{
	if (code != -EINVAL || !reconciler->options.rescue)
		return code;
	error_clear(error);
	record_clear(&reconciler->record);
	return record_fresh(&reconciler->record, error);
}

int reconciler_bind(struct reconciler *reconciler, struct error *error)
{
	return move_turn(&reconciler->record, reconciler->options.backend->name, error);
}

/* What was read of the record (`code`), made that of this backend. */
static int reconciler_take_record(struct reconciler *reconciler, int code, struct error *error)
{
	int r = reconciler_rescue(reconciler, code, error);

	return r < 0 ? r : reconciler_bind(reconciler, error);
}

const struct backend_ops *reconciler_find_backend(
	const struct reconciler *reconciler, const char *name)
{
	return reconciler->options.find ? reconciler->options.find(name) : backend_find(name);
}

int reconciler_open(struct reconciler *reconciler, const struct reconciler_options *options,
	struct error *error)
{
	*reconciler = (struct reconciler){.options = *options, .lock = -1};
	int r = record_load(options->state_dir, &reconciler->record, error);
	r = reconciler_take_record(reconciler, r, error);
	if (r == 0)
		r = options->backend->open(options->run_dir, &reconciler->backend, error);
	if (r < 0) {
		reconciler_close(reconciler);
		return r;
	}
	reconciler->abilities = options->backend->abilities(reconciler->backend);
	return 0;
}

void reconciler_close(struct reconciler *reconciler)
{
	if (reconciler->backend)
		reconciler->options.backend->close(reconciler->backend);
	withdraw_close(reconciler);
	move_clear(&reconciler->left.move);
	record_clear(&reconciler->record);
	state_clear(&reconciler->live);
	if (reconciler->options.backend && reconciler->lock >= 0)
		close(reconciler->lock);
	*reconciler = (struct reconciler){.lock = -1};
}

void reconciler_tidy(const struct reconciler *reconciler)
{
	record_remove_leftovers(reconciler->options.state_dir);
	confirm_remove_leftovers(reconciler);
}

int reconciler_lock(struct reconciler *reconciler, uint64_t wait_ns, struct error *error)
{
	if (reconciler->lock >= 0)
		return 0;
	int lock =
		lock_take(reconciler->options.run_dir, reconciler->options.program, wait_ns, error);
	if (lock < 0)
		return lock;
	reconciler->lock = lock;
	reconciler_tidy(reconciler);
	/* Whoever held it before may have changed the record since reconciler_open(). */
	int r = record_reload(reconciler->options.state_dir, &reconciler->record, error);
	return reconciler_take_record(reconciler, r, error);
}

static void reconciler_think(const struct reconciler *reconciler, const struct declared *declared,
	const struct state *live, struct plan *plan, struct step_output *output)
{
	const struct pass_input input = {
		.declared = declared,
		.live = live,
		.memory = &reconciler->record.memory,
		.now = reconciler_now(),
	};

	pass_think(reconciler, &input, plan, output);
}

int reconciler_plan(struct reconciler *reconciler, const struct declared *declared,
	const struct state *live, struct plan *plan, struct step_output *output,
	struct error *error)
{
	if (!live) {
		state_clear(&reconciler->live);
		int r = pass_read(reconciler, declared, &reconciler->live, error);
		if (r < 0)
			return r;
		live = &reconciler->live;
	}
	reconciler_think(reconciler, declared, live, plan, output);
	return withdraw_plan(reconciler, declared->prune, reconciler_now(), error);
}

static int reconciler_check_paths(const struct reconciler *reconciler,
	const struct reconciler_request *request, struct error *error)
{
	const struct record *record = &reconciler->record;
	_cleanup_strbuf_ struct strbuf made_from = {};

	if (request->replace || !record->paths.count ||
		record_paths_equal(record, request->paths, request->path_count))
		return 0;
	vector_foreach(&record->paths, path)
		strbuf_printf(&made_from, " %s", *path);
	return error_set(error, -EPERM,
		"the state of this machine was made from other files (%s): apply those, or use "
		"--replace to put these in their place",
		made_from.text + 1);
}

static int reconciler_check_refused(const struct reconciler *reconciler,
	const struct reconciler_request *request, struct error *error)
{
	enum record_refusal refusal = record_refuses(&reconciler->record, reconciler->revision);

	if (request->force || refusal == RECORD_REFUSAL_NONE)
		return 0;
	return error_set(error, -EPERM,
		"this content (revision %.12s) %s: "
		"change the files, or use --force; what was confirmed last is in %s/%s",
		reconciler->revision,
		refusal == RECORD_REFUSAL_UNDONE
			? "was applied before, was not confirmed and was undone"
			: "lay there when another was not confirmed and was undone",
		reconciler->options.state_dir, RECORD_CONFIRMED_FILE);
}

static bool reconciler_is_new_content(const struct reconciler *reconciler)
{
	return !reconciler->record.revision ||
	       strcmp(reconciler->record.revision, reconciler->revision) != 0;
}

static int reconciler_check_blast(const struct reconciler *reconciler,
	const struct reconciler_request *request, struct error *error)
{
	_cleanup_strbuf_ struct strbuf reasons = {};

	if (request->force || !reconciler_is_new_content(reconciler) ||
		!blast_guard(&reconciler->record, request->declared, BLAST_SERVICES, &reasons))
		return 0;
	return error_set(error, -EPERM,
		"too much would go at once:\n%snothing was changed: use --force if it is meant, or "
		"raise `max-delete`",
		reasons.text);
}

static int reconciler_check_pending(const struct reconciler *reconciler, struct error *error)
{
	if (!reconciler->hold_deletions)
		return 0;
	return error_set(error, -EBUSY,
		"an apply waits for its confirmation: `poise confirm` or `poise rollback` first");
}

int reconciler_check(struct reconciler *reconciler, const struct reconciler_request *request,
	struct error *error)
{
	int r = reconciler_check_pending(reconciler, error);

	record_revision(request->canonical, reconciler->revision);
	if (r == 0)
		r = reconciler_check_paths(reconciler, request, error);
	if (r == 0)
		r = reconciler_check_refused(reconciler, request, error);
	if (r == 0)
		r = reconciler_check_blast(reconciler, request, error);
	return r;
}

/* Whether the record on disk says this already: to compare is cheaper than to write it all. */
static bool reconciler_is_recorded(const struct reconciler *reconciler,
	const struct reconciler_request *request, const struct memory *memory)
{
	const struct record *record = &reconciler->record;

	if (!record->saved || !record->revision || record->refused || record->refused_beside)
		return false;
	return strcmp(record->revision, reconciler->revision) == 0 &&
	       record_paths_equal(record, request->paths, request->path_count) &&
	       memory_equal(&record->memory, memory);
}

/* What the record says once `memory` is true, under the files of the request. */
static void reconciler_next_record(const struct reconciler *reconciler,
	const struct reconciler_request *request, const struct memory *memory, struct record *next)
{

	record_copy(next, &reconciler->record);
	memory_clear(&next->memory);
	memory_copy(&next->memory, memory);
	record_set_declared(next, request->declared);
	record_set_paths(next, request->paths, request->path_count);
	free(next->revision);
	next->revision = memory_copy_string(reconciler->revision);
	free(STEAL(next->refused));
	free(STEAL(next->refused_beside));
}

/* Makes `next` the record, on disk when that says anything new. */
static int reconciler_save(struct reconciler *reconciler, struct record *next, struct error *error)
{
	next->saved = STEAL(reconciler->record.saved);
	int r = record_save(reconciler->options.state_dir, next, error);
	if (r < 0) {
		reconciler->record.saved = STEAL(next->saved);
		return r;
	}
	record_clear(&reconciler->record);
	reconciler->record = *next;
	*next = (struct record){};
	return 0;
}

static int reconciler_record(struct reconciler *reconciler,
	const struct reconciler_request *request, const struct memory *memory, struct error *error)
{
	_cleanup_record_ struct record next = {};

	if (reconciler_is_recorded(reconciler, request, memory))
		return 0;
	reconciler_next_record(reconciler, request, memory, &next);
	return reconciler_save(reconciler, &next, error);
}

static void reconciler_count(struct reconciler_outcome *outcome, const struct apply_report *report)
{
	outcome->done += report->done;
	outcome->applied.add += report->applied.add;
	outcome->applied.change += report->applied.change;
	outcome->applied.remove += report->applied.remove;
	outcome->applied.disruptive += report->applied.disruptive;
	outcome->failed += report->failed;
	outcome->skipped += report->skipped;
	outcome->mismatches += report->mismatches;
}

/* Record, execute, record. `output` is step()'s of the plan's pass; its memory is moved into the
 * record. */
static int reconciler_carry_out(struct reconciler *reconciler,
	const struct reconciler_request *request, const struct plan *plan,
	struct step_output *output, const struct reconciler_observer *observer,
	struct reconciler_outcome *outcome, struct error *error)
{
	_cleanup_apply_report_ struct apply_report report = {};
	_cleanup_memory_ struct memory both = {};
	_cleanup_memory_ struct memory before = {};

	if (plan->ops.count) {
		memory_copy(&before, &reconciler->record.memory);
		memory_union(&both, &before, &output->memory);
		/* Even when it says nothing new: what cannot be recorded must not be begun. */
		free(STEAL(reconciler->record.saved));
		int r = reconciler_record(reconciler, request, &both, error);
		if (r < 0)
			return r;
	}
	int executed = apply_execute(reconciler, plan, observer, &report, error);
	reconciler_count(outcome, &report);
	if (executed < 0)
		return executed; /* the record names all that may be ours: nothing is orphaned */
	apply_amend_memory(
		&report, plan->ops.count ? &before : &reconciler->record.memory, &output->memory);
	return reconciler_record(reconciler, request, &output->memory, error);
}

static void reconciler_sleep_until(uint64_t when)
{
	uint64_t now = reconciler_now();
	uint64_t rest = when > now ? when - now : 0;
	const struct timespec time = timespec_of(rest);

	nanosleep(&time, NULL); /* a signal ends it early: the observer is asked */
}

/* The services in which something drains that is awaited, sorted. The caller frees the array. */
static struct service_key *reconciler_draining(
	const struct reconciler_request *request, const struct memory *memory, size_t *count)
{
	struct service_key *keys = memory_resize(NULL, memory->drains.count, sizeof(*keys));

	*count = 0;
	vector_foreach(&memory->drains, drain) {
		if (!saved_awaits(request->saved, drain))
			continue;
		if (!*count || service_key_compare(&keys[*count - 1], &drain->service) != 0)
			keys[(*count)++] = drain->service;
	}
	return keys;
}

/* Whether an operation ends a drain of these services, or was waiting for the end of all. */
static bool reconciler_is_among(
	const struct service_key *keys, size_t count, const struct plan_op *op)
{
	if (op->object == PLAN_OBJECT_PORT_ADDRESS || op->object == PLAN_OBJECT_ROUTE)
		return op->verb == PLAN_VERB_DELETE;
	if (op->object != PLAN_OBJECT_SERVICE && op->object != PLAN_OBJECT_DESTINATION)
		return false;
	return vector_find_(&op->service, keys, count, sizeof(*keys), service_compare) != NULL;
}

/* One look at what drains: fresh counts, and the deletions that have become due. Operations of
 * other services (those that failed before) are not tried again here. */
static int reconciler_drain_pass(struct reconciler *reconciler,
	const struct reconciler_request *request, const struct reconciler_observer *observer,
	struct reconciler_outcome *outcome, uint64_t *wake, struct error *error)
{
	_cleanup_state_ struct state fresh = {};
	_cleanup_plan_ struct plan now = {}, plan = {};
	_cleanup_step_output_ struct step_output output = {};
	struct backend_scope scope = {.only = true};
	_cleanup_free_ struct service_key *keys =
		reconciler_draining(request, &reconciler->record.memory, &scope.count);

	scope.keys = keys;
	int r = reconciler->backend->ops->read(reconciler->backend, &scope, &fresh, error);
	if (r < 0)
		return r;
	apply_refresh_services(&reconciler->live, &fresh, keys, scope.count);
	apply_refresh_globals(&reconciler->live, &fresh);
	reconciler_think(reconciler, request->declared, &reconciler->live, &now, &output);
	vector_foreach(&now.ops, op)
		if (reconciler_is_among(keys, scope.count, op) && saved_ends(request->saved, op))
			vector_push(&plan.ops, *op);
	saved_remember(request->saved, &reconciler->record.memory, &now, &plan, &output.memory);
	*wake = output.wake;
	return reconciler_carry_out(reconciler, request, &plan, &output, observer, outcome, error);
}

static bool reconciler_was_stopped(const struct reconciler_observer *observer)
{
	return observer && observer->stopped && observer->stopped(observer->data);
}

static bool reconciler_awaits(const struct reconciler_request *request, const struct memory *memory)
{
	vector_foreach(&memory->drains, drain)
		if (saved_awaits(request->saved, drain))
			return true;
	return false;
}

/* Until nothing drains any more, something fails, or the observer has had enough. */
static int reconciler_await_drains(struct reconciler *reconciler,
	const struct reconciler_request *request, const struct reconciler_observer *observer,
	struct reconciler_outcome *outcome, struct error *error)
{
	const struct memory *memory = &reconciler->record.memory;
	size_t troubles = outcome->failed + outcome->mismatches;

	while (reconciler_awaits(request, memory)) {
		uint64_t wake = UINT64_MAX;
		int r = reconciler_drain_pass(reconciler, request, observer, outcome, &wake, error);

		if (r < 0)
			return r;
		if (outcome->failed + outcome->mismatches > troubles ||
			!reconciler_awaits(request, memory))
			return 0;
		if (observer && observer->draining)
			observer->draining(
				observer->data, memory, &reconciler->live, reconciler_now());
		if (reconciler_was_stopped(observer))
			return 0;
		reconciler_sleep_until(wake);
	}
	return 0;
}

/* The pass of an apply: the plan, which is the saved one where there is one. */
static int reconciler_prepare(struct reconciler *reconciler,
	const struct reconciler_request *request, struct plan *plan, struct step_output *output,
	struct error *error)
{
	_cleanup_plan_ struct plan now = {};
	const struct plan_file *saved = request->saved;
	int r = saved_check(request, &reconciler->record, error);

	if (r == 0)
		r = reconciler_plan(
			reconciler, request->declared, NULL, saved ? &now : plan, output, error);
	if (r < 0 || !saved)
		return r;
	if (move_is_news(&reconciler->left.move))
		return error_set(error, -EPERM,
			"poise moves from %s to %s here, which a saved plan does not hold: apply "
			"the files",
			reconciler->left.move.from, reconciler->left.move.to);
	r = saved_take(saved, &now, plan, error);
	if (r == 0)
		saved_remember(saved, &reconciler->record.memory, &now, plan, &output->memory);
	return r;
}

static bool reconciler_has_trouble(const struct reconciler_outcome *outcome)
{
	return outcome->failed || outcome->skipped || outcome->mismatches;
}

static int reconciler_outcome_code(const struct reconciler_outcome *outcome, struct error *error)
{
	if (!reconciler_has_trouble(outcome))
		return 0;
	error_set(error, -EIO,
		"%zu operation%s failed, %zu skipped, %zu read back otherwise than written",
		outcome->failed, outcome->failed == 1 ? "" : "s", outcome->skipped,
		outcome->mismatches);
	return outcome->unmoved ? error_suffix(error, -EIO,
					  ": nothing was withdrawn from the backend that the files "
					  "leave, and it serves on")
				: -EIO;
}

/* Whether this apply changes anything that could have to be undone: by an operation, by what is held back, or
 * by another content. */
static bool reconciler_has_news(const struct reconciler *reconciler, const struct plan *plan,
	const struct step_output *output)
{
	if (plan->ops.count || output->memory.drains.count)
		return true;
	return move_is_news(&reconciler->left.move) || reconciler_is_new_content(reconciler);
}

static void reconciler_remark(const struct reconciler_observer *observer, const char *text)
{
	if (observer && observer->remark)
		observer->remark(observer->data, text);
}

/* What counts after a reboot, once nothing has to be confirmed any more. */
static void reconciler_keep_confirmed(const struct reconciler *reconciler,
	const struct reconciler_request *request, const struct reconciler_observer *observer)
{
	_cleanup_error_ struct error error = {};
	int r = record_save_confirmed(reconciler->options.state_dir, request->canonical, &error);

	if (r < 0)
		reconciler_remark(observer, error_text(&error, r));
}

/* One look at what is left in the backend that the files leave. */
static int reconciler_withdraw(struct reconciler *reconciler,
	const struct reconciler_request *request, const struct reconciler_observer *observer,
	struct reconciler_outcome *outcome, uint64_t *wake, struct error *error)
{
	_cleanup_apply_report_ struct apply_report report = {};
	int r = withdraw_pass(reconciler, request->declared->prune, reconciler_now(), observer,
		&report, wake, error);

	reconciler_count(outcome, &report);
	return r;
}

/* Withdraw and switch, once the new backend is prepared. */
static int reconciler_leave(struct reconciler *reconciler, const struct reconciler_request *request,
	const struct reconciler_observer *observer, struct reconciler_outcome *outcome,
	struct error *error)
{
	const struct record_left *left = &reconciler->record.left;

	while (left->backend && !reconciler_has_trouble(outcome)) {
		uint64_t wake;
		int r = reconciler_withdraw(reconciler, request, observer, outcome, &wake, error);

		if (r < 0 || !left->backend || !left->memory.drains.count || request->no_wait)
			return r;
		if (observer && observer->draining)
			observer->draining(observer->data, &left->memory, &reconciler->left.live,
				reconciler_now());
		if (reconciler_was_stopped(observer))
			return 0;
		reconciler_sleep_until(wake);
	}
	return 0;
}

/* From the first write to the last. */
static int reconciler_run(struct reconciler *reconciler, const struct reconciler_request *request,
	const struct plan *plan, struct step_output *output,
	const struct reconciler_observer *observer, struct reconciler_outcome *outcome,
	struct error *error)
{
	bool news = reconciler_has_news(reconciler, plan, output);
	bool confirm = news && request->confirm_timeout;
	int r = confirm ? confirm_begin(reconciler, request, plan, error) : 0;

	if (!news && request->confirm_timeout)
		reconciler_remark(observer, "nothing changes, so nothing waits for a confirmation");
	if (r == 0)
		r = reconciler_carry_out(
			reconciler, request, plan, output, observer, outcome, error);
	if (r < 0 && !outcome->done && !outcome->failed) {
		if (confirm)
			confirm_cancel(reconciler);
		return error_suffix(error, r, ": nothing was changed");
	}
	if (r == 0 && news && !confirm)
		reconciler_keep_confirmed(reconciler, request, observer);
	if (r == 0 && !request->no_wait && !confirm)
		r = reconciler_await_drains(reconciler, request, observer, outcome, error);
	outcome->unmoved = reconciler->record.left.backend && reconciler_has_trouble(outcome);
	if (r == 0 && !confirm && !reconciler_was_stopped(observer))
		r = reconciler_leave(reconciler, request, observer, outcome, error);
	return r;
}

int reconciler_apply(struct reconciler *reconciler, const struct reconciler_request *request,
	const struct reconciler_observer *observer, struct reconciler_outcome *outcome,
	struct error *error)
{
	_cleanup_plan_ struct plan plan = {};
	_cleanup_step_output_ struct step_output output = {};

	*outcome = (struct reconciler_outcome){};
	/* Again, now under the lock: another apply may have begun or ended a confirmation meanwhile. */
	int r = confirm_settle(reconciler, observer, error);
	if (r == 0)
		r = reconciler_check(reconciler, request, error);
	if (r < 0)
		return r;
	reconciler->hold_deletions = request->confirm_timeout > 0;
	r = reconciler_prepare(reconciler, request, &plan, &output, error);
	if (r < 0)
		return r;
	outcome->planned = plan_count(&plan);
	if (observer && observer->moving && move_is_news(&reconciler->left.move))
		observer->moving(observer->data, &reconciler->left);
	if (observer && observer->planned)
		observer->planned(observer->data, &plan, &reconciler->live, &output.memory);
	r = reconciler_run(reconciler, request, &plan, &output, observer, outcome, error);
	outcome->draining = reconciler->record.memory.drains.count +
			    reconciler->record.left.memory.drains.count;
	return r < 0 ? r : reconciler_outcome_code(outcome, error);
}
