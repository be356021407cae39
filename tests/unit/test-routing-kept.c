// SPDX-License-Identifier: GPL-2.0-or-later
/* What routing.h keeps of a virtual router, by interface, VRID and family: over another name, and over another reconciler; and of why it
 * moved. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/strbuf.h"
#include "daemon/routing.h"
#include "model/load.h"

#define SECOND 1000000000ull
#define NOW    (1000 * SECOND)

static struct routing *routing;
static struct strbuf told;  /* moves and troubles */
static uint64_t generation; /* in force at the other end, which takes all */
static uint32_t pieces;

static int on_send(void *data, uint16_t kind, const void *payload, size_t size)
{
	const struct message_vrrp_plan *head = payload;

	(void)size;
	assert_ptr_equal(data, &told);
	if (kind == MESSAGE_VRRP_PLAN) {
		generation = head->generation;
		pieces = 0;
		return 0;
	}
	if (kind != MESSAGE_VRRP_TEXT && kind != MESSAGE_VRRP_FACTS && kind != MESSAGE_VRRP_COMMIT)
		return 0;
	const struct message_vrrp_got got = {.generation = generation, .pieces = ++pieces};
	routing_message(routing, MESSAGE_VRRP_GOT, &got, sizeof(got), NOW);
	return 0;
}

static const char *known; /* elsewhere, of what "something" is */

static char *on_explain(void *data, size_t router, const char *why)
{
	assert_ptr_equal(data, &told);
	return known && strcmp(why, "something") == 0 ? memory_printf("%s of %zu", known, router)
						      : NULL;
}

static void on_moved(void *data, const struct routing_move *move)
{
	assert_ptr_equal(data, &told);
	strbuf_printf(&told, "%s%s%s:%s>%s:%s", told.length ? " " : "", move->router->name,
		move->router->told.family == AF_INET6 ? "v6" : "", vrrp_state_name(move->from),
		vrrp_state_name(move->to), move->why);
	if (!move->left)
		return;
	strbuf_printf(&told, " (left");
	vector_foreach(&move->router->notify, word)
		strbuf_printf(&told, " %s", *word);
	strbuf_printf(&told, ")");
}

static void on_told(void *data)
{
	assert_ptr_equal(data, &told);
}

static void on_trouble(void *data, const char *text)
{
	assert_ptr_equal(data, &told);
	if (text)
		strbuf_printf(&told, "%s", text);
}

static int begin(void **state)
{
	const struct routing_options options = {.send = on_send,
		.moved = on_moved,
		.told = on_told,
		.explain = on_explain,
		.trouble = on_trouble,
		.data = &told};

	(void)state;
	routing_new(&options, &routing);
	return 0;
}

static int finish_test(void **state)
{
	(void)state;
	strbuf_clear(&told);
	routing_free(routing);
	return 0;
}

static void expect_told(const char *expected)
{
	assert_string_equal(told.text ? told.text : "", expected);
	strbuf_clear(&told);
}

static void want(uint64_t serial, const char *text)
{
	const struct document document = {.name = "x", .text = text, .size = strlen(text)};
	_cleanup_config_ struct config config = {};
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};

	assert_int_equal(config_load(&document, 1, &config, &diagnostics), 0);
	routing_want(routing, serial, &config, NOW);
}

static void started(void)
{
	routing_message(routing, MESSAGE_VRRP_STARTED, NULL, 0, NOW);
}

static void say_move(uint32_t serial, uint32_t router, uint16_t family, uint8_t vrid, uint8_t to,
	const char *why)
{
	size_t size = sizeof(struct message_vrrp_moved) + sizeof(struct message_vrrp_move);
	_cleanup_free_ struct message_vrrp_moved *message = memory_new(size);

	message->generation = generation;
	message->serial = serial;
	message->count = 1;
	message->moves[0] = (struct message_vrrp_move){
		.router = router, .family = family, .vrid = vrid, .state = to};
	snprintf(message->moves[0].why, sizeof(message->moves[0].why), "%s", why);
	routing_message(routing, MESSAGE_VRRP_MOVED, message, size, NOW);
}

static void say_state(const struct message_vrrp_state *is)
{
	size_t size = sizeof(struct message_vrrp_states) + sizeof(*is);
	_cleanup_free_ struct message_vrrp_states *message = memory_new(size);

	message->generation = generation;
	message->count = message->last = 1;
	message->states[0] = *is;
	routing_message(routing, MESSAGE_VRRP_STATES, message, size, NOW);
}

#define ROUTER(name, more)                                                                         \
	"  " name ": {interface: eth0, vrid: 1, notify: [/bin/" name "], " more "}\n"
#define BOTH_FAMILIES "addresses: [10.0.0.1/24, '2001:db8::1/64']"
#define HEAD          "poise: 1\nallow-empty: true\n"
#define A             HEAD "vrrp:\n" ROUTER("a", BOTH_FAMILIES)

static void begin_leaving(void)
{
	want(1, A);
	started();
	say_move(1, 0, AF_INET, 1, VRRP_STATE_ACTIVE, "silence");
	say_move(2, 0, AF_INET6, 1, VRRP_STATE_BACKUP, "started");
	strbuf_clear(&told);
}

/* By another name it is the same: nothing moves, and what was goes along; also where two change their names with one another. */
static void another_name_is_no_move(void **state)
{
	(void)state;
	begin_leaving();
	want(2, HEAD "vrrp:\n" ROUTER("z", BOTH_FAMILIES));
	expect_told("");
	const struct routing_router *z = routing_find(routing, "z", AF_INET);
	assert_null(routing_find(routing, "a", AF_INET));
	assert_int_equal(z->told.state, VRRP_STATE_ACTIVE);
	assert_int_equal(z->change_count, 1);
	assert_string_equal(z->changes[0].why, "silence");
	assert_string_equal(z->notify.items[0], "/bin/z");
	want(3, HEAD "vrrp:\n" ROUTER("a", BOTH_FAMILIES) "  z: {interface: eth1, vrid: 1, "
							  "addresses: [10.0.1.1/24]}\n");
	expect_told("");
	say_move(1, 1, AF_INET, 1, VRRP_STATE_BACKUP, "started");
	expect_told("z:initialize>backup:started");
	want(4, HEAD "vrrp:\n" ROUTER("z", BOTH_FAMILIES) "  a: {interface: eth1, vrid: 1, "
							  "addresses: [10.0.1.1/24]}\n");
	expect_told("");
	assert_int_equal(routing_find(routing, "z", AF_INET)->told.state, VRRP_STATE_ACTIVE);
	assert_int_equal(routing_find(routing, "a", AF_INET)->told.state, VRRP_STATE_BACKUP);
	/* Of one that was renamed, and goes, the end is told. */
	want(5, HEAD "vrrp:\n  a: {interface: eth1, vrid: 1, addresses: [10.0.1.1/24]}\n");
	assert_non_null(strstr(
		told.text, "z:active>initialize:the files do not have it any more (left /bin/z)"));
	assert_null(strstr(told.text, "a:"));
}

/* One that begins while their process goes on: what that says is so, and did not move. What moved since is news. */
static void an_earlier_reconciler_has_told(void **state)
{
	struct message_vrrp_state active = {.router = 0,
		.family = AF_INET,
		.vrid = 1,
		.state = VRRP_STATE_ACTIVE,
		.from = VRRP_STATE_BACKUP,
		.since = NOW - SECOND,
		.wall = 5,
		.why = "silence"};
	struct message_vrrp_state backup = {.router = 0,
		.family = AF_INET6,
		.vrid = 1,
		.state = VRRP_STATE_BACKUP,
		.from = VRRP_STATE_ACTIVE,
		.since = NOW + SECOND,
		.why = "x has priority 9"};

	const struct message_vrrp_cleared cleared = {.ended = NOW};

	(void)state;
	routing_message(routing, MESSAGE_VRRP_CLEARED, &cleared, sizeof(cleared), NOW);
	want(1, A);
	started();
	say_state(&active);
	expect_told("");
	const struct routing_router *a = routing_find(routing, "a", AF_INET);
	assert_true(routing_is_known(a));
	assert_int_equal(a->wall, 5);
	assert_int_equal(a->change_count, 1);
	assert_int_equal(a->changes[0].from, VRRP_STATE_BACKUP);
	assert_int_equal(a->changes[0].to, VRRP_STATE_ACTIVE);
	assert_int_equal(a->changes[0].wall, 5);
	assert_string_equal(a->changes[0].why, "silence");
	say_state(&active);
	assert_int_equal(a->change_count, 1);
	/* It was active until then, whatever is known here. */
	say_state(&backup);
	expect_told("av6:active>backup:x has priority 9");
	say_move(1, 0, AF_INET, 1, VRRP_STATE_BACKUP, "resigned");
	expect_told("a:active>backup:resigned");
	/* Of a process that was lost in between only what is known counts. */
	active.since = NOW - 2 * SECOND;
	say_state(&active);
	expect_told("a:backup>active:silence");
	active.from = VRRP_STATE_COUNT;
	say_state(&active);
	assert_int_equal(routing_counters(routing).malformed, 1);
}

#define TWO                                                                                        \
	HEAD "vrrp:\n  a: {interface: eth0, vrid: 1, addresses: [10.0.0.1/24]}\n"                  \
	     "  b: {interface: eth0, vrid: 2, addresses: [10.0.0.2/24]}\n"

/* Of whom its process says that it knows no more: what is known at the time stays said, also when it is another later. */
static void who_knows_more_says_why(void **state)
{
	struct message_vrrp_state told_state = {.router = 1,
		.family = AF_INET,
		.vrid = 2,
		.state = VRRP_STATE_BACKUP,
		.since = 5,
		.why = "something"};

	(void)state;
	known = "this";
	want(1, TWO);
	started();
	say_state(&told_state);
	expect_told("b:initialize>backup:this of 0");
	known = "that";
	say_state(&told_state);
	assert_string_equal(routing_find(routing, "b", AF_INET)->told.why, "this of 0");
	told_state.since = 6;
	told_state.state = VRRP_STATE_ACTIVE;
	told_state.why_of = 1;
	say_state(&told_state);
	assert_string_equal(routing_find(routing, "b", AF_INET)->told.why, "that of 1");
	assert_string_equal(routing_find(routing, "b", AF_INET)->changes[0].why, "that of 1");
	say_move(1, 0, AF_INET, 1, VRRP_STATE_BACKUP, "something");
	/* There is no such router, or nothing is known. */
	told_state.since = 7;
	told_state.why_of = UINT32_MAX;
	say_state(&told_state);
	assert_string_equal(routing_find(routing, "b", AF_INET)->told.why, "something");
	known = NULL;
	say_move(2, 0, AF_INET, 1, VRRP_STATE_INITIALIZE, "something");
	expect_told("b:backup>active:that of 1 a:initialize>backup:that of 0 "
		    "a:backup>initialize:something");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, finish_test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(another_name_is_no_move),
		TEST(an_earlier_reconciler_has_told),
		TEST(who_knows_more_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
