// SPDX-License-Identifier: GPL-2.0-or-later
/* An entry is on one list at a time, and the list says what it is worth. What nobody asks for any
 * longer, or who never answered, lies at the front of his list and goes first: unresolved ones before
 * resolved ones, so that a scan of addresses where nobody is (RFC 6583) takes the place of its own kind.
 * Pinned ones are what routes and slots refer to; they never go.
 *
 * Entries are evicted before they are needed: one that is taken out lies in limbo until every worker
 * has passed a quiescent state, and `reserve` of them are on their way or free at any time. When even
 * those are used up, a packet for a new neighbour is dropped, and counted. */
#include "backends/dpdk/dataplane/neighbour_cache.h"

#include <sys/random.h>

#include "base/memory.h"

#define CELL_NONE UINT32_MAX
/* Timers that are served before somebody else gets the lock. */
#define TURN_MOST 256

#define FIRST_ENTRY (2 * NEXT_HOP_PORTS)

struct neighbour_cache_cell {
	void *packet;
	uint32_t next;
};

struct neighbour_cache_entry {
	struct heap_entry due; /* first: an entry is found by it */
	struct neighbour machine;
	uint64_t grace;          /* in limbo */
	uint32_t older, newer;   /* of its list */
	uint32_t oldest, latest; /* cells of what waits */
	uint32_t pins;
	uint16_t held;
	uint8_t list; /* enum neighbour_cache_list */
};

static const char *const drop_names[NEIGHBOUR_CACHE_DROP_COUNT] = {
	[NEIGHBOUR_CACHE_DROP_UNREACHABLE] = "neighbour-unreachable",
	[NEIGHBOUR_CACHE_DROP_OVERFLOW] = "neighbour-queue-full",
	[NEIGHBOUR_CACHE_DROP_FULL] = "neighbours-full",
	[NEIGHBOUR_CACHE_DROP_EVICTED] = "neighbour-evicted",
};

/* --- lists --- */

static void cache_unlink(struct neighbour_cache *cache, uint32_t index)
{
	struct neighbour_cache_entry *entry = &cache->entries[index];
	struct neighbour_cache_order *list = &cache->lists[entry->list];

	*(entry->older == NEXT_HOP_NONE ? &list->first : &cache->entries[entry->older].newer) =
		entry->newer;
	*(entry->newer == NEXT_HOP_NONE ? &list->last : &cache->entries[entry->newer].older) =
		entry->older;
	list->count--;
}

static void cache_link(struct neighbour_cache *cache, uint32_t index, enum neighbour_cache_list to)
{
	struct neighbour_cache_entry *entry = &cache->entries[index];
	struct neighbour_cache_order *list = &cache->lists[to];

	entry->list = (uint8_t)to;
	entry->older = list->last;
	entry->newer = NEXT_HOP_NONE;
	*(list->last == NEXT_HOP_NONE ? &list->first : &cache->entries[list->last].newer) = index;
	list->last = index;
	list->count++;
}

/* To the end of the list where it belongs. */
static void cache_touch(struct neighbour_cache *cache, uint32_t index)
{
	const struct neighbour_cache_entry *entry = &cache->entries[index];
	enum neighbour_cache_list list = NEIGHBOUR_CACHE_LIST_UNRESOLVED;

	if (entry->pins)
		list = NEIGHBOUR_CACHE_LIST_PINNED;
	else if (neighbour_link(&entry->machine))
		list = NEIGHBOUR_CACHE_LIST_RESOLVED;
	cache_unlink(cache, index);
	cache_link(cache, index, list);
}

/* --- packets that wait --- */

static void cache_drop(
	struct neighbour_cache *cache, uint8_t port, void *packet, enum neighbour_cache_drop why)
{
	cache->counts.dropped[why]++;
	cache->ops->drop(cache->data, port, packet, why);
}

static uint8_t cache_port(
	const struct neighbour_cache *cache, const struct neighbour_cache_entry *entry)
{
	return cache->hops->keys[entry - cache->entries].port;
}

static void *cache_take_oldest(struct neighbour_cache *cache, struct neighbour_cache_entry *entry)
{
	uint32_t cell = entry->oldest;
	void *packet = cache->cells[cell].packet;

	entry->oldest = cache->cells[cell].next;
	if (entry->oldest == CELL_NONE)
		entry->latest = CELL_NONE;
	entry->held--;
	cache->cells[cell].next = cache->free_cell;
	cache->free_cell = cell;
	return packet;
}

static void cache_hold(
	struct neighbour_cache *cache, struct neighbour_cache_entry *entry, void *packet)
{
	uint32_t cell;

	if (entry->held == NEIGHBOUR_CACHE_HELD_EACH)
		cache_drop(cache, cache_port(cache, entry), cache_take_oldest(cache, entry),
			NEIGHBOUR_CACHE_DROP_OVERFLOW);
	cell = cache->free_cell;
	if (cell == CELL_NONE) {
		cache_drop(cache, cache_port(cache, entry), packet, NEIGHBOUR_CACHE_DROP_OVERFLOW);
		return;
	}
	cache->free_cell = cache->cells[cell].next;
	cache->cells[cell] = (struct neighbour_cache_cell){.packet = packet, .next = CELL_NONE};
	*(entry->latest == CELL_NONE ? &entry->oldest : &cache->cells[entry->latest].next) = cell;
	entry->latest = cell;
	entry->held++;
	cache->counts.held++;
}

static void cache_drop_held(struct neighbour_cache *cache, struct neighbour_cache_entry *entry,
	enum neighbour_cache_drop why)
{
	while (entry->held)
		cache_drop(cache, cache_port(cache, entry), cache_take_oldest(cache, entry), why);
}

/* --- entries that come and go --- */

static void cache_reclaim(struct neighbour_cache *cache)
{
	struct neighbour_cache_order *limbo = &cache->lists[NEIGHBOUR_CACHE_LIST_LIMBO];

	while (limbo->count) {
		uint32_t index = limbo->first;

		if (!cache->ops->grace_is_over(cache->data, cache->entries[index].grace))
			return;
		next_hop_free(cache->hops, index);
		cache_unlink(cache, index);
		cache_link(cache, index, NEIGHBOUR_CACHE_LIST_FREE);
	}
}

static void cache_evict(struct neighbour_cache *cache, uint32_t index)
{
	struct neighbour_cache_entry *entry = &cache->entries[index];

	cache_drop_held(cache, entry, NEIGHBOUR_CACHE_DROP_EVICTED);
	heap_set(&cache->due, &entry->due, HEAP_NEVER);
	next_hop_remove(cache->hops, index);
	entry->grace = cache->ops->begin_grace(cache->data);
	cache_unlink(cache, index);
	cache_link(cache, index, NEIGHBOUR_CACHE_LIST_LIMBO);
	cache->counts.evicted++;
}

/* Before one is taken. */
static void cache_keep_reserve(struct neighbour_cache *cache)
{
	const struct neighbour_cache_order *lists = cache->lists;

	while (lists[NEIGHBOUR_CACHE_LIST_FREE].count + lists[NEIGHBOUR_CACHE_LIST_LIMBO].count <=
		cache->reserve) {
		if (lists[NEIGHBOUR_CACHE_LIST_UNRESOLVED].count)
			cache_evict(cache, lists[NEIGHBOUR_CACHE_LIST_UNRESOLVED].first);
		else if (lists[NEIGHBOUR_CACHE_LIST_RESOLVED].count)
			cache_evict(cache, lists[NEIGHBOUR_CACHE_LIST_RESOLVED].first);
		else
			return;
	}
}

static uint32_t cache_make(
	struct neighbour_cache *cache, uint8_t port, const struct address *address)
{
	struct neighbour_cache_order *list = &cache->lists[NEIGHBOUR_CACHE_LIST_FREE];
	uint32_t index;

	cache_keep_reserve(cache);
	cache_reclaim(cache);
	index = list->first;
	if (index == NEXT_HOP_NONE)
		return index;
	cache_unlink(cache, index);
	cache->entries[index] =
		(struct neighbour_cache_entry){.oldest = CELL_NONE, .latest = CELL_NONE};
	cache_link(cache, index, NEIGHBOUR_CACHE_LIST_UNRESOLVED);
	next_hop_insert(cache->hops, index, port, address);
	cache->used = MAX(cache->used, index + 1);
	cache->counts.made++;
	return index;
}

static uint32_t cache_find_or_make(
	struct neighbour_cache *cache, uint8_t port, const struct address *address)
{
	uint32_t index = next_hop_find(cache->hops, port, (uint8_t)address->family, address->bytes);

	return index == NEXT_HOP_NONE ? cache_make(cache, port, address) : index;
}

/* --- events --- */

/* Weak randomness is enough to spread times (xorshift64). */
static uint32_t cache_random(struct neighbour_cache *cache)
{
	cache->random ^= cache->random << 13;
	cache->random ^= cache->random >> 7;
	cache->random ^= cache->random << 17;
	return (uint32_t)(cache->random >> 32);
}

static void cache_ask(struct neighbour_cache *cache, uint32_t index, unsigned int actions)
{
	const struct next_hop_key *key = &cache->hops->keys[index];
	const struct neighbour *machine = &cache->entries[index].machine;
	struct address address = {.family = key->family};

	memcpy(address.bytes, key->address, sizeof(address.bytes));
	cache->counts.asked++;
	cache->ops->ask(cache->data, key->port, &address,
		actions & NEIGHBOUR_ACTION_ASK_LINK ? neighbour_link(machine) : NULL);
}

static void cache_settle_packet(
	struct neighbour_cache *cache, uint32_t index, unsigned int actions, void *packet)
{
	if (actions & NEIGHBOUR_ACTION_HOLD)
		cache_hold(cache, &cache->entries[index], packet);
	else if (actions & NEIGHBOUR_ACTION_SEND)
		cache->ops->send(cache->data, index, packet);
	else
		cache_drop(cache, cache_port(cache, &cache->entries[index]), packet,
			NEIGHBOUR_CACHE_DROP_UNREACHABLE);
}

static void cache_handle(struct neighbour_cache *cache, uint32_t index,
	const struct neighbour_event *event, void *packet, uint64_t now)
{
	struct neighbour_cache_entry *entry = &cache->entries[index];
	unsigned int actions = neighbour_handle(&entry->machine, event, now, cache_random(cache));

	heap_set(
		&cache->due, &entry->due, entry->machine.timer ? entry->machine.timer : HEAP_NEVER);
	if (actions & NEIGHBOUR_ACTION_PUBLISH) {
		next_hop_publish(cache->hops, index, neighbour_link(&entry->machine));
		cache_touch(cache, index);
	}
	if (actions & (NEIGHBOUR_ACTION_ASK_GROUP | NEIGHBOUR_ACTION_ASK_LINK))
		cache_ask(cache, index, actions);
	if (packet)
		cache_settle_packet(cache, index, actions, packet);
	if (actions & NEIGHBOUR_ACTION_RELEASE) {
		while (entry->held)
			cache->ops->send(cache->data, index, cache_take_oldest(cache, entry));
	}
	if (actions & NEIGHBOUR_ACTION_ABANDON)
		cache_drop_held(cache, entry, NEIGHBOUR_CACHE_DROP_UNREACHABLE);
	if (event->type == NEIGHBOUR_EVENT_TIMER && entry->machine.state == NEIGHBOUR_STATE_FAILED)
		cache->counts.failed++;
}

void neighbour_cache_send(struct neighbour_cache *cache, uint8_t port,
	const struct address *address, void *packet, uint64_t now)
{
	const struct neighbour_event event = {.type = NEIGHBOUR_EVENT_WANTED};
	uint32_t index;

	pthread_mutex_lock(&cache->lock);
	index = cache_find_or_make(cache, port, address);
	if (index == NEXT_HOP_NONE)
		cache_drop(cache, port, packet, NEIGHBOUR_CACHE_DROP_FULL);
	else
		cache_handle(cache, index, &event, packet, now);
	pthread_mutex_unlock(&cache->lock);
}

void neighbour_cache_hear(struct neighbour_cache *cache, uint8_t port,
	const struct address *address, const struct neighbour_event *event, bool make, uint64_t now)
{
	uint32_t index;

	pthread_mutex_lock(&cache->lock);
	index = next_hop_find(cache->hops, port, (uint8_t)address->family, address->bytes);
	if (index == NEXT_HOP_NONE && make && event->link)
		index = cache_make(cache, port, address);
	if (index != NEXT_HOP_NONE) {
		cache->counts.answered += event->type == NEIGHBOUR_EVENT_ANSWER;
		cache_handle(cache, index, event, NULL, now);
	}
	pthread_mutex_unlock(&cache->lock);
}

/* --- time --- */

static void cache_sweep(struct neighbour_cache *cache, uint64_t now)
{
	const struct neighbour_event event = {.type = NEIGHBOUR_EVENT_USED};

	for (uint32_t index = FIRST_ENTRY; index < cache->used; index++) {
		if (!next_hop_take_used(cache->hops, index) ||
			cache->entries[index].list < NEIGHBOUR_CACHE_LIST_UNRESOLVED)
			continue;
		cache_touch(cache, index);
		cache_handle(cache, index, &event, NULL, now);
	}
}

static void cache_serve_timers(struct neighbour_cache *cache, uint64_t now)
{
	const struct neighbour_event event = {.type = NEIGHBOUR_EVENT_TIMER};

	for (unsigned int i = 0; i < TURN_MOST && heap_next(&cache->due) <= now; i++) {
		const struct neighbour_cache_entry *entry =
			(const struct neighbour_cache_entry *)heap_first(&cache->due);

		cache_handle(cache, (uint32_t)(entry - cache->entries), &event, NULL, now);
	}
}

/* Whether there is anybody whose use matters, or who is on his way out. */
static bool cache_is_busy(const struct neighbour_cache *cache)
{
	return cache->lists[NEIGHBOUR_CACHE_LIST_FREE].count < cache->hops->count - FIRST_ENTRY;
}

uint64_t neighbour_cache_turn(struct neighbour_cache *cache, uint64_t now)
{
	uint64_t next;

	pthread_mutex_lock(&cache->lock);
	cache_reclaim(cache);
	cache_serve_timers(cache, now);
	if (now >= cache->sweep_at) {
		cache_sweep(cache, now);
		cache->sweep_at = now + NEIGHBOUR_CACHE_SWEEP;
	}
	next = heap_next(&cache->due);
	if (cache_is_busy(cache))
		next = MIN(next, cache->sweep_at);
	pthread_mutex_unlock(&cache->lock);
	return next;
}

/* --- pins --- */

uint32_t neighbour_cache_pin(
	struct neighbour_cache *cache, uint8_t port, const struct address *address)
{
	uint32_t index;

	pthread_mutex_lock(&cache->lock);
	index = cache_find_or_make(cache, port, address);
	if (index != NEXT_HOP_NONE && !cache->entries[index].pins++)
		cache_touch(cache, index);
	pthread_mutex_unlock(&cache->lock);
	return index;
}

void neighbour_cache_hold(struct neighbour_cache *cache, uint32_t next_hop)
{
	if (next_hop < FIRST_ENTRY)
		return;
	pthread_mutex_lock(&cache->lock);
	cache->entries[next_hop].pins++;
	pthread_mutex_unlock(&cache->lock);
}

void neighbour_cache_unpin(struct neighbour_cache *cache, uint32_t next_hop)
{
	if (next_hop < FIRST_ENTRY)
		return;
	pthread_mutex_lock(&cache->lock);
	if (!--cache->entries[next_hop].pins)
		cache_touch(cache, next_hop);
	pthread_mutex_unlock(&cache->lock);
}

/* --- life --- */

static void cache_fill_free(struct neighbour_cache *cache)
{
	uint32_t count = cache->hops->count;

	cache->entries = memory_resize(NULL, count, sizeof(*cache->entries));
	memset(cache->entries, 0, count * sizeof(*cache->entries));
	for (uint32_t index = FIRST_ENTRY; index < count; index++)
		cache_link(cache, index, NEIGHBOUR_CACHE_LIST_FREE);
	cache->cells = memory_resize(NULL, NEIGHBOUR_CACHE_HELD_MOST, sizeof(*cache->cells));
	for (uint32_t cell = 0; cell < NEIGHBOUR_CACHE_HELD_MOST; cell++) {
		bool last = cell + 1 == NEIGHBOUR_CACHE_HELD_MOST;

		cache->cells[cell] =
			(struct neighbour_cache_cell){.next = last ? CELL_NONE : cell + 1};
	}
}

void neighbour_cache_init(struct neighbour_cache *cache, struct next_hop_table *hops,
	const struct neighbour_cache_ops *ops, void *data)
{
	*cache = (struct neighbour_cache){.ops = ops,
		.data = data,
		.hops = hops,
		.reserve = MAX((hops->count - FIRST_ENTRY) / 16, 1u)};
	pthread_mutex_init(&cache->lock, NULL);
	for (unsigned int i = 0; i < NEIGHBOUR_CACHE_LIST_COUNT; i++)
		cache->lists[i] = (struct neighbour_cache_order){NEXT_HOP_NONE, NEXT_HOP_NONE, 0};
	cache_fill_free(cache);
	if (getrandom(&cache->random, sizeof(cache->random), 0) < 0 || !cache->random)
		cache->random = 1;
}

void neighbour_cache_clear(struct neighbour_cache *cache)
{
	for (uint32_t index = FIRST_ENTRY; index < cache->hops->count; index++) {
		if (cache->entries[index].list >= NEIGHBOUR_CACHE_LIST_UNRESOLVED)
			cache_drop_held(
				cache, &cache->entries[index], NEIGHBOUR_CACHE_DROP_EVICTED);
	}
	heap_clear(&cache->due);
	free(cache->entries);
	free(cache->cells);
	pthread_mutex_destroy(&cache->lock);
	*cache = (struct neighbour_cache){};
}

struct neighbour_cache_counts neighbour_cache_counts(struct neighbour_cache *cache)
{
	struct neighbour_cache_counts counts;

	pthread_mutex_lock(&cache->lock);
	counts = cache->counts;
	pthread_mutex_unlock(&cache->lock);
	return counts;
}

const char *neighbour_cache_drop_name(enum neighbour_cache_drop drop)
{
	return drop < NEIGHBOUR_CACHE_DROP_COUNT ? drop_names[drop] : "unknown";
}
