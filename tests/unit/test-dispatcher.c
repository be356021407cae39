// SPDX-License-Identifier: GPL-2.0-or-later
/* Receiving, without a socket: who a datagram is for, what becomes of it and how it is counted, what
 * is told and how often, and when a turn is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>

#include "base/memory.h"
#include "tests/support/advert.h"
#include "tests/support/allocations.h"
#include "vrrp/dispatcher.h"

#define MICROSECOND 1000ull
#define HOUR        TOLD_FOR_NS
#define NOW         (1000 * HOUR)
#define VRID        51 /* of the captures of IPv4 */
#define OTHER       52

/* ---- The budget ---- */

static void a_turn_ends_after_64_datagrams(void **state _unused_)
{
	struct dispatcher_budget budget = dispatcher_budget_begin(NOW);
	size_t total = 0, most;

	while ((most = dispatcher_budget_next(&budget, NOW)) > 0) {
		assert_true(most <= VRRP_BATCH_MOST);
		total += most;
		dispatcher_budget_spend(&budget, most);
	}
	assert_int_equal(total, 64);
}

static void a_turn_ends_after_500_microseconds(void **state _unused_)
{
	struct dispatcher_budget budget = dispatcher_budget_begin(NOW);

	assert_true(dispatcher_budget_next(&budget, NOW + 500 * MICROSECOND - 1) > 0);
	assert_int_equal(dispatcher_budget_next(&budget, NOW + 500 * MICROSECOND), 0);
	assert_int_equal(dispatcher_budget_next(&budget, NOW + HOUR), 0);
}

static void a_turn_takes_no_more_than_is_left(void **state _unused_)
{
	struct dispatcher_budget budget = dispatcher_budget_begin(NOW);

	dispatcher_budget_spend(&budget, 61);
	assert_int_equal(dispatcher_budget_next(&budget, NOW), 3);
	dispatcher_budget_spend(&budget, 1000);
	assert_int_equal(dispatcher_budget_next(&budget, NOW), 0);
}

/* ---- What was told ---- */

static struct told_key key(uint32_t peer, uint8_t vrid, uint8_t cause)
{
	return (struct told_key){
		.peer = address_from_bytes(AF_INET, &peer), .vrid = vrid, .cause = cause};
}

static enum told_answer ask(struct told *told, struct told_key asked, uint64_t now)
{
	return told_ask(told, &asked, now);
}

static void each_cause_and_peer_is_told_once(void **state _unused_)
{
	struct told told = {};

	for (int i = 0; i < 3; i++) {
		enum told_answer expected = i == 0 ? TOLD_NEW : TOLD_ALREADY;

		for (uint32_t peer = 1; peer <= 3; peer++)
			for (uint8_t vrid = 1; vrid <= 3; vrid++)
				for (uint8_t cause = 1; cause <= 3; cause++)
					assert_int_equal(
						ask(&told, key(peer * 7, vrid, cause), NOW),
						expected);
	}
	assert_int_equal(told.count, 27);
	/* However long ago, as long as there is room. */
	assert_int_equal(ask(&told, key(7, 1, 1), NOW + 1000 * HOUR), TOLD_ALREADY);
}

static void fill(struct told *told, uint64_t now)
{
	/* Not in the order in which they are kept. */
	for (uint32_t i = 0; i < TOLD_MOST; i++)
		assert_int_equal(ask(told, key(i * 2654435761u, VRID, 1), now),
			i < TOLD_MOST - 1 ? TOLD_NEW : TOLD_LAST);
}

static void a_full_one_tells_nothing_new(void **state _unused_)
{
	struct told told = {};

	fill(&told, NOW);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(ask(&told, key(i, OTHER, 2), NOW + HOUR - 1), TOLD_FULL);
	assert_int_equal(ask(&told, key(0, VRID, 1), NOW + HOUR - 1), TOLD_ALREADY);
	assert_int_equal(told.count, TOLD_MOST);
	assert_int_equal(told.refused, 1000);
}

static void a_full_one_begins_anew_after_an_hour(void **state _unused_)
{
	struct told told = {};

	fill(&told, NOW);
	fill(&told, NOW + HOUR);
	assert_int_equal(ask(&told, key(1, OTHER, 2), NOW + 2 * HOUR - 1), TOLD_FULL);
	assert_int_equal(ask(&told, key(1, OTHER, 2), NOW + 2 * HOUR), TOLD_NEW);
}

static void what_changed_is_told_anew(void **state _unused_)
{
	struct told told = {};

	fill(&told, NOW);
	told_forget(&told, OTHER);
	assert_int_equal(ask(&told, key(1, OTHER, 2), NOW), TOLD_FULL);
	told_forget(&told, VRID);
	assert_int_equal(told.count, 0);
	for (uint8_t vrid = 1; vrid <= 5; vrid++)
		assert_int_equal(ask(&told, key(1, vrid, 2), NOW), TOLD_NEW);
	told_forget(&told, 3);
	for (uint8_t vrid = 1; vrid <= 5; vrid++)
		assert_int_equal(
			ask(&told, key(1, vrid, 2), NOW), vrid == 3 ? TOLD_NEW : TOLD_ALREADY);
}

/* ---- What is heard ---- */

struct world {
	struct hearing hearing;
	struct advert advert;
	struct hearing_router router, other;
	struct vrrp_packet packet;
};

static int make(void **state)
{
	struct world *world = memory_new(sizeof(*world));

	advert_set(&world->advert, &advert_captures[ADVERT_V3_9568]);
	world->router.expected = world->other.expected = world->advert.expected;
	world->other.expected.vrid = OTHER;
	world->router.source = world->other.source = advert_address("192.0.2.9");
	assert_int_equal(hearing_add(&world->hearing, &world->router), 0);
	assert_int_equal(hearing_add(&world->hearing, &world->other), 0);
	*state = world;
	return 0;
}

static int drop(void **state)
{
	free(*state);
	return 0;
}

static struct hearing_verdict judge(struct world *world)
{
	return hearing_judge(&world->hearing, &world->advert.datagram, NOW, &world->packet);
}

/* All counters there are, but those of `router`. */
static uint64_t counted_elsewhere(
	const struct world *world, const struct hearing_router *router, bool unknown)
{
	const struct hearing_router *const routers[] = {&world->router, &world->other};
	uint64_t total = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(routers); i++) {
		if (routers[i] == router)
			continue;
		total += routers[i]->counters.heard + routers[i]->counters.own;
		for (int reject = 0; reject < VRRP_REJECT_COUNT; reject++)
			total += routers[i]->counters.rejected[reject];
	}
	for (int reject = 0; unknown && reject < VRRP_REJECT_COUNT; reject++)
		total += world->hearing.unknown[reject];
	return total;
}

static void the_router_is_found_by_vrid(void **state)
{
	struct world *world = *state;
	struct hearing_verdict verdict = judge(world);

	assert_int_equal(verdict.result, HEARING_HEARD);
	assert_ptr_equal(verdict.router, &world->router);
	assert_false(verdict.tell);
	assert_int_equal(world->packet.priority, 100);
	assert_int_equal(world->router.counters.heard, 1);
	assert_int_equal(counted_elsewhere(world, NULL, true), 1);

	world->advert.bytes[1] = OTHER;
	advert_sum(&world->advert);
	verdict = judge(world);
	assert_int_equal(verdict.result, HEARING_HEARD);
	assert_ptr_equal(verdict.router, &world->other);
	assert_int_equal(world->other.counters.heard, 1);
	assert_int_equal(counted_elsewhere(world, NULL, true), 2);
}

static void all_vrids_have_a_place(void **state)
{
	struct world *world = *state;
	static struct hearing_router routers[HEARING_VRIDS];

	hearing_remove(&world->router);
	hearing_remove(&world->other);
	assert_int_equal(hearing_add(&world->hearing, &routers[0]), -EINVAL);
	for (int vrid = 1; vrid < HEARING_VRIDS; vrid++) {
		routers[vrid].expected = world->advert.expected;
		routers[vrid].expected.vrid = (uint8_t)vrid;
		assert_int_equal(hearing_add(&world->hearing, &routers[vrid]), 0);
	}
	assert_int_equal(world->hearing.count, 255);
	for (int vrid = 1; vrid < HEARING_VRIDS; vrid++) {
		world->advert.bytes[1] = (uint8_t)vrid;
		advert_sum(&world->advert);
		assert_ptr_equal(judge(world).router, &routers[vrid]);
		assert_int_equal(routers[vrid].counters.heard, 1);
	}
	for (int vrid = 1; vrid < HEARING_VRIDS; vrid++)
		hearing_remove(&routers[vrid]);
	assert_int_equal(world->hearing.count, 0);
	assert_int_equal(judge(world).result, HEARING_REJECTED);
}

static void two_cannot_have_one_vrid(void **state)
{
	struct world *world = *state;
	struct hearing_router second = {.expected = world->advert.expected};

	assert_int_equal(hearing_add(&world->hearing, &second), -EEXIST);
	assert_null(second.hearing);
	assert_ptr_equal(judge(world).router, &world->router);
	hearing_remove(&world->router);
	hearing_remove(&world->router);
	assert_int_equal(world->hearing.count, 1);
	assert_int_equal(hearing_add(&world->hearing, &second), 0);
	assert_ptr_equal(judge(world).router, &second);
}

/* One way to spoil a datagram for each reason that a receiver of version 3 can have. */
struct spoil {
	enum vrrp_reject reject;
	void (*spoil)(struct advert *advert);
};

static void spoil_family(struct advert *advert)
{
	advert->datagram.destination = advert_address("ff02::12");
}

static void spoil_truncated(struct advert *advert)
{
	advert->datagram.truncated = true;
}

static void spoil_control(struct advert *advert)
{
	advert->datagram.control_truncated = true;
}

static void spoil_ttl(struct advert *advert)
{
	advert->datagram.ttl = 254;
}

static void spoil_version(struct advert *advert)
{
	advert->bytes[0] = 0x21;
}

static void spoil_type(struct advert *advert)
{
	advert->bytes[0] = 0x32;
}

static void spoil_length(struct advert *advert)
{
	advert->bytes[3] = 2;
}

static void spoil_checksum(struct advert *advert)
{
	advert->bytes[7] ^= 1;
}

static void spoil_destination(struct advert *advert)
{
	advert->datagram.destination = advert_address("192.0.2.9");
}

static void spoil_source(struct advert *advert)
{
	advert->datagram.source = advert_address("0.0.0.0");
}

static void spoil_interval(struct advert *advert)
{
	advert->bytes[5] = 0;
	advert_sum(advert);
}

static const struct spoil spoils[] = {
	{VRRP_REJECT_FAMILY, spoil_family},
	{VRRP_REJECT_TRUNCATED, spoil_truncated},
	{VRRP_REJECT_CONTROL, spoil_control},
	{VRRP_REJECT_TTL, spoil_ttl},
	{VRRP_REJECT_VERSION, spoil_version},
	{VRRP_REJECT_TYPE, spoil_type},
	{VRRP_REJECT_LENGTH, spoil_length},
	{VRRP_REJECT_CHECKSUM, spoil_checksum},
	{VRRP_REJECT_DESTINATION, spoil_destination},
	{VRRP_REJECT_SOURCE, spoil_source},
	{VRRP_REJECT_INTERVAL_ZERO, spoil_interval},
};

static void each_rejection_has_its_own_counter(void **state)
{
	struct world *world = *state;
	const struct hearing_counters *counters = &world->router.counters;
	uint64_t rejected = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(spoils); i++) {
		for (uint64_t times = 1; times <= 3; times++) {
			advert_set(&world->advert, &advert_captures[ADVERT_V3_9568]);
			spoils[i].spoil(&world->advert);
			struct hearing_verdict verdict = judge(world);

			assert_int_equal(verdict.result, HEARING_REJECTED);
			assert_int_equal(verdict.reject, spoils[i].reject);
			assert_ptr_equal(verdict.router, &world->router);
			assert_int_equal(verdict.vrid, VRID);
			/* Once for each cause; of this one, the peer is another. */
			assert_int_equal(verdict.tell, times == 1);
			assert_int_equal(counters->rejected[spoils[i].reject], times);
			rejected++;
		}
	}
	for (int reject = 0; reject < VRRP_REJECT_COUNT; reject++)
		rejected -= counters->rejected[reject];
	assert_int_equal(rejected, 0);
	assert_int_equal(counters->heard, 0);
	assert_int_equal(counted_elsewhere(world, &world->router, true), 0);
}

static void unknown_vrids_are_counted_for_the_socket(void **state)
{
	struct world *world = *state;
	struct hearing_verdict verdict;

	hearing_remove(&world->router);
	for (int i = 0; i < 5; i++) {
		verdict = judge(world);
		assert_int_equal(verdict.result, HEARING_REJECTED);
		assert_int_equal(verdict.reject, VRRP_REJECT_VRID);
		assert_null(verdict.router);
		assert_false(verdict.tell);
	}
	assert_int_equal(world->hearing.unknown[VRRP_REJECT_VRID], 5);
	spoil_checksum(&world->advert);
	assert_int_equal(judge(world).reject, VRRP_REJECT_CHECKSUM);
	assert_int_equal(world->hearing.unknown[VRRP_REJECT_CHECKSUM], 1);
	/* Not even a VRID. */
	world->advert.datagram.size = world->advert.datagram.length = 1;
	verdict = judge(world);
	assert_int_equal(verdict.reject, VRRP_REJECT_LENGTH);
	assert_int_equal(verdict.vrid, 0);
	assert_int_equal(world->hearing.unknown[VRRP_REJECT_LENGTH], 1);
	assert_int_equal(counted_elsewhere(world, NULL, false), 0);
}

static void unknown_vrids_are_told_when_asked(void **state)
{
	struct world *world = *state;

	hearing_remove(&world->router);
	assert_false(judge(world).tell);
	world->hearing.tell_unknown = true;
	assert_true(judge(world).tell);
	assert_false(judge(world).tell);
	world->advert.datagram.source = advert_address("192.0.2.7");
	assert_true(judge(world).tell);
	assert_false(judge(world).tell);
	/* Whatever else is wrong. */
	world->advert.datagram.ttl = 1;
	assert_false(judge(world).tell);
	/* Who asks again is told again. */
	hearing_tell_unknown(&world->hearing, true);
	assert_false(judge(world).tell);
	hearing_tell_unknown(&world->hearing, false);
	assert_false(judge(world).tell);
	hearing_tell_unknown(&world->hearing, true);
	assert_true(judge(world).tell);
}

/* Strangers fill their own list, so that what is wrong with a peer is told all the same. */
static void strangers_hide_no_peer(void **state)
{
	struct world *world = *state;
	struct address stranger = advert_address("198.51.100.0");

	hearing_tell_unknown(&world->hearing, true);
	hearing_remove(&world->router);
	for (uint8_t i = 0; i < TOLD_MOST; i++) {
		stranger.bytes[3] = i;
		world->advert.datagram.source = stranger;
		assert_true(judge(world).tell);
	}
	assert_int_equal(hearing_add(&world->hearing, &world->router), 0);
	world->advert.datagram.ttl = 1;
	assert_true(judge(world).tell);
}

/* What comes on and on is one series; a pause ends it, and so does another configuration. */
static void rejections_are_a_series(void **state)
{
	struct world *world = *state;
	const struct hearing_series *series = &world->router.rejected;

	world->router.patience = 5;
	world->advert.datagram.ttl = 1;
	assert_int_equal(series->at, 0);
	for (uint64_t now = NOW; now <= NOW + 20; now += 5) {
		(void)hearing_judge(&world->hearing, &world->advert.datagram, now, &world->packet);
		assert_int_equal(series->at, now);
		assert_int_equal(series->since, NOW);
		assert_int_equal(series->count, 1 + (now - NOW) / 5);
		assert_int_equal(series->reject, VRRP_REJECT_TTL);
		assert_true(address_equal(&series->source, &world->advert.datagram.source));
	}
	(void)hearing_judge(&world->hearing, &world->advert.datagram, NOW + 26, &world->packet);
	assert_int_equal(series->since, NOW + 26);
	assert_int_equal(series->count, 1);
	hearing_changed(&world->router);
	assert_int_equal(series->at, 0);
}

/* A unicast neighbour's TTL is the router's to judge, and here there is none. */
static void unknown_vrids_of_unicast_may_come_from_afar(void **state)
{
	struct world *world = *state;

	hearing_remove(&world->router);
	world->advert.datagram.ttl = 3;
	assert_int_equal(judge(world).reject, VRRP_REJECT_TTL);
	world->hearing.unicast = true;
	assert_int_equal(judge(world).reject, VRRP_REJECT_VRID);
}

static void what_came_back_is_counted_apart(void **state)
{
	struct world *world = *state;
	struct hearing_verdict verdict;

	world->advert.datagram.source = world->router.source;
	for (int i = 0; i < 3; i++) {
		verdict = judge(world);
		assert_int_equal(verdict.result, HEARING_OWN);
		assert_int_equal(verdict.tell, i == 0);
	}
	/* Whatever else is wrong with it. */
	spoil_checksum(&world->advert);
	assert_int_equal(judge(world).result, HEARING_OWN);
	assert_int_equal(world->router.counters.own, 4);
	assert_int_equal(counted_elsewhere(world, &world->router, true), 0);
	for (int reject = 0; reject < VRRP_REJECT_COUNT; reject++)
		assert_int_equal(world->router.counters.rejected[reject], 0);
}

/* What came back has the priority that was sent; what has another one is another machine's, with the same address. */
static void another_machine_may_have_its_address(void **state)
{
	struct world *world = *state;
	const struct hearing_series *series = &world->router.doubled;

	world->router.patience = 5;
	world->router.sends =
		vrrp_packet_priority(world->advert.datagram.data, world->advert.datagram.size);
	world->advert.datagram.source = world->router.source;
	(void)judge(world);
	assert_int_equal(series->at, 0);
	world->router.sends++;
	for (uint64_t now = NOW; now <= NOW + 5; now += 5)
		(void)hearing_judge(&world->hearing, &world->advert.datagram, now, &world->packet);
	assert_int_equal(series->since, NOW);
	assert_int_equal(series->at, NOW + 5);
	assert_int_equal(series->priority, world->router.sends - 1);
	assert_true(address_equal(&series->source, &world->router.source));
	assert_int_equal(world->router.counters.own, 3);
	hearing_changed(&world->router);
	assert_int_equal(series->at, 0);
}

static void no_source_is_not_our_own(void **state)
{
	struct world *world = *state;

	memset(&world->router.source, 0, sizeof(world->router.source));
	memset(&world->advert.datagram.source, 0, sizeof(world->advert.datagram.source));
	assert_int_equal(judge(world).result, HEARING_REJECTED);
	assert_int_equal(world->router.counters.rejected[VRRP_REJECT_FAMILY], 1);
}

static void another_configuration_is_told_anew(void **state)
{
	struct world *world = *state;

	spoil_ttl(&world->advert);
	assert_true(judge(world).tell);
	assert_false(judge(world).tell);
	hearing_changed(&world->other);
	assert_false(judge(world).tell);
	hearing_changed(&world->router);
	assert_true(judge(world).tell);
	assert_false(judge(world).tell);
	/* It has left and come back: its counters go on. */
	hearing_remove(&world->router);
	hearing_changed(&world->router);
	assert_int_equal(hearing_add(&world->hearing, &world->router), 0);
	assert_true(judge(world).tell);
	assert_int_equal(world->router.counters.rejected[VRRP_REJECT_TTL], 6);
}

/* Whoever makes up addresses: so many lines in the log, and not one more. */
static void strangers_do_not_flood_the_log(void **state)
{
	struct world *world = *state;
	uint64_t told = 0, last = 0;

	spoil_checksum(&world->advert);
	for (uint32_t i = 1; i <= 100000; i++) {
		world->advert.datagram.source = address_from_bytes(AF_INET, &i);
		struct hearing_verdict verdict = judge(world);

		told += verdict.tell;
		last += verdict.last;
	}
	assert_int_equal(told, TOLD_MOST);
	assert_int_equal(last, 1);
	assert_int_equal(world->router.counters.rejected[VRRP_REJECT_CHECKSUM], 100000);
	assert_int_equal(world->hearing.told.refused, 100000 - TOLD_MOST);
}

static void nothing_is_allocated_for_a_datagram(void **state)
{
	struct world *world = *state;
	size_t before = allocations;

	assert_true(before > 0);
	for (uint32_t i = 0; i < 10000; i++) {
		advert_set(&world->advert, &advert_captures[ADVERT_V3_9568]);
		world->advert.datagram.source = address_from_bytes(AF_INET, &(uint32_t){i + 1});
		if (i % 3 == 1)
			spoils[i % ARRAY_LENGTH(spoils)].spoil(&world->advert);
		world->advert.bytes[1] = i % 5 == 4 ? 99 : VRID;
		judge(world);
	}
	assert_int_equal(allocations, before);
	assert_true(world->router.counters.heard > 1000);
	assert_true(world->hearing.unknown[VRRP_REJECT_CHECKSUM] > 1000);
}

/* ---- The header of IPv4 ---- */

#define HEADER 20

/* With this many bytes of header, and of what follows. */
static void put_ipv4(uint8_t *bytes, size_t header, size_t size)
{
	const uint8_t addresses[] = {192, 0, 2, 1, 224, 0, 0, 18};

	memset(bytes, 0, header + size);
	bytes[0] = (uint8_t)(0x40 | header / 4);
	bytes[2] = (uint8_t)((header + size) >> 8);
	bytes[3] = (uint8_t)(header + size);
	bytes[8] = 255;
	bytes[9] = VRRP_PROTOCOL;
	memcpy(bytes + 12, addresses, sizeof(addresses));
	bytes[header] = 0x31;
}

static void the_header_of_ipv4_is_stripped(void **state _unused_)
{
	uint8_t bytes[100];
	const struct address source = advert_address("192.0.2.1");
	const struct address group = vrrp_group(AF_INET);

	for (size_t header = HEADER; header <= 60; header += 4) {
		put_ipv4(bytes, header, 12);
		struct vrrp_datagram datagram =
			vrrp_datagram_from_ipv4(bytes, header + 12, header + 12);

		assert_ptr_equal(datagram.data, bytes + header);
		assert_int_equal(datagram.size, 12);
		assert_int_equal(datagram.length, 12);
		assert_int_equal(datagram.ttl, 255);
		assert_true(address_equal(&datagram.source, &source));
		assert_true(address_equal(&datagram.destination, &group));
	}
	/* Cut: what came is longer than what is there. */
	put_ipv4(bytes, HEADER, 40);
	struct vrrp_datagram datagram = vrrp_datagram_from_ipv4(bytes, HEADER + 12, HEADER + 40);
	assert_int_equal(datagram.size, 12);
	assert_int_equal(datagram.length, 40);
}

/* What is spoiled of a good header, and the sizes that are told of it. */
struct bad_header {
	size_t at;
	uint8_t byte;
	size_t size, length;
};

static void a_broken_header_has_no_source(void **state _unused_)
{
	static const struct bad_header rows[] = {
		{0, 0x45, 0, 0}, {0, 0x45, HEADER - 1, HEADER - 1}, {0, 0x55, 32, 32}, /* version */
		{0, 0x44, 32, 32},                    /* header length */
		{0, 0x40, 32, 32}, {0, 0x4f, 32, 32}, /* past the end */
		{3, 31, 32, 32},                      /* total length */
		{3, 33, 32, 32}, {9, 1, 32, 32},      /* protocol */
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		uint8_t *exact = malloc(rows[i].size + 1), bytes[32];

		put_ipv4(bytes, HEADER, 12);
		bytes[rows[i].at] = rows[i].byte;
		memcpy(exact, bytes, rows[i].size);
		/* So that a sanitizer sees a read past them. */
		exact = realloc(exact, rows[i].size ? rows[i].size : 1);
		struct vrrp_datagram datagram =
			vrrp_datagram_from_ipv4(exact, rows[i].size, rows[i].length);

		assert_int_equal(datagram.source.family, AF_UNSPEC);
		assert_int_equal(datagram.size, 0);
		assert_int_equal(datagram.ttl, -1);
		free(exact);
	}
}

static void places_have_an_order(void **state _unused_)
{
	const struct vrrp_place places[] = {
		{AF_INET, 0, advert_address("192.0.2.1")},
		{AF_INET, 0, advert_address("192.0.2.2")},
		{AF_INET, 2, {}},
		{AF_INET, 3, {}},
		{AF_INET6, 0, advert_address("2001:db8::1")},
		{AF_INET6, 2, {}},
		{AF_INET6, 2, advert_address("fe80::1")},
		{AF_INET6, 3, {}},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
		for (size_t j = 0; j < ARRAY_LENGTH(places); j++)
			assert_int_equal(vrrp_place_compare(&places[i], &places[j]), COMPARE(i, j));
}

#define TEST(test)       cmocka_unit_test(test)
#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_turn_ends_after_64_datagrams),
		TEST(a_turn_ends_after_500_microseconds),
		TEST(a_turn_takes_no_more_than_is_left),
		TEST(each_cause_and_peer_is_told_once),
		TEST(a_full_one_tells_nothing_new),
		TEST(a_full_one_begins_anew_after_an_hour),
		TEST(what_changed_is_told_anew),
		WORLD_TEST(the_router_is_found_by_vrid),
		WORLD_TEST(all_vrids_have_a_place),
		WORLD_TEST(two_cannot_have_one_vrid),
		WORLD_TEST(each_rejection_has_its_own_counter),
		WORLD_TEST(unknown_vrids_are_counted_for_the_socket),
		WORLD_TEST(unknown_vrids_are_told_when_asked),
		WORLD_TEST(strangers_hide_no_peer),
		WORLD_TEST(rejections_are_a_series),
		WORLD_TEST(unknown_vrids_of_unicast_may_come_from_afar),
		WORLD_TEST(what_came_back_is_counted_apart),
		WORLD_TEST(another_machine_may_have_its_address),
		WORLD_TEST(no_source_is_not_our_own),
		WORLD_TEST(another_configuration_is_told_anew),
		WORLD_TEST(strangers_do_not_flood_the_log),
		WORLD_TEST(nothing_is_allocated_for_a_datagram),
		TEST(the_header_of_ipv4_is_stripped),
		TEST(a_broken_header_has_no_source),
		TEST(places_have_an_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
