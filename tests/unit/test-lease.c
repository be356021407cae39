// SPDX-License-Identifier: GPL-2.0-or-later
/* What a process with virtual routers leaves behind: read by the next one and by the supervisor, after an orderly end, after a
 * death at any time, and from memory that somebody else has written into. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "tests/support/random.h"
#include "vrrp/lease.h"
#include "vrrp/lease_cell.h"

#define SECOND    1000000000ull
#define NOW       (5000 * SECOND)
#define KILLS     100
#define STRAYS    200
#define ROUTERS   20
#define ADDRESSES 3 /* of each */

/* The memory, a writer of it, and what the writer found. */
struct world {
	int fd;
	struct lease *writer, *reader;
	struct lease_snapshot left;
};

static int make(void **state)
{
	struct world *world = memory_new(sizeof(*world));

	world->fd = lease_create();
	assert_true(world->fd >= 0);
	assert_int_equal(lease_open_reader(world->fd, &world->reader), 0);
	assert_int_equal(lease_open_writer(world->fd, &world->writer, &world->left), 0);
	*state = world;
	return 0;
}

static int drop(void **state)
{
	struct world *world = *state;

	lease_close(world->writer);
	lease_close(world->reader);
	lease_snapshot_clear(&world->left);
	close(world->fd);
	free(world);
	return 0;
}

static struct keeper_key key_of(const char *interface, uint16_t family, uint8_t vrid)
{
	struct keeper_key key = {.family = family, .vrid = vrid};

	strncpy(key.interface, interface, sizeof(key.interface) - 1);
	return key;
}

static struct lease_router active(uint8_t vrid, uint64_t sent, uint64_t interval)
{
	return (struct lease_router){.key = key_of("eth0", AF_INET, vrid),
		.state = VRRP_STATE_ACTIVE,
		.lease = {sent, interval}};
}

static struct lease_address address_on(uint8_t vrid, int ifindex, const char *text)
{
	struct lease_address address = {
		.key = key_of("eth0", AF_INET, vrid), .prefix = 24, .ifindex = ifindex};

	assert_int_equal(address_parse(text, &address.address), 0);
	address.key.family = address.address.family;
	return address;
}

static void put(struct world *world, const struct lease_router *router)
{
	uint32_t cell = LEASE_NONE;

	assert_int_equal(lease_put_router(world->writer, &cell, router), 0);
	assert_int_not_equal(cell, LEASE_NONE);
}

static void put_address(struct world *world, const struct lease_address *address)
{
	uint32_t cell = LEASE_NONE;

	assert_int_equal(lease_put_address(world->writer, &cell, address), 0);
}

/* As the next process does. */
static void restart(struct world *world)
{
	world->writer = lease_close(world->writer);
	assert_int_equal(lease_open_writer(world->fd, &world->writer, &world->left), 0);
}

static void expect_counts(const struct world *world, size_t routers, size_t addresses, size_t torn)
{
	struct lease_snapshot seen = {};

	lease_read(world->reader, &seen);
	assert_int_equal(seen.routers.count, routers);
	assert_int_equal(seen.addresses.count, addresses);
	assert_int_equal(seen.torn, torn);
	lease_snapshot_clear(&seen);
}

static void new_memory_holds_nothing(void **state)
{
	struct world *world = *state;

	expect_counts(world, 0, 0, 0);
	assert_int_equal(world->left.routers.count, 0);
	assert_int_equal(world->left.torn, 0);
}

static void what_is_put_is_read(void **state)
{
	struct world *world = *state;
	struct lease_router router = active(51, NOW, SECOND);
	struct lease_snapshot seen = {};
	const struct lease_address_left *addresses;
	size_t count;

	router.group = lease_group("edge");
	put(world, &router);
	router = active(50, 0, 0);
	router.state = VRRP_STATE_BACKUP;
	put(world, &router);
	put_address(world, &(struct lease_address){.key = key_of("eth0", AF_INET6, 51),
				   .address = {AF_INET6, {0x20, 1, 0xd, 0xb8, [15] = 1}},
				   .prefix = 64,
				   .ifindex = 9});
	struct lease_address second = address_on(51, 7, "203.0.113.12");
	struct lease_address first = address_on(51, 8, "203.0.113.10");
	struct lease_address third = address_on(51, 8, "203.0.113.11");
	put_address(world, &third);
	put_address(world, &first);
	put_address(world, &second);

	lease_read(world->reader, &seen);
	assert_int_equal(seen.routers.count, 2);
	assert_int_equal(seen.addresses.count, 4);
	struct keeper_key key = key_of("eth0", AF_INET, 51);
	const struct lease_router_left *left = lease_find_router(&seen, &key);
	assert_non_null(left);
	assert_int_equal(left->router.state, VRRP_STATE_ACTIVE);
	assert_int_equal(left->router.lease.sent, NOW);
	assert_int_equal(left->router.lease.interval, SECOND);
	assert_int_equal(left->router.group, lease_group("edge"));
	addresses = lease_find_addresses(&seen, &key, &count);
	assert_int_equal(count, 3);
	/* By interface, then by address. */
	assert_true(address_equal(&addresses[0].address.address, &second.address));
	assert_true(address_equal(&addresses[1].address.address, &first.address));
	assert_true(address_equal(&addresses[2].address.address, &third.address));
	assert_int_equal(addresses[0].address.ifindex, 7);
	assert_int_equal(addresses[0].address.prefix, 24);
	key.family = AF_INET6;
	assert_null(lease_find_router(&seen, &key));
	addresses = lease_find_addresses(&seen, &key, &count);
	assert_int_equal(count, 1);
	assert_int_equal(addresses->address.ifindex, 9);
	assert_int_equal(addresses->address.address.bytes[15], 1);
	key = key_of("eth1", AF_INET, 51);
	assert_null(lease_find_addresses(&seen, &key, &count));
	assert_int_equal(count, 0);
	lease_snapshot_clear(&seen);
}

static void who_comes_next_has_the_cells(void **state)
{
	struct world *world = *state;
	struct lease_router router = active(1, NOW, SECOND);
	struct lease_address address = address_on(1, 3, "10.0.0.1");

	put(world, &router);
	put_address(world, &address);
	restart(world);
	assert_int_equal(world->left.routers.count, 1);
	assert_int_equal(world->left.addresses.count, 1);

	/* Goes on in the same cell, so that no router is there twice. */
	uint32_t cell = world->left.routers.items[0].cell;
	uint32_t other = world->left.addresses.items[0].cell;
	router.lease.sent = NOW + SECOND;
	assert_int_equal(lease_put_router(world->writer, &cell, &router), 0);
	put(world, &(struct lease_router){.key = key_of("eth0", AF_INET, 2)});
	lease_let_go(world->writer, &other);
	assert_int_equal(other, LEASE_NONE);
	lease_let_go(world->writer, &other);
	expect_counts(world, 2, 0, 0);
	restart(world);
	assert_int_equal(world->left.routers.items[0].router.lease.sent, NOW + SECOND);
}

static void cells_come_to_an_end(void **state)
{
	struct world *world = *state;
	struct lease_router router = active(1, NOW, SECOND);
	struct lease_address address = address_on(1, 3, "10.0.0.1");
	uint32_t first = LEASE_NONE, cell = LEASE_NONE;

	assert_int_equal(lease_put_router(world->writer, &first, &router), 0);
	for (uint32_t i = 1; i < LEASE_CELLS; i++) {
		for (size_t at = 0; at < 4; at++)
			address.address.bytes[at] = (uint8_t)((i + (10u << 24)) >> (24 - 8 * at));
		cell = LEASE_NONE;
		assert_int_equal(lease_put_address(world->writer, &cell, &address), 0);
	}
	uint32_t none = LEASE_NONE;
	assert_int_equal(lease_put_router(world->writer, &none, &router), -ENOSPC);
	assert_int_equal(none, LEASE_NONE);
	/* What has a cell is put all the same. */
	assert_int_equal(lease_put_router(world->writer, &first, &router), 0);
	expect_counts(world, 1, LEASE_CELLS - 1, 0);
	restart(world);
	assert_int_equal(lease_put_router(world->writer, &none, &router), -ENOSPC);
	lease_let_go(world->writer, &cell);
	assert_int_equal(lease_put_address(world->writer, &none, &address), 0);
	expect_counts(world, 1, LEASE_CELLS - 1, 0);
}

static void only_who_is_active_has_a_lease(void **state)
{
	struct world *world = *state;
	struct lease_router router = active(1, NOW, SECOND);

	router.state = VRRP_STATE_BACKUP;
	put(world, &router);
	restart(world);
	assert_int_equal(world->left.routers.items[0].router.lease.sent, 0);
	assert_int_equal(lease_end(&world->left.routers.items[0].shared), 0);
}

/* What a writer put down for each of some routers, and what their shared lease ends at, in seconds; 0: none. */
struct member {
	const char *group;
	enum vrrp_state state;
	uint64_t sent, interval, end;
};

static void the_earliest_of_a_group_counts(void **state)
{
	struct world *world = *state;
	static const struct member members[] = {
		{NULL, VRRP_STATE_ACTIVE, 100, 3, 106},
		{"a", VRRP_STATE_ACTIVE, 100, 3, 104},
		{"a", VRRP_STATE_ACTIVE, 102, 1, 104},
		{"a", VRRP_STATE_ACTIVE, 101, 2, 104},
		/* Who is not active has nothing to keep, and takes nothing from the others. */
		{"b", VRRP_STATE_BACKUP, 100, 1, 0},
		{"b", VRRP_STATE_ACTIVE, 101, 1, 103},
		{"b", VRRP_STATE_ACTIVE, 102, 1, 103},
		/* Who is active and has not advertised yet has none, nor have the others. */
		{"c", VRRP_STATE_ACTIVE, 101, 1, 0},
		{"c", VRRP_STATE_ACTIVE, 0, 1, 0},
		{"c", VRRP_STATE_ACTIVE, 105, 1, 0},
		{"d", VRRP_STATE_INITIALIZE, 0, 0, 0},
		/* Without a group they are no group. */
		{NULL, VRRP_STATE_ACTIVE, 101, 1, 103},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
		struct lease_router router = active(
			(uint8_t)(i + 1), members[i].sent * SECOND, members[i].interval * SECOND);

		router.state = members[i].state;
		router.group = lease_group(members[i].group);
		put(world, &router);
	}
	restart(world);
	assert_int_equal(world->left.routers.count, ARRAY_LENGTH(members));
	for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
		const struct lease_router_left *left = &world->left.routers.items[i];

		assert_int_equal(left->router.key.vrid, i + 1);
		assert_int_equal(lease_end(&left->shared), members[i].end * SECOND);
	}
	assert_true(vrrp_lease_holds(&world->left.routers.items[1].shared, 104 * SECOND - 1));
	assert_false(vrrp_lease_holds(&world->left.routers.items[1].shared, 104 * SECOND));
}

/* Records with a sum that is right, and values that are not. */
static void values_are_bounded(void **state)
{
	struct world *world = *state;
	struct lease_router router[11];
	struct lease_address address[8];

	for (size_t i = 0; i < ARRAY_LENGTH(router); i++)
		router[i] = active((uint8_t)(i + 1), NOW, SECOND);
	router[0].key.vrid = 0;
	router[1].key.family = 99;
	router[2].key.family = AF_UNSPEC;
	router[3].state = VRRP_STATE_COUNT;
	router[4].lease.interval = VRRP_INTERVAL_MIN_NS - 1;
	router[5].lease.interval = 256 * SECOND;
	router[6].lease.sent = UINT64_MAX;
	router[7].key.interface[0] = '\0';
	memset(router[8].key.interface, 'x', sizeof(router[8].key.interface));
	strcpy(router[9].key.interface, "a/b");
	strcpy(router[10].key.interface, "a\nb");
	for (size_t i = 0; i < ARRAY_LENGTH(router); i++)
		put(world, &router[i]);

	for (size_t i = 0; i < ARRAY_LENGTH(address); i++)
		address[i] = address_on(1, 3, "10.0.0.1");
	address[0].ifindex = 0;
	address[1].ifindex = -1;
	address[2].prefix = 33;
	address[3] = address_on(1, 3, "0.0.0.0");
	address[4] = address_on(1, 3, "224.0.0.18");
	address[5].key.vrid = 0;
	address[6] = address_on(1, 3, "ff02::12");
	address[7].key.family = 0;
	for (size_t i = 0; i < ARRAY_LENGTH(address); i++)
		put_address(world, &address[i]);
	expect_counts(world, 0, 0, ARRAY_LENGTH(router) + ARRAY_LENGTH(address));

	/* At the bounds they hold. */
	struct lease_router least = active(1, 1, VRRP_INTERVAL_MIN_NS);
	struct lease_router most = active(255, INT64_MAX, 255 * SECOND);
	put(world, &least);
	put(world, &most);
	expect_counts(world, 2, 0, ARRAY_LENGTH(router) + ARRAY_LENGTH(address));
	/* The next one has those cells again, and nobody is told twice. */
	restart(world);
	assert_int_equal(world->left.torn, ARRAY_LENGTH(router) + ARRAY_LENGTH(address));
	expect_counts(world, 2, 0, 0);
	restart(world);
	assert_int_equal(world->left.torn, 0);
}

static void twins_are_not_believed(void **state)
{
	struct world *world = *state;
	struct lease_router one = active(1, NOW, SECOND), other = active(2, NOW, SECOND);

	put(world, &one);
	put(world, &other);
	put(world, &one);
	put(world, &one);
	expect_counts(world, 1, 0, 3);
	restart(world);
	assert_int_equal(world->left.routers.items[0].router.key.vrid, 2);
	expect_counts(world, 1, 0, 0);
	put(world, &one);
	expect_counts(world, 2, 0, 0);
}

/* Over and over, everything that a process does with its memory. */
static _noreturn_ void work_for_ever(int fd, pid_t parent)
{
	struct lease *lease;
	struct lease_snapshot left = {};
	uint32_t addresses[ROUTERS][ADDRESSES];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	memset(addresses, 0xff, sizeof(addresses));
	if (getppid() != parent || lease_open_writer(fd, &lease, &left) < 0)
		_exit(1);
	vector_foreach(&left.addresses, address)
		addresses[address->address.key.vrid - 1][address->address.address.bytes[3] - 1] =
			address->cell;
	for (uint64_t i = 0;; i++) {
		size_t n = i % ROUTERS;
		uint8_t vrid = (uint8_t)(n + 1);
		const struct lease_router router =
			active(vrid, NOW + i * vrid, SECOND + i * vrid % SECOND);
		struct keeper_key key = router.key;
		const struct lease_router_left *old = lease_find_router(&left, &key);
		uint32_t cell = old->cell;

		lease_put_router(lease, &cell, &router);
		for (size_t at = 0; at < ADDRESSES; at++) {
			struct lease_address address = {.key = key, .prefix = 32, .ifindex = vrid};

			address.address =
				(struct address){AF_INET, {10, 0, vrid, (uint8_t)(at + 1)}};
			if (random_below(2))
				lease_put_address(lease, &addresses[n][at], &address);
			else
				lease_let_go(lease, &addresses[n][at]);
		}
	}
}

static void expect_sound(const struct lease_snapshot *seen)
{
	assert_int_equal(seen->torn, 0);
	assert_int_equal(seen->routers.count, ROUTERS);
	for (size_t i = 0; i < ROUTERS; i++) {
		const struct lease_router *router = &seen->routers.items[i].router;

		assert_int_equal(router->key.vrid, i + 1);
		assert_string_equal(router->key.interface, "eth0");
		/* Of one and the same write. */
		assert_int_equal((router->lease.sent - NOW) % SECOND,
			(router->lease.interval - SECOND) % SECOND);
	}
	assert_true(seen->addresses.count <= (size_t)ROUTERS * ADDRESSES);
	for (size_t i = 0; i < seen->addresses.count; i++) {
		const struct lease_address *address = &seen->addresses.items[i].address;

		assert_int_equal(address->address.bytes[2], address->key.vrid);
		assert_int_equal(address->ifindex, address->key.vrid);
		/* None is there twice: its cell was found again by the next. */
		if (i > 0)
			assert_false(address_equal(
				&address->address, &seen->addresses.items[i - 1].address.address));
	}
}

static void a_death_at_any_time_leaves_it_sound(void **state)
{
	struct world *world = *state;
	size_t met = 0;

	random_seed(11);
	for (uint8_t vrid = 1; vrid <= ROUTERS; vrid++) {
		const struct lease_router router = active(vrid, NOW, SECOND);

		put(world, &router);
	}
	for (int i = 0; i < KILLS; i++) {
		struct lease_snapshot seen = {};
		int status;

		random_seed((uint64_t)i + 1);
		pid_t parent = getpid(), child = fork();
		assert_true(child >= 0);
		if (child == 0)
			work_for_ever(world->fd, parent);
		usleep(500 + random_below(5000));
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		lease_read(world->reader, &seen);
		expect_sound(&seen);
		met += seen.addresses.count;
		lease_snapshot_clear(&seen);
	}
	assert_true(met > 0);
}

static void stray_writes_do_no_harm(void **state)
{
	struct world *world = *state;
	struct stat status;
	struct lease_snapshot seen = {};

	assert_int_equal(fstat(world->fd, &status), 0);
	size_t size = (size_t)status.st_size;
	uint8_t *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, world->fd, 0);
	assert_ptr_not_equal(bytes, MAP_FAILED);
	for (uint8_t vrid = 1; vrid <= ROUTERS; vrid++) {
		const struct lease_router router = active(vrid, NOW, SECOND);

		put(world, &router);
	}
	random_seed(17);
	/* Into what is used. */
	for (int i = 0; i < STRAYS; i++) {
		/* Behind the word that says what it is. */
		size_t at = sizeof(uint64_t) + random_below(ROUTERS * sizeof(struct lease_cell));
		uint8_t was = bytes[at];

		bytes[at] = (uint8_t)random_below(256);
		lease_read(world->reader, &seen);
		assert_true(seen.torn <= 1);
		assert_int_equal(seen.routers.count, ROUTERS - seen.torn);
		for (size_t n = 0; n < seen.routers.count; n++)
			assert_int_equal(seen.routers.items[n].router.lease.sent, NOW);
		bytes[at] = was;
	}
	/* And into everything. */
	for (size_t at = sizeof(uint64_t); at < size; at++)
		bytes[at] = (uint8_t)random_below(256);
	lease_read(world->reader, &seen);
	assert_int_equal(seen.routers.count + seen.addresses.count, 0);
	assert_int_equal(seen.torn, LEASE_CELLS);
	lease_snapshot_clear(&seen);
	restart(world);
	assert_int_equal(world->left.torn, LEASE_CELLS);
	expect_counts(world, 0, 0, 0);
	assert_int_equal(munmap(bytes, size), 0);
}

static void what_is_no_lease_is_refused(void **state)
{
	struct world *world = *state;
	struct lease *lease = NULL;
	struct lease_snapshot left = {};
	struct stat status;
	uint64_t magic = 1;

	assert_int_equal(fstat(world->fd, &status), 0);
	assert_int_equal(lease_open_reader(-1, &lease), -EBADF);
	/* No memfd; one of another size, sealed; one of the right size that can be made smaller. */
	int file = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_int_equal(lease_open_reader(file, &lease), -EBADMSG);
	close(file);
	for (int right = 0; right < 2; right++) {
		file = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		assert_true(file >= 0);
		assert_int_equal(ftruncate(file, status.st_size - !right), 0);
		assert_int_equal(pread(world->fd, &magic, sizeof(magic), 0), sizeof(magic));
		assert_int_equal(pwrite(file, &magic, sizeof(magic), 0), sizeof(magic));
		if (!right)
			fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
		assert_int_equal(lease_open_reader(file, &lease), -EBADMSG);
		assert_int_equal(lease_open_writer(file, &lease, &left), -EBADMSG);
		close(file);
	}
	/* The memory of another version. */
	magic++;
	assert_int_equal(pwrite(world->fd, &magic, sizeof(magic), 0), sizeof(magic));
	assert_int_equal(lease_open_reader(world->fd, &lease), -EBADMSG);
	assert_null(lease);
}

static void nobody_can_make_it_smaller(void **state)
{
	struct world *world = *state;

	assert_int_equal(ftruncate(world->fd, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(fcntl(world->fd, F_ADD_SEALS, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(fcntl(world->fd, F_GETFD), FD_CLOEXEC);
	/* Without a descriptor it goes on. */
	struct lease_router router = active(1, NOW, SECOND);
	int fd = dup(world->fd);
	close(world->fd);
	put(world, &router);
	expect_counts(world, 1, 0, 0);
	world->fd = fd;
}

static void groups_have_numbers(void **state _unused_)
{
	assert_int_equal(lease_group(NULL), 0);
	assert_int_not_equal(lease_group(""), 0);
	assert_int_not_equal(lease_group("a"), lease_group("b"));
	assert_int_equal(lease_group("edge"), lease_group("edge"));
	assert_int_equal(lease_group("a"), 0xaf63dc4c8601ec8cull); /* FNV-1a */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(new_memory_holds_nothing, make, drop),
		cmocka_unit_test_setup_teardown(what_is_put_is_read, make, drop),
		cmocka_unit_test_setup_teardown(who_comes_next_has_the_cells, make, drop),
		cmocka_unit_test_setup_teardown(cells_come_to_an_end, make, drop),
		cmocka_unit_test_setup_teardown(only_who_is_active_has_a_lease, make, drop),
		cmocka_unit_test_setup_teardown(the_earliest_of_a_group_counts, make, drop),
		cmocka_unit_test_setup_teardown(values_are_bounded, make, drop),
		cmocka_unit_test_setup_teardown(twins_are_not_believed, make, drop),
		cmocka_unit_test_setup_teardown(a_death_at_any_time_leaves_it_sound, make, drop),
		cmocka_unit_test_setup_teardown(stray_writes_do_no_harm, make, drop),
		cmocka_unit_test_setup_teardown(what_is_no_lease_is_refused, make, drop),
		cmocka_unit_test_setup_teardown(nobody_can_make_it_smaller, make, drop),
		cmocka_unit_test(groups_have_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
