// SPDX-License-Identifier: GPL-2.0-or-later
/* Starting a process of the tree: the same program again, with its part in its words and its descriptors in its hands. */
#pragma once

#include <sys/types.h>

#include "daemon/process.h"

/* What it inherits, besides the standard three; -1: none. They stay the caller's. */
struct spawn_descriptors {
	int channel, control, lock, lease, claim;
};

/* Its number, or -errno. */
pid_t spawn_process(const struct process_kind *kind, const struct poised_options *options,
	const struct spawn_descriptors *descriptors);
