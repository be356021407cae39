// SPDX-License-Identifier: GPL-2.0-or-later
/* Who keeps virtual routers in a network namespace: each test has one of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/memory.h"
#include "daemon/claim.h"

#define NOBODY 65534

static int setup(void **state)
{
	(void)state;
	return unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 ? -errno : 0;
}

static void one_has_it_at_a_time(void **state)
{
	struct ucred holder;
	int one = claim_new(), other = claim_new();

	(void)state;
	assert_int_equal(claim_find(&holder), 0);
	assert_false(claim_is_held(one));
	assert_int_equal(claim_take(one, &holder), 0);
	assert_true(claim_is_held(one));
	assert_int_equal(claim_take(one, &holder), 0);
	assert_int_equal(claim_take(other, &holder), -EBUSY);
	assert_int_equal(holder.pid, getpid());
	assert_false(claim_is_held(other));
	close(one);
	assert_int_equal(claim_find(&holder), 0);
	assert_int_equal(claim_take(other, &holder), 0);
	close(other);
}

/* However often somebody looks, who is asked last is told as much as the first. */
static void who_looks_does_not_fill_it(void **state)
{
	struct ucred holder;
	int claim = claim_new();

	(void)state;
	assert_int_equal(claim_take(claim, &holder), 0);
	for (int i = 0; i < 20000; i++) {
		assert_int_equal(claim_find(&holder), -EBUSY);
		if (i % 1000 == 0)
			claim_hang_up(claim);
	}
	close(claim);
}

/* Has the name as another user, until it is killed. */
static pid_t squat(int ready)
{
	struct ucred holder;
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int claim = setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0
			    ? -1
			    : claim_new();
	bool good = claim >= 0 && claim_take(claim, &holder) == 0;
	(void)!write(ready, good ? "y" : "n", 1);
	pause();
	_exit(0);
}

static void another_user_keeps_nobody_out(void **state)
{
	struct ucred holder;
	int ready[2], claim = claim_new();
	char word = 0;

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(pipe(ready), 0);
	pid_t pid = squat(ready[1]);
	assert_true(pid > 0);
	assert_int_equal(read(ready[0], &word, 1), 1);
	assert_int_equal(word, 'y');
	assert_int_equal(claim_find(&holder), -EPERM);
	assert_int_equal(holder.uid, NOBODY);
	assert_int_equal(claim_take(claim, &holder), -EPERM);
	assert_int_equal(claim_await("/", NULL), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	close(claim);
}

#define HOLD_US 500000u

/* This program again, as a process of poised that winds up: it has the name for a while, and accepts nobody. */
static int hold(void)
{
	struct ucred holder;
	int claim = claim_new();

	if (claim_take(claim, &holder) < 0 || listen(claim, 1) < 0 || write(1, "y", 1) != 1)
		return 1;
	usleep(HOLD_US);
	return 0;
}

static pid_t spawn(int ready, const char *run_dir)
{
	_cleanup_free_ char *word = memory_printf("--run-dir=%s", run_dir);
	pid_t pid = fork();

	if (pid)
		return pid;
	dup2(ready, 1);
	execl("/proc/self/exe", "test-claim", word, NULL);
	_exit(1);
}

/* Who has the name; with both ends of the pipe that told of it. */
static void is_waited_for(pid_t pid, const int ready[static 2])
{
	struct ucred holder;

	assert_int_equal(claim_await("/", NULL), 0);
	assert_int_equal(claim_find(&holder), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(ready[0]);
	close(ready[1]);
}

static void who_winds_up_is_waited_for_however_short_his_queue_is(void **state)
{
	int ready[2];
	char word = 0;

	(void)state;
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t pid = spawn(ready[1], "/");
	assert_true(pid > 0);
	assert_int_equal(read(ready[0], &word, 1), 1);
	is_waited_for(pid, ready);
}

static void *end_later(void *data)
{
	(void)data;
	usleep(HOLD_US);
	_exit(0);
}

/* Has the name, and no command line: as any process that ends, for as long as that takes. */
static pid_t spawn_ending(int ready)
{
	struct ucred holder;
	pthread_t thread;
	pid_t pid = fork();

	if (pid)
		return pid;
	if (claim_take(claim_new(), &holder) < 0 ||
		pthread_create(&thread, NULL, end_later, NULL) != 0 || write(ready, "y", 1) != 1)
		_exit(1);
	pthread_exit(NULL);
}

static bool has_command_line(pid_t pid)
{
	_cleanup_free_ char *path = memory_printf("/proc/%d/cmdline", (int)pid);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char byte;

	return fd >= 0 && read(fd, &byte, 1) == 1;
}

static void who_ends_is_nobody_else(void **state)
{
	int ready[2];
	char word = 0;

	(void)state;
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t pid = spawn_ending(ready[1]);
	assert_true(pid > 0);
	assert_int_equal(read(ready[0], &word, 1), 1);
	while (has_command_line(pid))
		usleep(1000);
	is_waited_for(pid, ready);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strncmp(argv[1], "--run-dir=", strlen("--run-dir=")) == 0)
		return hold();

	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, setup)
		TEST(one_has_it_at_a_time),
		TEST(who_looks_does_not_fill_it),
		TEST(another_user_keeps_nobody_out),
		TEST(who_winds_up_is_waited_for_however_short_his_queue_is),
		TEST(who_ends_is_nobody_else),
	};

	return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
