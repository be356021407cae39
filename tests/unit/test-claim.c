// SPDX-License-Identifier: GPL-2.0-or-later
/* Who keeps virtual routers in a network namespace: each test has one of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
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

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, setup)
		TEST(one_has_it_at_a_time),
		TEST(who_looks_does_not_fill_it),
		TEST(another_user_keeps_nobody_out),
	};

	return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
