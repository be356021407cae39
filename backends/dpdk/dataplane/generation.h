// SPDX-License-Identifier: GPL-2.0-or-later
/* What is to be balanced, as one immutable value: services, their destinations, their schedules.
 *
 * The control side (control_plane.h) builds a generation aside from the one in force and publishes it by
 * one store; workers load the pointer once for each turn of their loop. The old one is freed when all
 * workers have passed a quiescent state (rte_rcu_qsbr). What changes with every packet is not in here:
 * it is in the worker's own arrays, at a service's `place` and a slot's index, which outlive
 * generations.
 *
 * A generation is a table of references to service images. An image that a transaction does not
 * touch is shared by the generations before and after it, with its Maglev table or sequence of turns: a swap
 * costs what changed, and the table of references. References are counted by the main thread alone.
 *
 * generation_find() is the worker's: an open hash over (protocol, address, port), then the same with
 * port 0. Nothing here knows DPDK but the caller's grace period. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/dpdk/dataplane/flow.h"
#include "backends/dpdk/dataplane/slot.h"
#include "base/error.h"
#include "model/state.h"

struct scheduler;
struct scheduler_store;
struct scheduler_table;

/* Destinations of one service, at most: every one of them must stand in the schedule's table. */
#define SERVICE_MEMBERS_MOST 65536u

/* One destination of a service image. */
struct service_member {
	uint32_t slot;
	uint16_t incarnation;
	uint16_t weight; /* 0: no new connections */
	uint32_t upper_threshold, lower_threshold;
};

/* A virtual service, immutable. Ports and addresses in network order. */
struct service_image {
	/* What a new connection reads of most services, in one cache line. */
	uint8_t address[16];
	uint16_t port; /* 0: every port */
	uint8_t protocol, family;
	uint32_t
		place; /* of its turns and counters in every worker; stable while the service lives */
	const struct scheduler *scheduler;
	bool one_packet, persistent;
	bool early; /* choosing depends on nothing that earlier connections change but the turn */
	uint32_t count;        /* members, in the order of their keys */
	uint32_t total_weight; /* UINT32_MAX where the sum is more */
	uint32_t table_size;   /* entries of `table`; 0: this scheduler has none */
	const uint16_t *table; /* Maglev's, sh's and dh's, wrr's sequence: places in `members` */
	struct service_member *members;
	/* What it reads of some. */
	uint32_t scheduler_flags; /* enum scheduler_flag of model/state.h */
	uint32_t persistence_ticks;
	uint8_t persistence_mask[16];
	/* Of the main thread. */
	struct scheduler_table *shared; /* what `table` lies in; NULL: there is none */
	struct service_key key;
	struct service_attributes attributes;
	unsigned int references;
};

/* Images are aligned so. */
#define SERVICE_IMAGE_LINE 64

_Static_assert(offsetof(struct service_image, scheduler_flags) == SERVICE_IMAGE_LINE,
	"a new connection reads one cache line of an image");

#define GENERATION_NO_IMAGE UINT32_MAX

struct generation_bucket {
	uint32_t hash;
	uint32_t image; /* place in `images`, or GENERATION_NO_IMAGE */
};

struct generation {
	uint64_t number; /* of the transaction that made it; 0: the empty one of the start */
	struct service_image **images; /* sorted by key: what dumps walk */
	uint32_t count;
	uint32_t mask; /* buckets, less one */
	struct generation_bucket *buckets;
	bool any_port; /* some image has port 0: a second lookup is worth it */
};

/* The image for packets to this address and port, or NULL. Borrowed until the worker's next
 * quiescent state. */
const struct service_image *generation_find(const struct generation *generation, uint8_t family,
	uint8_t protocol, const uint8_t address[static 16], uint16_t port);

/* What of it can be asked for ahead, when many are looked up at once: the hash of a key, its bucket,
 * then the image that stands there; which is then found without hashing again. */
uint32_t generation_hash(
	uint8_t family, uint8_t protocol, const uint8_t address[static 16], uint16_t port);
const struct service_image *generation_find_hashed(const struct generation *generation,
	uint32_t hash, uint8_t family, uint8_t protocol, const uint8_t address[static 16],
	uint16_t port);

static inline void generation_prefetch(const struct generation *generation, uint32_t hash)
{
	__builtin_prefetch(&generation->buckets[hash & generation->mask]);
}

static inline void generation_prefetch_image(const struct generation *generation, uint32_t hash)
{
	const struct generation_bucket *bucket = &generation->buckets[hash & generation->mask];

	if (bucket->image != GENERATION_NO_IMAGE && bucket->hash == hash)
		__builtin_prefetch(generation->images[bucket->image]);
}

/* The rest is the main thread's. */

/* An image of these attributes and members (taken over, for free(), even on an error; sorted by the
 * keys of their destinations), its table made. `previous` is the image that it takes the place of, or
 * NULL, and `store` has those that were made with it (scheduler.h), or is NULL: what they have in common
 * is shared. One reference, the caller's. -EOPNOTSUPP with words for a
 * scheduler that the data plane has not, and for a fwmark; -E2BIG for too many members. */
int service_image_new(const struct service_key *key, const struct service_attributes *attributes,
	uint32_t place, struct service_member *members, uint32_t count,
	const struct slot_table *slots, const struct service_image *previous,
	struct scheduler_store *store, struct service_image **ret, struct error *error);
struct service_image *service_image_ref(struct service_image *image);
void service_image_unref(struct service_image *image);

/* A generation of these images (sorted by key). The array is taken over, for free(), and the
 * references in it. Never fails. */
struct generation *generation_new(uint64_t number, struct service_image **images, uint32_t count);
/* Gives its references back. After the grace period. NULL is allowed. */
void generation_free(struct generation *generation);
