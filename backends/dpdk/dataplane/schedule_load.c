// SPDX-License-Identifier: GPL-2.0-or-later
/* lc, wlc, sed and nq: who has the least to do.
 *
 * Every member is looked at for each new connection, with the counts of all workers: O(n). What a
 * member costs is compared as a fraction over its weight, by multiplying crosswise, so nothing is
 * rounded: a cost has at most 41 bits, a weight 16. Of equals the first is taken, as IPVS does.
 *
 *	lc	256 * active + inactive: a connection that is over weighs a 256th
 *	wlc	the same, over the weight
 *	sed	active + 1, over the weight: the shortest expected delay
 *	nq	whoever has no active one, else as sed: never queue */
#include "backends/dpdk/dataplane/schedule.h"
#include "base/macros.h"

enum load_rule {
	LOAD_RULE_LC,
	LOAD_RULE_WLC,
	LOAD_RULE_SED,
	LOAD_RULE_NQ,
};

/* A fraction. */
struct load_cost {
	uint64_t cost;
	uint32_t weight;
};

static inline struct load_cost load_cost_of(
	enum load_rule rule, struct schedule_load load, uint16_t weight)
{
	uint64_t overhead = (uint64_t)load.active * 256 + load.inactive;

	if (rule == LOAD_RULE_LC)
		return (struct load_cost){overhead, 1};
	if (rule == LOAD_RULE_WLC)
		return (struct load_cost){overhead, weight};
	if (rule == LOAD_RULE_NQ && !load.active)
		return (struct load_cost){0, 1};
	return (struct load_cost){(uint64_t)load.active + 1, weight};
}

static inline bool load_is_less(struct load_cost a, struct load_cost b)
{
	return a.cost * b.weight < b.cost * a.weight;
}

static inline __attribute__((always_inline)) uint32_t load_choose(
	enum load_rule rule, const struct service_image *image, const struct scheduler_view *view)
{
	struct load_cost least = {UINT64_MAX, 0};
	uint32_t chosen = SCHEDULER_NONE;

	for (uint32_t i = 0; i < image->count; i++) {
		const struct service_member *member = &image->members[i];
		struct load_cost cost;

		if (!scheduler_may_take(member, view))
			continue;
		cost = load_cost_of(rule, schedule_load_of(member, view), member->weight);
		if (chosen != SCHEDULER_NONE && !load_is_less(cost, least))
			continue;
		chosen = i;
		least = cost;
	}
	return chosen;
}

static uint32_t load_choose_lc(const struct service_image *image,
	struct scheduler_turn *turn _unused_, const struct scheduler_view *view,
	const struct flow_key *key _unused_)
{
	return load_choose(LOAD_RULE_LC, image, view);
}

static uint32_t load_choose_wlc(const struct service_image *image,
	struct scheduler_turn *turn _unused_, const struct scheduler_view *view,
	const struct flow_key *key _unused_)
{
	return load_choose(LOAD_RULE_WLC, image, view);
}

static uint32_t load_choose_sed(const struct service_image *image,
	struct scheduler_turn *turn _unused_, const struct scheduler_view *view,
	const struct flow_key *key _unused_)
{
	return load_choose(LOAD_RULE_SED, image, view);
}

static uint32_t load_choose_nq(const struct service_image *image,
	struct scheduler_turn *turn _unused_, const struct scheduler_view *view,
	const struct flow_key *key _unused_)
{
	return load_choose(LOAD_RULE_NQ, image, view);
}

const struct scheduler schedule_lc = {.name = "lc", .by_load = true, .choose = load_choose_lc};
const struct scheduler schedule_wlc = {.name = "wlc", .by_load = true, .choose = load_choose_wlc};
const struct scheduler schedule_sed = {.name = "sed", .by_load = true, .choose = load_choose_sed};
const struct scheduler schedule_nq = {.name = "nq", .by_load = true, .choose = load_choose_nq};
