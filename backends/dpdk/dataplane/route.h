// SPDX-License-Identifier: GPL-2.0-or-later
/* Routes: the next hop of an address, by its longest prefix.
 *
 * Main makes an image of all routes aside (rte_lpm, rte_lpm6) and publishes it by one store; the one
 * before is freed after a grace period. What main asks for stays: gateways and the destinations of slots are
 * pinned in the neighbours' cache. What workers keep of a lookup is void when next_hop_version()
 * moves on.
 *
 * An address is reached through a gateway, or on the link of a port, or is this machine's own, or
 * nowhere. On a link every address is a next hop of its own; one that has no entry yet is given as
 * next_hop_unknown(). */
#pragma once

#include <rte_lpm.h>
#include <rte_lpm6.h>
#include <rte_rcu_qsbr.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>

#include "backends/dpdk/dataplane/neighbour_cache.h"
#include "backends/dpdk/dataplane/next_hop.h"
#include "backends/dpdk/dataplane/settings.h"
#include "backends/dpdk/dataplane/slot.h"
#include "base/address.h"
#include "base/error.h"
#include "base/vector.h"

/* Of one table, at most. */
#define ROUTE_MOST           100000u
#define ROUTE_ADDRESSES_MOST 1024u

/* What stands in the tables, beside indices of next hops (below NEXT_HOP_MOST). */
#define ROUTE_ON_LINK NEXT_HOP_MOST                    /* + the port */
#define ROUTE_NOWHERE (NEXT_HOP_MOST + NEXT_HOP_PORTS) /* nobody may be sent to there */

/* An address of a port, with the prefix that is on its link. */
struct route_address {
	struct address address;
	uint8_t length, port;
};

struct route {
	struct address prefix;
	uint8_t length;
	uint8_t port;
	struct address via; /* AF_UNSPEC: the prefix is on the link */
};

struct route_plan {
	struct {
		VECTOR_OF(struct route_address);
	} addresses;
	struct {
		VECTOR_OF(struct route);
	} routes;
};

/* Immutable. */
struct route_image {
	struct rte_lpm *ipv4;  /* NULL: no route of this family but perhaps the default */
	struct rte_lpm6 *ipv6; /* the same */
	uint32_t default_ipv4, default_ipv6;
	struct {
		VECTOR_OF(uint32_t);
	} gateways; /* pinned */
	struct {
		VECTOR_OF(struct route_address);
	} addresses; /* of ports, in the list's order */
};

struct route_table {
	_Atomic(struct route_image *) image; /* never NULL */
	const struct next_hop_table *hops;
	/* Of main. */
	struct neighbour_cache *neighbours;
	struct rte_rcu_qsbr *rcu;
	struct route_image *old; /* waits for `grace`; or NULL */
	uint64_t grace;
};

/* What the tables say of an address: an index, ROUTE_ON_LINK + port, or ROUTE_NOWHERE. */
static inline uint32_t route_look_up(
	const struct route_table *table, uint8_t family, const uint8_t address[static 16])
{
	const struct route_image *image = atomic_load_explicit(&table->image, memory_order_acquire);
	uint32_t value;

	if (family == AF_INET) {
		uint32_t host = (uint32_t)address[0] << 24 | (uint32_t)address[1] << 16 |
				(uint32_t)address[2] << 8 | address[3];

		if (image->ipv4 && rte_lpm_lookup(image->ipv4, host, &value) == 0)
			return value;
		return image->default_ipv4;
	}
	if (image->ipv6 && rte_lpm6_lookup(image->ipv6, address, &value) == 0)
		return value;
	return image->default_ipv6;
}

/* For workers, and the attendant, which all report to the RCU.
 *
 * The next hop of an address (16 bytes, padded with zeros): next_hop_local() of a port for this
 * machine's own, NEXT_HOP_NONE for one that is nowhere. Good until the next quiescent
 * state, or as long as next_hop_version(), read before, is the same; next_hop_unknown() is not worth keeping. */
static inline uint32_t route_find(
	const struct route_table *table, uint8_t family, const uint8_t address[static 16])
{
	uint32_t value = route_look_up(table, family, address), index;

	if (value < ROUTE_ON_LINK)
		return value;
	if (value >= ROUTE_NOWHERE)
		return NEXT_HOP_NONE;
	index = next_hop_find(table->hops, (uint8_t)(value - ROUTE_ON_LINK), family, address);
	return index == NEXT_HOP_NONE ? next_hop_unknown((uint8_t)(value - ROUTE_ON_LINK)) : index;
}

/* Whether this address is one of this port's own. */
bool route_is_own(const struct route_table *table, uint8_t port, const struct address *address);

/* The address to speak from to `peer` on a port: the one on whose link the peer is, else another of the
 * port, else one of another port; of the peer's family. False: there is none. */
bool route_source(const struct route_table *table, uint8_t port, const struct address *peer,
	struct address *ret);

/* The rest is main's. */

/* Without any route. The two tables and the RCU must outlive it. */
void route_table_init(
	struct route_table *table, struct neighbour_cache *neighbours, struct rte_rcu_qsbr *rcu);
/* No worker may look any more; slots keep what they have. */
void route_table_clear(struct route_table *table);

/* These and no others from now on. Duplicates, gateways that are on no link and prefixes with bits behind their
 * length are refused: -EINVAL with words; -ENOMEM; -EBUSY while a worker may still look at those before the
 * last; nothing has changed then. */
int route_table_set(struct route_table *table, const struct route_plan *list, struct error *error);

/* Frees what was replaced, if its time has come. Whether something is left to do. */
bool route_table_turn(struct route_table *table);

/* Gives a slot, or all that are not free, the next hop of its address, and a tunnel the address that it
 * begins at. Before slot_free() of one it must be detached. */
void route_attach(struct route_table *table, struct slot_table *slots, uint32_t slot);
void route_attach_all(struct route_table *table, struct slot_table *slots);
void route_detach(struct route_table *table, struct slot_table *slots, uint32_t slot);

/* What settings say, added to an empty list. -EINVAL with words: a route that goes by no port. */
int route_plan_from_settings(
	struct route_plan *list, const struct dataplane_settings *settings, struct error *error);
void route_clear_list(struct route_plan *list);
