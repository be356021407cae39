// SPDX-License-Identifier: GPL-2.0-or-later
/* Receiving from a real network, for tests/netns/test-dispatcher.
 *
 *	dispatcher CASE		a test; CASE "list" says which there are */
#include <unistd.h>

#include "tests/netns/dispatcher-fixture.h"
#include "tests/support/allocations.h"

#define NOBODY     99
#define INTERFACES 30u /* more than net.ipv4.igmp_max_memberships */
#define BURST      500u
#define BURSTS     100u
#define WAITING    10u
#define OVERFLOW   20000u
#define LATE_NS    30000000

/* What the shot is rejected for, and counted for the router or (`unknown`) for the socket. A sound
 * one after it is heard, so that it has been read by then, and has done no harm. */
static void expect_rejected(
	struct world *world, const struct shot *shot, enum vrrp_reject reject, bool unknown)
{
	const uint64_t *rejected =
		unknown ? counters(world).unknown : world->router.counters.rejected;
	uint64_t before = rejected[reject], total = 0, total_before = 0, heard = world->heard;

	for (int i = 0; i < VRRP_REJECT_COUNT; i++)
		total_before += rejected[i];
	shoot(world, shot);
	shoot(world, &(struct shot){});
	until_heard(world, heard + 1);
	for (int i = 0; i < VRRP_REJECT_COUNT; i++)
		total += rejected[i];
	require(rejected[reject] == before + 1);
	require(total == total_before + 1);
}

/* ---- Cases ---- */

static void send_from(const struct vrrp_socket *socket, const char *source, const char *destination,
	uint8_t priority, uint8_t addresses)
{
	uint16_t family = socket->place.family;
	struct address from = addr(source);
	struct address to = destination ? addr(destination) : vrrp_group(family);
	struct vrrp_packet packet = a_packet(family, VRID, priority);
	uint8_t data[VRRP_PACKET_MOST];

	packet.address_count = addresses;
	for (uint8_t i = 1; i < addresses; i++)
		packet.addresses[i] = packet.addresses[0];
	int size = vrrp_packet_encode(&packet, &from, &to, data);
	require(size > 0);
	require(vrrp_socket_send(socket, &from, &to, data, (size_t)size) == 0);
}

/* The peer is a poise too. */
static struct vrrp_socket open_peer(const struct world *world, struct vrrp_place place)
{
	struct vrrp_socket socket;

	at_peer(world);
	if (world->place.ifindex)
		place.ifindex = if_nametoindex("p0");
	require(vrrp_socket_open(&place, &socket, NULL) == 0);
	at_home(world);
	return socket;
}

/* The one datagram that a socket without a loop waits for. */
static struct vrrp_datagram receive_one(const struct vrrp_socket *socket, struct vrrp_batch *batch)
{
	uint64_t limit = loop_clock() + LIMIT;
	int count = 0;

	while (count == 0) {
		require(loop_clock() < limit);
		count = vrrp_socket_receive(socket, batch, 1);
		require(count >= 0);
		if (count == 0)
			usleep(1000);
	}
	return vrrp_batch_datagram(batch, 0);
}

/* Another socket of the same place hears what the dispatcher's hears. */
static struct vrrp_socket listen_beside(const struct world *world)
{
	struct vrrp_socket beside;

	require(vrrp_socket_open(&world->place, &beside, NULL) == 0);
	return beside;
}

/* So many have come, to the dispatcher's socket as well: what is sent may be a while on its way. */
static void until_here(struct vrrp_socket *beside, unsigned int count)
{
	_cleanup_free_ struct vrrp_batch *batch = vrrp_batch_new();

	while (count-- > 0)
		receive_one(beside, batch);
	vrrp_socket_close(beside);
}

static void both_ways(struct world *world, uint16_t family)
{
	const bool old = family == AF_INET;
	const char *here = old ? "192.0.2.1" : "fe80::1", *there = old ? "192.0.2.2" : "fe80::2";
	_cleanup_free_ struct vrrp_batch *batch = vrrp_batch_new();
	struct address source = addr(there), group = vrrp_group(family);

	world_set(world, family);
	struct vrrp_socket peer = open_peer(world, world->place);
	send_from(&peer, there, NULL, 7, 1);
	until_heard(world, 1);
	require(world->heard_router == &world->router && world->packet.priority == 7);
	require(address_equal(&world->source, &source));
	require(world->router.counters.heard == 1 && counters(world).read == 1);
	/* As many addresses as there can be: in fragments, of IPv6. */
	send_from(&peer, there, NULL, 8, VRRP_ADDRESSES_MOST);
	until_heard(world, 2);
	require(world->packet.address_count == VRRP_ADDRESSES_MOST && world->packet.priority == 8);

	send_from(dispatcher_socket(&world->router), here, NULL, 9, 1);
	struct vrrp_datagram datagram = receive_one(&peer, batch);
	source = addr(here);
	require(datagram.ttl == 255 && !datagram.truncated && !datagram.control_truncated);
	require(address_equal(&datagram.source, &source));
	require(address_equal(&datagram.destination, &group));
	require(datagram.size == (old ? 12 : 24) && datagram.data[2] == 9);
	vrrp_socket_close(&peer);
}

static void case_ipv4(struct world *world)
{
	shell("ip link set v0 mtu 1500 && ip -n peer link set p0 mtu 1500");
	both_ways(world, AF_INET);
}

static void case_ipv6(struct world *world)
{
	shell("ip link set v0 mtu 1500 && ip -n peer link set p0 mtu 1500");
	both_ways(world, AF_INET6);
}

static void own(struct world *world, uint16_t family)
{
	const char *here = family == AF_INET ? "192.0.2.1" : "fe80::1";
	struct vrrp_socket second;

	world_set(world, family);
	require(vrrp_socket_open(&world->place, &second, NULL) == 0);
	/* What we send does not come back, not even to another socket of ours. */
	send_from(dispatcher_socket(&world->router), here, NULL, 1, 1);
	send_from(&second, here, NULL, 2, 1);
	shoot(world, &(struct shot){});
	until_heard(world, 1);
	require(world->packet.priority == PRIORITY && counters(world).read == 1);
	require(world->router.counters.own == 0);
	/* What the network brings back is told from it. */
	shell("echo 1 >/proc/sys/net/ipv4/conf/v0/accept_local");
	for (int i = 0; i < 3; i++)
		shoot(world, &(struct shot){.source = here});
	shoot(world, &(struct shot){});
	until_heard(world, 2);
	require(world->router.counters.own == 3 && world->refused == 1);
	require(world->verdict.result == HEARING_OWN);
	vrrp_socket_close(&second);
}

static void case_own_ipv4(struct world *world)
{
	own(world, AF_INET);
}

static void case_own_ipv6(struct world *world)
{
	own(world, AF_INET6);
}

static void rejections(struct world *world, uint16_t family)
{
	world_set(world, family);
	expect_rejected(world, &(struct shot){.ttl = 254}, VRRP_REJECT_TTL, false);
	expect_rejected(world, &(struct shot){.ttl = 1}, VRRP_REJECT_TTL, false);
	expect_rejected(world, &(struct shot){.spoil = true}, VRRP_REJECT_CHECKSUM, false);
	expect_rejected(world, &(struct shot){.size = 9}, VRRP_REJECT_LENGTH, false);
	expect_rejected(world, &(struct shot){.size = TOO_LONG}, VRRP_REJECT_TRUNCATED, false);
	expect_rejected(world, &(struct shot){.size = 1}, VRRP_REJECT_LENGTH, true);
	expect_rejected(world, &(struct shot){.vrid = NOBODY}, VRRP_REJECT_VRID, true);
	/* To our address: who sends that takes us for another kind. */
	expect_rejected(world,
		&(struct shot){.destination = family == AF_INET ? "192.0.2.1" : "fe80::1"},
		VRRP_REJECT_DESTINATION, false);
	/* ttl once for two; those for nobody not at all. */
	require(world->refused == 5);
	dispatcher_tell_unknown(world->dispatcher, true);
	for (int i = 0; i < 3; i++)
		expect_rejected(world, &(struct shot){.vrid = NOBODY}, VRRP_REJECT_VRID, true);
	require(world->refused == 6 && world->verdict.vrid == NOBODY && !world->verdict.router);
}

static void case_rejections_ipv4(struct world *world)
{
	rejections(world, AF_INET);
}

static void case_rejections_ipv6(struct world *world)
{
	rejections(world, AF_INET6);
}

static void set_option(const struct world *world, int level, int name, int value)
{
	int fd = dispatcher_socket(&world->router)->fd;

	require(setsockopt(fd, level, name, &value, sizeof(value)) == 0);
}

static void read_one(struct world *world)
{
	uint64_t limit = loop_clock() + LIMIT, before = counters(world).read;

	while (counters(world).read == before) {
		require(loop_clock() < limit);
		turn(world, SECOND / 10);
	}
}

/* More is told of a datagram than there is room for; then less than there is; then the same as
 * ever. */
static void case_control(struct world *world)
{
	world_set(world, AF_INET6);
	set_option(world, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
	for (int i = 0; i < 3; i++) {
		shoot(world, &(struct shot){});
		read_one(world);
	}
	require(world->router.counters.rejected[VRRP_REJECT_CONTROL] == 3 && world->heard == 0);
	set_option(world, IPPROTO_IPV6, IPV6_RECVTCLASS, 0);
	set_option(world, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 0);
	set_option(world, IPPROTO_IPV6, IPV6_RECVPKTINFO, 0);
	for (int i = 0; i < 3; i++) {
		shoot(world, &(struct shot){});
		read_one(world);
	}
	require(world->router.counters.rejected[VRRP_REJECT_TTL] == 3 && world->heard == 0);
	set_option(world, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
	shoot(world, &(struct shot){});
	read_one(world);
	require(world->heard == 0);
	set_option(world, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	for (int i = 0; i < 3; i++)
		shoot(world, &(struct shot){});
	until_heard(world, 3);
}

/* What was read late came when it came. The kernel begins to stamp what arrives a moment after the first socket asked for it,
 * and stamps what came before that when it is read. */
static void age_of(struct world *world, uint16_t family)
{
	const struct timespec late = {.tv_nsec = LATE_NS};
	uint64_t heard = 0, limit = loop_clock() + LIMIT;

	world_set(world, family);
	do {
		shoot(world, &(struct shot){});
		nanosleep(&late, NULL);
		until_heard(world, ++heard);
	} while (world->age < LATE_NS && loop_clock() < limit);
	require(world->age >= LATE_NS && world->age < LIMIT);
}

static void case_age_ipv4(struct world *world)
{
	age_of(world, AF_INET);
}

static void case_age_ipv6(struct world *world)
{
	age_of(world, AF_INET6);
}

/* What waits is read in turns, and between any two of them a timer that is due has its own. */
static void on_due(void *data)
{
	++*(uint64_t *)data;
}

static void case_turns(struct world *world)
{
	struct loop_source *timer;
	uint64_t due = 0, read = 0, turns = 0;

	world_set(world, AF_INET);
	struct vrrp_socket beside = listen_beside(world);
	require(loop_add_timer(world->loop, on_due, &due, &timer) == 0);
	loop_source_set_priority(timer, LOOP_PRIORITY_FIRST);
	for (unsigned int i = 0; i < BURST; i++)
		shoot(world, &(struct shot){.spoil = i % 3 != 0, .vrid = i % 5 ? VRID : NOBODY});
	until_here(&beside, BURST);
	while (read < BURST) {
		uint64_t due_before = due, read_before = read;

		require(turns++ < 100 * BURST);
		loop_timer_set(timer, 1);
		turn(world, SECOND / 10);
		require(due == due_before + 1 && counters(world).read == read_before);
		turn(world, SECOND / 10);
		read = counters(world).read;
		require(read <= read_before + DISPATCHER_MOST);
	}
	require(read == BURST && counters(world).full > 0);
	loop_source_free(timer);
}

/* A lone valid stream beneath what is not. Bursts are shorter than the kernel's queues, whoever
 * gets the processor. */
static void case_flood(struct world *world)
{
	static struct made bad[4];
	const struct shot shots[] = {{.family = AF_INET, .spoil = true},
		{.family = AF_INET, .ttl = 64}, {.family = AF_INET, .vrid = NOBODY},
		{.family = AF_INET, .source = "192.0.2.77", .spoil = true}};

	world_set(world, AF_INET);
	for (size_t i = 0; i < ARRAY_LENGTH(shots); i++)
		make_shot(&bad[i], &shots[i]);
	shoot(world, &(struct shot){});
	until_heard(world, 1);
	for (unsigned int burst = 1; burst <= BURSTS; burst++) {
		for (unsigned int i = 0; i < BURST; i++)
			put_made(world->sender, &bad[i % ARRAY_LENGTH(bad)]);
		shoot(world, &(struct shot){.priority = (uint8_t)burst});
		uint64_t before = allocations;
		until_heard(world, burst + 1);
		require(allocations == before);
		require(world->packet.priority == burst);
	}
	const uint64_t *rejected = world->router.counters.rejected, quarter = BURST * BURSTS / 4;
	require(rejected[VRRP_REJECT_CHECKSUM] == 2 * quarter);
	require(rejected[VRRP_REJECT_TTL] == quarter);
	require(counters(world).unknown[VRRP_REJECT_VRID] == quarter);
	require(counters(world).dropped == 0);
	require(world->refused == 3);
}

/* The kernel's own word, in its table of raw sockets: the last column of the first row. */
static uint64_t drops_of_proc(void)
{
	char line[512];
	FILE *file = fopen("/proc/self/net/raw", "re");
	const char *last;

	require(file && fgets(line, sizeof(line), file) && fgets(line, sizeof(line), file));
	fclose(file);
	line[strcspn(line, "\n")] = '\0';
	for (size_t i = strlen(line); i > 0 && line[i - 1] == ' '; i--)
		line[i - 1] = '\0';
	last = strrchr(line, ' ');
	require(last);
	return strtoull(last + 1, NULL, 10);
}

/* Some may still be on their way while either is looked at. */
static void expect_drops_of_proc(struct world *world)
{
	uint64_t limit = loop_clock() + LIMIT, drops;

	do {
		require(loop_clock() < limit);
		drops = drops_of_proc();
	} while (counters(world).dropped != drops);
}

static void case_drops(struct world *world)
{
	static struct made made;
	uint64_t limit = loop_clock() + LIMIT;

	world_set(world, AF_INET);
	make_shot(&made, &(struct shot){.family = AF_INET, .spoil = true});
	/* Not so many sent: before the socket, the processor has a queue that may be full too. */
	while (drops_of_proc() < OVERFLOW) {
		require(loop_clock() < limit);
		for (unsigned int i = 0; i < BURST; i++)
			put_made(world->sender, &made);
	}
	expect_drops_of_proc(world);
	/* There is room again, and what was dropped stays counted. */
	limit = loop_clock() + LIMIT;
	while (world->heard == 0) {
		require(loop_clock() < limit);
		shoot(world, &(struct shot){});
		turn(world, SECOND / 1000);
	}
	expect_drops_of_proc(world);
	require(counters(world).dropped >= OVERFLOW);
	/* A buffer as large as was asked for has room for thousands. */
	require(counters(world).read > 4000);
}

static void case_many_interfaces(struct world *world)
{
	static struct hearing_router routers[2 * INTERFACES];
	static const uint16_t families[] = {AF_INET, AF_INET6};

	shell("cd /proc/sys/net/ipv4; [ $(cat igmp_max_memberships) -lt %u ]", INTERFACES);
	/* All in two programs: each is a while in coming on a busy machine. */
	shell("for i in $(seq 0 %u); do echo \"link add name w$i type veth peer name q$i netns "
	      "peer\"; "
	      "echo \"link set w$i up\"; echo \"addr add 198.51.100.$((i + 1))/32 dev w$i\"; done "
	      "| "
	      "ip -batch -",
		INTERFACES - 1);
	shell("for i in $(seq 0 %u); do echo \"link set q$i up\"; "
	      "echo \"addr add fe80::2/64 dev q$i nodad\"; done | ip -n peer -batch -",
		INTERFACES - 1);
	/* Without a route for groups, which comes once the kernel has taken note of the other end,
	 * what is sent to one is lost. */
	shell("for i in $(seq 6000); do [ $(ip -6 route show table local type multicast | "
	      "grep -c \" dev w\") -lt %u ] || exit 0; sleep 0.01; done; exit 1",
		INTERFACES);
	for (unsigned int i = 0; i < 2 * INTERFACES; i++) {
		_cleanup_free_ char *name = memory_printf("w%u", i / 2);

		routers[i] = a_router(families[i % 2]);
		world->place = (struct vrrp_place){
			.family = families[i % 2], .ifindex = if_nametoindex(name)};
		join(world, &routers[i]);
	}
	require(dispatcher_count(world->dispatcher) == 2 * INTERFACES);
	for (unsigned int i = 0; i < 2 * INTERFACES; i++) {
		_cleanup_free_ char *name = memory_printf("q%u", i / 2);

		world->place.family = families[i % 2];
		world->sender = open_sender(world, families[i % 2]);
		require(setsockopt(world->sender, SOL_SOCKET, SO_BINDTODEVICE, name,
				(socklen_t)strlen(name)) == 0);
		shoot(world, &(struct shot){.priority = (uint8_t)(i + 1)});
		close(world->sender);
		until_heard(world, i + 1);
		require(world->heard_router == &routers[i] && world->packet.priority == i + 1);
	}
	world->sender = -1;
	for (unsigned int i = 0; i < 2 * INTERFACES; i++)
		dispatcher_leave(&routers[i]);
	require(dispatcher_count(world->dispatcher) == 0);
}

static int try_send(const struct world *world)
{
	const struct vrrp_socket *socket = dispatcher_socket(&world->router);
	struct address group = vrrp_group(world->place.family);

	return vrrp_socket_send(socket, &world->router.source, &group, "x", 1);
}

static void expect_join_fails(struct world *world, const struct vrrp_place *place, int code)
{
	_cleanup_error_ struct error error = {};
	struct hearing_router router = a_router(place->family);

	require(dispatcher_join(world->dispatcher, place, &router, &error) == code);
	require(error.text && *error.text && !router.hearing);
}

/* v0 anew, with this index or (0) any. */
static void make_links(unsigned int ifindex)
{
	_cleanup_free_ char *index = ifindex ? memory_printf("index %u", ifindex) : NULL;

	shell("ip link add name v0 %s type veth peer name p0 netns peer && ip link set v0 up && "
	      "ip addr add 192.0.2.1/24 dev v0 && ip addr add fe80::1/64 dev v0 nodad && "
	      "ip -n peer link set p0 up && ip -n peer addr add fe80::2/64 dev p0 nodad",
		index ? index : "");
}

static void lost_and_back(struct world *world, uint16_t family)
{
	world_set(world, family);
	require(try_send(world) == 0 && vrrp_socket_check(dispatcher_socket(&world->router)) == 0);
	close(world->sender);
	shell("ip link del v0");
	require(try_send(world) == -ENODEV);
	require(vrrp_socket_check(dispatcher_socket(&world->router)) == -ENODEV);
	struct vrrp_place old = world->place;
	expect_join_fails(world, &(struct vrrp_place){family, old.ifindex + 1000, {}}, -ENODEV);
	make_links(0);
	require(if_nametoindex("v0") != old.ifindex);
	require(try_send(world) == -ENODEV);
	dispatcher_drop(world->dispatcher, &old);
	require(!world->router.hearing && !dispatcher_socket(&world->router));
	expect_join_fails(world, &old, -ENODEV);
	world->place.ifindex = if_nametoindex("v0");
	world->sender = open_sender(world, family);
	join(world, &world->router);
	shoot(world, &(struct shot){});
	until_heard(world, 1);

	/* And with its old index. */
	shell("ip link del v0");
	make_links(world->place.ifindex);
	require(if_nametoindex("v0") == world->place.ifindex);
	close(world->sender);
	world->sender = open_sender(world, family);
	dispatcher_drop(world->dispatcher, &world->place);
	join(world, &world->router);
	shoot(world, &(struct shot){});
	until_heard(world, 2);
	/* Its counters are those of all its life. */
	require(world->router.counters.heard == 2);
}

static void case_lost_ipv4(struct world *world)
{
	lost_and_back(world, AF_INET);
}

static void case_lost_ipv6(struct world *world)
{
	lost_and_back(world, AF_INET6);
}

static void case_refusals_to_join(struct world *world)
{
	world_set(world, AF_INET);
	expect_join_fails(world, &world->place, -EEXIST);
	expect_join_fails(
		world, &(struct vrrp_place){AF_INET, 0, addr("192.0.2.55")}, -EADDRNOTAVAIL);
	expect_join_fails(
		world, &(struct vrrp_place){AF_INET6, 0, addr("2001:db8::55")}, -EADDRNOTAVAIL);
	require(dispatcher_count(world->dispatcher) == 1);
	struct hearing_router zero = a_router(AF_INET);
	zero.expected.vrid = 0;
	struct vrrp_place place = world->place;
	place.family = AF_INET6;
	require(dispatcher_join(world->dispatcher, &place, &zero, NULL) == -EINVAL);
	require(dispatcher_count(world->dispatcher) == 1);
	/* A source that is not here, to send from. */
	world->router.source = addr("192.0.2.55");
	int r = try_send(world);
	require(r < 0 && r != -ENODEV);
}

/* A router of multicast on v0, and one whose peers have its address. */
static void unicast(struct world *world, uint16_t family, const char *here, const char *there)
{
	struct address peers[] = {addr(there)};
	struct hearing_router group = a_router(family);
	bool local = address_is_link_local(&peers[0]);
	_cleanup_free_ struct vrrp_batch *batch = vrrp_batch_new();

	world_set(world, family);
	struct vrrp_place multicast = world->place;
	dispatcher_leave(&world->router);
	world->place = (struct vrrp_place){family, local ? multicast.ifindex : 0, addr(here)};
	world->router.source = addr(here);
	world->router.expected.unicast = true;
	world->router.expected.ttl_least = 250;
	world->router.expected.peers = peers;
	world->router.expected.peer_count = 1;
	join(world, &world->router);
	require(dispatcher_join(world->dispatcher, &multicast, &group, NULL) == 0);

	const struct shot to_us = {.source = there, .destination = here, .ttl = 250};
	shoot(world, &to_us);
	until_heard(world, 1);
	require(world->heard_router == &world->router && counters(world).read == 1);
	/* To the group: not heard here, but there. */
	shoot(world, &(struct shot){});
	until_heard(world, 2);
	require(world->heard_router == &group && counters(world).read == 1);
	/* The group's socket has seen both, and rejected neither. */
	world->place = multicast;
	require(counters(world).elsewhere == 1 && counters(world).read == 2);
	require(group.counters.rejected[VRRP_REJECT_DESTINATION] == 0);
	/* From afar, and from nobody that is known. */
	shoot(world, &(struct shot){.source = there, .destination = here, .ttl = 249});
	shoot(world, &(struct shot){.source = local               ? "fe80::77"
					      : family == AF_INET ? "192.0.2.77"
								  : "2001:db8::77",
			     .destination = here});
	shoot(world, &to_us);
	until_heard(world, 3);
	require(world->router.counters.rejected[VRRP_REJECT_TTL] == 1);
	require(world->router.counters.rejected[VRRP_REJECT_SOURCE] == 1);

	world->place = (struct vrrp_place){.ifindex = local};
	struct vrrp_socket peer =
		open_peer(world, (struct vrrp_place){.family = family, .source = peers[0]});
	send_from(dispatcher_socket(&world->router), here, there, 9, 1);
	struct vrrp_datagram datagram = receive_one(&peer, batch);
	require(datagram.ttl == 255 && datagram.data[2] == 9);
	require(address_equal(&datagram.source, &world->router.source));
	require(address_equal(&datagram.destination, &peers[0]));
	vrrp_socket_close(&peer);
	dispatcher_leave(&group);
}

static void case_unicast_ipv4(struct world *world)
{
	unicast(world, AF_INET, "192.0.2.1", "192.0.2.2");
}

static void case_unicast_ipv6(struct world *world)
{
	unicast(world, AF_INET6, "2001:db8::1", "2001:db8::2");
}

static void case_unicast_link_local(struct world *world)
{
	unicast(world, AF_INET6, "fe80::1", "fe80::2");
}

static void leave(struct world *world)
{
	dispatcher_leave(&world->router);
}

static void leave_and_join(struct world *world)
{
	dispatcher_drop(world->dispatcher, &world->place);
	join(world, &world->router);
}

/* Whoever hears one may close the socket that others wait in. */
static void case_leaves_while_hearing(struct world *world)
{
	world_set(world, AF_INET);
	struct vrrp_socket beside = listen_beside(world);
	for (unsigned int i = 0; i < WAITING; i++)
		shoot(world, &(struct shot){});
	until_here(&beside, WAITING);
	world->then = leave;
	until_heard(world, 1);
	require(dispatcher_count(world->dispatcher) == 0);
	turn(world, SECOND / 100);
	require(world->heard == 1);

	world->then = leave_and_join;
	join(world, &world->router);
	beside = listen_beside(world);
	for (unsigned int i = 0; i < WAITING; i++)
		shoot(world, &(struct shot){});
	until_here(&beside, WAITING);
	until_heard(world, 2);
	world->then = NULL;
	shoot(world, &(struct shot){.priority = 33});
	until_heard(world, 3);
	require(world->packet.priority == 33);
}

/* The kernel gives an error instead of datagrams: here, that the peer knows no such protocol. */
static void case_fails(struct world *world)
{
	uint64_t limit = loop_clock() + LIMIT;

	world_set(world, AF_INET);
	set_option(world, IPPROTO_IP, IP_RECVERR, 1);
	send_from(dispatcher_socket(&world->router), "192.0.2.1", "192.0.2.2", 1, 1);
	while (!world->failed) {
		require(loop_clock() < limit);
		turn(world, SECOND / 10);
	}
	require(world->failed_error == -ENOPROTOOPT && !world->router.hearing);
	require(dispatcher_count(world->dispatcher) == 0);
	join(world, &world->router);
	/* It is an error only for who asks for it. */
	send_from(dispatcher_socket(&world->router), "192.0.2.1", "192.0.2.2", 1, 1);
	shoot(world, &(struct shot){});
	until_heard(world, 1);
	require(world->failed == 1);
}

/* The virtual MAC's: speaks with its parent's address, and has nothing waiting. */
static void case_mute(struct world *world)
{
	_cleanup_free_ struct vrrp_batch *batch = vrrp_batch_new();
	struct vrrp_socket mute;

	shell("ip link add link v0 name m0 type macvlan mode bridge && ip link set m0 up");
	for (int i = 0; i < 2; i++) {
		uint16_t family = i ? AF_INET6 : AF_INET;
		const char *here = i ? "fe80::1" : "192.0.2.1";

		world_set(world, family);
		const struct vrrp_place place = {.family = family, .ifindex = if_nametoindex("m0")};
		require(vrrp_socket_open_mute(&place, &mute, NULL) == 0);
		struct vrrp_socket peer = open_peer(world, world->place);
		send_from(&mute, here, NULL, 5, 1);
		struct address source = addr(here);
		struct vrrp_datagram datagram = receive_one(&peer, batch);
		require(datagram.data[2] == 5 && address_equal(&datagram.source, &source));
		shoot(world, &(struct shot){});
		until_heard(world, (uint64_t)i + 1);
		require(vrrp_socket_receive(&mute, batch, 1) == 0);
		vrrp_socket_close(&mute);
		vrrp_socket_close(&peer);
		dispatcher_leave(&world->router);
		close(world->sender);
		world->sender = -1;
	}
}

struct a_case {
	const char *name;
	void (*run)(struct world *world);
};

static const struct a_case cases[] = {
	{"ipv4", case_ipv4},
	{"ipv6", case_ipv6},
	{"own-ipv4", case_own_ipv4},
	{"own-ipv6", case_own_ipv6},
	{"rejections-ipv4", case_rejections_ipv4},
	{"rejections-ipv6", case_rejections_ipv6},
	{"control", case_control},
	{"age-ipv4", case_age_ipv4},
	{"age-ipv6", case_age_ipv6},
	{"turns", case_turns},
	{"flood", case_flood},
	{"drops", case_drops},
	{"many-interfaces", case_many_interfaces},
	{"lost-ipv4", case_lost_ipv4},
	{"lost-ipv6", case_lost_ipv6},
	{"refusals-to-join", case_refusals_to_join},
	{"unicast-ipv4", case_unicast_ipv4},
	{"unicast-ipv6", case_unicast_ipv6},
	{"unicast-link-local", case_unicast_link_local},
	{"leaves-while-hearing", case_leaves_while_hearing},
	{"fails", case_fails},
	{"mute", case_mute},
};

/* What is sent waits on the processor that it was sent on: from one alone it comes in order, each
 * datagram at one stroke to all who hear it. */
static void stay_on_one_processor(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	require(sched_setaffinity(0, sizeof(one), &one) == 0);
}

int main(int argc, char **argv)
{
	struct world world = {};

	stay_on_one_processor();
	if (argc == 2 && strcmp(argv[1], "list") == 0) {
		for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
			puts(cases[i].name);
		return 0;
	}
	for (size_t i = 0; argc == 2 && i < ARRAY_LENGTH(cases); i++) {
		if (strcmp(argv[1], cases[i].name) != 0)
			continue;
		world_begin(&world);
		cases[i].run(&world);
		world_end(&world);
		return 0;
	}
	fprintf(stderr, "usage: dispatcher list | CASE\n");
	return 2;
}
