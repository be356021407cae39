// SPDX-License-Identifier: GPL-2.0-or-later
/* What a process that keeps virtual routers leaves behind when it ends, however it ends: for each router whether it was active,
 * when it last advertised and which interval it promised; for each address where it is. In shared memory that outlives it.
 *
 *	supervisor	lease_create() once; lease_open_reader(). The descriptor goes to each process that it starts
 *	process		lease_open_writer(): what the one before left. Then it writes, one process at a time
 *	supervisor	lease_read(), when the process is gone: whose time is over, and what is to be removed
 *
 * Every record is there as a whole, or as it was before (lease_cell.h). So that it says no more than what is true, a writer
 * keeps this order:
 *  - an advertisement is sent, and then put down: a lease is never longer than others think it is;
 *  - an address is put down, and then added to the interface; it is removed, and then let go: none is ever forgotten.
 *
 * The reader trusts nothing that it finds: sizes are its own, the memory cannot shrink under it, every value is bounded, and
 * what does not hold is left out and counted. Times are CLOCK_BOOTTIME, in nanoseconds. */
#pragma once

#include "base/vector.h"
#include "vrrp/keeper.h"

/* Routers and addresses together. */
#define LEASE_CELLS 32768u
#define LEASE_NONE  UINT32_MAX /* no cell */

struct lease_router {
	struct keeper_key key;
	enum vrrp_state state;
	struct vrrp_lease lease; /* its own; sent is 0: none */
	uint64_t group;          /* lease_group(); the same number: active together. 0: alone */
};

struct lease_address {
	struct keeper_key key; /* whose */
	struct address address;
	uint8_t prefix; /* in bits */
	int ifindex;    /* of the interface that has it; may be another than the router's */
};

/* As read: with the cell where it stands. */
struct lease_router_left {
	struct lease_router router; /* one that is not active has no lease */
	/* Of its group: the one that ends first of those that are active. Its own, without a group. */
	struct vrrp_lease shared;
	uint32_t cell;
};

struct lease_address_left {
	struct lease_address address;
	uint32_t cell;
};

/* Starts zeroed. Both in order of their keys, addresses then by interface and address. A router is there once. */
struct lease_snapshot {
	struct {
		VECTOR_OF(struct lease_router_left);
	} routers;
	struct {
		VECTOR_OF(struct lease_address_left);
	} addresses;
	size_t torn; /* records of which nothing is known */
};

void lease_snapshot_clear(struct lease_snapshot *snapshot);
#define _cleanup_lease_snapshot_ _cleanup_(lease_snapshot_clear)

/* NULL: there is none. The addresses of a key are `count` ones from the returned one on. */
const struct lease_router_left *lease_find_router(
	const struct lease_snapshot *snapshot, const struct keeper_key *key);
const struct lease_address_left *lease_find_addresses(
	const struct lease_snapshot *snapshot, const struct keeper_key *key, size_t *count);

/* From when on nobody keeps to it any more; 0: nobody does. One from the future is over: ask vrrp_lease_holds(). */
uint64_t lease_end(const struct vrrp_lease *lease);

/* The number of a group's word; NULL: 0. */
uint64_t lease_group(const char *word);

/* A descriptor of new memory, close-on-exec, whose size is sealed. -errno. */
int lease_create(void);

struct lease;

/* Both leave the descriptor to the caller, who may close it afterwards. -EBADMSG: it is no memory of lease_create() of this
 * version; -errno. */
int lease_open_reader(int fd, struct lease **ret);
/* With what is left in *left, whose cells are the writer's now: to be put anew, or let go. What is torn is let go, and
 * counted in `torn` for the last time. */
int lease_open_writer(int fd, struct lease **ret, struct lease_snapshot *left);
/* What was written stays. NULL is allowed; returns NULL. */
struct lease *lease_close(struct lease *lease);

/* What is there now. Of a writer that writes at the same time: each record by itself is one that it wrote. */
void lease_read(const struct lease *lease, struct lease_snapshot *ret);

/* Of a writer: into *cell, or into a free one that *cell is from now on, when it is LEASE_NONE. Allocates nothing, calls
 * nothing. -ENOSPC: there is no free one. */
int lease_put_router(struct lease *lease, uint32_t *cell, const struct lease_router *router);
int lease_put_address(struct lease *lease, uint32_t *cell, const struct lease_address *address);
/* *cell is free, and becomes LEASE_NONE. Nothing, for LEASE_NONE. */
void lease_let_go(struct lease *lease, uint32_t *cell);

static inline void lease_closep(struct lease **lease)
{
	lease_close(*lease);
}
#define _cleanup_lease_ _cleanup_(lease_closep)
