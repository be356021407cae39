// SPDX-License-Identifier: GPL-2.0-or-later
/* The life of the engine: opening, connecting, one turn, closing.
 *
 * One turn does, in this order, what is due:
 *
 *	operator   drains whose time is over come back
 *	connect	   the record, the lock and the backend; again with back-off while the backend is not there
 *	confirm	   what nobody confirmed in time is undone
 *	files	   read, judged, put in force
 *	health	   what was said of probes goes into the facts
 *	passes	   what is dirty
 *	save	   what the record and the history should say by now, and after all else what is known of probes
 */
#include "daemon/engine.h"

#include <errno.h>
#include <time.h>

#include "base/file.h"
#include "daemon/engine_inside.h"

uint64_t engine_backoff(unsigned int attempts)
{
	uint64_t wait = ENGINE_BACKOFF_FIRST_NS;

	while (attempts-- > 1 && wait < ENGINE_BACKOFF_MOST_NS)
		wait *= 2;
	return MIN(wait, ENGINE_BACKOFF_MOST_NS);
}

void engine_refresh_facts(struct engine *engine)
{
	facts_clear_drains(&engine->facts);
	operator_facts(&engine->operator, & engine->facts);
}

int engine_open(struct engine *engine, const struct engine_options *options, struct error *error)
{
	*engine = (struct engine){
		.options = *options,
		.backend = options->backend ? options->backend
					    : backend_find(DECLARED_BACKEND_DEFAULT),
		.started = (uint64_t)time(NULL),
		.files_dirty = true,
		.resync_next = UINT64_MAX,
		.drain_next = UINT64_MAX,
		.confirm_deadline = UINT64_MAX,
		.move_next = UINT64_MAX,
		.reconciler.lock = -1,
		.health.wake_next = UINT64_MAX,
		.facts.routed = true,
	};
	engine_load_operator(engine, reconciler_now());
	int r = engine_history_load(engine, error);
	if (r < 0) {
		engine_close(engine);
		return r;
	}
	engine_health_load(engine);
	engine_mark_everything(engine, ENGINE_REASON_START);
	return 0;
}

static void engine_disconnect(struct engine *engine)
{
	if (!engine->connected)
		return;
	if (engine->options.disconnecting)
		engine->options.disconnecting(engine->options.data);
	/* The lock outlives the connection. */
	engine->reconciler.lock = -1;
	reconciler_close(&engine->reconciler);
	engine->connected = false;
	engine->known = false;
}

void engine_close(struct engine *engine)
{
	engine_health_save(engine, reconciler_now(), true);
	engine_disconnect(engine);
	if (engine->options.lock >= 0)
		close(engine->options.lock);
	figures_clear(&engine->figures);
	files_free(engine->files);
	files_free(engine->kept);
	files_free(engine->rejected);
	files_free(engine->held);
	free(engine->held_why);
	load_trees_clear(&engine->trees);
	operator_clear(&engine->operator);
	for (size_t i = 0; i < ENGINE_TROUBLE_COUNT; i++)
		free(engine->troubles[i]);
	facts_clear(&engine->facts);
	engine_roles_clear(engine);
	engine_health_clear(engine);
	vector_clear(&engine->dirty);
	retry_clear(&engine->retries);
	error_clear(&engine->connect_error);
	error_clear(&engine->withdraw_error);
	error_clear(&engine->pass_error);
	memory_clear(&engine->drains_told);
	engine_history_clear(engine);
	*engine = (struct engine){.options.lock = -1, .reconciler.lock = -1};
}

int engine_look_for_confirm(struct engine *engine, struct error *error)
{
	_cleanup_confirm_pending_ struct confirm_pending pending = {};

	int r = confirm_load(&engine->reconciler, &pending, error);
	if (r < 0)
		return r;
	engine->confirming = r > 0;
	engine->reconciler.hold_deletions = r > 0;
	engine->confirm_deadline = r > 0 ? pending.deadline : UINT64_MAX;
	engine->confirm_wall = r > 0 ? pending.wall_deadline : 0;
	engine->confirm_retry = 0;
	return 0;
}

static int engine_take_lock(struct engine *engine, struct error *error)
{
	struct reconciler *reconciler = &engine->reconciler;

	if (engine->options.lock < 0) {
		int r = reconciler_lock(reconciler, 0, error);
		engine->options.lock = reconciler->lock;
		return r;
	}
	reconciler->lock = engine->options.lock;
	reconciler_tidy(reconciler);
	return 0;
}

/* What poised was about to do when it ended: to go on after a suspension, with what must be confirmed. `begun`: there was
 * a way back already, so it did go on, and only that this is so may not have been written. */
static void engine_settle_resume(struct engine *engine, bool begun)
{
	if (!engine->operator.resume_timeout)
		return;
	if (!begun)
		engine->confirm_timeout = engine->operator.resume_timeout;
	else if (engine_end_suspension(engine, NULL) < 0)
		operator_end_suspension(&engine->operator);
}

/* What nobody confirmed while we were away is undone; what still waits is waited for. */
static int engine_settle_confirm(struct engine *engine, struct error *error)
{
	struct record *record = &engine->reconciler.record;
	bool there = confirm_exists(&engine->reconciler);
	int r = engine_look_for_confirm(engine, error);
	bool waited = engine->confirming;

	if (r == 0 && there)
		engine_refuse_what_lies_there(engine);
	if (r == 0)
		r = confirm_settle(&engine->reconciler, NULL, error);
	if (r == 0)
		r = engine_look_for_confirm(engine, error);
	if (r < 0)
		return r;
	engine_settle_resume(engine, waited);
	if (engine->confirming)
		free(STEAL(record->refused_beside));
	if (!there || engine->confirming)
		return 0;
	struct engine_entry entry = {.reason = ENGINE_REASON_ROLLBACK};
	engine_note(engine, &entry);
	engine_tell(engine, ENGINE_EVENT_CONFIRM, NULL,
		"what was not confirmed in time, or before a reboot, is undone and refused");
	return 0;
}

static int engine_open_backend(
	struct engine *engine, const struct backend_ops *backend, struct error *error)
{
	const struct reconciler_options options = {
		.backend = backend,
		.find = engine->options.find,
		.state_dir = engine->options.state_dir,
		.run_dir = engine->options.run_dir,
		.program = "poised",
		.no_guard = true,
	};
	int r = reconciler_open(&engine->reconciler, &options, error);

	if (r == 0)
		engine->backend = backend;
	return r;
}

static int engine_try_connect(struct engine *engine, struct error *error)
{
	engine->backend = engine_choose_backend(engine);
	int r = engine_open_backend(engine, engine->backend, error);

	if (r < 0 && engine_may_idle(engine) &&
		engine_open_backend(engine, &engine_idle_backend, NULL) == 0) {
		error_clear(error);
		r = 0;
	}
	if (r < 0)
		return r;
	engine->connected = true;
	engine->reconciler.facts = &engine->facts;
	r = engine_take_lock(engine, error);
	if (r == 0)
		r = engine_settle_confirm(engine, error);
	if (r < 0)
		engine_disconnect(engine);
	return r;
}

static void engine_connect(struct engine *engine, uint64_t now)
{
	_cleanup_error_ struct error error = {};

	if (now < engine->connect_next)
		return;
	int r = engine_try_connect(engine, &error);
	engine->target = NULL;
	if (r < 0) {
		const char *text = error_text(&error, r);

		if (!engine->connect_error.text || strcmp(engine->connect_error.text, text) != 0)
			engine_tell(engine, ENGINE_EVENT_BACKEND, NULL, "%s", text);
		error_set(&engine->connect_error, r, "%s", text);
		engine->connect_next = now + engine_backoff(++engine->connect_attempts);
		return;
	}
	if (engine->connect_error.text)
		engine_tell(engine, ENGINE_EVENT_BACKEND, NULL, "%s",
			engine_is_idle(engine) ? "none is needed" : "there again");
	error_clear(&engine->connect_error);
	engine->connect_attempts = 0;
	engine->withdraw_next = 0;
	engine_heed_record(engine);
	engine_release(engine); /* they could not be judged before */
	/* Nor was it known that something waits. */
	if (engine->confirming && engine->files)
		engine_fall_back(engine);
	engine->files_dirty = true;
	engine_mark_everything(
		engine, engine->reconciled ? ENGINE_REASON_RETRY : ENGINE_REASON_START);
}

void engine_files_changed(struct engine *engine)
{
	engine->files_dirty = true;
}

/* The files that were in force are held from now on: their revision is refused until they change. */
static void engine_hold_undone(struct engine *engine, const char *why)
{
	if (!engine->files || engine->files->last_good)
		return;
	files_free(engine->held);
	engine->held = STEAL(engine->files);
	engine->held_routes = false;
	engine->held_reason = ENGINE_HELD_REFUSED;
	free(engine->held_why);
	engine->held_why = memory_printf(
		"%s: it was undone; change the files, or use `poise reload --force`", why);
	engine->counters.held++;
	engine_tell(engine, ENGINE_EVENT_FILES_HELD, NULL, "%s", engine->held_why);
}

void engine_undone(struct engine *engine, const char *why, const struct reconciler_outcome *outcome)
{
	struct engine_entry entry = {
		.reason = ENGINE_REASON_ROLLBACK,
		.applied = outcome->applied,
		.failed = outcome->failed,
	};

	engine->known = false;
	engine_note(engine, &entry);
	engine_tell(engine, ENGINE_EVENT_CONFIRM, NULL, "%s: undone", why);
	engine->confirming = false;
	engine->confirm_deadline = UINT64_MAX;
	engine->accepted = engine->confirmed_stale = false;
	/* What came meanwhile was held for this: it is read, and judged, anew. */
	engine_release(engine);
	engine->files_dirty = true;
	engine_hold_undone(engine, why);
	engine_fall_back(engine);
	engine_mark_everything(engine, ENGINE_REASON_ROLLBACK);
}

int engine_undo(struct engine *engine, const char *why, struct error *error)
{
	struct record *record = &engine->reconciler.record;
	struct reconciler_outcome outcome = {};

	engine_refuse_what_lies_there(engine);
	int r = confirm_rollback(&engine->reconciler, NULL, &outcome, error);
	engine->known = false;
	/* Operations that failed are for the passes; as long as the file is there it is not undone. */
	if (r < 0 && (engine_look_for_confirm(engine, NULL) < 0 || engine->confirming)) {
		uint64_t now = reconciler_now();

		free(STEAL(record->refused_beside));
		engine->confirm_deadline = MIN(engine->confirm_deadline, now);
		engine->confirm_retry = now + ENGINE_BACKOFF_MOST_NS;
		return r;
	}
	engine_undone(engine, why, &outcome);
	return 0;
}

/* What must be undone could not be, or not all of it: to apply it again meanwhile would be to and fro. */
static bool engine_is_undoing(const struct engine *engine, uint64_t now)
{
	return engine->confirming && now >= engine->confirm_deadline;
}

static void engine_check_confirm(struct engine *engine, uint64_t now)
{
	_cleanup_error_ struct error error = {};

	if (!engine->confirming || now < MAX(engine->confirm_deadline, engine->confirm_retry))
		return;
	int r = engine_undo(engine, "this was not confirmed in time", &error);
	if (r == 0)
		return;
	engine_tell(
		engine, ENGINE_EVENT_CONFIRM, NULL, "cannot be undone: %s", error_text(&error, r));
	engine->confirm_retry = now + ENGINE_BACKOFF_MOST_NS;
}

static void engine_check_operator(struct engine *engine, uint64_t now)
{
	if (!operator_expire(&engine->operator, now))
		return;
	engine_refresh_facts(engine);
	engine_mark_everything(engine, ENGINE_REASON_OPERATOR);
	_cleanup_error_ struct error error = {};
	/* When it cannot be saved, the file says a time that is over: it is passed over when it is read. */
	operator_save(engine->options.state_dir, &engine->operator, & error);
}

static uint64_t engine_next_operator(const struct engine *engine)
{
	uint64_t next = UINT64_MAX;

	vector_foreach(&engine->operator.drains, drain)
		next = MIN(next, drain->fact.until);
	return next;
}

static uint64_t engine_next(const struct engine *engine, uint64_t now)
{
	uint64_t next = engine_next_operator(engine);

	if (engine->troubles[ENGINE_TROUBLE_OPERATOR])
		next = MIN(next, engine->operator_retry);
	if (engine->health.unsaved)
		next = MIN(next, engine->health.save_next);
	if (!engine->connected)
		return MIN(next, engine->connect_next);
	uint64_t undo = MAX(engine->confirm_deadline, engine->confirm_retry);
	next = MIN(next, undo);
	if (engine->files_dirty)
		return now;
	if (engine_is_undoing(engine, now))
		return next;
	uint64_t withdraw = engine_next_withdrawal(engine);
	next = MIN(next, withdraw);
	if (engine->held)
		next = MIN(next, engine->move_next);
	uint64_t pass = MAX(engine_next_pass(engine), engine_health_gate(engine));
	return MIN(next, pass);
}

/* To the backend of the files that are held for it, or back to that of those in force. What the record lags behind is written first. */
static void engine_move(struct engine *engine, uint64_t now)
{
	engine->moves = false;
	if (engine->unsaved)
		engine_save(engine);
	engine_disconnect(engine);
	engine->connect_next = now;
	engine_connect(engine, now);
	if (engine->connected) {
		if (engine->files_dirty)
			engine_read_files(engine, now);
		return;
	}
	/* It answered a moment ago. Back to the one before, and what was asked of this reading is to be asked again. */
	engine->force = false;
	if (engine_is_resuming(engine))
		engine_stay_suspended(engine);
	engine->confirm_timeout = 0;
}

uint64_t engine_run(struct engine *engine, uint64_t now)
{
	engine_load_operator_again(engine, now);
	engine_check_operator(engine, now);
	if (!engine->connected)
		engine_connect(engine, now);
	if (engine->connected)
		engine_check_confirm(engine, now);
	/* What is to be moved to may answer now. */
	engine->files_dirty |= engine->held && now >= engine->move_next;
	if (engine->files_dirty)
		engine_read_files(engine, now);
	if (engine->moves || engine_is_misplaced(engine))
		engine_move(engine, now);
	engine_health_apply(engine, now);
	engine_roles_apply(engine);
	engine_heed_wakes(engine, now);
	if (engine->connected && engine->files && !engine_is_undoing(engine, now) &&
		now >= engine_health_gate(engine))
		engine_passes(engine, now);
	engine_let_routers_follow(engine);
	/* What no pass has told: poised is suspended, or a pass has to wait. */
	engine_heed_tell(engine);
	engine_heed_look(engine, now);
	if (engine->connected)
		engine_save(engine);
	engine_withdraw(engine, now);
	engine_health_save(engine, now, false);
	return engine_next(engine, now);
}

static bool engine_is_unhealthy(const struct engine_health *health)
{
	const struct engine_health_totals *totals = &health->totals;
	const struct engine_probing *probing = &health->probing;

	if (health->table.probes.count &&
		(!engine_probing_is_known(probing) || (probing->behind_ns && probing->full)))
		return true;
	return totals->failed || totals->spares_down || totals->doubted || totals->quorums_lost ||
	       totals->probes_untried;
}

bool engine_is_degraded(const struct engine *engine)
{
	for (size_t i = 0; i < ENGINE_TROUBLE_COUNT; i++)
		if (engine->troubles[i])
			return true;
	return !engine->connected || !engine->files || engine->files->last_good ||
	       engine->rejected || engine->held || engine->retries.count ||
	       engine->pass_error.text || engine->withdraw_error.text || engine->routers_troubled ||
	       engine_is_unhealthy(&engine->health);
}
