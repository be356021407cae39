// SPDX-License-Identifier: GPL-2.0-or-later
/* file: a file holds a weight, which somebody else writes: a number from 0 to 65535, and a newline or none.
 *
 * A regular file, and a small one: a pipe could be waited for, a device could do anything, and neither is what anybody
 * means. Opening is non-blocking for that, and what was opened is looked at before it is read. A file system may yet hang (its
 * server is gone), so it is read by others (reading.h); that they have no answer in time says nothing of what the file is about.
 *
 * Whoever writes it without a rename empties it first: one that is seen empty is read again, until it has been so, unwritten, for
 * FILE_BLANK, or the probe's time is over; soon where it was written since, for then it is being written. Nothing is held meanwhile but a
 * timer. */
#include "health/kind.h"

#include <errno.h>

#include "base/strbuf.h"
#include "health/reading.h"
#include "model/units.h"

#define FILE_BLANK       UNITS_SECOND
#define FILE_SOON        UNITS_MILLISECOND
#define FILE_LATER       (16 * UNITS_MILLISECOND)
#define FILE_SHOWN       64 /* characters */
#define FILE_MOST_WEIGHT UINT16_MAX

struct file {
	struct checker_run run;
	struct reading_ask *ask;   /* it is being read; NULL */
	struct loop_source *again; /* it is empty: reads it again; NULL */
	uint64_t pause;            /* before that */
	struct timespec written;   /* when it was, as it says itself */
	uint64_t seen;             /* when that was seen first */
};

/* As somebody could type it: what is wrong with it may be what cannot be seen, a space or a CR. */
static void file_show(const char *text, size_t size, struct strbuf *ret)
{
	static const char letters[][2] = {{'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}};

	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)text[i];
		size_t letter = 0;

		while (letter < ARRAY_LENGTH(letters) && letters[letter][0] != text[i])
			letter++;
		if (letter < ARRAY_LENGTH(letters))
			strbuf_printf(ret, "\\%c", letters[letter][1]);
		else if (byte < ' ' || byte > '~')
			strbuf_printf(ret, "\\x%02x", byte);
		else
			strbuf_add_char(ret, text[i]);
	}
}

/* Without the zeros in front, which the files of poise may not have, and which programs like to write. */
static const char *file_digits(const char *text)
{
	while (text[0] == '0' && text[1] >= '0' && text[1] <= '9')
		text++;
	return text;
}

static void file_over_text(struct checker_run *run, char *text, size_t size)
{
	_cleanup_strbuf_ struct strbuf shown = {};
	uint64_t weight;

	if (size && text[size - 1] == '\n')
		size--;
	text[size] = '\0';
	if (strlen(text) == size && units_parse_number(file_digits(text), &weight) == 0 &&
		weight <= FILE_MOST_WEIGHT) {
		run->outcome.weight = (int32_t)weight;
		checker_over(run, CHECKER_RESULT_PASSED, "weight %d", run->outcome.weight);
		return;
	}
	file_show(text, size, &shown);
	checker_over(run, CHECKER_RESULT_FAILED, "\"%.*s%s\" is no number from 0 to %d", FILE_SHOWN,
		shown.text ? shown.text : "", shown.length > FILE_SHOWN ? "..." : "",
		FILE_MOST_WEIGHT);
}

static void file_look(void *data);

/* Whether it waits for whoever emptied it to write it. */
static bool file_bears_with_it(struct file *file)
{
	struct checker_run *run = &file->run;
	uint64_t now = loop_clock();

	if (now >= file->seen + FILE_BLANK)
		return false;
	int r = file->again ? 0
			    : loop_add_timer(run->checkers->loop, file_look, file, &file->again);
	file->pause = file->pause ? MIN(2 * file->pause, FILE_LATER) : FILE_SOON;
	if (r == 0)
		loop_timer_set(file->again, now + file->pause);
	return r == 0;
}

static void file_note_written(struct file *file, const struct timespec *written)
{
	if (written->tv_sec == file->written.tv_sec && written->tv_nsec == file->written.tv_nsec)
		return;
	file->written = *written;
	file->seen = loop_clock();
	file->pause = 0;
}

static void file_on_read(void *data, const struct reading *reading)
{
	struct file *file = data;
	struct checker_run *run = &file->run;
	char text[READING_MOST + 1];

	file->ask = NULL;
	if (run->over)
		return;
	file_note_written(file, &reading->written);
	if (reading->size == 0 && !reading->special && file_bears_with_it(file))
		return;
	checker_step(run, "read");
	memcpy(text, reading->text, sizeof(text));
	if (reading->size == -ECHILD)
		checker_over(run, CHECKER_RESULT_UNTRIED, "read: its reader was killed");
	else if (reading->size < 0)
		checker_over_errno(run, "read", (int)reading->size);
	else if (reading->special)
		checker_over(run, CHECKER_RESULT_FAILED, "not a regular file");
	else if (reading->size > READING_MOST)
		checker_over(run, CHECKER_RESULT_FAILED, "more than a number");
	else
		file_over_text(run, text, (size_t)reading->size);
}

static void file_look(void *data)
{
	struct file *file = data;
	struct checker_run *run = &file->run;
	const char *path = run->request.check->file.path;
	struct readers *readers = run->checkers->readers;
	struct reading reading;

	if (run->over ||
		(readers && readers_ask(readers, path, file_on_read, file, &file->ask) == 0))
		return;
	reading_now(path, &reading);
	file_on_read(file, &reading);
}

static void file_start(struct checker_run *run)
{
	file_look(run);
}

/* It was empty until its time was over, unless nobody could ever say what it is. */
static void file_unheard(struct checker_run *run)
{
	const struct file *file = (struct file *)run;

	if (file->ask && !file->seen)
		checker_over(run, CHECKER_RESULT_UNTRIED, "read: the file system does not answer");
	else
		file_over_text(run, (char[1]){""}, 0);
}

static void file_close(struct checker_run *run)
{
	struct file *file = (struct file *)run;

	loop_source_free(file->again);
	if (file->ask)
		readers_cancel(file->ask);
}

const struct checker_kind checker_file = {
	.name = "file",
	.size = sizeof(struct file),
	.start = file_start,
	.close = file_close,
	.unheard = file_unheard,
};
