// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON-RPC 2.0 without a socket: what is a request, what is refused with which code, what parameters become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "daemon/json_text.h"
#include "daemon/rpc.h"

static const struct method method = {
	.name = "take",
	.params =
		{
			{"what", METHOD_PARAM_TYPE_TEXT, .required = true, .help = "the thing"},
			{"force", METHOD_PARAM_TYPE_FLAG, .help = "or not"},
			{"for", METHOD_PARAM_TYPE_DURATION, .help = "how long"},
		},
};

struct line_case {
	const char *line;
	int code;          /* of the whole line, or of its first request; 0: it is good */
	const char *words; /* that the error has */
};

static const struct line_case lines[] = {
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"}", 0, NULL},
	{"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"x\",\"params\":[]}", 0, NULL},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":{}}\r", 0, NULL},
	{"", CALL_CODE_PARSE, "empty"},
	{"hello", CALL_CODE_PARSE, "line 1"},
	{"\"text\"", CALL_CODE_PARSE, "line 1"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"", CALL_CODE_PARSE, "line 1"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"} x", CALL_CODE_PARSE, "line 1"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"x\"}", CALL_CODE_PARSE, "duplicate"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\xfe\"}", CALL_CODE_PARSE, "decode"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\\u0000b\"}", CALL_CODE_PARSE, "line 1"},
	{"{\"jsonrpc\":\"2.0\",\"id\":99999999999999999999,\"method\":\"x\"}", CALL_CODE_PARSE,
		"big"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
	 "[["
	 "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
		CALL_CODE_PARSE, "nested"},
	{"{}", CALL_CODE_REQUEST, "jsonrpc"},
	{"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"x\"}", CALL_CODE_REQUEST, "jsonrpc"},
	{"{\"jsonrpc\":2.0,\"id\":1,\"method\":\"x\"}", CALL_CODE_REQUEST, "jsonrpc"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1}", CALL_CODE_REQUEST, "method"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", CALL_CODE_REQUEST, "method"},
	{"{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"x\"}", CALL_CODE_REQUEST, "id"},
	{"{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"x\"}", CALL_CODE_REQUEST, "id"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":\"p\"}", CALL_CODE_REQUEST,
		"params"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":null}", CALL_CODE_REQUEST,
		"params"},
	{"[]", CALL_CODE_REQUEST, "batch of 0"},
	{"[1]", CALL_CODE_REQUEST, "object"},
};

static void lines_are_requests_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
		_cleanup_rpc_message_ struct rpc_message message = {};
		_cleanup_error_ struct error error = {};
		struct rpc_request request;
		const char *line = lines[i].line;
		int r = rpc_parse(line, strlen(line), &message, &error);

		if (r == 0)
			r = rpc_next(&message, &request, &error);
		if (r != lines[i].code)
			fail_msg("%s: %d, not %d", line, r, lines[i].code);
		if (r < 0 && !strstr(error.text, lines[i].words))
			fail_msg("%s: %s", line, error.text);
	}
}

static void a_nul_byte_is_no_json(void **state)
{
	const char line[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\0b\"}";
	_cleanup_rpc_message_ struct rpc_message message = {};
	_cleanup_error_ struct error error = {};

	(void)state;
	assert_int_equal(rpc_parse(line, sizeof(line) - 1, &message, &error), CALL_CODE_PARSE);
	assert_null(message.json);
}

static void a_batch_has_its_requests_and_a_bound(void **state)
{
	_cleanup_rpc_message_ struct rpc_message message = {}, longer = {};
	_cleanup_strbuf_ struct strbuf line = {};
	_cleanup_error_ struct error error = {};
	struct rpc_request request;

	(void)state;
	strbuf_add_char(&line, '[');
	for (int i = 0; i < RPC_BATCH_MOST; i++)
		strbuf_printf(&line, "%s{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"m%d\"}",
			i ? "," : "", i, i);
	size_t open = line.length;
	strbuf_add_char(&line, ']');
	assert_int_equal(rpc_parse(line.text, line.length, &message, &error), 0);
	assert_true(message.batch);
	assert_int_equal(message.count, RPC_BATCH_MOST);
	for (int i = 0; i < RPC_BATCH_MOST; i++) {
		_cleanup_free_ char *name = memory_printf("m%d", i);

		assert_int_equal(rpc_next(&message, &request, &error), 0);
		assert_string_equal(request.method, name);
		assert_int_equal(json_integer_value(request.id), i);
	}
	assert_int_equal(message.next, message.count);
	line.length = open;
	strbuf_add(&line, ",7]");
	assert_int_equal(rpc_parse(line.text, line.length, &longer, &error), CALL_CODE_REQUEST);
}

static void a_refused_request_keeps_an_id_that_is_one(void **state)
{
	const char *line = "[{\"id\":\"mine\"},{\"id\":[1]},{\"jsonrpc\":\"2.0\",\"method\":1},3]";
	_cleanup_rpc_message_ struct rpc_message message = {};
	_cleanup_error_ struct error error = {};
	struct rpc_request request;

	(void)state;
	assert_int_equal(rpc_parse(line, strlen(line), &message, &error), 0);
	assert_int_equal(rpc_next(&message, &request, &error), CALL_CODE_REQUEST);
	assert_string_equal(json_string_value(request.id), "mine");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rpc_next(&message, &request, &error), CALL_CODE_REQUEST);
		assert_true(json_is_null(request.id));
	}
}

struct params_case {
	const char *params; /* JSON; NULL: none */
	const char *words;  /* of the error; NULL: they are good */
};

static const struct params_case params_cases[] = {
	{"[\"a\"]", NULL},
	{"[\"a\", true, \"10m\"]", NULL},
	{"[\"a\", \"true\", \"1h30m\"]", NULL},
	{"{\"for\": \"10s\", \"what\": \"a\", \"force\": false}", NULL},
	{"{\"what\": \"a\", \"force\": null, \"for\": null}", NULL},
	{NULL, "`take` needs `what`: the thing"},
	{"[]", "needs `what`"},
	{"{}", "needs `what`"},
	{"[null, true]", "needs `what`"},
	{"[1]", "`what` of `take` is not a text"},
	{"[\"a\", 1]", "`force` of `take` is not true or false"},
	{"[\"a\", \"yes\"]", "`force` of `take` is not true or false"},
	{"[\"a\", true, \"10\"]", "with its unit"},
	{"[\"a\", true, 10]", "with its unit"},
	{"[\"a\", true, \"0s\"]", "above 0"},
	{"[\"a\", true, \"10m\", 1]", "takes 3 parameters at most: 4 were given"},
	{"{\"what\": \"a\", \"forse\": true}", "no parameter `forse`: did you mean `force`?"},
	{"{\"what\": \"a\", \"zzzzzzzz\": true}", "no parameter `zzzzzzzz`"},
};

static void parameters_are_checked_against_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(params_cases); i++) {
		const char *text = params_cases[i].params, *words = params_cases[i].words;
		json_t *params = text ? json_loads(text, 0, NULL) : NULL;
		const json_t *values[METHOD_PARAMS_MOST];
		_cleanup_error_ struct error error = {};
		int r = rpc_bind(&method, params, values, &error);

		if (!words && r < 0)
			fail_msg("%s: %s", text, error.text);
		if (words && (r != CALL_CODE_PARAMS || !strstr(error.text, words)))
			fail_msg("%s: %d %s", text, r, error_text(&error, r));
		json_decref(params);
	}
}

static void values_mean_what_was_said(void **state)
{
	json_t *params = json_loads("[\"a\", \"true\", \"1h30m\"]", 0, NULL);
	json_t *named = json_loads("{\"what\": \"b\", \"force\": true}", 0, NULL);
	const json_t *values[METHOD_PARAMS_MOST];

	(void)state;
	assert_int_equal(rpc_bind(&method, params, values, NULL), 0);
	assert_string_equal(json_string_value(values[0]), "a");
	assert_true(rpc_flag(values[1]));
	assert_int_equal(rpc_duration(values[2]), 5400000000000ull);
	assert_int_equal(rpc_bind(&method, named, values, NULL), 0);
	assert_string_equal(json_string_value(values[0]), "b");
	assert_true(rpc_flag(values[1]));
	assert_null(values[2]);
	assert_int_equal(rpc_duration(values[2]), 0);
	assert_false(rpc_flag(NULL));
	json_decref(params);
	json_decref(named);
}

static void errors_carry_code_words_and_errno(void **state)
{
	_cleanup_strbuf_ struct strbuf busy = {}, plain = {}, silent = {};
	_cleanup_error_ struct error error = {}, none = {};
	json_t *id = json_string("x\n\"");

	(void)state;
	error_set(&error, -EBUSY, "it is \"busy\"\nreally \xff");
	rpc_write_error(&busy, id, -EBUSY, &error);
	assert_string_equal(busy.text,
		"{\"jsonrpc\":\"2.0\",\"id\":\"x\\n\\\"\",\"error\":{\"code\":-32000,\"message\":"
		"\"it is \\\"busy\\\"\\nreally \xef\xbf\xbd\",\"data\":{\"errno\":\"EBUSY\"}}}");
	rpc_write_error(&plain, json_null(), CALL_CODE_BUSY, &error);
	assert_non_null(strstr(plain.text, "\"code\":-32002,"));
	assert_null(strstr(plain.text, "errno"));
	rpc_write_error(&silent, id, -ENOENT, &none);
	assert_non_null(strstr(silent.text, "No such file or directory"));
	json_decref(id);
}

static void any_text_becomes_json(void **state)
{
	const char *texts[] = {"", "plain", "\"\\\b\f\n\r\t\x01\x1f\x7f", "gr\xc3\xbc\xc3\x9f e",
		"cut \xc3", "\xff\xc0\xaf\xed\xa0\x80", "\xf0\x9f\x98\x80"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		_cleanup_strbuf_ struct strbuf text = {};
		json_t *valid = json_string(texts[i]);

		json_text_string(&text, texts[i]);
		json_t *read = json_loadb(text.text, text.length, JSON_DECODE_ANY, NULL);
		json_t *value = json_text_value(texts[i]);
		assert_non_null(read);
		assert_true(json_equal(read, value));
		if (valid)
			assert_string_equal(json_string_value(read), texts[i]);
		json_decref(valid);
		json_decref(read);
		json_decref(value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_requests_or_refused),
		cmocka_unit_test(a_nul_byte_is_no_json),
		cmocka_unit_test(a_batch_has_its_requests_and_a_bound),
		cmocka_unit_test(a_refused_request_keeps_an_id_that_is_one),
		cmocka_unit_test(parameters_are_checked_against_the_table),
		cmocka_unit_test(values_mean_what_was_said),
		cmocka_unit_test(errors_carry_code_words_and_errno),
		cmocka_unit_test(any_text_becomes_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
