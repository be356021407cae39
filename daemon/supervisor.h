// SPDX-License-Identifier: GPL-2.0-or-later
/* The supervisor: the process that the user started. It holds what must outlive any other of the tree (the lock, the
 * control socket), starts the others, and speaks with the service manager for all. */
#pragma once

#include "daemon/poised.h"

/* Runs until SIGTERM or SIGINT; returns the exit code of poised. */
int supervisor_run(const struct poised_options *options);
