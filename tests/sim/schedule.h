// SPDX-License-Identifier: GPL-2.0-or-later
/* One schedule: a random world, a time of faults, rest, and then single changes whose outcome is known beforehand. */
#pragma once

#include "tests/sim/world.h"

/* The world's `failure` says whether and how it went wrong. */
void schedule_run(struct sim_world *world, uint64_t seed);
