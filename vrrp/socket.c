// SPDX-License-Identifier: GPL-2.0-or-later
/* Raw sockets, and what the kernel has to be told for each of them.
 *
 * - A new raw socket hears protocol 112 on all interfaces until it is bound to one. So it is made
 *   deaf first, by a filter that takes nothing; when all is set, what came before is thrown away, and
 *   the filter goes. A socket that only sends keeps it. No filter stays on one that listens: what a
 *   filter throws away is counted nowhere, and what is rejected has to be counted.
 * - IP_MULTICAST_ALL and its twin are off: a socket would else hear the groups that any other one
 *   has joined, and one bound to a unicast address of IPv6 too.
 * - The socket of a group is not bound to it: a peer that sends to this machine's address instead
 *   (who is configured for unicast, as we are not) is then seen, and told.
 * - IPv4 gives the header of IP with each datagram: TTL and both addresses are there. IPv6 gives
 *   none, and says hop limit and destination in control data.
 * - Control data also say when a datagram came. That is by the clock of the wall, so it is made an age
 *   at once: a clock that is set in between makes one of them wrong, and the state machine heeds
 *   no more than a part of its wait.
 * - What the kernel drops is asked for (SO_MEMINFO). SO_RXQ_OVFL would tell it with a datagram that
 *   came later, and so never when it was the last.
 * - SO_PRIORITY comes after IP_TOS, which sets it too.
 *
 * The length of control data is given anew for each datagram, since the kernel writes into it how
 * much there was: without that, one datagram with less would shorten it for those after it. */
#include "vrrp/socket.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/pkt_sched.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"

/* Bytes, of which the kernel takes twice as many: about 10,000 short datagrams. */
#define SOCKET_BUFFER    (4 << 20)
#define SOCKET_SECOND_NS 1000000000ll
#define SOCKET_CLASS     0xc0 /* CS6, network control: RFC 4594 §3.1 */
#define SOCKET_HEADER    60u  /* IPv4, with options */
#define SOCKET_DATAGRAM  (SOCKET_HEADER + VRRP_PACKET_MOST)

struct socket_option {
	int level, name, value;
	const char *text;
};

static const struct socket_option socket_options_ipv4[] = {
	{IPPROTO_IP, IP_TTL, VRRP_SOCKET_TTL, "IP_TTL"},
	{IPPROTO_IP, IP_MULTICAST_TTL, VRRP_SOCKET_TTL, "IP_MULTICAST_TTL"},
	{IPPROTO_IP, IP_MULTICAST_LOOP, 0, "IP_MULTICAST_LOOP"},
	{IPPROTO_IP, IP_MULTICAST_ALL, 0, "IP_MULTICAST_ALL"},
	{IPPROTO_IP, IP_TOS, SOCKET_CLASS, "IP_TOS"},
	{SOL_SOCKET, SO_PRIORITY, TC_PRIO_CONTROL, "SO_PRIORITY"},
	{SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS"},
};

static const struct socket_option socket_options_ipv6[] = {
	{IPPROTO_IPV6, IPV6_UNICAST_HOPS, VRRP_SOCKET_TTL, "IPV6_UNICAST_HOPS"},
	{IPPROTO_IPV6, IPV6_MULTICAST_HOPS, VRRP_SOCKET_TTL, "IPV6_MULTICAST_HOPS"},
	{IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0, "IPV6_MULTICAST_LOOP"},
	{IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0, "IPV6_MULTICAST_ALL"},
	{IPPROTO_IPV6, IPV6_TCLASS, SOCKET_CLASS, "IPV6_TCLASS"},
	{IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO"},
	{IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, "IPV6_RECVHOPLIMIT"},
	{SOL_SOCKET, SO_PRIORITY, TC_PRIO_CONTROL, "SO_PRIORITY"},
	{SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS"},
};

union socket_name {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

union socket_control {
	struct cmsghdr header;
	uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int)) +
		      CMSG_SPACE(sizeof(struct timespec))];
};

struct vrrp_batch {
	uint16_t family;      /* of what is in it */
	struct timespec read; /* when; CLOCK_REALTIME */
	struct mmsghdr messages[VRRP_BATCH_MOST];
	struct iovec pieces[VRRP_BATCH_MOST];
	union socket_name names[VRRP_BATCH_MOST];
	union socket_control controls[VRRP_BATCH_MOST];
	uint8_t bytes[VRRP_BATCH_MOST][SOCKET_DATAGRAM];
};

int vrrp_place_compare(const struct vrrp_place *a, const struct vrrp_place *b)
{
	int order = COMPARE(a->family, b->family);

	if (!order)
		order = COMPARE(a->ifindex, b->ifindex);
	return order ? order : address_compare(&a->source, &b->source);
}

static bool socket_is_unicast(const struct vrrp_place *place)
{
	return place->source.family != AF_UNSPEC;
}

static socklen_t socket_set_name(
	union socket_name *name, const struct address *address, unsigned int ifindex)
{
	memset(name, 0, sizeof(*name));
	if (address->family == AF_INET) {
		name->in.sin_family = AF_INET;
		memcpy(&name->in.sin_addr, address->bytes, sizeof(name->in.sin_addr));
		return sizeof(name->in);
	}
	name->in6.sin6_family = AF_INET6;
	name->in6.sin6_scope_id = ifindex;
	memcpy(&name->in6.sin6_addr, address->bytes, sizeof(name->in6.sin6_addr));
	return sizeof(name->in6);
}

/* ---- Opening ---- */

static int socket_deafen(int fd)
{
	struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
	const struct sock_fprog program = {ARRAY_LENGTH(code), code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno
											   : 0;
}

/* While it is deaf, nothing is added. */
static int socket_listen(int fd)
{
	const int unused = 0; /* which the kernel wants to be there */
	uint8_t byte;

	while (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) >= 0 || errno == EINTR)
		;
	if (setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused)) < 0)
		return -errno;
	return 0;
}

static int socket_set(int fd, const struct socket_option *option, struct error *error)
{
	if (setsockopt(fd, option->level, option->name, &option->value, sizeof(option->value)) < 0)
		return error_set(error, -errno, "a raw socket cannot be prepared (%s): %s",
			option->text, strerror(errno));
	return 0;
}

static int socket_set_all(int fd, uint16_t family, struct error *error)
{
	const bool old = family == AF_INET;
	const struct socket_option *options = old ? socket_options_ipv4 : socket_options_ipv6;
	size_t count = old ? ARRAY_LENGTH(socket_options_ipv4) : ARRAY_LENGTH(socket_options_ipv6);
	const int size = SOCKET_BUFFER;

	for (size_t i = 0; i < count; i++) {
		int r = socket_set(fd, &options[i], error);

		if (r < 0)
			return r;
	}
	/* Without CAP_NET_ADMIN: as much as everybody may have. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return 0;
}

static const char *socket_interface(unsigned int ifindex, char text[static IF_NAMESIZE])
{
	if (!if_indextoname(ifindex, text))
		snprintf(text, IF_NAMESIZE, "#%u", ifindex);
	return text;
}

/* -ENODEV when there is no longer what it is bound to: the name is looked up by index. */
static int socket_bound(int fd)
{
	char name[IF_NAMESIZE];
	socklen_t size = sizeof(name);

	return getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &size) < 0 ? -errno : 0;
}

/* Any number can be bound to. */
static int socket_bind_interface(int fd, unsigned int ifindex, struct error *error)
{
	char text[IF_NAMESIZE];
	const int value = (int)ifindex;
	int r = 0;

	if (!ifindex)
		return 0;
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &value, sizeof(value)) < 0)
		r = -errno;
	if (r == 0)
		r = socket_bound(fd);
	if (r < 0)
		return error_set(error, r, "interface %s cannot be used: %s",
			socket_interface(ifindex, text), strerror(-r));
	return 0;
}

static int socket_bind_source(int fd, const struct vrrp_place *place, struct error *error)
{
	char text[ADDRESS_LENGTH];
	union socket_name name;
	socklen_t size = socket_set_name(&name, &place->source, place->ifindex);

	if (bind(fd, &name.any, size) == 0)
		return 0;
	if (errno == EADDRNOTAVAIL)
		return error_set(error, -EADDRNOTAVAIL, "%s is not an address of this machine",
			address_format(&place->source, text));
	return error_set(error, -errno, "cannot listen on %s: %s",
		address_format(&place->source, text), strerror(errno));
}

static int socket_join(int fd, const struct vrrp_place *place, struct error *error)
{
	const struct address group = vrrp_group(place->family);
	char text[ADDRESS_LENGTH], interface[IF_NAMESIZE];
	int r;

	if (place->family == AF_INET) {
		struct ip_mreqn request = {.imr_ifindex = (int)place->ifindex};

		memcpy(&request.imr_multiaddr, group.bytes, sizeof(request.imr_multiaddr));
		r = setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof(request));
	} else {
		struct ipv6_mreq request = {.ipv6mr_interface = place->ifindex};

		memcpy(&request.ipv6mr_multiaddr, group.bytes, sizeof(request.ipv6mr_multiaddr));
		r = setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &request, sizeof(request));
	}
	if (r < 0)
		return error_set(error, -errno, "cannot join %s on interface %s: %s",
			address_format(&group, text), socket_interface(place->ifindex, interface),
			strerror(errno));
	return 0;
}

static int socket_new(uint16_t family, struct error *error)
{
	int fd = socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, VRRP_PROTOCOL);

	if (fd >= 0)
		return fd;
	switch (errno) {
	case EPERM:
		return error_set(error, -EPERM,
			"no raw socket without CAP_NET_RAW: poised is to be started as root");
	case EAFNOSUPPORT:
		return error_set(error, -EAFNOSUPPORT, "this kernel has no %s",
			family == AF_INET6 ? "IPv6" : "IPv4");
	default:
		return error_set(error, -errno, "no raw socket: %s", strerror(errno));
	}
}

/* Deaf still, but it may send. */
static int socket_prepare(int fd, const struct vrrp_place *place, struct error *error)
{
	int r = socket_deafen(fd);

	if (r < 0)
		return error_set(error, r, "a raw socket takes no filter: %s", strerror(-r));
	r = socket_set_all(fd, place->family, error);
	return r < 0 ? r : socket_bind_interface(fd, place->ifindex, error);
}

static int socket_finish(int fd, const struct vrrp_place *place, struct error *error)
{
	int r = socket_is_unicast(place) ? socket_bind_source(fd, place, error)
					 : socket_join(fd, place, error);

	if (r < 0)
		return r;
	r = socket_listen(fd);
	if (r < 0)
		return error_set(error, r, "a raw socket stays deaf: %s", strerror(-r));
	return 0;
}

/* IPv4 takes a source of any interface as it is. */
static int socket_finish_mute(int fd, const struct vrrp_place *place, struct error *error)
{
	static const struct socket_option freebind = {
		IPPROTO_IPV6, IPV6_FREEBIND, 1, "IPV6_FREEBIND"};

	return place->family == AF_INET6 ? socket_set(fd, &freebind, error) : 0;
}

static int socket_open(const struct vrrp_place *place,
	int (*finish)(int fd, const struct vrrp_place *place, struct error *error),
	struct vrrp_socket *ret, struct error *error)
{
	int fd = socket_new(place->family, error);

	if (fd < 0)
		return fd;
	int r = socket_prepare(fd, place, error);
	if (r == 0)
		r = finish(fd, place, error);
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret = (struct vrrp_socket){.fd = fd, .place = *place};
	return 0;
}

int vrrp_socket_open(const struct vrrp_place *place, struct vrrp_socket *ret, struct error *error)
{
	return socket_open(place, socket_finish, ret, error);
}

int vrrp_socket_open_mute(
	const struct vrrp_place *place, struct vrrp_socket *ret, struct error *error)
{
	return socket_open(place, socket_finish_mute, ret, error);
}

void vrrp_socket_close(struct vrrp_socket *socket)
{
	if (socket->fd >= 0)
		close(socket->fd);
	socket->fd = -1;
}

int vrrp_socket_check(const struct vrrp_socket *socket)
{
	return socket_bound(socket->fd);
}

uint32_t vrrp_socket_drops(const struct vrrp_socket *socket)
{
	uint32_t numbers[SK_MEMINFO_VARS] = {};
	socklen_t size = sizeof(numbers);

	if (getsockopt(socket->fd, SOL_SOCKET, SO_MEMINFO, numbers, &size) < 0)
		return 0;
	return numbers[SK_MEMINFO_DROPS];
}

/* ---- Sending ---- */

/* The source, and the interface that it leaves by. */
static size_t socket_set_control(
	union socket_control *control, const struct vrrp_place *place, const struct address *source)
{
	struct cmsghdr *header = &control->header;

	memset(control, 0, sizeof(*control));
	if (source->family == AF_INET) {
		struct in_pktinfo info = {.ipi_ifindex = (int)place->ifindex};

		memcpy(&info.ipi_spec_dst, source->bytes, sizeof(info.ipi_spec_dst));
		header->cmsg_level = IPPROTO_IP;
		header->cmsg_type = IP_PKTINFO;
		header->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(header), &info, sizeof(info));
		return CMSG_SPACE(sizeof(info));
	}
	struct in6_pktinfo info = {.ipi6_ifindex = place->ifindex};
	memcpy(&info.ipi6_addr, source->bytes, sizeof(info.ipi6_addr));
	header->cmsg_level = IPPROTO_IPV6;
	header->cmsg_type = IPV6_PKTINFO;
	header->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(header), &info, sizeof(info));
	return CMSG_SPACE(sizeof(info));
}

int vrrp_socket_send(const struct vrrp_socket *socket, const struct address *source,
	const struct address *destination, const void *data, size_t size)
{
	struct iovec piece = {.iov_base = (void *)data, .iov_len = size};
	union socket_control control;
	union socket_name name;
	struct msghdr message = {.msg_name = &name,
		.msg_namelen = socket_set_name(&name, destination, socket->place.ifindex),
		.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = socket_set_control(&control, &socket->place, source)};
	ssize_t sent;

	do
		sent = sendmsg(socket->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return 0;
	int r = -errno;
	/* Of an interface that is gone, the kernel says different things. */
	return vrrp_socket_check(socket) == -ENODEV ? -ENODEV : r;
}

/* ---- Receiving ---- */

struct vrrp_batch *vrrp_batch_new(void)
{
	struct vrrp_batch *batch = memory_new(sizeof(*batch));

	for (size_t i = 0; i < VRRP_BATCH_MOST; i++) {
		struct msghdr *message = &batch->messages[i].msg_hdr;

		batch->pieces[i] = (struct iovec){batch->bytes[i], sizeof(batch->bytes[i])};
		message->msg_iov = &batch->pieces[i];
		message->msg_iovlen = 1;
		message->msg_name = &batch->names[i];
		message->msg_control = &batch->controls[i];
	}
	return batch;
}

static void socket_arm(struct vrrp_batch *batch, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct msghdr *message = &batch->messages[i].msg_hdr;

		message->msg_namelen = sizeof(batch->names[i]);
		message->msg_controllen = sizeof(batch->controls[i]);
		message->msg_flags = 0;
	}
}

int vrrp_socket_receive(const struct vrrp_socket *socket, struct vrrp_batch *batch, size_t most)
{
	int count;

	batch->family = socket->place.family;
	most = MIN(most, (size_t)VRRP_BATCH_MOST);
	do {
		socket_arm(batch, most);
		/* Given, MSG_TRUNC makes the length the whole datagram's, however much of it fits. */
		count = recvmmsg(socket->fd, batch->messages, (unsigned int)most,
			MSG_DONTWAIT | MSG_TRUNC, NULL);
	} while (count < 0 && errno == EINTR);
	if (count < 0)
		return errno == EAGAIN ? 0 : -errno;
	clock_gettime(CLOCK_REALTIME, &batch->read);
	return count;
}

/* The kernel has looked at it, and gives each datagram in one piece; so what is wrong here would be
 * the kernel's fault, or ours. */
static bool socket_header_is_good(const struct iphdr *header, size_t size, size_t length)
{
	return header->version == 4 && header->ihl * 4u >= sizeof(*header) &&
	       header->ihl * 4u <= size && ntohs(header->tot_len) == length &&
	       header->protocol == VRRP_PROTOCOL;
}

struct vrrp_datagram vrrp_datagram_from_ipv4(const uint8_t *bytes, size_t size, size_t length)
{
	struct vrrp_datagram datagram = {.data = bytes, .ttl = -1};
	struct iphdr header;

	if (size < sizeof(header))
		return datagram;
	memcpy(&header, bytes, sizeof(header));
	if (!socket_header_is_good(&header, size, length))
		return datagram;
	size_t skip = header.ihl * 4u;
	datagram.data = bytes + skip;
	datagram.size = size - skip;
	datagram.length = length - skip;
	datagram.ttl = header.ttl;
	datagram.source = address_from_bytes(AF_INET, &header.saddr);
	datagram.destination = address_from_bytes(AF_INET, &header.daddr);
	return datagram;
}

static void socket_read_ipv6(struct cmsghdr *header, struct vrrp_datagram *datagram)
{
	if (header->cmsg_type == IPV6_HOPLIMIT &&
		header->cmsg_len >= CMSG_LEN(sizeof(datagram->ttl)))
		memcpy(&datagram->ttl, CMSG_DATA(header), sizeof(datagram->ttl));
	if (header->cmsg_type == IPV6_PKTINFO &&
		header->cmsg_len >= CMSG_LEN(sizeof(struct in6_pktinfo))) {
		struct in6_pktinfo info;

		memcpy(&info, CMSG_DATA(header), sizeof(info));
		datagram->destination = address_from_bytes(AF_INET6, &info.ipi6_addr);
	}
}

/* 0 where a clock was set back since. */
static uint64_t socket_age(struct cmsghdr *header, const struct timespec *read)
{
	struct timespec came;

	memcpy(&came, CMSG_DATA(header), sizeof(came));
	int64_t age = (int64_t)(read->tv_sec - came.tv_sec) * SOCKET_SECOND_NS + read->tv_nsec -
		      came.tv_nsec;
	return age > 0 ? (uint64_t)age : 0;
}

static void socket_read_control(
	struct msghdr *message, const struct timespec *read, struct vrrp_datagram *datagram)
{
	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
		header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level == IPPROTO_IPV6)
			socket_read_ipv6(header, datagram);
		if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_TIMESTAMPNS &&
			header->cmsg_len >= CMSG_LEN(sizeof(struct timespec)))
			datagram->age = socket_age(header, read);
	}
}

struct vrrp_datagram vrrp_batch_datagram(const struct vrrp_batch *batch, size_t index)
{
	struct msghdr message = batch->messages[index].msg_hdr;
	size_t length = batch->messages[index].msg_len;
	size_t size = MIN(length, sizeof(batch->bytes[index]));
	struct vrrp_datagram datagram;

	if (batch->family == AF_INET) {
		datagram = vrrp_datagram_from_ipv4(batch->bytes[index], size, length);
	} else {
		/* When its control data were cut, that is what counts, not that nothing is known
		 * of where it was sent. */
		datagram = (struct vrrp_datagram){.data = batch->bytes[index],
			.size = size,
			.length = length,
			.ttl = -1,
			.destination = {.family = AF_INET6}};
		datagram.source = address_from_bytes(AF_INET6, &batch->names[index].in6.sin6_addr);
	}
	socket_read_control(&message, &batch->read, &datagram);
	datagram.truncated = message.msg_flags & MSG_TRUNC;
	datagram.control_truncated = message.msg_flags & MSG_CTRUNC;
	return datagram;
}
