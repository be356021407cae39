// SPDX-License-Identifier: GPL-2.0-or-later
/* `poise check`: probes by hand what poised's health process probes by itself, with the same checkers in this process.
 *
 * Probes run side by side, a bounded number at a time, so that thousands are soon over and none waits for another's processor
 * time long enough to look slow. What came of them is printed in the order of the list, as soon as all before it is known.
 *
 * Files are looked at with the eyes of the user that poised's process has: root, who may read all, would find a `file` check passed
 * that fails there. It stays root for all else (raw sockets, marks, programs of other users), so it is only the identity
 * that the kernel goes by where it opens a file. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/account.h"
#include "base/netns.h"
#include "base/run.h"
#include "cli/check_list.h"
#include "cli/check_text.h"
#include "health/checker.h"

#define RUNNING_MOST 64
/* Descriptors that are not for probes, beside those that are open: files that libraries open. */
#define DESCRIPTORS_KEPT 4
/* For a name service. */
#define LOOKUP_NS 1000000000ull

struct checking;

struct probe {
	struct checking *checking;
	const struct declared_probe *what;
	struct checker_run *run;   /* while it is under way */
	struct loop_source *timer; /* the same: its timeout */
	uint64_t began, took;      /* CLOCK_BOOTTIME ns; ns */
	bool over;
	struct checker_outcome outcome;
};

struct checking {
	enum cli_format format;
	struct cli_check_layout layout;
	struct loop *loop;
	struct loop_source *interrupt, *terminate;
	struct runs *runs; /* programs of `exec` */
	struct checker_runner runner;
	struct checkers *checkers;
	struct probe *probes;
	size_t count, started, running, told;
	size_t places; /* how many may run side by side */
	size_t results[CHECKER_RESULT_UNTRIED + 1];
	json_t *list; /* unless it is told as text */
};

static void checking_tell(struct checking *checking)
{
	for (; checking->told < checking->started && checking->probes[checking->told].over;
		checking->told++) {
		const struct probe *probe = checking->probes + checking->told;
		_cleanup_strbuf_ struct strbuf text = {};

		checking->results[probe->outcome.result]++;
		if (checking->list) {
			json_array_append_new(checking->list,
				cli_check_to_json(probe->what, &probe->outcome, probe->took));
			continue;
		}
		cli_check_format(
			&checking->layout, probe->what, &probe->outcome, probe->took, &text);
		cli_print(text.text);
	}
}

static void checking_go_on(struct checking *checking);

static void probe_end(struct probe *probe)
{
	struct checking *checking = probe->checking;

	probe->run = NULL;
	probe->timer = loop_source_free(probe->timer);
	probe->took = loop_clock() - probe->began;
	probe->over = true;
	checking->running--;
	checking_tell(checking);
	/* Nobody reads on: the rest would be probed for nothing. */
	if (!cli_flush())
		loop_stop(checking->loop, -EPIPE);
	else
		checking_go_on(checking);
}

static void probe_done(void *data, const struct checker_outcome *outcome)
{
	struct probe *probe = data;

	probe->outcome = *outcome;
	probe_end(probe);
}

static void probe_expired(void *data)
{
	struct probe *probe = data;

	checker_expire(probe->run, &probe->outcome);
	probe_end(probe);
}

static int probe_start(struct probe *probe)
{
	struct checking *checking = probe->checking;
	const struct config_check *check = probe->what->check;
	const struct checker_request request = {
		.check = check,
		.target = probe->what->key.target,
		.traced = true,
		.done = probe_done,
		.data = probe,
	};
	int r = loop_add_timer(checking->loop, probe_expired, probe, &probe->timer);

	if (r < 0)
		return r;
	probe->began = loop_clock();
	loop_timer_set(probe->timer, probe->began + checker_time(check));
	probe->run = checker_start(checking->checkers, &request);
	return 0;
}

static void checking_go_on(struct checking *checking)
{
	while (checking->running < checking->places && checking->started < checking->count) {
		int r = probe_start(checking->probes + checking->started);

		if (r < 0) {
			loop_stop(checking->loop, r);
			return;
		}
		checking->started++;
		checking->running++;
	}
	if (!checking->running)
		loop_stop(checking->loop, 0);
}

/* A probe that finds no descriptor could not be tried: rather it waits for another one to be over. */
static size_t checking_places(void)
{
	struct rlimit limit;
	int first = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

	if (first < 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 1;
	close(first);
	rlim_t taken = (rlim_t)first + DESCRIPTORS_KEPT;
	if (limit.rlim_cur <= taken)
		return 1;
	return (size_t)MIN(limit.rlim_cur - taken, (rlim_t)RUNNING_MOST);
}

static void checking_interrupted(void *data, _unused_ int signal_number)
{
	struct checking *checking = data;

	loop_stop(checking->loop, -EINTR);
}

static int checking_open(struct checking *checking, struct error *error)
{
	int r = loop_new(&checking->loop);

	if (r == 0)
		r = loop_add_signal(checking->loop, SIGINT, checking_interrupted, checking,
			&checking->interrupt);
	if (r == 0)
		r = loop_add_signal(checking->loop, SIGTERM, checking_interrupted, checking,
			&checking->terminate);
	if (r < 0)
		return r;
	runs_new(checking->loop, &checking->runs);
	checking->runner = checker_runner_here(checking->runs);
	const struct checkers_options options = {
		.loop = checking->loop, .runner = &checking->runner};
	return checkers_new(&options, &checking->checkers, error);
}

static void checking_close(struct checking *checking)
{
	for (size_t i = 0; i < checking->started; i++) {
		struct probe *probe = checking->probes + i;

		if (probe->run)
			checker_cancel(probe->run);
		probe->timer = loop_source_free(probe->timer);
	}
	checking->checkers = checkers_free(checking->checkers);
	checking->runs = runs_free(checking->runs);
	checking->interrupt = loop_source_free(checking->interrupt);
	checking->terminate = loop_source_free(checking->terminate);
	loop_free(checking->loop);
	json_decref(checking->list);
	free(checking->probes);
}

static void checking_print_list(struct checking *checking)
{
	_cleanup_strbuf_ struct strbuf text = {};

	if (checking->format == CLI_FORMAT_JSON) {
		cli_print_json(STEAL(checking->list));
		return;
	}
	cli_check_format_yaml(checking->list, &text);
	cli_print(text.text);
}

static int checking_result(struct checking *checking, int r, struct error *error)
{
	if (r == -EINTR)
		return CLI_EXIT_INTERRUPTED;
	if (r == -EPIPE)
		return CLI_EXIT_ERROR;
	if (r < 0)
		return cli_fail(error, r);
	if (checking->list)
		checking_print_list(checking);
	if (checking->results[CHECKER_RESULT_UNTRIED] && geteuid() != 0)
		cli_note("echo requests, the mark of `fwmark` and programs of other users take "
			 "root");
	if (checking->results[CHECKER_RESULT_UNTRIED])
		return CLI_EXIT_ERROR;
	return checking->results[CHECKER_RESULT_FAILED] ? CLI_EXIT_FAILURES : CLI_EXIT_GOOD;
}

/* Of root only: others have their own. */
static void checking_take_eyes(void)
{
	struct account user;
	int r = -ESRCH;

	if (geteuid() != 0)
		return;
	for (const char *const *name = account_unprivileged; *name && r < 0; name++)
		r = account_find(*name, LOOKUP_NS, &user);
	if (r < 0 || setgroups(0, NULL) < 0) {
		cli_note("files are read as root here, and by poised perhaps as another user");
		return;
	}
	/* Neither says whether it did. */
	setfsgid(user.group);
	setfsuid(user.user);
}

static int checking_run(const struct cli *cli, const struct cli_check_list *list)
{
	_cleanup_error_ struct error error = {};
	struct checking checking = {
		.format = cli->options.format,
		.layout = cli_check_layout(list, cli_color_stdout()),
		.probes = memory_resize(NULL, list->count, sizeof(*checking.probes)),
		.count = list->count,
	};

	if (checking.format == CLI_FORMAT_JSON || checking.format == CLI_FORMAT_YAML)
		checking.list = json_array();
	for (size_t i = 0; i < list->count; i++)
		checking.probes[i] = (struct probe){.checking = &checking, .what = list->items + i};
	int r = cli->options.netns ? netns_enter(cli->options.netns, &error) : 0;
	if (r == 0)
		r = checking_open(&checking, &error);
	if (r == 0) {
		checking_take_eyes();
		checking.places = checking_places();
		checking_go_on(&checking);
		r = loop_run(checking.loop);
	}
	r = checking_result(&checking, r, &error);
	checking_close(&checking);
	return r;
}

static int check_run(struct cli *cli)
{
	_cleanup_cli_check_list_ struct cli_check_list list = {};

	if (cli_check_list_fill(cli, &list) < 0)
		return CLI_EXIT_ERROR;
	return checking_run(cli, &list);
}

static const struct cli_option options[] = {
	CLI_OPTION(0, "check", TEXT, check, "NAME",
		"this check of the files, instead of those that the target has"),
};

const struct cli_command cli_command_check = {
	.name = "check",
	.usage = "TARGET [PATH]...",
	.summary = "run health checks by hand, and say what took how long",
	.description =
		"Runs health checks once, from here and now, with the time of each step. It needs "
		"no poised, and\n"
		"changes nothing. A TARGET is\n"
		"  ADDRESS[:PORT]   a destination of the files: every check that they have for it; "
		"with --check\n"
		"                   any address\n"
		"  SERVICE          a service of theirs, by its name or listener: all its "
		"destinations\n"
		"  URL              a check by itself, without any file: tcp://ADDRESS:PORT, "
		"udp://ADDRESS:PORT,\n"
		"                   http://ADDRESS[:PORT]/PATH, https://..., "
		"dns://ADDRESS[:PORT]/NAME,\n"
		"                   smtp://ADDRESS[:PORT], ping://ADDRESS\n"
		"A PATH is a file or a directory; without any, it is what a poised that runs here "
		"works with, else\n"
		"/etc/poise.\n\n"
		"Exit status: 0 when all pass, 1 when some fail, 2 after an error, or where one "
		"could not be\n"
		"tried.\n",
	.options = options,
	.option_count = ARRAY_LENGTH(options),
	.formats = 1 << CLI_FORMAT_TEXT | 1 << CLI_FORMAT_JSON | 1 << CLI_FORMAT_YAML,
	.arguments_min = 1,
	.arguments_max = SIZE_MAX,
	.run = check_run,
};
