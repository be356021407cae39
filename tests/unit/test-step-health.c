// SPDX-License-Identifier: GPL-2.0-or-later
/* Health in step(), and what of it reaches the table: how many operations, drains or none, what is remembered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "reconciler/diff.h"
#include "reconciler/step.h"
#include "tests/support/build.h"
#include "tests/support/reached.h"

#define SECOND 1000000000ull
#define NOW    (1000 * SECOND)
#define WEB    "tcp://192.0.2.1:80"
#define SORRY  "10.0.0.9:80"

/* A table that is as it should be, and what the world says from now on. */
struct scene {
	struct declared declared;
	struct state live;
	struct memory memory;
	struct facts facts;
	uint64_t now;
	bool hold;
	struct step_output output;
	struct plan plan;
};

static struct config_check check = {.name = {.text = "web"}};
static const struct backend_abilities abilities = {.scheduler_change_disrupts = true};

static void scene_step(struct scene *scene)
{
	const struct step_input input = {
		.declared = &scene->declared,
		.live = &scene->live,
		.memory = &scene->memory,
		.facts = &scene->facts,
		.now = scene->now,
		.hold_deletions = scene->hold,
	};
	step_output_clear(&scene->output);
	plan_clear(&scene->plan);
	step(&input, &scene->output);
	const struct diff_input diff_input = {
		.desired = &scene->output.desired,
		.live = &scene->live,
		.memory = &scene->memory,
		.prune = CONFIG_PRUNE_OWNED,
		.abilities = &abilities,
	};
	diff(&diff_input, &scene->plan);
}

/* What was wanted is there; `active` connections on each. */
static void scene_reach(struct scene *scene, uint32_t active)
{
	reached_take(&scene->live, &scene->memory, &scene->output, active);
}

/* Two servers of weight 2 and 3 with a check, and, when asked for, a fallback of weight 7. */
static struct declared_service *scene_begin(
	struct scene *scene, const char *scheduler, unsigned int drain, bool fallback)
{
	*scene = (struct scene){.now = NOW};
	struct declared_service *service =
		build_declared(&scene->declared, "web", WEB, scheduler, drain);

	build_check(
		&scene->declared, build_declared_destination(service, "10.0.0.1:80", 2), &check);
	build_check(
		&scene->declared, build_declared_destination(service, "10.0.0.2:80", 3), &check);
	if (fallback)
		build_declared_destination(service, SORRY, 7)->fallback = true;
	service->has_fallback = fallback;
	scene_step(scene);
	scene_reach(scene, 5);
	scene_step(scene);
	assert_int_equal(scene->plan.ops.count, 0);
	return service;
}

static void scene_say(struct scene *scene, const char *target, bool up)
{
	const struct facts_health said = {
		.key = {.target = build_destination_key(target), .check = "web"},
		.verdict = {.up = up,
			.settled = true,
			.recovered = up,
			.weight = VERDICT_NO_WEIGHT,
			.since = scene->now}};

	facts_put_health(&scene->facts, &said, 1);
	scene_step(scene);
}

static void scene_end(struct scene *scene)
{
	declared_clear(&scene->declared);
	state_clear(&scene->live);
	memory_clear(&scene->memory);
	facts_clear(&scene->facts);
	step_output_clear(&scene->output);
	plan_clear(&scene->plan);
}

/* Weight of a destination that must exist; -1: it must not. */
static int weight(const struct scene *scene, const char *endpoint)
{
	struct destination_key key = build_destination_key(endpoint);
	const struct destination *destination =
		service_find_destination(&scene->output.desired.services.items[0], &key);

	return destination ? (int)destination->attributes.weight : -1;
}

static void a_failure_is_one_operation(_unused_ void **state)
{
	struct scene scene;

	scene_begin(&scene, "wlc", 30, false);
	scene_say(&scene, "10.0.0.1:80", false);
	assert_int_equal(scene.plan.ops.count, 1);
	assert_int_equal(scene.plan.ops.items[0].verb, PLAN_VERB_DELETE);
	assert_int_equal(scene.output.memory.drains.count, 0);
	assert_true(scene.output.wake == UINT64_MAX);
	scene_reach(&scene, 5);
	scene_say(&scene, "10.0.0.1:80", true);
	assert_int_equal(scene.plan.ops.count, 1);
	assert_int_equal(scene.plan.ops.items[0].verb, PLAN_VERB_ADD);
	assert_int_equal(weight(&scene, "10.0.0.1:80"), 2);
	scene_end(&scene);
}

static void weight_zero_is_one_operation_too(_unused_ void **state)
{
	struct scene scene;

	scene_begin(&scene, "wlc", 30, false)->on_failure = CONFIG_ON_FAILURE_WEIGHT_ZERO;
	scene_say(&scene, "10.0.0.1:80", false);
	assert_int_equal(scene.plan.ops.count, 1);
	assert_int_equal(scene.plan.ops.items[0].verb, PLAN_VERB_UPDATE);
	assert_int_equal(weight(&scene, "10.0.0.1:80"), 0);
	/* It is no drain: it stays without connections too. */
	scene_reach(&scene, 0);
	scene.now += 3600 * SECOND;
	scene_step(&scene);
	assert_int_equal(scene.plan.ops.count, 0);
	assert_int_equal(scene.output.memory.drains.count, 0);
	scene_end(&scene);
}

static void a_fallback_comes_and_drains_away(_unused_ void **state)
{
	struct scene scene;

	scene_begin(&scene, "wlc", 30, true)->quorum = 4;
	assert_int_equal(weight(&scene, SORRY), -1);
	scene_say(&scene, "10.0.0.1:80", false);
	assert_int_equal(weight(&scene, "10.0.0.1:80"), -1);
	assert_int_equal(weight(&scene, "10.0.0.2:80"), 0);
	assert_int_equal(weight(&scene, SORRY), 7);
	assert_int_equal(scene.plan.ops.count, 3);
	assert_true(scene.output.memory.owned.items[0].quorum_lost);
	scene_reach(&scene, 5);
	scene_say(&scene, "10.0.0.1:80", true);
	assert_int_equal(weight(&scene, "10.0.0.1:80"), 2);
	assert_int_equal(weight(&scene, "10.0.0.2:80"), 3);
	assert_int_equal(weight(&scene, SORRY), 0);
	assert_false(scene.output.memory.owned.items[0].quorum_lost);
	assert_int_equal(scene.output.memory.drains.count, 1);
	assert_int_equal(scene.output.memory.drains.items[0].reason, DRAIN_REASON_FALLBACK);
	assert_true(scene.output.memory.drains.items[0].deadline == NOW + 30 * SECOND);
	scene_reach(&scene, 5);
	scene.now = NOW + 30 * SECOND;
	scene_step(&scene);
	assert_int_equal(weight(&scene, SORRY), -1);
	assert_int_equal(scene.plan.ops.count, 1);
	scene_end(&scene);
}

/* At no moment is everybody at weight 0. */
static void somebody_serves_all_the_while(_unused_ void **state)
{
	static const uint32_t out[] = {7, 0}, back[] = {2, 3, 0};
	struct scene scene;

	scene_begin(&scene, "wlc", 30, true)->quorum = 4;
	scene_say(&scene, "10.0.0.1:80", false);
	assert_int_equal(scene.plan.ops.count, 3);
	for (size_t i = 0; i < ARRAY_LENGTH(out); i++)
		assert_int_equal(scene.plan.ops.items[i].destination.after.weight, out[i]);
	assert_int_equal(scene.plan.ops.items[2].verb, PLAN_VERB_DELETE);
	scene_reach(&scene, 5);
	scene.declared.services.items[0].on_failure = CONFIG_ON_FAILURE_WEIGHT_ZERO;
	scene_step(&scene);
	scene_reach(&scene, 5);
	scene_say(&scene, "10.0.0.1:80", true);
	assert_int_equal(scene.plan.ops.count, ARRAY_LENGTH(back));
	for (size_t i = 0; i < ARRAY_LENGTH(back); i++)
		assert_int_equal(scene.plan.ops.items[i].destination.after.weight, back[i]);
	scene_end(&scene);
}

static void a_drain_of_a_fallback_is_cancelled(_unused_ void **state)
{
	struct scene scene;

	scene_begin(&scene, "wlc", 30, true)->quorum = 4;
	scene_say(&scene, "10.0.0.1:80", false);
	scene_reach(&scene, 5);
	scene_say(&scene, "10.0.0.1:80", true);
	scene_reach(&scene, 5);
	scene.now += SECOND;
	scene_say(&scene, "10.0.0.2:80", false);
	assert_int_equal(weight(&scene, SORRY), 7);
	assert_int_equal(scene.output.memory.drains.count, 0);
	scene_end(&scene);
}

/* Weight 0 would refuse clients: they go, and come back. */
static void stepping_back_without_weight_zero_is_leaving(_unused_ void **state)
{
	struct scene scene;

	scene_begin(&scene, "dh", 30, true)->quorum = 4;
	scene_say(&scene, "10.0.0.1:80", false);
	assert_int_equal(weight(&scene, "10.0.0.2:80"), -1);
	assert_int_equal(weight(&scene, SORRY), 7);
	assert_int_equal(scene.output.memory.drains.count, 0);
	scene_reach(&scene, 5);
	scene_say(&scene, "10.0.0.1:80", true);
	assert_int_equal(weight(&scene, "10.0.0.2:80"), 3);
	assert_int_equal(weight(&scene, SORRY), -1);
	scene_end(&scene);
}

static void hysteresis_is_remembered(_unused_ void **state)
{
	struct scene scene;
	struct declared_service *service = scene_begin(&scene, "wlc", 0, true);

	service->quorum = 4;
	service->quorum_hysteresis = 1;
	scene_say(&scene, "10.0.0.1:80", false); /* 3 of 5: held */
	assert_int_equal(weight(&scene, SORRY), -1);
	scene_reach(&scene, 5);
	scene_say(&scene, "10.0.0.2:80", false); /* 0 */
	assert_int_equal(weight(&scene, SORRY), 7);
	scene_reach(&scene, 5);
	scene_say(&scene, "10.0.0.2:80", true); /* 3: still lost */
	assert_int_equal(weight(&scene, "10.0.0.2:80"), 0);
	assert_int_equal(weight(&scene, SORRY), 7);
	scene_reach(&scene, 5);
	scene_say(&scene, "10.0.0.1:80", true); /* 5 */
	assert_int_equal(weight(&scene, "10.0.0.2:80"), 3);
	assert_int_equal(weight(&scene, SORRY), -1);
	scene_end(&scene);
}

/* What was never owned has no past: below its quorum it begins lost, whatever the hysteresis. */
static void without_a_past_the_quorum_is_what_it_says(_unused_ void **state)
{
	struct scene scene;
	struct declared_service *service = scene_begin(&scene, "wlc", 0, true);

	service->quorum = 4;
	service->quorum_hysteresis = 1;
	memory_clear(&scene.memory);
	scene_say(&scene, "10.0.0.1:80", false);
	assert_true(scene.output.memory.owned.items[0].quorum_lost);
	assert_int_equal(weight(&scene, SORRY), 7);
	scene_say(&scene, "10.0.0.1:80", true);
	assert_false(scene.output.memory.owned.items[0].quorum_lost);
	assert_int_equal(weight(&scene, SORRY), -1);
	scene_end(&scene);
}

static void slow_start_wakes_at_its_steps(_unused_ void **state)
{
	struct scene scene;
	struct declared_service *service = scene_begin(&scene, "wlc", 30, false);
	size_t operations = 0;

	service->slow_start = 60 * SECOND;
	service->destinations.items[0].attributes.weight = 100;
	scene_say(&scene, "10.0.0.1:80", false);
	scene_reach(&scene, 5);
	scene_say(&scene, "10.0.0.1:80", true);
	assert_int_equal(weight(&scene, "10.0.0.1:80"), 10);
	while (scene.output.wake != UINT64_MAX) {
		assert_int_equal(scene.plan.ops.count, 1);
		operations += scene.plan.ops.count;
		scene_reach(&scene, 5);
		assert_true(scene.output.wake > scene.now);
		scene.now = scene.output.wake;
		scene_step(&scene);
	}
	assert_int_equal(operations + scene.plan.ops.count, 10);
	assert_int_equal(weight(&scene, "10.0.0.1:80"), 100);
	assert_true(scene.now == NOW + 60 * SECOND);
	scene_end(&scene);
}

/* Only what leaves the files waits for a confirmation. */
static void the_world_does_not_wait_for_a_confirmation(_unused_ void **state)
{
	struct scene scene;
	struct declared_service *service = scene_begin(&scene, "wlc", 30, true);

	service->quorum = 4;
	scene.hold = true;
	service->destinations.items[0].attributes.weight = 4;
	build_destination(&scene.live.services.items[0], "10.0.0.5:80", 1)->counts.active = 1;
	state_sort(&scene.live);
	scene_say(&scene, "10.0.0.1:80", false);
	assert_int_equal(weight(&scene, "10.0.0.1:80"), -1);
	assert_int_equal(weight(&scene, "10.0.0.2:80"), 0);
	assert_int_equal(weight(&scene, SORRY), 7);
	assert_int_equal(weight(&scene, "10.0.0.5:80"), 0);
	scene_reach(&scene, 0);
	scene.now += 3600 * SECOND;
	scene_say(&scene, "10.0.0.1:80", true);
	/* The fallback has no connections and goes; what left the file stays. */
	assert_int_equal(weight(&scene, SORRY), 0);
	assert_int_equal(weight(&scene, "10.0.0.5:80"), 0);
	scene_reach(&scene, 0);
	scene_step(&scene);
	assert_int_equal(weight(&scene, SORRY), -1);
	assert_int_equal(weight(&scene, "10.0.0.5:80"), 0);
	scene_end(&scene);
}

static void the_operator_does_not_wait_either(_unused_ void **state)
{
	struct scene scene;

	scene_begin(&scene, "wlc", 30, false);
	scene.hold = true;
	vector_push(&scene.facts.drains,
		((struct facts_drain){.destination = build_destination_key("10.0.0.1:80"),
			.everywhere = true,
			.until = UINT64_MAX}));
	scene_step(&scene);
	assert_int_equal(weight(&scene, "10.0.0.1:80"), 0);
	assert_int_equal(scene.output.memory.drains.items[0].reason, DRAIN_REASON_OPERATOR);
	assert_true(scene.output.wake <= NOW + STEP_DRAIN_POLL_NS);
	scene_reach(&scene, 0);
	scene_step(&scene);
	assert_int_equal(weight(&scene, "10.0.0.1:80"), -1);
	scene_end(&scene);
}

/* A destination that drains is not cut off by its check. */
static void a_drain_goes_on_when_the_check_fails(_unused_ void **state)
{
	struct scene scene;

	scene_begin(&scene, "wlc", 30, false)->destinations.items[0].drain = true;
	scene_step(&scene);
	scene_reach(&scene, 5);
	scene_say(&scene, "10.0.0.1:80", false);
	assert_int_equal(weight(&scene, "10.0.0.1:80"), 0);
	assert_int_equal(scene.plan.ops.count, 0);
	scene_end(&scene);
}

static void scene_begins_down(struct scene *scene, const char *target)
{
	const struct facts_health begins = {
		.key = {.target = build_destination_key(target), .check = "web"},
		.verdict = {.weight = VERDICT_NO_WEIGHT}};

	facts_put_health(&scene->facts, &begins, 1);
	scene_step(scene);
}

/* Its check is new, or it was taken out of the files and put back while it drained. */
static void who_serves_is_not_cut_off_by_how_a_check_begins(_unused_ void **state)
{
	struct scene scene;

	scene_begin(&scene, "wlc", 30, false);
	scene_begins_down(&scene, "10.0.0.1:80");
	assert_int_equal(weight(&scene, "10.0.0.1:80"), 0);
	assert_int_equal(scene.output.memory.drains.items[0].reason, DRAIN_REASON_UNTESTED);
	scene_reach(&scene, 5);
	scene_say(&scene, "10.0.0.1:80", true);
	assert_int_equal(weight(&scene, "10.0.0.1:80"), 2);
	assert_int_equal(scene.output.memory.drains.count, 0);
	scene_reach(&scene, 5);
	scene_begins_down(&scene, "10.0.0.1:80");
	scene_reach(&scene, 5);
	scene_say(&scene, "10.0.0.1:80", false);
	assert_int_equal(weight(&scene, "10.0.0.1:80"), -1);
	assert_int_equal(scene.output.memory.drains.count, 0);
	scene_end(&scene);
}

static void a_confirmation_is_awaited_before_a_check_begins_down(_unused_ void **state)
{
	struct scene scene;

	scene_begin(&scene, "wlc", 0, false);
	scene.hold = true;
	scene_begins_down(&scene, "10.0.0.1:80");
	assert_int_equal(weight(&scene, "10.0.0.1:80"), 0);
	scene.hold = false;
	scene_step(&scene);
	assert_int_equal(weight(&scene, "10.0.0.1:80"), -1);
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_is_one_operation),
		cmocka_unit_test(weight_zero_is_one_operation_too),
		cmocka_unit_test(a_fallback_comes_and_drains_away),
		cmocka_unit_test(somebody_serves_all_the_while),
		cmocka_unit_test(a_drain_of_a_fallback_is_cancelled),
		cmocka_unit_test(stepping_back_without_weight_zero_is_leaving),
		cmocka_unit_test(hysteresis_is_remembered),
		cmocka_unit_test(without_a_past_the_quorum_is_what_it_says),
		cmocka_unit_test(slow_start_wakes_at_its_steps),
		cmocka_unit_test(the_world_does_not_wait_for_a_confirmation),
		cmocka_unit_test(the_operator_does_not_wait_either),
		cmocka_unit_test(a_drain_goes_on_when_the_check_fails),
		cmocka_unit_test(who_serves_is_not_cut_off_by_how_a_check_begins),
		cmocka_unit_test(a_confirmation_is_awaited_before_a_check_begins_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
