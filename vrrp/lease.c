// SPDX-License-Identifier: GPL-2.0-or-later
/* The memory is a word that says what it is, and an array of cells; a cell holds one record, of a router or of an address, or
 * nothing. A record says by itself whose it is, so that no record depends on another one that was torn, and a router may have
 * any number of addresses.
 *
 * It is a memfd with its size sealed: whoever has the descriptor can write what he likes, but nobody can make it smaller, by
 * which a reader would die of SIGBUS. Its pages are there from the beginning, for the same reason and because a writer that
 * runs in real time must not wait for one.
 *
 * The writer keeps in its own memory which cells are free; whether a cell that it has is well is of no interest to it. A
 * key that stands there twice is no writer's doing: then neither is believed. */
#include "vrrp/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/macros.h"
#include "vrrp/lease_cell.h"
#include "vrrp/packet.h"

/* "poise" and a version, which is another for another meaning of the bytes below. */
#define LEASE_MAGIC 0x706f697365000001ull
#define LEASE_SEALS (F_SEAL_SHRINK | F_SEAL_GROW)
/* Version 2 has longer intervals than version 3. */
#define LEASE_INTERVAL_MAX_NS (VRRP_INTERVAL_MOST_2 * VRRP_INTERVAL_MIN_NS)
/* Of the hash FNV-1a. */
#define LEASE_FNV_BASIS 0xcbf29ce484222325ull
#define LEASE_FNV_PRIME 0x100000001b3ull

struct lease_memory {
	uint64_t magic;
	struct lease_cell cells[LEASE_CELLS];
};

enum lease_kind {
	LEASE_KIND_FREE,
	LEASE_KIND_ROUTER,
	LEASE_KIND_ADDRESS,
};

/* As it stands in a cell, its unused bytes zero. */
struct lease_record {
	uint8_t kind, vrid;
	uint8_t state;  /* of a router */
	uint8_t prefix; /* of an address */
	uint16_t family;
	uint16_t unused;
	char interface[KEEPER_INTERFACE_SIZE];
	union {
		struct {
			uint64_t sent, interval, group;
		} router;
		struct {
			uint8_t bytes[16];
			int32_t ifindex;
		} address;
	};
};

_Static_assert(sizeof(struct lease_record) == LEASE_CELL_WORDS * sizeof(uint64_t), "a cell's size");

struct lease {
	struct lease_memory *memory;
	/* Of a writer: the free ones; the next to be used is the last. */
	uint32_t *free;
	size_t free_count;
};

/* --- records --- */

static void lease_write(struct lease *lease, uint32_t cell, const struct lease_record *record)
{
	uint64_t words[LEASE_CELL_WORDS];

	memcpy(words, record, sizeof(words));
	lease_cell_write(&lease->memory->cells[cell], cell, words);
}

static int lease_fetch(const struct lease *lease, uint32_t cell, struct lease_record *ret)
{
	uint64_t words[LEASE_CELL_WORDS];
	int r = lease_cell_read(&lease->memory->cells[cell], cell, words);

	memcpy(ret, words, sizeof(*ret));
	return r;
}

static struct lease_record lease_record_of(enum lease_kind kind, const struct keeper_key *key)
{
	struct lease_record record;

	memset(&record, 0, sizeof(record));
	record.kind = (uint8_t)kind;
	record.family = key->family;
	record.vrid = key->vrid;
	strncpy(record.interface, key->interface, sizeof(record.interface));
	return record;
}

/* As the kernel wants names to be. */
static bool lease_name_holds(const char name[static KEEPER_INTERFACE_SIZE])
{
	size_t length = strnlen(name, KEEPER_INTERFACE_SIZE);

	if (length == 0 || length == KEEPER_INTERFACE_SIZE)
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)name[i] <= ' ' || name[i] == 0x7f || name[i] == '/')
			return false;
	return true;
}

static bool lease_take_key(const struct lease_record *record, struct keeper_key *ret)
{
	if (!lease_name_holds(record->interface) || !address_size(record->family) ||
		record->vrid == 0)
		return false;
	*ret = (struct keeper_key){.family = record->family, .vrid = record->vrid};
	memcpy(ret->interface, record->interface, sizeof(ret->interface));
	return true;
}

static bool lease_take_router(const struct lease_record *record, struct lease_router *ret)
{
	uint64_t sent = record->router.sent, interval = record->router.interval;

	if (!lease_take_key(record, &ret->key) || record->state >= VRRP_STATE_COUNT)
		return false;
	ret->state = (enum vrrp_state)record->state;
	ret->group = record->router.group;
	ret->lease = (struct vrrp_lease){};
	if (ret->state != VRRP_STATE_ACTIVE || !sent)
		return true;
	/* So that its end can be computed. */
	if (sent > INT64_MAX || interval < VRRP_INTERVAL_MIN_NS || interval > LEASE_INTERVAL_MAX_NS)
		return false;
	ret->lease = (struct vrrp_lease){sent, interval};
	return true;
}

static bool lease_take_address(const struct lease_record *record, struct lease_address *ret)
{
	if (!lease_take_key(record, &ret->key) || record->prefix > address_bits(record->family) ||
		record->address.ifindex <= 0)
		return false;
	ret->address = address_from_bytes(record->family, record->address.bytes);
	ret->prefix = record->prefix;
	ret->ifindex = record->address.ifindex;
	return !address_is_unspecified(&ret->address) && !address_is_multicast(&ret->address);
}

/* --- reading --- */

static int lease_router_compare(const void *a, const void *b)
{
	const struct lease_router_left *left = a, *right = b;

	return keeper_key_compare(&left->router.key, &right->router.key);
}

static int lease_group_compare(const void *a, const void *b)
{
	const struct lease_router_left *left = a, *right = b;

	return COMPARE(left->router.group, right->router.group);
}

static int lease_address_compare(const void *a, const void *b)
{
	const struct lease_address *left = &((const struct lease_address_left *)a)->address;
	const struct lease_address *right = &((const struct lease_address_left *)b)->address;
	int order = keeper_key_compare(&left->key, &right->key);

	if (order == 0)
		order = COMPARE(left->ifindex, right->ifindex);
	return order ? order : address_compare(&left->address, &right->address);
}

static bool lease_take(
	const struct lease_record *record, uint32_t cell, struct lease_snapshot *snapshot)
{
	struct lease_router_left router = {.cell = cell};
	struct lease_address_left address = {.cell = cell};

	switch (record->kind) {
	case LEASE_KIND_FREE:
		return true;
	case LEASE_KIND_ROUTER:
		if (!lease_take_router(record, &router.router))
			return false;
		router.shared = router.router.lease;
		vector_push(&snapshot->routers, router);
		return true;
	case LEASE_KIND_ADDRESS:
		if (!lease_take_address(record, &address.address))
			return false;
		vector_push(&snapshot->addresses, address);
		return true;
	default:
		return false;
	}
}

/* Routers of one key are torn, all of them. They are in order. */
static void lease_drop_twins(struct lease_snapshot *snapshot)
{
	struct lease_router_left *items = snapshot->routers.items;
	size_t count = snapshot->routers.count, kept = 0;

	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && !lease_router_compare(items + i, items + end);)
			end++;
		if (end == i + 1)
			items[kept++] = items[i];
		else
			snapshot->torn += end - i;
	}
	snapshot->routers.count = kept;
}

/* Those of a group that are active have the lease that ends first. */
static void lease_share_one(struct lease_router_left *from, struct lease_router_left *to)
{
	const struct vrrp_lease *first = NULL;

	for (const struct lease_router_left *left = from; left < to; left++)
		if (left->router.state == VRRP_STATE_ACTIVE &&
			(!first || lease_end(&left->router.lease) < lease_end(first)))
			first = &left->router.lease;
	for (struct lease_router_left *left = from; left < to; left++)
		if (left->router.state == VRRP_STATE_ACTIVE)
			left->shared = *first;
}

static void lease_share(struct lease_snapshot *snapshot)
{
	struct lease_router_left *items = snapshot->routers.items;
	size_t count = snapshot->routers.count;

	vector_sort(&snapshot->routers, lease_group_compare);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && items[i].router.group &&
				  items[end].router.group == items[i].router.group;)
			end++;
		lease_share_one(items + i, items + end);
	}
}

void lease_read(const struct lease *lease, struct lease_snapshot *ret)
{
	struct lease_record record;

	lease_snapshot_clear(ret);
	for (uint32_t i = 0; i < LEASE_CELLS; i++)
		if (lease_fetch(lease, i, &record) < 0 || !lease_take(&record, i, ret))
			ret->torn++;
	vector_sort(&ret->routers, lease_router_compare);
	lease_drop_twins(ret);
	lease_share(ret);
	vector_sort(&ret->routers, lease_router_compare);
	vector_sort(&ret->addresses, lease_address_compare);
}

void lease_snapshot_clear(struct lease_snapshot *snapshot)
{
	vector_clear(&snapshot->routers);
	vector_clear(&snapshot->addresses);
	snapshot->torn = 0;
}

static int lease_find_compare(const void *key, const void *item)
{
	return keeper_key_compare(key, &((const struct lease_router_left *)item)->router.key);
}

static int lease_find_address_compare(const void *key, const void *item)
{
	return keeper_key_compare(key, &((const struct lease_address_left *)item)->address.key);
}

const struct lease_router_left *lease_find_router(
	const struct lease_snapshot *snapshot, const struct keeper_key *key)
{
	return vector_find(&snapshot->routers, key, lease_find_compare);
}

const struct lease_address_left *lease_find_addresses(
	const struct lease_snapshot *snapshot, const struct keeper_key *key, size_t *count)
{
	const struct lease_address_left *items = snapshot->addresses.items;
	size_t end = vector_after(&snapshot->addresses, key, lease_find_address_compare);
	size_t from = end;

	while (from > 0 && !keeper_key_compare(key, &items[from - 1].address.key))
		from--;
	*count = end - from;
	return *count ? items + from : NULL;
}

uint64_t lease_end(const struct vrrp_lease *lease)
{
	return lease->sent ? lease->sent + 2 * lease->interval : 0;
}

uint64_t lease_group(const char *word)
{
	uint64_t sum = LEASE_FNV_BASIS;

	if (!word)
		return 0;
	for (; *word; word++)
		sum = (sum ^ (uint8_t)*word) * LEASE_FNV_PRIME;
	return sum ? sum : 1;
}

/* --- the memory --- */

static int lease_prepare(int fd)
{
	static const uint64_t magic = LEASE_MAGIC;
	int r = posix_fallocate(fd, 0, sizeof(struct lease_memory));

	if (r != 0)
		return -r;
	if (pwrite(fd, &magic, sizeof(magic), 0) != sizeof(magic))
		return -errno;
	return fcntl(fd, F_ADD_SEALS, LEASE_SEALS | F_SEAL_SEAL) < 0 ? -errno : 0;
}

int lease_create(void)
{
	int fd = memfd_create("poise-vrrp", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	int r = lease_prepare(fd);
	if (r < 0)
		close(fd);
	return r < 0 ? r : fd;
}

static int lease_open(int fd, int protection, struct lease **ret)
{
	_cleanup_lease_ struct lease *lease = memory_new(sizeof(*lease));
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (seals < 0 || (seals & LEASE_SEALS) != LEASE_SEALS ||
		status.st_size != (off_t)sizeof(struct lease_memory))
		return -EBADMSG;
	void *memory = mmap(
		NULL, sizeof(struct lease_memory), protection, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	lease->memory = memory;
	if (__atomic_load_n(&lease->memory->magic, __ATOMIC_RELAXED) != LEASE_MAGIC)
		return -EBADMSG;
	*ret = STEAL(lease);
	return 0;
}

int lease_open_reader(int fd, struct lease **ret)
{
	return lease_open(fd, PROT_READ, ret);
}

/* What nobody has is free, and says so. The lowest cell is used first. */
static void lease_find_free(struct lease *lease, const struct lease_snapshot *left)
{
	static const struct lease_record nothing;
	_cleanup_free_ bool *used = memory_new(LEASE_CELLS * sizeof(*used));

	vector_foreach(&left->routers, router)
		used[router->cell] = true;
	vector_foreach(&left->addresses, address)
		used[address->cell] = true;
	lease->free = memory_resize(NULL, LEASE_CELLS, sizeof(*lease->free));
	for (uint32_t i = LEASE_CELLS; i-- > 0;) {
		struct lease_record record;

		if (used[i])
			continue;
		if (lease_fetch(lease, i, &record) < 0 || record.kind != LEASE_KIND_FREE)
			lease_write(lease, i, &nothing);
		lease->free[lease->free_count++] = i;
	}
}

int lease_open_writer(int fd, struct lease **ret, struct lease_snapshot *left)
{
	int r = lease_open(fd, PROT_READ | PROT_WRITE, ret);

	if (r < 0)
		return r;
	lease_read(*ret, left);
	lease_find_free(*ret, left);
	return 0;
}

struct lease *lease_close(struct lease *lease)
{
	if (!lease)
		return NULL;
	if (lease->memory)
		munmap(lease->memory, sizeof(*lease->memory));
	free(lease->free);
	free(lease);
	return NULL;
}

/* --- writing --- */

static int lease_put(struct lease *lease, uint32_t *cell, const struct lease_record *record)
{
	if (*cell == LEASE_NONE) {
		if (lease->free_count == 0)
			return -ENOSPC;
		*cell = lease->free[--lease->free_count];
	}
	lease_write(lease, *cell, record);
	return 0;
}

int lease_put_router(struct lease *lease, uint32_t *cell, const struct lease_router *router)
{
	struct lease_record record = lease_record_of(LEASE_KIND_ROUTER, &router->key);

	record.state = (uint8_t)router->state;
	record.router.sent = router->lease.sent;
	record.router.interval = router->lease.interval;
	record.router.group = router->group;
	return lease_put(lease, cell, &record);
}

int lease_put_address(struct lease *lease, uint32_t *cell, const struct lease_address *address)
{
	struct lease_record record = lease_record_of(LEASE_KIND_ADDRESS, &address->key);

	record.prefix = address->prefix;
	record.address.ifindex = address->ifindex;
	memcpy(record.address.bytes, address->address.bytes, sizeof(record.address.bytes));
	return lease_put(lease, cell, &record);
}

void lease_let_go(struct lease *lease, uint32_t *cell)
{
	static const struct lease_record nothing;

	if (*cell == LEASE_NONE)
		return;
	lease_write(lease, *cell, &nothing);
	lease->free[lease->free_count++] = *cell;
	*cell = LEASE_NONE;
}
