// SPDX-License-Identifier: GPL-2.0-or-later
/* Virtual routers that come, change, move together and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/strbuf.h"
#include "tests/support/random.h"
#include "vrrp/keeper.h"

#define SECOND 1000000000ull
#define NOW    (1000 * SECOND)
#define MANY   1000

/* What it was told to do: "51:active 51:send150 51:add 51:announce". */
static struct strbuf told;
static unsigned int gone;

static const char *action_word(const struct vrrp_action *action)
{
	static char text[32];

	switch (action->type) {
	case VRRP_ACTION_ADVERTISE:
		snprintf(text, sizeof(text), "send%u", action->priority);
		return text;
	case VRRP_ACTION_ADD_ADDRESSES:
		return "add";
	case VRRP_ACTION_REMOVE_ADDRESSES:
		return "remove";
	case VRRP_ACTION_ANNOUNCE:
		return "announce";
	case VRRP_ACTION_MOVED:
		return vrrp_state_name(action->state);
	case VRRP_ACTION_TIMER:
		break;
	}
	fail_msg("timers are the keeper's own");
	return NULL;
}

static void on_act(void *owner, struct keeper_item *item, const struct vrrp_action *action)
{
	const struct keeper_key *key = keeper_item_key(item);

	assert_ptr_equal(owner, &told);
	strbuf_printf(&told, "%s%u%s:%s", told.length ? " " : "", key->vrid,
		key->family == AF_INET6 ? "v6" : "", action_word(action));
}

static void on_gone(void *owner, struct keeper_item *item)
{
	const struct keeper_key *key = keeper_item_key(item);

	assert_ptr_equal(owner, &told);
	strbuf_printf(&told, "%s%u%s:gone", told.length ? " " : "", key->vrid,
		key->family == AF_INET6 ? "v6" : "");
	gone++;
}

static struct keeper *begin(void)
{
	const struct keeper_options options = {.act = on_act, .gone = on_gone, .owner = &told};

	strbuf_clear(&told);
	gone = 0;
	return keeper_new(&options);
}

static void expect_told(const char *expected)
{
	assert_string_equal(told.text ? told.text : "", expected);
	strbuf_clear(&told);
}

static struct keeper_router router(
	uint16_t family, uint8_t vrid, uint8_t priority, const char *group)
{
	return (struct keeper_router){
		.key = {"eth0", family, vrid},
		.parameters = {.version = 3,
			.priority = priority,
			.preempt = true,
			.interval = SECOND,
			.source = {family, {10, 0, 0, vrid}}},
		.group = group,
		.up = true,
	};
}

static enum vrrp_state state_of(struct keeper *keeper, uint16_t family, uint8_t vrid)
{
	const struct keeper_key key = {"eth0", family, vrid};
	struct keeper_item *item = keeper_find(keeper, &key);

	assert_non_null(item);
	return keeper_item_router(item)->state;
}

/* Runs until nothing is due before `until`; the moment of the last turn. */
static uint64_t run_until(struct keeper *keeper, uint64_t until)
{
	uint64_t now = 0;

	while (keeper_next(keeper) <= until) {
		now = keeper_next(keeper);
		keeper_run(keeper, now, SIZE_MAX);
	}
	return now;
}

/* Active since some seconds. */
static uint64_t become_active(
	struct keeper *keeper, const struct keeper_router *routers, size_t count)
{
	keeper_set(keeper, routers, count, NOW);
	keeper_start(keeper, NOW);
	run_until(keeper, NOW + 4 * SECOND);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(state_of(keeper, routers[i].key.family, routers[i].key.vrid),
			VRRP_STATE_ACTIVE);
	strbuf_clear(&told);
	return NOW + 4 * SECOND;
}

/* One need not wait for the others, and is not started a second time with them. */
static void one_begins_before_the_others(void **state)
{
	struct keeper *keeper = begin();
	const struct keeper_router routers[] = {
		router(AF_INET, 1, 100, NULL), router(AF_INET, 2, 100, NULL)};

	(void)state;
	keeper_set(keeper, routers, 2, NOW);
	keeper_begin(keeper, keeper_at(keeper, 1), NOW);
	expect_told("2:backup 2:remove");
	run_until(keeper, NOW + 4 * SECOND);
	assert_int_equal(state_of(keeper, AF_INET, 1), VRRP_STATE_INITIALIZE);
	assert_int_equal(state_of(keeper, AF_INET, 2), VRRP_STATE_ACTIVE);
	strbuf_clear(&told);
	keeper_begin(keeper, keeper_at(keeper, 1), NOW + 4 * SECOND);
	keeper_start(keeper, NOW + 4 * SECOND);
	expect_told("1:backup 1:remove");
	keeper_free(keeper);
}

static void one_waits_and_takes_over(void **state)
{
	struct keeper *keeper = begin();
	const struct keeper_router one = router(AF_INET, 51, 150, NULL);

	(void)state;
	keeper_set(keeper, &one, 1, NOW);
	assert_int_equal(keeper_next(keeper), HEAP_NEVER);
	expect_told("");
	keeper_start(keeper, NOW);
	expect_told("51:backup 51:remove");
	/* 3 x 1 s and (256 - 150) / 256 of one. */
	uint64_t due = NOW + 3 * SECOND + 106 * SECOND / 256;
	assert_int_equal(keeper_next(keeper), due);
	assert_int_equal(keeper_run(keeper, due - 1, 10), 0);
	expect_told("");
	assert_int_equal(keeper_run(keeper, due, 10), 1);
	expect_told("51:active 51:send150 51:add 51:announce");
	assert_int_equal(keeper_next(keeper), due + SECOND);
	assert_int_equal(keeper_run(keeper, due + SECOND, 10), 1);
	expect_told("51:send150");
	keeper_stop(keeper, due + SECOND);
	expect_told("51:initialize 51:remove 51:send0");
	assert_int_equal(keeper_next(keeper), HEAP_NEVER);
	keeper_free(keeper);
}

static void what_is_the_same_is_not_touched(void **state)
{
	struct keeper *keeper = begin();
	struct keeper_router *routers = memory_new(MANY * sizeof(*routers));
	uint64_t *timers = memory_new(MANY * sizeof(*timers));

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		routers[i] = router(AF_INET, (uint8_t)(1 + i % 250), (uint8_t)(50 + i % 200),
			i % 3   ? NULL
			: i % 2 ? "odd"
				: "even");
		snprintf(routers[i].key.interface, KEEPER_INTERFACE_SIZE, "eth%03zu", i);
	}
	keeper_set(keeper, routers, MANY, NOW);
	keeper_start(keeper, NOW);
	uint64_t now = run_until(keeper, NOW + 5 * SECOND);
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(
			keeper_item_router(keeper_at(keeper, i))->state, VRRP_STATE_ACTIVE);
		timers[i] = keeper_item_router(keeper_at(keeper, i))->timer;
	}
	strbuf_clear(&told);
	int words[MANY];
	for (size_t i = 0; i < MANY; i++)
		routers[i].data = &words[i];
	keeper_set(keeper, routers, MANY, now + 1);
	expect_told("");
	assert_int_equal(keeper_count(keeper), MANY);
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(keeper_item_router(keeper_at(keeper, i))->timer, timers[i]);
		assert_ptr_equal(keeper_item_data(keeper_at(keeper, i)), &words[i]);
	}
	keeper_free(keeper);
	free(routers);
	free(timers);
}

static void what_changed_is_told_without_a_move(void **state)
{
	struct keeper *keeper = begin();
	struct keeper_router two[] = {
		router(AF_INET, 51, 150, NULL), router(AF_INET, 52, 150, NULL)};
	uint64_t now = become_active(keeper, two, 2);

	(void)state;
	two[0].parameters.priority = 90;
	keeper_set(keeper, two, 2, now);
	expect_told("51:send90");
	two[1].addresses++;
	keeper_set(keeper, two, 2, now);
	expect_told("52:send150 52:add 52:announce");
	keeper_free(keeper);
}

static void who_is_gone_lets_go_first(void **state)
{
	struct keeper *keeper = begin();
	struct keeper_router three[] = {router(AF_INET, 51, 150, NULL),
		router(AF_INET, 52, 150, NULL), router(AF_INET, 53, 255, NULL)};
	uint64_t now = become_active(keeper, three, 2);

	(void)state;
	/* 52 goes, 53 comes: it owns its addresses, and is active at once. */
	three[1] = three[2];
	keeper_set(keeper, three, 2, now);
	expect_told(
		"52:initialize 52:remove 52:send0 52:gone 53:active 53:send255 53:add 53:announce");
	keeper_set(keeper, NULL, 0, now);
	expect_told("51:initialize 51:remove 51:send0 51:gone 53:initialize 53:remove 53:send0 "
		    "53:gone");
	assert_int_equal(keeper_next(keeper), HEAP_NEVER);
	keeper_free(keeper);
	assert_int_equal(gone, 3);
}

static void hear(
	struct keeper *keeper, const struct keeper_key *key, uint8_t priority, uint64_t now)
{
	const struct vrrp_event event = {.type = VRRP_EVENT_ADVERTISEMENT,
		.advertisement = {.priority = priority,
			.interval = SECOND,
			.source = {key->family, {10, 0, 0, 99}}}};

	keeper_handle(keeper, keeper_find(keeper, key), &event, now);
}

static void who_joins_an_active_group_listens_first(void **state)
{
	struct keeper *keeper = begin();
	struct keeper_router both[] = {
		router(AF_INET, 51, 150, "edge"), router(AF_INET6, 51, 150, "edge")};
	uint64_t now = become_active(keeper, both, 1);
	uint64_t down = 3 * SECOND + SECOND * (256 - 150) / 256;

	(void)state;
	keeper_set(keeper, both, 2, now);
	expect_told("51v6:backup 51v6:remove");
	/* One that it would not obey keeps it no longer. */
	hear(keeper, &both[1].key, 100, now + SECOND);
	run_until(keeper, now + down - 1);
	assert_int_equal(state_of(keeper, AF_INET, 51), VRRP_STATE_ACTIVE);
	assert_int_equal(state_of(keeper, AF_INET6, 51), VRRP_STATE_BACKUP);
	assert_null(strstr(told.text, "backup"));
	strbuf_clear(&told);
	keeper_run(keeper, now + down, SIZE_MAX);
	assert_non_null(strstr(told.text, "51v6:active 51v6:send150 51v6:add 51v6:announce"));
	run_until(keeper, now + 10 * SECOND);
	assert_null(strstr(told.text, "backup"));
	strbuf_clear(&told);
	/* And the other way round. */
	keeper_set(keeper, both, 1, now + 10 * SECOND);
	expect_told("51v6:initialize 51v6:remove 51v6:send0 51v6:gone");
	assert_false(keeper_item_router(keeper_at(keeper, 0))->grouped);
	keeper_free(keeper);
}

/* It must not lift up those that first have to let go. */
static void who_joins_waits_for_those_that_lost_their_lease(void **state)
{
	struct keeper *keeper = begin();
	struct keeper_router both[] = {
		router(AF_INET, 51, 150, "edge"), router(AF_INET6, 51, 150, "edge")};
	uint64_t now = become_active(keeper, both, 1);
	const struct vrrp_event timer = {.type = VRRP_EVENT_TIMER};

	(void)state;
	keeper_set(keeper, both, 2, now);
	strbuf_clear(&told);
	keeper_handle(keeper, keeper_find(keeper, &both[1].key), &timer, now + 4 * SECOND);
	expect_told("");
	keeper_thaw(keeper, now + 4 * SECOND);
	expect_told("51:backup 51:remove");
	run_until(keeper, now + 9 * SECOND);
	assert_int_equal(state_of(keeper, AF_INET, 51), VRRP_STATE_ACTIVE);
	assert_int_equal(state_of(keeper, AF_INET6, 51), VRRP_STATE_ACTIVE);
	keeper_free(keeper);
}

static void who_joins_and_hears_a_better_one_takes_the_group_along(void **state)
{
	struct keeper *keeper = begin();
	struct keeper_router both[] = {
		router(AF_INET, 51, 150, "edge"), router(AF_INET6, 51, 150, "edge")};
	uint64_t now = become_active(keeper, both, 1);

	(void)state;
	keeper_set(keeper, both, 2, now);
	strbuf_clear(&told);
	hear(keeper, &both[1].key, 200, now + 1);
	expect_told("51:backup 51:remove 51:send0");
	assert_int_equal(state_of(keeper, AF_INET6, 51), VRRP_STATE_BACKUP);
	/* From then on it is a member as the other. */
	run_until(keeper, now + 5 * SECOND);
	assert_int_equal(state_of(keeper, AF_INET, 51), VRRP_STATE_ACTIVE);
	assert_int_equal(state_of(keeper, AF_INET6, 51), VRRP_STATE_ACTIVE);
	keeper_free(keeper);
}

/* A lower one that is borne for a while is active there all the same. */
static void who_joins_and_bears_one_takes_the_group_along(void **state)
{
	struct keeper *keeper = begin();
	struct keeper_router both[] = {
		router(AF_INET, 51, 150, "edge"), router(AF_INET6, 51, 150, "edge")};

	(void)state;
	both[0].parameters.preempt_delay = both[1].parameters.preempt_delay = 60 * SECOND;
	uint64_t now = become_active(keeper, both, 1);
	keeper_set(keeper, both, 2, now);
	strbuf_clear(&told);
	hear(keeper, &both[1].key, 100, now + 1);
	expect_told("51:backup 51:remove 51:send0");
	keeper_free(keeper);
}

static void who_waited_for_its_group_and_leaves_it_waits_no_more(void **state)
{
	struct keeper *keeper = begin();
	struct keeper_router both[] = {
		router(AF_INET, 51, 150, "edge"), router(AF_INET6, 51, 150, "edge")};

	(void)state;
	keeper_set(keeper, both, 2, NOW);
	keeper_start(keeper, NOW);
	hear(keeper, &both[1].key, 200, NOW + 3 * SECOND);
	run_until(keeper, NOW + 4 * SECOND);
	assert_int_equal(state_of(keeper, AF_INET, 51), VRRP_STATE_BACKUP);
	both[0].group = both[1].group = NULL;
	keeper_set(keeper, both, 2, NOW + 4 * SECOND);
	assert_int_equal(state_of(keeper, AF_INET, 51), VRRP_STATE_ACTIVE);
	assert_int_equal(state_of(keeper, AF_INET6, 51), VRRP_STATE_BACKUP);
	keeper_free(keeper);
}

static void who_cannot_run_keeps_the_group_back(void **state)
{
	struct keeper *keeper = begin();
	struct keeper_router both[] = {
		router(AF_INET, 51, 150, "edge"), router(AF_INET6, 51, 150, "edge")};
	uint64_t now = become_active(keeper, both, 1);

	(void)state;
	both[1].up = false;
	keeper_set(keeper, both, 2, now);
	expect_told("51:initialize 51:remove 51:send0");
	/* Alone again it may run. */
	keeper_set(keeper, both, 1, now);
	expect_told("51v6:remove 51v6:gone 51:backup 51:remove");
	keeper_free(keeper);
}

static void an_active_and_a_backup_make_a_group_of_backups(void **state)
{
	struct keeper *keeper = begin();
	struct keeper_router two[] = {
		router(AF_INET, 51, 255, NULL), router(AF_INET, 52, 100, NULL)};

	(void)state;
	keeper_set(keeper, two, 2, NOW);
	keeper_start(keeper, NOW);
	assert_int_equal(state_of(keeper, AF_INET, 51), VRRP_STATE_ACTIVE);
	assert_int_equal(state_of(keeper, AF_INET, 52), VRRP_STATE_BACKUP);
	strbuf_clear(&told);
	two[0].group = two[1].group = "edge";
	keeper_set(keeper, two, 2, NOW + SECOND);
	assert_int_equal(state_of(keeper, AF_INET, 51), VRRP_STATE_BACKUP);
	assert_int_equal(state_of(keeper, AF_INET, 52), VRRP_STATE_BACKUP);
	run_until(keeper, NOW + 6 * SECOND);
	assert_int_equal(state_of(keeper, AF_INET, 51), VRRP_STATE_ACTIVE);
	assert_int_equal(state_of(keeper, AF_INET, 52), VRRP_STATE_ACTIVE);
	keeper_free(keeper);
}

static void a_lease_is_resumed_by_all_or_none(void **state)
{
	struct keeper_router two[] = {
		router(AF_INET, 51, 150, "edge"), router(AF_INET, 52, 150, "edge")};

	(void)state;
	for (int leases = 1; leases <= 2; leases++) {
		struct keeper *keeper = begin();

		for (int i = 0; i < 2; i++)
			two[i].lease = i < leases ? (struct vrrp_lease){NOW - SECOND, SECOND}
						  : (struct vrrp_lease){};
		keeper_set(keeper, two, 2, NOW);
		keeper_start(keeper, NOW);
		enum vrrp_state expected = leases == 2 ? VRRP_STATE_ACTIVE : VRRP_STATE_BACKUP;
		assert_int_equal(state_of(keeper, AF_INET, 51), expected);
		assert_int_equal(state_of(keeper, AF_INET, 52), expected);
		keeper_free(keeper);
	}
}

static void a_tracked_priority_outlives_another_list(void **state)
{
	struct keeper *keeper = begin();
	struct keeper_router two[] = {
		router(AF_INET, 51, 150, NULL), router(AF_INET, 52, 150, NULL)};
	uint64_t now = become_active(keeper, two, 2);
	const struct vrrp_event event = {.type = VRRP_EVENT_PRIORITY, .priority = 60};

	(void)state;
	keeper_handle(keeper, keeper_find(keeper, &two[0].key), &event, now);
	expect_told("51:send60");
	two[0].parameters.priority = 60;
	two[0].group = two[1].group = "edge";
	keeper_set(keeper, two, 2, now);
	expect_told("52:send60");
	keeper_free(keeper);
}

static void few_at_a_time_and_in_order(void **state)
{
	struct keeper *keeper = begin();
	struct keeper_router three[] = {router(AF_INET, 1, 10, NULL), router(AF_INET, 2, 250, NULL),
		router(AF_INET, 3, 100, NULL)};

	(void)state;
	keeper_set(keeper, three, 3, NOW);
	keeper_start(keeper, NOW);
	strbuf_clear(&told);
	assert_int_equal(keeper_run(keeper, NOW + 5 * SECOND, 2), 2);
	expect_told("2:active 2:send250 2:add 2:announce 3:active 3:send100 3:add 3:announce");
	assert_int_equal(keeper_run(keeper, NOW + 5 * SECOND, 2), 1);
	expect_told("1:active 1:send10 1:add 1:announce");
	keeper_free(keeper);
}

/* One that listens first stands for those beside which it does. */
static bool states_agree(const struct vrrp_router *left, const struct vrrp_router *right)
{
	if (!left->joining && !right->joining)
		return left->state == right->state;
	return left->state != VRRP_STATE_INITIALIZE && right->state != VRRP_STATE_INITIALIZE;
}

/* Whatever comes: in a group nobody is active beside a backup, unless that one has just come to it, nobody runs beside one that cannot, all have the lowest
 * priority, and one leads. */
static void check_groups(struct keeper *keeper, const struct keeper_router *routers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct vrrp_router *left = keeper_item_router(keeper_at(keeper, i));
		unsigned int leaders = left->leader, lowest = routers[i].parameters.priority;

		for (size_t j = 0; j < count; j++) {
			const struct vrrp_router *right = keeper_item_router(keeper_at(keeper, j));

			if (i == j || !routers[i].group || !routers[j].group ||
				strcmp(routers[i].group, routers[j].group) != 0)
				continue;
			assert_true(states_agree(left, right));
			assert_true(left->up && right->up ? true
							  : left->state == VRRP_STATE_INITIALIZE);
			leaders += right->leader;
			lowest = MIN(lowest, routers[j].parameters.priority);
		}
		assert_int_equal(leaders, 1);
		assert_int_equal(left->parameters.priority, lowest);
	}
}

#define KEYS 8
#define SEED 20261121

static void whatever_comes(void **state)
{
	static const char *const groups[] = {NULL, "a", "b"};
	struct keeper *keeper = begin();
	struct keeper_router all[KEYS], list[KEYS];
	uint64_t now = NOW;

	(void)state;
	for (size_t i = 0; i < KEYS; i++)
		all[i] = router(i < KEYS / 2 ? AF_INET : AF_INET6, (uint8_t)(1 + i), 100, NULL);
	random_seed(SEED);
	keeper_start(keeper, now);
	size_t count = 0;
	for (unsigned int round = 0; round < 50000; round++) {
		now += random_below(1000000000);
		run_until(keeper, now);
		if (random_below(4) == 0) {
			count = 0;
			for (size_t i = 0; i < KEYS; i++) {
				struct keeper_item *item = keeper_find(keeper, &all[i].key);

				if (random_below(3) == 0)
					all[i].group = groups[random_below(3)];
				if (random_below(5) == 0)
					all[i].parameters.priority =
						(uint8_t)(1 + random_below(254));
				all[i].up =
					item ? keeper_item_router(item)->up : random_below(4) > 0;
				if (random_below(4))
					list[count++] = all[i];
			}
			keeper_set(keeper, list, count, now);
		} else if (count) {
			struct keeper_item *item = keeper_at(keeper, random_below(count));
			const struct vrrp_event event = {
				.type = (enum vrrp_event_type[]){VRRP_EVENT_UP, VRRP_EVENT_DOWN,
					VRRP_EVENT_THAW, VRRP_EVENT_ADVERTISEMENT}[random_below(4)],
				.advertisement = {.priority = (uint8_t)random_below(256),
					.interval = SECOND,
					.source = {keeper_item_key(item)->family, {10, 0, 0, 99}}}};

			keeper_handle(keeper, item, &event, now);
		}
		strbuf_clear(&told);
		check_groups(keeper, list, count);
	}
	keeper_free(keeper);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_waits_and_takes_over),
		cmocka_unit_test(one_begins_before_the_others),
		cmocka_unit_test(what_is_the_same_is_not_touched),
		cmocka_unit_test(what_changed_is_told_without_a_move),
		cmocka_unit_test(who_is_gone_lets_go_first),
		cmocka_unit_test(who_joins_an_active_group_listens_first),
		cmocka_unit_test(who_joins_waits_for_those_that_lost_their_lease),
		cmocka_unit_test(who_joins_and_hears_a_better_one_takes_the_group_along),
		cmocka_unit_test(who_joins_and_bears_one_takes_the_group_along),
		cmocka_unit_test(who_waited_for_its_group_and_leaves_it_waits_no_more),
		cmocka_unit_test(who_cannot_run_keeps_the_group_back),
		cmocka_unit_test(an_active_and_a_backup_make_a_group_of_backups),
		cmocka_unit_test(a_lease_is_resumed_by_all_or_none),
		cmocka_unit_test(a_tracked_priority_outlives_another_list),
		cmocka_unit_test(few_at_a_time_and_in_order),
		cmocka_unit_test(whatever_comes),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	strbuf_clear(&told);
	return failed;
}
