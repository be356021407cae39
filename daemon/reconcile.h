// SPDX-License-Identifier: GPL-2.0-or-later
/* The `reconciler` process: the engine (engine.h) in a loop, with the watch on the files, the control socket and the metrics.
 *
 * The loop only says that something is due; engine_run() does what piled up. */
#pragma once

#include "daemon/poised.h"

/* The process's main; returns its exit code. */
int reconcile_process_main(const struct poised_options *options);
