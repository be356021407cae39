// SPDX-License-Identifier: GPL-2.0-or-later
/* What dispatcher.c and dispatcher-flood.c have in common: a dispatcher between two network
 * namespaces. This process's has v0, that of /run/netns/peer has p0, its other end (test-dispatcher
 * makes both). Sockets of the peer are opened over there, so that one process is both ends, and
 * nothing is left to who runs first. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "base/memory.h"
#include "vrrp/dispatcher.h"

#define SECOND   1000000000ull
#define LIMIT    (60 * SECOND) /* what does not come within is lost */
#define VRID     51
#define PRIORITY 100
#define TOO_LONG 8000u /* for the buffer; not for the link */

#define require(condition) require_((condition), #condition, __FILE__, __LINE__)

/* ---- The world ---- */

/* Counts, and the last of each kind. */
struct world {
	struct loop *loop;
	struct dispatcher *dispatcher;
	int here, peer; /* namespaces */
	uint64_t heard, refused, failed, turns;
	struct hearing_router *heard_router;
	struct vrrp_packet packet;
	struct address source;
	uint64_t age; /* of what was heard last */
	struct hearing_verdict verdict;
	int failed_error;
	void (*then)(struct world *world); /* when one is heard */
	struct hearing_router router;
	struct vrrp_place place;
	int sender; /* of the peer: headers of IP are ours to make */
};

static struct world *world_of_failure;

static inline void require_(bool condition, const char *text, const char *file, int line)
{
	const struct world *world = world_of_failure;

	if (condition)
		return;
	fprintf(stderr, "%s:%d: not so: %s (errno %d)\n", file, line, text, errno);
	if (world) {
		fprintf(stderr, "  heard %ju, refused %ju, last for %s; own %ju;",
			(uintmax_t)world->heard, (uintmax_t)world->refused,
			vrrp_reject_name(world->verdict.reject),
			(uintmax_t)world->router.counters.own);
		for (int i = 0; i < VRRP_REJECT_COUNT; i++)
			if (world->router.counters.rejected[i])
				fprintf(stderr, " %s %ju", vrrp_reject_name(i),
					(uintmax_t)world->router.counters.rejected[i]);
		fputc('\n', stderr);
	}
	exit(1);
}

static inline struct address addr(const char *text)
{
	struct address address;

	require(address_parse(text, &address) == 0);
	return address;
}

_printf_(1, 2) static inline void shell(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	_cleanup_free_ char *command = memory_vprintf(format, arguments);
	va_end(arguments);
	if (system(command) != 0) {
		fprintf(stderr, "%s\n", command);
		require(false);
	}
}

static inline void on_heard(void *owner, struct hearing_router *router,
	const struct vrrp_packet *packet, const struct vrrp_datagram *datagram)
{
	struct world *world = owner;

	world->heard++;
	world->heard_router = router;
	world->packet = *packet;
	world->source = datagram->source;
	world->age = datagram->age;
	if (world->then)
		world->then(world);
}

static inline void on_refused(void *owner, const struct dispatcher_refusal *refusal)
{
	struct world *world = owner;

	world->refused++;
	world->verdict = refusal->verdict;
}

static inline void on_failed(void *owner, const struct vrrp_place *place, int error)
{
	struct world *world = owner;

	require(vrrp_place_compare(place, &world->place) == 0);
	world->failed++;
	world->failed_error = error;
}

static inline void at_peer(const struct world *world)
{
	require(setns(world->peer, CLONE_NEWNET) == 0);
}

static inline void at_home(const struct world *world)
{
	require(setns(world->here, CLONE_NEWNET) == 0);
}

/* Has the peer send packets of IP as they are given. */
static inline int open_sender(const struct world *world, uint16_t family)
{
	at_peer(world);
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	require(fd >= 0);
	require(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "p0", 3) == 0);
	at_home(world);
	return fd;
}

/* One turn of the loop. A loop runs but once, and a test looks in between; what it is made of is
 * the first thing in it. */
static inline void turn(struct world *world, uint64_t most_ns)
{
	world->turns++;
	require(sd_event_run(*(sd_event **)world->loop, most_ns / 1000) >= 0);
}

static inline void until_heard(struct world *world, uint64_t count)
{
	uint64_t limit = loop_clock() + LIMIT;

	while (world->heard < count) {
		require(loop_clock() < limit);
		turn(world, SECOND / 10);
	}
	require(world->heard == count);
}

static inline struct dispatcher_counters counters(struct world *world)
{
	for (size_t i = 0; i < dispatcher_count(world->dispatcher); i++)
		if (vrrp_place_compare(dispatcher_at(world->dispatcher, i), &world->place) == 0)
			return dispatcher_counters(world->dispatcher, i);
	require(false);
	return (struct dispatcher_counters){};
}

static inline struct hearing_router a_router(uint16_t family)
{
	return (struct hearing_router){
		.expected = {.vrid = VRID, .version = 3, .ttl_least = 255, .ttl_most = 255},
		.source = addr(family == AF_INET ? "192.0.2.1" : "fe80::1")};
}

static inline void join(struct world *world, struct hearing_router *router)
{
	_cleanup_error_ struct error error = {};
	int r = dispatcher_join(world->dispatcher, &world->place, router, &error);

	if (r < 0)
		fprintf(stderr, "%s\n", error_text(&error, r));
	require(r == 0);
}

/* A router on v0, of multicast. */
static inline void world_set(struct world *world, uint16_t family)
{
	world->place = (struct vrrp_place){.family = family, .ifindex = if_nametoindex("v0")};
	world->router = a_router(family);
	world->sender = open_sender(world, family);
	join(world, &world->router);
}

static inline void world_begin(struct world *world)
{
	struct dispatcher_options options = {
		.owner = world, .heard = on_heard, .refused = on_refused, .failed = on_failed};

	world_of_failure = world;
	world->here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	world->peer = open("/run/netns/peer", O_RDONLY | O_CLOEXEC);
	require(world->here >= 0 && world->peer >= 0);
	require(loop_new(&world->loop) == 0);
	options.loop = world->loop;
	world->dispatcher = dispatcher_new(&options);
	world->sender = -1;
}

static inline void world_end(struct world *world)
{
	dispatcher_free(world->dispatcher);
	loop_free(world->loop);
	close(world->here);
	close(world->peer);
	if (world->sender >= 0)
		close(world->sender);
}

/* ---- Packets ---- */

/* A packet of IP to be sent as it is; what is zero is as it should be. */
struct shot {
	uint16_t family;
	const char *source, *destination;
	uint8_t vrid, ttl, priority;
	bool spoil;  /* the checksum */
	size_t size; /* so many bytes after the header of IP */
};

struct made {
	uint8_t bytes[sizeof(struct ip6_hdr) + TOO_LONG];
	size_t size;
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} name;
	socklen_t name_size;
};

static inline void make_header(struct made *made, const struct shot *shot,
	const struct address *source, const struct address *destination, size_t size)
{
	uint8_t ttl = shot->ttl ? shot->ttl : 255;

	memset(&made->name, 0, sizeof(made->name));
	if (shot->family == AF_INET) {
		struct iphdr header = {
			.version = 4, .ihl = 5, .ttl = ttl, .protocol = VRRP_PROTOCOL};

		memcpy(&header.saddr, source->bytes, 4);
		memcpy(&header.daddr, destination->bytes, 4);
		memcpy(made->bytes, &header, sizeof(header));
		made->name.in.sin_family = AF_INET;
		made->name.in.sin_addr.s_addr = header.daddr;
		made->name_size = sizeof(made->name.in);
		return;
	}
	struct ip6_hdr header = {.ip6_flow = htonl(6u << 28), .ip6_hlim = ttl};
	header.ip6_plen = htons((uint16_t)size);
	header.ip6_nxt = VRRP_PROTOCOL;
	memcpy(&header.ip6_src, source->bytes, 16);
	memcpy(&header.ip6_dst, destination->bytes, 16);
	memcpy(made->bytes, &header, sizeof(header));
	made->name.in6.sin6_family = AF_INET6;
	made->name.in6.sin6_addr = header.ip6_dst;
	made->name_size = sizeof(made->name.in6);
}

static inline struct vrrp_packet a_packet(uint16_t family, uint8_t vrid, uint8_t priority)
{
	struct vrrp_packet packet = {.version = 3,
		.vrid = vrid,
		.priority = priority,
		.checksum = VRRP_CHECKSUM_RFC9568,
		.interval = 100,
		.address_count = 1};

	packet.addresses[0] = addr(family == AF_INET ? "192.0.2.100" : "fe80::100");
	return packet;
}

static inline void make_shot(struct made *made, const struct shot *shot)
{
	const bool old = shot->family == AF_INET;
	struct address source = addr(shot->source ? shot->source : old ? "192.0.2.2" : "fe80::2");
	struct address destination =
		shot->destination ? addr(shot->destination) : vrrp_group(shot->family);
	struct vrrp_packet packet = a_packet(shot->family, shot->vrid ? shot->vrid : VRID,
		shot->priority ? shot->priority : PRIORITY);
	uint8_t data[VRRP_PACKET_MOST];
	size_t header = old ? sizeof(struct iphdr) : sizeof(struct ip6_hdr);
	int size = vrrp_packet_encode(&packet, &source, &destination, data);

	require(size > 0);
	if (shot->spoil)
		data[6] ^= 1;
	memset(made->bytes, 0, sizeof(made->bytes));
	made->size = header + (shot->size ? shot->size : (size_t)size);
	make_header(made, shot, &source, &destination, made->size - header);
	memcpy(made->bytes + header, data, MIN((size_t)size, made->size - header));
}

static inline void put_made(int fd, const struct made *made)
{
	ssize_t sent;

	do
		sent = sendto(fd, made->bytes, made->size, 0, &made->name.any, made->name_size);
	while (sent < 0 && (errno == ENOBUFS || errno == EINTR));
	require(sent == (ssize_t)made->size);
}

static inline void shoot(const struct world *world, const struct shot *shot)
{
	static struct made made;
	struct shot whole = *shot;

	whole.family = world->place.family;
	make_shot(&made, &whole);
	put_made(world->sender, &made);
}
