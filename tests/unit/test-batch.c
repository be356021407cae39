// SPDX-License-Identifier: GPL-2.0-or-later
/* A backend that does all of a batch or nothing: what it refuses stops the rest of an apply no more than in one that takes
 * operations one by one, and a thousand refusals do not make a thousand tries. */
#include "tests/unit/reconciler-fixture.h"

#include "reconciler/batch.h"

#define SERVICE                                                                                    \
	"  %s: {listen: [\"tcp://192.0.2.%u:80\"], scheduler: %s, destinations: [10.0.0.1, "       \
	"10.0.0.2]}\n"
/* Operations of one such. */
#define SERVICE_OPS 3
/* Those that every service needs beside. */
#define SYSCTLS 2

static int setup_whole(void **state)
{
	int r = setup(state);

	((struct fixture *)*state)->table->atomic = true;
	return r;
}

/* `bad` services that are refused, among `good` ones that are not. */
static void declare(struct fixture *fixture, unsigned int bad, unsigned int good)
{
	_cleanup_strbuf_ struct strbuf text = {};
	char name[16];

	strbuf_add(&text, "services:\n");
	for (unsigned int i = 0; i < bad + good; i++) {
		snprintf(name, sizeof(name), "s%u", i);
		strbuf_printf(&text, SERVICE, name, i + 1, i < bad ? "nosuch" : "rr");
	}
	fixture_declare(fixture, text.text);
}

static void the_others_are_done(void **state)
{
	struct fixture *fixture = *state;

	declare(fixture, 1, 2);
	assert_int_equal(fixture_apply(fixture), -EIO);
	assert_int_equal(fixture->planned, 3 * SERVICE_OPS + SYSCTLS);
	assert_int_equal(fixture->outcome.failed, 1);
	assert_int_equal(fixture->outcome.skipped, SERVICE_OPS - 1);
	assert_int_equal(fixture->outcome.done, 2 * SERVICE_OPS + SYSCTLS);
	assert_int_equal(fixture->outcome.mismatches, 0);
	assert_int_equal(fixture->table->applies, 2);
	assert_int_equal(fixture->table->state.services.count, 2);
	assert_null(fixture_service(fixture, "tcp://192.0.2.1:80"));
	/* The record names what is there, and no more. */
	assert_int_equal(fixture->reconciler.record.memory.owned.count, 2);
	/* What is well is left alone when it is tried again. */
	memory_reset(fixture->table);
	assert_int_equal(fixture_apply(fixture), -EIO);
	assert_int_equal(fixture->planned, SERVICE_OPS);
	assert_int_equal(memory_writes(fixture->table), 0);
}

/* A destination that is refused keeps its service, and the others of it, from nothing. */
static void a_destination_goes_alone(void **state)
{
	struct fixture *fixture = *state;

	declare(fixture, 0, 2);
	struct destination_attributes *bad =
		&fixture->declared.services.items[0].destinations.items[1].attributes;
	bad->lower_threshold = 2;
	bad->upper_threshold = 1;
	assert_int_equal(fixture_apply(fixture), -EIO);
	assert_int_equal(fixture->outcome.failed, 1);
	assert_int_equal(fixture->outcome.skipped, 0);
	assert_int_equal(fixture->table->state.services.count, 2);
	assert_int_equal(fixture_service(fixture, "tcp://192.0.2.1:80")->destinations.count, 1);
	assert_int_equal(fixture_service(fixture, "tcp://192.0.2.2:80")->destinations.count, 2);
}

static void it_has_a_bound(void **state)
{
	struct fixture *fixture = *state;
	const unsigned int tries = BATCH_RETRIES_MOST + 1;

	declare(fixture, tries - 1, 3);
	assert_int_equal(fixture_apply(fixture), -EIO);
	assert_int_equal(fixture->table->applies, tries);
	assert_int_equal(fixture->outcome.failed, tries - 1);
	assert_int_equal(fixture->table->state.services.count, 3);

	/* One more, and the rest has to wait. */
	memory_reset(fixture->table);
	fixture->request.force = true;
	declare(fixture, tries + 10, 5);
	assert_int_equal(fixture_apply(fixture), -EIO);
	assert_int_equal(fixture->table->applies, tries);
	assert_int_equal(fixture->outcome.failed, tries);
	assert_int_equal(fixture->outcome.done, 0);
	assert_int_equal(fixture->outcome.failed + fixture->outcome.skipped, fixture->planned);
}

/* A lost connection is no refusal: nothing is tried again. */
static void a_lost_connection_ends_it(void **state)
{
	struct fixture *fixture = *state;

	declare(fixture, 0, 3);
	memory_lose(fixture->table, 4, -ENOTCONN);
	assert_int_equal(fixture_apply(fixture), -ENOTCONN);
	assert_int_equal(fixture->table->applies, 1);
	assert_int_equal(fixture->table->state.services.count, 0);
	/* And so it is when it comes to the second try. */
	declare(fixture, 1, 3);
	memory_reset(fixture->table);
	memory_lose(fixture->table, SYSCTLS + 4, -ENOTCONN);
	assert_int_equal(fixture_apply(fixture), -ENOTCONN);
	assert_int_equal(fixture->table->applies, 2);
	assert_int_equal(fixture->table->state.services.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_others_are_done, setup_whole, teardown),
		cmocka_unit_test_setup_teardown(a_destination_goes_alone, setup_whole, teardown),
		cmocka_unit_test_setup_teardown(it_has_a_bound, setup_whole, teardown),
		cmocka_unit_test_setup_teardown(a_lost_connection_ends_it, setup_whole, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
