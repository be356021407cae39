// SPDX-License-Identifier: GPL-2.0-or-later
/* What `status` says before its lists: the process, the files, the last pass, counters, totals. */
#pragma once

#include "daemon/engine.h"

/* Appends members of an object that was opened, the last without a comma behind it. O(services + destinations). */
void status_head_write(struct engine *engine, struct strbuf *text);
