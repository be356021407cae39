// SPDX-License-Identifier: GPL-2.0-or-later
#include "vrrp/fsm.h"

#include <assert.h>

#include "base/macros.h"

/* The machine is the table `rules`: for each state and each event, rows of condition, next state and steps. A row is all
 * that there is to know of what happens; conditions and steps are the small functions below, and none of them looks at the
 * state or assigns it.
 *
 * An event is handled in four moves: a lease that has run out is dealt with first; what the event says is noted; the first
 * row whose condition holds is taken, and the state assigned, in the only place that does; the row's steps are taken in
 * order. The one timer is a field, and told as an action when it is another than before.
 *
 * Where RFC 9568 leaves room or is dangerous to the letter:
 *  - Resignations (priority 0) shorten a backup's wait and never lengthen it (§6.4.2 sets it): who repeats them for ever
 *    keeps nobody from taking over. One that is not of the router heard last comes late, or twice, and says nothing
 *    about who is active now.
 *  - An advertisement with our own priority and address is ours, or a twin's (§6.4.3 would have both answer each other for
 *    ever): it is left alone.
 *  - The next advertisement is due an interval after the last was due, not after it was sent: lateness does not add up.
 *  - Addresses are removed before the resignation is sent: who takes over finds them free.
 *  - Who becomes backup for its group's sake, and heard nobody itself, resigns as who stops does: those that wait for it
 *    need not find out by its silence. Not when the lease of any of them has run out.
 *  - A priority, an interval or addresses that change are advertised at once; a backup's wait keeps its beginning. */

struct vrrp_turn {
	struct vrrp_router *router;
	const struct vrrp_event *event;
	uint64_t now;
	bool changed;       /* what the event says is not what it was */
	uint64_t down_then; /* the down interval before the event */
	struct vrrp_actions *actions;
};

/* --- conditions --- */

static bool fsm_always(const struct vrrp_turn *turn _unused_)
{
	return true;
}

static bool fsm_is_able(const struct vrrp_turn *turn)
{
	const struct vrrp_router *router = turn->router;

	return router->started && router->up && router->complete;
}

static bool fsm_is_owner(const struct vrrp_turn *turn)
{
	return fsm_is_able(turn) && turn->router->parameters.priority == VRRP_PRIORITY_OWNER;
}

static bool fsm_has_lease(const struct vrrp_turn *turn)
{
	return vrrp_lease_holds(&turn->router->lease, turn->now);
}

static bool fsm_may_resume(const struct vrrp_turn *turn)
{
	return fsm_is_able(turn) && fsm_has_lease(turn);
}

static bool fsm_has_group_lease(const struct vrrp_turn *turn)
{
	return turn->event->resume;
}

static bool fsm_is_early(const struct vrrp_turn *turn)
{
	return !turn->router->timer || turn->now < turn->router->timer;
}

static bool fsm_is_grouped(const struct vrrp_turn *turn)
{
	return turn->router->grouped;
}

static bool fsm_is_unchanged(const struct vrrp_turn *turn)
{
	return !turn->changed;
}

static bool fsm_has_other_addresses(const struct vrrp_turn *turn)
{
	return turn->event->addresses_changed;
}

static bool fsm_hears_resignation(const struct vrrp_turn *turn)
{
	return turn->event->advertisement.priority == VRRP_PRIORITY_STOP;
}

/* Of one that has been followed by another. */
static bool fsm_hears_past(const struct vrrp_turn *turn)
{
	const struct address *heard = &turn->router->heard;

	return fsm_hears_resignation(turn) && heard->family != AF_UNSPEC &&
	       !address_equal(heard, &turn->event->advertisement.source);
}

/* A lower one that we do not obey: the owner preempts always (RFC 9568 §6.1). */
static bool fsm_hears_lower(const struct vrrp_turn *turn)
{
	const struct vrrp_parameters *own = &turn->router->parameters;

	return turn->event->advertisement.priority < own->priority &&
	       (own->preempt || own->priority == VRRP_PRIORITY_OWNER);
}

static bool fsm_bears_lower(const struct vrrp_turn *turn)
{
	const struct vrrp_router *router = turn->router;

	return fsm_hears_lower(turn) && router->parameters.priority != VRRP_PRIORITY_OWNER &&
	       router->parameters.preempt_delay &&
	       (!router->preempt_at || turn->now < router->preempt_at);
}

/* By priority, then by address; only the leader of a group decides by address, for the members' addresses may order
 * two machines differently, and each would yield to the other for ever. */
static int fsm_compare(const struct vrrp_turn *turn)
{
	const struct vrrp_advertisement *theirs = &turn->event->advertisement;
	const struct vrrp_router *router = turn->router;
	int order = COMPARE(theirs->priority, router->parameters.priority);

	if (order || (router->grouped && !router->leader))
		return order;
	return address_compare(&theirs->source, &router->parameters.source);
}

static bool fsm_hears_better(const struct vrrp_turn *turn)
{
	return fsm_compare(turn) > 0;
}

static bool fsm_hears_equal(const struct vrrp_turn *turn)
{
	return fsm_compare(turn) == 0;
}

/* --- steps --- */

static void fsm_act(struct vrrp_turn *turn, struct vrrp_action action)
{
	assert(turn->actions->count < VRRP_ACTIONS_MAX);
	turn->actions->items[turn->actions->count++] = action;
}

static void fsm_advertise(struct vrrp_turn *turn)
{
	struct vrrp_router *router = turn->router;

	router->lease = (struct vrrp_lease){turn->now, router->parameters.interval};
	fsm_act(turn, (struct vrrp_action){.type = VRRP_ACTION_ADVERTISE,
			      .priority = router->parameters.priority});
}

static void fsm_resign(struct vrrp_turn *turn)
{
	fsm_act(turn, (struct vrrp_action){
			      .type = VRRP_ACTION_ADVERTISE, .priority = VRRP_PRIORITY_STOP});
}

static void fsm_add(struct vrrp_turn *turn)
{
	fsm_act(turn, (struct vrrp_action){.type = VRRP_ACTION_ADD_ADDRESSES});
}

static void fsm_remove(struct vrrp_turn *turn)
{
	fsm_act(turn, (struct vrrp_action){.type = VRRP_ACTION_REMOVE_ADDRESSES});
}

static void fsm_announce(struct vrrp_turn *turn)
{
	fsm_act(turn, (struct vrrp_action){.type = VRRP_ACTION_ANNOUNCE});
}

static void fsm_cancel(struct vrrp_turn *turn)
{
	turn->router->timer = 0;
}

/* The next advertisement. */
static void fsm_arm_next(struct vrrp_turn *turn)
{
	turn->router->timer = turn->now + turn->router->parameters.interval;
}

static void fsm_keep_pace(struct vrrp_turn *turn)
{
	struct vrrp_router *router = turn->router;
	uint64_t next = router->timer + router->parameters.interval;

	router->timer = next > turn->now ? next : turn->now + router->parameters.interval;
}

/* Against who should not be active: at once, or as soon as may be. */
static void fsm_assert(struct vrrp_turn *turn)
{
	struct vrrp_router *router = turn->router;
	uint64_t soonest = router->lease.sent + VRRP_ASSERT_GAP_NS;

	if (turn->now < soonest) {
		router->timer = MIN(router->timer, soonest);
		return;
	}
	fsm_advertise(turn);
	fsm_arm_next(turn);
}

/* The end of a wait that began when the advertisement came, not when this process got to read it: a busy machine would add the one
 * delay to the other. At most a quarter is taken off. What is older than that has waited behind others, in a process that was
 * stopped or in a flood, and what those behind it say must be heard before it is a silence. */
static uint64_t fsm_wait(const struct vrrp_turn *turn, uint64_t wait)
{
	uint64_t age =
		turn->event->type == VRRP_EVENT_ADVERTISEMENT ? turn->event->advertisement.age : 0;

	return turn->now + wait - MIN(age, wait / 4);
}

/* The take-over. */
static void fsm_arm_down(struct vrrp_turn *turn)
{
	turn->router->timer = fsm_wait(turn, vrrp_router_down_interval(turn->router));
}

static void fsm_shorten(struct vrrp_turn *turn)
{
	struct vrrp_router *router = turn->router;

	router->timer = MIN(router->timer, fsm_wait(turn, vrrp_router_skew(router)));
}

/* What the wait would be, had it begun with what is so now. */
static void fsm_shift(struct vrrp_turn *turn)
{
	struct vrrp_router *router = turn->router;

	if (router->timer)
		router->timer = MAX(turn->now,
			router->timer - turn->down_then + vrrp_router_down_interval(router));
}

/* While a lower router is borne its silence counts as the silence of any; the end of the delay ends the wait too. */
static void fsm_bear(struct vrrp_turn *turn)
{
	struct vrrp_router *router = turn->router;

	if (!router->preempt_at)
		router->preempt_at = turn->now + router->parameters.preempt_delay;
	router->timer = MIN(fsm_wait(turn, vrrp_router_down_interval(router)),
		MAX(router->preempt_at, router->timer));
}

static void fsm_hear(struct vrrp_turn *turn)
{
	turn->router->heard = turn->event->advertisement.source;
}

/* RFC 9568 §6.4.2, §6.4.3; in version 2 another interval is rejected before it gets here. */
static void fsm_learn(struct vrrp_turn *turn)
{
	struct vrrp_router *router = turn->router;

	if (router->parameters.version != 3)
		return;
	router->active_interval = MAX(turn->event->advertisement.interval, VRRP_INTERVAL_MIN_NS);
	router->learnt = true;
}

static void fsm_unlearn(struct vrrp_turn *turn)
{
	turn->router->active_interval = turn->router->parameters.interval;
	turn->router->learnt = false;
}

/* Somebody else is active: a member that has come to a group that is active holds the others back from now on. */
static void fsm_heed(struct vrrp_turn *turn)
{
	turn->router->joining = false;
}

/* Who is obeyed is no longer one that is borne. */
static void fsm_obey(struct vrrp_turn *turn)
{
	turn->router->preempt_at = 0;
}

/* A member that may resume, as soon as the others of its group may: no longer than its lease holds. */
static void fsm_arm_lease(struct vrrp_turn *turn)
{
	const struct vrrp_lease *lease = &turn->router->lease;

	turn->router->timer = lease->sent + 2 * lease->interval;
}

static void fsm_release(struct vrrp_turn *turn)
{
	turn->router->lease.sent = 0;
}

/* --- the table --- */

#define FSM_ROWS_MAX  5
#define FSM_STEPS_MAX 5

struct vrrp_rule {
	bool (*when)(const struct vrrp_turn *turn);
	enum vrrp_state to;
	void (*steps[FSM_STEPS_MAX])(struct vrrp_turn *turn);
};

#define INITIALIZE VRRP_STATE_INITIALIZE
#define BACKUP     VRRP_STATE_BACKUP
#define ACTIVE     VRRP_STATE_ACTIVE

#define TAKE_OVER fsm_advertise, fsm_add, fsm_announce, fsm_arm_next
#define LEAVE     fsm_remove, fsm_resign, fsm_cancel
/* RFC 9568 §6.4.1. Addresses that an earlier process left are removed before anything is heard. */
#define BEGIN                                                                                      \
	{fsm_may_resume, ACTIVE, {TAKE_OVER}}, {fsm_is_owner, ACTIVE, {TAKE_OVER}},                \
	{                                                                                          \
		fsm_is_able, BACKUP,                                                               \
		{                                                                                  \
			fsm_remove, fsm_release, fsm_unlearn, fsm_arm_down                         \
		}                                                                                  \
	}
#define NOTHING(state)                                                                             \
	{                                                                                          \
		fsm_always, state,                                                                 \
		{                                                                                  \
		}                                                                                  \
	}

/* clang-format off */
static const struct vrrp_rule rules[VRRP_STATE_COUNT][VRRP_EVENT_COUNT][FSM_ROWS_MAX] = {
[INITIALIZE] = {
	[VRRP_EVENT_START] = {BEGIN, NOTHING(INITIALIZE)},
	[VRRP_EVENT_RESUME] = {BEGIN,
		{fsm_has_lease, INITIALIZE, {fsm_arm_lease}},
		{fsm_always,    INITIALIZE, {fsm_remove, fsm_release}}},
	[VRRP_EVENT_STOP] = {{fsm_always, INITIALIZE, {fsm_remove, fsm_release, fsm_cancel}}},
	[VRRP_EVENT_UP] = {BEGIN, NOTHING(INITIALIZE)},
	[VRRP_EVENT_DOWN] = {NOTHING(INITIALIZE)},
	[VRRP_EVENT_TIMER] = {
		{fsm_is_early, INITIALIZE, {}},
		{fsm_always,   INITIALIZE, {fsm_remove, fsm_release, fsm_cancel}}},
	[VRRP_EVENT_ADVERTISEMENT] = {NOTHING(INITIALIZE)},
	[VRRP_EVENT_PRIORITY] = {NOTHING(INITIALIZE)},
	[VRRP_EVENT_CONFIGURED] = {NOTHING(INITIALIZE)},
	[VRRP_EVENT_THAW] = {NOTHING(INITIALIZE)},
	[VRRP_EVENT_GROUP_UP] = {BEGIN, NOTHING(INITIALIZE)},
	[VRRP_EVENT_GROUP_DOWN] = {NOTHING(INITIALIZE)},
	[VRRP_EVENT_GROUP_ACTIVE] = {NOTHING(INITIALIZE)},
	[VRRP_EVENT_GROUP_BACKUP] = {NOTHING(INITIALIZE)},
},
[BACKUP] = { /* RFC 9568 §6.4.2 */
	[VRRP_EVENT_START] = {NOTHING(BACKUP)},
	[VRRP_EVENT_RESUME] = {NOTHING(BACKUP)},
	[VRRP_EVENT_STOP] = {{fsm_always, INITIALIZE, {fsm_cancel}}},
	[VRRP_EVENT_UP] = {NOTHING(BACKUP)},
	[VRRP_EVENT_DOWN] = {{fsm_always, INITIALIZE, {fsm_cancel}}},
	[VRRP_EVENT_TIMER] = {
		{fsm_is_early,   BACKUP, {}},
		{fsm_is_grouped, BACKUP, {fsm_cancel}},
		{fsm_always,     ACTIVE, {TAKE_OVER}}},
	[VRRP_EVENT_ADVERTISEMENT] = {
		{fsm_hears_past,        BACKUP, {}},
		{fsm_hears_resignation, BACKUP, {fsm_shorten}},
		{fsm_bears_lower,       BACKUP, {fsm_heed, fsm_hear, fsm_learn, fsm_bear}},
		{fsm_hears_lower,       BACKUP, {fsm_hear}},
		{fsm_always,            BACKUP, {fsm_heed, fsm_hear, fsm_learn, fsm_obey, fsm_arm_down}}},
	[VRRP_EVENT_PRIORITY] = {{fsm_is_unchanged, BACKUP, {}}, {fsm_always, BACKUP, {fsm_shift}}},
	[VRRP_EVENT_CONFIGURED] = {{fsm_is_unchanged, BACKUP, {}}, {fsm_always, BACKUP, {fsm_shift}}},
	[VRRP_EVENT_THAW] = {{fsm_always, BACKUP, {fsm_arm_down}}},
	[VRRP_EVENT_GROUP_UP] = {NOTHING(BACKUP)},
	[VRRP_EVENT_GROUP_DOWN] = {{fsm_always, INITIALIZE, {fsm_cancel}}},
	[VRRP_EVENT_GROUP_ACTIVE] = {{fsm_always, ACTIVE, {TAKE_OVER}}},
	[VRRP_EVENT_GROUP_BACKUP] = {NOTHING(BACKUP)},
},
[ACTIVE] = { /* RFC 9568 §6.4.3; a resignation is lower than anybody's priority */
	[VRRP_EVENT_START] = {NOTHING(ACTIVE)},
	[VRRP_EVENT_RESUME] = {NOTHING(ACTIVE)},
	[VRRP_EVENT_STOP] = {{fsm_always, INITIALIZE, {LEAVE}}},
	[VRRP_EVENT_UP] = {NOTHING(ACTIVE)},
	[VRRP_EVENT_DOWN] = {{fsm_always, INITIALIZE, {LEAVE}}},
	[VRRP_EVENT_TIMER] = {
		{fsm_is_early, ACTIVE, {}},
		{fsm_always,   ACTIVE, {fsm_advertise, fsm_keep_pace}}},
	[VRRP_EVENT_ADVERTISEMENT] = {
		{fsm_hears_better,      BACKUP, {fsm_remove, fsm_hear, fsm_learn, fsm_arm_down}},
		{fsm_hears_equal,       ACTIVE, {}},
		{fsm_always,            ACTIVE, {fsm_assert}}},
	[VRRP_EVENT_PRIORITY] = {
		{fsm_is_unchanged, ACTIVE, {}},
		{fsm_always,       ACTIVE, {fsm_advertise, fsm_arm_next}}},
	[VRRP_EVENT_CONFIGURED] = {
		{fsm_has_other_addresses, ACTIVE, {TAKE_OVER}},
		{fsm_is_unchanged,        ACTIVE, {}},
		{fsm_always,              ACTIVE, {fsm_advertise, fsm_arm_next}}},
	[VRRP_EVENT_THAW] = {
		{fsm_has_lease, ACTIVE, {}},
		{fsm_always,    BACKUP, {fsm_remove, fsm_unlearn, fsm_arm_down}}},
	[VRRP_EVENT_GROUP_UP] = {NOTHING(ACTIVE)},
	[VRRP_EVENT_GROUP_DOWN] = {{fsm_always, INITIALIZE, {LEAVE}}},
	[VRRP_EVENT_GROUP_ACTIVE] = {NOTHING(ACTIVE)},
	[VRRP_EVENT_GROUP_BACKUP] = {
		{fsm_has_group_lease, BACKUP, {fsm_remove, fsm_resign, fsm_unlearn, fsm_arm_down}},
		{fsm_always,          BACKUP, {fsm_remove, fsm_unlearn, fsm_arm_down}}},
},
};
/* clang-format on */

/* --- the turn --- */

bool vrrp_parameters_equal(const struct vrrp_parameters *a, const struct vrrp_parameters *b)
{
	return a->version == b->version && a->priority == b->priority && a->preempt == b->preempt &&
	       a->interval == b->interval && a->preempt_delay == b->preempt_delay &&
	       address_equal(&a->source, &b->source);
}

static void fsm_configure(struct vrrp_turn *turn, const struct vrrp_parameters *parameters)
{
	struct vrrp_router *router = turn->router;

	turn->changed = !vrrp_parameters_equal(&router->parameters, parameters);
	router->parameters = *parameters;
	if (!router->learnt || parameters->version != 3)
		router->active_interval = parameters->interval;
}

/* What the event says of the router and its surroundings. */
static void fsm_note(struct vrrp_turn *turn)
{
	struct vrrp_router *router = turn->router;
	const struct vrrp_event *event = turn->event;

	switch (event->type) {
	case VRRP_EVENT_RESUME:
		if (router->state == VRRP_STATE_INITIALIZE)
			router->lease = event->lease;
		router->started = true;
		break;
	case VRRP_EVENT_START:
	case VRRP_EVENT_STOP:
		router->started = event->type == VRRP_EVENT_START;
		break;
	case VRRP_EVENT_UP:
	case VRRP_EVENT_DOWN:
		router->up = event->type == VRRP_EVENT_UP;
		break;
	case VRRP_EVENT_GROUP_UP:
		router->complete = true;
		if (!event->resume && router->state == VRRP_STATE_INITIALIZE)
			router->lease.sent = 0;
		break;
	case VRRP_EVENT_GROUP_DOWN:
		router->complete = router->joining = false;
		break;
	case VRRP_EVENT_PRIORITY:
		turn->changed = router->parameters.priority != event->priority;
		router->parameters.priority = event->priority;
		break;
	case VRRP_EVENT_CONFIGURED:
		fsm_configure(turn, event->parameters);
		break;
	default:
		break;
	}
}

/* The only place that assigns the state. */
static void fsm_enter(struct vrrp_turn *turn, enum vrrp_state state)
{
	struct vrrp_router *router = turn->router;

	if (router->state == state)
		return;
	router->state = state;
	router->since = turn->now;
	router->preempt_at = 0;
	router->joining = router->joining && state == VRRP_STATE_BACKUP;
	router->lease.sent = 0;
	router->heard = (struct address){};
	fsm_act(turn, (struct vrrp_action){.type = VRRP_ACTION_MOVED, .state = state});
}

static void fsm_take(struct vrrp_turn *turn)
{
	const struct vrrp_rule *rule = rules[turn->router->state][turn->event->type];

	while (!rule->when(turn))
		rule++;
	fsm_enter(turn, rule->to);
	for (size_t i = 0; i < FSM_STEPS_MAX && rule->steps[i]; i++)
		rule->steps[i](turn);
}

void vrrp_router_handle(struct vrrp_router *router, const struct vrrp_event *event, uint64_t now,
	struct vrrp_actions *actions)
{
	static const struct vrrp_event thaw = {.type = VRRP_EVENT_THAW};
	struct vrrp_turn turn = {.router = router, .event = &thaw, .now = now, .actions = actions};
	uint64_t timer = router->timer;

	if (router->state == VRRP_STATE_ACTIVE && !vrrp_lease_holds(&router->lease, now))
		fsm_take(&turn);
	turn.event = event;
	turn.down_then = vrrp_router_down_interval(router);
	fsm_note(&turn);
	fsm_take(&turn);
	if (router->timer != timer)
		fsm_act(&turn,
			(struct vrrp_action){.type = VRRP_ACTION_TIMER, .at = router->timer});
}

void vrrp_router_init(struct vrrp_router *router, const struct vrrp_parameters *parameters)
{
	*router = (struct vrrp_router){
		.parameters = *parameters,
		.up = true,
		.complete = true,
		.leader = true,
		.active_interval = parameters->interval,
	};
}

uint64_t vrrp_router_skew(const struct vrrp_router *router)
{
	uint64_t whole = router->parameters.version == 3 ? router->active_interval : 1000000000ull;

	return (256 - (uint64_t)router->parameters.priority) * whole / 256;
}

uint64_t vrrp_router_down_interval(const struct vrrp_router *router)
{
	return 3 * router->active_interval + vrrp_router_skew(router);
}

bool vrrp_router_is_willing(const struct vrrp_router *router)
{
	return router->state == VRRP_STATE_BACKUP && !router->timer;
}

bool vrrp_lease_holds(const struct vrrp_lease *lease, uint64_t now)
{
	/* One from the future, of another boot, is as old as can be. */
	return lease->sent && now - lease->sent < 2 * lease->interval;
}

size_t vrrp_rules_count(enum vrrp_state state, enum vrrp_event_type event)
{
	size_t count = 0;

	while (count < FSM_ROWS_MAX && rules[state][event][count].when)
		count++;
	return count;
}

bool vrrp_rules_are_closed(enum vrrp_state state, enum vrrp_event_type event)
{
	size_t count = vrrp_rules_count(state, event);

	for (size_t i = 0; i < count; i++)
		if ((rules[state][event][i].when == fsm_always) != (i + 1 == count))
			return false;
	return count > 0;
}

const char *vrrp_state_name(enum vrrp_state state)
{
	static const char *const names[VRRP_STATE_COUNT] = {"initialize", "backup", "active"};

	return names[state];
}
