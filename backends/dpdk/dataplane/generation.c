// SPDX-License-Identifier: GPL-2.0-or-later
/* Images and generations: made and let go of by the main thread, looked up by workers.
 *
 * The buckets of a generation are an open hash, at most half full, with the whole hash in each: a
 * look for what is not there ends in one line as a rule, and a look for what is there reads one image.
 * Nothing that comes from the network is ever put in, so the hash needs no secret: who chooses
 * addresses and ports chooses where to look, and finds clusters that are as short as any.
 *
 * A service that is changed gets an image of its own; generation_new() takes references, and hashes
 * what it is given. 10,000 services take it a millisecond or two. */
#include "backends/dpdk/dataplane/generation.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "backends/dpdk/dataplane/expiry.h"
#include "backends/dpdk/dataplane/schedule.h"
#include "backends/dpdk/dataplane/scheduler.h"
#include "base/macros.h"
#include "base/memory.h"

/* Ticks wrap, and what is ahead must be told from what is past. */
#define GENERATION_TICKS_MOST (INT32_MAX / 2)

static const uint8_t generation_protocols[SERVICE_KIND_COUNT] = {
	[SERVICE_KIND_TCP] = IPPROTO_TCP,
	[SERVICE_KIND_UDP] = IPPROTO_UDP,
	[SERVICE_KIND_SCTP] = IPPROTO_SCTP,
};

uint32_t generation_hash(
	uint8_t family, uint8_t protocol, const uint8_t address[static 16], uint16_t port)
{
	uint64_t seed = (uint64_t)port << 16 | (uint64_t)protocol << 8 | family;

	return (uint32_t)(schedule_hash(seed, address) >> 32);
}

static uint32_t generation_hash_image(const struct service_image *image)
{
	return generation_hash(image->family, image->protocol, image->address, image->port);
}

static bool service_image_is(const struct service_image *image, uint8_t family, uint8_t protocol,
	const uint8_t address[static 16], uint16_t port)
{
	return image->port == port && image->protocol == protocol && image->family == family &&
	       memcmp(image->address, address, sizeof(image->address)) == 0;
}

static const struct service_image *generation_look(const struct generation *generation,
	uint32_t hash, uint8_t family, uint8_t protocol, const uint8_t address[static 16],
	uint16_t port)
{
	for (uint32_t at = hash & generation->mask;; at = (at + 1) & generation->mask) {
		const struct generation_bucket *bucket = &generation->buckets[at];
		const struct service_image *image;

		if (bucket->image == GENERATION_NO_IMAGE)
			return NULL;
		if (bucket->hash != hash)
			continue;
		image = generation->images[bucket->image];
		if (service_image_is(image, family, protocol, address, port))
			return image;
	}
}

const struct service_image *generation_find_hashed(const struct generation *generation,
	uint32_t hash, uint8_t family, uint8_t protocol, const uint8_t address[static 16],
	uint16_t port)
{
	const struct service_image *image =
		generation_look(generation, hash, family, protocol, address, port);

	if (image || !generation->any_port)
		return image;
	return generation_look(generation, generation_hash(family, protocol, address, 0), family,
		protocol, address, 0);
}

const struct service_image *generation_find(const struct generation *generation, uint8_t family,
	uint8_t protocol, const uint8_t address[static 16], uint16_t port)
{
	return generation_find_hashed(generation, generation_hash(family, protocol, address, port),
		family, protocol, address, port);
}

/* The bits of a prefix, as bytes; the attribute is a mask of IPv4, a length of IPv6. */
static void service_image_set_mask(struct service_image *image)
{
	uint32_t netmask = image->attributes.netmask;

	if (image->family == AF_INET) {
		netmask = htonl(netmask);
		memcpy(image->persistence_mask, &netmask, sizeof(netmask));
		return;
	}
	for (unsigned int bit = 0; bit < MIN(netmask, 128u); bit++)
		image->persistence_mask[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
}

static void service_image_set_weight(struct service_image *image)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < image->count; i++)
		total += image->members[i].weight;
	image->total_weight = (uint32_t)MIN(total, (uint64_t)UINT32_MAX);
}

/* Whether members may be chosen for many packets before any of their connections is counted. A
 * template is looked for once for each connection. */
static void service_image_set_early(struct service_image *image)
{
	bool alone = image->one_packet && image->protocol == IPPROTO_UDP;

	image->early = !image->scheduler->by_load && !image->persistent && !alone;
	for (uint32_t i = 0; i < image->count; i++)
		image->early &= !image->members[i].upper_threshold;
}

static void service_image_set_key(struct service_image *image, const struct service_key *key)
{
	image->key = *key;
	memcpy(image->address, key->address.bytes, sizeof(image->address));
	image->port = htons(key->port);
	image->protocol = generation_protocols[key->kind];
	image->family = (uint8_t)key->address.family;
}

static void service_image_set_attributes(
	struct service_image *image, const struct service_attributes *attributes)
{
	uint64_t ticks = (uint64_t)attributes->persistence_timeout * EXPIRY_TICKS_PER_SECOND;

	image->attributes = *attributes;
	image->scheduler_flags = attributes->scheduler_flags;
	image->one_packet = attributes->one_packet;
	image->persistent = attributes->persistent;
	image->persistence_ticks = (uint32_t)MIN(ticks, (uint64_t)GENERATION_TICKS_MOST);
	service_image_set_mask(image);
}

static int service_image_check(const struct service_key *key,
	const struct service_attributes *attributes, uint32_t count, struct error *error)
{
	if (key->kind == SERVICE_KIND_FWMARK)
		return error_set(error, -EOPNOTSUPP, "the data plane knows no firewall marks");
	if (!scheduler_find(attributes->scheduler))
		return error_set(error, -EOPNOTSUPP, "the data plane has no scheduler \"%s\"",
			attributes->scheduler);
	if (count > SERVICE_MEMBERS_MOST)
		return error_set(error, -E2BIG, "%u destinations; a service can have %u", count,
			SERVICE_MEMBERS_MOST);
	return 0;
}

int service_image_new(const struct service_key *key, const struct service_attributes *attributes,
	uint32_t place, struct service_member *members, uint32_t count,
	const struct slot_table *slots, const struct service_image *previous,
	struct scheduler_store *store, struct service_image **ret, struct error *error)
{
	int r = service_image_check(key, attributes, count, error);
	struct service_image *image;

	if (r < 0) {
		free(members);
		return r;
	}
	image = memory_new_aligned(SERVICE_IMAGE_LINE, sizeof(*image));
	image->references = 1;
	image->place = place;
	image->members = members;
	image->count = count;
	image->scheduler = scheduler_find(attributes->scheduler);
	service_image_set_key(image, key);
	service_image_set_attributes(image, attributes);
	service_image_set_weight(image);
	service_image_set_early(image);
	scheduler_prepare(image, previous, slots, store);
	*ret = image;
	return 0;
}

struct service_image *service_image_ref(struct service_image *image)
{
	image->references++;
	return image;
}

void service_image_unref(struct service_image *image)
{
	if (--image->references)
		return;
	scheduler_table_unref(image->shared);
	free(image->members);
	free(image);
}

/* A power of two, twice as many as images at least. */
static uint32_t generation_bucket_count(uint32_t images)
{
	uint32_t count = 8;

	while (count < 2 * (uint64_t)images)
		count *= 2;
	return count;
}

static void generation_insert(struct generation *generation, uint32_t place)
{
	uint32_t hash = generation_hash_image(generation->images[place]);
	uint32_t at = hash & generation->mask;

	while (generation->buckets[at].image != GENERATION_NO_IMAGE)
		at = (at + 1) & generation->mask;
	generation->buckets[at] = (struct generation_bucket){hash, place};
}

struct generation *generation_new(uint64_t number, struct service_image **images, uint32_t count)
{
	struct generation *generation = memory_new(sizeof(*generation));
	uint32_t buckets = generation_bucket_count(count);

	generation->number = number;
	generation->images = images;
	generation->count = count;
	generation->mask = buckets - 1;
	generation->buckets = memory_resize(NULL, buckets, sizeof(*generation->buckets));
	for (uint32_t i = 0; i < buckets; i++)
		generation->buckets[i].image = GENERATION_NO_IMAGE;
	for (uint32_t i = 0; i < count; i++) {
		generation_insert(generation, i);
		generation->any_port |= images[i]->port == 0;
	}
	return generation;
}

void generation_free(struct generation *generation)
{
	if (!generation)
		return;
	for (uint32_t i = 0; i < generation->count; i++)
		service_image_unref(generation->images[i]);
	free(generation->images);
	free(generation->buckets);
	free(generation);
}
