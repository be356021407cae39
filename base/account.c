// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/account.h"
#include "base/timespec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ACCOUNT_FILE "/etc/passwd"

/* What the process that asks says, in one piece. */
struct account_answer {
	int code;
	struct account account;
};

const char *const account_unprivileged[] = {"poise", "nobody", NULL};

static int account_find_in_file(const char *name, struct account *ret)
{
	FILE *file = fopen(ACCOUNT_FILE, "re");
	const struct passwd *user;
	int r = -ESRCH;

	if (!file)
		return r;
	while (r < 0 && (user = fgetpwent(file))) {
		if (strcmp(user->pw_name, name) != 0)
			continue;
		*ret = (struct account){user->pw_uid, user->pw_gid};
		r = 0;
	}
	fclose(file);
	return r;
}

_Noreturn static void account_ask(const char *name, int fd, pid_t parent)
{
	struct account_answer answer = {};

	/* Whoever wants to know may be killed meanwhile. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(1);
	errno = 0;
	const struct passwd *user = getpwnam(name);
	if (user)
		answer.account = (struct account){user->pw_uid, user->pw_gid};
	else
		answer.code = -ESRCH;
	_exit(write(fd, &answer, sizeof(answer)) != sizeof(answer));
}

static uint64_t account_now(void)
{
	return timespec_now(CLOCK_MONOTONIC);
}

static int account_wait(int fd, uint64_t timeout, struct account *ret)
{
	struct pollfd answered = {.fd = fd, .events = POLLIN};
	struct account_answer answer;
	uint64_t until = account_now() + timeout, now;
	int r;

	do {
		now = account_now();
		r = poll(&answered, 1, now < until ? (int)((until - now) / 1000000) + 1 : 0);
	} while (r < 0 && errno == EINTR);
	if (r <= 0)
		return r < 0 ? -errno : -ETIMEDOUT;
	/* It is gone without a word. */
	if (read(fd, &answer, sizeof(answer)) != sizeof(answer))
		return -EIO;
	if (answer.code == 0)
		*ret = answer.account;
	return answer.code;
}

int account_find(const char *name, uint64_t timeout, struct account *ret)
{
	const pid_t self = getpid();
	int fds[2];

	if (account_find_in_file(name, ret) == 0)
		return 0;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0)
		account_ask(name, fds[1], self);
	close(fds[1]);
	int r = pid < 0 ? -errno : account_wait(fds[0], timeout, ret);
	close(fds[0]);
	if (pid < 0)
		return r;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r;
}
