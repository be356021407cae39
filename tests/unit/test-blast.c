// SPDX-License-Identifier: GPL-2.0-or-later
/* The blast guard: what counts as lost, and when it is too much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "reconciler/blast.h"
#include "tests/support/build.h"

/* A declaration in short: services "NAME LISTENER[ DESTINATION…]", up to NULL. */
struct guard_case {
	const char *what;
	const char *before[14], *now[14];
	unsigned int max_delete; /* 0: the file's default */
	const char *reasons;     /* "": none, the guard lets it pass */
};

static const struct guard_case cases[] = {
	{.what = "the first apply has nothing to lose",
		.now = {"web tcp://192.0.2.1:80 10.0.0.1"},
		.reasons = ""},
	{.what = "nothing changed",
		.before = {"web tcp://192.0.2.1:80 10.0.0.1", "dns udp://192.0.2.1:53 10.0.0.1"},
		.now = {"web tcp://192.0.2.1:80 10.0.0.1", "dns udp://192.0.2.1:53 10.0.0.1"},
		.reasons = ""},
	{.what = "half of the services is not more than half",
		.before = {"a tcp://192.0.2.1:80", "b tcp://192.0.2.2:80"},
		.now = {"a tcp://192.0.2.1:80"},
		.reasons = ""},
	{.what = "more than half of the services",
		.before = {"a tcp://192.0.2.1:80", "b tcp://192.0.2.2:80", "c tcp://192.0.2.3:80"},
		.now = {"a tcp://192.0.2.1:80"},
		.reasons = "2 of 3 services would go (67 %, max-delete is 50 %)\n"},
	{.what = "all of the services",
		.before = {"a tcp://192.0.2.1:80 10.0.0.1 10.0.0.2 10.0.0.3"},
		.reasons = "1 of 1 services would go (100 %, max-delete is 50 %)\n"},
	{.what = "all of the services, and others in their place",
		.before = {"a tcp://192.0.2.1:80", "b tcp://192.0.2.2:80"},
		.now = {"c tcp://192.0.2.3:80", "d tcp://192.0.2.4:80"},
		.reasons = "2 of 2 services would go (100 %, max-delete is 50 %)\n"},
	{.what = "the same services under changed listeners",
		.before = {"a tcp://192.0.2.1:80 10.0.0.1:80 10.0.0.2:80 10.0.0.3:80",
			"b udp://192.0.2.2:80"},
		.now = {"a tcp://192.0.2.1:8080 10.0.0.1:8080 10.0.0.2:8080 10.0.0.3:8080",
			"b fwmark://7"},
		.reasons = ""},
	{.what = "two listeners for one",
		.before = {"a tcp://192.0.2.1:80", "a tcp://192.0.2.1:81", "a tcp://192.0.2.1:82"},
		.now = {"a tcp://192.0.2.1:8080"},
		.reasons = "2 of 3 services would go (67 %, max-delete is 50 %)\n"},
	{.what = "renamed services",
		.before = {"a tcp://192.0.2.1:80 10.0.0.1", "b tcp://192.0.2.2:80 10.0.0.1"},
		.now = {"x tcp://192.0.2.1:80 10.0.0.1", "y tcp://192.0.2.2:80 10.0.0.1"},
		.reasons = ""},
	{.what = "a listener that moves to another service replaces nothing there",
		.before = {"a tcp://192.0.2.1:80", "b tcp://192.0.2.2:80", "b tcp://192.0.2.3:80"},
		.now = {"b tcp://192.0.2.1:80"},
		.reasons = "2 of 3 services would go (67 %, max-delete is 50 %)\n"},
	{.what = "two of two destinations are daily work",
		.before = {"a tcp://192.0.2.1:80 10.0.0.1 10.0.0.2"},
		.now = {"a tcp://192.0.2.1:80 10.0.0.3"},
		.reasons = ""},
	{.what = "three of six destinations are not more than half",
		.before = {"a tcp://192.0.2.1:80 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 "
			   "10.0.0.6"},
		.now = {"a tcp://192.0.2.1:80 10.0.0.1 10.0.0.2 10.0.0.3"},
		.reasons = ""},
	{.what = "three of five destinations",
		.before = {"a tcp://192.0.2.1:80 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5"},
		.now = {"a tcp://192.0.2.1:80 10.0.0.2 10.0.0.4"},
		.reasons = "3 of 5 destinations of a would go (60 %, max-delete is 50 %)\n"},
	{.what = "others in their place do not help",
		.before = {"a tcp://192.0.2.1:80 10.0.0.1 10.0.0.2 10.0.0.3"},
		.now = {"a tcp://192.0.2.1:80 10.0.1.1 10.0.1.2 10.0.1.3"},
		.reasons = "3 of 3 destinations of a would go (100 %, max-delete is 50 %)\n"},
	{.what = "the destinations of a renamed service",
		.before = {"a tcp://192.0.2.1:80 10.0.0.1 10.0.0.2 10.0.0.3"},
		.now = {"x tcp://192.0.2.1:80 10.0.0.9"},
		.reasons = "3 of 3 destinations of a would go (100 %, max-delete is 50 %)\n"},
	{.what = "the destinations of a service under a changed listener",
		.before = {"a tcp://192.0.2.1:80 10.0.0.1:80 10.0.0.2:80 10.0.0.3:80 10.0.0.4:80"},
		.now = {"a tcp://192.0.2.1:81 10.0.0.1:81"},
		.reasons = "3 of 4 destinations of a would go (75 %, max-delete is 50 %)\n"},
	{.what = "ports of one address",
		.before = {"a tcp://192.0.2.1:80 10.0.0.1:1 10.0.0.1:2 10.0.0.1:3 10.0.0.1:4"},
		.now = {"a tcp://192.0.2.1:80 10.0.0.1:1"},
		.reasons = "3 of 4 destinations of a would go (75 %, max-delete is 50 %)\n"},
	{.what = "listeners of one service have the same destinations",
		.before = {"a tcp://192.0.2.1:80 10.0.0.1:80 10.0.0.2:80 10.0.0.3:80",
			"a tcp://192.0.2.1:443 10.0.0.1:443 10.0.0.2:443 10.0.0.3:443"},
		.now = {"a tcp://192.0.2.1:80 10.0.0.1:80 10.0.0.2:80 10.0.0.3:80"},
		.reasons = ""},
	{.what = "the listener with the most ports of an address counts",
		.before = {"a tcp://192.0.2.1:80 10.0.0.1:1",
			"a tcp://192.0.2.1:443 10.0.0.1:1 10.0.0.1:2 10.0.0.1:3 10.0.0.1:4"},
		.now = {"a tcp://192.0.2.1:80 10.0.0.1:1", "a tcp://192.0.2.1:443 10.0.0.1:1"},
		.reasons = "3 of 4 destinations of a would go (75 %, max-delete is 50 %)\n"},
	{.what = "both families of one service",
		.before = {"a tcp://192.0.2.1:80 10.0.0.1 10.0.0.2",
			"a tcp://[2001:db8::1]:80 2001:db8::11 2001:db8::12"},
		.now = {"a tcp://192.0.2.1:80 10.0.0.1"},
		.reasons = "3 of 4 destinations of a would go (75 %, max-delete is 50 %)\n"},
	{.what = "a listener that another service took over",
		.before = {"a tcp://192.0.2.1:80 10.0.0.1",
			"a tcp://192.0.2.1:443 10.0.0.2 10.0.0.3 10.0.0.4"},
		.now = {"a tcp://192.0.2.1:80 10.0.0.1",
			"b tcp://192.0.2.1:443 10.0.0.2 10.0.0.3 10.0.0.4"},
		.reasons = "3 of 4 destinations of a would go (75 %, max-delete is 50 %)\n"},
	{.what = "a few of each listener",
		.before = {"a tcp://192.0.2.1:80 10.0.0.1 10.0.0.2",
			"a tcp://192.0.2.1:443 10.0.0.3 10.0.0.4"},
		.now = {"a tcp://192.0.2.1:80", "a tcp://192.0.2.1:443 10.0.0.4"},
		.reasons = "3 of 4 destinations of a would go (75 %, max-delete is 50 %)\n"},
	{.what = "a few of each service",
		.before = {"a tcp://192.0.2.1:80 10.0.0.1 10.0.0.2",
			"b tcp://192.0.2.2:80 10.0.0.3 10.0.0.4"},
		.now = {"a tcp://192.0.2.1:80", "b tcp://192.0.2.2:80", "c tcp://192.0.2.3:80"},
		.reasons = ""},
	{.what = "max-delete 0 lets nothing go",
		.before = {"a tcp://192.0.2.1:80", "b tcp://192.0.2.2:80"},
		.now = {"a tcp://192.0.2.1:80"},
		.max_delete = UINT32_MAX,
		.reasons = "1 of 2 services would go (50 %, max-delete is 0 %)\n"},
	{.what = "max-delete 100 lets all go",
		.before = {"a tcp://192.0.2.1:80"},
		.max_delete = 100,
		.reasons = ""},
	{.what = "services and destinations both",
		.before = {"a tcp://192.0.2.1:80 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4",
			"b tcp://192.0.2.2:80", "c tcp://192.0.2.3:80"},
		.now = {"a tcp://192.0.2.1:80 10.0.0.1"},
		.reasons = "2 of 3 services would go (67 %, max-delete is 50 %)\n"
			   "3 of 4 destinations of a would go (75 %, max-delete is 50 %)\n"},
};

static void declare(struct declared *declared, const char *text)
{
	/* A name is borrowed, as from a config: these end with the test program. */
	static char kept[64][256];
	static size_t used;
	char *rest = kept[used++ % ARRAY_LENGTH(kept)];

	snprintf(rest, sizeof(kept[0]), "%s", text);
	const char *name = strtok_r(rest, " ", &rest);
	struct declared_service *service =
		build_declared(declared, name, strtok_r(NULL, " ", &rest), "wlc", 30);
	for (const char *endpoint; (endpoint = strtok_r(NULL, " ", &rest));)
		build_declared_destination(service, endpoint, 1);
}

static void declare_all(struct declared *declared, const char *const *texts)
{
	for (; *texts; texts++)
		declare(declared, *texts);
	build_sort(declared);
}

/* What comes and goes with the quorum is not lost when it goes from the files. */
static void fallbacks_do_not_count(void **state _unused_)
{
	static const char *const all[] = {
		"a tcp://192.0.2.1:80 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4", NULL};
	static const char *const rest[] = {"a tcp://192.0.2.1:80 10.0.0.1", NULL};

	for (int fallbacks = 0; fallbacks < 2; fallbacks++) {
		_cleanup_declared_ struct declared before = {}, now = {};
		_cleanup_record_ struct record record = {};
		_cleanup_strbuf_ struct strbuf reasons = {};

		declare_all(&before, all);
		declare_all(&now, rest);
		now.max_delete = 50;
		for (size_t i = 1; i < 4; i++)
			before.services.items[0].destinations.items[i].fallback = fallbacks;
		record_set_declared(&record, &before);
		assert_int_equal(blast_guard(&record, &now, BLAST_SERVICES, &reasons), !fallbacks);
	}
}

/* Three that served and are fallbacks from now on are three that went. */
static void becoming_a_fallback_is_a_loss(void **state _unused_)
{
	static const char *const all[] = {
		"a tcp://192.0.2.1:80 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4", NULL};
	_cleanup_declared_ struct declared before = {}, now = {};
	_cleanup_record_ struct record record = {};
	_cleanup_strbuf_ struct strbuf reasons = {};

	declare_all(&before, all);
	declare_all(&now, all);
	now.max_delete = 50;
	for (size_t i = 0; i < 3; i++)
		now.services.items[0].destinations.items[i].fallback = true;
	record_set_declared(&record, &before);
	assert_true(blast_guard(&record, &now, BLAST_SERVICES, &reasons));
}

static void the_guard_judges(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const struct guard_case *test = &cases[i];
		_cleanup_declared_ struct declared before = {}, now = {};
		_cleanup_record_ struct record record = {};
		_cleanup_strbuf_ struct strbuf reasons = {};

		print_message("%s\n", test->what);
		declare_all(&before, test->before);
		declare_all(&now, test->now);
		now.max_delete = test->max_delete == UINT32_MAX ? 0
				 : test->max_delete             ? test->max_delete
								: 50;
		record_set_declared(&record, &before);
		bool refused = blast_guard(&record, &now, BLAST_SERVICES, &reasons);
		const char *text = reasons.text ? reasons.text : "";

		assert_int_equal(refused, *test->reasons != '\0');
		assert_string_equal(text, test->reasons);
	}
}

static void only_ten_reasons_are_given(void **state _unused_)
{
	_cleanup_declared_ struct declared before = {}, now = {.max_delete = 50};
	_cleanup_record_ struct record record = {};
	_cleanup_strbuf_ struct strbuf reasons = {};
	size_t lines = 0;

	for (int i = 0; i < 25; i++) {
		char text[100];

		snprintf(text, sizeof(text),
			"s%02d tcp://192.0.2.%d:80 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4", i, i);
		declare(&before, text);
		snprintf(text, sizeof(text), "s%02d tcp://192.0.2.%d:80 10.0.0.1", i, i);
		declare(&now, text);
	}
	build_sort(&before);
	build_sort(&now);
	record_set_declared(&record, &before);
	assert_true(blast_guard(&record, &now, BLAST_SERVICES, &reasons));
	for (const char *c = reasons.text; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 11);
	assert_int_equal(strncmp(reasons.text, "3 of 4 destinations of s00 ", 27), 0);
	assert_non_null(strstr(reasons.text, "of s09 "));
	assert_null(strstr(reasons.text, "of s10 "));
	assert_non_null(strstr(reasons.text, "\nand 15 more like these\n"));
}

/* `prune: none` keeps what leaves the files: that is no loss. */
static void what_prune_keeps_is_not_lost(void **state _unused_)
{
	_cleanup_declared_ struct declared before = {}, now = {.max_delete = 50};
	_cleanup_record_ struct record record = {};
	_cleanup_strbuf_ struct strbuf reasons = {};

	declare(&before, "a tcp://192.0.2.1:80");
	declare(&before, "b tcp://192.0.2.2:80");
	declare(&before, "c tcp://192.0.2.3:80");
	declare(&now, "a tcp://192.0.2.1:80");
	build_sort(&before);
	build_sort(&now);
	record_set_declared(&record, &before);
	now.prune = CONFIG_PRUNE_NONE;
	assert_false(blast_guard(&record, &now, BLAST_SERVICES, &reasons));
	now.prune = CONFIG_PRUNE_OWNED;
	assert_true(blast_guard(&record, &now, BLAST_SERVICES, &reasons));
}

/* The same of virtual routers: "NAME INTERFACE VRID[ ADDRESS…]", up to NULL. */
struct router_case {
	const char *what;
	const char *before[12], *now[12];
	const char *reasons; /* "": none, the guard lets it pass */
};

static const struct router_case router_cases[] = {
	{.what = "the first ones",
		.now = {"a eth0 1 10.0.0.1", "b eth0 2 10.0.0.2"},
		.reasons = ""},
	{.what = "all of them",
		.before = {"a eth0 1 10.0.0.1", "b eth0 2 10.0.0.2", "c eth0 3 10.0.0.3"},
		.reasons = "3 of 3 virtual routers would go (100 %, max-delete is 50 %)\n"},
	{.what = "the only one",
		.before = {"a eth0 1 10.0.0.1 10.0.0.2 10.0.0.3"},
		.reasons = "1 of 1 virtual routers would go (100 %, max-delete is 50 %)\n"},
	{.what = "half of them",
		.before = {"a eth0 1 10.0.0.1", "b eth0 2 10.0.0.2"},
		.now = {"b eth0 2 10.0.0.2"},
		.reasons = ""},
	{.what = "the same under other names",
		.before = {"a eth0 1 10.0.0.1", "b eth0 2 2001:db8::2"},
		.now = {"x eth0 1 10.0.0.1", "y eth0 2 2001:db8::2"},
		.reasons = ""},
	{.what = "the same under other VRIDs, interfaces and addresses",
		.before = {"a eth0 1 10.0.0.1", "b eth0 2 10.0.0.2"},
		.now = {"a eth0 11 10.0.0.1", "b eth1 2 10.0.1.2"},
		.reasons = ""},
	{.what = "others in their place",
		.before = {"a eth0 1 10.0.0.1", "b eth0 2 10.0.0.2"},
		.now = {"x eth1 1 10.0.0.1", "y eth0 2 2001:db8::2"},
		.reasons = "2 of 2 virtual routers would go (100 %, max-delete is 50 %)\n"},
	{.what = "one that was there takes the place of the others",
		.before = {"a eth0 1 10.0.0.1", "b eth0 2 10.0.0.2", "c eth0 3 10.0.0.3"},
		.now = {"c eth0 1 10.0.0.3"},
		.reasons = "2 of 3 virtual routers would go (67 %, max-delete is 50 %)\n"},
	{.what = "three addresses of four",
		.before = {"a eth0 1 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4"},
		.now = {"a eth0 1 10.0.0.4"},
		.reasons = "3 of 4 addresses of virtual router a would go (75 %, max-delete is 50 "
			   "%)\n"},
	{.what = "two addresses of two",
		.before = {"a eth0 1 10.0.0.1 10.0.0.2"},
		.now = {"a eth0 1 10.0.0.3 10.0.0.4"},
		.reasons = ""},
	{.what = "addresses that go to another",
		.before = {"a eth0 1 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4", "b eth0 2 10.0.0.5"},
		.now = {"a eth0 1 10.0.0.4", "b eth0 2 10.0.0.3 10.0.0.5 10.0.0.1 10.0.0.2"},
		.reasons = ""},
};

/* Into `arena`, which ends with the test. */
static void declare_router(struct declared *declared, struct arena *arena, const char *text)
{
	struct declared_router *router = vector_append(&declared->routers);
	char *rest = arena_copy_string(arena, text);
	const char *word;

	router->name = strtok_r(rest, " ", &rest);
	router->interface = strtok_r(NULL, " ", &rest);
	router->vrid = (uint32_t)strtoul(strtok_r(NULL, " ", &rest), NULL, 10);
	router->addresses.items = arena_new(arena, 10 * sizeof(*router->addresses.items));
	while ((word = strtok_r(NULL, " ", &rest)))
		assert_int_equal(
			address_parse(word, &router->addresses.items[router->addresses.count++]
						     .address.address),
			0);
}

static void the_guard_judges_virtual_routers(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_LENGTH(router_cases); i++) {
		const struct router_case *test = &router_cases[i];
		_cleanup_declared_ struct declared before = {.max_delete = 50};
		_cleanup_declared_ struct declared now = {.max_delete = 50};
		_cleanup_record_ struct record record = {};
		_cleanup_strbuf_ struct strbuf reasons = {};
		struct arena arena = {};

		print_message("%s\n", test->what);
		for (const char *const *text = test->before; *text; text++)
			declare_router(&before, &arena, *text);
		for (const char *const *text = test->now; *text; text++)
			declare_router(&now, &arena, *text);
		/* What stays says nothing of them, and what `prune: none` keeps are services. */
		declare(&before, "web tcp://192.0.2.1:80 10.0.0.9");
		declare(&now, "web tcp://192.0.2.1:80 10.0.0.9");
		now.prune = CONFIG_PRUNE_NONE;
		record_set_declared(&record, &before);
		assert_false(blast_guard(&record, &now, BLAST_SERVICES, &reasons));
		bool refused = blast_guard(&record, &now, BLAST_SERVICES_AND_ROUTERS, &reasons);

		assert_int_equal(refused, *test->reasons != '\0');
		assert_string_equal(reasons.text ? reasons.text : "", test->reasons);
		arena_clear(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_guard_judges),
		cmocka_unit_test(fallbacks_do_not_count),
		cmocka_unit_test(becoming_a_fallback_is_a_loss),
		cmocka_unit_test(only_ten_reasons_are_given),
		cmocka_unit_test(what_prune_keeps_is_not_lost),
		cmocka_unit_test(the_guard_judges_virtual_routers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
