// SPDX-License-Identifier: GPL-2.0-or-later
/* fork() and execve() of /proc/self/exe, which is this program's file even when a package upgrade has put another one
 * in its place.
 *
 * The descriptors get numbers from SPAWN_FIRST on, in the order below; the words say which is which. Nothing else is
 * inherited: what poised opens is close-on-exec, and what it was itself started with by accident is closed here. */
#include "daemon/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/options.h"
#include "daemon/service_manager.h"

#define SPAWN_FIRST 3
/* Where descriptors wait while the low numbers are given out. */
#define SPAWN_ASIDE  16
#define SPAWN_FAILED 127

/* A plan of numbers: made before fork(), carried out after it. */
struct spawn_numbers {
	int from[5];
	int count;
};

static int spawn_number(struct spawn_numbers *numbers, int fd)
{
	if (fd < 0)
		return -1;
	numbers->from[numbers->count] = fd;
	return SPAWN_FIRST + numbers->count++;
}

/* Twice, because a source may have the number that another is to get. A duplicate is not close-on-exec. */
static bool spawn_place(const struct spawn_numbers *numbers)
{
	int aside[ARRAY_LENGTH(numbers->from)];

	for (int i = 0; i < numbers->count; i++) {
		aside[i] = fcntl(numbers->from[i], F_DUPFD, SPAWN_ASIDE);
		if (aside[i] < 0)
			return false;
	}
	for (int i = 0; i < numbers->count; i++)
		if (dup2(aside[i], SPAWN_FIRST + i) < 0)
			return false;
	/* A kernel before 5.9 cannot; there only accidents of the caller's stay open. */
	close_range((unsigned int)(SPAWN_FIRST + numbers->count), ~0u, 0);
	return true;
}

/* Up to what it may have without asking anybody. */
static void spawn_raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void spawn_become(
	const struct process_kind *kind, const struct spawn_numbers *numbers, char **words)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	service_manager_forget();
	if (kind->many_files)
		spawn_raise_files();
	if (spawn_place(numbers))
		execv("/proc/self/exe", words);
	_exit(SPAWN_FAILED);
}

pid_t spawn_process(const struct process_kind *kind, const struct poised_options *options,
	const struct spawn_descriptors *descriptors)
{
	struct poised_options told = *options;
	struct spawn_numbers numbers = {};

	told.process = kind->name;
	told.channel_fd = spawn_number(&numbers, descriptors->channel);
	told.control_fd = spawn_number(&numbers, descriptors->control);
	told.lock_fd = spawn_number(&numbers, descriptors->lock);
	told.lease_fd = spawn_number(&numbers, descriptors->lease);
	told.claim_fd = spawn_number(&numbers, descriptors->claim);
	char **words = options_words(&told);
	pid_t pid = fork();
	if (pid == 0)
		spawn_become(kind, &numbers, words);
	if (pid < 0)
		pid = -errno;
	options_words_free(words);
	return pid;
}
