// SPDX-License-Identifier: GPL-2.0-or-later
/* What a probe of the tests tells of its own process: whether it grows, and whether it leaks. A header alone, for these
 * programs are of one source each. */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

/* KiB in memory; below 0: not known. */
static inline long self_resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long all = 0, resident = 0;

	if (file && fscanf(file, "%ld %ld", &all, &resident) != 2)
		resident = -1;
	if (file)
		fclose(file);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Entries of /proc/self/fd: open descriptors, and a constant. */
static inline unsigned int self_descriptors(void)
{
	DIR *stream = opendir("/proc/self/fd");
	unsigned int count = 0;

	while (stream && readdir(stream))
		count++;
	if (stream)
		closedir(stream);
	return count;
}
