// SPDX-License-Identifier: GPL-2.0-or-later
/* A live state as a configuration: the reverse of declared_from_config(), for `poise get` and
 * `poise import`. */
#pragma once

#include "model/config.h"

/* One service for each of the state's, in its order, named after what it listens on
 * ("tcp-203-0-113-10-80"), with its destinations in place; and the timeouts, sync daemons, sysctls, ports with
 * their addresses, and routes that are in the state. Into an empty `ret`, which the caller clears. What the file format cannot say
 * is left out or brought within its bounds, and `losses` gets a line that says so: applying the
 * configuration of a state without losses changes nothing. Deterministic; O(n log n). Names are
 * those of model/config.h's order: sorted. */
void config_from_state(const struct state *state, struct config *ret, struct strbuf *losses);
