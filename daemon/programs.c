// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs for others, by base/run.h.
 *
 * What may be run is kept as it came, user and words with their NULs, in a sorted vector: a request is allowed when the same
 * bytes are there. What a check's program finds in its environment comes from who asks; only names that are poise's own, and
 * PATH as poise sets it, are let through, so that no loader or interpreter can be told what to load. */
#include "daemon/programs.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/run.h"
#include "base/timespec.h"
#include "daemon/notify_failed.h"

LOG_MODULE("programs");

#define PROGRAMS_ENVIRONMENT "POISE_"
#define PROGRAMS_PATH        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* A check's. */
struct program {
	struct programs *programs;
	uint64_t number; /* as who asked knows it */
	int64_t run;
};

struct program_place {
	struct program *program;
};

/* Its user and words: `size` bytes. */
struct program_allowed {
	char *texts;
	size_t size;
};

struct program_notice {
	struct message_program *message;
	size_t size;
};

struct programs {
	struct programs_options options;
	struct runs *runs;
	struct {
		VECTOR_OF(struct program_place);
	} running; /* of checks; in any order */
	struct {
		VECTOR_OF(struct program_allowed);
	} allowed;
	size_t allowed_bytes;
	bool allowed_sorted;
	struct {
		VECTOR_OF(struct program_notice);
	} notices; /* that wait, oldest first; what is before `notices_first` is gone */
	size_t notices_first, notices_bytes;
	struct program_notice notifying; /* the one that runs; no message: none does */
	uint64_t began;                  /* likewise, CLOCK_BOOTTIME ns */
	const char *program;             /* likewise: its first word, in the message */
	struct notify_failed failed;
	struct programs_counters counters;
};

/* What may be run. */

static int programs_compare_allowed(const void *a, const void *b)
{
	const struct program_allowed *left = a, *right = b;

	if (left->size != right->size)
		return COMPARE(left->size, right->size);
	return memcmp(left->texts, right->texts, left->size);
}

/* The bytes of user and words. The message has been read. */
static struct program_allowed programs_head(
	const struct message_program *message, const char *const *words)
{
	const char *last = message->texts;

	for (; *words; words++)
		last = *words;
	return (struct program_allowed){.texts = (char *)message->texts,
		.size = (size_t)(last + strlen(last) + 1 - message->texts)};
}

void programs_allow_none(struct programs *programs)
{
	vector_foreach(&programs->allowed, allowed)
		free(allowed->texts);
	vector_clear(&programs->allowed);
	programs->allowed_bytes = 0;
}

/* A plan that had to be sent more than once has said the same as often. */
static void programs_drop_repeated(struct programs *programs)
{
	size_t kept = 0;

	if (programs->allowed_sorted)
		return;
	vector_sort(&programs->allowed, programs_compare_allowed);
	for (size_t i = 0; i < programs->allowed.count; i++) {
		struct program_allowed *allowed = &programs->allowed.items[i];

		if (kept && programs_compare_allowed(&programs->allowed.items[kept - 1], allowed) ==
				    0) {
			programs->allowed_bytes -= allowed->size;
			free(allowed->texts);
		} else {
			programs->allowed.items[kept++] = *allowed;
		}
	}
	programs->allowed.count = kept;
	programs->allowed_sorted = true;
}

void programs_allow(struct programs *programs, const struct message_program *message, size_t size)
{
	_cleanup_free_ const char **words = NULL;
	const char *user, **environment;

	if (message_program_read(message, size, &user, &words, &environment) < 0)
		return;
	struct program_allowed head = programs_head(message, words);
	if (programs->allowed_bytes + head.size > PROGRAMS_ALLOW_LIMIT)
		programs_drop_repeated(programs);
	if (programs->allowed_bytes + head.size > PROGRAMS_ALLOW_LIMIT) {
		log_warning("the files ask for more programs than can be kept");
		return;
	}
	head.texts = memory_copy_bytes(head.texts, head.size);
	programs->allowed_bytes += head.size;
	programs->allowed_sorted = false;
	vector_push(&programs->allowed, head);
}

static bool programs_is_allowed(struct programs *programs, const struct message_program *message,
	const char *const *words, const char *const *environment)
{
	struct program_allowed head = programs_head(message, words);

	if (programs->options.trusting)
		return true;
	programs_drop_repeated(programs);
	if (!vector_find(&programs->allowed, &head, programs_compare_allowed))
		return false;
	for (; *environment; environment++)
		if (strcmp(*environment, PROGRAMS_PATH) != 0 &&
			strncmp(*environment, PROGRAMS_ENVIRONMENT, strlen(PROGRAMS_ENVIRONMENT)) !=
				0)
			return false;
	return true;
}

/* Of checks. */

static void programs_tell(struct programs *programs, uint64_t number, int status)
{
	const struct message_ran ran = {.number = number, .status = status};

	programs->options.ran(programs->options.data, &ran);
}

static struct program_place *programs_find(struct programs *programs, uint64_t number)
{
	vector_foreach(&programs->running, place)
		if (place->program->number == number)
			return place;
	return NULL;
}

static void programs_forget(struct programs *programs, struct program_place *place)
{
	free(place->program);
	*place = programs->running.items[--programs->running.count];
}

static void programs_on_end(void *data, int status)
{
	struct program *program = data;
	struct programs *programs = program->programs;
	uint64_t number = program->number;

	programs_forget(programs, programs_find(programs, number));
	programs_tell(programs, number, status);
}

static int programs_start(
	struct programs *programs, uint64_t number, const struct runs_program *wanted)
{
	struct program *program = memory_new(sizeof(*program));

	*program = (struct program){.programs = programs, .number = number};
	program->run = runs_start(programs->runs, wanted, programs_on_end, program);
	if (program->run < 0) {
		int r = (int)program->run;

		free(program);
		return r;
	}
	vector_append(&programs->running)->program = program;
	programs->counters.run++;
	return 0;
}

/* 0: it runs. */
static int programs_try(
	struct programs *programs, const struct message_program *message, size_t size)
{
	_cleanup_free_ const char **words = NULL;
	const char *user, **environment;
	int r = message_program_read(message, size, &user, &words, &environment);

	if (r == 0 && (programs_find(programs, message->number) ||
			      !programs_is_allowed(programs, message, words, environment)))
		r = -EPERM;
	if (r < 0) {
		programs->counters.refused++;
		log_warning(
			"a program that the files do not ask for, or not yet again, was not run");
		/* Files that were in force a moment ago may have asked for it: that is no server's failure. */
		return -EAGAIN;
	}
	/* What is cancelled and not gone yet counts, or there would be no bound; that of `notify` takes nobody's place. */
	if (runs_count(programs->runs) >=
		programs->options.most + (programs->notifying.message != NULL)) {
		programs->counters.full++;
		return -EBUSY;
	}
	const struct runs_program wanted = {.words = words,
		.environment = environment,
		.user = user,
		.timeout = message->timeout};
	return programs_start(programs, message->number, &wanted);
}

void programs_run(struct programs *programs, const struct message_program *message, size_t size)
{
	int r = programs_try(programs, message, size);

	if (r < 0)
		programs_tell(programs, message->number, r);
}

void programs_cancel(struct programs *programs, uint64_t number)
{
	struct program_place *place = programs_find(programs, number);

	if (!place)
		return;
	runs_cancel(programs->runs, place->program->run);
	programs_forget(programs, place);
}

void programs_cancel_all(struct programs *programs)
{
	while (programs->running.count)
		programs_cancel(programs, programs->running.items[0].program->number);
}

/* Of notify. */

static void programs_notify_next(struct programs *programs);

/* The one that runs is over. */
static void programs_notified(struct programs *programs, int status)
{
	struct program_notice notice = programs->notifying;
	_cleanup_free_ const char **words = NULL;
	_cleanup_strbuf_ struct strbuf text = {};
	const char *user, **environment;

	programs->notifying = (struct program_notice){};
	programs->began = 0;
	programs->program = NULL;
	programs->counters.notified++;
	programs->counters.notify_failed += status != 0;
	notify_failed_take(
		&programs->failed, notice.message, notice.size, status, timespec_wall_ms());
	if (status != 0 && message_program_read(
				   notice.message, notice.size, &user, &words, &environment) == 0) {
		notify_failed_say(status, &text);
		log_warning("notify: %s %s", words[0], text.text);
	}
	free(notice.message);
}

static void programs_on_notified(void *data, int status)
{
	struct programs *programs = data;

	programs_notified(programs, status);
	programs_notify_next(programs);
}

/* Takes the message over. */
static void programs_notify_start(struct programs *programs, struct program_notice notice)
{
	_cleanup_free_ const char **words = NULL;
	const char *user, **environment;

	if (message_program_read(notice.message, notice.size, &user, &words, &environment) < 0) {
		log_warning("a command of notify that is none was not run");
		free(notice.message);
		return;
	}
	const struct runs_program wanted = {.words = words,
		.environment = environment,
		.user = *user ? user : NULL,
		.root_allowed = true,
		.timeout = PROGRAMS_NOTIFY_NS};
	programs->notifying = notice;
	programs->began = loop_clock();
	programs->program = words[0];
	int64_t r = runs_start(programs->runs, &wanted, programs_on_notified, programs);
	if (r < 0)
		programs_notified(programs, (int)r);
}

static void programs_notify_next(struct programs *programs)
{
	while (!programs->notifying.message && programs->notices_first < programs->notices.count) {
		struct program_notice notice = programs->notices.items[programs->notices_first++];

		programs->notices_bytes -= notice.size;
		programs_notify_start(programs, notice);
	}
	if (programs->notices_first == programs->notices.count)
		programs->notices_first = programs->notices.count = 0;
	if (!programs->notifying.message && programs->options.notified)
		programs->options.notified(programs->options.data);
}

bool programs_are_notifying(const struct programs *programs)
{
	return programs->notifying.message;
}

static bool programs_notify_is_full(const struct programs *programs, size_t size)
{
	size_t waiting = programs->notices.count - programs->notices_first;

	return waiting >= PROGRAMS_NOTIFY_MOST ||
	       (waiting && programs->notices_bytes + size > PROGRAMS_NOTIFY_BYTES);
}

/* Room for one more: the oldest go, and those that are left move to the front when half of the vector is gone. */
static void programs_notify_make_room(struct programs *programs, size_t size)
{
	while (programs_notify_is_full(programs, size)) {
		struct program_notice *oldest = &programs->notices.items[programs->notices_first++];

		programs->notices_bytes -= oldest->size;
		free(oldest->message);
		programs->counters.notify_dropped++;
		log_warning("notify: too many commands wait: the oldest is dropped");
	}
	size_t waiting = programs->notices.count - programs->notices_first;
	if (programs->notices_first < PROGRAMS_NOTIFY_MOST)
		return;
	memmove(programs->notices.items, programs->notices.items + programs->notices_first,
		waiting * sizeof(*programs->notices.items));
	programs->notices.count = waiting;
	programs->notices_first = 0;
}

void programs_notify(struct programs *programs, const struct message_program *message, size_t size)
{
	programs_notify_make_room(programs, size);
	struct program_notice notice = {.message = memory_new(size), .size = size};
	programs->notices_bytes += size;
	memcpy(notice.message, message, size);
	vector_push(&programs->notices, notice);
	programs_notify_next(programs);
}

/* Life. */

struct programs_counters programs_counters(const struct programs *programs)
{
	struct programs_counters counters = programs->counters;

	counters.running = programs->running.count;
	counters.waiting = programs->notices.count - programs->notices_first;
	counters.began = programs->began;
	counters.program = programs->program;
	return counters;
}

const struct notify_failed *programs_failed(const struct programs *programs)
{
	return &programs->failed;
}

void programs_new(const struct programs_options *options, struct programs **ret)
{
	struct programs *programs = memory_new(sizeof(*programs));

	programs->options = *options;
	runs_new(options->loop, &programs->runs);
	*ret = programs;
}

struct programs *programs_free(struct programs *programs)
{
	if (!programs)
		return NULL;
	runs_free(programs->runs);
	vector_foreach(&programs->running, place)
		free(place->program);
	vector_clear(&programs->running);
	for (size_t i = programs->notices_first; i < programs->notices.count; i++)
		free(programs->notices.items[i].message);
	vector_clear(&programs->notices);
	programs_allow_none(programs);
	free(programs->notifying.message);
	notify_failed_clear(&programs->failed);
	free(programs);
	return NULL;
}
