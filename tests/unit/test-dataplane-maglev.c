// SPDX-License-Identifier: GPL-2.0-or-later
/* Maglev tables: the same everywhere and for ever, even, and steady when destinations come and go. */
#include <arpa/inet.h>
#include <stdio.h>

#include "backends/dpdk/dataplane/maglev.h"
#include "base/macros.h"
#include "tests/unit/schedule-fixture.h"

#define CLIENTS 50000

static struct service_image *table_of(const uint16_t *weights, uint32_t count)
{
	return fixture_image("mh", 0, weights, count);
}

static uint64_t sum_of(const struct service_image *image)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325); /* FNV-1a, an entry at a time */

	for (uint32_t i = 0; i < image->table_size; i++)
		sum = (sum ^ image->table[i]) * UINT64_C(0x100000001b3);
	return sum;
}

/* Destination n is [2001:db8:1::n]:443. */
static void set_slots_ipv6(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct slot *slot = &fixture_slot_array[FIXTURE_SLOTS - 1 - i];

		fixture_set_slot(FIXTURE_SLOTS - 1 - i, i);
		memcpy(slot->address,
			(uint8_t[16]){
				0x20, 1, 0xd, 0xb8, 0, 1, [14] = (uint8_t)(i >> 8), (uint8_t)i},
			sizeof(slot->address));
		slot->family = AF_INET6;
		slot->port = htons(443);
	}
}

/* Other versions of poise on other nodes have these tables, and give these clients (10.0.0.0 to .15)
 * these destinations. They were computed by another program, from the description alone. */
static const struct {
	const char *name;
	uint32_t count;
	uint16_t weights[12]; /* as far as they go; then 1 */
	bool ipv6;
	uint32_t size;
	uint64_t sum;
	uint32_t clients[16];
} goldens[] = {
	{"ten", 10, {1, 1}, false, 2039, UINT64_C(0xc5cf5866d4eaef69),
		{6, 0, 0, 5, 9, 5, 7, 3, 4, 3, 8, 7, 8, 9, 6, 5}},
	{"weights, and one of 0", 6, {5, 0, 1, 3, 1, 2}, false, 2039, UINT64_C(0x8b367e0b2b1bca0f),
		{0, 0, 0, 5, 4, 3, 3, 3, 4, 3, 0, 0, 2, 5, 2, 5}},
	{"a hundred", 100, {1, 1}, false, 32749, UINT64_C(0x44c8b55a7906caa2),
		{81, 63, 41, 45, 77, 4, 90, 7, 65, 59, 51, 81, 84, 21, 66, 18}},
	{"IPv6", 12, {1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2}, true, 2039, UINT64_C(0xca5c9b92b3236c37),
		{4, 11, 1, 1, 11, 11, 4, 11, 6, 1, 7, 10, 3, 6, 2, 7}},
};

static void tables_are_for_ever(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(goldens); i++) {
		uint16_t weights[100];
		struct service_image *image;

		for (uint32_t k = 0; k < goldens[i].count; k++)
			weights[k] = k < 12 && goldens[i].count <= 12 && goldens[i].weights[2]
					     ? goldens[i].weights[k]
					     : 1;
		fixture_reset();
		if (goldens[i].ipv6)
			set_slots_ipv6(goldens[i].count);
		image = table_of(weights, goldens[i].count);
		printf("%s\n", goldens[i].name);
		assert_int_equal(image->table_size, goldens[i].size);
		assert_true(sum_of(image) == goldens[i].sum);
		for (uint32_t k = 0; k < 16; k++) {
			struct flow_key key = fixture_client(htonl(0x0a000000 + k), 0);
			uint32_t place = goldens[i].clients[k];

			assert_int_equal(image->scheduler->choose(image, NULL, &fixture_view, &key),
				weights[place] ? place : SCHEDULER_NONE);
		}
		service_image_unref(image);
	}
}

static void sizes_are_primes(void **state)
{
	static uint16_t weights[FIXTURE_SLOTS];
	static const uint32_t counts[] = {1, 2, 10, 20, 21, 81, 82, 327, 328, 1310, 1311, 2000};

	(void)state;
	fixture_reset();
	for (uint32_t i = 0; i < FIXTURE_SLOTS; i++)
		weights[i] = 1;
	for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
		struct service_image *image = table_of(weights, counts[i]);

		assert_true(image->table_size >= 100 * counts[i]);
		for (uint32_t k = 2; k * k <= image->table_size; k++)
			assert_true(image->table_size % k);
		service_image_unref(image);
	}
}

/* A node has its destinations in whatever slots were free. */
static void slots_do_not_matter(void **state)
{
	uint16_t weights[50];
	struct service_image *a, *b;

	(void)state;
	random_seed(30);
	fixture_reset();
	for (uint32_t i = 0; i < 50; i++)
		weights[i] = (uint16_t)(1 + random_below(5));
	a = table_of(weights, 50);
	for (unsigned int round = 0; round < 20; round++) {
		struct service_member *members = fixture_members(weights, 50);
		uint32_t first = random_below(1000), step = 1 + random_below(20);

		for (uint32_t i = 0; i < 50; i++) {
			members[i].slot = first + i * step;
			members[i].incarnation = (uint16_t)random_below(100);
			fixture_set_slot(members[i].slot, i);
		}
		b = fixture_image_after(NULL, "mh", 0, members, 50);
		assert_memory_equal(a->table, b->table, a->table_size * sizeof(uint16_t));
		service_image_unref(b);
	}
	service_image_unref(a);
}

static void shares_are_by_weight(void **state)
{
	static uint16_t weights[300];
	static uint32_t entries[300];

	(void)state;
	random_seed(31);
	fixture_reset();
	for (unsigned int round = 0; round < 60; round++) {
		uint32_t count = 1 + random_below(300), most = round % 3 ? 1 + random_below(20) : 1;
		struct service_image *image;

		for (uint32_t i = 0; i < count; i++) {
			weights[i] = (uint16_t)(1 + random_below(most));
			entries[i] = 0;
		}
		image = table_of(weights, count);
		for (uint32_t i = 0; i < image->table_size; i++)
			entries[image->table[i]]++;
		for (uint32_t i = 0; i < count; i++) {
			double share = (double)image->table_size * weights[i] / image->total_weight;

			assert_true(entries[i] < share + 1 && entries[i] + 1 > share);
		}
		service_image_unref(image);
	}
}

/* The share of clients that two images give other destinations. */
static double moved(const struct service_image *a, const struct service_image *b)
{
	uint32_t others = 0;

	for (uint32_t i = 0; i < CLIENTS; i++) {
		uint32_t client = i * 2654435761u;

		others += a->members[fixture_choose(a, NULL, client)].slot !=
			  b->members[fixture_choose(b, NULL, client)].slot;
	}
	return (double)others / CLIENTS;
}

static struct service_image *without(const uint16_t *weights, uint32_t count, uint32_t gone)
{
	struct service_member *members = fixture_members(weights, count);

	memmove(members + gone, members + gone + 1, (count - gone - 1) * sizeof(*members));
	return fixture_image_after(NULL, "mh", 0, members, count - 1);
}

/* Removing one (or adding it: the same two tables) moves its own clients, and hardly any other: less
 * than 4 in 100 (the most with 100 entries for each, at 20). Not from 21 to 20: another size. */
static void removal_moves_little(void **state)
{
	static const uint32_t counts[] = {2, 3, 5, 10, 11, 17, 20, 22, 81, 100, 300};
	static uint16_t weights[300];
	double most = 0;

	(void)state;
	random_seed(32);
	fixture_reset();
	for (size_t round = 0; round < 2 * ARRAY_LENGTH(counts); round++) {
		uint32_t count = counts[round / 2], total = 0;
		struct service_image *all;

		for (uint32_t i = 0; i < count; i++) {
			weights[i] = (uint16_t)(round % 2 ? 1 + random_below(10) : 1);
			total += weights[i];
		}
		all = table_of(weights, count);
		for (unsigned int k = 0; k < 3; k++) {
			uint32_t gone = random_below(count);
			struct service_image *rest = without(weights, count, gone);
			double extra = moved(all, rest) - (double)weights[gone] / total;

			assert_true(extra < 0.04 && extra > -0.01);
			most = MAX(most, extra);
			service_image_unref(rest);
		}
		service_image_unref(all);
	}
	printf("moved beyond the share of what went: %.1f %% at most\n", most * 100);
}

/* Weights that change move about what they must. */
static void weights_move_little(void **state)
{
	uint16_t weights[20];
	struct service_image *before, *after;

	(void)state;
	fixture_reset();
	for (uint32_t i = 0; i < 20; i++)
		weights[i] = 10;
	before = table_of(weights, 20);
	weights[7] = 20; /* from 1/20 to 2/21 */
	after = table_of(weights, 20);
	assert_true(moved(before, after) < 2 / 21.0 - 1 / 20.0 + 0.02);
	service_image_unref(after);
	weights[7] = 0; /* its clients are somebody else's; with the flag */
	after = fixture_image_after(
		before, "mh", SCHEDULER_FLAG_MH_FALLBACK, fixture_members(weights, 20), 20);
	assert_ptr_equal(before->table, after->table);
	assert_true(moved(before, after) < 1 / 20.0 + 0.005);
	service_image_unref(after);
	service_image_unref(before);
}

/* Every order of preference comes by every entry, so any one member can fill a table. */
static void one_member_fills_it(void **state)
{
	static const uint16_t weight = 1;

	(void)state;
	random_seed(33);
	fixture_reset();
	for (unsigned int round = 0; round < 200; round++) {
		struct service_image *image;

		fixture_set_slot(FIXTURE_SLOTS - 1, random_below(65536));
		image = table_of(&weight, 1);
		for (uint32_t i = 0; i < image->table_size; i++)
			assert_int_equal(image->table[i], 0);
		service_image_unref(image);
	}
}

/* Two members of one address and port (of two families' sizes, it cannot be otherwise) still share. */
static void equal_keys_share(void **state)
{
	static const uint16_t weights[] = {1, 1};
	struct service_image *image;
	uint32_t entries[2] = {};

	(void)state;
	fixture_reset();
	fixture_set_slot(FIXTURE_SLOTS - 2, 0);
	image = table_of(weights, 2);
	for (uint32_t i = 0; i < image->table_size; i++)
		entries[image->table[i]]++;
	assert_true(entries[0] - entries[1] <= 1 || entries[1] - entries[0] <= 1);
	service_image_unref(image);
}

/* The table as the paper tells it: each in turn, an entry after the other. */
static void fill_plainly(const struct maglev_way *ways, uint32_t count, const uint16_t *turns,
	uint32_t size, uint16_t *entries)
{
	struct maglev_way *now = memory_resize(NULL, count, sizeof(*now));
	uint8_t *taken = memory_new(size);

	memcpy(now, ways, count * sizeof(*now));
	for (uint32_t i = 0; i < size; i++) {
		struct maglev_way *way = &now[turns[i]];

		while (taken[way->first])
			way->first = (way->first + way->step) % size;
		taken[way->first] = 1;
		entries[way->first] = turns[i];
	}
	free(taken);
	free(now);
}

static void check_fill(uint32_t count, uint32_t size, uint32_t most)
{
	struct maglev_way *ways = memory_resize(NULL, count, sizeof(*ways));
	uint16_t *turns = memory_resize(NULL, size, sizeof(*turns));
	uint16_t *wanted = memory_resize(NULL, size, sizeof(*wanted));
	uint16_t *got = memory_resize(NULL, size, sizeof(*got));

	for (uint32_t i = 0; i < count; i++)
		ways[i] = (struct maglev_way){random_below(size), 1 + random_below(size - 1)};
	for (uint32_t i = 0; i < size; i++)
		turns[i] = (uint16_t)random_below(most);
	fill_plainly(ways, count, turns, size, wanted);
	maglev_fill(ways, count, turns, size, got);
	assert_memory_equal(got, wanted, size * sizeof(*got));
	free(ways);
	free(turns);
	free(wanted);
	free(got);
}

/* Whoever looks ahead takes what he would have taken without. */
static void fills_as_one_by_one(void **state)
{
	static const uint32_t sizes[] = {2, 3, 61, 67, 131, 1021, 4093, 16381};

	(void)state;
	random_seed(34);
	for (unsigned int round = 0; round < 400; round++) {
		uint32_t size = sizes[round % ARRAY_LENGTH(sizes)];
		uint32_t count = 1 + random_below(round % 5 ? 20 : 500);

		check_fill(count, size, random_below(4) ? count : 1 + random_below(count));
	}
	check_fill(2000, 262139, 2000);
	check_fill(40000, 1048573, 40000);
}

static struct service_image *stored(struct scheduler_store *store, const char *scheduler,
	struct service_member *members, uint32_t count)
{
	struct service_key key = {.kind = SERVICE_KIND_TCP, .port = 80, .address = {AF_INET, {1}}};
	struct service_attributes attributes = {.netmask = UINT32_MAX};
	struct service_image *image;

	memcpy(attributes.scheduler, scheduler, strlen(scheduler));
	assert_int_equal(service_image_new(&key, &attributes, 0, members, count, &fixture_slots,
				 NULL, store, &image, NULL),
		0);
	return image;
}

/* Services of one transaction with the same destinations and weights have one table. */
static void the_same_share(void **state)
{
	static const uint16_t weights[] = {1, 1, 2}, others[] = {1, 2, 1};
	struct scheduler_store *store = scheduler_store_new();
	struct service_member *elsewhere = fixture_members(weights, 3);
	struct service_image *one, *two, *images[5];

	(void)state;
	fixture_reset();
	for (uint32_t i = 0; i < 3; i++) {
		elsewhere[i].slot = i;
		fixture_set_slot(i, i);
	}
	one = stored(store, "mh", fixture_members(weights, 3), 3);
	two = stored(store, "mh", elsewhere, 3);
	images[0] = stored(store, "mh", fixture_members(others, 3), 3);
	images[1] = stored(store, "mh", fixture_members(weights, 2), 2);
	images[2] = stored(store, "wrr", fixture_members(weights, 3), 3);
	images[3] = stored(NULL, "mh", fixture_members(weights, 3), 3);
	fixture_set_slot(FIXTURE_SLOTS - 1, 77);
	images[4] = stored(store, "mh", fixture_members(weights, 3), 3);
	store = scheduler_store_free(store);
	assert_ptr_equal(two->table, one->table);
	for (unsigned int i = 0; i < ARRAY_LENGTH(images); i++) {
		assert_ptr_not_equal(images[i]->table, one->table);
		if (i == 3)
			assert_memory_equal(
				images[i]->table, one->table, one->table_size * sizeof(uint16_t));
		service_image_unref(images[i]);
	}
	service_image_unref(one);
	assert_int_equal(two->shared->references, 1);
	service_image_unref(two);
}

/* However many there are. */
static void many_share(void **state)
{
	static const uint16_t weights[] = {1, 3};
	enum {
		MANY = 500
	};
	struct scheduler_store *store = scheduler_store_new();
	struct service_image *images[2 * MANY];

	(void)state;
	fixture_reset();
	for (uint32_t i = 0; i < 2 * MANY; i++) {
		struct service_member *members = fixture_members(weights, 2);

		members[0].slot = i % MANY;
		images[i] = stored(store, "mh", members, 2);
	}
	scheduler_store_free(store);
	for (uint32_t i = 0; i < MANY; i++) {
		assert_ptr_equal(images[i]->table, images[MANY + i]->table);
		assert_int_equal(images[i]->shared->references, 2);
	}
	for (uint32_t i = 0; i < 2 * MANY; i++)
		service_image_unref(images[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_for_ever),
		cmocka_unit_test(sizes_are_primes),
		cmocka_unit_test(slots_do_not_matter),
		cmocka_unit_test(shares_are_by_weight),
		cmocka_unit_test(removal_moves_little),
		cmocka_unit_test(weights_move_little),
		cmocka_unit_test(one_member_fills_it),
		cmocka_unit_test(equal_keys_share),
		cmocka_unit_test(fills_as_one_by_one),
		cmocka_unit_test(the_same_share),
		cmocka_unit_test(many_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
