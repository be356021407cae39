// SPDX-License-Identifier: GPL-2.0-or-later
/* What a virtual router has in the kernel: its macvlan, that one being up, addresses, routes, rules. As values with a key, and
 * as messages of rtnetlink, both ways. Pure.
 *
 * All of it carries a mark by which every process of poise knows it for its own, also when an earlier one left it: protocol 112
 * (the number of VRRP) for addresses, routes and rules, group 112 for macvlans. Kernels before 5.18 keep no protocol of an
 * address: there address.h must be told. Whose macvlan it is, its alias says ("poise vrrp 51", "poise vrrp6 51"), which nobody needs for
 * anything else; where it has none (yet), its virtual MAC, or, where somebody has given it another, its name.
 *
 * Wanted by wanted.h, carried out by address.h, sent and heard by netlink.h. */
#pragma once

#include <linux/netlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

struct nl_msg;

#define VRRP_OBJECT_MARK 112

enum vrrp_object_kind {
	VRRP_OBJECT_MACVLAN, /* the interface of a virtual MAC; added while down */
	VRRP_OBJECT_UP,      /* an interface that is up; removed: down */
	VRRP_OBJECT_ADDRESS,
	VRRP_OBJECT_ROUTE,
	VRRP_OBJECT_RULE,
	VRRP_OBJECT_COUNT,
};

/* Members that a kind does not name are zero. What is of the key says which object it is, the others how it is: an object
 * with the same key and others is put in the place of the one that is there.
 *
 *	MACVLAN  key: ifindex (of the parent), address.family, vrid; and name, which may be another in the kernel
 *	UP       key: ifindex
 *	ADDRESS  key: ifindex, address, for IPv4 also prefix; and for IPv6 prefix; scope, name (the label, IPv4), bare
 *	ROUTE    key: table, address, prefix, metric; and ifindex, gateway, source, type, scope, on_link
 *	RULE     key: metric (its preference), table, address, prefix (to), source, source_prefix (from), fwmark, name (where
 *		 packets come in by) */
struct vrrp_object {
	enum vrrp_object_kind kind;
	int ifindex;            /* of a route 0: where its gateway is */
	struct address address; /* its family is always there, also of a route to everywhere */
	struct address source, gateway;
	uint32_t table;  /* 0: main */
	uint32_t metric; /* of IPv6 routes 0: the kernel's, 1024 */
	uint8_t prefix, source_prefix;
	uint8_t scope; /* RT_SCOPE_… */
	uint8_t type;  /* RTN_…; 0: unicast */
	uint8_t vrid;
	bool on_link;    /* the gateway is on the interface, whatever its addresses say */
	uint32_t fwmark; /* 0: any */
	int index;       /* of a macvlan that was seen: its own */
	bool aliased;    /* likewise: its alias says whose it is */
	bool bare; /* of an address: no route to its prefix comes with it. For every address of a macvlan, whose parent has that route */
	char name[IFNAMSIZ]; /* "": as the kernel has it */
};

/* One object of which a message tells. */
struct vrrp_object_seen {
	struct vrrp_object object;
	bool present;   /* else it is no more */
	bool marked;    /* as ours */
	uint32_t flags; /* of an address: IFA_F_… */
};

#define VRRP_OBJECT_SEEN_MOST 2

/* Total order of the keys. */
int vrrp_object_compare(const void *a, const void *b);
/* Of two with one key: whether the second is as the first is wanted. */
bool vrrp_object_is(const struct vrrp_object *wanted, const struct vrrp_object *seen);

/* The request that adds it; or that removes it, which is made from what was seen. NULL: no memory. The caller frees it
 * (nlmsg_free()). */
struct nl_msg *vrrp_object_encode(const struct vrrp_object *object, bool add);

/* The request that gives the interface the virtual MAC; likewise. And the one that gives it its alias, which the kernel does not take when
 * it is added. */
struct nl_msg *vrrp_object_encode_mac(int ifindex, uint16_t family, uint8_t vrid);
struct nl_msg *vrrp_object_encode_alias(int ifindex, uint16_t family, uint8_t vrid);

/* What `message`, of which all bytes are there, tells: how many objects. 0: of none that could be ours. */
size_t vrrp_object_decode(
	const struct nlmsghdr *message, struct vrrp_object_seen seen[static VRRP_OBJECT_SEEN_MOST]);

/* Whether `code` (-errno) says that what was asked for is so already. */
bool vrrp_object_code_is_success(const struct vrrp_object *object, bool add, int code);

/* "address 203.0.113.10/24", "route 0.0.0.0/0 table 100", for a person. Returns `text`. */
#define VRRP_OBJECT_TEXT_SIZE 160
const char *vrrp_object_text(
	const struct vrrp_object *object, char text[static VRRP_OBJECT_TEXT_SIZE]);

/* 00:00:5e:00:01:VRID, for IPv6 00:00:5e:00:02:VRID (RFC 9568 §7.3). */
void vrrp_object_mac(uint16_t family, uint8_t vrid, uint8_t mac[static 6]);
