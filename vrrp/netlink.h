// SPDX-License-Identifier: GPL-2.0-or-later
/* The two rtnetlink sockets of the vrrp process, which a hand has for it (hand.h): the kernel may let it wait.
 *
 * One is for requests that change something: several go in one send, at most VRRP_NETLINK_WINDOW wait for their answers, which
 * are matched by sequence number. The other hears what changes, whoever changed it, and reads everything once at the start: the
 * reading and the changes come in one stream, so that the last word about a thing is the true one. When the kernel had to
 * drop something from that stream (ENOBUFS), or a reading was not of one moment, everything is read again.
 *
 * What is called back may ask for anything but a flush. Used by link.h and address.h; messages are made and read elsewhere (object.h, link.c). Nothing here blocks. */
#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "vrrp/hand.h"

struct nl_msg;
struct vrrp_netlink;

#define VRRP_NETLINK_WINDOW 32u

/* Who hears; `begin` and `end` may be NULL. The listeners are called in the order in which they came. */
struct vrrp_netlink_listener {
	void (*begin)(
		void *data); /* everything will be read: what is not told until `end` is not there */
	void (*message)(void *data, const struct nlmsghdr *message); /* all bytes of it are there */
	void (*end)(void *data);
	void *data;
};

#define VRRP_NETLINK_LISTENERS 4u

/* code: 0 or -errno; words: of the kernel, or "". */
typedef void vrrp_netlink_answer(void *data, int code, const char *words);

struct vrrp_netlink_counters {
	uint64_t requests, sends, refused; /* refused: answered with an error */
	uint64_t events, readings;
	uint64_t overruns; /* the kernel dropped events */
	uint64_t malformed,
		strangers; /* cut or senseless messages; senders other than the kernel */
};

/* -errno with words. */
int vrrp_netlink_new(struct loop *loop, const struct vrrp_hand_owner *owner,
	struct vrrp_netlink **ret, struct error *error);
/* What waits for an answer gets none. NULL is allowed; returns NULL. */
struct vrrp_netlink *vrrp_netlink_free(struct vrrp_netlink *netlink);

/* Borrows `listener`. All of them before the first reading. */
void vrrp_netlink_listen(
	struct vrrp_netlink *netlink, const struct vrrp_netlink_listener *listener);

/* Begins to read everything, or reads it again. */
void vrrp_netlink_read(struct vrrp_netlink *netlink);
/* The last reading that was asked for is over. */
bool vrrp_netlink_is_read(const struct vrrp_netlink *netlink);

/* How many requests may be added now. */
size_t vrrp_netlink_room(const struct vrrp_netlink *netlink);
/* Adds a request; its flags ask for an acknowledgement. Copied. -ENOBUFS: no room. */
int vrrp_netlink_request(struct vrrp_netlink *netlink, const struct nl_msg *message,
	vrrp_netlink_answer *answer, void *data);
/* Sends what was added. What that caused is heard in a later turn, and then what was answered; only what could not be sent is
 * answered from here. */
void vrrp_netlink_flush(struct vrrp_netlink *netlink);

/* One request of rtnetlink, for who may wait: by a socket of its own, with its answer. 0, or -errno. */
int vrrp_netlink_wait(const struct nl_msg *message);

/* By which all this goes, for what else is to be done in order with it. Borrowed. */
struct vrrp_hand *vrrp_netlink_hand(struct vrrp_netlink *netlink);

/* For some seconds the kernel has carried out nothing of what it was asked for. */
bool vrrp_netlink_is_late(const struct vrrp_netlink *netlink);

struct vrrp_netlink_counters vrrp_netlink_counters(const struct vrrp_netlink *netlink);
