// SPDX-License-Identifier: GPL-2.0-or-later
/* A packet socket that hears nothing, a timer, and the schedule.
 *
 * A turn takes up to a portion of what is due out of the schedule, writes the frames into the batch, hands them to the kernel
 * in as few calls as it takes them, and tells the schedule of each what became of it. While something is still due the timer
 * is set to now: sd-event then lets everybody of the same priority go first who waits already (base/loop.c). It is no work of
 * LOOP_PRIORITY_LAST, because a socket that is never empty would keep that from ever being done.
 *
 * What the kernel says of a frame is about one of three things:
 *  - The socket has no room (EAGAIN): its frames lie in queues of links. All wait a little.
 *  - A link's queue has none (ENOBUFS): this frame waits, a bounded number of times, and the others go on.
 *  - Anything else (the interface is down, or gone) is the interface's. Its routers are told by those who watch it; here it
 *    is logged, and the announcement goes on as planned: an interface may be down for no longer than a moment. */
#include "vrrp/announce.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/pkt_sched.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/memory.h"

LOG_MODULE("announce");

#define ANNOUNCE_SOCKET_WAIT_NS 1000000ull
/* Doubling: 1.3 s in all. */
#define ANNOUNCE_LINK_WAIT_NS 10000000ull
#define ANNOUNCE_TRIES        7
/* Room for some thousand frames, so that a link that is slow to send does not keep others waiting. */
#define ANNOUNCE_SOCKET_ROOM (4 << 20)

/* A frame on its way. */
struct announce_slot {
	struct announcement *announcement;
	struct sockaddr_ll to;
	struct iovec bytes;
	uint8_t frame[ANNOUNCE_FRAME_MOST];
};

struct announce {
	struct announce_schedule schedule;
	struct loop_source *timer;
	int fd;
	announce_allowed *allowed;
	void *data;
	struct announce_counters counters;
	/* What was logged, until that interface works again. */
	int failed_ifindex, failed_code;
	/* The turn's. */
	size_t count;
	struct announce_slot slots[ANNOUNCE_PORTION];
	struct mmsghdr messages[ANNOUNCE_PORTION];
};

/* Of many that fail for the same reason, the first is told. */
static void announce_give_up(struct announce *announce, struct announcement *announcement, int code)
{
	char address[ADDRESS_LENGTH];
	bool known =
		announce->failed_ifindex == announcement->ifindex && announce->failed_code == code;

	announce->counters.failed++;
	announce->failed_ifindex = announcement->ifindex;
	announce->failed_code = code;
	if (!known)
		log_object_warning(announcement->object,
			"cannot announce %s on interface number %d: %s",
			address_format(&announcement->content.address, address),
			announcement->ifindex, strerror(-code));
}

/* Out of the schedule, into the batch. */
static void announce_add(struct announce *announce, struct announcement *announcement)
{
	struct announce_slot *slot = &announce->slots[announce->count];

	slot->announcement = announcement;
	slot->bytes.iov_len = announce_frame(&announcement->content, slot->frame);
	slot->to.sll_protocol = htons(announce_frame_protocol(&announcement->content));
	slot->to.sll_ifindex = announcement->ifindex;
	announce->count++;
}

static void announce_gather(struct announce *announce, uint64_t now)
{
	struct announcement *announcement;

	announce->count = 0;
	while (announce->count < ANNOUNCE_PORTION &&
		(announcement = (struct announcement *)announce_schedule_take(
			 &announce->schedule, now))) {
		if (announce->allowed(announce->data, announcement, now)) {
			announce_add(announce, announcement);
			continue;
		}
		announce_schedule_stop(&announce->schedule, &announcement->entry);
		announce->counters.dropped++;
	}
}

static void announce_done(
	struct announce *announce, struct announcement *announcement, uint64_t now)
{
	announcement->tries = 0;
	announce_schedule_sent(&announce->schedule, &announcement->entry, now);
}

static void announce_sent(
	struct announce *announce, struct announcement *announcement, uint64_t now)
{
	announce->counters.sent++;
	if (announcement->ifindex == announce->failed_ifindex)
		announce->failed_ifindex = 0;
	announce_done(announce, announcement, now);
}

static void announce_put_off(
	struct announce *announce, struct announcement *announcement, uint64_t when)
{
	announce->counters.put_off++;
	announce_schedule_again(&announce->schedule, &announcement->entry, when);
}

/* What the kernel did not take for a reason of its own. */
static void announce_refused(
	struct announce *announce, struct announcement *announcement, int code, uint64_t now)
{
	if (code == -ENOBUFS && announcement->tries < ANNOUNCE_TRIES) {
		uint64_t wait = ANNOUNCE_LINK_WAIT_NS << announcement->tries++;

		announce_put_off(announce, announcement, now + wait);
		return;
	}
	announce_give_up(announce, announcement, code);
	announce_done(announce, announcement, now);
}

/* Whether the socket has room for more. */
static bool announce_send(struct announce *announce, uint64_t now)
{
	size_t at = 0;

	while (at < announce->count) {
		int r = sendmmsg(announce->fd, announce->messages + at,
			(unsigned int)(announce->count - at), MSG_DONTWAIT);
		int code = r < 0 ? -errno : 0;

		for (int i = 0; i < r; i++)
			announce_sent(announce, announce->slots[at++].announcement, now);
		if (code == -EAGAIN)
			break;
		if (code < 0)
			announce_refused(announce, announce->slots[at++].announcement, code, now);
	}
	for (size_t i = at; i < announce->count; i++)
		announce_put_off(
			announce, announce->slots[i].announcement, now + ANNOUNCE_SOCKET_WAIT_NS);
	return at == announce->count;
}

static void announce_turn(void *data)
{
	struct announce *announce = data;
	uint64_t now = loop_clock(), next;

	announce_gather(announce, now);
	bool room = announce_send(announce, now);
	next = announce_schedule_next(&announce->schedule);
	loop_timer_set(announce->timer, room ? next : MAX(next, now + ANNOUNCE_SOCKET_WAIT_NS));
}

static void announce_prepare(struct announce *announce)
{
	for (size_t i = 0; i < ANNOUNCE_PORTION; i++) {
		struct announce_slot *slot = &announce->slots[i];

		slot->to.sll_family = AF_PACKET;
		slot->to.sll_halen = ANNOUNCE_MAC_SIZE;
		slot->bytes.iov_base = slot->frame;
		announce->messages[i].msg_hdr = (struct msghdr){.msg_name = &slot->to,
			.msg_namelen = sizeof(slot->to),
			.msg_iov = &slot->bytes,
			.msg_iovlen = 1};
	}
}

/* What cannot be had of these makes it slower, and no more. */
static void announce_tune(int fd)
{
	int room = ANNOUNCE_SOCKET_ROOM, priority = TC_PRIO_CONTROL;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority));
}

int announce_new(struct loop *loop, announce_allowed *allowed, void *data, struct announce **ret)
{
	_cleanup_announce_ struct announce *announce = memory_new(sizeof(*announce));

	announce->allowed = allowed;
	announce->data = data;
	/* Of no protocol: no packet is ever copied for it. */
	announce->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (announce->fd < 0)
		return -errno;
	announce_tune(announce->fd);
	announce_prepare(announce);
	int r = loop_add_timer(loop, announce_turn, announce, &announce->timer);
	if (r < 0)
		return r;
	*ret = STEAL(announce);
	return 0;
}

struct announce *announce_free(struct announce *announce)
{
	if (!announce)
		return NULL;
	loop_source_free(announce->timer);
	if (announce->fd >= 0)
		close(announce->fd);
	announce_schedule_clear(&announce->schedule);
	free(announce);
	return NULL;
}

void announce_reserve(struct announce *announce, size_t count)
{
	announce_schedule_reserve(&announce->schedule, count);
}

void announce_start(struct announce *announce, struct announcement *announcement,
	const struct announce_plan *plan)
{
	announcement->tries = 0;
	announce_schedule_start(&announce->schedule, &announcement->entry, plan);
	loop_timer_set(announce->timer, 0);
}

void announce_stop(struct announce *announce, struct announcement *announcement)
{
	announce_schedule_stop(&announce->schedule, &announcement->entry);
}

int announce_send_frame(
	struct announce *announce, int ifindex, uint16_t protocol, const void *frame, size_t size)
{
	const struct sockaddr_ll to = {.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = ifindex,
		.sll_halen = ANNOUNCE_MAC_SIZE};
	ssize_t sent = sendto(
		announce->fd, frame, size, MSG_DONTWAIT, (const struct sockaddr *)&to, sizeof(to));

	return sent < 0 ? -errno : 0;
}

const struct announce_counters *announce_counters(const struct announce *announce)
{
	return &announce->counters;
}
