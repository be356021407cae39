// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/gather.h"

#include "base/macros.h"

void gather_begin(struct gather *gather, uint64_t now)
{
	*gather = (struct gather){.since = now, .last = now};
}

void gather_note(struct gather *gather, uint64_t now, size_t count)
{
	if (!count)
		return;
	gather->count += count;
	gather->last = MAX(gather->last, now);
}

uint64_t gather_until(const struct gather *gather)
{
	uint64_t least = gather->since ? gather->since + GATHER_NS : 0;

	/* What comes when that is over finds nothing that waits, however many they are: it is a pass at once. */
	if (gather->count < GATHER_MANY || !gather->since)
		return least;
	return MIN(MAX(gather->last + GATHER_NS, least), gather->since + GATHER_MOST_NS);
}
