// SPDX-License-Identifier: GPL-2.0-or-later
/* What could not be carried over, on standard error: shared by get, import and export. */
#pragma once

#include "cli/ipvsadm_parse.h"

/* "poise: NAME:LINE: …" for each; the place is left out of those without a line. */
void cli_print_losses(const char *name, const struct ipvsadm_losses *losses);

/* The lines of a text as losses, after those that are there. */
void cli_add_losses(struct ipvsadm_losses *losses, const struct strbuf *lines);
