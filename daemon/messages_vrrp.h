// SPDX-License-Identifier: GPL-2.0-or-later
/* What the reconciler and the process of the virtual routers say to one another. daemon/messages.h includes this, and has the
 * rules that hold for all messages.
 *
 *	reconciler	PLAN, then TEXT, HINTS and FACTS in pieces, then COMMIT; a piece is sent when the one before it was
 *			answered with GOT, and all of it begins anew when the supervisor says STARTED, when it was REFUSED, and
 *			when no answer comes. Of the plan in force: FACTS as they change; SERVED, FILLED, LOOKED
 *	vrrp		MOVED, in order, each with a number: what is missing was lost. LINKS, then STATES, all of them again and
 *			again, so that whoever missed something knows the truth soon. STATS tell which plan is in force
 *
 * A virtual router of the file (a mapping) is told by its place among those of the plan's text, sorted by name. */
#pragma once

#include <stdint.h>

#include "vrrp/packet.h"

struct message_vrrp_plan {
	uint64_t generation; /* greater than that of any plan before it */
	uint32_t
		text_size; /* bytes of all TEXT together: a file (poise.yaml(5)) that has only virtual routers */
	uint32_t hints;
	uint32_t facts;  /* one for each virtual router of the text */
	uint32_t filled; /* 0 or 1: the first reconcile is over; later FILLED says so */
};
#define MESSAGE_VRRP_TEXT_LIMIT  (64u << 20)
#define MESSAGE_VRRP_COUNT_LIMIT 100000u

/* As vrrp/node.h has it. */
struct message_vrrp_hint {
	char interface[16];
	uint16_t family;
	uint8_t vrid;
	uint8_t checksum;
};
#define MESSAGE_VRRP_HINTS_MOST 1000u

struct message_vrrp_fact {
	uint32_t router;
	int32_t weight;
	uint16_t fault, waits; /* 0 or 1 */
};
#define MESSAGE_VRRP_FACTS_MOST 1000u

struct message_vrrp_facts {
	uint64_t generation; /* of the plan that is on its way, or of the one in force */
	uint32_t count, zero;
	struct message_vrrp_fact facts[];
};

struct message_vrrp_got {
	uint64_t generation;
	uint32_t pieces; /* since the PLAN, COMMIT included */
	uint32_t zero;
};

enum message_vrrp_refusal {
	MESSAGE_VRRP_REFUSAL_HEAD, /* too large, or older than the one in force */
	MESSAGE_VRRP_REFUSAL_TEXT, /* it is no file, or not as many bytes as the head says */
	MESSAGE_VRRP_REFUSAL_RECORDS,
	MESSAGE_VRRP_REFUSAL_UNABLE, /* it may not keep virtual routers on this machine; the log says why */
	MESSAGE_VRRP_REFUSAL_CLAIM, /* another poised keeps some in this network namespace */
	MESSAGE_VRRP_REFUSAL_COUNT,
};

struct message_vrrp_refused {
	uint64_t generation;
	uint32_t refusal; /* enum message_vrrp_refusal */
	uint32_t zero;
};

/* The services of that virtual router are there. */
struct message_vrrp_served {
	uint64_t generation;
	uint32_t router, zero;
};

#define MESSAGE_VRRP_WHY_SIZE 192

/* One change of state. */
struct message_vrrp_move {
	uint32_t router;
	uint16_t family;
	uint8_t vrid;
	uint8_t state; /* enum vrrp_state */
	uint8_t from;  /* likewise */
	uint8_t zero[3];
	uint32_t
		why_of; /* the one that `why` tells of: itself, or one of its group; UINT32_MAX: not known */
	uint64_t since;                  /* CLOCK_BOOTTIME ns */
	uint64_t wall;                   /* CLOCK_REALTIME ns */
	char why[MESSAGE_VRRP_WHY_SIZE]; /* with its NUL */
};
#define MESSAGE_VRRP_MOVES_MOST 128u

struct message_vrrp_moved {
	uint64_t generation;
	uint32_t serial; /* from 1, of this plan */
	uint32_t count;
	struct message_vrrp_move moves[];
};

struct message_vrrp_state {
	uint32_t router;
	uint16_t family;
	uint8_t vrid;
	uint8_t state;
	uint8_t priority;
	uint8_t peer_priority;
	uint8_t checksum, peer_checksum; /* enum vrrp_checksum */
	uint8_t mixed, waits;
	uint8_t from;                 /* the state before this one */
	uint8_t version;              /* of the protocol */
	uint8_t source[16], peer[16]; /* of the family; zeros: none */
	uint64_t since, peer_at;      /* CLOCK_BOOTTIME ns; 0: never */
	uint64_t wall;     /* CLOCK_REALTIME ns of `since`, as that clock goes now; 0: never */
	uint64_t interval; /* ns, that of the active router */
	uint64_t transitions, sent, unsent, heard, own;
	uint64_t rejected[VRRP_REJECT_COUNT];
	uint32_t addresses, present;
	uint32_t why_of, trouble_of;         /* likewise */
	char why[MESSAGE_VRRP_WHY_SIZE];     /* the last change of state; "": none */
	char trouble[MESSAGE_VRRP_WHY_SIZE]; /* in its way; "": nothing */
};
#define MESSAGE_VRRP_STATES_MOST 64u

struct message_vrrp_states {
	uint64_t generation;
	uint32_t count;
	uint32_t last; /* 1: all have been told now */
	struct message_vrrp_state states[];
};

/* An interface that virtual routers track. */
struct message_vrrp_link {
	char interface[16]; /* with its NUL */
	uint32_t carrier;   /* enum node_carrier */
};
#define MESSAGE_VRRP_LINKS_MOST 1000u

/* Whatever the plan: it is the machine that they are of. */
struct message_vrrp_links {
	uint32_t count, zero;
	struct message_vrrp_link links[];
};

/* Of the supervisor: what a reconciler that begins cannot know. */
struct message_vrrp_cleared {
	uint64_t
		count; /* how often it has removed what a process of virtual routers left that did not come back in time */
	uint64_t ended; /* the reconciler before this one: CLOCK_BOOTTIME ns; 0: there was none */
};

struct message_vrrp_stats {
	uint64_t generation;                   /* of the plan in force; 0: there is none */
	uint32_t moved;                        /* serial of the last MOVED */
	uint32_t realtime;                     /* 1: the kernel granted real-time scheduling */
	uint64_t read, dropped, full, unknown; /* datagrams */
	uint64_t added, removed, failed, lost, fought; /* addresses and their like */
	uint64_t announced, unannounced, thawed, late_ns;
	uint64_t refused; /* packets to addresses with `accept: false` */
};
