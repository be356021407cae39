// SPDX-License-Identifier: GPL-2.0-or-later
/* ping: an echo comes back.
 *
 * All pings of a process share one raw socket for each family (one more for each other source, mark or interface): the kernel gives a copy of each
 * reply to every raw socket, so a socket for each ping would be quadratic. A socket is there while pings of it are under way. A
 * filter in the kernel leaves it the echo replies with our identifier.
 *
 * A ping is known by its sequence number, which is an index into a table: the identifier and the number are 16 bits wide and
 * anybody may send them. So the reply must also come from the target, and carry the eight random bytes that our request began with (fewer if
 * `size` is smaller). What does not is a stranger's: counted, and ignored, as a late reply to a ping that is over is.
 *
 * Replies are read a part in each turn. Requests are sent whenever they are due; since the answers of near servers come back
 * before the loop looks again, reading comes in between when many are sent at once, before the socket's buffer is full. */
#include "health/kind.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/inet_sum.h"
#include "base/vector.h"

#define PING_SEQUENCES 65536u
#define PING_PACKET    65536u
#define PING_HEADER    8u /* of ICMP, in both families */
#define PING_COOKIE    8u
#define PING_BUFFER    (1 << 20) /* bytes of replies that wait, if the kernel gives so much */
/* How many replies are read at a time, and how many requests go out without reading. */
#define PING_READ_MOST 64

/* What distinguishes the sockets. */
struct ping_key {
	uint16_t family;
	uint32_t mark;
	struct address source;
	char interface[INTERFACE_NAME_SIZE]; /* "": any */
};

struct ping_socket {
	struct ping_key key;
	struct checkers *checkers;
	int fd;
	struct loop_source *source;
	uint32_t users, unread;
};

struct ping {
	struct checker_run run;
	struct ping_socket *socket; /* NULL: it holds none, and no sequence number */
	uint16_t sequence;
	uint8_t cookie[PING_COOKIE];
};

struct ping_slot {
	struct ping_key key;
	struct ping_socket *socket;
};

struct ping_slots {
	VECTOR_OF(struct ping_slot); /* by key */
};

struct checker_pings {
	struct ping_slots slots;
	uint16_t identifier; /* in network order, as it comes */
	uint16_t next;       /* the sequence number to try first */
	uint32_t count;
	struct ping *runs[PING_SEQUENCES];
	uint8_t packet[PING_PACKET]; /* the one that is made or read now */
};

static int ping_compare_keys(const void *a, const void *b)
{
	const struct ping_key *left = &((const struct ping_slot *)a)->key;
	const struct ping_key *right = &((const struct ping_slot *)b)->key;
	int order = COMPARE(left->family, right->family);

	if (!order)
		order = COMPARE(left->mark, right->mark);
	if (!order)
		order = strcmp(left->interface, right->interface);
	return order ? order : address_compare(&left->source, &right->source);
}

static uint16_t ping_checksum(const uint8_t *bytes, size_t size)
{
	return htons((uint16_t)~inet_fold(inet_sum(bytes, size)));
}

/* ---- Replies ---- */

/* Echo replies with our identifier. A raw socket of IPv4 has the packet from its IP header on, one of IPv6 from that of
 * ICMP. */
static void ping_filter(int fd, uint16_t family, uint16_t identifier)
{
	struct sock_filter code[] = {
		family == AF_INET ? (struct sock_filter)BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0)
				  : (struct sock_filter)BPF_STMT(BPF_LDX | BPF_IMM, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY, 0, 3),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ntohs(identifier), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, ~0u),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = {ARRAY_LENGTH(code), code};

	/* It only spares us what is looked at again anyway. */
	setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

/* Of a packet as the socket gave it, where ICMP begins; NULL when it is none that could be ours. IPv6's checksum has been looked at by the
 * kernel, that of IPv4 has not. */
static const uint8_t *ping_find_icmp(uint16_t family, const uint8_t *packet, size_t *size)
{
	const bool old = family == AF_INET;
	size_t skip = 0;

	if (old) {
		if (*size < sizeof(struct iphdr) || packet[0] >> 4 != 4)
			return NULL;
		skip = (packet[0] & 0xfu) * 4;
	}
	if (*size < skip + PING_HEADER)
		return NULL;
	*size -= skip;
	const uint8_t *icmp = packet + skip;
	if (icmp[0] != (old ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY) || icmp[1] != 0)
		return NULL;
	return old && ping_checksum(icmp, *size) != 0 ? NULL : icmp;
}

static bool ping_is_from(const struct ping *ping, const struct sockaddr_storage *from)
{
	const struct address *target = &ping->run.request.target.address;

	if (from->ss_family != target->family)
		return false;
	if (from->ss_family == AF_INET)
		return memcmp(&((const struct sockaddr_in *)from)->sin_addr, target->bytes,
			       sizeof(struct in_addr)) == 0;
	return memcmp(&((const struct sockaddr_in6 *)from)->sin6_addr, target->bytes,
		       sizeof(struct in6_addr)) == 0;
}

/* Whether it was one that we wait for. */
static bool ping_take_reply(
	struct ping_socket *socket, size_t size, const struct sockaddr_storage *from)
{
	struct checker_pings *pings = socket->checkers->pings;
	const uint8_t *icmp = ping_find_icmp(socket->key.family, pings->packet, &size);
	uint16_t sequence;

	if (!icmp || memcmp(icmp + 4, &pings->identifier, sizeof(pings->identifier)) != 0)
		return false;
	memcpy(&sequence, icmp + 6, sizeof(sequence));
	struct ping *ping = pings->runs[ntohs(sequence)];
	if (!ping || ping->socket != socket || !ping_is_from(ping, from))
		return false;
	size_t sent = ping->run.request.check->ping.size;
	if (size != PING_HEADER + sent ||
		memcmp(icmp + PING_HEADER, ping->cookie, MIN(sent, PING_COOKIE)) != 0)
		return false;
	if (ping->run.over)
		return true;
	checker_step(&ping->run, "echo");
	checker_over(&ping->run, CHECKER_RESULT_PASSED, "echo of %zu bytes", sent);
	return true;
}

static void ping_read(struct ping_socket *socket)
{
	struct checker_pings *pings = socket->checkers->pings;
	struct sockaddr_storage from = {};

	socket->unread = 0;
	for (size_t i = 0; i < PING_READ_MOST; i++) {
		socklen_t from_size = sizeof(from);
		ssize_t size = recvfrom(socket->fd, pings->packet, sizeof(pings->packet), 0,
			(struct sockaddr *)&from, &from_size);
		/* Errors are about some packet of some ping, and gone once they are read. */
		if (size < 0 && errno == EAGAIN)
			return;
		if (size >= 0 && !ping_take_reply(socket, (size_t)size, &from))
			socket->checkers->strangers++;
	}
}

static void ping_on_event(void *data, uint32_t events)
{
	(void)events;
	ping_read(data);
}

/* ---- Sockets ---- */

static void ping_drop_socket(struct ping_socket *socket)
{
	struct ping_slots *slots = &socket->checkers->pings->slots;
	const struct ping_slot wanted = {.key = socket->key};

	if (--socket->users)
		return;
	struct ping_slot *slot = vector_find(slots, &wanted, ping_compare_keys);
	size_t behind = (size_t)(slots->items + slots->count - slot) - 1;
	memmove(slot, slot + 1, behind * sizeof(*slot));
	slots->count--;
	loop_source_free(socket->source);
	close(socket->fd);
	free(socket);
}

static void ping_insert_socket(struct ping_slots *slots, struct ping_socket *socket)
{
	const struct ping_slot slot = {.key = socket->key, .socket = socket};
	size_t place = vector_after(slots, &slot, ping_compare_keys);
	size_t behind = slots->count - place;

	vector_append(slots);
	memmove(slots->items + place + 1, slots->items + place, behind * sizeof(slot));
	slots->items[place] = slot;
}

/* A socket for the run, and for all that have the same key while it is there. */
static int ping_make_socket(const struct checker_run *run, const struct ping_key *key,
	struct ping_socket **ret, const char **what)
{
	struct checkers *checkers = run->checkers;
	int protocol = key->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	int buffer = PING_BUFFER;
	int fd = checker_socket(run, SOCK_RAW, protocol, what);

	if (fd < 0)
		return fd;
	ping_filter(fd, key->family, checkers->pings->identifier);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	struct ping_socket *socket = memory_new(sizeof(*socket));
	*socket = (struct ping_socket){.key = *key, .checkers = checkers, .fd = fd};
	*what = "loop";
	int r = loop_add_io(checkers->loop, fd, EPOLLIN, ping_on_event, socket, &socket->source);
	if (r < 0) {
		close(fd);
		free(socket);
		return r;
	}
	ping_insert_socket(&checkers->pings->slots, socket);
	*ret = socket;
	return 0;
}

static int ping_take_socket(struct ping *ping, const char **what)
{
	const struct config_check *check = ping->run.request.check;
	struct checker_pings *pings = ping->run.checkers->pings;
	struct ping_slot wanted = {.key = {.family = ping->run.request.target.address.family,
					   .mark = check->fwmark,
					   .source = check->source}};

	if (check->interface)
		snprintf(
			wanted.key.interface, sizeof(wanted.key.interface), "%s", check->interface);
	const struct ping_slot *slot = vector_find(&pings->slots, &wanted, ping_compare_keys);
	if (slot) {
		ping->socket = slot->socket;
	} else {
		int r = ping_make_socket(&ping->run, &wanted.key, &ping->socket, what);
		if (r < 0)
			return r;
	}
	ping->socket->users++;
	return 0;
}

/* ---- Requests ---- */

/* There is a free one. */
static uint16_t ping_take_sequence(struct checker_pings *pings, struct ping *ping)
{
	while (pings->runs[pings->next])
		pings->next++;
	pings->runs[pings->next] = ping;
	pings->count++;
	return pings->next++;
}

/* Into the packet; its size. */
static size_t ping_make_request(const struct ping *ping, struct checker_pings *pings)
{
	bool old = ping->socket->key.family == AF_INET;
	size_t payload = ping->run.request.check->ping.size;
	uint8_t *packet = pings->packet;
	uint16_t sequence = htons(ping->sequence), sum;

	memset(packet, 0, PING_HEADER);
	packet[0] = old ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	memcpy(packet + 4, &pings->identifier, sizeof(pings->identifier));
	memcpy(packet + 6, &sequence, sizeof(sequence));
	for (size_t i = 0; i < payload; i++)
		packet[PING_HEADER + i] = i < PING_COOKIE ? ping->cookie[i] : (uint8_t)i;
	/* The kernel sums for IPv6, whose sum has the addresses in it. */
	sum = old ? ping_checksum(packet, PING_HEADER + payload) : 0;
	memcpy(packet + 2, &sum, sizeof(sum));
	return PING_HEADER + payload;
}

static int ping_send(struct ping *ping)
{
	struct ping_socket *socket = ping->socket;
	struct checker_pings *pings = ping->run.checkers->pings;
	struct sockaddr_storage target;

	if (++socket->unread > PING_READ_MOST)
		ping_read(socket);
	size_t size = ping_make_request(ping, pings);
	socklen_t target_size = checker_sockaddr(&ping->run, &target);
	if (sendto(socket->fd, pings->packet, size, 0, (const struct sockaddr *)&target,
		    target_size) < 0)
		return -errno;
	return 0;
}

static void ping_start(struct checker_run *run)
{
	struct ping *ping = (struct ping *)run;
	struct checker_pings *pings = run->checkers->pings;
	const char *what;

	if (pings->count == PING_SEQUENCES) {
		checker_untried(run, "ping", -EAGAIN);
		return;
	}
	/* The target's port is of no protocol here, and a raw socket would take it for one. */
	run->request.target.port = 0;
	if (getrandom(ping->cookie, sizeof(ping->cookie), 0) < 0) {
		checker_untried(run, "random bytes", -errno);
		return;
	}
	int r = ping_take_socket(ping, &what);
	if (r < 0) {
		checker_untried(run, what, r);
		return;
	}
	ping->sequence = ping_take_sequence(pings, ping);
	r = ping_send(ping);
	if (r < 0)
		checker_over_errno(run, "send", r);
}

static void ping_close(struct checker_run *run)
{
	struct ping *ping = (struct ping *)run;
	struct checker_pings *pings = run->checkers->pings;

	if (!ping->socket)
		return;
	pings->runs[ping->sequence] = NULL;
	pings->count--;
	ping_drop_socket(ping->socket);
	ping->socket = NULL;
}

static const char *ping_doing(const struct checker_run *run)
{
	(void)run;
	return "waiting for the echo";
}

const struct checker_kind checker_ping = {
	.name = "ping",
	.size = sizeof(struct ping),
	.start = ping_start,
	.close = ping_close,
	.doing = ping_doing,
};

/* ---- What a process has of it ---- */

int checker_pings_new(struct checkers *checkers, struct error *error)
{
	struct checker_pings *pings = memory_new(sizeof(*pings));

	if (getrandom(&pings->identifier, sizeof(pings->identifier), 0) < 0) {
		int r = -errno;
		free(pings);
		return error_set(error, r, "cannot get random bytes: %s", strerror(-r));
	}
	checkers->pings = pings;
	return 0;
}

void checker_pings_free(struct checkers *checkers)
{
	if (!checkers->pings)
		return;
	vector_clear(&checkers->pings->slots);
	free(checkers->pings);
	checkers->pings = NULL;
}
