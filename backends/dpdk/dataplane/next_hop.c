// SPDX-License-Identifier: GPL-2.0-or-later
/* The table that workers read without a lock while one other thread writes.
 *
 * Three rules make that safe. A word is one store, so it is never half another's. An entry is filled
 * before it is linked into its chain (release), and who finds it there (acquire) sees it whole. An
 * entry that is taken out keeps its `chain`, so that a reader who stands on it walks on; its memory is
 * written again only after a grace period.
 *
 * The version moves on after an entry was taken out: a worker that kept its index did so with an older
 * version, and looks up anew; one that has read the new version cannot find the entry any longer. */
#include "backends/dpdk/dataplane/next_hop.h"

#include <errno.h>
#include <sys/random.h>

#include "base/memory.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a word holds its link address in front");
_Static_assert(sizeof(struct next_hop) == 16, "four next hops are one cache line");

static const uint8_t next_hop_nowhere[6];

static void next_hop_store(struct next_hop_table *table, uint32_t index, enum next_hop_state state,
	uint8_t port, const uint8_t link[static 6])
{
	atomic_store_explicit(
		&table->hops[index].word, next_hop_word(state, port, link), memory_order_relaxed);
}

static void next_hop_fill_random(struct next_hop_table *table)
{
	/* So early in its life that nothing else can be done: without randomness, chains may be long. */
	if (getrandom(table->hash_keys, sizeof(table->hash_keys), 0) < 0)
		memset(table->hash_keys, 0x5a, sizeof(table->hash_keys));
	table->hash_keys[NEXT_HOP_HASH_WORDS] |= 1;
}

int next_hop_table_init(struct next_hop_table *table, uint32_t count)
{
	uint32_t buckets = 1;

	if (count <= 2 * NEXT_HOP_PORTS || count > NEXT_HOP_MOST)
		return -EINVAL;
	while (buckets < count)
		buckets *= 2;
	*table = (struct next_hop_table){
		.hops = memory_resize(NULL, count, sizeof(*table->hops)),
		.count = count,
		.keys = memory_resize(NULL, count, sizeof(*table->keys)),
		.buckets = memory_resize(NULL, buckets, sizeof(*table->buckets)),
		.bucket_mask = buckets - 1,
	};
	memset(table->hops, 0, count * sizeof(*table->hops));
	memset(table->keys, 0, count * sizeof(*table->keys));
	for (uint32_t i = 0; i < buckets; i++)
		atomic_init(&table->buckets[i], NEXT_HOP_NONE);
	next_hop_fill_random(table);
	for (uint8_t port = 0; port < NEXT_HOP_PORTS; port++) {
		next_hop_store(
			table, next_hop_local(port), NEXT_HOP_STATE_LOCAL, port, next_hop_nowhere);
		next_hop_store(table, next_hop_unknown(port), NEXT_HOP_STATE_UNKNOWN, port,
			next_hop_nowhere);
	}
	return 0;
}

void next_hop_table_clear(struct next_hop_table *table)
{
	free(table->hops);
	free(table->keys);
	free(table->buckets);
	*table = (struct next_hop_table){};
}

static _Atomic uint32_t *next_hop_bucket(
	struct next_hop_table *table, const struct next_hop_key *key)
{
	uint32_t hash = next_hop_hash(table, key->port, key->family, key->address);

	return &table->buckets[hash & table->bucket_mask];
}

void next_hop_insert(
	struct next_hop_table *table, uint32_t index, uint8_t port, const struct address *address)
{
	struct next_hop_key *key = &table->keys[index];

	memcpy(key->address, address->bytes, sizeof(key->address));
	key->family = (uint8_t)address->family;
	key->port = port;
	atomic_store_explicit(&table->hops[index].used, 0, memory_order_relaxed);
	next_hop_store(table, index, NEXT_HOP_STATE_UNKNOWN, port, next_hop_nowhere);

	_Atomic uint32_t *bucket = next_hop_bucket(table, key);
	atomic_store_explicit(&key->chain, atomic_load_explicit(bucket, memory_order_relaxed),
		memory_order_relaxed);
	atomic_store_explicit(bucket, index, memory_order_release);
}

void next_hop_remove(struct next_hop_table *table, uint32_t index)
{
	const struct next_hop_key *key = &table->keys[index];
	_Atomic uint32_t *link = next_hop_bucket(table, key);

	while (atomic_load_explicit(link, memory_order_relaxed) != index)
		link = &table->keys[atomic_load_explicit(link, memory_order_relaxed)].chain;
	atomic_store_explicit(link, atomic_load_explicit(&key->chain, memory_order_relaxed),
		memory_order_release);
	next_hop_move_version(table);
}

void next_hop_free(struct next_hop_table *table, uint32_t index)
{
	next_hop_store(table, index, NEXT_HOP_STATE_FREE, 0, next_hop_nowhere);
}

void next_hop_publish(struct next_hop_table *table, uint32_t index, const uint8_t *link)
{
	uint8_t port = table->keys[index].port;

	if (link)
		next_hop_store(table, index, NEXT_HOP_STATE_KNOWN, port, link);
	else
		next_hop_store(table, index, NEXT_HOP_STATE_UNKNOWN, port, next_hop_nowhere);
}

bool next_hop_take_used(struct next_hop_table *table, uint32_t index)
{
	_Atomic uint8_t *used = &table->hops[index].used;

	if (!atomic_load_explicit(used, memory_order_relaxed))
		return false;
	atomic_store_explicit(used, 0, memory_order_relaxed);
	return true;
}

void next_hop_move_version(struct next_hop_table *table)
{
	atomic_fetch_add_explicit(&table->version, 1, memory_order_acq_rel);
}
