// SPDX-License-Identifier: GPL-2.0-or-later
/* Services of the data plane for tests of its schedulers: slots and counts without anything around
 * them. Destination n is 10.1.x.y:8080 in slot FIXTURE_SLOTS - 1 - n, or in the slot that a test says. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "backends/dpdk/dataplane/generation.h"
#include "backends/dpdk/dataplane/scheduler.h"
#include "base/memory.h"
#include "tests/support/random.h"

#define FIXTURE_WORKERS     3
#define FIXTURE_SLOTS       2048u
#define FIXTURE_INCARNATION 7

static struct slot fixture_slot_array[FIXTURE_SLOTS];
static struct slot_counts fixture_counts[FIXTURE_WORKERS][FIXTURE_SLOTS];
static struct slot_counts *const fixture_count_rows[FIXTURE_WORKERS] = {
	fixture_counts[0], fixture_counts[1], fixture_counts[2]};

static const struct slot_table fixture_slots = {
	.slots = fixture_slot_array, .count = FIXTURE_SLOTS};
static const struct scheduler_view fixture_view = {fixture_count_rows, FIXTURE_WORKERS};

static inline void fixture_set_slot(uint32_t slot, uint32_t destination)
{
	struct slot *it = &fixture_slot_array[slot];

	*it = (struct slot){
		.address = {10, 1, (uint8_t)(destination >> 8), (uint8_t)destination},
		.family = AF_INET,
		.port = 0x901f, /* 8080 */
	};
	atomic_store(&it->incarnation, FIXTURE_INCARNATION);
	atomic_store(&it->state, SLOT_STATE_LIVE);
}

/* What worker has at a member. */
static inline void fixture_set_counts(const struct service_member *member, unsigned int worker,
	uint32_t active, uint32_t inactive)
{
	struct slot_counts *counts = &fixture_counts[worker][member->slot];

	atomic_store(&counts->incarnation, member->incarnation);
	atomic_store(&counts->active, active);
	atomic_store(&counts->inactive, inactive);
}

static inline void fixture_reset(void)
{
	memset(fixture_counts, 0, sizeof(fixture_counts));
	for (uint32_t i = 0; i < FIXTURE_SLOTS; i++)
		fixture_set_slot(FIXTURE_SLOTS - 1 - i, i);
}

static inline struct service_member *fixture_members(const uint16_t *weights, uint32_t count)
{
	struct service_member *members = memory_resize(NULL, count, sizeof(*members));

	for (uint32_t i = 0; i < count; i++)
		members[i] = (struct service_member){
			.slot = FIXTURE_SLOTS - 1 - i,
			.incarnation = FIXTURE_INCARNATION,
			.weight = weights[i],
		};
	return members;
}

static inline struct service_image *fixture_image_after(const struct service_image *previous,
	const char *scheduler, uint32_t flags, struct service_member *members, uint32_t count)
{
	struct service_key key = {
		.kind = SERVICE_KIND_TCP, .port = 80, .address = {AF_INET, {203, 0, 113, 10}}};
	struct service_attributes attributes = {.scheduler_flags = flags, .netmask = UINT32_MAX};
	struct service_image *image;
	struct error error = {};
	int r;

	memcpy(attributes.scheduler, scheduler, strlen(scheduler));
	r = service_image_new(&key, &attributes, 0, members, count, &fixture_slots, previous, NULL,
		&image, &error);
	assert_int_equal(r, 0);
	return image;
}

static inline struct service_image *fixture_image(
	const char *scheduler, uint32_t flags, const uint16_t *weights, uint32_t count)
{
	return fixture_image_after(NULL, scheduler, flags, fixture_members(weights, count), count);
}

static inline struct flow_key fixture_client(uint32_t client, uint16_t port)
{
	struct flow_key key = {
		.destination = {203, 0, 113, 10}, .source_port = port, .family = AF_INET};

	memcpy(key.source, &client, sizeof(client));
	return key;
}

static inline uint32_t fixture_choose(
	const struct service_image *image, struct scheduler_turn *turn, uint32_t client)
{
	struct flow_key key = fixture_client(client, 0);

	return image->scheduler->choose(image, turn, &fixture_view, &key);
}
