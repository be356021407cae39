// SPDX-License-Identifier: GPL-2.0-or-later
/* A pair of sockets with a process at the other end: a path goes there, and a struct reading comes back. It holds nothing
 * else of this process, whose end nobody would hear of while it hangs. */
#include "health/reading.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"

LOG_MODULE("health");

#define READERS      4
#define READERS_NAME "poised-reader"

struct reading_ask {
	TAILQ_ENTRY(reading_ask) line;
	struct reader *reader;
	void (*done)(void *data, const struct reading *reading); /* NULL: cancelled */
	void *data;
	char path[]; /* ends with NUL */
};

struct reader {
	int fd; /* -1: it has died */
	struct loop_source *source;
	TAILQ_HEAD(, reading_ask) asks; /* the first is being read, also when it is cancelled */
	size_t count;
};

struct readers {
	struct reader all[READERS];
};

/* Reading. */

static ssize_t reading_fill(const char *path, struct reading *ret)
{
	_cleanup_close_ int fd = file_open_regular(AT_FDCWD, path);
	struct stat status;
	ssize_t size;

	ret->special = fd == -EMEDIUMTYPE || fd == -EISDIR;
	if (fd < 0)
		return ret->special ? 0 : fd;
	if (fstat(fd, &status) < 0)
		return -errno;
	ret->written = status.st_mtim;
	do
		size = read(fd, ret->text, sizeof(ret->text));
	while (size < 0 && errno == EINTR);
	return size < 0 ? -errno : size;
}

void reading_now(const char *path, struct reading *ret)
{
	*ret = (struct reading){};
	ret->size = reading_fill(path, ret);
}

/* Between fork() and its end. */
static void reader_main(int fd, pid_t parent, int (*confine)(void *data), void *data)
{
	char path[PATH_MAX];
	struct reading reading;
	ssize_t size;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent || dup2(fd, 0) < 0 ||
		close_range(1, ~0u, 0) < 0)
		_exit(1);
	prctl(PR_SET_NAME, READERS_NAME);
	if (confine && confine(data) < 0)
		_exit(1);
	while ((size = recv(0, path, sizeof(path) - 1, 0)) > 0) {
		path[size] = '\0';
		reading_now(path, &reading);
		if (send(0, &reading, sizeof(reading), MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(0);
}

/* The processes, and what they are asked. */

static bool reader_send(struct reader *reader)
{
	const struct reading_ask *ask = TAILQ_FIRST(&reader->asks);

	return !ask ||
	       send(reader->fd, ask->path, strlen(ask->path), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

static void reader_answer(struct reader *reader, const struct reading *reading)
{
	struct reading_ask *ask = TAILQ_FIRST(&reader->asks);

	TAILQ_REMOVE(&reader->asks, ask, line);
	reader->count--;
	if (ask->done)
		ask->done(ask->data, reading);
	free(ask);
}

static void reader_bury(struct reader *reader)
{
	const struct reading died = {.size = -ECHILD};

	reader->source = loop_source_free(reader->source);
	memory_closep(&reader->fd);
	reader->fd = -1;
	while (!TAILQ_EMPTY(&reader->asks))
		reader_answer(reader, &died);
}

static void reader_on_ready(void *data, _unused_ uint32_t events)
{
	struct reader *reader = data;
	struct reading reading;
	ssize_t size = recv(reader->fd, &reading, sizeof(reading), MSG_DONTWAIT);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size != sizeof(reading) || TAILQ_EMPTY(&reader->asks)) {
		log_warning("a process that reads files for checks has ended");
		reader_bury(reader);
		return;
	}
	reader_answer(reader, &reading);
	if (!reader_send(reader))
		reader_bury(reader);
}

static int reader_start(
	struct reader *reader, struct loop *loop, int (*confine)(void *data), void *data)
{
	pid_t parent = getpid();
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	_cleanup_close_ int theirs = fds[1];
	reader->fd = fds[0];
	pid_t pid = fork();
	if (pid == 0)
		reader_main(theirs, parent, confine, data);
	if (pid < 0)
		return -errno;
	return loop_add_io(loop, reader->fd, EPOLLIN, reader_on_ready, reader, &reader->source);
}

struct readers *readers_new(struct loop *loop, int (*confine)(void *data), void *data)
{
	struct readers *readers = memory_new(sizeof(*readers));
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; i < READERS; i++) {
		readers->all[i].fd = -1;
		TAILQ_INIT(&readers->all[i].asks);
	}
	while (r == 0 && count < READERS) {
		r = reader_start(&readers->all[count], loop, confine, data);
		count += r == 0;
	}
	if (r == 0)
		return readers;
	log_warning("of %d processes that read files for checks only %zu can be started: %s",
		READERS, count, strerror(-r));
	reader_bury(&readers->all[count]);
	return readers;
}

struct readers *readers_free(struct readers *readers)
{
	for (size_t i = 0; readers && i < READERS; i++)
		reader_bury(&readers->all[i]);
	free(readers);
	return NULL;
}

static size_t reading_folder_length(const char *path)
{
	const char *end = strrchr(path, '/');

	return end ? (size_t)(end - path) : 0;
}

static bool reader_is_in_folder(const struct reader *reader, const char *path)
{
	const struct reading_ask *ask = TAILQ_FIRST(&reader->asks);
	size_t length = reading_folder_length(path);

	return ask && reading_folder_length(ask->path) == length &&
	       strncmp(ask->path, path, length) == 0;
}

/* How unwelcome another one is. Somebody's time was over while it was read: that may last. */
static size_t reader_load(const struct reader *reader)
{
	const struct reading_ask *ask = TAILQ_FIRST(&reader->asks);

	return ask && !ask->done ? SIZE_MAX : reader->count;
}

/* Who reads in the same folder already, else who has the least to do. NULL: none is left. */
static struct reader *readers_choose(struct readers *readers, const char *path)
{
	struct reader *least = NULL;

	for (struct reader *reader = readers->all; reader < readers->all + READERS; reader++) {
		if (reader->fd < 0)
			continue;
		if (reader_is_in_folder(reader, path))
			return reader;
		if (!least || reader_load(reader) < reader_load(least))
			least = reader;
	}
	return least;
}

int readers_ask(struct readers *readers, const char *path,
	void (*done)(void *data, const struct reading *reading), void *data,
	struct reading_ask **ret)
{
	struct reader *reader = readers_choose(readers, path);
	size_t length = strlen(path);

	if (!reader)
		return -ECHILD;
	if (length >= PATH_MAX)
		return -ENAMETOOLONG;
	struct reading_ask *ask = memory_new(sizeof(*ask) + length + 1);
	memcpy(ask->path, path, length);
	ask->reader = reader;
	ask->done = done;
	ask->data = data;
	TAILQ_INSERT_TAIL(&reader->asks, ask, line);
	/* That it has died is seen by who hears of it. */
	if (reader->count++ == 0)
		(void)reader_send(reader);
	*ret = ask;
	return 0;
}

void readers_cancel(struct reading_ask *ask)
{
	struct reader *reader = ask->reader;

	ask->done = NULL;
	if (ask == TAILQ_FIRST(&reader->asks))
		return;
	TAILQ_REMOVE(&reader->asks, ask, line);
	reader->count--;
	free(ask);
}
