// SPDX-License-Identifier: GPL-2.0-or-later
/* Carrying out operations over netlink: backend_ops.apply, with what happens on the way.
 *
 * Operations go out in the order of the plan, as many at a time as the window holds. The kernel
 * carries each out before the next, so a service that is added and its destinations may share a
 * window. What an answer leaves open is settled before anything is deleted or disrupted: an add of
 * what is there already is compared and updated, an operation whose answer was lost is judged by
 * reading its object back.
 *
 * A destination is skipped when its service is not there because its add failed. Where the service
 * was there all the same (an add became an update, and that failed), its destinations are made: the
 * results tell what the kernel holds. */
#pragma once

#include "backends/backend.h"
#include "backends/ipvs/explain.h"
#include "backends/ipvs/genl.h"

int ipvs_apply_ops(struct ipvs_genl *genl, const struct plan_op *ops, size_t count,
	struct backend_result *results, struct error *error);

/* Shared with the sockopt transport. Fills a result, whose text says why it failed. */
void ipvs_apply_done(struct backend_result *result);
void ipvs_apply_failed(struct backend_result *result, const struct plan_op *op, int code,
	enum ipvs_missing missing);
void ipvs_apply_skipped(struct backend_result *result, const char *why);

/* Whether -ENOENT or -ESRCH of this operation means that it is done. */
bool ipvs_apply_is_gone(const struct plan_op *op, int code);

/* Whether a running daemon is as wanted; what is zero in `wanted` is the kernel's to choose. */
bool ipvs_apply_daemon_fits(const struct sync_daemon *wanted, const struct sync_daemon *running);

/* One service that a batch adds: what its destinations in the same batch depend on. */
struct ipvs_addition {
	struct service_key key; /* first: sorted and found by it */
	size_t op;
};

struct ipvs_additions {
	VECTOR_OF(struct ipvs_addition);
};

/* O(count log count); freed with vector_clear(). */
void ipvs_additions_collect(
	struct ipvs_additions *additions, const struct plan_op *ops, size_t count);

/* Whether `op` is on a destination of a service whose add failed. */
bool ipvs_additions_failed(const struct ipvs_additions *additions, const struct plan_op *op,
	const struct backend_result *results);
