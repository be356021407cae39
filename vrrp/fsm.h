// SPDX-License-Identifier: GPL-2.0-or-later
/* The state machine of one virtual router, pure: RFC 9568 §6.3 and §6.4 (version 3), RFC 3768 §6 (version 2).
 *
 * It is told what happened and when, and answers with what is to be done, in order; it does none of it. Times are
 * CLOCK_BOOTTIME in nanoseconds, 0 is none. What does not pass the codec is no event: it never gets here.
 *
 *	struct vrrp_actions actions = {};
 *	vrrp_router_handle(&router, &(struct vrrp_event){.type = VRRP_EVENT_TIMER}, now, &actions);
 *
 * Whoever advertises has a lease: for two intervals after an advertisement nobody else can have taken over. Past that the
 * machine sends nothing: whatever the event is, it first becomes backup and lets the addresses go. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "vrrp/packet.h"

#define VRRP_INTERVAL_MIN_NS 10000000ull    /* a centisecond, RFC 9568 §5.2.7 */
#define VRRP_INTERVAL_MAX_NS 40950000000ull /* 12 bits of them */
/* Answers to who advertises wrongly are this far apart, so that nobody makes us flood the link. */
#define VRRP_ASSERT_GAP_NS 1000000ull

enum vrrp_state {
	VRRP_STATE_INITIALIZE,
	VRRP_STATE_BACKUP,
	VRRP_STATE_ACTIVE,
	VRRP_STATE_COUNT,
};

enum vrrp_event_type {
	VRRP_EVENT_START, /* the process is ready: first reconcile, first verdicts, or start-timeout */
	VRRP_EVENT_RESUME, /* the same, for a process whose predecessor was active: `lease` */
	VRRP_EVENT_STOP,
	VRRP_EVENT_UP,   /* the interface; or what is tracked by fault is well */
	VRRP_EVENT_DOWN, /* the interface; or what is tracked by fault is not */
	VRRP_EVENT_TIMER,
	VRRP_EVENT_ADVERTISEMENT, /* a valid one: `advertisement` */
	VRRP_EVENT_PRIORITY,      /* tracking changed it: `priority` */
	VRRP_EVENT_CONFIGURED,    /* `parameters`, `addresses_changed` */
	VRRP_EVENT_THAW,          /* the process may have been stopped, and was continued */
	VRRP_EVENT_GROUP_UP,      /* every member of the sync group can run: `resume` */
	VRRP_EVENT_GROUP_DOWN,    /* one cannot */
	VRRP_EVENT_GROUP_ACTIVE,  /* every member's time has come */
	VRRP_EVENT_GROUP_BACKUP,  /* a member found a better router: `resume` */
	VRRP_EVENT_COUNT,
};

/* What the configuration says, and tracking makes of it. */
struct vrrp_parameters {
	uint8_t version;  /* 2 or 3 */
	uint8_t priority; /* 1 to 255: the one that counts */
	bool preempt;
	uint64_t interval;
	uint64_t preempt_delay;
	struct address source; /* the primary address: it breaks ties */
};

/* What a valid advertisement says that matters here. */
struct vrrp_advertisement {
	uint8_t priority;
	uint64_t interval; /* version 3 */
	struct address source;
	uint64_t age; /* ns since it came: a wait that it begins has lasted so long */
};

/* What the process before this one left: when it last advertised, and the interval that it promised. */
struct vrrp_lease {
	uint64_t sent;
	uint64_t interval;
};

struct vrrp_event {
	enum vrrp_event_type type;
	uint8_t priority;
	bool addresses_changed;
	bool resume; /* GROUP_UP, GROUP_BACKUP: the whole group has a lease, or had one */
	struct vrrp_advertisement advertisement;
	struct vrrp_lease lease;
	const struct vrrp_parameters *parameters;
};

enum vrrp_action_type {
	VRRP_ACTION_ADVERTISE, /* `priority`; 0 resigns */
	VRRP_ACTION_ADD_ADDRESSES, /* they are there as configured; also: what is no longer configured goes */
	VRRP_ACTION_REMOVE_ADDRESSES, /* they are gone, whoever left them */
	VRRP_ACTION_ANNOUNCE,         /* gratuitous ARP, unsolicited neighbour advertisements */
	VRRP_ACTION_MOVED,            /* `state`: for status, notify and the lease */
	VRRP_ACTION_TIMER,            /* `at`; 0: none */
};

struct vrrp_action {
	enum vrrp_action_type type;
	uint8_t priority;
	enum vrrp_state state;
	uint64_t at;
};

/* Room for what one event of one router can lead to, its group's answer included. */
#define VRRP_ACTIONS_MAX 24

struct vrrp_actions {
	size_t count;
	struct vrrp_action items[VRRP_ACTIONS_MAX];
};

/* Others read it; the machine alone writes it. */
struct vrrp_router {
	struct vrrp_parameters parameters;
	enum vrrp_state state;
	bool started, up;
	bool grouped, leader; /* in a sync group; the member that breaks its ties */
	bool complete;        /* the other members can run; always, without a group */
	bool joining;         /* listens beside active members of its group, to which it has come */
	bool learnt;          /* active_interval comes from an advertisement */
	uint64_t since;       /* the last change of state */
	uint64_t
		timer; /* the next advertisement, or the take-over; 0 in Backup: waits for its group */
	uint64_t active_interval;
	struct address heard;    /* in Backup: who advertised last; AF_UNSPEC: nobody */
	uint64_t preempt_at;     /* a lower router was heard, and is borne until then */
	struct vrrp_lease lease; /* sent is 0: none */
};

bool vrrp_parameters_equal(const struct vrrp_parameters *a, const struct vrrp_parameters *b);

void vrrp_router_init(struct vrrp_router *router, const struct vrrp_parameters *parameters);

/* Appends to `actions` what is to be done. */
void vrrp_router_handle(struct vrrp_router *router, const struct vrrp_event *event, uint64_t now,
	struct vrrp_actions *actions);

/* RFC 9568 §6.1, RFC 3768 §6.1: with the priority and the active router's interval of now. */
uint64_t vrrp_router_skew(const struct vrrp_router *router);
uint64_t vrrp_router_down_interval(const struct vrrp_router *router);

/* It waits only for its group to become active. */
bool vrrp_router_is_willing(const struct vrrp_router *router);
/* The lease lets it be active now. */
bool vrrp_lease_holds(const struct vrrp_lease *lease, uint64_t now);

/* How many rows the table has for a state and an event, and whether the last one, and no other, is unconditional. */
size_t vrrp_rules_count(enum vrrp_state state, enum vrrp_event_type event);
bool vrrp_rules_are_closed(enum vrrp_state state, enum vrrp_event_type event);

const char *vrrp_state_name(enum vrrp_state state);
