// SPDX-License-Identifier: GPL-2.0-or-later
/* One writer: who holds the machine, and what others are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "base/memory.h"
#include "reconciler/lock.h"
#include "tests/support/folder.h"

#define MILLISECOND 1000000ull
#define SECOND      (1000 * MILLISECOND)

/* Another process with the lock: it says so through a pipe, then holds it for that long. */
static pid_t hold_elsewhere(const char *folder, const char *name, unsigned int milliseconds)
{
	int told[2];
	char byte;

	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (lock_take(folder, name, 0, NULL) < 0 || write(told[1], "x", 1) != 1)
			_exit(1);
		usleep(milliseconds * 1000);
		_exit(0);
	}
	assert_true(pid > 0);
	close(told[1]);
	assert_int_equal(read(told[0], &byte, 1), 1);
	close(told[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static void the_lock_makes_its_folder_and_names_its_holder(void **state)
{
	const char *folder = *state;
	_cleanup_free_ char *inner = folder_path(folder, "a/b");
	_cleanup_free_ char *expected = memory_printf("%d poise apply\n", getpid());
	_cleanup_close_ int fd = lock_take(inner, "poise apply", 0, NULL);

	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	_cleanup_free_ char *text = folder_read(inner, "lock");
	assert_string_equal(text, expected);
}

static void another_command_is_named(void **state)
{
	_cleanup_error_ struct error error = {};
	pid_t pid = hold_elsewhere(*state, "poise apply", 60000);
	_cleanup_free_ char *expected =
		memory_printf("another `poise apply` (pid %d) is running: wait for it to end", pid);

	assert_int_equal(lock_take(*state, "poise apply", 0, &error), -EBUSY);
	assert_string_equal(error.text, expected);
	end(pid);
}

static void the_daemon_is_named_with_the_way_out(void **state)
{
	_cleanup_error_ struct error error = {};
	pid_t pid = hold_elsewhere(*state, "poised", 60000);
	_cleanup_free_ char *expected = memory_printf(
		"poised (pid %d) keeps this machine as its files say: change them, run `poise "
		"reload`, or stop it first",
		pid);
	_cleanup_free_ char *already = memory_printf("poised runs here already (pid %d holds", pid);

	assert_int_equal(lock_take(*state, "poise apply", 0, &error), -EBUSY);
	assert_string_equal(error.text, expected);
	assert_int_equal(lock_take(*state, "poised", 0, &error), -EBUSY);
	assert_int_equal(strncmp(error.text, already, strlen(already)), 0);
	end(pid);
}

static void a_shorter_name_leaves_nothing_of_the_longer(void **state)
{
	_cleanup_free_ char *expected = memory_printf("%d x\n", getpid());

	close(lock_take(*state, "a very long name of a program", 0, NULL));
	_cleanup_close_ int fd = lock_take(*state, "x", 0, NULL);
	assert_true(fd >= 0);
	_cleanup_free_ char *text = folder_read(*state, "lock");
	assert_string_equal(text, expected);
}

static void a_lock_is_waited_for(void **state)
{
	pid_t pid = hold_elsewhere(*state, "poise apply", 150);
	uint64_t start = now();
	_cleanup_close_ int fd = lock_take(*state, "poise confirm", 30 * SECOND, NULL);

	assert_true(fd >= 0);
	assert_true(now() - start < 20 * SECOND);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Who cleans up the folder lets the next one in; whoever was there must learn of it. */
static void a_lock_that_was_removed_is_noticed(void **state)
{
	const char *folder = *state;
	_cleanup_close_ int fd = lock_take(folder, "poised", 0, NULL);
	_cleanup_error_ struct error error = {};

	assert_true(fd >= 0);
	assert_int_equal(lock_keep(folder, "poised", &fd, &error), 0);
	folder_drop(folder, "lock");
	assert_int_equal(lock_keep(folder, "poised", &fd, &error), 1);
	assert_int_equal(lock_keep(folder, "poised", &fd, &error), 0);
	assert_int_equal(lock_take(folder, "poised", 0, NULL), -EBUSY);
	folder_drop(folder, "lock");
	pid_t other = hold_elsewhere(folder, "poise apply", 60000);
	assert_int_equal(lock_keep(folder, "poised", &fd, &error), -EBUSY);
	assert_non_null(strstr(error.text, "`poise apply`"));
	end(other);
	assert_int_equal(lock_keep(folder, "poised", &fd, &error), 1);
	folder_drop(folder, "lock");
	other = hold_elsewhere(folder, "poised", 60000);
	error_clear(&error);
	assert_int_equal(lock_keep(folder, "poised", &fd, &error), -EEXIST);
	assert_non_null(strstr(error.text, "runs here already"));
	end(other);
}

static void a_wait_ends(void **state)
{
	_cleanup_error_ struct error error = {};
	_cleanup_close_ int held = lock_take(*state, "poise apply", 0, NULL);
	uint64_t start = now();

	assert_true(held >= 0);
	assert_int_equal(lock_take(*state, "poise apply", 100 * MILLISECOND, &error), -EBUSY);
	assert_true(now() - start >= 100 * MILLISECOND);
}

static void a_killed_holder_holds_no_more(void **state)
{
	pid_t pid = hold_elsewhere(*state, "poised", 60000);

	end(pid);
	_cleanup_close_ int fd = lock_take(*state, "poise apply", 0, NULL);
	assert_true(fd >= 0);
}

/* The new holder has locked the file and has not written yet. */
static void a_holder_that_does_not_say_who_it_is(void **state)
{
	static const char *const texts[] = {"", "poised\n", "0 poised\n", "-1 poised\n",
		"2147483647 poised\n", "99999999999999999999 poised\n", "12poised\n",
		("1 a name that is longer than any program of ours has, by far, and then some "
		 "more\n")};

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		_cleanup_error_ struct error error = {};
		_cleanup_free_ char *expected = memory_printf(
			"another process holds %s/lock: wait for it to end", (char *)*state);
		_cleanup_close_ int held = lock_take(*state, "poise apply", 0, NULL);

		assert_true(held >= 0);
		folder_write(*state, "lock", texts[i]);
		assert_int_equal(lock_take(*state, "poise apply", 0, &error), -EBUSY);
		assert_string_equal(error.text, expected);
	}
}

static void a_name_cannot_command_the_terminal(void **state)
{
	_cleanup_error_ struct error error = {};
	_cleanup_close_ int held = lock_take(*state, "x", 0, NULL);

	assert_true(held >= 0);
	folder_write(*state, "lock", "1 \033[31mred\nmore");
	assert_int_equal(lock_take(*state, "poise apply", 0, &error), -EBUSY);
	assert_string_equal(
		error.text, "another `?[31mred` (pid 1) is running: wait for it to end");
}

static void what_is_no_folder_is_said(void **state)
{
	_cleanup_error_ struct error error = {};
	_cleanup_free_ char *path = folder_path(*state, "file");
	_cleanup_free_ char *expected =
		memory_printf("cannot make the folder %s: Not a directory", path);

	folder_write(*state, "file", "");
	assert_int_equal(lock_take(path, "poise apply", 0, &error), -ENOTDIR);
	assert_string_equal(error.text, expected);
}

static void a_link_is_not_followed(void **state)
{
	_cleanup_error_ struct error error = {};
	_cleanup_free_ char *link = folder_path(*state, "lock");

	assert_int_equal(symlink("elsewhere", link), 0);
	assert_int_equal(lock_take(*state, "poise apply", 0, &error), -ELOOP);
	assert_non_null(error.text);
}

static void a_full_disk_is_no_reason_to_give_up_the_lock(void **state)
{
	_cleanup_error_ struct error error = {};

	folder_mount(*state, 4096);
	folder_write(*state, "lock", "");
	char filling[4096];
	memset(filling, 'x', sizeof(filling) - 1);
	filling[sizeof(filling) - 1] = '\0';
	folder_write(*state, "filling", filling);
	int fd = lock_take(*state, "poise apply", 0, NULL);
	assert_true(fd >= 0);
	assert_int_equal(lock_take(*state, "poise apply", 0, &error), -EBUSY);
	assert_non_null(strstr(error.text, "another process holds"));
	close(fd);
	folder_unmount(*state);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, folder_setup, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_lock_makes_its_folder_and_names_its_holder),
		TEST(another_command_is_named),
		TEST(the_daemon_is_named_with_the_way_out),
		TEST(a_shorter_name_leaves_nothing_of_the_longer),
		TEST(a_lock_is_waited_for),
		TEST(a_lock_that_was_removed_is_noticed),
		TEST(a_wait_ends),
		TEST(a_killed_holder_holds_no_more),
		TEST(a_holder_that_does_not_say_who_it_is),
		TEST(a_name_cannot_command_the_terminal),
		TEST(what_is_no_folder_is_said),
		TEST(a_link_is_not_followed),
		TEST(a_full_disk_is_no_reason_to_give_up_the_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
