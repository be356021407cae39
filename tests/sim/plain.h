// SPDX-License-Identifier: GPL-2.0-or-later
/* The plain model: who must be active, said of a world at rest by the configuration and by who was active before. It knows
 * no timers and no packets but when the last active router was heard of last, and shares no code with the machine. */
#pragma once

#include "tests/sim/world.h"

/* What must come of a change, in one unit (a router, or the group of all) and one part of the link. Hosts are bits. */
struct plain_outcome {
	uint32_t actives;         /* one of these is, and nobody else; 0: nobody */
	uint32_t rises;           /* these may become active on the way */
	uint64_t soonest, latest; /* of the first that does; 0: not judged */
};

size_t plain_units(const struct sim_world *world);

/* Hosts of a part that can run a unit, and those that are seen as active in it. */
uint32_t plain_able(const struct sim_world *world, size_t unit, size_t part);
uint32_t plain_actives(const struct sim_world *world, size_t unit, size_t part);

/* After any faults, of which `before` were left active: whoever stays is none worse than those, and none that someone
 * else must preempt. */
uint32_t plain_settled(const struct sim_world *world, size_t unit, size_t part, uint32_t before);

/* `gone` was active in its part, and is no longer. Resigned: it said so, now. */
struct plain_outcome plain_vacancy(
	const struct sim_world *world, size_t unit, size_t gone, bool resigned);

/* `host` is there anew, or has another priority; `active` are those that are active in its part. Awake: its process was
 * there before. */
struct plain_outcome plain_arrival(
	const struct sim_world *world, size_t unit, size_t host, uint32_t active, bool awake);

/* `host` is active and has another priority. */
struct plain_outcome plain_lowered(const struct sim_world *world, size_t unit, size_t host);

/* The longest that anything takes to settle once nothing fails. */
uint64_t plain_bound(const struct sim_world *world);
