// SPDX-License-Identifier: GPL-2.0-or-later
/* What `status` and `facts` say of virtual routers, and of services that come and go with them (`standby: remove`). */
#include "cli/poised_facts.h"
#include "cli/status_text.h"
#include "tests/support/routes.h"
#include "tests/unit/call-fixture.h"
#include "reconciler/diff.h"
#include "reconciler/step.h"

#define REFUSAL_SIZE 256
#define WEB          "tcp://10.0.0.100:80"

static struct routes routes;

static int end_test(void **state)
{
	routes_close(&routes);
	return teardown(state);
}

static void begin_pair(struct fixture *fixture)
{
	write_file(fixture,
		"poise: 1\nmax-delete: 100%\n"
		"vrrp:\n  web: {interface: eth0, vrid: 51, addresses: [10.0.0.100/24, "
		"'2001:db8::100/64']}\n"
		"services:\n"
		"  web: {listen: [\"" WEB "\"], destinations: [10.0.0.50, 10.0.0.51], vrrp: web, "
		"standby: remove}\n"
		"  other: {listen: [\"tcp://10.0.0.101:80\"], destinations: [10.0.0.52]}\n");
	start(fixture);
	turn(fixture);
	routes_open(&routes, &fixture->engine);
}

static void become(struct fixture *fixture, uint16_t family, enum vrrp_state state)
{
	const struct message_vrrp_state told = {
		.family = family, .state = (uint8_t)state, .since = 1, .wall = 1700000000 * SECOND};

	routes_tell(&routes, "web", &told);
	turn(fixture);
}

static json_t *ask(struct fixture *fixture, const char *method)
{
	json_t *answer = answer_of(fixture, method, NULL, NULL);
	json_t *result = json_incref(json_object_get(answer, "result"));

	assert_non_null(result);
	json_decref(answer);
	return result;
}

static const char *text_of(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text ? text : "";
}

/* Of the service `web`, which is the first one. */
static void expect_web(struct fixture *fixture, const char *state, const char *why,
	const char *destinations, const char *health)
{
	json_t *status = ask(fixture, "status");
	const json_t *web = json_array_get(json_object_get(status, "services"), 0);
	const json_t *destination;
	size_t i;

	assert_string_equal(text_of(web, "name"), "web");
	assert_string_equal(text_of(web, "state"), state);
	assert_string_equal(text_of(web, "why"), why);
	assert_int_equal(json_array_size(json_object_get(web, "destinations")), 2);
	json_array_foreach(json_object_get(web, "destinations"), i, destination)
		assert_string_equal(text_of(destination, "state"), destinations);
	assert_string_equal(text_of(status, "health"), health);
	json_decref(status);
}

/* Every virtual router is, with a trouble that begins so, or none. */
static void expect_unknown(struct fixture *fixture, const char *trouble)
{
	json_t *status = ask(fixture, "status");
	const json_t *router;
	size_t i;

	assert_int_equal(json_array_size(json_object_get(status, "routers")), 2);
	json_array_foreach(json_object_get(status, "routers"), i, router)
	{
		assert_string_equal(text_of(router, "state"), "unknown");
		assert_memory_equal(text_of(router, "trouble"), trouble, strlen(trouble));
		assert_int_equal(!*text_of(router, "trouble"), !*trouble);
	}
	json_decref(status);
}

/* Before anybody has said anything, as backup, active, and when its process hangs or dies. */
static void a_service_stands_by(void **state)
{
	struct fixture *fixture = *state;

	begin_pair(fixture);
	expect_web(fixture, "standby", "nobody says what its virtual router web is", "standby",
		"degraded");
	become(fixture, AF_INET6, VRRP_STATE_BACKUP);
	become(fixture, AF_INET, VRRP_STATE_BACKUP);
	expect_web(fixture, "standby", "its virtual router web is not active", "standby", "well");
	become(fixture, AF_INET, VRRP_STATE_ACTIVE);
	expect_web(fixture, "ok", "", "ok", "well");
	routing_run(routes.routing, loop_clock() + ROUTING_SILENCE_NS);
	turn(fixture);
	expect_web(fixture, "ok", "", "ok", "degraded");
	expect_unknown(fixture, "its process has said nothing for ");
	become(fixture, AF_INET, VRRP_STATE_ACTIVE);
	expect_web(fixture, "ok", "", "ok", "well");
	routes_gone(&routes);
	turn(fixture);
	expect_web(fixture, "ok", "", "ok", "degraded");
	expect_unknown(fixture, "");
}

/* As text: it is among the services that are well, and has no counts that it would have if it were there. */
static void a_service_that_stands_by_is_quiet(void **state)
{
	struct fixture *fixture = *state;
	struct cli_status_view view = {.width = 100, .services = 0, .now = 1700000000};
	_cleanup_strbuf_ struct strbuf brief = {}, all = {};

	begin_pair(fixture);
	become(fixture, AF_INET6, VRRP_STATE_BACKUP);
	become(fixture, AF_INET, VRRP_STATE_BACKUP);
	json_t *status = ask(fixture, "status");
	cli_status_format_services(status, &view, &brief);
	assert_string_equal(brief.text, "\n2 services are ok\n");
	view.all = true;
	cli_status_format_services(status, &view, &all);
	assert_non_null(strstr(all.text, "tcp://10.0.0.100:80 web    standby  wlc\n"
					 "  its virtual router web is not active\n"));
	assert_non_null(strstr(all.text, "  10.0.0.50:80             standby  nat\n"));
	json_decref(status);
}

/* What another program sees of it is what step() goes by here. */
static void roles_survive_the_way_to_a_comparison(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_error_ struct error error = {};
	struct facts facts = {};

	begin_pair(fixture);
	become(fixture, AF_INET, VRRP_STATE_ACTIVE);
	json_t *json = ask(fixture, "facts");
	assert_int_equal(cli_facts_from_json(json, reconciler_now(), &facts, &error), 0);
	assert_true(facts.routed);
	assert_int_equal(facts_role(&facts, "web", AF_INET), FACTS_ROLE_ACTIVE);
	assert_int_equal(facts.routers.count, 1);
	assert_int_equal(facts_role(&facts, "another", AF_INET), FACTS_ROLE_UNKNOWN);
	json_decref(json);
	facts_clear(&facts);
	become(fixture, AF_INET, VRRP_STATE_BACKUP);
	json = ask(fixture, "facts");
	assert_int_equal(cli_facts_from_json(json, reconciler_now(), &facts, &error), 0);
	assert_int_equal(facts_role(&facts, "web", AF_INET), FACTS_ROLE_BACKUP);
	json_decref(json);
	facts_clear(&facts);
}

/* How many operations an apply would take, with these facts. */
static size_t differences(struct fixture *fixture, const struct facts *facts)
{
	const struct engine *engine = &fixture->engine;
	_cleanup_step_output_ struct step_output output = {};
	_cleanup_plan_ struct plan plan = {};
	const struct step_input input = {.declared = &engine->files->declared,
		.live = &engine->reconciler.live,
		.memory = &engine->reconciler.record.memory,
		.facts = facts,
		.now = reconciler_now()};

	step(&input, &output);
	const struct diff_input diff_input = {.desired = &output.desired,
		.live = input.live,
		.memory = input.memory,
		.prune = input.declared->prune,
		.abilities = engine->reconciler.abilities};
	diff(&diff_input, &plan);
	return plan.ops.count;
}

static size_t differences_beside(struct fixture *fixture)
{
	_cleanup_error_ struct error error = {};
	struct facts facts = {};
	json_t *json = ask(fixture, "facts");

	assert_int_equal(cli_facts_from_json(json, reconciler_now(), &facts, &error), 0);
	size_t count = differences(fixture, &facts);
	json_decref(json);
	facts_clear(&facts);
	return count;
}

/* What poised does not do is no difference to it, and a role that changed without it is one. */
static void a_comparison_knows_who_stands_by(void **state)
{
	struct fixture *fixture = *state;

	begin_pair(fixture);
	become(fixture, AF_INET, VRRP_STATE_BACKUP);
	assert_int_equal(differences_beside(fixture), 0);
	assert_int_equal(differences(fixture, NULL), 3);
	become(fixture, AF_INET, VRRP_STATE_ACTIVE);
	assert_int_equal(differences_beside(fixture), 0);
	facts_put_router(&fixture->engine.facts, "web", AF_INET, FACTS_ROLE_BACKUP);
	assert_int_equal(differences_beside(fixture), 1);
}

static void wrong_roles_are_refused(void **state)
{
	static const char *const wrong[] = {
		"{\"poise\": 1, \"routers\": [{}]}",
		"{\"poise\": 1, \"routers\": [null]}",
		"{\"poise\": 1, \"routers\": [{\"name\": \"a\", \"role\": \"active\"}]}",
		"{\"poise\": 1, \"routers\": [{\"name\": \"a\", \"family\": \"ipx\"}]}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
		_cleanup_error_ struct error error = {};
		struct facts facts = {};
		json_t *json = json_loads(wrong[i], 0, NULL);

		assert_int_equal(cli_facts_from_json(json, SECOND, &facts, &error), -EINVAL);
		assert_false(facts.routed);
		assert_int_equal(facts.routers.count, 0);
		json_decref(json);
	}
}

/* More than a piece of the answer takes, and they come and go between two of them. */
static void shuffle(struct fixture *fixture)
{
	static unsigned int count;
	_cleanup_free_ char *name = memory_printf("r%05u", ++count * 37 % 5000);

	if (count % 2)
		engine_drop_role(&fixture->engine, name, AF_INET);
	else
		engine_set_role(&fixture->engine, name, AF_INET, true, true);
}

static void many_roles_come_in_pieces(void **state)
{
	struct fixture *fixture = *state;
	char last[16] = "";

	begin_pair(fixture);
	for (unsigned int i = 0; i < 5000; i++) {
		_cleanup_free_ char *name = memory_printf("r%05u", i);

		engine_set_role(&fixture->engine, name, AF_INET, true, i % 2);
	}
	json_t *answer = answer_of(fixture, "facts", NULL, shuffle);
	const json_t *list = json_object_get(json_object_get(answer, "result"), "routers"), *item;
	size_t i;
	assert_true(json_array_size(list) > 4900);
	json_array_foreach(list, i, item)
	{
		assert_true(strcmp(last, text_of(item, "name")) <= 0);
		snprintf(last, sizeof(last), "%s", text_of(item, "name"));
	}
	json_decref(answer);
}

/* All that there is to know of one. */
static void tell_all(void)
{
	struct message_vrrp_state told = {.family = AF_INET,
		.state = VRRP_STATE_BACKUP,
		.priority = 100,
		.peer_priority = 200,
		.checksum = VRRP_CHECKSUM_RFC5798,
		.peer_checksum = VRRP_CHECKSUM_RFC5798,
		.source = {10, 0, 0, 1},
		.peer = {10, 0, 0, 2},
		.since = 1,
		.wall = 1699990000 * SECOND,
		.peer_at = reconciler_now(),
		.interval = SECOND,
		.transitions = 2,
		.sent = 5,
		.unsent = 1,
		.heard = 17,
		.own = 2,
		.rejected = {[VRRP_REJECT_TTL] = 1, [VRRP_REJECT_CHECKSUM] = 3},
		.addresses = 1,
		.why = "started"};

	routes_tell(&routes, "web", &told);
	told.state = VRRP_STATE_ACTIVE;
	told.since = 2;
	told.wall = 1700000000 * SECOND;
	snprintf(told.why, sizeof(told.why), "no advertisement of 10.0.0.2 for 3.61 s");
	told.mixed = told.present = 1;
	routes_tell(&routes, "web", &told);
}

static void all_of_a_router_is_shown(void **state)
{
	struct fixture *fixture = *state;
	struct cli_status_view view = {.width = 100, .services = 50, .now = 1700000100};
	_cleanup_strbuf_ struct strbuf plain = {}, wide = {}, verbose = {};

	setenv("TZ", "UTC", 1);
	begin_pair(fixture);
	tell_all();
	json_t *status = ask(fixture, "status");
	const json_t *web = json_array_get(json_object_get(status, "routers"), 0);
	const json_t *changes = json_object_get(web, "changes");
	assert_int_equal(json_array_size(changes), 2);
	const json_t *last = json_array_get(changes, 0);
	assert_string_equal(text_of(last, "from"), "backup");
	assert_string_equal(text_of(last, "to"), "active");
	assert_string_equal(text_of(last, "why"), "no advertisement of 10.0.0.2 for 3.61 s");
	assert_int_equal(json_integer_value(json_object_get(last, "at")), 1700000000);
	assert_int_equal(json_integer_value(json_object_get(web, "since")), 1700000000);
	cli_status_format_routers(status, &view, &plain);
	assert_non_null(strstr(plain.text, "\n  ! its peers send checksums of both forms"));
	assert_null(strstr(plain.text, "not heard"));
	/* A reason is whole: below where it does not fit, in a column where all do. */
	assert_non_null(strstr(plain.text, "  PEER\n"));
	assert_non_null(strstr(plain.text,
		"  10.0.0.2 (200)\n    why: no advertisement of 10.0.0.2 for 3.61 s\n"));
	view.width = 120;
	cli_status_format_routers(status, &view, &wide);
	assert_non_null(strstr(wide.text, "  PEER            WHY\n"));
	assert_non_null(
		strstr(wide.text, "  10.0.0.2 (200)  no advertisement of 10.0.0.2 for 3.61 s\n"));
	assert_null(strstr(wide.text, "why: "));
	view.width = 100;
	view.details = true;
	cli_status_format_routers(status, &view, &verbose);
	assert_non_null(strstr(verbose.text,
		"    source 10.0.0.1, every 1s; sent 5 (1 more could not be sent), heard 17, 2 of "
		"its own came back;\n      the peer was heard "));
	assert_non_null(strstr(verbose.text,
		" ago\n"
		"    sends checksums as RFC 5798 says, and so does the peer\n"
		"    not heard: 1 ttl, 3 checksum\n"
		"    22:13:20 backup → active: no advertisement of 10.0.0.2 for 3.61 s\n"
		"    19:26:40 stopped → backup: started\n"
		"web IPv6 "));
	assert_null(strstr(verbose.text, "every 0s"));
	assert_null(strstr(verbose.text, "why: "));
	json_decref(status);
}

static void version_2_has_one_form(void **state)
{
	struct fixture *fixture = *state;
	const struct cli_status_view view = {
		.width = 100, .services = 50, .now = 1700000100, .details = true};
	const struct message_vrrp_state told = {.family = AF_INET,
		.state = VRRP_STATE_BACKUP,
		.version = 2,
		.since = 1,
		.wall = 1699990000 * SECOND,
		.interval = SECOND,
		.addresses = 1};
	_cleanup_strbuf_ struct strbuf text = {};

	begin_pair(fixture);
	routes_tell(&routes, "web", &told);
	json_t *status = ask(fixture, "status");
	const json_t *web = json_array_get(json_object_get(status, "routers"), 0);
	assert_int_equal(json_integer_value(json_object_get(web, "version")), 2);
	assert_true(json_is_null(json_object_get(web, "checksum")));
	cli_status_format_routers(status, &view, &text);
	assert_non_null(
		strstr(text.text, "\n    speaks version 2, whose checksums have one form\n"));
	assert_null(strstr(text.text, "sends checksums"));
	json_decref(status);
}

/* Of `status` of that service. */
static const char *refusal_of(
	struct fixture *fixture, const char *service, char words[static REFUSAL_SIZE])
{
	json_t *params = json_pack("{s:s}", "service", service);
	json_t *answer = answer_of(fixture, "status", params, NULL);

	snprintf(words, REFUSAL_SIZE, "%s", text_of(json_object_get(answer, "error"), "message"));
	json_decref(answer);
	json_decref(params);
	return words;
}

/* Its families stay apart when there is no room for all of the name. */
static void a_long_name_keeps_its_family(void **state _unused_)
{
	static const char name[] = "a-virtual-router-of-a-long-name";
	const struct cli_status_view view = {.width = 100, .services = 50, .now = 1700000100};
	_cleanup_strbuf_ struct strbuf text = {};
	json_t *status = json_pack("{s:[{s:s,s:s},{s:s,s:s}]}", "routers", "name", name, "family",
		"ipv4", "name", name, "family", "ipv6");

	assert_non_null(status);
	cli_status_format_routers(status, &view, &text);
	assert_non_null(strstr(text.text, "\na-virtual-router-of-a-… IPv4  "));
	assert_non_null(strstr(text.text, "\na-virtual-router-of-a-… IPv6  "));
	json_decref(status);
}

/* Who asks for a router as if it were a service is told where it is. */
static void a_router_is_no_service(void **state)
{
	struct fixture *fixture = *state;
	char words[REFUSAL_SIZE];

	write_file(fixture,
		"poise: 1\nmax-delete: 100%\n"
		"vrrp:\n  edge: {interface: eth0, vrid: 51, addresses: ['2001:db8::100/64']}\n"
		"services:\n  web: {listen: [\"" WEB "\"], destinations: [10.0.0.50]}\n");
	start(fixture);
	turn(fixture);
	routes_open(&routes, &fixture->engine);
	assert_string_equal(refusal_of(fixture, "edge", words),
		"`edge` is a virtual router, and no service: `poise status -v` shows all of it");
	assert_string_equal(refusal_of(fixture, "edges", words), "there is no service `edges`");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_service_stands_by, setup, end_test),
		cmocka_unit_test_setup_teardown(a_service_that_stands_by_is_quiet, setup, end_test),
		cmocka_unit_test_setup_teardown(
			roles_survive_the_way_to_a_comparison, setup, end_test),
		cmocka_unit_test_setup_teardown(a_comparison_knows_who_stands_by, setup, end_test),
		cmocka_unit_test(wrong_roles_are_refused),
		cmocka_unit_test_setup_teardown(many_roles_come_in_pieces, setup, end_test),
		cmocka_unit_test_setup_teardown(all_of_a_router_is_shown, setup, end_test),
		cmocka_unit_test(a_long_name_keeps_its_family),
		cmocka_unit_test_setup_teardown(version_2_has_one_form, setup, end_test),
		cmocka_unit_test_setup_teardown(a_router_is_no_service, setup, end_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
