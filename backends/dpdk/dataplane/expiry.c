// SPDX-License-Identifier: GPL-2.0-or-later
/* The wheel: EXPIRY_BUCKETS stacks, of which the one at `now` is being emptied.
 *
 * A flow stands in the bucket of its tick, which lies from now + 1 to now + EXPIRY_SPAN, so that what
 * is put in while a bucket is emptied is never met again in it. Nothing is visited before the tick
 * that it was put in for. A wheel that was not turned for longer than it is round (a worker that was
 * stopped) has only due flows in it: they need not be told apart, so `now` goes on from one round ago.
 *
 * Chunks make a bucket what a list through the flows' own lines would be, at 4 bytes a flow, but what is
 * visited next does not stand in the line of what is visited now, so that the processor need not wait
 * for the one to come to the other. All chunks of a bucket but the first are full, so `flows` of them
 * need flows / EXPIRY_CHUNK_FLOWS chunks, and one more for each bucket; putting in cannot fail. */
#include "backends/dpdk/dataplane/expiry.h"

#include <errno.h>

#include "backends/dpdk/dataplane/pages.h"
#include "base/macros.h"

/* A place: the chunk, and where in it. */
#define EXPIRY_PLACE_BITS 5

_Static_assert(EXPIRY_CHUNK_FLOWS <= 1 << EXPIRY_PLACE_BITS, "a place has room for it");
_Static_assert((EXPIRY_BUCKETS & (EXPIRY_BUCKETS - 1)) == 0, "ticks wrap where buckets do");

static uint32_t expiry_chunks(uint32_t flows)
{
	return flows / EXPIRY_CHUNK_FLOWS + 1 + EXPIRY_BUCKETS;
}

size_t expiry_size(uint32_t flows)
{
	return (size_t)expiry_chunks(flows) * sizeof(struct expiry_chunk);
}

int expiry_init(struct expiry_wheel *wheel, uint32_t flows, uint32_t now, struct error *error)
{
	uint32_t count = expiry_chunks(flows);
	void *pages;
	int r;

	if (count > UINT32_MAX >> EXPIRY_PLACE_BITS)
		return error_set(error, -ENOMEM, "too many connections for one worker: %u", flows);
	r = pages_reserve(expiry_size(flows), "the times of connections", &pages, error);
	if (r < 0)
		return r;
	wheel->chunks = pages;
	wheel->chunk_count = count;
	wheel->free = 0;
	wheel->now = now;
	for (uint32_t i = 0; i < count; i++)
		wheel->chunks[i].next = i + 1 < count ? i + 1 : EXPIRY_CHUNK_NONE;
	for (uint32_t i = 0; i < EXPIRY_BUCKETS; i++)
		wheel->buckets[i] = (struct expiry_bucket){.chunk = EXPIRY_CHUNK_NONE};
	return 0;
}

void expiry_clear(struct expiry_wheel *wheel)
{
	pages_release(wheel->chunks, (size_t)wheel->chunk_count * sizeof(struct expiry_chunk));
	*wheel = (struct expiry_wheel){};
}

/* A chunk before the others of the bucket. */
static void expiry_push_chunk(struct expiry_wheel *wheel, struct expiry_bucket *bucket)
{
	uint32_t index = wheel->free;
	struct expiry_chunk *chunk = &wheel->chunks[index];

	wheel->free = chunk->next;
	chunk->next = bucket->chunk;
	chunk->bucket = (uint32_t)(bucket - wheel->buckets);
	*bucket = (struct expiry_bucket){.chunk = index};
}

/* The first chunk is empty: gives it back. What is behind it is full. */
static void expiry_pop_chunk(struct expiry_wheel *wheel, struct expiry_bucket *bucket)
{
	uint32_t index = bucket->chunk;
	struct expiry_chunk *chunk = &wheel->chunks[index];

	bucket->chunk = chunk->next;
	bucket->count = bucket->chunk == EXPIRY_CHUNK_NONE ? 0 : EXPIRY_CHUNK_FLOWS;
	chunk->next = wheel->free;
	wheel->free = index;
}

/* The last that was put in; the bucket is not empty. */
static uint32_t expiry_pop(struct expiry_wheel *wheel, struct expiry_bucket *bucket)
{
	uint32_t index = wheel->chunks[bucket->chunk].flows[--bucket->count];

	if (!bucket->count)
		expiry_pop_chunk(wheel, bucket);
	return index;
}

static void expiry_push(struct expiry_wheel *wheel, struct expiry_bucket *bucket,
	struct flow_table *table, uint32_t index)
{
	if (bucket->chunk == EXPIRY_CHUNK_NONE || bucket->count == EXPIRY_CHUNK_FLOWS)
		expiry_push_chunk(wheel, bucket);
	wheel->chunks[bucket->chunk].flows[bucket->count] = index;
	flow_at(table, index)->request.wheel_place =
		bucket->chunk << EXPIRY_PLACE_BITS | bucket->count;
	bucket->count++;
}

/* Ticks from the bucket that is being emptied to that in which a flow belongs. */
static uint32_t expiry_ahead(
	const struct expiry_wheel *wheel, const struct flow_table *table, uint32_t index)
{
	int32_t ahead = (int32_t)(flow_at(table, index)->request.expires - wheel->now);

	return (uint32_t)MIN(MAX(ahead, 1), EXPIRY_SPAN);
}

void expiry_add(struct expiry_wheel *wheel, struct flow_table *table, uint32_t index)
{
	uint32_t tick = wheel->now + expiry_ahead(wheel, table, index);

	expiry_push(wheel, &wheel->buckets[tick % EXPIRY_BUCKETS], table, index);
}

static struct expiry_chunk *expiry_chunk_of(
	const struct expiry_wheel *wheel, const struct flow_table *table, uint32_t index)
{
	return &wheel->chunks[flow_at(table, index)->request.wheel_place >> EXPIRY_PLACE_BITS];
}

/* The place is taken by the last of the bucket; where that is the flow itself, nobody reads the place
 * any more. */
void expiry_remove(struct expiry_wheel *wheel, struct flow_table *table, uint32_t index)
{
	uint32_t place = flow_at(table, index)->request.wheel_place;
	struct expiry_chunk *chunk = expiry_chunk_of(wheel, table, index);
	uint32_t last = expiry_pop(wheel, &wheel->buckets[chunk->bucket]);

	chunk->flows[place & ((1u << EXPIRY_PLACE_BITS) - 1)] = last;
	flow_at(table, last)->request.wheel_place = place;
}

/* What is not to expire within a round is known without a look at its place. */
void expiry_hasten(struct expiry_wheel *wheel, struct flow_table *table, uint32_t index)
{
	uint32_t ahead = expiry_ahead(wheel, table, index);

	if (ahead == EXPIRY_SPAN)
		return;
	if ((expiry_chunk_of(wheel, table, index)->bucket - wheel->now) % EXPIRY_BUCKETS <= ahead)
		return;
	expiry_remove(wheel, table, index);
	expiry_add(wheel, table, index);
}

/* The bucket of wheel->now, until it is empty or `most` are visited. The number of visits. */
static unsigned int expiry_visit_bucket(struct expiry_wheel *wheel, struct flow_table *table,
	uint32_t now, unsigned int most, expiry_visit *visit, void *data)
{
	struct expiry_bucket *bucket = &wheel->buckets[wheel->now % EXPIRY_BUCKETS];
	unsigned int visits = 0;

	while (bucket->count && visits < most) {
		uint32_t index = expiry_pop(wheel, bucket);

		visits++;
		if (!visit(data, table, index, now))
			expiry_add(wheel, table, index);
	}
	return visits;
}

unsigned int expiry_turn(struct expiry_wheel *wheel, struct flow_table *table, uint32_t now,
	expiry_visit *visit, void *data)
{
	unsigned int visits = 0;

	if ((int32_t)(now - wheel->now) < 0)
		return 0;
	if (now - wheel->now > EXPIRY_BUCKETS)
		wheel->now = now - EXPIRY_BUCKETS;
	for (;;) {
		visits +=
			expiry_visit_bucket(wheel, table, now, EXPIRY_VISITS - visits, visit, data);
		if (visits == EXPIRY_VISITS || wheel->now == now)
			return visits;
		wheel->now++;
	}
}
