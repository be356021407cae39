// SPDX-License-Identifier: GPL-2.0-or-later
/* What a file means: pools, defaults, families and ports resolved; and a live state as a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/canonical.h"
#include "model/declared.h"
#include "model/from_state.h"
#include "model/load.h"
#include "model/units.h"
#include "tests/support/build.h"

struct fixture {
	struct config config;
	struct declared declared;
};

static void declare_texts(struct fixture *fixture, const char *const *texts)
{
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};
	_cleanup_strbuf_ struct strbuf errors = {};
	struct document documents[4];
	size_t count = 0;

	for (; texts[count]; count++)
		documents[count] = (struct document){
			.name = "t.yaml", .text = texts[count], .size = strlen(texts[count])};
	*fixture = (struct fixture){};
	if (config_load(documents, count, &fixture->config, &diagnostics) < 0) {
		diagnostics_format(&diagnostics, false, &errors);
		fail_msg("%s", errors.text);
	}
	declared_from_config(&fixture->config, &fixture->declared);
}

static void declare(struct fixture *fixture, const char *text)
{
	declare_texts(fixture, (const char *const[]){text, NULL});
}

static void fixture_clear(struct fixture *fixture)
{
	declared_clear(&fixture->declared);
	config_clear(&fixture->config);
}

static const struct declared_service *service_of(
	const struct fixture *fixture, const char *listener)
{
	struct service_key key = build_key(listener);
	const struct declared_service *service = declared_find_service(&fixture->declared, &key);

	assert_non_null(service);
	return service;
}

static const struct declared_destination *destination_of(
	const struct declared_service *service, const char *endpoint)
{
	struct destination_key key = build_destination_key(endpoint);
	const struct declared_destination *destination =
		vector_find(&service->destinations, &key, destination_compare);

	if (!destination)
		fail_msg("no destination %s", endpoint);
	return destination;
}

static void listeners_take_their_family_and_give_their_port(_unused_ void **state)
{
	struct fixture fixture;

	declare(&fixture,
		"poise: 1\npools:\n  p:\n    destinations: [10.0.0.2, 10.0.0.1:8080, "
		"'2001:db8::1', '[2001:db8::2]:8080']\n"
		"services:\n  web:\n    pool: p\n"
		"    listen: ['tcp://[2001:db8::9]:443', tcp://192.0.2.1:80, fwmark://7]\n");
	assert_int_equal(fixture.declared.services.count, 3);
	const struct declared_service *four = service_of(&fixture, "tcp://192.0.2.1:80");
	assert_int_equal(four->destinations.count, 2);
	destination_of(four, "10.0.0.1:8080");
	destination_of(four, "10.0.0.2:80");
	const struct declared_service *six = service_of(&fixture, "tcp://[2001:db8::9]:443");
	assert_int_equal(six->destinations.count, 2);
	destination_of(six, "[2001:db8::1]:443");
	destination_of(six, "[2001:db8::2]:8080");
	/* A mark has no port: 0 is the packet's own. */
	const struct declared_service *mark = service_of(&fixture, "fwmark://7");
	destination_of(mark, "10.0.0.2");
	destination_of(mark, "10.0.0.1:8080");
	assert_string_equal(mark->name, "web");
	fixture_clear(&fixture);
}

static void defaults_hold_where_nothing_is_said(_unused_ void **state)
{
	struct fixture fixture;

	declare(&fixture, "poise: 1\nservices:\n  web:\n    listen: tcp://192.0.2.1:80\n"
			  "    destinations: [10.0.0.1]\n");
	const struct declared_service *web = service_of(&fixture, "tcp://192.0.2.1:80");
	assert_string_equal(web->attributes.scheduler, "wlc");
	assert_int_equal(web->attributes.scheduler_flags, 0);
	assert_false(web->attributes.persistent);
	assert_int_equal(web->attributes.persistence_timeout, 0);
	assert_int_equal(web->attributes.netmask, 0xffffffff);
	assert_true(web->drain == 30 * UNITS_SECOND);
	const struct declared_destination *only = destination_of(web, "10.0.0.1:80");
	assert_int_equal(only->attributes.weight, 1);
	assert_int_equal(only->attributes.forward, FORWARD_METHOD_NAT);
	assert_int_equal(only->checks.count, 0);
	assert_false(only->drain);
	assert_string_equal(fixture.declared.backend, "ipvs");
	assert_int_equal(fixture.declared.prune, CONFIG_PRUNE_OWNED);
	assert_int_equal(fixture.declared.max_delete, 50);
	assert_false(fixture.declared.sync_managed);
	assert_false(fixture.declared.timeouts.tcp_set);
	fixture_clear(&fixture);
}

static void the_innermost_rule_holds(_unused_ void **state)
{
	struct fixture fixture;

	declare(&fixture,
		"poise: 1\nchecks: {a: {tcp: {}}, b: {tcp: {}}, c: {tcp: {}}}\n"
		"pools:\n  p:\n    weight: 7\n    check: b\n    forward: tunnel\n"
		"    tunnel: {type: gre}\n    upper-threshold: 9\n    destinations:\n"
		"      - 10.0.0.1\n"
		"      - {address: 10.0.0.2, weight: 0, check: c, forward: nat, state: drain}\n"
		"      - {address: 10.0.0.3, tunnel: {type: gue, port: 6080, checksum: full}}\n"
		"services:\n  pooled:\n    listen: tcp://192.0.2.1:80\n    pool: p\n    check: a\n"
		"    forward: direct\n"
		"  own:\n    listen: tcp://192.0.2.2:80\n    check: a\n    forward: direct\n"
		"    destinations: [10.0.0.1, {address: 10.0.0.2, upper-threshold: 3, "
		"lower-threshold: 2}]\n");
	const struct declared_service *pooled = service_of(&fixture, "tcp://192.0.2.1:80");
	const struct declared_destination *one = destination_of(pooled, "10.0.0.1:80");
	assert_int_equal(one->attributes.weight, 7);
	assert_int_equal(one->attributes.forward, FORWARD_METHOD_TUNNEL);
	assert_int_equal(one->attributes.tunnel_type, TUNNEL_TYPE_GRE);
	assert_int_equal(one->attributes.upper_threshold, 9);
	assert_string_equal(one->checks.items[0]->name.text, "b");
	const struct declared_destination *two = destination_of(pooled, "10.0.0.2:80");
	assert_int_equal(two->attributes.weight, 0);
	assert_int_equal(two->attributes.forward, FORWARD_METHOD_NAT);
	assert_int_equal(two->attributes.tunnel_type, 0); /* a nat destination has none */
	assert_string_equal(two->checks.items[0]->name.text, "c");
	assert_true(two->drain);
	const struct declared_destination *three = destination_of(pooled, "10.0.0.3:80");
	assert_int_equal(three->attributes.tunnel_type, TUNNEL_TYPE_GUE);
	assert_int_equal(three->attributes.tunnel_port, 6080);
	assert_int_equal(three->attributes.tunnel_checksum, TUNNEL_CHECKSUM_FULL);
	const struct declared_service *own = service_of(&fixture, "tcp://192.0.2.2:80");
	assert_int_equal(
		destination_of(own, "10.0.0.1:80")->attributes.forward, FORWARD_METHOD_DIRECT);
	assert_string_equal(destination_of(own, "10.0.0.1:80")->checks.items[0]->name.text, "a");
	assert_int_equal(destination_of(own, "10.0.0.2:80")->attributes.lower_threshold, 2);
	assert_int_equal(fixture.declared.checks, 3);
	fixture_clear(&fixture);
}

static void scheduler_flags_mean_bits(_unused_ void **state)
{
	static const struct {
		const char *keys;
		uint32_t flags;
	} cases[] = {
		{"scheduler: sh", SCHEDULER_FLAG_SH_FALLBACK},
		{"scheduler: mh", SCHEDULER_FLAG_MH_FALLBACK},
		{"scheduler: dh", 0},
		{"scheduler: sh, scheduler-flags: []", 0},
		{"scheduler: sh, scheduler-flags: [sh-port]", SCHEDULER_FLAG_SH_PORT},
		{"scheduler: mh, scheduler-flags: [mh-port, mh-fallback]",
			SCHEDULER_FLAG_MH_PORT | SCHEDULER_FLAG_MH_FALLBACK},
		{"scheduler: rr, scheduler-flags: [flag-1, flag-3]",
			SCHEDULER_FLAG_1 | SCHEDULER_FLAG_3},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_free_ char *text =
			memory_printf("poise: 1\nservices: {web: {listen: 'tcp://192.0.2.1:80', "
				      "destinations: [10.0.0.1], %s}}\n",
				cases[i].keys);
		struct fixture fixture;

		declare(&fixture, text);
		assert_int_equal(
			service_of(&fixture, "tcp://192.0.2.1:80")->attributes.scheduler_flags,
			cases[i].flags);
		fixture_clear(&fixture);
	}
}

static void persistence_has_a_mask_for_each_family(_unused_ void **state)
{
	struct fixture fixture;

	declare(&fixture, "poise: 1\nservices:\n  sip:\n"
			  "    listen: [udp://192.0.2.1:5060, 'udp://[2001:db8::1]:5060']\n"
			  "    persistence: {timeout: 2m, prefix: 24, prefix6: 64, engine: sip}\n"
			  "    one-packet: true\n    destinations: [10.0.0.1, '2001:db8::2']\n");
	const struct service_attributes *four =
		&service_of(&fixture, "udp://192.0.2.1:5060")->attributes;
	assert_true(four->persistent && four->one_packet);
	assert_int_equal(four->persistence_timeout, 120);
	assert_int_equal(four->netmask, 0xffffff00);
	assert_string_equal(four->engine, "sip");
	assert_int_equal(service_of(&fixture, "udp://[2001:db8::1]:5060")->attributes.netmask, 64);
	fixture_clear(&fixture);
}

static void globals_are_those_that_are_named(_unused_ void **state)
{
	struct fixture fixture;

	declare_texts(&fixture,
		(const char *const[]){"poise: 1\nallow-empty: true\nprune: none\nmax-delete: 10%\n",
			"poise: 1\nipvs:\n  timeouts: {tcp: 1m}\n"
			"  sync: [{role: backup, interface: eth1}, {role: active, interface: eth0, "
			"id: 7, max-length: 1400B}]\n"
			"  sysctls: {sync_threshold: '3   50', conntrack: 1}\n",
			NULL});
	const struct declared *declared = &fixture.declared;
	assert_int_equal(declared->services.count, 0);
	assert_int_equal(declared->prune, CONFIG_PRUNE_NONE);
	assert_int_equal(declared->max_delete, 10);
	assert_true(declared->timeouts.tcp_set);
	assert_int_equal(declared->timeouts.tcp, 60);
	assert_false(declared->timeouts.udp_set || declared->timeouts.tcp_fin_set);
	assert_true(declared->sync_managed);
	assert_int_equal(declared->sync.count, 2);
	assert_int_equal(declared->sync.items[0].role, SYNC_ROLE_ACTIVE);
	assert_int_equal(declared->sync.items[0].id, 7);
	assert_int_equal(declared->sync.items[0].max_length, 1400);
	assert_int_equal(declared->sync.items[1].port, 8848);
	assert_int_equal(declared->sync.items[1].ttl, 1);
	assert_int_equal(declared->sysctls.count, 2);
	assert_string_equal(declared->sysctls.items[0].name, "conntrack");
	assert_string_equal(declared->sysctls.items[1].value, "3 50");
	fixture_clear(&fixture);
}

static void no_sync_is_said_by_an_empty_list(_unused_ void **state)
{
	struct fixture fixture;

	declare(&fixture, "poise: 1\nallow-empty: true\nipvs: {sync: []}\n");
	assert_true(fixture.declared.sync_managed);
	assert_int_equal(fixture.declared.sync.count, 0);
	fixture_clear(&fixture);
}

/* A live state through the file and back; the same, but for what `losses` says. */
static char *through_file(const struct state *live, struct fixture *fixture, struct strbuf *losses)
{
	_cleanup_config_ struct config config = {};
	struct strbuf text = {};

	config_from_state(live, &config, losses);
	config_format_yaml(&config, &text);
	declare(fixture, text.text);
	return strbuf_take(&text);
}

static void live_state_goes_through_the_file(_unused_ void **state)
{
	_cleanup_state_ struct state live = {};
	_cleanup_strbuf_ struct strbuf losses = {};
	struct fixture fixture;

	struct service *mark = build_service(&live, "fwmark6://9", "sh");
	mark->attributes.scheduler_flags = 0;
	build_destination(mark, "2001:db8::1", 5);
	struct service *web = build_service(&live, "tcp://203.0.113.10:80", "wrr");
	web->attributes.persistent = true;
	web->attributes.persistence_timeout = 300;
	web->attributes.netmask = 0xffff0000;
	struct destination *tunnel = build_destination(web, "10.0.0.1:80", 0);
	tunnel->attributes.forward = FORWARD_METHOD_TUNNEL;
	tunnel->attributes.tunnel_type = TUNNEL_TYPE_GUE;
	tunnel->attributes.tunnel_port = 6080;
	build_destination(web, "10.0.0.2:8080", 1)->attributes.upper_threshold = 7;
	build_service(&live, "tcp://[2001:db8::10]:80", "mh")->attributes.scheduler_flags =
		SCHEDULER_FLAG_MH_PORT;
	live.timeouts = (struct timeouts){.tcp_set = true, .tcp = 900};
	state_sort(&live);

	_cleanup_free_ char *text = through_file(&live, &fixture, &losses);
	assert_null(losses.text);
	assert_non_null(strstr(text, "\n  tcp-203-0-113-10-80:\n"));
	assert_non_null(strstr(text, "\n  tcp-2001-db8-10-80:\n"));
	assert_non_null(strstr(text, "\n  fwmark6-9:\n"));
	assert_int_equal(fixture.declared.services.count, live.services.count);
	for (size_t i = 0; i < live.services.count; i++) {
		const struct service *from = &live.services.items[i];
		const struct declared_service *to = &fixture.declared.services.items[i];

		assert_int_equal(service_key_compare(&from->key, &to->key), 0);
		assert_true(service_attributes_equal(&from->attributes, &to->attributes));
		assert_int_equal(from->destinations.count, to->destinations.count);
		for (size_t j = 0; j < from->destinations.count; j++)
			assert_true(destination_attributes_equal(
				&from->destinations.items[j].attributes,
				&to->destinations.items[j].attributes));
	}
	assert_int_equal(fixture.declared.timeouts.tcp, 900);
	fixture_clear(&fixture);
}

static void what_cannot_be_said_is_lost_in_words(_unused_ void **state)
{
	_cleanup_state_ struct state live = {};
	_cleanup_strbuf_ struct strbuf losses = {};
	struct fixture fixture;

	struct service *web = build_service(&live, "tcp://203.0.113.10:80", "wlc");
	web->attributes.persistent = true;
	web->attributes.persistence_timeout = 4000000;
	web->attributes.netmask = 0xff00ff00;
	build_destination(web, "10.0.0.1:80", 1)->attributes.forward = FORWARD_METHOD_LOCAL;
	build_destination(web, "10.0.0.2:80", 1)->attributes.forward = FORWARD_METHOD_BYPASS;
	build_destination(web, "10.0.0.3:81", 1)->attributes.forward = FORWARD_METHOD_DIRECT;
	build_destination(web, "10.0.0.4:80", 100000);
	build_destination(web, "10.0.0.5", 1);
	build_destination(web, "10.0.0.6:80", 1)->attributes.lower_threshold = 5;
	build_destination(web, "10.0.0.7:80", 1)->attributes.upper_threshold = 2147483648;
	build_service(&live, "tcp://[::ffff:192.0.2.1]:80", "rr");
	state_sort(&live);

	free(through_file(&live, &fixture, &losses));
	assert_string_equal(losses.text,
		"service tcp://203.0.113.10:80: timeout 4000000 is written as 2678400\n"
		"service tcp://203.0.113.10:80: persistence mask ff00ff00 is written as prefix 32\n"
		"destination 10.0.0.1:80 of tcp://203.0.113.10:80: left out: its forwarding method "
		"(local) cannot be written\n"
		"destination 10.0.0.2:80 of tcp://203.0.113.10:80: left out: its forwarding method "
		"(bypass) cannot be written\n"
		"destination 10.0.0.3:81 of tcp://203.0.113.10:80: left out: a port that is not "
		"the "
		"service's (direct) cannot be written\n"
		"destination 10.0.0.4:80 of tcp://203.0.113.10:80: weight 100000 is written as "
		"65535\n"
		"destination 10.0.0.5 of tcp://203.0.113.10:80: left out: its port 0 (nat) cannot "
		"be "
		"written\n"
		"destination 10.0.0.6:80 of tcp://203.0.113.10:80: lower-threshold 5 above the "
		"upper "
		"one is left out\n"
		"destination 10.0.0.7:80 of tcp://203.0.113.10:80: upper-threshold 2147483648 is "
		"written as 2147483647\n"
		"service tcp://[::ffff:192.0.2.1]:80: left out: its IPv4-mapped address cannot be "
		"written\n");
	assert_int_equal(service_of(&fixture, "tcp://203.0.113.10:80")->destinations.count, 3);
	assert_int_equal(fixture.declared.services.count, 1);
	fixture_clear(&fixture);
}

static void names_of_live_services_are_unique(_unused_ void **state)
{
	_cleanup_state_ struct state live = {};
	_cleanup_strbuf_ struct strbuf losses = {};
	struct fixture fixture;

	build_service(&live, "tcp://[2001:db8::1:0]:80", "rr");
	build_service(&live, "tcp://[2001:db8:1::]:80", "rr");
	build_service(&live, "tcp://[2001:db8::1]:80", "rr");
	state_sort(&live);
	_cleanup_free_ char *text = through_file(&live, &fixture, &losses);
	assert_int_equal(fixture.config.services.count, 3);
	assert_non_null(strstr(text, "\n  tcp-2001-db8-1-80:\n"));
	assert_non_null(strstr(text, "\n  tcp-2001-db8-1-80-n2:\n"));
	fixture_clear(&fixture);
}

static void an_empty_state_is_a_file_that_says_so(_unused_ void **state)
{
	_cleanup_state_ struct state live = {};
	_cleanup_strbuf_ struct strbuf losses = {};
	struct fixture fixture;

	_cleanup_free_ char *text = through_file(&live, &fixture, &losses);
	assert_non_null(strstr(text, "allow-empty: true\n"));
	assert_int_equal(fixture.declared.services.count, 0);
	fixture_clear(&fixture);
}

#define HEALTH_CHECKS                                                                              \
	"poise: 1\n"                                                                               \
	"checks:\n"                                                                                \
	"  a: {tcp: {}}\n"                                                                         \
	"  b: {tcp: {}, port: 9}\n"                                                                \
	"  p: {ping: {}}\n"                                                                        \
	"  w: {https: {}}\n"                                                                       \
	"services:\n"

static void health_rules_are_resolved(_unused_ void **state)
{
	struct fixture fixture;

	declare(&fixture,
		HEALTH_CHECKS "  web:\n"
			      "    listen: [tcp://192.0.2.1:80, \"tcp://[2001:db8::1]:80\"]\n"
			      "    check: a\n"
			      "    destinations: [10.0.0.1, \"2001:db8:1::1\"]\n"
			      "    on-failure: weight-zero\n"
			      "    quorum: 3\n"
			      "    quorum-hysteresis: 2\n"
			      "    min-healthy: 40%\n"
			      "    slow-start: 10s\n"
			      "    notify: [/bin/true, x]\n"
			      "    fallback: [{address: \"10.0.0.0:81\", check: b}, 10.0.0.9]\n");
	const struct declared_service *web = service_of(&fixture, "tcp://192.0.2.1:80");
	assert_int_equal(web->on_failure, CONFIG_ON_FAILURE_WEIGHT_ZERO);
	assert_int_equal(web->quorum, 3);
	assert_int_equal(web->quorum_hysteresis, 2);
	assert_int_equal(web->min_healthy, 40);
	assert_true(web->slow_start == 10 * UNITS_SECOND);
	assert_int_equal(web->notify->count, 2);
	assert_true(web->has_fallback);
	assert_int_equal(web->destinations.count, 3);
	/* The fallbacks stand among the others, in order; a service's check is not theirs. */
	assert_true(web->destinations.items[0].fallback);
	assert_string_equal(web->destinations.items[0].checks.items[0]->name.text, "b");
	assert_false(web->destinations.items[1].fallback);
	assert_string_equal(web->destinations.items[1].checks.items[0]->name.text, "a");
	assert_true(destination_of(web, "10.0.0.9:80")->fallback);
	assert_int_equal(destination_of(web, "10.0.0.9:80")->checks.count, 0);
	const struct declared_service *six = service_of(&fixture, "tcp://[2001:db8::1]:80");
	assert_false(six->has_fallback);
	assert_int_equal(six->destinations.count, 1);
	fixture_clear(&fixture);
}

/* "a,b": of a destination, in order. */
static void assert_checks(
	const struct declared_service *service, const char *endpoint, const char *wanted)
{
	_cleanup_strbuf_ struct strbuf text = {};

	vector_foreach(&destination_of(service, endpoint)->checks, check)
		strbuf_printf(&text, "%s%s", text.length ? "," : "", (*check)->name.text);
	assert_string_equal(text.text ? text.text : "", wanted);
}

static void the_innermost_checks_hold(_unused_ void **state)
{
	struct fixture fixture;
	struct declared_probe_vector probes = {};

	declare(&fixture, HEALTH_CHECKS
		"  pooled: {listen: tcp://192.0.2.1:80, pool: p, check: w}\n"
		"  own:\n"
		"    listen: tcp://192.0.2.2:80\n"
		"    check: [w, a]\n"
		"    destinations: [10.0.0.1, {address: 10.0.0.2, check: []}]\n"
		"    fallback: [10.0.0.8, {address: 10.0.0.9, check: [p, a]}]\n"
		"pools:\n"
		"  p:\n"
		"    check: [p, b, a]\n"
		"    destinations: [10.0.0.1, {address: 10.0.0.2, check: [b]},\n"
		"      {address: 10.0.0.3, check: []}, {address: 10.0.0.4, check: a}, "
		"10.0.0.5]\n");
	const struct declared_service *pooled = service_of(&fixture, "tcp://192.0.2.1:80");
	assert_checks(pooled, "10.0.0.1:80", "a,b,p");
	assert_checks(pooled, "10.0.0.2:80", "b");
	assert_checks(pooled, "10.0.0.3:80", "");
	assert_checks(pooled, "10.0.0.4:80", "a");
	assert_checks(pooled, "10.0.0.5:80", "a,b,p");
	const struct declared_service *own = service_of(&fixture, "tcp://192.0.2.2:80");
	assert_checks(own, "10.0.0.1:80", "a,w");
	assert_checks(own, "10.0.0.2:80", "");
	assert_checks(own, "10.0.0.8:80", "");
	assert_checks(own, "10.0.0.9:80", "a,p");
	/* 10.0.0.1: a of both services is one, b, p, w; .2: b; .4: a; .5: a, b, p; .9: a, p. */
	declared_probes(&fixture.declared, &probes);
	assert_int_equal(probes.count, 4 + 1 + 1 + 3 + 2);
	vector_clear(&probes);
	fixture_clear(&fixture);
}

/* The order of the names says nothing, which names they are does. */
static void services_are_the_same_by_their_checks(_unused_ void **state)
{
	static const struct {
		const char *check;
		bool same;
	} cases[] = {{"[b, a]", true}, {"[a, b]", true}, {"a", false}, {"[a, p]", false},
		{"[a, b, p]", false}, {"[]", false}};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct fixture one, other;
		_cleanup_free_ char *text =
			memory_printf(HEALTH_CHECKS "  web: {listen: tcp://192.0.2.1:80, check: "
						    "%s, destinations: [10.0.0.1]}\n",
				cases[i].check);

		declare(&one, HEALTH_CHECKS "  web: {listen: tcp://192.0.2.1:80, check: [a, b], "
					    "destinations: [10.0.0.1]}\n");
		declare(&other, text);
		assert_int_equal(declared_service_equal(&one.declared.services.items[0],
					 &other.declared.services.items[0]),
			cases[i].same);
		fixture_clear(&one);
		fixture_clear(&other);
	}
}

static void probes_are_shared(_unused_ void **state)
{
	static const struct {
		const char *target, *check;
	} wanted[] = {{"10.0.0.1", "p"}, {"10.0.0.1:9", "b"}, {"10.0.0.1:80", "a"},
		{"10.0.0.1:443", "w"}, {"10.0.0.1:444", "w"}, {"10.0.0.7:80", "a"}};
	struct declared_probe_vector probes = {};
	struct fixture fixture;

	declare(&fixture, HEALTH_CHECKS
		"  one: {listen: tcp://192.0.2.1:80, check: a, destinations: [10.0.0.1, 10.0.0.5], "
		"fallback: {address: 10.0.0.7, check: a}}\n"
		"  two: {listen: tcp://192.0.2.2:80, check: a, destinations: [10.0.0.1]}\n"
		"  nine: {listen: tcp://192.0.2.3:80, check: b, destinations: [10.0.0.1]}\n"
		"  nine-too: {listen: tcp://192.0.2.3:81, check: b, destinations: [10.0.0.1]}\n"
		"  alive: {listen: tcp://192.0.2.4:80, check: p, destinations: [10.0.0.1]}\n"
		"  mark: {listen: fwmark://1, check: w, destinations: [10.0.0.1, "
		"\"10.0.0.1:444\"]}\n"
		"  none: {listen: tcp://192.0.2.6:80, destinations: [10.0.0.8]}\n");
	declared_probes(&fixture.declared, &probes);
	assert_int_equal(probes.count, ARRAY_LENGTH(wanted) + 1);
	for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++) {
		const struct probe_key key = {
			build_destination_key(wanted[i].target), wanted[i].check};
		const struct declared_probe *probe = vector_find(&probes, &key, probe_key_compare);

		assert_non_null(probe);
		assert_string_equal(probe->check->name.text, wanted[i].check);
		assert_true(!i || probe_key_compare(probe - 1, probe) < 0);
	}
	vector_clear(&probes);
	fixture_clear(&fixture);
}

/* What makes a service another one for step(), and what does not. */
static void services_are_compared(_unused_ void **state)
{
	static const struct {
		const char *rest;
		bool same;
	} cases[] = {
		{"", true},
		{"    quorum: 1\n", true},
		{"    quorum: 2\n", false},
		{"    quorum-hysteresis: 1\n", false},
		{"    min-healthy: 10%\n", false},
		{"    slow-start: 1s\n", false},
		{"    on-failure: weight-zero\n", false},
		{"    fallback: 10.0.0.3\n", false},
		{"    notify: /bin/true\n", false},
		{"    drain: 1s\n", false},
		{"    check: a\n", false},
		{"    scheduler: rr\n", false},
	};
	static const char head[] = HEALTH_CHECKS
		"  web:\n    listen: tcp://192.0.2.1:80\n    destinations: [10.0.0.1, 10.0.0.2]\n";
	struct fixture before, after;

	declare(&before, head);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_free_ char *text = memory_printf("%s%s", head, cases[i].rest);

		declare(&after, text);
		assert_int_equal(declared_service_equal(&before.declared.services.items[0],
					 &after.declared.services.items[0]),
			cases[i].same);
		fixture_clear(&after);
	}
	fixture_clear(&before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(health_rules_are_resolved),
		cmocka_unit_test(the_innermost_checks_hold),
		cmocka_unit_test(services_are_the_same_by_their_checks),
		cmocka_unit_test(probes_are_shared),
		cmocka_unit_test(services_are_compared),
		cmocka_unit_test(listeners_take_their_family_and_give_their_port),
		cmocka_unit_test(defaults_hold_where_nothing_is_said),
		cmocka_unit_test(the_innermost_rule_holds),
		cmocka_unit_test(scheduler_flags_mean_bits),
		cmocka_unit_test(persistence_has_a_mask_for_each_family),
		cmocka_unit_test(globals_are_those_that_are_named),
		cmocka_unit_test(no_sync_is_said_by_an_empty_list),
		cmocka_unit_test(live_state_goes_through_the_file),
		cmocka_unit_test(what_cannot_be_said_is_lost_in_words),
		cmocka_unit_test(names_of_live_services_are_unique),
		cmocka_unit_test(an_empty_state_is_a_file_that_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
