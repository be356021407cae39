// SPDX-License-Identifier: GPL-2.0-or-later
/* What drain and undrain take as a SERVICE: its listener, or its name in the files, which stands for all
 * its listeners. */
#pragma once

#include <jansson.h>

#include "cli/client.h"

/* Calls `method` (which takes a destination of a service) with `params`, once for each listener that
 * `service` stands for; NULL: once, without one. Takes `params` over. The exit code, after the answers
 * were printed as one. */
int cli_drain_services(
	const struct cli *cli, const char *method, const char *service, json_t *params);
