// SPDX-License-Identifier: GPL-2.0-or-later
/* A poised that runs here, as a comparison beside it needs it. */
#pragma once

#include "cli/cli.h"
#include "cli/poised_facts.h"

/* The virtual routers that it keeps. */
struct cli_beside_routers {
	json_t *list;           /* for router_diff(); NULL: they are not known */
	char *why;              /* then: why not; NULL: none runs */
	char *trouble;          /* what keeps it from keeping them as it should; NULL: nothing */
	char nonce[2 * 16 + 1]; /* that `list` is told under */
};

/* Starts zeroed. */
struct cli_beside {
	bool running;
	struct facts facts;
	json_t *status; /* owns the texts of `paths` */
	struct {
		VECTOR_OF(const char *);
	} paths; /* that it works with */
	struct cli_beside_routers routers;
};

/* Asks the poised of this run folder, when one runs. That it cannot be asked is a remark: the comparison goes on without
 * it. */
void cli_beside_ask(const struct cli *cli, struct cli_beside *ret);

void cli_beside_clear(struct cli_beside *beside);

#define _cleanup_cli_beside_ _cleanup_(cli_beside_clear)
