// SPDX-License-Identifier: GPL-2.0-or-later
/* Replays kept inputs through a fuzz target, without a fuzzer: one argument, the corpus folder. An input that
 * once crashed must pass for ever. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>

#include "base/file.h"
#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(int directory, const char *name)
{
	_cleanup_free_ char *data = NULL;
	size_t size;
	int r = file_read(directory, name, 64 << 20, &data, &size);

	if (r < 0) {
		fprintf(stderr, "%s: %s\n", name, strerror(-r));
		return r;
	}
	/* A copy of exactly this size, so that the sanitizers see a read past its end. */
	uint8_t *exact = malloc(size ? size : 1);
	memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 0;
}

int main(int argc, char **argv)
{
	DIR *directory = argc == 2 ? opendir(argv[1]) : NULL;
	size_t count = 0;

	if (!directory) {
		fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
		return 2;
	}
	for (struct dirent *entry; (entry = readdir(directory));) {
		if (entry->d_name[0] == '.')
			continue;
		if (replay_file(dirfd(directory), entry->d_name) < 0)
			return 1;
		count++;
	}
	closedir(directory);
	printf("  PASS    %s (%zu inputs)\n", argv[1], count);
	return count ? 0 : 1;
}
