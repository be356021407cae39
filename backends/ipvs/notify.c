// SPDX-License-Identifier: GPL-2.0-or-later
#include "backends/ipvs/notify.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "backends/ipvs/decode.h"

/* Of one call; an announcement is some hundred bytes, and one that does not fit is of no family that we look for. */
enum {
	NOTIFY_DATAGRAMS_MOST = 64,
	NOTIFY_DATAGRAM_SIZE = 8192
};

int ipvs_notify_open(void)
{
	/* The controller's first group has the controller's own number, for ever (net/netlink/genetlink.c). */
	const struct sockaddr_nl name = {
		.nl_family = AF_NETLINK, .nl_groups = 1U << (GENL_ID_CTRL - 1)};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_GENERIC);

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&name, sizeof(name)) < 0) {
		int code = -errno;

		close(fd);
		return code;
	}
	return fd;
}

static void notify_take(void *context, const struct ipvs_reply *reply)
{
	bool *changed = context;

	if (reply->kind == IPVS_REPLY_DATA)
		*changed |= ipvs_decode_announcement(reply->message, IPVS_GENL_NAME);
}

/* One datagram. The number of its bytes, or -errno. */
static ssize_t notify_read_one(int fd, bool *changed)
{
	union {
		struct nlmsghdr header; /* aligns it */
		uint8_t bytes[NOTIFY_DATAGRAM_SIZE];
	} buffer;
	struct sockaddr_nl from = {};
	socklen_t size = sizeof(from);
	ssize_t got = recvfrom(
		fd, &buffer, sizeof(buffer), MSG_DONTWAIT, (struct sockaddr *)&from, &size);

	if (got < 0)
		return -errno;
	/* Other programs may send to this socket too. */
	if (from.nl_pid == 0)
		ipvs_decode_datagram(&buffer, (size_t)got, notify_take, changed);
	return got;
}

int ipvs_notify_read(int fd)
{
	bool changed = false;

	for (int i = 0; i < NOTIFY_DATAGRAMS_MOST; i++) {
		ssize_t got = notify_read_one(fd, &changed);

		if (got == -EAGAIN)
			break;
		if (got == -ENOBUFS)
			changed = true;
		else if (got < 0 && got != -EINTR)
			return (int)got;
	}
	return changed;
}
