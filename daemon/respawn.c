// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/respawn.h"

#include "base/macros.h"

void respawn_started(struct respawn *respawn, uint64_t now)
{
	respawn->started = now;
	respawn->ready = false;
}

void respawn_ready(struct respawn *respawn)
{
	respawn->ready = true;
}

/* 0, 100 ms, 200 ms, … for the first end, the second, the third. */
static uint64_t respawn_delay(unsigned int ends, uint64_t most)
{
	uint64_t delay = RESPAWN_FIRST_NS;

	if (ends <= 1)
		return 0;
	for (unsigned int i = 2; i < ends && delay < most; i++)
		delay *= 2;
	return MIN(delay, most);
}

uint64_t respawn_ended(struct respawn *respawn, uint64_t now, enum respawn_end end)
{
	if (now - respawn->started >= RESPAWN_SETTLED_NS)
		respawn->ends = 0;
	if (respawn->ends < UINT32_MAX)
		respawn->ends++;
	if (end == RESPAWN_END_LASTING)
		return now + RESPAWN_MOST_NS;
	return now +
	       respawn_delay(respawn->ends, respawn->ready ? RESPAWN_READY_NS : RESPAWN_MOST_NS);
}
