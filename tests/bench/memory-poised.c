// SPDX-License-Identifier: GPL-2.0-or-later
/* memory-poised: poised as it is, all of its processes, but with the in-memory backend in place of the kernel's: what the way
 * of a verdict takes on a machine without IPVS.
 *
 * Each call of apply() is a line in the file that MEMORY_POISED_LOG names: CLOCK_MONOTONIC
 * in nanoseconds when it began, and the number of operations.
 *
 * While there is the file that MEMORY_POISED_FAILS names, a process that keeps virtual routers does not come far: it dies, or hangs
 * where that has the word. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/timespec.h"
#include "daemon/poised.h"
#include "tests/memory/instead.h"
#include "tests/memory/memory.h"

#define HANG_S 300 /* the longest; it may have been forgotten */

static void memory_poised_log(size_t operations)
{
	const char *path = getenv("MEMORY_POISED_LOG");
	FILE *log = path ? fopen(path, "ae") : NULL;

	if (!log)
		return;
	fprintf(log, "%" PRIu64 " %zu\n", timespec_now(CLOCK_MONOTONIC), operations);
	fclose(log);
}

static int memory_poised_apply(struct backend *backend, const struct plan_op *ops, size_t count,
	struct backend_result *results, struct error *error)
{
	memory_poised_log(count);
	return memory_backend.apply(backend, ops, count, results, error);
}

const struct backend_ops *__wrap_backend_find(const char *name);

const struct backend_ops *__wrap_backend_find(const char *name)
{
	struct backend_ops *ops = memory_instead(name);

	ops->apply = memory_poised_apply;
	return ops;
}

static void memory_poised_fail(void)
{
	const char *path = getenv("MEMORY_POISED_FAILS");
	FILE *file = path ? fopen(path, "re") : NULL;
	char word[16] = "";

	if (!file)
		return;
	bool hangs = fgets(word, sizeof(word), file) && strcmp(word, "hang\n") == 0;
	fclose(file);
	if (!hangs)
		raise(SIGKILL);
	alarm(HANG_S);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--process=vrrp") == 0)
			memory_poised_fail();
	return poised_main(argc, argv);
}
