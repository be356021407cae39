// SPDX-License-Identifier: GPL-2.0-or-later
/* The two ends of what is said of virtual routers: routing.h in the reconciler, vrrp_plan.h in their process; and what a broken or
 * hostile one of them can do to the other. */
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
#include "model/schema.h"

#define SECOND 1000000000ull
#define NOW    (1000 * SECOND)

/* What the format of this version may not have yet. */
const unsigned int schema_features = SCHEMA_FEATURE_VRRP;

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
	unsigned int plans, facts, filled, served;
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

static void started(void)
{
	routing_message(routing, MESSAGE_VRRP_STARTED, NULL, 0, NOW);
}

static void a_list_arrives(void **state)
{
	(void)state;
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

static void say_state(const struct message_vrrp_state *is)
{
	size_t size = sizeof(struct message_vrrp_states) + sizeof(*is);
	_cleanup_free_ struct message_vrrp_states *message = memory_new(size);

	message->generation = end.force;
	message->count = message->last = 1;
	message->states[0] = *is;
	routing_message(routing, MESSAGE_VRRP_STATES, message, size, NOW);
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

/* Where none may be kept that is a trouble for who wants one, and for nobody else. */
static void a_process_that_may_not(void **state)
{
	const struct message_vrrp_refused unable = {.refusal = MESSAGE_VRRP_REFUSAL_UNABLE};
	struct message_vrrp_refused refused = unable;

	(void)state;
	deaf = true;
	started();
	want(1, "poise: 1\nallow-empty: true\n");
	refused.generation = end.generation;
	routing_message(routing, MESSAGE_VRRP_REFUSED, &refused, sizeof(refused), NOW);
	expect_told("");
	assert_int_equal(routing_run(routing, NOW + SECOND), CONVEY_NEVER);
	want(2, TWO);
	refused.generation = end.generation;
	routing_message(routing, MESSAGE_VRRP_REFUSED, &refused, sizeof(refused), NOW);
	assert_non_null(strstr(told.text, "may not keep any on this machine"));
	assert_int_not_equal(routing_run(routing, NOW), CONVEY_NEVER);
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

/* And the other way: a plan of which anything is wrong is refused as a whole. */
static void broken_plans_are_refused(void **state)
{
	static const char text[] = TWO;
	struct message_vrrp_plan head = {
		.generation = 7, .text_size = sizeof(text) - 1, .facts = 2};
	size_t size = sizeof(struct message_vrrp_facts) + 2 * sizeof(struct message_vrrp_fact);
	_cleanup_free_ struct message_vrrp_facts *facts = memory_new(size);
	struct message_vrrp_hint hint = {.interface = "eth0", .family = AF_INET, .checksum = 3};
	struct message_vrrp_got commit = {.generation = 7, .pieces = 3};
	struct vrrp_plan plan = {};
	struct vrrp_plan_result result;

	(void)state;
	facts->generation = 7;
	facts->count = 2;
	facts->facts[1].router = 1;
	assert_int_equal(vrrp_plan_text(&plan, text, sizeof(text) - 1), -ESTALE);
	assert_int_equal(vrrp_plan_begin(&plan, &head, 7), -1 - MESSAGE_VRRP_REFUSAL_HEAD);
	head.facts = UINT32_MAX;
	assert_int_equal(vrrp_plan_begin(&plan, &head, 6), -1 - MESSAGE_VRRP_REFUSAL_HEAD);
	head.facts = 2;
	assert_int_equal(vrrp_plan_begin(&plan, &head, 6), 0);
	assert_int_equal(vrrp_plan_text(&plan, text, sizeof(text)), -1 - MESSAGE_VRRP_REFUSAL_TEXT);
	assert_int_equal(vrrp_plan_finish(&plan, &commit, &result), -ESTALE);
	/* All is well but the number of facts. */
	vrrp_plan_begin(&plan, &head, 6);
	assert_int_equal(vrrp_plan_text(&plan, text, sizeof(text) - 1), 0);
	commit.pieces = 2;
	assert_int_equal(
		vrrp_plan_finish(&plan, &commit, &result), -1 - MESSAGE_VRRP_REFUSAL_RECORDS);
	config_clear(&result.config);
	/* Facts in another order, and those of nobody. */
	vrrp_plan_begin(&plan, &head, 6);
	facts->facts[0].router = 1;
	assert_int_equal(vrrp_plan_facts(&plan, facts, size), -1 - MESSAGE_VRRP_REFUSAL_RECORDS);
	vrrp_plan_begin(&plan, &head, 6);
	facts->facts[0].router = 0;
	facts->facts[1].fault = 2;
	assert_int_equal(vrrp_plan_facts(&plan, facts, size), -1 - MESSAGE_VRRP_REFUSAL_RECORDS);
	vrrp_plan_begin(&plan, &head, 6);
	assert_int_equal(
		vrrp_plan_facts(&plan, facts, size - 1), -1 - MESSAGE_VRRP_REFUSAL_RECORDS);
	head.hints = 1;
	vrrp_plan_begin(&plan, &head, 6);
	assert_int_equal(
		vrrp_plan_hints(&plan, &hint, sizeof(hint)), -1 - MESSAGE_VRRP_REFUSAL_RECORDS);
	/* No file. */
	head = (struct message_vrrp_plan){.generation = 7, .text_size = 6};
	vrrp_plan_begin(&plan, &head, 6);
	assert_int_equal(vrrp_plan_text(&plan, "poise:", 6), 0);
	commit.pieces = 2;
	assert_int_equal(vrrp_plan_finish(&plan, &commit, &result), -1 - MESSAGE_VRRP_REFUSAL_TEXT);
	config_clear(&result.config);
	vrrp_plan_clear(&plan);
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
		TEST(forms_outlive_a_process),
		TEST(states_heal),
		TEST(a_process_that_may_not),
		TEST(nonsense_is_counted),
		TEST(broken_plans_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
