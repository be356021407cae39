// SPDX-License-Identifier: GPL-2.0-or-later
/* Destinations that other files bring up or take down: told as what a check does, once, and never where nothing is another. */
#include "tests/support/times.h"
#include "tests/unit/health-fixture.h"

#define API    "tcp://203.0.113.11:80"
#define NEW    "tcp://203.0.113.12:80"
#define CHECKS "  tls: {tcp: {}, fall: 3}\n  web: {tcp: {}, fall: 3}\n"
#define SERVICE(name, listen, check, destinations)                                                 \
	"  " name ": {listen: \"" listen "\", " check "notify: /bin/true, destinations: "          \
	"[" destinations "]}\n"
#define SERVED SERVICE("web", WEB, "check: web, ", "10.0.0.1, 10.0.0.2")
#define BARE   SERVICE("api", API, "", "10.0.0.1, 10.0.0.3")

/* What a `health` event says for programs, on a line of its own. */
static void on_data(void *data, const struct engine_event *event)
{
	on_any_event(data, event);
	if (event->kind != ENGINE_EVENT_HEALTH)
		return;
	for (size_t i = 0; i < event->field_count; i++)
		if (event->fields[i].text)
			strbuf_printf(&told.text, "%s%s %s", i ? ", " : "", event->fields[i].name,
				event->fields[i].text);
	strbuf_printf(&told.text, ", of %zu:", event->user_total);
	for (size_t i = 0; i < event->user_count; i++)
		strbuf_printf(&told.text, " %s %s %s %s", event->users[i].service,
			event->users[i].listener, event->users[i].destination,
			event->users[i].up ? "up" : "down");
	strbuf_add_char(&told.text, '\n');
}

/* Notices of destinations. */
static size_t count_moves(void)
{
	size_t count = 0;

	for (const char *at = told_since(); (at = strstr(at, "notice destination-")); at++)
		count++;
	return count;
}

/* 10.0.0.1 of `web` is down, and that is told. */
static void begin_down(struct fixture *fixture, const char *services)
{
	begin_health(fixture, CHECKS, services);
	say(fixture, "10.0.0.1:80", false);
	later(fixture, SECOND);
	fixture->engine.options.event = on_data;
	forget_told();
}

static void declare_told(struct fixture *fixture, const char *checks, const char *services)
{
	forget_told();
	declare(fixture, checks, services);
	later(fixture, SECOND);
}

static void a_check_that_is_put_on_takes_down_and_is_told(void **state)
{
	struct fixture *fixture = *state;

	begin_down(fixture, SERVED BARE);
	assert_int_equal(weight_of(fixture, API, "10.0.0.1:80"), 1);
	declare_told(
		fixture, CHECKS, SERVED SERVICE("api", API, "check: web, ", "10.0.0.1, 10.0.0.3"));
	assert_int_equal(weight_of(fixture, API, "10.0.0.1:80"), -1);
	assert_string_equal(told_since(),
		"health 10.0.0.1:80 check web: down: connect: refused; since the files changed it "
		"counts against " API "\n"
		"state down, target 10.0.0.1:80, check web, reason connect: refused, cause "
		"files, of 1: api " API " 10.0.0.1:80 down\n"
		"notice destination-down api " API " 10.0.0.1:80 web connect: refused\n"
		"applied files +0 ~0 -1\n");
}

static void a_check_that_is_taken_off_brings_up_and_is_told(void **state)
{
	struct fixture *fixture = *state;

	begin_down(fixture, SERVED SERVICE("api", API, "check: web, ", "10.0.0.1, 10.0.0.3"));
	declare_told(fixture, CHECKS, SERVED BARE);
	assert_int_equal(weight_of(fixture, API, "10.0.0.1:80"), 1);
	assert_string_equal(told_since(),
		"health 10.0.0.1:80 check web: down: connect: refused; since the files changed it "
		"no longer counts against " API "\n"
		"state down, target 10.0.0.1:80, check web, reason connect: refused, cause "
		"files, of 1: api " API " 10.0.0.1:80 up\n"
		"notice destination-up api " API " 10.0.0.1:80 web -\n"
		"applied files +1 ~0 -0\n");
}

static void a_new_service_hears_what_is_known(void **state)
{
	struct fixture *fixture = *state;

	begin_down(fixture, SERVED BARE);
	declare_told(fixture, CHECKS "  slow: {http: {}, initially: down}\n",
		SERVED BARE SERVICE("new", NEW, "check: web, ", "10.0.0.1, 10.0.0.9")
			SERVICE("wary", "tcp://203.0.113.13:80", "check: slow, ", "10.0.0.8"));
	assert_int_equal(weight_of(fixture, NEW, "10.0.0.1:80"), -1);
	assert_non_null(strstr(told_since(),
		"cause files, of 1: new " NEW " 10.0.0.1:80 down\n"
		"notice destination-down new " NEW " 10.0.0.1:80 web connect: refused\n"));
	assert_int_equal(count_moves(), 1);
	/* What only begins so is no news, of a server that nobody has served. */
	assert_int_equal(weight_of(fixture, "tcp://203.0.113.13:80", "10.0.0.8:80"), -1);
	assert_null(strstr(told_since(), "10.0.0.8"));
	/* When a check finds out what they are, all who have it hear it. */
	forget_told();
	say(fixture, "10.0.0.1:80", true);
	later(fixture, SECOND);
	assert_non_null(strstr(told_since(), "notice destination-up web "));
	assert_non_null(strstr(told_since(), "notice destination-up new "));
	assert_int_equal(count_moves(), 2);
}

static void a_check_that_begins_down_takes_out_who_served(void **state)
{
	struct fixture *fixture = *state;

	begin_down(fixture, SERVED BARE);
	declare_told(fixture, CHECKS "  slow: {http: {}, initially: down}\n",
		SERVED SERVICE("api", API, "check: slow, ", "10.0.0.1, 10.0.0.3"));
	assert_int_equal(weight_of(fixture, API, "10.0.0.3:80"), -1);
	assert_non_null(strstr(told_since(),
		"notice destination-down api " API " 10.0.0.3:80 slow it has not passed yet\n"));
	assert_non_null(strstr(told_since(),
		"notice destination-down api " API " 10.0.0.1:80 slow it has not passed yet\n"));
	assert_int_equal(count_moves(), 2);
	/* They begin otherwise, and are up. */
	declare_told(fixture, CHECKS "  slow: {http: {}, initially: up}\n",
		SERVED SERVICE("api", API, "check: slow, ", "10.0.0.1, 10.0.0.3"));
	assert_int_equal(weight_of(fixture, API, "10.0.0.3:80"), 1);
	assert_non_null(strstr(told_since(),
		"health 10.0.0.3:80 check slow: up, as its check begins; since the files changed "
		"it no longer counts against " API "\n"
		"state up, target"));
	assert_non_null(strstr(told_since(), "notice destination-up api " API " 10.0.0.3:80 "));
	assert_int_equal(count_moves(), 2);
}

/* Also one whose other check is down, and one that is down by another check than before. */
static void what_is_as_before_is_told_to_nobody(void **state)
{
	struct fixture *fixture = *state;
	struct engine_verdict verdict;

	begin_down(fixture, SERVED SERVICE("api", API, "check: tls, ", "10.0.0.1"));
	verdict = verdict_of(fixture, "10.0.0.1:80", "tls", false);
	engine_verdicts(&fixture->engine, &verdict, 1);
	later(fixture, SECOND);
	/* More, of others. */
	declare_told(fixture, CHECKS,
		SERVED SERVICE("api", API, "check: tls, ", "10.0.0.1")
			SERVICE("new", NEW, "", "10.0.0.1"));
	assert_string_equal(told_since(), "applied files +2 ~0 -0\n");
	/* Two checks, then the other one alone. */
	declare_told(fixture, CHECKS,
		SERVICE("web", WEB, "check: [web, tls], ", "10.0.0.1, 10.0.0.2")
			SERVICE("api", API, "check: tls, ", "10.0.0.1"));
	assert_null(strstr(told_since(), "destination-"));
	assert_null(strstr(told_since(), "health "));
	declare_told(fixture, CHECKS,
		SERVICE("web", WEB, "check: tls, ", "10.0.0.1, 10.0.0.2")
			SERVICE("api", API, "check: tls, ", "10.0.0.1"));
	assert_null(strstr(told_since(), "destination-"));
	assert_null(strstr(told_since(), "health "));
	/* Who is gone is not up. */
	declare_told(fixture, CHECKS, SERVICE("web", WEB, "check: tls, ", "10.0.0.2"));
	assert_null(strstr(told_since(), "destination-"));
	assert_null(strstr(told_since(), "health "));
}

static void a_start_tells_nobody_what_was_so_before(void **state)
{
	struct fixture *fixture = *state;

	begin_down(fixture, SERVED);
	stop(fixture);
	start_told(fixture);
	fixture->engine.options.event = on_data;
	turn(fixture);
	assert_int_equal(weight_of(fixture, WEB, "10.0.0.1:80"), -1);
	assert_null(strstr(told_since(), "health "));
	assert_int_equal(count_moves(), 0);
}

/* Who goes back to the files of before hears it the other way round. */
static void a_rollback_tells_it_too(void **state)
{
	struct fixture *fixture = *state;

	begin_down(fixture, SERVED BARE);
	fixture->engine.files_dirty = false;
	_cleanup_free_ char *text = memory_printf("poise: 1\nchecks:\n%sservices:\n%s", CHECKS,
		SERVED SERVICE("api", API, "check: web, ", "10.0.0.1, 10.0.0.3"));
	assert_int_equal(file_replace(fixture->file, text, strlen(text), 0644), 0);
	forget_told();
	assert_int_equal(engine_reload(&fixture->engine, false, 60 * SECOND, "test", NULL), 0);
	later(fixture, SECOND);
	assert_non_null(strstr(told_since(), "notice destination-down api " API));
	forget_told();
	assert_int_equal(engine_rollback(&fixture->engine, "test", NULL), 0);
	later(fixture, SECOND);
	assert_non_null(strstr(told_since(), "notice destination-up api " API));
	assert_int_equal(count_moves(), 1);
}

/* `count` services that share one server, with a check or without; and one that always has the check. */
static void declare_sharers(struct fixture *fixture, size_t count, const char *check)
{
	_cleanup_strbuf_ struct strbuf text = {};

	strbuf_printf(&text, SERVICE("keep", WEB, "check: web, ", "10.0.0.1"));
	for (size_t i = 0; i < count; i++)
		strbuf_printf(&text,
			"  s%zu: {listen: \"tcp://10.1.%zu.%zu:80\", %snotify: /bin/true, "
			"destinations: [10.0.0.1]}\n",
			i, i / 250, i % 250, check);
	declare(fixture, CHECK_WEB, text.text);
}

/* Of a reload: CPU time, in ns. */
static uint64_t time_sharers(struct fixture *fixture, size_t count, const char *check)
{
	uint64_t start = times_cpu();

	forget_told();
	declare_sharers(fixture, count, check);
	return times_cpu() - start;
}

static void ten_thousand_who_share_a_server_are_told_in_one_go(void **state)
{
	struct fixture *fixture = *state;
	const size_t count = 10000;

	declare_sharers(fixture, count, "");
	start_told(fixture);
	turn(fixture);
	say(fixture, "10.0.0.1:80", false);
	later(fixture, SECOND);
	uint64_t same = time_sharers(fixture, count - 1, "");
	assert_int_equal(count_moves(), 0);
	uint64_t down = time_sharers(fixture, count, "check: web, ");
	assert_int_equal(count_moves(), count);
	assert_int_equal(fixture->events[ENGINE_EVENT_HEALTH], 2);
	uint64_t again = time_sharers(fixture, count - 1, "check: web, ");
	assert_int_equal(count_moves(), 0);
	assert_int_equal(fixture->events[ENGINE_EVENT_HEALTH], 2);
	uint64_t up = time_sharers(fixture, count - 1, "");
	assert_int_equal(count_moves(), count - 1);
	assert_int_equal(fixture->events[ENGINE_EVENT_HEALTH], 3);
	print_message("a reload of 10,000 services: %.0f ms of CPU; all down by it %.0f ms, still "
		      "down %.0f ms, all up %.0f ms\n",
		(double)same / 1e6, (double)down / 1e6, (double)again / 1e6, (double)up / 1e6);
	/* One more look at each for every other one would be more. */
	assert_true(again < 3 * same + 300 * MILLISECOND * SLOWER);
	assert_true(down < 5 * same + 300 * MILLISECOND * SLOWER);
	assert_true(up < 5 * same + 300 * MILLISECOND * SLOWER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown_told)
		TEST(a_check_that_is_put_on_takes_down_and_is_told),
		TEST(a_check_that_is_taken_off_brings_up_and_is_told),
		TEST(a_new_service_hears_what_is_known),
		TEST(a_check_that_begins_down_takes_out_who_served),
		TEST(what_is_as_before_is_told_to_nobody),
		TEST(a_start_tells_nobody_what_was_so_before),
		TEST(a_rollback_tells_it_too),
		TEST(ten_thousand_who_share_a_server_are_told_in_one_go),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
