// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/strbuf.h"

#define FILE_READ_CHUNK 65536

int file_read_fd(int fd, size_t limit, char **ret, size_t *size)
{
	_cleanup_free_ char *data = NULL;
	size_t length = 0, capacity = 0;
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	if (S_ISREG(status.st_mode) && (uint64_t)status.st_size > limit)
		return -EFBIG;
	/* st_size is a hint: files in /proc say 0, and a file may grow while it is read. */
	capacity = (S_ISREG(status.st_mode) ? (size_t)status.st_size : 0) + FILE_READ_CHUNK;
	data = memory_resize(NULL, capacity + 1, 1);
	for (;;) {
		ssize_t n = read(fd, data + length, capacity - length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		length += (size_t)n;
		if (length > limit)
			return -EFBIG;
		if (length == capacity) {
			capacity += capacity / 2;
			data = memory_resize(data, capacity + 1, 1);
		}
	}
	data[length] = '\0';
	*size = length;
	/* Thousands of small files, each in a buffer of a chunk, would be held as so many chunks. */
	*ret = memory_resize(STEAL(data), length + 1, 1);
	return 0;
}

int file_read(int at, const char *path, size_t limit, char **ret, size_t *size)
{
	_cleanup_close_ int fd = openat(at, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return file_read_fd(fd, limit, ret, size);
}

/* -errno of what is no regular file; 0. */
static int file_check_regular(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	return S_ISREG(status.st_mode) ? 0 : -EMEDIUMTYPE;
}

int file_open_regular(int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	/* ENXIO: a socket. */
	if (fd < 0)
		return errno == ENXIO ? -EMEDIUMTYPE : -errno;
	int r = file_check_regular(fd);
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

int file_read_regular(int at, const char *path, size_t limit, char **ret, size_t *size)
{
	_cleanup_close_ int fd = file_open_regular(at, path);

	return fd < 0 ? fd : file_read_fd(fd, limit, ret, size);
}

const char *file_error_text(int r)
{
	return r == -EMEDIUMTYPE ? "it is no regular file: take it away" : strerror(-r);
}

int file_write_all(int fd, const void *data, size_t size)
{
	const char *rest = data;

	while (size) {
		ssize_t n = write(fd, rest, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		rest += n;
		size -= (size_t)n;
	}
	return 0;
}

static int file_sync_directory_of(const char *path)
{
	_cleanup_free_ char *copy = memory_copy_string(path);
	_cleanup_close_ int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

static int file_fill(int fd, const void *data, size_t size, mode_t mode, bool sync)
{
	int r = file_write_all(fd, data, size);

	if (r < 0)
		return r;
	if (fchmod(fd, mode) < 0 || (sync && fsync(fd) < 0))
		return -errno;
	return 0;
}

static int file_exchange(const char *path, const void *data, size_t size, mode_t mode, bool sync)
{
	_cleanup_free_ char *temporary = memory_printf("%s.XXXXXX", path);
	_cleanup_close_ int fd = mkostemp(temporary, O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int r = file_fill(fd, data, size, mode, sync);
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0) {
		unlink(temporary);
		return r;
	}
	return sync ? file_sync_directory_of(path) : 0;
}

int file_replace(const char *path, const void *data, size_t size, mode_t mode)
{
	return file_exchange(path, data, size, mode, true);
}

int file_replace_unsynced(const char *path, const void *data, size_t size, mode_t mode)
{
	return file_exchange(path, data, size, mode, false);
}

/* What mkostemp() may put in the place of XXXXXX. */
static bool file_is_random(const char *text)
{
	static const char characters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

	return strlen(text) == 6 && strspn(text, characters) == 6;
}

void file_remove_leftovers(const char *path)
{
	_cleanup_free_ char *folder = memory_copy_string(path);
	_cleanup_free_ char *copy = memory_copy_string(path);
	_cleanup_free_ char *prefix = memory_printf("%s.", basename(copy));
	size_t length = strlen(prefix);
	DIR *directory = opendir(dirname(folder));

	if (!directory)
		return;
	for (const struct dirent *entry; (entry = readdir(directory));) {
		const char *name = entry->d_name;
		struct stat status;

		if (strncmp(name, prefix, length) != 0 || !file_is_random(name + length) ||
			fstatat(dirfd(directory), name, &status, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISREG(status.st_mode) && status.st_uid == geteuid())
			unlinkat(dirfd(directory), name, 0);
	}
	closedir(directory);
}

int file_put(const char *path, const void *data, size_t size, mode_t mode)
{
	struct stat status;

	/* A link to nowhere is put in its own place. */
	if (stat(path, &status) < 0)
		return file_replace(path, data, size, mode);
	/* What a descriptor leads to (/dev/stdout) may have no path of its own. */
	_cleanup_free_ char *target = S_ISREG(status.st_mode) ? realpath(path, NULL) : NULL;
	if (target)
		return file_replace(target, data, size, mode);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : file_write_all(fd, data, size);
}

int file_make_directories(const char *path, mode_t mode)
{
	_cleanup_free_ char *copy = memory_copy_string(path);

	for (char *slash = copy + 1; *copy && (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	if (mkdir(copy, mode) < 0 && errno != EEXIST)
		return -errno;
	struct stat status;
	if (stat(copy, &status) < 0)
		return -errno;
	return S_ISDIR(status.st_mode) ? 0 : -ENOTDIR;
}

int file_remove(const char *path)
{
	if (unlink(path) < 0)
		return errno == ENOENT ? 0 : -errno;
	return file_sync_directory_of(path);
}

void file_reserve_standard(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		/* The lowest free number is this one. */
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}
