// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/patience.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define PATIENCE_MS 1000000ull

static void patience_look(void *data)
{
	struct patience *patience = data;
	bool done = patience->until && patience->until(patience->fixture);

	if (done || loop_clock() >= patience->limit)
		loop_stop(patience->loop, done);
	else
		loop_timer_set(patience->timer, loop_clock() + PATIENCE_MS);
}

void patience_begin(struct patience *patience, struct loop *loop, struct fixture *fixture)
{
	*patience = (struct patience){.loop = loop, .fixture = fixture};
	assert_int_equal(loop_add_timer(loop, patience_look, patience, &patience->timer), 0);
}

void patience_end(struct patience *patience)
{
	patience->timer = loop_source_free(patience->timer);
}

void patience_spend(struct patience *patience, uint64_t ms, bool (*until)(struct fixture *fixture))
{
	patience->until = until;
	patience->limit = loop_clock() + ms * PATIENCE_MS;
	loop_timer_set(patience->timer, loop_clock() + PATIENCE_MS);
	int code = loop_run(patience->loop);
	if (until && !code)
		fail_msg("not within %u ms", (unsigned int)ms);
}
