// SPDX-License-Identifier: GPL-2.0-or-later
/* rr and wrr: each in turn.
 *
 * Both walk a sequence of members, from where the worker's last connection of the service left off; rr's
 * has each member that has a weight once, wrr's as often as its weight says, spread evenly. The sequence
 * of members that are all alike is their order, and needs no table.
 *
 * wrr's is exact: weights divided by their greatest common divisor, so one cycle gives each member its
 * share to the connection. Only where that is longer than TURN_ENTRIES (or than 16 for each member) is
 * it cut to that length: a member's share is then off by less than one entry of it, and one that
 * weighs less than an entry has one (which all such members together take from the others: a sixteenth
 * at most).
 *
 * Each worker walks for itself: the connections of all of them together are as near to the weights as the
 * sum of their cycles. */
#include <stdlib.h>

#include "backends/dpdk/dataplane/schedule.h"
#include "base/macros.h"
#include "base/memory.h"

/* Entries of wrr's table, at most, where 16 for each member are not more. */
#define TURN_ENTRIES 16384u

static uint32_t turn_divisor(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static void turn_weigh_alike(const struct service_image *image, uint16_t *weights)
{
	for (uint32_t i = 0; i < image->count; i++)
		weights[i] = image->members[i].weight != 0;
}

/* In lowest terms, so that tables are shared when all weights grow alike. */
static void turn_weigh(const struct service_image *image, uint16_t *weights)
{
	uint32_t divisor = 0;

	for (uint32_t i = 0; i < image->count; i++)
		divisor = turn_divisor(divisor, image->members[i].weight);
	for (uint32_t i = 0; i < image->count; i++)
		weights[i] = (uint16_t)(image->members[i].weight / MAX(divisor, 1u));
}

static uint64_t turn_sum(const uint16_t *weights, uint32_t count, bool *alike)
{
	uint64_t sum = 0;

	*alike = true;
	for (uint32_t i = 0; i < count; i++) {
		sum += weights[i];
		*alike &= weights[i] == weights[0];
	}
	return sum;
}

static struct scheduler_table *turn_prepare(const struct service_image *image,
	const uint16_t *weights, const struct slot_table *slots _unused_,
	struct scheduler_store *store _unused_)
{
	_cleanup_free_ uint32_t *quotas = NULL;
	struct scheduler_table *table;
	bool alike;
	uint64_t sum = turn_sum(weights, image->count, &alike);

	if (alike)
		return NULL;
	table = schedule_table_new(
		(uint32_t)MIN(sum, (uint64_t)MAX(TURN_ENTRIES, 16 * image->count)));
	quotas = memory_resize(NULL, image->count, sizeof(*quotas));
	schedule_divide(weights, image->count, table->size, quotas);
	schedule_spread_quotas(quotas, image->count, table->entries);
	return table;
}

/* After as many entries as there are members, those that may take a connection are looked for among
 * the members themselves: a long sequence of full ones must not be walked for every SYN. */
static uint32_t turn_choose(const struct service_image *image, struct scheduler_turn *turn,
	const struct scheduler_view *view, const struct flow_key *key _unused_)
{
	uint32_t size = image->table_size ? image->table_size : image->count;
	uint32_t at = turn->position, place = 0;

	if (!image->total_weight)
		return SCHEDULER_NONE;
	for (uint32_t i = 0; i < image->count; i++) {
		if (at >= size)
			at = 0;
		place = image->table_size ? image->table[at] : at;
		at++;
		if (!scheduler_may_take(&image->members[place], view))
			continue;
		turn->position = at;
		return place;
	}
	turn->position = at;
	return image->table_size ? schedule_any(image, view, place) : SCHEDULER_NONE;
}

const struct scheduler schedule_rr = {
	.name = "rr",
	.weigh = turn_weigh_alike,
	.prepare = turn_prepare,
	.choose = turn_choose,
};

const struct scheduler schedule_wrr = {
	.name = "wrr",
	.weigh = turn_weigh,
	.prepare = turn_prepare,
	.choose = turn_choose,
};
