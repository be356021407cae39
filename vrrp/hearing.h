// SPDX-License-Identifier: GPL-2.0-or-later
/* What is heard on one socket: which virtual routers listen there, what becomes of each datagram,
 * and how many there were of each kind. Pure: no socket, no clock, no log; nothing is allocated.
 *
 *	datagram --VRID--> router --vrrp_packet_decode--> heard | rejected, and why
 *		     |
 *		     +-> none: counted by reason too, for the socket
 *
 * A datagram from the router's own source is our own that came back (or somebody has our address):
 * it is neither heard nor rejected, but counted apart. What is not heard changes nothing but
 * counters, and is to be told once (told.h). */
#pragma once

#include "vrrp/packet.h"
#include "vrrp/told.h"

struct hearing_counters {
	uint64_t heard;
	uint64_t own;
	uint64_t rejected[VRRP_REJECT_COUNT];
};

/* Datagrams that come on and on: each within the patience of its owner after the one before. */
struct hearing_series {
	uint64_t since, at;      /* the first and the last one, CLOCK_BOOTTIME ns; at 0: none */
	uint64_t count;          /* since then */
	struct address source;   /* of the last one */
	uint8_t priority;        /* likewise, as it stands there */
	enum vrrp_reject reject; /* likewise, where it was rejected */
};

/* `last` is one more, with all but `since` and `count`. */
void hearing_series_note(
	struct hearing_series *series, const struct hearing_series *last, uint64_t patience);

/* A virtual router as a listener: its owner's memory, and zeroed at first. Counters stay when it
 * stops to listen and does so again. */
struct hearing_router {
	/* Of the owner, who may change them at any time but for the VRID, which stays while it
	 * listens (hearing_changed). */
	struct vrrp_expected expected;
	struct address source; /* what it sends from */
	void *data;
	uint64_t patience; /* ns between rejections that are one series */
	uint8_t sends;     /* the priority of its last advertisement */
	/* For the owner to read. */
	struct hearing_counters counters;
	struct hearing_series rejected; /* until hearing_changed() */
	struct hearing_series doubled;  /* likewise: from its source, not with its priority */
	struct hearing *hearing;        /* NULL: it does not listen */
};

#define HEARING_VRIDS 256

struct hearing {
	bool unicast;
	bool tell_unknown; /* what comes for VRIDs that nobody has here, too */
	size_t count;
	struct hearing_router *routers[HEARING_VRIDS]; /* by VRID */
	/* For VRIDs that nobody has here, by what is wrong first: VRRP_REJECT_VRID when it is
	 * nothing else. */
	uint64_t unknown[VRRP_REJECT_COUNT];
	struct told told, told_unknown; /* of a router here; of nobody's VRID */
};

enum hearing_result {
	HEARING_HEARD,
	HEARING_OWN,
	HEARING_REJECTED,
	HEARING_RESULT_COUNT,
};

struct hearing_verdict {
	enum hearing_result result;
	enum vrrp_reject reject; /* of what was rejected */
	uint8_t vrid;            /* as it stands there, which may be wrong like all else; 0: none */
	bool tell;               /* for the first time of this cause and peer */
	bool last;               /* and nothing else will be told for a while */
	struct hearing_router *router; /* NULL: nobody has that VRID */
};

/* -EEXIST: one with its VRID listens already; -EINVAL: VRID 0. */
int hearing_add(struct hearing *hearing, struct hearing_router *router) _warn_unused_;
void hearing_remove(struct hearing_router *router);

/* It expects something else now: what was told of its VRID is told anew. */
void hearing_changed(struct hearing_router *router);

/* Whether refusals of VRIDs that nobody has are told. From the beginning, when they were not. */
void hearing_tell_unknown(struct hearing *hearing, bool tell);

/* `now`: CLOCK_BOOTTIME in nanoseconds. *ret is filled when it is heard, and else untouched. */
struct hearing_verdict hearing_judge(struct hearing *hearing, const struct vrrp_datagram *datagram,
	uint64_t now, struct vrrp_packet *ret);
