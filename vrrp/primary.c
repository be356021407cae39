// SPDX-License-Identifier: GPL-2.0-or-later
/* First addresses.
 *
 * Only those of ours are kept: most are second, or have a prefix of 32 and are in nobody's way, so there are few. The kernel tells of
 * an address that becomes the first, or is another's second, as it tells of a new one; and a reading shows the first of a
 * prefix before its seconds. */
#include "vrrp/primary.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <string.h>

#include "base/macros.h"

static uint32_t primary_network(const struct vrrp_object *object)
{
	uint32_t address;

	memcpy(&address, object->address.bytes, sizeof(address));
	if (!object->prefix)
		return 0;
	return ntohl(address) & (UINT32_MAX << (address_bits(AF_INET) - object->prefix));
}

static int primary_compare(const void *a, const void *b)
{
	const struct vrrp_primary *left = a, *right = b;
	int order = COMPARE(left->object.ifindex, right->object.ifindex);

	if (!order)
		order = COMPARE(left->object.prefix, right->object.prefix);
	return order ? order
		     : COMPARE(primary_network(&left->object), primary_network(&right->object));
}

static void primary_remove(struct vrrp_primaries *primaries, struct vrrp_primary *primary)
{
	size_t place = (size_t)(primary - primaries->items);

	primaries->count--;
	memmove(primary, primary + 1, (primaries->count - place) * sizeof(*primary));
}

static void primary_add(struct vrrp_primaries *primaries, const struct vrrp_primary *primary)
{
	size_t place = vector_after(primaries, primary, primary_compare);

	vector_append(primaries);
	memmove(&primaries->items[place + 1], &primaries->items[place],
		(primaries->count - 1 - place) * sizeof(*primary));
	primaries->items[place] = *primary;
}

bool vrrp_primaries_seen(struct vrrp_primaries *primaries, const struct vrrp_object_seen *seen,
	bool ours, struct vrrp_object *ret)
{
	const struct vrrp_object *object = &seen->object;
	struct vrrp_primary key = {*object};
	bool second = seen->flags & IFA_F_SECONDARY;

	if (object->kind != VRRP_OBJECT_ADDRESS || object->address.family != AF_INET ||
		object->prefix >= address_bits(AF_INET))
		return false;
	struct vrrp_primary *first = vector_find(primaries, &key, primary_compare);
	bool same = first && address_equal(&first->object.address, &object->address);
	if (same && (!ours || !seen->present || second)) {
		primary_remove(primaries, first);
		return false;
	}
	if (ours && seen->present && !second) {
		if (first)
			first->object = *object;
		else
			primary_add(primaries, &key);
		return false;
	}
	if (ours || !first || !seen->present || !second)
		return false;
	*ret = first->object;
	return true;
}

void vrrp_primaries_clear(struct vrrp_primaries *primaries)
{
	vector_clear(primaries);
}
