// SPDX-License-Identifier: GPL-2.0-or-later
/* What commands make of the operator's word where no poised runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <cmocka.h>

#include "cli/operator_told.h"
#include "reconciler/reconciler.h"
#include "tests/support/build.h"
#include "tests/support/folder.h"

#define WEB "tcp://192.0.2.1:80"

static void put_drain(struct operator_state *state, const char *service, const char *destination)
{
	struct facts_drain drain;

	assert_int_equal(operator_target_parse(service, destination, &drain, NULL), 0);
	drain.until = UINT64_MAX;
	operator_drain(state, &drain, 1700000000, "uid 7");
}

static void nothing_told_is_nothing(void **state)
{
	_cleanup_cli_operator_ struct cli_operator told = {};
	_cleanup_error_ struct error error = {};

	cli_operator_read(*state, &told);
	assert_false(told.damaged);
	assert_int_equal(cli_operator_check(&told, &error), 0);
	json_t *suspension = cli_operator_suspension(&told), *drains = cli_operator_drains(&told);
	assert_true(json_is_null(suspension));
	assert_int_equal(json_array_size(drains), 0);
	json_decref(drains);
	json_t *troubles = cli_operator_troubles(&told);
	assert_int_equal(json_array_size(troubles), 0);
	json_decref(troubles);
}

static void drains_are_facts(void **state)
{
	_cleanup_operator_ struct operator_state saved = {};
	_cleanup_cli_operator_ struct cli_operator told = {};
	_cleanup_error_ struct error error = {};
	struct service_key web = build_key(WEB);
	struct destination_key one = build_destination_key("10.0.0.1:80"),
			       two = build_destination_key("10.0.0.2:80"),
			       three = build_destination_key("10.0.0.3:80");

	put_drain(&saved, WEB, "10.0.0.1:80");
	put_drain(&saved, NULL, "10.0.0.2");
	assert_int_equal(operator_save(*state, &saved, &error), 0);
	cli_operator_read(*state, &told);
	assert_int_not_equal(facts_drained_until(&told.facts, &web, &one, reconciler_now()), 0);
	assert_int_not_equal(facts_drained_until(&told.facts, &web, &two, reconciler_now()), 0);
	assert_int_equal(facts_drained_until(&told.facts, &web, &three, reconciler_now()), 0);
	assert_int_equal(cli_operator_check(&told, &error), 0);
	json_t *drains = cli_operator_drains(&told);
	_cleanup_free_ char *text = json_dumps(drains, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(drains);
	assert_string_equal(text,
		"[{\"by\":\"uid 7\",\"destination\":\"10.0.0.1:80\",\"service\":\"" WEB
		"\",\"since\":1700000000,\"until\":null},"
		"{\"by\":\"uid 7\",\"destination\":\"10.0.0.2\",\"service\":null,"
		"\"since\":1700000000,\"until\":null}]");
}

static void a_suspension_refuses(void **state)
{
	struct operator_state saved = {
		.suspended = true,
		.suspended_since = 1700000000,
		.suspended_why = memory_copy_string("new switch"),
		.suspended_by = memory_copy_string("uid 7 (ann)"),
	};
	_cleanup_cli_operator_ struct cli_operator told = {};
	_cleanup_error_ struct error error = {};

	assert_int_equal(operator_save(*state, &saved, &error), 0);
	operator_clear(&saved);
	cli_operator_read(*state, &told);
	assert_int_equal(cli_operator_check(&told, &error), -EPERM);
	assert_non_null(strstr(error.text, "by uid 7 (ann)"));
	assert_non_null(strstr(error.text, "2023-11-1"));
	assert_non_null(strstr(error.text, "new switch"));
	assert_non_null(strstr(error.text, "`poise resume`"));
	assert_non_null(strstr(error.text, "--force"));
	json_t *suspension = cli_operator_suspension(&told);
	assert_int_equal(json_integer_value(json_object_get(suspension, "since")), 1700000000);
	json_decref(suspension);
}

static void what_cannot_be_read_refuses(void **state)
{
	_cleanup_cli_operator_ struct cli_operator told = {};
	_cleanup_error_ struct error error = {};

	folder_write(*state, "operator.json", "{\"poise\": 1, \"drains\": [");
	cli_operator_read(*state, &told);
	assert_true(told.damaged);
	assert_int_equal(told.facts.drains.count, 0);
	json_t *troubles = cli_operator_troubles(&told);
	assert_int_equal(json_array_size(troubles), 1);
	assert_non_null(
		strstr(json_string_value(json_array_get(troubles, 0)), "operator.json is damaged"));
	json_decref(troubles);
	assert_int_equal(cli_operator_check(&told, &error), -EINVAL);
	assert_non_null(strstr(error.text, "operator.json"));
	assert_non_null(strstr(error.text, "--force"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			nothing_told_is_nothing, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(drains_are_facts, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(
			a_suspension_refuses, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(
			what_cannot_be_read_refuses, folder_setup, folder_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
