// SPDX-License-Identifier: GPL-2.0-or-later
/* From one pass of step() to the next in a test: what was wanted is there. */
#pragma once

#include "reconciler/step.h"

/* With that many active connections on each destination, and with what step() remembers. */
void reached_take(struct state *live, struct memory *memory, const struct step_output *output,
	uint32_t active);
