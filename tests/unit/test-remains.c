// SPDX-License-Identifier: GPL-2.0-or-later
/* When what virtual routers left must go: leases as tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/macros.h"
#include "base/memory.h"
#include "daemon/remains.h"

#define MILLISECOND 1000000ull
#define NOW         5000000ull /* all times in milliseconds */
#define NEVER       UINT64_MAX

#define ROUTERS_MOST 4u

/* Routers, each with an address or without; times in milliseconds before now. */
struct row {
	const char *name;
	struct {
		uint64_t interval; /* 0: there is none here */
		uint64_t ago;
		bool unheard; /* it has no lease: it was never heard, or is not active */
		bool bare;    /* it has no address */
	} routers[ROUTERS_MOST];
	size_t torn;
	uint64_t due; /* from now on, below NOW; 0: at once, or earlier */
};

static struct keeper_key key_of(size_t index)
{
	struct keeper_key key = {.family = AF_INET, .vrid = (uint8_t)(index + 1)};

	snprintf(key.interface, sizeof(key.interface), "eth0");
	return key;
}

static void fill(const struct row *row, struct lease_snapshot *left)
{
	left->torn = row->torn;
	for (size_t i = 0; i < ROUTERS_MOST && row->routers[i].interval; i++) {
		struct lease_router_left *router = vector_append(&left->routers);

		router->router.key = key_of(i);
		router->router.state =
			row->routers[i].unheard ? VRRP_STATE_BACKUP : VRRP_STATE_ACTIVE;
		if (!row->routers[i].unheard)
			router->router.lease =
				(struct vrrp_lease){(NOW - row->routers[i].ago) * MILLISECOND,
					row->routers[i].interval * MILLISECOND};
		router->shared = router->router.lease;
		if (!row->routers[i].bare)
			vector_append(&left->addresses)->address.key = key_of(i);
	}
}

static const struct row rows[] = {
	{.name = "nothing", .due = NEVER},
	{.name = "no address",
		.routers = {{.interval = 1000, .ago = 9000, .bare = true}},
		.due = NEVER},
	{.name = "a second", .routers = {{.interval = 1000}}, .due = 3000},
	{.name = "a while ago", .routers = {{.interval = 1000, .ago = 700}}, .due = 2300},
	{.name = "taken over", .routers = {{.interval = 1000, .ago = 9000}}, .due = 0},
	/* Time to start again, by accident dead. */
	{.name = "fast", .routers = {{.interval = 10, .ago = 5}}, .due = 995},
	{.name = "fast, and over", .routers = {{.interval = 10, .ago = 1000}}, .due = 0},
	{.name = "slow", .routers = {{.interval = 40000, .ago = 100}}, .due = 119900},
	/* All go with the first. */
	{.name = "mixed",
		.routers = {{.interval = 100, .ago = 50}, {.interval = 10000, .ago = 9000}},
		.due = 950},
	{.name = "mixed, and over",
		.routers = {{.interval = 1000, .ago = 3100}, {.interval = 10000, .ago = 3200}},
		.due = 0},
	{.name = "a fast one without an address",
		.routers = {{.interval = 100, .ago = 50, .bare = true},
			{.interval = 10000, .ago = 50}},
		.due = 29950},
	{.name = "never heard", .routers = {{.interval = 1000, .unheard = true}}, .due = 0},
	{.name = "never heard, beside one that was",
		.routers = {{.interval = 1000, .unheard = true}, {.interval = 1000, .ago = 100}},
		.due = 900},
	{.name = "torn", .torn = 1, .due = 0},
	{.name = "torn, beside one that was heard",
		.torn = 2,
		.routers = {{.interval = 5000, .ago = 400}},
		.due = 600},
};

static void test_due(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		_cleanup_lease_snapshot_ struct lease_snapshot left = {};

		fill(&rows[i], &left);
		uint64_t due = remains_due(&left, NOW * MILLISECOND);
		bool good = rows[i].due == NEVER ? due == REMAINS_NEVER
			    : rows[i].due == 0   ? due <= NOW * MILLISECOND
						 : due == (NOW + rows[i].due) * MILLISECOND;
		if (!good)
			fail_msg("%s: due %lld ms from now on", rows[i].name,
				(long long)(due / MILLISECOND) - (long long)NOW);
	}
}

/* A clock does not go back: it is no lease, and nothing waits for it. */
static void test_future(void **state)
{
	_cleanup_lease_snapshot_ struct lease_snapshot left = {};

	(void)state;
	fill(&(const struct row){.routers = {{.interval = 1000}}}, &left);
	assert_int_equal(remains_due(&left, NOW * MILLISECOND - 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_due),
		cmocka_unit_test(test_future),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
