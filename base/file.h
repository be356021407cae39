// SPDX-License-Identifier: GPL-2.0-or-later
/* Files read whole and replaced whole: bounded on the way in, atomic and synced on the way out. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* Reads all of `path` relative to the directory descriptor `at` (AT_FDCWD: as it stands; "-" is not
 * special). *ret gets a buffer of its own with a NUL behind the *size bytes. -EFBIG when there are
 * more than `limit`; -EISDIR for a directory; on failure nothing is returned. */
int file_read(int at, const char *path, size_t limit, char **ret, size_t *size);

/* A descriptor to read what must be a regular file: what is none (a pipe that nobody writes to, a socket, a device) is refused at
 * once, with -EMEDIUMTYPE, a directory with -EISDIR. Else -errno. */
int file_open_regular(int at, const char *path);

/* file_read() of what file_open_regular() opens. */
int file_read_regular(int at, const char *path, size_t limit, char **ret, size_t *size);

/* strerror() for what these give. */
const char *file_error_text(int r);

/* file_read() from a descriptor (standard input, a pipe) up to its end. */
int file_read_fd(int fd, size_t limit, char **ret, size_t *size);

/* Puts `size` bytes at `path` so that a crash leaves either the old content or the new one: a
 * temporary file in the same directory, fsync, rename, fsync of the directory. On failure (-ENOSPC,
 * -EROFS, …) the old file is untouched and the temporary one is gone. */
int file_replace(const char *path, const void *data, size_t size, mode_t mode);

/* file_replace() of what a person names: through a link, to the file that it leads to; and what is no file (a terminal, a pipe,
 * /dev/null) is written to, and stays what it is. */
int file_put(const char *path, const void *data, size_t size, mode_t mode);

/* The same as file_replace() without waiting for the disk: a process that is killed leaves the old content or the new one, a machine that loses
 * its power may leave neither. For what says nothing after a reboot. */
int file_replace_unsynced(const char *path, const void *data, size_t size, mode_t mode);

/* Removes the temporary files that a killed file_replace() of this path left. For the only writer
 * of `path`: another's file in the making would go too. */
void file_remove_leftovers(const char *path);

/* mkdir -p; directories that it makes get `mode`. 0 when it is there already. */
int file_make_directories(const char *path, mode_t mode);

/* unlink and fsync of the directory, so that the removal outlives a crash. 0 when there was no
 * file. */
int file_remove(const char *path);

/* Of a program whose caller has closed some of the standard descriptors: their numbers are taken, by what can be neither read nor
 * written, so that no file which is opened later gets what is meant for a terminal. The first thing that a main() does. */
void file_reserve_standard(void);

/* write() until all is written; -errno. */
int file_write_all(int fd, const void *data, size_t size);
