// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs a check of a file against a target, as the health process does, without the rest of it:
 *
 *	probe FILE CHECK ADDRESS:PORT
 *
 * and prints "passed: REASON", "failed: REASON" or "untried: REASON" (exit 0, 1, 3), then a line "  STEP MICROSECONDS" for each
 * step. With `--many COUNT PARALLEL` in front it probes COUNT times, PARALLEL at a time, and prints
 *
 *	PASSED FAILED UNTRIED CPU-NS-PER-PROBE RESIDENT-KB DESCRIPTORS
 *
 * CPU: of this process, user and system. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/file.h"
#include "health/checker.h"
#include "model/load.h"
#include "model/probe.h"
#include "tests/support/self.h"

#define PROBE_FILE_MOST (1u << 20)

struct probe {
	struct loop *loop;
	struct checkers *checkers;
	const struct config_check *check;
	struct destination_key target;
	unsigned long left, under_way;
	unsigned long results[3];
	bool one; /* print each */
};

/* A probe under way, and the end of its time. */
struct probe_run {
	struct probe *probe;
	struct checker_run *run;
	struct loop_source *timer;
};

static void probe_start(struct probe *probe);

static void probe_print(const struct checker_outcome *outcome)
{
	static const char *const words[] = {"passed", "failed", "untried"};

	printf("%s: %s\n", words[outcome->result], outcome->reason);
	for (size_t i = 0; i < outcome->step_count; i++)
		printf("  %s %llu\n", outcome->steps[i].name,
			(unsigned long long)(outcome->steps[i].ns / 1000));
}

static void probe_done(void *data, const struct checker_outcome *outcome)
{
	struct probe_run *run = data;
	struct probe *probe = run->probe;

	loop_source_free(run->timer);
	free(run);
	probe->results[outcome->result]++;
	probe->under_way--;
	if (probe->one)
		probe_print(outcome);
	else if (outcome->result != CHECKER_RESULT_PASSED)
		fprintf(stderr, "%s\n", outcome->reason);
	if (probe->left)
		probe_start(probe);
	else if (!probe->under_way)
		loop_stop(probe->loop, (int)outcome->result);
}

static void probe_expired(void *data)
{
	struct probe_run *run = data;
	struct checker_outcome outcome;

	checker_expire(run->run, &outcome);
	probe_done(run, &outcome);
}

static void probe_start(struct probe *probe)
{
	struct probe_run *run = memory_new(sizeof(*run));
	struct checker_request request = {.check = probe->check,
		.target = probe->target,
		.traced = probe->one,
		.done = probe_done,
		.data = run};

	probe->left--;
	probe->under_way++;
	run->probe = probe;
	if (loop_add_timer(probe->loop, probe_expired, run, &run->timer) < 0)
		abort();
	loop_timer_set(run->timer, loop_clock() + checker_time(probe->check));
	run->run = checker_start(probe->checkers, &request);
}

static unsigned long long probe_cpu(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (unsigned long long)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000 +
	       (unsigned long long)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

static int probe_load(const char *path, struct config *config)
{
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};
	_cleanup_strbuf_ struct strbuf text = {};
	struct document document = {.name = path};
	char *bytes;

	int r = file_read(AT_FDCWD, path, PROBE_FILE_MOST, &bytes, &document.size);
	if (r < 0)
		return r;
	document.text = bytes;
	r = config_load(&document, 1, config, &diagnostics);
	diagnostics_format(&diagnostics, false, &text);
	/* That nothing uses its checks is no news. */
	if (r < 0 && text.text)
		fputs(text.text, stderr);
	free(bytes);
	return r;
}

static int probe_usage(void)
{
	fputs("probe [--many COUNT PARALLEL] FILE CHECK ADDRESS[:PORT]\n", stderr);
	return 2;
}

/* As many as go at a time; those that end start the others. */
static int probe_run(struct probe *probe, unsigned long parallel)
{
	unsigned long many = probe->left;
	unsigned long long before = probe_cpu();

	while (probe->left && probe->under_way < parallel)
		probe_start(probe);
	int r = loop_run(probe->loop);
	if (!probe->one)
		printf("%lu %lu %lu %llu %ld %u\n", probe->results[0], probe->results[1],
			probe->results[2], (probe_cpu() - before) / many, self_resident(),
			self_descriptors());
	return r == CHECKER_RESULT_UNTRIED ? 3 : r;
}

int main(int argc, char **argv)
{
	_cleanup_error_ struct error error = {};
	_cleanup_loop_ struct loop *loop = NULL;
	struct config config = {};
	struct destination_key destination;
	struct probe probe = {.left = 1, .one = true};
	unsigned long parallel = 1;

	if (argc == 7 && strcmp(argv[1], "--many") == 0) {
		probe.one = false;
		probe.left = strtoul(argv[2], NULL, 10);
		parallel = strtoul(argv[3], NULL, 10);
		argv += 3;
		argc -= 3;
	}
	if (argc != 4 || !probe.left || probe_load(argv[1], &config) < 0 ||
		destination_key_parse(argv[3], &destination) < 0)
		return probe_usage();
	probe.check = config_find_check(&config, argv[2]);
	if (!probe.check || loop_new(&loop) < 0)
		return probe_usage();
	signal(SIGPIPE, SIG_IGN);
	probe.target = probe_target(probe.check, &destination);
	struct checkers_options options = {.loop = loop};
	if (checkers_new(&options, &probe.checkers, &error) < 0) {
		fprintf(stderr, "probe: %s\n", error_text(&error, -EINVAL));
		return 2;
	}
	probe.loop = loop;
	int r = probe_run(&probe, parallel);
	checkers_free(probe.checkers);
	config_clear(&config);
	return r;
}
