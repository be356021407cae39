// SPDX-License-Identifier: GPL-2.0-or-later
/* The process that waits: in what order it carries out what it is given, and that nobody waits for it. In place of the kernel there
 * are pairs of sockets, and a worker that waits until it is let go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/memory.h"
#include "vrrp/hand.h"

#define PARCEL      4096u
#define PARCELS     4000u /* 16 MB: more than the kernel keeps of them */
#define PAUSE_US    1000u
#define PATIENCE_MS 60000

/* Of this process and of the hand. */
struct shared {
	_Atomic bool begun, at_work, let_go, freeing;
	_Atomic uint32_t done;
	_Atomic bool disordered;
};

struct parcel {
	uint32_t number;
	bool waits, tells;
	char rest[PARCEL];
};

struct world {
	struct loop *loop;
	struct vrrp_hand *hand;
	struct shared *shared;
	int kernel[VRRP_HAND_SOCKETS]; /* the far ends of the hand's sockets */
	uint32_t answered;
};

static void begin(void *data)
{
	((struct world *)data)->shared->begun = true;
}

/* In the hand. */
static size_t work(
	void *data, const void *asked, size_t size, char answer[static VRRP_HAND_ANSWER_MOST])
{
	struct shared *shared = ((struct world *)data)->shared;
	struct parcel parcel = {};

	memcpy(&parcel, asked, size);
	shared->at_work = true;
	while (parcel.waits && !shared->let_go)
		usleep(PAUSE_US);
	shared->disordered |= !shared->begun || parcel.number != shared->done;
	shared->done++;
	if (!parcel.tells)
		return 0;
	memcpy(answer, &parcel.number, sizeof(parcel.number));
	return sizeof(parcel.number);
}

static void answered(void *data, const void *answer, size_t size)
{
	struct world *world = data;

	assert_int_equal(size, sizeof(world->answered));
	memcpy(&world->answered, answer, sizeof(world->answered));
	loop_stop(world->loop, 0);
}

static void brought(void *data, const struct vrrp_hand_brought *brought)
{
	(void)data;
	(void)brought;
}

static int make(void **state)
{
	struct world *world = memory_new(sizeof(*world));
	const struct vrrp_hand_worker worker = {
		.begin = begin, .work = work, .answered = answered, .data = world};
	const struct vrrp_hand_owner owner = {.lease = -1, .worker = &worker};
	int sockets[VRRP_HAND_SOCKETS];

	world->shared = mmap(NULL, sizeof(*world->shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(world->shared, MAP_FAILED);
	assert_int_equal(loop_new(&world->loop), 0);
	for (size_t i = 0; i < VRRP_HAND_SOCKETS; i++) {
		int pair[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
		world->kernel[i] = pair[0];
		sockets[i] = pair[1];
	}
	assert_int_equal(
		vrrp_hand_new(world->loop, &owner, sockets, brought, world, &world->hand, NULL), 0);
	*state = world;
	return 0;
}

static int drop(void **state)
{
	struct world *world = *state;

	world->shared->let_go = true;
	vrrp_hand_free(world->hand);
	for (size_t i = 0; i < VRRP_HAND_SOCKETS; i++)
		close(world->kernel[i]);
	loop_free(world->loop);
	munmap(world->shared, sizeof(*world->shared));
	free(world);
	return 0;
}

static void ask(struct world *world, uint32_t number, bool waits, bool tells)
{
	const struct parcel parcel = {.number = number, .waits = waits, .tells = tells};

	assert_int_equal(vrrp_hand_ask(world->hand, &parcel, sizeof(parcel)), 0);
}

static bool kernel_has(const struct world *world, int patience_ms)
{
	struct pollfd ready = {.fd = world->kernel[VRRP_HAND_REQUESTS], .events = POLLIN};

	return poll(&ready, 1, patience_ms) == 1;
}

/* What is given after something that takes long comes after it, and who gives it goes on meanwhile. */
static void test_in_order(void **state)
{
	struct world *world = *state;

	ask(world, 0, true, true);
	assert_int_equal(vrrp_hand_give(world->hand, VRRP_HAND_REQUESTS, "request", 7), 0);
	ask(world, 1, false, false);
	while (!world->shared->at_work)
		usleep(PAUSE_US);
	assert_false(kernel_has(world, 50));
	assert_int_equal(world->shared->done, 0);
	world->shared->let_go = true;
	assert_true(kernel_has(world, PATIENCE_MS));
	assert_true(world->shared->done >= 1);
	assert_int_equal(loop_run(world->loop), 0);
	assert_int_equal(world->answered, 0);
	assert_false(world->shared->disordered);
}

/* Who cannot make a hand keeps nothing: where there is room for the lease's memory, and for no pair. */
static void test_no_room(void **state)
{
	struct world *world = *state;
	const struct vrrp_hand_owner owner = {.lease = memfd_create("lease", MFD_CLOEXEC)};
	int sockets[VRRP_HAND_SOCKETS];
	struct rlimit before, tight;
	struct vrrp_hand *hand;

	assert_true(owner.lease >= 0);
	for (size_t i = 0; i < VRRP_HAND_SOCKETS; i++)
		assert_true((sockets[i] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) >= 0);
	int next = dup(owner.lease);
	assert_true(next >= 0);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	tight = before;
	tight.rlim_cur = (rlim_t)next + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	int r = vrrp_hand_new(world->loop, &owner, sockets, brought, world, &hand, NULL);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(r, -EMFILE);
	assert_null(hand);
	assert_int_equal(fcntl(next, F_GETFD), -1);
	close(owner.lease);
}

/* More than there is room for. */
static void test_much(void **state)
{
	struct world *world = *state;

	for (uint32_t i = 0; i < PARCELS; i++)
		ask(world, i, i == 0, false);
	assert_int_equal(vrrp_hand_give(world->hand, VRRP_HAND_REQUESTS, "request", 7), 0);
	ask(world, PARCELS, false, true);
	assert_int_equal(world->shared->done, 0);
	world->shared->let_go = true;
	assert_int_equal(loop_run(world->loop), 0);
	assert_int_equal(world->answered, PARCELS);
	assert_int_equal(world->shared->done, PARCELS + 1);
	assert_true(kernel_has(world, 0));
	assert_false(world->shared->disordered);
}

/* Who ends has all carried out that was given, though nobody hears the answers any more: here more of them than there is room for. */
static void test_end(void **state)
{
	struct world *world = *state;
	pid_t other;

	for (uint32_t i = 0; i < PARCELS; i++)
		ask(world, i, i == 0, true);
	other = fork();
	if (other == 0) {
		while (!world->shared->freeing)
			usleep(PAUSE_US);
		world->shared->let_go = true;
		_exit(0);
	}
	assert_int_equal(world->shared->done, 0);
	world->shared->freeing = true;
	world->hand = vrrp_hand_free(world->hand);
	assert_int_equal(world->shared->done, PARCELS);
	assert_false(world->shared->disordered);
	assert_int_equal(waitpid(other, NULL, 0), other);
}

static void test_refused(void **state)
{
	static const char large[VRRP_HAND_GIVEN_MOST + 1];
	struct world *world = *state;

	assert_int_equal(vrrp_hand_ask(world->hand, large, sizeof(large)), -EMSGSIZE);
	assert_int_equal(
		vrrp_hand_give(world->hand, VRRP_HAND_REQUESTS, large, sizeof(large)), -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_in_order, make, drop),
		cmocka_unit_test_setup_teardown(test_no_room, make, drop),
		cmocka_unit_test_setup_teardown(test_much, make, drop),
		cmocka_unit_test_setup_teardown(test_end, make, drop),
		cmocka_unit_test_setup_teardown(test_refused, make, drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
