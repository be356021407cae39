// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/memory/instead.h"

#include <stdio.h>
#include <string.h>

#include "tests/memory/memory.h"

static struct backend_ops memory_instead_ops;

static int memory_instead_open(const char *run_dir, struct backend **ret, struct error *error)
{
	static struct memory_table *table;

	if (!table)
		table = memory_table_new();
	memory_table_use(table);
	int r = memory_backend.open(run_dir, ret, error);
	if (r == 0)
		(*ret)->ops = &memory_instead_ops;
	return r;
}

struct backend_ops *memory_instead(const char *name)
{
	static char own[16]; /* the caller's may go */

	if (strcmp(own, name) != 0)
		snprintf(own, sizeof(own), "%s", name);
	memory_instead_ops = memory_backend;
	memory_instead_ops.name = own;
	memory_instead_ops.open = memory_instead_open;
	return &memory_instead_ops;
}
