// SPDX-License-Identifier: GPL-2.0-or-later
/* memory-poised: poised as it is, all of its processes, but with the in-memory backend in place of the kernel's: what the way
 * of a verdict takes on a machine without IPVS.
 *
 * Linked with --wrap=backend_find. Each call of apply() is a line in the file that MEMORY_POISED_LOG names: CLOCK_MONOTONIC
 * in nanoseconds when it began, and the number of operations.
 *
 * While there is the file that MEMORY_POISED_FAILS names, a process that keeps virtual routers does not come far: it dies, or hangs
 * where that has the word. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backends/backend.h"
#include "daemon/poised.h"
#include "tests/memory/memory.h"

#define HANG_S 300 /* the longest; it may have been forgotten */

static struct backend_ops memory_poised;
static struct memory_table *memory_poised_table;

static int memory_poised_open(const char *run_dir, struct backend **ret, struct error *error)
{
	if (!memory_poised_table)
		memory_poised_table = memory_table_new();
	memory_table_use(memory_poised_table);
	int r = memory_backend.open(run_dir, ret, error);
	if (r == 0)
		(*ret)->ops = &memory_poised;
	return r;
}

static void memory_poised_log(size_t operations)
{
	const char *path = getenv("MEMORY_POISED_LOG");
	FILE *log = path ? fopen(path, "ae") : NULL;
	struct timespec now;

	if (!log)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	fprintf(log, "%" PRIu64 " %zu\n", (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec,
		operations);
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
	static char own[16]; /* the caller's may go */

	if (strcmp(own, name) != 0)
		snprintf(own, sizeof(own), "%s", name);
	memory_poised = memory_backend;
	memory_poised.name = own;
	memory_poised.open = memory_poised_open;
	memory_poised.apply = memory_poised_apply;
	return &memory_poised;
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
