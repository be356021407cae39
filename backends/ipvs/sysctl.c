// SPDX-License-Identifier: GPL-2.0-or-later
#include "backends/ipvs/sysctl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#define SYSCTL_FOLDER "/proc/sys/net/ipv4/vs"

static void sysctl_closedirp(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}

/* One space between words, none at the ends. -EINVAL when nothing is left or it is too long. */
static int sysctl_normalise(const char *text, char value[static SYSCTL_VALUE_SIZE])
{
	size_t length = 0;

	for (; *text; text++) {
		bool blank = strchr(" \t\n", *text);

		if (blank && (length == 0 || value[length - 1] == ' '))
			continue;
		if (length + 1 >= SYSCTL_VALUE_SIZE)
			return -EINVAL;
		value[length++] = blank ? ' ' : *text;
	}
	if (length && value[length - 1] == ' ')
		length--;
	value[length] = '\0';
	return length ? 0 : -EINVAL;
}

static int sysctl_read_one(int folder, const char *name, struct sysctl *ret)
{
	_cleanup_close_ int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[256];

	if (fd < 0)
		return -errno;
	ssize_t got = read(fd, text, sizeof(text) - 1);
	if (got < 0)
		return -errno;
	text[got] = '\0';
	size_t length = strlen(name);
	if (length >= sizeof(ret->name))
		return -ENAMETOOLONG;
	memcpy(ret->name, name, length + 1);
	return sysctl_normalise(text, ret->value);
}

int ipvs_sysctl_read(struct sysctl_vector *ret)
{
	_cleanup_(sysctl_closedirp) DIR *folder = opendir(SYSCTL_FOLDER);

	if (!folder)
		return errno == ENOENT ? 0 : -errno;
	for (const struct dirent *entry; (entry = readdir(folder));) {
		struct sysctl sysctl = {};

		if (entry->d_name[0] == '.')
			continue;
		/* Some can only be written, and some hold nothing yet. */
		if (sysctl_read_one(dirfd(folder), entry->d_name, &sysctl) == 0)
			vector_push(ret, sysctl);
	}
	return 0;
}

int ipvs_sysctl_write(const char *name, const char *value, struct error *error)
{
	char path[sizeof(SYSCTL_FOLDER) + 1 + SYSCTL_NAME_SIZE];

	if (!*name || *name == '.' || strchr(name, '/') || strlen(name) >= SYSCTL_NAME_SIZE)
		return error_set(error, -EINVAL, "`%s` is no name of a sysctl", name);
	snprintf(path, sizeof(path), "%s/%s", SYSCTL_FOLDER, name);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return error_set(error, -ENOENT, "this kernel has no net/ipv4/vs/%s", name);
	if (fd < 0)
		return error_set(error, -errno, "net/ipv4/vs/%s cannot be written: %s", name,
			strerror(errno));
	/* One write: the kernel takes the value from the first. */
	ssize_t done = write(fd, value, strlen(value));
	if (done == (ssize_t)strlen(value))
		return 0;
	int code = done < 0 ? -errno : -EIO;
	if (code == -EINVAL)
		return error_set(error, code, "the kernel does not take `%s` for net/ipv4/vs/%s",
			value, name);
	return error_set(
		error, code, "net/ipv4/vs/%s cannot be written: %s", name, strerror(-code));
}
