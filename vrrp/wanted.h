// SPDX-License-Identifier: GPL-2.0-or-later
/* Which objects the virtual routers want in the kernel, which are there, and what is to be done next. Pure: it is told what
 * somebody wants, what was seen and what came of a request, and gives one operation after the other.
 *
 *	vrrp_wanted_set()	 a router wants exactly these
 *	vrrp_wanted_next()	 what is to be done now, until there is nothing
 *	vrrp_wanted_done()	 what came of it
 *	vrrp_wanted_seen()	 what the kernel says, of its own or when asked
 *
 * It is level-triggered: each object is compared, by its key, with what is known of it, so what is wanted and let go before it
 * was carried out costs no request. The operations of one router come in the order in which it asked; routers take turns, so
 * that one with a thousand addresses does not keep one that has a single one waiting.
 *
 * Who finds that an object is taken away again and again, each time soon after it was put back, does so WANTED_AT_ONCE times
 * at once, and then ever more seldom: two programs that undo each other's work must not eat a processor. One that stays for
 * WANTED_QUIET is not fought over, and what was before is forgotten: who takes it away every minute has a slow hand and costs
 * nothing. The time counts from when it came back, not from its loss, else each longer pause would pass for quiet. Requests
 * that fail are tried again in the same pauses.
 *
 * Only what is ours is ever removed: what carries our mark, what we have made, what an earlier process is known to have made.
 * Times are in nanoseconds, of whatever clock. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/heap.h"
#include "vrrp/object.h"

#define VRRP_WANTED_AT_ONCE  5u
#define VRRP_WANTED_QUIET_NS 3000000000ull /* of being there, after which it is at once again */
#define VRRP_WANTED_PAUSE_NS 1000000000ull /* the first; each is twice the one before */
#define VRRP_WANTED_PAUSES   6u            /* how often it doubles: 64 s */

/* Nobody's: what an earlier process left. */
#define VRRP_WANTED_NOBODY UINT64_MAX

enum vrrp_wanted_op {
	VRRP_WANTED_NONE,
	VRRP_WANTED_ADD,
	VRRP_WANTED_REMOVE,
};

enum vrrp_wanted_presence {
	VRRP_WANTED_ABSENT,
	VRRP_WANTED_OURS,
	VRRP_WANTED_FOREIGN, /* serves as well, and is left alone */
};

enum vrrp_wanted_news {
	VRRP_WANTED_DONE, /* of a router: nothing of it is under way. What failed is told before */
	VRRP_WANTED_CAME, /* it was added, and is there as it is wanted */
	VRRP_WANTED_LOST, /* another program took it away: it is put back */
	VRRP_WANTED_FOUGHT, /* so often that it is put back only after a pause */
	VRRP_WANTED_FAILED, /* `code`; it is tried again after a pause */
	VRRP_WANTED_FOUND,  /* it is there, and not ours: it will be left there */
};

enum vrrp_wanted_place {
	VRRP_WANTED_IDLE,
	VRRP_WANTED_QUEUED, /* with its router */
	VRRP_WANTED_PARKED, /* in a pause, until `pause` is due */
	VRRP_WANTED_FLYING, /* was given by vrrp_wanted_next() */
};

struct vrrp_wanted_router;

/* Read by others, written by wanted.c alone. */
struct vrrp_wanted_item {
	struct vrrp_object object; /* as it is wanted */
	struct vrrp_object seen;   /* as it is there, unless it is absent */
	struct vrrp_wanted_router *router;
	bool wanted;
	bool made;    /* by us: ours without a mark, which was not seen */
	bool current; /* made by us as it is wanted now, however the kernel writes it */
	bool again;   /* it is to be made anew, however it is */
	bool left;    /* by an earlier process, as we were told */
	bool touched; /* something was seen of it since its request was sent */
	enum vrrp_wanted_presence presence;
	enum vrrp_wanted_place place;
	enum vrrp_wanted_op op; /* queued or flying */
	uint64_t set, look;     /* the set and the look in which it was there last */
	uint64_t back_at;       /* when it was added last */
	struct heap_entry pause;
	unsigned int losses, failures;
	int code; /* of the last failure */
	TAILQ_ENTRY(vrrp_wanted_item) all, own, line;
};

/* `item` is NULL with DONE. Must not call the table. */
typedef void vrrp_wanted_tell(void *data, enum vrrp_wanted_news news, uint64_t router,
	const struct vrrp_wanted_item *item);

struct vrrp_wanted;

struct vrrp_wanted *vrrp_wanted_new(vrrp_wanted_tell *tell, void *data);
/* NULL is allowed; returns NULL. */
struct vrrp_wanted *vrrp_wanted_free(struct vrrp_wanted *wanted);

/* From now on `router` wants exactly these, in this order; what it wanted before and is not among them goes, after what is new
 * has come, the last first. An object that another router wanted is this one's from now on. Copied. DONE is told, from here
 * when there is nothing to do. */
void vrrp_wanted_set(struct vrrp_wanted *wanted, uint64_t router, const struct vrrp_object *objects,
	size_t count);

/* The next operation, or NULL. It is under way until vrrp_wanted_done(); the item stays till then. */
struct vrrp_wanted_item *vrrp_wanted_next(struct vrrp_wanted *wanted);
/* `code` as the kernel answered. */
void vrrp_wanted_done(
	struct vrrp_wanted *wanted, struct vrrp_wanted_item *item, int code, uint64_t now);
bool vrrp_wanted_is_idle(const struct vrrp_wanted *wanted); /* nothing is queued */

void vrrp_wanted_seen(
	struct vrrp_wanted *wanted, const struct vrrp_object_seen *seen, uint64_t now);
/* All is looked at: what was not seen between these two is not there. */
void vrrp_wanted_look(struct vrrp_wanted *wanted);
void vrrp_wanted_looked(struct vrrp_wanted *wanted, uint64_t now);

/* It is removed and made again, at once: what is wanted, there, ours and at rest. Others are left as they are: false. */
bool vrrp_wanted_again(struct vrrp_wanted *wanted, const struct vrrp_object *object);

/* An earlier process made it; to be told before the look that finds it. */
void vrrp_wanted_left(struct vrrp_wanted *wanted, const struct vrrp_object *object);
/* Whatever is to be kept of what was left is wanted by now: the rest goes, and so does what is found later. */
void vrrp_wanted_settle(struct vrrp_wanted *wanted);
void vrrp_wanted_unsettle(struct vrrp_wanted *wanted);

/* When to call vrrp_wanted_wake(); HEAP_NEVER. */
uint64_t vrrp_wanted_next_wake(const struct vrrp_wanted *wanted);
/* Whose pause is over is queued. */
void vrrp_wanted_wake(struct vrrp_wanted *wanted, uint64_t now);

/* NULL when nobody wants it and it is not ours. */
const struct vrrp_wanted_item *vrrp_wanted_find(
	const struct vrrp_wanted *wanted, const struct vrrp_object *object);
/* Objects that are known; that are in a pause. */
size_t vrrp_wanted_count(const struct vrrp_wanted *wanted);
size_t vrrp_wanted_paused(const struct vrrp_wanted *wanted);
