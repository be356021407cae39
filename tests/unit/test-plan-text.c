// SPDX-License-Identifier: GPL-2.0-or-later
/* What a plan for people says of the things that the command line cannot be shown without a machine: what waits for a
 * confirmation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reconciler/plan_text.h"
#include "tests/support/build.h"

#define SECOND 1000000000ull
#define NOW    (100 * SECOND)
#define WEB    "tcp://192.0.2.1:80"

/* A destination of WEB that drains, with connections. */
struct scene {
	struct plan plan;
	struct state live;
	struct memory memory;
};

static void scene_drain(struct scene *scene, enum drain_reason reason)
{
	struct service *web = build_service(&scene->live, WEB, "wlc");
	struct destination *leaver = build_destination(web, "10.0.0.2:80", 0);
	struct memory_drain *drain = vector_append(&scene->memory.drains);

	leaver->counts = (struct destination_counts){.active = 3, .inactive = 4};
	*drain = (struct memory_drain){
		.service = web->key,
		.destination = leaver->key,
		.since = NOW - SECOND,
		.deadline = NOW + 2 * SECOND,
		.reason = reason,
	};
}

static void scene_says(struct scene *scene, bool hold, const char *expected)
{
	const struct plan_text_options options = {
		.now = NOW, .live = &scene->live, .memory = &scene->memory, .hold = hold};
	_cleanup_strbuf_ struct strbuf text = {};

	plan_format_text(&scene->plan, &options, &text);
	assert_string_equal(text.text, expected);
}

static void scene_clear(struct scene *scene)
{
	plan_clear(&scene->plan);
	state_clear(&scene->live);
	memory_clear(&scene->memory);
}

/* Nothing comes of a deadline while a confirmation is awaited, also where weight 0 works. */
static void what_waits_for_a_confirmation_has_no_deadline(_unused_ void **state)
{
	struct scene scene = {};

	scene_drain(&scene, DRAIN_REASON_REMOVED);
	scene_says(&scene, false,
		"  draining 10.0.0.2:80 of " WEB ": 7 connections, at most 2 s more (removed)\n"
		"No differences; 1 destination goes when it has drained.\n");
	scene_says(&scene, true,
		"  held 10.0.0.2:80 of " WEB
		": 7 connections, goes when the apply is confirmed (removed)\n"
		"No differences; 1 destination goes when the apply is confirmed.\n");
	scene_clear(&scene);
}

/* The operator's word acts as ever. */
static void the_operator_s_drain_does_not_wait(_unused_ void **state)
{
	struct scene scene = {};

	scene_drain(&scene, DRAIN_REASON_OPERATOR);
	scene_says(&scene, true,
		"  draining 10.0.0.2:80 of " WEB ": 7 connections, at most 2 s more (operator)\n"
		"No differences; 1 destination goes when it has drained.\n");
	scene_clear(&scene);
}

/* A service is named where it leaves, though no operation of the plan concerns it, and counted. */
static void a_service_that_leaves_is_named(_unused_ void **state)
{
	struct scene scene = {};
	struct plan_note *note = vector_append(&scene.plan.notes);

	*note = (struct plan_note){
		.kind = PLAN_NOTE_LEAVING, .service = build_key(WEB), .destinations = 1};
	scene_says(&scene, false,
		"  service " WEB " (goes when its destinations have drained)\n"
		"No differences; 1 service goes when it has drained.\n");
	scene_says(&scene, true,
		"  service " WEB " (goes when the apply is confirmed)\n"
		"No differences; 1 service goes when the apply is confirmed.\n");
	scene_drain(&scene, DRAIN_REASON_REMOVED);
	vector_push(&scene.memory.drains, scene.memory.drains.items[0]);
	scene.memory.drains.items[1].reason = DRAIN_REASON_OPERATOR;
	scene_says(&scene, true,
		"  service " WEB " (goes when the apply is confirmed)\n"
		"  held 10.0.0.2:80 of " WEB
		": 7 connections, goes when the apply is confirmed (removed)\n"
		"  draining 10.0.0.2:80 of " WEB ": 7 connections, at most 2 s more (operator)\n"
		"No differences; 1 destination goes when it has drained; 1 service and 1 "
		"destination go when the apply is confirmed.\n");
	scene_clear(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_waits_for_a_confirmation_has_no_deadline),
		cmocka_unit_test(a_service_that_leaves_is_named),
		cmocka_unit_test(the_operator_s_drain_does_not_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
