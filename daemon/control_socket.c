// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/control_socket.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/memory.h"

#define CONTROL_SOCKET_BACKLOG 128

static int control_socket_address(
	const char *run_dir, struct sockaddr_un *address, struct error *error)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	int length = snprintf(
		address->sun_path, sizeof(address->sun_path), "%s/" CONTROL_SOCKET_NAME, run_dir);

	if (length >= 0 && (size_t)length < sizeof(address->sun_path))
		return 0;
	return error_set(error, -ENAMETOOLONG,
		"%s is too long a path for a socket in it: --run-dir=DIR takes a shorter one",
		run_dir);
}

/* Under a mask of its own: there is no moment in which somebody else could connect. */
static int control_socket_bind(int fd, const struct sockaddr_un *address)
{
	mode_t mask = umask(0177);
	int r = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;

	umask(mask);
	return r;
}

int control_socket_open(const char *run_dir, struct error *error)
{
	struct sockaddr_un address;
	int r = control_socket_address(run_dir, &address, error);

	if (r < 0)
		return r;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set(error, -errno, "cannot make a socket: %s", strerror(errno));
	if (unlink(address.sun_path) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0)
		r = control_socket_bind(fd, &address);
	if (r == 0 && listen(fd, CONTROL_SOCKET_BACKLOG) < 0)
		r = -errno;
	if (r == 0)
		return fd;
	close(fd);
	return error_set(error, r, "cannot listen on %s: %s", address.sun_path, strerror(-r));
}

int control_socket_give(const char *run_dir, gid_t group, struct error *error)
{
	struct sockaddr_un address;
	int r = control_socket_address(run_dir, &address, error);

	if (r < 0)
		return r;
	const char *path = address.sun_path;
	/* Closed while it changes hands, so that the old group never has the new one's right. */
	if (chmod(path, 0600) < 0 || lchown(path, (uid_t)-1, group) < 0 ||
		chmod(path, group ? 0660 : 0600) < 0)
		return error_set(error, -errno, "cannot give %s to group %u: %s", path,
			(unsigned int)group, strerror(errno));
	return 0;
}

void control_socket_remove(const char *run_dir)
{
	struct sockaddr_un address;

	if (control_socket_address(run_dir, &address, NULL) == 0)
		unlink(address.sun_path);
}
