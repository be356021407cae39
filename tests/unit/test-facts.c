// SPDX-License-Identifier: GPL-2.0-or-later
/* What the facts keep of verdicts: sorted, only what is not plain, with names of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "reconciler/facts.h"
#include "tests/support/build.h"

static struct facts_health said(const char *target, const char *check, bool up, int32_t weight)
{
	return (struct facts_health){.key = {build_destination_key(target), check},
		.verdict = {.up = up, .settled = true, .weight = weight, .since = 9}};
}

static void put(struct facts *facts, const char *target, const char *check, bool up, int32_t weight)
{
	const struct facts_health health = said(target, check, up, weight);

	facts_put_health(facts, &health, 1);
}

static const struct verdict *find(const struct facts *facts, const char *target, const char *check)
{
	const struct probe_key key = {build_destination_key(target), check};

	return facts_find_verdict(facts, &key);
}

static void only_what_is_not_plain_is_kept(_unused_ void **state)
{
	struct facts facts = {};

	assert_null(find(NULL, "10.0.0.1:80", "web"));
	assert_null(find(&facts, "10.0.0.1:80", "web"));
	put(&facts, "10.0.0.1:80", "web", true, VERDICT_NO_WEIGHT);
	assert_int_equal(facts.health.count, 0);
	put(&facts, "10.0.0.1:80", "web", false, VERDICT_NO_WEIGHT);
	assert_false(find(&facts, "10.0.0.1:80", "web")->up);
	assert_null(find(&facts, "10.0.0.1:80", "we"));
	assert_null(find(&facts, "10.0.0.1:81", "web"));
	put(&facts, "10.0.0.1:80", "web", true, 0);
	assert_int_equal(find(&facts, "10.0.0.1:80", "web")->weight, 0);
	assert_int_equal(facts.health.count, 1);
	put(&facts, "10.0.0.1:80", "web", true, VERDICT_NO_WEIGHT);
	assert_int_equal(facts.health.count, 0);
	facts_clear(&facts);
}

static void many_at_once_are_merged(_unused_ void **state)
{
	struct facts facts = {};
	const struct facts_health first[] = {said("10.0.0.2:80", "a", false, -1),
		said("10.0.0.4:80", "a", false, -1), said("10.0.0.6:80", "a", false, -1)};
	const struct facts_health then[] = {
		said("10.0.0.1:80", "b", false, -1), /* before all */
		said("10.0.0.2:80", "a", true, -1),  /* the first goes */
		said("10.0.0.3:80", "a", true, -1),  /* was not there, and is plain */
		said("10.0.0.4:80", "a", true, 4),   /* in place */
		said("10.0.0.4:80", "b", false, -1), /* in between */
		said("10.0.0.7:80", "c", false, -1), /* behind all */
	};
	static const char *const wanted[][2] = {{"10.0.0.1:80", "b"}, {"10.0.0.4:80", "a"},
		{"10.0.0.4:80", "b"}, {"10.0.0.6:80", "a"}, {"10.0.0.7:80", "c"}};

	facts_put_health(&facts, NULL, 0);
	facts_put_health(&facts, first, ARRAY_LENGTH(first));
	facts_put_health(&facts, then, ARRAY_LENGTH(then));
	assert_int_equal(facts.health.count, ARRAY_LENGTH(wanted));
	for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++) {
		const struct facts_health *item = &facts.health.items[i];
		const struct destination_key key = build_destination_key(wanted[i][0]);

		assert_int_equal(destination_key_compare(&item->key.target, &key), 0);
		assert_string_equal(item->key.check, wanted[i][1]);
	}
	assert_int_equal(find(&facts, "10.0.0.4:80", "a")->weight, 4);
	assert_int_equal(facts.names.count, 3);
	facts_clear(&facts);
}

static void names_are_their_own(_unused_ void **state)
{
	struct facts facts = {};
	char name[] = "web";

	put(&facts, "10.0.0.1:80", name, false, -1);
	put(&facts, "10.0.0.2:80", name, false, -1);
	memset(name, 'x', 3);
	assert_false(find(&facts, "10.0.0.1:80", "web")->up);
	assert_ptr_equal(facts.health.items[0].key.check, facts.health.items[1].key.check);
	assert_int_equal(facts.names.count, 1);
	facts_clear(&facts);
}

static void each_part_is_cleared_alone(_unused_ void **state)
{
	struct facts facts = {};

	vector_push(&facts.drains,
		((struct facts_drain){.destination = build_destination_key("10.0.0.1:80"),
			.everywhere = true,
			.until = UINT64_MAX}));
	put(&facts, "10.0.0.1:80", "web", false, -1);
	facts_clear_drains(&facts);
	assert_int_equal(facts.drains.count, 0);
	assert_non_null(find(&facts, "10.0.0.1:80", "web"));
	vector_push(&facts.drains, ((struct facts_drain){.everywhere = true, .until = UINT64_MAX}));
	facts_clear_health(&facts);
	assert_int_equal(facts.drains.count, 1);
	assert_null(find(&facts, "10.0.0.1:80", "web"));
	assert_int_equal(facts.names.count, 0);
	facts_clear(&facts);
	assert_int_equal(facts.drains.count, 0);
}

/* One family of a router is not taken for the other when the files have it no more. */
static void routers_are_dropped(_unused_ void **state)
{
	struct facts facts = {.routed = true};

	facts_put_router(&facts, "web", AF_INET6, FACTS_ROLE_ACTIVE);
	facts_put_router(&facts, "web", AF_INET, FACTS_ROLE_BACKUP);
	facts_put_router(&facts, "other", AF_INET, FACTS_ROLE_ACTIVE);
	assert_int_equal(facts_role(&facts, "web", AF_UNSPEC), FACTS_ROLE_BACKUP);
	assert_true(facts_drop_router(&facts, "web", AF_INET));
	assert_false(facts_drop_router(&facts, "web", AF_INET));
	assert_false(facts_drop_router(&facts, "none", AF_INET));
	assert_int_equal(facts_role(&facts, "web", AF_UNSPEC), FACTS_ROLE_ACTIVE);
	assert_int_equal(facts_role(&facts, "web", AF_INET), FACTS_ROLE_ACTIVE);
	assert_int_equal(facts_role(&facts, "other", AF_INET), FACTS_ROLE_ACTIVE);
	assert_true(facts_drop_router(&facts, "web", AF_INET6));
	assert_int_equal(facts_role(&facts, "web", AF_INET6), FACTS_ROLE_UNKNOWN);
	facts_clear(&facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_not_plain_is_kept),
		cmocka_unit_test(many_at_once_are_merged),
		cmocka_unit_test(names_are_their_own),
		cmocka_unit_test(each_part_is_cleared_alone),
		cmocka_unit_test(routers_are_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
