// SPDX-License-Identifier: GPL-2.0-or-later
/* What is remembered between passes: found, copied, united. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "model/units.h"
#include "reconciler/memory.h"
#include "tests/support/build.h"

static void own(struct memory *memory, const char *listener, const char *name, uint64_t drain)
{
	struct memory_service *owned = vector_append(&memory->owned);

	owned->key = build_key(listener);
	owned->name = memory_copy_string(name);
	owned->drain = drain;
	vector_sort(&memory->owned, service_compare);
}

static void drain(struct memory *memory, const char *listener, const char *endpoint)
{
	struct memory_drain *item = vector_append(&memory->drains);

	item->service = build_key(listener);
	item->destination = build_destination_key(endpoint);
	item->reason = DRAIN_REASON_OPERATOR;
	vector_sort(&memory->drains, memory_drain_compare);
}

static void names_and_reasons_are_each_others_reverse(void **state _unused_)
{
	for (int i = 0; i < DRAIN_REASON_COUNT; i++)
		assert_int_equal(drain_reason_from_name(drain_reason_name(i)), i);
	assert_int_equal(drain_reason_from_name("?"), -EINVAL);
	assert_int_equal(drain_reason_from_name(""), -EINVAL);
	assert_string_equal(drain_reason_name(DRAIN_REASON_COUNT), "?");
}

static void what_is_remembered_is_found(void **state _unused_)
{
	_cleanup_memory_ struct memory memory = {};
	struct service_key web = build_key("tcp://192.0.2.1:80"),
			   dns = build_key("udp://192.0.2.1:53");
	struct destination_key first = build_destination_key("10.0.0.1:80");
	struct destination_key second = build_destination_key("10.0.0.2:80");

	assert_null(memory_find_owned(&memory, &web));
	assert_null(memory_find_drain(&memory, &web, &first));
	own(&memory, "udp://192.0.2.1:53", "dns", 1);
	own(&memory, "tcp://192.0.2.1:80", "web", 2);
	drain(&memory, "udp://192.0.2.1:53", "10.0.0.1:80");
	drain(&memory, "tcp://192.0.2.1:80", "10.0.0.2:80");
	assert_string_equal(memory_find_owned(&memory, &web)->name, "web");
	assert_string_equal(memory_find_owned(&memory, &dns)->name, "dns");
	assert_non_null(memory_find_drain(&memory, &dns, &first));
	assert_non_null(memory_find_drain(&memory, &web, &second));
	assert_null(memory_find_drain(&memory, &web, &first));
	assert_null(memory_find_drain(&memory, &dns, &second));
}

static void a_copy_stands_alone(void **state _unused_)
{
	_cleanup_memory_ struct memory from = {}, to = {}, empty = {};

	own(&from, "tcp://192.0.2.1:80", "web", 7);
	drain(&from, "tcp://192.0.2.1:80", "10.0.0.1:80");
	memory_copy(&to, &from);
	from.owned.items[0].name[0] = 'W';
	memory_clear(&from);
	assert_int_equal(to.owned.count, 1);
	assert_string_equal(to.owned.items[0].name, "web");
	assert_int_equal(to.owned.items[0].drain, 7);
	assert_int_equal(to.drains.count, 1);
	assert_int_equal(to.drains.items[0].reason, DRAIN_REASON_OPERATOR);
	memory_copy(&empty, &from);
	assert_int_equal(empty.owned.count + empty.drains.count, 0);
}

static void a_union_has_what_either_owns(void **state _unused_)
{
	_cleanup_memory_ struct memory before = {}, after = {}, both = {}, none = {}, same = {};

	own(&before, "tcp://192.0.2.1:80", "old", 1);
	own(&before, "tcp://192.0.2.2:80", "gone", 1);
	own(&before, "fwmark://9", "last", 1);
	drain(&before, "tcp://192.0.2.2:80", "10.0.0.1:80");
	own(&after, "tcp://192.0.2.0:80", "new", 2);
	own(&after, "tcp://192.0.2.1:80", "renamed", 2);
	drain(&after, "tcp://192.0.2.1:80", "10.0.0.9:80");
	memory_union(&both, &before, &after);
	assert_int_equal(both.owned.count, 4);
	assert_string_equal(both.owned.items[0].name, "new");
	assert_string_equal(both.owned.items[1].name, "renamed");
	assert_int_equal(both.owned.items[1].drain, 2);
	assert_string_equal(both.owned.items[2].name, "gone");
	assert_string_equal(both.owned.items[3].name, "last");
	assert_int_equal(both.drains.count, 1);
	assert_int_equal(memory_drain_compare(&both.drains.items[0], &after.drains.items[0]), 0);
	memory_union(&same, &none, &after);
	assert_int_equal(same.owned.count, 2);
	memory_clear(&same);
	memory_union(&same, &before, &none);
	assert_int_equal(same.owned.count, 3);
	assert_int_equal(same.drains.count, 0);
}

static void a_drain_is_never_longer_than_declared(_unused_ void **state)
{
	const struct memory_drain drain = {
		.since = 100 * UNITS_SECOND, .deadline = 130 * UNITS_SECOND};

	/* The clock of who shows it may stand before that of who began it. */
	assert_int_equal(drain_seconds_left(&drain, drain.since - UNITS_MILLISECOND), 30);
	assert_int_equal(drain_seconds_left(&drain, drain.since), 30);
	assert_int_equal(drain_seconds_left(&drain, drain.since + 1), 30);
	assert_int_equal(drain_seconds_left(&drain, drain.since + UNITS_SECOND), 29);
	assert_int_equal(drain_seconds_left(&drain, drain.deadline - 1), 1);
	assert_int_equal(drain_seconds_left(&drain, drain.deadline), 0);
	assert_int_equal(drain_seconds_left(&drain, UINT64_MAX), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_drain_is_never_longer_than_declared),
		cmocka_unit_test(names_and_reasons_are_each_others_reverse),
		cmocka_unit_test(what_is_remembered_is_found),
		cmocka_unit_test(a_copy_stands_alone),
		cmocka_unit_test(a_union_has_what_either_owns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
