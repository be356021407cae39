// SPDX-License-Identifier: GPL-2.0-or-later
/* The state machine of a virtual router: every state × every event, times to the nanosecond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/macros.h"
#include "vrrp/fsm.h"

#define MILLISECOND 1000000ull
#define SECOND      1000000000ull
#define NOW         (123456 * SECOND + 789)

/* 3 × 1 s + 1 s × 156 / 256. */
#define SKEW 609375000ull
#define DOWN (3 * SECOND + SKEW)

static const struct address low = {AF_INET, {10, 0, 0, 1}};
static const struct address own = {AF_INET, {10, 0, 0, 2}};
static const struct address high = {AF_INET, {10, 0, 1, 1}};

static struct vrrp_parameters plain(void)
{
	return (struct vrrp_parameters){
		.version = 3, .priority = 100, .preempt = true, .interval = SECOND, .source = own};
}

/* In a state since NOW, as it comes about: with its timer or its lease from then. */
static struct vrrp_router router_in(enum vrrp_state state, struct vrrp_parameters parameters)
{
	struct vrrp_actions actions = {};
	struct vrrp_router router;

	vrrp_router_init(&router, &parameters);
	if (state == VRRP_STATE_INITIALIZE)
		return router;
	vrrp_router_handle(&router, &(struct vrrp_event){.type = VRRP_EVENT_START}, NOW, &actions);
	if (state == VRRP_STATE_ACTIVE && router.state != state) {
		router.timer = NOW;
		vrrp_router_handle(
			&router, &(struct vrrp_event){.type = VRRP_EVENT_TIMER}, NOW, &actions);
	}
	assert_int_equal(router.state, state);
	return router;
}

/* "A100 + - ! =active @1000": advertises with 100, adds, removes, announces, moved, the timer in ns after `NOW`. */
static void tell(const struct vrrp_actions *actions, char text[static 200])
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < actions->count; i++) {
		const struct vrrp_action *action = &actions->items[i];
		char *to = text + used;
		size_t room = 200 - used;

		if (action->type == VRRP_ACTION_ADVERTISE)
			snprintf(to, room, "A%d ", action->priority);
		else if (action->type == VRRP_ACTION_MOVED)
			snprintf(to, room, "=%s ", vrrp_state_name(action->state));
		else if (action->type == VRRP_ACTION_TIMER && !action->at)
			snprintf(to, room, "@- ");
		else if (action->type == VRRP_ACTION_TIMER)
			snprintf(to, room, "@%lld ", (long long)(action->at - NOW));
		else
			snprintf(to, room, "%s ",
				action->type == VRRP_ACTION_ADD_ADDRESSES      ? "+"
				: action->type == VRRP_ACTION_REMOVE_ADDRESSES ? "-"
									       : "!");
		used = strlen(text);
	}
	if (used)
		text[used - 1] = '\0';
}

/* One event in one state, and all that must come of it. */
struct row {
	enum vrrp_state state;
	enum vrrp_event_type event;
	uint64_t after; /* NOW; 0: half an interval */
	const char *want;
	enum vrrp_state to;
	/* What differs from plain(), and from a plain event. */
	uint8_t heard; /* priority */
	const struct address *source;
	uint64_t interval; /* heard, or of the lease, or configured */
	uint64_t sent;     /* of the lease, before NOW */
	uint8_t priority;
	bool no_preempt, down, incomplete, grouped, follower, addresses, resume, willing;
	uint64_t delay;
};

#define I VRRP_STATE_INITIALIZE
#define B VRRP_STATE_BACKUP
#define A VRRP_STATE_ACTIVE

#define HALF     (SECOND / 2)
#define TAKEN    "=active A100 + ! @1500000000"
#define OWNED    "=active A255 + ! @1500000000"
#define BEGUN    "=backup - @4109375000"
#define LEFT     "=initialize - A0 @-"
#define YIELDED  "=backup - @4109375000"
#define RESIGNED "=backup - A0 @4109375000"
/* After two intervals of silence, before anything else. */
#define LOST "=backup - @5609375000"

/* clang-format off */
static const struct row rows[] = {
	{I, VRRP_EVENT_START, .want = BEGUN, .to = B},
	{I, VRRP_EVENT_START, .want = OWNED, .to = A, .priority = 255},
	{I, VRRP_EVENT_START, .want = "", .to = I, .down = true},
	{I, VRRP_EVENT_START, .want = "", .to = I, .incomplete = true},
	{I, VRRP_EVENT_RESUME, .want = TAKEN, .to = A, .sent = SECOND, .interval = SECOND},
	{I, VRRP_EVENT_RESUME, .want = TAKEN, .to = A, .sent = 2 * SECOND - HALF - 1, .interval = SECOND},
	{I, VRRP_EVENT_RESUME, .want = BEGUN, .to = B, .sent = 2 * SECOND - HALF, .interval = SECOND},
	{I, VRRP_EVENT_RESUME, .want = BEGUN, .to = B, .sent = 9 * SECOND, .interval = SECOND},
	{I, VRRP_EVENT_RESUME, .want = BEGUN, .to = B, .sent = SECOND, .interval = HALF},
	{I, VRRP_EVENT_RESUME, .want = BEGUN, .to = B},
	/* Of another boot. */
	{I, VRRP_EVENT_RESUME, .want = BEGUN, .to = B, .sent = -9 * SECOND, .interval = SECOND},
	{I, VRRP_EVENT_RESUME, .want = "-", .to = I, .down = true, .sent = 9 * SECOND, .interval = SECOND},
	{I, VRRP_EVENT_RESUME, .want = "@1000000000", .to = I, .incomplete = true, .sent = SECOND, .interval = SECOND},
	{I, VRRP_EVENT_STOP, .want = "-", .to = I},
	{I, VRRP_EVENT_UP, .want = "", .to = I, .down = true},
	{I, VRRP_EVENT_DOWN, .want = "", .to = I},
	{I, VRRP_EVENT_TIMER, .want = "", .to = I},
	{I, VRRP_EVENT_ADVERTISEMENT, .want = "", .to = I, .heard = 200},
	{I, VRRP_EVENT_PRIORITY, .want = "", .to = I, .priority = 200},
	{I, VRRP_EVENT_CONFIGURED, .want = "", .to = I, .interval = HALF},
	{I, VRRP_EVENT_THAW, .want = "", .to = I},
	{I, VRRP_EVENT_GROUP_UP, .want = "", .to = I, .incomplete = true},
	{I, VRRP_EVENT_GROUP_DOWN, .want = "", .to = I},
	{I, VRRP_EVENT_GROUP_ACTIVE, .want = "", .to = I},
	{I, VRRP_EVENT_GROUP_BACKUP, .want = "", .to = I},

	{B, VRRP_EVENT_START, .want = "", .to = B},
	{B, VRRP_EVENT_RESUME, .want = "", .to = B, .sent = 1, .interval = SECOND},
	{B, VRRP_EVENT_STOP, .want = "=initialize @-", .to = I},
	{B, VRRP_EVENT_UP, .want = "", .to = B},
	{B, VRRP_EVENT_DOWN, .want = "=initialize @-", .to = I},
	{B, VRRP_EVENT_TIMER, .want = "", .to = B, .after = DOWN - 1},
	{B, VRRP_EVENT_TIMER, .want = "=active A100 + ! @4609375000", .to = A, .after = DOWN},
	{B, VRRP_EVENT_TIMER, .want = "@-", .to = B, .after = DOWN, .grouped = true},
	{B, VRRP_EVENT_TIMER, .want = "", .to = B, .after = DOWN, .grouped = true, .willing = true},
	{B, VRRP_EVENT_ADVERTISEMENT, .want = "@4109375000", .to = B, .heard = 101, .interval = SECOND},
	{B, VRRP_EVENT_ADVERTISEMENT, .want = "@4109375000", .to = B, .heard = 100, .source = &low, .interval = SECOND},
	{B, VRRP_EVENT_ADVERTISEMENT, .want = "", .to = B, .heard = 99, .interval = SECOND},
	{B, VRRP_EVENT_ADVERTISEMENT, .want = "@4109375000", .to = B, .heard = 99, .no_preempt = true, .interval = SECOND},
	{B, VRRP_EVENT_ADVERTISEMENT, .want = "@7718750000", .to = B, .heard = 200, .interval = 2 * SECOND},
	{B, VRRP_EVENT_ADVERTISEMENT, .want = "@536093750", .to = B, .heard = 200, .interval = 0},
	{B, VRRP_EVENT_ADVERTISEMENT, .want = "@1109375000", .to = B, .heard = VRRP_PRIORITY_STOP},
	{B, VRRP_EVENT_ADVERTISEMENT, .want = "", .to = B, .heard = VRRP_PRIORITY_STOP, .after = DOWN - SKEW},
	{B, VRRP_EVENT_ADVERTISEMENT, .want = "", .to = B, .heard = VRRP_PRIORITY_STOP, .grouped = true, .willing = true},
	{B, VRRP_EVENT_ADVERTISEMENT, .want = "@4109375000", .to = B, .heard = 200, .interval = SECOND, .grouped = true, .willing = true},
	{B, VRRP_EVENT_ADVERTISEMENT, .want = "@4109375000", .to = B, .heard = 99, .delay = 60 * SECOND, .interval = SECOND},
	/* The wait from before ends later than the delay, or earlier. */
	{B, VRRP_EVENT_ADVERTISEMENT, .want = "", .to = B, .heard = 99, .delay = SECOND, .interval = SECOND},
	{B, VRRP_EVENT_ADVERTISEMENT, .want = "@4000000000", .to = B, .heard = 99, .delay = 3500 * MILLISECOND, .interval = SECOND},
	{B, VRRP_EVENT_PRIORITY, .want = "", .to = B, .priority = 100},
	{B, VRRP_EVENT_PRIORITY, .want = "@3218750000", .to = B, .priority = 200},
	{B, VRRP_EVENT_PRIORITY, .want = "@3500000000", .to = B, .priority = 200, .after = 3500 * MILLISECOND},
	{B, VRRP_EVENT_PRIORITY, .want = "", .to = B, .priority = 200, .grouped = true, .willing = true},
	{B, VRRP_EVENT_CONFIGURED, .want = "", .to = B},
	{B, VRRP_EVENT_CONFIGURED, .want = "", .to = B, .addresses = true},
	{B, VRRP_EVENT_CONFIGURED, .want = "@7218750000", .to = B, .interval = 2 * SECOND},
	{B, VRRP_EVENT_THAW, .want = "@4109375000", .to = B},
	{B, VRRP_EVENT_GROUP_UP, .want = "", .to = B},
	{B, VRRP_EVENT_GROUP_DOWN, .want = "=initialize @-", .to = I},
	{B, VRRP_EVENT_GROUP_ACTIVE, .want = TAKEN, .to = A},
	{B, VRRP_EVENT_GROUP_BACKUP, .want = "", .to = B},

	{A, VRRP_EVENT_START, .want = "", .to = A},
	{A, VRRP_EVENT_RESUME, .want = "", .to = A},
	{A, VRRP_EVENT_STOP, .want = LEFT, .to = I},
	{A, VRRP_EVENT_UP, .want = "", .to = A},
	{A, VRRP_EVENT_DOWN, .want = LEFT, .to = I},
	{A, VRRP_EVENT_TIMER, .want = "", .to = A, .after = SECOND - 1},
	{A, VRRP_EVENT_TIMER, .want = "A100 @2000000000", .to = A, .after = SECOND},
	/* Late, and none the later for it; at the end of the lease it is too late. */
	{A, VRRP_EVENT_TIMER, .want = "A100 @2000000000", .to = A, .after = SECOND + 3},
	{A, VRRP_EVENT_TIMER, .want = "A100 @2000000000", .to = A, .after = 2 * SECOND - 1},
	{A, VRRP_EVENT_TIMER, .want = LOST, .to = B, .after = 2 * SECOND},
	{A, VRRP_EVENT_ADVERTISEMENT, .want = YIELDED, .to = B, .heard = 101, .interval = SECOND, .source = &low},
	{A, VRRP_EVENT_ADVERTISEMENT, .want = "=backup - @7718750000", .to = B, .heard = 101, .interval = 2 * SECOND},
	{A, VRRP_EVENT_ADVERTISEMENT, .want = YIELDED, .to = B, .heard = 100, .interval = SECOND, .source = &high},
	{A, VRRP_EVENT_ADVERTISEMENT, .want = "A100 @1500000000", .to = A, .heard = 100, .source = &low},
	{A, VRRP_EVENT_ADVERTISEMENT, .want = "", .to = A, .heard = 100, .source = &own},
	{A, VRRP_EVENT_ADVERTISEMENT, .want = "A100 @1500000000", .to = A, .heard = 99, .source = &high},
	{A, VRRP_EVENT_ADVERTISEMENT, .want = "A100 @1500000000", .to = A, .heard = 99, .source = &high, .no_preempt = true},
	{A, VRRP_EVENT_ADVERTISEMENT, .want = "A100 @1500000000", .to = A, .heard = VRRP_PRIORITY_STOP},
	{A, VRRP_EVENT_ADVERTISEMENT, .want = "A100 @1001000000", .to = A, .heard = 99, .after = MILLISECOND},
	{A, VRRP_EVENT_ADVERTISEMENT, .want = "@1000000", .to = A, .heard = 99, .after = MILLISECOND - 1},
	{A, VRRP_EVENT_ADVERTISEMENT, .want = "", .to = A, .heard = 100, .source = &high, .grouped = true, .follower = true},
	{A, VRRP_EVENT_ADVERTISEMENT, .want = YIELDED, .to = B, .heard = 101, .interval = SECOND, .grouped = true, .follower = true},
	{A, VRRP_EVENT_ADVERTISEMENT, .want = LOST, .to = B, .heard = 99, .after = 2 * SECOND},
	{A, VRRP_EVENT_PRIORITY, .want = "", .to = A, .priority = 100},
	{A, VRRP_EVENT_PRIORITY, .want = "A90 @1500000000", .to = A, .priority = 90},
	{A, VRRP_EVENT_CONFIGURED, .want = "", .to = A},
	{A, VRRP_EVENT_CONFIGURED, .want = "A100 @2500000000", .to = A, .interval = 2 * SECOND},
	{A, VRRP_EVENT_CONFIGURED, .want = "A100 + ! @1500000000", .to = A, .addresses = true},
	{A, VRRP_EVENT_THAW, .want = "", .to = A, .after = 2 * SECOND - 1},
	{A, VRRP_EVENT_THAW, .want = LOST, .to = B, .after = 2 * SECOND},
	{A, VRRP_EVENT_STOP, .want = "=backup - =initialize @-", .to = I, .after = 2 * SECOND},
	{A, VRRP_EVENT_GROUP_UP, .want = "", .to = A},
	{A, VRRP_EVENT_GROUP_DOWN, .want = LEFT, .to = I},
	{A, VRRP_EVENT_GROUP_ACTIVE, .want = "", .to = A},
	{A, VRRP_EVENT_GROUP_BACKUP, .want = RESIGNED, .to = B, .resume = true},
	{A, VRRP_EVENT_GROUP_BACKUP, .want = YIELDED, .to = B},
};
/* clang-format on */

static void run_row(const struct row *row)
{
	struct vrrp_parameters parameters = plain(), configured;
	uint64_t now = NOW + (row->after ? row->after : HALF);
	struct vrrp_actions actions = {};
	struct vrrp_event event = {
		.type = row->event,
		.priority = row->priority,
		.addresses_changed = row->addresses,
		.resume = row->resume,
		.advertisement = {row->heard, row->interval, row->source ? *row->source : high, 0},
		.lease = {row->sent ? now - row->sent - HALF : 0, row->interval},
		.parameters = &configured,
	};
	struct vrrp_router router;
	char text[200];

	parameters.preempt = !row->no_preempt;
	parameters.preempt_delay = row->delay;
	if (row->priority && row->state == VRRP_STATE_INITIALIZE)
		parameters.priority = row->priority;
	router = router_in(row->state, parameters);
	configured = parameters;
	configured.interval = row->interval ? row->interval : SECOND;
	router.up = !row->down;
	router.complete = !row->incomplete;
	router.grouped = row->grouped;
	router.leader = !row->follower;
	if (row->willing)
		router.timer = 0;
	vrrp_router_handle(&router, &event, now, &actions);
	tell(&actions, text);
	if (strcmp(text, row->want) != 0 || router.state != row->to)
		fail_msg("row %td: %s, event %d: \"%s\", want \"%s\"", row - rows,
			vrrp_state_name(row->state), row->event, text, row->want);
}

static void each_row_gives_its_actions(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		run_row(rows + i);
}

/* Every state has a case for every event, and the machine a row that has no condition. */
static void no_state_and_event_is_forgotten(void **state)
{
	(void)state;
	for (enum vrrp_state from = 0; from < VRRP_STATE_COUNT; from++)
		for (enum vrrp_event_type event = 0; event < VRRP_EVENT_COUNT; event++) {
			size_t cases = 0;

			for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
				cases += rows[i].state == from && rows[i].event == event;
			if (!cases || !vrrp_rules_are_closed(from, event))
				fail_msg("%s, event %d: %zu cases, %zu rows", vrrp_state_name(from),
					event, cases, vrrp_rules_count(from, event));
		}
}

struct wait {
	uint8_t version, priority;
	uint64_t interval, skew, down;
};

static void waits_are_exact(void **state)
{
	static const struct wait waits[] = {
		{3, 100, 10 * MILLISECOND, 6093750, 36093750},
		{3, 200, 10 * MILLISECOND, 2187500, 32187500},
		{3, 255, 10 * MILLISECOND, 39062, 30039062},
		{3, 1, 10 * MILLISECOND, 9960937, 39960937},
		{3, 254, 100 * MILLISECOND, 781250, 300781250},
		{3, 100, 100 * MILLISECOND, 60937500, 360937500},
		{3, 100, SECOND, 609375000, 3609375000},
		{3, 1, VRRP_INTERVAL_MAX_NS, 40790039062, 163640039062},
		{3, 255, VRRP_INTERVAL_MAX_NS, 159960937, 123009960937},
		{2, 100, SECOND, 609375000, 3609375000},
		{2, 100, 255 * SECOND, 609375000, 765609375000},
		{2, 255, 10 * SECOND, 3906250, 30003906250},
		{2, 1, SECOND, 996093750, 3996093750},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(waits); i++) {
		const struct wait *wait = waits + i;
		struct vrrp_parameters parameters = plain();
		struct vrrp_actions actions = {};
		struct vrrp_router router;

		parameters.version = wait->version;
		parameters.priority = wait->priority;
		parameters.interval = wait->interval;
		vrrp_router_init(&router, &parameters);
		assert_int_equal(vrrp_router_skew(&router), wait->skew);
		assert_int_equal(vrrp_router_down_interval(&router), wait->down);
		if (wait->priority == VRRP_PRIORITY_OWNER)
			continue;
		vrrp_router_handle(
			&router, &(struct vrrp_event){.type = VRRP_EVENT_START}, NOW, &actions);
		assert_int_equal(router.timer - NOW, wait->down);
		vrrp_router_handle(&router, &(struct vrrp_event){.type = VRRP_EVENT_TIMER},
			router.timer, &actions);
		assert_int_equal(router.state, VRRP_STATE_ACTIVE);
		assert_int_equal(router.timer - NOW, wait->down + wait->interval);
	}
}

static void advertised(struct vrrp_router *router, uint8_t priority, uint64_t interval,
	const struct address *source, uint64_t now)
{
	struct vrrp_actions actions = {};

	vrrp_router_handle(router,
		&(struct vrrp_event){.type = VRRP_EVENT_ADVERTISEMENT,
			.advertisement = {priority, interval, *source, 0}},
		now, &actions);
}

/* From when it came, not from when it was heard; and of what has waited for long, no more than a quarter of the wait. */
static void a_wait_begins_when_the_advertisement_came(void **state)
{
	static const struct {
		uint8_t priority; /* 0: skew alone */
		uint64_t age, wait;
	} ages[] = {
		{200, 0, DOWN},
		{200, 2 * MILLISECOND, DOWN - 2 * MILLISECOND},
		{200, DOWN / 4, DOWN - DOWN / 4},
		{200, DOWN / 4 + 1, DOWN - DOWN / 4},
		{200, UINT64_MAX, DOWN - DOWN / 4},
		{0, 2 * MILLISECOND, SKEW - 2 * MILLISECOND},
		{0, UINT64_MAX, SKEW - SKEW / 4},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(ages); i++) {
		struct vrrp_router router = router_in(VRRP_STATE_BACKUP, plain());
		struct vrrp_actions actions = {};
		const struct vrrp_event event = {.type = VRRP_EVENT_ADVERTISEMENT,
			.advertisement = {.priority = ages[i].priority,
				.interval = SECOND,
				.source = high,
				.age = ages[i].age}};

		vrrp_router_handle(&router, &event, NOW + HALF, &actions);
		assert_int_equal(router.timer, NOW + HALF + ages[i].wait);
	}
}

static void version_2_learns_no_interval(void **state)
{
	struct vrrp_parameters parameters = plain();
	struct vrrp_actions actions = {};
	struct vrrp_router router;

	(void)state;
	parameters.version = 2;
	router = router_in(VRRP_STATE_BACKUP, parameters);
	advertised(&router, 200, 40 * SECOND, &high, NOW + HALF);
	assert_int_equal(router.timer, NOW + HALF + DOWN);
	router = router_in(VRRP_STATE_BACKUP, plain());
	advertised(&router, 200, 2 * SECOND, &high, NOW);
	vrrp_router_handle(&router,
		&(struct vrrp_event){.type = VRRP_EVENT_CONFIGURED, .parameters = &parameters}, NOW,
		&actions);
	assert_int_equal(router.timer, NOW + DOWN);
}

static void what_was_learnt_outlives_a_reload_but_not_a_term(void **state)
{
	struct vrrp_parameters parameters = plain();
	struct vrrp_actions actions = {};
	struct vrrp_router router = router_in(VRRP_STATE_BACKUP, parameters);

	(void)state;
	advertised(&router, 200, 2 * SECOND, &high, NOW);
	parameters.interval = 5 * SECOND;
	vrrp_router_handle(&router,
		&(struct vrrp_event){.type = VRRP_EVENT_CONFIGURED, .parameters = &parameters},
		NOW + 1, &actions);
	assert_int_equal(router.timer, NOW + 2 * DOWN);
	vrrp_router_handle(
		&router, &(struct vrrp_event){.type = VRRP_EVENT_TIMER}, router.timer, &actions);
	assert_int_equal(router.timer, NOW + 2 * DOWN + 5 * SECOND);
	vrrp_router_handle(&router, &(struct vrrp_event){.type = VRRP_EVENT_THAW},
		router.timer + 5 * SECOND, &actions);
	assert_int_equal(router.state, VRRP_STATE_BACKUP);
	assert_int_equal(router.active_interval, 5 * SECOND);
	parameters.interval = 7 * SECOND;
	vrrp_router_handle(&router,
		&(struct vrrp_event){.type = VRRP_EVENT_CONFIGURED, .parameters = &parameters},
		router.since, &actions);
	assert_int_equal(router.active_interval, 7 * SECOND);
}

/* A late advertisement is followed by the next one soon, and that is an answer too. */
static void an_answer_puts_nothing_off(void **state)
{
	struct vrrp_router router = router_in(VRRP_STATE_ACTIVE, plain());
	struct vrrp_actions actions = {};

	(void)state;
	vrrp_router_handle(&router, &(struct vrrp_event){.type = VRRP_EVENT_TIMER},
		NOW + 2 * SECOND - 5, &actions);
	advertised(&router, 50, SECOND, &low, NOW + 2 * SECOND - 4);
	assert_int_equal(router.timer, NOW + 2 * SECOND);
}

/* Lower ones are borne for a minute from the first of them, and not a nanosecond more. */
static void a_preempt_delay_ends_on_time(void **state)
{
	struct vrrp_parameters parameters = plain();
	struct vrrp_actions actions = {};
	struct vrrp_router router;
	uint64_t now = NOW + HALF;

	(void)state;
	parameters.preempt_delay = 60 * SECOND;
	router = router_in(VRRP_STATE_BACKUP, parameters);
	for (; now < NOW + HALF + 60 * SECOND; now += SECOND) {
		assert_true(router.timer > now);
		advertised(&router, 50, SECOND, &high, now);
	}
	assert_int_equal(router.timer, NOW + HALF + 60 * SECOND);
	advertised(&router, 50, SECOND, &high, now);
	assert_int_equal(router.timer, NOW + HALF + 60 * SECOND);
	vrrp_router_handle(
		&router, &(struct vrrp_event){.type = VRRP_EVENT_TIMER}, router.timer, &actions);
	assert_int_equal(router.state, VRRP_STATE_ACTIVE);
}

static void a_better_one_ends_the_delay(void **state)
{
	struct vrrp_parameters parameters = plain();
	struct vrrp_router router;

	(void)state;
	parameters.preempt_delay = 2 * SECOND;
	router = router_in(VRRP_STATE_BACKUP, parameters);
	advertised(&router, 50, SECOND, &high, NOW);
	advertised(&router, 150, SECOND, &high, NOW + SECOND);
	advertised(&router, 50, SECOND, &high, NOW + 3 * SECOND);
	/* The wait of the better one, then of a new delay. */
	assert_int_equal(router.timer, NOW + 5 * SECOND);
}

/* The owner goes by no configuration: RFC 9568 §6.1. */
static void an_owner_preempts_always(void **state)
{
	struct vrrp_parameters parameters = plain();
	struct vrrp_router router;
	uint64_t timer;

	(void)state;
	parameters.preempt = false;
	parameters.preempt_delay = 60 * SECOND;
	router = router_in(VRRP_STATE_BACKUP, parameters);
	router.parameters.priority = VRRP_PRIORITY_OWNER;
	timer = router.timer;
	advertised(&router, 254, SECOND, &high, NOW + HALF);
	assert_int_equal(router.timer, timer);
	advertised(&router, 255, SECOND, &high, NOW + HALF);
	assert_true(router.timer > timer - SKEW);
}

/* One that comes late, when another has taken over already. */
static void a_resignation_of_the_past_means_nothing(void **state)
{
	struct vrrp_router router = router_in(VRRP_STATE_BACKUP, plain());

	(void)state;
	advertised(&router, 150, SECOND, &high, NOW);
	advertised(&router, VRRP_PRIORITY_STOP, SECOND, &low, NOW + 1);
	assert_int_equal(router.timer, NOW + DOWN);
	advertised(&router, VRRP_PRIORITY_STOP, SECOND, &high, NOW + 1);
	assert_int_equal(router.timer, NOW + 1 + SKEW);
}

/* Whom it yielded to is heard; whom it heard before it was active itself is forgotten. */
static void a_term_changes_whom_it_heard(void **state)
{
	struct vrrp_router router = router_in(VRRP_STATE_BACKUP, plain());
	struct vrrp_actions actions = {};
	uint64_t now;

	(void)state;
	advertised(&router, 150, SECOND, &high, NOW);
	now = router.timer;
	vrrp_router_handle(&router, &(struct vrrp_event){.type = VRRP_EVENT_TIMER}, now, &actions);
	now += 2 * SECOND;
	vrrp_router_handle(&router, &(struct vrrp_event){.type = VRRP_EVENT_THAW}, now, &actions);
	advertised(&router, VRRP_PRIORITY_STOP, SECOND, &low, now);
	assert_int_equal(router.timer, now + SKEW);

	router = router_in(VRRP_STATE_ACTIVE, plain());
	advertised(&router, 150, SECOND, &high, NOW);
	advertised(&router, VRRP_PRIORITY_STOP, SECOND, &low, NOW);
	assert_int_equal(router.timer, NOW + DOWN);
}

static void who_is_active_needs_no_lease_of_others(void **state)
{
	struct vrrp_router router = router_in(VRRP_STATE_ACTIVE, plain());
	struct vrrp_event resume = {.type = VRRP_EVENT_RESUME, .lease = {1, SECOND}};
	struct vrrp_actions actions = {};

	(void)state;
	vrrp_router_handle(&router, &resume, NOW, &actions);
	vrrp_router_handle(
		&router, &(struct vrrp_event){.type = VRRP_EVENT_TIMER}, NOW + SECOND, &actions);
	assert_int_equal(router.state, VRRP_STATE_ACTIVE);
}

/* Resignations without end delay nobody. */
static void resignations_never_lengthen_the_wait(void **state)
{
	struct vrrp_router router = router_in(VRRP_STATE_BACKUP, plain());

	(void)state;
	for (uint64_t now = NOW; now < NOW + SKEW; now += MILLISECOND)
		advertised(&router, VRRP_PRIORITY_STOP, SECOND, &high, now);
	assert_int_equal(router.timer, NOW + SKEW);
}

static size_t advertisements(const struct vrrp_actions *actions)
{
	size_t count = 0;

	for (size_t i = 0; i < actions->count; i++)
		count += actions->items[i].type == VRRP_ACTION_ADVERTISE;
	return count;
}

/* 100,000 lower advertisements in a second are answered a thousand times at most. */
static void a_flood_is_not_answered_with_one(void **state)
{
	struct vrrp_router router = router_in(VRRP_STATE_ACTIVE, plain());
	size_t sent = 0;

	(void)state;
	for (uint64_t now = NOW; now < NOW + SECOND; now += 10000) {
		struct vrrp_actions actions = {};

		vrrp_router_handle(
			&router, &(struct vrrp_event){.type = VRRP_EVENT_TIMER}, now, &actions);
		vrrp_router_handle(&router,
			&(struct vrrp_event){.type = VRRP_EVENT_ADVERTISEMENT,
				.advertisement = {50, SECOND, low, 0}},
			now, &actions);
		sent += advertisements(&actions);
	}
	assert_in_range(sent, 990, 1000);
}

/* The lease of a member that waits for its group ends where it would have ended anyway. */
static void a_lease_that_waits_runs_out(void **state)
{
	struct vrrp_router router = router_in(VRRP_STATE_INITIALIZE, plain());
	struct vrrp_event resume = {.type = VRRP_EVENT_RESUME, .lease = {NOW, SECOND}};
	struct vrrp_actions actions = {};
	char text[200];

	(void)state;
	router.complete = false;
	vrrp_router_handle(&router, &resume, NOW + 1, &actions);
	assert_int_equal(router.timer, NOW + 2 * SECOND);
	actions.count = 0;
	vrrp_router_handle(
		&router, &(struct vrrp_event){.type = VRRP_EVENT_TIMER}, router.timer, &actions);
	tell(&actions, text);
	assert_string_equal(text, "- @-");
	actions.count = 0;
	vrrp_router_handle(&router,
		&(struct vrrp_event){.type = VRRP_EVENT_GROUP_UP, .resume = true}, NOW + 2 * SECOND,
		&actions);
	assert_int_equal(router.state, VRRP_STATE_BACKUP);
}

static void what_goes_down_comes_up_again(void **state)
{
	struct vrrp_actions actions = {};
	struct vrrp_router router = router_in(VRRP_STATE_ACTIVE, plain());
	char text[200];

	(void)state;
	vrrp_router_handle(&router, &(struct vrrp_event){.type = VRRP_EVENT_DOWN}, NOW, &actions);
	actions.count = 0;
	/* No lease is left of what was left in order. */
	vrrp_router_handle(&router, &(struct vrrp_event){.type = VRRP_EVENT_UP}, NOW, &actions);
	tell(&actions, text);
	assert_string_equal(text, "=backup - @3609375000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_gives_its_actions),
		cmocka_unit_test(no_state_and_event_is_forgotten),
		cmocka_unit_test(waits_are_exact),
		cmocka_unit_test(a_wait_begins_when_the_advertisement_came),
		cmocka_unit_test(version_2_learns_no_interval),
		cmocka_unit_test(what_was_learnt_outlives_a_reload_but_not_a_term),
		cmocka_unit_test(an_answer_puts_nothing_off),
		cmocka_unit_test(a_preempt_delay_ends_on_time),
		cmocka_unit_test(a_better_one_ends_the_delay),
		cmocka_unit_test(an_owner_preempts_always),
		cmocka_unit_test(a_resignation_of_the_past_means_nothing),
		cmocka_unit_test(a_term_changes_whom_it_heard),
		cmocka_unit_test(who_is_active_needs_no_lease_of_others),
		cmocka_unit_test(resignations_never_lengthen_the_wait),
		cmocka_unit_test(a_flood_is_not_answered_with_one),
		cmocka_unit_test(a_lease_that_waits_runs_out),
		cmocka_unit_test(what_goes_down_comes_up_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
