// SPDX-License-Identifier: GPL-2.0-or-later
/* What the operator asks for: drains, the suspension, reading the files again, confirmations.
 *
 * Each tells the engine, which keeps it on disk first, and answers with a line for a person. What follows is done in the
 * engine's next turn. */
#include "daemon/methods.h"

#include <errno.h>
#include <time.h>

#include "base/strbuf.h"
#include "daemon/json_text.h"

/* Answers with a message, or with the error that came instead. */
static void operate_answer(struct call *call, int r, const struct error *error, const char *message)
{
	if (r < 0)
		call_fail(call, r, error);
	else
		call_reply(call, json_pack("{s:o}", "message", json_text_value(message)));
}

/* drain, undrain */

static int operate_target(struct call *call, struct facts_drain *target, struct error *error)
{
	int r = operator_target_parse(
		call_text(call, "service"), call_text(call, "destination"), target, error);

	return r < 0 ? CALL_CODE_PARAMS : 0;
}

static void say_until(uint64_t for_ns, struct strbuf *text)
{
	time_t end = time(NULL) + (time_t)(for_ns / 1000000000u);
	struct tm broken;
	char clock[32];

	if (!for_ns) {
		strbuf_add(text, "until `poise undrain`");
	} else if (localtime_r(&end, &broken) &&
		   strftime(clock, sizeof(clock), "%Y-%m-%d %H:%M:%S", &broken)) {
		strbuf_printf(text, "until %s", clock);
	}
}

/* Who drains the last healthy one may not know that the others only stay for lack of a better. */
static void drain_warn(struct call *call, const struct facts_drain *target, struct strbuf *warning)
{
	_cleanup_strbuf_ struct strbuf names = {};
	size_t count = engine_drain_leaves_kept(call_engine(call), target, &names);

	if (count)
		strbuf_printf(warning,
			"%zu service%s left with what min-healthy keeps in though its checks fail: "
			"%s",
			count, count == 1 ? " is" : "s are", names.text);
}

/* Nor that the others are too few for the quorum. */
static void drain_warn_quorum(
	struct call *call, const struct facts_drain *target, struct strbuf *warning)
{
	_cleanup_strbuf_ struct strbuf text = {};

	if (engine_drain_loses_quorum(call_engine(call), target, &text))
		strbuf_printf(warning, "%s%s", warning->length ? "; " : "", text.text);
}

/* What it leaves without anybody: refused, unless it is forced. */
static int drain_check(struct call *call, const struct facts_drain *target, struct strbuf *warning,
	struct error *error)
{
	_cleanup_strbuf_ struct strbuf names = {};
	size_t count = engine_drain_empties(call_engine(call), target, &names);

	drain_warn(call, target, warning);
	drain_warn_quorum(call, target, warning);
	if (!count)
		return 0;
	strbuf_printf(warning, "%s%zu service%s without any usable destination: %s",
		warning->length ? "; " : "", count, count == 1 ? " is" : "s are", names.text);
	if (call_flag(call, "force"))
		return 0;
	return error_set(error, -EPERM,
		"nothing was drained: this would leave %zu service%s without any usable "
		"destination: %s; use --force if that is meant",
		count, count == 1 ? "" : "s", names.text);
}

static void drain_run(struct call *call)
{
	_cleanup_strbuf_ struct strbuf message = {}, warning = {};
	_cleanup_error_ struct error error = {};
	uint64_t for_ns = call_duration(call, "for");
	struct facts_drain target;
	size_t matches = 0;
	int r = operate_target(call, &target, &error);

	if (r == 0)
		r = drain_check(call, &target, &warning, &error);
	if (r == 0)
		r = engine_drain(
			call_engine(call), &target, for_ns, call_by(call), &matches, &error);
	if (r < 0) {
		call_fail(call, r, &error);
		return;
	}
	operator_target_format(&target, &message);
	strbuf_add(&message, " is drained ");
	say_until(for_ns, &message);
	if (matches)
		strbuf_printf(
			&message, ": it stands in %zu service%s", matches, matches == 1 ? "" : "s");
	else
		strbuf_add(&message, ": no service has it now");
	call_reply(call, json_pack("{s:o, s:I, s:o*}", "message", json_text_value(message.text),
				 "matches", (json_int_t)matches, "warning",
				 warning.length ? json_text_value(warning.text) : NULL));
}

/* Of what nobody drains any more. */
static void say_comes_back(
	const struct engine *engine, const struct engine_drained *left, struct strbuf *message)
{
	if (!left->down)
		strbuf_add(message, " comes back");
	else if (left->down == left->count)
		strbuf_add(
			message, " is not drained any more, and comes back when its check passes");
	else
		strbuf_printf(message, " comes back, %zu of %zu when %s", left->down, left->count,
			left->down == 1 ? "its check passes" : "their checks pass");
	if (engine_is_suspended(engine))
		strbuf_add(message, "; poised is suspended, and changes nothing before "
				    "`poise resume`");
}

/* What becomes of what is not drained by this word any more. */
static void say_undrained(
	const struct engine *engine, const struct facts_drain *target, struct strbuf *message)
{
	struct engine_drained left;

	engine_drained(engine, target, &left);
	operator_target_format(target, message);
	if (!left.count)
		strbuf_add(message, " is not drained any more: no service has it now");
	else if (!left.out)
		say_comes_back(engine, &left, message);
	else if (left.out == left.count)
		strbuf_printf(message, " stays out: it is drained by another word as well (%s)",
			left.by.text);
	else
		strbuf_printf(message,
			" comes back in part: %zu of %zu stay out by another word (%s)%s", left.out,
			left.count, left.by.text,
			left.down ? ", and some until their checks pass" : "");
	strbuf_clear(&left.by);
}

static void undrain_run(struct call *call)
{
	_cleanup_strbuf_ struct strbuf message = {};
	_cleanup_error_ struct error error = {};
	struct facts_drain target;
	int r = operate_target(call, &target, &error);

	if (r == 0)
		r = engine_undrain(call_engine(call), &target, call_by(call), &error);
	if (r == 0)
		say_undrained(call_engine(call), &target, &message);
	operate_answer(call, r, &error, message.text);
}

/* suspend, resume */

static void suspend_run(struct call *call)
{
	_cleanup_error_ struct error error = {};

	int r = engine_suspend(call_engine(call), call_text(call, "why"), call_by(call), &error);
	operate_answer(call, r, &error,
		call_engine(call)->confirming
			? "suspended: poised changes nothing until `poise resume`, except that it "
			  "undoes what waits unless `poise confirm` comes in time"
			: "suspended: poised changes nothing until `poise resume`");
}

static void resume_run(struct call *call)
{
	struct engine *engine = call_engine(call);
	uint64_t confirm_timeout = call_duration(call, "confirm-timeout");
	bool damaged = engine->troubles[ENGINE_TROUBLE_OPERATOR];
	_cleanup_error_ struct error error = {};
	int r;

	if (damaged && call_flag(call, "force"))
		r = engine_forget_operator(engine, confirm_timeout, call_by(call), &error);
	else
		r = engine_resume(engine, confirm_timeout, call_by(call), &error);
	operate_answer(call, r, &error,
		confirm_timeout
			? "resumed: what changes is undone unless `poise confirm` comes in time"
			: "resumed: what differs is put right");
}

/* reload, confirm, rollback */

static void reload_run(struct call *call)
{
	_cleanup_error_ struct error error = {};
	uint64_t confirm_timeout = call_duration(call, "confirm-timeout");

	int r = engine_reload(call_engine(call), call_flag(call, "force"), confirm_timeout,
		call_by(call), &error);
	operate_answer(call, r, &error,
		confirm_timeout
			? "the files are read again: what changes is undone unless `poise confirm` "
			  "comes in time"
			: "the files are read again");
}

static void confirm_run(struct call *call)
{
	_cleanup_error_ struct error error = {};

	int r = engine_confirm(call_engine(call), call_by(call), &error);
	operate_answer(call, r, &error, "confirmed: what was applied stays");
}

static void rollback_run(struct call *call)
{
	_cleanup_error_ struct error error = {};

	int r = engine_rollback(call_engine(call), call_by(call), &error);
	operate_answer(
		call, r, &error, "undone: what the files say now is held until they change again");
}

#define DESTINATION_PARAM                                                                          \
	{                                                                                          \
		"destination", METHOD_PARAM_TYPE_TEXT,                                             \
			.required = true, .help = "ADDRESS:PORT, or ADDRESS for every port"        \
	}
#define SERVICE_PARAM                                                                              \
	{                                                                                          \
		"service", METHOD_PARAM_TYPE_TEXT,                                                 \
			.help = "the listener of one service; else everywhere"                     \
	}
#define CONFIRM_PARAM                                                                              \
	{                                                                                          \
		"confirm-timeout", METHOD_PARAM_TYPE_DURATION,                                     \
			.help = "undo what changes unless `confirm` comes in this time"            \
	}

const struct method method_drain = {
	.name = "drain",
	.summary = "take a destination out of service for maintenance",
	.writes = true,
	.params = {DESTINATION_PARAM, SERVICE_PARAM,
		{"for", METHOD_PARAM_TYPE_DURATION, .help = "it comes back after this time"},
		{"force", METHOD_PARAM_TYPE_FLAG,
			.help = "even where a service has no usable destination then"}},
	.run = drain_run,
};

const struct method method_undrain = {
	.name = "undrain",
	.summary = "bring a drained destination back",
	.writes = true,
	.params = {DESTINATION_PARAM, SERVICE_PARAM},
	.run = undrain_run,
};

const struct method method_suspend = {
	.name = "suspend",
	.summary = "change nothing until `resume`",
	.writes = true,
	.params = {{"why", METHOD_PARAM_TYPE_TEXT, .help = "shown by `status`"}},
	.run = suspend_run,
};

const struct method method_resume = {
	.name = "resume",
	.summary = "go on after `suspend`",
	.writes = true,
	.params = {CONFIRM_PARAM,
		{"force", METHOD_PARAM_TYPE_FLAG,
			.help = "even when what the operator said before cannot be read"}},
	.run = resume_run,
};

const struct method method_reload = {
	.name = "reload",
	.summary = "read the files again now",
	.writes = true,
	.params = {{"force", METHOD_PARAM_TYPE_FLAG,
			   .help = "past the blast guard, and content that was undone"},
		CONFIRM_PARAM},
	.run = reload_run,
};

const struct method method_confirm = {
	.name = "confirm",
	.summary = "keep what waits for its confirmation",
	.writes = true,
	.run = confirm_run,
};

const struct method method_rollback = {
	.name = "rollback",
	.summary = "undo what waits for its confirmation",
	.writes = true,
	.run = rollback_run,
};
