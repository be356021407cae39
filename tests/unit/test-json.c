// SPDX-License-Identifier: GPL-2.0-or-later
/* States and plans as JSON: out and in again without loss, and hostile texts refused with the place.
 * Texts are written with ' for ". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "reconciler/json_form.h"
#include "reconciler/plan_json.h"
#include "reconciler/state_json.h"
#include "tests/support/build.h"

static char *quoted(const char *text)
{
	char *copy = memory_copy_string(text);

	for (char *c = copy; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	return copy;
}

static int state_read(const char *text, size_t size, struct state *ret, struct error *error)
{
	json_t *json;
	int r = json_parse(text, size, &json, error);

	if (r < 0)
		return r;
	r = state_from_json(json, ret, error);
	json_decref(json);
	return r;
}

static char *state_text(const struct state *state, size_t flags)
{
	json_t *json = state_to_json(state);
	char *text = json_dumps(json, flags);

	json_decref(json);
	assert_non_null(text);
	return text;
}

#define SERVICE(rest)    "{'poise-state':1,'services':[{'service':'tcp://192.0.2.1:80'," rest "}]}"
#define ATTRIBUTES(rest) SERVICE("'scheduler':'wlc','destinations':[]," rest)
#define DESTINATION(rest)                                                                          \
	SERVICE("'scheduler':'wlc','destinations':[{'destination':'10.0.0.1:80'," rest "}]")
#define GLOBALS(rest) "{'poise-state':1,'services':[]," rest "}"

static const struct bad_text {
	const char *text, *error;
} bad_states[] = {
	{"", "empty"},
	{" ", "line 1, column 1: '[' or '{' expected near end of file"},
	{"\x80", "line 1, column"},
	{"{'a\x01':1}", "line 1, column"},
	{"{'\\ud800':1}", "line 1, column"},
	{"{'a':'\\u0000'}", "line 1, column"},
	{"{'a':99999999999999999999}", "line 1, column"},
	{"{'a':1e999}", "line 1, column"},
	{"{}{}", "line 1, column"},
	{"[]", "not an object"},
	{"null", "line 1, column"},
	{"{}", "`poise-state` is missing"},
	{"{'poise-state':1}", "`services` is missing"},
	{"{'poise-state':2,'services':[]}",
		"poise-state: format 2 is not known: this poise reads format 1"},
	{"{'poise-state':'1','services':[]}", "poise-state: not a number"},
	{"{'poise-state':1,'services':{}}", "services: not a list"},
	{"{'poise-state':1,'services':null}", "services: not a list"},
	{"{'poise-state':1,'services':[[]]}", "services[0]: not an object"},
	{"{'poise-state':1,'services':[{}]}", "services[0]: `service` is missing"},
	{GLOBALS("'servcies':[]"), "unknown member `servcies`: did you mean `services`?"},
	{GLOBALS("'zzz':[]"), "unknown member `zzz`"},
	{GLOBALS("'\\u001b[31m\\u009b\\n':[]"), "unknown member `?[31m???`"},
	{GLOBALS("'a':1,'a':2"), "line 1, column"},
	{SERVICE("'scheduler':'wlc'"), "services[0]: `destinations` is missing"},
	{SERVICE("'destinations':[]"), "services[0]: `scheduler` is missing"},
	{SERVICE("'scheduler':1,'destinations':[]"), "services[0].scheduler: not a text"},
	{SERVICE("'scheduler':'','destinations':[]"), "services[0].scheduler: empty"},
	{SERVICE("'scheduler':'a b','destinations':[]"),
		"services[0].scheduler: `a b` has characters that cannot stand there"},
	{SERVICE("'scheduler':'../x','destinations':[]"),
		"services[0].scheduler: `../x` has characters that cannot stand there"},
	{SERVICE("'scheduler':'0123456789abcdef','destinations':[]"),
		"services[0].scheduler: longer than 15 characters"},
	{"{'poise-state':1,'services':[{'service':7}]}", "services[0].service: not a text"},
	{"{'poise-state':1,'services':[{'service':'tcp://192.0.2.1'}]}",
		"services[0].service: `tcp://192.0.2.1` is no listener: write it as "
		"tcp://203.0.113.10:80 or fwmark://7"},
	{"{'poise-state':1,'services':["
	 "{'service':'fwmark://7','scheduler':'rr','destinations':[]},"
	 "{'service':'tcp://192.0.2.1:80','scheduler':'rr','destinations':[]},"
	 "{'service':'fwmark://7','scheduler':'rr','destinations':[]}]}",
		"services: fwmark://7 stands there twice"},
	{ATTRIBUTES("'scheduler-flags':'sh-port'"), "services[0].scheduler-flags: not a list"},
	{ATTRIBUTES("'scheduler-flags':[1]"), "services[0].scheduler-flags[0]: not a text"},
	{ATTRIBUTES("'scheduler-flags':['flag-4']"),
		"services[0].scheduler-flags[0]: unknown flag `flag-4`: did you mean `flag-1`?"},
	{ATTRIBUTES("'scheduler-flags':['none']"),
		"services[0].scheduler-flags[0]: unknown flag `none`"},
	{ATTRIBUTES("'scheduler-flags':['flag-1','sh-port']"),
		"services[0].scheduler-flags[1]: only with the scheduler `sh`"},
	{ATTRIBUTES("'scheduler-flags':['flag-3','flag-3']"),
		"services[0].scheduler-flags[1]: stands there twice"},
	{ATTRIBUTES("'one-packet':1"), "services[0].one-packet: not true or false"},
	{ATTRIBUTES("'persistence':300"), "services[0].persistence: not an object"},
	{ATTRIBUTES("'persistence':{}"), "services[0].persistence: `timeout` is missing"},
	{ATTRIBUTES("'persistence':{'timeout':4294967296}"),
		"services[0].persistence.timeout: 4294967296 is out of range: 0 to 4294967295"},
	{ATTRIBUTES("'persistence':{'timeout':1,'prefix':33}"),
		"services[0].persistence.prefix: 33 is out of range: 0 to 32"},
	{ATTRIBUTES("'persistence':{'timeout':1,'prefix':32,'netmask':1}"),
		"services[0].persistence: either `prefix` or `netmask`, not both"},
	{ATTRIBUTES("'persistence':{'timeout':1,'engin':'sip'}"),
		"services[0].persistence: unknown member `engin`: did you mean `engine`?"},
	{DESTINATION("'weight':1"), "services[0].destinations[0]: `forward` is missing"},
	{DESTINATION("'forward':'nat'"), "services[0].destinations[0]: `weight` is missing"},
	{DESTINATION("'forward':'dr','weight':1"),
		"services[0].destinations[0].forward: unknown word `dr`"},
	{DESTINATION("'forward':'tunel','weight':1"),
		"services[0].destinations[0].forward: unknown word `tunel`: did you mean "
		"`tunnel`?"},
	{DESTINATION("'forward':'nat','weight':'1'"),
		"services[0].destinations[0].weight: not a number"},
	{DESTINATION("'forward':'nat','weight':1.5"),
		"services[0].destinations[0].weight: not a whole number"},
	{DESTINATION("'forward':'nat','weight':-1"),
		"services[0].destinations[0].weight: -1 is out of range: 0 to 2147483647"},
	{DESTINATION("'forward':'nat','weight':2147483648"),
		"services[0].destinations[0].weight: 2147483648 is out of range: 0 to 2147483647"},
	{DESTINATION("'forward':'nat','weight':1,'wieght':1"),
		"services[0].destinations[0]: unknown member `wieght`: did you mean `weight`?"},
	{DESTINATION("'forward':'nat','weight':1,'tunnel':{'type':'gre'}"),
		"services[0].destinations[0].tunnel: only with the forwarding method `tunnel`"},
	{DESTINATION("'forward':'tunnel','weight':1,'tunnel':{}"),
		"services[0].destinations[0].tunnel: `type` is missing"},
	{DESTINATION("'forward':'tunnel','weight':1,'tunnel':{'type':'gue','port':65536}"),
		"services[0].destinations[0].tunnel.port: 65536 is out of range: 0 to 65535"},
	{DESTINATION("'forward':'nat','weight':1,'connections':{'active':1}"),
		"services[0].destinations[0].connections: `inactive` is missing"},
	{SERVICE("'scheduler':'wlc','destinations':['10.0.0.1:80']"),
		"services[0].destinations[0]: not an object"},
	{SERVICE("'scheduler':'wlc','destinations':[{'destination':'host:80'}]"),
		"services[0].destinations[0].destination: `host:80` is no destination: write it as "
		"10.0.0.1:80 or [2001:db8::1]:80"},
	{SERVICE("'scheduler':'wlc','destinations':["
		 "{'destination':'10.0.0.1','forward':'nat','weight':1},"
		 "{'destination':'10.0.0.1:0','forward':'nat','weight':2}]"),
		"services[0].destinations: 10.0.0.1 stands there twice"},
	{GLOBALS("'timeouts':{'tcp':'15m'}"), "timeouts.tcp: not a number"},
	{GLOBALS("'timeouts':{'tcpfin':1}"),
		"timeouts: unknown member `tcpfin`: did you mean `tcp-fin`?"},
	{GLOBALS("'sync':[{'role':'active'}]"), "sync[0]: `interface` is missing"},
	{GLOBALS("'sync':[{'role':'master','interface':'e','id':0}]"),
		"sync[0].role: unknown word `master`"},
	{GLOBALS("'sync':[{'role':'active','interface':'e','id':256}]"),
		"sync[0].id: 256 is out of range: 0 to 255"},
	{GLOBALS("'sync':[{'role':'active','interface':'e','id':0,'group':'x'}]"),
		"sync[0].group: `x` is no address"},
	{GLOBALS("'sync':[{'role':'active','interface':'e','id':0},"
		 "{'role':'active','interface':'f','id':0}]"),
		"sync: active stands there twice"},
	{GLOBALS("'sysctls':[]"), "sysctls: not an object"},
	{GLOBALS("'sysctls':{'conntrack':1}"), "sysctls.conntrack: not a text"},
	{GLOBALS("'sysctls':{'../../kernel/core_pattern':'x'}"),
		"sysctls.../../kernel/core_pattern: no name of a sysctl"},
	{GLOBALS("'sysctls':{'':'x'}"), "sysctls.: no name of a sysctl"},
	{GLOBALS("'sysctls':{'a':'1\\n2'}"),
		"sysctls.a: `1?2` has characters that cannot stand there"},
};

static void bad_states_are_refused_with_their_place(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_LENGTH(bad_states); i++) {
		_cleanup_free_ char *text = quoted(bad_states[i].text);
		_cleanup_state_ struct state read = {};
		_cleanup_error_ struct error error = {};
		const char *expected = bad_states[i].error;
		bool parser = strcmp(expected, "line 1, column") == 0;

		assert_int_equal(state_read(text, strlen(text), &read, &error), -EINVAL);
		if (parser)
			error.text[strlen(expected)] = '\0';
		assert_string_equal(error.text, expected);
		assert_null(read.services.items);
		assert_int_equal(state_read(text, strlen(text), &read, NULL), -EINVAL);
	}
}

/* A text of `count` times `part`; the caller's. */
static char *repeated(const char *part, size_t count)
{
	struct strbuf text = {};

	for (size_t i = 0; i < count; i++)
		strbuf_add(&text, part);
	return strbuf_take(&text);
}

static void a_document_is_bounded(void **state _unused_)
{
	_cleanup_error_ struct error error = {};
	_cleanup_free_ char *deep = repeated("[", 1000000);
	_cleanup_free_ char *wide = repeated("[],", 10 << 20);
	_cleanup_free_ char *inside = repeated("[{,\\\"", 1000);
	_cleanup_free_ char *text = memory_printf("{\"x\":\"%s\"}", inside);
	json_t *json = NULL;

	assert_int_equal(json_parse(deep, strlen(deep), &json, &error), -EINVAL);
	assert_string_equal(error.text, "nested deeper than 32");
	wide[0] = '[';
	assert_int_equal(json_parse(wide, strlen(wide), &json, &error), -EFBIG);
	assert_string_equal(error.text, "more than 16777216 values");
	/* The size is looked at before the text is. */
	assert_int_equal(json_parse("x", (256u << 20) + 1, &json, &error), -EFBIG);
	assert_string_equal(error.text, "larger than 256 MB");
	assert_null(json);
	/* Within a text, brackets are text. */
	assert_int_equal(json_parse(text, strlen(text), &json, &error), 0);
	json_decref(json);
}

/* Random states: every attribute that a struct can hold. */

static uint32_t seed = 1;

static uint32_t below(uint32_t limit)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)seed * limit) >> 32);
}

static struct address random_address(uint16_t family)
{
	uint8_t bytes[16] = {10, 0, 0, (uint8_t)below(250)};

	if (family == AF_INET6)
		memcpy(bytes, "\x20\x01\x0d\xb8", 4);
	bytes[15] = (uint8_t)below(250);
	return address_from_bytes(family, bytes);
}

static uint32_t random_mask(uint16_t family)
{
	switch (below(3)) {
	case 0:
		return service_netmask(family, address_bits(family));
	case 1:
		return service_netmask(family, below(address_bits(family) + 1));
	default:
		return family == AF_INET ? below(UINT32_MAX) : 129 + below(1000);
	}
}

static void random_attributes(struct service_attributes *attributes, uint16_t family)
{
	static const char *const schedulers[] = {"sh", "mh", "wlc", "fancy-new"};

	snprintf(attributes->scheduler, sizeof(attributes->scheduler), "%s", schedulers[below(4)]);
	attributes->scheduler_flags = below(8);
	attributes->one_packet = below(2);
	attributes->persistent = below(2);
	attributes->persistence_timeout = below(2) ? below(UINT32_MAX) : 0;
	attributes->netmask = random_mask(family);
	if (below(2))
		snprintf(attributes->engine, sizeof(attributes->engine), "sip");
}

static void random_destination(struct destination *destination, uint16_t family)
{
	struct destination_attributes *attributes = &destination->attributes;

	destination->key.address = random_address(family);
	destination->key.port = (uint16_t)below(65536);
	attributes->forward = (enum forward_method)below(FORWARD_METHOD_COUNT);
	attributes->weight = below(INT32_MAX);
	attributes->upper_threshold = below(2) ? below(UINT32_MAX) : 0;
	attributes->lower_threshold = below(2) ? below(UINT32_MAX) : 0;
	if (attributes->forward == FORWARD_METHOD_TUNNEL) {
		attributes->tunnel_type = (enum tunnel_type)below(TUNNEL_TYPE_COUNT);
		attributes->tunnel_checksum = (enum tunnel_checksum)below(TUNNEL_CHECKSUM_COUNT);
		attributes->tunnel_port = (uint16_t)below(65536);
	}
	destination->counts = (struct destination_counts){
		.active = below(9), .inactive = below(9), .persistent = below(UINT32_MAX)};
}

static void random_service(struct service *service)
{
	uint16_t family = below(2) ? AF_INET : AF_INET6;

	service->key.kind = (enum service_kind)below(SERVICE_KIND_COUNT);
	if (service->key.kind == SERVICE_KIND_FWMARK) {
		service->key.fwmark = 1 + below(UINT32_MAX - 1);
		service->key.address.family = family;
	} else {
		service->key.address = random_address(family);
		service->key.port = (uint16_t)below(65536);
	}
	random_attributes(&service->attributes, family);
	for (uint32_t i = below(5); i; i--)
		random_destination(
			vector_append(&service->destinations), below(2) ? AF_INET : AF_INET6);
}

static void random_globals(struct state *state)
{
	state->timeouts = (struct timeouts){.tcp_set = below(2), .udp_set = below(2)};
	state->timeouts.tcp = state->timeouts.tcp_set ? below(UINT32_MAX) : 0;
	state->timeouts.udp = state->timeouts.udp_set ? below(UINT32_MAX) : 0;
	state->sync_managed = below(2);
	for (int role = 0; role < SYNC_ROLE_COUNT; role++) {
		if (below(2))
			continue;
		struct sync_daemon *daemon = vector_append(&state->sync);
		*daemon = (struct sync_daemon){.role = (enum sync_role)role,
			.interface = "eth0",
			.id = below(256),
			.port = (uint16_t)below(65536),
			.ttl = (uint8_t)below(256),
			.max_length = (uint16_t)below(65536)};
		if (below(2))
			daemon->group = random_address(AF_INET6);
	}
	*vector_append(&state->sysctls) = (struct sysctl){"sync_threshold", "3 50"};
	*vector_append(&state->sysctls) = (struct sysctl){"conntrack", ""};
}

static void random_state(struct state *state)
{
	for (uint32_t i = below(6); i; i--)
		random_service(vector_append(&state->services));
	random_globals(state);
	state_sort(state);
}

static void assert_same_state(const struct state *a, const struct state *b)
{
	assert_int_equal(a->services.count, b->services.count);
	for (size_t i = 0; i < a->services.count; i++) {
		const struct service *left = &a->services.items[i], *right = &b->services.items[i];

		assert_int_equal(service_compare(left, right), 0);
		assert_true(service_attributes_equal(&left->attributes, &right->attributes));
		assert_int_equal(left->destinations.count, right->destinations.count);
		for (size_t j = 0; j < left->destinations.count; j++) {
			const struct destination *one = &left->destinations.items[j];
			const struct destination *two = &right->destinations.items[j];

			assert_int_equal(destination_compare(one, two), 0);
			assert_true(
				destination_attributes_equal(&one->attributes, &two->attributes));
			assert_memory_equal(&one->counts, &two->counts, sizeof(one->counts));
		}
	}
	assert_memory_equal(&a->timeouts, &b->timeouts, sizeof(a->timeouts));
	assert_int_equal(a->sync_managed, b->sync_managed);
	assert_int_equal(a->sync.count, b->sync.count);
	for (size_t i = 0; i < a->sync.count; i++)
		assert_true(sync_daemon_equal(&a->sync.items[i], &b->sync.items[i]));
	assert_int_equal(a->sysctls.count, b->sysctls.count);
	for (size_t i = 0; i < a->sysctls.count; i++) {
		assert_string_equal(a->sysctls.items[i].name, b->sysctls.items[i].name);
		assert_string_equal(a->sysctls.items[i].value, b->sysctls.items[i].value);
	}
}

static void states_survive_the_way_out_and_in(void **test _unused_)
{
	const char *wanted = getenv("POISE_TEST_SEED");

	seed = wanted ? (uint32_t)strtoul(wanted, NULL, 0) : 20240607;
	print_message("seed %u\n", seed);
	for (int round = 0; round < 3000; round++) {
		_cleanup_state_ struct state state = {}, read = {};
		_cleanup_error_ struct error error = {};

		random_state(&state);
		_cleanup_free_ char *text =
			state_text(&state, round % 2 ? JSON_COMPACT : JSON_INDENT(2));
		int r = state_read(text, strlen(text), &read, &error);

		/* Two random keys may be the same. */
		if (r < 0 && strstr(error.text, "stands there twice"))
			continue;
		assert_int_equal(r, 0);
		assert_same_state(&state, &read);
		_cleanup_free_ char *again =
			state_text(&read, round % 2 ? JSON_COMPACT : JSON_INDENT(2));
		assert_string_equal(text, again);
	}
}

static void what_says_nothing_is_left_out(void **test _unused_)
{
	_cleanup_state_ struct state state = {};
	_cleanup_free_ char *expected = quoted(
		"{'poise-state':1,'services':[{'service':'tcp://192.0.2.1:80','scheduler':'wlc',"
		"'destinations':[{'destination':'10.0.0.1:80','forward':'nat','weight':1,"
		"'connections':{'active':0,'inactive':0,'persistent':0}}]}],"
		"'timeouts':{},'sync':[],'sysctls':{}}");

	build_destination(build_service(&state, "tcp://192.0.2.1:80", "wlc"), "10.0.0.1:80", 1);
	_cleanup_free_ char *text = state_text(&state, JSON_COMPACT);
	assert_string_equal(text, expected);
}

static void unsorted_input_is_sorted(void **test _unused_)
{
	_cleanup_free_ char *text =
		quoted("{'poise-state':1,'services':["
		       "{'service':'fwmark://7','scheduler':'rr','destinations':["
		       "{'destination':'10.0.0.2','forward':'nat','weight':1},"
		       "{'destination':'10.0.0.1','forward':'nat','weight':1}]},"
		       "{'service':'tcp://192.0.2.1:80','scheduler':'rr','destinations':[]}],"
		       "'sysctls':{'b':'1','a':'2'}}");
	_cleanup_state_ struct state state = {};
	struct service_key mark = build_key("fwmark://7");
	struct destination_key key = build_destination_key("10.0.0.1");

	assert_int_equal(state_read(text, strlen(text), &state, NULL), 0);
	assert_int_equal(state.services.items[0].key.kind, SERVICE_KIND_TCP);
	assert_non_null(service_find_destination(state_find_service(&state, &mark), &key));
	assert_string_equal(state.sysctls.items[0].name, "a");
}

/* Names that the kernel lets other programs choose are any bytes. */
static void names_that_are_no_utf8_are_written_all_the_same(void **test _unused_)
{
	_cleanup_state_ struct state state = {}, read = {};
	struct sync_daemon *daemon = vector_append(&state.sync);

	snprintf(daemon->interface, sizeof(daemon->interface), "e\xff\x80");
	_cleanup_free_ char *text = state_text(&state, JSON_COMPACT);
	assert_non_null(strstr(text, "\"e\\\\xff\\\\x80\""));
	assert_int_equal(state_read(text, strlen(text), &read, NULL), 0);
}

static void quoting_leaves_nothing_that_a_terminal_obeys(void **test _unused_)
{
	static const struct {
		const char *text, *quoted;
	} cases[] = {
		{"", ""},
		{"plain", "plain"},
		{"a\x1b[31m\x7f\n", "a?[31m??"},
		{"caf\xc3\xa9", "caf\xc3\xa9"},
		{"\xc2\x9b"
		 "31m",
			"??31m"},
		{"0123456789012345678901234567890123456789012345678901234567890123456789",
			"012345678901234567890123456789012345678901234567890123456789..."},
		/* Cut between characters, not within. */
		{"01234567890123456789012345678901234567890123456789012345678\xc3\xa9\xc3\xa9",
			"01234567890123456789012345678901234567890123456789012345678..."},
	};
	char text[JSON_FORM_QUOTE_SIZE];

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		assert_string_equal(json_form_quote(cases[i].text, text), cases[i].quoted);
}

/* Attributes alone, as others use them. */
static void attributes_alone(void **test _unused_)
{
	struct service_attributes service = {.scheduler = "wlc", .netmask = 64}, service_read = {};
	struct destination_attributes destination = {.weight = 3}, destination_read = {};
	struct timeouts timeouts = {.tcp_set = true, .tcp = 5}, timeouts_read = {};
	struct sync_daemon sync = {.interface = "eth0", .id = 3}, sync_read = {};
	json_t *json = service_attributes_to_json(&service, AF_INET6);

	assert_int_equal(service_attributes_from_json(json, AF_INET6, &service_read, NULL), 0);
	assert_true(service_attributes_equal(&service, &service_read));
	assert_int_equal(service_attributes_from_json(json, AF_INET, &service_read, NULL), -EINVAL);
	assert_true(service_attributes_equal(&service, &service_read));
	assert_int_equal(destination_attributes_from_json(json, &destination_read, NULL), -EINVAL);
	assert_int_equal(timeouts_from_json(json, &timeouts_read, NULL), -EINVAL);
	assert_int_equal(sync_daemon_from_json(json, &sync_read, NULL), -EINVAL);
	json_decref(json);
	json = destination_attributes_to_json(&destination);
	assert_int_equal(destination_attributes_from_json(json, &destination_read, NULL), 0);
	assert_true(destination_attributes_equal(&destination, &destination_read));
	json_decref(json);
	json = timeouts_to_json(&timeouts);
	assert_int_equal(timeouts_from_json(json, &timeouts_read, NULL), 0);
	assert_memory_equal(&timeouts, &timeouts_read, sizeof(timeouts));
	json_decref(json);
	json = sync_daemon_to_json(&sync);
	assert_int_equal(sync_daemon_from_json(json, &sync_read, NULL), 0);
	assert_true(sync_daemon_equal(&sync, &sync_read));
	json_decref(json);
}

static void memories_survive_the_way_out_and_in(void **test _unused_)
{
	_cleanup_memory_ struct memory memory = {}, read = {}, refused = {};
	struct memory_service *owned = vector_append(&memory.owned);
	struct memory_drain *drain = vector_append(&memory.drains);

	owned->key = build_key("fwmark6://9");
	owned->drain = 1;
	drain->service = owned->key;
	drain->destination = build_destination_key("2001:db8::1");
	drain->reason = DRAIN_REASON_DECLARED;
	json_t *json = memory_to_json(&memory);
	assert_int_equal(memory_from_json(json, &read, NULL), 0);
	assert_null(read.owned.items[0].name);
	assert_int_equal(memory_drain_compare(&read.drains.items[0], drain), 0);
	assert_int_equal(read.drains.items[0].reason, DRAIN_REASON_DECLARED);
	json_array_append(json_object_get(json, "drains"),
		json_array_get(json_object_get(json, "drains"), 0));
	assert_int_equal(memory_from_json(json, &refused, NULL), -EINVAL);
	assert_null(refused.owned.items);
	json_decref(json);
}

/* Plans */

static const char good_plan[] =
	"{'poise-plan':1,'backend':'ipvs','revision':'r','applied':'a','paths':['-'],'declared':'"
	"poise: 1\\n',"
	"'operations':["
	"{'verb':'update','object':'sysctl','sysctl':'conntrack','disruptive':false,'before':'',"
	"'after':'1'},"
	"{'verb':'update','object':'timeouts','disruptive':false,'before':{'tcp':9},"
	"'after':{'tcp':8}},"
	"{'verb':'add','object':'service','service':'tcp://192.0.2.1:80','disruptive':false,"
	"'after':{'scheduler':'wlc'}},"
	"{'verb':'add','object':'destination','service':'tcp://192.0.2.1:80',"
	"'destination':'10.0.0.1:80','disruptive':false,'after':{'forward':'nat','weight':1}},"
	"{'verb':'replace','object':'sync','disruptive':false,"
	"'before':{'role':'active','interface':'eth0','id':0},"
	"'after':{'role':'active','interface':'eth1','id':0}},"
	"{'verb':'delete','object':'service','service':'fwmark6://9','disruptive':true,"
	"'before':{'scheduler':'rr','persistence':{'timeout':1,'prefix':64}}}],"
	"'notes':[{'service':'udp://192.0.2.1:53','kind':'unmanaged','destinations':2},"
	"{'service':'udp://192.0.2.2:53','kind':'leaving','destinations':1}],"
	"'draining':[{'service':'tcp://192.0.2.1:80','destination':'10.0.0.2:80','since':1,"
	"'deadline':2,'reason':'removed'}],"
	"'totals':{'add':2,'change':3,'remove':1,'disruptive':1,'unmanaged':1,"
	"'services-leaving':1,'destinations-leaving':1}}";

/* Each replaces one part of the good plan. */
static const struct {
	const char *from, *to, *error;
} plan_edits[] = {
	{"'poise-plan':1", "'poise-plan':9",
		"poise-plan: format 9 is not known: this poise reads format 1"},
	{"'backend':'ipvs'", "'backend':null", "backend: not a text"},
	{"'backend':'ipvs',", "", "`backend` is missing"},
	{"'applied':'a'", "'applied':1", "applied: not a text"},
	{"['-']", "[1]", "paths[0]: not a text"},
	{"'declared'", "'declare'", "`declared` is missing"},
	{"'object':'sysctl'", "'object':'sysctls'",
		"operations[0].object: unknown word `sysctls`: did you mean `sysctl`?"},
	{"'object':'sysctl'", "'object':7", "operations[0].object: not a text"},
	{"'object':'sysctl',", "", "operations[0]: `object` is missing"},
	{"'object':'sysctl'", "'object':'timeouts'", "operations[0].before: not an object"},
	{"'sysctl':'conntrack'", "'sysctl':'../x'",
		"operations[0].sysctl: `../x` has characters that cannot stand there"},
	{"'before':'',", "", "operations[0]: `before` is missing"},
	{"'verb':'update','object':'timeouts'", "'verb':'delete','object':'timeouts'",
		"operations[1]: no delete of timeouts"},
	{"'verb':'add','object':'service'", "'verb':'replace','object':'service'",
		"operations[2]: no replace of service"},
	{"'verb':'add','object':'service'", "'verb':'ad','object':'service'",
		"operations[2].verb: unknown word `ad`: did you mean `add`?"},
	{"'verb':'add','object':'service'", "'verb':'update','object':'service'",
		"operations[2]: update without `before`"},
	{"'verb':'add','object':'service'", "'verb':'delete','object':'service'",
		"operations[2]: delete without `before`"},
	{"'after':{'scheduler':'wlc'}", "'before':{'scheduler':'wlc'}",
		"operations[2]: add with `before`"},
	{"'after':{'scheduler':'wlc'}", "'after':{'scheduler':'wlc','weight':1}",
		"operations[2].after: unknown member `weight`"},
	{"'service':'tcp://192.0.2.1:80','disruptive'", "'disruptive'",
		"operations[2]: `service` is missing"},
	{"'weight':1}", "'weight':1e1}", "operations[3].after.weight: not a whole number"},
	{"'disruptive':false,'after':{'forward'", "'after':{'forward'",
		"operations[3]: `disruptive` is missing"},
	{"'role':'active','interface':'eth1'", "'role':'backup','interface':'eth1'",
		"operations[4]: changes the role, which is the key"},
	{"'prefix':64", "'prefix':129",
		"operations[5].before.persistence.prefix: 129 is out of range: 0 to 128"},
	{"'kind':'unmanaged'", "'kind':'managed'",
		"notes[0].kind: unknown word `managed`: did you "
		"mean `unmanaged`?"},
	{"'reason':'removed'", "'reason':'because'", "draining[0].reason: unknown word `because`"},
	{"'totals':{'add':2", "'totals':{'add':1",
		"totals: not those of the operations, notes and drains: was the plan changed?"},
	{"'services-leaving':1", "'services-leaving':0",
		"totals: not those of the operations, notes and drains: was the plan changed?"},
	{"'destinations-leaving':1", "'destinations-leaving':2",
		"totals: not those of the operations, notes and drains: was the plan changed?"},
	{"'verb':'delete','object':'service','service':'fwmark6://9','disruptive':true,"
	 "'before':{'scheduler':'rr','persistence':{'timeout':1,'prefix':64}}}",
		"'verb':'delete','object':'service','service':'tcp://192.0.2.1:80','disruptive':"
		"true,'before':{'scheduler':'rr'}}",
		"operations: two on service tcp://192.0.2.1:80"},
};

static char *edited(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	assert_non_null(at);
	return memory_printf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void a_plan_survives_the_way_out_and_in(void **test _unused_)
{
	_cleanup_plan_file_ struct plan_file file = {}, again = {};
	_cleanup_free_ char *text = quoted(good_plan);

	assert_int_equal(plan_file_from_json(text, strlen(text), &file, NULL), 0);
	assert_string_equal(file.backend, "ipvs");
	assert_string_equal(file.declared, "poise: 1\n");
	assert_string_equal(file.applied, "a");
	assert_string_equal(file.paths.items[0], "-");
	assert_int_equal(file.plan.ops.count, 6);
	assert_int_equal(file.plan.ops.items[1].timeouts.after.tcp, 8);
	assert_true(file.plan.ops.items[1].timeouts.after.tcp_set);
	assert_false(file.plan.ops.items[1].timeouts.after.udp_set);
	assert_int_equal(file.plan.ops.items[3].destination.after.weight, 1);
	assert_string_equal(file.plan.ops.items[4].sync.after.interface, "eth1");
	assert_int_equal(file.plan.ops.items[5].attributes.before.netmask, 64);
	assert_int_equal(file.plan.notes.items[0].kind, PLAN_NOTE_UNMANAGED);
	_cleanup_free_ char *out = plan_file_to_json(&file);
	assert_int_equal(out[strlen(out) - 1], '\n');
	assert_int_equal(plan_file_from_json(out, strlen(out), &again, NULL), 0);
	_cleanup_free_ char *second = plan_file_to_json(&again);
	assert_string_equal(out, second);
	/* A file has its drains, too. */
	json_t *given, *written;
	assert_int_equal(json_parse(text, strlen(text), &given, NULL), 0);
	assert_int_equal(json_parse(out, strlen(out), &written, NULL), 0);
	assert_true(json_equal(given, written));
	json_decref(given);
	json_decref(written);
}

static void an_empty_plan_is_a_plan(void **test _unused_)
{
	_cleanup_plan_file_ struct plan_file file = {}, again = {};
	struct memory_drain *drain = vector_append(&file.memory.drains);

	drain->service = build_key("tcp://192.0.2.1:80");
	drain->destination = build_destination_key("10.0.0.1:80");
	_cleanup_free_ char *text = plan_file_to_json(&file);
	assert_non_null(strstr(text, "\"reason\": \"removed\""));
	assert_int_equal(plan_file_from_json(text, strlen(text), &again, NULL), 0);
	assert_string_equal(again.backend, "");
	assert_int_equal(again.plan.ops.count, 0);
}

/* As `poise diff -o json` prints it beside poised. */
static void virtual_routers_are_no_part_of_a_plan(void **test _unused_)
{
	_cleanup_free_ char *more =
		edited(good_plan, "{'poise-plan'", "{'routers':{'operations':[1]},'poise-plan'");
	_cleanup_free_ char *with = quoted(more), *without = quoted(good_plan);
	_cleanup_plan_file_ struct plan_file file = {}, plain = {};

	assert_int_equal(plan_file_from_json(with, strlen(with), &file, NULL), 0);
	assert_int_equal(plan_file_from_json(without, strlen(without), &plain, NULL), 0);
	_cleanup_free_ char *out = plan_file_to_json(&file), *plain_out = plan_file_to_json(&plain);
	assert_string_equal(out, plain_out);
}

static void bad_plans_are_refused_with_their_place(void **test _unused_)
{
	for (size_t i = 0; i < ARRAY_LENGTH(plan_edits); i++) {
		_cleanup_free_ char *bad = edited(good_plan, plan_edits[i].from, plan_edits[i].to);
		_cleanup_free_ char *text = quoted(bad);
		_cleanup_plan_file_ struct plan_file file = {};
		_cleanup_error_ struct error error = {};

		assert_int_equal(plan_file_from_json(text, strlen(text), &file, &error), -EINVAL);
		assert_string_equal(error.text, plan_edits[i].error);
		assert_null(file.plan.ops.items);
	}
}

static void every_part_of_a_plan_is_refused(void **test _unused_)
{
	_cleanup_free_ char *text = quoted(good_plan);

	for (size_t length = 0; length < sizeof(good_plan) - 1; length++) {
		_cleanup_plan_file_ struct plan_file file = {};

		assert_int_equal(plan_file_from_json(text, length, &file, NULL), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_states_are_refused_with_their_place),
		cmocka_unit_test(a_document_is_bounded),
		cmocka_unit_test(states_survive_the_way_out_and_in),
		cmocka_unit_test(what_says_nothing_is_left_out),
		cmocka_unit_test(unsorted_input_is_sorted),
		cmocka_unit_test(names_that_are_no_utf8_are_written_all_the_same),
		cmocka_unit_test(quoting_leaves_nothing_that_a_terminal_obeys),
		cmocka_unit_test(attributes_alone),
		cmocka_unit_test(memories_survive_the_way_out_and_in),
		cmocka_unit_test(a_plan_survives_the_way_out_and_in),
		cmocka_unit_test(an_empty_plan_is_a_plan),
		cmocka_unit_test(virtual_routers_are_no_part_of_a_plan),
		cmocka_unit_test(bad_plans_are_refused_with_their_place),
		cmocka_unit_test(every_part_of_a_plan_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
