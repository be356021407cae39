// SPDX-License-Identifier: GPL-2.0-or-later
/* What the operator asks for. What must outlive a restart is on disk before it is in force. */
#include <errno.h>
#include <time.h>

#include "daemon/engine_inside.h"
#include "reconciler/converge.h"
#include "reconciler/withdraw.h"
#include "reconciler/subset.h"

#define ENGINE_OPERATOR_RETRY_NS (2 * ENGINE_SECOND)

void engine_load_operator(struct engine *engine, uint64_t now)
{
	_cleanup_operator_ struct operator_state state = {};
	_cleanup_free_ char *text = NULL;
	_cleanup_error_ struct error error = {};
	int r = operator_load(engine->options.state_dir, &state, &error);

	if (r < 0) {
		engine->operator_retry = now + ENGINE_OPERATOR_RETRY_NS;
		text = memory_printf(
			"%s: so what is drained, and whether poised is suspended, is not known, "
			"and "
			"nothing is changed until the file is mended or removed; `poise resume "
			"--force` goes on as if nothing had been said",
			error_text(&error, r));
	} else {
		operator_clear(&engine->operator);
		engine->operator= state;
		state = (struct operator_state){};
		engine_refresh_facts(engine);
	}
	engine_set_trouble(engine, ENGINE_TROUBLE_OPERATOR, text);
}

void engine_load_operator_again(struct engine *engine, uint64_t now)
{
	if (!engine->troubles[ENGINE_TROUBLE_OPERATOR] || now < engine->operator_retry)
		return;
	engine_load_operator(engine, now);
	if (engine->troubles[ENGINE_TROUBLE_OPERATOR])
		return;
	engine_mark_everything(engine, ENGINE_REASON_OPERATOR);
	engine_tell(engine, ENGINE_EVENT_OPERATOR, NULL, "operator.json can be read again");
}

int engine_check_operator_file(const struct engine *engine, struct error *error)
{
	const char *trouble = engine->troubles[ENGINE_TROUBLE_OPERATOR];

	return trouble ? error_set(error, -EUCLEAN, "%s", trouble) : 0;
}

bool engine_is_suspended(const struct engine *engine)
{
	return engine->operator.suspended || engine->troubles[ENGINE_TROUBLE_OPERATOR];
}

bool engine_is_resuming(const struct engine *engine)
{
	return engine->operator.resume_timeout && engine->confirm_timeout;
}

bool engine_only_looks(const struct engine *engine)
{
	return engine_is_suspended(engine) && !engine_is_resuming(engine);
}

int engine_put_operator(struct engine *engine, struct operator_state *next, struct error *error)
{
	int r = operator_save(engine->options.state_dir, next, error);

	if (r < 0) {
		operator_clear(next);
		return r;
	}
	operator_clear(&engine->operator);
	engine->operator= * next;
	engine_refresh_facts(engine);
	engine_set_trouble(engine, ENGINE_TROUBLE_OPERATOR, NULL);
	return 0;
}

static void engine_set_text(char **text, const char *value)
{
	free(*text);
	*text = memory_copy_string(value);
}

int engine_suspend(struct engine *engine, const char *why, const char *by, struct error *error)
{
	struct operator_state next;
	int r = engine_check_operator_file(engine, error);

	if (r < 0)
		return r;
	operator_copy(&next, &engine->operator);
	if (!next.suspended)
		next.suspended_since = (uint64_t)time(NULL);
	next.suspended = true;
	next.resume_timeout = 0;
	engine_set_text(&next.suspended_why, why);
	engine_set_text(&next.suspended_by, by);
	bool resuming = engine_is_resuming(engine);
	r = engine_put_operator(engine, &next, error);
	if (r < 0)
		return r;
	if (resuming)
		engine->confirm_timeout = 0;
	engine_tell(engine, ENGINE_EVENT_OPERATOR, NULL, "suspended by %s%s%s", by, why ? ": " : "",
		why ? why : "");
	return 0;
}

/* -EBUSY while a confirmation is awaited. */
static int engine_check_timeout(
	const struct engine *engine, uint64_t confirm_timeout, struct error *error)
{
	if (confirm_timeout && confirm_timeout < ENGINE_SECOND)
		return error_set(error, -EINVAL, "the time to confirm is at least 1s");
	if (confirm_timeout > ENGINE_LONGEST_NS)
		return error_set(error, -EINVAL, "the time to confirm is a hundred years at most");
	if (engine->confirming)
		return error_set(error, -EBUSY,
			"an apply waits for its confirmation: `poise confirm` or `poise rollback` "
			"first");
	return 0;
}

/* The files are to be read, and judged, as if for the first time. */
static void engine_ask_files(struct engine *engine, bool force, uint64_t confirm_timeout)
{
	engine_release(engine);
	/* What was asked for before, and is not done yet, holds. */
	engine->force |= force;
	if (confirm_timeout)
		engine->confirm_timeout = confirm_timeout;
	engine->files_dirty = true;
}

int engine_end_suspension(struct engine *engine, struct error *error)
{
	struct operator_state next;

	if (!engine->operator.resume_timeout)
		return 0;
	operator_copy(&next, &engine->operator);
	operator_end_suspension(&next);
	return engine_put_operator(engine, &next, error);
}

void engine_stay_suspended(struct engine *engine)
{
	struct operator_state next;

	engine->confirm_timeout = 0;
	operator_copy(&next, &engine->operator);
	next.resume_timeout = 0;
	/* Where it cannot be written, a restart tries once more, and asks for a confirmation as well. */
	if (engine_put_operator(engine, &next, NULL) < 0)
		engine->operator.resume_timeout = 0;
	engine_tell(engine, ENGINE_EVENT_OPERATOR, NULL,
		"stays suspended: the files are %s, so there is nothing to confirm",
		engine->rejected ? "rejected" : "held");
}

/* Puts `next` in force, and poised goes on. With a time to confirm, that it is about to is on disk from now on, and it is
 * suspended until what is needed to go back is there too: a crash in between does not lose that it must be confirmed. */
static int engine_put_resumed(struct engine *engine, struct operator_state *next,
	uint64_t confirm_timeout, const char *by, struct error *error)
{
	if (!confirm_timeout) {
		operator_end_suspension(next);
		return engine_put_operator(engine, next, error);
	}
	if (!next->suspended) {
		next->suspended = true;
		next->suspended_since = (uint64_t)time(NULL);
		engine_set_text(&next->suspended_by, by);
	}
	next->resume_timeout = confirm_timeout;
	int r = engine_put_operator(engine, next, error);
	if (r < 0)
		engine->confirm_timeout = 0;
	return r;
}

/* Reads what is to be confirmed. Where it cannot be put in force there is nothing to confirm, and what is mended later would
 * be in force at once: better to stay suspended. */
static int engine_check_files(
	struct engine *engine, bool force, uint64_t confirm_timeout, struct error *error)
{
	if (!engine->connected)
		return error_set(error, -ENOTCONN,
			"poised stays suspended, for nothing can be changed now: %s",
			engine->connect_error.text ? engine->connect_error.text : "it is starting");
	engine_ask_files(engine, force, confirm_timeout);
	engine_read_files(engine, reconciler_now());
	/* To go over to another backend comes first; they are read once more there. */
	if (!engine->rejected && (!engine->held || engine->moves))
		return 0;
	engine->confirm_timeout = 0;
	if (engine->rejected)
		return error_set(error, -EINVAL,
			"poised stays suspended, for the files are no good:\n%s",
			engine->rejected->problems);
	return error_set(error, -EPERM, "poised stays suspended, for the files would be held: %s",
		engine->held_why);
}

static void engine_go_on(struct engine *engine, uint64_t confirm_timeout)
{
	if (confirm_timeout) {
		/* What failed before is no news of this. */
		error_clear(&engine->pass_error);
		engine->pass_attempts = 0;
		engine->pass_next = 0;
	}
	/* Whatever asked for it meanwhile: it is done because of this. */
	engine->everything_dirty = false;
	engine_mark_everything(engine, ENGINE_REASON_OPERATOR);
}

int engine_resume(
	struct engine *engine, uint64_t confirm_timeout, const char *by, struct error *error)
{
	struct operator_state next;
	/* To resume what waits for its confirmation is no news; to ask for another one is. */
	int r = confirm_timeout ? engine_check_timeout(engine, confirm_timeout, error) : 0;

	if (r == 0)
		r = engine_check_operator_file(engine, error);
	if (r < 0)
		return r;
	if (!engine->operator.suspended)
		return error_set(error, -EALREADY, "poised is not suspended");
	if (engine_is_resuming(engine))
		return error_set(error, -EBUSY,
			"poised is about to go on, with a change that must be confirmed (`poise "
			"status`); `poise suspend` takes that back");
	if (confirm_timeout)
		r = engine_check_files(engine, false, confirm_timeout, error);
	if (r < 0)
		return r;
	operator_copy(&next, &engine->operator);
	r = engine_put_resumed(engine, &next, confirm_timeout, by, error);
	if (r < 0)
		return r;
	engine_go_on(engine, confirm_timeout);
	engine_tell(engine, ENGINE_EVENT_OPERATOR, NULL, "resumed by %s", by);
	return 0;
}

static int engine_forget(struct engine *engine, bool force, uint64_t confirm_timeout,
	const char *by, struct error *error)
{
	struct operator_state nothing = {};
	int r = confirm_timeout ? engine_check_timeout(engine, confirm_timeout, error) : 0;

	if (r == 0 && confirm_timeout)
		r = engine_check_files(engine, force, confirm_timeout, error);
	if (r == 0)
		r = engine_put_resumed(engine, &nothing, confirm_timeout, by, error);
	if (r < 0)
		return r;
	engine_go_on(engine, confirm_timeout);
	engine_tell(engine, ENGINE_EVENT_OPERATOR, NULL,
		"what a damaged operator.json said is given up by %s", by);
	return 0;
}

int engine_forget_operator(
	struct engine *engine, uint64_t confirm_timeout, const char *by, struct error *error)
{
	return engine_forget(engine, false, confirm_timeout, by, error);
}

void engine_look_anew(struct engine *engine)
{
	engine->looked++;
	engine_set_trouble(engine, ENGINE_TROUBLE_HEALTH_LOST, NULL);
}

int engine_reload(struct engine *engine, bool force, uint64_t confirm_timeout, const char *by,
	struct error *error)
{
	const bool damaged = engine->troubles[ENGINE_TROUBLE_OPERATOR];
	int r = engine_check_timeout(engine, confirm_timeout, error);

	if (r < 0)
		return r;
	if (force && !engine->connected)
		return error_set(error, -ENOTCONN,
			"nothing can be forced now: %s; `poise reload --force` again when that is "
			"over",
			engine->connect_error.text ? engine->connect_error.text
						   : "poised is starting");
	if (force && engine->confirming)
		return error_set(error, -EBUSY,
			"an apply waits for its confirmation: `poise confirm` or `poise rollback` "
			"first");
	if (confirm_timeout && engine_is_suspended(engine) && !(force && damaged))
		return error_set(error, -EPERM,
			"poised is suspended: `poise resume --confirm-timeout` applies what "
			"changed meanwhile");
	if (force && damaged)
		r = engine_forget(engine, true, confirm_timeout, by, error);
	if (r < 0)
		return r;
	engine_ask_files(engine, force, confirm_timeout);
	engine_look_anew(engine);
	engine_tell(
		engine, ENGINE_EVENT_OPERATOR, NULL, "reload%s by %s", force ? " --force" : "", by);
	return 0;
}

static int engine_require_confirm(const struct engine *engine, struct error *error)
{
	if (engine->connected && engine->confirming)
		return 0;
	return error_set(error, -ENOENT,
		"nothing waits for a confirmation (`poise suspend`, an edit and `poise resume "
		"--confirm-timeout 60s` are the way to one)");
}

int engine_confirm(struct engine *engine, const char *by, struct error *error)
{
	static const char why[] = "the confirmation came too late";
	struct reconciler_outcome outcome;
	int r = engine_require_confirm(engine, error);

	if (r < 0)
		return r;
	if (reconciler_now() >= engine->confirm_deadline) {
		r = engine_undo(engine, why, error);
		return r < 0 ? r
			     : error_set(error, -ETIME,
				       "too late: the time to confirm had passed, so it was "
				       "undone");
	}
	r = confirm_accept(&engine->reconciler, true, NULL, &outcome, error);
	if (r == -ETIME) {
		engine_refuse_what_lies_there(engine);
		engine->unsaved = true;
		engine_undone(engine, why, &outcome);
		return r;
	}
	/* Once the file is gone it is confirmed: what failed after that is tried again by the passes, as any. */
	if (r < 0 && (engine_look_for_confirm(engine, NULL) < 0 || engine->confirming))
		return r;
	engine->confirming = false;
	engine->confirm_deadline = UINT64_MAX;
	engine->known = false;
	engine->confirmed_stale = true;
	engine_release(engine);
	engine->files_dirty = true; /* they may have changed meanwhile, and were held */
	engine_mark_everything(engine, ENGINE_REASON_CONFIRM);
	engine_tell(engine, ENGINE_EVENT_CONFIRM, NULL, "confirmed by %s", by);
	return 0;
}

int engine_rollback(struct engine *engine, const char *by, struct error *error)
{
	_cleanup_free_ char *why = memory_printf("%s rolled this back", by);
	int r = engine_require_confirm(engine, error);

	return r < 0 ? r : engine_undo(engine, why, error);
}

/* In the backend that the files left. */
static int engine_remove_left(struct engine *engine, size_t *left, struct error *error)
{
	struct reconciler *reconciler = &engine->reconciler;
	_cleanup_apply_report_ struct apply_report report = {};
	uint64_t wake;

	vector_foreach(&reconciler->record.left.memory.owned, service)
		service->drain = 0;
	int r = withdraw_pass(
		reconciler, CONFIG_PRUNE_OWNED, reconciler_now(), NULL, &report, &wake, error);
	*left += report.failed + report.mismatches;
	return r;
}

int engine_remove_all(struct engine *engine, struct error *error)
{
	const struct declared nothing = {};
	struct converge_output output;
	size_t left = 0;

	if (!engine->connected)
		return error_set(error, -ENOTCONN, "the backend cannot be reached");
	/* Whoever said that nothing is to be changed may not know how this one was started. */
	if (engine_only_looks(engine))
		return error_set(
			error, -EPERM, "it is suspended, and changes nothing: what there is stays");
	vector_foreach(&engine->reconciler.record.memory.owned, service)
		service->drain = 0;
	/* Also what waits for its confirmation goes: held at weight 0 it would refuse everybody. */
	engine->reconciler.hold_deletions = false;
	const struct converge_input input = {
		.declared = &nothing, .everything = true, .writes = true, .now = reconciler_now()};
	int r = converge_run(&engine->reconciler, &input, &output, error);
	if (r < 0)
		return r;
	left = output.failed + output.mismatches;
	r = engine_remove_left(engine, &left, error);
	if (r == 0)
		r = record_save(engine->options.state_dir, &engine->reconciler.record, error);
	if (r == 0 && left)
		return error_set(error, -EIO, "%zu operation%s failed", left, left == 1 ? "" : "s");
	return r;
}

int engine_plan(struct engine *engine, struct plan *plan, struct error *error)
{
	if (!engine->connected)
		return error_set(error, -ENOTCONN, "%s", engine->connect_error.text);
	if (!engine->files)
		return error_set(error, -ENOENT, "no files are in force: `poise status` says why");
	return converge_plan(&engine->reconciler, &engine->files->declared, plan, error);
}

/* The next keys after `after` of what is declared or ours. */
static struct service_key *engine_keys_after(
	const struct engine *engine, const struct service_key *after, size_t most, size_t *count)
{
	const struct declared_service_vector *declared = &engine->files->declared.services;
	const struct memory *memory = &engine->reconciler.record.memory;
	size_t d = 0, o = 0;
	struct {
		VECTOR_OF(struct service_key);
	} keys = {};

	if (after) {
		d = vector_after(declared, after, service_compare);
		o = vector_after(&memory->owned, after, service_compare);
	}
	while (keys.count < most && (d < declared->count || o < memory->owned.count)) {
		int order = d == declared->count ? 1
			    : o == memory->owned.count
				    ? -1
				    : service_key_compare(
					      &declared->items[d].key, &memory->owned.items[o].key);

		vector_push(
			&keys, order <= 0 ? declared->items[d].key : memory->owned.items[o].key);
		d += order <= 0;
		o += order >= 0;
	}
	*count = keys.count;
	return keys.items;
}

void engine_desired(
	struct engine *engine, const struct service_key *after, size_t count, struct state *ret)
{
	struct declared declared = {};
	struct state live = {};
	struct memory memory = {};
	_cleanup_step_output_ struct step_output output = {};

	if (!engine->files)
		return;
	_cleanup_free_ struct service_key *keys = engine_keys_after(engine, after, count, &count);
	subset_declared(&engine->files->declared, keys, count, &declared);
	subset_state(&engine->reconciler.live, keys, count, &live);
	subset_memory(&engine->reconciler.record.memory, keys, count, &memory);
	const struct step_input input = {
		.declared = &declared,
		.live = &live,
		.memory = &memory,
		.facts = &engine->facts,
		.now = reconciler_now(),
		.hold_deletions = engine->reconciler.hold_deletions,
	};
	step(&input, &output);
	*ret = output.desired;
	output.desired = (struct state){};
	subset_declared_clear(&declared);
	subset_state_clear(&live);
	subset_memory_clear(&memory);
}
