// SPDX-License-Identifier: GPL-2.0-or-later
/* What the operator told poised, for commands that work without one: it counts all the same. What is
 * drained stays out, and a machine that is suspended is left alone. */
#pragma once

#include "cli/cli.h"
#include "reconciler/operator.h"

/* Starts zeroed. */
struct cli_operator {
	struct operator_state state;
	struct facts facts;  /* the drains */
	struct error damage; /* why the file cannot be read; then nothing is known */
	bool damaged;
};

/* Into an empty `ret`, from the state directory. */
void cli_operator_read(const char *state_dir, struct cli_operator *ret);

/* Why nothing may be changed now: -EPERM or -EINVAL with words, or 0. */
int cli_operator_check(const struct cli_operator *told, struct error *error);

/* The members `suspended`, `troubles` and `drains` of poised's status. New references. */
json_t *cli_operator_suspension(const struct cli_operator *told);
json_t *cli_operator_troubles(const struct cli_operator *told);
json_t *cli_operator_drains(const struct cli_operator *told);

/* Says on standard error what counts of it. */
void cli_operator_note(const struct cli_operator *told);

void cli_operator_clear(struct cli_operator *told);
#define _cleanup_cli_operator_ _cleanup_(cli_operator_clear)
