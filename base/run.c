// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs with keepers.
 *
 * Each program has a keeper: a process of ours between us and it, which is the subreaper of all that descends from it. A process whose
 * parent dies becomes the keeper's child, however often it forked and whatever session it made, so killing the
 * keeper's children until there are none gets everybody. The keeper also watches the time, so that a busy
 * loop here lets nobody live longer, and it kills when we ask for it (SIGTERM) or are gone (which the kernel tells it by the
 * same signal).
 *
 * What came of it is written into a page that both share, then the keeper ends. It needs no descriptor, so running out of them
 * spoils no result; it is read when the keeper has been reaped, and what an exec failed of is in it as well.
 *
 * The user is looked up by the program's process: who answers for users may be a slow network, and so may be where programs lie.
 * What hangs there, or dies there, has never been the program, and is told as that: it is the fault of none that was to be run.
 * How far it came is in the page; whether execve(2) came to its end only the kernel knows. Everything of ours that
 * runs after fork() is in a process with one thread, and touches neither loop nor log. */
#include "base/run.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/timespec.h"
#include "base/vector.h"

/* Between two looks at who is left to kill, at most. */
#define RUN_KILL_PAUSE_NS 10000000ull
#define RUN_NAME          "poise-run"
/* Memory that a program may lock, at most: what the kernel gives everybody. */
#define RUN_LOCKED_BYTES (8u << 20)
/* Of the kernel's flags of a process, in /proc/PID/stat: it has forked, and not called execve(2) since (PF_FORKNOEXEC). */
#define RUN_FLAG_NO_EXEC 0x40ul
#define RUN_FLAGS_FIELD  9

enum run_stage {
	RUN_STAGE_BEGUN, /* a process of ours */
	RUN_STAGE_USER,  /* looks its user up */
	RUN_STAGE_EXEC,  /* in execve(2), or the program */
};

/* Written by the keeper, and by the program's process before it becomes the program. */
struct run_page {
	int failed; /* -errno: it never became the program */
	enum run_stage stage;
	int status; /* of runs_done */
	bool told;
};

struct run {
	int64_t number;
	struct runs *runs;
	pid_t keeper;
	struct run_page *page;
	struct loop_source *end;
	runs_done *done; /* NULL: nobody wants to know any more */
	void *data;
};

struct run_slot {
	int64_t number;
	struct run *run;
};

/* By number, which only grows. */
struct runs {
	VECTOR_OF(struct run_slot);
	struct loop *loop;
	int64_t last;
};

/* ---- The program's process, until it is the program ---- */

/* 0 when it is that user already, which needs no privilege. */
static int run_become_user(const char *name)
{
	errno = 0;
	const struct passwd *user = getpwnam(name);
	if (!user)
		return errno && errno != ENOENT ? -EREMOTEIO : -ESRCH;
	if (geteuid() == user->pw_uid && getuid() == user->pw_uid && user->pw_uid)
		return 0;
	if (initgroups(name, user->pw_gid) < 0 ||
		setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0 ||
		setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0)
		return -errno;
	return 0;
}

static void run_reset_signals(void)
{
	sigset_t none;

	/* All of them: libc's signal() leaves out the two that it keeps for itself, which whoever started us may have had
	 * ignored. The kernel's struct sigaction of zeroes is SIG_DFL, without flags. */
	static const char by_default[64];

	for (int signal_number = 1; signal_number < NSIG; signal_number++)
		syscall(SYS_rt_sigaction, signal_number, by_default, NULL, (NSIG - 1) / 8);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* This process may have had it lifted, for those of its own that run in real time. Whoever has CAP_IPC_LOCK is not bound by it. */
static void run_limit_locked(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return;
	limit.rlim_max = MIN(limit.rlim_max, (rlim_t)RUN_LOCKED_BYTES);
	limit.rlim_cur = MIN(limit.rlim_cur, limit.rlim_max);
	setrlimit(RLIMIT_MEMLOCK, &limit);
}

static int run_become_program(const struct runs_program *program, struct run_page *page)
{
	if (setsid() < 0 || chdir("/") < 0)
		return -errno;
	umask(022);
	run_limit_locked();
	page->stage = RUN_STAGE_USER;
	int r = program->user ? run_become_user(program->user) : 0;
	if (r < 0)
		return r;
	if (!program->root_allowed && (getuid() == 0 || geteuid() == 0))
		return -EPERM;
	/* A change of credentials clears it, so not before. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	run_reset_signals();
	page->stage = RUN_STAGE_EXEC;
	/* The words are not changed by execve(2), whose prototype is older than const. */
	execve(program->words[0], (char *const *)program->words,
		(char *const *)program->environment);
	return -errno;
}

/* ---- The keeper ---- */

static int run_let_go_of_descriptors(void)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0)
		return -errno;
	for (int fd = 0; fd < 3; fd++)
		if (dup2(null, fd) < 0)
			return -errno;
	return close_range(3, ~0u, 0) < 0 ? -errno : 0;
}

/* Waits for a signal of `set`, until `when`. */
static int run_wait_signal(const sigset_t *set, uint64_t when)
{
	uint64_t now = loop_clock();
	uint64_t rest = when > now ? when - now : 0;
	const struct timespec time = timespec_of(rest);

	return sigtimedwait(set, NULL, &time);
}

/* Whether it has ended; reaps whoever has. */
static bool run_reap(pid_t program, int *status)
{
	bool ended = false;
	pid_t pid;
	int one;

	while ((pid = waitpid(-1, &one, WNOHANG)) > 0)
		if (pid == program) {
			*status = one;
			ended = true;
		}
	return ended;
}

static int run_keep(pid_t program, uint64_t deadline, bool *ended)
{
	sigset_t set;
	int status;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	for (;;) {
		*ended = run_reap(program, &status);
		if (*ended)
			return status;
		if (loop_clock() >= deadline)
			return -ETIMEDOUT;
		if (run_wait_signal(&set, deadline) == SIGTERM)
			return -ECANCELED;
	}
}

/* The flags of a process as the kernel tells them. False: it does not. */
static bool run_read_flags(pid_t pid, unsigned long *ret)
{
	char path[32], text[1024];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (size <= 0)
		return false;
	text[size] = '\0';
	/* The second field is a name in brackets, in which anything may be. */
	const char *at = strrchr(text, ')');
	for (int field = 2; at && field < RUN_FLAGS_FIELD; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return false;
	*ret = strtoul(at, NULL, 10);
	return true;
}

/* Whether it has become the program. Of one that has been reaped, what it said itself must do. */
static bool run_is_program(pid_t pid, bool ended, const struct run_page *page)
{
	unsigned long flags;

	if (page->stage != RUN_STAGE_EXEC)
		return false;
	return ended || !run_read_flags(pid, &flags) || !(flags & RUN_FLAG_NO_EXEC);
}

/* `status`: as it ended, or why the keeper ended it. */
static int run_result(const struct run_page *page, int status, bool was_program)
{
	/* That is not the program's time. */
	if (page->failed == -ETIMEDOUT)
		return -EIO;
	if (page->failed)
		return page->failed;
	if (was_program || status == -ECANCELED)
		return status;
	return page->stage == RUN_STAGE_USER ? -EREMOTEIO : -ETIME;
}

/* Our children, as the kernel lists them: numbers with a space behind each. Those of one read are enough, more come in the
 * next round. */
static void run_kill_children(void)
{
	char text[4096];
	_cleanup_close_ int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text));
	pid_t pid = 0;

	for (ssize_t i = 0; i < size; i++) {
		if (text[i] >= '0' && text[i] <= '9') {
			pid = pid * 10 + (text[i] - '0');
			continue;
		}
		if (pid > 0)
			kill(pid, SIGKILL);
		pid = 0;
	}
}

/* Until there are none. Each that dies leaves us its own. */
static void run_kill_all(pid_t program, bool ended)
{
	uint64_t limit = loop_clock() + RUNS_KILL_LIMIT;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	/* Its number is its own until it is reaped: also where the kernel lists no children. */
	if (!ended)
		kill(program, SIGKILL);
	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);
		if (pid > 0)
			continue;
		if (pid < 0 || loop_clock() >= limit)
			return;
		run_kill_children();
		run_wait_signal(&set, MIN(limit, loop_clock() + RUN_KILL_PAUSE_NS));
	}
}

static int run_prepare_keeper(pid_t parent)
{
	/* Out of reach of a terminal's signals. */
	if (setsid() < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 ||
		prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
		return -errno;
	prctl(PR_SET_NAME, RUN_NAME);
	/* Asked after the signal is set: an end before that is not missed. */
	if (getppid() != parent)
		return -ECANCELED;
	return run_let_go_of_descriptors();
}

/* All signals are blocked. */
static int run_keeper(const struct runs_program *program, struct run_page *page, pid_t parent)
{
	uint64_t now = loop_clock();
	uint64_t deadline =
		program->timeout < UINT64_MAX - now ? now + program->timeout : UINT64_MAX;
	bool ended;

	int r = run_prepare_keeper(parent);
	if (r < 0)
		return r;
	pid_t pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		page->failed = run_become_program(program, page);
		_exit(127);
	}
	int status = run_keep(pid, deadline, &ended);
	bool was_program = run_is_program(pid, ended, page);
	run_kill_all(pid, ended);
	return run_result(page, status, was_program);
}

/* ---- This process ---- */

static int run_compare(const void *a, const void *b)
{
	const int64_t *number = a;
	const struct run_slot *slot = b;

	return COMPARE(*number, slot->number);
}

static void run_free(struct run *run)
{
	loop_source_free(run->end);
	munmap(run->page, sizeof(*run->page));
	free(run);
}

static void runs_forget(struct runs *runs, const struct run *run)
{
	struct run_slot *slot = vector_find(runs, &run->number, run_compare);
	size_t behind = (size_t)(runs->items + runs->count - slot) - 1;

	memmove(slot, slot + 1, behind * sizeof(*slot));
	runs->count--;
}

static void run_on_end(void *data, pid_t pid, int status)
{
	struct run *run = data;
	runs_done *done = run->done;
	void *told = run->data;

	(void)pid;
	(void)status;
	status = run->page->told ? run->page->status : -ECHILD;
	runs_forget(run->runs, run);
	run_free(run);
	if (done)
		done(told, status);
}

/* Signals are blocked from before the fork: the keeper must not die of one that asks it to kill. */
static pid_t run_fork(const struct runs_program *program, struct run_page *page)
{
	pid_t parent = getpid();
	sigset_t all, before;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0) {
		page->status = run_keeper(program, page, parent);
		page->told = true;
		_exit(0);
	}
	if (pid < 0)
		pid = -errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/* A keeper that nobody can wait for. */
static void run_give_up(struct run *run)
{
	kill(run->keeper, SIGTERM);
	waitpid(run->keeper, NULL, 0);
}

int64_t runs_start(
	struct runs *runs, const struct runs_program *program, runs_done *done, void *data)
{
	struct run_page *page = mmap(
		NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return -errno;
	struct run *run = memory_new(sizeof(*run));
	*run = (struct run){.runs = runs, .page = page, .done = done, .data = data};
	run->keeper = run_fork(program, page);
	int r = run->keeper;
	if (r > 0) {
		r = loop_add_child(runs->loop, run->keeper, run_on_end, run, &run->end);
		if (r < 0)
			run_give_up(run);
	}
	if (r < 0) {
		run_free(run);
		return r;
	}
	run->number = ++runs->last;
	vector_push(runs, ((struct run_slot){run->number, run}));
	return run->number;
}

void runs_cancel(struct runs *runs, int64_t number)
{
	const struct run_slot *slot = vector_find(runs, &number, run_compare);

	if (!slot || !slot->run->done)
		return;
	slot->run->done = NULL;
	kill(slot->run->keeper, SIGTERM);
}

size_t runs_count(const struct runs *runs)
{
	return runs->count;
}

void runs_new(struct loop *loop, struct runs **ret)
{
	*ret = memory_new(sizeof(**ret));
	(*ret)->loop = loop;
}

/* All are told before the first is waited for. The source would leave a keeper that it has not reaped to nobody. */
struct runs *runs_free(struct runs *runs)
{
	if (!runs)
		return NULL;
	vector_foreach(runs, slot)
		kill(slot->run->keeper, SIGTERM);
	vector_foreach(runs, slot) {
		pid_t keeper = slot->run->keeper;
		run_free(slot->run);
		waitpid(keeper, NULL, 0);
	}
	vector_clear(runs);
	free(runs);
	return NULL;
}
