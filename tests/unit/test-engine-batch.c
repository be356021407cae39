// SPDX-License-Identifier: GPL-2.0-or-later
/* poised over a backend that does all of a batch or nothing. */
#include "tests/unit/engine-fixture.h"

/* A backend that does all or nothing refuses more than are tried in one pass: what it does not refuse comes all the same, and
 * soon. */
static void many_failures_keep_nobody_out(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_strbuf_ struct strbuf text = {};

	fixture->table->atomic = true;
	strbuf_add(&text, "poise: 1\nservices:\n");
	for (unsigned int i = 0; i < 60; i++)
		strbuf_printf(&text,
			"  s%u: {listen: \"tcp://10.0.0.1:%u\", scheduler: %s, destinations: "
			"[10.9.0.1]}\n",
			i, i + 1, i < 50 ? "nosuch" : "rr");
	write_file(fixture, text.text);
	start(fixture);
	turn(fixture);
	assert_int_equal(fixture->table->state.services.count, 0);
	assert_true(fixture->engine.retries.count > 0 && fixture->engine.retries.count < 50);
	for (unsigned int i = 0; i < 4; i++)
		later(fixture, SECOND / 5);
	assert_int_equal(fixture->engine.retries.count, 50);
	assert_int_equal(fixture->table->state.services.count, 10);
	assert_int_equal(fixture->events[ENGINE_EVENT_FAILED], 50);
	assert_int_equal(fixture->engine.counters.drift, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(many_failures_keep_nobody_out, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
