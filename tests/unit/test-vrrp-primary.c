// SPDX-License-Identifier: GPL-2.0-or-later
/* Which of our addresses stand before one of the machine's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/if_addr.h>

#include "vrrp/primary.h"

enum whose {
	OTHERS,
	OURS,
};

enum place {
	FIRST,
	SECOND,
	GONE,
};

/* 10.0.NETWORK.HOST is seen; which host of ours stands before it, or 0. */
static int see(struct vrrp_primaries *primaries, enum whose whose, uint8_t network, uint8_t host,
	uint8_t prefix, enum place place)
{
	struct vrrp_object_seen seen = {.object = {.kind = VRRP_OBJECT_ADDRESS,
						.ifindex = 3,
						.address = {AF_INET, {10, 0, network, host}},
						.prefix = prefix},
		.present = place != GONE,
		.flags = place == SECOND ? IFA_F_SECONDARY : 0};
	struct vrrp_object before;

	if (!vrrp_primaries_seen(primaries, &seen, whose == OURS, &before))
		return 0;
	assert_int_equal(before.address.bytes[2], network);
	return before.address.bytes[3];
}

static void test_second(void **state)
{
	struct vrrp_primaries primaries = {};

	(void)state;
	/* As it should be. */
	assert_int_equal(see(&primaries, OTHERS, 0, 1, 24, FIRST), 0);
	assert_int_equal(see(&primaries, OURS, 0, 10, 24, SECOND), 0);
	assert_int_equal(see(&primaries, OTHERS, 0, 2, 24, SECOND), 0);
	/* The machine's own is taken away and comes back: it is second to ours. */
	assert_int_equal(see(&primaries, OTHERS, 0, 1, 24, GONE), 0);
	assert_int_equal(see(&primaries, OURS, 0, 10, 24, FIRST), 0);
	assert_int_equal(see(&primaries, OURS, 0, 11, 24, SECOND), 0);
	assert_int_equal(see(&primaries, OTHERS, 0, 1, 24, SECOND), 10);
	/* Neither other prefixes nor other networks. */
	assert_int_equal(see(&primaries, OTHERS, 0, 1, 25, SECOND), 0);
	assert_int_equal(see(&primaries, OTHERS, 1, 1, 24, SECOND), 0);
	assert_int_equal(see(&primaries, OTHERS, 0, 1, 24, GONE), 0);
	/* It goes, and another of ours is the first. */
	assert_int_equal(see(&primaries, OURS, 0, 10, 24, GONE), 0);
	assert_int_equal(see(&primaries, OURS, 0, 11, 24, FIRST), 0);
	assert_int_equal(see(&primaries, OTHERS, 0, 1, 24, SECOND), 11);
	assert_int_equal(see(&primaries, OURS, 0, 11, 24, SECOND), 0);
	assert_int_equal(see(&primaries, OTHERS, 0, 1, 24, SECOND), 0);
	vrrp_primaries_clear(&primaries);
}

static void test_many(void **state)
{
	struct vrrp_primaries primaries = {};

	(void)state;
	for (unsigned int i = 0; i < 256; i++)
		see(&primaries, OURS, (uint8_t)(i * 7), 10, 24, FIRST);
	assert_int_equal(primaries.count, 256);
	for (unsigned int i = 0; i < 256; i++)
		assert_int_equal(see(&primaries, OTHERS, (uint8_t)i, 1, 24, SECOND), 10);
	for (unsigned int i = 0; i < 256; i++)
		see(&primaries, OURS, (uint8_t)(i * 3), 10, 24, GONE);
	assert_int_equal(primaries.count, 0);
	/* A prefix of 32 is in nobody's way; 0 is everybody's network. */
	see(&primaries, OURS, 0, 10, 32, FIRST);
	assert_int_equal(primaries.count, 0);
	see(&primaries, OURS, 0, 10, 0, FIRST);
	assert_int_equal(see(&primaries, OTHERS, 0, 1, 0, SECOND), 10);
	vrrp_primaries_clear(&primaries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_second),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
