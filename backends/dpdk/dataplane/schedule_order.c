// SPDX-License-Identifier: GPL-2.0-or-later
/* fo and ovf: the heaviest first.
 *
 * fo gives everything to the member of the highest weight that may take it; the next in weight is its
 * stand-in. ovf fills them in that order: a member whose active connections are more than its weight is
 * passed over (so it gets weight + 1 of them, as with IPVS), and when all are, the connection is
 * refused. Of equal weights the first is taken. */
#include "backends/dpdk/dataplane/schedule.h"
#include "base/macros.h"

static bool order_overflows(const struct service_member *member, const struct scheduler_view *view)
{
	return schedule_load_of(member, view).active > member->weight;
}

static inline __attribute__((always_inline)) uint32_t order_choose(
	bool overflow, const struct service_image *image, const struct scheduler_view *view)
{
	uint32_t chosen = SCHEDULER_NONE, heaviest = 0;

	for (uint32_t i = 0; i < image->count; i++) {
		const struct service_member *member = &image->members[i];

		if (member->weight <= heaviest || !scheduler_may_take(member, view))
			continue;
		if (overflow && order_overflows(member, view))
			continue;
		chosen = i;
		heaviest = member->weight;
	}
	return chosen;
}

static uint32_t order_choose_fo(const struct service_image *image,
	struct scheduler_turn *turn _unused_, const struct scheduler_view *view,
	const struct flow_key *key _unused_)
{
	return order_choose(false, image, view);
}

static uint32_t order_choose_ovf(const struct service_image *image,
	struct scheduler_turn *turn _unused_, const struct scheduler_view *view,
	const struct flow_key *key _unused_)
{
	return order_choose(true, image, view);
}

const struct scheduler schedule_fo = {.name = "fo", .choose = order_choose_fo};
const struct scheduler schedule_ovf = {.name = "ovf", .by_load = true, .choose = order_choose_ovf};
