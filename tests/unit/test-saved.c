// SPDX-License-Identifier: GPL-2.0-or-later
/* Saved plans: carried out exactly, and refused when they are not of this machine's state any more. */
#include "tests/unit/reconciler-fixture.h"

#define WEB "tcp://192.0.2.1:80"
#define TWO                                                                                        \
	"services:\n"                                                                              \
	"  web: {listen: [\"tcp://192.0.2.1:80\"], drain: 0s, destinations: [10.0.0.1, "           \
	"10.0.0.2]}\n"                                                                             \
	"  dns: {listen: [\"udp://192.0.2.1:53\"], drain: 0s, destinations: [10.0.0.3]}\n"
#define WEB_ONLY                                                                                   \
	"services:\n"                                                                              \
	"  web: {listen: [\"tcp://192.0.2.1:80\"], drain: 0s, destinations: [10.0.0.1, "           \
	"10.0.0.2]}\n"

/* Plans the way from what is there to `body`, as it would be read from a file. */
static void fixture_save(struct fixture *fixture, const char *body, struct plan_file *file)
{
	_cleanup_step_output_ struct step_output output = {};
	const char *applied;

	fixture_declare(fixture, body);
	fixture_open(fixture);
	assert_int_equal(reconciler_plan(&fixture->reconciler, &fixture->declared, NULL,
				 &file->plan, &output, &fixture->error),
		0);
	applied = fixture->reconciler.record.revision;
	file->applied = memory_copy_string(applied ? applied : "");
	vector_foreach(&output.memory.drains, drain)
		vector_push(&file->memory.drains, *drain);
}

/* Puts a destination of another program into one of our services. */
static void fixture_put_stray(struct fixture *fixture, const char *listener)
{
	struct service *service = fixture_service(fixture, listener);

	vector_push(&service->destinations,
		((struct destination){.key = build_destination_key("10.0.0.200:80"),
			.attributes = {.weight = 9}}));
}

static const struct destination *fixture_destination(
	struct fixture *fixture, const char *listener, const char *endpoint)
{
	struct destination_key key = build_destination_key(endpoint);
	struct service *service = fixture_service(fixture, listener);

	return service ? service_find_destination(service, &key) : NULL;
}

#define DNS "tcp://192.0.2.1:53"
#define WEB_LINE(destinations)                                                                     \
	"  web: {listen: [\"" WEB "\"], drain: 1s, destinations: [" destinations "]}\n"
#define DNS_LINE         "  dns: {listen: [\"" DNS "\"], drain: 1s, destinations: [10.0.0.3]}\n"
#define DNS_LINE_AT_ONCE "  dns: {listen: [\"" DNS "\"], drain: 0s, destinations: [10.0.0.3]}\n"
#define NEW_LINE         "  new: {listen: [\"tcp://192.0.2.7:80\"], destinations: [10.0.0.7]}\n"
#define DRAINING         "services:\n" WEB_LINE("10.0.0.1, 10.0.0.2") DNS_LINE
#define DRAINED          "services:\n" WEB_LINE("10.0.0.1") DNS_LINE

/* What its files leave out may be declared by now: it is for a new plan to say what becomes of that. */
static void a_saved_plan_is_refused_when_others_were_applied(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_plan_file_ struct plan_file file = {};

	fixture_reach(fixture, "services:\n" WEB_LINE("10.0.0.1"));
	fixture_save(fixture, "services:\n" WEB_LINE("10.0.0.1") NEW_LINE, &file);
	fixture_reach(fixture, "services:\n" WEB_LINE("10.0.0.1") DNS_LINE);
	fixture_declare(fixture, "services:\n" WEB_LINE("10.0.0.1") NEW_LINE);
	fixture->request.saved = &file;
	assert_int_equal(fixture_apply(fixture), -ESTALE);
	assert_non_null(strstr(fixture->error.text, "declared and owned"));
	assert_non_null(strstr(fixture->error.text, "poise diff --out"));
	assert_int_equal(memory_writes(fixture->table), 0);
	fixture->request.saved = NULL;
	fixture_reach(fixture, "services:\n" WEB_LINE("10.0.0.1"));
	fixture_declare(fixture, "services:\n" WEB_LINE("10.0.0.1") NEW_LINE);
	fixture->request.saved = &file;
	assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(fixture->outcome.applied.add, 2);
}

/* One that was made from a file of the live state does not know what was in force: it still does only what it says, whether
 * what it leaves out would drain or go at once. */
static void a_saved_plan_deletes_nothing_of_others(void **state)
{
	static const char *const others[] = {DNS_LINE, DNS_LINE_AT_ONCE};
	struct fixture *fixture = *state;
	struct service_key dns = build_key(DNS);

	for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
		_cleanup_plan_file_ struct plan_file file = {};
		_cleanup_free_ char *now =
			memory_printf("services:\n" WEB_LINE("10.0.0.1") "%s", others[i]);

		fixture->request.force = true;
		fixture_reach(fixture, "services:\n" WEB_LINE("10.0.0.1"));
		fixture_save(fixture, "services:\n" WEB_LINE("10.0.0.1") NEW_LINE, &file);
		free(STEAL(file.applied));
		fixture_reach(fixture, now);
		/* As if nobody had been there: what it does is safe by itself. */
		file.applied = memory_copy_string(fixture->reconciler.record.revision);
		fixture_declare(fixture, "services:\n" WEB_LINE("10.0.0.1") NEW_LINE);
		fixture->request.saved = &file;
		assert_int_equal(fixture_apply(fixture), 0);
		assert_int_equal(memory_writes(fixture->table), 2);
		assert_int_equal(
			fixture_destination(fixture, DNS, "10.0.0.3:53")->attributes.weight, 1);
		assert_int_equal(fixture->reconciler.record.memory.drains.count, 0);
		assert_non_null(memory_find_owned(&fixture->reconciler.record.memory, &dns));
		/* For the files it goes, as the next dry run says. */
		fixture->request.saved = NULL;
		assert_int_equal(fixture_apply(fixture), 0);
		assert_null(fixture_service(fixture, DNS));
	}
}

/* Applies the plan of a drain, after a stray came into each service. */
static void fixture_drain_by_plan(
	struct fixture *fixture, const char *after, struct plan_file *file)
{
	fixture_reach(fixture, DRAINING);
	fixture_save(fixture, after, file);
	fixture_put_stray(fixture, WEB);
	fixture_put_stray(fixture, DNS);
	fixture->request.saved = file;
	if (fixture_apply(fixture) < 0)
		fail_msg("%s", error_text(&fixture->error, 0));
}

static void fixture_strays_stand(struct fixture *fixture)
{
	static const char *const listeners[] = {WEB, DNS};

	for (size_t i = 0; i < ARRAY_LENGTH(listeners); i++) {
		const struct destination *stray =
			fixture_destination(fixture, listeners[i], "10.0.0.200:80");
		assert_non_null(stray);
		assert_int_equal(stray->attributes.weight, 9);
	}
}

static void a_saved_plan_ends_its_own_drains_alone(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_plan_file_ struct plan_file file = {};

	fixture_drain_by_plan(fixture, DRAINED, &file);
	fixture_strays_stand(fixture);
	assert_null(fixture_destination(fixture, WEB, "10.0.0.2:80"));
	assert_int_equal(memory_writes(fixture->table), 2); /* weight 0, then the deletion */
	assert_int_equal(fixture->outcome.draining, 0);
}

static void a_saved_plan_records_its_own_drains_alone(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_plan_file_ struct plan_file file = {};
	const struct memory *memory = &fixture->reconciler.record.memory;

	fixture->request.no_wait = true;
	fixture_drain_by_plan(fixture, DRAINED, &file);
	fixture_strays_stand(fixture);
	assert_int_equal(memory->drains.count, 1);
	struct destination_key leaver = build_destination_key("10.0.0.2:80");
	assert_int_equal(destination_key_compare(&memory->drains.items[0].destination, &leaver), 0);
}

/* The service of a plan goes with its destinations, unless there is one that the plan does not know. */
static void a_saved_plan_ends_a_service(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_plan_file_ struct plan_file file = {}, other = {};
	struct service_key dns = build_key(DNS);

	fixture_drain_by_plan(fixture, "services:\n" WEB_LINE("10.0.0.1, 10.0.0.2"), &file);
	fixture_strays_stand(fixture);
	assert_null(fixture_destination(fixture, DNS, "10.0.0.3:53"));
	assert_non_null(memory_find_owned(&fixture->reconciler.record.memory, &dns));
	fixture->request.saved = NULL;
	fixture_reach(fixture, DRAINING);
	fixture_save(fixture, "services:\n" WEB_LINE("10.0.0.1, 10.0.0.2"), &other);
	fixture->request.saved = &other;
	assert_int_equal(fixture_apply(fixture), 0);
	assert_null(fixture_service(fixture, DNS));
	assert_null(memory_find_owned(&fixture->reconciler.record.memory, &dns));
	assert_int_equal(fixture->outcome.applied.remove, 1);
}

/* A drain that the plan does not know, begun by the same files, is neither ended nor forgotten. */
static void a_saved_plan_leaves_older_drains(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_plan_file_ struct plan_file file = {};
	struct service_key key = build_key(WEB);
	struct destination_key leaver = build_destination_key("10.0.0.2:80");

	fixture_reach(fixture, DRAINING);
	memory_set_counts(fixture->table, &key, &leaver, (struct destination_counts){.active = 3});
	fixture->request.no_wait = true;
	fixture_reach(fixture, DRAINED);
	fixture_save(fixture, DRAINED NEW_LINE, &file);
	assert_int_equal(file.memory.drains.count, 1);
	file.memory.drains.count = 0;
	memory_set_counts(fixture->table, &key, &leaver, (struct destination_counts){});
	fixture->request.saved = &file;
	fixture->request.no_wait = false;
	assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(fixture->outcome.applied.remove, 0);
	assert_int_equal(fixture->outcome.draining, 1);
	assert_non_null(fixture_destination(fixture, WEB, "10.0.0.2:80"));
	/* One that it knows it ends. */
	fixture->request.saved = NULL;
	fixture->request.no_wait = true;
	fixture_declare(fixture, DRAINED);
	memory_set_counts(fixture->table, &key, &leaver, (struct destination_counts){.active = 3});
	fixture->request.force = true;
	fixture_reach(fixture, DRAINED);
	plan_clear(&file.plan);
	free(STEAL(file.applied));
	file.memory.drains.count = 0;
	fixture_save(fixture, DRAINED NEW_LINE, &file);
	memory_set_counts(fixture->table, &key, &leaver, (struct destination_counts){});
	fixture->request.saved = &file;
	fixture->request.no_wait = false;
	assert_int_equal(fixture_apply(fixture), 0);
	assert_null(fixture_destination(fixture, WEB, "10.0.0.2:80"));
	assert_int_equal(fixture->outcome.draining, 0);
}

/* One that nobody can tell to be of this state. */
static void a_saved_plan_that_knows_no_revision_is_refused(void **state)
{
	_cleanup_plan_file_ struct plan_file file = {};
	struct fixture *fixture = *state;

	fixture_reach(fixture, "services:\n" WEB_LINE("10.0.0.1"));
	fixture_save(fixture, "services:\n" WEB_LINE("10.0.0.1") NEW_LINE, &file);
	free(STEAL(file.applied));
	fixture->request.saved = &file;
	assert_int_equal(fixture_apply(fixture), -ESTALE);
	assert_non_null(strstr(fixture->error.text, "does not say what was in force"));
	assert_int_equal(memory_writes(fixture->table), 0);
}

/* What leaves without an operation, for it had no weight, and is idle before the plan is applied. */
static void a_saved_plan_ends_what_is_over(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_plan_file_ struct plan_file file = {};
	struct service_key key = build_key(WEB);
	struct destination_key leaver = build_destination_key("10.0.0.2:80");

	fixture_reach(fixture, "services:\n" WEB_LINE("10.0.0.1, {address: 10.0.0.2, weight: 0}"));
	memory_set_counts(fixture->table, &key, &leaver, (struct destination_counts){.active = 3});
	fixture_save(fixture, "services:\n" WEB_LINE("10.0.0.1"), &file);
	assert_int_equal(file.plan.ops.count, 0);
	assert_int_equal(file.memory.drains.count, 1);
	memory_set_counts(fixture->table, &key, &leaver, (struct destination_counts){});
	fixture->request.saved = &file;
	assert_int_equal(fixture_apply(fixture), 0);
	assert_null(fixture_destination(fixture, WEB, "10.0.0.2:80"));
	assert_int_equal(fixture->outcome.draining, 0);
}

static void a_confirmed_plan_ends_its_own_drains_alone(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_plan_file_ struct plan_file file = {};

	fixture->request.confirm_timeout = 0;
	fixture_reach(fixture, DRAINING);
	fixture_save(fixture, DRAINED, &file);
	fixture_put_stray(fixture, DNS);
	fixture->request.saved = &file;
	fixture->request.confirm_timeout = AWAITED * SECOND;
	assert_int_equal(fixture_apply(fixture), 0);
	fixture_put_stray(fixture, WEB);
	fixture_open(fixture);
	assert_int_equal(confirm_accept(&fixture->reconciler, false, NULL, &fixture->outcome,
				 &fixture->error),
		0);
	fixture_strays_stand(fixture);
	assert_null(fixture_destination(fixture, WEB, "10.0.0.2:80"));
	assert_int_equal(fixture->outcome.applied.remove, 1);
	assert_int_equal(fixture->outcome.draining, 0);
}

static void a_saved_plan_is_carried_out_or_refused(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_plan_file_ struct plan_file file = {};

	fixture_save(fixture, TWO, &file);
	fixture->request.saved = &file;
	/* A service of others does not matter to it; one in its way does. */
	struct service_key key = build_key("tcp://192.0.2.99:80");
	memory_put_service(fixture->table, &key,
		&(struct service_attributes){.scheduler = "rr", .netmask = ~0u});
	assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(fixture->outcome.done, file.plan.ops.count);
	memory_reset(fixture->table);
	assert_int_equal(fixture_apply(fixture), -ESTALE);
	assert_int_equal(memory_writes(fixture->table), 0);
}

static void a_saved_plan_that_deletes_needs_no_confirmation(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_plan_file_ struct plan_file file = {};

	fixture_reach(fixture, TWO);
	fixture_save(fixture, WEB_ONLY, &file);
	fixture->request.saved = &file;
	fixture->request.confirm_timeout = AWAITED * SECOND;
	assert_int_equal(fixture_apply(fixture), -EPERM);
	assert_non_null(strstr(fixture->error.text, "deletes"));
	fixture->request.confirm_timeout = 0;
	assert_int_equal(fixture_apply(fixture), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_saved_plan_is_refused_when_others_were_applied),
		TEST(a_saved_plan_that_knows_no_revision_is_refused),
		TEST(a_saved_plan_deletes_nothing_of_others),
		TEST(a_saved_plan_ends_its_own_drains_alone),
		TEST(a_saved_plan_records_its_own_drains_alone),
		TEST(a_saved_plan_ends_a_service),
		TEST(a_saved_plan_leaves_older_drains),
		TEST(a_saved_plan_ends_what_is_over),
		TEST(a_confirmed_plan_ends_its_own_drains_alone),
		TEST(a_saved_plan_is_carried_out_or_refused),
		TEST(a_saved_plan_that_deletes_needs_no_confirmation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
