// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules of step(): what must exist now, given what is declared, live and remembered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reconciler/step.h"
#include "tests/support/build.h"
#include "tests/support/reached.h"

#define SECOND 1000000000ull
#define NOW    (100 * SECOND)
#define WEB    "tcp://192.0.2.1:80"

/* Everything that one call of step() needs. */
struct scene {
	struct declared declared;
	struct state live;
	struct memory memory;
	uint64_t now;
	bool hold;
	const struct facts *facts;
	struct step_output output;
};

static void scene_own(struct scene *scene, const char *listener, unsigned int drain)
{
	struct memory_service *owned = vector_append(&scene->memory.owned);

	owned->key = build_key(listener);
	owned->name = memory_copy_string("web");
	owned->drain = drain * SECOND;
	vector_sort(&scene->memory.owned, service_compare);
}

static void scene_step(struct scene *scene)
{
	build_sort(&scene->declared);
	state_sort(&scene->live);
	step_output_clear(&scene->output);
	const struct step_input input = {
		.declared = &scene->declared,
		.live = &scene->live,
		.memory = &scene->memory,
		.now = scene->now ? scene->now : NOW,
		.hold_deletions = scene->hold,
		.facts = scene->facts,
	};
	step(&input, &scene->output);
}

/* The next pass: what was wanted is live now, with the given number of active connections on every
 * destination. */
static void scene_reach(struct scene *scene, uint32_t active, uint64_t now)
{
	reached_take(&scene->live, &scene->memory, &scene->output, active);
	scene->now = now;
	scene_step(scene);
}

static void scene_clear(struct scene *scene)
{
	declared_clear(&scene->declared);
	state_clear(&scene->live);
	memory_clear(&scene->memory);
	step_output_clear(&scene->output);
}

static const struct destination *scene_desired(
	const struct scene *scene, const char *listener, const char *endpoint)
{
	struct service_key key = build_key(listener);
	struct destination_key destination = build_destination_key(endpoint);
	const struct service *service = state_find_service(&scene->output.desired, &key);

	return service ? service_find_destination(service, &destination) : NULL;
}

/* One declared and live service with .1 in the file and .1 and .2 in the table, .2 with
 * connections. */
static void scene_with_leaver(struct scene *scene, const char *scheduler, unsigned int drain)
{
	build_declared_destination(
		build_declared(&scene->declared, "web", WEB, scheduler, drain), "10.0.0.1:80", 1);
	struct service *service = build_service(&scene->live, WEB, scheduler);
	build_destination(service, "10.0.0.1:80", 1);
	build_destination(service, "10.0.0.2:80", 3)->counts.active = 7;
	scene_own(scene, WEB, drain);
	scene_step(scene);
}

static void declared_objects_are_desired(_unused_ void **state)
{
	struct scene scene = {};
	struct declared_service *service = build_declared(&scene.declared, "web", WEB, "wlc", 30);

	build_declared_destination(service, "10.0.0.2:80", 2);
	build_declared_destination(service, "10.0.0.1:80", 1);
	scene_step(&scene);
	assert_int_equal(scene.output.desired.services.count, 1);
	assert_int_equal(scene_desired(&scene, WEB, "10.0.0.2:80")->attributes.weight, 2);
	assert_int_equal(scene.output.memory.owned.count, 1);
	assert_string_equal(scene.output.memory.owned.items[0].name, "web");
	assert_true(scene.output.wake == UINT64_MAX);
	scene_clear(&scene);
}

static void a_removed_destination_drains_then_goes(_unused_ void **state)
{
	struct scene scene = {};

	scene_with_leaver(&scene, "wlc", 30);
	assert_int_equal(scene_desired(&scene, WEB, "10.0.0.2:80")->attributes.weight, 0);
	assert_int_equal(scene.output.memory.drains.count, 1);
	assert_true(scene.output.memory.drains.items[0].deadline == NOW + 30 * SECOND);
	assert_true(scene.output.wake <= NOW + STEP_DRAIN_POLL_NS);

	scene_reach(&scene, 1, NOW + 10 * SECOND);
	assert_non_null(scene_desired(&scene, WEB, "10.0.0.2:80"));
	/* The deadline is the first one, however often step() looks. */
	assert_true(scene.output.memory.drains.items[0].deadline == NOW + 30 * SECOND);

	scene_reach(&scene, 0, NOW + 11 * SECOND);
	assert_null(scene_desired(&scene, WEB, "10.0.0.2:80"));
	assert_int_equal(scene.output.memory.drains.count, 0);
	scene_clear(&scene);
}

static void a_drain_ends_at_its_deadline(_unused_ void **state)
{
	struct scene scene = {};

	scene_with_leaver(&scene, "wlc", 30);
	scene_reach(&scene, 5, NOW + 30 * SECOND - 1);
	assert_non_null(scene_desired(&scene, WEB, "10.0.0.2:80"));
	scene_reach(&scene, 5, NOW + 30 * SECOND);
	assert_null(scene_desired(&scene, WEB, "10.0.0.2:80"));
	scene_clear(&scene);
}

static void inactive_connections_count_templates_do_not(_unused_ void **state)
{
	struct scene scene = {};

	scene_with_leaver(&scene, "wlc", 30);
	scene_reach(&scene, 0, NOW);
	assert_null(scene_desired(&scene, WEB, "10.0.0.2:80"));
	struct destination *leaver =
		build_destination(&scene.live.services.items[0], "10.0.0.3:80", 0);
	leaver->counts.inactive = 1;
	scene_step(&scene);
	assert_non_null(scene_desired(&scene, WEB, "10.0.0.3:80"));
	struct destination_key key = build_destination_key("10.0.0.3:80");
	leaver = service_find_destination(&scene.live.services.items[0], &key);
	leaver->counts = (struct destination_counts){.persistent = 9};
	scene_step(&scene);
	assert_null(scene_desired(&scene, WEB, "10.0.0.3:80"));
	scene_clear(&scene);
}

static void declaring_it_again_cancels_a_drain(_unused_ void **state)
{
	struct scene scene = {};

	scene_with_leaver(&scene, "wlc", 30);
	build_declared_destination(&scene.declared.services.items[0], "10.0.0.2:80", 4);
	scene_reach(&scene, 1, NOW + SECOND);
	assert_int_equal(scene_desired(&scene, WEB, "10.0.0.2:80")->attributes.weight, 4);
	assert_int_equal(scene.output.memory.drains.count, 0);
	scene_clear(&scene);
}

static void drain_zero_is_at_once(_unused_ void **state)
{
	struct scene scene = {};

	scene_with_leaver(&scene, "wlc", 0);
	assert_null(scene_desired(&scene, WEB, "10.0.0.2:80"));
	assert_int_equal(scene.output.memory.drains.count, 0);
	scene_clear(&scene);
}

static void weight_zero_only_where_the_scheduler_honours_it(_unused_ void **state)
{
	static const struct {
		const char *scheduler;
		uint32_t flags;
		bool drains;
	} cases[] = {
		{"wlc", 0, true},
		{"rr", 0, true},
		{"acme", 0, true},
		{"dh", 0, false},
		{"sh", 0, false},
		{"sh", SCHEDULER_FLAG_SH_PORT, false},
		{"sh", SCHEDULER_FLAG_SH_FALLBACK, true},
		{"mh", 0, false},
		{"mh", SCHEDULER_FLAG_MH_FALLBACK, true},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct scene scene = {};

		scene_with_leaver(&scene, cases[i].scheduler, 30);
		scene.declared.services.items[0].attributes.scheduler_flags = cases[i].flags;
		scene.live.services.items[0].attributes.scheduler_flags = cases[i].flags;
		scene_step(&scene);
		assert_int_equal(
			scene_desired(&scene, WEB, "10.0.0.2:80") != NULL, cases[i].drains);
		scene_clear(&scene);
	}
}

static void state_drain_in_the_file_drains_and_is_never_added(_unused_ void **state)
{
	struct scene scene = {};

	scene_with_leaver(&scene, "wlc", 30);
	build_declared_destination(&scene.declared.services.items[0], "10.0.0.2:80", 3)->drain =
		true;
	build_declared_destination(&scene.declared.services.items[0], "10.0.0.9:80", 3)->drain =
		true;
	scene_step(&scene);
	assert_int_equal(scene_desired(&scene, WEB, "10.0.0.2:80")->attributes.weight, 0);
	assert_int_equal(scene.output.memory.drains.items[0].reason, DRAIN_REASON_DECLARED);
	assert_null(scene_desired(&scene, WEB, "10.0.0.9:80"));
	scene_reach(&scene, 0, NOW + SECOND);
	assert_null(scene_desired(&scene, WEB, "10.0.0.2:80"));
	scene_clear(&scene);
}

static void an_owned_service_that_leaves_drains_first(_unused_ void **state)
{
	struct scene scene = {};
	struct service *service = build_service(&scene.live, WEB, "wlc");

	build_destination(service, "10.0.0.1:80", 1)->counts.active = 1;
	build_destination(service, "10.0.0.2:80", 1)->counts.active = 1;
	scene_own(&scene, WEB, 60);
	scene_step(&scene);
	assert_int_equal(scene.output.desired.services.count, 1);
	assert_int_equal(scene.output.memory.drains.count, 2);
	assert_true(scene.output.memory.drains.items[0].deadline == NOW + 60 * SECOND);
	assert_int_equal(scene.output.memory.owned.count, 1);
	scene_reach(&scene, 0, NOW + SECOND);
	assert_int_equal(scene.output.desired.services.count, 0);
	assert_int_equal(scene.output.memory.owned.count, 0);
	scene_clear(&scene);
}

static void prune_decides_about_what_is_not_declared(_unused_ void **state)
{
	static const struct {
		enum config_prune prune;
		bool owned;
		bool goes; /* through a drain: it is desired, at weight 0 */
	} cases[] = {
		{CONFIG_PRUNE_OWNED, true, true},
		{CONFIG_PRUNE_OWNED, false, false},
		{CONFIG_PRUNE_ALL, true, true},
		{CONFIG_PRUNE_ALL, false, true},
		{CONFIG_PRUNE_NONE, true, false},
		{CONFIG_PRUNE_NONE, false, false},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct scene scene = {.declared.prune = cases[i].prune};

		build_destination(build_service(&scene.live, WEB, "wlc"), "10.0.0.1:80", 1)
			->counts.active = 1;
		if (cases[i].owned)
			scene_own(&scene, WEB, 30);
		scene_step(&scene);
		assert_int_equal(scene_desired(&scene, WEB, "10.0.0.1:80") != NULL, cases[i].goes);
		/* What is kept stays ours. */
		if (cases[i].owned)
			assert_int_equal(scene.output.memory.owned.count, 1);
		scene_clear(&scene);
	}
}

static void nothing_leaves_while_a_confirmation_is_awaited(_unused_ void **state)
{
	static const char *const schedulers[] = {"wlc", "dh"};

	for (size_t i = 0; i < ARRAY_LENGTH(schedulers); i++) {
		struct scene scene = {.hold = true};
		bool honours = i == 0;

		scene_with_leaver(&scene, schedulers[i], 0);
		build_service(&scene.live, "tcp://192.0.2.9:80", "wlc");
		scene_own(&scene, "tcp://192.0.2.9:80", 0);
		scene_step(&scene);
		assert_int_equal(scene_desired(&scene, WEB, "10.0.0.2:80")->attributes.weight,
			honours ? 0 : 3);
		assert_int_equal(scene.output.desired.services.count, 2);
		scene_reach(&scene, 0, NOW + 1000 * SECOND);
		assert_non_null(scene_desired(&scene, WEB, "10.0.0.2:80"));
		scene.hold = false;
		scene_reach(&scene, 0, NOW + 1001 * SECOND);
		assert_null(scene_desired(&scene, WEB, "10.0.0.2:80"));
		assert_int_equal(scene.output.desired.services.count, 1);
		scene_clear(&scene);
	}
}

static void flags_of_the_same_scheduler_come_before_the_drain(_unused_ void **state)
{
	struct scene scene = {};

	/* Adopted: live without the fallback flag, declared with it. */
	scene_with_leaver(&scene, "sh", 30);
	scene.declared.services.items[0].attributes.scheduler_flags = SCHEDULER_FLAG_SH_FALLBACK;
	scene_step(&scene);
	assert_int_equal(scene_desired(&scene, WEB, "10.0.0.2:80")->attributes.weight, 0);
	scene_clear(&scene);
}

static void a_sync_daemon_stays_while_a_confirmation_is_awaited(_unused_ void **state)
{
	for (int hold = 0; hold < 2; hold++) {
		struct scene scene = {.hold = hold, .declared.sync_managed = true};

		*vector_append(&scene.live.sync) = (struct sync_daemon){.interface = "eth0"};
		scene_step(&scene);
		assert_int_equal(scene.output.desired.sync.count, hold);
		scene_clear(&scene);
	}
}

/* A pass over one service that comes does not look at globals: they are there before it. */
static void nothing_hangs_where_a_service_stands_by(_unused_ void **state)
{
	const struct facts facts = {.routed = true};
	struct scene scene = {.facts = &facts};
	struct declared_service *service = build_declared(&scene.declared, "web", WEB, "wlc", 30);

	service->router = "edge";
	service->standby_removes = true;
	scene_step(&scene);
	assert_int_equal(scene.output.desired.services.count, 0);
	assert_int_equal(scene.output.desired.sysctls.count, 2);
	scene_clear(&scene);
}

static void connections_must_not_hang(_unused_ void **state)
{
	struct scene scene = {};

	scene_step(&scene);
	assert_int_equal(scene.output.desired.sysctls.count, 0);
	build_declared(&scene.declared, "web", WEB, "wlc", 30);
	scene_step(&scene);
	assert_int_equal(scene.output.desired.sysctls.count, 2);
	assert_string_equal(
		state_find_sysctl(&scene.output.desired, "expire_nodest_conn")->value, "1");
	*vector_append(&scene.declared.sysctls) =
		(struct sysctl){.name = "expire_nodest_conn", .value = "0"};
	scene_step(&scene);
	assert_int_equal(scene.output.desired.sysctls.count, 2);
	assert_string_equal(
		state_find_sysctl(&scene.output.desired, "expire_nodest_conn")->value, "0");
	assert_string_equal(
		state_find_sysctl(&scene.output.desired, "expire_quiescent_template")->value, "1");
	scene_clear(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(declared_objects_are_desired),
		cmocka_unit_test(a_removed_destination_drains_then_goes),
		cmocka_unit_test(a_drain_ends_at_its_deadline),
		cmocka_unit_test(inactive_connections_count_templates_do_not),
		cmocka_unit_test(declaring_it_again_cancels_a_drain),
		cmocka_unit_test(drain_zero_is_at_once),
		cmocka_unit_test(weight_zero_only_where_the_scheduler_honours_it),
		cmocka_unit_test(state_drain_in_the_file_drains_and_is_never_added),
		cmocka_unit_test(an_owned_service_that_leaves_drains_first),
		cmocka_unit_test(prune_decides_about_what_is_not_declared),
		cmocka_unit_test(nothing_leaves_while_a_confirmation_is_awaited),
		cmocka_unit_test(flags_of_the_same_scheduler_come_before_the_drain),
		cmocka_unit_test(a_sync_daemon_stays_while_a_confirmation_is_awaited),
		cmocka_unit_test(connections_must_not_hang),
		cmocka_unit_test(nothing_hangs_where_a_service_stands_by),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
