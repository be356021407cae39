// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of flows, beside a plain model: a list of all keys. STEPS (300,000) of SEED; a failure has printed it.
 *
 * What stands in which chain is no secret for a test: keys that share a head are found by trying. */
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
#include "backends/dpdk/dataplane/flow.h"
#include "backends/dpdk/dataplane/transport.h"
#include "base/macros.h"
#include "tests/support/random.h"

/* The `number`th of a sequence of keys; every other one of IPv6. */
static struct flow_key key_of(uint32_t number)
{
	struct flow_key key = {.protocol = number & 2 ? IPPROTO_UDP : IPPROTO_TCP};
	size_t size = number & 1 ? 16 : 4;

	key.family = number & 1 ? AF_INET6 : AF_INET;
	memcpy(key.source + size - 4, &(uint32_t){htonl(0x0a000000 + (number >> 2))}, 4);
	memcpy(key.destination + size - 4, &(uint32_t){htonl(0xcb007100)}, 4);
	key.source_port = htons((uint16_t)(1024 + number % 60000));
	key.destination_port = htons(80);
	return key;
}

static void open_table(struct flow_table *table, uint32_t flows)
{
	*table = (struct flow_table){};
	assert_int_equal(flow_table_init(table, flows, NULL), 0);
}

static uint32_t insert(struct flow_table *table, const struct flow_key *key)
{
	return flow_insert(table, key, flow_hash(table, key), FLOW_KIND_REQUEST);
}

static uint32_t find(const struct flow_table *table, const struct flow_key *key)
{
	return flow_find(table, key, flow_hash(table, key));
}

static uint32_t insert_number(struct flow_table *table, uint32_t number)
{
	struct flow_key key = key_of(number);

	return insert(table, &key);
}

static uint32_t find_number(const struct flow_table *table, uint32_t number)
{
	struct flow_key key = key_of(number);

	return find(table, &key);
}

/* The next number after `number` whose key belongs to this head. */
static uint32_t next_of_head(const struct flow_table *table, uint32_t head, uint32_t number)
{
	for (;;) {
		struct flow_key key = key_of(++number);

		if (flow_head(table, flow_hash(table, &key)) == head)
			return number;
	}
}

static uint32_t count_free_chained(const struct flow_table *table)
{
	uint32_t count = 0;

	for (uint32_t at = table->free; at != FLOW_NONE; at = flow_at(table, at)->next) {
		assert_in_range(at, table->heads, table->line_count - 1);
		assert_true(count++ <= table->line_count);
	}
	return count;
}

/* Every line is a flow that is found, an empty head, or on the list of free ones, and no other. */
static void check_table(const struct flow_table *table)
{
	uint32_t used = 0, chained = 0;

	for (uint32_t i = 0; i < table->line_count; i++) {
		const struct flow *line = flow_at(table, i);

		if (line->kind == FLOW_KIND_FREE) {
			assert_int_equal(line->key.family, 0);
			continue;
		}
		used++;
		chained += i >= table->heads;
		assert_int_equal(find(table, &line->key), i);
	}
	assert_int_equal(used, table->used);
	assert_int_equal(chained + count_free_chained(table), table->line_count - table->heads);
}

static void a_new_flow_is_all_zero_but_for_what_it_is(void **state)
{
	(void)state;
	struct flow_table table;
	struct flow_key key = key_of(1);

	open_table(&table, 16);
	for (int round = 0; round < 2; round++) {
		uint32_t index =
			flow_insert(&table, &key, flow_hash(&table, &key), FLOW_KIND_REPLY);
		struct flow *flow = flow_at(&table, index);
		struct flow expected = {
			.key = key, .next = FLOW_NONE, .peer = FLOW_NONE, .kind = FLOW_KIND_REPLY};

		assert_memory_equal(flow, &expected, sizeof(expected));
		assert_int_equal(table.used, 1);
		/* What a flow was leaves nothing in the next one. */
		flow->slot = 7;
		flow->peer = 3;
		flow->state = 9;
		flow->flags = FLOW_FLAG_ACTIVE;
		flow->incarnation = 77;
		flow->reply.next_hop = flow->reply.route_version = 8;
		flow_remove(&table, index);
		assert_int_equal(find(&table, &key), FLOW_NONE);
		assert_int_equal(table.used, 0);
	}
	flow_table_clear(&table);
	assert_null(table.lines);
}

/* Three keys of one head: whichever goes first, the others are found, also behind an empty head; and
 * the line of the head is the next flow's. */
static void chains_outlive_what_is_taken_out(void **state)
{
	(void)state;
	static const uint8_t orders[][3] = {
		{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	struct flow_table table;
	uint32_t number = 0;

	open_table(&table, 64);
	for (size_t order = 0; order < ARRAY_LENGTH(orders); order++) {
		uint32_t head = (uint32_t)order * 7, indexes[3];
		struct flow_key keys[3];

		for (int i = 0; i < 3; i++) {
			number = next_of_head(&table, head, number);
			keys[i] = key_of(number);
			indexes[i] = insert(&table, &keys[i]);
		}
		assert_int_equal(indexes[0], head);
		assert_true(indexes[1] >= table.heads && indexes[2] >= table.heads);
		for (int gone = 0; gone < 3; gone++) {
			flow_remove(&table, indexes[orders[order][gone]]);
			for (int i = 0; i <= gone; i++)
				assert_int_equal(find(&table, &keys[orders[order][i]]), FLOW_NONE);
			for (int i = gone + 1; i < 3; i++)
				assert_int_equal(find(&table, &keys[orders[order][i]]),
					indexes[orders[order][i]]);
			check_table(&table);
		}
	}
	flow_table_clear(&table);
}

static void an_empty_head_takes_the_next_flow_before_its_chain(void **state)
{
	(void)state;
	struct flow_table table;
	uint32_t number = 0, indexes[3];
	struct flow_key keys[4];

	open_table(&table, 64);
	for (int i = 0; i < 4; i++) {
		number = next_of_head(&table, 5, number);
		keys[i] = key_of(number);
	}
	for (int i = 0; i < 3; i++)
		indexes[i] = insert(&table, &keys[i]);
	flow_remove(&table, indexes[0]);
	assert_int_equal(insert(&table, &keys[3]), 5);
	assert_int_equal(find(&table, &keys[1]), indexes[1]);
	assert_int_equal(find(&table, &keys[2]), indexes[2]);
	assert_int_equal(find(&table, &keys[0]), FLOW_NONE);
	check_table(&table);
	flow_table_clear(&table);
}

static void the_limit_is_reached_and_kept(void **state)
{
	(void)state;
	static const uint32_t limits[] = {1, 2, 7, 300, 1024, 5000};

	for (size_t i = 0; i < ARRAY_LENGTH(limits); i++) {
		struct flow_table table;
		struct flow_key key = key_of(limits[i]);

		open_table(&table, limits[i]);
		for (uint32_t number = 0; number < limits[i]; number++)
			assert_int_not_equal(insert_number(&table, number), FLOW_NONE);
		assert_int_equal(insert(&table, &key), FLOW_NONE);
		assert_int_equal(table.used, limits[i]);
		check_table(&table);
		flow_remove(&table, find_number(&table, 0));
		assert_int_not_equal(insert(&table, &key), FLOW_NONE);
		check_table(&table);
		flow_table_clear(&table);
	}
}

/* Below the limit, but all chained lines are taken: refused, and nothing has changed. */
static void without_chained_lines_nothing_changes(void **state)
{
	(void)state;
	struct flow_table table;
	uint32_t number = 0, free;
	struct flow_key key;

	open_table(&table, 64);
	free = table.free;
	number = next_of_head(&table, 3, number);
	key = key_of(number);
	insert(&table, &key);
	table.free = FLOW_NONE;
	key = key_of(next_of_head(&table, 3, number));
	assert_int_equal(insert(&table, &key), FLOW_NONE);
	assert_int_equal(table.used, 1);
	assert_int_equal(flow_at(&table, 3)->next, FLOW_NONE);
	table.free = free;
	assert_int_not_equal(insert(&table, &key), FLOW_NONE);
	check_table(&table);
	flow_table_clear(&table);
}

#define MODEL_LIMIT 2048
#define MODEL_KEYS  6000

static void random_steps_agree_with_a_list(void **state)
{
	(void)state;
	static uint32_t indexes[MODEL_KEYS];
	const char *seed_text = getenv("SEED"), *steps_text = getenv("STEPS");
	uint64_t seed = seed_text ? strtoull(seed_text, NULL, 0) : 1;
	uint32_t steps = steps_text ? (uint32_t)strtoul(steps_text, NULL, 0) : 300000;
	struct flow_table table;
	uint32_t used = 0, refused = 0, chained = 0;

	print_message("SEED=%ju STEPS=%u\n", (uintmax_t)seed, steps);
	random_seed(seed);
	open_table(&table, MODEL_LIMIT);
	memset(indexes, 0xff, sizeof(indexes));
	for (uint32_t step = 0; step < steps; step++) {
		uint32_t number = random_below(MODEL_KEYS);
		struct flow_key key = key_of(number);

		assert_int_equal(find(&table, &key), indexes[number]);
		if (indexes[number] != FLOW_NONE) {
			/* What is said in it stays until it goes. */
			assert_int_equal(flow_at(&table, indexes[number])->slot, number);
			flow_remove(&table, indexes[number]);
			indexes[number] = FLOW_NONE;
			used--;
		} else {
			indexes[number] = insert(&table, &key);
			assert_int_equal(indexes[number] == FLOW_NONE, used == MODEL_LIMIT);
			refused += used == MODEL_LIMIT;
			if (indexes[number] == FLOW_NONE)
				continue;
			flow_at(&table, indexes[number])->slot = number;
			chained += indexes[number] >= table.heads;
			used++;
		}
		assert_int_equal(table.used, used);
		if (step % 10000 == 0)
			check_table(&table);
	}
	check_table(&table);
	for (uint32_t number = 0; number < MODEL_KEYS; number++)
		assert_int_equal(find_number(&table, number), indexes[number]);
	/* It was full, and chains were there. */
	assert_true(refused > steps / 100 && chained > steps / 10);
	flow_table_clear(&table);
}

/* A table at its limit, in which flows come and go for long: 44 % of them are chained, and chained
 * lines never run out. */
static void churn_does_not_use_up_the_chained_lines(void **state)
{
	(void)state;
	enum {
		LIMIT = 20000,
		ROUNDS = 20
	};
	static uint32_t indexes[LIMIT];
	struct flow_table table;
	uint32_t number = 0;

	random_seed(3);
	open_table(&table, LIMIT);
	for (; number < LIMIT; number++)
		indexes[number] = insert_number(&table, number);
	for (; number < LIMIT * ROUNDS; number++) {
		uint32_t *index = &indexes[random_below(LIMIT)];

		flow_remove(&table, *index);
		*index = insert_number(&table, number);
		assert_int_not_equal(*index, FLOW_NONE);
	}
	assert_in_range(table.line_count - table.heads - count_free_chained(&table),
		LIMIT * 42 / 100, LIMIT * 47 / 100);
	check_table(&table);
	flow_table_clear(&table);
}

static void a_connection_costs_256_bytes_at_most(void **state)
{
	(void)state;
	static const uint32_t limits[] = {1024, 10000, 1000000, 50000000};

	for (size_t i = 0; i < ARRAY_LENGTH(limits); i++) {
		size_t table = flow_table_size(limits[i]), wheel = expiry_size(limits[i]);

		assert_true(table <= (size_t)limits[i] / 2 * 240);
		/* With the wheel; its buckets have a chunk each however few flows there are. */
		if (limits[i] >= 10000)
			assert_true(table + wheel <= (size_t)limits[i] / 2 * 256);
	}
}

/* How the flows of `count` keys, `key(i)` each, lie over the heads: as balls that are thrown. */
static void check_spread(const char *what, struct flow_key (*key)(uint32_t number))
{
	enum {
		FLOWS = 1 << 14,
		HEADS = FLOWS / 4 * 5
	};
	static uint32_t counts[HEADS];
	struct flow_table table;
	uint32_t most = 0, empty = 0;
	double squares = 0;

	open_table(&table, FLOWS);
	assert_int_equal(table.heads, HEADS);
	memset(counts, 0, sizeof(counts));
	for (uint32_t i = 0; i < HEADS; i++) {
		struct flow_key one = key(i);

		counts[flow_head(&table, flow_hash(&table, &one))]++;
	}
	for (uint32_t i = 0; i < HEADS; i++) {
		most = MAX(most, counts[i]);
		empty += !counts[i];
		squares += (double)counts[i] * counts[i];
	}
	/* As many balls as boxes, thrown at random, give 2. */
	print_message("%s: %u of %u heads empty, the longest chain %u, squares %.2f\n", what, empty,
		HEADS, most, squares / HEADS);
	assert_true(squares / HEADS < 2.5);
	assert_true(most <= 16);
	flow_table_clear(&table);
}

static struct flow_key key_port(uint32_t number)
{
	struct flow_key key = key_of(0);

	key.source_port = (uint16_t)number;
	return key;
}

/* Two fields whose sum stays: a plain sum of words would not tell them apart. */
static struct flow_key key_opposed(uint32_t number)
{
	struct flow_key key = key_of(0);
	uint32_t words[2] = {0x0a000000 + number * 4096, 0x0b000000 - number * 4096};

	memcpy(key.source, words, 4);
	memcpy(key.destination, words + 1, 4);
	return key;
}

/* Source and destination exchanged in every other one. */
static struct flow_key key_mirrored(uint32_t number)
{
	struct flow_key key = key_of(number & ~1u), mirrored = key;

	if (!(number & 1))
		return key;
	memcpy(mirrored.source, key.destination, 16);
	memcpy(mirrored.destination, key.source, 16);
	mirrored.source_port = key.destination_port;
	mirrored.destination_port = key.source_port;
	return mirrored;
}

/* The highest bits of a word. */
static struct flow_key key_high_bits(uint32_t number)
{
	struct flow_key key = key_of(1);
	uint64_t bits = (uint64_t)number << 48;

	memcpy(key.source + 8, &bits, 8);
	return key;
}

/* The same number in every word. */
static struct flow_key key_equal_words(uint32_t number)
{
	struct flow_key key = key_of(1);

	for (int i = 0; i < 16; i += 4) {
		memcpy(key.source + i, &number, 4);
		memcpy(key.destination + i, &number, 4);
	}
	return key;
}

static void whatever_the_keys_they_spread(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		struct flow_key (*key)(uint32_t number);
	} rows[] = {
		{"addresses and ports that count", key_of},
		{"ports alone", key_port},
		{"words that add up", key_opposed},
		{"two directions", key_mirrored},
		{"high bits of hosts", key_high_bits},
		{"equal words", key_equal_words},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		check_spread(rows[i].what, rows[i].key);
}

/* Keys that share a head in one table are strangers in another: nothing is learned from one's own. */
static void collisions_of_one_table_are_none_of_another(void **state)
{
	(void)state;
	enum {
		FLOWS = 1 << 12,
		COLLIDING = 64
	};
	struct flow_table mine, theirs;
	uint32_t heads[COLLIDING], number = 0, same = 0;

	open_table(&mine, FLOWS);
	open_table(&theirs, FLOWS);
	for (uint32_t i = 0; i < COLLIDING; i++) {
		number = next_of_head(&mine, 0, number);
		struct flow_key key = key_of(number);

		heads[i] = flow_head(&theirs, flow_hash(&theirs, &key));
		for (uint32_t j = 0; j < i; j++)
			same += heads[i] == heads[j];
	}
	/* 2,016 pairs over 4,096 heads. */
	assert_true(same < 40);
	flow_table_clear(&mine);
	flow_table_clear(&theirs);
}

/* Of every bit of a key, and of every bit of the random numbers. */
static void every_bit_of_a_key_counts(void **state)
{
	(void)state;
	struct flow_table table;
	struct flow_key key = key_of(12345), copy = key_of(12345);
	uint32_t hash, same = 0;

	open_table(&table, 16);
	hash = flow_hash(&table, &key);
	for (size_t bit = 0; bit < sizeof(key) * 8; bit++) {
		struct flow_key other = key;

		((uint8_t *)&other)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(flow_key_equal(&key, &other));
		same += flow_hash(&table, &other) == hash;
	}
	/* The chance of one is 320 / 2^32. */
	assert_int_equal(same, 0);
	assert_true(flow_key_equal(&key, &copy));
	flow_table_clear(&table);
}

static struct flow *put_half_open(struct flow_table *table, uint32_t head, uint32_t *number,
	enum transport_state at, uint32_t expires)
{
	*number = next_of_head(table, head, *number);
	struct flow *flow = flow_at(table, insert_number(table, *number));

	flow->state = (uint8_t)at;
	flow->request.expires = expires;
	return flow;
}

static uint32_t hash_of_head(const struct flow_table *table, uint32_t head)
{
	return (uint32_t)((((uint64_t)head << 32) + table->heads - 1) / table->heads);
}

static void the_half_open_flow_that_is_nearest_to_its_end_makes_room(void **state)
{
	(void)state;
	struct flow_table table;
	uint32_t number = 0, heads, hash;
	struct flow *first, *second, *third;

	open_table(&table, 1000);
	heads = table.heads;
	hash = hash_of_head(&table, heads - 2);
	assert_int_equal(flow_head(&table, hash), heads - 2);
	assert_int_equal(flow_find_half_open(&table, hash), FLOW_NONE);

	/* What is not half-open is not found, however old; nor is a reply's flow. */
	put_half_open(&table, heads - 2, &number, TRANSPORT_STATE_TCP_ESTABLISHED, 1);
	put_half_open(&table, heads - 2, &number, TRANSPORT_STATE_UDP, 1);
	put_half_open(&table, heads - 1, &number, TRANSPORT_STATE_TCP_SYN_SENT, 1)->kind =
		FLOW_KIND_REPLY;
	assert_int_equal(flow_find_half_open(&table, hash), FLOW_NONE);

	/* Behind the end of the heads, where their begin is: heads - 2, its chain, heads - 1, 0 to 4. */
	third = put_half_open(&table, 4, &number, TRANSPORT_STATE_TCP_SYN_SENT, 30);
	assert_ptr_equal(flow_at(&table, flow_find_half_open(&table, hash)), third);
	second = put_half_open(&table, 2, &number, TRANSPORT_STATE_SCTP_INIT, 20);
	assert_ptr_equal(flow_at(&table, flow_find_half_open(&table, hash)), second);
	/* Ticks wrap: this one is earlier. */
	first = put_half_open(&table, 3, &number, TRANSPORT_STATE_TCP_SYN_RECEIVED, UINT32_MAX - 5);
	assert_ptr_equal(flow_at(&table, flow_find_half_open(&table, hash)), first);
	first->request.expires = 21;
	assert_ptr_equal(flow_at(&table, flow_find_half_open(&table, hash)), second);
	flow_remove(&table, (uint32_t)(second - table.lines));
	assert_ptr_equal(flow_at(&table, flow_find_half_open(&table, hash)), first);
	/* One line more in the chain, and 4 is the ninth. */
	flow_remove(&table, (uint32_t)(first - table.lines));
	assert_ptr_equal(flow_at(&table, flow_find_half_open(&table, hash)), third);
	first = put_half_open(&table, heads - 2, &number, TRANSPORT_STATE_TCP_ESTABLISHED, 1);
	assert_int_equal(flow_find_half_open(&table, hash), FLOW_NONE);
	/* In a chain. */
	first->state = TRANSPORT_STATE_TCP_SYN_RECEIVED;
	assert_true((uint32_t)(first - table.lines) >= heads);
	assert_ptr_equal(flow_at(&table, flow_find_half_open(&table, hash)), first);
	flow_table_clear(&table);
}

/* A full table of which nine in ten are half-open, and a flood that goes on for ten times as many: nearly
 * every one finds a place, none of the established goes, and chained lines do not run out. */
static void a_flood_takes_the_place_of_its_own_kind(void **state)
{
	(void)state;
	enum {
		LIMIT = 10000,
		ESTABLISHED = LIMIT / 10,
		FLOOD = LIMIT * 10
	};
	struct flow_table table;
	uint32_t refused = 0;

	open_table(&table, LIMIT);
	for (uint32_t i = 0; i < LIMIT + FLOOD; i++) {
		struct flow_key key = key_of(i);
		uint32_t hash = flow_hash(&table, &key), index, victim;

		index = flow_insert(&table, &key, hash, FLOW_KIND_REQUEST);
		if (i < LIMIT)
			assert_int_not_equal(index, FLOW_NONE);
		if (index == FLOW_NONE) {
			victim = flow_find_half_open(&table, hash);
			if (victim == FLOW_NONE) {
				refused++;
				continue;
			}
			flow_remove(&table, victim);
			index = flow_insert(&table, &key, hash, FLOW_KIND_REQUEST);
			assert_int_not_equal(index, FLOW_NONE);
		}
		flow_at(&table, index)->state = i < ESTABLISHED ? TRANSPORT_STATE_TCP_ESTABLISHED
								: TRANSPORT_STATE_TCP_SYN_SENT;
		flow_at(&table, index)->request.expires = i;
	}
	print_message("%u of %u refused\n", refused, FLOOD);
	assert_true(refused < FLOOD / 100);
	for (uint32_t i = 0; i < ESTABLISHED; i++)
		assert_int_not_equal(find_number(&table, i), FLOW_NONE);
	check_table(&table);
	flow_table_clear(&table);
}

static void more_flows_than_lines_can_be_counted_are_refused(void **state)
{
	(void)state;
	struct flow_table table = {};
	_cleanup_error_ struct error error = {};

	assert_int_equal(flow_table_init(&table, UINT32_MAX, &error), -ENOMEM);
	assert_non_null(strstr(error.text, "flows at most"));
	assert_null(table.lines);
	flow_table_clear(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_flow_is_all_zero_but_for_what_it_is),
		cmocka_unit_test(chains_outlive_what_is_taken_out),
		cmocka_unit_test(an_empty_head_takes_the_next_flow_before_its_chain),
		cmocka_unit_test(the_limit_is_reached_and_kept),
		cmocka_unit_test(without_chained_lines_nothing_changes),
		cmocka_unit_test(random_steps_agree_with_a_list),
		cmocka_unit_test(churn_does_not_use_up_the_chained_lines),
		cmocka_unit_test(a_connection_costs_256_bytes_at_most),
		cmocka_unit_test(whatever_the_keys_they_spread),
		cmocka_unit_test(collisions_of_one_table_are_none_of_another),
		cmocka_unit_test(every_bit_of_a_key_counts),
		cmocka_unit_test(the_half_open_flow_that_is_nearest_to_its_end_makes_room),
		cmocka_unit_test(a_flood_takes_the_place_of_its_own_kind),
		cmocka_unit_test(more_flows_than_lines_can_be_counted_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
