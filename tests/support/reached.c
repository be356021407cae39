// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/reached.h"

void reached_take(struct state *live, struct memory *memory, const struct step_output *output,
	uint32_t active)
{
	state_clear(live);
	memory_clear(memory);
	state_copy(live, &output->desired);
	memory_copy(memory, &output->memory);
	vector_foreach(&live->services, service)
		vector_foreach(&service->destinations, destination)
			destination->counts.active = active;
}
