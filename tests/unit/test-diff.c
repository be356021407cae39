// SPDX-License-Identifier: GPL-2.0-or-later
/* diff(): one operation for each object that differs, none for the others, in the order that loses
 * no traffic. Plans are compared as texts, one line for each operation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "reconciler/diff.h"
#include "reconciler/plan_text.h"
#include "tests/support/build.h"

static const struct backend_abilities abilities = {
	.forward_methods = ~0u,
	.scheduler_change_disrupts = true,
	.sync_daemons = true,
	.sysctls = true,
	.timeouts = true,
};

struct scene {
	struct state desired, live;
	struct memory memory;
	enum config_prune prune;
};

static void scene_own(struct scene *scene, const char *listener)
{
	vector_append(&scene->memory.owned)->key = build_key(listener);
	vector_sort(&scene->memory.owned, service_compare);
}

static void scene_plan(struct scene *scene, struct plan *plan)
{
	state_sort(&scene->desired);
	state_sort(&scene->live);
	const struct diff_input input = {
		.desired = &scene->desired,
		.live = &scene->live,
		.memory = &scene->memory,
		.prune = scene->prune,
		.abilities = &abilities,
	};
	diff(&input, plan);
}

/* The plan's operations and notes as text must be `expected`. Ends the scene. */
static void scene_expect(struct scene *scene, const char *expected)
{
	static const char *const notes[] = {"unmanaged", "adopted", "kept", "leaving"};
	_cleanup_plan_ struct plan plan = {};
	_cleanup_strbuf_ struct strbuf text = {};
	char service[SERVICE_KEY_TEXT_SIZE];

	scene_plan(scene, &plan);
	vector_foreach(&plan.ops, op) {
		plan_op_format(op, &text);
		strbuf_add_char(&text, '\n');
	}
	vector_foreach(&plan.notes, note)
		strbuf_printf(&text, "? %s %s\n", notes[note->kind],
			service_key_format(&note->service, service));
	assert_string_equal(text.text ? text.text : "", expected);
	state_clear(&scene->desired);
	state_clear(&scene->live);
	memory_clear(&scene->memory);
}

static void equal_states_need_nothing(_unused_ void **state)
{
	struct scene scene = {};

	build_destination(
		build_service(&scene.desired, "tcp://192.0.2.1:80", "wlc"), "10.0.0.1:80", 1);
	build_destination(build_service(&scene.live, "tcp://192.0.2.1:80", "wlc"), "10.0.0.1:80", 1)
		->counts.active = 17;
	scene_own(&scene, "tcp://192.0.2.1:80");
	scene_expect(&scene, "");
}

static void a_new_service_comes_with_its_destinations_in_key_order(_unused_ void **state)
{
	struct scene scene = {};
	struct service *service = build_service(&scene.desired, "tcp://192.0.2.1:80", "sh");

	service->attributes.scheduler_flags = SCHEDULER_FLAG_SH_FALLBACK;
	build_destination(service, "10.0.0.10:80", 1);
	build_destination(service, "10.0.0.9:80", 2);
	scene_expect(&scene,
		"+ service tcp://192.0.2.1:80 scheduler sh scheduler-flags sh-fallback\n"
		"+ destination 10.0.0.9:80 of tcp://192.0.2.1:80 nat weight 2\n"
		"+ destination 10.0.0.10:80 of tcp://192.0.2.1:80 nat weight 1\n");
}

static void the_order_loses_no_traffic(_unused_ void **state)
{
	struct scene scene = {};
	struct service *want = build_service(&scene.desired, "tcp://192.0.2.1:80", "rr");
	struct service *have = build_service(&scene.live, "tcp://192.0.2.1:80", "wlc");

	build_destination(want, "10.0.0.1:80", 5);
	build_destination(want, "10.0.0.3:80", 1);
	build_destination(have, "10.0.0.1:80", 1);
	build_destination(have, "10.0.0.2:80", 0);
	build_service(&scene.live, "tcp://192.0.2.2:80", "wlc");
	build_destination(
		build_service(&scene.desired, "udp://192.0.2.3:53", "wlc"), "10.0.0.1:53", 1);
	*vector_append(&scene.desired.sysctls) =
		(struct sysctl){.name = "expire_nodest_conn", .value = "1"};
	*vector_append(&scene.live.sysctls) =
		(struct sysctl){.name = "expire_nodest_conn", .value = "0"};
	scene_own(&scene, "tcp://192.0.2.1:80");
	scene_own(&scene, "tcp://192.0.2.2:80");
	scene_expect(&scene, "~ sysctl expire_nodest_conn 0 -> 1\n"
			     "+ service udp://192.0.2.3:53 scheduler wlc\n"
			     "+ destination 10.0.0.1:53 of udp://192.0.2.3:53 nat weight 1\n"
			     "~ destination 10.0.0.1:80 of tcp://192.0.2.1:80 weight 1 -> 5\n"
			     "+ destination 10.0.0.3:80 of tcp://192.0.2.1:80 nat weight 1\n"
			     "- destination 10.0.0.2:80 of tcp://192.0.2.1:80\n"
			     "~ service tcp://192.0.2.1:80 scheduler wlc -> rr !\n"
			     "- service tcp://192.0.2.2:80\n");
}

static void only_a_scheduler_disrupts(_unused_ void **state)
{
	struct scene scene = {};
	struct service *want = build_service(&scene.desired, "tcp://192.0.2.1:80", "sh");

	want->attributes.scheduler_flags = SCHEDULER_FLAG_SH_PORT;
	want->attributes.persistent = true;
	want->attributes.persistence_timeout = 300;
	want->attributes.netmask = service_netmask(AF_INET, 24);
	build_service(&scene.live, "tcp://192.0.2.1:80", "sh");
	scene_own(&scene, "tcp://192.0.2.1:80");
	scene_expect(&scene, "~ service tcp://192.0.2.1:80 scheduler-flags none -> sh-port "
			     "persistence none -> 300s/24\n");
}

static void services_of_others(_unused_ void **state)
{
	static const struct {
		enum config_prune prune;
		const char *expected;
	} cases[] = {
		{CONFIG_PRUNE_OWNED,
			"- service tcp://192.0.2.1:80\n? unmanaged tcp://192.0.2.2:80\n"},
		{CONFIG_PRUNE_ALL, "- service tcp://192.0.2.1:80\n- service tcp://192.0.2.2:80\n"},
		{CONFIG_PRUNE_NONE, "? kept tcp://192.0.2.1:80\n? unmanaged tcp://192.0.2.2:80\n"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct scene scene = {.prune = cases[i].prune};

		build_service(&scene.live, "tcp://192.0.2.1:80", "wlc");
		build_service(&scene.live, "tcp://192.0.2.2:80", "wlc");
		scene_own(&scene, "tcp://192.0.2.1:80");
		scene_expect(&scene, cases[i].expected);
	}
}

static void a_declared_service_of_others_is_adopted(_unused_ void **state)
{
	struct scene scene = {};

	build_service(&scene.desired, "tcp://192.0.2.1:80", "wlc");
	build_destination(
		build_service(&scene.live, "tcp://192.0.2.1:80", "wlc"), "10.0.0.7:80", 1);
	scene_expect(&scene,
		"- destination 10.0.0.7:80 of tcp://192.0.2.1:80\n? adopted tcp://192.0.2.1:80\n");
}

static void what_is_about_to_go_is_said_and_not_adopted(_unused_ void **state)
{
	struct scene scene = {.prune = CONFIG_PRUNE_ALL};
	struct service *leaving = build_service(&scene.desired, "tcp://192.0.2.1:80", "wlc");

	leaving->leaving = true;
	build_destination(leaving, "10.0.0.7:80", 0);
	build_destination(
		build_service(&scene.live, "tcp://192.0.2.1:80", "wlc"), "10.0.0.7:80", 1);
	scene_expect(&scene, "~ destination 10.0.0.7:80 of tcp://192.0.2.1:80 weight 1 -> 0\n"
			     "? leaving tcp://192.0.2.1:80\n");
}

static void a_key_never_changes_in_place(_unused_ void **state)
{
	struct scene scene = {};

	build_service(&scene.desired, "tcp://192.0.2.1:8080", "wlc");
	build_service(&scene.live, "tcp://192.0.2.1:80", "wlc");
	scene_own(&scene, "tcp://192.0.2.1:80");
	scene_expect(&scene, "+ service tcp://192.0.2.1:8080 scheduler wlc\n"
			     "- service tcp://192.0.2.1:80\n");
}

static void globals_that_the_file_does_not_name_stay(_unused_ void **state)
{
	struct scene scene = {};

	scene.live.timeouts = (struct timeouts){true, true, true, 900, 120, 300};
	scene.desired.timeouts = (struct timeouts){.tcp_fin_set = true, .tcp_fin = 60};
	*vector_append(&scene.live.sync) =
		(struct sync_daemon){.role = SYNC_ROLE_BACKUP, .interface = "eth9"};
	*vector_append(&scene.live.sysctls) = (struct sysctl){.name = "drop_entry", .value = "3"};
	scene_expect(&scene, "~ timeouts tcp-fin 120s -> 60s\n");
}

static void sync_daemons_are_replaced(_unused_ void **state)
{
	struct sync_daemon daemon = {.role = SYNC_ROLE_ACTIVE,
		.interface = "eth0",
		.id = 7,
		.port = 8848,
		.ttl = 1,
		.max_length = 1456};
	struct scene scene = {};

	address_parse("224.0.0.81", &daemon.group);
	vector_push(&scene.live.sync, daemon);
	daemon.max_length = 0;
	vector_push(&scene.desired.sync, daemon);
	scene.desired.sync_managed = true;
	scene_expect(&scene, "");

	vector_push(&scene.live.sync, daemon);
	daemon.id = 8;
	vector_push(&scene.desired.sync, daemon);
	scene.desired.sync_managed = true;
	scene_expect(&scene, "~ sync active id 7 -> 8\n");

	daemon.role = SYNC_ROLE_BACKUP;
	vector_push(&scene.live.sync, daemon);
	scene.desired.sync_managed = true;
	scene_expect(&scene, "- sync backup\n");
}

static void it_grows_linearly(_unused_ void **state)
{
	struct scene scene = {};
	char text[64];

	/* 10,000 services of 10 destinations, every weight another: 100,000 updates. Quadratic work
	 * would take minutes here, and the test runner's patience with it. */
	for (unsigned int i = 0; i < 10000; i++) {
		snprintf(
			text, sizeof(text), "tcp://10.%u.%u.%u:80", i >> 16, i >> 8 & 255, i & 255);
		struct service *want = build_service(&scene.desired, text, "wlc");
		struct service *have = build_service(&scene.live, text, "wlc");
		vector_append(&scene.memory.owned)->key = want->key;
		for (unsigned int j = 1; j <= 10; j++) {
			snprintf(text, sizeof(text), "10.200.0.%u:80", j);
			build_destination(want, text, 2);
			build_destination(have, text, 1);
		}
	}
	_cleanup_plan_ struct plan plan = {};
	scene_plan(&scene, &plan);
	assert_int_equal(plan.ops.count, 100000);
	state_clear(&scene.desired);
	state_clear(&scene.live);
	memory_clear(&scene.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_states_need_nothing),
		cmocka_unit_test(a_new_service_comes_with_its_destinations_in_key_order),
		cmocka_unit_test(the_order_loses_no_traffic),
		cmocka_unit_test(only_a_scheduler_disrupts),
		cmocka_unit_test(services_of_others),
		cmocka_unit_test(a_declared_service_of_others_is_adopted),
		cmocka_unit_test(what_is_about_to_go_is_said_and_not_adopted),
		cmocka_unit_test(a_key_never_changes_in_place),
		cmocka_unit_test(globals_that_the_file_does_not_name_stay),
		cmocka_unit_test(sync_daemons_are_replaced),
		cmocka_unit_test(it_grows_linearly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
