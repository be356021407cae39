// SPDX-License-Identifier: GPL-2.0-or-later
/* The wheel, beside a plain model: for each flow the tick that it was put in for. STEPS (20,000) of SEED;
 * a failure has printed it.
 *
 * All times begin shortly before ticks wrap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "backends/dpdk/dataplane/expiry.h"
#include "base/macros.h"
#include "tests/support/random.h"

#define START (UINT32_MAX - 900)
#define FLOWS 3000

struct world {
	struct flow_table table;
	struct expiry_wheel wheel;
	uint32_t now;
	uint32_t flows; /* that are there */
	/* By index of the flow. */
	bool there[FLOWS * 2];
	uint32_t put[FLOWS * 2]; /* the tick that its visit may come at, no sooner */
	/* What visits do. */
	uint32_t ended, kept, visits, hastened, next_number;
	bool random; /* they end flows before their time, remove others, and set other times */
};

static struct world world;

static int begin(void **state)
{
	(void)state;
	world = (struct world){.now = START};
	return flow_table_init(&world.table, FLOWS, NULL) < 0 ||
	       expiry_init(&world.wheel, FLOWS, START, NULL) < 0;
}

static uint32_t count_free_chunks(void)
{
	uint32_t count = 0;

	for (uint32_t at = world.wheel.free; at != EXPIRY_CHUNK_NONE;
		at = world.wheel.chunks[at].next)
		count++;
	return count;
}

static int end(void **state)
{
	(void)state;
	flow_table_clear(&world.table);
	expiry_clear(&world.wheel);
	return world.wheel.chunks != NULL;
}

/* Where it belongs now. */
static uint32_t place_of(uint32_t index)
{
	int32_t ahead = (int32_t)(flow_at(&world.table, index)->request.expires - world.wheel.now);

	return world.wheel.now + (uint32_t)MIN(MAX(ahead, 1), EXPIRY_SPAN);
}

/* As expiry_add() will have it. */
static void note_put(uint32_t index)
{
	world.there[index] = true;
	world.put[index] = place_of(index);
}

/* A flow that expires in `ticks`; FLOW_NONE when the table is full. */
static uint32_t add(uint32_t ticks)
{
	struct flow_key key = {.family = AF_INET, .protocol = IPPROTO_UDP};
	uint32_t index;

	memcpy(key.source, &world.next_number, sizeof(world.next_number));
	world.next_number++;
	index = flow_insert(&world.table, &key, flow_hash(&world.table, &key), FLOW_KIND_REQUEST);
	if (index == FLOW_NONE)
		return FLOW_NONE;
	flow_at(&world.table, index)->request.expires = world.now + ticks;
	note_put(index);
	expiry_add(&world.wheel, &world.table, index);
	world.flows++;
	return index;
}

/* It expires at this tick now, which may be sooner than it would have. */
static void set_time(uint32_t index, uint32_t expires)
{
	struct flow *flow = flow_at(&world.table, index);
	bool sooner = (int32_t)(expires - flow->request.expires) < 0;
	uint32_t place;

	flow->request.expires = expires;
	if (!sooner)
		return;
	place = place_of(index);
	if ((int32_t)(place - world.put[index]) < 0) {
		world.put[index] = place;
		world.hastened++;
	}
	expiry_hasten(&world.wheel, &world.table, index);
}

static void forget(uint32_t index)
{
	flow_remove(&world.table, index);
	world.there[index] = false;
	world.flows--;
}

/* Any flow, or FLOW_NONE. */
static uint32_t any(void)
{
	uint32_t index = random_below(world.table.line_count);

	for (uint32_t i = 0; i < world.table.line_count; i++) {
		if (world.there[index])
			return index;
		index = index + 1 < world.table.line_count ? index + 1 : 0;
	}
	return FLOW_NONE;
}

static void take_out_any(void)
{
	uint32_t index = any();

	if (index == FLOW_NONE)
		return;
	expiry_remove(&world.wheel, &world.table, index);
	forget(index);
}

static bool visit(void *data, struct flow_table *table, uint32_t index, uint32_t now)
{
	struct flow *flow = flow_at(table, index);

	assert_ptr_equal(data, &world);
	assert_int_equal(now, world.now);
	assert_true(world.there[index]);
	/* Not before its time. */
	assert_true(expiry_is_past(world.put[index], now));
	world.visits++;
	world.there[index] = false; /* out of the wheel: not one for take_out_any() */
	if (world.random && random_below(20) == 0)
		take_out_any();
	if (expiry_is_past(flow->request.expires, now) || (world.random && random_below(10) == 0)) {
		forget(index);
		world.ended++;
		return true;
	}
	if (world.random && random_below(5) == 0)
		flow->request.expires = now + random_below(20);
	note_put(index);
	world.kept++;
	return false;
}

/* Turns until nothing is due any more. */
static void turn_all(void)
{
	unsigned int visits;

	do {
		visits = expiry_turn(&world.wheel, &world.table, world.now, visit, &world);
		assert_true(visits <= EXPIRY_VISITS);
	} while (visits == EXPIRY_VISITS);
	assert_int_equal(world.wheel.now, world.now);
}

static void nothing_is_due(void)
{
	uint32_t count = 0;

	for (uint32_t index = 0; index < world.table.line_count; index++) {
		if (!world.there[index])
			continue;
		count++;
		assert_false(expiry_is_past(world.put[index], world.now));
		/* Nor has anything expired, but what was put in with no time left. */
		assert_true(
			(int32_t)(world.now - flow_at(&world.table, index)->request.expires) <= 0);
	}
	assert_int_equal(count, world.flows);
}

static void random_steps_agree_with_the_model(void **state)
{
	(void)state;
	const char *seed_text = getenv("SEED"), *steps_text = getenv("STEPS");
	uint64_t seed = seed_text ? strtoull(seed_text, NULL, 0) : 1;
	uint32_t steps = steps_text ? (uint32_t)strtoul(steps_text, NULL, 0) : 20000, full = 0;

	print_message("SEED=%ju STEPS=%u\n", (uintmax_t)seed, steps);
	random_seed(seed);
	world.random = true;
	for (uint32_t step = 0; step < steps; step++) {
		uint32_t index = any();

		for (uint32_t i = random_below(60); i > 0; i--)
			full += add(random_below(3) ? random_below(400) : random_below(10000)) ==
				FLOW_NONE;
		/* A packet. */
		if (index != FLOW_NONE)
			set_time(index, world.now + random_below(random_below(2) ? 20 : 8000));
		if (random_below(3) == 0)
			take_out_any();
		world.now += random_below(4);
		/* A worker that was stopped; for less than a round, and for more. */
		if (random_below(500) == 0)
			world.now += random_below(random_below(2) ? 250 : 5000);
		turn_all();
		if (step % 16 == 0)
			nothing_is_due();
	}
	/* Time has wrapped, the table was full, flows ended and were put in again. */
	assert_true(world.now < START && full > 0);
	assert_true(world.ended > steps && world.kept > steps / 2 && world.hastened > steps / 8);
	while (world.flows)
		take_out_any();
	assert_int_equal(count_free_chunks(), world.wheel.chunk_count);
}

static void a_flow_is_visited_at_its_tick(void **state)
{
	(void)state;
	static const uint32_t delays[] = {0, 1, 2, 7, 200, 254, 255};

	for (size_t i = 0; i < ARRAY_LENGTH(delays); i++) {
		uint32_t wanted = MAX(delays[i], 1u);

		add(delays[i]);
		for (uint32_t ticks = 1; ticks <= wanted; ticks++) {
			world.now++;
			turn_all();
			assert_int_equal(world.flows, ticks < wanted);
		}
	}
	assert_int_equal(world.visits, ARRAY_LENGTH(delays));
}

/* An hour with a packet each second costs a visit each span, and it ends in time after the last. */
static void a_long_connection_costs_a_visit_each_span(void **state)
{
	(void)state;
	enum {
		HOUR = 3600 * EXPIRY_TICKS_PER_SECOND,
		TIMEOUT = 900 * EXPIRY_TICKS_PER_SECOND
	};
	uint32_t index = add(TIMEOUT), last;

	for (uint32_t tick = 0; tick < HOUR; tick++) {
		world.now++;
		if (tick % EXPIRY_TICKS_PER_SECOND == 0)
			flow_at(&world.table, index)->request.expires = world.now + TIMEOUT;
		turn_all();
	}
	assert_int_equal(world.visits, HOUR / EXPIRY_SPAN);
	last = flow_at(&world.table, index)->request.expires;
	while (world.flows) {
		world.now++;
		turn_all();
	}
	assert_int_equal(world.now, last);
}

/* Closed right after a visit: gone when its time is over, and one visit is all that it took. */
static void a_shortened_time_is_met(void **state)
{
	(void)state;
	uint32_t index = add(100000), visits;

	while (!world.visits) {
		world.now++;
		turn_all();
	}
	visits = world.visits;
	set_time(index, world.now + 10);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(world.flows, 1);
		world.now++;
		turn_all();
	}
	assert_int_equal(world.flows, 0);
	assert_int_equal(world.visits, visits + 1);
}

/* What stands no farther ahead than it must stays where it is. */
static void a_flow_is_moved_only_to_be_sooner(void **state)
{
	(void)state;
	static const uint32_t longer[] = {50, 51, 254, 255, 256, 100000};
	uint32_t other = add(50), index = add(50), place;

	place = flow_at(&world.table, index)->request.wheel_place;
	for (size_t i = 0; i < ARRAY_LENGTH(longer); i++) {
		flow_at(&world.table, index)->request.expires = world.now + longer[i];
		expiry_hasten(&world.wheel, &world.table, index);
		assert_int_equal(flow_at(&world.table, index)->request.wheel_place, place);
	}
	set_time(index, world.now + 49);
	assert_int_not_equal(flow_at(&world.table, index)->request.wheel_place, place);
	/* Also while its bucket is behind, and being emptied. */
	for (uint32_t i = 0; i < EXPIRY_VISITS; i++)
		add(49);
	world.now += 49;
	assert_int_equal(
		expiry_turn(&world.wheel, &world.table, world.now, visit, &world), EXPIRY_VISITS);
	assert_int_equal(world.flows, 2);
	set_time(index, world.now - 5);
	turn_all();
	assert_int_equal(world.flows, 1);
	assert_true(world.there[other]);
}

/* What is due at one tick and too much for one turn: goes on in the next ones, and new flows that
 * come meanwhile are not met. */
static void visits_of_a_turn_are_bounded(void **state)
{
	(void)state;
	const uint32_t count = 1000, most = EXPIRY_VISITS;
	uint32_t turns = 0, newer = 0;

	for (uint32_t i = 0; i < count; i++)
		add(10);
	world.now += 20;
	while (world.flows > newer) {
		turns++;
		assert_int_equal(expiry_turn(&world.wheel, &world.table, world.now, visit, &world),
			MIN(most, count - (turns - 1) * most));
		assert_int_equal(world.ended, MIN(turns * most, count));
		if (world.flows > newer)
			newer += add(50) != FLOW_NONE;
	}
	assert_int_equal(turns, (count + most - 1) / most);
	assert_int_equal(expiry_turn(&world.wheel, &world.table, world.now, visit, &world), 0);
	world.now += 50;
	turn_all();
	assert_int_equal(world.flows, 0);
}

/* A worker that was stopped for days finds all that was there, and what has not expired lives. */
static void a_long_stop_visits_all_and_ends_what_has_expired(void **state)
{
	(void)state;
	static const uint32_t stops[] = {255, 256, 257, 511, 512, 100000, 1000000000};

	for (size_t i = 0; i < ARRAY_LENGTH(stops); i++) {
		uint32_t kept;

		for (uint32_t ticks = 1; ticks < 600; ticks++)
			add(ticks % 250 + 1);
		kept = add(stops[i] + 2000);
		world.visits = 0;
		world.now += stops[i];
		turn_all();
		assert_int_equal(world.flows, 1);
		/* Each once, and what lives at most once more for each span that the wheel was behind. */
		assert_in_range(world.visits, 600, 602);
		expiry_remove(&world.wheel, &world.table, kept);
		forget(kept);
	}
}

/* The clock may not go back; if it does nothing happens until it is where it was. */
static void an_earlier_tick_does_nothing(void **state)
{
	(void)state;
	add(5);
	world.now += 3;
	turn_all();
	assert_int_equal(expiry_turn(&world.wheel, &world.table, world.now - 2, visit, &world), 0);
	assert_int_equal(world.wheel.now, world.now);
	world.now += 2;
	turn_all();
	assert_int_equal(world.flows, 0);
}

/* As many flows as the wheel has room for, in the worst places: a chunk begun in each bucket. */
static void there_are_chunks_enough_for_all_flows(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < FLOWS; i++)
		assert_int_not_equal(add(i % 99 == 0 ? i / 99 : 31 + i % EXPIRY_SPAN), FLOW_NONE);
	assert_int_equal(add(1), FLOW_NONE);
	assert_true(count_free_chunks() > 0);
	world.now += EXPIRY_SPAN;
	turn_all();
	/* All in one bucket, and out by all ways. */
	while (world.flows)
		take_out_any();
	for (uint32_t i = 0; i < FLOWS; i++)
		assert_int_not_equal(add(9), FLOW_NONE);
	for (uint32_t i = 0; i < FLOWS / 2; i++)
		take_out_any();
	world.now += 9;
	turn_all();
	assert_int_equal(world.flows, 0);
	assert_int_equal(count_free_chunks(), world.wheel.chunk_count);
}

static void too_many_flows_are_refused(void **state)
{
	(void)state;
	struct expiry_wheel wheel = {};
	_cleanup_error_ struct error error = {};

	assert_int_equal(expiry_init(&wheel, UINT32_MAX, 0, &error), -ENOMEM);
	assert_non_null(strstr(error.text, "4294967295"));
	assert_null(wheel.chunks);
	expiry_clear(&wheel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(random_steps_agree_with_the_model, begin, end),
		cmocka_unit_test_setup_teardown(a_flow_is_visited_at_its_tick, begin, end),
		cmocka_unit_test_setup_teardown(
			a_long_connection_costs_a_visit_each_span, begin, end),
		cmocka_unit_test_setup_teardown(a_shortened_time_is_met, begin, end),
		cmocka_unit_test_setup_teardown(a_flow_is_moved_only_to_be_sooner, begin, end),
		cmocka_unit_test_setup_teardown(visits_of_a_turn_are_bounded, begin, end),
		cmocka_unit_test_setup_teardown(
			a_long_stop_visits_all_and_ends_what_has_expired, begin, end),
		cmocka_unit_test_setup_teardown(an_earlier_tick_does_nothing, begin, end),
		cmocka_unit_test_setup_teardown(there_are_chunks_enough_for_all_flows, begin, end),
		cmocka_unit_test(too_many_flows_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
