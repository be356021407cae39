// SPDX-License-Identifier: GPL-2.0-or-later
/* The engine on the in-memory backend, with a clock of its own: what poised does, turn by turn. */
#include "tests/unit/engine-fixture.h"

#include "tests/support/times.h"

static void the_files_come_true(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 3);
	assert_false(engine_is_degraded(&fixture->engine));
	turn(fixture);
	assert_int_equal(memory_writes(fixture->table), 0);
	assert_int_equal(fixture->events[ENGINE_EVENT_DRIFT], 0);
	assert_int_equal(fixture->engine.history.count, 1);
	assert_int_equal(fixture->engine.history.items[0].reason, ENGINE_REASON_START);
}

static void a_changed_file_touches_its_difference(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 100);
	uint64_t reads = fixture->engine.counters.reads;
	write_many(fixture, 100, 7);
	turn(fixture);
	assert_int_equal(memory_writes(fixture->table), 1);
	assert_int_equal(fixture->engine.counters.reads, reads);
	assert_int_equal(live(fixture, "tcp://10.0.0.1:80", "10.9.0.1:80")->attributes.weight, 7);
	assert_int_equal(fixture->engine.history.count, 2);
	assert_int_equal(fixture->engine.history.items[1].reason, ENGINE_REASON_FILES);
	/* The same content once more is no news, also when somebody asks for it. */
	write_many(fixture, 100, 7);
	turn(fixture);
	assert_int_equal(fixture->engine.history.count, 2);
	assert_int_equal(engine_reload(&fixture->engine, false, 0, "test", NULL), 0);
	turn(fixture);
	assert_int_equal(memory_writes(fixture->table), 1);
	assert_int_equal(fixture->engine.history.count, 2);
}

static void services_come_and_go(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 4);
	write_many(fixture, 6, 1);
	turn(fixture);
	assert_int_equal(fixture->table->state.services.count, 6);
	write_many(fixture, 5, 1);
	turn(fixture);
	assert_int_equal(fixture->table->state.services.count, 5);
	assert_int_equal(fixture->engine.reconciler.record.memory.owned.count, 5);
}

static void drift_is_put_right_at_the_resync(void **state)
{
	struct fixture *fixture = *state;
	struct service_key key = service_key("tcp://10.0.1.1:80");

	begin(fixture, 3);
	memory_remove_service(fixture->table, &key);
	live(fixture, "tcp://10.0.0.1:80", "10.9.0.2:80")->attributes.weight = 9;
	turn(fixture);
	assert_int_equal(fixture->table->state.services.count, 2);
	later(fixture, 31 * SECOND);
	assert_int_equal(fixture->table->state.services.count, 3);
	assert_int_equal(live(fixture, "tcp://10.0.0.1:80", "10.9.0.2:80")->attributes.weight, 1);
	/* The service and the destination: not the three that came back with it. */
	assert_int_equal(fixture->engine.counters.drift, 2);
	assert_int_equal(fixture->events[ENGINE_EVENT_DRIFT], 2);
	assert_string_equal(fixture->last[ENGINE_EVENT_DRIFT],
		"destination 10.9.0.2:80 of tcp://10.0.0.1:80|was changed: it is put right (weight "
		"9 -> 1)");
	later(fixture, 31 * SECOND);
	assert_int_equal(fixture->engine.counters.drift, 2);
	assert_int_equal(fixture->engine.history.items[1].reason, ENGINE_REASON_RESYNC);
}

static void a_stray_destination_is_drift(void **state)
{
	struct fixture *fixture = *state;
	struct service_key key = service_key("tcp://10.0.1.1:80");
	struct destination_key stray;
	struct destination_attributes attributes = {.weight = 1};

	begin(fixture, 3);
	assert_int_equal(destination_key_parse("10.9.9.9:80", &stray), 0);
	memory_put_destination(fixture->table, &key, &stray, &attributes);
	later(fixture, 31 * SECOND);
	assert_null(live(fixture, "tcp://10.0.1.1:80", "10.9.9.9:80"));
	assert_int_equal(fixture->engine.counters.drift, 1);
	assert_string_equal(fixture->last[ENGINE_EVENT_DRIFT],
		"destination 10.9.9.9:80 of tcp://10.0.1.1:80|was added: it is taken out");
}

static void a_stray_destination_that_drains_is_told_as_added(void **state)
{
	struct fixture *fixture = *state;
	struct service_key key = service_key("tcp://10.0.0.1:80");
	struct destination_key stray;
	struct destination_attributes attributes = {.weight = 1};

	write_file(fixture, "poise: 1\nservices:\n  web: {listen: tcp://10.0.0.1:80, destinations: "
			    "[10.1.0.1]}\n");
	start(fixture);
	turn(fixture);
	assert_int_equal(destination_key_parse("10.9.9.9:80", &stray), 0);
	memory_put_destination(fixture->table, &key, &stray, &attributes);
	later(fixture, 31 * SECOND);
	assert_int_equal(fixture->engine.counters.drift, 1);
	assert_string_equal(fixture->last[ENGINE_EVENT_DRIFT],
		"destination 10.9.9.9:80 of tcp://10.0.0.1:80|was added: it is taken out");
	later(fixture, 31 * SECOND);
	assert_null(live(fixture, "tcp://10.0.0.1:80", "10.9.9.9:80"));
	assert_int_equal(fixture->engine.counters.drift, 1);
}

static void a_bad_file_changes_nothing(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 3);
	write_file(fixture, "poise: 1\nservicez: {}\n");
	turn(fixture);
	assert_int_equal(memory_writes(fixture->table), 0);
	assert_non_null(fixture->engine.rejected);
	assert_non_null(strstr(fixture->engine.rejected->problems, "servicez"));
	assert_true(engine_is_degraded(&fixture->engine));
	assert_int_equal(fixture->events[ENGINE_EVENT_FILES_REJECTED], 1);
	/* Read again, it is not told again; drift is put right all the same. */
	engine_files_changed(&fixture->engine);
	struct service_key key = service_key("tcp://10.0.1.1:80");
	memory_remove_service(fixture->table, &key);
	later(fixture, 31 * SECOND);
	assert_int_equal(fixture->events[ENGINE_EVENT_FILES_REJECTED], 1);
	assert_int_equal(fixture->table->state.services.count, 3);
	write_many(fixture, 3, 1);
	turn(fixture);
	assert_null(fixture->engine.rejected);
	assert_false(engine_is_degraded(&fixture->engine));
}

static void a_restart_with_a_bad_file_takes_the_last_good_state(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 3);
	stop(fixture);
	write_file(fixture, "poise: 1\nservices: [\n");
	for (size_t i = 0; i < 3; i++) {
		struct service_key key = fixture->table->state.services.items[0].key;

		memory_remove_service(fixture->table, &key);
	}
	start(fixture);
	turn(fixture);
	assert_int_equal(fixture->table->state.services.count, 3);
	assert_true(fixture->engine.files->last_good);
	assert_true(engine_is_degraded(&fixture->engine));
	write_many(fixture, 3, 1);
	turn(fixture);
	assert_false(fixture->engine.files->last_good);
	assert_false(engine_is_degraded(&fixture->engine));
}

static void without_any_good_state_nothing_happens(void **state)
{
	struct fixture *fixture = *state;
	struct service_key key = service_key("tcp://10.7.7.7:80");
	struct service_attributes attributes = {.scheduler = "rr", .netmask = UINT32_MAX};

	memory_put_service(fixture->table, &key, &attributes);
	start(fixture); /* the file is missing */
	turn(fixture);
	assert_null(fixture->engine.files);
	assert_non_null(fixture->engine.rejected);
	assert_int_equal(memory_writes(fixture->table), 0);
	assert_int_equal(fixture->table->state.services.count, 1);
}

static void the_blast_guard_holds_until_forced(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_error_ struct error error = {};

	begin(fixture, 10);
	write_many(fixture, 2, 1);
	turn(fixture);
	assert_int_equal(memory_writes(fixture->table), 0);
	assert_non_null(fixture->engine.held);
	assert_non_null(strstr(fixture->engine.held_why, "reload --force"));
	assert_int_equal(fixture->events[ENGINE_EVENT_FILES_HELD], 1);
	later(fixture, 31 * SECOND);
	assert_int_equal(fixture->table->state.services.count, 10);
	assert_int_equal(engine_reload(&fixture->engine, true, 0, "test", &error), 0);
	turn(fixture);
	assert_int_equal(fixture->table->state.services.count, 2);
	assert_null(fixture->engine.held);
}

static void what_is_held_is_forgotten_when_the_files_go_back(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 10);
	write_many(fixture, 2, 1);
	turn(fixture);
	assert_non_null(fixture->engine.held);
	write_many(fixture, 10, 1);
	turn(fixture);
	assert_null(fixture->engine.held);
	assert_false(engine_is_degraded(&fixture->engine));
}

static void a_failed_operation_is_tried_again(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 3);
	memory_fail(fixture->table, 1, -ENOMEM);
	write_many(fixture, 3, 5);
	uint64_t now = reconciler_now();
	turn_at(fixture, now);
	assert_int_equal(fixture->engine.retries.count, 1);
	assert_int_equal(fixture->events[ENGINE_EVENT_FAILED], 1);
	assert_true(engine_is_degraded(&fixture->engine));
	/* Not at once; after a second it works. */
	turn_at(fixture, now);
	assert_int_equal(live(fixture, "tcp://10.0.0.1:80", "10.9.0.1:80")->attributes.weight, 1);
	later(fixture, 1100000000ull);
	assert_int_equal(live(fixture, "tcp://10.0.0.1:80", "10.9.0.1:80")->attributes.weight, 5);
	assert_int_equal(fixture->engine.retries.count, 0);
	assert_int_equal(fixture->events[ENGINE_EVENT_RECOVERED], 1);
	assert_int_equal(fixture->engine.counters.drift, 0);
}

static void failures_wait_longer_each_time_and_are_told_once(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, 3);
	write_many(fixture, 3, 5);
	uint64_t now = reconciler_now();
	for (int i = 0; i < 6; i++) {
		memory_fail(fixture->table, 1, -ENOMEM);
		turn_at(fixture, now);
		assert_int_equal(fixture->engine.retries.count, 1);
		assert_int_equal(fixture->engine.retries.items[0].attempts, i + 1);
		uint64_t wait = fixture->engine.retries.items[0].next - now;
		assert_true(wait <= (SECOND << i) && wait > (SECOND << i) / 2);
		/* A resync in between does not try it. */
		now += (SECOND << i) + SECOND / 100;
	}
	fixture->ahead = now - reconciler_now();
	assert_int_equal(fixture->events[ENGINE_EVENT_FAILED], 1);
	/* New files are a new chance. */
	write_many(fixture, 3, 6);
	turn(fixture);
	assert_int_equal(fixture->engine.retries.count, 0);
}

static void a_service_that_cannot_be_made_is_one_failure(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 3);
	memory_fail(fixture->table, 1, -ENOMEM);
	write_many(fixture, 4, 1);
	uint64_t now = reconciler_now();
	turn_at(fixture, now);
	assert_int_equal(fixture->engine.retries.count, 1);
	assert_int_equal(fixture->engine.reconciler.record.memory.owned.count, 3);
	turn_at(fixture, now);
	assert_int_equal(fixture->table->state.services.count, 3);
	later(fixture, 2 * SECOND);
	assert_int_equal(fixture->table->state.services.count, 4);
	assert_non_null(live(fixture, "tcp://10.0.3.1:80", "10.9.0.3:80"));
	assert_int_equal(fixture->engine.retries.count, 0);
}

static void every_tenth_operation_refused_converges(void **state)
{
	struct fixture *fixture = *state;

	write_many(fixture, 50, 1);
	start(fixture);
	for (int i = 0; i < 200; i++) {
		memory_fail(fixture->table, 10, -ENOMEM);
		later(fixture, SECOND);
	}
	assert_int_equal(fixture->table->state.services.count, 50);
	memory_reset(fixture->table);
	later(fixture, 61 * SECOND);
	assert_int_equal(fixture->engine.retries.count, 0);
	memory_reset(fixture->table);
	later(fixture, 61 * SECOND);
	assert_int_equal(memory_writes(fixture->table), 0);
}

static void the_operator_drains_and_takes_back(void **state)
{
	struct fixture *fixture = *state;
	struct facts_drain drain = target(NULL, "10.9.0.2");
	struct service_key key = service_key("tcp://10.0.0.1:80");
	size_t matches = 0;

	begin(fixture, 2);
	write_file(fixture,
		"poise: 1\nservices:\n  s0: {listen: \"tcp://10.0.0.1:80\", drain: 20s, "
		"destinations: [10.9.0.1, 10.9.0.2]}\n");
	turn(fixture);
	memory_set_counts(fixture->table, &key,
		&live(fixture, "tcp://10.0.0.1:80", "10.9.0.2:80")->key,
		(struct destination_counts){.active = 3});
	assert_int_equal(engine_drain(&fixture->engine, &drain, 0, "test", &matches, NULL), 0);
	assert_int_equal(matches, 1);
	turn(fixture);
	assert_int_equal(live(fixture, "tcp://10.0.0.1:80", "10.9.0.2:80")->attributes.weight, 0);
	assert_true(fixture->next <= reconciler_now() + fixture->ahead + SECOND);
	/* A restart remembers who drains it, and until when. */
	uint64_t deadline = fixture->engine.reconciler.record.memory.drains.items[0].deadline;
	stop(fixture);
	start(fixture);
	turn(fixture);
	assert_int_equal(live(fixture, "tcp://10.0.0.1:80", "10.9.0.2:80")->attributes.weight, 0);
	assert_true(fixture->engine.reconciler.record.memory.drains.items[0].deadline == deadline);
	/* Its last connection ends: it goes. */
	memory_set_counts(fixture->table, &key,
		&live(fixture, "tcp://10.0.0.1:80", "10.9.0.2:80")->key,
		(struct destination_counts){});
	later(fixture, SECOND);
	assert_null(live(fixture, "tcp://10.0.0.1:80", "10.9.0.2:80"));
	later(fixture, 31 * SECOND);
	assert_null(live(fixture, "tcp://10.0.0.1:80", "10.9.0.2:80"));
	assert_int_equal(fixture->engine.counters.drift, 0);
	assert_int_equal(engine_undrain(&fixture->engine, &drain, "test", NULL), 0);
	turn(fixture);
	assert_int_equal(live(fixture, "tcp://10.0.0.1:80", "10.9.0.2:80")->attributes.weight, 1);
	assert_int_equal(engine_undrain(&fixture->engine, &drain, "test", NULL), -ENOENT);
}

static void a_drain_for_a_time_ends_by_itself(void **state)
{
	struct fixture *fixture = *state;
	struct facts_drain drain = target("tcp://10.0.1.1:80", "10.9.0.2:80");
	size_t matches = 0;

	begin(fixture, 3);
	assert_int_equal(
		engine_drain(&fixture->engine, &drain, 600 * SECOND, "test", &matches, NULL), 0);
	turn(fixture);
	assert_null(live(fixture, "tcp://10.0.1.1:80", "10.9.0.2:80"));
	assert_non_null(live(fixture, "tcp://10.0.0.1:80", "10.9.0.2:80"));
	assert_int_equal(fixture->engine.counters.drift, 0);
	later(fixture, 500 * SECOND);
	assert_null(live(fixture, "tcp://10.0.1.1:80", "10.9.0.2:80"));
	later(fixture, 101 * SECOND);
	assert_non_null(live(fixture, "tcp://10.0.1.1:80", "10.9.0.2:80"));
	assert_int_equal(fixture->engine.operator.drains.count, 0);
}

static void a_suspended_poised_only_looks(void **state)
{
	struct fixture *fixture = *state;
	struct service_key key = service_key("tcp://10.0.1.1:80");
	_cleanup_plan_ struct plan plan = {};

	begin(fixture, 3);
	assert_int_equal(engine_suspend(&fixture->engine, "maintenance", "test", NULL), 0);
	memory_remove_service(fixture->table, &key);
	write_many(fixture, 3, 8);
	later(fixture, 31 * SECOND);
	assert_int_equal(memory_writes(fixture->table), 0);
	assert_int_equal(fixture->events[ENGINE_EVENT_DRIFT], 1);
	assert_int_equal(engine_plan(&fixture->engine, &plan, NULL), 0);
	assert_int_equal(plan.ops.count, 5);
	/* A restart stays suspended. */
	stop(fixture);
	start(fixture);
	turn(fixture);
	assert_true(fixture->engine.operator.suspended);
	assert_int_equal(memory_writes(fixture->table), 0);
	assert_int_equal(engine_resume(&fixture->engine, 0, "test", NULL), 0);
	turn(fixture);
	assert_int_equal(fixture->table->state.services.count, 3);
	assert_int_equal(live(fixture, "tcp://10.0.0.1:80", "10.9.0.1:80")->attributes.weight, 8);
	/* Not "start", which was long ago. */
	assert_int_equal(fixture->engine.history.items[fixture->engine.history.count - 1].reason,
		ENGINE_REASON_OPERATOR);
}

static void what_nobody_confirms_is_undone(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 4);
	assert_int_equal(engine_suspend(&fixture->engine, NULL, "test", NULL), 0);
	write_many(fixture, 3, 8);
	turn(fixture);
	assert_int_equal(engine_resume(&fixture->engine, 60 * SECOND, "test", NULL), 0);
	turn(fixture);
	assert_true(fixture->engine.confirming);
	assert_int_equal(live(fixture, "tcp://10.0.0.1:80", "10.9.0.1:80")->attributes.weight, 8);
	assert_int_equal(fixture->table->state.services.count, 4); /* nothing is deleted yet */
	/* Other files wait until it is decided. */
	write_many(fixture, 5, 8);
	turn(fixture);
	assert_non_null(fixture->engine.held);
	assert_int_equal(fixture->table->state.services.count, 4);
	write_many(fixture, 3, 8);
	turn(fixture);
	fixture->engine.confirm_deadline = reconciler_now() + fixture->ahead + SECOND;
	later(fixture, 2 * SECOND);
	assert_false(fixture->engine.confirming);
	assert_int_equal(live(fixture, "tcp://10.0.0.1:80", "10.9.0.1:80")->attributes.weight, 1);
	assert_int_equal(fixture->table->state.services.count, 4);
	/* The content stays refused, also after a restart, until the files change. */
	later(fixture, 31 * SECOND);
	assert_int_equal(live(fixture, "tcp://10.0.0.1:80", "10.9.0.1:80")->attributes.weight, 1);
	stop(fixture);
	start(fixture);
	turn(fixture);
	assert_non_null(fixture->engine.held);
	assert_int_equal(live(fixture, "tcp://10.0.0.1:80", "10.9.0.1:80")->attributes.weight, 1);
	assert_true(fixture->engine.files->last_good);
	write_many(fixture, 4, 9);
	turn(fixture);
	assert_int_equal(live(fixture, "tcp://10.0.0.1:80", "10.9.0.1:80")->attributes.weight, 9);
	assert_null(fixture->engine.held);
}

/* A reload that brings no news makes nothing younger. */
static void content_is_in_force_since_it_was_put_there(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 2);
	fixture->engine.history.items[0].wall = 1000999;
	assert_int_equal(engine_revision_since(&fixture->engine), 1000);
	assert_int_equal(engine_reload(&fixture->engine, false, 60 * SECOND, "test", NULL), 0);
	turn(fixture);
	assert_false(fixture->engine.confirming);
	assert_int_equal(engine_revision_since(&fixture->engine), 1000);
	write_many(fixture, 2, 5);
	turn(fixture);
	assert_true(engine_revision_since(&fixture->engine) > 1700000000);
}

/* What is warned of lies beside the files, and comes and goes without them. */
static void warnings_come_and_go(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *folder = memory_printf("%s/etc", fixture->directory);
	_cleanup_free_ char *odd = memory_printf("%s/old.yml", folder);

	assert_int_equal(file_make_directories(folder, 0755), 0);
	free(fixture->file);
	fixture->file = memory_printf("%s/poise.yaml", folder);
	fixture->paths[0] = folder;
	begin(fixture, 2);
	assert_null(fixture->engine.files->warnings);
	assert_int_equal(file_replace(odd, "poise: 1\n", 9, 0644), 0);
	engine_files_changed(&fixture->engine);
	turn(fixture);
	assert_non_null(strstr(fixture->engine.files->warnings, "old.yml is not read"));
	assert_int_equal(fixture->events[ENGINE_EVENT_FILES_WARNED], 1);
	assert_non_null(strstr(fixture->last[ENGINE_EVENT_FILES_WARNED], "old.yml is not read"));
	/* The same again is no news; nor is it for other files. */
	engine_files_changed(&fixture->engine);
	turn(fixture);
	write_many(fixture, 2, 5);
	turn(fixture);
	assert_int_equal(fixture->events[ENGINE_EVENT_FILES_WARNED], 1);
	assert_int_equal(unlink(odd), 0);
	engine_files_changed(&fixture->engine);
	turn(fixture);
	assert_null(fixture->engine.files->warnings);
	assert_int_equal(fixture->engine.counters.accepted, 2);
}

static void what_is_confirmed_stays(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_error_ struct error error = {};

	begin(fixture, 4);
	assert_int_equal(engine_confirm(&fixture->engine, "test", NULL), -ENOENT);
	assert_int_equal(engine_suspend(&fixture->engine, NULL, "test", NULL), 0);
	write_many(fixture, 3, 8);
	turn(fixture);
	assert_int_equal(engine_resume(&fixture->engine, 60 * SECOND, "test", NULL), 0);
	turn(fixture);
	/* A restart goes on waiting. */
	stop(fixture);
	start(fixture);
	turn(fixture);
	assert_true(fixture->engine.confirming);
	assert_int_equal(fixture->table->state.services.count, 4);
	assert_int_equal(live(fixture, "tcp://10.0.0.1:80", "10.9.0.1:80")->attributes.weight, 8);
	if (engine_confirm(&fixture->engine, "test", &error) < 0)
		fail_msg("%s", error.text);
	turn(fixture);
	assert_int_equal(fixture->table->state.services.count, 3);
	assert_int_equal(live(fixture, "tcp://10.0.0.1:80", "10.9.0.1:80")->attributes.weight, 8);
	assert_false(engine_is_degraded(&fixture->engine));
	stop(fixture);
	write_file(fixture, "poise: 1\nservices: [\n");
	start(fixture);
	turn(fixture);
	assert_int_equal(fixture->engine.files->declared.services.count, 3);
}

static void a_rollback_goes_back_at_once(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 4);
	write_many(fixture, 4, 8);
	assert_int_equal(engine_reload(&fixture->engine, false, 60 * SECOND, "test", NULL), 0);
	turn(fixture);
	assert_true(fixture->engine.confirming);
	assert_int_equal(engine_reload(&fixture->engine, false, 0, "test", NULL), -EBUSY);
	assert_int_equal(engine_rollback(&fixture->engine, "test", NULL), 0);
	turn(fixture);
	assert_int_equal(live(fixture, "tcp://10.0.0.1:80", "10.9.0.1:80")->attributes.weight, 1);
	assert_non_null(fixture->engine.held);
	assert_int_equal(engine_reload(&fixture->engine, true, 0, "test", NULL), 0);
	turn(fixture);
	assert_int_equal(live(fixture, "tcp://10.0.0.1:80", "10.9.0.1:80")->attributes.weight, 8);
}

#define LONE "services:\n  web: {listen: tcp://10.0.0.1:80, destinations: [10.9.0.1]}\n"

/* It does not wait for the one before to be over. */
static void another_resync_counts_at_once(void **state)
{
	struct fixture *fixture = *state;
	struct memory_table *table = fixture->table;

	write_file(fixture, "poise: 1\nresync: 1h\n" LONE);
	start(fixture);
	turn(fixture);
	write_file(fixture, "poise: 1\nresync: 1s\n" LONE);
	turn(fixture);
	service_clear(&table->state.services.items[0]);
	table->state.services.count = 0;
	later(fixture, 2 * SECOND);
	assert_int_equal(table->state.services.count, 1);
}

static void a_backend_that_is_not_there_is_tried_again(void **state)
{
	struct fixture *fixture = *state;

	write_many(fixture, 3, 1);
	fixture->table->open_code = -ENOENT;
	start(fixture);
	turn(fixture);
	assert_false(fixture->engine.connected);
	assert_true(engine_is_degraded(&fixture->engine));
	assert_int_equal(fixture->events[ENGINE_EVENT_BACKEND], 1);
	later(fixture, SECOND);
	assert_true(fixture->engine.connected);
	assert_int_equal(fixture->table->state.services.count, 3);
	assert_false(engine_is_degraded(&fixture->engine));
}

static void a_read_that_fails_is_tried_again(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 3);
	write_many(fixture, 3, 4);
	fixture->table->read_code = -EAGAIN;
	turn(fixture);
	assert_non_null(fixture->engine.pass_error.text);
	assert_int_equal(live(fixture, "tcp://10.0.0.1:80", "10.9.0.1:80")->attributes.weight, 1);
	later(fixture, SECOND);
	assert_null(fixture->engine.pass_error.text);
	assert_int_equal(live(fixture, "tcp://10.0.0.1:80", "10.9.0.1:80")->attributes.weight, 4);
}

static void other_paths_are_held(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *other = memory_printf("%s/other.yaml", fixture->directory);

	begin(fixture, 3);
	stop(fixture);
	_cleanup_free_ char *text = many(3, 6);
	assert_int_equal(file_replace(other, text, strlen(text), 0644), 0);
	fixture->paths[0] = other;
	start(fixture);
	turn(fixture);
	assert_non_null(fixture->engine.held);
	assert_non_null(strstr(fixture->engine.held_why, fixture->file));
	assert_int_equal(memory_writes(fixture->table), 0);
	assert_int_equal(engine_reload(&fixture->engine, true, 0, "test", NULL), 0);
	turn(fixture);
	assert_int_equal(live(fixture, "tcp://10.0.0.1:80", "10.9.0.1:80")->attributes.weight, 6);
	fixture->paths[0] = fixture->file;
}

static void a_full_state_directory_stops_no_weight(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *blocked = memory_printf("%s/blocked", fixture->directory);
	const char *good = fixture->engine.options.state_dir;

	begin(fixture, 3);
	good = fixture->engine.options.state_dir;
	/* A file where the directory should be: nothing can be written there. */
	assert_int_equal(file_replace(blocked, "", 0, 0644), 0);
	fixture->engine.options.state_dir = fixture->engine.reconciler.options.state_dir = blocked;
	write_many(fixture, 3, 4);
	turn(fixture);
	assert_int_equal(live(fixture, "tcp://10.0.0.1:80", "10.9.0.1:80")->attributes.weight, 4);
	assert_true(engine_is_degraded(&fixture->engine));
	/* What would become ours without a record does not. */
	write_many(fixture, 4, 4);
	turn(fixture);
	assert_int_equal(fixture->table->state.services.count, 3);
	fixture->engine.options.state_dir = fixture->engine.reconciler.options.state_dir = good;
	later(fixture, 11 * SECOND);
	assert_int_equal(fixture->table->state.services.count, 4);
	assert_false(engine_is_degraded(&fixture->engine));
}

static void everything_can_be_removed(void **state)
{
	struct fixture *fixture = *state;
	struct service_key key = service_key("tcp://10.7.7.7:80");
	struct service_attributes attributes = {.scheduler = "rr", .netmask = UINT32_MAX};

	begin(fixture, 3);
	memory_put_service(fixture->table, &key, &attributes);
	assert_int_equal(engine_remove_all(&fixture->engine, NULL), 0);
	assert_int_equal(fixture->table->state.services.count, 1);
	stop(fixture);
	start(fixture);
	turn(fixture);
	assert_int_equal(fixture->table->state.services.count, 4);
}

static void the_history_outlives_a_restart(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 3);
	write_many(fixture, 3, 4);
	turn(fixture);
	uint64_t serial = fixture->engine.serial;
	stop(fixture);
	start(fixture);
	assert_int_equal(fixture->engine.history.count, 2);
	assert_int_equal(fixture->engine.serial, serial);
	assert_int_equal(strlen(fixture->engine.history.items[1].revision), 64);
	turn(fixture);
	/* The same files again: nothing was changed, and the history says which revision came in force. */
	assert_int_equal(fixture->engine.history.items[0].reason, ENGINE_REASON_START);
}

/* Each object that was changed is named, with what became of it, in the log and in the history. */
static void what_was_changed_is_named(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 3);
	size_t before = fixture->events[ENGINE_EVENT_CHANGED];
	write_many(fixture, 3, 4);
	turn(fixture);
	assert_int_equal(fixture->events[ENGINE_EVENT_CHANGED], before + 1);
	assert_string_equal(fixture->last[ENGINE_EVENT_CHANGED],
		"destination 10.9.0.1:80 of tcp://10.0.0.1:80|changed (files): weight 1 -> 4");
	write_many(fixture, 2, 4);
	turn(fixture);
	assert_string_equal(
		fixture->last[ENGINE_EVENT_CHANGED], "service tcp://10.0.2.1:80|removed (files)");
	stop(fixture);
	start(fixture);
	const struct engine_entry *entry = &fixture->engine.history.items[1];
	assert_int_equal(entry->objects.count, 1);
	assert_string_equal(entry->objects.items[0],
		"~ destination 10.9.0.1:80 of tcp://10.0.0.1:80 weight 1 -> 4");
}

/* But not 100,000 of them. */
static void of_much_that_was_changed_the_first_are_named(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 100);
	const struct engine_entry *entry = &fixture->engine.history.items[0];
	assert_int_equal(fixture->events[ENGINE_EVENT_CHANGED], ENGINE_CHANGES_MOST + 1);
	assert_int_equal(entry->objects.count, ENGINE_CHANGES_MOST);
	_cleanup_free_ char *rest = memory_printf("|and %zu more objects (start)",
		entry->applied.add + entry->applied.change - ENGINE_CHANGES_MOST);
	assert_string_equal(fixture->last[ENGINE_EVENT_CHANGED], rest);
}

/* Files that ask for nothing new, as another `resync` does. */
static void files_that_change_nothing_are_in_the_history(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 3);
	size_t count = fixture->engine.history.count;
	_cleanup_free_ char *text = many(3, 1);
	_cleanup_free_ char *more = memory_printf("%sresync: 45s\n", text);
	write_file(fixture, more);
	turn(fixture);
	assert_int_equal(fixture->engine.history.count, count + 1);
	const struct engine_entry *last = &fixture->engine.history.items[count];
	assert_int_equal(last->reason, ENGINE_REASON_FILES);
	assert_int_equal(last->applied.add + last->applied.change + last->applied.remove, 0);
	assert_string_equal(last->revision, files_revision(fixture->engine.files));
	later(fixture, 50 * SECOND);
	assert_int_equal(fixture->engine.history.count, count + 1);
}

/* One destination among 10,000 x 10: planned and sent in less than a millisecond, without a full read. */
static void one_change_among_many_is_quick(void **state)
{
	struct fixture *fixture = *state;
	uint64_t times[31];
	size_t matches;

	begin_ten_thousand(fixture, "", "drain: 0s");
	uint64_t reads = fixture->engine.counters.reads;
	for (size_t i = 0; i < ARRAY_LENGTH(times); i++) {
		struct facts_drain drain = target("tcp://10.3.7.1:80", "172.21.3.7:80");

		memory_reset(fixture->table);
		if (i % 2 == 0)
			engine_drain(&fixture->engine, &drain, 0, "test", &matches, NULL);
		else
			engine_undrain(&fixture->engine, &drain, "test", NULL);
		turn(fixture);
		times[i] = fixture->engine.counters.last_pass_ns;
		assert_int_equal(memory_writes(fixture->table), 1);
	}
	assert_true(fixture->engine.counters.reads == reads);
	uint64_t median = times_median(times, ARRAY_LENGTH(times));
	print_message(
		"a pass over one of 10,000 services: %.3f ms (median)\n", (double)median / 1e6);
#ifndef __SANITIZE_ADDRESS__
	assert_true(median < 1000000);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(the_files_come_true),
		TEST(a_changed_file_touches_its_difference),
		TEST(services_come_and_go),
		TEST(drift_is_put_right_at_the_resync),
		TEST(a_stray_destination_is_drift),
		TEST(a_stray_destination_that_drains_is_told_as_added),
		TEST(a_bad_file_changes_nothing),
		TEST(a_restart_with_a_bad_file_takes_the_last_good_state),
		TEST(without_any_good_state_nothing_happens),
		TEST(the_blast_guard_holds_until_forced),
		TEST(what_is_held_is_forgotten_when_the_files_go_back),
		TEST(a_failed_operation_is_tried_again),
		TEST(failures_wait_longer_each_time_and_are_told_once),
		TEST(a_service_that_cannot_be_made_is_one_failure),
		TEST(every_tenth_operation_refused_converges),
		TEST(the_operator_drains_and_takes_back),
		TEST(a_drain_for_a_time_ends_by_itself),
		TEST(a_suspended_poised_only_looks),
		TEST(what_nobody_confirms_is_undone),
		TEST(content_is_in_force_since_it_was_put_there),
		TEST(warnings_come_and_go),
		TEST(what_is_confirmed_stays),
		TEST(a_rollback_goes_back_at_once),
		TEST(another_resync_counts_at_once),
		TEST(a_backend_that_is_not_there_is_tried_again),
		TEST(a_read_that_fails_is_tried_again),
		TEST(other_paths_are_held),
		TEST(a_full_state_directory_stops_no_weight),
		TEST(everything_can_be_removed),
		TEST(the_history_outlives_a_restart),
		TEST(what_was_changed_is_named),
		TEST(of_much_that_was_changed_the_first_are_named),
		TEST(files_that_change_nothing_are_in_the_history),
		TEST(one_change_among_many_is_quick),
	};

	return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
