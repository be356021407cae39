// SPDX-License-Identifier: GPL-2.0-or-later
/* What the schedulers share among themselves: rows, hashes, tables, loads. */
#pragma once

#include <stdint.h>
#include <string.h>

#include "backends/dpdk/dataplane/scheduler.h"

/* The rows of scheduler_list. */
extern const struct scheduler schedule_rr, schedule_wrr;
extern const struct scheduler schedule_lc, schedule_wlc, schedule_sed, schedule_nq;
extern const struct scheduler schedule_fo, schedule_ovf;
extern const struct scheduler schedule_sh, schedule_dh;
extern const struct scheduler schedule_mh;

/* Hashes here are the same on every machine and in every version: nodes agree by them. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "addresses are read as words");

/* Each bit of `word` in each bit of the result: the finaliser of SplitMix64 (Steele, Lea and Flood,
 * OOPSLA 2014, variant 13 of Stafford). One to one. */
static inline uint64_t schedule_mix(uint64_t word)
{
	word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
	return word ^ word >> 31;
}

static inline uint64_t schedule_hash(uint64_t seed, const uint8_t address[static 16])
{
	uint64_t words[2];

	memcpy(words, address, sizeof(words));
	return schedule_mix(schedule_mix(schedule_mix(seed) ^ words[0]) ^ words[1]);
}

/* One of `count`, by the high half of a hash: as even as the hash is, and without a division. */
static inline uint32_t schedule_scale(uint64_t hash, uint32_t count)
{
	return (uint32_t)(((hash >> 32) * count) >> 32);
}

/* What all workers have at a member. */
struct schedule_load {
	uint32_t active, inactive;
};

struct schedule_load schedule_load_of(
	const struct service_member *member, const struct scheduler_view *view);

/* The first member from this place on, around, that may take a connection; or SCHEDULER_NONE. */
uint32_t schedule_any(
	const struct service_image *image, const struct scheduler_view *view, uint32_t from);

/* The weights of members, where a hash must not forget a client's destination because that has weight
 * 0 for a while: it counts as the least of the others then. */
void schedule_weigh_kept(const struct service_image *image, uint16_t *weights);

/* An empty table of this size, one reference. */
struct scheduler_table *schedule_table_new(uint32_t size);

/* Divides `size` entries by weight: `count` quotas whose sum is `size`, each within one entry of its
 * share; but a weight that is not 0 has one entry at least. `size` is 16 * count or more, or else
 * exactly the sum of weights; some weight is not 0. */
void schedule_divide(const uint16_t *weights, uint32_t count, uint32_t size, uint32_t *quotas);

/* A sequence in which each place stands as often as its quota says, as evenly spread as can be: with
 * equal quotas, in turn. `entries` has as many as the quotas' sum, 2^20 at most. */
void schedule_spread_quotas(const uint32_t *quotas, uint32_t count, uint16_t *entries);

/* Whether the table of `other` is that of an image with these weights. */
bool scheduler_same_table(const struct service_image *image, const struct service_image *other,
	const uint16_t *weights, const struct slot_table *slots);

/* The table of an image like this one, or NULL. Borrowed. */
struct scheduler_table *scheduler_store_find(struct scheduler_store *store,
	const struct service_image *image, const uint16_t *weights, const struct slot_table *slots);
/* An image that scheduler_store_find() has not found, with its table. */
void scheduler_store_add(struct scheduler_store *store, struct service_image *image,
	const uint16_t *weights, const struct slot_table *slots);

/* Places in the order in which members of these weights take `size` turns: divided and spread as
 * above. Borrowed until the next call. */
const uint16_t *scheduler_store_turns(
	struct scheduler_store *store, const uint16_t *weights, uint32_t count, uint32_t size);
