// SPDX-License-Identifier: GPL-2.0-or-later
/* The notifications of nf_tables.
 *
 * Each carries the port of the socket whose transaction it was, by which our own are known, and as its first attribute the table,
 * whatever it is about. What is there to be read is bounded in a turn: a machine whose firewall has a hundred thousand
 * rules tells of each. Where the kernel had to drop some (ENOBUFS), our table may have been among them. */
#include "vrrp/accept_watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/memory.h"
#include "vrrp/accept_batch.h"

#define WATCH_SOCKET_TYPE (SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK)
#define WATCH_SIZE        16384u
#define WATCH_READ_MOST   32u /* datagrams in a turn */

struct vrrp_accept_watch {
	int fd;
	uint32_t port;
	struct loop_source *source;
	vrrp_accept_changed *changed;
	void *data;
	_Alignas(struct nlmsghdr) char datagram[WATCH_SIZE];
};

static bool watch_is_ours(struct nlmsghdr *message)
{
	static const char table[] = VRRP_ACCEPT_TABLE;
	const struct nfgenmsg *about = NLMSG_DATA(message);

	if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES ||
		message->nlmsg_len < NLMSG_LENGTH(sizeof(*about)) ||
		about->nfgen_family != NFPROTO_INET)
		return false;
	/* The number is that of every kind: NFTA_CHAIN_TABLE, NFTA_RULE_TABLE and so on. */
	const struct nlattr *name = nlmsg_find_attr(message, sizeof(*about), NFTA_TABLE_NAME);
	return name && nla_len(name) == sizeof(table) &&
	       memcmp(nla_data(name), table, sizeof(table)) == 0;
}

static bool watch_take(const struct vrrp_accept_watch *watch, struct nlmsghdr *message, int left)
{
	for (; nlmsg_ok(message, left); message = nlmsg_next(message, &left))
		if (message->nlmsg_pid != watch->port && watch_is_ours(message))
			return true;
	return false;
}

/* The next datagram: 1: another program changed the table; 0: not; -ENOBUFS: what it is, or was, is lost; -errno. */
static int watch_read(struct vrrp_accept_watch *watch)
{
	struct sockaddr_nl from = {};
	struct iovec vector = {watch->datagram, sizeof(watch->datagram)};
	struct msghdr header = {.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &vector,
		.msg_iovlen = 1};
	ssize_t got = recvmsg(watch->fd, &header, 0);

	if (got < 0)
		return -errno;
	if (header.msg_namelen != sizeof(from) || from.nl_pid != 0)
		return 0;
	if (header.msg_flags & MSG_TRUNC)
		return -ENOBUFS;
	return watch_take(watch, (struct nlmsghdr *)(void *)watch->datagram, (int)got);
}

static void watch_on_io(void *data, uint32_t events _unused_)
{
	struct vrrp_accept_watch *watch = data;
	bool table = false, lost = false;

	for (unsigned int i = 0; i < WATCH_READ_MOST; i++) {
		int r = watch_read(watch);

		table |= r > 0;
		lost |= r == -ENOBUFS;
		if (r < 0 && r != -EINTR && r != -ENOBUFS)
			break;
	}
	if (table || lost)
		watch->changed(watch->data, table);
}

static int watch_open(struct vrrp_accept_watch *watch, struct loop *loop)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	int group = NFNLGRP_NFTABLES;

	watch->fd = socket(AF_NETLINK, WATCH_SOCKET_TYPE, NETLINK_NETFILTER);
	if (watch->fd < 0)
		return -errno;
	if (bind(watch->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		setsockopt(watch->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) <
			0)
		return -errno;
	return loop_add_io(loop, watch->fd, EPOLLIN, watch_on_io, watch, &watch->source);
}

int vrrp_accept_watch_new(struct loop *loop, uint32_t port, vrrp_accept_changed *changed,
	void *data, struct vrrp_accept_watch **ret, struct error *error)
{
	struct vrrp_accept_watch *watch = memory_new(sizeof(*watch));

	watch->port = port;
	watch->changed = changed;
	watch->data = data;
	int r = watch_open(watch, loop);
	if (r < 0) {
		vrrp_accept_watch_free(watch);
		return error_set(
			error, r, "the changes of nf_tables cannot be heard: %s", strerror(-r));
	}
	*ret = watch;
	return 0;
}

struct vrrp_accept_watch *vrrp_accept_watch_free(struct vrrp_accept_watch *watch)
{
	if (!watch)
		return NULL;
	loop_source_free(watch->source);
	memory_closep(&watch->fd);
	free(watch);
	return NULL;
}
