// SPDX-License-Identifier: GPL-2.0-or-later
/* --confirm-timeout of apply, reload and resume. */
#pragma once

#include <jansson.h>

#include "cli/cli.h"

#define CLI_CONFIRM_TIMEOUT_OPTION                                                                 \
	CLI_OPTION(0, "confirm-timeout", SPAN, confirm_timeout, "TIME",                            \
		"undo it unless `poise confirm` comes within TIME")

/* 0, or -EINVAL after it said that the time is too short. */
int cli_confirm_timeout_check(const struct cli *cli);

/* Checks it, and puts it into a method's parameters when it was given; frees them on failure. */
int cli_confirm_timeout_add(const struct cli *cli, json_t *params);
