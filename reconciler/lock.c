// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/timespec.h"

#define LOCK_FILE        "lock"
#define LOCK_POLL_NS     20000000ull
#define LOCK_DAEMON      "poised"
#define LOCK_HOLDER_SIZE 80

static uint64_t lock_now(void)
{
	return timespec_now(CLOCK_BOOTTIME);
}

/* Whether `fd` still is the file of that path: who cleans up /run may have removed it meanwhile,
 * and then another process locks another file. */
static bool lock_is_current(int fd, const char *path)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_dev == named.st_dev &&
	       held.st_ino == named.st_ino;
}

/* The descriptor, locked; -EWOULDBLOCK while another holds it. */
static int lock_try(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = 0;

	if (fd < 0)
		return -errno;
	/* Whoever may open it may hold it for ever. */
	if (fchmod(fd, 0600) < 0)
		r = -errno;
	else if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		r = -errno;
	else if (!lock_is_current(fd, path))
		r = -EWOULDBLOCK;
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

/* "PID NAME" of who holds it; false when the file says nothing of use: its writer is gone, and the
 * new holder has not written yet. */
static bool lock_read_holder(const char *path, pid_t *pid, char name[static LOCK_HOLDER_SIZE])
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	char *rest;

	if (file_read_regular(AT_FDCWD, path, LOCK_HOLDER_SIZE, &text, &size) < 0)
		return false;
	errno = 0;
	long number = strtol(text, &rest, 10);
	if (errno || number <= 0 || number > INT32_MAX || *rest != ' ')
		return false;
	if (kill((pid_t)number, 0) < 0 && errno == ESRCH)
		return false;
	*pid = (pid_t)number;
	rest[strcspn(rest, "\n")] = '\0';
	for (char *c = rest; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	snprintf(name, LOCK_HOLDER_SIZE, "%s", rest + 1);
	return true;
}

/* `wanted` is the name of who asks. */
static int lock_fail_held(const char *path, const char *wanted, struct error *error)
{
	char name[LOCK_HOLDER_SIZE];
	pid_t pid;

	if (!lock_read_holder(path, &pid, name))
		return error_set(
			error, -EBUSY, "another process holds %s: wait for it to end", path);
	if (strcmp(name, LOCK_DAEMON) == 0 && strcmp(wanted, LOCK_DAEMON) == 0)
		return error_set(error, -EBUSY,
			"%s runs here already (pid %d holds %s): stop it first, or use another "
			"--run-dir",
			name, pid, path);
	if (strcmp(name, LOCK_DAEMON) == 0)
		return error_set(error, -EBUSY,
			"%s (pid %d) keeps this machine as its files say: change them, run `poise "
			"reload`, or stop it first",
			name, pid);
	return error_set(
		error, -EBUSY, "another `%s` (pid %d) is running: wait for it to end", name, pid);
}

/* The lock holds with or without these words, so a full disk is no reason to give it up. */
static void lock_write_holder(int fd, const char *name)
{
	_cleanup_free_ char *text = memory_printf("%d %s\n", getpid(), name);

	if (ftruncate(fd, 0) == 0)
		(void)file_write_all(fd, text, strlen(text));
}

int lock_keep(const char *directory, const char *name, int *fd, struct error *error)
{
	_cleanup_free_ char *path = memory_printf("%s/" LOCK_FILE, directory);
	char holder[LOCK_HOLDER_SIZE];
	pid_t pid;

	if (lock_is_current(*fd, path))
		return 0;
	int again = lock_take(directory, name, 0, error);
	if (again == -EBUSY && lock_read_holder(path, &pid, holder) && strcmp(holder, name) == 0)
		return -EEXIST;
	if (again < 0)
		return again;
	close(*fd);
	*fd = again;
	return 1;
}

bool lock_was_taken(const char *directory)
{
	_cleanup_free_ char *path = memory_printf("%s/" LOCK_FILE, directory);

	return access(path, F_OK) == 0;
}

int lock_take(const char *directory, const char *name, uint64_t wait_ns, struct error *error)
{
	_cleanup_free_ char *path = memory_printf("%s/" LOCK_FILE, directory);
	uint64_t start = lock_now();
	int fd = file_make_directories(directory, 0755);

	if (fd < 0)
		return error_set(
			error, fd, "cannot make the folder %s: %s", directory, strerror(-fd));
	while ((fd = lock_try(path)) == -EWOULDBLOCK) {
		uint64_t waited = lock_now() - start;

		if (waited >= wait_ns)
			return lock_fail_held(path, name, error);
		nanosleep(&(struct timespec){.tv_nsec = (long)MIN(LOCK_POLL_NS, wait_ns - waited)},
			NULL);
	}
	if (fd < 0)
		return error_set(error, fd, "cannot lock %s: %s", path, strerror(-fd));
	lock_write_holder(fd, name);
	return fd;
}
