// SPDX-License-Identifier: GPL-2.0-or-later
/* Gives exception ports their carrier, and takes it, by a thread of its own.
 *
 * The kernel does that under its lock of the network, which is one for all namespaces, and which others keep
 * for as long as it takes them. Neither clients nor packets are to wait for it. */
#pragma once

#include <stdbool.h>

#include "backends/dpdk/dataplane/exception.h"

struct carrier;

/* For `count` exception ports, SETTINGS_PORTS_MOST at most, of which some may be NULL; they must outlive it.
 * -errno with words. */
int carrier_start(struct carrier **ret, struct exception *const *exceptions, unsigned int count,
	struct error *error);
/* Waits for what is under way; the rest is not done. NULL is allowed; returns NULL. */
struct carrier *carrier_stop(struct carrier *carrier);

/* Soon. The last wish counts. */
void carrier_set(struct carrier *carrier, unsigned int port, bool up);
/* Why the last one for this port failed (-errno), told once; else 0. */
int carrier_failure(struct carrier *carrier, unsigned int port);
