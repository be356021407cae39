// SPDX-License-Identifier: GPL-2.0-or-later
/* The virtual routers in a comparison: those of the files with those that poised keeps, where one runs here. */
#pragma once

#include "cli/beside.h"
#include "cli/load.h"
#include "reconciler/router_diff.h"

/* Starts zeroed. */
struct cli_diff_routers {
	bool compared; /* else `diff` is empty */
	struct router_diff diff;
};

/* Compares into an empty `ret`, and says on standard error what was not compared, and why, unless there is nothing that it
 * could be. */
void cli_diff_routers(const struct cli *cli, const struct cli_beside *beside,
	const struct cli_loaded *loaded, struct cli_diff_routers *ret);

/* `document` with `routers` as its last member, where they were compared: {"operations": […], "lacking": […]}. It is the text of a
 * JSON object, indented, with a newline at its end, and is not read for this: it may be a plan for 100,000 services. The caller
 * frees the result. */
char *cli_diff_routers_add(const struct cli_diff_routers *routers, const char *document);

void cli_diff_routers_clear(struct cli_diff_routers *routers);
