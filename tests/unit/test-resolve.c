// SPDX-License-Identifier: GPL-2.0-or-later
/* resolve(): each rule, and who comes before whom. A case is a service, what its checks say, and what must come of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "reconciler/resolve.h"
#include "tests/support/build.h"

#define SECOND 1000000000ull
#define NOW    (1000 * SECOND)
#define WEB    "tcp://192.0.2.1:80"
#define SPOTS  6

/* What is said of a destination. */
enum said {
	SAID_NOTHING,  /* it has a check, of which nothing is known */
	SAID_UP,       /* since `since`, and never down */
	SAID_DOWN,     /* since `since` */
	SAID_BACK,     /* up again since `since` */
	SAID_MEASURED, /* up, with the weight `fact` */
	SAID_DOWN_TOO, /* down with a weight: what is said last of a weight holds while it is kept */
	SAID_NEVER,    /* down from the beginning, and probes have found nothing else */
	SAID_UNTESTED,  /* down, for no probe has said anything else yet */
	SAID_UNCHECKED, /* it has no check, though facts of one with its address are there */
};

enum drained {
	DRAINED_NOT,
	DRAINED_DECLARED,
	DRAINED_OPERATOR,  /* for good */
	DRAINED_FOR_A_BIT, /* until NOW + 7 s */
};

struct spot {
	uint32_t weight; /* as declared */
	enum said said;
	uint64_t since; /* seconds */
	int32_t fact;
	enum drained drained;
	bool fallback;
	/* Wanted. */
	const char *role; /* NULL: the list ends */
	bool in;
	uint32_t to;
};

struct scene {
	const char *name;
	const char *scheduler; /* NULL: wlc */
	enum config_on_failure on_failure;
	uint32_t quorum; /* 0: 1 */
	uint32_t hysteresis, min_healthy;
	unsigned int slow_start; /* seconds */
	bool was_lost, no_facts;
	struct spot spots[SPOTS];
	/* Wanted. */
	uint64_t sum;
	bool lost;
	double wake; /* seconds from NOW; 0: never */
};

#define SERVES(n) .role = "serves", .in = true, .to = (n)
#define KEPT(n)   .role = "kept", .in = true, .to = (n)
#define CLIMBS(n) .role = "climbs", .in = true, .to = (n)
#define FAILED    .role = "failed"
#define FAILED_0  .role = "failed", .in = true
#define BACK_0    .role = "steps-back", .in = true
#define BACK_OUT  .role = "steps-back"
#define SPARE     .role = "spare"
#define DRAINS_D  .role = "drains-declared"
#define DRAINS_O  .role = "drains-operator"
#define DOWN      .said = SAID_DOWN
#define UNTESTED  .said = SAID_UNTESTED
#define NEVER     .said = SAID_NEVER
#define FALLBACK  .fallback = true
#define ZERO      CONFIG_ON_FAILURE_WEIGHT_ZERO

static const struct scene scenes[] = {
	{.name = "all is well", .spots = {{1, SERVES(1)}, {3, SERVES(3)}}, .sum = 4},
	{.name = "facts are not there",
		.no_facts = true,
		.spots = {{1, DOWN, SERVES(1)}, {5, FALLBACK, SPARE}},
		.sum = 1},
	{.name = "up is like nothing", .spots = {{2, SAID_UP, .since = 999, SERVES(2)}}, .sum = 2},
	{.name = "a check that fails takes out",
		.spots = {{1, DOWN, FAILED}, {1, SERVES(1)}},
		.sum = 1},
	{.name = "and nothing else",
		.spots = {{1, DOWN, FAILED}, {1, SAID_UNCHECKED, SERVES(1)}},
		.sum = 1},
	{.name = "on-failure: weight-zero",
		.on_failure = ZERO,
		.spots = {{4, DOWN, FAILED_0}, {1, SERVES(1)}},
		.sum = 1},
	{.name = "on-failure: weight-zero, where it is not honoured",
		.on_failure = ZERO,
		.scheduler = "dh",
		.spots = {{4, DOWN, FAILED}, {1, SERVES(1)}},
		.sum = 1},
	{.name = "a loss without a fallback changes nothing",
		.quorum = 5,
		.spots = {{2, DOWN, FAILED}, {2, SERVES(2)}},
		.sum = 2,
		.lost = true},
	{.name = "nothing left", .spots = {{2, DOWN, FAILED}}, .lost = true},
	{.name = "no destination: as the files say", .spots = {}},
	{.name = "no weight: as the files say", .spots = {{0, SERVES(0)}}},
	{.name = "all drained: as the files say",
		.was_lost = true,
		.spots = {{2, .drained = DRAINED_DECLARED, DRAINS_D}}},
	{.name = "all drained, and not by the files",
		.spots = {{2, .drained = DRAINED_OPERATOR, DRAINS_O}},
		.lost = true},
	{.name = "no destination but a fallback",
		.spots = {{1, FALLBACK, SERVES(1)}},
		.lost = true},

	/* Weights that checks say */
	{.name = "a weight of facts",
		.spots = {{1, SAID_MEASURED, .fact = 7, SERVES(7)},
			{1, SAID_MEASURED, .fact = 0, SERVES(0)}, {1, SERVES(1)}},
		.sum = 8},
	{.name = "a weight beyond what weights are",
		.spots = {{1, SAID_MEASURED, .fact = INT32_MAX, SERVES(65535)}},
		.sum = 65535},
	{.name = "a weight counts for the quorum",
		.quorum = 4,
		.spots = {{9, SAID_MEASURED, .fact = 3, BACK_0}, {1, FALLBACK, SERVES(1)}},
		.sum = 3,
		.lost = true},

	/* Drains */
	{.name = "drains count for nothing",
		.quorum = 3,
		.spots = {{5, .drained = DRAINED_DECLARED, DRAINS_D},
			{5, .drained = DRAINED_OPERATOR, DRAINS_O}, {2, SERVES(2)}},
		.sum = 2,
		.lost = true},
	{.name = "a drain hides what the check says",
		.on_failure = ZERO,
		.min_healthy = 100,
		.spots = {{5, DOWN, .drained = DRAINED_DECLARED, DRAINS_D},
			{5, DOWN, .drained = DRAINED_OPERATOR, DRAINS_O}, {2, SERVES(2)}},
		.sum = 2},
	{.name = "a drain ends",
		.spots = {{5, .drained = DRAINED_FOR_A_BIT, DRAINS_O}, {1, SERVES(1)}},
		.sum = 1,
		.wake = 7},
	{.name = "the file comes before the operator, and is not woken for",
		.spots = {{1, .drained = DRAINED_DECLARED, DRAINS_D}, {1, SERVES(1)}},
		.sum = 1},
	{.name = "all drain: the fallback serves",
		.spots = {{5, .drained = DRAINED_OPERATOR, DRAINS_O}, {1, FALLBACK, SERVES(1)}},
		.lost = true},
	{.name = "a fallback that drains is none",
		.spots = {{5, DOWN, FAILED}, {4, FALLBACK, .drained = DRAINED_OPERATOR, DRAINS_O}},
		.lost = true},

	/* min-healthy */
	{.name = "the last to fail stays",
		.min_healthy = 50,
		.spots = {{1, DOWN, .since = 10, FAILED}, {2, DOWN, .since = 30, KEPT(2)},
			{4, DOWN, .since = 20, KEPT(4)}, {8, DOWN, .since = 5, FAILED}},
		.sum = 6},
	{.name = "at the same time: by key",
		.min_healthy = 34,
		.spots = {{1, DOWN, .since = 10, KEPT(1)}, {2, DOWN, .since = 10, KEPT(2)},
			{4, DOWN, .since = 10, FAILED}},
		.sum = 3},
	{.name = "rounded up",
		.min_healthy = 1,
		.spots = {{1, DOWN, .since = 1, FAILED}, {1, DOWN, .since = 2, KEPT(1)},
			{1, DOWN, .since = 1, FAILED}},
		.sum = 1},
	{.name = "enough are left",
		.min_healthy = 50,
		.spots = {{1, DOWN, .since = 10, FAILED}, {1, SERVES(1)}, {1, SERVES(1)},
			{1, DOWN, .since = 20, FAILED}},
		.sum = 2},
	{.name = "100 %: nobody leaves",
		.min_healthy = 100,
		.on_failure = ZERO,
		.spots = {{3, DOWN, KEPT(3)}, {1, SERVES(1)}},
		.sum = 4},
	{.name = "what drains and what falls back is not declared to serve",
		.min_healthy = 50,
		.spots = {{1, DOWN, .since = 3, KEPT(1)}, {1, DOWN, .since = 2, FAILED},
			{1, .drained = DRAINED_DECLARED, DRAINS_D},
			{1, .drained = DRAINED_OPERATOR, DRAINS_O}, {1, FALLBACK, SPARE}},
		.sum = 1},
	{.name = "kept with the weight that it had",
		.min_healthy = 100,
		.spots = {{1, SAID_DOWN_TOO, .fact = 5, KEPT(5)}},
		.sum = 5},
	{.name = "untested is not failed",
		.min_healthy = 50,
		.spots = {{1, UNTESTED, FAILED}, {1, UNTESTED, FAILED}, {1, UNTESTED, FAILED},
			{1, UNTESTED, FAILED}, {7, FALLBACK, SERVES(7)}},
		.lost = true},
	{.name = "untested, and on-failure: weight-zero",
		.min_healthy = 100,
		.on_failure = ZERO,
		.spots = {{1, UNTESTED, FAILED_0}, {1, SERVES(1)}},
		.sum = 1},
	{.name = "who fails first among the untested is not kept",
		.min_healthy = 50,
		.spots = {{1, DOWN, .since = 9, FAILED}, {1, UNTESTED, FAILED},
			{1, UNTESTED, FAILED}},
		.lost = true},
	{.name = "more fail than may: who failed last is kept, and not the untested",
		.min_healthy = 50,
		.spots = {{1, DOWN, .since = 9, KEPT(1)}, {1, UNTESTED, FAILED},
			{1, DOWN, .since = 8, FAILED}, {1, DOWN, .since = 7, FAILED}},
		.sum = 1},
	{.name = "what has no weight serves nobody, and is no part of the share",
		.min_healthy = 50,
		.spots = {{3, DOWN, .since = 10, FAILED}, {2, DOWN, .since = 20, KEPT(2)},
			{0, SERVES(0)}, {0, SERVES(0)}},
		.sum = 2},
	{.name = "nor has it any where its check takes it away",
		.min_healthy = 50,
		.spots = {{3, DOWN, .since = 10, KEPT(3)},
			{5, SAID_MEASURED, .fact = 0, SERVES(0)}},
		.sum = 3},
	{.name = "nor is it kept",
		.min_healthy = 50,
		.spots = {{1, DOWN, .since = 10, KEPT(1)}, {0, DOWN, .since = 30, FAILED},
			{1, SAID_DOWN_TOO, .since = 20, .fact = 0, FAILED}},
		.sum = 1},
	{.name = "never up is not kept",
		.min_healthy = 50,
		.spots = {{1, NEVER, FAILED}, {1, NEVER, FAILED}},
		.lost = true},
	{.name = "nor part of the share",
		.min_healthy = 50,
		.spots = {{1, NEVER, FAILED}, {1, NEVER, FAILED}, {1, NEVER, FAILED},
			{1, DOWN, .since = 9, FAILED}, {1, SERVES(1)}},
		.sum = 1},
	{.name = "and no reason to let the others go",
		.min_healthy = 50,
		.spots = {{1, NEVER, FAILED}, {1, NEVER, FAILED}, {1, DOWN, .since = 9, KEPT(1)},
			{1, DOWN, .since = 8, FAILED}},
		.sum = 1},
	{.name = "kept is healthy: min-healthy comes before the quorum",
		.min_healthy = 100,
		.quorum = 2,
		.spots = {{1, DOWN, KEPT(1)}, {1, DOWN, KEPT(1)}, {1, FALLBACK, SPARE}},
		.sum = 2},
	{.name = "and steps back like any other",
		.min_healthy = 50,
		.quorum = 2,
		.spots = {{1, DOWN, .since = 2, BACK_0}, {1, DOWN, .since = 1, FAILED},
			{1, FALLBACK, SERVES(1)}},
		.sum = 1,
		.lost = true},

	/* The quorum and its hysteresis */
	{.name = "held at the quorum", .quorum = 4, .spots = {{4, SERVES(4)}}, .sum = 4},
	{.name = "lost below it", .quorum = 4, .spots = {{3, SERVES(3)}}, .sum = 3, .lost = true},
	{.name = "held at quorum - hysteresis",
		.quorum = 4,
		.hysteresis = 1,
		.spots = {{3, SERVES(3)}},
		.sum = 3},
	{.name = "lost below that",
		.quorum = 4,
		.hysteresis = 1,
		.spots = {{2, SERVES(2)}},
		.sum = 2,
		.lost = true},
	{.name = "lost, still lost at the quorum",
		.quorum = 4,
		.hysteresis = 1,
		.was_lost = true,
		.spots = {{4, BACK_0}, {1, FALLBACK, SERVES(1)}},
		.sum = 4,
		.lost = true},
	{.name = "regained at quorum + hysteresis",
		.quorum = 4,
		.hysteresis = 1,
		.was_lost = true,
		.spots = {{5, SERVES(5)}, {1, FALLBACK, SPARE}},
		.sum = 5},
	{.name = "regained at the quorum without hysteresis",
		.quorum = 4,
		.was_lost = true,
		.spots = {{4, SERVES(4)}, {1, FALLBACK, SPARE}},
		.sum = 4},
	{.name = "hysteresis above the quorum: nothing is too little all the same",
		.quorum = 1,
		.hysteresis = 5,
		.spots = {{4, DOWN, FAILED}, {1, FALLBACK, SERVES(1)}},
		.lost = true},
	{.name = "no number is too large",
		.quorum = UINT32_MAX,
		.hysteresis = UINT32_MAX,
		.spots = {{4, SERVES(4)}},
		.sum = 4},
	{.name = "nor while it is lost",
		.quorum = UINT32_MAX,
		.hysteresis = UINT32_MAX,
		.was_lost = true,
		.spots = {{4, SERVES(4)}},
		.sum = 4,
		.lost = true},

	/* Fallbacks */
	{.name = "spare while all is well",
		.spots = {{1, SERVES(1)}, {5, FALLBACK, SPARE}, {5, FALLBACK, DOWN, SPARE}},
		.sum = 1},
	{.name = "they serve, the others step back",
		.quorum = 3,
		.spots = {{1, DOWN, FAILED}, {2, BACK_0}, {5, FALLBACK, SERVES(5)},
			{6, FALLBACK, SERVES(6)}},
		.sum = 2,
		.lost = true},
	{.name = "stepping back where weight 0 is not honoured",
		.quorum = 3,
		.scheduler = "sh",
		.spots = {{2, BACK_OUT}, {5, FALLBACK, SERVES(5)}},
		.sum = 2,
		.lost = true},
	{.name = "one that fails is none",
		.quorum = 3,
		.spots = {{2, SERVES(2)}, {5, FALLBACK, DOWN, FAILED}},
		.sum = 2,
		.lost = true},
	{.name = "on-failure is for it too",
		.quorum = 3,
		.on_failure = ZERO,
		.spots = {{2, BACK_0}, {5, FALLBACK, DOWN, FAILED_0}, {5, FALLBACK, SERVES(5)}},
		.sum = 2,
		.lost = true},
	{.name = "one of weight 0 is none",
		.quorum = 3,
		.spots = {{2, SERVES(2)}, {0, FALLBACK, SERVES(0)}},
		.sum = 2,
		.lost = true},
	{.name = "it does not count itself",
		.quorum = 3,
		.spots = {{2, BACK_0}, {5, SAID_MEASURED, FALLBACK, .fact = 9, SERVES(9)}},
		.sum = 2,
		.lost = true},

	/* Slow start */
	{.name = "climbs from a tenth, and counts whole",
		.slow_start = 100,
		.quorum = 100,
		.spots = {{100, SAID_BACK, .since = 1000, CLIMBS(10)}},
		.sum = 100,
		.wake = 20},
	{.name = "never to 0",
		.slow_start = 100,
		.spots = {{3, SAID_BACK, .since = 1000, CLIMBS(1)}},
		.sum = 3,
		.wake = 40},
	{.name = "a weight of 1 has nothing to climb",
		.slow_start = 100,
		.spots = {{1, SAID_BACK, .since = 1000, SERVES(1)}},
		.sum = 1},
	{.name = "nor has 0",
		.slow_start = 100,
		.spots = {{0, SAID_BACK, .since = 1000, SERVES(0)}}},
	{.name = "only who was down climbs",
		.slow_start = 100,
		.spots = {{100, SAID_UP, .since = 1000, SERVES(100)}},
		.sum = 100},
	{.name = "to the weight that the facts say",
		.slow_start = 100,
		.spots = {{100, SAID_BACK, .since = 950, .fact = 20, CLIMBS(10)}},
		.sum = 20,
		.wake = 10},
	{.name = "since later than now",
		.slow_start = 10,
		.spots = {{100, SAID_BACK, .since = 1001, CLIMBS(10)}},
		.sum = 100,
		.wake = 2},
	{.name = "since the end of time",
		.slow_start = 10,
		.spots = {{100, SAID_BACK, .since = UINT64_MAX / SECOND, CLIMBS(10)}},
		.sum = 100,
		.wake = 2},
	{.name = "nobody climbs who steps back",
		.slow_start = 100,
		.quorum = 101,
		.spots = {{100, SAID_BACK, .since = 1000, BACK_0},
			{100, SAID_BACK, FALLBACK, .since = 1000, SERVES(100)}},
		.sum = 100,
		.lost = true},
	{.name = "the first to change wakes",
		.slow_start = 100,
		.spots = {{10, SAID_BACK, .since = 1000, CLIMBS(1)},
			{10, SAID_BACK, .since = 985, CLIMBS(1)},
			{10, .drained = DRAINED_FOR_A_BIT, DRAINS_O}},
		.sum = 20,
		.wake = 5},
};

static struct config_check check = {.name = {.text = "web"}};

static bool is_spot(const struct spot *spot)
{
	return spot->role != NULL;
}

static void say(struct facts *facts, const struct declared_destination *destination,
	const struct spot *spot)
{
	struct facts_health said = {
		.key = {.target = destination->key, .check = "web"},
		.verdict = {.settled = spot->said != SAID_UNTESTED,
			.weight = VERDICT_NO_WEIGHT,
			.since = spot->since * SECOND},
	};

	/* It was up before. */
	if ((spot->said == SAID_DOWN || spot->said == SAID_DOWN_TOO) && !spot->since)
		said.verdict.since = 1;
	if (spot->said == SAID_NOTHING)
		return;
	said.verdict.up =
		spot->said == SAID_UP || spot->said == SAID_BACK || spot->said == SAID_MEASURED;
	said.verdict.recovered = spot->said == SAID_BACK;
	if (spot->fact || spot->said == SAID_MEASURED || spot->said == SAID_DOWN_TOO)
		said.verdict.weight = spot->fact;
	facts_put_health(facts, &said, 1);
}

static void drain(
	struct facts *facts, struct declared_destination *destination, const struct spot *spot)
{
	destination->drain = spot->drained == DRAINED_DECLARED;
	if (spot->drained == DRAINED_NOT)
		return;
	/* What the file drains, the operator drains too, and for a shorter time: it does not matter. */
	vector_push(&facts->drains,
		((struct facts_drain){.destination = destination->key,
			.everywhere = true,
			.until = spot->drained == DRAINED_OPERATOR ? UINT64_MAX
								   : NOW + 7 * SECOND}));
}

static void scene_build(const struct scene *scene, struct declared *declared, struct facts *facts)
{
	struct declared_service *service = build_declared(
		declared, "web", WEB, scene->scheduler ? scene->scheduler : "wlc", 30);

	service->on_failure = scene->on_failure;
	service->quorum = scene->quorum ? scene->quorum : 1;
	service->quorum_hysteresis = scene->hysteresis;
	service->min_healthy = scene->min_healthy;
	service->slow_start = scene->slow_start * SECOND;
	for (size_t i = 0; i < SPOTS && is_spot(&scene->spots[i]); i++) {
		const struct spot *spot = &scene->spots[i];
		char endpoint[] = "10.0.0.1:80";

		endpoint[7] = (char)('1' + i);
		struct declared_destination *destination =
			build_declared_destination(service, endpoint, spot->weight);
		destination->fallback = spot->fallback;
		service->has_fallback |= spot->fallback;
		if (spot->said != SAID_UNCHECKED)
			build_check(declared, destination, &check);
		say(facts, destination, spot);
		drain(facts, destination, spot);
	}
	vector_sort(&facts->drains, facts_drain_compare);
}

static void scene_compare(const struct scene *scene, const struct resolve_output *output)
{
	size_t count = 0;

	for (; count < SPOTS && is_spot(&scene->spots[count]); count++) {
		const struct spot *spot = &scene->spots[count];
		const struct resolution *resolution = &output->destinations.items[count];

		assert_string_equal(resolution_role_name(resolution->role), spot->role);
		assert_int_equal(resolution->in, spot->in);
		assert_int_equal(resolution->weight, spot->to);
	}
	assert_int_equal(output->destinations.count, count);
	assert_int_equal(output->healthy_weight, scene->sum);
	assert_int_equal(output->quorum_lost, scene->lost);
	assert_int_equal(output->wake,
		scene->wake > 0 ? NOW + (uint64_t)(scene->wake * (double)SECOND) : UINT64_MAX);
}

static void every_rule(_unused_ void **state)
{
	struct resolve_output output = {};

	for (size_t i = 0; i < ARRAY_LENGTH(scenes); i++) {
		_cleanup_declared_ struct declared declared = {};
		struct facts facts = {};

		print_message("%s\n", scenes[i].name);
		scene_build(&scenes[i], &declared, &facts);
		resolve(&declared.services.items[0], scenes[i].no_facts ? NULL : &facts,
			scenes[i].was_lost, NOW, &output);
		scene_compare(&scenes[i], &output);
		facts_clear(&facts);
	}
	vector_clear(&output.destinations);
}

/* The whole climb: each step's weight, and that nothing changes before the time that resolve() says. */
static void climb(uint32_t weight, uint64_t slow, const uint32_t *steps, size_t count)
{
	_cleanup_declared_ struct declared declared = {};
	struct resolve_output output = {};
	struct facts facts = {};
	struct declared_service *service = build_declared(&declared, "web", WEB, "wlc", 30);
	struct declared_destination *destination =
		build_declared_destination(service, "10.0.0.1:80", weight);
	const struct facts_health said = {.key = {.target = destination->key, .check = "web"},
		.verdict = {
			.up = true, .recovered = true, .weight = VERDICT_NO_WEIGHT, .since = NOW}};
	uint64_t now = NOW;

	build_check(&declared, destination, &check);
	service->slow_start = slow;
	facts_put_health(&facts, &said, 1);
	for (size_t i = 0; i < count; i++) {
		resolve(service, &facts, false, now, &output);
		assert_int_equal(output.destinations.items[0].weight, steps[i]);
		assert_int_equal(output.healthy_weight, weight);
		if (i == count - 1)
			break;
		assert_true(output.wake > now && output.wake <= NOW + slow);
		now = output.wake;
		resolve(service, &facts, false, now - 1, &output);
		assert_int_equal(output.destinations.items[0].weight, steps[i]);
		assert_int_equal(output.wake, now);
	}
	assert_int_equal(output.wake, UINT64_MAX);
	assert_string_equal(resolution_role_name(output.destinations.items[0].role), "serves");
	facts_clear(&facts);
	vector_clear(&output.destinations);
}

static void slow_start_takes_ten_steps_at_most(_unused_ void **state)
{
	static const uint32_t hundred[] = {10, 20, 30, 40, 50, 60, 70, 80, 90, 100};
	static const uint32_t five[] = {1, 2, 3, 4, 5};
	static const uint32_t most[] = {
		6554, 13107, 19661, 26214, 32768, 39321, 45875, 52428, 58982, 65535};
	static const uint32_t two[] = {1, 2};

	climb(100, 30 * SECOND, hundred, ARRAY_LENGTH(hundred));
	climb(5, 30 * SECOND + 7, five, ARRAY_LENGTH(five));
	climb(65535, 86400 * SECOND, most, ARRAY_LENGTH(most));
	climb(2, 1, two, ARRAY_LENGTH(two));
}

/* What one of a server's checks says. */
struct part {
	bool up, settled, recovered;
	int32_t weight; /* 0: none; else one more than it says */
	uint64_t since; /* seconds */
};

#define PASSES       .up = true, .settled = true
#define FAILS        .settled = true, .since = 1
#define NEVER_PASSED .settled = true

static const struct {
	const char *name;
	struct part parts[3];
	uint32_t min_healthy;
	/* Wanted, of a server of weight 10. */
	const char *role;
	uint32_t to;
} joined[] = {
	{"all pass", {{PASSES}, {PASSES}, {PASSES}}, 0, "serves", 10},
	{"the last fails", {{PASSES}, {PASSES}, {FAILS}}, 0, "failed", 0},
	{"the first fails", {{FAILS}, {PASSES}, {PASSES}}, 0, "failed", 0},
	{"all fail", {{FAILS}, {FAILS}, {FAILS}}, 0, "failed", 0},
	{"all fail, and it is kept", {{FAILS}, {FAILS}, {FAILS}}, 100, "kept", 10},
	{"what was never tried keeps it out", {{FAILS}, {PASSES}, {.up = false}}, 100, "failed", 0},
	{"what was never up keeps it out", {{FAILS}, {PASSES}, {NEVER_PASSED}}, 100, "failed", 0},
	{"one says a weight", {{PASSES}, {PASSES, .weight = 8}, {PASSES}}, 0, "serves", 7},
	{"the least weight holds",
		{{PASSES, .weight = 8}, {PASSES, .weight = 4}, {PASSES, .weight = 6}}, 0, "serves",
		3},
	{"weight 0 is the least", {{PASSES, .weight = 1}, {PASSES, .weight = 4}, {PASSES}}, 0,
		"serves", 0},
	{"a weight that fails counts while it is kept",
		{{FAILS, .weight = 3}, {PASSES, .weight = 4}, {PASSES}}, 100, "kept", 2},
	{"it climbs since the last that came back",
		{{PASSES, .recovered = true, .since = 910},
			{PASSES, .recovered = true, .since = 980}, {PASSES, .since = 5}},
		0, "climbs", 2},
	{"it climbs though another has long passed",
		{{PASSES}, {PASSES, .recovered = true, .since = 950}, {PASSES}}, 0, "climbs", 5},
};

/* Where one fails and another passes, each in each place: the order does not matter. */
static void all_checks_must_pass(_unused_ void **state)
{
	static const struct config_check checks[] = {
		{.name = {.text = "a"}}, {.name = {.text = "b"}}, {.name = {.text = "c"}}};

	for (size_t i = 0; i < 3 * ARRAY_LENGTH(joined); i++) {
		const __typeof__(joined[0]) *wanted = &joined[i / 3];
		_cleanup_declared_ struct declared declared = {};
		struct resolve_output output = {};
		struct facts facts = {};
		struct declared_service *service = build_declared(&declared, "web", WEB, "wlc", 30);
		struct declared_destination *destination =
			build_declared_destination(service, "10.0.0.1:80", 10);

		service->min_healthy = wanted->min_healthy;
		service->slow_start = 100 * SECOND;
		for (size_t j = 0; j < ARRAY_LENGTH(checks); j++) {
			const struct part *part = &wanted->parts[(i + j) % 3];
			const struct facts_health said = {
				.key = {destination->key, checks[j].name.text},
				.verdict = {.up = part->up,
					.settled = part->settled,
					.recovered = part->recovered,
					.weight = part->weight - 1,
					.since = part->since * SECOND}};

			build_check(&declared, destination, &checks[j]);
			facts_put_health(&facts, &said, 1);
		}
		resolve(service, &facts, false, NOW, &output);
		print_message("%s, turned by %zu\n", wanted->name, i % 3);
		assert_string_equal(
			resolution_role_name(output.destinations.items[0].role), wanted->role);
		assert_int_equal(output.destinations.items[0].weight, wanted->to);
		facts_clear(&facts);
		vector_clear(&output.destinations);
	}
}

/* Of two that fail, min-healthy keeps the one that failed last: by the first of its checks that did. */
static void it_fails_since_the_first_check_that_does(_unused_ void **state)
{
	static const struct config_check checks[] = {
		{.name = {.text = "a"}}, {.name = {.text = "b"}}};
	static const struct {
		uint64_t since[2][2];
		size_t kept;
	} cases[] = {
		{{{10, 90}, {20, 30}}, 1}, {{{20, 30}, {10, 90}}, 0}, {{{90, 40}, {95, 30}}, 0}};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_declared_ struct declared declared = {};
		struct resolve_output output = {};
		struct facts facts = {};
		struct declared_service *service = build_declared(&declared, "web", WEB, "wlc", 30);

		service->min_healthy = 50;
		for (size_t j = 0; j < 4; j++) {
			struct declared_destination *destination =
				j % 2 ? &service->destinations.items[j / 2]
				      : build_declared_destination(
						service, j ? "10.0.0.2:80" : "10.0.0.1:80", 1);
			const struct facts_health said = {
				.key = {destination->key, checks[j % 2].name.text},
				.verdict = {.settled = true,
					.weight = VERDICT_NO_WEIGHT,
					.since = cases[i].since[j / 2][j % 2] * SECOND}};

			build_check(&declared, destination, &checks[j % 2]);
			facts_put_health(&facts, &said, 1);
		}
		resolve(service, &facts, false, NOW, &output);
		for (size_t j = 0; j < 2; j++)
			assert_string_equal(resolution_role_name(output.destinations.items[j].role),
				j == cases[i].kept ? "kept" : "failed");
		facts_clear(&facts);
		vector_clear(&output.destinations);
	}
}

static void roles_have_names(_unused_ void **state)
{
	for (int i = 0; i < RESOLUTION_ROLE_COUNT; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(resolution_role_name((enum resolution_role)i),
				resolution_role_name((enum resolution_role)j));
	assert_string_equal(resolution_role_name(RESOLUTION_ROLE_COUNT), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule),
		cmocka_unit_test(slow_start_takes_ten_steps_at_most),
		cmocka_unit_test(all_checks_must_pass),
		cmocka_unit_test(it_fails_since_the_first_check_that_does),
		cmocka_unit_test(roles_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
