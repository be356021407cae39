// SPDX-License-Identifier: GPL-2.0-or-later
/* Slots: given out, ended, taken back.
 *
 * Free slots wait in a ring, so the one that has been free for longest is given next: the incarnations
 * of any one slot move on as slowly as they can. A flow whose destination was deleted may look at its
 * slot for as long as it stands in its table; the 65,535 incarnations between it and a mistake are
 * then spread over all slots.
 *
 * A worker may look at a slot at any moment of slot_take(). It sees a slot that does not live, or one
 * that lives in its new incarnation: incarnation and the rest are written before the state. */
#include "backends/dpdk/dataplane/slot.h"

#include <arpa/inet.h>
#include <string.h>

#include "backends/dpdk/dataplane/next_hop.h"
#include "backends/dpdk/dataplane/pages.h"
#include "backends/dpdk/dataplane/rewrite.h"
#include "base/memory.h"

int slot_table_init(struct slot_table *table, uint32_t count, struct error *error)
{
	void *slots;
	int r = pages_reserve((size_t)count * sizeof(struct slot), "destinations", &slots, error);

	if (r < 0)
		return r;
	*table = (struct slot_table){
		.slots = slots,
		.count = count,
		.free = memory_resize(NULL, count, sizeof(*table->free)),
		.free_count = count,
	};
	for (uint32_t i = 0; i < count; i++)
		table->free[i] = i;
	return 0;
}

void slot_table_clear(struct slot_table *table)
{
	pages_release(table->slots, (size_t)table->count * sizeof(struct slot));
	free(table->free);
	*table = (struct slot_table){};
}

static uint32_t slot_pop(struct slot_table *table)
{
	uint32_t index;

	if (!table->free_count)
		return SLOT_NONE;
	index = table->free[table->free_first];
	table->free_first = table->free_first + 1 == table->count ? 0 : table->free_first + 1;
	table->free_count--;
	return index;
}

static void slot_push(struct slot_table *table, uint32_t index)
{
	uint64_t last = (uint64_t)table->free_first + table->free_count;

	table->free[last % table->count] = index;
	table->free_count++;
}

/* Nothing that does not exist yet has incarnation 0: counts that are all zero belong to no one. */
static uint16_t slot_next_incarnation(const struct slot *slot)
{
	uint16_t next =
		(uint16_t)(atomic_load_explicit(&slot->incarnation, memory_order_relaxed) + 1);

	return next ? next : 1;
}

static void slot_fill_request(struct slot *slot, uint32_t service_place,
	const struct destination_key *key, const struct destination_attributes *attributes)
{
	uint8_t family = (uint8_t)key->address.family;

	memcpy(slot->address, key->address.bytes, sizeof(slot->address));
	memset(slot->local, 0, sizeof(slot->local));
	slot->port = htons(key->port);
	slot->family = family;
	slot->method = (uint8_t)attributes->forward;
	slot->tunnel_type = (uint8_t)attributes->tunnel_type;
	slot->tunnel_checksum = (uint8_t)attributes->tunnel_checksum;
	slot->tunnel_port = htons(attributes->tunnel_port);
	slot->overhead = 0;
	if (attributes->forward == FORWARD_METHOD_TUNNEL)
		slot->overhead = (uint8_t)rewrite_overhead(
			family, attributes->tunnel_type, attributes->tunnel_checksum);
	slot->service = service_place;
	atomic_store_explicit(&slot->next_hop, NEXT_HOP_NONE, memory_order_relaxed);
}

static void slot_fill_reply(struct slot *slot, const struct service_key *service)
{
	memcpy(slot->virtual_address, service->address.bytes, sizeof(slot->virtual_address));
	slot->virtual_port = htons(service->port);
	slot->virtual_family = (uint8_t)service->address.family;
}

uint32_t slot_take(struct slot_table *table, const struct service_key *service,
	uint32_t service_place, const struct destination_key *key,
	const struct destination_attributes *attributes)
{
	uint32_t index = slot_pop(table);
	struct slot *slot;

	if (index == SLOT_NONE)
		return SLOT_NONE;
	slot = &table->slots[index];
	atomic_store_explicit(
		&slot->incarnation, slot_next_incarnation(slot), memory_order_relaxed);
	slot_fill_request(slot, service_place, key, attributes);
	slot_fill_reply(slot, service);
	atomic_store_explicit(&slot->state, SLOT_STATE_LIVE, memory_order_release);
	return index;
}

void slot_kill(struct slot_table *table, uint32_t index)
{
	atomic_store_explicit(&table->slots[index].state, SLOT_STATE_DEAD, memory_order_release);
}

void slot_free(struct slot_table *table, uint32_t index)
{
	atomic_store_explicit(&table->slots[index].state, SLOT_STATE_FREE, memory_order_release);
	slot_push(table, index);
}
