// SPDX-License-Identifier: GPL-2.0-or-later
/* memory-poised: poised as it is, all of its processes, but with the in-memory backend in place of the kernel's: what the way
 * of a verdict takes on a machine without IPVS.
 *
 * Linked with --wrap=backend_find. Each call of apply() is a line in the file that MEMORY_POISED_LOG names: CLOCK_MONOTONIC
 * in nanoseconds when it began, and the number of operations. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "backends/backend.h"
#include "daemon/poised.h"
#include "model/schema.h"
#include "tests/memory/memory.h"

/* With all that the file format will have: this takes the place of model/schema_features.c. tests/netns has two of these. */
const unsigned int schema_features = SCHEMA_FEATURE_VRRP;

static struct backend_ops memory_poised;
static struct memory_table *memory_poised_table;

static int memory_poised_open(struct backend **ret, struct error *error)
{
	if (!memory_poised_table)
		memory_poised_table = memory_table_new();
	memory_table_use(memory_poised_table);
	int r = memory_backend.open(ret, error);
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
	memory_poised = memory_backend;
	memory_poised.name = name;
	memory_poised.open = memory_poised_open;
	memory_poised.apply = memory_poised_apply;
	return &memory_poised;
}

int main(int argc, char **argv)
{
	return poised_main(argc, argv);
}
