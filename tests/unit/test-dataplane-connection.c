// SPDX-License-Identifier: GPL-2.0-or-later
/* When connections end: each when the time of its last state is over, to the tick, however long it was to live
 * before; and what packets of a connection that goes on do to the wheel, which is nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/macros.h"
#include "tests/unit/worker-fixture.h"

static const uint16_t one[] = {1};

static void turn_at(uint32_t tick)
{
	w->worker.now = tick;
	expiry_turn(&w->worker.wheel, &w->worker.flows, tick, connection_visit, &w->worker);
}

/* A packet of the client, alone in its burst. */
static void say(uint8_t flags)
{
	w->count = 0;
	w->worker.ports[0].count = 0;
	put(1, flags);
	run();
	assert_int_equal(w->worker.ports[0].count, 1);
}

static void open_connection(enum forward_method method, const uint8_t *flags)
{
	open_worker(method);
	serve(fixture_image("rr", 0, one, 1));
	for (; *flags; flags++)
		say(*flags);
}

static const struct slot_counts *counts_here(void)
{
	return &w->counts[FIXTURE_SLOTS - 1];
}

static const struct flow *request_here(void)
{
	for (uint32_t i = 0; i < w->worker.flows.line_count; i++)
		if (flow_at(&w->worker.flows, i)->kind == FLOW_KIND_REQUEST)
			return flow_at(&w->worker.flows, i);
	fail_msg("there is no connection");
	return NULL;
}

static const struct {
	enum forward_method method;
	uint8_t begin[3], end;
	enum transport_state state;
} closings[] = {
	{FORWARD_METHOD_DIRECT, {SYN, ACK}, RST, TRANSPORT_STATE_TCP_CLOSE},
	{FORWARD_METHOD_DIRECT, {SYN}, RST, TRANSPORT_STATE_TCP_CLOSE},
	{FORWARD_METHOD_DIRECT, {SYN, ACK}, FIN | ACK, TRANSPORT_STATE_TCP_FIN_WAIT},
	{FORWARD_METHOD_NAT, {SYN}, RST, TRANSPORT_STATE_TCP_CLOSE},
};

static void test_closed_ends_in_time(void **state _unused_)
{
	static const uint32_t ages[] = {0, 1, 100, 255, 256, 300, 2000};

	for (size_t i = 0; i < ARRAY_LENGTH(closings) * ARRAY_LENGTH(ages); i++) {
		size_t which = i / ARRAY_LENGTH(ages);
		uint32_t tick = 0, over = ages[i % ARRAY_LENGTH(ages)];

		open_connection(closings[which].method, closings[which].begin);
		while (tick < over) {
			if (tick % 100 == 0)
				say(closings[which].method == FORWARD_METHOD_NAT ? SYN : ACK);
			turn_at(++tick);
		}
		say(closings[which].end);
		assert_int_equal(request_here()->state, closings[which].state);
		assert_int_equal(atomic_load(&counts_here()->active), 0);
		assert_int_equal(atomic_load(&counts_here()->inactive), 1);
		over += transport_timeouts_default.ticks[closings[which].state] + CONNECTION_SLACK;
		while (tick < over) {
			assert_true(w->worker.flows.used > 0);
			turn_at(++tick);
		}
		assert_int_equal(w->worker.flows.used, 0);
		assert_int_equal(atomic_load(&counts_here()->inactive), 0);
		close_worker();
	}
}

/* Packets leave it where it stands, and so does a state whose time is longer. */
static void test_packets_leave_the_wheel_alone(void **state _unused_)
{
	static const uint8_t begin[] = {SYN, 0};
	uint32_t place;

	open_connection(FORWARD_METHOD_DIRECT, begin);
	place = request_here()->request.wheel_place;
	for (uint32_t tick = 1; tick < EXPIRY_SPAN; tick++) {
		turn_at(tick);
		say(ACK);
		assert_int_equal(request_here()->request.wheel_place, place);
		assert_true(request_here()->request.expires - tick >
			    transport_timeouts_default.ticks[TRANSPORT_STATE_TCP_ESTABLISHED]);
	}
	/* Sooner than before, but later than a round. */
	say(FIN | ACK);
	assert_int_equal(request_here()->request.wheel_place, place);
	close_worker();
}

/* It is reset, begins anew in its place, and has all its time. */
static void test_begun_anew(void **state _unused_)
{
	static const uint8_t begin[] = {SYN, ACK, RST, SYN, ACK, 0};
	uint32_t over = transport_timeouts_default.ticks[TRANSPORT_STATE_TCP_ESTABLISHED] +
			CONNECTION_SLACK;

	open_connection(FORWARD_METHOD_DIRECT, begin);
	assert_int_equal(atomic_load(&w->worker.counters.connections), 2);
	for (uint32_t tick = 1; tick < over; tick++) {
		turn_at(tick);
		assert_int_equal(w->worker.flows.used, 1);
	}
	turn_at(over);
	assert_int_equal(w->worker.flows.used, 0);
	close_worker();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_closed_ends_in_time),
		cmocka_unit_test(test_packets_leave_the_wheel_alone),
		cmocka_unit_test(test_begun_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
