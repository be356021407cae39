// SPDX-License-Identifier: GPL-2.0-or-later
/* A view that is drawn again and again until a signal ends it: on a terminal in place, on its alternate screen; elsewhere as one
 * block after the other. */
#pragma once

#include <stdint.h>

#include "base/strbuf.h"

/* Calls `frame` at once and then every `interval` ns, and shows what it adds to `text`. Ended by SIGINT, SIGTERM, SIGHUP, or
 * when standard output takes nothing any more; returns what the last `frame` returned. */
int cli_live_view(uint64_t interval, int (*frame)(void *data, struct strbuf *text), void *data);
