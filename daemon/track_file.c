// SPDX-License-Identifier: GPL-2.0-or-later
/* inotify watches the directories of the files, for a file that is replaced is another one; names that nobody asks for cost a
 * comparison. Nothing is told of what lies behind links, on file systems of the network, and in directories that are moved or
 * made: the look every second is for these, and lays the watches anew.
 *
 * Files are opened without waiting, and looked at before they are read: a pipe would be waited for. What hangs for ever is a
 * server of files that is gone: such a path is not for this. */
#include "daemon/track_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "model/units.h"

LOG_MODULE("track");

#define TRACK_FILE_EVERY  UNITS_SECOND
#define TRACK_FILE_BLANK  UNITS_SECOND
#define TRACK_FILE_SHOWN  24
#define TRACK_FILE_BUFFER 16384u
#define TRACK_FILE_READS  16u /* of the queue, in a turn */
/* After a reading for an event: files that are written without end are not read without end. */
#define TRACK_FILE_PAUSE (20 * UNITS_MILLISECOND)
#define TRACK_FILE_EVENTS                                                                          \
	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_ATTRIB)

struct track_files {
	struct track_files_options options;
	int inotify; /* -1: none */
	struct loop_source *io, *timer;
	uint64_t read; /* when they were read last */
	bool due;      /* an event came since */
	_Alignas(struct inotify_event) char buffer[TRACK_FILE_BUFFER];
};

/* Pure. */

int track_file_parse(const char *text, size_t size, int64_t *ret)
{
	char number[TRACK_FILE_MOST + 1], *end;

	while (size && isspace((unsigned char)text[size - 1]))
		size--;
	while (size && isspace((unsigned char)*text)) {
		text++;
		size--;
	}
	if (!size)
		return -ENODATA;
	if (size > TRACK_FILE_MOST)
		return -EINVAL;
	memcpy(number, text, size);
	number[size] = '\0';
	const char *digits = number + (*number == '-' || *number == '+');
	if (!*digits || strspn(digits, "0123456789") != size - (size_t)(digits - number))
		return -EINVAL;
	errno = 0;
	long long value = strtoll(number, &end, 10);
	if (errno || value < INT32_MIN || value > INT32_MAX)
		return -ERANGE;
	*ret = value;
	return 0;
}

/* One file. */

/* How many bytes it read, of TRACK_FILE_MOST + 1 at most. -errno; -EMEDIUMTYPE: it is no regular file. */
static ssize_t track_file_read(const char *path, char text[static TRACK_FILE_MOST + 1])
{
	_cleanup_close_ int fd = file_open_regular(AT_FDCWD, path);

	if (fd < 0)
		return fd == -EISDIR ? -EMEDIUMTYPE : fd;
	ssize_t size = read(fd, text, TRACK_FILE_MOST + 1);
	return size < 0 ? -errno : size;
}

static void track_file_set(struct track_files *files, struct track_item *item, int64_t number)
{
	track_item_set(files->options.list, item, number ? TRACK_STATE_UNWELL : TRACK_STATE_WELL,
		number, loop_clock(), "its number is %" PRId64, number);
}

/* Whoever writes it without a rename empties it first. */
static bool track_file_is_being_written(struct track_item *item, uint64_t now)
{
	if (!item->file.blank)
		item->file.blank = now;
	return item->state != TRACK_STATE_UNKNOWN && now < item->file.blank + TRACK_FILE_BLANK;
}

static void track_file_take(
	struct track_files *files, struct track_item *item, const char *text, size_t size)
{
	char words[TRACK_WORDS_SIZE];
	int64_t number = 0;
	const char *end = memchr(text, '\n', size);
	size_t line = end ? (size_t)(end - text) : size;
	int r = size > TRACK_FILE_MOST ? -EFBIG : track_file_parse(text, size, &number);

	if (r == -ENODATA && track_file_is_being_written(item, loop_clock()))
		return;
	if (r != -ENODATA)
		item->file.blank = 0;
	if (r == 0) {
		track_file_set(files, item, number);
		return;
	}
	if (r == -ENODATA)
		snprintf(words, sizeof(words), "it is empty: that counts as 0");
	else if (r == -EFBIG)
		snprintf(words, sizeof(words), "it holds more than a number: that counts as 0");
	else
		snprintf(words, sizeof(words), "\"%.*s\" is no number%s: it counts as 0",
			(int)MIN(line, (size_t)TRACK_FILE_SHOWN), text,
			r == -ERANGE ? " of 32 bits" : "");
	track_item_set_amiss(files->options.list, item, r, loop_clock(), words);
}

static void track_file_look(struct track_files *files, struct track_item *item)
{
	char text[TRACK_FILE_MOST + 1] = "", words[TRACK_WORDS_SIZE];
	ssize_t size = track_file_read(item->file.path, text);

	if (size >= 0) {
		track_file_take(files, item, text, (size_t)size);
		return;
	}
	item->file.blank = 0;
	snprintf(words, sizeof(words), "%s: that counts as 0",
		size == -EMEDIUMTYPE ? "it is no regular file"
		: size == -ENOENT    ? "there is no such file"
				     : strerror((int)-size));
	track_item_set_amiss(files->options.list, item, (int)size, loop_clock(), words);
}

/* All of them. */

static size_t track_files_of(const struct track_files *files, size_t *first)
{
	return track_list_of(files->options.list, TRACK_FILE, first);
}

static struct track_file *track_file_at(const struct track_files *files, size_t place)
{
	return &files->options.list->items.items[place].item->file;
}

static void track_files_look(struct track_files *files)
{
	size_t first, count = track_files_of(files, &first);

	files->due = false;
	files->read = loop_clock();
	for (size_t i = first; i < first + count; i++)
		track_file_look(files, files->options.list->items.items[i].item);
	loop_timer_set(files->timer, count ? files->read + TRACK_FILE_EVERY : LOOP_NEVER);
	if (count)
		files->options.looked(files->options.data);
}

/* A watch that is there already is given again; so nobody needs to know which went. */
static void track_files_watch(struct track_files *files)
{
	size_t first, count = track_files_of(files, &first);

	for (size_t i = first; files->inotify >= 0 && i < first + count; i++) {
		struct track_file *file = track_file_at(files, i);
		const char *slash = strrchr(file->path, '/');
		_cleanup_free_ char *directory = memory_copy_bytes(
			file->path, slash && slash > file->path ? (size_t)(slash - file->path) : 1);

		file->watch = inotify_add_watch(
			files->inotify, directory, TRACK_FILE_EVENTS | IN_ONLYDIR);
	}
}

/* Those of no file any more: few, when the list is another. */
static void track_files_unwatch(struct track_files *files)
{
	loop_source_free(files->io);
	files->io = NULL;
	memory_closep(&files->inotify);
	files->inotify = -1;
}

static void track_files_on_timer(void *data)
{
	struct track_files *files = data;

	track_files_watch(files);
	track_files_look(files);
}

static bool track_files_concern(const struct track_files *files, const struct inotify_event *event)
{
	size_t first, count = track_files_of(files, &first);

	if (event->mask & (IN_Q_OVERFLOW | IN_IGNORED))
		return true;
	for (size_t i = first; event->len && i < first + count; i++) {
		const struct track_file *file = track_file_at(files, i);

		if (file->watch == event->wd &&
			strcmp(strrchr(file->path, '/') + 1, event->name) == 0)
			return true;
	}
	return false;
}

static bool track_files_hear(struct track_files *files, size_t size)
{
	size_t at = 0;
	bool concerned = false;

	while (!concerned && at + sizeof(struct inotify_event) <= size) {
		const struct inotify_event *event = (const void *)(files->buffer + at);

		concerned = track_files_concern(files, event);
		at += sizeof(*event) + event->len;
	}
	return concerned;
}

static void track_files_on_events(void *data, uint32_t events)
{
	struct track_files *files = data;

	(void)events;
	for (unsigned int i = 0; i < TRACK_FILE_READS; i++) {
		ssize_t size = read(files->inotify, files->buffer, sizeof(files->buffer));

		if (size <= 0)
			break;
		if (!files->due)
			files->due = track_files_hear(files, (size_t)size);
	}
	if (!files->due)
		return;
	if (loop_clock() >= files->read + TRACK_FILE_PAUSE)
		track_files_look(files);
	else
		loop_timer_set(files->timer, files->read + TRACK_FILE_PAUSE);
}

static void track_files_open(struct track_files *files)
{
	files->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	int r = files->inotify < 0 ? -errno
				   : loop_add_io(files->options.loop, files->inotify, EPOLLIN,
					     track_files_on_events, files, &files->io);
	if (r < 0) {
		log_warning("file events are not to be had: %s; tracked files are looked at every "
			    "second",
			strerror(-r));
		track_files_unwatch(files);
	}
}

void track_files_want(struct track_files *files)
{
	size_t first;

	track_files_unwatch(files);
	if (track_files_of(files, &first))
		track_files_open(files);
	track_files_on_timer(files);
}

int track_files_new(const struct track_files_options *options, struct track_files **ret)
{
	struct track_files *files = memory_new(sizeof(*files));

	files->options = *options;
	files->inotify = -1;
	int r = loop_add_timer(options->loop, track_files_on_timer, files, &files->timer);
	*ret = r < 0 ? track_files_free(files) : files;
	return r;
}

struct track_files *track_files_free(struct track_files *files)
{
	if (!files)
		return NULL;
	track_files_unwatch(files);
	loop_source_free(files->timer);
	free(files);
	return NULL;
}
