// SPDX-License-Identifier: GPL-2.0-or-later
/* An apply from guard to verification on the in-memory backend, with the faults that a real kernel
 * cannot be made to show on demand: operations that fail, are lost or lie, another program in
 * between, a connection that ends. */
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

static void an_apply_reaches_what_is_declared(void **state)
{
	struct fixture *fixture = *state;

	fixture_reach(fixture, TWO);
	assert_int_equal(fixture->planned, 7); /* two services, three destinations, two sysctls */
	assert_int_equal(fixture->table->state.services.count, 2);
	assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(fixture->planned, 0);
	assert_int_equal(memory_writes(fixture->table), 0);
}

static void one_failure_does_not_stop_the_others(void **state)
{
	struct fixture *fixture = *state;

	fixture_declare(fixture, TWO);
	memory_fail(fixture->table, 3, -ENOMEM); /* the first service: after two sysctls */
	assert_int_equal(fixture_apply(fixture), -EIO);
	assert_int_equal(fixture->outcome.failed, 1);
	assert_int_equal(
		fixture->outcome.skipped, 2); /* its destinations: not failures of their own */
	assert_int_equal(fixture->table->state.services.count, 1);
	memory_reset(fixture->table);
	assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(fixture->table->state.services.count, 2);
}

static void a_lie_is_found_out(void **state)
{
	struct fixture *fixture = *state;

	fixture_declare(fixture, TWO);
	memory_drop(fixture->table, 4);
	assert_int_equal(fixture_apply(fixture), -EIO);
	assert_int_equal(fixture->mismatches, 1);
}

static void a_lost_connection_orphans_nothing(void **state)
{
	struct fixture *fixture = *state;

	fixture_reach(fixture, WEB_ONLY); /* sets the sysctls, which stay */
	fixture->request.force = true;
	fixture_reach(fixture, "");
	fixture->request.force = false;
	/* Two services and three destinations: five operations. */
	for (size_t k = 1; k <= 5; k++) {
		fixture_declare(fixture, TWO);
		memory_lose(fixture->table, k, -ECONNRESET);
		assert_true(fixture_apply(fixture) < 0);
		memory_reset(fixture->table);
		/* The next run declares nothing: whatever was made must go. */
		fixture->request.force = true;
		fixture_reach(fixture, "");
		assert_int_equal(fixture->table->state.services.count, 0);
		fixture->request.force = false;
	}
}

static void put_foreign(struct memory_table *table, _unused_ void *context)
{
	struct service_key key = build_key("tcp://192.0.2.99:80");

	memory_put_service(
		table, &key, &(struct service_attributes){.scheduler = "rr", .netmask = ~0u});
	key = build_key(WEB);
	memory_put_service(
		table, &key, &(struct service_attributes){.scheduler = "rr", .netmask = ~0u});
}

static void others_may_write_between_read_and_apply(void **state)
{
	struct fixture *fixture = *state;

	fixture_declare(fixture, TWO);
	fixture->table->interfere = put_foreign;
	assert_int_equal(fixture_apply(fixture), 0);
	assert_string_equal(fixture_service(fixture, WEB)->attributes.scheduler, "wlc");
	assert_string_equal(
		fixture_service(fixture, "tcp://192.0.2.99:80")->attributes.scheduler, "rr");
}

static void put_stray(struct memory_table *table, _unused_ void *context)
{
	struct service_key key = build_key(WEB);
	const struct destination strays[] = {
		{.key = build_destination_key("10.0.0.0:80"), .attributes.weight = 3},
		{.key = build_destination_key("10.0.0.2:80"), .attributes.weight = 4},
		{.key = build_destination_key("10.0.0.9:80"), .attributes.weight = 5},
	};

	memory_put_service(
		table, &key, &(struct service_attributes){.scheduler = "rr", .netmask = ~0u});
	for (size_t i = 0; i < ARRAY_LENGTH(strays); i++)
		vector_push(&state_find_service(&table->state, &key)->destinations, strays[i]);
}

/* What another program put into a service while we made it is not hidden, whether before or behind our own. */
static void a_stray_in_a_new_service_is_found_out(void **state)
{
	struct fixture *fixture = *state;

	fixture_declare(fixture, TWO);
	fixture->table->interfere = put_stray;
	assert_int_equal(fixture_apply(fixture), -EIO);
	assert_int_equal(fixture->mismatches, 2);
	assert_int_equal(fixture->outcome.mismatches, 2);
	assert_string_equal(fixture->mismatch, "- destination 10.0.0.0:80 of tcp://192.0.2.1:80\n"
					       "- destination 10.0.0.9:80 of tcp://192.0.2.1:80\n");
	/* Ours is as it was declared, and the next apply removes them. */
	memory_reset(fixture->table);
	assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(fixture_service(fixture, WEB)->destinations.count, 2);
}

static void foreign_services_stay_and_ours_go(void **state)
{
	struct fixture *fixture = *state;

	put_foreign(fixture->table, NULL);
	fixture_reach(fixture, TWO);
	fixture->request.force = true;
	fixture_reach(fixture, "");
	assert_int_equal(fixture->table->state.services.count, 1);
	assert_non_null(fixture_service(fixture, "tcp://192.0.2.99:80"));
}

static void other_files_are_refused(void **state)
{
	struct fixture *fixture = *state;

	fixture_reach(fixture, TWO);
	fixture->paths[0] = "/srv/other.yaml";
	assert_int_equal(fixture_apply(fixture), -EPERM);
	assert_non_null(strstr(fixture->error.text, "/etc/poise"));
	assert_non_null(strstr(fixture->error.text, "--replace"));
	fixture->request.replace = true;
	assert_int_equal(fixture_apply(fixture), 0);
}

static void the_blast_guard_holds(void **state)
{
	struct fixture *fixture = *state;

	fixture_reach(fixture, TWO);
	fixture_declare(fixture, "");
	assert_int_equal(fixture_apply(fixture), -EPERM);
	assert_int_equal(memory_writes(fixture->table), 0);
	fixture->request.force = true;
	assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(fixture->table->state.services.count, 0);
}

/* What `prune: none` kept goes when it is no longer said: that was declared once, and nobody took it back. */
static void the_blast_guard_counts_what_was_kept(void **state)
{
	struct fixture *fixture = *state;

	fixture_reach(fixture, TWO);
	fixture->request.force = false;
	fixture_declare(fixture, "prune: none\n");
	assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(fixture->table->state.services.count, 2);
	/* Also when the record is written once more meanwhile. */
	fixture_declare(fixture, "prune: none\n" TWO);
	assert_int_equal(fixture_apply(fixture), 0);
	fixture_declare(fixture, "prune: none\n" WEB_ONLY);
	assert_int_equal(fixture_apply(fixture), 0);
	fixture_declare(fixture, "prune: none\n");
	assert_int_equal(fixture_apply(fixture), 0);
	fixture_declare(fixture, "");
	assert_int_equal(fixture_apply(fixture), -EPERM);
	assert_non_null(strstr(fixture->error.text, "2 of 2 services would go"));
	assert_int_equal(fixture->table->state.services.count, 2);
	fixture->request.force = true;
	assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(fixture->table->state.services.count, 0);
	/* Then nothing is left to lose. */
	fixture->request.force = false;
	fixture_declare(fixture, "max-delete: 10%\n");
	assert_int_equal(fixture_apply(fixture), 0);
}

static void a_state_directory_that_cannot_be_written_stops_it_all(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *path = memory_printf("%s/state.json", fixture->directory);

	/* Root writes anywhere but over a directory. */
	fixture_declare(fixture, TWO);
	fixture_open(fixture);
	assert_int_equal(mkdir(path, 0755), 0);
	const struct reconciler_observer observer = {};
	assert_true(reconciler_apply(&fixture->reconciler, &fixture->request, &observer,
			    &fixture->outcome, &fixture->error) < 0);
	assert_int_equal(memory_writes(fixture->table), 0);
	assert_non_null(strstr(fixture->error.text, "state.json"));
}

static void drains_are_awaited(void **state)
{
	struct fixture *fixture = *state;
	struct service_key key = build_key(WEB);
	struct destination_key leaver = build_destination_key("10.0.0.2:80");

	fixture_reach(fixture, "services:\n  web: {listen: [\"" WEB
			       "\"], drain: 1s, destinations: [10.0.0.1, 10.0.0.2]}\n");
	memory_set_counts(fixture->table, &key, &leaver, (struct destination_counts){.active = 3});
	fixture_declare(fixture,
		"services:\n  web: {listen: [\"" WEB "\"], drain: 1s, destinations: [10.0.0.1]}\n");
	uint64_t start = reconciler_now();
	assert_int_equal(fixture_apply(fixture), 0);
	uint64_t took = reconciler_now() - start;
	assert_true(took >= SECOND && took < 30 * SECOND);
	assert_true(fixture->drain_calls > 0);
	assert_int_equal(fixture->outcome.draining, 0);
	assert_int_equal(fixture_service(fixture, WEB)->destinations.count, 1);
	assert_int_equal(memory_writes(fixture->table), 2); /* weight 0, then the deletion */
}

static void no_wait_leaves_drains_to_the_next(void **state)
{
	struct fixture *fixture = *state;
	struct service_key key = build_key(WEB);
	struct destination_key leaver = build_destination_key("10.0.0.2:80");

	fixture_reach(fixture,
		"services:\n  web: {listen: [\"" WEB "\"], destinations: [10.0.0.1, 10.0.0.2]}\n");
	memory_set_counts(fixture->table, &key, &leaver, (struct destination_counts){.active = 3});
	fixture->request.no_wait = true;
	fixture_reach(
		fixture, "services:\n  web: {listen: [\"" WEB "\"], destinations: [10.0.0.1]}\n");
	assert_int_equal(fixture->outcome.draining, 1);
	struct service *web = fixture_service(fixture, WEB);
	assert_int_equal(service_find_destination(web, &leaver)->attributes.weight, 0);
	/* An operator who has had enough ends the wait of the next one, too. */
	fixture->request.no_wait = false;
	fixture->stop = true;
	assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(fixture->outcome.draining, 1);
	memory_set_counts(fixture->table, &key, &leaver, (struct destination_counts){});
	assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(fixture_service(fixture, WEB)->destinations.count, 1);
}

/* Applies WEB_ONLY and a new service over TWO under a confirmation that is awaited for `seconds`.
 */
static void fixture_await(struct fixture *fixture, unsigned int seconds)
{
	fixture_reach(fixture, TWO);
	put_foreign(fixture->table, NULL);
	fixture->request.force = true;
	fixture->request.confirm_timeout = seconds * SECOND;
	fixture_declare(fixture, WEB_ONLY "  new: {listen: [\"tcp://192.0.2.7:80\"], destinations: "
					  "[10.0.0.7]}\n");
	if (fixture_apply(fixture) < 0)
		fail_msg("%s", error_text(&fixture->error, 0));
	fixture->request.confirm_timeout = 0;
	fixture->request.force = false;
	/* Nothing of what left is deleted yet. */
	assert_non_null(fixture_service(fixture, "udp://192.0.2.1:53"));
	assert_int_equal(fixture_service(fixture, "udp://192.0.2.1:53")
				 ->destinations.items[0]
				 .attributes.weight,
		0);
	assert_non_null(fixture_service(fixture, "tcp://192.0.2.7:80"));
}

static void a_confirmation_keeps_it(void **state)
{
	struct fixture *fixture = *state;

	fixture_await(fixture, AWAITED);

	fixture_open(fixture);
	assert_int_equal(confirm_settle(&fixture->reconciler, NULL, &fixture->error), 0);
	assert_true(fixture->reconciler.hold_deletions);
	assert_int_equal(confirm_accept(&fixture->reconciler, false, NULL, &fixture->outcome,
				 &fixture->error),
		0);
	assert_null(fixture_service(fixture, "udp://192.0.2.1:53"));
	assert_non_null(fixture_service(fixture, "tcp://192.0.2.7:80"));
	assert_int_equal(confirm_accept(&fixture->reconciler, false, NULL, &fixture->outcome,
				 &fixture->error),
		-ENOENT);
}

static void a_rollback_goes_back_to_the_last_weight(void **state)
{
	struct fixture *fixture = *state;

	fixture_await(fixture, AWAITED);
	fixture_open(fixture);
	assert_int_equal(
		confirm_rollback(&fixture->reconciler, NULL, &fixture->outcome, &fixture->error),
		0);
	assert_null(fixture_service(fixture, "tcp://192.0.2.7:80"));
	assert_int_equal(fixture_service(fixture, "udp://192.0.2.1:53")
				 ->destinations.items[0]
				 .attributes.weight,
		1);
	assert_string_equal(fixture_service(fixture, WEB)->attributes.scheduler, "rr");
	assert_non_null(fixture_service(fixture, "tcp://192.0.2.99:80"));
	/* The content that was refused is not taken again without a word. */
	assert_int_equal(fixture_apply(fixture), -EPERM);
	assert_non_null(strstr(fixture->error.text, "--force"));
}

static void an_expired_one_is_settled_by_whoever_comes(void **state)
{
	struct fixture *fixture = *state;

	fixture_await(fixture, 1);
	sleep(2);
	fixture_open(fixture);
	assert_int_equal(confirm_settle(&fixture->reconciler, NULL, &fixture->error), 0);
	/* The guard is a process with a copy of the table: it cannot have touched this one, and if
	 * it came first it has taken the file with it. */
	struct confirm_pending pending = {};
	assert_int_equal(confirm_load(&fixture->reconciler, &pending, &fixture->error), 0);
	assert_false(fixture->reconciler.hold_deletions);
}

/* What came with the apply goes at once, and does not drain: the record of before knows nothing of it, so nobody would end that. */
static void what_is_confirmed_too_late_leaves_nothing(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *path = memory_printf("%s/" CONFIRM_FILE, fixture->directory);
	_cleanup_confirm_pending_ struct confirm_pending pending = {};
	const struct facts facts = {};

	fixture_reach(
		fixture, "services:\n  web: {listen: [\"" WEB "\"], destinations: [10.0.0.1]}\n");
	fixture->request.confirm_timeout = AWAITED * SECOND;
	fixture_reach(fixture,
		"services:\n  web: {listen: [\"" WEB "\"], destinations: [10.0.0.1, 10.0.0.2]}\n");
	fixture_open(fixture);
	assert_int_equal(confirm_load(&fixture->reconciler, &pending, &fixture->error), 1);
	pending.deadline = 1; /* long past, while its guard still waits */
	_cleanup_free_ char *text = confirm_format(&pending);
	assert_int_equal(file_replace(path, text, strlen(text), 0600), 0);
	fixture->reconciler.facts = &facts;
	assert_int_equal(confirm_accept(&fixture->reconciler, false, NULL, &fixture->outcome,
				 &fixture->error),
		-ETIME);
	assert_ptr_equal(fixture->reconciler.facts, &facts);
	assert_int_equal(fixture_service(fixture, WEB)->destinations.count, 1);
	assert_false(confirm_exists(&fixture->reconciler));
}

static void a_void_record_owns_nothing(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_error_ struct error error = {};

	fixture_reach(fixture, TWO);
	memcpy(fixture->reconciler.record.boot, "another", 8);
	assert_int_equal(record_save(fixture->directory, &fixture->reconciler.record, &error), 0);
	fixture_declare(fixture, "");
	assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(fixture->table->state.services.count, 2);
}

static void what_could_not_be_made_is_not_ours(void **state)
{
	struct fixture *fixture = *state;
	struct service_key dns = build_key("udp://192.0.2.1:53");

	fixture_declare(fixture, TWO);
	memory_fail(fixture->table, 6, -ENOMEM); /* two sysctls, web and its two before it */
	assert_int_equal(fixture_apply(fixture), -EIO);
	assert_null(memory_find_owned(&fixture->reconciler.record.memory, &dns));
	/* Now another program makes it: it is that program's. */
	memory_reset(fixture->table);
	memory_put_service(fixture->table, &dns,
		&(struct service_attributes){.scheduler = "rr", .netmask = ~0u});
	fixture_reach(fixture, WEB_ONLY);
	assert_non_null(fixture_service(fixture, "udp://192.0.2.1:53"));
}

static void what_is_only_held_back_waits_too(void **state)
{
	struct fixture *fixture = *state;
	const char *before =
		"services:\n  web: {listen: [\"" WEB "\"], scheduler: sh, scheduler-flags: "
		"[], destinations: [10.0.0.1, 10.0.0.2]}\n";
	const char *after =
		"services:\n  web: {listen: [\"" WEB "\"], scheduler: sh, scheduler-flags: "
		"[], destinations: [10.0.0.1]}\n";

	fixture_reach(fixture, before);
	fixture->request.confirm_timeout = AWAITED * SECOND;
	fixture_reach(fixture, after);
	assert_int_equal(fixture->planned, 0);
	assert_int_equal(fixture_service(fixture, WEB)->destinations.count, 2);
	/* Another apply is refused while it waits, under the lock too. */
	fixture->request.confirm_timeout = 0;
	assert_int_equal(fixture_apply(fixture), -EBUSY);
	fixture_open(fixture);
	assert_int_equal(confirm_accept(&fixture->reconciler, false, NULL, &fixture->outcome,
				 &fixture->error),
		0);
	assert_int_equal(fixture_service(fixture, WEB)->destinations.count, 1);
}

/* Who confirms after every apply is told beforehand that there is nothing to confirm. */
static void what_changes_nothing_is_not_awaited(void **state)
{
	struct fixture *fixture = *state;
	struct confirm_pending pending = {};

	fixture_reach(fixture, TWO);
	assert_null(fixture->remark);
	fixture->request.confirm_timeout = AWAITED * SECOND;
	assert_int_equal(fixture_apply(fixture), 0);
	assert_non_null(fixture->remark);
	assert_non_null(strstr(fixture->remark, "nothing waits for a confirmation"));
	assert_int_equal(confirm_load(&fixture->reconciler, &pending, &fixture->error), 0);
	fixture_reach(fixture, WEB_ONLY);
	assert_null(fixture->remark);
}

static void a_damaged_record_does_not_stop_a_rollback(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *path = memory_printf("%s/state.json", fixture->directory);

	fixture_await(fixture, AWAITED);
	fixture_close(fixture);
	assert_int_equal(file_replace(path, "{", 1, 0600), 0);
	const struct reconciler_options options = {
		.backend = &memory_backend,
		.state_dir = fixture->directory,
		.run_dir = fixture->directory,
		.program = "test",
	};
	struct reconciler_options rescue = options;
	rescue.rescue = true;
	assert_int_equal(reconciler_open(&fixture->reconciler, &options, &fixture->error), -EINVAL);
	assert_int_equal(reconciler_open(&fixture->reconciler, &rescue, &fixture->error), 0);
	assert_int_equal(reconciler_lock(&fixture->reconciler, 0, &fixture->error), 0);
	assert_int_equal(
		confirm_rollback(&fixture->reconciler, NULL, &fixture->outcome, &fixture->error),
		0);
	assert_null(fixture_service(fixture, "tcp://192.0.2.7:80"));
	assert_int_equal(fixture->reconciler.record.memory.owned.count, 2);
}

/* The next boot finds the content refused, and what was confirmed last beside it. */
static void a_reboot_voids_what_was_not_confirmed(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *path = memory_printf("%s/confirm.json", fixture->directory);
	_cleanup_free_ char *confirmed = memory_printf("%s/confirmed.yaml", fixture->directory);
	_cleanup_free_ char *text = NULL, *kept = NULL;
	size_t size;

	fixture_await(fixture, AWAITED);
	assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &text, &size), 0);
	char *boot = strstr(text, "\\\"boot\\\":\\\"");
	assert_non_null(boot);
	boot[12] = boot[12] == '0' ? '1' : '0';
	assert_int_equal(file_replace(path, text, size, 0600), 0);
	assert_int_equal(fixture_apply(fixture), -EPERM);
	assert_non_null(strstr(fixture->error.text, "confirmed.yaml"));
	assert_int_not_equal(access(path, F_OK), 0);
	assert_int_equal(file_read(AT_FDCWD, confirmed, 1 << 20, &kept, &size), 0);
	assert_non_null(strstr(kept, "dns:"));
	assert_null(strstr(kept, "new:"));
}

static void put_file(struct fixture *fixture, const char *name)
{
	_cleanup_free_ char *path = memory_printf("%s/%s", fixture->directory, name);

	assert_int_equal(file_replace(path, "{", 1, 0600), 0);
}

static bool has_file(struct fixture *fixture, const char *name)
{
	_cleanup_free_ char *path = memory_printf("%s/%s", fixture->directory, name);

	return access(path, F_OK) == 0;
}

/* Who holds the lock removes them, also when it has nothing to write itself; who only looks does not, for somebody may be
 * writing them. */
static void half_files_of_the_killed_go(void **state)
{
	static const char *const halves[] = {
		"state.json.abcdef", "confirmed.yaml.ABC123", "confirm.json.abcdef"};
	struct fixture *fixture = *state;
	const struct reconciler_options options = {
		.backend = &memory_backend,
		.state_dir = fixture->directory,
		.run_dir = fixture->directory,
		.program = "test",
	};

	fixture_reach(fixture, TWO);
	fixture_close(fixture);
	for (size_t i = 0; i < ARRAY_LENGTH(halves); i++)
		put_file(fixture, halves[i]);
	put_file(fixture, "routers.json.abcdef"); /* another process of poised writes that one */
	assert_int_equal(reconciler_open(&fixture->reconciler, &options, &fixture->error), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(halves); i++)
		assert_true(has_file(fixture, halves[i]));
	assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(fixture->planned, 0);
	for (size_t i = 0; i < ARRAY_LENGTH(halves); i++)
		assert_false(has_file(fixture, halves[i]));
	assert_true(has_file(fixture, "routers.json.abcdef"));
	assert_true(has_file(fixture, "state.json"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_apply_reaches_what_is_declared),
		TEST(one_failure_does_not_stop_the_others),
		TEST(a_lie_is_found_out),
		TEST(a_lost_connection_orphans_nothing),
		TEST(others_may_write_between_read_and_apply),
		TEST(a_stray_in_a_new_service_is_found_out),
		TEST(foreign_services_stay_and_ours_go),
		TEST(other_files_are_refused),
		TEST(the_blast_guard_holds),
		TEST(the_blast_guard_counts_what_was_kept),
		TEST(a_state_directory_that_cannot_be_written_stops_it_all),
		TEST(drains_are_awaited),
		TEST(no_wait_leaves_drains_to_the_next),
		TEST(a_confirmation_keeps_it),
		TEST(a_rollback_goes_back_to_the_last_weight),
		TEST(an_expired_one_is_settled_by_whoever_comes),
		TEST(what_is_confirmed_too_late_leaves_nothing),
		TEST(a_void_record_owns_nothing),
		TEST(what_could_not_be_made_is_not_ours),
		TEST(what_is_only_held_back_waits_too),
		TEST(what_changes_nothing_is_not_awaited),
		TEST(a_damaged_record_does_not_stop_a_rollback),
		TEST(a_reboot_voids_what_was_not_confirmed),
		TEST(half_files_of_the_killed_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
