// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a program of poise keeps its state and its lock.
 *
 * Namespaces side by side on one machine must not void each other's records, and one namespace has one record and
 * one lock, whether it is entered by --netns or by `ip netns exec`: so the defaults are the namespace's. */
#pragma once

#include "base/error.h"

#define DIRECTORIES_STATE "/var/lib/poise"
#define DIRECTORIES_RUN   "/run/poise"

/* Starts zeroed. Owns both. */
struct directories {
	char *state, *run;
};

/* `state` and `run` are what the user said, or NULL for the default of the network namespace `netns` (a name, a path;
 * NULL for that of the process). -errno with words when there is no such namespace. */
int directories_find(const char *netns, const char *state, const char *run, struct directories *ret,
	struct error *error);

void directories_clear(struct directories *directories);

#define _cleanup_directories_ _cleanup_(directories_clear)
