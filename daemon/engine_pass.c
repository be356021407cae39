// SPDX-License-Identifier: GPL-2.0-or-later
/* Which passes are due, and what becomes of what they find.
 *
 * All that piled up is one pass: over everything when anything asks for everything (start, resync, a confirmation, globals),
 * else over the services that are dirty, drain, or are due to be tried again. What a suspended poised does is only the
 * resync's read, so that `status` tells the truth; what is dirty waits. */
#include <errno.h>

#include "base/timespec.h"
#include "daemon/engine_inside.h"
#include "reconciler/converge.h"
#include "reconciler/plan_text.h"

#define ENGINE_DIRTY_MOST 65536
/* Between passes of which each only gets through a part of what is to do. */
#define ENGINE_CUT_NS        100000000ull
#define ENGINE_MISMATCH_TEXT "reads back otherwise than it was written"

/* A pass under way. */
struct engine_pass {
	struct engine *engine;
	enum engine_reason reason;
	uint64_t now, start;
	struct service_key *keys; /* sorted; owned */
	size_t count;
	bool everything, writes;
	bool news; /* verdicts asked for it, among others */
	bool cut;  /* not all of it was tried */
	struct retry_table failed;
	struct engine_changes changes;
	struct converge_output output;
};

void engine_mark(struct engine *engine, const struct service_key *key, enum engine_reason reason)
{
	/* While nothing is applied (suspended) they pile up: too many are everything. */
	if (engine->dirty.count >= ENGINE_DIRTY_MOST) {
		vector_clear(&engine->dirty);
		engine_mark_everything(engine, reason);
	}
	if (engine->everything_dirty)
		return;
	vector_push(&engine->dirty, *key);
	engine->dirty_reason = reason;
}

void engine_mark_everything(struct engine *engine, enum engine_reason reason)
{
	/* What asked first is the reason, unless it was only the clock. */
	if (!engine->everything_dirty || engine->everything_reason == ENGINE_REASON_RESYNC)
		engine->everything_reason = reason;
	engine->everything_dirty = true;
}

static int engine_compare_keys(const void *a, const void *b)
{
	return service_key_compare(a, b);
}

static void engine_hold_back(void *data, struct plan *plan)
{
	struct engine_pass *pass = data;

	retry_hold_back(&pass->engine->retries, plan, pass->now);
}

/* What somebody made of an object, and that it does not stay so. What was added may drain before it goes: that is an
 * update at first. */
static void engine_drifted(void *data, const struct plan_op *op, bool added)
{
	static const char *const mended[PLAN_VERB_COUNT] = {
		[PLAN_VERB_ADD] = ": it is made again",
		[PLAN_VERB_UPDATE] = ": it is put right",
		[PLAN_VERB_REPLACE] = ": it is made anew",
		[PLAN_VERB_DELETE] = ": it is taken out",
	};
	struct engine_pass *pass = data;
	_cleanup_strbuf_ struct strbuf object = {}, fields = {};
	bool adopted = added && op->object == PLAN_OBJECT_SERVICE;
	enum plan_verb verb = added && !adopted ? PLAN_VERB_DELETE : op->verb;

	plan_op_describe(op, &object);
	if (verb == op->verb)
		plan_op_format_changes(op, &fields);
	pass->engine->counters.drift++;
	engine_tell(pass->engine, ENGINE_EVENT_DRIFT, object.text, "%s%s%s%s%s",
		op->verb == PLAN_VERB_ADD ? "is gone"
		: added                   ? "was added"
					  : "was changed",
		engine_only_looks(pass->engine) ? "" : mended[verb], fields.length ? " (" : "",
		fields.length ? fields.text : "", fields.length ? ")" : "");
}

static void engine_add_failure(struct engine_pass *pass, const struct plan_op *op, const char *text)
{
	struct retry *failure = vector_append(&pass->failed);
	const struct retry *before = retry_find(&pass->engine->retries, op);
	_cleanup_strbuf_ struct strbuf object = {};

	failure->op = *op;
	failure->error = memory_copy_string(text);
	pass->engine->counters.failures++;
	if (before && strcmp(before->error, text) == 0)
		return;
	plan_op_describe(op, &object);
	engine_tell(pass->engine, ENGINE_EVENT_FAILED, object.text, "%s", text);
}

static void engine_op_over(
	void *data, const struct plan_op *op, const struct backend_result *result)
{
	struct engine_pass *pass = data;
	struct engine_counters *counters = &pass->engine->counters;

	if (result->status == BACKEND_RESULT_DONE)
		engine_changed_add(&pass->changes, op);
	counters->operations[op->object][op->verb][result->status]++;
	counters->retries += retry_find(&pass->engine->retries, op) != NULL;
}

static void engine_op_failed(
	void *data, const struct plan_op *op, const struct backend_result *result)
{
	struct engine_pass *pass = data;

	/* Skipped: what it depends on failed, and is told; or too much failed for all to be tried. */
	if (result->status == BACKEND_RESULT_FAILED)
		engine_add_failure(pass, op, error_text(&result->error, result->code));
	else if (result->code == -EAGAIN)
		pass->cut = true;
}

static void engine_op_mismatched(void *data, const struct plan_op *op)
{
	engine_add_failure(data, op, ENGINE_MISMATCH_TEXT);
}

/* Whether there is anything that could have to be undone. */
static bool engine_has_news(const struct engine *engine, const struct plan *plan)
{
	const char *revision = engine->reconciler.record.revision;

	return plan->ops.count || !revision || strcmp(revision, files_revision(engine->files)) != 0;
}

/* What is needed to go back, on disk. */
static int engine_keep_way_back(struct engine *engine, const struct plan *plan, struct error *error)
{
	_cleanup_free_ char *canonical = files_canonical(engine->files);

	memcpy(engine->reconciler.revision, files_revision(engine->files), REVISION_SIZE);
	const struct reconciler_request request = {
		.declared = &engine->files->declared,
		.canonical = canonical,
		.paths = engine->options.paths,
		.path_count = engine->options.path_count,
		.confirm_timeout = engine->confirm_timeout,
	};
	return confirm_begin(&engine->reconciler, &request, plan, error);
}

/* The last thing before the first operation of what must be confirmed. A suspension ends here and not before. */
static int engine_begin_confirm(void *data, const struct plan *plan, struct error *error)
{
	struct engine_pass *pass = data;
	struct engine *engine = pass->engine;
	bool news = engine->confirm_timeout && engine_has_news(engine, plan);
	int r = news ? engine_keep_way_back(engine, plan, error) : 0;

	if (r < 0 || !engine->confirm_timeout)
		return r;
	r = engine_end_suspension(engine, error);
	if (r < 0 && news)
		confirm_cancel(&engine->reconciler);
	return r;
}

static void engine_progress(void *data, size_t done _unused_, size_t total _unused_)
{
	struct engine_pass *pass = data;
	const struct engine_options *options = &pass->engine->options;

	if (options->working)
		options->working(options->data);
}

/* What was tried again and worked. */
static void engine_tell_recovered(struct engine_pass *pass)
{
	vector_foreach(&pass->engine->retries, entry) {
		_cleanup_strbuf_ struct strbuf object = {};

		if (!entry->planned || entry->next > pass->now ||
			retry_find(&pass->failed, &entry->op))
			continue;
		plan_op_describe(&entry->op, &object);
		engine_tell(pass->engine, ENGINE_EVENT_RECOVERED, object.text, NULL);
	}
}

/* `over`: it went through. One that did not is told only when it changed something. */
static void engine_note_pass(struct engine_pass *pass, uint64_t duration, bool over)
{
	const struct converge_output *output = &pass->output;
	struct engine_entry entry = {
		.reason = pass->reason,
		.applied = output->applied,
		.failed = pass->failed.count,
		.drift = output->drift,
		.duration = duration,
	};
	size_t done = output->applied.add + output->applied.change + output->applied.remove;
	bool news = engine_is_news(pass->engine) ||
		    (pass->engine->accepted && pass->reason == ENGINE_REASON_START);

	engine_changed_tell(pass->engine, &pass->changes, pass->reason);
	if (!done && (!over || (!entry.failed && !news)))
		return;
	engine_changed_list(&pass->changes, &entry);
	engine_note(pass->engine, &entry);
}

static void engine_count_pass(struct engine_pass *pass, uint64_t duration)
{
	struct engine_counters *counters = &pass->engine->counters;

	counters->passes[pass->reason]++;
	counters->pass_ns += duration;
	counters->last_pass_ns = duration;
	counters->last_pass_wall = timespec_wall_ms();
	counters->last_pass_reason = pass->reason;
	counters->last_pass_failed = pass->failed.count > 0;
	counters->reads += pass->everything;
}

/* What drains is looked at again when the pass says so. Who climbs has a time of its own (engine_heed.c): without drains
 * the wake is his alone. */
static void engine_wait_for_drains(struct engine_pass *pass)
{
	struct engine *engine = pass->engine;
	uint64_t before = pass->everything ? UINT64_MAX : engine->drain_next;

	engine->drain_next = UINT64_MAX;
	if (engine->reconciler.record.memory.drains.count)
		engine->drain_next = MIN(before, pass->output.wake);
}

/* The pass went through. */
static void engine_pass_done(struct engine_pass *pass)
{
	struct engine *engine = pass->engine;
	const struct retry_scope scope = {
		.keys = pass->keys, .count = pass->count, .everything = pass->everything};
	uint64_t duration = reconciler_now() - pass->start;

	engine_count_pass(pass, duration);
	if (pass->news)
		engine_heed_gather(engine, pass->now + duration);
	engine_heed_tell(engine);
	engine_heed_pass(engine, pass->keys, pass->count, pass->everything);
	engine_heed_look(engine, pass->now);
	/* Who only looked has applied, and mended, nothing. */
	if (pass->writes) {
		engine_note_pass(pass, duration, true);
		vector_sort(&pass->failed, retry_compare);
		engine_tell_recovered(pass);
		retry_update(&engine->retries, &pass->failed, &scope, pass->now);
	}
	/* What failed waits now, and so the rest has its turn, before that is due again. */
	if (pass->cut)
		engine->resync_next =
			MIN(engine->resync_next, pass->now + 2 * duration + ENGINE_CUT_NS);
	error_clear(&engine->pass_error);
	engine->pass_attempts = 0;
	engine->pass_next = 0;
	engine->reconciled = true;
	engine->known |= pass->everything;
	engine->unsaved |= pass->output.unsaved;
	engine_wait_for_drains(pass);
	engine_tell_drains(engine);
	if (pass->everything)
		engine_ways_look(engine);
	else
		engine_ways_drained(engine);
}

/* Not all is known of what it did: everything is looked at again, after a while. */
static void engine_pass_failed(struct engine_pass *pass, const struct error *error, int code)
{
	struct engine *engine = pass->engine;
	const char *text = error_text(error, code);

	if (!engine->pass_error.text || strcmp(engine->pass_error.text, text) != 0)
		engine_tell(engine, ENGINE_EVENT_BACKEND, NULL, "%s", text);
	error_set(&engine->pass_error, code, "%s", text);
	engine->unsaved |= pass->output.unsaved;
	engine->pass_next = pass->now + engine_backoff(++engine->pass_attempts);
	engine_mark_everything(engine, pass->reason);
	engine->counters.pass_failures++;
	engine->counters.last_pass_failed = true;
	engine_note_pass(pass, reconciler_now() - pass->start, false);
	retry_clear(&pass->failed);
}

static void engine_pass(struct engine_pass *pass)
{
	struct engine *engine = pass->engine;
	_cleanup_error_ struct error error = {};
	const struct reconciler_observer observer = {.result = engine_op_over,
		.failed = engine_op_failed,
		.mismatch = engine_op_mismatched,
		.progress = engine_progress,
		.data = pass};
	const struct converge_input input = {
		.declared = &engine->files->declared,
		.keys = pass->keys,
		.count = pass->count,
		.everything = pass->everything,
		.now = pass->now,
		.known = engine->known,
		.writes = pass->writes,
		.hold_back = engine_hold_back,
		.drifted = engine_drifted,
		.begin = engine_begin_confirm,
		.data = pass,
		.observer = &observer,
	};

	pass->start = reconciler_now();
	int r = converge_run(&engine->reconciler, &input, &pass->output, &error);
	if (r < 0)
		engine_pass_failed(pass, &error, r);
	else
		engine_pass_done(pass);
	engine_changed_clear(&pass->changes);
}

/* The services of a pass that is not over everything: dirty, draining when their time has come, due to be tried again. */
static void engine_collect(struct engine_pass *pass)
{
	struct engine *engine = pass->engine;
	struct engine_keys keys = {.items = engine->dirty.items,
		.count = engine->dirty.count,
		.capacity = engine->dirty.capacity};
	size_t due, unique = 0;
	bool globals;
	_cleanup_free_ struct service_key *again =
		retry_due(&engine->retries, pass->now, &due, &globals);

	pass->reason = engine->dirty.count          ? engine->dirty_reason
		       : engine->health.dirty.count ? ENGINE_REASON_HEALTH
		       : due                        ? ENGINE_REASON_RETRY
						    : ENGINE_REASON_DRAIN;
	pass->news = engine_heed_take(engine, &keys);
	memset(&engine->dirty, 0, sizeof(engine->dirty));
	for (size_t i = 0; i < due; i++)
		vector_push(&keys, again[i]);
	if (pass->now >= engine->drain_next) {
		vector_foreach(&engine->reconciler.record.memory.drains, drain)
			vector_push(&keys, drain->service);
		engine->drain_next = UINT64_MAX;
	}
	vector_sort(&keys, engine_compare_keys);
	for (size_t i = 0; i < keys.count; i++)
		if (!unique || engine_compare_keys(&keys.items[unique - 1], &keys.items[i]) != 0)
			keys.items[unique++] = keys.items[i];
	pass->keys = keys.items;
	pass->count = unique;
}

static bool engine_globals_due(const struct engine *engine, uint64_t now)
{
	size_t count;
	bool globals;

	if (retry_next(&engine->retries) > now)
		return false;
	free(retry_due(&engine->retries, now, &count, &globals));
	return globals;
}

uint64_t engine_resync(const struct engine *engine)
{
	return engine->files->config.resync ? engine->files->config.resync : ENGINE_RESYNC_NS;
}

static void engine_pass_everything(struct engine *engine, uint64_t now, bool writes)
{
	struct engine_pass pass = {
		.engine = engine, .now = now, .everything = true, .writes = writes};

	pass.reason = engine->everything_dirty ? engine->everything_reason : ENGINE_REASON_RESYNC;
	engine->resync_next = now + engine_resync(engine);
	if (writes) {
		engine->everything_dirty = false;
		vector_clear(&engine->dirty);
		pass.news = engine_heed_take(engine, NULL);
	}
	engine->reconciler.hold_deletions = engine->confirming || engine->confirm_timeout;
	engine_pass(&pass);
	if (!engine->confirm_timeout || !writes)
		return;
	_cleanup_error_ struct error error = {};
	engine_look_for_confirm(engine, &error);
	/* It failed before it began: what it was to change is still to be confirmed. */
	if (!engine->confirming && engine->pass_attempts)
		return;
	engine->confirm_timeout = 0;
	if (engine->confirming)
		engine_tell(engine, ENGINE_EVENT_CONFIRM, NULL,
			"revision %.12s waits for `poise confirm`", files_revision(engine->files));
}

static void engine_pass_some(struct engine *engine, uint64_t now)
{
	struct engine_pass pass = {.engine = engine, .now = now, .writes = true};

	engine_collect(&pass);
	if (pass.count)
		engine_pass(&pass);
	free(pass.keys);
}

void engine_passes(struct engine *engine, uint64_t now)
{
	if (now < engine->pass_next)
		return;
	if (engine_only_looks(engine)) {
		if (now >= engine->resync_next || !engine->known)
			engine_pass_everything(engine, now, false);
		return;
	}
	if (engine->everything_dirty || now >= engine->resync_next ||
		engine_globals_due(engine, now)) {
		/* What is due by itself first: what the resync finds then is drift. */
		engine_pass_everything(engine, now, true);
		return;
	}
	bool health = engine->health.dirty.count && now >= gather_until(&engine->health.gather);
	if (engine->dirty.count || health || now >= engine->drain_next ||
		now >= retry_next(&engine->retries))
		engine_pass_some(engine, now);
}

uint64_t engine_next_pass(const struct engine *engine)
{
	uint64_t next = engine->resync_next;

	if (!engine->files)
		return UINT64_MAX;
	if (!engine_only_looks(engine)) {
		uint64_t retry = retry_next(&engine->retries), health = engine_heed_next(engine);

		next = MIN(next, health);
		next = MIN(next, engine->drain_next);
		next = MIN(next, retry);
		if (engine->everything_dirty || engine->dirty.count)
			next = 0;
	}
	return MAX(next, engine->pass_next);
}
