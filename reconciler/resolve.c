// SPDX-License-Identifier: GPL-2.0-or-later
/* Each rule is a walk over the service's destinations, in the order of their precedence:
 *
 *	look		who drains, who fails, who is a fallback; everybody's own weight
 *	keep		min-healthy takes some of those that fail back
 *	count		the weights of what is healthy, against the quorum
 *	fall back	the fallbacks serve, and the others step back
 *	settle		in or out, and with which weight: on-failure, slow start
 *
 * `weight` is a destination's own weight until the last walk makes it the one that it is to have. */
#include "reconciler/resolve.h"

#include <inttypes.h>

/* Slow start climbs in so many steps. */
#define RESOLVE_STEPS 10

struct resolve_pass {
	const struct declared_service *service;
	const struct facts *facts;
	uint64_t now;
	struct resolve_output *ret;
};

/* One that fails, for the choice of those that stay. */
struct resolve_failure {
	uint64_t since;
	size_t index;
};

static const char *const resolution_role_names[RESOLUTION_ROLE_COUNT] = {
	[RESOLUTION_ROLE_SERVES] = "serves",
	[RESOLUTION_ROLE_CLIMBS] = "climbs",
	[RESOLUTION_ROLE_KEPT] = "kept",
	[RESOLUTION_ROLE_FAILED] = "failed",
	[RESOLUTION_ROLE_STEPS_BACK] = "steps-back",
	[RESOLUTION_ROLE_SPARE] = "spare",
	[RESOLUTION_ROLE_DRAINS_DECLARED] = "drains-declared",
	[RESOLUTION_ROLE_DRAINS_OPERATOR] = "drains-operator",
};

const char *resolution_role_name(enum resolution_role role)
{
	return (size_t)role < RESOLUTION_ROLE_COUNT ? resolution_role_names[role] : "?";
}

static void resolve_wake_at(const struct resolve_pass *pass, uint64_t when)
{
	pass->ret->wake = MIN(pass->ret->wake, when);
}

static struct verdict resolve_verdict(
	const struct resolve_pass *pass, const struct declared_destination *destination)
{
	struct verdict all = VERDICT_PLAIN;

	if (!pass->facts || !pass->facts->health.count)
		return all;
	vector_foreach(&destination->checks, check) {
		const struct probe_key key = declared_probe_key(destination, *check);
		const struct verdict *one = facts_find_verdict(pass->facts, &key);

		if (one)
			verdict_join(&all, one);
	}
	return all;
}

static bool resolve_fails(const struct resolution *resolution)
{
	return !resolution->verdict.up;
}

/* Out because the file says that it begins so. No check has found fault with it. */
static bool resolve_is_untested(const struct resolution *resolution)
{
	return resolve_fails(resolution) && !resolution->verdict.settled;
}

/* It began so, and its checks have only ever failed: it is out until it passes. */
static bool resolve_was_never_up(const struct resolution *resolution)
{
	return resolve_fails(resolution) && resolution->verdict.settled &&
	       !resolution->verdict.since;
}

static enum resolution_role resolve_first_role(const struct resolve_pass *pass,
	const struct declared_destination *destination, const struct resolution *resolution)
{
	if (destination->drain)
		return RESOLUTION_ROLE_DRAINS_DECLARED;
	uint64_t until =
		facts_drained_until(pass->facts, &pass->service->key, &destination->key, pass->now);
	if (until) {
		resolve_wake_at(pass, until);
		return RESOLUTION_ROLE_DRAINS_OPERATOR;
	}
	if (destination->fallback)
		return RESOLUTION_ROLE_SPARE;
	return resolve_fails(resolution) ? RESOLUTION_ROLE_FAILED : RESOLUTION_ROLE_SERVES;
}

static void resolve_look(const struct resolve_pass *pass)
{
	const struct declared_destination_vector *declared = &pass->service->destinations;
	struct resolution_vector *destinations = &pass->ret->destinations;

	destinations->count = 0;
	vector_reserve(destinations, declared->count);
	vector_foreach(declared, destination) {
		struct resolution *resolution = vector_append(destinations);

		resolution->verdict = resolve_verdict(pass, destination);
		resolution->weight = destination->attributes.weight;
		if (resolution->verdict.weight >= 0)
			resolution->weight = MIN(
				(uint32_t)resolution->verdict.weight, DESTINATION_LARGEST_WEIGHT);
		resolution->role = resolve_first_role(pass, destination, resolution);
	}
}

/* Those that failed last come first. */
static int resolve_compare_failures(const void *a, const void *b)
{
	const struct resolve_failure *left = a, *right = b;
	int order = COMPARE(right->since, left->since);

	return order ? order : COMPARE(left->index, right->index);
}

/* What has no weight would serve nobody. */
static bool resolve_may_be_kept(const struct resolution *resolution)
{
	return resolution->role == RESOLUTION_ROLE_FAILED && resolution->weight &&
	       !resolve_is_untested(resolution) && !resolve_was_never_up(resolution);
}

/* How many of those that fail must stay. The untested are part of the share, and in it as good as those that serve: that nothing is
 * known of them is no doubt about the checks. What has no weight and what has never passed is no part of it: neither serves while all is well. */
static size_t resolve_missing(const struct resolve_pass *pass)
{
	size_t serve = 0, fail = 0;

	vector_foreach(&pass->ret->destinations, resolution) {
		bool untested = resolution->role == RESOLUTION_ROLE_FAILED &&
				resolve_is_untested(resolution);

		if (!resolution->weight)
			continue;
		serve += resolution->role == RESOLUTION_ROLE_SERVES || untested;
		fail += resolve_may_be_kept(resolution);
	}
	size_t least = ((serve + fail) * pass->service->min_healthy + 99) / 100;
	return least > serve ? MIN(least - serve, fail) : 0;
}

static void resolve_keep(const struct resolve_pass *pass)
{
	struct resolution_vector *destinations = &pass->ret->destinations;
	size_t missing = pass->service->min_healthy ? resolve_missing(pass) : 0;
	struct {
		VECTOR_OF(struct resolve_failure);
	} failures = {};

	if (!missing)
		return;
	vector_foreach(destinations, resolution)
		if (resolve_may_be_kept(resolution))
			vector_push(
				&failures, ((struct resolve_failure){resolution->verdict.since,
						   (size_t)(resolution - destinations->items)}));
	vector_sort(&failures, resolve_compare_failures);
	for (size_t i = 0; i < MIN(missing, failures.count); i++)
		destinations->items[failures.items[i].index].role = RESOLUTION_ROLE_KEPT;
	vector_clear(&failures);
}

static bool resolve_is_healthy(const struct resolution *resolution)
{
	return resolution->role == RESOLUTION_ROLE_SERVES ||
	       resolution->role == RESOLUTION_ROLE_KEPT;
}

/* Whether the files themselves let anything serve. */
static bool resolve_may_serve(const struct declared_service *service)
{
	vector_foreach(&service->destinations, destination)
		if (!destination->drain && destination->attributes.weight)
			return true;
	return false;
}

static void resolve_count(const struct resolve_pass *pass, bool was_lost)
{
	uint64_t quorum = pass->service->quorum, hysteresis = pass->service->quorum_hysteresis;
	uint64_t sum = 0;

	vector_foreach(&pass->ret->destinations, resolution)
		if (resolve_is_healthy(resolution))
			sum += resolution->weight;
	pass->ret->healthy_weight = sum;
	/* It is as the files say: empty, or all of it at weight 0. */
	if (!sum && !pass->service->has_fallback && !resolve_may_serve(pass->service)) {
		pass->ret->quorum_lost = false;
		return;
	}
	/* Where the hysteresis is as large as the quorum, nothing at all is still too little. */
	pass->ret->quorum_lost =
		was_lost ? sum < quorum + hysteresis : !sum || sum + hysteresis < quorum;
}

static void resolve_fall_back(const struct resolve_pass *pass)
{
	const struct declared_destination *declared = pass->service->destinations.items;
	struct resolution_vector *destinations = &pass->ret->destinations;
	bool serves = false;

	if (!pass->ret->quorum_lost || !pass->service->has_fallback)
		return;
	for (size_t i = 0; i < destinations->count; i++) {
		struct resolution *resolution = &destinations->items[i];

		if (resolution->role != RESOLUTION_ROLE_SPARE)
			continue;
		resolution->role =
			resolve_fails(resolution) ? RESOLUTION_ROLE_FAILED : RESOLUTION_ROLE_SERVES;
		serves |= resolution->role == RESOLUTION_ROLE_SERVES && resolution->weight;
	}
	for (size_t i = 0; serves && i < destinations->count; i++)
		if (!declared[i].fallback && resolve_is_healthy(&destinations->items[i]))
			destinations->items[i].role = RESOLUTION_ROLE_STEPS_BACK;
}

/* The part of `weight` at a step of the climb, rounded up. */
static uint32_t resolve_part(uint32_t weight, uint64_t step)
{
	uint64_t part = (weight * step + RESOLVE_STEPS - 1) / RESOLVE_STEPS;

	return weight ? (uint32_t)MAX(part, (uint64_t)1) : 0;
}

static void resolve_climb(const struct resolve_pass *pass, struct resolution *resolution)
{
	/* Whatever a verdict claims: one of later than now has come back just now. */
	uint64_t since = MIN(resolution->verdict.since, pass->now);
	uint64_t slow = pass->service->slow_start, passed = pass->now - since;

	if (passed >= slow)
		return;
	uint64_t step = MAX(passed * RESOLVE_STEPS / slow, (uint64_t)1);
	uint32_t whole = resolution->weight, part = resolve_part(whole, step);
	if (part == whole)
		return;
	resolution->role = RESOLUTION_ROLE_CLIMBS;
	resolution->weight = part;
	while (resolve_part(whole, step) == part)
		step++;
	resolve_wake_at(pass, since + (slow * step + RESOLVE_STEPS - 1) / RESOLVE_STEPS);
}

/* Whether one that serves nobody now is there all the same, with weight 0. */
static bool resolve_stays(
	const struct declared_service *service, const struct resolution *resolution)
{
	bool fails = resolution->role == RESOLUTION_ROLE_FAILED;

	if (resolution->role != RESOLUTION_ROLE_STEPS_BACK &&
		!(fails && service->on_failure == CONFIG_ON_FAILURE_WEIGHT_ZERO))
		return false;
	return scheduler_honours_weight_zero(&service->attributes);
}

static void resolve_settle_one(const struct resolve_pass *pass,
	const struct declared_destination *destination, struct resolution *resolution)
{
	const struct declared_service *service = pass->service;
	const struct verdict *verdict = &resolution->verdict;

	if (!resolve_is_healthy(resolution)) {
		resolution->weight = 0;
		resolution->in = resolve_stays(service, resolution);
		return;
	}
	resolution->in = true;
	if (service->slow_start && !destination->fallback && verdict->up && verdict->recovered)
		resolve_climb(pass, resolution);
}

static void resolve_settle(const struct resolve_pass *pass)
{
	for (size_t i = 0; i < pass->ret->destinations.count; i++)
		resolve_settle_one(pass, &pass->service->destinations.items[i],
			&pass->ret->destinations.items[i]);
}

void resolve(const struct declared_service *service, const struct facts *facts, bool quorum_lost,
	uint64_t now, struct resolve_output *ret)
{
	const struct resolve_pass pass = {
		.service = service, .facts = facts, .now = now, .ret = ret};

	ret->wake = UINT64_MAX;
	resolve_look(&pass);
	resolve_keep(&pass);
	resolve_count(&pass, quorum_lost);
	resolve_fall_back(&pass);
	resolve_settle(&pass);
}

bool resolve_serves_any(const struct resolve_output *output)
{
	vector_foreach(&output->destinations, resolution)
		if (resolution->in && resolution->weight)
			return true;
	return false;
}

void resolve_describe_quorum(const struct declared_service *service,
	const struct resolve_output *output, struct strbuf *text)
{
	uint64_t quorum = service->quorum, hysteresis = service->quorum_hysteresis;

	strbuf_printf(text, "the healthy weight is %" PRIu64 ", the quorum %" PRIu64,
		output->healthy_weight, quorum);
	if (hysteresis)
		strbuf_printf(text, " and its hysteresis %" PRIu64, hysteresis);
	if (hysteresis && output->quorum_lost)
		strbuf_printf(text, ": %" PRIu64 " to return", quorum + hysteresis);
}

bool resolve_fallback_serves(
	const struct declared_service *service, const struct resolve_output *output)
{
	for (size_t i = 0; service->has_fallback && i < output->destinations.count; i++) {
		const struct resolution *resolution = &output->destinations.items[i];

		if (service->destinations.items[i].fallback && resolution->in && resolution->weight)
			return true;
	}
	return false;
}

bool resolve_doubts_checks(const struct resolve_output *output)
{
	bool kept = false;

	vector_foreach(&output->destinations, resolution) {
		if (resolution->in && resolution->weight &&
			resolution->role != RESOLUTION_ROLE_KEPT)
			return false;
		kept |= resolution->role == RESOLUTION_ROLE_KEPT;
	}
	return kept;
}
