// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of next hops: against a plain model, and read by other threads while it changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "backends/dpdk/dataplane/next_hop.h"
#include "base/macros.h"

#define ROUNDS 20000
#define NAMES  400
#define FIRST  (2 * NEXT_HOP_PORTS)
#define COUNT  (FIRST + NAMES)

/* The n-th neighbour, and his link address. */
static struct address name_of(uint32_t n)
{
	struct address address = {.family = n % 2 ? AF_INET6 : AF_INET};

	if (n % 2)
		address.bytes[15] = (uint8_t)(n / 8), address.bytes[0] = 0x20;
	else
		address.bytes[3] = (uint8_t)(n / 8), address.bytes[0] = 10;
	return address;
}

static uint8_t port_of(uint32_t n)
{
	return (uint8_t)(n / 2 % 4);
}

static void link_of(uint32_t n, uint8_t link[6])
{
	memcpy(link, (uint8_t[6]){2, 0, 0, 0, (uint8_t)(n >> 8), (uint8_t)n}, 6);
}

static uint32_t find(const struct next_hop_table *table, uint32_t n)
{
	struct address address = name_of(n);

	return next_hop_find(table, port_of(n), (uint8_t)address.family, address.bytes);
}

static void test_word(void **state _unused_)
{
	const uint8_t link[6] = {1, 2, 3, 4, 5, 6};
	uint64_t word = next_hop_word(NEXT_HOP_STATE_KNOWN, 63, link);

	assert_memory_equal(&word, link, 6);
	assert_int_equal(next_hop_word_state(word), NEXT_HOP_STATE_KNOWN);
	assert_int_equal(next_hop_word_port(word), 63);
}

static void test_sizes(void **state _unused_)
{
	struct next_hop_table table;

	assert_int_equal(next_hop_table_init(&table, FIRST), -EINVAL);
	assert_int_equal(next_hop_table_init(&table, NEXT_HOP_MOST + 1), -EINVAL);
}

static void test_reserved(void **state _unused_)
{
	struct next_hop_table table;

	assert_int_equal(next_hop_table_init(&table, FIRST + 1), 0);
	for (uint8_t port = 0; port < NEXT_HOP_PORTS; port++) {
		uint64_t local = next_hop_load(&table, next_hop_local(port));
		uint64_t unknown = next_hop_load(&table, next_hop_unknown(port));

		assert_int_equal(next_hop_word_state(local), NEXT_HOP_STATE_LOCAL);
		assert_int_equal(next_hop_word_port(local), port);
		assert_int_equal(next_hop_word_state(unknown), NEXT_HOP_STATE_UNKNOWN);
		assert_int_equal(next_hop_word_port(unknown), port);
	}
	assert_int_equal(next_hop_word_state(next_hop_load(&table, FIRST)), NEXT_HOP_STATE_FREE);
	next_hop_table_clear(&table);
}

static void test_used(void **state _unused_)
{
	struct address address = name_of(0);
	struct next_hop_table table;

	assert_int_equal(next_hop_table_init(&table, COUNT), 0);
	next_hop_insert(&table, FIRST, 0, &address);
	assert_false(next_hop_take_used(&table, FIRST));
	next_hop_use(&table, FIRST);
	next_hop_use(&table, FIRST);
	assert_true(next_hop_take_used(&table, FIRST));
	assert_false(next_hop_take_used(&table, FIRST));
	next_hop_table_clear(&table);
}

/* What is there, at its own index; taken out in between. */
static void test_random(void **state _unused_)
{
	const char *given = getenv("SEED");
	unsigned int seed = given ? (unsigned int)strtoul(given, NULL, 0) : 1;
	struct next_hop_table table;
	bool there[NAMES] = {};
	uint32_t version = 0;

	print_message("SEED=%u\n", seed);
	srandom(seed);
	assert_int_equal(next_hop_table_init(&table, COUNT), 0);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint32_t n = (uint32_t)random() % NAMES, other = (uint32_t)random() % NAMES;
		struct address address = name_of(n);
		uint8_t link[6];

		if (there[n]) {
			next_hop_remove(&table, FIRST + n);
			next_hop_free(&table, FIRST + n);
			version++;
		} else {
			next_hop_insert(&table, FIRST + n, port_of(n), &address);
			assert_int_equal(next_hop_word_state(next_hop_load(&table, FIRST + n)),
				NEXT_HOP_STATE_UNKNOWN);
			link_of(n, link);
			next_hop_publish(&table, FIRST + n, link);
		}
		there[n] = !there[n];
		assert_int_equal(next_hop_version(&table), version);
		assert_int_equal(find(&table, n), there[n] ? FIRST + n : NEXT_HOP_NONE);
		assert_int_equal(find(&table, other), there[other] ? FIRST + other : NEXT_HOP_NONE);
	}
	next_hop_table_clear(&table);
}

/* One thread makes and unmakes entries, which change places, with a "grace period" after each; others
 * look them up all the time: what they find is what they looked for. */

#define READERS 2

struct reading {
	struct next_hop_table *table;
	_Atomic uint64_t turns[READERS];
	_Atomic bool stop;
};

struct reader {
	struct reading *reading;
	unsigned int number;
	uint64_t found, wrong;
};

static void *read_on(void *data)
{
	struct reader *reader = data;
	struct reading *reading = reader->reading;

	while (!atomic_load(&reading->stop)) {
		for (uint32_t n = 0; n < NAMES; n++) {
			uint32_t at = find(reading->table, n);
			uint8_t link[6];
			uint64_t word;

			if (at == NEXT_HOP_NONE)
				continue;
			word = next_hop_load(reading->table, at);
			link_of(n, link);
			reader->found++;
			reader->wrong += next_hop_word_state(word) == NEXT_HOP_STATE_KNOWN &&
					 (memcmp(&word, link, 6) != 0 ||
						 next_hop_word_port(word) != port_of(n));
		}
		atomic_fetch_add(&reading->turns[reader->number], 1);
	}
	return NULL;
}

static void wait_for_grace(struct reading *reading)
{
	for (unsigned int i = 0; i < READERS; i++) {
		uint64_t turns = atomic_load(&reading->turns[i]);

		while (atomic_load(&reading->turns[i]) < turns + 2)
			sched_yield();
	}
}

/* Neighbour n is at FIRST + (n + shift) % NAMES; half of them are there. */
static void change(struct reading *reading, uint32_t shift)
{
	struct next_hop_table *table = reading->table;

	for (uint32_t n = shift % 2; n < NAMES; n += 2) {
		struct address address = name_of(n);
		uint8_t link[6];

		link_of(n, link);
		next_hop_insert(table, FIRST + (n + shift) % NAMES, port_of(n), &address);
		next_hop_publish(table, FIRST + (n + shift) % NAMES, link);
	}
	wait_for_grace(reading);
	for (uint32_t n = shift % 2; n < NAMES; n += 2)
		next_hop_remove(table, FIRST + (n + shift) % NAMES);
	wait_for_grace(reading);
	for (uint32_t n = shift % 2; n < NAMES; n += 2)
		next_hop_free(table, FIRST + (n + shift) % NAMES);
}

static void test_readers(void **state _unused_)
{
	struct next_hop_table table;
	struct reading reading = {.table = &table};
	struct reader readers[READERS] = {};
	pthread_t threads[READERS];

	assert_int_equal(next_hop_table_init(&table, COUNT), 0);
	for (unsigned int i = 0; i < READERS; i++) {
		readers[i] = (struct reader){&reading, i, 0, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, read_on, &readers[i]), 0);
	}
	for (uint32_t shift = 0; shift < 50; shift++)
		change(&reading, shift);
	atomic_store(&reading.stop, true);
	for (unsigned int i = 0; i < READERS; i++) {
		pthread_join(threads[i], NULL);
		assert_true(readers[i].found > 0);
		assert_int_equal(readers[i].wrong, 0);
	}
	next_hop_table_clear(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_word),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_used),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_readers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
