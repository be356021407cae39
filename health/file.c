// SPDX-License-Identifier: GPL-2.0-or-later
/* file: a file holds a weight, which somebody else writes: a number from 0 to 65535, and a newline or none.
 *
 * A regular file, and a small one: a pipe could be waited for, a device could do anything, and neither is what anybody
 * means. Opening is non-blocking for that, and what was opened is looked at before it is read. What remains is a file system that
 * hangs (a server that is gone): such a path is not for this.
 *
 * Whoever writes it without a rename empties it first: one that is seen empty is read again, until it has been so, unwritten, for
 * FILE_BLANK, or the probe's time is over; soon where it was written since, for then it is being written. Nothing is held meanwhile but a
 * timer. */
#include "health/kind.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "model/units.h"

#define FILE_BLANK       UNITS_SECOND
#define FILE_SOON        UNITS_MILLISECOND
#define FILE_LATER       (16 * UNITS_MILLISECOND)
#define FILE_MOST        64 /* bytes */
#define FILE_SHOWN       64 /* characters */
#define FILE_MOST_WEIGHT UINT16_MAX

struct file {
	struct checker_run run;
	struct loop_source *again; /* it is empty: reads it again; NULL */
	uint64_t pause;            /* before that */
	struct timespec written;   /* when it was, as it says itself */
	uint64_t seen;             /* when that was seen first */
};

/* How many bytes it read, of a file with FILE_MOST at most; -errno, or 0 and *problem. */
static ssize_t file_read_weight(
	struct file *file, char text[static FILE_MOST + 1], const char **problem)
{
	const char *path = file->run.request.check->file.path;
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	ssize_t size;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode)) {
		*problem = "not a regular file";
		return 0;
	}
	if (status.st_mtim.tv_sec != file->written.tv_sec ||
		status.st_mtim.tv_nsec != file->written.tv_nsec) {
		file->written = status.st_mtim;
		file->seen = loop_clock();
		file->pause = 0;
	}
	do
		size = read(fd, text, FILE_MOST + 1);
	while (size < 0 && errno == EINTR);
	if (size > FILE_MOST)
		*problem = "more than a number";
	return size < 0 ? -errno : size;
}

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

static void file_over_text(struct checker_run *run, char *text, size_t size)
{
	_cleanup_strbuf_ struct strbuf shown = {};
	uint64_t weight;

	if (size && text[size - 1] == '\n')
		size--;
	text[size] = '\0';
	if (strlen(text) == size && units_parse_number(text, &weight) == 0 &&
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

static void file_look(void *data)
{
	struct file *file = data;
	struct checker_run *run = &file->run;
	char text[FILE_MOST + 1];
	const char *problem = NULL;

	if (run->over)
		return;
	ssize_t size = file_read_weight(file, text, &problem);
	if (size == 0 && !problem && file_bears_with_it(file))
		return;
	checker_step(run, "read");
	if (size < 0)
		checker_over_errno(run, "read", (int)size);
	else if (problem)
		checker_over(run, CHECKER_RESULT_FAILED, "%s", problem);
	else
		file_over_text(run, text, (size_t)size);
}

static void file_start(struct checker_run *run)
{
	file_look(run);
}

/* It was empty until its time was over. */
static void file_unheard(struct checker_run *run)
{
	file_over_text(run, (char[1]){""}, 0);
}

static void file_close(struct checker_run *run)
{
	loop_source_free(((struct file *)run)->again);
}

const struct checker_kind checker_file = {
	.name = "file",
	.size = sizeof(struct file),
	.start = file_start,
	.close = file_close,
	.unheard = file_unheard,
};
