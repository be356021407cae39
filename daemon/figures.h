// SPDX-License-Identifier: GPL-2.0-or-later
/* What the backend counts beside services (ports, workers, why packets were dropped), for who shows it: read when somebody
 * looks, not more often than that is worth, and for no longer than the loop can bear (BACKEND_FIGURES_NS). */
#pragma once

#include "backends/backend.h"

/* As old as they may be; and for how long a backend that did not answer is not asked again. */
#define FIGURES_FRESH_NS UINT64_C(1000000000)
#define FIGURES_AGAIN_NS UINT64_C(5000000000)

/* Starts zeroed. */
struct figures {
	const struct backend_ops *of; /* NULL: nobody was asked */
	struct backend_figures rows;
	uint64_t asked_at;  /* CLOCK_BOOTTIME ns */
	struct error error; /* why there are no rows; no text: there are */
};

/* Whether `backend` (NULL: not connected) gives any. Brings them up to date at `now` (CLOCK_BOOTTIME ns). */
bool figures_refresh(struct figures *figures, struct backend *backend, uint64_t now);

void figures_clear(struct figures *figures);
