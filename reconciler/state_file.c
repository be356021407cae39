// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"

int state_file_read(const char *path, size_t limit, char **text, size_t *size, struct error *error)
{
	int r = file_read_regular(AT_FDCWD, path, limit, text, size);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return error_set(error, r, "cannot read %s: %s", path, file_error_text(r));
	return 1;
}

static int write_by(int (*replace)(const char *path, const void *data, size_t size, mode_t mode),
	const char *directory, const char *path, const char *text, struct error *error)
{
	int r = file_make_directories(directory, 0755);

	file_remove_leftovers(path);
	if (r == 0)
		r = replace(path, text, strlen(text), 0600);
	if (r < 0)
		return error_set(error, r, "cannot write %s: %s", path, strerror(-r));
	return 0;
}

int state_file_write(const char *directory, const char *path, const char *text, struct error *error)
{
	return write_by(file_replace, directory, path, text, error);
}

int state_file_write_unsynced(
	const char *directory, const char *path, const char *text, struct error *error)
{
	return write_by(file_replace_unsynced, directory, path, text, error);
}
