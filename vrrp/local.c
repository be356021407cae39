// SPDX-License-Identifier: GPL-2.0-or-later
/* The machine's addresses, by address and interface.
 *
 * One may be on several interfaces, and is there until the last of them has lost it. To bind a socket to it would ask the same
 * question, but the answer is worth nothing where net.ipv4.ip_nonlocal_bind is set, as it often is beside virtual addresses.
 *
 * What is lost while events were dropped is found by the reading that follows: whatever that one does not show is no more. */
#include "vrrp/local.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <search.h>
#include <sys/queue.h>

#include "base/macros.h"
#include "base/memory.h"
#include "vrrp/object.h"

struct local {
	struct address address;
	int ifindex;
	uint64_t look;
	TAILQ_ENTRY(local) all;
};

TAILQ_HEAD(locals, local);

struct vrrp_locals {
	struct vrrp_locals_options options;
	struct vrrp_netlink_listener listener;
	void *by_address; /* tsearch(3) */
	struct locals all;
	uint64_t look;
};

/* Those of an address stand together: any interface, 0, is as good as each of theirs. */
static int local_compare(const void *a, const void *b)
{
	const struct local *left = a, *right = b;
	int order = address_compare(&left->address, &right->address);

	if (order || !left->ifindex || !right->ifindex)
		return order;
	return COMPARE(left->ifindex, right->ifindex);
}

static struct local *local_find(
	const struct vrrp_locals *locals, const struct address *address, int ifindex)
{
	struct local key = {.address = *address, .ifindex = ifindex};
	struct local **found = tfind(&key, &locals->by_address, local_compare);

	return found ? *found : NULL;
}

bool vrrp_locals_have(const struct vrrp_locals *locals, const struct address *address, int ifindex)
{
	return local_find(locals, address, ifindex) != NULL;
}

static void local_add(struct vrrp_locals *locals, const struct vrrp_object *object)
{
	struct local *local = local_find(locals, &object->address, object->ifindex);

	if (local) {
		local->look = locals->look;
		return;
	}
	local = memory_new(sizeof(*local));
	*local = (struct local){
		.address = object->address, .ifindex = object->ifindex, .look = locals->look};
	if (!tsearch(local, &locals->by_address, local_compare))
		abort();
	TAILQ_INSERT_TAIL(&locals->all, local, all);
	locals->options.changed(locals->options.data);
}

static void local_remove(struct vrrp_locals *locals, struct local *local)
{
	tdelete(local, &locals->by_address, local_compare);
	TAILQ_REMOVE(&locals->all, local, all);
	free(local);
	locals->options.changed(locals->options.data);
}

/* One that nobody can send from yet is none. */
static bool local_serves(const struct vrrp_object_seen *seen)
{
	return seen->present && !(seen->flags & IFA_F_DADFAILED) &&
	       (!(seen->flags & IFA_F_TENTATIVE) || seen->flags & IFA_F_OPTIMISTIC);
}

static void locals_begin(void *data)
{
	((struct vrrp_locals *)data)->look++;
}

static void locals_message(void *data, const struct nlmsghdr *message)
{
	struct vrrp_locals *locals = data;
	struct vrrp_object_seen seen[VRRP_OBJECT_SEEN_MOST];

	if ((message->nlmsg_type != RTM_NEWADDR && message->nlmsg_type != RTM_DELADDR) ||
		!vrrp_object_decode(message, seen))
		return;
	if (local_serves(seen)) {
		local_add(locals, &seen->object);
		return;
	}
	struct local *local = local_find(locals, &seen->object.address, seen->object.ifindex);
	if (local)
		local_remove(locals, local);
}

static void locals_end(void *data)
{
	struct vrrp_locals *locals = data;

	for (struct local *local = TAILQ_FIRST(&locals->all), *next; local; local = next) {
		next = TAILQ_NEXT(local, all);
		if (local->look != locals->look)
			local_remove(locals, local);
	}
}

struct vrrp_locals *vrrp_locals_new(
	struct vrrp_netlink *netlink, const struct vrrp_locals_options *options)
{
	struct vrrp_locals *locals = memory_new(sizeof(*locals));

	locals->options = *options;
	locals->listener = (struct vrrp_netlink_listener){.begin = locals_begin,
		.message = locals_message,
		.end = locals_end,
		.data = locals};
	TAILQ_INIT(&locals->all);
	vrrp_netlink_listen(netlink, &locals->listener);
	return locals;
}

struct vrrp_locals *vrrp_locals_free(struct vrrp_locals *locals)
{
	if (!locals)
		return NULL;
	tdestroy(locals->by_address, free);
	free(locals);
	return NULL;
}
