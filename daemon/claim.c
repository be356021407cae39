// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/timespec.h"

#define CLAIM_NAME "poise-vrrp"
/* One who is about to listen has the name already, for a moment. */
#define CLAIM_TRIES 10
#define CLAIM_LOOK                                                                                 \
	(struct timespec)                                                                          \
	{                                                                                          \
		.tv_nsec = 20000000                                                                \
	}
/* Who winds up takes five seconds at most; who is killed, no time. */
#define CLAIM_WIND_UP_NS   6000000000ull
#define CLAIM_KILLED_NS    2000000000ull
#define CLAIM_HANG_UP_MOST 4096
#define CLAIM_WORDS_SIZE   65536u

int claim_new(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

static socklen_t claim_address(struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(ret->sun_path + 1, CLAIM_NAME, sizeof(CLAIM_NAME) - 1);
	return offsetof(struct sockaddr_un, sun_path) + sizeof(CLAIM_NAME);
}

bool claim_is_held(int claim)
{
	struct sockaddr_un address;
	socklen_t size = sizeof(address);

	return getsockname(claim, (struct sockaddr *)&address, &size) == 0 &&
	       size > offsetof(struct sockaddr_un, sun_path);
}

int claim_find(struct ucred *holder)
{
	_cleanup_close_ int fd = claim_new();
	struct sockaddr_un address;
	socklen_t size = claim_address(&address);

	*holder = (struct ucred){};
	if (fd < 0)
		return fd;
	if (connect(fd, (const struct sockaddr *)&address, size) < 0)
		return errno == ECONNREFUSED ? 0 : -EPERM;
	size = sizeof(*holder);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, holder, &size) < 0)
		return -errno;
	return holder->uid == 0 || holder->uid == geteuid() ? -EBUSY : -EPERM;
}

int claim_take(int claim, struct ucred *holder)
{
	struct sockaddr_un address;
	socklen_t size = claim_address(&address);

	for (int i = 0; i < CLAIM_TRIES; i++) {
		/* Who listens anew is who is seen. */
		if (claim_is_held(claim) ||
			bind(claim, (const struct sockaddr *)&address, size) == 0)
			return listen(claim, CLAIM_HANG_UP_MOST) < 0 ? -errno : 0;
		if (errno != EADDRINUSE)
			return -errno;
		int r = claim_find(holder);
		if (r < 0)
			return r;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	return -EPERM;
}

void claim_hang_up(int claim)
{
	for (int i = 0; i < CLAIM_HANG_UP_MOST; i++) {
		int fd = accept4(claim, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			return;
		close(fd);
	}
}

/* What its command line says. The caller frees it; NULL: nothing. */
static char *claim_run_dir(pid_t pid)
{
	static const char word[] = "--run-dir=";
	_cleanup_free_ char *path = memory_printf("/proc/%d/cmdline", (int)pid);
	_cleanup_free_ char *words = NULL;
	size_t size;

	if (pid <= 0 || file_read(AT_FDCWD, path, CLAIM_WORDS_SIZE, &words, &size) < 0)
		return NULL;
	for (const char *at = words; at < words + size; at += strlen(at) + 1)
		if (strncmp(at, word, strlen(word)) == 0)
			return memory_copy_string(at + strlen(word));
	return NULL;
}

static bool claim_is_same_directory(const char *a, const char *b)
{
	struct stat one, other;

	return a && stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

static int claim_refuse(const struct ucred *holder, const char *run_dir, struct error *error)
{
	_cleanup_free_ char *pid = NULL;

	if (!holder->pid)
		return error_set(error, -EBUSY,
			"another poised keeps virtual routers in this network namespace, and its "
			"processes are not seen from here");
	pid = memory_printf("pid %d", (int)holder->pid);
	return error_set(error, -EBUSY,
		"another poised (%s%s%s) keeps virtual routers in this network namespace", pid,
		run_dir ? ", run directory " : "", run_dir ? run_dir : "");
}

int claim_await(const char *run_dir, struct error *error)
{
	uint64_t until = timespec_now(CLOCK_BOOTTIME) + CLAIM_WIND_UP_NS;
	struct ucred holder;
	bool killed = false;

	while (claim_find(&holder) == -EBUSY) {
		_cleanup_free_ char *other = claim_run_dir(holder.pid);
		bool late = timespec_now(CLOCK_BOOTTIME) >= until;

		if (!claim_is_same_directory(other, run_dir) || (killed && late))
			return claim_refuse(&holder, other, error);
		if (late) {
			kill(holder.pid, SIGKILL);
			killed = true;
			until = timespec_now(CLOCK_BOOTTIME) + CLAIM_KILLED_NS;
		}
		nanosleep(&CLAIM_LOOK, NULL);
	}
	return 0;
}
