// SPDX-License-Identifier: GPL-2.0-or-later
/* Schedulers against plain models of what they promise: Maglev has a program of its own. */
#include <arpa/inet.h>
#include <stdio.h>

#include "base/macros.h"
#include "tests/unit/schedule-fixture.h"

#define MEMBERS 40
#define ROUNDS  3000

static void begin(uint64_t seed)
{
	printf("seed %llu\n", (unsigned long long)seed);
	random_seed(seed);
	fixture_reset();
}

/* 1 to MEMBERS weights up to `most`; one in four is 0 if `zeros`. */
static uint32_t random_weights(uint16_t weights[MEMBERS], uint32_t most, bool zeros)
{
	uint32_t count = 1 + random_below(MEMBERS);

	for (uint32_t i = 0; i < count; i++)
		weights[i] = zeros && random_below(4) == 0 ? 0 : (uint16_t)(1 + random_below(most));
	return count;
}

static uint32_t divisor_of(const uint16_t *weights, uint32_t count)
{
	uint32_t divisor = UINT16_MAX;

	for (;; divisor--) {
		uint32_t rest = 0;

		for (uint32_t i = 0; i < count; i++)
			rest += weights[i] % divisor;
		if (!rest)
			return divisor;
	}
}

static void names(void **state)
{
	static const char *const known[] = {
		"rr", "wrr", "lc", "wlc", "sed", "nq", "fo", "ovf", "sh", "dh", "mh"};
	static const char *const unknown[] = {"", "lblc", "lblcr", "twos", "r", "rrr", "RR"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		assert_string_equal(scheduler_find(known[i])->name, known[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(unknown); i++)
		assert_null(scheduler_find(unknown[i]));
}

static void rr_takes_turns(void **state)
{
	static const uint16_t weights[] = {3, 0, 1, 7, 0, 1};
	static const uint32_t order[] = {0, 2, 3, 5};
	struct service_image *image;
	struct scheduler_turn turn = {};

	(void)state;
	fixture_reset();
	image = fixture_image("rr", 0, weights, ARRAY_LENGTH(weights));
	for (uint32_t i = 0; i < 40; i++)
		assert_int_equal(fixture_choose(image, &turn, i), order[i % 4]);
	/* A turn that another image left behind. */
	turn.position = 77777;
	assert_int_equal(fixture_choose(image, &turn, 0), 0);
	assert_int_equal(fixture_choose(image, &turn, 0), 2);
	service_image_unref(image);
	/* All alike: no table. */
	image = fixture_image("rr", 0, (uint16_t[]){1, 2, 3}, 3);
	assert_int_equal(image->table_size, 0);
	turn = (struct scheduler_turn){};
	for (uint32_t i = 0; i < 30; i++)
		assert_int_equal(fixture_choose(image, &turn, i), i % 3);
	service_image_unref(image);
}

static void wrr_sequences(void **state)
{
	static const struct {
		uint16_t weights[4];
		const char *sequence;
	} cases[] = {
		{{1, 1, 1, 1}, "abcdabcd"},
		{{500, 500, 500, 500}, "abcdabcd"},
		{{5, 1, 1, 0}, "abaaacaabaaaca"},
		{{4, 3, 2, 0}, "abcabacababcabacab"},
		{{20, 40, 60, 20}, "abccbcdabccbcd"},
		{{0, 0, 9, 0}, "cccccccc"},
	};

	(void)state;
	fixture_reset();
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct service_image *image = fixture_image("wrr", 0, cases[i].weights, 4);
		struct scheduler_turn turn = {};

		for (const char *at = cases[i].sequence; *at; at++)
			assert_int_equal('a' + (char)fixture_choose(image, &turn, 0), *at);
		service_image_unref(image);
	}
}

/* Every cycle is exact, and no member is ever more than two connections off its share. */
static void wrr_is_exact(void **state)
{
	(void)state;
	begin(20);
	for (unsigned int round = 0; round < 300; round++) {
		uint16_t weights[MEMBERS];
		uint32_t count = random_weights(weights, round % 2 ? 100 : 5, true);
		uint32_t taken[MEMBERS] = {}, divisor, cycle = 0;
		struct service_image *image = fixture_image("wrr", 0, weights, count);
		struct scheduler_turn turn = {};

		if (!image->total_weight) {
			assert_int_equal(fixture_choose(image, &turn, 0), SCHEDULER_NONE);
			service_image_unref(image);
			continue;
		}
		divisor = divisor_of(weights, count);
		cycle = image->total_weight / divisor;
		for (uint32_t i = 1; i <= 2 * cycle; i++) {
			taken[fixture_choose(image, &turn, 0)]++;
			for (uint32_t k = 0; k < count; k++) {
				double share = (double)i * weights[k] / image->total_weight;

				assert_true(taken[k] < share + 2 && taken[k] + 2 > share);
				if (i % cycle == 0)
					assert_int_equal(
						taken[k], i / cycle * weights[k] / divisor);
			}
		}
		service_image_unref(image);
	}
}

/* Sums that no table could hold: shares are off by an entry of 16,384, and nobody is forgotten. */
static void wrr_scales_large_weights(void **state)
{
	(void)state;
	begin(21);
	for (unsigned int round = 0; round < 100; round++) {
		uint16_t weights[MEMBERS];
		uint32_t count = random_weights(weights, UINT16_MAX, true), taken[MEMBERS] = {};
		struct service_image *image = fixture_image("wrr", 0, weights, count);

		if (image->table_size != 16384) {
			assert_true(image->total_weight < 16384u * UINT16_MAX / 2);
			service_image_unref(image);
			continue;
		}
		for (uint32_t i = 0; i < image->table_size; i++)
			taken[image->table[i]]++;
		for (uint32_t i = 0; i < count; i++) {
			double share = 16384.0 * weights[i] / image->total_weight;

			assert_int_equal(taken[i] == 0, weights[i] == 0);
			assert_true(taken[i] < share + 2 && taken[i] + 2 > share);
		}
		service_image_unref(image);
	}
}

static void wrr_keeps_the_least(void **state)
{
	static uint16_t weights[1200];
	uint32_t taken[1200] = {};
	struct service_image *image;

	(void)state;
	fixture_reset();
	for (uint32_t i = 0; i < ARRAY_LENGTH(weights); i++)
		weights[i] = 1;
	weights[600] = UINT16_MAX;
	image = fixture_image("wrr", 0, weights, ARRAY_LENGTH(weights));
	assert_int_equal(image->table_size, 16 * ARRAY_LENGTH(weights));
	for (uint32_t i = 0; i < image->table_size; i++)
		taken[image->table[i]]++;
	for (uint32_t i = 0; i < ARRAY_LENGTH(weights); i++)
		assert_int_equal(
			taken[i], i == 600 ? image->table_size - (ARRAY_LENGTH(weights) - 1) : 1);
	service_image_unref(image);
}

static void full_members_lose_their_turn(void **state)
{
	static const uint16_t weights[] = {1, 8, 1};
	struct service_member *members = fixture_members(weights, 3);
	struct service_image *image;
	struct scheduler_turn turn = {};
	uint32_t taken[3] = {};

	(void)state;
	fixture_reset();
	members[0].upper_threshold = members[1].upper_threshold = members[2].upper_threshold = 4;
	image = fixture_image_after(NULL, "wrr", 0, members, 3);
	fixture_set_counts(&image->members[1], 1, 3, 1);
	for (uint32_t i = 0; i < 1000; i++)
		taken[fixture_choose(image, &turn, 0)]++;
	assert_int_equal(taken[1], 0);
	assert_true(taken[0] > 100 && taken[2] > 100);
	fixture_set_counts(&image->members[0], 2, 0, 9);
	assert_int_equal(fixture_choose(image, &turn, 0), 2);
	fixture_set_counts(&image->members[2], 0, 4, 0);
	assert_int_equal(fixture_choose(image, &turn, 0), SCHEDULER_NONE);
	service_image_unref(image);
}

/* Who may take a connection, as IPVS has it: marked at the upper threshold when a connection begins,
 * unmarked below the lower one (or three quarters) when one ends. */
static void thresholds_have_a_memory(void **state)
{
	static const uint16_t weights[] = {1};
	uint32_t full = 0;

	(void)state;
	begin(22);
	for (unsigned int round = 0; round < 50; round++) {
		struct service_member *member = fixture_members(weights, 1);
		uint32_t active[FIXTURE_WORKERS] = {}, inactive[FIXTURE_WORKERS] = {}, sum = 0;
		bool is = false;

		fixture_reset();
		member->upper_threshold = random_below(5) ? 1 + random_below(12) : 0;
		member->lower_threshold = random_below(2) ? random_below(12) : 0;
		for (unsigned int i = 0; i < ROUNDS; i++) {
			unsigned int worker = random_below(FIXTURE_WORKERS);
			uint32_t *of = random_below(2) ? active : inactive;
			bool begins = !of[worker] || (sum < 15 && random_below(2));
			uint32_t upper = member->upper_threshold, lower = member->lower_threshold;

			if (begins && sum >= 15)
				continue;
			of[worker] += begins ? 1 : -1u;
			sum += begins ? 1 : -1u;
			fixture_set_counts(member, worker, active[worker], inactive[worker]);
			if (begins && upper && sum >= upper)
				is = true;
			if (!begins && (lower ? sum < lower : 4 * sum < 3 * upper) && sum < upper)
				is = false;
			if (begins)
				scheduler_taken(member, &fixture_view);
			assert_int_equal(scheduler_may_take(member, &fixture_view), !is);
			full += is;
		}
		free(member);
	}
	assert_true(full > ROUNDS);
}

static void a_new_incarnation_is_not_full(void **state)
{
	struct service_member *member = fixture_members((uint16_t[]){1}, 1);

	(void)state;
	fixture_reset();
	member->upper_threshold = 3;
	fixture_set_counts(member, 2, 3, 0);
	assert_false(scheduler_may_take(member, &fixture_view));
	assert_int_equal(scheduler_active(&fixture_view, member->slot, FIXTURE_INCARNATION), 3);
	assert_int_equal(scheduler_active(&fixture_view, member->slot, FIXTURE_INCARNATION + 1), 0);
	member->incarnation++;
	assert_true(scheduler_may_take(member, &fixture_view));
	/* The workers' counts are still of the old one, and so is the mark. */
	fixture_set_counts(member, 1, 1, 0);
	assert_true(scheduler_may_take(member, &fixture_view));
	member->weight = 0;
	assert_false(scheduler_may_take(member, &fixture_view));
	free(member);
}

/* The load of a member, and whether it may take a connection, as the model has it. */
struct model_load {
	uint32_t active, inactive;
	bool takes;
};

static double model_cost(const char *scheduler, const struct model_load *load, uint16_t weight)
{
	double overhead = load->active * 256.0 + load->inactive;

	if (strcmp(scheduler, "lc") == 0)
		return overhead;
	if (strcmp(scheduler, "wlc") == 0)
		return overhead / weight;
	if (strcmp(scheduler, "nq") == 0 && !load->active)
		return 0;
	return (load->active + 1.0) / weight;
}

static uint32_t model_least(
	const char *scheduler, const struct service_image *image, const struct model_load *loads)
{
	uint32_t best = SCHEDULER_NONE;
	double least = 0;

	for (uint32_t i = 0; i < image->count; i++) {
		double cost;

		if (!loads[i].takes)
			continue;
		cost = model_cost(scheduler, &loads[i], image->members[i].weight);
		if (best == SCHEDULER_NONE || cost < least) {
			best = i;
			least = cost;
		}
	}
	return best;
}

static uint32_t model_heaviest(
	bool overflow, const struct service_image *image, const struct model_load *loads)
{
	uint32_t best = SCHEDULER_NONE;

	for (uint32_t i = 0; i < image->count; i++) {
		uint16_t weight = image->members[i].weight;

		if (!loads[i].takes || (overflow && loads[i].active > weight))
			continue;
		if (best == SCHEDULER_NONE || weight > image->members[best].weight)
			best = i;
	}
	return best;
}

static void random_loads(const struct service_image *image, struct model_load *loads)
{
	uint32_t most = 1 + random_below(20);

	fixture_reset();
	for (uint32_t i = 0; i < image->count; i++) {
		struct service_member *member = &image->members[i];

		loads[i] = (struct model_load){};
		for (unsigned int k = 0; k < FIXTURE_WORKERS; k++) {
			uint32_t active = random_below(most);
			uint32_t inactive = random_below(random_below(2) ? 3 * most : 2000);

			fixture_set_counts(member, k, active, inactive);
			if (random_below(10) == 0) { /* what a destination before it left */
				atomic_store(&fixture_counts[k][member->slot].incarnation, 3);
				continue;
			}
			loads[i].active += active;
			loads[i].inactive += inactive;
		}
		member->upper_threshold =
			random_below(3) ? 0 : 1 + random_below(random_below(2) ? 6 * most : 4000);
		loads[i].takes = member->weight &&
				 (!member->upper_threshold || loads[i].active + loads[i].inactive <
								      member->upper_threshold);
	}
}

static void loads_are_compared(void **state)
{
	static const char *const schedulers[] = {"lc", "wlc", "sed", "nq", "fo", "ovf"};
	uint32_t refused = 0, chosen[MEMBERS] = {};

	(void)state;
	begin(23);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		const char *scheduler = schedulers[round % ARRAY_LENGTH(schedulers)];
		uint16_t weights[MEMBERS];
		uint32_t count = random_weights(weights, round % 5 ? 8 : UINT16_MAX, true);
		struct service_image *image = fixture_image(scheduler, 0, weights, count);
		struct model_load loads[MEMBERS];
		struct scheduler_turn turn = {};
		uint32_t want, is;

		random_loads(image, loads);
		if (strcmp(scheduler, "fo") == 0 || strcmp(scheduler, "ovf") == 0)
			want = model_heaviest(scheduler[0] == 'o', image, loads);
		else
			want = model_least(scheduler, image, loads);
		is = fixture_choose(image, &turn, round);
		assert_int_equal(is, want);
		assert_int_equal(turn.position, 0);
		if (is == SCHEDULER_NONE)
			refused++;
		else
			chosen[is]++;
		service_image_unref(image);
	}
	assert_true(refused > 10 && chosen[0] > 10 && chosen[20] > 10);
}

/* An active connection is as much as 256 inactive ones. */
static void inactive_ones_count_a_little(void **state)
{
	static const char *const schedulers[] = {"lc", "wlc"};
	struct scheduler_turn turn = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(schedulers); i++) {
		struct service_image *image =
			fixture_image(schedulers[i], 0, (uint16_t[]){5, 5}, 2);

		fixture_reset();
		fixture_set_counts(&image->members[0], 0, 1, 0);
		fixture_set_counts(&image->members[1], 1, 0, 255);
		assert_int_equal(fixture_choose(image, &turn, 0), 1);
		fixture_set_counts(&image->members[1], 1, 0, 256);
		assert_int_equal(fixture_choose(image, &turn, 0), 0);
		service_image_unref(image);
	}
}

/* Loads that no 32 bits hold. */
static void large_loads_are_compared(void **state)
{
	static const uint16_t weights[] = {65535, 65534};
	struct service_image *image;
	struct scheduler_turn turn = {};

	(void)state;
	fixture_reset();
	image = fixture_image("wlc", 0, weights, 2);
	fixture_set_counts(&image->members[0], 0, 4000000000u, 0);
	fixture_set_counts(&image->members[1], 0, 3999938963u, 0);
	assert_int_equal(fixture_choose(image, &turn, 0), 1);
	fixture_set_counts(&image->members[1], 0, 3999938964u, 0);
	assert_int_equal(fixture_choose(image, &turn, 0), 0);
	service_image_unref(image);
}

static void sh_shares_by_weight(void **state)
{
	(void)state;
	begin(24);
	for (unsigned int round = 0; round < 40; round++) {
		uint16_t weights[MEMBERS];
		uint32_t count = random_weights(weights, 1 + round % 4, false), taken[MEMBERS] = {};
		struct service_image *image = fixture_image("sh", 0, weights, count);

		for (uint32_t i = 0; i < 100000; i++)
			taken[fixture_choose(image, NULL, i * 2654435761u)]++;
		for (uint32_t i = 0; i < count; i++) {
			double share = 100000.0 * weights[i] / image->total_weight;

			assert_true(taken[i] > share * 0.75 - 100 && taken[i] < share * 1.25 + 200);
		}
		service_image_unref(image);
	}
}

/* A client's destination by sh or dh never changes between versions: several nodes may serve it. */
static void sh_is_for_ever(void **state)
{
	static const uint16_t weights[] = {3, 1, 2, 2, 5}, alike[] = {1, 1, 1, 1, 1};
	static const uint32_t golden[] = {4, 1, 4, 4, 2, 4, 4, 0, 4, 2, 2, 2, 3, 4, 4, 0},
			      golden_alike[] = {0, 1, 3, 1, 1, 2, 1, 2, 0, 2, 1, 0, 4, 3, 3, 0};
	struct service_image *image;

	(void)state;
	fixture_reset();
	image = fixture_image("sh", 0, weights, 5);
	for (uint32_t i = 0; i < 16; i++)
		assert_int_equal(fixture_choose(image, NULL, htonl(0x0a000000 + i)), golden[i]);
	service_image_unref(image);
	image = fixture_image("sh", 0, alike, 5);
	for (uint32_t i = 0; i < 16; i++)
		assert_int_equal(
			fixture_choose(image, NULL, htonl(0x0a000000 + i)), golden_alike[i]);
	service_image_unref(image);
}

/* Weight 0: its clients are refused, or with the flag go elsewhere, always to the same; no other client
 * is touched. */
static void hashes_fall_back(const char *scheduler)
{
	static const uint16_t before[] = {2, 2, 2, 2, 2}, after[] = {2, 2, 0, 2, 2};
	struct service_image *all, *refusing, *falling;
	uint32_t elsewhere[5] = {};

	fixture_reset();
	all = fixture_image(scheduler, 0, before, 5);
	refusing = fixture_image(scheduler, 0, after, 5);
	falling = fixture_image(scheduler, SCHEDULER_FLAG_SH_FALLBACK, after, 5);
	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t was = fixture_choose(all, NULL, i), is = fixture_choose(falling, NULL, i);

		assert_int_equal(
			fixture_choose(refusing, NULL, i), was == 2 ? SCHEDULER_NONE : was);
		assert_true(was == 2 ? is != 2 : is == was);
		assert_int_equal(fixture_choose(falling, NULL, i), is);
		elsewhere[is] += was == 2;
	}
	for (uint32_t i = 0; i < 5; i++)
		assert_true(i == 2 ? !elsewhere[i] : elsewhere[i] > 800 && elsewhere[i] < 1200);
	service_image_unref(all);
	service_image_unref(refusing);
	service_image_unref(falling);
}

static void sh_and_mh_fall_back(void **state)
{
	(void)state;
	hashes_fall_back("sh");
	hashes_fall_back("mh");
}

/* One of many is left: it is found, wherever the hashes point. */
static void the_last_one_is_found(void **state)
{
	static uint16_t weights[500];
	static const char *const schedulers[] = {
		"rr", "wrr", "lc", "wlc", "sed", "nq", "fo", "ovf", "sh", "mh"};

	(void)state;
	fixture_reset();
	weights[321] = 9;
	for (size_t i = 0; i < ARRAY_LENGTH(schedulers); i++) {
		struct service_image *image = fixture_image(
			schedulers[i], SCHEDULER_FLAG_SH_FALLBACK, weights, ARRAY_LENGTH(weights));
		struct scheduler_turn turn = {};

		for (uint32_t k = 0; k < 200; k++)
			assert_int_equal(fixture_choose(image, &turn, k), 321);
		service_image_unref(image);
	}
	weights[321] = 0;
	for (size_t i = 0; i < ARRAY_LENGTH(schedulers); i++) {
		struct service_image *image = fixture_image(
			schedulers[i], SCHEDULER_FLAG_SH_FALLBACK, weights, ARRAY_LENGTH(weights));
		struct scheduler_turn turn = {};

		assert_int_equal(fixture_choose(image, &turn, 5), SCHEDULER_NONE);
		service_image_unref(image);
		image = fixture_image_after(NULL, schedulers[i], 0, NULL, 0);
		assert_int_equal(fixture_choose(image, &turn, 5), SCHEDULER_NONE);
		service_image_unref(image);
	}
}

static void ports_count_by_flag(void **state)
{
	static const uint16_t weights[] = {1, 2, 3, 4};
	static const char *const schedulers[] = {"sh", "mh"};

	(void)state;
	fixture_reset();
	for (size_t i = 0; i < ARRAY_LENGTH(schedulers); i++) {
		struct service_image *plain = fixture_image(schedulers[i], 0, weights, 4);
		struct service_image *port =
			fixture_image(schedulers[i], SCHEDULER_FLAG_SH_PORT, weights, 4);
		uint32_t others = 0;

		for (uint16_t k = 0; k < 1000; k++) {
			struct flow_key a = fixture_client(9, 1), b = fixture_client(9, k);

			assert_int_equal(plain->scheduler->choose(plain, NULL, &fixture_view, &a),
				plain->scheduler->choose(plain, NULL, &fixture_view, &b));
			others += port->scheduler->choose(port, NULL, &fixture_view, &a) !=
				  port->scheduler->choose(port, NULL, &fixture_view, &b);
		}
		assert_true(others > 400);
		service_image_unref(plain);
		service_image_unref(port);
	}
}

static void dh_looks_at_the_destination(void **state)
{
	static const uint16_t weights[] = {1, 9, 1, 1};
	struct service_image *image;
	uint32_t taken[4] = {}, refused = 0;

	(void)state;
	fixture_reset();
	image = fixture_image("dh", 0, weights, 4);
	for (uint32_t i = 0; i < 8000; i++) {
		struct flow_key a = fixture_client(i, 1), b = fixture_client(i + 1, 2);
		uint32_t is;

		memcpy(a.destination, &i, sizeof(i));
		memcpy(b.destination, &i, sizeof(i));
		is = image->scheduler->choose(image, NULL, &fixture_view, &a);
		assert_int_equal(image->scheduler->choose(image, NULL, &fixture_view, &b), is);
		taken[is]++;
		image->members[is].weight = 0;
		refused +=
			image->scheduler->choose(image, NULL, &fixture_view, &b) == SCHEDULER_NONE;
		image->members[is].weight = weights[is];
	}
	assert_int_equal(refused, 8000);
	for (uint32_t i = 0; i < 4; i++)
		assert_true(taken[i] > 1800 && taken[i] < 2200);
	service_image_unref(image);
}

/* What images share, and what they must not. */
static void tables_are_shared(void **state)
{
	static const struct {
		const char *scheduler;
		uint16_t before[3], after[3];
		bool shared;
	} cases[] = {
		{"rr", {1, 0, 1}, {5, 0, 7}, true},
		{"rr", {1, 0, 1}, {5, 1, 0}, false},
		{"wrr", {1, 2, 3}, {10, 20, 30}, true},
		{"wrr", {1, 2, 3}, {1, 2, 4}, false},
		{"sh", {1, 2, 1}, {0, 2, 1}, true},
		{"sh", {1, 2, 1}, {1, 3, 1}, false},
		{"mh", {1, 1, 1}, {1, 0, 1}, true},
		{"mh", {1, 1, 1}, {1, 2, 1}, false},
	};

	(void)state;
	fixture_reset();
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct service_image *a = fixture_image(cases[i].scheduler, 0, cases[i].before, 3);
		struct service_image *b = fixture_image_after(
			a, cases[i].scheduler, 1, fixture_members(cases[i].after, 3), 3);
		struct service_image *fresh =
			fixture_image(cases[i].scheduler, 1, cases[i].after, 3);

		assert_non_null(a->table);
		assert_int_equal(a->table == b->table, cases[i].shared);
		service_image_unref(a); /* b's table is still there */
		assert_int_equal(b->table_size, fresh->table_size);
		assert_memory_equal(b->table, fresh->table, fresh->table_size * sizeof(uint16_t));
		service_image_unref(b);
		service_image_unref(fresh);
	}
}

static void other_tables_are_not_shared(void **state)
{
	static const uint16_t weights[] = {1, 0, 1, 1};
	struct service_image *a, *b;
	struct service_member *members;

	(void)state;
	fixture_reset();
	a = fixture_image("mh", 0, weights, 4);
	/* Another slot of the same destination; of another one. */
	fixture_set_slot(3, 2);
	members = fixture_members(weights, 4);
	members[2].slot = 3;
	b = fixture_image_after(a, "mh", 0, members, 4);
	assert_ptr_equal(a->table, b->table);
	service_image_unref(b);
	fixture_set_slot(3, 9);
	members = fixture_members(weights, 4);
	members[2].slot = 3;
	b = fixture_image_after(a, "mh", 0, members, 4);
	assert_ptr_not_equal(a->table, b->table);
	service_image_unref(b);
	/* Another scheduler, another number. */
	b = fixture_image_after(a, "rr", 0, fixture_members(weights, 4), 4);
	assert_ptr_not_equal(a->table, b->table);
	service_image_unref(b);
	b = fixture_image_after(a, "mh", 0, fixture_members(weights, 3), 3);
	assert_ptr_not_equal(a->table, b->table);
	service_image_unref(b);
	b = fixture_image_after(a, "wlc", 0, fixture_members(weights, 4), 4);
	assert_null(b->table);
	service_image_unref(b);
	service_image_unref(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(rr_takes_turns),
		cmocka_unit_test(wrr_sequences),
		cmocka_unit_test(wrr_is_exact),
		cmocka_unit_test(wrr_scales_large_weights),
		cmocka_unit_test(wrr_keeps_the_least),
		cmocka_unit_test(full_members_lose_their_turn),
		cmocka_unit_test(thresholds_have_a_memory),
		cmocka_unit_test(a_new_incarnation_is_not_full),
		cmocka_unit_test(loads_are_compared),
		cmocka_unit_test(inactive_ones_count_a_little),
		cmocka_unit_test(large_loads_are_compared),
		cmocka_unit_test(sh_shares_by_weight),
		cmocka_unit_test(sh_is_for_ever),
		cmocka_unit_test(sh_and_mh_fall_back),
		cmocka_unit_test(the_last_one_is_found),
		cmocka_unit_test(ports_count_by_flag),
		cmocka_unit_test(dh_looks_at_the_destination),
		cmocka_unit_test(tables_are_shared),
		cmocka_unit_test(other_tables_are_not_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
