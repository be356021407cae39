// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's errors in words, with the way out.
 *
 * IPVS uses few numbers for many faults: -ENOENT is a missing scheduler, a missing persistence
 * engine or a missing destination, -EINVAL nearly everything. What the operation was says most of
 * it; the rest is found out by the caller (enum ipvs_missing). All of this is pure but for
 * ipvs_explain_module(). The texts do not name the operation's object: whoever prints them does. */
#pragma once

#include "base/error.h"
#include "model/plan.h"

/* Which of the two modules of a service -ENOENT is about. */
enum ipvs_missing {
	IPVS_MISSING_UNKNOWN,
	IPVS_MISSING_SCHEDULER,
	IPVS_MISSING_ENGINE,
};

/* Why the backend cannot be opened. Returns code. */
int ipvs_explain_open(int code, struct error *error);

/* Why a read, or the connection as a whole, failed. Returns code. */
int ipvs_explain_read(int code, struct error *error);

/* Why the kernel refused one operation; code is negative, and returned. */
int ipvs_explain_op(
	const struct plan_op *op, int code, enum ipvs_missing missing, struct error *error);

/* What a service's -ENOENT is about as far as /sys/module shows: it lists loaded modules, and not
 * all that are built in. */
enum ipvs_missing ipvs_explain_module(const struct service_attributes *attributes);
