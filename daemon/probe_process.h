// SPDX-License-Identifier: GPL-2.0-or-later
/* The process that probes: `health` of process.h. */
#pragma once

#include "daemon/poised.h"

int probe_process_main(const struct poised_options *options);
