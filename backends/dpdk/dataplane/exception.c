// SPDX-License-Identifier: GPL-2.0-or-later
/* Making the interface is a row of requests to the kernel, each of which may be refused; the table `steps`
 * has them with the words for that. Offloads are off: a frame that is read has its checksums and is no
 * longer than the MTU, since it goes out as it is. */
#include "backends/dpdk/dataplane/exception.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/memory.h"

#define EXCEPTION_DEVICE "/dev/net/tun"

struct exception {
	int fd;
	char name[IFNAMSIZ];
};

/* What a step works with. */
struct exception_making {
	struct exception *exception;
	const char *name;
	const uint8_t *link;
	uint16_t mtu;
	int control; /* a socket for requests about interfaces */
	struct ifreq request;
};

static int exception_ask(struct exception_making *making, unsigned long request)
{
	snprintf(making->request.ifr_name, IFNAMSIZ, "%s", making->name);
	return ioctl(making->control, request, &making->request) < 0 ? -errno : 0;
}

static int exception_attach(struct exception_making *making)
{
	making->request = (struct ifreq){.ifr_flags = IFF_TAP | IFF_NO_PI};
	snprintf(making->request.ifr_name, IFNAMSIZ, "%s", making->name);
	return ioctl(making->exception->fd, TUNSETIFF, &making->request) < 0 ? -errno : 0;
}

static int exception_refuse_offloads(struct exception_making *making)
{
	return ioctl(making->exception->fd, TUNSETOFFLOAD, 0ul) < 0 ? -errno : 0;
}

static int exception_take_carrier(struct exception_making *making)
{
	return exception_set_carrier(making->exception, false);
}

static int exception_set_link(struct exception_making *making)
{
	making->request = (struct ifreq){.ifr_hwaddr.sa_family = ARPHRD_ETHER};
	memcpy(making->request.ifr_hwaddr.sa_data, making->link, 6);
	return exception_ask(making, SIOCSIFHWADDR);
}

static int exception_set_mtu(struct exception_making *making)
{
	making->request = (struct ifreq){.ifr_mtu = making->mtu};
	return exception_ask(making, SIOCSIFMTU);
}

static int exception_set_up(struct exception_making *making)
{
	int r;

	making->request = (struct ifreq){};
	r = exception_ask(making, SIOCGIFFLAGS);
	if (r < 0)
		return r;
	making->request.ifr_flags |= IFF_UP;
	return exception_ask(making, SIOCSIFFLAGS);
}

static const struct exception_step {
	int (*take)(struct exception_making *making);
	const char *what;
} steps[] = {
	{exception_attach, "cannot be made a TAP interface (is it used, or of another kind?)"},
	{exception_refuse_offloads, "its offloads cannot be turned off"},
	{exception_take_carrier, "its carrier cannot be taken"},
	{exception_set_link, "its link address cannot be set"},
	{exception_set_mtu, "its MTU cannot be set"},
	{exception_set_up, "it cannot be set up"},
};

static int exception_make(struct exception_making *making, struct error *error)
{
	for (size_t i = 0; i < ARRAY_LENGTH(steps); i++) {
		int r = steps[i].take(making);

		if (r < 0)
			return error_set(error, r, "exception port %s: %s: %s%s", making->name,
				steps[i].what, strerror(-r),
				r == -EPERM ? ": needs CAP_NET_ADMIN" : "");
	}
	return 0;
}

int exception_open(struct exception **ret, const char *name, const uint8_t link[static 6],
	uint16_t mtu, struct error *error)
{
	struct exception *exception = memory_new(sizeof(*exception));
	_cleanup_close_ int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct exception_making making = {
		.exception = exception, .name = name, .link = link, .mtu = mtu, .control = control};
	int r;

	*ret = NULL;
	snprintf(exception->name, sizeof(exception->name), "%s", name);
	exception->fd = open(EXCEPTION_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (exception->fd < 0)
		r = error_set(error, -errno, "exception port %s: %s: %s (modprobe tun)", name,
			EXCEPTION_DEVICE, strerror(errno));
	else
		r = exception_make(&making, error);
	if (r < 0)
		exception_close(exception);
	else
		*ret = exception;
	return r;
}

struct exception *exception_close(struct exception *exception)
{
	if (exception && exception->fd >= 0)
		close(exception->fd);
	free(exception);
	return NULL;
}

int exception_fd(const struct exception *exception)
{
	return exception->fd;
}

int exception_set_carrier(struct exception *exception, bool up)
{
	int carrier = up;

	return ioctl(exception->fd, TUNSETCARRIER, &carrier) < 0 ? -errno : 0;
}

size_t exception_read(struct exception *exception, uint8_t *to, size_t room)
{
	ssize_t length = read(exception->fd, to, room);

	return length > 0 ? (size_t)length : 0;
}

bool exception_write(struct exception *exception, const uint8_t *frame, size_t length)
{
	return write(exception->fd, frame, length) == (ssize_t)length;
}
