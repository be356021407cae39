// SPDX-License-Identifier: GPL-2.0-or-later
/* The life of a confirmation.
 *
 *	confirm_begin()     nothing -> awaited: confirm.json is on disk, the guard runs
 *	confirm_accept()    awaited -> nothing: it is on disk as the last confirmed state, then the file goes, then what was
 *			    held back is deleted
 *	confirm_rollback()  awaited -> nothing: the objects go back, then the record, then the file
 *
 * Each of the three may be done again after a crash between them.
 *
 * Going back is a diff like any other: what the touched objects were is the desired state, and for this one pass every
 * touched service counts as ours, so that those which the apply added go. */
#include "reconciler/confirm.h"

#include <errno.h>
#include <time.h>

#include "base/file.h"
#include "reconciler/apply.h"
#include "reconciler/diff.h"
#include "model/load.h"
#include "reconciler/guard.h"
#include "reconciler/pass.h"
#include "reconciler/state_file.h"
#include "reconciler/step.h"
#include "reconciler/subset.h"

#define CONFIRM_FILE_LIMIT   (512u << 20)
#define CONFIRM_LOCK_WAIT_NS 30000000000ull

char *confirm_path(const char *state_dir)
{
	return memory_printf("%s/" CONFIRM_FILE, state_dir);
}

bool confirm_exists(const struct reconciler *reconciler)
{
	_cleanup_free_ char *path = confirm_path(reconciler->options.state_dir);

	return access(path, F_OK) == 0;
}

void confirm_remove_leftovers(const struct reconciler *reconciler)
{
	_cleanup_free_ char *path = confirm_path(reconciler->options.state_dir);

	file_remove_leftovers(path);
}

/* The file, whatever boot or namespace it is of: 1 and `ret` filled, or 0 when there is none. */
static int confirm_read(
	const struct reconciler *reconciler, struct confirm_pending *ret, struct error *error)
{
	_cleanup_free_ char *path = confirm_path(reconciler->options.state_dir);
	_cleanup_free_ char *text = NULL;
	size_t size;

	int r = state_file_read(path, CONFIRM_FILE_LIMIT, &text, &size, error);
	if (r <= 0)
		return r;
	r = confirm_parse(text, size, ret, error);
	if (r < 0)
		return error_prefix(error, r,
			"%s is damaged, so an unconfirmed apply cannot be undone; remove the file "
			"to "
			"keep the machine as it is",
			path);
	if (record_place(&reconciler->record, &ret->before) != RECORD_PLACE_ALIVE)
		return 1;
	confirm_pending_clear(ret);
	return error_set(error, -EXDEV,
		"%s is of another network namespace, which is in use: name another folder with "
		"--state-dir for this one",
		path);
}

static bool confirm_is_here(
	const struct reconciler *reconciler, const struct confirm_pending *pending)
{
	return record_place(&reconciler->record, &pending->before) == RECORD_PLACE_HERE;
}

int confirm_load(struct reconciler *reconciler, struct confirm_pending *ret, struct error *error)
{
	int r = confirm_read(reconciler, ret, error);

	if (r <= 0 || confirm_is_here(reconciler, ret))
		return r;
	confirm_pending_clear(ret);
	return 0;
}

/* An unconfirmed apply of another boot, or of a namespace that is gone: its objects are gone with that. What it
 * wanted is refused from now on, and the file has served. Under the lock. */
static int confirm_void(
	struct reconciler *reconciler, const struct confirm_pending *pending, struct error *error)
{
	_cleanup_free_ char *path = confirm_path(reconciler->options.state_dir);

	free(reconciler->record.refused);
	reconciler->record.refused = memory_copy_string(pending->revision);
	int r = record_save(reconciler->options.state_dir, &reconciler->record, error);
	if (r < 0)
		return r;
	r = file_remove(path);
	return r < 0 ? error_set(error, r, "cannot remove %s: %s", path, strerror(-r)) : 0;
}

/* What the touched services and globals are before the first operation. */
static void confirm_snapshot(const struct reconciler *reconciler, const struct plan *plan,
	struct confirm_pending *pending)
{
	pending->touched.items = apply_touched(plan, &pending->touched.count);
	vector_foreach(&pending->touched, key) {
		const struct service *live = state_find_service(&reconciler->live, key);
		if (live)
			service_copy(vector_append(&pending->live.services), live);
	}
	vector_foreach(&plan->ops, op) {
		if (op->object == PLAN_OBJECT_TIMEOUTS)
			pending->live.timeouts = reconciler->live.timeouts;
		if (op->object == PLAN_OBJECT_SYNC)
			pending->live.sync_managed = true;
		if (op->object == PLAN_OBJECT_PORT_ADDRESS || op->object == PLAN_OBJECT_ROUTE)
			pending->live.ways_managed = true;
		if (op->object == PLAN_OBJECT_SYSCTL && op->sysctl.before[0]) {
			struct sysctl *sysctl = vector_append(&pending->live.sysctls);
			memcpy(sysctl->name, op->sysctl.name, sizeof(sysctl->name));
			memcpy(sysctl->value, op->sysctl.before, sizeof(sysctl->value));
		}
	}
	if (pending->live.sync_managed)
		vector_foreach(&reconciler->live.sync, daemon)
			vector_push(&pending->live.sync, *daemon);
	if (pending->live.ways_managed) {
		vector_foreach(&reconciler->live.port_addresses, address)
			vector_push(&pending->live.port_addresses, *address);
		vector_foreach(&reconciler->live.routes, route)
			vector_push(&pending->live.routes, *route);
	}
	state_sort(&pending->live);
}

static int confirm_write(
	struct reconciler *reconciler, const struct confirm_pending *pending, struct error *error)
{
	_cleanup_free_ char *path = confirm_path(reconciler->options.state_dir);
	_cleanup_free_ char *text = confirm_format(pending);

	if (!text)
		return error_set(error, -EINVAL, "the live state cannot be written down");
	return state_file_write(reconciler->options.state_dir, path, text, error);
}

/* The record as it is on disk: a move that begins here has not begun there. */
static int confirm_copy_record(
	const struct reconciler *reconciler, struct record *ret, struct error *error)
{
	record_copy(ret, &reconciler->record);
	if (!ret->left.fresh)
		return 0;
	_cleanup_free_ char *backend = memory_copy_string(ret->left.backend);
	int r = move_turn(ret, backend, error);
	if (r == 0 && !ret->left.memory.owned.count)
		record_clear_left(ret);
	return r;
}

int confirm_begin(struct reconciler *reconciler, const struct reconciler_request *request,
	const struct plan *plan, struct error *error)
{
	_cleanup_confirm_pending_ struct confirm_pending pending = {};

	int r = confirm_copy_record(reconciler, &pending.before, error);
	if (r < 0)
		return r;
	pending.backend = memory_copy_string(reconciler->options.backend->name);
	pending.canonical = memory_copy_string(request->canonical);
	pending.revision = memory_copy_string(reconciler->revision);
	pending.deadline = reconciler_now() + request->confirm_timeout;
	pending.wall_deadline =
		(uint64_t)time(NULL) + (request->confirm_timeout + 999999999) / 1000000000;
	pending.saved = request->saved != NULL;
	if (pending.saved)
		memory_copy(&pending.memory, &request->saved->memory);
	confirm_snapshot(reconciler, plan, &pending);
	r = confirm_write(reconciler, &pending, error);
	if (r < 0)
		return r;
	if (!reconciler->options.no_guard)
		r = guard_start(&reconciler->options, pending.deadline, error);
	if (r < 0)
		confirm_cancel(reconciler);
	return r;
}

void confirm_cancel(struct reconciler *reconciler)
{
	_cleanup_free_ char *path = confirm_path(reconciler->options.state_dir);

	file_remove(path);
	reconciler->hold_deletions = false;
}

static int confirm_require(
	struct reconciler *reconciler, struct confirm_pending *pending, struct error *error)
{
	int r = confirm_load(reconciler, pending, error);

	if (r == 0)
		return error_set(error, -ENOENT,
			"no apply waits for a confirmation (`poise apply --confirm-timeout` starts "
			"one)");
	return r < 0 ? r : 0;
}

/* The memory under which every touched service counts as ours. */
static void confirm_own_touched(const struct confirm_pending *pending, struct memory *memory)
{
	vector_foreach(&pending->touched, key)
		vector_append(&memory->owned)->key = *key;
}

static const char *confirm_backend(const struct confirm_pending *pending)
{
	return pending->backend ? pending->backend : pending->before.backend;
}

/* Whether it was a move to another backend: the files of before, and what was ours by them, speak of the one before. */
static bool confirm_is_move(const struct confirm_pending *pending)
{
	const char *before = pending->before.backend;

	return before && strcmp(before, confirm_backend(pending)) != 0;
}

/* The files of before, as far as they can be read. */
struct confirm_before {
	struct config config;
	struct declared declared, touched; /* the second: a subset of the first */
	struct step_output thought;
	struct service_vector services; /* that are to be there; borrowed */
};

static void confirm_before_clear(struct confirm_before *before)
{
	vector_clear(&before->services);
	step_output_clear(&before->thought);
	subset_declared_clear(&before->touched);
	declared_clear(&before->declared);
	config_clear(&before->config);
}

static bool confirm_load_before(const struct reconciler *reconciler, struct confirm_before *before)
{
	_cleanup_free_ char *path =
		memory_printf("%s/" RECORD_CONFIRMED_FILE, reconciler->options.state_dir);
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};
	_cleanup_error_ struct error error = {};
	_cleanup_free_ char *text = NULL;
	struct document document = {.name = RECORD_CONFIRMED_FILE};

	if (state_file_read(path, CONFIRM_FILE_LIMIT, &text, &document.size, &error) <= 0)
		return false;
	document.text = text;
	if (config_load(&document, 1, &before->config, &diagnostics) < 0)
		return false;
	declared_from_config(&before->config, &before->declared);
	return true;
}

/* The state of then says nothing of who went down since, and of who drains: what was ours before is what the files of before ask
 * for now. All else, and where those cannot be read, is what it was. */
static void confirm_think(const struct reconciler *reconciler,
	const struct confirm_pending *pending, struct confirm_before *before)
{
	bool known = reconciler->facts && !confirm_is_move(pending) &&
		     confirm_load_before(reconciler, before);
	const struct memory *memory = &pending->before.memory;

	if (known) {
		subset_declared(&before->declared, pending->touched.items, pending->touched.count,
			&before->touched);
		const struct step_input input = {.declared = &before->touched,
			.live = &reconciler->live,
			.memory = memory,
			.facts = reconciler->facts,
			.now = reconciler_now()};
		step(&input, &before->thought);
	}
	vector_foreach(&pending->live.services, service)
		if (!known || !memory_find_owned(memory, &service->key))
			vector_push(&before->services, *service);
	vector_foreach(&before->thought.desired.services, service)
		if (memory_find_owned(memory, &service->key))
			vector_push(&before->services, *service);
	vector_sort(&before->services, service_compare);
}

/* In the backend that the reconciler has, which is the one that was applied to. */
static int confirm_restore_here(struct reconciler *reconciler,
	const struct confirm_pending *pending, const struct reconciler_observer *observer,
	struct apply_report *report, struct error *error)
{
	_cleanup_memory_ struct memory memory = {};
	_cleanup_plan_ struct plan plan = {};
	_cleanup_(confirm_before_clear) struct confirm_before before = {};
	struct state desired = pending->live;
	const struct backend_scope scope = {
		.keys = pending->touched.items, .count = pending->touched.count, .only = true};

	state_clear(&reconciler->live);
	int r = reconciler->backend->ops->read(
		reconciler->backend, &scope, &reconciler->live, error);
	/* What was made there has gone with it, and nothing of it was there before. */
	if (r == -ENOENT && confirm_is_move(pending)) {
		error_clear(error);
		return 0;
	}
	if (r < 0)
		return r;
	confirm_own_touched(pending, &memory);
	confirm_think(reconciler, pending, &before);
	desired.services = before.services;
	const struct diff_input input = {
		.desired = &desired,
		.live = &reconciler->live,
		.memory = &memory,
		.prune = CONFIG_PRUNE_OWNED,
		.abilities = reconciler->abilities,
	};
	diff(&input, &plan);
	if (observer && observer->planned)
		observer->planned(observer->data, &plan, &reconciler->live, NULL);
	return apply_execute(reconciler, &plan, observer, report, error);
}

static bool confirm_is_of_another_backend(
	const struct reconciler *reconciler, const struct confirm_pending *pending)
{
	const char *name = confirm_backend(pending);

	return name && strcmp(name, reconciler->options.backend->name) != 0;
}

/* It was applied to another backend than whoever undoes it has: for this, that one is opened beside it. */
static int confirm_restore_beside(struct reconciler *reconciler,
	const struct confirm_pending *pending, const struct reconciler_observer *observer,
	struct apply_report *report, struct error *error)
{
	struct reconciler there = {
		.options = reconciler->options, .facts = reconciler->facts, .lock = -1};
	const char *name = confirm_backend(pending);

	there.options.backend = reconciler_find_backend(reconciler, name);
	if (!there.options.backend)
		return error_set(error, -ENOTSUP, "this version has no backend `%s`", name);
	int r = there.options.backend->open(there.options.run_dir, &there.backend, error);
	/* What was made there has gone with it. */
	if (r == -ENOENT) {
		error_clear(error);
		return 0;
	}
	if (r < 0)
		return error_prefix(error, r, "cannot undo in %s what was not confirmed", name);
	there.abilities = there.options.backend->abilities(there.backend);
	r = confirm_restore_here(&there, pending, observer, report, error);
	reconciler_close(&there);
	return r;
}

static int confirm_restore_objects(struct reconciler *reconciler,
	const struct confirm_pending *pending, const struct reconciler_observer *observer,
	struct apply_report *report, struct error *error)
{
	if (confirm_is_of_another_backend(reconciler, pending))
		return confirm_restore_beside(reconciler, pending, observer, report, error);
	return confirm_restore_here(reconciler, pending, observer, report, error);
}

/* Whose the services are that could not be deleted: of what is ours, or of what is left. */
static void confirm_keep_undeleted(const struct confirm_pending *pending,
	const struct apply_report *report, struct record *record)
{
	const char *name = confirm_backend(pending);
	bool elsewhere = name && record->backend && strcmp(name, record->backend) != 0;
	struct memory *memory = elsewhere ? &record->left.memory : &record->memory;
	_cleanup_memory_ struct memory undeleted = {};
	struct memory merged = {};

	if (!report->undeleted.count)
		return;
	vector_foreach(&report->undeleted, key)
		vector_append(&undeleted.owned)->key = *key;
	memory_union(&merged, &undeleted, memory);
	memory_clear(memory);
	*memory = merged;
	if (elsewhere && !record->left.backend)
		record->left.backend = memory_copy_string(name);
}

/* The record as it was before, but for what could not be deleted, and with the content refused. */
static int confirm_restore_record(struct reconciler *reconciler,
	const struct confirm_pending *pending, const struct apply_report *report,
	struct error *error)
{
	_cleanup_record_ struct record record = {};

	record_copy(&record, &pending->before);
	confirm_keep_undeleted(pending, report, &record);
	free(record.refused);
	record.refused = memory_copy_string(pending->revision);
	/* What is found beside it is found now. */
	free(record.refused_beside);
	record.refused_beside = memory_copy_string(reconciler->record.refused_beside);
	int r = record_save(reconciler->options.state_dir, &record, error);
	if (r < 0)
		return r;
	record_clear(&reconciler->record);
	reconciler->record = record;
	record = (struct record){};
	return reconciler_bind(reconciler, error);
}

static int confirm_undo(struct reconciler *reconciler, const struct confirm_pending *pending,
	const struct reconciler_observer *observer, struct reconciler_outcome *outcome,
	struct error *error)
{
	_cleanup_apply_report_ struct apply_report report = {};

	int r = confirm_restore_objects(reconciler, pending, observer, &report, error);
	*outcome = (struct reconciler_outcome){
		.done = report.done,
		.applied = report.applied,
		.failed = report.failed,
		.skipped = report.skipped,
		.mismatches = report.mismatches,
	};
	if (r < 0)
		return r;
	r = confirm_restore_record(reconciler, pending, &report, error);
	if (r < 0)
		return r;
	confirm_cancel(reconciler);
	if (report.failed || report.skipped || report.mismatches)
		return error_set(error, -EIO,
			"the apply was undone, but of its operations %zu failed: see `poise get "
			"--all`",
			report.failed + report.skipped + report.mismatches);
	return 0;
}

int confirm_rollback(struct reconciler *reconciler, const struct reconciler_observer *observer,
	struct reconciler_outcome *outcome, struct error *error)
{
	_cleanup_confirm_pending_ struct confirm_pending pending = {};

	int r = confirm_require(reconciler, &pending, error);
	if (r < 0)
		return r;
	return confirm_undo(reconciler, &pending, observer, outcome, error);
}

/* Facts are for what is confirmed. By them what came with the apply would begin to drain here, which the record of before does not
 * know, and nobody may come to end: it goes at once, as when the guard comes first. */
static int confirm_undo_entirely(struct reconciler *reconciler,
	const struct confirm_pending *pending, const struct reconciler_observer *observer,
	struct reconciler_outcome *outcome, struct error *error)
{
	const struct facts *facts = STEAL(reconciler->facts);

	int r = confirm_undo(reconciler, pending, observer, outcome, error);
	reconciler->facts = facts;
	return r;
}

static int confirm_finish(struct reconciler *reconciler, const struct confirm_pending *pending,
	bool no_wait, const struct reconciler_observer *observer,
	struct reconciler_outcome *outcome, struct error *error)
{
	_cleanup_(config_clear) struct config config = {};
	_cleanup_declared_ struct declared declared = {};
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};
	const struct document document = {.name = CONFIRM_FILE,
		.text = pending->canonical,
		.size = strlen(pending->canonical)};
	_cleanup_record_ struct record record = {};

	int r = config_load(&document, 1, &config, &diagnostics);
	if (r < 0)
		return error_set(error, r,
			"what was applied cannot be read from " CONFIRM_FILE ": %s",
			diagnostics.count ? diagnostics.items[0].message : strerror(-r));
	declared_from_config(&config, &declared);
	record_copy(&record, &reconciler->record);
	/* First, so that it can be confirmed again when this fails. Also when nothing was held back, and the apply below
	 * finds nothing to do. */
	r = record_save_confirmed(reconciler->options.state_dir, pending->canonical, error);
	if (r < 0)
		return r;
	confirm_cancel(reconciler);
	/* Of a saved plan all is done but the ends of its drains. */
	const struct plan_file rest = {
		.applied = record.revision ? record.revision : (char *)"",
		.memory = pending->memory,
	};
	const struct reconciler_request request = {
		.declared = &declared,
		.canonical = pending->canonical,
		.paths = (const char *const *)record.paths.items,
		.path_count = record.paths.count,
		.force = true,
		.replace = true,
		.no_wait = no_wait,
		.saved = pending->saved ? &rest : NULL,
	};
	return reconciler_apply(reconciler, &request, observer, outcome, error);
}

int confirm_accept(struct reconciler *reconciler, bool no_wait,
	const struct reconciler_observer *observer, struct reconciler_outcome *outcome,
	struct error *error)
{
	_cleanup_confirm_pending_ struct confirm_pending pending = {};

	int r = confirm_require(reconciler, &pending, error);
	if (r < 0)
		return r;
	if (reconciler_now() < pending.deadline &&
		confirm_is_of_another_backend(reconciler, &pending))
		return error_set(error, -EXDEV,
			"what waits for its confirmation was applied to %s, and this is for %s",
			confirm_backend(&pending), reconciler->options.backend->name);
	if (reconciler_now() < pending.deadline)
		return confirm_finish(reconciler, &pending, no_wait, observer, outcome, error);
	r = confirm_undo_entirely(reconciler, &pending, observer, outcome, error);
	if (r < 0)
		return r;
	return error_set(
		error, -ETIME, "too late: the time to confirm had passed, so it was undone");
}

/* Whether it is for the next command to do something about it: undo it, or take note that it is void. */
static bool confirm_is_due(
	const struct reconciler *reconciler, const struct confirm_pending *pending)
{
	return !confirm_is_here(reconciler, pending) || reconciler_now() >= pending->deadline;
}

/* Under the lock: what was read before it may be settled by now, and another apply may wait. */
static int confirm_settle_due(struct reconciler *reconciler,
	const struct reconciler_observer *observer, struct error *error)
{
	_cleanup_confirm_pending_ struct confirm_pending pending = {};
	struct reconciler_outcome outcome;
	/* What is undone here is not what the caller's user looks at: remarks only. */
	const struct reconciler_observer quiet = {
		.failed = observer ? observer->failed : NULL,
		.mismatch = observer ? observer->mismatch : NULL,
		.data = observer ? observer->data : NULL,
	};

	int r = confirm_read(reconciler, &pending, error);
	reconciler->hold_deletions = r > 0 && !confirm_is_due(reconciler, &pending);
	if (r <= 0 || reconciler->hold_deletions)
		return MIN(r, 0);
	if (!confirm_is_here(reconciler, &pending))
		return confirm_void(reconciler, &pending, error);
	r = confirm_undo(reconciler, &pending, &quiet, &outcome, error);
	if (r == 0 && observer && observer->remark)
		observer->remark(observer->data,
			"an earlier apply was not confirmed in time: it was undone");
	return r;
}

int confirm_settle(struct reconciler *reconciler, const struct reconciler_observer *observer,
	struct error *error)
{
	_cleanup_confirm_pending_ struct confirm_pending pending = {};
	bool held = reconciler->lock >= 0;

	int r = confirm_read(reconciler, &pending, error);
	reconciler->hold_deletions = r > 0 && !confirm_is_due(reconciler, &pending);
	if (r <= 0 || reconciler->hold_deletions)
		return MIN(r, 0);
	r = reconciler_lock(reconciler, CONFIRM_LOCK_WAIT_NS, error);
	if (r < 0)
		return r;
	r = confirm_settle_due(reconciler, observer, error);
	if (!held) {
		close(reconciler->lock);
		reconciler->lock = -1;
	}
	return r;
}
