// SPDX-License-Identifier: GPL-2.0-or-later
/* Templates in shards: chains of a hash, each shard with a lock, a list of free templates, and a count.
 *
 * The hash is NH with random keys, as that of flows: spoofed clients cannot choose a chain to make
 * long while others wait for its lock. Every walk along a chain takes out what has expired on it; a
 * shard that is full looks along a few chains more before it refuses.
 *
 * A template names its slot, and the place that the slot had among the image's members when it was
 * last asked: a hint. What a template is worth is decided outside the lock, against the image that the worker
 * has. Two workers that schedule clients of one prefix at the same moment agree on the template that was
 * there first.
 *
 * The lock is held for one chain. Whoever finds it taken waits on the spot, and after a while lets
 * others run: on a machine where threads share cores, the holder may be one of them. */
#include "backends/dpdk/dataplane/persistence.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>

#include "backends/dpdk/dataplane/expiry.h"
#include "backends/dpdk/dataplane/pages.h"
#include "base/macros.h"
#include "base/memory.h"

/* At most, a power of two; fewer where there are less than PERSISTENCE_SHARD_LEAST for each. */
#define PERSISTENCE_SHARDS      64
#define PERSISTENCE_SHARD_LEAST 1024

/* Chains that a full shard looks along for something that has expired, in each tick until nothing is
 * found: a flood of new clients must not buy a search with each of them. */
#define PERSISTENCE_LOOKS 16

#define PERSISTENCE_SPINS 256
#define PERSISTENCE_NONE  UINT32_MAX

/* Ticks for which a template lives at least: until the first visit of its connection, and a second. */
#define PERSISTENCE_LEAST (EXPIRY_SPAN + EXPIRY_TICKS_PER_SECOND)

#define PERSISTENCE_KEY_WORDS 6

/* Compared and hashed as PERSISTENCE_KEY_WORDS words. */
struct persistence_key {
	uint8_t client[16]; /* masked */
	uint32_t service;   /* its place */
	uint32_t family;
};

struct persistence_template {
	struct persistence_key key;
	uint32_t next; /* of its chain, or of the free ones */
	uint32_t slot;
	uint32_t member; /* hint */
	uint32_t expires;
	uint16_t incarnation;
};

struct persistence_shard {
	_Atomic bool locked;
	struct persistence_template *templates;
	uint32_t *heads;
	uint32_t free, used;
	uint32_t look;   /* where the next look of a full shard begins */
	uint32_t barren; /* the tick after the one in which the last look found nothing */
	uint64_t refused;
} __attribute__((aligned(64)));

struct persistence {
	struct persistence_shard shards[PERSISTENCE_SHARDS];
	uint32_t limit, shard_count, shard_limit, head_count; /* the last two of each shard */
	uint32_t hash_keys[PERSISTENCE_KEY_WORDS + 2];
	uint32_t sweep; /* the next chain, of all shards' */
	/* At a slot: how many templates name it, and above that its incarnation. What a former incarnation had
	 * is not counted any more. */
	_Atomic uint64_t *named;
	uint32_t slot_count;
	void *pages;
	size_t size;
};

/* What is known of a template, outside its lock. */
struct persistence_answer {
	uint32_t slot, member;
	uint16_t incarnation;
};

static void persistence_pause(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static void persistence_lock(struct persistence_shard *shard)
{
	for (unsigned int spins = 0;
		atomic_exchange_explicit(&shard->locked, true, memory_order_acquire); spins++) {
		persistence_pause();
		if (spins >= PERSISTENCE_SPINS)
			sched_yield();
	}
}

static void persistence_unlock(struct persistence_shard *shard)
{
	atomic_store_explicit(&shard->locked, false, memory_order_release);
}

static uint64_t persistence_hash(
	const struct persistence *persistence, const struct persistence_key *key)
{
	const uint32_t *random = persistence->hash_keys;
	uint32_t words[PERSISTENCE_KEY_WORDS];
	uint64_t sum = 0;

	memcpy(words, key, sizeof(words));
	for (unsigned int i = 0; i < PERSISTENCE_KEY_WORDS; i += 2)
		sum += (uint64_t)(uint32_t)(words[i] + random[i]) *
		       (uint32_t)(words[i + 1] + random[i + 1]);
	/* Clients in sequence make sums in sequence, and a product of such lies in a few chains for some
	 * keys: the halves are folded first. The high half of an odd product depends on every bit. */
	sum ^= sum >> 32;
	return (sum * (((uint64_t)random[PERSISTENCE_KEY_WORDS] << 32) |
			      random[PERSISTENCE_KEY_WORDS + 1] | 1)) >>
	       32;
}

/* Shards by the hash's lowest bits, chains by the highest. */
static struct persistence_shard *persistence_shard_of(
	struct persistence *persistence, uint64_t hash)
{
	return &persistence->shards[hash & (persistence->shard_count - 1)];
}

static uint32_t *persistence_head_of(
	const struct persistence *persistence, struct persistence_shard *shard, uint64_t hash)
{
	return &shard->heads[(hash * persistence->head_count) >> 32];
}

#define PERSISTENCE_COUNT_BITS 32

/* One more template names the slot, or one less. Seldom: for a template that comes or goes. */
static void persistence_name(
	struct persistence *persistence, const struct persistence_template *template, bool more)
{
	_Atomic uint64_t *named = &persistence->named[template->slot];
	const uint64_t of = (uint64_t) template->incarnation << PERSISTENCE_COUNT_BITS;
	uint64_t is = atomic_load_explicit(named, memory_order_relaxed), becomes;

	do {
		bool same = is >> PERSISTENCE_COUNT_BITS == template->incarnation;

		if (!more && (!same || !(uint32_t)is))
			return;
		becomes = more ? (same ? is : of) + 1 : is - 1;
	} while (!atomic_compare_exchange_weak_explicit(
		named, &is, becomes, memory_order_relaxed, memory_order_relaxed));
}

uint32_t persistence_count_slot(
	const struct persistence *persistence, uint32_t slot, uint16_t incarnation)
{
	uint64_t named;

	if (slot >= persistence->slot_count)
		return 0;
	named = atomic_load_explicit(&persistence->named[slot], memory_order_relaxed);
	return named >> PERSISTENCE_COUNT_BITS == incarnation ? (uint32_t)named : 0;
}

static struct persistence_key persistence_key_of(
	const struct service_image *image, const struct flow_key *key)
{
	struct persistence_key ret = {.service = image->place, .family = image->family};

	for (unsigned int i = 0; i < sizeof(ret.client); i++)
		ret.client[i] = key->source[i] & image->persistence_mask[i];
	return ret;
}

static void persistence_init_shard(struct persistence *persistence, struct persistence_shard *shard,
	struct persistence_template *templates, uint32_t *heads)
{
	shard->templates = templates;
	shard->heads = heads;
	for (uint32_t i = 0; i < persistence->shard_limit; i++)
		templates[i].next = i + 1 < persistence->shard_limit ? i + 1 : PERSISTENCE_NONE;
	for (uint32_t i = 0; i < persistence->head_count; i++)
		heads[i] = PERSISTENCE_NONE;
}

static void persistence_divide(struct persistence *persistence, uint32_t limit)
{
	uint32_t shards = 1;

	while (shards < PERSISTENCE_SHARDS && limit / (2 * shards) >= PERSISTENCE_SHARD_LEAST)
		shards *= 2;
	persistence->shard_count = shards;
	persistence->limit = MAX(limit / shards, 1u) * shards;
	/* No hash fills all shards alike: a quarter more, or the first would refuse when most have room. */
	persistence->head_count = persistence->limit / shards;
	persistence->shard_limit = persistence->head_count;
	if (shards > 1)
		persistence->shard_limit += persistence->shard_limit / 4;
}

int persistence_new(uint32_t limit, uint32_t slots, struct persistence **ret, struct error *error)
{
	struct persistence *persistence;
	struct persistence_template *templates;
	uint32_t *heads;
	size_t each;
	int r;

	if (posix_memalign(
		    (void **)&persistence, _Alignof(struct persistence), sizeof(*persistence)) != 0)
		return error_set(error, -ENOMEM, "no memory for the shards of persistence");
	*persistence = (struct persistence){};
	persistence_divide(persistence, limit);
	each = persistence->shard_limit * sizeof(*templates) +
	       persistence->head_count * sizeof(*heads);
	persistence->slot_count = slots;
	/* What is counted by slots comes first, being the more aligned. */
	persistence->size = each * persistence->shard_count + slots * sizeof(*persistence->named);
	r = pages_reserve(persistence->size, "persistence", &persistence->pages, error);
	if (r >= 0 && getrandom(persistence->hash_keys, sizeof(persistence->hash_keys), 0) < 0)
		r = error_set(error, -errno, "no random numbers: %m");
	if (r < 0) {
		persistence_free(persistence);
		return r;
	}
	persistence->named = persistence->pages;
	templates = (struct persistence_template *)(persistence->named + slots);
	heads = (uint32_t *)(templates +
			     (size_t)persistence->shard_limit * persistence->shard_count);
	for (uint32_t i = 0; i < persistence->shard_count; i++)
		persistence_init_shard(persistence, &persistence->shards[i],
			templates + (size_t)i * persistence->shard_limit,
			heads + (size_t)i * persistence->head_count);
	*ret = persistence;
	return 0;
}

void persistence_free(struct persistence *persistence)
{
	if (!persistence)
		return;
	pages_release(persistence->pages, persistence->size);
	free(persistence);
}

/* Walks a chain, taking out what has expired; the template of this key, or NULL. */
static struct persistence_template *persistence_walk(struct persistence *persistence,
	struct persistence_shard *shard, uint32_t *head, const struct persistence_key *key,
	uint32_t now)
{
	struct persistence_template *found = NULL;

	for (uint32_t *link = head; *link != PERSISTENCE_NONE;) {
		uint32_t at = *link;
		struct persistence_template *template = &shard->templates[at];

		if (expiry_is_past(template->expires, now)) {
			persistence_name(persistence, template, false);
			*link = template->next;
			template->next = shard->free;
			shard->free = at;
			shard->used--;
			continue;
		}
		if (key && memcmp(&template->key, key, sizeof(*key)) == 0)
			found = template;
		link = &template->next;
	}
	return found;
}

static void persistence_make_room(
	struct persistence *persistence, struct persistence_shard *shard, uint32_t now)
{
	if (shard->free != PERSISTENCE_NONE || shard->barren == now + 1)
		return;
	for (unsigned int i = 0; i < PERSISTENCE_LOOKS && shard->free == PERSISTENCE_NONE; i++) {
		persistence_walk(persistence, shard, &shard->heads[shard->look], NULL, now);
		shard->look = shard->look + 1 == persistence->head_count ? 0 : shard->look + 1;
	}
	if (shard->free == PERSISTENCE_NONE)
		shard->barren = now + 1;
}

static void persistence_insert(struct persistence *persistence, struct persistence_shard *shard,
	uint32_t *head, const struct persistence_template *new, uint32_t now)
{
	uint32_t at;

	persistence_make_room(persistence, shard, now);
	at = shard->free;
	if (at == PERSISTENCE_NONE) {
		shard->refused++;
		return;
	}
	shard->free = shard->templates[at].next;
	shard->used++;
	shard->templates[at] = *new;
	shard->templates[at].next = *head;
	*head = at;
	persistence_name(persistence, new, true);
}

static uint32_t persistence_until(const struct service_image *image, uint32_t now)
{
	return now + MAX(image->persistence_ticks, (uint32_t)PERSISTENCE_LEAST);
}

/* The place of a template's slot among the members, or SCHEDULER_NONE: it is void. */
static uint32_t persistence_member(
	const struct service_image *image, const struct persistence_answer *answer)
{
	uint32_t place = answer->member;

	if (place >= image->count || image->members[place].slot != answer->slot)
		for (place = 0; place < image->count; place++)
			if (image->members[place].slot == answer->slot)
				break;
	if (place == image->count || image->members[place].incarnation != answer->incarnation ||
		!image->members[place].weight)
		return SCHEDULER_NONE;
	return place;
}

/* What the template of this key says, its time begun anew. */
static bool persistence_look(struct persistence *persistence, const struct service_image *image,
	const struct persistence_key *key, uint32_t now, struct persistence_answer *ret)
{
	uint64_t hash = persistence_hash(persistence, key);
	struct persistence_shard *shard = persistence_shard_of(persistence, hash);
	struct persistence_template *template;

	persistence_lock(shard);
	template = persistence_walk(
		persistence, shard, persistence_head_of(persistence, shard, hash), key, now);
	if (template) {
		template->expires = persistence_until(image, now);
		*ret = (struct persistence_answer){
			template->slot, template->member, template->incarnation};
	}
	persistence_unlock(shard);
	return template;
}

/* Puts `new` in place of what `old` says (NULL: of nothing). What somebody else has put there meanwhile
 * stays. */
static void persistence_put(struct persistence *persistence, const struct persistence_template *new,
	const struct persistence_answer *old, uint32_t now, struct persistence_answer *ret)
{
	uint64_t hash = persistence_hash(persistence, &new->key);
	struct persistence_shard *shard = persistence_shard_of(persistence, hash);
	uint32_t *head = persistence_head_of(persistence, shard, hash);
	struct persistence_template *template;

	*ret = (struct persistence_answer){new->slot, new->member, new->incarnation};
	persistence_lock(shard);
	template = persistence_walk(persistence, shard, head, &new->key, now);
	if (!template) {
		persistence_insert(persistence, shard, head, new, now);
	} else if (old && template->slot == old->slot &&
		   template->incarnation == old->incarnation) {
		uint32_t next = template->next;

		persistence_name(persistence, template, false);
		persistence_name(persistence, new, true);
		*template = *new;
		template->next = next;
	} else {
		*ret = (struct persistence_answer){
			template->slot, template->member, template->incarnation};
	}
	persistence_unlock(shard);
}

uint32_t persistence_choose(struct persistence *persistence, const struct service_image *image,
	struct scheduler_turn *turn, const struct scheduler_view *view, const struct flow_key *key,
	uint32_t now)
{
	struct persistence_template new = {.key = persistence_key_of(image, key)};
	struct persistence_answer old, answer;
	bool there = persistence_look(persistence, image, &new.key, now, &old);
	uint32_t place = there ? persistence_member(image, &old) : SCHEDULER_NONE;

	/* A hint that is out of date is put right by the way that puts another template. */
	if (place != SCHEDULER_NONE && place == old.member)
		return place;
	if (place == SCHEDULER_NONE)
		place = image->scheduler->choose(image, turn, view, key);
	if (place == SCHEDULER_NONE)
		return SCHEDULER_NONE;
	new.slot = image->members[place].slot;
	new.incarnation = image->members[place].incarnation;
	new.member = place;
	new.expires = persistence_until(image, now);
	persistence_put(persistence, &new, there ? &old : NULL, now, &answer);
	answer.member = persistence_member(image, &answer);
	return answer.member == SCHEDULER_NONE ? place : answer.member;
}

void persistence_extend(struct persistence *persistence, const struct service_image *image,
	const struct flow_key *key, uint32_t slot, uint16_t incarnation, uint32_t now)
{
	struct persistence_key wanted = persistence_key_of(image, key);
	uint64_t hash = persistence_hash(persistence, &wanted);
	struct persistence_shard *shard = persistence_shard_of(persistence, hash);
	struct persistence_template *template;

	persistence_lock(shard);
	template = persistence_walk(
		persistence, shard, persistence_head_of(persistence, shard, hash), &wanted, now);
	if (template && template->slot == slot && template->incarnation == incarnation &&
		expiry_is_past(template->expires, now + PERSISTENCE_LEAST))
		template->expires = now + PERSISTENCE_LEAST;
	persistence_unlock(shard);
}

unsigned int persistence_sweep(struct persistence *persistence, uint32_t now, unsigned int heads)
{
	uint32_t all = persistence->shard_count * persistence->head_count;
	unsigned int gone = 0;

	for (unsigned int i = 0; i < MIN(heads, all); i++) {
		uint32_t at = persistence->sweep;
		struct persistence_shard *shard =
			&persistence->shards[at / persistence->head_count];
		uint32_t before;

		persistence_lock(shard);
		before = shard->used;
		persistence_walk(
			persistence, shard, &shard->heads[at % persistence->head_count], NULL, now);
		gone += before - shard->used;
		persistence_unlock(shard);
		persistence->sweep = at + 1 == all ? 0 : at + 1;
	}
	return gone;
}

void persistence_count(struct persistence *persistence, struct persistence_counts *ret)
{
	*ret = (struct persistence_counts){.limit = persistence->limit};
	for (uint32_t i = 0; i < persistence->shard_count; i++) {
		struct persistence_shard *shard = &persistence->shards[i];

		persistence_lock(shard);
		ret->used += shard->used;
		ret->refused += shard->refused;
		persistence_unlock(shard);
	}
}
