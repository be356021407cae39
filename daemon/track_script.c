// SPDX-License-Identifier: GPL-2.0-or-later
/* Two heaps of times: of scripts that wait, their next run; of those that run, when their answer is given up. The supervisor kills
 * what takes too long, with all that it started, and says so; only an answer that is lost comes to the second.
 *
 * A run is never late by another one that hangs, but for TRACK_SCRIPTS_MOST of them; and then who has waited longest is the
 * next: those that hang again and again do not keep the others from their turn. */
#include "daemon/track_script.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/run.h"
#include "base/strbuf.h"
#include "model/units.h"

#define TRACK_SCRIPT_PATH  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define TRACK_SCRIPT_GRACE (RUNS_KILL_LIMIT + 5 * UNITS_SECOND)
#define TRACK_SCRIPT_AGAIN (100 * UNITS_MILLISECOND) /* there was no room */

struct track_scripts {
	struct track_scripts_options options;
	struct loop_source *timer;
	struct heap waiting, limits; /* each script is in one of them */
	struct {
		VECTOR_OF(struct track_place);
	} running;       /* in any order */
	uint64_t number; /* of the last run */
};

/* Pure. */

enum track_state track_script_judge(
	struct track_script *script, enum track_state state, bool passed)
{
	enum track_state said = passed ? TRACK_STATE_WELL : TRACK_STATE_UNWELL;

	if (state == said) {
		script->streak = 0;
		return state;
	}
	script->streak++;
	if (state != TRACK_STATE_UNKNOWN && script->streak < (passed ? script->rise : script->fall))
		return state;
	script->streak = 0;
	return said;
}

static enum track_script_result track_script_read_code(
	const struct track_script *script, int code, char words[static TRACK_WORDS_SIZE])
{
	_cleanup_strbuf_ struct strbuf text = {};

	switch (-code) {
	case ETIMEDOUT:
		units_format_duration(script->timeout, &text);
		snprintf(words, TRACK_WORDS_SIZE, "killed after %s", text.text);
		return TRACK_SCRIPT_FAILED;
	case EBUSY:
		return TRACK_SCRIPT_CROWDED;
	case ESRCH:
		snprintf(words, TRACK_WORDS_SIZE, "cannot be run: no user %.32s", script->user);
		break;
	case EREMOTEIO:
		snprintf(words, TRACK_WORDS_SIZE, "cannot be run: user %.32s cannot be looked up",
			script->user);
		break;
	case EPERM:
		snprintf(words, TRACK_WORDS_SIZE, "cannot be run: not permitted as user %.32s",
			script->user);
		break;
	case ETIME:
		snprintf(words, TRACK_WORDS_SIZE, "cannot be run: it never began");
		break;
	case ECHILD:
	case ECANCELED:
		snprintf(words, TRACK_WORDS_SIZE, "cannot be run: its keeper was killed");
		break;
	default:
		snprintf(words, TRACK_WORDS_SIZE, "cannot be run: %s", strerror(-code));
	}
	return TRACK_SCRIPT_UNTRIED;
}

enum track_script_result track_script_read(
	const struct track_script *script, int status, char words[static TRACK_WORDS_SIZE])
{
	if (status < 0)
		return track_script_read_code(script, status, words);
	if (WIFEXITED(status))
		snprintf(words, TRACK_WORDS_SIZE, "exit status %d", WEXITSTATUS(status));
	else
		snprintf(
			words, TRACK_WORDS_SIZE, "killed by SIG%s", sigabbrev_np(WTERMSIG(status)));
	return status == 0 ? TRACK_SCRIPT_PASSED : TRACK_SCRIPT_FAILED;
}

/* Runs. */

static struct track_item *track_script_of(struct heap_entry *due)
{
	return (void *)((char *)due - offsetof(struct track_item, script.due));
}

static void track_scripts_set_timer(struct track_scripts *scripts)
{
	uint64_t next = heap_next(&scripts->limits);

	/* Without room the end of one that runs is what is waited for. */
	if (scripts->running.count < TRACK_SCRIPTS_MOST)
		next = MIN(next, heap_next(&scripts->waiting));
	loop_timer_set(scripts->timer, next);
}

/* It runs no more. */
static void track_script_over(struct track_scripts *scripts, struct track_item *item)
{
	if (item->script.number)
		heap_set(&scripts->limits, &item->script.due, HEAP_NEVER);
	item->script.number = 0;
	for (size_t i = 0; i < scripts->running.count; i++)
		if (scripts->running.items[i].item == item)
			scripts->running.items[i] =
				scripts->running.items[--scripts->running.count];
}

static void track_script_settle(struct track_scripts *scripts, struct track_item *item,
	enum track_script_result result, const char *words)
{
	struct track_script *script = &item->script;
	uint64_t now = loop_clock();

	track_script_over(scripts, item);
	if (result == TRACK_SCRIPT_CROWDED) {
		heap_set(&scripts->waiting, &script->due, now + TRACK_SCRIPT_AGAIN);
		return;
	}
	heap_set(&scripts->waiting, &script->due, MAX(script->began + script->interval, now));
	if (result == TRACK_SCRIPT_UNTRIED)
		track_item_miss(scripts->options.list, item, "%s", words);
	else
		track_item_set(scripts->options.list, item,
			track_script_judge(script, item->state, result == TRACK_SCRIPT_PASSED), 0,
			now, "%s", words);
	scripts->options.looked(scripts->options.data);
}

static int track_script_ask(struct track_scripts *scripts, struct track_item *item)
{
	static const char *const environment[] = {TRACK_SCRIPT_PATH, NULL};
	const struct message_program_texts texts = {
		.user = item->script.user, .words = item->script.words, .environment = environment};
	_cleanup_free_ struct message_program *message = NULL;
	size_t size;
	int r = message_program_write(
		scripts->number + 1, item->script.timeout, &texts, &message, &size);

	if (r == 0)
		r = scripts->options.send(scripts->options.data, MESSAGE_RUN, message, size);
	return r;
}

static void track_script_start(struct track_scripts *scripts, struct track_item *item, uint64_t now)
{
	struct track_script *script = &item->script;
	char words[TRACK_WORDS_SIZE];

	script->began = now;
	int r = track_script_ask(scripts, item);
	if (r < 0) {
		snprintf(words, sizeof(words), "cannot be run: %s", strerror(-r));
		script->began += UNITS_SECOND;
		track_script_settle(scripts, item, TRACK_SCRIPT_UNTRIED, words);
		return;
	}
	script->number = ++scripts->number;
	vector_append(&scripts->running)->item = item;
	heap_set(&scripts->waiting, &script->due, HEAP_NEVER);
	heap_set(&scripts->limits, &script->due, now + script->timeout + TRACK_SCRIPT_GRACE);
}

static void track_script_cancel(struct track_scripts *scripts, const struct track_item *item)
{
	const struct message_run_cancel cancel = {.number = item->script.number};

	/* Where it is not heard, the run ends in its own time. */
	if (item->script.number)
		(void)scripts->options.send(
			scripts->options.data, MESSAGE_RUN_CANCEL, &cancel, sizeof(cancel));
}

static void track_scripts_on_timer(void *data)
{
	struct track_scripts *scripts = data;
	uint64_t now = loop_clock();

	while (heap_next(&scripts->limits) <= now) {
		struct track_item *item = track_script_of(heap_first(&scripts->limits));

		track_script_cancel(scripts, item);
		track_script_settle(
			scripts, item, TRACK_SCRIPT_UNTRIED, "what runs programs does not answer");
	}
	while (scripts->running.count < TRACK_SCRIPTS_MOST && heap_next(&scripts->waiting) <= now)
		track_script_start(scripts, track_script_of(heap_first(&scripts->waiting)), now);
	track_scripts_set_timer(scripts);
}

void track_scripts_ran(struct track_scripts *scripts, const struct message_ran *ran)
{
	char words[TRACK_WORDS_SIZE] = "";

	for (size_t i = 0; i < scripts->running.count; i++) {
		struct track_item *item = scripts->running.items[i].item;

		if (item->script.number != ran->number)
			continue;
		enum track_script_result result =
			track_script_read(&item->script, ran->status, words);
		track_script_settle(scripts, item, result, words);
		track_scripts_set_timer(scripts);
		return;
	}
}

void track_scripts_want(struct track_scripts *scripts)
{
	const struct track_list *list = scripts->options.list;
	size_t first, count = track_list_of(list, TRACK_SCRIPT, &first);

	for (size_t i = first; i < first + count; i++)
		if (!list->items.items[i].item->script.due.place)
			heap_set(&scripts->waiting, &list->items.items[i].item->script.due,
				loop_clock());
	track_scripts_set_timer(scripts);
}

void track_scripts_forget(struct track_scripts *scripts, struct track_item *item)
{
	track_script_cancel(scripts, item);
	track_script_over(scripts, item);
	heap_set(&scripts->waiting, &item->script.due, HEAP_NEVER);
}

int track_scripts_new(const struct track_scripts_options *options, struct track_scripts **ret)
{
	struct track_scripts *scripts = memory_new(sizeof(*scripts));

	scripts->options = *options;
	int r = loop_add_timer(options->loop, track_scripts_on_timer, scripts, &scripts->timer);
	*ret = r < 0 ? track_scripts_free(scripts) : scripts;
	return r;
}

struct track_scripts *track_scripts_free(struct track_scripts *scripts)
{
	if (!scripts)
		return NULL;
	loop_source_free(scripts->timer);
	heap_clear(&scripts->waiting);
	heap_clear(&scripts->limits);
	vector_clear(&scripts->running);
	free(scripts);
	return NULL;
}
