// SPDX-License-Identifier: GPL-2.0-or-later
/* One socket hears what changes and reads the tables, so that the last word about a route is the true one. The kernel makes a
 * reading in parts, as they are taken: a table of a million routes overflows nothing, and a turn of the loop takes some of it.
 *
 * A reading that the kernel calls interrupted is begun anew, but not for ever: on a router whose tables never rest each would be.
 * After a few of them what none has shown counts as gone; a message says so if it comes. */
#include "vrrp/route_watch.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/memory.h"

#define ROUTE_WATCH_BUFFER_SIZE 65536u
#define ROUTE_WATCH_QUEUE_BYTES (2u << 20)
#define ROUTE_WATCH_DATAGRAMS   64u /* in a turn */
/* The next reading comes after so many times what this one took, and not before that: what happens together is read once. */
#define ROUTE_WATCH_REST          4u
#define ROUTE_WATCH_LEAST_REST_NS 2000000ull
#define ROUTE_WATCH_AGAIN_NS      500000000ull
#define ROUTE_WATCH_INTERRUPTIONS 3u
#define ROUTE_WATCH_LENGTHS       129 /* of prefixes: 0 to 128 */
#define ROUTE_WATCH_NEXTHOP_GROUP 32  /* RTNLGRP_NEXTHOP, since Linux 5.3 */

struct vrrp_route_watch {
	struct vrrp_route_watch_options options;
	struct route_list list;
	int fd;
	struct loop_source *io, *timer;
	/* The reading that is under way. */
	bool reading;
	uint16_t family;
	uint32_t table, sequence;
	uint64_t began;
	bool spoilt;
	unsigned int interruptions; /* of readings in a row */
	uint64_t next;              /* no reading before that */
	size_t turn;                /* of the tables: that one is looked at first */
	bool changed;
	struct vrrp_route_watch_counters counters;
	_Alignas(struct nlmsghdr) char buffer[ROUTE_WATCH_BUFFER_SIZE];
};

/* The socket. */

static const unsigned int route_watch_groups[] = {
	RTNLGRP_IPV4_ROUTE,
	RTNLGRP_IPV6_ROUTE,
	RTNLGRP_LINK,
	RTNLGRP_IPV4_IFADDR,
};

static int route_watch_option(int fd, int option, int value)
{
	return setsockopt(fd, SOL_NETLINK, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* A notification is the only message of its datagram; those of a reading are many, and all pass. */
static void route_watch_filter(const struct vrrp_route_watch *watch)
{
	bool asked[ROUTE_WATCH_LENGTHS] = {};
	struct sock_filter code[ROUTE_WATCH_LENGTHS + 8];
	uint8_t lengths = 0;

	vector_foreach(&watch->list.items, item) {
		lengths += !asked[item->key.prefix];
		asked[item->key.prefix] = true;
	}
	const struct sock_filter head[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 0, (uint8_t)(lengths + 4)),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_flags)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, htons(NLM_F_MULTI), (uint8_t)(lengths + 2), 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
			NLMSG_HDRLEN + offsetof(struct rtmsg, rtm_dst_len)),
	};
	unsigned short count = ARRAY_LENGTH(head);

	memcpy(code, head, sizeof(head));
	for (unsigned int i = 0; i < ROUTE_WATCH_LENGTHS; i++)
		if (asked[i])
			code[count++] = (struct sock_filter)BPF_JUMP(
				BPF_JMP | BPF_JEQ | BPF_K, i, (uint8_t)(lengths--), 0);
	code[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	code[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
	struct sock_fprog program = {count, code};
	/* Without it all is heard, and nothing is wrong. */
	(void)setsockopt(watch->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int route_watch_open(struct vrrp_route_watch *watch)
{
	struct sockaddr_nl own = {.nl_family = AF_NETLINK};
	int size = ROUTE_WATCH_QUEUE_BYTES, r = 0;

	watch->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (watch->fd < 0 || bind(watch->fd, (struct sockaddr *)&own, sizeof(own)) < 0)
		return -errno;
	if (setsockopt(watch->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(watch->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	/* A kernel without it gives all tables; one without next hops as objects has none to tell of. */
	(void)route_watch_option(watch->fd, NETLINK_GET_STRICT_CHK, 1);
	(void)route_watch_option(watch->fd, NETLINK_ADD_MEMBERSHIP, ROUTE_WATCH_NEXTHOP_GROUP);
	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(route_watch_groups); i++)
		r = route_watch_option(
			watch->fd, NETLINK_ADD_MEMBERSHIP, (int)route_watch_groups[i]);
	return r;
}

/* Readings. */

static int route_watch_ask(struct vrrp_route_watch *watch)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
		struct rtattr attribute;
		uint32_t table;
	} request = {
		.header = {.nlmsg_type = RTM_GETROUTE,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = ++watch->sequence,
			.nlmsg_len = sizeof(request)},
		.route = {.rtm_family = (unsigned char)watch->family},
		.attribute = {.rta_type = RTA_TABLE, .rta_len = RTA_LENGTH(sizeof(uint32_t))},
		.table = watch->table,
	};

	return send(watch->fd, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

/* Begins the next one, when there is a doubt and its time has come. */
static void route_watch_go(struct vrrp_route_watch *watch)
{
	struct route_list_table *table = route_list_doubted(&watch->list, watch->turn);
	uint64_t now = loop_clock();

	if (watch->reading || !table)
		return;
	if (now < watch->next) {
		loop_timer_set(watch->timer, watch->next);
		return;
	}
	watch->family = table->family;
	watch->table = table->table;
	watch->began = now;
	watch->spoilt = false;
	watch->reading = route_watch_ask(watch) == 0;
	if (!watch->reading) {
		watch->next = now + ROUTE_WATCH_AGAIN_NS;
		loop_timer_set(watch->timer, watch->next);
		return;
	}
	watch->counters.readings++;
	watch->turn = (size_t)(table - watch->list.tables.items) + 1;
	route_list_begin(&watch->list, table);
}

static void route_watch_on_timer(void *data)
{
	route_watch_go(data);
}

static struct route_list_table *route_watch_table(struct vrrp_route_watch *watch)
{
	vector_foreach(&watch->list.tables, table)
		if (table->family == watch->family && table->table == watch->table)
			return table;
	return NULL;
}

/* That a table is not there is an answer too: so are its routes. */
static void route_watch_finish(struct vrrp_route_watch *watch)
{
	struct route_list_table *table = route_watch_table(watch);
	uint64_t now = loop_clock();

	watch->reading = false;
	watch->next = now + MAX((now - watch->began) * ROUTE_WATCH_REST, ROUTE_WATCH_LEAST_REST_NS);
	if (!table)
		return;
	watch->interruptions = watch->spoilt ? watch->interruptions + 1 : 0;
	if (watch->spoilt && watch->interruptions < ROUTE_WATCH_INTERRUPTIONS)
		table->doubted = true;
	watch->changed |= route_list_end(&watch->list, table);
}

/* What is heard. */

static void route_watch_heard(struct vrrp_route_watch *watch, const struct nlmsghdr *message)
{
	bool read =
		watch->reading && message->nlmsg_seq == watch->sequence && message->nlmsg_pid != 0;

	watch->counters.heard++;
	if (read && message->nlmsg_flags & NLM_F_DUMP_INTR)
		watch->spoilt = true;
	if (message->nlmsg_type != NLMSG_DONE && message->nlmsg_type != NLMSG_ERROR)
		watch->changed |= route_list_hear(&watch->list, message, read);
	else if (read)
		route_watch_finish(watch);
}

static void route_watch_each(struct vrrp_route_watch *watch, size_t size)
{
	const struct nlmsghdr *message = (const void *)watch->buffer;

	while (size >= sizeof(*message)) {
		if (message->nlmsg_len < sizeof(*message) || message->nlmsg_len > size) {
			watch->counters.malformed++;
			return;
		}
		size_t step = MIN(NLMSG_ALIGN((size_t)message->nlmsg_len), size);
		route_watch_heard(watch, message);
		size -= step;
		message = (const void *)((const char *)message + step);
	}
}

/* Bytes of a datagram of the kernel in watch->buffer; 0: none now; -errno: some were lost. -EAGAIN: one that says nothing. */
static ssize_t route_watch_receive(struct vrrp_route_watch *watch)
{
	struct sockaddr_nl from = {};
	struct iovec vector = {watch->buffer, sizeof(watch->buffer)};
	struct msghdr header = {.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &vector,
		.msg_iovlen = 1};
	ssize_t got = recvmsg(watch->fd, &header, 0);

	if (got < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (header.msg_namelen == sizeof(from) && from.nl_pid == 0 &&
		!(header.msg_flags & MSG_TRUNC))
		return got;
	watch->counters.malformed++;
	return -EAGAIN;
}

static void route_watch_on_events(void *data, uint32_t events)
{
	struct vrrp_route_watch *watch = data;

	(void)events;
	watch->changed = false;
	for (unsigned int i = 0; i < ROUTE_WATCH_DATAGRAMS; i++) {
		ssize_t got = route_watch_receive(watch);

		if (got == 0)
			break;
		if (got > 0) {
			route_watch_each(watch, (size_t)got);
		} else if (got != -EAGAIN && got != -EINTR) {
			watch->counters.overruns++;
			route_list_doubt_all(&watch->list);
		}
	}
	route_watch_go(watch);
	if (watch->changed)
		watch->options.changed(watch->options.data);
}

/* Life. */

void vrrp_route_watch_set(
	struct vrrp_route_watch *watch, const struct vrrp_route_key *keys, size_t count)
{
	route_list_set(&watch->list, keys, count);
	/* The reading under way was of another list. */
	if (watch->reading)
		route_list_doubt_all(&watch->list);
	route_watch_filter(watch);
	route_watch_go(watch);
}

enum vrrp_route_state vrrp_route_watch_state(
	const struct vrrp_route_watch *watch, const struct vrrp_route_key *key)
{
	return route_list_state(&watch->list, key);
}

struct vrrp_route_watch_counters vrrp_route_watch_counters(const struct vrrp_route_watch *watch)
{
	return watch->counters;
}

int vrrp_route_watch_new(const struct vrrp_route_watch_options *options,
	struct vrrp_route_watch **ret, struct error *error)
{
	struct vrrp_route_watch *watch = memory_new(sizeof(*watch));

	watch->options = *options;
	watch->fd = -1;
	int r = route_watch_open(watch);
	if (r == 0)
		r = loop_add_io(options->loop, watch->fd, EPOLLIN, route_watch_on_events, watch,
			&watch->io);
	if (r == 0)
		r = loop_add_timer(options->loop, route_watch_on_timer, watch, &watch->timer);
	*ret = r < 0 ? vrrp_route_watch_free(watch) : watch;
	return r < 0 ? error_set(error, r, "routes cannot be watched: %s", strerror(-r)) : 0;
}

struct vrrp_route_watch *vrrp_route_watch_free(struct vrrp_route_watch *watch)
{
	if (!watch)
		return NULL;
	loop_source_free(watch->io);
	loop_source_free(watch->timer);
	memory_closep(&watch->fd);
	route_list_clear(&watch->list);
	free(watch);
	return NULL;
}
