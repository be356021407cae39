// SPDX-License-Identifier: GPL-2.0-or-later
/* The list of schedulers, and what they all go by: who may get a connection, and who shares a table.
 *
 * A destination is full from its upper threshold on until its connections are fewer than the lower one,
 * or than three quarters of the upper where there is none: IPVS's rule. That needs a memory, a
 * mark beside the first worker's counts of the slot, which names the incarnation that is full: the
 * next one begins without it. Whoever looks brings the mark up to date, so two workers at the same
 * moment may go past a threshold by a connection each.
 *
 * An image whose members weigh for the table what the ones before weighed shares their table: a check that
 * fails costs no Maglev table (schedule_weigh_kept()), and an attribute of the service never does. So
 * does one that is made from the same as another of its transaction (schedule_store.c). */
#include "backends/dpdk/dataplane/scheduler.h"

#include <stdlib.h>

#include "backends/dpdk/dataplane/schedule.h"
#include "base/macros.h"
#include "base/memory.h"

static const struct scheduler *const scheduler_list[] = {
	&schedule_rr,
	&schedule_wrr,
	&schedule_lc,
	&schedule_wlc,
	&schedule_sed,
	&schedule_nq,
	&schedule_fo,
	&schedule_ovf,
	&schedule_sh,
	&schedule_dh,
	&schedule_mh,
};

const struct scheduler *scheduler_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(scheduler_list); i++)
		if (strcmp(scheduler_list[i]->name, name) == 0)
			return scheduler_list[i];
	return NULL;
}

/* Counts of another incarnation are those of a destination that is gone. */
static const struct slot_counts *scheduler_counts(
	const struct scheduler_view *view, unsigned int worker, uint32_t slot, uint16_t incarnation)
{
	const struct slot_counts *counts = &view->counts[worker][slot];

	if (atomic_load_explicit(&counts->incarnation, memory_order_relaxed) != incarnation)
		return NULL;
	return counts;
}

struct schedule_load schedule_load_of(
	const struct service_member *member, const struct scheduler_view *view)
{
	struct schedule_load load = {};

	for (unsigned int i = 0; i < view->workers; i++) {
		const struct slot_counts *counts =
			scheduler_counts(view, i, member->slot, member->incarnation);

		if (!counts)
			continue;
		load.active += atomic_load_explicit(&counts->active, memory_order_relaxed);
		load.inactive += atomic_load_explicit(&counts->inactive, memory_order_relaxed);
	}
	return load;
}

uint32_t scheduler_active(const struct scheduler_view *view, uint32_t slot, uint16_t incarnation)
{
	struct service_member member = {.slot = slot, .incarnation = incarnation};

	return schedule_load_of(&member, view).active;
}

uint32_t scheduler_inactive(const struct scheduler_view *view, uint32_t slot, uint16_t incarnation)
{
	struct service_member member = {.slot = slot, .incarnation = incarnation};

	return schedule_load_of(&member, view).inactive;
}

static bool scheduler_is_below(const struct service_member *member, uint64_t connections)
{
	if (member->lower_threshold)
		return connections < member->lower_threshold;
	return connections * 4 < (uint64_t)member->upper_threshold * 3;
}

/* Whether it is full now; the mark says so, too, from now on. Of a member with an upper threshold. */
static bool scheduler_is_full(
	const struct service_member *member, const struct scheduler_view *view)
{
	_Atomic uint16_t *mark = &view->counts[0][member->slot].full;
	struct schedule_load load = schedule_load_of(member, view);
	uint64_t connections = (uint64_t)load.active + load.inactive;
	bool was = atomic_load_explicit(mark, memory_order_relaxed) == member->incarnation;
	bool is = connections >= member->upper_threshold ||
		  (was && !scheduler_is_below(member, connections));

	if (is != was)
		atomic_store_explicit(
			mark, is ? member->incarnation : (uint16_t)0, memory_order_relaxed);
	return is;
}

bool scheduler_may_take(const struct service_member *member, const struct scheduler_view *view)
{
	if (!member->weight)
		return false;
	return !member->upper_threshold || !scheduler_is_full(member, view);
}

void scheduler_mark(const struct service_member *member, const struct scheduler_view *view)
{
	scheduler_is_full(member, view);
}

uint32_t schedule_any(
	const struct service_image *image, const struct scheduler_view *view, uint32_t from)
{
	uint32_t place = from;

	for (uint32_t i = 0; i < image->count; i++) {
		if (scheduler_may_take(&image->members[place], view))
			return place;
		place = place + 1 == image->count ? 0 : place + 1;
	}
	return SCHEDULER_NONE;
}

static bool scheduler_same_keys(const struct service_image *a, const struct service_image *b,
	const struct slot_table *slots)
{
	for (uint32_t i = 0; i < a->count; i++) {
		const struct slot *x = &slots->slots[a->members[i].slot];
		const struct slot *y = &slots->slots[b->members[i].slot];

		if (x != y && (x->port != y->port || x->family != y->family ||
				      memcmp(x->address, y->address, sizeof(x->address)) != 0))
			return false;
	}
	return true;
}

bool scheduler_same_table(const struct service_image *image, const struct service_image *other,
	const uint16_t *weights, const struct slot_table *slots)
{
	_cleanup_free_ uint16_t *before = NULL;

	if (other->scheduler != image->scheduler || other->count != image->count)
		return false;
	before = memory_resize(NULL, other->count, sizeof(*before));
	other->scheduler->weigh(other, before);
	if (memcmp(before, weights, image->count * sizeof(*weights)) != 0)
		return false;
	return !image->scheduler->by_key || scheduler_same_keys(image, other, slots);
}

/* The table, one reference: another one's, or its own, which others may have from now on. */
static struct scheduler_table *scheduler_table_for(struct service_image *image,
	const struct service_image *previous, const uint16_t *weights,
	const struct slot_table *slots, struct scheduler_store *store)
{
	struct scheduler_table *table;

	if (previous && scheduler_same_table(image, previous, weights, slots))
		table = previous->shared;
	else
		table = scheduler_store_find(store, image, weights, slots);
	if (table) {
		table->references++;
		return table;
	}
	table = image->scheduler->prepare(image, weights, slots, store);
	if (table)
		scheduler_store_add(store, image, weights, slots);
	return table;
}

void scheduler_prepare(struct service_image *image, const struct service_image *previous,
	const struct slot_table *slots, struct scheduler_store *store)
{
	_cleanup_free_ uint16_t *weights = NULL;
	struct scheduler_store *own = NULL;

	if (!image->scheduler->weigh || !image->count)
		return;
	if (!store)
		store = own = scheduler_store_new();
	weights = memory_resize(NULL, image->count, sizeof(*weights));
	image->scheduler->weigh(image, weights);
	image->shared = scheduler_table_for(image, previous, weights, slots, store);
	scheduler_store_free(own);
	if (!image->shared)
		return;
	image->table = image->shared->entries;
	image->table_size = image->shared->size;
}

void scheduler_table_unref(struct scheduler_table *table)
{
	if (table && --table->references == 0)
		free(table);
}
