// SPDX-License-Identifier: GPL-2.0-or-later
/* What is not accepted, and the socket to nf_tables.
 *
 * The kernel carries out a transaction while it is being sent, and its answers are in the socket when send() returns: nothing is
 * waited for, and there is nothing for the loop. An answer that is not there by then is an error.
 *
 * What is believed to be in the kernel is compared with what is wanted, and only the difference is sent. When that fails because
 * the table is not there (somebody has flushed all tables), the whole is sent at once; after any other failure nothing
 * is believed any more. */
#include "vrrp/accept.h"

#include <endian.h>
#include <errno.h>
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

#define ACCEPT_ANSWER_SIZE 16384u
/* A transaction goes in one piece: 28 bytes for an address of IPv6. */
#define ACCEPT_SEND_BYTES  (8 << 20)
#define ACCEPT_SOCKET_TYPE (SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK)

struct vrrp_accept {
	int fd;
	uint32_t sequence;
	bool believed; /* the table is as `there` says; when that is empty, there is none */
	struct vrrp_accept_list there, wanted;
	_Alignas(struct nlmsghdr) char answer[ACCEPT_ANSWER_SIZE];
};

static const struct {
	int code;
	const char *words;
} accept_words[] = {
	{EOPNOTSUPP, "needs nf_tables: modprobe nf_tables"},
	{ENOENT, "needs more of nf_tables than this kernel has: sets and named counters"},
	{EMSGSIZE, "is for more addresses than go into one transaction"},
};

static int accept_error(struct error *error, int code)
{
	for (size_t i = 0; i < ARRAY_LENGTH(accept_words); i++)
		if (accept_words[i].code == -code)
			return error_set(error, code, "`accept: false` %s", accept_words[i].words);
	return error_set(error, code, "`accept: false` cannot be carried out: %s", strerror(-code));
}

static int accept_open(struct vrrp_accept *accept)
{
	int size = ACCEPT_SEND_BYTES, one = 1;

	if (accept->fd >= 0)
		return 0;
	int fd = socket(AF_NETLINK, ACCEPT_SOCKET_TYPE, NETLINK_NETFILTER);
	/* Without nfnetlink there is no such protocol, without nf_tables no such operation. */
	if (fd < 0)
		return errno == EPROTONOSUPPORT ? -EOPNOTSUPP : -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	/* An error need not repeat what it is about. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	accept->fd = fd;
	return 0;
}

/* All messages of a batch have one number, by which its answers are known. */
static void accept_number(struct vrrp_accept *accept, struct vrrp_accept_batch *batch)
{
	accept->sequence++;
	for (size_t place = 0; place < batch->count;) {
		struct nlmsghdr *header = (struct nlmsghdr *)(void *)(batch->items + place);

		header->nlmsg_seq = accept->sequence;
		place += NLMSG_ALIGN(header->nlmsg_len);
	}
}

static int accept_send(struct vrrp_accept *accept, struct vrrp_accept_batch *batch)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t sent;

	accept_number(accept, batch);
	do
		sent = sendto(accept->fd, batch->items, batch->count, 0, (struct sockaddr *)&kernel,
			sizeof(kernel));
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* The next datagram of the kernel: its bytes; 0: there is none; -errno. */
static ssize_t accept_receive(struct vrrp_accept *accept)
{
	struct iovec vector = {accept->answer, sizeof(accept->answer)};

	for (;;) {
		struct sockaddr_nl from = {};
		struct msghdr header = {.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &vector,
			.msg_iovlen = 1};
		ssize_t got = recvmsg(accept->fd, &header, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (got == 0 || (header.msg_namelen == sizeof(from) && from.nl_pid == 0 &&
					!(header.msg_flags & MSG_TRUNC)))
			return got;
	}
}

/* What one question is answered with; 0, or -errno. */
typedef int accept_take(void *data, struct nlmsghdr *message);

struct accept_heard {
	bool answered;
	int code; /* of the first error */
};

static void accept_hear(const struct vrrp_accept *accept, struct nlmsghdr *message,
	accept_take *take, void *data, struct accept_heard *heard)
{
	int code = 0;

	if (message->nlmsg_seq != accept->sequence)
		return;
	if (message->nlmsg_type != NLMSG_ERROR)
		code = take ? take(data, message) : 0;
	else if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(struct nlmsgerr)))
		code = ((const struct nlmsgerr *)NLMSG_DATA(message))->error;
	heard->answered = true;
	if (heard->code == 0)
		heard->code = code;
}

/* `take` gets the answer to a question, and is NULL for a transaction. */
static int accept_exchange(
	struct vrrp_accept *accept, struct vrrp_accept_batch *batch, accept_take *take, void *data)
{
	struct accept_heard heard = {};
	ssize_t got;
	int r = accept_open(accept);

	if (r == 0)
		r = accept_send(accept, batch);
	if (r < 0)
		return r;
	while ((got = accept_receive(accept)) > 0) {
		int left = (int)got;

		for (struct nlmsghdr *message = (struct nlmsghdr *)(void *)accept->answer;
			nlmsg_ok(message, left); message = nlmsg_next(message, &left))
			accept_hear(accept, message, take, data, &heard);
	}
	if (got < 0)
		return (int)got;
	return heard.answered ? heard.code : -EIO;
}

/* The table. */

static int accept_make(struct vrrp_accept *accept)
{
	_cleanup_accept_batch_ struct vrrp_accept_batch batch = {};

	vrrp_accept_batch_replace(&batch, &accept->wanted);
	return accept_exchange(accept, &batch, NULL, NULL);
}

static int accept_unmake(struct vrrp_accept *accept)
{
	_cleanup_accept_batch_ struct vrrp_accept_batch batch = {};

	vrrp_accept_batch_remove(&batch);
	int r = accept_exchange(accept, &batch, NULL, NULL);
	return r == -ENOENT || r == -EOPNOTSUPP ? 0 : r;
}

static int accept_change(struct vrrp_accept *accept)
{
	_cleanup_accept_list_ struct vrrp_accept_list gone = {}, come = {};
	_cleanup_accept_batch_ struct vrrp_accept_batch batch = {};

	vrrp_accept_list_compare(&accept->there, &accept->wanted, &gone, &come);
	if (!gone.count && !come.count)
		return 0;
	vrrp_accept_batch_change(&batch, &gone, &come);
	int r = accept_exchange(accept, &batch, NULL, NULL);
	return r == -ENOENT ? accept_make(accept) : r;
}

static int accept_do(struct vrrp_accept *accept)
{
	bool table = accept->believed && accept->there.count;

	if (!accept->wanted.count)
		return accept->believed && !table ? 0 : accept_unmake(accept);
	return table ? accept_change(accept) : accept_make(accept);
}

static int accept_apply(struct vrrp_accept *accept, struct error *error)
{
	int r = accept_do(accept);

	accept->believed = r == 0;
	if (r < 0)
		return accept_error(error, r);
	vrrp_accept_list_clear(&accept->there);
	vrrp_accept_list_fill(&accept->there, accept->wanted.items, accept->wanted.count);
	return 0;
}

int vrrp_accept_set(struct vrrp_accept *accept, const struct vrrp_unaccepted *items, size_t count,
	struct error *error)
{
	vrrp_accept_list_clear(&accept->wanted);
	vrrp_accept_list_fill(&accept->wanted, items, count);
	return accept_apply(accept, error);
}

static int accept_take_chain(void *data, struct nlmsghdr *message)
{
	struct nlattr *attributes[NFTA_CHAIN_MAX + 1];
	uint32_t *rules = data;

	if (nlmsg_parse(message, sizeof(struct nfgenmsg), attributes, NFTA_CHAIN_MAX, NULL) < 0 ||
		!attributes[NFTA_CHAIN_USE] ||
		nla_len(attributes[NFTA_CHAIN_USE]) != sizeof(*rules))
		return -EBADMSG;
	*rules = be32toh(nla_get_u32(attributes[NFTA_CHAIN_USE]));
	return 0;
}

int vrrp_accept_check(struct vrrp_accept *accept, struct error *error)
{
	_cleanup_accept_batch_ struct vrrp_accept_batch batch = {};
	uint32_t rules = 0;

	if (accept->believed && !accept->there.count)
		return 0;
	if (accept->believed) {
		vrrp_accept_batch_ask_chain(&batch);
		int r = accept_exchange(accept, &batch, accept_take_chain, &rules);
		if (r == 0 && rules == VRRP_ACCEPT_RULES)
			return 0;
		if (r < 0 && r != -ENOENT)
			return accept_error(error, r);
		accept->believed = false;
	}
	int r = accept_apply(accept, error);
	return r < 0 ? r : 1;
}

void vrrp_accept_doubt(struct vrrp_accept *accept)
{
	if (accept->there.count)
		accept->believed = false;
}

uint32_t vrrp_accept_port(const struct vrrp_accept *accept)
{
	struct sockaddr_nl own = {};
	socklen_t size = sizeof(own);

	if (accept->fd < 0 || getsockname(accept->fd, (struct sockaddr *)&own, &size) < 0)
		return 0;
	return own.nl_pid;
}

static int accept_take_counter(void *data, struct nlmsghdr *message)
{
	struct nlattr *object[NFTA_OBJ_MAX + 1], *counter[NFTA_COUNTER_MAX + 1];
	uint64_t *ret = data;

	if (nlmsg_parse(message, sizeof(struct nfgenmsg), object, NFTA_OBJ_MAX, NULL) < 0 ||
		!object[NFTA_OBJ_DATA] ||
		nla_parse_nested(counter, NFTA_COUNTER_MAX, object[NFTA_OBJ_DATA], NULL) < 0 ||
		!counter[NFTA_COUNTER_PACKETS] ||
		nla_len(counter[NFTA_COUNTER_PACKETS]) != sizeof(*ret))
		return -EBADMSG;
	*ret = be64toh(nla_get_u64(counter[NFTA_COUNTER_PACKETS]));
	return 0;
}

int vrrp_accept_dropped(struct vrrp_accept *accept, uint64_t *ret)
{
	_cleanup_accept_batch_ struct vrrp_accept_batch batch = {};

	vrrp_accept_batch_ask_dropped(&batch);
	return accept_exchange(accept, &batch, accept_take_counter, ret);
}

struct vrrp_accept *vrrp_accept_new(void)
{
	struct vrrp_accept *accept = memory_new(sizeof(*accept));

	accept->fd = -1;
	return accept;
}

struct vrrp_accept *vrrp_accept_free(struct vrrp_accept *accept)
{
	if (!accept)
		return NULL;
	memory_closep(&accept->fd);
	vrrp_accept_list_clear(&accept->there);
	vrrp_accept_list_clear(&accept->wanted);
	free(accept);
	return NULL;
}

int vrrp_accept_remove(struct error *error)
{
	struct vrrp_accept *accept = vrrp_accept_new();
	int r = vrrp_accept_set(accept, NULL, 0, error);

	vrrp_accept_free(accept);
	return r;
}
