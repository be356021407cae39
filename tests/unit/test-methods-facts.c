// SPDX-License-Identifier: GPL-2.0-or-later
/* What `checks` and `facts` say of health; and that a comparison beside poised takes the facts over whole. */
#include "cli/poised_facts.h"
#include "tests/unit/asked-fixture.h"

static void checks_lists_what_is_asked_for(void **state)
{
	struct fixture *fixture = *state;

	begin_web(fixture);
	tell_up(fixture, "10.0.0.2:80", false);
	json_t *all = ask(fixture, "checks", NULL, NULL);
	json_t *params = json_pack("{s:b}", "bad", 1);
	json_t *bad = ask(fixture, "checks", params, NULL);
	assert_int_equal(json_array_size(json_object_get(all, "list")), 3);
	assert_int_equal(json_array_size(json_object_get(bad, "list")), 1);
	const json_t *probe = json_array_get(json_object_get(bad, "list"), 0);
	assert_string_equal(json_string_value(json_object_get(probe, "target")), "10.0.0.2:80");
	assert_string_equal(
		json_string_value(json_object_get(probe, "reason")), "connect: refused");
	json_decref(all);
	json_decref(bad);
	json_decref(params);
}

/* The answer to `facts` is what the engine goes by. */
static void facts_survive_the_way_to_a_comparison(void **state)
{
	struct fixture *fixture = *state;
	struct engine_verdict weighed = old_verdict(fixture, "10.0.0.3:80", true);
	_cleanup_error_ struct error error = {};
	struct facts facts = {};

	begin_web(fixture);
	weighed.verdict.weight = 7;
	tell(fixture, &weighed);
	tell_up(fixture, "10.0.0.1:80", false);
	json_t *json = ask(fixture, "facts", NULL, NULL);
	assert_int_equal(cli_facts_from_json(json, reconciler_now(), &facts, &error), 0);
	const struct facts_health_vector *is = &fixture->engine.facts.health;
	assert_int_equal(facts.health.count, 2);
	assert_int_equal(is->count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct verdict *a = &is->items[i].verdict,
				     *b = &facts.health.items[i].verdict;

		assert_int_equal(probe_key_compare(&is->items[i], &facts.health.items[i]), 0);
		assert_int_equal(a->up, b->up);
		assert_int_equal(a->settled, b->settled);
		assert_int_equal(a->recovered, b->recovered);
		assert_int_equal(a->weight, b->weight);
		assert_true(a->since - b->since + SECOND < 2 * SECOND);
	}
	json_decref(json);
	facts_clear(&facts);
}

static void bad_facts_are_refused(void **state)
{
	static const char *const texts[] = {
		"{\"poise\":1,\"health\":[{\"check\":\"web\"}]}",
		"{\"poise\":1,\"health\":[{\"target\":\"10.0.0.1:80\"}]}",
		"{\"poise\":1,\"health\":[{\"target\":\"nowhere\",\"check\":\"web\"}]}",
		"{\"poise\":1,\"health\":[7]}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		_cleanup_error_ struct error error = {};
		struct facts facts = {};
		json_t *json = json_loads(texts[i], 0, NULL);

		assert_int_equal(cli_facts_from_json(json, SECOND, &facts, &error), -EINVAL);
		assert_non_null(error.text);
		assert_int_equal(facts.health.count, 0);
		json_decref(json);
	}
}

static char *many_probes(size_t count, const char *check)
{
	struct strbuf text = {};

	strbuf_printf(&text,
		"poise: 1\nmax-delete: 100%%\nchecks:\n  %s: {tcp: {}, initially: "
		"down}\nservices:\n"
		"  web:\n    listen: " WEB "\n    check: %s\n    destinations:\n",
		check, check);
	for (size_t i = 0; i < count; i++)
		strbuf_printf(&text, "      - 10.1.%zu.%zu\n", i / 250, i % 250);
	return strbuf_take(&text);
}

static size_t changes;

/* Other files in the middle: probes whose check has another name. */
static void change_files(struct fixture *fixture)
{
	_cleanup_free_ char *text = many_probes(3000, changes++ % 2 ? "a-check" : "web-2");

	write_file(fixture, text);
	turn(fixture);
}

static void a_list_goes_on_while_the_files_change(void **state)
{
	static const char *const names[] = {"checks", "facts"};
	static const char *const lists[] = {"list", "health"};
	struct fixture *fixture = *state;
	_cleanup_free_ char *text = many_probes(3000, "web");

	write_file(fixture, text);
	start(fixture);
	turn(fixture);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		json_t *still = ask(fixture, names[i], NULL, NULL);
		changes = 0;
		json_t *moved = ask(fixture, names[i], NULL, change_files);

		assert_int_equal(json_array_size(json_object_get(still, lists[i])), 3000);
		assert_true(changes >= 2);
		size_t count = json_array_size(json_object_get(moved, lists[i]));
		assert_true(count >= 3000 - changes && count <= 3000 + changes);
		json_decref(still);
		json_decref(moved);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown_told)
		TEST(checks_lists_what_is_asked_for),
		TEST(facts_survive_the_way_to_a_comparison),
		TEST(bad_facts_are_refused),
		TEST(a_list_goes_on_while_the_files_change),
	};

	return cmocka_run_group_tests_name("methods-facts", tests, NULL, NULL);
}
