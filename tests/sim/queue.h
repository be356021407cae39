// SPDX-License-Identifier: GPL-2.0-or-later
/* What is to happen in a world, and what chance makes of it: one seed, one course. */
#pragma once

#include "tests/sim/world.h"

void sim_push(struct sim_world *world, const struct sim_event *event);
/* The next one; there is one. */
struct sim_event sim_pop(struct sim_world *world);
