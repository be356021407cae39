// SPDX-License-Identifier: GPL-2.0-or-later
/* Virtual MACs.
 *
 * The macvlan is in bridge mode, so its parent goes on hearing peers that send from the same virtual MAC. It must receive what
 * is sent to the virtual addresses, answer for these and nothing else, and otherwise be invisible. Of its own sysctls, which go
 * with it:
 *
 *	rp_filter 2		what comes in here goes out by the parent, where the routes are: strict filtering (1) would drop it. The
 *				kernel takes the larger of this and `all`, so 0 would not help where `all` is 1, and 2 does
 *	arp_ignore 1		it answers for its own addresses only, not for the parent's, nor for any other of the machine. 8 for IPv6:
 *				it has no IPv4 address, and must not answer for those of the other macvlan
 *	arp_filter 0		it answers although the way to who asks is by the parent
 *	promote_secondaries 1	one virtual address that goes takes no others along
 *	addr_gen_mode 1		(none) no link-local address is made of the virtual MAC: every router of the group has that MAC
 *	accept_ra 0, autoconf 0	no addresses by router advertisements either
 *	accept_dad 0, dad_transmits 0, router_solicitations 0	it says nothing when it comes up
 *	disable_ipv6		1 for IPv4, so that it says nothing of IPv6 at all; 0 for IPv6
 *
 * Of the parent's, for IPv4, lent (IPv6 answers and asks by the address of the interface anyhow):
 *
 *	arp_ignore 1		it does not answer for the virtual addresses with its own MAC
 *	arp_announce 2		what is sent from a virtual address goes out by it, and asks for its next hop with an address of the parent:
 *				else each such question would teach everybody the parent's MAC for the virtual address. 1 is not enough,
 *				for a virtual address is of the parent's prefix */
#include "vrrp/macvlan.h"

#include <assert.h>
#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/memory.h"
#include "vrrp/link.h"

#define MACVLAN_NUMBER (UINT64_C(1) << 63)

struct macvlan {
	uint64_t router;
	struct vrrp_object object;
	int ifindex;                         /* 0: not there yet */
	char lent[2][VRRP_SYSCTL_NAME_SIZE]; /* of the parent; "": none */
};

struct vrrp_macvlans {
	struct vrrp_netlink *netlink;
	struct vrrp_links *links;
	struct vrrp_addresses *addresses;
	struct vrrp_errands *errands;
	struct vrrp_macvlans_options options;
	struct vrrp_netlink_listener listener;
	void *by_router, *by_key, *by_name; /* tsearch(3) */
};

struct macvlan_sysctl {
	const char *family, *key;
	int value;
	uint16_t of; /* the family of the routers for whose macvlan it is */
};

/* In this order. */
static const struct macvlan_sysctl macvlan_own[] = {
	{"ipv6", "disable_ipv6", 1, AF_INET},
	{"ipv4", "rp_filter", 2, AF_INET},
	{"ipv4", "arp_ignore", 1, AF_INET},
	{"ipv4", "arp_filter", 0, AF_INET},
	{"ipv4", "promote_secondaries", 1, AF_INET},
	{"ipv4", "arp_ignore", 8, AF_INET6},
	{"ipv6", "addr_gen_mode", 1, AF_INET6},
	{"ipv6", "accept_ra", 0, AF_INET6},
	{"ipv6", "autoconf", 0, AF_INET6},
	{"ipv6", "accept_dad", 0, AF_INET6},
	{"ipv6", "dad_transmits", 0, AF_INET6},
	{"ipv6", "router_solicitations", 0, AF_INET6},
	{"ipv6", "disable_ipv6", 0, AF_INET6},
};
static_assert(ARRAY_LENGTH(macvlan_own) <= VRRP_ERRAND_SYSCTLS_MOST, "goes in one errand");

/* As many as a macvlan has room for. */
static const struct macvlan_sysctl macvlan_of_parent[] = {
	{"ipv4", "arp_ignore", 1, AF_INET},
	{"ipv4", "arp_announce", 2, AF_INET},
};

static int macvlan_compare_routers(const void *a, const void *b)
{
	const struct macvlan *left = a, *right = b;

	return COMPARE(left->router, right->router);
}

static int macvlan_compare_keys(const void *a, const void *b)
{
	const struct macvlan *left = a, *right = b;

	return vrrp_object_compare(&left->object, &right->object);
}

static int macvlan_compare_names(const void *a, const void *b)
{
	const struct macvlan *left = a, *right = b;

	return strcmp(left->object.name, right->object.name);
}

static struct macvlan *macvlan_of_router(const struct vrrp_macvlans *macvlans, uint64_t router)
{
	struct macvlan key = {.router = router};
	struct macvlan **found = tfind(&key, &macvlans->by_router, macvlan_compare_routers);

	return found ? *found : NULL;
}

static struct macvlan *macvlan_of_object(
	const struct vrrp_macvlans *macvlans, const struct vrrp_object *object)
{
	struct macvlan key = {.object = *object};
	struct macvlan **found = tfind(&key, &macvlans->by_key, macvlan_compare_keys);

	return found ? *found : NULL;
}

uint64_t vrrp_macvlans_number(uint64_t router)
{
	return router | MACVLAN_NUMBER;
}

uint64_t vrrp_macvlans_router(uint64_t number)
{
	return number & ~MACVLAN_NUMBER;
}

bool vrrp_macvlans_is_number(uint64_t number)
{
	return number & MACVLAN_NUMBER;
}

/* Before whatever is asked of it next. */
static void macvlan_set_own(
	struct vrrp_macvlans *macvlans, const struct macvlan *macvlan, const char *name)
{
	struct vrrp_errand_sysctl sysctls[ARRAY_LENGTH(macvlan_own)];
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(macvlan_own); i++) {
		const struct macvlan_sysctl *sysctl = &macvlan_own[i];

		sysctls[count].value = sysctl->value;
		if (sysctl->of == macvlan->object.address.family &&
			vrrp_sysctl_name(sysctls[count].name, sysctl->family, name, sysctl->key) ==
				0)
			count++;
	}
	vrrp_errands_write(macvlans->errands, sysctls, count);
}

static void macvlan_came(
	struct vrrp_macvlans *macvlans, struct macvlan *macvlan, const struct vrrp_object *seen)
{
	if (macvlan->ifindex == seen->index)
		return;
	macvlan->ifindex = seen->index;
	macvlan_set_own(macvlans, macvlan, seen->name);
	if (!seen->aliased)
		vrrp_errands_alias(
			macvlans->errands, seen->index, seen->address.family, seen->vrid);
	macvlans->options.ready(macvlans->options.data, macvlan->router, seen->index);
}

static void macvlans_message(void *data, const struct nlmsghdr *message)
{
	struct vrrp_macvlans *macvlans = data;
	struct vrrp_object_seen seen[VRRP_OBJECT_SEEN_MOST];

	if (!vrrp_object_decode(message, seen) || seen->object.kind != VRRP_OBJECT_MACVLAN)
		return;
	struct macvlan *macvlan = macvlan_of_object(macvlans, &seen->object);
	if (!macvlan)
		return;
	if (seen->present)
		macvlan_came(macvlans, macvlan, &seen->object);
	else if (macvlan->ifindex == seen->object.index)
		macvlan->ifindex = 0;
}

struct vrrp_macvlans *vrrp_macvlans_new(struct vrrp_netlink *netlink, struct vrrp_links *links,
	struct vrrp_addresses *addresses, struct vrrp_errands *errands,
	const struct vrrp_macvlans_options *options)
{
	struct vrrp_macvlans *macvlans = memory_new(sizeof(*macvlans));

	macvlans->netlink = netlink;
	macvlans->links = links;
	macvlans->addresses = addresses;
	macvlans->errands = errands;
	macvlans->options = *options;
	macvlans->listener =
		(struct vrrp_netlink_listener){.message = macvlans_message, .data = macvlans};
	vrrp_netlink_listen(netlink, &macvlans->listener);
	return macvlans;
}

struct vrrp_macvlans *vrrp_macvlans_free(struct vrrp_macvlans *macvlans)
{
	if (!macvlans)
		return NULL;
	tdestroy(macvlans->by_name, memory_keep);
	tdestroy(macvlans->by_key, memory_keep);
	tdestroy(macvlans->by_router, free);
	free(macvlans);
	return NULL;
}

/* 1: free; 0: it is this very one; -EEXIST. */
static int macvlan_has_name(const struct vrrp_macvlans *macvlans, const struct macvlan *macvlan)
{
	const struct vrrp_link *link = vrrp_links_by_name(macvlans->links, macvlan->object.name);
	const struct vrrp_object *there =
		vrrp_addresses_seen(macvlans->addresses, &macvlan->object);

	if (tfind(macvlan, &macvlans->by_name, macvlan_compare_names))
		return -EEXIST;
	if (!link)
		return 1;
	return there && there->index == link->ifindex ? 0 : -EEXIST;
}

static int macvlan_choose_name(const struct vrrp_macvlans *macvlans, struct macvlan *macvlan)
{
	struct vrrp_object *object = &macvlan->object;
	const char *prefix = object->address.family == AF_INET6 ? "vrrp6" : "vrrp";

	snprintf(object->name, sizeof(object->name), "%s.%u", prefix, object->vrid);
	if (macvlan_has_name(macvlans, macvlan) >= 0)
		return 0;
	int length = snprintf(object->name, sizeof(object->name), "%s.%u.%d", prefix, object->vrid,
		object->ifindex);
	if (length >= (int)sizeof(object->name))
		return -ENAMETOOLONG;
	return macvlan_has_name(macvlans, macvlan) >= 0 ? 0 : -EEXIST;
}

static void macvlan_hold(
	struct vrrp_macvlans *macvlans, struct macvlan *macvlan, const char *parent)
{
	for (size_t i = 0; i < ARRAY_LENGTH(macvlan_of_parent); i++) {
		const struct macvlan_sysctl *sysctl = &macvlan_of_parent[i];

		if (sysctl->of != macvlan->object.address.family ||
			vrrp_sysctl_name(macvlan->lent[i], sysctl->family, parent, sysctl->key) < 0)
			continue;
		vrrp_errands_hold(macvlans->errands, vrrp_macvlans_number(macvlan->router),
			macvlan->lent[i], VRRP_SYSCTL_AT_LEAST, sysctl->value);
	}
}

static void macvlan_release(struct vrrp_macvlans *macvlans, struct macvlan *macvlan)
{
	for (size_t i = 0; i < ARRAY_LENGTH(macvlan->lent); i++)
		if (macvlan->lent[i][0])
			vrrp_errands_release(macvlans->errands, macvlan->lent[i]);
}

static void macvlan_remember(struct vrrp_macvlans *macvlans, struct macvlan *macvlan)
{
	if (!tsearch(macvlan, &macvlans->by_router, macvlan_compare_routers) ||
		!tsearch(macvlan, &macvlans->by_key, macvlan_compare_keys) ||
		!tsearch(macvlan, &macvlans->by_name, macvlan_compare_names))
		abort();
}

static void macvlan_forget(struct vrrp_macvlans *macvlans, struct macvlan *macvlan)
{
	tdelete(macvlan, &macvlans->by_router, macvlan_compare_routers);
	tdelete(macvlan, &macvlans->by_key, macvlan_compare_keys);
	tdelete(macvlan, &macvlans->by_name, macvlan_compare_names);
	macvlan_release(macvlans, macvlan);
	free(macvlan);
}

int vrrp_macvlans_want(struct vrrp_macvlans *macvlans, uint64_t router, int parent, uint16_t family,
	uint8_t vrid, struct error *error)
{
	const struct vrrp_link *link = vrrp_links_by_index(macvlans->links, parent);
	struct macvlan macvlan = {.router = router,
		.object = {.kind = VRRP_OBJECT_MACVLAN,
			.ifindex = parent,
			.address.family = family,
			.vrid = vrid}};
	struct macvlan *before = macvlan_of_router(macvlans, router);

	if (!link)
		return error_set(error, -ENODEV, "there is no interface %d", parent);
	if (before && macvlan_compare_keys(before, &macvlan) == 0 && before->ifindex)
		return 0;
	if (before)
		macvlan_forget(macvlans, before);
	if (macvlan_of_object(macvlans, &macvlan.object))
		return error_set(error, -EEXIST, "VRID %u is on %s twice", vrid, link->name);
	int r = macvlan_choose_name(macvlans, &macvlan);
	if (r < 0)
		return error_set(error, r,
			"there is no name left for the virtual MAC of VRID %u on %s", vrid,
			link->name);
	struct macvlan *made = memory_new(sizeof(*made));
	*made = macvlan;
	macvlan_remember(macvlans, made);
	macvlan_hold(macvlans, made, link->name);
	vrrp_addresses_set(macvlans->addresses, vrrp_macvlans_number(router), &made->object, 1);
	const struct vrrp_object *there = vrrp_addresses_seen(macvlans->addresses, &made->object);
	if (there)
		macvlan_came(macvlans, made, there);
	return 0;
}

void vrrp_macvlans_drop(struct vrrp_macvlans *macvlans, uint64_t router)
{
	struct macvlan *macvlan = macvlan_of_router(macvlans, router);

	if (!macvlan)
		return;
	macvlan_forget(macvlans, macvlan);
	vrrp_addresses_set(macvlans->addresses, vrrp_macvlans_number(router), NULL, 0);
}

int vrrp_macvlans_index(const struct vrrp_macvlans *macvlans, uint64_t router)
{
	const struct macvlan *macvlan = macvlan_of_router(macvlans, router);

	return macvlan ? macvlan->ifindex : 0;
}
