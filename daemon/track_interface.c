// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/track_interface.h"

#include <errno.h>

#include "vrrp/node.h"

static const char *const track_interface_words[NODE_CARRIER_COUNT] = {
	[NODE_CARRIER_ABSENT] = "not there",
	[NODE_CARRIER_DOWN] = "down",
	[NODE_CARRIER_NONE] = "no carrier",
	[NODE_CARRIER_RUNS] = "up",
};

static bool track_interfaces_are_sound(const struct message_vrrp_links *message, size_t size)
{
	if (message->count > MESSAGE_VRRP_LINKS_MOST || message->zero ||
		size != sizeof(*message) + message->count * sizeof(*message->links))
		return false;
	for (uint32_t i = 0; i < message->count; i++) {
		const struct message_vrrp_link *link = &message->links[i];

		if (!memchr(link->interface, '\0', sizeof(link->interface)) ||
			link->carrier >= NODE_CARRIER_COUNT)
			return false;
	}
	return true;
}

int track_interfaces_hear(struct track_list *list, const struct message_vrrp_links *message,
	size_t size, uint64_t now)
{
	if (!track_interfaces_are_sound(message, size))
		return -EBADMSG;
	for (uint32_t i = 0; i < message->count; i++) {
		const struct message_vrrp_link *link = &message->links[i];
		struct track_item *item = track_list_find(list, TRACK_INTERFACE, link->interface);

		/* Of the plan before this one, perhaps. */
		if (item)
			track_item_set(list, item,
				link->carrier == NODE_CARRIER_RUNS ? TRACK_STATE_WELL
								   : TRACK_STATE_UNWELL,
				0, now, "%s", track_interface_words[link->carrier]);
	}
	return 0;
}

void track_interfaces_miss(struct track_list *list)
{
	size_t first, count = track_list_of(list, TRACK_INTERFACE, &first);

	for (size_t i = first; i < first + count; i++)
		track_item_miss(list, list->items.items[i].item,
			"the process of the virtual routers, which looks at it, does not run");
}
