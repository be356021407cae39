// SPDX-License-Identifier: GPL-2.0-or-later
/* `poise status` where no poised runs: the same document, from the record and the backend. */
#pragma once

#include <jansson.h>

#include "cli/cli.h"

/* A new reference in *ret. -errno with words. */
int cli_status_of_machine(const struct cli *cli, json_t **ret, struct error *error);
