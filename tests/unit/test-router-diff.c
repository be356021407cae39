// SPDX-License-Identifier: GPL-2.0-or-later
/* Virtual routers that are declared beside those that are kept: what is told of the difference, and that nothing is left out, or told
 * of what is the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/load.h"
#include "reconciler/plan_text.h"
#include "reconciler/router_fields.h"

#define NONCE "0123456789abcdef"

/* A configuration whose `vrrp:` is that. */
static void load(const char *routers, struct config *ret)
{
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};
	_cleanup_free_ char *text =
		memory_printf("poise: 1\nallow-empty: true\nchecks: {}\nservices:\n  web: {listen: "
			      "\"tcp://192.0.2.1:80\", destinations: [192.0.2.9]}\nvrrp:\n%s",
			routers);
	const struct document document = {.name = "x", .text = text, .size = strlen(text)};

	if (config_load(&document, 1, ret, &diagnostics) < 0)
		fail_msg("%s", diagnostics.items[0].message);
}

static json_t *list_of(const char *routers, const char *nonce)
{
	_cleanup_config_ struct config config = {};

	load(routers, &config);
	return router_list(&config, nonce);
}

/* Takes both lists over. */
static char *text_of(json_t *kept, json_t *declared)
{
	_cleanup_router_diff_ struct router_diff diff = {};
	const struct plan_text_options options = {.routers = &diff};
	const struct plan plan = {};
	struct strbuf text = {};

	router_diff(kept, declared, &diff);
	json_decref(kept);
	json_decref(declared);
	plan_format_text(&plan, &options, &text);
	return strbuf_take(&text);
}

static void expect(const char *kept, const char *declared, const char *expected)
{
	_cleanup_free_ char *text = text_of(list_of(kept, NONCE), list_of(declared, NONCE));

	assert_string_equal(text, expected);
}

#define SAME "No differences.\n"
/* Of the one router `a`, whose other keys are KEYS. */
#define A(keys) "  a: {interface: v0, vrid: 1, addresses: [10.0.0.1/24]" keys "}\n"
#define CHANGE(words)                                                                              \
	"~ vrrp a " words "\n"                                                                     \
	"0 to add, 1 to change, 0 to remove.\n"

static void what_is_the_same_is_no_difference(_unused_ void **state)
{
	expect(A(""), A(""), SAME);
	/* What is written is what holds without it. */
	expect(A(""),
		A(", priority: 100, version: 3, preempt: true, garp: {delay: 5s}, mac: interface, "
		  "advertise: 1000ms, track: {}"),
		SAME);
	expect("  a: {interface: v0, vrid: 1, addresses: [\"2001:DB8:0::1/64\", fe80::1]}\n",
		"  a: {interface: v0, vrid: 1, addresses: [{address: \"2001:db8::1/64\"}, "
		"fe80::1/128]}\n",
		SAME);
	expect(A(", unicast: {source: 10.0.0.8, peers: [10.0.0.9, 10.0.0.10]}"),
		A(", unicast: {source: 10.0.0.8, peers: [10.0.0.10, 10.0.0.9], ttl: 1}"), SAME);
}

static void routers_come_and_go(_unused_ void **state)
{
	expect(A(""),
		"  b: {interface: v1, vrid: 2, priority: 7, addresses: [10.0.0.2, {address: "
		"10.0.0.3/24, label: \"v1:x\"}], garp: {delay: 1s}}\n",
		"- vrrp a\n"
		"+ vrrp b interface v1 vrid 2 priority 7 addresses [10.0.0.2/32, (address "
		"10.0.0.3/24 label v1:x)] garp.delay 1s\n"
		"1 to add, 0 to change, 1 to remove.\n");
	/* Of three, the one in the middle; and all. */
	expect("  a: {interface: v0, vrid: 1, addresses: [10.0.0.1]}\n"
	       "  b: {interface: v0, vrid: 2, addresses: [10.0.0.2]}\n"
	       "  c: {interface: v0, vrid: 3, addresses: [10.0.0.3]}\n",
		"  a: {interface: v0, vrid: 1, addresses: [10.0.0.1]}\n"
		"  c: {interface: v0, vrid: 3, addresses: [10.0.0.3]}\n",
		"- vrrp b\n0 to add, 0 to change, 1 to remove.\n");
	expect("  {}\n", "  {}\n", SAME);
	expect(A(""), "  {}\n", "- vrrp a\n0 to add, 0 to change, 1 to remove.\n");
}

static void what_changes_is_told_by_its_key(_unused_ void **state)
{
	expect(A(""), A(", priority: 200, preempt: false"),
		CHANGE("priority 100 -> 200 preempt true -> false"));
	expect(A(", preempt-delay: 2s, group: g"), A(""),
		CHANGE("preempt-delay 2s -> 0s group g -> none"));
	expect(A(""), "  a: {interface: v1, vrid: 2, addresses: [10.0.0.1/24]}\n",
		CHANGE("interface v0 -> v1 vrid 1 -> 2"));
	expect(A(", notify: /bin/true"), A(", notify: [/bin/true, \"a b\"]"),
		CHANGE("notify [/bin/true] -> [/bin/true, \"a b\"]"));
	expect(A(""), A(", unicast: {source: 10.0.0.8, peers: 10.0.0.9}"),
		CHANGE("unicast.source none -> 10.0.0.8 unicast.peers +10.0.0.9"));
	expect(A(", unicast: {source: 10.0.0.8, peers: [10.0.0.9], ttl: 3}"),
		A(", unicast: {source: 10.0.0.8, peers: [10.0.0.9]}"),
		CHANGE("unicast.ttl 3 -> 1"));
}

static void of_lists_it_is_told_what_comes_and_goes(_unused_ void **state)
{
	expect("  a: {interface: v0, vrid: 1, addresses: [10.0.0.1/24, 10.0.0.2/24]}\n",
		"  a: {interface: v0, vrid: 1, addresses: [10.0.0.2/24, 10.0.0.3/24, "
		"10.0.0.4/24]}\n",
		CHANGE("addresses +10.0.0.3/24 +10.0.0.4/24 -10.0.0.1/24"));
	expect("  a: {interface: v0, vrid: 1, addresses: [10.0.0.1/24, 10.0.0.2/24]}\n",
		"  a: {interface: v0, vrid: 1, addresses: [10.0.0.2/24, 10.0.0.1/24]}\n",
		CHANGE("addresses in another order"));
	expect("  a: {interface: v0, vrid: 1, addresses: [10.0.0.1/24]}\n",
		"  a: {interface: v0, vrid: 1, addresses: [10.0.0.1/25]}\n",
		CHANGE("addresses +10.0.0.1/25 -10.0.0.1/24"));
	expect(A(", routes: [{to: 0.0.0.0/0, via: 10.0.0.9}]"),
		A(", routes: [{to: 0.0.0.0/0, via: 10.0.0.9, metric: 5}]"),
		CHANGE("routes +(to 0.0.0.0/0 via 10.0.0.9 metric 5) -(to 0.0.0.0/0 via "
		       "10.0.0.9)"));
	expect(A(", track: {interfaces: [v1]}"),
		A(", track: {interfaces: [{name: v1, weight: 1}]}"),
		CHANGE("track.interfaces +(name v1 weight 1) -v1"));
}

#define WITH(password) A(", version: 2, authentication: \"" password "\"")

static void a_password_is_compared_and_not_told(_unused_ void **state)
{
	_cleanup_router_diff_ struct router_diff diff = {};
	json_t *kept = list_of(WITH("hu-sh-sh"), NONCE), *other = list_of(WITH("hi-sh-sh"), NONCE);
	json_t *later = list_of(WITH("hu-sh-sh"), "another"),
	       *blind = list_of(WITH("hu-sh-sh"), NULL);

	expect(WITH("hu-sh-sh"), WITH("hu-sh-sh"), SAME);
	expect(WITH("hu-sh-sh"), WITH("hi-sh-sh"), CHANGE("authentication changed"));
	expect(A(", version: 2"), WITH("hi-sh-sh"), CHANGE("authentication none -> set"));
	expect(WITH("hi-sh-sh"), A(", version: 2"), CHANGE("authentication set -> none"));
	_cleanup_free_ char *text = json_dumps(kept, 0);
	assert_null(strstr(text, "hu-sh"));
	assert_false(json_equal(kept, later));
	/* Nobody said whether it is the same. */
	router_diff(blind, other, &diff);
	assert_int_equal(diff.unproven, 1);
	assert_false(router_diff_is_news(&diff));
	json_decref(kept);
	json_decref(other);
	json_decref(later);
	json_decref(blind);
}

/* Every key of the manual is in the JSON of one of these, so that none can be forgotten. */
#define EVERYTHING                                                                                 \
	"  a:\n"                                                                                   \
	"    interface: v0\n    vrid: 1\n    version: 2\n    authentication: word\n"               \
	"    addresses: [{address: 10.0.0.1/24, interface: v1, label: \"v1:x\", scope: link}]\n"   \
	"  b:\n"                                                                                   \
	"    interface: v0\n    vrid: 2\n    priority: 7\n    advertise: 2s\n    preempt: false\n" \
	"    accept: false\n    addresses: [10.0.0.2]\n"                                           \
	"    routes: [{to: 10.2.0.0/16, via: 10.0.0.9, interface: v1, source: 10.0.0.2, table: "   \
	"9, "                                                                                      \
	"metric: 4, scope: link, on-link: true}, {to: 10.3.0.0/16, type: blackhole}]\n"            \
	"    rules: [{from: 10.4.0.0/16, to: 10.5.0.0/16, interface: v1, fwmark: 3, table: 9, "    \
	"preference: 8}]\n"                                                                        \
	"    unicast: {source: 10.0.0.8, peers: [10.0.0.9], ttl: 4}\n"                             \
	"    checksum: rfc5798\n    group: g\n    garp: {repeat: 2, delay: 1s, refresh: 9s}\n"     \
	"    start-timeout: 1s\n    standby-wait: 1s\n    notify: /bin/true\n"                     \
	"    track:\n"                                                                             \
	"      interfaces: [{name: v1, weight: 1}]\n"                                              \
	"      routes: [{to: 10.6.0.0/16, table: 9, weight: 1}]\n"                                 \
	"      scripts: [{command: /bin/true, weight: 1, interval: 2s, timeout: 2s, rise: 2, "     \
	"fall: "                                                                                   \
	"2, user: daemon}]\n"                                                                      \
	"      processes: [{name: x, minimum: 2, weight: 1}]\n"                                    \
	"      files: [{path: /x, weight: 1}]\n"                                                   \
	"      services: [{name: web, weight: 1}]\n"                                               \
	"  d: {interface: v0, vrid: 4, preempt-delay: 3s, addresses: [10.0.0.4]}\n"                \
	"  c: {interface: v0, vrid: 3, group: g, mac: virtual, preempt: false, addresses: "        \
	"[10.0.0.3]}\n"

/* Whether the value of that key is in one of the objects; those are put together in `ret`. */
static void gather(const json_t *objects, const char *name, json_t *ret)
{
	const json_t *object;
	size_t i;

	json_array_foreach(objects, i, object)
	{
		json_t *value = json_object_get(object, name);

		if (json_is_array(value))
			json_array_extend(ret, value);
		else if (value)
			json_array_append(ret, value);
	}
}

static void expect_keys(const struct schema_mapping *mapping, const json_t *objects)
{
	for (size_t i = 0; i < mapping->count; i++) {
		const struct schema_key *key = &mapping->keys[i];
		json_t *values = json_array();

		gather(objects, key->name, values);
		if (!json_array_size(values))
			fail_msg("%s of a %s is nowhere", key->name, mapping->name);
		if (key->mapping)
			expect_keys(key->mapping, values);
		json_decref(values);
	}
}

static void no_key_is_left_out(_unused_ void **state)
{
	json_t *list = list_of(EVERYTHING, NULL), *fields = json_array();

	gather(list, "fields", fields);
	expect_keys(&schema_router, fields);
	json_decref(fields);
	json_decref(list);
}

#define FAMILY(state, present, trouble)                                                            \
	"{\"family\": \"ipv4\", \"state\": \"" state "\", \"addresses\": 2, \"present\": " present \
	", \"trouble\": " trouble "}"

static void expect_lack(const char *family, const char *expected)
{
	json_t *kept = list_of(A(""), NULL);

	json_object_set_new(
		json_array_get(kept, 0), "families", json_pack("[o]", json_loads(family, 0, NULL)));
	_cleanup_free_ char *text = text_of(kept, list_of(A(""), NULL));
	assert_string_equal(text, expected);
}

static void an_active_one_that_lacks_addresses_is_told(_unused_ void **state)
{
	expect_lack(FAMILY("active", "1", "\"v9 is\\u001bnot there\""),
		CHANGE("ipv4 lacks 1 of 2 addresses (v9 is?not there)"));
	expect_lack(FAMILY("active", "1", "null"), SAME);
	expect_lack(FAMILY("active", "2", "\"another is active too\""), SAME);
	expect_lack(FAMILY("backup", "0", "\"no\""), SAME);
}

/* What is no answer of a poised at all, and of one that knows more. */
static void an_odd_answer_does_no_harm(_unused_ void **state)
{
	static const struct {
		const char *kept, *text;
	} rows[] = {
		{"{}", "+ vrrp a interface v0 vrid 1 addresses [10.0.0.1/24]\n"
		       "1 to add, 0 to change, 0 to remove.\n"},
		{"[1, null, {}, {\"name\": 3}, {\"name\": \"a\"}, {\"name\": \"a\", \"fields\": "
		 "3}]",
			CHANGE("interface none -> v0 vrid none -> 1 addresses +10.0.0.1/24")},
		{"[{\"name\": \"a\", \"families\": [1, {\"family\": 4}], \"fields\": "
		 "{\"interface\": "
		 "{\"x\": [1, {\"y\": 2.5}]}, \"vrid\": 1, \"addresses\": \"10.0.0.1/24\", "
		 "\"unicast\": [3], \"garp\": null}}]",
			CHANGE("interface x [1, (y none)] -> v0 addresses +10.0.0.1/24")},
		{"[{\"name\": \"a\", \"fields\": {\"interface\": \"v0\", \"vrid\": 1, "
		 "\"addresses\": "
		 "[\"10.0.0.1/24\"], \"garp\": {\"later\": true}, \"new\\n\": \"b\\u0007c\"}}]",
			CHANGE("garp.later true -> none \"new\\x0A\" \"b\\x07c\" -> none")},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		json_t *kept = json_loads(rows[i].kept, 0, NULL);

		assert_non_null(kept);
		_cleanup_free_ char *text = text_of(kept, list_of(A(""), NULL));
		assert_string_equal(text, rows[i].text);
	}
}

static void programs_are_told_the_same(_unused_ void **state)
{
	_cleanup_router_diff_ struct router_diff diff = {};
	json_t *kept =
		list_of(A("") "  b: {interface: v0, vrid: 2, addresses: [10.0.0.2]}\n", NULL);
	json_t *declared = list_of("  a: {interface: v0, vrid: 1, priority: 9, addresses: "
				   "[10.0.0.7/24]}\n"
				   "  c: {interface: v0, vrid: 3, addresses: [10.0.0.3]}\n",
		NULL);

	router_diff(kept, declared, &diff);
	json_t *json = router_diff_to_json(&diff);
	_cleanup_free_ char *text = json_dumps(json, JSON_COMPACT);
	assert_string_equal(text,
		"{\"operations\":[{\"verb\":\"update\",\"router\":\"a\",\"changes\":["
		"{\"key\":\"priority\",\"before\":100,\"after\":9},"
		"{\"key\":\"addresses\",\"added\":[\"10.0.0.7/24\"],\"removed\":[\"10.0.0.1/"
		"24\"]}]},"
		"{\"verb\":\"delete\",\"router\":\"b\",\"before\":{\"interface\":\"v0\",\"vrid\":2,"
		"\"addresses\":[\"10.0.0.2/32\"]},\"after\":null},"
		"{\"verb\":\"add\",\"router\":\"c\",\"before\":null,\"after\":{\"interface\":"
		"\"v0\","
		"\"vrid\":3,\"addresses\":[\"10.0.0.3/32\"]}}],\"lacking\":[]}");
	json_decref(json);
	json_decref(kept);
	json_decref(declared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_the_same_is_no_difference),
		cmocka_unit_test(routers_come_and_go),
		cmocka_unit_test(what_changes_is_told_by_its_key),
		cmocka_unit_test(of_lists_it_is_told_what_comes_and_goes),
		cmocka_unit_test(a_password_is_compared_and_not_told),
		cmocka_unit_test(no_key_is_left_out),
		cmocka_unit_test(an_active_one_that_lacks_addresses_is_told),
		cmocka_unit_test(an_odd_answer_does_no_harm),
		cmocka_unit_test(programs_are_told_the_same),
	};

	return cmocka_run_group_tests_name("router-diff", tests, NULL, NULL);
}
