// SPDX-License-Identifier: GPL-2.0-or-later
/* Probes for tests: a loop, checkers, one check that a test fills in, and the time watched as health.h and `poise check` do.
 *
 * A loop runs once, so checkers are made for the first probe after a wait and are gone, with all they hold, at the end of the next. */
#pragma once

#include "base/run.h"
#include "health/kind.h"

#define CHECKING_MILLISECOND 1000000ull
#define CHECKING_PATIENCE    (20000 * CHECKING_MILLISECOND)

struct checking {
	struct loop *loop; /* NULL: between a wait and the next probe */
	struct runs *runs;
	struct checker_runner runner;
	struct checkers *checkers;
	struct config_check check; /* named "test"; a timeout of 20 s */
	struct destination_key target;
	bool traced;
	int (*confine)(void *data); /* as struct checkers_options has it */
	size_t waiting;             /* probes that are not over */
	uint64_t strangers;         /* of all checkers that were */
	/* NULL, or: while it says so no probe's time is over, for CHECKING_PATIENCE at most. For tests of what a probe stands
	 * in when it ends, which somebody else must have come to before. */
	bool (*early)(const struct checking *world);
	const volatile bool *reached; /* hostile.h's own */
};

/* A probe of many. */
struct checking_probe {
	struct checking *world;
	struct checker_run *run; /* NULL: over */
	struct checker_outcome outcome;
	uint64_t took; /* ns */
	uint64_t began;
	bool expired;
};

/* Of a cmocka test, whose state is the struct checking. */
int checking_begin(void **state);
int checking_end(void **state);

/* Which kind it is; the test fills the kind's struct. */
void checking_kind(struct checking *world, enum config_check_key kind);
void checking_aim(struct checking *world, const char *address, uint16_t port);

/* Begins; `probe` must stay until it is over. */
void checking_start(struct checking *world, struct checking_probe *probe);
/* The same of another check. */
void checking_start_check(
	struct checking *world, const struct config_check *check, struct checking_probe *probe);
/* Until all that was begun is over; each has `timeout` from its begin, or longer (`early`). */
void checking_wait(struct checking *world, struct checking_probe *probes, size_t count);
/* One, from its begin to its end. */
struct checking_probe checking_run(struct checking *world);
/* The same, and what must come of it. */
void checking_expect(struct checking *world, enum checker_result result, const char *reason);

/* Makes the checkers now; for what a test wants of them itself. */
void checking_open(struct checking *world);
/* Nothing is under way: lets go of them. */
void checking_close(struct checking *world);

/* A socket of the loopback (family AF_INET or AF_INET6), bound; its port in *port. */
int checking_bind(uint16_t family, int type, uint16_t *port);
/* Of this process. */
size_t checking_count_descriptors(void);
