// SPDX-License-Identifier: GPL-2.0-or-later
/* Sockets of probes: the mark and the interface before anything is routed, the source before anything is connected. */
#include "health/kind.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

static socklen_t socket_address(
	const struct address *address, uint16_t port, struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (address->family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)ret;
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, address->bytes, sizeof(in->sin_addr));
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, address->bytes, sizeof(in6->sin6_addr));
	return sizeof(*in6);
}

socklen_t checker_sockaddr(const struct checker_run *run, struct sockaddr_storage *ret)
{
	return socket_address(&run->request.target.address, run->request.target.port, ret);
}

bool checker_met_itself(const struct checker_run *run, int fd)
{
	struct sockaddr_storage own = {}, target;
	socklen_t size = sizeof(own);
	socklen_t wanted = checker_sockaddr(run, &target);

	return getsockname(fd, (struct sockaddr *)&own, &size) == 0 && size == wanted &&
	       memcmp(&own, &target, size) == 0;
}

static int socket_mark(int fd, uint32_t mark)
{
	if (mark && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0)
		return -errno;
	return 0;
}

/* The port is chosen when it connects, not now: then one of another connection will do, as long as that is to another server. */
static int socket_source(int fd, const struct address *source)
{
	struct sockaddr_storage address;
	int on = 1;

	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	socklen_t size = socket_address(source, 0, &address);
	return bind(fd, (const struct sockaddr *)&address, size) < 0 ? -errno : 0;
}

/* Before a source: a link-local one is of this interface then. Without a device `interface` is a name that the kernel does not
 * know (yet). */
static int socket_interface(int fd, const char *interface)
{
	if (interface && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
				 (socklen_t)strlen(interface) + 1) < 0)
		return -errno;
	return 0;
}

static int socket_prepare(const struct checker_run *run, int fd, const char **what)
{
	const struct config_check *check = run->request.check;

	*what = "fwmark";
	int r = socket_mark(fd, check->fwmark);
	if (r < 0)
		return r;
	*what = "interface";
	r = socket_interface(fd, check->interface);
	if (r < 0 || !check->source.family)
		return r;
	*what = "source";
	/* A probe from elsewhere than the file says would be another one. */
	if (check->source.family != run->request.target.address.family)
		return -EPFNOSUPPORT;
	return socket_source(fd, &check->source);
}

int checker_socket(const struct checker_run *run, int type, int protocol, const char **what)
{
	uint16_t family = run->request.target.address.family;
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);

	*what = "socket";
	if (fd < 0)
		return -errno;
	int r = socket_prepare(run, fd, what);
	if (r == 0)
		return fd;
	close(fd);
	return r;
}
