// SPDX-License-Identifier: GPL-2.0-or-later
/* Moves from one backend to another, on two in memory: "memory", where a machine is at first, and "other". */
#include "tests/unit/reconciler-fixture.h"

#include "reconciler/move.h"

#define WEB     "tcp://192.0.2.1:80"
#define MAIL    "tcp://192.0.2.2:25"
#define FOREIGN "tcp://192.0.2.9:99"
#define SERVER  "10.0.0.1:80"
#define AT_ONCE "drain: 0s, "
#define WEB_BODY(drain)                                                                            \
	"  web: {listen: " WEB ", scheduler: rr, " drain "destinations: [10.0.0.1, 10.0.0.2]}\n"
#define MAIL_BODY(drain)                                                                           \
	"  mail: {listen: " MAIL ", scheduler: rr, " drain "destinations: [10.0.0.1]}\n"
#define AS_BEFORE(drain) "services:\n" WEB_BODY(drain) MAIL_BODY(drain)
/* In the new backend a server more, and one service less: of the old one both go. */
#define MOVED                                                                                      \
	"max-delete: 100%\nservices:\n  web: {listen: " WEB                                        \
	", destinations: [10.0.0.1, 10.0.0.2, 10.0.0.3]}\n"

static void put_foreign(struct memory_table *table)
{
	struct service_key key = build_key(FOREIGN);
	struct destination_key server = build_destination_key("10.9.9.9:99");
	struct service_attributes attributes = {.scheduler = "rr", .netmask = UINT32_MAX};
	struct destination_attributes weight = {.weight = 3};

	memory_put_service(table, &key, &attributes);
	memory_put_destination(table, &key, &server, &weight);
}

static const struct service *there(const struct memory_table *table, const char *listener)
{
	struct service_key key = build_key(listener);

	return state_find_service(&table->state, &key);
}

static uint32_t weight_of(
	const struct memory_table *table, const char *listener, const char *endpoint)
{
	struct destination_key key = build_destination_key(endpoint);
	const struct service *service = there(table, listener);
	const struct destination *found = service ? service_find_destination(service, &key) : NULL;

	return found ? found->attributes.weight : UINT32_MAX;
}

static void connect_to(struct memory_table *table, uint32_t active)
{
	struct service_key key = build_key(WEB);
	struct destination_key server = build_destination_key(SERVER);

	memory_set_counts(table, &key, &server,
		(struct destination_counts){.active = active, .inactive = active ? 1 : 0});
}

/* A machine with both services in "memory", and somebody else's in both. */
static void begin(struct fixture *fixture, const char *body)
{
	put_foreign(fixture->table);
	put_foreign(fixture->other);
	fixture_reach(fixture, body);
	memory_reset(fixture->other);
}

/* The files say "other" from now on. */
static void turn(struct fixture *fixture, const char *body)
{
	fixture->backend = &memory_other_backend;
	fixture_declare(fixture, body);
}

static struct state copy_of(const struct memory_table *table)
{
	struct state copy = {};

	state_copy(&copy, &table->state);
	return copy;
}

static void assert_untouched(const struct memory_table *table)
{
	assert_int_equal(memory_writes(table), 0);
	assert_int_equal(table->operations, 0);
}

static void assert_foreign(const struct memory_table *table)
{
	assert_int_equal(weight_of(table, FOREIGN, "10.9.9.9:99"), 3);
	assert_int_equal(there(table, FOREIGN)->destinations.count, 1);
}

/* Nothing of ours in the old one, all in the new one, and nothing left to do. */
static void assert_moved(struct fixture *fixture)
{
	_cleanup_record_ struct record record = {};

	assert_int_equal(fixture->table->state.services.count, 1);
	assert_foreign(fixture->table);
	assert_foreign(fixture->other);
	assert_int_equal(fixture->other->state.services.count, 2);
	assert_int_equal(weight_of(fixture->other, WEB, "10.0.0.3:80"), 1);
	assert_int_equal(record_load(fixture->directory, &record, &fixture->error), 0);
	assert_string_equal(record.backend, "other");
	assert_null(record.left.backend);
	assert_int_equal(record.memory.owned.count, 1);
	memory_reset(fixture->table);
	memory_reset(fixture->other);
	assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(fixture->planned, 0);
	assert_untouched(fixture->table);
	assert_untouched(fixture->other);
}

static void test_moves(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, AS_BEFORE(AT_ONCE));
	turn(fixture, MOVED);
	if (fixture_apply(fixture) < 0)
		fail_msg("%s", error_text(&fixture->error, 0));
	assert_moved(fixture);
}

static struct state web_when_withdrawn;

/* The first operation in the old backend: what does the new one have? */
static void look_at_the_other(_unused_ struct memory_table *table, void *context)
{
	state_copy(&web_when_withdrawn, &((struct memory_table *)context)->state);
}

static void test_new_one_is_prepared_first(void **state)
{
	struct fixture *fixture = *state;
	struct service_key key = build_key(WEB);

	begin(fixture, AS_BEFORE(AT_ONCE));
	turn(fixture, MOVED);
	fixture->table->interfere = look_at_the_other;
	fixture->table->context = fixture->other;
	assert_int_equal(fixture_apply(fixture), 0);
	assert_non_null(state_find_service(&web_when_withdrawn, &key));
	assert_int_equal(state_find_service(&web_when_withdrawn, &key)->destinations.count, 3);
	state_clear(&web_when_withdrawn);
}

/* The record names both sets before the first operation. */
struct early_look {
	const char *directory;
	struct record record;
};

static void look_at_the_record(_unused_ struct memory_table *table, void *context)
{
	struct early_look *look = context;
	_cleanup_error_ struct error error = {};

	assert_int_equal(record_load(look->directory, &look->record, &error), 0);
}

static void test_record_has_both_before(void **state)
{
	struct fixture *fixture = *state;
	struct early_look look = {.directory = fixture->directory};

	begin(fixture, AS_BEFORE(AT_ONCE));
	turn(fixture, MOVED);
	fixture->other->interfere = look_at_the_record;
	fixture->other->context = &look;
	assert_int_equal(fixture_apply(fixture), 0);
	assert_string_equal(look.record.backend, "other");
	assert_string_equal(look.record.left.backend, "memory");
	assert_int_equal(look.record.memory.owned.count, 1);
	assert_int_equal(look.record.left.memory.owned.count, 2);
	record_clear(&look.record);
}

static void test_drains_as_the_files_said(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, AS_BEFORE(""));
	connect_to(fixture->table, 4);
	turn(fixture, MOVED);
	fixture->request.no_wait = true;
	assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(weight_of(fixture->table, WEB, SERVER), 0);
	assert_int_equal(fixture->outcome.draining, 3);
	assert_int_equal(fixture->reconciler.left.move.connections, 5);
	/* The idle ones go, the other waits for its connections. */
	assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(there(fixture->table, WEB)->destinations.count, 1);
	assert_null(there(fixture->table, MAIL));
	assert_int_equal(fixture->outcome.draining, 1);
	connect_to(fixture->table, 0);
	assert_int_equal(fixture_apply(fixture), 0);
	assert_moved(fixture);
}

static void test_waits_for_drains(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, AS_BEFORE("drain: 1s, "));
	connect_to(fixture->table, 4);
	turn(fixture, MOVED);
	assert_int_equal(fixture_apply(fixture), 0);
	assert_true(fixture->drain_calls > 0);
	assert_moved(fixture);
}

static void test_unprepared_is_not_withdrawn(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, AS_BEFORE(AT_ONCE));
	turn(fixture, MOVED);
	memory_fail(fixture->other, 3, -ENOMEM);
	assert_int_equal(fixture_apply(fixture), -EIO);
	assert_non_null(strstr(fixture->error.text, "serves on"));
	assert_untouched(fixture->table);
	error_clear(&fixture->error);
	assert_int_equal(fixture_apply(fixture), 0);
	assert_moved(fixture);
}

static void test_new_one_is_not_there(void **state)
{
	struct fixture *fixture = *state;
	const struct reconciler_options options = {
		.backend = &memory_other_backend,
		.find = memory_find,
		.state_dir = fixture->directory,
		.run_dir = fixture->directory,
		.program = "test",
	};
	struct reconciler reconciler;

	begin(fixture, AS_BEFORE(AT_ONCE));
	fixture_close(fixture);
	memory_table_use_other(fixture->other);
	fixture->other->gone = true;
	assert_int_equal(reconciler_open(&reconciler, &options, &fixture->error), -ENOENT);
	assert_untouched(fixture->table);
	fixture_declare(fixture, AS_BEFORE(AT_ONCE));
	assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(fixture->planned, 0);
}

/* What it held has gone with it. */
static void test_old_one_is_not_there(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, AS_BEFORE(""));
	fixture->table->gone = true;
	turn(fixture, MOVED);
	assert_int_equal(fixture_apply(fixture), 0);
	assert_null(fixture->reconciler.record.left.backend);
	assert_non_null(there(fixture->other, WEB));
}

static void test_old_one_cannot_be_read(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, AS_BEFORE(AT_ONCE));
	turn(fixture, MOVED);
	fixture->table->open_code = -EPERM;
	assert_int_equal(fixture_apply(fixture), -EPERM);
	assert_non_null(strstr(fixture->error.text, "memory, which the files leave"));
	assert_untouched(fixture->other);
}

/* Files that name the old one again turn it around. */
static void test_turns_around(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, AS_BEFORE(""));
	connect_to(fixture->table, 4);
	turn(fixture, MOVED);
	fixture->request.no_wait = true;
	assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(weight_of(fixture->table, WEB, SERVER), 0);
	fixture->backend = &memory_backend;
	fixture_declare(fixture, AS_BEFORE(""));
	for (int i = 0; i < 3; i++)
		assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(weight_of(fixture->table, WEB, SERVER), 1);
	assert_int_equal(fixture->table->state.services.count, 3);
	assert_int_equal(fixture->other->state.services.count, 1);
	assert_foreign(fixture->other);
	assert_int_equal(fixture->planned, 0);
	assert_null(fixture->reconciler.record.left.backend);
}

static void test_prune_none_keeps(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, AS_BEFORE(AT_ONCE));
	turn(fixture, "prune: none\n" MOVED);
	assert_int_equal(fixture_apply(fixture), 0);
	assert_untouched(fixture->table);
	assert_non_null(there(fixture->other, WEB));
	fixture_declare(fixture, MOVED);
	assert_int_equal(fixture_apply(fixture), 0);
	assert_moved(fixture);
}

/* In the backend that is left, `prune: all` takes nothing of others. */
static void test_prune_all_spares_others(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, AS_BEFORE(AT_ONCE));
	turn(fixture, "prune: all\n" MOVED);
	for (int i = 0; i < 2; i++) {
		fixture->request.no_wait = true;
		assert_int_equal(fixture_apply(fixture), 0);
	}
	assert_foreign(fixture->table);
	assert_null(there(fixture->table, WEB));
	assert_null(there(fixture->other, FOREIGN));
}

/* The same where they are seen. */
static void test_thinks_of_ours_alone(_unused_ void **state)
{
	static const struct backend_abilities abilities = {.routes = true};
	struct memory_table *table = memory_table_new();
	struct record_left left = {.backend = (char *)"memory"};
	_cleanup_move_ struct move move = {};
	const struct move_input input = {
		.left = &left,
		.to = "other",
		.live = &table->state,
		.abilities = &abilities,
		.prune = CONFIG_PRUNE_ALL,
	};

	put_foreign(table);
	vector_append(&left.memory.owned)->key = build_key(WEB);
	move_think(&input, &move);
	assert_int_equal(move.plan.ops.count, 0);
	assert_int_equal(move.services, 0);
	assert_true(move_ends(&move));
	memory_clear(&left.memory);
	memory_table_free(table);
}

static void test_thinks_of_nothing_while_held(_unused_ void **state)
{
	static const struct backend_abilities abilities = {};
	struct memory_table *table = memory_table_new();
	struct record_left left = {.backend = (char *)"memory"};
	_cleanup_move_ struct move move = {};
	const struct move_input input = {
		.left = &left,
		.to = "other",
		.live = &table->state,
		.abilities = &abilities,
		.hold = true,
	};

	put_foreign(table);
	vector_append(&left.memory.owned)->key = build_key(FOREIGN);
	move_think(&input, &move);
	assert_int_equal(move.plan.ops.count, 0);
	assert_int_equal(move.services, 1);
	assert_true(move_is_news(&move));
	assert_false(move_ends(&move));
	assert_int_equal(move.thought.memory.owned.count, 1);
	memory_clear(&left.memory);
	memory_table_free(table);
}

/* Under a confirmation */

static void begin_confirmed(struct fixture *fixture, uint64_t timeout)
{
	begin(fixture, AS_BEFORE(AT_ONCE));
	turn(fixture, MOVED);
	fixture->request.confirm_timeout = timeout;
	assert_int_equal(fixture_apply(fixture), 0);
	fixture->request.confirm_timeout = 0;
	assert_untouched(fixture->table);
	assert_non_null(there(fixture->other, WEB));
}

static void test_confirmed(void **state)
{
	struct fixture *fixture = *state;

	begin_confirmed(fixture, AWAITED * SECOND);
	fixture_open(fixture);
	assert_int_equal(confirm_accept(&fixture->reconciler, false, NULL, &fixture->outcome,
				 &fixture->error),
		0);
	assert_moved(fixture);
}

static void assert_undone(struct fixture *fixture, const struct state *before)
{
	_cleanup_record_ struct record record = {};

	assert_int_equal(fixture->other->state.services.count, 1);
	assert_foreign(fixture->other);
	assert_int_equal(fixture->table->state.services.count, before->services.count);
	assert_int_equal(record_load(fixture->directory, &record, &fixture->error), 0);
	assert_string_equal(record.backend, "memory");
	assert_null(record.left.backend);
	assert_int_equal(record.memory.owned.count, 2);
	fixture->backend = &memory_backend;
	fixture_declare(fixture, AS_BEFORE(AT_ONCE));
	assert_int_equal(fixture_apply(fixture), 0);
	assert_int_equal(fixture->planned, 0);
	assert_untouched(fixture->table);
}

static void test_rolled_back(void **state)
{
	struct fixture *fixture = *state;

	begin_confirmed(fixture, AWAITED * SECOND);
	_cleanup_state_ struct state before = copy_of(fixture->table);
	fixture_open(fixture);
	assert_int_equal(
		confirm_rollback(&fixture->reconciler, NULL, &fixture->outcome, &fixture->error),
		0);
	assert_undone(fixture, &before);
}

/* Whoever comes first undoes it, also one who has the old backend. */
static void test_rolled_back_from_the_old_one(void **state)
{
	struct fixture *fixture = *state;

	begin_confirmed(fixture, AWAITED * SECOND);
	_cleanup_state_ struct state before = copy_of(fixture->table);
	fixture->backend = &memory_backend;
	fixture_open(fixture);
	assert_int_equal(
		confirm_rollback(&fixture->reconciler, NULL, &fixture->outcome, &fixture->error),
		0);
	fixture_close(fixture);
	assert_undone(fixture, &before);
}

/* A connection that is lost at an operation, or at the read behind it, is as a death there: nothing more is done,
 * or written down. */
static size_t interrupt(struct fixture *fixture, struct memory_table *table, size_t at, bool read)
{
	memory_reset(fixture->table);
	memory_reset(fixture->other);
	if (read)
		table->read_fail_at = at;
	else
		memory_lose(table, at, -EPIPE);
	int r = fixture_apply(fixture);
	size_t reached = read ? table->reads : table->operations;

	error_clear(&fixture->error);
	memory_reset(fixture->table);
	memory_reset(fixture->other);
	assert_true(r < 0 || reached < at);
	return reached;
}

static void start_over(struct fixture *fixture)
{
	_cleanup_free_ char *path = memory_printf("%s/state.json", fixture->directory);

	fixture_close(fixture);
	assert_int_equal(file_remove(path), 0);
	memory_table_free(fixture->table);
	memory_table_free(fixture->other);
	fixture->table = memory_table_new();
	fixture->other = memory_table_new();
	fixture->backend = &memory_backend;
	begin(fixture, AS_BEFORE(AT_ONCE));
	turn(fixture, MOVED);
}

static void kill_everywhere(struct fixture *fixture, bool other, bool read)
{
	size_t at = 1, most = 0;

	for (;; at++) {
		start_over(fixture);
		size_t reached =
			interrupt(fixture, other ? fixture->other : fixture->table, at, read);
		if (reached < at)
			break;
		most = reached;
		if (fixture_apply(fixture) < 0)
			fail_msg("after %zu: %s", at, error_text(&fixture->error, 0));
		assert_moved(fixture);
	}
	/* At least: a service with three destinations and two sysctls, or two services. */
	assert_true(most >= 2);
}

static void test_killed_anywhere(void **state)
{
	begin(*state, AS_BEFORE(AT_ONCE));
	for (int i = 0; i < 4; i++)
		kill_everywhere(*state, i & 1, i & 2);
}

/* The same, and back to the old backend afterwards: nothing stays in the new one. */
static void test_killed_and_back(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, AS_BEFORE(AT_ONCE));
	for (size_t at = 1; at < 12; at++) {
		start_over(fixture);
		interrupt(fixture, at & 1 ? fixture->other : fixture->table, at / 2 + 1, false);
		fixture->backend = &memory_backend;
		fixture->request.no_wait = false;
		fixture_declare(fixture, AS_BEFORE(AT_ONCE));
		assert_int_equal(fixture_apply(fixture), 0);
		assert_int_equal(fixture_apply(fixture), 0);
		assert_int_equal(fixture->planned, 0);
		assert_int_equal(fixture->table->state.services.count, 3);
		assert_int_equal(fixture->other->state.services.count, 1);
		assert_foreign(fixture->other);
		assert_null(fixture->reconciler.record.left.backend);
	}
}

/* Beside an apply */

static void test_saved_plan_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct plan_file saved = {};

	begin(fixture, AS_BEFORE(AT_ONCE));
	turn(fixture, MOVED);
	saved.applied = fixture->reconciler.record.revision;
	_cleanup_free_ char *applied = memory_copy_string(saved.applied);
	saved.applied = applied;
	fixture->request.saved = &saved;
	assert_int_equal(fixture_apply(fixture), -EPERM);
	assert_non_null(strstr(fixture->error.text, "from memory to other"));
	assert_untouched(fixture->table);
	assert_untouched(fixture->other);
}

static void test_dry_run_says_it(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_plan_ struct plan plan = {};
	_cleanup_step_output_ struct step_output output = {};
	_cleanup_strbuf_ struct strbuf text = {};
	static const char *const lines[] = {
		"From memory to other: not hitless, 5 connections in memory end.\n",
		"\nprepare (other), while memory serves:\n",
		("+ service " WEB),
		"\nwithdraw (memory), when all of that is done:\n",
		"weight 1 -> 0",
		"\nswitch (memory): 2 services go when all has drained.\n",
	};

	begin(fixture, AS_BEFORE(""));
	connect_to(fixture->table, 4);
	turn(fixture, MOVED);
	fixture_open(fixture);
	assert_int_equal(reconciler_plan(&fixture->reconciler, &fixture->declared, NULL, &plan,
				 &output, &fixture->error),
		0);
	const struct move *move = &fixture->reconciler.left.move;
	assert_true(move_is_news(move));
	const struct plan_text_options options = {.memory = &output.memory};
	move_format_text(move, &plan, &options, &fixture->reconciler.left.live, &text);
	const char *at = text.text;
	for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
		const char *found = strstr(at, lines[i]);
		if (!found)
			fail_msg("no `%s` in its place in\n%s", lines[i], text.text);
		at = found + 1;
	}
	json_t *json = move_to_json(move);
	assert_int_equal(json_array_size(json_object_get(json, "withdraw")), 3);
	assert_int_equal(json_array_size(json_object_get(json, "switch")), 0);
	assert_int_equal(json_integer_value(json_object_get(json, "connections")), 5);
	assert_true(json_is_false(json_object_get(json, "hitless")));
	json_decref(json);
	assert_untouched(fixture->table);
	assert_untouched(fixture->other);
}

/* The record */

static void test_record_keeps_what_is_left(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_record_ struct record record = {};

	begin(fixture, AS_BEFORE(""));
	connect_to(fixture->table, 4);
	turn(fixture, MOVED);
	fixture->request.no_wait = true;
	assert_int_equal(fixture_apply(fixture), 0);
	_cleanup_free_ char *text = record_format(&fixture->reconciler.record);
	assert_int_equal(record_parse(text, strlen(text), &record, &fixture->error), 0);
	assert_string_equal(record.left.backend, "memory");
	assert_true(memory_equal(&record.left.memory, &fixture->reconciler.record.left.memory));
	assert_int_equal(record.left.memory.drains.count, 3);
	_cleanup_free_ char *again = record_format(&record);
	assert_string_equal(text, again);
}

static void test_record_of_nobody(_unused_ void **state)
{
	static const char text[] = "{\"poise-record\":2,\"boot\":\"x\",\"netns-device\":1,"
				   "\"netns-inode\":1,\"paths\":[],\"drains\":[]}\n"
				   "\"left " WEB " 0 web\"\n\"end\"\n";
	_cleanup_record_ struct record record = {};
	_cleanup_error_ struct error error = {};

	assert_int_equal(record_parse(text, strlen(text), &record, &error), -EINVAL);
}

static void test_third_backend(_unused_ void **state)
{
	_cleanup_record_ struct record record = {
		.backend = memory_copy_string("b"),
		.left.backend = memory_copy_string("a"),
	};
	_cleanup_error_ struct error error = {};

	struct service_key mail = build_key(MAIL);

	vector_append(&record.memory.owned)->key = build_key(WEB);
	vector_append(&record.left.memory.owned)->key = build_key(MAIL);
	assert_int_equal(move_turn(&record, "c", &error), -EBUSY);
	assert_string_equal(record.backend, "b");
	assert_int_equal(move_turn(&record, "b", &error), 0);
	assert_int_equal(move_turn(&record, "a", &error), 0);
	assert_string_equal(record.left.backend, "b");
	assert_int_equal(service_key_compare(&record.memory.owned.items[0].key, &mail), 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_moves),
		TEST(test_new_one_is_prepared_first),
		TEST(test_record_has_both_before),
		TEST(test_drains_as_the_files_said),
		TEST(test_waits_for_drains),
		TEST(test_unprepared_is_not_withdrawn),
		TEST(test_new_one_is_not_there),
		TEST(test_old_one_is_not_there),
		TEST(test_old_one_cannot_be_read),
		TEST(test_turns_around),
		TEST(test_prune_none_keeps),
		TEST(test_prune_all_spares_others),
		TEST(test_thinks_of_ours_alone),
		TEST(test_thinks_of_nothing_while_held),
		TEST(test_confirmed),
		TEST(test_rolled_back),
		TEST(test_rolled_back_from_the_old_one),
		TEST(test_killed_anywhere),
		TEST(test_killed_and_back),
		TEST(test_saved_plan_is_refused),
		TEST(test_dry_run_says_it),
		TEST(test_record_keeps_what_is_left),
		TEST(test_record_of_nobody),
		TEST(test_third_backend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
