// SPDX-License-Identifier: GPL-2.0-or-later
/* rtnetlink: requests, and what is heard.
 *
 * Both sockets are a hand's (hand.h), which may have to wait for the kernel; what is given to it and what it brings never does.
 * The kernel carries out a request while it is being sent: when send() returns, the notifications are in the one socket and the
 * acknowledgements in the other. The hand brings them in this order, so whoever is told of an answer has heard of all that led
 * to it. Nothing depends on that being so: what is still missing comes later.
 *
 * A reading is a row of dumps, one after the other on the socket that hears. The kernel runs one dump at a time for a socket,
 * and its parts are made as they are read, so the longest never overflows anything. When one was interrupted, or events were lost
 * meanwhile, the row is gone through to its end, and begun anew: at once the first times, later after a pause, for on a
 * machine whose tables never rest a reading would follow the other for ever.
 *
 * A router may carry a million routes, and its routing daemon change thousands of them a second: of routes the kernel is
 * asked only for those with our mark (strict checking), and a filter on the socket drops the notifications of others before
 * they are queued. */
#include "vrrp/netlink.h"

#include <errno.h>
#include <linux/bpf_common.h>
#include <linux/fib_rules.h>
#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/memory.h"
#include "vrrp/object.h"

#define NETLINK_BATCH_SIZE    VRRP_HAND_GIVEN_MOST
#define NETLINK_QUEUE_BYTES   (2u << 20) /* of the socket that hears */
#define NETLINK_AGAIN_AT_ONCE 3u
#define NETLINK_AGAIN_NS      500000000ull
#define NETLINK_SOCKET_TYPE   (SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK)

struct netlink_flight {
	uint32_t sequence; /* 0: free */
	vrrp_netlink_answer *answer;
	void *data;
};

struct vrrp_netlink {
	struct loop *loop;
	struct vrrp_hand *hand;
	struct loop_source *again;
	const struct vrrp_netlink_listener *listeners[VRRP_NETLINK_LISTENERS];
	size_t listener_count;

	struct netlink_flight flights[VRRP_NETLINK_WINDOW]; /* by sequence number, modulo */
	uint32_t sequence;
	size_t flying, batch_size;

	/* Of the reading: the dump that runs, or the number of them when none does. */
	size_t stage;
	uint32_t stage_sequence;
	bool spoilt, asked, opened;
	unsigned int again_count;

	struct vrrp_netlink_counters counters;
	_Alignas(struct nlmsghdr) char batch[NETLINK_BATCH_SIZE];
};

static const unsigned int netlink_groups[] = {
	RTNLGRP_LINK,
	RTNLGRP_IPV4_IFADDR,
	RTNLGRP_IPV6_IFADDR,
	RTNLGRP_IPV4_ROUTE,
	RTNLGRP_IPV6_ROUTE,
	RTNLGRP_IPV4_RULE,
	RTNLGRP_IPV6_RULE,
};

/* What everything is, in the order in which it depends on each other. */
static const struct {
	uint16_t type;
	uint8_t family;
	size_t header; /* bytes of the header of its type */
} netlink_stages[] = {
	{RTM_GETLINK, AF_UNSPEC, sizeof(struct ifinfomsg)},
	{RTM_GETADDR, AF_UNSPEC, sizeof(struct ifaddrmsg)},
	{RTM_GETROUTE, AF_INET, sizeof(struct rtmsg)},
	{RTM_GETROUTE, AF_INET6, sizeof(struct rtmsg)},
	{RTM_GETRULE, AF_INET, sizeof(struct fib_rule_hdr)},
	{RTM_GETRULE, AF_INET6, sizeof(struct fib_rule_hdr)},
};

static void netlink_on_again(void *data);
static void netlink_on_brought(void *data, const struct vrrp_hand_brought *brought);

static int netlink_option(int fd, int option, int value)
{
	return setsockopt(fd, SOL_NETLINK, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int netlink_socket(int *ret)
{
	struct sockaddr_nl own = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, NETLINK_SOCKET_TYPE, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	*ret = fd; /* closed by the caller, also after an error */
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0)
		return -errno;
	/* Words beside the codes; kernels that have none are no worse for it. */
	(void)netlink_option(fd, NETLINK_EXT_ACK, 1);
	(void)netlink_option(fd, NETLINK_CAP_ACK, 1);
	return 0;
}

/* Of routes only those with our mark. The filter sees the first message of a datagram, which is the only one of a
 * notification; all in a dump of routes are ours, by strict checking. */
static int netlink_filter(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 0, 2),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
			NLMSG_HDRLEN + offsetof(struct rtmsg, rtm_protocol)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, VRRP_OBJECT_MARK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {ARRAY_LENGTH(code), code};

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		return -errno;
	return 0;
}

static int netlink_open_events(int fd)
{
	int size = NETLINK_QUEUE_BYTES;
	int r = netlink_filter(fd);

	/* A right is needed to exceed the machine's limit; what fits is better than nothing. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (r == 0)
		r = netlink_option(fd, NETLINK_GET_STRICT_CHK, 1);
	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(netlink_groups); i++)
		r = netlink_option(fd, NETLINK_ADD_MEMBERSHIP, (int)netlink_groups[i]);
	return r;
}

static int netlink_open(int sockets[static VRRP_HAND_SOCKETS], struct error *error)
{
	int r = netlink_socket(&sockets[VRRP_HAND_REQUESTS]);

	if (r == 0)
		r = netlink_socket(&sockets[VRRP_HAND_EVENTS]);
	if (r == 0)
		r = netlink_open_events(sockets[VRRP_HAND_EVENTS]);
	if (r < 0) {
		memory_closep(&sockets[VRRP_HAND_REQUESTS]);
		memory_closep(&sockets[VRRP_HAND_EVENTS]);
		return error_set(error, r, "rtnetlink cannot be opened: %s", strerror(-r));
	}
	return 0;
}

int vrrp_netlink_new(struct loop *loop, const struct vrrp_hand_owner *owner,
	struct vrrp_netlink **ret, struct error *error)
{
	struct vrrp_netlink *netlink = memory_new(sizeof(*netlink));
	int sockets[VRRP_HAND_SOCKETS] = {-1, -1};

	netlink->loop = loop;
	netlink->stage = ARRAY_LENGTH(netlink_stages);
	int r = netlink_open(sockets, error);
	if (r == 0)
		r = vrrp_hand_new(
			loop, owner, sockets, netlink_on_brought, netlink, &netlink->hand, error);
	if (r == 0)
		r = loop_add_timer(loop, netlink_on_again, netlink, &netlink->again);
	if (r < 0) {
		*ret = vrrp_netlink_free(netlink);
		return r;
	}
	*ret = netlink;
	return 0;
}

struct vrrp_netlink *vrrp_netlink_free(struct vrrp_netlink *netlink)
{
	if (!netlink)
		return NULL;
	vrrp_hand_free(netlink->hand);
	loop_source_free(netlink->again);
	free(netlink);
	return NULL;
}

void vrrp_netlink_listen(struct vrrp_netlink *netlink, const struct vrrp_netlink_listener *listener)
{
	if (netlink->listener_count == VRRP_NETLINK_LISTENERS)
		abort();
	netlink->listeners[netlink->listener_count++] = listener;
}

/* Reading. */

static bool netlink_is_reading(const struct vrrp_netlink *netlink)
{
	return netlink->stage < ARRAY_LENGTH(netlink_stages);
}

static void netlink_tell_begin(struct vrrp_netlink *netlink)
{
	for (size_t i = 0; i < netlink->listener_count; i++)
		if (netlink->listeners[i]->begin)
			netlink->listeners[i]->begin(netlink->listeners[i]->data);
}

static void netlink_tell_end(struct vrrp_netlink *netlink)
{
	for (size_t i = 0; i < netlink->listener_count; i++)
		if (netlink->listeners[i]->end)
			netlink->listeners[i]->end(netlink->listeners[i]->data);
}

/* A dump could not be asked for: the reading begins anew, after a pause. */
static void netlink_unasked(struct vrrp_netlink *netlink)
{
	netlink->stage = ARRAY_LENGTH(netlink_stages);
	netlink->asked = true;
	loop_timer_set(netlink->again, loop_now(netlink->loop) + NETLINK_AGAIN_NS);
}

static void netlink_ask_stage(struct vrrp_netlink *netlink)
{
	struct {
		struct nlmsghdr header;
		union {
			struct rtgenmsg generic;
			struct ifinfomsg link;
			struct rtmsg route;
			struct fib_rule_hdr rule;
		};
	} request = {
		.header = {.nlmsg_type = netlink_stages[netlink->stage].type,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_len = (uint32_t)NLMSG_LENGTH(netlink_stages[netlink->stage].header)},
	};

	request.generic.rtgen_family = netlink_stages[netlink->stage].family;
	if (netlink_stages[netlink->stage].type == RTM_GETROUTE)
		request.route.rtm_protocol = VRRP_OBJECT_MARK;
	netlink->stage_sequence = request.header.nlmsg_seq = ++netlink->sequence;
	if (vrrp_hand_give(netlink->hand, VRRP_HAND_EVENTS, &request, request.header.nlmsg_len) < 0)
		netlink_unasked(netlink);
}

static void netlink_begin(struct vrrp_netlink *netlink)
{
	netlink->asked = netlink->spoilt = false;
	netlink->stage = 0;
	netlink->counters.readings++;
	netlink_tell_begin(netlink);
	netlink_ask_stage(netlink);
}

void vrrp_netlink_read(struct vrrp_netlink *netlink)
{
	if (netlink_is_reading(netlink)) {
		netlink->spoilt = true;
		return;
	}
	loop_timer_set(netlink->again, LOOP_NEVER);
	netlink_begin(netlink);
}

static void netlink_on_again(void *data)
{
	struct vrrp_netlink *netlink = data;

	if (netlink->asked && !netlink_is_reading(netlink))
		netlink_begin(netlink);
}

/* After the last stage. One that was spoilt told nobody of an end. */
static void netlink_finish(struct vrrp_netlink *netlink)
{
	if (!netlink->spoilt) {
		netlink->again_count = 0;
		netlink->opened = true;
		netlink_tell_end(netlink);
		return;
	}
	netlink->asked = true;
	if (netlink->again_count++ < NETLINK_AGAIN_AT_ONCE)
		netlink_begin(netlink);
	else
		loop_timer_set(netlink->again, loop_now(netlink->loop) + NETLINK_AGAIN_NS);
}

static void netlink_end_stage(struct vrrp_netlink *netlink)
{
	netlink->stage++;
	if (netlink_is_reading(netlink))
		netlink_ask_stage(netlink);
	else
		netlink_finish(netlink);
}

bool vrrp_netlink_is_read(const struct vrrp_netlink *netlink)
{
	return netlink->opened && !netlink->asked && !netlink_is_reading(netlink);
}

/* Events were lost: what is known is doubtful. */
static void netlink_overrun(struct vrrp_netlink *netlink)
{
	netlink->counters.overruns++;
	if (!netlink->asked)
		vrrp_netlink_read(netlink);
}

/* A family that this kernel lacks answers its dump with an error: then there is nothing of it. */
static void netlink_heard(struct vrrp_netlink *netlink, const struct nlmsghdr *message)
{
	bool dumped = netlink_is_reading(netlink) && message->nlmsg_seq == netlink->stage_sequence;

	netlink->counters.events++;
	if (dumped && message->nlmsg_flags & NLM_F_DUMP_INTR)
		netlink->spoilt = true;
	if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) {
		if (dumped)
			netlink_end_stage(netlink);
		return;
	}
	if (message->nlmsg_type < RTM_BASE)
		return;
	for (size_t i = 0; i < netlink->listener_count; i++)
		netlink->listeners[i]->message(netlink->listeners[i]->data, message);
}

/* `each` is given every message of the datagram whose bytes are there. */
static void netlink_each(struct vrrp_netlink *netlink, const void *data, size_t size,
	void (*each)(struct vrrp_netlink *, const struct nlmsghdr *))
{
	const struct nlmsghdr *message = data;

	while (size >= sizeof(*message)) {
		if (message->nlmsg_len < sizeof(*message) || message->nlmsg_len > size) {
			netlink->counters.malformed++;
			return;
		}
		size_t step = MIN(NLMSG_ALIGN((size_t)message->nlmsg_len), size);
		each(netlink, message);
		size -= step;
		message = (const void *)((const char *)message + step);
	}
}

/* Requests. */

static void netlink_settle(
	struct vrrp_netlink *netlink, uint32_t sequence, int code, const char *words)
{
	struct netlink_flight *flight = &netlink->flights[sequence % VRRP_NETLINK_WINDOW];
	struct netlink_flight answered = *flight;

	if (!sequence || answered.sequence != sequence)
		return;
	flight->sequence = 0;
	netlink->flying--;
	netlink->counters.refused += code < 0;
	answered.answer(answered.data, code, words);
}

/* The kernel's words, which it ends with a NUL. */
static const char *netlink_words(const struct nlmsghdr *message)
{
	const size_t head = NLMSG_ALIGN(sizeof(struct nlmsgerr));
	const char *at = (const char *)NLMSG_DATA(message) + head;

	if (!(message->nlmsg_flags & NLM_F_ACK_TLVS) || message->nlmsg_len < NLMSG_HDRLEN + head)
		return "";
	const struct nlattr *words = nla_find((const void *)at,
		(int)(message->nlmsg_len - NLMSG_HDRLEN - head), NLMSGERR_ATTR_MSG);
	if (!words || nla_len(words) < 1 ||
		((const char *)nla_data(words))[nla_len(words) - 1] != '\0')
		return "";
	return nla_data(words);
}

static void netlink_answered(struct vrrp_netlink *netlink, const struct nlmsghdr *message)
{
	const struct nlmsgerr *answer = NLMSG_DATA(message);

	if (message->nlmsg_type != NLMSG_ERROR ||
		message->nlmsg_len < NLMSG_LENGTH(sizeof(*answer))) {
		netlink->counters.malformed++;
		return;
	}
	netlink_settle(netlink, message->nlmsg_seq, answer->error, netlink_words(message));
}

/* All that are under way: their answers are lost, and what became of them shows in a reading. */
static void netlink_give_up(struct vrrp_netlink *netlink, int code)
{
	for (size_t i = 0; i < VRRP_NETLINK_WINDOW; i++)
		netlink_settle(netlink, netlink->flights[i].sequence, code, "");
	netlink_overrun(netlink);
}

static void netlink_came(struct vrrp_netlink *netlink, const struct vrrp_hand_brought *brought)
{
	if (brought->port != 0)
		netlink->counters.strangers++;
	else if (brought->cut)
		netlink->counters.malformed++;
	else
		netlink_each(netlink, brought->data, brought->size,
			brought->socket == VRRP_HAND_EVENTS ? netlink_heard : netlink_answered);
}

static void netlink_on_brought(void *data, const struct vrrp_hand_brought *brought)
{
	struct vrrp_netlink *netlink = data;

	if (brought->word == VRRP_HAND_CAME)
		netlink_came(netlink, brought);
	else if (brought->socket == VRRP_HAND_REQUESTS)
		netlink_give_up(netlink, brought->code);
	else if (brought->word == VRRP_HAND_LOST)
		netlink_overrun(netlink);
	else
		netlink_unasked(netlink);
}

size_t vrrp_netlink_room(const struct vrrp_netlink *netlink)
{
	return VRRP_NETLINK_WINDOW - netlink->flying;
}

static uint32_t netlink_next_sequence(struct vrrp_netlink *netlink)
{
	/* The place of another that has waited for a whole round stays its own. */
	do
		netlink->sequence++;
	while (!netlink->sequence ||
		netlink->flights[netlink->sequence % VRRP_NETLINK_WINDOW].sequence);
	return netlink->sequence;
}

int vrrp_netlink_request(struct vrrp_netlink *netlink, const struct nl_msg *message,
	vrrp_netlink_answer *answer, void *data)
{
	const struct nlmsghdr *header = nlmsg_hdr((struct nl_msg *)message);
	size_t size = NLMSG_ALIGN((size_t)header->nlmsg_len);
	struct nlmsghdr *copy = (void *)(netlink->batch + netlink->batch_size);

	if (!vrrp_netlink_room(netlink) || size > sizeof(netlink->batch) - netlink->batch_size)
		return -ENOBUFS;
	memset(copy, 0, size);
	memcpy(copy, header, header->nlmsg_len);
	copy->nlmsg_seq = netlink_next_sequence(netlink);
	copy->nlmsg_pid = 0;
	netlink->flights[copy->nlmsg_seq % VRRP_NETLINK_WINDOW] =
		(struct netlink_flight){copy->nlmsg_seq, answer, data};
	netlink->flying++;
	netlink->batch_size += size;
	netlink->counters.requests++;
	return 0;
}

void vrrp_netlink_flush(struct vrrp_netlink *netlink)
{
	size_t size = netlink->batch_size;

	if (!size)
		return;
	netlink->batch_size = 0;
	netlink->counters.sends++;
	int r = vrrp_hand_give(netlink->hand, VRRP_HAND_REQUESTS, netlink->batch, size);
	if (r < 0)
		netlink_give_up(netlink, r);
}

int vrrp_netlink_wait(const struct nl_msg *message)
{
	const struct nlmsghdr *header = nlmsg_hdr((struct nl_msg *)message);
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} answer;
	ssize_t got;

	if (fd < 0 || netlink_option(fd, NETLINK_CAP_ACK, 1) < 0 ||
		send(fd, header, header->nlmsg_len, 0) < 0)
		return -errno;
	do
		got = recv(fd, &answer, sizeof(answer), 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	return got == sizeof(answer) && answer.header.nlmsg_type == NLMSG_ERROR ? answer.error.error
										: -EBADMSG;
}

struct vrrp_hand *vrrp_netlink_hand(struct vrrp_netlink *netlink)
{
	return netlink->hand;
}

bool vrrp_netlink_is_late(const struct vrrp_netlink *netlink)
{
	return vrrp_hand_is_late(netlink->hand);
}

struct vrrp_netlink_counters vrrp_netlink_counters(const struct vrrp_netlink *netlink)
{
	return netlink->counters;
}
