// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/sim/queue.h"

#include "base/memory.h"

/* A heap by time, then by the order of making. Chance is splitmix64. */

uint64_t sim_random(struct sim_world *world, uint64_t below)
{
	uint64_t z = world->random += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return below ? (z ^ z >> 31) % below : 0;
}

uint64_t sim_between(struct sim_world *world, uint64_t from, uint64_t to)
{
	return from + sim_random(world, to - from + 1);
}

bool sim_chance(struct sim_world *world, unsigned int percent)
{
	return sim_random(world, 100) < percent;
}

static bool sim_sooner(const struct sim_event *a, const struct sim_event *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void sim_push(struct sim_world *world, const struct sim_event *event)
{
	size_t at = world->queue_count++;

	if (world->queue_count > world->queue_capacity) {
		world->queue_capacity = world->queue_capacity * 2 + 256;
		world->queue = memory_resize(world->queue, world->queue_capacity, sizeof(*event));
	}
	world->queue[at] = *event;
	world->queue[at].order = world->orders++;
	while (at && sim_sooner(&world->queue[at], &world->queue[(at - 1) / 2])) {
		struct sim_event up = world->queue[at];

		world->queue[at] = world->queue[(at - 1) / 2];
		world->queue[at = (at - 1) / 2] = up;
	}
}

struct sim_event sim_pop(struct sim_world *world)
{
	struct sim_event *queue = world->queue, first = queue[0];
	size_t at = 0, count = --world->queue_count;
	struct sim_event last = queue[count];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < count && sim_sooner(&queue[child + 1], &queue[child]))
			child++;
		if (child >= count || !sim_sooner(&queue[child], &last))
			break;
		queue[at] = queue[child];
		at = child;
	}
	queue[at] = last;
	return first;
}
