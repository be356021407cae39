// SPDX-License-Identifier: GPL-2.0-or-later
/* exec: a program exits with 0.
 *
 * It is not run here: this process talks to the network, and what it could start, whoever gets hold of it could too. It asks for it
 * (struct checker_runner), with the words of the file and an environment that says what is probed, nothing else.
 *
 * What a program says by its end, and that it does not end, is about the server. That it could not be run (no such user, no such
 * program, none that may be executed) is about this machine, and is UNTRIED: one wrong word would else take out all servers of the
 * check. So is that it had not begun when its time was over, for whoever answers for users or holds the file hangs; whether
 * it had, only who runs it knows, and therefore keeps its time. Who does not say what came of it is the machine's fault too.
 *
 * With `sets-weight` the exit status is more than yes or no: 0 passes and leaves the weight as it is, 1 fails, 2 to 255
 * pass with a weight of 0 to 253. Without it, everything but 0 fails. */
#include "health/kind.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/memory.h"
#include "base/run.h"

#define EXEC_PATH          "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define EXEC_WEIGHT_STATUS 2 /* the exit status that means a weight of 0 */

/* For who runs it to kill it, and to say so. */
#define EXEC_GRACE (RUNS_KILL_LIMIT + UINT64_C(1000000000))

struct exec {
	struct checker_run run;
	int64_t number; /* of the runner; 0: none is under way */
};

static void exec_close(struct checker_run *run)
{
	struct exec *exec = (struct exec *)run;
	const struct checker_runner *runner = run->checkers->runner;

	if (exec->number)
		runner->cancel(runner->runner, exec->number);
	exec->number = 0;
}

static void exec_over_status(struct checker_run *run, int status)
{
	bool weighs = run->request.check->exec.sets_weight;

	if (status == 0) {
		checker_over(run, CHECKER_RESULT_PASSED, "exit status 0");
	} else if (weighs && status >= EXEC_WEIGHT_STATUS) {
		run->outcome.weight = status - EXEC_WEIGHT_STATUS;
		checker_over(run, CHECKER_RESULT_PASSED, "exit status %d: weight %d", status,
			run->outcome.weight);
	} else {
		checker_over(run, CHECKER_RESULT_FAILED, "exit status %d", status);
	}
}

static bool exec_is_folder(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Why there is no status: but for the end of its time that is about this machine, whatever the code, and must not take a server
 * out. */
static void exec_over_code(struct checker_run *run, int code)
{
	const struct config_exec *config = &run->request.check->exec;
	char program[VERDICT_REASON_SIZE / 2];

	checker_printable(config->command.items[0], strlen(config->command.items[0]), program,
		sizeof(program));
	switch (-code) {
	case ETIMEDOUT:
		checker_over_late(run);
		break;
	case ETIME:
		checker_over(run, CHECKER_RESULT_UNTRIED, "%s: never began", program);
		break;
	case ESRCH:
		checker_over(run, CHECKER_RESULT_UNTRIED, "run: no user %s", config->user);
		break;
	case EREMOTEIO:
		checker_over(run, CHECKER_RESULT_UNTRIED, "run: user %s cannot be looked up",
			config->user);
		break;
	case EBUSY:
		run->outcome.crowded = true;
		checker_over(run, CHECKER_RESULT_UNTRIED, "run: too many programs at once");
		break;
	case EPERM:
		checker_over(
			run, CHECKER_RESULT_UNTRIED, "run: not permitted as user %s", config->user);
		break;
	case ECHILD:
	case ECANCELED:
		checker_over(run, CHECKER_RESULT_UNTRIED, "run: its keeper was killed");
		break;
	case EACCES:
		/* What execve(2) says of a folder. */
		if (exec_is_folder(config->command.items[0]))
			code = -EISDIR;
		checker_untried(run, program, code);
		break;
	default:
		checker_untried(run, program, code);
	}
}

static void exec_unheard(struct checker_run *run)
{
	checker_over(run, CHECKER_RESULT_UNTRIED, "run: what runs programs does not answer");
}

static void exec_on_done(void *data, int status)
{
	struct checker_run *run = data;

	((struct exec *)run)->number = 0;
	if (run->over)
		return;
	checker_step(run, "run");
	if (status < 0)
		exec_over_code(run, status);
	else if (WIFEXITED(status))
		exec_over_status(run, WEXITSTATUS(status));
	else
		checker_over(run, CHECKER_RESULT_FAILED, "killed by SIG%s",
			sigabbrev_np(WTERMSIG(status)));
}

/* The words of the file, ended by NULL as execve(2) wants them. */
static const char **exec_words(const struct config_exec *config)
{
	const char **words = memory_resize(NULL, config->command.count + 1, sizeof(*words));

	for (size_t i = 0; i < config->command.count; i++)
		words[i] = config->command.items[i];
	words[config->command.count] = NULL;
	return words;
}

static void exec_start(struct checker_run *run)
{
	struct exec *exec = (struct exec *)run;
	const struct config_check *check = run->request.check;
	const struct checker_runner *runner = run->checkers->runner;
	char text[ADDRESS_LENGTH];
	_cleanup_free_ const char **words = exec_words(&check->exec);
	_cleanup_free_ char *address = memory_printf(
		"POISE_ADDRESS=%s", address_format(&run->request.target.address, text));
	_cleanup_free_ char *port = memory_printf("POISE_PORT=%u", run->request.target.port);
	_cleanup_free_ char *name = memory_printf("POISE_CHECK=%s", check->name.text);
	const char *environment[] = {EXEC_PATH, address, port, name, NULL};
	const struct checker_program program = {.words = words,
		.environment = environment,
		.user = check->exec.user,
		.timeout = check->timeout};

	exec->number = runner->run(runner->runner, &program, exec_on_done, run);
	if (exec->number < 0) {
		checker_untried(run, "run", (int)exec->number);
		exec->number = 0;
	}
}

const struct checker_kind checker_exec = {
	.name = "exec",
	.size = sizeof(struct exec),
	.start = exec_start,
	.close = exec_close,
	.late = "killed after",
	.grace = EXEC_GRACE,
	.unheard = exec_unheard,
};

static int64_t exec_run_here(void *data, const struct checker_program *program,
	void (*done)(void *data, int status), void *done_data)
{
	const struct runs_program here = {.words = program->words,
		.environment = program->environment,
		.user = program->user,
		.timeout = program->timeout};

	return runs_start(data, &here, done, done_data);
}

static void exec_cancel_here(void *data, int64_t number)
{
	runs_cancel(data, number);
}

struct checker_runner checker_runner_here(struct runs *runs)
{
	return (struct checker_runner){exec_run_here, exec_cancel_here, runs};
}
