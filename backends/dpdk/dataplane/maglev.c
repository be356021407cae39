// SPDX-License-Identifier: GPL-2.0-or-later
/* Filling the table, as fast as may be: 10,000 services are 10,000 tables in one transaction.
 *
 * Taken one by one, nearly all time goes into looking at entries that somebody has, and into a processor
 * that never knows when a look will be the last. So a member looks ahead: it goes some way, always the
 * same number of steps, and writes down what is free now, without asking anything (maglev_look()). At
 * its turns it takes the first of these that is still free; seldom is one gone, and at the end of the list
 * stands an entry that is never free, so there is one question for both. How many to write down: with
 * more of them it looks less often, but more of them are gone when their turn comes; both are least at
 * the root of twice the free entries for each member.
 *
 * The last few dozen entries would cost half of all looks. For these it is asked the other way round: how
 * far along the member's way each of them is, and the nearest is taken. An entry's place on a way is
 * (entry - first) / step modulo the size; as a fraction of the size it is one multiplication with
 * 1 / (step * size), in 64 binary places: rounded up, it is too much by less than 2^21 of 2^64, where two
 * places are 2^44 apart. */
#include "backends/dpdk/dataplane/maglev.h"

#include <stdbool.h>
#include <string.h>

#include "base/macros.h"
#include "base/memory.h"

/* Entries that are looked for from their side. */
#define MAGLEV_LAST 64

/* Steps of one look, at most, and so entries that one can write down. Four ways side by side. */
#define MAGLEV_DEPTH 64u
#define MAGLEV_WIDTH 4u

/* A member on its way. */
struct maglev_lane {
	const uint32_t *at; /* in `seen`: the next that it would take */
	uint32_t *seen;     /* MAGLEV_DEPTH of them, and the one that is never free */
	struct maglev_way way;
	uint32_t next;    /* where the next look begins */
	uint32_t leap;    /* MAGLEV_WIDTH steps */
	uint64_t inverse; /* 1 / (step * size), 64 binary places; 0: not known yet */
};

struct maglev_fill {
	struct maglev_lane *lanes;
	const uint16_t *turns;
	uint16_t *entries;
	uint32_t size, count;
	uint8_t *free; /* 1: nobody has it; one more, which is never free */
};

/* Of what is less than twice the size. */
static inline uint32_t maglev_wrap(uint32_t entry, uint32_t size)
{
	return MIN(entry, entry - size);
}

static void maglev_begin(struct maglev_fill *fill, const struct maglev_way *ways, uint32_t *seen)
{
	for (uint32_t i = 0; i < fill->count; i++) {
		uint32_t twice = maglev_wrap(2 * ways[i].step, fill->size);

		fill->lanes[i] = (struct maglev_lane){
			.at = seen,
			.seen = seen,
			.way = ways[i],
			.next = ways[i].first,
			.leap = maglev_wrap(2 * twice, fill->size),
		};
		*seen = fill->size;
		seen += MAGLEV_DEPTH + 1;
	}
	memset(fill->free, 1, fill->size);
	fill->free[fill->size] = 0;
}

/* Writes down what is free on the next `leaps` of four steps; goes on until there is something. What it
 * goes by fills the registers of a function of its own. */
__attribute__((noinline)) static void maglev_look(
	const struct maglev_fill *fill, struct maglev_lane *lane, uint32_t leaps)
{
	const uint8_t *free = fill->free;
	uint32_t size = fill->size, step = lane->way.step, leap = lane->leap, *to = lane->seen;
	uint32_t a = lane->next, b = maglev_wrap(a + step, size);
	uint32_t c = maglev_wrap(b + step, size), d = maglev_wrap(c + step, size);

	do {
		for (uint32_t i = 0; i < leaps; i++) {
			*to = a;
			to += free[a];
			a = maglev_wrap(a + leap, size);
			*to = b;
			to += free[b];
			b = maglev_wrap(b + leap, size);
			*to = c;
			to += free[c];
			c = maglev_wrap(c + leap, size);
			*to = d;
			to += free[d];
			d = maglev_wrap(d + leap, size);
		}
	} while (to == lane->seen);
	*to = size;
	lane->at = lane->seen;
	lane->next = a;
}

/* What was next is not free: it is gone, or there is no more. */
static uint32_t maglev_look_again(
	const struct maglev_fill *fill, struct maglev_lane *lane, uint32_t entry, uint32_t leaps)
{
	do {
		if (entry == fill->size)
			maglev_look(fill, lane, leaps);
		entry = *lane->at++;
	} while (!fill->free[entry]);
	return entry;
}

static uint32_t maglev_leaps(const struct maglev_fill *fill, uint32_t left)
{
	uint64_t wanted = 1;

	while (wanted < MAGLEV_DEPTH && wanted * wanted * fill->count < 2 * (uint64_t)left)
		wanted++;
	wanted = wanted * fill->size / left / MAGLEV_WIDTH;
	return (uint32_t)MIN(MAX(wanted, (uint64_t)1), (uint64_t)(MAGLEV_DEPTH / MAGLEV_WIDTH));
}

/* All turns but the last. */
static void maglev_take(struct maglev_fill *fill, uint32_t turns)
{
	for (uint32_t i = 0; i < turns;) {
		uint32_t left = fill->size - i, end = MIN(turns, i + left / 8 + 1);
		uint32_t leaps = maglev_leaps(fill, left);

		for (; i < end; i++) {
			uint16_t turn = fill->turns[i];
			struct maglev_lane *lane = &fill->lanes[turn];
			uint32_t entry = *lane->at++;

			if (!fill->free[entry])
				entry = maglev_look_again(fill, lane, entry, leaps);
			fill->free[entry] = 0;
			fill->entries[entry] = turn;
		}
	}
}

/* 1 / step modulo the size, by Euclid's algorithm. */
static uint32_t maglev_inverse(uint32_t step, uint32_t size)
{
	int64_t factor = 0, next_factor = 1;
	uint32_t rest = size, next_rest = step;

	while (next_rest) {
		uint32_t quotient = rest / next_rest, old_rest = rest;
		int64_t old_factor = factor;

		factor = next_factor;
		next_factor = old_factor - (int64_t)quotient * next_factor;
		rest = next_rest;
		next_rest = old_rest - quotient * next_rest;
	}
	return (uint32_t)(factor < 0 ? factor + size : factor);
}

/* Which of the entries comes first on the way. */
static uint32_t maglev_nearest(
	struct maglev_lane *lane, uint32_t size, const uint32_t *left, uint32_t count)
{
	uint64_t least = UINT64_MAX;
	uint32_t nearest = 0, offset = size - lane->way.first;

	if (!lane->inverse)
		lane->inverse =
			(uint64_t)(((unsigned __int128)maglev_inverse(lane->way.step, size) << 64) /
				   size) +
			1;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t place = (left[i] + offset) * lane->inverse;

		nearest = place < least ? i : nearest;
		least = MIN(place, least);
	}
	return nearest;
}

/* The turns from `turn` on, at most MAGLEV_LAST of them. */
static void maglev_take_last(struct maglev_fill *fill, uint32_t turn)
{
	const uint8_t *next = fill->free, *end = fill->free + fill->size;
	uint32_t left[MAGLEV_LAST], count = 0;

	while ((next = memchr(next, 1, (size_t)(end - next)))) {
		left[count++] = (uint32_t)(next - fill->free);
		next++;
	}
	for (; count; turn++) {
		uint32_t nearest =
			maglev_nearest(&fill->lanes[fill->turns[turn]], fill->size, left, count);

		fill->entries[left[nearest]] = fill->turns[turn];
		left[nearest] = left[--count];
	}
}

void maglev_fill(const struct maglev_way *ways, uint32_t count, const uint16_t *turns,
	uint32_t size, uint16_t *entries)
{
	_cleanup_free_ struct maglev_lane *lanes = memory_resize(NULL, count, sizeof(*lanes));
	_cleanup_free_ uint32_t *seen =
		memory_resize(NULL, count, (MAGLEV_DEPTH + 1) * sizeof(*seen));
	_cleanup_free_ uint8_t *vacant = memory_resize(NULL, size + 1, 1);
	struct maglev_fill fill = {lanes, turns, entries, size, count, vacant};
	uint32_t most = size > MAGLEV_LAST ? size - MAGLEV_LAST : 0;

	maglev_begin(&fill, ways, seen);
	maglev_take(&fill, most);
	maglev_take_last(&fill, most);
}
