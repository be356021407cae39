// SPDX-License-Identifier: GPL-2.0-or-later
/* The two ends of what is said of virtual routers: routing.h in the reconciler, vrrp_plan.h in their process; and what a broken or
 * hostile process can do to the reconciler. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/strbuf.h"
#include "daemon/routing.h"
#include "daemon/vrrp_plan.h"
#include "model/load.h"

#define SECOND 1000000000ull
#define NOW    (1000 * SECOND)

#define TWO                                                                                        \
	"poise: 1\nallow-empty: true\nvrrp:\n"                                                     \
	"  b: {interface: eth0, vrid: 2, addresses: [10.0.0.2/24]}\n"                              \
	"  a: {interface: eth0, vrid: 1, addresses: [10.0.0.1/24, '2001:db8::1/64']}\n"

/* The other end. */
struct end {
	struct vrrp_plan plan;
	struct vrrp_plan_result result;
	uint64_t force; /* generation in force */
	uint64_t generation;
	uint32_t pieces;
	unsigned int plans, facts, filled, served, looked;
	uint32_t told; /* facts of the last message */
	struct message_vrrp_fact fact;
};

static struct routing *routing;
static struct end end;
static struct strbuf told; /* moves and troubles */
static bool deaf;          /* the other end answers nothing by itself */

static void answer(int r)
{
	if (deaf)
		return;
	struct message_vrrp_got got = {.generation = end.generation, .pieces = end.plan.pieces};
	struct message_vrrp_refused refused = {
		.generation = end.generation, .refusal = (uint32_t)(-r - 1)};

	if (r == 0)
		routing_message(routing, MESSAGE_VRRP_GOT, &got, sizeof(got), NOW);
	else
		routing_message(routing, MESSAGE_VRRP_REFUSED, &refused, sizeof(refused), NOW);
}

static void finish(const struct message_vrrp_got *commit)
{
	config_clear(&end.result.config);
	int r = vrrp_plan_finish(&end.plan, commit, &end.result);

	if (r == 0) {
		end.plan.pieces++;
		end.force = commit->generation;
	}
	answer(r);
}

static int on_send(void *data, uint16_t kind, const void *payload, size_t size)
{
	const struct message_vrrp_plan *head = payload;
	const struct message_vrrp_facts *facts = payload;

	assert_ptr_equal(data, &end);
	switch ((enum message_kind)kind) {
	case MESSAGE_VRRP_PLAN:
		end.plans++;
		end.generation = head->generation;
		assert_int_equal(vrrp_plan_begin(&end.plan, head, end.force), 0);
		break;
	case MESSAGE_VRRP_TEXT:
		answer(vrrp_plan_text(&end.plan, payload, size));
		break;
	case MESSAGE_VRRP_HINTS:
		answer(vrrp_plan_hints(&end.plan, payload, size));
		break;
	case MESSAGE_VRRP_FACTS:
		if (facts->generation != end.force) {
			answer(vrrp_plan_facts(&end.plan, payload, size));
			break;
		}
		assert_true(vrrp_plan_facts_fit(facts, size));
		end.facts++;
		end.fact = facts->facts[0];
		end.told = facts->count;
		break;
	case MESSAGE_VRRP_COMMIT:
		finish(payload);
		break;
	case MESSAGE_VRRP_FILLED:
		end.filled++;
		break;
	case MESSAGE_VRRP_LOOKED:
		end.looked++;
		break;
	case MESSAGE_VRRP_SERVED:
		end.served++;
		break;
	default:
		fail_msg("nobody hears %u", kind);
	}
	return 0;
}

static void on_moved(void *data, const struct routing_move *move)
{
	assert_ptr_equal(data, &end);
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
	assert_ptr_equal(data, &end);
}

static void on_trouble(void *data, const char *text)
{
	assert_ptr_equal(data, &end);
	if (text)
		strbuf_printf(&told, "%s", text);
}

static int begin(void **state)
{
	const struct routing_options options = {.send = on_send,
		.moved = on_moved,
		.told = on_told,
		.trouble = on_trouble,
		.data = &end};

	(void)state;
	end = (struct end){};
	deaf = false;
	routing_new(&options, &routing);
	return 0;
}

static int finish_test(void **state)
{
	(void)state;
	vrrp_plan_clear(&end.plan);
	config_clear(&end.result.config);
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

static void refuse(enum message_vrrp_refusal refusal)
{
	const struct message_vrrp_refused refused = {
		.generation = end.generation, .refusal = refusal};

	routing_message(routing, MESSAGE_VRRP_REFUSED, &refused, sizeof(refused), NOW);
}

static void started(void)
{
	routing_message(routing, MESSAGE_VRRP_STARTED, NULL, 0, NOW);
}

static void a_list_arrives(void **state)
{
	(void)state;
	/* Nobody is there who could suppose anything. */
	routing_forget_supposed(routing);
	assert_int_equal(end.looked, 0);
	want(1, TWO);
	started();
	assert_int_equal(end.plans, 1);
	assert_int_equal(end.force, end.generation);
	assert_int_equal(end.result.config.routers.count, 2);
	assert_string_equal(end.result.config.routers.items[0].name.text, "a");
	assert_int_equal(routing_count(routing), 3);
	assert_string_equal(routing_at(routing, 1)->name, "a");
	assert_int_equal(routing_at(routing, 1)->told.family, AF_INET6);
	assert_non_null(routing_find(routing, "b", AF_INET));
	assert_null(routing_find(routing, "b", AF_INET6));
	assert_false(routing_at(routing, 0)->known);
	routing_fill(routing, NOW);
	routing_fill(routing, NOW);
	assert_int_equal(end.filled, 1);
	routing_forget_supposed(routing);
	assert_int_equal(end.looked, 1);
}

/* Whatever else the files say now. */
static void the_same_is_not_sent(void **state)
{
	(void)state;
	started();
	want(1, TWO);
	want(2, TWO "services:\n  s: {listen: [tcp://192.0.2.1:80], destinations: [10.1.0.1]}\n");
	want(3, TWO "checks:\n  c: {tcp: {}}\n");
	assert_int_equal(end.plans, 1);
	want(4, "poise: 1\nallow-empty: true\n");
	assert_int_equal(end.plans, 2);
	assert_int_equal(end.result.config.routers.count, 0);
	assert_int_equal(routing_count(routing), 0);
}

/* What this side looks after does not go along; nor must the other know of the service. */
static void what_is_ours_stays(void **state)
{
	(void)state;
	started();
	want(1, "poise: 1\nvrrp:\n  a:\n    interface: eth0\n    vrid: 1\n    addresses: "
		"[10.0.0.1/24]\n    notify: [/bin/true]\n    track: {services: [s]}\n"
		"services:\n  s: {listen: [tcp://192.0.2.1:80], destinations: [10.1.0.1]}\n");
	assert_int_equal(end.force, end.generation);
	assert_int_equal(end.result.config.routers.count, 1);
	assert_int_equal(end.result.config.routers.items[0].notify.count, 0);
	assert_int_equal(end.result.config.routers.items[0].track.services.count, 0);
}

static void facts_are_told_as_they_change(void **state)
{
	struct routing_fact facts[2] = {{.waits = true}, {.weight = -10}};

	(void)state;
	want(1, TWO);
	routing_set_facts(routing, facts, 2, NOW);
	started();
	assert_true(end.result.plan.facts[0].waits);
	assert_int_equal(end.result.plan.facts[1].weight, -10);
	routing_set_facts(routing, facts, 2, NOW);
	assert_int_equal(end.facts, 0);
	facts[1].fault = true;
	routing_set_facts(routing, facts, 2, NOW);
	assert_int_equal(end.facts, 1);
	assert_int_equal(end.fact.router, 1);
	assert_int_equal(end.fact.fault, 1);
	routing_serve(routing, 0);
	assert_int_equal(end.served, 1);
	/* Another process hears what is so now. */
	routing_message(routing, MESSAGE_VRRP_GONE, NULL, 0, NOW);
	end.force = 0;
	started();
	assert_int_equal(end.plans, 2);
	assert_true(end.result.plan.facts[1].fault);
}

/* However many are others: one message, or one plan instead of the one on its way. */
static void facts_are_told_together(void **state)
{
	struct routing_fact facts[2] = {{.waits = true}, {.weight = -10}};

	(void)state;
	want(1, TWO);
	started();
	routing_set_facts(routing, facts, 2, NOW);
	assert_int_equal(end.plans, 1);
	assert_int_equal(end.facts, 1);
	assert_int_equal(end.told, 2);
	deaf = true;
	want(2, TWO "  c: {interface: eth0, vrid: 3, addresses: [10.0.0.3/24]}\n");
	assert_int_equal(end.plans, 2);
	routing_serve(routing, 0);
	assert_int_equal(end.served, 0);
	routing_set_facts(routing, facts, 2, NOW);
	assert_int_equal(end.plans, 3);
	assert_int_equal(end.facts, 1);
}

static void say_move(uint32_t serial, uint32_t router, uint16_t family, uint8_t vrid, uint8_t to,
	const char *why)
{
	size_t size = sizeof(struct message_vrrp_moved) + sizeof(struct message_vrrp_move);
	_cleanup_free_ struct message_vrrp_moved *message = memory_new(size);

	message->generation = end.force;
	message->serial = serial;
	message->count = 1;
	message->moves[0] = (struct message_vrrp_move){
		.router = router, .family = family, .vrid = vrid, .state = to};
	snprintf(message->moves[0].why, sizeof(message->moves[0].why), "%s", why);
	routing_message(routing, MESSAGE_VRRP_MOVED, message, size, NOW);
}

static void say_state_at(const struct message_vrrp_state *is, uint64_t now)
{
	size_t size = sizeof(struct message_vrrp_states) + sizeof(*is);
	_cleanup_free_ struct message_vrrp_states *message = memory_new(size);

	message->generation = end.force;
	message->count = message->last = 1;
	message->states[0] = *is;
	routing_message(routing, MESSAGE_VRRP_STATES, message, size, now);
}

static void say_state(const struct message_vrrp_state *is)
{
	say_state_at(is, NOW);
}

static void moves_are_heard_in_order(void **state)
{
	(void)state;
	want(1, TWO);
	started();
	say_move(1, 0, AF_INET, 1, VRRP_STATE_BACKUP, "started");
	say_move(2, 0, AF_INET6, 1, VRRP_STATE_BACKUP, "started");
	say_move(3, 0, AF_INET, 1, VRRP_STATE_ACTIVE, "silence");
	expect_told("a:initialize>backup:started av6:initialize>backup:started "
		    "a:backup>active:silence");
	assert_true(routing_find(routing, "a", AF_INET)->known);
	assert_int_equal(routing_find(routing, "a", AF_INET)->told.state, VRRP_STATE_ACTIVE);
	assert_int_equal(routing_counters(routing).lost, 0);
	say_move(5, 0, AF_INET, 1, VRRP_STATE_BACKUP, "x");
	assert_int_equal(routing_counters(routing).lost, 1);
	/* What is known outlives another list, in which it may have another place. */
	strbuf_clear(&told);
	want(2, TWO "  0a: {interface: eth0, vrid: 9, addresses: [10.0.0.9/24]}\n");
	assert_int_equal(routing_find(routing, "a", AF_INET)->told.state, VRRP_STATE_BACKUP);
	assert_int_equal(routing_find(routing, "a", AF_INET)->told.router, 1);
	say_move(1, 1, AF_INET, 1, VRRP_STATE_ACTIVE, "again");
	expect_told("a:backup>active:again");
	/* Another process goes on where the one before ended. */
	say_move(2, 1, AF_INET, 1, VRRP_STATE_ACTIVE, "goes on");
	expect_told("");
	assert_string_equal(routing_find(routing, "a", AF_INET)->told.why, "goes on");
}

#define LATER                                                                                      \
	"poise: 1\nallow-empty: true\nvrrp:\n"                                                     \
	"  b: {interface: eth0, vrid: 1, addresses: [10.0.0.1/24]}\n"

/* What is said of a place while other files are on their way, or were refused, is of the plan before: not of who has that place
 * now. */
static void places_are_those_of_the_plan_in_force(void **state)
{
	const struct routing_fact facts[2] = {{.fault = true}, {}};
	const struct message_vrrp_state active = {
		.family = AF_INET, .vrid = 1, .state = VRRP_STATE_ACTIVE};

	(void)state;
	want(1, LATER);
	started();
	deaf = true;
	want(2, LATER "  a: {interface: eth1, vrid: 1, addresses: [10.1.0.1/24]}\n");
	say_move(1, 0, AF_INET, 1, VRRP_STATE_ACTIVE, "silence");
	say_state(&active);
	expect_told("");
	refuse(MESSAGE_VRRP_REFUSAL_HEAD);
	strbuf_clear(&told);
	routing_set_facts(routing, facts, 2, NOW);
	routing_serve(routing, 0);
	assert_int_equal(end.facts, 0);
	assert_int_equal(end.served, 0);
	say_state(&active);
	expect_told("");
	/* All of it is told with the plan that comes again. */
	deaf = false;
	routing_run(routing, NOW + 3600 * SECOND);
	assert_true(routing_is_settled(routing));
	assert_true(end.result.plan.facts[0].fault);
	say_move(1, 1, AF_INET, 1, VRRP_STATE_ACTIVE, "silence");
	expect_told("b:initialize>active:silence");
	routing_serve(routing, 1);
	assert_int_equal(end.served, 1);
}

/* Which form of the checksum was mirrored is told to the next process, which may be active at once. */
static void forms_outlive_a_process(void **state)
{
	const struct message_vrrp_state told_state = {.router = 1,
		.family = AF_INET,
		.vrid = 2,
		.state = VRRP_STATE_ACTIVE,
		.peer_checksum = VRRP_CHECKSUM_RFC5798};

	(void)state;
	want(1, TWO);
	started();
	assert_int_equal(end.result.plan.hint_count, 0);
	say_state(&told_state);
	routing_message(routing, MESSAGE_VRRP_GONE, NULL, 0, NOW);
	end.force = 0;
	started();
	assert_int_equal(end.result.plan.hint_count, 1);
	assert_int_equal(end.result.plan.hints[0].key.vrid, 2);
	assert_int_equal(end.result.plan.hints[0].checksum, VRRP_CHECKSUM_RFC5798);
}

/* And, from disk, to the first one after a restart; of routers that are no more nothing is remembered. */
static void forms_outlive_a_restart(void **state)
{
	struct router_forms forms = {};
	uint64_t serial, before;

	(void)state;
	router_forms_put(&forms, "eth0", 2, VRRP_CHECKSUM_RFC5798);
	router_forms_put(&forms, "eth0", 3, VRRP_CHECKSUM_RFC5798);
	routing_remember(routing, &forms);
	assert_int_equal(forms.count, 0);
	routing_forms(routing, &before);
	want(1, TWO);
	started();
	assert_int_equal(end.result.plan.hint_count, 1);
	assert_int_equal(end.result.plan.hints[0].key.vrid, 2);
	assert_int_equal(end.result.plan.hints[0].checksum, VRRP_CHECKSUM_RFC5798);
	assert_int_equal(routing_forms(routing, &serial)->count, 1);
	assert_int_not_equal(serial, before);
	before = serial;
	/* Who has heard nobody yet says nothing, and the same again is no news. */
	struct message_vrrp_state told_state = {.router = 1, .family = AF_INET, .vrid = 2};
	say_state(&told_state);
	told_state.peer_checksum = VRRP_CHECKSUM_RFC5798;
	say_state(&told_state);
	routing_forms(routing, &serial);
	assert_int_equal(serial, before);
	told_state.peer_checksum = VRRP_CHECKSUM_RFC9568;
	say_state(&told_state);
	assert_int_equal(routing_forms(routing, &serial)->items[0].checksum, VRRP_CHECKSUM_RFC9568);
	assert_int_not_equal(serial, before);
}

/* The last eight, the latest first; they outlive another list and a process, and go with their router. */
static void changes_are_kept(void **state)
{
	const struct routing_router *a;
	char why[16];

	(void)state;
	want(1, TWO);
	started();
	for (uint32_t i = 1; i <= 20; i++) {
		snprintf(why, sizeof(why), "change %u", i);
		say_move(i, 0, AF_INET, 1, i % 2 ? VRRP_STATE_BACKUP : VRRP_STATE_ACTIVE, why);
	}
	want(2, TWO "  0a: {interface: eth0, vrid: 9, addresses: [10.0.0.9/24]}\n");
	routing_message(routing, MESSAGE_VRRP_GONE, NULL, 0, NOW);
	a = routing_find(routing, "a", AF_INET);
	assert_int_equal(a->change_count, ROUTING_CHANGES_MOST);
	for (size_t i = 0; i < a->change_count; i++) {
		snprintf(why, sizeof(why), "change %zu", 20 - i);
		assert_string_equal(a->changes[i].why, why);
	}
	assert_int_equal(a->changes[0].from, VRRP_STATE_BACKUP);
	assert_int_equal(a->changes[0].to, VRRP_STATE_ACTIVE);
	assert_int_equal(a->changes[1].to, VRRP_STATE_BACKUP);
	assert_int_equal(routing_find(routing, "a", AF_INET6)->change_count, 0);
	want(3, "poise: 1\nallow-empty: true\nvrrp:\n"
		"  a: {interface: eth0, vrid: 7, addresses: [10.0.0.1/24]}\n");
	assert_int_equal(routing_find(routing, "a", AF_INET)->change_count, 0);
}

/* Since when it is so is known again after a restart of this process alone; and a clock that is set changes nothing that was told. */
static void times_are_healed(void **state)
{
	struct message_vrrp_state told_state = {.router = 1,
		.family = AF_INET,
		.vrid = 2,
		.state = VRRP_STATE_ACTIVE,
		.since = 5,
		.wall = 1700 * SECOND};

	(void)state;
	want(1, TWO);
	started();
	say_state(&told_state);
	assert_int_equal(routing_find(routing, "b", AF_INET)->wall, 1700 * SECOND);
	assert_int_equal(routing_find(routing, "b", AF_INET)->changes[0].wall, 1700 * SECOND);
	told_state.wall = 1800 * SECOND;
	say_state(&told_state);
	assert_int_equal(routing_find(routing, "b", AF_INET)->wall, 1700 * SECOND);
	told_state.since = 6;
	say_state(&told_state);
	assert_int_equal(routing_find(routing, "b", AF_INET)->wall, 1800 * SECOND);
	assert_int_equal(routing_find(routing, "b", AF_INET)->change_count, 1);
}

/* A move that was lost is known by the next states. */
static void states_heal(void **state)
{
	const struct message_vrrp_state told_state = {.router = 1,
		.family = AF_INET,
		.vrid = 2,
		.state = VRRP_STATE_ACTIVE,
		.priority = 7,
		.why = "silence"};

	(void)state;
	want(1, TWO);
	started();
	say_state(&told_state);
	say_state(&told_state);
	expect_told("b:initialize>active:silence");
	assert_int_equal(routing_find(routing, "b", AF_INET)->told.priority, 7);
	routing_message(routing, MESSAGE_VRRP_GONE, NULL, 0, NOW);
	assert_false(routing_find(routing, "b", AF_INET)->known);
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

#define LEFT                                                                                       \
	"a:active>initialize:the files do not have it any more (left /bin/a) "                     \
	"av6:backup>initialize:the files do not have it any more (left /bin/a)"

/* One after the other, once, with the command that was theirs. */
static void who_leaves_stands_still(void **state)
{
	(void)state;
	begin_leaving();
	want(2, HEAD);
	expect_told(LEFT);
	want(3, HEAD "vrrp:\n" ROUTER("b", "addresses: [10.0.0.9/24]"));
	want(4, HEAD);
	routing_message(routing, MESSAGE_VRRP_GONE, NULL, 0, NOW);
	end.force = 0;
	started();
	/* `b` never was anything, and of `a` all is told. */
	expect_told("");
}

/* Another VRID is another router: the old one ends before the new one is anything. */
static void who_is_another_stands_still_first(void **state)
{
	(void)state;
	begin_leaving();
	want(2, HEAD "vrrp:\n  a: {interface: eth0, vrid: 7, notify: [/bin/new], "
		     "addresses: [10.0.0.1/24]}\n");
	expect_told("a:active>initialize:the files give it another VRID or interface (left /bin/a) "
		    "av6:backup>initialize:the files give it no address of this family any more "
		    "(left /bin/a)");
	say_move(1, 0, AF_INET, 7, VRRP_STATE_BACKUP, "started");
	expect_told("a:initialize>backup:started");
}

/* A command alone is no other plan, and it is the one that hears of the end. */
static void the_last_command_hears_of_the_end(void **state)
{
	(void)state;
	begin_leaving();
	want(2, HEAD
		"vrrp:\n  a: {interface: eth0, vrid: 1, notify: [/bin/other, x], " BOTH_FAMILIES
		"}\n");
	assert_int_equal(end.plans, 1);
	want(3, HEAD "vrrp:\n  a: {interface: eth0, vrid: 1, addresses: [10.0.0.1/24]}\n");
	expect_told("av6:backup>initialize:the files give it no address of this family any more "
		    "(left /bin/other x)");
	want(4, HEAD);
	expect_told("a:active>initialize:the files do not have it any more (left)");
}

/* While the plan without it is on its way, or was refused, it goes on; and one that comes back in time never went. */
static void who_is_kept_goes_on(void **state)
{
	(void)state;
	begin_leaving();
	deaf = true;
	want(2, HEAD);
	refuse(MESSAGE_VRRP_REFUSAL_HEAD);
	assert_null(strstr(told.text, "initialize"));
	strbuf_clear(&told);
	want(3, HEAD "vrrp:\n" ROUTER("b", "addresses: [10.0.0.9/24]"));
	expect_told("");
	deaf = false;
	want(4, A);
	expect_told("");
	assert_int_equal(routing_find(routing, "a", AF_INET)->told.state, VRRP_STATE_ACTIVE);
	assert_int_equal(routing_find(routing, "a", AF_INET)->change_count, 1);
	/* Of a process that died in between as well. */
	deaf = true;
	want(5, HEAD);
	routing_message(routing, MESSAGE_VRRP_GONE, NULL, 0, NOW);
	expect_told("");
	end.force = 0;
	deaf = false;
	started();
	expect_told(LEFT);
}

/* Who may keep none keeps none. */
static void who_is_kept_by_nobody_left(void **state)
{
	(void)state;
	begin_leaving();
	deaf = true;
	want(2, HEAD);
	refuse(MESSAGE_VRRP_REFUSAL_UNABLE);
	expect_told(LEFT);
}

/* Where none may be kept that is a trouble for who wants one, and for nobody else. */
static void a_process_that_may_not(void **state)
{
	(void)state;
	deaf = true;
	started();
	want(1, "poise: 1\nallow-empty: true\n");
	refuse(MESSAGE_VRRP_REFUSAL_UNABLE);
	expect_told("");
	assert_int_equal(routing_run(routing, NOW + SECOND), NOW + ROUTING_SILENCE_NS);
	want(2, TWO);
	refuse(MESSAGE_VRRP_REFUSAL_UNABLE);
	assert_non_null(strstr(told.text, "may not keep any on this machine"));
	assert_int_not_equal(routing_run(routing, NOW), CONVEY_NEVER);
}

/* One that hangs: what its routers are is not known, and for services they stay what they were. */
static void silence_is_noticed(void **state)
{
	const struct message_vrrp_state active = {.router = 1,
		.family = AF_INET,
		.vrid = 2,
		.state = VRRP_STATE_ACTIVE,
		.priority = 7};
	const struct routing_router *b;

	(void)state;
	assert_int_equal(routing_run(routing, NOW - 100 * SECOND), CONVEY_NEVER);
	want(1, TWO);
	started();
	say_state(&active);
	b = routing_find(routing, "b", AF_INET);
	assert_true(routing_is_known(b));
	assert_int_equal(routing_run(routing, NOW + 4 * SECOND), NOW + 5 * SECOND);
	assert_true(routing_is_known(b));
	routing_run(routing, NOW + 5 * SECOND);
	assert_false(routing_is_known(b));
	assert_true(b->known);
	assert_int_equal(b->silent, NOW);
	/* What the supervisor says of it is not its own. */
	routing_message(routing, MESSAGE_VRRP_CLEARED, &(struct message_vrrp_cleared){},
		sizeof(struct message_vrrp_cleared), NOW + 6 * SECOND);
	assert_false(routing_is_known(b));
	say_state_at(&active, NOW + 7 * SECOND);
	assert_true(routing_is_known(b));
	assert_int_equal(routing_run(routing, NOW + 8 * SECOND), NOW + 12 * SECOND);
	/* Who was held up oneself hears first what waits. */
	assert_int_equal(routing_run(routing, NOW + 14 * SECOND), NOW + 15 * SECOND);
	assert_true(routing_is_known(b));
	routing_run(routing, NOW + 15 * SECOND);
	assert_false(routing_is_known(b));
	/* Other files say no more of it. */
	deaf = true;
	want(2, TWO "  c: {interface: eth1, vrid: 3, addresses: [10.0.0.3/24]}\n");
	b = routing_find(routing, "b", AF_INET);
	assert_int_equal(b->silent, NOW + 7 * SECOND);
	routing_message(routing, MESSAGE_VRRP_GONE, NULL, 0, NOW + 16 * SECOND);
	assert_int_equal(b->silent, 0);
	assert_false(routing_is_known(b));
	assert_int_equal(routing_run(routing, NOW + 3600 * SECOND), CONVEY_NEVER);
}

/* A process may be anybody's. */
static void nonsense_is_counted(void **state)
{
	struct message_vrrp_states states = {.count = 1};
	struct message_vrrp_stats stats = {};

	(void)state;
	want(1, TWO);
	started();
	say_move(1, 2, AF_INET, 1, VRRP_STATE_BACKUP, "no such router");
	say_move(2, 0, AF_UNIX, 1, VRRP_STATE_BACKUP, "no such family");
	say_move(3, 0, AF_INET, 1, VRRP_STATE_COUNT, "no such state");
	say_move(4, 0, AF_INET, 2, VRRP_STATE_BACKUP, "not its VRID");
	say_move(5, 0, AF_INET, 1, VRRP_STATE_BACKUP, "a line\nand another");
	expect_told("");
	assert_int_equal(routing_counters(routing).malformed, 5);
	states.generation = end.force;
	routing_message(routing, MESSAGE_VRRP_STATES, &states, sizeof(states), NOW);
	states.generation = end.force - 1;
	routing_message(routing, MESSAGE_VRRP_STATES, &states, sizeof(states), NOW);
	assert_int_equal(routing_counters(routing).stale, 2);
	/* Who keeps another list than was told is told again. */
	stats.generation = end.force - 1;
	routing_message(routing, MESSAGE_VRRP_STATS, &stats, sizeof(stats), NOW);
	routing_run(routing, NOW + 3600 * SECOND);
	assert_int_equal(end.plans, 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, finish_test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_list_arrives),
		TEST(the_same_is_not_sent),
		TEST(what_is_ours_stays),
		TEST(facts_are_told_as_they_change),
		TEST(facts_are_told_together),
		TEST(moves_are_heard_in_order),
		TEST(places_are_those_of_the_plan_in_force),
		TEST(forms_outlive_a_process),
		TEST(forms_outlive_a_restart),
		TEST(changes_are_kept),
		TEST(times_are_healed),
		TEST(states_heal),
		TEST(who_leaves_stands_still),
		TEST(who_is_another_stands_still_first),
		TEST(the_last_command_hears_of_the_end),
		TEST(who_is_kept_goes_on),
		TEST(who_is_kept_by_nobody_left),
		TEST(a_process_that_may_not),
		TEST(silence_is_noticed),
		TEST(nonsense_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
