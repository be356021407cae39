// SPDX-License-Identifier: GPL-2.0-or-later
/* memory-poise: poise as it is, but with the in-memory backend in place of the kernel's, in which there is nothing: what it says of all
 * else beside a memory-poised, on a machine without IPVS.
 *
 * Linked with --wrap=backend_find. */
#include <stdio.h>
#include <string.h>

#include "backends/backend.h"
#include "cli/cli.h"
#include "tests/memory/memory.h"

static struct backend_ops memory_poise;

static int memory_poise_open(const char *run_dir, struct backend **ret, struct error *error)
{
	static struct memory_table *table;

	if (!table)
		table = memory_table_new();
	memory_table_use(table);
	int r = memory_backend.open(run_dir, ret, error);
	if (r == 0)
		(*ret)->ops = &memory_poise;
	return r;
}

const struct backend_ops *__wrap_backend_find(const char *name);

const struct backend_ops *__wrap_backend_find(const char *name)
{
	static char own[16]; /* the caller's may go */

	if (strcmp(own, name) != 0)
		snprintf(own, sizeof(own), "%s", name);
	memory_poise = memory_backend;
	memory_poise.name = own;
	memory_poise.open = memory_poise_open;
	return &memory_poise;
}

int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
