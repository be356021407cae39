// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs run by us: what they are given, how they end, and that nothing of them is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/run.h"

#define MILLISECOND 1000000ull
#define NEVER       12345
/* Looks, 20 ms apart, for what must come. */
#define LOOKS 1500

/* `folder` is for all to write into: what programs tell of themselves. */
struct world {
	struct loop *loop;
	struct runs *runs;
	char *folder;
	const char *user;
	bool root_allowed;
	uint64_t timeout, took;
	int status;
	size_t waiting;
	struct loop_source *timer;
};

static int begin(void **state)
{
	struct world *world = memory_new(sizeof(*world));
	char name[] = "/tmp/poise-run.XXXXXX";

	assert_int_equal(loop_new(&world->loop), 0);
	runs_new(world->loop, &world->runs);
	world->folder = memory_copy_string(mkdtemp(name));
	assert_int_equal(chmod(world->folder, 0777), 0);
	world->user = "nobody";
	world->timeout = 20000 * MILLISECOND;
	*state = world;
	return 0;
}

static int end(void **state)
{
	struct world *world = *state;
	_cleanup_free_ char *command = memory_printf("rm -rf %s", world->folder);

	runs_free(world->runs);
	loop_source_free(world->timer);
	loop_free(world->loop);
	assert_int_equal(system(command), 0);
	free(world->folder);
	free(world);
	return 0;
}

static void on_done(void *data, int status)
{
	struct world *world = data;

	world->status = status;
	if (--world->waiting == 0)
		loop_stop(world->loop, 0);
}

static int64_t start(struct world *world, const char *const *words)
{
	_cleanup_free_ char *folder = memory_printf("FOLDER=%s", world->folder);
	const char *const environment[] = {"PATH=/usr/bin:/bin", folder, NULL};
	const struct runs_program program = {.words = words,
		.environment = environment,
		.user = world->user,
		.root_allowed = world->root_allowed,
		.timeout = world->timeout};

	world->waiting++;
	return runs_start(world->runs, &program, on_done, world);
}

static int run(struct world *world, const char *const *words)
{
	uint64_t before = loop_clock();

	world->status = NEVER;
	assert_true(start(world, words) > 0);
	assert_int_equal(loop_run(world->loop), 0);
	world->took = loop_clock() - before;
	assert_int_equal(runs_count(world->runs), 0);
	return world->status;
}

static int run_shell(struct world *world, const char *script)
{
	const char *const words[] = {"/bin/sh", "-c", script, NULL};

	return run(world, words);
}

static const char *told(struct world *world, const char *name, char text[static 4096])
{
	_cleanup_free_ char *path = memory_printf("%s/%s", world->folder, name);
	_cleanup_free_ char *content = NULL;
	size_t size;

	text[0] = '\0';
	if (file_read(AT_FDCWD, path, 4000, &content, &size) == 0)
		memcpy(text, content, size + 1);
	return text;
}

/* Processes that have the environment that ours are given: zombies have none. */
static size_t count_processes(const struct world *world)
{
	DIR *directory = opendir("/proc");
	const struct dirent *entry;
	size_t count = 0;

	while ((entry = readdir(directory))) {
		_cleanup_free_ char *path = memory_printf("/proc/%s/environ", entry->d_name);
		_cleanup_free_ char *environment = NULL;
		size_t size;
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9' ||
			file_read(AT_FDCWD, path, 1 << 20, &environment, &size) < 0)
			continue;
		count += memmem(environment, size, world->folder, strlen(world->folder)) != NULL;
	}
	closedir(directory);
	return count;
}

/* Nobody says when. */
static void wait_for_none(const struct world *world)
{
	for (size_t i = 0; i < LOOKS && count_processes(world); i++)
		usleep(20000);
	assert_int_equal(count_processes(world), 0);
}

static void wait_for_some(const struct world *world, size_t count)
{
	for (size_t i = 0; i < LOOKS && count_processes(world) < count; i++)
		usleep(20000);
	assert_true(count_processes(world) >= count);
}

static void assert_no_children(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* ---- How it ends ---- */

static void test_status(void **state)
{
	struct world *world = *state;

	/* A loop runs once. */
	int status = run_shell(world, "exit 3");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
	assert_no_children();
}

static void test_signal(void **state)
{
	int status = run_shell(*state, "kill -USR1 $$");

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGUSR1);
}

/* Each exit status that there is, all at once. */
struct exit_status {
	struct world *world;
	int status;
};

static void on_exit_status(void *data, int status)
{
	struct exit_status *one = data;

	one->status = status;
	on_done(one->world, status);
}

static void test_each_status(void **state)
{
	struct world *world = *state;
	struct exit_status all[256];
	const char *const environment[] = {NULL};

	for (int i = 0; i < 256; i++) {
		_cleanup_free_ char *script = memory_printf("exit %d", i);
		const char *const words[] = {"/bin/sh", "-c", script, NULL};
		const struct runs_program program = {.words = words,
			.environment = environment,
			.user = "nobody",
			.timeout = world->timeout};
		all[i] = (struct exit_status){.world = world, .status = NEVER};
		world->waiting++;
		assert_true(runs_start(world->runs, &program, on_exit_status, &all[i]) > 0);
	}
	assert_int_equal(loop_run(world->loop), 0);
	for (int i = 0; i < 256; i++)
		assert_int_equal(all[i].status, i << 8);
	assert_no_children();
}

static void test_missing(void **state)
{
	const char *const words[] = {"/no/such/program", NULL};

	assert_int_equal(run(*state, words), -ENOENT);
}

static void test_not_executable(void **state)
{
	const char *const words[] = {"/etc/passwd", NULL};

	assert_int_equal(run(*state, words), -EACCES);
}

static void test_directory(void **state)
{
	const char *const words[] = {"/tmp", NULL};

	assert_int_equal(run(*state, words), -EACCES);
}

static void test_root_refused(void **state)
{
	struct world *world = *state;

	world->user = "root";
	assert_int_equal(run_shell(world, "exit 0"), -EPERM);
}

static void test_own_user_is_root_too(void **state)
{
	struct world *world = *state;

	world->user = NULL;
	assert_int_equal(run_shell(world, "exit 0"), -EPERM);
}

static void test_root_allowed(void **state)
{
	struct world *world = *state;

	world->user = NULL;
	world->root_allowed = true;
	assert_int_equal(run_shell(world, "test \"$(id -u)\" = 0"), 0);
}

static void test_no_such_user(void **state)
{
	struct world *world = *state;

	world->user = "no-such-user-here";
	assert_int_equal(run_shell(world, "exit 0"), -ESRCH);
}

/* ---- Slow networks, in the place of libc's own ---- */

static int lookup_error;
static bool lookup_hangs;
static int lookup_signal; /* that it dies of; 0: none */

struct passwd *getpwnam(const char *name)
{
	static struct passwd user;
	static char texts[1024];
	struct passwd *found = NULL;

	while (lookup_hangs)
		pause();
	if (lookup_signal)
		raise(lookup_signal);
	errno = lookup_error;
	if (!lookup_error)
		errno = getpwnam_r(name, &user, texts, sizeof(texts), &found);
	return found;
}

#define SLOW_PROGRAM    "/slow/program"
#define HANGING_PROGRAM "/hanging/program"

int execve(const char *path, char *const *words, char *const *variables)
{
	while (strcmp(path, HANGING_PROGRAM) == 0)
		pause();
	if (strcmp(path, SLOW_PROGRAM) != 0)
		return (int)syscall(SYS_execve, path, words, variables);
	errno = ETIMEDOUT;
	return -1;
}

/* Whoever answers for users does not: no such user is another thing, and neither is the program's time over. */
static void test_lookup_fails(void **state)
{
	struct world *world = *state;

	world->user = "nobody";
	lookup_error = ETIMEDOUT;
	int status = run_shell(world, "exit 0");
	lookup_error = 0;
	assert_int_equal(status, -EREMOTEIO);
}

static void test_slow_folder(void **state)
{
	const char *const words[] = {SLOW_PROGRAM, NULL};

	assert_int_equal(run(*state, words), -EIO);
}

/* Its time is over, or it dies, before it is the program: none of that is the program's doing. */
static void test_lookup_hangs(void **state)
{
	struct world *world = *state;

	/* Long enough for its process to come to the lookup on a machine that is busy. */
	world->timeout = 1000 * MILLISECOND;
	lookup_hangs = true;
	int status = run_shell(world, "exit 0");
	lookup_hangs = false;
	assert_int_equal(status, -EREMOTEIO);
}

static void test_lookup_dies(void **state)
{
	lookup_signal = SIGKILL;
	int status = run_shell(*state, "exit 0");
	lookup_signal = 0;
	assert_int_equal(status, -EREMOTEIO);
}

static void test_hanging_folder(void **state)
{
	const char *const words[] = {HANGING_PROGRAM, NULL};
	struct world *world = *state;

	world->timeout = 100 * MILLISECOND;
	assert_int_equal(run(world, words), -ETIME);
}

/* The name of a process may look like what is read behind it. */
static void test_odd_name(void **state)
{
	struct world *world = *state;

	world->timeout = 500 * MILLISECOND;
	assert_int_equal(run_shell(world, "cd $FOLDER && cp /bin/sleep ') S 1 1 64' && "
					  "exec './) S 1 1 64' 4101"),
		-ETIMEDOUT);
}

/* ---- What it is given ---- */

static void test_words(void **state)
{
	struct world *world = *state;
	char text[4096];
	/* Nothing in them means anything to anybody. */
	const char *const words[] = {"/bin/sh", "-c", "printf '%s|' \"$@\" > \"$FOLDER/words\"",
		"sh", "$(id)", "; exit 1", "*", "", "a b", NULL};

	assert_int_equal(run(world, words), 0);
	assert_string_equal(told(world, "words", text), "$(id)|; exit 1|*||a b|");
}

static void test_environment(void **state)
{
	struct world *world = *state;
	char text[4096];
	_cleanup_free_ char *wanted =
		memory_printf("PATH=/usr/bin:/bin\nFOLDER=%s\n", world->folder);
	const char *const words[] = {"/bin/sh", "-c",
		"tr '\\0' '\\n' < /proc/$$/environ > \"$FOLDER/environment\"", NULL};

	setenv("SECRET", "x", 1);
	assert_int_equal(run(world, words), 0);
	assert_string_equal(told(world, "environment", text), wanted);
}

static void test_user_and_groups(void **state)
{
	struct world *world = *state;
	char text[4096], wanted[256];
	const struct passwd *nobody = getpwnam("nobody");

	assert_non_null(nobody);
	/* Groups of ours that are not his. */
	const gid_t groups[] = {4, 20};
	assert_int_equal(setgroups(ARRAY_LENGTH(groups), groups), 0);
	snprintf(wanted, sizeof(wanted), "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n",
		nobody->pw_uid, nobody->pw_uid, nobody->pw_uid, nobody->pw_uid, nobody->pw_gid,
		nobody->pw_gid, nobody->pw_gid, nobody->pw_gid);
	assert_int_equal(
		run_shell(world,
			"grep -E '^(Uid|Gid):' /proc/self/status > \"$FOLDER/ids\"\n"
			"grep -E '^Cap(Prm|Eff|Amb):' /proc/self/status > \"$FOLDER/caps\"\n"
			"id -G > \"$FOLDER/groups\""),
		0);
	assert_string_equal(told(world, "ids", text), wanted);
	assert_string_equal(told(world, "caps", text),
		"CapPrm:\t0000000000000000\nCapEff:"
		"\t0000000000000000\nCapAmb:\t0000000000000000\n");
	snprintf(wanted, sizeof(wanted), "%u\n", nobody->pw_gid);
	assert_string_equal(told(world, "groups", text), wanted);
}

/* Descriptors, signals, directory, session: as if nobody had ever had it. */
static void test_clean(void **state)
{
	struct world *world = *state;
	char text[4096];
	int leaked = fcntl(0, F_DUPFD, 50);

	signal(SIGPIPE, SIG_IGN);
	int status = run_shell(world,
		/* The shell itself looks, so that no pipe of its making is there; but the folder, while it lists it. */
		"for fd in 0 1 2; do test /proc/$$/fd/$fd -ef /dev/null || exit 11; done\n"
		"for link in /proc/$$/fd/*; do\n"
		"test -L $link && test ${link##*/} -gt 2 && exit 12\n"
		"done\n"
		"grep -E '^Sig(Blk|Ign):' /proc/self/status > \"$FOLDER/signals\"\n"
		"pwd > \"$FOLDER/pwd\"; umask > \"$FOLDER/umask\"\n"
		"set -- $(cat /proc/$$/stat); test \"$6\" = $$ && echo own > \"$FOLDER/session\"");
	signal(SIGPIPE, SIG_DFL);
	close(leaked);
	assert_int_equal(status, 0);
	assert_string_equal(told(world, "signals", text),
		"SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	assert_string_equal(told(world, "pwd", text), "/\n");
	assert_string_equal(told(world, "umask", text), "0022\n");
	assert_string_equal(told(world, "session", text), "own\n");
}

/* ---- That nothing is left ---- */

static void check_killed(struct world *world, const char *script)
{
	world->timeout = 500 * MILLISECOND;
	assert_int_equal(run_shell(world, script), -ETIMEDOUT);
	assert_in_range(world->took, 490 * MILLISECOND, 30000 * MILLISECOND);
	assert_int_equal(count_processes(world), 0);
	assert_no_children();
}

static void test_hangs(void **state)
{
	check_killed(*state, "sleep 4001");
}

static void test_ignores_signals(void **state)
{
	check_killed(*state, "trap '' TERM HUP INT QUIT; while :; do sleep 4002; done");
}

static void test_forks(void **state)
{
	check_killed(
		*state, "sleep 4003 & sleep 4003 & (sleep 4003 & sleep 4003) & wait; sleep 4003");
}

static void test_leaves_the_session(void **state)
{
	check_killed(*state,
		"setsid sleep 4004 & setsid sh -c 'setsid sleep 4004 & setsid sleep 4004 &' & "
		"sleep 4004");
}

static void test_stopped(void **state)
{
	check_killed(*state, "sh -c 'kill -STOP $$; sleep 4005'");
}

static void test_prints_gigabytes(void **state)
{
	check_killed(*state, "cat /dev/zero /no/such 2>&1 & cat /dev/zero & cat /dev/zero >&2");
}

static void test_reads_its_input(void **state)
{
	assert_int_equal(run_shell(*state, "cat; exit 0"), 0);
}

/* It ended in time, and well; what it left behind goes too. */
static void test_leaves_a_daemon(void **state)
{
	struct world *world = *state;

	assert_int_equal(
		run_shell(world,
			"(setsid sh -c 'trap \"\" TERM; sleep 4007; sleep 4007' &) & exit 0"),
		0);
	assert_true(world->took < 15000 * MILLISECOND);
	assert_int_equal(count_processes(world), 0);
	assert_no_children();
}

/* A chain that is always ahead by one fork. */
static void test_runs_away(void **state)
{
	check_killed(*state, "cat > \"$FOLDER/away\" <<'E'\n"
			     "#!/bin/sh\n"
			     "sleep 0.01\n"
			     "setsid \"$0\" 4008 &\n"
			     "E\n"
			     "chmod +x \"$FOLDER/away\"; \"$FOLDER/away\" 4008; sleep 4008");
}

/* Nobody is told of the end of who was cancelled. */
static void stop_when_all_are_over(void *data)
{
	struct world *world = data;

	if (runs_count(world->runs))
		loop_timer_set(world->timer, loop_clock() + 10 * MILLISECOND);
	else
		loop_stop(world->loop, 0);
}

static void test_cancelled(void **state)
{
	struct world *world = *state;
	const char *const hangs[] = {"/bin/sh", "-c", "setsid sleep 4009 & sleep 4009", NULL};
	const char *const waits[] = {"/bin/sleep", "0.5", NULL};
	int64_t number = start(world, hangs);

	world->status = NEVER;
	assert_true(number > 0);
	assert_true(start(world, waits) > number);
	runs_cancel(world->runs, number);
	runs_cancel(world->runs, number);
	runs_cancel(world->runs, 4711);
	assert_int_equal(
		loop_add_timer(world->loop, stop_when_all_are_over, world, &world->timer), 0);
	loop_timer_set(world->timer, loop_clock());
	assert_int_equal(loop_run(world->loop), 0);
	assert_int_equal(world->status, 0);
	/* One is not told. */
	assert_int_equal(world->waiting, 1);
	assert_int_equal(count_processes(world), 0);
	assert_no_children();
}

/* Whoever runs them is gone with some under way. */
static void test_freed(void **state)
{
	struct world *world = *state;
	const char *const hangs[] = {"/bin/sh", "-c", "setsid sleep 4010 & sleep 4010", NULL};

	for (size_t i = 0; i < 10; i++)
		assert_true(start(world, hangs) > 0);
	wait_for_some(world, 10);
	world->runs = runs_free(world->runs);
	assert_int_equal(count_processes(world), 0);
	assert_no_children();
}

/* It was killed: nobody could have it do anything before it died. */
static void test_parent_dies(void **state)
{
	struct world *world = *state;
	const char *const hangs[] = {"/bin/sh", "-c", "setsid sleep 4011 & sleep 4011", NULL};
	pid_t pid = fork();

	if (pid == 0) {
		/* A loop is of the process that made it. */
		loop_new(&world->loop);
		runs_new(world->loop, &world->runs);
		start(world, hangs);
		pause();
	}
	wait_for_some(world, 2);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	wait_for_none(world);
}

static void test_keeper_dies(void **state)
{
	struct world *world = *state;

	/* Only who may be root can do that. */
	world->user = NULL;
	world->root_allowed = true;
	assert_int_equal(run_shell(world, "kill -KILL $PPID; exec sleep 4012"), -ECHILD);
	wait_for_none(world);
	assert_no_children();
}

/* Even where this process may lock all there is. */
static void test_locked_memory(void **state)
{
	const struct rlimit lifted = {RLIM_INFINITY, RLIM_INFINITY};
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &limit), 0);
	if (setrlimit(RLIMIT_MEMLOCK, &lifted) < 0)
		skip();
	int status = run_shell(*state, "test \"$(ulimit -S -l) $(ulimit -H -l)\" = '8192 8192'");
	setrlimit(RLIMIT_MEMLOCK, &limit);
	assert_int_equal(status, 0);
}

static void test_without_descriptors(void **state)
{
	struct world *world = *state;
	const char *const words[] = {"/bin/true", NULL};
	struct rlimit limit, none;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){3, limit.rlim_max};
	setrlimit(RLIMIT_NOFILE, &none);
	int64_t r = start(world, words);
	setrlimit(RLIMIT_NOFILE, &limit);
	assert_int_equal(r, -EMFILE);
	assert_int_equal(runs_count(world->runs), 0);
	assert_no_children();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_status, begin, end),
		cmocka_unit_test_setup_teardown(test_signal, begin, end),
		cmocka_unit_test_setup_teardown(test_each_status, begin, end),
		cmocka_unit_test_setup_teardown(test_missing, begin, end),
		cmocka_unit_test_setup_teardown(test_not_executable, begin, end),
		cmocka_unit_test_setup_teardown(test_directory, begin, end),
		cmocka_unit_test_setup_teardown(test_root_refused, begin, end),
		cmocka_unit_test_setup_teardown(test_own_user_is_root_too, begin, end),
		cmocka_unit_test_setup_teardown(test_root_allowed, begin, end),
		cmocka_unit_test_setup_teardown(test_no_such_user, begin, end),
		cmocka_unit_test_setup_teardown(test_lookup_fails, begin, end),
		cmocka_unit_test_setup_teardown(test_slow_folder, begin, end),
		cmocka_unit_test_setup_teardown(test_lookup_hangs, begin, end),
		cmocka_unit_test_setup_teardown(test_lookup_dies, begin, end),
		cmocka_unit_test_setup_teardown(test_hanging_folder, begin, end),
		cmocka_unit_test_setup_teardown(test_odd_name, begin, end),
		cmocka_unit_test_setup_teardown(test_words, begin, end),
		cmocka_unit_test_setup_teardown(test_environment, begin, end),
		cmocka_unit_test_setup_teardown(test_user_and_groups, begin, end),
		cmocka_unit_test_setup_teardown(test_clean, begin, end),
		cmocka_unit_test_setup_teardown(test_hangs, begin, end),
		cmocka_unit_test_setup_teardown(test_ignores_signals, begin, end),
		cmocka_unit_test_setup_teardown(test_forks, begin, end),
		cmocka_unit_test_setup_teardown(test_leaves_the_session, begin, end),
		cmocka_unit_test_setup_teardown(test_stopped, begin, end),
		cmocka_unit_test_setup_teardown(test_prints_gigabytes, begin, end),
		cmocka_unit_test_setup_teardown(test_reads_its_input, begin, end),
		cmocka_unit_test_setup_teardown(test_leaves_a_daemon, begin, end),
		cmocka_unit_test_setup_teardown(test_runs_away, begin, end),
		cmocka_unit_test_setup_teardown(test_cancelled, begin, end),
		cmocka_unit_test_setup_teardown(test_freed, begin, end),
		cmocka_unit_test_setup_teardown(test_parent_dies, begin, end),
		cmocka_unit_test_setup_teardown(test_keeper_dies, begin, end),
		cmocka_unit_test_setup_teardown(test_locked_memory, begin, end),
		cmocka_unit_test_setup_teardown(test_without_descriptors, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
