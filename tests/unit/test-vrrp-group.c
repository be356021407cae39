// SPDX-License-Identifier: GPL-2.0-or-later
/* Sync groups: members that run, take over, yield and resume together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/macros.h"
#include "vrrp/group.h"

#define SECOND 1000000000ull
#define NOW    (1000 * SECOND)
#define COUNT  3

static const struct address high = {AF_INET, {10, 0, 1, 1}};
static const struct address low = {AF_INET, {10, 0, 0, 1}};

struct fixture {
	struct vrrp_router routers[COUNT];
	struct vrrp_member members[COUNT];
	struct vrrp_group group;
};

static void fixture_init(struct fixture *fixture)
{
	static const uint8_t priorities[COUNT] = {150, 100, 120};

	*fixture = (struct fixture){.group = {fixture->members, COUNT}};
	for (size_t i = 0; i < COUNT; i++) {
		struct vrrp_parameters parameters = {.version = 3,
			.priority = priorities[i],
			.preempt = true,
			.interval = SECOND,
			.source = {AF_INET, {10, 0, 0, (uint8_t)(2 + i)}}};

		vrrp_router_init(&fixture->routers[i], &parameters);
		fixture->members[i].router = &fixture->routers[i];
	}
	vrrp_group_init(&fixture->group);
}

static void handle(struct fixture *fixture, size_t index, enum vrrp_event_type type, uint64_t now)
{
	vrrp_group_handle(&fixture->group, index, &(struct vrrp_event){.type = type}, now);
}

static void handle_all(struct fixture *fixture, enum vrrp_event_type type, uint64_t now)
{
	for (size_t i = 0; i < COUNT; i++)
		handle(fixture, i, type, now);
}

static void hear(struct fixture *fixture, size_t index, uint8_t priority,
	const struct address *source, uint64_t now)
{
	vrrp_group_handle(&fixture->group, index,
		&(struct vrrp_event){.type = VRRP_EVENT_ADVERTISEMENT,
			.advertisement = {.priority = priority,
				.interval = SECOND,
				.source = *source}},
		now);
}

static void expect(const struct fixture *fixture, enum vrrp_state state)
{
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(fixture->routers[i].state, state);
}

static uint64_t become_active(struct fixture *fixture)
{
	uint64_t due;

	fixture_init(fixture);
	handle_all(fixture, VRRP_EVENT_START, NOW);
	due = fixture->routers[0].timer;
	handle_all(fixture, VRRP_EVENT_TIMER, due);
	expect(fixture, VRRP_STATE_ACTIVE);
	return due;
}

static void nobody_starts_before_all_can(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	handle(&fixture, 0, VRRP_EVENT_START, NOW);
	handle(&fixture, 2, VRRP_EVENT_DOWN, NOW);
	handle(&fixture, 1, VRRP_EVENT_START, NOW);
	handle(&fixture, 2, VRRP_EVENT_START, NOW);
	expect(&fixture, VRRP_STATE_INITIALIZE);
	handle(&fixture, 2, VRRP_EVENT_UP, NOW);
	expect(&fixture, VRRP_STATE_BACKUP);
	handle(&fixture, 1, VRRP_EVENT_DOWN, NOW);
	expect(&fixture, VRRP_STATE_INITIALIZE);
}

static void they_share_the_lowest_priority(void **state)
{
	struct fixture fixture;
	struct vrrp_parameters parameters;

	(void)state;
	become_active(&fixture);
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(fixture.routers[i].parameters.priority, 100);
	vrrp_group_handle(&fixture.group, 1,
		&(struct vrrp_event){.type = VRRP_EVENT_PRIORITY, .priority = 200},
		fixture.routers[0].since + 1);
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(fixture.routers[i].parameters.priority, 120);
		assert_int_equal(fixture.members[i].actions.items[0].type, VRRP_ACTION_ADVERTISE);
		assert_int_equal(fixture.members[i].actions.items[0].priority, 120);
	}
	parameters = fixture.routers[0].parameters;
	parameters.priority = 250;
	vrrp_group_handle(&fixture.group, 0,
		&(struct vrrp_event){.type = VRRP_EVENT_CONFIGURED, .parameters = &parameters},
		fixture.routers[0].since + 2);
	assert_int_equal(fixture.members[0].actions.count, 0);
	parameters.priority = 90;
	parameters.interval = 2 * SECOND;
	vrrp_group_handle(&fixture.group, 0,
		&(struct vrrp_event){.type = VRRP_EVENT_CONFIGURED, .parameters = &parameters},
		fixture.routers[0].since + 2);
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(fixture.routers[i].parameters.priority, 90);
	assert_int_equal(fixture.routers[0].parameters.interval, 2 * SECOND);
	assert_int_equal(fixture.routers[1].parameters.interval, SECOND);
}

static void one_that_hears_keeps_all_back(void **state)
{
	struct fixture fixture;
	uint64_t due;

	(void)state;
	fixture_init(&fixture);
	handle_all(&fixture, VRRP_EVENT_START, NOW);
	due = fixture.routers[0].timer;
	hear(&fixture, 1, 200, &high, due - 1);
	handle(&fixture, 0, VRRP_EVENT_TIMER, due);
	handle(&fixture, 2, VRRP_EVENT_TIMER, due);
	assert_true(vrrp_router_is_willing(&fixture.routers[0]));
	expect(&fixture, VRRP_STATE_BACKUP);
	/* What the first now hears makes it wait again. */
	hear(&fixture, 0, 200, &high, due);
	assert_false(vrrp_router_is_willing(&fixture.routers[0]));
	handle(&fixture, 1, VRRP_EVENT_TIMER, fixture.routers[1].timer);
	expect(&fixture, VRRP_STATE_BACKUP);
	handle(&fixture, 0, VRRP_EVENT_TIMER, fixture.routers[0].timer);
	expect(&fixture, VRRP_STATE_ACTIVE);
}

/* It has let go of its addresses, then resigned; or has sent nothing at all. */
static void expect_resigned(const struct fixture *fixture, size_t index, bool expected)
{
	const struct vrrp_actions *actions = &fixture->members[index].actions;
	bool removed = false, resigned = false;

	for (size_t i = 0; i < actions->count; i++) {
		removed |= actions->items[i].type == VRRP_ACTION_REMOVE_ADDRESSES;
		if (actions->items[i].type != VRRP_ACTION_ADVERTISE)
			continue;
		assert_true(removed);
		assert_int_equal(actions->items[i].priority, VRRP_PRIORITY_STOP);
		resigned = true;
	}
	assert_true(removed);
	assert_int_equal(resigned, expected);
}

static void they_yield_together(void **state)
{
	struct fixture fixture;
	uint64_t now = become_active(&fixture) + SECOND / 2;

	(void)state;
	hear(&fixture, 2, 101, &low, now);
	expect(&fixture, VRRP_STATE_BACKUP);
	/* Those that heard nobody say so to who waits for them. */
	expect_resigned(&fixture, 0, true);
	expect_resigned(&fixture, 1, true);
	expect_resigned(&fixture, 2, false);
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(fixture.routers[i].timer, now + 3 * SECOND + SECOND * 156 / 256);
}

static void only_the_first_breaks_ties(void **state)
{
	struct fixture fixture;
	uint64_t now = become_active(&fixture) + SECOND / 2;

	(void)state;
	hear(&fixture, 1, 100, &high, now);
	hear(&fixture, 2, 100, &low, now);
	expect(&fixture, VRRP_STATE_ACTIVE);
	assert_int_equal(fixture.members[2].actions.count, 0);
	hear(&fixture, 0, 100, &low, now);
	expect(&fixture, VRRP_STATE_ACTIVE);
	assert_int_equal(fixture.members[0].actions.items[0].type, VRRP_ACTION_ADVERTISE);
	hear(&fixture, 0, 100, &high, now);
	expect(&fixture, VRRP_STATE_BACKUP);
}

static void a_lease_lost_by_one_is_lost_by_all(void **state)
{
	struct fixture fixture;
	uint64_t now = become_active(&fixture);

	(void)state;
	handle(&fixture, 0, VRRP_EVENT_TIMER, now + SECOND);
	handle(&fixture, 1, VRRP_EVENT_TIMER, now + SECOND);
	handle(&fixture, 2, VRRP_EVENT_TIMER, now + 2 * SECOND);
	expect(&fixture, VRRP_STATE_BACKUP);
	/* The supervisor may have removed the addresses of all, and somebody else be active: nobody says anything. */
	for (size_t i = 0; i < COUNT; i++)
		expect_resigned(&fixture, i, false);
}

static void resume(struct fixture *fixture, uint64_t last, uint64_t now)
{
	fixture_init(fixture);
	for (size_t i = 0; i < COUNT; i++) {
		struct vrrp_event event = {
			.type = VRRP_EVENT_RESUME, .lease = {now - SECOND, SECOND}};

		if (i == 1)
			event.lease.sent = last;
		vrrp_group_handle(&fixture->group, i, &event, now);
	}
}

static void they_resume_together_or_not(void **state)
{
	struct fixture fixture;

	(void)state;
	resume(&fixture, NOW - 2 * SECOND + 1, NOW);
	expect(&fixture, VRRP_STATE_ACTIVE);
	resume(&fixture, NOW - 2 * SECOND, NOW);
	expect(&fixture, VRRP_STATE_BACKUP);
	for (size_t i = 0; i < COUNT; i++) {
		bool removed = false;

		for (size_t j = 0; j < fixture.members[i].actions.count; j++) {
			const struct vrrp_action *action = &fixture.members[i].actions.items[j];

			assert_int_not_equal(action->type, VRRP_ACTION_ADVERTISE);
			removed |= action->type == VRRP_ACTION_REMOVE_ADDRESSES;
		}
		assert_true(removed);
	}
}

static void a_group_of_one_is_no_group(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	fixture.group.count = 1;
	vrrp_router_init(&fixture.routers[0], &fixture.routers[0].parameters);
	vrrp_group_init(&fixture.group);
	handle(&fixture, 0, VRRP_EVENT_START, NOW);
	handle(&fixture, 0, VRRP_EVENT_TIMER, fixture.routers[0].timer);
	assert_int_equal(fixture.routers[0].state, VRRP_STATE_ACTIVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_starts_before_all_can),
		cmocka_unit_test(they_share_the_lowest_priority),
		cmocka_unit_test(one_that_hears_keeps_all_back),
		cmocka_unit_test(they_yield_together),
		cmocka_unit_test(only_the_first_breaks_ties),
		cmocka_unit_test(a_lease_lost_by_one_is_lost_by_all),
		cmocka_unit_test(they_resume_together_or_not),
		cmocka_unit_test(a_group_of_one_is_no_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
