// SPDX-License-Identifier: GPL-2.0-or-later
/* sim: many schedules of virtual routers in virtual time.
 *
 *	SEED=1 SCHEDULES=100000 sim	 the machine must stand them all
 *	sim bugs			 each planted bug must be found
 *	SEED=n SCHEDULES=1 TRACE=1 sim	 one schedule, told
 *	BUG=name sim			 with that bug planted */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/schedule.h"
#include "tests/sim/world.h"

#define SIM_SCHEDULES     100000
#define SIM_BUG_SCHEDULES 20000

static const char *const bug_names[SIM_BUG_COUNT] = {
	[SIM_BUG_NONE] = "none",
	[SIM_BUG_REJECTED] = "rejected",
	[SIM_BUG_SKEW] = "skew",
	[SIM_BUG_TIE] = "tie",
	[SIM_BUG_LEASE] = "lease",
	[SIM_BUG_THAW] = "thaw",
	[SIM_BUG_RESIGN] = "resign",
	[SIM_BUG_PREEMPT] = "preempt",
	[SIM_BUG_GROUP] = "group",
};

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

/* How many schedules went well before one did not. */
static uint64_t run(struct sim_world *world, uint64_t seed, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		schedule_run(world, seed + i);
		if (sim_failed(world))
			return i;
	}
	return count;
}

static int run_bugs(struct sim_world *world, uint64_t seed, uint64_t count)
{
	int missed = 0;

	for (world->bug = SIM_BUG_NONE + 1; world->bug < SIM_BUG_COUNT; world->bug++) {
		uint64_t well = run(world, seed, count);

		missed += well == count;
		printf("sim: planted bug %-8s %s after %" PRIu64 " schedules%s%s\n",
			bug_names[world->bug], well == count ? "NOT FOUND" : "found", well,
			well == count ? "" : ": ", world->failure);
	}
	return missed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run_machine(struct sim_world *world, uint64_t seed, uint64_t count)
{
	uint64_t well = run(world, seed, count);

	printf("sim: SEED=%" PRIu64 " SCHEDULES=%" PRIu64 ": %" PRIu64 " well, %" PRIu64
	       " events, two active for at most %" PRIu64 " ns\n",
		seed, count, well, world->events, world->longest_overlap);
	if (well == count)
		return EXIT_SUCCESS;
	fprintf(stderr, "sim: %s\nsim: again: SEED=%" PRIu64 " SCHEDULES=1 TRACE=1\n",
		world->failure, seed + well);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct sim_world world = {.trace = number("TRACE", 0)};
	bool bugs = argc > 1 && strcmp(argv[1], "bugs") == 0;
	uint64_t seed = number("SEED", 1);
	uint64_t count = number("SCHEDULES", bugs ? SIM_BUG_SCHEDULES : SIM_SCHEDULES);
	const char *bug = getenv("BUG");
	int status;

	while (bug && world.bug < SIM_BUG_COUNT && strcmp(bug, bug_names[world.bug]) != 0)
		world.bug++;
	if (world.bug == SIM_BUG_COUNT || !count) {
		fprintf(stderr, "sim: no such bug, or no schedules\n");
		return EXIT_FAILURE;
	}
	status = bugs ? run_bugs(&world, seed, count) : run_machine(&world, seed, count);
	sim_world_clear(&world);
	return status;
}
