// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses of ports and routes, from the files to a plan and back: what is declared, what step() wants,
 * what diff() makes of it and in which order, and how it is printed, saved and read again. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/canonical.h"
#include "model/from_state.h"
#include "model/load.h"
#include "reconciler/diff.h"
#include "reconciler/plan_json.h"
#include "reconciler/plan_text.h"
#include "reconciler/state_json.h"
#include "reconciler/step.h"
#include "tests/support/build.h"

#define WEB "tcp://192.0.2.1:80"

static const struct backend_abilities abilities = {
	.forward_methods = ~0u, .routes = true, .atomic = true};
static const struct backend_abilities abilities_without = {.forward_methods = ~0u};

struct scene {
	struct declared declared;
	struct state live;
	struct memory memory;
	bool hold;
};

static void scene_address(struct scene *scene, const char *address, unsigned int length)
{
	vector_push(&scene->live.port_addresses, build_port_address("wan", address, length));
}

static void scene_route(struct scene *scene, const char *to, const char *via)
{
	vector_push(&scene->live.routes, build_route(to, via, "wan"));
}

/* The plan's operations for what the scene declares must be `expected`. */
static void scene_expect(
	struct scene *scene, const struct backend_abilities *can, const char *expected)
{
	_cleanup_step_output_ struct step_output output = {};
	_cleanup_plan_ struct plan plan = {};
	_cleanup_strbuf_ struct strbuf text = {};

	build_sort(&scene->declared);
	vector_sort(&scene->declared.port_addresses, port_address_compare);
	vector_sort(&scene->declared.routes, data_route_compare);
	state_sort(&scene->live);
	step(&(const struct step_input){.declared = &scene->declared,
		     .live = &scene->live,
		     .memory = &scene->memory,
		     .now = 1,
		     .hold_deletions = scene->hold},
		&output);
	diff(&(const struct diff_input){.desired = &output.desired,
		     .live = &scene->live,
		     .memory = &scene->memory,
		     .prune = CONFIG_PRUNE_OWNED,
		     .abilities = can},
		&plan);
	vector_foreach(&plan.ops, op) {
		plan_op_format(op, &text);
		strbuf_add_char(&text, '\n');
	}
	/* In full, with what is not there. */
	if (plan.notes.count && plan.notes.items[0].kind == PLAN_NOTE_PORT_MISSING) {
		strbuf_clear(&text);
		plan_format_text(&plan, &(const struct plan_text_options){.order = true}, &text);
	}
	assert_string_equal(text.text ? text.text : "", expected);
}

static void scene_clear(struct scene *scene)
{
	declared_clear(&scene->declared);
	state_clear(&scene->live);
	memory_clear(&scene->memory);
}

/* A port `wan` that is there, and files that have ways of their own. */
static struct scene scene_new(void)
{
	struct scene scene = {.declared.ways_managed = true};

	vector_push(&scene.live.ports, build_port("wan"));
	return scene;
}

static void ways_come_before_what_attracts_traffic(_unused_ void **state)
{
	struct scene scene = scene_new();

	build_declared_destination(
		build_declared(&scene.declared, "web", WEB, "wlc", 30), "10.0.0.1:80", 1);
	vector_push(&scene.declared.routes, build_route("0.0.0.0/0", "203.0.113.1", "wan"));
	vector_push(&scene.declared.routes, build_route("10.0.0.0/8", NULL, "wan"));
	vector_push(&scene.declared.port_addresses, build_port_address("wan", "203.0.113.2", 24));
	scene_expect(&scene, &abilities,
		"+ address 203.0.113.2 of port wan length 24\n"
		"+ route 0.0.0.0/0 via 203.0.113.1 port wan\n"
		"+ route 10.0.0.0/8 port wan\n"
		"+ service " WEB " scheduler wlc\n"
		"+ destination 10.0.0.1:80 of " WEB " nat weight 1\n");
	scene_clear(&scene);
}

static void what_differs_changes_in_place(_unused_ void **state)
{
	struct scene scene = scene_new();

	scene_address(&scene, "203.0.113.2", 24);
	scene_address(&scene, "203.0.113.3", 24);
	scene_route(&scene, "0.0.0.0/0", "203.0.113.1");
	scene_route(&scene, "10.0.0.0/8", "203.0.113.1");
	scene_route(&scene, "10.0.0.0/9", NULL);
	vector_push(&scene.declared.port_addresses, build_port_address("wan", "203.0.113.2", 25));
	vector_push(&scene.declared.port_addresses, build_port_address("wan", "203.0.113.3", 24));
	vector_push(&scene.declared.routes, build_route("0.0.0.0/0", "203.0.113.9", "wan"));
	vector_push(&scene.declared.routes, build_route("10.0.0.0/8", NULL, "wan"));
	vector_push(&scene.declared.routes, build_route("10.0.0.0/9", NULL, "wan"));
	scene_expect(&scene, &abilities,
		"~ address 203.0.113.2 of port wan length 24 -> 25\n"
		"~ route 0.0.0.0/0 via 203.0.113.1 -> 203.0.113.9\n"
		"~ route 10.0.0.0/8 via 203.0.113.1 -> none\n");
	scene_clear(&scene);
}

static void ways_go_after_services(_unused_ void **state)
{
	struct scene scene = scene_new();

	build_service(&scene.live, WEB, "wlc");
	vector_append(&scene.memory.owned)->key = build_key(WEB);
	scene_address(&scene, "203.0.113.2", 24);
	scene_route(&scene, "0.0.0.0/0", "203.0.113.1");
	scene_expect(&scene, &abilities,
		"- service " WEB "\n"
		"- route 0.0.0.0/0\n"
		"- address 203.0.113.2 of port wan\n");
	scene_clear(&scene);
}

/* A client whose connection drains is still to be answered, and its server to be reached. */
static void ways_stay_while_somebody_drains(_unused_ void **state)
{
	struct scene scene = scene_new();
	struct service *service = build_service(&scene.live, WEB, "wlc");

	build_destination(service, "10.0.0.1:80", 1)->counts.active = 1;
	vector_append(&scene.memory.owned)->key = build_key(WEB);
	scene.memory.owned.items[0].drain = 30000000000;
	scene_address(&scene, "203.0.113.2", 24);
	scene_address(&scene, "203.0.113.3", 24);
	scene_route(&scene, "0.0.0.0/0", "203.0.113.1");
	scene_route(&scene, "10.0.0.0/8", NULL);
	/* What takes the place of another one does so at once. */
	vector_push(&scene.declared.port_addresses, build_port_address("wan", "203.0.113.3", 25));
	vector_push(&scene.declared.routes, build_route("0.0.0.0/0", "203.0.113.9", "wan"));
	scene_expect(&scene, &abilities,
		"~ address 203.0.113.3 of port wan length 24 -> 25\n"
		"~ route 0.0.0.0/0 via 203.0.113.1 -> 203.0.113.9\n"
		"~ destination 10.0.0.1:80 of " WEB " weight 1 -> 0\n");
	scene_clear(&scene);
}

static void nothing_goes_while_a_confirmation_is_awaited(_unused_ void **state)
{
	struct scene scene = scene_new();

	scene_address(&scene, "203.0.113.2", 24);
	scene_route(&scene, "0.0.0.0/0", "203.0.113.1");
	scene.hold = true;
	scene_expect(&scene, &abilities, "");
	scene.hold = false;
	scene_expect(&scene, &abilities,
		"- route 0.0.0.0/0\n"
		"- address 203.0.113.2 of port wan\n");
	scene_clear(&scene);
}

/* A port comes with the program: what the files want of one that is not there waits for its next start. */
static void ports_are_not_made(_unused_ void **state)
{
	struct scene scene = scene_new();

	vector_push(&scene.declared.port_addresses, build_port_address("dmz", "10.9.0.1", 24));
	vector_push(&scene.declared.port_addresses, build_port_address("wan", "203.0.113.2", 24));
	vector_push(&scene.declared.routes, build_route("10.8.0.0/16", "10.9.0.2", "dmz"));
	vector_push(&scene.declared.routes, build_route("10.7.0.0/16", NULL, "aux"));
	/* Without an address or a route, too. */
	vector_push(&scene.declared.ports, ((struct data_port){.name = "bare"}));
	vector_push(&scene.declared.ports, ((struct data_port){.name = "wan"}));
	scene_expect(&scene, &abilities,
		"+ address 203.0.113.2 of port wan length 24\n"
		"? port aux is not there before poise-dataplane starts again\n"
		"? port bare is not there before poise-dataplane starts again\n"
		"? port dmz is not there before poise-dataplane starts again\n"
		"1 to add, 0 to change, 0 to remove.\n");
	scene_clear(&scene);
}

/* The kernel's backend has none, and a pass over some services looks at none. */
static void ways_are_of_who_manages_them(_unused_ void **state)
{
	struct scene scene = scene_new();

	scene_address(&scene, "203.0.113.2", 24);
	scene_expect(&scene, &abilities_without, "");
	scene.declared.ways_managed = false;
	scene_expect(&scene, &abilities, "");
	scene_clear(&scene);
}

static void the_files_say_which(_unused_ void **state)
{
	static const char text[] =
		"poise: 1\n"
		"backend: dpdk\n"
		"allow-empty: true\n"
		"dpdk:\n"
		"  ports:\n"
		"    wan: {device: net_null0, addresses: [\"2001:db8::2/64\", 203.0.113.2/24]}\n"
		"    lan: {device: net_null1, addresses: [10.0.0.1/24]}\n"
		"  routes:\n"
		"    - {to: 10.1.0.0/16, port: wan}\n"
		"    - {to: 0.0.0.0/0, via: 10.0.0.9}\n";
	const struct document document = {"test.yaml", text, sizeof(text) - 1};
	_cleanup_config_ struct config config = {};
	_cleanup_declared_ struct declared declared = {};
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};

	assert_int_equal(config_load_dataplane(&document, 1, &config, &diagnostics), 0);
	declared_from_config(&config, &declared);
	assert_true(declared.ways_managed);
	assert_int_equal(declared.port_addresses.count, 3);
	static const char *const ports[] = {"lan", "wan", "wan"};
	static const char *const addresses[] = {"10.0.0.1", "203.0.113.2", "2001:db8::2"};
	for (size_t i = 0; i < 3; i++) {
		const struct port_address *is = &declared.port_addresses.items[i];
		const struct port_address want =
			build_port_address(ports[i], addresses[i], i == 2 ? 64 : 24);

		assert_int_equal(port_address_compare(is, &want), 0);
		assert_true(port_address_attributes_equal(&is->attributes, &want.attributes));
	}
	assert_int_equal(declared.routes.count, 2);
	const struct data_route by_default = build_route("0.0.0.0/0", "10.0.0.9", "lan");
	assert_int_equal(data_route_compare(&declared.routes.items[0], &by_default), 0);
	assert_true(data_route_attributes_equal(
		&declared.routes.items[0].attributes, &by_default.attributes));
	assert_string_equal(declared.routes.items[1].attributes.port, "wan");
	assert_int_equal(declared.routes.items[1].attributes.via.family, AF_UNSPEC);
}

/* `poise get`: what is live, as a file, declares what is live. */
static void a_live_state_is_a_file(_unused_ void **state)
{
	_cleanup_state_ struct state live = {};
	_cleanup_config_ struct config config = {}, again = {};
	_cleanup_declared_ struct declared declared = {};
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};
	_cleanup_strbuf_ struct strbuf text = {}, losses = {};
	struct data_port port = build_port("wan");

	port.vlan = 7;
	port.mtu = 9000;
	memcpy(port.exception, "wan0", sizeof("wan0"));
	vector_push(&live.ports, port);
	vector_push(&live.ports, build_port("lan"));
	vector_push(&live.port_addresses, build_port_address("wan", "203.0.113.2", 24));
	vector_push(&live.port_addresses, build_port_address("wan", "2001:db8::2", 64));
	vector_push(&live.routes, build_route("0.0.0.0/0", "203.0.113.1", "wan"));
	vector_push(&live.routes, build_route("10.0.0.0/8", NULL, "lan"));
	state_sort(&live);
	config_from_state(&live, &config, &losses);
	assert_null(losses.text);
	config_format_yaml(&config, &text);
	assert_string_equal(text.text, "poise: 1\n"
				       "backend: dpdk\n"
				       "allow-empty: true\n"
				       "dpdk:\n"
				       "  ports:\n"
				       "    lan:\n"
				       "      device: \"net_null,name=lan\"\n"
				       "    wan:\n"
				       "      device: \"net_null,name=wan\"\n"
				       "      addresses:\n"
				       "        - 203.0.113.2/24\n"
				       "        - 2001:db8::2/64\n"
				       "      vlan: 7\n"
				       "      mtu: 9000\n"
				       "      exception: wan0\n"
				       "  routes:\n"
				       "    - to: 0.0.0.0/0\n"
				       "      via: 203.0.113.1\n"
				       "      port: wan\n"
				       "    - to: 10.0.0.0/8\n"
				       "      port: lan\n"
				       "services: {}\n");
	const struct document document = {"get.yaml", text.text, text.length};
	assert_int_equal(config_load_dataplane(&document, 1, &again, &diagnostics), 0);
	declared_from_config(&again, &declared);
	struct scene scene = {.declared = declared, .live = live};
	scene_expect(&scene, &abilities, "");
}

static void networks_are_read_and_printed(_unused_ void **state)
{
	static const char *const good[] = {
		"0.0.0.0/0", "10.0.0.0/8", "10.1.2.3/32", "::/0", "2001:db8::/33", "::1/128"};
	static const char *const bad[] = {"", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8",
		"/8", "::/129", "2001:db8::/16", "10.0.0.0/08", "10.0.0.0/-1", "web/8",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc/8"};
	char text[DATA_ROUTE_TEXT_SIZE];
	struct data_route_key key;

	for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
		assert_int_equal(data_route_key_parse(good[i], &key), 0);
		assert_string_equal(data_route_key_format(&key, text), good[i]);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
		assert_int_equal(data_route_key_parse(bad[i], &key), -EINVAL);
}

static void a_copy_has_them_all(_unused_ void **state)
{
	_cleanup_state_ struct state from = {.ways_managed = true}, to = {};
	const struct port_address address = build_port_address("wan", "203.0.113.2", 24);
	const struct data_route route = build_route("10.0.0.0/8", NULL, "wan");

	vector_push(&from.ports, build_port("wan"));
	vector_push(&from.ports, build_port("lan"));
	vector_push(&from.port_addresses, address);
	vector_push(&from.routes, route);
	state_sort(&from);
	state_copy(&to, &from);
	assert_true(to.ways_managed);
	assert_string_equal(to.ports.items[0].name, "lan");
	assert_non_null(state_find_port(&to, "wan"));
	assert_null(state_find_port(&to, "dmz"));
	assert_non_null(state_find_port_address(&to, &address.key));
	assert_non_null(state_find_route(&to, &route.key));
	from.routes.items[0].attributes.port[0] = 'x';
	assert_string_equal(to.routes.items[0].attributes.port, "wan");
}

static void every_attribute_tells_them_apart(_unused_ void **state)
{
	const struct port_address a = build_port_address("wan", "10.0.0.1", 24);
	const struct data_route r = build_route("10.0.0.0/8", "10.0.0.9", "wan");
	const struct port_address others[] = {build_port_address("lan", "10.0.0.1", 24),
		build_port_address("wan", "10.0.0.2", 24)};
	const struct data_route routes[] = {build_route("10.0.0.0/9", "10.0.0.9", "wan"),
		build_route("11.0.0.0/8", "10.0.0.9", "wan"), build_route("a00::/8", NULL, "wan")};

	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		assert_int_not_equal(port_address_compare(&a, &others[i]), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(routes); i++)
		assert_int_not_equal(data_route_compare(&r, &routes[i]), 0);
	assert_false(port_address_attributes_equal(
		&a.attributes, &(struct port_address_attributes){.length = 25}));
	const struct data_route via = build_route("10.0.0.0/8", "10.0.0.8", "wan");
	const struct data_route port = build_route("10.0.0.0/8", "10.0.0.9", "lan");
	assert_false(data_route_attributes_equal(&r.attributes, &via.attributes));
	assert_false(data_route_attributes_equal(&r.attributes, &port.attributes));
	assert_true(data_route_attributes_equal(&r.attributes, &r.attributes));
}

static char *quoted(const char *text)
{
	char *copy = memory_copy_string(text);

	for (char *at = copy; (at = strchr(at, '\''));)
		*at = '"';
	return copy;
}

static const char good_state[] =
	"{'poise-state':1,'services':[],'timeouts':{},'sync':[],'sysctls':{},"
	"'ports':[{'port':'lan','device':'net_null,name=lan','exception':'lan0','vlan':7,"
	"'mtu':1500},{'port':'wan'}],"
	"'port-addresses':[{'port':'wan','address':'203.0.113.2','length':24}],"
	"'routes':[{'to':'0.0.0.0/0','via':'203.0.113.1','port':'wan'},"
	"{'to':'10.0.0.0/8','port':'wan'}],'ways-managed':true}";

static void states_survive_the_way_in_and_out(_unused_ void **state)
{
	_cleanup_free_ char *text = quoted(good_state);
	_cleanup_state_ struct state read = {};
	json_t *json;

	assert_int_equal(json_parse(text, strlen(text), &json, NULL), 0);
	assert_int_equal(state_from_json(json, &read, NULL), 0);
	assert_int_equal(read.ports.count, 2);
	assert_string_equal(read.ports.items[0].exception, "lan0");
	assert_int_equal(read.ports.items[0].vlan, 7);
	assert_int_equal(read.port_addresses.items[0].attributes.length, 24);
	assert_int_equal(read.routes.items[1].key.length, 8);
	json_t *written = state_to_json(&read);
	assert_true(json_equal(json, written));
	json_decref(json);
	json_decref(written);
}

/* What the kernel says has none of it. */
static void an_empty_state_says_nothing_of_it(_unused_ void **state)
{
	const struct state empty = {};
	json_t *written = state_to_json(&empty);

	assert_null(json_object_get(written, "ports"));
	assert_null(json_object_get(written, "port-addresses"));
	assert_null(json_object_get(written, "routes"));
	json_decref(written);
}

static const char good_plan[] =
	"{'poise-plan':1,'backend':'dpdk','revision':'r','applied':'a','paths':['-'],'declared':'"
	"poise: 1\\n','operations':["
	"{'verb':'add','object':'port-address','port':'wan','address':'203.0.113.2',"
	"'disruptive':false,'after':{'length':24}},"
	"{'verb':'update','object':'route','to':'0.0.0.0/0','disruptive':false,"
	"'before':{'via':'203.0.113.1','port':'wan'},'after':{'port':'lan'}},"
	"{'verb':'delete','object':'route','to':'::/0','disruptive':false,"
	"'before':{'via':'fe80::1','port':'wan'}},"
	"{'verb':'delete','object':'port-address','port':'lan','address':'203.0.113.2',"
	"'disruptive':false,'before':{'length':24}}],"
	"'notes':[{'port':'aux','kind':'port-missing','destinations':0},"
	"{'port':'dmz','kind':'port-missing','destinations':0},"
	"{'service':'tcp://192.0.2.1:80','kind':'kept','destinations':1}],'draining':[],"
	"'totals':{'add':1,'change':1,'remove':2,'disruptive':0,'unmanaged':0,"
	"'services-leaving':0,'destinations-leaving':0}}";

static void plans_survive_the_way_in_and_out(_unused_ void **state)
{
	_cleanup_plan_file_ struct plan_file file = {}, again = {};
	_cleanup_free_ char *text = quoted(good_plan);

	assert_int_equal(plan_file_from_json(text, strlen(text), &file, NULL), 0);
	assert_int_equal(file.plan.ops.count, 4);
	assert_int_equal(file.plan.ops.items[0].port_address.after.length, 24);
	assert_string_equal(file.plan.ops.items[1].route.after.port, "lan");
	_cleanup_free_ char *out = plan_file_to_json(&file);
	json_t *given, *written;
	assert_int_equal(json_parse(text, strlen(text), &given, NULL), 0);
	assert_int_equal(json_parse(out, strlen(out), &written, NULL), 0);
	assert_true(json_equal(given, written));
	json_decref(given);
	json_decref(written);
	assert_int_equal(plan_file_from_json(out, strlen(out), &again, NULL), 0);
	for (size_t i = 0; i < file.plan.ops.count; i++) {
		assert_true(plan_op_equal(&file.plan.ops.items[i], &again.plan.ops.items[i]));
		for (size_t j = 0; j < i; j++)
			assert_false(
				plan_op_equal(&file.plan.ops.items[i], &again.plan.ops.items[j]));
	}
}

static void bad_plans_are_refused_with_their_place(_unused_ void **state)
{
	static const struct {
		const char *from, *to, *error;
	} edits[] = {
		{"'address':'203.0.113.2','disruptive':false,'after'", "'disruptive':false,'after'",
			"operations[0]: `address` is missing"},
		{"'length':24", "'length':129",
			"operations[0].after.length: 129 is out of range: 0 to 128"},
		{"'to':'0.0.0.0/0'", "'to':'10.0.0.1/8'",
			"operations[1].to: `10.0.0.1/8` is no network"},
		{"'to':'0.0.0.0/0'", "'to':1", "operations[1].to: not a text"},
		{"'after':{'port':'lan'}", "'after':{}", "operations[1].after: `port` is missing"},
		{"'verb':'update','object':'route'", "'verb':'replace','object':'route'",
			"operations[1]: no replace of route"},
		{"'to':'::/0'", "'to':'0.0.0.0/0'", "operations: two on route 0.0.0.0/0"},
		{"'port':'lan','address'", "'port':'wan','address'",
			"operations: two on address 203.0.113.2 of port wan"},
		{"'port':'dmz','kind'", "'kind'",
			"notes[1]: port-missing without `port`, or with `service`"},
		{"'service':'tcp://192.0.2.1:80','kind'", "'kind'",
			"notes[2]: kept without `service`, or with `port`"},
		{"'port':'aux','kind'", "'port':'aux','service':'tcp://192.0.2.1:80','kind'",
			"notes[0]: port-missing without `port`, or with `service`"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(edits); i++) {
		const char *at = strstr(good_plan, edits[i].from);
		_cleanup_plan_file_ struct plan_file file = {};
		_cleanup_error_ struct error error = {};

		assert_non_null(at);
		_cleanup_free_ char *bad = memory_printf("%.*s%s%s", (int)(at - good_plan),
			good_plan, edits[i].to, at + strlen(edits[i].from));
		_cleanup_free_ char *text = quoted(bad);
		assert_int_equal(plan_file_from_json(text, strlen(text), &file, &error), -EINVAL);
		assert_string_equal(error.text, edits[i].error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ways_come_before_what_attracts_traffic),
		cmocka_unit_test(what_differs_changes_in_place),
		cmocka_unit_test(ways_go_after_services),
		cmocka_unit_test(ways_stay_while_somebody_drains),
		cmocka_unit_test(nothing_goes_while_a_confirmation_is_awaited),
		cmocka_unit_test(ports_are_not_made),
		cmocka_unit_test(ways_are_of_who_manages_them),
		cmocka_unit_test(the_files_say_which),
		cmocka_unit_test(a_live_state_is_a_file),
		cmocka_unit_test(networks_are_read_and_printed),
		cmocka_unit_test(a_copy_has_them_all),
		cmocka_unit_test(every_attribute_tells_them_apart),
		cmocka_unit_test(states_survive_the_way_in_and_out),
		cmocka_unit_test(an_empty_state_says_nothing_of_it),
		cmocka_unit_test(plans_survive_the_way_in_and_out),
		cmocka_unit_test(bad_plans_are_refused_with_their_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
