// SPDX-License-Identifier: GPL-2.0-or-later
/* Which virtual IPv4 addresses are the first of their prefix on an interface, where one of the machine's own is second: pure.
 *
 * The kernel sends from the first. A virtual address comes second, for it comes later; but when somebody removes the machine's
 * own and adds it again (a lease of DHCP that ran out), they have changed places. The virtual one, removed and added again, is
 * second once more. */
#pragma once

#include "base/vector.h"
#include "vrrp/object.h"

struct vrrp_primary {
	struct vrrp_object object; /* ours */
};

/* Starts zeroed. */
struct vrrp_primaries {
	VECTOR_OF(struct vrrp_primary); /* by interface, prefix, and the network that these make */
};

/* An address was seen; `ours`: it is a virtual router's. True: *ret, one of ours, stands before it, and should be made anew. */
bool vrrp_primaries_seen(struct vrrp_primaries *primaries, const struct vrrp_object_seen *seen,
	bool ours, struct vrrp_object *ret);

void vrrp_primaries_clear(struct vrrp_primaries *primaries);
