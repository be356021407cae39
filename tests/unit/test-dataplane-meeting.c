// SPDX-License-Identifier: GPL-2.0-or-later
/* New connections of one burst: destinations that are chosen ahead are those that would be chosen one by
 * one, and what comes twice is one connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "backends/dpdk/dataplane/meeting.h"
#include "base/macros.h"
#include "tests/unit/worker-fixture.h"

#define CLIENTS 7
#define MANY    27 /* more than are asked for ahead, and no burst */

static const uint16_t three[] = {1, 1, 1};

/* Each client comes twice, the second time before any connection is there. */
static void test_twice_in_a_burst(void **state _unused_)
{
	open_worker(FORWARD_METHOD_NAT);
	serve(fixture_image("rr", 0, three, 3));
	for (uint8_t i = 0; i < CLIENTS; i++) {
		put(i, SYN);
		put(i, SYN);
	}
	run();
	assert_int_equal(w->worker.ports[0].count, 2 * CLIENTS);
	assert_int_equal(w->worker.flows.used, 2 * CLIENTS);
	assert_int_equal(atomic_load(&w->worker.counters.connections), CLIENTS);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		assert_int_equal(server_of(2 * i), i % 3);
		assert_int_equal(server_of(2 * i + 1), i % 3);
	}
	close_worker();
}

/* What begins no connection takes no turn. */
static void test_strays(void **state _unused_)
{
	open_worker(FORWARD_METHOD_NAT);
	serve(fixture_image("rr", 0, three, 3));
	put(0, SYN);
	put(1, ACK);
	put(2, SYN);
	struct packet packets[3];
	struct meeting meetings[3];
	const uint8_t places[] = {0, 1, 2};

	for (unsigned int i = 0; i < 3; i++) {
		packet_parse(w->frames[i] + ROOM, 60, 0, false, &packets[i]);
		packets[i].hash = flow_hash(&w->worker.flows, &packets[i].key);
	}
	packets[2].key.destination[3] ^= 1;
	meeting_look_all(&w->worker, packets, places, 3, false, meetings);
	assert_int_equal(meetings[0].choice.member, 0);
	assert_int_equal(meetings[1].choice.member, SCHEDULER_NONE);
	assert_non_null(meetings[1].image);
	assert_null(meetings[2].image);
	assert_int_equal(w->turns[0].position, 1);
	close_worker();
}

/* Of `count` packets that begin a connection each, how many have a choice. */
static unsigned int choices(bool handed_over, uint8_t count)
{
	static const uint8_t places[] = {0, 1, 2, 3, 4, 5, 6, 7};
	struct packet packets[8];
	struct meeting meetings[8];
	unsigned int chosen = 0;

	w->count = 0;
	for (uint8_t i = 0; i < count; i++) {
		put(i, SYN);
		packet_parse(w->frames[i] + ROOM, 60, 0, false, &packets[i]);
		packets[i].hash = flow_hash(&w->worker.flows, &packets[i].key);
	}
	meeting_look_all(&w->worker, packets, places, count, handed_over, meetings);
	for (uint8_t i = 0; i < count; i++) {
		chosen += meetings[i].choice.member != SCHEDULER_NONE;
		if (handed_over)
			assert_int_equal(meetings[i].owner, w->worker.index);
		else if (meetings[i].owner != w->worker.index)
			assert_int_equal(meetings[i].choice.member, SCHEDULER_NONE);
	}
	return chosen;
}

/* Another worker's are not chosen for, unless they were handed over to this one. */
static void test_owners(void **state _unused_)
{
	open_worker(FORWARD_METHOD_DIRECT);
	serve(fixture_image("rr", 0, three, 3));
	w->plane.worker_count = 2;
	w->plane.owner_keys[0] = 0;
	w->plane.owner_keys[1] = UINT64_C(0x9e3779b97f4a7c15);
	w->plane.owner_keys[2] = UINT64_C(0xbf58476d1ce4e5b9);
	unsigned int mine = choices(false, 8);
	assert_in_range(mine, 1, 7);
	assert_int_equal(w->turns[0].position, mine % 3 ? mine % 3 : 3);
	assert_int_equal(choices(true, 8), 8);
	close_worker();
}

/* What counts connections, or templates, must see those that the burst made before. */
static void test_late_choices(void **state _unused_)
{
	static const char *const late[] = {"lc", "wlc", "sed", "nq", "ovf"};
	static const char *const early[] = {"rr", "wrr", "sh", "dh", "mh", "fo"};
	struct service_member *members = fixture_members(three, 3);

	for (size_t i = 0; i < ARRAY_LENGTH(late) + ARRAY_LENGTH(early); i++) {
		bool is_early = i >= ARRAY_LENGTH(late);

		open_worker(FORWARD_METHOD_DIRECT);
		serve(fixture_image(
			is_early ? early[i - ARRAY_LENGTH(late)] : late[i], 0, three, 3));
		assert_int_equal(choices(false, 4), is_early ? 4 : 0);
		close_worker();
	}
	members[1].upper_threshold = 5;
	open_worker(FORWARD_METHOD_DIRECT);
	serve(fixture_image_after(NULL, "rr", 0, members, 3));
	assert_int_equal(choices(false, 4), 0);
	close_worker();
}

/* Least connections over one burst: one each. */
static void test_least_connections(void **state _unused_)
{
	open_worker(FORWARD_METHOD_NAT);
	struct slot_counts *rows[] = {w->counts};

	w->plane.view = (struct scheduler_view){rows, 1};
	serve(fixture_image("lc", 0, three, 3));
	for (uint8_t i = 0; i < 6; i++)
		put(i, SYN);
	run();
	unsigned int got[3] = {};
	for (unsigned int i = 0; i < 6; i++)
		got[server_of(i)]++;
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(got[i], 2);
	close_worker();
}

/* The flow of what the server that this client's frame went to will answer, from this port. */
static uint32_t find_reply(uint8_t client, uint16_t port)
{
	const struct rte_mbuf *buffer = w->worker.ports[0].waiting[client];
	struct flow_key key = {
		.source_port = port,
		.destination = {10, 0, 0, client},
		.destination_port = htons(12345),
		.protocol = IPPROTO_TCP,
		.family = AF_INET,
	};

	memcpy(key.source, rte_pktmbuf_mtod_offset(buffer, const uint8_t *, 30), 4);
	return flow_find(&w->worker.flows, &key, flow_hash(&w->worker.flows, &key));
}

/* A burst of connections, of which each knows its answers; `port` is the servers', in network order. */
static void meet_many(const char *scheduler, uint16_t port)
{
	open_worker(FORWARD_METHOD_NAT);
	struct slot_counts *rows[] = {w->counts};

	w->plane.view = (struct scheduler_view){rows, 1};
	for (uint32_t i = 0; i < FIXTURE_SLOTS; i++)
		fixture_slot_array[i].port = port;
	serve(fixture_image(scheduler, 0, three, 3));
	for (uint8_t i = 0; i < MANY; i++)
		put(i, SYN);
	run();
	assert_int_equal(w->worker.flows.used, 2 * MANY);
	for (uint8_t i = 0; i < MANY; i++) {
		uint32_t reply = find_reply(i, port ? port : htons(80));

		assert_int_not_equal(reply, FLOW_NONE);
		const struct flow *flow = flow_at(&w->worker.flows, reply);
		assert_int_equal(flow->kind, FLOW_KIND_REPLY);
		assert_int_equal(flow_at(&w->worker.flows, flow->peer)->peer, reply);
	}
	close_worker();
}

/* Whether their destinations are chosen ahead or one by one. */
static void test_replies(void **state _unused_)
{
	meet_many("rr", htons(8080));
	meet_many("rr", 0);
	meet_many("lc", htons(8080));
	meet_many("lc", 0);
}

/* Two packets of one connection whose destination is gone: the first ends it and begins another. */
static void test_gone(void **state _unused_)
{
	open_worker(FORWARD_METHOD_NAT);
	serve(fixture_image("rr", 0, three, 3));
	put(1, SYN);
	run();
	assert_int_equal(server_of(0), 0);
	atomic_store(&fixture_slot_array[FIXTURE_SLOTS - 1].state, SLOT_STATE_DEAD);
	w->count = 0;
	put(1, SYN);
	put(1, SYN);
	run();
	assert_int_equal(w->worker.ports[0].count, 3);
	assert_int_equal(server_of(1), 1);
	assert_int_equal(server_of(2), 1);
	assert_int_equal(w->worker.flows.used, 2);
	close_worker();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_twice_in_a_burst),
		cmocka_unit_test(test_strays),
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_late_choices),
		cmocka_unit_test(test_least_connections),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
