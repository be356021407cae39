// SPDX-License-Identifier: GPL-2.0-or-later
/* exec and file checks: what an exit status and a file's content mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "health/reading.h"
#include "tests/support/checking.h"

/* ---- exec ---- */

static const char *exec_words[4] = {"/bin/sh", "-c", "exit 0"};

static int begin_exec(void **state)
{
	struct checking *world;

	checking_begin(state);
	world = *state;
	checking_kind(world, CONFIG_CHECK_EXEC);
	world->check.exec.command.items = exec_words;
	world->check.exec.command.count = 3;
	world->check.exec.user = "nobody";
	world->check.timeout = 10000 * CHECKING_MILLISECOND;
	return 0;
}

static struct checker_outcome run_script(struct checking *world, const char *script)
{
	exec_words[2] = script;
	return checking_run(world).outcome;
}

static void check_script(struct checking *world, const char *script, enum checker_result result,
	int32_t weight, const char *reason)
{
	struct checker_outcome outcome = run_script(world, script);

	assert_string_equal(outcome.reason, reason);
	assert_int_equal(outcome.result, result);
	assert_int_equal(outcome.weight, weight);
}

static void test_exec_status(void **state)
{
	struct checking *world = *state;

	check_script(world, "exit 0", CHECKER_RESULT_PASSED, VERDICT_NO_WEIGHT, "exit status 0");
	check_script(world, "exit 1", CHECKER_RESULT_FAILED, VERDICT_NO_WEIGHT, "exit status 1");
	check_script(world, "exit 3", CHECKER_RESULT_FAILED, VERDICT_NO_WEIGHT, "exit status 3");
	check_script(
		world, "kill -9 $$", CHECKER_RESULT_FAILED, VERDICT_NO_WEIGHT, "killed by SIGKILL");
}

static void test_exec_weight(void **state)
{
	struct checking *world = *state;

	world->check.exec.sets_weight = true;
	check_script(world, "exit 0", CHECKER_RESULT_PASSED, VERDICT_NO_WEIGHT, "exit status 0");
	check_script(world, "exit 1", CHECKER_RESULT_FAILED, VERDICT_NO_WEIGHT, "exit status 1");
	check_script(world, "exit 2", CHECKER_RESULT_PASSED, 0, "exit status 2: weight 0");
	check_script(world, "exit 3", CHECKER_RESULT_PASSED, 1, "exit status 3: weight 1");
	check_script(world, "exit 255", CHECKER_RESULT_PASSED, 253, "exit status 255: weight 253");
	check_script(
		world, "kill -1 $$", CHECKER_RESULT_FAILED, VERDICT_NO_WEIGHT, "killed by SIGHUP");
}

/* What is probed, and no more. */
static void test_exec_environment(void **state)
{
	struct checking *world = *state;

	checking_aim(world, "2001:db8::1", 8080);
	setenv("SECRET", "x", 1);
	check_script(world,
		"test \"$POISE_ADDRESS $POISE_PORT $POISE_CHECK\" = '2001:db8::1 8080 test' || "
		"exit 4\n"
		"test \"$(tr '\\0' '\\n' < /proc/$$/environ | wc -l)\" = 4 || exit 5\n"
		"test -z \"$SECRET\" && command -v ls > /dev/null && exit 0; exit 6",
		CHECKER_RESULT_PASSED, VERDICT_NO_WEIGHT, "exit status 0");
}

/* The runner keeps its time. */
static void test_exec_late(void **state)
{
	struct checking *world = *state;

	world->check.timeout = 300 * CHECKING_MILLISECOND;
	check_script(world, "trap '' TERM; sleep 4101 & sleep 4101", CHECKER_RESULT_FAILED,
		VERDICT_NO_WEIGHT, "killed after 300ms");
}

/* The runner says nothing. */
static int64_t run_silent(void *runner, const struct checker_program *program,
	void (*done)(void *data, int status), void *data)
{
	(void)program;
	*(void **)runner = data;
	(void)done;
	return 1;
}

static void cancel_never(void *runner, int64_t number)
{
	(void)runner;
	(void)number;
	fail();
}

static int64_t run_refused(void *runner, const struct checker_program *program,
	void (*done)(void *data, int status), void *data)
{
	(void)runner;
	(void)program;
	(void)done;
	(void)data;
	return -ENOBUFS;
}

static void test_exec_runner(void **state)
{
	struct checking *world = *state;

	checking_open(world);
	world->runner = (struct checker_runner){run_refused, cancel_never, NULL};
	struct checking_probe probe;
	checking_start(world, &probe);
	checking_wait(world, &probe, 1);
	assert_int_equal(probe.outcome.result, CHECKER_RESULT_UNTRIED);
	assert_string_equal(probe.outcome.reason, "run: no buffer space");
}

static size_t cancelled;

static void cancel_counted(void *runner, int64_t number)
{
	(void)runner;
	assert_int_equal(number, 1);
	cancelled++;
}

static void test_exec_cancelled(void **state)
{
	struct checking *world = *state;
	struct checking_probe probe;
	void *data;

	checking_open(world);
	world->runner = (struct checker_runner){run_silent, cancel_counted, &data};
	world->check.timeout = 50 * CHECKING_MILLISECOND;
	cancelled = 0;
	checking_start(world, &probe);
	checking_wait(world, &probe, 1);
	assert_true(probe.expired);
	assert_true(probe.took >= 50 * CHECKING_MILLISECOND + RUNS_KILL_LIMIT);
	assert_int_equal(probe.outcome.result, CHECKER_RESULT_UNTRIED);
	assert_string_equal(probe.outcome.reason, "run: what runs programs does not answer");
	assert_false(probe.outcome.late);
	assert_int_equal(cancelled, 1);
}

/* The runner says what came of it when the time is over already. */
static int64_t run_with_late_news(void *runner, const struct checker_program *program,
	void (*done)(void *data, int status), void *data)
{
	const struct checker_runner here = checker_runner_here(runner);
	static const char *const words[] = {"/bin/sleep", "0.3", NULL};
	struct checker_program sleeps = *program;

	sleeps.words = words;
	sleeps.timeout = CHECKING_PATIENCE;
	return here.run(runner, &sleeps, done, data);
}

static void test_exec_late_news(void **state)
{
	struct checking *world = *state;
	struct checking_probe probe;

	checking_open(world);
	world->runner.run = run_with_late_news;
	world->check.timeout = 20 * CHECKING_MILLISECOND;
	checking_start(world, &probe);
	checking_wait(world, &probe, 1);
	assert_false(probe.expired);
	assert_string_equal(probe.outcome.reason, "exit status 0");
}

/* Who answers for users does not, in the place of libc's own: no server is at fault. */
static bool lookup_hangs;

struct passwd *getpwnam(const char *name)
{
	static struct passwd user;
	static char texts[1024];
	struct passwd *found = NULL;

	while (lookup_hangs)
		pause();
	errno = getpwnam_r(name, &user, texts, sizeof(texts), &found);
	return found;
}

static void test_exec_hanging_lookup(void **state)
{
	struct checking *world = *state;

	/* Long enough for the program's process to come to the lookup on a machine that is busy. */
	world->check.timeout = 1000 * CHECKING_MILLISECOND;
	lookup_hangs = true;
	check_script(world, "exit 0", CHECKER_RESULT_UNTRIED, VERDICT_NO_WEIGHT,
		"run: user nobody cannot be looked up");
	lookup_hangs = false;
}

/* A file as a program; the caller unlinks it. */
static char *make_program(const char *text, mode_t mode)
{
	char *path = memory_copy_string("/tmp/poise-exec.XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	return path;
}

static void cannot_run(struct checking *world, const char *program, const char *words)
{
	_cleanup_free_ char *reason = memory_printf("%s: %s", program, words);

	exec_words[0] = program;
	check_script(world, "exit 0", CHECKER_RESULT_UNTRIED, VERDICT_NO_WEIGHT, reason);
	exec_words[0] = "/bin/sh";
}

static void cannot_run_file(
	struct checking *world, const char *text, mode_t mode, const char *words)
{
	_cleanup_free_ char *path = make_program(text, mode);

	cannot_run(world, path, words);
	unlink(path);
}

/* What is wrong with this machine or its files says nothing of the server. */
static void test_exec_cannot(void **state)
{
	struct checking *world = *state;

	world->check.exec.user = "root";
	check_script(world, "exit 0", CHECKER_RESULT_UNTRIED, VERDICT_NO_WEIGHT,
		"run: not permitted as user root");
	world->check.exec.user = "no-such-user";
	check_script(world, "exit 0", CHECKER_RESULT_UNTRIED, VERDICT_NO_WEIGHT,
		"run: no user no-such-user");
	world->check.exec.user = "nobody";
	cannot_run(world, "/no/such/check", "no such file");
	cannot_run(world, "/etc/passwd", "permission denied");
	cannot_run(world, "/tmp", "is a directory");
	cannot_run(world, "/etc/passwd/check", "not a directory");
	cannot_run_file(world, "#!/bin/sh\n", 0600, "permission denied");
	cannot_run_file(world, "#!/no/such/shell\n", 0755, "no such file");
	cannot_run_file(world, "no program\n", 0755, "exec format error");
}

static void test_exec_written(void **state)
{
	struct checking *world = *state;
	_cleanup_free_ char *path = make_program("#!/bin/sh\n", 0755);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	cannot_run(world, path, "text file busy");
	close(fd);
	unlink(path);
}

static void test_exec_many(void **state)
{
	struct checking *world = *state;
	struct checking_probe probes[200];

	exec_words[2] = "exit 7";
	world->check.timeout = 60000 * CHECKING_MILLISECOND;
	for (size_t i = 0; i < ARRAY_LENGTH(probes); i++)
		checking_start(world, &probes[i]);
	checking_wait(world, probes, ARRAY_LENGTH(probes));
	for (size_t i = 0; i < ARRAY_LENGTH(probes); i++)
		assert_string_equal(probes[i].outcome.reason, "exit status 7");
}

/* ---- file ---- */

static char file_folder[] = "/tmp/poise-file.XXXXXX";
static char *file_path;

static int begin_file(void **state)
{
	struct checking *world;

	checking_begin(state);
	world = *state;
	strcpy(file_folder + sizeof(file_folder) - 7, "XXXXXX");
	assert_non_null(mkdtemp(file_folder));
	file_path = memory_printf("%s/weight", file_folder);
	checking_kind(world, CONFIG_CHECK_FILE);
	world->check.file.path = file_path;
	return 0;
}

static int end_file(void **state)
{
	unlink(file_path);
	rmdir(file_folder);
	free(file_path);
	return checking_end(state);
}

static void check_outcome(struct checking *world, int32_t weight, const char *reason)
{
	struct checker_outcome outcome = checking_run(world).outcome;

	assert_string_equal(outcome.reason, reason);
	assert_int_equal(outcome.weight, weight);
	assert_int_equal(outcome.result,
		weight == VERDICT_NO_WEIGHT ? CHECKER_RESULT_FAILED : CHECKER_RESULT_PASSED);
}

static void check_content(struct checking *world, const char *content, size_t size, int32_t weight,
	const char *reason)
{
	assert_int_equal(file_replace(file_path, content, size, 0644), 0);
	check_outcome(world, weight, reason);
}

static void test_file_numbers(void **state)
{
	struct checking *world = *state;

	check_content(world, "0", 1, 0, "weight 0");
	check_content(world, "1\n", 2, 1, "weight 1");
	check_content(world, "100\n", 4, 100, "weight 100");
	check_content(world, "65535\n", 6, 65535, "weight 65535");
	check_content(world, "007\n", 4, 7, "weight 7");
	check_content(world, "000", 3, 0, "weight 0");
}

static void test_file_no_numbers(void **state)
{
	static const struct {
		const char *content, *reason;
		size_t size;
	} cases[] = {
		{"", "\"\" is no number from 0 to 65535", 0},
		{"\n", "\"\" is no number from 0 to 65535", 1},
		{"7 ", "\"7 \" is no number from 0 to 65535", 2},
		{"7 \n", "\"7 \" is no number from 0 to 65535", 3},
		{" 7", "\" 7\" is no number from 0 to 65535", 2},
		{"5\r\n", "\"5\\r\" is no number from 0 to 65535", 3},
		{"5\t", "\"5\\t\" is no number from 0 to 65535", 2},
		{"65536", "\"65536\" is no number from 0 to 65535", 5},
		{"-1", "\"-1\" is no number from 0 to 65535", 2},
		{"0x7", "\"0x7\" is no number from 0 to 65535", 3},
		{"065536", "\"065536\" is no number from 0 to 65535", 6},
		{"5\n\n", "\"5\\n\" is no number from 0 to 65535", 3},
		{"5\0", "\"5\\x00\" is no number from 0 to 65535", 2},
		{"up\n", "\"up\" is no number from 0 to 65535", 3},
		{"\x1b[2J", "\"\\x1b[2J\" is no number from 0 to 65535", 4},
		{"18446744073709551617", "\"18446744073709551617\" is no number from 0 to 65535",
			20},
	};
	struct checking *world = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		check_content(
			world, cases[i].content, cases[i].size, VERDICT_NO_WEIGHT, cases[i].reason);
}

/* Whoever empties the file first is waited for, as long as the probe's time or a second. */
static struct loop_source *writing;

static void write_it_now(void *data)
{
	struct checking_probe *probe = data;

	writing = loop_source_free(writing);
	assert_non_null(probe->run);
	assert_int_equal(file_replace(file_path, "30\n", 3, 0644), 0);
}

static void test_file_emptied(void **state)
{
	struct checking *world = *state;
	struct checking_probe probe;

	assert_int_equal(file_replace(file_path, "", 0, 0644), 0);
	checking_open(world);
	size_t before = checking_count_descriptors();
	checking_start(world, &probe);
	assert_int_equal(checking_count_descriptors(), before);
	assert_int_equal(loop_add_timer(world->loop, write_it_now, &probe, &writing), 0);
	loop_timer_set(writing, loop_clock() + 100 * CHECKING_MILLISECOND);
	checking_wait(world, &probe, 1);
	assert_string_equal(probe.outcome.reason, "weight 30");
	assert_int_equal(probe.outcome.weight, 30);
}

static void test_file_stays_empty(void **state)
{
	static const uint64_t milliseconds[] = {20000, 300};
	struct checking *world = *state;

	assert_int_equal(file_replace(file_path, "", 0, 0644), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(milliseconds); i++) {
		world->check.timeout = milliseconds[i] * CHECKING_MILLISECOND;
		struct checking_probe probe = checking_run(world);

		assert_string_equal(probe.outcome.reason, "\"\" is no number from 0 to 65535");
		assert_int_equal(probe.outcome.result, CHECKER_RESULT_FAILED);
		assert_int_equal(probe.expired, i == 1);
		assert_true(probe.took >= (i == 0 ? 1000 : 300) * CHECKING_MILLISECOND);
		assert_true(i == 1 || probe.took < 10000 * CHECKING_MILLISECOND);
	}
}

static void test_file_sizes(void **state)
{
	struct checking *world = *state;
	char content[4096];

	memset(content, '1', sizeof(content));
	check_content(world, content, 65, VERDICT_NO_WEIGHT, "more than a number");
	check_content(world, content, sizeof(content), VERDICT_NO_WEIGHT, "more than a number");
	memset(content, '\1', 32);
	check_content(world, content, 32, VERDICT_NO_WEIGHT,
		"\"\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01"
		"...\" is no "
		"number from 0 to 65535");
	memset(content, '1', 32);
	assert_int_equal(file_replace(file_path, content, 64, 0644), 0);
	assert_int_equal(checking_run(world).outcome.result, CHECKER_RESULT_FAILED);
}

/* None of them is waited for. */
static void test_file_kinds(void **state)
{
	struct checking *world = *state;

	check_outcome(world, VERDICT_NO_WEIGHT, "read: no such file");
	assert_int_equal(mkfifo(file_path, 0644), 0);
	check_outcome(world, VERDICT_NO_WEIGHT, "not a regular file");
	unlink(file_path);
	world->check.file.path = "/dev/zero";
	check_outcome(world, VERDICT_NO_WEIGHT, "not a regular file");
	world->check.file.path = file_folder;
	check_outcome(world, VERDICT_NO_WEIGHT, "not a regular file");
	world->check.file.path = "/proc/self/mem/x";
	check_outcome(world, VERDICT_NO_WEIGHT, "read: not a directory");
	/* As some make it: a link to what counts now. */
	assert_int_equal(symlink("/proc/sys/net/ipv4/tcp_sack", file_path), 0);
	world->check.file.path = file_path;
	assert_int_equal(checking_run(world).outcome.result, CHECKER_RESULT_PASSED);
}

static void test_file_descriptors(void **state)
{
	struct checking *world = *state;

	assert_int_equal(file_replace(file_path, "1", 1, 0644), 0);
	checking_open(world);
	size_t before = checking_count_descriptors();
	struct checking_probe probes[10];
	for (size_t i = 0; i < ARRAY_LENGTH(probes); i++)
		checking_start(world, &probes[i]);
	assert_int_equal(checking_count_descriptors(), before);
	checking_wait(world, probes, ARRAY_LENGTH(probes));
}

#define EXEC(test)  cmocka_unit_test_setup_teardown(test, begin_exec, checking_end)
#define FILE_(test) cmocka_unit_test_setup_teardown(test, begin_file, end_file)
#define APART(test) cmocka_unit_test_setup_teardown(test, begin_file_apart, end_file_apart)

/* Read by others. */

#define FILE_READERS 4

/* Of this process and of those that read, which each have a word of it. */
static struct {
	int count;
	pid_t pids[2 * FILE_READERS];
} * file_readers;

static int file_confine(_unused_ void *data)
{
	file_readers->pids[__atomic_fetch_add(&file_readers->count, 1, __ATOMIC_SEQ_CST)] =
		getpid();
	return 0;
}

static int begin_file_apart(void **state)
{
	begin_file(state);
	((struct checking *)*state)->confine = file_confine;
	file_readers = mmap(NULL, sizeof(*file_readers), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return file_readers == MAP_FAILED;
}

static int end_file_apart(void **state)
{
	munmap(file_readers, sizeof(*file_readers));
	return end_file(state);
}

/* What is asked first is asked of the first of them. */
static void wait_for_readers(struct checking *world)
{
	const struct timespec nap = {.tv_nsec = 1000000};

	file_readers->count = 0;
	checking_open(world);
	while (__atomic_load_n(&file_readers->count, __ATOMIC_SEQ_CST) < FILE_READERS)
		nanosleep(&nap, NULL);
}

static void signal_readers(int number)
{
	for (int i = 0; i < FILE_READERS; i++)
		assert_int_equal(kill(file_readers->pids[i], number), 0);
}

/* That which was started first, which is asked first. */
static void stop_the_first_reader(void)
{
	pid_t first = file_readers->pids[0];

	for (int i = 1; i < FILE_READERS; i++)
		first = MIN(first, file_readers->pids[i]);
	assert_int_equal(kill(first, SIGSTOP), 0);
}

static void test_file_is_read_by_others(void **state)
{
	struct checking *world = *state;

	wait_for_readers(world);
	check_content(world, "7\n", 2, 7, "weight 7");
	wait_for_readers(world);
	check_content(world, "up\n", 3, VERDICT_NO_WEIGHT, "\"up\" is no number from 0 to 65535");
	assert_int_equal(unlink(file_path), 0);
	wait_for_readers(world);
	check_outcome(world, VERDICT_NO_WEIGHT, "read: no such file");
}

/* Of two in the folder that hangs, and one in another: only that is known. */
static void test_file_hangs(void **state)
{
	struct checking *world = *state;
	char other[] = "/tmp/poise-file.XXXXXX";
	struct checking_probe probes[3];
	struct config_check check;

	assert_non_null(mkdtemp(other));
	_cleanup_free_ char *path = memory_printf("%s/weight", other);
	assert_int_equal(file_replace(path, "8\n", 2, 0644), 0);
	world->check.timeout = 300 * CHECKING_MILLISECOND;
	check = world->check;
	check.file.path = path;
	wait_for_readers(world);
	stop_the_first_reader();
	checking_start(world, &probes[0]);
	checking_start(world, &probes[1]);
	checking_start_check(world, &check, &probes[2]);
	checking_wait(world, probes, 3);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(probes[i].outcome.result, CHECKER_RESULT_UNTRIED);
		assert_string_equal(
			probes[i].outcome.reason, "read: the file system does not answer");
	}
	assert_string_equal(probes[2].outcome.reason, "weight 8");
	signal_readers(SIGCONT);
	unlink(path);
	rmdir(other);
}

static void file_stop_at_once(void *data, const struct reading *reading)
{
	assert_int_equal(reading->size, 1);
	loop_stop(data, 0);
}

#define FILE_DESCRIPTORS 64

/* What can be had is taken: each reader keeps one descriptor here, and needs two at first. */
static void check_few_readers(struct loop *loop, int free_descriptors, int code)
{
	struct reading_ask *ask = NULL;
	int taken[FILE_DESCRIPTORS], count = 0;
	struct rlimit limit, less;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	less = limit;
	less.rlim_cur = FILE_DESCRIPTORS;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &less), 0);
	while ((taken[count] = dup(0)) >= 0)
		count++;
	while (free_descriptors--)
		close(taken[--count]);
	struct readers *readers = readers_new(loop, file_confine, NULL);
	while (count)
		close(taken[--count]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(readers_ask(readers, file_path, file_stop_at_once, loop, &ask), code);
	if (code == 0)
		assert_int_equal(loop_run(loop), 0);
	readers_free(readers);
}

static void test_file_few_readers(void **state)
{
	_cleanup_loop_ struct loop *loop = NULL;

	(void)state;
	assert_int_equal(file_replace(file_path, "7", 1, 0644), 0);
	assert_int_equal(loop_new(&loop), 0);
	check_few_readers(loop, 1, -ECHILD);
	check_few_readers(loop, 3, 0);
}

static void test_file_readers_die(void **state)
{
	struct checking *world = *state;

	wait_for_readers(world);
	signal_readers(SIGKILL);
	for (int i = 0; i < FILE_READERS; i++)
		assert_int_equal(waitpid(file_readers->pids[i], NULL, 0), file_readers->pids[i]);
	checking_expect(world, CHECKER_RESULT_UNTRIED, "read: its reader was killed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EXEC(test_exec_status),
		EXEC(test_exec_weight),
		EXEC(test_exec_environment),
		EXEC(test_exec_late),
		EXEC(test_exec_runner),
		EXEC(test_exec_cancelled),
		EXEC(test_exec_late_news),
		EXEC(test_exec_hanging_lookup),
		EXEC(test_exec_cannot),
		EXEC(test_exec_written),
		EXEC(test_exec_many),
		FILE_(test_file_numbers),
		FILE_(test_file_no_numbers),
		FILE_(test_file_emptied),
		FILE_(test_file_stays_empty),
		FILE_(test_file_sizes),
		FILE_(test_file_kinds),
		FILE_(test_file_descriptors),
		APART(test_file_is_read_by_others),
		APART(test_file_hangs),
		APART(test_file_few_readers),
		APART(test_file_readers_die),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
