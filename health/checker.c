// SPDX-License-Identifier: GPL-2.0-or-later
/* The head of every probe: how it begins, how it ends, and what the kinds share.
 *
 * A run ends in one of four ways. A checker says that it is over: it waits in a list until the loop has a turn for it, because
 * who started it is never called from within that call, and a checker that says it may stand deep in a library that must not lose its
 * handles just then. Its time is over; or nobody wants to know any more: both take it out of that list, if it is there. The
 * list is told in the order in which the runs came to their ends, a part in each turn, as an equal of descriptors and timers: a
 * flood of them delays the news no more than the news delays them.
 *
 * A probe that could not be carried out for want of something that is this machine's says nothing of the server, and must not take
 * it out: descriptors, memory, local ports, a source address that is not here, the right to open a raw socket. What the kernel
 * knows of the way to the server (no route, refused, filtered) is an answer. */
#include "health/kind.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "health/reading.h"
#include "model/units.h"

/* How many ends are told in one turn. */
#define CHECKER_TELL_MOST 64

static const struct checker_kind *const checker_kinds[CONFIG_CHECK_KINDS] = {
	[CONFIG_CHECK_TCP] = &checker_tcp,
	[CONFIG_CHECK_HTTP] = &checker_http,
	[CONFIG_CHECK_HTTPS] = &checker_http,
	[CONFIG_CHECK_DNS] = &checker_dns,
	[CONFIG_CHECK_SMTP] = &checker_smtp,
	[CONFIG_CHECK_PING] = &checker_ping,
	[CONFIG_CHECK_UDP] = &checker_udp,
	[CONFIG_CHECK_EXEC] = &checker_exec,
	[CONFIG_CHECK_FILE] = &checker_file,
};

/* Short words for what is seen every day, and whether it is this machine's own want. */
static const struct checker_error {
	int code;
	bool own;
	const char *words;
} checker_errors[] = {
	{ECONNREFUSED, false, "refused"},
	{ECONNRESET, false, "reset"},
	{EHOSTUNREACH, false, "no route to host"},
	{ENETUNREACH, false, "network unreachable"},
	{ETIMEDOUT, false, "timed out"},
	{EPIPE, false, "closed"},
	{EPERM, false, "not permitted"},
	{EACCES, false, "permission denied"},
	{ENOENT, false, "no such file"},
	{EMFILE, true, "too many open files"},
	{ENFILE, true, "too many open files in the system"},
	{ENOMEM, true, "out of memory"},
	{ENOBUFS, true, "no buffer space"},
	{EAGAIN, true, "no resources now"},
	{EADDRNOTAVAIL, true, "no local address or port"},
	{ENOSPC, true, "no more watches"},
	{EPFNOSUPPORT, true, "another address family"},
};

static const struct checker_error *checker_find_error(int code)
{
	for (size_t i = 0; i < ARRAY_LENGTH(checker_errors); i++)
		if (checker_errors[i].code == -code)
			return &checker_errors[i];
	return NULL;
}

static void checker_forget_over(struct checker_run *run)
{
	struct checkers *checkers = run->checkers;

	if (run->next)
		run->next->previous = run->previous;
	else
		checkers->over_end = run->previous;
	if (run->previous)
		run->previous->next = run->next;
	else
		checkers->over = run->next;
}

static void checker_remember_over(struct checker_run *run)
{
	struct checkers *checkers = run->checkers;

	run->previous = checkers->over_end;
	if (run->previous)
		run->previous->next = run;
	else
		checkers->over = run;
	checkers->over_end = run;
}

/* Before anybody is told: who is told begins and ends others. */
static void checker_end(struct checker_run *run)
{
	if (run->over)
		checker_forget_over(run);
	run->kind->close(run);
}

/* The first of them. */
static struct checker_run *checker_take_over(struct checkers *checkers)
{
	struct checker_run *run = checkers->over;

	checkers->over = run->next;
	if (run->next)
		run->next->previous = NULL;
	else
		checkers->over_end = NULL;
	return run;
}

static void checker_tell(void *data)
{
	struct checkers *checkers = data;

	for (size_t i = 0; i < CHECKER_TELL_MOST && checkers->over; i++) {
		struct checker_run *run = checker_take_over(checkers);
		run->kind->close(run);
		run->request.done(run->request.data, &run->outcome);
		free(run);
	}
	if (checkers->over)
		loop_work_ask(checkers->telling);
}

int checkers_new(const struct checkers_options *options, struct checkers **ret, struct error *error)
{
	struct checkers *checkers = memory_new(sizeof(*checkers));

	checkers->loop = options->loop;
	checkers->runner = options->runner;
	int r = loop_add_work(options->loop, checker_tell, checkers, &checkers->telling);
	/* First of all, while there is little that they would be started with. */
	if (r == 0 && options->confine)
		checkers->readers =
			readers_new(options->loop, options->confine, options->confine_data);
	if (r < 0) {
		checkers_free(checkers);
		return error_set(error, r, "cannot set the checkers up: %s", strerror(-r));
	}
	/* Of LAST it would starve while descriptors never cease to be ready. */
	loop_source_set_priority(checkers->telling, LOOP_PRIORITY_NORMAL);
	r = checker_pings_new(checkers, error);
	if (r == 0)
		r = checker_curl_new(checkers, error);
	if (r < 0) {
		checkers_free(checkers);
		return r;
	}
	*ret = checkers;
	return 0;
}

struct checkers *checkers_free(struct checkers *checkers)
{
	if (!checkers)
		return NULL;
	checker_pings_free(checkers);
	checker_curl_free(checkers);
	readers_free(checkers->readers);
	loop_source_free(checkers->telling);
	free(checkers);
	return NULL;
}

static const struct checker_kind *checker_find_kind(const struct config_check *check)
{
	uint32_t kinds = check->object.set & ((1u << CONFIG_CHECK_KINDS) - 1);

	return checker_kinds[__builtin_ctz(kinds)];
}

uint64_t checker_time(const struct config_check *check)
{
	return check->timeout + checker_find_kind(check)->grace;
}

struct checker_run *checker_start(struct checkers *checkers, const struct checker_request *request)
{
	const struct checker_kind *kind = checker_find_kind(request->check);
	struct checker_run *run = memory_new(kind->size);

	run->kind = kind;
	run->checkers = checkers;
	run->request = *request;
	run->outcome.weight = VERDICT_NO_WEIGHT;
	run->began = run->step = loop_clock();
	kind->start(run);
	return run;
}

void checker_expire(struct checker_run *run, struct checker_outcome *outcome)
{
	if (run->kind->unheard)
		run->kind->unheard(run);
	else
		checker_over_late(run);
	checker_end(run);
	*outcome = run->outcome;
	free(run);
}

void checker_cancel(struct checker_run *run)
{
	checker_end(run);
	free(run);
}

void checker_over(struct checker_run *run, enum checker_result result, const char *format, ...)
{
	char *reason = run->outcome.reason;
	va_list arguments;

	if (run->over)
		return;
	run->over = true;
	run->outcome.result = result;
	va_start(arguments, format);
	vsnprintf( // NOLINT(clang-analyzer-valist.Uninitialized)
		reason, sizeof(run->outcome.reason), format, arguments);
	va_end(arguments);
	checker_printable(reason, strlen(reason), reason, sizeof(run->outcome.reason));
	checker_remember_over(run);
	loop_work_ask(run->checkers->telling);
}

static void checker_over_code(
	struct checker_run *run, enum checker_result result, const char *what, int code)
{
	const struct checker_error *known = checker_find_error(code);
	const char *words = known ? known->words : strerrordesc_np(-code);

	if (!words)
		words = "unknown error";
	checker_over(run, result, "%s: %c%s", what, tolower((unsigned char)words[0]), words + 1);
}

void checker_over_errno(struct checker_run *run, const char *what, int code)
{
	const struct checker_error *known = checker_find_error(code);

	checker_over_code(run, known && known->own ? CHECKER_RESULT_UNTRIED : CHECKER_RESULT_FAILED,
		what, code);
}

void checker_untried(struct checker_run *run, const char *what, int code)
{
	checker_over_code(run, CHECKER_RESULT_UNTRIED, what, code);
}

void checker_over_late(struct checker_run *run)
{
	_cleanup_strbuf_ struct strbuf time = {};
	const char *late = run->kind->late ? run->kind->late : "no answer within";
	const char *doing = run->kind->doing ? run->kind->doing(run) : NULL;
	const char *heard = run->kind->heard ? run->kind->heard(run) : NULL;

	units_format_duration(run->request.check->timeout, &time);
	if (doing && !run->over)
		checker_step(run, doing);
	if (!run->over)
		run->outcome.late = true;
	if (doing)
		checker_over(run, CHECKER_RESULT_FAILED, "%s %s (%s%s%s)", late, time.text, doing,
			heard ? "; " : "", heard ? heard : "");
	else
		checker_over(run, CHECKER_RESULT_FAILED, "%s %s", late, time.text);
}

void checker_step(struct checker_run *run, const char *name)
{
	struct checker_outcome *outcome = &run->outcome;

	if (!run->request.traced || outcome->step_count == CHECKER_STEP_MOST)
		return;
	uint64_t now = loop_clock();
	outcome->steps[outcome->step_count++] = (struct checker_step){name, now - run->step};
	run->step = now;
}

/* In place too: what is written is never ahead of what is read. */
const char *checker_printable(const void *text, size_t length, char *ret, size_t size)
{
	const unsigned char *from = text;
	size_t count = 0;

	for (size_t i = 0; i < length && count + 1 < size; i++) {
		bool space = from[i] == ' ' || (from[i] >= '\t' && from[i] <= '\r');
		if (space && (count == 0 || ret[count - 1] == ' '))
			continue;
		if (space)
			ret[count++] = ' ';
		else
			ret[count++] = from[i] > ' ' && from[i] <= '~' ? (char)from[i] : '?';
	}
	if (count && ret[count - 1] == ' ')
		count--;
	if (size)
		ret[count] = '\0';
	return ret;
}
