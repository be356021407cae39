// SPDX-License-Identifier: GPL-2.0-or-later
/* Interfaces, kept as they are told of.
 *
 * A name belongs to the interface that had it last: two that swap their names by a third one are each told gone and come, in
 * the order of the kernel. During a reading nothing is taken for gone that has not been looked for to the end; then whatever
 * was not seen is. What is read again and is the same is not told.
 *
 * Which address comes first is the kernel's order, which a reading shows and a notification does not: an interface keeps the
 * addresses that it could send from in the order in which they came. Few matter, so it keeps few of each family; when the last one of
 * them goes, and there have been more, everything is read again. */
#include "vrrp/link.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <search.h>
#include <string.h>
#include <sys/queue.h>

#include "base/macros.h"
#include "base/memory.h"
#include "vrrp/object.h"

#define LINK_SOURCES 8u

enum link_family {
	LINK_IPV4,
	LINK_IPV6,
	LINK_FAMILIES,
};

/* Addresses to send from, in the order of the kernel. */
struct link_sources {
	struct address items[LINK_SOURCES];
	uint64_t looks[LINK_SOURCES];
	size_t count;
	bool more; /* than are kept */
};

struct link_item {
	struct vrrp_link link; /* first: a link is its item */
	struct link_sources sources[LINK_FAMILIES];
	uint64_t look;
	TAILQ_ENTRY(link_item) all;
};

TAILQ_HEAD(link_items, link_item);

struct vrrp_links {
	struct vrrp_netlink *netlink;
	struct vrrp_links_options options;
	struct vrrp_netlink_listener listener;
	void *by_index, *by_name; /* tsearch(3) */
	struct link_items all;
	size_t count;
	uint64_t look;
};

static int link_compare_index(const void *a, const void *b)
{
	const struct vrrp_link *left = a, *right = b;

	return COMPARE(left->ifindex, right->ifindex);
}

static int link_compare_name(const void *a, const void *b)
{
	const struct vrrp_link *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static struct link_item *link_find(const struct vrrp_links *links, int ifindex)
{
	struct vrrp_link key = {.ifindex = ifindex};
	struct link_item **found = tfind(&key, &links->by_index, link_compare_index);

	return found ? *found : NULL;
}

const struct vrrp_link *vrrp_links_by_index(const struct vrrp_links *links, int ifindex)
{
	struct link_item *item = link_find(links, ifindex);

	return item ? &item->link : NULL;
}

const struct vrrp_link *vrrp_links_by_name(const struct vrrp_links *links, const char *name)
{
	struct vrrp_link key = {};

	if (strlen(name) >= sizeof(key.name))
		return NULL;
	memcpy(key.name, name, strlen(name));
	struct link_item **found = tfind(&key, &links->by_name, link_compare_name);
	return found ? &(*found)->link : NULL;
}

size_t vrrp_links_count(const struct vrrp_links *links)
{
	return links->count;
}

static void link_tell(struct vrrp_links *links, const struct link_item *item, unsigned int changes)
{
	if (changes)
		links->options.changed(links->options.data, &item->link, changes);
}

/* Out of the names, where another may stand by now. */
static void link_unname(struct vrrp_links *links, struct link_item *item)
{
	struct link_item **found = tfind(item, &links->by_name, link_compare_name);

	if (found && *found == item)
		tdelete(item, &links->by_name, link_compare_name);
}

/* Into the names. Who had this name and has not been told of since, which only lost events can do, has it no more. */
static void link_name(struct vrrp_links *links, struct link_item *item)
{
	struct link_item **found = tsearch(item, &links->by_name, link_compare_name);

	if (!found)
		abort();
	if (*found != item) {
		link_tell(links, *found, VRRP_LINK_WENT);
		*found = item;
	}
}

static void link_drop(struct vrrp_links *links, struct link_item *item)
{
	item->link.up = item->link.running = false;
	link_unname(links, item);
	tdelete(item, &links->by_index, link_compare_index);
	TAILQ_REMOVE(&links->all, item, all);
	links->count--;
	link_tell(links, item, VRRP_LINK_WENT);
	free(item);
}

static struct link_item *link_new(struct vrrp_links *links, const struct vrrp_link *link)
{
	struct link_item *item = memory_new(sizeof(*item));

	item->link = *link;
	if (!tsearch(item, &links->by_index, link_compare_index))
		abort();
	TAILQ_INSERT_TAIL(&links->all, item, all);
	links->count++;
	link_name(links, item);
	return item;
}

static unsigned int link_differences(const struct vrrp_link *before, const struct vrrp_link *now)
{
	unsigned int changes = 0;

	if (before->up != now->up || before->running != now->running)
		changes |= VRRP_LINK_STATE;
	if (before->mtu != now->mtu)
		changes |= VRRP_LINK_MTU;
	if (before->mac_size != now->mac_size ||
		memcmp(before->mac, now->mac, sizeof(now->mac)) != 0)
		changes |= VRRP_LINK_MAC;
	return changes;
}

static void link_rename(struct vrrp_links *links, struct link_item *item, const char *name)
{
	if (links->options.renamed)
		links->options.renamed(links->options.data, item->link.name, name);
	link_unname(links, item);
	link_tell(links, item, VRRP_LINK_WENT);
	memcpy(item->link.name, name, sizeof(item->link.name));
	link_name(links, item);
}

static void link_update(struct vrrp_links *links, struct link_item *item, struct vrrp_link *now)
{
	unsigned int changes = link_differences(&item->link, now);

	if (strcmp(item->link.name, now->name) != 0) {
		link_rename(links, item, now->name);
		changes |= VRRP_LINK_CAME;
	}
	now->source4 = item->link.source4;
	now->source6 = item->link.source6;
	item->link = *now;
	link_tell(links, item, changes);
}

static bool link_parse(const struct nlmsghdr *message, struct vrrp_link *ret)
{
	const struct ifinfomsg *header = nlmsg_data(message);
	struct nlattr *attributes[IFLA_MAX + 1];

	if (nlmsg_parse((struct nlmsghdr *)message, sizeof(*header), attributes, IFLA_MAX, NULL) <
		0)
		return false;
	/* Other families tell of something that an interface is besides: a bridge of its ports. */
	if (header->ifi_family != AF_UNSPEC || !attributes[IFLA_IFNAME])
		return false;
	*ret = (struct vrrp_link){.ifindex = header->ifi_index,
		.up = header->ifi_flags & IFF_UP,
		.running = header->ifi_flags & IFF_UP && header->ifi_flags & IFF_RUNNING};
	nla_strlcpy(ret->name, attributes[IFLA_IFNAME], sizeof(ret->name));
	if (attributes[IFLA_MTU] && nla_len(attributes[IFLA_MTU]) >= (int)sizeof(uint32_t))
		ret->mtu = nla_get_u32(attributes[IFLA_MTU]);
	if (attributes[IFLA_LINK] && nla_len(attributes[IFLA_LINK]) >= (int)sizeof(uint32_t))
		ret->parent = (int)nla_get_u32(attributes[IFLA_LINK]);
	if (attributes[IFLA_ADDRESS] && nla_len(attributes[IFLA_ADDRESS]) <= VRRP_LINK_MAC_MAX) {
		ret->mac_size = (uint8_t)nla_len(attributes[IFLA_ADDRESS]);
		memcpy(ret->mac, nla_data(attributes[IFLA_ADDRESS]), ret->mac_size);
	}
	return true;
}

static void link_heard(struct vrrp_links *links, const struct nlmsghdr *message)
{
	struct vrrp_link now;

	if (!link_parse(message, &now))
		return;
	struct link_item *item = link_find(links, now.ifindex);
	if (message->nlmsg_type == RTM_DELLINK) {
		if (item)
			link_drop(links, item);
		return;
	}
	if (item) {
		link_update(links, item, &now);
	} else {
		item = link_new(links, &now);
		link_tell(links, item, VRRP_LINK_CAME);
	}
	item->look = links->look;
}

/* Addresses. */

static size_t link_place(const struct link_sources *sources, const struct address *address)
{
	size_t i = 0;

	while (i < sources->count && !address_equal(&sources->items[i], address))
		i++;
	return i;
}

static void link_source_add(
	struct link_sources *sources, const struct address *address, uint64_t look)
{
	size_t place = link_place(sources, address);

	if (place == LINK_SOURCES) {
		sources->more = true;
		return;
	}
	sources->looks[place] = look;
	sources->items[place] = *address;
	sources->count = MAX(sources->count, place + 1);
}

static void link_source_remove(struct link_sources *sources, size_t place)
{
	sources->count--;
	memmove(&sources->items[place], &sources->items[place + 1],
		(sources->count - place) * sizeof(sources->items[0]));
	memmove(&sources->looks[place], &sources->looks[place + 1],
		(sources->count - place) * sizeof(sources->looks[0]));
}

/* Puts the first ones where they are read, and tells. */
static void link_choose(struct vrrp_links *links, struct link_item *item)
{
	struct address *chosen[LINK_FAMILIES] = {&item->link.source4, &item->link.source6};
	unsigned int changes = 0;

	for (size_t family = 0; family < LINK_FAMILIES; family++) {
		struct link_sources *sources = &item->sources[family];
		struct address first = sources->count ? sources->items[0] : (struct address){};

		if (!sources->count && sources->more) {
			sources->more = false;
			vrrp_netlink_read(links->netlink);
		}
		if (address_equal(chosen[family], &first))
			continue;
		*chosen[family] = first;
		changes |= VRRP_LINK_SOURCE;
	}
	link_tell(links, item, changes);
}

/* One that nobody can send from yet is none. A secondary one is: what comes before it may be a virtual one. */
static bool link_is_source(const struct vrrp_links *links, const struct vrrp_object_seen *seen)
{
	const struct vrrp_links_options *options = &links->options;
	const struct vrrp_object *object = &seen->object;

	if (!seen->present || seen->marked || seen->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED))
		return false;
	if (object->address.family == AF_INET6 && !address_is_link_local(&object->address))
		return false;
	return !options->is_virtual ||
	       !options->is_virtual(options->data, object->ifindex, &object->address);
}

static void link_address_heard(struct vrrp_links *links, const struct nlmsghdr *message)
{
	struct vrrp_object_seen seen[VRRP_OBJECT_SEEN_MOST];

	if (!vrrp_object_decode(message, seen))
		return;
	struct link_item *item = link_find(links, seen->object.ifindex);
	if (!item)
		return;
	const struct address *address = &seen->object.address;
	struct link_sources *sources =
		&item->sources[address->family == AF_INET6 ? LINK_IPV6 : LINK_IPV4];
	size_t place = link_place(sources, address);

	if (link_is_source(links, seen))
		link_source_add(sources, address, links->look);
	else if (place < sources->count)
		link_source_remove(sources, place);
	link_choose(links, item);
}

static void links_begin(void *data)
{
	((struct vrrp_links *)data)->look++;
}

static void links_message(void *data, const struct nlmsghdr *message)
{
	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		link_heard(data, message);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		link_address_heard(data, message);
		break;
	}
}

static void links_forget_sources(struct vrrp_links *links, struct link_item *item)
{
	for (size_t family = 0; family < LINK_FAMILIES; family++) {
		struct link_sources *sources = &item->sources[family];

		for (size_t i = sources->count; i > 0; i--)
			if (sources->looks[i - 1] != links->look)
				link_source_remove(sources, i - 1);
	}
	link_choose(links, item);
}

static void links_end(void *data)
{
	struct vrrp_links *links = data;

	for (struct link_item *item = TAILQ_FIRST(&links->all), *next; item; item = next) {
		next = TAILQ_NEXT(item, all);
		if (item->look == links->look)
			links_forget_sources(links, item);
		else
			link_drop(links, item);
	}
	if (links->options.read)
		links->options.read(links->options.data);
}

struct vrrp_links *vrrp_links_new(
	struct vrrp_netlink *netlink, const struct vrrp_links_options *options)
{
	struct vrrp_links *links = memory_new(sizeof(*links));

	links->netlink = netlink;
	links->options = *options;
	links->listener = (struct vrrp_netlink_listener){
		.begin = links_begin, .message = links_message, .end = links_end, .data = links};
	TAILQ_INIT(&links->all);
	vrrp_netlink_listen(netlink, &links->listener);
	return links;
}

struct vrrp_links *vrrp_links_free(struct vrrp_links *links)
{
	if (!links)
		return NULL;
	tdestroy(links->by_name, memory_keep);
	tdestroy(links->by_index, memory_keep);
	for (struct link_item *item = TAILQ_FIRST(&links->all), *next; item; item = next) {
		next = TAILQ_NEXT(item, all);
		free(item);
	}
	free(links);
	return NULL;
}
