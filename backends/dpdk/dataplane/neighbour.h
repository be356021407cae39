// SPDX-License-Identifier: GPL-2.0-or-later
/* One neighbour: whether its link address is known, and what is to be done about it.
 *
 * The machine of RFC 4861 §7.3, as much of it as a forwarder needs, for ARP (RFC 826) and neighbour
 * discovery alike. Pure: an event and the time go in, actions come out; whoever owns the neighbour
 * (neighbour_cache.h) carries them out and calls again when `timer` has come. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define NEIGHBOUR_LINK_SIZE 6

#define NEIGHBOUR_MILLISECOND UINT64_C(1000000)

/* Between two questions (RFC 4861 §10), and how many of each kind. */
#define NEIGHBOUR_RETRANSMIT (1000 * NEIGHBOUR_MILLISECOND)
#define NEIGHBOUR_PROBES     3
/* An answer is good for half of this to one and a half. */
#define NEIGHBOUR_REACHABLE (30000 * NEIGHBOUR_MILLISECOND)
/* Who did not answer is asked again after that, when somebody wants him. */
#define NEIGHBOUR_FAILED (1000 * NEIGHBOUR_MILLISECOND)

enum neighbour_state {
	NEIGHBOUR_STATE_NONE,       /* nothing is known, nobody asks */
	NEIGHBOUR_STATE_INCOMPLETE, /* asked for the first time */
	NEIGHBOUR_STATE_REACHABLE,  /* has answered not long ago */
	NEIGHBOUR_STATE_STALE,      /* was there once, or said so without being asked */
	NEIGHBOUR_STATE_PROBE,      /* was stale, is used, and asked whether he is still there */
	NEIGHBOUR_STATE_FAILED,     /* did not answer; not asked for a while */
	NEIGHBOUR_STATE_COUNT,
};

enum neighbour_event_type {
	NEIGHBOUR_EVENT_WANTED, /* somebody has a packet for him in hand */
	NEIGHBOUR_EVENT_USED,   /* workers have sent to him */
	NEIGHBOUR_EVENT_TIMER,
	NEIGHBOUR_EVENT_ANSWER,   /* he answers: ARP reply, solicited advertisement */
	NEIGHBOUR_EVENT_ANNOUNCE, /* he says so unasked, or by a question of his */
	NEIGHBOUR_EVENT_COUNT,
};

struct neighbour_event {
	enum neighbour_event_type type;
	/* Of the last two: where he is. NULL: the advertisement does not say. */
	const uint8_t *link;
	/* What is known gives way to it (always, but for advertisements without the flag). */
	bool override;
};

/* Bits. The packet of WANTED is held, sent or refused: one of them, always. */
enum neighbour_action {
	NEIGHBOUR_ACTION_ASK_GROUP = 1 << 0, /* broadcast; the solicited-node group */
	NEIGHBOUR_ACTION_ASK_LINK = 1 << 1,  /* at his link address */
	NEIGHBOUR_ACTION_HOLD = 1 << 2,
	NEIGHBOUR_ACTION_SEND = 1 << 3,
	NEIGHBOUR_ACTION_REFUSE = 1 << 4,
	NEIGHBOUR_ACTION_RELEASE = 1 << 5, /* what is held can go */
	NEIGHBOUR_ACTION_ABANDON = 1 << 6, /* what is held is unreachable */
	NEIGHBOUR_ACTION_PUBLISH = 1 << 7, /* neighbour_link() is another */
};

/* Starts zeroed. */
struct neighbour {
	uint64_t timer; /* ns of the caller's clock; 0: none */
	uint8_t state;  /* enum neighbour_state */
	uint8_t probes; /* questions since the state began */
	uint8_t link[NEIGHBOUR_LINK_SIZE];
};

/* `random` spreads the times of many neighbours. Returns the actions. */
unsigned int neighbour_handle(struct neighbour *neighbour, const struct neighbour_event *event,
	uint64_t now, uint32_t random);

/* Where he is; NULL while that is not known. */
const uint8_t *neighbour_link(const struct neighbour *neighbour);

const char *neighbour_state_name(enum neighbour_state state);
