// SPDX-License-Identifier: GPL-2.0-or-later
/* The engine with an operator.json that cannot be read: it changes nothing, and says what to do. */
#include <fcntl.h>

#include "tests/unit/engine-fixture.h"

#define LISTEN "tcp://10.0.0.1:80"

static char *path_of(struct fixture *fixture)
{
	return memory_printf("%s/operator.json", fixture->directory);
}

/* Two services; then poised starts anew on a file that is cut, and on files that say another weight. */
static void begin_damaged(struct fixture *fixture)
{
	_cleanup_free_ char *path = path_of(fixture);
	static const char text[] = "{\"poise\": 1, \"drains\": [{\"destination\": \"10.9.0.2\"";

	begin(fixture, 2);
	stop(fixture);
	assert_int_equal(file_replace(path, text, strlen(text), 0600), 0);
	write_many(fixture, 2, 7);
	start(fixture);
	turn(fixture);
	later(fixture, 61 * SECOND);
}

static unsigned int weight(struct fixture *fixture)
{
	return live(fixture, LISTEN, "10.9.0.1:80")->attributes.weight;
}

static void nothing_is_changed_and_it_is_said(void **state)
{
	struct fixture *fixture = *state;
	struct facts_drain drain = target(NULL, "10.9.0.2");
	_cleanup_free_ char *path = path_of(fixture);
	_cleanup_error_ struct error error = {};
	struct engine *engine = &fixture->engine;
	size_t matches;

	begin_damaged(fixture);
	assert_int_equal(memory_writes(fixture->table), 0);
	assert_int_equal(weight(fixture), 1);
	assert_true(engine_is_degraded(engine));
	assert_true(engine_is_suspended(engine));
	assert_non_null(strstr(engine->troubles[ENGINE_TROUBLE_OPERATOR], path));
	assert_non_null(strstr(engine->troubles[ENGINE_TROUBLE_OPERATOR], "resume --force"));
	assert_int_equal(fixture->events[ENGINE_EVENT_TROUBLE], 1);
	/* Whatever would write the file anew is refused. */
	assert_int_equal(engine_drain(engine, &drain, 0, "test", &matches, &error), -EUCLEAN);
	assert_int_equal(engine_undrain(engine, &drain, "test", NULL), -EUCLEAN);
	assert_int_equal(engine_suspend(engine, "why", "test", NULL), -EUCLEAN);
	assert_int_equal(engine_resume(engine, 0, "test", NULL), -EUCLEAN);
	assert_non_null(strstr(error.text, "is damaged"));
}

static void a_mended_file_counts_again(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *path = path_of(fixture);
	static const char text[] =
		"{\"poise\": 1, \"drains\": [{\"destination\": \"10.9.0.2\", \"since\": 1}]}";

	begin_damaged(fixture);
	assert_int_equal(file_replace(path, text, strlen(text), 0600), 0);
	assert_true(fixture->next <= reconciler_now() + fixture->ahead + 3 * SECOND);
	later(fixture, 3 * SECOND);
	assert_int_equal(weight(fixture), 7);
	assert_null(live(fixture, LISTEN, "10.9.0.2:80"));
	assert_false(engine_is_degraded(&fixture->engine));
}

static void a_removed_file_counts_as_empty(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *path = path_of(fixture);

	begin_damaged(fixture);
	assert_int_equal(unlink(path), 0);
	later(fixture, 3 * SECOND);
	assert_int_equal(weight(fixture), 7);
	assert_false(engine_is_suspended(&fixture->engine));
}

static void it_is_forced_away(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_operator_ struct operator_state read = {};

	begin_damaged(fixture);
	assert_int_equal(engine_reload(&fixture->engine, false, 0, "test", NULL), 0);
	turn(fixture);
	assert_int_equal(weight(fixture), 1);
	assert_int_equal(engine_reload(&fixture->engine, true, 0, "test", NULL), 0);
	turn(fixture);
	assert_int_equal(weight(fixture), 7);
	assert_int_equal(operator_load(fixture->directory, &read, NULL), 0);
	assert_false(engine_is_degraded(&fixture->engine));
}

static void a_resume_is_forced_too(void **state)
{
	struct fixture *fixture = *state;

	begin_damaged(fixture);
	assert_int_equal(engine_forget_operator(&fixture->engine, 0, "test", NULL), 0);
	turn(fixture);
	assert_int_equal(weight(fixture), 7);
	assert_null(fixture->engine.troubles[ENGINE_TROUBLE_OPERATOR]);
}

/* poise(1) says why each entry of the history may be there. */
static void the_manual_has_all_reasons(void **state)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	(void)state;
	assert_int_equal(file_read(AT_FDCWD, "man/poise.1", 1 << 20, &text, &size), 0);
	char *list = strstr(text, "the latest last: when, why");
	assert_non_null(list);
	*strstr(list, ".Pc") = '\0';
	for (size_t i = 0; i < ENGINE_REASON_COUNT; i++) {
		const char *name = engine_reason_name((enum engine_reason)i);

		if (!strstr(list, name))
			fail_msg("man/poise.1 lacks %s", name);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_changed_and_it_is_said),
		TEST(a_mended_file_counts_again),
		TEST(a_removed_file_counts_as_empty),
		TEST(it_is_forced_away),
		TEST(a_resume_is_forced_too),
		cmocka_unit_test(the_manual_has_all_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
