// SPDX-License-Identifier: GPL-2.0-or-later
/* Users of this machine: also where a name service says nothing. */
#include <errno.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/account.h"
#include "base/loop.h"

#define SECOND 1000000000ull

/* In the place of libc's: what the name service does. */
static enum {
	ANSWERS,
	HANGS,
	DIES
} service;

struct passwd *getpwnam(const char *name)
{
	static struct passwd user = {.pw_uid = 4711, .pw_gid = 4712};

	while (service == HANGS)
		pause();
	if (service == DIES)
		raise(SIGKILL);
	return strcmp(name, "of-the-network") == 0 ? &user : NULL;
}

static void no_child_is_left(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void the_file_is_asked_first(void **state)
{
	struct account account = {1, 1};

	(void)state;
	service = HANGS;
	assert_int_equal(account_find("root", 0, &account), 0);
	assert_int_equal(account.user, 0);
	assert_int_equal(account.group, 0);
	assert_int_equal(account_find("nobody", 0, &account), 0);
	assert_int_equal(account.user, 65534);
	no_child_is_left();
}

static void the_service_is_asked_then(void **state)
{
	struct account account = {1, 2};

	(void)state;
	service = ANSWERS;
	assert_int_equal(account_find("of-the-network", 60 * SECOND, &account), 0);
	assert_int_equal(account.user, 4711);
	assert_int_equal(account.group, 4712);
	assert_int_equal(account_find("of-nobody", 60 * SECOND, &account), -ESRCH);
	assert_int_equal(account.user, 4711);
	no_child_is_left();
}

static void a_service_that_hangs_is_left_alone(void **state)
{
	struct account account = {1, 2};

	(void)state;
	service = HANGS;
	uint64_t before = loop_clock();
	assert_int_equal(account_find("of-the-network", SECOND / 5, &account), -ETIMEDOUT);
	assert_true(loop_clock() - before >= SECOND / 5);
	assert_int_equal(account.user, 1);
	no_child_is_left();
	service = DIES;
	assert_int_equal(account_find("of-the-network", 60 * SECOND, &account), -EIO);
	no_child_is_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_is_asked_first),
		cmocka_unit_test(the_service_is_asked_then),
		cmocka_unit_test(a_service_that_hangs_is_left_alone),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
