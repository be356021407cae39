// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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
#define CLAIM_TRIES   10
#define CLAIM_LOOK_MS 20
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

/* As claim_find(); the socket hears when who listens there does so no more. */
static int claim_ask(int fd, struct ucred *holder)
{
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

int claim_find(struct ucred *holder)
{
	_cleanup_close_ int fd = claim_new();

	return claim_ask(fd, holder);
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

/* What its command line says. The caller frees it; NULL: nothing. Who ends has none any more, while what it had open is still
 * being closed. */
static char *claim_run_dir(pid_t pid, bool *ends)
{
	static const char word[] = "--run-dir=";
	_cleanup_free_ char *path = memory_printf("/proc/%d/cmdline", (int)pid);
	_cleanup_free_ char *words = NULL;
	size_t size;

	*ends = false;
	if (pid <= 0 || file_read(AT_FDCWD, path, CLAIM_WORDS_SIZE, &words, &size) < 0)
		return NULL;
	*ends = size == 0;
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

/* How long it is waited for. */
struct claim_wait {
	const char *run_dir;
	uint64_t until;
	bool killed;
};

/* 0: it is worth to wait for it. */
static int claim_press(struct claim_wait *wait, const struct ucred *holder, struct error *error)
{
	bool ends, late = timespec_now(CLOCK_BOOTTIME) >= wait->until;
	_cleanup_free_ char *other = claim_run_dir(holder->pid, &ends);

	if (!(ends || claim_is_same_directory(other, wait->run_dir)) ||
		(late && (ends || wait->killed)))
		return claim_refuse(holder, other, error);
	if (late) {
		kill(holder->pid, SIGKILL);
		wait->killed = true;
		wait->until = timespec_now(CLOCK_BOOTTIME) + CLAIM_KILLED_NS;
	}
	return 0;
}

/* One question is enough, for as long as it is not hung up on: who winds up accepts none, and more of them would fill the queue. */
static int claim_wait_for(
	struct claim_wait *wait, int fd, const struct ucred *holder, struct error *error)
{
	struct pollfd heard = {.fd = fd};
	int r;

	do
		r = claim_press(wait, holder, error);
	while (r == 0 && poll(&heard, 1, CLAIM_LOOK_MS) <= 0);
	return r;
}

int claim_await(const char *run_dir, struct error *error)
{
	struct claim_wait wait = {
		.run_dir = run_dir, .until = timespec_now(CLOCK_BOOTTIME) + CLAIM_WIND_UP_NS};
	int r = 0;

	while (r == 0) {
		_cleanup_close_ int fd = claim_new();
		struct ucred holder;

		if (claim_ask(fd, &holder) != -EBUSY)
			return 0;
		r = claim_wait_for(&wait, fd, &holder, error);
	}
	return r;
}
