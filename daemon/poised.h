// SPDX-License-Identifier: GPL-2.0-or-later
/* poised: its command line, and which of its processes this one is.
 *
 * `poised [OPTION]... [PATH]...` is the supervisor. It starts itself again for each process of its tree
 * (process.h), with the same words and `--process=NAME` before them: a fresh image each time, so that nothing of
 * one process's memory is in another's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"

struct poised_options {
	const char *state_dir, *run_dir; /* as given, or the default for --netns */
	const char *netns;               /* NULL: where the process is already */
	const char *const *paths;        /* of the desired state; never empty */
	size_t path_count;
	enum log_target log_target;
	enum log_level log_level;
	bool remove_on_stop; /* an orderly stop deletes the services that are poise's */
	bool clean_up;       /* instead of running: removes what virtual routers left */
	bool no_sandbox;     /* keep privileges and system calls: for debuggers and sanitizers */
	const char *process; /* which of the tree; NULL: the supervisor */
	/* Of a process of the tree: descriptors that it inherits, by number. -1: none. */
	int channel_fd, control_fd, lock_fd, lease_fd, claim_fd;
};

/* The whole program; returns the exit code: 0 after an orderly stop, 2 for what cannot start. */
int poised_main(int argc, char **argv);
