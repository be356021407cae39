// SPDX-License-Identifier: GPL-2.0-or-later
/* The checks that probes point into: a configuration that is replaced as a whole. A run that is under way holds on to the one
 * that it began with; the last to let go frees it. Private to health.c. */
#pragma once

#include "model/config.h"

struct health_plan {
	struct config config;
	size_t holders;
};

/* Takes over the configuration, which is left empty; the caller is its first holder. */
struct health_plan *health_plan_new(struct config *config);
/* NULL is allowed; returns NULL. */
struct health_plan *health_plan_release(struct health_plan *plan);

/* For each check of `plan`: whether it was the same in `before` (NULL: nothing was). The caller's. */
bool *health_plan_same(const struct health_plan *before, const struct health_plan *plan);
