// SPDX-License-Identifier: GPL-2.0-or-later
/* Announcements of virtual addresses, on the wire: frames (announce_frame.h) when they are due (announce_schedule.h), over
 * one packet socket for all interfaces of the process.
 *
 *	announce_start()   an address is ours now. As soon as the loop comes to it, and as often as the plan says
 *	announce_stop()	   no longer: what is still due for it is dropped
 *
 * However many are due, a turn of the loop sends ANNOUNCE_PORTION frames at most, and then everybody else who is ready has
 * his turn: advertisements, and what is received. After announce_reserve() nothing is allocated. */
#pragma once

#include "base/loop.h"
#include "vrrp/announce_frame.h"
#include "vrrp/announce_schedule.h"

#define ANNOUNCE_PORTION 32

/* One address on one interface. Its owner's, who fills it before announce_start(), and stops it before he changes it or
 * frees it. Starts zeroed. */
struct announcement {
	struct announce_entry entry; /* the first member; the announcer's */
	unsigned int tries;          /* of the frame that is due, in vain; the announcer's */
	struct announce_content content;
	int ifindex;        /* the interface that has the address: a macvlan, where there is one */
	void *owner;        /* for announce_allowed */
	const char *object; /* whose a line of the log is; NULL: nobody's. Borrowed */
};

/* Whether the address is still ours at `now`, which is the clock, just read. Asked before each frame, because this process
 * may have been stopped since anybody knew, and a frame too late takes the address from the router that has it now. On
 * false the announcement is stopped. Must not call the announcer. */
typedef bool announce_allowed(void *data, const struct announcement *announcement, uint64_t now);

/* Since the start. */
struct announce_counters {
	uint64_t sent;
	uint64_t put_off; /* the link had no room: tried again */
	uint64_t failed;  /* given up; what the plan says comes later all the same */
	uint64_t dropped; /* no longer allowed */
};

struct announce;

/* Wants CAP_NET_RAW. -errno. */
int announce_new(struct loop *loop, announce_allowed *allowed, void *data, struct announce **ret);
/* Forgets what is due. NULL is allowed; returns NULL. */
struct announce *announce_free(struct announce *announce);

/* Room for so many announcements at once. */
void announce_reserve(struct announce *announce, size_t count);

/* One that goes on begins anew. */
void announce_start(struct announce *announce, struct announcement *announcement,
	const struct announce_plan *plan);
/* Nothing, for one that is not announced. */
void announce_stop(struct announce *announce, struct announcement *announcement);

/* A whole frame of somebody else's, now: by that interface, with ETH_P_… in host order. -errno: it went nowhere. */
int announce_send_frame(struct announce *announce, int ifindex, uint16_t protocol,
	const void *frame, size_t size) _warn_unused_;

const struct announce_counters *announce_counters(const struct announce *announce);

static inline void announce_freep(struct announce **announce)
{
	announce_free(*announce);
}
#define _cleanup_announce_ _cleanup_(announce_freep)
