// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether routes are there that somebody asks for by prefix and table: what the kernel's messages say of them. Pure;
 * route_watch.h has the sockets.
 *
 * What counts is a route of others that leads somewhere: not those of a virtual router of poise (which only the active one has), nor
 * blackhole, unreachable, prohibit and throw, which say that there is no way.
 *
 * That a route has come is known from its message. That one has gone is not: several may have the prefix (other metrics, other
 * next hops), and with an interface the kernel removes IPv4 routes without a word, and IPv6 ones where it is told to. So a table that
 * is in doubt is read. */
#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/vector.h"

/* Of a route. Bits of the address past the prefix are zero. */
struct vrrp_route_key {
	struct address to;
	uint32_t table;
	uint8_t prefix;
};

enum vrrp_route_state {
	VRRP_ROUTE_UNKNOWN,
	VRRP_ROUTE_THERE,
	VRRP_ROUTE_GONE,
};

struct route_list_item {
	struct vrrp_route_key key;
	enum vrrp_route_state state;
	bool seen; /* in the reading that is under way, or since it began */
};

/* A table of one family: what is read at once. */
struct route_list_table {
	uint16_t family;
	uint32_t table;
	size_t first, end; /* in items */
	bool doubted;      /* it is to be read, or read again */
};

/* Starts zeroed. Both sorted. */
struct route_list {
	struct {
		VECTOR_OF(struct route_list_item);
	} items;
	struct {
		VECTOR_OF(struct route_list_table);
	} tables;
};

/* Total order: by family, table, then the rest. */
int vrrp_route_compare(const struct vrrp_route_key *a, const struct vrrp_route_key *b);

/* These are asked for, in any order, also twice. What is known stays; tables that have a new one are in doubt. */
void route_list_set(struct route_list *list, const struct vrrp_route_key *keys, size_t count);
void route_list_clear(struct route_list *list);

/* VRRP_ROUTE_UNKNOWN also for one that nobody has asked for. */
enum vrrp_route_state route_list_state(
	const struct route_list *list, const struct vrrp_route_key *key);

/* A message of which all bytes are there: of a reading, or as things happen. Whether a state is another now. O(log n) for a
 * route, and no memory. */
bool route_list_hear(struct route_list *list, const struct nlmsghdr *message, bool reading);

/* All that is known may be wrong: messages were lost. */
void route_list_doubt_all(struct route_list *list);

/* The first one from the place `from` on, and then from the beginning. NULL: nothing is in doubt. */
struct route_list_table *route_list_doubted(struct route_list *list, size_t from);
/* It is read from now on. */
void route_list_begin(struct route_list *list, struct route_list_table *table);
/* It was read to its end: whether a state is another now. In doubt again meanwhile: nothing is known to be gone. */
bool route_list_end(struct route_list *list, struct route_list_table *table);
