// SPDX-License-Identifier: GPL-2.0-or-later
/* The virtual routers of a process: who they are, which of them move together, whose time has come. Pure but for memory: it
 * is told what happened and when, and says what is to be done through one function.
 *
 *	keeper_set()	 the whole list, again and again: what is the same is not touched, whatever else changed
 *	keeper_handle()	 something happened to one of them
 *	keeper_run()	 whose time has come, when keeper_next() said
 *
 * The state machine of one is fsm.h, of several group.h. Sockets, addresses, announcements and the lease are its owner's, who
 * does what it is told to do. Times are CLOCK_BOOTTIME, in nanoseconds. */
#pragma once

#include "base/heap.h"
#include "vrrp/group.h"

#define KEEPER_INTERFACE_SIZE 16 /* IFNAMSIZ */

/* Who a virtual router is: RFC 9568 §1.6 has a VRID per interface and family. */
struct keeper_key {
	char interface[KEEPER_INTERFACE_SIZE];
	uint16_t family;
	uint8_t vrid;
};

int keeper_key_compare(const void *a, const void *b);

/* One as it is declared, and as its interface is. */
struct keeper_router {
	struct keeper_key key;
	struct vrrp_parameters parameters; /* the priority is its own, as tracking makes it */
	const char *group;  /* those with the same word move together; NULL: alone. Copied */
	uint64_t addresses; /* another number when it has other addresses */
	bool up;            /* the interface, and what is tracked by fault; of one that is new */
	struct vrrp_lease
		lease; /* what an earlier process left; of one that is new. sent is 0: nothing */
	void *data; /* of the owner, who has it back with each action; kept ones have the new one */
};

struct keeper_item;

struct keeper_options {
	/* One thing to be done. Must not call the keeper. Timers are the keeper's own: never VRRP_ACTION_TIMER. */
	void (*act)(void *owner, struct keeper_item *item, const struct vrrp_action *action);
	/* It is no more, and nothing is to be done for it: the end of `data`. */
	void (*gone)(void *owner, struct keeper_item *item);
	void *owner;
};

struct keeper;

struct keeper *keeper_new(const struct keeper_options *options);
/* Does nothing for them: who is to stop in order is stopped before. NULL is allowed; returns NULL. */
struct keeper *keeper_free(struct keeper *keeper);

/* From now on there are these. They are in order of their keys, none twice. Those that are not in the list are stopped, and
 * gone; one whose parameters are others is told so. O(n log n), and no work for those that are as before. */
void keeper_set(
	struct keeper *keeper, const struct keeper_router *routers, size_t count, uint64_t now);

/* Until then all stay in Initialize: the table is not filled yet. Those with a lease may resume. */
void keeper_start(struct keeper *keeper, uint64_t now);
/* That one alone: it need not wait, or has waited long enough. Nothing, for one that has begun. */
void keeper_begin(struct keeper *keeper, struct keeper_item *item, uint64_t now);
/* In order: all become Initialize, with their resignations. */
void keeper_stop(struct keeper *keeper, uint64_t now);

struct keeper_item *keeper_find(struct keeper *keeper, const struct keeper_key *key);
/* Every event but START, RESUME, STOP and CONFIGURED, which are the functions above. */
void keeper_handle(struct keeper *keeper, struct keeper_item *item, const struct vrrp_event *event,
	uint64_t now);
/* The process may have been stopped: to all of them, before anything that waits in sockets is read. */
void keeper_thaw(struct keeper *keeper, uint64_t now);

/* At most `most` of those whose time has come, the earliest first; how many. */
size_t keeper_run(struct keeper *keeper, uint64_t now, size_t most);
uint64_t keeper_next(const struct keeper *keeper); /* HEAP_NEVER: nothing will be due */

const struct keeper_key *keeper_item_key(const struct keeper_item *item);
const struct vrrp_router *keeper_item_router(const struct keeper_item *item);
void *keeper_item_data(const struct keeper_item *item);
/* The first of its group that keeps the others from running; NULL: nobody does, or it is alone. O(group). */
const struct keeper_item *keeper_item_hindered(const struct keeper_item *item);

/* For who looks at all of them, in order of their keys. */
size_t keeper_count(const struct keeper *keeper);
struct keeper_item *keeper_at(const struct keeper *keeper, size_t index);
