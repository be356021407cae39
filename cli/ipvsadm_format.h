// SPDX-License-Identifier: GPL-2.0-or-later
/* A state in the language that `ipvsadm -R` reads: the reverse of ipvsadm_parse.h. Pure. */
#pragma once

#include "cli/ipvsadm_parse.h"

/* Appends the lines for `state`: services with their destinations, in key order, as `ipvsadm-save
 * -n` has them, then timeouts and sync daemons (which ipvsadm-save never writes and ipvsadm -R
 * takes). What ipvsadm's language has no words for is lost, one entry each. O(n). */
void ipvsadm_format(const struct state *state, struct strbuf *text, struct ipvsadm_losses *losses);
