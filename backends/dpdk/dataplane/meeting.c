// SPDX-License-Identifier: GPL-2.0-or-later
/* The steps, each a loop over the burst:
 *
 *	hash      of the service's key                 -> asks for the bucket
 *	bucket                                         -> the image
 *	image     who owns the packet                  -> turn, members
 *	choose    a destination, where it can be early -> its slot and counts
 *	reply     the flow that `nat` will want        -> its head
 *	chain                                          -> what stands behind the head
 *
 * A burst of one such packet goes through all of them as well: they cost it a few nanoseconds. */

#include "backends/dpdk/dataplane/meeting.h"

#include <rte_prefetch.h>

#include "backends/dpdk/dataplane/connection.h"

/* Lines of an image's members that are asked for: enough for a dozen of them. */
#define MEETING_MEMBER_LINES 4
#define MEETING_LINE         64

/* Choices that are made ahead of the one whose reply is expected: its slot is there by then. */
#define MEETING_AHEAD 16

struct meeting_walk {
	struct worker *worker;
	const struct generation *generation;
	const struct packet *packets;
	const uint8_t *places;
	unsigned int count;
	bool handed_over;
	struct meeting *meetings;
	uint32_t hashes[WORKER_BURST];
	uint64_t seen[4]; /* bits of the hashes of packets that have a choice */
	unsigned int reply_count;
	uint32_t replies[WORKER_BURST]; /* hashes of those that are expected */
};

static const struct generation *meeting_generation(const struct worker *worker)
{
	return atomic_load_explicit(&worker->plane->generation, memory_order_acquire);
}

/* A service's packets come from their client; all else could only be on its way to one. */
static unsigned int meeting_owner(const struct worker *worker, const struct flow_key *key,
	const struct service_image *image, bool handed_over)
{
	if (worker->plane->worker_count == 1 || handed_over)
		return worker->index;
	return dataplane_owner(worker->plane, image ? key->source : key->destination);
}

static uint32_t meeting_hash(const struct flow_key *key)
{
	return generation_hash(key->family, key->protocol, key->destination, key->destination_port);
}

static void meeting_find(const struct worker *worker, const struct generation *generation,
	uint32_t hash, const struct flow_key *key, bool handed_over, struct meeting *ret)
{
	ret->image = generation_find_hashed(generation, hash, key->family, key->protocol,
		key->destination, key->destination_port);
	ret->choice.member = SCHEDULER_NONE;
	ret->owner = meeting_owner(worker, key, ret->image, handed_over);
}

void meeting_look(const struct worker *worker, const struct packet *packet, bool handed_over,
	struct meeting *ret)
{
	meeting_find(worker, meeting_generation(worker), meeting_hash(&packet->key), &packet->key,
		handed_over, ret);
}

static void meeting_hash_all(struct meeting_walk *walk)
{
	for (unsigned int k = 0; k < walk->count; k++) {
		walk->hashes[k] = meeting_hash(&walk->packets[walk->places[k]].key);
		generation_prefetch(walk->generation, walk->hashes[k]);
	}
	for (unsigned int k = 0; k < walk->count; k++)
		generation_prefetch_image(walk->generation, walk->hashes[k]);
}

static void meeting_find_all(struct meeting_walk *walk)
{
	for (unsigned int k = 0; k < walk->count; k++) {
		uint8_t i = walk->places[k];
		struct meeting *meeting = &walk->meetings[i];

		meeting_find(walk->worker, walk->generation, walk->hashes[k], &walk->packets[i].key,
			walk->handed_over, meeting);
		if (!meeting->image)
			continue;
		rte_prefetch0(&walk->worker->turns[meeting->image->place]);
		for (unsigned int line = 0; line < MEETING_MEMBER_LINES; line++)
			rte_prefetch0((const uint8_t *)meeting->image->members +
				      (size_t)line * MEETING_LINE);
	}
}

/* Whether no packet before it has a choice for the same connection. Hashes are compared where bits of
 * them meet; two connections of one hash are taken for the same, which costs the second one its early
 * choice. */
static bool meeting_is_first(struct meeting_walk *walk, unsigned int k)
{
	uint32_t hash = walk->packets[walk->places[k]].hash;
	uint64_t *seen = &walk->seen[hash >> 6 & 3], bit = UINT64_C(1) << (hash & 63);

	if (likely(!(*seen & bit))) {
		*seen |= bit;
		return true;
	}
	for (unsigned int before = 0; before < k; before++)
		if (walk->packets[walk->places[before]].hash == hash)
			return false;
	return true;
}

static void meeting_choose(struct meeting_walk *walk, unsigned int k)
{
	const struct worker *worker = walk->worker;
	const struct packet *packet = &walk->packets[walk->places[k]];
	struct meeting *meeting = &walk->meetings[walk->places[k]];
	const struct service_image *image = meeting->image;
	uint32_t slot;

	if (!image || !image->early || meeting->owner != worker->index ||
		!transport_opens(packet->key.protocol, (enum transport_event)packet->event))
		return;
	if (!meeting_is_first(walk, k) ||
		connection_choose(walk->worker, image, packet, &meeting->choice.member) != 0)
		return;
	slot = image->members[meeting->choice.member].slot;
	rte_prefetch0(&worker->plane->slots.slots[slot]);
	rte_prefetch0(&worker->counts[slot]);
}

static void meeting_expect(struct meeting_walk *walk, unsigned int k)
{
	const struct packet *packet = &walk->packets[walk->places[k]];
	struct meeting *meeting = &walk->meetings[walk->places[k]];

	if (meeting->choice.member == SCHEDULER_NONE ||
		!connection_expect(walk->worker, meeting->image, &packet->key, &meeting->choice))
		return;
	flow_prefetch(&walk->worker->flows, meeting->choice.reply_hash);
	walk->replies[walk->reply_count++] = meeting->choice.reply_hash;
}

/* The table's lines are farther away than all else, so the first of them are asked for while others are still
 * chosen. */
static void meeting_choose_all(struct meeting_walk *walk)
{
	for (unsigned int k = 0; k < walk->count + MEETING_AHEAD; k++) {
		if (k < walk->count)
			meeting_choose(walk, k);
		if (k >= MEETING_AHEAD)
			meeting_expect(walk, k - MEETING_AHEAD);
	}
	for (unsigned int k = 0; k < walk->reply_count; k++)
		flow_prefetch_chain(&walk->worker->flows, walk->replies[k]);
}

void meeting_look_all(struct worker *worker, const struct packet *packets, const uint8_t *places,
	unsigned int count, bool handed_over, struct meeting *meetings)
{
	struct meeting_walk walk;

	walk.worker = worker;
	walk.generation = meeting_generation(worker);
	walk.packets = packets;
	walk.places = places;
	walk.count = count;
	walk.handed_over = handed_over;
	walk.meetings = meetings;
	walk.reply_count = 0;
	memset(walk.seen, 0, sizeof(walk.seen));
	meeting_hash_all(&walk);
	meeting_find_all(&walk);
	meeting_choose_all(&walk);
}
