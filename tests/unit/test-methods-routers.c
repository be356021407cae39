// SPDX-License-Identifier: GPL-2.0-or-later
/* What `routers` says of the virtual routers that are kept: those, and no others; all of them, of one moment; and no passwords. */
#include "tests/unit/call-fixture.h"
#include "tests/unit/engine-fixture.h"

#include "daemon/methods.h"
#include "tests/support/routes.h"

#define HEAD                                                                                       \
	"poise: 1\nallow-empty: true\nmax-delete: 100%\nservices:\n"                               \
	"  web: {listen: \"tcp://10.0.0.1:80\", destinations: [10.9.0.1]}\nvrrp:\n"
#define SECRET "hu-sh-sh"

static json_t *ask_as(struct fixture *fixture, bool root, const char *nonce,
	void (*between)(struct fixture *fixture), size_t *pieces)
{
	const struct call_context context = {
		.engine = &fixture->engine, .by = "somebody", .root = root};
	json_t *id = json_integer(1);
	json_t *params = nonce ? json_pack("{s:s}", "nonce", nonce) : NULL;
	const struct rpc_request request = {.id = id, .method = "routers", .params = params};
	_cleanup_strbuf_ struct strbuf text = {};
	struct call call;
	size_t largest = 0, before = 0;

	call_begin(&call, &context, &request, &text);
	for (*pieces = 1; call.state == CALL_STATE_STREAMING; ++*pieces) {
		if (between && *pieces > 1)
			between(fixture);
		before = text.length;
		call_continue(&call, &text);
		largest = MAX(largest, text.length - before);
	}
	assert_true(largest < 128u << 10);
	assert_null(strstr(text.text, SECRET));
	json_t *answer = json_loads(text.text, 0, NULL);
	if (!answer)
		fail_msg("%.200s", text.text);
	json_t *result = json_incref(json_object_get(answer, "result"));
	assert_non_null(result);
	json_decref(answer);
	json_decref(params);
	json_decref(id);
	return result;
}

static json_t *ask(struct fixture *fixture)
{
	size_t pieces;

	return ask_as(fixture, true, NULL, NULL, &pieces);
}

/* One `a` of that priority. */
static void write_priority(struct fixture *fixture, int priority)
{
	_cleanup_free_ char *text = memory_printf(
		"%s  a: {interface: v0, vrid: 1, priority: %d, addresses: [10.0.0.1/24]}\n", HEAD,
		priority);

	write_file(fixture, text);
	turn(fixture);
}

static void expect_priority(struct fixture *fixture, int priority)
{
	json_t *result = ask(fixture), *list = json_object_get(result, "routers");
	const json_t *fields = json_object_get(json_array_get(list, 0), "fields");

	assert_int_equal(json_array_size(list), 1);
	assert_int_equal(json_integer_value(json_object_get(fields, "priority")), priority);
	assert_true(json_is_false(json_object_get(result, "changed")));
	json_decref(result);
}

static void before_any_files_there_are_none(void **state)
{
	struct fixture *fixture = *state;

	start(fixture);
	json_t *result = ask(fixture);
	assert_int_equal(json_array_size(json_object_get(result, "routers")), 0);
	assert_true(json_is_array(json_object_get(result, "routers")));
	json_decref(result);
}

static void those_are_told_that_are_kept(void **state)
{
	struct fixture *fixture = *state;

	start(fixture);
	write_priority(fixture, 7);
	expect_priority(fixture, 7);
	/* A mistake. */
	write_file(fixture, "poise: 1\nvrrp: no\n");
	turn(fixture);
	assert_non_null(fixture->engine.rejected);
	expect_priority(fixture, 7);
	/* Suspended: other files are in force, and it keeps the ones before. */
	write_priority(fixture, 7);
	assert_int_equal(engine_suspend(&fixture->engine, "why", "test", NULL), 0);
	write_priority(fixture, 8);
	expect_priority(fixture, 7);
	assert_int_equal(engine_resume(&fixture->engine, 0, "test", NULL), 0);
	turn(fixture);
	expect_priority(fixture, 8);
}

static void without_a_backend_they_are_told(void **state)
{
	struct fixture *fixture = *state;

	fixture->table->gone = true;
	start(fixture);
	write_priority(fixture, 7);
	assert_null(fixture->engine.files);
	expect_priority(fixture, 7);
}

static const char *proof_of(const json_t *result)
{
	const json_t *router = json_array_get(json_object_get(result, "routers"), 0);
	const json_t *fields = json_object_get(router, "fields");

	assert_string_equal(json_string_value(json_object_get(fields, "authentication")), "set");
	return json_string_value(json_object_get(router, "proof"));
}

static void of_passwords_root_is_told_a_digest(void **state)
{
	struct fixture *fixture = *state;
	size_t pieces;

	start(fixture);
	write_file(fixture, HEAD "  a: {interface: v0, vrid: 1, version: 2, authentication: " SECRET
				 ", addresses: [10.0.0.1/24]}\n");
	turn(fixture);
	json_t *plain = ask(fixture), *one = ask_as(fixture, true, "1", NULL, &pieces);
	json_t *two = ask_as(fixture, true, "2", NULL, &pieces);
	json_t *other = ask_as(fixture, false, "1", NULL, &pieces);
	json_t *empty = ask_as(fixture, true, "", NULL, &pieces);

	assert_null(proof_of(plain));
	assert_null(proof_of(other));
	assert_null(proof_of(empty));
	assert_int_equal(strlen(proof_of(one)), 64);
	assert_string_not_equal(proof_of(one), proof_of(two));
	json_decref(plain);
	json_decref(one);
	json_decref(two);
	json_decref(other);
	json_decref(empty);
}

#define MANY 1000

static void write_many_routers(struct fixture *fixture)
{
	_cleanup_strbuf_ struct strbuf text = {};

	strbuf_add(&text, HEAD);
	for (int i = 0; i < MANY; i++) {
		int net = i / 250 + 1, host = i % 250 + 1;

		strbuf_printf(&text,
			"  r%03d: {interface: v%d, vrid: %d, addresses: [10.%d.%d.1/24, "
			"10.%d.%d.2/24]}\n",
			i, net, host, net, host, net, host);
	}
	write_file(fixture, text.text);
	turn(fixture);
	assert_null(fixture->engine.rejected);
}

static void a_thousand_come_in_pieces(void **state)
{
	struct fixture *fixture = *state;
	size_t pieces;

	start(fixture);
	write_many_routers(fixture);
	json_t *result = ask_as(fixture, true, NULL, NULL, &pieces);
	const json_t *list = json_object_get(result, "routers");
	assert_true(pieces > 1);
	assert_int_equal(json_array_size(list), MANY);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(list, MANY - 1), "name")), "r999");
	assert_true(json_is_false(json_object_get(result, "changed")));
	json_decref(result);
}

static void change(struct fixture *fixture)
{
	write_priority(fixture, 7);
}

static void files_that_change_meanwhile_end_the_list(void **state)
{
	struct fixture *fixture = *state;
	size_t pieces;

	start(fixture);
	write_many_routers(fixture);
	json_t *result = ask_as(fixture, true, NULL, change, &pieces);
	assert_true(json_is_true(json_object_get(result, "changed")));
	json_decref(result);
	expect_priority(fixture, 7);
}

static void what_keeps_it_from_them_is_told(void **state)
{
	struct fixture *fixture = *state;

	start(fixture);
	write_priority(fixture, 7);
	engine_set_trouble(&fixture->engine, ENGINE_TROUBLE_ROUTING, "they are refused");
	json_t *result = ask(fixture);
	assert_string_equal(
		json_string_value(json_object_get(result, "trouble")), "they are refused");
	json_decref(result);
}

static json_t *families_of(struct fixture *fixture)
{
	json_t *result = ask(fixture);
	json_t *router = json_array_get(json_object_get(result, "routers"), 0);
	json_t *families = json_incref(json_object_get(router, "families"));

	assert_non_null(families);
	json_decref(result);
	return families;
}

static void what_each_family_is_is_told_where_it_is_known(void **state)
{
	struct fixture *fixture = *state;
	struct routes routes = {};
	const struct message_vrrp_state told = {.family = AF_INET,
		.vrid = 1,
		.state = VRRP_STATE_ACTIVE,
		.addresses = 2,
		.present = 1,
		.trouble = "v9 is not there"};

	start(fixture);
	write_priority(fixture, 7);
	routes_open(&routes, &fixture->engine);
	json_t *unknown = families_of(fixture);
	assert_int_equal(json_array_size(unknown), 0);
	routes_tell(&routes, "a", &told);
	json_t *families = families_of(fixture);
	_cleanup_free_ char *text = json_dumps(families, JSON_COMPACT);
	assert_string_equal(text,
		"[{\"family\":\"ipv4\",\"state\":\"active\",\"addresses\":2,\"present\":1,"
		"\"trouble\":\"v9 is not there\"}]");
	json_decref(families);
	json_decref(unknown);
	routes_close(&routes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(before_any_files_there_are_none),
		TEST(those_are_told_that_are_kept),
		TEST(without_a_backend_they_are_told),
		TEST(of_passwords_root_is_told_a_digest),
		TEST(a_thousand_come_in_pieces),
		TEST(files_that_change_meanwhile_end_the_list),
		TEST(what_keeps_it_from_them_is_told),
		TEST(what_each_family_is_is_told_where_it_is_known),
	};

	return cmocka_run_group_tests_name("methods-routers", tests, NULL, NULL);
}
