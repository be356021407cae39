// SPDX-License-Identifier: GPL-2.0-or-later
/* A loop that runs until a test has what it waits for, which is looked for each millisecond, or until its time is over. */
#pragma once

#include "base/loop.h"

struct fixture; /* each test has its own */

struct patience {
	struct loop *loop;
	struct fixture *fixture;
	struct loop_source *timer;
	/* What has steps puts the next one here. NULL: the time is waited for. */
	bool (*until)(struct fixture *fixture);
	uint64_t limit;
};

void patience_begin(struct patience *patience, struct loop *loop, struct fixture *fixture);
/* Before the loop goes. */
void patience_end(struct patience *patience);

/* Once, for a loop runs once; what does not come within that time fails the test. */
void patience_spend(struct patience *patience, uint64_t ms, bool (*until)(struct fixture *fixture));
