// SPDX-License-Identifier: GPL-2.0-or-later
/* What a diff beside poised says that it cannot foretell, and about whom it has nothing to say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/unforetold.h"
#include "tests/support/build.h"

#define WEB "tcp://192.0.2.1:80"

static struct config_check web = {.name = {.text = "web"}, .initially = CONFIG_INITIALLY_UP};
static struct config_check site = {.name = {.text = "site"}, .initially = CONFIG_INITIALLY_UP};
static struct config_check careful = {
	.name = {.text = "careful"}, .initially = CONFIG_INITIALLY_DOWN};

static void say(struct facts *facts, const char *target, const char *check, bool up)
{
	const struct facts_health said = {
		.key = {.target = build_destination_key(target), .check = check},
		.verdict = {.up = up,
			.settled = true,
			.recovered = up,
			.weight = VERDICT_NO_WEIGHT},
	};

	facts_put_health(facts, &said, 1);
}

/* What is said of 10.0.0.1 and 10.0.0.2, which have that check. */
static char *unforetold(const struct config_check *check, const struct facts *facts)
{
	_cleanup_declared_ struct declared declared = {};
	struct declared_service *service = build_declared(&declared, "web", WEB, "wlc", 30);
	struct strbuf text = {};

	build_check(&declared, build_declared_destination(service, "10.0.0.1:80", 1), check);
	build_check(&declared, build_declared_destination(service, "10.0.0.2:80", 1), check);
	cli_unforetold(&declared, facts, &text);
	return strbuf_take(&text);
}

static void what_is_known_is_foretold(_unused_ void **state)
{
	struct facts facts = {};

	_cleanup_free_ char *nothing = unforetold(&web, &facts);
	assert_string_equal(nothing, "");
	/* The same check; a server that the files do not have; one that is up by a check that is gone. */
	say(&facts, "10.0.0.1:80", "web", false);
	say(&facts, "10.0.0.3:80", "gone", false);
	say(&facts, "10.0.0.2:80", "gone", true);
	_cleanup_free_ char *same = unforetold(&web, &facts);
	assert_string_equal(same, "");
	facts_clear_health(&facts);
	say(&facts, "10.0.0.1:80", "careful", false);
	say(&facts, "10.0.0.2:80", "careful", true);
	_cleanup_free_ char *both = unforetold(&careful, &facts);
	assert_string_equal(both, "");
	facts_clear(&facts);
}

static void a_check_in_the_place_of_one_that_is_down_is_told(_unused_ void **state)
{
	struct facts facts = {};

	say(&facts, "10.0.0.1:80", "web", false);
	_cleanup_free_ char *one = unforetold(&site, &facts);
	assert_string_equal(one, "10.0.0.1:80 is down by the check `web`, and `site` takes its "
				 "place: it is shown as "
				 "up, and yet poised keeps it out until that has passed\n");
	say(&facts, "10.0.0.2:80", "web", false);
	_cleanup_free_ char *two = unforetold(&site, &facts);
	assert_non_null(strstr(two, "10.0.0.1:80 is down by the check `web` (and 1 more like it)"));
	/* One that poised knows to be down itself is shown so. */
	say(&facts, "10.0.0.1:80", "site", false);
	_cleanup_free_ char *other = unforetold(&site, &facts);
	assert_non_null(strstr(other, "10.0.0.2:80 is down by the check `web`, and `site`"));
	facts_clear(&facts);
}

static void a_check_that_begins_with_down_is_told(_unused_ void **state)
{
	struct facts facts = {};

	say(&facts, "10.0.0.1:80", "careful", false);
	_cleanup_free_ char *text = unforetold(&careful, &facts);
	assert_string_equal(text, "servers of the check `careful` are shown as up, and yet poised "
				  "keeps out those that "
				  "are new to it until they have passed (`initially: down`)\n");
	facts_clear(&facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_known_is_foretold),
		cmocka_unit_test(a_check_in_the_place_of_one_that_is_down_is_told),
		cmocka_unit_test(a_check_that_begins_with_down_is_told),
	};

	return cmocka_run_group_tests_name("unforetold", tests, NULL, NULL);
}
