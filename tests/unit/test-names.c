// SPDX-License-Identifier: GPL-2.0-or-later
/* model/state.h: keys as text, their order, words of enums, and states as containers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "model/plan.h"
#include "model/state.h"
#include "tests/support/build.h"

/* In key order: kind, family, address, port, mark. */
static const char *const listeners[] = {
	"tcp://0.0.0.0:80",
	"tcp://192.0.2.1:0",
	"tcp://192.0.2.1:80",
	"tcp://192.0.2.1:65535",
	"tcp://192.0.2.2:80",
	"tcp://[::1]:1",
	"tcp://[2001:db8::1]:80",
	"udp://192.0.2.1:53",
	"udp://[2001:db8::1]:53",
	"sctp://192.0.2.1:99",
	"fwmark://1",
	"fwmark://4294967295",
	"fwmark6://1",
	"fwmark6://2",
};

static void listeners_are_parsed_printed_and_ordered(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_LENGTH(listeners); i++) {
		struct service_key key;
		char text[SERVICE_KEY_TEXT_SIZE];

		assert_int_equal(service_key_parse(listeners[i], &key), 0);
		assert_string_equal(service_key_format(&key, text), listeners[i]);
		for (size_t j = 0; j < ARRAY_LENGTH(listeners); j++) {
			struct service_key other = build_key(listeners[j]);

			assert_int_equal(
				COMPARE(service_key_compare(&key, &other), 0), COMPARE(i, j));
		}
	}
}

static void other_forms_of_listeners(void **state _unused_)
{
	static const struct {
		const char *text, *canonical; /* NULL: refused */
	} cases[] = {
		{"tcp://[2001:DB8:0::1]:80", "tcp://[2001:db8::1]:80"},
		{"", NULL},
		{"tcp", NULL},
		{"tcp:", NULL},
		{"tcp://", NULL},
		{"://192.0.2.1:80", NULL},
		{"TCP://192.0.2.1:80", NULL},
		{"tcp4://192.0.2.1:80", NULL},
		{"tc://192.0.2.1:80", NULL},
		{"icmp://192.0.2.1:80", NULL},
		{"192.0.2.1:80", NULL},
		{"tcp://192.0.2.1", NULL},
		{"tcp://192.0.2.1:", NULL},
		{"tcp://192.0.2.1:080", NULL},
		{"tcp://192.0.2.1:+80", NULL},
		{"tcp://192.0.2.1:-1", NULL},
		{"tcp://192.0.2.1:65536", NULL},
		{"tcp://192.0.2.1:99999999999999999999", NULL},
		{"tcp://192.0.2.1:80 ", NULL},
		{"tcp:// 192.0.2.1:80", NULL},
		{"tcp://192.0.2.1:80/", NULL},
		{"tcp://192.0.2.1:80:80", NULL},
		{"tcp://192.0.2:80", NULL},
		{"tcp://host:80", NULL},
		{"tcp://2001:db8::1", NULL},
		{"tcp://2001:db8::1:80", NULL},
		{"tcp://[2001:db8::1]", NULL},
		{"tcp://[2001:db8::1", NULL},
		{"tcp://[2001:db8::1]80", NULL},
		{"tcp://[192.0.2.1]:80", NULL},
		{"tcp://[]:80", NULL},
		{"tcp://[fe80::1%eth0]:80", NULL},
		{"tcp://[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80", NULL},
		{"fwmark://", NULL},
		{"fwmark://0", NULL},
		{"fwmark://07", NULL},
		{"fwmark://0x7", NULL},
		{"fwmark://-1", NULL},
		{"fwmark://4294967296", NULL},
		{"fwmark://7:80", NULL},
		{"fwmark4://7", NULL},
		{"fwmark6://", NULL},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct service_key key = {.port = 4711};
		char text[SERVICE_KEY_TEXT_SIZE];
		int r = service_key_parse(cases[i].text, &key);

		if (cases[i].canonical) {
			assert_int_equal(r, 0);
			assert_string_equal(service_key_format(&key, text), cases[i].canonical);
			continue;
		}
		if (r != -EINVAL)
			print_error("accepted: %s\n", cases[i].text);
		assert_int_equal(r, -EINVAL);
		assert_int_equal(key.port, 4711);
	}
}

static void the_longest_listener_fits(void **state _unused_)
{
	struct service_key key =
		build_key("sctp://[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
	char text[SERVICE_KEY_TEXT_SIZE];

	assert_string_equal(service_key_format(&key, text),
		"sctp://[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

static void destinations_are_parsed_printed_and_ordered(void **state _unused_)
{
	static const char *const sorted[] = {"10.0.0.1", "10.0.0.1:80", "10.0.0.1:65535",
		"10.0.0.2:1", "::1", "2001:db8::1", "[2001:db8::1]:80"};

	for (size_t i = 0; i < ARRAY_LENGTH(sorted); i++) {
		struct destination_key key;
		char text[ADDRESS_ENDPOINT_LENGTH];

		assert_int_equal(destination_key_parse(sorted[i], &key), 0);
		assert_string_equal(destination_key_format(&key, text), sorted[i]);
		for (size_t j = 0; j < ARRAY_LENGTH(sorted); j++) {
			struct destination_key other = build_destination_key(sorted[j]);

			assert_int_equal(
				COMPARE(destination_key_compare(&key, &other), 0), COMPARE(i, j));
		}
	}
}

static void other_forms_of_destinations(void **state _unused_)
{
	static const char *const refused[] = {"", ":", ":80", "10.0.0.1:", "10.0.0.1:65536",
		"10.0.0.1:http", "10.0.0", "host", "[::1]:", "[::1", "[10.0.0.1]", "[::1]x",
		"::1%lo", "10.0.0.1:1:2"};
	struct destination_key key = {.port = 4711};

	for (size_t i = 0; i < ARRAY_LENGTH(refused); i++) {
		assert_int_equal(destination_key_parse(refused[i], &key), -EINVAL);
		assert_int_equal(key.port, 4711);
	}
	assert_int_equal(destination_key_parse("[2001:db8::1]", &key), 0);
	assert_int_equal(key.port, 0);
	assert_int_equal(destination_key_parse("10.0.0.1:0", &key), 0);
	assert_int_equal(key.port, 0);
}

/* Each word names its own value, and no other word does. */
#define CHECK_WORDS(enum_name, count)                                                              \
	do {                                                                                       \
		for (int value = 0; value < (count); value++)                                      \
			assert_int_equal(                                                          \
				enum_name##_from_name(enum_name##_name((enum enum_name)value)),    \
				value);                                                            \
		assert_int_equal(enum_name##_from_name(""), -EINVAL);                              \
		assert_int_equal(enum_name##_from_name("?"), -EINVAL);                             \
		assert_string_equal(enum_name##_name((enum enum_name)(count)), "?");               \
	} while (0)

static void words_name_their_values(void **state _unused_)
{
	CHECK_WORDS(forward_method, FORWARD_METHOD_COUNT);
	CHECK_WORDS(tunnel_type, TUNNEL_TYPE_COUNT);
	CHECK_WORDS(tunnel_checksum, TUNNEL_CHECKSUM_COUNT);
	CHECK_WORDS(sync_role, SYNC_ROLE_COUNT);
	CHECK_WORDS(plan_verb, PLAN_VERB_COUNT);
	CHECK_WORDS(plan_object, PLAN_OBJECT_COUNT);
	assert_string_equal(service_kind_name(SERVICE_KIND_SCTP), "sctp");
	assert_string_equal(service_kind_name(SERVICE_KIND_COUNT), "?");
}

static void masks_and_prefixes(void **state _unused_)
{
	for (unsigned int prefix = 0; prefix <= 32; prefix++)
		assert_int_equal(service_prefix(AF_INET, service_netmask(AF_INET, prefix)), prefix);
	for (unsigned int prefix = 1; prefix <= 128; prefix++)
		assert_int_equal(
			service_prefix(AF_INET6, service_netmask(AF_INET6, prefix)), prefix);
	assert_int_equal(service_netmask(AF_INET, 24), 0xffffff00);
	assert_int_equal(service_netmask(AF_INET, 0), 0);
	assert_int_equal(service_prefix(AF_INET, 0xff00ff00), -EINVAL);
	assert_int_equal(service_prefix(AF_INET, 1), -EINVAL);
	assert_int_equal(service_prefix(AF_INET, 0x7fffffff), -EINVAL);
}

static void schedulers_and_weight_zero(void **state _unused_)
{
	static const struct {
		struct service_attributes attributes;
		bool honours;
	} cases[] = {
		{{.scheduler = "wlc"}, true},
		{{.scheduler = "rr"}, true},
		{{.scheduler = "somebody-elses"}, true},
		{{.scheduler = "dh"}, false},
		{{.scheduler = "dh", .scheduler_flags = SCHEDULER_FLAG_1}, false},
		{{.scheduler = "sh"}, false},
		{{.scheduler = "sh", .scheduler_flags = SCHEDULER_FLAG_SH_PORT}, false},
		{{.scheduler = "sh", .scheduler_flags = SCHEDULER_FLAG_SH_FALLBACK}, true},
		{{.scheduler = "mh"}, false},
		{{.scheduler = "mh", .scheduler_flags = SCHEDULER_FLAG_MH_FALLBACK}, true},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		assert_int_equal(
			scheduler_honours_weight_zero(&cases[i].attributes), cases[i].honours);
	for (const char *const *name = scheduler_names; *name; name++)
		assert_true(scheduler_is_known(*name));
	assert_false(scheduler_is_known("rrr"));
	assert_false(scheduler_is_known(""));
}

static void a_state_is_sorted_and_searched(void **test _unused_)
{
	_cleanup_state_ struct state state = {};

	/* Backwards, with destinations and sysctls backwards too. */
	for (size_t i = ARRAY_LENGTH(listeners); i--;) {
		struct service *service = build_service(&state, listeners[i], "rr");

		build_destination(service, "10.0.0.2:80", 2);
		build_destination(service, "10.0.0.1:80", 1);
	}
	*vector_append(&state.sync) = (struct sync_daemon){.role = SYNC_ROLE_BACKUP};
	*vector_append(&state.sync) = (struct sync_daemon){.role = SYNC_ROLE_ACTIVE};
	*vector_append(&state.sysctls) = (struct sysctl){"b", "2"};
	*vector_append(&state.sysctls) = (struct sysctl){"a", "1"};
	state_sort(&state);
	for (size_t i = 0; i < ARRAY_LENGTH(listeners); i++) {
		struct service_key key = build_key(listeners[i]);
		struct destination_key destination = build_destination_key("10.0.0.1:80");
		struct destination_key missing = build_destination_key("10.0.0.1:81");
		struct service *service = state_find_service(&state, &key);

		assert_ptr_equal(service, &state.services.items[i]);
		assert_int_equal(
			service_find_destination(service, &destination)->attributes.weight, 1);
		assert_null(service_find_destination(service, &missing));
	}
	struct service_key missing = build_key("fwmark6://3");
	assert_null(state_find_service(&state, &missing));
	assert_int_equal(state.sync.items[0].role, SYNC_ROLE_ACTIVE);
	assert_string_equal(state_find_sysctl(&state, "b")->value, "2");
	assert_null(state_find_sysctl(&state, "c"));
}

static void a_copy_stands_alone(void **test _unused_)
{
	_cleanup_state_ struct state from = {}, to = {}, empty = {};
	struct service_key key = build_key("fwmark://7");

	build_destination(build_service(&from, "fwmark://7", "rr"), "10.0.0.1", 1);
	build_service(&from, "fwmark://8", "rr");
	from.timeouts = (struct timeouts){.tcp_set = true, .tcp = 9};
	from.sync_managed = true;
	*vector_append(&from.sysctls) = (struct sysctl){"a", "1"};
	state_copy(&to, &from);
	from.services.items[0].destinations.items[0].attributes.weight = 5;
	state_clear(&from);
	assert_null(from.services.items);
	assert_int_equal(to.services.count, 2);
	assert_int_equal(state_find_service(&to, &key)->destinations.items[0].attributes.weight, 1);
	assert_int_equal(to.timeouts.tcp, 9);
	assert_true(to.sync_managed);
	assert_string_equal(state_find_sysctl(&to, "a")->value, "1");
	state_copy(&empty, &from);
	assert_int_equal(empty.services.count, 0);
}

/* Every attribute counts in a comparison; connection counts never do. */
static void every_attribute_tells_objects_apart(void **test _unused_)
{
	const struct service_attributes service = {.scheduler = "rr"};
	struct service_attributes services[] = {
		service, service, service, service, service, service, service};
	const struct destination_attributes destination = {.weight = 1};
	struct destination_attributes destinations[] = {destination, destination, destination,
		destination, destination, destination, destination};
	const struct sync_daemon sync = {.interface = "eth0"};
	struct sync_daemon syncs[] = {sync, sync, sync, sync, sync, sync, sync};

	services[0].scheduler[0] = 'w';
	services[1].scheduler_flags = 1;
	services[2].one_packet = true;
	services[3].persistent = true;
	services[4].persistence_timeout = 1;
	services[5].netmask = 1;
	services[6].engine[0] = 's';
	destinations[0].forward = FORWARD_METHOD_DIRECT;
	destinations[1].tunnel_type = TUNNEL_TYPE_GUE;
	destinations[2].tunnel_checksum = TUNNEL_CHECKSUM_FULL;
	destinations[3].tunnel_port = 1;
	destinations[4].weight = 2;
	destinations[5].upper_threshold = 1;
	destinations[6].lower_threshold = 1;
	syncs[0].role = SYNC_ROLE_BACKUP;
	syncs[1].interface[0] = 'x';
	syncs[2].id = 1;
	syncs[3].group.family = AF_INET;
	syncs[4].port = 1;
	syncs[5].ttl = 1;
	syncs[6].max_length = 1;
	for (size_t i = 0; i < 7; i++) {
		assert_false(service_attributes_equal(&service, &services[i]));
		assert_false(destination_attributes_equal(&destination, &destinations[i]));
		assert_false(sync_daemon_equal(&sync, &syncs[i]));
	}
	assert_true(service_attributes_equal(
		&service, &(struct service_attributes){.scheduler = "rr"}));
}

static void plans_are_counted_and_described(void **test _unused_)
{
	_cleanup_plan_ struct plan plan = {};
	_cleanup_strbuf_ struct strbuf text = {};
	struct plan_op *op = vector_append(&plan.ops);

	*op = (struct plan_op){.verb = PLAN_VERB_ADD, .object = PLAN_OBJECT_SERVICE};
	op->service = build_key("tcp://192.0.2.1:80");
	op = vector_append(&plan.ops);
	*op = (struct plan_op){.verb = PLAN_VERB_DELETE, .object = PLAN_OBJECT_DESTINATION};
	op->service = build_key("fwmark6://7");
	op->destination.key = build_destination_key("[2001:db8::1]:80");
	op = vector_append(&plan.ops);
	*op = (struct plan_op){.verb = PLAN_VERB_UPDATE, .object = PLAN_OBJECT_TIMEOUTS};
	op = vector_append(&plan.ops);
	*op = (struct plan_op){.verb = PLAN_VERB_REPLACE, .object = PLAN_OBJECT_SYNC};
	op->disruptive = true;
	op->sync.after.role = SYNC_ROLE_BACKUP;
	op = vector_append(&plan.ops);
	*op = (struct plan_op){.verb = PLAN_VERB_DELETE, .object = PLAN_OBJECT_SYNC};
	op->sync.before.role = SYNC_ROLE_BACKUP;
	op = vector_append(&plan.ops);
	*op = (struct plan_op){.verb = PLAN_VERB_UPDATE, .object = PLAN_OBJECT_SYSCTL};
	memcpy(op->sysctl.name, "conntrack", sizeof("conntrack"));
	vector_append(&plan.notes)->kind = PLAN_NOTE_UNMANAGED;
	vector_append(&plan.notes)->kind = PLAN_NOTE_KEPT;

	struct plan_totals totals = plan_count(&plan);
	assert_int_equal(totals.add, 1);
	assert_int_equal(totals.change, 3);
	assert_int_equal(totals.remove, 2);
	assert_int_equal(totals.disruptive, 1);
	assert_int_equal(totals.unmanaged, 1);
	vector_foreach(&plan.ops, each) {
		plan_op_describe(each, &text);
		strbuf_add_char(&text, '\n');
	}
	assert_string_equal(text.text, "service tcp://192.0.2.1:80\n"
				       "destination [2001:db8::1]:80 of fwmark6://7\n"
				       "timeouts\n"
				       "sync backup\n"
				       "sync backup\n"
				       "sysctl conntrack\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listeners_are_parsed_printed_and_ordered),
		cmocka_unit_test(other_forms_of_listeners),
		cmocka_unit_test(the_longest_listener_fits),
		cmocka_unit_test(destinations_are_parsed_printed_and_ordered),
		cmocka_unit_test(other_forms_of_destinations),
		cmocka_unit_test(words_name_their_values),
		cmocka_unit_test(masks_and_prefixes),
		cmocka_unit_test(schedulers_and_weight_zero),
		cmocka_unit_test(a_state_is_sorted_and_searched),
		cmocka_unit_test(a_copy_stands_alone),
		cmocka_unit_test(every_attribute_tells_objects_apart),
		cmocka_unit_test(plans_are_counted_and_described),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
