// SPDX-License-Identifier: GPL-2.0-or-later
/* The machine is the table `rules`: for each state and each event, rows of condition, next state and
 * actions; the first row whose condition holds is taken. A row with ENTER begins its state: it sets
 * the timer and counts questions from there. A row with LEARN takes the link address over first.
 *
 * Where it differs from RFC 4861:
 *  - There is no DELAY: nobody here knows of a transport's progress that would confirm a neighbour, so
 *    who is stale and used is asked at once, by unicast, while packets go on.
 *  - Who does not answer by unicast is asked by the group before he is given up: he may have moved
 *    (RFC 7048). Packets go on to where he was meanwhile.
 *  - Who has failed is remembered for a second: however many packets come for nobody, there is no more
 *    than a question each second (RFC 1122 §2.3.2.1).
 *  - What is heard unasked makes known whom nobody has asked yet, if there is an entry at all. */
#include "backends/dpdk/dataplane/neighbour.h"

#include <stddef.h>
#include <string.h>

enum neighbour_condition {
	NEIGHBOUR_CONDITION_END, /* of the rows */
	NEIGHBOUR_CONDITION_ANY,
	NEIGHBOUR_CONDITION_LINK,    /* the event has a link address */
	NEIGHBOUR_CONDITION_SAME,    /* … the known one, or none */
	NEIGHBOUR_CONDITION_REPLACE, /* … another, and it overrides */
	NEIGHBOUR_CONDITION_FIRST,   /* the first questions have not all been asked */
	NEIGHBOUR_CONDITION_MORE,    /* … nor those after them */
};

/* Beside the public actions. */
#define NEIGHBOUR_ENTER (1u << 16)
#define NEIGHBOUR_LEARN (1u << 17)

struct neighbour_rule {
	uint8_t condition; /* enum neighbour_condition */
	uint8_t to;        /* enum neighbour_state */
	uint32_t steps;
};

#define NEIGHBOUR_RULES 4

/* clang-format off */
#define DO(condition_, to_, steps_) {NEIGHBOUR_CONDITION_##condition_, NEIGHBOUR_STATE_##to_, steps_}
#define ASK_GROUP NEIGHBOUR_ACTION_ASK_GROUP
#define ASK_LINK  NEIGHBOUR_ACTION_ASK_LINK
#define HOLD      NEIGHBOUR_ACTION_HOLD
#define SEND      NEIGHBOUR_ACTION_SEND
#define REFUSE    NEIGHBOUR_ACTION_REFUSE
#define RELEASE   NEIGHBOUR_ACTION_RELEASE
#define ABANDON   NEIGHBOUR_ACTION_ABANDON
#define PUBLISH   NEIGHBOUR_ACTION_PUBLISH
#define ENTER     NEIGHBOUR_ENTER
#define LEARN     (NEIGHBOUR_LEARN | PUBLISH)

static const struct neighbour_rule
	rules[NEIGHBOUR_STATE_COUNT][NEIGHBOUR_EVENT_COUNT][NEIGHBOUR_RULES] = {
	[NEIGHBOUR_STATE_NONE] = {
		[NEIGHBOUR_EVENT_WANTED]   = {DO(ANY, INCOMPLETE, ENTER | ASK_GROUP | HOLD)},
		[NEIGHBOUR_EVENT_ANSWER]   = {DO(LINK, STALE, ENTER | LEARN)},
		[NEIGHBOUR_EVENT_ANNOUNCE] = {DO(LINK, STALE, ENTER | LEARN)},
	},
	[NEIGHBOUR_STATE_INCOMPLETE] = {
		[NEIGHBOUR_EVENT_WANTED]   = {DO(ANY, INCOMPLETE, HOLD)},
		[NEIGHBOUR_EVENT_TIMER]    = {DO(FIRST, INCOMPLETE, ASK_GROUP),
		                              DO(ANY, FAILED, ENTER | ABANDON)},
		[NEIGHBOUR_EVENT_ANSWER]   = {DO(LINK, REACHABLE, ENTER | LEARN | RELEASE)},
		[NEIGHBOUR_EVENT_ANNOUNCE] = {DO(LINK, STALE, ENTER | LEARN | RELEASE)},
	},
	[NEIGHBOUR_STATE_REACHABLE] = {
		[NEIGHBOUR_EVENT_WANTED]   = {DO(ANY, REACHABLE, SEND)},
		[NEIGHBOUR_EVENT_TIMER]    = {DO(ANY, STALE, ENTER)},
		[NEIGHBOUR_EVENT_ANSWER]   = {DO(SAME, REACHABLE, ENTER),
		                              DO(REPLACE, REACHABLE, ENTER | LEARN),
		                              DO(ANY, STALE, ENTER)},
		[NEIGHBOUR_EVENT_ANNOUNCE] = {DO(SAME, REACHABLE, 0),
		                              DO(REPLACE, STALE, ENTER | LEARN),
		                              DO(ANY, STALE, ENTER)},
	},
	[NEIGHBOUR_STATE_STALE] = {
		[NEIGHBOUR_EVENT_WANTED]   = {DO(ANY, PROBE, ENTER | SEND | ASK_LINK)},
		[NEIGHBOUR_EVENT_USED]     = {DO(ANY, PROBE, ENTER | ASK_LINK)},
		[NEIGHBOUR_EVENT_ANSWER]   = {DO(SAME, REACHABLE, ENTER),
		                              DO(REPLACE, REACHABLE, ENTER | LEARN)},
		[NEIGHBOUR_EVENT_ANNOUNCE] = {DO(SAME, STALE, 0),
		                              DO(REPLACE, STALE, ENTER | LEARN)},
	},
	[NEIGHBOUR_STATE_PROBE] = {
		[NEIGHBOUR_EVENT_WANTED]   = {DO(ANY, PROBE, SEND)},
		[NEIGHBOUR_EVENT_TIMER]    = {DO(FIRST, PROBE, ASK_LINK),
		                              DO(MORE, PROBE, ASK_GROUP),
		                              DO(ANY, FAILED, ENTER | PUBLISH)},
		[NEIGHBOUR_EVENT_ANSWER]   = {DO(SAME, REACHABLE, ENTER),
		                              DO(REPLACE, REACHABLE, ENTER | LEARN)},
		[NEIGHBOUR_EVENT_ANNOUNCE] = {DO(SAME, PROBE, 0),
		                              DO(REPLACE, STALE, ENTER | LEARN)},
	},
	[NEIGHBOUR_STATE_FAILED] = {
		[NEIGHBOUR_EVENT_WANTED]   = {DO(ANY, FAILED, REFUSE)},
		[NEIGHBOUR_EVENT_TIMER]    = {DO(ANY, NONE, ENTER)},
		[NEIGHBOUR_EVENT_ANSWER]   = {DO(LINK, STALE, ENTER | LEARN)},
		[NEIGHBOUR_EVENT_ANNOUNCE] = {DO(LINK, STALE, ENTER | LEARN)},
	},
};
/* clang-format on */

static const uint64_t durations[NEIGHBOUR_STATE_COUNT] = {
	[NEIGHBOUR_STATE_INCOMPLETE] = NEIGHBOUR_RETRANSMIT,
	[NEIGHBOUR_STATE_REACHABLE] = NEIGHBOUR_REACHABLE,
	[NEIGHBOUR_STATE_PROBE] = NEIGHBOUR_RETRANSMIT,
	[NEIGHBOUR_STATE_FAILED] = NEIGHBOUR_FAILED,
};

static const char *const names[NEIGHBOUR_STATE_COUNT] = {
	[NEIGHBOUR_STATE_NONE] = "none",
	[NEIGHBOUR_STATE_INCOMPLETE] = "incomplete",
	[NEIGHBOUR_STATE_REACHABLE] = "reachable",
	[NEIGHBOUR_STATE_STALE] = "stale",
	[NEIGHBOUR_STATE_PROBE] = "probe",
	[NEIGHBOUR_STATE_FAILED] = "failed",
};

static bool neighbour_is_other(const struct neighbour *neighbour, const uint8_t *link)
{
	return link && memcmp(link, neighbour->link, sizeof(neighbour->link)) != 0;
}

static bool neighbour_holds(const struct neighbour *neighbour, const struct neighbour_event *event,
	enum neighbour_condition condition)
{
	switch (condition) {
	case NEIGHBOUR_CONDITION_END:
		return false;
	case NEIGHBOUR_CONDITION_ANY:
		return true;
	case NEIGHBOUR_CONDITION_LINK:
		return event->link;
	case NEIGHBOUR_CONDITION_SAME:
		return !neighbour_is_other(neighbour, event->link);
	case NEIGHBOUR_CONDITION_REPLACE:
		return neighbour_is_other(neighbour, event->link) && event->override;
	case NEIGHBOUR_CONDITION_FIRST:
		return neighbour->probes < NEIGHBOUR_PROBES;
	case NEIGHBOUR_CONDITION_MORE:
		return neighbour->probes < 2 * NEIGHBOUR_PROBES;
	}
	return false;
}

static const struct neighbour_rule *neighbour_find(
	const struct neighbour *neighbour, const struct neighbour_event *event)
{
	const struct neighbour_rule *rows = rules[neighbour->state][event->type];

	for (size_t i = 0; i < NEIGHBOUR_RULES; i++) {
		if (neighbour_holds(neighbour, event, rows[i].condition))
			return &rows[i];
	}
	return NULL;
}

/* When the state is over, from half of the usual time for REACHABLE to one and a half. */
static uint64_t neighbour_end(enum neighbour_state state, uint64_t now, uint32_t random)
{
	uint64_t duration = durations[state];

	if (!duration)
		return 0;
	if (state == NEIGHBOUR_STATE_REACHABLE)
		duration = duration / 2 + (uint64_t)(((unsigned __int128)duration * random) >> 32);
	return now + duration;
}

unsigned int neighbour_handle(struct neighbour *neighbour, const struct neighbour_event *event,
	uint64_t now, uint32_t random)
{
	bool early = !neighbour->timer || now < neighbour->timer;

	if (event->type == NEIGHBOUR_EVENT_TIMER && early)
		return 0;
	const struct neighbour_rule *rule = neighbour_find(neighbour, event);
	if (!rule)
		return 0;
	neighbour->state = rule->to;
	if (rule->steps & NEIGHBOUR_LEARN)
		memcpy(neighbour->link, event->link, sizeof(neighbour->link));
	if (rule->steps & NEIGHBOUR_ENTER) {
		neighbour->probes = 0;
		neighbour->timer = neighbour_end(neighbour->state, now, random);
	}
	if (rule->steps & (NEIGHBOUR_ACTION_ASK_GROUP | NEIGHBOUR_ACTION_ASK_LINK)) {
		neighbour->probes++;
		neighbour->timer = now + NEIGHBOUR_RETRANSMIT;
	}
	return rule->steps & ~(NEIGHBOUR_ENTER | NEIGHBOUR_LEARN);
}

const uint8_t *neighbour_link(const struct neighbour *neighbour)
{
	switch ((enum neighbour_state)neighbour->state) {
	case NEIGHBOUR_STATE_REACHABLE:
	case NEIGHBOUR_STATE_STALE:
	case NEIGHBOUR_STATE_PROBE:
		return neighbour->link;
	default:
		return NULL;
	}
}

const char *neighbour_state_name(enum neighbour_state state)
{
	return state < NEIGHBOUR_STATE_COUNT ? names[state] : "unknown";
}
