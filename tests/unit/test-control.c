// SPDX-License-Identifier: GPL-2.0-or-later
/* The control socket: what is asked is answered, to those who may ask. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/log.h"
#include "tests/support/served.h"

LOG_MODULE("watch");

static void requests_are_answered_in_order_with_their_ids(void **state)
{
	_cleanup_served_reader_ struct served_reader reader = {.fd = served_connect(*state)};
	static const char *const ids[] = {"1", "\"text\"", "null", "1.5", "-9007199254740993"};

	for (size_t i = 0; i < ARRAY_LENGTH(ids); i++) {
		_cleanup_free_ char *request = memory_printf(
			"{\"method\":\"version\",\"id\":%s,\"jsonrpc\":\"2.0\"}\n", ids[i]);
		served_say(reader.fd, request);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(ids); i++) {
		json_t *answer = served_next_json(&reader);
		_cleanup_free_ char *id =
			json_dumps(json_object_get(answer, "id"), JSON_ENCODE_ANY);

		assert_string_equal(id, ids[i]);
		assert_string_equal(json_string_value(json_object_get(answer, "jsonrpc")), "2.0");
		assert_non_null(json_object_get(answer, "result"));
		assert_null(json_object_get(answer, "error"));
		json_decref(answer);
	}
}

static void every_method_answers_and_help_lists_it(void **state)
{
	_cleanup_served_reader_ struct served_reader reader = {.fd = served_connect(*state)};

	served_say(reader.fd, "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"help\"}\n");
	json_t *help = served_next_json(&reader);
	const json_t *list = json_object_get(json_object_get(help, "result"), "methods");
	assert_int_equal(json_array_size(list), method_count);
	for (size_t i = 0; i < method_count; i++) {
		const char *name =
			json_string_value(json_object_get(json_array_get(list, i), "name"));
		_cleanup_free_ char *request = memory_printf(
			"{\"jsonrpc\":\"2.0\",\"id\":%zu,\"method\":\"%s\"}\n", i, name);

		assert_string_equal(name, methods[i]->name);
		served_say(reader.fd, request);
		/* `events` is behind none of those whose events it would show. */
		json_t *answer = served_next_json(&reader);
		while (!json_object_get(answer, "id")) {
			json_decref(answer);
			answer = served_next_json(&reader);
		}
		assert_int_equal(json_integer_value(json_object_get(answer, "id")), i);
		assert_int_not_equal(served_code_of(answer), CALL_CODE_METHOD);
		json_decref(answer);
	}
	json_decref(help);
}

static void a_line_that_is_no_request_is_refused_and_the_next_one_served(void **state)
{
	static const struct {
		const char *line;
		int code;
		const char *words;
	} cases[] = {
		{"nonsense\n", CALL_CODE_PARSE, "line 1"},
		{"{\"jsonrpc\":\"2.0\"\n", CALL_CODE_PARSE, "line 1"},
		{"[]\n", CALL_CODE_REQUEST, "batch of 0"},
		{"7\n", CALL_CODE_PARSE, "line 1"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"statsu\"}\n", CALL_CODE_METHOD,
			"did you mean `status`?"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"drain\"}\n", CALL_CODE_PARAMS,
			"needs `destination`"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"drain\",\"params\":[\"nowhere\"]}\n",
			CALL_CODE_PARAMS, "nowhere"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"confirm\"}\n", CALL_CODE_FAILED,
			"confirm"},
	};
	_cleanup_served_reader_ struct served_reader reader = {.fd = served_connect(*state)};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		served_say(reader.fd, cases[i].line);
		served_expect_error(&reader, cases[i].code, cases[i].words);
	}
	served_say(reader.fd, "\n \r\n" SERVED_VERSION(9));
	served_expect_version(&reader, 9);
	assert_int_equal(served_counters(*state).malformed, 4);
	assert_int_equal(served_counters(*state).errors, ARRAY_LENGTH(cases));
}

static void a_nul_byte_ends_nothing(void **state)
{
	static const char line[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ver\0sion\"}\n";
	_cleanup_served_reader_ struct served_reader reader = {.fd = served_connect(*state)};

	assert_int_equal(send(reader.fd, line, sizeof(line) - 1, 0), sizeof(line) - 1);
	served_expect_error(&reader, CALL_CODE_PARSE, "line 1");
	served_say(reader.fd, SERVED_VERSION(2));
	served_expect_version(&reader, 2);
}

static void halves_make_a_line(void **state)
{
	_cleanup_served_reader_ struct served_reader reader = {.fd = served_connect(*state)};
	static const char request[] = SERVED_VERSION(3);

	for (size_t i = 0; i < strlen(request); i++)
		assert_int_equal(send(reader.fd, request + i, 1, 0), 1);
	served_expect_version(&reader, 3);
	served_say(reader.fd, SERVED_VERSION(4) "{\"jsonrpc\":\"2.0\",");
	served_expect_version(&reader, 4);
	served_say(reader.fd, "\"id\":6,\"method\":\"version\"}");
	/* Its sender's end is the line's. */
	assert_int_equal(shutdown(reader.fd, SHUT_WR), 0);
	served_expect_version(&reader, 6);
	assert_null(served_next_line(&reader));
}

static void requests_may_be_sent_before_answers_are_read(void **state)
{
	_cleanup_served_reader_ struct served_reader reader = {.fd = served_connect(*state)};

	for (int i = 0; i < 300; i++) {
		_cleanup_free_ char *request = memory_printf(
			"{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"version\"}\n", i);
		served_say(reader.fd, request);
	}
	for (int i = 0; i < 300; i++)
		served_expect_version(&reader, i);
}

static void notifications_run_and_are_not_answered(void **state)
{
	struct served *world = *state;
	_cleanup_served_reader_ struct served_reader reader = {.fd = served_connect(world)};

	served_say(reader.fd, "{\"jsonrpc\":\"2.0\",\"method\":\"suspend\",\"params\":[\"work\"]}\n"
			      "{\"jsonrpc\":\"2.0\",\"method\":\"status\"}\n"
			      "{\"jsonrpc\":\"2.0\",\"method\":\"nothing\"}\n" SERVED_VERSION(8));
	served_expect_version(&reader, 8);
	assert_true(world->engine.operator.suspended);
	assert_string_equal(world->engine.operator.suspended_by, "uid 0 (root)");
}

static void a_batch_is_answered_by_one_array(void **state)
{
	_cleanup_served_reader_ struct served_reader reader = {.fd = served_connect(*state)};

	served_say(reader.fd, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"version\"},"
			      "{\"jsonrpc\":\"2.0\",\"method\":\"version\"},"
			      "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"status\"},7,"
			      "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"live\"},"
			      "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"nothing\"}]\n"
			      "[{\"jsonrpc\":\"2.0\",\"method\":\"version\"}]\n" SERVED_VERSION(5));
	json_t *answer = served_next_json(&reader);
	assert_int_equal(json_array_size(answer), 5);
	static const json_int_t ids[] = {1, 2, 0, 3, 4};
	for (size_t i = 0; i < ARRAY_LENGTH(ids); i++)
		assert_int_equal(
			json_integer_value(json_object_get(json_array_get(answer, i), "id")),
			ids[i]);
	assert_int_equal(served_code_of(json_array_get(answer, 2)), CALL_CODE_REQUEST);
	assert_int_equal(served_code_of(json_array_get(answer, 4)), CALL_CODE_METHOD);
	const json_t *status = json_object_get(json_array_get(answer, 1), "result");
	assert_int_equal(json_array_size(json_object_get(status, "services")), SERVED_SERVICES);
	json_decref(answer);
	/* Of notifications alone there is no answer at all. */
	served_expect_version(&reader, 5);
}

static void who_is_not_root_reads_only(void **state)
{
	struct served *world = *state;
	_cleanup_served_reader_ struct served_reader reader = {
		.fd = served_connect_as_nobody(world)};
	static const char *const refused[] = {
		"drain", "undrain", "suspend", "resume", "reload", "confirm", "rollback"};

	served_say(reader.fd, SERVED_VERSION(1));
	served_expect_version(&reader, 1);
	for (size_t i = 0; i < ARRAY_LENGTH(refused); i++) {
		_cleanup_free_ char *request = memory_printf(
			"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\"}\n", refused[i]);
		_cleanup_free_ char *words = memory_printf("`%s` is root's", refused[i]);

		served_say(reader.fd, request);
		served_expect_error(&reader, CALL_CODE_PERMISSION, words);
	}
	served_say(reader.fd,
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"log-level\",\"params\":[null,"
		"\"debug\"]}\n");
	served_expect_error(&reader, CALL_CODE_PERMISSION, "root's");
	served_say(reader.fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"log-level\"}\n");
	json_t *answer = served_next_json(&reader);
	assert_int_equal(served_code_of(answer), 0);
	json_decref(answer);
	assert_false(world->engine.operator.suspended);
}

/* The level that a request leaves behind, of the module `watch`. */
static const char *level_after(struct served_reader *reader, const char *params, int code)
{
	_cleanup_free_ char *request = memory_printf(
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"log-level\",\"params\":%s}\n", params);

	served_say(reader->fd, request);
	json_t *answer = served_next_json(reader);
	assert_int_equal(served_code_of(answer), code);
	json_decref(answer);
	return log_level_name(log_level_of("watch"));
}

static void a_level_alone_is_for_all(void **state)
{
	_cleanup_served_reader_ struct served_reader reader = {.fd = served_connect(*state)};

	assert_string_equal(level_after(&reader, "[\"watch\",\"debug\"]", 0), "debug");
	assert_string_equal(level_after(&reader, "[\"warning\"]", 0), "warning");
	assert_string_equal(log_level_name(log_level_of(NULL)), "warning");
	/* A module alone is asked for; neither is a mistake. */
	assert_string_equal(level_after(&reader, "[\"watch\"]", 0), "warning");
	assert_string_equal(level_after(&reader, "[\"common\"]", 0), "warning");
	assert_string_equal(level_after(&reader, "[\"wacth\"]", CALL_CODE_PARAMS), "warning");
	assert_string_equal(level_after(&reader, "[\"info\"]", 0), "info");
}

static void a_drain_reaches_the_table(void **state)
{
	struct served *world = *state;
	_cleanup_served_reader_ struct served_reader reader = {.fd = served_connect(world)};

	served_say(reader.fd,
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"drain\",\"params\":{\"destination\":"
		"\"10.0.0.3\",\"for\":\"10m\"}}\n" SERVED_VERSION(2));
	json_t *answer = served_next_json(&reader);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(answer, "result"), "matches")),
		SERVED_SERVICES);
	json_decref(answer);
	served_expect_version(&reader, 2);
	served_say(reader.fd,
		"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"status\",\"params\":[\"s7\"]}\n");
	answer = served_next_json(&reader);
	const json_t *services = json_object_get(json_object_get(answer, "result"), "services");
	assert_int_equal(json_array_size(services), 1);
	const json_t *destination =
		json_array_get(json_object_get(json_array_get(services, 0), "destinations"), 2);
	const char *drain_state = json_string_value(json_object_get(destination, "state"));
	assert_true(strcmp(drain_state, "draining") == 0 || strcmp(drain_state, "drained") == 0);
	assert_non_null(strstr(json_string_value(json_object_get(destination, "why")),
		"drained by the operator until "));
	json_decref(answer);
}

static void subscribers_are_told_what_happens(void **state)
{
	struct served *world = *state;
	_cleanup_served_reader_ struct served_reader subscriber = {.fd = served_connect(world)};
	_cleanup_served_reader_ struct served_reader operator= {.fd = served_connect(world)};
	struct engine_entry entry = {.serial = 9, .reason = ENGINE_REASON_RESYNC, .drift = 2};
	struct engine_event applied = {
		.kind = ENGINE_EVENT_APPLIED, .wall = 1700000000123, .entry = &entry};

	served_say(subscriber.fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"events\"}\n");
	json_decref(served_next_json(&subscriber));
	served_say(operator.fd,
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"suspend\",\"params\":[\"w\xc3\xbcst\"]}"
		"\n");
	json_decref(served_next_json(&operator));
	json_t *event = served_next_event(&subscriber);
	assert_string_equal(json_string_value(json_object_get(event, "kind")), "operator");
	assert_string_equal(json_string_value(json_object_get(event, "text")),
		"suspended by uid 0 (root): w\xc3\xbcst");
	assert_true(json_is_null(json_object_get(event, "entry")));
	json_decref(event);
	served_in_loop(world, served_tell_one, &applied);
	event = served_next_event(&subscriber);
	assert_int_equal(json_integer_value(json_object_get(event, "at_ms")), 1700000000123);
	const json_t *told = json_object_get(event, "entry");
	assert_int_equal(json_integer_value(json_object_get(told, "serial")), 9);
	assert_string_equal(json_string_value(json_object_get(told, "reason")), "resync");
	json_decref(event);
}

static void an_event_does_not_fall_into_an_answer(void **state)
{
	struct served *world = *state;
	_cleanup_served_reader_ struct served_reader reader = {.fd = served_connect(world)};
	struct engine_event event = {.kind = ENGINE_EVENT_DRIFT, .text = "now"};

	served_say(reader.fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"events\"}\n");
	json_decref(served_next_json(&reader));
	/* More than the socket takes, so that it stands in the middle of the answer. */
	served_say(reader.fd, "[{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"status\"},"
			      "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"live\"}]\n");
	struct pollfd begun = {.fd = reader.fd, .events = POLLIN};
	assert_int_equal(poll(&begun, 1, 10000), 1);
	served_in_loop(world, served_tell_one, &event);
	json_t *answer = served_next_json(&reader);
	assert_int_equal(json_array_size(answer), 2);
	json_decref(answer);
	json_decref(served_next_event(&reader));
}

#define CONTROL_TEST(name) cmocka_unit_test_setup_teardown(name, served_start, served_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONTROL_TEST(requests_are_answered_in_order_with_their_ids),
		CONTROL_TEST(every_method_answers_and_help_lists_it),
		CONTROL_TEST(a_line_that_is_no_request_is_refused_and_the_next_one_served),
		CONTROL_TEST(a_nul_byte_ends_nothing),
		CONTROL_TEST(halves_make_a_line),
		CONTROL_TEST(requests_may_be_sent_before_answers_are_read),
		CONTROL_TEST(notifications_run_and_are_not_answered),
		CONTROL_TEST(a_batch_is_answered_by_one_array),
		CONTROL_TEST(who_is_not_root_reads_only),
		CONTROL_TEST(a_level_alone_is_for_all),
		CONTROL_TEST(a_drain_reaches_the_table),
		CONTROL_TEST(subscribers_are_told_what_happens),
		CONTROL_TEST(an_event_does_not_fall_into_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
