// SPDX-License-Identifier: GPL-2.0-or-later
/* One batch of operations, whatever the backend makes of one that it refuses.
 *
 * One failed operation does not stop the others: so it is with IPVS, which takes operations one by one. To a backend that
 * does all of a batch or nothing, the batch is given again without the operation that was refused and those that depend on it,
 * so that its operations are refused each for itself there as well, and traffic sees the rest as one change. That has a bound:
 * what can be refused for want of memory is refused by the thousand.
 *
 * Private to reconciler/: apply.c is its caller. */
#pragma once

#include "reconciler/reconciler.h"

/* So many times at most a batch is given again. */
#define BATCH_RETRIES_MOST 16

/* As backend_ops.apply: a result for each operation (zeroed by the caller). What was left when the bound came is SKIPPED with
 * -EAGAIN: another pass may do it. The observer's progress is called before each further try. */
int batch_apply(const struct reconciler *reconciler, const struct plan_op *ops, size_t count,
	struct backend_result *results, const struct reconciler_observer *observer,
	struct error *error);
