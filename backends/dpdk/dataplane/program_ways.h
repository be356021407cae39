// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses and routes between those who know ports by name (settings, ways.h) and those who know them by
 * number (route.h). */
#pragma once

#include "backends/dpdk/dataplane/attendant.h"
#include "backends/dpdk/dataplane/settings.h"
#include "backends/dpdk/dataplane/ways.h"

/* What the forwarder begins with: its ports, sorted, into an empty vector of the caller's, and addresses
 * and routes as attendant_open() puts them in force; one reference. */
struct ways *program_ways_begin(
	const struct dataplane_settings *settings, struct data_port_vector *ports);

/* Puts others in force. -errno with words, and nothing has changed. */
int program_ways_set(struct attendant *attendant, const struct dataplane_settings *settings,
	const struct ways *ways, struct error *error);
