// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/probe_place.h"

void probe_place_set(struct probe_place *place, const struct probe_key *key)
{
	const char *old = place->key.check;

	place->begun = true;
	place->key.target = key->target;
	if (old && strcmp(old, key->check) == 0)
		return;
	place->key.check = memory_copy_string(key->check);
	free((char *)old);
}

void probe_place_clear(struct probe_place *place)
{
	free((char *)place->key.check);
	*place = (struct probe_place){};
}
