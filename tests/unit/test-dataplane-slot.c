// SPDX-License-Identifier: GPL-2.0-or-later
/* Slots: what they say, the order in which they are given again, and how old ones are told apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <cmocka.h>
#include <stdio.h>

#include "backends/dpdk/dataplane/next_hop.h"
#include "backends/dpdk/dataplane/rewrite.h"
#include "backends/dpdk/dataplane/slot.h"
#include "base/macros.h"
#include "tests/support/build.h"
#include "tests/support/random.h"

#define SLOTS 50u

static struct slot_table table_of(uint32_t count)
{
	struct slot_table table = {};

	assert_int_equal(slot_table_init(&table, count, NULL), 0);
	return table;
}

static uint32_t take(struct slot_table *table, const char *service, const char *destination,
	const struct destination_attributes *attributes)
{
	struct service_key service_key = build_key(service);
	struct destination_key key = build_destination_key(destination);

	return slot_take(table, &service_key, 99, &key, attributes);
}

static uint32_t take_any(struct slot_table *table)
{
	static const struct destination_attributes attributes = {.weight = 1};

	return take(table, "tcp://203.0.113.10:80", "10.0.0.1:80", &attributes);
}

static void what_a_slot_says(void **state)
{
	static const struct destination_attributes nat = {.forward = FORWARD_METHOD_NAT};
	static const struct destination_attributes tunnel = {.forward = FORWARD_METHOD_TUNNEL,
		.tunnel_type = TUNNEL_TYPE_GUE,
		.tunnel_checksum = TUNNEL_CHECKSUM_REMOTE,
		.tunnel_port = 6080};
	static const uint8_t virtual6[16] = {0x20, 1, 0xd, 0xb8, [15] = 0x10};
	struct slot_table table = table_of(4);
	const struct slot *slot;

	(void)state;
	slot = &table.slots[take(&table, "tcp://[2001:db8::10]:443", "10.0.0.12:8080", &nat)];
	assert_memory_equal(slot->address, ((uint8_t[16]){10, 0, 0, 12}), 16);
	assert_int_equal(slot->port, htons(8080));
	assert_int_equal(slot->family, AF_INET);
	assert_int_equal(slot->method, FORWARD_METHOD_NAT);
	assert_int_equal(slot->overhead, 0);
	assert_int_equal(slot->next_hop, NEXT_HOP_NONE);
	assert_int_equal(slot->service, 99);
	assert_memory_equal(slot->virtual_address, virtual6, 16);
	assert_int_equal(slot->virtual_port, htons(443));
	assert_int_equal(slot->virtual_family, AF_INET6);
	assert_true(slot_is_alive(slot, slot->incarnation));
	assert_false(slot_is_alive(slot, slot->incarnation + 1));

	slot = &table.slots[take(&table, "udp://203.0.113.10:53", "[2001:db8:1::11]:53", &tunnel)];
	assert_memory_equal(
		slot->address, ((uint8_t[16]){0x20, 1, 0xd, 0xb8, 0, 1, [15] = 0x11}), 16);
	assert_int_equal(slot->family, AF_INET6);
	assert_int_equal(slot->method, FORWARD_METHOD_TUNNEL);
	assert_int_equal(slot->tunnel_type, TUNNEL_TYPE_GUE);
	assert_int_equal(slot->tunnel_checksum, TUNNEL_CHECKSUM_REMOTE);
	assert_int_equal(slot->tunnel_port, htons(6080));
	assert_int_equal(slot->overhead,
		rewrite_overhead(AF_INET6, TUNNEL_TYPE_GUE, TUNNEL_CHECKSUM_REMOTE));
	assert_true(slot->overhead >= 40);
	assert_int_equal(slot->virtual_family, AF_INET);
	/* Nothing of the one before is left when it is given again. */
	memset(table.slots[1].local, 7, sizeof(table.slots[1].local));
	slot_kill(&table, 1);
	slot_free(&table, 1);
	for (unsigned int i = 0; i < 2; i++)
		take_any(&table);
	assert_int_equal(take_any(&table), 1);
	slot = &table.slots[1];
	assert_memory_equal(slot->address, ((uint8_t[16]){10, 0, 0, 1}), 16);
	assert_int_equal(slot->tunnel_type, TUNNEL_TYPE_IPIP);
	assert_memory_equal(slot->local, ((uint8_t[16]){}), 16);
	assert_int_equal(slot->tunnel_port, 0);
	assert_int_equal(slot->overhead, 0);
	assert_int_equal(take_any(&table), SLOT_NONE);
	slot_table_clear(&table);
}

static void the_longest_free_is_next(void **state)
{
	struct slot_table table = table_of(SLOTS);
	uint32_t free[SLOTS], free_count = SLOTS, used[SLOTS], used_count = 0;
	uint16_t incarnations[SLOTS] = {};

	(void)state;
	printf("seed 50\n");
	random_seed(50);
	for (uint32_t i = 0; i < SLOTS; i++)
		free[i] = i;
	for (unsigned int i = 0; i < 20000; i++) {
		bool takes = random_below(100) < (i / 1000 % 2 ? 70u : 30u);

		if (takes) {
			uint32_t is = take_any(&table);

			if (!free_count) {
				assert_int_equal(is, SLOT_NONE);
				continue;
			}
			assert_int_equal(is, free[0]);
			memmove(free, free + 1, --free_count * sizeof(free[0]));
			used[used_count++] = is;
			assert_int_equal(table.slots[is].incarnation, ++incarnations[is]);
			assert_true(slot_is_alive(&table.slots[is], incarnations[is]));
		} else if (used_count) {
			uint32_t which = random_below(used_count), index = used[which];
			bool killed = random_below(2);

			if (killed) {
				slot_kill(&table, index);
				assert_int_equal(table.slots[index].state, SLOT_STATE_DEAD);
				assert_false(
					slot_is_alive(&table.slots[index], incarnations[index]));
			}
			slot_free(&table, index);
			assert_false(slot_is_alive(&table.slots[index], incarnations[index]));
			used[which] = used[--used_count];
			free[free_count++] = index;
		}
		assert_int_equal(table.free_count, free_count);
	}
	slot_table_clear(&table);
}

/* Incarnations wrap; 0 is none's. */
static void incarnations_wrap(void **state)
{
	struct slot_table table = table_of(1);
	uint16_t last = 0;

	(void)state;
	for (unsigned int i = 0; i < 70000; i++) {
		assert_int_equal(take_any(&table), 0);
		assert_int_equal(table.slots[0].incarnation, last == UINT16_MAX ? 1 : last + 1);
		assert_false(last && slot_is_alive(&table.slots[0], last));
		last = table.slots[0].incarnation;
		slot_free(&table, 0);
	}
	slot_table_clear(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_slot_says),
		cmocka_unit_test(the_longest_free_is_next),
		cmocka_unit_test(incarnations_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
