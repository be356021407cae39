// SPDX-License-Identifier: GPL-2.0-or-later
/* A world in virtual time: machines with clocks of their own, each with the same virtual routers, on one lossy link that
 * may fall into parts. It does what the daemon does around the state machine, and notes what an onlooker sees: who holds
 * the addresses, who advertises. It judges nothing but what is never allowed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vrrp/fsm.h"
#include "vrrp/group.h"

#define SIM_HOSTS_MAX   16
#define SIM_ROUTERS_MAX 3
#define SIM_INBOX_MAX   64
#define SIM_DRIFT_PPM   100

/* Mistakes that can be planted, each in how the world uses the machine or in what it makes of its answers. */
enum sim_bug {
	SIM_BUG_NONE,
	SIM_BUG_REJECTED, /* a rejected packet starts a backup's wait anew */
	SIM_BUG_SKEW,     /* no skew in the wait */
	SIM_BUG_TIE,      /* the lower address wins */
	SIM_BUG_LEASE,    /* who was away goes on as if it had not been */
	SIM_BUG_THAW,     /* nobody tells that the process was stopped */
	SIM_BUG_RESIGN,   /* priority 0 is not heard */
	SIM_BUG_PREEMPT,  /* no-preempt is not heeded */
	SIM_BUG_GROUP,    /* the members of a group move alone */
	SIM_BUG_COUNT,
};

enum sim_life {
	SIM_LIFE_OFF,     /* the machine */
	SIM_LIFE_DEAD,    /* the process; the addresses are still there */
	SIM_LIFE_STOPPED, /* SIGSTOP */
	SIM_LIFE_RUNNING,
};

enum sim_event_type {
	SIM_EVENT_PACKET,
	SIM_EVENT_TIMER,
	SIM_EVENT_SUPERVISOR, /* looks whether a dead process left addresses too long */
	SIM_EVENT_GARBAGE,    /* a rejected packet for everybody, and the next one */
	SIM_EVENT_FAULT,
};

enum sim_fault {
	SIM_FAULT_START,
	SIM_FAULT_CRASH, /* of the process */
	SIM_FAULT_RESPAWN,
	SIM_FAULT_POWER_OFF,
	SIM_FAULT_STOP, /* SIGSTOP */
	SIM_FAULT_THAW,
	SIM_FAULT_END, /* in order */
	SIM_FAULT_PARTITION,
	SIM_FAULT_HEAL,
	SIM_FAULT_LOSS,
	SIM_FAULT_TRACK, /* another priority */
	SIM_FAULT_DOWN,
	SIM_FAULT_UP,
	SIM_FAULT_CONFIGURE,
	SIM_FAULT_COUNT,
};

struct sim_packet {
	uint8_t from, router;
	bool rejected;
	struct vrrp_advertisement advertisement;
};

struct sim_event {
	uint64_t at, order;
	enum sim_event_type type;
	enum sim_fault fault;
	uint8_t host, router, value;
	uint32_t life; /* of the process */
	uint64_t deadline;
	struct sim_packet packet;
};

/* What the process of a machine leaves in shared memory for the next one. */
struct sim_lease {
	bool active;
	struct vrrp_lease lease;
};

struct sim_router {
	struct vrrp_parameters parameters; /* configured, as tracking left it */
	bool up;
	bool held; /* its addresses are on the machine */
	struct sim_lease lease;
	uint64_t since; /* others see that it is; 0: it is not */
	uint64_t sent;  /* the last advertisement: the world's time */
	uint64_t quiet; /* until then it must not advertise */
};

struct sim_host {
	enum sim_life life;
	uint32_t lives;
	uint8_t part;
	uint64_t offset; /* of its clock */
	int64_t drift;   /* ppm */
	uint64_t stopped;
	struct sim_router routers[SIM_ROUTERS_MAX];
	/* The process. */
	struct vrrp_router machines[SIM_ROUTERS_MAX];
	struct vrrp_member members[SIM_ROUTERS_MAX];
	struct vrrp_group groups[SIM_ROUTERS_MAX];
	struct sim_packet inbox[SIM_INBOX_MAX];
	size_t inbox_count;
};

struct sim_world {
	uint64_t random;
	enum sim_bug bug;
	bool trace;
	uint64_t now, orders;
	struct sim_event *queue;
	size_t queue_count, queue_capacity;

	size_t hosts_count, routers_count;
	bool grouped;
	bool mixed; /* intervals differ, up to twice the shortest: version 3 */
	struct sim_host hosts[SIM_HOSTS_MAX];
	uint64_t interval; /* the shortest of all */
	uint64_t delay;    /* the longest of a packet */
	unsigned int loss; /* percent */
	unsigned int duplicates;
	uint64_t garbage; /* between rejected packets; 0: none */

	/* What the onlooker sees. */
	bool watching; /* no fault is about: nobody may be active twice */
	unsigned int rises[SIM_ROUTERS_MAX][SIM_HOSTS_MAX];  /* became active, since watching */
	uint64_t first_rise[SIM_ROUTERS_MAX][SIM_HOSTS_MAX]; /* by part */
	uint64_t longest_overlap;
	uint64_t events;
	char failure[200];
};

uint64_t sim_random(struct sim_world *world, uint64_t below);
/* from ≤ x ≤ to */
uint64_t sim_between(struct sim_world *world, uint64_t from, uint64_t to);
bool sim_chance(struct sim_world *world, unsigned int percent);

/* Keeps the queue's memory and forgets all else. */
void sim_world_reset(struct sim_world *world, uint64_t seed);
void sim_world_clear(struct sim_world *world);

/* The first failure stays. */
void sim_fail(struct sim_world *world, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool sim_failed(const struct sim_world *world);

void sim_at(struct sim_world *world, uint64_t at, enum sim_fault fault, size_t host, size_t router,
	uint8_t value);
void sim_garbage(struct sim_world *world);
/* Until the world's time is `until`, or something failed. */
void sim_run(struct sim_world *world, uint64_t until);

/* Whose addresses others see: those of a dead process too, until the supervisor takes them. */
bool sim_holds(const struct sim_host *host, size_t router);

/* Counts rises and overlaps from now on. */
void sim_watch(struct sim_world *world);
