// SPDX-License-Identifier: GPL-2.0-or-later
/* Apart from the rows, so that a program may have other rows than poised and everything else of it. */
#include <string.h>

#include "daemon/process.h"

const struct process_kind *process_find(const char *name)
{
	for (size_t i = 0; i < process_count; i++)
		if (strcmp(processes[i]->name, name) == 0)
			return processes[i];
	return NULL;
}
