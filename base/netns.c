// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/netns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

#define NETNS_DIRECTORY "/run/netns/"

static char *netns_path(const char *name)
{
	return strchr(name, '/') ? memory_copy_string(name)
				 : memory_printf(NETNS_DIRECTORY "%s", name);
}

static int netns_open(const char *name, int *ret, struct error *error)
{
	_cleanup_free_ char *path = netns_path(name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		*ret = fd;
		return 0;
	}
	int code = -errno;
	if (code != -ENOENT)
		return error_set(error, code, "network namespace %s: %s", path, strerror(-code));
	if (strchr(name, '/'))
		return error_set(error, code, "there is no network namespace %s", path);
	return error_set(error, code,
		"there is no network namespace `%s` (%s): `ip netns` lists those that there are, "
		"`ip netns add %s` makes it",
		name, path, name);
}

int netns_enter(const char *name, struct error *error)
{
	_cleanup_close_ int fd = -1;
	int r = netns_open(name, &fd, error);

	if (r < 0)
		return r;
	if (setns(fd, CLONE_NEWNET) == 0)
		return 0;
	r = -errno;
	if (r == -EINVAL)
		return error_set(error, r, "%s is no network namespace", name);
	return error_set(error, r, "network namespace %s: %s%s", name, strerror(-r),
		r == -EPERM ? ": run it as root" : "");
}

/* The identity of a namespace while it lives. */
static bool netns_stat(int at, const char *path, struct stat *ret)
{
	return fstatat(at, path, ret, 0) == 0;
}

static bool netns_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool netns_is_known(const char *name, const char *known)
{
	_cleanup_free_ char *path = known ? memory_printf("%s/%s", known, name) : NULL;

	return path && access(path, F_OK) == 0;
}

/* The name by which it goes, of those that `ip netns` has for it, or NULL. The caller frees it. */
static char *netns_name(const struct stat *wanted, const char *known)
{
	struct dirent **entries = NULL;
	int count = scandir(NETNS_DIRECTORY, &entries, NULL, alphasort);
	_cleanup_close_ int directory = open(NETNS_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *name = NULL;
	bool found = false;

	for (int i = 0; i < count; i++) {
		const char *entry = entries[i]->d_name;
		struct stat status;

		if (!found && *entry != '.' && netns_stat(directory, entry, &status) &&
			netns_same(&status, wanted)) {
			found = netns_is_known(entry, known);
			if (found || !name) {
				free(name);
				name = memory_copy_string(entry);
			}
		}
		free(entries[i]);
	}
	free(entries);
	return name;
}

int netns_label(const char *name, const char *folder, char **ret, struct error *error)
{
	struct stat machine, wanted;
	_cleanup_close_ int fd = -1;

	*ret = NULL;
	if (name && (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0))
		return error_set(error, -EINVAL, "--netns wants a name or a path");
	if (name) {
		int r = netns_open(name, &fd, error);
		if (r < 0)
			return r;
	} else {
		fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	}
	if (fstat(fd, &wanted) < 0)
		return error_set(error, -errno, "network namespace: %s", strerror(errno));
	/* Some process 1 may not be looked at, even by root. */
	bool known = netns_stat(AT_FDCWD, "/proc/1/ns/net", &machine);
	if (known && netns_same(&wanted, &machine))
		return 0;
	*ret = netns_name(&wanted, folder);
	if (!*ret && (known || name))
		*ret = memory_printf("inode-%ju", (uintmax_t)wanted.st_ino);
	return 0;
}
