// SPDX-License-Identifier: GPL-2.0-or-later
/* What the engine has to do with its backend beside the passes: which one it is, counters for who shows them, and news from it.
 *
 * Files may name another backend than the one that is connected: a move (reconciler/move.h). They are judged like any others, and
 * then held for a moment: the other backend must answer, or they stay held and it is tried again, while the
 * old one is kept as before. When it does, the one is let go of and the other connected, and the files are read and judged
 * once more, now there. A pass over everything prepares it. When nothing of that failed, and nobody is waited for to confirm it,
 * engine_withdraw() empties the old one, again and again until nothing is left.
 *
 * Files in force and the backend belong together: when the way back is taken (a move was not confirmed, the files
 * were no good after all), the backend of the files in force is connected again.
 *
 * Counters are read for a few services at a time, and nothing but counters goes into the live state: were attributes taken over
 * here, the next pass would find what somebody changed meanwhile as it was left, and tell of no drift. */
#include <errno.h>

#include "daemon/engine_inside.h"
#include "reconciler/withdraw.h"

static const struct backend_ops *engine_find_backend(const struct engine *engine, const char *name)
{
	return engine->options.find ? engine->options.find(name) : backend_find(name);
}

static const struct backend_ops *engine_backend_of(
	const struct engine *engine, const struct files *files)
{
	return files && !files->problems ? engine_find_backend(engine, files->declared.backend)
					 : NULL;
}

/* Nothing was read yet: of the files as they lie there. */
static const struct backend_ops *engine_read_backend(struct engine *engine)
{
	struct files *files =
		files_read(engine->options.paths, engine->options.path_count, &engine->trees);
	const struct backend_ops *found = engine_backend_of(engine, files);

	files_free(files);
	if (found)
		return found;
	files = files_read_last_good(engine->options.state_dir);
	found = engine_backend_of(engine, files);
	files_free(files);
	return found;
}

/* That of the record, when it speaks of something here. */
static const struct backend_ops *engine_recorded_backend(const struct engine *engine)
{
	_cleanup_record_ struct record record = {};

	/* What cannot be read is told by who needs it. */
	if (record_load(engine->options.state_dir, &record, NULL) < 0)
		return NULL;
	if (record_bound(&record))
		return engine_find_backend(engine, record_bound(&record));
	return record.backend && record.revision ? engine_find_backend(engine, record.backend)
						 : NULL;
}

const struct backend_ops *engine_choose_backend(struct engine *engine)
{
	const struct backend_ops *found = engine->options.backend;

	if (!found)
		found = engine->target;
	/* The one that it was does not answer, and the files want another: in turn, for nobody knows which of them comes back. */
	if (!found && engine->connect_attempts & 1)
		found = engine_backend_of(engine, engine->held);
	if (!found)
		found = engine_backend_of(engine, engine->files);
	if (!found)
		found = engine_recorded_backend(engine);
	if (!found)
		found = engine_backend_of(engine, engine->held);
	if (!found)
		found = engine_read_backend(engine);
	return found ? found : backend_find(DECLARED_BACKEND_DEFAULT);
}

char *engine_judge_unconnected(struct engine *engine, const struct files *files)
{
	const struct backend_ops *wanted = engine_backend_of(engine, files);

	/* Perhaps none is needed any more. */
	if (!engine_wants_backend(files))
		engine->connect_next = 0;
	if (engine->options.backend || !wanted || wanted == engine->backend)
		return memory_copy_string(engine->connect_error.text);
	engine->target = wanted;
	engine->connect_next = 0;
	return memory_printf("`%s` has to be connected first", wanted->name);
}

/* Whether it answers; it is not kept. */
static int engine_try_backend(
	const struct engine *engine, const struct backend_ops *wanted, struct error *error)
{
	struct backend *backend = NULL;
	int r = wanted->open(engine->options.run_dir, &backend, error);

	if (r == 0)
		wanted->close(backend);
	return r;
}

/* Where none was needed, one is now. */
static char *engine_judge_idle(struct engine *engine, const struct files *files, uint64_t now)
{
	const struct backend_ops *wanted = engine->options.backend
						   ? engine->options.backend
						   : engine_backend_of(engine, files);
	_cleanup_error_ struct error error = {};

	if (!engine_wants_backend(files) || !wanted)
		return NULL;
	int r = engine_try_backend(engine, wanted, &error);
	if (r < 0) {
		engine->move_next = now + ENGINE_BACKOFF_MOST_NS;
		return memory_printf("the files ask for %s: %s; until then what was in force "
				     "before stays so",
			wanted->name, error_text(&error, r));
	}
	engine->moves = true;
	engine->target = wanted;
	return memory_printf("`%s` has to be connected first", wanted->name);
}

char *engine_judge_backend(struct engine *engine, const struct files *files, uint64_t now)
{
	const struct backend_ops *wanted = engine_backend_of(engine, files);
	_cleanup_error_ struct error error = {};

	engine->move_next = UINT64_MAX;
	if (engine_is_idle(engine))
		return engine_judge_idle(engine, files, now);
	if (engine->options.backend || !wanted || wanted == engine->backend)
		return NULL;
	int r = engine_try_backend(engine, wanted, &error);
	if (r < 0) {
		engine->move_next = now + ENGINE_BACKOFF_MOST_NS;
		return memory_printf(
			"the files move from %s to %s: %s; until then %s is kept as it is",
			engine->backend->name, wanted->name, error_text(&error, r),
			engine->backend->name);
	}
	engine->moves = true;
	engine->target = wanted;
	return memory_printf("poised goes over to `%s`", wanted->name);
}

bool engine_is_misplaced(const struct engine *engine)
{
	const struct backend_ops *wanted = engine_backend_of(engine, engine->files);

	if (engine_is_idle(engine))
		return engine->files && engine_wants_backend(engine->files);
	return engine->connected && !engine->options.backend && wanted && wanted != engine->backend;
}

/* Withdrawing */

static bool engine_has_left(const struct engine *engine)
{
	return engine->connected && engine->reconciler.record.left.backend;
}

/* The new backend is as the files say, and the record on disk knows both. */
static bool engine_may_withdraw(const struct engine *engine)
{
	return engine_has_left(engine) && engine->files && engine->reconciled &&
	       !engine->confirming && !engine->confirm_timeout && !engine->everything_dirty &&
	       !engine->dirty.count && !engine->accepted && !engine->unsaved &&
	       !engine->retries.count && !engine->pass_error.text && !engine->moves &&
	       !engine_only_looks(engine);
}

static void engine_withdrawn_op(
	void *data, const struct plan_op *op, const struct backend_result *result)
{
	struct engine *engine = data;

	engine->counters.operations[op->object][op->verb][result->status]++;
}

static void engine_withdraw_op_failed(
	void *data, const struct plan_op *op, const struct backend_result *result)
{
	struct engine *engine = data;
	_cleanup_strbuf_ struct strbuf object = {};

	engine->counters.failures++;
	if (result->status != BACKEND_RESULT_FAILED)
		return;
	plan_op_describe(op, &object);
	error_set(&engine->withdraw_error, result->code ? result->code : -EIO, "%s: %s",
		object.text, error_text(&result->error, result->code));
}

/* Said once for each other reason. */
static void engine_withdraw_failed(struct engine *engine, const char *before, uint64_t now)
{
	const char *text = engine->withdraw_error.text;

	if (!before || strcmp(before, text) != 0)
		engine_tell(engine, ENGINE_EVENT_BACKEND, NULL, "%s", text);
	engine->withdraw_next = now + engine_backoff(++engine->withdraw_attempts);
}

static void engine_tell_withdrawal(
	struct engine *engine, const char *from, const struct apply_report *report)
{
	const struct record_left *left = &engine->reconciler.record.left;
	struct engine_entry entry = {
		.reason = ENGINE_REASON_FILES,
		.applied = report->applied,
	};

	if (report->done)
		engine_note(engine, &entry);
	if (!left->backend)
		engine_tell(engine, ENGINE_EVENT_BACKEND, NULL,
			"moved from %s to %s: nothing of poise is left in %s", from,
			engine->backend->name, from);
	else if (report->done)
		engine_tell(engine, ENGINE_EVENT_BACKEND, NULL,
			"moving from %s to %s: %zu services are left in %s, %zu destinations drain",
			from, engine->backend->name, left->memory.owned.count, from,
			left->memory.drains.count);
}

void engine_withdraw(struct engine *engine, uint64_t now)
{
	_cleanup_apply_report_ struct apply_report report = {};
	_cleanup_error_ struct error error = {};
	const struct reconciler_observer observer = {
		.result = engine_withdrawn_op, .failed = engine_withdraw_op_failed, .data = engine};
	uint64_t wake;

	if (!engine_may_withdraw(engine) || now < engine->withdraw_next)
		return;
	_cleanup_free_ char *from = memory_copy_string(engine->reconciler.record.left.backend);
	_cleanup_free_ char *before = memory_copy_string(engine->withdraw_error.text);
	error_clear(&engine->withdraw_error);
	int r = withdraw_pass(&engine->reconciler, engine->files->declared.prune, now, &observer,
		&report, &wake, &error);
	if (r < 0)
		error_set(&engine->withdraw_error, r, "%s", error_text(&error, r));
	engine_tell_withdrawal(engine, from, &report);
	if (engine->withdraw_error.text) {
		engine_withdraw_failed(engine, before, now);
		return;
	}
	engine->withdraw_attempts = 0;
	/* What is kept there (`prune: none`) is looked at as often as all else. */
	engine->withdraw_next = MIN(wake, now + engine_resync(engine));
}

uint64_t engine_next_withdrawal(const struct engine *engine)
{
	return engine_may_withdraw(engine) ? engine->withdraw_next : UINT64_MAX;
}

static void engine_take_counts(struct service *to, const struct service *from)
{
	const struct destination *next = from->destinations.items;
	const struct destination *end = next + from->destinations.count;

	to->traffic = from->traffic;
	vector_foreach(&to->destinations, destination) {
		while (next < end && destination_compare(next, destination) < 0)
			next++;
		if (next < end && destination_compare(next, destination) == 0)
			destination->counts = next->counts;
	}
}

int engine_refresh_counters(
	struct engine *engine, const struct service_key *keys, size_t count, struct error *error)
{
	const struct backend_scope scope = {
		.keys = keys, .count = count, .only = true, .services_only = true};
	struct reconciler *reconciler = &engine->reconciler;
	_cleanup_state_ struct state fresh = {};

	if (!engine->connected)
		return error_set(error, -ENOTCONN, "the backend is not connected");
	int r = reconciler->backend->ops->read(reconciler->backend, &scope, &fresh, error);
	if (r < 0)
		return r;
	vector_foreach(&fresh.services, service) {
		struct service *live = state_find_service(&reconciler->live, &service->key);

		if (live)
			engine_take_counts(live, service);
	}
	return 0;
}

const struct figures *engine_figures(struct engine *engine)
{
	struct backend *backend = engine->connected ? engine->reconciler.backend : NULL;

	return figures_refresh(&engine->figures, backend, reconciler_now()) ? &engine->figures
									    : NULL;
}

int engine_backend_fd(const struct engine *engine)
{
	const struct backend_ops *ops = engine->backend;

	if (!engine->connected || !ops->fd)
		return -1;
	return ops->fd(engine->reconciler.backend);
}

int engine_backend_changed(struct engine *engine)
{
	int r = engine->backend->dispatch(engine->reconciler.backend);

	if (r <= 0)
		return r;
	engine_mark_everything(engine, ENGINE_REASON_RESYNC);
	/* Who waits after a failure waits for this. */
	engine->pass_next = 0;
	return r;
}
