// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

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

int cli_netns_enter(const char *name, struct error *error)
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
		r == -EPERM ? ": run poise as root" : "");
}

int cli_netns_label(const char *name, char **ret, struct error *error)
{
	static const char *const directories[] = {NETNS_DIRECTORY, "/var" NETNS_DIRECTORY};
	_cleanup_close_ int fd = -1;
	struct stat status;

	for (size_t i = 0; i < ARRAY_LENGTH(directories); i++)
		if (strncmp(name, directories[i], strlen(directories[i])) == 0)
			name += strlen(directories[i]);
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return error_set(error, -EINVAL, "--netns wants a name or a path");
	if (!strchr(name, '/')) {
		*ret = memory_copy_string(name);
		return 0;
	}
	int r = netns_open(name, &fd, error);
	if (r < 0)
		return r;
	if (fstat(fd, &status) < 0)
		return error_set(error, -errno, "%s: %s", name, strerror(errno));
	*ret = memory_printf("inode-%ju", (uintmax_t)status.st_ino);
	return 0;
}
