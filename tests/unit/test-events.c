// SPDX-License-Identifier: GPL-2.0-or-later
/* What an event says for programs: its `data`, as the stream has it. */
#include "daemon/methods.h"
#include "tests/unit/health-fixture.h"

/* The `data` of each event since, as JSON with sorted keys, behind its kind. */
static struct strbuf lines;
static bool changes; /* with what was changed */

static void on_event_line(void *data, const struct engine_event *event)
{
	_cleanup_strbuf_ struct strbuf line = {};

	on_event(data, event);
	if ((event->kind == ENGINE_EVENT_CHANGED && !changes) ||
		event->kind == ENGINE_EVENT_APPLIED || event->kind == ENGINE_EVENT_FILES_ACCEPTED)
		return;
	method_event_to_text(event, &line);
	json_t *json = json_loads(line.text, 0, NULL);
	assert_non_null(json);
	const json_t *params = json_object_get(json, "params");
	char *text = json_dumps(
		json_object_get(params, "data"), JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	strbuf_printf(&lines, "%s %s\n", json_string_value(json_object_get(params, "kind")), text);
	free(text);
	json_decref(json);
}

static void begin_events(struct fixture *fixture, const char *services)
{
	begin_health(fixture, CHECK_WEB, services);
	fixture->engine.options.event = on_event_line;
	strbuf_clear(&lines);
}

static void expect(const char *wanted)
{
	assert_string_equal(lines.text ? lines.text : "", wanted);
	strbuf_clear(&lines);
}

static int teardown_lines(void **state)
{
	strbuf_clear(&lines);
	changes = false;
	return teardown_told(state);
}

#define USERS(state)                                                                               \
	"\"user_count\":2,\"users\":["                                                             \
	"{\"destination\":\"10.0.0.1:80\",\"listener\":\"" WEB                                     \
	"\",\"service\":\"web\",\"state\":\"" state "\"},"                                         \
	"{\"destination\":\"10.0.0.1:80\",\"listener\":\"tcp://203.0.113.11:80\",\"service\":"     \
	"\"api\",\"state\":\"" state "\"}]"
#define OF_THE_FIRST "\"target\":\"10.0.0.1:80\""

static void a_probe_says_what_became_of_whom(void **state)
{
	struct fixture *fixture = *state;

	begin_events(fixture, TWO);
	struct engine_verdict verdict = verdict_of(fixture, "10.0.0.1:80", "web", false);
	engine_verdicts(&fixture->engine, &verdict, 1);
	later(fixture, 12 * SECOND);
	expect("health {\"check\":\"web\",\"reason\":\"connect: "
	       "refused\",\"state\":\"down\"," OF_THE_FIRST ",\"tried\":true," USERS("down") "}\n");
	uint64_t since = verdict.verdict.since;
	verdict = verdict_of(fixture, "10.0.0.1:80", "web", true);
	verdict.verdict.since = since + 12 * SECOND;
	engine_verdicts(&fixture->engine, &verdict, 1);
	later(fixture, SECOND);
	expect("health {\"check\":\"web\",\"down_ms\":12000,\"state\":\"up\"," OF_THE_FIRST
	       ",\"tried\":true," USERS("up") ",\"weight\":null}\n");
	verdict.verdict.weight = 7;
	engine_verdicts(&fixture->engine, &verdict, 1);
	later(fixture, SECOND);
	expect("health {\"check\":\"web\",\"state\":\"up\"," OF_THE_FIRST
	       ",\"tried\":true," USERS("up") ",\"weight\":7}\n");
}

static void a_probe_says_that_it_cannot_be_tried(void **state)
{
	struct fixture *fixture = *state;

	begin_events(fixture, TWO);
	struct engine_verdict verdict = verdict_of(fixture, "10.0.0.1:80", "web", true);
	engine_verdicts(&fixture->engine, &verdict, 1);
	later(fixture, SECOND);
	strbuf_clear(&lines);
	verdict.untried = true;
	verdict.reason = "libcurl is missing";
	engine_verdicts(&fixture->engine, &verdict, 1);
	later(fixture, SECOND);
	expect("health {\"check\":\"web\",\"reason\":\"libcurl is "
	       "missing\",\"state\":\"up\"," OF_THE_FIRST ",\"tried\":false," USERS("up") "}\n");
	verdict.untried = false;
	verdict.reason = "";
	engine_verdicts(&fixture->engine, &verdict, 1);
	later(fixture, SECOND);
	expect("health {\"check\":\"web\",\"state\":\"up\"," OF_THE_FIRST
	       ",\"tried\":true," USERS("up") "}\n");
}

/* Where its check asks another port, or has no port to ask. */
static void a_probe_says_which_destination_it_is_of(void **state)
{
	struct fixture *fixture = *state;

	begin_health(fixture, "  web: {tcp: {}, port: 8080}\n",
		"  web: {listen: \"" WEB "\", check: web, destinations: [10.0.0.1, 10.0.0.2]}\n");
	fixture->engine.options.event = on_event_line;
	say(fixture, "10.0.0.1:8080", false);
	turn(fixture);
	expect("health {\"check\":\"web\",\"reason\":\"connect: refused\",\"state\":\"down\","
	       "\"target\":\"10.0.0.1:8080\",\"tried\":true,\"user_count\":1,\"users\":["
	       "{\"destination\":\"10.0.0.1:80\",\"listener\":\"" WEB
	       "\",\"service\":\"web\",\"state\":\"down\"}]}\n");
}

/* A destination without a port is one below each listener, with that one's port, and so are its probes: whichever of them fails
 * first, its event says which. */
static void a_destination_of_two_listeners_is_two(void **state)
{
	static const char *const ports[] = {"8080", "80", "80", "8080"};
	struct fixture *fixture = *state;

	begin_health(fixture, CHECK_WEB,
		"  web: {listen: [\"tcp://203.0.113.9:80\", \"tcp://203.0.113.9:8080\"], check: "
		"web, "
		"destinations: [10.0.0.1]}\n");
	fixture->engine.options.event = on_event_line;
	for (size_t i = 0; i < ARRAY_LENGTH(ports); i++) {
		_cleanup_free_ char *target = memory_printf("10.0.0.1:%s", ports[i]);
		_cleanup_free_ char *wanted = memory_printf(
			"\"target\":\"%s\",\"tried\":true,\"user_count\":1,\"users\":[{"
			"\"destination\":\"%s\",\"listener\":\"tcp://203.0.113.9:%s\",\"service\":"
			"\"web\",\"state\":\"%s\"}]",
			target, target, ports[i], i < 2 ? "down" : "up");

		strbuf_clear(&lines);
		say(fixture, target, i >= 2);
		later(fixture, SECOND);
		assert_non_null(strstr(lines.text, wanted));
	}
}

/* However many have it. */
static void a_probe_names_some_of_many(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_strbuf_ struct strbuf services = {};

	for (size_t i = 0; i < 40; i++)
		strbuf_printf(&services,
			"  s%zu: {listen: \"tcp://203.0.113.%zu:80\", check: web, destinations: "
			"[10.0.0.1, 10.0.0.2]}\n",
			i, i + 1);
	begin_events(fixture, services.text);
	say(fixture, "10.0.0.1:80", false);
	later(fixture, SECOND);
	assert_non_null(strstr(lines.text, "\"user_count\":40,"));
	size_t count = 0;
	for (const char *at = lines.text; (at = strstr(at, "\"listener\"")); at++)
		count++;
	assert_int_equal(count, ENGINE_EVENT_USERS_MOST);
}

static void a_service_says_what_its_quorum_is(void **state)
{
	struct fixture *fixture = *state;

	begin_events(fixture,
		"  web: {listen: \"" WEB "\", check: web, destinations: [10.0.0.1, 10.0.0.2],\n"
		"    drain: 0s, quorum: 2, quorum-hysteresis: 0, fallback: 10.0.0.99:80}\n");
	say(fixture, "10.0.0.1:80", false);
	later(fixture, SECOND);
	assert_non_null(strstr(lines.text,
		"quorum {\"fallback\":true,\"healthy\":1,\"hysteresis\":0,\"listener\":\"" WEB
		"\",\"quorum\":2,\"service\":\"web\",\"state\":\"lost\"}\n"));
	strbuf_clear(&lines);
	say(fixture, "10.0.0.1:80", true);
	later(fixture, SECOND);
	assert_non_null(strstr(lines.text,
		"quorum {\"fallback\":false,\"healthy\":2,\"hysteresis\":0,\"listener\":\"" WEB
		"\",\"quorum\":2,\"service\":\"web\",\"state\":\"regained\"}\n"));
}

static void a_drain_says_who_drains_and_why(void **state)
{
	struct fixture *fixture = *state;
	const struct facts_drain which = target(NULL, "10.0.0.1");
	size_t matches;

	begin_events(fixture, "  web: {listen: \"" WEB "\", destinations: [10.0.0.1, 10.0.0.2]}\n");
	live(fixture, WEB, "10.0.0.1:80")->counts.active = 1;
	assert_int_equal(engine_drain(&fixture->engine, &which, 0, "test", &matches, NULL), 0);
	turn(fixture);
	assert_non_null(strstr(lines.text,
		"drain {\"destination\":\"10.0.0.1:80\",\"listener\":\"" WEB
		"\",\"reason\":\"operator\",\"service\":\"web\",\"state\":\"drains\"}\n"));
	strbuf_clear(&lines);
	live(fixture, WEB, "10.0.0.1:80")->counts.active = 0;
	later(fixture, 31 * SECOND);
	later(fixture, 31 * SECOND);
	assert_non_null(strstr(lines.text,
		"drain {\"destination\":\"10.0.0.1:80\",\"listener\":\"" WEB
		"\",\"reason\":\"operator\",\"service\":\"web\",\"state\":\"over\"}\n"));
}

static void a_virtual_router_says_what_it_is(void **state)
{
	struct fixture *fixture = *state;
	struct engine_move move = {.router = "edge",
		.family = AF_INET6,
		.event = ENGINE_NOTICE_ROUTER_ACTIVE,
		.why = "no advertisement for 3.61 s"};

	begin_events(fixture, TWO);
	engine_router_moved(&fixture->engine, &move);
	move.event = ENGINE_NOTICE_ROUTER_STOPPED;
	move.family = AF_INET;
	move.why = "";
	engine_router_moved(&fixture->engine, &move);
	expect("router {\"family\":\"ipv6\",\"reason\":\"no advertisement for 3.61 s\",\"router\":"
	       "\"edge\",\"state\":\"active\"}\n"
	       "router {\"family\":\"ipv4\",\"router\":\"edge\",\"state\":\"stopped\"}\n");
}

/* Once each, and not that it is there from the beginning. */
static void a_process_that_goes_is_told_and_that_it_is_back(void **state)
{
	struct fixture *fixture = *state;
	struct engine_probing probing = {.there = true};

	begin_events(fixture, TWO);
	engine_set_probing(&fixture->engine, &probing);
	engine_set_process(&fixture->engine, ENGINE_PROCESS_VRRP, true);
	expect("");
	for (size_t i = 0; i < 2; i++) {
		probing.there = false;
		engine_set_probing(&fixture->engine, &probing);
	}
	expect("process {\"process\":\"health\",\"state\":\"gone\"}\n");
	assert_string_equal(fixture->last[ENGINE_EVENT_PROCESS],
		"process health|gone: nothing is probed before it is there again");
	for (size_t i = 0; i < 2; i++) {
		probing.there = true;
		engine_set_probing(&fixture->engine, &probing);
	}
	expect("process {\"process\":\"health\",\"state\":\"there\"}\n");
	engine_set_process(&fixture->engine, ENGINE_PROCESS_VRRP, false);
	engine_set_process(&fixture->engine, ENGINE_PROCESS_VRRP, true);
	expect("process {\"process\":\"vrrp\",\"state\":\"gone\"}\n"
	       "process {\"process\":\"vrrp\",\"state\":\"there\"}\n");
}

static void a_changed_object_says_what_it_is(void **state)
{
	struct fixture *fixture = *state;

	begin_events(fixture, TWO);
	changes = true;
	say(fixture, "10.0.0.1:80", false);
	turn(fixture);
	assert_non_null(strstr(lines.text,
		"changed "
		"{\"change\":\"removed\",\"destination\":\"10.0.0.1:80\",\"listener\":\"" WEB
		"\",\"reason\":\"health\",\"service\":\"web\"}\n"));
}

static void other_events_have_no_data(void **state)
{
	struct fixture *fixture = *state;

	begin_events(fixture, TWO);
	assert_int_equal(engine_suspend(&fixture->engine, NULL, "test", NULL), 0);
	expect("operator null\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown_lines)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_probe_says_what_became_of_whom),
		TEST(a_probe_says_that_it_cannot_be_tried),
		TEST(a_probe_says_which_destination_it_is_of),
		TEST(a_probe_names_some_of_many),
		TEST(a_destination_of_two_listeners_is_two),
		TEST(a_service_says_what_its_quorum_is),
		TEST(a_drain_says_who_drains_and_why),
		TEST(a_virtual_router_says_what_it_is),
		TEST(a_process_that_goes_is_told_and_that_it_is_back),
		TEST(a_changed_object_says_what_it_is),
		TEST(other_events_have_no_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
